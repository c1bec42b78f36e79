#include "send/sender.h"

#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/seal.h"
#include "book/logbook.h"
#include "deliver/channel.h"
#include "deliver/email/message.h"
#include "disclose/disclose.h"
#include "owe/owe.h"
#include "site/config.h"
#include "store/store.h"
#include "store/watch.h"

#define POLL_MS 500 /* other processes' commits are seen by looking */
#define BATCH 128

struct sender {
    struct site *site;
    struct seal_private *private;
    int lock_fd;
    sender_note_fn on_handed_over;
    void *context;

    GMutex mutex;
    GCond wake;
    gboolean has_news, is_stopping;
    GThread *dispatcher;
    GThreadPool *workers;
    GAsyncQueue *channels; /* idle ones, one a worker */
    GHashTable *in_flight; /* registration ids, and alert ids of pages */
    guint n_channels;
    guint n_handed_over, n_failed;
};

/* ── One message ───────────────────────────────────────────────────────────────────────────────── */

/* What is known of an alert when its turn comes, and what was decided: read, judged and written down in
 * the transaction that claims it. */
struct job {
    struct sender *sender;
    struct store_alert *alert;
    struct store_registration *row;   /* NULL: a page */
    struct store_agency_watch *watch; /* NULL: a registered person's */
    struct store_alert_facts facts;
    struct feed_mapping *mapping;
    struct permit *permit; /* NULL: not an alert, or denied */
    char *denial;          /* why, if it was */
    char *receipt;         /* of an agency's alert: where it stands in the ledger */
    GError *problem;       /* it could not be read */
};

static void job_free(struct job *job) {
    store_alert_free(job->alert);
    store_registration_free(job->row);
    store_agency_watch_free(job->watch);
    store_alert_facts_clear(&job->facts);
    feed_mapping_free(job->mapping);
    permit_free(job->permit);
    g_free(job->denial);
    g_free(job->receipt);
    g_clear_error(&job->problem);
    g_free(job);
}

static gboolean read_job(struct db *db, struct job *job, GError **error) {
    if (job->alert->registration_id &&
        !(job->row = store_registration_get(db, job->alert->registration_id, error)))
        return FALSE;
    if (job->row && !store_agency_watch_get(db, job->row->id, &job->watch, error))
        return FALSE;
    if (job->alert->purpose != PURPOSE_ALERT)
        return TRUE;
    struct store_feed feed;
    if (!store_alert_facts_get(db, job->alert->event_seq, &job->facts, error) ||
        !store_feed_get(db, job->facts.feed, &feed, error))
        return FALSE;
    job->mapping = site_mapping(job->sender->site, feed.id, feed.mapping, error);
    store_feed_clear(&feed);
    return job->mapping != NULL;
}

/* "GIVEN SURNAME" as the jail writes it, in title case when it is all capitals. Transfer full. */
static char *display_name(const struct store_alert_facts *facts) {
    g_autofree char *name = g_strstrip(g_strjoin(" ", facts->given, facts->surname, NULL));
    g_autofree char *upper = g_utf8_strup(name, -1);
    if (strcmp(upper, name) != 0)
        return g_steal_pointer(&name);
    GString *title = g_string_new(NULL);
    gboolean starts = TRUE;
    for (const char *p = name; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        g_string_append_unichar(title, starts ? c : g_unichar_tolower(c));
        starts = !g_unichar_isalpha(c);
    }
    return g_string_free(title, FALSE);
}

/* An agency's permit has its entry in the ledger, and so has its denial. A message that is tried again
 * is no second disclosure. */
static gboolean log_agency(struct db *db, struct job *job, const struct logbook_decision *decision,
                           GError **error) {
    struct site *site = job->sender->site;
    const struct store_alert *alert = job->alert;
    guint64 index;
    gboolean is_told;
    if (!store_ledger_told(db, alert->id, alert->reminder, &index, &is_told, error))
        return FALSE;
    /* What would be told now may not be what the entry says: a policy or a flag may have changed. */
    if (is_told && job->permit && !logbook_told_same(db, index, decision->payload, &is_told, error))
        return FALSE;
    if ((!is_told || !job->permit) && !logbook_agency(db, site, decision, &index, error))
        return FALSE;
    if (!is_told && job->permit && !store_ledger_told_add(db, alert->id, alert->reminder, index, error))
        return FALSE;
    const struct ledger_signer *signer = logbook_signer(site, error);
    if (!signer)
        return FALSE;
    job->receipt =
        g_strdup_printf("%s, entry %" G_GUINT64_FORMAT, ledger_signer_verifier(signer)->name, index);
    return TRUE;
}

/* Asks the policy, and writes down what it said before anything leaves. */
static gboolean judge(struct db *db, struct job *job, struct disclose_gate *gate, GError **error) {
    const struct store_alert_facts *f = &job->facts;
    const struct store_agency_watch *w = job->watch;
    const struct watch_registration *r = &job->row->registration;
    const struct feed_facility *place = feed_mapping_facility_by_id(job->mapping, f->facility_id);
    g_autofree char *name = display_name(f);
    struct policy_request request;
    struct policy_decision decision;
    const struct disclose_facts facts = {
        .kind = f->kind,
        .assertion = f->assertion,
        .is_unclear = f->is_unclear,
        .subject_flags = f->subject_flags,
        .person_name = name,
        .facility_name = place->name,
        .facility_phone = place->phone ? place->phone : feed_mapping_facility(job->mapping)->phone,
        .detail = f->detail,
        .zone = place->zone,
        .occurred_at_us = f->occurred_at_us,
        .occurred_on_date = f->occurred_on_date,
        .observed_at_us = f->observed_at_us};
    const struct disclose_agency agency = {w ? w->recipient : NULL, w ? w->purpose : NULL,
                                           w ? w->basis : NULL};
    const struct disclose_recipient recipient = {
        .reason = (enum match_reason)job->alert->reason,
        .is_role_verified =
            r->is_role_verified && (r->relation == RELATION_SURVIVOR || r->relation == RELATION_FAMILY),
        .language = r->language,
        .agency = w ? &agency : NULL};
    job->permit =
        disclose_alert(gate, &facts, &recipient, site_now(job->sender->site), &request, &decision);
    if (!job->permit)
        job->denial = g_strdup(policy_decision_citation(disclose_gate_policy(gate), &decision));
    if (!w)
        return !job->permit ||
               logbook_notice(db, job->sender->site, job->alert->id, job->alert->reminder, error);
    struct leaf_field payload[LEAF_MAX_FIELDS] = {{NULL, NULL}};
    if (job->permit) {
        payload[0] = (struct leaf_field){"alert", job->alert->id};
        payload[1] = (struct leaf_field){"kind", custody_kind_name(f->kind)};
        payload[2] = (struct leaf_field){"name", permit_person_name(job->permit)};
        payload[3] = (struct leaf_field){"facility", permit_facility_name(job->permit)};
    }
    const struct logbook_decision entry = {.type = LEDGER_DISCLOSURE,
                                           .gate = gate,
                                           .request = &request,
                                           .decision = &decision,
                                           .watch = w,
                                           .person_id = job->row->person_id,
                                           .payload = payload};
    return log_agency(db, job, &entry, error);
}

/* Opens the contact: the wrapped key from its own file, then the box. */
static GBytes *open_contact(struct job *job, GError **error) {
    struct site *site = job->sender->site;
    g_autoptr(GBytes) wrapped = store_keys_get(site_keys(site), job->row->id, error);
    if (!wrapped)
        return NULL;
    GBytes *key = seal_open_private(job->sender->private, wrapped, job->row->id, error);
    if (!key)
        return NULL;
    GBytes *contact = NULL;
    if (g_bytes_get_size(key) == SEAL_KEY_BYTES)
        contact =
            seal_open_key(g_bytes_get_data(key, NULL), job->row->contact_box, job->row->id, error);
    seal_bytes_unref(key);
    return contact;
}

static GBytes *compose(struct job *job, const char *to) {
    const struct site *site = job->sender->site;
    const struct site_config *config = site_config(site);
    const char *at = strrchr(config->from_address, '@');
    g_autofree char *confirm = site_token(site, "confirm", job->alert->id);
    g_autofree char *stop = job->row ? site_token(site, "stop", job->row->id) : NULL;
    g_autofree char *confirm_url = g_strconcat(config->base_url, "/c/", confirm, NULL);
    g_autofree char *stop_url = stop ? g_strconcat(config->base_url, "/u/", stop, NULL) : NULL;
    const gboolean ends = job->alert->purpose == PURPOSE_ENDED;
    const struct deliver_envelope envelope = {
        .from_address = config->from_address,
        .from_name = config->from_name,
        .to = to,
        .host = at ? at + 1 : "localhost",
        .alert_id = job->alert->id,
        .reminder = job->alert->reminder,
        .date_at_us = job->alert->reminder ? site_now(site) : job->alert->created_at_us,
        .confirm_url = confirm_url,
        .stop_url = ends || job->watch ? NULL : stop_url,
        .receipt = job->receipt,
        .remind_minutes = (guint)(config->schedule.remind_us / MINUTE_US),
        .give_up_hours = (guint)(config->schedule.give_up_us / HOUR_US)};

    if (!job->row)
        return deliver_page_message(job->alert->note, &envelope);
    switch (job->alert->purpose) {
    case PURPOSE_ALERT: return deliver_alert_message(job->permit, &envelope);
    case PURPOSE_CODE: {
        g_autofree char *code = site_code(site, job->row->id);
        return deliver_code_message(job->row->registration.language, code, &envelope);
    }
    case PURPOSE_ENDED:
    default: return deliver_ended_message(job->row->registration.language, &envelope);
    }
}

/* Hands the message over; `answer` gets the peer's words. */
static enum deliver_result hand_over(struct job *job, char **answer) {
    struct sender *sender = job->sender;
    g_autoptr(GError) problem = NULL;
    GBytes *contact = NULL;

    if (job->row && !(contact = open_contact(job, &problem))) {
        *answer = g_strdup(problem ? problem->message : "the contact cannot be opened");
        return DELIVER_TRY_LATER;
    }
    g_autofree char *to = contact
                              ? g_strndup(g_bytes_get_data(contact, NULL), g_bytes_get_size(contact))
                              : g_strdup(site_config(sender->site)->operator_email);
    g_autofree char *key = g_strdup_printf("%s.%u", job->alert->id, job->alert->reminder);
    g_autoptr(GBytes) message = compose(job, to);
    struct deliver_channel *channel = g_async_queue_pop(sender->channels);
    enum deliver_result result = deliver_channel_send(channel, site_config(sender->site)->from_address,
                                                      to, key, message, answer);
    g_async_queue_push(sender->channels, channel);
    seal_wipe(to, strlen(to));
    seal_bytes_unref(contact);
    return result;
}

/* ── What became of it ─────────────────────────────────────────────────────────────────────────── */

struct outcome {
    struct job *job;
    gboolean is_handed_over, needs_person, supersedes, ends_registration;
    gboolean is_settled; /* nothing was to be sent */
    const char *page;
};

static gboolean save_outcome(struct db *db, void *context, GError **error) {
    struct outcome *o = context;
    const struct store_alert *alert = o->job->alert;
    const struct site *site = o->job->sender->site;
    if (!store_alert_save(db, alert, error))
        return FALSE;
    if (o->supersedes &&
        !store_alerts_supersede(db, alert->registration_id, alert->seq,
                                (KIND_BIT(o->job->facts.kind) & KINDS_FEED) != 0, error))
        return FALSE;
    if (o->ends_registration && !store_registration_wipe(db, alert->registration_id, error))
        return FALSE;
    return !o->page || owe_page(db, site, o->page, error);
}

static void note_result(struct job *job, enum deliver_result result, char *answer,
                        struct outcome *outcome) {
    struct store_alert *alert = job->alert;
    const struct site *site = job->sender->site;
    const gboolean is_alert = alert->purpose == PURPOSE_ALERT;
    const struct deliver_plan plan =
        deliver_plan_next(&site_config(site)->schedule, result, alert->attempts - alert->reminder,
                          is_alert, alert->created_at_us, site_now(site));
    const custody_kinds kind = is_alert ? KIND_BIT(job->facts.kind) : 0;

    if (alert->purpose != PURPOSE_PAGE) { /* a page's note is its words */
        g_free(alert->note);
        alert->note = g_strdup(answer);
    }
    alert->next_at_us = plan.next_at_us;
    if (plan.is_handed_over) {
        alert->reminder++;
        if (alert->handed_at_us == TIME_UNKNOWN)
            alert->handed_at_us = site_now(site);
    }
    outcome->is_handed_over = plan.is_handed_over;
    outcome->needs_person = plan.needs_person && alert->purpose != PURPOSE_CODE;
    outcome->supersedes = plan.is_handed_over && (kind & ~KIND_BIT(CUSTODY_STATUS_CHANGED));
    outcome->ends_registration = alert->purpose == PURPOSE_ENDED && plan.next_at_us == TIME_UNKNOWN;
    alert->state = plan.needs_person                     ? ALERT_NEEDS_PERSON
                   : alert->handed_at_us != TIME_UNKNOWN ? ALERT_SENT
                                                         : ALERT_QUEUED;
    if (outcome->needs_person && alert->purpose == PURPOSE_ALERT)
        outcome->page = result == DELIVER_REFUSED
                            ? "An alert could not be delivered: the mail server refuses the address. "
                              "Somebody is waiting for news. See `tocsin alert list --waiting`."
                            : "An alert was not confirmed in time. Somebody may not have got the "
                              "news. See `tocsin alert list --waiting`.";
}

static gboolean is_stopping(struct sender *sender) {
    g_mutex_lock(&sender->mutex);
    gboolean stopping = sender->is_stopping;
    g_mutex_unlock(&sender->mutex);
    return stopping;
}

/* What may not be sent twice at once. */
static const char *flight_key(const struct store_alert *alert) {
    return alert->registration_id ? alert->registration_id : alert->id;
}

static void finish_job(struct job *job, struct outcome *outcome) {
    struct sender *sender = job->sender;
    g_autoptr(GError) problem = NULL;
    /* Until it is written the alert stays in flight, and holds back what follows it. */
    while (!store_write(site_store(sender->site), save_outcome, outcome, &problem)) {
        log_line("error", "an alert's result could not be written; trying again", "alert",
                 job->alert->id, "problem", problem->message, NULL);
        g_clear_error(&problem);
        if (is_stopping(sender))
            break;
        g_usleep(SECOND_US);
    }
    if (outcome->ends_registration)
        store_keys_delete(site_keys(sender->site), job->alert->registration_id, NULL);
    if (outcome->is_handed_over && sender->on_handed_over) {
        const struct sender_note note = {
            .alert_id = job->alert->id,
            .kind = job->alert->purpose == PURPOSE_ALERT ? custody_kind_name(job->facts.kind) : "",
            .purpose = store_alert_purpose_name(job->alert->purpose),
            .latency_us = site_now(sender->site) - job->alert->created_at_us};
        sender->on_handed_over(&note, sender->context);
    }
    g_mutex_lock(&sender->mutex);
    sender->n_handed_over += outcome->is_handed_over;
    sender->n_failed += !outcome->is_handed_over && !outcome->is_settled;
    g_hash_table_remove(sender->in_flight, flight_key(job->alert));
    sender->has_news = TRUE;
    g_cond_signal(&sender->wake);
    g_mutex_unlock(&sender->mutex);
}

static void close_without_sending(struct job *job, enum store_alert_state state, const char *note,
                                  struct outcome *outcome) {
    job->alert->state = state;
    job->alert->next_at_us = TIME_UNKNOWN;
    if (job->alert->purpose != PURPOSE_PAGE) {
        g_free(job->alert->note);
        job->alert->note = g_strdup(note);
    }
    if (state == ALERT_WITHHELD && !job->watch)
        outcome->page = "An alert was withheld by the policy. Somebody is waiting for news and a "
                        "person must look at it. See `tocsin alert list --waiting`.";
}

static void work(gpointer data, gpointer context) {
    struct job *job = data;
    struct outcome outcome = {.job = job};
    g_autofree char *answer = NULL;
    (void)context;

    gboolean is_alert = job->alert->purpose == PURPOSE_ALERT;
    if (job->problem) {
        note_result(job, DELIVER_TRY_LATER, job->problem->message, &outcome);
    } else if (job->alert->purpose == PURPOSE_PAGE && !site_config(job->sender->site)->operator_email) {
        close_without_sending(job, ALERT_SENT, "", &outcome);
        outcome.is_settled = TRUE;
        if (job->sender->dispatcher) /* a command has said it on the terminal */
            log_line("warning", "operator page", "page", job->alert->note, NULL);
    } else if (is_alert && !job->permit && !job->denial) {
        close_without_sending(job, ALERT_ENDED, "the registration has ended", &outcome);
    } else if (is_alert && !job->permit) {
        close_without_sending(job, ALERT_WITHHELD, job->denial, &outcome);
    } else {
        enum deliver_result result = hand_over(job, &answer);
        note_result(job, result, answer, &outcome);
    }
    seal_forget_thread(); /* a pool does not join its threads */
    finish_job(job, &outcome);
    job_free(job);
}

/* ── Dispatching ───────────────────────────────────────────────────────────────────────────────── */

struct claim {
    struct sender *sender;
    struct disclose_gate *gate;
    GPtrArray *due;
    GPtrArray *jobs;  /* struct job: what was claimed */
    GError *agencies; /* why no further agency is judged in this claim: each would wait for it again */
};

/* Reads and judges one claimed alert. What goes wrong is that alert's own problem: nothing of it is
 * written, nothing leaves, and it is tried again; nobody else waits for it. */
static gboolean prepare(struct db *db, struct claim *claim, struct job *job, GError **error) {
    if (!read_job(db, job, &job->problem) || job->alert->purpose != PURPOSE_ALERT ||
        !watch_registration_is_active(&job->row->registration, site_now(job->sender->site)))
        return TRUE;
    if (job->watch && claim->agencies) {
        job->problem = g_error_copy(claim->agencies);
        return TRUE;
    }
    if (!store_mark(db, error))
        return FALSE;
    if (judge(db, job, claim->gate, &job->problem))
        return store_keep(db, error);
    g_clear_pointer(&job->permit, permit_free);
    if (job->watch && !claim->agencies && job->problem)
        claim->agencies = g_error_copy(job->problem);
    return store_take_back(db, error);
}

/* Writes down, before anything leaves, what is about to: the claim, the decision, and its leaf or its
 * place in the hour's. */
static gboolean claim_in_transaction(struct db *db, void *context, GError **error) {
    struct claim *claim = context;
    for (guint i = 0; i < claim->due->len; i++) {
        struct store_alert *alert = claim->due->pdata[i];
        gboolean claimed;
        if (!store_alert_claim(db, alert->seq, &claimed, error))
            return FALSE;
        if (!claimed)
            continue;
        struct job *job = g_new0(struct job, 1);
        g_ptr_array_add(claim->jobs, job);
        job->sender = claim->sender;
        job->alert = alert;
        claim->due->pdata[i] = NULL;
        alert->attempts++;
        if (!prepare(db, claim, job, error))
            return FALSE;
        if (!store_is_open(db)) { /* SQLite gave it up: what follows would commit by itself */
            g_set_error(error, BASE_ERROR, BASE_ERROR_STORE, "the database gave the transaction up");
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean read_due(struct db *db, void *context, GError **error) {
    struct claim *claim = context;
    claim->due = store_alerts_due(db, site_now(claim->sender->site), BATCH, error);
    return claim->due != NULL;
}

/* Keeps one alert a registration, the others wait for its result; and no more than leaves soon, for
 * what only waits could still be corrected. */
static void drop_in_flight(struct sender *sender, GPtrArray *due) {
    g_autoptr(GHashTable) taken = g_hash_table_new(g_str_hash, g_str_equal);
    g_mutex_lock(&sender->mutex);
    const guint busy = g_hash_table_size(sender->in_flight), most = 2 * sender->n_channels;
    for (guint i = 0; i < due->len;) {
        const char *key = flight_key(due->pdata[i]);
        if (i + busy >= most) {
            g_ptr_array_set_size(due, (gint)i);
        } else if (g_hash_table_contains(sender->in_flight, key) || g_hash_table_contains(taken, key)) {
            g_ptr_array_remove_index(due, i);
        } else {
            g_hash_table_add(taken, (gpointer)(gsize)key);
            i++;
        }
    }
    g_mutex_unlock(&sender->mutex);
}

static void send_on_their_way(struct sender *sender, GPtrArray *jobs) {
    g_ptr_array_set_free_func(jobs, NULL);
    for (guint i = 0; i < jobs->len; i++) {
        struct job *job = jobs->pdata[i];
        g_mutex_lock(&sender->mutex);
        g_hash_table_add(sender->in_flight, g_strdup(flight_key(job->alert)));
        g_mutex_unlock(&sender->mutex);
        g_thread_pool_push(sender->workers, job, NULL);
    }
}

/* One round. Returns how many were sent on their way. */
static guint dispatch(struct sender *sender) {
    struct claim claim = {.sender = sender,
                          .jobs = g_ptr_array_new_with_free_func((GDestroyNotify)job_free)};
    g_autoptr(GError) problem = NULL;
    guint n = 0;

    if ((claim.gate = site_gate(sender->site, &problem)) != NULL &&
        store_read(site_store(sender->site), read_due, &claim, &problem)) {
        drop_in_flight(sender, claim.due);
        if (claim.due->len &&
            store_write(site_store(sender->site), claim_in_transaction, &claim, &problem)) {
            n = claim.jobs->len;
            send_on_their_way(sender, claim.jobs);
        }
    }
    if (claim.due)
        g_ptr_array_unref(claim.due);
    g_ptr_array_unref(claim.jobs);
    disclose_gate_unref(claim.gate);
    g_clear_error(&claim.agencies);
    if (problem)
        log_line("error", "the outbox could not be read", "problem", problem->message, NULL);
    return n;
}

static gpointer dispatch_loop(gpointer data) {
    struct sender *sender = data;
    g_mutex_lock(&sender->mutex);
    while (!sender->is_stopping) {
        sender->has_news = FALSE;
        g_mutex_unlock(&sender->mutex);
        dispatch(sender);
        g_mutex_lock(&sender->mutex);
        gint64 until = g_get_monotonic_time() + POLL_MS * 1000;
        while (!sender->has_news && !sender->is_stopping &&
               g_cond_wait_until(&sender->wake, &sender->mutex, until))
            ;
    }
    g_mutex_unlock(&sender->mutex);
    return NULL;
}

static void on_commit(void *context) {
    struct sender *sender = context;
    g_mutex_lock(&sender->mutex);
    sender->has_news = TRUE;
    g_cond_signal(&sender->wake);
    g_mutex_unlock(&sender->mutex);
}

/* ── Starting and stopping ─────────────────────────────────────────────────────────────────────── */

static struct deliver_channel *make_channel(struct sender *sender, GError **error) {
    const struct site_config *config = site_config(sender->site);
    if (!config->mail_is_smtp) {
        g_autofree char *path = site_path(sender->site, config->maildir);
        return deliver_maildir_new(path, error);
    }
    g_autofree char *password = NULL;
    if (config->smtp_password_file) {
        g_autofree char *path = site_path(sender->site, config->smtp_password_file);
        if (!g_file_get_contents(path, &password, NULL, error))
            return NULL;
        g_strchomp(password);
    }
    g_autofree char *ca = config->smtp_ca_file ? site_path(sender->site, config->smtp_ca_file) : NULL;
    const char *at = strrchr(config->from_address, '@');
    const struct deliver_smtp_options options = {.url = config->smtp_url,
                                                 .starttls = config->smtp_starttls,
                                                 .ca_file = ca,
                                                 .user = config->smtp_user,
                                                 .password = password,
                                                 .hello = at ? at + 1 : "localhost",
                                                 .timeout_s = 60};
    return deliver_smtp_new(&options);
}

struct recovery {
    gint64 now_at_us;
    guint n;
};

static gboolean recover(struct db *db, void *context, GError **error) {
    struct recovery *recovery = context;
    return store_alerts_recover(db, recovery->now_at_us, &recovery->n, error);
}

static gboolean open_channels(struct sender *sender, GError **error) {
    const guint n = sender->n_channels =
        site_config(sender->site)->mail_is_smtp ? site_config(sender->site)->senders : 2;
    for (guint i = 0; i < n; i++) {
        struct deliver_channel *channel = make_channel(sender, error);
        if (!channel)
            return FALSE;
        g_async_queue_push(sender->channels, channel);
    }
    sender->workers = g_thread_pool_new(work, sender, (gint)n, TRUE, error);
    return sender->workers != NULL;
}

static void sender_free(struct sender *sender) {
    if (sender->workers)
        g_thread_pool_free(sender->workers, FALSE, TRUE);
    for (struct deliver_channel *channel; (channel = g_async_queue_try_pop(sender->channels));)
        deliver_channel_free(channel);
    g_async_queue_unref(sender->channels);
    g_hash_table_unref(sender->in_flight);
    seal_private_free(sender->private);
    if (sender->lock_fd >= 0)
        close(sender->lock_fd);
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
    struct recovery recovery = {.now_at_us = site_now(site)};

    sender->site = site;
    g_mutex_init(&sender->mutex);
    g_cond_init(&sender->wake);
    sender->channels = g_async_queue_new();
    sender->in_flight = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    sender->lock_fd = site_lock(site, "sender", error);
    if (sender->lock_fd >= 0 && load_policy(site, error) &&
        (sender->private = seal_private_load(key, error)) != NULL && open_channels(sender, error) &&
        store_write(site_store(site), recover, &recovery, error)) {
        if (recovery.n)
            log_line("warning", "messages that were being sent at the last stop are tried again", NULL);
        return sender;
    }
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
    store_on_commit(site_store(sender->site), NULL, NULL);
    sender_free(sender);
}

gboolean sender_run_once(struct site *site, guint *n_handed_over, guint *n_failed, GError **error) {
    struct sender *sender = sender_new(site, error);
    if (!sender)
        return FALSE;
    for (;;) {
        guint n = dispatch(sender);
        g_mutex_lock(&sender->mutex);
        while (g_hash_table_size(sender->in_flight))
            g_cond_wait(&sender->wake, &sender->mutex);
        g_mutex_unlock(&sender->mutex);
        if (!n)
            break;
    }
    *n_handed_over = sender->n_handed_over;
    *n_failed = sender->n_failed;
    sender_free(sender);
    return TRUE;
}
