#include <string.h>

#include "book/logbook.h"
#include "match/match.h"
#include "policy/policy.h"
#include "send/private.h"
#include "store/ledger.h"

/* Ends a word: "Iii" is III again. */
static void mend_number(GString *title, gsize word) {
    const char *text = title->str + word;
    const gsize n = strlen(text);
    if (n < 2 || strspn(text, "IVXivx") != n || *text == 'X')
        return;
    for (gsize i = word; i < title->len; i++)
        title->str[i] = g_ascii_toupper(title->str[i]);
}

/* "GIVEN SURNAME" as the jail writes it, in title case when it is all capitals. Transfer full. */
static char *display_name(const struct store_alert_facts *facts) {
    g_autofree char *name = g_strstrip(g_strjoin(" ", facts->given, facts->surname, NULL));
    g_autofree char *upper = g_utf8_strup(name, -1);
    if (strcmp(upper, name) != 0)
        return g_steal_pointer(&name);
    GString *title = g_string_new(NULL);
    gboolean starts = TRUE;
    gsize word = 0;
    for (const char *p = name; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (!g_unichar_isalpha(c)) {
            mend_number(title, word);
            word = title->len + 1;
        }
        g_string_append_unichar(title, starts ? c : g_unichar_tolower(c));
        starts = !g_unichar_isalpha(c);
    }
    mend_number(title, word);
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

static struct permit_now now_of(const struct send_job *job) {
    const struct store_alert_facts *f = &job->facts;
    return (struct permit_now){
        .standing = f->now,
        .kind = f->now_kind,
        .is_other_booking = f->now_is_other_booking,
        .is_doubtful = f->now_is_doubtful || f->is_doubtful,
        .is_unclear = f->now_is_unclear,
        .facility_name = job->now_mapping
                             ? feed_mapping_facility_by_id(job->now_mapping, f->now_facility_id)->name
                             : "",
        .from_us = f->now_from_us,
        .to_us = f->now_to_us};
}

/* Whether the notice must say what it takes back: it is a correction, or another ending than the one
 * that they were told of. */
static gboolean takes_back(const struct send_job *job) {
    const struct store_alert_facts *f = &job->facts;
    return f->has_earlier && (f->assertion == ASSERTION_CORRECTED ||
                              (KIND_BIT(f->kind) & (KINDS_OUT | KIND_BIT(CUSTODY_TRANSFERRED))));
}

/* The facts of an alert, with what they borrow. */
struct telling {
    struct disclose_facts facts;
    struct permit_now now;
    struct permit_earlier earlier;
    char *name;
};

static void gather(const struct send_job *job, struct telling *t) {
    const struct store_alert_facts *f = &job->facts;
    const struct feed_facility *place = feed_mapping_facility_by_id(job->mapping, f->facility_id);
    const gboolean is_from_list = job->mapping->content == FEED_ROSTER;
    const char *file_date = job->mapping->file_date;
    t->name = display_name(f);
    t->now = now_of(job);
    t->earlier =
        (struct permit_earlier){f->earlier_kind, f->earlier_was_doubtful, f->earlier_told_at_us};
    t->facts = (struct disclose_facts){
        .kind = f->kind,
        .assertion = f->assertion,
        .is_unclear = f->is_unclear,
        .is_within = f->is_within || (f->kind == CUSTODY_TRANSFERRED && *f->detail),
        .subject_flags = f->subject_flags,
        .person_name = t->name,
        .facility_name = place->name,
        .facility_phone = place->phone ? place->phone : feed_mapping_facility(job->mapping)->phone,
        .detail = f->detail,
        .zone = place->zone,
        .occurred_at_us = f->occurred_at_us,
        .occurred_to_us = f->occurred_to_us,
        .occurred_on_date = f->occurred_on_date,
        .observed_at_us = f->observed_at_us,
        .is_from_list = is_from_list,
        .is_found_out = (f->kind == CUSTODY_CORRECTED || f->kind == CUSTODY_BACK_ON_ROSTER) &&
                        g_str_equal(f->detail, CUSTODY_UNDONE),
        .list_on_date = is_from_list && file_date && !strstr(file_date, "%H"),
        .now = f->has_now ? &t->now : NULL,
        .earlier = takes_back(job) ? &t->earlier : NULL};
}

gboolean send_judge(struct db *db, struct send_job *job, const struct disclose_gate *gate,
                    GError **error) {
    const struct store_agency_watch *w = job->watch;
    const struct watch_registration *r = &job->row->registration;
    struct policy_request request;
    struct policy_decision decision;
    struct telling telling;
    gather(job, &telling);
    const struct disclose_agency agency = {w ? w->recipient : NULL, w ? w->purpose : NULL,
                                           w ? w->basis : NULL};
    const struct disclose_recipient recipient = {
        .reason = (enum match_reason)job->alert->reason,
        .is_role_verified =
            r->is_role_verified && (r->relation == RELATION_SURVIVOR || r->relation == RELATION_FAMILY),
        .agency = w ? &agency : NULL};
    job->permit =
        disclose_alert(gate, &telling.facts, &recipient, site_now(job->site), &request, &decision);
    g_free(telling.name);
    if (!job->permit)
        job->denial = g_strdup(policy_decision_citation(disclose_gate_policy(gate), &decision));
    if (!w)
        return !job->permit ||
               logbook_notice(db, job->site, job->alert->id, job->alert->reminder, error);
    struct leaf_field payload[LEAF_MAX_FIELDS] = {{NULL, NULL}};
    if (job->permit) {
        payload[0] = (struct leaf_field){"alert", job->alert->id};
        payload[1] = (struct leaf_field){"kind", custody_kind_name(job->facts.kind)};
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
