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

static const enum message what_by_kind[CUSTODY_N_KINDS] = {
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
    [CUSTODY_AS_KNOWN] = MESSAGE_NOW_UNKNOWN,
};

/* What was told before, for who must be told what holds no more. */
static const enum message told_by_kind[CUSTODY_N_KINDS] = {
    [CUSTODY_BOOKED] = MESSAGE_TOLD_BOOKED,           [CUSTODY_RELEASED] = MESSAGE_TOLD_RELEASED,
    [CUSTODY_TRANSFERRED] = MESSAGE_TOLD_TRANSFERRED, [CUSTODY_ESCAPED] = MESSAGE_TOLD_ESCAPED,
    [CUSTODY_RECAPTURED] = MESSAGE_TOLD_IN,           [CUSTODY_DIED] = MESSAGE_TOLD_DIED,
    [CUSTODY_TEMPORARY_ABSENCE] = MESSAGE_TOLD_OTHER, [CUSTODY_RETURNED] = MESSAGE_TOLD_IN,
    [CUSTODY_LEFT_ROSTER] = MESSAGE_TOLD_LEFT_ROSTER, [CUSTODY_BACK_ON_ROSTER] = MESSAGE_TOLD_IN,
    [CUSTODY_STATUS_CHANGED] = MESSAGE_TOLD_OTHER,    [CUSTODY_CORRECTED] = MESSAGE_TOLD_OTHER,
    [CUSTODY_FEED_SILENT] = MESSAGE_TOLD_OTHER,       [CUSTODY_FEED_RESTORED] = MESSAGE_TOLD_OTHER,
    [CUSTODY_AS_KNOWN] = MESSAGE_TOLD_OTHER,
};

static gboolean is_ending(const struct permit *permit) {
    return (KIND_BIT(permit_kind(permit)) & KINDS_OUT) ||
           (permit_kind(permit) == CUSTODY_TRANSFERRED && !permit_is_within(permit));
}

/* Whether an ending says more than what is believed, which then stands beside it: `is_more` of
 * match/match.c. What nobody can believe at once is not told without it. */
static gboolean says_more(enum custody_kind ending, const struct permit_now *now) {
    return now->is_doubtful || (now->standing != STANDING_DEAD && ending != CUSTODY_LEFT_ROSTER &&
                                (ending != CUSTODY_TRANSFERRED || now->standing == STANDING_GONE));
}

/* Whether what is believed is all it has to say: nothing happened, or it says less. */
static gboolean says_now(const struct permit *permit) {
    const enum custody_kind kind = permit_kind(permit);
    const struct permit_now *now = permit_now(permit);
    if (kind == CUSTODY_CORRECTED || kind == CUSTODY_AS_KNOWN)
        return TRUE;
    if (!now || now->standing < STANDING_GONE || now->kind == kind || permit_is_unclear(permit))
        return FALSE;
    if (kind == CUSTODY_STATUS_CHANGED)
        return now->is_doubtful;
    return !is_ending(permit) || !says_more(kind, now);
}

static enum message ending_message(enum custody_kind kind) {
    switch (kind) {
    case CUSTODY_TRANSFERRED: return MESSAGE_ENDING_TRANSFERRED;
    case CUSTODY_ESCAPED: return MESSAGE_ENDING_ESCAPED;
    case CUSTODY_LEFT_ROSTER: return MESSAGE_ENDING_LEFT_ROSTER;
    default: return MESSAGE_ENDING_RELEASED;
    }
}

static enum message unclear_message(const struct permit_now *now) {
    return now->standing == STANDING_OUT         ? MESSAGE_UNCLEAR_OUT
           : now->standing == STANDING_ELSEWHERE ? MESSAGE_UNCLEAR_TRANSFERRED
                                                 : MESSAGE_UNCLEAR_DIED;
}

/* What is believed since a correction. */
static enum message now_message(const struct permit_now *now) {
    switch (now->standing) {
    case STANDING_HELD: return MESSAGE_NOW_HELD;
    case STANDING_AWAY: return MESSAGE_NOW_AWAY;
    case STANDING_UNKNOWN: return MESSAGE_NOW_UNKNOWN;
    default: return what_by_kind[now->kind];
    }
}

static gboolean is_held(const struct permit_now *now) {
    return now && (now->standing == STANDING_HELD || now->standing == STANDING_AWAY);
}

static enum message doubtful_message(const struct permit *permit, const struct permit_now *now) {
    if (is_held(now))
        return MESSAGE_DOUBTFUL_IN;
    if (now->standing == STANDING_DEAD)
        return MESSAGE_DOUBTFUL_DIED;
    /* Which of two reports nobody can believe is not known here. */
    if (is_ending(permit) && (now->is_other_booking || permit_kind(permit) != now->kind))
        return MESSAGE_DOUBTFUL_OTHER;
    return now->standing == STANDING_GONE        ? MESSAGE_DOUBTFUL_LEFT_ROSTER
           : now->standing == STANDING_ELSEWHERE ? MESSAGE_DOUBTFUL_TRANSFERRED
                                                 : MESSAGE_DOUBTFUL_OUT;
}

/* An ending of who is held. */
static enum message ended_message(const struct permit *permit, const struct permit_now *now) {
    return permit_kind(permit) == CUSTODY_DIED ? MESSAGE_UNCLEAR_DIED
           : now->is_other_booking             ? MESSAGE_ENDED_ELSEWHERE
                                               : MESSAGE_ENDED_OVER;
}

static enum message what_message(const struct permit *permit) {
    const enum custody_kind kind = permit_kind(permit);
    const struct permit_now *now = permit_now(permit);
    if (permit_is_another_person(permit))
        return MESSAGE_WHAT_ANOTHER_PERSON;
    if (now && now->is_unclear)
        return unclear_message(now);
    if (permit_is_unclear(permit))
        return MESSAGE_WHAT_UNCLEAR;
    if (is_ending(permit) && is_held(now))
        return ended_message(permit, now);
    if (now && now->is_doubtful)
        return doubtful_message(permit, now);
    if (says_now(permit) && now)
        return now_message(now);
    if (kind == CUSTODY_CORRECTED && permit_is_found_out(permit))
        return MESSAGE_WHAT_FOUND_OUT;
    if (kind == CUSTODY_TRANSFERRED && permit_is_within(permit))
        return *permit_detail(permit) ? MESSAGE_WHAT_TRANSFERRED_FROM : MESSAGE_WHAT_TRANSFERRED_TO;
    if (kind == CUSTODY_STATUS_CHANGED && !*permit_detail(permit))
        return MESSAGE_WHAT_STATUS_UNSAID;
    return what_by_kind[kind];
}

/* Where what is said was, and where they are or were last. */
static const char *place(const struct permit *permit, gboolean of_now) {
    const struct permit_now *now = permit_now(permit);
    return of_now && now && *now->facility_name ? now->facility_name : permit_facility_name(permit);
}

static char *fill(const struct saying *s, const struct permit *permit, enum message message) {
    const struct permit_now *now = permit_now(permit);
    const char *name = permit_person_name(permit), *now_place = place(permit, TRUE);
    const char *facility = place(permit, says_now(permit) || (now && now->is_unclear && !is_held(now)));
    const char *const parts[] = {
        "person",   *name ? name : say(s->language, MESSAGE_PERSON_UNKNOWN),
        "Person",   *name ? name : say(s->language, MESSAGE_PERSON_UNKNOWN_START),
        "facility", *facility ? facility : say(s->language, MESSAGE_FACILITY_UNKNOWN),
        "Facility", *facility ? facility : say(s->language, MESSAGE_FACILITY_UNKNOWN_START),
        "now",      *now_place ? now_place : say(s->language, MESSAGE_FACILITY_UNKNOWN),
        "Now",      *now_place ? now_place : say(s->language, MESSAGE_FACILITY_UNKNOWN_START),
        "ending",   say(s->language, ending_message(permit_kind(permit))),
        "also",     say(s->language, ending_message(now ? now->kind : CUSTODY_N_KINDS)),
        "detail",   permit_detail(permit),
        NULL};
    return text_fill(say(s->language, message), parts, FALSE);
}

static void say_filled(struct saying *s, int kind, const struct permit *permit, enum message message) {
    g_autofree char *text = fill(s, permit, message);
    say_line(s, kind, text);
}

/* "On November 3 we told you that … was released. The jail has taken that back." */
static void say_earlier(struct saying *s, const struct permit *permit) {
    const struct permit_earlier *earlier = permit_earlier(permit);
    const struct permit_now *now = permit_now(permit);
    if (!earlier)
        return;
    const char *name = permit_person_name(permit);
    g_autofree char *words =
        time_in_words(s->language, earlier->told_at_us, permit_zone(permit), FALSE);
    const char *const parts[] = {"time", words, "person",
                                 *name ? name : say(s->language, MESSAGE_PERSON_UNKNOWN), NULL};
    const enum message told =
        earlier->was_doubtful ? MESSAGE_TOLD_DOUBTFUL : told_by_kind[earlier->kind];
    const enum message since = earlier->was_doubtful && !(now && now->is_doubtful) ? MESSAGE_DOUBT_OVER
                               : permit_is_found_out(permit)                       ? MESSAGE_FOUND_OUT
                               : permit_kind(permit) == CUSTODY_CORRECTED          ? MESSAGE_TAKEN_BACK
                                                                                   : MESSAGE_NOW_OTHER;
    g_autofree char *line = text_fill(say(s->language, told), parts, FALSE);
    g_autofree char *both = g_strconcat(line, " ", say(s->language, since), NULL);
    say_text(s, both);
}

/* Whether what is believed came after what is told of, surely: as the times say, or as of a move at an
 * unknown time nothing else of another booking would be believed (belief_of_person). */
static gboolean is_later(const struct permit *permit, const struct permit_now *now) {
    const gint64 to_us = permit_occurred_to_us(permit);
    if (to_us == TIME_UNKNOWN)
        return now->is_other_booking && permit_kind(permit) == CUSTODY_TRANSFERRED;
    return now->from_us != TIME_UNKNOWN && now->from_us > to_us;
}

/* Where another thing is reported of the same person, or the thing itself may be a mistake. */
static void say_beside(struct saying *s, const struct permit *permit) {
    const struct permit_now *now = permit_now(permit);
    if (!now || permit_is_another_person(permit) || permit_is_unclear(permit))
        return;
    if (now->is_doubtful && (now->is_unclear || (is_ending(permit) && is_held(now))))
        say_filled(s, LINE_TEXT, permit, MESSAGE_DOUBTFUL_BESIDE);
    if (!is_ending(permit) || permit_kind(permit) == now->kind || now->is_unclear || now->is_doubtful ||
        says_now(permit))
        return;
    if (now->standing == STANDING_ELSEWHERE || now->standing == STANDING_OUT)
        say_filled(s, LINE_TEXT, permit,
                   is_later(permit, now) ? MESSAGE_BESIDE_LATER : MESSAGE_BESIDE_ENDING);
    else if (now->standing == STANDING_GONE)
        say_filled(s, LINE_TEXT, permit,
                   is_later(permit, now) ? MESSAGE_BESIDE_LATER_LIST : MESSAGE_BESIDE_LEFT_ROSTER);
}

static void say_what(struct saying *s, const struct permit *permit) {
    if (permit_kind(permit) == CUSTODY_AS_KNOWN)
        say_filled(s, LINE_TEXT, permit, MESSAGE_AS_KNOWN);
    say_earlier(s, permit);
    say_filled(s, LINE_STRONG, permit, what_message(permit));
    say_beside(s, permit);
}

/* An instant, a day, or an hour that came twice. */
static void say_occurred(struct saying *s, gint64 from_us, gint64 to_us, gboolean on_date,
                         GTimeZone *zone) {
    const gboolean is_twice = !on_date && to_us != TIME_UNKNOWN && to_us > from_us;
    say_time(s, is_twice ? MESSAGE_WHEN_TWICE : MESSAGE_WHEN_OCCURRED, from_us, zone, on_date);
}

static void say_when(struct saying *s, const struct permit *permit) {
    const custody_kinds kind = KIND_BIT(permit_kind(permit));
    const struct permit_now *now = permit_now(permit);
    const gboolean from_list =
        permit_is_from_list(permit) ||
        (kind & (KIND_BIT(CUSTODY_LEFT_ROSTER) | KIND_BIT(CUSTODY_BACK_ON_ROSTER))) != 0;
    const gboolean is_now = says_now(permit);
    /* Of what was known before, when the event came. */
    const gboolean is_as_known = is_now && permit_kind(permit) != CUSTODY_CORRECTED;
    GTimeZone *zone = permit_zone(permit);

    if (is_now && now && now->kind != CUSTODY_LEFT_ROSTER && now->from_us != TIME_UNKNOWN)
        say_occurred(s, now->from_us, now->to_us, now->to_us - now->from_us > 2 * HOUR_US, zone);
    else if (permit_occurred_at_us(permit) != TIME_UNKNOWN && !is_now && !(kind & KINDS_FEED))
        say_occurred(s, permit_occurred_at_us(permit), permit_occurred_to_us(permit),
                     permit_occurred_on_date(permit), zone);
    else if (!from_list && !is_now && !(kind & KINDS_FEED))
        say_text(s, say(s->language, MESSAGE_WHEN_UNKNOWN));
    if (permit_observed_at_us(permit) != TIME_UNKNOWN)
        say_time(s,
                 kind & KINDS_FEED             ? MESSAGE_WHEN_NOTICED
                 : permit_is_found_out(permit) ? MESSAGE_WHEN_FOUND_OUT
                 : is_as_known                 ? MESSAGE_WHEN_KNOWN
                 : from_list                   ? MESSAGE_WHEN_LIST
                                               : MESSAGE_WHEN_TOLD,
                 permit_observed_at_us(permit), zone, permit_list_on_date(permit) && from_list);
}

static void say_how(struct saying *s, const struct permit *permit) {
    static const enum message by_assertion[ASSERTION_N] = {MESSAGE_HOW_REPORTED, MESSAGE_HOW_INFERRED,
                                                           MESSAGE_HOW_CORRECTED};
    gboolean is_feed = (KIND_BIT(permit_kind(permit)) & KINDS_FEED) != 0;
    const struct permit_now *now = permit_now(permit);
    enum message how = is_feed ? MESSAGE_HOW_FEED : by_assertion[permit_assertion(permit)];
    if (now && says_now(permit) && permit_kind(permit) != CUSTODY_CORRECTED)
        how = now->standing == STANDING_GONE ? MESSAGE_HOW_INFERRED : MESSAGE_HOW_REPORTED;
    if (permit_is_found_out(permit))
        how = MESSAGE_HOW_FOUND_OUT;
    say_text(s, say(s->language, how));
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

static void say_test(struct saying *s, const struct notice *n) {
    say_strong(s, say(s->language, MESSAGE_TEST));
    say_text(s, say(s->language, MESSAGE_TEST_LOOKS));
    say_link(s, MESSAGE_TEST_CONFIRM, MESSAGE_CONFIRM_LINK, n->confirm_url);
    if (n->stop_url)
        say_link(s, MESSAGE_STOP, MESSAGE_STOP_LINK, n->stop_url);
}

/* The last day that is surely before the end, wherever in the country it is read. */
static void say_expiring(struct saying *s, const struct notice *n) {
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    say_time(s, MESSAGE_EXPIRING, n->ends_at_us - DAY_US / 2, utc, TRUE);
    say_link(s, MESSAGE_EXPIRING_RENEW, MESSAGE_EXPIRING_LINK, n->renew_url);
    say_text(s, say(s->language, MESSAGE_EXPIRING_ELSE));
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
    case NOTICE_OVER: say_text(&s, say(s.language, MESSAGE_OVER)); break;
    case NOTICE_TEST: say_test(&s, n); break;
    case NOTICE_EXPIRING: say_expiring(&s, n); break;
    case NOTICE_PAGE: say_text(&s, n->words); break;
    }
    return s.lines;
}

const char *notice_subject(const struct notice *n) {
    switch (n->what) {
    case NOTICE_CODE: return say(n->language, MESSAGE_SUBJECT_CODE);
    case NOTICE_OVER:
    case NOTICE_ENDED: return say(n->language, MESSAGE_SUBJECT_ENDED);
    case NOTICE_EXPIRING: return say(n->language, MESSAGE_SUBJECT_EXPIRING);
    case NOTICE_PAGE: return "Tocsin needs a person";
    case NOTICE_ALERT:
    case NOTICE_TEST:
    default: return say(n->language, MESSAGE_SUBJECT);
    }
}
