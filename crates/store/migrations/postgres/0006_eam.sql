-- Keys with which the tenant's issuers sign, each issuer with its own. What a key is now follows from
-- its dates: published, the one that signs from `active_from`, retired from `retired_at`, gone at
-- `ends_at`.
CREATE TABLE signing_key (
    tenant_id UUID NOT NULL REFERENCES tenant,
    kid TEXT COLLATE "C" NOT NULL,
    issuer TEXT NOT NULL CHECK (issuer IN ('tenant', 'eam')),
    alg TEXT NOT NULL,
    -- Of two that make the next key at once, one does.
    number BIGINT NOT NULL,
    private BYTEA NOT NULL,
    certificate BYTEA,
    published_at BIGINT NOT NULL,
    active_from BIGINT NOT NULL,
    retired_at BIGINT,
    ends_at BIGINT,
    PRIMARY KEY (tenant_id, kid),
    UNIQUE (tenant_id, issuer, alg, number)
);
CREATE INDEX signing_key_end ON signing_key (tenant_id, ends_at) WHERE ends_at IS NOT NULL;

-- Entra directories that ask this tenant for external MFA, by the client id that was given to them.
CREATE TABLE eam_connection (
    tenant_id UUID NOT NULL REFERENCES tenant,
    client_id TEXT COLLATE "C" NOT NULL,
    app_id TEXT NOT NULL,
    authority TEXT NOT NULL,
    directories TEXT NOT NULL,
    amr TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, client_id)
);

-- What such a directory has asked for. The login that answers it is a row of its own, and is gone when
-- it has.
CREATE TABLE eam_transaction (
    tenant_id UUID NOT NULL,
    hint_hash BYTEA NOT NULL,
    login_id UUID NOT NULL,
    handle BYTEA NOT NULL,
    person_id UUID NOT NULL,
    tid TEXT NOT NULL,
    oid TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- So long Entra waits; and so long the hint must be known, for it could be posted again.
    expires_at BIGINT NOT NULL,
    remembered_until BIGINT NOT NULL,
    -- The proof, and what the answer says of it; together or not at all.
    proof_id UUID,
    proved_at BIGINT,
    acr TEXT,
    amr TEXT,
    -- When the proof has spared a second tap.
    used_at BIGINT,
    PRIMARY KEY (tenant_id, hint_hash),
    UNIQUE (tenant_id, login_id),
    UNIQUE (tenant_id, handle),
    FOREIGN KEY (tenant_id, person_id) REFERENCES person,
    FOREIGN KEY (tenant_id, proof_id) REFERENCES proof
);
CREATE INDEX eam_transaction_end ON eam_transaction (tenant_id, remembered_until);

DO $$
DECLARE
    walled TEXT;
    wall CONSTANT TEXT := 'tenant_id = NULLIF(current_setting(''app.tenant'', true), '''')::uuid';
BEGIN
    FOREACH walled IN ARRAY ARRAY['signing_key', 'eam_connection', 'eam_transaction'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', walled);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', walled);
        EXECUTE format(
            'CREATE POLICY tenant_wall ON %I USING (%s) WITH CHECK (%s)', walled, wall, wall
        );
    END LOOP;
END
$$;
