/* `tocsin person possible`, `explain`, `join`, `part`: whether two numbers are one person. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/person_link.h"
#include "find/finder.h"
#include "identity/linker.h"
#include "site/person.h"

/* The two people named on the command line. */
static gboolean find_two(struct site *site, char **argv, gint64 *a, gint64 *b, GError **error) {
    return site_person_read(site, argv[1], a, error) && site_person_read(site, argv[2], b, error);
}

struct queue {
    struct cli *cli;
    struct cli_table *table;
    struct site *site;
    GError *error; /* the first */
};

static void list_link(const struct store_link *link, void *context) {
    struct queue *q = context;
    if (q->error)
        return;
    g_autofree char *a = linker_label(q->site, link->a, &q->error);
    g_autofree char *b = a ? linker_label(q->site, link->b, &q->error) : NULL;
    if (!b)
        return;
    g_autofree char *bits = g_strdup_printf("%.1f", link->bits), *found = cli_time(link->found_at_us);
    if (q->cli->json) {
        json_t *evidence = json_loads(*link->evidence ? link->evidence : "{}", 0, NULL);
        cli_json_line(json_pack("{s:s, s:s, s:s, s:f, s:o, s:o}", "a", a, "b", b, "state",
                                store_link_state_name(link->state), "bits", link->bits, "found_at",
                                cli_json_time(link->found_at_us), "evidence",
                                evidence ? evidence : json_null()));
        return;
    }
    cli_table_row(q->table, a, b, bits, found, NULL);
}

int cli_person_possible(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    GError *error = NULL;
    if (!cli_parse(cli, "person possible",
                   "Lists who may be one person under two numbers, and waits for a clerk.",
                   "`person explain A B` shows why; `person join A B` and `person part A B` decide.",
                   NULL, &argc, &argv, 0, 0, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    struct queue q = {cli, cli_table_new("PERSON", "AND", "BITS", "FOUND (UTC)", NULL), site, NULL};
    if (!linker_waiting(site, 1000, list_link, &q, &error) || (error = q.error))
        status = cli_fail(error);
    cli_table_end(cli, q.table, "Nobody waits to be told apart.");
    site_close(site);
    return status;
}

int cli_person_explain(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    GError *error = NULL;
    gint64 a = 0, b = 0;
    struct link_evidence evidence[LINK_MOST_FIELDS];
    guint n = 0;
    double prior = 0, bits = 0;
    const char *why_not = NULL;
    if (!cli_parse(cli, "person explain A B",
                   "Shows what speaks for two numbers being one person, and against it.",
                   "A and B are numbers, or scope:number. The rows of a file are explained by "
                   "`person link FILE --explain A,B`.",
                   NULL, &argc, &argv, 2, 2, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    if (!find_two(site, argv, &a, &b, &error) ||
        !linker_explain(site, a, b, evidence, &n, &prior, &bits, &why_not, &error)) {
        status = cli_fail(error);
    } else {
        cli_print_evidence(cli, evidence, n, prior, bits);
        if (why_not && cli->json)
            cli_json_line(json_pack("{s:s}", "why_not_sure", why_not));
        else if (why_not)
            printf("Never linked without asking: %s.\n", why_not);
    }
    site_close(site);
    return status;
}

static int decide(struct cli *cli, int argc, char **argv, gboolean are_one) {
    int status = EXIT_OK;
    GError *error = NULL;
    char *by = NULL;
    gint64 a = 0, b = 0;
    guint n_corrected = 0;
    GOptionEntry entries[] = {{"by", 0, 0, G_OPTION_ARG_STRING, &by, "Who decides", "NAME"}, {NULL}};
    if (!cli_parse(
            cli, are_one ? "person join A B --by NAME" : "person part A B --by NAME",
            are_one ? "Says that two numbers are one person." : "Says that two numbers are two people.",
            are_one
                ? "Whoever follows either is told of both from now on, and of what just happened."
                : "It stands against whatever is found later. Who was told of the other is told so.",
            entries, &argc, &argv, 2, 2, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    gboolean ok = site && find_two(site, argv, &a, &b, &error) &&
                  (are_one ? linker_join(site, a, b, by, &error)
                           : linker_part(site, a, b, by, &n_corrected, &error));
    if (site && !ok) {
        status = cli_fail(error);
    } else if (site && cli->json) {
        cli_json_line(json_pack("{s:s, s:i}", "state", are_one ? "confirmed" : "refused", "corrected",
                                n_corrected));
    } else if (site) {
        printf("They are %s.", are_one ? "one person" : "two people");
        if (n_corrected)
            printf(" Registrations that heard of the wrong one and are told so: %u.", n_corrected);
        puts("");
    }
    if (ok)
        status = cli_send(cli, site);
    if (site)
        site_close(site);
    g_free(by);
    return status;
}

int cli_person_join(struct cli *cli, int argc, char **argv) {
    return decide(cli, argc, argv, TRUE);
}

int cli_person_part(struct cli *cli, int argc, char **argv) {
    return decide(cli, argc, argv, FALSE);
}

int cli_person_link_new(struct cli *cli) {
    int status = EXIT_OK;
    GError *error = NULL;
    guint n_sure = 0, n_possible = 0;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    struct finder *finder = finder_new(site);
    const struct people_source people = finder_source(finder);
    const gboolean ok = finder_build(finder, cli_progress, (void *)(gsize) "names read", &error) &&
                        linker_run(site, &people, &n_sure, &n_possible, &error);
    cli_progress_done();
    if (!ok)
        status = cli_fail(error);
    else if (cli->json)
        cli_json_line(json_pack("{s:i, s:i}", "sure", n_sure, "possible", n_possible));
    else
        printf("Linked to another number of theirs: %u. Possibly one person, and asked about: %u "
               "(`person possible` lists who waits).\n",
               n_sure, n_possible);
    if (ok)
        status = cli_send(cli, site);
    finder_free(finder);
    site_close(site);
    return status;
}
