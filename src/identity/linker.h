/* One person across every jail: who came under another number before.
 *
 * A thread of `serve` looks at every name that is new or another, some fifth of a second after its
 * commit, and compares the person with those it finds likest, by a fixed model
 * (people/link/link.h).
 *
 *   sure      the two become one: whoever follows either is told of both from now on, and of what just
 *             happened
 *   possible  it waits for a clerk; whoever follows the other is told that this may be the same person
 *
 * A clerk may join or part any two. Ids stay as they are. Who was told of somebody who turns out to be
 * another is told so. */
#ifndef IDENTITY_LINKER_H
#define IDENTITY_LINKER_H

#include "people/link/link.h"
#include "people/search/directory.h"
#include "site/site.h"
#include "store/link.h"

#define LINKER_SURE 12.0    /* bits, and no guard against it: four thousand to one */
#define LINKER_POSSIBLE 0.0 /* one to one */

struct linker;
/* Starts the thread. `people` is what it finds whom to compare in, and outlives it. */
struct linker *linker_start(struct site *site, const struct people_source *people);
void linker_stop(struct linker *linker);

/* Links all that waits to be looked at, and returns. For the command line, where nothing serves. */
gboolean linker_run(struct site *site, const struct people_source *people, guint *n_sure,
                    guint *n_possible, GError **error);

/* The evidence about two people, by field. `why_not` (static; NULL: nothing) is what keeps it from
 * being sure whatever the bits. */
gboolean linker_explain(struct site *site, gint64 a, gint64 b, struct link_evidence *evidence,
                        guint *n_evidence, double *prior, double *bits, const char **why_not,
                        GError **error);

/* A clerk's word: the two are one, or are not. */
gboolean linker_join(struct site *site, gint64 a, gint64 b, const char *by, GError **error);
gboolean linker_part(struct site *site, gint64 a, gint64 b, const char *by, guint *n_corrected,
                     GError **error);

/* What waits for a clerk, the likeliest first. */
gboolean linker_waiting(struct site *site, guint limit, store_link_fn each, void *context,
                        GError **error);

/* "scope:number" of a person. Transfer full; NULL when there is none. */
char *linker_label(struct site *site, gint64 person_id, GError **error);

#endif
