/* One request to a decision: three rows of bit sets and their conjunction, then the hops. */
#include <string.h>

#include "policy/policy_private.h"

guint policy_slice_of(const struct policy *policy, gint32 day) {
    guint i = policy->slices->len - 1;
    while (i > 0 && slice_at(policy, i)->day > day)
        i--;
    return i;
}

static gboolean deny(struct policy_decision *decision, guint rule) {
    decision->is_permitted = FALSE;
    decision->fields = decision->obligations = 0;
    decision->rule = rule;
    return FALSE;
}

void policy_decide_directly(const struct policy *policy, const struct slice *slice, const guint8 *value,
                            struct policy_decision *decision) {
    const guint words = policy->n_words, first_permit = policy->n_forbids + policy->n_limits;
    const guint64 *who = slice->rules[TABLE_WHO] + row_of(policy, TABLE_WHO, value) * words,
                  *what = slice->rules[TABLE_WHAT] + row_of(policy, TABLE_WHAT, value) * words,
                  *where = slice->rules[TABLE_WHERE] + row_of(policy, TABLE_WHERE, value) * words;
    const guint32 can_meet = policy->can_meet[value[POLICY_RECIPIENT]];
    guint32 withheld = 0;
    guint limit = POLICY_NONE,
          obliger = POLICY_NONE; /* the permit that obliges to what nobody can do */

    *decision = (struct policy_decision){
        .rule = POLICY_NONE, .hop = POLICY_NONE, .unmet = POLICY_NONE, .party = POLICY_NONE};
    for (guint w = 0; w < words; w++) {
        for (guint64 m = who[w] & what[w] & where[w]; m; m &= m - 1) {
            const guint i = w * 64 + (guint)__builtin_ctzll(m);
            const struct rule *rule = rule_at(policy, i);
            if (i < policy->n_forbids) {
                deny(decision, i);
                return;
            }
            if (i < first_permit) {
                withheld |= rule->fields;
                if (limit == POLICY_NONE)
                    limit = i;
                continue;
            }
            if (decision->rule == POLICY_NONE)
                decision->rule = i;
            if (obliger == POLICY_NONE && (rule->obligations & ~can_meet))
                obliger = i;
            decision->fields |= rule->fields;
            decision->obligations |= rule->obligations;
        }
    }
    if (decision->rule == POLICY_NONE)
        return;
    const guint32 unmet = decision->obligations & ~can_meet;
    decision->fields &= ~withheld;
    if (!decision->fields) {
        deny(decision, limit);
    } else if (unmet) {
        decision->unmet = (guint)__builtin_ctz(unmet);
        deny(decision, obliger);
    } else {
        decision->is_permitted = TRUE;
    }
}

/* Adds what was decided for another hand to `its`, under the rule that speaks for both. */
static void narrow(struct policy_decision *its, const struct policy_decision *other) {
    if (!its->is_permitted)
        return;
    its->rule = other->rule;
    its->fields &= other->fields;
    its->obligations |= other->obligations;
    its->is_nothing_left = !its->fields;
    if (its->is_nothing_left)
        deny(its, POLICY_NONE);
}

/* A class is judged as the worst of its parties. */
static void judge_parties(const struct policy *policy, const struct slice *slice, const guint8 *value,
                          struct policy_decision *decision) {
    guint8 its_value[POLICY_N_ATTRIBUTES];
    memcpy(its_value, value, sizeof its_value);
    const guint n = value[POLICY_RECIPIENT] < policy->n_classes ? policy->parties->len : 0;
    for (guint i = 0; i < n && decision->is_permitted; i++) {
        struct policy_decision its;
        if (g_array_index(policy->parties, struct party, i).class != value[POLICY_RECIPIENT])
            continue;
        its_value[POLICY_RECIPIENT] = (guint8)(policy->n_classes + i);
        policy_decide_directly(policy, slice, its_value, &its);
        narrow(&its, decision);
        if (!its.is_permitted)
            its.party = its_value[POLICY_RECIPIENT];
        *decision = its;
    }
}

void policy_decide_in(const struct policy *policy, const struct slice *slice, const guint8 *value,
                      struct policy_decision *decision) {
    policy_decide_directly(policy, slice, value, decision);
    judge_parties(policy, slice, value, decision);
    if (!decision->is_permitted)
        return;
    const struct downstream *d =
        slice->downstream + downstream_of(policy, value[POLICY_RECIPIENT], value[POLICY_DATA],
                                          row_of(policy, TABLE_WHERE, value));
    decision->hop = d->hop;
    decision->unmet = d->unmet;
    decision->fields &= d->fields;
    decision->obligations |= d->obligations;
    decision->is_nothing_left = d->is_nothing_left || (d->hop == POLICY_NONE && !decision->fields);
    if (d->hop != POLICY_NONE || decision->is_nothing_left)
        deny(decision, decision->is_nothing_left ? POLICY_NONE : d->rule);
}

void policy_decide(const struct policy *policy, const struct policy_request *request,
                   struct policy_decision *decision) {
    policy_decide_in(policy, slice_at(policy, policy_slice_of(policy, request->day)), request->value,
                     decision);
}

void policy_decide_via(const struct policy *policy, const struct policy_request *request,
                       const guint *via, guint n_via, struct policy_decision *decision,
                       guint *denied_via) {
    *denied_via = POLICY_NONE;
    policy_decide(policy, request, decision);
    for (guint i = 0; i < n_via && decision->is_permitted; i++) {
        struct policy_request hand = *request;
        struct policy_decision its;
        hand.value[POLICY_RECIPIENT] = (guint8)via[i];
        policy_decide(policy, &hand, &its);
        narrow(&its, decision);
        if (!its.is_permitted)
            *denied_via = via[i];
        *decision = its;
    }
}
