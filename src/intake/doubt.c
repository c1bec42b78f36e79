/* Batches that nobody can believe at once, what a person decides of them, and what is undone. */
#include <string.h>

#include "base/error.h"
#include "intake/doubt.h"
#include "intake/private.h"
#include "store/store.h"

#define MANY 8 /* events of long ago: fewer are an odd row or two */

enum restating { RESTATE_DOUBTED, RESTATE_CONFIRMED, RESTATE_UNDONE };

/* The event under which the change is told: the same each time for the same one. */
static struct custody_event event_of(const struct load *load, const struct store_batch_event *e,
                                     const struct custody_booking *next, enum restating how) {
    static const char *const words[] = {"doubtful", "confirmed", CUSTODY_UNDONE};
    struct custody_event event = {.kind = how == RESTATE_UNDONE ? CUSTODY_CORRECTED : e->kind,
                                  .assertion =
                                      how == RESTATE_UNDONE ? ASSERTION_CORRECTED : ASSERTION_REPORTED,
                                  .is_doubtful = how == RESTATE_DOUBTED,
                                  .booking_key = next->key,
                                  .person_key = next->person_key,
                                  .facility_id = next->facility_id,
                                  .occurred_at_us = next->belief.from_us,
                                  .occurred_to_us = next->belief.to_us,
                                  .observed_at_us = load->owing.now_at_us,
                                  .has_corrects = how == RESTATE_UNDONE};
    char id[33];
    const char *const parts[] = {words[how], id, NULL};
    custody_event_id_format(e->id, id);
    custody_event_id(event.id, parts);
    memcpy(event.corrects, e->id, sizeof event.corrects);
    if (how == RESTATE_UNDONE) {
        event.occurred_at_us = event.occurred_to_us = TIME_UNKNOWN;
        g_strlcpy(event.detail, words[how], sizeof event.detail);
    }
    return event;
}

/* What a list made of it is undone with what it said: it goes on showing them, or never did. */
static void undo_listing(const struct load *load, const struct store_batch_event *e,
                         struct custody_booking *booking) {
    if (e->kind == CUSTODY_BOOKED && e->said == SAID_BY_US) {
        booking->listing = LISTING_GONE;
        booking->listed_at_us = booking->off_at_us = booking->was_off_at_us = TIME_UNKNOWN;
    } else if (e->kind == CUSTODY_LEFT_ROSTER && booking->listing == LISTING_GONE) {
        booking->listing = LISTING_NOW;
        booking->newest_list_at_us = load->feed.listed_at_us; /* the list before */
        booking->digest = 0;                                  /* to be read again */
        booking->listed_at_us = booking->off_at_us = TIME_UNKNOWN;
    } else if ((e->said == SAID_IN_ROW || e->kind == CUSTODY_STATUS_CHANGED) && booking->row_says_out) {
        booking->row_says_out = FALSE;
        booking->digest = 0; /* another list may say it, too */
        booking->listed_at_us = booking->off_at_us = TIME_UNKNOWN;
    }
}

/* Whether its source has taken it back by itself: nothing of it is news any more. */
static gboolean was_taken_back(struct load *load, const struct store_batch_event *e,
                               const struct custody_booking *booking, gboolean *is_so, GError **error) {
    struct custody_booking now;
    struct custody_history *history = store_history(load->db, e->booking_id, error);
    if (!history)
        return FALSE;
    custody_booking_reconsidered(booking, history, &now);
    *is_so = custody_history_fate(history, e->id, e->said) == CUSTODY_FATE_TAKEN_BACK;
    custody_history_free(history);
    return TRUE;
}

static gboolean mark(struct load *load, const struct store_batch_event *e, enum restating how,
                     GError **error) {
    return how == RESTATE_UNDONE ? store_event_undo(load->db, e->seq, error)
                                 : store_event_doubt(load->db, e->seq, how == RESTATE_DOUBTED, error);
}

static gboolean restate(struct load *load, const struct store_batch_event *e, gboolean is_last,
                        enum restating how, GError **error) {
    struct store_booking row;
    struct custody_booking next;
    gboolean is_settled = FALSE;
    if (!store_booking_by_id(load->db, e->booking_id, &row, error))
        return FALSE;
    struct custody_history *history = NULL;
    gboolean ok = was_taken_back(load, e, &row.booking, &is_settled, error) &&
                  mark(load, e, how, error) &&
                  (history = store_history(load->db, e->booking_id, error)) != NULL;
    if (ok) {
        struct custody_booking prior = row.booking;
        if (how == RESTATE_UNDONE)
            undo_listing(load, e, &prior);
        custody_booking_reconsidered(&prior, history, &next);
        if (e->kind == CUSTODY_BOOKED)
            next.is_uncounted = how == RESTATE_DOUBTED;
        const struct custody_event event = event_of(load, e, &next, how);
        /* Nobody can take back a doubt about who came in; the next list will tell. */
        const gboolean is_told = !is_settled && (how != RESTATE_DOUBTED || e->kind != CUSTODY_BOOKED) &&
                                 (how != RESTATE_UNDONE || is_last);
        ok = load_save_change(load, NULL, &row.booking, &next, is_told ? &event : NULL, error);
    }
    custody_history_free(history);
    store_booking_clear(&row);
    return ok;
}

/* What was said twice of one booking, as in doubt and then plainly, is undone at once, and told once.
 */
static gpointer key_of(const struct store_batch_event *e) {
    return GSIZE_TO_POINTER((gsize)e->booking_id * CUSTODY_N_KINDS + e->kind);
}

static gboolean restate_all(struct load *load, const GArray *batch, enum restating how,
                            GError **error) {
    const struct store_batch_event *events = (const struct store_batch_event *)(gpointer)batch->data;
    g_autoptr(GHashTable) last = g_hash_table_new(NULL, NULL);
    gboolean ok = TRUE;
    struct owe_listing *const listing = load->owing.listing;
    load->owing.listing = NULL; /* what a source said is listed, not what we think of it */
    for (guint i = 0; i < batch->len; i++)
        g_hash_table_insert(last, key_of(&events[i]), GUINT_TO_POINTER(i));
    for (guint i = 0; ok && i < batch->len; i++)
        ok = restate(load, &events[i],
                     GPOINTER_TO_UINT(g_hash_table_lookup(last, key_of(&events[i]))) == i, how, error);
    load->owing.listing = listing;
    return ok;
}

/* ── A batch ───────────────────────────────────────────────────────────────────────────────────── */

static void mark_listed(struct load *load, gboolean are_arrivals) {
    json_t *event;
    size_t i;
    json_array_foreach(load->listing.events, i, event) {
        enum custody_kind kind;
        if (json_is_true(json_object_get(event, "late")) ||
            !custody_kind_parse(json_string_value(json_object_get(event, "kind")), &kind))
            continue;
        const gboolean is_arrival = kind == CUSTODY_BOOKED;
        const gboolean is_ending = (KIND_BIT(kind) & (KINDS_OUT | KIND_BIT(CUSTODY_TRANSFERRED))) &&
                                   kind != CUSTODY_LEFT_ROSTER;
        if (are_arrivals ? is_arrival : is_ending)
            json_object_set_new(event, "assertion", json_string("doubtful"));
    }
}

/* Of history that is told to nobody. Transfer full. */
static char *followed_words(const struct load *load) {
    const guint n = load->owing.n_history_followed;
    return n ? g_strdup_printf(" %u of them are of long ago and of people whom somebody follows: see "
                               "`tocsin person show`, and tell them if they should know.",
                               n)
             : g_strdup("");
}

static gboolean page_batch(struct load *load, enum custody_pace_of of, GError **error) {
    const struct custody_pace *pace = &load->feed.pace;
    g_autofree char *followed = followed_words(load);
    g_autofree char *page = g_strdup_printf(
        "The feed %s reports %u %s (%s). About %.1f were to be expected; the chance of so many is "
        "below one in a million. Whoever follows one of them is told that it may be a mistake.%s If it "
        "is right: tocsin feed accept %s. If it is not: tocsin feed reject %s.",
        load->feed.id, pace->n[of] + load->n_ahead[of],
        of == PACE_ENDINGS ? "releases or other endings at once" : "new bookings at once", load->name,
        custody_pace_expected(pace, of, load_pace_at(load)), followed, load->feed.id, load->feed.id);
    return owe_page(load->db, load->site, page, error);
}

/* Whoever lost a filter sends years: it is told to nobody, and a person should know. */
static gboolean page_history(struct load *load, GError **error) {
    const guint n = load->owing.n_history, n_followed = load->owing.n_history_followed;
    if ((n < MANY && !n_followed) || !load_is_to_page(load, n, &load->n_paged_history))
        return TRUE;
    g_autofree char *followed = followed_words(load);
    g_autofree char *page =
        g_strdup_printf("The feed %s sent %u bookings or endings of long ago, of which nothing was "
                        "known (%s). They are taken as history, and told to nobody.%s Did its export "
                        "lose a filter? If the file is wrong: tocsin feed undo %s %s.",
                        load->feed.id, n, load->name, followed, load->feed.id, load->name);
    return owe_page(load->db, load->site, page, error);
}

/* With what the file has still to say, once something of it is news. */
static gboolean is_beyond(const struct load *load, enum custody_pace_of of) {
    struct custody_pace pace = load->feed.pace;
    if (pace.n[of] > load->pace_before.n[of])
        pace.n[of] += load->n_ahead[of];
    return custody_pace_is_beyond(&pace, of, load_pace_at(load));
}

gboolean load_judge_batch(struct load *load, GError **error) {
    gboolean is_paged = FALSE;
    struct custody_pace *pace = &load->feed.pace;
    for (enum custody_pace_of of = 0; of < PACE_N; of++) {
        const gboolean was = pace->is_doubtful[of];
        if (!was && !is_beyond(load, of))
            continue;
        pace->is_doubtful[of] = TRUE;
        g_autoptr(GArray) batch =
            store_batch(load->db, load->feed.id, pace->first_seq, of == PACE_ARRIVALS, error);
        if (!batch || !restate_all(load, batch, RESTATE_DOUBTED, error) ||
            (!was && !page_batch(load, of, error)))
            return FALSE;
        is_paged |= !was;
        mark_listed(load, of == PACE_ARRIVALS);
    }
    return is_paged || page_history(load, error);
}

/* ── Decided by a person ───────────────────────────────────────────────────────────────────────── */

struct decision {
    struct load load;
    const char *file; /* of an undoing */
    enum restating how;
    guint n;
};

static gboolean decide_in_transaction(struct db *db, void *context, GError **error) {
    struct decision *d = context;
    gboolean ok = load_begin(&d->load, db, error);
    g_autoptr(GArray) batch = ok ? store_batch_doubtful(db, d->load.feed_id, error) : NULL;
    ok = batch && restate_all(&d->load, batch, d->how, error);
    if (ok) {
        d->n = batch->len;
        memset(d->load.feed.pace.is_doubtful, 0, sizeof d->load.feed.pace.is_doubtful);
        memset(d->load.feed.pace.n, 0, sizeof d->load.feed.pace.n);
        d->load.feed.pace.first_seq = 0; /* what was decided on is not doubted again */
        ok = store_feed_save(db, &d->load.feed, error);
    }
    load_end(&d->load);
    return ok;
}

/* Not what a list showed, once another was compared with it. */
static void keep_said(GArray *batch) {
    for (guint i = batch->len; i > 0; i--) {
        const struct store_batch_event *e = &g_array_index(batch, struct store_batch_event, i - 1);
        if (e->said == SAID_BY_US && e->kind != CUSTODY_STATUS_CHANGED)
            g_array_remove_index(batch, i - 1);
    }
}

/* Whom only lists that were undone before, and this one, did not show. */
static gboolean add_vanished(struct load *load, GArray *batch, GError **error) {
    g_autoptr(GArray) vanished =
        store_batch_vanished(load->db, load->feed.id, load->feed.listed_at_us, error);
    if (vanished && vanished->len)
        g_array_append_vals(batch, vanished->data, vanished->len);
    return vanished != NULL;
}

static gboolean undo_in_transaction(struct db *db, void *context, GError **error) {
    struct decision *d = context;
    gint64 source = 0, snapshot_at_us = 0;
    gboolean is_last = FALSE;
    gboolean ok =
        load_begin(&d->load, db, error) &&
        store_source_by_name(db, &d->load.feed, d->file, &source, &snapshot_at_us, &is_last, error);
    if (ok && !source) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "the feed %s has taken no file named %s",
                    d->load.feed_id, d->file);
        ok = FALSE;
    }
    g_autoptr(GArray) batch = ok ? store_batch_of(db, source, error) : NULL;
    if (batch && load_is_roster(&d->load) && snapshot_at_us < d->load.feed.listed_at_us)
        keep_said(batch);
    if (is_last) { /* the same list may come again, and is compared with the one before */
        d->load.feed.has_last_digest = FALSE;
        ok = ok &&
             store_source_before(db, d->load.feed.id, snapshot_at_us, &d->load.feed.listed_at_us,
                                 error) &&
             batch && (!load_is_roster(&d->load) || add_vanished(&d->load, batch, error));
    }
    ok = ok && batch && restate_all(&d->load, batch, d->how, error) &&
         store_source_undo(db, source, error) && store_feed_save(db, &d->load.feed, error);
    d->n = ok ? batch->len : 0;
    load_end(&d->load);
    return ok;
}

static gboolean decide(struct site *site, const char *feed_id, struct decision *d, guint *n,
                       guint *n_alerts, GError **error) {
    struct load_summary done;
    const gboolean ok = load_deed(site, feed_id, &d->load, &done,
                                  d->file ? undo_in_transaction : decide_in_transaction, d, error);
    *n = d->n;
    *n_alerts = d->load.owing.n_alerts;
    return ok;
}

gboolean doubt_decide(struct site *site, const char *feed_id, gboolean is_right, guint *n,
                      guint *n_alerts, GError **error) {
    struct decision d = {.how = is_right ? RESTATE_CONFIRMED : RESTATE_UNDONE};
    return decide(site, feed_id, &d, n, n_alerts, error);
}

gboolean doubt_undo(struct site *site, const char *feed_id, const char *file, guint *n, guint *n_alerts,
                    GError **error) {
    struct decision d = {.file = file, .how = RESTATE_UNDONE};
    return decide(site, feed_id, &d, n, n_alerts, error);
}
