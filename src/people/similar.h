/* How unlike two name tokens are: the price of what a hand, an ear or a keyboard does to a name.
 *
 * Tokens are letters A to Z only, at most PEOPLE_TOKEN_MAX. Prices are in hundredths of a nat, so that
 * they add to logarithms of counts: a price of 230 is what is ten times as rare. */
#ifndef PEOPLE_SIMILAR_H
#define PEOPLE_SIMILAR_H

#include <glib.h>

#define PEOPLE_TOKEN_MAX 40
#define PEOPLE_FAR G_MAXINT /* more than was asked for */

/* The price of turning `a` into `b`, or PEOPLE_FAR when it is over `most`. Substitutions, insertions,
 * deletions and swaps of neighbours, cheaper between neighbouring keys, like sounds and doubled
 * letters, dearer in the first letter. */
int people_price(const char *a, gsize a_n, const char *b, gsize b_n, int most);

/* A token's letters as bits, for counting edits many times over. */
struct people_pattern {
    guint64 at[26]; /* where each letter stands */
    gsize n;
};
void people_pattern_make(struct people_pattern *pattern, const char *token, gsize n);

/* How many letters were substituted, inserted, deleted or swapped with their neighbour, each counted
 * once (optimal string alignment). Bit-parallel: H. Hyyrö, "A bit-vector algorithm for computing
 * Levenshtein and Damerau edit distances", Nordic Journal of Computing 10 (2003). */
guint people_edits(const struct people_pattern *pattern, const char *token, gsize n);

/* Whether more than `most` edits lie between, told by letters that have no like one near their place;
 * else maybe. Much quicker than counting. */
static inline gboolean people_is_far(const struct people_pattern *pattern, const char *token, gsize n,
                                     guint most) {
    const guint64 around = ((guint64)1 << (2 * most + 1)) - 1;
    guint alone = 0;
    for (gsize i = 0; i < n; i++)
        alone += !(pattern->at[token[i] - 'A'] & (around << i >> most));
    return alone > most;
}

/* Whether at most one edit lies between. */
gboolean people_is_one_edit(const char *a, gsize a_n, const char *b, gsize b_n);

/* The sound's skeleton: spellings that are heard alike have the same. Writes at most PEOPLE_TOKEN_MAX
 * letters and a NUL; returns their number. */
gsize people_skeleton(const char *token, gsize n, char *out);

/* Which letters stand in it, one bit each, and its length from bit 26 on: two tokens k edits apart
 * differ in at most 2 k letters and k of length. */
guint32 people_letters(const char *token, gsize n);

#endif
