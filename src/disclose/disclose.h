/* The gate: a match and the policy's word to a permit. Nothing leaves without one.
 *
 * The ledger's leaf will be written here, before the permit exists, when the ledger comes.
 *
 * Used by: pipeline. Includes: base, policy, match/match.h. */
#ifndef DISCLOSE_DISCLOSE_H
#define DISCLOSE_DISCLOSE_H

#include "disclose/permit.h"
#include "match/match.h"
#include "policy/policy.h"

/* The facts of an event, before the policy has spoken. */
struct disclose_facts {
    enum custody_kind kind;
    enum custody_assertion assertion;
    gboolean is_unclear;
    guint subject_flags; /* as they are now, at the moment of sending */
    const char *person_name, *facility_name, *facility_phone, *detail;
    GTimeZone *zone;
    gint64 occurred_at_us, observed_at_us;
    gboolean occurred_on_date;
};

/* A permit for one registrant's alert, or NULL; `decision` says why either way. `language` is the
 * registration's. Transfer full. */
struct permit *disclose_alert(const struct disclose_facts *facts, enum match_reason reason,
                              enum language language, struct policy_decision *decision);

#endif
