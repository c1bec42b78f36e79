#include <stdio.h>

#include "base/error.h"
#include "cli/cli.h"
#include "operate/status.h"
#include "send/sender.h"

struct listing {
    struct cli *cli;
    struct cli_table *table;
    guint n;
};

static void list_alert(const struct status_alert *a, void *context) {
    struct listing *listing = context;
    listing->n++;
    if (listing->cli->json) {
        cli_json_line(json_pack(
            "{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:s}", "alert", a->id,
            "purpose", a->purpose, "state", a->state, "kind", cli_json_text(a->kind), "event_id",
            cli_json_text(a->event), "registration", cli_json_text(a->registration_id), "person",
            cli_json_text(a->person), "created_at", cli_json_time(a->created_at_us), "handed_over_at",
            cli_json_time(a->handed_at_us), "confirmed_at", cli_json_time(a->confirmed_at_us),
            "next_try_at", cli_json_time(a->next_at_us), "attempts", a->attempts, "answer", a->note));
        return;
    }
    g_autofree char *created = cli_time(a->created_at_us);
    g_autofree char *attempts = g_strdup_printf("%u", a->attempts);
    g_autofree char *latency =
        a->handed_at_us == TIME_UNKNOWN
            ? g_strdup("")
            : g_strdup_printf("%.0f ms", (double)(a->handed_at_us - a->created_at_us) / 1000);
    cli_table_row(listing->table, a->id, a->purpose, a->state, a->kind ? a->kind : "",
                  a->registration_id ? a->registration_id : "", created, latency, attempts, a->note,
                  NULL);
}

static int list_or_show(struct cli *cli, const char *id, gboolean only_waiting) {
    int status = EXIT_OK;
    GError *error = NULL;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    struct listing listing = {cli,
                              cli_table_new("ALERT", "WHAT", "STATE", "KIND", "REGISTRATION",
                                            "MADE (UTC)", "LEFT AFTER", "TRIES", "ANSWER", NULL),
                              0};
    if (!status_alerts(site, id, only_waiting, 10000, list_alert, &listing, &error))
        status = cli_fail(error);
    cli_table_end(cli, listing.table, only_waiting ? "Nothing waits for a person." : "No alerts.");
    if (status == EXIT_OK && id && !listing.n) {
        fprintf(stderr, "tocsin: there is no alert \"%s\"\n", id);
        status = EXIT_NOT_FOUND;
    }
    site_close(site);
    return status;
}

static int list(struct cli *cli, int argc, char **argv) {
    gboolean waiting = FALSE;
    int status = EXIT_OK;
    GOptionEntry entries[] = {
        {"waiting", 0, 0, G_OPTION_ARG_NONE, &waiting, "Only those that a person must look at", NULL},
        {NULL}};
    if (!cli_parse(
            cli, "alert list", "Lists what was and is to be sent, newest first.",
            "States: queued, sending, unknown (it was being sent and nobody says so any more), sent "
            "(handed over, not confirmed), confirmed, needs_person, "
            "withdrawn, superseded, withheld, ended.",
            entries, &argc, &argv, 0, 0, &status))
        return status;
    return list_or_show(cli, NULL, waiting);
}

static int show(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    if (!cli_parse(cli, "alert show ALERT", "Shows one alert.", NULL, NULL, &argc, &argv, 1, 1,
                   &status))
        return status;
    return list_or_show(cli, argv[1], FALSE);
}

static int send(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    struct sender_counts n;
    GError *error = NULL;
    if (!cli_parse(cli, "alert send", "Sends what is due now, for a site without `serve`.", NULL, NULL,
                   &argc, &argv, 0, 0, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    if (!sender_run_once(site, &n, &error))
        status = cli_fail(error);
    else if (cli->json)
        cli_json_line(json_pack("{s:i, s:i}", "handed_over", n.handed_over, "failed", n.failed));
    else
        printf("%u handed over, %u wait for another try.\n", n.handed_over, n.failed);
    site_close(site);
    return status != EXIT_OK ? status : n.failed ? EXIT_FAILED : EXIT_OK;
}

static int run(struct cli *cli, int argc, char **argv) {
    static const struct cli_command commands[] = {{"list", "list alerts", list},
                                                  {"show", "show one alert", show},
                                                  {"send", "send what is due now", send},
                                                  {NULL}};
    return cli_dispatch(cli, "alert", commands, argc, argv);
}

const struct cli_command cli_alert = {"alert", "alerts: list, show, send", run};
