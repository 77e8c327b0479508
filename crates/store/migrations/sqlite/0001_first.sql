-- Directory tables: read before a tenant is known.

CREATE TABLE installation (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    sealed_check BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tenant (
    tenant_id BLOB NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    policy TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE device_directory (
    thumbprint TEXT NOT NULL PRIMARY KEY,
    tenant_id BLOB NOT NULL,
    device_id BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX device_directory_device ON device_directory (tenant_id, device_id);

CREATE TABLE agent_code (
    hash BLOB NOT NULL PRIMARY KEY,
    tenant_id BLOB NOT NULL,
    login_id BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX agent_code_login ON agent_code (tenant_id, login_id);

-- Tables of one tenant each row.

CREATE TABLE provider (
    tenant_id BLOB NOT NULL REFERENCES tenant,
    alias TEXT NOT NULL,
    display_name TEXT NOT NULL,
    kind TEXT NOT NULL,
    endpoints TEXT NOT NULL,
    client_id TEXT NOT NULL,
    client_secret BLOB,
    client_secret_expires_at INTEGER,
    sync_mode TEXT NOT NULL,
    groups_sent TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    hidden INTEGER NOT NULL,
    position INTEGER NOT NULL,
    auth_time_seen INTEGER,
    groups_question TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, alias)
) STRICT, WITHOUT ROWID;

CREATE TABLE mapper (
    tenant_id BLOB NOT NULL,
    mapper_id BLOB NOT NULL,
    alias TEXT NOT NULL,
    name TEXT NOT NULL,
    sync TEXT NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (tenant_id, mapper_id),
    UNIQUE (tenant_id, alias, name),
    FOREIGN KEY (tenant_id, alias) REFERENCES provider ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE client (
    tenant_id BLOB NOT NULL REFERENCES tenant,
    client_id TEXT NOT NULL,
    name TEXT NOT NULL,
    home_url TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, client_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE person (
    tenant_id BLOB NOT NULL REFERENCES tenant,
    person_id BLOB NOT NULL,
    username TEXT NOT NULL,
    username_key TEXT NOT NULL,
    display_name TEXT,
    email TEXT,
    email_key TEXT,
    email_verified INTEGER NOT NULL,
    search TEXT NOT NULL,
    attributes TEXT NOT NULL,
    state TEXT NOT NULL,
    administrator INTEGER NOT NULL,
    conflict TEXT,
    groups_stale INTEGER NOT NULL,
    card_was_revoked INTEGER NOT NULL,
    enrolled_by_upstream INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    last_sign_in_at INTEGER,
    last_upstream_at INTEGER,
    PRIMARY KEY (tenant_id, person_id),
    UNIQUE (tenant_id, username_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX person_email ON person (tenant_id, email_key);
CREATE INDEX person_conflict ON person (tenant_id) WHERE conflict IS NOT NULL;

CREATE TABLE link (
    tenant_id BLOB NOT NULL,
    tid TEXT NOT NULL,
    oid TEXT NOT NULL,
    person_id BLOB NOT NULL,
    alias TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, tid, oid),
    FOREIGN KEY (tenant_id, person_id) REFERENCES person ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX link_person ON link (tenant_id, person_id);

-- People who had groups and came without, since the last token of the provider with groups.
CREATE TABLE groups_missing (
    tenant_id BLOB NOT NULL,
    alias TEXT NOT NULL,
    person_id BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, alias, person_id),
    FOREIGN KEY (tenant_id, alias) REFERENCES provider ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, person_id) REFERENCES person ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX groups_missing_person ON groups_missing (tenant_id, person_id);

CREATE TABLE credential (
    tenant_id BLOB NOT NULL,
    credential_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    webauthn_id BLOB NOT NULL,
    label TEXT NOT NULL,
    passkey TEXT NOT NULL,
    counter INTEGER NOT NULL,
    aaguid BLOB,
    transports TEXT NOT NULL,
    backup_eligible INTEGER NOT NULL,
    hardware_attested INTEGER NOT NULL,
    permit TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    revoked_at INTEGER,
    PRIMARY KEY (tenant_id, credential_id),
    UNIQUE (tenant_id, webauthn_id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES person
) STRICT, WITHOUT ROWID;
CREATE INDEX credential_person ON credential (tenant_id, person_id);

CREATE TABLE consumed (
    tenant_id BLOB NOT NULL,
    value BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX consumed_expiry ON consumed (tenant_id, expires_at);

CREATE TABLE code (
    tenant_id BLOB NOT NULL REFERENCES tenant,
    hash BLOB NOT NULL,
    person_id BLOB,
    purpose TEXT NOT NULL,
    issued_by BLOB,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, hash),
    FOREIGN KEY (tenant_id, person_id) REFERENCES person
) STRICT, WITHOUT ROWID;
CREATE INDEX code_expiry ON code (tenant_id, expires_at);

CREATE TABLE proof (
    tenant_id BLOB NOT NULL,
    proof_id BLOB NOT NULL,
    login_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    credential_id BLOB NOT NULL,
    purpose TEXT NOT NULL,
    channel TEXT NOT NULL,
    amr TEXT NOT NULL,
    user_verified INTEGER NOT NULL,
    challenge_at INTEGER NOT NULL,
    verified_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, proof_id),
    -- A login has one proof of each purpose at most, however often its row is brought back.
    UNIQUE (tenant_id, login_id, purpose),
    FOREIGN KEY (tenant_id, person_id) REFERENCES person,
    FOREIGN KEY (tenant_id, credential_id) REFERENCES credential
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
    tenant_id BLOB NOT NULL,
    session_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    token BLOB NOT NULL,
    claim BLOB,
    person_id BLOB NOT NULL,
    credential_id BLOB NOT NULL,
    proof_id BLOB NOT NULL,
    provider TEXT,
    user_agent TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, session_id),
    UNIQUE (tenant_id, token),
    UNIQUE (tenant_id, claim),
    FOREIGN KEY (tenant_id, person_id) REFERENCES person,
    FOREIGN KEY (tenant_id, credential_id) REFERENCES credential,
    FOREIGN KEY (tenant_id, proof_id) REFERENCES proof
) STRICT, WITHOUT ROWID;
CREATE INDEX session_person ON session (tenant_id, person_id);
CREATE INDEX session_credential ON session (tenant_id, credential_id);
CREATE INDEX session_expiry ON session (tenant_id, expires_at);

CREATE TABLE login (
    tenant_id BLOB NOT NULL,
    login_id BLOB NOT NULL,
    handle BLOB NOT NULL,
    person_id BLOB NOT NULL,
    challenge_id BLOB,
    challenge_at INTEGER,
    challenge_expires_at INTEGER,
    code_tries INTEGER NOT NULL,
    refusals INTEGER NOT NULL,
    -- Of a change that a signed-in person asks for: one at a time, and it ends with the session.
    session_id BLOB,
    expires_at INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant_id, login_id),
    UNIQUE (tenant_id, handle),
    UNIQUE (tenant_id, session_id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES person,
    FOREIGN KEY (tenant_id, session_id) REFERENCES session ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX login_person ON login (tenant_id, person_id);
CREATE INDEX login_expiry ON login (tenant_id, expires_at);

CREATE TABLE device (
    tenant_id BLOB NOT NULL REFERENCES tenant,
    device_id BLOB NOT NULL,
    thumbprint TEXT NOT NULL,
    jwk TEXT NOT NULL,
    name TEXT NOT NULL,
    os TEXT NOT NULL,
    person_id BLOB NOT NULL,
    state TEXT NOT NULL,
    login_id BLOB,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER,
    PRIMARY KEY (tenant_id, device_id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES person
) STRICT, WITHOUT ROWID;
CREATE INDEX device_person ON device (tenant_id, person_id);
CREATE INDEX device_login ON device (tenant_id, login_id);

CREATE TABLE pairing (
    tenant_id BLOB NOT NULL,
    hash BLOB NOT NULL,
    device_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    rotated_at INTEGER NOT NULL,
    used_at INTEGER,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, hash),
    FOREIGN KEY (tenant_id, device_id) REFERENCES device ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, person_id) REFERENCES person
) STRICT, WITHOUT ROWID;
CREATE INDEX pairing_device ON pairing (tenant_id, device_id);
CREATE INDEX pairing_person ON pairing (tenant_id, person_id);
CREATE INDEX pairing_expiry ON pairing (tenant_id, expires_at);

CREATE TABLE ticket (
    tenant_id BLOB NOT NULL,
    ticket_id BLOB NOT NULL,
    login_id BLOB NOT NULL,
    device_id BLOB NOT NULL,
    challenge_id BLOB NOT NULL,
    purpose TEXT NOT NULL,
    match_code INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    created_at INTEGER NOT NULL,
    claimed_at INTEGER,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, ticket_id),
    FOREIGN KEY (tenant_id, device_id) REFERENCES device ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX ticket_login ON ticket (tenant_id, login_id);
CREATE INDEX ticket_device ON ticket (tenant_id, device_id);
CREATE INDEX ticket_expiry ON ticket (tenant_id, expires_at);

-- The trail names people, logins and cards without referring to their rows: it outlives them.
CREATE TABLE audit (
    tenant_id BLOB NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    person_id BLOB,
    actor_id BLOB,
    login_id BLOB,
    detail TEXT NOT NULL,
    prev_hash BLOB NOT NULL,
    hash BLOB NOT NULL,
    -- Under a key that is not in the database: who changes a row cannot make it anew.
    mac BLOB NOT NULL,
    PRIMARY KEY (tenant_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_person ON audit (tenant_id, person_id, seq);

-- Its last number, hash and MAC. Who appends holds this row: one at a time in each tenant.
CREATE TABLE audit_head (
    tenant_id BLOB NOT NULL PRIMARY KEY REFERENCES tenant,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    mac BLOB NOT NULL
) STRICT, WITHOUT ROWID;
