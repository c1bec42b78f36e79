#include "operate/examine.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "disclose/disclose.h"
#include "operate/status.h"
#include "store/feed.h"
#include "store/store.h"

struct examination {
    struct site *site;
    examine_fn each;
    void *context;
};

static void report(const struct examination *x, gboolean is_well, const char *what,
                   const char *remedy) {
    x->each(what, is_well, remedy, x->context);
}

static void check_mode(const struct examination *x, const char *file, const char *path) {
    struct stat status;
    g_autofree char *what = g_strdup_printf("%s is readable by its owner only", file);
    report(x, g_stat(path, &status) == 0 && (status.st_mode & 077) == 0, what, "chmod 600 it");
}

static void check_feed(const struct status_feed *feed, void *context) {
    g_autofree char *what = g_strdup_printf("the feed %s is %s", feed->id, feed->state);
    gboolean ok = strcmp(feed->state, "alive") == 0 || strcmp(feed->state, "new") == 0;
    report(context, ok, what,
           feed->held_reason ? "decide with `tocsin feed accept` or `tocsin feed reject`"
                             : "ask the jail why nothing new comes");
}

static void check_disk(const struct examination *x) {
    struct statvfs disk;
    gboolean ok = statvfs(site_dir(x->site), &disk) == 0 &&
                  (guint64)disk.f_bavail * disk.f_frsize > G_GUINT64_CONSTANT(1) << 30;
    report(x, ok, "the disk has 1 GiB free", "make room: a full disk stops every alert");
}

static void check_policy(const struct examination *x) {
    g_autoptr(GError) error = NULL;
    struct disclose_gate *gate = site_gate_for_agencies(x->site, &error);
    report(x, gate != NULL, "the policy keeps its guarantees", error ? error->message : "");
    disclose_gate_unref(gate);
}

static void check_alerts(const struct examination *x) {
    struct status_counts counts;
    g_autoptr(GError) error = NULL;
    if (!status_count(x->site, &counts, &error)) {
        report(x, FALSE, "the outbox can be read", error->message);
        return;
    }
    report(x, counts.needs_person + counts.withheld == 0, "no alert waits for a person",
           "see `tocsin alert list --waiting`");
    gboolean late = counts.oldest_queued_at_us != TIME_UNKNOWN &&
                    ABS(site_now(x->site) - counts.oldest_queued_at_us) > 5 * MINUTE_US;
    g_autofree char *hint =
        *counts.last_answer
            ? g_strdup_printf("what could not be sent last was answered: %s", counts.last_answer)
            : g_strdup("is `tocsin serve` running, and does the mail server answer?");
    report(x, !late, "no alert has waited for five minutes", hint);
    g_autofree char *retrying = g_strdup_printf("%" G_GUINT64_FORMAT " messages were tried in vain and "
                                                "will be tried again; the last answer: %s",
                                                counts.retrying, counts.last_answer);
    report(x, !counts.retrying, "what is sent is taken", retrying);
}

static void check_store(const struct examination *x) {
    gboolean is_whole = FALSE;
    g_autoptr(GError) error = NULL;
    store_check(site_store(x->site), &is_whole, &error);
    report(x, is_whole, "the store is whole",
           error ? error->message
                 : "move the file and its -wal and -shm away, and put the last backup there");
    g_autofree char *path = store_file(site_store(x->site));
    g_autofree char *file = path ? g_path_get_basename(path) : NULL;
    if (path)
        check_mode(x, file, path);
}

static void check_links(const struct examination *x) {
    const char *url = site_base_url(x->site);
    report(x,
           !g_str_has_prefix(url, "http://") || strstr(url, "://127.0.0.1") ||
               strstr(url, "://localhost"),
           "links in messages use TLS", "give base_url an https:// address");
}

static gboolean read_folders(struct db *db, void *context, GError **error) {
    return store_feed_folders(db, context, error);
}

static void check_folders(const struct examination *x) {
    g_autoptr(GHashTable) paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GError) error = NULL;
    GHashTableIter iter;
    gpointer feed, path;
    if (!store_read(site_store(x->site), read_folders, paths, &error))
        report(x, FALSE, "the drop folders can be listed", error->message);
    g_hash_table_iter_init(&iter, paths);
    while (g_hash_table_iter_next(&iter, &feed, &path)) {
        g_autofree char *what = g_strdup_printf("the drop folder of %s can be read", (char *)feed);
        g_autofree char *remedy =
            g_strdup_printf("bring %s back, or let this user read it", (char *)path);
        report(x, g_file_test(path, G_FILE_TEST_IS_DIR) && access(path, R_OK | X_OK) == 0, what,
               remedy);
    }
}

struct begun {
    gint64 before_us;
    GPtrArray *names;
};

static gboolean read_begun(struct db *db, void *context, GError **error) {
    const struct begun *begun = context;
    return store_sources_begun(db, begun->before_us, begun->names, error);
}

/* What is under way is not meant. */
static void check_begun(const struct examination *x) {
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    struct begun begun = {site_now(x->site) - HOUR_US, names};
    g_autoptr(GError) error = NULL;
    if (!store_read(site_store(x->site), read_begun, &begun, &error)) {
        report(x, FALSE, "the files that were taken can be listed", error->message);
        return;
    }
    g_autofree char *remedy =
        names->len
            ? g_strdup_printf("%u were begun, and their other rows are not taken; load it again, "
                              "or have it pushed again: %s",
                              names->len, (char *)names->pdata[0])
            : NULL;
    report(x, !names->len, "every file that was begun is ended", remedy ? remedy : "");
}

static void check_feeds(const struct examination *x) {
    g_autoptr(GError) error = NULL;
    if (!status_feeds(x->site, check_feed, (void *)(gsize)x, &error))
        report(x, FALSE, "the feeds can be read", error->message);
}

void examine(struct site *site, examine_fn each, void *context) {
    static const char *const secrets[] = {"keys/contacts.key.pem", "keys/contacts.db", "keys/site.key"};
    const struct examination x = {site, each, context};
    for (guint i = 0; i < G_N_ELEMENTS(secrets); i++) {
        g_autofree char *path = site_path(site, secrets[i]);
        check_mode(&x, secrets[i], path);
    }
    check_store(&x);
    check_disk(&x);
    check_links(&x);
    check_policy(&x);
    check_feeds(&x);
    check_folders(&x);
    check_begun(&x);
    check_alerts(&x);
}
