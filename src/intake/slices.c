/* Events that come in many rows, taken some at a time: nobody waits for all of them. */
#include <string.h>

#include "base/error.h"
#include "intake/private.h"
#include "store/store.h"

#define MOST_ROWS 512
#define MOST_BYTES (256u << 10)
#define SMALL_BYTES 1024u /* has no more than MOST_ROWS rows */

struct slicing {
    struct load_slice slice;
    struct load before; /* as it was when the slice began */
    struct load_summary summary_before;
};

/* FALSE at the end of the rows. */
static gboolean take_next(struct load_slice *slice, struct feed_adapter *adapter) {
    struct feed_cells cells;
    struct feed_problem problem;
    switch (feed_adapter_next(adapter, &cells, &problem)) {
    case FEED_CELLS: feed_cells_keep(slice->cells, &cells, TRUE); return TRUE;
    case FEED_PROBLEM: g_array_append_val(slice->problems, problem); return TRUE;
    default: return FALSE;
    }
}

static void fill(struct load_slice *slice, struct feed_adapter *adapter) {
    guint n = 0;
    g_byte_array_set_size(slice->cells, 0);
    g_array_set_size(slice->problems, 0);
    while (!slice->is_last && n++ < MOST_ROWS && slice->cells->len < MOST_BYTES)
        slice->is_last = !take_next(slice, adapter);
}

/* What the slices so far have found, into a load that has begun again. */
static void carry(struct load *load, const struct owing *so_far) {
    load->owing.n_alerts = so_far->n_alerts;
    load->owing.n_history = so_far->n_history;
    load->owing.n_history_followed = so_far->n_history_followed;
    load->owing.n_late = so_far->n_late;
    load->owing.n_waits = so_far->n_waits;
    load->owing.newest_booking_id = so_far->newest_booking_id;
}

gboolean load_go_on(struct load *load, const struct owing *so_far, GError **error) {
    enum store_source_state state;
    gboolean is_known;
    carry(load, so_far);
    load->source.feed = load->feed.id;
    load->owing.source_id = load->source.id;
    if (!store_source_known(load->db, load->feed.id, load->digest, load->snapshot_at_us, &is_known,
                            &state, error))
        return FALSE;
    if (is_known && (state == SOURCE_LOADING || load->push_key))
        return TRUE;
    g_set_error(error, BASE_ERROR, BASE_ERROR_CONFLICT, "%s: it was undone while it was taken",
                load->name);
    return FALSE;
}

static void begin_slice(struct slicing *s, const struct load *load) {
    s->before = *load;
    s->summary_before = *load->summary;
}

/* The transaction begins again. */
static void take_back(void *context) {
    struct load *load = context;
    const struct slicing *s = (const struct slicing *)load->slice;
    const struct load *before = &s->before;
    owe_listing_cut(&load->listing, &before->listing);
    while (json_array_size(load->summary->problem_list) >
           MIN(s->summary_before.problems, MOST_PROBLEMS_LISTED))
        json_array_remove(load->summary->problem_list,
                          json_array_size(load->summary->problem_list) - 1);
    *load->summary = s->summary_before;
    load->n_unreadable = before->n_unreadable;
    load->n_kept_problems = before->n_kept_problems;
    load->n_clashes = before->n_clashes;
    load->n_expunged = before->n_expunged;
    load->n_other_people = before->n_other_people;
    load->n_renamed = before->n_renamed;
    load->n_paged_clashes = before->n_paged_clashes;
    load->n_paged_other_people = before->n_paged_other_people;
    load->n_paged_renamed = before->n_paged_renamed;
    load->n_paged_history = before->n_paged_history;
    load->legible = before->legible;
    load->source = before->source;
    carry(load, &before->owing);
    g_clear_error(&load->problem_error);
    g_clear_pointer(&load->answer, g_free);
}

/* How many rows say that somebody left, or came in: what is far beyond the usual as a whole is in doubt
 * from its first rows on. */
static gboolean count_ahead(struct load *load, struct feed_mapping *mapping, GError **error) {
    struct feed_cells cells;
    struct feed_problem problem;
    load->mapping = mapping;
    struct feed_adapter *adapter = load_open_content(load, load->content, error);
    memset(load->n_ahead, 0, sizeof load->n_ahead);
    for (enum feed_next next;
         adapter && (next = feed_adapter_next(adapter, &cells, &problem)) != FEED_END;)
        if (next == FEED_CELLS) {
            load->n_ahead[PACE_ENDINGS] += feed_record_says_out(mapping, &cells);
            load->n_ahead[PACE_ARRIVALS] += feed_record_says_in(mapping, &cells);
        }
    load->mapping = NULL;
    feed_adapter_free(adapter);
    return adapter != NULL;
}

/* Those of the slice are ahead no more. */
static void count_slice(struct load *load, const struct load_slice *slice,
                        const struct feed_mapping *mapping) {
    g_autoptr(GBytes) rows = g_bytes_new_static(slice->cells->data, slice->cells->len);
    struct feed_adapter *adapter = feed_held_open(mapping, rows, TRUE);
    struct feed_cells cells;
    struct feed_problem problem;
    while (feed_adapter_next(adapter, &cells, &problem) == FEED_CELLS) {
        load->n_ahead[PACE_ENDINGS] -= feed_record_says_out(mapping, &cells);
        load->n_ahead[PACE_ARRIVALS] -= feed_record_says_in(mapping, &cells);
    }
    feed_adapter_free(adapter);
}

static gboolean take_slices(struct load *load, struct feed_mapping *mapping,
                            struct feed_adapter *adapter, struct slicing *s, store_fn take,
                            GError **error) {
    gboolean ok = TRUE;
    s->slice.is_first = TRUE;
    while (ok && !s->slice.is_last && !load->is_passed_over) {
        fill(&s->slice, adapter);
        if (!s->slice.is_last)
            count_slice(load, &s->slice, mapping);
        else
            memset(load->n_ahead, 0, sizeof load->n_ahead);
        if (load->options->on_progress)
            load->options->on_progress(feed_adapter_progress(adapter), load->options->context);
        begin_slice(s, load);
        ok = load_may_go_on(load, error) &&
             store_write(site_store(load->site), STORE_WORK(take, take_back), load, error);
        s->slice.is_first = FALSE;
    }
    return ok;
}

gboolean load_in_slices(struct load *load, struct feed_mapping *mapping, store_fn take,
                        GError **error) {
    if (g_bytes_get_size(load->content) > SMALL_BYTES && !count_ahead(load, mapping, error))
        return FALSE;
    struct slicing s = {.slice = {.cells = g_byte_array_new(),
                                  .problems = g_array_new(FALSE, FALSE, sizeof(struct feed_problem))}};
    load->mapping = mapping;
    struct feed_adapter *adapter = load_open_content(load, load->content, error);
    load->mapping = NULL;
    load->slice = &s.slice;
    const gboolean ok = adapter && take_slices(load, mapping, adapter, &s, take, error);
    load->slice = NULL;
    feed_adapter_free(adapter);
    g_byte_array_unref(s.slice.cells);
    g_array_unref(s.slice.problems);
    return ok;
}
