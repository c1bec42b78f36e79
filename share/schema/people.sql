-- Finding people: version 3 of the schema.

-- A name that is new or another, in order: what an index that was built before must add.
CREATE TABLE person_change (seq INTEGER PRIMARY KEY, person_id INTEGER NOT NULL);
