-- Whether the card has left whose answer waits for its browser, after no more than a tap: the session
-- that comes of it rests on nothing.
ALTER TABLE ticket ADD COLUMN tapped INTEGER NOT NULL DEFAULT 0;
