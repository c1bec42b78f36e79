/* Searching: a query's readings, tokens like its words (like.c), and the pairs of them that exist. */
#include <string.h>

#include "people/search/index_private.h"

#define MOST_WORDS 8 /* the last takes in what follows */
#define MOST_READINGS 32
#define PRICE_WRITTEN (-600) /* a name just as it was typed comes before commoner ones */
#define LIKELY 350           /* who costs less is not looked for farther off … */
#define USUAL 700            /* … and there, what most of the ten likeliest cost less than, first */
#define MOST_NAMESAKES 1000  /* with more, the surname alone tells too little */
#define NO_LIMIT (G_MAXINT / 2)
#define MOST_RANGES 2

/* Given names that begin alike stand next to each other. */
struct range {
    guint32 from, until; /* tokens */
    int price;
    enum people_reason reason;
};

/* One word of the query, or several joined, with what it is like in either place. */
struct word {
    char text[PEOPLE_TOKEN_MAX + 1];
    gsize n;
    guint32 token;                 /* the very word; G_MAXUINT32: nobody has it */
    gboolean is_given, is_surname; /* in some reading */
    struct likes *likes, *givens, *surnames;
    guint n_ranges;
    struct range ranges[MOST_RANGES];
};

/* A way to read the query: which words are the given name, which the surname. */
struct reading {
    guint given, surname; /* indexes of words; given NO_WORD: none */
    int price;
};
#define NO_WORD G_MAXUINT

struct people_searcher {
    const struct people_index *index;
    struct looker *looker;
    guint64
        *at_hand;   /* a bit a token: given names at hand; it fits where the tokens' places would not */
    guint32 *place; /* [n_tokens]: where in their list they stand */
    struct word words[MOST_READINGS * 2];
    guint n_words;
    struct reading readings[MOST_READINGS];
    guint n_readings;
    guint32 whole; /* the token that several words are together: "DE LA CRUZ"; G_MAXUINT32: none */
    struct people_hit hits[PEOPLE_MOST_HITS];
    guint n_hits, most;
};

struct people_searcher *people_searcher_new(const struct people_index *index) {
    struct people_searcher *s = g_new0(struct people_searcher, 1);
    s->index = index;
    s->looker = people_looker_new(index);
    s->at_hand = g_new0(guint64, index->n_tokens / 64 + 1);
    s->place = g_new0(guint32, index->n_tokens + 1);
    return s;
}

void people_searcher_free(struct people_searcher *s) {
    if (!s)
        return;
    for (guint i = 0; i < G_N_ELEMENTS(s->words); i++) {
        g_free(s->words[i].likes);
        g_free(s->words[i].givens);
        g_free(s->words[i].surnames);
    }
    people_looker_free(s->looker);
    g_free(s->at_hand);
    g_free(s->place);
    g_free(s);
}

/* ── Hits ──────────────────────────────────────────────────────────────────────────────────────── */

static int worst(const struct people_searcher *s) {
    return s->n_hits < s->most ? NO_LIMIT : s->hits[s->n_hits - 1].price;
}

static void add_hit(struct people_searcher *s, guint32 pair, int price, enum people_reason reason) {
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
    const struct word *given; /* NULL: any given name */
    int least;                /* what a given name costs at least */
};

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

/* The given name at hand that this token is; NULL: none. */
static const struct like *given_of(const struct pairing *p, guint32 token) {
    const guint64 bits = p->s->at_hand[token >> 6];
    return bits >> (token & 63) & 1 ? &p->given->givens->list[p->s->place[token]] : NULL;
}

/* Who has a surname, or a part of one, in order of given names. */
struct namesakes {
    const guint32 *givens, *pairs; /* of the whole index, by place; pairs NULL: the place is the pair */
    guint32 from, until;
    int price, bonus; /* what the surname costs; what the commonest of them is worth */
    enum people_reason reason;
};

static void add_namesake(struct people_searcher *s, const struct namesakes *n, guint32 place, int price,
                         enum people_reason reason) {
    add_hit(s, n->pairs ? n->pairs[place] : place, n->price + price, MAX(n->reason, reason));
}

static gboolean may_count(const struct pairing *p, const struct namesakes *n, int price) {
    return n->price + price - n->bonus < worst(p->s);
}

/* Where they are few, every one's given name is asked for its price; where many, every given name at
 * hand is looked for, the cheapest first. */
static void pair_namesakes(struct pairing *p, const struct namesakes *n) {
    const struct likes *givens = p->given ? p->given->givens : NULL;
    const gboolean are_few = !givens || n->until - n->from <= givens->n * 6;
    for (guint32 i = n->from; are_few && i < n->until; i++) {
        const struct like *given = givens ? given_of(p, n->givens[i]) : NULL;
        if (given || !givens)
            add_namesake(p->s, n, i, given ? given->price : 0, given ? given->reason : PEOPLE_SAME);
    }
    for (guint k = 0; !are_few && k < givens->n && may_count(p, n, givens->list[k].price); k++) {
        const struct like *given = &givens->list[k];
        for (guint32 i = lower_bound(n->givens, n->from, n->until, given->token);
             i < n->until && n->givens[i] == given->token; i++)
            add_namesake(p->s, n, i, given->price, given->reason);
    }
    for (guint r = 0; givens && r < p->given->n_ranges; r++) {
        const struct range *range = &p->given->ranges[r];
        if (may_count(p, n, range->price))
            for (guint32 i = lower_bound(n->givens, n->from, n->until, range->from);
                 i < n->until && n->givens[i] < range->until; i++)
                add_namesake(p->s, n, i, range->price, range->reason);
    }
}

static struct namesakes namesakes_of(const struct people_index *x, guint32 surname, int price,
                                     enum people_reason reason) {
    return (struct namesakes){.givens = x->pair_given,
                              .from = x->surname_at[surname],
                              .until = x->surname_at[surname + 1],
                              .price = price,
                              .bonus = (x->info[surname].best_pair - 1) * BONUS_STEP,
                              .reason = reason};
}

/* Those with a double surname. */
static struct namesakes namesakes_in_part(const struct people_index *x, guint32 part, int price) {
    return (struct namesakes){.givens = x->part_given,
                              .pairs = x->part_pair,
                              .from = x->part_at[part],
                              .until = x->part_at[part + 1],
                              .price = price + PRICE_PART,
                              .bonus = (x->info[part].best_part - 1) * BONUS_STEP,
                              .reason = PEOPLE_PART};
}

static int cheapest_given(const struct word *given) {
    int least = given->givens->n ? given->givens->list[0].price : G_MAXINT / 4;
    for (guint r = 0; r < given->n_ranges; r++)
        least = MIN(least, given->ranges[r].price);
    return least;
}

static void take_in_hand(struct people_searcher *s, const struct likes *givens, gboolean are_taken) {
    for (guint k = 0; k < givens->n; k++) {
        const guint32 token = givens->list[k].token;
        const guint64 bit = (guint64)1 << (token & 63);
        s->at_hand[token >> 6] =
            are_taken ? s->at_hand[token >> 6] | bit : s->at_hand[token >> 6] & ~bit;
        s->place[token] = k;
    }
}

/* Tries every surname, the likeliest first. */
static void try_reading(struct people_searcher *s, const struct reading *r) {
    const struct people_index *x = s->index;
    const struct likes *surnames = s->words[r->surname].surnames;
    struct pairing p = {.s = s, .given = r->given == NO_WORD ? NULL : &s->words[r->given]};
    if (p.given)
        take_in_hand(s, p.given->givens, TRUE);
    p.least = p.given ? cheapest_given(p.given) : 0;
    for (guint i = 0; i < MIN(surnames->n, 16); i++)
        __builtin_prefetch(&x->surname_at[surnames->list[i].token]);
    for (guint i = 0; i < surnames->n; i++) {
        const struct like *surname = &surnames->list[i];
        const struct token_info *info = &x->info[surname->token];
        const int price = r->price + surname->price;
        if (surname->key + r->price + p.least >= worst(s))
            break;
        if (i + 16 < surnames->n)
            __builtin_prefetch(&x->surname_at[surnames->list[i + 16].token]);
        if (i + 6 < surnames->n)
            __builtin_prefetch(&x->pair_given[x->surname_at[surnames->list[i + 6].token]]);
        const struct namesakes whole = namesakes_of(x, surname->token, price, surname->reason),
                               part = namesakes_in_part(x, surname->token, price);
        if (info->best_pair && may_count(&p, &whole, p.least))
            pair_namesakes(&p, &whole);
        if (info->best_part && may_count(&p, &part, p.least))
            pair_namesakes(&p, &part);
    }
    if (p.given)
        take_in_hand(s, p.given->givens, FALSE);
}

/* ── Readings ──────────────────────────────────────────────────────────────────────────────────── */

/* A word that joins `n` of the query's from `from` on. */
static guint join_words(struct people_searcher *s, char w[][PEOPLE_TOKEN_MAX + 1], guint from,
                        guint n) {
    struct word *word = &s->words[s->n_words];
    word->text[0] = 0;
    for (guint i = from; i < from + n; i++)
        g_strlcat(word->text, w[i], sizeof word->text);
    for (guint i = 0; i < s->n_words; i++)
        if (strcmp(s->words[i].text, word->text) == 0)
            return i;
    word->n = strlen(word->text);
    word->is_given = word->is_surname = FALSE;
    return s->n_words++;
}

static void add_reading(struct people_searcher *s, guint given, guint surname, int price) {
    if (s->n_readings == MOST_READINGS)
        return;
    if (given != NO_WORD)
        s->words[given].is_given = TRUE;
    s->words[surname].is_surname = TRUE;
    s->readings[s->n_readings++] = (struct reading){given, surname, price};
}

/* What stands after a name, or before one, and is none. */
static const char *const suffixes[] = {"JR", "SR", "II", "III", "IV", "MD", "ESQ", NULL},
                         *const titles[] = {"MR", "MRS", "MS", "MISS", "DR", "SRA", "SRTA", NULL};

/* Words of letters, and after how many of them a comma stood (0: nowhere). What stands before or after
 * a name and is none is left out. */
static guint split(const char *query, char words[][PEOPLE_TOKEN_MAX + 1], guint *comma) {
    g_autofree char *copy = g_strdup(query);
    guint n = 0;
    *comma = 0;
    for (char *at = copy; *at;) {
        const gsize length = strcspn(at, " \t,-/.;");
        const char stop = at[length];
        char *word = words[n];
        at[length] = 0;
        if (people_letters_of(at, word) && !(n && g_strv_contains(suffixes, word))) {
            if (n == MOST_WORDS)
                g_strlcat(words[n - 1], word, sizeof words[n - 1]);
            else
                n++;
        }
        if (stop == ',' && !*comma)
            *comma = n;
        at += length + (stop != 0);
        if (n == 1 && *at && g_strv_contains(titles, word))
            n = *comma = 0;
    }
    return n;
}

/* The comma parts the names where there is one: what is before it is the surname. */
static void read_with_comma(struct people_searcher *s, char w[][PEOPLE_TOKEN_MAX + 1], guint n,
                            guint comma) {
    const guint surname = join_words(s, w, 0, comma);
    add_reading(s, join_words(s, w, comma, 1), surname, 0);
    if (comma + 1 < n)
        add_reading(s, join_words(s, w, comma, 2), surname, 0);
    if (comma > 1)
        add_reading(s, join_words(s, w, comma, 1), join_words(s, w, 0, 1), PRICE_MIDDLE);
}

/* All words as one token. */
static guint32 find_joined(const struct people_index *x, char w[][PEOPLE_TOKEN_MAX + 1], guint n) {
    char text[PEOPLE_TOKEN_MAX + 1] = "";
    for (guint i = 0; i < n; i++)
        g_strlcat(text, w[i], sizeof text);
    return people_find_token(x, text, strlen(text));
}

/* Without one, either name may come first, each may be of several words, and some may be of neither.
 * `is_turned`: as if the surname stood after the comma. Returns whether there is one. */
static gboolean read_query(struct people_searcher *s, const char *query, gboolean is_turned) {
    char w[MOST_WORDS + 1][PEOPLE_TOKEN_MAX + 1];
    guint comma;
    const guint n = split(query, w, &comma);
    s->n_words = s->n_readings = 0;
    s->whole = G_MAXUINT32;
    if (n == 1)
        add_reading(s, NO_WORD, join_words(s, w, 0, 1), 0);
    if (n < 2)
        return FALSE;
    s->whole = find_joined(s->index, w, n);
    if (comma && comma < n) {
        if (is_turned)
            add_reading(s, join_words(s, w, 0, comma), join_words(s, w, comma, n - comma),
                        PRICE_WRONG_COMMA);
        else
            read_with_comma(s, w, n, comma);
        return TRUE;
    }
    for (guint k = 1; k < n; k++) {
        const guint before = join_words(s, w, 0, k), after = join_words(s, w, k, n - k);
        add_reading(s, before, after, 0);
        add_reading(s, after, before, PRICE_SURNAME_FIRST);
    }
    if (n == 2)
        return FALSE;
    const guint first = join_words(s, w, 0, 1), last = join_words(s, w, n - 1, 1);
    const int middle = PRICE_MIDDLE + (strchr(query, '-') ? PRICE_HYPHEN : 0);
    add_reading(s, first, last, middle);
    add_reading(s, join_words(s, w, 1, 1), first, PRICE_SURNAME_FIRST + middle);
    add_reading(s, last, first, PRICE_SURNAME_FIRST + middle);
    add_reading(s, first, join_words(s, w, 1, 1), middle);
    if (n > 3) {
        add_reading(s, first, join_words(s, w, n - 2, 2), middle);
        add_reading(s, join_words(s, w, 2, 1), join_words(s, w, 0, 2), PRICE_SURNAME_FIRST + middle);
    }
    return FALSE;
}

/* ── Words ─────────────────────────────────────────────────────────────────────────────────────── */

/* Every token that begins with the first `n` letters. */
static void add_range(const struct people_index *x, struct word *w, gsize n, int price,
                      enum people_reason reason) {
    w->ranges[w->n_ranges++] = (struct range){.from = people_token_from(x, w->text, n),
                                              .until = people_token_after(x, w->text, n),
                                              .price = price,
                                              .reason = reason};
}

/* "J", "ALEX" for ALEXANDER, "SUSIE" for SUSANNA. */
static void find_ranges(const struct people_index *x, struct word *w) {
    gsize stem = w->n;
    w->n_ranges = 0;
    if (w->n == 1)
        add_range(x, w, 1, PRICE_INITIAL, PEOPLE_INITIAL);
    if (w->n < 3)
        return;
    add_range(x, w, w->n, PRICE_BEGINNING, PEOPLE_INITIAL);
    if (strchr("IYE", w->text[stem - 1]))
        stem--;
    if (stem < w->n && strchr("IE", w->text[stem - 1]))
        stem--;
    if (stem < w->n && stem > 3 && w->text[stem - 1] == w->text[stem - 2])
        stem--;
    if (stem >= 3 && stem < w->n)
        add_range(x, w, stem, PRICE_PET_ENDING, PEOPLE_NICKNAME);
}

static void find_roles(struct people_searcher *s, struct word *w) {
    if (w->is_given) {
        people_likes_as_givens(s->looker, w->text, w->n, w->likes, w->givens);
        find_ranges(s->index, w);
    }
    if (w->is_surname)
        people_likes_as_surnames(s->looker, w->likes, w->surnames);
}

static void find_likes(struct people_searcher *s, struct word *w) {
    if (!w->likes) {
        w->likes = g_new(struct likes, 1);
        w->givens = g_new(struct likes, 1);
        w->surnames = g_new(struct likes, 1);
    }
    people_find_likes(s->looker, w->text, w->n, w->likes);
    find_roles(s, w);
}

/* ── As it was typed ───────────────────────────────────────────────────────────────────────────── */

static guint32 find_pair(const struct people_index *x, guint32 given, guint32 surname) {
    if (surname == G_MAXUINT32 || given == G_MAXUINT32)
        return G_MAXUINT32;
    const guint32 until = x->surname_at[surname + 1],
                  pair = lower_bound(x->pair_given, x->surname_at[surname], until, given);
    return pair < until && x->pair_given[pair] == given ? pair : G_MAXUINT32;
}

static gboolean add_written(struct people_searcher *s, guint32 given, guint32 surname, int price) {
    const guint32 pair = find_pair(s->index, given, surname);
    if (pair != G_MAXUINT32)
        add_hit(s, pair, price, PEOPLE_SAME);
    return pair != G_MAXUINT32;
}

/* "JOHNSMITH": one word that is two names. */
static void add_run_together(struct people_searcher *s, const struct word *w) {
    for (gsize k = 2; k + 2 <= w->n; k++) {
        const guint32 before = people_find_token(s->index, w->text, k),
                      after = people_find_token(s->index, w->text + k, w->n - k);
        add_written(s, before, after, PRICE_RUN_TOGETHER);
        add_written(s, after, before, PRICE_RUN_TOGETHER + PRICE_SURNAME_FIRST);
    }
}

/* Whoever has the name just as it was typed, in some reading of all its words, comes first. Returns
 * whether anybody has. */
static gboolean find_written(struct people_searcher *s) {
    const struct people_index *x = s->index;
    const guint32 nobody = people_find_token(x, "", 0);
    gboolean is_written = FALSE;
    for (guint i = 0; i < s->n_readings; i++) {
        const struct reading *r = &s->readings[i];
        const gboolean is_all = r->price < PRICE_MIDDLE;
        is_written |=
            add_written(s, r->given == NO_WORD ? nobody : s->words[r->given].token,
                        s->words[r->surname].token, r->price + (is_all ? PRICE_WRITTEN : 0)) &&
            is_all;
    }
    for (guint32 i = s->whole == G_MAXUINT32 ? 0 : x->surname_at[s->whole],
                 until = s->whole == G_MAXUINT32 ? 0 : x->surname_at[s->whole + 1];
         i < until; i++)
        add_hit(s, i, PRICE_ONE_NAME, PEOPLE_SAME);
    if (s->n_readings == 1 && s->readings[0].given == NO_WORD)
        add_run_together(s, &s->words[s->readings[0].surname]);
    return is_written;
}

/* ── The whole ─────────────────────────────────────────────────────────────────────────────────── */

static int cheapest_surname(const struct word *w) {
    int least = G_MAXINT / 4;
    for (guint i = 0; i < w->surnames->n; i++) /* they are in order of what they are worth, too */
        least = MIN(least, w->surnames->list[i].price);
    return least;
}

/* What a token like the word may cost, its worth taken off, to be part of a hit of less than `within`.
 */
static int slack_of(const struct people_searcher *s, guint word, int within) {
    int slack = G_MININT;
    for (guint i = 0; i < s->n_readings; i++) {
        const struct reading *r = &s->readings[i];
        int other = G_MAXINT / 4;
        if (r->surname == word)
            other = r->given == NO_WORD ? 0 : cheapest_given(&s->words[r->given]);
        else if (r->given == word)
            other = cheapest_surname(&s->words[r->surname]);
        else
            continue;
        slack = MAX(slack, within - r->price - MIN(other, PEOPLE_LATER_LEAST));
    }
    return slack;
}

static void look_farther(struct people_searcher *s, gboolean is_far, int within) {
    gboolean is_new[G_N_ELEMENTS(s->words)];
    int slack[G_N_ELEMENTS(s->words)];
    for (guint i = 0; i < s->n_words; i++)
        slack[i] = slack_of(s, i, within);
    for (guint i = 0; i < s->n_words; i++) {
        struct word *w = &s->words[i];
        is_new[i] = people_find_more_likes(s->looker, w->text, w->n, is_far, slack[i], w->likes);
        if (is_new[i])
            find_roles(s, w);
    }
    for (guint i = 0; i < s->n_readings; i++) {
        const struct reading *r = &s->readings[i];
        if (is_new[r->surname] || (r->given != NO_WORD && is_new[r->given]))
            try_reading(s, r);
    }
}

/* Few fit both names: whoever has a surname like it, whatever the given name. */
static void find_by_surname(struct people_searcher *s, const struct reading *r) {
    const struct people_index *x = s->index;
    const struct likes *surnames = s->words[r->surname].surnames;
    const int price = r->price + PRICE_OTHER_GIVEN;
    for (guint i = 0; i < surnames->n && price + surnames->list[i].key < worst(s); i++) {
        const struct like *like = &surnames->list[i];
        const struct namesakes whole =
                                   namesakes_of(x, like->token, price + like->price, PEOPLE_INITIAL),
                               part = namesakes_in_part(x, like->token, price + like->price);
        if (whole.until - whole.from + part.until - part.from > MOST_NAMESAKES)
            continue;
        for (guint32 k = whole.from; k < whole.until; k++)
            add_namesake(s, &whole, k, 0, PEOPLE_INITIAL);
        for (guint32 k = part.from; k < part.until; k++)
            add_namesake(s, &part, k, 0, PEOPLE_INITIAL);
    }
}

/* One word that is nobody's surname may be a given name. Reads all pairs: what is found by this is no
 * more than a small site has. */
static void find_by_given(struct people_searcher *s, guint32 given) {
    const struct people_index *x = s->index;
    for (guint32 pair = 0; pair < x->n_pairs; pair++)
        if (x->pair_given[pair] == given)
            add_hit(s, pair, PRICE_ONE_NAME, PEOPLE_INITIAL);
}

/* Who shares one name only. */
static void find_by_one_name(struct people_searcher *s) {
    for (guint i = 0; i < s->n_readings; i++) {
        const struct reading *r = &s->readings[i];
        const guint32 token = s->words[r->surname].token;
        if (r->given != NO_WORD && r->price < PRICE_MIDDLE)
            find_by_surname(s, r);
        else if (r->given == NO_WORD && token != G_MAXUINT32 && s->index->info[token].is_given &&
                 s->n_hits < s->most)
            find_by_given(s, token);
    }
}

/* Looks for the query as it was read; returns whether somebody likely was found. */
static gboolean search_as_read(struct people_searcher *s, gboolean harder) {
    for (guint i = 0; i < s->n_words; i++)
        s->words[i].token = people_find_token(s->index, s->words[i].text, s->words[i].n);
    const gboolean is_written = find_written(s);
    for (guint i = 0; i < s->n_words; i++)
        find_likes(s, &s->words[i]);
    for (guint i = 0; i < s->n_readings; i++)
        try_reading(s, &s->readings[i]);
    const gboolean is_likely = is_written || (s->n_hits && s->hits[0].price < LIKELY);
    const int within = MIN(worst(s), USUAL);
    look_farther(s, harder || !is_likely, within);
    if ((harder || !is_likely) && worst(s) > within)
        look_farther(s, TRUE, worst(s));
    return is_likely;
}

guint people_search(struct people_searcher *s, const char *query, gboolean harder, guint most,
                    struct people_hit *hits) {
    s->most = MIN(most, G_N_ELEMENTS(s->hits));
    s->n_hits = 0;
    if (!s->most)
        return 0;
    const gboolean has_comma = read_query(s, query, FALSE);
    const gboolean is_likely = search_as_read(s, harder);
    if (!is_likely)
        find_by_one_name(s);
    if (!is_likely && has_comma) {
        read_query(s, query, TRUE);
        search_as_read(s, harder);
    }
    memcpy(hits, s->hits, s->n_hits * sizeof *hits);
    return s->n_hits;
}

static gsize copy_text(const struct people_index *x, guint32 token, char *out) {
    gsize n;
    const char *text = token_text(x, token, &n);
    memcpy(out, text, n);
    out[n] = 0;
    return n;
}

void people_hit_name(const struct people_index *x, guint32 pair, struct people_name *name) {
    copy_text(x, x->pair_given[pair], name->given);
    copy_text(x, x->pair_surname[pair], name->surname);
}
