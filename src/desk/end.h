/* Ending registrations and watches: asked for, or because their time is over. */
#ifndef DESK_END_H
#define DESK_END_H

#include "site/site.h"

/* Who ends it, and so what its contact still hears. What was owed and cannot be sent any more goes to a
 * person. */
enum end_how {
    END_BY_READER, /* who gets the notices: that it has ended, and nothing else */
    END_BY_STAFF,  /* first what is owed and has not left, then that it has ended */
    END_OVER,      /* its time: the same */
    END_UNSAID     /* nothing */
};

/* Ends it, and deletes its contact's key. Of an agency's watch the ledger gets an entry. */
gboolean end_registration(struct site *site, const char *id, enum end_how how, GError **error);

/* Ends every agency's watch whose time is over, as if somebody had. */
gboolean end_expired(struct site *site, GError **error);

#endif
