/* What building and searching share; index.h draws it. */
#ifndef PEOPLE_SEARCH_INDEX_PRIVATE_H
#define PEOPLE_SEARCH_INDEX_PRIVATE_H

#include "people/search/index.h"
#include "people/similar.h"

#define PREFIX 7         /* deletes are taken from the first letters only */
#define TWO_EDITS_FROM 5 /* shorter tokens are looked for with one edit only */

struct delete_entry {
    guint32 token, letters;
};

struct sound_entry {
    guint32 token, hash; /* of the skeleton: other bits than the bucket's */
};

/* What a token is, in one look. */
struct token_info {
    guint16 nicknames;           /* a row of `nickname_at`; 0: none */
    guint8 is_given;             /* somebody's given name */
    guint8 best_pair, best_part; /* what the commonest name with this surname, or with this part of a
                                    surname, is worth at most: 1 + a number of BONUS_STEPs; 0: none */
};
#define BONUS_STEP 4

/* Prices beside those of letters (similar.c), in hundredths of a nat. */
#define PRICE_NICKNAME 260
#define PRICE_PART 80 /* one of two surnames */
#define PRICE_INITIAL 350
#define PRICE_BEGINNING 320    /* the given name goes on where the word ends */
#define PRICE_PET_ENDING 340   /* … after IE, Y or the like is taken off */
#define PRICE_ENDING 320       /* the given name ends so: TINO for CELESTINO */
#define PRICE_CUT 360          /* the surname goes on, by two letters … */
#define PRICE_CUT_LETTER 30    /* … and by each more */
#define PRICE_SCANNED 200      /* two letters that a scanner made of one */
#define PRICE_SURNAME_FIRST 60 /* nobody wrote a comma */
#define PRICE_WRONG_COMMA 150  /* the given name stands before the comma */
#define PRICE_MIDDLE 350       /* a word that neither name takes … */
#define PRICE_HYPHEN 100       /* … in a query with a hyphen, which says that words are one name */
#define PRICE_RUN_TOGETHER 100 /* one word is two names */
#define PRICE_ONE_NAME 150     /* all words are one name */
#define PRICE_OTHER_GIVEN 1500 /* the given name is another altogether */

struct people_index {
    guint32 n_tokens;
    char *texts;
    guint32 *text_at;        /* [n_tokens + 1] */
    struct token_info *info; /* [n_tokens] */
    guint8 *worth;           /* [n_tokens]: BONUS_STEPs; what the commonest name that a token is in,
                                called for short too, is worth at most */
    guint32 n_pairs;
    guint32 *surname_at;                /* [n_tokens + 1] into pair_given */
    guint32 *pair_given, *pair_surname; /* tokens */
    guint32 *pair_at;                   /* [n_pairs + 1] into people */
    guint32 n_people, *people;
    guint32 n_parts, *part_at, *part_pair,
        *part_given; /* [n_tokens + 1] into the pair and its given name */
    guint32 delete_bits;
    guint64 *delete_at; /* [2^bits + 1] */
    struct delete_entry *deletes;
    guint32 sound_bits, *sound_at;
    struct sound_entry *sounds;
    guint32 n_nicknames, *nickname_at, *nicknames; /* what else a token may be called, by row */
    guint32 n_endings, *endings;                   /* given names by their letters read backwards */
};

static inline gsize token_length(const struct people_index *x, guint32 token) {
    return x->text_at[token + 1] - x->text_at[token];
}

static inline const char *token_text(const struct people_index *x, guint32 token, gsize *n) {
    *n = token_length(x, token);
    return x->texts + x->text_at[token];
}

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
/* The first token after those that begin with the text's first `n` letters (1 or more). */
guint32 people_token_after(const struct people_index *x, const char *text, gsize n);

/* Where tokens stand read backwards: below 0 when `token` comes before the text, above when after; 0
 * where it ends in it. */
int people_compare_ending(const struct people_index *x, guint32 token, const char *text, gsize n);

/* What a pair's commonness is worth. */
int people_bonus(guint32 n_people);

/* ── Tokens like one (like.c) ── */

#define PEOPLE_MOST_LIKE 4096 /* beyond, the dearest are of no use */

struct like {
    guint32 token;
    gint16 price, key; /* what it costs; by what a list is ordered */
    guint8 reason;     /* enum people_reason */
};

struct likes {
    guint n;
    struct like list[PEOPLE_MOST_LIKE];
};

/* One thread's memory for looking. */
struct looker;
struct looker *people_looker_new(const struct people_index *x);
void people_looker_free(struct looker *looker);

/* All tokens one edit from `text`, cheapest first. */
void people_find_likes(struct looker *looker, const char *text, gsize n, struct likes *likes);
/* Adds those that sound alike; with `is_far` those two edits away, as a scanner misreads them, or going
 * on where the text ends. None of them costs less than PEOPLE_LATER_LEAST. Left out is what costs
 * `slack` or more after its worth is taken off. Returns whether any came. */
#define PEOPLE_LATER_LEAST PRICE_SCANNED
gboolean people_find_more_likes(struct looker *looker, const char *text, gsize n, gboolean is_far,
                                int slack, struct likes *likes);
/* Those that are given names, or what given names are called for short, cheapest first; and the given
 * names that end in `text`. */
void people_likes_as_givens(struct looker *looker, const char *text, gsize n, const struct likes *likes,
                            struct likes *givens);
/* Those that are surnames or parts of them: what can cost least, its commonest name counted, first. The
 * `key` is that least price. */
void people_likes_as_surnames(struct looker *looker, const struct likes *likes, struct likes *surnames);

#endif
