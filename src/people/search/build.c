/* Building the index: names to tokens, tokens to order, order to the tables of index.h. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/random.h"
#include "embedded.h"
#include "people/fold.h"
#include "people/search/index_private.h"

/* ── Gathering ─────────────────────────────────────────────────────────────────────────────────── */

/* Tokens in the order in which they came, in a table of our own: GLib's would take a pointer each. */
struct interning {
    GByteArray *texts;
    GArray *at; /* guint32: where each begins; its length is in the byte before */
    guint32 *table, bits, n;
};

struct row {
    guint32 surname, given, person;
};

struct people_builder {
    struct interning tokens;
    GArray *rows;  /* struct row */
    GArray *parts; /* struct row: under a part of a double surname; person: index of the whole's row */
};

gsize people_letter(gunichar c, char *out, gsize room) {
    char letters[2];
    gsize n = 1;
    if (c < 0x80) {
        n = g_ascii_isalnum((char)c) ? 1 : 0;
        letters[0] = (char)(g_ascii_isdigit((char)c) ? 'A' + (char)c - '0' : g_ascii_toupper((char)c));
    } else if (g_unichar_isalpha(c)) {
        letters[0] = (char)('A' + c / 26 % 26);
        letters[1] = (char)('A' + c % 26);
        n = 2;
    } else {
        n = 0;
    }
    n = n <= room ? n : 0;
    memcpy(out, letters, n);
    return n;
}

/* The letter that a scanner took for the digit at `p`, one or two of them before a letter; 0: none.
 * After letters they number people of one name as often. */
static char scanned_letter(const char *text, const char *p) {
    static const char digits[] = "0158", letters[] = "OISB";
    const char *from = p, *until = p + 1, *digit = strchr(digits, *p);
    while (from > text && g_ascii_isdigit(from[-1]))
        from--;
    while (g_ascii_isdigit(*until))
        until++;
    return digit && g_ascii_isalpha(*until) && until - from <= 2 ? letters[digit - digits] : 0;
}

gsize people_letters_of(const char *text, char out[PEOPLE_TOKEN_MAX + 1]) {
    gsize n = 0;
    const char *p = text;
    for (; *p && (guint8)*p < 0x80 && !g_ascii_isdigit(*p); p++)
        if (g_ascii_isalpha(*p) && n < PEOPLE_TOKEN_MAX)
            out[n++] = g_ascii_toupper(*p);
    if (*p) { /* accents, other scripts and digits: the slow way, from the start */
        g_autofree char *folded = people_fold(text);
        n = 0;
        for (const char *f = folded; *f; f = g_utf8_next_char(f)) {
            const char letter = g_ascii_isdigit(*f) ? scanned_letter(folded, f) : 0;
            if (letter || !g_ascii_isdigit(*f))
                n += people_letter(letter ? (gunichar)letter : g_utf8_get_char(f), out + n,
                                   PEOPLE_TOKEN_MAX - n);
        }
    }
    out[n] = 0;
    return n;
}

static void interning_grow(struct interning *t, guint32 bits) {
    g_free(t->table);
    t->bits = bits;
    t->table = g_malloc(sizeof *t->table << bits);
    memset(t->table, 0xFF, sizeof *t->table << bits);
    for (guint32 i = 0; i < t->n; i++) {
        const guint32 at = g_array_index(t->at, guint32, i);
        const guint8 *text = t->texts->data + at;
        guint64 slot = base_hash64(text, text[-1], 1) >> (64 - bits);
        while (t->table[slot] != G_MAXUINT32)
            slot = (slot + 1) & (((guint64)1 << bits) - 1);
        t->table[slot] = i;
    }
}

static guint32 intern(struct interning *t, const char *text, gsize n) {
    if ((guint64)t->n * 2 >= (guint64)1 << t->bits)
        interning_grow(t, t->bits + 1);
    guint64 slot = base_hash64(text, n, 1) >> (64 - t->bits);
    for (guint32 i; (i = t->table[slot]) != G_MAXUINT32;
         slot = (slot + 1) & (((guint64)1 << t->bits) - 1)) {
        const guint8 *known = t->texts->data + g_array_index(t->at, guint32, i);
        if (known[-1] == n && memcmp(known, text, n) == 0)
            return i;
    }
    const guint8 length = (guint8)n;
    g_byte_array_append(t->texts, &length, 1);
    const guint32 at = t->texts->len;
    g_byte_array_append(t->texts, (const guint8 *)text, (guint)n);
    g_array_append_val(t->at, at);
    t->table[slot] = t->n;
    return t->n++;
}

struct people_builder *people_builder_new(void) {
    struct people_builder *b = g_new0(struct people_builder, 1);
    b->tokens.texts = g_byte_array_new();
    b->tokens.at = g_array_new(FALSE, FALSE, sizeof(guint32));
    interning_grow(&b->tokens, 16);
    b->rows = g_array_new(FALSE, FALSE, sizeof(struct row));
    b->parts = g_array_new(FALSE, FALSE, sizeof(struct row));
    return b;
}

static gboolean is_particle(const char *word) {
    static const char *const particles[] = {"DE",  "LA",  "DEL", "LOS", "LAS", "DI",  "DA",
                                            "DO",  "DOS", "DU",  "LE",  "VAN", "VON", "DER",
                                            "DEN", "AL",  "EL",  "BIN", "IBN", "ST"};
    for (guint i = 0; i < G_N_ELEMENTS(particles); i++)
        if (strcmp(word, particles[i]) == 0)
            return TRUE;
    return FALSE;
}

/* The parts of a surname that has several: "GARCIA LOPEZ" is also found under each. */
static void add_parts(struct people_builder *b, const char *surname, guint32 given) {
    if (!surname[strcspn(surname, " -/")])
        return;
    const guint32 whole = b->rows->len - 1;
    g_auto(GStrv) words = g_strsplit_set(surname, " -/", 8);
    for (char **word = words; *word; word++) {
        char part[PEOPLE_TOKEN_MAX + 1];
        const gsize n = people_letters_of(*word, part);
        if (n > 1 && !is_particle(part)) {
            const struct row row = {intern(&b->tokens, part, n), given, whole};
            g_array_append_val(b->parts, row);
        }
    }
}

/* Under one given name; returns it as a token. */
static guint32 add_name(struct people_builder *b, guint32 person, guint32 surname_token,
                        const char *given, const char *surname) {
    char text[PEOPLE_TOKEN_MAX + 1];
    const gsize n = people_letters_of(given, text); /* "" too */
    const struct row row = {surname_token, intern(&b->tokens, text, n), person};
    g_array_append_val(b->rows, row);
    add_parts(b, surname, row.given);
    return row.given;
}

/* "MARIA JOSE" may be called by either: a name each, once. */
static void add_words(struct people_builder *b, guint32 person, guint32 surname_token,
                      const char *given, const char *surname, guint32 whole) {
    guint32 known[16] = {whole};
    guint n_known = 1;
    g_auto(GStrv) words = g_strsplit_set(given, " -/.", -1);
    for (char **word = words; *word && n_known < G_N_ELEMENTS(known); word++) {
        char text[PEOPLE_TOKEN_MAX + 1];
        const gsize n = people_letters_of(*word, text);
        const guint32 token = n > 1 ? intern(&b->tokens, text, n) : whole;
        guint k = 0;
        while (k < n_known && known[k] != token)
            k++;
        if (k == n_known)
            known[n_known++] = add_name(b, person, surname_token, *word, surname);
    }
}

void people_builder_add(struct people_builder *builder, guint32 person, const char *given,
                        const char *surname) {
    char text[PEOPLE_TOKEN_MAX + 1];
    const gsize n = people_letters_of(surname, text);
    if (!n)
        return;
    const guint32 token = intern(&builder->tokens, text, n),
                  whole = add_name(builder, person, token, given, surname);
    if (given[strcspn(given, " -/.")])
        add_words(builder, person, token, given, surname, whole);
}

/* ── Ordering ──────────────────────────────────────────────────────────────────────────────────── */

static gint by_text(gconstpointer a, gconstpointer b, gpointer data) {
    const struct interning *t = data;
    const guint8 *x = t->texts->data + g_array_index(t->at, guint32, *(const guint32 *)a),
                 *y = t->texts->data + g_array_index(t->at, guint32, *(const guint32 *)b);
    const int order = memcmp(x, y, MIN(x[-1], y[-1]));
    return order ? order : (int)x[-1] - (int)y[-1];
}

/* Numbers the tokens by the alphabet; `rank` gets each old number's new one. */
static void order_tokens(struct people_index *x, struct interning *t, guint32 *rank) {
    g_autofree guint32 *order = g_new(guint32, t->n);
    guint32 at = 0;
    for (guint32 i = 0; i < t->n; i++)
        order[i] = i;
    g_qsort_with_data(order, (gint)t->n, sizeof *order, by_text, t);
    x->n_tokens = t->n;
    x->texts = g_malloc(t->texts->len + 1);
    x->text_at = g_new(guint32, t->n + 1);
    for (guint32 i = 0; i < t->n; i++) {
        const guint8 *text = t->texts->data + g_array_index(t->at, guint32, order[i]);
        rank[order[i]] = i;
        x->text_at[i] = at;
        memcpy(x->texts + at, text, text[-1]);
        at += text[-1];
    }
    x->text_at[t->n] = at;
    x->texts[at] = 0;
}

/* By one of their numbers, below `n`: a counting sort, which keeps order. */
static void sort_rows_by(GArray *rows, gsize offset, guint32 n) {
    const struct row *from = (const struct row *)(gpointer)rows->data;
    g_autofree struct row *to = g_new(struct row, rows->len + 1);
    g_autofree guint32 *at = g_new0(guint32, (gsize)n + 1);
#define NUMBER(row) (*(const guint32 *)(gconstpointer)((const char *)(row) + offset))
    for (guint i = 0; i < rows->len; i++)
        at[NUMBER(&from[i]) + 1]++;
    for (guint32 t = 0; t < n; t++)
        at[t + 1] += at[t];
    for (guint i = 0; i < rows->len; i++)
        to[at[NUMBER(&from[i])]++] = from[i];
#undef NUMBER
    if (rows->len)
        memcpy(rows->data, to, rows->len * sizeof *to);
}

static void rank_rows(GArray *rows, const guint32 *rank) {
    for (guint i = 0; i < rows->len; i++) {
        struct row *row = &g_array_index(rows, struct row, i);
        row->surname = rank[row->surname];
        row->given = rank[row->given];
    }
}

int people_bonus(guint32 n_people) {
    return (int)(60.0 * log((double)n_people));
}

static void keep_best(const struct people_index *x, guint32 pair, guint8 *best) {
    const int steps =
        1 + (people_bonus(x->pair_at[pair + 1] - x->pair_at[pair]) + BONUS_STEP - 1) / BONUS_STEP;
    *best = (guint8)MAX(*best, MIN(steps, G_MAXUINT8));
}

static void make_pairs(struct people_index *x, GArray *rows) {
    const struct row *r = (const struct row *)(gpointer)rows->data;
    guint32 n = 0;
    x->info = g_new0(struct token_info, x->n_tokens);
    for (guint i = 0; i < rows->len; i++) {
        n += i == 0 || r[i].surname != r[i - 1].surname || r[i].given != r[i - 1].given;
        x->info[r[i].given].is_given = TRUE;
    }
    x->n_pairs = n;
    x->n_people = rows->len;
    x->people = g_new(guint32, rows->len + 1);
    x->pair_given = g_new(guint32, n + 1);
    x->pair_surname = g_new(guint32, n + 1);
    x->pair_at = g_new(guint32, n + 1);
    x->surname_at = g_new0(guint32, x->n_tokens + 1);
    n = 0;
    for (guint i = 0; i < rows->len; i++) {
        if (i == 0 || r[i].surname != r[i - 1].surname || r[i].given != r[i - 1].given) {
            x->pair_given[n] = r[i].given;
            x->pair_surname[n] = r[i].surname;
            x->surname_at[r[i].surname + 1]++;
            x->pair_at[n++] = i;
        }
        x->people[i] = r[i].person;
    }
    x->pair_at[n] = rows->len;
    for (guint32 t = 0; t < x->n_tokens; t++)
        x->surname_at[t + 1] += x->surname_at[t];
    for (guint32 pair = 0; pair < n; pair++)
        keep_best(x, pair, &x->info[x->pair_surname[pair]].best_pair);
}

static guint32 find_pair(const struct people_index *x, guint32 surname, guint32 given) {
    guint32 low = x->surname_at[surname], high = x->surname_at[surname + 1];
    while (low < high) {
        const guint32 middle = low + (high - low) / 2;
        if (x->pair_given[middle] < given)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* `wholes`: the surname of each row in the order in which they came. */
static void make_parts(struct people_index *x, GArray *parts, const guint32 *wholes) {
    struct row *r = (struct row *)(gpointer)parts->data;
    for (guint i = 0; i < parts->len; i++)
        r[i].person = find_pair(x, wholes[r[i].person], r[i].given); /* the pair from now on */
    sort_rows_by(parts, offsetof(struct row, person), x->n_pairs);
    sort_rows_by(parts, offsetof(struct row, given), x->n_tokens);
    sort_rows_by(parts, offsetof(struct row, surname), x->n_tokens);
    x->part_at = g_new0(guint32, x->n_tokens + 1);
    x->part_pair = g_new(guint32, parts->len + 1);
    x->part_given = g_new(guint32, parts->len + 1);
    for (guint i = 0; i < parts->len; i++) {
        if (i > 0 && r[i].surname == r[i - 1].surname && r[i].person == r[i - 1].person)
            continue;
        x->part_given[x->n_parts] = r[i].given;
        x->part_pair[x->n_parts++] = r[i].person;
        x->part_at[r[i].surname + 1]++;
        keep_best(x, r[i].person, &x->info[r[i].surname].best_part);
    }
    for (guint32 t = 0; t < x->n_tokens; t++)
        x->part_at[t + 1] += x->part_at[t];
}

/* ── Deletes and sounds ────────────────────────────────────────────────────────────────────────── */

void people_each_delete(const char *token, gsize n, guint edits, delete_fn each, void *context) {
    const gsize m = MIN(n, PREFIX);
    char rest[PREFIX + 1];
    each(base_hash64(token, m, 2), context);
    for (gsize i = 0; edits >= 1 && i < m; i++) {
        if (i > 0 && token[i] == token[i - 1])
            continue; /* the same string again */
        gsize k = 0;
        for (gsize j = 0; j < m; j++)
            if (j != i)
                rest[k++] = token[j];
        each(base_hash64(rest, k, 2), context);
        for (gsize d = i; edits >= 2 && d < k; d++) {
            char less[PREFIX];
            if (d > i && rest[d] == rest[d - 1])
                continue;
            gsize l = 0;
            for (gsize j = 0; j < k; j++)
                if (j != d)
                    less[l++] = rest[j];
            each(base_hash64(less, l, 2), context);
        }
    }
}

struct counting {
    struct people_index *x;
    struct delete_entry entry;
    gboolean fills;
};

static void count_delete(guint64 hash, void *context) {
    struct counting *c = context;
    const guint64 bucket = hash >> (64 - c->x->delete_bits);
    if (c->fills)
        c->x->deletes[--c->x->delete_at[bucket]] = c->entry;
    else
        c->x->delete_at[bucket]++;
}

static void each_token(struct people_index *x, gboolean fills) {
    struct counting c = {.x = x, .fills = fills};
    for (guint32 t = 0; t < x->n_tokens; t++) {
        gsize n;
        const char *text = token_text(x, t, &n);
        c.entry = (struct delete_entry){t, people_letters(text, n)};
        if (n)
            people_each_delete(text, n, people_edits_of(n), count_delete, &c);
    }
}

static guint32 bits_for(guint64 n) {
    guint32 bits = 8;
    while (bits < 30 && (guint64)1 << bits < n)
        bits++;
    return bits;
}

static gpointer make_deletes(gpointer data) {
    struct people_index *x = data;
    x->delete_bits = bits_for((guint64)x->n_tokens * 4);
    const guint64 buckets = (guint64)1 << x->delete_bits;
    x->delete_at = g_new0(guint64, buckets + 1);
    each_token(x, FALSE);
    for (guint64 b = 1; b <= buckets; b++)
        x->delete_at[b] += x->delete_at[b - 1];
    x->deletes = g_new(struct delete_entry, x->delete_at[buckets] + 1);
    each_token(x, TRUE);
    return NULL;
}

static gpointer make_sounds(gpointer data) {
    struct people_index *x = data;
    char skeleton[PEOPLE_TOKEN_MAX + 1];
    x->sound_bits = bits_for(x->n_tokens);
    const guint32 buckets = 1u << x->sound_bits;
    g_autofree guint32 *bucket_of = g_new(guint32, x->n_tokens + 1);
    x->sound_at = g_new0(guint32, buckets + 2);
    x->sounds = g_new(struct sound_entry, x->n_tokens + 1);
    g_autofree guint32 *hash_of = g_new(guint32, x->n_tokens + 1);
    for (guint32 t = 0; t < x->n_tokens; t++) {
        gsize n;
        const char *text = token_text(x, t, &n);
        const gsize k = people_skeleton(text, n, skeleton);
        const guint64 hash = base_hash64(skeleton, k, 3);
        bucket_of[t] = (guint32)(hash >> (64 - x->sound_bits));
        hash_of[t] = (guint32)hash;
        x->sound_at[bucket_of[t] + 1]++;
    }
    for (guint32 b = 0; b < buckets; b++)
        x->sound_at[b + 1] += x->sound_at[b];
    for (guint32 t = x->n_tokens; t-- > 0;)
        x->sounds[--x->sound_at[bucket_of[t] + 1]] = (struct sound_entry){t, hash_of[t]};
    memmove(x->sound_at, x->sound_at + 1, buckets * sizeof *x->sound_at);
    x->sound_at[buckets] = x->n_tokens;
    return NULL;
}

/* ── Nicknames ─────────────────────────────────────────────────────────────────────────────────── */

struct name_pair {
    guint32 from, to;
};

static gint by_name(gconstpointer a, gconstpointer b) {
    const struct name_pair *x = a, *y = b;
    return x->from != y->from ? (x->from > y->from) - (x->from < y->from)
                              : (x->to > y->to) - (x->to < y->to);
}

/* Every line: a name, then its short forms. Each stands for the other. */
static GArray *read_nicknames(const struct people_index *x) {
    GArray *pairs = g_array_new(FALSE, FALSE, sizeof(struct name_pair));
    g_auto(GStrv) lines = g_strsplit(embedded_nicknames_txt, "\n", -1);
    for (char **line = lines; *line; line++) {
        if (**line == '#')
            continue;
        g_auto(GStrv) words = g_strsplit(*line, " ", -1);
        guint32 name = G_MAXUINT32;
        for (char **word = words; *word; word++) {
            char text[PEOPLE_TOKEN_MAX + 1];
            const guint32 token = people_find_token(x, text, people_letters_of(*word, text));
            if (word == words)
                name = token;
            else if (name != token && name != G_MAXUINT32 && token != G_MAXUINT32) {
                const struct name_pair both[] = {{name, token}, {token, name}};
                g_array_append_vals(pairs, both, 2);
            }
        }
    }
    return pairs;
}

static void make_nicknames(struct people_index *x) {
    g_autoptr(GArray) pairs = read_nicknames(x);
    const struct name_pair *p = (const struct name_pair *)(gpointer)pairs->data;
    guint32 row = 0;
    g_array_sort(pairs, by_name);
    x->nicknames = g_new(guint32, pairs->len + 1);
    x->nickname_at = g_new(guint32, pairs->len + 2); /* row 0 is nobody's */
    x->nickname_at[0] = x->n_nicknames = 0;
    for (guint i = 0; i < pairs->len; i++) {
        if (i > 0 && by_name(&p[i], &p[i - 1]) == 0)
            continue;
        if (i == 0 || p[i].from != p[i - 1].from) {
            g_assert(row < G_MAXUINT16);
            x->nickname_at[++row] = x->n_nicknames;
            x->info[p[i].from].nicknames = (guint16)row;
        }
        x->nicknames[x->n_nicknames++] = p[i].to;
    }
    x->nickname_at[row + 1] = x->n_nicknames;
}

int people_compare_ending(const struct people_index *x, guint32 token, const char *text, gsize n) {
    gsize m;
    const char *other = token_text(x, token, &m);
    while (m && n)
        if (other[--m] != text[--n])
            return other[m] - text[n];
    return n ? -1 : 0;
}

static gint by_ending(gconstpointer a, gconstpointer b, gpointer data) {
    gsize n;
    const guint32 token = *(const guint32 *)a, other = *(const guint32 *)b;
    const char *text = token_text(data, other, &n);
    const int order = people_compare_ending(data, token, text, n);
    return order ? order : (token_length(data, token) > n) - (token_length(data, token) < n);
}

static void make_endings(struct people_index *x) {
    for (guint32 t = 0; t < x->n_tokens; t++)
        x->n_endings += x->info[t].is_given;
    x->endings = g_new(guint32, x->n_endings + 1);
    for (guint32 t = 0, n = 0; t < x->n_tokens; t++)
        if (x->info[t].is_given)
            x->endings[n++] = t;
    g_qsort_with_data(x->endings, (gint)x->n_endings, sizeof *x->endings, by_ending, x);
}

/* ── Worth ─────────────────────────────────────────────────────────────────────────────────────── */

static void make_worth(struct people_index *x) {
    x->worth = g_new0(guint8, x->n_tokens + 1);
    for (guint32 pair = 0; pair < x->n_pairs; pair++)
        keep_best(x, pair, &x->worth[x->pair_given[pair]]);
    for (guint32 t = 0; t < x->n_tokens; t++)
        x->worth[t] = MAX(x->worth[t], MAX(x->info[t].best_pair, x->info[t].best_part));
    for (guint32 t = 0; t < x->n_tokens; t++) {
        const guint16 row = x->info[t].nicknames;
        for (guint32 k = row ? x->nickname_at[row] : 0; row && k < x->nickname_at[row + 1]; k++) {
            const int worth = x->worth[x->nicknames[k]] - PRICE_NICKNAME / BONUS_STEP;
            x->worth[t] = (guint8)MAX(x->worth[t], worth);
        }
    }
}

/* ── The whole ─────────────────────────────────────────────────────────────────────────────────── */

guint32 people_token_from(const struct people_index *x, const char *text, gsize n) {
    guint32 low = 0, high = x->n_tokens;
    while (low < high) {
        const guint32 middle = low + (high - low) / 2;
        gsize m;
        const char *other = token_text(x, middle, &m);
        const int order = memcmp(other, text, MIN(m, n));
        if (order < 0 || (order == 0 && m < n))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

guint32 people_token_after(const struct people_index *x, const char *text, gsize n) {
    char next[PEOPLE_TOKEN_MAX + 1];
    memcpy(next, text, n);
    next[n - 1]++; /* after Z comes [, which no token has */
    return people_token_from(x, next, n);
}

guint32 people_find_token(const struct people_index *x, const char *text, gsize n) {
    const guint32 token = people_token_from(x, text, n);
    gsize m;
    if (token == x->n_tokens)
        return G_MAXUINT32;
    const char *found = token_text(x, token, &m);
    return m == n && memcmp(found, text, n) == 0 ? token : G_MAXUINT32;
}

static void builder_free(struct people_builder *b) {
    g_byte_array_unref(b->tokens.texts);
    g_array_unref(b->tokens.at);
    g_free(b->tokens.table);
    g_array_unref(b->rows);
    g_array_unref(b->parts);
    g_free(b);
}

struct people_index *people_builder_build(struct people_builder *builder,
                                          void (*progress)(double part, void *context), void *context) {
    struct people_index *x = g_new0(struct people_index, 1);
    /* Nicknames are names too, even if nobody here has them: they must be found, misspelled or not. */
    g_auto(GStrv) nicknames = g_strsplit_set(embedded_nicknames_txt, " \n", -1);
    for (char **word = nicknames; *word; word++) {
        char text[PEOPLE_TOKEN_MAX + 1];
        const gsize n = people_letters_of(*word, text);
        if (n)
            intern(&builder->tokens, text, n);
    }
    g_autofree guint32 *rank = g_new(guint32, builder->tokens.n + 1);
    order_tokens(x, &builder->tokens, rank);
    GThread *other = g_thread_new("deletes", make_deletes, x);
    rank_rows(builder->rows, rank);
    rank_rows(builder->parts, rank);
    g_autofree guint32 *wholes = g_new(guint32, builder->rows->len + 1);
    for (guint i = 0; i < builder->rows->len; i++)
        wholes[i] = g_array_index(builder->rows, struct row, i).surname;
    if (progress)
        progress(0.3, context);
    sort_rows_by(builder->rows, offsetof(struct row, given), x->n_tokens);
    sort_rows_by(builder->rows, offsetof(struct row, surname), x->n_tokens);
    make_pairs(x, builder->rows);
    make_parts(x, builder->parts, wholes);
    builder_free(builder);
    if (progress)
        progress(0.6, context);
    make_sounds(x);
    make_nicknames(x);
    make_endings(x);
    make_worth(x);
    g_thread_join(other);
    if (progress)
        progress(1, context);
    return x;
}

void people_index_free(struct people_index *x) {
    if (!x)
        return;
    void *const owned[] = {x->texts,        x->text_at,   x->info,    x->surname_at, x->pair_given,
                           x->pair_surname, x->pair_at,   x->people,  x->part_at,    x->part_pair,
                           x->part_given,   x->delete_at, x->deletes, x->sound_at,   x->sounds,
                           x->nickname_at,  x->nicknames, x->worth,   x->endings};
    for (guint i = 0; i < G_N_ELEMENTS(owned); i++)
        g_free(owned[i]);
    g_free(x);
}

guint64 people_index_bytes(const struct people_index *x) {
    return x->text_at[x->n_tokens] + (5 * 4 + 1) * (guint64)x->n_tokens + 4 * (guint64)x->n_endings +
           3 * 4 * (guint64)x->n_pairs + 4 * (guint64)x->n_people + 8 * (guint64)x->n_parts +
           (8ull << x->delete_bits) + 8 * x->delete_at[(guint64)1 << x->delete_bits] +
           (4ull << x->sound_bits);
}

guint people_index_n_names(const struct people_index *x) {
    return x->n_pairs;
}

guint people_hit_people(const struct people_index *x, guint32 pair, const guint32 **people) {
    *people = x->people + x->pair_at[pair];
    return x->pair_at[pair + 1] - x->pair_at[pair];
}
