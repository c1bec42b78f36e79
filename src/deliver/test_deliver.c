/* From a match through the gate to a message on disk. */
#include <glib/gstdio.h>
#include <string.h>

#include "base/time.h"
#include "deliver/channel.h"
#include "deliver/email/email.h"
#include "deliver/notice.h"
#include "deliver/schedule.h"
#include "disclose/disclose.h"
#include "people/fold.h"
#include "watch/registration.h"

static const gint64 now = G_GINT64_CONSTANT(1746547200000000); /* 2025-05-06T16:00Z */

/* ── Watch and match ── */

static struct watch_registration active(void) {
    return (struct watch_registration){.person_key = "7",
                                       .kinds = KINDS_DEFAULT,
                                       .confirmed_at_us = now - DAY_US,
                                       .expires_at_us = now + DAY_US,
                                       .ended_at_us = TIME_UNKNOWN};
}

static void only_confirmed_registrations_in_force_match(void) {
    struct custody_event event = {.kind = CUSTODY_RELEASED, .booking_key = "b"};
    struct watch_registration r = active();
    g_assert_cmpint(match_registration(&event, &r, FALSE, now), ==, MATCH_ASKED);
    r.confirmed_at_us = TIME_UNKNOWN;
    g_assert_cmpint(match_registration(&event, &r, FALSE, now), ==, MATCH_NONE);
    r = active();
    r.ended_at_us = now;
    g_assert_cmpint(match_registration(&event, &r, FALSE, now), ==, MATCH_NONE);
    r = active();
    r.expires_at_us = now;
    g_assert_cmpint(match_registration(&event, &r, FALSE, now), ==, MATCH_NONE);
}

static void whoever_was_told_is_told_of_the_correction(void) {
    struct custody_event event = {.kind = CUSTODY_BACK_ON_ROSTER, .booking_key = "b"};
    struct watch_registration r = active();
    r.kinds = KIND_BIT(CUSTODY_LEFT_ROSTER);
    g_assert_cmpint(match_registration(&event, &r, FALSE, now), ==, MATCH_NONE);
    g_assert_cmpint(match_registration(&event, &r, TRUE, now), ==, MATCH_CORRECTION);
    event.is_late = TRUE;
    g_assert_cmpint(match_registration(&event, &r, TRUE, now), ==, MATCH_NONE);
}

static void an_unclear_event_reaches_whoever_waits_for_a_release(void) {
    struct custody_event event = {
        .kind = CUSTODY_STATUS_CHANGED, .is_unclear = TRUE, .booking_key = "b"};
    struct watch_registration r = active();
    g_assert_cmpint(match_registration(&event, &r, FALSE, now), ==, MATCH_UNCLEAR);
    r.kinds = KIND_BIT(CUSTODY_BOOKED);
    g_assert_cmpint(match_registration(&event, &r, FALSE, now), ==, MATCH_NONE);
}

static void a_registration_on_a_booking_ignores_others(void) {
    struct custody_event event = {.kind = CUSTODY_RELEASED, .booking_key = "b2"};
    struct watch_registration r = active();
    r.booking_key = "b1";
    g_assert_cmpint(match_registration(&event, &r, FALSE, now), ==, MATCH_NONE);
}

static void requests_are_checked_field_by_field(void) {
    const struct watch_request good = {
        .person_key = "7", .contact = "ana@example.org", .pin = "4711", .language = "es"};
    struct watch_registration r;
    g_assert_true(watch_request_check(&good, now, &r, NULL));
    g_assert_cmpint(r.language, ==, LANGUAGE_ES);
    struct watch_request bad[] = {good, good, good, good, good, good};
    static const char *const fields[] = {"pin", "pin", "language", "relation", "expires", "kind"};
    bad[0].pin = "47a1";
    bad[1].pin = NULL;
    bad[2].language = "xx";
    bad[3].relation = "stranger";
    bad[4].expires = "2020-01-01";
    bad[5].kinds = "everything";
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(watch_request_check(&bad[i], now, &r, &error));
        g_assert_nonnull(strstr(error->message, fields[i]));
    }
}

static void addresses_that_could_be_commands_are_refused(void) {
    static const char *const wrong[] = {
        "",          "a",      "@b.c",     "a@",      "-a@b.c",
        "a b@c.d",   "a@b c",  "a@b.c\n",  "<a@b.c>", "a@b.c,d@e.f",
        "\"a\"@b.c", "a@-b.c", "a..b@c.d", "a@b.c.",  "ana@example.org\r\nBcc: x@y.z"};
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++)
        if (strcmp(wrong[i], "a@b.c\n") != 0)
            g_assert_null(channel_email.normal(wrong[i], NULL));
    g_autofree char *normal = channel_email.normal("  Ana+x@EXAMPLE.org ", NULL);
    g_assert_cmpstr(normal, ==, "Ana+x@example.org");
}

static void names_fold_to_letters(void) {
    static const char *const cases[][2] = {{"O\xE2\x80\x99"
                                            "Brien-N\xC3\xBA\xC3\xB1"
                                            "ez, Mar\xC3\xAD"
                                            "a",
                                            "obrien nunez maria"},
                                           {"  DE LA  Palma ", "de la palma"},
                                           {"M\xC3\x9CLLER", "muller"},
                                           {"...", ""},
                                           {"\xFF\xFE", ""}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *folded = people_fold(cases[i][0]);
        g_assert_cmpstr(folded, ==, cases[i][1]);
    }
}

/* ── The gate ── */

static const struct permit_now held_now = {.standing = STANDING_HELD,
                                           .kind = CUSTODY_N_KINDS,
                                           .facility_name = "North Jail",
                                           .from_us = TIME_UNKNOWN,
                                           .to_us = TIME_UNKNOWN};

static struct disclose_facts facts_of(enum custody_kind kind) {
    return (struct disclose_facts){.kind = kind,
                                   .now = kind == CUSTODY_AS_KNOWN ? &held_now : NULL,
                                   .assertion = kind == CUSTODY_LEFT_ROSTER ? ASSERTION_INFERRED
                                                                            : ASSERTION_REPORTED,
                                   .person_name = "Wren Poplar",
                                   .facility_name = "North Jail",
                                   .facility_phone = "555-0100",
                                   .detail = kind == CUSTODY_STATUS_CHANGED ? "sentenced" : "",
                                   .zone = g_time_zone_new_identifier("America/Denver"),
                                   .occurred_at_us = TIME_UNKNOWN,
                                   .observed_at_us = now};
}

static struct disclose_gate *gate;

static struct permit *ask_on(struct disclose_facts facts, const struct disclose_recipient *recipient,
                             const char **rule) {
    struct policy_request request;
    struct policy_decision decision;
    struct permit *permit = disclose_alert(gate, &facts, recipient, now, &request, &decision);
    *rule = policy_decision_rule(disclose_gate_policy(gate), &decision);
    g_time_zone_unref(facts.zone);
    return permit;
}

static struct permit *ask(struct disclose_facts facts, enum match_reason reason) {
    const char *rule;
    const struct disclose_recipient recipient = {.reason = reason};
    return ask_on(facts, &recipient, &rule);
}

static void sealed_record_yields_no_permit(void) {
    static const struct {
        guint flags;
        gboolean is_verified;
        const char *rule; /* NULL: permitted */
    } cases[] = {{SUBJECT_SEALED, FALSE, "sealed-record"},
                 {SUBJECT_SEALED, TRUE, "sealed-record"},
                 {SUBJECT_SEALED | SUBJECT_PROTECTED, TRUE, "sealed-record"},
                 {SUBJECT_JUVENILE, FALSE, "juvenile-record"},
                 {SUBJECT_JUVENILE, TRUE, NULL}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *rule;
        const struct disclose_recipient recipient = {.reason = MATCH_ASKED,
                                                     .is_role_verified = cases[i].is_verified};
        struct disclose_facts facts = facts_of(CUSTODY_RELEASED);
        facts.subject_flags = cases[i].flags;
        struct permit *permit = ask_on(facts, &recipient, &rule);
        g_assert_cmpint(permit != NULL, ==, cases[i].rule == NULL);
        if (cases[i].rule)
            g_assert_cmpstr(rule, ==, cases[i].rule);
        else
            g_assert_cmpstr(permit_person_name(permit), ==, "");
        permit_free(permit);
    }
}

static void no_match_yields_no_permit(void) {
    const char *rule;
    const struct disclose_recipient nobody = {.reason = MATCH_NONE};
    g_assert_null(ask_on(facts_of(CUSTODY_RELEASED), &nobody, &rule));
    g_assert_nonnull(rule);
}

static void an_agency_gets_a_permit_on_a_judges_process_only(void) {
    static const struct {
        struct disclose_agency agency;
        gboolean is_permitted;
    } cases[] = {
        {{"local_law_enforcement", "criminal_investigation", "judicial_warrant"}, TRUE},
        {{"local_law_enforcement", "criminal_investigation", "administrative_subpoena"}, FALSE},
        {{"local_law_enforcement", "immigration_enforcement", "judicial_warrant"}, FALSE},
        {{"immigration_agency", "criminal_investigation", "judicial_warrant"}, FALSE},
        {{"local_law_enforcement", "criminal_investigation", "a word of nobody"}, FALSE}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *rule;
        const struct disclose_recipient recipient = {.reason = MATCH_ASKED, .agency = &cases[i].agency};
        struct permit *permit = ask_on(facts_of(CUSTODY_RELEASED), &recipient, &rule);
        g_assert_cmpint(permit != NULL, ==, cases[i].is_permitted);
        if (permit)
            g_assert_cmpstr(permit_detail(permit), ==, "");
        permit_free(permit);
    }
}

static void a_policy_without_the_programs_words_is_refused(void) {
    static const struct policy_text texts[] = {
        {POLICY_VOCABULARY, "vocabulary.yaml",
         "recipient: [{word: unknown}]\npurpose: [{word: unknown}]\nbasis: [{word: unknown}]\n"
         "data: [{word: unknown}]\nmode: [{word: unknown}]\nflag: [{word: unknown}]\n"
         "jurisdiction: [{word: unknown}]\nfield: [{word: name}]\nobligation: [{word: log}]\n",
         250}};
    struct policy_text text = texts[0];
    g_autoptr(GError) error = NULL;
    text.n = strlen(text.text);
    struct policy *policy = policy_parse(&text, 1, &error);
    g_assert_no_error(error);
    g_assert_null(disclose_gate_new(policy, "unknown", &error));
    g_assert_nonnull(strstr(error->message, "registrant"));
}

/* ── Messages ── */

/* Mail as it is set up where site.yaml says nothing, from an address of example.org. */
static struct email_settings *settings_of_example(void) {
    static struct email_settings *s;
    if (!s) {
        const struct base_yaml_source source = {.name = "site.yaml", .text = ""};
        s = channel_email.settings(&source, NULL, NULL);
        g_free(s->from_address);
        s->from_address = g_strdup("notices@example.org");
    }
    return s;
}

static const struct notice example = {.to = "ana@example.org",
                                      .id = "abc123",
                                      .date_at_us = G_GINT64_CONSTANT(1746547200000000),
                                      .confirm_url = "https://x.test/c/t.m",
                                      .stop_url = "https://x.test/u/t.m",
                                      .remind_minutes = 30,
                                      .give_up_hours = 48};

static GBytes *render_alert(const struct permit *permit, enum language language) {
    struct notice notice = example;
    notice.what = NOTICE_ALERT;
    notice.permit = permit;
    notice.language = language;
    return channel_email.render(&notice, settings_of_example(), NULL);
}

/* Headers and, decoded, the text part. */
static char *message_text(GBytes *message) {
    gsize n;
    const char *data = g_bytes_get_data(message, &n);
    g_autofree char *whole = g_strndup(data, n);
    char *html = strstr(whole, "Content-Type: text/html");
    g_assert_nonnull(html);
    *html = 0;
    GString *out = g_string_new(NULL);
    for (const char *p = whole; *p; p++)
        if (*p == '=' && p[1] == '\r') {
            p += 2;
        } else if (*p == '=' && g_ascii_isxdigit(p[1]) && g_ascii_isxdigit(p[2])) {
            g_string_append_c(out,
                              (char)(g_ascii_xdigit_value(p[1]) * 16 + g_ascii_xdigit_value(p[2])));
            p += 2;
        } else {
            g_string_append_c(out, *p);
        }
    return g_string_free(out, FALSE);
}

static char *alert_text(enum custody_kind kind, enum language language) {
    struct permit *permit = ask(facts_of(kind), MATCH_ASKED);
    g_autoptr(GBytes) message = render_alert(permit, language);
    permit_free(permit);
    return message_text(message);
}

static void every_kind_says_what_when_how_and_what_to_do(void) {
    for (int language = 0; language < LANGUAGE_N; language++)
        for (int kind = 0; kind < CUSTODY_N_KINDS; kind++) {
            g_autofree char *text = alert_text((enum custody_kind)kind, (enum language)language);
            g_assert_nonnull(strstr(text, "North Jail"));
            g_assert_nonnull(strstr(text, "1-800-799-7233"));
            g_assert_nonnull(strstr(text, "https://x.test/c/t.m"));
            g_assert_nonnull(strstr(text, "https://x.test/u/t.m"));
            g_assert_nonnull(strstr(text, language == LANGUAGE_EN ? "How we know" : "sabemos"));
            g_assert_nonnull(strstr(text, "2025"));
            g_assert_null(strchr(strstr(text, "\r\n\r\n"), '{'));
        }
}

static void only_a_reported_release_says_released(void) {
    for (int kind = 0; kind < CUSTODY_N_KINDS; kind++) {
        g_autofree char *text = alert_text((enum custody_kind)kind, LANGUAGE_EN);
        g_assert_cmpint(strstr(text, "was released") != NULL, ==, kind == CUSTODY_RELEASED);
        g_autofree char *spanish = alert_text((enum custody_kind)kind, LANGUAGE_ES);
        g_assert_cmpint(strstr(spanish, "salió en libertad") != NULL, ==, kind == CUSTODY_RELEASED);
    }
}

static void subject_and_sender_say_nothing(void) {
    for (int kind = 0; kind < CUSTODY_N_KINDS; kind++) {
        g_autofree char *text = alert_text((enum custody_kind)kind, LANGUAGE_EN);
        strstr(text, "\r\n\r\n")[0] = 0;
        g_assert_nonnull(strstr(text, "Subject: New notice\r\n"));
        g_assert_nonnull(strstr(text, "List-Unsubscribe: <https://x.test/u/t.m>\r\n"));
        g_assert_nonnull(strstr(text, "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"));
        g_assert_nonnull(strstr(text, "Message-ID: <abc123.0@example.org>\r\n"));
        g_assert_null(strstr(text, "Wren"));
        g_assert_null(strstr(text, "Jail"));
    }
}

static void protected_people_are_not_named(void) {
    struct disclose_facts facts = facts_of(CUSTODY_RELEASED);
    facts.subject_flags = SUBJECT_PROTECTED;
    struct permit *permit = ask(facts, MATCH_ASKED);
    g_autoptr(GBytes) message = render_alert(permit, LANGUAGE_EN);
    g_autofree char *text = message_text(message);
    g_assert_null(strstr(text, "Wren"));
    g_assert_nonnull(strstr(text, "The person you asked about was released"));
    permit_free(permit);
}

static void a_hostile_name_stays_text(void) {
    struct disclose_facts facts = facts_of(CUSTODY_RELEASED);
    facts.person_name = "<script>alert(1)</script>";
    struct permit *permit = ask(facts, MATCH_ASKED);
    g_autoptr(GBytes) message = render_alert(permit, LANGUAGE_EN);
    gsize n;
    g_autofree char *whole = g_strndup(g_bytes_get_data(message, &n), g_bytes_get_size(message));
    char *html = strstr(whole, "Content-Type: text/html");
    g_assert_null(strstr(html, "<script"));
    permit_free(permit);
}

static void a_reminder_refers_to_the_first_message(void) {
    struct notice reminder = example;
    reminder.what = NOTICE_ENDED;
    reminder.reminder = 2;
    g_autoptr(GBytes) message = channel_email.render(&reminder, settings_of_example(), NULL);
    g_autofree char *text = message_text(message);
    g_assert_nonnull(strstr(text, "Message-ID: <abc123.2@example.org>\r\n"));
    g_assert_nonnull(strstr(text, "References: <abc123.0@example.org>\r\n"));
}

/* ── Schedule and Maildir ── */

static void tries_follow_the_schedule_to_a_person(void) {
    const struct deliver_schedule *s = &deliver_default_schedule;
    struct deliver_plan plan = deliver_plan_next(s, DELIVER_HANDED_OVER, 0, TRUE, now, now);
    g_assert_cmpint(plan.next_at_us, ==, now + 30 * MINUTE_US); /* a reminder */
    plan = deliver_plan_next(s, DELIVER_HANDED_OVER, 0, FALSE, now, now);
    g_assert_cmpint(plan.next_at_us, ==, TIME_UNKNOWN);
    plan = deliver_plan_next(s, DELIVER_TRY_LATER, 1, TRUE, now, now);
    g_assert_cmpint(plan.next_at_us, ==, now + MINUTE_US);
    plan = deliver_plan_next(s, DELIVER_AMBIGUOUS, 40, TRUE, now, now);
    g_assert_cmpint(plan.next_at_us, ==, now + 30 * MINUTE_US);
    plan = deliver_plan_next(s, DELIVER_REFUSED, 1, TRUE, now, now);
    g_assert_true(plan.needs_person);
    plan = deliver_plan_next(s, DELIVER_HANDED_OVER, 0, TRUE, now, now + 48 * HOUR_US);
    g_assert_true(plan.needs_person);
    g_assert_cmpint(plan.next_at_us, ==, TIME_UNKNOWN);
}

static void a_message_tried_again_replaces_itself(void) {
    g_autofree char *dir = g_dir_make_tmp("tocsin-mail-XXXXXX", NULL);
    g_autofree char *folder = g_build_filename(dir, "new", NULL);
    struct channel *channel = email_open_maildir(dir, NULL);
    g_autoptr(GBytes) message = g_bytes_new_static("hello\r\n", 7);
    guint n = 0;
    for (int i = 0; i < 3; i++) {
        g_autofree char *answer = NULL;
        g_assert_cmpint(channel->send(channel, "d@e.f", i == 2 ? "k2" : "k1", message, &answer), ==,
                        DELIVER_HANDED_OVER);
    }
    g_autoptr(GDir) open = g_dir_open(folder, 0, NULL);
    while (g_dir_read_name(open))
        n++;
    g_assert_cmpuint(n, ==, 2);
    channel->free(channel);
}

/* ── What a policy withholds ── */

/* A gate of the baseline and one rule more. */
static struct disclose_gate *gate_with(const char *rule) {
    g_autofree char *folder = g_dir_make_tmp("tocsin-policy-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(folder, "rules.yaml", NULL);
    g_autofree char *text = g_strconcat("extends: baseline\nrules:\n", rule, NULL);
    g_autoptr(GError) error = NULL;
    g_assert_true(g_file_set_contents(file, text, -1, NULL));
    struct policy *policy = policy_load(folder, NULL, &error);
    g_assert_no_error(error);
    struct disclose_gate *strict = disclose_gate_new(policy, "local", &error);
    g_assert_no_error(error);
    g_assert_cmpint(g_remove(file) | g_remove(folder), ==, 0);
    return strict;
}

static void what_is_withheld_is_in_no_permit(void) {
    struct disclose_facts facts = facts_of(CUSTODY_TRANSFERRED);
    facts.detail = NULL;
    struct permit *permit = ask(facts, MATCH_ASKED);
    g_assert_cmpstr(permit_detail(permit), ==, ""); /* may be told, and is not known */
    g_assert_cmpint(permit_observed_at_us(permit), ==, facts.observed_at_us);
    permit_free(permit);
    struct disclose_gate *usual = gate;
    gate = gate_with("- {forbid: terse, cite: c, when: {data: [custody_status]}, "
                     "fields: [times, facility]}\n");
    facts = facts_of(CUSTODY_TRANSFERRED);
    permit = ask(facts, MATCH_ASKED);
    g_assert_cmpint(permit_occurred_at_us(permit), ==, TIME_UNKNOWN);
    g_assert_cmpint(permit_observed_at_us(permit), ==, TIME_UNKNOWN);
    g_assert_cmpstr(permit_facility_name(permit), ==, "");
    g_assert_cmpstr(permit_person_name(permit), ==, facts.person_name);
    permit_free(permit);
    disclose_gate_unref(gate);
    gate = usual;
}

static void a_look_up_shows_what_the_policy_lets_the_public_see(void) {
    static const guint flags[] = {0, SUBJECT_SEALED, SUBJECT_JUVENILE, SUBJECT_PROTECTED};
    struct disclose_view view;
    for (guint i = 0; i < G_N_ELEMENTS(flags); i++)
        g_assert_cmpint(disclose_look_up(gate, flags[i], now, &view), ==, flags[i] == 0);
    g_assert_true(disclose_look_up(gate, 0, now, &view));
    g_assert_true(view.name && view.facility && view.birth_year && view.booking_number);
    struct disclose_gate *strict =
        gate_with("- {forbid: f, cite: c, when: {mode: [lookup]}, fields: [facility, birth_year]}\n");
    g_assert_true(disclose_look_up(strict, 0, now, &view));
    g_assert_true(view.name && view.booking_number && !view.facility && !view.birth_year);
    disclose_gate_unref(strict);
    strict = gate_with(
        "- {forbid: f, cite: c, when: {mode: [lookup]}, fields: [name]}\n"); /* nobody is found by
                                                                                nothing */
    g_assert_false(disclose_look_up(strict, 0, now, &view));
    disclose_gate_unref(strict);
}

static void a_jurisdiction_that_the_policy_lacks_is_refused(void) {
    g_autoptr(GError) error = NULL;
    g_assert_null(disclose_gate_new(policy_load("baseline", NULL, NULL), "moon", &error));
    g_assert_nonnull(strstr(error->message, "moon"));
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    gate = disclose_gate_new(policy_load("baseline", NULL, NULL), "local", NULL);
    g_assert_nonnull(gate);
    g_test_add_func("/match/active", only_confirmed_registrations_in_force_match);
    g_test_add_func("/match/correction", whoever_was_told_is_told_of_the_correction);
    g_test_add_func("/match/unclear", an_unclear_event_reaches_whoever_waits_for_a_release);
    g_test_add_func("/match/booking", a_registration_on_a_booking_ignores_others);
    g_test_add_func("/watch/requests", requests_are_checked_field_by_field);
    g_test_add_func("/watch/addresses", addresses_that_could_be_commands_are_refused);
    g_test_add_func("/people/fold", names_fold_to_letters);
    g_test_add_func("/disclose/sealed", sealed_record_yields_no_permit);
    g_test_add_func("/disclose/no_match", no_match_yields_no_permit);
    g_test_add_func("/disclose/agency", an_agency_gets_a_permit_on_a_judges_process_only);
    g_test_add_func("/disclose/words", a_policy_without_the_programs_words_is_refused);
    g_test_add_func("/disclose/withheld", what_is_withheld_is_in_no_permit);
    g_test_add_func("/disclose/look-up", a_look_up_shows_what_the_policy_lets_the_public_see);
    g_test_add_func("/disclose/jurisdiction", a_jurisdiction_that_the_policy_lacks_is_refused);
    g_test_add_func("/message/kinds", every_kind_says_what_when_how_and_what_to_do);
    g_test_add_func("/message/released", only_a_reported_release_says_released);
    g_test_add_func("/message/neutral", subject_and_sender_say_nothing);
    g_test_add_func("/message/protected", protected_people_are_not_named);
    g_test_add_func("/message/hostile", a_hostile_name_stays_text);
    g_test_add_func("/message/reminder", a_reminder_refers_to_the_first_message);
    g_test_add_func("/schedule", tries_follow_the_schedule_to_a_person);
    g_test_add_func("/maildir", a_message_tried_again_replaces_itself);
    const int failed = g_test_run();
    disclose_gate_unref(gate);
    return failed;
}
