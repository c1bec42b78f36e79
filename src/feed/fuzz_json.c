/* Any bytes as JSON events: every row ends as cells or as a problem, and reads without a crash. */
#include <string.h>

#include "base/time.h"
#include "feed/formats/format.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t n);

static void ignore(const struct feed_problem *problem, void *context) {
    (void)context;
    g_assert(g_utf8_validate(problem->value, -1, NULL));
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t n) {
    static const char yaml[] = "feed: f\nformat: json-events\ninterval: 1h\nfacility: {id: f, name: F, "
                               "timezone: America/Denver}\n"
                               "columns: {person: [p.id], booking: [b, c], full_name: n, event: e, "
                               "event_id: i, occurred_at: w, "
                               "reason: r, born: d, facility: f}\nreasons: [{code: X, means: died}]\n";
    static struct feed_mapping *mapping;
    struct feed_cells cells;
    struct feed_problem problem;
    struct feed_record record;
    if (!mapping)
        mapping = feed_mapping_parse(yaml, sizeof yaml - 1, "f", NULL);
    struct feed_adapter *adapter = feed_adapter_open(mapping, g_memdup2(data, n ? n : 1), n, NULL);
    GStringChunk *scratch = g_string_chunk_new(256);
    for (enum feed_next next;
         adapter && (next = feed_adapter_next(adapter, &cells, &problem)) != FEED_END;)
        if (next == FEED_CELLS)
            feed_record_read(mapping, &cells, G_GINT64_CONSTANT(1746547200000000), scratch, &record,
                             ignore, NULL);
    g_string_chunk_free(scratch);
    feed_adapter_free(adapter);
    return 0;
}
