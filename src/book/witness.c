#include "book/witness.h"

#include "book/log.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "book/remote.h"
#include "ledger/checkpoint.h"
#include "site/config.h"
#include "site/duty.h"
#include "store/store.h"

#define ASK_EVERY_US (2 * G_USEC_PER_SEC)
#define MOST_DOUBLINGS 8 /* of the wait for a witness that does not answer: nine minutes */
#define TIMEOUT_S 5

/* ── Cosigning others' logs ────────────────────────────────────────────────────────────────────── */

struct ledger_signer *witness_signer(struct site *site, GError **error) {
    const struct ledger_signer *log = logbook_signer(site, error);
    if (!log)
        return NULL;
    const char *name = ledger_signer_verifier(log)->name, *slash = strrchr(name, '/');
    g_autofree char *own =
        g_strdup_printf("%.*s/witness", (int)(slash ? slash - name : (gssize)strlen(name)), name);
    return logbook_key(site, "keys/witness.key", own, LEDGER_KEY_COSIGNATURE, error);
}

/* The log whose origin the checkpoint's first line names, if this site watches it. */
static const struct ledger_verifier *known_log(const struct site *site, const char *note, gsize n) {
    const char *end = memchr(note, '\n', n);
    const gsize origin_n = end ? (gsize)(end - note) : 0;
    for (guint i = 0; i < site_config(site)->witnessed->len; i++) {
        const struct ledger_verifier *v = site_config(site)->witnessed->pdata[i];
        if (strlen(v->name) == origin_n && memcmp(v->name, note, origin_n) == 0)
            return v;
    }
    return NULL;
}

struct judging {
    struct site *site;
    const struct ledger_verifier *log;
    struct ledger_submission submission;
    struct ledger_checkpoint checkpoint;
    enum ledger_witness_answer answer;
    guint64 last_size;
};

static void judge_again(void *context) {
    struct judging *j = context;
    ledger_checkpoint_clear(&j->checkpoint);
    j->checkpoint = (struct ledger_checkpoint){.size = 0};
}

/* Compares and remembers in one transaction. */
static gboolean judge_in_transaction(struct db *db, void *context, GError **error) {
    struct judging *j = context;
    struct ledger_hash last_root = {{0}};
    if (!store_witness_get(db, j->log->name, &j->last_size, &last_root, error))
        return FALSE;
    j->answer = ledger_witness_judge(&j->submission, j->log, j->last_size, &last_root, &j->checkpoint);
    return j->answer != WITNESS_COSIGN ||
           store_witness_set(db, j->log->name, j->checkpoint.size, &j->checkpoint.root,
                             site_now(j->site), error);
}

static char *cosign(struct site *site, const struct judging *j, GError **error) {
    struct ledger_signer *signer = witness_signer(site, error);
    gsize text_n;
    const char *signatures;
    if (!signer)
        return NULL;
    ledger_note_split(j->submission.checkpoint, j->submission.checkpoint_n, &text_n, &signatures, NULL);
    g_autofree char *text = g_strndup(j->submission.checkpoint, text_n);
    char *line = ledger_note_sign(text, signer, site_now(site) / SECOND_US);
    ledger_signer_free(signer);
    return line;
}

/* Before the store's writer is asked, for anybody can send this. */
static gboolean is_worth_judging(struct judging *j) {
    const char *note = j->submission.checkpoint, *signatures;
    gsize text_n;
    if (!ledger_note_split(note, j->submission.checkpoint_n, &text_n, &signatures, NULL))
        j->answer = WITNESS_BAD;
    else if (!ledger_note_is_signed(note, j->submission.checkpoint_n, j->log, NULL, NULL))
        j->answer = WITNESS_UNSIGNED;
    else
        return TRUE;
    return FALSE;
}

guint log_witness(struct site *site, const char *body, gsize n, char **answer) {
    struct judging j = {.site = site, .answer = WITNESS_BAD};
    g_autoptr(GError) problem = NULL;
    *answer = NULL;
    if (!ledger_submission_parse(body, n, &j.submission, &problem)) {
        *answer = g_strdup_printf("%s\n", problem->message);
        return WITNESS_BAD;
    }
    j.log = known_log(site, j.submission.checkpoint, j.submission.checkpoint_n);
    if (!j.log)
        j.answer = WITNESS_UNKNOWN;
    else if (!is_worth_judging(&j))
        ;
    else if (!store_write(site_store(site), STORE_WORK(judge_in_transaction, judge_again), &j,
                          &problem))
        j.answer = 503;
    else if (j.answer == WITNESS_COSIGN && !(*answer = cosign(site, &j, &problem)))
        j.answer = 503;
    if (j.answer == WITNESS_CONFLICT)
        *answer = g_strdup_printf("%" G_GUINT64_FORMAT "\n", j.last_size);
    if (!*answer)
        *answer = g_strdup("");
    g_array_unref(j.submission.hashes);
    ledger_checkpoint_clear(&j.checkpoint);
    return j.answer;
}

/* ── Asking others ─────────────────────────────────────────────────────────────────────────────── */

struct asking {
    struct site *site;
    char *checkpoint; /* signed, without cosignatures of this size yet or with some */
    struct ledger_checkpoint head;
    char *lines; /* to be saved */
};

static gboolean save_lines(struct db *db, void *context, GError **error) {
    struct asking *a = context;
    return store_ledger_cosign(db, a->head.size, a->lines, error);
}

static GArray *prove(struct site *site, guint64 old_size, guint64 size, GError **error) {
    const struct ledger_source source = logbook_source(site);
    struct ledger_reader *reader = ledger_reader_new(&source, size);
    GArray *proof = ledger_prove_consistency(reader, old_size, size, error);
    ledger_reader_free(reader);
    return proof;
}

/* One submission; 409 says which size the witness has, and is tried again from there. */
static gboolean submit(struct asking *a, const struct site_witness *witness, guint64 old_size,
                       gboolean again, GError **error) {
    g_autofree char *url = g_strconcat(witness->url, "/add-checkpoint", NULL);
    g_autofree char *answer = NULL;
    g_autoptr(GArray) proof = prove(a->site, old_size, a->head.size, error);
    long status;
    if (!proof)
        return FALSE;
    g_autofree char *body = ledger_submission_format(old_size, proof, a->checkpoint);
    if (!remote_post(url, body, TIMEOUT_S, &status, &answer, error))
        return FALSE;
    guint64 size;
    g_strchomp(answer);
    if (status == WITNESS_CONFLICT && again && ledger_number_parse(answer, strlen(answer), &size) &&
        size <= a->head.size)
        return submit(a, witness, size, FALSE, error);
    if (status == 200) {
        g_autofree char *lines = g_strconcat(answer, "\n", NULL);
        gsize text_n;
        const char *signatures;
        ledger_note_split(a->checkpoint, strlen(a->checkpoint), &text_n, &signatures, NULL);
        a->lines = ledger_note_valid_lines(a->checkpoint, text_n, lines, witness->verifier);
    }
    if (a->lines && *a->lines)
        return TRUE;
    g_set_error(error, BASE_ERROR, BASE_ERROR_NETWORK, "%s answered %ld%s", url, status,
                status == 200 ? " with no cosignature of its key" : "");
    return FALSE;
}

/* How a witness has answered, and when it may be asked again (monotonic). */
struct patience {
    guint n_failed;
    gint64 next_us;
};

/* One line when it begins, and one when it ends. */
static void note_answer(struct patience *patience, const struct site_witness *witness,
                        const GError *problem) {
    const char *name = witness->verifier->name;
    if (problem && !patience->n_failed)
        log_line("warning", "a witness did not cosign; it is asked again, less and less often",
                 "witness", name, "problem", problem->message, NULL);
    else if (!problem && patience->n_failed)
        log_line("info", "a witness cosigns again", "witness", name, NULL);
    patience->n_failed = problem ? patience->n_failed + 1 : 0;
    patience->next_us = g_get_monotonic_time() +
                        (problem ? ASK_EVERY_US << MIN(patience->n_failed, MOST_DOUBLINGS) : 0);
}

static gboolean ask_one(struct asking *a, const struct site_witness *witness,
                        struct patience *patience) {
    g_autoptr(GError) problem = NULL;
    if (g_get_monotonic_time() < patience->next_us)
        return FALSE;
    if (ledger_note_is_signed(a->checkpoint, strlen(a->checkpoint), witness->verifier, NULL, NULL))
        return FALSE; /* it has cosigned this one */
    gboolean ok = submit(a, witness, 0, TRUE, &problem) &&
                  store_write(site_store(a->site), STORE_WORK(save_lines, NULL), a, &problem);
    note_answer(patience, witness, problem);
    g_clear_pointer(&a->lines, g_free);
    return ok;
}

static gboolean ask_all(struct site *site, struct patience *patience, guint *n, GError **error) {
    struct asking a = {.site = site};
    gsize text_n;
    const char *signatures;
    *n = 0;
    if (!site_config(site)->witnesses->len)
        return TRUE;
    GError *problem = NULL;
    struct db *db = store_read_begin(site_store(site), &problem);
    a.checkpoint = db ? store_ledger_checkpoint(db, &problem) : NULL;
    store_read_end(site_store(site), db);
    if (g_error_matches(problem, BASE_ERROR, BASE_ERROR_NOT_FOUND)) { /* nothing to cosign yet */
        g_error_free(problem);
        return TRUE;
    }
    if (!a.checkpoint) {
        g_propagate_error(error, problem);
        return FALSE;
    }
    const gboolean ok =
        ledger_note_split(a.checkpoint, strlen(a.checkpoint), &text_n, &signatures, error) &&
        ledger_checkpoint_parse(a.checkpoint, text_n, &a.head, error);
    for (guint i = 0; ok && i < site_config(site)->witnesses->len; i++)
        *n += ask_one(&a, site_config(site)->witnesses->pdata[i], &patience[i]);
    ledger_checkpoint_clear(&a.head);
    g_free(a.checkpoint);
    return ok;
}

gboolean witness_ask_all(struct site *site, guint *n, GError **error) {
    g_autofree struct patience *patience = g_new0(struct patience, site_config(site)->witnesses->len);
    return ask_all(site, patience, n, error);
}

struct witness_client {
    struct site *site;
    struct patience *patience; /* by the witness's place in site.yaml */
    struct site_duty duty;
    GThread *thread;
    GMutex mutex;
    GCond wake;
    gboolean is_stopping;
};

static gpointer ask_loop(gpointer data) {
    struct witness_client *client = data;
    g_mutex_lock(&client->mutex);
    while (!client->is_stopping) {
        g_autoptr(GError) error = NULL;
        guint n;
        g_mutex_unlock(&client->mutex);
        if (site_config(client->site)->witnesses->len &&
            site_duty_is_mine(client->site, &client->duty, &error))
            ask_all(client->site, client->patience, &n, &error);
        if (error)
            log_line("error", "witnesses could not be asked; trying again", "problem", error->message,
                     NULL);
        g_mutex_lock(&client->mutex);
        const gint64 until = g_get_monotonic_time() + ASK_EVERY_US;
        while (!client->is_stopping && g_cond_wait_until(&client->wake, &client->mutex, until))
            ;
    }
    g_mutex_unlock(&client->mutex);
    return NULL;
}

struct witness_client *witness_client_start(struct site *site) {
    struct witness_client *client = g_new0(struct witness_client, 1);
    client->site = site;
    client->patience = g_new0(struct patience, site_config(site)->witnesses->len + 1);
    client->duty.name = g_strdup("witnesses");
    g_mutex_init(&client->mutex);
    g_cond_init(&client->wake);
    client->thread = g_thread_new("witnesses", ask_loop, client);
    return client;
}

void witness_client_stop(struct witness_client *client) {
    if (!client)
        return;
    g_mutex_lock(&client->mutex);
    client->is_stopping = TRUE;
    g_cond_signal(&client->wake);
    g_mutex_unlock(&client->mutex);
    g_thread_join(client->thread);
    site_duty_clear(client->site, &client->duty);
    g_mutex_clear(&client->mutex);
    g_cond_clear(&client->wake);
    g_free(client->patience);
    g_free(client);
}
