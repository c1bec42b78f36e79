/* Faults of SQLite, at a chosen call. Loaded before the library (LD_PRELOAD), told by the environment:
 *
 *   FAULT_COUNT=FILE   writes how many reads (steps of statements that only read), prepared statements and writes there were
 *   FAULT_READ=N       the N-th read fails, as on a broken disk
 *   FAULT_WRITE=N      the N-th write fails, as on a full one
 *   FAULT_CHANCE=FILE  one read or write in so many fails as that file says, by chance; 0: none
 *   FAULT_PREPARE=N    the N-th statement cannot be prepared: the disk is busy
 *   FAULT_AGAIN=1      every first try to commit is told to begin again
 *   FAULT_RELEASE=N    the N-th work's savepoint cannot be released
 *   FAULT_SCANS=FILE   writes each statement that went through a table without an index, with how many rows it passed
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int n_reads, n_writes, n_prepared, n_commits, n_releases;
static __thread int forced; /* what sqlite3_errcode says of the fault */

static int wanted(const char *name) {
    const char *text = getenv(name);
    return text ? (int)strtol(text, NULL, 10) : 0;
}

/* Whether it was the program that called, and not SQLite itself. */
static int is_ours(void *caller) {
    Dl_info info;
    return dladdr(caller, &info) && info.dli_fname && !strstr(info.dli_fname, "sqlite");
}

static void *real(const char *name) {
    return dlsym(RTLD_NEXT, name);
}

__attribute__((destructor)) static void write_counts(void) {
    const char *path = getenv("FAULT_COUNT");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (file) {
        fprintf(file, "%d %d %d\n", n_reads, n_prepared, n_writes);
        fclose(file);
    }
}

int sqlite3_reset(sqlite3_stmt *statement) {
    int (*reset)(sqlite3_stmt *) = real("sqlite3_reset");
    const char *path = getenv("FAULT_SCANS");
    int n = path ? sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_FULLSCAN_STEP, 1) : 0;
    FILE *file = n ? fopen(path, "a") : NULL;
    if (file) {
        fprintf(file, "%d\t%s\n", n, sqlite3_sql(statement));
        fclose(file);
    }
    return reset(statement);
}

static int has_bad_luck(int n) {
    const char *path = getenv("FAULT_CHANCE");
    FILE *file = path ? fopen(path, "r") : NULL;
    unsigned one_in = 0, mixed = (unsigned)n * 2654435761u;
    if (!file)
        return 0;
    if (fscanf(file, "%u", &one_in) != 1)
        one_in = 0;
    fclose(file);
    return one_in && (mixed >> 8) % one_in == 0;
}

int sqlite3_step(sqlite3_stmt *statement) {
    int (*step)(sqlite3_stmt *) = real("sqlite3_step");
    forced = 0;
    if (!is_ours(__builtin_return_address(0)))
        return step(statement);
    const int writes = !sqlite3_stmt_readonly(statement), n = __sync_add_and_fetch(writes ? &n_writes : &n_reads, 1);
    if (n != wanted(writes ? "FAULT_WRITE" : "FAULT_READ") && !has_bad_luck(n))
        return step(statement);
    return forced = writes ? SQLITE_FULL : SQLITE_IOERR;
}

int sqlite3_prepare_v3(sqlite3 *db, const char *sql, int n, unsigned flags, sqlite3_stmt **statement, const char **rest) {
    int (*prepare)(sqlite3 *, const char *, int, unsigned, sqlite3_stmt **, const char **) = real("sqlite3_prepare_v3");
    forced = 0;
    if (is_ours(__builtin_return_address(0)) && __sync_add_and_fetch(&n_prepared, 1) == wanted("FAULT_PREPARE"))
        return forced = SQLITE_BUSY;
    return prepare(db, sql, n, flags, statement, rest);
}

int sqlite3_exec(sqlite3 *db, const char *sql, int (*each)(void *, int, char **, char **), void *context, char **words) {
    int (*exec)(sqlite3 *, const char *, int (*)(void *, int, char **, char **), void *, char **) = real("sqlite3_exec");
    forced = 0;
    if (strcmp(sql, "COMMIT") == 0 && wanted("FAULT_AGAIN") && __sync_add_and_fetch(&n_commits, 1) % 2)
        return forced = SQLITE_BUSY;
    if (strcmp(sql, "RELEASE mark") == 0 && __sync_add_and_fetch(&n_releases, 1) == wanted("FAULT_RELEASE"))
        return forced = SQLITE_IOERR;
    return exec(db, sql, each, context, words);
}

int sqlite3_errcode(sqlite3 *db) {
    int (*errcode)(sqlite3 *) = real("sqlite3_errcode");
    return forced ? forced : errcode(db);
}

const char *sqlite3_errmsg(sqlite3 *db) {
    const char *(*errmsg)(sqlite3 *) = real("sqlite3_errmsg");
    return forced ? "as if the disk failed" : errmsg(db);
}
