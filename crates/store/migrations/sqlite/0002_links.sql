-- Tickets of links have no device until one claims them, and some answers wait for their browser.
-- A ticket lives ten minutes at most, and its page asks again: those that are out are let go.
DROP TABLE ticket;
CREATE TABLE ticket (
    tenant_id BLOB NOT NULL,
    ticket_id BLOB NOT NULL,
    login_id BLOB NOT NULL,
    device_id BLOB,
    challenge_id BLOB NOT NULL,
    purpose TEXT NOT NULL,
    match_code INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    created_at INTEGER NOT NULL,
    claimed_at INTEGER,
    expires_at INTEGER NOT NULL,
    -- Hash of the return token, and the answer that waits for it; together or not at all.
    return_hash BLOB,
    answer TEXT,
    PRIMARY KEY (tenant_id, ticket_id),
    FOREIGN KEY (tenant_id, device_id) REFERENCES device ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX ticket_login ON ticket (tenant_id, login_id);
CREATE INDEX ticket_device ON ticket (tenant_id, device_id);
CREATE INDEX ticket_expiry ON ticket (tenant_id, expires_at);
CREATE UNIQUE INDEX ticket_return ON ticket (tenant_id, return_hash);
