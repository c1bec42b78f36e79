/* Who was told something that is not what is believed now: after a new baseline, an upgrade, or a seal
 * that was lifted. They are told again by a person's word only. */
#ifndef DESK_DIFFER_H
#define DESK_DIFFER_H

#include "base/vocabulary.h"
#include "site/site.h"

struct differ_row {
    const char *registration, *person; /* scope:number */
    enum custody_standing told, now;
};
typedef void (*differ_fn)(const struct differ_row *row, void *context);

/* Each of them; `tells`: they are owed what is believed now. */
gboolean differ_each(struct site *site, gboolean tells, differ_fn each, void *context, GError **error);

#endif
