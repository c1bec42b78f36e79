/* Loading a file. A list counts as a whole; events stand each by itself, and of many some are taken at
 * a time, each lot a transaction. */
#ifndef INTAKE_LOAD_H
#define INTAKE_LOAD_H

#include <jansson.h>

#include "feed/record.h"
#include "site/site.h"

struct load_summary {
    guint rows, problems, events, held, alerts;
    guint n_of[CUSTODY_N_KINDS]; /* the events */
    gint64 ms;
    gboolean is_baseline, is_of_doubt; /* a decision on reports, not on a list */
    char note[600];                    /* why nothing was loaded, or why it was held; "" else */
    json_t *list;                      /* the events, in order, where they were asked for */
    json_t *problem_list;              /* at most the first 1,000 */
};
void load_summary_clear(struct load_summary *summary);

/* A row as it was understood. `record` is NULL when it does not say whom it is about. */
struct load_row {
    guint row;
    const struct feed_record *record;
    const struct feed_mapping *mapping;
    const struct feed_problem *problems;
    guint n_problems;
};

struct load_options {
    gboolean is_trial;     /* take everything back: `feed check` */
    gboolean lists_events; /* for who shows them; however many there are, they stand in memory */
    const char *mapping;   /* of a trial: YAML in place of what the feed has, if there is the feed */
    gboolean tells_nobody; /* record events and alert no one: a feed's history */
    gint64 taken_at_us;    /* when the roster was taken; TIME_UNKNOWN: its name says */
    void (*on_row)(const struct load_row *row, void *context); /* before the load; NULL: none */
    void (*on_progress)(double part, void *context);           /* NULL: none */
    void *context;
};

/* Loads one file. TRUE also when the file was held, repeated or known already: the summary says. A
 * file that cannot be what the mapping describes is an error, and is recorded as refused. */
gboolean load_file(struct site *site, const char *feed_id, const char *path,
                   const struct load_options *options, struct load_summary *summary, GError **error);

/* What could not be read of the feeds' files, the newest file's first. `feed` NULL: all. */
struct load_problem {
    const char *feed, *file, *field, *reason, *value;
    gint64 row, received_at_us;
};
typedef void (*load_problem_fn)(const struct load_problem *problem, void *context);
gboolean load_problems(struct site *site, const char *feed, guint limit, load_problem_fn each,
                       void *context, GError **error);

#endif
