#include "operate/status.h"

#include <string.h>

#include "base/error.h"
#include "feed/mapping.h"
#include "store/store.h"
#include "store/watch.h"

/* One read: what to run and with what. */
struct reading {
    const char *text;
    guint limit;
    void *result;
};

/* ── Feeds ─────────────────────────────────────────────────────────────────────────────────────── */

struct feed_reading {
    status_feed_fn each;
    void *context;
};

static gboolean read_feed(struct db *db, const char *id, const struct feed_reading *reading,
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
                                    .state = counts.held_id                         ? "held"
                                             : feed.silent_since_us != TIME_UNKNOWN ? "silent"
                                             : feed.last_at_us == TIME_UNKNOWN      ? "new"
                                                                                    : "alive",
                                    .last_at_us = feed.last_at_us,
                                    .silent_since_us = feed.silent_since_us,
                                    .n_listed = counts.n_listed,
                                    .n_held = counts.held_id != 0,
                                    .n_problems = counts.n_problems,
                                    .held_reason = counts.held_reason,
                                    .held_id = counts.held_id};
    reading->each(&row, reading->context);
    feed_mapping_free(mapping);
    g_free(counts.held_reason);
    store_feed_clear(&feed);
    return TRUE;
}

static gboolean read_feeds(struct db *db, void *context, GError **error) {
    g_autoptr(GPtrArray) ids = store_feed_ids(db, error);
    for (guint i = 0; ids && i < ids->len; i++)
        if (!read_feed(db, ids->pdata[i], context, error))
            return FALSE;
    return ids != NULL;
}

gboolean status_feeds(struct site *site, status_feed_fn each, void *context, GError **error) {
    struct feed_reading reading = {each, context};
    return store_read(site_store(site), read_feeds, &reading, error);
}

struct problem_reading {
    const char *feed;
    guint limit;
    store_problem_fn each;
    void *context;
};

static gboolean read_problems(struct db *db, void *context, GError **error) {
    const struct problem_reading *r = context;
    return store_problems(db, r->feed, r->limit, r->each, r->context, error);
}

gboolean status_problems(struct site *site, const char *feed, guint limit, store_problem_fn each,
                         void *context, GError **error) {
    struct problem_reading reading = {feed, limit, each, context};
    return store_read(site_store(site), read_problems, &reading, error);
}

static gboolean read_secret(struct db *db, void *context, GError **error) {
    struct reading *reading = context;
    struct store_feed feed;
    if (!store_feed_get(db, reading->text, &feed, error))
        return FALSE;
    reading->result = g_steal_pointer(&feed.secret);
    store_feed_clear(&feed);
    return TRUE;
}

gboolean status_feed_secret(struct site *site, const char *feed, char **secret, GError **error) {
    struct reading reading = {.text = feed};
    gboolean ok = store_read(site_store(site), read_secret, &reading, error);
    *secret = reading.result;
    return ok;
}

static gboolean read_drop_folders(struct db *db, void *context, GError **error) {
    return store_feed_folders(db, context, error);
}

gboolean status_drop_folders(struct site *site, GHashTable **feed_to_folder, GError **error) {
    *feed_to_folder = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return store_read(site_store(site), read_drop_folders, *feed_to_folder, error);
}

/* ── Alerts ────────────────────────────────────────────────────────────────────────────────────── */

struct alert_reading {
    const char *id;
    gboolean only_waiting;
    guint limit;
    store_alert_fn each;
    void *context;
};

static gboolean read_alerts(struct db *db, void *context, GError **error) {
    struct alert_reading *r = context;
    return store_alerts_list(db, r->id, r->only_waiting, r->limit, r->each, r->context, error);
}

gboolean status_alerts(struct site *site, const char *id, gboolean only_waiting, guint limit,
                       store_alert_fn each, void *context, GError **error) {
    struct alert_reading reading = {id, only_waiting, limit, each, context};
    return store_read(site_store(site), read_alerts, &reading, error);
}

static gboolean read_counts(struct db *db, void *context, GError **error) {
    return store_alert_count(db, context, error);
}

gboolean status_alert_counts(struct site *site, struct store_alert_counts *counts, GError **error) {
    return store_read(site_store(site), read_counts, counts, error);
}

/* ── People ────────────────────────────────────────────────────────────────────────────────────── */

struct person_reading {
    const char *text;
    guint limit;
    gint64 id;
    store_person_fn each;
    store_event_fn each_event;
    void *context;
    guint n;
};

static void count_and_pass(const struct store_person_row *row, void *context) {
    struct person_reading *reading = context;
    reading->n++;
    reading->each(row, reading->context);
}

static gboolean read_person(struct db *db, void *context, GError **error) {
    struct person_reading *reading = context;
    const char *colon = strchr(reading->text, ':');
    g_autofree char *scope = colon ? g_strndup(reading->text, (gsize)(colon - reading->text)) : NULL;
    if (!store_person_find(db, NULL, reading->text, count_and_pass, reading, error) ||
        (!reading->n && colon &&
         !store_person_find(db, scope, colon + 1, count_and_pass, reading, error)))
        return FALSE;
    if (!reading->n)
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "no person has the number \"%s\"",
                    reading->text);
    return reading->n > 0;
}

gboolean status_person(struct site *site, const char *id, store_person_fn each, void *context,
                       GError **error) {
    struct person_reading reading = {.text = id, .each = each, .context = context};
    return store_read(site_store(site), read_person, &reading, error);
}

static gboolean read_events(struct db *db, void *context, GError **error) {
    struct person_reading *reading = context;
    return store_person_events(db, reading->id, reading->each_event, reading->context, error);
}

gboolean status_person_events(struct site *site, gint64 person_id, store_event_fn each, void *context,
                              GError **error) {
    struct person_reading reading = {.id = person_id, .each_event = each, .context = context};
    return store_read(site_store(site), read_events, &reading, error);
}

static gboolean read_registrations(struct db *db, void *context, GError **error) {
    struct reading *reading = context;
    reading->result = store_registrations_list(db, reading->limit, error);
    return reading->result != NULL;
}

GPtrArray *status_registrations(struct site *site, guint limit, GError **error) {
    struct reading reading = {.limit = limit};
    store_read(site_store(site), read_registrations, &reading, error);
    return reading.result;
}
