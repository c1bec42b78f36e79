#include "site/person.h"

#include <string.h>

#include "base/error.h"
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

static gint64 person_of_handle(const struct site *site, const char *handle) {
    g_autofree char *id = site_token_id(site, "person", handle);
    return id ? g_ascii_strtoll(id, NULL, 10) : 0;
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
    g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, person_id);
    return site_token(site, "person", id);
}
