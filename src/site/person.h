/* Who is meant by what people type or send: "number", "scope:number", or the handle of somebody who was
 * found (find/look_up.h). */
#ifndef SITE_PERSON_H
#define SITE_PERSON_H

#include "site/site.h"

struct db;

/* The one person that is meant. BASE_ERROR_NOT_FOUND for nobody, BASE_ERROR_INPUT, with whom to choose
 * from, for several. In a transaction … */
gboolean site_person_find(struct db *db, const struct site *site, const char *person, gint64 *person_id,
                          GError **error);
/* … or in one of its own. */
gboolean site_person_read(const struct site *site, const char *person, gint64 *person_id,
                          GError **error);

/* The one booking that is meant: "jail:number", or a number; and its person. As above. */
gboolean site_booking_find(struct db *db, const char *booking, gint64 *booking_id, gint64 *person_id,
                           GError **error);

/* The handle of a person. Transfer full. */
char *site_person_handle(const struct site *site, gint64 person_id);

#endif
