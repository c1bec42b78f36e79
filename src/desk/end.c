#include "desk/end.h"

#include "desk/judge.h"
#include "disclose/disclose.h"
#include "owe/owe.h"
#include "store/agency.h"
#include "store/outbox.h"
#include "store/store.h"
#include "store/watch.h"

/* Records the end of a watch, if the registration is one. */
static gboolean end_watch(struct db *db, struct site *site, const char *registration_id,
                          gboolean *is_watch, GError **error) {
    GError *problem = NULL;
    struct store_agency_watch *watch = NULL;
    store_agency_watch_get(db, registration_id, &watch, &problem);
    *is_watch = watch != NULL;
    struct disclose_gate *gate = watch ? site_gate(site, &problem) : NULL;
    gboolean ok = !problem;
    if (ok && watch && (watch->state == WATCH_ASKED || watch->state == WATCH_APPROVED)) {
        g_autofree char *denial = NULL;
        watch->state = WATCH_ENDED;
        ok = judge_watch(db, site, gate, watch, KIND_BIT(CUSTODY_RELEASED), watch->person_id,
                         LEDGER_WATCH_ENDED, LEDGER_WATCH_ENDED, NULL, &denial, &problem) &&
             store_agency_watch_decide(db, watch, &problem);
    }
    if (problem)
        g_propagate_error(error, problem);
    store_agency_watch_free(watch);
    disclose_gate_unref(gate);
    return ok;
}

struct ending {
    struct site *site;
    const char *id;
    enum end_how how;
    gboolean says_so, was_active;
};

/* An agency has no claim on what came after its time; a person who asked has, or somebody must know. */
static gboolean end_alerts(struct db *db, const struct ending *ending, gboolean is_watch,
                           GError **error) {
    const gboolean keeps_unsent =
        !is_watch && ending->says_so && (ending->how == END_BY_STAFF || ending->how == END_OVER);
    guint n_unsent;
    if (!store_alerts_end(db, ending->id, keeps_unsent, &n_unsent, error))
        return FALSE;
    if (keeps_unsent) /* at once, whatever its next try was planned for */
        return store_alerts_hurry(db, ending->id, site_now(ending->site), error);
    if (!n_unsent || is_watch)
        return TRUE;
    g_autofree char *page = g_strdup_printf(
        "The notices of registration %s were stopped while %u of them had not reached anybody. The "
        "address is deleted, so they cannot be sent any more. Somebody who knows that person may have "
        "to tell them. See `tocsin alert list`.",
        ending->id, n_unsent);
    return owe_page(db, ending->site, page, error);
}

/* Asks for the last message first: it is sent, and the contact deleted after (send/settle.c). */
static gboolean end_in_transaction(struct db *db, void *context, GError **error) {
    struct ending *ending = context;
    gboolean is_watch;
    struct store_registration *row = store_registration_get(db, ending->id, error);
    if (!row)
        return FALSE;
    ending->was_active = row->registration.ended_at_us == TIME_UNKNOWN;
    ending->says_so = ending->how != END_UNSAID && row->registration.confirmed_at_us != TIME_UNKNOWN &&
                      ending->was_active;
    store_registration_free(row);
    if (!ending->was_active)
        return TRUE;
    if (!end_watch(db, ending->site, ending->id, &is_watch, error) ||
        !end_alerts(db, ending, is_watch, error))
        return FALSE;
    if (!ending->says_so)
        return store_registration_end(db, ending->id, site_now(ending->site), error);
    return store_registration_close(db, ending->id, site_now(ending->site), error) &&
           owe_message(db, ending->site, ending->how == END_OVER ? PURPOSE_OVER : PURPOSE_ENDED,
                       ending->id, "", error);
}

gboolean end_registration(struct site *site, const char *id, enum end_how how, GError **error) {
    struct ending ending = {.site = site, .id = id, .how = how};
    return store_write(site_store(site), STORE_WORK(end_in_transaction, NULL), &ending, error) &&
           (ending.says_so || store_keys_delete(site_keys(site), id, error));
}

/* ── Whose time is over ────────────────────────────────────────────────────────────────────────── */

gboolean end_expired(struct site *site, GError **error) {
    struct db *db = store_read_begin(site_store(site), error);
    g_autoptr(GPtrArray) ids = db ? store_agency_watches_expired(db, site_now(site), error) : NULL;
    store_read_end(site_store(site), db);
    gboolean ok = ids != NULL;
    for (guint i = 0; ok && i < ids->len; i++)
        ok = end_registration(site, ids->pdata[i], END_UNSAID, error);
    return ok;
}
