-- What was said and what is believed of it (docs/truth.md): version 5 of the schema.

-- Who says it: 0 we ourselves conclude it, 1 a source's event, 2 a row of a source's list, 3 was undone.
ALTER TABLE event ADD COLUMN said INTEGER NOT NULL DEFAULT 0;
ALTER TABLE event ADD COLUMN names TEXT;                        -- of a correction: the source's id that it takes back
ALTER TABLE event ADD COLUMN is_within INTEGER NOT NULL DEFAULT 0; -- of a move: between places of one source
ALTER TABLE event ADD COLUMN is_doubtful INTEGER NOT NULL DEFAULT 0;
ALTER TABLE event ADD COLUMN occurred_to_us INTEGER;            -- the end of a day, or the second of two instants
-- What was believed of the person when it was told: standing NULL, it was told to nobody.
ALTER TABLE event ADD COLUMN standing INTEGER;                  -- enum belief_standing
ALTER TABLE event ADD COLUMN about_kind INTEGER;                -- of a leaving
ALTER TABLE event ADD COLUMN about_booking INTEGER;
ALTER TABLE event ADD COLUMN about_from_us INTEGER;
ALTER TABLE event ADD COLUMN about_to_us INTEGER;
ALTER TABLE event ADD COLUMN about_flags INTEGER NOT NULL DEFAULT 0; -- 1 doubtful, 2 unclear
ALTER TABLE event ADD COLUMN holders TEXT;                      -- the bookings that held them, by id, with spaces
UPDATE event SET said = 1 WHERE booking_id IS NOT NULL AND source_id IS NOT NULL AND is_unclear = 0
    AND kind IN (0, 1, 2, 3, 4, 5, 6, 7, 11)
    AND feed NOT IN (SELECT roster_feed FROM booking WHERE roster_feed IS NOT NULL);
UPDATE event SET said = 2 WHERE booking_id IS NOT NULL AND row IS NOT NULL AND is_unclear = 0 AND kind IN (1, 3, 5, 9)
    AND feed IN (SELECT roster_feed FROM booking WHERE roster_feed IS NOT NULL);

DROP INDEX booking_out;
UPDATE booking SET standing = CASE WHEN standing = 0 THEN 1 WHEN standing = 1 THEN 2 WHEN standing = 3 THEN 3
    WHEN last_kind = 5 THEN 6 ELSE 5 END; -- enum belief_standing
CREATE INDEX booking_out ON booking (roster_feed) WHERE listing = 1 AND standing >= 4 AND row_says_out = 0;
-- What is believed of a leaving: between when and when, seen when, flags 1 doubtful, 2 unclear, 4 a death was reported.
ALTER TABLE booking ADD COLUMN left_from_us INTEGER;
ALTER TABLE booking ADD COLUMN left_to_us INTEGER;
ALTER TABLE booking ADD COLUMN left_seen_at_us INTEGER;
ALTER TABLE booking ADD COLUMN belief_flags INTEGER NOT NULL DEFAULT 0;
ALTER TABLE booking ADD COLUMN held_from_us INTEGER;            -- the latest start of a holding that was said
UPDATE booking SET left_from_us = CASE WHEN standing = 3 THEN tenure_from_us ELSE said_at_us END,
    left_to_us = coalesce(CASE WHEN standing = 3 THEN out_seen_at_us ELSE said_at_us END, out_seen_at_us, said_at_us, tenure_from_us),
    left_seen_at_us = coalesce(out_seen_at_us, said_at_us) WHERE standing >= 3;
-- The feed's lists, as far as they are about it, when the newest does not show them held.
ALTER TABLE booking ADD COLUMN listed_at_us INTEGER;            -- the last list that did
ALTER TABLE booking ADD COLUMN off_at_us INTEGER;               -- the first after it that did not
ALTER TABLE booking ADD COLUMN off_is_doubtful INTEGER NOT NULL DEFAULT 0; -- … is held
ALTER TABLE booking ADD COLUMN was_off_at_us INTEGER;           -- the last that did not, before one that did
UPDATE booking SET listed_at_us = coalesce(tenure_from_us, admitted_at_us, 0),
    off_at_us = coalesce((SELECT max(e.observed_at_us) FROM event e WHERE e.booking_id = booking.id AND e.kind = 8),
        (SELECT fresh_at_us FROM feed WHERE id = roster_feed), 0) WHERE listing = 2;
ALTER TABLE booking DROP COLUMN said_at_us;
ALTER TABLE booking DROP COLUMN said_on_date;
ALTER TABLE booking DROP COLUMN out_seen_at_us;

ALTER TABLE feed ADD COLUMN listed_at_us INTEGER;               -- the newest list that was taken
ALTER TABLE feed ADD COLUMN interval_us INTEGER;                -- the usual time between its lists
UPDATE feed SET listed_at_us = fresh_at_us;

-- Lists that are held: since when, how many in a row lack the same people, whom the newest lacks (ids of
-- bookings, eight bytes each, host order), and whether those who follow them were told.
ALTER TABLE feed ADD COLUMN held_since_us INTEGER;
ALTER TABLE feed ADD COLUMN held_agree INTEGER NOT NULL DEFAULT 0;
ALTER TABLE feed ADD COLUMN held_missing BLOB;
ALTER TABLE feed ADD COLUMN held_told INTEGER NOT NULL DEFAULT 0;

ALTER TABLE feed ADD COLUMN pace TEXT;                          -- how much it usually reports (custody/pace.h), JSON
CREATE INDEX event_doubtful ON event (feed) WHERE is_doubtful = 1;
