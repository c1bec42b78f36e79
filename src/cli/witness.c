#include <stdio.h>

#include "book/witness.h"
#include "cli/cli.h"
#include "site/config.h"
#include "store/store.h"

static int key(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    GError *error = NULL;
    if (!cli_parse(
            cli, "witness key", "Prints the key with which this site cosigns other logs.",
            "The other site lists it, with this site's /witness address, under `witnesses` in its "
            "site.yaml;\nthis site lists the other log's key under `witness_for`. `serve` does the "
            "rest.",
            NULL, &argc, &argv, 0, 0, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    struct ledger_signer *signer = witness_signer(site, &error);
    g_autofree char *vkey = signer ? ledger_verifier_format(ledger_signer_verifier(signer)) : NULL;
    if (!signer)
        status = cli_fail(error);
    else if (cli->json)
        cli_json_line(json_pack("{s:s}", "vkey", vkey));
    else
        printf("%s\n", vkey);
    ledger_signer_free(signer);
    site_close(site);
    return status;
}

struct watching {
    const struct site *site;
    const struct cli *cli;
    struct cli_table *table;
};

static gboolean list_logs(struct db *db, void *context, GError **error) {
    const struct watching *w = context;
    for (guint i = 0; i < site_config(w->site)->witnessed->len; i++) {
        const struct ledger_verifier *v = site_config(w->site)->witnessed->pdata[i];
        struct ledger_hash root = {{0}};
        guint64 size;
        if (!store_witness_get(db, v->name, &size, &root, error))
            return FALSE;
        g_autofree char *number = g_strdup_printf("%" G_GUINT64_FORMAT, size);
        g_autofree char *base64 = size ? g_base64_encode(root.bytes, sizeof root.bytes) : g_strdup("-");
        if (w->cli->json)
            cli_json_line(json_pack("{s:s, s:I, s:s}", "origin", v->name, "size", (json_int_t)size,
                                    "root", base64));
        else
            cli_table_row(w->table, v->name, number, base64, NULL);
    }
    return TRUE;
}

static int list(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    GError *error = NULL;
    if (!cli_parse(cli, "witness list",
                   "Lists the logs that this site watches, and how far it saw them.", NULL, NULL, &argc,
                   &argv, 0, 0, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    const struct watching w = {site, cli, cli_table_new("LOG", "SIZE", "ROOT", NULL)};
    if (!store_read(site_store(site), list_logs, (void *)(gsize)&w, &error))
        status = cli_fail(error);
    cli_table_end(cli, w.table,
                  "This site watches no log; list keys under `witness_for` in site.yaml.");
    site_close(site);
    return status;
}

static int ask(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    if (!cli_parse(cli, "witness ask", "Asks the configured witnesses to cosign now.",
                   "`serve` does so whenever the log has grown.", NULL, &argc, &argv, 0, 0, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    guint n;
    GError *error = NULL;
    if (!witness_ask_all(site, &n, &error))
        status = cli_fail(error);
    else if (cli->json)
        cli_json_line(json_pack("{s:i}", "cosigned", n));
    else
        printf("%u of %u witnesses cosigned.\n", n, site_config(site)->witnesses->len);
    site_close(site);
    return status;
}

static int run(struct cli *cli, int argc, char **argv) {
    static const struct cli_command commands[] = {{"key", "print the cosigning key", key},
                                                  {"list", "list the logs that are watched", list},
                                                  {"ask", "ask this site's own witnesses now", ask},
                                                  {NULL}};
    return cli_dispatch(cli, "witness", commands, argc, argv);
}

const struct cli_command cli_witness = {"witness", "watch other counties' logs, and be watched", run};
