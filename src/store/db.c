#include "store/db.h"

#include <sqlite3.h>

#include "base/error.h"
#include "base/time.h"

struct db {
    sqlite3 *handle;
    guint log_pages;        /* in the write-ahead log after the last commit */
    GHashTable *statements; /* SQL text's address → sqlite3_stmt */
};

struct db_rows {
    struct db *db;
    sqlite3_stmt *statement; /* NULL: it could not be prepared */
    int result;
    GError *error; /* why not */
};

static gboolean fail(struct db *db, GError **error) {
    g_set_error(error, BASE_ERROR,
                sqlite3_errcode(db->handle) == SQLITE_BUSY ? BASE_ERROR_BUSY : BASE_ERROR_STORE,
                "the database says: %s", sqlite3_errmsg(db->handle));
    return FALSE;
}

static void finalize(gpointer statement) {
    sqlite3_finalize(statement);
}

/* SQLite calls this after a commit, with the length of the log. */
static int note_log(void *context, sqlite3 *handle, const char *name, int n_pages) {
    struct db *db = context;
    (void)handle;
    (void)name;
    db->log_pages = (guint)n_pages;
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

struct db *db_open(const char *path, enum db_role role, GError **error) {
    struct db *db = g_new0(struct db, 1);
    configure_once();
    db->statements = g_hash_table_new_full(NULL, NULL, NULL, finalize);
    if (sqlite3_open_v2(path, &db->handle,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK) {
        fail(db, error);
        g_prefix_error(error, "%s: ", path);
        db_close(db);
        return NULL;
    }
    sqlite3_extended_result_codes(db->handle, 0);
    sqlite3_busy_timeout(db->handle, DB_PATIENCE_MS);
    /* Only the writer checkpoints, never a connection's closing. */
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (role != DB_PLAIN &&
        !db_script(db,
                   role == DB_WRITER
                       ? "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536; "
                         "PRAGMA secure_delete=FAST; "
                         "PRAGMA wal_autocheckpoint=0; PRAGMA temp_store=MEMORY;"
                       : "PRAGMA query_only=ON; PRAGMA wal_autocheckpoint=0; "
                         "PRAGMA cache_size=-16384; PRAGMA temp_store=MEMORY;",
                   error)) {
        g_prefix_error(error, "%s: ", path);
        db_close(db);
        return NULL;
    }
    if (role == DB_WRITER)
        sqlite3_wal_hook(db->handle, note_log, db);
    return db;
}

void db_close(struct db *db) {
    if (!db)
        return;
    g_hash_table_unref(db->statements);
    sqlite3_close(db->handle);
    g_free(db);
}

gboolean db_script(struct db *db, const char *sql, GError **error) {
    return sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK || fail(db, error);
}

static gboolean refuse(const char *what, const char *sql, GError **error) {
    g_set_error(error, BASE_ERROR, BASE_ERROR_STORE, "%s: %s", what, sql);
    return FALSE;
}

/* A broken or busy disk shows here too: the schema is read when the first statement is prepared. */
static sqlite3_stmt *prepare(struct db *db, const char *sql, GError **error) {
    sqlite3_stmt *statement = g_hash_table_lookup(db->statements, sql);
    if (!statement) {
        if (sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) !=
            SQLITE_OK) {
            fail(db, error);
            g_prefix_error(error, "%s: ", sql);
            return NULL;
        }
        g_hash_table_insert(db->statements, (gpointer)(gsize)sql, statement);
    }
    if (sqlite3_stmt_busy(statement)) {
        refuse("a statement is used twice at once", sql, error);
        return NULL;
    }
    return statement;
}

/* Bound bytes are the caller's until the statement was stepped and reset: no copies. */
static gboolean bind(sqlite3_stmt *statement, const struct db_param *params, GError **error) {
    for (; params->name; params++) {
        int i = sqlite3_bind_parameter_index(statement, params->name);
        if (!i)
            return refuse(params->name, "no such parameter", error);
        switch (params->type) {
        case DB_NULL: sqlite3_bind_null(statement, i); break;
        case DB_INT: sqlite3_bind_int64(statement, i, params->number); break;
        case DB_TEXT: sqlite3_bind_text(statement, i, params->bytes, -1, SQLITE_STATIC); break;
        case DB_BLOB: sqlite3_bind_blob64(statement, i, params->bytes, params->n, SQLITE_STATIC); break;
        }
    }
    return TRUE;
}

static void release(sqlite3_stmt *statement) {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
}

gboolean db_run(struct db *db, const char *sql, const struct db_param *params, GError **error) {
    sqlite3_stmt *statement = prepare(db, sql, error);
    if (!statement)
        return FALSE;
    gboolean ok =
        bind(statement, params, error) && (sqlite3_step(statement) == SQLITE_DONE || fail(db, error));
    release(statement);
    return ok;
}

gint64 db_last_id(struct db *db) {
    return sqlite3_last_insert_rowid(db->handle);
}

int db_changes(struct db *db) {
    return sqlite3_changes(db->handle);
}

/* Text given to a query must live until db_done. */
struct db_rows *db_query(struct db *db, const char *sql, const struct db_param *params) {
    struct db_rows *rows = g_new0(struct db_rows, 1);
    rows->db = db;
    rows->result = SQLITE_ERROR;
    rows->statement = prepare(db, sql, &rows->error);
    if (rows->statement && bind(rows->statement, params, &rows->error))
        rows->result = SQLITE_ROW;
    return rows;
}

gboolean db_next(struct db_rows *rows) {
    if (rows->result == SQLITE_ROW)
        rows->result = sqlite3_step(rows->statement);
    return rows->result == SQLITE_ROW;
}

gboolean db_done(struct db_rows *rows, GError **error) {
    gboolean ok = rows->result == SQLITE_DONE || rows->result == SQLITE_ROW;
    if (rows->error)
        g_propagate_error(error, rows->error);
    else if (!ok)
        fail(rows->db, error);
    if (rows->statement)
        release(rows->statement);
    g_free(rows);
    return ok;
}

gboolean db_number(struct db *db, const char *sql, const struct db_param *params, gint64 otherwise,
                   gint64 *number, GError **error) {
    struct db_rows *rows = db_query(db, sql, params);
    *number = db_next(rows) && !db_is_null(rows, 0) ? db_int(rows, 0) : otherwise;
    return db_done(rows, error);
}

gint64 db_int(struct db_rows *rows, int column) {
    return sqlite3_column_int64(rows->statement, column);
}

gint64 db_time(struct db_rows *rows, int column) {
    return db_is_null(rows, column) ? TIME_UNKNOWN : db_int(rows, column);
}

const char *db_text(struct db_rows *rows, int column) {
    return (const char *)sqlite3_column_text(rows->statement, column);
}

const void *db_blob(struct db_rows *rows, int column, gsize *n) {
    const void *bytes = sqlite3_column_blob(rows->statement, column);
    *n = (gsize)sqlite3_column_bytes(rows->statement, column);
    return bytes;
}

gboolean db_is_null(struct db_rows *rows, int column) {
    return sqlite3_column_type(rows->statement, column) == SQLITE_NULL;
}

gboolean db_backup(struct db *db, const char *path, GError **error) {
    return db_script(db, "PRAGMA query_only=OFF", error) &&
           db_run(db, "VACUUM INTO :path", PARAMS(P_TEXT("path", path)), error);
}

enum db_end db_commit(struct db *db, GError **error) {
    if (db_script(db, "COMMIT", error))
        return DB_DURABLE;
    return sqlite3_errcode(db->handle) == SQLITE_BUSY ? DB_AGAIN : DB_FAILED;
}

gboolean db_in_transaction(struct db *db) {
    return !sqlite3_get_autocommit(db->handle);
}

guint db_log_pages(struct db *db) {
    return db->log_pages;
}

gboolean db_truncate_log(struct db *db, int patience_ms, GError **error) {
    sqlite3_busy_timeout(db->handle, patience_ms);
    const gboolean ok = sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
                                                  NULL) == SQLITE_OK ||
                        fail(db, error);
    sqlite3_busy_timeout(db->handle, DB_PATIENCE_MS);
    return ok;
}

gboolean db_checkpoint(struct db *db, GError **error) {
    return sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) ==
               SQLITE_OK ||
           fail(db, error);
}
