#include "intake/held.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "intake/doubt.h"
#include "intake/private.h"
#include "store/store.h"

#define AGREES 0.9 /* of those whom the list before lacked, the share that this one lacks, too */

static gboolean not_on_the_held_list(const struct custody_source *source,
                                     const struct custody_booking *prior,
                                     struct custody_history *history, struct custody_booking *next,
                                     struct custody_event *event) {
    return custody_booking_unlisted(source, prior, history, FALSE, TRUE, next, event);
}

static GHashTable *set_of(const GArray *ids) {
    GHashTable *set = g_hash_table_new(g_int64_hash, g_int64_equal);
    for (guint i = 0; ids && i < ids->len; i++)
        g_hash_table_add(set, &g_array_index(ids, gint64, i));
    return set;
}

/* Whom a held list did not show, but for those of `still_missing` (NULL: nobody). */
static gboolean relist(struct load *load, const GArray *still_missing, GError **error) {
    g_autoptr(GArray) doubted = store_booking_doubtfully_gone(load->db, load->feed.id, error);
    g_autoptr(GHashTable) missing = set_of(still_missing);
    gboolean ok = doubted != NULL;
    for (guint i = 0; ok && i < doubted->len; i++) {
        const gint64 id = g_array_index(doubted, gint64, i);
        ok = g_hash_table_contains(missing, &id) ||
             load_change_booking(load, id, custody_booking_relisted, error);
    }
    return ok;
}

gboolean load_relist(struct load *load, GError **error) {
    return relist(load, NULL, error);
}

/* Also of whom nobody follows yet: who signs up later is told the same. */
static gboolean tell_missing(struct load *load, GError **error) {
    const GArray *missing = load->feed.held_missing;
    gboolean ok = relist(load, missing, error); /* whom an earlier one lacked and this one shows */
    for (guint i = 0; ok && missing && i < missing->len; i++)
        ok = load_change_booking(load, g_array_index(missing, gint64, i), not_on_the_held_list, error);
    load->feed.held_told = TRUE;
    return ok;
}

/* How many of those whom the list before lacked this one lacks, too; they agree when it is nearly all.
 */
static guint count_common(const GArray *before, const GArray *now) {
    g_autoptr(GHashTable) ids = set_of(now);
    guint n = 0;
    for (guint i = 0; before && i < before->len; i++)
        n += g_hash_table_contains(ids, &g_array_index(before, gint64, i));
    return n;
}

/* Two lists that each lose m of n rows by chance, each by itself, lack the same k with a chance below
 * (m/n)^k. A cause that both share, such as a filter that was left on, it does not judge. */
static void explain_agreement(struct load *load, guint n_common, guint n_missing, guint n_before) {
    const double digits = n_common * log10((double)MAX(n_before, 1) / MAX(n_missing, 1));
    gsize n = strlen(load->summary->note);
    g_snprintf(load->summary->note + n, sizeof load->summary->note - n,
               " It is list %u in a row that lacks the same people: if each lost rows by chance, the "
               "chance of that is below 1 in 10^%.0f.",
               load->feed.n_agree, floor(MIN(digits, 99)));
}

gboolean load_note_held(struct load *load, const GArray *missing, const struct custody_verdict *verdict,
                        GError **error) {
    if (verdict->is_broken) /* no list at all: what the others lacked stays, and silence is told */
        return TRUE;
    GArray *now = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (guint i = 0; i < missing->len; i++) {
        const struct custody_vanished *one = &g_array_index(missing, struct custody_vanished, i);
        if (!one->is_rebooked) /* the list shows them, under another booking */
            g_array_append_val(now, one->booking_id);
    }
    const guint n_before = load->feed.held_missing ? load->feed.held_missing->len : 0;
    const guint n_common = count_common(load->feed.held_missing, now);
    const gboolean agrees = n_before && n_common >= AGREES * n_before;
    g_clear_pointer(&load->feed.held_missing, g_array_unref);
    load->feed.held_missing = now;
    if (load->feed.held_since_us == TIME_UNKNOWN)
        load->feed.held_since_us = load->owing.now_at_us;
    load->feed.n_agree = agrees ? load->feed.n_agree + 1 : 1;
    if (agrees)
        explain_agreement(load, n_common, now->len, verdict->n_before);
    return load->feed.n_agree >= 2 || load->feed.held_told ? tell_missing(load, error)
                                                           : load_tell_held(load, error);
}

gboolean load_tell_held(struct load *load, GError **error) {
    if (load->feed.held_told || load->feed.held_since_us == TIME_UNKNOWN || !load->feed.held_missing ||
        load->owing.now_at_us < load->feed.held_since_us + load->mapping->tell_held_after_us)
        return TRUE;
    load->custody.observed_at_us = load->feed.last_at_us; /* the newest held list's */
    return tell_missing(load, error);
}

void load_forget_held(struct load *load) {
    g_clear_pointer(&load->feed.held_missing, g_array_unref);
    load->feed.held_since_us = TIME_UNKNOWN;
    load->feed.n_agree = 0;
    load->feed.held_told = FALSE;
}

/* The newest list that is held becomes the content of this load. */
static gboolean find_held(struct load *load, struct db *db, GError **error) {
    gint64 id;
    if (!store_held_newest(db, load->feed_id, &id, error))
        return FALSE;
    if (!id) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "no list of %s is held", load->feed_id);
        return FALSE;
    }
    load->content =
        store_held_cells(db, id, &load->snapshot_at_us, &load->held_name, load->digest, error);
    load->name = load->held_name;
    load->observed_at_us = load->snapshot_at_us;
    return load->content != NULL;
}

static gboolean accept_in_transaction(struct db *db, void *context, GError **error) {
    return find_held(context, db, error) && load_in_transaction(db, context, error);
}

static gboolean accept_list(struct site *site, const char *feed_id, const char *baseline_by,
                            struct load_summary *summary, GError **error) {
    const struct load_options options = {.taken_at_us = TIME_UNKNOWN,
                                         .lists_events = summary != NULL,
                                         .tells_nobody = baseline_by != NULL};
    struct load_summary done = {.list = options.lists_events ? json_array() : NULL,
                                .problem_list = json_array()};
    struct load load = {.site = site,
                        .feed_id = feed_id,
                        .is_accepted = TRUE,
                        .baseline_by = baseline_by,
                        .options = &options,
                        .summary = &done,
                        .listing.events = done.list};
    gboolean ok =
        store_write(site_store(site), STORE_WORK(accept_in_transaction, load_again), &load, error);
    g_clear_pointer(&load.content, g_bytes_unref);
    g_free(load.held_name);
    if (summary)
        *summary = done;
    else
        load_summary_clear(&done);
    return ok;
}

/* Where no list is held, but reports are in doubt: those are decided on. */
static gboolean decide_doubt(struct site *site, const char *feed_id, gboolean is_right,
                             struct load_summary *summary, GError **error) {
    guint n, n_alerts;
    if (!doubt_decide(site, feed_id, is_right, &n, &n_alerts, error))
        return FALSE;
    if (!n) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                    "nothing of %s waits for a decision: no list is held, and no report is in doubt",
                    feed_id);
        return FALSE;
    }
    if (summary)
        *summary = (struct load_summary){.rows = n, .alerts = n_alerts, .is_of_doubt = TRUE};
    return TRUE;
}

gboolean held_accept(struct site *site, const char *feed_id, struct load_summary *summary,
                     GError **error) {
    GError *problem = NULL;
    if (accept_list(site, feed_id, NULL, summary, &problem))
        return TRUE;
    if (!g_error_matches(problem, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
        g_propagate_error(error, problem);
        return FALSE;
    }
    g_clear_error(&problem);
    if (summary)
        load_summary_clear(summary);
    return decide_doubt(site, feed_id, TRUE, summary, error);
}

gboolean held_accept_as_baseline(struct site *site, const char *feed_id, const char *by,
                                 struct load_summary *summary, GError **error) {
    g_autofree char *said = g_strdup_printf("taken as a new baseline by %s", by);
    return accept_list(site, feed_id, said, summary, error);
}

static gboolean reject_held(struct load *load, GError **error) {
    load_forget_held(load);
    load->custody.is_decision = TRUE;
    return store_held_end(load->db, load->feed.id, SOURCE_REJECTED, error) && load_relist(load, error);
}

static gboolean reject_in_transaction(struct db *db, void *context, GError **error) {
    struct load *load = context;
    gint64 id;
    if (!store_held_newest(db, load->feed_id, &id, error))
        return FALSE;
    if (!id) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "no list of %s is held", load->feed_id);
        return FALSE;
    }
    const gboolean ok = load_begin(load, db, error) && reject_held(load, error) &&
                        store_feed_save(db, &load->feed, error);
    load_end(load);
    return ok;
}

gboolean held_reject(struct site *site, const char *feed_id, guint *n_alerts, GError **error) {
    struct load_summary done;
    struct load load;
    GError *problem = NULL;
    gboolean ok = load_deed(site, feed_id, &load, &done, reject_in_transaction, &load, &problem);
    *n_alerts = load.owing.n_alerts;
    if (g_error_matches(problem, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
        g_clear_error(&problem);
        ok = decide_doubt(site, feed_id, FALSE, &done, error);
        *n_alerts = done.alerts;
    } else if (problem) {
        g_propagate_error(error, problem);
    }
    return ok;
}
