/* What is permitted, as a matrix for reading: who, what for, on what; and in which mode what is told.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/policy.h"

/* What is permitted alike of one recipient, purpose and basis: data classes by mode under one rule,
 * with one set of fields and obligations. */
struct row {
    guint recipient, purpose;
    char *bases;
    guint32 data[16]; /* by mode: bit i, word i of POLICY_DATA */
    guint32 fields, obligations;
    guint rule;
};

/* Transfer full: struct row. */
static GArray *judge_basis(const struct policy *policy, gint32 day, guint8 jurisdiction, guint8 flags,
                           guint recipient, guint purpose, guint basis) {
    GArray *rows = g_array_new(FALSE, TRUE, sizeof(struct row));
    for (guint m = 0; m < policy_n_words(policy, POLICY_MODE); m++)
        for (guint d = 0; d < policy_n_words(policy, POLICY_DATA); d++) {
            struct policy_decision decision;
            const struct policy_request request = {.value = {(guint8)recipient, (guint8)purpose,
                                                             (guint8)basis, (guint8)d, (guint8)m, flags,
                                                             jurisdiction},
                                                   .day = day};
            policy_decide(policy, &request, &decision);
            if (!decision.is_permitted)
                continue;
            guint i = 0;
            while (i < rows->len &&
                   (g_array_index(rows, struct row, i).rule != decision.rule ||
                    g_array_index(rows, struct row, i).fields != decision.fields ||
                    g_array_index(rows, struct row, i).obligations != decision.obligations))
                i++;
            if (i == rows->len) {
                const struct row row = {.recipient = recipient,
                                        .purpose = purpose,
                                        .fields = decision.fields,
                                        .obligations = decision.obligations,
                                        .rule = decision.rule};
                g_array_append_val(rows, row);
            }
            g_array_index(rows, struct row, i).data[m] |= (guint32)1 << d;
        }
    return rows;
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
    struct policy_rule_view rule;
    policy_rule_view(policy, row->rule, &rule);
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
        print_html_cell("td", rule.id);
        printf("</tr>\n");
    } else if (cli->json) {
        cli_json_line(json_pack("{s:s, s:s, s:s, s:O, s:s, s:s, s:s, s:s}", "recipient", who, "purpose",
                                purpose, "basis", basis, "modes", object, "fields", fields,
                                "obligations", obligations, "rule", rule.id, "citation",
                                rule.citation));
    } else {
        cli_table_row(table, who, purpose, basis, modes->str, fields, obligations, rule.id, NULL);
    }
    json_decref(object);
    g_string_free(modes, TRUE);
}

static void begin_html(const struct policy *policy, const char *name, const char *date,
                       const char *of_whom, const char *jurisdiction) {
    printf("<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Policy</title>\n"
           "<style>body{font:14px/1.4 sans-serif;margin:1em}table{border-collapse:collapse}"
           "th,td{border:1px solid #767676;padding:.3em .5em;text-align:left;vertical-align:top}"
           "thead th{background:#eee}</style>\n<h1>What may be told</h1>\n<p>Policy <b>");
    GString *html = g_string_new(NULL);
    text_append_html(html, name);
    printf("%s</b> on %s, of %s, asked of %s jails. What is not in this table is denied. The profile's "
           "own "
           "text says what was read and what was not; a lawyer must check it.</p>\n<table><thead><tr>",
           html->str, date, of_whom, jurisdiction);
    g_string_free(html, TRUE);
    print_html_cell("th", "Recipient");
    print_html_cell("th", "Purpose");
    print_html_cell("th", "Basis");
    for (guint m = 0; m < policy_n_words(policy, POLICY_MODE); m++)
        print_html_cell("th", policy_word(policy, POLICY_MODE, m));
    print_html_cell("th", "Fields");
    print_html_cell("th", "Obligations");
    print_html_cell("th", "Rule");
    printf("</tr></thead><tbody>\n");
}

static gboolean permit_the_same(const GArray *a, const GArray *b) {
    gboolean same = a->len == b->len;
    for (guint i = 0; i < a->len && same; i++) {
        const struct row *x = &g_array_index(a, struct row, i), *y = &g_array_index(b, struct row, i);
        same = memcmp(x->data, y->data, sizeof x->data) == 0 && x->fields == y->fields &&
               x->obligations == y->obligations && x->rule == y->rule;
    }
    return same;
}

/* The rows of one recipient and purpose: bases that permit the same, with none between that permits
 * something else, are one. */
static void print_rows_of(const struct cli *cli, struct cli_table *table, gboolean as_html,
                          const struct policy *policy, gint32 day, guint8 jurisdiction, guint8 flags,
                          guint recipient, guint purpose) {
    const guint n = policy_n_words(policy, POLICY_BASIS);
    for (guint b = 0, next; b < n; b = next) {
        g_autoptr(GArray) rows = judge_basis(policy, day, jurisdiction, flags, recipient, purpose, b);
        g_autoptr(GString) bases = g_string_new(policy_word(policy, POLICY_BASIS, b));
        for (next = b + 1; next < n; next++) {
            g_autoptr(GArray) others =
                judge_basis(policy, day, jurisdiction, flags, recipient, purpose, next);
            if (!others->len)
                continue; /* nothing on this one: it parts no two that are alike */
            if (!permit_the_same(rows, others))
                break;
            g_string_append_printf(bases, ", %s", policy_word(policy, POLICY_BASIS, next));
        }
        for (guint i = 0; i < rows->len; i++) {
            g_array_index(rows, struct row, i).bases = bases->str;
            print_row(cli, table, as_html, policy, &g_array_index(rows, struct row, i));
        }
    }
}

/* What each rule of the table rests on. */
static void print_citations(const struct policy *policy, gboolean as_html) {
    printf(as_html ? "<h2>What the rules rest on</h2>\n<dl>\n" : "\nWhat the rules rest on:\n");
    for (guint i = 0; i < policy_n_rules(policy); i++) {
        struct policy_rule_view rule;
        policy_rule_view(policy, i, &rule);
        if (!rule.is_permit)
            continue;
        if (as_html) {
            print_html_cell("dt", rule.id);
            print_html_cell("dd", rule.citation);
        } else {
            printf("  %s: %s\n", rule.id, rule.citation);
        }
    }
    if (as_html)
        printf("</dl>\n");
}

static void print_table(const struct cli *cli, const struct policy *policy, const char *name,
                        gint32 day, guint8 jurisdiction, guint8 flags, gboolean as_html) {
    g_autofree char *date = policy_day_text(day);
    struct cli_table *table = cli_table_new("RECIPIENT", "PURPOSE", "BASIS", "MODE: DATA", "FIELDS",
                                            "OBLIGATIONS", "RULE", NULL);
    g_autofree char *set = policy_words_text(policy, POLICY_FLAG, flags);
    g_autofree char *of_whom =
        flags ? g_strdup_printf("people who are %s", set) : g_strdup("people without a flag");
    const char *where = policy_word(policy, POLICY_JURISDICTION, jurisdiction);
    if (as_html)
        begin_html(policy, name, date, of_whom, where);
    for (guint r = 0; r < policy_n_words(policy, POLICY_RECIPIENT); r++)
        for (guint p = 0; p < policy_n_words(policy, POLICY_PURPOSE); p++)
            print_rows_of(cli, table, as_html, policy, day, jurisdiction, flags, r, p);
    const struct cli quiet = {.json = as_html || cli->json};
    cli_table_end(&quiet, table, "Nothing is permitted.");
    if (as_html)
        printf("</tbody></table>\n");
    else if (!cli->json)
        printf("This is of %s, asked of %s jails on %s. Everything else is denied.\n", of_whom, where,
               date);
    if (!cli->json)
        print_citations(policy, as_html);
}

int policy_table(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    gint32 day;
    gboolean as_html = FALSE;
    char *flag = NULL, *jurisdiction = NULL;
    struct policy_choice c = {NULL};
    GOptionEntry entries[] = {
        {"html", 0, 0, G_OPTION_ARG_NONE, &as_html, "As a page", NULL},
        CHOSEN_ENTRIES(c),
        {"flag", 0, 0, G_OPTION_ARG_STRING, &flag, "Of people with this flag (none)", "WORD"},
        {"jurisdiction", 0, 0, G_OPTION_ARG_STRING, &jurisdiction, "Whose jails (local)", "WORD"},
        {NULL}};
    if (!cli_parse(cli, "policy table [POLICY]", "Who may be told what, as a matrix for reading.", NULL,
                   entries, &argc, &argv, 0, 1, &status))
        return status;
    const char *name = argc > 1    ? argv[1]
                       : c.profile ? c.profile
                       : cli->dir  ? "of the site"
                                   : "baseline";
    struct policy *policy = policy_choose(cli, &c, argc > 1 ? argv[1] : NULL, &day, &status);
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
    policy_free(policy);
    policy_choice_clear(&c);
    g_free(flag);
    g_free(jurisdiction);
    return status;
}
