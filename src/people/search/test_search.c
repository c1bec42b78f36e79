/* What must hold of the index whatever the names are: made-up names from a seed, and a plain second
 * search that looks at everybody. */
#include <string.h>

#include "base/random.h"
#include "people/fold.h"
#include "people/nickname.h"
#include "people/search/index.h"
#include "people/similar.h"

#define MOST 64

static guint below(guint64 *seed, guint n) {
    return (guint)(base_seeded_next(seed) % n);
}

/* ── People ────────────────────────────────────────────────────────────────────────────────────── */

struct person {
    char given[120], surname[120];
};

static struct people_index *index_of(const struct person *people, guint n) {
    struct people_builder *builder = people_builder_new();
    for (guint i = 0; i < n; i++)
        people_builder_add(builder, i, people[i].given, people[i].surname);
    return people_builder_build(builder, NULL, NULL);
}

static struct person person_of(const char *given, const char *surname) {
    struct person person;
    g_strlcpy(person.given, given, sizeof person.given);
    g_strlcpy(person.surname, surname, sizeof person.surname);
    return person;
}

/* One letter changed, left out, put in or swapped, anywhere; never nothing left. */
static void slip(guint64 *seed, char *word) {
    const gsize n = strlen(word), at = below(seed, (guint)n);
    const char letter = (char)('A' + below(seed, 26)), kept = word[at];
    const guint kind = below(seed, 4);
    if (kind == 1 && n > 1) {
        memmove(word + at, word + at + 1, n - at);
    } else if (kind == 2) {
        memmove(word + at + 1, word + at, n - at + 1);
        word[at] = letter;
    } else if (kind == 3 && at + 1 < n) {
        word[at] = word[at + 1];
        word[at + 1] = kept;
    } else {
        word[at] = letter;
    }
}

/* A few roots, most of them slips of each other: names that stand close. */
static void make_word(guint64 *seed, GString *out) {
    static const char *const roots[] = {"ROBERT",  "BOB",       "MARIA",     "GARCIA",  "LOPEZ",
                                        "WILLIAM", "BILL",      "SMITH",     "SCHMIDT", "KATHRYN",
                                        "CRUZ",    "ELIZABETH", "MCDONALD",  "NGUYEN",  "LEE",
                                        "ANNA",    "JO",        "ALEXANDRA", "ROBERTO", "GARZA"};
    char word[32];
    g_strlcpy(word, roots[below(seed, G_N_ELEMENTS(roots))], sizeof word);
    for (guint slips = below(seed, 3); slips > 0; slips--)
        slip(seed, word);
    g_string_append(out, word);
}

/* `n` words, parted by blanks and hyphens, some letters small, some with an accent. */
static void make_words(guint64 *seed, guint n, char *out, gsize size) {
    g_autoptr(GString) bare = g_string_new(NULL), dressed = g_string_new(NULL);
    for (guint i = 0; i < n; i++) {
        if (i)
            g_string_append_c(bare, below(seed, 3) ? ' ' : '-');
        make_word(seed, bare);
    }
    for (const char *p = bare->str; *p; p++)
        if (*p == 'E' && below(seed, 6) == 0)
            g_string_append(dressed, "é");
        else if (*p == 'N' && below(seed, 6) == 0)
            g_string_append(dressed, "Ñ");
        else if (below(seed, 40) == 0 && g_ascii_isalpha(*p))
            g_string_append_printf(dressed, "%c'", *p);
        else
            g_string_append_c(dressed, below(seed, 2) ? g_ascii_tolower(*p) : *p);
    g_strlcpy(out, dressed->str, size);
}

static void make_people(guint64 *seed, struct person *people, guint n, guint most_words) {
    for (guint i = 0; i < n; i++) {
        const guint given = 1 + below(seed, 3) / 2 * below(seed, most_words),
                    surname = 1 + below(seed, 3) / 2 * below(seed, most_words);
        make_words(seed, given, people[i].given, sizeof people[i].given);
        make_words(seed, surname, people[i].surname, sizeof people[i].surname);
        if (i && below(seed, 5) == 0)
            people[i] = people[below(seed, i)]; /* of one name */
    }
}

/* ── Answers ───────────────────────────────────────────────────────────────────────────────────── */

struct answer {
    guint n;
    struct people_hit hits[MOST];
};

static struct answer ask(struct people_searcher *searcher, const char *query, gboolean harder) {
    struct answer a;
    a.n = people_search(searcher, query, harder, MOST, a.hits);
    g_assert_cmpuint(a.n, <=, MOST);
    return a;
}

static gboolean has_person(const struct people_index *index, const struct answer *a, guint32 person) {
    for (guint i = 0; i < a->n; i++) {
        const guint32 *people;
        const guint n = people_hit_people(index, a->hits[i].pair, &people);
        for (guint k = 0; k < n; k++)
            if (people[k] == person)
                return TRUE;
    }
    return FALSE;
}

/* The hit of just this name; NULL: none. */
static const struct people_hit *hit_of(const struct people_index *index, const struct answer *a,
                                       const char *given, const char *surname) {
    char g[PEOPLE_TOKEN_MAX + 1], s[PEOPLE_TOKEN_MAX + 1];
    people_letters_of(given, g);
    people_letters_of(surname, s);
    for (guint i = 0; i < a->n; i++) {
        struct people_name name;
        people_hit_name(index, a->hits[i].pair, &name);
        if (strcmp(name.given, g) == 0 && strcmp(name.surname, s) == 0)
            return &a->hits[i];
    }
    return NULL;
}

/* One query of one index, by a searcher of its own. */
static gboolean finds(const struct people_index *index, const char *query, guint32 person) {
    struct people_searcher *searcher = people_searcher_new(index);
    const struct answer a = ask(searcher, query, FALSE);
    people_searcher_free(searcher);
    return has_person(index, &a, person);
}

static gboolean finds_among(const struct person *people, guint n, const char *query, guint32 person) {
    struct people_index *index = index_of(people, n);
    const gboolean is_found = finds(index, query, person);
    people_index_free(index);
    return is_found;
}

static gboolean same_answers(const struct answer *a, const struct answer *b) {
    for (guint i = 0; i < a->n && a->n == b->n; i++)
        if (a->hits[i].pair != b->hits[i].pair || a->hits[i].price != b->hits[i].price ||
            a->hits[i].reason != b->hits[i].reason)
            return FALSE;
    return a->n == b->n;
}

/* In order, no name twice. */
static void check_order(const struct answer *a) {
    for (guint i = 1; i < a->n; i++) {
        g_assert_cmpint(a->hits[i - 1].price, <=, a->hits[i].price);
        for (guint k = 0; k < i; k++)
            g_assert_cmpuint(a->hits[k].pair, !=, a->hits[i].pair);
    }
}

/* A query as a person or somebody else might type it. */
static char *make_query(guint64 *seed, const struct person *people, guint n) {
    struct person person = people[below(seed, n)];
    char given[PEOPLE_TOKEN_MAX + 20], surname[PEOPLE_TOKEN_MAX + 20];
    people_letters_of(person.given, given);
    people_letters_of(person.surname, surname);
    switch (below(seed, 6)) {
    case 0: return g_strjoin(" ", person.given, person.surname, NULL);
    case 1: return g_strjoin(", ", person.surname, person.given, NULL);
    case 2: return g_strdup(person.surname);
    case 3: return g_strdup_printf("%c. %s", *given, surname);
    case 4: slip(seed, given); break;
    default: break;
    }
    slip(seed, surname);
    return g_strjoin(" ", given, surname, NULL);
}

/* ── Edits and prices ──────────────────────────────────────────────────────────────────────────── */

/* Optimal string alignment, as a textbook has it. */
static guint edits_between(const char *a, const char *b) {
    guint at[64][64];
    const gsize n = strlen(a), m = strlen(b);
    for (gsize i = 0; i <= n; i++)
        for (gsize j = 0; j <= m; j++) {
            if (i == 0 || j == 0) {
                at[i][j] = (guint)(i + j);
                continue;
            }
            guint least = at[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            least = MIN(least, MIN(at[i - 1][j], at[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                least = MIN(least, at[i - 2][j - 2] + 1);
            at[i][j] = least;
        }
    return at[n][m];
}

static guint counted_edits(const char *a, const char *b) {
    struct people_pattern pattern;
    people_pattern_make(&pattern, a, strlen(a));
    return people_edits(&pattern, b, strlen(b));
}

static void random_word(guint64 *seed, guint n, guint n_letters, char *out) {
    for (guint i = 0; i < n; i++)
        out[i] = (char)('Z' - below(seed, n_letters));
    out[n] = 0;
}

static void edits_are_counted_as_a_textbook_does(void) {
    static const guint alphabets[] = {1, 2, 3, 26};
    guint64 seed = 1;
    char a[PEOPLE_TOKEN_MAX + 8], b[PEOPLE_TOKEN_MAX + 8];
    for (guint round = 0; round < 12000; round++) {
        const guint n_letters = alphabets[round % 4], kind = below(&seed, 6),
                    n = kind == 0   ? PEOPLE_TOKEN_MAX
                        : kind == 1 ? below(&seed, 3)
                                    : below(&seed, PEOPLE_TOKEN_MAX + 1);
        random_word(&seed, n, n_letters, a);
        random_word(&seed, kind == 2 ? n : below(&seed, PEOPLE_TOKEN_MAX + 1), n_letters, b);
        if (kind >= 3 && n >= 4 && n < PEOPLE_TOKEN_MAX - 3) { /* near each other */
            g_strlcpy(b, a, sizeof b);
            for (guint slips = below(&seed, 4); slips > 0; slips--)
                slip(&seed, b);
        }
        if (counted_edits(a, b) != edits_between(a, b))
            g_error("%s to %s: %u edits, not %u", a, b, edits_between(a, b), counted_edits(a, b));
        g_assert_cmpuint(counted_edits(a, a), ==, 0);
        g_assert_cmpuint(counted_edits(a, b), ==, counted_edits(b, a));
    }
}

static int price_within(const char *a, const char *b, int most) {
    return people_price(a, strlen(a), b, strlen(b), most);
}

static void make_near_pair(guint64 *seed, char *a, char *b, gsize size) {
    random_word(seed, 1 + below(seed, 12), below(seed, 2) ? 4 : 26, a);
    g_strlcpy(b, a, size);
    for (guint slips = below(seed, 4); slips > 0; slips--)
        slip(seed, b);
}

static void a_price_over_the_most_is_far(void) {
    guint64 seed = 2;
    char a[32], b[32];
    for (guint i = 0; i < 20000; i++) {
        make_near_pair(&seed, a, b, sizeof b);
        const int price = price_within(a, b, G_MAXINT / 2);
        g_assert_cmpint(price, <, PEOPLE_FAR);
        g_assert_true((price == 0) == (strcmp(a, b) == 0));
        g_assert_cmpint(price, >=, (int)edits_between(a, b) * 200);
        g_assert_cmpint(price, <=, (int)edits_between(a, b) * 600); /* a slip in the first letter */
        g_assert_cmpint(price_within(a, b, price - 1), ==, PEOPLE_FAR);
        g_assert_cmpint(price_within(a, b, price + 500), ==, price);
    }
}

static void a_price_of_just_the_most_is_told(void) {
    guint64 seed = 3;
    char a[32], b[32];
    for (guint i = 0; i < 5000; i++) {
        make_near_pair(&seed, a, b, sizeof b);
        const int price = price_within(a, b, G_MAXINT / 2);
        if (price_within(a, b, price) != price)
            g_error("%s to %s: %d, but not within %d", a, b, price, price);
    }
}

/* ── As written ────────────────────────────────────────────────────────────────────────────────── */

/* As "Given Surname", "SURNAME GIVEN" and "Surname, Given"; at most six words. */
static void check_as_written(struct people_searcher *searcher, const struct people_index *index,
                             const struct person *people, guint32 i) {
    const struct person *p = &people[i];
    g_autofree char *plain = g_strjoin(" ", p->given, p->surname, NULL),
                    *turned = g_strjoin(" ", p->surname, p->given, NULL),
                    *comma = g_strjoin(", ", p->surname, p->given, NULL);
    for (guint harder = 0; harder <= 1; harder++) {
        const struct answer a = ask(searcher, plain, harder != 0),
                            b = ask(searcher, turned, harder != 0),
                            c = ask(searcher, comma, harder != 0);
        const struct people_hit *hit = hit_of(index, &a, p->given, p->surname);
        if (!hit || hit->reason != PEOPLE_SAME || !has_person(index, &a, i))
            g_error("\"%s\" is not found as typed (%u hits)", plain, a.n);
        if (!hit_of(index, &b, p->given, p->surname) || !has_person(index, &b, i))
            g_error("\"%s\" is not found as typed (%u hits)", turned, b.n);
        if (!has_person(index, &c, i))
            g_error("\"%s\" is not found as typed (%u hits)", comma, c.n);
    }
}

/* Among n people and among n + 1: a name as it is typed is among the hits, whoever else is there. */
static void whoever_is_typed_is_found(void) {
    enum { N = 150 };
    guint64 seed = 11;
    struct person *people = g_new0(struct person, N + 1);
    for (guint round = 0; round < 4; round++) {
        make_people(&seed, people, N + 1, 3);
        for (guint n = N; n <= N + 1; n++) {
            struct people_index *index = index_of(people, n);
            struct people_searcher *searcher = people_searcher_new(index);
            for (guint32 i = round; i < n; i += 3)
                check_as_written(searcher, index, people, i);
            people_searcher_free(searcher);
            people_index_free(index);
        }
    }
    g_free(people);
}

/* The query a slip away, in a set that fits into the answer: who is found stays found when somebody
 * comes who is not called just so. */
static void another_person_hides_nobody(void) {
    enum { N = 40 };
    guint64 seed = 12;
    struct person people[N + 1];
    for (guint round = 0; round < 6; round++) {
        make_people(&seed, people, N, 1);
        people[N] = people[below(&seed, N)];
        slip(&seed, people[N].surname);
        struct people_index *before = index_of(people, N), *after = index_of(people, N + 1);
        struct people_searcher *old = people_searcher_new(before), *new = people_searcher_new(after);
        for (guint i = 0; i < 60; i++) {
            g_autofree char *query = make_query(&seed, people, N);
            const struct answer a = ask(old, query, TRUE), b = ask(new, query, TRUE);
            for (guint32 k = 0; k < N; k++)
                if (has_person(before, &a, k) && !has_person(after, &b, k))
                    g_error("\"%s\" finds %s %s no more", query, people[k].given, people[k].surname);
        }
        people_searcher_free(old);
        people_searcher_free(new);
        people_index_free(before);
        people_index_free(after);
    }
}

/* ── A plain second search ─────────────────────────────────────────────────────────────────────── */

/* A name of somebody, by the rules of index.h and build.c: the given name as a whole, and each of its
 * words of two letters or more; the surname as a whole, and its parts of three or more. */
struct name {
    char given[PEOPLE_TOKEN_MAX + 1], surname[PEOPLE_TOKEN_MAX + 1];
    char parts[8][PEOPLE_TOKEN_MAX + 1];
    guint n_parts;
    guint32 person;
};

static void add_name(GArray *names, const char *given, const char *surname, guint32 person) {
    struct name name = {.person = person};
    people_letters_of(given, name.given);
    people_letters_of(surname, name.surname);
    g_auto(GStrv) words = g_strsplit_set(surname, " -", -1);
    for (guint i = 0; words[0] && words[1] && words[i]; i++)
        name.n_parts += people_letters_of(words[i], name.parts[name.n_parts]) > 2;
    g_array_append_val(names, name);
}

static GArray *names_of(const struct person *people, guint n) {
    GArray *names = g_array_new(FALSE, FALSE, sizeof(struct name));
    for (guint32 i = 0; i < n; i++) {
        char letters[PEOPLE_TOKEN_MAX + 1];
        if (!people_letters_of(people[i].surname, letters))
            continue;
        add_name(names, people[i].given, people[i].surname, i);
        g_auto(GStrv) words = g_strsplit_set(people[i].given, " -", -1);
        for (char **word = words; words[0] && words[1] && *word; word++)
            if (people_letters_of(*word, letters) > 1)
                add_name(names, *word, people[i].surname, i);
    }
    return names;
}

/* Who is called what for short, as far as somebody has one of the two as a given name. */
struct nickname {
    char from[PEOPLE_TOKEN_MAX + 1], to[PEOPLE_TOKEN_MAX + 1];
};

struct nicknames {
    GHashTable *givens;
    GArray *list;
};

static void add_nickname(struct nicknames *all, const char *from, const char *to) {
    struct nickname nickname;
    if (!g_hash_table_contains(all->givens, to) || strcmp(from, to) == 0)
        return;
    g_strlcpy(nickname.from, from, sizeof nickname.from);
    g_strlcpy(nickname.to, to, sizeof nickname.to);
    g_array_append_val(all->list, nickname);
}

/* A line: a name, then its short forms; each stands for the other. */
static void read_line(char *const *line, guint n, void *context) {
    for (guint i = 1; i < n; i++) {
        add_nickname(context, line[0], line[i]);
        add_nickname(context, line[i], line[0]);
    }
}

static GArray *nicknames_of(const GArray *names) {
    g_autoptr(GHashTable) givens = g_hash_table_new(g_str_hash, g_str_equal);
    struct nicknames all = {givens, g_array_new(FALSE, FALSE, sizeof(struct nickname))};
    for (guint i = 0; i < names->len; i++)
        g_hash_table_add(givens, g_array_index(names, struct name, i).given);
    people_each_nickname_line(read_line, &all);
    return all.list;
}

/* What is found for sure, and what may be: by ear, as scanned, with the ending of a pet name taken off;
 * and two edits away, where one is enough for somebody likely. */
enum likeness { UNLIKE, MAY_BE, MUST_BE };

/* As if what a scanner makes two letters of were one. */
static void as_scanned(const char *word, char *out) {
    for (; *word; word++, out++) {
        const gboolean is_two = g_str_has_prefix(word, "RN") || g_str_has_prefix(word, "CL") ||
                                g_str_has_prefix(word, "VV");
        *out = is_two ? (*word == 'R' ? 'M' : *word == 'C' ? 'D' : 'W') : *word;
        word += is_two;
    }
    *out = 0;
}

static enum likeness how_like(const char *word, const char *token, guint edits) {
    char a[PEOPLE_TOKEN_MAX + 1], b[PEOPLE_TOKEN_MAX + 1];
    const gsize n = strlen(word), m = strlen(token);
    const guint counted = edits_between(word, token);
    if (counted <= 1 || (counted <= edits && n >= 6 && m >= 6))
        return MUST_BE;
    if (counted <= 2)
        return MAY_BE; /* short: two edits are not looked for everywhere */
    as_scanned(word, a);
    if (edits_between(a, token) <= 1)
        return MAY_BE;
    people_skeleton(word, n, a);
    people_skeleton(token, m, b);
    return strcmp(a, b) == 0 ? MAY_BE : UNLIKE;
}

static enum likeness how_like_given(const char *word, const char *given, guint edits,
                                    const GArray *nicknames) {
    const gsize n = strlen(word);
    enum likeness best = how_like(word, given, edits);
    if ((n == 1 || n >= 3) && g_str_has_prefix(given, word))
        return MUST_BE;
    if (n >= 4 && g_str_has_suffix(given, word))
        best = MAX(best, MAY_BE);
    if (n > 3 && (strchr("IYE", word[n - 1]) || word[n - 1] == word[n - 2]) &&
        strncmp(word, given, MAX(3, n - 3)) == 0)
        best = MAX(best, MAY_BE);
    for (guint i = 0; i < nicknames->len && best < MUST_BE; i++) {
        const struct nickname *nickname = &g_array_index(nicknames, struct nickname, i);
        if (strcmp(nickname->to, given) == 0)
            best = MAX(best, how_like(word, nickname->from, edits));
    }
    return best;
}

static enum likeness how_like_surname(const char *surname, const struct name *name, guint edits) {
    enum likeness best = how_like(surname, name->surname, edits);
    if (strlen(surname) >= 4 && g_str_has_prefix(name->surname, surname))
        best = MAX(best, MAY_BE);
    for (guint i = 0; i < name->n_parts && best < MUST_BE; i++)
        best = MAX(best, how_like(surname, name->parts[i], edits));
    return best;
}

static enum likeness how_like_name(const char *given, const char *surname, const struct name *name,
                                   guint edits, const GArray *nicknames) {
    const enum likeness best = how_like_surname(surname, name, edits);
    return best ? MIN(best, how_like_given(given, name->given, edits, nicknames)) : UNLIKE;
}

/* Everybody whom "A B" (or "B, A": `comma`) must or may find is, and nobody else. */
static void check_against_everybody(const struct people_index *index, struct people_searcher *searcher,
                                    const GArray *names, const GArray *nicknames, const char *a,
                                    const char *b, gboolean comma, gboolean harder) {
    g_autofree char *query = comma ? g_strdup_printf("%s, %s", b, a) : g_strdup_printf("%s %s", a, b);
    const struct answer answer = ask(searcher, query, harder);
    const guint edits = harder || !answer.n || answer.hits[0].price >= 350 ? 2 : 1;
    check_order(&answer);
    g_assert_cmpuint(answer.n, <, MOST);
    for (guint i = 0; i < names->len; i++) {
        const struct name *name = &g_array_index(names, struct name, i);
        enum likeness like = how_like_name(a, b, name, edits, nicknames);
        const enum likeness turned = how_like_name(b, a, name, edits, nicknames);
        like = MAX(like, comma ? MIN(turned, MAY_BE) : turned); /* a comma on the wrong side */
        const struct people_hit *hit = hit_of(index, &answer, name->given, name->surname);
        /* Where few fit, whoever has the surname alone does, and comes last. */
        const gboolean by_surname =
            hit && hit->reason == PEOPLE_INITIAL && hit->price > 1000 &&
            (how_like_surname(a, name, edits) || how_like_surname(b, name, edits));
        if ((hit && like == UNLIKE && !by_surname) || (!hit && like == MUST_BE))
            g_error("\"%s\" %s %s %s", query, hit ? "finds" : "does not find", name->given,
                    name->surname);
    }
}

static void the_search_finds_whom_looking_at_everybody_finds(void) {
    enum { N = 36 };
    guint64 seed = 21;
    struct person people[N];
    for (guint round = 0; round < 10; round++) {
        make_people(&seed, people, N, round % 2 ? 2 : 1);
        struct people_index *index = index_of(people, N);
        struct people_searcher *searcher = people_searcher_new(index);
        g_autoptr(GArray) names = names_of(people, N), nicknames = nicknames_of(names);
        for (guint i = 0; i < 60; i++) {
            struct name name = g_array_index(names, struct name, below(&seed, names->len));
            char given[PEOPLE_TOKEN_MAX + 8], surname[PEOPLE_TOKEN_MAX + 8];
            g_strlcpy(given, name.given, sizeof given);
            g_strlcpy(surname, i % 7 == 6 && name.n_parts ? name.parts[0] : name.surname,
                      sizeof surname);
            if (i % 3 == 1)
                slip(&seed, given);
            if (i % 3 == 2)
                slip(&seed, surname);
            if (i % 10 == 9)
                given[1] = 0; /* an initial */
            else if (i % 10 == 8)
                make_words(&seed, 1, given, sizeof given);
            char a[PEOPLE_TOKEN_MAX + 1], b[PEOPLE_TOKEN_MAX + 1];
            people_letters_of(given, a);
            people_letters_of(surname, b);
            if (*a && *b)
                check_against_everybody(index, searcher, names, nicknames, a, b, below(&seed, 2) == 0,
                                        i % 4 == 0);
        }
        people_searcher_free(searcher);
        people_index_free(index);
    }
}

static void harder_looks_for_two_edits_always(void) {
    static const struct person people[] = {{"Robert", "Sunderman"}, {"Robert", "Sungermax"}};
    struct people_index *index = index_of(people, G_N_ELEMENTS(people));
    struct people_searcher *searcher = people_searcher_new(index);
    const struct answer plain = ask(searcher, "Robert Sunderman", FALSE),
                        harder = ask(searcher, "Robert Sunderman", TRUE);
    g_assert_true(has_person(index, &plain, 0) && !has_person(index, &plain, 1));
    g_assert_true(has_person(index, &harder, 0) && has_person(index, &harder, 1));
    people_searcher_free(searcher);
    people_index_free(index);
}

/* ── The same answers ──────────────────────────────────────────────────────────────────────────── */

static int by_number(const void *a, const void *b) {
    const guint32 x = *(const guint32 *)a, y = *(const guint32 *)b;
    return (x > y) - (x < y);
}

static guint32 *sorted_people(const struct people_index *index, guint32 pair, guint *n) {
    const guint32 *people;
    *n = people_hit_people(index, pair, &people);
    guint32 *copy = g_memdup2(people, *n * sizeof *people);
    qsort(copy, *n, sizeof *copy, by_number);
    return copy;
}

/* Those of one price may stand in another order, and where the answer is full others may be in it. */
static gboolean same_answers_but_ties(const struct answer *a, const struct answer *b) {
    if (a->n != b->n)
        return FALSE;
    for (guint i = 0; i < a->n; i++) {
        gboolean is_there = a->n == MOST && a->hits[i].price == a->hits[a->n - 1].price;
        for (guint k = 0; k < b->n && !is_there; k++)
            is_there = a->hits[i].pair == b->hits[k].pair && a->hits[i].reason == b->hits[k].reason;
        if (!is_there || a->hits[i].price != b->hits[i].price)
            return FALSE;
    }
    return TRUE;
}

static void the_order_of_adding_does_not_matter(void) {
    enum { N = 120 };
    guint64 seed = 31;
    struct person people[N];
    guint32 order[N];
    make_people(&seed, people, N, 3);
    struct people_index *straight = index_of(people, N);
    for (guint i = 0; i < N; i++)
        order[i] = i;
    for (guint round = 0; round < 4; round++) {
        for (guint i = N - 1; i > 0; i--) {
            const guint k = below(&seed, i + 1);
            const guint32 kept = order[i];
            order[i] = order[k];
            order[k] = kept;
        }
        struct people_builder *builder = people_builder_new();
        for (guint i = 0; i < N; i++)
            people_builder_add(builder, order[i], people[order[i]].given, people[order[i]].surname);
        struct people_index *mixed = people_builder_build(builder, NULL, NULL);
        struct people_searcher *s = people_searcher_new(straight), *t = people_searcher_new(mixed);
        g_assert_cmpuint(people_index_n_names(mixed), ==, people_index_n_names(straight));
        for (guint i = 0; i < 60; i++) {
            g_autofree char *query = make_query(&seed, people, N);
            const struct answer a = ask(s, query, i % 2), b = ask(t, query, i % 2);
            g_assert_true(same_answers_but_ties(&a, &b));
            for (guint k = 0; k < a.n; k++) {
                guint n, m; /* pairs are numbered by name, not by who came first */
                g_autofree guint32 *x = sorted_people(straight, a.hits[k].pair, &n),
                                   *y = sorted_people(mixed, a.hits[k].pair, &m);
                g_assert_cmpmem(x, n * sizeof *x, y, m * sizeof *y);
            }
        }
        people_searcher_free(s);
        people_searcher_free(t);
        people_index_free(mixed);
    }
    people_index_free(straight);
}

static void the_order_of_adding_breaks_no_tie(void) {
    enum { N = 70 };
    struct person people[2][N];
    struct answer answers[2];
    for (guint i = 0; i < N; i++) {
        people[0][i] = person_of("Ana", "");
        g_snprintf(people[0][i].surname, sizeof people[0][i].surname, "Lopez %c%cBRRGK", 'A' + i / 10,
                   'K' + i % 10);
        people[1][N - 1 - i] = people[0][i];
    }
    for (guint k = 0; k < 2; k++) {
        struct people_index *index = index_of(people[k], N);
        struct people_searcher *searcher = people_searcher_new(index);
        answers[k] = ask(searcher, "Ana Lopez", FALSE);
        people_searcher_free(searcher);
        people_index_free(index);
    }
    g_assert_true(same_answers(&answers[0], &answers[1]));
}

enum { N_QUERIES = 80 };

/* What a thread asks, and what it is answered. */
struct asking {
    const struct people_index *index;
    guint first; /* which is asked first */
    char *queries[N_QUERIES];
    struct answer answers[N_QUERIES];
};

static void make_asking(struct asking *asking, const struct people_index *index, guint64 *seed,
                        const struct person *people, guint n) {
    asking->index = index;
    for (guint i = 0; i < N_QUERIES; i++)
        asking->queries[i] = make_query(seed, people, n);
}

static gpointer ask_all(gpointer data) {
    struct asking *asking = data;
    struct people_searcher *searcher = people_searcher_new(asking->index);
    for (guint round = 0; round < 8; round++)
        for (guint k = 0; k < N_QUERIES; k++) {
            const guint i = (asking->first + k) % N_QUERIES;
            const struct answer a = ask(searcher, asking->queries[i], i % 2);
            if (round && !same_answers(&a, &asking->answers[i]))
                g_error("\"%s\" has another answer when it is asked again", asking->queries[i]);
            asking->answers[i] = a;
        }
    people_searcher_free(searcher);
    return NULL;
}

static void a_searcher_may_be_used_again_and_again(void) {
    enum { N = 100 };
    guint64 seed = 41;
    struct person people[N];
    make_people(&seed, people, N, 2);
    struct people_index *index = index_of(people, N);
    struct asking *asking = g_new0(struct asking, 1);
    make_asking(asking, index, &seed, people, N);
    ask_all(asking);
    struct people_searcher *searcher = people_searcher_new(index);
    for (guint round = 0; round < 3 * N_QUERIES; round++) {
        const guint i = below(&seed, N_QUERIES);
        const struct answer a = ask(searcher, asking->queries[i], i % 2);
        g_assert_true(same_answers(&a, &asking->answers[i]));
        if (round % 5 == 0) {
            struct people_searcher *fresh = people_searcher_new(index);
            const struct answer b = ask(fresh, asking->queries[i], i % 2);
            g_assert_true(same_answers(&a, &b));
            people_searcher_free(fresh);
        }
    }
    people_searcher_free(searcher);
    for (guint i = 0; i < N_QUERIES; i++)
        g_free(asking->queries[i]);
    g_free(asking);
    people_index_free(index);
}

static void two_threads_agree(void) {
    enum { N = 100 };
    guint64 seed = 42;
    struct person people[N];
    make_people(&seed, people, N, 2);
    struct people_index *index = index_of(people, N);
    struct asking *one = g_new0(struct asking, 1), *two = g_new0(struct asking, 1);
    make_asking(one, index, &seed, people, N);
    two->index = index;
    two->first = N_QUERIES / 2;
    for (guint i = 0; i < N_QUERIES; i++)
        two->queries[i] = one->queries[i];
    GThread *first = g_thread_new("one", ask_all, one), *second = g_thread_new("two", ask_all, two);
    g_thread_join(first);
    g_thread_join(second);
    for (guint i = 0; i < N_QUERIES; i++)
        g_assert_true(same_answers(&one->answers[i], &two->answers[i]));
    ask_all(two);
    for (guint i = 0; i < N_QUERIES; i++) {
        g_assert_true(same_answers(&one->answers[i], &two->answers[i]));
        g_free(one->queries[i]);
    }
    g_free(one);
    g_free(two);
    people_index_free(index);
}

/* ── Hits ──────────────────────────────────────────────────────────────────────────────────────── */

/* The people of every hit are those who have the name, each once. */
static void check_people(const struct people_index *index, const struct answer *a,
                         const GArray *names) {
    for (guint i = 0; i < a->n; i++) {
        struct people_name found;
        g_autoptr(GArray) expected = g_array_new(FALSE, FALSE, sizeof(guint32));
        people_hit_name(index, a->hits[i].pair, &found);
        for (guint k = 0; k < names->len; k++) {
            const struct name *name = &g_array_index(names, struct name, k);
            if (strcmp(name->given, found.given) == 0 && strcmp(name->surname, found.surname) == 0 &&
                (!expected->len || g_array_index(expected, guint32, expected->len - 1) != name->person))
                g_array_append_val(expected, name->person); /* names are in the order of people */
        }
        guint n;
        g_autofree guint32 *people = sorted_people(index, a->hits[i].pair, &n);
        g_assert_cmpuint(n, >, 0);
        g_assert_cmpmem(people, n * sizeof *people, expected->data, expected->len * sizeof *people);
    }
}

static guint count_names(const GArray *names) {
    g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < names->len; i++) {
        const struct name *name = &g_array_index(names, struct name, i);
        g_hash_table_add(known, g_strjoin(" ", name->given, name->surname, NULL));
    }
    return g_hash_table_size(known);
}

/* Whether one of the given name's words is there twice; or is all there is. */
static gboolean is_called_twice(const struct person *person) {
    struct person one = *person;
    g_autoptr(GArray) names = names_of(&one, 1);
    return count_names(names) < names->len;
}

static void every_hit_has_the_people_of_its_name(void) {
    enum { N = 150 };
    guint64 seed = 51;
    struct person people[N];
    for (guint round = 0; round < 4; round++) {
        make_people(&seed, people, N, 3);
        for (guint i = 0; i < N; i++)
            while (is_called_twice(&people[i])) /* see below */
                make_people(&seed, &people[i], 1, 3);
        g_autoptr(GArray) names = names_of(people, N);
        struct people_index *index = index_of(people, N);
        struct people_searcher *searcher = people_searcher_new(index);
        g_assert_cmpuint(people_index_n_names(index), ==, count_names(names));
        for (guint i = 0; i < 50; i++) {
            g_autofree char *query = make_query(&seed, people, N);
            const struct answer a = ask(searcher, query, i % 2);
            check_order(&a);
            check_people(index, &a, names);
        }
        people_searcher_free(searcher);
        people_index_free(index);
    }
}

static void a_person_is_in_a_list_once(void) {
    static const char *const givens[] = {"Ana Ana", "John ", "Jo-", " Eva", "Lee Ann Lee"},
                             *const whole[] = {"Ana", "John", "Jo", "Eva", "Lee"};
    for (guint i = 0; i < G_N_ELEMENTS(givens); i++) {
        const struct person person = person_of(givens[i], "Doe");
        g_autofree char *query = g_strjoin(" ", whole[i], "Doe", NULL);
        struct people_index *index = index_of(&person, 1);
        struct people_searcher *searcher = people_searcher_new(index);
        const struct answer a = ask(searcher, query, FALSE);
        const guint32 *numbers;
        g_assert_cmpuint(a.n, >, 0);
        if (people_hit_people(index, a.hits[0].pair, &numbers) != 1)
            g_error("\"%s\": listed more than once", givens[i]);
        people_searcher_free(searcher);
        people_index_free(index);
    }
}

/* Asked for fewer, the prices are the best of all. */
static void fewer_hits_are_the_best(void) {
    enum { N = 200, COMMON = 12, TIMES = 700 }; /* a dozen names are many people's */
    static const guint mosts[] = {1, 2, 5, 17, 63, 64, 1000};
    guint64 seed = 61;
    struct person *people = g_new0(struct person, N + COMMON * TIMES);
    make_people(&seed, people, N, 2);
    for (guint i = 0; i < COMMON * TIMES; i++)
        people[N + i] = people[i % COMMON * 7];
    struct people_index *index = index_of(people, N + COMMON * TIMES);
    struct people_searcher *searcher = people_searcher_new(index);
    for (guint i = 0; i < 60; i++) {
        g_autofree char *query = make_query(&seed, people, N);
        const struct answer all = ask(searcher, query, i % 2);
        check_order(&all);
        for (guint k = 0; k < G_N_ELEMENTS(mosts); k++) {
            struct answer a;
            a.n = people_search(searcher, query, i % 2, mosts[k], a.hits);
            g_assert_cmpuint(a.n, ==, MIN(all.n, mosts[k]));
            check_order(&a);
            for (guint h = 0; h < a.n; h++)
                g_assert_cmpint(a.hits[h].price, ==, all.hits[h].price);
        }
    }
    people_searcher_free(searcher);
    people_index_free(index);
    g_free(people);
}

static void no_more_names_are_told_than_there_is_room_for(void) {
    enum { N = PEOPLE_MOST_HITS + 100 };
    struct person *people = g_new(struct person, N);
    struct people_hit *hits = g_new0(struct people_hit, PEOPLE_MOST_HITS + 1);
    for (guint i = 0; i < N; i++) {
        people[i] = person_of("", "Zubrowka");
        g_snprintf(people[i].given, sizeof people[i].given, "%c%c%c", 'A' + i / 676 % 26,
                   'A' + i / 26 % 26, 'A' + i % 26);
    }
    struct people_index *index = index_of(people, N);
    struct people_searcher *searcher = people_searcher_new(index);
    hits[PEOPLE_MOST_HITS].price = 77;
    g_assert_cmpuint(people_search(searcher, "Zubrowka", FALSE, 10000, hits), ==, PEOPLE_MOST_HITS);
    g_assert_cmpint(hits[PEOPLE_MOST_HITS].price, ==, 77);
    g_assert_cmpuint(people_search(searcher, "Zubrowka", FALSE, 63, hits), ==, 63);
    people_searcher_free(searcher);
    people_index_free(index);
    g_free(people);
    g_free(hits);
}

static void ten_thousand_may_have_one_name(void) {
    enum { N = 10000, OTHERS = 100 };
    struct people_builder *builder = people_builder_new();
    people_builder_add(builder, N, "Jon", "Smyth");
    for (guint32 i = 0; i < N; i++)
        people_builder_add(builder, i, "John", "Smith");
    people_builder_add(builder, N + 1, "Joan", "Smith");
    for (guint32 i = 0; i < OTHERS; i++) {
        const char given[] = {(char)('A' + i / 10), 'X', (char)('K' + i % 10), 'Q', 0};
        people_builder_add(builder, N + 2 + i, given, "Smith");
    }
    struct people_index *index = people_builder_build(builder, NULL, NULL);
    struct people_searcher *searcher = people_searcher_new(index);
    g_assert_cmpuint(people_index_n_names(index), ==, 3 + OTHERS);
    const struct answer a = ask(searcher, "John Smith", FALSE), b = ask(searcher, "Jon Smyth", FALSE),
                        c = ask(searcher, "Smith", FALSE), d = ask(searcher, "Joan Smith", FALSE);
    g_assert_nonnull(hit_of(index, &b, "Jon", "Smyth"));
    g_assert_nonnull(hit_of(index, &a, "Joan", "Smith"));
    g_assert_true(hit_of(index, &c, "John", "Smith") == &c.hits[0]);
    g_assert_nonnull(hit_of(index, &d, "Joan", "Smith"));
    struct people_hit only;
    g_assert_cmpuint(people_search(searcher, "Joan Smith", FALSE, 1, &only), ==, 1);
    g_assert_cmpuint(only.pair, ==, d.hits[0].pair);
    const struct people_hit *hit = hit_of(index, &a, "John", "Smith");
    g_assert_true(hit == &a.hits[0] && hit->reason == PEOPLE_SAME);
    g_assert_cmpint(hit->price, <, 0);
    /* Hundredths of a nat: ten thousand times as common, and written just so. */
    g_assert_cmpint(hit->price, >=, -922 - 600);
    guint n;
    g_autofree guint32 *numbers = sorted_people(index, hit->pair, &n);
    g_assert_cmpuint(n, ==, N);
    for (guint32 i = 0; i < N; i++)
        g_assert_cmpuint(numbers[i], ==, i);
    people_searcher_free(searcher);
    people_index_free(index);
}

/* ── Uncommon names ────────────────────────────────────────────────────────────────────────────── */

#define FORTY "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMN"

static void names_that_are_long_or_hardly_there_are_found(void) {
    static const struct {
        const char *given, *surname, *queries[5];
    } cases[] = {
        {"Ann", FORTY "OPQ", {"Ann " FORTY "OPQ", FORTY ", Ann", "Ann " FORTY "XYZ", FORTY}},
        {FORTY "X Y", "Long", {FORTY "X Y Long", FORTY " Long", "Long " FORTY, "Long"}},
        {"Ann",
         FORTY, /* a slip near its end, one in the middle, one at the start */
         {"Ann ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLNM", "Ann ABCDEFGHIJKLMNOPQRTUVWXYZABCDEFGHIJKLMN",
          "Ann BCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMN"}},
        {"", "Nobody", {"Nobody", " nobody ", "NOBDOY", ", Nobody", "Nobody,"}},
        {"Иван", "Petrov", {"Petrov", "Иван Petrov", "Petrov, Иван"}},
        {"李", "Li", {"Li", "李 Li"}},
        {"Zoë", "Ñandú", {"zoe nandu", "ZOË ÑANDÚ", "Ñandú, Zoë", "Nandu"}},
        {"J", "O", {"J O", "O, J", "O"}},
        {"D'Arcy", "O\xE2\x80\x99Neil-Ng", {"darcy oneil ng", "Darcy Oneil", "ONEILNG"}},
        {"straße", "ﬁsh", {"STRASSE FISH", "straße ﬁsh", "Fish"}},
        {"\xFF"
         "Ann\xFE",
         "\xC3"
         "Lee",
         {"Ann Lee",
          "\xFF"
          "Ann\xFE \xC3"
          "Lee",
          "lee"}}};
    struct person people[G_N_ELEMENTS(cases)];
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        people[i] = person_of(cases[i].given, cases[i].surname);
    struct people_index *index = index_of(people, G_N_ELEMENTS(cases));
    for (guint32 i = 0; i < G_N_ELEMENTS(cases); i++)
        for (guint k = 0; k < 5 && cases[i].queries[k]; k++)
            if (!finds(index, cases[i].queries[k], i))
                g_error("\"%s\" does not find person %u", cases[i].queries[k], i);
    people_index_free(index);
}

/* Without letters in the surname nobody is found by name. */
static void who_has_no_letters_has_no_name(void) {
    static const struct person people[] = {
        {"Ann", ""}, {"", ""}, {"Ann", "7"}, {"Li", "&"}, {"Ann", "---"}};
    struct people_index *index = index_of(people, G_N_ELEMENTS(people));
    struct people_searcher *searcher = people_searcher_new(index);
    g_assert_cmpuint(people_index_n_names(index), ==, 0);
    for (guint i = 0; i < G_N_ELEMENTS(people); i++) {
        g_autofree char *query = g_strjoin(" ", people[i].given, people[i].surname, NULL);
        g_assert_cmpuint(ask(searcher, query, TRUE).n, ==, 0);
    }
    people_searcher_free(searcher);
    people_index_free(index);
}

static void each_given_name_finds_its_person(void) {
    static const char *const givens[] = {"María José", "Jean-Luc", "Ana Sofía Belén", "Mary-Jo Ann",
                                         "Juan Pablo Luis Diego"};
    struct person people[G_N_ELEMENTS(givens)];
    for (guint i = 0; i < G_N_ELEMENTS(givens); i++)
        people[i] = person_of(givens[i], "Zubrowka");
    struct people_index *index = index_of(people, G_N_ELEMENTS(givens));
    struct people_searcher *searcher = people_searcher_new(index);
    for (guint32 i = 0; i < G_N_ELEMENTS(givens); i++) {
        g_auto(GStrv) words = g_strsplit_set(givens[i], " -", -1);
        for (char **word = words; *word; word++) {
            g_autofree char *query = g_strjoin(" ", *word, "Zubrowka", NULL);
            const struct answer a = ask(searcher, query, FALSE);
            const struct people_hit *hit = hit_of(index, &a, *word, "Zubrowka");
            if (!hit || hit != &a.hits[0] || hit->reason != PEOPLE_SAME || !has_person(index, &a, i))
                g_error("\"%s\" does not find %s", query, givens[i]);
        }
    }
    people_searcher_free(searcher);
    people_index_free(index);
}

static void the_fifth_given_name_finds_its_person(void) {
    const struct person person = person_of("Ana Sofia Belen Luisa Carmen", "Ruiz");
    g_assert_true(finds_among(&person, 1, "Carmen Ruiz", 0));
}

/* ── Found however common others are, however long the name ────────────────────────────────────── */

static void a_name_of_seven_words_is_found(void) {
    const struct person person = person_of("María de los Ángeles", "de la Cruz");
    g_assert_true(finds_among(&person, 1, "María de los Ángeles de la Cruz", 0));
}

static void a_surname_of_two_words_is_found_alone(void) {
    const struct person people[] = {{"", "García López"}, {"Ana", "de la Cruz"}};
    g_assert_true(finds_among(people, 2, "García López", 0));
    g_assert_true(finds_among(people, 2, "de la Cruz", 1));
}

static void a_suffix_after_a_comma_hides_nobody(void) {
    const struct person people[] = {{"John", "Smith"}, {"John", "Smith Jr"}};
    g_assert_true(finds_among(people, 2, "John Smith, Jr.", 1));
    g_assert_true(finds_among(people, 2, "John Smith, Jr.", 0));
}

/* A name a letter longer, the letter last in the surname or the given name or before its end. */
static void make_neighbour(guint number, char *given, char *surname, gsize size) {
    const char letter = (char)('A' + number % 26);
    g_strlcpy(given, "OLGA", size);
    g_strlcpy(surname, "ZUBROWKA", size);
    if (number < 26)
        g_snprintf(given, size, "OLGA%c", letter);
    else if (number < 52)
        g_snprintf(surname, size, "ZUBROWKA%c", letter);
    else
        g_snprintf(given, size, "OLG%cA", (char)(letter + 1)); /* A would be OLGAA again */
}

/* One person, and 64 names a slip from hers that many have. */
static void commoner_names_crowd_nobody_out(void) {
    struct people_builder *builder = people_builder_new();
    guint32 person = 0;
    people_builder_add(builder, person++, "OLGA", "ZUBROWKA");
    for (guint number = 0; number < MOST; number++) {
        char given[16], surname[16];
        make_neighbour(number, given, surname, sizeof given);
        for (guint i = 0; i < 1500; i++)
            people_builder_add(builder, person++, given, surname);
    }
    struct people_index *index = people_builder_build(builder, NULL, NULL);
    g_assert_true(finds(index, "Olga Zubrowka", 0));
    people_index_free(index);
}

static void a_surname_alone_finds_who_has_no_other_name(void) {
    struct person people[1 + 2 * MOST] = {person_of("", "Smith")};
    for (guint i = 0; i < 2 * MOST; i++) {
        people[1 + i] = person_of("", "Smith");
        g_snprintf(people[1 + i].given, sizeof people[1 + i].given, "%c%c", 'A' + i / 2 % 26,
                   'B' + i / 52);
    }
    g_assert_true(finds_among(people, G_N_ELEMENTS(people), "Smith", 0));
}

/* The person's surname is in the middle of 40000 that begin and sound the same. */
static void like_names_crowd_nobody_out(void) {
    struct people_builder *builder = people_builder_new();
    char surname[] = "BADEGIFAAAAAAAA", middle[sizeof surname] = "";
    for (guint32 i = 0; i < 40000; i++) {
        for (guint k = 0, rest = i; k < 8; k++, rest /= 4)
            surname[14 - k] = "AEIU"[rest % 4];
        people_builder_add(builder, i, "Olga", surname);
        if (i == 20000)
            g_strlcpy(middle, surname, sizeof middle);
    }
    struct people_index *index = people_builder_build(builder, NULL, NULL);
    g_autofree char *query = g_strjoin(" ", "Olga", middle, NULL);
    g_assert_true(finds(index, query, 20000));
    people_index_free(index);
}

static void looking_harder_loses_nobody(void) {
    struct people_builder *builder = people_builder_new();
    char surname[] = "BCDFGHJKLMNPQRSTVW";
    guint32 person = 0;
    people_builder_add(builder, person++, "Olga", surname);
    for (guint i = 7; i < 18; i++)
        for (guint k = i + 1; k < 18; k++)
            for (guint letters = 0; letters < 100; letters++) {
                const char kept_i = surname[i], kept_k = surname[k];
                surname[i] = (char)('X' - letters / 10 % 10 + (letters / 10 % 10 == 0));
                surname[k] = (char)('Z' - letters % 10);
                people_builder_add(builder, person++, "Olga", surname);
                surname[i] = kept_i;
                surname[k] = kept_k;
            }
    struct people_index *index = people_builder_build(builder, NULL, NULL);
    struct people_searcher *searcher = people_searcher_new(index);
    const struct answer plain = ask(searcher, "Olga BCDFGHJKLMNPQRSTVW", FALSE),
                        harder = ask(searcher, "Olga BCDFGHJKLMNPQRSTVW", TRUE);
    people_searcher_free(searcher);
    g_assert_true(has_person(index, &plain, 0));
    g_assert_true(has_person(index, &harder, 0));
    people_index_free(index);
}

/* Half a surname costs the same on top whatever the given name. */
static void half_a_surname_costs_the_same_on_top(void) {
    const struct person people[] = {
        {"Roberta", "Garza Lopez"}, {"Roberta", "Garza"}, {"Alexandria", "Garza Lopez"},
        {"Alexandria", "Garza"},    {"Tomas", "Garza"},   {"Tomas", "Garza Lopez"}};
    /* None as anybody has it: that one would come first. */
    static const char *const queries[] = {"Tommas Garza", "Robert Garza", "Tom Garza", "R. Garza"};
    struct people_index *index = index_of(people, G_N_ELEMENTS(people));
    struct people_searcher *searcher = people_searcher_new(index);
    int on_top = 0;
    for (guint i = 0; i < G_N_ELEMENTS(queries); i++) {
        const struct answer a = ask(searcher, queries[i], FALSE);
        for (guint k = 0; k < G_N_ELEMENTS(people); k++) {
            const struct people_hit *part = hit_of(index, &a, people[k].given, "Garza Lopez"),
                                    *whole = hit_of(index, &a, people[k].given, "Garza");
            g_assert_true((part == NULL) == (whole == NULL));
            if (!part)
                continue;
            if (on_top && part->price - whole->price != on_top)
                g_error("\"%s\": %s Garza Lopez costs %d, %s Garza %d", queries[i], people[k].given,
                        part->price, people[k].given, whole->price);
            on_top = part->price - whole->price;
        }
    }
    people_searcher_free(searcher);
    people_index_free(index);
}

static void a_name_is_folded_as_the_header_says(void) {
    static const char *const cases[][2] = {{"O’Brien-Núñez, María", "obrien nunez maria"},
                                           {"  ﬁsh  STRASSE\tß ", "fish strasse ss"},
                                           {"e\xCC\x81", "e"},
                                           {"a\xFF"
                                            "b\xC3",
                                            "a b"},
                                           {"...", ""}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *folded = people_fold(cases[i][0]);
        g_assert_cmpstr(folded, ==, cases[i][1]);
    }
    g_autofree char *name = people_fold_name("de la Cruz", "Ana", "J."),
                    *none = people_fold_name("", "", "");
    g_assert_cmpstr(name, ==, "de la cruz ana j");
    g_assert_cmpstr(none, ==, "");
}

static void check_apostrophe(const char *apostrophe) {
    g_autofree char *name = g_strconcat("O", apostrophe, "Brien", NULL), *folded = people_fold(name);
    g_assert_cmpstr(folded, ==, "obrien");
}

static void an_apostrophe_joins_its_word(void) {
    static const char *const apostrophes[] = {"'", "`", "\xE2\x80\x99", "\xE2\x80\x98"};
    for (guint i = 0; i < G_N_ELEMENTS(apostrophes); i++)
        check_apostrophe(apostrophes[i]);
}

static void the_letter_apostrophe_joins_too(void) {
    check_apostrophe("\xCA\xBC");
}

static void nobody_is_found_when_nobody_is_asked_for(void) {
    const struct person person = person_of("John", "Smith");
    struct people_index *index = index_of(&person, 1);
    struct people_searcher *searcher = people_searcher_new(index);
    struct people_hit hits[1];
    g_assert_cmpuint(people_search(searcher, "John Smith", FALSE, 0, hits), ==, 0);
    people_searcher_free(searcher);
    people_index_free(index);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/similar/edits", edits_are_counted_as_a_textbook_does);
    g_test_add_func("/similar/far", a_price_over_the_most_is_far);
    g_test_add_func("/similar/just", a_price_of_just_the_most_is_told);
    g_test_add_func("/search/typed", whoever_is_typed_is_found);
    g_test_add_func("/search/another", another_person_hides_nobody);
    g_test_add_func("/search/everybody", the_search_finds_whom_looking_at_everybody_finds);
    g_test_add_func("/search/two", harder_looks_for_two_edits_always);
    g_test_add_func("/search/order", the_order_of_adding_does_not_matter);
    g_test_add_func("/search/ties", the_order_of_adding_breaks_no_tie);
    g_test_add_func("/search/again", a_searcher_may_be_used_again_and_again);
    g_test_add_func("/search/threads", two_threads_agree);
    g_test_add_func("/search/people", every_hit_has_the_people_of_its_name);
    g_test_add_func("/search/once", a_person_is_in_a_list_once);
    g_test_add_func("/search/fewer", fewer_hits_are_the_best);
    g_test_add_func("/search/64", no_more_names_are_told_than_there_is_room_for);
    g_test_add_func("/search/thousands", ten_thousand_may_have_one_name);
    g_test_add_func("/search/uncommon", names_that_are_long_or_hardly_there_are_found);
    g_test_add_func("/search/letterless", who_has_no_letters_has_no_name);
    g_test_add_func("/search/given", each_given_name_finds_its_person);
    g_test_add_func("/search/fifth", the_fifth_given_name_finds_its_person);
    g_test_add_func("/search/seven", a_name_of_seven_words_is_found);
    g_test_add_func("/search/surname", a_surname_of_two_words_is_found_alone);
    g_test_add_func("/search/suffix", a_suffix_after_a_comma_hides_nobody);
    g_test_add_func("/search/crowd", commoner_names_crowd_nobody_out);
    g_test_add_func("/search/alone", a_surname_alone_finds_who_has_no_other_name);
    g_test_add_func("/search/alike", like_names_crowd_nobody_out);
    g_test_add_func("/search/harder", looking_harder_loses_nobody);
    g_test_add_func("/search/half", half_a_surname_costs_the_same_on_top);
    g_test_add_func("/search/none", nobody_is_found_when_nobody_is_asked_for);
    g_test_add_func("/fold/names", a_name_is_folded_as_the_header_says);
    g_test_add_func("/fold/apostrophe", an_apostrophe_joins_its_word);
    g_test_add_func("/fold/letter", the_letter_apostrophe_joins_too);
    return g_test_run();
}
