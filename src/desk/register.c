#include "desk/register.h"

#include <string.h>

#include "base/error.h"
#include "base/seal.h"
#include "deliver/channel.h"
#include "desk/contact.h"
#include "owe/owe.h"
#include "site/config.h"
#include "site/person.h"
#include "store/agency.h"
#include "store/outbox.h"
#include "store/store.h"

#define CODE_LIFE_US DAY_US

GPtrArray *register_channels(const struct site *site) {
    GPtrArray *names = g_ptr_array_new();
    for (guint i = 0; channel_kinds[i]; i++)
        if (channel_kinds[i]->connections(site_config(site)->channels[i]))
            g_ptr_array_add(names, (gpointer)(gsize)channel_kinds[i]->name);
    return names;
}

/* ── Asking ────────────────────────────────────────────────────────────────────────────────────── */

struct addition {
    struct site *site;
    const char *person, *booking;
    struct watch_request *request;
    struct store_registration row;
    struct store_contact contact;
};

static gboolean add_in_transaction(struct db *db, void *context, GError **error) {
    struct addition *a = context;
    return (a->person
                ? site_person_find(db, a->site, a->person, &a->row.person_id, error)
                : site_booking_find(db, a->booking, &a->row.booking_id, &a->row.person_id, error)) &&
           contact_check_flood(db, &a->row, a->contact.hash, error) &&
           (a->request->is_public || contact_check_people(db, &a->row, a->contact.hash, error)) &&
           store_registration_add(db, &a->row, error) &&
           store_contact_add(db, a->row.registration.id, &a->contact, error) &&
           owe_message(db, a->site, PURPOSE_CODE, a->row.registration.id, "", error);
}

static gboolean seal_contact(struct addition *a, GError **error) {
    const struct watch_request *r = a->request;
    if (r->email && (r->channel || r->contact)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT,
                    "\"email\" is short for a channel and its contact; say one of the two");
        return FALSE;
    }
    return contact_seal(a->site, a->row.registration.id, r->email ? channel_email.name : r->channel,
                        r->email ? r->email : r->contact, &a->contact, error);
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
    g_autofree char *new_id = base_random_token(site_random(site), 10);
    g_autofree char *pin_hash = seal_pin_hash(site_random(site), request->pin);
    row->registration.id = new_id;
    row->created_at_us = site_now(site);
    row->pin_hash = pin_hash;
    row->role_verified = (char *)(gsize)request->role_verified;
    GError *problem = NULL;
    gboolean ok =
        pin_hash && seal_contact(&addition, &problem) &&
        store_write(site_store(site), STORE_WORK(add_in_transaction, NULL), &addition, &problem);
    if (!ok)
        contact_forget(site, new_id);
    store_contact_clear(&addition.contact);
    /* Too many codes: a stranger hears the same as if one were on its way. */
    if (request->is_public && g_error_matches(problem, BASE_ERROR, BASE_ERROR_REFUSED)) {
        g_clear_error(&problem);
        ok = TRUE;
    }
    if (ok)
        *id = g_steal_pointer(&new_id);
    else if (problem)
        g_propagate_error(error, problem);
    return ok;
}

/* ── Confirming the contact ────────────────────────────────────────────────────────────────────── */

struct confirmation {
    struct site *site;
    const char *id, *code;
    gboolean is_wrong, is_ended;
};

/* What was free when it was asked for may not be now. */
static gboolean check_contacts(struct db *db, const struct store_registration *row, GError **error) {
    g_autoptr(GArray) contacts = store_contacts(db, row->id, error);
    gboolean ok = contacts != NULL;
    for (guint i = 0; ok && i < contacts->len; i++)
        ok =
            contact_check_people(db, row, g_array_index(contacts, struct store_contact, i).hash, error);
    if (!ok && error && g_error_matches(*error, BASE_ERROR, BASE_ERROR_REFUSED))
        (*error)->code = BASE_ERROR_CONFLICT; /* the code was right */
    return ok;
}

/* What is known of the person; where nothing is, how a notice will look. */
static gboolean greet(struct db *db, const struct confirmation *c, const struct store_registration *row,
                      GError **error) {
    gboolean is_known;
    return owe_as_known(db, c->site, c->id, row->person_id, "signed up", &is_known, error) &&
           (is_known || owe_message(db, c->site, PURPOSE_TEST, c->id, "", error));
}

static gboolean check_code(struct db *db, struct confirmation *c, const struct store_registration *row,
                           GError **error) {
    g_autofree char *expected = site_code(c->site, c->id);
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
        return check_contacts(db, row, error) && store_registration_confirm(db, c->id, now, error) &&
               greet(db, c, row, error);
    /* What it asked for goes on counting today, or guesses and codes would be without end. */
    c->is_ended = row->code_tries + 1 >= WATCH_CODE_TRIES;
    return c->is_ended ? store_registration_close(db, c->id, now, error)
                       : store_registration_try_code(db, c->id, error);
}

static gboolean confirm_in_transaction(struct db *db, void *context, GError **error) {
    struct confirmation *c = context;
    c->is_wrong = c->is_ended = FALSE;
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
    if (!store_write(site_store(site), STORE_WORK(confirm_in_transaction, NULL), &c, error))
        return FALSE;
    if (c.is_ended && !store_keys_delete(site_keys(site), id, error))
        return FALSE;
    if (c.is_wrong)
        g_set_error(error, BASE_ERROR, BASE_ERROR_REFUSED,
                    c.is_ended ? "that code is wrong, and it was the last try; sign up again"
                               : "that code is wrong; look at the message again");
    return !c.is_wrong;
}

gboolean register_confirm_public(struct site *site, const char *id, const char *code, GError **error) {
    g_autoptr(GError) problem = NULL;
    if (register_confirm(site, id, code, &problem))
        return TRUE;
    if (g_error_matches(problem, BASE_ERROR, BASE_ERROR_NOT_FOUND) ||
        g_error_matches(problem, BASE_ERROR, BASE_ERROR_REFUSED))
        g_set_error(error, BASE_ERROR, BASE_ERROR_REFUSED,
                    "that code is not right, or it is too old; after five wrong ones sign up again");
    else
        g_propagate_error(error, g_steal_pointer(&problem));
    return FALSE;
}
