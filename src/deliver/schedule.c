#include "deliver/schedule.h"

const struct deliver_schedule deliver_default_schedule = {
    .retry_us = {MINUTE_US, 2 * MINUTE_US, 5 * MINUTE_US, 10 * MINUTE_US, 30 * MINUTE_US},
    .n_retries = 5,
    .remind_us = 30 * MINUTE_US,
    .give_up_us = 48 * HOUR_US};

gint64 deliver_schedule_longest(const struct deliver_schedule *schedule) {
    gint64 longest = schedule->remind_us;
    for (guint i = 0; i < schedule->n_retries; i++)
        longest = MAX(longest, schedule->retry_us[i]);
    return longest;
}

struct deliver_plan deliver_plan_next(const struct deliver_schedule *schedule,
                                      enum deliver_result result, guint failures,
                                      gboolean wants_confirmation, gint64 created_at_us,
                                      gint64 now_at_us) {
    struct deliver_plan plan = {.is_handed_over = result == DELIVER_HANDED_OVER,
                                .next_at_us = TIME_UNKNOWN};
    gint64 wait_us = schedule->remind_us;

    if (plan.is_handed_over && !wants_confirmation)
        return plan;
    if (!plan.is_handed_over)
        wait_us = schedule->retry_us[MIN(MAX(failures, 1), schedule->n_retries) - 1];
    plan.needs_person =
        result == DELIVER_REFUSED || now_at_us + wait_us > created_at_us + schedule->give_up_us;
    if (!plan.needs_person)
        plan.next_at_us = now_at_us + wait_us;
    return plan;
}
