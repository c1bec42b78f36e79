/* A registration's contact on its way in: sealed, and counted against those who would flood it. */
#ifndef DESK_CONTACT_H
#define DESK_CONTACT_H

#include "site/site.h"
#include "store/watch.h"

/* Seals the contact under a fresh key, and the key to the sender; fills box and hash of the row. The
 * box is the caller's; the key is in the keys file from now on. */
gboolean contact_seal(struct site *site, const char *id, const char *email,
                      struct store_registration *row, GError **error);

/* Refuses a contact that was asked for too many codes today. */
gboolean contact_check_flood(struct db *db, const struct store_registration *row, GError **error);
/* Refuses one that follows as many people as a contact may whose role nobody verified. */
gboolean contact_check_people(struct db *db, const struct store_registration *row, GError **error);

#endif
