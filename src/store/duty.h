/* Duties: what only one process of a site does at a time, each by a lease. */
#ifndef STORE_DUTY_H
#define STORE_DUTY_H

#include "store/outbox.h"

/* Takes the duty, or keeps it, until the lease's end. `is_mine` FALSE: another node has it. A new
 * holder begins a new term, which is set. */
gboolean duty_take(struct db *db, const char *duty, struct store_lease *lease, gint64 now_at_us,
                   gboolean *is_mine, GError **error);
/* Gives it back, if the node has it: the next holder's term is the first again. */
gboolean duty_leave(struct db *db, const char *duty, const struct store_lease *lease, GError **error);

#endif
