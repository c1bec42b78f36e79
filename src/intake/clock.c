/* Our own clock was ahead, and is not any more: what was stamped with times that have not come yet is
 * stamped again. Else nothing said now would count as later, and no silence would be noticed until
 * then. */
#include "intake/private.h"

#define MOST_AHEAD_US (DAY_US + HOUR_US) /* a list may bear the date of the day that begins */

/* What comes otherwise is stamped by our own clock. */
static gint64 most_ahead_us(const struct load *load) {
    return load_is_roster(load) ? MOST_AHEAD_US : 5 * MINUTE_US;
}

static void no_later(gint64 *at_us, gint64 now_at_us) {
    *at_us = MIN(*at_us, now_at_us); /* TIME_UNKNOWN is the least */
}

static gboolean believed_again(G_GNUC_UNUSED const struct custody_source *source,
                               const struct custody_booking *prior, struct custody_history *history,
                               struct custody_booking *next,
                               G_GNUC_UNUSED struct custody_event *event) {
    custody_booking_reconsidered(prior, history, next);
    return FALSE;
}

/* When a list was taken that is known to have been: the last that is not ahead; else now. */
static gboolean put_back_list(struct load *load, struct store_feed *feed, gint64 now, GError **error) {
    gint64 before_us;
    if (feed->listed_at_us == TIME_UNKNOWN || feed->listed_at_us <= now)
        return TRUE;
    if (!store_source_before(load->db, feed->id, now, &before_us, error))
        return FALSE;
    feed->listed_at_us = before_us == TIME_UNKNOWN ? now : before_us;
    feed->last_at_us = feed->listed_at_us; /* the next list need only be later than that */
    return TRUE;
}

static gboolean stamp_feed_again(struct load *load, struct store_feed *feed, GError **error) {
    /* Before anything that is on its way now, and was stamped when it came. */
    const gint64 now = load->owing.now_at_us - MINUTE_US;
    g_autofree char *was = base_time_format(feed->last_at_us);
    if (!put_back_list(load, feed, now, error))
        return FALSE;
    gint64 *const times[] = {&feed->last_at_us,    &feed->fresh_at_us,   &feed->listed_at_us,
                             &feed->held_since_us, &feed->pace.since_us, &feed->pace.last_us};
    for (guint i = 0; i < G_N_ELEMENTS(times); i++)
        no_later(times[i], now);
    if (!store_feed_save(load->db, feed, error))
        return FALSE;
    g_autoptr(GArray) bookings = store_events_stamp_again(load->db, feed->id, now, error);
    gboolean ok = bookings != NULL;
    for (guint i = 0; ok && i < bookings->len; i++)
        ok = load_change_booking(load, g_array_index(bookings, gint64, i), believed_again, error);
    g_autofree char *page =
        g_strdup_printf("The clock of this machine was ahead: the feed %s was last heard of at %s, "
                        "which has not come yet. "
                        "What it said then is taken as said now. Check what sets the clock.",
                        feed->id, was);
    return ok && owe_page(load->db, load->site, page, error);
}

/* The others are as far ahead, and what they said would go before what this one says. */
static gboolean stamp_others_again(struct load *load, GError **error) {
    g_autoptr(GPtrArray) ids =
        store_feeds_ahead(load->db, load->owing.now_at_us + MOST_AHEAD_US, error);
    gboolean ok = ids != NULL;
    for (guint i = 0; ok && i < ids->len; i++) {
        struct store_feed feed;
        if (g_str_equal(ids->pdata[i], load->feed.id))
            continue;
        ok = store_feed_get(load->db, ids->pdata[i], &feed, error);
        if (!ok)
            break;
        ok = stamp_feed_again(load, &feed, error);
        store_feed_clear(&feed);
    }
    return ok;
}

gboolean load_stamp_again(struct load *load, GError **error) {
    struct store_feed *feed = &load->feed;
    const gboolean is_ahead = feed->last_at_us != TIME_UNKNOWN &&
                              feed->last_at_us > load->owing.now_at_us + most_ahead_us(load);
    return (!is_ahead || stamp_feed_again(load, feed, error)) && stamp_others_again(load, error);
}
