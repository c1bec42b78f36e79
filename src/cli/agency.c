#include <stdio.h>

#include "cli/cli.h"
#include "desk/agency.h"
#include "desk/end.h"
#include "store/store.h"

static int ask(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    GError *error = NULL;
    g_autofree char *id = NULL;
    struct agency_request r = {NULL};
    GOptionEntry entries[] = {
        {"person", 0, 0, G_OPTION_ARG_STRING, &r.person, "The person's number, one", "ID"},
        {"recipient", 0, 0, G_OPTION_ARG_STRING, &r.recipient, "Who is to be told: a party or a class",
         "WORD"},
        {"purpose", 0, 0, G_OPTION_ARG_STRING, &r.purpose, "What for", "WORD"},
        {"basis", 0, 0, G_OPTION_ARG_STRING, &r.basis, "On what it rests, such as judicial_warrant",
         "WORD"},
        {"document", 0, 0, G_OPTION_ARG_STRING, &r.document, "The document's number", "TEXT"},
        {"issuer", 0, 0, G_OPTION_ARG_STRING, &r.issuer, "Who issued it", "TEXT"},
        {"issued-on", 0, 0, G_OPTION_ARG_STRING, &r.issued_on, "When", "YYYY-MM-DD"},
        {"expires", 0, 0, G_OPTION_ARG_STRING, &r.expires, "When the watch ends, at most 90 days ahead",
         "WHEN"},
        {"officer", 0, 0, G_OPTION_ARG_STRING, &r.officer, "Who asks", "NAME"},
        {"email", 0, 0, G_OPTION_ARG_STRING, &r.email, "Where notices go", "ADDRESS"},
        {"pin", 0, 0, G_OPTION_ARG_STRING, &r.pin, "4 to 8 digits, to confirm a notice", "DIGITS"},
        {"events", 0, 0, G_OPTION_ARG_STRING, &r.kinds, "Kinds, with commas", "KINDS"},
        {NULL}};
    if (!cli_parse(cli, "agency ask --person ID --recipient R --purpose P --basis B …",
                   "Asks, for an agency, to be told of one person on one legal basis.",
                   "Everything but --events is required. The policy judges it now, and again when a "
                   "second officer\ndecides (tocsin agency approve), and at every notice. Asking is "
                   "recorded, also when it is denied.",
                   entries, &argc, &argv, 0, 0, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    if (!agency_ask(site, &r, &id, &error))
        status = cli_fail(error);
    else if (cli->json)
        cli_json_line(json_pack("{s:s, s:s}", "watch", id, "state", "asked"));
    else
        printf("Watch %s is asked for. A second officer, on the jail's side, decides:\n"
               "tocsin -C %s agency approve %s --officer NAME\n",
               id, cli->dir, id);
    site_close(site);
    const char *const words[] = {r.person,    r.recipient, r.purpose, r.basis, r.document, r.issuer,
                                 r.issued_on, r.expires,   r.officer, r.email, r.pin,      r.kinds};
    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        g_free((char *)(gsize)words[i]);
    return status;
}

static int decide(struct cli *cli, int argc, char **argv, gboolean approves) {
    int status = EXIT_OK;
    char *officer = NULL, *reason = NULL;
    GError *error = NULL;
    GOptionEntry entries[] = {
        {"officer", 0, 0, G_OPTION_ARG_STRING, &officer, "Who decides; not the one who asked", "NAME"},
        {"reason", 0, 0, G_OPTION_ARG_STRING, &reason, "Why", "WORDS"},
        {NULL}};
    if (!cli_parse(cli,
                   approves ? "agency approve WATCH --officer NAME"
                            : "agency refuse WATCH --officer NAME",
                   approves ? "Approves a watch that another officer asked for, one at a time."
                            : "Refuses a watch.",
                   NULL, entries, &argc, &argv, 1, 1, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (site) {
        if (!agency_decide(site, argv[1], officer ? officer : "", approves, reason, &error))
            status = cli_fail(error);
        else if (cli->json)
            cli_json_line(
                json_pack("{s:s, s:s}", "watch", argv[1], "state", approves ? "approved" : "refused"));
        else
            printf("Watch %s is %s, and it is in the ledger.\n", argv[1],
                   approves ? "approved" : "refused");
        site_close(site);
    }
    g_free(officer);
    g_free(reason);
    return status;
}

static int approve(struct cli *cli, int argc, char **argv) {
    return decide(cli, argc, argv, TRUE);
}

static int refuse(struct cli *cli, int argc, char **argv) {
    return decide(cli, argc, argv, FALSE);
}

static int end(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    GError *error = NULL;
    if (!cli_parse(cli, "agency end WATCH", "Ends a watch.", NULL, NULL, &argc, &argv, 1, 1, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    if (!end_registration(site, argv[1], END_UNSAID, &error))
        status = cli_fail(error);
    else if (cli->json)
        cli_json_line(json_pack("{s:s, s:s}", "watch", argv[1], "state", "ended"));
    else
        printf("Watch %s has ended.\n", argv[1]);
    site_close(site);
    return status;
}

static void list_one(const struct cli *cli, struct cli_table *table,
                     const struct store_agency_watch *w) {
    if (cli->json) {
        cli_json_line(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:s}",
                                "watch", w->registration_id, "state", store_watch_state_name(w->state),
                                "recipient", w->recipient, "purpose", w->purpose, "basis", w->basis,
                                "document", w->document, "issuer", w->issuer, "issued_on", w->issued_on,
                                "asked_by", w->asked_by, "asked_at", cli_json_time(w->asked_at_us),
                                "decided_by", cli_json_text(w->decided_by), "decided_at",
                                cli_json_time(w->decided_at_us), "reason", w->reason));
        return;
    }
    g_autofree char *asked = cli_time(w->asked_at_us);
    cli_table_row(table, w->registration_id, store_watch_state_name(w->state), w->recipient, w->basis,
                  w->document, w->asked_by, asked, w->decided_by ? w->decided_by : "-", w->reason,
                  NULL);
}

static int list(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    GError *error = NULL;
    gboolean only_asked = FALSE;
    GOptionEntry entries[] = {{"waiting", 0, 0, G_OPTION_ARG_NONE, &only_asked,
                               "Only those that wait for a second officer", NULL},
                              {NULL}};
    if (!cli_parse(cli, "agency list", "Lists agencies' watches, newest first.", NULL, entries, &argc,
                   &argv, 0, 0, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    struct cli_table *table = cli_table_new("WATCH", "STATE", "RECIPIENT", "BASIS", "DOCUMENT",
                                            "ASKED BY", "ASKED (UTC)", "DECIDED BY", "REASON", NULL);
    struct db *db = store_read_begin(site_store(site), &error);
    g_autoptr(GPtrArray) watches = db ? store_agency_watches_list(db, only_asked, 10000, &error) : NULL;
    store_read_end(site_store(site), db);
    if (!watches)
        status = cli_fail(error);
    for (guint i = 0; watches && i < watches->len; i++)
        list_one(cli, table, watches->pdata[i]);
    cli_table_end(cli, table, "No agency has asked for a watch.");
    site_close(site);
    return status;
}

static int run(struct cli *cli, int argc, char **argv) {
    static const struct cli_command commands[] = {
        {"ask", "ask for a watch on one person", ask},
        {"approve", "approve what another officer asked", approve},
        {"refuse", "refuse it", refuse},
        {"list", "list watches", list},
        {"end", "end a watch", end},
        {NULL}};
    return cli_dispatch(cli, "agency", commands, argc, argv);
}

const struct cli_command cli_agency = {"agency", "agencies' watches: ask, approve, refuse, list, end",
                                       run};
