#include "desk/agency.h"

#include <string.h>

#include "base/error.h"
#include "base/seal.h"
#include "desk/contact.h"
#include "desk/judge.h"
#include "people/fold.h"
#include "site/person.h"
#include "store/store.h"
#include "store/watch.h"

static const char usual_kinds[] = "released,escaped,recaptured,died,transferred,left_roster";

G_GNUC_PRINTF(2, 3)
static gboolean wrong(GError **error, const char *format, ...) {
    va_list args;
    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, BASE_ERROR, BASE_ERROR_INPUT, what);
    return FALSE;
}

struct asking {
    struct site *site;
    const struct agency_request *request;
    struct disclose_gate *gate;
    struct store_registration row;
    struct store_contact contact;
    struct store_agency_watch watch;
    char *denial;
};

/* ── Asking ────────────────────────────────────────────────────────────────────────────────────── */

static gboolean check_words(const struct agency_request *r, GError **error) {
    const struct {
        const char *name, *value;
    } words[] = {{"person", r->person},
                 {"recipient", r->recipient},
                 {"purpose", r->purpose},
                 {"basis", r->basis},
                 {"document", r->document},
                 {"issuer", r->issuer},
                 {"issued-on", r->issued_on},
                 {"expires", r->expires},
                 {"officer", r->officer},
                 {"email", r->email},
                 {"pin", r->pin}};
    gint64 issued_us;
    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        g_autofree char *text = g_strstrip(g_strdup(words[i].value ? words[i].value : ""));
        if (!*text || strlen(text) > 200 || !g_utf8_validate(text, -1, NULL))
            return wrong(error,
                         "`%s` is missing or too long: a watch names one person, one document, its "
                         "issuer and date, an end, and the officer who asks",
                         words[i].name);
    }
    return base_time_parse(r->issued_on, &issued_us) ||
           wrong(error, "`issued-on` %s is no date; write it as 2026-11-23", r->issued_on);
}

static gboolean check_times(const struct asking *a, GError **error) {
    const gint64 now = site_now(a->site);
    gint64 issued_us;
    if (base_time_parse(a->request->issued_on, &issued_us) && issued_us > now + DAY_US)
        return wrong(error, "`issued-on` %s has not come yet", a->request->issued_on);
    if (a->row.registration.expires_at_us > now + AGENCY_LONGEST_DAYS * DAY_US)
        return wrong(error, "`expires` %s is more than 90 days away; ask again then",
                     a->request->expires);
    return TRUE;
}

/* Letters and digits only, without case or accents, but for what parts two numbers: however a name or a
 * number is written. Transfer full. */
static char *plain(const char *text) {
    char *folded = people_fold(text), *to = folded;
    for (const char *from = folded; *from; from++)
        if (*from != ' ' || (to > folded && g_ascii_isdigit(to[-1]) && g_ascii_isdigit(from[1])))
            *to++ = *from;
    *to = 0;
    return folded;
}

/* An agency is none of the people that the policy has rules for, whatever it calls itself. */
static gboolean check_is_agency(const struct asking *a, GError **error) {
    static const char *const people[] = {"registrant", "subject", "public", "unknown", NULL};
    if (!g_strv_contains(people, a->watch.class))
        return TRUE;
    g_set_error(error, BASE_ERROR, BASE_ERROR_REFUSED,
                "\"%s\" is no agency; whoever is not one registers with tocsin watch add",
                a->watch.class);
    return FALSE;
}

/* A name or a number has letters or digits, Latin ones: those of other scripts look alike, and would
 * make another officer, or another document, of the same. */
static gboolean check_is_written(const char *name, const char *text, GError **error) {
    g_autofree char *letters = plain(text);
    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        const gunichar c = g_utf8_get_char(p);
        const GUnicodeScript script = g_unichar_get_script(c);
        const gboolean is_other = g_unichar_isalpha(c) && script != G_UNICODE_SCRIPT_LATIN &&
                                  script != G_UNICODE_SCRIPT_COMMON;
        if (is_other || (g_unichar_isdigit(c) && c > 0x7F)) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_REFUSED,
                        "`%s` has letters or digits that are not Latin; write it in Latin ones", name);
            return FALSE;
        }
    }
    return *letters || wrong(error, "`%s` has neither letters nor digits", name);
}

/* What limits go by. The gate knows the words by now. */
static void fill_keys(struct asking *a) {
    const struct policy *policy = disclose_gate_policy(a->gate);
    const guint recipient = policy_find_word(policy, POLICY_RECIPIENT, a->request->recipient);
    g_autofree char *issuer = plain(a->request->issuer), *document = plain(a->request->document);
    a->watch.class =
        g_strdup(policy_word(policy, POLICY_RECIPIENT, policy_class_of(policy, recipient)));
    a->watch.document_key = g_strjoin("/", issuer, document, NULL);
    a->watch.officer_key = plain(a->request->officer);
}

static gboolean check_limits(struct db *db, struct asking *a, GError **error) {
    guint by_class = 0, by_officer = 0;
    gboolean is_used = FALSE;
    if (!store_agency_asked(db, a->watch.class, a->watch.officer_key, site_now(a->site) - DAY_US,
                            &by_class, &by_officer, error) ||
        !store_agency_document_is_used(db, a->watch.document_key, a->row.person_id, &is_used, error))
        return FALSE;
    if (is_used)
        g_set_error(
            error, BASE_ERROR, BASE_ERROR_REFUSED,
            "the document %s of %s stands behind a watch of another person; a document names one",
            a->watch.document, a->watch.issuer);
    else if (by_officer >= AGENCY_OFFICER_MOST_A_DAY || by_class >= AGENCY_MOST_A_DAY)
        g_set_error(error, BASE_ERROR, BASE_ERROR_REFUSED,
                    "an officer asks for at most %d watches a day, and an agency for %d; this is not a "
                    "way to follow a list",
                    AGENCY_OFFICER_MOST_A_DAY, AGENCY_MOST_A_DAY);
    return !is_used && by_officer < AGENCY_OFFICER_MOST_A_DAY && by_class < AGENCY_MOST_A_DAY;
}

static gboolean ask_in_transaction(struct db *db, void *context, GError **error) {
    struct asking *a = context;
    if (!site_person_find(db, a->site, a->request->person, &a->row.person_id, error) ||
        !check_limits(db, a, error) ||
        !judge_watch(db, a->site, a->gate, &a->watch, a->row.registration.kinds, a->row.person_id,
                     LEDGER_WATCH_ASKED, LEDGER_WATCH_REFUSED, a->watch.asked_by, &a->denial, error))
        return FALSE;
    if (a->denial) { /* the refusal stands, and counts */
        a->watch.state = WATCH_REFUSED;
        a->watch.reason = a->denial;
    }
    return store_registration_add(db, &a->row, error) &&
           store_contact_add(db, a->row.registration.id, &a->contact, error) &&
           store_agency_watch_add(db, &a->watch, error) &&
           (!a->denial || store_registration_end(db, a->row.registration.id, site_now(a->site), error));
}

static void ask_again(void *context) {
    struct asking *a = context;
    g_clear_pointer(&a->denial, g_free);
    a->watch.state = WATCH_ASKED;
    a->watch.reason = NULL;
}

/* A word that the gate knows, as the policy writes it: "a-b" and "a_b" are one, with one series of
 * tags. */
static char *canonical(const struct asking *a, enum policy_word_kind kind, const char *word) {
    const struct policy *policy = disclose_gate_policy(a->gate);
    return (char *)(gsize)policy_word(policy, kind, policy_find_word(policy, kind, word));
}

static gboolean ask(struct asking *a, const char *id, GError **error) {
    const struct agency_request *r = a->request;
    const struct watch_request wanted = {.person_key = r->person,
                                         .kinds = r->kinds ? r->kinds : usual_kinds,
                                         .pin = r->pin,
                                         .expires = r->expires};
    const struct disclose_agency agency = {r->recipient, r->purpose, r->basis};
    if (!disclose_knows_agency(a->gate, &agency, error) ||
        !watch_request_check(&wanted, site_now(a->site), &a->row.registration, error) ||
        !check_times(a, error) || !(a->row.pin_hash = seal_pin_hash(site_random(a->site), r->pin)))
        return FALSE;
    a->row.registration.id = id;
    a->row.created_at_us = site_now(a->site);
    a->watch = (struct store_agency_watch){.registration_id = (char *)(gsize)id,
                                           .recipient = canonical(a, POLICY_RECIPIENT, r->recipient),
                                           .purpose = canonical(a, POLICY_PURPOSE, r->purpose),
                                           .basis = canonical(a, POLICY_BASIS, r->basis),
                                           .document = (char *)(gsize)r->document,
                                           .issuer = (char *)(gsize)r->issuer,
                                           .issued_on = (char *)(gsize)r->issued_on,
                                           .asked_by = (char *)(gsize)r->officer,
                                           .asked_at_us = a->row.created_at_us,
                                           .decided_at_us = TIME_UNKNOWN};
    fill_keys(a);
    if (!check_is_agency(a, error) || !check_is_written("officer", r->officer, error) ||
        !check_is_written("document", r->document, error) ||
        !check_is_written("issuer", r->issuer, error))
        return FALSE;
    return contact_seal(a->site, id, "email", r->email, &a->contact, error) &&
           store_write(site_store(a->site), STORE_WORK(ask_in_transaction, ask_again), a, error);
}

gboolean agency_ask(struct site *site, const struct agency_request *request, char **id,
                    GError **error) {
    struct asking a = {.site = site, .request = request};
    g_autofree char *new_id = base_random_token(site_random(site), 10);
    gboolean ok = check_words(request, error) &&
                  (a.gate = site_gate_for_agencies(site, error)) != NULL && ask(&a, new_id, error);
    if (ok && a.denial) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_REFUSED,
                    "the policy denies this watch, and the request is recorded. %s", a.denial);
        ok = FALSE;
    }
    if (!ok)
        contact_forget(site, new_id);
    store_contact_clear(&a.contact);
    g_free(a.row.pin_hash);
    g_free(a.watch.class);
    g_free(a.watch.document_key);
    g_free(a.watch.officer_key);
    g_free(a.denial);
    disclose_gate_unref(a.gate);
    if (ok)
        *id = g_steal_pointer(&new_id);
    return ok;
}

/* ── Deciding ──────────────────────────────────────────────────────────────────────────────────── */

struct deciding {
    struct site *site;
    struct disclose_gate *gate;
    const char *id, *approver, *reason;
    gboolean approves;
    char *denial;
};

static gboolean is_same_officer(const char *a, const char *b) {
    g_autofree char *x = plain(a), *y = plain(b);
    return strcmp(x, y) == 0;
}

static gboolean check_decision(const struct deciding *d, const struct store_agency_watch *watch,
                               const struct store_registration *row, GError **error) {
    if (watch->state != WATCH_ASKED) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_CONFLICT, "the watch %s is %s already", d->id,
                    store_watch_state_name(watch->state));
        return FALSE;
    }
    if (is_same_officer(d->approver, watch->asked_by)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_REFUSED,
                    "%s asked for this watch; a second officer, on the jail's side, decides",
                    watch->asked_by);
        return FALSE;
    }
    if (row->registration.expires_at_us <= site_now(d->site)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_REFUSED, "the watch %s has expired; ask again",
                    d->id);
        return FALSE;
    }
    return TRUE;
}

static gboolean settle(struct db *db, struct deciding *d, struct store_agency_watch *watch,
                       const struct store_registration *row, GError **error) {
    const gint64 now = site_now(d->site);
    if (!check_decision(d, watch, row, error))
        return FALSE;
    /* Judged again: a policy or an agreement may have changed since it was asked. */
    if (!judge_watch(db, d->site, d->gate, watch, row->registration.kinds, row->person_id,
                     d->approves ? LEDGER_WATCH_APPROVED : LEDGER_WATCH_REFUSED, LEDGER_WATCH_REFUSED,
                     d->approver, &d->denial, error))
        return FALSE;
    const gboolean is_approved = d->approves && !d->denial;
    struct store_agency_watch decided = *watch;
    decided.state = is_approved ? WATCH_APPROVED : WATCH_REFUSED;
    decided.decided_by = (char *)(gsize)d->approver;
    decided.decided_at_us = now;
    decided.reason = d->denial ? d->denial : (char *)(gsize)(d->reason ? d->reason : "");
    return store_agency_watch_decide(db, &decided, error) &&
           (is_approved ? store_registration_confirm(db, d->id, now, error)
                        : store_registration_end(db, d->id, now, error));
}

static gboolean decide_in_transaction(struct db *db, void *context, GError **error) {
    struct deciding *d = context;
    GError *problem = NULL;
    struct store_agency_watch *watch = NULL;
    store_agency_watch_get(db, d->id, &watch, &problem);
    struct store_registration *row = watch ? store_registration_get(db, d->id, &problem) : NULL;
    gboolean ok = row && settle(db, d, watch, row, &problem);
    if (!watch && !problem)
        g_set_error(&problem, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no agency's watch \"%s\"",
                    d->id);
    if (problem)
        g_propagate_error(error, problem);
    store_registration_free(row);
    store_agency_watch_free(watch);
    return ok;
}

static void decide_again(void *context) {
    struct deciding *d = context;
    g_clear_pointer(&d->denial, g_free);
}

gboolean agency_decide(struct site *site, const char *id, const char *approver, gboolean approves,
                       const char *reason, GError **error) {
    struct deciding d = {
        .site = site, .id = id, .approver = approver, .approves = approves, .reason = reason};
    if (!check_is_written("officer", approver, error))
        return FALSE;
    gboolean ok =
        (d.gate = site_gate_for_agencies(site, error)) != NULL &&
        store_write(site_store(site), STORE_WORK(decide_in_transaction, decide_again), &d, error);
    if (ok && (!approves || d.denial))
        ok = store_keys_delete(site_keys(site), id, error);
    if (ok && approves && d.denial) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_REFUSED,
                    "the policy denies this watch now, and it is refused. %s", d.denial);
        ok = FALSE;
    }
    g_free(d.denial);
    disclose_gate_unref(d.gate);
    return ok;
}
