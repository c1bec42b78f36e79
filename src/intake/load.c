#include "intake/private.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/seal.h"
#include "base/text.h"
#include "custody/silence.h"
#include "feed/date.h"
#include "feed/formats/format.h"
#include "people/fold.h"
#include "site/expunged.h"
#include "store/keep.h"
#include "store/link.h"
#include "store/store.h"

#define MOST_COMPARISONS 3 /* of a list, before its transaction does it itself */
#define MOST_FILE_BYTES (G_GUINT64_CONSTANT(2) << 30)

void load_summary_clear(struct load_summary *summary) {
    json_decref(summary->list);
    json_decref(summary->problem_list);
    *summary = (struct load_summary){.list = NULL};
}

/* ── One load, from the rows of an adapter to the store ────────────────────────────────────────── */

struct custody_feed_state load_silence_state(const struct load *load) {
    return (struct custody_feed_state){.feed = load->feed.id,
                                       .facility_id = feed_mapping_facility(load->mapping)->id,
                                       .interval_us = load->mapping->interval_us,
                                       .tell_after_us = load->mapping->tell_after_us,
                                       .last_at_us = load->feed.last_at_us,
                                       .fresh_at_us = load->feed.fresh_at_us,
                                       .silent_since_us = load->feed.silent_since_us};
}

gboolean load_raise_silence(struct load *load, const struct custody_event *event, GError **error) {
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
    return owe_feed_event(&load->owing, event, &load->feed.silence_seq, error) &&
           owe_page(load->db, load->site, page, error);
}

/* Something new came: if the feed was silent, it speaks again. */
gboolean load_note_speech(struct load *load, GError **error) {
    const struct custody_feed_state state = load_silence_state(load);
    struct custody_event event;
    gint64 seq;
    load->feed.fresh_at_us = load->feed.last_at_us =
        MAX(load->feed.last_at_us, load->custody.observed_at_us); /* TIME_UNKNOWN is the least */
    if (!custody_feed_speaks(&state, load->custody.observed_at_us, &event))
        return TRUE;
    if (!owe_feed_event(&load->owing, &event, &seq, error) ||
        (load->feed.silence_told && !owe_silence(&load->owing, &event, seq, error)))
        return FALSE;
    load->feed.silent_since_us = TIME_UNKNOWN;
    load->feed.silence_seq = 0;
    load->feed.silence_told = FALSE;
    return TRUE;
}

/* Under the site's secret, so that two jails' numbers can be compared and neither can be read. */
static gboolean save_state_id(struct load *load, gint64 person_id, const char *state_id,
                              GError **error) {
    g_autofree char *folded = people_fold(state_id); /* "CO-123 456" and "co123456" are one */
    g_auto(GStrv) words = g_strsplit(folded, " ", -1);
    g_autofree char *plain = g_strjoinv("", words);
    guint8 mac[32];
    if (!*plain)
        return TRUE;
    site_mac(load->site, "state id", plain, mac);
    return store_person_key_put(load->db, person_id, mac, error);
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
    return ok && save_state_id(load, person.id, record->state_id, error);
}

/* What happened to a booking, with strings of its own. */
struct load_untold {
    struct custody_event event;
    char *booking_key, *person_key, *facility_id;
    gint64 seq, booking_id, person_id;
};

static void untold_free(gpointer data) {
    struct load_untold *u = data;
    g_free(u->booking_key);
    g_free(u->person_key);
    g_free(u->facility_id);
    g_free(u);
}

GPtrArray *load_untold_list(void) {
    return g_ptr_array_new_with_free_func(untold_free);
}

/* Recorded at once: what else the list makes of the booking stands on it. */
static gboolean put_off(struct load *load, const struct owe_change *change, GError **error) {
    gint64 seq;
    if (!owe_record(&load->owing, change, &seq, error))
        return FALSE;
    if (!seq)
        return TRUE;
    struct load_untold *u = g_new0(struct load_untold, 1);
    u->seq = seq;
    u->event = *change->event;
    u->event.booking_key = u->booking_key = g_strdup(change->event->booking_key);
    u->event.person_key = u->person_key = g_strdup(change->event->person_key);
    u->event.facility_id = u->facility_id = g_strdup(change->event->facility_id);
    u->booking_id = change->booking_id;
    u->person_id = change->person_id;
    g_ptr_array_add(load->untold, u);
    return TRUE;
}

static gboolean tell_put_off(struct load *load, const struct load_untold *u, GError **error) {
    const struct owe_change change = {
        .event = &u->event, .booking_id = u->booking_id, .person_id = u->person_id};
    return owe_recorded(&load->owing, &change, u->seq, error);
}

/* The latest first: what is believed is told by what says it, and what was before it rides along. */
static gint compare_untold(gconstpointer a, gconstpointer b) {
    const struct load_untold *x = *(const struct load_untold *const *)a,
                             *y = *(const struct load_untold *const *)b;
    if (x->event.occurred_to_us != y->event.occurred_to_us)
        return x->event.occurred_to_us > y->event.occurred_to_us ? -1 : 1;
    return (x->seq > y->seq) - (x->seq < y->seq);
}

/* What was said goes before what is concluded: who hears why hears no more that somebody is gone. */
gboolean load_tell_untold(struct load *load, GError **error) {
    g_autoptr(GPtrArray) untold = g_steal_pointer(&load->untold);
    gboolean ok = TRUE;
    g_ptr_array_sort(untold, compare_untold);
    for (guint concluded = 0; concluded < 2; concluded++)
        for (guint i = 0; ok && i < untold->len; i++) {
            const struct load_untold *u = untold->pdata[i];
            if ((u->event.said == SAID_BY_US) == (concluded == 1))
                ok = tell_put_off(load, u, error);
        }
    return ok;
}

gboolean load_is_held_otherwise(struct load *load, const struct custody_booking *booking,
                                gboolean *is_held, GError **error) {
    g_autoptr(GArray) beliefs = store_beliefs(load->db, booking->person_id, error);
    *is_held = FALSE;
    for (guint i = 0; beliefs && i < beliefs->len; i++) {
        const struct belief_booking *b = &g_array_index(beliefs, struct belief_booking, i);
        *is_held |=
            b->id != booking->id && (b->standing == STANDING_HELD || b->standing == STANDING_AWAY);
    }
    return beliefs != NULL;
}

/* It vanished while another booking held them, and holds them still: of neither there is a word. */
static gboolean is_hidden(struct load *load, struct custody_booking *next,
                          const struct custody_event *event, gboolean *hidden, GError **error) {
    *hidden = FALSE;
    if (!event || event->kind != CUSTODY_BACK_ON_ROSTER || event->has_corrects)
        return TRUE;
    const gboolean ok = load_is_held_otherwise(load, next, hidden, error);
    next->has_event &= !*hidden;
    return ok;
}

gboolean load_save_change(struct load *load, const char *roster_feed,
                          const struct custody_booking *prior, struct custody_booking *next,
                          const struct custody_event *event, GError **error) {
    gboolean hidden;
    if (!is_hidden(load, next, event, &hidden, error))
        return FALSE;
    if (hidden)
        event = NULL;
    if (!store_booking_save(load->db, load->mapping->jail, roster_feed, next, error))
        return FALSE;
    const struct owe_change change = {.event = event,
                                      .booking_id = next->id,
                                      .person_id = next->person_id,
                                      .before = prior ? &prior->belief : NULL};
    if (event && load->untold)
        return put_off(load, &change, error);
    return !event || owe_news(&load->owing, &change, error);
}

gboolean load_change_booking(struct load *load, gint64 booking_id, load_change_fn change,
                             GError **error) {
    struct store_booking prior;
    struct custody_booking next;
    struct custody_event event;
    if (!store_booking_by_id(load->db, booking_id, &prior, error))
        return FALSE;
    struct custody_history *history = store_history(load->db, booking_id, error);
    gboolean ok = history != NULL;
    if (ok) {
        const gboolean happened = change(&load->custody, &prior.booking, history, &next, &event);
        ok = load_save_change(load, NULL, &prior.booking, &next, happened ? &event : NULL, error);
    }
    custody_history_free(history);
    store_booking_clear(&prior);
    return ok;
}

/* What was unclear is no report, and a correction that names it takes nothing back: but whoever was
 * told that they may be out is told that. */
static gboolean find_unclear(struct load *load, const struct feed_record *record,
                             const struct custody_booking *known, struct custody_event *event,
                             GError **error) {
    gboolean is_found = FALSE;
    guint8 id[CUSTODY_EVENT_ID_BYTES];
    if (!known || event->kind != CUSTODY_CORRECTED || !event->waits || !record->corrects_event_id)
        return TRUE;
    if (!store_event_by_source_key(load->db, load->feed.id, record->corrects_event_id, known->id, id,
                                   &is_found, error))
        return FALSE;
    if (is_found) {
        event->waits = FALSE;
        event->has_corrects = TRUE;
        memcpy(event->corrects, id, sizeof event->corrects);
    }
    return TRUE;
}

/* A list shows them plainly, and the one before did not say clearly whether they are out: whoever was
 * told so is told that. */
static gboolean clear_up(struct load *load, const struct feed_record *record,
                         const struct custody_booking *known, const struct custody_booking *next,
                         gboolean *happened, struct custody_event *event, GError **error) {
    guint8 unclear[CUSTODY_EVENT_ID_BYTES];
    char hex[33];
    const char *const parts[] = {"clear", hex, NULL};
    gboolean is_found;
    if (!known || *happened || record->is_unclear || record->has_action)
        return TRUE;
    if (!store_event_unclear_last(load->db, load->feed.id, known->id, unclear, &is_found, error))
        return FALSE;
    if (!is_found)
        return TRUE;
    *happened = TRUE;
    *event = (struct custody_event){.kind = CUSTODY_CORRECTED,
                                    .assertion = ASSERTION_CORRECTED,
                                    .booking_key = next->key,
                                    .person_key = next->person_key,
                                    .facility_id = next->facility_id,
                                    .occurred_at_us = TIME_UNKNOWN,
                                    .occurred_to_us = TIME_UNKNOWN,
                                    .observed_at_us = load->observed_at_us,
                                    .row = record->row,
                                    .has_corrects = TRUE};
    memcpy(event->corrects, unclear, sizeof unclear);
    custody_event_id_format(unclear, hex);
    custody_event_id(event->id, parts);
    return TRUE;
}

/* Person, booking, event, in that order. */
static gboolean save_record(struct load *load, const struct feed_record *record,
                            const struct custody_booking *known, guint64 digest, gboolean as_listing,
                            GError **error) {
    struct custody_booking next;
    struct custody_event event;
    gint64 person_id = 0;

    if (!save_person(load, record, &person_id, error))
        return FALSE;
    struct custody_history *history =
        known ? store_history(load->db, known->id, error) : custody_history_new();
    if (!history)
        return FALSE;
    load->owing.source_key = record->event_id;
    gboolean happened =
        as_listing
            ? custody_booking_listed(&load->custody, known, history, record, digest, &next, &event)
            : custody_booking_reported(&load->custody, known, history, record, &next, &event);
    custody_history_free(history);
    if ((happened && !as_listing && !find_unclear(load, record, known, &event, error)) ||
        (as_listing && !clear_up(load, record, known, &next, &happened, &event, error)))
        return FALSE;
    next.id = known ? known->id : 0;
    next.person_id = person_id;
    return load_save_change(load, as_listing ? load->feed.id : NULL, known, &next,
                            happened ? &event : NULL, error);
}

gboolean load_is_expunged(struct load *load, const char *booking_key, const char *person_key) {
    guint8 mac[32];
    if (!load->expunged || !booking_key || !person_key)
        return FALSE;
    site_expunged_mac(load->site, load->mapping->jail, booking_key, person_key, mac);
    g_autoptr(GBytes) key = g_bytes_new_static(mac, sizeof mac);
    const gboolean is_so = g_hash_table_contains(load->expunged, key);
    load->n_expunged += is_so;
    return is_so;
}

gboolean load_page_expunged(struct load *load, GError **error) {
    if (!load->n_expunged)
        return TRUE;
    g_autofree char *page = g_strdup_printf(
        "The feed %s sends again what an order has erased (%u rows). It was passed over, and nobody is "
        "told. Ask the jail's records staff to take it out.",
        load->feed.id, load->n_expunged);
    return owe_page(load->db, load->site, page, error);
}

void load_note_clash(struct load *load, guint row, const char *booking_key) {
    struct feed_problem problem;
    feed_problem_set(&problem, row, "booking", booking_key,
                     "the number of this booking is known as another person's, who is held; both are "
                     "taken as held until the jail's records staff say which is right");
    load_keep_problem(&problem, load);
    load->n_clashes++;
}

/* Who had the number is told, if they are held, that something is unclear: the row is about one of two.
 */
gboolean load_tell_former(struct load *load, const struct custody_booking *prior,
                          const struct feed_record *record, GError **error) {
    struct feed_record safe = *record;
    if (prior->belief.standing != STANDING_HELD && prior->belief.standing != STANDING_AWAY)
        return TRUE; /* the number is free: it is used anew */
    load_note_clash(load, record->row, record->booking_key);
    safe.person_key = prior->person_key;
    safe.surname = safe.given = safe.middle = safe.suffix = safe.state_id = "";
    safe.born = 0;
    safe.is_unclear = TRUE;
    safe.action = CUSTODY_STATUS_CHANGED;
    return !record->has_action || save_record(load, &safe, prior, 0, FALSE, error);
}

/* A correction is about the booking of the event that it takes back, whatever booking its row names. */
static gboolean follow_correction(struct load *load, const struct feed_record **record,
                                  struct feed_record *corrected, struct store_booking *prior,
                                  GError **error) {
    guint8 id[CUSTODY_EVENT_ID_BYTES];
    struct store_event_place place = {.seq = 0};
    struct feed_problem problem;
    gboolean is_found = FALSE;
    if ((*record)->corrects_event_id &&
        (!store_event_by_source_key(load->db, load->feed.id, (*record)->corrects_event_id,
                                    prior->booking.id, id, &is_found, error) ||
         (is_found && !store_event_place(load->db, id, &place, error))))
        return FALSE;
    if (!place.booking_id || place.booking_id == prior->booking.id)
        return TRUE;
    store_booking_clear(prior);
    if (!store_booking_by_id(load->db, place.booking_id, prior, error))
        return FALSE;
    feed_problem_set(&problem, (*record)->row, "booking", (*record)->booking_key,
                     "it corrects an event of another booking; the correction was taken for that one");
    load_keep_problem(&problem, load);
    *corrected = **record;
    corrected->booking_key = prior->key;
    corrected->person_key = prior->person_key;
    corrected->surname = corrected->given = corrected->middle = corrected->suffix =
        corrected->state_id = "";
    corrected->born = 0;
    *record = corrected;
    return TRUE;
}

/* A number that stands for somebody else now: who had it keeps their booking, and this one is another.
 * That is said once. */
static gboolean number_anew(struct load *load, struct store_booking *prior,
                            const struct feed_record **record, struct feed_record *renumbered,
                            GError **error) {
    struct store_booking known;
    g_autofree char *key = custody_roster_renumber((*record)->booking_key, (*record)->person_key);
    if (!store_booking_by_key(load->db, load->mapping->jail, key, &known, error))
        return FALSE;
    /* What ends it may be about either; what else is said of the new one is theirs. */
    const gboolean is_ending = (*record)->has_action && (KIND_BIT((*record)->action) &
                                                         (KINDS_OUT | KIND_BIT(CUSTODY_TRANSFERRED)));
    const gboolean ok =
        (known.booking.id && !is_ending) || load_tell_former(load, &prior->booking, *record, error);
    *renumbered = **record;
    renumbered->booking_key = g_string_chunk_insert(load->scratch, key);
    *record = renumbered;
    store_booking_clear(prior);
    *prior = known;
    return ok;
}

gboolean load_apply_record(struct load *load, const struct feed_record *record, guint64 digest,
                           gboolean as_listing, GError **error) {
    struct store_booking prior;
    struct feed_record settled = *record, renumbered, corrected;
    record = &settled;
    if (!store_booking_by_key(load->db, load->mapping->jail, record->booking_key, &prior, error))
        return FALSE;
    if (prior.booking.id && load_is_number_of(prior.person_key, record->person_key)) {
        settled.person_key = prior.person_key;
        if (!load_settle_reused(load, &prior, &settled, error)) {
            store_booking_clear(&prior);
            return FALSE;
        }
    } else if (!prior.booking.id && !as_listing) {
        if (!load_settle_numbers(load, &settled, error))
            return FALSE;
        store_booking_clear(&prior);
        if (!store_booking_by_key(load->db, load->mapping->jail, record->booking_key, &prior, error))
            return FALSE;
    }
    if (!follow_correction(load, &record, &corrected, &prior, error))
        return FALSE;
    gboolean ok = !prior.booking.id || strcmp(prior.booking.person_key, record->person_key) == 0 ||
                  number_anew(load, &prior, &record, &renumbered, error);
    ok = ok &&
         save_record(load, record, prior.booking.id ? &prior.booking : NULL, digest, as_listing, error);
    load->owing.source_key = NULL;
    store_booking_clear(&prior);
    return ok;
}

struct feed_adapter *load_open_content(struct load *load, GBytes *content, GError **error) {
    gsize n;
    const void *bytes = g_bytes_get_data(content, &n);
    struct feed_adapter *adapter =
        feed_adapter_open(load->mapping, g_memdup2(bytes ? bytes : "", n), n, error);
    if (!adapter)
        g_prefix_error(error, "%s: ", load->name);
    return adapter;
}

struct feed_adapter *load_open_rows(struct load *load, GError **error) {
    return load->is_accepted ? feed_held_open(load->mapping, load->content, FALSE)
                             : load_open_content(load, load->content, error);
}

/* Every row of the adapter through `take`. */
gboolean load_each_row(struct load *load, struct feed_adapter *adapter, struct load_run *run,
                       gboolean (*take)(struct load *, struct load_run *, const struct feed_cells *,
                                        GError **),
                       GError **error) {
    struct feed_cells cells;
    struct feed_problem problem;

    for (guint n = 0;; n++) {
        if (load->options->on_progress && !load->slice && n % 4096 == 0)
            load->options->on_progress(feed_adapter_progress(adapter), load->options->context);
        switch (feed_adapter_next(adapter, &cells, &problem)) {
        case FEED_END: run->is_cut = feed_adapter_is_cut(adapter); return TRUE;
        case FEED_PROBLEM:
            load_keep_problem(&problem, load);
            load->summary->rows++;
            run->n_unreadable++;
            if (run->roster)
                custody_roster_spare(run->roster, feed_adapter_unread(adapter));
            break;
        case FEED_CELLS:
            load->summary->rows += 1 + cells.n_more;
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

/* What says nothing of anybody changes nothing: a list without numbers is no empty jail, and a history
 * in another shape no first one. */
gboolean load_check_readable(const struct load *load, const struct load_run *run, GError **error) {
    if (!load->summary->rows || run->n_unreadable < load->summary->rows)
        return TRUE;
    json_t *first = json_array_get(load->summary->problem_list, 0);
    g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT,
                "%s: none of its %u rows could be read; row %d: %s", load->name, load->summary->rows,
                (int)json_integer_value(json_object_get(first, "row")),
                json_string_value(json_object_get(first, "reason")));
    return FALSE;
}

gboolean load_page_clashes(struct load *load, GError **error) {
    if (!load_is_to_page(load, load->n_clashes, &load->n_paged_clashes))
        return TRUE;
    g_autofree char *page = g_strdup_printf(
        "The feed %s gives %u booking numbers (%s) to other people than those who have them and are "
        "held. Nobody is told as a fact that either left. Ask the jail's records staff; see `tocsin "
        "feed "
        "problems`.",
        load->feed.id, load->n_clashes, load->name);
    return owe_page(load->db, load->site, page, error);
}

/* ── Events ────────────────────────────────────────────────────────────────────────────────────── */

static gboolean take_event(struct load *load, struct load_run *run, const struct feed_cells *cells,
                           GError **error) {
    struct feed_record record;
    gboolean is_usable;
    if (!load_read(load, cells, &record, &is_usable, error))
        return FALSE;
    run->n_unreadable += !is_usable;
    return !is_usable || load_is_expunged(load, record.booking_key, record.person_key) ||
           load_apply_record(load, &record, 0, FALSE, error);
}

/* Those of the slice, or all. */
static gboolean take_rows(struct load *load, struct load_run *run, GError **error) {
    g_autoptr(GBytes) cells = NULL;
    if (load->slice) {
        for (guint i = 0; i < load->slice->problems->len; i++)
            load_keep_problem(&g_array_index(load->slice->problems, struct feed_problem, i), load);
        load->summary->rows += load->slice->problems->len;
        run->n_unreadable += load->slice->problems->len;
        cells = g_bytes_new_static(load->slice->cells->data, load->slice->cells->len);
    }
    struct feed_adapter *adapter =
        cells ? feed_held_open(load->mapping, cells, TRUE) : load_open_rows(load, error);
    const gboolean ok = adapter && load_each_row(load, adapter, run, take_event, error);
    feed_adapter_free(adapter);
    return ok;
}

gboolean load_events(struct load *load, GError **error) {
    struct load_run run = {.n_unreadable = load->n_unreadable};
    /* Rule 8: the first file of a feed that never spoke is its history. */
    if (!load->feed.has_baseline && !load->push_key && load->feed.last_at_us == TIME_UNKNOWN) {
        load->owing.is_first = TRUE;
        load->summary->is_baseline = TRUE;
    }
    gboolean ok = take_rows(load, &run, error);
    load->n_unreadable = run.n_unreadable;
    if (!load_is_last(load))
        return ok && load_page_clashes(load, error) && load_page_other_people(load, error) &&
               load_judge_batch(load, error);
    ok = ok && load_check_readable(load, &run, error);
    if (!load->push_key) /* an empty first file counts: what comes after it is news */
        load->feed.has_baseline = TRUE;
    return ok && load_page_clashes(load, error) && load_page_other_people(load, error) &&
           load_judge_batch(load, error) && load_note_speech(load, error);
}

guint64 load_mapping_digest(const char *yaml) {
    return base_hash64(yaml, strlen(yaml), 0);
}

gboolean load_check_mapping(const struct load *load, GError **error) {
    if (!load->read_digest || load->options->mapping || load->read_digest == load->mapping_digest)
        return TRUE;
    g_set_error(error, BASE_ERROR, BASE_ERROR_BUSY,
                "%s: the feed's mapping was changed while it was read; it is to be taken again",
                load->name);
    return FALSE;
}

gboolean load_may_go_on(const struct load *load, GError **error) {
    if (!site_is_stopping(load->site))
        return TRUE;
    g_set_error(
        error, BASE_ERROR, BASE_ERROR_BUSY,
        "%s: the program is stopping; what was taken stays, and the rest is taken the next time",
        load->name);
    return FALSE;
}

/* ── The whole, in one transaction ─────────────────────────────────────────────────────────────── */

gboolean load_begin(struct load *load, struct db *db, GError **error) {
    load->db = db;
    if (!store_feed_get(db, load->feed_id, &load->feed, error))
        return FALSE;
    load->feed.has_baseline &= !load->baseline_by; /* begun anew */
    load->mapping = site_mapping(load->site, load->feed.id, load->feed.mapping, error);
    if (!load->mapping)
        return FALSE;
    load->owing = (struct owing){.site = load->site,
                                 .db = db,
                                 .feed = &load->feed,
                                 .mapping = load->mapping,
                                 .file = load->name,
                                 .now_at_us = site_now(load->site),
                                 .tells_nobody = load->options->tells_nobody,
                                 .listing = &load->listing};
    if (load_is_roster(load) && !load->feed.has_baseline) { /* rule 8 */
        load->owing.is_first = TRUE;
        load->owing.listing = NULL;
    }
    if (!load->feed.has_baseline && !store_booking_newest(db, &load->owing.newest_booking_id, error))
        return FALSE;
    load->custody =
        (struct custody_source){.feed = load->feed.id,
                                .mapping = load->mapping,
                                .observed_at_us = load->observed_at_us,
                                .is_baseline = load_is_roster(load) && !load->feed.has_baseline};
    text_hex(load->digest, sizeof load->digest, load->content_name);
    load->custody.content = load_is_roster(load) ? load->content_name : NULL;
    load->custody.list_before_at_us = load->feed.listed_at_us;
    load->feed.interval_us = load->mapping->interval_us;
    load->pace_before = load->feed.pace;
    if (load->content)
        custody_pace_begin(&load->feed.pace, load_pace_at(load));
    load->mapping_digest = load_mapping_digest(load->feed.mapping);
    load->scratch = g_string_chunk_new(4096);
    GError *problem = NULL;
    load->expunged = store_expunged(db, &problem);
    if (problem)
        g_propagate_error(error, problem);
    return !problem && load_stamp_again(load, error);
}

void load_end(struct load *load) {
    feed_mapping_free(load->mapping);
    g_clear_pointer(&load->untold, g_ptr_array_unref);
    store_feed_clear(&load->feed);
    g_clear_pointer(&load->expunged, g_hash_table_unref);
    if (load->scratch)
        g_string_chunk_free(load->scratch);
    g_clear_error(&load->problem_error);
    load->mapping = NULL;
    load->scratch = NULL;
}

gboolean load_record_source(struct load *load, enum store_source_state state, GError **error) {
    load->source = (struct store_source){.feed = load->feed.id,
                                         .name = load->name,
                                         .digest = load->digest,
                                         .snapshot_at_us = load->snapshot_at_us,
                                         .received_at_us = load->owing.now_at_us,
                                         .state = state,
                                         .reason = load->baseline_by};
    if (!store_source_add(load->db, &load->source, error))
        return FALSE;
    load->owing.source_id = load->source.id;
    return load->is_accepted || load->push_key || store_problem_clear(load->db, load->source.id, error);
}

gboolean load_finish(struct load *load, GError **error) {
    if (load->source.state == SOURCE_LOADING)
        load->source.state = SOURCE_LOADED;
    load->summary->events = load->listing.n;
    memcpy(load->summary->n_of, load->listing.n_of, sizeof load->summary->n_of);
    load->summary->alerts = load->owing.n_alerts;
    load->source.n_rows = load->summary->rows;
    load->source.n_events = load->summary->events;
    load->source.answer = load->answer;
    return store_source_finish(load->db, &load->source, error) &&
           store_feed_save(load->db, &load->feed, error);
}

/* A list that is older than the last: it tells of no disappearance, but what it reports was said. */
static gboolean take_late(struct load *load, GError **error) {
    g_autofree char *newer = base_time_format(load->feed.last_at_us);
    if (!load_roster_late(load, error) || !load_page_unreadable(load, error) ||
        !load_finish(load, error))
        return FALSE;
    g_snprintf(load->summary->note, sizeof load->summary->note,
               "the list is older than the one taken at %s; endings that it reports were taken, and "
               "who is on it was not "
               "compared",
               newer);
    g_autofree char *page = g_strdup_printf("The file %s of the feed %s came too late: %s.", load->name,
                                            load->feed.id, load->summary->note);
    return owe_page(load->db, load->site, page, error);
}

/* A file that came before, or is older than what was loaded since. */
static gboolean is_passed_over(struct load *load, gboolean *passed, gboolean *is_late, GError **error) {
    enum store_source_state state;
    const gboolean is_newest =
        load->feed.has_last_digest && memcmp(load->feed.last_digest, load->digest, 32) == 0;
    const gboolean is_older = load_is_roster(load) && load->feed.last_at_us != TIME_UNKNOWN &&
                              load->snapshot_at_us < load->feed.last_at_us;
    gboolean is_known;
    *passed = TRUE;
    if (!store_source_known(load->db, load->feed.id, load->digest, load->snapshot_at_us, &is_known,
                            &state, error))
        return FALSE;
    if (is_known && state != SOURCE_REFUSED && state != SOURCE_UNDONE && state != SOURCE_LOADING &&
        (!load_is_roster(load) || is_older || is_newest || state == SOURCE_HELD ||
         state == SOURCE_REJECTED)) {
        g_snprintf(load->summary->note, sizeof load->summary->note, "this file was taken before (%s)",
                   store_source_state_name(state));
        return TRUE;
    }
    *passed = FALSE;
    *is_late = is_older;
    if (load->observed_at_us <= load->owing.now_at_us + DAY_US)
        return TRUE;
    g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT,
                "%s: by its name the list was taken in the future. Mend the name, or say --taken-at",
                load->name);
    return FALSE;
}

static gboolean note_gap(struct load *load, GError **error) {
    const struct custody_feed_state state = load_silence_state(load);
    struct custody_event event;
    return !custody_feed_overdue(&state, load->observed_at_us, &event) ||
           load_raise_silence(load, &event, error);
}

void load_again(void *context) {
    struct load *load = context;
    static const struct owe_listing nothing = {.n = 0};
    struct load_summary *s = load->summary;
    owe_listing_cut(&load->listing, &nothing);
    json_array_clear(s->problem_list);
    *s = (struct load_summary){.list = s->list, .problem_list = s->problem_list};
    g_clear_pointer(&load->prepared, load_prepared_free);
    load->n_unreadable = 0;
    load->n_paged_clashes = load->n_paged_other_people = load->n_paged_renamed = load->n_paged_history =
        0;
    load->n_kept_problems = load->n_clashes = load->n_expunged = load->n_other_people =
        load->n_renamed = 0;
    load->legible = (struct load_legible){.n_followed = 0};
    g_clear_error(&load->problem_error);
    g_clear_pointer(&load->answer, g_free);
    if (load->is_accepted) { /* found in the transaction */
        g_clear_pointer(&load->content, g_bytes_unref);
        g_clear_pointer(&load->held_name, g_free);
    }
}

/* Of a slice that is not the last, what it did is kept. */
static gboolean end_rows(struct load *load, GError **error) {
    if (!load_is_last(load))
        return store_feed_save(load->db, &load->feed, error);
    return load_page_unreadable(load, error) && load_page_expunged(load, error) &&
           load_finish(load, error);
}

gboolean load_in_transaction(struct db *db, void *context, GError **error) {
    struct load *load = context;
    struct custody_verdict verdict = {.is_held = FALSE};
    const struct owing so_far = load->owing;
    gboolean passed = FALSE, is_late = FALSE;
    gboolean ok =
        (!load->options->mapping ||
         take_up_mapping(db, load->site, load->feed_id, load->options->mapping, error)) &&
        load_begin(load, db, error) &&
        (load_is_first(load) ? load->is_accepted || is_passed_over(load, &passed, &is_late, error)
                             : load_go_on(load, &so_far, error)) &&
        load_check_mapping(load, error);
    if (ok && load_is_first(load) && !passed)
        ok = load_record_source(load,
                                is_late              ? SOURCE_STALE
                                : load_is_last(load) ? SOURCE_LOADED
                                                     : SOURCE_LOADING,
                                error) &&
             (is_late || note_gap(load, error));
    if (ok && is_late)
        ok = take_late(load, error);
    else if (ok && !passed)
        ok = (load_is_roster(load) ? load_roster(load, &verdict, error) : load_events(load, error)) &&
             end_rows(load, error);
    load->is_passed_over = passed || is_late;
    load_end(load);
    return ok;
}

gboolean load_deed(struct site *site, const char *feed_id, struct load *load,
                   struct load_summary *summary,
                   gboolean (*work)(struct db *db, void *context, GError **error), void *context,
                   GError **error) {
    static const struct load_options options = {.taken_at_us = TIME_UNKNOWN};
    *summary = (struct load_summary){.problem_list = json_array()};
    *load = (struct load){.site = site,
                          .feed_id = feed_id,
                          .name = "",
                          .observed_at_us = site_now(site),
                          .options = &options,
                          .summary = summary};
    const gboolean ok = store_write(site_store(site), STORE_WORK(work, NULL), context, error);
    load_summary_clear(summary);
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
    gboolean ok = load_begin(load, db, error) && load_record_source(load, SOURCE_REFUSED, error);
    load->source.reason = reason;
    ok = ok && store_problem_add(db, load->source.id, &problem, error) && load_finish(load, error) &&
         owe_page(db, load->site, page, error);
    load_end(load);
    return ok;
}

/* What can be done before the transaction is done before it. Where it comes to nothing, the transaction
 * does it all, and says what is wrong. */
static gboolean take_list(struct load *load, struct feed_mapping *mapping, GError **error) {
    const struct store_work work = {load_in_transaction, load_again};
    for (guint i = 0; i < MOST_COMPARISONS; i++) {
        g_autoptr(GError) problem = NULL;
        const gboolean is_prepared = load_prepare(load, mapping, &problem);
        if (is_prepared &&
            (load_is_first_list(load) ? load_first_list(load, &problem)
                                      : store_write(site_store(load->site), &work, load, &problem)))
            return TRUE;
        if (site_is_stopping(load->site) ||
            (is_prepared && !g_error_matches(problem, BASE_ERROR, BASE_ERROR_BUSY))) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return FALSE;
        }
        load_again(load);
        if (!is_prepared)
            break;
    }
    return store_write(site_store(load->site), &work, load, error);
}

/* A trial is taken back as a whole, and a list counts as one. A feed's first file of events is its
 * history, which is told to nobody: nobody may sign up, and nothing else come, in its middle. */
static gboolean take(struct load *load, struct feed_mapping *mapping, GError **error) {
    if (mapping->content != FEED_ROSTER && load->is_first_file && !load->options->is_trial)
        return store_write(site_store(load->site), STORE_WORK(load_in_transaction, load_again), load,
                           error);
    if (load->options->is_trial)
        return store_try(site_store(load->site), STORE_WORK(load_in_transaction, load_again), load,
                         error);
    if (mapping->content == FEED_ROSTER)
        return take_list(load, mapping, error);
    return load_in_slices(load, mapping, load_in_transaction, error);
}

static gboolean run_load(struct load *load, struct feed_mapping *mapping, GError **error) {
    g_autoptr(GError) problem = NULL;
    gint64 start_us = g_get_monotonic_time();
    load->listing.events = load->summary->list = load->options->lists_events ? json_array() : NULL;
    load->summary->problem_list = json_array();
    gboolean ok = take(load, mapping, &problem);
    if (!ok && !load->options->is_trial && g_error_matches(problem, BASE_ERROR, BASE_ERROR_INPUT)) {
        g_autoptr(GError) why = g_steal_pointer(&problem);
        load->source = (struct store_source){.reason = why->message};
        /* What is not even recorded is not refused: it is to be tried again. */
        if (store_write(site_store(load->site), STORE_WORK(refuse_in_transaction, load_again), load,
                        &problem))
            problem = g_steal_pointer(&why);
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

/* In the hour that comes twice: the second, where the first is not after the list before, or where the
 * list has just come; not one that lies ahead. */
static gint64 pick_of_two(gint64 first_at_us, gint64 second_at_us, gint64 last_at_us,
                          gint64 now_at_us) {
    const gboolean is_fresh = now_at_us < second_at_us + HOUR_US;
    return second_at_us <= now_at_us && (first_at_us <= last_at_us || is_fresh) ? second_at_us
                                                                                : first_at_us;
}

static gint64 taken_at(struct load *load, const struct feed_mapping *mapping, gint64 last_at_us,
                       const char *path) {
    struct stat status;
    gint64 at_us = load->options->taken_at_us, second_at_us;
    if (at_us == TIME_UNKNOWN) {
        at_us = feed_snapshot_at(mapping, path, &second_at_us);
        if (at_us != second_at_us)
            at_us = pick_of_two(at_us, second_at_us, last_at_us, site_now(load->site));
    }
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

struct feed_mapping *load_mapping(struct site *site, const char *feed_id, gint64 *last_at_us,
                                  guint64 *digest, GError **error) {
    struct db *db = store_read_begin(site_store(site), error);
    struct store_feed feed = {.id = NULL};
    struct feed_mapping *mapping = NULL;
    if (db && store_feed_get(db, feed_id, &feed, error))
        mapping = site_mapping(site, feed.id, feed.mapping, error);
    *last_at_us = mapping ? feed.last_at_us : TIME_UNKNOWN;
    *digest = mapping ? load_mapping_digest(feed.mapping) : 0;
    store_feed_clear(&feed);
    store_read_end(site_store(site), db);
    return mapping;
}

gboolean load_file(struct site *site, const char *feed_id, const char *path,
                   const struct load_options *options, struct load_summary *summary, GError **error) {
    g_autofree char *name = g_path_get_basename(path);
    g_autoptr(GBytes) content = NULL;
    struct load load = {
        .site = site, .feed_id = feed_id, .name = name, .options = options, .summary = summary};

    gint64 last_at_us = TIME_UNKNOWN;
    guint64 digest = 0;
    *summary = (struct load_summary){.list = NULL};
    struct feed_mapping *mapping =
        options->mapping
            ? feed_mapping_parse(options->mapping, strlen(options->mapping), feed_id, error)
            : load_mapping(site, feed_id, &last_at_us, &digest, error);
    if (!mapping)
        return FALSE;
    gboolean ok = (content = read_file(path, error)) != NULL;
    if (ok) {
        gsize n;
        const void *bytes = g_bytes_get_data(content, &n);
        load.content = content;
        seal_sha256(bytes ? bytes : "", n, load.digest);
        load.observed_at_us = taken_at(&load, mapping, last_at_us, path);
        load.read_digest = digest;
        load.is_first_file = last_at_us == TIME_UNKNOWN;
        load.snapshot_at_us = mapping->content == FEED_ROSTER ? load.observed_at_us : 0;
        ok = (!options->on_row || load_preview(&load, mapping, error)) &&
             run_load(&load, mapping, error);
        load_prepared_free(load.prepared);
    }
    feed_mapping_free(mapping);
    return ok;
}

/* ── What could not be read ────────────────────────────────────────────────────────────────────── */

struct problem_listing {
    load_problem_fn each;
    void *context;
};

static void pass_problem(const struct store_problem *p, void *context) {
    const struct problem_listing *listing = context;
    const struct load_problem problem = {.feed = p->feed,
                                         .file = p->file,
                                         .field = p->field,
                                         .reason = p->reason,
                                         .value = p->value,
                                         .row = p->row,
                                         .received_at_us = p->received_at_us};
    listing->each(&problem, listing->context);
}

gboolean load_problems(struct site *site, const char *feed, guint limit, load_problem_fn each,
                       void *context, GError **error) {
    struct problem_listing listing = {each, context};
    struct db *db = store_read_begin(site_store(site), error);
    const gboolean ok = db && store_problems(db, feed, limit, pass_problem, &listing, error);
    store_read_end(site_store(site), db);
    return ok;
}
