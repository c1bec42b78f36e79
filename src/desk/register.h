/* The use cases of registrations: ask, confirm the contact, end; and confirm an alert.
 *
 * Used by: web, cli. Includes: site/site.h. */
#ifndef DESK_REGISTER_H
#define DESK_REGISTER_H

#include "site/site.h"
#include "watch/registration.h"

/* Registers and queues the message with the code. `person` is "number", "scope:number" or the handle of
 * somebody who was found (finder.h), `booking`
 * "number" or "jail:number"; one of them. `request` gives the rest. `id` transfer full. */
gboolean register_add(struct site *site, const char *person, const char *booking,
                      struct watch_request *request, char **id, GError **error);

/* The code that was sent. After five wrong ones the registration ends. */
gboolean register_confirm(struct site *site, const char *id, const char *code, GError **error);

/* Ends it, deletes its contact's key, and tells the contact when `says_so`. */
gboolean register_end(struct site *site, const char *id, gboolean says_so, GError **error);

enum alert_confirmation {
    ALERT_CONFIRMATION_DONE,
    ALERT_CONFIRMATION_WRONG_PIN,
    ALERT_CONFIRMATION_LOCKED
};

/* The link and the PIN. BASE_ERROR_NOT_FOUND when the link is no (more) good. `language` is the
 * registrant's, for the page; set whenever the link is good. */
gboolean alert_confirm(struct site *site, const char *token, const char *pin,
                       enum alert_confirmation *confirmation, enum language *language, GError **error);

/* The registrant's language behind a link ("confirm" or "stop"), and the registration's id, transfer
 * full. */
gboolean link_open(struct site *site, const char *purpose, const char *token, enum language *language,
                   char **registration_id, GError **error);

/* The code of a registration, six digits. Transfer full. */
char *register_code(const struct site *site, const char *id);

#endif
