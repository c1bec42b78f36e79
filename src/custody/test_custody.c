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

static struct custody_source source_at(gint64 at_us) {
    return (struct custody_source){
        .feed = "t", .mapping = mapping, .observed_at_us = at_us, .held_since_us = TIME_UNKNOWN};
}

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
                                .occurred_at_us = TIME_UNKNOWN};
}

static struct feed_record reported(enum custody_kind kind, gint64 occurred_at_us) {
    struct feed_record record = listed("b1");
    record.has_action = TRUE;
    record.action = kind;
    record.occurred_at_us = occurred_at_us;
    return record;
}

/* A booking on the roster since Monday, with no event yet (as after the baseline). */
static struct custody_booking baseline_booking(void) {
    struct custody_source source = source_at(monday);
    struct feed_record record = listed("b1");
    struct custody_booking booking;
    struct custody_event event;
    source.is_baseline = TRUE;
    g_assert_false(custody_booking_listed(&source, NULL, &record, 1, &booking, &event));
    booking.id = 1;
    return booking;
}

/* ── Rules 1, 2, 8 ── */

static void first_load_is_a_baseline_and_alerts_nobody(void) {
    struct custody_booking booking = baseline_booking();
    g_assert_cmpint(booking.standing, ==, STANDING_HELD);
    g_assert_cmpint(booking.listing, ==, LISTING_NOW);
    g_assert_false(booking.has_event);
}

static void vanishing_is_inferred_and_never_a_release(void) {
    struct custody_booking prior = baseline_booking(), next;
    struct custody_source source = source_at(monday + DAY_US);
    struct custody_event event;
    g_assert_true(custody_booking_unlisted(&source, &prior, FALSE, &next, &event));
    g_assert_cmpint(event.kind, ==, CUSTODY_LEFT_ROSTER);
    g_assert_cmpint(event.assertion, ==, ASSERTION_INFERRED);
    g_assert_cmpuint(event.row, ==, 0);
    g_assert_cmpint(event.occurred_at_us, ==, TIME_UNKNOWN);
    g_assert_cmpint(next.standing, ==, STANDING_UNLISTED);
}

static void a_return_takes_the_leaving_back(void) {
    struct custody_booking prior = baseline_booking(), gone, back;
    struct custody_source tuesday = source_at(monday + DAY_US), friday = source_at(monday + 4 * DAY_US);
    struct custody_event left, event;
    struct feed_record record = listed("b1");
    custody_booking_unlisted(&tuesday, &prior, FALSE, &gone, &left);
    g_assert_true(custody_booking_listed(&friday, &gone, &record, 1, &back, &event));
    g_assert_cmpint(event.kind, ==, CUSTODY_BACK_ON_ROSTER);
    g_assert_cmpint(event.assertion, ==, ASSERTION_CORRECTED);
    g_assert_true(event.has_corrects);
    g_assert_cmpmem(event.corrects, 16, left.id, 16);
    g_assert_cmpint(back.standing, ==, STANDING_HELD);
}

static void hidden_rebooking_tells_of_the_new_booking_only(void) {
    struct custody_booking prior = baseline_booking(), old, fresh, again;
    struct custody_source tuesday = source_at(monday + DAY_US), friday = source_at(monday + 4 * DAY_US);
    struct custody_event event;
    struct feed_record new_record = listed("b2"), old_record = listed("b1");
    g_assert_true(custody_booking_listed(&tuesday, NULL, &new_record, 2, &fresh, &event));
    g_assert_cmpint(event.kind, ==, CUSTODY_BOOKED);
    g_assert_false(custody_booking_unlisted(&tuesday, &prior, TRUE, &old, &event));
    /* Nobody was told that they left, so their coming back is no correction. */
    g_assert_false(custody_booking_listed(&friday, &old, &old_record, 1, &again, &event));
    g_assert_cmpint(again.standing, ==, STANDING_HELD);
}

static void a_reported_release_is_told_once_and_vanishing_after_it_is_silent(void) {
    struct custody_booking prior = baseline_booking(), out, gone, back;
    struct custody_source tuesday = source_at(monday + DAY_US), friday = source_at(monday + 4 * DAY_US);
    struct custody_event released, event;
    struct feed_record release = reported(CUSTODY_RELEASED, monday + HOUR_US), row = listed("b1");
    g_assert_true(custody_booking_reported(&tuesday, &prior, &release, &out, &released));
    g_assert_cmpint(released.assertion, ==, ASSERTION_REPORTED);
    g_assert_cmpint(out.standing, ==, STANDING_OUT);
    g_assert_false(custody_booking_reported(&tuesday, &out, &release, &back, &event));
    g_assert_false(custody_booking_unlisted(&tuesday, &out, FALSE, &gone, &event));
    g_assert_cmpint(gone.standing, ==, STANDING_OUT);
    /* If the list shows the booking again, the report was wrong. */
    g_assert_true(custody_booking_listed(&friday, &gone, &row, 1, &back, &event));
    g_assert_cmpint(event.kind, ==, CUSTODY_BACK_ON_ROSTER);
    g_assert_cmpmem(event.corrects, 16, released.id, 16);
}

static void a_roster_that_lags_does_not_undo_a_release(void) {
    struct custody_booking prior = baseline_booking(), out, next, still;
    struct custody_source tuesday = source_at(monday + DAY_US),
                          later_that_day = source_at(monday + DAY_US + 12 * HOUR_US),
                          thursday = source_at(monday + 3 * DAY_US);
    struct custody_event released, event;
    struct feed_record release = reported(CUSTODY_RELEASED, monday + HOUR_US), row = listed("b1");
    custody_booking_reported(&tuesday, &prior, &release, &out, &released);
    g_assert_false(custody_booking_listed(&tuesday, &out, &row, 1, &next, &event));
    g_assert_cmpint(next.standing, ==, STANDING_OUT);
    g_assert_false(custody_booking_still_listed(&later_that_day, &next, &still, &event));
    /* A list made more than an interval after the report, and still showing them: it was wrong. */
    g_assert_true(custody_booking_still_listed(&thursday, &next, &still, &event));
    g_assert_cmpint(event.kind, ==, CUSTODY_BACK_ON_ROSTER);
    g_assert_cmpmem(event.corrects, 16, released.id, 16);
    g_assert_cmpint(still.standing, ==, STANDING_HELD);
}

static void a_rosters_release_that_is_taken_back_is_corrected_at_once(void) {
    struct custody_booking prior = baseline_booking(), out, next;
    struct custody_source tuesday = source_at(monday + DAY_US),
                          wednesday = source_at(monday + 2 * DAY_US);
    struct custody_event released, event;
    struct feed_record with_release = reported(CUSTODY_RELEASED, monday + HOUR_US),
                       without = listed("b1");
    g_assert_true(custody_booking_listed(&tuesday, &prior, &with_release, 2, &out, &released));
    g_assert_cmpint(released.kind, ==, CUSTODY_RELEASED);
    g_assert_true(custody_booking_listed(&wednesday, &out, &without, 3, &next, &event));
    g_assert_cmpint(event.kind, ==, CUSTODY_BACK_ON_ROSTER);
    g_assert_cmpmem(event.corrects, 16, released.id, 16);
}

static void a_row_that_still_tells_of_the_release_takes_nothing_back(void) {
    struct custody_booking prior = baseline_booking(), out, gone, next;
    struct custody_source tuesday = source_at(monday + DAY_US),
                          wednesday = source_at(monday + 2 * DAY_US),
                          friday = source_at(monday + 4 * DAY_US);
    struct custody_event event;
    struct feed_record row = reported(CUSTODY_RELEASED, monday + HOUR_US);
    custody_booking_listed(&tuesday, &prior, &row, 2, &out, &event);
    g_assert_false(custody_booking_unlisted(&wednesday, &out, FALSE, &gone, &event));
    g_assert_false(custody_booking_listed(&friday, &gone, &row, 2, &next, &event));
    g_assert_cmpint(next.standing, ==, STANDING_OUT);
}

static void what_a_source_does_not_tell_stays(void) {
    struct custody_booking prior = baseline_booking(), next;
    struct custody_source source = source_at(monday + DAY_US);
    struct custody_event event;
    struct feed_record returned = reported(CUSTODY_RETURNED, monday + HOUR_US);
    prior.flags = SUBJECT_SEALED;
    prior.facility_id = "annex";
    returned.has_facility = FALSE;
    custody_booking_reported(&source, &prior, &returned, &next, &event);
    g_assert_cmpuint(next.flags, ==, SUBJECT_SEALED);
    g_assert_cmpstr(next.facility_id, ==, "annex");
    returned.known_flags = SUBJECT_SEALED;
    custody_booking_reported(&source, &prior, &returned, &next, &event);
    g_assert_cmpuint(next.flags, ==, 0);
}

static void an_old_bookings_release_is_no_news_of_a_person_held_since(void) {
    struct custody_booking next;
    struct custody_source source = source_at(monday);
    struct custody_event event;
    struct feed_record release = reported(CUSTODY_RELEASED, monday - 400 * DAY_US);
    source.held_since_us = monday - 10 * DAY_US;
    g_assert_true(custody_booking_reported(&source, NULL, &release, &next, &event));
    g_assert_true(event.is_late);
}

static void what_ends_an_ending_follows_it(void) {
    struct custody_booking prior = baseline_booking(), out, next;
    struct custody_source source = source_at(monday + DAY_US);
    struct custody_event escaped, event;
    struct feed_record escape = reported(CUSTODY_ESCAPED, monday + HOUR_US),
                       recapture = reported(CUSTODY_RECAPTURED, monday + 2 * HOUR_US);
    custody_booking_reported(&source, &prior, &escape, &out, &escaped);
    custody_booking_reported(&source, &out, &recapture, &next, &event);
    g_assert_true(event.has_follows);
    g_assert_cmpmem(event.follows, 16, escaped.id, 16);
}

static void a_move_between_facilities_is_a_transfer(void) {
    struct custody_booking prior = baseline_booking(), next;
    struct custody_source source = source_at(monday + DAY_US);
    struct custody_event event;
    struct feed_record record = listed("b1");
    record.facility = feed_mapping_facility_by_id(mapping, "annex");
    g_assert_true(custody_booking_listed(&source, &prior, &record, 9, &next, &event));
    g_assert_cmpint(event.kind, ==, CUSTODY_TRANSFERRED);
    g_assert_cmpstr(event.detail, ==, "Main");
    g_assert_cmpint(next.standing, ==, STANDING_HELD);
}

/* ── Rule 3 ── */

static void the_same_source_makes_the_same_id(void) {
    struct custody_booking prior = baseline_booking(), next;
    struct custody_source tuesday = source_at(monday + DAY_US), friday = source_at(monday + 4 * DAY_US);
    struct custody_event a, b, c;
    custody_booking_unlisted(&tuesday, &prior, FALSE, &next, &a);
    custody_booking_unlisted(&tuesday, &prior, FALSE, &next, &b);
    custody_booking_unlisted(&friday, &prior, FALSE, &next, &c);
    g_assert_cmpmem(a.id, 16, b.id, 16);
    g_assert_cmpint(memcmp(a.id, c.id, 16), !=, 0);
}

/* ── Rule 4 ── */

static void an_older_report_is_kept_and_told_to_nobody(void) {
    struct custody_booking prior = baseline_booking(), back, next;
    struct custody_source source = source_at(monday + DAY_US);
    struct custody_event event;
    struct feed_record returned = reported(CUSTODY_RETURNED, monday + 5 * HOUR_US),
                       away = reported(CUSTODY_TEMPORARY_ABSENCE, monday + HOUR_US);
    custody_booking_reported(&source, &prior, &returned, &back, &event);
    g_assert_true(custody_booking_reported(&source, &back, &away, &next, &event));
    g_assert_true(event.is_late);
    g_assert_cmpint(next.standing, ==, STANDING_HELD);
}

static void a_release_older_than_a_roster_is_still_told(void) {
    struct custody_booking prior = baseline_booking(), next; /* listed at noon on Monday */
    struct custody_source source = source_at(monday + DAY_US);
    struct custody_event event;
    struct feed_record release = reported(CUSTODY_RELEASED, monday - HOUR_US);
    g_assert_true(custody_booking_reported(&source, &prior, &release, &next, &event));
    g_assert_false(event.is_late);
}

static void a_death_is_never_too_late(void) {
    struct custody_booking prior = baseline_booking(), back, next;
    struct custody_source source = source_at(monday + DAY_US);
    struct custody_event event;
    struct feed_record returned = reported(CUSTODY_RETURNED, monday + 5 * HOUR_US),
                       died = reported(CUSTODY_DIED, monday + HOUR_US);
    custody_booking_reported(&source, &prior, &returned, &back, &event);
    g_assert_true(custody_booking_reported(&source, &back, &died, &next, &event));
    g_assert_false(event.is_late);
    g_assert_cmpint(event.kind, ==, CUSTODY_DIED);
}

static void a_correction_of_the_newest_event_restores_custody(void) {
    struct custody_booking prior = baseline_booking(), out, next;
    struct custody_source source = source_at(monday + DAY_US);
    struct custody_event released, event;
    struct feed_record release = reported(CUSTODY_RELEASED, monday + HOUR_US),
                       correction = reported(CUSTODY_CORRECTED, monday + 2 * HOUR_US);
    release.event_id = "e1";
    correction.event_id = "e2";
    correction.corrects_event_id = "e1";
    custody_booking_reported(&source, &prior, &release, &out, &released);
    source.corrected = released.id;
    g_assert_true(custody_booking_reported(&source, &out, &correction, &next, &event));
    g_assert_cmpmem(event.corrects, 16, released.id, 16);
    g_assert_cmpint(next.standing, ==, STANDING_HELD);
}

/* ── The join ── */

static void expect(struct custody_roster *roster, gint64 id, const char *booking, const char *person) {
    custody_roster_expect(roster, id, booking, strlen(booking), person, strlen(person), 1,
                          monday - 90 * DAY_US);
}

static void the_join_sees_same_changed_new_and_twice(void) {
    struct custody_roster *roster = custody_roster_new();
    gint64 id;
    expect(roster, 1, "a/1", "a");
    expect(roster, 2, "b/1", "b");
    expect(roster, 3, "c/1", "c");
    expect(roster, 4, "d/1", "d");
    g_assert_cmpint(custody_roster_see(roster, "a/1", "a", 1, &id), ==, SIGHT_SAME);
    g_assert_cmpint(id, ==, 1);
    g_assert_cmpint(custody_roster_see(roster, "b/1", "b", 2, &id), ==, SIGHT_CHANGED);
    g_assert_cmpint(custody_roster_see(roster, "b/1", "b", 2, &id), ==, SIGHT_DUPLICATE);
    g_assert_cmpint(custody_roster_see(roster, "b/1", "b", 3, &id), ==, SIGHT_CONFLICT);
    g_assert_cmpint(custody_roster_see(roster, "c/2", "c", 1, &id), ==, SIGHT_NEW);
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
        g_assert_cmpint(custody_roster_see(roster, booking, booking, 1, &id), ==, SIGHT_SAME);
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
        custody_roster_expect(first, i + 1, key, strlen(key), key, strlen(key), 1, since);
        custody_roster_expect(roster, i + 1, key, strlen(key), key, strlen(key), 1, since);
    }
    custody_turnover_start(&turnover, first, TRUE, monday);
    for (guint i = 0; i < jail->n; i++) {
        g_autofree char *key = g_strdup_printf("p%u", i);
        gint64 id;
        gboolean stays = uniform(&seed) < exp(-jail->turnover_a_day * days);
        g_autofree char *new_key = g_strdup_printf("n%u", i);
        if (uniform(&seed) < cut)
            continue; /* this place's row was lost */
        custody_roster_see(roster, stays ? key : new_key, stays ? key : new_key, 1, &id);
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
    custody_roster_see(roster, "a", "a", 1, &id);
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
        custody_roster_see(roster, key, key, 1, &id);
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
    g_test_add_func("/rule1/stays", what_a_source_does_not_tell_stays);
    g_test_add_func("/rule1/follows", what_ends_an_ending_follows_it);
    g_test_add_func("/rule4/person", an_old_bookings_release_is_no_news_of_a_person_held_since);
    g_test_add_func("/rule2/transfer", a_move_between_facilities_is_a_transfer);
    g_test_add_func("/rule3/ids", the_same_source_makes_the_same_id);
    g_test_add_func("/rule4/late", an_older_report_is_kept_and_told_to_nobody);
    g_test_add_func("/rule4/roster", a_release_older_than_a_roster_is_still_told);
    g_test_add_func("/rule4/death", a_death_is_never_too_late);
    g_test_add_func("/rule4/correction", a_correction_of_the_newest_event_restores_custody);
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
