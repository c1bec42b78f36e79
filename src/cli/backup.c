#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>

#include "base/error.h"
#include "cli/cli.h"
#include "operate/backup.h"

static int run(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    GError *error = NULL;
    if (!cli_parse(cli, "backup FOLDER",
                   "Copies the store and the contacts' keys, as of one moment each, "
                   "while the site runs.",
                   "FOLDER/tocsin.db can be kept for long: without its key no contact in it opens.\n"
                   "FOLDER/contacts.db holds the wrapped keys: keep only the newest, so that a deleted "
                   "contact is deleted everywhere. The private key is in neither: keep keys/*.pem and "
                   "keys/site.key apart.",
                   NULL, &argc, &argv, 1, 1, &status))
        return status;
    g_autofree char *db = g_build_filename(argv[1], "tocsin.db", NULL);
    g_autofree char *keys = g_build_filename(argv[1], "contacts.db", NULL);
    if (g_mkdir_with_parents(argv[1], 0700) != 0) {
        fprintf(stderr, "tocsin: %s: %s\n", argv[1], g_strerror(errno));
        return EXIT_STORE;
    }
    if (g_file_test(db, G_FILE_TEST_EXISTS) || g_file_test(keys, G_FILE_TEST_EXISTS)) {
        fprintf(stderr, "tocsin: %s holds a backup already; name a new folder\n", argv[1]);
        return EXIT_CONFLICT;
    }
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    if (!backup_site(site, db, keys, &error))
        status = cli_fail(error);
    else if (cli->json)
        cli_json_line(json_pack("{s:s, s:s}", "store", db, "keys", keys));
    else
        printf("The store is copied to %s,\nthe contacts' keys to %s.\n", db, keys);
    site_close(site);
    return status;
}

const struct cli_command cli_backup = {"backup", "copy the store and the contacts' keys", run};
