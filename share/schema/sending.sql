-- Sending by lease, and contacts of their own: version 4 of the schema.

-- Who has the alert in hand (state 1), for which time, and until when unless it says that it still has. After
-- that nobody knows whether it left: it is tried again, and what the first one says of it counts no more.
ALTER TABLE alert ADD COLUMN node TEXT;
ALTER TABLE alert ADD COLUMN term INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alert ADD COLUMN until_at_us INTEGER;
CREATE INDEX alert_sending ON alert (registration_id) WHERE state = 1;
DROP INDEX alert_waits; -- nothing asked it any more

-- Whether it is with its reader, or may be: a peer took it, did not say, or who had it was not heard of again.
-- Of what was tried before, nobody knows.
ALTER TABLE alert ADD COLUMN may_have_left INTEGER NOT NULL DEFAULT 0;
UPDATE alert SET may_have_left = 1 WHERE attempts > 0;

-- The clock when the next try was planned: one that was ahead is known by it.
ALTER TABLE alert ADD COLUMN planned_at_us INTEGER NOT NULL DEFAULT 0;

-- Who does what only one process does at a time.
CREATE TABLE duty (
    duty        TEXT PRIMARY KEY,
    node        TEXT NOT NULL,
    term        INTEGER NOT NULL,
    until_at_us INTEGER NOT NULL
) WITHOUT ROWID;

-- Where a registration's notices go, in the order in which they are tried.
CREATE TABLE contact (
    registration_id TEXT NOT NULL REFERENCES registration (id),
    place           INTEGER NOT NULL,         -- 1, 2 …
    channel         TEXT NOT NULL,            -- a row of deliver/channel.h: email …
    state           INTEGER NOT NULL,         -- enum store_contact_state
    box             BLOB NOT NULL,            -- opens only with keys.db and the sender's private key
    hash            BLOB NOT NULL,            -- keyed; for limits
    PRIMARY KEY (registration_id, place)
) WITHOUT ROWID;
INSERT INTO contact (registration_id, place, channel, state, box, hash)
    SELECT id, 1, 'email', CASE WHEN length(contact_box) = 0 THEN 1 ELSE 0 END, contact_box, contact_hash FROM registration;
CREATE INDEX contact_by_hash ON contact (hash) WHERE state = 0;
DROP INDEX registration_by_contact;
ALTER TABLE registration DROP COLUMN contact_box;
ALTER TABLE registration DROP COLUMN contact_hash;

-- How many were asked today, by class and by officer.
CREATE INDEX agency_watch_asked ON agency_watch (asked_at_us);
