-- Applications that sign their people in here. What an application is registered with is JSON; a page of
-- ours, such as the account page, has none.
ALTER TABLE client ADD COLUMN settings TEXT;
ALTER TABLE client ADD COLUMN enabled BOOLEAN NOT NULL DEFAULT TRUE;

-- Hashes of their secrets: two at most, so that one can take over from the other.
CREATE TABLE client_secret (
    tenant_id UUID NOT NULL,
    client_id TEXT COLLATE "C" NOT NULL,
    hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, client_id, hash),
    FOREIGN KEY (tenant_id, client_id) REFERENCES client ON DELETE CASCADE
);

-- What an application was granted for a code, with all tokens that follow from it. One that has ended
-- stays as long as its code could come again.
CREATE TABLE oidc_grant (
    tenant_id UUID NOT NULL,
    grant_id UUID NOT NULL,
    client_id TEXT COLLATE "C" NOT NULL,
    person_id UUID NOT NULL,
    credential_id UUID NOT NULL,
    proof_id UUID NOT NULL,
    -- A session that may be gone; an offline grant outlives it.
    session_id UUID NOT NULL,
    -- Of two that redeem a code at once, one does.
    code_hash BYTEA NOT NULL,
    offline BOOLEAN NOT NULL,
    -- Which refresh token is good, and since when.
    generation BIGINT NOT NULL,
    rotated_at BIGINT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (tenant_id, grant_id),
    UNIQUE (tenant_id, code_hash),
    FOREIGN KEY (tenant_id, client_id) REFERENCES client ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, person_id) REFERENCES person,
    FOREIGN KEY (tenant_id, credential_id) REFERENCES credential,
    FOREIGN KEY (tenant_id, proof_id) REFERENCES proof
);
CREATE INDEX oidc_grant_client ON oidc_grant (tenant_id, client_id);
CREATE INDEX oidc_grant_person ON oidc_grant (tenant_id, person_id);
CREATE INDEX oidc_grant_session ON oidc_grant (tenant_id, session_id);
CREATE INDEX oidc_grant_expiry ON oidc_grant (tenant_id, expires_at);
CREATE INDEX oidc_grant_end ON oidc_grant (tenant_id, ended_at) WHERE ended_at IS NOT NULL;

DO $$
DECLARE
    walled TEXT;
    wall CONSTANT TEXT := 'tenant_id = NULLIF(current_setting(''app.tenant'', true), '''')::uuid';
BEGIN
    FOREACH walled IN ARRAY ARRAY['client_secret', 'oidc_grant'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', walled);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', walled);
        EXECUTE format(
            'CREATE POLICY tenant_wall ON %I USING (%s) WITH CHECK (%s)', walled, wall, wall
        );
    END LOOP;
END
$$;
