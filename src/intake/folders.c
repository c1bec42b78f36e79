#include "intake/folders.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "feed/folder.h"
#include "intake/load.h"
#include "owe/owe.h"
#include "site/config.h"
#include "site/duty.h"
#include "store/feed.h"
#include "store/store.h"

/* A feed's folder, and the duty to look into it. */
struct watched {
    struct site *site;
    struct site_duty duty;
    char *path;
    struct feed_folder *folder;
    gboolean is_lost; /* it could not be read */
};

struct paging {
    struct site *site;
    const char *words;
};

struct folders {
    struct site *site;
    GHashTable *watched; /* feed id → struct watched */
};

static void watched_free(gpointer data) {
    struct watched *w = data;
    site_duty_clear(w->site, &w->duty);
    feed_folder_free(w->folder);
    g_free(w->path);
    g_free(w);
}

static struct watched *watched_new(struct site *site, const char *feed, const char *path) {
    struct watched *w = g_new0(struct watched, 1);
    w->site = site;
    w->duty.name = g_strconcat("folder:", feed, NULL);
    w->path = g_strdup(path);
    w->folder = feed_folder_new(path, site_config(site)->drop_settle_us);
    return w;
}

struct folders *folders_new(struct site *site) {
    struct folders *folders = g_new0(struct folders, 1);
    folders->site = site;
    folders->watched = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, watched_free);
    return folders;
}

void folders_free(struct folders *folders) {
    g_hash_table_unref(folders->watched);
    g_free(folders);
}

static gboolean page_in_transaction(struct db *db, void *context, GError **error) {
    struct paging *p = context;
    return owe_page(db, p->site, p->words, error);
}

/* Logged and paged when it begins, logged when it ends. */
static void note_lost(struct folders *folders, struct watched *w, const char *feed, const GError *why) {
    g_autoptr(GError) error = NULL;
    if (why && !w->is_lost) {
        g_autofree char *words = g_strdup_printf(
            "The drop folder of the feed %s cannot be read: %s. Nothing that the jail puts there is "
            "taken, and nobody is told of it. Bring it back.",
            feed, why->message);
        struct paging p = {folders->site, words};
        log_line("error", "a drop folder cannot be read", "feed", feed, "problem", why->message, NULL);
        w->is_lost =
            store_write(site_store(folders->site), STORE_WORK(page_in_transaction, NULL), &p, &error);
    } else if (!why && w->is_lost) {
        log_line("info", "a drop folder can be read again", "feed", feed, NULL);
        w->is_lost = FALSE;
    }
    if (error)
        log_line("error", "a page could not be written", "problem", error->message, NULL);
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
    struct watched *w = g_hash_table_lookup(folders->watched, feed);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) ready = NULL;
    if (!w || strcmp(w->path, path) != 0) /* a feed may be given another */
        g_hash_table_insert(folders->watched, g_strdup(feed),
                            w = watched_new(folders->site, feed, path));
    if (site_duty_is_mine(folders->site, &w->duty, &error)) {
        ready = feed_folder_look(w->folder, site_now(folders->site), &error);
        note_lost(folders, w, feed, error);
    } else if (error) {
        log_line("error", "whose a drop folder is could not be asked", "feed", feed, "problem",
                 error->message, NULL);
    }
    for (guint i = 0; ready && i < ready->len; i++)
        if (!load(folders, feed, ready->pdata[i]))
            feed_folder_retry(w->folder, ready->pdata[i]);
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
