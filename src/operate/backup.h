/* Copies of the store and of the contacts' keys, as of one moment each, while the site runs. */
#ifndef OPERATE_BACKUP_H
#define OPERATE_BACKUP_H

#include "site/site.h"

/* Into new files, which only their owner can read. */
gboolean backup_site(struct site *site, const char *store_path, const char *keys_path, GError **error);

#endif
