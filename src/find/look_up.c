#include "find/look_up.h"

#include <string.h>

#include "base/error.h"
#include "book/logbook.h"
#include "disclose/disclose.h"
#include "feed/mapping.h"
#include "find/finder.h"
#include "site/person.h"
#include "store/feed.h"
#include "store/store.h"

#define MOST_SHOWN 50 /* people that the public sees of one search, over all its pages */

static void card_free(gpointer data) {
    struct look_up_card *card = data;
    g_free(card->handle);
    g_free(card->surname);
    g_free(card->given);
    g_free(card->facility);
    g_free(card->booking);
    g_free(card);
}

struct looking_up {
    struct finder *finder;
    const struct look_up_query *query;
    struct disclose_gate *gate;
    GHashTable *facilities; /* id → name */
    GPtrArray *cards;
    guint n_permitted;
};

/* Pages are counted over those who may be shown, so that what is missing leaves no gap. */
static void judge(const struct store_person_row *p, enum people_reason reason, void *context) {
    struct looking_up *l = context;
    struct disclose_view view;
    if (!disclose_look_up(l->gate, p->any_flags, site_now(finder_site(l->finder)), &view))
        return;
    if (l->n_permitted++ < l->query->offset || l->cards->len >= l->query->limit)
        return;
    struct look_up_card *card = g_new0(struct look_up_card, 1);
    card->handle = site_person_handle(finder_site(l->finder), p->id);
    card->reason = finder_reason(reason);
    if (view.name) {
        card->surname = g_strdup(p->surname);
        card->given = g_strdup(p->given);
    }
    if (view.facility && p->facility) {
        const char *name = g_hash_table_lookup(l->facilities, p->facility);
        card->facility = g_strdup(name ? name : p->facility);
    }
    if (view.booking_number)
        card->booking = g_strdup(p->booking);
    card->born = view.birth_year ? (guint)p->born / 10000 : 0;
    g_ptr_array_add(l->cards, card);
}

static gboolean read_facilities(struct db *db, void *context, GError **error) {
    struct looking_up *l = context;
    g_autoptr(GPtrArray) ids = store_feed_ids(db, error);
    for (guint i = 0; ids && i < ids->len; i++) {
        struct store_feed feed;
        if (!store_feed_get(db, ids->pdata[i], &feed, error))
            return FALSE;
        /* A mapping that is not understood any more names no places; people are found all the same. */
        struct feed_mapping *mapping =
            site_mapping(finder_site(l->finder), feed.id, feed.mapping, NULL);
        for (guint k = 0; mapping && k < mapping->facilities->len; k++) {
            const struct feed_facility *place =
                &g_array_index(mapping->facilities, struct feed_facility, k);
            g_hash_table_insert(l->facilities, g_strdup(place->id), g_strdup(place->name));
        }
        feed_mapping_free(mapping);
        store_feed_clear(&feed);
    }
    return ids != NULL;
}

static gboolean note(struct db *db, void *context, GError **error) {
    const struct site *site = context;
    g_autofree char *token = base_random_token(site_random(site), 10);
    g_autofree char *id = g_strconcat("lookup.", token, NULL);
    return logbook_notice(db, site, id, 0, error);
}

static gboolean is_narrow(const char *text) {
    guint digits = 0;
    for (const char *p = text; *p; p++)
        digits += g_ascii_isdigit(*p);
    return finder_n_letters(text) >= FINDER_LEAST_LETTERS || digits >= 3;
}

GPtrArray *look_up(struct finder *f, const struct look_up_query *query, guint *n_more, GError **error) {
    struct looking_up l = {.finder = f, .query = query};
    struct disclose_view view;
    struct finder_query all = {.text = query->text, .harder = query->harder, .limit = FINDER_MOST_READ};
    if (!is_narrow(query->text) || strlen(query->text) > 200) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT,
                    "type at least three letters of a name, or a booking number");
        return NULL;
    }
    if (query->offset + query->limit > MOST_SHOWN) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_REFUSED,
                    "no search shows more than %d people; add a given name, an age or a jail",
                    MOST_SHOWN);
        return NULL;
    }
    if (!(l.gate = site_gate(finder_site(f), error)))
        return NULL;
    /* What may not be told cannot be asked by, either. */
    disclose_look_up(l.gate, 0, site_now(finder_site(f)), &view);
    all.facility = view.facility ? query->facility : NULL;
    all.born = view.birth_year ? query->born : 0;
    all.age = view.birth_year ? query->age : 0;
    all.numbers = view.booking_number ? FINDER_NUMBER_TOO : FINDER_NUMBER_NEVER;
    l.facilities = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    l.cards = g_ptr_array_new_with_free_func(card_free);
    gboolean ok = store_read(site_store(finder_site(f)), read_facilities, &l, error) &&
                  finder_search(f, &all, judge, &l, NULL, error) &&
                  (!l.cards->len || store_write(site_store(finder_site(f)), STORE_WORK(note, NULL),
                                                finder_site(f), error));
    *n_more = MIN(l.n_permitted, MOST_SHOWN) > query->offset + l.cards->len
                  ? MIN(l.n_permitted, MOST_SHOWN) - query->offset - l.cards->len
                  : 0;
    g_hash_table_unref(l.facilities);
    disclose_gate_unref(l.gate);
    if (ok)
        return l.cards;
    g_ptr_array_unref(l.cards);
    return NULL;
}
