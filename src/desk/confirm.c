#include "desk/confirm.h"

#include "base/seal.h"
#include "owe/owe.h"
#include "store/outbox.h"
#include "store/store.h"
#include "store/watch.h"

#define MOST_PIN_TRIES 5

struct alert_query {
    struct site *site;
    const char *id, *pin;
    struct store_alert *alert;
    struct store_registration *row;
    gboolean pin_ok, is_locked;
};

static gboolean get_alert(struct db *db, void *context, GError **error) {
    struct alert_query *query = context;
    query->alert = store_alert_get(db, query->id, error);
    query->row = query->alert && query->alert->registration_id
                     ? store_registration_get(db, query->alert->registration_id, error)
                     : NULL;
    return query->row != NULL;
}

/* Counts and judges in one transaction, so that many tries at once are still five. */
static gboolean mark_alert(struct db *db, void *context, GError **error) {
    struct alert_query *query = context;
    if (query->pin_ok)
        return store_alerts_confirm(db, query->alert->seq, site_now(query->site), error);
    if (!store_alert_wrong_pin(db, query->alert->seq, MOST_PIN_TRIES, &query->is_locked, error))
        return FALSE;
    return !query->is_locked ||
           owe_page(db, query->site,
                    "An alert was locked after five wrong PINs. Somebody may be waiting for news. See "
                    "`tocsin alert list --waiting`.",
                    error);
}

gboolean confirm_alert(struct site *site, const char *token, const char *pin,
                       enum confirm_answer *answer, enum language *language, GError **error) {
    g_autofree char *id = site_token_id(site, "confirm", token);
    struct alert_query query = {.site = site, .id = id ? id : "", .pin = pin};
    gboolean ok = store_read(site_store(site), get_alert, &query, error);

    if (ok) {
        *language = query.row->registration.language;
        *answer = CONFIRM_LOCKED;
        if (query.alert->confirmed_at_us != TIME_UNKNOWN) {
            *answer = CONFIRM_DONE;
        } else if (query.alert->pin_tries < MOST_PIN_TRIES) {
            query.pin_ok = seal_pin_matches(query.row->pin_hash, pin);
            *answer = query.pin_ok ? CONFIRM_DONE : CONFIRM_WRONG_PIN;
            ok = store_write(site_store(site), STORE_WORK(mark_alert, NULL), &query, error);
            if (ok && query.is_locked)
                *answer = CONFIRM_LOCKED;
        }
    }
    store_alert_free(query.alert);
    store_registration_free(query.row);
    return ok;
}

static gboolean get_registration(struct db *db, void *context, GError **error) {
    struct alert_query *query = context;
    query->row = store_registration_get(db, query->id, error);
    return query->row != NULL;
}

gboolean confirm_open_link(struct site *site, const char *purpose, const char *token,
                           enum language *language, char **registration_id, GError **error) {
    g_autofree char *id = site_token_id(site, purpose, token);
    struct alert_query query = {.site = site, .id = id ? id : ""};
    gboolean ok =
        store_read(site_store(site), g_str_equal(purpose, "confirm") ? get_alert : get_registration,
                   &query, error);
    if (ok) {
        *language = query.row->registration.language;
        *registration_id = g_strdup(query.row->id);
    }
    store_alert_free(query.alert);
    store_registration_free(query.row);
    return ok;
}
