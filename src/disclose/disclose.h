/* The gate: a match or a request, and the policy's word, to a permit. Nothing leaves without one. */
#ifndef DISCLOSE_DISCLOSE_H
#define DISCLOSE_DISCLOSE_H

#include "disclose/permit.h"
#include "match/match.h"
#include "policy/policy.h"

/* A policy with the words that this program speaks looked up in it. Immutable and counted, so that
 * a reload does not disturb who is deciding. */
struct disclose_gate;

/* Refuses a policy that lacks a word the program needs, or that breaks a guarantee. `jurisdiction` is
 * whose jails the site serves, a word of the policy. Takes the policy. Transfer full. */
struct disclose_gate *disclose_gate_new(struct policy *policy, const char *jurisdiction,
                                        GError **error);
struct disclose_gate *disclose_gate_ref(struct disclose_gate *gate);
void disclose_gate_unref(struct disclose_gate *gate);
const struct policy *disclose_gate_policy(const struct disclose_gate *gate); /* borrowed */

/* The facts of an event, before the policy has spoken. */
struct disclose_facts {
    enum custody_kind kind;
    enum custody_assertion assertion;
    gboolean is_unclear, is_within;
    guint subject_flags; /* as they are now, at the moment of sending */
    const char *person_name, *facility_name, *facility_phone, *detail;
    GTimeZone *zone;
    gint64 occurred_at_us, occurred_to_us, observed_at_us;
    gboolean occurred_on_date, is_from_list, list_on_date;
    gboolean is_found_out;        /* a person here found that it was wrong; the jail has said nothing */
    const struct permit_now *now; /* NULL: nothing but what the event says */
    const struct permit_earlier *earlier; /* NULL: it takes nothing back */
};

/* Who is to be told, and on what they rest. */
struct disclose_recipient {
    enum match_reason reason;  /* MATCH_NONE: nothing says that it concerns them */
    gboolean is_role_verified; /* staff have checked who they are to the person in custody */
    /* An agency's watch; NULL for a registrant. */
    const struct disclose_agency *agency;
};

/* An agency's legal basis, in the policy's words. */
struct disclose_agency {
    const char *recipient, *purpose, *basis;
};

/* A permit for one alert, or NULL; `decision` says why either way, and `request` what was judged.
 * `now_at_us` dates it, in the jail's time zone. Transfer full. */
struct permit *disclose_alert(const struct disclose_gate *gate, const struct disclose_facts *facts,
                              const struct disclose_recipient *recipient, gint64 now_at_us,
                              struct policy_request *request, struct policy_decision *decision);

/* What one look-up by anybody may show of one person; FALSE: not even that they are there. */
struct disclose_view {
    gboolean name, facility, birth_year, booking_number;
};
gboolean disclose_look_up(const struct disclose_gate *gate, guint subject_flags, gint64 now_at_us,
                          struct disclose_view *view);

/* FALSE with an error for a word that the policy does not have. For asking. */
gboolean disclose_knows_agency(const struct disclose_gate *gate, const struct disclose_agency *agency,
                               GError **error);

/* What an agency's watch for news of one person would be judged as today, on each class of data that
 * it would be told of; the worst decides. A word that the policy has no longer is `unknown`: what was
 * asked for can still be refused and ended. */
void disclose_judge_watch(const struct disclose_gate *gate, const struct disclose_agency *agency,
                          custody_kinds kinds, gint64 now_at_us, struct policy_request *request,
                          struct policy_decision *decision);

#endif
