/* The use cases of feeds: take one up, load a file, take pushed events, accept or reject what the
 * breaker held, notice silence. Each is one transaction.
 *
 * Used by: web, cli. Includes: site/site.h. */
#ifndef INTAKE_LOAD_H
#define INTAKE_LOAD_H

#include <jansson.h>

#include "site/site.h"

struct load_summary {
    guint rows, problems, events, held, alerts;
    gint64 ms;
    gboolean is_baseline;
    char note[400];       /* why nothing was loaded, or why it was held; "" else */
    json_t *list;         /* the events, in order */
    json_t *problem_list; /* at most the first 1,000 */
};
void load_summary_clear(struct load_summary *summary);

struct load_options {
    gboolean is_trial;     /* take everything back: `feed check` */
    gboolean tells_nobody; /* record events and alert no one: a feed's history */
    gint64 taken_at_us;    /* when the roster was taken; TIME_UNKNOWN: its name says */
    void (*on_progress)(double part, void *context); /* NULL: none */
    void *context;
};

/* Adds a feed, or brings an existing one's mapping up to date (`is_new` tells). `drop_folder` may be
 * NULL. `id` gets the feed's, transfer full. */
gboolean feed_add(struct site *site, const char *yaml, gsize n, const char *name,
                  const char *drop_folder, char **id, gboolean *is_new, GError **error);

/* Loads one file. TRUE also when the file was held, repeated or known already: the summary says. A
 * file that cannot be what the mapping describes is an error, and is recorded as refused. */
gboolean feed_load(struct site *site, const char *feed_id, const char *path,
                   const struct load_options *options, struct load_summary *summary, GError **error);

/* Events pushed by a source under its own key. `answer` is what to answer, JSON, transfer full: the
 * same again for the same key. BASE_ERROR_CONFLICT when the key came with other content. */
gboolean feed_push(struct site *site, const char *feed_id, const char *key, const char *body, gsize n,
                   char **answer, GError **error);

/* Decides on the roster that is held. */
gboolean feed_accept(struct site *site, const char *feed_id, struct load_summary *summary,
                     GError **error);
gboolean feed_reject(struct site *site, const char *feed_id, GError **error);

/* Raises the silence of every feed that is overdue, and tells people of one that has lasted. */
gboolean feeds_tick(struct site *site, guint *n_events, GError **error);

#endif
