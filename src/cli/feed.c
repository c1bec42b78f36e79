#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/vocabulary.h"
#include "cli/cli.h"
#include "cli/feed_check.h"
#include "feed/mapping.h"
#include "intake/doubt.h"
#include "intake/held.h"
#include "intake/load.h"
#include "intake/take_up.h"
#include "operate/status.h"

/* ── add ───────────────────────────────────────────────────────────────────────────────────────── */

static int add(struct cli *cli, int argc, char **argv) {
    char *drop = NULL;
    int status = EXIT_OK;
    GOptionEntry entries[] = {
        {"drop", 0, 0, G_OPTION_ARG_FILENAME, &drop, "Folder that `serve` watches for files", "DIR"},
        {NULL}};
    if (!cli_parse(cli, "feed add MAPPING.yaml [--drop DIR]",
                   "Takes up a feed, or brings its mapping up to date.",
                   "The mapping's language is described in docs/operators.md; examples are under "
                   "share/feeds/.",
                   entries, &argc, &argv, 1, 1, &status))
        return status;
    g_autofree char *yaml = NULL, *id = NULL;
    gsize n;
    gboolean is_new;
    GError *error = NULL;
    if (!g_file_get_contents(argv[1], &yaml, &n, &error))
        return cli_fail(error);
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    g_autofree char *drop_path = drop ? g_canonicalize_filename(drop, NULL) : NULL;
    if (!take_up_feed(site, yaml, n, argv[1], drop_path, &id, &is_new, &error))
        status = cli_fail(error);
    else if (cli->json)
        cli_json_line(json_pack("{s:s, s:b}", "feed", id, "new", is_new));
    else
        printf(is_new ? "The feed %s is taken up. Its first list is its baseline and alerts nobody.\n"
                      : "The feed %s has its new mapping.\n",
               id);
    site_close(site);
    g_free(drop);
    return status;
}

/* ── load and check ────────────────────────────────────────────────────────────────────────────── */

struct totals {
    guint rows, problems, events, held, alerts;
    gint64 ms;
};

static void print_json(const struct load_summary *s) {
    size_t i;
    json_t *event;
    json_array_foreach(s->list, i, event) cli_json_line(json_incref(event));
}

static const char *text_of(const json_t *event, const char *key) {
    const char *text = json_string_value(json_object_get(event, key));
    return text ? text : "";
}

static void print_words(const char *name, const struct load_summary *s, gboolean is_trial) {
    json_t *problem;
    size_t i;

    printf("%s: %u rows", name, s->rows);
    if (s->is_baseline)
        printf(", taken as the baseline: nobody is alerted");
    for (int kind = 0; kind < CUSTODY_N_KINDS; kind++)
        if (s->n_of[kind])
            printf(", %u %s", s->n_of[kind], custody_kind_name((enum custody_kind)kind));
    if (s->alerts)
        printf(", %u alert%s%s", s->alerts, s->alerts == 1 ? "" : "s",
               is_trial ? " would be made" : "");
    printf("\n");
    if (s->held)
        printf("  %s. %s\n", is_trial ? "It would be held" : "HELD", s->note);
    else if (*s->note)
        printf("  %s\n", s->note);
    json_array_foreach(s->problem_list, i, problem) {
        if (i == 10) {
            printf("  … %u problems in all; `tocsin feed problems` lists them\n", s->problems);
            break;
        }
        printf("  row %" JSON_INTEGER_FORMAT "%s%s: %s\n",
               json_integer_value(json_object_get(problem, "row")),
               *text_of(problem, "field") ? ", " : "", text_of(problem, "field"),
               text_of(problem, "reason"));
    }
}

static void add_up(struct totals *totals, const struct load_summary *s) {
    totals->rows += s->rows;
    totals->problems += s->problems;
    totals->events += s->events;
    totals->held += s->held;
    totals->alerts += s->alerts;
    totals->ms += s->ms;
}

static int load_files(struct cli *cli, struct site *site, const char *feed, char **files,
                      struct load_options *options, struct feed_rows *rows) {
    struct totals totals = {0};
    int status = EXIT_OK;

    for (; *files; files++) {
        struct load_summary summary = {.list = NULL};
        GError *error = NULL;
        g_autofree char *name = g_path_get_basename(*files);
        options->lists_events = cli->json || rows;
        options->on_progress = rows ? NULL : cli_progress;
        options->on_row = rows ? feed_check_keep : NULL;
        options->context = rows ? (void *)rows : name;
        gboolean ok = load_file(site, feed, *files, options, &summary, &error);
        cli_progress_done();
        add_up(&totals, &summary);
        if (ok && rows)
            feed_check_print(cli, rows, &summary);
        if (!ok) {
            totals.problems++;
            status = cli_fail(error);
        } else if (cli->json) {
            print_json(&summary);
        } else {
            print_words(name, &summary, options->is_trial);
        }
        load_summary_clear(&summary);
        if (status != EXIT_OK && status != EXIT_INPUT)
            break;
    }
    if (cli->json)
        cli_json_line(json_pack("{s:{s:i, s:i, s:i, s:i, s:i, s:I}}", "summary", "rows", totals.rows,
                                "problems", totals.problems, "events", totals.events, "held",
                                totals.held, "alerts", totals.alerts, "ms", (json_int_t)totals.ms));
    return status;
}

/* FALSE after saying what is wrong. */
static gboolean parse_taken_at(const char *text, struct load_options *options) {
    options->taken_at_us = TIME_UNKNOWN;
    if (!text || base_time_parse(text, &options->taken_at_us))
        return TRUE;
    fprintf(stderr, "tocsin: --taken-at is a time such as 2025-05-06T16:00:00Z\n");
    return FALSE;
}

static int load(struct cli *cli, int argc, char **argv) {
    g_autofree char *taken_at = NULL;
    gboolean no_send = FALSE, no_alerts = FALSE;
    int status = EXIT_OK;
    GOptionEntry entries[] = {
        {"taken-at", 0, 0, G_OPTION_ARG_STRING, &taken_at,
         "When the list was taken, if its name does not say", "TIME"},
        {"history", 0, 0, G_OPTION_ARG_NONE, &no_alerts, "Record events and alert nobody", NULL},
        {"no-send", 0, 0, G_OPTION_ARG_NONE, &no_send, "Leave alerts in the outbox for `serve`", NULL},
        {NULL}};
    if (!cli_parse(cli, "feed load FEED FILE…",
                   "Loads files, in the order given, each in one transaction.",
                   "With --json, one custody event a line, then {\"summary\": …}.\n"
                   "A file that was loaded before does nothing. A list that makes an implausible "
                   "share of people vanish is held for a person to decide on.",
                   entries, &argc, &argv, 2, -1, &status))
        return status;
    struct load_options options = {.tells_nobody = no_alerts};
    if (!parse_taken_at(taken_at, &options))
        return EXIT_USAGE;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    status = load_files(cli, site, argv[1], argv + 2, &options, NULL);
    const int sent = no_send ? EXIT_OK : cli_send(cli, site);
    if (status == EXIT_OK)
        status = sent;
    site_close(site);
    return status;
}

#define USUAL_ROWS 5

/* The feed that a mapping is for. FALSE after saying what is wrong. */
static gboolean read_trial(const char *path, char **yaml, char **feed, int *status) {
    GError *error = NULL;
    gsize n;
    struct feed_mapping *mapping = NULL;
    if (g_file_get_contents(path, yaml, &n, &error))
        mapping = feed_mapping_parse(*yaml, n, path, &error);
    if (mapping)
        *feed = g_strdup(mapping->feed);
    else
        *status = cli_fail(error);
    feed_mapping_free(mapping);
    return mapping != NULL;
}

static int check_files(struct cli *cli, const char *feed, char **files, struct load_options *options,
                       int most_rows) {
    int status = EXIT_OK;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    struct feed_rows *rows = most_rows > 0 ? feed_check_new((guint)most_rows) : NULL;
    status = load_files(cli, site, feed, files, options, rows);
    feed_check_free(rows);
    site_close(site);
    return status;
}

static int check(struct cli *cli, int argc, char **argv) {
    g_autofree char *taken_at = NULL, *path = NULL, *yaml = NULL, *feed = NULL;
    int status = EXIT_OK, most_rows = -1;
    GOptionEntry entries[] = {
        {"mapping", 0, 0, G_OPTION_ARG_FILENAME, &path,
         "Read the files by this mapping; the feed need not be taken up yet", "MAPPING.yaml"},
        {"rows", 0, 0, G_OPTION_ARG_INT, &most_rows,
         "Show how so many rows were understood, and as many of those with problems (with --mapping: "
         "5)",
         "N"},
        {"taken-at", 0, 0, G_OPTION_ARG_STRING, &taken_at,
         "When the list was taken, if its name does not say", "TIME"},
        {NULL}};
    if (!cli_parse(cli, "feed check FEED FILE… | feed check FILE… --mapping MAPPING.yaml",
                   "Says what files would do, without doing it.",
                   "With --json, one row or custody event a line, then {\"summary\": …}.", entries,
                   &argc, &argv, 1, -1, &status))
        return status;
    struct load_options options = {.is_trial = TRUE};
    char **files = argv + (path ? 1 : 2);
    if (!*files) {
        fprintf(stderr, "tocsin: feed check FEED FILE…, or FILE… --mapping MAPPING.yaml\n");
        return EXIT_USAGE;
    }
    if (!parse_taken_at(taken_at, &options))
        return EXIT_USAGE;
    if (path && !read_trial(path, &yaml, &feed, &status))
        return status;
    options.mapping = yaml;
    return check_files(cli, path ? feed : argv[1], files, &options,
                       most_rows < 0 && path ? USUAL_ROWS : most_rows);
}

/* ── problems ──────────────────────────────────────────────────────────────────────────────────── */

struct listing {
    struct cli *cli;
    struct cli_table *table;
};

static void list_problem(const struct load_problem *p, void *context) {
    struct listing *listing = context;
    if (listing->cli->json) {
        cli_json_line(json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:o}", "feed", p->feed, "file", p->file,
                                "row", (json_int_t)p->row, "field", p->field, "reason", p->reason,
                                "value", p->value, "received_at", cli_json_time(p->received_at_us)));
        return;
    }
    g_autofree char *row = g_strdup_printf("%" G_GINT64_FORMAT, p->row);
    cli_table_row(listing->table, p->feed, p->file, row, p->field, p->value, p->reason, NULL);
}

static int problems(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    GError *error = NULL;
    if (!cli_parse(cli, "feed problems [FEED]",
                   "Lists the rows and files that could not be read, newest first.",
                   "Of a row's content only mapped columns are shown: nothing else was kept.", NULL,
                   &argc, &argv, 0, 1, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    struct listing listing = {cli,
                              cli_table_new("FEED", "FILE", "ROW", "FIELD", "VALUE", "REASON", NULL)};
    if (!load_problems(site, argv[1], 1000, list_problem, &listing, &error))
        status = cli_fail(error);
    cli_table_end(cli, listing.table, "No problems: every row could be read.");
    site_close(site);
    return status;
}

/* ── status ────────────────────────────────────────────────────────────────────────────────────── */

static void list_feed(const struct status_feed *f, void *context) {
    struct listing *listing = context;
    if (listing->cli->json) {
        cli_json_line(json_pack("{s:s, s:s, s:s, s:o, s:o, s:i, s:i, s:i, s:o}", "feed", f->id, "title",
                                f->title, "state", f->state, "last_at", cli_json_time(f->last_at_us),
                                "silent_since", cli_json_time(f->silent_since_us), "people",
                                f->n_listed, "held", f->n_held, "problems", f->n_problems,
                                "held_reason", cli_json_text(f->held_reason)));
        return;
    }
    g_autofree char *last = cli_time(f->last_at_us);
    g_autofree char *people = g_strdup_printf("%u", f->n_listed);
    g_autofree char *n_problems = g_strdup_printf("%u", f->n_problems);
    cli_table_row(listing->table, f->id, f->state, last, people, n_problems,
                  f->held_reason ? f->held_reason : "", NULL);
}

static int status_of(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    GError *error = NULL;
    if (!cli_parse(cli, "feed status", "Lists the feeds: is each alive, and does a list wait for you?",
                   NULL, NULL, &argc, &argv, 0, 0, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    struct listing listing = {cli, cli_table_new("FEED", "STATE", "LAST HEARD (UTC)", "PEOPLE",
                                                 "PROBLEMS", "WAITS FOR YOU", NULL)};
    if (!status_feeds(site, list_feed, &listing, &error))
        status = cli_fail(error);
    cli_table_end(cli, listing.table, "No feeds yet: tocsin feed add MAPPING.yaml");
    site_close(site);
    return status;
}

/* ── accept, reject, secret ────────────────────────────────────────────────────────────────────── */

static int accept(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    GError *error = NULL;
    struct load_summary summary = {.list = NULL};
    gboolean as_baseline = FALSE;
    g_autofree char *by = NULL;
    GOptionEntry entries[] = {
        {"as-baseline", 0, 0, G_OPTION_ARG_NONE, &as_baseline,
         "Take the held list as it is and tell nobody: the jail has numbered everybody anew", NULL},
        {"by", 0, 0, G_OPTION_ARG_STRING, &by, "Who decides it; kept with the list", "NAME"},
        {NULL}};
    if (!cli_parse(
            cli, "feed accept FEED",
            "Takes the list that is held as true; or, where none is, the reports that are in doubt.",
            "Everyone who follows somebody it no longer shows will be told. After --as-baseline, "
            "`tocsin watch differences` lists who was told something that no longer holds.",
            entries, &argc, &argv, 1, 1, &status))
        return status;
    if (as_baseline && (!by || !*by)) {
        g_set_error(&error, BASE_ERROR, BASE_ERROR_INPUT,
                    "a new baseline needs --by NAME: who decides it");
        return cli_fail(error);
    }
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    if (!(as_baseline ? held_accept_as_baseline(site, argv[1], by, &summary, &error)
                      : held_accept(site, argv[1], &summary, &error))) {
        status = cli_fail(error);
    } else {
        if (cli->json) {
            print_json(&summary);
            cli_json_line(json_pack("{s:{s:i, s:i, s:i}}", "summary", "rows", summary.rows, "events",
                                    summary.events, "alerts", summary.alerts));
        } else if (summary.is_of_doubt) {
            printf("%u reports are no longer in doubt. %u notices say so.\n", summary.rows,
                   summary.alerts);
        } else {
            print_words("the held list", &summary, FALSE);
        }
        status = cli_send(cli, site);
    }
    load_summary_clear(&summary);
    site_close(site);
    return status;
}

static int reject(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    guint n_alerts;
    GError *error = NULL;
    if (!cli_parse(
            cli, "feed reject FEED",
            "Throws the list that is held away; or, where none is, the reports that are in doubt.",
            "The next list is compared with the last good one. Whoever was told of it, in doubt, is "
            "told that it was wrong.",
            NULL, &argc, &argv, 1, 1, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    if (!held_reject(site, argv[1], &n_alerts, &error)) {
        status = cli_fail(error);
    } else {
        if (cli->json)
            cli_json_line(
                json_pack("{s:s, s:b, s:i}", "feed", argv[1], "rejected", TRUE, "alerts", n_alerts));
        else
            printf("It is thrown away. %u %s told that it was wrong.\n", n_alerts,
                   n_alerts == 1 ? "person is" : "people are");
        status = cli_send(cli, site);
    }
    site_close(site);
    return status;
}

static int undo(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    guint n, n_alerts;
    GError *error = NULL;
    if (!cli_parse(cli, "feed undo FEED FILE",
                   "Takes back what a file said, as when its mapping was wrong.",
                   "FILE is the name under which it was loaded. What is believed follows, and whoever "
                   "was told of "
                   "it is told that it was wrong.",
                   NULL, &argc, &argv, 2, 2, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    if (!doubt_undo(site, argv[1], argv[2], &n, &n_alerts, &error)) {
        status = cli_fail(error);
    } else {
        if (cli->json)
            cli_json_line(json_pack("{s:s, s:s, s:i, s:i}", "feed", argv[1], "file", argv[2], "undone",
                                    n, "alerts", n_alerts));
        else
            printf("%u things that %s said are taken back. %u notices say so.\n", n, argv[2], n_alerts);
        status = cli_send(cli, site);
    }
    site_close(site);
    return status;
}

static int secret(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    GError *error = NULL;
    g_autofree char *text = NULL;
    if (!cli_parse(cli, "feed secret FEED",
                   "Prints the secret under which the source signs what it pushes.", NULL, NULL, &argc,
                   &argv, 1, 1, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    if (!(text = take_up_secret(site, argv[1], &error)))
        status = cli_fail(error);
    else
        printf("whsec_%s\n", text);
    site_close(site);
    return status;
}

static int run(struct cli *cli, int argc, char **argv) {
    static const struct cli_command commands[] = {
        {"add", "take up a feed, or bring its mapping up to date", add},
        {"check", "say what files would do, without doing it", check},
        {"load", "load files", load},
        {"problems", "list what could not be read", problems},
        {"status", "list the feeds: is each alive?", status_of},
        {"accept", "take a held list as true", accept},
        {"reject", "throw a held list away", reject},
        {"undo", "take back what a file said", undo},
        {"secret", "print the secret that signs pushed events", secret},
        {NULL}};
    return cli_dispatch(cli, "feed", commands, argc, argv);
}

const struct cli_command cli_feed = {"feed", "feeds of jails: add, check, load, status …", run};
