/* Who asked: registrations as staff see them. Contacts are sealed, and shown to nobody. */
#ifndef DESK_LIST_H
#define DESK_LIST_H

#include "site/site.h"

/* Newest first. Transfer full: struct store_registration (store/watch.h). */
GPtrArray *list_registrations(struct site *site, guint limit, GError **error);

#endif
