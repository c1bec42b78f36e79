#include "intake/private.h"

static void keep_problem(const struct feed_problem *problem, void *context) {
    g_array_append_val((GArray *)context, *problem);
}

/* A row by itself: what it means, not what it changes. */
static void preview_row(const struct load *load, const struct feed_mapping *mapping,
                        const struct feed_cells *cells, GArray *problems) {
    g_autoptr(GStringChunk) scratch = g_string_chunk_new(512);
    struct feed_record record;
    const gboolean is_usable = feed_record_read(mapping, cells, load->observed_at_us, scratch, &record,
                                                keep_problem, problems);
    const struct load_row row = {.row = cells->row,
                                 .record = is_usable ? &record : NULL,
                                 .mapping = mapping,
                                 .problems = (const struct feed_problem *)(gpointer)problems->data,
                                 .n_problems = problems->len};
    load->options->on_row(&row, load->options->context);
}

gboolean load_preview(struct load *load, struct feed_mapping *mapping, GError **error) {
    load->mapping = mapping;
    struct feed_adapter *adapter = load_open_content(load, load->content, error);
    g_autoptr(GArray) problems = g_array_new(FALSE, FALSE, sizeof(struct feed_problem));
    struct feed_cells cells;
    struct feed_problem problem;
    enum feed_next next;
    while (adapter && (next = feed_adapter_next(adapter, &cells, &problem)) != FEED_END) {
        g_array_set_size(problems, 0);
        if (next == FEED_CELLS) {
            preview_row(load, mapping, &cells, problems);
            continue;
        }
        const struct load_row row = {
            .row = problem.row, .mapping = mapping, .problems = &problem, .n_problems = 1};
        load->options->on_row(&row, load->options->context);
    }
    load->mapping = NULL;
    feed_adapter_free(adapter);
    return adapter != NULL;
}
