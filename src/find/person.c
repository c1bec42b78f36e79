#include "find/person.h"

#include <string.h>

#include "base/error.h"
#include "store/store.h"

struct counting {
    store_person_fn each;
    void *context;
    guint n;
};

static void count_and_pass(const struct store_person_row *row, void *context) {
    struct counting *counting = context;
    counting->n++;
    counting->each(row, counting->context);
}

static gboolean read_person(struct db *db, const char *id, struct counting *counting, GError **error) {
    const char *colon = strchr(id, ':');
    g_autofree char *scope = colon ? g_strndup(id, (gsize)(colon - id)) : NULL;
    if (!store_person_find(db, NULL, id, count_and_pass, counting, error) ||
        (!counting->n && colon &&
         !store_person_find(db, scope, colon + 1, count_and_pass, counting, error)))
        return FALSE;
    if (!counting->n)
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "no person has the number \"%s\"", id);
    return counting->n > 0;
}

gboolean find_person(struct site *site, const char *id, store_person_fn each, void *context,
                     GError **error) {
    struct counting counting = {each, context, 0};
    struct db *db = store_read_begin(site_store(site), error);
    const gboolean ok = db && read_person(db, id, &counting, error);
    store_read_end(site_store(site), db);
    return ok;
}

gboolean find_person_events(struct site *site, gint64 person_id, store_event_fn each, void *context,
                            GError **error) {
    struct db *db = store_read_begin(site_store(site), error);
    const gboolean ok = db && store_person_events(db, person_id, each, context, error);
    store_read_end(site_store(site), db);
    return ok;
}
