/* Find people by a name that was heard, typed or scanned wrong.
 *
 * A flat index in memory over up to tens of millions of people: built once from all names, then read by
 * any number of threads. Names are letters A to Z only here, joined over hyphens, blanks and
 * apostrophes.
 *
 *   texts    every token once, in order of the alphabet: its number says where it stands, and all
 *            tokens with one beginning are next to each other
 *   info     what a token is: a given name, its nicknames, what it is worth as a surname
 *   pairs    (surname, given) once each, by surname, then given   surname_at[token] ─► pair_given[]
 *   people   their numbers, by pair                               pair_at[pair] ─► people[]
 *   parts    pairs of double surnames, again under each part      part_at[token] ─► part_pair[]
 *   deletes  every token, with its letters and length, under the hash of itself and of itself less
 *            one or two of its first seven letters                delete_at[bucket] ─► deletes[]
 *   sounds   every token under the hash of its skeleton           sound_at[bucket] ─► sounds[]
 *
 * Two tokens k deletes, insertions, substitutions or swaps apart share an entry of `deletes` when up to
 * k letters are taken away from both (Garbe's symmetric deletes); letters and length throw most of the
 * rest out before their text is read.
 *
 * A query is read in every way that makes sense (given first, surname first, two surnames …). For each
 * reading, tokens like the given name and tokens like the surname are paired, best first under a bound;
 * a pair that exists is a hit, and its price the sum of both less what its commonness is worth. Tokens
 * one edit away come first; who is found with them says how dear a token farther off may be at most,
 * and such are looked for when nobody is likely yet. */
#ifndef PEOPLE_SEARCH_INDEX_H
#define PEOPLE_SEARCH_INDEX_H

#include <glib.h>

#include "people/similar.h"

struct people_index;
struct people_builder;

/* A character as letters A to Z: itself in upper case, a digit as one of A to J, a letter of another
 * script as two that stand for it alike everywhere. Writes at most `room`; returns how many. */
gsize people_letter(gunichar c, char *out, gsize room);

/* The letters of a text, digits left out but for those that a scanner takes for letters, accents taken
 * off, upper case, at most PEOPLE_TOKEN_MAX, and a NUL; returns their number. What names are compared
 * by. */
gsize people_letters_of(const char *text, char out[PEOPLE_TOKEN_MAX + 1]);

/* Gathers names; any bytes. A person without letters in the surname is not found by name. */
struct people_builder *people_builder_new(void);
void people_builder_add(struct people_builder *builder, guint32 person, const char *given,
                        const char *surname);
/* Builds with two threads and frees the builder. `progress` (may be NULL) gets parts of 1. */
struct people_index *people_builder_build(struct people_builder *builder,
                                          void (*progress)(double part, void *context), void *context);
void people_index_free(struct people_index *index);

guint64 people_index_bytes(const struct people_index *index);
/* Distinct (surname, given); a given name of several words also counts once for each. */
guint people_index_n_names(const struct people_index *index);

enum people_reason {
    PEOPLE_SAME,     /* as it was written, in whatever order */
    PEOPLE_LIKE,     /* a letter or two away */
    PEOPLE_SOUND,    /* written otherwise, it sounds alike */
    PEOPLE_NICKNAME, /* the given name is called so for short */
    PEOPLE_PART,     /* one of two surnames */
    PEOPLE_INITIAL   /* a name begins so; or, of a full name, only the surname or the given name fits */
};

struct people_hit {
    guint32 pair; /* which distinct name */
    int price;    /* the lower the likelier, in hundredths of a nat */
    enum people_reason reason;
};

/* A reader's own memory; one a thread. */
struct people_searcher;
struct people_searcher *people_searcher_new(const struct people_index *index);
void people_searcher_free(struct people_searcher *searcher);

/* The likeliest distinct names, best first, at most `most` (≤ PEOPLE_MOST_HITS). `harder` always looks
 * for two edits. */
#define PEOPLE_MOST_HITS 4096
guint people_search(struct people_searcher *searcher, const char *query, gboolean harder, guint most,
                    struct people_hit *hits);

/* A hit's people, borrowed; and its name's letters. */
guint people_hit_people(const struct people_index *index, guint32 pair, const guint32 **people);
struct people_name {
    char given[PEOPLE_TOKEN_MAX + 1], surname[PEOPLE_TOKEN_MAX + 1];
};
void people_hit_name(const struct people_index *index, guint32 pair, struct people_name *name);

#endif
