/* Ending registrations and watches: asked for, or because their time is over. */
#ifndef DESK_END_H
#define DESK_END_H

#include "site/site.h"

/* Ends it, deletes its contact's key, and tells the contact when `says_so`. Of an agency's watch the
 * ledger gets an entry. */
gboolean end_registration(struct site *site, const char *id, gboolean says_so, GError **error);

/* Ends every agency's watch whose time is over, as if somebody had. */
gboolean end_expired(struct site *site, GError **error);

#endif
