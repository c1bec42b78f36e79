/* The store of one site: one writer, many readers, commits in groups.
 *
 * One thread owns the one writing connection. Work is handed to it as functions; it runs what has
 * gathered in one transaction, each piece behind a savepoint of its own, and answers all of them
 * after the commit is on disk. A piece that fails takes back only what it did. Which database that
 * is, the driver knows (driver.h). */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <glib.h>

struct db; /* a transaction's, or a reader's: for this folder to use, for others to pass on */

struct store;

/* Opens, and upgrades the schema of, the database at `where`: "sqlite:tocsin.db", or a path; `dir` (may
 * be NULL) is the folder that relative ones are in. Only a new store is made; one that should be there
 * and is not, or is empty, is an error: nothing looks well because it knows nothing. */
struct store *store_open(const char *where, const char *dir, gboolean is_new, GError **error);
void store_close(struct store *store);

/* Whether this program knows that kind of database. */
gboolean store_where_check(const char *where, GError **error);

/* The file that it is kept in; NULL: in none of this machine's. Transfer full. */
char *store_file(const struct store *store);

typedef gboolean (*store_fn)(struct db *db, void *context, GError **error);

/* A unit of work. It may run more than once, for a transaction may have to be begun again; `reset`
 * takes back what it did to its context, and is NULL where each run sets all it sets anew. */
struct store_work {
    store_fn run;
    void (*reset)(void *context);
};

#define STORE_WORK(run, reset) (&(const struct store_work){(run), (reset)})

/* Runs `work` in the writer's transaction and returns when it is durable (TRUE), or when it failed
 * or was taken back (FALSE). */
gboolean store_write(struct store *store, const struct store_work *work, void *context, GError **error);

/* A mark inside a work's transaction, and what was done since taken back or kept. Marks nest. */
gboolean store_mark(struct db *db, GError **error);
gboolean store_take_back(struct db *db, GError **error);
gboolean store_keep(struct db *db, GError **error);
/* Whether the transaction stands still: a full or failing disk ends one by itself, and what follows
 * would commit alone. */
gboolean store_is_open(struct db *db);

/* Runs `work` and takes back all it did: for trying things out. */
gboolean store_try(struct store *store, const struct store_work *work, void *context, GError **error);

/* Begins a read transaction: everything read until store_read_end is as of one moment. NULL with an
 * error. The connection is the caller's until then. */
struct db *store_read_begin(struct store *store, GError **error);
void store_read_end(struct store *store, struct db *db); /* `db` may be NULL */

/* Runs `work` between the two. */
gboolean store_read(struct store *store, store_fn work, void *context, GError **error);

/* Called after every commit, from the writer's thread. One listener; NULL takes it away. */
void store_on_commit(struct store *store, void (*listener)(void *context), void *context);

/* Runs at the end of every group of works, in their transaction; if it fails, so do all of them. Set
 * once, before the first work. */
void store_before_commit(struct store *store, store_fn work, void *context);

/* Moves all of the write-ahead log into the database and empties it, so that what was overwritten is in
 * no file any more. Waits for readers. */
gboolean store_flush(struct store *store, GError **error);
/* The same, and what was deleted stands in no page: writes the database anew, some 10 s a million
 * people. */
gboolean store_scrub(struct store *store, GError **error);

/* Whether the database's pages and indexes fit each other. */
gboolean store_check(struct store *store, gboolean *is_whole, GError **error);

/* Copies the database into a new file. */
gboolean store_backup(struct store *store, const char *path, GError **error);

/* A number that changes as work is done; also in the middle of a transaction. */
guint64 store_progress(struct store *store);

/* Ends the transaction that is under way, if it has taken longer than that: it fails, and what was in
 * it is to be tried again. Ask until it is gone. */
void store_cut(struct store *store, gint64 most_us);

/* Whether the last group could not be made durable: until the next, nothing is taken. */
gboolean store_is_refusing(struct store *store);

/* Groups committed and pieces of work in them, since opening. */
void store_counts(struct store *store, guint64 *groups, guint64 *works);

#endif
