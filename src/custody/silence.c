#include "custody/silence.h"

#include <math.h>

#include "base/time.h"

static void make(const struct custody_feed_state *feed, enum custody_kind kind,
                 enum custody_assertion assertion, gint64 occurred_at_us, gint64 observed_at_us,
                 const char *detail, struct custody_event *event) {
    *event = (struct custody_event){.kind = kind,
                                    .assertion = assertion,
                                    .facility_id = feed->facility_id,
                                    .occurred_at_us = occurred_at_us,
                                    .observed_at_us = observed_at_us};
    g_strlcpy(event->detail, detail, sizeof event->detail);
    g_autofree char *when = base_time_format(occurred_at_us);
    const char *const parts[] = {feed->feed, custody_kind_name(kind), when, NULL};
    custody_event_id(event->id, parts);
}

gboolean custody_feed_overdue(const struct custody_feed_state *feed, gint64 now_at_us,
                              struct custody_event *event) {
    if (feed->last_at_us == TIME_UNKNOWN || feed->silent_since_us != TIME_UNKNOWN)
        return FALSE;
    gint64 due_at_us = feed->last_at_us + feed->interval_us + feed->interval_us / 2;
    if (now_at_us <= due_at_us)
        return FALSE;
    make(feed, CUSTODY_FEED_SILENT, ASSERTION_INFERRED, due_at_us, now_at_us, "stopped", event);
    return TRUE;
}

gboolean custody_feed_unusable(const struct custody_feed_state *feed, gint64 now_at_us,
                               struct custody_event *event) {
    if (feed->fresh_at_us == TIME_UNKNOWN || feed->silent_since_us != TIME_UNKNOWN)
        return FALSE;
    gint64 due_at_us = feed->fresh_at_us + feed->tell_after_us;
    if (now_at_us <= due_at_us)
        return FALSE;
    make(feed, CUSTODY_FEED_SILENT, ASSERTION_INFERRED, due_at_us, now_at_us, "held", event);
    return TRUE;
}

gboolean custody_feed_repeats(const struct custody_feed_state *feed, double changes_per_day,
                              gint64 observed_at_us, struct custody_event *event) {
    if (feed->fresh_at_us == TIME_UNKNOWN || feed->silent_since_us != TIME_UNKNOWN)
        return FALSE;
    double days = (double)(observed_at_us - feed->fresh_at_us) / (double)DAY_US;
    if (observed_at_us < feed->fresh_at_us + feed->interval_us || exp(-changes_per_day * days) >= 0.005)
        return FALSE;
    make(feed, CUSTODY_FEED_SILENT, ASSERTION_INFERRED, observed_at_us, observed_at_us, "repeated",
         event);
    return TRUE;
}

gboolean custody_feed_speaks(const struct custody_feed_state *feed, gint64 observed_at_us,
                             struct custody_event *event) {
    if (feed->silent_since_us == TIME_UNKNOWN)
        return FALSE;
    make(feed, CUSTODY_FEED_RESTORED, ASSERTION_REPORTED, observed_at_us, observed_at_us, "", event);
    return TRUE;
}
