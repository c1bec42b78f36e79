#include "desk/term.h"

#include "base/error.h"
#include "desk/clock.h"
#include "desk/end.h"
#include "owe/owe.h"
#include "store/agency.h"
#include "store/outbox.h"
#include "store/store.h"
#include "store/watch.h"

#define MOST_AT_ONCE 100

struct term {
    struct site *site;
    const char *id, *expires;
    gint64 until_at_us;
};

/* A person's registration in force. Transfer full; NULL with an error. */
static struct store_registration *in_force(struct db *db, const struct term *t, GError **error) {
    struct store_agency_watch *watch = NULL;
    struct store_registration *row = store_registration_get(db, t->id, error);
    if (!row || !store_agency_watch_get(db, t->id, &watch, error)) {
        store_registration_free(row);
        return NULL;
    }
    const char *why = watch
                          ? "an agency's watch is asked for anew, under a document of its own: tocsin "
                            "agency ask"
                      : watch_registration_is_active(&row->registration, site_now(t->site))
                          ? NULL
                          : "this registration is not in force; sign up again";
    store_agency_watch_free(watch);
    if (!why)
        return row;
    g_set_error_literal(error, BASE_ERROR, BASE_ERROR_REFUSED, why);
    store_registration_free(row);
    return NULL;
}

static gboolean renew_in_transaction(struct db *db, void *context, GError **error) {
    struct term *t = context;
    struct store_registration *row = in_force(db, t, error);
    gboolean ok = row && watch_expiry_parse(t->expires, site_now(t->site), &t->until_at_us, error);
    if (ok && !t->expires) /* a link that was kept makes it no shorter */
        t->until_at_us = MAX(t->until_at_us, row->registration.expires_at_us);
    ok = ok && store_registration_renew(db, t->id, t->until_at_us, error) &&
         outbox_drop_warnings(db, t->id, error);
    store_registration_free(row);
    return ok;
}

gboolean term_renew(struct site *site, const char *id, const char *expires, gint64 *until_at_us,
                    GError **error) {
    struct term t = {.site = site, .id = id, .expires = expires};
    const gboolean ok =
        store_write(site_store(site), STORE_WORK(renew_in_transaction, NULL), &t, error);
    *until_at_us = t.until_at_us;
    return ok;
}

static gboolean test_in_transaction(struct db *db, void *context, GError **error) {
    const struct term *t = context;
    struct store_registration *row = in_force(db, t, error);
    const gboolean ok = row && owe_message(db, t->site, PURPOSE_TEST, t->id, "", error);
    store_registration_free(row);
    return ok;
}

gboolean term_test(struct site *site, const char *id, GError **error) {
    struct term t = {.site = site, .id = id};
    return store_write(site_store(site), STORE_WORK(test_in_transaction, NULL), &t, error);
}

/* ── As time passes ────────────────────────────────────────────────────────────────────────────── */

static gboolean warn_in_transaction(struct db *db, void *context, GError **error) {
    const struct term *t = context;
    gboolean is_due; /* it may have been renewed since it was read */
    return store_registration_warn(db, t->id, site_now(t->site), &is_due, error) &&
           (!is_due || owe_message(db, t->site, PURPOSE_EXPIRING, t->id, "", error));
}

static gboolean warn(struct site *site, const char *id, GError **error) {
    struct term t = {.site = site, .id = id};
    return store_write(site_store(site), STORE_WORK(warn_in_transaction, NULL), &t, error);
}

static gboolean end_over(struct site *site, const char *id, GError **error) {
    return end_registration(site, id, END_OVER, error);
}

static gboolean end_unconfirmed(struct site *site, const char *id, GError **error) {
    return end_registration(site, id, END_UNSAID, error);
}

/* Each in a transaction of its own, so that nobody waits for them. */
static gboolean each_due(struct site *site, enum store_term which,
                         gboolean (*deed)(struct site *site, const char *id, GError **error),
                         GError **error) {
    struct db *db = store_read_begin(site_store(site), error);
    g_autoptr(GPtrArray) ids =
        db ? store_registrations_due(db, which, site_now(site), MOST_AT_ONCE, error) : NULL;
    store_read_end(site_store(site), db);
    gboolean ok = ids != NULL;
    for (guint i = 0; ids && i < ids->len; i++) /* one that fails keeps no other from its turn */
        ok = deed(site, ids->pdata[i], ok ? error : NULL) && ok;
    return ok;
}

gboolean term_tick(struct site *site, GError **error) {
    gboolean is_steady;
    gboolean ok = each_due(site, TERM_ENDS_SOON, warn, error);
    ok = clock_is_steady(site, &is_steady, ok ? error : NULL) && ok;
    if (!is_steady)
        return ok;
    ok = each_due(site, TERM_OVER, end_over, ok ? error : NULL) && ok;
    return each_due(site, TERM_UNCONFIRMED, end_unconfirmed, ok ? error : NULL) && ok;
}
