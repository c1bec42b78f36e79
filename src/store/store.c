#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "embedded.h"
#include "store/db.h"

#define SCHEMA_VERSION 4
#define MOST_IN_A_GROUP 512
#define MOST_RUNS 8           /* of one group */
#define CHECKPOINT_PAGES 4000 /* of the log; 16 MB */

struct job {
    const struct store_work *work;
    void *context;
    gboolean is_trial;
    gboolean ok, is_done;
    GError *error;
    GCond answered; /* its own: an answer wakes one waiter, not all */
};

struct store {
    char *path;
    struct db *writer;
    int lock_fd;
    GThread *thread;
    GMutex mutex;
    GCond has_work;
    GQueue jobs;
    gboolean is_closing, wants_flush, flush_ok;
    GCond flushed;
    GQueue readers; /* idle connections */
    store_fn finish;
    void *finish_context;
    void (*listener)(void *context);
    void *listener_context;
    guint64 n_groups, n_works;
};

/* Keeps other processes' writers out. */
static void lock(struct store *store) {
    while (flock(store->lock_fd, LOCK_EX) != 0 && errno == EINTR)
        ;
}

static void unlock(struct store *store) {
    flock(store->lock_fd, LOCK_UN);
}

gboolean store_mark(struct db *db, GError **error) {
    return db_script(db, "SAVEPOINT mark", error);
}

gboolean store_take_back(struct db *db, GError **error) {
    return db_script(db, "ROLLBACK TO mark; RELEASE mark", error);
}

gboolean store_keep(struct db *db, GError **error) {
    return db_script(db, "RELEASE mark", error);
}

gboolean store_is_open(struct db *db) {
    return db_in_transaction(db);
}

/* ── The writer's thread ───────────────────────────────────────────────────────────────────────── */

/* What cannot be taken back spoils the group: its works would commit half of this one. */
static gboolean run_behind_mark(struct store *store, struct job *job, GError **error) {
    if (!store_mark(store->writer, error))
        return FALSE;
    job->ok = job->work->run(store->writer, job->context, &job->error);
    if (!store_is_open(store->writer)) /* the caller sees it */
        return TRUE;
    return job->ok && !job->is_trial ? store_keep(store->writer, error)
                                     : store_take_back(store->writer, error);
}

/* Empties the log for whoever waits for that. */
static void flush(struct store *store) {
    lock(store);
    const gboolean ok = db_truncate_log(store->writer, DB_PATIENCE_MS, NULL);
    unlock(store);
    g_mutex_lock(&store->mutex);
    store->flush_ok = ok;
    store->wants_flush = FALSE;
    g_cond_broadcast(&store->flushed);
    g_mutex_unlock(&store->mutex);
}

/* Checkpoints when the log has grown, after the answers were given: nobody waits for it. */
static void tidy(struct store *store) {
    g_mutex_lock(&store->mutex);
    const gboolean wants_flush = store->wants_flush;
    g_mutex_unlock(&store->mutex);
    if (wants_flush) {
        flush(store);
        return;
    }
    if (db_log_pages(store->writer) < CHECKPOINT_PAGES)
        return;
    lock(store);
    db_checkpoint(store->writer, NULL);
    unlock(store);
}

static void spoil(GPtrArray *group, const GError *cause) {
    for (guint i = 0; i < group->len; i++) {
        struct job *job = group->pdata[i];
        job->ok = FALSE;
        g_clear_error(&job->error);
        job->error = g_error_copy(cause);
    }
}

static enum db_end run_group_once(struct store *store, GPtrArray *group, GError **error) {
    gboolean ok = db_script(store->writer, "BEGIN IMMEDIATE", error);
    enum db_end end = DB_FAILED;
    for (guint i = 0; ok && i < group->len && store_is_open(store->writer); i++)
        ok = run_behind_mark(store, group->pdata[i], error);
    if (ok && store_is_open(store->writer) && store->finish)
        ok = store->finish(store->writer, store->finish_context, error);
    if (ok && !store_is_open(store->writer))
        g_set_error(error, BASE_ERROR, BASE_ERROR_STORE,
                    "the database gave the transaction up: is the disk full?");
    else if (ok)
        end = db_commit(store->writer, error);
    if (end != DB_DURABLE && store_is_open(store->writer))
        db_script(store->writer, "ROLLBACK", NULL);
    return end;
}

static void reset(struct job *job) {
    job->ok = FALSE;
    g_clear_error(&job->error);
    if (job->work->reset)
        job->work->reset(job->context);
}

/* One transaction for the whole group, begun again where the database asks for that. A failure of the
 * transaction itself spoils all. */
static void run_group(struct store *store, GPtrArray *group) {
    GError *error = NULL;
    enum db_end end = DB_AGAIN;
    lock(store);
    for (guint i = 0; end == DB_AGAIN && i < MOST_RUNS; i++) {
        if (i) {
            g_clear_error(&error);
            for (guint k = 0; k < group->len; k++)
                reset(group->pdata[k]);
        }
        end = run_group_once(store, group, &error);
    }
    unlock(store);
    if (error)
        spoil(group, error);
    g_clear_error(&error);
}

static gpointer write_loop(gpointer data) {
    struct store *store = data;
    g_autoptr(GPtrArray) group = g_ptr_array_new();

    g_mutex_lock(&store->mutex);
    for (;;) {
        while (g_queue_is_empty(&store->jobs) && !store->is_closing)
            g_cond_wait(&store->has_work, &store->mutex);
        if (g_queue_is_empty(&store->jobs))
            break;
        g_ptr_array_set_size(group, 0);
        while (!g_queue_is_empty(&store->jobs) && group->len < MOST_IN_A_GROUP)
            g_ptr_array_add(group, g_queue_pop_head(&store->jobs));
        g_mutex_unlock(&store->mutex);
        run_group(store, group);
        g_mutex_lock(&store->mutex);
        gboolean is_anything_new = FALSE;
        store->n_groups++;
        store->n_works += group->len;
        for (guint i = 0; i < group->len; i++) {
            struct job *job = group->pdata[i];
            is_anything_new |= job->ok && !job->is_trial;
            job->is_done = TRUE;
            g_cond_signal(&job->answered);
        }
        if (store->listener && is_anything_new)
            store->listener(store->listener_context);
        g_mutex_unlock(&store->mutex);
        tidy(store);
        g_mutex_lock(&store->mutex);
    }
    g_mutex_unlock(&store->mutex);
    return NULL;
}

static gboolean submit(struct store *store, const struct store_work *work, void *context,
                       gboolean is_trial, GError **error) {
    struct job job = {.work = work, .context = context, .is_trial = is_trial};

    g_cond_init(&job.answered);
    g_mutex_lock(&store->mutex);
    g_queue_push_tail(&store->jobs, &job);
    g_cond_signal(&store->has_work);
    while (!job.is_done)
        g_cond_wait(&job.answered, &store->mutex);
    g_mutex_unlock(&store->mutex);
    g_cond_clear(&job.answered);
    if (job.error)
        g_propagate_error(error, job.error);
    return job.ok;
}

gboolean store_write(struct store *store, const struct store_work *work, void *context,
                     GError **error) {
    return submit(store, work, context, FALSE, error);
}

gboolean store_try(struct store *store, const struct store_work *work, void *context, GError **error) {
    return submit(store, work, context, TRUE, error);
}

/* ── Readers ───────────────────────────────────────────────────────────────────────────────────── */

struct db *store_read_begin(struct store *store, GError **error) {
    g_mutex_lock(&store->mutex);
    struct db *db = g_queue_pop_head(&store->readers);
    g_mutex_unlock(&store->mutex);
    if (!db)
        db = db_open(store->path, DB_READER, error);
    if (!db || db_script(db, "BEGIN", error))
        return db;
    db_close(db);
    return NULL;
}

void store_read_end(struct store *store, struct db *db) {
    if (!db)
        return;
    if (!db_script(db, "ROLLBACK",
                   NULL)) { /* nothing was written; a connection that fails is not kept */
        db_close(db);
        return;
    }
    g_mutex_lock(&store->mutex);
    g_queue_push_head(&store->readers, db);
    g_mutex_unlock(&store->mutex);
}

gboolean store_read(struct store *store, store_fn work, void *context, GError **error) {
    struct db *db = store_read_begin(store, error);
    const gboolean ok = db && work(db, context, error);
    store_read_end(store, db);
    return ok;
}

void store_on_commit(struct store *store, void (*listener)(void *context), void *context) {
    g_mutex_lock(&store->mutex);
    store->listener = listener;
    store->listener_context = context;
    g_mutex_unlock(&store->mutex);
}

void store_before_commit(struct store *store, store_fn work, void *context) {
    g_mutex_lock(&store->mutex);
    store->finish = work;
    store->finish_context = context;
    g_mutex_unlock(&store->mutex);
}

void store_counts(struct store *store, guint64 *groups, guint64 *works) {
    g_mutex_lock(&store->mutex);
    *groups = store->n_groups;
    *works = store->n_works;
    g_mutex_unlock(&store->mutex);
}

/* ── Opening and closing ───────────────────────────────────────────────────────────────────────── */

/* The scripts that lead from one version to the next; version 0 is an empty database. */
static const char *const upgrades[SCHEMA_VERSION] = {embedded_schema_sqlite, embedded_schema_ledger,
                                                     embedded_schema_people, embedded_schema_sending};

static gboolean make_schema(struct db *db, GError **error) {
    gint64 version;
    if (!db_number(db, "PRAGMA user_version", NO_PARAMS, -1, &version, error))
        return FALSE;
    for (; version != SCHEMA_VERSION; version++) {
        if (version < 0 || version > SCHEMA_VERSION) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_STORE,
                        "the database has schema %" G_GINT64_FORMAT ", this program knows %d: use the "
                        "program that made it, or a newer one",
                        version, SCHEMA_VERSION);
            return FALSE;
        }
        g_autofree char *script =
            g_strdup_printf("BEGIN IMMEDIATE; %s; PRAGMA user_version = %d; COMMIT", upgrades[version],
                            (int)version + 1);
        if (!db_script(db, script, error)) {
            db_script(db, "ROLLBACK", NULL);
            return FALSE;
        }
    }
    return TRUE;
}

struct store *store_open(const char *path, GError **error) {
    struct store *store = g_new0(struct store, 1);
    g_autofree char *lock_path = g_strconcat(path, ".lock", NULL);

    store->path = g_strdup(path);
    g_mutex_init(&store->mutex);
    g_cond_init(&store->has_work);
    g_cond_init(&store->flushed);
    g_queue_init(&store->jobs);
    g_queue_init(&store->readers);
    store->lock_fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->lock_fd < 0) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_STORE, "%s: %s", lock_path, g_strerror(errno));
    } else {
        lock(store);
        store->writer = db_open(path, DB_WRITER, error);
        if (store->writer && make_schema(store->writer, error))
            store->thread = g_thread_new("writer", write_loop, store);
        unlock(store);
    }
    if (!store->thread) {
        store_close(store);
        return NULL;
    }
    return store;
}

void store_close(struct store *store) {
    if (!store)
        return;
    if (store->thread) {
        g_mutex_lock(&store->mutex);
        store->is_closing = TRUE;
        g_cond_signal(&store->has_work);
        g_mutex_unlock(&store->mutex);
        g_thread_join(store->thread);
    }
    for (struct db *db; (db = g_queue_pop_head(&store->readers));)
        db_close(db);
    if (store->thread) {
        lock(store);
        db_checkpoint(store->writer, NULL);
        db_truncate_log(store->writer, 0, NULL); /* unless another process reads */
        unlock(store);
    }
    db_close(store->writer);
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    g_mutex_clear(&store->mutex);
    g_cond_clear(&store->has_work);
    g_cond_clear(&store->flushed);
    g_free(store->path);
    g_free(store);
}

static gboolean do_nothing(struct db *db, void *context, GError **error) {
    (void)db, (void)context, (void)error;
    return TRUE;
}

gboolean store_flush(struct store *store, GError **error) {
    g_mutex_lock(&store->mutex);
    store->wants_flush = TRUE;
    g_mutex_unlock(&store->mutex);
    if (!store_write(store, STORE_WORK(do_nothing, NULL), NULL, error))
        return FALSE;
    g_mutex_lock(&store->mutex);
    while (store->wants_flush)
        g_cond_wait(&store->flushed, &store->mutex);
    const gboolean ok = store->flush_ok;
    g_mutex_unlock(&store->mutex);
    if (!ok)
        g_set_error(error, BASE_ERROR, BASE_ERROR_BUSY,
                    "the write-ahead log could not be emptied, somebody reads the database; try again");
    return ok;
}

static gboolean quick_check(struct db *db, void *context, GError **error) {
    struct db_rows *rows = db_query(db, "PRAGMA quick_check(1)", NO_PARAMS);
    *(gboolean *)context = db_next(rows) && g_strcmp0(db_text(rows, 0), "ok") == 0;
    return db_done(rows, error);
}

gboolean store_check(struct store *store, gboolean *is_whole, GError **error) {
    *is_whole = FALSE;
    return store_read(store, quick_check, is_whole, error);
}

gboolean store_backup(struct store *store, const char *path, GError **error) {
    struct db *db = db_open(store->path, DB_READER, error);
    if (!db)
        return FALSE;
    gboolean ok = db_backup(db, path, error);
    db_close(db);
    return ok;
}
