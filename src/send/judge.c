#include <string.h>

#include "book/logbook.h"
#include "match/match.h"
#include "policy/policy.h"
#include "send/private.h"
#include "store/ledger.h"

/* "GIVEN SURNAME" as the jail writes it, in title case when it is all capitals. Transfer full. */
static char *display_name(const struct store_alert_facts *facts) {
    g_autofree char *name = g_strstrip(g_strjoin(" ", facts->given, facts->surname, NULL));
    g_autofree char *upper = g_utf8_strup(name, -1);
    if (strcmp(upper, name) != 0)
        return g_steal_pointer(&name);
    GString *title = g_string_new(NULL);
    gboolean starts = TRUE;
    for (const char *p = name; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        g_string_append_unichar(title, starts ? c : g_unichar_tolower(c));
        starts = !g_unichar_isalpha(c);
    }
    return g_string_free(title, FALSE);
}

/* An agency's permit has its entry in the ledger, and so has its denial. A message that is tried again
 * is no second disclosure. */
static gboolean log_agency(struct db *db, struct send_job *job, const struct logbook_decision *decision,
                           GError **error) {
    struct site *site = job->site;
    const struct store_alert *alert = job->alert;
    guint64 index;
    gboolean is_told;
    if (!store_ledger_told(db, alert->id, alert->reminder, &index, &is_told, error))
        return FALSE;
    /* What would be told now may not be what the entry says: a policy or a flag may have changed. */
    if (is_told && job->permit && !logbook_told_same(db, index, decision->payload, &is_told, error))
        return FALSE;
    if ((!is_told || !job->permit) && !logbook_agency(db, site, decision, &index, error))
        return FALSE;
    if (!is_told && job->permit && !store_ledger_told_add(db, alert->id, alert->reminder, index, error))
        return FALSE;
    const struct ledger_signer *signer = logbook_signer(site, error);
    if (!signer)
        return FALSE;
    job->receipt =
        g_strdup_printf("%s, entry %" G_GUINT64_FORMAT, ledger_signer_verifier(signer)->name, index);
    return TRUE;
}

gboolean send_judge(struct db *db, struct send_job *job, const struct disclose_gate *gate,
                    GError **error) {
    const struct store_alert_facts *f = &job->facts;
    const struct store_agency_watch *w = job->watch;
    const struct watch_registration *r = &job->row->registration;
    const struct feed_facility *place = feed_mapping_facility_by_id(job->mapping, f->facility_id);
    g_autofree char *name = display_name(f);
    struct policy_request request;
    struct policy_decision decision;
    const struct disclose_facts facts = {
        .kind = f->kind,
        .assertion = f->assertion,
        .is_unclear = f->is_unclear,
        .subject_flags = f->subject_flags,
        .person_name = name,
        .facility_name = place->name,
        .facility_phone = place->phone ? place->phone : feed_mapping_facility(job->mapping)->phone,
        .detail = f->detail,
        .zone = place->zone,
        .occurred_at_us = f->occurred_at_us,
        .occurred_on_date = f->occurred_on_date,
        .observed_at_us = f->observed_at_us};
    const struct disclose_agency agency = {w ? w->recipient : NULL, w ? w->purpose : NULL,
                                           w ? w->basis : NULL};
    const struct disclose_recipient recipient = {
        .reason = (enum match_reason)job->alert->reason,
        .is_role_verified =
            r->is_role_verified && (r->relation == RELATION_SURVIVOR || r->relation == RELATION_FAMILY),
        .agency = w ? &agency : NULL};
    job->permit = disclose_alert(gate, &facts, &recipient, site_now(job->site), &request, &decision);
    if (!job->permit)
        job->denial = g_strdup(policy_decision_citation(disclose_gate_policy(gate), &decision));
    if (!w)
        return !job->permit ||
               logbook_notice(db, job->site, job->alert->id, job->alert->reminder, error);
    struct leaf_field payload[LEAF_MAX_FIELDS] = {{NULL, NULL}};
    if (job->permit) {
        payload[0] = (struct leaf_field){"alert", job->alert->id};
        payload[1] = (struct leaf_field){"kind", custody_kind_name(f->kind)};
        payload[2] = (struct leaf_field){"name", permit_person_name(job->permit)};
        payload[3] = (struct leaf_field){"facility", permit_facility_name(job->permit)};
    }
    const struct logbook_decision entry = {.type = LEDGER_DISCLOSURE,
                                           .gate = gate,
                                           .request = &request,
                                           .decision = &decision,
                                           .watch = w,
                                           .person_id = job->row->person_id,
                                           .payload = payload};
    return log_agency(db, job, &entry, error);
}
