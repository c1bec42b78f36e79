/* Events pushed by a source: signed with its feed's secret (docs/api.md), each batch under a key of the
 * source's own. */
#ifndef INTAKE_PUSH_H
#define INTAKE_PUSH_H

#include "site/site.h"

struct push {
    const char *feed;
    const char *key, *timestamp, *signature; /* headers as they came; NULL: missing */
    const char *body;
    gsize n;
};

/* Whether the headers alone look signed, and of now: before the body is there. Reads nothing. */
gboolean push_may_come(struct site *site, const struct push *push, const char **not_signed);

/* Takes the batch in, durable when it returns: what is small in one transaction. `answer` is what to
 * answer, JSON, transfer full: the same again for the same key. BASE_ERROR_CONFLICT when the key came
 * with other content. What is not signed well is refused, and `not_signed` (static; else NULL) says
 * why; whether there is such a feed it does not say.
 */
gboolean push_take(struct site *site, const struct push *push, char **answer, const char **not_signed,
                   GError **error);

#endif
