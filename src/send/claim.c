#include "base/error.h"
#include "deliver/schedule.h"
#include "match/match.h"
#include "send/private.h"
#include "site/config.h"
#include "store/feed.h"
#include "store/store.h"

void send_job_free(struct send_job *job) {
    if (!job)
        return;
    store_alert_free(job->alert);
    store_registration_free(job->row);
    g_clear_pointer(&job->contacts, g_array_unref);
    store_agency_watch_free(job->watch);
    store_alert_facts_clear(&job->facts);
    feed_mapping_free(job->mapping);
    feed_mapping_free(job->now_mapping);
    permit_free(job->permit);
    g_free(job->denial);
    g_free(job->receipt);
    g_clear_error(&job->problem);
    g_free(job);
}

static struct feed_mapping *mapping_of(struct db *db, struct site *site, const char *feed_id,
                                       GError **error) {
    struct store_feed feed;
    if (!store_feed_get(db, feed_id, &feed, error))
        return NULL;
    struct feed_mapping *mapping = site_mapping(site, feed.id, feed.mapping, error);
    store_feed_clear(&feed);
    return mapping;
}

/* Of the event's feed, and of the booking's that what is believed rests on: mostly one. */
static gboolean read_mappings(struct db *db, struct send_job *job, GError **error) {
    const struct store_alert_facts *f = &job->facts;
    job->mapping = mapping_of(db, job->site, f->feed, error);
    if (job->mapping && f->now_feed)
        job->now_mapping = g_str_equal(f->feed, f->now_feed)
                               ? feed_mapping_ref(job->mapping)
                               : mapping_of(db, job->site, f->now_feed, error);
    return job->mapping && (!f->now_feed || job->now_mapping);
}

static gboolean read_job(struct db *db, struct send_job *job, GError **error) {
    if (job->alert->registration_id &&
        !(job->row = store_registration_get(db, job->alert->registration_id, error)))
        return FALSE;
    if (job->row && (!store_agency_watch_get(db, job->row->id, &job->watch, error) ||
                     !(job->contacts = store_contacts(db, job->row->id, error))))
        return FALSE;
    const char *channel = job->contacts && job->contacts->len
                              ? g_array_index(job->contacts, struct store_contact, 0).channel
                              : NULL;
    if (!(job->kind = channel_by_name(channel, error)))
        return FALSE;
    if (job->alert->purpose != PURPOSE_ALERT)
        return TRUE;
    return store_alert_facts_get(db, job->alert->event_seq, &job->facts, error) &&
           (job->alert->reason != MATCH_CORRECTION ||
            store_alert_earlier_get(db, job->alert, &job->facts, error)) &&
           read_mappings(db, job, error);
}

struct claim {
    struct site *site;
    struct disclose_gate *gate;
    const GArray *due;     /* seqs */
    GPtrArray *jobs;       /* what was claimed */
    gint64 longest_us;     /* that any try is planned ahead */
    GError *agencies_wait; /* why no agency is judged: the recipients cannot be read */
    GError *agencies; /* why no further agency is judged in this claim: each would wait for it again */
};

/* When somebody must have been registered: what was owed before their time ran out is still told,
 * however long the mail server was away. An agency's time is over when it is. */
static gint64 counts_at(const struct send_job *job) {
    const gint64 now = site_now(job->site);
    return job->watch ? now : MIN(now, job->alert->created_at_us);
}

/* Reads and judges one claimed alert. What goes wrong is that alert's own problem: nothing of it is
 * written, nothing leaves, and it is tried again; nobody else waits for it. */
static gboolean prepare(struct db *db, struct claim *claim, struct send_job *job, GError **error) {
    if (!read_job(db, job, &job->problem) || job->alert->purpose != PURPOSE_ALERT ||
        !watch_registration_is_active(&job->row->registration, counts_at(job)))
        return TRUE;
    const GError *agencies = claim->agencies_wait ? claim->agencies_wait : claim->agencies;
    if (job->watch && agencies) {
        job->problem = g_error_copy(agencies);
        return TRUE;
    }
    if (!store_mark(db, error))
        return FALSE;
    if (send_judge(db, job, claim->gate, &job->problem))
        return store_keep(db, error);
    g_clear_pointer(&job->permit, permit_free);
    if (job->watch && !claim->agencies && job->problem)
        claim->agencies = g_error_copy(job->problem);
    return store_take_back(db, error);
}

static gboolean claim_in_transaction(struct db *db, void *context, GError **error) {
    struct claim *claim = context;
    const gint64 now = site_now(claim->site);
    const struct store_lease lease = site_lease(claim->site);
    for (guint i = 0; i < claim->due->len; i++) {
        struct store_alert *alert;
        if (!outbox_claim(db, g_array_index(claim->due, gint64, i), &lease, now, claim->longest_us,
                          &alert, error))
            return FALSE;
        if (!alert)
            continue;
        struct send_job *job = g_new0(struct send_job, 1);
        g_ptr_array_add(claim->jobs, job);
        job->site = claim->site;
        job->alert = alert;
        if (!prepare(db, claim, job, error))
            return FALSE;
        if (!store_is_open(db)) { /* what follows would commit by itself */
            g_set_error(error, BASE_ERROR, BASE_ERROR_STORE, "the database gave the transaction up");
            return FALSE;
        }
    }
    return TRUE;
}

static void claim_again(void *context) {
    struct claim *claim = context;
    g_ptr_array_set_size(claim->jobs, 0);
    g_clear_error(&claim->agencies);
}

static GArray *read_due(const struct site *site, gint64 longest_us, guint most, GError **error) {
    struct db *db = store_read_begin(site_store(site), error);
    GArray *due = db ? outbox_due(db, site_now(site), longest_us, most, error) : NULL;
    store_read_end(site_store(site), db);
    return due;
}

GPtrArray *send_claim(struct site *site, guint most, GError **error) {
    struct claim claim = {.site = site,
                          .longest_us = deliver_schedule_longest(&site_config(site)->schedule),
                          .jobs = g_ptr_array_new_with_free_func((GDestroyNotify)send_job_free)};
    g_autoptr(GArray) due = read_due(site, claim.longest_us, most, error);
    claim.due = due;
    gboolean ok = due != NULL;
    if (ok && due->len)
        disclose_gate_unref(site_gate_for_agencies(site, &claim.agencies_wait));
    if (ok && due->len)
        ok =
            (claim.gate = site_gate(site, error)) != NULL &&
            store_write(site_store(site), STORE_WORK(claim_in_transaction, claim_again), &claim, error);
    disclose_gate_unref(claim.gate);
    g_clear_error(&claim.agencies);
    g_clear_error(&claim.agencies_wait);
    if (ok)
        return claim.jobs;
    g_ptr_array_unref(claim.jobs);
    return NULL;
}
