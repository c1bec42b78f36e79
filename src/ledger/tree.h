/* The Merkle tree of RFC 6962, section 2.1: hashes, the growing edge, and checking proofs.
 *
 * Leaf hash SHA-256(00 ‖ entry), node SHA-256(01 ‖ left ‖ right), the empty tree SHA-256 of nothing. */
#ifndef LEDGER_TREE_H
#define LEDGER_TREE_H

#include <glib.h>

#define LEDGER_HASH_BYTES 32
#define LEDGER_MAX_PROOF 64

struct ledger_hash {
    guint8 bytes[LEDGER_HASH_BYTES];
};

struct ledger_hash ledger_hash_leaf(const void *entry, gsize n);
struct ledger_hash ledger_hash_node(const struct ledger_hash *left, const struct ledger_hash *right);
struct ledger_hash ledger_hash_empty(void);
gboolean ledger_hash_equal(const struct ledger_hash *a, const struct ledger_hash *b);

/* The tree's edge: the roots of the full subtrees that make it up, largest first. All that is needed
 * to add leaves and to know the root. */
struct ledger_edge {
    guint64 size;
    struct ledger_hash peaks[64]; /* as many as `size` has bits set */
};
/* Adds a leaf. `each` (may be NULL) is told of every full subtree of 256^level leaves (level ≥ 1) that
 * the leaf completes: tile `level`'s hash number `index`. */
typedef void (*ledger_tile_hash_fn)(guint level, guint64 index, const struct ledger_hash *hash,
                                    void *context);
void ledger_edge_add(struct ledger_edge *edge, const struct ledger_hash *leaf, ledger_tile_hash_fn each,
                     void *context);
struct ledger_hash ledger_edge_root(const struct ledger_edge *edge);

/* Whether the proof shows that `leaf` is entry `index` of the tree of `size` under `root` (RFC 9162,
 * section 2.1.3.2). */
gboolean ledger_verify_inclusion(const struct ledger_hash *root, guint64 size, guint64 index,
                                 const struct ledger_hash *leaf, const struct ledger_hash *proof,
                                 guint n);
/* Whether the proof shows that the tree of `new_size` begins with that of `old_size` (RFC 9162, section
 * 2.1.4.2). An old size of 0 needs an empty proof and the empty root. */
gboolean ledger_verify_consistency(const struct ledger_hash *old_root, guint64 old_size,
                                   const struct ledger_hash *new_root, guint64 new_size,
                                   const struct ledger_hash *proof, guint n);

#endif
