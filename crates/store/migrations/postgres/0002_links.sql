-- Tickets of links have no device until one claims them, and some answers wait for their browser.
ALTER TABLE ticket ALTER COLUMN device_id DROP NOT NULL;
-- Hash of the return token, and the answer that waits for it; together or not at all.
ALTER TABLE ticket ADD COLUMN return_hash BYTEA;
ALTER TABLE ticket ADD COLUMN answer TEXT;
CREATE UNIQUE INDEX ticket_return ON ticket (tenant_id, return_hash);
