/* What can be done of a list before its transaction: it is read, and compared with what was listed, so
 * that the transaction need look only at the rows that differ. Nobody waits for it.
 *
 * What is the same now is the same then: whatever else is said of a booking meanwhile leaves what its
 * row looked like alone. Only another list of the feed does not, and then the comparison begins again.
 */
#include <string.h>

#include "base/error.h"
#include "intake/private.h"
#include "store/keep.h"
#include "store/store.h"

#define LOOK_EVERY 4096u
#define MOST_ROWS 512u /* of a first list, at a time */
#define MOST_BYTES (1u << 30)
#define MOST_PROBLEMS 100000u /* in memory; a list of more is looked at in the transaction */

struct load_prepared {
    struct custody_roster *roster; /* what was listed, with the rows that are the same as seen */
    struct custody_roster *others; /* of the rows that are not, to find bookings on several */
    GByteArray *rows;              /* of those, whole, in order */
    GArray *problems;              /* struct feed_problem: rows that could not be read */
    guint n_rows, n_unreadable, n_torn, n_kept;
    gboolean is_cut, has_charges;
    gboolean knows_jail;    /* somebody of the jail is known, of whom the list may be news */
    struct store_feed feed; /* as it was */
    /* Of the taking: */
    struct load_run run;
    struct feed_adapter *adapter; /* of the rows; NULL: it has not begun */
    guint n_taken;
};

static void keep_problem(const struct feed_problem *problem, void *context) {
    struct load_prepared *p = context;
    g_array_append_val(p->problems, *problem);
}

static void see_other(struct load_prepared *p, const struct feed_cells *cells, guint64 digest) {
    const struct custody_row row = {.booking_key = cells->cell[FIELD_BOOKING],
                                    .person_key = cells->cell[FIELD_PERSON],
                                    .digest = digest};
    gint64 id;
    p->has_charges |= custody_roster_see(p->others, &row, &id) == SIGHT_CONFLICT;
}

/* Whether the row says what it said on the last list, of who was on it. */
static gboolean is_as_before(struct load *load, struct load_prepared *p,
                             const struct feed_cells *cells) {
    const char *person = cells->cell[FIELD_PERSON], *booking = cells->cell[FIELD_BOOKING];
    if (!person || !booking || custody_roster_has_renumbered(p->roster) ||
        load_is_expunged(load, booking, person))
        return FALSE;
    struct feed_cells row = *cells;
    const char *kept = custody_roster_person(p->roster, booking);
    if (kept && load_is_number_of(kept, person))
        row.cell[FIELD_PERSON] = kept;
    const guint64 digest = feed_cells_digest(&row, load->mapping_digest);
    const struct custody_row seen = {.booking_key = booking,
                                     .person_key = row.cell[FIELD_PERSON],
                                     .digest = digest,
                                     .says_out = feed_record_says_out(load->mapping, cells)};
    if (custody_roster_see_same(p->roster, &seen))
        return TRUE;
    see_other(p, &row, digest);
    return FALSE;
}

static void take_problem(struct load_prepared *p, struct feed_adapter *adapter,
                         const struct feed_problem *problem) {
    keep_problem(problem, p);
    p->n_rows++;
    p->n_unreadable++;
    custody_roster_spare(p->roster, feed_adapter_unread(adapter));
}

static gboolean take_cells(struct load *load, struct load_prepared *p, const struct feed_cells *cells) {
    p->n_rows += 1 + cells->n_more;
    p->n_torn += cells->n_torn;
    if (!is_as_before(load, p, cells)) {
        feed_cells_keep(p->rows, cells, TRUE);
        p->n_kept++;
    }
    return !p->has_charges || load->has_charges;
}

/* FALSE without an error: the rows of a booking are to be put together first, or there are too many
 * problems. */
static gboolean read_rows(struct load *load, struct load_prepared *p, GError **error) {
    struct feed_adapter *adapter = load_open_list(load, keep_problem, p, error);
    struct feed_cells cells;
    struct feed_problem problem;
    gboolean ok = adapter != NULL;
    for (guint n = 0; ok; n++) {
        const enum feed_next next = feed_adapter_next(adapter, &cells, &problem);
        if (n % LOOK_EVERY == 0 && load->options->on_progress)
            load->options->on_progress(feed_adapter_progress(adapter), load->options->context);
        if (next == FEED_END)
            break;
        if (next == FEED_PROBLEM)
            take_problem(p, adapter, &problem);
        else
            ok = take_cells(load, p, &cells);
        ok = ok && (n % LOOK_EVERY || load_may_go_on(load, error)) &&
             p->problems->len < MOST_PROBLEMS && p->rows->len < MOST_BYTES;
    }
    p->is_cut = ok && feed_adapter_is_cut(adapter);
    feed_adapter_free(adapter);
    return ok;
}

void load_prepared_free(struct load_prepared *p) {
    if (!p)
        return;
    custody_roster_free(p->roster);
    custody_roster_free(p->run.roster);
    feed_adapter_free(p->adapter);
    g_clear_pointer(&p->others, custody_roster_free);
    g_byte_array_unref(p->rows);
    g_array_unref(p->problems);
    store_feed_clear(&p->feed);
    g_free(p);
}

static struct load_prepared *prepared_new(void) {
    struct load_prepared *p = g_new0(struct load_prepared, 1);
    p->roster = custody_roster_new();
    p->others = custody_roster_new();
    p->rows = g_byte_array_new();
    p->problems = g_array_new(FALSE, FALSE, sizeof(struct feed_problem));
    return p;
}

static gboolean read_known(struct load *load, struct load_prepared *p, GError **error) {
    GError *problem = NULL;
    struct db *db = store_read_begin(site_store(load->site), error);
    const gboolean ok =
        db && store_feed_get(db, load->feed_id, &p->feed, error) &&
        store_booking_expect(db, load->feed_id, p->roster, error) &&
        (p->feed.has_baseline ||
         store_jail_is_known(db, load->mapping->jail, load->feed_id, &p->knows_jail, error));
    load->expunged = ok ? store_expunged(db, &problem) : NULL;
    store_read_end(site_store(load->site), db);
    if (problem)
        g_propagate_error(error, problem);
    load->mapping_digest = ok ? load_mapping_digest(p->feed.mapping) : 0;
    return ok && !problem && load_check_mapping(load, error);
}

gboolean load_prepare(struct load *load, struct feed_mapping *mapping, GError **error) {
    struct load_prepared *p = prepared_new();
    GError *problem = NULL;
    load->mapping = mapping;
    gboolean ok = read_known(load, p, &problem) && read_rows(load, p, &problem);
    if (!ok && !problem && p->has_charges && !load->has_charges) {
        load_prepared_free(p);
        load->has_charges = TRUE;
        g_clear_pointer(&load->expunged, g_hash_table_unref);
        p = prepared_new();
        ok = read_known(load, p, &problem) && read_rows(load, p, &problem);
    }
    load->mapping = NULL;
    load->n_expunged = 0; /* they are counted when they are passed over */
    g_clear_pointer(&load->expunged, g_hash_table_unref);
    g_clear_pointer(&p->others, custody_roster_free);
    if (ok)
        load->prepared = g_steal_pointer(&p);
    load_prepared_free(p);
    if (problem)
        g_propagate_error(error, problem);
    return !problem;
}

static gboolean is_as_it_was(const struct store_feed *a, const struct store_feed *b) {
    return a->has_baseline == b->has_baseline && a->listed_at_us == b->listed_at_us &&
           a->has_last_digest == b->has_last_digest &&
           memcmp(a->last_digest, b->last_digest, sizeof a->last_digest) == 0 &&
           strcmp(a->mapping, b->mapping) == 0;
}

static gboolean refuse_stale(const struct load *load, GError **error) {
    g_set_error(error, BASE_ERROR, BASE_ERROR_BUSY,
                "%s: another list of the feed was taken meanwhile; it is to be compared again",
                load->name);
    return FALSE;
}

/* What was found of all rows, when the first of those that differ are taken. */
static gboolean begin_taking(struct load *load, struct load_prepared *p, GError **error) {
    g_autoptr(GBytes) rows = g_bytes_new_static(p->rows->data, p->rows->len);
    p->run = (struct load_run){.roster = g_steal_pointer(&p->roster),
                               .n_unreadable = p->n_unreadable,
                               .n_torn = p->n_torn,
                               .is_cut = p->is_cut};
    p->adapter = feed_held_open(load->mapping, rows, TRUE);
    load->summary->rows = p->n_rows;
    for (guint i = 0; i < p->problems->len; i++)
        load_keep_problem(&g_array_index(p->problems, struct feed_problem, i), load);
    return load_check_torn(load, &p->run, error);
}

static gboolean take_some(struct load *load, guint most, GError **error) {
    struct load_prepared *p = load->prepared;
    if (!p)
        return refuse_stale(load, error);
    if (!is_as_it_was(&p->feed, &load->feed))
        return refuse_stale(load, error);
    p->n_taken += most;
    return (p->adapter || begin_taking(load, p, error)) &&
           load_take_rows(load, &p->run, p->adapter, most, error);
}

gboolean load_take_prepared(struct load *load, struct load_run *run, GError **error) {
    const gboolean ok = take_some(load, G_MAXUINT, error);
    if (load->prepared) {
        *run = load->prepared->run;
        load->prepared->run.roster = NULL;
        g_clear_pointer(&load->prepared, load_prepared_free);
    }
    return ok;
}

/* ── A first list, some rows at a time ─────────────────────────────────────────────────────────── */

gboolean load_take_slice(struct load *load, GError **error) {
    GError *problem = NULL;
    load->untold = load_untold_list();
    if (take_some(load, MOST_ROWS, &problem))
        return load_tell_untold(load, error);
    if (problem) {
        g_propagate_error(error, problem);
        return FALSE;
    }
    load->has_charges = TRUE; /* a booking on another row, seen only now */
    return refuse_stale(load, error);
}

/* The transaction begins again, and what was compared is used up. */
static void take_back(void *context) {
    struct load *load = context;
    g_clear_pointer(&load->prepared, load_prepared_free);
}

gboolean load_first_list(struct load *load, GError **error) {
    struct load_slice slice = {.is_first = TRUE};
    gboolean ok = TRUE;
    load->slice = &slice;
    while (ok && !slice.is_last && !load->is_passed_over) {
        const struct load_prepared *p = load->prepared;
        slice.is_last = !p || p->n_kept <= p->n_taken + MOST_ROWS;
        ok = load_may_go_on(load, error) &&
             store_write(site_store(load->site), STORE_WORK(load_in_transaction, take_back), load,
                         error);
        slice.is_first = FALSE;
    }
    load->slice = NULL;
    return ok;
}

gboolean load_is_first_list(const struct load *load) {
    const struct load_prepared *p = load->prepared;
    return p && !p->feed.has_baseline && !p->knows_jail && p->n_kept > MOST_ROWS;
}
