#include "store/store.h"

#include "base/error.h"
#include "store/driver.h"

#define MOST_IN_A_GROUP 512
#define MOST_RUNS 8 /* of one group */

struct job {
    const struct store_work *work;
    void *context;
    gboolean is_trial;
    gboolean ok, is_done;
    GError *error;
    GCond answered; /* its own: an answer wakes one waiter, not all */
};

struct store {
    char *where, *dir;
    struct db *writer;
    GThread *thread;
    GMutex mutex;
    GCond has_work;
    GQueue jobs;
    gboolean is_closing, wants_flush, wants_scrub;
    GError *flush_problem; /* of the last one */
    GCond flushed;
    GQueue readers; /* idle connections */
    store_fn finish;
    void *finish_context;
    void (*listener)(void *context);
    void *listener_context;
    guint64 n_groups, n_works;
    gint is_refusing;
    gint64 group_since_us; /* of the one under way; 0: none is */
};

/* The writer's driver, and its connection. */
#define WRITER(store, function, ...)                                                                   \
    db_driver_of((store)->writer)->function(db_link_of((store)->writer), ##__VA_ARGS__)

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
    return db_driver_of(db)->is_open(db_link_of(db));
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

/* Leaves what was overwritten in no file, for whoever waits for that. */
static void flush(struct store *store) {
    GError *problem = NULL;
    g_mutex_lock(&store->mutex);
    const gboolean scrubs = store->wants_scrub;
    store->wants_scrub = FALSE;
    g_mutex_unlock(&store->mutex);
    if (!scrubs || WRITER(store, scrub, &problem))
        WRITER(store, flush, &problem);
    g_mutex_lock(&store->mutex);
    g_clear_error(&store->flush_problem);
    store->flush_problem = problem;
    store->wants_flush = FALSE;
    g_cond_broadcast(&store->flushed);
    g_mutex_unlock(&store->mutex);
}

/* After the answers were given: nobody waits for it. */
static void tidy(struct store *store, gboolean wants_flush) {
    if (wants_flush)
        flush(store);
    else
        WRITER(store, tidy, FALSE);
}

/* `cause` NULL: the driver gave none. */
static void spoil(GPtrArray *group, const GError *cause) {
    for (guint i = 0; i < group->len; i++) {
        struct job *job = group->pdata[i];
        job->ok = FALSE;
        g_clear_error(&job->error);
        job->error = cause ? g_error_copy(cause)
                           : g_error_new_literal(BASE_ERROR, BASE_ERROR_STORE,
                                                 "the database did not keep it, and gave no reason");
    }
}

static enum db_end run_group_once(struct store *store, GPtrArray *group, GError **error) {
    gboolean ok = WRITER(store, begin, TRUE, error);
    enum db_end end = DB_FAILED;
    for (guint i = 0; ok && i < group->len && store_is_open(store->writer); i++)
        ok = run_behind_mark(store, group->pdata[i], error);
    if (ok && store_is_open(store->writer) && store->finish)
        ok = store->finish(store->writer, store->finish_context, error);
    if (ok && !store_is_open(store->writer))
        g_set_error(error, BASE_ERROR, BASE_ERROR_STORE,
                    "the database gave the transaction up: is the disk full?");
    else if (ok)
        end = WRITER(store, commit, error);
    if (end != DB_DURABLE && store_is_open(store->writer))
        WRITER(store, rollback, NULL);
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
    const gint64 before = WRITER(store, all_changes);
    const gboolean is_held = WRITER(store, hold, &error);
    if (!is_held)
        end = DB_FAILED;
    for (guint i = 0; end == DB_AGAIN && i < MOST_RUNS; i++) {
        if (i) {
            g_clear_error(&error);
            for (guint k = 0; k < group->len; k++)
                reset(group->pdata[k]);
        }
        end = run_group_once(store, group, &error);
    }
    if (is_held)
        WRITER(store, release);
    if (end != DB_DURABLE)
        spoil(group, error);
    if (end != DB_DURABLE ||
        WRITER(store, all_changes) != before) /* what writes nothing shows nothing */
        g_atomic_int_set(&store->is_refusing, end != DB_DURABLE);
    g_clear_error(&error);
}

/* With the mutex held. */
static void answer(struct store *store, GPtrArray *group) {
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
        store->group_since_us = g_get_monotonic_time();
        g_mutex_unlock(&store->mutex);
        run_group(store, group);
        g_mutex_lock(&store->mutex);
        store->group_since_us = 0;
        answer(store, group);
        const gboolean wants_flush = store->wants_flush;
        g_mutex_unlock(&store->mutex);
        tidy(store, wants_flush);
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
        db = db_open(store->where, store->dir, DB_READER, FALSE, error);
    if (!db || db_driver_of(db)->begin(db_link_of(db), FALSE, error))
        return db;
    db_close(db);
    return NULL;
}

void store_read_end(struct store *store, struct db *db) {
    if (!db)
        return;
    /* Nothing was written; a connection that fails is not kept. */
    if (!db_driver_of(db)->rollback(db_link_of(db), NULL)) {
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

guint64 store_progress(struct store *store) {
    g_mutex_lock(&store->mutex);
    const guint64 n = store->n_groups + (guint64)WRITER(store, all_changes);
    g_mutex_unlock(&store->mutex);
    return n;
}

void store_cut(struct store *store, gint64 most_us) {
    g_mutex_lock(&store->mutex);
    if (store->group_since_us && g_get_monotonic_time() - store->group_since_us > most_us)
        WRITER(store, interrupt);
    g_mutex_unlock(&store->mutex);
}

gboolean store_is_refusing(struct store *store) {
    return g_atomic_int_get(&store->is_refusing);
}

void store_counts(struct store *store, guint64 *groups, guint64 *works) {
    g_mutex_lock(&store->mutex);
    *groups = store->n_groups;
    *works = store->n_works;
    g_mutex_unlock(&store->mutex);
}

/* ── Opening and closing ───────────────────────────────────────────────────────────────────────── */

static gboolean check_version(gint64 version, gint64 newest, gboolean is_new, GError **error) {
    if (version < 0 || version > newest)
        g_set_error(error, BASE_ERROR, BASE_ERROR_STORE,
                    "the database has schema %" G_GINT64_FORMAT ", this program knows %d: use the "
                    "program that made it, or a newer one",
                    version, (int)newest);
    else if (!version && !is_new)
        g_set_error(error, BASE_ERROR, BASE_ERROR_STORE,
                    "there is no site in this database: name the right one, or put a backup in its "
                    "place");
    else if (version && is_new)
        g_set_error(error, BASE_ERROR, BASE_ERROR_CONFLICT, "there is a site's database already");
    else
        return TRUE;
    return FALSE;
}

static gboolean make_schema(struct store *store, gboolean is_new, GError **error) {
    const struct db_driver *driver = db_driver_of(store->writer);
    const gint64 newest = driver->n_migrations;
    gint64 version;
    if (!WRITER(store, version, &version, error) || !check_version(version, newest, is_new, error))
        return FALSE;
    for (; version < newest; version++)
        if (!WRITER(store, migrate, driver->migrations[version], version + 1, error))
            return FALSE;
    return TRUE;
}

struct store *store_open(const char *where, const char *dir, gboolean is_new, GError **error) {
    struct store *store = g_new0(struct store, 1);
    store->where = g_strdup(where);
    store->dir = g_strdup(dir);
    g_mutex_init(&store->mutex);
    g_cond_init(&store->has_work);
    g_cond_init(&store->flushed);
    g_queue_init(&store->jobs);
    g_queue_init(&store->readers);
    if ((store->writer = db_open(where, dir, DB_WRITER, is_new, error))) {
        if (WRITER(store, hold, error)) {
            if (!make_schema(store, is_new, error))
                g_prefix_error(error, "%s: ", where);
            else
                store->thread = g_thread_new("writer", write_loop, store);
            WRITER(store, release);
        }
    }
    if (store->thread)
        return store;
    store_close(store);
    return NULL;
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
    if (store->thread)
        WRITER(store, tidy, TRUE);
    db_close(store->writer);
    g_clear_error(&store->flush_problem);
    g_mutex_clear(&store->mutex);
    g_cond_clear(&store->has_work);
    g_cond_clear(&store->flushed);
    g_free(store->where);
    g_free(store->dir);
    g_free(store);
}

char *store_file(const struct store *store) {
    return WRITER(store, file);
}

static gboolean do_nothing(struct db *db, void *context, GError **error) {
    (void)db, (void)context, (void)error;
    return TRUE;
}

static gboolean ask_for_flush(struct store *store, gboolean scrubs, GError **error) {
    g_mutex_lock(&store->mutex);
    store->wants_flush = TRUE;
    store->wants_scrub |= scrubs;
    g_mutex_unlock(&store->mutex);
    if (!store_write(store, STORE_WORK(do_nothing, NULL), NULL, error))
        return FALSE;
    g_mutex_lock(&store->mutex);
    while (store->wants_flush)
        g_cond_wait(&store->flushed, &store->mutex);
    GError *problem = store->flush_problem ? g_error_copy(store->flush_problem) : NULL;
    g_mutex_unlock(&store->mutex);
    if (!problem)
        return TRUE;
    g_propagate_prefixed_error(error, problem, "the database's log could not be emptied, try again: ");
    return FALSE;
}

gboolean store_flush(struct store *store, GError **error) {
    return ask_for_flush(store, FALSE, error);
}

gboolean store_scrub(struct store *store, GError **error) {
    return ask_for_flush(store, TRUE, error);
}

gboolean store_check(struct store *store, gboolean *is_whole, GError **error) {
    struct db *db = store_read_begin(store, error);
    *is_whole = FALSE;
    const gboolean ok = db && db_driver_of(db)->check(db_link_of(db), is_whole, error);
    store_read_end(store, db);
    return ok;
}

gboolean store_backup(struct store *store, const char *path, GError **error) {
    struct db *db = db_open(store->where, store->dir, DB_READER, FALSE, error);
    if (!db)
        return FALSE;
    gboolean ok = db_driver_of(db)->backup(db_link_of(db), path, error);
    db_close(db);
    return ok;
}
