#include "intake/held.h"

#include "base/error.h"
#include "intake/private.h"
#include "store/store.h"

/* The newest list that is held becomes the content of this load. */
static gboolean find_held(struct load *load, struct db *db, GError **error) {
    gint64 id;
    if (!store_held_newest(db, load->feed_id, &id, error))
        return FALSE;
    if (!id) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "no list of %s is held", load->feed_id);
        return FALSE;
    }
    load->content =
        store_held_cells(db, id, &load->snapshot_at_us, &load->held_name, load->digest, error);
    load->name = load->held_name;
    load->observed_at_us = load->snapshot_at_us;
    return load->content != NULL;
}

static gboolean accept_in_transaction(struct db *db, void *context, GError **error) {
    return find_held(context, db, error) && load_in_transaction(db, context, error);
}

gboolean held_accept(struct site *site, const char *feed_id, struct load_summary *summary,
                     GError **error) {
    const struct load_options options = {.taken_at_us = TIME_UNKNOWN};
    struct load_summary done = {.list = json_array(), .problem_list = json_array()};
    struct load load = {
        .site = site, .feed_id = feed_id, .is_accepted = TRUE, .options = &options, .summary = &done};
    gboolean ok =
        store_write(site_store(site), STORE_WORK(accept_in_transaction, load_again), &load, error);
    g_clear_pointer(&load.content, g_bytes_unref);
    g_free(load.held_name);
    if (summary)
        *summary = done;
    else
        load_summary_clear(&done);
    return ok;
}

static gboolean reject_in_transaction(struct db *db, void *context, GError **error) {
    gint64 id;
    if (!store_held_newest(db, context, &id, error))
        return FALSE;
    if (!id) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "no list of %s is held",
                    (const char *)context);
        return FALSE;
    }
    return store_held_end(db, context, SOURCE_REJECTED, error);
}

gboolean held_reject(struct site *site, const char *feed_id, GError **error) {
    return store_write(site_store(site), STORE_WORK(reject_in_transaction, NULL),
                       (void *)(gsize)feed_id, error);
}
