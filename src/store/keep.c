#include "store/keep.h"

#include <string.h>

#include "base/error.h"
#include "store/db.h"
#include "store/states.h"

/* What follows in order of a list of statements, each with `:id`. */
static gboolean run_each(struct db *db, const char *const *statements, guint n, gint64 id,
                         GError **error) {
    for (guint i = 0; i < n; i++)
        if (!db_run(db, statements[i], PARAMS(P_INT("id", id)), error))
            return FALSE;
    return TRUE;
}

/* ── A booking ─────────────────────────────────────────────────────────────────────────────────── */

#define EVENTS "(SELECT seq FROM event WHERE booking_id = :id)"
/* Every feed that said something of it, or lists it. */
#define FEEDS                                                                                          \
    "(SELECT feed FROM event WHERE booking_id = :id UNION SELECT roster_feed FROM booking WHERE id = " \
    ":id)"

/* Cells that could not be read may be of anybody: none of these feeds' stays. */
static const char *const forget_booking[] = {
    "UPDATE problem SET value = '' WHERE value <> '' AND source_id IN (SELECT id FROM source WHERE "
    "feed "
    "IN " FEEDS ")",
    "UPDATE source SET answer = '{\"rows\":0,\"events\":[],\"problems\":[]}' WHERE id IN (SELECT "
    "source_id FROM event WHERE booking_id = :id) AND answer IS NOT NULL",
    /* What an agency was told stays counted. */
    "UPDATE alert SET event_seq = NULL, next_at_us = NULL WHERE event_seq IN " EVENTS " AND "
    "registration_id IN (SELECT registration_id FROM agency_watch)",
    "DELETE FROM alert WHERE event_seq IN " EVENTS, "DELETE FROM event WHERE booking_id = :id",
    "UPDATE registration SET booking_id = NULL WHERE booking_id = :id",
    "DELETE FROM booking WHERE id = :id"};

static const char *const forget_person[] = {
    "UPDATE person SET surname = '', given = '', middle = '', suffix = '', born = 0, folded = '' WHERE "
    "id = :id",
    "UPDATE person SET key = 'forgotten ' || id WHERE id = :id AND NOT EXISTS (SELECT 1 FROM "
    "registration r WHERE r.person_id = :id AND r.ended_at_us IS NULL)",
    "DELETE FROM person_key WHERE person_id = :id",
    "DELETE FROM person_link WHERE a = :id OR b = :id",
    "DELETE FROM person_identity WHERE person_id = :id",
    "DELETE FROM person_change WHERE person_id = :id",
    "INSERT INTO person_change (seq, person_id) VALUES (" NEXT_CHANGE ", :id)"};

gboolean store_booking_forget(struct db *db, gint64 booking_id, gboolean *is_last, GError **error) {
    gint64 person_id, n_others;
    if (!db_number(db, "SELECT person_id FROM booking WHERE id = :id", PARAMS(P_INT("id", booking_id)),
                   0, &person_id, error) ||
        !run_each(db, forget_booking, G_N_ELEMENTS(forget_booking), booking_id, error) ||
        !db_number(db, "SELECT count(*) FROM booking WHERE person_id = :id",
                   PARAMS(P_INT("id", person_id)), 0, &n_others, error))
        return FALSE;
    *is_last = !n_others;
    return n_others || run_each(db, forget_person, G_N_ELEMENTS(forget_person), person_id, error);
}

gboolean store_booking_is_busy(struct db *db, gint64 booking_id, gboolean *has_unsent,
                               gboolean *has_waiting, gboolean *has_held, GError **error) {
    gint64 n_unsent, n_waiting, n_held;
    const gboolean ok =
        db_number(db,
                  "SELECT count(*) FROM alert WHERE event_seq IN " EVENTS " AND handed_at_us IS NULL "
                  "AND state IN (" SQL_ALERT_QUEUED ", " SQL_ALERT_SENDING ")",
                  PARAMS(P_INT("id", booking_id)), 0, &n_unsent, error) &&
        db_number(db,
                  "SELECT count(*) FROM alert WHERE event_seq IN " EVENTS
                  " AND state IN (" SQL_ALERT_NEEDS_PERSON ", " SQL_ALERT_WITHHELD ")",
                  PARAMS(P_INT("id", booking_id)), 0, &n_waiting, error) &&
        db_number(db,
                  "SELECT count(*) FROM source WHERE state = " SQL_SOURCE_HELD " AND feed IN " FEEDS,
                  PARAMS(P_INT("id", booking_id)), 0, &n_held, error);
    *has_unsent = ok && n_unsent > 0;
    *has_waiting = ok && n_waiting > 0;
    *has_held = ok && n_held > 0;
    return ok;
}

GArray *store_bookings_over(struct db *db, gint64 before_at_us, guint limit, GError **error) {
    struct db_rows *rows = db_query(
        db,
        "SELECT b.id FROM booking b WHERE b.standing >= " SQL_STANDING_GONE
        " AND b.left_to_us < :before AND b.listing "
        "<> " SQL_LISTING_NOW
        " AND NOT EXISTS (SELECT 1 FROM registration r WHERE r.ended_at_us IS NULL AND (r.person_id = "
        "b.person_id OR r.person_id IN (SELECT o.person_id FROM person_identity i JOIN person_identity "
        "o ON o.identity = i.identity WHERE i.person_id = b.person_id))) AND NOT EXISTS (SELECT 1 FROM "
        "event e JOIN "
        "alert a ON a.event_seq = e.seq WHERE e.booking_id = b.id AND a.state IN (" SQL_ALERT_QUEUED
        ", " SQL_ALERT_SENDING ", " SQL_ALERT_NEEDS_PERSON ", " SQL_ALERT_WITHHELD
        ")) ORDER BY b.left_to_us LIMIT "
        ":most",
        PARAMS(P_INT("before", before_at_us), P_INT("most", limit)));
    return db_ids(rows, error);
}

/* ── What an order has erased ──────────────────────────────────────────────────────────────────── */

gboolean store_expunged_add(struct db *db, const guint8 mac[32], const char *by, gint64 now_at_us,
                            GError **error) {
    return db_run(
        db,
        "INSERT INTO expunged (mac, by_whom, at_us) VALUES (:mac, :by, :now) ON CONFLICT (mac) "
        "DO NOTHING",
        PARAMS(P_BLOB("mac", mac, 32), P_TEXT("by", by), P_INT("now", now_at_us)), error);
}

GHashTable *store_expunged(struct db *db, GError **error) {
    GHashTable *set = NULL;
    struct db_rows *rows = db_query(db, "SELECT mac FROM expunged", NO_PARAMS);
    while (db_next(rows)) {
        gsize n;
        const void *mac = db_blob(rows, 0, &n);
        if (!set)
            set =
                g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
        g_hash_table_add(set, g_bytes_new(mac, n));
    }
    if (db_done(rows, error))
        return set;
    g_clear_pointer(&set, g_hash_table_unref);
    return NULL;
}

/* ── What was kept for long enough ─────────────────────────────────────────────────────────────── */

gboolean store_registrations_forget(struct db *db, gint64 before_at_us, guint limit, guint *n,
                                    GError **error) {
    struct db_rows *rows =
        db_query(db,
                 "SELECT r.id FROM registration r WHERE r.ended_at_us IS NOT NULL AND r.ended_at_us < "
                 ":before AND NOT EXISTS (SELECT 1 FROM agency_watch w WHERE w.registration_id = r.id) "
                 "AND NOT EXISTS (SELECT 1 FROM alert a WHERE a.registration_id = r.id AND "
                 "a.next_at_us IS NOT NULL) ORDER BY r.ended_at_us LIMIT :most",
                 PARAMS(P_INT("before", before_at_us), P_INT("most", limit)));
    g_autoptr(GPtrArray) ids = db_texts(rows, error);
    gboolean ok = ids != NULL;
    static const char *const deeds[] = {"DELETE FROM alert WHERE registration_id = :id",
                                        "DELETE FROM contact WHERE registration_id = :id",
                                        "DELETE FROM registration WHERE id = :id"};
    for (guint i = 0; ok && i < ids->len; i++)
        for (guint k = 0; ok && k < G_N_ELEMENTS(deeds); k++)
            ok = db_run(db, deeds[k], PARAMS(P_TEXT("id", ids->pdata[i])), error);
    *n = ids ? ids->len : 0;
    return ok;
}

gboolean store_problems_forget(struct db *db, gint64 before_at_us, guint *n, GError **error) {
    gint64 source_id;
    *n = 0;
    if (!db_number(db,
                   "SELECT s.id FROM (SELECT source_id FROM problem ORDER BY id LIMIT 1) p JOIN source "
                   "s ON s.id = p.source_id WHERE s.received_at_us < :before",
                   PARAMS(P_INT("before", before_at_us)), 0, &source_id, error) ||
        (source_id && !db_run(db, "DELETE FROM problem WHERE source_id = :id",
                              PARAMS(P_INT("id", source_id)), error)))
        return FALSE;
    *n = source_id ? (guint)db_changes(db) : 0;
    return TRUE;
}
