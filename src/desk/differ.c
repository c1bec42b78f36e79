#include "desk/differ.h"

#include "owe/owe.h"
#include "store/custody.h"
#include "store/store.h"
#include "store/watch.h"

#define MOST 1000000 /* registrations looked at */

struct difference {
    char *registration, *person;
    enum custody_standing told, now;
};

static void difference_clear(gpointer data) {
    struct difference *d = data;
    g_free(d->registration);
    g_free(d->person);
}

struct differing {
    struct site *site;
    gboolean tells;
    GArray *found; /* struct difference */
};

/* What was never told is owed by no difference. */
static gboolean compare(struct db *db, struct differing *d, const struct store_registration *row,
                        GError **error) {
    struct belief_statement now;
    g_autoptr(GArray) told = store_told(db, row->id, error);
    g_autoptr(GArray) beliefs = told ? store_beliefs(db, row->person_id, error) : NULL;
    if (!beliefs)
        return FALSE;
    belief_of_person((const struct belief_booking *)(gpointer)beliefs->data, beliefs->len, &now);
    const struct belief_statement *last =
        told->len ? &g_array_index(told, struct belief_statement, told->len - 1) : NULL;
    if (!last || (last->standing == now.standing && last->is_doubtful == now.is_doubtful &&
                  last->is_unclear == now.is_unclear))
        return TRUE;
    const struct difference found = {g_strdup(row->id),
                                     g_strdup_printf("%s:%s", row->person_scope, row->person_key),
                                     last->standing, now.standing};
    g_array_append_val(d->found, found);
    g_autofree char *why = g_strdup_printf("difference %" G_GINT64_FORMAT, site_now(d->site));
    return !d->tells || owe_as_known(db, d->site, row->id, row->person_id, why, NULL, error);
}

static gboolean differ_in_transaction(struct db *db, void *context, GError **error) {
    struct differing *d = context;
    g_autoptr(GPtrArray) rows = store_registrations_list(db, MOST, error);
    gboolean ok = rows != NULL;
    for (guint i = 0; ok && i < rows->len; i++) {
        const struct store_registration *row = rows->pdata[i];
        if (watch_registration_is_active(&row->registration, site_now(d->site)))
            ok = compare(db, d, row, error);
    }
    return ok;
}

static void differ_again(void *context) {
    g_array_set_size(((struct differing *)context)->found, 0);
}

gboolean differ_each(struct site *site, gboolean tells, differ_fn each, void *context, GError **error) {
    struct differing d = {
        .site = site, .tells = tells, .found = g_array_new(FALSE, FALSE, sizeof(struct difference))};
    g_array_set_clear_func(d.found, difference_clear);
    const gboolean ok = tells ? store_write(site_store(site),
                                            STORE_WORK(differ_in_transaction, differ_again), &d, error)
                              : store_read(site_store(site), differ_in_transaction, &d, error);
    for (guint i = 0; ok && i < d.found->len; i++) {
        const struct difference *f = &g_array_index(d.found, struct difference, i);
        const struct differ_row row = {f->registration, f->person, f->told, f->now};
        each(&row, context);
    }
    g_array_unref(d.found);
    return ok;
}
