-- Types of credential. What is there is FIDO2; an X.509 card has its own columns, and the others
-- are empty in it.

ALTER TABLE credential ADD COLUMN kind TEXT NOT NULL DEFAULT 'fido2'
    CHECK (kind IN ('fido2', 'x509-card'));
ALTER TABLE credential ADD COLUMN issuer BYTEA;
ALTER TABLE credential ADD COLUMN serial BYTEA;
-- SHA-256 of issuer and serial number: a certificate is one person's in its tenant.
ALTER TABLE credential ADD COLUMN name_hash BYTEA;
ALTER TABLE credential ADD COLUMN subject TEXT;
ALTER TABLE credential ADD COLUMN issuer_name TEXT;
ALTER TABLE credential ADD COLUMN not_after BIGINT;
CREATE UNIQUE INDEX credential_certificate ON credential (tenant_id, name_hash);

-- Authorities whose cards a tenant takes, by the SHA-256 of their certificates.
CREATE TABLE x509_authority (
    tenant_id UUID NOT NULL REFERENCES tenant,
    fingerprint BYTEA NOT NULL,
    name TEXT NOT NULL,
    certificate BYTEA NOT NULL,
    -- Where its list of revoked certificates is fetched, and what became of it the last time.
    list_url TEXT,
    list_tried_at BIGINT,
    list_error TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, fingerprint)
);

-- The list of each authority that is in use.
CREATE TABLE x509_list (
    tenant_id UUID NOT NULL,
    fingerprint BYTEA NOT NULL,
    list BYTEA NOT NULL,
    this_update BIGINT NOT NULL,
    next_update BIGINT NOT NULL,
    fetched_at BIGINT NOT NULL,
    -- An address, or empty when somebody brought it.
    source TEXT NOT NULL,
    PRIMARY KEY (tenant_id, fingerprint),
    FOREIGN KEY (tenant_id, fingerprint) REFERENCES x509_authority ON DELETE CASCADE
);

DO $$
DECLARE
    walled TEXT;
    wall CONSTANT TEXT := 'tenant_id = NULLIF(current_setting(''app.tenant'', true), '''')::uuid';
BEGIN
    FOREACH walled IN ARRAY ARRAY['x509_authority', 'x509_list'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', walled);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', walled);
        EXECUTE format(
            'CREATE POLICY tenant_wall ON %I USING (%s) WITH CHECK (%s)', walled, wall, wall
        );
    END LOOP;
END
$$;
