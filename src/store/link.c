#include "store/link.h"

#include <string.h>

#include "store/db.h"
#include "store/outbox.h"
#include "store/states.h"

const char *store_link_state_name(enum store_link_state state) {
    static const char *const names[] = {"possible", "sure", "confirmed", "refused"};
    return names[state];
}

gboolean store_link_put(struct db *db, const struct store_link *l, GError **error) {
    return db_run(
        db,
        "INSERT INTO person_link (a, b, state, centibits, evidence, found_at_us, decided_by, "
        "decided_at_us) VALUES (:a, :b, :state, :centibits, :evidence, :found, :by, :decided) "
        "ON CONFLICT (a, b) DO UPDATE SET state = excluded.state, centibits = excluded.centibits, "
        "evidence = CASE WHEN excluded.evidence <> '' THEN excluded.evidence ELSE person_link.evidence "
        "END, decided_by = "
        "excluded.decided_by, decided_at_us = "
        "excluded.decided_at_us",
        PARAMS(P_INT("a", MIN(l->a, l->b)), P_INT("b", MAX(l->a, l->b)), P_INT("state", l->state),
               P_INT("centibits", l->bits * 100), P_TEXT("evidence", l->evidence ? l->evidence : ""),
               P_INT("found", l->found_at_us), P_TEXT("by", l->decided_by),
               P_TIME("decided", l->decided_by ? l->decided_at_us : TIME_UNKNOWN)),
        error);
}

#define LINK_COLUMNS                                                                                   \
    "SELECT a, b, state, centibits, evidence, decided_by, found_at_us, decided_at_us FROM "            \
    "person_link "

static struct store_link read_link(struct db_rows *rows) {
    return (struct store_link){.a = db_int(rows, 0),
                               .b = db_int(rows, 1),
                               .state = (enum store_link_state)db_int(rows, 2),
                               .bits = (double)db_int(rows, 3) / 100,
                               .evidence = db_text(rows, 4),
                               .decided_by = db_text(rows, 5),
                               .found_at_us = db_int(rows, 6),
                               .decided_at_us = db_time(rows, 7)};
}

gboolean store_link_get(struct db *db, gint64 a, gint64 b, struct store_link *link, gboolean *is_there,
                        GError **error) {
    struct db_rows *rows = db_query(db, LINK_COLUMNS "WHERE a = :a AND b = :b",
                                    PARAMS(P_INT("a", MIN(a, b)), P_INT("b", MAX(a, b))));
    if ((*is_there = db_next(rows))) {
        *link = read_link(rows);
        link->evidence = link->decided_by = NULL;
    }
    return db_done(rows, error);
}

gboolean store_links(struct db *db, gint64 person_id, guint limit, store_link_fn each, void *context,
                     GError **error) {
    struct db_rows *rows =
        person_id
            ? db_query(db, LINK_COLUMNS "WHERE a = :id OR b = :id ORDER BY centibits DESC LIMIT :most",
                       PARAMS(P_INT("id", person_id), P_INT("most", limit)))
            : db_query(db,
                       LINK_COLUMNS "WHERE state = " SQL_LINK_WAITS
                                    " ORDER BY centibits DESC, a, b LIMIT :most",
                       PARAMS(P_INT("most", limit)));
    while (db_next(rows)) {
        const struct store_link link = read_link(rows);
        each(&link, context);
    }
    return db_done(rows, error);
}

gboolean store_links_waiting(struct db *db, gint64 *n, GError **error) {
    return db_number(db, "SELECT COUNT(*) FROM person_link WHERE state = " SQL_LINK_WAITS "", NO_PARAMS,
                     0, n, error);
}

gboolean store_links_forget(struct db *db, gint64 person_id, const GArray *keep, GError **error) {
    g_autoptr(GArray) others =
        db_ids(db_query(db,
                        "SELECT CASE WHEN a = :id THEN b ELSE a END FROM "
                        "person_link WHERE state = " SQL_LINK_WAITS " AND (a = :id OR b = :id)",
                        PARAMS(P_INT("id", person_id))),
               error);
    gboolean ok = others != NULL;
    for (guint i = 0; ok && i < others->len; i++) {
        const gint64 other = g_array_index(others, gint64, i);
        gboolean is_kept = FALSE;
        for (guint k = 0; k < keep->len; k++)
            is_kept |= g_array_index(keep, gint64, k) == other;
        if (!is_kept)
            ok = db_run(
                db, "DELETE FROM person_link WHERE state = " SQL_LINK_WAITS " AND a = :a AND b = :b",
                PARAMS(P_INT("a", MIN(person_id, other)), P_INT("b", MAX(person_id, other))), error);
    }
    return ok;
}

GArray *store_links_automatic(struct db *db, gint64 person_id, GError **error) {
    return db_ids(db_query(db,
                           "SELECT CASE WHEN a = :id THEN b ELSE a END FROM person_link WHERE state "
                           "= 1 AND (a = :id OR b = :id)",
                           PARAMS(P_INT("id", person_id))),
                  error);
}

#define MEMBERS_OF(id)                                                                                 \
    "(SELECT " id " UNION SELECT o.person_id FROM person_identity i JOIN person_identity o ON "        \
    "o.identity = i.identity WHERE i.person_id = " id ")"

gboolean store_link_is_refused(struct db *db, gint64 a, gint64 b, gboolean *is_refused,
                               GError **error) {
    struct db_rows *rows =
        db_query(db,
                 "SELECT 1 FROM person_link WHERE state = " SQL_LINK_REFUSED
                 " AND ((a IN " MEMBERS_OF(":a") " AND b IN " MEMBERS_OF(":b") ") OR (a IN " MEMBERS_OF(
                     ":b") " AND b "
                           "IN " MEMBERS_OF(":"
                                            "a") ")) LIMIT 1",
                 PARAMS(P_INT("a", a), P_INT("b", b)));
    *is_refused = db_next(rows);
    return db_done(rows, error);
}

GArray *store_identity_members(struct db *db, gint64 person_id, GError **error) {
    return db_ids(db_query(db, "SELECT * FROM " MEMBERS_OF(":id") " AS members ORDER BY 1",
                           PARAMS(P_INT("id", person_id))),
                  error);
}

static gboolean put_identity(struct db *db, gint64 person_id, gint64 identity, GError **error) {
    return db_run(
        db,
        "INSERT INTO person_identity (person_id, identity) VALUES (:id, :identity) ON CONFLICT "
        "(person_id) DO UPDATE SET identity = excluded.identity",
        PARAMS(P_INT("id", person_id), P_INT("identity", identity)), error);
}

gboolean store_identity_join(struct db *db, gint64 a, gint64 b, GError **error) {
    g_autoptr(GArray) of_a = store_identity_members(db, a, error);
    g_autoptr(GArray) of_b = of_a ? store_identity_members(db, b, error) : NULL;
    gboolean ok = of_b != NULL;
    if (!ok)
        return FALSE;
    g_array_append_vals(of_a, of_b->data, of_b->len);
    gint64 least = g_array_index(of_a, gint64, 0);
    for (guint i = 1; i < of_a->len; i++)
        least = MIN(least, g_array_index(of_a, gint64, i));
    for (guint i = 0; ok && i < of_a->len; i++)
        ok = put_identity(db, g_array_index(of_a, gint64, i), least, error);
    return ok;
}

gboolean store_identity_leave(struct db *db, gint64 person_id, GError **error) {
    g_autoptr(GArray) members = store_identity_members(db, person_id, error);
    gint64 least = G_MAXINT64;
    gboolean ok = members != NULL;
    for (guint i = 0; ok && i < members->len; i++)
        if (g_array_index(members, gint64, i) != person_id)
            least = MIN(least, g_array_index(members, gint64, i));
    for (guint i = 0; ok && i < members->len; i++) {
        const gint64 id = g_array_index(members, gint64, i);
        ok = put_identity(db, id, id == person_id ? id : least, error);
    }
    return ok;
}

gboolean store_person_key_put(struct db *db, gint64 person_id, const guint8 key[32], GError **error) {
    return db_run(db,
                  "INSERT INTO person_key (person_id, key) VALUES (:id, :key) ON CONFLICT (person_id) "
                  "DO UPDATE "
                  "SET key = excluded.key WHERE person_key.key <> excluded.key",
                  PARAMS(P_INT("id", person_id), P_BLOB("key", key, 32)), error) &&
           (!db_changes(db) ||
            db_run(db, "INSERT INTO person_change (seq, person_id) VALUES (" NEXT_CHANGE ", :id)",
                   PARAMS(P_INT("id", person_id)), error));
}

GArray *store_person_key_others(struct db *db, gint64 person_id, GError **error) {
    return db_ids(db_query(db,
                           "SELECT o.person_id FROM person_key k JOIN person_key o ON o.key = k.key "
                           "WHERE k.person_id = :id AND o.person_id <> :id LIMIT 20",
                           PARAMS(P_INT("id", person_id))),
                  error);
}

gboolean store_linked_seq(struct db *db, gint64 *seq, GError **error) {
    return db_number(db, "SELECT seq FROM person_linked", NO_PARAMS, 0, seq, error);
}

gboolean store_linked_set(struct db *db, gint64 seq, GError **error) {
    return db_run(db, "UPDATE person_linked SET seq = :seq", PARAMS(P_INT("seq", seq)), error);
}

GArray *store_events_since(struct db *db, gint64 person_id, gint64 since_us, GError **error) {
    GArray *events = g_array_new(FALSE, FALSE, sizeof(struct store_recent_event));
    struct db_rows *rows = db_query(
        db,
        "SELECT e.seq, e.kind, e.is_late, e.is_unclear, e.occurred_at_us, e.observed_at_us, b.key FROM "
        "booking b JOIN event e ON e.booking_id = b.id WHERE b.person_id = :id AND e.observed_at_us >= "
        ":since AND e.detail <> 'another person' AND NOT EXISTS (SELECT 1 FROM event c WHERE "
        "c.corrects = "
        "e.id) ORDER BY e.seq",
        PARAMS(P_INT("id", person_id), P_INT("since", since_us)));
    while (db_next(rows)) {
        struct store_recent_event event = {.seq = db_int(rows, 0),
                                           .kind = (int)db_int(rows, 1),
                                           .is_late = db_int(rows, 2) != 0,
                                           .is_unclear = db_int(rows, 3) != 0,
                                           .occurred_at_us = db_time(rows, 4),
                                           .observed_at_us = db_time(rows, 5)};
        g_strlcpy(event.booking_key, db_text(rows, 6), sizeof event.booking_key);
        g_array_append_val(events, event);
    }
    if (db_done(rows, error))
        return events;
    g_array_unref(events);
    return NULL;
}

GArray *store_alerts_across(struct db *db, gint64 person_id, int reason_of_mistakes, GError **error) {
    GArray *alerts = g_array_new(FALSE, FALSE, sizeof(struct store_wrong_alert));
    struct db_rows *rows = db_query(
        db,
        "SELECT a.seq, a.event_seq, r.person_id, a.registration_id, a.state, a.may_have_left FROM "
        "booking b "
        "JOIN "
        "event e ON "
        "e.booking_id = b.id JOIN alert a ON a.event_seq = e.seq JOIN registration r ON r.id = "
        "a.registration_id WHERE b.person_id = :id AND r.person_id <> :id AND r.ended_at_us IS NULL "
        "AND a.reason <> :mistake "
        "ORDER BY a.seq DESC",
        PARAMS(P_INT("id", person_id), P_INT("mistake", reason_of_mistakes)));
    while (db_next(rows)) {
        const enum store_alert_state state = (enum store_alert_state)db_int(rows, 4);
        struct store_wrong_alert alert = {
            .seq = db_int(rows, 0), .event_seq = db_int(rows, 1), .follows = db_int(rows, 2)};
        if (state == ALERT_WITHDRAWN || (state == ALERT_WITHHELD && !db_int(rows, 5)))
            continue;
        alert.is_queued = state == ALERT_QUEUED;
        alert.may_have_left = !alert.is_queued || db_int(rows, 5) != 0;
        g_strlcpy(alert.registration_id, db_text(rows, 3), sizeof alert.registration_id);
        g_array_append_val(alerts, alert);
    }
    if (db_done(rows, error))
        return alerts;
    g_array_unref(alerts);
    return NULL;
}

gboolean store_alert_revive(struct db *db, const char *registration_id, gint64 event_seq,
                            gint64 now_at_us, GError **error) {
    return db_run(db,
                  "UPDATE alert SET state = :queued, next_at_us = :now WHERE registration_id = :id AND "
                  "event_seq = :event AND state = :withdrawn",
                  PARAMS(P_INT("queued", ALERT_QUEUED), P_INT("now", now_at_us),
                         P_TEXT("id", registration_id), P_INT("event", event_seq),
                         P_INT("withdrawn", ALERT_WITHDRAWN)),
                  error);
}

gboolean store_alert_withdraw(struct db *db, gint64 seq, GError **error) {
    return db_run(
        db,
        "UPDATE alert SET state = :withdrawn, next_at_us = NULL WHERE seq = :seq AND state = :queued",
        PARAMS(P_INT("withdrawn", ALERT_WITHDRAWN), P_INT("seq", seq), P_INT("queued", ALERT_QUEUED)),
        error);
}
