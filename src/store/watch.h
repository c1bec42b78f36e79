/* Registrations, and the keys of their contacts in a file of their own. */
#ifndef STORE_WATCH_H
#define STORE_WATCH_H

#include "base/time.h"
#include "watch/registration.h"

struct db; /* a transaction's, or a reader's: for this folder to use, for others to pass on */

struct store_registration {
    struct watch_registration registration; /* strings borrowed from below */
    char *id, *person_scope, *person_key, *booking_jail, *booking_key;
    gint64 person_id, booking_id; /* booking_id 0: bound to the person */
    char *pin_hash, *role_verified;
    gint64 created_at_us;
    guint code_tries;
};
void store_registration_free(struct store_registration *row);

enum store_contact_state { CONTACT_IN_USE, CONTACT_WIPED };

/* Where a registration's notices go. */
struct store_contact {
    guint place;     /* 1, 2 …: the order in which they are tried */
    char *channel;   /* a row of deliver/channel.h */
    GBytes *box;     /* sealed */
    guint8 hash[32]; /* keyed: for limits */
};
void store_contact_clear(struct store_contact *contact);
gboolean store_contact_add(struct db *db, const char *registration_id,
                           const struct store_contact *contact, GError **error);
/* Those in use, in order. Transfer full: GArray of struct store_contact. */
GArray *store_contacts(struct db *db, const char *registration_id, GError **error);

gboolean store_registration_add(struct db *db, const struct store_registration *row, GError **error);

/* NULL with BASE_ERROR_NOT_FOUND when there is none. Transfer full. */
struct store_registration *store_registration_get(struct db *db, const char *id, GError **error);

/* Those in force (not ended; confirmed or not) on the person, or on another number of the same person:
 * an agency's are about the very number of its document only. Transfer full. */
GPtrArray *store_registrations_on_person(struct db *db, gint64 person_id, GError **error);
/* People's, not agencies': those confirmed whose person the jail holds. Transfer full. */
GPtrArray *store_registrations_on_jail(struct db *db, const char *jail, GError **error);
/* All, newest first, at most `limit`. Transfer full. */
GPtrArray *store_registrations_list(struct db *db, guint limit, GError **error);

/* Registrations on a booking that went over into another of the same person follow it there. */
gboolean store_registration_rebook(struct db *db, gint64 booking_id, GError **error);

/* How many registrations of this contact since then wait for their code. */
gboolean store_registration_unconfirmed(struct db *db, const guint8 contact_hash[32],
                                        gint64 since_at_us, guint *n, GError **error);
/* How many people one contact's confirmed registrations are about, `person_id` among them or not. */
gboolean store_registration_count(struct db *db, const guint8 contact_hash[32], gint64 person_id,
                                  guint *n_others, GError **error);

/* What the clock asks of registrations, not of agencies': the ids, those that are due first, at most
 * `limit`. Transfer full. */
enum store_term { TERM_ENDS_SOON, TERM_OVER, TERM_UNCONFIRMED };
GPtrArray *store_registrations_due(struct db *db, enum store_term which, gint64 now_at_us, guint limit,
                                   GError **error);
/* Counts a warning, where one is due. */
gboolean store_registration_warn(struct db *db, const char *id, gint64 now_at_us, gboolean *is_due,
                                 GError **error);
gboolean store_registration_renew(struct db *db, const char *id, gint64 until_at_us, GError **error);

/* From now on it is about the person, whatever booking it named. */
gboolean store_registration_confirm(struct db *db, const char *id, gint64 now_at_us, GError **error);
gboolean store_registration_try_code(struct db *db, const char *id, GError **error);
/* Closing ends it; wiping takes the sealed contact away; ending does both. */
gboolean store_registration_close(struct db *db, const char *id, gint64 now_at_us, GError **error);
gboolean store_registration_wipe(struct db *db, const char *id, GError **error);
gboolean store_registration_end(struct db *db, const char *id, gint64 now_at_us, GError **error);

/* ── keys.db: one wrapped key a registration. Deleting it is deleting the contact everywhere. ── */

struct store_keys;
struct store_keys *store_keys_open(const char *path, gboolean is_new, GError **error);
void store_keys_close(struct store_keys *keys);
gboolean store_keys_put(struct store_keys *keys, const char *registration_id, GBytes *box,
                        GError **error);
/* Transfer full; NULL with BASE_ERROR_NOT_FOUND when it was deleted. */
GBytes *store_keys_get(struct store_keys *keys, const char *registration_id, GError **error);
gboolean store_keys_delete(struct store_keys *keys, const char *registration_id, GError **error);
gboolean store_keys_backup(struct store_keys *keys, const char *path, GError **error);

#endif
