-- How long what is kept: version 6 of the schema.

-- How many warnings have gone out that it ends; and what the clock asks of it as time passes.
ALTER TABLE registration ADD COLUMN warned INTEGER NOT NULL DEFAULT 0;
CREATE INDEX registration_by_end ON registration (warned, expires_at_us) WHERE ended_at_us IS NULL AND confirmed_at_us IS NOT NULL;
CREATE INDEX registration_waits ON registration (created_at_us) WHERE ended_at_us IS NULL AND confirmed_at_us IS NULL;
CREATE INDEX registration_ended ON registration (ended_at_us) WHERE ended_at_us IS NOT NULL;
CREATE INDEX booking_over ON booking (left_to_us) WHERE standing >= 3;

-- Bookings that an order had erased, as keyed hashes: what comes of them again is passed over.
CREATE TABLE expunged (
    mac     BLOB PRIMARY KEY,
    by_whom TEXT NOT NULL,
    at_us   INTEGER NOT NULL
) WITHOUT ROWID;

-- A held list that is none: cut off, empty, an old one again. One that is whole is decided on before it.
ALTER TABLE source ADD COLUMN is_broken INTEGER NOT NULL DEFAULT 0;

-- Who was heard of at a time that has not come.
CREATE INDEX feed_heard ON feed (last_at_us);

-- How much of each field could be read: in a file (its source's id), of what was pushed in a day (its number since 1970). The
-- field '' is whole rows, and counts every period.
CREATE TABLE legible (
    feed   TEXT NOT NULL REFERENCES feed (id),
    period INTEGER NOT NULL,
    field  TEXT NOT NULL,
    n      INTEGER NOT NULL,
    n_bad  INTEGER NOT NULL,
    PRIMARY KEY (feed, period, field)
) WITHOUT ROWID;

-- The time as it was seen last, and since when it has gone on without a leap.
CREATE TABLE clock (
    id              INTEGER PRIMARY KEY CHECK (id = 1),
    seen_at_us      INTEGER NOT NULL,
    steady_since_us INTEGER NOT NULL
);

-- What leaves first: 0 what is urgent, 1 other news, 2 reminders, codes and the rest.
ALTER TABLE alert ADD COLUMN rank INTEGER NOT NULL DEFAULT 1;
UPDATE alert SET rank = 2 WHERE reminder > 0;
DROP INDEX alert_due;
CREATE INDEX alert_due ON alert (rank, next_at_us) WHERE next_at_us IS NOT NULL;

-- What was tried, and not taken.
CREATE INDEX alert_in_vain ON alert (planned_at_us) WHERE state = 0 AND attempts > 0;

-- An older program kept statuses in the source's own words. Each row is read again.
UPDATE booking SET status = '', digest = 0;

-- An older program set endings aside that are believed now: whoever was told otherwise is listed, and told on request.
INSERT INTO alert (id, purpose, reason, state, created_at_us, next_at_us, note)
    SELECT 'upgrade6', 3, 0, 0, max(recorded_at_us), max(recorded_at_us),
           'This site was begun by an older program, which may have believed some of what jails said otherwise. See who was told '
           || 'what does not hold: tocsin watch differences. With --tell they are told.'
    FROM event HAVING count(*) > 0;
