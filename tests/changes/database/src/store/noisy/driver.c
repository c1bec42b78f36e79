/* A database as an example: SQLite that says aloud what it prepares. */
#include <stdio.h>

#include "embedded.h"
#include "store/driver.h"

#define AS_SQLITE(type, name, parameters, arguments) \
    static type noisy_##name parameters { return db_driver_sqlite.name arguments; }
#define L struct db_link *link
#define E GError **error

AS_SQLITE(struct db_link *, open, (const char *where, const char *dir, enum db_role role, gboolean may_make, E),
          (where, dir, role, may_make, error))
AS_SQLITE(void, close, (L), (link))
AS_SQLITE(void, finish, (void *statement), (statement))
AS_SQLITE(gboolean, bind, (void *statement, const struct db_param *params, E), (statement, params, error))
AS_SQLITE(enum db_step, step, (L, void *statement, E), (link, statement, error))
AS_SQLITE(void, reset, (void *statement), (statement))
AS_SQLITE(gint64, column_int, (void *statement, int column), (statement, column))
AS_SQLITE(const char *, column_text, (void *statement, int column), (statement, column))
AS_SQLITE(const void *, column_blob, (void *statement, int column, gsize *n), (statement, column, n))
AS_SQLITE(gboolean, column_is_null, (void *statement, int column), (statement, column))
AS_SQLITE(gint64, last_id, (L), (link))
AS_SQLITE(int, changes, (L), (link))
AS_SQLITE(gboolean, script, (L, const char *sql, E), (link, sql, error))
AS_SQLITE(gboolean, hold, (L, E), (link, error))
AS_SQLITE(void, release, (L), (link))
AS_SQLITE(gboolean, begin, (L, gboolean is_to_write, E), (link, is_to_write, error))
AS_SQLITE(enum db_end, commit, (L, E), (link, error))
AS_SQLITE(gboolean, rollback, (L, E), (link, error))
AS_SQLITE(gboolean, is_open, (L), (link))
AS_SQLITE(gboolean, version, (L, gint64 *number, E), (link, number, error))
AS_SQLITE(gboolean, migrate, (L, const char *text, gint64 number, E), (link, text, number, error))
AS_SQLITE(void, tidy, (L, gboolean is_last), (link, is_last))
AS_SQLITE(gboolean, flush, (L, E), (link, error))
AS_SQLITE(gboolean, check, (L, gboolean *is_whole, E), (link, is_whole, error))
AS_SQLITE(char *, file, (L), (link))
AS_SQLITE(gboolean, backup, (L, const char *path, E), (link, path, error))

static void *noisy_prepare(struct db_link *link, const char *sql, GError **error) {
    fprintf(stderr, "noisy: %s\n", sql);
    return db_driver_sqlite.prepare(link, sql, error);
}

/* In SQLite's words; another database has scripts of its own. */
static const char *const migrations[] = {embedded_schema_sqlite, embedded_schema_ledger, embedded_schema_people,
                                         embedded_schema_sending};

#define N(name) .name = noisy_##name
const struct db_driver db_driver_noisy = {
    .scheme = "noisy", .migrations = migrations, .n_migrations = G_N_ELEMENTS(migrations),
    N(open), N(close), N(prepare), N(finish), N(bind), N(step), N(reset), N(column_int), N(column_text),
    N(column_blob), N(column_is_null), N(last_id), N(changes), N(script), N(hold), N(release), N(begin), N(commit),
    N(rollback), N(is_open), N(version), N(migrate), N(tidy), N(flush), N(check), N(file), N(backup)};
