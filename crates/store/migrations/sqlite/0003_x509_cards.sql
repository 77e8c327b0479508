-- Types of credential. What is there is FIDO2; an X.509 card has its own columns, and the others
-- are empty in it.

ALTER TABLE credential ADD COLUMN kind TEXT NOT NULL DEFAULT 'fido2'
    CHECK (kind IN ('fido2', 'x509-card'));
ALTER TABLE credential ADD COLUMN issuer BLOB;
ALTER TABLE credential ADD COLUMN serial BLOB;
-- SHA-256 of issuer and serial number: a certificate is one person's in its tenant.
ALTER TABLE credential ADD COLUMN name_hash BLOB;
ALTER TABLE credential ADD COLUMN subject TEXT;
ALTER TABLE credential ADD COLUMN issuer_name TEXT;
ALTER TABLE credential ADD COLUMN not_after INTEGER;
CREATE UNIQUE INDEX credential_certificate ON credential (tenant_id, name_hash);

-- Authorities whose cards a tenant takes, by the SHA-256 of their certificates.
CREATE TABLE x509_authority (
    tenant_id BLOB NOT NULL REFERENCES tenant,
    fingerprint BLOB NOT NULL,
    name TEXT NOT NULL,
    certificate BLOB NOT NULL,
    -- Where its list of revoked certificates is fetched, and what became of it the last time.
    list_url TEXT,
    list_tried_at INTEGER,
    list_error TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, fingerprint)
) STRICT, WITHOUT ROWID;

-- The list of each authority that is in use.
CREATE TABLE x509_list (
    tenant_id BLOB NOT NULL,
    fingerprint BLOB NOT NULL,
    list BLOB NOT NULL,
    this_update INTEGER NOT NULL,
    next_update INTEGER NOT NULL,
    fetched_at INTEGER NOT NULL,
    -- An address, or empty when somebody brought it.
    source TEXT NOT NULL,
    PRIMARY KEY (tenant_id, fingerprint),
    FOREIGN KEY (tenant_id, fingerprint) REFERENCES x509_authority ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
