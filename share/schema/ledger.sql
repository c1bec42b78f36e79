-- The ledger and the agencies' watches: version 2 of the schema.

-- One row: the tree's edge, and the last checkpoint with the cosignatures that have come.
CREATE TABLE ledger_head (
    id           INTEGER PRIMARY KEY CHECK (id = 1),
    size         INTEGER NOT NULL,
    edge         BLOB NOT NULL,             -- the roots of its full subtrees, largest first
    signed_size  INTEGER NOT NULL DEFAULT 0,
    signed_at_us INTEGER NOT NULL DEFAULT 0,
    checkpoint   TEXT NOT NULL DEFAULT '',
    cosignatures TEXT NOT NULL DEFAULT ''
);
INSERT INTO ledger_head (id, size, edge) VALUES (1, 0, x'');
CREATE TABLE ledger_entry (idx INTEGER PRIMARY KEY, entry BLOB NOT NULL);
-- Roots of 256^level entries; level 0 is hashed from the entries.
CREATE TABLE ledger_tile_hash (
    level INTEGER NOT NULL,
    idx   INTEGER NOT NULL,
    hash  BLOB NOT NULL,
    PRIMARY KEY (level, idx)
) WITHOUT ROWID;
CREATE TABLE ledger_tag_counter (tag_key TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID;
-- What entries commit to. The salts are with the keys, never here.
CREATE TABLE ledger_body (
    idx        INTEGER PRIMARY KEY,
    at_us      INTEGER NOT NULL,
    person_id  INTEGER,
    year       INTEGER NOT NULL,
    counter    INTEGER NOT NULL,          -- of the subject's tag in that year
    salts_id   TEXT NOT NULL,
    body       TEXT NOT NULL              -- JSON; '' when shredded
);
CREATE INDEX ledger_body_by_person ON ledger_body (person_id, idx);
-- Alerts to registered people, each under its hour's leaf.
CREATE TABLE ledger_notice (
    alert_id   TEXT NOT NULL,
    reminder   INTEGER NOT NULL,
    hour       INTEGER NOT NULL,          -- since 1970
    commitment BLOB NOT NULL,
    PRIMARY KEY (alert_id, reminder)
) WITHOUT ROWID;
CREATE INDEX ledger_notice_by_hour ON ledger_notice (hour);
CREATE TABLE ledger_hour (hour INTEGER PRIMARY KEY, idx INTEGER NOT NULL);
CREATE TABLE ledger_policy (idx INTEGER PRIMARY KEY, policy BLOB NOT NULL, name TEXT NOT NULL, at_us INTEGER NOT NULL);
-- The entry of each of an agency's alerts that may have left.
CREATE TABLE ledger_told (
    alert_id TEXT NOT NULL,
    reminder INTEGER NOT NULL,
    idx      INTEGER NOT NULL,
    PRIMARY KEY (alert_id, reminder)
) WITHOUT ROWID;
-- Other logs that this site witnesses.
CREATE TABLE ledger_witness (
    origin TEXT PRIMARY KEY,
    size   INTEGER NOT NULL,
    root   BLOB NOT NULL,
    at_us  INTEGER NOT NULL
) WITHOUT ROWID;

-- An agency's watch: a registration with a legal basis, asked by one officer, approved by another.
CREATE TABLE agency_watch (
    registration_id TEXT PRIMARY KEY REFERENCES registration (id),
    state           INTEGER NOT NULL,     -- enum store_watch_state
    recipient       TEXT NOT NULL,        -- words of the policy
    purpose         TEXT NOT NULL,
    basis           TEXT NOT NULL,
    document        TEXT NOT NULL,        -- its number
    issuer          TEXT NOT NULL,
    issued_on       TEXT NOT NULL,        -- 2026-11-23
    asked_by        TEXT NOT NULL,
    class           TEXT NOT NULL,        -- of the recipient: its parties count together
    document_key    TEXT NOT NULL,        -- issuer and number, folded: however they are written
    officer_key     TEXT NOT NULL,
    asked_at_us     INTEGER NOT NULL,
    decided_by      TEXT,
    decided_at_us   INTEGER,
    reason          TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX agency_watch_by_state ON agency_watch (state);
CREATE INDEX agency_watch_by_document ON agency_watch (document_key);
CREATE INDEX agency_watch_by_class ON agency_watch (class, asked_at_us);
