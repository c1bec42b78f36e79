#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>

#include "cli/cli.h"
#include "embedded.h"
#include "simulate/county.h"

static gboolean write_file(const char *dir, const char *name, const char *text, GError **error) {
    g_autofree char *path = g_build_filename(dir, name, NULL);
    return g_file_set_contents(path, text, -1, error);
}

static gboolean write_mappings(const char *dir, GError **error) {
    return write_file(dir, "north.yaml", embedded_demo_north_yaml, error) &&
           write_file(dir, "south.yaml", embedded_demo_south_yaml, error) &&
           write_file(dir, "central.yaml", embedded_demo_central_yaml, error);
}

static gboolean write_days(struct county *county, const char *dir, int days, GError **error) {
    for (int day = 0; day < days; day++) {
        if (day)
            county_step(county);
        for (int jail = 0; jail < JAIL_N; jail++) {
            g_autofree char *name = county_file_name(county, (enum county_jail)jail);
            g_autofree char *text = county_file(county, (enum county_jail)jail);
            if (!write_file(dir, name, text, error))
                return FALSE;
        }
    }
    return TRUE;
}

static int run(struct cli *cli, int argc, char **argv) {
    int days = 30, people = 900, seed = 1, status = EXIT_OK;
    GError *error = NULL;
    GOptionEntry entries[] = {
        {"days", 0, 0, G_OPTION_ARG_INT, &days, "How many days (30)", "N"},
        {"people", 0, 0, G_OPTION_ARG_INT, &people, "In custody at first (900)", "N"},
        {"seed", 0, 0, G_OPTION_ARG_INT, &seed, "The same seed, the same files (1)", "N"},
        {NULL}};
    if (!cli_parse(
            cli, "simulate FOLDER",
            "Writes a made-up county's feeds, with the dirt of real ones: mappings and daily files "
            "of three jails.",
            NULL, entries, &argc, &argv, 1, 1, &status))
        return status;
    if (g_mkdir_with_parents(argv[1], 0755) != 0) {
        fprintf(stderr, "tocsin: %s: %s\n", argv[1], g_strerror(errno));
        return EXIT_STORE;
    }
    g_autoptr(GTimeZone) zone = g_time_zone_new_identifier("America/Denver");
    g_autoptr(GDateTime) first = g_date_time_new(zone, 2025, 1, 6, 0, 0, 0);
    struct county *county = county_new((guint64)seed, (guint)CLAMP(people, 3, 10000000),
                                       g_date_time_to_unix(first) * SECOND_US);
    if (!write_mappings(argv[1], &error) || !write_days(county, argv[1], CLAMP(days, 1, 3650), &error))
        status = cli_fail(error);
    else if (!cli->json)
        printf("%d days of three jails are in %s.\n", days, argv[1]);
    county_free(county);
    return status;
}

const struct cli_command cli_simulate = {"simulate", "write a made-up county's feeds", run};
