/* Registering: ask to be told of somebody, and confirm the contact by the code that was sent. */
#ifndef DESK_REGISTER_H
#define DESK_REGISTER_H

#include "site/site.h"
#include "watch/request.h"

/* The channels that are set up here, to choose from: names, the usual one first. Transfer container. */
GPtrArray *register_channels(const struct site *site);

/* Registers and queues the message with the code. `person` as in site/person.h, `booking` "number" or
 * "jail:number"; one of them. `request` gives the rest. `id` transfer full. */
gboolean register_add(struct site *site, const char *person, const char *booking,
                      struct watch_request *request, char **id, GError **error);

/* The code that was sent. After five wrong ones the registration ends. */
gboolean register_confirm(struct site *site, const char *id, const char *code, GError **error);
/* The same, for anybody: what there is no registration of is as if the code were wrong. */
gboolean register_confirm_public(struct site *site, const char *id, const char *code, GError **error);

#endif
