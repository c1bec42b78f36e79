#include "operate/watcher.h"

#include "base/error.h"
#include "base/text.h"
#include "book/logbook.h"
#include "desk/end.h"
#include "feed/folder.h"
#include "intake/load.h"
#include "operate/status.h"
#include "site/config.h"

#define TICK_US (10 * (gint64)SECOND_US)

struct watcher {
    struct site *site;
    GHashTable *folders; /* feed id → struct feed_dropfolder */
    gint64 ticked_at_us;
};

struct watcher *watcher_new(struct site *site) {
    struct watcher *watcher = g_new0(struct watcher, 1);
    watcher->site = site;
    watcher->folders =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)feed_dropfolder_free);
    return watcher;
}

void watcher_free(struct watcher *watcher) {
    g_hash_table_unref(watcher->folders);
    g_free(watcher);
}

/* FALSE when the file is to be tried again: it was the store that failed, not the file. */
static gboolean load(struct watcher *watcher, const char *feed, const char *path) {
    const struct load_options options = {.taken_at_us = TIME_UNKNOWN};
    struct load_summary summary;
    g_autoptr(GError) error = NULL;
    g_autofree char *name = g_path_get_basename(path);

    gboolean ok = feed_load(watcher->site, feed, path, &options, &summary, &error);
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

static void look_into(struct watcher *watcher, const char *feed, const char *path) {
    struct feed_dropfolder *folder = g_hash_table_lookup(watcher->folders, feed);
    g_autoptr(GError) error = NULL;
    if (!folder) {
        folder = feed_dropfolder_new(path, site_config(watcher->site)->drop_settle_us);
        g_hash_table_insert(watcher->folders, g_strdup(feed), folder);
    }
    g_autoptr(GPtrArray) ready = feed_dropfolder_look(folder, site_now(watcher->site), &error);
    if (!ready)
        log_line("error", "a drop folder cannot be read", "feed", feed, "problem", error->message,
                 NULL);
    for (guint i = 0; ready && i < ready->len; i++)
        if (!load(watcher, feed, ready->pdata[i]))
            feed_dropfolder_retry(folder, ready->pdata[i]);
}

static void look_into_folders(struct watcher *watcher) {
    g_autoptr(GHashTable) folders = NULL;
    g_autoptr(GError) error = NULL;
    GHashTableIter iter;
    gpointer feed, path;
    if (!status_drop_folders(watcher->site, &folders, &error)) {
        log_line("error", "the drop folders could not be listed", "problem", error->message, NULL);
        return;
    }
    g_hash_table_iter_init(&iter, folders);
    while (g_hash_table_iter_next(&iter, &feed, &path))
        look_into(watcher, feed, path);
}

static gboolean tick_feeds(struct site *site, GError **error) {
    guint n_events;
    return feeds_tick(site, &n_events, error);
}

static gboolean tick_hours(struct site *site, GError **error) {
    guint n;
    return logbook_hours(site, &n, error);
}

/* What is due as time passes; what goes wrong with one keeps no other from its turn. */
static const struct {
    gboolean (*tick)(struct site *site, GError **error);
    const char *problem;
} duties[] = {{tick_feeds, "feeds could not be looked over"},
              {end_expired, "watches that are over could not be ended"},
              {tick_hours, "an hour could not be written into the ledger"}};

void watcher_look(struct watcher *watcher) {
    const gint64 now = site_now(watcher->site);
    look_into_folders(watcher);
    if (now - watcher->ticked_at_us < TICK_US && now >= watcher->ticked_at_us)
        return;
    watcher->ticked_at_us = now;
    for (guint i = 0; i < G_N_ELEMENTS(duties); i++) {
        g_autoptr(GError) error = NULL;
        if (!duties[i].tick(watcher->site, &error))
            log_line("error", duties[i].problem, "problem", error->message, NULL);
    }
}
