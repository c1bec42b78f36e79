/* A roster against the list before it: compared row by row, judged by the breaker, accepted or held. */
#include <string.h>

#include "base/error.h"
#include "custody/breaker.h"
#include "custody/silence.h"
#include "intake/private.h"
#include "store/store.h"
#include "store/watch.h"

#define SPARED_ROW 0 /* no file has such a row */

#define LONGEST_MEAN_STAY_DAYS 300.0
#define MOST_TORN 0.05 /* of the rows: above it the file is no list */

static void ignore_problem(G_GNUC_UNUSED const struct feed_problem *problem,
                           G_GNUC_UNUSED void *context) {
}

static gboolean take_listing(struct load *load, const struct feed_cells *cells, guint64 digest,
                             GError **error) {
    struct feed_record record;
    gboolean is_usable;
    return load_read(load, cells, &record, &is_usable, error) &&
           (!is_usable || load_apply_record(load, &record, digest, TRUE, error));
}

static void renumber(struct load *load, struct feed_cells *cells) {
    g_autofree char *key =
        custody_roster_renumber(cells->cell[FIELD_BOOKING], cells->cell[FIELD_PERSON]);
    cells->cell[FIELD_BOOKING] = g_string_chunk_insert(load->scratch, key);
}

static enum custody_sight see(struct load_run *run, const struct feed_cells *cells, guint64 digest,
                              gboolean says_out) {
    const struct custody_row row = {.booking_key = cells->cell[FIELD_BOOKING],
                                    .person_key = cells->cell[FIELD_PERSON],
                                    .digest = digest,
                                    .says_out = says_out};
    gint64 booking_id = 0;
    return custody_roster_see(run->roster, &row, &booking_id);
}

/* A booking on another row: the list is read again with the rows of each put together. */
static gboolean find_charges(struct load *load, struct load_run *run, const struct feed_cells *cells) {
    struct feed_problem problem;
    run->has_charges = !load->has_charges;
    if (run->has_charges)
        return FALSE;
    feed_problem_set(
        &problem, cells->row, "booking", cells->cell[FIELD_BOOKING],
        "the file lists this booking under numbers that differ in their zeros; the first counts");
    load_keep_problem(&problem, load);
    return TRUE;
}

/* An ending may be of the one who had the number. */
static gboolean note_clash(struct load *load, const struct feed_cells *cells, gboolean says_out,
                           GError **error) {
    struct feed_record record;
    struct store_booking prior;
    if (!says_out || !feed_record_read(load->mapping, cells, load->observed_at_us, load->scratch,
                                       &record, ignore_problem, NULL)) {
        load_note_clash(load, cells->row, cells->cell[FIELD_BOOKING]);
        return TRUE;
    }
    if (!store_booking_by_key(load->db, load->mapping->jail, record.booking_key, &prior, error))
        return FALSE;
    const gboolean ok = load_tell_former(load, &prior.booking, &record, error);
    store_booking_clear(&prior);
    return ok;
}

/* FALSE without an error: find_charges. */
static gboolean take_numbered(struct load *load, struct load_run *run, struct feed_cells *cells,
                              GError **error) {
    const guint64 digest = feed_cells_digest(cells, load->mapping_digest);
    const gboolean says_out = feed_record_says_out(load->mapping, cells);
    const struct feed_cells as_written = *cells;
    const gboolean is_renumbered = custody_roster_is_renumbered(run->roster, cells->cell[FIELD_BOOKING],
                                                                cells->cell[FIELD_PERSON]);
    if (is_renumbered)
        renumber(load, cells); /* it was said when it came first */
    enum custody_sight sight = see(run, cells, digest, says_out);
    if (sight == SIGHT_CLASH) {
        if (!note_clash(load, cells, says_out, error))
            return FALSE;
        renumber(load, cells);
        sight = see(run, cells, digest, says_out);
    }
    if (is_renumbered && says_out && sight == SIGHT_CHANGED &&
        !note_clash(load, &as_written, says_out, error))
        return FALSE;
    run->n_torn += cells->n_torn;
    switch (sight) {
    case SIGHT_SAME:
    case SIGHT_DUPLICATE: return TRUE;
    case SIGHT_CONFLICT: return find_charges(load, run, cells);
    case SIGHT_CHANGED: run->n_changed++; break;
    case SIGHT_NEW: run->n_new++; break;
    case SIGHT_CLASH: break; /* with another that is joined so: it is numbered once more */
    }
    return take_listing(load, cells, digest, error);
}

/* Whether both numbers of the row stand for somebody else, too (load_settle_reused). */
static gboolean is_reused(const struct load_run *run, const struct feed_cells *row) {
    if (!custody_roster_has_renumbered(run->roster))
        return FALSE;
    g_autofree char *another =
        g_strconcat(row->cell[FIELD_PERSON], "/", row->cell[FIELD_BOOKING], NULL);
    return custody_roster_is_renumbered(run->roster, row->cell[FIELD_BOOKING], another);
}

static gboolean settle_reused(struct load *load, struct feed_record *record, struct feed_cells *row,
                              GError **error) {
    struct store_booking known;
    if (!store_booking_by_key(load->db, load->mapping->jail, record->booking_key, &known, error))
        return FALSE;
    const gboolean ok = !known.booking.id || load_settle_reused(load, &known, record, error);
    row->cell[FIELD_PERSON] = record->person_key;
    store_booking_clear(&known);
    return ok;
}

/* The numbers by which the row's booking and person are kept, mostly those that it gives. */
static gboolean settle_row(struct load *load, const struct load_run *run, struct feed_cells *row,
                           GError **error) {
    const char *kept = custody_roster_person(run->roster, row->cell[FIELD_BOOKING]);
    struct feed_record record;
    const gboolean is_its = kept && load_is_number_of(kept, row->cell[FIELD_PERSON]);
    if (is_its && strcmp(kept, row->cell[FIELD_PERSON]) != 0)
        row->cell[FIELD_PERSON] = g_string_chunk_insert(load->scratch, kept);
    if (kept && !(is_its && is_reused(run, row)))
        return TRUE;
    if (!feed_record_read(load->mapping, row, load->observed_at_us, load->scratch, &record,
                          ignore_problem, NULL))
        return TRUE; /* as it will be seen to be when it is taken */
    if (kept)
        return settle_reused(load, &record, row, error);
    if (!load_settle_numbers(load, &record, error))
        return FALSE;
    row->cell[FIELD_PERSON] = record.person_key;
    row->cell[FIELD_BOOKING] = record.booking_key;
    return TRUE;
}

static gboolean take_row(struct load *load, struct load_run *run, const struct feed_cells *cells,
                         GError **error) {
    const char *person = cells->cell[FIELD_PERSON], *booking = cells->cell[FIELD_BOOKING];
    struct feed_record record;
    struct feed_cells row = *cells;
    gboolean is_usable;

    if (cells->row == SPARED_ROW) { /* of a held list: somebody whose row could not be read */
        custody_roster_spare(run->roster, person);
        return TRUE;
    }
    if (!person || !booking) {
        run->n_unreadable++;
        const char *kept = person    ? person
                           : booking ? custody_roster_person(run->roster, booking)
                                     : NULL;
        if (kept) /* whoever has one of the two numbers is there */
            custody_roster_spare(run->roster, kept);
        return load_read(load, cells, &record, &is_usable, error);
    }
    return load_is_expunged(load, booking, person) ||
           (settle_row(load, run, &row, error) && take_numbered(load, run, &row, error));
}

gboolean load_check_torn(const struct load *load, const struct load_run *run, GError **error) {
    if (load->mapping->rows_are_charges || !run->n_torn ||
        run->n_torn < MOST_TORN * load->summary->rows)
        return TRUE;
    g_set_error(
        error, BASE_ERROR, BASE_ERROR_INPUT,
        "%s: %u rows are of bookings that stand on other rows with another place or admission. If the "
        "file holds earlier days too, pick the rows with `only_rows:`",
        load->name, run->n_torn);
    return FALSE;
}

static gboolean no_longer_listed(const struct custody_source *source,
                                 const struct custody_booking *prior, struct custody_history *history,
                                 struct custody_booking *next, struct custody_event *event) {
    return custody_booking_unlisted(source, prior, history, FALSE, FALSE, next, event);
}

static gboolean listed_under_another(const struct custody_source *source,
                                     const struct custody_booking *prior,
                                     struct custody_history *history, struct custody_booking *next,
                                     struct custody_event *event) {
    return custody_booking_unlisted(source, prior, history, TRUE, FALSE, next, event);
}

/* The list may show the other booking for want of its ending, which was reported. */
static gboolean is_held_otherwise(struct load *load, gint64 booking_id, gboolean *is_held,
                                  GError **error) {
    struct store_booking row;
    if (!store_booking_by_id(load->db, booking_id, &row, error))
        return FALSE;
    const gboolean ok = load_is_held_otherwise(load, &row.booking, is_held, error);
    store_booking_clear(&row);
    return ok;
}

static gboolean take_vanished(struct load *load, const struct custody_vanished *gone, GError **error) {
    gboolean is_rebooked = FALSE, is_listed;
    /* Another list of the jail may show it since the comparison was begun. */
    if (!store_booking_is_listed(load->db, gone->booking_id, load->feed.id, &is_listed, error))
        return FALSE;
    if (!is_listed)
        return TRUE;
    if (gone->is_rebooked && !is_held_otherwise(load, gone->booking_id, &is_rebooked, error))
        return FALSE;
    return load_change_booking(load, gone->booking_id,
                               is_rebooked ? listed_under_another : no_longer_listed, error) &&
           (!is_rebooked || store_registration_rebook(load->db, gone->booking_id, error));
}

static struct custody_breaker_input breaker_input(const struct load *load, const struct load_run *run) {
    return (struct custody_breaker_input){.roster = run->roster,
                                          .before_at_us = load->feed.fresh_at_us,
                                          .now_at_us = load->snapshot_at_us,
                                          .n_now = custody_roster_n_now(run->roster) +
                                                   custody_roster_n_spared(run->roster),
                                          .n_unreadable = run->n_unreadable,
                                          .is_cut = run->is_cut,
                                          .hold_above_percent = load->mapping->breaker_share};
}

/* Nothing at all has changed: a quiet jail, or a feed that sends the same list again. */
static gboolean note_repetition(struct load *load, const struct load_run *run, GError **error) {
    const struct custody_feed_state state = load_silence_state(load);
    struct custody_event event;
    double changes =
        custody_turnover_changes_per_day(&load->feed.turnover, run->roster, load->feed.fresh_at_us);
    load->source.state = SOURCE_REPEATED;
    g_strlcpy(load->summary->note, "nothing has changed since the last list",
              sizeof load->summary->note);
    gboolean is_silent = custody_feed_repeats(&state, changes, load->custody.observed_at_us, &event);
    load->feed.last_at_us = load->custody.observed_at_us;
    return !is_silent || load_raise_silence(load, &event, error);
}

static gboolean learn_baseline(struct load *load, GError **error) {
    struct custody_roster *roster = custody_roster_new();
    gboolean ok = store_booking_expect(load->db, load->feed.id, roster, error);
    if (ok)
        custody_turnover_start(&load->feed.turnover, roster,
                               load->mapping->columns[FIELD_ADMITTED_AT] != NULL, load->snapshot_at_us);
    custody_roster_free(roster);
    load->feed.has_baseline = load->feed.has_turnover = TRUE;
    load->summary->is_baseline = TRUE;
    return ok;
}

static gboolean change_each(struct load *load, GArray *ids, load_change_fn change, GError **error) {
    gboolean ok = ids != NULL;
    for (guint i = 0; ok && i < ids->len; i++)
        ok = load_change_booking(load, g_array_index(ids, gint64, i), change, error);
    return ok;
}

/* Whom a report let out and the list goes on showing, whom a report holds and the list does not show,
 * and whom a list that is held did not show. */
static gboolean take_still_as_it_was(struct load *load, GError **error) {
    g_autoptr(GArray) out = store_booking_still_listed(load->db, load->feed.id, error);
    g_autoptr(GArray) off = out ? store_booking_still_off(load->db, load->feed.id, error) : NULL;
    return off && change_each(load, out, custody_booking_still_listed, error) &&
           change_each(load, off, no_longer_listed, error) && load_relist(load, error);
}

static gboolean accept_roster(struct load *load, struct load_run *run, GArray *vanished,
                              GError **error) {
    /* Where there was no list, nobody can be gone: who stands in the part of one that was taken is
     * compared with the next, by the breaker. */
    const guint n_vanished = load->feed.has_baseline || load->is_accepted ? vanished->len : 0;
    for (guint i = 0; i < n_vanished; i++)
        if (!take_vanished(load, &g_array_index(vanished, struct custody_vanished, i), error))
            return FALSE;
    if (!take_still_as_it_was(load, error) || !load_tell_untold(load, error) ||
        !store_held_end(load->db, load->feed.id, SOURCE_SUPERSEDED, error))
        return FALSE;
    load->feed.has_last_digest = TRUE;
    memcpy(load->feed.last_digest, load->digest, sizeof load->feed.last_digest);
    load->feed.listed_at_us = load->snapshot_at_us;
    load_forget_held(load);
    if (!load->feed.has_baseline)
        return learn_baseline(load, error) && load_note_speech(load, error);
    if (!vanished->len && !run->n_new && !run->n_changed)
        return note_repetition(load, run, error);
    const struct custody_breaker_input input = breaker_input(load, run);
    custody_turnover_learn(&load->feed.turnover, &input);
    return load_note_speech(load, error);
}

/* What the breaker never holds: endings that the jail itself reports. */
static gboolean take_reported(struct load *load, const struct feed_cells *cells, GError **error) {
    struct feed_record record;
    gboolean is_usable;
    if (!feed_record_says_out(load->mapping, cells))
        return TRUE;
    if (!load_read(load, cells, &record, &is_usable, error))
        return FALSE;
    return !is_usable || !record.has_action || load_apply_record(load, &record, 0, FALSE, error);
}

/* A seal counts at once, whatever becomes of the list; the next list's row says whether it stays. */
static gboolean seal_known(struct load *load, const struct feed_cells *cells, GError **error) {
    const guint flags =
        (feed_flag_is_set(load->mapping, cells->cell[FIELD_SEALED]) ? SUBJECT_SEALED : 0u) |
        (feed_flag_is_set(load->mapping, cells->cell[FIELD_JUVENILE]) ? SUBJECT_JUVENILE : 0u) |
        (feed_flag_is_set(load->mapping, cells->cell[FIELD_PROTECTED]) ? SUBJECT_PROTECTED : 0u);
    return !flags || !cells->cell[FIELD_BOOKING] ||
           store_booking_seal(load->db, load->mapping->jail, cells->cell[FIELD_BOOKING], flags, error);
}

/* Of a list that is not compared: what it reports, and, where it may be compared later, its rows. */
static gboolean keep_cells(struct load *load, const struct feed_cells *cells, GByteArray *kept,
                           GError **error) {
    if (load_is_expunged(load, cells->cell[FIELD_BOOKING], cells->cell[FIELD_PERSON]))
        return TRUE;
    if (kept)
        feed_cells_keep(kept, cells, FALSE);
    return seal_known(load, cells, error) && take_reported(load, cells, error);
}

static void keep_spared(const char *person_key, void *context) {
    const struct feed_cells cells = {.row = SPARED_ROW, .cell = {[FIELD_PERSON] = person_key}};
    feed_cells_keep(context, &cells, FALSE);
}

/* What a pass over the rows counted. */
static void forget_rows(struct load *load) {
    load->summary->problems = load->summary->rows = load->n_kept_problems = 0;
    load->n_expunged = 0;
    load->legible = (struct load_legible){.n_followed = 0};
    json_array_clear(load->summary->problem_list);
}

/* What a pass over the rows made of them, up to the mark; what is `listed` was before it. */
static gboolean take_back_rows(struct load *load, const struct custody_pace *pace,
                               const struct owe_listing *listed, GError **error) {
    load->feed.pace = *pace;
    owe_listing_cut(&load->listing, listed);
    load->owing.n_alerts = 0;
    g_clear_pointer(&load->untold, g_ptr_array_unref);
    return store_take_back(load->db, error);
}

struct feed_adapter *load_open_list(struct load *load, feed_problem_fn on_problem, void *context,
                                    GError **error) {
    struct feed_adapter *rows = load_open_rows(load, error);
    return rows && (load->has_charges || load->mapping->rows_are_charges)
               ? feed_charges_open(rows, load->observed_at_us, on_problem, context)
               : rows;
}

static gboolean keep_rows(struct load *load, GByteArray *kept, GError **error) {
    struct feed_adapter *adapter = load_open_list(load, load_keep_problem, load, error);
    struct feed_cells cells;
    struct feed_problem problem;
    enum feed_next next;
    gboolean ok = adapter != NULL;
    while (ok && (next = feed_adapter_next(adapter, &cells, &problem)) != FEED_END) {
        load->summary->rows += next == FEED_PROBLEM ? 1 : 1 + cells.n_more;
        if (next == FEED_PROBLEM)
            load_keep_problem(&problem, load);
        else
            ok = keep_cells(load, &cells, kept, error);
        g_string_chunk_clear(load->scratch);
    }
    feed_adapter_free(adapter);
    return ok;
}

/* Nothing came in as far as a list tells that is not compared: the next counts from the one before. */
static void keep_pace(struct load *load) {
    const struct custody_pace *now = &load->feed.pace;
    if (!now->is_doubtful[PACE_ENDINGS] && !now->is_doubtful[PACE_ARRIVALS])
        load->feed.pace = load->pace_before;
}

gboolean load_roster_late(struct load *load, GError **error) {
    load->has_charges = TRUE; /* of a booking on two rows, what they say together */
    const gboolean ok = keep_rows(load, NULL, error) && load_judge_batch(load, error);
    keep_pace(load);
    return ok;
}

static gboolean hold_roster(struct load *load, struct custody_roster *roster, const GArray *missing,
                            const struct custody_verdict *verdict, GError **error) {
    g_autoptr(GByteArray) kept = g_byte_array_new();
    custody_roster_each_spared(roster, keep_spared, kept);
    forget_rows(load);
    const gboolean ok = keep_rows(load, kept, error);
    g_strlcpy(load->summary->note, verdict->reason, sizeof load->summary->note);
    if (!ok || !load_note_held(load, missing, verdict, error))
        return FALSE;
    g_autofree char *page = g_strdup_printf(
        "A list from %s is held (%s). %s %s If the list is "
        "right: tocsin feed accept %s. If it is not: tocsin feed reject %s.",
        load->feed.id, load->name, load->summary->note,
        load->feed.held_told ? "Whoever follows somebody missing was told that they may be out, and "
                               "that the list may be wrong."
                             : "Nobody was told of these disappearances yet.",
        load->feed.id, load->feed.id);
    load->source.state = SOURCE_HELD;
    load->source.is_broken = verdict->is_broken;
    load->source.reason = load->summary->note;
    load->summary->held = 1;
    load->feed.last_at_us = load->custody.observed_at_us;
    return store_held_add(load->db, load->source.id, kept->data ? kept->data : (const guint8 *)"",
                          kept->len, error) &&
           owe_page(load->db, load->site, page, error);
}

gboolean load_take_rows(struct load *load, struct load_run *run, struct feed_adapter *adapter,
                        guint most, GError **error) {
    struct feed_cells cells;
    struct feed_problem problem;
    gboolean ok = TRUE;
    for (guint n = 0; ok && n < most && !load->problem_error &&
                      feed_adapter_next(adapter, &cells, &problem) == FEED_CELLS;
         n++) {
        ok = take_row(load, run, &cells, error);
        g_string_chunk_clear(load->scratch);
    }
    if (!load->problem_error)
        return ok;
    g_clear_error(error);
    g_propagate_error(error, g_steal_pointer(&load->problem_error));
    return FALSE;
}

static gboolean see_rows(struct load *load, struct load_run *run, GError **error) {
    *run = (struct load_run){.roster = NULL};
    load->untold = load_untold_list();
    if (!store_mark(load->db, error))
        return FALSE;
    if (load->prepared)
        return load_take_prepared(load, run, error);
    struct feed_adapter *adapter = load_open_list(load, load_keep_problem, load, error);
    run->roster = custody_roster_new();
    const gboolean ok = adapter && store_booking_expect(load->db, load->feed.id, run->roster, error) &&
                        load_each_row(load, adapter, run, take_row, error);
    feed_adapter_free(adapter);
    return ok;
}

/* Once more, when it turns out that bookings stand on several rows. */
static gboolean compare_rows(struct load *load, struct load_run *run, const struct custody_pace *pace,
                             const struct owe_listing *listed, GError **error) {
    const gboolean ok = see_rows(load, run, error);
    if (!run->has_charges)
        return ok;
    load->has_charges = TRUE;
    custody_roster_free(run->roster);
    forget_rows(load);
    load->n_clashes = load->n_other_people = load->n_renamed = 0;
    return take_back_rows(load, pace, listed, error) && see_rows(load, run, error);
}

static gboolean judge_list(struct load *load, const struct load_run *run,
                           struct custody_verdict *verdict, GError **error) {
    const struct custody_breaker_input input = breaker_input(load, run);
    gboolean is_older = FALSE;
    if (load->is_accepted)
        return TRUE;
    if (load->feed.has_baseline)
        custody_breaker_judge(&load->feed.turnover, &input, verdict);
    if (!load->summary->rows) {
        verdict->is_held = verdict->is_broken = TRUE;
        g_strlcpy(verdict->reason, "The list is empty. That is so only when nobody is in this jail.",
                  sizeof verdict->reason);
    }
    if (load->time_is_files && load->feed.has_baseline &&
        !store_source_is_older_content(load->db, &load->feed, &load->source, &is_older, error))
        return FALSE;
    if (is_older) {
        verdict->is_held = verdict->is_broken = TRUE;
        g_strlcpy(verdict->reason,
                  "This is, to the letter, a list that was taken before, and others came since. It "
                  "looks like an old file sent again.",
                  sizeof verdict->reason);
    }
    return TRUE;
}

/* Compares and judges; what the comparison did is taken back when the list is held. */
gboolean load_roster(struct load *load, struct custody_verdict *verdict, GError **error) {
    struct load_run run = {.roster = NULL};
    if (!load_is_last(load))
        return load_take_slice(load, error);
    const struct custody_pace pace = load->feed.pace; /* a held list takes its counts back */
    const struct owe_listing listed = load->listing;  /* of the feed itself: they stay */
    gboolean ok = compare_rows(load, &run, &pace, &listed, error) &&
                  load_check_torn(load, &run, error) && load_page_clashes(load, error) &&
                  load_page_other_people(load, error) &&
                  (load->is_accepted || load_check_readable(load, &run, error));
    if (ok) {
        g_autoptr(GArray) vanished = custody_roster_vanished(run.roster);
        ok = judge_list(load, &run, verdict, error);
        if (ok && verdict->is_held)
            ok = take_back_rows(load, &pace, &listed, error) &&
                 hold_roster(load, run.roster, vanished, verdict, error);
        else if (ok)
            ok = accept_roster(load, &run, vanished, error) && store_keep(load->db, error);
        load->feed.pace.least_a_day = custody_roster_n_now(run.roster) / LONGEST_MEAN_STAY_DAYS;
        ok = ok && load_judge_batch(load, error);
        if (verdict->is_held)
            keep_pace(load);
    }
    custody_roster_free(run.roster);
    return ok;
}
