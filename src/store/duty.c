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
