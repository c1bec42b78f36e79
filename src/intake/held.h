/* A person's decision on the roster that the breaker held; where none is, on reports that are in doubt.
 */
#ifndef INTAKE_HELD_H
#define INTAKE_HELD_H

#include "site/site.h"

struct load_summary;

/* Takes the newest list that is held as it is. `summary` (intake/load.h) may be NULL. */
gboolean held_accept(struct site *site, const char *feed_id, struct load_summary *summary,
                     GError **error);
/* As it is, and nobody is told: the jail has numbered everybody anew, say. `by`: who decides it. */
gboolean held_accept_as_baseline(struct site *site, const char *feed_id, const char *by,
                                 struct load_summary *summary, GError **error);
/* Throws what is held away; whoever was told of it is told so. */
gboolean held_reject(struct site *site, const char *feed_id, guint *n_alerts, GError **error);

#endif
