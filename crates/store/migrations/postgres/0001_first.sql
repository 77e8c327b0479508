-- Directory tables: read before a tenant is known, hence without row-level security.

CREATE TABLE installation (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    sealed_check BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE tenant (
    tenant_id UUID NOT NULL PRIMARY KEY,
    slug TEXT COLLATE "C" NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    policy TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE device_directory (
    thumbprint TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant_id UUID NOT NULL,
    device_id UUID NOT NULL
);
CREATE INDEX device_directory_device ON device_directory (tenant_id, device_id);

CREATE TABLE agent_code (
    hash BYTEA NOT NULL PRIMARY KEY,
    tenant_id UUID NOT NULL,
    login_id UUID NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX agent_code_login ON agent_code (tenant_id, login_id);

-- Tables of one tenant each row.

CREATE TABLE provider (
    tenant_id UUID NOT NULL REFERENCES tenant,
    alias TEXT COLLATE "C" NOT NULL,
    display_name TEXT NOT NULL,
    kind TEXT NOT NULL,
    endpoints TEXT NOT NULL,
    client_id TEXT NOT NULL,
    client_secret BYTEA,
    client_secret_expires_at BIGINT,
    sync_mode TEXT NOT NULL,
    groups_sent TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    hidden BOOLEAN NOT NULL,
    position BIGINT NOT NULL,
    auth_time_seen BOOLEAN,
    groups_question TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, alias)
);

CREATE TABLE mapper (
    tenant_id UUID NOT NULL,
    mapper_id UUID NOT NULL,
    alias TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    sync TEXT NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (tenant_id, mapper_id),
    UNIQUE (tenant_id, alias, name),
    FOREIGN KEY (tenant_id, alias) REFERENCES provider ON DELETE CASCADE
);

CREATE TABLE client (
    tenant_id UUID NOT NULL REFERENCES tenant,
    client_id TEXT COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    home_url TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, client_id)
);

CREATE TABLE person (
    tenant_id UUID NOT NULL REFERENCES tenant,
    person_id UUID NOT NULL,
    username TEXT NOT NULL,
    username_key TEXT COLLATE "C" NOT NULL,
    display_name TEXT,
    email TEXT,
    email_key TEXT COLLATE "C",
    email_verified BOOLEAN NOT NULL,
    search TEXT NOT NULL,
    attributes TEXT NOT NULL,
    state TEXT NOT NULL,
    administrator BOOLEAN NOT NULL,
    conflict TEXT,
    groups_stale BOOLEAN NOT NULL,
    card_was_revoked BOOLEAN NOT NULL,
    enrolled_by_upstream BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    last_sign_in_at BIGINT,
    last_upstream_at BIGINT,
    PRIMARY KEY (tenant_id, person_id),
    UNIQUE (tenant_id, username_key)
);
CREATE INDEX person_email ON person (tenant_id, email_key);
CREATE INDEX person_conflict ON person (tenant_id) WHERE conflict IS NOT NULL;

CREATE TABLE link (
    tenant_id UUID NOT NULL,
    tid TEXT COLLATE "C" NOT NULL,
    oid TEXT COLLATE "C" NOT NULL,
    person_id UUID NOT NULL,
    alias TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, tid, oid),
    FOREIGN KEY (tenant_id, person_id) REFERENCES person ON DELETE CASCADE
);
CREATE INDEX link_person ON link (tenant_id, person_id);

-- People who had groups and came without, since the last token of the provider with groups.
CREATE TABLE groups_missing (
    tenant_id UUID NOT NULL,
    alias TEXT COLLATE "C" NOT NULL,
    person_id UUID NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, alias, person_id),
    FOREIGN KEY (tenant_id, alias) REFERENCES provider ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, person_id) REFERENCES person ON DELETE CASCADE
);
CREATE INDEX groups_missing_person ON groups_missing (tenant_id, person_id);

CREATE TABLE credential (
    tenant_id UUID NOT NULL,
    credential_id UUID NOT NULL,
    person_id UUID NOT NULL,
    webauthn_id BYTEA NOT NULL,
    label TEXT NOT NULL,
    passkey TEXT NOT NULL,
    counter BIGINT NOT NULL,
    aaguid UUID,
    transports TEXT NOT NULL,
    backup_eligible BOOLEAN NOT NULL,
    hardware_attested BOOLEAN NOT NULL,
    permit TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT,
    PRIMARY KEY (tenant_id, credential_id),
    UNIQUE (tenant_id, webauthn_id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES person
);
CREATE INDEX credential_person ON credential (tenant_id, person_id);

CREATE TABLE consumed (
    tenant_id UUID NOT NULL,
    value BYTEA NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, value)
);
CREATE INDEX consumed_expiry ON consumed (tenant_id, expires_at);

CREATE TABLE code (
    tenant_id UUID NOT NULL REFERENCES tenant,
    hash BYTEA NOT NULL,
    person_id UUID,
    purpose TEXT NOT NULL,
    issued_by UUID,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, hash),
    FOREIGN KEY (tenant_id, person_id) REFERENCES person
);
CREATE INDEX code_expiry ON code (tenant_id, expires_at);

CREATE TABLE proof (
    tenant_id UUID NOT NULL,
    proof_id UUID NOT NULL,
    login_id UUID NOT NULL,
    person_id UUID NOT NULL,
    credential_id UUID NOT NULL,
    purpose TEXT NOT NULL,
    channel TEXT NOT NULL,
    amr TEXT NOT NULL,
    user_verified BOOLEAN NOT NULL,
    challenge_at BIGINT NOT NULL,
    verified_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, proof_id),
    -- A login has one proof of each purpose at most, however often its row is brought back.
    UNIQUE (tenant_id, login_id, purpose),
    FOREIGN KEY (tenant_id, person_id) REFERENCES person,
    FOREIGN KEY (tenant_id, credential_id) REFERENCES credential
);

CREATE TABLE session (
    tenant_id UUID NOT NULL,
    session_id UUID NOT NULL,
    kind TEXT NOT NULL,
    token BYTEA NOT NULL,
    claim BYTEA,
    person_id UUID NOT NULL,
    credential_id UUID NOT NULL,
    proof_id UUID NOT NULL,
    provider TEXT,
    user_agent TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, session_id),
    UNIQUE (tenant_id, token),
    UNIQUE (tenant_id, claim),
    FOREIGN KEY (tenant_id, person_id) REFERENCES person,
    FOREIGN KEY (tenant_id, credential_id) REFERENCES credential,
    FOREIGN KEY (tenant_id, proof_id) REFERENCES proof
);
CREATE INDEX session_person ON session (tenant_id, person_id);
CREATE INDEX session_credential ON session (tenant_id, credential_id);
CREATE INDEX session_expiry ON session (tenant_id, expires_at);

CREATE TABLE login (
    tenant_id UUID NOT NULL,
    login_id UUID NOT NULL,
    handle BYTEA NOT NULL,
    person_id UUID NOT NULL,
    challenge_id UUID,
    challenge_at BIGINT,
    challenge_expires_at BIGINT,
    code_tries BIGINT NOT NULL,
    refusals BIGINT NOT NULL,
    -- Of a change that a signed-in person asks for: one at a time, and it ends with the session.
    session_id UUID,
    expires_at BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant_id, login_id),
    UNIQUE (tenant_id, handle),
    UNIQUE (tenant_id, session_id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES person,
    FOREIGN KEY (tenant_id, session_id) REFERENCES session ON DELETE CASCADE
);
CREATE INDEX login_person ON login (tenant_id, person_id);
CREATE INDEX login_expiry ON login (tenant_id, expires_at);

CREATE TABLE device (
    tenant_id UUID NOT NULL REFERENCES tenant,
    device_id UUID NOT NULL,
    thumbprint TEXT NOT NULL,
    jwk TEXT NOT NULL,
    name TEXT NOT NULL,
    os TEXT NOT NULL,
    person_id UUID NOT NULL,
    state TEXT NOT NULL,
    login_id UUID,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT,
    PRIMARY KEY (tenant_id, device_id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES person
);
CREATE INDEX device_person ON device (tenant_id, person_id);
CREATE INDEX device_login ON device (tenant_id, login_id);

CREATE TABLE pairing (
    tenant_id UUID NOT NULL,
    hash BYTEA NOT NULL,
    device_id UUID NOT NULL,
    person_id UUID NOT NULL,
    rotated_at BIGINT NOT NULL,
    used_at BIGINT,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, hash),
    FOREIGN KEY (tenant_id, device_id) REFERENCES device ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, person_id) REFERENCES person
);
CREATE INDEX pairing_device ON pairing (tenant_id, device_id);
CREATE INDEX pairing_person ON pairing (tenant_id, person_id);
CREATE INDEX pairing_expiry ON pairing (tenant_id, expires_at);

CREATE TABLE ticket (
    tenant_id UUID NOT NULL,
    ticket_id UUID NOT NULL,
    login_id UUID NOT NULL,
    device_id UUID NOT NULL,
    challenge_id UUID NOT NULL,
    purpose TEXT NOT NULL,
    match_code BIGINT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    created_at BIGINT NOT NULL,
    claimed_at BIGINT,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, ticket_id),
    FOREIGN KEY (tenant_id, device_id) REFERENCES device ON DELETE CASCADE
);
CREATE INDEX ticket_login ON ticket (tenant_id, login_id);
CREATE INDEX ticket_device ON ticket (tenant_id, device_id);
CREATE INDEX ticket_expiry ON ticket (tenant_id, expires_at);

-- The trail names people, logins and cards without referring to their rows: it outlives them.
CREATE TABLE audit (
    tenant_id UUID NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    person_id UUID,
    actor_id UUID,
    login_id UUID,
    detail TEXT NOT NULL,
    prev_hash BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    -- Under a key that is not in the database: who changes a row cannot make it anew.
    mac BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, seq)
);
CREATE INDEX audit_person ON audit (tenant_id, person_id, seq);

-- Its last number, hash and MAC. Who appends holds this row: one at a time in each tenant.
CREATE TABLE audit_head (
    tenant_id UUID NOT NULL PRIMARY KEY REFERENCES tenant,
    seq BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    mac BYTEA NOT NULL
);

-- The second wall between tenants: a transaction sees the rows of the tenant that it named in
-- `app.tenant`, and none when it named none. FORCE, because the tables' owner is who we are.

DO $$
DECLARE
    walled TEXT;
    wall CONSTANT TEXT := 'tenant_id = NULLIF(current_setting(''app.tenant'', true), '''')::uuid';
BEGIN
    FOREACH walled IN ARRAY ARRAY[
        'provider', 'mapper', 'client', 'person', 'link', 'groups_missing', 'credential', 'login',
        'consumed', 'code', 'proof', 'session', 'device', 'pairing', 'ticket', 'audit', 'audit_head'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', walled);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', walled);
        IF walled <> 'audit' THEN
            EXECUTE format(
                'CREATE POLICY tenant_wall ON %I USING (%s) WITH CHECK (%s)', walled, wall, wall
            );
        END IF;
    END LOOP;
    -- The trail is read and appended to; no policy lets anybody change or delete it.
    EXECUTE format('CREATE POLICY tenant_reads ON audit FOR SELECT USING (%s)', wall);
    EXECUTE format('CREATE POLICY tenant_appends ON audit FOR INSERT WITH CHECK (%s)', wall);
END
$$;
