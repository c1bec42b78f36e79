#include "deliver/notice.h"

#include <string.h>

#include "base/text.h"
#include "base/time.h"
#include "catalogue.h"

/* A notice being said. */
struct saying {
    enum language language;
    GArray *lines;
};

static const char *say(enum language language, enum message key) {
    return catalogue[language][key];
}

static void line_clear(gpointer data) {
    g_free(((struct notice_line *)data)->text);
}

static void say_line(struct saying *s, int kind, const char *text) {
    const struct notice_line line = {.kind = kind, .text = g_strdup(text)};
    g_array_append_val(s->lines, line);
}

static void say_text(struct saying *s, const char *text) {
    say_line(s, LINE_TEXT, text);
}

static void say_strong(struct saying *s, const char *text) {
    say_line(s, LINE_STRONG, text);
}

static void say_link(struct saying *s, enum message before, enum message label, const char *url) {
    const struct notice_line line = {.kind = LINE_LINK,
                                     .text = g_strdup(say(s->language, before)),
                                     .label = say(s->language, label),
                                     .url = url};
    g_array_append_val(s->lines, line);
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

static void say_time(struct saying *s, enum message key, gint64 at_us, GTimeZone *zone,
                     gboolean day_only) {
    g_autofree char *words = time_in_words(s->language, at_us, zone, day_only);
    const char *const parts[] = {"time", words, NULL};
    g_autofree char *line = text_fill(say(s->language, key), parts, FALSE);
    say_text(s, line);
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

static void say_what(struct saying *s, const struct permit *permit) {
    const char *name = permit_person_name(permit);
    const char *const parts[] = {
        "person",   *name ? name : say(s->language, MESSAGE_PERSON_UNKNOWN),
        "Person",   *name ? name : say(s->language, MESSAGE_PERSON_UNKNOWN_START),
        "facility", permit_facility_name(permit),
        "detail",   permit_detail(permit),
        NULL};
    g_autofree char *what = text_fill(say(s->language, what_message(permit)), parts, FALSE);
    say_strong(s, what);
}

static void say_when(struct saying *s, const struct permit *permit) {
    const custody_kinds kind = KIND_BIT(permit_kind(permit));
    const gboolean from_list =
        (kind & (KIND_BIT(CUSTODY_LEFT_ROSTER) | KIND_BIT(CUSTODY_BACK_ON_ROSTER))) != 0;
    GTimeZone *zone = permit_zone(permit);

    if (permit_occurred_at_us(permit) != TIME_UNKNOWN && !(kind & KINDS_FEED))
        say_time(s, MESSAGE_WHEN_OCCURRED, permit_occurred_at_us(permit), zone,
                 permit_occurred_on_date(permit));
    else if (!from_list && !(kind & KINDS_FEED))
        say_text(s, say(s->language, MESSAGE_WHEN_UNKNOWN));
    if (permit_observed_at_us(permit) != TIME_UNKNOWN)
        say_time(s,
                 kind & KINDS_FEED ? MESSAGE_WHEN_NOTICED
                 : from_list       ? MESSAGE_WHEN_LIST
                                   : MESSAGE_WHEN_TOLD,
                 permit_observed_at_us(permit), zone, FALSE);
}

static void say_how(struct saying *s, const struct permit *permit) {
    static const enum message by_assertion[ASSERTION_N] = {MESSAGE_HOW_REPORTED, MESSAGE_HOW_INFERRED,
                                                           MESSAGE_HOW_CORRECTED};
    gboolean is_feed = (KIND_BIT(permit_kind(permit)) & KINDS_FEED) != 0;
    say_text(s, say(s->language, is_feed ? MESSAGE_HOW_FEED : by_assertion[permit_assertion(permit)]));
}

/* An agency is not in danger, and the hotline is not for it. */
static void say_what_to_do(struct saying *s, const struct permit *permit, gboolean is_agency) {
    const char *phone = permit_facility_phone(permit);
    const char *const parts[] = {"phone", phone, NULL};
    say_line(s, LINE_HEADING, say(s->language, MESSAGE_DO_HEAD));
    if (!is_agency && permit_kind(permit) != CUSTODY_DIED)
        say_text(s, say(s->language, MESSAGE_DO_DANGER));
    g_autofree char *call =
        text_fill(say(s->language, *phone ? MESSAGE_DO_CALL : MESSAGE_DO_CALL_UNKNOWN), parts, FALSE);
    say_text(s, call);
    if (!is_agency)
        say_text(s, say(s->language, MESSAGE_DO_HOTLINE));
}

static void say_alert(struct saying *s, const struct notice *n) {
    const struct permit *permit = n->permit;
    g_autofree char *minutes = g_strdup_printf("%u", n->remind_minutes);
    g_autofree char *hours = g_strdup_printf("%u", n->give_up_hours);
    const char *const parts[] = {"interval", minutes, "hours", hours, NULL};

    if (permit_is_possible(permit))
        say_text(s, say(s->language, MESSAGE_POSSIBLE));
    say_what(s, permit);
    if (!permit_is_another_person(permit)) { /* when and how are the other person's */
        say_when(s, permit);
        say_how(s, permit);
    }
    say_what_to_do(s, permit, n->receipt != NULL);
    say_link(s, MESSAGE_CONFIRM, MESSAGE_CONFIRM_LINK, n->confirm_url);
    g_autofree char *repeat = text_fill(say(s->language, MESSAGE_CONFIRM_REPEAT), parts, FALSE);
    say_text(s, repeat);
    if (n->stop_url)
        say_link(s, MESSAGE_STOP, MESSAGE_STOP_LINK, n->stop_url);
    if (n->receipt) {
        const char *const where[] = {"receipt", n->receipt, NULL};
        g_autofree char *receipt = text_fill(say(s->language, MESSAGE_RECEIPT), where, FALSE);
        say_text(s, receipt);
    }
}

GArray *notice_lines(const struct notice *n) {
    struct saying s = {.language = n->language,
                       .lines = g_array_new(FALSE, FALSE, sizeof(struct notice_line))};
    g_array_set_clear_func(s.lines, line_clear);
    switch (n->what) {
    case NOTICE_ALERT: say_alert(&s, n); break;
    case NOTICE_CODE:
        say_text(&s, say(s.language, MESSAGE_CODE));
        say_strong(&s, n->words);
        say_text(&s, say(s.language, MESSAGE_CODE_NOT_YOU));
        break;
    case NOTICE_ENDED: say_text(&s, say(s.language, MESSAGE_ENDED)); break;
    case NOTICE_PAGE: say_text(&s, n->words); break;
    }
    return s.lines;
}

const char *notice_subject(const struct notice *n) {
    switch (n->what) {
    case NOTICE_CODE: return say(n->language, MESSAGE_SUBJECT_CODE);
    case NOTICE_ENDED: return say(n->language, MESSAGE_SUBJECT_ENDED);
    case NOTICE_PAGE: return "Tocsin needs a person";
    case NOTICE_ALERT:
    default: return say(n->language, MESSAGE_SUBJECT);
    }
}
