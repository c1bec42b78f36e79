#include <glib/gstdio.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/seal.h"
#include "base/time.h"
#include "disclose/leaf.h"
#include "ledger/checkpoint.h"
#include "ledger/entry.h"
#include "ledger/note.h"
#include "ledger/tile.h"
#include "ledger/tree.h"

/* ── RFC 6962, section 2.1, as it is written there: slow, and with GLib's hash ── */

static struct ledger_hash sha256_of(const GByteArray *text) {
    struct ledger_hash hash;
    gsize n = sizeof hash.bytes;
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(sum, text->data, text->len);
    g_checksum_get_digest(sum, hash.bytes, &n);
    return hash;
}

static struct ledger_hash naive_leaf(const void *entry, gsize n) {
    g_autoptr(GByteArray) text = g_byte_array_new();
    g_byte_array_append(text, (const guint8 *)"\x00", 1);
    g_byte_array_append(text, entry, (guint)n);
    return sha256_of(text);
}

static struct ledger_hash naive_node(const struct ledger_hash *left, const struct ledger_hash *right) {
    g_autoptr(GByteArray) text = g_byte_array_new();
    g_byte_array_append(text, (const guint8 *)"\x01", 1);
    g_byte_array_append(text, left->bytes, 32);
    g_byte_array_append(text, right->bytes, 32);
    return sha256_of(text);
}

/* The largest power of two smaller than n. */
static guint64 naive_k(guint64 n) {
    guint64 k = 1;
    while (k * 2 < n)
        k *= 2;
    return k;
}

/* MTH(D[n]) */
static struct ledger_hash naive_mth(const struct ledger_hash *leaves, guint64 n) {
    g_autoptr(GByteArray) nothing = g_byte_array_new();
    if (n == 0)
        return sha256_of(nothing);
    if (n == 1)
        return leaves[0];
    const guint64 k = naive_k(n);
    const struct ledger_hash left = naive_mth(leaves, k), right = naive_mth(leaves + k, n - k);
    return naive_node(&left, &right);
}

/* PATH(m, D[n]) */
static void naive_path(guint64 m, const struct ledger_hash *leaves, guint64 n, GArray *path) {
    struct ledger_hash other;
    if (n == 1)
        return;
    const guint64 k = naive_k(n);
    if (m < k) {
        naive_path(m, leaves, k, path);
        other = naive_mth(leaves + k, n - k);
    } else {
        naive_path(m - k, leaves + k, n - k, path);
        other = naive_mth(leaves, k);
    }
    g_array_append_val(path, other);
}

/* SUBPROOF(m, D[n], b) */
static void naive_subproof(guint64 m, const struct ledger_hash *leaves, guint64 n, gboolean b,
                           GArray *proof) {
    struct ledger_hash other;
    if (m == n && b)
        return;
    if (m == n) {
        other = naive_mth(leaves, n);
    } else {
        const guint64 k = naive_k(n);
        if (m <= k) {
            naive_subproof(m, leaves, k, b, proof);
            other = naive_mth(leaves + k, n - k);
        } else {
            naive_subproof(m - k, leaves + k, n - k, FALSE, proof);
            other = naive_mth(leaves, k);
        }
    }
    g_array_append_val(proof, other);
}

/* ── A log whose tiles are made from MTH ── */

struct log {
    GPtrArray *entries;   /* GBytes */
    GArray *levels[3];    /* struct ledger_hash: hash i of level L is the MTH of 256^L entries */
    GHashTable *replaced; /* path → GBytes, NULL: it is gone */
    gboolean is_pruned;   /* of partial tiles */
    guint fetched;
};

static GArray *hashes_new(void) {
    return g_array_new(FALSE, FALSE, sizeof(struct ledger_hash));
}

static const struct ledger_hash *hashes_of(const GArray *array) {
    return (const struct ledger_hash *)(gpointer)array->data;
}

static struct log *log_new(guint size) {
    struct log *log = g_new0(struct log, 1);
    log->entries = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    log->replaced = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint level = 0; level < G_N_ELEMENTS(log->levels); level++)
        log->levels[level] = hashes_new();
    for (guint i = 0; i < size; i++) {
        g_autofree char *entry = g_strdup_printf("entry %u", i);
        const struct ledger_hash leaf = naive_leaf(entry, strlen(entry));
        g_array_append_val(log->levels[0], leaf);
        g_ptr_array_add(log->entries, g_bytes_new(entry, strlen(entry)));
    }
    for (guint level = 1; level < G_N_ELEMENTS(log->levels); level++)
        for (guint i = 0; (i + 1) * 256 <= log->levels[level - 1]->len; i++) {
            const struct ledger_hash hash = naive_mth(hashes_of(log->levels[level - 1]) + i * 256, 256);
            g_array_append_val(log->levels[level], hash);
        }
    return log;
}

static void bytes_free(gpointer key, gpointer bytes, gpointer context) {
    (void)key;
    (void)context;
    if (bytes)
        g_bytes_unref(bytes);
}

static void log_free(struct log *log) {
    g_ptr_array_unref(log->entries);
    g_hash_table_foreach(log->replaced, bytes_free, NULL);
    g_hash_table_unref(log->replaced);
    for (guint level = 0; level < G_N_ELEMENTS(log->levels); level++)
        g_array_unref(log->levels[level]);
    g_free(log);
}

static void log_restore(struct log *log) {
    g_hash_table_foreach(log->replaced, bytes_free, NULL);
    g_hash_table_remove_all(log->replaced);
}

static void log_replace(struct log *log, const char *path, GBytes *bytes) {
    g_hash_table_insert(log->replaced, g_strdup(path), bytes);
}

static const struct ledger_hash *leaves_of(const struct log *log) {
    return hashes_of(log->levels[0]);
}

/* "tile/0/001.p/7" and "tile/entries/001"; no log of these tests has a thousand tiles. */
static gboolean naive_tile(const char *path, char level[8], guint *index, guint *width) {
    *width = 256;
    const int n = sscanf(path, "tile/%7[^/]/%3u.p/%3u", level, index, width);
    g_autofree char *again = n == 3 ? g_strdup_printf("tile/%s/%03u.p/%u", level, *index, *width)
                                    : g_strdup_printf("tile/%s/%03u", level, *index);
    return n >= 2 && strcmp(path, again) == 0;
}

static GBytes *log_bundle(const struct log *log, guint first, guint width) {
    g_autoptr(GByteArray) out = g_byte_array_new();
    for (guint i = first; i < first + width; i++) {
        gsize n;
        const guint8 *bytes = g_bytes_get_data(log->entries->pdata[i], &n);
        const guint8 length[2] = {(guint8)(n / 256), (guint8)(n % 256)};
        g_byte_array_append(out, length, 2);
        g_byte_array_append(out, bytes, (guint)n);
    }
    return g_bytes_new(out->data, out->len);
}

static GBytes *log_tile(const struct log *log, const char *path) {
    char level[8];
    guint index, width;
    if (!naive_tile(path, level, &index, &width) || (log->is_pruned && width < 256))
        return NULL;
    if (strcmp(level, "entries") == 0)
        return index * 256 + width <= log->entries->len ? log_bundle(log, index * 256, width) : NULL;
    g_assert_true(level[0] >= '0' && level[0] <= '2' && !level[1]);
    const GArray *hashes = log->levels[level[0] - '0'];
    return index * 256 + width <= hashes->len
               ? g_bytes_new(hashes_of(hashes) + index * 256, width * sizeof(struct ledger_hash))
               : NULL;
}

static GBytes *log_fetch(void *context, const char *path, GError **error) {
    struct log *log = context;
    gpointer bytes;
    log->fetched++;
    if (!g_hash_table_lookup_extended(log->replaced, path, NULL, &bytes))
        bytes = log_tile(log, path);
    else if (bytes)
        g_bytes_ref(bytes);
    if (!bytes)
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "no %s", path);
    return bytes;
}

static struct ledger_reader *reader_of(struct log *log, guint64 size) {
    const struct ledger_source source = {.fetch = log_fetch, .context = log};
    return ledger_reader_new(&source, size);
}

static void expect_hash(const struct ledger_hash *got, const struct ledger_hash *expected) {
    g_assert_cmpmem(got->bytes, 32, expected->bytes, 32);
}

static void expect_hashes(const GArray *got, const GArray *expected) {
    g_assert_cmpmem(got->data, got->len * 32, expected->data, expected->len * 32);
}

static void expect_message(GError **error, const char *what) {
    g_assert_nonnull(*error);
    if (!strstr((*error)->message, what))
        g_error("got \"%s\", not … %s", (*error)->message, what);
    g_clear_error(error);
}

static struct ledger_hash hash_of_hex(const char *hex) {
    struct ledger_hash hash;
    g_assert_cmpuint(strlen(hex), ==, 64);
    for (guint i = 0; i < 32; i++)
        hash.bytes[i] =
            (guint8)(g_ascii_xdigit_value(hex[2 * i]) * 16 + g_ascii_xdigit_value(hex[2 * i + 1]));
    return hash;
}

static gboolean hash_of_base64(const char *base64, struct ledger_hash *hash) {
    gsize n;
    g_autofree guint8 *bytes = g_base64_decode(base64, &n);
    if (n == 32)
        memcpy(hash->bytes, bytes, 32);
    return n == 32;
}

/* ── The tree ── */

/* Certificate Transparency's reference tree: the entries and roots that its implementations test with.
 */
static void the_reference_tree_has_its_known_roots(void) {
    static const struct {
        const char *entry;
        gsize n;
        const char *root;
    } known[] = {
        {"", 0, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
        {"\x00", 1, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
        {"\x10", 1, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
        {"\x20\x21", 2, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
        {"\x30\x31", 2, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
        {"\x40\x41\x42\x43", 4, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
        {"\x50\x51\x52\x53\x54\x55\x56\x57", 8,
         "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
        {"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16,
         "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
    };
    struct ledger_edge edge = {0};
    const struct ledger_hash nothing =
        hash_of_hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    const struct ledger_hash empty = ledger_hash_empty();
    struct ledger_hash root = ledger_edge_root(&edge);
    expect_hash(&root, &nothing);
    expect_hash(&empty, &nothing);
    for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
        const struct ledger_hash leaf = ledger_hash_leaf(known[i].entry, known[i].n),
                                 expected = hash_of_hex(known[i].root);
        ledger_edge_add(&edge, &leaf, NULL, NULL);
        root = ledger_edge_root(&edge);
        expect_hash(&root, &expected);
        g_assert_cmpuint(edge.size, ==, i + 1);
    }
    g_assert_false(ledger_hash_equal(&root, &empty));
    g_assert_true(ledger_hash_equal(&root, &root));
}

static void entries_of_any_length_hash_behind_a_zero(void) {
    static const gsize lengths[] = {0, 1, 176, 1022, 1023, 1024, 1025, 65535};
    g_autofree char *entry = g_malloc(65535);
    memset(entry, 'x', 65535);
    for (guint i = 0; i < G_N_ELEMENTS(lengths); i++) {
        const struct ledger_hash got = ledger_hash_leaf(entry, lengths[i]),
                                 expected = naive_leaf(entry, lengths[i]);
        expect_hash(&got, &expected);
    }
    const struct ledger_hash nothing = ledger_hash_leaf(NULL, 0), expected = naive_leaf("", 0);
    expect_hash(&nothing, &expected);
}

static void every_size_has_the_root_of_rfc_6962(void) {
    struct log *log = log_new(600);
    struct ledger_edge edge = {0};
    for (guint size = 0; size <= 600; size++) {
        const struct ledger_hash root = ledger_edge_root(&edge),
                                 expected = naive_mth(leaves_of(log), size);
        struct ledger_hash from_tiles;
        struct ledger_reader *reader = reader_of(log, size);
        g_assert_true(ledger_reader_range(reader, 0, size, &from_tiles, NULL));
        expect_hash(&root, &expected);
        expect_hash(&from_tiles, &expected);
        ledger_reader_free(reader);
        if (size < 600)
            ledger_edge_add(&edge, &leaves_of(log)[size], NULL, NULL);
    }
    log_free(log);
}

static void collect(guint level, guint64 index, const struct ledger_hash *hash, void *context) {
    GArray **levels = context;
    g_assert_cmpuint(level, >=, 1);
    g_assert_cmpuint(level, <, 3);
    g_assert_cmpuint(index, ==, levels[level]->len);
    g_array_append_val(levels[level], *hash);
}

static void full_subtrees_of_256_are_told_once_each_in_order(void) {
    struct log *log = log_new(65536 + 300);
    struct ledger_edge edge = {0};
    GArray *levels[3] = {NULL, hashes_new(), hashes_new()};
    for (guint i = 0; i < log->entries->len; i++)
        ledger_edge_add(&edge, &leaves_of(log)[i], collect, levels);
    g_assert_cmpuint(levels[1]->len, ==, 257);
    g_assert_cmpuint(levels[2]->len, ==, 1);
    for (guint level = 1; level < 3; level++) {
        expect_hashes(levels[level], log->levels[level]);
        g_array_unref(levels[level]);
    }
    log_free(log);
}

static gboolean includes(const struct ledger_hash *root, guint64 size, guint64 index,
                         const struct ledger_hash *leaf, const GArray *proof) {
    return ledger_verify_inclusion(root, size, index, leaf, hashes_of(proof), proof->len);
}

static gboolean continues(const struct ledger_hash *old_root, guint64 old_size,
                          const struct ledger_hash *root, guint64 size, const GArray *proof) {
    return ledger_verify_consistency(old_root, old_size, root, size, hashes_of(proof), proof->len);
}

/* The proof with a bit changed in each hash, a hash short, and one too many. */
#define WITH_EACH_CHANGE(proof, holds)                                                                 \
    do {                                                                                               \
        for (guint h_ = 0; h_ < (proof)->len; h_++) {                                                  \
            g_array_index(proof, struct ledger_hash, h_).bytes[h_ % 32] ^= 4;                          \
            g_assert_false(holds);                                                                     \
            g_array_index(proof, struct ledger_hash, h_).bytes[h_ % 32] ^= 4;                          \
        }                                                                                              \
        const struct ledger_hash more_ = {{7}};                                                        \
        g_array_append_val(proof, more_);                                                              \
        g_assert_false(holds);                                                                         \
        g_array_set_size(proof, (proof)->len - 1);                                                     \
        if ((proof)->len) {                                                                            \
            const struct ledger_hash last_ =                                                           \
                g_array_index(proof, struct ledger_hash, (proof)->len - 1);                            \
            g_array_set_size(proof, (proof)->len - 1);                                                 \
            g_assert_false(holds);                                                                     \
            g_array_append_val(proof, last_);                                                          \
        }                                                                                              \
    } while (0)

static void check_inclusion(struct log *log, struct ledger_reader *reader, guint64 index, guint64 size,
                            const struct ledger_hash *root) {
    const struct ledger_hash *leaf = &leaves_of(log)[index], wrong = {{1}};
    g_autoptr(GArray) proof = ledger_prove_inclusion(reader, index, size, NULL);
    g_autoptr(GArray) expected = hashes_new();
    naive_path(index, leaves_of(log), size, expected);
    expect_hashes(proof, expected);
    g_assert_true(includes(root, size, index, leaf, proof));
    g_assert_false(includes(root, size, index, &wrong, proof));
    g_assert_false(includes(&wrong, size, index, leaf, proof));
    g_assert_false(includes(root, size, size, leaf, proof));
    g_assert_false(includes(root, size, index ^ 1, leaf, proof));
    g_assert_false(includes(root, index, index, leaf, proof));
    WITH_EACH_CHANGE(proof, includes(root, size, index, leaf, proof));
}

static void check_consistency(struct log *log, struct ledger_reader *reader, guint64 old, guint64 size,
                              const struct ledger_hash *old_root, const struct ledger_hash *root) {
    const struct ledger_hash wrong = {{1}};
    g_autoptr(GArray) proof = ledger_prove_consistency(reader, old, size, NULL);
    g_autoptr(GArray) expected = hashes_new();
    if (old > 0)
        naive_subproof(old, leaves_of(log), size, TRUE, expected);
    expect_hashes(proof, expected);
    g_assert_true(continues(old_root, old, root, size, proof));
    g_assert_false(continues(&wrong, old, root, size, proof));
    if (old > 0 || size == 0) /* the empty tree is the beginning of any */
        g_assert_false(continues(old_root, old, &wrong, size, proof));
    if (old < size)
        g_assert_false(continues(root, size, old_root, old, proof));
    WITH_EACH_CHANGE(proof, continues(old_root, old, root, size, proof));
}

static void every_proof_in_small_trees_is_that_of_rfc_6962(void) {
    struct log *log = log_new(72);
    struct ledger_hash roots[73];
    for (guint size = 0; size <= 72; size++) {
        struct ledger_reader *reader = reader_of(log, size);
        roots[size] = naive_mth(leaves_of(log), size);
        for (guint index = 0; index < size; index++)
            check_inclusion(log, reader, index, size, &roots[size]);
        for (guint old = 0; old <= size; old++)
            check_consistency(log, reader, old, size, &roots[old], &roots[size]);
        ledger_reader_free(reader);
    }
    log_free(log);
}

static void proofs_hold_where_tiles_and_levels_begin(void) {
    static const guint64 sizes[] = {1,   2,   128, 129,   255,   256,   257,  511,
                                    512, 513, 600, 65535, 65536, 65537, 65793};
    struct log *log = log_new(65793);
    struct ledger_hash roots[G_N_ELEMENTS(sizes)];
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        /* The reader is of the largest tree; proofs may be of a smaller one in it. */
        struct ledger_reader *reader = reader_of(log, i % 2 ? sizes[i] : log->entries->len);
        const guint64 indexes[] = {0, sizes[i] / 2, sizes[i] - 1};
        roots[i] = naive_mth(leaves_of(log), sizes[i]);
        for (guint j = 0; j < G_N_ELEMENTS(indexes); j++)
            if (sizes[i] > 1)
                check_inclusion(log, reader, indexes[j], sizes[i], &roots[i]);
        for (guint old = 0; old <= i; old++)
            check_consistency(log, reader, sizes[old], sizes[i], &roots[old], &roots[i]);
        ledger_reader_free(reader);
    }
    log_free(log);
}

static void proofs_for_the_largest_sizes_do_not_run_over(void) {
    g_autoptr(GArray) proof = hashes_new();
    const struct ledger_hash hash = {{9}};
    for (guint i = 0; i < 66; i++) {
        g_assert_false(includes(&hash, G_MAXUINT64, G_MAXUINT64 - 1, &hash, proof));
        g_assert_false(includes(&hash, G_MAXUINT64, 0, &hash, proof));
        g_assert_false(includes(&hash, G_MAXUINT64, G_MAXUINT64, &hash, proof));
        g_assert_false(continues(&hash, 1, &hash, G_MAXUINT64, proof));
        g_assert_false(continues(&hash, G_MAXUINT64 - 1, &hash, G_MAXUINT64, proof));
        g_assert_false(continues(&hash, (guint64)1 << 63, &hash, G_MAXUINT64, proof));
        g_array_append_val(proof, hash);
    }
}

static void the_empty_tree_needs_no_proof_and_its_own_root(void) {
    const struct ledger_hash empty = ledger_hash_empty(), other = {{3}};
    g_assert_true(ledger_verify_consistency(&empty, 0, &other, 5, NULL, 0));
    g_assert_true(ledger_verify_consistency(&empty, 0, &empty, 0, NULL, 0));
    g_assert_false(ledger_verify_consistency(&empty, 0, &other, 0, NULL, 0));
    g_assert_false(ledger_verify_consistency(&other, 0, &other, 5, NULL, 0));
    g_assert_false(ledger_verify_consistency(&empty, 0, &other, 5, &other, 1));
    g_assert_false(ledger_verify_consistency(&other, 3, &empty, 0, NULL, 0));
    g_assert_false(ledger_verify_consistency(&other, 3, &other, 5, NULL, 0));
    g_assert_true(ledger_verify_consistency(&other, 5, &other, 5, NULL, 0));
    g_assert_false(ledger_verify_consistency(&other, 5, &empty, 5, NULL, 0));
    g_assert_false(ledger_verify_consistency(&other, 5, &other, 5, &other, 1));
    g_assert_false(ledger_verify_inclusion(&empty, 0, 0, &empty, NULL, 0));
}

/* ── Others' vectors ── */

/* The folder with the vectors: $TOCSIN_SHARED, or shared/data beside the source tree. NULL: not here.
 */
static char *shared_folder(const char *name) {
    const char *set = g_getenv("TOCSIN_SHARED");
    if (set) {
        g_autofree char *folder = g_build_filename(set, "tlog", name, NULL);
        return g_file_test(folder, G_FILE_TEST_IS_DIR) ? g_steal_pointer(&folder) : NULL;
    }
    g_autofree char *at = g_file_read_link("/proc/self/exe", NULL);
    while (at && strlen(at) > 1) {
        g_autofree char *up = g_path_get_dirname(at);
        g_autofree char *source = g_build_filename(up, "src", "ledger", "tile.h", NULL);
        g_autofree char *folder = g_build_filename(up, "..", "shared", "data", "tlog", name, NULL);
        if (g_file_test(source, G_FILE_TEST_EXISTS))
            return g_file_test(folder, G_FILE_TEST_IS_DIR) ? g_steal_pointer(&folder) : NULL;
        g_free(at);
        at = g_steal_pointer(&up);
    }
    return NULL;
}

/* A few are -1 as an unsigned number, which jansson reads as a real one. */
static guint64 number_in(const json_t *vector, const char *name) {
    const json_t *value = json_object_get(vector, name);
    g_assert_true(json_is_number(value));
    const double real = json_number_value(value);
    return real >= 18446744073709551615.0 ? G_MAXUINT64
           : json_is_integer(value)       ? (guint64)json_integer_value(value)
                                          : (guint64)real;
}

/* FALSE when it is no hash: no proof with it can hold. */
static gboolean hash_in(const json_t *vector, const char *name, struct ledger_hash *hash) {
    const char *text = json_string_value(json_object_get(vector, name));
    g_assert_nonnull(text);
    return hash_of_base64(text, hash);
}

static gboolean proof_in(const json_t *vector, GArray *proof) {
    const json_t *list = json_object_get(vector, "proof");
    for (guint i = 0; i < json_array_size(list); i++) {
        struct ledger_hash hash;
        if (!hash_of_base64(json_string_value(json_array_get(list, i)), &hash))
            return FALSE;
        g_array_append_val(proof, hash);
    }
    return TRUE;
}

static gboolean inclusion_vector_holds(const json_t *vector) {
    struct ledger_hash root, leaf;
    g_autoptr(GArray) proof = hashes_new();
    return hash_in(vector, "root", &root) && hash_in(vector, "leafHash", &leaf) &&
           proof_in(vector, proof) &&
           includes(&root, number_in(vector, "treeSize"), number_in(vector, "leafIdx"), &leaf, proof);
}

static gboolean consistency_vector_holds(const json_t *vector) {
    struct ledger_hash old_root, root;
    g_autoptr(GArray) proof = hashes_new();
    return hash_in(vector, "root1", &old_root) && hash_in(vector, "root2", &root) &&
           proof_in(vector, proof) &&
           continues(&old_root, number_in(vector, "size1"), &root, number_in(vector, "size2"), proof);
}

static guint check_vectors(const char *folder, gboolean (*holds)(const json_t *)) {
    guint n = 0;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
            n += check_vectors(path, holds);
            continue;
        }
        json_t *vector = json_load_file(path, JSON_DECODE_INT_AS_REAL, NULL);
        g_assert_nonnull(vector);
        if (holds(vector) == json_is_true(json_object_get(vector, "wantErr")))
            g_error("%s: judged the other way", path);
        json_decref(vector);
        n++;
    }
    return n;
}

static void inclusion_is_judged_as_others_judge_it(void) {
    g_autofree char *folder = shared_folder("inclusion");
    if (!folder)
        return g_test_skip("no vectors in ../shared/data/tlog/inclusion; set TOCSIN_SHARED");
    g_assert_cmpuint(check_vectors(folder, inclusion_vector_holds), >, 40);
}

static void consistency_is_judged_as_others_judge_it(void) {
    g_autofree char *folder = shared_folder("consistency");
    if (!folder)
        return g_test_skip("no vectors in ../shared/data/tlog/consistency; set TOCSIN_SHARED");
    g_assert_cmpuint(check_vectors(folder, consistency_vector_holds), >, 40);
}

static GBytes *folder_fetch(void *context, const char *path, GError **error) {
    g_autofree char *file = g_build_filename(context, path, NULL);
    char *text;
    gsize n;
    return g_file_get_contents(file, &text, &n, error) ? g_bytes_new_take(text, n) : NULL;
}

static void open_tessera(const char *folder, guint size, struct ledger_checkpoint *checkpoint) {
    static const char key[] =
        "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";
    g_autofree char *file = g_strdup_printf("%s/checkpoint.%u", folder, size);
    g_autofree char *note = NULL;
    gsize n;
    GError *error = NULL;
    struct ledger_verifier *verifier = ledger_verifier_parse(key, &error);
    g_assert_no_error(error);
    g_assert_true(g_file_get_contents(file, &note, &n, NULL));
    ledger_checkpoint_open(note, n, verifier, checkpoint, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(checkpoint->size, ==, size);
    ledger_verifier_free(verifier);
}

static void check_tessera_size(const char *folder, guint size) {
    static const char *const words[] = {"one", "two", "three", "four", "five", "six", "seven"};
    const struct ledger_source source = {.fetch = folder_fetch, .context = (void *)folder};
    struct ledger_reader *reader = ledger_reader_new(&source, size);
    struct ledger_checkpoint head, old;
    struct ledger_edge edge = {0};
    GError *error = NULL;
    open_tessera(folder, size, &head);
    ledger_reader_verify(reader, &edge, NULL, NULL, &error);
    g_assert_no_error(error);
    const struct ledger_hash root = ledger_edge_root(&edge);
    expect_hash(&root, &head.root);
    for (guint i = 0; i < size; i++) {
        g_autoptr(GArray) proof = ledger_prove_inclusion(reader, i, size, NULL);
        g_autoptr(GBytes) entry = ledger_reader_entry(reader, i, NULL);
        const struct ledger_hash leaf = naive_leaf(words[i], strlen(words[i]));
        g_assert_cmpmem(g_bytes_get_data(entry, NULL), g_bytes_get_size(entry), words[i],
                        strlen(words[i]));
        g_assert_true(includes(&head.root, size, i, &leaf, proof));
    }
    for (guint i = 0; i <= size; i++) {
        g_autoptr(GArray) proof = ledger_prove_consistency(reader, i, size, NULL);
        open_tessera(folder, i, &old);
        g_assert_true(continues(&old.root, i, &head.root, size, proof));
        ledger_checkpoint_clear(&old);
    }
    ledger_checkpoint_clear(&head);
    ledger_reader_free(reader);
}

static void a_log_made_by_tessera_verifies_at_every_size(void) {
    g_autofree char *folder = shared_folder("tessera");
    if (!folder)
        return g_test_skip("no log in ../shared/data/tlog/tessera; set TOCSIN_SHARED");
    for (guint size = 0; size <= 7; size++)
        check_tessera_size(folder, size);
}

/* ── Tiles ── */

static void tiles_are_found_where_the_specification_puts_them(void) {
    static const struct {
        const char *path;
        struct ledger_tile tile;
    } known[] = {
        {"tile/0/x001/x234/067", {0, 1234067, 256}},
        {"tile/0/000", {0, 0, 256}},
        {"tile/1/999.p/255", {1, 999, 255}},
        {"tile/2/x001/000.p/1", {2, 1000, 1}},
        {"tile/63/x018/x446/x744/x073/x709/x551/615", {63, G_MAXUINT64, 256}},
        {"tile/entries/x001/x234/067.p/9", {LEDGER_ENTRIES, 1234067, 9}},
        {"tile/entries/000", {LEDGER_ENTRIES, 0, 256}},
        {"tile/9/x100/000", {9, 100000, 256}},
    };
    for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
        struct ledger_tile tile;
        g_autofree char *path = ledger_tile_path(&known[i].tile);
        g_assert_cmpstr(path, ==, known[i].path);
        g_assert_true(ledger_tile_parse(known[i].path, &tile));
        g_assert_cmpuint(tile.level, ==, known[i].tile.level);
        g_assert_cmpuint(tile.index, ==, known[i].tile.index);
        g_assert_cmpuint(tile.width, ==, known[i].tile.width);
    }
}

static void other_writings_of_a_tiles_path_are_refused(void) {
    static const char *const wrong[] = {
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/00x",
        "tile/0/0000",
        "tile/0/x000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/x001/x000",
        "tile/0/x001",
        "tile/0/x001/",
        "tile/0/x0a1/000",
        "tile/0/xx01/000",
        "tile/0/000/",
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/+1",
        "tile/0/000.p/1/",
        "tile/0/000.p/1x",
        "tile/0/000x",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/+1/000",
        "tile//000",
        "tile/x/000",
        "tile/data/000",
        "tile/entries",
        "tile/entries/",
        "tile/entry/000",
        "Tile/0/000",
        "/tile/0/000",
        "tile/0/000 ",
        "tile/0/../000",
        "checkpoint",
        "tile/0/x018/x446/x744/x073/x709/x551/616", /* 2^64 */
        "tile/0/x001/x000/x000/x000/x000/x000/x000/000",
        "tile/0/x001/x001/x001/x001/x001/x001/x001/x001/x001/x001/x001/x001/x001/x001/x001/x001/x001/"
        "x001/x001/x001/x001/x001/"
        "x001/"
        "001",
    };
    struct ledger_tile tile;
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++)
        if (ledger_tile_parse(wrong[i], &tile))
            g_error("%s was taken for a tile", wrong[i]);
}

static void widths_are_those_of_the_specifications_example(void) {
    /* "a tree of size 70,000 will be represented by 273 full level 0 tiles, one partial level 0 tile of
     * width 112, one full level 1 tile, one partial level 1 tile of width 17, and one partial level 2
     * tile of width 1" */
    for (guint i = 0; i < 273; i++)
        g_assert_cmpuint(ledger_tile_width(70000, 0, i), ==, 256);
    g_assert_cmpuint(ledger_tile_width(70000, 0, 273), ==, 112);
    g_assert_cmpuint(ledger_tile_width(70000, LEDGER_ENTRIES, 273), ==, 112);
    g_assert_cmpuint(ledger_tile_width(70000, 0, 274), ==, 0);
    g_assert_cmpuint(ledger_tile_width(70000, 1, 0), ==, 256);
    g_assert_cmpuint(ledger_tile_width(70000, 1, 1), ==, 17);
    g_assert_cmpuint(ledger_tile_width(70000, 1, 2), ==, 0);
    g_assert_cmpuint(ledger_tile_width(70000, 2, 0), ==, 1);
    g_assert_cmpuint(ledger_tile_width(70000, 3, 0), ==, 0);
    g_assert_cmpuint(ledger_tile_width(256, 0, 0), ==, 256);
    g_assert_cmpuint(ledger_tile_width(256, 0, 1), ==, 0);
    g_assert_cmpuint(ledger_tile_width(256, 1, 0), ==, 1);
    g_assert_cmpuint(ledger_tile_width(0, 0, 0), ==, 0);
    g_assert_cmpuint(ledger_tile_width(G_MAXUINT64, 7, 0), ==, 255);
    g_assert_cmpuint(ledger_tile_width(G_MAXUINT64, 8, 0), ==, 0);
    g_assert_cmpuint(ledger_tile_width(G_MAXUINT64, 63, 0), ==, 0);
    g_assert_cmpuint(ledger_tile_width(G_MAXUINT64, 0, G_MAXUINT64), ==, 0);
    g_assert_cmpuint(ledger_tile_width(G_MAXUINT64, 0, (guint64)1 << 56), ==, 0);
    g_assert_cmpuint(ledger_tile_width(G_MAXUINT64, 0, ((guint64)1 << 56) - 1), ==, 255);
}

static void a_tile_is_read_once(void) {
    struct log *log = log_new(300);
    struct ledger_reader *reader = reader_of(log, 300);
    for (guint i = 0; i < 256; i++)
        g_array_unref(ledger_prove_inclusion(reader, i, 256, NULL));
    g_assert_cmpuint(log->fetched, ==, 1);
    ledger_reader_free(reader);
    ledger_reader_free(NULL);
    log_free(log);
}

static void a_partial_tile_that_is_gone_is_the_beginning_of_the_full_one(void) {
    struct log *log = log_new(512);
    struct ledger_reader *reader = reader_of(log, 300);
    const struct ledger_hash root = naive_mth(leaves_of(log), 300);
    GError *error = NULL;
    struct ledger_edge edge = {0};
    log->is_pruned = TRUE;
    log_replace(log, "tile/1/000.p/1", g_bytes_new(hashes_of(log->levels[1]), 32));
    check_inclusion(log, reader, 299, 300, &root);
    g_autoptr(GBytes) entry = ledger_reader_entry(reader, 299, &error);
    g_assert_no_error(error);
    g_assert_true(g_bytes_equal(entry, log->entries->pdata[299]));
    ledger_reader_verify(reader, &edge, NULL, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(edge.size, ==, 300);
    const struct ledger_hash got = ledger_edge_root(&edge);
    expect_hash(&got, &root);
    ledger_reader_free(reader);
    log_free(log);
}

static void a_tile_that_cannot_be_read_is_named(void) {
    struct log *log = log_new(300);
    struct ledger_reader *reader = reader_of(log, 300);
    GError *error = NULL;
    log_replace(log, "tile/0/001.p/44", NULL);
    g_assert_null(ledger_prove_inclusion(reader, 299, 300, &error));
    expect_message(&error, "no tile/0/001.p/44"); /* and not of the full one, tried in its place */
    g_assert_null(ledger_prove_inclusion(reader, 0, 300, &error));
    expect_message(&error, "no tile/0/001.p/44");
    g_assert_null(ledger_prove_inclusion(reader, 0, 300, NULL));
    g_assert_null(ledger_prove_consistency(reader, 256, 300, &error));
    expect_message(&error, "no tile/0/001.p/44");
    g_assert_null(ledger_prove_consistency(reader, 299, 300, &error));
    expect_message(&error, "no tile/0/001.p/44");
    struct ledger_hash hash;
    g_assert_false(ledger_reader_range(reader, 0, 300, &hash, &error)); /* left of it all is well */
    expect_message(&error, "no tile/0/001.p/44");
    log_restore(log);
    ledger_reader_free(reader);
    reader = reader_of(log, 300); /* that has kept nothing */
    log_replace(log, "tile/0/000", NULL);
    log_replace(log, "tile/1/000.p/1", NULL);
    g_assert_false(ledger_reader_range(reader, 0, 300, &hash, &error));
    expect_message(&error, "no tile/1/000.p/1");
    g_assert_null(ledger_prove_consistency(reader, 100, 300, &error));
    expect_message(&error, "no tile/0/000");
    g_assert_null(
        ledger_prove_consistency(reader, 299, 300, &error)); /* right of the middle, then left */
    expect_message(&error, "no tile/1/000.p/1");
    ledger_reader_free(reader);
    log_free(log);
}

static GBytes *zeros(gsize n) {
    return g_bytes_new_take(g_malloc0(n), n);
}

static void a_tile_of_the_wrong_length_is_refused(void) {
    static const struct {
        const char *path;
        gsize n;
    } wrong[] = {{"tile/0/001.p/44", 44 * 32 - 1},
                 {"tile/0/001.p/44", 45 * 32},
                 {"tile/0/001.p/44", 8192},
                 {"tile/0/001.p/44", 0},
                 {"tile/0/001", 44 * 32},
                 {"tile/0/001", 8192 + 32},
                 {"tile/0/001", 8191}};
    struct log *log = log_new(512);
    GError *error = NULL;
    log->is_pruned = TRUE;
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        struct ledger_reader *reader = reader_of(log, 300);
        struct ledger_hash hash;
        log_replace(log, wrong[i].path, zeros(wrong[i].n));
        g_assert_false(ledger_reader_range(reader, 256, 300, &hash, &error));
        expect_message(&error, "wrong length");
        log_restore(log);
        ledger_reader_free(reader);
    }
    log_free(log);
}

static void proofs_beyond_the_log_are_refused(void) {
    struct log *log = log_new(10);
    struct ledger_reader *reader = reader_of(log, 10);
    GError *error = NULL;
    g_assert_null(ledger_prove_inclusion(reader, 10, 10, &error));
    expect_message(&error, "no such proof");
    g_assert_null(ledger_prove_inclusion(reader, 0, 0, &error));
    expect_message(&error, "no such proof");
    g_assert_null(ledger_prove_inclusion(reader, 3, 11, &error));
    expect_message(&error, "in a log of 10");
    g_assert_null(ledger_prove_consistency(reader, 5, 4, &error));
    expect_message(&error, "no such proof");
    g_assert_null(ledger_prove_consistency(reader, 5, 11, &error));
    expect_message(&error, "no such proof");
    g_assert_null(ledger_reader_entry(reader, 10, &error));
    expect_message(&error, "no such proof");
    g_assert_cmpuint(log->fetched, ==, 0);
    ledger_reader_free(reader);
    log_free(log);
}

/* ── Entries ── */

struct split {
    guint n;
    GString *text;
};

static void note_entry(guint64 index, const void *entry, gsize n, void *context) {
    struct split *split = context;
    g_string_append_printf(split->text, "%u:%.*s ", (guint)index, (int)n, (const char *)entry);
    split->n++;
}

#define BYTES(literal) g_bytes_new(literal, sizeof(literal) - 1)

static gboolean split(GBytes *bundle, guint64 first, guint width, const char *expected,
                      GError **error) {
    struct split got = {.text = g_string_new(NULL)};
    gboolean ok = ledger_bundle_split(bundle, first, width, note_entry, &got, error);
    g_assert_cmpstr(got.text->str, ==, expected);
    g_string_free(got.text, TRUE);
    g_bytes_unref(bundle);
    return ok;
}

static void bundles_are_split_by_their_lengths(void) {
    GError *error = NULL;
    g_assert_true(split(BYTES("\0\3one\0\0\0\3two"), 256, 3, "256:one 257: 258:two ", NULL));
    g_assert_false(split(BYTES("\0\3one\0\3two"), 0, 1, "0:one ", &error));
    expect_message(&error, "holds more than 1");
    g_assert_true(split(BYTES(""), 0, 0, "", NULL));
    g_assert_false(split(BYTES("\0\3one\0\3tw"), 0, 2, "0:one ", &error));
    expect_message(&error, "the entry bundle of 0 is cut off in entry 1");
    g_assert_false(split(BYTES("\0\3one\0"), 0, 2, "0:one ", &error));
    expect_message(&error, "in entry 1");
    g_assert_false(split(BYTES("\0\3one"), 512, 2, "512:one ", &error));
    expect_message(&error, "the entry bundle of 512 is cut off in entry 513");
    g_assert_false(split(BYTES("\3\0one"), 0, 1, "", &error)); /* the length is big-endian */
    expect_message(&error, "in entry 0");
    g_assert_false(split(BYTES(""), 0, 1, "", NULL));

    g_autofree guint8 *most = g_malloc0(2 + 65535);
    memset(most, 0xFF, 2);
    struct split got = {.text = g_string_new(NULL)};
    g_autoptr(GBytes) bundle = g_bytes_new(most, 2 + 65535);
    g_assert_true(ledger_bundle_split(bundle, 0, 1, note_entry, &got, NULL));
    g_assert_cmpuint(got.n, ==, 1);
    g_string_free(got.text, TRUE);
}

static void a_full_bundle_holds_256_entries_and_no_more(void) {
    GError *error = NULL;
    g_autoptr(GBytes) full = zeros(512), over = zeros(514), under = zeros(510);
    struct split got = {.text = g_string_new(NULL)};
    g_assert_true(ledger_bundle_split(full, 0, 256, note_entry, &got, &error));
    g_assert_cmpuint(got.n, ==, 256);
    g_assert_false(ledger_bundle_split(over, 0, 256, note_entry, &got, &error));
    expect_message(&error, "more than 256");
    g_assert_false(ledger_bundle_split(under, 0, 256, note_entry, &got, &error));
    expect_message(&error, "in entry 255");
    g_string_free(got.text, TRUE);
}

static void an_entry_is_read_by_its_number(void) {
    struct log *log = log_new(600);
    struct ledger_reader *reader = reader_of(log, 600);
    GError *error = NULL;
    for (guint i = 0; i < 600; i++) {
        g_autoptr(GBytes) entry = ledger_reader_entry(reader, i, &error);
        g_assert_no_error(error);
        g_assert_true(g_bytes_equal(entry, log->entries->pdata[i]));
    }
    g_assert_cmpuint(log->fetched, ==, 3);
    ledger_reader_free(reader);
    reader = reader_of(log, 600);
    log_replace(log, "tile/entries/001", NULL);
    g_assert_null(ledger_reader_entry(reader, 256, &error));
    expect_message(&error, "no tile/entries/001");
    log_replace(log, "tile/entries/002.p/88", zeros(1));
    g_assert_null(ledger_reader_entry(reader, 513, &error));
    expect_message(&error, "cut off in entry 512");
    ledger_reader_free(reader);
    log_free(log);
}

/* ── Verifying all ── */

static void note_progress(double part, void *context) {
    double *last = context;
    g_assert_cmpfloat(part, >, *last);
    g_assert_cmpfloat(part, <=, 1);
    *last = part;
}

static void a_whole_log_verifies_to_its_root(void) {
    static const guint sizes[] = {0, 1, 255, 256, 257, 512, 700, 65536, 65900};
    struct log *log = log_new(65900);
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        struct ledger_reader *reader = reader_of(log, sizes[i]);
        struct ledger_edge edge = {0};
        GError *error = NULL;
        double last = 0;
        g_assert_true(ledger_reader_verify(reader, &edge, note_progress, &last, &error));
        g_assert_no_error(error);
        const struct ledger_hash root = ledger_edge_root(&edge),
                                 expected = naive_mth(leaves_of(log), sizes[i]);
        expect_hash(&root, &expected);
        g_assert_cmpfloat(last, ==, sizes[i] ? 1 : 0);
        ledger_reader_free(reader);
    }
    log_free(log);
}

static void verifying_goes_on_from_an_edge(void) {
    struct log *log = log_new(1000);
    struct ledger_reader *reader = reader_of(log, 1000);
    struct ledger_edge edge = {0};
    double last = 0;
    for (guint i = 0; i < 512; i++)
        ledger_edge_add(&edge, &leaves_of(log)[i], NULL, NULL);
    log_replace(log, "tile/entries/000", NULL); /* not asked for again */
    log_replace(log, "tile/0/001", NULL);
    g_assert_true(ledger_reader_verify(reader, &edge, note_progress, &last, NULL));
    const struct ledger_hash root = ledger_edge_root(&edge), expected = naive_mth(leaves_of(log), 1000);
    expect_hash(&root, &expected);
    g_assert_cmpfloat(last, ==, 1);
    ledger_reader_free(reader);
    log_free(log);
}

/* The resource with one byte changed. */
static GBytes *tampered(const struct log *log, const char *path, gsize at) {
    g_autoptr(GBytes) bytes = log_tile(log, path);
    gsize n;
    guint8 *copy = g_memdup2(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    n = g_bytes_get_size(bytes);
    g_assert_cmpuint(at, <, n);
    copy[at] ^= 1;
    return g_bytes_new_take(copy, n);
}

static void expect_found(struct log *log, const char *path, GBytes *bytes, const char *what) {
    struct ledger_reader *reader = reader_of(log, 700);
    struct ledger_edge edge = {0};
    GError *error = NULL;
    log_replace(log, path, bytes);
    g_assert_false(ledger_reader_verify(reader, &edge, NULL, NULL, &error));
    expect_message(&error, what);
    log_restore(log);
    ledger_reader_free(reader);
}

static void whatever_was_tampered_with_is_found(void) {
    struct log *log = log_new(700);
    expect_found(log, "tile/entries/000", tampered(log, "tile/entries/000", 2), "level 0");
    expect_found(log, "tile/entries/002.p/188", tampered(log, "tile/entries/002.p/188", 2),
                 "at hash 512");
    expect_found(log, "tile/0/000", tampered(log, "tile/0/000", 8191), "at hash 255");
    expect_found(log, "tile/0/002.p/188", tampered(log, "tile/0/002.p/188", 187 * 32), "at hash 699");
    expect_found(log, "tile/1/000.p/2", tampered(log, "tile/1/000.p/2", 0), "level 1");
    expect_found(log, "tile/1/000.p/2", tampered(log, "tile/1/000.p/2", 63), "at hash 1");
    expect_found(log, "tile/0/001", NULL, "no tile/0/001");
    expect_found(log, "tile/1/000.p/2", NULL, "no tile/1/000.p/2");
    expect_found(log, "tile/entries/001", NULL, "no tile/entries/001");
    expect_found(log, "tile/entries/002.p/188", NULL, "no tile/entries/002.p/188");
    expect_found(log, "tile/0/001", zeros(8190), "wrong length");
    g_autoptr(GBytes) bundle = log_bundle(log, 0, 256);
    const gsize n = g_bytes_get_size(bundle);
    expect_found(log, "tile/entries/000", g_bytes_new_from_bytes(bundle, 0, n - 1),
                 "cut off in entry 255");
    g_autoptr(GByteArray) longer = g_byte_array_new();
    g_byte_array_append(longer, g_bytes_get_data(bundle, NULL), (guint)n);
    g_byte_array_append(longer, (const guint8 *)"\0\1x", 3);
    expect_found(log, "tile/entries/000", g_bytes_new(longer->data, longer->len), "more than 256");
    log_free(log);
}

/* A changed entry with its own tiles changed to fit: the root alone tells, and the caller compares it.
 */
static void a_history_that_was_rewritten_has_another_root(void) {
    struct log *log = log_new(10), *other = log_new(10);
    struct ledger_reader *reader = reader_of(other, 10);
    struct ledger_edge edge = {0};
    g_ptr_array_remove_index(other->entries, 3);
    g_ptr_array_insert(other->entries, 3, BYTES("entry X"));
    g_array_index(other->levels[0], struct ledger_hash, 3) = naive_leaf("entry X", 7);
    g_assert_true(ledger_reader_verify(reader, &edge, NULL, NULL, NULL));
    const struct ledger_hash root = ledger_edge_root(&edge), was = naive_mth(leaves_of(log), 10);
    g_assert_false(ledger_hash_equal(&root, &was));
    ledger_reader_free(reader);
    log_free(log);
    log_free(other);
}

/* ── Signatures and keys ── */

static guint8 *bytes_of_hex(const char *hex, gsize n) {
    guint8 *bytes = g_malloc(n);
    g_assert_cmpuint(strlen(hex), ==, 2 * n);
    for (gsize i = 0; i < n; i++)
        bytes[i] =
            (guint8)(g_ascii_xdigit_value(hex[2 * i]) * 16 + g_ascii_xdigit_value(hex[2 * i + 1]));
    return bytes;
}

/* RFC 8032, section 7.1, tests 1 to 3. */
static void signatures_are_those_of_rfc_8032(void) {
    static const struct {
        const char *seed, *public, *message, *signature;
    } known[] = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
         "46b"
         "d25bf5f0595bbe24655141438e7a100b"},
        {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
         "d8c"
         "387b2eaeb4302aeeb00d291612bb0c00"},
        {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc"
         "659"
         "4a7c15e9716ed28dc027beceea1ec40a"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
        const gsize n = strlen(known[i].message) / 2;
        g_autofree guint8 *seed = bytes_of_hex(known[i].seed, 32);
        g_autofree guint8 *public = bytes_of_hex(known[i].public, 32);
        g_autofree guint8 *message = bytes_of_hex(known[i].message, n);
        g_autofree guint8 *signature = bytes_of_hex(known[i].signature, 64);
        guint8 got_public[SIGN_PUBLIC_BYTES], got[SIGN_BYTES];
        struct sign_key *key = sign_key_new(seed);
        sign_key_public(key, got_public);
        sign_message(key, message, n, got);
        g_assert_cmpmem(got_public, 32, public, 32);
        g_assert_cmpmem(got, 64, signature, 64);
        g_assert_true(sign_verify(public, message, n, signature));
        signature[i] ^= 1;
        g_assert_false(sign_verify(public, message, n, signature));
        signature[i] ^= 1;
        public[31] ^= 1;
        g_assert_false(sign_verify(public, message, n, signature));
        public[31] ^= 1;
        g_assert_false(sign_verify(public, "other", 5, signature));
        sign_key_free(key);
    }
    sign_key_free(NULL);
}

/* The encodings of no point, and of points of small order with an all-zero signature. */
static void bytes_that_are_no_key_verify_nothing(void) {
    const guint8 signature[SIGN_BYTES] = {0};
    guint8 public[SIGN_PUBLIC_BYTES];
    memset(public, 0xFF, sizeof public);
    g_assert_false(sign_verify(public, "x", 1, signature));
    memset(public, 0, sizeof public);
    public[0] = 2; /* not on the curve */
    g_assert_false(sign_verify(public, "x", 1, signature));
}

/* signed-note, "Example". */
#define EXAMPLE_KEY "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
#define EXAMPLE_TEXT "This is an example message.\n"
#define EXAMPLE_LINE                                                                                   \
    "— example.com/foo "                                                                             \
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
#define OTHER_LINE "— other.example/x AAAAAAE=\n" /* five bytes: an id, and a signature of one */

static struct ledger_verifier *verifier_of(const char *key) {
    GError *error = NULL;
    struct ledger_verifier *verifier = ledger_verifier_parse(key, &error);
    g_assert_no_error(error);
    return verifier;
}

static void the_specifications_example_verifies(void) {
    struct ledger_verifier *verifier = verifier_of(EXAMPLE_KEY);
    GError *error = NULL;
    gint64 time_s = 77;
    static const char note[] = EXAMPLE_TEXT "\n" EXAMPLE_LINE;
    g_autofree char *again = ledger_verifier_format(verifier);
    g_assert_cmpstr(again, ==, EXAMPLE_KEY);
    g_assert_cmpstr(verifier->name, ==, "example.com/foo");
    g_assert_cmpint(verifier->type, ==, LEDGER_KEY_ED25519);
    g_assert_cmpmem(verifier->id, 4, "\x53\x0d\x90\x3a", 4);
    g_assert_true(ledger_note_is_signed(note, strlen(note), verifier, &time_s, &error));
    g_assert_no_error(error);
    g_assert_true(ledger_note_is_signed(note, strlen(note), verifier, NULL, NULL));
    ledger_verifier_free(verifier);
    ledger_verifier_free(NULL);
}

static void keys_that_are_damaged_are_refused(void) {
    static const struct {
        const char *key, *what;
    } wrong[] = {
        {"", "name+8 hexadecimal"},
        {"example.com/foo", "name+8 hexadecimal"},
        {"example.com/foo+530d903a", "name+8 hexadecimal"},
        {"example.com/foo+530d903+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "name+8 hexadecimal"},
        {"example.com/foo+530d903a0+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
         "name+8 hexadecimal"},
        {"+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "a type and 32 bytes"},
        {"a b+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "a type and 32 bytes"},
        {"example.com/foo+530d903a+", "a type and 32 bytes"},
        {"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2", "a type and 32 bytes"},
        {"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3Q==",
         "a type and 32 bytes"},
        {"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2kAA==",
         "a type and 32 bytes"},
        {"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n",
         "a type and 32 bytes"},
        {"example.com/foo+530d903a+Aeky*Rrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
         "a type and 32 bytes"},
        {"example.com/foo+530d903g+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
         "8 hexadecimal digits"},
        {"example.com/foo+530d9x3a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
         "8 hexadecimal digits"},
        {"example.com/foo+g30d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
         "8 hexadecimal digits"},
        {"example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "does not know"},
        {"example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "does not belong"},
        {"example.com/fop+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "does not belong"},
        {"example.com/foo+530d903a+BOkyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "does not belong"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        GError *error = NULL;
        g_autofree char *private = g_strconcat("PRIVATE+KEY+", wrong[i].key, NULL);
        if (ledger_verifier_parse(wrong[i].key, &error))
            g_error("%s was taken for a key", wrong[i].key);
        expect_message(&error, wrong[i].what);
        g_assert_null(ledger_verifier_parse(wrong[i].key, NULL));
        g_assert_null(ledger_signer_parse(private, &error));
        expect_message(&error, strstr(wrong[i].what, "belong") ? "does not belong" : wrong[i].what);
    }
}

/* name ‖ \n ‖ type ‖ public key, hashed: the id as both specifications define it. */
static struct ledger_hash naive_id(const char *name, guint8 type, const guint8 *public) {
    g_autoptr(GByteArray) text = g_byte_array_new();
    g_byte_array_append(text, (const guint8 *)name, (guint)strlen(name));
    g_byte_array_append(text, (const guint8 *)"\n", 1);
    g_byte_array_append(text, &type, 1);
    g_byte_array_append(text, public, 32);
    return sha256_of(text);
}

static guint64 seeded_state = 42;

static struct ledger_signer *signer_of(const char *name, enum ledger_key_type type) {
    const struct base_random random = base_seeded_random(&seeded_state);
    return ledger_signer_new(name, type, &random);
}

static void a_private_key_reads_back_and_is_its_public_keys(void) {
    static const enum ledger_key_type types[] = {LEDGER_KEY_ED25519, LEDGER_KEY_COSIGNATURE};
    for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
        struct ledger_signer *signer = signer_of("a.example/log", types[i]);
        const struct ledger_verifier *verifier = ledger_signer_verifier(signer);
        const struct ledger_hash id = naive_id("a.example/log", (guint8)types[i], verifier->public);
        g_autofree char *text = ledger_signer_format(signer);
        g_autofree char *key = ledger_verifier_format(verifier);
        struct ledger_signer *again = ledger_signer_parse(text, NULL);
        struct ledger_verifier *parsed = verifier_of(key);
        g_autofree char *text_again = ledger_signer_format(again);
        g_assert_true(g_str_has_prefix(text, "PRIVATE+KEY+a.example/log+"));
        g_assert_cmpstr(text, ==, text_again);
        g_assert_cmpmem(verifier->id, 4, id.bytes, 4);
        g_assert_cmpmem(parsed->public, 32, verifier->public, 32);
        g_assert_cmpint(parsed->type, ==, types[i]);
        ledger_verifier_free(parsed);
        ledger_signer_free(again);
        ledger_signer_free(signer);
    }
    ledger_signer_free(NULL);
}

static void a_public_key_is_no_private_one(void) {
    GError *error = NULL;
    g_assert_null(ledger_signer_parse(EXAMPLE_KEY, &error));
    expect_message(&error, "PRIVATE+KEY+");
    g_assert_null(ledger_verifier_parse("PRIVATE+KEY+" EXAMPLE_KEY, &error));
    expect_message(&error, "name+8 hexadecimal");
}

static void names_have_no_spaces_pluses_or_control_characters(void) {
    static const char *const right[] = {"a", "example.com/log", "Zürich", "日本/ログ", "a=b|c"};
    static const char *const wrong[] = {"",
                                        "a b",
                                        "a+b",
                                        " a",
                                        "a\t",
                                        "a\nb",
                                        "a\u00A0b",
                                        "a\u2003b",
                                        "a\u3000",
                                        "a\u2028b",
                                        "a\xC2\x85"
                                        "b",
                                        "a\x7f",
                                        "a\xC3",
                                        "\xFF"};
    for (guint i = 0; i < G_N_ELEMENTS(right); i++)
        g_assert_true(ledger_name_is_valid(right[i]));
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++)
        if (ledger_name_is_valid(wrong[i]))
            g_error("name %u was taken", i);
}

/* ── Notes ── */

static void a_note_is_split_at_its_last_empty_line(void) {
    static const struct {
        const char *note, *text;
    } known[] = {{"a\n\n— b c\n", "a\n"},
                 {"a\n\nb\n\n— b c\n", "a\n\nb\n"},
                 {"a\n\n\n— b c\n", "a\n\n"},
                 {"\n\n— b c\n", "\n"}};
    for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
        gsize text_n;
        const char *signatures;
        g_assert_true(
            ledger_note_split(known[i].note, strlen(known[i].note), &text_n, &signatures, NULL));
        g_assert_cmpmem(known[i].note, text_n, known[i].text, strlen(known[i].text));
        g_assert_cmpstr(signatures, ==, "— b c\n");
    }
}

static void what_is_no_note_is_refused(void) {
#define NOTE(literal) literal, sizeof(literal) - 1
    static const struct {
        const char *note;
        gsize n;
        const char *what;
    } wrong[] = {
        {NOTE(""), "ends in a newline"},
        {NOTE("a\n\n— b c"), "ends in a newline"},
        {NOTE("a\xFF\n\n— b c\n"), "ends in a newline"},
        {NOTE("a\n\n— b \xC3\n"), "ends in a newline"},
        {NOTE("a\0b\n\n— b c\n"), "ends in a newline"},
        {NOTE("a\tb\n\n— b c\n"), "control characters"},
        {NOTE("a\r\n\r\n— b c\r\n"), "control characters"},
        {NOTE("a\n\n— b\x1f c\n"), "control characters"},
        {NOTE("a\n— b c\n"), "empty line before"},
        {NOTE("\n"), "empty line before"},
        {NOTE("a\n\n"), "not signed"},
        {NOTE("\n\n"), "not signed"},
    };
    struct ledger_verifier *verifier = verifier_of(EXAMPLE_KEY);
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        gsize text_n;
        const char *signatures;
        GError *error = NULL;
        g_assert_false(ledger_note_split(wrong[i].note, wrong[i].n, &text_n, &signatures, &error));
        expect_message(&error, wrong[i].what);
        g_assert_false(ledger_note_is_signed(wrong[i].note, wrong[i].n, verifier, NULL, &error));
        expect_message(&error, wrong[i].what);
    }
    ledger_verifier_free(verifier);
}

/* "verified", "unsigned", or the error. */
static void expect_signed(const char *note, const struct ledger_verifier *verifier, const char *what) {
    GError *error = NULL;
    gboolean ok = ledger_note_is_signed(note, strlen(note), verifier, NULL, &error);
    const char *got = ok ? "verified" : error ? error->message : "unsigned";
    g_assert_false(ok && error);
    if (!strstr(got, what))
        g_error("%s: got %s, not %s", note, got, what);
    g_assert_cmpint(ledger_note_is_signed(note, strlen(note), verifier, NULL, NULL), ==, ok);
    g_clear_error(&error);
}

static void only_a_known_keys_signature_counts(void) {
    struct ledger_verifier *verifier = verifier_of(EXAMPLE_KEY);
    expect_signed(EXAMPLE_TEXT "\n" OTHER_LINE EXAMPLE_LINE, verifier, "verified");
    expect_signed(EXAMPLE_TEXT "\n" EXAMPLE_LINE OTHER_LINE EXAMPLE_LINE, verifier, "verified");
    expect_signed(EXAMPLE_TEXT "\n" OTHER_LINE, verifier, "unsigned");
    /* Its name with another id, and its id with another name. */
    expect_signed(EXAMPLE_TEXT "\n— example.com/foo AAAAAAE=\n", verifier, "unsigned");
    expect_signed(EXAMPLE_TEXT "\n— example.com/fo Uw2QOgE=\n", verifier, "unsigned");
    expect_signed(EXAMPLE_TEXT "\n— example.com/fop Uw2QOgE=\n", verifier, "unsigned");
    /* Both: it must verify, whatever else is there. */
    expect_signed(EXAMPLE_TEXT "\n— example.com/foo Uw2QOgE=\n", verifier, "is wrong");
    expect_signed(EXAMPLE_TEXT "\n" EXAMPLE_LINE "— example.com/foo Uw2QOgE=\n", verifier, "is wrong");
    expect_signed("This is another message.\n\n" EXAMPLE_LINE, verifier, "is wrong");
    expect_signed("\n" EXAMPLE_TEXT "\n" EXAMPLE_LINE, verifier, "is wrong");
    expect_signed(EXAMPLE_TEXT "\n\n" EXAMPLE_LINE, verifier, "is wrong");
    ledger_verifier_free(verifier);
}

static void damaged_signature_lines_are_refused(void) {
    static const char *const wrong[] = {
        "example.com/foo AAAAAAE=\n",
        "- example.com/foo AAAAAAE=\n",
        "—example.com/foo AAAAAAE=\n",
        "—\n",
        "— \n",
        "— example.com/foo\n",
        "—  AAAAAAE=\n",
        "— example.com/foo \n",
        "— example.com/foo AAAAAA==\n", /* an id alone */
        "— example.com/foo AAAA\n",
        "— example.com/foo AAAAAAE\n",
        "— example.com/foo AAAAAAF=\n", /* bits left over */
        "— example.com/foo AAAAA*E=\n",
        "— example.com/foo AAAAAAE= \n",
        "— example.com/foo  AAAAAAE=\n",
        "— example.com/foo AAAAAAE= x\n",
    };
    struct ledger_verifier *verifier = verifier_of(EXAMPLE_KEY);
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autofree char *alone = g_strconcat(EXAMPLE_TEXT "\n", wrong[i], NULL);
        g_autofree char *after = g_strconcat(EXAMPLE_TEXT "\n" EXAMPLE_LINE, wrong[i], NULL);
        expect_signed(alone, verifier, "is damaged");
        expect_signed(after, verifier, "is damaged");
    }
    ledger_verifier_free(verifier);
}

static void a_note_has_64_signatures_at_most(void) {
    struct ledger_verifier *verifier = verifier_of(EXAMPLE_KEY);
    GString *note = g_string_new(EXAMPLE_TEXT "\n");
    for (guint i = 0; i < 63; i++)
        g_string_append(note, OTHER_LINE);
    g_string_append(note, EXAMPLE_LINE);
    expect_signed(note->str, verifier, "verified");
    g_string_append(note, OTHER_LINE);
    expect_signed(note->str, verifier, "more than 64");
    g_string_free(note, TRUE);
    ledger_verifier_free(verifier);
}

/* The bytes of a signature line behind its key's name. */
static guint8 *line_bytes(const char *line, const char *name, gsize *n) {
    g_autofree char *head = g_strdup_printf("— %s ", name);
    g_assert_true(g_str_has_prefix(line, head));
    g_assert_cmpint(line[strlen(line) - 1], ==, '\n');
    g_autofree char *base64 = g_strndup(line + strlen(head), strlen(line) - strlen(head) - 1);
    return g_base64_decode(base64, n);
}

static void a_signature_is_over_the_text_alone(void) {
    struct ledger_signer *signer = signer_of("log.example/a", LEDGER_KEY_ED25519);
    const struct ledger_verifier *verifier = ledger_signer_verifier(signer);
    gsize n;
    g_autofree char *line = ledger_note_sign("text\n", signer, 1679315147);
    g_autofree guint8 *bytes = line_bytes(line, "log.example/a", &n);
    g_assert_cmpuint(n, ==, 4 + 64);
    g_assert_cmpmem(bytes, 4, verifier->id, 4);
    g_assert_true(sign_verify(verifier->public, "text\n", 5, bytes + 4));
    ledger_signer_free(signer);
}

/* tlog-cosignature, "Ed25519 signed message". */
static void a_cosignature_is_over_its_time_and_the_text(void) {
    static const char text[] = "example.com/behind-the-sofa\n20852163\n"
                               "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    static const char message[] = "cosignature/v1\ntime 1679315147\n"
                                  "example.com/behind-the-sofa\n20852163\n"
                                  "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    struct ledger_signer *signer = signer_of("witness.example.com/w1", LEDGER_KEY_COSIGNATURE);
    const struct ledger_verifier *verifier = ledger_signer_verifier(signer);
    gsize n;
    gint64 time_s = 0;
    g_autofree char *line = ledger_note_sign(text, signer, 1679315147);
    g_autofree guint8 *bytes = line_bytes(line, "witness.example.com/w1", &n);
    g_assert_cmpuint(n, ==, 4 + 8 + 64);
    g_assert_cmpmem(bytes, 4, verifier->id, 4);
    g_assert_cmpmem(bytes + 4, 8, "\0\0\0\0\x64\x18\x50\xcb", 8);
    g_assert_true(sign_verify(verifier->public, message, strlen(message), bytes + 12));
    g_autofree char *note = g_strconcat(text, "\n", line, NULL);
    g_assert_true(ledger_note_is_signed(note, strlen(note), verifier, &time_s, NULL));
    g_assert_cmpint(time_s, ==, 1679315147);

    bytes[4 + 7] ^= 1; /* another time */
    g_autofree char *base64 = g_base64_encode(bytes, n);
    g_autofree char *changed = g_strdup_printf("%s\n— witness.example.com/w1 %s\n", text, base64);
    expect_signed(changed, verifier, "is wrong");
    ledger_signer_free(signer);
}

/* A line of a key whose seed is all sevens, at any time, signed as the specification says. */
static char *cosign_at(const char *text, guint64 time_s, struct ledger_verifier *verifier) {
    guint8 seed[SIGN_SEED_BYTES], bytes[4 + 8 + 64];
    memset(seed, 7, sizeof seed);
    struct sign_key *key = sign_key_new(seed);
    *verifier = (struct ledger_verifier){.name = (char *)"w", .type = LEDGER_KEY_COSIGNATURE};
    sign_key_public(key, verifier->public);
    const struct ledger_hash id = naive_id("w", 4, verifier->public);
    memcpy(verifier->id, id.bytes, 4);
    memcpy(bytes, id.bytes, 4);
    for (guint i = 0; i < 8; i++)
        bytes[4 + i] = (guint8)(time_s >> (8 * (7 - i)));
    g_autofree char *message =
        g_strdup_printf("cosignature/v1\ntime %" G_GUINT64_FORMAT "\n%s", time_s, text);
    sign_message(key, message, strlen(message), bytes + 12);
    sign_key_free(key);
    g_autofree char *base64 = g_base64_encode(bytes, sizeof bytes);
    return g_strdup_printf("%s\n— w %s\n", text, base64);
}

static void a_cosignature_has_a_time_before_2_to_63(void) {
    struct ledger_verifier verifier;
    gint64 time_s;
    g_autofree char *last = cosign_at("t\n", G_MAXINT64, &verifier);
    g_autofree char *over = cosign_at("t\n", (guint64)1 << 63, &verifier);
    g_autofree char *first = cosign_at("t\n", 0, &verifier);
    g_assert_true(ledger_note_is_signed(last, strlen(last), &verifier, &time_s, NULL));
    g_assert_cmpint(time_s, ==, G_MAXINT64);
    g_assert_true(ledger_note_is_signed(first, strlen(first), &verifier, &time_s, NULL));
    g_assert_cmpint(time_s, ==, 0);
    expect_signed(over, &verifier, "is wrong");
}

static void a_cosignature_is_no_signature(void) {
    struct ledger_signer *signer = signer_of("a.example", LEDGER_KEY_COSIGNATURE);
    const struct ledger_verifier *cosigner = ledger_signer_verifier(signer);
    struct ledger_verifier as_log = *cosigner;
    as_log.type = LEDGER_KEY_ED25519; /* with the cosigner's id, as nobody should */
    g_autofree char *line = ledger_note_sign("t\n", signer, 5);
    g_autofree char *note = g_strconcat("t\n\n", line, NULL);
    expect_signed(note, cosigner, "verified");
    expect_signed(note, &as_log, "is wrong");
    ledger_signer_free(signer);
}

static void of_a_witness_answer_only_its_valid_lines_are_kept(void) {
    struct ledger_signer *signer = signer_of("w.example/1", LEDGER_KEY_COSIGNATURE),
                         *other = signer_of("w.example/2", LEDGER_KEY_COSIGNATURE);
    const struct ledger_verifier *verifier = ledger_signer_verifier(signer);
    g_autofree char *good = ledger_note_sign("t\n", signer, 5);
    g_autofree char *elsewhere = ledger_note_sign("u\n", signer, 5);
    g_autofree char *others = ledger_note_sign("t\n", other, 5);
    g_autofree char *answer = g_strconcat("<html>\n", others, elsewhere, good, "— \n\n", "rest", NULL);
    g_autofree char *kept = ledger_note_valid_lines("t\n", 2, answer, verifier);
    g_assert_cmpstr(kept, ==, good);
    g_autofree char *none = ledger_note_valid_lines("t\n", 2, others, verifier);
    g_assert_cmpstr(none, ==, "");
    g_autofree char *nothing = ledger_note_valid_lines("t\n", 2, "", verifier);
    g_assert_cmpstr(nothing, ==, "");
    good[strlen(good) - 1] = 0; /* a line ends in a newline */
    g_autofree char *cut = ledger_note_valid_lines("t\n", 2, good, verifier);
    g_assert_cmpstr(cut, ==, "");
    ledger_signer_free(signer);
    ledger_signer_free(other);
}

/* ── Checkpoints ── */

#define SOFA_HASH "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
#define SOFA "example.com/behind-the-sofa\n20852163\n" SOFA_HASH "\n"
#define EMPTY_HASH "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

static void numbers_are_plain_decimals(void) {
    static const struct {
        const char *text;
        guint64 number;
    } right[] = {{"0", 0}, {"1", 1}, {"20852163", 20852163}, {"18446744073709551615", G_MAXUINT64}};
    static const char *const wrong[] = {"",
                                        "00",
                                        "01",
                                        "-1",
                                        "+1",
                                        " 1",
                                        "1 ",
                                        "1x",
                                        "0x1",
                                        "x",
                                        "1.",
                                        "1e1",
                                        "-0",
                                        "18446744073709551616",
                                        "99999999999999999999999",
                                        "100000000000000000000000"};
    guint64 number;
    for (guint i = 0; i < G_N_ELEMENTS(right); i++) {
        g_assert_true(ledger_number_parse(right[i].text, strlen(right[i].text), &number));
        g_assert_cmpuint(number, ==, right[i].number);
    }
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++)
        if (ledger_number_parse(wrong[i], strlen(wrong[i]), &number))
            g_error("\"%s\" was taken for a number", wrong[i]);
    g_assert_false(ledger_number_parse("1\0002", 3, &number));
    g_assert_true(ledger_number_parse("12", 1, &number)); /* what follows is not its business */
    g_assert_cmpuint(number, ==, 1);
}

static void the_example_checkpoint_reads_and_writes_back(void) {
    struct ledger_checkpoint checkpoint;
    GError *error = NULL;
    struct ledger_hash root;
    g_assert_true(hash_of_base64(SOFA_HASH, &root));
    ledger_checkpoint_parse(SOFA, strlen(SOFA), &checkpoint, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(checkpoint.origin, ==, "example.com/behind-the-sofa");
    g_assert_cmpuint(checkpoint.size, ==, 20852163);
    expect_hash(&checkpoint.root, &root);
    g_autofree char *again =
        ledger_checkpoint_format(checkpoint.origin, checkpoint.size, &checkpoint.root);
    g_assert_cmpstr(again, ==, SOFA);
    ledger_checkpoint_clear(&checkpoint);
    ledger_checkpoint_clear(&checkpoint);
    g_assert_true(
        ledger_checkpoint_parse(SOFA "more\nand more\n", strlen(SOFA) + 14, &checkpoint, NULL));
    ledger_checkpoint_clear(&checkpoint);
    static const char empty[] = "o\n0\n" EMPTY_HASH "\n";
    g_assert_true(ledger_checkpoint_parse(empty, strlen(empty), &checkpoint, NULL));
    ledger_checkpoint_clear(&checkpoint);
}

static void what_is_no_checkpoint_is_refused(void) {
    static const struct {
        const char *text, *what;
    } wrong[] = {
        {"", "no origin"},
        {"o", "no origin"},
        {"\n1\n" SOFA_HASH "\n", "no origin"},
        {"o\n", "no tree size"},
        {"o\n\n" SOFA_HASH "\n", "no tree size"},
        {"o\n1", "no tree size"},
        {"o\n01\n" SOFA_HASH "\n", "no tree size"},
        {"o\n-1\n" SOFA_HASH "\n", "no tree size"},
        {"o\n1 \n" SOFA_HASH "\n", "no tree size"},
        {"o\n18446744073709551616\n" SOFA_HASH "\n", "no tree size"},
        {"o\n1\n", "no root hash"},
        {"o\n1\n" SOFA_HASH, "no root hash"},
        {"o\n1\n\n", "no root hash"},
        {"o\n1\n" SOFA_HASH "=\n", "no root hash"},
        {"o\n1\n" SOFA_HASH " \n", "no root hash"},
        {"o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n", "no root hash"},
        {"o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==\n", "no root hash"},
        {"o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2IA\n", "no root hash"},
        {"o\n1\nCsUYapGGPo4dkMgIAUqom_Xajj7h2fB2MPA3j2jxq2I=\n", "no root hash"},
        {"o\n1\n" SOFA_HASH "\n\n", "empty extension"},
        {"o\n1\n" SOFA_HASH "\nx\n\ny\n", "empty extension"},
        {"o\n1\n" SOFA_HASH "\nx", "empty extension"},
        {"o\n0\n" SOFA_HASH "\n", "tree is empty"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        struct ledger_checkpoint checkpoint;
        GError *error = NULL;
        if (ledger_checkpoint_parse(wrong[i].text, strlen(wrong[i].text), &checkpoint, &error))
            g_error("%s was taken for a checkpoint", wrong[i].text);
        expect_message(&error, wrong[i].what);
        g_assert_null(checkpoint.origin);
    }
}

/* A note of a text by a signer. Transfer full. */
static char *note_of(const char *text, const struct ledger_signer *signer) {
    g_autofree char *line = ledger_note_sign(text, signer, 0);
    return g_strconcat(text, "\n", line, NULL);
}

static void expect_open(const char *note, const struct ledger_verifier *verifier, const char *what) {
    struct ledger_checkpoint checkpoint;
    GError *error = NULL;
    gboolean ok = ledger_checkpoint_open(note, strlen(note), verifier, &checkpoint, &error);
    g_assert_true(ok == !error && ok == (checkpoint.origin != NULL) && ok == !what);
    if (!ok)
        expect_message(&error, what);
    ledger_checkpoint_clear(&checkpoint);
}

static void a_checkpoint_opens_under_its_origins_key_only(void) {
    struct ledger_signer *signer = signer_of("example.com/behind-the-sofa", LEDGER_KEY_ED25519),
                         *other = signer_of("example.com/other", LEDGER_KEY_ED25519);
    const struct ledger_verifier *verifier = ledger_signer_verifier(signer);
    g_autofree char *note = note_of(SOFA, signer);
    g_autofree char *anothers = note_of(SOFA, other);
    g_autofree char *prose = note_of("no checkpoint\n", signer);
    expect_open(note, verifier, NULL);
    expect_open(anothers, verifier, "example.com/behind-the-sofa has not signed");
    expect_open(anothers, ledger_signer_verifier(other), "is of example.com/behind-the-sofa, not of");
    expect_open(prose, verifier, "no tree size");
    expect_open("no note", verifier, "ends in a newline");
    note[40] ^= 1; /* of the size or the root */
    expect_open(note, verifier, "is wrong");
    ledger_signer_free(signer);
    ledger_signer_free(other);
}

/* ── Proofs as text ── */

/* tlog-proof's own example, with what its signatures leave out. */
#define EXAMPLE_PROOF                                                                                  \
    "c2sp.org/tlog-proof@v1\n"                                                                         \
    "extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6kYXJ3aW4tYXJ\n"                                     \
    "index 73894\n"                                                                                    \
    "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n"                                                   \
    "B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=\n"                                                   \
    "EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=\n"                                                   \
    "RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=\n"                                                   \
    "AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=\n"                                                   \
    "\n"                                                                                               \
    "example.com/fancylog\n"                                                                           \
    "109482\n"                                                                                         \
    "sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=\n"                                                   \
    "\n"                                                                                               \
    "— example.com/fancylog hI2DJw1roloI=\n"

static void the_example_proof_reads_and_writes_back(void) {
    static const char plain[] = "c2sp.org/tlog-proof@v1\nindex 0\n\no\n1\n" SOFA_HASH "\n\n— o x\n";
    struct ledger_proof proof;
    GError *error = NULL;
    gsize n;
    ledger_proof_parse(EXAMPLE_PROOF, strlen(EXAMPLE_PROOF), &proof, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(proof.index, ==, 73894);
    g_assert_cmpuint(proof.hashes->len, ==, 5);
    g_assert_cmpint(hashes_of(proof.hashes)[0].bytes[0], ==, 0x81);
    const char *extra = g_bytes_get_data(proof.extra, &n);
    g_assert_cmpuint(n, ==, 39);
    g_assert_true(memcmp(extra, "age-v1.2.1-darwin-arm64.tar.gz", 30) == 0);
    g_assert_true(g_str_has_prefix(proof.checkpoint, "example.com/fancylog\n109482\n"));
    g_autofree char *again = ledger_proof_format(&proof);
    g_assert_cmpstr(again, ==, EXAMPLE_PROOF);
    ledger_proof_clear(&proof);
    ledger_proof_clear(&proof);

    g_assert_true(ledger_proof_parse(plain, strlen(plain), &proof, NULL));
    g_assert_null(proof.extra);
    g_assert_cmpuint(proof.hashes->len, ==, 0);
    g_autofree char *plain_again = ledger_proof_format(&proof);
    g_assert_cmpstr(plain_again, ==, plain);
    g_clear_pointer(&proof.hashes, g_array_unref); /* none is as good as an empty list */
    g_autofree char *without = ledger_proof_format(&proof);
    g_assert_cmpstr(without, ==, plain);
    ledger_proof_clear(&proof);
}

static void what_is_no_proof_is_refused(void) {
#define HEAD "c2sp.org/tlog-proof@v1\n"
    static const struct {
        const char *text, *what;
    } wrong[] = {
        {"", "begins with the line"},
        {"c2sp.org/tlog-proof@v1", "begins with the line"},
        {"c2sp.org/tlog-proof@v2\nindex 0\n\nx", "begins with the line"},
        {"c2sp.org/tlog-proof@v1 \nindex 0\n\nx", "begins with the line"},
        {"c2sp.org/tlog-proof@v1\r\nindex 0\n\nx", "begins with the line"},
        {HEAD, "is damaged"},
        {HEAD "index 0", "is damaged"},
        {HEAD "index 0\n", "is damaged"},
        {HEAD "index 0\n\n", "is damaged"},
        {HEAD "index 0\n" SOFA_HASH "\n", "is damaged"},
        {HEAD "index 0\n" SOFA_HASH "\n\n", "is damaged"},
        {HEAD "index 0\nabcd\n\nx\n", "is damaged"},
        {HEAD "index 00\n\nx\n", "is damaged"},
        {HEAD "index -1\n\nx\n", "is damaged"},
        {HEAD "index \n\nx\n", "is damaged"},
        {HEAD "index  0\n\nx\n", "is damaged"},
        {HEAD "Index 0\n\nx\n", "is damaged"},
        {HEAD "index 18446744073709551616\n\nx\n", "is damaged"},
        {HEAD "\nx\n", "is damaged"},
        {HEAD "extra AAAA\n", "is damaged"},
        {HEAD "extra AAAA\n\nx\n", "is damaged"},
        {HEAD "extra AAA\nindex 0\n\nx\n", "is damaged"},
        {HEAD "extra A*AA\nindex 0\n\nx\n", "is damaged"},
        {HEAD "extra AAAA \nindex 0\n\nx\n", "is damaged"},
        {HEAD "extra AAAA\nextra AAAA\nindex 0\n\nx\n", "is damaged"},
        {HEAD "index 0\nextra AAAA\n\nx\n", "is damaged"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        struct ledger_proof proof;
        GError *error = NULL;
        if (ledger_proof_parse(wrong[i].text, strlen(wrong[i].text), &proof, &error))
            g_error("%s was taken for a proof", wrong[i].text);
        expect_message(&error, wrong[i].what);
        g_assert_true(!proof.extra && !proof.hashes && !proof.checkpoint);
    }
}

static char *with_hashes(const char *head, guint n) {
    GString *text = g_string_new(head);
    for (guint i = 0; i < n; i++)
        g_string_append(text, SOFA_HASH "\n");
    g_string_append(text, "\nx\n");
    return g_string_free(text, FALSE);
}

static void a_proof_has_64_hashes_at_most_and_a_submission_63(void) {
    struct ledger_proof proof;
    struct ledger_submission submission;
    g_autofree char *proof_64 = with_hashes(HEAD "index 1\n", 64);
    g_autofree char *proof_65 = with_hashes(HEAD "index 1\n", 65);
    g_autofree char *submission_63 = with_hashes("old 1\n", 63);
    g_autofree char *submission_64 = with_hashes("old 1\n", 64);
    g_assert_true(ledger_proof_parse(proof_64, strlen(proof_64), &proof, NULL));
    g_assert_cmpuint(proof.hashes->len, ==, 64);
    ledger_proof_clear(&proof);
    g_assert_false(ledger_proof_parse(proof_65, strlen(proof_65), &proof, NULL));
    g_assert_true(ledger_submission_parse(submission_63, strlen(submission_63), &submission, NULL));
    g_assert_cmpuint(submission.hashes->len, ==, 63);
    g_array_unref(submission.hashes);
    g_assert_false(ledger_submission_parse(submission_64, strlen(submission_64), &submission, NULL));
}

/* From the log's tiles to text and back to the root: what somebody offline does. */
static void a_proof_made_from_tiles_convinces_a_stranger(void) {
    struct log *log = log_new(300);
    struct ledger_reader *reader = reader_of(log, 300);
    struct ledger_signer *signer = signer_of("log.example/1", LEDGER_KEY_ED25519);
    const struct ledger_hash root = naive_mth(leaves_of(log), 300);
    g_autofree char *text = ledger_checkpoint_format("log.example/1", 300, &root);
    struct ledger_proof made = {.index = 257,
                                .hashes = ledger_prove_inclusion(reader, 257, 300, NULL),
                                .checkpoint = note_of(text, signer)},
                        read;
    g_autofree char *written = ledger_proof_format(&made);
    struct ledger_checkpoint head;
    g_assert_true(ledger_proof_parse(written, strlen(written), &read, NULL));
    g_assert_true(ledger_checkpoint_open(read.checkpoint, strlen(read.checkpoint),
                                         ledger_signer_verifier(signer), &head, NULL));
    const struct ledger_hash leaf = naive_leaf("entry 257", 9), other = naive_leaf("entry 258", 9);
    g_assert_true(includes(&head.root, head.size, read.index, &leaf, read.hashes));
    g_assert_false(includes(&head.root, head.size, read.index, &other, read.hashes));
    ledger_checkpoint_clear(&head);
    ledger_proof_clear(&read);
    ledger_proof_clear(&made);
    ledger_signer_free(signer);
    ledger_reader_free(reader);
    log_free(log);
}

/* ── Witnesses ── */

/* tlog-witness, "Example request body". */
#define EXAMPLE_SUBMISSION                                                                             \
    "old 20852014\n"                                                                                   \
    "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"                                                   \
    "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"                                                   \
    "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n"                                                   \
    "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n"                                                   \
    "\n"
#define EXAMPLE_SIGNED                                                                                 \
    SOFA                                                                                               \
        "\n— example.com/behind-the-sofa "                                                           \
        "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=" \
        "\n— example.com/behind-the-sofa "                                                           \
        "opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=" \
        "\n"

static void the_example_submission_reads_and_writes_back(void) {
    static const char text[] = EXAMPLE_SUBMISSION EXAMPLE_SIGNED;
    struct ledger_submission submission;
    GError *error = NULL;
    ledger_submission_parse(text, strlen(text), &submission, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(submission.old_size, ==, 20852014);
    g_assert_cmpuint(submission.hashes->len, ==, 4);
    g_assert_cmpint(hashes_of(submission.hashes)[3].bytes[0], ==, 0xFF);
    g_assert_cmpmem(submission.checkpoint, submission.checkpoint_n, EXAMPLE_SIGNED,
                    strlen(EXAMPLE_SIGNED));
    g_autofree char *again =
        ledger_submission_format(submission.old_size, submission.hashes, EXAMPLE_SIGNED);
    g_assert_cmpstr(again, ==, text);
    g_array_unref(submission.hashes);
    g_autofree char *first = ledger_submission_format(0, NULL, "x\n");
    g_assert_cmpstr(first, ==, "old 0\n\nx\n");
}

static void what_is_no_submission_is_refused(void) {
    static const char *const wrong[] = {
        "",
        "old",
        "old 0",
        "old 0\n",
        "old 0\n\n",
        "old \n\nx\n",
        "old 01\n\nx\n",
        "old -1\n\nx\n",
        "old 1 \n\nx\n",
        "old 1\r\n\nx\n",
        "old 18446744073709551616\n\nx\n",
        "Old 1\n\nx\n",
        "\nold 1\n\nx\n",
        "old 1\n" SOFA_HASH "\nx\n",
        "old 1\nabc\n\nx\n",
        "old 1\n" SOFA_HASH,
        "old 1\n" SOFA_HASH "\n",
        "old 1\n" SOFA_HASH "\n\n",
    };
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        struct ledger_submission submission;
        GError *error = NULL;
        if (ledger_submission_parse(wrong[i], strlen(wrong[i]), &submission, &error))
            g_error("%s was taken for a submission", wrong[i]);
        expect_message(&error, "the request should be");
        g_assert_null(submission.hashes);
    }
}

struct submitting {
    struct log *log;
    struct ledger_signer *signer;
    guint64 old_size, size, proof_from, last_size; /* proof_from: where the proof sent begins */
    const struct ledger_hash *root;                /* NULL: the right one */
    const char *origin, *body;                     /* NULL: the right ones */
};

static enum ledger_witness_answer judge(const struct submitting *s, const struct ledger_signer *log) {
    struct ledger_reader *reader = reader_of(s->log, s->log->entries->len);
    const struct ledger_hash root = s->root ? *s->root : naive_mth(leaves_of(s->log), s->size),
                             last_root = naive_mth(leaves_of(s->log), s->last_size);
    g_autoptr(GArray) proof = ledger_prove_consistency(reader, s->proof_from, s->size, NULL);
    g_autofree char *text =
        ledger_checkpoint_format(s->origin ? s->origin : "l.example", s->size, &root);
    g_autofree char *note = note_of(s->body ? s->body : text, s->signer);
    g_autofree char *request = ledger_submission_format(s->old_size, proof, note);
    struct ledger_submission submission;
    struct ledger_checkpoint checkpoint;
    g_assert_true(ledger_submission_parse(request, strlen(request), &submission, NULL));
    enum ledger_witness_answer answer = ledger_witness_judge(&submission, ledger_signer_verifier(log),
                                                             s->last_size, &last_root, &checkpoint);
    if (answer == WITNESS_COSIGN) {
        g_assert_cmpstr(checkpoint.origin, ==, "l.example");
        g_assert_cmpuint(checkpoint.size, ==, s->size);
        expect_hash(&checkpoint.root, &root);
    }
    ledger_checkpoint_clear(&checkpoint);
    g_array_unref(submission.hashes);
    ledger_reader_free(reader);
    return answer;
}

static void a_witness_cosigns_what_continues_what_it_saw(void) {
    struct log *log = log_new(40);
    struct ledger_signer *signer = signer_of("l.example", LEDGER_KEY_ED25519),
                         *stranger = signer_of("l.example", LEDGER_KEY_ED25519);
    const struct ledger_hash other = {{1}};
    const struct {
        struct submitting s;
        enum ledger_witness_answer answer;
    } cases[] = {
        {{log, signer, 0, 20, 0, 0}, WITNESS_COSIGN},
        {{log, signer, 20, 33, 20, 20}, WITNESS_COSIGN},
        {{log, signer, 33, 33, 33, 33}, WITNESS_COSIGN},
        {{log, signer, 0, 0, 0, 0}, WITNESS_COSIGN},
        {{log, signer, 20, 10, 10, 20}, WITNESS_BAD},     /* older than its own old size … */
        {{log, signer, 20, 10, 10, 5}, WITNESS_BAD},      /* … whatever the witness has */
        {{log, stranger, 0, 20, 0, 0}, WITNESS_UNSIGNED}, /* its name with another key */
        {{log, signer, 0, 20, 0, 10}, WITNESS_CONFLICT},  /* does not know where the witness is */
        {{log, signer, 10, 20, 10, 0}, WITNESS_CONFLICT},
        {{log, signer, 10, 20, 10, 15}, WITNESS_CONFLICT},
        {{log, signer, 10, 20, 10, 30}, WITNESS_CONFLICT},    /* rolled back */
        {{log, signer, 10, 20, 9, 10}, WITNESS_INCONSISTENT}, /* the proof of another size */
        {{log, signer, 10, 20, 0, 10}, WITNESS_INCONSISTENT}, /* none */
        {{log, signer, 0, 20, 10, 0}, WITNESS_INCONSISTENT},  /* one where none belongs */
        {{log, signer, 20, 20, 10, 20}, WITNESS_INCONSISTENT},
        {{log, signer, 10, 20, 10, 10, &other}, WITNESS_INCONSISTENT},
        {{log, signer, 20, 20, 20, 20, &other}, WITNESS_INCONSISTENT}, /* a fork */
        {{log, signer, 0, 0, 0, 0, &other}, WITNESS_INCONSISTENT},
        {{log, signer, 0, 20, 0, 0, NULL, "m.example"}, WITNESS_INCONSISTENT},
        {{log, signer, 0, 20, 0, 0, NULL, NULL, "prose\n"}, WITNESS_INCONSISTENT},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        enum ledger_witness_answer answer = judge(&cases[i].s, signer);
        if (answer != cases[i].answer)
            g_error("case %u: answered %d, not %d", i, answer, cases[i].answer);
    }
    ledger_signer_free(signer);
    ledger_signer_free(stranger);
    log_free(log);
}

static void a_witness_refuses_what_is_no_note_or_not_signed(void) {
    struct ledger_verifier *verifier = verifier_of(EXAMPLE_KEY);
    static const struct {
        const char *note;
        enum ledger_witness_answer answer;
    } cases[] = {
        {"x", WITNESS_BAD},
        {SOFA, WITNESS_BAD},
        {SOFA "\n", WITNESS_BAD},
        {SOFA "\n" OTHER_LINE, WITNESS_UNSIGNED},
        {SOFA "\n" EXAMPLE_LINE, WITNESS_UNSIGNED},             /* of its key, and wrong */
        {EXAMPLE_TEXT "\n" EXAMPLE_LINE, WITNESS_INCONSISTENT}, /* signed, and no checkpoint */
    };
    const struct ledger_hash root = {{0}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GArray) none = hashes_new();
        const struct ledger_submission submission = {
            .hashes = none, .checkpoint = cases[i].note, .checkpoint_n = strlen(cases[i].note)};
        struct ledger_checkpoint checkpoint;
        g_assert_cmpint(ledger_witness_judge(&submission, verifier, 0, &root, &checkpoint), ==,
                        cases[i].answer);
        g_assert_null(checkpoint.origin);
    }
    ledger_verifier_free(verifier);
}

/* ── The ledger's own entries ── */

static void an_entry_has_every_byte_in_its_place(void) {
    struct ledger_entry entry = {.type = LEDGER_WATCH_REFUSED,
                                 .flags = 0x83,
                                 .jurisdiction = 0x0102,
                                 .epoch = 0xA1B2C3D4u,
                                 .recipient = 0x11,
                                 .purpose = 0x22,
                                 .basis = 0x33,
                                 .data = 0x44},
                        again;
    guint8 bytes[LEDGER_ENTRY_BYTES + 1], expected[176], back[LEDGER_ENTRY_BYTES];
    static const guint8 head[16] = {'C',  'D',  'L',  '1',  6,    0x83, 0x01, 0x02,
                                    0xA1, 0xB2, 0xC3, 0xD4, 0x11, 0x22, 0x33, 0x44};
    memset(entry.policy.bytes, 0xE1, 32);
    memset(entry.subject_tag.bytes, 0xE2, 32);
    memset(entry.recipient_tag.bytes, 0xE3, 32);
    memset(entry.body.bytes, 0xE4, 32);
    memset(entry.payload.bytes, 0xE5, 32);
    memcpy(expected, head, 16);
    memset(expected + 16, 0xE1, 32);
    memset(expected + 48, 0xE2, 32);
    memset(expected + 80, 0xE3, 32);
    memset(expected + 112, 0xE4, 32);
    memset(expected + 144, 0xE5, 32);
    bytes[LEDGER_ENTRY_BYTES] = 0x77;
    ledger_entry_write(&entry, bytes);
    g_assert_cmpmem(bytes, LEDGER_ENTRY_BYTES, expected, sizeof expected);
    g_assert_cmpint(bytes[LEDGER_ENTRY_BYTES], ==, 0x77);
    g_assert_true(ledger_entry_read(bytes, LEDGER_ENTRY_BYTES, &again, NULL));
    g_assert_cmpint(again.type, ==, LEDGER_WATCH_REFUSED);
    g_assert_cmpuint(again.flags, ==, 0x83);
    g_assert_cmpuint(again.jurisdiction, ==, 0x0102);
    g_assert_cmpuint(again.epoch, ==, 0xA1B2C3D4u);
    ledger_entry_write(&again, back);
    g_assert_cmpmem(back, LEDGER_ENTRY_BYTES, bytes, LEDGER_ENTRY_BYTES);
}

static void what_is_no_entry_is_refused(void) {
    guint8 bytes[LEDGER_ENTRY_BYTES + 1] = "CDL1";
    struct ledger_entry entry;
    GError *error = NULL;
    g_assert_true(ledger_entry_read(bytes, LEDGER_ENTRY_BYTES, &entry, NULL));
    g_assert_false(ledger_entry_read(bytes, LEDGER_ENTRY_BYTES - 1, &entry, &error));
    expect_message(&error, "176 bytes that begin with CDL1");
    g_assert_false(ledger_entry_read(bytes, LEDGER_ENTRY_BYTES + 1, &entry, NULL));
    g_assert_false(ledger_entry_read("", 0, &entry, NULL));
    bytes[3] = '2';
    g_assert_false(ledger_entry_read(bytes, LEDGER_ENTRY_BYTES, &entry, &error));
    expect_message(&error, "CDL1");
}

static void types_of_entries_have_names(void) {
    static const char *const names[] = {"unknown",       "policy",      "disclosure",
                                        "hour",          "watch_asked", "watch_approved",
                                        "watch_refused", "watch_ended", "unknown"};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        g_assert_cmpstr(ledger_entry_type_name(i), ==, names[i]);
    g_assert_cmpstr(ledger_entry_type_name(255), ==, "unknown");
}

static const guint8 key_7[32] = {7, 7, 7}, key_8[32] = {8};

static struct ledger_hash naive_hmac(const guint8 key[32], const void *text, gsize n) {
    struct ledger_hash mac;
    gsize mac_n = sizeof mac.bytes;
    GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA256, key, 32);
    g_hmac_update(hmac, text, (gssize)n);
    g_hmac_get_digest(hmac, mac.bytes, &mac_n);
    g_hmac_unref(hmac);
    return mac;
}

static void a_tag_is_an_hmac_of_its_counter(void) {
    struct ledger_hash got = ledger_tag(key_7, 0), expected = naive_hmac(key_7, "\0\0\0\0\0\0\0\0", 8);
    expect_hash(&got, &expected);
    got = ledger_tag(key_7, G_GUINT64_CONSTANT(0x0102030405060708));
    expected = naive_hmac(key_7, "\1\2\3\4\5\6\7\10", 8);
    expect_hash(&got, &expected);
    expected = ledger_tag(key_8, G_GUINT64_CONSTANT(0x0102030405060708));
    g_assert_false(ledger_hash_equal(&got, &expected));
    expected = ledger_tag(key_7, G_GUINT64_CONSTANT(0x0102030405060709));
    g_assert_false(ledger_hash_equal(&got, &expected));
}

static struct ledger_hash naive_field(const guint8 *salt, const char *name, const char *value) {
    g_autoptr(GByteArray) text = g_byte_array_new();
    g_byte_array_append(text, (const guint8 *)"\3", 1);
    g_byte_array_append(text, salt, 16);
    g_byte_array_append(text, (const guint8 *)name, (guint)strlen(name));
    g_byte_array_append(text, (const guint8 *)"\0", 1);
    g_byte_array_append(text, (const guint8 *)value, (guint)strlen(value));
    return sha256_of(text);
}

static struct ledger_hash naive_commit(const struct ledger_hash *fields, guint n) {
    g_autoptr(GByteArray) text = g_byte_array_new();
    g_byte_array_append(text, (const guint8 *)"\2", 1);
    for (guint i = 0; i < n; i++)
        g_byte_array_append(text, fields[i].bytes, 32);
    return sha256_of(text);
}

/* One field is shown with its salt, of the other nothing but its hash; that is enough for the whole. */
static void one_field_opens_without_the_others(void) {
    static const guint8 salt[2][16] = {{1, 2, 3}, {4, 5, 6}};
    const struct ledger_hash shown = naive_field(salt[0], "officer", "7 Ada"),
                             hidden = naive_field(salt[1], "case", "22-CR-9");
    const struct ledger_hash whole = naive_commit((struct ledger_hash[]){shown, hidden}, 2);
    struct ledger_hash got[2] = {ledger_commit_field(salt[0], "officer", "7 Ada"), hidden};
    struct ledger_hash opened = ledger_commit(got, 2);
    expect_hash(&opened, &whole);
    static const struct {
        guint salt;
        const char *name, *value;
    } changed[] = {{0, "officer", "7 Ida"}, {0, "officer", ""},      {0, "officer7", " Ada"},
                   {0, "", "7 Ada"},        {1, "officer", "7 Ada"}, {0, "officer", "7 Ada "}};
    for (guint i = 0; i < G_N_ELEMENTS(changed); i++) {
        got[0] = ledger_commit_field(salt[changed[i].salt], changed[i].name, changed[i].value);
        opened = ledger_commit(got, 2);
        g_assert_false(ledger_hash_equal(&opened, &whole));
    }
    const struct ledger_hash turned = ledger_commit((struct ledger_hash[]){hidden, shown}, 2);
    g_assert_false(ledger_hash_equal(&turned, &whole));
    opened = ledger_commit(NULL, 0);
    const struct ledger_hash nothing = naive_commit(NULL, 0);
    expect_hash(&opened, &nothing);
}

/* ── What a disclosure leaves in the ledger ── */

static struct disclose_gate *gate;
static guint party; /* a sheriff by name, in the gate's policy */

static void open_gate(void) {
    g_autofree char *path = NULL;
    GError *error = NULL;
    const int fd = g_file_open_tmp("tocsin-recipients-XXXXXX.yaml", &path, &error);
    g_assert_no_error(error);
    g_close(fd, NULL);
    g_assert_true(g_file_set_contents(path, "recipients: [{id: north, class: local_law_enforcement}]\n",
                                      -1, NULL));
    struct policy *policy = policy_load("baseline", path, &error);
    g_assert_no_error(error);
    party = policy_find_word(policy, POLICY_RECIPIENT, "north");
    gate = disclose_gate_new(policy, "local", &error);
    g_assert_no_error(error);
    g_unlink(path);
}

struct leaf {
    struct ledger_entry entry;
    char *fields;
    GBytes *salts;
};

static struct leaf leaf_of(const struct leaf_parts *parts) {
    const struct base_random random = base_seeded_random(&seeded_state);
    struct leaf leaf;
    disclose_leaf(gate, parts, &random, &leaf.entry, &leaf.fields, &leaf.salts);
    return leaf;
}

static void leaf_clear(struct leaf *leaf) {
    g_free(leaf->fields);
    g_bytes_unref(leaf->salts);
}

static struct leaf_parts parts_of(void) {
    return (struct leaf_parts){.type = LEDGER_DISCLOSURE,
                               .subject = {key_7, 3},
                               .recipient = {key_8, 4},
                               .body = {{"officer", "7 \"Ada\""}, {"case", NULL}, {"basis", ""}},
                               .payload = {{"name", "Zoë"}},
                               .now_at_us = 480000 * HOUR_US + 59 * MINUTE_US};
}

static void a_leaf_says_by_number_what_was_judged(void) {
    struct policy_request request = {.value = {[POLICY_RECIPIENT] = (guint8)party,
                                               [POLICY_PURPOSE] = 5,
                                               [POLICY_BASIS] = 12,
                                               [POLICY_DATA] = 2,
                                               [POLICY_MODE] = 2,
                                               [POLICY_FLAG] = 6,
                                               [POLICY_JURISDICTION] = 1}};
    struct policy_decision decision = {.is_permitted = TRUE};
    struct leaf_parts parts = parts_of();
    parts.request = &request;
    parts.decision = &decision;
    struct leaf leaf = leaf_of(&parts);
    const struct ledger_hash subject = ledger_tag(key_7, 3), recipient = ledger_tag(key_8, 4);
    g_assert_cmpint(leaf.entry.type, ==, LEDGER_DISCLOSURE);
    g_assert_cmpuint(leaf.entry.flags, ==, 2);
    g_assert_cmpuint(leaf.entry.epoch, ==, 480000);
    g_assert_cmpuint(leaf.entry.jurisdiction, ==, 1);
    /* The class; which sheriff it was is in the tag. */
    g_assert_cmpuint(
        leaf.entry.recipient, ==,
        policy_find_word(disclose_gate_policy(gate), POLICY_RECIPIENT, "local_law_enforcement"));
    g_assert_cmpuint(leaf.entry.purpose, ==, 5);
    g_assert_cmpuint(leaf.entry.basis, ==, 12);
    g_assert_cmpuint(leaf.entry.data, ==, 2);
    g_assert_cmpmem(leaf.entry.policy.bytes, 32, policy_id(disclose_gate_policy(gate)), 32);
    expect_hash(&leaf.entry.subject_tag, &subject);
    expect_hash(&leaf.entry.recipient_tag, &recipient);
    leaf_clear(&leaf);

    decision.is_permitted = FALSE;
    leaf = leaf_of(&parts);
    g_assert_cmpuint(leaf.entry.flags, ==, 0x82);
    leaf_clear(&leaf);
    request.value[POLICY_MODE] = 0x1F; /* the mode has four bits */
    leaf = leaf_of(&parts);
    g_assert_cmpuint(leaf.entry.flags, ==, 0x8F);
    leaf_clear(&leaf);
    parts.request = NULL; /* denied before there was a request */
    leaf = leaf_of(&parts);
    g_assert_cmpuint(leaf.entry.flags, ==, 0x80);
    g_assert_cmpuint(leaf.entry.recipient, ==, 0);
    leaf_clear(&leaf);
}

static void a_leaf_without_a_key_has_a_tag_of_nobody(void) {
    struct leaf_parts parts = parts_of();
    parts.subject.key = parts.recipient.key = NULL;
    struct leaf one = leaf_of(&parts), two = leaf_of(&parts);
    g_assert_false(ledger_hash_equal(&one.entry.subject_tag, &two.entry.subject_tag));
    g_assert_false(ledger_hash_equal(&one.entry.recipient_tag, &two.entry.recipient_tag));
    g_assert_false(ledger_hash_equal(&one.entry.subject_tag, &one.entry.recipient_tag));
    leaf_clear(&one);
    leaf_clear(&two);
}

static void a_leaf_commits_to_its_fields_in_order(void) {
    struct leaf_parts parts = parts_of();
    struct leaf leaf = leaf_of(&parts);
    gsize n;
    const guint8 *salts = g_bytes_get_data(leaf.salts, &n);
    g_assert_cmpstr(leaf.fields, ==,
                    "{\"body\":[[\"officer\",\"7 \\\"Ada\\\"\"],[\"basis\",\"\"]],"
                    "\"payload\":[[\"name\",\"Zoë\"]]}");
    g_assert_cmpuint(n, ==, 3 * 16);
    const struct ledger_hash fields[] = {naive_field(salts, "officer", "7 \"Ada\""),
                                         naive_field(salts + 16, "basis", ""),
                                         naive_field(salts + 32, "name", "Zoë")};
    const struct ledger_hash body = naive_commit(fields, 2), payload = naive_commit(fields + 2, 1);
    expect_hash(&leaf.entry.body, &body);
    expect_hash(&leaf.entry.payload, &payload);
    g_assert_true(disclose_leaf_opens(&leaf.entry, leaf.fields, leaf.salts));

    struct leaf again = leaf_of(&parts); /* the same, under other salts */
    g_assert_false(ledger_hash_equal(&leaf.entry.body, &again.entry.body));
    g_assert_false(ledger_hash_equal(&leaf.entry.payload, &again.entry.payload));
    g_assert_false(disclose_leaf_opens(&leaf.entry, leaf.fields, again.salts));
    leaf_clear(&again);
    leaf_clear(&leaf);
}

static void a_changed_field_or_salt_does_not_open(void) {
    static const char *const changed[] = {
        "{\"body\":[[\"officer\",\"8 "
        "\\\"Ada\\\"\"],[\"basis\",\"\"]],\"payload\":[[\"name\",\"Zoë\"]]}",
        "{\"body\":[[\"official\",\"7 "
        "\\\"Ada\\\"\"],[\"basis\",\"\"]],\"payload\":[[\"name\",\"Zoë\"]]}",
        "{\"body\":[[\"basis\",\"\"],[\"officer\",\"7 "
        "\\\"Ada\\\"\"]],\"payload\":[[\"name\",\"Zoë\"]]}",
        "{\"body\":[[\"officer\",\"7 "
        "\\\"Ada\\\"\"],[\"basis\",\"\"]],\"payload\":[[\"name\",\"Zoe\"]]}",
        "{\"body\":[[\"officer\",\"7 \\\"Ada\\\"\"]],\"payload\":[[\"name\",\"Zoë\"]]}",
        "{\"body\":[[\"officer\",\"7 \\\"Ada\\\"\"],[\"basis\",\"\"],[\"a\",\"b\"]],"
        "\"payload\":[[\"name\",\"Zoë\"]]}",
        "{\"body\":[[\"officer\",\"7 \\\"Ada\\\"\"],[\"basis\",\"\"]],"
        "\"payload\":[[\"name\",\"Zoë\"],[\"a\",\"b\"]]}",
        "{\"body\":[[\"officer\",\"7 \\\"Ada\\\"\"],[\"basis\",\"\"]],\"payload\":[]}",
        "{\"body\":[[\"officer\",\"7 \\\"Ada\\\"\"],[\"basis\",\"\"]]}",
        "{\"body\":[[\"officer\",7],[\"basis\",\"\"]],\"payload\":[[\"name\",\"Zoë\"]]}",
        "{\"body\":[[\"officer\"],[\"basis\",\"\"]],\"payload\":[[\"name\",\"Zoë\"]]}",
        "{\"body\":[[7,\"officer\"],[\"basis\",\"\"]],\"payload\":[[\"name\",\"Zoë\"]]}",
        "{\"body\":[\"officer\",\"basis\"],\"payload\":[[\"name\",\"Zoë\"]]}",
        "{\"body\":[",
        "",
        "[1,2]",
    };
    const struct leaf_parts parts = parts_of();
    struct leaf leaf = leaf_of(&parts);
    for (guint i = 0; i < G_N_ELEMENTS(changed); i++)
        if (disclose_leaf_opens(&leaf.entry, changed[i], leaf.salts))
            g_error("%s opened", changed[i]);
    for (gsize i = 0; i < g_bytes_get_size(leaf.salts); i++) {
        g_autofree guint8 *copy = g_memdup2(g_bytes_get_data(leaf.salts, NULL), 48);
        copy[i] ^= 0x80;
        g_autoptr(GBytes) salts = g_bytes_new(copy, 48);
        g_assert_false(disclose_leaf_opens(&leaf.entry, leaf.fields, salts));
    }
    static const gsize lengths[] = {0, 15, 16, 32, 47};
    for (guint i = 0; i < G_N_ELEMENTS(lengths); i++) {
        g_autoptr(GBytes) salts = g_bytes_new_from_bytes(leaf.salts, 0, lengths[i]);
        g_assert_false(disclose_leaf_opens(&leaf.entry, leaf.fields, salts));
    }
    g_autofree guint8 *longer = g_malloc0(64);
    memcpy(longer, g_bytes_get_data(leaf.salts, NULL), 48);
    g_autoptr(GBytes) over = g_bytes_new(longer, 64);
    g_assert_false(disclose_leaf_opens(&leaf.entry, leaf.fields, over));
    leaf.entry.payload.bytes[0] ^= 1;
    g_assert_false(disclose_leaf_opens(&leaf.entry, leaf.fields, leaf.salts));
    leaf_clear(&leaf);
}

static gboolean is_officer(const char *name, void *context) {
    (*(guint *)context)++;
    return strcmp(name, "officer") == 0;
}

static struct ledger_hash hash_at(const json_t *list, guint place) {
    struct ledger_hash hash = {{0}};
    const json_t *field = json_array_get(list, place);
    const char *hidden = json_string_value(json_object_get(field, "commitment"));
    if (hidden) {
        g_assert_cmpuint(json_object_size(field), ==, 1); /* neither value nor salt */
        g_assert_true(hash_of_base64(hidden, &hash));
        return hash;
    }
    gsize n;
    g_autofree guint8 *salt = g_base64_decode(json_string_value(json_object_get(field, "salt")), &n);
    g_assert_cmpuint(n, ==, 16);
    return naive_field(salt, json_string_value(json_object_get(field, "name")),
                       json_string_value(json_object_get(field, "value")));
}

/* What a stranger recomputes from what is shown is what the entry commits to. */
static void what_is_shown_of_a_leaf_leads_to_its_commitments(void) {
    const struct leaf_parts parts = parts_of();
    struct leaf leaf = leaf_of(&parts);
    guint asked = 0;
    g_autofree char *text =
        disclose_leaf_show(&leaf.entry, leaf.fields, leaf.salts, is_officer, &asked);
    g_assert_cmpuint(asked, ==, 3);
    g_assert_nonnull(strstr(text, "Ada"));
    g_assert_null(strstr(text, "basis"));
    g_assert_null(strstr(text, "Zoë"));
    json_t *shown = json_loads(text, 0, NULL);
    const json_t *body = json_object_get(shown, "body"), *payload = json_object_get(shown, "payload");
    g_assert_cmpuint(json_array_size(body), ==, 2);
    g_assert_cmpuint(json_array_size(payload), ==, 1);
    const struct ledger_hash hashes[] = {hash_at(body, 0), hash_at(body, 1), hash_at(payload, 0)};
    const struct ledger_hash bodys = naive_commit(hashes, 2), payloads = naive_commit(hashes + 2, 1);
    expect_hash(&bodys, &leaf.entry.body);
    expect_hash(&payloads, &leaf.entry.payload);
    json_decref(shown);
    leaf.entry.body.bytes[0] ^= 1;
    g_assert_null(disclose_leaf_show(&leaf.entry, leaf.fields, leaf.salts, is_officer, &asked));
    leaf_clear(&leaf);
}

static void a_leaf_has_16_fields_at_most(void) {
    struct leaf_parts parts = {.type = LEDGER_WATCH_ASKED, .payload = {{"name", "v"}}};
    GString *json = g_string_new("{\"body\":[");
    for (guint i = 0; i < LEAF_MAX_FIELDS; i++) {
        parts.body[i] = (struct leaf_field){"n", "v"};
        g_string_append(json, "[\"n\",\"v\"],");
    }
    struct leaf leaf = leaf_of(&parts);
    g_assert_cmpuint(g_bytes_get_size(leaf.salts), ==, 17 * 16);
    g_assert_true(disclose_leaf_opens(&leaf.entry, leaf.fields, leaf.salts));
    g_string_append(json, "[\"n\",\"v\"]],\"payload\":[]}");
    g_autoptr(GBytes) salts = zeros(17 * 16);
    g_assert_false(disclose_leaf_opens(&leaf.entry, json->str, salts));
    g_string_free(json, TRUE);
    leaf_clear(&leaf);
}

static void a_leaf_without_fields_has_commitments_that_say_nothing(void) {
    struct leaf_parts parts = {.type = LEDGER_POLICY, .body = {{"left out", NULL}}};
    struct leaf one = leaf_of(&parts), two = leaf_of(&parts);
    g_assert_false(ledger_hash_equal(&one.entry.body, &two.entry.body));
    g_assert_false(ledger_hash_equal(&one.entry.payload, &two.entry.payload));
    g_assert_false(ledger_hash_equal(&one.entry.body, &one.entry.payload));
    g_assert_cmpstr(one.fields, ==, "{\"body\":[],\"payload\":[]}");
    g_assert_true(disclose_leaf_opens(&one.entry, one.fields, one.salts));
    leaf_clear(&one);
    leaf_clear(&two);
}

/* ── The hour ── */

static GArray *notices(guint n) {
    GArray *commitments = hashes_new();
    for (guint i = 0; i < n; i++) {
        const struct ledger_hash notice = disclose_notice(key_7, "al-1", i);
        g_array_append_val(commitments, notice);
    }
    return commitments;
}

static void a_notice_is_a_commitment_of_one_alert_and_reminder(void) {
    const struct ledger_hash notice = disclose_notice(key_7, "al-1", 2),
                             same = disclose_notice(key_7, "al-1", 2);
    const struct ledger_hash others[] = {disclose_notice(key_7, "al-1", 1),
                                         disclose_notice(key_7, "al-2", 2),
                                         disclose_notice(key_8, "al-1", 2)};
    const struct ledger_hash salt = disclose_notice_salt(key_7, "al-1", 2);
    const struct ledger_hash expected = naive_field(salt.bytes, "alert", "al-1.2");
    expect_hash(&notice, &expected); /* with its salt anybody can recompute it */
    expect_hash(&notice, &same);
    for (guint i = 0; i < G_N_ELEMENTS(others); i++)
        g_assert_false(ledger_hash_equal(&notice, &others[i]));
}

static void check_hour(guint n, guint64 n_places, const guint *places, guint n_asked) {
    g_autoptr(GArray) commitments = notices(n);
    struct ledger_entry entry;
    disclose_hour(gate, key_8, 480000, commitments, &entry);
    for (guint i = 0; i < n_asked; i++) {
        g_autoptr(GArray) proof = disclose_hour_proof(key_8, 480000, commitments, places[i]);
        const struct ledger_hash *notice = &hashes_of(commitments)[places[i]],
                                 leaf = naive_leaf(notice->bytes, 32), wrong = naive_leaf("x", 1);
        g_assert_cmpuint((guint64)1 << proof->len, ==, n_places);
        g_assert_true(includes(&entry.body, n_places, places[i], &leaf, proof));
        g_assert_false(includes(&entry.body, n_places, places[i], &wrong, proof));
        g_assert_false(includes(&entry.body, n_places, places[i] ^ 1, &leaf, proof));
        g_assert_false(includes(&entry.body, n_places * 2, places[i], &leaf, proof));
    }
}

static void a_notice_is_proven_to_be_in_its_hour(void) {
    static const guint few[] = {0, 1, 2}, many[] = {0, 65535, 65536};
    check_hour(1, 65536, few, 1);
    check_hour(3, 65536, few, 3);
    check_hour(65537, 131072, many, 3); /* more than the padding makes room for */
}

static void an_hour_without_notices_looks_like_one_with_them(void) {
    g_autoptr(GArray) none = notices(0);
    g_autoptr(GArray) one = notices(1);
    g_autoptr(GArray) two = notices(2);
    struct ledger_entry quiet, told, busy, later;
    guint8 quiet_bytes[LEDGER_ENTRY_BYTES], told_bytes[LEDGER_ENTRY_BYTES];
    static const guint8 head[16] = {'C', 'D', 'L', '1', LEDGER_HOUR, 0, 0, 0, 0, 0x07, 0x53, 0x00};
    disclose_hour(gate, key_8, 480000, none, &quiet);
    disclose_hour(gate, key_8, 480000, one, &told);
    disclose_hour(gate, key_8, 480000, two, &busy);
    disclose_hour(gate, key_8, 480001, none, &later);
    ledger_entry_write(&quiet, quiet_bytes);
    ledger_entry_write(&told, told_bytes);
    g_assert_cmpmem(quiet_bytes, 16, head, 16);
    g_assert_cmpmem(told_bytes, 16, head, 16);
    g_assert_cmpmem(quiet_bytes + 16, 32, policy_id(disclose_gate_policy(gate)), 32);
    g_assert_cmpmem(told_bytes + 16, 32, policy_id(disclose_gate_policy(gate)), 32);
    /* All tags and the payload of an hour are the same whatever was told; its root alone differs. */
    g_assert_cmpmem(quiet_bytes, 112, told_bytes, 112);
    g_assert_cmpmem(quiet_bytes + 144, 32, told_bytes + 144, 32);
    g_assert_false(ledger_hash_equal(&quiet.body, &told.body));
    g_assert_false(ledger_hash_equal(&busy.body, &told.body));
    /* No hash is a constant that gives the hour away: each is another in another hour. */
    g_assert_false(ledger_hash_equal(&quiet.body, &later.body));
    g_assert_false(ledger_hash_equal(&quiet.subject_tag, &later.subject_tag));
    g_assert_false(ledger_hash_equal(&quiet.recipient_tag, &later.recipient_tag));
    g_assert_false(ledger_hash_equal(&quiet.payload, &later.payload));
    const struct ledger_hash all[] = {quiet.subject_tag, quiet.recipient_tag, quiet.body,
                                      quiet.payload};
    for (guint i = 0; i < G_N_ELEMENTS(all); i++)
        for (guint j = 0; j < i; j++)
            g_assert_false(ledger_hash_equal(&all[i], &all[j]));
    /* Under another site's key everything is another's. */
    disclose_hour(gate, key_7, 480000, one, &later);
    g_assert_false(ledger_hash_equal(&told.body, &later.body));
    g_assert_false(ledger_hash_equal(&told.subject_tag, &later.subject_tag));
}

/* ── What was wrong once ── */

static void a_number_beyond_all_logs_has_no_proof(void) {
    struct log *log = log_new(10);
    struct ledger_reader *reader = reader_of(log, 10), *empty = reader_of(log, 0);
    GError *error = NULL;
    g_assert_null(ledger_prove_inclusion(reader, G_MAXUINT64, 10, &error));
    expect_message(&error, "no such proof");
    g_assert_null(ledger_prove_inclusion(empty, G_MAXUINT64, 0, &error));
    expect_message(&error, "no such proof");
    g_assert_null(ledger_reader_entry(reader, G_MAXUINT64, &error));
    expect_message(&error, "no such proof");
    ledger_reader_free(reader);
    ledger_reader_free(empty);
    log_free(log);
}

static void any_range_of_leaves_has_its_hash(void) {
    struct log *log = log_new(40);
    struct ledger_reader *reader = reader_of(log, 40);
    for (guint low = 0; low <= 40; low++)
        for (guint high = low; high <= 40; high++) {
            const struct ledger_hash expected = naive_mth(leaves_of(log) + low, high - low);
            struct ledger_hash hash;
            g_assert_true(ledger_reader_range(reader, low, high, &hash, NULL));
            expect_hash(&hash, &expected);
        }
    ledger_reader_free(reader);
    log_free(log);
}

static void an_entry_before_damage_is_no_entry_with_an_error(void) {
    struct log *log = log_new(10);
    struct ledger_reader *reader = reader_of(log, 2);
    GError *error = NULL;
    log_replace(log, "tile/entries/000.p/2", BYTES("\0\3one\0\3tw"));
    g_assert_null(ledger_reader_entry(reader, 0, &error));
    expect_message(&error, "cut off in entry 1");
    ledger_reader_free(reader);
    log_free(log);
}

/* Two things wrong at once: the first is told, and GLib has nothing to warn of. */
static void a_changed_length_is_found_once(void) {
    struct log *log = log_new(700);
    expect_found(log, "tile/entries/000", tampered(log, "tile/entries/000", 1), "at hash 0");
    log_free(log);
}

static void what_stands_behind_a_zero_byte_is_refused(void) {
#define TEXT(literal) (literal), sizeof(literal) - 1
    struct ledger_checkpoint checkpoint;
    struct ledger_proof proof;
    g_assert_false(ledger_checkpoint_parse(TEXT("o\0x\n1\n" SOFA_HASH "\n"), &checkpoint, NULL));
    g_assert_false(ledger_checkpoint_parse(TEXT("o\n1\n" SOFA_HASH "\n\0\n"), &checkpoint, NULL));
    g_assert_false(ledger_proof_parse(TEXT(HEAD "index 0\n\nx\n\0y\n"), &proof, NULL));
    g_assert_false(ledger_proof_parse(TEXT(HEAD "extra AAAA\0A\nindex 0\n\nx\n"), &proof, NULL));
}

static void extra_data_of_no_bytes_is_left_out(void) {
    struct ledger_proof proof = {.extra = BYTES(""), .checkpoint = g_strdup("x\n")}, again;
    g_autofree char *text = ledger_proof_format(&proof);
    g_assert_true(ledger_proof_parse(text, strlen(text), &again, NULL));
    ledger_proof_clear(&again);
    ledger_proof_clear(&proof);
}

static void a_witness_cannot_fill_a_note_with_signatures(void) {
    struct ledger_signer *witness = signer_of("w", LEDGER_KEY_COSIGNATURE),
                         *signer = signer_of("l.example", LEDGER_KEY_ED25519);
    GString *answer = g_string_new(NULL);
    for (guint i = 0; i < 64; i++) {
        g_autofree char *line = ledger_note_sign(SOFA, witness, i);
        g_string_append(answer, line);
    }
    g_autofree char *kept =
        ledger_note_valid_lines(SOFA, strlen(SOFA), answer->str, ledger_signer_verifier(witness));
    g_autofree char *note = note_of(SOFA, signer);
    g_autofree char *cosigned = g_strconcat(note, kept, NULL);
    expect_signed(cosigned, ledger_signer_verifier(signer), "verified");
    expect_signed(cosigned, ledger_signer_verifier(witness), "verified");
    g_string_free(answer, TRUE);
    ledger_signer_free(signer);
    ledger_signer_free(witness);
}

static void fields_that_were_hidden_do_not_open(void) {
    static const char *const hidden[] = {"{}", "[]", "{\"body\":[],\"payload\":[]}",
                                         "{\"body\":{},\"payload\":{}}"};
    const struct leaf_parts parts = parts_of();
    struct leaf leaf = leaf_of(&parts);
    g_autoptr(GBytes) none = BYTES("");
    g_autoptr(GBytes) some = zeros(32);
    for (guint i = 0; i < G_N_ELEMENTS(hidden); i++)
        g_assert_false(disclose_leaf_opens(&leaf.entry, hidden[i], none) ||
                       disclose_leaf_opens(&leaf.entry, hidden[i], some));
    leaf_clear(&leaf);
}

static void a_value_that_is_no_utf_8_still_opens(void) {
    const struct leaf_parts parts = {.type = LEDGER_DISCLOSURE,
                                     .body = {{"case", "a\xFF"}, {"b", "c"}}};
    struct leaf leaf = leaf_of(&parts);
    g_assert_true(disclose_leaf_opens(&leaf.entry, leaf.fields, leaf.salts));
    leaf_clear(&leaf);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    open_gate();
    g_test_add_func("/tree/reference", the_reference_tree_has_its_known_roots);
    g_test_add_func("/tree/leaf", entries_of_any_length_hash_behind_a_zero);
    g_test_add_func("/tree/roots", every_size_has_the_root_of_rfc_6962);
    g_test_add_func("/tree/subtrees", full_subtrees_of_256_are_told_once_each_in_order);
    g_test_add_func("/tree/proofs", every_proof_in_small_trees_is_that_of_rfc_6962);
    g_test_add_func("/tree/boundaries", proofs_hold_where_tiles_and_levels_begin);
    g_test_add_func("/tree/largest", proofs_for_the_largest_sizes_do_not_run_over);
    g_test_add_func("/tree/empty", the_empty_tree_needs_no_proof_and_its_own_root);
    g_test_add_func("/vectors/inclusion", inclusion_is_judged_as_others_judge_it);
    g_test_add_func("/vectors/consistency", consistency_is_judged_as_others_judge_it);
    g_test_add_func("/vectors/tessera", a_log_made_by_tessera_verifies_at_every_size);
    g_test_add_func("/tile/paths", tiles_are_found_where_the_specification_puts_them);
    g_test_add_func("/tile/other_paths", other_writings_of_a_tiles_path_are_refused);
    g_test_add_func("/tile/widths", widths_are_those_of_the_specifications_example);
    g_test_add_func("/tile/kept", a_tile_is_read_once);
    g_test_add_func("/tile/partial", a_partial_tile_that_is_gone_is_the_beginning_of_the_full_one);
    g_test_add_func("/tile/gone", a_tile_that_cannot_be_read_is_named);
    g_test_add_func("/tile/length", a_tile_of_the_wrong_length_is_refused);
    g_test_add_func("/tile/beyond", proofs_beyond_the_log_are_refused);
    g_test_add_func("/bundle/split", bundles_are_split_by_their_lengths);
    g_test_add_func("/bundle/full", a_full_bundle_holds_256_entries_and_no_more);
    g_test_add_func("/bundle/entry", an_entry_is_read_by_its_number);
    g_test_add_func("/verify/whole", a_whole_log_verifies_to_its_root);
    g_test_add_func("/verify/edge", verifying_goes_on_from_an_edge);
    g_test_add_func("/verify/tampered", whatever_was_tampered_with_is_found);
    g_test_add_func("/verify/rewritten", a_history_that_was_rewritten_has_another_root);
    g_test_add_func("/sign/rfc_8032", signatures_are_those_of_rfc_8032);
    g_test_add_func("/sign/no_key", bytes_that_are_no_key_verify_nothing);
    g_test_add_func("/key/example", the_specifications_example_verifies);
    g_test_add_func("/key/damaged", keys_that_are_damaged_are_refused);
    g_test_add_func("/key/private", a_private_key_reads_back_and_is_its_public_keys);
    g_test_add_func("/key/public", a_public_key_is_no_private_one);
    g_test_add_func("/key/names", names_have_no_spaces_pluses_or_control_characters);
    g_test_add_func("/note/split", a_note_is_split_at_its_last_empty_line);
    g_test_add_func("/note/refused", what_is_no_note_is_refused);
    g_test_add_func("/note/known", only_a_known_keys_signature_counts);
    g_test_add_func("/note/lines", damaged_signature_lines_are_refused);
    g_test_add_func("/note/most", a_note_has_64_signatures_at_most);
    g_test_add_func("/note/sign", a_signature_is_over_the_text_alone);
    g_test_add_func("/note/cosign", a_cosignature_is_over_its_time_and_the_text);
    g_test_add_func("/note/time", a_cosignature_has_a_time_before_2_to_63);
    g_test_add_func("/note/types", a_cosignature_is_no_signature);
    g_test_add_func("/note/valid_lines", of_a_witness_answer_only_its_valid_lines_are_kept);
    g_test_add_func("/checkpoint/numbers", numbers_are_plain_decimals);
    g_test_add_func("/checkpoint/example", the_example_checkpoint_reads_and_writes_back);
    g_test_add_func("/checkpoint/refused", what_is_no_checkpoint_is_refused);
    g_test_add_func("/checkpoint/open", a_checkpoint_opens_under_its_origins_key_only);
    g_test_add_func("/proof/example", the_example_proof_reads_and_writes_back);
    g_test_add_func("/proof/refused", what_is_no_proof_is_refused);
    g_test_add_func("/proof/most", a_proof_has_64_hashes_at_most_and_a_submission_63);
    g_test_add_func("/proof/stranger", a_proof_made_from_tiles_convinces_a_stranger);
    g_test_add_func("/witness/example", the_example_submission_reads_and_writes_back);
    g_test_add_func("/witness/refused", what_is_no_submission_is_refused);
    g_test_add_func("/witness/judge", a_witness_cosigns_what_continues_what_it_saw);
    g_test_add_func("/witness/unsigned", a_witness_refuses_what_is_no_note_or_not_signed);
    g_test_add_func("/entry/layout", an_entry_has_every_byte_in_its_place);
    g_test_add_func("/entry/refused", what_is_no_entry_is_refused);
    g_test_add_func("/entry/types", types_of_entries_have_names);
    g_test_add_func("/entry/tag", a_tag_is_an_hmac_of_its_counter);
    g_test_add_func("/entry/opening", one_field_opens_without_the_others);
    g_test_add_func("/leaf/codes", a_leaf_says_by_number_what_was_judged);
    g_test_add_func("/leaf/no_key", a_leaf_without_a_key_has_a_tag_of_nobody);
    g_test_add_func("/leaf/fields", a_leaf_commits_to_its_fields_in_order);
    g_test_add_func("/leaf/changed", a_changed_field_or_salt_does_not_open);
    g_test_add_func("/leaf/shown", what_is_shown_of_a_leaf_leads_to_its_commitments);
    g_test_add_func("/leaf/most", a_leaf_has_16_fields_at_most);
    g_test_add_func("/leaf/empty", a_leaf_without_fields_has_commitments_that_say_nothing);
    g_test_add_func("/hour/notice", a_notice_is_a_commitment_of_one_alert_and_reminder);
    g_test_add_func("/hour/proof", a_notice_is_proven_to_be_in_its_hour);
    g_test_add_func("/hour/quiet", an_hour_without_notices_looks_like_one_with_them);
    g_test_add_func("/once/number", a_number_beyond_all_logs_has_no_proof);
    g_test_add_func("/once/range", any_range_of_leaves_has_its_hash);
    g_test_add_func("/once/entry", an_entry_before_damage_is_no_entry_with_an_error);
    g_test_add_func("/once/length", a_changed_length_is_found_once);
    g_test_add_func("/once/zero", what_stands_behind_a_zero_byte_is_refused);
    g_test_add_func("/once/extra", extra_data_of_no_bytes_is_left_out);
    g_test_add_func("/once/signatures", a_witness_cannot_fill_a_note_with_signatures);
    g_test_add_func("/once/hidden", fields_that_were_hidden_do_not_open);
    g_test_add_func("/once/utf_8", a_value_that_is_no_utf_8_still_opens);
    const int failed = g_test_run();
    disclose_gate_unref(gate);
    return failed;
}
