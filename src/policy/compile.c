/* Rules to bit sets, one slice of dates at a time, and the closure over who may pass data on.
 *
 * A date on which any rule, guarantee or agreement begins or ends starts a slice. In a slice every
 * rule is one bit. Three tables hold, for each combination of the attributes they stand for, the rules
 * whose conditions on those attributes hold:
 *
 *   who[recipient, purpose] & what[basis, data] & where[mode, flags, jurisdiction] = rules that match
 *
 * The closure: from each recipient, along the agreements in force for a class of data, everyone who
 * may get it in the end is one hop. A hop is judged for each purpose it uses data for, on the basis
 * of the agreement under which it gets it: a warrant shown by the first does not serve the next. So
 * the verdict on the hops depends on neither the purpose nor the basis that was asked, and is kept
 * ready for each recipient, class of data, mode, flags and jurisdiction. */
#include <string.h>

#include "base/error.h"
#include "policy/policy_private.h"

#define MOST_DOWNSTREAM (1u << 25) /* 670 MB; the shipped profiles have some 100,000 */

/* ── Slices ────────────────────────────────────────────────────────────────────────────────────── */

static gint by_day(gconstpointer a, gconstpointer b) {
    const gint32 x = *(const gint32 *)a, y = *(const gint32 *)b;
    return x < y ? -1 : x > y;
}

static void add_bounds(GArray *days, gint32 from, gint32 until) {
    g_array_append_val(days, from);
    if (until != DAY_NEVER)
        g_array_append_val(days, until);
}

static void make_slices(struct policy *policy) {
    g_autoptr(GArray) days = g_array_new(FALSE, FALSE, sizeof(gint32));
    add_bounds(days, DAY_FIRST, DAY_NEVER);
    for (guint i = 0; i < policy->rules->len; i++)
        add_bounds(days, rule_at(policy, i)->from, rule_at(policy, i)->until);
    for (guint i = 0; i < policy->guarantees->len; i++) {
        const struct guarantee *g = policy->guarantees->pdata[i];
        add_bounds(days, g->from, g->until);
    }
    for (guint i = 0; i < policy->edges->len; i++) {
        const struct edge *e = &g_array_index(policy->edges, struct edge, i);
        add_bounds(days, e->from, e->until);
    }
    g_array_sort(days, by_day);
    for (guint i = 0; i < days->len; i++) {
        const struct slice slice = {.day = g_array_index(days, gint32, i)};
        if (i == 0 || g_array_index(days, gint32, i - 1) != slice.day)
            g_array_append_val(policy->slices, slice);
    }
}

/* ── Tables ────────────────────────────────────────────────────────────────────────────────────── */

static void set_rule(guint64 *row, guint rule) {
    row[rule / 64] |= (guint64)1 << (rule % 64);
}

/* A rule out of force in this slice is in none of the tables' rows. */
static void fill_tables(const struct policy *policy, struct slice *slice, guint i) {
    const struct rule *rule = rule_at(policy, i);
    guint8 value[POLICY_N_ATTRIBUTES];
    if (slice->day < rule->from || slice->day >= rule->until)
        return;
    for (guint t = 0; t < N_TABLES; t++)
        for (guint row = 0; row < policy->n_rows[t]; row++) {
            values_at(policy, t, row, value);
            if (condition_holds_in(&rule->when, t, value))
                set_rule(slice->rules[t] + row * policy->n_words, i);
        }
}

/* ── Closure ───────────────────────────────────────────────────────────────────────────────────── */

struct closure {
    const struct policy *policy;
    struct slice *slice;
    guint origin; /* a party; what comes back to it is no news to it */
    guint data;
    GArray *hops; /* guint: indexes into slice->hops */
    guint first;  /* of them: the origin's */
};

static gboolean is_in_force(const struct closure *c, const struct edge *edge) {
    /* Data of which nobody knows what it is may be any. */
    return (c->data == 0 || edge->data >> c->data & 1) && c->slice->day >= edge->from &&
           c->slice->day < edge->until;
}

static const struct edge *hop_edge(const struct closure *c, guint hop) {
    return &g_array_index(c->policy->edges, struct edge,
                          g_array_index(c->slice->hops, struct hop, hop).edge);
}

static gboolean has_edge(const struct closure *c, guint edge) {
    for (guint i = c->first; i < c->hops->len; i++)
        if (g_array_index(c->slice->hops, struct hop, g_array_index(c->hops, guint, i)).edge == edge)
            return TRUE;
    return FALSE;
}

static void add_edges_of(struct closure *c, guint party, guint earlier) {
    for (guint e = 0; e < c->policy->edges->len; e++) {
        const struct edge *edge = &g_array_index(c->policy->edges, struct edge, e);
        if (edge->from_party != party || edge->to_party == c->origin || !is_in_force(c, edge) ||
            has_edge(c, e))
            continue;
        const struct hop hop = {.edge = e, .earlier = earlier};
        const guint index = c->slice->hops->len;
        g_array_append_val(c->slice->hops, hop);
        g_array_append_val(c->hops, index);
    }
}

/* Breadth first, so that the path that is printed is a shortest one. */
static void follow(struct closure *c, guint party) {
    c->first = c->hops->len;
    c->origin = party;
    add_edges_of(c, party, POLICY_NONE);
    for (guint i = c->first; i < c->hops->len; i++) {
        const guint hop = g_array_index(c->hops, guint, i);
        add_edges_of(c, hop_edge(c, hop)->to_party, hop);
    }
}

/* Judges every hop at one mode, set of flags and jurisdiction. */
static void judge_hops(const struct closure *c, guint8 *value, struct downstream *d) {
    *d = (struct downstream){
        .hop = POLICY_NONE, .rule = POLICY_NONE, .unmet = POLICY_NONE, .fields = G_MAXUINT32};
    for (guint i = 0; i < c->hops->len; i++) {
        const guint hop = g_array_index(c->hops, guint, i);
        const struct edge *edge = hop_edge(c, hop);
        const struct party *party =
            &g_array_index(c->policy->parties, struct party, edge->to_party - c->policy->n_classes);
        value[POLICY_RECIPIENT] = (guint8)edge->to_party;
        value[POLICY_BASIS] = edge->basis;
        for (guint p = 0; p < c->policy->n_values[POLICY_PURPOSE]; p++) {
            struct policy_decision decision;
            if (!(party->uses >> p & 1))
                continue;
            value[POLICY_PURPOSE] = (guint8)p;
            policy_decide_directly(c->policy, c->slice, value, &decision);
            d->fields &= decision.fields;
            d->obligations |= decision.obligations;
            if (!d->fields) { /* denied, or nothing that all of them may have */
                d->hop = hop;
                d->is_nothing_left = decision.is_permitted;
                d->rule = decision.rule;
                d->unmet = decision.unmet;
                return;
            }
        }
    }
}

static void judge_downstream(const struct policy *policy, struct slice *slice, guint recipient,
                             guint data) {
    const guint *n = policy->n_values;
    struct closure c = {.policy = policy,
                        .slice = slice,
                        .data = data,
                        .hops = g_array_new(FALSE, FALSE, sizeof(guint))};
    guint8 value[POLICY_N_ATTRIBUTES] = {[POLICY_DATA] = (guint8)data};

    /* A class is judged as the worst of its parties. */
    for (guint r = policy->n_classes; r < n[POLICY_RECIPIENT]; r++)
        if (r == recipient || policy_class_of(policy, r) == recipient)
            follow(&c, r);
    struct downstream *d = slice->downstream + downstream_of(policy, recipient, data, 0);
    for (guint row = 0; row < policy->n_rows[TABLE_WHERE]; row++) {
        values_at(policy, TABLE_WHERE, row, value);
        judge_hops(&c, value, d + row);
    }
    g_array_unref(c.hops);
}

static void compile_slice(struct policy *policy, struct slice *slice) {
    const guint *n = policy->n_values;
    for (guint t = 0; t < N_TABLES; t++)
        slice->rules[t] = g_new0(guint64, policy->n_rows[t] * policy->n_words);
    slice->hops = g_array_new(FALSE, FALSE, sizeof(struct hop));
    slice->downstream = g_new(struct downstream, downstream_of(policy, n[POLICY_RECIPIENT], 0, 0));
    for (guint i = 0; i < policy->rules->len; i++)
        fill_tables(policy, slice, i);
    for (guint r = 0; r < n[POLICY_RECIPIENT]; r++)
        for (guint d = 0; d < n[POLICY_DATA]; d++)
            judge_downstream(policy, slice, r, d);
}

gboolean policy_compile(struct policy *policy, GError **error) {
    for (guint a = 0; a < POLICY_N_ATTRIBUTES; a++)
        policy->n_values[a] =
            a == POLICY_FLAG ? 1u << policy_n_words(policy, a) : policy_n_words(policy, a);
    for (guint t = 0; t < N_TABLES; t++)
        policy->n_rows[t] = 1;
    for (guint a = 0; a < POLICY_N_ATTRIBUTES; a++)
        policy->n_rows[table_of[a]] *= policy->n_values[a];
    policy->n_words = MAX(1, (policy->rules->len + 63) / 64);
    make_slices(policy);
    const guint64 size = (guint64)policy->n_values[POLICY_RECIPIENT] * policy->n_values[POLICY_DATA] *
                         policy->n_rows[TABLE_WHERE] * policy->slices->len;
    if (size > MOST_DOWNSTREAM) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT,
                    "the vocabulary, the recipients and the dates make %" G_GUINT64_FORMAT
                    " cases of passing on, more than %u; use fewer words, parties or dates",
                    size, MOST_DOWNSTREAM);
        g_array_set_size(policy->slices, 0);
        return FALSE;
    }
    for (guint i = 0; i < policy->slices->len; i++)
        compile_slice(policy, slice_at(policy, i));
    return TRUE;
}

void policy_slices_free(struct policy *policy) {
    for (guint i = 0; i < policy->slices->len; i++) {
        struct slice *slice = slice_at(policy, i);
        for (guint t = 0; t < N_TABLES; t++)
            g_free(slice->rules[t]);
        g_free(slice->downstream);
        if (slice->hops)
            g_array_unref(slice->hops);
    }
    g_array_unref(policy->slices);
}

guint policy_n_slices(const struct policy *policy) {
    return policy->slices->len;
}

gint32 policy_slice_day(const struct policy *policy, guint slice) {
    return slice_at(policy, slice)->day;
}
