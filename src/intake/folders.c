#include "intake/folders.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/log.h"
#include "feed/folder.h"
#include "intake/load.h"
#include "owe/owe.h"
#include "site/config.h"
#include "site/duty.h"
#include "store/feed.h"
#include "store/store.h"

#define THREADS 2 /* of each kind */
#define LARGE_BYTES (4u << 20)

/* A feed's folder, and the duty to look into it. Its files are loaded one after another, beside those
 * of other feeds; what is large waits for nothing that is small, nor the other way round. */
struct watched {
    struct site *site;
    struct site_duty duty;
    char *feed, *path;
    struct feed_folder *folder;
    gboolean is_lost; /* it could not be read */
    GPtrArray *ready; /* paths, while they are loaded; else NULL */
    GPtrArray *again; /* borrowed: those of them that are to be tried again */
    gint is_loading;
};

struct paging {
    struct site *site;
    const char *words;
};

struct folders {
    struct site *site;
    GHashTable *watched; /* feed id → struct watched */
    GThreadPool *small, *large;
};

static void watched_free(gpointer data) {
    struct watched *w = data;
    site_duty_clear(w->site, &w->duty);
    feed_folder_free(w->folder);
    g_clear_pointer(&w->ready, g_ptr_array_unref);
    g_clear_pointer(&w->again, g_ptr_array_unref);
    g_free(w->feed);
    g_free(w->path);
    g_free(w);
}

static struct watched *watched_new(struct site *site, const char *feed, const char *path) {
    struct watched *w = g_new0(struct watched, 1);
    w->site = site;
    w->duty.name = g_strconcat("folder:", feed, NULL);
    w->feed = g_strdup(feed);
    w->path = g_strdup(path);
    w->folder = feed_folder_new(path, site_config(site)->drop_settle_us);
    return w;
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

static void load_all(gpointer data, gpointer context) {
    struct watched *w = data;
    struct folders *folders = context;
    for (guint i = 0; i < w->ready->len; i++)
        if (site_is_stopping(w->site) || !load(folders, w->feed, w->ready->pdata[i]))
            g_ptr_array_add(w->again, w->ready->pdata[i]);
    g_atomic_int_set(&w->is_loading, FALSE);
}

static gboolean is_large(const GPtrArray *paths) {
    struct stat status;
    guint64 n = 0;
    for (guint i = 0; i < paths->len; i++)
        n += g_stat(paths->pdata[i], &status) == 0 ? (guint64)status.st_size : 0;
    return n > LARGE_BYTES;
}

static void begin_loading(struct folders *folders, struct watched *w, GPtrArray *ready) {
    w->ready = ready;
    w->again = g_ptr_array_new();
    g_atomic_int_set(&w->is_loading, TRUE);
    g_thread_pool_push(is_large(ready) ? folders->large : folders->small, w, NULL);
}

static void end_loading(struct watched *w) {
    for (guint i = 0; w->again && i < w->again->len; i++)
        feed_folder_retry(w->folder, w->again->pdata[i]);
    g_clear_pointer(&w->again, g_ptr_array_unref);
    g_clear_pointer(&w->ready, g_ptr_array_unref);
}

static void look_into(struct folders *folders, const char *feed, const char *path) {
    struct watched *w = g_hash_table_lookup(folders->watched, feed);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) ready = NULL;
    const gboolean is_loading = w && g_atomic_int_get(&w->is_loading);
    if (!w || (!is_loading && strcmp(w->path, path) != 0)) /* a feed may be given another */
        g_hash_table_insert(folders->watched, g_strdup(feed),
                            w = watched_new(folders->site, feed, path));
    if (!site_duty_is_mine(folders->site, &w->duty, &error)) {
        if (error)
            log_line("error", "whose a drop folder is could not be asked", "feed", feed, "problem",
                     error->message, NULL);
        return;
    }
    if (is_loading)
        return;
    end_loading(w);
    ready = feed_folder_look(w->folder, site_now(folders->site), &error);
    note_lost(folders, w, feed, error);
    if (ready && ready->len)
        begin_loading(folders, w, g_steal_pointer(&ready));
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

/* ── They open and close ───────────────────────────────────────────────────────────────────────── */

struct folders *folders_new(struct site *site) {
    struct folders *folders = g_new0(struct folders, 1);
    folders->site = site;
    folders->small = g_thread_pool_new(load_all, folders, THREADS, FALSE, NULL);
    folders->large = g_thread_pool_new(load_all, folders, THREADS, FALSE, NULL);
    folders->watched = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, watched_free);
    return folders;
}

gboolean folders_are_loading(const struct folders *folders) {
    GHashTableIter iter;
    gpointer w;
    gboolean is_any = FALSE;
    g_hash_table_iter_init(&iter, folders->watched);
    while (g_hash_table_iter_next(&iter, NULL, &w))
        is_any |= g_atomic_int_get(&((struct watched *)w)->is_loading);
    return is_any;
}

void folders_free(struct folders *folders) {
    g_thread_pool_free(folders->small, FALSE, TRUE);
    g_thread_pool_free(folders->large, FALSE, TRUE);
    g_hash_table_unref(folders->watched);
    g_free(folders);
}
