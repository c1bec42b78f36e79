/* Taking feeds up: with a mapping, a secret of their own, and perhaps a drop folder. */
#ifndef INTAKE_TAKE_UP_H
#define INTAKE_TAKE_UP_H

#include "site/site.h"

/* Adds a feed, or brings an existing one's mapping up to date (`is_new` tells). `name` is the file's,
 * for errors; `drop_folder` may be NULL. `id` gets the feed's, transfer full. */
gboolean take_up_feed(struct site *site, const char *yaml, gsize n, const char *name,
                      const char *drop_folder, char **id, gboolean *is_new, GError **error);

/* What the source signs with, base64. Transfer full; NULL with BASE_ERROR_NOT_FOUND for no such feed.
 */
char *take_up_secret(struct site *site, const char *feed, GError **error);

#endif
