/* Any bytes as a tile's path, an entry bundle and an entry; and as everything that a log answers:
 * proofs and the check of the whole either hold or say why.
 *
 * The first byte is the size of the log, or of the bundle; the rest is what it answers to everything.
 */
#include <string.h>

#include "ledger/entry.h"
#include "ledger/tile.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t n);

static void read_path(const char *path) {
    struct ledger_tile tile;
    if (!ledger_tile_parse(path, &tile))
        return;
    g_autofree char *again = ledger_tile_path(&tile);
    g_assert(strcmp(again, path) == 0 && tile.width >= 1 && tile.width <= LEDGER_TILE_WIDTH);
    g_assert(tile.level <= 63 || tile.level == LEDGER_ENTRIES);
    g_assert(ledger_tile_width(tile.index, tile.level, tile.index) <= LEDGER_TILE_WIDTH);
}

static void read_entry(const guint8 *data, gsize n) {
    struct ledger_entry entry;
    guint8 again[LEDGER_ENTRY_BYTES];
    g_autoptr(GError) error = NULL;
    gboolean ok = ledger_entry_read(data, n, &entry, &error);
    g_assert(ok == (error == NULL));
    if (!ok)
        return;
    ledger_entry_write(&entry, again);
    g_assert(n == sizeof again && memcmp(again, data, n) == 0);
    g_assert(*ledger_entry_type_name(entry.type));
}

struct split {
    const guint8 *at; /* where the next entry must be */
    guint64 index;
};

static void follow(guint64 index, const void *entry, gsize n, void *context) {
    struct split *split = context;
    g_assert(index == split->index++ && (const guint8 *)entry == split->at + 2);
    g_assert(n == (gsize)(split->at[0] << 8 | split->at[1]));
    split->at += 2 + n;
}

static void read_bundle(GBytes *bundle, guint width) {
    gsize n;
    const guint8 *data = g_bytes_get_data(bundle, &n);
    struct split split = {.at = data, .index = 512};
    g_autoptr(GError) error = NULL;
    gboolean ok = ledger_bundle_split(bundle, 512, width, follow, &split, &error);
    g_assert(ok == (error == NULL) && (n == 0 || split.at <= data + n));
    g_assert(!ok || split.index == 512 + width);
    g_assert(!ok || width < LEDGER_TILE_WIDTH || n == 0 || split.at == data + n);
}

struct answers {
    GBytes *bytes;
    gboolean has_tiles; /* that fit the entries, as a log would make them … */
    gboolean is_log;    /* … and as many entries as it should */
    struct ledger_hash leaves[LEDGER_TILE_WIDTH];
    struct ledger_edge edge;
};

static void keep_leaf(guint64 index, const void *entry, gsize n, void *context) {
    struct answers *answers = context;
    answers->leaves[index] = ledger_hash_leaf(entry, n);
    ledger_edge_add(&answers->edge, &answers->leaves[index], NULL, NULL);
}

static GBytes *answer(void *context, const char *path, GError **error) {
    struct answers *answers = context;
    (void)error;
    if (answers->has_tiles && strcmp(path, "tile/1/000.p/1") == 0) {
        const struct ledger_hash root = ledger_edge_root(&answers->edge);
        return g_bytes_new(root.bytes, sizeof root.bytes);
    }
    if (answers->has_tiles && !g_str_has_prefix(path, "tile/entries/"))
        return g_bytes_new(answers->leaves, answers->edge.size * sizeof *answers->leaves);
    return g_bytes_ref(answers->bytes);
}

static void read_log(struct answers *answers, guint size) {
    const struct ledger_source source = {.fetch = answer, .context = answers};
    struct ledger_reader *reader = ledger_reader_new(&source, size);
    struct ledger_edge edge = {0};
    GError *error = NULL;
    gboolean ok = ledger_reader_verify(reader, &edge, NULL, NULL, &error);
    g_assert(ok == (error == NULL) && (!ok || edge.size == size));
    g_assert(ok || !answers->is_log);
    g_clear_error(&error);
    for (guint i = 0; i < size; i += 1 + size / 4) {
        GBytes *entry = ledger_reader_entry(reader, i, &error);
        g_assert((entry != NULL) == (error == NULL));
        g_clear_error(&error);
        g_clear_pointer(&entry, g_bytes_unref);
        GArray *proof = ledger_prove_inclusion(reader, i, size, &error);
        g_assert((proof != NULL) == (error == NULL));
        g_clear_error(&error);
        if (proof && ok) {
            const struct ledger_hash root = ledger_edge_root(&edge);
            g_assert(ledger_verify_inclusion(&root, size, i, &answers->leaves[i],
                                             (const struct ledger_hash *)(gpointer)proof->data,
                                             proof->len) ||
                     !answers->has_tiles);
        }
        g_clear_pointer(&proof, g_array_unref);
    }
    ledger_reader_free(reader);
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t n) {
    g_autofree char *path = g_strndup((const char *)data, n);
    read_path(path);
    read_entry(data, n);
    if (n == 0)
        return 0;
    const guint width = data[0] ? data[0] : LEDGER_TILE_WIDTH;
    g_autoptr(GBytes) rest = g_bytes_new(data + 1, n - 1);
    struct answers answers = {.bytes = rest};
    read_bundle(rest, width);
    read_log(&answers, width);
    answers.is_log = ledger_bundle_split(rest, 0, width, keep_leaf, &answers, NULL);
    answers.has_tiles = TRUE;
    read_log(&answers, width);
    return 0;
}
