#include "site/person.h"

#include <string.h>

#include "base/error.h"
#include "base/seal.h"
#include "store/custody.h"
#include "store/store.h"

/* Who was found. */
struct search {
    GPtrArray *found; /* "scope:number", for a question back */
    gint64 person_id;
};

static void remember_person(const struct store_person_row *row, void *context) {
    struct search *search = context;
    search->person_id = row->id;
    g_ptr_array_add(search->found, g_strdup_printf("%s:%s", row->scope, row->key));
}

/* A handle hides the store's number: that counts, and the gaps between two tell of who is not shown. */
static gint64 person_of_handle(const struct site *site, const char *handle) {
    guint8 key[32];
    guint64 id = 0;
    site_mac(site, "person handle", "", key);
    return seal_number_show(key, handle, &id) ? (gint64)id : 0;
}

gboolean site_person_find(struct db *db, const struct site *site, const char *person, gint64 *person_id,
                          GError **error) {
    if ((*person_id = person_of_handle(site, person)))
        return TRUE;
    const char *colon = strchr(person, ':');
    g_autofree char *scope = colon ? g_strndup(person, (gsize)(colon - person)) : NULL;
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    struct search search = {.found = found};
    gboolean ok = store_person_find(db, NULL, person, remember_person, &search, error);
    if (ok && !found->len && colon)
        ok = store_person_find(db, scope, colon + 1, remember_person, &search, error);
    if (ok && found->len == 0) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                    "no person has the number \"%s\"; look with `tocsin person search`", person);
        ok = FALSE;
    } else if (ok && found->len > 1) {
        g_ptr_array_add(found, NULL);
        g_autofree char *names = g_strjoinv(", ", (char **)found->pdata);
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT,
                    "several people have the number \"%s\"; say which: %s", person, names);
        ok = FALSE;
    }
    *person_id = search.person_id;
    return ok;
}

gboolean site_booking_find(struct db *db, const char *booking, gint64 *booking_id, gint64 *person_id,
                           GError **error) {
    const char *colon = strchr(booking, ':');
    g_autofree char *jail = colon ? g_strndup(booking, (gsize)(colon - booking)) : NULL;
    guint n;
    if (!store_booking_find(db, booking, jail, colon ? colon + 1 : NULL, booking_id, person_id, &n,
                            error))
        return FALSE;
    if (n != 1)
        g_set_error(error, BASE_ERROR, n ? BASE_ERROR_INPUT : BASE_ERROR_NOT_FOUND,
                    n ? "several jails have the booking \"%s\"; say jail:number"
                      : "there is no booking \"%s\"",
                    booking);
    return n == 1;
}

gboolean site_person_read(const struct site *site, const char *person, gint64 *person_id,
                          GError **error) {
    struct db *db = store_read_begin(site_store(site), error);
    const gboolean ok = db && site_person_find(db, site, person, person_id, error);
    store_read_end(site_store(site), db);
    return ok;
}

char *site_person_handle(const struct site *site, gint64 person_id) {
    guint8 key[32];
    site_mac(site, "person handle", "", key);
    return seal_number_hide(key, (guint64)person_id);
}
