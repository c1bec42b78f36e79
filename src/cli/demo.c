#include "cli/cli.h"
static int run(struct cli *cli, int argc, char **argv) {
    (void)cli;
    (void)argc;
    (void)argv;
    return EXIT_FAILED;
}
const struct cli_command cli_demo = {"demo", "…", run};
