/* One person as the jail's own staff see them: where they stand, and every event. */
#ifndef FIND_PERSON_H
#define FIND_PERSON_H

#include "site/site.h"
#include "store/custody.h"

/* `now`: what is believed of them over every booking and number of theirs. */
typedef void (*find_person_fn)(const struct store_person_row *row, const struct belief_statement *now,
                               void *context);
/* `id` is "number" or "scope:number"; everybody who has it. BASE_ERROR_NOT_FOUND for nobody. */
gboolean find_person(struct site *site, const char *id, find_person_fn each, void *context,
                     GError **error);

/* An event, and what became of it. */
struct find_event {
    const struct store_event_row *row;
    enum custody_fate fate;
};
typedef void (*find_event_fn)(const struct find_event *event, void *context);
gboolean find_person_events(struct site *site, gint64 person_id, find_event_fn each, void *context,
                            GError **error);

#endif
