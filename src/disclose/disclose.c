#include "disclose/disclose.h"

#include "base/time.h"

struct permit {
    enum custody_kind kind;
    enum custody_assertion assertion;
    gboolean is_unclear, occurred_on_date;
    enum language language;
    char *person_name, *facility_name, *facility_phone, *detail;
    GTimeZone *zone;
    gint64 occurred_at_us, observed_at_us;
};

static enum policy_data data_class(enum custody_kind kind) {
    if (KIND_BIT(kind) & KINDS_FEED)
        return DATA_FEED_HEALTH;
    return KIND_BIT(kind) & KINDS_OUT ? DATA_RELEASE : DATA_CUSTODY_STATUS;
}

static char *allowed(const struct policy_decision *decision, guint field, const char *text) {
    return g_strdup(decision->fields & field && text ? text : "");
}

struct permit *disclose_alert(const struct disclose_facts *facts, enum match_reason reason,
                              enum language language, struct policy_decision *decision) {
    const struct policy_request request = {
        .recipient = reason == MATCH_NONE ? RECIPIENT_UNKNOWN : RECIPIENT_REGISTRANT,
        .purpose = reason == MATCH_NONE ? PURPOSE_UNKNOWN : PURPOSE_VICTIM_NOTICE,
        .mode = MODE_ALERT,
        .data = data_class(facts->kind),
        .subject_flags = facts->subject_flags};

    policy_decide(&request, decision);
    if (!decision->is_permitted)
        return NULL;
    const gboolean times = (decision->fields & POLICY_FIELD_TIMES) != 0;
    struct permit *permit = g_new(struct permit, 1);
    *permit = (struct permit){
        .kind = facts->kind,
        .assertion = facts->assertion,
        .is_unclear = facts->is_unclear,
        .occurred_on_date = facts->occurred_on_date,
        .language = language,
        .person_name = allowed(decision, POLICY_FIELD_NAME, facts->person_name),
        .facility_name = allowed(decision, POLICY_FIELD_FACILITY, facts->facility_name),
        .facility_phone = allowed(decision, POLICY_FIELD_FACILITY, facts->facility_phone),
        .detail = allowed(decision, POLICY_FIELD_DETAIL, facts->detail),
        .zone = g_time_zone_ref(facts->zone),
        .occurred_at_us = times ? facts->occurred_at_us : TIME_UNKNOWN,
        .observed_at_us = times ? facts->observed_at_us : TIME_UNKNOWN};
    return permit;
}

void permit_free(struct permit *permit) {
    if (!permit)
        return;
    g_free(permit->person_name);
    g_free(permit->facility_name);
    g_free(permit->facility_phone);
    g_free(permit->detail);
    g_time_zone_unref(permit->zone);
    g_free(permit);
}

enum custody_kind permit_kind(const struct permit *permit) {
    return permit->kind;
}
enum custody_assertion permit_assertion(const struct permit *permit) {
    return permit->assertion;
}
gboolean permit_is_unclear(const struct permit *permit) {
    return permit->is_unclear;
}
enum language permit_language(const struct permit *permit) {
    return permit->language;
}
const char *permit_person_name(const struct permit *permit) {
    return permit->person_name;
}
const char *permit_facility_name(const struct permit *permit) {
    return permit->facility_name;
}
const char *permit_facility_phone(const struct permit *permit) {
    return permit->facility_phone;
}
const char *permit_detail(const struct permit *permit) {
    return permit->detail;
}
GTimeZone *permit_zone(const struct permit *permit) {
    return permit->zone;
}
gint64 permit_occurred_at_us(const struct permit *permit) {
    return permit->occurred_at_us;
}
gboolean permit_occurred_on_date(const struct permit *permit) {
    return permit->occurred_on_date;
}
gint64 permit_observed_at_us(const struct permit *permit) {
    return permit->observed_at_us;
}
