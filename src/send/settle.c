#include "base/error.h"
#include "base/log.h"
#include "deliver/schedule.h"
#include "owe/owe.h"
#include "send/private.h"
#include "site/config.h"
#include "store/store.h"

/* A try may wait for a locked database for as long as the driver's patience, 20 s; so no new one is
 * begun after 10 s, and all end within 30. */
#define TRIES 5
#define BETWEEN_US (1500 * (gint64)1000)
#define NO_MORE_AFTER_US (10 * (gint64)SECOND_US)

/* What is to be written of a job. */
struct outcome {
    struct send_job *job;
    gboolean is_handed_over, needs_person, supersedes, ends_registration;
    enum outbox_settled how;
    const char *page;
};

static gboolean save_outcome(struct db *db, void *context, GError **error) {
    struct outcome *o = context;
    const struct store_alert *alert = o->job->alert;
    struct site *site = o->job->site;
    if (!outbox_settle(db, alert, site_now(site), &o->how, error))
        return FALSE;
    if (o->how == OUTBOX_LOST)
        return TRUE;
    if (o->supersedes &&
        !store_alerts_supersede(db, alert->registration_id, alert->seq,
                                (KIND_BIT(o->job->facts.kind) & KINDS_FEED) != 0, error))
        return FALSE;
    if (alert->purpose == PURPOSE_ALERT && alert->state == ALERT_QUEUED && !alert->may_have_left &&
        !outbox_withdraw_corrected(db, alert, error))
        return FALSE;
    if (o->ends_registration && !store_registration_wipe(db, alert->registration_id, error))
        return FALSE;
    return !o->page || o->how == OUTBOX_CONFIRMED || owe_page(db, site, o->page, error);
}

/* That somebody is in, told to who just signed up, is not repeated until they confirm it. */
static gboolean is_as_asked(const struct send_job *job) {
    return job->facts.kind == CUSTODY_AS_KNOWN && job->facts.now < STANDING_GONE;
}

static void note_result(struct send_job *job, enum deliver_result result, const char *answer,
                        struct outcome *outcome) {
    struct store_alert *alert = job->alert;
    const struct site *site = job->site;
    const gboolean is_alert = alert->purpose == PURPOSE_ALERT;
    const struct deliver_plan plan =
        deliver_plan_next(&site_config(site)->schedule, result, alert->attempts - alert->reminder,
                          is_alert && !is_as_asked(job), alert->created_at_us, site_now(site));
    const custody_kinds kind = is_alert ? KIND_BIT(job->facts.kind) : 0;

    if (alert->purpose != PURPOSE_PAGE) { /* a page's note is its words */
        g_free(alert->note);
        alert->note = g_strdup(answer);
    }
    alert->next_at_us = plan.next_at_us;
    alert->may_have_left |= result == DELIVER_HANDED_OVER || result == DELIVER_AMBIGUOUS;
    if (plan.is_handed_over) {
        alert->reminder++;
        if (alert->handed_at_us == TIME_UNKNOWN)
            alert->handed_at_us = site_now(site);
    }
    outcome->is_handed_over = plan.is_handed_over;
    outcome->needs_person = plan.needs_person && alert->purpose != PURPOSE_CODE;
    outcome->supersedes = plan.is_handed_over && (kind & ~KIND_BIT(CUSTODY_STATUS_CHANGED));
    outcome->ends_registration = (alert->purpose == PURPOSE_ENDED || alert->purpose == PURPOSE_OVER) &&
                                 plan.next_at_us == TIME_UNKNOWN;
    alert->state = plan.needs_person                     ? ALERT_NEEDS_PERSON
                   : alert->handed_at_us != TIME_UNKNOWN ? ALERT_SENT
                                                         : ALERT_QUEUED;
    if (outcome->needs_person && alert->purpose == PURPOSE_ALERT)
        outcome->page = result == DELIVER_REFUSED
                            ? "An alert could not be delivered: the address is refused. "
                              "Somebody is waiting for news. See `tocsin alert list --waiting`."
                        : alert->handed_at_us == TIME_UNKNOWN
                            ? "An alert could not be handed over in time, and nobody got the news. See "
                              "`tocsin alert list --waiting`."
                            : "An alert was not confirmed in time. Somebody may not have got the "
                              "news. See `tocsin alert list --waiting`.";
}

/* Writes it, and tries again for as long as the lease may last. */
static gboolean write_outcome(struct outcome *o, gboolean (*is_stopping)(void *), void *context,
                              GError **error) {
    const gint64 began = g_get_monotonic_time();
    for (guint i = 0;; i++) {
        g_autoptr(GError) problem = NULL;
        if (store_write(site_store(o->job->site), STORE_WORK(save_outcome, NULL), o, &problem))
            return TRUE;
        const gboolean is_last =
            i + 1 == TRIES || is_stopping(context) || g_get_monotonic_time() - began > NO_MORE_AFTER_US;
        log_line("error",
                 is_last ? "an alert's result could not be written: whether it left is unknown"
                         : "an alert's result could not be written; trying again",
                 "alert", o->job->alert->id, "problem", problem->message, NULL);
        if (is_last) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_STORE,
                        "what became of the alert %s could not be written: %s", o->job->alert->id,
                        problem->message);
            return FALSE;
        }
        for (gint64 us = 0; us < BETWEEN_US && !is_stopping(context); us += 100000)
            g_usleep(100000);
    }
}

static gboolean finish(struct outcome *o, gboolean (*is_stopping)(void *), void *context,
                       GError **error) {
    const struct store_alert *alert = o->job->alert;
    if (!write_outcome(o, is_stopping, context, error))
        return FALSE;
    if (o->how == OUTBOX_LOST)
        log_line("warning", "an alert's result counts no more: another sender has it, or it was ended",
                 "alert", alert->id, NULL);
    if (o->how == OUTBOX_LOST || !o->ends_registration)
        return TRUE;
    g_autoptr(GError) problem = NULL;
    if (!store_keys_delete(site_keys(o->job->site), alert->registration_id, &problem))
        log_line("error", "an ended registration's key could not be deleted", "registration",
                 alert->registration_id, "problem", problem->message, NULL);
    return TRUE;
}

gboolean send_settle(struct send_job *job, enum deliver_result result, const char *answer,
                     gboolean (*is_stopping)(void *context), void *context, enum send_end *end,
                     GError **error) {
    struct outcome outcome = {.job = job};
    note_result(job, result, answer, &outcome);
    *end = outcome.is_handed_over ? SEND_HANDED_OVER : SEND_FAILED;
    return finish(&outcome, is_stopping, context, error);
}

/* ── Where nothing is sent ─────────────────────────────────────────────────────────────────────── */

gboolean send_is_closed(const struct send_job *job) {
    if (job->problem)
        return FALSE;
    return job->alert->purpose == PURPOSE_ALERT
               ? !job->permit
               : job->alert->purpose == PURPOSE_PAGE && !site_config(job->site)->operator_email;
}

gboolean send_close(struct send_job *job, gboolean (*is_stopping)(void *context), void *context,
                    enum send_end *end, GError **error) {
    struct outcome outcome = {.job = job};
    struct store_alert *alert = job->alert;
    const gboolean is_page = alert->purpose == PURPOSE_PAGE; /* its note is its words */
    alert->state = is_page ? ALERT_SENT : job->denial ? ALERT_WITHHELD : ALERT_ENDED;
    alert->next_at_us = TIME_UNKNOWN;
    if (!is_page) {
        g_free(alert->note);
        alert->note = g_strdup(job->denial ? job->denial : "the registration has ended");
    }
    if (alert->state == ALERT_WITHHELD && !job->watch)
        outcome.page = "An alert was withheld by the policy. Somebody is waiting for news and a "
                       "person must look at it. See `tocsin alert list --waiting`.";
    *end = SEND_NOTHING;
    return finish(&outcome, is_stopping, context, error);
}
