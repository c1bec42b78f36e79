/* What an operator sees: feeds, alerts, how the store fares. Reads only, and names nobody. */
#ifndef OPERATE_STATUS_H
#define OPERATE_STATUS_H

#include "site/site.h"

struct status_feed {
    const char *id, *title;
    const char *state; /* "new", "alive", "silent", "held", "doubtful" */
    gint64 last_at_us, silent_since_us;
    guint n_listed, n_held, n_problems;
    const char *held_reason; /* NULL: nothing waits */
    gint64 held_id;          /* which list it is that waits; below 0: reports in doubt */
};
typedef void (*status_feed_fn)(const struct status_feed *feed, void *context);
gboolean status_feeds(struct site *site, status_feed_fn each, void *context, GError **error);

struct status_alert {
    const char *id, *purpose, *state, *note;
    const char *registration_id, *person, *kind, *event; /* NULL: none; `person` is a number */
    gint64 created_at_us, handed_at_us, confirmed_at_us, next_at_us;
    guint attempts, reminder;
};
typedef void (*status_alert_fn)(const struct status_alert *alert, void *context);
/* Newest first; `only_waiting`: those a person must look at. `id` NULL: all. */
gboolean status_alerts(struct site *site, const char *id, gboolean only_waiting, guint limit,
                       status_alert_fn each, void *context, GError **error);

struct status_counts {
    guint64 queued, sent, confirmed, needs_person, withheld; /* alerts */
    guint64 retrying;                                        /* of those queued: tried in vain */
    char last_answer[240];                                   /* to the last of these tries; "" */
    gboolean is_refusing;                                    /* the store takes nothing */
    gint64 oldest_queued_at_us;                              /* TIME_UNKNOWN: none waits */
    gint64 handed_latency_p50_us, handed_latency_p99_us;     /* of the newest 1,000; 0: none */
    guint64 commits, works;                                  /* of the store, since it was opened */
};
gboolean status_count(struct site *site, struct status_counts *counts, GError **error);

#endif
