/* A registration's contact on its way in: sealed, and counted against those who would flood it. */
#ifndef DESK_CONTACT_H
#define DESK_CONTACT_H

#include "site/site.h"
#include "store/watch.h"

/* Seals a registration's first contact under a fresh key, and the key to the sender. The key is in the
 * keys file from now on; `contact` is cleared by the caller. `channel` NULL: the usual.
 * BASE_ERROR_INPUT for a channel that is none, or an address that is none of it. */
gboolean contact_seal(struct site *site, const char *registration_id, const char *channel,
                      const char *address, struct store_contact *contact, GError **error);

/* Refuses a contact that was asked for too many codes today. */
gboolean contact_check_flood(struct db *db, const struct store_registration *row, const guint8 hash[32],
                             GError **error);
/* Refuses one that follows as many people as a contact may whose role nobody verified. */
gboolean contact_check_people(struct db *db, const struct store_registration *row,
                              const guint8 hash[32], GError **error);

/* Deletes what contact_seal left, where nothing came of the registration. That it failed is logged:
 * such a key opens nothing. */
void contact_forget(struct site *site, const char *registration_id);

#endif
