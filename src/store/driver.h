/* A driver: one database that a store can be kept in. Each is a folder here, and a row of the table
 * below; a site's `store:` names one by its scheme ("sqlite:tocsin.db").
 *
 * Statements are constant text with named parameters (":name"); what they say in SQL is portable where
 * that costs nothing. Every function that can fail returns its error. */
#ifndef STORE_DRIVER_H
#define STORE_DRIVER_H

#include "store/db.h"

struct db_link; /* a driver's connection; used by one thread at a time */

enum db_step { DB_STEP_ROW, DB_STEP_END, DB_STEP_FAILED };

struct db_driver {
    const char *scheme;
    const char *const *migrations; /* scripts, from an empty database on */
    guint n_migrations;

    /* `where` is what follows the scheme; `dir`, the site's folder, is for relative paths. */
    struct db_link *(*open)(const char *where, const char *dir, enum db_role role, gboolean may_make,
                            GError **error);
    void (*close)(struct db_link *link);

    void *(*prepare)(struct db_link *link, const char *sql, GError **error);
    void (*finish)(void *statement);
    /* Bound bytes are the caller's until the statement was stepped and reset. */
    gboolean (*bind)(void *statement, const struct db_param *params, GError **error);
    enum db_step (*step)(struct db_link *link, void *statement, GError **error);
    void (*reset)(void *statement);
    gint64 (*column_int)(void *statement, int column);
    const char *(*column_text)(void *statement, int column);
    const void *(*column_blob)(void *statement, int column, gsize *n);
    gboolean (*column_is_null)(void *statement, int column);
    gint64 (*last_id)(struct db_link *link);
    int (*changes)(struct db_link *link);
    void (*interrupt)(struct db_link *link);     /* the statement that runs fails; from any thread */
    gint64 (*all_changes)(struct db_link *link); /* since it was opened */
    gboolean (*script)(struct db_link *link, const char *sql, GError **error);

    /* Keeps other processes' writers out, from before a transaction until after it. */
    gboolean (*hold)(struct db_link *link, GError **error);
    void (*release)(struct db_link *link);
    gboolean (*begin)(struct db_link *link, gboolean is_to_write, GError **error);
    enum db_end (*commit)(struct db_link *link, GError **error);
    gboolean (*rollback)(struct db_link *link, GError **error);
    gboolean (*is_open)(struct db_link *link); /* some end a transaction by themselves */

    gboolean (*version)(struct db_link *link, gint64 *version, GError **error);
    /* Runs the script that leads to that version, and keeps the version, in one transaction. */
    gboolean (*migrate)(struct db_link *link, const char *script, gint64 version, GError **error);

    /* After a group, when nobody waits; `is_last`: the store closes. */
    void (*tidy)(struct db_link *link, gboolean is_last); /* of what failed the next group hears */
    /* Leaves what was overwritten in no file. */
    gboolean (*flush)(struct db_link *link, GError **error);
    /* Leaves what was deleted in no page, before a flush. */
    gboolean (*scrub)(struct db_link *link, GError **error);
    gboolean (*check)(struct db_link *link, gboolean *is_whole, GError **error);
    char *(*file)(struct db_link *link); /* transfer full; NULL: none */
    gboolean (*backup)(struct db_link *link, const char *path, GError **error);
};

/* The table: a word a database, and each defines its db_driver_WORD. The first is the usual one. */
#define DB_DRIVERS(X) X(sqlite)

#define X(word) extern const struct db_driver db_driver_##word;
DB_DRIVERS(X)
#undef X

#endif
