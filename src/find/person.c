#include "find/person.h"

#include <string.h>

#include "base/error.h"
#include "store/store.h"

struct counting {
    struct db *db;
    find_person_fn each;
    void *context;
    guint n;
    GError *problem;
};

static void count_and_pass(const struct store_person_row *row, void *context) {
    struct counting *counting = context;
    struct belief_statement now;
    g_autoptr(GArray) beliefs =
        counting->problem ? NULL : store_beliefs(counting->db, row->id, &counting->problem);
    if (!beliefs)
        return;
    belief_of_person((const struct belief_booking *)(gpointer)beliefs->data, beliefs->len, &now);
    counting->n++;
    counting->each(row, &now, counting->context);
}

static gboolean read_person(struct db *db, const char *id, struct counting *counting, GError **error) {
    const char *colon = strchr(id, ':');
    g_autofree char *scope = colon ? g_strndup(id, (gsize)(colon - id)) : NULL;
    if (!store_person_find(db, NULL, id, count_and_pass, counting, error) ||
        (!counting->n && colon &&
         !store_person_find(db, scope, colon + 1, count_and_pass, counting, error)))
        return FALSE;
    if (counting->problem) {
        g_propagate_error(error, g_steal_pointer(&counting->problem));
        return FALSE;
    }
    if (!counting->n)
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "no person has the number \"%s\"", id);
    return counting->n > 0;
}

gboolean find_person(struct site *site, const char *id, find_person_fn each, void *context,
                     GError **error) {
    struct db *db = store_read_begin(site_store(site), error);
    struct counting counting = {.db = db, .each = each, .context = context};
    const gboolean ok = db && read_person(db, id, &counting, error);
    store_read_end(site_store(site), db);
    return ok;
}

/* The histories of the person's bookings, by booking, with what became of each report. */
struct telling {
    struct db *db;
    GHashTable *histories;
    find_event_fn each;
    void *context;
    GError *problem;
};

static struct custody_history *history_of(struct telling *t, gint64 booking_id) {
    struct custody_history *history = g_hash_table_lookup(t->histories, &booking_id);
    struct store_booking row;
    struct custody_booking now;
    if (history || t->problem || !store_booking_by_id(t->db, booking_id, &row, &t->problem))
        return history;
    if ((history = store_history(t->db, booking_id, &t->problem))) {
        custody_booking_reconsidered(&row.booking, history, &now);
        g_hash_table_insert(t->histories, g_memdup2(&booking_id, sizeof booking_id), history);
    }
    store_booking_clear(&row);
    return history;
}

static void tell(const struct store_event_row *row, void *context) {
    struct telling *t = context;
    const struct custody_history *history = history_of(t, row->booking_id);
    if (!history)
        return;
    const struct find_event event = {row, custody_history_fate(history, row->event_id, row->said)};
    t->each(&event, t->context);
}

gboolean find_person_events(struct site *site, gint64 person_id, find_event_fn each, void *context,
                            GError **error) {
    g_autoptr(GHashTable) histories = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free,
                                                            (GDestroyNotify)custody_history_free);
    struct db *db = store_read_begin(site_store(site), error);
    struct telling t = {.db = db, .histories = histories, .each = each, .context = context};
    const gboolean ok = db && store_person_events(db, person_id, tell, &t, error);
    store_read_end(site_store(site), db);
    const gboolean is_whole = !t.problem;
    if (ok && !is_whole)
        g_propagate_error(error, g_steal_pointer(&t.problem));
    g_clear_error(&t.problem);
    return ok && is_whole;
}
