#include <glib/gstdio.h>
#include <string.h>

#include "policy/policy.h"

/* Ten lines, 5 × 3 × 4 × 3 × 3 × 2³ × 2 requests. */
#define RECIPIENT                                                                                      \
    "recipient: [{word: unknown}, {word: public}, {word: police}, {word: agency}, {word: broker}]\n"
#define PURPOSE "purpose: [{word: unknown}, {word: safety}, {word: sale}]\n"
#define BASIS                                                                                          \
    "basis: [{word: unknown}, {word: asking}, {word: warrant}, {word: contract, means: a deal}]\n"
#define DATA "data: [{word: unknown}, {word: status}, {word: release}]\n"
#define MODE "mode: [{word: unknown}, {word: lookup}, {word: bulk}]\n"
#define FLAG "flag: [{word: unknown}, {word: sealed}, {word: juvenile}]\n"
#define JURISDICTION "jurisdiction: [{word: unknown}, {word: here}]\n"
#define FIELD "field: [{word: name}, {word: place}, {word: times}]\n"
#define OBLIGATION                                                                                     \
    "obligation: [{word: log}, {word: receipt}, {word: second_approver}, {word: one_person}, {word: "  \
    "audit}]\n"
#define VOCABULARY RECIPIENT PURPOSE BASIS DATA MODE FLAG JURISDICTION FIELD OBLIGATION
#define GUARANTEES(list) "guarantees:\n" list
#define ALWAYS(id, more) "- {always: " id ", promise: words of " id more "}\n"
#define OBLIGE(id, more) "- {always_oblige: " id ", promise: words of " id more "}\n"
#define NEVER(id, more) "- {never: " id ", promise: words of " id more "}\n"
#define N_POINTS (5 * 3 * 4 * 3 * 3 * 8 * 2)

/* ── Loading and asking ── */

/* What a test gives; what is NULL is left out. */
struct files {
    const char *vocabulary, *rules, *guarantees, *recipients;
};

static struct policy *parse(const struct files *files, GError **error) {
    const char *const all[] = {files->vocabulary ? files->vocabulary : VOCABULARY, files->rules,
                               files->guarantees, files->recipients};
    static const char *const names[] = {"v.yaml", "r.yaml", "g.yaml", "p.yaml"};
    struct policy_text texts[G_N_ELEMENTS(all)];
    guint n = 0;
    for (guint kind = 0; kind < G_N_ELEMENTS(all); kind++)
        if (all[kind])
            texts[n++] = (struct policy_text){
                .kind = kind, .name = names[kind], .text = all[kind], .n = strlen(all[kind])};
    return policy_parse(texts, n, error);
}

static struct policy *policy_of(const char *rules, const char *guarantees, const char *recipients) {
    GError *error = NULL;
    struct policy *policy = parse(
        &(struct files){.rules = rules, .guarantees = guarantees, .recipients = recipients}, &error);
    g_assert_no_error(error);
    return policy;
}

static void expect_message(const GError *error, const char *where, const char *what) {
    if (!error || !g_str_has_prefix(error->message, where) || !strstr(error->message, what))
        g_error("got \"%s\", not %s … %s", error ? error->message : "no error", where, what);
}

static void refused(const struct files *files, const char *where, const char *what) {
    g_autoptr(GError) error = NULL;
    struct policy *policy = parse(files, &error);
    expect_message(error, where, what);
    g_assert_null(policy);
}

static void refused_vocabulary(const char *text, const char *where, const char *what) {
    refused(&(struct files){.vocabulary = text}, where, what);
}

static void refused_rules(const char *text, const char *where, const char *what) {
    refused(&(struct files){.rules = text}, where, what);
}

static void refused_guarantees(const char *text, const char *where, const char *what) {
    refused(&(struct files){.guarantees = text}, where, what);
}

static void refused_recipients(const char *text, const char *where, const char *what) {
    refused(&(struct files){.recipients = text}, where, what);
}

static gint32 day_of(const char *text) {
    GDate date;
    g_date_clear(&date, 1);
    g_date_set_parse(&date, text);
    g_assert_true(g_date_valid(&date));
    return (gint32)g_date_get_julian(&date);
}

static guint word(const struct policy *policy, enum policy_word_kind kind, const char *text) {
    guint index = policy_find_word(policy, kind, text);
    if (index == POLICY_NONE)
        g_error("%s is no %s", text, policy_word_kind_name(kind));
    return index;
}

/* "police safety warrant status lookup - here": recipient to jurisdiction; "-" is no flag. */
static struct policy_request request_of(const struct policy *policy, const char *words,
                                        const char *day) {
    struct policy_request request = {.day = day ? day_of(day) : day_of("2025-05-23")};
    g_auto(GStrv) parts = g_strsplit(words, " ", 0);
    g_assert_cmpuint(g_strv_length(parts), ==, POLICY_N_ATTRIBUTES);
    for (guint a = 0; a < POLICY_N_ATTRIBUTES; a++) {
        if (a != POLICY_FLAG) {
            request.value[a] = (guint8)word(policy, a, parts[a]);
            continue;
        }
        g_auto(GStrv) flags = g_strsplit(strcmp(parts[a], "-") == 0 ? "" : parts[a], "+", 0);
        for (char **flag = flags; *flag; flag++)
            request.value[a] |= (guint8)(1u << word(policy, a, *flag));
    }
    return request;
}

static void append_set(GString *out, const struct policy *policy, enum policy_word_kind kind,
                       guint32 set) {
    g_string_append(out, set ? " " : " -");
    for (guint i = 0, n = 0; i < policy_n_words(policy, kind); i++)
        if (set >> i & 1)
            g_string_append_printf(out, "%s%s", n++ ? "+" : "", policy_word(policy, kind, i));
}

/* "yes RULE FIELDS OBLIGATIONS", or "no RULE", with the obligation unmet and the path denied. */
static char *told(const struct policy *policy, const struct policy_request *request,
                  const struct policy_decision *decision) {
    GString *out = g_string_new(decision->is_permitted ? "yes " : "no ");
    g_autofree char *path = policy_decision_path(policy, request, decision);
    g_string_append(out, policy_decision_rule(policy, decision));
    if (decision->is_permitted) {
        append_set(out, policy, POLICY_FIELD, decision->fields);
        append_set(out, policy, POLICY_OBLIGATION, decision->obligations);
    } else {
        g_assert_cmpuint(decision->fields | decision->obligations, ==, 0);
    }
    if (decision->unmet != POLICY_NONE)
        g_string_append_printf(out, " unmet %s",
                               policy_word(policy, POLICY_OBLIGATION, decision->unmet));
    if (*path)
        g_string_append_printf(out, ": %s", path);
    return g_string_free(out, FALSE);
}

static void expect_on(const struct policy *policy, const char *day, const char *words,
                      const char *expected) {
    struct policy_request request = request_of(policy, words, day);
    struct policy_decision decision;
    policy_decide(policy, &request, &decision);
    g_autofree char *got = told(policy, &request, &decision);
    if (strcmp(got, expected) != 0)
        g_error("%s: got \"%s\", not \"%s\"", words, got, expected);
}

static void expect(const struct policy *policy, const char *words, const char *expected) {
    expect_on(policy, NULL, words, expected);
}

/* `via`: names of recipients, with spaces. `denied`: which of them is, or NULL. */
static void expect_via(const struct policy *policy, const char *words, const char *via,
                       const char *expected, const char *denied) {
    struct policy_request request = request_of(policy, words, NULL);
    struct policy_decision decision;
    guint hands[8], n = 0, denied_via;
    g_auto(GStrv) names = g_strsplit(via, " ", 0);
    for (char **name = names; *name; name++)
        hands[n++] = word(policy, POLICY_RECIPIENT, *name);
    policy_decide_via(policy, &request, hands, n, &decision, &denied_via);
    g_autofree char *got = told(policy, &request, &decision);
    g_assert_cmpstr(got, ==, expected);
    g_assert_cmpuint(denied_via, ==, denied ? word(policy, POLICY_RECIPIENT, denied) : POLICY_NONE);
}

/* ── Words ── */

static void a_hyphen_is_as_good_as_an_underscore(void) {
    struct policy *policy =
        policy_of("title: t\n", NULL, "recipients: [{id: north-sheriff_1, class: police}]\n");
    g_assert_cmpuint(policy_find_word(policy, POLICY_OBLIGATION, "one-person"), ==, 3);
    g_assert_cmpuint(policy_find_word(policy, POLICY_OBLIGATION, "one_person"), ==, 3);
    g_assert_cmpuint(policy_find_word(policy, POLICY_RECIPIENT, "north_sheriff-1"), ==, 5);
    g_assert_cmpuint(policy_find_word(policy, POLICY_RECIPIENT, "north+sheriff_1"), ==, POLICY_NONE);
    g_assert_cmpuint(policy_find_word(policy, POLICY_RECIPIENT, "polic"), ==, POLICY_NONE);
    g_assert_cmpuint(policy_find_word(policy, POLICY_RECIPIENT, "policex"), ==, POLICY_NONE);
    g_assert_cmpuint(policy_find_word(policy, POLICY_RECIPIENT, ""), ==, POLICY_NONE);
    policy_free(policy);
}

static void words_have_places_meanings_and_classes(void) {
    struct policy *policy = policy_of("title: t\n", NULL,
                                      "recipients:\n"
                                      "- {id: north, class: police, contract: bound by law}\n"
                                      "- {id: hub.1, class: agency}\n");
    g_assert_cmpstr(policy_word_kind_name(POLICY_RECIPIENT), ==, "recipient");
    g_assert_cmpstr(policy_word_kind_name(POLICY_OBLIGATION), ==, "obligation");
    g_assert_cmpuint(policy_n_words(policy, POLICY_RECIPIENT), ==, 7);
    g_assert_cmpuint(policy_n_words(policy, POLICY_FIELD), ==, 3);
    g_assert_cmpstr(policy_word(policy, POLICY_RECIPIENT, 5), ==, "north");
    g_assert_cmpstr(policy_word_means(policy, POLICY_RECIPIENT, 5), ==, "bound by law");
    g_assert_cmpstr(policy_word_means(policy, POLICY_RECIPIENT, 6), ==, "");
    g_assert_cmpstr(policy_word_means(policy, POLICY_BASIS, 3), ==, "a deal");
    g_assert_cmpuint(policy_class_of(policy, 5), ==, 2);
    g_assert_cmpuint(policy_class_of(policy, 6), ==, 3);
    g_assert_cmpuint(policy_class_of(policy, 2), ==, 2);
    policy_free(policy);
}

static void vocabularies_add_up(void) {
    const char *const more = "mode: [{word: alert}]\n";
    const struct policy_text texts[] = {
        {.kind = POLICY_VOCABULARY, .name = "v.yaml", .text = VOCABULARY, .n = strlen(VOCABULARY)},
        {.kind = POLICY_VOCABULARY, .name = "w.yaml", .text = more, .n = strlen(more)}};
    g_autoptr(GError) error = NULL;
    struct policy *policy = policy_parse(texts, 2, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(policy_find_word(policy, POLICY_MODE, "alert"), ==, 3);
    policy_free(policy);
}

static void a_vocabulary_is_whole_and_begins_with_unknown(void) {
    refused_vocabulary(RECIPIENT PURPOSE BASIS DATA MODE FLAG JURISDICTION FIELD,
                       "v.yaml:1:", "obligation");
    refused_vocabulary(PURPOSE, "v.yaml:1:", "recipient");
    refused_vocabulary(
        RECIPIENT PURPOSE
        "basis: [{word: asking}, {word: unknown}]\n" DATA MODE FLAG JURISDICTION FIELD OBLIGATION,
        "v.yaml:3:", "unknown");
    refused_vocabulary(VOCABULARY "colour: [{word: unknown}]\n", "v.yaml:10:", "colour");
    refused_vocabulary("recipient: [{word: unknown},\n  {word: a-b},\n  {word: a_b}]\n",
                       "v.yaml:3:", "twice");
    refused_vocabulary("recipient: [{word: unknown},\n  {word: \"a b\"}]\n", "v.yaml:2:", "letters");
    refused_vocabulary("recipient: [{word: unknown},\n  {word: \"é\"}]\n", "v.yaml:2:", "letters");
    refused_vocabulary("", "v.yaml:1:", "YAML");
    refused_vocabulary("recipient: [\n", "v.yaml:", "");
    refused(&(struct files){.rules = ": : :\n - ["}, "r.yaml:", "");
}

static void a_policy_without_any_file_is_refused(void) {
    g_autoptr(GError) error = NULL;
    g_assert_null(policy_parse(NULL, 0, &error));
    expect_message(error, "", "rules");
}

static char *vocabulary_with(enum policy_word_kind kind, guint n) {
    static const char *const lines[] = {RECIPIENT, PURPOSE,      BASIS, DATA,      MODE,
                                        FLAG,      JURISDICTION, FIELD, OBLIGATION};
    GString *text = g_string_new(NULL);
    for (guint k = 0; k < POLICY_N_WORD_KINDS; k++)
        if (k != kind)
            g_string_append(text, lines[k]);
    g_string_append_printf(text, "%s: [{word: unknown}", policy_word_kind_name(kind));
    for (guint i = 1; i < n; i++)
        g_string_append_printf(text, ", {word: w%u}", i);
    g_string_append(text, "]\n");
    return g_string_free(text, FALSE);
}

static void words_of_a_kind_have_a_limit(void) {
    static const guint most[] = {256, 32, 64, 32, 16, 6, 64, 32, 32};
    for (guint kind = 0; kind < POLICY_N_WORD_KINDS; kind++) {
        g_autofree char *full = vocabulary_with(kind, most[kind]);
        g_autofree char *over = vocabulary_with(kind, most[kind] + 1);
        g_autoptr(GError) error = NULL;
        struct policy *policy = parse(&(struct files){.vocabulary = full}, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(policy_n_words(policy, kind), ==, most[kind]);
        policy_free(policy);
        refused_vocabulary(over, "v.yaml:9:", "more than");
    }
}

static void the_last_word_of_a_full_kind_decides_as_any(void) {
    for (guint kind = 0; kind < POLICY_N_ATTRIBUTES; kind++) {
        static const guint most[] = {256, 32, 64, 32, 16, 6, 64};
        g_autofree char *full = vocabulary_with(kind, most[kind]);
        g_autofree char *rules =
            g_strdup_printf("rules:\n- {permit: p, cite: c, when: {%s: [w%u]}, fields: [name]}\n",
                            policy_word_kind_name(kind), most[kind] - 1);
        g_autoptr(GError) error = NULL;
        struct policy *policy = parse(&(struct files){.vocabulary = full, .rules = rules}, &error);
        g_assert_no_error(error);
        struct policy_request request = {.value = {1, 1, 1, 1, 1, 0, 1}, .day = 1};
        struct policy_decision decision;
        policy_decide(policy, &request, &decision);
        g_assert_false(decision.is_permitted);
        request.value[kind] = (guint8)(kind == POLICY_FLAG ? 1u << 5 : most[kind] - 1);
        policy_decide(policy, &request, &decision);
        g_assert_true(decision.is_permitted);
        policy_free(policy);
    }
}

/* ── What cannot be read ── */

#define P(id, more) "- {permit: " id ", cite: c, fields: [name]" more "}\n"
#define F(id, more) "- {forbid: " id ", cite: c" more "}\n"

static void rules_name_file_line_and_what_is_wrong(void) {
    refused_rules("rules:\n" P("p-1", ", colour: x"), "r.yaml:2:", "colour");
    refused_rules("rules:\n- {permit: p-1, fields: [name]}\n", "r.yaml:", "cite");
    refused_rules("rules:\n- {cite: here}\n", "r.yaml:2:", "either");
    refused_rules("rules:\n\n- {permit: both, forbid: b, cite: c}\n", "r.yaml:3:", "either");
    refused_rules(
        "rules:\n" P("one", "") "- {forbid: two, cite: c}\n- {forbid: three, cite: c}\n" P("one", ""),
        "r.yaml:5:", "two rules");
    refused_rules("# sale is no purpose here\nrules:\n" P("sale", "")
                      P("p-1", ", when: {purpose: [fun]}") P("p-2", ", when: {purpose: [fun, sale]}"),
                  "r.yaml:4:", "fun");
    refused_rules("rules:\n" P("p-1", "") "---\nrules: []\n", "r.yaml:3:", "second document");
    refused_rules("rules:\n- {permit: &x p-1, cite: *x, fields: [name]}\n",
                  "r.yaml:2:", "write it out");
    refused_rules("# nothing\n", "r.yaml:1:", "comments");
    refused_rules("rules:\n- {permit: p-1, cite: c, fields: name}\n", "r.yaml:2:", "list belongs here");
    refused_rules("rules:\n- {permit: p-1, fields: [name]}\n", "r.yaml:2:", "`cite` is missing");
    refused_rules("rules: [a\n", "r.yaml:", "no YAML");
    refused_rules("rules:\n- {permit: p-1, cite: c, fields: [colour]}\n",
                  "r.yaml:2:", "name, place, times");
    refused_rules("rules:\n" P("p-1", ", oblige: [sing]"), "r.yaml:2:", "sing");
    refused_rules("rules:\n" P("p-1", ", when: {purpose: [fun]}"),
                  "r.yaml:2:", "unknown, safety, sale");
    refused_rules("rules:\n" P("p-1", ", not: {purpose: [fun]}"), "r.yaml:2:", "fun");
    refused_rules("rules:\n" P("p-1", ", when: {purpose: []}"), "r.yaml:", "");
    refused_rules("rules:\n- {permit: empty, cite: c}\n", "r.yaml:2:", "no fields");
    refused_rules("rules:\n" P("p-1", "") P("default-deny", ""), "r.yaml:3:", "itself calls");
    refused_rules("rules:\n" P("p-1", "") F("nothing-left", ""), "r.yaml:3:", "itself calls");
    refused_rules("rules:\n" F("f-1", ", oblige: [log]"), "r.yaml:2:", "oblige");
    refused_rules("rules:\n" P("p-1", ", when: {mode: [bulk]}, not: {mode: [bulk, lookup]}"),
                  "r.yaml:2:", "no request");
}

static void dates_are_whole_and_possible(void) {
    static const char *const wrong[] = {"2025-5-23",    "25-05-23",   "2025-05-3",  "2025-05",
                                        "2025-05-23-1", "x025-05-23", "2025-13-01", "2025-00-01",
                                        "2025-0x-01",   "2025-02-30", "2025-05-00", "2025-05-xx",
                                        "0000-01-01",   "+025-01-01", "2025-05-32", ""};
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autofree char *from = g_strdup_printf("rules:\n" P("p", ", from: \"%s\""), wrong[i]);
        g_autofree char *until = g_strdup_printf("rules:\n" P("p", ", until: \"%s\""), wrong[i]);
        refused_rules(from, "r.yaml:2:", "no date");
        refused_rules(until, "r.yaml:2:", "no date");
    }
    refused_rules("rules:\n" P("p", ", from: 2025-01-02, until: 2025-01-01"), "r.yaml:2:", "before");
    refused_rules("rules:\n" P("p", ", from: 2025-01-01, until: 2025-01-01"), "r.yaml:2:", "before");
    refused_rules("rules:\n" P("p", ", until: 0001-01-01"), "r.yaml:2:", "always");
}

static void rules_have_a_limit(void) {
    GString *first = g_string_new("rules:\n"), *second = g_string_new("rules:\n" P("q0", ""));
    for (guint i = 0; i < 511; i++)
        g_string_append_printf(first, P("p%u", ""), i);
    struct policy_text texts[] = {
        {.kind = POLICY_VOCABULARY, .name = "v.yaml", .text = VOCABULARY, .n = strlen(VOCABULARY)},
        {.kind = POLICY_RULES, .name = "r.yaml", .text = first->str, .n = first->len},
        {.kind = POLICY_RULES, .name = "s.yaml", .text = second->str, .n = second->len}};
    g_autoptr(GError) error = NULL;
    struct policy *policy = policy_parse(texts, 3, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(policy_n_rules(policy), ==, 512);
    policy_free(policy);
    g_string_append(second, P("q1", ""));
    texts[2] = (struct policy_text){
        .kind = POLICY_RULES, .name = "s.yaml", .text = second->str, .n = second->len};
    g_assert_null(policy_parse(texts, 3, &error));
    expect_message(error, "s.yaml:3:", "512");
    g_string_free(first, TRUE);
    g_string_free(second, TRUE);
}

static void guarantees_name_file_line_and_what_is_wrong(void) {
    refused_guarantees("guarantees:\n- {promise: nothing}\n", "g.yaml:2:", "one of");
    refused_guarantees("guarantees:\n- {never: a, always: b, promise: much}\n", "g.yaml:2:", "one of");
    refused_guarantees("guarantees:\n- {never: a, always_oblige: b, promise: much}\n",
                       "g.yaml:2:", "one of");
    refused_guarantees("guarantees:\n- {never: a}\n", "g.yaml:", "promise");
    refused_guarantees("guarantees:\n" NEVER("no-1", "") NEVER("no-1", ""),
                       "g.yaml:3:", "two guarantees");
    refused_guarantees("guarantees:\n" NEVER("no-1", ", fields: [colour]"), "g.yaml:2:", "colour");
    refused_guarantees("guarantees:\n" NEVER("no-1", ", oblige: [sing]"), "g.yaml:2:", "sing");
    refused_guarantees("guarantees:\n" NEVER("no-1", ", from: soon"), "g.yaml:2:", "no date");
    refused_guarantees("guarantees:\n" NEVER("no-1", ", when: {mode: [fax]}"), "g.yaml:2:", "fax");
    refused_guarantees("guarantees:\n" NEVER("no-1", ", unless: [{mode: [bulk]}, {mode: [fax]}]"),
                       "g.yaml:2:", "fax");
    refused_guarantees("guarantees:\n" NEVER("no-1", ", oblige: [log]"), "g.yaml:2:", "oblige");
    refused_guarantees("guarantees:\n- {always_oblige: ob-1, promise: words}\n", "g.yaml:2:", "oblige");
    refused_guarantees(
        "guarantees:\n- {always_oblige: ob-1, promise: words, oblige: [log], fields: [name]}\n",
        "g.yaml:2:", "fields");
}

/* As many guarantees, with as many exceptions each. */
static char *guarantees_with(guint n, guint n_exceptions) {
    GString *text = g_string_new("guarantees:\n");
    for (guint i = 0; i < n; i++) {
        g_string_append_printf(text, "- {never: n%u, promise: words, when: {recipient: [broker]}", i);
        for (guint x = 0; x < n_exceptions; x++)
            g_string_append(text, x ? ", {mode: [bulk]}" : ", unless: [{mode: [bulk]}");
        g_string_append(text, n_exceptions ? "]}\n" : "}\n");
    }
    return g_string_free(text, FALSE);
}

static void guarantees_and_exceptions_have_a_limit(void) {
    g_autofree char *full = guarantees_with(64, 1), *over = guarantees_with(65, 0);
    g_autofree char *over_exceptions = guarantees_with(3, 32);
    struct policy_check check;
    struct policy *policy =
        policy_of("rules:\n" P("p", ", when: {mode: [bulk], recipient: [broker]}"), full, NULL);
    g_assert_true(policy_check(policy, &check)); /* each is excused by its own exception */
    g_assert_cmpuint(check.n_guarantees, ==, 64);
    policy_check_clear(&check);
    policy_free(policy);
    refused_guarantees(over, "g.yaml:66:", "64");
    refused_guarantees(over_exceptions, "g.yaml:4:", "exceptions");
}

static void a_guarantee_that_nothing_could_break_is_refused(void) {
    static const char *const empty[] = {
        ", when: {mode: [bulk]}, not: {mode: [bulk]}",
        ", unless: [{}]",
        ", when: {mode: [bulk]}, unless: [{mode: [lookup, bulk]}]",
        ", when: {mode: [lookup, bulk]}, unless: [{mode: [lookup]}, {mode: [bulk]}]",
        ", when: {mode: [lookup, bulk]}, unless: [{mode: [lookup]}, {purpose: [sale]}, {mode: [bulk]}]",
        ", when: {recipient: [police, broker], mode: [lookup, bulk]}, unless: [{recipient: [police]}, "
        "{mode: [lookup]}, {recipient: [broker], mode: [bulk]}]",
        ", not: {flag: [unknown, juvenile]}, unless: [{flag: [sealed]}, {recipient: [unknown, public, "
        "police, agency, broker]}]"};
    static const char *const some[] = {
        ", unless: [{mode: [bulk]}]", ", when: {mode: [bulk]}, unless: [{mode: [lookup]}]",
        ", when: {mode: [lookup, bulk]}, unless: [{mode: [lookup]}, {mode: [bulk], purpose: [sale]}]",
        ", when: {recipient: [police, broker], mode: [lookup, bulk]}, unless: [{recipient: [police]}, "
        "{mode: [lookup]}]",
        ", not: {flag: [unknown, juvenile]}, unless: [{flag: [sealed]}]"};
    for (guint i = 0; i < G_N_ELEMENTS(empty); i++) {
        g_autofree char *text = g_strdup_printf("guarantees:\n" NEVER("no-1", "%s"), empty[i]);
        refused_guarantees(text, "g.yaml:2:", "promises nothing");
    }
    for (guint i = 0; i < G_N_ELEMENTS(some); i++) {
        g_autofree char *text = g_strdup_printf("guarantees:\n" NEVER("no-1", "%s"), some[i]);
        policy_free(policy_of(NULL, text, NULL));
    }
}

#define PARTY(id, class, more) "- {id: " id ", class: " class more "}\n"

static void recipients_name_file_line_and_what_is_wrong(void) {
    refused_recipients("recipients:\n" PARTY("north", "navy", ""), "p.yaml:2:", "navy");
    refused_recipients("recipients:\n" PARTY("north", "police", ", uses: [fun]"), "p.yaml:2:", "fun");
    refused_recipients("recipients:\n" PARTY("north", "police", "") PARTY("south", "north", ""),
                       "p.yaml:3:", "itself a party");
    refused_recipients("recipients:\n" PARTY("north", "police", "") PARTY("north", "agency", ""),
                       "p.yaml:3:", "twice");
    refused_recipients("recipients:\n" PARTY("police", "police", ""), "p.yaml:2:", "twice");
    refused_recipients("recipients:\n" PARTY("north", "police", "") PARTY("south", "unknown", ""),
                       "p.yaml:3:", "say what it is");
#define PASSES(more)                                                                                   \
    "recipients:\n" PARTY("north", "police", ", may_pass_to:\n  [{document: d" more "}]")
    refused_recipients(PASSES(", to: south, basis: asking"), "p.yaml:3:", "south");
    refused_recipients(PASSES(", to: broker, basis: asking"), "p.yaml:3:", "class");
    refused_recipients(PASSES(", to: north, basis: nothing"), "p.yaml:3:", "nothing");
    refused_recipients(PASSES(", to: north, basis: asking, data: [colour]"), "p.yaml:3:", "colour");
    refused_recipients(PASSES(", to: north, basis: asking, from: soon"), "p.yaml:3:", "no date");
    refused_recipients(PASSES(", to: north, basis: asking, until: never"), "p.yaml:3:", "no date");
    refused_recipients(PASSES(", to: north"), "p.yaml:", "basis");
    refused_recipients("recipients: 5\n", "p.yaml:", "");
}

static void recipients_have_a_limit(void) {
    GString *text = g_string_new("recipients:\n");
    for (guint i = 0; i < 251; i++)
        g_string_append_printf(text, PARTY("party%u", "police", ""), i);
    struct policy *policy =
        policy_of("rules:\n" P("p", ", when: {recipient: [party250]}"), NULL, text->str);
    g_assert_cmpuint(policy_n_words(policy, POLICY_RECIPIENT), ==, 256);
    expect(policy, "party250 safety asking status lookup - here", "yes p name -");
    expect(policy, "party249 safety asking status lookup - here", "no default-deny");
    policy_free(policy);
    g_string_append(text, PARTY("party251", "police", ""));
    refused_recipients(text->str, "p.yaml:253:", "256");
    g_string_free(text, TRUE);
}

/* ── Rules ── */

static void nothing_is_permitted_unless_a_permit_matches(void) {
    struct policy *policy = policy_of("title: t\nrules: []\n", NULL, NULL);
    expect(policy, "police safety warrant status lookup - here", "no default-deny");
    policy_free(policy);
    policy = policy_of("rules:\n" P("p", ", when: {recipient: [police], basis: [warrant, contract]}"),
                       NULL, NULL);
    expect(policy, "police safety warrant status lookup - here", "yes p name -");
    expect(policy, "police safety contract status lookup - here", "yes p name -");
    expect(policy, "police safety asking status lookup - here", "no default-deny");
    expect(policy, "agency safety warrant status lookup - here", "no default-deny");
    policy_free(policy);
}

static void a_forbid_beats_every_permit(void) {
    struct policy *policy =
        policy_of("rules:\n" P("p", "") P("q", "") F("f", ", when: {basis: [asking]}")
                      F("g", ", when: {basis: [asking], purpose: [sale]}"),
                  NULL, NULL);
    expect(policy, "police safety warrant status lookup - here", "yes p name -");
    expect(policy, "police safety asking status lookup - here", "no f");
    expect(policy, "police sale asking status lookup - here", "no f"); /* the first of them */
    policy_free(policy);
}

static void a_permit_covers_unknown_only_where_it_names_it(void) {
    struct policy *policy = policy_of("rules:\n" P("p", ""), NULL, NULL);
    expect(policy, "police safety warrant status lookup - here", "yes p name -");
    static const char *const unknown[] = {"unknown safety warrant status lookup - here",
                                          "police unknown warrant status lookup - here",
                                          "police safety unknown status lookup - here",
                                          "police safety warrant unknown lookup - here",
                                          "police safety warrant status unknown - here",
                                          "police safety warrant status lookup - unknown",
                                          "police safety warrant status lookup unknown here"};
    for (guint i = 0; i < G_N_ELEMENTS(unknown); i++)
        expect(policy, unknown[i], "no default-deny");
    policy_free(policy);
    policy = policy_of("rules:\n" P("p", ", when: {recipient: [unknown, police]}, not: {mode: [bulk]}"),
                       NULL, NULL);
    expect(policy, "unknown safety warrant status lookup - here", "yes p name -");
    expect(policy, "unknown safety warrant status unknown - here", "no default-deny");
    expect(policy, "unknown safety warrant status bulk - here", "no default-deny");
    policy_free(policy);
}

static void a_forbid_covers_unknown_unless_its_not_names_it(void) {
    static const char permit[] = "rules:\n- {permit: p, cite: c, fields: [name], when: {recipient: "
                                 "[unknown, public, police]}}\n";
    g_autofree char *all = g_strconcat(permit, F("f", ", when: {basis: [asking]}"), NULL);
    g_autofree char *known =
        g_strconcat(permit, F("f", ", when: {basis: [asking]}, not: {recipient: [unknown]}"), NULL);
    struct policy *policy = policy_of(all, NULL, NULL);
    expect(policy, "unknown safety asking status lookup - here", "no f");
    expect(policy, "police safety asking status lookup - here", "no f");
    policy_free(policy);
    policy = policy_of(known, NULL, NULL);
    expect(policy, "unknown safety asking status lookup - here", "yes p name -");
    expect(policy, "police safety asking status lookup - here", "no f");
    policy_free(policy);
}

static void flags_match_when_any_is_set_and_not_when_none_is(void) {
    struct policy *policy =
        policy_of("rules:\n" P("p", ", when: {flag: [sealed, juvenile]}"), NULL, NULL);
    expect(policy, "police safety warrant status lookup - here", "no default-deny");
    expect(policy, "police safety warrant status lookup sealed here", "yes p name -");
    expect(policy, "police safety warrant status lookup juvenile here", "yes p name -");
    expect(policy, "police safety warrant status lookup sealed+juvenile here", "yes p name -");
    expect(policy, "police safety warrant status lookup unknown here", "no default-deny");
    expect(policy, "police safety warrant status lookup unknown+sealed here", "no default-deny");
    policy_free(policy);
    policy = policy_of("rules:\n" P("p", ", not: {flag: [sealed]}"), NULL, NULL);
    expect(policy, "police safety warrant status lookup - here", "yes p name -");
    expect(policy, "police safety warrant status lookup juvenile here", "yes p name -");
    expect(policy, "police safety warrant status lookup sealed+juvenile here", "no default-deny");
    policy_free(policy);
    policy = policy_of(
        "rules:\n" P("p", ", when: {flag: [unknown]}") F("f", ", when: {flag: [sealed]}"), NULL, NULL);
    /* Nobody knows: it may be sealed. */
    expect(policy, "police safety warrant status lookup unknown here", "no f");
    expect(policy, "police safety warrant status lookup unknown+juvenile here", "no f");
    expect(policy, "police safety warrant status lookup - here", "no default-deny");
    expect(policy, "police safety warrant status lookup unknown+sealed here", "no f");
    policy_free(policy);
    policy = policy_of("rules:\n" P("p", "") P("q", ", when: {flag: [unknown]}")
                           F("f", ", not: {flag: [unknown]}"),
                       NULL, NULL);
    expect(policy, "police safety warrant status lookup unknown here", "yes q name -");
    expect(policy, "police safety warrant status lookup - here", "no f");
    policy_free(policy);
}

static void a_forbid_with_fields_takes_them_out(void) {
    struct policy *policy =
        policy_of("rules:\n"
                  "- {permit: p, cite: c, fields: [name, place, times]}\n"
                  "- {forbid: l, cite: c, when: {basis: [asking]}, fields: [name]}\n"
                  "- {forbid: m, cite: c, when: {mode: [bulk]}, fields: [times]}\n"
                  "- {forbid: n, cite: c, when: {data: [release]}, fields: [name, "
                  "place, times]}\n",
                  NULL, NULL);
    expect(policy, "police safety warrant status lookup - here", "yes p name+place+times -");
    expect(policy, "police safety asking status lookup - here", "yes p place+times -");
    expect(policy, "police safety asking status bulk - here", "yes p place -");
    expect(policy, "police safety warrant release lookup - here", "no n");
    expect(policy, "unknown safety asking status lookup - here", "no default-deny");
    policy_free(policy);
}

static void permits_add_up_and_the_first_is_named(void) {
    struct policy *policy =
        policy_of("rules:\n"
                  "- {permit: z, cite: law of z, fields: [place], oblige: [receipt, log]}\n"
                  "- {permit: a, cite: law of a, fields: [name], oblige: [one_person]}\n"
                  "- {permit: b, cite: c, when: {basis: [asking]}, fields: [times]}\n",
                  NULL, NULL);
    expect(policy, "police safety warrant status lookup - here",
           "yes z name+place log+receipt+one_person");
    expect(policy, "police safety asking status lookup - here",
           "yes z name+place+times log+receipt+one_person");
    struct policy_request request =
        request_of(policy, "police safety asking status lookup - here", NULL);
    struct policy_decision decision;
    policy_decide(policy, &request, &decision);
    g_assert_cmpstr(policy_decision_citation(policy, &decision), ==, "law of z");
    request.value[POLICY_BASIS] = 0;
    policy_decide(policy, &request, &decision);
    g_assert_nonnull(strstr(policy_decision_citation(policy, &decision), "no rule"));
    policy_free(policy);
}

static void an_obligation_that_nobody_can_meet_denies(void) {
    struct policy *policy = policy_of("rules:\n" P("p", ", oblige: [log, audit]"), NULL, NULL);
    expect(policy, "police safety warrant status lookup - here", "no p unmet audit");
    policy_free(policy);
    policy = policy_of("rules:\n" P("first", ", oblige: [log]") P("second", ", oblige: [audit]"), NULL,
                       NULL);
    expect(policy, "police safety warrant status lookup - here",
           "no second unmet audit"); /* not the first */
    policy_free(policy);
    policy = policy_of("rules:\n" P("p", ", oblige: [log, receipt, second_approver, one_person]"), NULL,
                       NULL);
    expect(policy, "police safety warrant status lookup - here",
           "yes p name log+receipt+second_approver+one_person");
    policy_free(policy);
}

/* A judge's process is about one case; an agreement stands for all. */
static void no_agreement_rests_on_process_of_one_case(void) {
    g_autoptr(GError) error = NULL;
    struct policy *policy = parse(
        &(struct files){
            .vocabulary = RECIPIENT PURPOSE
            "basis: [{word: unknown}, {word: asking}, {word: warrant, one_case: true}]\n" DATA MODE FLAG
                JURISDICTION FIELD OBLIGATION,
            .rules = "rules:\n" P("p", ", when: {basis: [asking, warrant]}"),
            .guarantees =
                GUARANTEES(NEVER("n", ", when: {basis: [asking], mode: [bulk], data: [release]}")),
            .recipients =
                "recipients:\n" PARTY("north", "police",
                                      ", may_pass_to: [{to: south, "
                                      "document: d, basis: warrant, data: [status]}, "
                                      "{to: south, document: e, basis: asking, data: [release]}]")
                    PARTY("south", "police", ", uses: [safety]")},
        &error);
    g_assert_no_error(error);
    expect(policy, "south safety warrant status lookup - here", "yes p name -");
    expect(policy, "north safety warrant status lookup - here", "no default-deny: north → south (d)");
    struct policy_check check;
    policy_check(policy, &check);
    g_assert_cmpuint(check.notes->len, ==, 1);
    g_assert_nonnull(strstr(check.notes->pdata[0], "process of a judge (d)"));
    policy_check_clear(&check);
    policy_free(policy);
}

/* The breach is told with all the days on which it lasts, whatever else begins or ends meanwhile. */
static void a_breach_lasts_as_long_as_it_does(void) {
    struct policy *policy =
        policy_of("rules:\n" P("p", ", from: 2021-01-01, until: 2030-01-01")
                      P("other", ", when: {mode: [bulk]}, from: 2022-02-02, until: 2023-03-03"),
                  GUARANTEES(NEVER("n", ", when: {recipient: [police]}")), NULL);
    struct policy_check check;
    g_assert_false(policy_check(policy, &check));
    const struct policy_breach *b = &g_array_index(check.breaches, struct policy_breach, 0);
    g_assert_cmpint(b->from, ==, day_of("2021-01-01"));
    g_assert_cmpint(b->until, ==, day_of("2030-01-01"));
    policy_check_clear(&check);
    policy_free(policy);
    /* From 2022 on only a larger request breaks it: the smallest one's days end there. */
    policy = policy_of("rules:\n" P("p", ", when: {recipient: [public]}, until: 2022-02-02")
                           P("other", ", when: {recipient: [broker]}"),
                       GUARANTEES(NEVER("n", ", when: {recipient: [public, broker]}")), NULL);
    g_assert_false(policy_check(policy, &check));
    b = &g_array_index(check.breaches, struct policy_breach, 0);
    g_assert_cmpint(b->until, ==, day_of("2022-02-02"));
    policy_check_clear(&check);
    policy_free(policy);
}

static void a_policy_that_promises_nothing_is_not_to_be_started(void) {
    g_autoptr(GError) error = NULL;
    struct policy *policy = policy_of("rules:\n" P("p", ""), NULL, NULL);
    g_assert_false(policy_require(policy, &error));
    g_assert_nonnull(strstr(error->message, "promises nothing"));
    policy_free(policy);
}

static void a_rule_is_in_force_from_its_first_day_to_before_its_last(void) {
    struct policy *policy = policy_of("rules:\n" P("p", ", from: 2024-02-29, until: 2025-03-01")
                                          F("f", ", from: 2024-02-29, when: {basis: [asking]}"),
                                      NULL, NULL);
    static const char ask[] = "police safety warrant status lookup - here";
    expect_on(policy, "2024-02-28", ask, "no default-deny");
    expect_on(policy, "2024-02-29", ask, "yes p name -");
    expect_on(policy, "2025-02-28", ask, "yes p name -");
    expect_on(policy, "2025-03-01", ask, "no default-deny");
    expect_on(policy, "2024-02-28", "police safety asking status lookup - here", "no default-deny");
    expect_on(policy, "2030-01-01", "police safety asking status lookup - here", "no f");
    g_assert_cmpuint(policy_n_slices(policy), ==, 3);
    g_assert_cmpint(policy_slice_day(policy, 0), ==, 1);
    g_assert_cmpint(policy_slice_day(policy, 1), ==, day_of("2024-02-29"));
    g_assert_cmpint(policy_slice_day(policy, 2), ==, day_of("2025-03-01"));
    policy_free(policy);
}

static void dates_may_come_in_any_order_and_twice(void) {
    struct policy *policy = policy_of("rules:\n" P("late", ", from: 2026-01-01")
                                          P("early", ", from: 2024-01-01, until: 2025-01-01")
                                              P("middle", ", from: 2025-01-01, until: 2026-01-01"),
                                      NULL, NULL);
    static const char ask[] = "police safety warrant status lookup - here";
    expect_on(policy, "2023-12-31", ask, "no default-deny");
    expect_on(policy, "2024-12-31", ask, "yes early name -");
    expect_on(policy, "2025-01-01", ask, "yes middle name -");
    expect_on(policy, "2026-01-01", ask, "yes late name -");
    g_assert_cmpuint(policy_n_slices(policy), ==, 4);
    policy_free(policy);
}

static void a_class_names_its_parties_and_a_party_itself(void) {
    static const char recipients[] = "recipients:\n" PARTY("north", "police", "")
        PARTY("south", "police", "") PARTY("hub", "agency", "");
    struct policy *policy =
        policy_of("rules:\n" P("p", ", when: {recipient: [police]}")
                      P("h", ", when: {recipient: [hub]}, not: {recipient: [broker]}")
                          F("f", ", when: {recipient: [police], basis: [asking]}, "
                                 "not: {recipient: [south]}"),
                  NULL, recipients);
    expect(policy, "north safety warrant status lookup - here", "yes p name -");
    expect(policy, "south safety warrant status lookup - here", "yes p name -");
    expect(policy, "police safety warrant status lookup - here", "yes p name -");
    expect(policy, "north safety asking status lookup - here", "no f");
    expect(policy, "south safety asking status lookup - here", "yes p name -");
    expect(policy, "hub safety asking status lookup - here", "yes h name -");
    expect(policy, "agency safety asking status lookup - here", "no default-deny");
    policy_free(policy);
}

/* 70 forbids of everything, 70 of a field and 210 permits: each kind ends inside another word of the
 * bit sets than it begins in. */
static struct policy *policy_of_many_rules(const char *guarantees) {
    GString *vocabulary = g_string_new(PURPOSE BASIS DATA MODE FLAG JURISDICTION FIELD OBLIGATION
                                       "recipient: [{word: unknown}");
    GString *rules = g_string_new("rules:\n");
    g_autoptr(GError) error = NULL;
    for (guint i = 1; i <= 210; i++) {
        g_string_append_printf(vocabulary, ", {word: r%u}", i);
        g_string_append_printf(
            rules, "- {permit: p%u, cite: c, when: {recipient: [r%u]}, fields: [name, place]}\n", i, i);
        if (i <= 140)
            g_string_append_printf(rules, "- {forbid: f%u, cite: c, when: {recipient: [r%u]}%s}\n", i,
                                   i, i <= 70 ? "" : ", fields: [name]");
    }
    g_string_append(vocabulary, "]\n");
    struct policy *policy = parse(
        &(struct files){.vocabulary = vocabulary->str, .rules = rules->str, .guarantees = guarantees},
        &error);
    g_assert_no_error(error);
    g_string_free(vocabulary, TRUE);
    g_string_free(rules, TRUE);
    return policy;
}

static void hundreds_of_rules_decide_as_few_do(void) {
    struct policy *policy = policy_of_many_rules(NULL);
    g_assert_cmpuint(policy_n_rules(policy), ==, 350);
    for (guint i = 1; i <= 210; i++) {
        g_autofree char *ask = g_strdup_printf("r%u safety warrant status lookup - here", i);
        g_autofree char *expected = i <= 70    ? g_strdup_printf("no f%u", i)
                                    : i <= 140 ? g_strdup_printf("yes p%u place -", i)
                                               : g_strdup_printf("yes p%u name+place -", i);
        expect(policy, ask, expected);
    }
    policy_free(policy);
}

/* ── Who may get it in the end ── */

#define TO(id, basis, more) "{to: " id ", basis: " basis ", document: deal with " id more "}"
#define PASS(list) ", may_pass_to: [" list "]"

static void everyone_who_may_get_it_is_judged(void) {
    struct policy *policy = policy_of(
        "rules:\n" P("p", ", when: {recipient: [police, agency]}") F("f", ", when: {purpose: [sale]}"),
        NULL,
        "recipients:\n" PARTY("north", "police", PASS(TO("hub", "contract", "")))
            PARTY("south", "police", "") PARTY("hub", "agency", ", uses: [safety, sale]")
                PARTY("office", "agency", PASS(TO("south", "contract", ""))));
    expect(policy, "north safety warrant status lookup - here", "no f: north → hub (deal with hub)");
    expect(policy, "south safety warrant status lookup - here", "yes p name -");
    expect(policy, "hub safety warrant status lookup - here", "yes p name -");
    /* South does not say what it uses it for: unknown, which the permit does not cover. */
    expect(policy, "office safety warrant status lookup - here",
           "no f: office → south (deal with south)");
    expect(policy, "north sale warrant status lookup - here", "no f"); /* itself, and no hop */
    policy_free(policy);
}

static void a_class_is_judged_as_the_worst_of_its_parties(void) {
    struct policy *policy = policy_of("rules:\n" P("p", ", when: {recipient: [police]}"), NULL,
                                      "recipients:\n" PARTY("south", "police", "")
                                          PARTY("north", "police", PASS(TO("hub", "asking", "")))
                                              PARTY("hub", "agency", ", uses: [safety]"));
    expect(policy, "south safety warrant status lookup - here", "yes p name -");
    expect(policy, "police safety warrant status lookup - here",
           "no default-deny: north → hub (deal with hub)");
    policy_free(policy);
}

static void a_warrant_of_the_first_does_not_serve_the_next(void) {
    struct policy *policy = policy_of(
        "rules:\n" P("p", ", when: {basis: [warrant]}") P("q", ", when: {recipient: [west]}"), NULL,
        "recipients:\n" PARTY("north", "police", PASS(TO("hub", "contract", "")))
            PARTY("east", "police", PASS(TO("hub", "warrant", "")))
                PARTY("hub", "agency", ", uses: [safety]")
                    PARTY("south", "police", PASS(TO("west", "contract", "")))
                        PARTY("west", "agency", ", uses: [safety]"));
    expect(policy, "north safety warrant status lookup - here",
           "no default-deny: north → hub (deal with hub)");
    expect(policy, "east safety warrant status lookup - here", "yes p name -");
    expect(policy, "south safety warrant status lookup - here", "yes p name -");
    policy_free(policy);
}

static void the_next_are_judged_with_the_flags_mode_and_place_asked(void) {
    struct policy *policy =
        policy_of("rules:\n" P("p", "") P("q", ", when: {jurisdiction: [unknown]}")
                      F("f", ", when: {recipient: [hub], flag: [sealed]}")
                          F("g", ", when: {recipient: [hub], mode: [bulk]}")
                              F("h", ", when: {recipient: [hub], jurisdiction: [unknown]}"),
                  NULL,
                  "recipients:\n" PARTY("north", "police", PASS(TO("hub", "contract", "")))
                      PARTY("hub", "agency", ", uses: [safety]"));
    expect(policy, "north safety warrant status lookup - here", "yes p name -");
    expect(policy, "north safety warrant status lookup sealed here",
           "no f: north → hub (deal with hub)");
    expect(policy, "north safety warrant status bulk - here", "no g: north → hub (deal with hub)");
    expect(policy, "north safety warrant status lookup - unknown", "no h: north → hub (deal with hub)");
    policy_free(policy);
}

static void agreements_hold_for_their_data_and_dates(void) {
    struct policy *policy = policy_of(
        "rules:\n" P("p", ", when: {recipient: [police]}"), NULL,
        "recipients:\n" PARTY(
            "north", "police",
            PASS(TO("hub", "contract", ", data: [status], from: 2025-01-01, until: 2026-01-01")))
            PARTY("hub", "agency", ""));
    static const char denied[] = "no default-deny: north → hub (deal with hub)";
    expect_on(policy, "2024-12-31", "north safety warrant status lookup - here", "yes p name -");
    expect_on(policy, "2025-01-01", "north safety warrant status lookup - here", denied);
    expect_on(policy, "2025-12-31", "north safety warrant status lookup - here", denied);
    expect_on(policy, "2026-01-01", "north safety warrant status lookup - here", "yes p name -");
    expect_on(policy, "2025-06-01", "north safety warrant release lookup - here", "yes p name -");
    g_assert_cmpuint(policy_n_slices(policy), ==, 3);
    policy_free(policy);
}

static void circles_of_agreements_end(void) {
    struct policy *policy = policy_of(
        "rules:\n" P("p", "") F("f", ", when: {recipient: [a], basis: [contract]}"), NULL,
        "recipients:\n" PARTY(
            "a", "police", ", uses: [safety]" PASS(TO("b", "asking", "") ", " TO("a", "contract", "")))
            PARTY("b", "agency",
                  ", uses: [safety]" PASS(TO("c", "asking", "") ", " TO("b", "asking", "")))
                PARTY("c", "broker",
                      ", uses: [safety]" PASS(TO("b", "asking", "") ", " TO("a", "contract", ""))));
    /* What comes back to the first is not judged; what goes on to it from another is. */
    expect(policy, "a safety warrant status lookup - here", "yes p name -");
    expect(policy, "b safety warrant status lookup - here", "no f: b → c → a (deal with a)");
    expect(policy, "c safety warrant status lookup - here", "no f: c → a (deal with a)");
    policy_free(policy);
}

static void only_what_all_may_have_is_disclosed(void) {
    struct policy *policy = policy_of(
        "rules:\n"
        "- {permit: p, cite: c, when: {recipient: [police]}, fields: [name, place, times], oblige: "
        "[log]}\n"
        "- {permit: q, cite: c, when: {recipient: [agency]}, fields: [name, place], oblige: "
        "[receipt]}\n"
        "- {permit: r, cite: c, when: {recipient: [broker]}, fields: [name, times], oblige: "
        "[one_person]}\n"
        "- {forbid: l, cite: c, when: {recipient: [agency, broker], mode: [bulk]}, fields: [name]}\n"
        "- {forbid: m, cite: c, when: {recipient: [police], data: [release]}, fields: [name]}\n"
        "- {forbid: n, cite: c, when: {recipient: [agency], data: [release]}, fields: [place]}\n",
        NULL,
        "recipients:\n" PARTY("a", "police", PASS(TO("b", "contract", "")))
            PARTY("b", "agency", ", uses: [safety]" PASS(TO("c", "contract", "")))
                PARTY("c", "broker", ", uses: [safety]")
                    PARTY("d", "police", PASS(TO("b2", "contract", "")))
                        PARTY("b2", "agency", ", uses: [safety]"));
    expect(policy, "d safety warrant status lookup - here", "yes p name+place log+receipt");
    expect(policy, "a safety warrant status lookup - here", "yes p name log+receipt+one_person");
    /* In bulk b may have the place only and c the times only: nothing that both may have. */
    expect(policy, "a safety warrant status bulk - here", "no nothing-left: a → b → c (deal with c)");
    expect(policy, "d safety warrant status bulk - here", "yes p place log+receipt");
    /* Of releases d may have all but the name, which is all that b2 may have. */
    expect(policy, "d safety warrant release lookup - here", "no nothing-left");
    struct policy_request request = request_of(policy, "d safety warrant release lookup - here", NULL);
    struct policy_decision decision;
    policy_decide(policy, &request, &decision);
    g_assert_nonnull(strstr(policy_decision_citation(policy, &decision), "no field is left"));
    policy_free(policy);
}

static void two_agreements_with_one_party_are_both_judged(void) {
    struct policy *policy =
        policy_of("rules:\n" P("p", "") F("f", ", when: {recipient: [hub], basis: [asking]}"), NULL,
                  "recipients:\n" PARTY("north", "police",
                                        PASS(TO("hub", "contract", "") ", " TO("hub", "asking", "")))
                      PARTY("hub", "agency", ", uses: [safety]"));
    expect(policy, "north safety warrant status lookup - here", "no f: north → hub (deal with hub)");
    policy_free(policy);
}

static void each_hand_it_goes_through_is_judged(void) {
    struct policy *policy = policy_of(
        "rules:\n"
        "- {permit: p, cite: c, when: {recipient: [police]}, fields: [name, place], oblige: [log]}\n"
        "- {permit: q, cite: c, when: {recipient: [vendor, leaky]}, fields: [name], oblige: "
        "[receipt]}\n"
        "- {permit: r, cite: c, when: {recipient: [other]}, fields: [times]}\n"
        "- {forbid: f, cite: c, when: {recipient: [vendor], basis: [asking]}}\n",
        NULL,
        "recipients:\n" PARTY("vendor", "broker", "") PARTY("other", "broker", "")
            PARTY("nobody", "broker", "") PARTY("leaky", "broker", PASS(TO("nobody", "contract", ""))));
    expect_via(policy, "police safety warrant status lookup - here", "", "yes p name+place log", NULL);
    expect_via(policy, "police safety warrant status lookup - here", "vendor", "yes p name log+receipt",
               NULL);
    expect_via(policy, "police safety asking status lookup - here", "vendor", "no f", "vendor");
    expect_via(policy, "police safety warrant status lookup - here", "vendor nobody other",
               "no default-deny", "nobody");
    expect_via(policy, "police safety warrant status lookup - here", "leaky",
               "no default-deny: leaky → nobody (deal with nobody)", "leaky");
    expect_via(policy, "police safety warrant status lookup - here", "other", "no nothing-left",
               "other");
    expect_via(policy, "public safety warrant status lookup - here", "nobody", "no default-deny", NULL);
    policy_free(policy);
}

/* ── Guarantees ── */

/* Every breach as "ID: REQUEST → DECISION any ATTRIBUTES", a line each. */
static char *broken_by(const struct policy *policy) {
    struct policy_check check;
    GString *out = g_string_new(NULL);
    gboolean ok = policy_check(policy, &check);
    g_assert_cmpuint(check.breaches->len == 0, ==, ok);
    for (guint i = 0; i < check.breaches->len; i++) {
        const struct policy_breach *b = &g_array_index(check.breaches, struct policy_breach, i);
        g_autofree char *request = policy_request_format(policy, &b->request);
        g_autofree char *decision = told(policy, &b->request, &b->decision);
        g_string_append_printf(out, "%s: %s: %s", b->guarantee, request, decision);
        for (guint a = 0; a < POLICY_N_ATTRIBUTES; a++)
            if (b->any[a])
                g_string_append_printf(out, " any %s", policy_word_kind_name(a));
        g_string_append_c(out, '\n');
        g_assert_cmpstr(b->file, ==, "g.yaml");
        g_assert_true(g_str_has_prefix(b->promise, "words of "));
    }
    policy_check_clear(&check);
    return g_string_free(out, FALSE);
}

static void expect_broken(const char *rules, const char *guarantees, const char *recipients,
                          const char *expected) {
    struct policy *policy = policy_of(rules, guarantees, recipients);
    g_autofree char *got = broken_by(policy);
    g_assert_cmpstr(got, ==, expected);
    policy_free(policy);
}

#define RULES(rules) "rules:\n" rules

static void never_means_that_no_such_request_is_permitted(void) {
    static const char brokers[] = GUARANTEES(NEVER("n", ", when: {recipient: [broker]}"));
    expect_broken(RULES(P("p", ", when: {recipient: [police]}")), brokers, NULL, "");
    expect_broken(RULES(P("p", ", when: {recipient: [police, broker]}")), brokers, NULL,
                  "n: recipient=broker purpose=safety basis=asking data=status mode=lookup flag=none "
                  "jurisdiction=here: yes p name -\n");
    expect_broken(RULES(P("p", "") F("f", ", when: {recipient: [broker]}")), brokers, NULL, "");
    /* A request that the permit denies for what nobody can do is not permitted. */
    expect_broken(RULES(P("p", ", oblige: [audit]")), brokers, NULL, "");
}

static void never_with_fields_means_not_with_any_of_them(void) {
    static const char no_place[] = GUARANTEES(NEVER("n", ", fields: [place, times]"));
    expect_broken(RULES(P("p", "")), no_place, NULL, "");
    expect_broken(RULES("- {permit: p, cite: c, fields: [name, place]}\n"), no_place, NULL,
                  "n: recipient=public purpose=safety basis=asking data=status mode=lookup flag=none "
                  "jurisdiction=here: yes p name+place -\n");
    expect_broken(RULES("- {permit: p, cite: c, fields: [name, place]}\n"
                        "- {forbid: l, cite: c, fields: [place]}\n"),
                  no_place, NULL, "");
}

static void always_means_that_every_such_request_is_permitted(void) {
#define ONE_REQUEST                                                                                    \
    "recipient: [police], purpose: [safety], basis: [warrant], data: [status], mode: [lookup], "       \
    "jurisdiction: [here]"
    static const char rules[] = RULES(P("p", ", when: {recipient: [police]}"));
    static const char one[] =
        GUARANTEES(ALWAYS("a", ", when: {" ONE_REQUEST "}, not: {flag: [unknown]}"));
    expect_broken(rules, one, NULL, "");
    expect_broken(
        RULES(P("p", "") F("f", ", when: {flag: [sealed]}")), one, NULL,
        "a: recipient=police purpose=safety basis=warrant data=status mode=lookup flag=sealed "
        "jurisdiction=here: no f\n");
    /* A guarantee covers unknown unless it leaves it out. */
    expect_broken(rules, GUARANTEES(ALWAYS("a", ", when: {" ONE_REQUEST "}")), NULL,
                  "a: recipient=police purpose=safety basis=warrant data=status mode=lookup "
                  "flag=unknown jurisdiction=here: no default-deny\n");
    expect_broken(
        rules, GUARANTEES(ALWAYS("a", ", when: {recipient: [police]}")), NULL,
        "a: recipient=police purpose=unknown basis=unknown data=unknown mode=unknown "
        "flag=none jurisdiction=unknown: no default-deny any purpose any basis any data any mode any "
        "flag any jurisdiction\n");
}

static void always_with_fields_means_with_all_of_them(void) {
    static const char both[] = GUARANTEES(
        ALWAYS("a", ", when: {" ONE_REQUEST "}, not: {flag: [unknown]}, fields: [name, place]"));
    expect_broken(RULES("- {permit: p, cite: c, fields: [name, place, times]}\n"), both, NULL, "");
    expect_broken(RULES(P("p", "")), both, NULL,
                  "a: recipient=police purpose=safety basis=warrant data=status mode=lookup flag=none "
                  "jurisdiction=here: yes p name -\n");
}

static void always_oblige_speaks_of_what_is_permitted_only(void) {
    static const char logged[] = GUARANTEES(OBLIGE("o", ", oblige: [log, receipt]"));
    expect_broken(NULL, logged, NULL, "");
    expect_broken(RULES(P("p", ", oblige: [log, receipt]")), logged, NULL, "");
    expect_broken(RULES(P("p", ", oblige: [log, receipt]") F("f", ", when: {mode: [bulk]}")
                            P("q", ", when: {mode: [bulk]}")),
                  logged, NULL, "");
    expect_broken(RULES(P("p", ", oblige: [log]")), logged, NULL,
                  "o: recipient=public purpose=safety basis=asking data=status mode=lookup flag=none "
                  "jurisdiction=here: yes p name log\n");
}

static void unless_excuses_what_any_of_its_lines_holds_for(void) {
    static const char guarantees[] =
        GUARANTEES(NEVER("n", ", unless: [{recipient: [police]}, {basis: [warrant], mode: [lookup]}]"));
    static const char excused[] = P("p", ", when: {recipient: [police]}")
        P("q", ", when: {recipient: [broker], basis: [warrant], mode: [lookup]}");
    g_autofree char *holds = g_strconcat("rules:\n", excused, NULL);
    g_autofree char *breaks =
        g_strconcat(holds, P("r", ", when: {recipient: [broker], basis: [warrant]}"), NULL);
    expect_broken(holds, guarantees, NULL, "");
    expect_broken(breaks, guarantees, NULL,
                  "n: recipient=broker purpose=safety basis=warrant data=status mode=bulk flag=none "
                  "jurisdiction=here: yes r name -\n");
    /* What excuses from one guarantee excuses from no other. */
    expect_broken(holds,
                  GUARANTEES(NEVER("m", ", when: {recipient: [police]}") NEVER(
                      "n", ", when: {recipient: [police]}, unless: [{mode: [lookup, bulk]}]")),
                  NULL,
                  "m: recipient=police purpose=safety basis=asking data=status mode=lookup flag=none "
                  "jurisdiction=here: yes p name -\n");
}

static void the_smallest_counterexample_has_the_fewest_flags_then_the_first_words(void) {
    /* Brokers are the last recipients, and need no flag. */
    expect_broken(RULES(P("p", ", when: {recipient: [public], flag: [sealed, juvenile]}")
                            P("q", ", when: {recipient: [broker]}")),
                  GUARANTEES(NEVER("n", "")), NULL,
                  "n: recipient=broker purpose=safety basis=asking data=status mode=lookup flag=none "
                  "jurisdiction=here: yes q name -\n");
    expect_broken(RULES(P("p", ", when: {recipient: [agency], flag: [juvenile]}")
                            P("q", ", when: {recipient: [broker], flag: [sealed, juvenile]}")
                                P("r", ", when: {recipient: [agency], mode: [bulk], flag: [sealed]}")),
                  GUARANTEES(NEVER("n", "")), NULL,
                  "n: recipient=agency purpose=safety basis=asking data=status mode=lookup "
                  "flag=juvenile jurisdiction=here: yes p name -\n");
    expect_broken(RULES(P("q", ", when: {flag: [sealed, juvenile]}") F("f", ", not: {flag: [sealed]}")
                            F("g", ", not: {flag: [juvenile]}")),
                  GUARANTEES(NEVER("n", "")), NULL,
                  "n: recipient=public purpose=safety basis=asking data=status mode=lookup "
                  "flag=sealed+juvenile jurisdiction=here: yes q name -\n");
}

static void a_breach_says_which_attributes_do_not_matter(void) {
    static const char rules[] = RULES(
        P("p", ", when: {recipient: [broker], purpose: [unknown, safety, sale], mode: [unknown, "
               "lookup, bulk], jurisdiction: [unknown, here]}")
            P("q", ", when: {recipient: [broker], purpose: [unknown, safety, sale], mode: [unknown, "
                   "lookup, bulk], jurisdiction: [unknown, here], flag: [unknown, sealed, juvenile]}"));
    expect_broken(rules, GUARANTEES(NEVER("n", ", unless: [{mode: [bulk]}], not: {purpose: [sale]}")),
                  NULL,
                  "n: recipient=broker purpose=unknown basis=asking data=status mode=unknown flag=none "
                  "jurisdiction=unknown: yes p name - any flag any jurisdiction\n");
    expect_broken(
        rules, GUARANTEES(NEVER("n", "")), NULL,
        "n: recipient=broker purpose=unknown basis=asking data=status mode=unknown flag=none "
        "jurisdiction=unknown: yes p name - any purpose any mode any flag any jurisdiction\n");
}

static void guarantees_hold_within_their_dates(void) {
    static const char rules[] = RULES(P("p", ", from: 2025-01-01"));
    expect_broken(rules, GUARANTEES(NEVER("n", ", until: 2025-01-01")), NULL, "");
    expect_broken(rules, GUARANTEES(NEVER("n", "")), NULL,
                  "n: recipient=public purpose=safety basis=asking data=status mode=lookup flag=none "
                  "jurisdiction=here date=2025-01-01: yes p name -\n");
    expect_broken(rules, GUARANTEES(NEVER("n", ", from: 2026-02-28, until: 2026-03-01")), NULL,
                  "n: recipient=public purpose=safety basis=asking data=status mode=lookup flag=none "
                  "jurisdiction=here date=2026-02-28: yes p name -\n");
    /* The smallest of all days stands, though a larger one comes earlier. */
    expect_broken(RULES(P("p", ", from: 2025-01-01") P("q", ", when: {recipient: [broker]}")),
                  GUARANTEES(NEVER("n", "")), NULL,
                  "n: recipient=public purpose=safety basis=asking data=status mode=lookup flag=none "
                  "jurisdiction=here date=2025-01-01: yes p name -\n");
}

static void guarantees_see_what_recipients_pass_on(void) {
    static const char rules[] = RULES(P("p", ", when: {recipient: [police]}"));
    static const char guarantees[] =
        GUARANTEES(ALWAYS("a", ", when: {" ONE_REQUEST "}, not: {flag: [unknown]}"));
    expect_broken(rules, guarantees, "recipients:\n" PARTY("north", "police", ""), "");
    expect_broken(
        rules, guarantees,
        "recipients:\n" PARTY("north", "police", PASS(TO("hub", "contract", ", until: 2025-01-01")))
            PARTY("hub", "broker", ", uses: [sale]"),
        "a: recipient=police purpose=safety basis=warrant data=status mode=lookup flag=none "
        "jurisdiction=here: no default-deny: north → hub (deal with hub)\n");
    expect_broken(
        rules, guarantees,
        "recipients:\n" PARTY("north", "police", PASS(TO("hub", "contract", ", from: 2025-01-01")))
            PARTY("hub", "broker", ", uses: [sale]"),
        "a: recipient=police purpose=safety basis=warrant data=status mode=lookup flag=none "
        "jurisdiction=here date=2025-01-01: no default-deny: north → hub (deal with hub)\n");
}

static void hundreds_of_rules_are_proved_as_few_are(void) {
    struct policy *policy = policy_of_many_rules(GUARANTEES(
        NEVER("n", ", when: {recipient: [r1, r64, r65, r70]}")
            NEVER("o", ", when: {recipient: [r71, r128, r129, r140]}, fields: [name]")
                NEVER("b", ", when: {recipient: [r141]}") NEVER("c", ", when: {recipient: [r71]}")));
    g_autofree char *got = broken_by(policy);
    g_assert_cmpstr(got, ==,
                    "b: recipient=r141 purpose=safety basis=asking data=status mode=lookup flag=none "
                    "jurisdiction=here: yes p141 name+place -\n"
                    "c: recipient=r71 purpose=safety basis=asking data=status mode=lookup flag=none "
                    "jurisdiction=here: yes p71 place -\n");
    policy_free(policy);
}

static void breaches_come_in_the_order_of_their_names(void) {
    static const char *const ids[] = {"alpha", "mid", "zulu"};
    struct policy *policy = policy_of(RULES(P("p", "")),
                                      GUARANTEES(NEVER("zulu", "") OBLIGE("alpha", ", oblige: [log]")
                                                     ALWAYS("mid", ", when: {recipient: [unknown]}")),
                                      NULL);
    struct policy_check check;
    g_assert_false(policy_check(policy, &check));
    g_assert_cmpuint(check.breaches->len, ==, 3);
    for (guint i = 0; i < 3; i++)
        g_assert_cmpstr(g_array_index(check.breaches, struct policy_breach, i).guarantee, ==, ids[i]);
    policy_check_clear(&check);
    policy_free(policy);
}

static void a_check_counts_what_it_judged_and_notes_what_is_odd(void) {
    struct policy *policy = policy_of(
        RULES(P("p", ", oblige: [log]") P("odd", ", oblige: [audit], from: 2025-01-01")), NULL, NULL);
    struct policy_check check;
    g_assert_true(policy_check(policy, &check));
    g_assert_cmpuint(check.n_slices, ==, 2);
    g_assert_cmpuint(check.n_guarantees, ==, 0);
    g_assert_cmpuint(check.n_points, ==, 2 * N_POINTS);
    g_assert_cmpuint(check.notes->len, ==, 2);
    g_assert_nonnull(strstr(check.notes->pdata[0], "odd"));
    g_assert_nonnull(strstr(check.notes->pdata[0], "audit"));
    g_assert_nonnull(strstr(check.notes->pdata[1], "no guarantees"));
    policy_check_clear(&check);
    policy_free(policy);
}

static void a_program_that_requires_guarantees_is_told_the_first_broken(void) {
    g_autoptr(GError) error = NULL;
    struct policy *policy =
        policy_of(RULES(P("p", "")), GUARANTEES(NEVER("n", ", when: {mode: [unknown]}")), NULL);
    g_assert_true(policy_require(policy, &error));
    g_assert_no_error(error);
    policy_free(policy);

    policy = policy_of(RULES(P("p", "")),
                       GUARANTEES(NEVER("z", "") NEVER("b", ", when: {mode: [bulk]}")), NULL);
    g_assert_false(policy_require(policy, &error));
    expect_message(error, "g.yaml:", "\"b\" (words of b)");
    expect_message(error, "g.yaml:",
                   "recipient=public purpose=safety basis=asking data=status mode=bulk flag=none "
                   "jurisdiction=here is permitted by p");
    g_clear_error(&error);
    policy_free(policy);

    policy = policy_of(NULL, GUARANTEES(ALWAYS("a", ", when: {recipient: [police]}")), NULL);
    g_assert_false(policy_require(policy, &error));
    expect_message(error, "g.yaml:", "is denied by default-deny");
    policy_free(policy);
}

/* ── Explaining ── */

static void a_request_is_written_in_words(void) {
    struct policy *policy = policy_of("title: t\n", NULL, NULL);
    struct policy_request request =
        request_of(policy, "police sale warrant release bulk unknown+juvenile here", "2025-05-03");
    g_autofree char *text = policy_request_format(policy, &request);
    g_assert_cmpstr(text, ==,
                    "recipient=police purpose=sale basis=warrant data=release mode=bulk "
                    "flag=unknown+juvenile jurisdiction=here date=2025-05-03");
    request = (struct policy_request){.day = policy_slice_day(policy, 0)};
    g_autofree char *first = policy_request_format(policy, &request);
    g_assert_cmpstr(
        first, ==,
        "recipient=unknown purpose=unknown basis=unknown data=unknown mode=unknown flag=none "
        "jurisdiction=unknown");
    policy_free(policy);
}

static void rules_can_be_looked_at_one_by_one(void) {
    struct policy *policy = policy_of(
        "rules:\n"
        "- {permit: p, cite: law of p, fields: [name, times], oblige: [receipt], from: 2024-01-01, "
        "until: 2025-01-01, when: {recipient: [police]}}\n"
        "- {forbid: l, cite: law of l, note: why, fields: [place]}\n",
        NULL, NULL);
    struct policy_rule_view view;
    guint p = POLICY_NONE;
    g_assert_cmpuint(policy_n_rules(policy), ==, 2);
    for (guint i = 0; i < 2; i++) {
        policy_rule_view(policy, i, &view);
        g_assert_cmpstr(view.file, ==, "r.yaml");
        if (view.is_permit) {
            p = i;
            g_assert_cmpstr(view.id, ==, "p");
            g_assert_cmpstr(view.citation, ==, "law of p");
            g_assert_cmpuint(view.fields, ==, 1 << 0 | 1 << 2);
            g_assert_cmpuint(view.obligations, ==, 1 << 1);
        } else {
            g_assert_cmpstr(view.id, ==, "l");
            g_assert_cmpuint(view.fields, ==, 1 << 1);
        }
    }
    static const char *const days[] = {"2023-12-31", "2024-01-01", "2024-12-31", "2025-01-01"};
    for (guint i = 0; i < G_N_ELEMENTS(days); i++) {
        struct policy_request police =
            request_of(policy, "police safety warrant status lookup - here", days[i]);
        struct policy_request public =
            request_of(policy, "public safety warrant status lookup - here", days[i]);
        g_assert_cmpint(policy_rule_matches(policy, p, &police), ==, i == 1 || i == 2);
        g_assert_false(policy_rule_matches(policy, p, &public));
    }
    policy_free(policy);
}

/* ── The name of a policy ── */

static char *id_of(const struct files *files) {
    g_autoptr(GError) error = NULL;
    struct policy *policy = parse(files, &error);
    g_assert_no_error(error);
    GString *hex = g_string_new(NULL);
    for (guint i = 0; i < POLICY_ID_BYTES; i++)
        g_string_append_printf(hex, "%02x", policy_id(policy)[i]);
    policy_free(policy);
    return g_string_free(hex, FALSE);
}

static void the_id_changes_with_any_text(void) {
    static const struct files variants[] = {
        {VOCABULARY, "title: t\n", "guarantees: []\n", "recipients: []\n"},
        {VOCABULARY "# x\n", "title: t\n", "guarantees: []\n", "recipients: []\n"},
        {VOCABULARY, "title: u\n", "guarantees: []\n", "recipients: []\n"},
        {VOCABULARY, "title: t\n", "guarantees: [] \n", "recipients: []\n"},
        {VOCABULARY, "title: t\n", "guarantees: []\n", "recipients:  []\n"},
        {VOCABULARY, "title: t\n", "guarantees: []\n", NULL},
        {VOCABULARY, "title: t\n", NULL, NULL},
        /* The same bytes, of another kind or apart elsewhere. */
        {VOCABULARY, NULL, "{}\n", NULL},
        {VOCABULARY, NULL, NULL, "{}\n"},
        {VOCABULARY, NULL, "{}\n# x\n", "{}\n"},
        {VOCABULARY, NULL, "{}\n", "# x\n{}\n"}};
    for (guint i = 0; i < G_N_ELEMENTS(variants); i++)
        for (guint j = 0; j < G_N_ELEMENTS(variants); j++) {
            g_autofree char *a = id_of(&variants[i]), *b = id_of(&variants[j]);
            g_assert_cmpint(strcmp(a, b) == 0, ==, i == j);
        }
}

static void the_id_does_not_change_with_the_place_of_the_files(void) {
    struct policy_text text = {
        .kind = POLICY_VOCABULARY, .name = "/a/v.yaml", .text = VOCABULARY, .n = strlen(VOCABULARY)};
    struct policy *here = policy_parse(&text, 1, NULL);
    text.name = "/b/v.yaml";
    struct policy *there = policy_parse(&text, 1, NULL);
    g_assert_cmpmem(policy_id(here), POLICY_ID_BYTES, policy_id(there), POLICY_ID_BYTES);
    policy_free(here);
    policy_free(there);
}

/* ── Files ── */

/* Writes `text` to FOLDER/POLICY/FILE and makes what is missing of it. */
static void put(const char *folder, const char *policy, const char *file, const char *text) {
    g_autofree char *dir = g_build_filename(folder, policy, NULL);
    g_autofree char *path = g_build_filename(dir, file, NULL);
    g_assert_cmpint(g_mkdir_with_parents(dir, 0700), ==, 0);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static struct policy *load(const char *folder, const char *policy, const char *recipients,
                           GError **error) {
    g_autofree char *dir = g_build_filename(folder, policy, NULL);
    g_autofree char *file = recipients ? g_build_filename(folder, recipients, NULL) : NULL;
    return policy_load(dir, file, error);
}

static struct policy *loaded(const char *folder, const char *policy, const char *recipients) {
    g_autoptr(GError) error = NULL;
    struct policy *got = load(folder, policy, recipients, &error);
    g_assert_no_error(error);
    return got;
}

static void not_loaded(const char *folder, const char *policy, const char *recipients,
                       const char *what) {
    g_autoptr(GError) error = NULL;
    g_assert_null(load(folder, policy, recipients, &error));
    expect_message(error, "", what);
}

static char *temporary_folder(void) {
    char *folder = g_dir_make_tmp("tocsin-policy-XXXXXX", NULL);
    g_assert_nonnull(folder);
    return folder;
}

static void delete_folder(const char *path) {
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        g_autofree char *inner = g_build_filename(path, name, NULL);
        delete_folder(inner);
    }
    g_remove(path);
}

static void shipped_policies_load_and_hold_what_they_promise(void) {
    const char *const *names = policy_profiles();
    g_assert_cmpstr(names[0], ==, "baseline");
    g_assert_cmpuint(g_strv_length((char **)names), ==, 6);
    for (guint i = 0; names[i]; i++) {
        g_autoptr(GError) error = NULL;
        struct policy *policy = policy_load(names[i], NULL, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(policy_n_rules(policy), >, 0);
        policy_free(policy);
    }
}

static void a_folder_is_a_policy_with_what_files_it_has(void) {
    g_autofree char *folder = temporary_folder();
    put(folder, "county", "rules.yaml", RULES(P("p", ", when: {recipient: [police]}")));
    not_loaded(folder, "county", NULL, "recipient");
    put(folder, "county", "vocabulary.yaml", VOCABULARY);
    struct policy *policy = loaded(folder, "county", NULL);
    expect(policy, "police safety warrant status lookup - here", "yes p name -");
    policy_free(policy);
    put(folder, "county", "recipients.yaml", "recipients:\n" PARTY("north", "police", ""));
    put(folder, "county", "guarantees.yaml", GUARANTEES(NEVER("n", ", when: {recipient: [north]}")));
    policy = loaded(folder, "county", NULL);
    expect(policy, "north safety warrant status lookup - here", "yes p name -");
    g_assert_false(policy_require(policy, NULL));
    policy_free(policy);
    put(folder, "county", "guarantee.yaml", "guarantees: []\n"); /* a promise that nobody would read */
    not_loaded(folder, "county", NULL, "county/guarantee.yaml: nothing would be read");
    g_autofree char *stray = g_build_filename(folder, "county", "guarantee.yaml", NULL);
    g_assert_cmpint(g_remove(stray), ==, 0);
    put(folder, "county", "guarantees.yml", "guarantees: []\n");
    not_loaded(folder, "county", NULL, "county/guarantees.yml: nothing would be read");
    g_autofree char *other = g_build_filename(folder, "county", "guarantees.yml", NULL);
    g_assert_cmpint(g_remove(other), ==, 0);
    put(folder, "county", "README.md", "what is no YAML is nobody's promise\n");
    policy = loaded(folder, "county", NULL);
    policy_free(policy);
    put(folder, "county", "guarantees.yaml", "never: x\n");
    not_loaded(folder, "county", NULL, "county/guarantees.yaml:1:");
    put(folder, "county", "rules.yaml", "rules: 5\n");
    not_loaded(folder, "county", NULL, "county/rules.yaml:1:");
    delete_folder(folder);
}

static void one_more_recipients_file_is_read(void) {
    g_autofree char *folder = temporary_folder();
    put(folder, "county", "rules.yaml", RULES(P("p", "")));
    put(folder, "county", "vocabulary.yaml", VOCABULARY);
    put(folder, "county", "recipients.yaml",
        "recipients:\n" PARTY("north", "police", PASS(TO("hub", "contract", ""))));
    put(folder, ".", "more.yaml", "recipients:\n" PARTY("hub", "agency", ""));
    not_loaded(folder, "county", NULL, "hub");
    struct policy *policy = loaded(folder, "county", "more.yaml");
    expect(policy, "north safety warrant status lookup - here",
           "no default-deny: north → hub (deal with hub)");
    policy_free(policy);
    not_loaded(folder, "county", "missing.yaml", "missing.yaml");
    not_loaded(folder, "county", "county", "county"); /* a folder, and no file */
    delete_folder(folder);
}

static void what_is_no_policy_is_refused(void) {
    g_autofree char *folder = temporary_folder();
    not_loaded(folder, "nowhere", NULL, "rules.yaml");
    put(folder, "county", "vocabulary.yaml", VOCABULARY);
    not_loaded(folder, "county", NULL, "shipped profile");
    put(folder, "county", "rules.yaml", "title: t\n");
    put(folder, "county/guarantees.yaml", "x", "");
    not_loaded(folder, "county", NULL, "guarantees.yaml"); /* there, and no file */
    put(folder, "lost", "rules.yaml", "extends: no-such-policy\n");
    not_loaded(folder, "lost", NULL, "no-such-policy");
    delete_folder(folder);
}

static void a_folder_extends_one_beside_it_or_a_shipped_one(void) {
    g_autofree char *folder = temporary_folder();
    put(folder, "base", "vocabulary.yaml", VOCABULARY);
    put(folder, "base", "rules.yaml", RULES(P("first", ", when: {basis: [warrant]}")));
    put(folder, "county", "rules.yaml", "extends: base\n" RULES(P("second", "")));
    struct policy *policy = loaded(folder, "county", NULL);
    expect(policy, "police safety warrant status lookup - here", "yes first name -");
    expect(policy, "police safety asking status lookup - here", "yes second name -");
    policy_free(policy);

    put(folder, "own", "rules.yaml", "extends: us-co\n");
    policy = loaded(folder, "own", NULL);
    struct policy *shipped = policy_load("us-co", NULL, NULL);
    g_assert_cmpuint(policy_n_rules(policy), ==, policy_n_rules(shipped));
    policy_free(shipped);
    policy_free(policy);

    /* The one beside comes before the shipped one of that name. */
    put(folder, "us-co", "vocabulary.yaml", VOCABULARY);
    put(folder, "us-co", "rules.yaml", RULES(P("mine", "")));
    policy = loaded(folder, "own", NULL);
    g_assert_cmpuint(policy_n_rules(policy), ==, 1);
    policy_free(policy);
    delete_folder(folder);
}

static void policies_extend_each_other_so_deep_and_in_no_circle(void) {
    g_autofree char *folder = temporary_folder();
    put(folder, "self", "rules.yaml", "extends: self\n");
    not_loaded(folder, "self", NULL, "circle");
    put(folder, "a", "rules.yaml", "extends: b\n");
    put(folder, "b", "rules.yaml", "extends: a\n");
    not_loaded(folder, "a", NULL, "circle");
    for (guint i = 1; i <= 10; i++) {
        g_autofree char *name = g_strdup_printf("p%u", i),
                        *rules = g_strdup_printf("extends: p%u\n", i - 1);
        put(folder, name, "rules.yaml", rules);
    }
    put(folder, "p0", "rules.yaml", "title: t\n");
    put(folder, "p0", "vocabulary.yaml", VOCABULARY);
    policy_free(loaded(folder, "p8", NULL));
    not_loaded(folder, "p9", NULL, "deep");
    /* A shipped one may be what is too deep: us-co extends baseline. */
    put(folder, "p0", "rules.yaml", "extends: us-co\n");
    not_loaded(folder, "p7", NULL, "deep");
    delete_folder(folder);
}

/* ── What the manual says and was once not so ── */

static void the_first_forbid_that_takes_fields_out_is_named(void) {
    struct policy *policy =
        policy_of("rules:\n"
                  "- {permit: p, cite: c, fields: [name, place]}\n"
                  "- {forbid: first, cite: c, when: {basis: [asking]}, fields: [name, place]}\n"
                  "- {forbid: second, cite: c, when: {basis: [asking]}, fields: [times]}\n",
                  NULL, NULL);
    expect(policy, "police safety asking status lookup - here", "no first");
    policy_free(policy);
}

static void a_class_may_have_no_more_than_each_of_its_parties(void) {
    static const char recipients[] = "recipients:\n" PARTY("rogue", "police", "");
    static const char ask[] = "police safety warrant status lookup - here";
    struct policy *policy =
        policy_of("rules:\n" P("p", "") F("f", ", when: {recipient: [rogue]}"), NULL, recipients);
    expect(policy, "rogue safety warrant status lookup - here", "no f");
    expect(policy, ask, "no f: rogue");
    policy_free(policy);
    policy = policy_of("rules:\n" P("p", ", not: {recipient: [rogue]}"), NULL, recipients);
    expect(policy, "rogue safety warrant status lookup - here", "no default-deny");
    expect(policy, ask, "no default-deny: rogue");
    policy_free(policy);
}

static void a_class_is_judged_with_all_that_each_party_may_pass_to(void) {
    /* From b it goes to x and on to a, who may not have it on an asking. From a it goes to b and x. */
    struct policy *policy =
        policy_of("rules:\n" P("p", "") F("f", ", when: {recipient: [a], basis: [asking]}"), NULL,
                  "recipients:\n" PARTY("a", "police", ", uses: [safety]" PASS(TO("b", "contract", "")))
                      PARTY("b", "police", ", uses: [safety]" PASS(TO("x", "contract", "")))
                          PARTY("x", "agency", ", uses: [safety]" PASS(TO("a", "asking", ""))));
    expect(policy, "b safety warrant status lookup - here", "no f: b → x → a (deal with a)");
    expect(policy, "police safety warrant status lookup - here", "no f: b → x → a (deal with a)");
    policy_free(policy);
}

static void a_key_written_twice_is_refused(void) {
    refused_rules("rules:\n" P("p", ",\n  not: {flag: [sealed]},\n  not: {mode: [bulk]}"),
                  "r.yaml:", "not");
}

static void ids_are_not_empty(void) {
    refused_rules("rules:\n" P("\"\"", ""), "r.yaml:", "");
    refused_guarantees("guarantees:\n- {never: \"\", promise: words}\n", "g.yaml:", "");
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/words/a_hyphen_is_as_good_as_an_underscore",
                    a_hyphen_is_as_good_as_an_underscore);
    g_test_add_func("/words/words_have_places_meanings_and_classes",
                    words_have_places_meanings_and_classes);
    g_test_add_func("/words/vocabularies_add_up", vocabularies_add_up);
    g_test_add_func("/words/a_vocabulary_is_whole_and_begins_with_unknown",
                    a_vocabulary_is_whole_and_begins_with_unknown);
    g_test_add_func("/words/a_policy_without_any_file_is_refused",
                    a_policy_without_any_file_is_refused);
    g_test_add_func("/words/words_of_a_kind_have_a_limit", words_of_a_kind_have_a_limit);
    g_test_add_func("/words/the_last_word_of_a_full_kind_decides_as_any",
                    the_last_word_of_a_full_kind_decides_as_any);
    g_test_add_func("/refused/rules_name_file_line_and_what_is_wrong",
                    rules_name_file_line_and_what_is_wrong);
    g_test_add_func("/refused/dates_are_whole_and_possible", dates_are_whole_and_possible);
    g_test_add_func("/refused/rules_have_a_limit", rules_have_a_limit);
    g_test_add_func("/refused/guarantees_name_file_line_and_what_is_wrong",
                    guarantees_name_file_line_and_what_is_wrong);
    g_test_add_func("/refused/guarantees_and_exceptions_have_a_limit",
                    guarantees_and_exceptions_have_a_limit);
    g_test_add_func("/refused/a_guarantee_that_nothing_could_break_is_refused",
                    a_guarantee_that_nothing_could_break_is_refused);
    g_test_add_func("/refused/recipients_name_file_line_and_what_is_wrong",
                    recipients_name_file_line_and_what_is_wrong);
    g_test_add_func("/refused/recipients_have_a_limit", recipients_have_a_limit);
    g_test_add_func("/rules/nothing_is_permitted_unless_a_permit_matches",
                    nothing_is_permitted_unless_a_permit_matches);
    g_test_add_func("/rules/a_forbid_beats_every_permit", a_forbid_beats_every_permit);
    g_test_add_func("/rules/a_permit_covers_unknown_only_where_it_names_it",
                    a_permit_covers_unknown_only_where_it_names_it);
    g_test_add_func("/rules/a_forbid_covers_unknown_unless_its_not_names_it",
                    a_forbid_covers_unknown_unless_its_not_names_it);
    g_test_add_func("/rules/flags_match_when_any_is_set_and_not_when_none_is",
                    flags_match_when_any_is_set_and_not_when_none_is);
    g_test_add_func("/rules/a_forbid_with_fields_takes_them_out", a_forbid_with_fields_takes_them_out);
    g_test_add_func("/rules/permits_add_up_and_the_first_is_named",
                    permits_add_up_and_the_first_is_named);
    g_test_add_func("/rules/an_obligation_that_nobody_can_meet_denies",
                    an_obligation_that_nobody_can_meet_denies);
    g_test_add_func("/policy/one-case", no_agreement_rests_on_process_of_one_case);
    g_test_add_func("/policy/lasts", a_breach_lasts_as_long_as_it_does);
    g_test_add_func("/policy/promises", a_policy_that_promises_nothing_is_not_to_be_started);
    g_test_add_func("/rules/a_rule_is_in_force_from_its_first_day_to_before_its_last",
                    a_rule_is_in_force_from_its_first_day_to_before_its_last);
    g_test_add_func("/rules/dates_may_come_in_any_order_and_twice",
                    dates_may_come_in_any_order_and_twice);
    g_test_add_func("/rules/a_class_names_its_parties_and_a_party_itself",
                    a_class_names_its_parties_and_a_party_itself);
    g_test_add_func("/rules/hundreds_of_rules_decide_as_few_do", hundreds_of_rules_decide_as_few_do);
    g_test_add_func("/recipients/everyone_who_may_get_it_is_judged", everyone_who_may_get_it_is_judged);
    g_test_add_func("/recipients/a_class_is_judged_as_the_worst_of_its_parties",
                    a_class_is_judged_as_the_worst_of_its_parties);
    g_test_add_func("/recipients/a_warrant_of_the_first_does_not_serve_the_next",
                    a_warrant_of_the_first_does_not_serve_the_next);
    g_test_add_func("/recipients/the_next_are_judged_with_the_flags_mode_and_place_asked",
                    the_next_are_judged_with_the_flags_mode_and_place_asked);
    g_test_add_func("/recipients/agreements_hold_for_their_data_and_dates",
                    agreements_hold_for_their_data_and_dates);
    g_test_add_func("/recipients/circles_of_agreements_end", circles_of_agreements_end);
    g_test_add_func("/recipients/only_what_all_may_have_is_disclosed",
                    only_what_all_may_have_is_disclosed);
    g_test_add_func("/recipients/two_agreements_with_one_party_are_both_judged",
                    two_agreements_with_one_party_are_both_judged);
    g_test_add_func("/recipients/each_hand_it_goes_through_is_judged",
                    each_hand_it_goes_through_is_judged);
    g_test_add_func("/guarantees/never_means_that_no_such_request_is_permitted",
                    never_means_that_no_such_request_is_permitted);
    g_test_add_func("/guarantees/never_with_fields_means_not_with_any_of_them",
                    never_with_fields_means_not_with_any_of_them);
    g_test_add_func("/guarantees/always_means_that_every_such_request_is_permitted",
                    always_means_that_every_such_request_is_permitted);
    g_test_add_func("/guarantees/always_with_fields_means_with_all_of_them",
                    always_with_fields_means_with_all_of_them);
    g_test_add_func("/guarantees/always_oblige_speaks_of_what_is_permitted_only",
                    always_oblige_speaks_of_what_is_permitted_only);
    g_test_add_func("/guarantees/unless_excuses_what_any_of_its_lines_holds_for",
                    unless_excuses_what_any_of_its_lines_holds_for);
    g_test_add_func("/guarantees/the_smallest_counterexample_has_the_fewest_flags_then_the_first_words",
                    the_smallest_counterexample_has_the_fewest_flags_then_the_first_words);
    g_test_add_func("/guarantees/a_breach_says_which_attributes_do_not_matter",
                    a_breach_says_which_attributes_do_not_matter);
    g_test_add_func("/guarantees/guarantees_hold_within_their_dates",
                    guarantees_hold_within_their_dates);
    g_test_add_func("/guarantees/guarantees_see_what_recipients_pass_on",
                    guarantees_see_what_recipients_pass_on);
    g_test_add_func("/guarantees/hundreds_of_rules_are_proved_as_few_are",
                    hundreds_of_rules_are_proved_as_few_are);
    g_test_add_func("/guarantees/breaches_come_in_the_order_of_their_names",
                    breaches_come_in_the_order_of_their_names);
    g_test_add_func("/guarantees/a_check_counts_what_it_judged_and_notes_what_is_odd",
                    a_check_counts_what_it_judged_and_notes_what_is_odd);
    g_test_add_func("/guarantees/a_program_that_requires_guarantees_is_told_the_first_broken",
                    a_program_that_requires_guarantees_is_told_the_first_broken);
    g_test_add_func("/explain/a_request_is_written_in_words", a_request_is_written_in_words);
    g_test_add_func("/explain/rules_can_be_looked_at_one_by_one", rules_can_be_looked_at_one_by_one);
    g_test_add_func("/id/the_id_changes_with_any_text", the_id_changes_with_any_text);
    g_test_add_func("/id/the_id_does_not_change_with_the_place_of_the_files",
                    the_id_does_not_change_with_the_place_of_the_files);
    g_test_add_func("/files/shipped_policies_load_and_hold_what_they_promise",
                    shipped_policies_load_and_hold_what_they_promise);
    g_test_add_func("/files/a_folder_is_a_policy_with_what_files_it_has",
                    a_folder_is_a_policy_with_what_files_it_has);
    g_test_add_func("/files/one_more_recipients_file_is_read", one_more_recipients_file_is_read);
    g_test_add_func("/files/what_is_no_policy_is_refused", what_is_no_policy_is_refused);
    g_test_add_func("/files/a_folder_extends_one_beside_it_or_a_shipped_one",
                    a_folder_extends_one_beside_it_or_a_shipped_one);
    g_test_add_func("/files/policies_extend_each_other_so_deep_and_in_no_circle",
                    policies_extend_each_other_so_deep_and_in_no_circle);
    g_test_add_func("/language/the_first_forbid_that_takes_fields_out_is_named",
                    the_first_forbid_that_takes_fields_out_is_named);
    g_test_add_func("/language/a_class_may_have_no_more_than_each_of_its_parties",
                    a_class_may_have_no_more_than_each_of_its_parties);
    g_test_add_func("/language/a_class_is_judged_with_all_that_each_party_may_pass_to",
                    a_class_is_judged_with_all_that_each_party_may_pass_to);
    g_test_add_func("/language/a_key_written_twice_is_refused", a_key_written_twice_is_refused);
    g_test_add_func("/language/ids_are_not_empty", ids_are_not_empty);
    return g_test_run();
}
