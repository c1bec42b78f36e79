/* The breaker (rule 5): is it plausible that so many people left since the last list? Pure.
 *
 * What a jail's own history makes plausible, not a fixed share. People leave at a rate that falls
 * with the time they have been in; the feed's accepted lists teach the rate of each band of tenure.
 * From it and the time elapsed follow how many should be missing now, and how long the new list
 * should be. Two tests share one limit:
 *
 *   N people on the last list, M on the new one, V of the N missing, t days between
 *   E(x)  = expected leavers of the N in x days
 *   A     = expected arrivals who stay: E(t) up to a week, later the number on the last list who
 *           had been in for less than t, at most 2·E(t)
 *   limit = max(3 % of N, 4·sqrt(E(t) + A + 1), 3·E(1))
 *   held when V > E(t) + limit, or when M is short of N − E(t) + A by more than the limit
 *
 * A weekend or a gap of weeks moves E and A with it. The constants, their margins on real rosters
 * and where the test cannot see are in docs/reliability.md. */
#ifndef CUSTODY_BREAKER_H
#define CUSTODY_BREAKER_H

#include "custody/roster.h"

#define BREAKER_BANDS 7 /* of tenure: under 1, 3, 7, 30, 90, 365 days, and over */

/* What is learned of one feed. Kept as JSON by the store. */
struct custody_turnover {
    double exposure_days[BREAKER_BANDS]; /* person-days seen, older ones fading */
    double departures[BREAKER_BANDS];
    double prior_days[BREAKER_BANDS]; /* weight of the rate assumed before any history */
    double prior_scale;
    double history_days;
    gboolean has_dates; /* the source tells when people were admitted */
};

/* Before any history: the first list itself shows the turnover, by how many came in last week. */
void custody_turnover_start(struct custody_turnover *turnover, const struct custody_roster *first,
                            gboolean has_dates, gint64 snapshot_at_us);

struct custody_verdict {
    gboolean is_held;
    gboolean is_broken; /* for more than who is missing: it cannot be a whole list */
    guint n_before, n_now, n_missing;
    double expected_missing, expected_arrivals, limit;
    char reason[360]; /* for the operator, in words */
};

struct custody_breaker_input {
    const struct custody_roster *roster; /* after every row was seen */
    gint64 before_at_us, now_at_us;      /* the two lists' times */
    guint n_now;                         /* people on the new list */
    guint n_unreadable;                  /* rows that could not be read */
    gboolean is_cut;                     /* the file ends in the middle of a row */
    gint32 hold_above_percent;           /* the mapping's own limit; 0: none */
};

void custody_breaker_judge(const struct custody_turnover *turnover,
                           const struct custody_breaker_input *input, struct custody_verdict *verdict);

/* Learns from a list that was accepted. */
void custody_turnover_learn(struct custody_turnover *turnover,
                            const struct custody_breaker_input *input);

/* People who come or go in a day, for judging repetition (silence.h). */
double custody_turnover_changes_per_day(const struct custody_turnover *turnover,
                                        const struct custody_roster *roster, gint64 now_at_us);

#endif
