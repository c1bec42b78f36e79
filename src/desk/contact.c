#include "desk/contact.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/seal.h"
#include "deliver/channel.h"

#define MOST_UNCONFIRMED_A_DAY 5

gboolean contact_seal(struct site *site, const char *registration_id, const char *channel,
                      const char *address, struct store_contact *contact, GError **error) {
    guint8 key[SEAL_KEY_BYTES];
    const struct channel_kind *kind = channel_by_name(channel, error);
    g_autofree char *normal = kind ? kind->normal(address, error) : NULL;
    *contact = (struct store_contact){.place = 1};
    if (!normal)
        return FALSE;
    g_autofree char *lower = g_ascii_strdown(normal, -1);
    contact->channel = g_strdup(kind->name);
    site_mac(site, "contact", lower, contact->hash);
    base_random_fill(site_random(site), key, sizeof key);
    contact->box =
        seal_with_key(key, site_random(site), normal, strlen(normal), registration_id, error);
    g_autoptr(GBytes) wrapped = contact->box ? seal_to_public(site_contact_public(site), key,
                                                              sizeof key, registration_id, error)
                                             : NULL;
    seal_wipe(key, sizeof key);
    seal_wipe(normal, strlen(normal));
    seal_wipe(lower, strlen(lower));
    return wrapped && store_keys_put(site_keys(site), registration_id, wrapped, error);
}

void contact_forget(struct site *site, const char *registration_id) {
    g_autoptr(GError) problem = NULL;
    if (!store_keys_delete(site_keys(site), registration_id, &problem))
        log_line("error", "the key of a registration that was not made could not be deleted",
                 "registration", registration_id, "problem", problem->message, NULL);
}

/* Nobody may use the site to flood somebody's mailbox with codes. */
gboolean contact_check_flood(struct db *db, const struct store_registration *row, const guint8 hash[32],
                             GError **error) {
    guint n;
    if (!store_registration_unconfirmed(db, hash, row->created_at_us - DAY_US, &n, error))
        return FALSE;
    if (n >= MOST_UNCONFIRMED_A_DAY)
        g_set_error(error, BASE_ERROR, BASE_ERROR_REFUSED,
                    "this address was asked to confirm %d times today; try again tomorrow",
                    MOST_UNCONFIRMED_A_DAY);
    return n < MOST_UNCONFIRMED_A_DAY;
}

gboolean contact_check_people(struct db *db, const struct store_registration *row,
                              const guint8 hash[32], GError **error) {
    guint n_others;
    if (row->registration.is_role_verified)
        return TRUE;
    if (!store_registration_count(db, hash, row->person_id, &n_others, error))
        return FALSE;
    if (n_others >= WATCH_MAX_PEOPLE_PER_CONTACT)
        g_set_error(error, BASE_ERROR, BASE_ERROR_REFUSED,
                    "this address follows %d people already, the most that one may unless its role "
                    "was verified (--role-verified)",
                    WATCH_MAX_PEOPLE_PER_CONTACT);
    return n_others < WATCH_MAX_PEOPLE_PER_CONTACT;
}
