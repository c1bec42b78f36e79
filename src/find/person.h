/* One person as the jail's own staff see them: where they stand, and every event. */
#ifndef FIND_PERSON_H
#define FIND_PERSON_H

#include "site/site.h"
#include "store/custody.h"

/* `id` is "number" or "scope:number"; everybody who has it. BASE_ERROR_NOT_FOUND for nobody. */
gboolean find_person(struct site *site, const char *id, store_person_fn each, void *context,
                     GError **error);
gboolean find_person_events(struct site *site, gint64 person_id, store_event_fn each, void *context,
                            GError **error);

#endif
