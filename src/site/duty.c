#include "site/duty.h"

#include "store/duty.h"
#include "store/store.h"

struct asking {
    const char *duty;
    struct store_lease lease;
    gint64 now_at_us;
    gboolean is_mine;
};

static gboolean take(struct db *db, void *context, GError **error) {
    struct asking *a = context;
    return duty_take(db, a->duty, &a->lease, a->now_at_us, &a->is_mine, error);
}

static gboolean leave(struct db *db, void *context, GError **error) {
    const struct asking *a = context;
    return duty_leave(db, a->duty, &a->lease, error);
}

gboolean site_duty_is_mine(struct site *site, struct site_duty *duty, GError **error) {
    struct asking a = {.duty = duty->name, .lease = site_lease(site), .now_at_us = site_now(site)};
    const gint64 left = duty->until_at_us - a.now_at_us, since = a.now_at_us - duty->asked_at_us;
    if (left > STORE_LEASE_US / 2 && left <= STORE_LEASE_US)
        return TRUE;
    if (!duty->until_at_us && duty->asked_at_us && since >= 0 && since < STORE_LEASE_US / 4)
        return FALSE;
    duty->asked_at_us = a.now_at_us;
    duty->until_at_us = 0;
    if (!store_write(site_store(site), STORE_WORK(take, NULL), &a, error))
        return FALSE;
    if (a.is_mine)
        duty->until_at_us = a.lease.until_at_us;
    return a.is_mine;
}

void site_duty_clear(struct site *site, struct site_duty *duty) {
    struct asking a = {.duty = duty->name, .lease = site_lease(site)};
    if (duty->until_at_us)
        store_write(site_store(site), STORE_WORK(leave, NULL), &a, NULL); /* else it runs out */
    g_clear_pointer(&duty->name, g_free);
    duty->until_at_us = 0;
}
