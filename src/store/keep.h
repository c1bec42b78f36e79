/* Forgetting: what an order has erased, and what has been kept for long enough. What stays of it stands
 * nowhere in the clear, once store_flush has run. */
#ifndef STORE_KEEP_H
#define STORE_KEEP_H

#include "base/time.h"

struct db; /* a transaction's, or a reader's: for this folder to use, for others to pass on */

/* The booking, all that was said of it and what was told of that; of a person without any other, the
 * name, too, and the number unless somebody follows them. `is_last`: there is no other. */
gboolean store_booking_forget(struct db *db, gint64 booking_id, gboolean *is_last, GError **error);
/* Whether news of it waits and has never left, whether some waits for a person, and whether a list of
 * its jail is held. */
gboolean store_booking_is_busy(struct db *db, gint64 booking_id, gboolean *has_unsent,
                               gboolean *has_waiting, gboolean *has_held, GError **error);

/* Keyed hashes of what an order has erased. The table's: transfer full, GBytes; NULL when there is none
 * (no error) or with an error. */
gboolean store_expunged_add(struct db *db, const guint8 mac[32], const char *by, gint64 now_at_us,
                            GError **error);
GHashTable *store_expunged(struct db *db, GError **error);

/* Bookings over since before then that no list shows, nobody follows and nobody waits for news of.
 * Transfer full: GArray of gint64. */
GArray *store_bookings_over(struct db *db, gint64 before_at_us, guint limit, GError **error);
/* Registrations, not agencies', that ended before then, with what they were told: `n` of them. */
gboolean store_registrations_forget(struct db *db, gint64 before_at_us, guint limit, guint *n,
                                    GError **error);
/* What could not be read of the oldest files of all, if they came before then. */
gboolean store_problems_forget(struct db *db, gint64 before_at_us, guint *n, GError **error);

#endif
