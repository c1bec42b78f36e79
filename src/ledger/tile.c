#include "ledger/tile.h"

#include <string.h>

#include "base/error.h"
#include "ledger/checkpoint.h"

#define TILE_BITS 8
#define MOST_LEVELS 8 /* of tiles; 2^64 leaves */

static gboolean wrong(GError **error, const char *path, const char *what) {
    g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT, "%s: %s", path, what);
    return FALSE;
}

/* ── Paths ─────────────────────────────────────────────────────────────────────────────────────── */

char *ledger_tile_path(const struct ledger_tile *tile) {
    GString *number = g_string_new(NULL);
    guint64 rest = tile->index;
    g_string_printf(number, "%03u", (guint)(rest % 1000));
    while ((rest /= 1000) > 0) {
        g_autofree char *element = g_strdup_printf("x%03u/", (guint)(rest % 1000));
        g_string_prepend(number, element);
    }
    if (tile->width < LEDGER_TILE_WIDTH)
        g_string_append_printf(number, ".p/%u", tile->width);
    char *path = tile->level == LEDGER_ENTRIES
                     ? g_strdup_printf("tile/entries/%s", number->str)
                     : g_strdup_printf("tile/%u/%s", tile->level, number->str);
    g_string_free(number, TRUE);
    return path;
}

/* Lenient here and strict in the end: what is read must be written back the same. */
gboolean ledger_tile_parse(const char *path, struct ledger_tile *tile) {
    guint64 number;
    if (!g_str_has_prefix(path, "tile/") || strlen(path) > 100)
        return FALSE;
    const char *at = path + strlen("tile/"), *slash = strchr(at, '/');
    *tile = (struct ledger_tile){.level = LEDGER_ENTRIES, .width = LEDGER_TILE_WIDTH};
    if (!slash)
        return FALSE;
    if (!g_str_has_prefix(at, "entries/")) {
        if (!ledger_number_parse(at, (gsize)(slash - at), &number) || number > 63)
            return FALSE;
        tile->level = (guint)number;
    }
    for (at = slash + 1;; at += 4) {
        at += *at == 'x';
        for (guint i = 0; i < 3; i++)
            if (!g_ascii_isdigit(at[i]))
                return FALSE;
        tile->index =
            tile->index * 1000 + (guint64)((at[0] - '0') * 100 + (at[1] - '0') * 10 + at[2] - '0');
        if (at[3] != '/')
            break;
    }
    if (g_str_has_prefix(at + 3, ".p/")) {
        if (!ledger_number_parse(at + 6, strlen(at + 6), &number) || number < 1 ||
            number >= LEDGER_TILE_WIDTH)
            return FALSE;
        tile->width = (guint)number;
    }
    g_autofree char *again = ledger_tile_path(tile);
    return strcmp(again, path) == 0;
}

guint ledger_tile_width(guint64 size, guint level, guint64 index) {
    const guint shift = level == LEDGER_ENTRIES ? 0 : level * TILE_BITS;
    const guint64 hashes = shift < 64 ? size >> shift : 0, first = index << TILE_BITS;
    if (first >> TILE_BITS != index || hashes <= first)
        return 0;
    return (guint)MIN(hashes - first, LEDGER_TILE_WIDTH);
}

/* ── Reading ───────────────────────────────────────────────────────────────────────────────────── */

struct ledger_reader {
    struct ledger_source source;
    guint64 size;
    GHashTable *kept; /* path → GBytes */
};

struct ledger_reader *ledger_reader_new(const struct ledger_source *source, guint64 size) {
    struct ledger_reader *reader = g_new0(struct ledger_reader, 1);
    reader->source = *source;
    reader->size = size;
    reader->kept =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
    return reader;
}

void ledger_reader_free(struct ledger_reader *reader) {
    if (!reader)
        return;
    g_hash_table_unref(reader->kept);
    g_free(reader);
}

/* How many bytes the first `n` entries of a bundle take; all of it when it is cut off before. */
static gsize entries_length(GBytes *bundle, guint n) {
    gsize size, at = 0;
    const guint8 *bytes = g_bytes_get_data(bundle, &size);
    for (; n > 0 && size - at >= 2; n--) {
        const gsize length = 2 + (gsize)(bytes[at] << 8 | bytes[at + 1]);
        if (length > size - at)
            return size;
        at += length;
    }
    return at;
}

/* The tile as this tree needs it; where a partial one is gone, the beginning of the full one. Borrowed
 * until the next call that drops what is kept. */
static GBytes *fetch_tile(struct ledger_reader *reader, guint level, guint64 index, GError **error) {
    struct ledger_tile tile = {.level = level, .index = index};
    tile.width = ledger_tile_width(reader->size, level, index);
    g_autofree char *path = ledger_tile_path(&tile);
    GBytes *bytes = g_hash_table_lookup(reader->kept, path);
    if (bytes)
        return bytes;
    bytes = reader->source.fetch(reader->source.context, path, error);
    if (!bytes && tile.width < LEDGER_TILE_WIDTH) {
        tile.width = LEDGER_TILE_WIDTH;
        g_autofree char *full = ledger_tile_path(&tile);
        bytes = reader->source.fetch(reader->source.context, full, NULL);
        if (bytes)
            g_clear_error(error);
    }
    if (!bytes)
        return NULL;
    const guint width = ledger_tile_width(reader->size, level, index);
    const gsize least = (gsize)width * LEDGER_HASH_BYTES;
    if (level != LEDGER_ENTRIES && g_bytes_get_size(bytes) != (gsize)tile.width * LEDGER_HASH_BYTES) {
        wrong(error, path, "the tile has the wrong length");
        g_bytes_unref(bytes);
        return NULL;
    }
    if (tile.width > width) { /* the full one in place of the partial one */
        const gsize n = level == LEDGER_ENTRIES ? entries_length(bytes, width) : least;
        GBytes *part = g_bytes_new_from_bytes(bytes, 0, n);
        g_bytes_unref(bytes);
        bytes = part;
    }
    g_hash_table_insert(reader->kept, g_steal_pointer(&path), bytes);
    return bytes;
}

/* The full subtree of 2^height leaves, number `index` from the left. */
static gboolean read_node(struct ledger_reader *reader, guint height, guint64 index,
                          struct ledger_hash *hash, GError **error) {
    const guint level = height / TILE_BITS, up = height % TILE_BITS, n = 1u << up;
    const guint64 first = index << up;
    struct ledger_hash row[LEDGER_TILE_WIDTH];
    GBytes *tile = fetch_tile(reader, level, first >> TILE_BITS, error);
    if (!tile)
        return FALSE;
    memcpy(row,
           (const guint8 *)g_bytes_get_data(tile, NULL) + first % LEDGER_TILE_WIDTH * LEDGER_HASH_BYTES,
           n * sizeof *row);
    for (guint width = n; width > 1; width /= 2)
        for (guint i = 0; i < width / 2; i++)
            row[i] = ledger_hash_node(&row[2 * i], &row[2 * i + 1]);
    *hash = row[0];
    return TRUE;
}

/* The largest power of two below n, n > 1, as an exponent. */
static guint split_of(guint64 n) {
    return 63u - (guint)__builtin_clzll(n - 1);
}

gboolean ledger_reader_range(struct ledger_reader *reader, guint64 low, guint64 high,
                             struct ledger_hash *hash, GError **error) {
    const guint64 n = high - low;
    if (n == 0) {
        *hash = ledger_hash_empty();
        return TRUE;
    }
    if (((n | low) & (n - 1)) == 0) {
        const guint height = (guint)__builtin_ctzll(n);
        return read_node(reader, height, low >> height, hash, error);
    }
    const guint64 middle = low + ((guint64)1 << split_of(n));
    struct ledger_hash left, right;
    if (!ledger_reader_range(reader, low, middle, &left, error) ||
        !ledger_reader_range(reader, middle, high, &right, error))
        return FALSE;
    *hash = ledger_hash_node(&left, &right);
    return TRUE;
}

/* ── Proofs ────────────────────────────────────────────────────────────────────────────────────── */

static gboolean append_range(struct ledger_reader *reader, guint64 low, guint64 high, GArray *proof,
                             GError **error) {
    struct ledger_hash hash;
    if (!ledger_reader_range(reader, low, high, &hash, error))
        return FALSE;
    g_array_append_val(proof, hash);
    return TRUE;
}

static gboolean within(struct ledger_reader *reader, gboolean is_part, guint64 part, guint64 whole,
                       GError **error) {
    if (is_part && whole <= reader->size)
        return TRUE;
    g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT,
                "there is no such proof: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                " in a log of %" G_GUINT64_FORMAT,
                part, whole, reader->size);
    return FALSE;
}

/* Siblings from the root's children down, then turned around. */
GArray *ledger_prove_inclusion(struct ledger_reader *reader, guint64 index, guint64 size,
                               GError **error) {
    g_autoptr(GArray) down = g_array_new(FALSE, FALSE, sizeof(struct ledger_hash));
    guint64 low = 0, high = size;
    if (!within(reader, index < size, index, size, error))
        return NULL;
    while (high - low > 1) {
        const guint64 middle = low + ((guint64)1 << split_of(high - low));
        const gboolean is_left = index < middle;
        if (!append_range(reader, is_left ? middle : low, is_left ? high : middle, down, error))
            return NULL;
        *(is_left ? &high : &low) = middle;
    }
    GArray *proof = g_array_new(FALSE, FALSE, sizeof(struct ledger_hash));
    for (guint i = down->len; i > 0; i--)
        g_array_append_val(proof, g_array_index(down, struct ledger_hash, i - 1));
    return proof;
}

/* SUBPROOF of RFC 6962, section 2.1.2, over leaves [low, high) of which the old tree has [low, old). */
static gboolean subproof(struct ledger_reader *reader, guint64 old, guint64 low, guint64 high,
                         gboolean is_whole, GArray *proof, GError **error) {
    if (old == high)
        return is_whole || append_range(reader, low, high, proof, error);
    const guint64 middle = low + ((guint64)1 << split_of(high - low));
    if (old <= middle)
        return subproof(reader, old, low, middle, is_whole, proof, error) &&
               append_range(reader, middle, high, proof, error);
    return subproof(reader, old, middle, high, FALSE, proof, error) &&
           append_range(reader, low, middle, proof, error);
}

GArray *ledger_prove_consistency(struct ledger_reader *reader, guint64 old_size, guint64 new_size,
                                 GError **error) {
    GArray *proof = g_array_new(FALSE, FALSE, sizeof(struct ledger_hash));
    if (!within(reader, old_size <= new_size, old_size, new_size, error) ||
        (old_size > 0 && !subproof(reader, old_size, 0, new_size, TRUE, proof, error))) {
        g_array_unref(proof);
        return NULL;
    }
    return proof;
}

/* ── Entries ───────────────────────────────────────────────────────────────────────────────────── */

gboolean ledger_bundle_split(GBytes *bundle, guint64 first, guint width, ledger_entry_fn each,
                             void *context, GError **error) {
    gsize n;
    const guint8 *data = g_bytes_get_data(bundle, &n), *at = data ? data : (const guint8 *)"",
                 *end = at + n; /* an empty bundle has no data */
    for (guint i = 0; i < width; i++) {
        const gsize length = end - at >= 2 ? (gsize)(at[0] << 8 | at[1]) : 0;
        if (end - at < 2 || (gsize)(end - at - 2) < length) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT,
                        "the entry bundle of %" G_GUINT64_FORMAT
                        " is cut off in entry %" G_GUINT64_FORMAT,
                        first, first + i);
            return FALSE;
        }
        each(first + i, at + 2, length, context);
        at += 2 + length;
    }
    if (at == end)
        return TRUE;
    g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT,
                "the entry bundle of %" G_GUINT64_FORMAT " holds more than %u entries", first, width);
    return FALSE;
}

struct wanted {
    guint64 index;
    GBytes *entry;
};

static void keep_wanted(guint64 index, const void *entry, gsize n, void *context) {
    struct wanted *wanted = context;
    if (index == wanted->index)
        wanted->entry = g_bytes_new(entry, n);
}

GBytes *ledger_reader_entry(struct ledger_reader *reader, guint64 index, GError **error) {
    struct wanted wanted = {.index = index};
    if (!within(reader, index < reader->size, index, reader->size, error))
        return NULL;
    GBytes *bundle = fetch_tile(reader, LEDGER_ENTRIES, index / LEDGER_TILE_WIDTH, error);
    const guint64 first = index - index % LEDGER_TILE_WIDTH;
    if (bundle && !ledger_bundle_split(bundle, first,
                                       ledger_tile_width(reader->size, 0, index / LEDGER_TILE_WIDTH),
                                       keep_wanted, &wanted, error))
        g_clear_pointer(&wanted.entry, g_bytes_unref);
    return wanted.entry;
}

/* ── Verifying all ─────────────────────────────────────────────────────────────────────────────── */

struct verification {
    struct ledger_reader *reader;
    struct ledger_edge *edge;
    GError *error;
};

static void check_hash(struct verification *v, guint level, guint64 index,
                       const struct ledger_hash *hash) {
    GBytes *tile = NULL;
    if (v->error)
        return;
    tile = fetch_tile(v->reader, level, index / LEDGER_TILE_WIDTH, &v->error);
    if (tile && memcmp((const guint8 *)g_bytes_get_data(tile, NULL) +
                           index % LEDGER_TILE_WIDTH * LEDGER_HASH_BYTES,
                       hash->bytes, LEDGER_HASH_BYTES) != 0)
        g_set_error(&v->error, BASE_ERROR, BASE_ERROR_INPUT,
                    "the tile of level %u does not hold what the entries hash to, at hash "
                    "%" G_GUINT64_FORMAT,
                    level, index);
}

static void check_upper(guint level, guint64 index, const struct ledger_hash *hash, void *context) {
    check_hash(context, level, index, hash);
}

static void check_entry(guint64 index, const void *entry, gsize n, void *context) {
    struct verification *v = context;
    const struct ledger_hash leaf = ledger_hash_leaf(entry, n);
    check_hash(v, 0, index, &leaf);
    ledger_edge_add(v->edge, &leaf, check_upper, v);
}

gboolean ledger_reader_verify(struct ledger_reader *reader, struct ledger_edge *edge,
                              void (*progress)(double part, void *context), void *context,
                              GError **error) {
    struct verification v = {.reader = reader, .edge = edge};
    const guint64 first = edge->size;
    while (edge->size < reader->size && !v.error) {
        const guint64 index = edge->size / LEDGER_TILE_WIDTH;
        GBytes *bundle = fetch_tile(reader, LEDGER_ENTRIES, index, &v.error);
        GError *problem = NULL; /* what was found first counts */
        if (bundle &&
            !ledger_bundle_split(bundle, edge->size, ledger_tile_width(reader->size, 0, index),
                                 check_entry, &v, &problem) &&
            !v.error)
            v.error = g_steal_pointer(&problem);
        g_clear_error(&problem);
        g_hash_table_remove_all(reader->kept);
        if (progress)
            progress((double)(edge->size - first) / (double)(reader->size - first), context);
    }
    if (!v.error)
        return TRUE;
    g_propagate_error(error, v.error);
    return FALSE;
}
