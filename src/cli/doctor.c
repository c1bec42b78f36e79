#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "cli/cli.h"
#include "disclose/disclose.h"
#include "operate/status.h"
#include "store/store.h"

/* Each check prints one line: what was looked at, whether it is well, what to do. */
struct examination {
    struct cli *cli;
    guint n_bad;
};

static void report(struct examination *x, gboolean ok, const char *what, const char *remedy) {
    x->n_bad += !ok;
    if (x->cli->json)
        cli_json_line(
            json_pack("{s:s, s:b, s:s}", "check", what, "ok", ok, "remedy", ok ? "" : remedy));
    else
        printf("%s%s%s %s%s%s\n", x->cli->has_color ? (ok ? "\033[32m" : "\033[31m") : "",
               ok ? "well" : "BAD ", x->cli->has_color ? "\033[0m" : "", what, ok ? "" : ": ",
               ok ? "" : remedy);
}

static void check_key_mode(struct examination *x, const struct site *site, const char *file) {
    struct stat status;
    g_autofree char *path = site_path(site, file);
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

static void check_disk(struct examination *x, const struct site *site) {
    struct statvfs disk;
    gboolean ok = statvfs(site_dir(site), &disk) == 0 &&
                  (guint64)disk.f_bavail * disk.f_frsize > G_GUINT64_CONSTANT(1) << 30;
    report(x, ok, "the disk has 1 GiB free", "make room: a full disk stops every alert");
}

static void check_policy(struct examination *x, struct site *site) {
    g_autoptr(GError) error = NULL;
    struct disclose_gate *gate = site_gate(site, &error);
    report(x, gate != NULL, "the policy keeps its guarantees", error ? error->message : "");
    disclose_gate_unref(gate);
}

static void check_alerts(struct examination *x, struct site *site) {
    struct store_alert_counts counts;
    if (!status_alert_counts(site, &counts, NULL))
        return;
    report(x, counts.needs_person + counts.withheld == 0, "no alert waits for a person",
           "see `tocsin alert list --waiting`");
    gboolean late = counts.oldest_queued_at_us != TIME_UNKNOWN &&
                    site_now(site) - counts.oldest_queued_at_us > 5 * MINUTE_US;
    report(x, !late, "no alert has waited for five minutes",
           "is `tocsin serve` running, and does the mail server answer?");
}

static int run(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    struct examination x = {.cli = cli};
    gboolean is_whole = FALSE;
    if (!cli_parse(cli, "doctor", "Looks the site over and says what is not well.",
                   "Exit status 1 when something is bad.", NULL, &argc, &argv, 0, 0, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    check_key_mode(&x, site, "keys/contacts.key.pem");
    check_key_mode(&x, site, "keys/contacts.db");
    check_key_mode(&x, site, "keys/site.key");
    check_key_mode(&x, site, "tocsin.db");
    store_check(site_store(site), &is_whole, NULL);
    report(&x, is_whole, "the store is whole", "restore the last backup; keep the damaged file");
    check_disk(&x, site);
    report(&x,
           !g_str_has_prefix(site_base_url(site), "http://") ||
               strstr(site_base_url(site), "://127.0.0.1") ||
               strstr(site_base_url(site), "://localhost"),
           "links in messages use TLS", "give base_url an https:// address");
    check_policy(&x, site);
    status_feeds(site, check_feed, &x, NULL);
    check_alerts(&x, site);
    site_close(site);
    return x.n_bad ? EXIT_FAILED : EXIT_OK;
}

const struct cli_command cli_doctor = {"doctor", "look the site over", run};
