#include "pipeline/load.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/text.h"
#include "custody/breaker.h"
#include "custody/silence.h"
#include "feed/adapter.h"
#include "feed/date.h"
#include "people/fold.h"
#include "pipeline/publish.h"
#include "store/store_watch.h"

#define MOST_PROBLEMS_KEPT 10000
#define MOST_PROBLEMS_LISTED 1000
#define SPARED_ROW 0 /* no file has such a row */
#define MOST_FILE_BYTES (G_GUINT64_CONSTANT(2) << 30)

void load_summary_clear(struct load_summary *summary) {
    json_decref(summary->list);
    json_decref(summary->problem_list);
    *summary = (struct load_summary){.list = NULL};
}

/* ── One load, from the rows of an adapter to the store ────────────────────────────────────────── */

struct load {
    struct site *site;
    const char *feed_id, *name;
    guint64 mapping_digest;
    GBytes *content; /* the file's bytes; NULL: the roster that is held */
    guint8 digest[32];
    gint64 snapshot_at_us; /* of a roster; else 0 */
    gint64 observed_at_us;
    gboolean time_is_files; /* nothing but the file's own date says when the list was taken */
    gboolean is_accepted;   /* a person decided: the breaker is not asked */
    const char *push_key;
    const struct load_options *options;
    struct load_summary *summary;
    char *answer;

    char *held_name;    /* of the list that a person accepted */
    char content_name[65]; /* the digest in hexadecimal */
    struct db *db;      /* from here on: of the transaction */
    struct store_feed feed;
    struct feed_mapping *mapping;
    struct store_source source;
    struct publish publish;
    struct custody_source custody;
    GStringChunk *scratch;
    GError *problem_error; /* the store failed while a problem was being kept */
    guint n_kept_problems;
};

static gboolean is_roster(const struct load *load) {
    return load->mapping->format == FEED_CSV_ROSTER;
}

static void keep_problem(const struct feed_problem *problem, void *context) {
    struct load *load = context;
    struct load_summary *s = load->summary;
    if (load->is_accepted) /* kept when the list was held */
        return;
    if (load->n_kept_problems++ < MOST_PROBLEMS_KEPT && !load->problem_error)
        store_problem_add(load->db, load->source.id, problem, &load->problem_error);
    s->problems++;
    if (s->problem_list && json_array_size(s->problem_list) < MOST_PROBLEMS_LISTED)
        json_array_append_new(s->problem_list,
                              json_pack("{s:s, s:i, s:s, s:s, s:s}", "file", load->name, "row",
                                        problem->row, "field", problem->field, "reason",
                                        problem->reason, "value", problem->value));
}

static struct custody_feed_state silence_state(const struct load *load) {
    return (struct custody_feed_state){.feed = load->feed.id,
                                       .facility_id = feed_mapping_facility(load->mapping)->id,
                                       .interval_us = load->mapping->interval_us,
                                       .tell_after_us = load->mapping->tell_after_us,
                                       .last_at_us = load->feed.last_at_us,
                                       .fresh_at_us = load->feed.fresh_at_us,
                                       .silent_since_us = load->feed.silent_since_us};
}

static gboolean raise_silence(struct load *load, const struct custody_event *event, GError **error) {
    load->feed.silent_since_us = event->occurred_at_us;
    load->feed.silence_told = FALSE;
    g_autofree char *since = base_time_format(event->occurred_at_us);
    g_autofree char *page = g_strdup_printf(
        "The feed %s %s since %s. Nobody who relies on it can be told of changes. Ask the jail's "
        "records staff, then see `tocsin feed status`.",
        load->feed.id,
        g_str_equal(event->detail, "repeated") ? "sends the same list again"
        : g_str_equal(event->detail, "held")   ? "has sent only lists that are held"
                                               : "has sent nothing",
        since);
    return publish_event(&load->publish, event, 0, 0, &load->feed.silence_seq, error) &&
           publish_page(load->db, load->site, page, error);
}

/* Something new came: if the feed was silent, it speaks again. */
static gboolean note_speech(struct load *load, GError **error) {
    const struct custody_feed_state state = silence_state(load);
    struct custody_event event;
    gint64 seq;
    load->feed.fresh_at_us = load->feed.last_at_us =
        MAX(load->feed.last_at_us, load->custody.observed_at_us); /* TIME_UNKNOWN is the least */
    if (!custody_feed_speaks(&state, load->custody.observed_at_us, &event))
        return TRUE;
    if (!publish_event(&load->publish, &event, 0, 0, &seq, error) ||
        (load->feed.silence_told && !publish_silence(&load->publish, &event, seq, error)))
        return FALSE;
    load->feed.silent_since_us = TIME_UNKNOWN;
    load->feed.silence_seq = 0;
    load->feed.silence_told = FALSE;
    return TRUE;
}

static gboolean save_person(struct load *load, const struct feed_record *record, gint64 *id,
                            GError **error) {
    g_autofree char *folded = people_fold_name(record->surname, record->given, record->middle);
    struct store_person person = {.scope = load->mapping->person_scope,
                                  .key = record->person_key,
                                  .surname = record->surname,
                                  .given = record->given,
                                  .middle = record->middle,
                                  .suffix = record->suffix,
                                  .born = record->born};
    gboolean ok = store_person_save(load->db, &person, folded, error);
    *id = person.id;
    return ok;
}

/* The booking is known as somebody else's. Nobody is told what the row says, for it is about one of
 * two people; those who follow the booking hear that something is unclear. */
static gboolean refuse_other_person(struct load *load, const struct custody_booking *prior,
                                    const struct feed_record *record, struct feed_record *safe) {
    struct feed_problem problem;
    if (strcmp(prior->person_key, record->person_key) == 0)
        return FALSE;
    feed_problem_set(&problem, record->row, "person", record->person_key,
                     "the booking is known as another person's; it stays theirs until the jail's "
                     "records staff say which is right");
    keep_problem(&problem, load);
    *safe = *record;
    safe->person_key = prior->person_key;
    safe->surname = safe->given = safe->middle = safe->suffix = "";
    safe->born = 0;
    if (record->has_action) {
        safe->is_unclear = TRUE;
        safe->action = CUSTODY_STATUS_CHANGED;
    }
    return TRUE;
}

/* Person, booking, event, in that order; nothing changes when the event was recorded before. */
static gboolean save_record(struct load *load, const struct feed_record *record,
                            const struct custody_booking *known, guint64 digest, gboolean as_listing,
                            GError **error) {
    struct custody_booking next;
    struct custody_event event;
    gint64 person_id = 0;
    guint8 corrected[CUSTODY_EVENT_ID_BYTES];

    if (!save_person(load, record, &person_id, error))
        return FALSE;
    load->custody.held_since_us =
        record->has_action ? store_person_held_since(load->db, person_id, known ? known->id : 0)
                           : TIME_UNKNOWN;
    load->custody.corrected =
        record->corrects_event_id &&
                store_event_by_source_key(load->db, load->feed.id, record->corrects_event_id, corrected)
            ? corrected
            : NULL;
    load->publish.source_key = record->event_id;
    gboolean happened =
        as_listing ? custody_booking_listed(&load->custody, known, record, digest, &next, &event)
                   : custody_booking_reported(&load->custody, known, record, &next, &event);
    if (happened && !as_listing && publish_is_known(&load->publish, &event))
        return TRUE;
    next.id = known ? known->id : 0;
    next.person_id = person_id;
    return store_booking_save(load->db, load->mapping->jail, as_listing ? load->feed.id : NULL, &next,
                              error) &&
           (!happened || publish_event(&load->publish, &event, next.id, person_id, NULL, error));
}

static gboolean apply_record(struct load *load, const struct feed_record *record, guint64 digest,
                             gboolean as_listing, GError **error) {
    struct store_booking prior;
    struct feed_record safe;
    if (!store_booking_by_key(load->db, load->mapping->jail, record->booking_key, &prior, error))
        return FALSE;
    const struct custody_booking *known = prior.booking.id ? &prior.booking : NULL;
    if (known && refuse_other_person(load, known, record, &safe))
        record = &safe;
    gboolean ok = save_record(load, record, known, digest, as_listing, error);
    load->publish.source_key = NULL;
    store_booking_clear(&prior);
    return ok;
}

/* ── Rosters ───────────────────────────────────────────────────────────────────────────────────── */

struct roster_run {
    struct custody_roster *roster;
    guint n_now, n_new, n_changed, n_unreadable;
    gboolean is_cut;
};

static gboolean take_reported(struct load *load, struct roster_run *run, const struct feed_cells *cells,
                              GError **error);

static gboolean take_row(struct load *load, struct roster_run *run, const struct feed_cells *cells,
                         GError **error) {
    const char *person = cells->cell[FIELD_PERSON], *booking = cells->cell[FIELD_BOOKING];
    guint64 digest = feed_cells_digest(cells, load->mapping_digest);
    struct feed_record record;
    gint64 booking_id = 0;

    if (cells->row == SPARED_ROW) { /* of a held list: somebody whose row could not be read */
        custody_roster_spare(run->roster, person);
        return TRUE;
    }
    if (!person || !booking) {
        run->n_unreadable++;
        if (person) /* a person without a booking number is there, whoever it is */
            custody_roster_spare(run->roster, person);
        feed_record_read(load->mapping, cells, load->observed_at_us, load->scratch, &record,
                         keep_problem, load);
        return TRUE;
    }
    switch (custody_roster_see(run->roster, booking, person, digest, &booking_id)) {
    case SIGHT_SAME: run->n_now++; return TRUE;
    case SIGHT_DUPLICATE: return TRUE;
    case SIGHT_CONFLICT: {
        struct feed_problem problem;
        feed_problem_set(&problem, cells->row, "booking", booking,
                         "the file lists this booking twice with different values; the first row "
                         "counts");
        keep_problem(&problem, load);
        return take_reported(load, run, cells, error); /* a second row may be the one that tells */
    }
    case SIGHT_CHANGED: run->n_changed++; break;
    case SIGHT_NEW: run->n_new++; break;
    }
    run->n_now++;
    return !feed_record_read(load->mapping, cells, load->observed_at_us, load->scratch, &record,
                             keep_problem, load) ||
           apply_record(load, &record, digest, TRUE, error);
}

/* Every row of the adapter through `take`. */
static gboolean each_row(struct load *load, struct feed_adapter *adapter, struct roster_run *run,
                         gboolean (*take)(struct load *, struct roster_run *, const struct feed_cells *,
                                          GError **),
                         GError **error) {
    struct feed_cells cells;
    struct feed_problem problem;

    for (guint n = 0;; n++) {
        if (load->options->on_progress && n % 4096 == 0)
            load->options->on_progress(feed_adapter_progress(adapter), load->options->context);
        switch (feed_adapter_next(adapter, &cells, &problem)) {
        case FEED_END: run->is_cut = feed_adapter_is_cut(adapter); return TRUE;
        case FEED_PROBLEM:
            keep_problem(&problem, load);
            load->summary->rows++;
            run->n_unreadable++;
            if (run->roster)
                custody_roster_spare(run->roster, feed_adapter_unread(adapter));
            break;
        case FEED_CELLS:
            load->summary->rows++;
            if (!take(load, run, &cells, error))
                return FALSE;
            g_string_chunk_clear(load->scratch);
        }
        if (load->problem_error) {
            g_propagate_error(error, g_steal_pointer(&load->problem_error));
            return FALSE;
        }
    }
}

static struct feed_adapter *open_content(struct load *load, GBytes *content, GError **error) {
    gsize n;
    const void *bytes = g_bytes_get_data(content, &n);
    struct feed_adapter *adapter =
        feed_adapter_open(load->mapping, g_memdup2(bytes ? bytes : "", n), n, error);
    if (!adapter)
        g_prefix_error(error, "%s: ", load->name);
    return adapter;
}

static struct feed_adapter *open_rows(struct load *load, GError **error) {
    return load->is_accepted ? feed_held_open(load->mapping, load->content)
                             : open_content(load, load->content, error);
}

static gboolean take_vanished(struct load *load, const struct custody_vanished *gone, GError **error) {
    struct store_booking prior;
    struct custody_booking next;
    struct custody_event event;

    if (!store_booking_by_id(load->db, gone->booking_id, &prior, error))
        return FALSE;
    gboolean happened =
        custody_booking_unlisted(&load->custody, &prior.booking, gone->is_rebooked, &next, &event);
    gboolean ok =
        store_booking_save(load->db, load->mapping->jail, NULL, &next, error) &&
        (!gone->is_rebooked || store_registration_rebook(load->db, gone->booking_id, error)) &&
        (!happened || publish_event(&load->publish, &event, next.id, next.person_id, NULL, error));
    store_booking_clear(&prior);
    return ok;
}

static struct custody_breaker_input breaker_input(const struct load *load,
                                                  const struct roster_run *run) {
    return (struct custody_breaker_input){.roster = run->roster,
                                          .before_at_us = load->feed.fresh_at_us,
                                          .now_at_us = load->snapshot_at_us,
                                          .n_now = run->n_now + custody_roster_n_spared(run->roster),
                                          .n_unreadable = run->n_unreadable,
                                          .is_cut = run->is_cut,
                                          .hold_above_percent = load->mapping->breaker_share};
}

/* Nothing at all has changed: a quiet jail, or a feed that sends the same list again. */
static gboolean note_repetition(struct load *load, const struct roster_run *run, GError **error) {
    const struct custody_feed_state state = silence_state(load);
    struct custody_event event;
    double changes =
        custody_turnover_changes_per_day(&load->feed.turnover, run->roster, load->feed.fresh_at_us);
    load->source.state = SOURCE_REPEATED;
    g_strlcpy(load->summary->note, "nothing has changed since the last list",
              sizeof load->summary->note);
    gboolean is_silent = custody_feed_repeats(&state, changes, load->custody.observed_at_us, &event);
    load->feed.last_at_us = load->custody.observed_at_us;
    return !is_silent || raise_silence(load, &event, error);
}

static gboolean learn_baseline(struct load *load, GError **error) {
    struct custody_roster *roster = custody_roster_new(store_booking_n_listed(load->db, load->feed.id));
    gboolean ok = store_booking_expect(load->db, load->feed.id, roster, error);
    if (ok)
        custody_turnover_start(&load->feed.turnover, roster,
                               load->mapping->columns[FIELD_ADMITTED_AT] != NULL, load->snapshot_at_us);
    custody_roster_free(roster);
    load->feed.has_baseline = load->feed.has_turnover = TRUE;
    load->summary->is_baseline = TRUE;
    return ok;
}

/* Whom a report let out and the list goes on showing: the report was wrong. */
static gboolean take_still_listed(struct load *load, GError **error) {
    g_autoptr(GArray) ids = store_booking_still_listed(load->db, load->feed.id, error);
    gboolean ok = ids != NULL;
    for (guint i = 0; ok && i < ids->len; i++) {
        struct store_booking prior;
        struct custody_booking next;
        struct custody_event event;
        ok = store_booking_by_id(load->db, g_array_index(ids, gint64, i), &prior, error);
        if (ok && custody_booking_still_listed(&load->custody, &prior.booking, &next, &event))
            ok = store_booking_save(load->db, load->mapping->jail, NULL, &next, error) &&
                 publish_event(&load->publish, &event, next.id, next.person_id, NULL, error);
        store_booking_clear(&prior);
    }
    return ok;
}

static gboolean accept_roster(struct load *load, struct roster_run *run, GArray *vanished,
                              GError **error) {
    for (guint i = 0; i < vanished->len; i++)
        if (!take_vanished(load, &g_array_index(vanished, struct custody_vanished, i), error))
            return FALSE;
    if (!take_still_listed(load, error) ||
        !store_held_end(load->db, load->feed.id, SOURCE_SUPERSEDED, error))
        return FALSE;
    load->feed.has_last_digest = TRUE;
    memcpy(load->feed.last_digest, load->digest, sizeof load->feed.last_digest);
    if (!load->feed.has_baseline)
        return learn_baseline(load, error) && note_speech(load, error);
    if (!vanished->len && !run->n_new && !run->n_changed)
        return note_repetition(load, run, error);
    const struct custody_breaker_input input = breaker_input(load, run);
    custody_turnover_learn(&load->feed.turnover, &input);
    return note_speech(load, error);
}

/* What the breaker never holds: releases that the jail itself reports. */
static gboolean take_reported(struct load *load, struct roster_run *run, const struct feed_cells *cells,
                              GError **error) {
    struct feed_record record;
    (void)run;
    if (!cells->cell[FIELD_RELEASED_AT] ||
        !feed_record_read(load->mapping, cells, load->observed_at_us, load->scratch, &record,
                          keep_problem, load) ||
        !record.has_action)
        return TRUE;
    return apply_record(load, &record, 0, FALSE, error);
}

static gboolean keep_cells(struct load *load, struct roster_run *run, const struct feed_cells *cells,
                           GByteArray *kept, GError **error) {
    feed_cells_keep(kept, cells);
    return take_reported(load, run, cells, error);
}

static void keep_spared(const char *person_key, void *context) {
    const struct feed_cells cells = {.row = SPARED_ROW, .cell = {[FIELD_PERSON] = person_key}};
    feed_cells_keep(context, &cells);
}

static gboolean hold_roster(struct load *load, const struct custody_roster *roster,
                            const struct custody_verdict *verdict, GError **error) {
    g_autoptr(GByteArray) kept = g_byte_array_new();
    struct roster_run run = {.roster = NULL};
    struct feed_cells cells;
    struct feed_problem problem;
    struct feed_adapter *adapter = open_content(load, load->content, error);
    enum feed_next next;
    gboolean ok = adapter != NULL;

    custody_roster_each_spared(roster, keep_spared, kept);

    load->summary->problems = load->summary->rows = load->n_kept_problems = 0;
    json_array_clear(load->summary->problem_list);
    while (ok && (next = feed_adapter_next(adapter, &cells, &problem)) != FEED_END) {
        load->summary->rows++;
        if (next == FEED_PROBLEM)
            keep_problem(&problem, load);
        else
            ok = keep_cells(load, &run, &cells, kept, error);
    }
    feed_adapter_free(adapter);
    g_autofree char *page = g_strdup_printf(
        "A list from %s is held (%s). %s Nobody was told of these disappearances. If the list is "
        "right: tocsin feed accept %s. If it is not: tocsin feed reject %s.",
        load->feed.id, load->name, verdict->reason, load->feed.id, load->feed.id);
    load->source.state = SOURCE_HELD;
    load->source.reason = verdict->reason;
    load->summary->held = 1;
    load->feed.last_at_us = load->custody.observed_at_us;
    g_strlcpy(load->summary->note, verdict->reason, sizeof load->summary->note);
    return ok && store_held_add(load->db, load->source.id, kept->data, kept->len, error) &&
           publish_page(load->db, load->site, page, error);
}

/* Compares and judges; what the comparison did is taken back when the list is held. */
static gboolean load_roster(struct load *load, struct custody_verdict *verdict, GError **error) {
    struct roster_run run = {.roster =
                                 custody_roster_new(store_booking_n_listed(load->db, load->feed.id))};
    struct feed_adapter *adapter = open_rows(load, error);
    const size_t n_events = json_array_size(load->summary->list); /* of the feed itself: they stay */
    gboolean ok = adapter != NULL && db_script(load->db, "SAVEPOINT roster", error) &&
                  store_booking_expect(load->db, load->feed.id, run.roster, error) &&
                  each_row(load, adapter, &run, take_row, error);
    if (ok) {
        g_autoptr(GArray) vanished = custody_roster_vanished(run.roster);
        const struct custody_breaker_input input = breaker_input(load, &run);
        if (load->feed.has_baseline && !load->is_accepted)
            custody_breaker_judge(&load->feed.turnover, &input, verdict);
        if (!load->is_accepted && load->time_is_files && load->feed.has_baseline &&
            store_source_is_older_content(load->db, &load->feed, &load->source)) {
            verdict->is_held = TRUE;
            g_strlcpy(verdict->reason,
                      "This is, to the letter, a list that was taken before, and others came since. It "
                      "looks like an old file sent again.",
                      sizeof verdict->reason);
        }
        if (verdict->is_held) {
            while (json_array_size(load->summary->list) > n_events)
                json_array_remove(load->summary->list, n_events);
            load->publish.n_alerts = 0;
            ok = db_script(load->db, "ROLLBACK TO roster", error) &&
                 hold_roster(load, run.roster, verdict, error);
        } else {
            ok = accept_roster(load, &run, vanished, error);
        }
        ok = ok && db_script(load->db, "RELEASE roster", error);
    }
    feed_adapter_free(adapter);
    custody_roster_free(run.roster);
    return ok;
}

/* ── Events ────────────────────────────────────────────────────────────────────────────────────── */

static gboolean take_event(struct load *load, struct roster_run *run, const struct feed_cells *cells,
                           GError **error) {
    struct feed_record record;
    if (!feed_record_read(load->mapping, cells, load->observed_at_us, load->scratch, &record,
                          keep_problem, load)) {
        run->n_unreadable++;
        return TRUE;
    }
    return apply_record(load, &record, 0, FALSE, error);
}

static gboolean load_events(struct load *load, GError **error) {
    struct roster_run run = {.roster = NULL};
    struct feed_adapter *adapter = open_rows(load, error);
    if (!load->feed.has_baseline &&
        !load->push_key) { /* rule 8: the first file is the feed's history */
        load->publish.tells_nobody = TRUE;
        load->summary->is_baseline = TRUE;
    }
    gboolean ok = adapter && each_row(load, adapter, &run, take_event, error);
    feed_adapter_free(adapter);
    load->feed.has_baseline = TRUE;
    return ok && note_speech(load, error);
}

/* ── The whole, in one transaction ─────────────────────────────────────────────────────────────── */

static gboolean begin_load(struct load *load, struct db *db, GError **error) {
    load->db = db;
    if (!store_feed_get(db, load->feed_id, &load->feed, error))
        return FALSE;
    load->mapping =
        site_mapping(load->site, load->feed.id, load->feed.mapping, error);
    if (!load->mapping)
        return FALSE;
    load->publish = (struct publish){.site = load->site,
                                     .db = db,
                                     .feed = &load->feed,
                                     .mapping = load->mapping,
                                     .file = load->name,
                                     .now_at_us = site_now(load->site),
                                     .tells_nobody = load->options->tells_nobody,
                                     .events = load->summary->list};
    load->custody = (struct custody_source){.feed = load->feed.id,
                                            .mapping = load->mapping,
                                            .observed_at_us = load->observed_at_us,
                                            .is_baseline = is_roster(load) && !load->feed.has_baseline};
    text_hex(load->digest, sizeof load->digest, load->content_name);
    load->custody.content = is_roster(load) ? load->content_name : NULL;
    load->custody.held_since_us = TIME_UNKNOWN;
    load->mapping_digest = base_hash64(load->feed.mapping, strlen(load->feed.mapping), 0);
    load->scratch = g_string_chunk_new(4096);
    return TRUE;
}

static void end_load(struct load *load) {
    feed_mapping_free(load->mapping);
    store_feed_clear(&load->feed);
    if (load->scratch)
        g_string_chunk_free(load->scratch);
    g_clear_error(&load->problem_error);
    load->mapping = NULL;
    load->scratch = NULL;
}

static gboolean record_source(struct load *load, enum store_source_state state, GError **error) {
    load->source = (struct store_source){.feed = load->feed.id,
                                         .name = load->name,
                                         .digest = load->digest,
                                         .snapshot_at_us = load->snapshot_at_us,
                                         .received_at_us = load->publish.now_at_us,
                                         .state = state};
    return store_source_add(load->db, &load->source, error) &&
           (load->is_accepted || load->push_key ||
            store_problem_clear(load->db, load->source.id, error));
}

static gboolean finish(struct load *load, GError **error) {
    load->summary->events = (guint)json_array_size(load->summary->list);
    load->summary->alerts = load->publish.n_alerts;
    load->source.n_rows = load->summary->rows;
    load->source.n_events = load->summary->events;
    load->source.answer = load->answer;
    return store_source_finish(load->db, &load->source, error) &&
           store_feed_save(load->db, &load->feed, error);
}

/* A file that came before, or is older than what was loaded since. */
static gboolean is_passed_over(struct load *load, gboolean *passed, GError **error) {
    enum store_source_state state;
    const gboolean is_newest =
        load->feed.has_last_digest && memcmp(load->feed.last_digest, load->digest, 32) == 0;
    const gboolean is_older = is_roster(load) && load->feed.last_at_us != TIME_UNKNOWN &&
                              load->snapshot_at_us < load->feed.last_at_us;
    *passed = TRUE;
    if (store_source_known(load->db, load->feed.id, load->digest, load->snapshot_at_us, &state) &&
        state != SOURCE_REFUSED &&
        (!is_roster(load) || is_older || is_newest || state == SOURCE_HELD ||
         state == SOURCE_REJECTED)) {
        g_snprintf(load->summary->note, sizeof load->summary->note, "this file was taken before (%s)",
                   store_source_state_name(state));
        return TRUE;
    }
    if (is_older) {
        g_autofree char *newer = base_time_format(load->feed.last_at_us);
        g_snprintf(load->summary->note, sizeof load->summary->note,
                   "the list is older than the one taken at %s; it was not compared", newer);
        g_autofree char *page = g_strdup_printf("The file %s of the feed %s came too late: %s.",
                                                load->name, load->feed.id, load->summary->note);
        return record_source(load, SOURCE_STALE, error) && finish(load, error) &&
               publish_page(load->db, load->site, page, error);
    }
    *passed = FALSE;
    if (load->observed_at_us <= load->publish.now_at_us + DAY_US)
        return TRUE;
    g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT,
                "%s: by its name the list was taken in the future. Mend the name, or say --taken-at",
                load->name);
    return FALSE;
}

static gboolean note_gap(struct load *load, GError **error) {
    const struct custody_feed_state state = silence_state(load);
    struct custody_event event;
    return !custody_feed_overdue(&state, load->observed_at_us, &event) ||
           raise_silence(load, &event, error);
}

static gboolean load_in_transaction(struct db *db, void *context, GError **error) {
    struct load *load = context;
    struct custody_verdict verdict = {.is_held = FALSE};
    gboolean passed = FALSE;
    gboolean ok =
        begin_load(load, db, error) && (load->is_accepted || is_passed_over(load, &passed, error));
    if (ok && !passed)
        ok = record_source(load, SOURCE_LOADED, error);
    if (ok && !passed) {
        load->publish.source_id = load->source.id;
        ok = note_gap(load, error) &&
             (is_roster(load) ? load_roster(load, &verdict, error) : load_events(load, error)) &&
             finish(load, error);
    }
    end_load(load);
    return ok;
}

/* A file that cannot be what its mapping says: recorded, and the operator is told. */
static gboolean refuse_in_transaction(struct db *db, void *context, GError **error) {
    struct load *load = context;
    const char *reason = load->source.reason;
    g_autofree char *page = g_strdup_printf("The file %s of the feed %s cannot be read: %s", load->name,
                                            load->feed_id, reason);
    struct feed_problem problem;
    feed_problem_set(&problem, 0, "", NULL, "%s", reason);
    gboolean ok = begin_load(load, db, error) && record_source(load, SOURCE_REFUSED, error);
    load->source.reason = reason;
    ok = ok && store_problem_add(db, load->source.id, &problem, error) && finish(load, error) &&
         publish_page(db, load->site, page, error);
    end_load(load);
    return ok;
}

static gboolean run_load(struct load *load, GError **error) {
    g_autoptr(GError) problem = NULL;
    gint64 start_us = g_get_monotonic_time();
    load->summary->list = json_array();
    load->summary->problem_list = json_array();
    gboolean ok = (load->options->is_trial ? store_try : store_write)(
        load->site->store, load_in_transaction, load, &problem);
    if (!ok && load->content && !load->is_accepted && !load->push_key && !load->options->is_trial &&
        g_error_matches(problem, BASE_ERROR, BASE_ERROR_INPUT)) {
        load->source = (struct store_source){.reason = problem->message};
        store_write(load->site->store, refuse_in_transaction, load, NULL);
    }
    load->summary->ms = (g_get_monotonic_time() - start_us) / 1000;
    if (problem)
        g_propagate_error(error, g_steal_pointer(&problem));
    return ok;
}

/* ── Files ─────────────────────────────────────────────────────────────────────────────────────── */

/* When the list was taken: as asked, as the file's name says, else by the newest admission in it,
 * else when the file was written. */
static gint64 newest_admission(const struct feed_mapping *mapping, GBytes *content, gint64 now_at_us) {
    gsize n;
    const void *bytes = g_bytes_get_data(content, &n);
    struct feed_adapter *adapter =
        feed_adapter_open(mapping, g_memdup2(bytes ? bytes : "", n), n, NULL);
    struct feed_cells cells;
    struct feed_problem problem;
    struct feed_date date;
    gint64 newest = TIME_UNKNOWN;

    for (enum feed_next next;
         adapter && (next = feed_adapter_next(adapter, &cells, &problem)) != FEED_END;)
        if (next == FEED_CELLS && cells.cell[FIELD_ADMITTED_AT] &&
            feed_date_parse(cells.cell[FIELD_ADMITTED_AT], mapping->date_formats,
                            feed_mapping_facility(mapping)->zone, &date) &&
            date.at_us <= now_at_us)
            newest = MAX(newest, date.at_us);
    feed_adapter_free(adapter);
    return newest;
}

static gint64 taken_at(struct load *load, const struct feed_mapping *mapping, const char *path) {
    struct stat status;
    gint64 at_us = load->options->taken_at_us;
    if (at_us == TIME_UNKNOWN)
        at_us = feed_snapshot_at(mapping, path);
    if (at_us == TIME_UNKNOWN && mapping->file_date)
        at_us = newest_admission(mapping, load->content, site_now(load->site));
    load->time_is_files = at_us == TIME_UNKNOWN;
    if (at_us == TIME_UNKNOWN && g_stat(path, &status) == 0)
        at_us = (gint64)status.st_mtim.tv_sec * SECOND_US + status.st_mtim.tv_nsec / 1000;
    return at_us == TIME_UNKNOWN ? site_now(load->site) : at_us;
}

static GBytes *read_file(const char *path, GError **error) {
    struct stat status;
    char *text;
    gsize n;
    if (g_stat(path, &status) != 0 || !S_ISREG(status.st_mode)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "%s: %s", path,
                    errno == ENOENT ? "there is no such file" : "this is not a file");
        return NULL;
    }
    if ((guint64)status.st_size > MOST_FILE_BYTES) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT, "%s: larger than 2 GiB; split it", path);
        return NULL;
    }
    return g_file_get_contents(path, &text, &n, error) ? g_bytes_new_take(text, n) : NULL;
}

struct mapping_query {
    struct site *site;
    const char *feed_id;
    struct feed_mapping *mapping;
};

static gboolean get_mapping(struct db *db, void *context, GError **error) {
    struct mapping_query *query = context;
    struct store_feed feed;
    if (!store_feed_get(db, query->feed_id, &feed, error))
        return FALSE;
    query->mapping = site_mapping(query->site, feed.id, feed.mapping, error);
    store_feed_clear(&feed);
    return query->mapping != NULL;
}

gboolean feed_load(struct site *site, const char *feed_id, const char *path,
                   const struct load_options *options, struct load_summary *summary, GError **error) {
    struct mapping_query query = {.site = site, .feed_id = feed_id};
    g_autofree char *name = g_path_get_basename(path);
    g_autoptr(GBytes) content = NULL;
    struct load load = {
        .site = site, .feed_id = feed_id, .name = name, .options = options, .summary = summary};

    *summary = (struct load_summary){.list = NULL};
    if (!store_read(site->store, get_mapping, &query, error))
        return FALSE;
    gboolean ok = (content = read_file(path, error)) != NULL;
    if (ok) {
        gsize n;
        const void *bytes = g_bytes_get_data(content, &n);
        load.content = content;
        seal_sha256(bytes ? bytes : "", n, load.digest);
        load.observed_at_us = taken_at(&load, query.mapping, path);
        load.snapshot_at_us = query.mapping->format == FEED_CSV_ROSTER ? load.observed_at_us : 0;
        ok = run_load(&load, error);
    }
    feed_mapping_free(query.mapping);
    return ok;
}

/* ── Pushed events ─────────────────────────────────────────────────────────────────────────────── */

/* What was answered to this key before, if it came before. FALSE when it came with other content. */
static gboolean find_push(struct load *load, GError **error) {
    g_autofree char *name = NULL;
    struct db_rows *rows =
        db_query(load->db,
                 "SELECT name, answer FROM source WHERE feed = :feed AND "
                 "digest = :digest AND snapshot_at_us = -1",
                 PARAMS(P_TEXT("feed", load->feed_id), P_BLOB("digest", load->digest, 32)));
    if (db_next(rows)) {
        name = g_strdup(db_text(rows, 0));
        load->answer = g_strdup(db_text(rows, 1));
    }
    if (!db_done(rows, error))
        return FALSE;
    if (name && !g_str_equal(name, load->name)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_CONFLICT,
                    "this Idempotency-Key came before with other content; use a new key");
        return FALSE;
    }
    return TRUE;
}

static gboolean take_push(struct load *load, GError **error) {
    if (is_roster(load)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT, "the feed %s takes rosters, not events",
                    load->feed_id);
        return FALSE;
    }
    if (!record_source(load, SOURCE_LOADED, error))
        return FALSE;
    load->publish.source_id = load->source.id;
    if (!load_events(load, error))
        return FALSE;
    json_t *ids = json_array(), *event;
    size_t i;
    json_array_foreach(load->summary->list, i, event)
        json_array_append(ids, json_object_get(event, "event_id"));
    json_t *answer = json_pack("{s:i, s:o, s:O}", "rows", load->summary->rows, "events", ids,
                               "problems", load->summary->problem_list);
    char *text = json_dumps(answer, JSON_COMPACT);
    load->answer = g_strdup(text);
    free(text);
    json_decref(answer);
    return finish(load, error);
}

static gboolean push_in_transaction(struct db *db, void *context, GError **error) {
    struct load *load = context;
    gboolean ok = begin_load(load, db, error) && find_push(load, error) &&
                  (load->answer || take_push(load, error));
    end_load(load);
    return ok;
}

gboolean feed_push(struct site *site, const char *feed_id, const char *key, const char *body, gsize n,
                   char **answer, GError **error) {
    const struct load_options options = {.taken_at_us = TIME_UNKNOWN};
    struct load_summary summary = {.list = json_array(), .problem_list = json_array()};
    g_autofree char *digest = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)body, n);
    g_autofree char *name = g_strconcat("push:", digest, NULL);
    g_autoptr(GBytes) content = g_bytes_new(body, n);
    struct load load = {.site = site,
                        .feed_id = feed_id,
                        .name = name,
                        .content = content,
                        .push_key = key,
                        .snapshot_at_us = -1,
                        .observed_at_us = site_now(site),
                        .options = &options,
                        .summary = &summary};

    seal_sha256(key, strlen(key), load.digest);
    gboolean ok = store_write(site->store, push_in_transaction, &load, error);
    if (ok)
        *answer = g_steal_pointer(&load.answer);
    g_free(load.answer);
    load_summary_clear(&summary);
    return ok;
}

/* ── What the breaker held ─────────────────────────────────────────────────────────────────────── */

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

gboolean feed_accept(struct site *site, const char *feed_id, struct load_summary *summary,
                     GError **error) {
    const struct load_options options = {.taken_at_us = TIME_UNKNOWN};
    struct load load = {
        .site = site, .feed_id = feed_id, .is_accepted = TRUE, .options = &options, .summary = summary};
    *summary = (struct load_summary){.list = json_array(), .problem_list = json_array()};
    gboolean ok = store_write(site->store, accept_in_transaction, &load, error);
    g_clear_pointer(&load.content, g_bytes_unref);
    g_free(load.held_name);
    return ok;
}

static gboolean reject_in_transaction(struct db *db, void *context, GError **error) {
    gint64 id;
    if (!store_held_newest(db, context, &id, error))
        return FALSE;
    if (!id) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "no list of %s is held",
                    (const char *)context);
        return FALSE;
    }
    return store_held_end(db, context, SOURCE_REJECTED, error);
}

gboolean feed_reject(struct site *site, const char *feed_id, GError **error) {
    return store_write(site->store, reject_in_transaction, (void *)(gsize)feed_id, error);
}

/* ── Taking a feed up ──────────────────────────────────────────────────────────────────────────── */

struct add {
    const struct site *site;
    const char *id, *yaml, *drop_folder, *secret;
    gboolean is_new;
};

static gboolean add_in_transaction(struct db *db, void *context, GError **error) {
    struct add *add = context;
    struct store_feed feed;
    add->is_new = !store_feed_get(db, add->id, &feed, NULL);
    if (add->is_new)
        return store_feed_add(db, add->id, add->yaml, add->drop_folder, add->secret,
                              site_now(add->site), error);
    store_feed_clear(&feed);
    return store_feed_update(db, add->id, add->yaml, add->drop_folder, error);
}

gboolean feed_add(struct site *site, const char *yaml, gsize n, const char *name,
                  const char *drop_folder, char **id, gboolean *is_new, GError **error) {
    guint8 secret[32];
    struct feed_mapping *mapping = feed_mapping_parse(yaml, n, name, error);
    if (!mapping)
        return FALSE;
    site->random->fill(site->random->context, secret, sizeof secret);
    g_autofree char *secret_text = g_base64_encode(secret, sizeof secret);
    struct add add = {.site = site,
                      .id = mapping->feed,
                      .yaml = yaml,
                      .drop_folder = drop_folder,
                      .secret = secret_text};
    gboolean ok = store_write(site->store, add_in_transaction, &add, error);
    *id = g_strdup(mapping->feed);
    *is_new = add.is_new;
    feed_mapping_free(mapping);
    return ok;
}

/* ── Silence ───────────────────────────────────────────────────────────────────────────────────── */

/* One feed, as time passes: overdue is an event; silence that lasts is told to people. */
static gboolean tick_feed(struct load *load, GError **error) {
    const struct custody_feed_state state = silence_state(load);
    struct custody_event event;
    gint64 now = load->publish.now_at_us;

    gint64 held_id = 0;
    if (!store_held_newest(load->db, load->feed.id, &held_id, error))
        return FALSE;
    if ((custody_feed_overdue(&state, now, &event) ||
         (held_id && custody_feed_unusable(&state, now, &event))) &&
        !raise_silence(load, &event, error))
        return FALSE;
    if (load->feed.silent_since_us == TIME_UNKNOWN || load->feed.silence_told ||
        now < load->feed.silent_since_us + load->mapping->tell_after_us)
        return TRUE;
    event = (struct custody_event){.kind = CUSTODY_FEED_SILENT,
                                   .assertion = ASSERTION_INFERRED,
                                   .facility_id = feed_mapping_facility(load->mapping)->id};
    gint64 seq = load->feed.silence_seq;
    load->feed.silence_seq = 0; /* nothing was told before */
    gboolean ok = publish_silence(&load->publish, &event, seq, error);
    load->feed.silence_seq = seq;
    load->feed.silence_told = TRUE;
    return ok;
}

struct tick {
    struct site *site;
    const char *feed_id;
    GPtrArray *ids;
    guint n_events;
};

static gboolean tick_in_transaction(struct db *db, void *context, GError **error) {
    struct tick *tick = context;
    const struct load_options options = {.taken_at_us = TIME_UNKNOWN};
    struct load_summary summary = {.list = json_array()};
    struct load load = {
        .site = tick->site, .feed_id = tick->feed_id, .options = &options, .summary = &summary};
    gboolean ok = begin_load(&load, db, error) && tick_feed(&load, error) &&
                  store_feed_save(db, &load.feed, error);
    tick->n_events += (guint)json_array_size(summary.list);
    end_load(&load);
    load_summary_clear(&summary);
    return ok;
}

static gboolean read_ids(struct db *db, void *context, GError **error) {
    struct tick *tick = context;
    tick->ids = store_feed_ids(db, error);
    return tick->ids != NULL;
}

/* A feed that cannot be looked over does not hide the silence of the others. */
gboolean feeds_tick(struct site *site, guint *n_events, GError **error) {
    struct tick tick = {.site = site};
    gboolean ok = store_read(site->store, read_ids, &tick, error);
    for (guint i = 0; tick.ids && i < tick.ids->len; i++) {
        g_autoptr(GError) problem = NULL;
        tick.feed_id = tick.ids->pdata[i];
        if (!store_write(site->store, tick_in_transaction, &tick, &problem) && ok) {
            ok = FALSE;
            g_propagate_error(error, g_steal_pointer(&problem));
        }
    }
    g_clear_pointer(&tick.ids, g_ptr_array_unref);
    *n_events = tick.n_events;
    return ok;
}
