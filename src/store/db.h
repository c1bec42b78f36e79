/* A connection to the database, for the subjects of this folder: prepared statements with named
 * parameters.
 *
 * SQL text is constant; each statement is prepared once a connection and found again by its address.
 * Which database it is, its driver knows (driver.h). */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <glib.h>

struct db;
struct db_rows;
struct db_driver;

enum db_role { DB_WRITER, DB_READER, DB_PLAIN /* settings are the caller's */ };

/* `where` is "scheme:place", or a path of the usual driver's; `dir` (may be NULL) is for relative ones.
 * Where there is none, `may_make` makes an empty one. */
struct db *db_open(const char *where, const char *dir, enum db_role role, gboolean may_make,
                   GError **error);
void db_close(struct db *db);
const struct db_driver *db_driver_of(const struct db *db);
struct db_link *db_link_of(const struct db *db);

/* Several statements at once, for schemas and pragmas. */
gboolean db_script(struct db *db, const char *sql, GError **error);

struct db_param {
    const char *name; /* ":name"; NULL ends a list */
    enum { DB_NULL, DB_INT, DB_TEXT, DB_BLOB } type;
    gint64 number;
    const void *bytes;
    gsize n;
};

#define P_INT(name_, value)                                                                            \
    { .name = ":" name_, .type = DB_INT, .number = (gint64)(value) }
#define P_TIME(name_, at_us)                                                                           \
    { .name = ":" name_, .type = (at_us) == TIME_UNKNOWN ? DB_NULL : DB_INT, .number = (at_us) }
#define P_TEXT(name_, text)                                                                            \
    { .name = ":" name_, .type = (text) ? DB_TEXT : DB_NULL, .bytes = (text) }
#define P_BLOB(name_, bytes_, n_)                                                                      \
    { .name = ":" name_, .type = (bytes_) ? DB_BLOB : DB_NULL, .bytes = (bytes_), .n = (n_) }
/* A parameter list as an argument: db_run(db, sql, PARAMS(P_INT("id", 7)), error). */
#define PARAMS(...) ((const struct db_param[]){__VA_ARGS__, {.name = NULL}})
#define NO_PARAMS ((const struct db_param[]){{.name = NULL}})

/* The next number of a sequence, as SQL: after the last one, under the column's unique index. So no
 * later number can be committed before an earlier one, and who follows a sequence ("seq > :last")
 * misses nothing. Where two transactions can run at once and take the same, the second one's statement
 * fails; that driver then says DB_AGAIN. SQLite has one at a time. */
#define NEXT_EVENT "(SELECT coalesce(max(seq), 0) + 1 FROM event)"
#define NEXT_ALERT "(SELECT coalesce(max(seq), 0) + 1 FROM alert)"
#define NEXT_CHANGE "(SELECT coalesce(max(seq), 0) + 1 FROM person_change)"

/* Runs a statement that gives no rows. */
gboolean db_run(struct db *db, const char *sql, const struct db_param *params,
                GError **error) G_GNUC_WARN_UNUSED_RESULT;
gint64 db_last_id(struct db *db);
int db_changes(struct db *db);

/* Runs a query: for (rows = db_query(…); db_next(rows); ) …; then db_done(rows, error), which frees
 * and says whether all went well: also when the statement could not be prepared, which reads as no rows
 * until then. What was read counts only if it did. Text and blobs live until the next db_next. One use
 * of a statement at a time. */
struct db_rows *db_query(struct db *db, const char *sql, const struct db_param *params);
gboolean db_next(struct db_rows *rows);
gboolean db_done(struct db_rows *rows, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* For queries of one number: the first column of the first row; `otherwise` when there is no row or
 * NULL stands in it. */
gboolean db_number(struct db *db, const char *sql, const struct db_param *params, gint64 otherwise,
                   gint64 *number, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The first column of all rows, as numbers (GArray of gint64) or texts (GPtrArray); ends the query.
 * Transfer full; NULL with an error. */
GArray *db_ids(struct db_rows *rows, GError **error) G_GNUC_WARN_UNUSED_RESULT;
GPtrArray *db_texts(struct db_rows *rows, GError **error) G_GNUC_WARN_UNUSED_RESULT;

gint64 db_int(struct db_rows *rows, int column);
gint64 db_time(struct db_rows *rows, int column); /* NULL: TIME_UNKNOWN */
const char *db_text(struct db_rows *rows, int column);
const void *db_blob(struct db_rows *rows, int column, gsize *n); /* of text: its bytes, no NUL */
gboolean db_is_null(struct db_rows *rows, int column);

/* What became of a commit. With all but the first the driver gives its error. */
enum db_end {
    DB_DURABLE,
    DB_AGAIN, /* nothing is kept: begin the transaction again */
    DB_FAILED
};

#endif
