#include "send/sender.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "book/logbook.h"
#include "send/private.h"
#include "site/config.h"
#include "store/store.h"

#define POLL_US (500 * (gint64)1000)  /* other processes' commits are seen by looking */
#define RENEW_US (STORE_LEASE_US / 4) /* how often is said what is still under way */

struct sender {
    struct site *site;
    struct seal_private *private;
    sender_note_fn on_handed_over;
    void *context;

    GMutex mutex;
    GCond wake;
    gboolean has_news, is_stopping;
    GThread *dispatcher;
    GThreadPool *workers;
    GAsyncQueue *channels[CHANNEL_MOST]; /* idle ones of each kind; NULL: it is not set up */
    guint n_channels, n_under_way;
    gint64 renewed_at_us;
    guint n_in_vain[CHANNEL_MOST]; /* tries, since the last that was taken */
    struct sender_counts counts;
    GError *problem; /* the first result that could not be written */
};

/* ── One message ───────────────────────────────────────────────────────────────────────────────── */

static gboolean is_stopping(void *context) {
    struct sender *sender = context;
    g_mutex_lock(&sender->mutex);
    const gboolean stopping = sender->is_stopping;
    g_mutex_unlock(&sender->mutex);
    return stopping;
}

/* Where it goes: the contact's own words, or the operator's address. Wiped and freed by the caller. */
static char *address_of(struct sender *sender, const struct send_job *job, GError **error) {
    if (!job->row)
        return g_strdup(site_config(sender->site)->operator_email);
    GBytes *contact = send_open_contact(job, sender->private, error);
    char *to = contact ? g_strndup(g_bytes_get_data(contact, NULL), g_bytes_get_size(contact)) : NULL;
    seal_bytes_unref(contact);
    return to;
}

/* A peer that takes nothing is logged when it begins, and when it ends. */
static void note_peer(struct sender *sender, const struct channel_kind *kind,
                      enum deliver_result result, const char *answer) {
    guint *n_in_vain = &sender->n_in_vain[channel_number(kind)];
    g_mutex_lock(&sender->mutex);
    const guint n = *n_in_vain;
    *n_in_vain = result == DELIVER_TRY_LATER ? n + 1 : 0;
    g_mutex_unlock(&sender->mutex);
    g_autofree char *tries = g_strdup_printf("%u", n);
    if (result == DELIVER_TRY_LATER && !n)
        log_line("warning", "messages cannot be handed over; they are tried again", "channel",
                 kind->name, "answer", answer, NULL);
    else if (result != DELIVER_TRY_LATER && n)
        log_line("info", "messages are handed over again", "channel", kind->name, "tried_in_vain",
                 tries, NULL);
}

/* Hands the message over; `answer` gets the peer's words. */
static enum deliver_result hand_over(struct sender *sender, struct send_job *job, char **answer) {
    GAsyncQueue *idle = sender->channels[channel_number(job->kind)];
    g_autoptr(GError) problem = NULL;
    char *to = address_of(sender, job, &problem);
    g_autoptr(GBytes) message = to ? send_compose(job, to, &problem) : NULL;
    enum deliver_result result = DELIVER_TRY_LATER;
    if (!message) {
        *answer = g_strdup(problem ? problem->message : "the contact cannot be opened");
    } else if (!idle) {
        *answer = g_strdup_printf("no %s is set up in site.yaml", job->kind->name);
    } else {
        g_autofree char *key = g_strdup_printf("%s.%u", job->alert->id, job->alert->reminder);
        struct channel *channel = g_async_queue_pop(idle);
        result = channel->send(channel, to, key, message, answer);
        g_async_queue_push(idle, channel);
        note_peer(sender, job->kind, result, *answer);
    }
    if (to)
        seal_wipe(to, strlen(to));
    g_free(to);
    return result;
}

static void tell_listener(const struct sender *sender, const struct send_job *job) {
    const struct sender_note note = {
        .alert_id = job->alert->id,
        .kind = job->alert->purpose == PURPOSE_ALERT ? custody_kind_name(job->facts.kind) : "",
        .purpose = store_alert_purpose_name(job->alert->purpose),
        .latency_us = site_now(sender->site) - job->alert->created_at_us};
    if (sender->on_handed_over)
        sender->on_handed_over(&note, sender->context);
}

static void count(struct sender *sender, enum send_end end, GError *problem) {
    g_mutex_lock(&sender->mutex);
    sender->counts.handed_over += end == SEND_HANDED_OVER;
    sender->counts.failed += end == SEND_FAILED;
    sender->counts.unknown += problem != NULL;
    if (problem && !sender->problem)
        sender->problem = g_steal_pointer(&problem);
    sender->n_under_way--;
    sender->has_news = TRUE;
    g_cond_signal(&sender->wake);
    g_mutex_unlock(&sender->mutex);
    g_clear_error(&problem);
}

/* A command ends with the first result that cannot be written: what it has not begun is left to its
 * lease. */
static gboolean has_given_up(struct sender *sender) {
    g_mutex_lock(&sender->mutex);
    const gboolean given_up = sender->problem && !sender->dispatcher;
    g_mutex_unlock(&sender->mutex);
    return given_up;
}

static void work(gpointer data, gpointer context) {
    struct send_job *job = data;
    struct sender *sender = context;
    g_autofree char *answer = NULL;
    GError *problem = NULL;
    enum send_end end = SEND_NOTHING;

    if (has_given_up(sender)) {
        send_job_free(job);
        count(sender, end, NULL);
        return;
    }
    if (send_is_closed(job)) {
        if (job->alert->purpose == PURPOSE_PAGE)
            log_line("warning", "operator page", "page", job->alert->note, NULL);
        send_close(job, is_stopping, sender, &end, &problem);
    } else {
        const enum deliver_result result =
            job->problem ? DELIVER_TRY_LATER : hand_over(sender, job, &answer);
        send_settle(job, result, job->problem ? job->problem->message : answer, is_stopping, sender,
                    &end, &problem);
    }
    if (end == SEND_HANDED_OVER)
        tell_listener(sender, job);
    send_job_free(job);
    seal_forget_thread(); /* a pool does not join its threads */
    count(sender, end, problem);
}

/* ── Dispatching ───────────────────────────────────────────────────────────────────────────────── */

/* One round: no more is claimed than leaves soon, for what only waits can still be corrected. Returns
 * how many were sent on their way. */
static guint dispatch(struct sender *sender, GError **error) {
    g_mutex_lock(&sender->mutex);
    const guint most = 2 * sender->n_channels - MIN(2 * sender->n_channels, sender->n_under_way);
    g_mutex_unlock(&sender->mutex);
    g_autoptr(GPtrArray) jobs = most ? send_claim(sender->site, most, error) : NULL;
    if (!jobs)
        return 0;
    g_ptr_array_set_free_func(jobs, NULL);
    g_mutex_lock(&sender->mutex);
    if (!sender->n_under_way)
        sender->renewed_at_us = g_get_monotonic_time();
    sender->n_under_way += jobs->len;
    g_mutex_unlock(&sender->mutex);
    for (guint i = 0; i < jobs->len; i++)
        g_thread_pool_push(sender->workers, jobs->pdata[i], NULL);
    return jobs->len;
}

static gboolean renew_in_transaction(struct db *db, void *context, GError **error) {
    struct sender *sender = context;
    const struct store_lease lease = site_lease(sender->site);
    return outbox_renew(db, &lease, site_now(sender->site), error);
}

/* Says what is still under way. */
static void renew(struct sender *sender) {
    g_autoptr(GError) problem = NULL;
    const gint64 now = g_get_monotonic_time();
    if (now - sender->renewed_at_us < RENEW_US || !sender->n_under_way || has_given_up(sender))
        return;
    if (store_write(site_store(sender->site), STORE_WORK(renew_in_transaction, NULL), sender, &problem))
        sender->renewed_at_us = now;
    else
        log_line("error", "what is under way could not be kept", "problem", problem->message, NULL);
}

/* Until there is news, or it is time to look. */
static void wait_for_news(struct sender *sender) {
    const gint64 until = g_get_monotonic_time() + POLL_US;
    g_mutex_lock(&sender->mutex);
    while (!sender->has_news && !sender->is_stopping &&
           g_cond_wait_until(&sender->wake, &sender->mutex, until))
        ;
    sender->has_news = FALSE;
    g_mutex_unlock(&sender->mutex);
}

static gpointer dispatch_loop(gpointer data) {
    struct sender *sender = data;
    while (!is_stopping(sender)) {
        g_autoptr(GError) problem = NULL;
        renew(sender);
        dispatch(sender, &problem);
        if (problem)
            log_line("error", "the outbox could not be read", "problem", problem->message, NULL);
        wait_for_news(sender);
    }
    return NULL;
}

static void on_commit(void *context) {
    struct sender *sender = context;
    g_mutex_lock(&sender->mutex);
    sender->has_news = TRUE;
    g_cond_signal(&sender->wake);
    g_mutex_unlock(&sender->mutex);
}

/* Waits until all that is under way has ended, saying meanwhile that it is. */
static void wait_for_workers(struct sender *sender) {
    g_mutex_lock(&sender->mutex);
    while (sender->n_under_way) {
        g_cond_wait_until(&sender->wake, &sender->mutex, g_get_monotonic_time() + POLL_US);
        g_mutex_unlock(&sender->mutex);
        renew(sender);
        g_mutex_lock(&sender->mutex);
    }
    g_mutex_unlock(&sender->mutex);
}

/* ── Starting and stopping ─────────────────────────────────────────────────────────────────────── */

static gboolean open_channels_of(struct sender *sender, guint k, GError **error) {
    const void *settings = site_config(sender->site)->channels[k];
    const guint n = channel_kinds[k]->connections(settings);
    if (n)
        sender->channels[k] = g_async_queue_new();
    for (guint i = 0; i < n; i++) {
        struct channel *channel = channel_kinds[k]->open(settings, site_dir(sender->site), error);
        if (!channel)
            return FALSE;
        g_async_queue_push(sender->channels[k], channel);
    }
    sender->n_channels += n;
    return TRUE;
}

static gboolean open_channels(struct sender *sender, GError **error) {
    for (guint k = 0; channel_kinds[k]; k++)
        if (!open_channels_of(sender, k, error))
            return FALSE;
    sender->workers = g_thread_pool_new(work, sender, (gint)sender->n_channels, TRUE, error);
    return sender->workers != NULL;
}

static void sender_free(struct sender *sender) {
    if (sender->workers)
        g_thread_pool_free(sender->workers, FALSE, TRUE);
    for (guint k = 0; k < CHANNEL_MOST; k++) {
        GAsyncQueue *idle = sender->channels[k];
        for (struct channel *channel; idle && (channel = g_async_queue_try_pop(idle));)
            channel->free(channel);
        g_clear_pointer(&idle, g_async_queue_unref);
    }
    seal_private_free(sender->private);
    g_clear_error(&sender->problem);
    g_mutex_clear(&sender->mutex);
    g_cond_clear(&sender->wake);
    g_free(sender);
}

/* Without a policy nothing is told; a ledger that cannot be written stops agencies, and nobody else. */
static gboolean load_policy(struct site *site, GError **error) {
    g_autoptr(GError) problem = NULL;
    struct disclose_gate *gate = site_gate(site, error);
    if (!gate)
        return FALSE;
    disclose_gate_unref(gate);
    if (!logbook_policy(site, &problem))
        log_line("error", "the policy could not be recorded in the ledger; agencies are told nothing",
                 "problem", problem->message, NULL);
    return TRUE;
}

static struct sender *sender_new(struct site *site, GError **error) {
    struct sender *sender = g_new0(struct sender, 1);
    g_autofree char *key = site_path(site, "keys/contacts.key.pem");

    sender->site = site;
    sender->renewed_at_us = g_get_monotonic_time();
    g_mutex_init(&sender->mutex);
    g_cond_init(&sender->wake);
    if (load_policy(site, error) && (sender->private = seal_private_load(key, error)) != NULL &&
        open_channels(sender, error))
        return sender;
    sender_free(sender);
    return NULL;
}

struct sender *sender_start(struct site *site, sender_note_fn on_handed_over, void *context,
                            GError **error) {
    struct sender *sender = sender_new(site, error);
    if (!sender)
        return NULL;
    sender->on_handed_over = on_handed_over;
    sender->context = context;
    store_on_commit(site_store(site), on_commit, sender);
    sender->dispatcher = g_thread_new("sender", dispatch_loop, sender);
    return sender;
}

void sender_stop(struct sender *sender) {
    if (!sender)
        return;
    g_mutex_lock(&sender->mutex);
    sender->is_stopping = TRUE;
    g_cond_signal(&sender->wake);
    g_mutex_unlock(&sender->mutex);
    g_thread_join(sender->dispatcher);
    wait_for_workers(sender);
    store_on_commit(site_store(sender->site), NULL, NULL);
    g_thread_pool_free(g_steal_pointer(&sender->workers), FALSE, TRUE);
    sender_free(sender);
}

/* ── For commands ──────────────────────────────────────────────────────────────────────────────── */

gboolean sender_run_once(struct site *site, struct sender_counts *counts, GError **error) {
    struct sender *sender = sender_new(site, error);
    *counts = (struct sender_counts){0};
    if (!sender)
        return FALSE;
    while (!sender->problem && dispatch(sender, &sender->problem))
        wait_for_workers(sender);
    *counts = sender->counts;
    const gboolean ok = !sender->problem;
    if (!ok)
        g_propagate_error(error, g_steal_pointer(&sender->problem));
    sender_free(sender);
    return ok;
}
