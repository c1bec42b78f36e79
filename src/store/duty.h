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

/* Notes the time, at most once a minute. A leap ahead of more than STORE_LEAP_US since it was noted
 * last is from `leapt_from_us` (else TIME_UNKNOWN); the time has gone on without one since
 * `steady_since_us`. */
#define STORE_LEAP_US (2 * (gint64)DAY_US)
gboolean store_clock_note(struct db *db, gint64 now_at_us, gint64 *steady_since_us,
                          gint64 *leapt_from_us, GError **error);

#endif
