/* Tiles (C2SP tlog-tiles): where they are, and proofs and checks from them.
 *
 * A log is a set of resources, found by path: `checkpoint`, `tile/0/x001/234`, `tile/0/x001/234.p/7`,
 * `tile/entries/…`. Whoever has them implements struct ledger_source: a store, a folder, an HTTP
 * prefix. Everything here works on any C2SP log, not only on ours.
 *
 *   level 2          ┌──── 256 hashes ────┐        a tile is 256 hashes in a row; each hash of
 *   level 1     ┌────┴────┐          ┌────┴──      level L+1 is the root of a full tile of level L.
 *   level 0  ┌──┴──┐   ┌──┴──┐    ┌──┴──┐ .p/7     The last tile of a level may be partial.
 *   entries  ░░░░░░░   ░░░░░░░    ░░░░░░░ ░░ */
#ifndef LEDGER_TILE_H
#define LEDGER_TILE_H

#include "ledger/tree.h"

#define LEDGER_TILE_WIDTH 256
#define LEDGER_ENTRIES G_MAXUINT /* the "level" of entry bundles */

struct ledger_tile {
    guint level; /* or LEDGER_ENTRIES */
    guint64 index;
    guint width; /* 1 to 256 */
};
/* "tile/0/x001/234.p/7". Transfer full. */
char *ledger_tile_path(const struct ledger_tile *tile);
/* FALSE when it is no tile's path, or not written as the specification writes it. */
gboolean ledger_tile_parse(const char *path, struct ledger_tile *tile);
/* The width of a tile in a tree of `size`; 0: it has none. */
guint ledger_tile_width(guint64 size, guint level, guint64 index);

struct ledger_source {
    /* The resource's bytes; NULL with an error. Transfer full. */
    GBytes *(*fetch)(void *context, const char *path, GError **error);
    void *context;
};

/* Reads a tree of a known size from a source, keeping what it has read. */
struct ledger_reader;
struct ledger_reader *ledger_reader_new(const struct ledger_source *source, guint64 size);
void ledger_reader_free(struct ledger_reader *reader);

/* The hash over leaves [low, high), high ≤ size. FALSE with an error when a tile cannot be read. */
gboolean ledger_reader_range(struct ledger_reader *reader, guint64 low, guint64 high,
                             struct ledger_hash *hash, GError **error);
/* Proofs in the order of RFC 6962. Transfer full; NULL with an error. */
GArray *ledger_prove_inclusion(struct ledger_reader *reader, guint64 index, guint64 size,
                               GError **error);
GArray *ledger_prove_consistency(struct ledger_reader *reader, guint64 old_size, guint64 new_size,
                                 GError **error);

/* Entry `index`'s bytes. Transfer full; NULL with an error. */
GBytes *ledger_reader_entry(struct ledger_reader *reader, guint64 index, GError **error);

/* Reads every entry and every tile of the tree and checks that they are what the entries hash to, from
 * `first` (a multiple of 256) on; `edge` is the tree's edge before `first`, and after it. The caller
 * compares the root. `progress` (may be NULL) gets parts of 1. */
gboolean ledger_reader_verify(struct ledger_reader *reader, struct ledger_edge *edge,
                              void (*progress)(double part, void *context), void *context,
                              GError **error);

/* Splits an entry bundle: `each` gets every entry. FALSE with an error when it does not hold `width`.
 */
typedef void (*ledger_entry_fn)(guint64 index, const void *entry, gsize n, void *context);
gboolean ledger_bundle_split(GBytes *bundle, guint64 first, guint width, ledger_entry_fn each,
                             void *context, GError **error);

#endif
