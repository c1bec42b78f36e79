#include "intake/take_up.h"

#include <string.h>

#include "base/error.h"
#include "base/random.h"
#include "feed/mapping.h"
#include "intake/private.h"
#include "store/feed.h"
#include "store/store.h"

struct add {
    const struct site *site;
    const char *id, *yaml, *drop_folder, *secret;
    gboolean is_new;
};

static gboolean add_in_transaction(struct db *db, void *context, GError **error) {
    struct add *add = context;
    struct store_feed feed;
    GError *why = NULL;
    add->is_new = !store_feed_get(db, add->id, &feed, &why);
    if (why && !g_error_matches(why, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
        g_propagate_error(error, why);
        return FALSE;
    }
    g_clear_error(&why);
    if (add->is_new)
        return store_feed_add(db, add->id, add->yaml, add->drop_folder, add->secret,
                              site_now(add->site), error);
    store_feed_clear(&feed);
    return store_feed_update(db, add->id, add->yaml, add->drop_folder, error);
}

gboolean take_up_mapping(struct db *db, const struct site *site, const char *feed, const char *yaml,
                         GError **error) {
    struct add add = {.site = site, .id = feed, .yaml = yaml, .secret = ""};
    return add_in_transaction(db, &add, error);
}

static gboolean check_folder(const char *path, GError **error) {
    g_autoptr(GError) problem = NULL;
    g_autoptr(GDir) dir = g_dir_open(path, 0, &problem);
    if (!dir)
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT,
                    "the drop folder cannot be read, so nothing would ever come from there: %s",
                    problem->message);
    return dir != NULL;
}

gboolean take_up_feed(struct site *site, const char *yaml, gsize n, const char *name,
                      const char *drop_folder, char **id, gboolean *is_new, GError **error) {
    guint8 secret[32];
    struct feed_mapping *mapping = feed_mapping_parse(yaml, n, name, error);
    if (!mapping)
        return FALSE;
    if (drop_folder && !check_folder(drop_folder, error)) {
        feed_mapping_free(mapping);
        return FALSE;
    }
    base_random_fill(site_random(site), secret, sizeof secret);
    g_autofree char *secret_text = g_base64_encode(secret, sizeof secret);
    struct add add = {.site = site,
                      .id = mapping->feed,
                      .yaml = yaml,
                      .drop_folder = drop_folder,
                      .secret = secret_text};
    gboolean ok = store_write(site_store(site), STORE_WORK(add_in_transaction, NULL), &add, error);
    *id = g_strdup(mapping->feed);
    *is_new = add.is_new;
    feed_mapping_free(mapping);
    return ok;
}

char *take_up_secret(struct site *site, const char *feed, GError **error) {
    struct db *db = store_read_begin(site_store(site), error);
    struct store_feed row = {.id = NULL};
    char *secret = NULL;
    if (db && store_feed_get(db, feed, &row, error))
        secret = g_steal_pointer(&row.secret);
    store_feed_clear(&row);
    store_read_end(site_store(site), db);
    return secret;
}
