/* Any bytes as a list whose bookings stand on several rows: one row a booking, and the same in whatever
 * order the rows stand. */
#include <string.h>

#include "feed/formats/format.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t n);

#define NOW_US G_GINT64_CONSTANT(1746547200000000)

static const char yaml[] =
    "feed: f\nformat: csv-roster\ninterval: 24h\nrows: one a charge\n"
    "facility: {id: f, name: F, timezone: America/Denver}\n"
    "columns: {person: [\"#1\"], booking: [\"#2\"], admitted_at: \"#3\", released_at: \"#4\", reason: "
    "\"#5\", status: "
    "\"#6\"}\n"
    "dialect: {header: false}\ndates: [\"%Y-%m-%d %H:%M\", \"%Y-%m-%d\"]\n"
    "reasons:\n  - {code: R, means: released}\n  - {code: D, means: died}\n  - {code: T, means: "
    "transferred}\n"
    "statuses:\n  - {code: OUT, means: released}\n  - {code: ESC, means: escaped}\n";

static void ignore(const struct feed_problem *problem, void *context) {
    (void)problem;
    (void)context;
}

static char *key_of(const struct feed_cells *cells) {
    return g_strconcat(cells->cell[FIELD_BOOKING], "\n", cells->cell[FIELD_PERSON], NULL);
}

/* Each booking's digest. */
static GHashTable *put_together(const struct feed_mapping *mapping, GBytes *rows) {
    GHashTable *found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    struct feed_adapter *adapter =
        feed_charges_open(feed_held_open(mapping, rows, FALSE), NOW_US, ignore, NULL);
    struct feed_cells cells;
    struct feed_problem problem;
    for (enum feed_next next; (next = feed_adapter_next(adapter, &cells, &problem)) != FEED_END;)
        if (next == FEED_CELLS && cells.cell[FIELD_BOOKING] && cells.cell[FIELD_PERSON])
            g_assert_true(g_hash_table_insert(found, key_of(&cells),
                                              GSIZE_TO_POINTER((gsize)feed_cells_digest(&cells, 0))));
    feed_adapter_free(adapter);
    return found;
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t n) {
    static struct feed_mapping *mapping;
    g_autoptr(GByteArray) rows = g_byte_array_new(), turned = g_byte_array_new();
    struct feed_cells cells;
    struct feed_problem problem;
    if (!mapping)
        mapping = feed_mapping_parse(yaml, sizeof yaml - 1, "f", NULL);
    g_assert_nonnull(mapping);
    struct feed_adapter *adapter = feed_adapter_open(mapping, g_memdup2(data, n ? n : 1), n, NULL);
    for (enum feed_next next;
         adapter && (next = feed_adapter_next(adapter, &cells, &problem)) != FEED_END;)
        if (next == FEED_CELLS) {
            g_autoptr(GByteArray) one = g_byte_array_new();
            feed_cells_keep(one, &cells, FALSE);
            g_byte_array_append(rows, one->data, one->len);
            g_byte_array_prepend(turned, one->data, one->len);
        }
    feed_adapter_free(adapter);
    g_autoptr(GBytes) kept = g_bytes_new(rows->data, rows->len),
                      other = g_bytes_new(turned->data, turned->len);
    g_autoptr(GHashTable) a = put_together(mapping, kept), b = put_together(mapping, other);
    g_assert_cmpuint(g_hash_table_size(a), ==, g_hash_table_size(b));
    GHashTableIter each;
    gpointer key, digest;
    g_hash_table_iter_init(&each, a);
    while (g_hash_table_iter_next(&each, &key, &digest))
        g_assert_true(g_hash_table_lookup(b, key) == digest);
    return 0;
}
