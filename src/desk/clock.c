#include "desk/clock.h"

#include "owe/owe.h"
#include "store/duty.h"
#include "store/store.h"

#define STEADY_US ((gint64)DAY_US)

struct looking {
    struct site *site;
    gint64 steady_since_us;
};

static gboolean page_leap(struct db *db, const struct site *site, gint64 from_us, GError **error) {
    g_autofree char *from = base_time_format(from_us);
    g_autofree char *to = base_time_format(site_now(site));
    g_autofree char *page = g_strdup_printf(
        "The clock of this machine went from %s to %s at once, or nothing ran here in between. No "
        "registration is ended and nothing is deleted by it for a day. If it is wrong, set it right; "
        "if "
        "it is right, nothing need be done.",
        from, to);
    return owe_page(db, site, page, error);
}

static gboolean look(struct db *db, void *context, GError **error) {
    struct looking *l = context;
    gint64 leapt_from_us;
    return store_clock_note(db, site_now(l->site), &l->steady_since_us, &leapt_from_us, error) &&
           (leapt_from_us == TIME_UNKNOWN || page_leap(db, l->site, leapt_from_us, error));
}

gboolean clock_is_steady(struct site *site, gboolean *is_steady, GError **error) {
    struct looking l = {.site = site};
    const gboolean ok = store_write(site_store(site), STORE_WORK(look, NULL), &l, error);
    *is_steady = ok && site_now(site) - l.steady_since_us >= STEADY_US;
    return ok;
}
