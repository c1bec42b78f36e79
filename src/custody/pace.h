/* How much a feed usually reports, and whether a batch is far beyond it. Pure.
 *
 * Endings and arrivals are each counted over windows of a day or, where a feed says something more
 * seldom, from what it said before to what it says now. What was counted in the past gives the mean;
 * days differ from each other far more than chance alone would have it, so counts are taken as
 * negative binomial, of a shape no greater than 4. A batch is doubtful when so many or more have a
 * chance below one in a million, and are at least 8; in a list's first day, when they are more than
 * half of those who are left. docs/reliability.md has what that finds and misses. */
#ifndef CUSTODY_PACE_H
#define CUSTODY_PACE_H

#include <glib.h>

#include "base/vocabulary.h"

enum custody_pace_of { PACE_ENDINGS, PACE_ARRIVALS, PACE_N };

struct custody_pace {
    double days, counted[PACE_N]; /* what is past, older ones fading */
    double least_a_day; /* of a list: people stay for less than 300 days in the mean. 0: unknown */
    gint64 since_us, last_us;     /* the window under way, and when something came last; TIME_UNKNOWN */
    guint n[PACE_N];              /* in it */
    gboolean is_doubtful[PACE_N]; /* found so in it */
    gint64 first_seq;             /* of its first event; 0: none */
};

/* Something comes at `now_at_us`: a window that has been long enough is over. */
void custody_pace_begin(struct custody_pace *pace, gint64 now_at_us);

/* The mean that was to be expected in the window, up to now. */
double custody_pace_expected(const struct custody_pace *pace, enum custody_pace_of of,
                             gint64 now_at_us);
/* The chance of as many as were counted, or more. */
double custody_pace_chance(const struct custody_pace *pace, enum custody_pace_of of, gint64 now_at_us);
gboolean custody_pace_is_beyond(const struct custody_pace *pace, enum custody_pace_of of,
                                gint64 now_at_us);

#endif
