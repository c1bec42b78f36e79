#include "store/duty.h"

#include "store/db.h"

gboolean duty_take(struct db *db, const char *duty, struct store_lease *lease, gint64 now_at_us,
                   gboolean *is_mine, GError **error) {
    struct db_rows *rows = db_query(
        db,
        "INSERT INTO duty (duty, node, term, until_at_us) VALUES (:duty, :node, 1, :until) "
        "ON CONFLICT (duty) DO UPDATE SET node = excluded.node, until_at_us = excluded.until_at_us, "
        "term = CASE WHEN duty.node = excluded.node THEN duty.term ELSE duty.term + 1 END "
        /* one that ends later than any could was taken under a clock that was ahead */
        "WHERE duty.node = excluded.node OR duty.until_at_us <= :now OR duty.until_at_us > :latest "
        "RETURNING term",
        PARAMS(P_TEXT("duty", duty), P_TEXT("node", lease->node), P_INT("until", lease->until_at_us),
               P_INT("now", now_at_us), P_INT("latest", now_at_us + STORE_LEASE_US)));
    *is_mine = db_next(rows);
    if (*is_mine)
        lease->term = (guint64)db_int(rows, 0);
    while (db_next(rows)) /* a statement that writes is run to its end */
        ;
    return db_done(rows, error);
}

gboolean duty_leave(struct db *db, const char *duty, const struct store_lease *lease, GError **error) {
    return db_run(db, "DELETE FROM duty WHERE duty = :duty AND node = :node",
                  PARAMS(P_TEXT("duty", duty), P_TEXT("node", lease->node)), error);
}

/* ── The time ──────────────────────────────────────────────────────────────────────────────────── */

static gboolean seen_last(struct db *db, gint64 *seen_at_us, gint64 *steady_since_us, GError **error) {
    struct db_rows *rows =
        db_query(db, "SELECT seen_at_us, steady_since_us FROM clock WHERE id = 1", NO_PARAMS);
    const gboolean is_noted = db_next(rows);
    *seen_at_us = is_noted ? db_int(rows, 0) : TIME_UNKNOWN;
    *steady_since_us = is_noted ? db_int(rows, 1) : 0;
    return db_done(rows, error);
}

gboolean store_clock_note(struct db *db, gint64 now_at_us, gint64 *steady_since_us,
                          gint64 *leapt_from_us, GError **error) {
    gint64 seen_at_us;
    *leapt_from_us = TIME_UNKNOWN;
    if (!seen_last(db, &seen_at_us, steady_since_us, error))
        return FALSE;
    if (seen_at_us <= now_at_us && seen_at_us > now_at_us - (gint64)MINUTE_US)
        return TRUE;
    if (seen_at_us != TIME_UNKNOWN && seen_at_us < now_at_us - STORE_LEAP_US) {
        *leapt_from_us = seen_at_us;
        *steady_since_us = now_at_us;
    } else if (*steady_since_us > now_at_us) { /* set back */
        *steady_since_us = 0;
    }
    return db_run(db,
                  "INSERT INTO clock (id, seen_at_us, steady_since_us) VALUES (1, :now, :since) ON "
                  "CONFLICT (id) DO UPDATE SET seen_at_us = excluded.seen_at_us, steady_since_us = "
                  "excluded.steady_since_us",
                  PARAMS(P_INT("now", now_at_us), P_INT("since", *steady_since_us)), error);
}
