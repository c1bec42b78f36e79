#include "intake/folders.h"

#include "base/error.h"
#include "base/log.h"
#include "feed/folder.h"
#include "intake/load.h"
#include "site/config.h"
#include "store/feed.h"
#include "store/store.h"

struct folders {
    struct site *site;
    GHashTable *watched; /* feed id → struct feed_folder */
};

struct folders *folders_new(struct site *site) {
    struct folders *folders = g_new0(struct folders, 1);
    folders->site = site;
    folders->watched =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)feed_folder_free);
    return folders;
}

void folders_free(struct folders *folders) {
    g_hash_table_unref(folders->watched);
    g_free(folders);
}

/* FALSE when the file is to be tried again: it was the store that failed, not the file. */
static gboolean load(struct folders *folders, const char *feed, const char *path) {
    const struct load_options options = {.taken_at_us = TIME_UNKNOWN};
    struct load_summary summary;
    g_autoptr(GError) error = NULL;
    g_autofree char *name = g_path_get_basename(path);

    gboolean ok = load_file(folders->site, feed, path, &options, &summary, &error);
    g_autofree char *events = g_strdup_printf("%u", summary.events);
    g_autofree char *alerts = g_strdup_printf("%u", summary.alerts);
    if (ok)
        log_line(summary.held ? "warning" : "info", summary.held ? "file held" : "file loaded", "feed",
                 feed, "file", name, "events", events, "alerts", alerts, "note", summary.note, NULL);
    else
        log_line("error", "file not loaded", "feed", feed, "file", name, "problem", error->message,
                 NULL);
    load_summary_clear(&summary);
    return ok || g_error_matches(error, BASE_ERROR, BASE_ERROR_INPUT);
}

static void look_into(struct folders *folders, const char *feed, const char *path) {
    struct feed_folder *folder = g_hash_table_lookup(folders->watched, feed);
    g_autoptr(GError) error = NULL;
    if (!folder) {
        folder = feed_folder_new(path, site_config(folders->site)->drop_settle_us);
        g_hash_table_insert(folders->watched, g_strdup(feed), folder);
    }
    g_autoptr(GPtrArray) ready = feed_folder_look(folder, site_now(folders->site), &error);
    if (!ready)
        log_line("error", "a drop folder cannot be read", "feed", feed, "problem", error->message,
                 NULL);
    for (guint i = 0; ready && i < ready->len; i++)
        if (!load(folders, feed, ready->pdata[i]))
            feed_folder_retry(folder, ready->pdata[i]);
}

/* Feed id → path. Transfer full; NULL with an error. */
static GHashTable *read_paths(const struct site *site, GError **error) {
    GHashTable *paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    struct db *db = store_read_begin(site_store(site), error);
    if (!db || !store_feed_folders(db, paths, error))
        g_clear_pointer(&paths, g_hash_table_unref);
    store_read_end(site_store(site), db);
    return paths;
}

void folders_look(struct folders *folders) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GHashTable) paths = read_paths(folders->site, &error);
    GHashTableIter iter;
    gpointer feed, path;
    if (!paths) {
        log_line("error", "the drop folders could not be listed", "problem", error->message, NULL);
        return;
    }
    g_hash_table_iter_init(&iter, paths);
    while (g_hash_table_iter_next(&iter, &feed, &path))
        look_into(folders, feed, path);
}
