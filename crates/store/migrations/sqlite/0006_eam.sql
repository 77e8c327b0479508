-- Keys with which the tenant's issuers sign, each issuer with its own. What a key is now follows from
-- its dates: published, the one that signs from `active_from`, retired from `retired_at`, gone at
-- `ends_at`.
CREATE TABLE signing_key (
    tenant_id BLOB NOT NULL REFERENCES tenant,
    kid TEXT NOT NULL,
    issuer TEXT NOT NULL CHECK (issuer IN ('tenant', 'eam')),
    alg TEXT NOT NULL,
    -- Of two that make the next key at once, one does.
    number INTEGER NOT NULL,
    private BLOB NOT NULL,
    certificate BLOB,
    published_at INTEGER NOT NULL,
    active_from INTEGER NOT NULL,
    retired_at INTEGER,
    ends_at INTEGER,
    PRIMARY KEY (tenant_id, kid),
    UNIQUE (tenant_id, issuer, alg, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX signing_key_end ON signing_key (tenant_id, ends_at) WHERE ends_at IS NOT NULL;

-- Entra directories that ask this tenant for external MFA, by the client id that was given to them.
CREATE TABLE eam_connection (
    tenant_id BLOB NOT NULL REFERENCES tenant,
    client_id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    authority TEXT NOT NULL,
    directories TEXT NOT NULL,
    amr TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, client_id)
) STRICT, WITHOUT ROWID;

-- What such a directory has asked for. The login that answers it is a row of its own, and is gone when
-- it has.
CREATE TABLE eam_transaction (
    tenant_id BLOB NOT NULL,
    hint_hash BLOB NOT NULL,
    login_id BLOB NOT NULL,
    handle BLOB NOT NULL,
    person_id BLOB NOT NULL,
    tid TEXT NOT NULL,
    oid TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- So long Entra waits; and so long the hint must be known, for it could be posted again.
    expires_at INTEGER NOT NULL,
    remembered_until INTEGER NOT NULL,
    -- The proof, and what the answer says of it; together or not at all.
    proof_id BLOB,
    proved_at INTEGER,
    acr TEXT,
    amr TEXT,
    -- When the proof has spared a second tap.
    used_at INTEGER,
    PRIMARY KEY (tenant_id, hint_hash),
    UNIQUE (tenant_id, login_id),
    UNIQUE (tenant_id, handle),
    FOREIGN KEY (tenant_id, person_id) REFERENCES person,
    FOREIGN KEY (tenant_id, proof_id) REFERENCES proof
) STRICT, WITHOUT ROWID;
CREATE INDEX eam_transaction_end ON eam_transaction (tenant_id, remembered_until);
