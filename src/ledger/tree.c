#include "ledger/tree.h"

#include <string.h>

#include "base/seal.h"

struct ledger_hash ledger_hash_leaf(const void *entry, gsize n) {
    struct ledger_hash hash;
    guint8 small[1024], *text = n < sizeof small ? small : g_malloc(n + 1);
    text[0] = 0;
    if (n)
        memcpy(text + 1, entry, n);
    seal_sha256(text, n + 1, hash.bytes);
    if (text != small)
        g_free(text);
    return hash;
}

struct ledger_hash ledger_hash_node(const struct ledger_hash *left, const struct ledger_hash *right) {
    struct ledger_hash hash;
    guint8 text[1 + 2 * LEDGER_HASH_BYTES] = {1};
    memcpy(text + 1, left->bytes, LEDGER_HASH_BYTES);
    memcpy(text + 1 + LEDGER_HASH_BYTES, right->bytes, LEDGER_HASH_BYTES);
    seal_sha256(text, sizeof text, hash.bytes);
    return hash;
}

struct ledger_hash ledger_hash_empty(void) {
    struct ledger_hash hash;
    seal_sha256("", 0, hash.bytes);
    return hash;
}

gboolean ledger_hash_equal(const struct ledger_hash *a, const struct ledger_hash *b) {
    return memcmp(a->bytes, b->bytes, LEDGER_HASH_BYTES) == 0;
}

void ledger_edge_add(struct ledger_edge *edge, const struct ledger_hash *leaf, ledger_tile_hash_fn each,
                     void *context) {
    guint n = (guint)__builtin_popcountll(edge->size);
    struct ledger_hash hash = *leaf;
    /* Each trailing 1 of the size is a full subtree as large as what was just completed. */
    for (guint height = 0; edge->size >> height & 1;) {
        hash = ledger_hash_node(&edge->peaks[--n], &hash);
        height++;
        if (height % 8 == 0 && each)
            each(height / 8, edge->size >> height, &hash, context);
    }
    edge->peaks[n] = hash;
    edge->size++;
}

struct ledger_hash ledger_edge_root(const struct ledger_edge *edge) {
    guint n = (guint)__builtin_popcountll(edge->size);
    if (!n)
        return ledger_hash_empty();
    struct ledger_hash root = edge->peaks[n - 1];
    for (guint i = n - 1; i > 0; i--)
        root = ledger_hash_node(&edge->peaks[i - 1], &root);
    return root;
}

gboolean ledger_verify_inclusion(const struct ledger_hash *root, guint64 size, guint64 index,
                                 const struct ledger_hash *leaf, const struct ledger_hash *proof,
                                 guint n) {
    if (index >= size)
        return FALSE;
    guint64 fn = index, sn = size - 1;
    struct ledger_hash hash = *leaf;
    for (guint i = 0; i < n; i++) {
        if (sn == 0)
            return FALSE;
        if (fn & 1 || fn == sn) {
            hash = ledger_hash_node(&proof[i], &hash);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            hash = ledger_hash_node(&hash, &proof[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && ledger_hash_equal(&hash, root);
}

gboolean ledger_verify_consistency(const struct ledger_hash *old_root, guint64 old_size,
                                   const struct ledger_hash *new_root, guint64 new_size,
                                   const struct ledger_hash *proof, guint n) {
    const struct ledger_hash empty = ledger_hash_empty();
    if (old_size > new_size)
        return FALSE;
    if (old_size == 0)
        return n == 0 && ledger_hash_equal(old_root, &empty) &&
               (new_size > 0 || ledger_hash_equal(new_root, &empty));
    if (old_size == new_size)
        return n == 0 && ledger_hash_equal(old_root, new_root);
    guint64 fn = old_size - 1, sn = new_size - 1;
    guint i = 0;
    while (fn & 1) {
        fn >>= 1;
        sn >>= 1;
    }
    struct ledger_hash fr, sr;
    if (fn == 0) { /* the old tree is a full subtree: its root is the first of the proof */
        fr = sr = *old_root;
    } else {
        if (n == 0)
            return FALSE;
        fr = sr = proof[i++];
    }
    for (; i < n; i++) {
        if (sn == 0)
            return FALSE;
        if (fn & 1 || fn == sn) {
            fr = ledger_hash_node(&proof[i], &fr);
            sr = ledger_hash_node(&proof[i], &sr);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            sr = ledger_hash_node(&sr, &proof[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && ledger_hash_equal(&fr, old_root) && ledger_hash_equal(&sr, new_root);
}
