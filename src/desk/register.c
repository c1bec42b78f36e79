#include "desk/private.h"

#include <string.h>

#include "base/error.h"
#include "desk/agency.h"
#include "find/finder.h"
#include "owe/owe.h"

#define MOST_UNCONFIRMED_A_DAY 5
#define CODE_LIFE_US DAY_US
#define MOST_PIN_TRIES 5

char *register_code(const struct site *site, const char *id) {
    guint8 mac[32];
    guint64 number = 0;
    site_mac(site, "code", id, mac);
    for (int i = 0; i < 8; i++)
        number = number << 8 | mac[i];
    return g_strdup_printf("%06u", (guint)(number % 1000000));
}

/* ── Asking ────────────────────────────────────────────────────────────────────────────────────── */

struct addition {
    struct site *site;
    const char *person, *booking;
    struct watch_request *request;
    struct store_registration row;
};

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

gboolean register_find_person(struct db *db, const char *person, gint64 *person_id, GError **error) {
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

static gboolean find_booking(struct addition *a, struct db *db, GError **error) {
    const char *colon = strchr(a->booking, ':');
    g_autofree char *jail = colon ? g_strndup(a->booking, (gsize)(colon - a->booking)) : NULL;
    guint n;
    if (!store_booking_find(db, a->booking, jail, colon ? colon + 1 : NULL, &a->row.booking_id,
                            &a->row.person_id, &n, error))
        return FALSE;
    if (n != 1)
        g_set_error(error, BASE_ERROR, n ? BASE_ERROR_INPUT : BASE_ERROR_NOT_FOUND,
                    n ? "several jails have the booking \"%s\"; say jail:number"
                      : "there is no booking \"%s\"",
                    a->booking);
    return n == 1;
}

/* Nobody may use the site to flood somebody's mailbox with codes. */
static gboolean check_flood(struct addition *a, struct db *db, GError **error) {
    guint n;
    if (!store_registration_unconfirmed(db, a->row.contact_hash, a->row.created_at_us - DAY_US, &n,
                                        error))
        return FALSE;
    if (n >= MOST_UNCONFIRMED_A_DAY)
        g_set_error(error, BASE_ERROR, BASE_ERROR_REFUSED,
                    "this address was asked to confirm %d times today; try again tomorrow",
                    MOST_UNCONFIRMED_A_DAY);
    return n < MOST_UNCONFIRMED_A_DAY;
}

static gboolean check_people(struct db *db, const struct store_registration *row, GError **error) {
    guint n_others;
    if (row->registration.is_role_verified)
        return TRUE;
    if (!store_registration_count(db, row->contact_hash, row->person_id, &n_others, error))
        return FALSE;
    if (n_others >= WATCH_MAX_PEOPLE_PER_CONTACT)
        g_set_error(error, BASE_ERROR, BASE_ERROR_REFUSED,
                    "this address follows %d people already, the most that one may unless its role "
                    "was verified (--role-verified)",
                    WATCH_MAX_PEOPLE_PER_CONTACT);
    return n_others < WATCH_MAX_PEOPLE_PER_CONTACT;
}

static gboolean add_in_transaction(struct db *db, void *context, GError **error) {
    struct addition *a = context;
    return (a->row.person_id ? TRUE
            : a->person      ? register_find_person(db, a->person, &a->row.person_id, error)
                             : find_booking(a, db, error)) &&
           check_flood(a, db, error) && check_people(db, &a->row, error) &&
           store_registration_add(db, &a->row, error) &&
           publish_message(db, a->site, PURPOSE_CODE, a->row.registration.id, "", error);
}

gboolean register_seal_contact(struct site *site, const char *id, const char *email,
                               struct store_registration *row, GError **error) {
    guint8 key[SEAL_KEY_BYTES];
    g_autofree char *normal = watch_email_normal(email);
    g_autofree char *lower = g_ascii_strdown(normal, -1);

    site_mac(site, "contact", lower, row->contact_hash);
    site->random->fill(site->random->context, key, sizeof key);
    row->contact_box = seal_with_key(key, site->random, normal, strlen(normal), id, error);
    g_autoptr(GBytes) wrapped =
        row->contact_box ? seal_to_public(site->contact_public, key, sizeof key, id, error) : NULL;
    seal_wipe(key, sizeof key);
    seal_wipe(normal, strlen(normal));
    seal_wipe(lower, strlen(lower));
    return wrapped && store_keys_put(site->keys, id, wrapped, error);
}

gboolean register_add(struct site *site, const char *person, const char *booking,
                      struct watch_request *request, char **id, GError **error) {
    struct addition addition = {.site = site, .person = person, .booking = booking, .request = request};
    struct store_registration *row = &addition.row;

    if (!person == !booking) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT,
                    "say who it is about: a person or a booking, not both");
        return FALSE;
    }
    request->person_key = person ? person : booking;
    if (!watch_request_check(request, site_now(site), &row->registration, error))
        return FALSE;
    g_autofree char *new_id = base_random_token(site->random, 10);
    g_autofree char *pin_hash = seal_pin_hash(site->random, request->pin);
    row->registration.id = new_id;
    row->person_id = person ? finder_person_of(site, person) : 0;
    row->created_at_us = site_now(site);
    row->pin_hash = pin_hash;
    row->role_verified = (char *)(gsize)request->role_verified;
    gboolean ok = pin_hash && register_seal_contact(site, new_id, request->email, row, error) &&
                  store_write(site->store, add_in_transaction, &addition, error);
    if (!ok)
        store_keys_delete(site->keys, new_id, NULL);
    g_clear_pointer(&row->contact_box, g_bytes_unref);
    if (ok)
        *id = g_steal_pointer(&new_id);
    return ok;
}

/* ── Confirming the contact ────────────────────────────────────────────────────────────────────── */

struct confirmation {
    struct site *site;
    const char *id, *code;
    gboolean is_wrong, is_ended;
};

static gboolean check_code(struct db *db, struct confirmation *c, const struct store_registration *row,
                           GError **error) {
    g_autofree char *expected = register_code(c->site, c->id);
    gint64 now = site_now(c->site);
    if (row->registration.confirmed_at_us != TIME_UNKNOWN)
        return TRUE;
    if (row->registration.ended_at_us != TIME_UNKNOWN || now > row->created_at_us + CODE_LIFE_US) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                    "this code is no longer good; sign up again");
        return FALSE;
    }
    c->is_wrong =
        strlen(c->code) != strlen(expected) || !seal_equal(c->code, expected, strlen(expected));
    if (!c->is_wrong)
        return check_people(db, row, error) && store_registration_confirm(db, c->id, now, error);
    c->is_ended = row->code_tries + 1 >= WATCH_CODE_TRIES;
    return c->is_ended ? store_registration_end(db, c->id, now, error)
                       : store_registration_try_code(db, c->id, error);
}

static gboolean confirm_in_transaction(struct db *db, void *context, GError **error) {
    struct confirmation *c = context;
    struct store_registration *row = store_registration_get(db, c->id, error);
    struct store_agency_watch *watch = NULL;
    gboolean ok = row && store_agency_watch_get(db, c->id, &watch, error);
    if (watch)
        g_set_error(error, BASE_ERROR, BASE_ERROR_REFUSED,
                    "an agency's watch is approved by a second officer: tocsin agency approve");
    ok = ok && !watch && check_code(db, c, row, error);
    store_agency_watch_free(watch);
    store_registration_free(row);
    return ok;
}

gboolean register_confirm(struct site *site, const char *id, const char *code, GError **error) {
    struct confirmation c = {.site = site, .id = id, .code = code};
    if (!store_write(site->store, confirm_in_transaction, &c, error))
        return FALSE;
    if (c.is_ended)
        store_keys_delete(site->keys, id, NULL);
    if (c.is_wrong)
        g_set_error(error, BASE_ERROR, BASE_ERROR_REFUSED,
                    c.is_ended ? "that code is wrong, and it was the last try; sign up again"
                               : "that code is wrong; look at the message again");
    return !c.is_wrong;
}

/* ── Ending ────────────────────────────────────────────────────────────────────────────────────── */

struct ending {
    struct site *site;
    const char *id;
    gboolean says_so, was_active;
};

/* Asks for the last message first: it is sent, and the contact deleted after (sender.c). */
static gboolean end_in_transaction(struct db *db, void *context, GError **error) {
    struct ending *ending = context;
    struct store_registration *row = store_registration_get(db, ending->id, error);
    if (!row)
        return FALSE;
    ending->was_active = row->registration.ended_at_us == TIME_UNKNOWN;
    gboolean says_so =
        ending->says_so && row->registration.confirmed_at_us != TIME_UNKNOWN && ending->was_active;
    store_registration_free(row);
    ending->says_so = says_so;
    if (!ending->was_active)
        return TRUE;
    if (!agency_ended(db, ending->site, ending->id, error) || !store_alerts_end(db, ending->id, error))
        return FALSE;
    if (!says_so)
        return store_registration_end(db, ending->id, site_now(ending->site), error);
    return store_registration_close(db, ending->id, site_now(ending->site), error) &&
           publish_message(db, ending->site, PURPOSE_ENDED, ending->id, "", error);
}

gboolean register_end(struct site *site, const char *id, gboolean says_so, GError **error) {
    struct ending ending = {.site = site, .id = id, .says_so = says_so};
    return store_write(site->store, end_in_transaction, &ending, error) &&
           (ending.says_so || store_keys_delete(site->keys, id, error));
}

/* ── Confirming an alert ───────────────────────────────────────────────────────────────────────── */

struct alert_query {
    struct site *site;
    const char *id, *pin;
    struct store_alert *alert;
    struct store_registration *row;
    gboolean pin_ok, is_locked;
};

static gboolean get_alert(struct db *db, void *context, GError **error) {
    struct alert_query *query = context;
    query->alert = store_alert_get(db, query->id, error);
    query->row = query->alert && query->alert->registration_id
                     ? store_registration_get(db, query->alert->registration_id, error)
                     : NULL;
    return query->row != NULL;
}

/* Counts and judges in one transaction, so that many tries at once are still five. */
static gboolean mark_alert(struct db *db, void *context, GError **error) {
    struct alert_query *query = context;
    if (query->pin_ok)
        return store_alerts_confirm(db, query->alert->seq, site_now(query->site), error);
    if (!store_alert_wrong_pin(db, query->alert->seq, MOST_PIN_TRIES, &query->is_locked, error))
        return FALSE;
    return !query->is_locked ||
           publish_page(
               db, query->site,
               "An alert was locked after five wrong PINs. Somebody may be waiting for news. See "
               "`tocsin alert list --waiting`.",
               error);
}

gboolean alert_confirm(struct site *site, const char *token, const char *pin,
                       enum alert_confirmation *confirmation, enum language *language, GError **error) {
    g_autofree char *id = site_token_id(site, "confirm", token);
    struct alert_query query = {.site = site, .id = id ? id : "", .pin = pin};
    gboolean ok = store_read(site->store, get_alert, &query, error);

    if (ok) {
        *language = query.row->registration.language;
        *confirmation = ALERT_CONFIRMATION_LOCKED;
        if (query.alert->confirmed_at_us != TIME_UNKNOWN) {
            *confirmation = ALERT_CONFIRMATION_DONE;
        } else if (query.alert->pin_tries < MOST_PIN_TRIES) {
            query.pin_ok = seal_pin_matches(query.row->pin_hash, pin);
            *confirmation = query.pin_ok ? ALERT_CONFIRMATION_DONE : ALERT_CONFIRMATION_WRONG_PIN;
            ok = store_write(site->store, mark_alert, &query, error);
            if (ok && query.is_locked)
                *confirmation = ALERT_CONFIRMATION_LOCKED;
        }
    }
    store_alert_free(query.alert);
    store_registration_free(query.row);
    return ok;
}

static gboolean get_registration(struct db *db, void *context, GError **error) {
    struct alert_query *query = context;
    query->row = store_registration_get(db, query->id, error);
    return query->row != NULL;
}

gboolean link_open(struct site *site, const char *purpose, const char *token, enum language *language,
                   char **registration_id, GError **error) {
    g_autofree char *id = site_token_id(site, purpose, token);
    struct alert_query query = {.site = site, .id = id ? id : ""};
    gboolean ok = store_read(
        site->store, g_str_equal(purpose, "confirm") ? get_alert : get_registration, &query, error);
    if (ok) {
        *language = query.row->registration.language;
        *registration_id = g_strdup(query.row->id);
    }
    store_alert_free(query.alert);
    store_registration_free(query.row);
    return ok;
}
