/* Feeds that say nothing: noticed as time passes. */
#ifndef INTAKE_SILENCE_H
#define INTAKE_SILENCE_H

#include "site/site.h"

/* Raises the silence of every feed that is overdue, and tells people of one that has lasted. */
gboolean silence_tick(struct site *site, guint *n_events, GError **error);

#endif
