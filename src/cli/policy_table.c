/* What is permitted, as a matrix for reading: who, what for, on what; and in which mode what is told.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/policy.h"

/* Data classes that are permitted in each mode, on bases that permit the same. */
struct row {
    guint recipient, purpose;
    char *bases;
    guint32 data[16]; /* by mode: bit i, word i of POLICY_DATA */
    guint32 fields, obligations;
    gboolean is_any;
};

static void judge_row(const struct policy *policy, gint32 day, guint8 jurisdiction, guint8 flags,
                      guint basis, struct row *row) {
    for (guint m = 0; m < policy_n_words(policy, POLICY_MODE); m++)
        for (guint d = 0; d < policy_n_words(policy, POLICY_DATA); d++) {
            struct policy_decision decision;
            const struct policy_request request = {.value = {(guint8)row->recipient,
                                                             (guint8)row->purpose, (guint8)basis,
                                                             (guint8)d, (guint8)m, flags, jurisdiction},
                                                   .day = day};
            policy_decide(policy, &request, &decision);
            if (!decision.is_permitted)
                continue;
            row->data[m] |= (guint32)1 << d;
            row->fields |= decision.fields;
            row->obligations |= decision.obligations;
            row->is_any = TRUE;
        }
}

static void print_html_cell(const char *tag, const char *text) {
    GString *html = g_string_new(NULL);
    g_autofree char *words = g_strdelimit(g_strdup(text), "_", ' '); /* so that lines can break */
    text_append_html(html, words);
    printf("<%s>%s</%s>", tag, html->str, tag);
    g_string_free(html, TRUE);
}

/* One row in whichever form is wanted. */
static void print_row(const struct cli *cli, struct cli_table *table, gboolean as_html,
                      const struct policy *policy, const struct row *row) {
    const guint n_modes = policy_n_words(policy, POLICY_MODE);
    g_autofree char *fields = policy_words_text(policy, POLICY_FIELD, row->fields);
    g_autofree char *obligations = policy_words_text(policy, POLICY_OBLIGATION, row->obligations);
    const char *who = policy_word(policy, POLICY_RECIPIENT, row->recipient),
               *purpose = policy_word(policy, POLICY_PURPOSE, row->purpose), *basis = row->bases;
    GString *modes = g_string_new(NULL);
    json_t *object = json_object();
    if (as_html) {
        printf("<tr>");
        print_html_cell("th", who);
        print_html_cell("td", purpose);
        print_html_cell("td", basis);
    }
    for (guint m = 0; m < n_modes; m++) {
        g_autofree char *data = policy_words_text(policy, POLICY_DATA, row->data[m]);
        if (as_html)
            print_html_cell("td", *data ? data : "—");
        if (*data) {
            g_string_append_printf(modes, "%s%s: %s", modes->len ? "; " : "",
                                   policy_word(policy, POLICY_MODE, m), data);
            json_object_set_new(object, policy_word(policy, POLICY_MODE, m),
                                policy_words_json(policy, POLICY_DATA, row->data[m]));
        }
    }
    if (as_html) {
        print_html_cell("td", fields);
        print_html_cell("td", obligations);
        printf("</tr>\n");
    } else if (cli->json) {
        cli_json_line(json_pack("{s:s, s:s, s:s, s:O, s:s, s:s}", "recipient", who, "purpose", purpose,
                                "basis", basis, "modes", object, "fields", fields, "obligations",
                                obligations));
    } else {
        cli_table_row(table, who, purpose, basis, modes->str, fields, obligations, NULL);
    }
    json_decref(object);
    g_string_free(modes, TRUE);
}

static void begin_html(const struct policy *policy, const char *name, const char *date) {
    printf("<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Policy</title>\n"
           "<style>body{font:14px/1.4 sans-serif;margin:1em}table{border-collapse:collapse}"
           "th,td{border:1px solid #767676;padding:.3em .5em;text-align:left;vertical-align:top}"
           "thead th{background:#eee}</style>\n<h1>What may be told</h1>\n<p>Policy <b>");
    GString *html = g_string_new(NULL);
    text_append_html(html, name);
    printf("%s</b> on %s. Everything that is not in this table is denied.</p>\n<table><thead><tr>",
           html->str, date);
    g_string_free(html, TRUE);
    print_html_cell("th", "Recipient");
    print_html_cell("th", "Purpose");
    print_html_cell("th", "Basis");
    for (guint m = 0; m < policy_n_words(policy, POLICY_MODE); m++)
        print_html_cell("th", policy_word(policy, POLICY_MODE, m));
    print_html_cell("th", "Fields");
    print_html_cell("th", "Obligations");
    printf("</tr></thead><tbody>\n");
}

static gboolean permits_the_same(const struct row *a, const struct row *b) {
    return memcmp(a->data, b->data, sizeof a->data) == 0 && a->fields == b->fields &&
           a->obligations == b->obligations;
}

/* The rows of one recipient and purpose: bases next to each other that permit the same are one. */
static void print_rows_of(const struct cli *cli, struct cli_table *table, gboolean as_html,
                          const struct policy *policy, gint32 day, guint8 jurisdiction, guint8 flags,
                          guint recipient, guint purpose) {
    struct row last = {.bases = NULL};
    for (guint b = 0; b <= policy_n_words(policy, POLICY_BASIS); b++) {
        struct row row = {.recipient = recipient, .purpose = purpose};
        const gboolean is_end = b == policy_n_words(policy, POLICY_BASIS);
        if (!is_end)
            judge_row(policy, day, jurisdiction, flags, b, &row);
        if (!is_end && !row.is_any)
            continue;
        if (!is_end && last.bases && permits_the_same(&row, &last)) {
            g_autofree char *before = last.bases;
            last.bases = g_strjoin(", ", before, policy_word(policy, POLICY_BASIS, b), NULL);
            continue;
        }
        if (last.bases)
            print_row(cli, table, as_html, policy, &last);
        g_free(last.bases);
        last = row;
        last.bases = is_end ? NULL : g_strdup(policy_word(policy, POLICY_BASIS, b));
    }
}

static void print_table(const struct cli *cli, const struct policy *policy, const char *name,
                        gint32 day, guint8 jurisdiction, guint8 flags, gboolean as_html) {
    g_autofree char *date = policy_day_text(day);
    struct cli_table *table =
        cli_table_new("RECIPIENT", "PURPOSE", "BASIS", "MODE: DATA", "FIELDS", "OBLIGATIONS", NULL);
    if (as_html)
        begin_html(policy, name, date);
    for (guint r = 0; r < policy_n_words(policy, POLICY_RECIPIENT); r++)
        for (guint p = 0; p < policy_n_words(policy, POLICY_PURPOSE); p++)
            print_rows_of(cli, table, as_html, policy, day, jurisdiction, flags, r, p);
    const struct cli quiet = {.json = as_html || cli->json};
    cli_table_end(&quiet, table, "Nothing is permitted.");
    if (as_html)
        printf("</tbody></table>\n");
    else if (!cli->json)
        printf("Everything else is denied.\n");
}

int policy_table(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    gint32 day;
    gboolean as_html = FALSE;
    char *flag = NULL, *jurisdiction = NULL;
    struct policy_choice c = {NULL};
    GOptionEntry entries[] = {
        {"html", 0, 0, G_OPTION_ARG_NONE, &as_html, "As a page", NULL},
        {"recipients", 0, 0, G_OPTION_ARG_FILENAME, &c.recipients, "One more recipients file", "FILE"},
        {"date", 0, 0, G_OPTION_ARG_STRING, &c.date, "As on this day (today)", "YYYY-MM-DD"},
        {"flag", 0, 0, G_OPTION_ARG_STRING, &flag, "Of people with this flag (none)", "WORD"},
        {"jurisdiction", 0, 0, G_OPTION_ARG_STRING, &jurisdiction, "Whose jails (local)", "WORD"},
        {NULL}};
    if (!cli_parse(cli, "policy table [POLICY]", "Who may be told what, as a matrix for reading.", NULL,
                   entries, &argc, &argv, 0, 1, &status))
        return status;
    const char *name = argc > 1 ? argv[1] : "baseline";
    struct policy *policy = policy_choose(&c, name, &day, &status);
    if (policy) {
        const guint f = flag ? policy_find_word(policy, POLICY_FLAG, flag) : 0;
        const guint j =
            policy_find_word(policy, POLICY_JURISDICTION, jurisdiction ? jurisdiction : "local");
        if (f == POLICY_NONE || j == POLICY_NONE) {
            fprintf(
                stderr,
                "tocsin: there is no such flag or jurisdiction; `tocsin policy words` lists them\n");
            status = EXIT_USAGE;
        } else {
            print_table(cli, policy, name, day, (guint8)j, (guint8)(flag ? 1u << f : 0), as_html);
        }
    }
    policy_unref(policy);
    policy_choice_clear(&c);
    g_free(flag);
    g_free(jurisdiction);
    return status;
}
