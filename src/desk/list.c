#include "desk/list.h"

#include "store/store.h"
#include "store/watch.h"

GPtrArray *list_registrations(struct site *site, guint limit, GError **error) {
    struct db *db = store_read_begin(site_store(site), error);
    GPtrArray *rows = db ? store_registrations_list(db, limit, error) : NULL;
    store_read_end(site_store(site), db);
    return rows;
}
