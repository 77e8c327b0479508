-- Applications that sign their people in here. What an application is registered with is JSON; a page of
-- ours, such as the account page, has none.
ALTER TABLE client ADD COLUMN settings TEXT;
ALTER TABLE client ADD COLUMN enabled INTEGER NOT NULL DEFAULT 1;

-- Hashes of their secrets: two at most, so that one can take over from the other.
CREATE TABLE client_secret (
    tenant_id BLOB NOT NULL,
    client_id TEXT NOT NULL,
    hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, client_id, hash),
    FOREIGN KEY (tenant_id, client_id) REFERENCES client ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- What an application was granted for a code, with all tokens that follow from it. One that has ended
-- stays as long as its code could come again.
CREATE TABLE oidc_grant (
    tenant_id BLOB NOT NULL,
    grant_id BLOB NOT NULL,
    client_id TEXT NOT NULL,
    person_id BLOB NOT NULL,
    credential_id BLOB NOT NULL,
    proof_id BLOB NOT NULL,
    -- A session that may be gone; an offline grant outlives it.
    session_id BLOB NOT NULL,
    -- Of two that redeem a code at once, one does.
    code_hash BLOB NOT NULL,
    offline INTEGER NOT NULL,
    -- Which refresh token is good, and since when.
    generation INTEGER NOT NULL,
    rotated_at INTEGER NOT NULL,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    PRIMARY KEY (tenant_id, grant_id),
    UNIQUE (tenant_id, code_hash),
    FOREIGN KEY (tenant_id, client_id) REFERENCES client ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, person_id) REFERENCES person,
    FOREIGN KEY (tenant_id, credential_id) REFERENCES credential,
    FOREIGN KEY (tenant_id, proof_id) REFERENCES proof
) STRICT, WITHOUT ROWID;
CREATE INDEX oidc_grant_client ON oidc_grant (tenant_id, client_id);
CREATE INDEX oidc_grant_person ON oidc_grant (tenant_id, person_id);
CREATE INDEX oidc_grant_session ON oidc_grant (tenant_id, session_id);
CREATE INDEX oidc_grant_expiry ON oidc_grant (tenant_id, expires_at);
CREATE INDEX oidc_grant_end ON oidc_grant (tenant_id, ended_at) WHERE ended_at IS NOT NULL;
