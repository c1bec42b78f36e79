#include "store/custody.h"

#include <string.h>

#include "base/error.h"
#include "store/db.h"
#include "store/states.h"

gboolean store_person_save(struct db *db, struct store_person *p, const char *folded, GError **error) {
    gboolean differs = FALSE, is_new_to_index = *folded != 0;
    struct db_rows *rows = db_query(db,
                                    "SELECT id, folded, middle, suffix, born FROM person "
                                    "WHERE scope = :scope AND key = :key",
                                    PARAMS(P_TEXT("scope", p->scope), P_TEXT("key", p->key)));
    p->id = 0;
    if (db_next(rows)) {
        p->id = db_int(rows, 0);
        differs = (*folded && strcmp(folded, db_text(rows, 1)) != 0) ||
                  (*p->middle && strcmp(p->middle, db_text(rows, 2)) != 0) ||
                  (*p->suffix && strcmp(p->suffix, db_text(rows, 3)) != 0) ||
                  (p->born && p->born != db_int(rows, 4));
    }
    if (!db_done(rows, error))
        return FALSE;
    if (p->id && !differs)
        return TRUE;
    is_new_to_index |= differs;
    if (!db_run(
            db,
            "INSERT INTO person (scope, key, surname, given, middle, suffix, born, folded) "
            "VALUES (:scope, :key, :surname, :given, :middle, :suffix, :born, :folded) "
            "ON CONFLICT (scope, key) DO UPDATE SET "
            "surname = CASE WHEN excluded.folded <> '' THEN excluded.surname ELSE person.surname END, "
            "given = CASE WHEN excluded.folded <> '' THEN excluded.given ELSE person.given END, "
            "folded = CASE WHEN excluded.folded <> '' THEN excluded.folded ELSE person.folded END, "
            "middle = CASE WHEN excluded.middle <> '' THEN excluded.middle ELSE person.middle END, "
            "suffix = CASE WHEN excluded.suffix <> '' THEN excluded.suffix ELSE person.suffix END, "
            "born = CASE WHEN excluded.born <> 0 THEN excluded.born ELSE person.born END",
            PARAMS(P_TEXT("scope", p->scope), P_TEXT("key", p->key), P_TEXT("surname", p->surname),
                   P_TEXT("given", p->given), P_TEXT("middle", p->middle), P_TEXT("suffix", p->suffix),
                   P_INT("born", p->born), P_TEXT("folded", folded)),
            error))
        return FALSE;
    if (!p->id)
        p->id = db_last_id(db);
    return !is_new_to_index ||
           db_run(db, "INSERT INTO person_change (seq, person_id) VALUES (" NEXT_CHANGE ", :id)",
                  PARAMS(P_INT("id", p->id)), error);
}

/* ── Bookings ──────────────────────────────────────────────────────────────────────────────────── */

#define BOOKING_COLUMNS                                                                                \
    "b.id, b.person_id, b.key, b.person_key, b.facility, b.status, b.flags, b.admitted_at_us, "        \
    "b.tenure_from_us, b.digest, b.listing, b.row_says_out, b.listed_at_us, b.off_at_us, "             \
    "b.off_is_doubtful, b.was_off_at_us, f.listed_at_us, f.interval_us, b.last_kind, "                 \
    "b.last_event_id, " BELIEF_COLUMNS " FROM booking b LEFT JOIN feed f ON f.id = b.roster_feed "
#define BELIEF_COLUMNS                                                                                 \
    "b.standing, b.left_from_us, b.left_to_us, b.left_seen_at_us, b.belief_flags, b.held_from_us, "    \
    "b.last_kind, b.id, b.jail"
enum { BELIEF_AT = 20 }; /* where they begin among the booking's */

enum { BELIEF_DOUBTFUL = 1, BELIEF_UNCLEAR = 2, BELIEF_DEATH = 4, BELIEF_UNCOUNTED = 8 };

/* Of a leaving, what carried it is what was told of it last. */
static struct belief_booking read_belief(struct db_rows *rows, int at) {
    const enum custody_standing standing = (enum custody_standing)db_int(rows, at);
    const gint64 flags = db_int(rows, at + 4);
    return (struct belief_booking){.id = db_int(rows, at + 7),
                                   .jail = g_str_hash(db_text(rows, at + 8)),
                                   .standing = standing,
                                   .kind = standing == STANDING_GONE        ? CUSTODY_LEFT_ROSTER
                                           : standing == STANDING_ELSEWHERE ? CUSTODY_TRANSFERRED
                                           : standing == STANDING_DEAD      ? CUSTODY_DIED
                                           : standing == STANDING_OUT && !db_is_null(rows, at + 6) &&
                                                   db_int(rows, at + 6) == CUSTODY_ESCAPED
                                               ? CUSTODY_ESCAPED
                                           : standing == STANDING_OUT ? CUSTODY_RELEASED
                                                                      : CUSTODY_N_KINDS,
                                   .from_us = db_time(rows, at + 1),
                                   .to_us = db_time(rows, at + 2),
                                   .observed_at_us = db_time(rows, at + 3),
                                   .is_doubtful = (flags & BELIEF_DOUBTFUL) != 0,
                                   .is_unclear = (flags & BELIEF_UNCLEAR) != 0,
                                   .has_death = (flags & BELIEF_DEATH) != 0,
                                   .held_from_us = db_time(rows, at + 5)};
}

static void read_booking(struct db_rows *rows, struct store_booking *row) {
    row->key = g_strdup(db_text(rows, 2));
    row->person_key = g_strdup(db_text(rows, 3));
    row->facility_id = g_strdup(db_text(rows, 4));
    row->status = g_strdup(db_text(rows, 5));
    row->booking =
        (struct custody_booking){.id = db_int(rows, 0),
                                 .person_id = db_int(rows, 1),
                                 .key = row->key,
                                 .person_key = row->person_key,
                                 .facility_id = row->facility_id,
                                 .status = row->status,
                                 .flags = (guint)db_int(rows, 6),
                                 .admitted_at_us = db_time(rows, 7),
                                 .tenure_from_us = db_time(rows, 8),
                                 .digest = (guint64)db_int(rows, 9),
                                 .listing = (enum custody_listing)db_int(rows, 10),
                                 .row_says_out = db_int(rows, 11) != 0,
                                 .listed_at_us = db_time(rows, 12),
                                 .off_at_us = db_time(rows, 13),
                                 .is_off_doubtful = db_int(rows, 14) != 0,
                                 .was_off_at_us = db_time(rows, 15),
                                 .newest_list_at_us = db_time(rows, 16),
                                 .list_interval_us = db_is_null(rows, 17) ? DAY_US : db_int(rows, 17),
                                 .has_event = !db_is_null(rows, 18),
                                 .last_kind = (enum custody_kind)db_int(rows, 18),
                                 .is_uncounted = (db_int(rows, BELIEF_AT + 4) & BELIEF_UNCOUNTED) != 0,
                                 .belief = read_belief(rows, BELIEF_AT)};
    gsize n;
    const void *id = db_blob(rows, 19, &n);
    if (id && n == sizeof row->booking.last_event_id)
        memcpy(row->booking.last_event_id, id, n);
}

void store_booking_clear(struct store_booking *row) {
    g_free(row->key);
    g_free(row->person_key);
    g_free(row->facility_id);
    g_free(row->status);
    *row = (struct store_booking){.key = NULL};
}

static gboolean take_booking(struct db_rows *rows, struct store_booking *row, GError **error) {
    *row = (struct store_booking){.key = NULL};
    if (db_next(rows))
        read_booking(rows, row);
    return db_done(rows, error);
}

gboolean store_booking_by_key(struct db *db, const char *jail, const char *key,
                              struct store_booking *row, GError **error) {
    return take_booking(db_query(db, "SELECT " BOOKING_COLUMNS "WHERE b.jail = :jail AND b.key = :key",
                                 PARAMS(P_TEXT("jail", jail), P_TEXT("key", key))),
                        row, error);
}

gboolean store_booking_by_id(struct db *db, gint64 id, struct store_booking *row, GError **error) {
    return take_booking(
        db_query(db, "SELECT " BOOKING_COLUMNS "WHERE b.id = :id", PARAMS(P_INT("id", id))), row,
        error);
}

char *store_booking_jail(struct db *db, gint64 booking_id, GError **error) {
    char *jail = NULL;
    struct db_rows *rows =
        db_query(db, "SELECT jail FROM booking WHERE id = :id", PARAMS(P_INT("id", booking_id)));
    if (db_next(rows))
        jail = g_strdup(db_text(rows, 0));
    if (!db_done(rows, error))
        g_clear_pointer(&jail, g_free);
    return jail;
}

gboolean store_booking_find(struct db *db, const char *whole, const char *jail, const char *rest,
                            gint64 *booking_id, gint64 *person_id, guint *n, GError **error) {
    struct db_rows *rows =
        db_query(db,
                 "SELECT id, person_id FROM booking WHERE key = :whole OR (jail = "
                 ":jail AND key = :rest) LIMIT 2",
                 PARAMS(P_TEXT("whole", whole), P_TEXT("jail", jail), P_TEXT("rest", rest)));
    for (*n = 0; db_next(rows); ++*n) {
        *booking_id = db_int(rows, 0);
        *person_id = db_int(rows, 1);
    }
    return db_done(rows, error);
}

gboolean store_booking_save(struct db *db, const char *jail, const char *roster_feed,
                            struct custody_booking *b, GError **error) {
    static const char insert[] =
        "INSERT INTO booking (jail, key, person_id, person_key, roster_feed, facility, status, flags, "
        "admitted_at_us, tenure_from_us, digest, listing, row_says_out, listed_at_us, off_at_us, "
        "off_is_doubtful, was_off_at_us, standing, left_from_us, left_to_us, left_seen_at_us, "
        "belief_flags, held_from_us, last_kind, last_event_id) VALUES (:jail, :key, :person_id, "
        ":person_key, :roster_feed, :facility, :status, :flags, :admitted_at, :tenure_from, :digest, "
        ":listing, :row_says_out, :listed_at, :off_at, :off_is_doubtful, :was_off_at, :standing, "
        ":left_from, :left_to, :left_seen_at, :belief_flags, :held_from, :last_kind, :last_event_id)";
    static const char update[] =
        "UPDATE booking SET person_id = :person_id, person_key = :person_key, "
        "roster_feed = coalesce(:roster_feed, roster_feed), facility = :facility, status = :status, "
        "flags = :flags, admitted_at_us = :admitted_at, tenure_from_us = :tenure_from, "
        "digest = :digest, listing = :listing, row_says_out = :row_says_out, listed_at_us = "
        ":listed_at, off_at_us = :off_at, off_is_doubtful = :off_is_doubtful, was_off_at_us = "
        ":was_off_at, standing = :standing, left_from_us = :left_from, left_to_us = :left_to, "
        "left_seen_at_us = :left_seen_at, belief_flags = :belief_flags, held_from_us = :held_from, "
        "last_kind = :last_kind, last_event_id = :last_event_id WHERE id = :id";
    const struct db_param id = P_INT("id", b->id), new_key = P_TEXT("key", b->key),
                          new_jail = P_TEXT("jail", jail), end = {.name = NULL};
    const struct belief_booking *belief = &b->belief;
    gboolean ok = db_run(
        db, b->id ? update : insert,
        ((const struct db_param[]){
            P_INT("person_id", b->person_id),
            P_TEXT("person_key", b->person_key),
            P_TEXT("roster_feed", roster_feed),
            P_TEXT("facility", b->facility_id),
            P_TEXT("status", b->status),
            P_INT("flags", b->flags),
            P_TIME("admitted_at", b->admitted_at_us),
            P_TIME("tenure_from", b->tenure_from_us),
            P_INT("digest", b->digest),
            P_INT("listing", b->listing),
            P_INT("row_says_out", b->row_says_out),
            P_TIME("listed_at", b->listed_at_us),
            P_TIME("off_at", b->off_at_us),
            P_INT("off_is_doubtful", b->is_off_doubtful),
            P_TIME("was_off_at", b->was_off_at_us),
            P_INT("standing", belief->standing),
            P_TIME("left_from", belief->from_us),
            P_TIME("left_to", belief->to_us),
            P_TIME("left_seen_at", belief->observed_at_us),
            P_INT("belief_flags", (belief->is_doubtful ? BELIEF_DOUBTFUL : 0) |
                                      (belief->is_unclear ? BELIEF_UNCLEAR : 0) |
                                      (belief->has_death ? BELIEF_DEATH : 0) |
                                      (b->is_uncounted ? BELIEF_UNCOUNTED : 0)),
            P_TIME("held_from", belief->held_from_us),
            {.name = ":last_kind", .type = b->has_event ? DB_INT : DB_NULL, .number = b->last_kind},
            P_BLOB("last_event_id", b->has_event ? b->last_event_id : NULL, sizeof b->last_event_id),
            b->id ? id : new_key,
            b->id ? end : new_jail,
            end}),
        error);
    if (ok && !b->id)
        b->id = db_last_id(db);
    return ok;
}

gboolean store_booking_seal(struct db *db, const char *jail, const char *key, guint flags,
                            GError **error) {
    return db_run(db,
                  "UPDATE booking SET flags = flags | :flags, digest = 0 WHERE jail = :jail AND key = "
                  ":key AND (flags & :flags) <> :flags",
                  PARAMS(P_INT("flags", flags), P_TEXT("jail", jail), P_TEXT("key", key)), error);
}

gboolean store_booking_expect(struct db *db, const char *feed, struct custody_roster *roster,
                              GError **error) {
    struct db_rows *rows = db_query(
        db,
        "SELECT id, key, person_key, digest, tenure_from_us, standing, belief_flags FROM booking "
        "WHERE roster_feed = :feed AND listing = " SQL_LISTING_NOW " ORDER BY id",
        PARAMS(P_TEXT("feed", feed)));
    while (db_next(rows)) {
        gsize key_n, person_key_n;
        const char *key = db_blob(rows, 1, &key_n), *person_key = db_blob(rows, 2, &person_key_n);
        custody_roster_expect(roster, db_int(rows, 0), key, key_n, person_key, person_key_n,
                              (guint64)db_int(rows, 3), db_time(rows, 4),
                              db_int(rows, 5) >= STANDING_ELSEWHERE,
                              (db_int(rows, 6) & BELIEF_UNCOUNTED) == 0);
    }
    return db_done(rows, error);
}

static GArray *read_ids(struct db_rows *rows, GError **error) {
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    while (db_next(rows)) {
        gint64 id = db_int(rows, 0);
        g_array_append_val(ids, id);
    }
    if (db_done(rows, error))
        return ids;
    g_array_unref(ids);
    return NULL;
}

GArray *store_booking_still_listed(struct db *db, const char *feed, GError **error) {
    return read_ids(
        db_query(db,
                 "SELECT id FROM booking WHERE roster_feed = :feed AND listing = " SQL_LISTING_NOW " "
                 "AND standing >= " SQL_STANDING_ELSEWHERE " AND (row_says_out = 0 OR (belief_flags & "
                 ":unclear) <> 0)",
                 PARAMS(P_TEXT("feed", feed), P_INT("unclear", BELIEF_UNCLEAR))),
        error);
}

GArray *store_booking_still_off(struct db *db, const char *feed, GError **error) {
    return read_ids(
        db_query(db,
                 "SELECT id FROM booking WHERE roster_feed = :feed AND listing = " SQL_LISTING_GONE " "
                 "AND (standing IN (" SQL_STANDING_HELD ", " SQL_STANDING_AWAY ") OR (belief_flags & "
                 ":unclear) <> 0)",
                 PARAMS(P_TEXT("feed", feed), P_INT("unclear", BELIEF_UNCLEAR))),
        error);
}

GArray *store_booking_doubtfully_gone(struct db *db, const char *feed, GError **error) {
    return read_ids(
        db_query(db,
                 "SELECT id FROM booking WHERE roster_feed = :feed AND listing = " SQL_LISTING_NOW " "
                 "AND off_is_doubtful = 1",
                 PARAMS(P_TEXT("feed", feed))),
        error);
}

gboolean store_booking_newest(struct db *db, gint64 *id, GError **error) {
    return db_number(db, "SELECT max(id) FROM booking", NO_PARAMS, 0, id, error);
}

GArray *store_beliefs(struct db *db, gint64 person_id, GError **error) {
    GArray *beliefs = g_array_new(FALSE, FALSE, sizeof(struct belief_booking));
    struct db_rows *rows =
        db_query(db,
                 "SELECT " BELIEF_COLUMNS " FROM booking b WHERE b.person_id IN (SELECT CAST(:id AS "
                 "BIGINT) UNION SELECT o.person_id FROM person_identity i JOIN person_identity o ON "
                 "o.identity = i.identity WHERE i.person_id = :id) ORDER BY b.id",
                 PARAMS(P_INT("id", person_id)));
    while (db_next(rows)) {
        const struct belief_booking belief = read_belief(rows, 0);
        g_array_append_val(beliefs, belief);
    }
    if (db_done(rows, error))
        return beliefs;
    g_array_unref(beliefs);
    return NULL;
}

struct custody_history *store_history(struct db *db, gint64 booking_id, GError **error) {
    struct custody_history *history = custody_history_new();
    struct db_rows *rows =
        db_query(db,
                 "SELECT id, kind, said, feed, source_key, names, is_within, is_doubtful, "
                 "occurred_at_us, coalesce(occurred_to_us, occurred_at_us), observed_at_us FROM event "
                 "WHERE booking_id = :id AND said <> 0 ORDER BY seq",
                 PARAMS(P_INT("id", booking_id)));
    while (db_next(rows)) {
        struct custody_event event = {.kind = (enum custody_kind)db_int(rows, 1),
                                      .said = (enum custody_said)db_int(rows, 2),
                                      .names = db_text(rows, 5),
                                      .is_within = db_int(rows, 6) != 0,
                                      .is_doubtful = db_int(rows, 7) != 0,
                                      .occurred_at_us = db_time(rows, 8),
                                      .occurred_to_us = db_time(rows, 9),
                                      .observed_at_us = db_int(rows, 10)};
        gsize n;
        const void *id = db_blob(rows, 0, &n);
        if (id && n == sizeof event.id)
            memcpy(event.id, id, n);
        custody_history_add(history, &event, db_text(rows, 3), db_text(rows, 4));
    }
    if (db_done(rows, error))
        return history;
    custody_history_free(history);
    return NULL;
}

/* ── Events ────────────────────────────────────────────────────────────────────────────────────── */

gboolean store_event_seq(struct db *db, const guint8 id[CUSTODY_EVENT_ID_BYTES], gint64 *seq,
                         GError **error) {
    return db_number(db, "SELECT seq FROM event WHERE id = :id",
                     PARAMS(P_BLOB("id", id, CUSTODY_EVENT_ID_BYTES)), 0, seq, error);
}

gboolean store_event_by_source_key(struct db *db, const char *feed, const char *source_key,
                                   gint64 booking_id, guint8 id[CUSTODY_EVENT_ID_BYTES],
                                   gboolean *is_found, GError **error) {
    struct db_rows *rows = db_query(
        db,
        "SELECT id FROM event WHERE feed = :feed AND source_key = :key ORDER BY CASE WHEN booking_id = "
        ":booking THEN 0 ELSE 1 END, seq DESC LIMIT 1",
        PARAMS(P_TEXT("feed", feed), P_TEXT("key", source_key), P_INT("booking", booking_id)));
    gsize n = 0;
    const void *bytes = db_next(rows) ? db_blob(rows, 0, &n) : NULL;
    *is_found = bytes && n == CUSTODY_EVENT_ID_BYTES;
    if (*is_found)
        memcpy(id, bytes, n);
    return db_done(rows, error);
}

gboolean store_event_unclear_last(struct db *db, const char *feed, gint64 booking_id,
                                  guint8 id[CUSTODY_EVENT_ID_BYTES], gboolean *is_found,
                                  GError **error) {
    struct db_rows *rows = db_query(
        db,
        "SELECT id, is_unclear, feed FROM event WHERE booking_id = :booking ORDER BY seq DESC LIMIT 1",
        PARAMS(P_INT("booking", booking_id)));
    gsize n = 0;
    *is_found = db_next(rows) && db_int(rows, 1) && g_strcmp0(db_text(rows, 2), feed) == 0;
    const void *bytes = *is_found ? db_blob(rows, 0, &n) : NULL;
    if (*is_found && n == CUSTODY_EVENT_ID_BYTES)
        memcpy(id, bytes, n);
    return db_done(rows, error);
}

gboolean store_event_place(struct db *db, const guint8 id[CUSTODY_EVENT_ID_BYTES],
                           struct store_event_place *place, GError **error) {
    struct db_rows *rows = db_query(
        db,
        "SELECT e.seq, coalesce(b.person_id, 0), e.corrects IS NOT NULL, coalesce(e.booking_id, 0) "
        "FROM event e LEFT JOIN booking b ON b.id = e.booking_id "
        "WHERE e.id = :id",
        PARAMS(P_BLOB("id", id, CUSTODY_EVENT_ID_BYTES)));
    *place = (struct store_event_place){.seq = 0};
    if (db_next(rows))
        *place = (struct store_event_place){.seq = db_int(rows, 0),
                                            .person_id = db_int(rows, 1),
                                            .corrects = db_int(rows, 2) != 0,
                                            .booking_id = db_int(rows, 3)};
    return db_done(rows, error);
}

gboolean store_event_add(struct db *db, struct store_event *s, GError **error) {
    const struct custody_event *e = s->event;
    const struct db_param none = {.name = ":x", .type = DB_NULL};
    struct db_param source_id = P_INT("source_id", s->source_id), row = P_INT("row", e->row),
                    booking_id = P_INT("booking_id", s->booking_id);
    source_id.type = s->source_id ? DB_INT : none.type;
    row.type = e->row ? DB_INT : none.type;
    booking_id.type = s->booking_id ? DB_INT : none.type;

    if (!db_run(
            db,
            "INSERT INTO event (seq, id, kind, assertion, is_late, is_unclear, feed, source_id, row, "
            "facility, booking_id, occurred_at_us, occurred_to_us, occurred_on_date, observed_at_us, "
            "recorded_at_us, corrects, detail, source_key, said, names, is_within, is_doubtful) VALUES "
            "(" NEXT_EVENT ", :id, :kind, :assertion, :is_late, "
            ":is_unclear, :feed, :source_id, :row, :facility, :booking_id, :occurred_at, :occurred_to, "
            ":on_date, :observed_at, :recorded_at, :corrects, :detail, :source_key, :said, :names, "
            ":is_within, :is_doubtful) ON CONFLICT "
            "(id) DO NOTHING",
            PARAMS(P_BLOB("id", e->id, sizeof e->id), P_INT("kind", e->kind),
                   P_INT("assertion", e->assertion), P_INT("is_late", e->is_late),
                   P_INT("is_unclear", e->is_unclear), P_TEXT("feed", s->feed), source_id, row,
                   P_TEXT("facility", e->facility_id), booking_id,
                   P_TIME("occurred_at", e->occurred_at_us),
                   P_TIME("occurred_to",
                          e->occurred_to_us == e->occurred_at_us ? TIME_UNKNOWN : e->occurred_to_us),
                   P_INT("said", e->said), P_TEXT("names", e->names), P_INT("is_within", e->is_within),
                   P_INT("is_doubtful", e->is_doubtful), P_INT("on_date", e->occurred_on_date),
                   P_INT("observed_at", e->observed_at_us), P_INT("recorded_at", s->recorded_at_us),
                   P_BLOB("corrects", e->has_corrects ? e->corrects : NULL, sizeof e->corrects),
                   P_TEXT("detail", e->detail), P_TEXT("source_key", s->source_key)),
            error))
        return FALSE;
    s->is_new = db_changes(db) == 1;
    if (!s->is_new)
        return store_event_seq(db, e->id, &s->seq, error);
    s->seq = db_last_id(db);
    return TRUE;
}

/* All events are gone through: it is done once, after a clock was wrong. */
#define AHEAD "feed = :feed AND observed_at_us > :now"
#define LIST_AHEAD                                                                                     \
    "roster_feed = :feed AND (off_at_us > :now OR was_off_at_us > :now OR listed_at_us > :now)"
#define NO_LATER(column) column " = CASE WHEN " column " > :now THEN :now ELSE " column " END"

static GArray *bookings_ahead(struct db *db, const char *feed, gint64 now_at_us, GError **error) {
    return db_ids(db_query(db,
                           "SELECT booking_id FROM event WHERE booking_id IS NOT NULL AND " AHEAD
                           " UNION SELECT id FROM booking WHERE " LIST_AHEAD,
                           PARAMS(P_TEXT("feed", feed), P_INT("now", now_at_us))),
                  error);
}

GArray *store_events_stamp_again(struct db *db, const char *feed, gint64 now_at_us, GError **error) {
    GArray *bookings = bookings_ahead(db, feed, now_at_us, error);
    if (bookings &&
        db_run(db,
               "UPDATE event SET observed_at_us = :now - ((SELECT max(seq) FROM event) - seq) "
               "WHERE " AHEAD,
               PARAMS(P_TEXT("feed", feed), P_INT("now", now_at_us)), error) &&
        db_run(db,
               "UPDATE booking SET " NO_LATER("off_at_us") ", " NO_LATER("was_off_at_us") ", " NO_LATER(
                   "listed_at_us") " WHERE " LIST_AHEAD,
               PARAMS(P_TEXT("feed", feed), P_INT("now", now_at_us)), error))
        return bookings;
    if (bookings)
        g_array_unref(bookings);
    return NULL;
}

gboolean store_event_as_known(struct db *db, gint64 booking_id, const guint8 id[CUSTODY_EVENT_ID_BYTES],
                              gint64 now_at_us, gint64 *seq, GError **error) {
    return db_run(db,
                  "INSERT INTO event (seq, id, kind, assertion, is_late, is_unclear, feed, facility, "
                  "booking_id, occurred_on_date, observed_at_us, recorded_at_us, detail) "
                  "SELECT " NEXT_EVENT
                  ", :id, :kind, :assertion, 0, 0, coalesce(b.roster_feed, (SELECT e.feed FROM event e "
                  "WHERE e.booking_id = b.id ORDER BY e.seq DESC LIMIT 1)), b.facility, b.id, 0, "
                  "coalesce(CASE WHEN b.listing = " SQL_LISTING_NOW " THEN (SELECT f.listed_at_us FROM "
                  "feed f WHERE f.id = b.roster_feed) END, (SELECT max(e.observed_at_us) FROM event e "
                  "WHERE e.booking_id = b.id), b.tenure_from_us, :now), :now, '' FROM booking b WHERE "
                  "b.id "
                  "= :booking ON CONFLICT (id) DO NOTHING",
                  PARAMS(P_BLOB("id", id, CUSTODY_EVENT_ID_BYTES), P_INT("kind", CUSTODY_AS_KNOWN),
                         P_INT("assertion", ASSERTION_REPORTED), P_INT("now", now_at_us),
                         P_INT("booking", booking_id)),
                  error) &&
           store_event_seq(db, id, seq, error);
}

gboolean store_event_state(struct db *db, gint64 seq, const struct belief_statement *s,
                           GError **error) {
    g_autoptr(GString) holders = g_string_new(NULL);
    for (guint i = 0; i < MIN(s->n_holders, G_N_ELEMENTS(s->holders)); i++)
        g_string_append_printf(holders, i ? " %" G_GINT64_FORMAT : "%" G_GINT64_FORMAT, s->holders[i]);
    return db_run(
        db,
        "UPDATE event SET standing = :standing, about_kind = :kind, about_booking = :booking, "
        "about_from_us = :from, about_to_us = :to, about_flags = :flags, holders = :holders "
        "WHERE seq = :seq",
        PARAMS(P_INT("standing", s->standing), P_INT("kind", s->kind), P_INT("booking", s->booking),
               P_TIME("from", s->from_us), P_TIME("to", s->to_us),
               P_INT("flags",
                     (s->is_doubtful ? BELIEF_DOUBTFUL : 0) | (s->is_unclear ? BELIEF_UNCLEAR : 0)),
               P_TEXT("holders", holders->str), P_INT("seq", seq)),
        error);
}

static void read_holders(const char *text, struct belief_statement *s) {
    g_auto(GStrv) ids = g_strsplit(text, " ", -1);
    for (char **id = ids; *id; id++)
        if (**id && s->n_holders < G_N_ELEMENTS(s->holders))
            s->holders[s->n_holders++] = g_ascii_strtoll(*id, NULL, 10);
}

/* An ending as a statement of its own. */
static struct belief_statement ending_of(struct db_rows *rows) {
    const enum custody_kind kind = (enum custody_kind)db_int(rows, 7);
    return (struct belief_statement){.standing = kind == CUSTODY_DIED          ? STANDING_DEAD
                                                 : kind == CUSTODY_LEFT_ROSTER ? STANDING_GONE
                                                 : kind == CUSTODY_TRANSFERRED ? STANDING_ELSEWHERE
                                                                               : STANDING_OUT,
                                     .kind = kind,
                                     .booking = db_int(rows, 8),
                                     .from_us = db_time(rows, 9),
                                     .to_us =
                                         db_is_null(rows, 10) ? db_int(rows, 11) : db_int(rows, 10),
                                     .is_doubtful = db_int(rows, 13) != 0};
}

/* What was told before statements were kept says what its kind says. */
static struct belief_statement statement_of(struct db_rows *rows) {
    const enum custody_kind kind = (enum custody_kind)db_int(rows, 7);
    struct belief_statement s = {.kind = CUSTODY_N_KINDS};
    if (!db_is_null(rows, 0)) {
        s = (struct belief_statement){.standing = (enum custody_standing)db_int(rows, 0),
                                      .kind = (enum custody_kind)db_int(rows, 1),
                                      .booking = db_int(rows, 2),
                                      .from_us = db_time(rows, 3),
                                      .to_us = db_time(rows, 4),
                                      .is_doubtful = (db_int(rows, 5) & BELIEF_DOUBTFUL) != 0,
                                      .is_unclear = (db_int(rows, 5) & BELIEF_UNCLEAR) != 0};
        read_holders(db_text(rows, 6), &s);
    } else if (KIND_BIT(kind) & KINDS_OUT) {
        s = ending_of(rows);
    } else {
        s.standing = kind == CUSTODY_TEMPORARY_ABSENCE ? STANDING_AWAY : STANDING_HELD;
        s.holders[s.n_holders++] = db_int(rows, 8);
    }
    return s;
}

GArray *store_told(struct db *db, const char *registration_id, GError **error) {
    GArray *told = g_array_new(FALSE, FALSE, sizeof(struct belief_statement));
    struct db_rows *rows = db_query(
        db,
        "SELECT e.standing, e.about_kind, e.about_booking, e.about_from_us, e.about_to_us, "
        "e.about_flags, e.holders, e.kind, e.booking_id, e.occurred_at_us, "
        "coalesce(e.occurred_to_us, e.occurred_at_us), e.observed_at_us, e.is_unclear, e.is_doubtful, "
        "e.is_within FROM alert a JOIN event e ON e.seq = a.event_seq WHERE a.registration_id = :id "
        "AND e.booking_id IS NOT NULL AND e.kind <> " SQL_CUSTODY_STATUS_CHANGED
        " AND (a.may_have_left = 1 "
        "OR a.state NOT IN (" SQL_ALERT_WITHDRAWN ", " SQL_ALERT_WITHHELD ", " SQL_ALERT_ENDED
        ")) ORDER BY a.seq",
        PARAMS(P_TEXT("id", registration_id)));
    while (db_next(rows)) {
        const struct belief_statement now = statement_of(rows), ending = ending_of(rows);
        const gboolean is_ending = (KIND_BIT(db_int(rows, 7)) & KINDS_OUT) ||
                                   (db_int(rows, 7) == CUSTODY_TRANSFERRED && !db_int(rows, 14));
        if (is_ending && (now.kind != ending.kind || now.booking != ending.booking))
            g_array_append_val(told, ending); /* that it rode along with what was believed */
        g_array_append_val(told, now);
    }
    if (db_done(rows, error))
        return told;
    g_array_unref(told);
    return NULL;
}

static GArray *read_batch(struct db_rows *rows, GError **error) {
    GArray *batch = g_array_new(FALSE, FALSE, sizeof(struct store_batch_event));
    while (db_next(rows)) {
        struct store_batch_event e = {.seq = db_int(rows, 0),
                                      .booking_id = db_int(rows, 1),
                                      .kind = (enum custody_kind)db_int(rows, 3),
                                      .said = (enum custody_said)db_int(rows, 4)};
        gsize n;
        const void *id = db_blob(rows, 2, &n);
        if (id && n == sizeof e.id)
            memcpy(e.id, id, n);
        g_array_append_val(batch, e);
    }
    if (db_done(rows, error))
        return batch;
    g_array_unref(batch);
    return NULL;
}

#define BATCH_COLUMNS                                                                                  \
    "SELECT seq, booking_id, id, kind, said FROM event WHERE booking_id IS NOT NULL AND "

GArray *store_batch(struct db *db, const char *feed, gint64 first_seq, gboolean are_arrivals,
                    GError **error) {
    return read_batch(
        db_query(
            db,
            BATCH_COLUMNS
            "seq >= :first AND feed = :feed AND is_doubtful = 0 AND is_late = 0 AND ((:arrivals = 1 "
            "AND kind = 0) "
            "OR (:arrivals = 0 AND said IN (1, 2) AND (kind IN (1, 3, 5) OR (kind = 2 AND "
            "is_within = 0)))) ORDER BY seq",
            PARAMS(P_INT("first", first_seq), P_TEXT("feed", feed), P_INT("arrivals", are_arrivals))),
        error);
}

GArray *store_batch_doubtful(struct db *db, const char *feed, GError **error) {
    return read_batch(db_query(db,
                               BATCH_COLUMNS
                               "feed = :feed AND is_doubtful = 1 AND (said IN (1, 2) OR kind = 0) "
                               "ORDER BY seq",
                               PARAMS(P_TEXT("feed", feed))),
                      error);
}

GArray *store_batch_of(struct db *db, gint64 source_id, GError **error) {
    return read_batch(db_query(db,
                               BATCH_COLUMNS "source_id = :source AND (said IN (1, 2) OR (said = 0 AND "
                                             "(kind IN (0, 8) OR is_unclear = 1))) ORDER BY seq",
                               PARAMS(P_INT("source", source_id))),
                      error);
}

GArray *store_batch_vanished(struct db *db, const char *feed, gint64 listed_at_us, GError **error) {
    return read_batch(
        db_query(db,
                 BATCH_COLUMNS
                 "kind = 8 AND said = 0 AND source_id IN (SELECT id FROM source WHERE feed = :feed AND "
                 "state = :undone) AND booking_id IN (SELECT id FROM booking WHERE roster_feed = :feed "
                 "AND listing = " SQL_LISTING_GONE " AND off_at_us > :listed_at) ORDER BY seq",
                 PARAMS(P_TEXT("feed", feed), P_INT("undone", SOURCE_UNDONE),
                        P_TIME("listed_at", listed_at_us))),
        error);
}

gboolean store_event_doubt(struct db *db, gint64 seq, gboolean is_doubtful, GError **error) {
    return db_run(db, "UPDATE event SET is_doubtful = :doubtful WHERE seq = :seq",
                  PARAMS(P_INT("doubtful", is_doubtful), P_INT("seq", seq)), error) &&
           (!is_doubtful ||
            db_run(
                db,
                "UPDATE event SET about_flags = about_flags | 1 WHERE seq = :seq AND NOT EXISTS "
                "(SELECT 1 FROM alert a WHERE a.event_seq = :seq AND (a.may_have_left = 1 OR a.state "
                "<> " SQL_ALERT_QUEUED "))",
                PARAMS(P_INT("seq", seq)), error));
}

gboolean store_event_undo(struct db *db, gint64 seq, GError **error) {
    return db_run(db, "UPDATE event SET said = :undone, is_doubtful = 0 WHERE seq = :seq",
                  PARAMS(P_INT("undone", SAID_UNDONE), P_INT("seq", seq)), error);
}

gboolean store_event_repeat(struct db *db, gint64 of, const guint8 id[CUSTODY_EVENT_ID_BYTES],
                            enum custody_kind kind, const char *detail, gint64 now_at_us, gint64 *seq,
                            GError **error) {
    return db_run(db,
                  "INSERT INTO event (seq, id, kind, assertion, is_late, is_unclear, feed, facility, "
                  "booking_id, occurred_on_date, observed_at_us, recorded_at_us, detail) "
                  "SELECT " NEXT_EVENT ", :id, :kind, :assertion, 0, 0, feed, facility, booking_id, 0, "
                  ":now, :now, :detail FROM "
                  "event WHERE seq = :of ON CONFLICT (id) DO NOTHING",
                  PARAMS(P_BLOB("id", id, CUSTODY_EVENT_ID_BYTES), P_INT("kind", kind),
                         P_INT("assertion", ASSERTION_CORRECTED), P_INT("now", now_at_us),
                         P_TEXT("detail", detail), P_INT("of", of)),
                  error) &&
           store_event_seq(db, id, seq, error);
}

/* ── Listings ──────────────────────────────────────────────────────────────────────────────────── */

#define PERSON_COLUMNS                                                                                 \
    "SELECT p.id, p.scope, p.key, p.surname, p.given, p.middle, p.suffix, p.born, b.key, b.facility, " \
    "b.jail, b.standing, b.flags, b.admitted_at_us, (SELECT MAX(flags & 1) + MAX(flags & 2) + "        \
    "MAX(flags & 4) FROM booking WHERE person_id = p.id) FROM person p LEFT JOIN booking b ON b.id = " \
    "(SELECT id FROM booking WHERE person_id = p.id ORDER BY standing IN (" SQL_STANDING_HELD          \
    ", " SQL_STANDING_AWAY ") DESC, standing = " SQL_STANDING_DEAD " DESC, coalesce(left_to_us, 0) "   \
    "DESC, id DESC LIMIT 1) "

static gboolean each_person(struct db_rows *rows, store_person_fn each, void *context, GError **error) {
    while (db_next(rows)) {
        const struct store_person_row row = {.id = db_int(rows, 0),
                                             .scope = db_text(rows, 1),
                                             .key = db_text(rows, 2),
                                             .surname = db_text(rows, 3),
                                             .given = db_text(rows, 4),
                                             .middle = db_text(rows, 5),
                                             .suffix = db_text(rows, 6),
                                             .born = (gint32)db_int(rows, 7),
                                             .booking = db_text(rows, 8),
                                             .facility = db_text(rows, 9),
                                             .jail = db_text(rows, 10),
                                             .standing = (enum custody_standing)db_int(rows, 11),
                                             .flags = (guint)db_int(rows, 12),
                                             .admitted_at_us = db_time(rows, 13),
                                             .any_flags = (guint)db_int(rows, 14)};
        each(&row, context);
    }
    return db_done(rows, error);
}

gboolean store_person_numbered(struct db *db, const char *number, store_person_fn each, void *context,
                               GError **error) {
    /* Bookings are found by jail and number: all jails are few, and each is one step in their index. */
    return each_person(
        db_query(db,
                 "WITH RECURSIVE jails (jail) AS (SELECT MIN(jail) FROM booking UNION ALL "
                 "SELECT (SELECT MIN(jail) FROM booking b WHERE b.jail > jails.jail) FROM "
                 "jails WHERE jails.jail IS NOT NULL) " PERSON_COLUMNS
                 "WHERE p.id IN (SELECT id FROM person WHERE key = :key UNION SELECT "
                 "person_id FROM booking WHERE key = :key AND jail IN (SELECT jail FROM jails)) "
                 "ORDER BY p.folded, p.key LIMIT 1000",
                 PARAMS(P_TEXT("key", number))),
        each, context, error);
}

gboolean store_person_rows(struct db *db, const GArray *ids, store_person_fn each, void *context,
                           GError **error) {
    gboolean ok = TRUE;
    for (guint i = 0; ok && i < ids->len; i++)
        ok = each_person(db_query(db, PERSON_COLUMNS "WHERE p.id = :id",
                                  PARAMS(P_INT("id", g_array_index(ids, guint32, i)))),
                         each, context, error);
    return ok;
}

#define NAME_COLUMNS                                                                                   \
    "p.id, p.scope, p.surname, p.given, p.middle, p.suffix, p.born, "                                  \
    "(SELECT key FROM person_key k WHERE k.person_id = p.id)"

static gboolean each_name(struct db_rows *rows, store_name_fn each, void *context, GError **error) {
    while (db_next(rows)) {
        gsize n;
        const guint8 *key = db_blob(rows, 7, &n);
        const struct store_name name = {.person_id = db_int(rows, 0),
                                        .scope = db_text(rows, 1),
                                        .surname = db_text(rows, 2),
                                        .given = db_text(rows, 3),
                                        .middle = db_text(rows, 4),
                                        .suffix = db_text(rows, 5),
                                        .born = (gint32)db_int(rows, 6),
                                        .key = key && n == 32 ? key : NULL,
                                        .seq = db_int(rows, 8)};
        each(&name, context);
    }
    return db_done(rows, error);
}

gboolean store_names(struct db *db, store_name_fn each, void *context, GError **error) {
    return each_name(db_query(db,
                              "SELECT " NAME_COLUMNS ", 0 FROM person p WHERE folded <> '' ORDER BY id",
                              NO_PARAMS),
                     each, context, error);
}

gboolean store_name_get(struct db *db, gint64 person_id, store_name_fn each, void *context,
                        GError **error) {
    return each_name(db_query(db, "SELECT " NAME_COLUMNS ", 0 FROM person p WHERE id = :id",
                              PARAMS(P_INT("id", person_id))),
                     each, context, error);
}

gboolean store_names_changed(struct db *db, gint64 seq, guint limit, store_name_fn each, void *context,
                             GError **error) {
    return each_name(db_query(db,
                              "SELECT " NAME_COLUMNS ", c.seq FROM person_change c JOIN person p ON "
                              "p.id = c.person_id WHERE c.seq > :after ORDER BY c.seq LIMIT :most",
                              PARAMS(P_INT("after", seq), P_INT("most", limit))),
                     each, context, error);
}

gboolean store_names_seq(struct db *db, gint64 *seq, GError **error) {
    return db_number(db, "SELECT MAX(seq) FROM person_change", NO_PARAMS, 0, seq, error);
}

gboolean store_person_count(struct db *db, gint64 *n, GError **error) {
    return db_number(db, "SELECT COUNT(*) FROM person", NO_PARAMS, 0, n, error);
}

char *store_person_label(struct db *db, gint64 person_id, GError **error) {
    char *label = NULL;
    struct db_rows *rows = db_query(db, "SELECT scope || ':' || key FROM person WHERE id = :id",
                                    PARAMS(P_INT("id", person_id)));
    if (db_next(rows))
        label = g_strdup(db_text(rows, 0));
    if (!db_done(rows, error))
        g_clear_pointer(&label, g_free);
    else if (!label)
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no such person");
    return label;
}

gboolean store_person_find(struct db *db, const char *scope, const char *key, store_person_fn each,
                           void *context, GError **error) {
    return each_person(db_query(db,
                                PERSON_COLUMNS
                                "WHERE p.key = :key AND p.scope = coalesce(:scope, p.scope) "
                                "ORDER BY p.scope LIMIT 20",
                                PARAMS(P_TEXT("key", key), P_TEXT("scope", scope))),
                       each, context, error);
}

static void hex(struct db_rows *rows, int column, char text[33]) {
    gsize n;
    const guint8 *bytes = db_blob(rows, column, &n);
    text[0] = 0;
    if (bytes && n == CUSTODY_EVENT_ID_BYTES)
        custody_event_id_format(bytes, text);
}

gboolean store_person_kept_as(struct db *db, const char *scope, const char *number,
                              store_person_fn each, void *context, GError **error) {
    /* One range of the index, up to the nought, the character after the stroke. */
    struct db_rows *rows = db_query(
        db,
        "SELECT id, key, surname, given, born FROM person WHERE scope = :scope AND key >= :key "
        "AND key < :key || '0' ORDER BY key",
        PARAMS(P_TEXT("scope", scope), P_TEXT("key", number)));
    const gsize n = strlen(number);
    while (db_next(rows)) {
        const struct store_person_row row = {.id = db_int(rows, 0),
                                             .scope = scope,
                                             .key = db_text(rows, 1),
                                             .surname = db_text(rows, 2),
                                             .given = db_text(rows, 3),
                                             .born = (gint32)db_int(rows, 4)};
        if (!row.key[n] || row.key[n] == '/')
            each(&row, context);
    }
    return db_done(rows, error);
}

gboolean store_has_zeros(struct db *db, const char *scope, const char *jail, gboolean *has_zeros,
                         GError **error) {
    gint64 n = 0;
    const gboolean ok = db_number(db,
                                  "SELECT (SELECT count(*) FROM (SELECT 1 FROM person WHERE scope = "
                                  ":scope AND key >= '0' AND key "
                                  "< '1' LIMIT 1) p) + (SELECT count(*) FROM (SELECT 1 FROM booking "
                                  "WHERE jail = :jail AND key >= "
                                  "'0' AND key < '1' LIMIT 1) b)",
                                  PARAMS(P_TEXT("scope", scope), P_TEXT("jail", jail)), 0, &n, error);
    *has_zeros = n > 0;
    return ok;
}

gboolean store_person_events(struct db *db, gint64 person_id, store_event_fn each, void *context,
                             GError **error) {
    struct db_rows *rows = db_query(
        db,
        "SELECT e.id, e.kind, e.assertion, e.facility, b.key, e.feed, s.name, e.row, e.occurred_at_us, "
        "e.observed_at_us, e.corrects, e.is_late, e.is_unclear, e.detail, e.is_doubtful, "
        "e.occurred_on_date, b.id, e.said FROM booking b "
        "JOIN event e ON e.booking_id = b.id LEFT JOIN source s ON s.id = e.source_id "
        "WHERE b.person_id = :id ORDER BY e.seq",
        PARAMS(P_INT("id", person_id)));
    while (db_next(rows)) {
        struct store_event_row row = {.kind = (enum custody_kind)db_int(rows, 1),
                                      .assertion = (enum custody_assertion)db_int(rows, 2),
                                      .facility = db_text(rows, 3),
                                      .booking = db_text(rows, 4),
                                      .feed = db_text(rows, 5),
                                      .file = db_text(rows, 6),
                                      .row = db_int(rows, 7),
                                      .occurred_at_us = db_time(rows, 8),
                                      .observed_at_us = db_time(rows, 9),
                                      .is_late = db_int(rows, 11) != 0,
                                      .is_unclear = db_int(rows, 12) != 0,
                                      .detail = db_text(rows, 13),
                                      .is_doubtful = db_int(rows, 14) != 0,
                                      .occurred_on_date = db_int(rows, 15) != 0,
                                      .booking_id = db_int(rows, 16),
                                      .said = (enum custody_said)db_int(rows, 17)};
        gsize n;
        const void *event_id = db_blob(rows, 0, &n);
        if (n == sizeof row.event_id)
            memcpy(row.event_id, event_id, n);
        hex(rows, 0, row.id);
        hex(rows, 10, row.corrects);
        each(&row, context);
    }
    return db_done(rows, error);
}

static gboolean is_any(struct db *db, const char *sql, const struct db_param *params, gboolean *is_so,
                       GError **error) {
    gint64 n;
    const gboolean ok = db_number(db, sql, params, 0, &n, error);
    *is_so = ok && n > 0;
    return ok;
}

gboolean store_jail_is_known(struct db *db, const char *jail, const char *feed, gboolean *is_known,
                             GError **error) {
    return is_any(
        db,
        "SELECT count(*) FROM (SELECT 1 FROM booking WHERE jail = :jail AND (roster_feed IS NULL "
        "OR roster_feed <> :feed) LIMIT 1) AS known",
        PARAMS(P_TEXT("jail", jail), P_TEXT("feed", feed)), is_known, error);
}

gboolean store_booking_is_listed(struct db *db, gint64 id, const char *feed, gboolean *is_listed,
                                 GError **error) {
    return is_any(db,
                  "SELECT count(*) FROM booking WHERE id = :id AND roster_feed = :feed AND listing = 1",
                  PARAMS(P_INT("id", id), P_TEXT("feed", feed)), is_listed, error);
}
