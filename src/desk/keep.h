/* How long what is kept (site.yaml, `keep:`), and what an order has erased. */
#ifndef DESK_KEEP_H
#define DESK_KEEP_H

#include "site/site.h"

/* Erases a booking ("jail:number", or the number alone) and all that was said of it, on an order that
 * `by` has seen; a person without another booking is erased with it. The ledger holds no name and
 * verifies as before; the person's entries there cannot be opened any more. What comes of the booking
 * again is passed over and paged.
 *
 * BASE_ERROR_CONFLICT while they are held, news of it has not left or (unless `were_told`) waits for a
 * person, or a list of that jail is held. */
gboolean keep_expunge(struct site *site, const char *booking, const char *by, gboolean were_told,
                      GError **error);

/* Forgets what was kept for long enough, a little at a time. */
gboolean keep_tick(struct site *site, GError **error);

#endif
