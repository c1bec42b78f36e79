#include "deliver/email/message.h"

#include <string.h>

#include "base/text.h"
#include "base/time.h"
#include "catalogue.h"
#include "deliver/email/mime.h"

/* A message's body as it grows: the same paragraphs as text and as HTML. */
struct body {
    enum language language;
    GString *text, *html;
};

static const char *say(enum language language, enum message key) {
    return catalogue[language][key];
}

static void paragraph(struct body *body, const char *text) {
    g_string_append_printf(body->text, "%s\n\n", text);
    g_string_append(body->html, "<p>");
    text_append_html(body->html, text);
    g_string_append(body->html, "</p>\n");
}

static void heading(struct body *body, const char *text) {
    g_string_append_printf(body->text, "%s\n", text);
    g_string_append(body->html, "<h2 style=\"font-size:1.1em\">");
    text_append_html(body->html, text);
    g_string_append(body->html, "</h2>\n");
}

static void strong(struct body *body, const char *text) {
    g_string_append_printf(body->text, "%s\n\n", text);
    g_string_append(body->html, "<p style=\"font-size:1.25em\"><strong>");
    text_append_html(body->html, text);
    g_string_append(body->html, "</strong></p>\n");
}

static void link_line(struct body *body, const char *before, const char *label, const char *url) {
    g_string_append_printf(body->text, "%s\n%s\n\n", before, url);
    g_string_append(body->html, "<p>");
    text_append_html(body->html, before);
    g_string_append(body->html, " <a href=\"");
    text_append_html(body->html, url);
    g_string_append(body->html, "\">");
    text_append_html(body->html, label);
    g_string_append(body->html, "</a></p>\n");
}

static struct body begin(enum language language) {
    struct body body = {language, g_string_new(NULL), g_string_new(NULL)};
    g_string_append_printf(body.html,
                           "<!doctype html><html lang=\"%s\"><body style=\"font-family:sans-serif;"
                           "font-size:16px;line-height:1.5;max-width:36em\">\n",
                           language_name(language));
    return body;
}

static GBytes *finish(struct body *body, const char *subject, const struct deliver_envelope *envelope) {
    g_string_append(body->html, "</body></html>\n");
    GBytes *message = mime_message(subject, body->text->str, body->html->str, envelope);
    g_string_free(body->text, TRUE);
    g_string_free(body->html, TRUE);
    return message;
}

/* ── Times in people's words ───────────────────────────────────────────────────────────────────── */

static char *pick(const char *list, int index) {
    g_auto(GStrv) words = g_strsplit(list, "|", -1);
    return g_strdup((guint)index < g_strv_length(words) ? words[index] : "");
}

static char *time_in_words(enum language language, gint64 at_us, GTimeZone *zone, gboolean day_only) {
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(at_us / SECOND_US);
    g_autoptr(GDateTime) local = utc ? g_date_time_to_timezone(utc, zone) : NULL;
    if (!local)
        return g_strdup("");
    g_autofree char *weekday =
        pick(say(language, MESSAGE_WEEKDAYS), g_date_time_get_day_of_week(local) - 1);
    g_autofree char *month = pick(say(language, MESSAGE_MONTHS), g_date_time_get_month(local) - 1);
    g_autofree char *day = g_strdup_printf("%d", g_date_time_get_day_of_month(local));
    g_autofree char *year = g_strdup_printf("%d", g_date_time_get_year(local));
    const char *const date_parts[] = {"weekday", weekday, "month", month, "day",
                                      day,       "year",  year,    NULL};
    char *date = text_fill(say(language, MESSAGE_DATE), date_parts, FALSE);
    if (day_only)
        return date;
    int hour = g_date_time_get_hour(local);
    g_autofree char *hour12 = g_strdup_printf("%d", hour % 12 ? hour % 12 : 12);
    g_autofree char *minute = g_strdup_printf("%02d", g_date_time_get_minute(local));
    const char *const parts[] = {"date",   date,
                                 "hour12", hour12,
                                 "minute", minute,
                                 "ampm",   hour < 12 ? "a.m." : "p.m.",
                                 "zone",   g_date_time_get_timezone_abbreviation(local),
                                 NULL};
    char *text = text_fill(say(language, MESSAGE_DATE_TIME), parts, FALSE);
    g_free(date);
    return text;
}

static void say_time(struct body *body, enum message key, gint64 at_us, GTimeZone *zone,
                     gboolean day_only) {
    g_autofree char *words = time_in_words(body->language, at_us, zone, day_only);
    const char *const parts[] = {"time", words, NULL};
    g_autofree char *line = text_fill(say(body->language, key), parts, FALSE);
    paragraph(body, line);
}

/* ── The alert ─────────────────────────────────────────────────────────────────────────────────── */

static enum message what_message(const struct permit *permit) {
    static const enum message by_kind[CUSTODY_N_KINDS] = {
        [CUSTODY_BOOKED] = MESSAGE_WHAT_BOOKED,
        [CUSTODY_RELEASED] = MESSAGE_WHAT_RELEASED,
        [CUSTODY_TRANSFERRED] = MESSAGE_WHAT_TRANSFERRED,
        [CUSTODY_ESCAPED] = MESSAGE_WHAT_ESCAPED,
        [CUSTODY_RECAPTURED] = MESSAGE_WHAT_RECAPTURED,
        [CUSTODY_DIED] = MESSAGE_WHAT_DIED,
        [CUSTODY_TEMPORARY_ABSENCE] = MESSAGE_WHAT_TEMPORARY_ABSENCE,
        [CUSTODY_RETURNED] = MESSAGE_WHAT_RETURNED,
        [CUSTODY_LEFT_ROSTER] = MESSAGE_WHAT_LEFT_ROSTER,
        [CUSTODY_BACK_ON_ROSTER] = MESSAGE_WHAT_BACK_ON_ROSTER,
        [CUSTODY_STATUS_CHANGED] = MESSAGE_WHAT_STATUS_CHANGED,
        [CUSTODY_CORRECTED] = MESSAGE_WHAT_CORRECTED,
        [CUSTODY_FEED_SILENT] = MESSAGE_WHAT_FEED_SILENT,
        [CUSTODY_FEED_RESTORED] = MESSAGE_WHAT_FEED_RESTORED,
    };
    if (permit_is_another_person(permit))
        return MESSAGE_WHAT_ANOTHER_PERSON;
    if (permit_is_unclear(permit))
        return MESSAGE_WHAT_UNCLEAR;
    if (permit_kind(permit) == CUSTODY_TRANSFERRED && *permit_detail(permit))
        return MESSAGE_WHAT_TRANSFERRED_FROM;
    return by_kind[permit_kind(permit)];
}

static void say_what(struct body *body, const struct permit *permit) {
    const char *name = permit_person_name(permit);
    const char *const parts[] = {
        "person",   *name ? name : say(body->language, MESSAGE_PERSON_UNKNOWN),
        "Person",   *name ? name : say(body->language, MESSAGE_PERSON_UNKNOWN_START),
        "facility", permit_facility_name(permit),
        "detail",   permit_detail(permit),
        NULL};
    g_autofree char *what = text_fill(say(body->language, what_message(permit)), parts, FALSE);
    strong(body, what);
}

static void say_when(struct body *body, const struct permit *permit) {
    const custody_kinds kind = KIND_BIT(permit_kind(permit));
    const gboolean from_list =
        (kind & (KIND_BIT(CUSTODY_LEFT_ROSTER) | KIND_BIT(CUSTODY_BACK_ON_ROSTER))) != 0;
    GTimeZone *zone = permit_zone(permit);

    if (permit_occurred_at_us(permit) != TIME_UNKNOWN && !(kind & KINDS_FEED))
        say_time(body, MESSAGE_WHEN_OCCURRED, permit_occurred_at_us(permit), zone,
                 permit_occurred_on_date(permit));
    else if (!from_list && !(kind & KINDS_FEED))
        paragraph(body, say(body->language, MESSAGE_WHEN_UNKNOWN));
    if (permit_observed_at_us(permit) != TIME_UNKNOWN)
        say_time(body,
                 kind & KINDS_FEED ? MESSAGE_WHEN_NOTICED
                 : from_list       ? MESSAGE_WHEN_LIST
                                   : MESSAGE_WHEN_TOLD,
                 permit_observed_at_us(permit), zone, FALSE);
}

static void say_how(struct body *body, const struct permit *permit) {
    static const enum message by_assertion[ASSERTION_N] = {MESSAGE_HOW_REPORTED, MESSAGE_HOW_INFERRED,
                                                           MESSAGE_HOW_CORRECTED};
    gboolean is_feed = (KIND_BIT(permit_kind(permit)) & KINDS_FEED) != 0;
    paragraph(body,
              say(body->language, is_feed ? MESSAGE_HOW_FEED : by_assertion[permit_assertion(permit)]));
}

/* An agency is not in danger, and the hotline is not for it. */
static void say_what_to_do(struct body *body, const struct permit *permit, gboolean is_agency) {
    const char *phone = permit_facility_phone(permit);
    const char *const parts[] = {"phone", phone, NULL};
    heading(body, say(body->language, MESSAGE_DO_HEAD));
    if (!is_agency && permit_kind(permit) != CUSTODY_DIED)
        paragraph(body, say(body->language, MESSAGE_DO_DANGER));
    g_autofree char *call = text_fill(
        say(body->language, *phone ? MESSAGE_DO_CALL : MESSAGE_DO_CALL_UNKNOWN), parts, FALSE);
    paragraph(body, call);
    if (!is_agency)
        paragraph(body, say(body->language, MESSAGE_DO_HOTLINE));
}

GBytes *deliver_alert_message(const struct permit *permit, const struct deliver_envelope *envelope) {
    struct body body = begin(permit_language(permit));
    g_autofree char *minutes = g_strdup_printf("%u", envelope->remind_minutes);
    g_autofree char *hours = g_strdup_printf("%u", envelope->give_up_hours);
    const char *const parts[] = {"interval", minutes, "hours", hours, NULL};

    if (permit_is_possible(permit))
        paragraph(&body, say(body.language, MESSAGE_POSSIBLE));
    say_what(&body, permit);
    if (!permit_is_another_person(permit)) { /* when and how are the other person's */
        say_when(&body, permit);
        say_how(&body, permit);
    }
    say_what_to_do(&body, permit, envelope->receipt != NULL);
    link_line(&body, say(body.language, MESSAGE_CONFIRM), say(body.language, MESSAGE_CONFIRM_LINK),
              envelope->confirm_url);
    g_autofree char *repeat = text_fill(say(body.language, MESSAGE_CONFIRM_REPEAT), parts, FALSE);
    paragraph(&body, repeat);
    if (envelope->stop_url)
        link_line(&body, say(body.language, MESSAGE_STOP), say(body.language, MESSAGE_STOP_LINK),
                  envelope->stop_url);
    if (envelope->receipt) {
        const char *const where[] = {"receipt", envelope->receipt, NULL};
        g_autofree char *receipt = text_fill(say(body.language, MESSAGE_RECEIPT), where, FALSE);
        paragraph(&body, receipt);
    }
    return finish(&body, say(body.language, MESSAGE_SUBJECT), envelope);
}

GBytes *deliver_code_message(enum language language, const char *code,
                             const struct deliver_envelope *envelope) {
    struct body body = begin(language);
    paragraph(&body, say(language, MESSAGE_CODE));
    strong(&body, code);
    paragraph(&body, say(language, MESSAGE_CODE_NOT_YOU));
    return finish(&body, say(language, MESSAGE_SUBJECT_CODE), envelope);
}

GBytes *deliver_ended_message(enum language language, const struct deliver_envelope *envelope) {
    struct body body = begin(language);
    paragraph(&body, say(language, MESSAGE_ENDED));
    return finish(&body, say(language, MESSAGE_SUBJECT_ENDED), envelope);
}

GBytes *deliver_page_message(const char *text, const struct deliver_envelope *envelope) {
    struct body body = begin(LANGUAGE_EN);
    paragraph(&body, text);
    return finish(&body, "Tocsin needs a person", envelope);
}

char *deliver_message_id(const struct deliver_envelope *envelope, guint reminder) {
    return g_strdup_printf("<%s.%u@%s>", envelope->alert_id, reminder, envelope->host);
}
