#include "cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "operate/open.h"
#include "send/sender.h"

int cli_fail(GError *error) {
    static const int statuses[] = {
        [BASE_ERROR_USAGE] = EXIT_USAGE,         [BASE_ERROR_INPUT] = EXIT_INPUT,
        [BASE_ERROR_NOT_FOUND] = EXIT_NOT_FOUND, [BASE_ERROR_REFUSED] = EXIT_REFUSED,
        [BASE_ERROR_CONFLICT] = EXIT_CONFLICT,   [BASE_ERROR_BUSY] = EXIT_BUSY,
        [BASE_ERROR_STORE] = EXIT_STORE,         [BASE_ERROR_NETWORK] = EXIT_NETWORK};
    int status = EXIT_FAILED;
    if (error->domain == BASE_ERROR && (guint)error->code < G_N_ELEMENTS(statuses))
        status = statuses[error->code];
    else if (error->domain == G_FILE_ERROR)
        status = error->code == G_FILE_ERROR_NOENT ? EXIT_NOT_FOUND : EXIT_STORE;
    fflush(stdout);
    fprintf(stderr, "tocsin: %s\n", error->message);
    g_error_free(error);
    return status;
}

gboolean cli_parse(struct cli *cli, const char *usage, const char *summary, const char *details,
                   GOptionEntry *entries, int *argc, char ***argv, int least, int most, int *status) {
    const GOptionEntry shared[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &cli->json, "Print JSON, one object a line", NULL}, {NULL}};
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *name = g_strconcat("tocsin ", usage, NULL);

    g_set_prgname(name);
    g_option_context_set_summary(context, summary);
    if (details)
        g_option_context_set_description(context, details);
    if (entries)
        g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_add_main_entries(context, shared, NULL);
    (*argv)[0] = name;
    gboolean ok = g_option_context_parse(context, argc, argv, &error);
    if (ok && *argc > 1 && g_str_equal((*argv)[1], "--")) { /* options end here */
        (*argv)++;
        (*argc)--;
    }
    int words = *argc - 1;
    if (ok && words >= least && (most < 0 || words <= most))
        return TRUE;
    fprintf(stderr, "tocsin: %s\nusage: tocsin %s\n       tocsin %.*s --help says more\n",
            error           ? error->message
            : words < least ? "something is missing"
                            : "there are too many words",
            usage, (int)strcspn(usage, "[<"), usage);
    *status = EXIT_USAGE;
    return FALSE;
}

static int print_commands(const char *path, const struct cli_command *commands, FILE *out) {
    fprintf(out, "usage: tocsin [-C DIR] %s%sCOMMAND …\n\n", path, *path ? " " : "");
    for (; commands->name; commands++)
        fprintf(out, "  %-10s %s\n", commands->name, commands->summary);
    fprintf(out, "\n`tocsin %s%sCOMMAND --help` says more of each.\n", path, *path ? " " : "");
    return out == stdout ? EXIT_OK : EXIT_USAGE;
}

int cli_dispatch(struct cli *cli, const char *path, const struct cli_command *commands, int argc,
                 char **argv) {
    if (argc < 2)
        return print_commands(path, commands, stderr);
    if (g_str_equal(argv[1], "--help") || g_str_equal(argv[1], "-h") || g_str_equal(argv[1], "help"))
        return print_commands(path, commands, stdout);
    for (const struct cli_command *command = commands; command->name; command++)
        if (g_str_equal(command->name, argv[1]))
            return command->run(cli, argc - 1, argv + 1);
    fprintf(stderr, "tocsin: there is no command \"%s%s%s\"\n\n", path, *path ? " " : "", argv[1]);
    return print_commands(path, commands, stderr);
}

struct site *cli_site(struct cli *cli, int *status) {
    GError *error = NULL;
    if (!cli->dir) {
        fprintf(stderr, "tocsin: say which site: tocsin -C DIR …, or set TOCSIN_SITE\n");
        *status = EXIT_USAGE;
        return NULL;
    }
    struct site *site = operate_open(cli->dir, &error);
    if (!site)
        *status = cli_fail(error);
    return site;
}

void cli_json_line(json_t *object) {
    char *text = json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER);
    puts(text);
    free(text);
    json_decref(object);
}

/* ── Tables ────────────────────────────────────────────────────────────────────────────────────── */

struct cli_table {
    GPtrArray *rows; /* GStrv */
    guint n_columns;
};

static void add_row(struct cli_table *table, const char *first, va_list rest) {
    g_autoptr(GPtrArray) cells = g_ptr_array_new();
    for (const char *cell = first; cell; cell = va_arg(rest, const char *))
        g_ptr_array_add(cells, text_clean(*cell ? cell : "-", 400)); /* no escapes from a jail's file */
    table->n_columns = MAX(table->n_columns, cells->len);
    g_ptr_array_add(cells, NULL);
    g_ptr_array_add(table->rows, g_memdup2(cells->pdata, cells->len * sizeof(char *)));
}

struct cli_table *cli_table_new(const char *first_header, ...) {
    struct cli_table *table = g_new0(struct cli_table, 1);
    va_list headers;
    table->rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    va_start(headers, first_header);
    add_row(table, first_header, headers);
    va_end(headers);
    return table;
}

void cli_table_row(struct cli_table *table, const char *first, ...) {
    va_list rest;
    va_start(rest, first);
    add_row(table, first, rest);
    va_end(rest);
}

void cli_table_end(const struct cli *cli, struct cli_table *table, const char *when_empty) {
    g_autofree glong *widths = g_new0(glong, table->n_columns);
    for (guint i = 0; i < table->rows->len; i++) {
        char **cells = table->rows->pdata[i];
        for (guint c = 0; cells[c]; c++)
            widths[c] = MAX(widths[c], g_utf8_strlen(cells[c], -1));
    }
    if (table->rows->len == 1 && !cli->json)
        puts(when_empty);
    for (guint i = 0; !cli->json && table->rows->len > 1 && i < table->rows->len; i++) {
        char **cells = table->rows->pdata[i];
        for (guint c = 0; cells[c]; c++)
            if (cells[c + 1])
                printf("%s%*s  ", cells[c], (int)(widths[c] - g_utf8_strlen(cells[c], -1)), "");
            else
                printf("%s\n", cells[c]);
    }
    g_ptr_array_unref(table->rows);
    g_free(table);
}

char *cli_time(gint64 at_us) {
    g_autofree char *text = base_time_format(at_us);
    if (!text)
        return g_strdup("-");
    text[16] = 0;
    text[10] = ' ';
    return g_steal_pointer(&text);
}

json_t *cli_json_time(gint64 at_us) {
    g_autofree char *text = base_time_format(at_us);
    return text ? json_string(text) : json_null();
}

json_t *cli_json_text(const char *text) {
    return text ? json_string(text) : json_null();
}

/* ── Progress ──────────────────────────────────────────────────────────────────────────────────── */

static gboolean shows_progress;

void cli_progress(double part, void *words) {
    static gint64 last_us;
    gint64 now_us = g_get_monotonic_time();
    if (!isatty(STDERR_FILENO) || now_us - last_us < 100000)
        return;
    last_us = now_us;
    shows_progress = TRUE;
    fprintf(stderr, "\r\033[K%s %3.0f %%", (const char *)words, part * 100);
}

void cli_progress_done(void) {
    if (shows_progress)
        fprintf(stderr, "\r\033[K");
    shows_progress = FALSE;
}

int cli_send(struct cli *cli, struct site *site) {
    g_autoptr(GError) error = NULL;
    struct sender_counts n = {0};
    int status = EXIT_OK;
    if (!sender_run_once(site, &n, &error)) {
        g_prefix_error(&error, "not everything could be sent: ");
        status = cli_fail(g_steal_pointer(&error));
    }
    if (n.handed_over && !cli->json)
        printf("%u message%s handed over.\n", n.handed_over, n.handed_over == 1 ? "" : "s");
    if (n.failed)
        fprintf(stderr,
                "tocsin: %u message(s) could not be handed over and wait; `tocsin serve` tries again\n",
                n.failed);
    return n.unknown ? EXIT_STORE : status;
}
