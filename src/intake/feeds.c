/* Feeds besides loading a file: pushed events, decisions on a held list, taking a feed up, silence. */
#include <string.h>

#include "base/error.h"
#include "base/seal.h"
#include "custody/silence.h"
#include "intake/private.h"
#include "store/store.h"

/* ── Pushed events ─────────────────────────────────────────────────────────────────────────────── */

/* What was answered to this key before, if it came before. FALSE when it came with other content. */
static gboolean find_push(struct load *load, GError **error) {
    g_autofree char *name = NULL;
    if (!store_push_find(load->db, load->feed_id, load->digest, &name, &load->answer, error))
        return FALSE;
    if (name && !g_str_equal(name, load->name)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_CONFLICT,
                    "this Idempotency-Key came before with other content; use a new key");
        return FALSE;
    }
    return TRUE;
}

static gboolean take_push(struct load *load, GError **error) {
    if (load_is_roster(load)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT, "the feed %s takes rosters, not events",
                    load->feed_id);
        return FALSE;
    }
    if (!load_record_source(load, SOURCE_LOADED, error))
        return FALSE;
    load->publish.source_id = load->source.id;
    if (!load_events(load, error))
        return FALSE;
    json_t *ids = json_array(), *event;
    size_t i;
    json_array_foreach(load->summary->list, i, event)
        json_array_append(ids, json_object_get(event, "event_id"));
    json_t *answer = json_pack("{s:i, s:o, s:O}", "rows", load->summary->rows, "events", ids,
                               "problems", load->summary->problem_list);
    char *text = json_dumps(answer, JSON_COMPACT);
    load->answer = g_strdup(text);
    free(text);
    json_decref(answer);
    return load_finish(load, error);
}

static gboolean push_in_transaction(struct db *db, void *context, GError **error) {
    struct load *load = context;
    gboolean ok = load_begin(load, db, error) && find_push(load, error) &&
                  (load->answer || take_push(load, error));
    load_end(load);
    return ok;
}

gboolean feed_push(struct site *site, const char *feed_id, const char *key, const char *body, gsize n,
                   char **answer, GError **error) {
    const struct load_options options = {.taken_at_us = TIME_UNKNOWN};
    struct load_summary summary = {.list = json_array(), .problem_list = json_array()};
    g_autofree char *digest = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)body, n);
    g_autofree char *name = g_strconcat("push:", digest, NULL);
    g_autoptr(GBytes) content = g_bytes_new(body, n);
    struct load load = {.site = site,
                        .feed_id = feed_id,
                        .name = name,
                        .content = content,
                        .push_key = key,
                        .snapshot_at_us = -1,
                        .observed_at_us = site_now(site),
                        .options = &options,
                        .summary = &summary};

    seal_sha256(key, strlen(key), load.digest);
    gboolean ok = store_write(site_store(site), push_in_transaction, &load, error);
    if (ok)
        *answer = g_steal_pointer(&load.answer);
    g_free(load.answer);
    load_summary_clear(&summary);
    return ok;
}

/* ── What the breaker held ─────────────────────────────────────────────────────────────────────── */

/* The newest list that is held becomes the content of this load. */
static gboolean find_held(struct load *load, struct db *db, GError **error) {
    gint64 id;
    if (!store_held_newest(db, load->feed_id, &id, error))
        return FALSE;
    if (!id) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "no list of %s is held", load->feed_id);
        return FALSE;
    }
    load->content =
        store_held_cells(db, id, &load->snapshot_at_us, &load->held_name, load->digest, error);
    load->name = load->held_name;
    load->observed_at_us = load->snapshot_at_us;
    return load->content != NULL;
}

static gboolean accept_in_transaction(struct db *db, void *context, GError **error) {
    return find_held(context, db, error) && load_in_transaction(db, context, error);
}

gboolean feed_accept(struct site *site, const char *feed_id, struct load_summary *summary,
                     GError **error) {
    const struct load_options options = {.taken_at_us = TIME_UNKNOWN};
    struct load load = {
        .site = site, .feed_id = feed_id, .is_accepted = TRUE, .options = &options, .summary = summary};
    *summary = (struct load_summary){.list = json_array(), .problem_list = json_array()};
    gboolean ok = store_write(site_store(site), accept_in_transaction, &load, error);
    g_clear_pointer(&load.content, g_bytes_unref);
    g_free(load.held_name);
    return ok;
}

static gboolean reject_in_transaction(struct db *db, void *context, GError **error) {
    gint64 id;
    if (!store_held_newest(db, context, &id, error))
        return FALSE;
    if (!id) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "no list of %s is held",
                    (const char *)context);
        return FALSE;
    }
    return store_held_end(db, context, SOURCE_REJECTED, error);
}

gboolean feed_reject(struct site *site, const char *feed_id, GError **error) {
    return store_write(site_store(site), reject_in_transaction, (void *)(gsize)feed_id, error);
}

/* ── Taking a feed up ──────────────────────────────────────────────────────────────────────────── */

struct add {
    const struct site *site;
    const char *id, *yaml, *drop_folder, *secret;
    gboolean is_new;
};

static gboolean add_in_transaction(struct db *db, void *context, GError **error) {
    struct add *add = context;
    struct store_feed feed;
    GError *why = NULL;
    add->is_new = !store_feed_get(db, add->id, &feed, &why);
    if (why && !g_error_matches(why, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
        g_propagate_error(error, why);
        return FALSE;
    }
    g_clear_error(&why);
    if (add->is_new)
        return store_feed_add(db, add->id, add->yaml, add->drop_folder, add->secret,
                              site_now(add->site), error);
    store_feed_clear(&feed);
    return store_feed_update(db, add->id, add->yaml, add->drop_folder, error);
}

gboolean feed_add(struct site *site, const char *yaml, gsize n, const char *name,
                  const char *drop_folder, char **id, gboolean *is_new, GError **error) {
    guint8 secret[32];
    struct feed_mapping *mapping = feed_mapping_parse(yaml, n, name, error);
    if (!mapping)
        return FALSE;
    base_random_fill(site_random(site), secret, sizeof secret);
    g_autofree char *secret_text = g_base64_encode(secret, sizeof secret);
    struct add add = {.site = site,
                      .id = mapping->feed,
                      .yaml = yaml,
                      .drop_folder = drop_folder,
                      .secret = secret_text};
    gboolean ok = store_write(site_store(site), add_in_transaction, &add, error);
    *id = g_strdup(mapping->feed);
    *is_new = add.is_new;
    feed_mapping_free(mapping);
    return ok;
}

/* ── Silence ───────────────────────────────────────────────────────────────────────────────────── */

/* One feed, as time passes: overdue is an event; silence that lasts is told to people. */
static gboolean tick_feed(struct load *load, GError **error) {
    const struct custody_feed_state state = load_silence_state(load);
    struct custody_event event;
    gint64 now = load->publish.now_at_us;

    gint64 held_id = 0;
    if (!store_held_newest(load->db, load->feed.id, &held_id, error))
        return FALSE;
    if ((custody_feed_overdue(&state, now, &event) ||
         (held_id && custody_feed_unusable(&state, now, &event))) &&
        !load_raise_silence(load, &event, error))
        return FALSE;
    if (load->feed.silent_since_us == TIME_UNKNOWN || load->feed.silence_told ||
        now < load->feed.silent_since_us + load->mapping->tell_after_us)
        return TRUE;
    event = (struct custody_event){.kind = CUSTODY_FEED_SILENT,
                                   .assertion = ASSERTION_INFERRED,
                                   .facility_id = feed_mapping_facility(load->mapping)->id};
    gint64 seq = load->feed.silence_seq;
    load->feed.silence_seq = 0; /* nothing was told before */
    gboolean ok = publish_silence(&load->publish, &event, seq, error);
    load->feed.silence_seq = seq;
    load->feed.silence_told = TRUE;
    return ok;
}

struct tick {
    struct site *site;
    const char *feed_id;
    GPtrArray *ids;
    guint n_events;
};

static gboolean tick_in_transaction(struct db *db, void *context, GError **error) {
    struct tick *tick = context;
    const struct load_options options = {.taken_at_us = TIME_UNKNOWN};
    struct load_summary summary = {.list = json_array()};
    struct load load = {
        .site = tick->site, .feed_id = tick->feed_id, .options = &options, .summary = &summary};
    gboolean ok = load_begin(&load, db, error) && tick_feed(&load, error) &&
                  store_feed_save(db, &load.feed, error);
    tick->n_events += (guint)json_array_size(summary.list);
    load_end(&load);
    load_summary_clear(&summary);
    return ok;
}

static gboolean read_ids(struct db *db, void *context, GError **error) {
    struct tick *tick = context;
    tick->ids = store_feed_ids(db, error);
    return tick->ids != NULL;
}

/* A feed that cannot be looked over does not hide the silence of the others. */
gboolean feeds_tick(struct site *site, guint *n_events, GError **error) {
    struct tick tick = {.site = site};
    gboolean ok = store_read(site_store(site), read_ids, &tick, error);
    for (guint i = 0; tick.ids && i < tick.ids->len; i++) {
        g_autoptr(GError) problem = NULL;
        tick.feed_id = tick.ids->pdata[i];
        if (!store_write(site_store(site), tick_in_transaction, &tick, &problem) && ok) {
            ok = FALSE;
            g_propagate_error(error, g_steal_pointer(&problem));
        }
    }
    g_clear_pointer(&tick.ids, g_ptr_array_unref);
    *n_events = tick.n_events;
    return ok;
}
