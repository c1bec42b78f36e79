#include "desk/keep.h"

#include <string.h>

#include "base/error.h"
#include "book/logbook.h"
#include "desk/clock.h"
#include "site/config.h"
#include "site/expunged.h"
#include "site/person.h"
#include "store/custody.h"
#include "store/keep.h"
#include "store/store.h"

#define MOST_AT_ONCE 200

/* ── On an order ───────────────────────────────────────────────────────────────────────────────── */

struct expunging {
    struct site *site;
    const char *booking, *by;
    gint64 booking_id, person_id;
    gboolean were_told, is_last;
};

/* Nobody's news may be lost by it. */
static gboolean check_is_over(struct db *db, const struct expunging *x,
                              const struct custody_booking *booking, GError **error) {
    gboolean has_unsent, has_waiting, has_held;
    if (!store_booking_is_busy(db, x->booking_id, &has_unsent, &has_waiting, &has_held, error))
        return FALSE;
    const enum custody_standing standing = booking->belief.standing;
    const char *why =
        standing == STANDING_HELD || standing == STANDING_AWAY
            ? "they are still held on it, and whoever follows them would never hear of their release"
        : has_unsent ? "news of it has not left yet; try again when it has: tocsin alert list"
        : has_waiting && !x->were_told
            ? "news of it waits for a person (tocsin alert list --waiting); when those who wait were "
              "told, say --told"
        : has_held ? "a list of its jail is held and may show it; decide on that first: tocsin feed "
                     "status"
                   : NULL;
    if (why)
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_CONFLICT, why);
    return !why;
}

static gboolean expunge_in_transaction(struct db *db, void *context, GError **error) {
    struct expunging *x = context;
    struct store_booking row;
    if (!site_booking_find(db, x->booking, &x->booking_id, &x->person_id, error) ||
        !store_booking_by_id(db, x->booking_id, &row, error))
        return FALSE;
    g_autofree char *jail = NULL;
    guint8 mac[32];
    gboolean ok = check_is_over(db, x, &row.booking, error) &&
                  (jail = store_booking_jail(db, x->booking_id, error)) != NULL;
    /* Also as the source writes it, where their number was another's ("number/booking"). */
    g_autofree char *number = g_strdup(row.person_key);
    for (char *stroke; ok; *stroke = 0) {
        site_expunged_mac(x->site, jail, row.key, number, mac);
        ok = store_expunged_add(db, mac, x->by, site_now(x->site), error);
        if (!(stroke = strrchr(number, '/')))
            break;
    }
    ok = ok && store_booking_forget(db, x->booking_id, &x->is_last, error);
    store_booking_clear(&row);
    return ok;
}

gboolean keep_expunge(struct site *site, const char *booking, const char *by, gboolean were_told,
                      GError **error) {
    struct expunging x = {.site = site, .booking = booking, .by = by, .were_told = were_told};
    guint n;
    return store_write(site_store(site), STORE_WORK(expunge_in_transaction, NULL), &x, error) &&
           (!x.is_last || logbook_shred(site, x.person_id, &n, error)) &&
           store_scrub(site_store(site), error);
}

/* ── As time passes ────────────────────────────────────────────────────────────────────────────── */

struct forgetting {
    struct site *site;
    const GArray *bookings;
};

static gboolean forget_in_transaction(struct db *db, void *context, GError **error) {
    const struct forgetting *f = context;
    const struct site_keep *keep = &site_config(f->site)->keep;
    const gint64 now = site_now(f->site);
    gboolean is_last;
    guint n;
    for (guint i = 0; i < f->bookings->len; i++)
        if (!store_booking_forget(db, g_array_index(f->bookings, gint64, i), &is_last, error))
            return FALSE;
    return store_registrations_forget(db, now - keep->registrations_us, MOST_AT_ONCE, &n, error) &&
           store_problems_forget(db, now - keep->problems_us, &n, error);
}

gboolean keep_tick(struct site *site, GError **error) {
    gboolean is_steady;
    if (!clock_is_steady(site, &is_steady, error))
        return FALSE;
    if (!is_steady)
        return TRUE;
    const gint64 before = site_now(site) - site_config(site)->keep.bookings_us;
    struct db *db = store_read_begin(site_store(site), error);
    g_autoptr(GArray) bookings = db ? store_bookings_over(db, before, MOST_AT_ONCE, error) : NULL;
    store_read_end(site_store(site), db);
    struct forgetting f = {.site = site, .bookings = bookings};
    return bookings &&
           store_write(site_store(site), STORE_WORK(forget_in_transaction, NULL), &f, error);
}
