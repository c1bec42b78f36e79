/* What registering a person and registering an agency share. */
#ifndef DESK_PRIVATE_H
#define DESK_PRIVATE_H

#include "desk/register.h"

/* Finds the one person that "number" or "scope:number" means. */
gboolean register_find_person(struct db *db, const char *person, gint64 *person_id, GError **error);

/* Seals the contact under a fresh key, and the key to the sender; fills box and hash of the row. The
 * box is the caller's; the key is in the keys file from now on. */
gboolean register_seal_contact(struct site *site, const char *id, const char *email,
                               struct store_registration *row, GError **error);

#endif
