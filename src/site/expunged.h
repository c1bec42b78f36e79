/* How a booking that an order had erased is known again: by a keyed hash, which says nothing of it. */
#ifndef SITE_EXPUNGED_H
#define SITE_EXPUNGED_H

#include "site/site.h"

/* `booking_key` as the source writes it, or as it is kept when the number was another's. */
void site_expunged_mac(const struct site *site, const char *jail, const char *booking_key,
                       const char *person_key, guint8 mac[32]);

#endif
