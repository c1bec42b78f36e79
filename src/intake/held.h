/* A person's decision on the roster that the breaker held. */
#ifndef INTAKE_HELD_H
#define INTAKE_HELD_H

#include "site/site.h"

struct load_summary;

/* Takes the newest list that is held as it is. `summary` (intake/load.h) may be NULL. */
gboolean held_accept(struct site *site, const char *feed_id, struct load_summary *summary,
                     GError **error);
/* Throws what is held away. */
gboolean held_reject(struct site *site, const char *feed_id, GError **error);

#endif
