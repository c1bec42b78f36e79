/* Searching: a query's readings, tokens like its tokens, and the pairs of them that exist. */
#include <string.h>

#include "base/random.h"
#include "people/fold.h"
#include "people/index_private.h"

#define MOST_WORDS 6
#define MOST_LIKE 4096 /* tokens like one; beyond, the dearest are not of use */
#define MOST_READINGS 16
#define PRICE_ONE_EDIT 650 /* what is dearer is no single slip */
#define PRICE_TWO_EDITS 1150
#define PRICE_SOUND 330 /* heard alike, spelled otherwise, at most */
#define PRICE_NICKNAME 260
#define PRICE_PART 250 /* one of two surnames */
#define PRICE_INITIAL 350
#define PRICE_SURNAME_FIRST 60 /* nobody wrote a comma */
#define PRICE_MIDDLE 150       /* a word that neither name takes */
#define SURE 100 /* what a hit costs at most, its commonness aside, that needs no second look */

/* A token that may be meant, and its price. */
struct like {
    guint32 token;
    gint16 price;
    guint8 reason; /* enum people_reason */
};

struct likes {
    guint n;
    guint edits; /* with how many they were looked for */
    struct like list[MOST_LIKE];
};

/* One word of the query, or two joined, with what it is like. */
struct word {
    char text[PEOPLE_TOKEN_MAX + 1];
    gsize n;
    gboolean is_known;            /* `likes` is filled */
    struct likes *likes, *givens; /* all tokens, and those that are given names, with nicknames */
};

/* A way to read the query: which words are the given name, which the surname. */
struct reading {
    guint given, surname; /* indexes of words; given NO_WORD: none */
    int price;
};
#define NO_WORD G_MAXUINT

struct people_searcher {
    const struct people_index *index;
    guint32 *seen, epoch; /* [n_tokens]: in which look-up a token was seen */
    guint64 *price_of;    /* [n_tokens]: epoch and price of a given name, for small families of names */
    struct word words[MOST_READINGS * 2];
    guint n_words;
    struct reading readings[MOST_READINGS];
    guint n_readings;
    struct people_hit hits[64];
    guint n_hits, most;
    int best; /* the cheapest hit, its commonness aside */
};

struct people_searcher *people_searcher_new(const struct people_index *index) {
    struct people_searcher *s = g_new0(struct people_searcher, 1);
    s->index = index;
    s->seen = g_new0(guint32, index->n_tokens + 1);
    s->price_of = g_new0(guint64, index->n_tokens + 1);
    for (guint i = 0; i < G_N_ELEMENTS(s->words); i++) {
        s->words[i].likes = g_new(struct likes, 1);
        s->words[i].givens = g_new(struct likes, 1);
    }
    return s;
}

void people_searcher_free(struct people_searcher *s) {
    if (!s)
        return;
    for (guint i = 0; i < G_N_ELEMENTS(s->words); i++) {
        g_free(s->words[i].likes);
        g_free(s->words[i].givens);
    }
    g_free(s->seen);
    g_free(s->price_of);
    g_free(s);
}

/* ── Tokens like a word ────────────────────────────────────────────────────────────────────────── */

struct looking {
    struct people_searcher *s;
    const struct word *word;
    struct likes *likes;
    guint edits;
    guint32 letters;
    int most;
};

static void add_like(struct likes *likes, guint32 token, int price, enum people_reason reason) {
    if (likes->n < MOST_LIKE)
        likes->list[likes->n++] = (struct like){token, (gint16)price, (guint8)reason};
}

static void look_at(struct looking *l, guint32 token) {
    gsize n;
    const char *text = token_text(l->s->index, token, &n);
    const int price = people_price(l->word->text, l->word->n, text, n, l->most);
    if (price != PEOPLE_FAR)
        add_like(l->likes, token, price, price ? PEOPLE_LIKE : PEOPLE_SAME);
}

/* A bucket's tokens that can be near enough, by letters and length. */
static void look_into(guint64 hash, void *context) {
    struct looking *l = context;
    const struct people_index *x = l->s->index;
    const guint64 bucket = hash >> (64 - x->delete_bits);
    const struct delete_entry *e = x->deletes + x->delete_at[bucket],
                              *end = x->deletes + x->delete_at[bucket + 1];
    for (; e < end; e++) {
        const int longer = (int)(e->letters >> 26) - (int)(l->letters >> 26);
        if (ABS(longer) > (int)l->edits ||
            __builtin_popcount((e->letters ^ l->letters) & 0x3FFFFFF) > 2 * (int)l->edits ||
            l->s->seen[e->token] == l->s->epoch)
            continue;
        l->s->seen[e->token] = l->s->epoch;
        look_at(l, e->token);
    }
}

/* Tokens that sound the same. */
static void listen(struct looking *l) {
    const struct people_index *x = l->s->index;
    char skeleton[PEOPLE_TOKEN_MAX + 1];
    const guint64 hash = base_hash64(skeleton, people_skeleton(l->word->text, l->word->n, skeleton), 3);
    const guint32 bucket = (guint32)(hash >> (64 - x->sound_bits));
    for (guint32 i = x->sound_at[bucket]; i < x->sound_at[bucket + 1]; i++) {
        const guint32 token = x->sounds[i].token;
        gsize n;
        if (x->sounds[i].hash != (guint32)hash || l->s->seen[token] == l->s->epoch)
            continue;
        const char *text = token_text(x, token, &n);
        l->s->seen[token] = l->s->epoch;
        const int price = people_price(l->word->text, l->word->n, text, n, 4 * PRICE_SOUND);
        if (price != PEOPLE_FAR)
            add_like(l->likes, token, MIN(price, PRICE_SOUND + price / 4), PEOPLE_LIKE);
    }
}

static gint by_price(gconstpointer a, gconstpointer b) {
    const struct like *x = a, *y = b;
    return x->price != y->price ? x->price - y->price : (x->token > y->token) - (x->token < y->token);
}

/* What each given name may be called, at a price on top. Where a name is there already, the cheaper
 * counts. */
static void add_nicknames(struct people_searcher *s, struct likes *givens) {
    const guint n = givens->n;
    for (guint i = 0; i < n; i++) {
        const struct like like = givens->list[i];
        const GArray *others =
            g_hash_table_lookup(s->index->nicknames, GUINT_TO_POINTER(like.token + 1));
        for (guint j = 0; others && j < others->len; j++)
            add_like(givens, g_array_index(others, guint32, j), like.price + PRICE_NICKNAME,
                     PEOPLE_NICKNAME);
    }
}

static void drop_doubles(struct people_searcher *s, struct likes *likes) {
    guint kept = 0;
    s->epoch++;
    for (guint i = 0; i < likes->n; i++) {
        if (s->seen[likes->list[i].token] == s->epoch)
            continue;
        s->seen[likes->list[i].token] = s->epoch;
        likes->list[kept++] = likes->list[i];
    }
    likes->n = kept;
}

static void find_likes(struct people_searcher *s, struct word *word, guint edits) {
    struct looking l = {.s = s, .word = word, .likes = word->likes, .edits = edits};
    l.letters = people_letters(word->text, word->n);
    l.most = edits == 2 ? PRICE_TWO_EDITS : PRICE_ONE_EDIT;
    word->likes->n = 0;
    word->likes->edits = edits;
    s->epoch++;
    people_each_delete(word->text, word->n, MIN(edits, people_edits_of(word->n)), look_into, &l);
    listen(&l);
    qsort(word->likes->list, word->likes->n, sizeof *word->likes->list, by_price);
    word->givens->n = 0;
    for (guint i = 0; i < word->likes->n;
         i++) /* a name that nobody has may be a nickname of one that is had */
        add_like(word->givens, word->likes->list[i].token, word->likes->list[i].price,
                 word->likes->list[i].reason);
    add_nicknames(s, word->givens);
    qsort(word->givens->list, word->givens->n, sizeof *word->givens->list, by_price);
    drop_doubles(s, word->givens);
    guint kept = 0;
    for (guint i = 0; i < word->givens->n; i++)
        if (s->index->given_count[word->givens->list[i].token])
            word->givens->list[kept++] = word->givens->list[i];
    word->givens->n = kept;
}

/* ── Hits ──────────────────────────────────────────────────────────────────────────────────────── */

static int worst(const struct people_searcher *s) {
    return s->n_hits < s->most ? G_MAXINT / 2 : s->hits[s->n_hits - 1].price;
}

static void add_hit(struct people_searcher *s, guint32 pair, int price, enum people_reason reason) {
    s->best = MIN(s->best, price);
    price -= people_bonus(s->index->pair_at[pair + 1] - s->index->pair_at[pair]);
    if (price >= worst(s))
        return;
    guint i = 0;
    while (i < s->n_hits && s->hits[i].pair != pair)
        i++;
    if (i < s->n_hits && s->hits[i].price <= price)
        return;
    if (i == s->n_hits && s->n_hits < s->most)
        s->n_hits++;
    i = MIN(i, s->n_hits - 1);
    for (; i > 0 && s->hits[i - 1].price > price; i--)
        s->hits[i] = s->hits[i - 1];
    s->hits[i] = (struct people_hit){.pair = pair, .price = price, .reason = reason};
}

/* ── Pairing ───────────────────────────────────────────────────────────────────────────────────── */

/* The given names at hand, looked up from either side. */
struct pairing {
    struct people_searcher *s;
    const struct likes *givens; /* NULL: any given name, or those with one initial */
    guint32 initial_from, initial_until;
    int base;
    guint64 mark;
};

static int cheapest_given(const struct pairing *p) {
    return p->givens ? p->givens->n ? p->givens->list[0].price : G_MAXINT / 4 : PRICE_INITIAL;
}

static guint32 lower_bound(const guint32 *list, guint32 low, guint32 high, guint32 value) {
    while (low < high) {
        const guint32 middle = low + (high - low) / 2;
        if (list[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static enum people_reason worse_reason(guint8 a, guint8 b) {
    return MAX(a, b);
}

/* A surname with few given names: every one of them is asked for its price. */
static void pair_few(struct pairing *p, guint32 from, guint32 until, int price,
                     enum people_reason reason) {
    const struct people_index *x = p->s->index;
    for (guint32 i = from; i < until; i++) {
        const guint64 mark = p->s->price_of[x->pair_given[i]];
        if (mark >> 32 == p->mark) {
            const guint32 k = (guint32)mark;
            const struct like *given = &p->givens->list[k];
            add_hit(p->s, i, price + given->price, worse_reason((guint8)reason, given->reason));
        }
    }
}

/* A surname with many: every given name at hand is looked for, the cheapest first. */
static void pair_many(struct pairing *p, guint32 from, guint32 until, int price,
                      enum people_reason reason) {
    const struct people_index *x = p->s->index;
    for (guint k = 0; k < p->givens->n; k++) {
        const struct like *given = &p->givens->list[k];
        if (price + given->price - x->most_common >= worst(p->s))
            break;
        const guint32 i = lower_bound(x->pair_given, from, until, given->token);
        if (i < until && x->pair_given[i] == given->token)
            add_hit(p->s, i, price + given->price, worse_reason((guint8)reason, given->reason));
    }
}

static void pair_initial(struct pairing *p, guint32 from, guint32 until, int price,
                         enum people_reason reason) {
    const struct people_index *x = p->s->index;
    guint32 i = lower_bound(x->pair_given, from, until, p->initial_from);
    for (; i < until && x->pair_given[i] < p->initial_until; i++)
        add_hit(p->s, i, price + PRICE_INITIAL, MAX(reason, PEOPLE_INITIAL));
}

static void pair_surname(struct pairing *p, guint32 from, guint32 until, int price,
                         enum people_reason reason) {
    if (!p->givens)
        pair_initial(p, from, until, price, reason);
    else if (until - from <= p->givens->n)
        pair_few(p, from, until, price, reason);
    else
        pair_many(p, from, until, price, reason);
}

/* The double surnames of which the token is a part. */
static void pair_parts(struct pairing *p, guint32 token, int price) {
    const struct people_index *x = p->s->index;
    const guint32 from = x->part_at[token], until = x->part_at[token + 1];
    if (!p->givens || from == until)
        return;
    if (until - from <= 4 * p->givens->n) {
        for (guint32 i = from; i < until; i++) {
            const guint64 mark = p->s->price_of[x->pair_given[x->part_pair[i]]];
            if (mark >> 32 == p->mark)
                add_hit(p->s, x->part_pair[i], price + p->givens->list[(guint32)mark].price,
                        PEOPLE_PART);
        }
        return;
    }
    for (guint k = 0; k < p->givens->n; k++) {
        const struct like *given = &p->givens->list[k];
        guint32 low = from, high = until;
        if (price + given->price - x->most_common >= worst(p->s))
            break;
        while (low < high) {
            const guint32 middle = low + (high - low) / 2;
            if (x->pair_given[x->part_pair[middle]] < given->token)
                low = middle + 1;
            else
                high = middle;
        }
        for (; low < until && x->pair_given[x->part_pair[low]] == given->token; low++)
            add_hit(p->s, x->part_pair[low], price + given->price, PEOPLE_PART);
    }
}

static void mark_givens(struct pairing *p) {
    p->mark = ++p->s->epoch;
    for (guint k = 0; p->givens && k < p->givens->n; k++)
        p->s->price_of[p->givens->list[k].token] = p->mark << 32 | k;
}

static void try_reading(struct people_searcher *s, const struct reading *r) {
    const struct people_index *x = s->index;
    const struct word *given = r->given == NO_WORD ? NULL : &s->words[r->given];
    const struct likes *surnames = s->words[r->surname].likes;
    struct pairing p = {.s = s, .base = r->price, .initial_until = x->n_tokens};
    if (given && given->n > 1)
        p.givens = given->givens;
    if (given && given->n == 1) {
        const char next = (char)(given->text[0] + 1);
        p.initial_from = people_token_from(x, given->text, 1);
        p.initial_until = people_token_from(x, &next, 1);
    }
    mark_givens(&p);
    const int least = cheapest_given(&p);
    for (guint i = 0; i < surnames->n; i++) {
        const struct like *surname = &surnames->list[i];
        const int price = r->price + surname->price;
        if (price + least - x->most_common >= worst(s))
            break;
        pair_surname(&p, x->surname_at[surname->token], x->surname_at[surname->token + 1], price,
                     surname->reason);
        pair_parts(&p, surname->token, price + PRICE_PART);
    }
}

/* ── Readings ──────────────────────────────────────────────────────────────────────────────────── */

static guint add_word(struct people_searcher *s, const char *a, const char *b) {
    struct word *w = &s->words[s->n_words];
    g_autofree char *joined = g_strconcat(a, b, NULL);
    g_strlcpy(w->text, joined, sizeof w->text);
    w->n = strlen(w->text);
    w->is_known = FALSE;
    for (guint i = 0; i < s->n_words; i++)
        if (strcmp(s->words[i].text, w->text) == 0)
            return i;
    return s->n_words++;
}

static void add_reading(struct people_searcher *s, guint given, guint surname, int price) {
    if (s->n_readings < MOST_READINGS)
        s->readings[s->n_readings++] = (struct reading){given, surname, price};
}

/* Words of letters, and after how many of them a comma stood (0: nowhere). */
static guint split(const char *query, char words[][PEOPLE_TOKEN_MAX + 1], guint *comma) {
    g_autofree char *copy = g_strdup(query);
    guint n = 0;
    *comma = 0;
    for (char *at = copy; *at && n < MOST_WORDS;) {
        const gsize length = strcspn(at, " \t,-/.;");
        const char stop = at[length];
        at[length] = 0;
        n += people_letters_of(at, words[n]) > 0;
        if (stop == ',' && !*comma)
            *comma = n;
        at += length + (stop != 0);
    }
    return n;
}

/* Every way that makes sense: the comma parts the names where there is one; else either may come first.
 */
static void read_query(struct people_searcher *s, const char *query) {
    char w[MOST_WORDS + 1][PEOPLE_TOKEN_MAX + 1];
    guint comma, n = split(query, w, &comma);
    s->n_words = s->n_readings = 0;
    if (n == 0)
        return;
    if (n == 1) {
        add_reading(s, NO_WORD, add_word(s, w[0], ""), 0);
        return;
    }
    if (comma && comma < n) {
        GString *surname = g_string_new(NULL);
        for (guint i = 0; i < comma; i++)
            g_string_append(surname, w[i]);
        add_reading(s, add_word(s, w[comma], ""), add_word(s, surname->str, ""), 0);
        if (comma + 1 < n)
            add_reading(s, add_word(s, w[comma], w[comma + 1]), add_word(s, surname->str, ""), 0);
        g_string_free(surname, TRUE);
        return;
    }
    const char *first = w[0], *last = w[n - 1], *second = w[1], *before = w[n - 2];
    add_reading(s, add_word(s, first, ""), add_word(s, last, ""), n > 2 ? PRICE_MIDDLE : 0);
    add_reading(s, add_word(s, last, ""), add_word(s, first, ""),
                PRICE_SURNAME_FIRST + (n > 2 ? PRICE_MIDDLE : 0));
    if (n < 3)
        return;
    add_reading(s, add_word(s, first, ""), add_word(s, before, last), 0);
    add_reading(s, add_word(s, last, ""), add_word(s, first, second), PRICE_SURNAME_FIRST);
    add_reading(s, add_word(s, first, second), add_word(s, last, ""), PRICE_MIDDLE);
    add_reading(s, add_word(s, second, ""), add_word(s, first, ""), PRICE_SURNAME_FIRST + PRICE_MIDDLE);
    add_reading(s, add_word(s, first, ""), add_word(s, last, before), PRICE_MIDDLE);
    if (n < 4)
        return;
    add_reading(s, add_word(s, first, second), add_word(s, before, last), 0);
    add_reading(s, add_word(s, before, last), add_word(s, first, second), PRICE_SURNAME_FIRST);
}

static void try_all(struct people_searcher *s, guint edits) {
    for (guint i = 0; i < s->n_words; i++)
        find_likes(s, &s->words[i], edits);
    s->n_hits = 0;
    s->best = G_MAXINT;
    for (guint i = 0; i < s->n_readings; i++)
        try_reading(s, &s->readings[i]);
}

guint people_search(struct people_searcher *s, const char *query, gboolean harder, guint most,
                    struct people_hit *hits) {
    s->most = CLAMP(most, 1, G_N_ELEMENTS(s->hits));
    s->n_hits = 0;
    read_query(s, query);
    if (!s->n_readings)
        return 0;
    if (!harder)
        try_all(s, 1);
    if (harder || s->n_hits == 0 || s->best > SURE)
        try_all(s, 2);
    memcpy(hits, s->hits, s->n_hits * sizeof *hits);
    return s->n_hits;
}

static const char *text_of(const struct people_index *x, guint32 token) {
    gsize n;
    const char *text = token_text(x, token, &n);
    g_autofree char *copy = g_strndup(text, n);
    return g_intern_string(copy);
}

const char *people_hit_given(const struct people_index *x, guint32 pair) {
    return text_of(x, x->pair_given[pair]);
}

const char *people_hit_surname(const struct people_index *x, guint32 pair) {
    return text_of(x, x->pair_surname[pair]);
}
