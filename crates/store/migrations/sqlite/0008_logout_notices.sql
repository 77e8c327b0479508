-- What applications know a session by. A session that takes another's place after one more tap keeps it,
-- and so does what was granted in either.
ALTER TABLE session ADD COLUMN sid BLOB;
UPDATE session SET sid = session_id;
ALTER TABLE oidc_grant ADD COLUMN sid BLOB;
UPDATE oidc_grant SET sid = session_id;

-- Which applications are still to be told that a session has ended (Back-Channel Logout 1.0).
CREATE TABLE logout_notice (
    tenant_id BLOB NOT NULL,
    client_id TEXT NOT NULL,
    sid BLOB NOT NULL,
    person_id BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    -- When it is to be tried next. Who tries it moves this on first, and so has it for a while.
    due_at INTEGER NOT NULL,
    -- How often it was tried.
    tries INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, client_id, sid),
    FOREIGN KEY (tenant_id, client_id) REFERENCES client ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX logout_notice_due ON logout_notice (tenant_id, due_at);

-- However a session ends: a way that forgot to tell would go unnoticed.
CREATE TRIGGER session_ended AFTER DELETE ON session
BEGIN
    INSERT INTO logout_notice (tenant_id, client_id, sid, person_id, created_at, due_at, tries)
    SELECT DISTINCT oidc_grant.tenant_id, oidc_grant.client_id,
        COALESCE(oidc_grant.sid, oidc_grant.session_id), oidc_grant.person_id,
        CAST(unixepoch('subsec') * 1000 + 0.5 AS INTEGER) * 1000,
        CAST(unixepoch('subsec') * 1000 + 0.5 AS INTEGER) * 1000, 0
    FROM oidc_grant JOIN client ON client.tenant_id = oidc_grant.tenant_id
        AND client.client_id = oidc_grant.client_id AND client.enabled
        AND client.settings ->> 'backchannel_logout_uri' IS NOT NULL
    WHERE oidc_grant.tenant_id = OLD.tenant_id AND oidc_grant.session_id = OLD.session_id
    ON CONFLICT (tenant_id, client_id, sid) DO NOTHING;
END;
