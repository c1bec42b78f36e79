/* What the links in messages open: confirming an alert by PIN, and whose link it is. */
#ifndef DESK_CONFIRM_H
#define DESK_CONFIRM_H

#include "base/vocabulary.h"
#include "site/site.h"

enum confirm_answer { CONFIRM_DONE, CONFIRM_WRONG_PIN, CONFIRM_LOCKED };

/* The link and the PIN. BASE_ERROR_NOT_FOUND when the link is no (more) good. `language` is the
 * registrant's, for the page; set whenever the link is good. */
gboolean confirm_alert(struct site *site, const char *token, const char *pin,
                       enum confirm_answer *answer, enum language *language, GError **error);

/* The registrant's language behind a link ("confirm" or "stop"), and the registration's id, transfer
 * full. */
gboolean confirm_open_link(struct site *site, const char *purpose, const char *token,
                           enum language *language, char **registration_id, GError **error);

#endif
