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
