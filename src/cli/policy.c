#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "cli/policy.h"
#include "site/config.h"

static const char usual[] = "baseline";

void policy_choice_clear(struct policy_choice *c) {
    g_free(c->profile);
    g_free(c->recipients);
    g_free(c->date);
}

static gboolean read_day(const char *text, gint32 *day) {
    GDate date;
    unsigned y, m, d;
    int n = 0;
    g_date_clear(&date, 1);
    if (!text)
        g_date_set_time_t(&date, (time_t)(base_clock_now(&base_system_clock) / SECOND_US));
    else if (sscanf(text, "%4u-%2u-%2u%n", &y, &m, &d, &n) == 3 && !text[n] &&
             g_date_valid_dmy((GDateDay)d, (GDateMonth)m, (GDateYear)y))
        g_date_set_dmy(&date, (GDateDay)d, (GDateMonth)m, (GDateYear)y);
    else
        return FALSE;
    *day = (gint32)g_date_get_julian(&date);
    return TRUE;
}

/* The policy of the site of -C, with its recipients; NULL with an error. */
static struct policy *choose_site(const struct cli *cli, GError **error) {
    struct site_config *config = site_config_load(cli->dir, error);
    struct policy *policy = config ? site_policy(config, cli->dir, error) : NULL;
    site_config_free(config);
    return policy;
}

struct policy *policy_choose(const struct cli *cli, const struct policy_choice *c, const char *profile,
                             gint32 *day, int *status) {
    GError *error = NULL;
    profile = profile ? profile : c->profile;
    struct policy *policy = NULL;
    if (!read_day(c->date, day)) {
        fprintf(stderr, "tocsin: --date %s: write it as 2025-05-23\n", c->date);
    } else {
        policy = !profile && !c->recipients && cli->dir
                     ? choose_site(cli, &error)
                     : policy_load(profile ? profile : usual, c->recipients, &error);
        if (!policy)
            cli_fail(error);
    }
    if (!policy)
        *status = EXIT_USAGE;
    return policy;
}

json_t *policy_words_json(const struct policy *policy, enum policy_word_kind kind, guint32 set) {
    json_t *list = json_array();
    for (guint i = 0; i < policy_n_words(policy, kind); i++)
        if (set >> i & 1)
            json_array_append_new(list, json_string(policy_word(policy, kind, i)));
    return list;
}

char *policy_words_text(const struct policy *policy, enum policy_word_kind kind, guint32 set) {
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < policy_n_words(policy, kind); i++)
        if (set >> i & 1)
            g_string_append_printf(text, "%s%s", text->len ? ", " : "", policy_word(policy, kind, i));
    return g_string_free(text, FALSE);
}

char *policy_day_text(gint32 day) {
    GDate date;
    if (day <= 1 || day == G_MAXINT32)
        return g_strdup("always");
    g_date_clear(&date, 1);
    g_date_set_julian(&date, (guint32)day);
    return g_strdup_printf("%04d-%02d-%02d", g_date_get_year(&date), g_date_get_month(&date),
                           g_date_get_day(&date));
}

static char *id_text(const struct policy *policy) {
    GString *hex = g_string_new(NULL);
    for (guint i = 0; i < POLICY_ID_BYTES; i++)
        g_string_append_printf(hex, "%02x", policy_id(policy)[i]);
    return g_string_free(hex, FALSE);
}

static json_t *request_json(const struct policy *policy, const struct policy_request *request) {
    json_t *object = json_object();
    for (guint a = 0; a < POLICY_N_ATTRIBUTES; a++)
        json_object_set_new(object, policy_word_kind_name(a),
                            a == POLICY_FLAG ? policy_words_json(policy, a, request->value[a])
                                             : json_string(policy_word(policy, a, request->value[a])));
    return object;
}

/* ── check ─────────────────────────────────────────────────────────────────────────────────────── */

/* null: since ever, or for ever. */
static json_t *day_json(gint32 day) {
    g_autofree char *text = policy_day_text(day);
    return day <= 1 || day == G_MAXINT32 ? json_null() : json_string(text);
}

static json_t *breach_json(const struct policy *policy, const struct policy_breach *b) {
    json_t *any = json_array();
    for (guint a = 0; a < POLICY_N_ATTRIBUTES; a++)
        if (b->any[a])
            json_array_append_new(any, json_string(policy_word_kind_name(a)));
    g_autofree char *path = policy_decision_path(policy, &b->request, &b->decision);
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:s, s:s, s:s, s:s, s:o}", "guarantee",
                     b->guarantee, "promise", b->promise, "file", b->file, "counterexample",
                     request_json(policy, &b->request), "any", any, "from", day_json(b->from), "until",
                     day_json(b->until), "decision", b->decision.is_permitted ? "permit" : "deny",
                     "rule", policy_decision_rule(policy, &b->decision), "citation",
                     policy_decision_citation(policy, &b->decision), "path", path, "unmet",
                     b->decision.unmet == POLICY_NONE
                         ? json_null()
                         : json_string(policy_word(policy, POLICY_OBLIGATION, b->decision.unmet)));
}

static void print_breach(const struct cli *cli, const struct policy *policy,
                         const struct policy_breach *b) {
    g_autofree char *request = policy_request_format(policy, &b->request);
    g_autofree char *path = policy_decision_path(policy, &b->request, &b->decision);
    printf("%sBROKEN%s %s: %s (%s)\n       the smallest request that breaks it: %s\n",
           cli->has_color ? "\033[31m" : "", cli->has_color ? "\033[0m" : "", b->guarantee, b->promise,
           b->file, request);
    printf("       it is %s by %s: %s\n", b->decision.is_permitted ? "permitted" : "denied",
           policy_decision_rule(policy, &b->decision), policy_decision_citation(policy, &b->decision));
    if (*path)
        printf("       because of who may get it: %s\n", path);
    if (b->decision.unmet != POLICY_NONE)
        printf("       it obliges to \"%s\", which this program cannot do for them\n",
               policy_word(policy, POLICY_OBLIGATION, b->decision.unmet));
    g_autofree char *from = policy_day_text(b->from), *until = policy_day_text(b->until);
    if (b->from > 1 && b->until != G_MAXINT32)
        printf("       on every day from %s to the day before %s\n", from, until);
    else if (b->from > 1)
        printf("       on every day from %s on\n", from);
    else if (b->until != G_MAXINT32)
        printf("       on every day before %s\n", until);
    GString *any = g_string_new(NULL);
    for (guint a = 0; a < POLICY_N_ATTRIBUTES; a++)
        if (b->any[a])
            g_string_append_printf(any, "%s%s", any->len ? ", " : "", policy_word_kind_name(a));
    if (any->len)
        printf("       another value of any one of these alone changes nothing: %s\n", any->str);
    g_string_free(any, TRUE);
}

static int check(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    gint32 day;
    struct policy_choice c = {NULL};
    struct policy_check result;
    GOptionEntry entries[] = {
        {"recipients", 0, 0, G_OPTION_ARG_FILENAME, &c.recipients, "One more recipients file", "FILE"},
        {NULL}};
    if (!cli_parse(cli, "policy check [DIR]",
                   "Tries every request the vocabulary can express, on every date, against every "
                   "guarantee.",
                   "DIR is a folder with rules.yaml, or the name of a shipped profile. Without it: the "
                   "policy of\n"
                   "the site of -C, or the baseline.\n"
                   "Exit status: 0 all guarantees hold, 1 one is broken, 2 a file cannot be read.",
                   entries, &argc, &argv, 0, 1, &status))
        return status;
    struct policy *policy = policy_choose(cli, &c, argc > 1 ? argv[1] : NULL, &day, &status);
    policy_choice_clear(&c);
    if (!policy)
        return status;
    const gint64 began_us = g_get_monotonic_time();
    if (!policy_check(policy, &result))
        status = EXIT_FAILED;
    const double seconds = (double)(g_get_monotonic_time() - began_us) / 1e6;
    g_autofree char *id = id_text(policy);
    if (cli->json) {
        json_t *broken = json_array(), *notes = json_array();
        for (guint i = 0; i < result.breaches->len; i++)
            json_array_append_new(
                broken, breach_json(policy, &g_array_index(result.breaches, struct policy_breach, i)));
        for (guint i = 0; i < result.notes->len; i++)
            json_array_append_new(notes, json_string(result.notes->pdata[i]));
        cli_json_line(json_pack("{s:b, s:s, s:I, s:i, s:i, s:i, s:f, s:o, s:o}", "ok",
                                result.breaches->len == 0, "policy", id, "points",
                                (json_int_t)result.n_points, "dates", result.n_slices, "rules",
                                policy_n_rules(policy), "guarantees", result.n_guarantees, "seconds",
                                seconds, "broken", broken, "notes", notes));
    } else {
        for (guint i = 0; i < result.breaches->len; i++)
            print_breach(cli, policy, &g_array_index(result.breaches, struct policy_breach, i));
        for (guint i = 0; i < result.notes->len; i++)
            printf("note   %s\n", (char *)result.notes->pdata[i]);
        if (result.breaches->len)
            printf("Only %u of %u", result.n_guarantees - result.breaches->len, result.n_guarantees);
        else
            printf("All %u", result.n_guarantees);
        printf(" guarantees hold over all %" G_GUINT64_FORMAT
               " requests (%u rules, %u span%s of dates, %.2f s).\npolicy %s\n",
               result.n_points, policy_n_rules(policy), result.n_slices,
               result.n_slices == 1 ? "" : "s", seconds, id);
    }
    policy_check_clear(&result);
    policy_free(policy);
    return status;
}

/* ── explain ───────────────────────────────────────────────────────────────────────────────────── */

struct question {
    char *words[POLICY_N_ATTRIBUTES];
    char **flags, **via;
};

static gboolean find(const struct policy *policy, enum policy_word_kind kind, const char *word,
                     guint *index) {
    *index = policy_find_word(policy, kind, word);
    if (*index != POLICY_NONE)
        return TRUE;
    g_autofree char *words = policy_words_text(policy, kind, G_MAXUINT32);
    fprintf(stderr, "tocsin: \"%s\" is no %s; there are %s\n", word, policy_word_kind_name(kind),
            words);
    return FALSE;
}

static gboolean read_question(const struct policy *policy, const struct question *q,
                              struct policy_request *request, GArray *via) {
    for (guint a = 0; a < POLICY_N_ATTRIBUTES; a++) {
        guint index = 0;
        if (a != POLICY_FLAG && q->words[a] && !find(policy, a, q->words[a], &index))
            return FALSE;
        request->value[a] = (guint8)index;
    }
    for (char **flag = q->flags; flag && *flag; flag++) {
        guint index;
        if (!find(policy, POLICY_FLAG, *flag, &index))
            return FALSE;
        request->value[POLICY_FLAG] |= (guint8)(1u << index);
    }
    for (char **hand = q->via; hand && *hand; hand++) {
        guint index;
        if (!find(policy, POLICY_RECIPIENT, *hand, &index))
            return FALSE;
        g_array_append_val(via, index);
    }
    return TRUE;
}

struct answer {
    const struct policy *policy;
    struct policy_request request, hand; /* `hand`: whose rules are shown */
    struct policy_decision decision;
    char *path;
};

/* "jail → hand → … → recipient", and from the one that is denied along its agreements. */
static char *whole_path(const struct answer *a, const GArray *via, guint denied_via) {
    const char *recipient =
        policy_word(a->policy, POLICY_RECIPIENT, a->request.value[POLICY_RECIPIENT]);
    g_autofree char *onward = policy_decision_path(a->policy, &a->hand, &a->decision);
    GString *path = g_string_new("jail");
    for (guint i = 0; i < via->len; i++)
        g_string_append_printf(path, " → %s",
                               policy_word(a->policy, POLICY_RECIPIENT, g_array_index(via, guint, i)));
    g_string_append_printf(path, " → %s", recipient);
    if (denied_via != POLICY_NONE)
        g_string_append_printf(path, "; denied at %s",
                               policy_word(a->policy, POLICY_RECIPIENT, denied_via));
    if (*onward)
        g_string_append_printf(path, "; and who may get it: %s", onward);
    return g_string_free(path, FALSE);
}

static json_t *matched_json(const struct answer *a) {
    json_t *list = json_array();
    for (guint i = 0; i < policy_n_rules(a->policy); i++) {
        struct policy_rule_view rule;
        if (!policy_rule_matches(a->policy, i, &a->hand))
            continue;
        policy_rule_view(a->policy, i, &rule);
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "rule", rule.id, "effect",
                                              rule.is_permit ? "permit"
                                              : rule.fields  ? "withhold"
                                                             : "forbid",
                                              "citation", rule.citation, "file", rule.file));
    }
    return list;
}

static json_t *citations_json(const struct answer *a) {
    json_t *list = json_array();
    json_array_append_new(list, json_string(policy_decision_citation(a->policy, &a->decision)));
    for (guint i = 0; i < policy_n_rules(a->policy); i++) {
        struct policy_rule_view rule;
        policy_rule_view(a->policy, i, &rule);
        if (i != a->decision.rule && rule.is_permit == a->decision.is_permitted &&
            policy_rule_matches(a->policy, i, &a->hand))
            json_array_append_new(list, json_string(rule.citation));
    }
    return list;
}

static void print_answer(const struct cli *cli, const struct answer *a) {
    g_autofree char *id = id_text(a->policy);
    g_autofree char *request = policy_request_format(a->policy, &a->request);
    const struct policy_decision *d = &a->decision;
    const char *unmet =
        d->unmet == POLICY_NONE ? NULL : policy_word(a->policy, POLICY_OBLIGATION, d->unmet);
    if (cli->json) {
        cli_json_line(json_pack(
            "{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "decision",
            d->is_permitted ? "permit" : "deny", "rule", policy_decision_rule(a->policy, d), "citation",
            policy_decision_citation(a->policy, d), "citations", citations_json(a), "fields",
            policy_words_json(a->policy, POLICY_FIELD, d->fields), "obligations",
            policy_words_json(a->policy, POLICY_OBLIGATION, d->obligations), "path",
            json_string(a->path), "unmet_obligation", cli_json_text(unmet), "matched", matched_json(a),
            "request", request_json(a->policy, &a->request), "policy", id));
        return;
    }
    g_autofree char *fields = policy_words_text(a->policy, POLICY_FIELD, d->fields);
    g_autofree char *obligations = policy_words_text(a->policy, POLICY_OBLIGATION, d->obligations);
    printf("%s%s%s  %s\n", cli->has_color ? (d->is_permitted ? "\033[32m" : "\033[31m") : "",
           d->is_permitted ? "PERMIT" : "DENY", cli->has_color ? "\033[0m" : "", request);
    printf("path      %s\n", a->path);
    printf("rule      %s\n          %s\n", policy_decision_rule(a->policy, d),
           policy_decision_citation(a->policy, d));
    if (unmet)
        printf("          it obliges to %s, which nobody can do here\n", unmet);
    if (d->is_permitted)
        printf("fields    %s\noblige    %s\n", fields, obligations);
    for (guint i = 0; i < policy_n_rules(a->policy); i++) {
        struct policy_rule_view rule;
        if (i == d->rule || !policy_rule_matches(a->policy, i, &a->hand))
            continue;
        policy_rule_view(a->policy, i, &rule);
        printf("also      %s %s: %s\n",
               rule.is_permit ? "permit"
               : rule.fields  ? "withhold"
                              : "forbid",
               rule.id, rule.citation);
    }
    printf("policy    %s\n", id);
}

static int explain(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    struct policy_choice c = {NULL};
    struct question q = {{NULL}, NULL, NULL};
    struct answer a = {.policy = NULL};
    GOptionEntry entries[] = {
#define X(name, word, table, most, help)                                                               \
    {word,                                                                                             \
     0,                                                                                                \
     0,                                                                                                \
     POLICY_##name == POLICY_FLAG ? G_OPTION_ARG_STRING_ARRAY : G_OPTION_ARG_STRING,                   \
     POLICY_##name == POLICY_FLAG ? (gpointer)&q.flags : (gpointer)&q.words[POLICY_##name],            \
     help,                                                                                             \
     "WORD"},
        POLICY_ATTRIBUTES(X)
#undef X
            {"via", 0, 0, G_OPTION_ARG_STRING_ARRAY, &q.via,
             "Whose hands it goes through first; may be repeated", "WORD"},
        CHOSEN_ENTRIES(c),
        {NULL}};
    if (!cli_parse(
            cli, "policy explain --recipient R --purpose P --basis B --data D --mode M",
            "Decides one request and says why.",
            "What is left out is `unknown`, which nearly nothing permits. The status is 0 either "
            "way, and 2 when a word or a file is wrong.",
            entries, &argc, &argv, 0, 0, &status))
        return status;
    g_autoptr(GArray) via = g_array_new(FALSE, FALSE, sizeof(guint));
    guint denied_via;
    struct policy *policy = policy_choose(cli, &c, NULL, &a.request.day, &status);
    if (!q.words[POLICY_JURISDICTION])
        q.words[POLICY_JURISDICTION] = g_strdup("local");
    if (policy && read_question(policy, &q, &a.request, via)) {
        a.policy = policy;
        policy_decide_via(policy, &a.request, (const guint *)(gpointer)via->data, via->len, &a.decision,
                          &denied_via);
        a.hand = a.request;
        if (denied_via != POLICY_NONE)
            a.hand.value[POLICY_RECIPIENT] = (guint8)denied_via;
        a.path = whole_path(&a, via, denied_via);
        print_answer(cli, &a);
        g_free(a.path);
    } else if (policy) {
        status = EXIT_USAGE;
    }
    policy_free(policy);
    for (guint i = 0; i < POLICY_N_ATTRIBUTES; i++)
        g_free(q.words[i]);
    g_strfreev(q.flags);
    g_strfreev(q.via);
    policy_choice_clear(&c);
    return status;
}

/* ── words ─────────────────────────────────────────────────────────────────────────────────────── */

static int words(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    gint32 day;
    struct policy_choice c = {NULL};
    GOptionEntry entries[] = {CHOSEN_ENTRIES(c), {NULL}};
    if (!cli_parse(cli, "policy words", "Lists the words of a policy and what they mean.", NULL,
                   entries, &argc, &argv, 0, 0, &status))
        return status;
    struct policy *policy = policy_choose(cli, &c, NULL, &day, &status);
    struct cli_table *table = cli_table_new("KIND", "WORD", "MEANS", NULL);
    for (guint kind = 0; policy && kind < POLICY_N_WORD_KINDS; kind++)
        for (guint i = 0; i < policy_n_words(policy, kind); i++) {
            if (cli->json)
                cli_json_line(json_pack("{s:s, s:s, s:s, s:i}", "kind", policy_word_kind_name(kind),
                                        "word", policy_word(policy, kind, i), "means",
                                        policy_word_means(policy, kind, i), "number", (int)i));
            else
                cli_table_row(table, policy_word_kind_name(kind), policy_word(policy, kind, i),
                              policy_word_means(policy, kind, i), NULL);
        }
    cli_table_end(cli, table, "");
    policy_free(policy);
    policy_choice_clear(&c);
    return status;
}

static int run(struct cli *cli, int argc, char **argv) {
    static const struct cli_command commands[] = {
        {"check", "prove the guarantees of a policy", check},
        {"explain", "decide one request and say why", explain},
        {"diff", "every decision that differs between two policies", policy_diff},
        {"table", "a matrix of what is permitted, for reading", policy_table},
        {"words", "list a policy's words", words},
        {NULL}};
    return cli_dispatch(cli, "policy", commands, argc, argv);
}

const struct cli_command cli_policy = {"policy",
                                       "disclosure policy: check, explain, diff, table, words", run};
