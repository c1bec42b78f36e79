-- Finding and linking people: version 3 of the schema.

-- A name or birth date that is new or another, in order: what an index that was built before must add.
CREATE TABLE person_change (seq INTEGER PRIMARY KEY, person_id INTEGER NOT NULL);
INSERT INTO person_change (person_id) SELECT id FROM person WHERE folded <> '' ORDER BY id;

-- People under several numbers: the least of their ids stands for all. Who is not here stands alone.
CREATE TABLE person_identity (person_id INTEGER PRIMARY KEY, identity INTEGER NOT NULL);
CREATE INDEX person_identity_members ON person_identity (identity);
-- What was found out about two of them, a < b, and by whom.
CREATE TABLE person_link (
    a             INTEGER NOT NULL,
    b             INTEGER NOT NULL,
    state         INTEGER NOT NULL,       -- enum store_link_state
    centibits     INTEGER NOT NULL,       -- of evidence
    evidence      TEXT NOT NULL,          -- by field, JSON
    found_at_us   INTEGER NOT NULL,
    decided_by    TEXT,
    decided_at_us INTEGER,
    PRIMARY KEY (a, b)
) WITHOUT ROWID;
CREATE INDEX person_link_waiting ON person_link (found_at_us) WHERE state = 0;
CREATE INDEX person_link_by_b ON person_link (b);
-- State ids as keyed hashes: compared, and never read.
CREATE TABLE person_key (person_id INTEGER PRIMARY KEY, key BLOB NOT NULL);
CREATE INDEX person_key_by_key ON person_key (key);
-- How far the changes were looked at.
CREATE TABLE person_linked (id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL);
INSERT INTO person_linked (id, seq) VALUES (1, 0);
