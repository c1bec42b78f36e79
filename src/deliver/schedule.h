/* When a message is tried next. Pure.
 *
 * At once; while the peer will not take it, again after 1, 2, 5, 10 and then every 30 minutes; once
 * handed over, a reminder every 30 minutes until it is confirmed; after 48 hours, or when the peer
 * refuses, it goes to a person. Never to a silent dead letter (rule 3). */
#ifndef DELIVER_SCHEDULE_H
#define DELIVER_SCHEDULE_H

#include "base/time.h"
#include "deliver/channel.h"

#define SCHEDULE_MOST_RETRIES 8

struct deliver_schedule {
    gint64 retry_us[SCHEDULE_MOST_RETRIES];
    guint n_retries; /* the last one repeats */
    gint64 remind_us;
    gint64 give_up_us; /* from the message's making */
};

extern const struct deliver_schedule deliver_default_schedule;

/* The longest that any try is planned ahead. */
gint64 deliver_schedule_longest(const struct deliver_schedule *schedule);

struct deliver_plan {
    gboolean is_handed_over;
    gboolean needs_person;
    gint64 next_at_us; /* TIME_UNKNOWN: none */
};

/* After a try: `failures` tries of this message (or reminder) have failed, this one included.
 * `wants_confirmation`: reminders follow; else handed over is the end. */
struct deliver_plan deliver_plan_next(const struct deliver_schedule *schedule,
                                      enum deliver_result result, guint failures,
                                      gboolean wants_confirmation, gint64 created_at_us,
                                      gint64 now_at_us);

#endif
