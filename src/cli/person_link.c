/* `tocsin person link`: which rows of a file are of one person. */
#include "cli/person_link.h"

#include <math.h>
#include <stdio.h>

#include "identity/file.h"

static void show_problem(guint line, const char *field, const char *what, void *context) {
    guint *n = context;
    if (++*n > 20)
        return;
    if (field)
        fprintf(stderr, "tocsin: line %u, `%s`: it %s\n", line, field, what);
    else
        fprintf(stderr, "tocsin: line %u: %s; it counts as a person of whom nothing is known\n", line,
                what);
}

/* "12,40": two rows to explain. */
static gboolean read_rows(const char *text, guint rows[2]) {
    g_auto(GStrv) words = g_strsplit(text, ",", -1);
    guint64 row;
    for (guint i = 0; i < 2; i++) {
        if (!words[0] || !words[i] ||
            !g_ascii_string_to_unsigned(words[i], 10, 1, G_MAXUINT32, &row, NULL))
            return FALSE;
        rows[i] = (guint)row;
    }
    return !words[2];
}

static int explain(struct cli *cli, const struct identity_file_options *options, const char *text) {
    struct link_evidence evidence[LINK_MOST_FIELDS];
    guint rows[2], n = 0;
    double prior = 0, bits = 0;
    GError *error = NULL;
    if (!read_rows(text, rows)) {
        fprintf(stderr, "tocsin: --explain takes two rows by number, such as 12,40\n");
        return EXIT_USAGE;
    }
    if (!identity_file_explain(options, rows[0], rows[1], evidence, &n, &prior, &bits, &error))
        return cli_fail(error);
    cli_print_evidence(cli, evidence, n, prior, bits);
    return EXIT_OK;
}

static void print_report(struct cli *cli, const struct identity_file_options *options,
                         const struct identity_file_report *r) {
    if (cli->json) {
        cli_json_line(json_pack("{s:i, s:i, s:i, s:i, s:i}", "rows", r->n_rows, "people", r->n_people,
                                "sure", r->n_linked, "possible", r->n_possible, "bad_rows", r->n_bad));
        return;
    }
    printf("%u rows are of %u people: %u rows are linked for sure, %u possibly, %u stand alone.\n",
           r->n_rows, r->n_people, r->n_linked, r->n_possible, r->n_rows - r->n_linked - r->n_possible);
    if (r->n_bad)
        printf("%u rows could not be read; each counts as a person.\n", r->n_bad);
    printf("Written to %s: row, person (the first row of the group), band, score in bits.\n",
           options->out);
}

int cli_person_link(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    guint n_problems = 0;
    GError *error = NULL;
    g_autofree char *mapping = NULL, *out = NULL, *rows = NULL;
    struct identity_file_options options = {
        .link = link_default_options, .problem = show_problem, .problem_context = &n_problems};
    GOptionEntry entries[] = {
        {"mapping", 0, 0, G_OPTION_ARG_FILENAME, &mapping, "Which columns are what (docs/matching.md)",
         "FILE"},
        {"out", 0, 0, G_OPTION_ARG_FILENAME, &out, "Where to write row,person,band,score", "FILE"},
        {"possible", 0, 0, G_OPTION_ARG_DOUBLE, &options.link.possible,
         "Bits from where on rows are linked (0)", "BITS"},
        {"sure", 0, 0, G_OPTION_ARG_DOUBLE, &options.link.sure,
         "Bits from where on a link is sure (10)", "BITS"},
        {"explain", 0, 0, G_OPTION_ARG_STRING, &rows, "Only show the evidence of two rows", "A,B"},
        {NULL}};
    if (!cli_parse(
            cli, "person link FILE --mapping FILE --out FILE", "Groups the rows of a file by person.",
            "The file is comma- or tab-separated, its first line names the columns. Without a mapping, "
            "names "
            "and birth\ndates are known by the usual headers. Nothing is kept and no site is needed.\n"
            "Without a file, people whom nobody has looked at are linked, as `serve` does by itself.",
            entries, &argc, &argv, 0, 1, &status))
        return status;
    if (argc == 1)
        return cli_person_link_new(cli);
    options.csv = argv[1];
    options.mapping = mapping;
    options.out = out;
    options.link.progress = cli_progress;
    options.link.context = (void *)(gsize) "pairs compared";
    if (!isfinite(options.link.possible) || !isfinite(options.link.sure)) {
        fprintf(stderr, "tocsin: --possible and --sure are numbers of bits\n");
        status = EXIT_USAGE;
    } else if (rows) {
        status = explain(cli, &options, rows);
    } else if (!out) {
        fprintf(stderr, "tocsin: say --out FILE\n");
        status = EXIT_USAGE;
    } else {
        struct identity_file_report report;
        const gboolean ok = identity_file(&options, &report, &error);
        cli_progress_done();
        if (n_problems > 20)
            fprintf(stderr, "tocsin: … and %u more\n", n_problems - 20);
        status = ok ? EXIT_OK : cli_fail(error);
        if (ok)
            print_report(cli, &options, &report);
    }
    return status;
}

void cli_print_evidence(struct cli *cli, const struct link_evidence *evidence, guint n, double prior,
                        double bits) {
    struct cli_table *table = cli_table_new("FIELD", "COMPARED", "BITS", NULL);
    double held_back = bits - prior; /* by the guard for kin: what no sum of fields overrules */
    for (guint i = 0; i < n; i++) {
        held_back -= evidence[i].bits;
        if (cli->json) {
            cli_json_line(json_pack("{s:s, s:s, s:f}", "field", evidence[i].field, "level",
                                    evidence[i].level, "bits", evidence[i].bits));
            continue;
        }
        g_autofree char *text = g_strdup_printf("%+.1f", evidence[i].bits);
        cli_table_row(table, evidence[i].field, evidence[i].level, text, NULL);
    }
    g_autofree char *before = g_strdup_printf("%+.1f", prior), *sum = g_strdup_printf("%+.1f", bits);
    cli_table_row(table, "any two records", "before comparing", before, NULL);
    if (held_back < -0.05) {
        g_autofree char *text = g_strdup_printf("%+.1f", held_back);
        cli_table_row(table, "guard", "one surname, another given name: twins, or one household", text,
                      NULL);
    }
    cli_table_row(table, "in all", bits >= 0 ? "more likely one person" : "more likely two people", sum,
                  NULL);
    cli_table_end(cli, table, "");
    if (cli->json)
        cli_json_line(json_pack("{s:f, s:f, s:f}", "prior", prior, "held_back", MIN(held_back, 0.0),
                                "bits", bits));
    else
        puts("10 bits are a thousand to one, 20 a million; 0 is one to one. What either record lacks "
             "counts nothing.");
}
