-- The store of one site. Instants are microseconds since 1970 (UTC); NULL means unknown or not yet.
-- Closed sets are kept as the numbers of src/base/vocabulary.h and the enums named beside them.

CREATE TABLE feed (
    id              TEXT PRIMARY KEY,
    mapping         TEXT NOT NULL,            -- the YAML it was added with
    drop_folder     TEXT,
    secret          TEXT NOT NULL,            -- of pushed events' signatures, base64
    added_at_us     INTEGER NOT NULL,
    has_baseline    INTEGER NOT NULL DEFAULT 0,
    last_at_us      INTEGER,                  -- the source last sent anything
    fresh_at_us     INTEGER,                  -- … anything new
    silent_since_us INTEGER,
    silence_seq     INTEGER,                  -- the feed_silent event
    silence_told    INTEGER NOT NULL DEFAULT 0,
    last_digest     BLOB,                     -- of the list that was taken last
    turnover        TEXT                      -- what the breaker has learned, JSON
) WITHOUT ROWID;

-- Every file or pushed batch that came, once for one content and time.
CREATE TABLE source (
    id             INTEGER PRIMARY KEY,
    feed           TEXT NOT NULL REFERENCES feed (id),
    name           TEXT NOT NULL,
    digest         BLOB NOT NULL,             -- SHA-256 of the bytes
    snapshot_at_us INTEGER NOT NULL,
    received_at_us INTEGER NOT NULL,
    state          INTEGER NOT NULL,          -- enum store_source_state
    n_rows         INTEGER NOT NULL DEFAULT 0,
    n_events       INTEGER NOT NULL DEFAULT 0,
    reason         TEXT NOT NULL DEFAULT '',
    answer         TEXT,                      -- of a pushed batch: replayed for its key
    UNIQUE (feed, digest, snapshot_at_us)
);
CREATE INDEX source_held ON source (feed) WHERE state = 1;

-- The mapped cells of a roster that waits for a person to accept or reject it.
CREATE TABLE held_roster (source_id INTEGER PRIMARY KEY REFERENCES source (id), cells BLOB NOT NULL);

CREATE TABLE problem (
    id        INTEGER PRIMARY KEY,
    source_id INTEGER NOT NULL REFERENCES source (id),
    row       INTEGER NOT NULL,
    field     TEXT NOT NULL,
    reason    TEXT NOT NULL,
    value     TEXT NOT NULL
);
CREATE INDEX problem_by_source ON problem (source_id);

CREATE TABLE person (
    id      INTEGER PRIMARY KEY,
    scope   TEXT NOT NULL,
    key     TEXT NOT NULL,
    surname TEXT NOT NULL,
    given   TEXT NOT NULL,
    middle  TEXT NOT NULL,
    suffix  TEXT NOT NULL,
    born    INTEGER NOT NULL,                 -- 19800131; 0 unknown
    folded  TEXT NOT NULL,                    -- "surname given middle", for search
    UNIQUE (scope, key)
);
CREATE INDEX person_by_key ON person (key);
CREATE INDEX person_by_name ON person (folded) WHERE folded <> '';

CREATE TABLE booking (
    id                  INTEGER PRIMARY KEY,
    jail                TEXT NOT NULL,
    key                 TEXT NOT NULL,
    person_id           INTEGER NOT NULL REFERENCES person (id),
    person_key          TEXT NOT NULL,        -- the person's, here so that a roster needs no join
    roster_feed         TEXT,                 -- the feed whose roster lists or listed it
    facility            TEXT NOT NULL,
    status              TEXT NOT NULL,
    flags               INTEGER NOT NULL,
    admitted_at_us      INTEGER,
    tenure_from_us      INTEGER,              -- admitted, or first seen where the source has no dates
    digest              INTEGER NOT NULL,
    standing            INTEGER NOT NULL,     -- enum custody_standing
    listing             INTEGER NOT NULL,     -- enum custody_listing
    said_at_us          INTEGER,
    said_on_date        INTEGER NOT NULL,
    out_seen_at_us      INTEGER,
    row_says_out        INTEGER NOT NULL,
    last_kind           INTEGER,
    last_event_id       BLOB,
    UNIQUE (jail, key)
);
CREATE INDEX booking_by_person ON booking (person_id);
CREATE INDEX booking_by_key ON booking (key);
CREATE INDEX booking_out ON booking (roster_feed) WHERE listing = 1 AND standing = 2 AND row_says_out = 0;
-- All that comparing a roster needs, in the order of the rows, so that the table itself is not read.
CREATE INDEX booking_listed
    ON booking (roster_feed, listing, person_id, key, person_key, digest, tenure_from_us)
    WHERE listing = 1;

CREATE TABLE event (
    seq              INTEGER PRIMARY KEY,
    id               BLOB NOT NULL UNIQUE,
    kind             INTEGER NOT NULL,
    assertion        INTEGER NOT NULL,
    is_late          INTEGER NOT NULL,
    is_unclear       INTEGER NOT NULL,
    feed             TEXT NOT NULL,
    source_id        INTEGER,
    row              INTEGER,
    facility         TEXT NOT NULL,
    booking_id       INTEGER,
    occurred_at_us   INTEGER,
    occurred_on_date INTEGER NOT NULL,
    observed_at_us   INTEGER NOT NULL,
    recorded_at_us   INTEGER NOT NULL,
    corrects         BLOB,
    detail           TEXT NOT NULL,
    source_key       TEXT                     -- the source's own id for the event
);
CREATE INDEX event_by_source_key ON event (feed, source_key) WHERE source_key IS NOT NULL;
CREATE INDEX event_by_booking ON event (booking_id) WHERE booking_id IS NOT NULL;

CREATE TABLE registration (
    id              TEXT PRIMARY KEY,
    person_id       INTEGER NOT NULL REFERENCES person (id),
    booking_id      INTEGER REFERENCES booking (id),
    relation        INTEGER NOT NULL,
    kinds           INTEGER NOT NULL,
    language        INTEGER NOT NULL,
    contact_box     BLOB NOT NULL,            -- opens only with keys.db and the sender's private key
    contact_hash    BLOB NOT NULL,            -- keyed; for limits
    pin_hash        TEXT NOT NULL,
    code_tries      INTEGER NOT NULL DEFAULT 0,
    created_at_us   INTEGER NOT NULL,
    confirmed_at_us INTEGER,
    expires_at_us   INTEGER NOT NULL,
    ended_at_us     INTEGER,
    role_verified   TEXT
) WITHOUT ROWID;
CREATE INDEX registration_by_person ON registration (person_id) WHERE ended_at_us IS NULL;
CREATE INDEX registration_by_contact ON registration (contact_hash) WHERE ended_at_us IS NULL;

-- The outbox: one row a message that somebody is owed.
CREATE TABLE alert (
    seq             INTEGER PRIMARY KEY,
    id              TEXT NOT NULL UNIQUE,     -- random; the stable key of every try
    purpose         INTEGER NOT NULL,         -- enum store_alert_purpose
    registration_id TEXT,
    event_seq       INTEGER,
    reason          INTEGER NOT NULL,         -- enum match_reason
    state           INTEGER NOT NULL,         -- enum store_alert_state
    reminder        INTEGER NOT NULL DEFAULT 0,
    attempts        INTEGER NOT NULL DEFAULT 0,
    pin_tries       INTEGER NOT NULL DEFAULT 0,
    created_at_us   INTEGER NOT NULL,
    next_at_us      INTEGER,
    handed_at_us    INTEGER,
    confirmed_at_us INTEGER,
    note            TEXT NOT NULL DEFAULT ''  -- the peer's last answer, or an operator page's words
);
CREATE UNIQUE INDEX alert_once ON alert (registration_id, event_seq) WHERE event_seq IS NOT NULL; -- also its order
CREATE INDEX alert_due ON alert (next_at_us) WHERE next_at_us IS NOT NULL;
CREATE INDEX alert_by_event ON alert (event_seq) WHERE event_seq IS NOT NULL;
CREATE INDEX alert_waits ON alert (state) WHERE state IN (1, 4, 7);
