/* Silence is an event (rule 6): a feed that stops, or that sends the same thing again past its
 * interval, is told to the operator at once and, after a set time, to those who rely on it. Pure. */
#ifndef CUSTODY_SILENCE_H
#define CUSTODY_SILENCE_H

#include "custody/event.h"

struct custody_feed_state {
    const char *feed, *facility_id;
    gint64 interval_us, tell_after_us;
    gint64 last_at_us;      /* when the source last sent anything; TIME_UNKNOWN: never */
    gint64 fresh_at_us;     /* when it last sent something new */
    gint64 silent_since_us; /* TIME_UNKNOWN: it speaks */
};

/* The feed has not been heard of for one and a half intervals at `now_at_us`. */
gboolean custody_feed_overdue(const struct custody_feed_state *feed, gint64 now_at_us,
                              struct custody_event *event);

/* Lists come, and have been held for as long as people may be left without news. */
gboolean custody_feed_unusable(const struct custody_feed_state *feed, gint64 now_at_us,
                               struct custody_event *event);

/* A roster in which nothing at all has changed since the last new one: whether that is silence. A
 * jail that books and frees `changes_per_day` people shows no change over the elapsed time with
 * probability exp(-changes · days); under 1 in 200 it is not believed. */
gboolean custody_feed_repeats(const struct custody_feed_state *feed, double changes_per_day,
                              gint64 observed_at_us, struct custody_event *event);

/* Something new came after silence. */
gboolean custody_feed_speaks(const struct custody_feed_state *feed, gint64 observed_at_us,
                             struct custody_event *event);

#endif
