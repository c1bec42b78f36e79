/* Tokens that may be meant by a word: near in letters, alike in sound, or called so for short.
 *
 * All of it waits for memory: the tables are far larger than a cache. So each step runs over the whole
 * list and asks early for what the next will read. */
#include <string.h>

#include "base/random.h"
#include "people/search/index_private.h"

#define MOST_HASHES 32
#define MOST_CANDIDATES 16384
#define PRICE_ONE_EDIT 650 /* what is dearer is no single slip */
#define PRICE_TWO_EDITS 1150
#define LEAST_OF_TWO_EDITS 460
#define PRICE_SOUND 370 /* heard alike: so much, and less than half of what the letters cost */
#define MOST_SOUND 1800
#define MOST_SOUND_EDITS 4
#define ENDING_FROM 4
#define CUT_FROM 4        /* a word of fewer letters is no beginning of a surname … */
#define MOST_CUT 6        /* … and of more, so many are missing at most */
#define KEY_LEAST (-1100) /* keys are from here on: no commonness is worth more */
#define KEYS 4096

struct looker {
    const struct people_index *index;
    guint32 *seen, epoch; /* [n_tokens]: in which look-up a token was seen */
    guint n_hashes;
    guint64 hashes[MOST_HASHES];
    guint n_candidates;
    guint32 candidates[MOST_CANDIDATES];
    struct like spare[PEOPLE_MOST_LIKE];
};

struct looker *people_looker_new(const struct people_index *x) {
    struct looker *l = g_new0(struct looker, 1);
    l->index = x;
    l->seen = g_new0(guint32, x->n_tokens + 1);
    return l;
}

void people_looker_free(struct looker *l) {
    if (!l)
        return;
    g_free(l->seen);
    g_free(l);
}

/* Six bits of a key, the lower or the upper ones. */
static guint digit_of(const struct like *like, guint shift) {
    return (guint)CLAMP(like->key - KEY_LEAST, 0, KEYS - 1) >> shift & 63;
}

static void sort_by_digit(const struct like *from, struct like *to, guint n, guint shift) {
    guint16 at[65] = {0};
    for (guint i = 0; i < n; i++)
        at[digit_of(&from[i], shift) + 1]++;
    for (guint k = 0; k < 64; k++)
        at[k + 1] = (guint16)(at[k + 1] + at[k]);
    for (guint i = 0; i < n; i++)
        to[at[digit_of(&from[i], shift)]++] = from[i];
}

/* By key; tokens of one key stay in the order in which they came. */
static void sort_likes(struct looker *l, struct likes *likes) {
    sort_by_digit(likes->list, l->spare, likes->n, 0);
    sort_by_digit(l->spare, likes->list, likes->n, 6);
}

/* Where there are too many, the dearer half makes room. */
static void add_like(struct looker *l, struct likes *likes, guint32 token, int price,
                     enum people_reason reason) {
    if (likes->n == PEOPLE_MOST_LIKE) {
        sort_likes(l, likes);
        likes->n /= 2;
    }
    likes->list[likes->n++] = (struct like){
        .token = token, .price = (gint16)price, .key = (gint16)price, .reason = (guint8)reason};
}

/* ── Near in letters ───────────────────────────────────────────────────────────────────────────── */

static void keep_hash(guint64 hash, void *context) {
    struct looker *l = context;
    if (l->n_hashes < MOST_HASHES)
        l->hashes[l->n_hashes++] = hash >> (64 - l->index->delete_bits);
}

/* A word that is looked for, and what is found. */
struct looking {
    struct looker *l;
    const char *text;
    gsize n;
    struct people_pattern pattern;
    guint edits;
    int most;  /* what a token may cost … */
    int slack; /* … and less than this, its worth taken off */
    int price; /* what the text itself cost */
    struct likes *likes;
};

/* Whether a token that costs `price` can still be part of a hit. */
static gboolean is_worth(const struct looking *k, guint32 token, int price) {
    return price < k->slack || price - k->l->index->worth[token] * BONUS_STEP < k->slack;
}

static int most_of(const struct looking *k, guint32 token) {
    return k->slack >= k->most ? k->most
                               : MIN(k->most, k->slack + k->l->index->worth[token] * BONUS_STEP);
}

static void drop_seen(struct looker *l) {
    guint kept = 0;
    for (guint i = 0; i < l->n_candidates; i++) {
        const guint32 token = l->candidates[i];
        if (l->seen[token] == l->epoch)
            continue;
        l->seen[token] = l->epoch;
        __builtin_prefetch(&l->index->text_at[token]);
        l->candidates[kept++] = token;
    }
    l->n_candidates = kept;
    for (guint i = 0; i < kept; i++)
        __builtin_prefetch(&l->index->texts[l->index->text_at[l->candidates[i]]]);
}

static gboolean is_within(const struct looking *k, const char *token, gsize n) {
    if (k->edits == 1)
        return people_is_one_edit(k->text, k->n, token, n);
    return !people_is_far(&k->pattern, token, n, k->edits) &&
           people_edits(&k->pattern, token, n) <= k->edits;
}

/* Prices the candidates that were gathered. */
static void price_near(const struct looking *k) {
    struct looker *l = k->l;
    drop_seen(l);
    for (guint i = 0; i < l->n_candidates; i++) {
        gsize m;
        const char *other = token_text(l->index, l->candidates[i], &m);
        int price = is_within(k, other, m)
                        ? people_price(k->text, k->n, other, m, most_of(k, l->candidates[i]))
                        : PEOPLE_FAR;
        if (price != PEOPLE_FAR) {
            price += k->price;
            add_like(l, k->likes, l->candidates[i], price, price ? PEOPLE_LIKE : PEOPLE_SAME);
        } else {
            l->seen[l->candidates[i]] = 0; /* it may still sound like it */
        }
    }
    l->n_candidates = 0;
}

/* Whether letters or length say that more than `edits` lie between. */
static inline gboolean are_unlike(guint32 letters, guint32 other, guint edits) {
    guint32 either = (letters ^ other) & 0x3FFFFFF;
    for (guint i = 0; i < edits; i++) { /* an edit accounts for two */
        either &= either - 1;
        either &= either - 1;
    }
    return either || ABS((int)(letters >> 26) - (int)(other >> 26)) > (int)edits;
}

/* Tokens that share an entry of `deletes` and whose letters and length do not speak against it. */
static void look_near(const struct looking *k) {
    struct looker *l = k->l;
    const struct people_index *x = l->index;
    const guint32 letters = people_letters(k->text, k->n);
    const int least = k->edits > 1 ? LEAST_OF_TWO_EDITS : k->price;
    l->n_hashes = l->n_candidates = 0;
    people_each_delete(k->text, k->n, MIN(k->edits, people_edits_of(k->n)), keep_hash, l);
    for (guint h = 0; h < l->n_hashes; h++)
        __builtin_prefetch(&x->delete_at[l->hashes[h]]);
    for (guint h = 0; h < l->n_hashes; h++)
        __builtin_prefetch(&x->deletes[x->delete_at[l->hashes[h]]]);
    for (guint h = 0; h < l->n_hashes; h++) {
        const struct delete_entry *e = x->deletes + x->delete_at[l->hashes[h]],
                                  *end = x->deletes + x->delete_at[l->hashes[h] + 1];
        for (; e < end; e++) {
            if (are_unlike(e->letters, letters, k->edits) || !is_worth(k, e->token, least))
                continue;
            __builtin_prefetch(&l->seen[e->token]);
            l->candidates[l->n_candidates++] = e->token;
            if (l->n_candidates == MOST_CANDIDATES)
                price_near(k);
        }
    }
    price_near(k);
}

void people_find_likes(struct looker *l, const char *text, gsize n, struct likes *likes) {
    struct looking k = {.l = l,
                        .text = text,
                        .n = n,
                        .edits = 1,
                        .most = PRICE_ONE_EDIT,
                        .slack = G_MAXINT,
                        .likes = likes};
    people_pattern_make(&k.pattern, text, n);
    likes->n = 0;
    l->epoch++;
    look_near(&k);
    sort_likes(l, likes);
}

/* ── Farther off ───────────────────────────────────────────────────────────────────────────────── */

static void price_sounds(const struct looking *k) {
    struct looker *l = k->l;
    drop_seen(l);
    for (guint i = 0; i < l->n_candidates; i++) {
        gsize m;
        const char *other = token_text(l->index, l->candidates[i], &m);
        if (people_edits(&k->pattern, other, m) > MOST_SOUND_EDITS)
            continue;
        const int price = people_price(k->text, k->n, other, m, MOST_SOUND);
        if (price != PEOPLE_FAR)
            add_like(l, k->likes, l->candidates[i], MIN(price, PRICE_SOUND + price * 9 / 20),
                     PEOPLE_SOUND);
    }
    l->n_candidates = 0;
}

/* Tokens that sound the same. */
static void listen(const struct looking *k) {
    struct looker *l = k->l;
    const struct people_index *x = l->index;
    char skeleton[PEOPLE_TOKEN_MAX + 1];
    const guint64 hash = base_hash64(skeleton, people_skeleton(k->text, k->n, skeleton), 3);
    const guint32 bucket = (guint32)(hash >> (64 - x->sound_bits));
    for (guint32 i = x->sound_at[bucket]; i < x->sound_at[bucket + 1]; i++) {
        if (x->sounds[i].hash != (guint32)hash || !is_worth(k, x->sounds[i].token, LEAST_OF_TWO_EDITS))
            continue;
        l->candidates[l->n_candidates++] = x->sounds[i].token;
        if (l->n_candidates == MOST_CANDIDATES)
            price_sounds(k);
    }
    price_sounds(k);
}

/* Surnames that go on where the word ends; one letter more is an edit. */
static void look_longer(const struct looking *k) {
    const struct people_index *x = k->l->index;
    if (k->n < CUT_FROM)
        return;
    for (guint32 t = people_token_from(x, k->text, k->n), until = people_token_after(x, k->text, k->n);
         t < until; t++) {
        const guint cut = (guint)(token_length(x, t) - k->n);
        const int price = PRICE_CUT + PRICE_CUT_LETTER * ((int)cut - 2);
        if (cut >= 2 && cut <= MOST_CUT && x->info[t].best_pair && is_worth(k, t, price) &&
            k->l->seen[t] != k->l->epoch)
            add_like(k->l, k->likes, t, price, PEOPLE_INITIAL);
    }
}

/* As if every RN, CL and VV were the one letter that a scanner takes for two. */
static void look_scanned(const struct looking *k) {
    static const char *const two[] = {"RN", "CL", "VV"};
    static const char one[] = "MDW";
    char text[PEOPLE_TOKEN_MAX + 1];
    gsize n = 0;
    for (gsize i = 0; i < k->n; i++) {
        text[n] = k->text[i];
        for (guint t = 0; t < G_N_ELEMENTS(two); t++)
            if (i + 1 < k->n && memcmp(k->text + i, two[t], 2) == 0) {
                text[n] = one[t];
                i++;
                break;
            }
        n++;
    }
    if (n == k->n)
        return;
    struct looking as_one = *k;
    as_one.text = text;
    as_one.n = n;
    as_one.edits = 1;
    as_one.most = PRICE_ONE_EDIT;
    as_one.price = PRICE_SCANNED;
    people_pattern_make(&as_one.pattern, text, n);
    look_near(&as_one);
}

/* Passes over the first `n` only: what is like it in several ways comes once for each, and its cheapest
 * counts, whatever the slack. */
static void look_anew(struct looker *l, const struct likes *likes, guint n) {
    l->epoch++;
    for (guint i = 0; i < n; i++)
        l->seen[likes->list[i].token] = l->epoch;
}

gboolean people_find_more_likes(struct looker *l, const char *text, gsize n, gboolean is_far, int slack,
                                struct likes *likes) {
    struct looking k = {.l = l,
                        .text = text,
                        .n = n,
                        .edits = 2,
                        .most = PRICE_TWO_EDITS,
                        .slack = slack,
                        .likes = likes};
    const guint n_known = likes->n;
    people_pattern_make(&k.pattern, text, n);
    if (is_far) {
        look_anew(l, likes, n_known);
        look_near(&k);
        look_anew(l, likes, n_known);
        look_scanned(&k);
        look_anew(l, likes, n_known);
        look_longer(&k);
    }
    look_anew(l, likes, n_known);
    listen(&k);
    if (likes->n == n_known)
        return FALSE;
    sort_likes(l, likes);
    return TRUE;
}

/* ── As given names, as surnames ───────────────────────────────────────────────────────────────── */

static void drop_doubles(struct looker *l, struct likes *likes) {
    guint kept = 0;
    l->epoch++;
    for (guint i = 0; i < likes->n; i++) {
        const guint32 token = likes->list[i].token;
        if (l->seen[token] == l->epoch || !l->index->info[token].is_given)
            continue;
        l->seen[token] = l->epoch;
        likes->list[kept++] = likes->list[i];
    }
    likes->n = kept;
}

/* "BERTO", "NANDO", "TINA". */
static void add_endings(struct looker *l, const char *text, gsize n, struct likes *givens) {
    const struct people_index *x = l->index;
    guint32 low = 0, high = x->n_endings;
    while (low < high) {
        const guint32 middle = low + (high - low) / 2;
        if (people_compare_ending(x, x->endings[middle], text, n) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < x->n_endings && people_compare_ending(x, x->endings[low], text, n) == 0; low++)
        add_like(l, givens, x->endings[low], PRICE_ENDING, PEOPLE_NICKNAME);
}

/* A name that nobody here has may still be short for one that somebody has. */
void people_likes_as_givens(struct looker *l, const char *text, gsize n, const struct likes *likes,
                            struct likes *givens) {
    const struct people_index *x = l->index;
    givens->n = 0;
    for (guint i = 0; i < likes->n; i++)
        __builtin_prefetch(&x->info[likes->list[i].token]);
    for (guint i = 0; i < likes->n; i++) {
        const struct like *like = &likes->list[i];
        const struct token_info *info = &x->info[like->token];
        if (info->is_given)
            add_like(l, givens, like->token, like->price, like->reason);
        if (info->nicknames)
            for (guint32 k = x->nickname_at[info->nicknames]; k < x->nickname_at[info->nicknames + 1];
                 k++)
                add_like(l, givens, x->nicknames[k], like->price + PRICE_NICKNAME, PEOPLE_NICKNAME);
    }
    if (n >= ENDING_FROM)
        add_endings(l, text, n, givens);
    sort_likes(l, givens);
    drop_doubles(l, givens);
}

void people_likes_as_surnames(struct looker *l, const struct likes *likes, struct likes *surnames) {
    const struct people_index *x = l->index;
    surnames->n = 0;
    for (guint i = 0; i < likes->n; i++)
        __builtin_prefetch(&x->info[likes->list[i].token]);
    for (guint i = 0; i < likes->n; i++) {
        const struct like *like = &likes->list[i];
        const struct token_info *info = &x->info[like->token];
        int best = G_MININT;
        if (info->best_pair)
            best = (info->best_pair - 1) * BONUS_STEP;
        if (info->best_part)
            best = MAX(best, (info->best_part - 1) * BONUS_STEP - PRICE_PART);
        if (best == G_MININT)
            continue;
        surnames->list[surnames->n] = *like;
        surnames->list[surnames->n++].key = (gint16)(like->price - best);
    }
    sort_likes(l, surnames);
}
