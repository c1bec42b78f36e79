#include "operate/backup.h"

#include <glib/gstdio.h>

#include "store/store.h"
#include "store/watch.h"

gboolean backup_site(struct site *site, const char *store_path, const char *keys_path, GError **error) {
    const gboolean ok = store_backup(site_store(site), store_path, error) &&
                        store_keys_backup(site_keys(site), keys_path, error);
    g_chmod(store_path, 0600);
    g_chmod(keys_path, 0600);
    return ok;
}
