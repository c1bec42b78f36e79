#include "identity/private.h"
#include "match/match.h"
#include "owe/owe.h"
#include "store/agency.h"
#include "store/link.h"
#include "store/outbox.h"
#include "store/watch.h"

#define MOST_ASKED 5             /* of those compared, about whom a clerk is asked */
#define RECENT_US (24 * HOUR_US) /* what happened longer ago is no news */

/* Tells those who follow another number of what happened to `person` in the last day: all of it once
 * the two are one, the newest while they may be. What they were told already they are not told again.
 */
static gboolean tell(struct db *db, struct site *site, gint64 person, gint64 other, gboolean is_sure,
                     GError **error) {
    const gint64 since = site_now(site) - RECENT_US;
    g_autoptr(GArray) events = store_events_since(db, person, since, error);
    g_autoptr(GPtrArray) registrations =
        events ? store_registrations_on_person(db, other, error) : NULL;
    if (!registrations)
        return FALSE;
    for (guint k = is_sure || !events->len ? 0 : events->len - 1; k < events->len; k++) {
        const struct store_recent_event *e = &g_array_index(events, struct store_recent_event, k);
        const struct custody_event event = {.kind = (enum custody_kind)e->kind,
                                            .is_late = e->is_late,
                                            .is_unclear = e->is_unclear,
                                            .booking_key = e->booking_key};
        if (e->occurred_at_us != TIME_UNKNOWN && e->occurred_at_us < since)
            continue; /* history that came late is no news */
        for (guint i = 0; i < registrations->len; i++) {
            const struct store_registration *row = registrations->pdata[i];
            const enum match_reason reason =
                match_registration(&event, &row->registration, FALSE, site_now(site));
            if (row->person_id == person || reason == MATCH_NONE)
                continue;
            if (!owe_alert(db, site, row->registration.id, e->seq, is_sure ? reason : MATCH_POSSIBLE,
                           NULL, error) ||
                (is_sure &&
                 !store_alert_revive(db, row->registration.id, e->seq, site_now(site), error)))
                return FALSE;
        }
    }
    return TRUE;
}

/* Whoever was told otherwise, or waits for an ending that another number has, hears what is believed of
 * all numbers: what happened longer ago is no news, but it holds. */
static gboolean restate(struct db *db, struct site *site, const struct store_registration *row,
                        GError **error) {
    struct belief_statement now;
    g_autoptr(GArray) told = store_told(db, row->id, error);
    g_autoptr(GArray) beliefs = told ? store_beliefs(db, row->person_id, error) : NULL;
    if (!beliefs)
        return FALSE;
    const struct belief_booking *bookings = (const struct belief_booking *)(gpointer)beliefs->data;
    belief_of_person(bookings, beliefs->len, &now);
    const struct belief_statement *last =
        told->len ? &g_array_index(told, struct belief_statement, told->len - 1) : NULL;
    const gboolean asked = belief_is_leaving(&now) && (row->registration.kinds & KIND_BIT(now.kind));
    if (!watch_registration_is_active(&row->registration, site_now(site)) || !last ||
        !(asked || belief_is_leaving(last)) || belief_is_same(last, &now, bookings, beliefs->len))
        return TRUE;
    g_autofree char *why = g_strdup_printf("joined %" G_GINT64_FORMAT, site_now(site));
    return owe_as_known(db, site, row->id, row->person_id, why, NULL, error);
}

/* Not agencies: a join widens no disclosure. */
static gboolean restate_all(struct db *db, struct site *site, gint64 person, GError **error) {
    g_autoptr(GPtrArray) rows = store_registrations_on_person(db, person, error);
    gboolean ok = rows != NULL;
    for (guint i = 0; ok && i < rows->len; i++) {
        const struct store_registration *row = rows->pdata[i];
        struct store_agency_watch *watch = NULL;
        ok = store_agency_watch_get(db, row->id, &watch, error) &&
             (watch || restate(db, site, row, error));
        store_agency_watch_free(watch);
    }
    return ok;
}

/* Everybody who follows any number of the two hears of all. */
gboolean identity_join(struct db *db, struct site *site, gint64 a, gint64 b, GError **error) {
    if (!store_identity_join(db, a, b, error))
        return FALSE;
    g_autoptr(GArray) members = store_identity_members(db, a, error);
    gboolean ok = members != NULL;
    for (guint i = 0; ok && i < members->len; i++)
        ok = tell(db, site, g_array_index(members, gint64, i), a, TRUE, error);
    return ok && restate_all(db, site, a, error);
}

/* What was owed about `person` to those who follow one of `others`: unsent it stays so; who may have
 * read of them is told so, once each, and added to `misled` (struct store_wrong_alert), which may be
 * NULL. */
gboolean identity_take_back(struct db *db, const struct site *site, gint64 person, const GArray *others,
                            GArray *misled, guint *n_corrected, GError **error) {
    g_autoptr(GArray) alerts = store_alerts_across(db, person, MATCH_UNLINKED, error);
    g_autoptr(GHashTable) told = g_hash_table_new(g_str_hash, g_str_equal);
    gboolean ok = alerts != NULL;
    for (guint i = 0; ok && i < alerts->len; i++) {
        const struct store_wrong_alert *w = &g_array_index(alerts, struct store_wrong_alert, i);
        gboolean is_theirs = FALSE;
        gint64 seq;
        for (guint k = 0; k < others->len; k++)
            is_theirs |= g_array_index(others, gint64, k) == w->follows;
        if (!is_theirs)
            continue;
        if (w->is_queued && !store_alert_withdraw(db, w->seq, error))
            return FALSE;
        if (!w->may_have_left || !g_hash_table_add(told, (gpointer)(gsize)w->registration_id))
            continue;
        gboolean is_new = FALSE;
        ok = owe_mistake(db, site, w->event_seq, &seq, error) &&
             owe_alert(db, site, w->registration_id, seq, MATCH_UNLINKED, &is_new, error);
        *n_corrected += is_new;
        if (ok && is_new && misled)
            g_array_append_val(misled, *w);
    }
    return ok;
}

/* `person` leaves those it was one with. */
gboolean identity_leave(struct db *db, const struct site *site, gint64 person, guint *n_corrected,
                        GError **error) {
    g_autoptr(GArray) others = store_identity_members(db, person, error);
    g_autoptr(GArray) alone = g_array_new(FALSE, FALSE, sizeof(gint64));
    g_autoptr(GArray) misled = g_array_new(FALSE, FALSE, sizeof(struct store_wrong_alert));
    gboolean ok = others != NULL;
    g_array_append_val(alone, person);
    for (guint i = 0; ok && i < others->len; i++)
        if (g_array_index(others, gint64, i) == person)
            g_array_remove_index(others, i--);
    ok = ok && identity_take_back(db, site, person, others, misled, n_corrected, error);
    for (guint i = 0; ok && i < others->len; i++)
        ok = identity_take_back(db, site, g_array_index(others, gint64, i), alone, misled, n_corrected,
                                error);
    ok = ok && store_identity_leave(db, person, error);
    for (guint i = 0; ok && i < misled->len;
         i++) { /* not that alone, but what is believed of their own */
        const struct store_wrong_alert *m = &g_array_index(misled, struct store_wrong_alert, i);
        g_autofree char *why = g_strdup_printf("parted %" G_GINT64_FORMAT, m->event_seq);
        ok = owe_as_known(db, site, m->registration_id, m->follows, why, NULL, error);
    }
    return ok;
}

/* ── What was found out ────────────────────────────────────────────────────────────────────────── */

void identity_finding_clear(gpointer data) {
    g_array_unref(((struct finding *)data)->verdicts);
}

static gboolean write_verdict(struct db *db, struct writing *w, gint64 person, const struct verdict *v,
                              guint *n_asked, GError **error) {
    struct site *site = w->linker->site;
    struct store_link known;
    gboolean is_known, is_refused, guarded;
    g_autoptr(GArray) members = store_identity_members(db, person, error);
    if (!members || !store_link_get(db, person, v->other, &known, &is_known, error) ||
        !store_link_is_refused(db, person, v->other, &is_refused, error) ||
        !identity_is_guarded(db, w->linker, person, v->other, &guarded, error))
        return FALSE;
    const gboolean is_sure = v->is_sure && !guarded;
    if (is_refused || (is_known && known.state != LINK_WAITS) || (!is_sure && *n_asked >= MOST_ASKED))
        return TRUE;
    for (guint i = 0; i < members->len; i++)
        if (g_array_index(members, gint64, i) == v->other)
            return TRUE; /* one already */
    const struct store_link link = {.a = person,
                                    .b = v->other,
                                    .state = is_sure ? LINK_AUTOMATIC : LINK_WAITS,
                                    .bits = v->bits,
                                    .evidence = v->evidence,
                                    .found_at_us = site_now(site)};
    w->n_sure += is_sure;
    *n_asked += !is_sure;
    if (!store_link_put(db, &link, error))
        return FALSE;
    if (is_sure)
        return identity_join(db, site, person, v->other, error);
    /* Of a pair that waits, once, whoever follows either. */
    return is_known || (tell(db, site, person, v->other, FALSE, error) &&
                        tell(db, site, v->other, person, FALSE, error));
}

/* A link that was made for another name than the person has now, and that this one speaks against: they
 * part, who was told is told so, and a clerk is asked. A few bits less part nobody: names grow common
 * with a site. */
static gboolean undo_what_no_longer_holds(struct db *db, struct writing *w, const struct finding *f,
                                          GError **error) {
    g_autoptr(GArray) linked = store_links_automatic(db, f->person, error);
    gboolean holds = TRUE;
    guint n_corrected = 0;
    if (!linked)
        return FALSE;
    for (guint i = 0; i < linked->len; i++) {
        gboolean may_be = FALSE;
        for (guint k = 0; k < f->verdicts->len; k++) {
            const struct verdict *v = &g_array_index(f->verdicts, struct verdict, k);
            may_be |= v->other == g_array_index(linked, gint64, i) && !v->is_guarded;
        }
        holds &= may_be;
    }
    if (holds)
        return TRUE;
    for (guint i = 0; i < linked->len; i++) {
        const struct store_link link = {.a = f->person,
                                        .b = g_array_index(linked, gint64, i),
                                        .state = LINK_WAITS,
                                        .found_at_us = site_now(w->linker->site)};
        if (!store_link_put(db, &link, error))
            return FALSE;
    }
    return identity_leave(db, w->linker->site, f->person, &n_corrected, error);
}

static gboolean write_finding(struct db *db, struct writing *w, const struct finding *f,
                              GError **error) {
    g_autoptr(GArray) keep = store_links_automatic(db, f->person, error);
    guint n_asked = 0;
    gboolean ok = keep && undo_what_no_longer_holds(db, w, f, error);
    for (guint k = 0; ok && k < f->verdicts->len; k++)
        g_array_append_val(keep, g_array_index(f->verdicts, struct verdict, k).other);
    ok = ok && store_links_forget(db, f->person, keep, error);
    for (guint k = 0; ok && k < f->verdicts->len; k++)
        ok = write_verdict(db, w, f->person, &g_array_index(f->verdicts, struct verdict, k), &n_asked,
                           error);
    return ok;
}

gboolean identity_write_findings(struct db *db, void *context, GError **error) {
    struct writing *w = context;
    gint64 before = 0, after = 0;
    gboolean ok = store_links_waiting(db, &before, error);
    for (guint i = 0; ok && i < w->findings->len; i++)
        ok = write_finding(db, w, &g_array_index(w->findings, struct finding, i), error);
    ok = ok && store_links_waiting(db, &after, error) && store_linked_set(db, w->seq, error);
    w->n_possible = (guint)MAX(after - before, 0);
    return ok;
}

void identity_write_again(void *context) {
    struct writing *w = context;
    w->n_sure = w->n_possible = 0;
}
