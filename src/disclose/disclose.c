#include "disclose/disclose.h"

#include "base/error.h"
#include "base/time.h"

struct permit {
    enum custody_kind kind;
    enum custody_assertion assertion;
    gboolean is_unclear, is_within, is_possible, is_another_person, occurred_on_date, is_from_list,
        is_found_out, list_on_date;
    char *person_name, *facility_name, *facility_phone, *detail, *now_facility_name;
    GTimeZone *zone;
    gint64 occurred_at_us, occurred_to_us, observed_at_us;
    gboolean has_now, has_earlier;
    struct permit_now now;
    struct permit_earlier earlier;
};

/* The words of a policy that this program speaks. */
enum spoken {
    SPOKEN_REGISTRANT,
    SPOKEN_VICTIM_NOTICE,
    SPOKEN_REGISTRATION,
    SPOKEN_VERIFIED_VICTIM,
    SPOKEN_CUSTODY_STATUS,
    SPOKEN_RELEASE,
    SPOKEN_FEED_HEALTH,
    SPOKEN_ALERT,
    SPOKEN_SEALED,
    SPOKEN_JUVENILE,
    SPOKEN_PROTECTED,
    SPOKEN_NAME,
    SPOKEN_FACILITY,
    SPOKEN_TIMES,
    SPOKEN_DETAIL,
    SPOKEN_LOG,
    SPOKEN_PUBLIC,
    SPOKEN_NO_BASIS,
    SPOKEN_LOOKUP,
    SPOKEN_BIRTH_YEAR,
    SPOKEN_BOOKING_NUMBER,
    SPOKEN_N
};
static const struct {
    enum policy_word_kind kind;
    const char *word;
} spoken[SPOKEN_N] = {{POLICY_RECIPIENT, "registrant"}, {POLICY_PURPOSE, "victim_notice"},
                      {POLICY_BASIS, "registration"},   {POLICY_BASIS, "verified_victim"},
                      {POLICY_DATA, "custody_status"},  {POLICY_DATA, "release"},
                      {POLICY_DATA, "feed_health"},     {POLICY_MODE, "alert"},
                      {POLICY_FLAG, "sealed"},          {POLICY_FLAG, "juvenile"},
                      {POLICY_FLAG, "protected"},       {POLICY_FIELD, "name"},
                      {POLICY_FIELD, "facility"},       {POLICY_FIELD, "times"},
                      {POLICY_FIELD, "detail"},         {POLICY_OBLIGATION, "log"},
                      {POLICY_RECIPIENT, "public"},     {POLICY_BASIS, "none"},
                      {POLICY_MODE, "lookup"},          {POLICY_FIELD, "birth_year"},
                      {POLICY_FIELD, "booking_number"}};

struct disclose_gate {
    gint refs;
    struct policy *policy;
    guint8 jurisdiction, word[SPOKEN_N];
};

static gboolean look_up_words(struct disclose_gate *gate, const char *jurisdiction, GError **error) {
    guint word = policy_find_word(gate->policy, POLICY_JURISDICTION, jurisdiction);
    if (word == POLICY_NONE) {
        g_set_error(
            error, BASE_ERROR, BASE_ERROR_INPUT,
            "the policy has no jurisdiction \"%s\"; `jurisdiction` in site.yaml says whose jails "
            "the site serves: local, state or elsewhere",
            jurisdiction);
        return FALSE;
    }
    gate->jurisdiction = (guint8)word;
    for (guint i = 0; i < SPOKEN_N; i++) {
        word = policy_find_word(gate->policy, spoken[i].kind, spoken[i].word);
        if (word == POLICY_NONE) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT,
                        "the policy's vocabulary lacks the %s \"%s\", which this program needs",
                        policy_word_kind_name(spoken[i].kind), spoken[i].word);
            return FALSE;
        }
        gate->word[i] = (guint8)word;
    }
    return TRUE;
}

struct disclose_gate *disclose_gate_new(struct policy *policy, const char *jurisdiction,
                                        GError **error) {
    struct disclose_gate *gate = g_new0(struct disclose_gate, 1);
    gate->refs = 1;
    gate->policy = policy;
    if (look_up_words(gate, jurisdiction, error) && policy_require(policy, error))
        return gate;
    disclose_gate_unref(gate);
    return NULL;
}

struct disclose_gate *disclose_gate_ref(struct disclose_gate *gate) {
    g_atomic_int_inc(&gate->refs);
    return gate;
}

void disclose_gate_unref(struct disclose_gate *gate) {
    if (!gate || !g_atomic_int_dec_and_test(&gate->refs))
        return;
    policy_free(gate->policy);
    g_free(gate);
}

const struct policy *disclose_gate_policy(const struct disclose_gate *gate) {
    return gate->policy;
}

static guint8 data_class(const struct disclose_gate *gate, custody_kinds kind) {
    if (kind & KINDS_FEED)
        return gate->word[SPOKEN_FEED_HEALTH];
    return gate->word[kind & KINDS_OUT ? SPOKEN_RELEASE : SPOKEN_CUSTODY_STATUS];
}

static guint8 flags(const struct disclose_gate *gate, guint subject_flags) {
    static const struct {
        guint flag;
        enum spoken word;
    } pairs[] = {{SUBJECT_SEALED, SPOKEN_SEALED},
                 {SUBJECT_JUVENILE, SPOKEN_JUVENILE},
                 {SUBJECT_PROTECTED, SPOKEN_PROTECTED}};
    guint set = 0;
    for (guint i = 0; i < G_N_ELEMENTS(pairs); i++)
        if (subject_flags & pairs[i].flag)
            set |= 1u << gate->word[pairs[i].word];
    return (guint8)set;
}

static gint32 day_at(gint64 at_us, GTimeZone *zone) {
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(at_us / SECOND_US);
    g_autoptr(GDateTime) local = zone ? g_date_time_to_timezone(utc, zone) : g_date_time_ref(utc);
    gint y, m, d;
    GDate date;
    g_date_time_get_ymd(local, &y, &m, &d);
    g_date_clear(&date, 1);
    g_date_set_dmy(&date, (GDateDay)d, (GDateMonth)m, (GDateYear)y);
    return (gint32)g_date_get_julian(&date);
}

/* Who asks, in the policy's words; what it does not know is `unknown`, which no rule of ours permits.
 */
static void fill_who(const struct disclose_gate *gate, const struct disclose_recipient *recipient,
                     guint8 *value) {
    static const enum policy_word_kind kinds[] = {POLICY_RECIPIENT, POLICY_PURPOSE, POLICY_BASIS};
    if (recipient->agency) {
        const char *words[] = {recipient->agency->recipient, recipient->agency->purpose,
                               recipient->agency->basis};
        for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
            guint word = policy_find_word(gate->policy, kinds[i], words[i]);
            value[kinds[i]] = (guint8)(word == POLICY_NONE ? 0 : word);
        }
    } else if (recipient->reason != MATCH_NONE) {
        value[POLICY_RECIPIENT] = gate->word[SPOKEN_REGISTRANT];
        value[POLICY_PURPOSE] = gate->word[SPOKEN_VICTIM_NOTICE];
        value[POLICY_BASIS] =
            gate->word[recipient->is_role_verified ? SPOKEN_VERIFIED_VICTIM : SPOKEN_REGISTRATION];
    }
}

static gboolean has_field(const struct disclose_gate *gate, const struct policy_decision *decision,
                          enum spoken field) {
    return decision->fields >> gate->word[field] & 1;
}

static char *allowed(gboolean is_allowed, const char *text) {
    return g_strdup(is_allowed && text ? text : "");
}

/* News of another kind may say that somebody left: then it must be allowed as such, too. */
static void judge_leaving(const struct disclose_gate *gate, struct policy_request *request,
                          struct policy_decision *decision) {
    const guint8 data = request->value[POLICY_DATA];
    struct policy_decision of_leaving;
    request->value[POLICY_DATA] = gate->word[SPOKEN_RELEASE];
    policy_decide(gate->policy, request, &of_leaving);
    if (!of_leaving.is_permitted) {
        *decision = of_leaving;
        return;
    }
    request->value[POLICY_DATA] = data;
    decision->fields &= of_leaving.fields;
}

struct permit *disclose_alert(const struct disclose_gate *gate, const struct disclose_facts *facts,
                              const struct disclose_recipient *recipient, gint64 now_at_us,
                              struct policy_request *request, struct policy_decision *decision) {
    *request = (struct policy_request){.day = day_at(now_at_us, facts->zone)};
    fill_who(gate, recipient, request->value);
    request->value[POLICY_DATA] = data_class(gate, KIND_BIT(facts->kind));
    request->value[POLICY_MODE] = gate->word[SPOKEN_ALERT];
    request->value[POLICY_FLAG] = flags(gate, facts->subject_flags);
    request->value[POLICY_JURISDICTION] = gate->jurisdiction;
    policy_decide(gate->policy, request, decision);
    if (decision->is_permitted && facts->now && (KIND_BIT(facts->now->kind) & KINDS_OUT))
        judge_leaving(gate, request, decision);
    if (!decision->is_permitted)
        return NULL;
    const gboolean place = has_field(gate, decision, SPOKEN_FACILITY),
                   times = has_field(gate, decision, SPOKEN_TIMES);
    struct permit *permit = g_new(struct permit, 1);
    *permit = (struct permit){
        .kind = facts->kind,
        .assertion = facts->assertion,
        .is_unclear = facts->is_unclear,
        .is_within = facts->is_within,
        .is_possible = recipient->reason == MATCH_POSSIBLE,
        .is_another_person = recipient->reason == MATCH_UNLINKED,
        .occurred_on_date = facts->occurred_on_date,
        .person_name = allowed(has_field(gate, decision, SPOKEN_NAME), facts->person_name),
        .facility_name = allowed(place, facts->facility_name),
        .facility_phone = allowed(place, facts->facility_phone),
        .detail = allowed(has_field(gate, decision, SPOKEN_DETAIL), facts->detail),
        .zone = g_time_zone_ref(facts->zone),
        .occurred_at_us = times ? facts->occurred_at_us : TIME_UNKNOWN,
        .occurred_to_us = times ? facts->occurred_to_us : TIME_UNKNOWN,
        .observed_at_us = times ? facts->observed_at_us : TIME_UNKNOWN,
        .is_from_list = facts->is_from_list,
        .is_found_out = facts->is_found_out,
        .list_on_date = facts->list_on_date};
    if ((permit->has_now = facts->now != NULL)) {
        permit->now = *facts->now;
        permit->now_facility_name = allowed(place, facts->now->facility_name);
        permit->now.facility_name = permit->now_facility_name;
        if (!times)
            permit->now.from_us = permit->now.to_us = TIME_UNKNOWN;
    }
    if ((permit->has_earlier = facts->earlier != NULL))
        permit->earlier = *facts->earlier;
    return permit;
}

gboolean disclose_look_up(const struct disclose_gate *gate, guint subject_flags, gint64 now_at_us,
                          struct disclose_view *view) {
    struct policy_request request = {.day = day_at(now_at_us, NULL)};
    struct policy_decision decision;
    request.value[POLICY_RECIPIENT] = gate->word[SPOKEN_PUBLIC];
    request.value[POLICY_PURPOSE] = gate->word[SPOKEN_VICTIM_NOTICE];
    request.value[POLICY_BASIS] = gate->word[SPOKEN_NO_BASIS];
    request.value[POLICY_DATA] = gate->word[SPOKEN_CUSTODY_STATUS];
    request.value[POLICY_MODE] = gate->word[SPOKEN_LOOKUP];
    request.value[POLICY_FLAG] = flags(gate, subject_flags);
    request.value[POLICY_JURISDICTION] = gate->jurisdiction;
    policy_decide(gate->policy, &request, &decision);
    *view = (struct disclose_view){.name = has_field(gate, &decision, SPOKEN_NAME),
                                   .facility = has_field(gate, &decision, SPOKEN_FACILITY),
                                   .birth_year = has_field(gate, &decision, SPOKEN_BIRTH_YEAR),
                                   .booking_number = has_field(gate, &decision, SPOKEN_BOOKING_NUMBER)};
    /* Somebody without a name would be shown as nobody: that is no use, and tells of them. */
    return decision.is_permitted && view->name;
}

static gboolean knows(const struct disclose_gate *gate, enum policy_word_kind kind, const char *word,
                      GError **error) {
    if (policy_find_word(gate->policy, kind, word) != POLICY_NONE)
        return TRUE;
    g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT,
                "the policy has no %s \"%s\"; `tocsin policy words` lists them",
                policy_word_kind_name(kind), word);
    return FALSE;
}

gboolean disclose_knows_agency(const struct disclose_gate *gate, const struct disclose_agency *agency,
                               GError **error) {
    return knows(gate, POLICY_RECIPIENT, agency->recipient, error) &&
           knows(gate, POLICY_PURPOSE, agency->purpose, error) &&
           knows(gate, POLICY_BASIS, agency->basis, error);
}

void disclose_judge_watch(const struct disclose_gate *gate, const struct disclose_agency *agency,
                          custody_kinds kinds, gint64 now_at_us, struct policy_request *request,
                          struct policy_decision *decision) {
    const struct disclose_recipient recipient = {.agency = agency};
    *request = (struct policy_request){.day = day_at(now_at_us, NULL)};
    fill_who(gate, &recipient, request->value);
    request->value[POLICY_MODE] = gate->word[SPOKEN_ALERT];
    request->value[POLICY_JURISDICTION] = gate->jurisdiction;
    *decision = (struct policy_decision){.is_permitted = TRUE};
    for (guint kind = 0; kind < CUSTODY_N_KINDS && decision->is_permitted; kind++)
        if (kinds & KIND_BIT(kind)) {
            request->value[POLICY_DATA] = data_class(gate, KIND_BIT(kind));
            policy_decide(gate->policy, request, decision);
        }
}

void permit_free(struct permit *permit) {
    if (!permit)
        return;
    g_free(permit->person_name);
    g_free(permit->facility_name);
    g_free(permit->facility_phone);
    g_free(permit->detail);
    g_free(permit->now_facility_name);
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

gboolean permit_is_within(const struct permit *permit) {
    return permit->is_within;
}

gboolean permit_is_possible(const struct permit *permit) {
    return permit->is_possible;
}

gboolean permit_is_another_person(const struct permit *permit) {
    return permit->is_another_person;
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
gint64 permit_occurred_to_us(const struct permit *permit) {
    return permit->occurred_to_us;
}
gboolean permit_is_found_out(const struct permit *permit) {
    return permit->is_found_out;
}

gboolean permit_is_from_list(const struct permit *permit) {
    return permit->is_from_list;
}
gboolean permit_list_on_date(const struct permit *permit) {
    return permit->list_on_date;
}
const struct permit_now *permit_now(const struct permit *permit) {
    return permit->has_now ? &permit->now : NULL;
}
const struct permit_earlier *permit_earlier(const struct permit *permit) {
    return permit->has_earlier ? &permit->earlier : NULL;
}
