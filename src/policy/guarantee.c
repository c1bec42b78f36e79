/* Every point of the domain, in every slice of dates, against every guarantee.
 *
 * Plain enumeration: nothing is sampled and nothing is argued by symmetry. What makes it quick is
 * that guarantees are bits in three tables, as rules are, so a point that no guarantee speaks of, or
 * that a guarantee of denial finds denied, costs a few instructions. */
#include <string.h>

#include "base/error.h"
#include "policy/policy_private.h"

/* Points are compared byte by byte (compare_points), whatever the number of attributes. */
G_STATIC_ASSERT(sizeof((struct policy_request *)0)->value == POLICY_N_ATTRIBUTES);

/* Guarantees and their exceptions as bits, by the rows of the tables that rules are in. */
struct tables {
    guint64 *row[N_TABLES];
};

struct search {
    const struct policy *policy;
    const struct slice *slice;
    struct tables promises, exceptions;
    guint64 never, always, oblige;                     /* sets of guarantees */
    guint64 owner[POLICY_MAX_GUARANTEES];              /* the guarantee that an exception belongs to */
    gint32 until;                                      /* the slice's end */
    struct policy_breach found[POLICY_MAX_GUARANTEES]; /* the first in order, over all slices so far */
};

static const struct guarantee *guarantee_at(const struct policy *policy, guint i) {
    return policy->guarantees->pdata[i];
}

static void tables_new(struct tables *t, const struct policy *policy) {
    for (guint i = 0; i < N_TABLES; i++)
        t->row[i] = g_new0(guint64, policy->n_rows[i]);
}

static void tables_free(struct tables *t) {
    for (guint i = 0; i < N_TABLES; i++)
        g_free(t->row[i]);
}

static void tables_add(struct tables *tables, const struct policy *policy, const struct condition *c,
                       guint bit) {
    guint8 value[POLICY_N_ATTRIBUTES];
    for (guint t = 0; t < N_TABLES; t++)
        for (guint row = 0; row < policy->n_rows[t]; row++) {
            values_at(policy, t, row, value);
            if (condition_holds_in(c, t, value))
                tables->row[t][row] |= (guint64)1 << bit;
        }
}

static void search_begin(struct search *s, const struct policy *policy, const struct slice *slice) {
    guint n_exceptions = 0;
    s->policy = policy;
    s->slice = slice;
    s->never = s->always = s->oblige = 0;
    tables_new(&s->promises, policy);
    tables_new(&s->exceptions, policy);
    for (guint i = 0; i < policy->guarantees->len; i++) {
        const struct guarantee *g = guarantee_at(policy, i);
        const guint64 bit = (guint64)1 << i;
        for (guint x = 0; x < g->unless->len; x++, n_exceptions++) {
            s->owner[n_exceptions] = bit;
            tables_add(&s->exceptions, policy, &g_array_index(g->unless, struct condition, x),
                       n_exceptions);
        }
        if (slice->day < g->from || slice->day >= g->until)
            continue;
        tables_add(&s->promises, policy, &g->when, i);
        *(g->promise == PROMISE_NEVER    ? &s->never
          : g->promise == PROMISE_ALWAYS ? &s->always
                                         : &s->oblige) |= bit;
    }
}

/* ── One point ─────────────────────────────────────────────────────────────────────────────────── */

static gboolean breaks(const struct guarantee *g, const struct policy_decision *decision) {
    switch (g->promise) {
    case PROMISE_NEVER:
        return decision->is_permitted && (!g->fields || (decision->fields & g->fields) != 0);
    case PROMISE_ALWAYS: return !decision->is_permitted || (g->fields & ~decision->fields) != 0;
    case PROMISE_OBLIGE:
    default: return decision->is_permitted && (g->obligations & ~decision->obligations) != 0;
    }
}

/* The order of counterexamples: fewest flags, then earliest in the vocabularies; of the same in several
 * slices the earliest slice's. */
static int compare_points(const guint8 *a, const guint8 *b) {
    const int flags = __builtin_popcount(a[POLICY_FLAG]) - __builtin_popcount(b[POLICY_FLAG]);
    return flags ? flags : memcmp(a, b, POLICY_N_ATTRIBUTES);
}

static void judge_point(struct search *s, const guint8 *value, guint64 promises) {
    struct policy_decision decision;
    policy_decide_in(s->policy, s->slice, value, &decision);
    for (; promises; promises &= promises - 1) {
        const guint i = (guint)__builtin_ctzll(promises);
        struct policy_breach *breach = &s->found[i];
        if (!breaks(guarantee_at(s->policy, i), &decision))
            continue;
        const int order = breach->guarantee ? compare_points(breach->request.value, value) : 1;
        if (order <= 0) {
            if (order == 0 && breach->until == s->slice->day)
                breach->until = s->until; /* it goes on being broken by the same */
            continue;
        }
        breach->guarantee = guarantee_at(s->policy, i)->id;
        memcpy(breach->request.value, value, sizeof breach->request.value);
        breach->request.day = breach->from = s->slice->day;
        breach->until = s->until;
        breach->decision = decision;
    }
}

/* The innermost walk: every mode, set of flags and jurisdiction of one who and what. `promises` and
 * `exceptions` are what the outer attributes leave. */
static void judge_row(struct search *s, guint8 *value, const guint64 *rules, guint64 promises,
                      guint64 exceptions) {
    const struct policy *policy = s->policy;
    const guint words = policy->n_words, first_permit = policy->n_forbids + policy->n_limits;
    const guint64 *where = s->slice->rules[TABLE_WHERE];
    const guint64 *promised = s->promises.row[TABLE_WHERE], *excepted = s->exceptions.row[TABLE_WHERE];
    const guint n =
        policy->n_rows[TABLE_WHERE]; /* kept here: this is the innermost loop of the proof */
    for (guint i = 0; i < n; i++, where += words) {
        guint64 due = promises & promised[i];
        for (guint64 x = exceptions & excepted[i]; x; x &= x - 1)
            due &= ~s->owner[__builtin_ctzll(x)];
        if (!due)
            continue;
        gboolean may_permit = FALSE, is_forbidden = FALSE;
        for (guint w = 0; w < words; w++) {
            const guint64 m = rules[w] & where[w];
            const guint low = w * 64;
            const guint64 forbids = policy->n_forbids >= low + 64 ? G_MAXUINT64
                                    : policy->n_forbids > low
                                        ? ((guint64)1 << (policy->n_forbids - low)) - 1
                                        : 0;
            const guint64 before = first_permit >= low + 64 ? G_MAXUINT64
                                   : first_permit > low     ? ((guint64)1 << (first_permit - low)) - 1
                                                            : 0;
            is_forbidden |= (m & forbids) != 0;
            may_permit |= (m & ~before) != 0;
        }
        if (!(due & s->always) && (is_forbidden || !may_permit))
            continue; /* denied, which breaks no `never` and obliges to nothing */
        values_at(policy, TABLE_WHERE, i, value);
        judge_point(s, value, due);
    }
}

static void judge_all(struct search *s) {
    const struct policy *policy = s->policy;
    const guint words = policy->n_words;
    const guint64 *who = s->slice->rules[TABLE_WHO], *what = s->slice->rules[TABLE_WHAT];
    guint8 value[POLICY_N_ATTRIBUTES];
    guint64 rules[RULE_WORDS];
    for (guint i = 0; i < policy->n_rows[TABLE_WHO]; i++) {
        values_at(policy, TABLE_WHO, i, value);
        for (guint k = 0; k < policy->n_rows[TABLE_WHAT]; k++) {
            values_at(policy, TABLE_WHAT, k, value);
            for (guint w = 0; w < words; w++)
                rules[w] = who[i * words + w] & what[k * words + w];
            judge_row(s, value, rules, s->promises.row[TABLE_WHO][i] & s->promises.row[TABLE_WHAT][k],
                      s->exceptions.row[TABLE_WHO][i] & s->exceptions.row[TABLE_WHAT][k]);
        }
    }
}

/* ── The whole ─────────────────────────────────────────────────────────────────────────────────── */

static gboolean still_breaks(const struct policy *policy, const struct guarantee *g,
                             const struct policy_request *request) {
    struct policy_decision decision;
    if (!condition_holds_at(&g->when, request->value))
        return FALSE;
    for (guint x = 0; x < g->unless->len; x++)
        if (condition_holds_at(&g_array_index(g->unless, struct condition, x), request->value))
            return FALSE;
    policy_decide(policy, request, &decision);
    return breaks(g, &decision);
}

/* Says which attributes of the counterexample do not matter. */
static void generalize(const struct policy *policy, const struct guarantee *g,
                       struct policy_breach *breach) {
    for (guint a = 0; a < POLICY_N_ATTRIBUTES; a++) {
        struct policy_request other = breach->request;
        breach->any[a] = TRUE;
        for (guint v = 0; v < policy->n_values[a] && breach->any[a]; v++) {
            other.value[a] = (guint8)v;
            breach->any[a] = still_breaks(policy, g, &other);
        }
    }
}

static void keep_found(const struct policy *policy, struct search *s, struct policy_check *check) {
    for (guint i = 0; i < policy->guarantees->len; i++) {
        struct policy_breach *breach = &s->found[i];
        const struct guarantee *g = guarantee_at(policy, i);
        if (!breach->guarantee)
            continue;
        breach->promise = g->words;
        breach->file = g->file;
        generalize(policy, g, breach);
        g_array_append_val(check->breaches, *breach);
    }
}

static gint by_guarantee(gconstpointer a, gconstpointer b) {
    const struct policy_breach *x = a, *y = b;
    return strcmp(x->guarantee, y->guarantee);
}

static void add_notes(const struct policy *policy, struct policy_check *check) {
    for (guint i = 0; i < policy->rules->len; i++) {
        const guint32 unmet = rule_at(policy, i)->obligations & ~policy->can_meet[0];
        if (unmet)
            g_ptr_array_add(
                check->notes,
                g_strdup_printf("%s: the permit \"%s\" obliges to \"%s\", which this "
                                "program cannot do: it will deny",
                                rule_at(policy, i)->file, rule_at(policy, i)->id,
                                policy_word(policy, POLICY_OBLIGATION, (guint)__builtin_ctz(unmet))));
    }
    for (guint i = 0; i < policy->edges->len; i++) {
        const struct edge *edge = &g_array_index(policy->edges, struct edge, i);
        if (edge->is_one_case)
            g_ptr_array_add(
                check->notes,
                g_strdup_printf(
                    "%s may pass to %s on process of a judge (%s): that is of one case, and "
                    "such an agreement stands for all. It is judged as of unknown basis",
                    policy_word(policy, POLICY_RECIPIENT, edge->from_party),
                    policy_word(policy, POLICY_RECIPIENT, edge->to_party), edge->document));
    }
    if (!policy->guarantees->len)
        g_ptr_array_add(check->notes, g_strdup("there are no guarantees: nothing was proved"));
}

gboolean policy_check(const struct policy *policy, struct policy_check *check) {
    guint64 points = 1;
    for (guint a = 0; a < POLICY_N_ATTRIBUTES; a++)
        points *= policy->n_values[a];
    *check = (struct policy_check){.n_points = points * policy->slices->len,
                                   .n_slices = policy->slices->len,
                                   .n_guarantees = policy->guarantees->len,
                                   .breaches = g_array_new(FALSE, FALSE, sizeof(struct policy_breach)),
                                   .notes = g_ptr_array_new_with_free_func(g_free)};
    struct search *s = g_new0(struct search, 1);
    for (guint i = 0; i < policy->slices->len; i++) {
        search_begin(s, policy, slice_at(policy, i));
        s->until = i + 1 < policy->slices->len ? slice_at(policy, i + 1)->day : DAY_NEVER;
        judge_all(s);
        tables_free(&s->promises);
        tables_free(&s->exceptions);
    }
    keep_found(policy, s, check);
    g_free(s);
    g_array_sort(check->breaches, by_guarantee);
    add_notes(policy, check);
    return check->breaches->len == 0;
}

void policy_check_clear(struct policy_check *check) {
    g_array_unref(check->breaches);
    g_ptr_array_unref(check->notes);
}

gboolean policy_require(const struct policy *policy, GError **error) {
    struct policy_check check;
    gboolean ok = policy_check(policy, &check);
    if (!policy->guarantees->len) {
        g_set_error(
            error, BASE_ERROR, BASE_ERROR_INPUT,
            "the policy promises nothing: write guarantees.yaml, or extend a profile that has one");
        ok = FALSE;
    } else if (!ok) {
        const struct policy_breach *b = &g_array_index(check.breaches, struct policy_breach, 0);
        g_autofree char *request = policy_request_format(policy, &b->request);
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT,
                    "%s: the policy breaks the guarantee \"%s\" (%s). Counterexample: %s is %s by %s. "
                    "`tocsin policy check` shows all",
                    b->file, b->guarantee, b->promise, request,
                    b->decision.is_permitted ? "permitted" : "denied",
                    policy_decision_rule(policy, &b->decision));
    }
    policy_check_clear(&check);
    return ok;
}
