/* Tokens that may be meant by a word: near in letters, alike in sound, or called so for short.
 *
 * All of it waits for memory: the tables are far larger than a cache. So each step runs over the whole
 * list and asks early for what the next will read. */
#include <string.h>

#include "base/random.h"
#include "people/index_private.h"

#define MOST_HASHES 32
#define MOST_CANDIDATES 16384
#define PRICE_ONE_EDIT 650 /* what is dearer is no single slip */
#define PRICE_TWO_EDITS 1150
#define PRICE_SOUND 330 /* heard alike, spelled otherwise, at most */
#define MOST_SOUND_EDITS 4
#define KEY_LEAST (-1100) /* keys are from here on: no commonness is worth more */
#define KEYS 2900

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

/* By key; tokens of one key stay in the order in which they came. */
static void sort_likes(struct looker *l, struct likes *likes) {
    guint16 at[KEYS + 1] = {0};
    for (guint i = 0; i < likes->n; i++)
        at[CLAMP(likes->list[i].key - KEY_LEAST, 0, KEYS - 1) + 1]++;
    for (guint k = 0; k < KEYS; k++)
        at[k + 1] = (guint16)(at[k + 1] + at[k]);
    memcpy(l->spare, likes->list, likes->n * sizeof *l->spare);
    for (guint i = 0; i < likes->n; i++)
        likes->list[at[CLAMP(l->spare[i].key - KEY_LEAST, 0, KEYS - 1)]++] = l->spare[i];
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
    int most;
    struct likes *likes;
};

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

/* Prices the candidates that were gathered. */
static void price_near(const struct looking *k) {
    struct looker *l = k->l;
    drop_seen(l);
    for (guint i = 0; i < l->n_candidates; i++) {
        gsize m;
        const char *other = token_text(l->index, l->candidates[i], &m);
        const int price = people_edits(&k->pattern, other, m) <= k->edits
                              ? people_price(k->text, k->n, other, m, k->most)
                              : PEOPLE_FAR;
        if (price != PEOPLE_FAR)
            add_like(l, k->likes, l->candidates[i], price, price ? PEOPLE_LIKE : PEOPLE_SAME);
        else
            l->seen[l->candidates[i]] = 0; /* it may still sound like it */
    }
    l->n_candidates = 0;
}

/* Tokens that share an entry of `deletes` and whose letters and length do not speak against it. */
static void look_near(const struct looking *k) {
    struct looker *l = k->l;
    const struct people_index *x = l->index;
    const guint32 letters = people_letters(k->text, k->n);
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
            const int longer = (int)(e->letters >> 26) - (int)(letters >> 26);
            if (ABS(longer) > (int)k->edits ||
                __builtin_popcount((e->letters ^ letters) & 0x3FFFFFF) > 2 * (int)k->edits)
                continue;
            __builtin_prefetch(&l->seen[e->token]);
            l->candidates[l->n_candidates++] = e->token;
            if (l->n_candidates == MOST_CANDIDATES)
                price_near(k);
        }
    }
    price_near(k);
}

static void price_sounds(const struct looking *k) {
    struct looker *l = k->l;
    drop_seen(l);
    for (guint i = 0; i < l->n_candidates; i++) {
        gsize m;
        const char *other = token_text(l->index, l->candidates[i], &m);
        if (people_edits(&k->pattern, other, m) > MOST_SOUND_EDITS)
            continue;
        const int price = people_price(k->text, k->n, other, m, 4 * PRICE_SOUND);
        if (price != PEOPLE_FAR)
            add_like(l, k->likes, l->candidates[i], MIN(price, PRICE_SOUND + price / 4), PEOPLE_LIKE);
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
        if (x->sounds[i].hash != (guint32)hash)
            continue;
        l->candidates[l->n_candidates++] = x->sounds[i].token;
        if (l->n_candidates == MOST_CANDIDATES)
            price_sounds(k);
    }
    price_sounds(k);
}

void people_find_likes(struct looker *l, const char *text, gsize n, guint edits, struct likes *likes) {
    struct looking k = {.l = l,
                        .text = text,
                        .n = n,
                        .edits = edits,
                        .most = edits == 2 ? PRICE_TWO_EDITS : PRICE_ONE_EDIT,
                        .likes = likes};
    people_pattern_make(&k.pattern, text, n);
    likes->n = 0;
    l->epoch++;
    look_near(&k);
    listen(&k);
    sort_likes(l, likes);
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

/* A name that nobody here has may still be short for one that somebody has. */
void people_likes_as_givens(struct looker *l, const struct likes *likes, struct likes *givens) {
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
