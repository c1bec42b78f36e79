/* What every subcommand shares: the site, output for people or as JSON, exit statuses.
 *
 * One subcommand a file: its options, help and code together. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <jansson.h>

#include "site/site.h"

/* Exit statuses, documented in docs/operators.md. */
enum {
    EXIT_OK = 0,
    EXIT_FAILED = 1, /* it ran, and the answer is no: a broken check, an undelivered alert */
    EXIT_USAGE = 2,  /* the command line */
    EXIT_INPUT = 3,  /* a file or value is wrong */
    EXIT_NOT_FOUND = 4,
    EXIT_REFUSED = 5,
    EXIT_CONFLICT = 6,
    EXIT_BUSY = 7,  /* another process has it */
    EXIT_STORE = 8, /* database or disk */
    EXIT_NETWORK = 9
};

struct cli {
    const char *dir; /* -C */
    gboolean json, is_terminal, has_color;
};

struct cli_command {
    const char *name, *summary;
    int (*run)(struct cli *cli, int argc, char **argv); /* argv[0] is the subcommand */
};

extern const struct cli_command cli_init, cli_demo, cli_serve, cli_feed, cli_person, cli_watch,
    cli_alert, cli_agency, cli_policy, cli_ledger, cli_witness, cli_config, cli_doctor, cli_backup,
    cli_bench, cli_simulate;

/* Parses options in place; FALSE after saying what is wrong or showing help (`*status` is set).
 * `usage` follows the program's name. Between `least` and `most` (-1: any) words must remain. */
gboolean cli_parse(struct cli *cli, const char *usage, const char *summary, const char *details,
                   GOptionEntry *entries, int *argc, char ***argv, int least, int most, int *status);

/* Runs `argv[1]` among `commands` (NULL-terminated by name). */
int cli_dispatch(struct cli *cli, const char *path, const struct cli_command *commands, int argc,
                 char **argv);

/* Prints "tocsin: message" to standard error; the status for it. Takes the error. */
int cli_fail(GError *error);

/* Opens the site of -C, or prints why not. */
struct site *cli_site(struct cli *cli, int *status);

/* Prints `object` as one line of JSON, or, for people, what `words` says. Takes the object. */
void cli_json_line(json_t *object);

/* A table for people: rows of cells, columns sized by the widest, the last one unbound. */
struct cli_table;
struct cli_table *cli_table_new(const char *first_header, ...) G_GNUC_NULL_TERMINATED;
void cli_table_row(struct cli_table *table, const char *first, ...) G_GNUC_NULL_TERMINATED;
/* Prints, unless JSON was asked for, and frees; `when_empty` is printed instead of an empty table. */
void cli_table_end(const struct cli *cli, struct cli_table *table, const char *when_empty);

/* "2025-05-06 16:00" in UTC, or "-". Transfer full. */
char *cli_time(gint64 at_us);
json_t *cli_json_time(gint64 at_us);
json_t *cli_json_text(const char *text); /* null for NULL */

/* A progress line on standard error, when that is a terminal. */
void cli_progress(double part, void *words);
void cli_progress_done(void);

/* Sends what is due, unless `serve` runs and does it. Prints a line when something was sent or could
 * not be. EXIT_STORE when what became of a message could not be written down; what the command did
 * before stands. */
int cli_send(struct cli *cli, struct site *site);

#endif
