/* Any bytes as the files of a policy: they parse, or it says why with a file and a line; what parses
 * can be asked and checked, and a counterexample is one.
 *
 * Up to four texts, apart by lines of "%%": vocabulary, rules, guarantees, recipients. An empty
 * vocabulary is the small one below; another text that is empty is left out. */
#include <string.h>

#include "policy/policy.h"

#define SEPARATOR "%%\n"
#define MOST_POINTS 200000 /* of the domain, in all slices: what one input may take to check */

int LLVMFuzzerTestOneInput(const guint8 *data, size_t n);

static const char small_vocabulary[] =
    "recipient: [{word: unknown}, {word: public}, {word: police}, {word: agency}]\n"
    "purpose: [{word: unknown}, {word: safety}, {word: sale}]\n"
    "basis: [{word: unknown}, {word: asking}, {word: warrant}]\n"
    "data: [{word: unknown}, {word: status}]\n"
    "mode: [{word: unknown}, {word: lookup}]\n"
    "flag: [{word: unknown}, {word: sealed}]\n"
    "jurisdiction: [{word: unknown}, {word: here}]\n"
    "field: [{word: name}, {word: place}]\n"
    "obligation: [{word: log}, {word: audit}]\n";

static const char *const names[] = {"vocabulary", "rules", "guarantees", "recipients"};

static guint split(const guint8 *data, size_t n, struct policy_text *texts) {
    const char *at = (const char *)data, *end = at + n;
    guint count = 0;
    for (guint kind = 0; kind < G_N_ELEMENTS(names); kind++) {
        const char *cut = g_strstr_len(at, end - at, SEPARATOR);
        gsize length = (gsize)((cut && kind + 1 < G_N_ELEMENTS(names) ? cut : end) - at);
        if (length || kind == POLICY_VOCABULARY)
            texts[count++] = (struct policy_text){.kind = kind,
                                                  .name = names[kind],
                                                  .text = length ? at : small_vocabulary,
                                                  .n = length ? length : strlen(small_vocabulary)};
        at += length;
        if (at < end)
            at += strlen(SEPARATOR);
    }
    return count;
}

static gboolean names_a_file_and_line(const char *message) {
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        gsize n = strlen(names[i]);
        if (g_str_has_prefix(message, names[i]) && message[n] == ':' && g_ascii_isdigit(message[n + 1]))
            return TRUE;
    }
    return FALSE;
}

static guint n_values(const struct policy *policy, guint attribute) {
    guint n = policy_n_words(policy, attribute);
    return attribute == POLICY_FLAG ? 1u << n : n;
}

static void ask(const struct policy *policy, struct policy_request *request) {
    struct policy_decision decision, again;
    guint denied_via, via = request->value[POLICY_RECIPIENT];
    policy_decide(policy, request, &decision);
    g_assert(decision.is_permitted == (decision.fields != 0));
    g_assert(decision.is_permitted || !decision.obligations);
    g_assert(!decision.is_permitted || decision.rule != POLICY_NONE);
    g_assert(decision.hop == POLICY_NONE || !decision.is_permitted);
    policy_decide_via(policy, request, &via, 1, &again, &denied_via);
    g_assert(again.is_permitted == decision.is_permitted && again.fields == decision.fields);
    g_assert(denied_via == POLICY_NONE);
    g_autofree char *path = policy_decision_path(policy, request, &decision);
    g_autofree char *words = policy_request_format(policy, request);
    g_assert((*path != 0) == (decision.hop != POLICY_NONE));
    g_assert(*words && *policy_decision_citation(policy, &decision));
    for (guint i = 0; i < policy_n_rules(policy); i++)
        policy_rule_matches(policy, i, request);
}

/* A class may have no more than each of its parties. */
static void ask_parties(const struct policy *policy, const struct policy_request *request) {
    struct policy_decision decision, its;
    policy_decide(policy, request, &decision);
    for (guint r = 0; decision.is_permitted && r < policy_n_words(policy, POLICY_RECIPIENT); r++) {
        struct policy_request party = *request;
        if (policy_class_of(policy, r) != request->value[POLICY_RECIPIENT])
            continue;
        party.value[POLICY_RECIPIENT] = (guint8)r;
        policy_decide(policy, &party, &its);
        g_assert(its.is_permitted && !(decision.fields & ~its.fields) &&
                 !(its.obligations & ~decision.obligations));
    }
}

/* Some requests on every boundary: all attributes step together, each by its own number of values. */
static void ask_some(const struct policy *policy) {
    for (guint s = 0; s < MIN(policy_n_slices(policy), 8); s++)
        for (guint i = 0; i < 64; i++) {
            struct policy_request request = {.day = policy_slice_day(policy, s)};
            for (guint a = 0; a < POLICY_N_ATTRIBUTES; a++)
                request.value[a] = (guint8)((i * (2 * a + 1) + i / 7) % n_values(policy, a));
            ask(policy, &request);
            ask_parties(policy, &request);
        }
}

static void check(const struct policy *policy) {
    struct policy_check check;
    guint64 points = policy_n_slices(policy);
    for (guint a = 0; a < POLICY_N_ATTRIBUTES; a++)
        points *= n_values(policy, a);
    if (points > MOST_POINTS)
        return;
    g_assert(policy_check(policy, &check) == (check.breaches->len == 0));
    g_assert(check.n_points == points);
    for (guint i = 0; i < check.breaches->len; i++) {
        struct policy_breach *breach = &g_array_index(check.breaches, struct policy_breach, i);
        struct policy_decision again;
        policy_decide(policy, &breach->request, &again);
        g_assert(again.is_permitted == breach->decision.is_permitted);
        ask(policy, &breach->request);
    }
    policy_check_clear(&check);
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t n) {
    struct policy_text texts[G_N_ELEMENTS(names)];
    g_autoptr(GError) error = NULL;
    struct policy *policy = policy_parse(texts, split(data, n, texts), &error);
    g_assert((policy != NULL) == (error == NULL));
    if (!policy) {
        g_assert(names_a_file_and_line(error->message));
        return 0;
    }
    ask_some(policy);
    check(policy);
    policy_free(policy);
    return 0;
}
