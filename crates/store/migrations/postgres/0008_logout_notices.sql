-- What applications know a session by. A session that takes another's place after one more tap keeps it,
-- and so does what was granted in either.
ALTER TABLE session ADD COLUMN sid UUID;
UPDATE session SET sid = session_id;
ALTER TABLE oidc_grant ADD COLUMN sid UUID;
UPDATE oidc_grant SET sid = session_id;

-- Which applications are still to be told that a session has ended (Back-Channel Logout 1.0).
CREATE TABLE logout_notice (
    tenant_id UUID NOT NULL,
    client_id TEXT COLLATE "C" NOT NULL,
    sid UUID NOT NULL,
    person_id UUID NOT NULL,
    created_at BIGINT NOT NULL,
    -- When it is to be tried next. Who tries it moves this on first, and so has it for a while.
    due_at BIGINT NOT NULL,
    -- How often it was tried.
    tries BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, client_id, sid),
    FOREIGN KEY (tenant_id, client_id) REFERENCES client ON DELETE CASCADE
);
CREATE INDEX logout_notice_due ON logout_notice (tenant_id, due_at);

ALTER TABLE logout_notice ENABLE ROW LEVEL SECURITY;
ALTER TABLE logout_notice FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON logout_notice
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), '')::uuid)
    WITH CHECK (tenant_id = NULLIF(current_setting('app.tenant', true), '')::uuid);

-- However a session ends: a way that forgot to tell would go unnoticed.
CREATE FUNCTION tell_applications() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO logout_notice (tenant_id, client_id, sid, person_id, created_at, due_at, tries)
    SELECT DISTINCT oidc_grant.tenant_id, oidc_grant.client_id,
        COALESCE(oidc_grant.sid, oidc_grant.session_id), oidc_grant.person_id,
        CAST(EXTRACT(EPOCH FROM statement_timestamp()) * 1000000 AS BIGINT),
        CAST(EXTRACT(EPOCH FROM statement_timestamp()) * 1000000 AS BIGINT), 0
    FROM oidc_grant JOIN client ON client.tenant_id = oidc_grant.tenant_id
        AND client.client_id = oidc_grant.client_id AND client.enabled
        AND client.settings::json ->> 'backchannel_logout_uri' IS NOT NULL
    WHERE oidc_grant.tenant_id = OLD.tenant_id AND oidc_grant.session_id = OLD.session_id
    ON CONFLICT (tenant_id, client_id, sid) DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER session_ended AFTER DELETE ON session
    FOR EACH ROW EXECUTE FUNCTION tell_applications();
