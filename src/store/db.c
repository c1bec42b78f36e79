#include "store/db.h"

#include <string.h>

#include "base/error.h"
#include "base/time.h"
#include "store/driver.h"
#include "store/store.h"

/* The databases that a store can be kept in; the first is the usual one. */
static const struct db_driver *const drivers[] = {
#define X(word) &db_driver_##word,
    DB_DRIVERS(X)
#undef X
};

struct db {
    const struct db_driver *driver;
    struct db_link *link;
    GHashTable *statements; /* SQL text's address → struct use */
};

/* A prepared statement, and whether it is being used. */
struct use {
    const struct db_driver *driver;
    void *statement;
    gboolean is_in_use;
};

struct db_rows {
    struct db *db;
    struct use *use; /* NULL: it could not be prepared */
    enum db_step last;
    GError *error;
};

static void use_free(gpointer data) {
    struct use *use = data;
    use->driver->finish(use->statement);
    g_free(use);
}

/* "sqlite:tocsin.db", or a bare path of the usual driver's. Moves `where` past the scheme; NULL with an
 * error. */
static const struct db_driver *driver_of(const char **where, GError **error) {
    for (guint i = 0; i < G_N_ELEMENTS(drivers); i++) {
        const gsize n = strlen(drivers[i]->scheme);
        if (strncmp(*where, drivers[i]->scheme, n) == 0 && (*where)[n] == ':') {
            *where += n + 1;
            return drivers[i];
        }
    }
    const gsize n = strcspn(*where, ":/.");
    if ((*where)[n] != ':')
        return drivers[0];
    g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT,
                "there is no database \"%.*s\" in this program; the usual one is sqlite:tocsin.db",
                (int)n, *where);
    return NULL;
}

gboolean store_where_check(const char *where, GError **error) {
    return driver_of(&where, error) != NULL;
}

struct db *db_open(const char *where, const char *dir, enum db_role role, gboolean may_make,
                   GError **error) {
    const struct db_driver *driver = driver_of(&where, error);
    struct db_link *link = driver ? driver->open(where, dir, role, may_make, error) : NULL;
    if (!link)
        return NULL;
    struct db *db = g_new0(struct db, 1);
    db->driver = driver;
    db->link = link;
    db->statements = g_hash_table_new_full(NULL, NULL, NULL, use_free);
    return db;
}

void db_close(struct db *db) {
    if (!db)
        return;
    g_hash_table_unref(db->statements);
    db->driver->close(db->link);
    g_free(db);
}

const struct db_driver *db_driver_of(const struct db *db) {
    return db->driver;
}

struct db_link *db_link_of(const struct db *db) {
    return db->link;
}

gboolean db_script(struct db *db, const char *sql, GError **error) {
    return db->driver->script(db->link, sql, error);
}

/* ── Statements ────────────────────────────────────────────────────────────────────────────────── */

/* A broken or busy disk shows here too: the schema is read when the first statement is prepared. */
static struct use *prepare(struct db *db, const char *sql, GError **error) {
    struct use *use = g_hash_table_lookup(db->statements, sql);
    if (!use) {
        void *statement = db->driver->prepare(db->link, sql, error);
        if (!statement) {
            g_prefix_error(error, "%s: ", sql);
            return NULL;
        }
        use = g_new0(struct use, 1);
        use->driver = db->driver;
        use->statement = statement;
        g_hash_table_insert(db->statements, (gpointer)(gsize)sql, use);
    }
    if (use->is_in_use) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_STORE, "a statement is used twice at once: %s", sql);
        return NULL;
    }
    use->is_in_use = TRUE;
    return use;
}

static void release(struct use *use) {
    use->driver->reset(use->statement);
    use->is_in_use = FALSE;
}

gboolean db_run(struct db *db, const char *sql, const struct db_param *params, GError **error) {
    struct use *use = prepare(db, sql, error);
    if (!use)
        return FALSE;
    const gboolean ok = db->driver->bind(use->statement, params, error) &&
                        db->driver->step(db->link, use->statement, error) != DB_STEP_FAILED;
    release(use);
    return ok;
}

gint64 db_last_id(struct db *db) {
    return db->driver->last_id(db->link);
}

int db_changes(struct db *db) {
    return db->driver->changes(db->link);
}

/* Text given to a query must live until db_done. */
struct db_rows *db_query(struct db *db, const char *sql, const struct db_param *params) {
    struct db_rows *rows = g_new0(struct db_rows, 1);
    rows->db = db;
    rows->last = DB_STEP_FAILED;
    rows->use = prepare(db, sql, &rows->error);
    if (rows->use && db->driver->bind(rows->use->statement, params, &rows->error))
        rows->last = DB_STEP_ROW;
    return rows;
}

gboolean db_next(struct db_rows *rows) {
    if (rows->last == DB_STEP_ROW)
        rows->last = rows->db->driver->step(rows->db->link, rows->use->statement, &rows->error);
    return rows->last == DB_STEP_ROW;
}

gboolean db_done(struct db_rows *rows, GError **error) {
    const gboolean ok = rows->last != DB_STEP_FAILED;
    if (rows->error)
        g_propagate_error(error, rows->error);
    if (rows->use)
        release(rows->use);
    g_free(rows);
    return ok;
}

gboolean db_number(struct db *db, const char *sql, const struct db_param *params, gint64 otherwise,
                   gint64 *number, GError **error) {
    struct db_rows *rows = db_query(db, sql, params);
    *number = db_next(rows) && !db_is_null(rows, 0) ? db_int(rows, 0) : otherwise;
    return db_done(rows, error);
}

GArray *db_ids(struct db_rows *rows, GError **error) {
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    while (db_next(rows)) {
        const gint64 id = db_int(rows, 0);
        g_array_append_val(ids, id);
    }
    if (db_done(rows, error))
        return ids;
    g_array_unref(ids);
    return NULL;
}

GPtrArray *db_texts(struct db_rows *rows, GError **error) {
    GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);
    while (db_next(rows))
        g_ptr_array_add(texts, g_strdup(db_text(rows, 0)));
    if (db_done(rows, error))
        return texts;
    g_ptr_array_unref(texts);
    return NULL;
}

gint64 db_int(struct db_rows *rows, int column) {
    return rows->db->driver->column_int(rows->use->statement, column);
}

gint64 db_time(struct db_rows *rows, int column) {
    return db_is_null(rows, column) ? TIME_UNKNOWN : db_int(rows, column);
}

const char *db_text(struct db_rows *rows, int column) {
    return rows->db->driver->column_text(rows->use->statement, column);
}

const void *db_blob(struct db_rows *rows, int column, gsize *n) {
    return rows->db->driver->column_blob(rows->use->statement, column, n);
}

gboolean db_is_null(struct db_rows *rows, int column) {
    return rows->db->driver->column_is_null(rows->use->statement, column);
}
