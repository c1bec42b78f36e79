/* The eight rules of docs and ARCHITECTURE.md, as far as they are pure. Names state the rule. */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "base/time.h"
#include "custody/breaker.h"
#include "custody/silence.h"

static const char mapping_yaml[] = "feed: t\nformat: csv-roster\ninterval: 24h\n"
                                   "facility: {id: main, name: Main, timezone: America/Denver}\n"
                                   "facilities:\n  - {code: X, id: annex, name: Annex}\n"
                                   "columns: {person: [p], booking: [b], facility: f}\n";

static struct feed_mapping *mapping;
static const gint64 monday = G_GINT64_CONSTANT(1746446400000000); /* 2025-05-05T12:00Z */

static struct feed_record listed(const char *booking) {
    return (struct feed_record){.row = 2,
                                .person_key = "7",
                                .booking_key = booking,
                                .surname = "",
                                .given = "",
                                .middle = "",
                                .suffix = "",
                                .status = "",
                                .facility = feed_mapping_facility(mapping),
                                .has_facility = TRUE,
                                .admitted_at_us = monday - DAY_US,
                                .occurred_at_us = TIME_UNKNOWN,
                                .occurred_to_us = TIME_UNKNOWN};
}

static struct feed_record reported(enum custody_kind kind, gint64 occurred_at_us) {
    struct feed_record record = listed("b1");
    record.has_action = TRUE;
    record.action = kind;
    record.occurred_at_us = record.occurred_to_us = occurred_at_us;
    return record;
}

/* One booking as records and lists come: what is known of it, all that was said, the newest event. */
struct story {
    struct custody_booking now;
    struct custody_history *said;
    struct custody_event event;
    gboolean happened, is_known;
    gint64 list_at_us;
};

static struct story story_new(void) {
    return (struct story){.said = custody_history_new(), .list_at_us = TIME_UNKNOWN};
}

static void story_end(struct story *s) {
    custody_history_free(s->said);
}

static struct custody_source source_at(const struct story *s, gint64 at_us, const char *file) {
    return (struct custody_source){.feed = "t",
                                   .mapping = mapping,
                                   .observed_at_us = at_us,
                                   .content = file,
                                   .list_before_at_us = s->list_at_us};
}

static void take(struct story *s, const struct custody_booking *next) {
    s->now = *next;
    s->now.id = 1;
    s->is_known = TRUE;
}

static void list(struct story *s, gint64 at_us, struct feed_record record, gboolean is_baseline) {
    g_autofree char *file = g_strdup_printf("file of %" G_GINT64_FORMAT, at_us);
    struct custody_source source = source_at(s, at_us, file);
    struct custody_booking next;
    source.is_baseline = is_baseline;
    s->happened = custody_booking_listed(&source, s->is_known ? &s->now : NULL, s->said, &record,
                                         (guint64)at_us, &next, &s->event);
    take(s, &next);
    s->list_at_us = at_us;
}

/* The list shows the booking, and its row is as it was. */
static void list_same(struct story *s, gint64 at_us) {
    struct custody_source source = source_at(s, at_us, "same");
    struct custody_booking next;
    s->happened = custody_booking_still_listed(&source, &s->now, s->said, &next, &s->event);
    take(s, &next);
    s->list_at_us = at_us;
}

static void list_without(struct story *s, gint64 at_us, gboolean is_rebooked) {
    g_autofree char *file = g_strdup_printf("file of %" G_GINT64_FORMAT, at_us);
    struct custody_source source = source_at(s, at_us, file);
    struct custody_booking next;
    s->happened =
        custody_booking_unlisted(&source, &s->now, s->said, is_rebooked, FALSE, &next, &s->event);
    take(s, &next);
    s->list_at_us = at_us;
}

static void report(struct story *s, gint64 at_us, struct feed_record record) {
    struct custody_source source = source_at(s, at_us, NULL);
    struct custody_booking next;
    s->happened = custody_booking_reported(&source, s->is_known ? &s->now : NULL, s->said, &record,
                                           &next, &s->event);
    take(s, &next);
}

/* A booking on the roster since Monday, with no event yet (as after the baseline). */
static struct story baseline(void) {
    struct story s = story_new();
    list(&s, monday, listed("b1"), TRUE);
    g_assert_false(s.happened);
    return s;
}

/* ── Rules 1, 2, 8 ── */

static void first_load_is_a_baseline_and_alerts_nobody(void) {
    struct story s = baseline();
    g_assert_cmpint(s.now.belief.standing, ==, STANDING_HELD);
    g_assert_cmpint(s.now.listing, ==, LISTING_NOW);
    g_assert_false(s.now.has_event);
    story_end(&s);
}

static void vanishing_is_inferred_and_never_a_release(void) {
    struct story s = baseline();
    list_without(&s, monday + DAY_US, FALSE);
    g_assert_true(s.happened);
    g_assert_cmpint(s.event.kind, ==, CUSTODY_LEFT_ROSTER);
    g_assert_cmpint(s.event.assertion, ==, ASSERTION_INFERRED);
    g_assert_cmpuint(s.event.row, ==, 0);
    g_assert_cmpint(s.event.occurred_at_us, ==, TIME_UNKNOWN);
    g_assert_cmpint(s.now.belief.standing, ==, STANDING_GONE);
    story_end(&s);
}

static void a_return_takes_the_leaving_back(void) {
    struct story s = baseline();
    list_without(&s, monday + DAY_US, FALSE);
    const struct custody_event left = s.event;
    list(&s, monday + 4 * DAY_US, listed("b1"), FALSE);
    g_assert_true(s.happened);
    g_assert_cmpint(s.event.kind, ==, CUSTODY_BACK_ON_ROSTER);
    g_assert_cmpint(s.event.assertion, ==, ASSERTION_CORRECTED);
    g_assert_true(s.event.has_corrects);
    g_assert_cmpmem(s.event.corrects, 16, left.id, 16);
    g_assert_cmpint(s.now.belief.standing, ==, STANDING_HELD);
    story_end(&s);
}

static void hidden_rebooking_tells_of_the_new_booking_only(void) {
    struct story old = baseline(), fresh = story_new();
    list(&fresh, monday + DAY_US, listed("b2"), FALSE);
    g_assert_cmpint(fresh.event.kind, ==, CUSTODY_BOOKED);
    list_without(&old, monday + DAY_US, TRUE);
    g_assert_false(old.happened);
    /* Nobody was told that they left, so their coming back is no correction. */
    list(&old, monday + 4 * DAY_US, listed("b1"), FALSE);
    g_assert_cmpint(old.event.kind, ==, CUSTODY_BACK_ON_ROSTER);
    g_assert_false(old.event.has_corrects);
    g_assert_cmpint(old.now.belief.standing, ==, STANDING_HELD);
    story_end(&old);
    story_end(&fresh);
}

static void a_reported_release_is_told_once_and_vanishing_after_it_is_silent(void) {
    struct story s = baseline();
    report(&s, monday + DAY_US, reported(CUSTODY_RELEASED, monday + HOUR_US));
    const struct custody_event released = s.event;
    g_assert_true(s.happened);
    g_assert_cmpint(released.assertion, ==, ASSERTION_REPORTED);
    g_assert_cmpint(s.now.belief.standing, ==, STANDING_OUT);
    report(&s, monday + DAY_US, reported(CUSTODY_RELEASED, monday + HOUR_US));
    g_assert_false(s.happened);
    list_without(&s, monday + DAY_US, FALSE);
    g_assert_false(s.happened);
    g_assert_cmpint(s.now.belief.standing, ==, STANDING_OUT);
    /* If the list shows the booking again an interval later, the report was wrong. */
    list(&s, monday + 4 * DAY_US, listed("b1"), FALSE);
    g_assert_cmpint(s.event.kind, ==, CUSTODY_BACK_ON_ROSTER);
    g_assert_cmpmem(s.event.corrects, 16, released.id, 16);
    story_end(&s);
}

static void a_roster_that_lags_does_not_undo_a_release(void) {
    struct story s = baseline();
    report(&s, monday + DAY_US, reported(CUSTODY_RELEASED, monday + HOUR_US));
    const struct custody_event released = s.event;
    list(&s, monday + DAY_US, listed("b1"), FALSE);
    g_assert_false(s.happened);
    g_assert_cmpint(s.now.belief.standing, ==, STANDING_OUT);
    list_same(&s, monday + DAY_US + 12 * HOUR_US);
    g_assert_false(s.happened);
    /* A list made an interval after the report, and still showing them: it was wrong. */
    list_same(&s, monday + 3 * DAY_US);
    g_assert_true(s.happened);
    g_assert_cmpint(s.event.kind, ==, CUSTODY_BACK_ON_ROSTER);
    g_assert_cmpmem(s.event.corrects, 16, released.id, 16);
    g_assert_cmpint(s.now.belief.standing, ==, STANDING_HELD);
    story_end(&s);
}

static void a_rosters_release_that_is_taken_back_is_corrected_at_once(void) {
    struct story s = baseline();
    list(&s, monday + DAY_US, reported(CUSTODY_RELEASED, monday + HOUR_US), FALSE);
    const struct custody_event released = s.event;
    g_assert_cmpint(released.kind, ==, CUSTODY_RELEASED);
    list(&s, monday + 2 * DAY_US, listed("b1"), FALSE);
    g_assert_true(s.happened);
    g_assert_cmpint(s.event.kind, ==, CUSTODY_BACK_ON_ROSTER);
    g_assert_cmpmem(s.event.corrects, 16, released.id, 16);
    g_assert_cmpint(s.now.belief.standing, ==, STANDING_HELD);
    story_end(&s);
}

static void a_row_that_still_tells_of_the_release_takes_nothing_back(void) {
    struct story s = baseline();
    list(&s, monday + DAY_US, reported(CUSTODY_RELEASED, monday + HOUR_US), FALSE);
    list_without(&s, monday + 2 * DAY_US, FALSE);
    g_assert_false(s.happened);
    list(&s, monday + 4 * DAY_US, reported(CUSTODY_RELEASED, monday + HOUR_US), FALSE);
    g_assert_false(s.happened);
    g_assert_cmpint(s.now.belief.standing, ==, STANDING_OUT);
    story_end(&s);
}

static void a_release_that_was_a_death_is_told_as_one(void) {
    struct story s = baseline();
    list(&s, monday + DAY_US, reported(CUSTODY_RELEASED, monday + HOUR_US), FALSE);
    list(&s, monday + 2 * DAY_US, reported(CUSTODY_DIED, monday + HOUR_US), FALSE);
    g_assert_true(s.happened);
    g_assert_cmpint(s.event.kind, ==, CUSTODY_DIED);
    g_assert_cmpint(s.now.belief.standing, ==, STANDING_DEAD);
    story_end(&s);
}

/* A row's absence ends when the row says so, not by being listed. */
static void a_row_may_say_that_they_are_away(void) {
    struct story s = baseline();
    list(&s, monday + DAY_US, reported(CUSTODY_TEMPORARY_ABSENCE, TIME_UNKNOWN), FALSE);
    g_assert_cmpint(s.event.kind, ==, CUSTODY_TEMPORARY_ABSENCE);
    g_assert_cmpint(s.now.belief.standing, ==, STANDING_AWAY);
    list(&s, monday + 2 * DAY_US, reported(CUSTODY_TEMPORARY_ABSENCE, TIME_UNKNOWN), FALSE);
    g_assert_false(s.happened);
    g_assert_cmpint(s.now.belief.standing, ==, STANDING_AWAY);
    list(&s, monday + 3 * DAY_US, listed("b1"), FALSE);
    g_assert_cmpint(s.event.kind, ==, CUSTODY_RETURNED);
    g_assert_cmpint(s.now.belief.standing, ==, STANDING_HELD);
    story_end(&s);
}

static void what_a_source_does_not_tell_stays(void) {
    struct story s = baseline();
    struct feed_record returned = reported(CUSTODY_RETURNED, monday + HOUR_US);
    s.now.flags = SUBJECT_SEALED;
    s.now.facility_id = "annex";
    returned.has_facility = FALSE;
    report(&s, monday + DAY_US, returned);
    g_assert_cmpuint(s.now.flags, ==, SUBJECT_SEALED);
    g_assert_cmpstr(s.now.facility_id, ==, "annex");
    returned.known_flags = SUBJECT_SEALED;
    report(&s, monday + DAY_US, returned); /* said before, but for the seal */
    g_assert_cmpuint(s.now.flags, ==, 0);
    story_end(&s);
}

static void a_move_between_facilities_is_a_transfer(void) {
    struct story s = baseline();
    struct feed_record record = listed("b1");
    record.facility = feed_mapping_facility_by_id(mapping, "annex");
    list(&s, monday + DAY_US, record, FALSE);
    g_assert_cmpint(s.event.kind, ==, CUSTODY_TRANSFERRED);
    g_assert_true(s.event.is_within);
    g_assert_cmpstr(s.event.detail, ==, "Main");
    g_assert_cmpint(s.now.belief.standing, ==, STANDING_HELD);
    story_end(&s);
}

static void moved_away_and_no_longer_listed_is_moved_and_not_out(void) {
    struct story s = baseline();
    struct feed_record away = reported(CUSTODY_TRANSFERRED, monday + HOUR_US);
    away.has_facility = FALSE; /* to none of this source's places */
    report(&s, monday + HOUR_US, away);
    g_assert_cmpint(s.now.belief.standing, ==, STANDING_ELSEWHERE);
    list_without(&s, monday + DAY_US, FALSE);
    g_assert_false(s.happened);
    g_assert_cmpint(s.now.belief.standing, ==, STANDING_ELSEWHERE);
    story_end(&s);
}

static void who_is_listed_after_their_death_is_unclear_and_never_back(void) {
    struct story s = baseline();
    report(&s, monday + HOUR_US, reported(CUSTODY_DIED, monday + HOUR_US));
    list_same(&s, monday + 3 * DAY_US);
    g_assert_true(s.happened);
    g_assert_true(s.event.is_unclear);
    g_assert_cmpint(s.now.belief.standing, ==, STANDING_DEAD);
    list_same(&s, monday + 4 * DAY_US);
    g_assert_false(s.happened);
    story_end(&s);
}

/* ── Rule 3 ── */

static void the_same_source_makes_the_same_id(void) {
    guint8 id[3][16];
    for (guint i = 0; i < 3; i++) {
        struct story s = baseline();
        list_without(&s, monday + (i == 2 ? 4 : 1) * DAY_US, FALSE);
        memcpy(id[i], s.event.id, 16);
        story_end(&s);
    }
    g_assert_cmpmem(id[0], 16, id[1], 16);
    g_assert_cmpint(memcmp(id[0], id[2], 16), !=, 0);
}

/* ── Rule 4 ── */

static void an_older_report_is_kept_and_counts_as_late(void) {
    struct story s = baseline();
    report(&s, monday + DAY_US, reported(CUSTODY_RETURNED, monday + 5 * HOUR_US));
    report(&s, monday + DAY_US, reported(CUSTODY_TEMPORARY_ABSENCE, monday + HOUR_US));
    g_assert_true(s.happened);
    g_assert_true(s.event.is_late);
    g_assert_cmpint(s.now.belief.standing, ==, STANDING_HELD);
    story_end(&s);
}

static void a_release_older_than_a_roster_is_still_told(void) {
    struct story s = baseline(); /* listed at noon on Monday */
    report(&s, monday + DAY_US, reported(CUSTODY_RELEASED, monday - HOUR_US));
    g_assert_true(s.happened);
    g_assert_false(s.event.is_late);
    story_end(&s);
}

static void an_ending_that_a_later_move_overtook_is_over(void) {
    struct story s = baseline();
    struct feed_record moved = reported(CUSTODY_TRANSFERRED, monday + 5 * HOUR_US);
    moved.facility = feed_mapping_facility_by_id(mapping, "annex");
    report(&s, monday + DAY_US, moved);
    g_assert_true(s.event.is_within);
    report(&s, monday + DAY_US, reported(CUSTODY_RELEASED, monday + HOUR_US));
    g_assert_true(s.event.is_late);
    g_assert_cmpint(s.now.belief.standing, ==, STANDING_HELD);
    story_end(&s);
}

static void a_booking_that_is_finished_after_its_release_undoes_nothing(void) {
    struct story s = story_new();
    report(&s, monday + HOUR_US, reported(CUSTODY_RELEASED, monday));
    report(&s, monday + 2 * HOUR_US, reported(CUSTODY_BOOKED, monday - DAY_US));
    g_assert_true(s.event.is_late);
    g_assert_cmpint(s.now.belief.standing, ==, STANDING_OUT);
    g_assert_false(s.now.belief.is_unclear);
    story_end(&s);
}

/* Mistaken release, true release, correction of the mistake: in each order they are out. */
static void a_correction_takes_back_what_it_names_in_any_order(void) {
    static const guint orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                       {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (guint o = 0; o < G_N_ELEMENTS(orders); o++) {
        struct story s = baseline();
        struct feed_record records[3] = {reported(CUSTODY_RELEASED, monday + HOUR_US),
                                         reported(CUSTODY_RELEASED, monday + 5 * HOUR_US),
                                         reported(CUSTODY_CORRECTED, TIME_UNKNOWN)};
        records[0].event_id = "mistake";
        records[1].event_id = "true";
        records[2].event_id = "correction";
        records[2].corrects_event_id = "mistake";
        for (guint i = 0; i < 3; i++) {
            report(&s, monday + (6 + (gint64)i) * HOUR_US, records[orders[o][i]]);
            g_assert_cmpint(s.event.waits, ==,
                            orders[o][i] == 2 && (i == 0 || orders[o][0] == 1) && i < 2);
        }
        g_assert_cmpint(s.now.belief.standing, ==, STANDING_OUT);
        g_assert_cmpint(s.now.belief.from_us, ==, monday + 5 * HOUR_US);
        story_end(&s);
    }
}

static void what_was_taken_back_and_is_said_again_is_said_anew(void) {
    struct story s = baseline();
    report(&s, monday + 2 * HOUR_US, reported(CUSTODY_RELEASED, monday + HOUR_US));
    const struct custody_event first = s.event;
    report(&s, monday + 3 * HOUR_US, reported(CUSTODY_CORRECTED, TIME_UNKNOWN));
    g_assert_cmpmem(s.event.corrects, 16, first.id, 16);
    g_assert_cmpint(s.now.belief.standing, ==, STANDING_HELD);
    report(&s, monday + 4 * HOUR_US, reported(CUSTODY_RELEASED, monday + HOUR_US));
    g_assert_true(s.happened);
    g_assert_cmpint(memcmp(s.event.id, first.id, 16), !=, 0);
    g_assert_cmpint(s.now.belief.standing, ==, STANDING_OUT);
    story_end(&s);
}

/* ── The join ── */

static void expect(struct custody_roster *roster, gint64 id, const char *booking, const char *person) {
    custody_roster_expect(roster, id, booking, strlen(booking), person, strlen(person), 1,
                          monday - 90 * DAY_US, FALSE, TRUE);
}

static enum custody_sight see(struct custody_roster *roster, const char *booking, const char *person,
                              guint64 digest, gint64 *id) {
    const struct custody_row row = {.booking_key = booking, .person_key = person, .digest = digest};
    return custody_roster_see(roster, &row, id);
}

static void the_join_sees_same_changed_new_and_twice(void) {
    struct custody_roster *roster = custody_roster_new();
    gint64 id;
    expect(roster, 1, "a/1", "a");
    expect(roster, 2, "b/1", "b");
    expect(roster, 3, "c/1", "c");
    expect(roster, 4, "d/1", "d");
    g_assert_cmpint(see(roster, "a/1", "a", 1, &id), ==, SIGHT_SAME);
    g_assert_cmpint(id, ==, 1);
    g_assert_cmpint(see(roster, "b/1", "b", 2, &id), ==, SIGHT_CHANGED);
    g_assert_cmpint(see(roster, "b/1", "b", 2, &id), ==, SIGHT_DUPLICATE);
    g_assert_cmpint(see(roster, "b/1", "b", 3, &id), ==, SIGHT_CONFLICT);
    g_assert_cmpint(see(roster, "c/2", "c", 1, &id), ==, SIGHT_NEW);
    g_autoptr(GArray) vanished = custody_roster_vanished(roster);
    g_assert_cmpuint(vanished->len, ==, 2);
    const struct custody_vanished *c = &g_array_index(vanished, struct custody_vanished, 0);
    const struct custody_vanished *d = &g_array_index(vanished, struct custody_vanished, 1);
    g_assert_cmpint(c->booking_id, ==, 3);
    g_assert_true(c->is_rebooked);
    g_assert_cmpint(d->booking_id, ==, 4);
    g_assert_false(d->is_rebooked);
    custody_roster_free(roster);
}

static void whoever_stands_in_an_unreadable_row_is_not_gone(void) {
    struct custody_roster *roster = custody_roster_new();
    expect(roster, 1, "77/1", "77");
    expect(roster, 2, "7/1", "7");
    custody_roster_spare(roster, "77,\"2025-01-01,broken");
    g_autoptr(GArray) vanished = custody_roster_vanished(roster);
    g_assert_cmpuint(vanished->len, ==, 1); /* 7 is not 77 */
    g_assert_cmpint(g_array_index(vanished, struct custody_vanished, 0).booking_id, ==, 2);
    g_assert_cmpuint(custody_roster_n_spared(roster), ==, 1);
    custody_roster_free(roster);
}

static void the_join_grows(void) {
    struct custody_roster *roster = custody_roster_new();
    gint64 id;
    for (int i = 0; i < 20000; i++) {
        g_autofree char *booking = g_strdup_printf("b%d", i);
        expect(roster, i + 1, booking, booking);
    }
    for (int i = 0; i < 20000; i += 2) {
        g_autofree char *booking = g_strdup_printf("b%d", i);
        g_assert_cmpint(see(roster, booking, booking, 1, &id), ==, SIGHT_SAME);
        g_assert_cmpint(id, ==, i + 1);
    }
    g_autoptr(GArray) vanished = custody_roster_vanished(roster);
    g_assert_cmpuint(vanished->len, ==, 10000);
    custody_roster_free(roster);
}

/* ── Rule 5: jails made from a seed, their tenures exponential ── */

struct jail {
    guint n;
    double turnover_a_day;
    guint64 seed;
};

static double uniform(guint64 *seed) {
    return ((double)(base_seeded_next(seed) >> 11) + 0.5) / 9007199254740992.0;
}

/* A jail in a steady state after `days`, of whom a further part `cut` is missing; what the breaker
 * says. */
static gboolean is_held(const struct jail *jail, double days, double cut) {
    guint64 seed = jail->seed;
    struct custody_roster *first = custody_roster_new(), *roster = custody_roster_new();
    struct custody_turnover turnover;
    struct custody_verdict verdict;
    guint n_now = 0;

    for (guint i = 0; i < jail->n; i++) {
        g_autofree char *key = g_strdup_printf("p%u", i);
        gint64 since = monday - (gint64)(-log(uniform(&seed)) / jail->turnover_a_day * (double)DAY_US);
        custody_roster_expect(first, i + 1, key, strlen(key), key, strlen(key), 1, since, FALSE, TRUE);
        custody_roster_expect(roster, i + 1, key, strlen(key), key, strlen(key), 1, since, FALSE, TRUE);
    }
    custody_turnover_start(&turnover, first, TRUE, monday);
    for (guint i = 0; i < jail->n; i++) {
        g_autofree char *key = g_strdup_printf("p%u", i);
        gint64 id;
        gboolean stays = uniform(&seed) < exp(-jail->turnover_a_day * days);
        g_autofree char *new_key = g_strdup_printf("n%u", i);
        if (uniform(&seed) < cut)
            continue; /* this place's row was lost */
        see(roster, stays ? key : new_key, stays ? key : new_key, 1, &id);
        n_now++;
    }
    const struct custody_breaker_input input = {.roster = roster,
                                                .before_at_us = monday,
                                                .now_at_us = monday + (gint64)(days * (double)DAY_US),
                                                .n_now = n_now};
    custody_breaker_judge(&turnover, &input, &verdict);
    custody_roster_free(first);
    custody_roster_free(roster);
    return verdict.is_held;
}

static void an_ordinary_day_weekend_or_gap_is_not_held(void) {
    static const struct jail jails[] = {
        {8000, 0.009, 1}, {300, 0.02, 2}, {60, 0.05, 3}, {1000, 0.05, 4}};
    for (guint i = 0; i < G_N_ELEMENTS(jails); i++)
        for (guint64 round = 0; round < 10; round++) {
            struct jail jail = jails[i];
            jail.seed += round * 1000;
            g_assert_false(is_held(&jail, 1, 0));
            g_assert_false(is_held(&jail, 3, 0));
            if (jail.turnover_a_day <
                0.01) /* before any history; longer gaps are in tests/test_nyc.py */
                g_assert_false(is_held(&jail, 7, 0));
        }
}

static void a_cut_list_is_held(void) {
    static const struct jail jails[] = {{8000, 0.009, 1}, {1000, 0.01, 2}, {300, 0.01, 3}};
    static const double cuts[] = {0.05, 0.10, 0.30, 0.50, 0.90};
    for (guint i = 0; i < G_N_ELEMENTS(jails); i++)
        for (guint c = i == 2; c < G_N_ELEMENTS(cuts); c++)
            for (guint64 round = 0; round < 10; round++) {
                struct jail jail = jails[i];
                jail.seed += round * 1000;
                g_assert_true(is_held(&jail, 1, cuts[c]));
            }
}

static void an_empty_list_and_half_a_file_are_always_held(void) {
    struct custody_roster *roster = custody_roster_new();
    struct custody_turnover turnover;
    struct custody_verdict verdict;
    gint64 id;
    expect(roster, 1, "a", "a");
    expect(roster, 2, "b", "b");
    custody_turnover_start(&turnover, roster, TRUE, monday);
    struct custody_breaker_input input = {
        .roster = roster, .before_at_us = monday, .now_at_us = monday + DAY_US};
    custody_breaker_judge(&turnover, &input, &verdict);
    g_assert_true(verdict.is_held);
    see(roster, "a", "a", 1, &id);
    input.n_now = 1;
    custody_breaker_judge(&turnover, &input, &verdict);
    g_assert_false(verdict.is_held); /* one of two left: a small jail's ordinary day */
    input.is_cut = TRUE;
    custody_breaker_judge(&turnover, &input, &verdict);
    g_assert_true(verdict.is_held);
    g_assert_nonnull(strstr(verdict.reason, "middle of a row"));
    custody_roster_free(roster);
}

static void a_mapping_can_set_its_own_limit(void) {
    struct custody_roster *roster = custody_roster_new();
    struct custody_turnover turnover;
    struct custody_verdict verdict;
    gint64 id;
    for (int i = 0; i < 100; i++) {
        g_autofree char *key = g_strdup_printf("%d", i);
        expect(roster, i + 1, key, key);
    }
    custody_turnover_start(&turnover, roster, TRUE, monday);
    for (int i = 0; i < 70; i++) {
        g_autofree char *key = g_strdup_printf("%d", i);
        see(roster, key, key, 1, &id);
    }
    struct custody_breaker_input input = {.roster = roster,
                                          .before_at_us = monday,
                                          .now_at_us = monday + DAY_US,
                                          .n_now = 70,
                                          .hold_above_percent = 40};
    custody_breaker_judge(&turnover, &input, &verdict);
    g_assert_false(verdict.is_held);
    input.hold_above_percent = 20;
    custody_breaker_judge(&turnover, &input, &verdict);
    g_assert_true(verdict.is_held);
    custody_roster_free(roster);
}

/* ── Rule 6 ── */

static struct custody_feed_state feed_state(void) {
    return (struct custody_feed_state){.feed = "t",
                                       .facility_id = "main",
                                       .interval_us = DAY_US,
                                       .last_at_us = monday,
                                       .fresh_at_us = monday,
                                       .silent_since_us = TIME_UNKNOWN};
}

static void a_feed_that_stops_is_silent_after_one_and_a_half_intervals(void) {
    struct custody_feed_state feed = feed_state();
    struct custody_event event;
    g_assert_false(custody_feed_overdue(&feed, monday + 36 * HOUR_US, &event));
    g_assert_true(custody_feed_overdue(&feed, monday + 37 * HOUR_US, &event));
    g_assert_cmpint(event.kind, ==, CUSTODY_FEED_SILENT);
    g_assert_cmpint(event.occurred_at_us, ==, monday + 36 * HOUR_US);
    feed.silent_since_us = monday + 36 * HOUR_US;
    g_assert_false(custody_feed_overdue(&feed, monday + 99 * HOUR_US, &event)); /* once */
    g_assert_true(custody_feed_speaks(&feed, monday + 100 * HOUR_US, &event));
    g_assert_cmpint(event.kind, ==, CUSTODY_FEED_RESTORED);
    feed = feed_state();
    feed.last_at_us = TIME_UNKNOWN; /* never spoke: nothing to miss */
    g_assert_false(custody_feed_overdue(&feed, monday + 99 * DAY_US, &event));
}

static void the_same_list_again_is_silence_where_something_should_have_changed(void) {
    struct custody_feed_state feed = feed_state();
    struct custody_event event;
    g_assert_true(custody_feed_repeats(&feed, 100, monday + DAY_US, &event));
    g_assert_cmpstr(event.detail, ==, "repeated");
    g_assert_false(custody_feed_repeats(&feed, 100, monday + HOUR_US, &event)); /* sent early */
    g_assert_false(custody_feed_repeats(&feed, 0.5, monday + DAY_US, &event));  /* a quiet jail */
    g_assert_true(custody_feed_repeats(&feed, 0.5, monday + 12 * DAY_US, &event));
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    mapping = feed_mapping_parse(mapping_yaml, sizeof mapping_yaml - 1, "m", NULL);
    g_test_add_func("/rule8/baseline", first_load_is_a_baseline_and_alerts_nobody);
    g_test_add_func("/rule1/vanishing", vanishing_is_inferred_and_never_a_release);
    g_test_add_func("/rule1/return", a_return_takes_the_leaving_back);
    g_test_add_func("/rule1/rebooking", hidden_rebooking_tells_of_the_new_booking_only);
    g_test_add_func("/rule1/release", a_reported_release_is_told_once_and_vanishing_after_it_is_silent);
    g_test_add_func("/rule1/lag", a_roster_that_lags_does_not_undo_a_release);
    g_test_add_func("/rule1/taken_back", a_rosters_release_that_is_taken_back_is_corrected_at_once);
    g_test_add_func("/rule1/still_told", a_row_that_still_tells_of_the_release_takes_nothing_back);
    g_test_add_func("/rule1/death_in_row", a_release_that_was_a_death_is_told_as_one);
    g_test_add_func("/rule1/away_in_row", a_row_may_say_that_they_are_away);
    g_test_add_func("/rule1/stays", what_a_source_does_not_tell_stays);
    g_test_add_func("/rule2/transfer", a_move_between_facilities_is_a_transfer);
    g_test_add_func("/rule2/moved_away", moved_away_and_no_longer_listed_is_moved_and_not_out);
    g_test_add_func("/rule2/dead", who_is_listed_after_their_death_is_unclear_and_never_back);
    g_test_add_func("/rule3/ids", the_same_source_makes_the_same_id);
    g_test_add_func("/rule4/late", an_older_report_is_kept_and_counts_as_late);
    g_test_add_func("/rule4/roster", a_release_older_than_a_roster_is_still_told);
    g_test_add_func("/rule4/over", an_ending_that_a_later_move_overtook_is_over);
    g_test_add_func("/rule4/finished_late",
                    a_booking_that_is_finished_after_its_release_undoes_nothing);
    g_test_add_func("/rule4/corrections", a_correction_takes_back_what_it_names_in_any_order);
    g_test_add_func("/rule4/again", what_was_taken_back_and_is_said_again_is_said_anew);
    g_test_add_func("/roster/join", the_join_sees_same_changed_new_and_twice);
    g_test_add_func("/roster/spare", whoever_stands_in_an_unreadable_row_is_not_gone);
    g_test_add_func("/roster/grows", the_join_grows);
    g_test_add_func("/rule5/ordinary", an_ordinary_day_weekend_or_gap_is_not_held);
    g_test_add_func("/rule5/cut", a_cut_list_is_held);
    g_test_add_func("/rule5/empty", an_empty_list_and_half_a_file_are_always_held);
    g_test_add_func("/rule5/own_limit", a_mapping_can_set_its_own_limit);
    g_test_add_func("/rule6/stops", a_feed_that_stops_is_silent_after_one_and_a_half_intervals);
    g_test_add_func("/rule6/repeats",
                    the_same_list_again_is_silence_where_something_should_have_changed);
    int status = g_test_run();
    feed_mapping_free(mapping);
    return status;
}
