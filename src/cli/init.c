#include <stdio.h>

#include "cli/cli.h"

static int run(struct cli *cli, int argc, char **argv) {
    int status;
    g_autofree char *store = NULL;
    GError *error = NULL;
    GOptionEntry entries[] = {
        {"store", 0, 0, G_OPTION_ARG_STRING, &store, "Where it is kept (sqlite:tocsin.db)", "WHERE"},
        {NULL}};
    if (!cli_parse(cli, "-C DIR init",
                   "Makes a new site in DIR: configuration, keys and an empty store.", NULL, entries,
                   &argc, &argv, 0, 0, &status))
        return status;
    if (!cli->dir) {
        fprintf(stderr, "tocsin: say where: tocsin -C DIR init\n");
        return EXIT_USAGE;
    }
    if (!site_init(cli->dir, store, &error))
        return cli_fail(error);
    if (cli->json) {
        cli_json_line(json_pack("{s:s}", "site", cli->dir));
        return EXIT_OK;
    }
    printf("A new site is in %s.\n\n"
           "  site.yaml   its configuration: set base_url and mail before real use\n"
           "  keys/       its keys: copy them to a safe place, apart from the backups\n\n"
           "Next: tocsin -C %s feed add MAPPING.yaml\n",
           cli->dir, cli->dir);
    return EXIT_OK;
}

const struct cli_command cli_init = {"init", "make a new site", run};
