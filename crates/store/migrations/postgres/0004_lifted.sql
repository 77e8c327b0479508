-- The computer through whose agent the card answered, and the request that it answered: as long as
-- that stands, the session ends when the card leaves there.
ALTER TABLE session ADD COLUMN device_id UUID;
ALTER TABLE session ADD COLUMN ticket_id UUID;
CREATE INDEX session_device ON session (tenant_id, device_id) WHERE device_id IS NOT NULL;
CREATE INDEX session_ticket ON session (tenant_id, ticket_id) WHERE ticket_id IS NOT NULL;

-- The last connection of an agent, at whichever node, and how long that node vouches for it.
ALTER TABLE device ADD COLUMN connection_id UUID;
ALTER TABLE device ADD COLUMN connected_until BIGINT;
