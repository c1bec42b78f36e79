/* What building and searching share; index.h draws it. */
#ifndef PEOPLE_INDEX_PRIVATE_H
#define PEOPLE_INDEX_PRIVATE_H

#include "people/index.h"
#include "people/similar.h"

#define PREFIX 7         /* deletes are taken from the first letters only */
#define TWO_EDITS_FROM 6 /* shorter tokens are looked for with one edit only */

struct delete_entry {
    guint32 token, letters;
};

struct sound_entry {
    guint32 token, hash; /* of the skeleton: other bits than the bucket's */
};

struct people_index {
    guint32 n_tokens;
    char *texts;
    guint32 *text_at;     /* [n_tokens + 1] */
    guint32 *given_count; /* [n_tokens]: people whose given name it is */
    guint32 n_pairs;
    guint32 *surname_at;                /* [n_tokens + 1] into pair_given */
    guint32 *pair_given, *pair_surname; /* tokens */
    guint32 *pair_at;                   /* [n_pairs + 1] into people */
    guint32 n_people, *people;
    guint32 n_parts, *part_at, *part_pair; /* [n_tokens + 1]; by given name */
    guint32 delete_bits;
    guint64 *delete_at; /* [2^bits + 1] */
    struct delete_entry *deletes;
    guint32 sound_bits, *sound_at;
    struct sound_entry *sounds;
    GHashTable *nicknames; /* token number + 1 → GArray of guint32: what else it may be called */
    int most_common;       /* bonus of the commonest pair */
};

static inline const char *token_text(const struct people_index *x, guint32 token, gsize *n) {
    *n = x->text_at[token + 1] - x->text_at[token];
    return x->texts + x->text_at[token];
}

/* The letters of a text, upper case, at most PEOPLE_TOKEN_MAX; returns their number. */
gsize people_letters_of(const char *text, char *out);

/* Calls `each` with the hash of the token's beginning and of every way to take up to `edits` letters
 * from it. */
typedef void (*delete_fn)(guint64 hash, void *context);
void people_each_delete(const char *token, gsize n, guint edits, delete_fn each, void *context);
static inline guint people_edits_of(gsize n) {
    return n >= TWO_EDITS_FROM ? 2 : 1;
}

/* The token of a text; G_MAXUINT32 when there is none. And the first token not before it. */
guint32 people_find_token(const struct people_index *x, const char *text, gsize n);
guint32 people_token_from(const struct people_index *x, const char *text, gsize n);

/* What a pair's commonness is worth. */
int people_bonus(guint32 n_people);

#endif
