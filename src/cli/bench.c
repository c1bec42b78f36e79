/* `tocsin bench`: how well and how fast people are found whose names were corrupted, and how fast a
 * record is linked. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "people/link/near.h"
#include "people/search/index.h"

/* A tab-separated file with a header, read line by line. */
struct table {
    FILE *file;
    char *line;
    size_t size;
    char *cells[256];
    guint n;
};

static gboolean next_row(struct table *t) {
    ssize_t n = getline(&t->line, &t->size, t->file);
    if (n <= 0)
        return FALSE;
    t->line[strcspn(t->line, "\r\n")] = 0;
    t->n = 0;
    char *first = g_str_has_prefix(t->line, "\xEF\xBB\xBF") ? t->line + 3 : t->line;
    for (char *at = first; at && t->n < G_N_ELEMENTS(t->cells);) {
        char *tab = strchr(at, '\t');
        if (tab)
            *tab++ = 0;
        t->cells[t->n++] = at;
        at = tab;
    }
    return TRUE;
}

static const char *cell(const struct table *t, guint i) {
    return i < t->n ? t->cells[i] : "";
}

/* Opens and finds the columns by their headers; says which is missing. */
static gboolean open_table(struct table *t, const char *path, const char *const *names,
                           guint *columns) {
    *t = (struct table){.file = fopen(path, "r")};
    if (!t->file || !next_row(t)) {
        fprintf(stderr, "tocsin: %s cannot be read, or is empty\n", path);
        return FALSE;
    }
    for (guint k = 0; names[k]; k++) {
        for (columns[k] = 0; columns[k] < t->n; columns[k]++)
            if (g_ascii_strcasecmp(t->cells[columns[k]], names[k]) == 0)
                break;
        if (columns[k] == t->n) {
            fprintf(stderr, "tocsin: %s:1: it has no column \"%s\"\n", path, names[k]);
            return FALSE;
        }
    }
    return TRUE;
}

static void close_table(struct table *t) {
    if (t->file)
        fclose(t->file);
    free(t->line);
}

/* One class of queries, or all of them. */
struct tally {
    char *name;
    guint n, at_1, at_10;
    GArray *ns; /* gint64: nanoseconds a query */
};

static struct tally *tally_of(GPtrArray *tallies, const char *name) {
    for (guint i = 0; i < tallies->len; i++)
        if (strcmp(((struct tally *)tallies->pdata[i])->name, name) == 0)
            return tallies->pdata[i];
    struct tally *t = g_new0(struct tally, 1);
    t->name = g_strdup(name);
    t->ns = g_array_new(FALSE, FALSE, sizeof(gint64));
    g_ptr_array_add(tallies, t);
    return t;
}

static void tally_free(gpointer data) {
    struct tally *t = data;
    g_free(t->name);
    g_array_unref(t->ns);
    g_free(t);
}

static gint by_time(gconstpointer a, gconstpointer b) {
    const gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;
    return x < y ? -1 : x > y;
}

static double percentile_us(const struct tally *t, double part) {
    return (double)g_array_index(t->ns, gint64, (guint)((t->ns->len - 1) * part)) / 1000;
}

static gint64 now_ns(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * G_GINT64_CONSTANT(1000000000) + at.tv_nsec;
}

/* Whether a hit is the name wanted; "MARIA JOSE" is told by each of its words, too. */
static gboolean is_name(const struct people_index *index, guint32 pair, const char *given,
                        const char *surname) {
    struct people_name name;
    char letters[PEOPLE_TOKEN_MAX + 1];
    people_hit_name(index, pair, &name);
    people_letters_of(surname, letters);
    if (strcmp(name.surname, letters) != 0)
        return FALSE;
    people_letters_of(given, letters);
    gboolean is_given = strcmp(name.given, letters) == 0;
    g_auto(GStrv) words = g_strsplit_set(given, " -", -1);
    for (char **word = words; *word && !is_given; word++)
        is_given = people_letters_of(*word, letters) > 1 && strcmp(name.given, letters) == 0;
    return is_given;
}

static struct people_index *read_people(const char *path, double *seconds) {
    static const char *const names[] = {"given", "surname", NULL};
    struct table t;
    guint columns[2];
    if (!open_table(&t, path, names, columns)) {
        close_table(&t);
        return NULL;
    }
    struct people_builder *builder = people_builder_new();
    for (guint32 i = 0; next_row(&t); i++)
        people_builder_add(builder, i, cell(&t, columns[0]), cell(&t, columns[1]));
    close_table(&t);
    const gint64 began = now_ns();
    struct people_index *index = people_builder_build(builder, NULL, NULL);
    *seconds = (double)(now_ns() - began) / 1e9;
    return index;
}

static gboolean ask_all(const struct people_index *index, const char *path, gboolean harder,
                        GPtrArray *tallies) {
    static const char *const names[] = {"class", "query", "given", "surname", NULL};
    struct table t;
    guint columns[4];
    if (!open_table(&t, path, names, columns)) {
        close_table(&t);
        return FALSE;
    }
    struct people_searcher *searcher = people_searcher_new(index);
    struct tally *all = tally_of(tallies, "all");
    while (next_row(&t)) {
        struct people_hit hits[10];
        struct tally *class = tally_of(tallies, cell(&t, columns[0]));
        const gint64 began = now_ns();
        const guint n = people_search(searcher, cell(&t, columns[1]), harder, G_N_ELEMENTS(hits), hits);
        const gint64 ns = now_ns() - began;
        guint rank = 0;
        while (rank < n && !is_name(index, hits[rank].pair, cell(&t, columns[2]), cell(&t, columns[3])))
            rank++;
        struct tally *const both[] = {all, class};
        for (guint i = 0; i < 2; i++) {
            both[i]->n++;
            both[i]->at_1 += rank == 0 && n > 0;
            both[i]->at_10 += rank < n;
            g_array_append_val(both[i]->ns, ns);
        }
    }
    people_searcher_free(searcher);
    close_table(&t);
    return TRUE;
}

static guint64 resident_bytes(void) {
    g_autofree char *text = NULL;
    if (!g_file_get_contents("/proc/self/statm", &text, NULL, NULL))
        return 0;
    const char *space = strchr(text, ' ');
    return space ? g_ascii_strtoull(space, NULL, 10) * 4096 : 0;
}

static void print_tally(const struct cli *cli, struct cli_table *table, struct tally *t) {
    g_array_sort(t->ns, by_time);
    const double at_1 = (double)t->at_1 / t->n, at_10 = (double)t->at_10 / t->n;
    if (cli->json) {
        cli_json_line(json_pack("{s:s, s:i, s:f, s:f, s:f, s:f}", "class", t->name, "queries", t->n,
                                "recall_at_1", at_1, "recall_at_10", at_10, "p50_us",
                                percentile_us(t, 0.5), "p99_us", percentile_us(t, 0.99)));
        return;
    }
    g_autofree char *n = g_strdup_printf("%u", t->n), *one = g_strdup_printf("%.4f", at_1),
                    *ten = g_strdup_printf("%.4f", at_10),
                    *p50 = g_strdup_printf("%.0f", percentile_us(t, 0.5)),
                    *p99 = g_strdup_printf("%.0f", percentile_us(t, 0.99));
    cli_table_row(table, t->name, n, one, ten, p50, p99, NULL);
}

static int search(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    char *people = NULL, *queries = NULL;
    gboolean harder = FALSE;
    double seconds = 0;
    GOptionEntry entries[] = {
        {"people", 0, 0, G_OPTION_ARG_FILENAME, &people,
         "Tab-separated, with columns given and surname", "FILE"},
        {"queries", 0, 0, G_OPTION_ARG_FILENAME, &queries,
         "With columns class, query, given and surname", "FILE"},
        {"harder", 0, 0, G_OPTION_ARG_NONE, &harder, "Always look for two edits", NULL},
        {NULL}};
    if (!cli_parse(cli, "bench search --people FILE --queries FILE",
                   "Finds people by corrupted names: how often, and how fast.",
                   "A query is a hit when its target's given name and surname are among the first ten "
                   "distinct "
                   "names.",
                   entries, &argc, &argv, 0, 0, &status))
        return status;
    struct people_index *index = people && queries ? read_people(people, &seconds) : NULL;
    g_autoptr(GPtrArray) tallies = g_ptr_array_new_with_free_func(tally_free);
    if (!people || !queries)
        status = EXIT_USAGE;
    else if (!index || !ask_all(index, queries, harder, tallies))
        status = EXIT_INPUT;
    if (status == EXIT_USAGE)
        fprintf(stderr, "tocsin: say --people FILE and --queries FILE\n");
    if (status == EXIT_OK) {
        struct cli_table *table =
            cli_table_new("CLASS", "QUERIES", "RECALL@1", "RECALL@10", "P50 µs", "P99 µs", NULL);
        for (guint i = 0; i < tallies->len; i++)
            if (((struct tally *)tallies->pdata[i])->n)
                print_tally(cli, table, tallies->pdata[i]);
        cli_table_end(cli, table, "No queries.");
        if (cli->json)
            cli_json_line(json_pack("{s:f, s:I, s:I, s:i}", "build_seconds", seconds, "index_bytes",
                                    (json_int_t)people_index_bytes(index), "resident_bytes",
                                    (json_int_t)resident_bytes(), "names",
                                    people_index_n_names(index)));
        else
            printf("The index of %u distinct names was built in %.1f s; it takes %.0f MB, the process "
                   "%.0f MB.\n",
                   people_index_n_names(index), seconds, (double)people_index_bytes(index) / 1e6,
                   (double)resident_bytes() / 1e6);
    }
    people_index_free(index);
    g_free(people);
    g_free(queries);
    return status;
}

/* ── Linking one ───────────────────────────────────────────────────────────────────────────────── */

struct people {
    struct people_builder *builder;
    struct link_set *set;
    GArray *born;
};

/* "1980-01-31", as a number; 0: not known. */
static gint32 read_born(const char *text) {
    guint y = 0, m = 0, d = 0;
    return sscanf(text, "%4u-%2u-%2u", &y, &m, &d) == 3 ? (gint32)(y * 10000 + m * 100 + d) : 0;
}

static struct link_record record_of(const struct table *t, const guint *columns) {
    const gint32 born = read_born(cell(t, columns[2]));
    return (struct link_record){.given = cell(t, columns[0]),
                                .surname = cell(t, columns[1]),
                                .year = (guint)born / 10000,
                                .month = (guint)born / 100 % 100,
                                .day = (guint)born % 100};
}

static const char *const person_columns[] = {"given", "surname", "dob", NULL};

static gboolean read_records(const char *path, struct people *p) {
    struct table t;
    guint columns[3];
    if (!open_table(&t, path, person_columns, columns)) {
        close_table(&t);
        return FALSE;
    }
    for (guint32 i = 0; next_row(&t); i++) {
        const struct link_record record = record_of(&t, columns);
        const gint32 born = read_born(cell(&t, columns[2]));
        people_builder_add(p->builder, i, record.given, record.surname);
        link_set_count(p->set, &record);
        g_array_append_val(p->born, born);
    }
    close_table(&t);
    link_set_fix(p->set);
    return TRUE;
}

/* Every record of `path` is looked for among all; the time of each is kept. */
static gboolean link_each(const struct people *p, struct people_directory *directory, const char *path,
                          GArray *ns, guint *n_found) {
    struct table t;
    guint columns[3];
    if (!open_table(&t, path, person_columns, columns)) {
        close_table(&t);
        return FALSE;
    }
    while (next_row(&t)) {
        const struct link_record record = record_of(&t, columns);
        const gint64 began = now_ns();
        g_autoptr(GArray) near = link_find_near(directory, p->set, p->born, &record, 0);
        const gint64 took = now_ns() - began;
        *n_found += near->len > 0;
        g_array_append_val(ns, took);
    }
    close_table(&t);
    g_array_sort(ns, by_time);
    return TRUE;
}

static int link_one(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    guint n_found = 0;
    char *people = NULL, *records = NULL;
    GOptionEntry entries[] = {{"people", 0, 0, G_OPTION_ARG_FILENAME, &people,
                               "Tab-separated, with columns given, surname and dob", "FILE"},
                              {"records", 0, 0, G_OPTION_ARG_FILENAME, &records,
                               "The same columns: whom to link, one by one", "FILE"},
                              {NULL}};
    if (!cli_parse(cli, "bench link --people FILE --records FILE",
                   "Measures how long it takes to find whose record one is, among all.", NULL, entries,
                   &argc, &argv, 0, 0, &status))
        return status;
    struct people p = {people_builder_new(), link_set_new(NULL, 0),
                       g_array_new(FALSE, FALSE, sizeof(gint32))};
    g_autoptr(GArray) ns = g_array_new(FALSE, FALSE, sizeof(gint64));
    const gboolean ok = people && records && read_records(people, &p);
    struct people_directory *directory =
        people_directory_new(people_builder_build(p.builder, NULL, NULL));
    if (!ok || !link_each(&p, directory, records, ns, &n_found) || !ns->len) {
        fprintf(stderr,
                "tocsin: say --people FILE and --records FILE, with columns given, surname and dob\n");
        status = EXIT_USAGE;
    } else {
        const struct tally t = {.ns = ns};
        const double p50 = percentile_us(&t, 0.5), p99 = percentile_us(&t, 0.99);
        if (cli->json)
            cli_json_line(json_pack("{s:i, s:i, s:i, s:f, s:f}", "people", p.born->len, "records",
                                    ns->len, "found", n_found, "p50_us", p50, "p99_us", p99));
        else
            printf("%u records against %u people: %u may be one of them; p50 %.0f µs, p99 %.0f µs.\n",
                   ns->len, p.born->len, n_found, p50, p99);
    }
    people_directory_free(directory);
    link_set_free(p.set);
    g_array_unref(p.born);
    g_free(people);
    g_free(records);
    return status;
}

static int run(struct cli *cli, int argc, char **argv) {
    static const struct cli_command commands[] = {{"search", "find people by corrupted names", search},
                                                  {"link", "find whose record one is", link_one},
                                                  {NULL}};
    return cli_dispatch(cli, "bench", commands, argc, argv);
}

const struct cli_command cli_bench = {"bench", "measure: search, link", run};
