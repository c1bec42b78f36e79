/* What an operator sees: feeds, problems, alerts, people. Reads only.
 *
 * Used by: web, cli. Includes: site/site.h, store. */
#ifndef OPERATE_STATUS_H
#define OPERATE_STATUS_H

#include "site/site.h"
#include "store/custody.h"
#include "store/feed.h"
#include "store/outbox.h"

struct status_feed {
    const char *id, *title;
    const char *state; /* "new", "alive", "silent", "held" */
    gint64 last_at_us, silent_since_us;
    guint n_listed, n_held, n_problems;
    const char *held_reason; /* NULL: nothing waits */
    gint64 held_id;          /* which list it is that waits */
};
typedef void (*status_feed_fn)(const struct status_feed *feed, void *context);
gboolean status_feeds(struct site *site, status_feed_fn each, void *context, GError **error);

/* `feed` NULL: all. */
gboolean status_problems(struct site *site, const char *feed, guint limit, store_problem_fn each,
                         void *context, GError **error);

gboolean status_feed_secret(struct site *site, const char *feed, char **secret, GError **error);
gboolean status_drop_folders(struct site *site, GHashTable **feed_to_folder, GError **error);

gboolean status_alerts(struct site *site, const char *id, gboolean only_waiting, guint limit,
                       store_alert_fn each, void *context, GError **error);
gboolean status_alert_counts(struct site *site, struct store_alert_counts *counts, GError **error);

/* `id` is "number" or "scope:number". */
gboolean status_person(struct site *site, const char *id, store_person_fn each, void *context,
                       GError **error);
gboolean status_person_events(struct site *site, gint64 person_id, store_event_fn each, void *context,
                              GError **error);

/* Registrations, newest first. Transfer full: struct store_registration. */
GPtrArray *status_registrations(struct site *site, guint limit, GError **error);

#endif
