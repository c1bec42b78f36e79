/* tocsin: finds the subcommand and runs it. */
#include <curl/curl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/seal.h"
#include "cli/cli.h"

static const char version[] = "tocsin " TOCSIN_VERSION "\n";

int main(int argc, char **argv) {
    struct cli cli = {.dir = g_getenv("TOCSIN_SITE"),
                      .is_terminal = isatty(STDOUT_FILENO),
                      .has_color = isatty(STDOUT_FILENO) && !g_getenv("NO_COLOR")};
    const struct cli_command commands[] = {cli_demo,     cli_init,   cli_serve,  cli_feed,   cli_person,
                                           cli_watch,    cli_alert,  cli_agency, cli_policy, cli_ledger,
                                           cli_witness,  cli_config, cli_doctor, cli_backup, cli_bench,
                                           cli_simulate, {NULL}};

    seal_guard_process();
    umask(077); /* whatever a site holds is its owner's */
    setlocale(LC_ALL, "C.UTF-8");
    curl_global_init(CURL_GLOBAL_DEFAULT);
    while (argc > 1 && argv[1][0] == '-') {
        if (g_str_equal(argv[1], "-C") && argc > 2) {
            cli.dir = argv[2];
            argv += 2;
            argc -= 2;
        } else if (g_str_has_prefix(argv[1], "-C") && argv[1][2]) {
            cli.dir = argv[1] + 2;
            argv++;
            argc--;
        } else if (g_str_equal(argv[1], "--version")) {
            fputs(version, stdout);
            return EXIT_OK;
        } else {
            break;
        }
    }
    if (argc < 2 || !g_str_equal(argv[1], "serve"))
        log_plainly();
    return cli_dispatch(&cli, "", commands, argc, argv);
}
