/* Mapped cells of rows that are taken later, of a roster that waits for a person, say: kept as lengths
 * and bytes, read back as rows.
 *
 *   row u32, its top bit: is_unclear | for each field: length + 1 u32 (0: no cell) | bytes | … host
 * byte order
 *
 * Only mapped cells are in it: what may not be kept is not kept while a roster is held, either. */
#include <string.h>

#include "feed/formats/private.h"

#define UNCLEAR 0x80000000u

struct held_adapter {
    struct feed_adapter base;
    GBytes *kept;
    int n_fields;
    gsize at;
    GPtrArray *texts; /* of the current row */
};

void feed_cells_keep(GByteArray *kept, const struct feed_cells *cells, gboolean is_whole) {
    guint32 row = cells->row | (cells->is_unclear ? UNCLEAR : 0);
    g_byte_array_append(kept, (const guint8 *)&row, sizeof row);
    for (int field = 0; field < (is_whole ? FIELD_N : FIELD_KEPT); field++) {
        const char *text = cells->cell[field];
        guint32 n = text ? (guint32)strlen(text) + 1 : 0;
        g_byte_array_append(kept, (const guint8 *)&n, sizeof n);
        if (text)
            g_byte_array_append(kept, (const guint8 *)text, n - 1);
    }
}

static gboolean take_u32(struct held_adapter *adapter, guint32 *value) {
    gsize n;
    const guint8 *bytes = g_bytes_get_data(adapter->kept, &n);
    if (n - adapter->at < sizeof *value)
        return FALSE;
    memcpy(value, bytes + adapter->at, sizeof *value);
    adapter->at += sizeof *value;
    return TRUE;
}

static enum feed_next held_next(struct feed_adapter *base, struct feed_cells *cells,
                                struct feed_problem *problem) {
    struct held_adapter *adapter = (struct held_adapter *)base;
    gsize total;
    const char *bytes = g_bytes_get_data(adapter->kept, &total);
    (void)problem;

    g_ptr_array_set_size(adapter->texts, 0);
    memset(cells, 0, sizeof *cells);
    if (!take_u32(adapter, &cells->row))
        return FEED_END;
    cells->is_unclear = (cells->row & UNCLEAR) != 0;
    cells->row &= ~UNCLEAR;
    for (int field = 0; field < adapter->n_fields; field++) {
        guint32 n;
        if (!take_u32(adapter, &n) || (n && n - 1 > total - adapter->at))
            return FEED_END;
        if (!n)
            continue;
        char *text = g_strndup(bytes + adapter->at, n - 1);
        g_ptr_array_add(adapter->texts, text);
        cells->cell[field] = text;
        adapter->at += n - 1;
    }
    return FEED_CELLS;
}

static double held_progress(const struct feed_adapter *base) {
    const struct held_adapter *adapter = (const struct held_adapter *)base;
    gsize n = g_bytes_get_size(adapter->kept);
    return n ? (double)adapter->at / (double)n : 1;
}

static void held_free(struct feed_adapter *base) {
    struct held_adapter *adapter = (struct held_adapter *)base;
    g_bytes_unref(adapter->kept);
    g_ptr_array_unref(adapter->texts);
    g_free(adapter);
}

struct feed_adapter *feed_held_open(const struct feed_mapping *mapping, GBytes *kept,
                                    gboolean is_whole) {
    struct held_adapter *adapter = g_new0(struct held_adapter, 1);
    adapter->base = (struct feed_adapter){
        .mapping = mapping, .next = held_next, .progress = held_progress, .free = held_free};
    adapter->kept = g_bytes_ref(kept);
    adapter->n_fields = is_whole ? FIELD_N : FIELD_KEPT;
    adapter->texts = g_ptr_array_new_with_free_func(g_free);
    return &adapter->base;
}
