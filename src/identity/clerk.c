/* A clerk's word: what speaks for two people, and that they are one, or are not. */
#include "base/error.h"
#include "identity/private.h"
#include "store/link.h"
#include "store/store.h"

struct two {
    struct linker *linker;
    gint64 a, b;
    GArray *named;
};

static gboolean read_two(struct db *db, void *context, GError **error) {
    struct two *t = context;
    return store_name_get(db, t->a, identity_keep_named, t->named, error) &&
           store_name_get(db, t->b, identity_keep_named, t->named, error);
}

gboolean linker_explain(struct site *site, gint64 a, gint64 b, struct link_evidence *evidence,
                        guint *n_evidence, double *prior, double *bits, const char **why_not,
                        GError **error) {
    g_autoptr(GArray) named = identity_named_list();
    struct two two = {identity_linker_new(site, NULL), a, b, named};
    gboolean ok =
        identity_count_names(two.linker, error) && store_read(site_store(site), read_two, &two, error);
    if (ok && named->len == 2) {
        const struct named *p = &g_array_index(named, struct named, 0),
                           *q = &g_array_index(named, struct named, 1);
        *bits = identity_compare(two.linker, p, q, evidence, n_evidence);
        *prior = link_prior(two.linker->set);
        *why_not = identity_why_not_sure(two.linker, p, q, evidence);
    }
    identity_linker_free(two.linker);
    return ok;
}

struct decision {
    struct site *site;
    gint64 a, b;
    const char *by;
    guint n_corrected;
};

static gboolean put_decision(struct db *db, const struct decision *d, enum store_link_state state,
                             GError **error) {
    struct store_link link;
    gboolean is_there;
    if (!store_link_get(db, d->a, d->b, &link, &is_there, error))
        return FALSE;
    const struct store_link next = {.a = d->a,
                                    .b = d->b,
                                    .state = state,
                                    .bits = is_there ? link.bits : 0,
                                    .found_at_us = is_there ? link.found_at_us : site_now(d->site),
                                    .decided_by = d->by,
                                    .decided_at_us = site_now(d->site)};
    return store_link_put(db, &next, error);
}

static gboolean join_in_transaction(struct db *db, void *context, GError **error) {
    const struct decision *d = context;
    gboolean is_refused;
    if (!put_decision(db, d, LINK_CONFIRMED, error) ||
        !store_link_is_refused(db, d->a, d->b, &is_refused, error))
        return FALSE;
    if (is_refused) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_CONFLICT,
                    "somebody decided that another number of theirs is another person: join those two "
                    "first, or part "
                    "what does not belong");
        return FALSE;
    }
    return identity_join(db, d->site, d->a, d->b, error);
}

/* A clerk's word stands against `a` and each that it was one with; or against the two alone. */
static gboolean part_in_transaction(struct db *db, void *context, GError **error) {
    struct decision *d = context;
    g_autoptr(GArray) members = store_identity_members(db, d->a, error);
    g_autoptr(GArray) only_a = g_array_new(FALSE, FALSE, sizeof(gint64)),
                      only_b = g_array_new(FALSE, FALSE, sizeof(gint64));
    gboolean ok = members && put_decision(db, d, LINK_REFUSED, error), were_one = FALSE;
    g_array_append_val(only_a, d->a);
    g_array_append_val(only_b, d->b);
    for (guint i = 0; ok && i < members->len; i++)
        were_one |= g_array_index(members, gint64, i) == d->b;
    for (guint i = 0; ok && were_one && i < members->len; i++) {
        struct decision other = *d;
        other.b = g_array_index(members, gint64, i);
        ok = other.b == d->a || put_decision(db, &other, LINK_REFUSED, error);
    }
    if (ok && were_one)
        return identity_leave(db, d->site, d->a, &d->n_corrected, error);
    return ok && identity_take_back(db, d->site, d->a, only_b, NULL, &d->n_corrected, error) &&
           identity_take_back(db, d->site, d->b, only_a, NULL, &d->n_corrected, error);
}

static void part_again(void *context) {
    struct decision *d = context;
    d->n_corrected = 0;
}

static gboolean check_decision(gint64 a, gint64 b, const char *by, GError **error) {
    if (a != b && by && *by)
        return TRUE;
    g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT,
                a == b ? "these are one number" : "say who decides: --by NAME");
    return FALSE;
}

gboolean linker_join(struct site *site, gint64 a, gint64 b, const char *by, GError **error) {
    struct decision d = {.site = site, .a = a, .b = b, .by = by};
    return check_decision(a, b, by, error) &&
           store_write(site_store(site), STORE_WORK(join_in_transaction, NULL), &d, error);
}

gboolean linker_part(struct site *site, gint64 a, gint64 b, const char *by, guint *n_corrected,
                     GError **error) {
    struct decision d = {.site = site, .a = a, .b = b, .by = by};
    if (!check_decision(a, b, by, error) ||
        !store_write(site_store(site), STORE_WORK(part_in_transaction, part_again), &d, error))
        return FALSE;
    *n_corrected = d.n_corrected;
    return TRUE;
}

gboolean linker_waiting(struct site *site, guint limit, store_link_fn each, void *context,
                        GError **error) {
    struct db *db = store_read_begin(site_store(site), error);
    const gboolean ok = db && store_links(db, 0, limit, each, context, error);
    store_read_end(site_store(site), db);
    return ok;
}

char *linker_label(struct site *site, gint64 person_id, GError **error) {
    struct db *db = store_read_begin(site_store(site), error);
    char *label = db ? store_person_label(db, person_id, error) : NULL;
    store_read_end(site_store(site), db);
    return label;
}
