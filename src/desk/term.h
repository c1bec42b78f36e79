/* A registration's time: its end is written of twice before it comes, it can be renewed, and what was
 * never confirmed goes. */
#ifndef DESK_TERM_H
#define DESK_TERM_H

#include "site/site.h"

/* Warns whoever's time ends within 30 days, and within 7; ends whose time is over, and what was not
 * confirmed within two days. */
gboolean term_tick(struct site *site, GError **error);

/* From now on for the usual length, or as `expires` says (watch/request.h; NULL: the usual).
 * BASE_ERROR_REFUSED when it is not in force or is an agency's, which is asked for anew. */
gboolean term_renew(struct site *site, const char *id, const char *expires, gint64 *until_at_us,
                    GError **error);

/* Sends a notice about nothing, so that it is seen how one looks and whether it comes. */
gboolean term_test(struct site *site, const char *id, GError **error);

#endif
