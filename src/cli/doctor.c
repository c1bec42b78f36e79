#include <stdio.h>

#include "cli/cli.h"
#include "operate/examine.h"

struct listing {
    const struct cli *cli;
    guint n_bad;
};

/* Each check prints one line: what was looked at, whether it is well, what to do. */
static void list_check(const char *what, gboolean is_well, const char *remedy, void *context) {
    struct listing *listing = context;
    const gboolean has_color = listing->cli->has_color;
    listing->n_bad += !is_well;
    if (listing->cli->json)
        cli_json_line(json_pack("{s:s, s:b, s:s}", "check", what, "ok", is_well, "remedy",
                                is_well ? "" : remedy));
    else
        printf("%s%s%s %s%s%s\n", has_color ? (is_well ? "\033[32m" : "\033[31m") : "",
               is_well ? "well" : "BAD ", has_color ? "\033[0m" : "", what, is_well ? "" : ": ",
               is_well ? "" : remedy);
}

static int run(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    struct listing listing = {.cli = cli};
    if (!cli_parse(cli, "doctor", "Looks the site over and says what is not well.",
                   "Exit status 1 when something is bad.", NULL, &argc, &argv, 0, 0, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    examine(site, list_check, &listing);
    site_close(site);
    return listing.n_bad ? EXIT_FAILED : EXIT_OK;
}

const struct cli_command cli_doctor = {"doctor", "look the site over", run};
