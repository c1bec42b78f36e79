/* SQLite, in write-ahead mode, synced at every commit. A lock file keeps the writers of other processes
 * out for the length of a group: SQLite before 3.51.3 can lose commits when two connections reset the
 * log at once. Only the writer checkpoints. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "embedded.h"
#include "store/driver.h"

#define PATIENCE_MS 20000 /* how long anything waits for another process */
#define PLAIN_PATIENCE_MS 1000
#define CHECKPOINT_PAGES 4000 /* of the log; 16 MB */

struct db_link {
    sqlite3 *handle;
    int lock_fd;     /* a writer's; else -1 */
    guint log_pages; /* in the write-ahead log after the last commit */
};

static gboolean fail(sqlite3 *handle, GError **error) {
    g_set_error(error, BASE_ERROR,
                sqlite3_errcode(handle) == SQLITE_BUSY ? BASE_ERROR_BUSY : BASE_ERROR_STORE,
                "the database says: %s", sqlite3_errmsg(handle));
    return FALSE;
}

/* ── Opening and closing ───────────────────────────────────────────────────────────────────────── */

/* SQLite calls this after a commit, with the length of the log. */
static int note_log(void *context, sqlite3 *handle, const char *name, int n_pages) {
    struct db_link *link = context;
    (void)handle;
    (void)name;
    link->log_pages = (guint)n_pages;
    return SQLITE_OK;
}

/* Each connection stays with one thread at a time; nobody asks how much memory SQLite uses. */
static void configure_once(void) {
    static gsize done;
    if (g_once_init_enter(&done)) {
        sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
        sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
        g_once_init_leave(&done, 1);
    }
}

static void sqlite_close(struct db_link *link) {
    sqlite3_close(link->handle);
    if (link->lock_fd >= 0)
        close(link->lock_fd);
    g_free(link);
}

static gboolean sqlite_script(struct db_link *link, const char *sql, GError **error) {
    return sqlite3_exec(link->handle, sql, NULL, NULL, NULL) == SQLITE_OK || fail(link->handle, error);
}

static gboolean open_lock(struct db_link *link, const char *path, GError **error) {
    g_autofree char *lock_path = g_strconcat(path, ".lock", NULL);
    link->lock_fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (link->lock_fd >= 0)
        return TRUE;
    g_set_error(error, BASE_ERROR, BASE_ERROR_STORE, "%s", g_strerror(errno));
    return FALSE;
}

/* Whoever holds it may be paused, and would keep everybody waiting for ever. */
static gboolean sqlite_hold(struct db_link *link, GError **error) {
    const gint64 until = g_get_monotonic_time() + PATIENCE_MS * (gint64)1000;
    for (gulong pause_us = 100; flock(link->lock_fd, LOCK_EX | LOCK_NB) != 0;
         pause_us = MIN(2 * pause_us, 5000)) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_STORE, "the database's lock file: %s",
                        g_strerror(errno));
            return FALSE;
        }
        if (g_get_monotonic_time() > until) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_BUSY,
                        "another process has been writing to the database for too long; is it paused?");
            return FALSE;
        }
        g_usleep(pause_us);
    }
    return TRUE;
}

static void sqlite_release(struct db_link *link) {
    flock(link->lock_fd, LOCK_UN);
}

static gboolean set_up_writer(struct db_link *link, const char *path, GError **error) {
    if (!open_lock(link, path, error))
        return FALSE;
    if (!sqlite_hold(link, error)) /* the mode is changed once, and not by two at once */
        return FALSE;
    const gboolean ok =
        sqlite_script(link,
                      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536; "
                      "PRAGMA secure_delete=FAST; PRAGMA wal_autocheckpoint=0; "
                      "PRAGMA temp_store=MEMORY;",
                      error);
    sqlite_release(link);
    sqlite3_wal_hook(link->handle, note_log, link); /* the pragma took any hook away */
    g_chmod(path, 0600);
    return ok;
}

/* Before SQLite sees it: it would make a database of an empty file, take over another program's, and
 * write what stands in an old log over a backup that was put in the place of what was lost. */
static gboolean check_file(const char *path, gboolean may_make, GError **error) {
    struct stat status;
    const gboolean is_there = stat(path, &status) == 0;
    if (is_there && may_make)
        g_set_error(error, BASE_ERROR, BASE_ERROR_CONFLICT, "there is such a file already");
    else if (!may_make && (!is_there || status.st_size == 0))
        g_set_error(error, BASE_ERROR, BASE_ERROR_STORE,
                    "%s: move its -wal and -shm files away, if there are any, then put a backup in its "
                    "place, or name the right file",
                    is_there ? "the file is empty" : "there is no such file");
    else
        return TRUE;
    return FALSE;
}

static gboolean set_up(struct db_link *link, const char *path, enum db_role role, gboolean may_make,
                       GError **error) {
    if (!check_file(path, may_make, error))
        return FALSE;
    if (sqlite3_open_v2(path, &link->handle,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                            (may_make ? SQLITE_OPEN_CREATE : 0),
                        NULL) != SQLITE_OK)
        return fail(link->handle, error);
    sqlite3_extended_result_codes(link->handle, 0);
    /* What is plain is held for the length of a small transaction, and the writer waits for it. */
    sqlite3_busy_timeout(link->handle, role == DB_PLAIN ? PLAIN_PATIENCE_MS : PATIENCE_MS);
    /* Only the writer checkpoints, never a connection's closing. */
    sqlite3_db_config(link->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    switch (role) {
    case DB_WRITER: return set_up_writer(link, path, error);
    case DB_READER:
        return sqlite_script(link,
                             "PRAGMA query_only=ON; PRAGMA wal_autocheckpoint=0; "
                             "PRAGMA cache_size=-16384; PRAGMA temp_store=MEMORY;",
                             error);
    case DB_PLAIN:
    default: return TRUE;
    }
}

static struct db_link *sqlite_open(const char *where, const char *dir, enum db_role role,
                                   gboolean may_make, GError **error) {
    g_autofree char *path =
        !dir || g_path_is_absolute(where) ? g_strdup(where) : g_build_filename(dir, where, NULL);
    struct db_link *link = g_new0(struct db_link, 1);
    link->lock_fd = -1;
    configure_once();
    if (set_up(link, path, role, may_make, error))
        return link;
    g_prefix_error(error, "%s: ", path);
    sqlite_close(link);
    return NULL;
}

/* ── Statements ────────────────────────────────────────────────────────────────────────────────── */

static void *sqlite_prepare(struct db_link *link, const char *sql, GError **error) {
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v3(link->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) ==
        SQLITE_OK)
        return statement;
    fail(link->handle, error);
    return NULL;
}

static void sqlite_finish(void *statement) {
    sqlite3_finalize(statement);
}

static gboolean sqlite_bind(void *statement, const struct db_param *params, GError **error) {
    for (; params->name; params++) {
        int i = sqlite3_bind_parameter_index(statement, params->name);
        if (!i) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_STORE, "there is no %s in: %s", params->name,
                        sqlite3_sql(statement));
            return FALSE;
        }
        switch (params->type) {
        case DB_NULL: sqlite3_bind_null(statement, i); break;
        case DB_INT: sqlite3_bind_int64(statement, i, params->number); break;
        case DB_TEXT: sqlite3_bind_text(statement, i, params->bytes, -1, SQLITE_STATIC); break;
        case DB_BLOB: sqlite3_bind_blob64(statement, i, params->bytes, params->n, SQLITE_STATIC); break;
        }
    }
    return TRUE;
}

static enum db_step sqlite_step(struct db_link *link, void *statement, GError **error) {
    switch (sqlite3_step(statement)) {
    case SQLITE_ROW: return DB_STEP_ROW;
    case SQLITE_DONE: return DB_STEP_END;
    default: fail(link->handle, error); return DB_STEP_FAILED;
    }
}

static void sqlite_reset(void *statement) {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
}

static gint64 sqlite_int(void *statement, int column) {
    return sqlite3_column_int64(statement, column);
}

static const char *sqlite_text(void *statement, int column) {
    return (const char *)sqlite3_column_text(statement, column);
}

static const void *sqlite_blob(void *statement, int column, gsize *n) {
    const void *bytes = sqlite3_column_blob(statement, column);
    *n = (gsize)sqlite3_column_bytes(statement, column);
    return bytes;
}

static gboolean sqlite_is_null(void *statement, int column) {
    return sqlite3_column_type(statement, column) == SQLITE_NULL;
}

static gint64 sqlite_last_id(struct db_link *link) {
    return sqlite3_last_insert_rowid(link->handle);
}

static int sqlite_changes(struct db_link *link) {
    return sqlite3_changes(link->handle);
}

static void sqlite_interrupt(struct db_link *link) {
    sqlite3_interrupt(link->handle);
}

static gint64 sqlite_all_changes(struct db_link *link) {
    return sqlite3_total_changes64(link->handle);
}

/* ── Transactions ──────────────────────────────────────────────────────────────────────────────── */

static gboolean sqlite_begin(struct db_link *link, gboolean is_to_write, GError **error) {
    return sqlite_script(link, is_to_write ? "BEGIN IMMEDIATE" : "BEGIN", error);
}

static enum db_end sqlite_commit(struct db_link *link, GError **error) {
    if (sqlite_script(link, "COMMIT", error))
        return DB_DURABLE;
    return sqlite3_errcode(link->handle) == SQLITE_BUSY ? DB_AGAIN : DB_FAILED;
}

static gboolean sqlite_rollback(struct db_link *link, GError **error) {
    return sqlite_script(link, "ROLLBACK", error);
}

static gboolean sqlite_is_open(struct db_link *link) {
    return !sqlite3_get_autocommit(link->handle);
}

/* ── The schema ────────────────────────────────────────────────────────────────────────────────── */

static const char *const migrations[] = {embedded_schema_sqlite, embedded_schema_ledger,
                                         embedded_schema_people, embedded_schema_sending,
                                         embedded_schema_truth,  embedded_schema_keeping};

/* The number that a pragma gives. */
static gboolean ask(struct db_link *link, const char *pragma, gint64 *number, gboolean *is_ok,
                    GError **error) {
    sqlite3_stmt *statement = sqlite_prepare(link, pragma, error);
    if (!statement)
        return FALSE;
    const gboolean ok = sqlite_step(link, statement, error) == DB_STEP_ROW;
    if (ok && number)
        *number = sqlite_int(statement, 0);
    if (ok && is_ok)
        *is_ok = g_strcmp0(sqlite_text(statement, 0), "ok") == 0;
    sqlite3_finalize(statement);
    return ok;
}

static gboolean sqlite_version(struct db_link *link, gint64 *version, GError **error) {
    return ask(link, "PRAGMA user_version", version, NULL, error);
}

static gboolean sqlite_migrate(struct db_link *link, const char *script, gint64 version,
                               GError **error) {
    g_autofree char *whole =
        g_strdup_printf("BEGIN IMMEDIATE; %s; PRAGMA user_version = %d; COMMIT", script, (int)version);
    if (sqlite_script(link, whole, error))
        return TRUE;
    if (sqlite_is_open(link))
        sqlite_rollback(link, NULL);
    return FALSE;
}

/* ── Upkeep ────────────────────────────────────────────────────────────────────────────────────── */

static gboolean checkpoint(struct db_link *link, int mode, int patience_ms, GError **error) {
    sqlite3_busy_timeout(link->handle, patience_ms);
    const gboolean ok = sqlite3_wal_checkpoint_v2(link->handle, NULL, mode, NULL, NULL) == SQLITE_OK ||
                        fail(link->handle, error);
    sqlite3_busy_timeout(link->handle, PATIENCE_MS);
    return ok;
}

static void sqlite_tidy(struct db_link *link, gboolean is_last) {
    if (!is_last && link->log_pages < CHECKPOINT_PAGES)
        return;
    if (!sqlite_hold(link, NULL)) /* the next group says it */
        return;
    checkpoint(link, SQLITE_CHECKPOINT_PASSIVE, PATIENCE_MS, NULL);
    sqlite_release(link);
}

static gboolean sqlite_flush(struct db_link *link, GError **error) {
    if (!sqlite_hold(link, error))
        return FALSE;
    const gboolean ok = checkpoint(link, SQLITE_CHECKPOINT_TRUNCATE, PATIENCE_MS, error);
    sqlite_release(link);
    return ok;
}

static gboolean sqlite_scrub(struct db_link *link, GError **error) {
    if (!sqlite_hold(link, error))
        return FALSE;
    const gboolean ok = sqlite_script(link, "VACUUM", error);
    sqlite_release(link);
    return ok;
}

static gboolean sqlite_check(struct db_link *link, gboolean *is_whole, GError **error) {
    return ask(link, "PRAGMA quick_check(1)", NULL, is_whole, error);
}

static char *sqlite_file(struct db_link *link) {
    return g_strdup(sqlite3_db_filename(link->handle, "main"));
}

static gboolean sqlite_backup(struct db_link *link, const char *path, GError **error) {
    const struct db_param params[] = {{.name = ":path", .type = DB_TEXT, .bytes = path},
                                      {.name = NULL}};
    if (!sqlite_script(link, "PRAGMA query_only=OFF", error))
        return FALSE;
    sqlite3_stmt *statement = sqlite_prepare(link, "VACUUM INTO :path", error);
    const gboolean ok = statement && sqlite_bind(statement, params, error) &&
                        sqlite_step(link, statement, error) == DB_STEP_END;
    sqlite3_finalize(statement);
    return ok;
}

const struct db_driver db_driver_sqlite = {
    .scheme = "sqlite",
    .migrations = migrations,
    .n_migrations = G_N_ELEMENTS(migrations),
    .open = sqlite_open,
    .close = sqlite_close,
    .prepare = sqlite_prepare,
    .finish = sqlite_finish,
    .bind = sqlite_bind,
    .step = sqlite_step,
    .reset = sqlite_reset,
    .column_int = sqlite_int,
    .column_text = sqlite_text,
    .column_blob = sqlite_blob,
    .column_is_null = sqlite_is_null,
    .last_id = sqlite_last_id,
    .changes = sqlite_changes,
    .interrupt = sqlite_interrupt,
    .all_changes = sqlite_all_changes,
    .script = sqlite_script,
    .hold = sqlite_hold,
    .release = sqlite_release,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .is_open = sqlite_is_open,
    .version = sqlite_version,
    .migrate = sqlite_migrate,
    .tidy = sqlite_tidy,
    .flush = sqlite_flush,
    .scrub = sqlite_scrub,
    .check = sqlite_check,
    .file = sqlite_file,
    .backup = sqlite_backup,
};
