/* Decisions and requests in words. */
#include "policy/policy_private.h"

const char policy_default_deny[] = "default-deny", policy_nothing_left[] = "nothing-left";

const char *policy_decision_rule(const struct policy *policy, const struct policy_decision *decision) {
    if (decision->is_nothing_left)
        return policy_nothing_left;
    return decision->rule == POLICY_NONE ? policy_default_deny : rule_at(policy, decision->rule)->id;
}

const char *policy_decision_citation(const struct policy *policy,
                                     const struct policy_decision *decision) {
    if (decision->is_nothing_left)
        return "no field is left that everyone who may get it may have";
    return decision->rule == POLICY_NONE ? "no rule permits it, and what no rule permits is denied"
                                         : rule_at(policy, decision->rule)->citation;
}

char *policy_decision_path(const struct policy *policy, const struct policy_request *request,
                           const struct policy_decision *decision) {
    if (decision->hop == POLICY_NONE)
        return g_strdup(decision->party == POLICY_NONE
                            ? ""
                            : policy_word(policy, POLICY_RECIPIENT, decision->party));
    const struct slice *slice = slice_at(policy, policy_slice_of(policy, request->day));
    const char *document = NULL;
    GString *path = g_string_new(NULL);
    for (guint h = decision->hop; h != POLICY_NONE;) {
        const struct hop *hop = &g_array_index(slice->hops, struct hop, h);
        const struct edge *edge = &g_array_index(policy->edges, struct edge, hop->edge);
        if (!document) {
            document = edge->document;
            g_string_append(path, policy_word(policy, POLICY_RECIPIENT, edge->to_party));
        }
        g_string_prepend(path, " → ");
        g_string_prepend(path, policy_word(policy, POLICY_RECIPIENT, edge->from_party));
        h = hop->earlier;
    }
    g_string_append_printf(path, " (%s)", document);
    return g_string_free(path, FALSE);
}

guint policy_n_rules(const struct policy *policy) {
    return policy->rules->len;
}

void policy_rule_view(const struct policy *policy, guint rule, struct policy_rule_view *view) {
    const struct rule *r = rule_at(policy, rule);
    *view = (struct policy_rule_view){.id = r->id,
                                      .citation = r->citation,
                                      .file = r->file,
                                      .is_permit = r->is_permit,
                                      .fields = r->fields,
                                      .obligations = r->obligations};
}

gboolean policy_rule_matches(const struct policy *policy, guint rule,
                             const struct policy_request *request) {
    const struct rule *r = rule_at(policy, rule);
    return request->day >= r->from && request->day < r->until &&
           condition_holds_at(&r->when, request->value);
}

static void append_flags(GString *out, const struct policy *policy, guint set) {
    if (!set)
        g_string_append(out, "none");
    for (guint i = 0, n = 0; set >> i; i++)
        if (set >> i & 1)
            g_string_append_printf(out, "%s%s", n++ ? "+" : "", policy_word(policy, POLICY_FLAG, i));
}

char *policy_request_format(const struct policy *policy, const struct policy_request *request) {
    GString *out = g_string_new(NULL);
    for (guint a = 0; a < POLICY_N_ATTRIBUTES; a++) {
        g_string_append_printf(out, "%s%s=", a ? " " : "", policy_word_kind_name(a));
        if (a == POLICY_FLAG)
            append_flags(out, policy, request->value[a]);
        else
            g_string_append(out, policy_word(policy, a, request->value[a]));
    }
    if (request->day > DAY_FIRST) {
        GDate date;
        char day[16];
        g_date_clear(&date, 1);
        g_date_set_julian(&date, (guint32)request->day);
        g_date_strftime(day, sizeof day, "%Y-%m-%d", &date);
        g_string_append_printf(out, " date=%s", day);
    }
    return g_string_free(out, FALSE);
}
