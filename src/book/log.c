#include "book/log.h"

#include "store/ledger.h"
#include "store/store.h"

GBytes *log_resource(struct site *site, const char *path, GError **error) {
    struct db *db = store_read_begin(site_store(site), error);
    GBytes *bytes = db ? store_ledger_resource(db, path, error) : NULL;
    store_read_end(site_store(site), db);
    return bytes;
}
