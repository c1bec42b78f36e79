#include "operate/status.h"

#include <string.h>

#include "base/text.h"
#include "feed/mapping.h"
#include "store/feed.h"
#include "store/outbox.h"
#include "store/store.h"

/* ── Feeds ─────────────────────────────────────────────────────────────────────────────────────── */

static gboolean read_feed(struct db *db, const char *id, status_feed_fn each, void *context,
                          GError **error) {
    struct store_feed feed;
    struct store_feed_counts counts;
    if (!store_feed_get(db, id, &feed, error))
        return FALSE;
    if (!store_feed_count(db, id, &counts, error)) {
        store_feed_clear(&feed);
        return FALSE;
    }
    struct feed_mapping *mapping = feed_mapping_parse(feed.mapping, strlen(feed.mapping), id, NULL);
    const struct status_feed row = {.id = id,
                                    .title = mapping ? mapping->title : id,
                                    .state = counts.held_id < 0                     ? "doubtful"
                                             : counts.held_id                       ? "held"
                                             : feed.silent_since_us != TIME_UNKNOWN ? "silent"
                                             : feed.last_at_us == TIME_UNKNOWN      ? "new"
                                                                                    : "alive",
                                    .last_at_us = feed.last_at_us,
                                    .silent_since_us = feed.silent_since_us,
                                    .n_listed = counts.n_listed,
                                    .n_held = counts.held_id > 0,
                                    .n_problems = counts.n_problems,
                                    .held_reason = counts.held_reason,
                                    .held_id = counts.held_id};
    each(&row, context);
    feed_mapping_free(mapping);
    g_free(counts.held_reason);
    store_feed_clear(&feed);
    return TRUE;
}

gboolean status_feeds(struct site *site, status_feed_fn each, void *context, GError **error) {
    struct db *db = store_read_begin(site_store(site), error);
    g_autoptr(GPtrArray) ids = db ? store_feed_ids(db, error) : NULL;
    gboolean ok = ids != NULL;
    for (guint i = 0; ok && i < ids->len; i++)
        ok = read_feed(db, ids->pdata[i], each, context, error);
    store_read_end(site_store(site), db);
    return ok;
}

/* ── Alerts ────────────────────────────────────────────────────────────────────────────────────── */

struct listing {
    gint64 now_at_us;
    status_alert_fn each;
    void *context;
};

static void pass_alert(const struct store_alert_row *a, void *context) {
    const struct listing *listing = context;
    const struct status_alert alert = {.id = a->id,
                                       .purpose = store_alert_purpose_name(a->purpose),
                                       .state = store_alert_is_unknown(a, listing->now_at_us)
                                                    ? "unknown"
                                                    : store_alert_state_name(a->state),
                                       .note = a->note,
                                       .registration_id = a->registration_id,
                                       .person = a->person,
                                       .kind = a->kind,
                                       .event = *a->event ? a->event : NULL,
                                       .created_at_us = a->created_at_us,
                                       .handed_at_us = a->handed_at_us,
                                       .confirmed_at_us = a->confirmed_at_us,
                                       .next_at_us = a->next_at_us,
                                       .attempts = a->attempts,
                                       .reminder = a->reminder};
    listing->each(&alert, listing->context);
}

gboolean status_alerts(struct site *site, const char *id, gboolean only_waiting, guint limit,
                       status_alert_fn each, void *context, GError **error) {
    struct listing listing = {site_now(site), each, context};
    struct db *db = store_read_begin(site_store(site), error);
    const gboolean ok =
        db && store_alerts_list(db, id, only_waiting, limit, pass_alert, &listing, error);
    store_read_end(site_store(site), db);
    return ok;
}

gboolean status_count(struct site *site, struct status_counts *counts, GError **error) {
    struct store_alert_counts c;
    struct db *db = store_read_begin(site_store(site), error);
    const gboolean ok = db && store_alert_count(db, &c, error);
    store_read_end(site_store(site), db);
    if (!ok)
        return FALSE;
    *counts = (struct status_counts){.queued = c.queued,
                                     .sent = c.sent,
                                     .confirmed = c.confirmed,
                                     .needs_person = c.needs_person,
                                     .withheld = c.withheld,
                                     .retrying = c.retrying,
                                     .is_refusing = store_is_refusing(site_store(site)),
                                     .oldest_queued_at_us = c.oldest_queued_at_us,
                                     .handed_latency_p50_us = c.handed_latency_p50_us,
                                     .handed_latency_p99_us = c.handed_latency_p99_us};
    text_copy(counts->last_answer, sizeof counts->last_answer, c.last_answer);
    store_counts(site_store(site), &counts->commits, &counts->works);
    return TRUE;
}
