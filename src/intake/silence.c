#include "intake/silence.h"

#include "custody/silence.h"
#include "intake/private.h"
#include "store/store.h"

/* One feed, as time passes: overdue is an event; silence that lasts is told to people. */
static gboolean tick_feed(struct load *load, GError **error) {
    struct custody_feed_state state = load_silence_state(load);
    struct custody_event event;
    if (state.last_at_us == TIME_UNKNOWN) /* a feed that never spoke is missed, too */
        state.last_at_us = load->feed.added_at_us;
    gint64 now = load->owing.now_at_us;

    gint64 held_id = 0;
    if (!store_held_newest(load->db, load->feed.id, &held_id, error))
        return FALSE;
    if ((custody_feed_overdue(&state, now, &event) ||
         (held_id && custody_feed_unusable(&state, now, &event))) &&
        !load_raise_silence(load, &event, error))
        return FALSE;
    if (held_id && !load_tell_held(load, error))
        return FALSE;
    if (load->feed.silent_since_us == TIME_UNKNOWN || load->feed.silence_told ||
        now < load->feed.silent_since_us + load->mapping->tell_after_us)
        return TRUE;
    event = (struct custody_event){.kind = CUSTODY_FEED_SILENT,
                                   .assertion = ASSERTION_INFERRED,
                                   .facility_id = feed_mapping_facility(load->mapping)->id};
    gint64 seq = load->feed.silence_seq;
    load->feed.silence_seq = 0; /* nothing was told before */
    gboolean ok = owe_silence(&load->owing, &event, seq, error);
    load->feed.silence_seq = seq;
    load->feed.silence_told = TRUE;
    return ok;
}

struct tick {
    struct site *site;
    const char *feed_id;
    guint n_events; /* of the last run */
};

static gboolean tick_in_transaction(struct db *db, void *context, GError **error) {
    struct tick *tick = context;
    const struct load_options options = {.taken_at_us = TIME_UNKNOWN};
    struct load_summary summary = {.rows = 0};
    struct load load = {
        .site = tick->site, .feed_id = tick->feed_id, .options = &options, .summary = &summary};
    gboolean ok = load_begin(&load, db, error) && tick_feed(&load, error) &&
                  store_feed_save(db, &load.feed, error);
    tick->n_events = load.listing.n;
    load_end(&load);
    load_summary_clear(&summary);
    return ok;
}

/* A feed that cannot be looked over does not hide the silence of the others. */
gboolean silence_tick(struct site *site, guint *n_events, GError **error) {
    struct tick tick = {.site = site};
    *n_events = 0;
    struct db *db = store_read_begin(site_store(site), error);
    g_autoptr(GPtrArray) ids = db ? store_feed_ids(db, error) : NULL;
    store_read_end(site_store(site), db);
    gboolean ok = ids != NULL;
    for (guint i = 0; ids && i < ids->len; i++) {
        g_autoptr(GError) problem = NULL;
        tick.feed_id = ids->pdata[i];
        if (store_write(site_store(site), STORE_WORK(tick_in_transaction, NULL), &tick, &problem)) {
            *n_events += tick.n_events;
        } else if (ok) {
            ok = FALSE;
            g_propagate_error(error, g_steal_pointer(&problem));
        }
    }
    return ok;
}
