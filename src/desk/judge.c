#include "desk/judge.h"

#include "disclose/disclose.h"

gboolean judge_watch(struct db *db, struct site *site, struct disclose_gate *gate,
                     const struct store_agency_watch *watch, custody_kinds kinds, gint64 person_id,
                     enum ledger_entry_type permitted, enum ledger_entry_type denied,
                     const char *officer, char **denial, GError **error) {
    struct policy_request request;
    struct policy_decision decision;
    const struct disclose_agency agency = {watch->recipient, watch->purpose, watch->basis};
    disclose_judge_watch(gate, &agency, kinds, site_now(site), &request, &decision);
    const struct policy *policy = disclose_gate_policy(gate);
    if (!decision.is_permitted) {
        g_autofree char *path = policy_decision_path(policy, &request, &decision);
        *denial = g_strdup_printf("%s: %s%s%s", policy_decision_rule(policy, &decision),
                                  policy_decision_citation(policy, &decision),
                                  *path ? "; it may be passed on: " : "", path);
    }
    const struct logbook_decision entry = {.type = decision.is_permitted ? permitted : denied,
                                           .gate = gate,
                                           .request = &request,
                                           .decision = &decision,
                                           .watch = watch,
                                           .person_id = person_id,
                                           .officer = officer};
    return logbook_agency(db, site, &entry, NULL, error);
}
