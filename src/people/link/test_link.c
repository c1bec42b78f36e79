/* What two records have in common, in words and bits, and which rows become one person. */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "people/link/link.h"

static const struct link_column columns[] = {
    {"sex", LINK_CODE}, {"ssn", LINK_KEY}, {"street", LINK_TEXT}};
enum { SEX, SSN, STREET };

static const char *const given_names[] = {"ROBERT", "MARIA",  "JAMES", "LINDA", "PAUL",  "SUSAN",
                                          "OMAR",   "NANCY",  "KEVIN", "DONNA", "JORGE", "RUTH",
                                          "CARLOS", "LATOYA", "ERIC",  "ROSA"};

/* What the linker asks GLib for; here it is what a test says. */
static guint n_processors = 2;
guint g_get_num_processors(void) {
    return n_processors;
}

static guint pick(guint64 *seed, guint n) {
    return (guint)(base_seeded_next(seed) % n);
}

/* A made-up word of `n` syllables. */
static void word(guint64 *seed, guint n, char out[40]) {
    static const char *const syllables[] = {"BA", "DE", "KI", "LO", "MU",   "NA",  "PO",
                                            "RI", "SA", "TE", "VU", "STON", "GRA", "FIN"};
    out[0] = 0;
    for (guint i = 0; i < n; i++)
        g_strlcat(out, syllables[pick(seed, G_N_ELEMENTS(syllables))], 40);
}

/* People, most of them twice: once as they are and once with something missing or wrong. */
static void add_crowd(struct link_set *set, guint n) {
    guint64 seed = 7;
    for (guint i = 0; i < n; i++) {
        char surname[40], street[40], ssn[12];
        word(&seed, 3, surname);
        word(&seed, 3, street);
        g_snprintf(ssn, sizeof ssn, "%09u", pick(&seed, 1000000000));
        struct link_record r = {.surname = surname,
                                .given = given_names[pick(&seed, G_N_ELEMENTS(given_names))],
                                .middle = given_names[pick(&seed, G_N_ELEMENTS(given_names))],
                                .suffix = pick(&seed, 5)   ? NULL
                                          : pick(&seed, 2) ? "JR"
                                                           : "SR",
                                .year = 1950 + pick(&seed, 50),
                                .month = 1 + pick(&seed, 12),
                                .day = 1 + pick(&seed, 28),
                                .values = {pick(&seed, 2) ? "F" : "M", ssn, street}};
        link_set_add(set, &r);
        if (i % 8 == 0)
            continue;
        switch (i % 8) {
        case 1: r.values[SSN] = NULL; break;
        case 2: r.day = r.day % 28 + 1; break;
        case 3: r.middle = NULL; break;
        case 4: surname[2] = 'Q'; break;
        case 5: street[2] = 'Q'; break;
        default: break;
        }
        link_set_add(set, &r);
    }
}

/* A learned set of these records and then the crowd. */
static struct link_set *set_of(const struct link_record *records, guint n) {
    struct link_set *set = link_set_new(columns, G_N_ELEMENTS(columns));
    for (guint i = 0; i < n; i++)
        link_set_add(set, &records[i]);
    add_crowd(set, 400);
    link_set_learn(set);
    return set;
}

static const struct link_evidence *find(const struct link_evidence *evidence, guint n,
                                        const char *field) {
    for (guint i = 0; i < n; i++)
        if (strcmp(evidence[i].field, field) == 0)
            return &evidence[i];
    g_error("no field \"%s\"", field);
}

#define PERSON .surname = "ZWOLINSKI", .given = "ELIZABETH", .year = 1980, .month = 3, .day = 14

/* ── Levels ── */

struct pair {
    const char *field, *level;
    struct link_record a, b;
};

static const struct pair pairs[] = {
    {"given name", "same", {.given = "ELIZABETH"}, {.given = "Élizabeth"}},
    {"given name", "nickname", {.given = "ELIZABETH"}, {.given = "LIZ"}},
    {"given name", "nickname", {.given = "BOB"}, {.given = "ROB"}},
    {"given name", "one slip", {.given = "YOLANDA"}, {.given = "YOLADNA"}},
    {"given name", "like it", {.given = "YOLANDA"}, {.given = "YOLXXDA"}},
    {"given name", "like it", {.given = "TANYAMAE"}, {.given = "TANYA"}},
    {"given name", "same", {.given = "TANYA MAE"}, {.given = "TANYA"}}, /* the rest is a middle name */
    {"middle name", "same", {.given = "TANYA MAE"}, {.given = "TANYA", .middle = "MAE"}},
    {"given name", "initial", {.given = "YOLANDA"}, {.given = "Y."}},
    {"given name", "another", {.given = "YOLANDA"}, {.given = "E"}},
    {"given name", "the other's middle", {.given = "OMAR"}, {.given = "KEVIN", .middle = "OMAR"}},
    {"given name", "another", {.given = "OMAR"}, {.given = "KEVIN"}},
    {"given name", "not known", {.given = "OMAR"}, {.given = ""}},
    {"given name", "not known", {.given = "OMAR"}, {.given = "--"}},
    {"middle name", "same", {.middle = "OMAR"}, {.middle = "omar"}},
    {"middle name", "initial", {.middle = "OMAR"}, {.middle = "O"}},
    {"middle name", "like it", {.middle = "YOLANDA"}, {.middle = "YOLANDE"}},
    {"middle name", "another", {.middle = "OMAR"}, {.middle = "KEVIN"}},
    {"middle name", "another", {.middle = "OMAR"}, {.middle = "K"}},
    {"middle name", "not known", {.middle = "OMAR"}, {0}},
    {"surname", "same", {.surname = "O'Brien"}, {.surname = "OBRIEN"}},
    {"surname", "same", {.surname = "De La Cruz"}, {.surname = "DELACRUZ"}},
    {"surname", "a part of it", {.surname = "GARCIA-ZWOLINSKI"}, {.surname = "ZWOLINSKI"}},
    {"surname", "a part of it", {.surname = "GARCIA VEGA"}, {.surname = "VEGA LOPEZ"}},
    {"surname", "one slip", {.surname = "ZWOLINSKI"}, {.surname = "ZWOLIMSKI"}},
    {"surname", "one slip", {.surname = "SCHMIDT"}, {.surname = "SHMIT"}}, /* heard alike */
    {"surname", "like it", {.surname = "ZWOLINSKI"}, {.surname = "ZWOXXNSKI"}},
    {"surname", "another", {.surname = "ZWOLINSKI"}, {.surname = "OBRADOVIC"}},
    {"surname", "another", {.surname = "LI"}, {.surname = "WU"}},
    {"surname", "not known", {.surname = "ZWOLINSKI"}, {.surname = NULL}},
    {"surname",
     "given name and surname swapped",
     {.surname = "ZWOLINSKI", .given = "OMAR"},
     {.surname = "OMAR", .given = "ZWOLINSKI"}},
    {"given name",
     "not known",
     {.surname = "ZWOLINSKI", .given = "OMAR"},
     {.surname = "OMAR", .given = "ZWOLINSKI"}}, /* the surname tells it */
    {"surname", "another", {.surname = "PAUL", .given = "OMAR"}, {.surname = "OMAR", .given = "OMAR"}},
    {"suffix", "same", {.suffix = "JR"}, {.suffix = "Jr."}},
    {"suffix", "another", {.suffix = "JR"}, {.suffix = "SR"}},
    {"suffix", "not known", {.suffix = "JR"}, {.suffix = "ESQ"}},
    {"suffix", "not known", {.suffix = "JR"}, {0}},
    {"birth date",
     "same",
     {.year = 1980, .month = 3, .day = 14},
     {.year = 1980, .month = 3, .day = 14}},
    {"birth date",
     "day and month swapped",
     {.year = 1980, .month = 3, .day = 11},
     {.year = 1980, .month = 11, .day = 3}},
    {"birth date",
     "one digit",
     {.year = 1980, .month = 3, .day = 14},
     {.year = 1980, .month = 3, .day = 24}},
    {"birth date",
     "one digit",
     {.year = 1980, .month = 3, .day = 13},
     {.year = 1980, .month = 3, .day = 31}}, /* digits swapped */
    {"birth date",
     "one digit",
     {.year = 1979, .month = 3, .day = 14},
     {.year = 1980, .month = 3, .day = 14}}, /* the years are neighbours */
    {"birth date",
     "one digit",
     {.year = 1968, .month = 3, .day = 14},
     {.year = 1986, .month = 3, .day = 14}},
    {"birth date",
     "two of three",
     {.year = 1980, .month = 3, .day = 14},
     {.year = 1980, .month = 3, .day = 27}},
    {"birth date",
     "two of three",
     {.year = 1952, .month = 3, .day = 14},
     {.year = 1987, .month = 3, .day = 14}},
    {"birth date",
     "year only",
     {.year = 1980, .month = 3, .day = 14},
     {.year = 1980, .month = 1, .day = 1}},
    {"birth date", "year only", {.year = 1980, .month = 3, .day = 14}, {.year = 1981}},
    {"birth date", "a generation apart", {.year = 1980, .month = 3, .day = 14}, {.year = 1950}},
    {"birth date",
     "a generation apart",
     {.year = 1980, .month = 3, .day = 14},
     {.year = 1953, .month = 7, .day = 2}},
    {"birth date",
     "another",
     {.year = 1980, .month = 3, .day = 14},
     {.year = 1975, .month = 7, .day = 2}},
    {"birth date", "not known", {.year = 1980, .month = 3, .day = 14}, {0}},
    {"birth date",
     "not known",
     {.year = 1980, .month = 3, .day = 14},
     {.year = 1700, .month = 3, .day = 14}},
    {"birth date",
     "not known",
     {.year = 1980, .month = 3, .day = 14},
     {.year = G_MAXUINT, .month = 3, .day = 14}},
    {"birth date",
     "year only",
     {.year = 1980, .month = 3, .day = 14},
     {.year = 1980, .month = 13, .day = 32}}, /* what is no date leaves its year */
    {"sex", "same", {.values = {"m"}}, {.values = {" M "}}},
    {"sex", "another", {.values = {"M"}}, {.values = {"F"}}},
    {"sex", "not known", {.values = {"M"}}, {.values = {"  "}}},
    {"ssn", "same", {.values = {NULL, "12 34 ab"}}, {.values = {NULL, "1234AB"}}},
    {"ssn", "another", {.values = {NULL, "1234"}}, {.values = {NULL, "1235"}}},
    {"ssn", "not known", {.values = {NULL, "1234"}}, {.values = {NULL, ""}}},
    {"street", "same", {.values = {NULL, NULL, "12 Elm St."}}, {.values = {NULL, NULL, "12 ELM ST"}}},
    {"street",
     "like it",
     {.values = {NULL, NULL, "ZWOLINSKI ROAD"}},
     {.values = {NULL, NULL, "ZWOLIMSKY ROAD"}}},
    {"street", "like it", {.values = {NULL, NULL, "12 Elm St"}}, {.values = {NULL, NULL, "13 Elm St"}}},
    {"street",
     "another",
     {.values = {NULL, NULL, "OBRADOVIC WAY"}},
     {.values = {NULL, NULL, "ZWOLINSKI ROAD"}}},
    {"street", "not known", {.values = {NULL, NULL, "..."}}, {.values = {NULL, NULL, "ZWOLINSKI"}}},
};

/* The pairs' records are rows 2 i and 2 i + 1. */
static struct link_set *set_of_pairs(void) {
    struct link_record records[2 * G_N_ELEMENTS(pairs)];
    for (guint i = 0; i < G_N_ELEMENTS(pairs); i++) {
        records[2 * i] = pairs[i].a;
        records[2 * i + 1] = pairs[i].b;
    }
    return set_of(records, G_N_ELEMENTS(records));
}

static void every_field_has_its_levels(void) {
    struct link_set *set = set_of_pairs();
    struct link_evidence evidence[LINK_MOST_FIELDS];
    for (guint i = 0; i < G_N_ELEMENTS(pairs); i++)
        for (guint way = 0; way < 2; way++) { /* whichever is the first */
            guint n = 0;
            link_compare(set, 2 * i + way, 2 * i + 1 - way, evidence, &n);
            const char *level = find(evidence, n, pairs[i].field)->level;
            if (strcmp(level, pairs[i].level) != 0)
                g_error("pair %u, %s: \"%s\" and not \"%s\"", i, pairs[i].field, level, pairs[i].level);
        }
    link_set_free(set);
}

static void fields_come_in_order_and_unknown_ones_weigh_nothing(void) {
    static const char *const fields[] = {"given name", "middle name", "surname", "suffix",
                                         "birth date", "sex",         "ssn",     "street"};
    struct link_set *set = set_of((struct link_record[]){{PERSON}, {0}, {0}}, 3);
    struct link_evidence evidence[LINK_MOST_FIELDS];
    guint n = 0;
    for (guint b = 0; b < 3; b++) {
        const double bits = link_compare(set, 2, b, evidence, &n);
        g_assert_cmpuint(n, ==, G_N_ELEMENTS(fields));
        for (guint i = 0; i < n; i++) {
            g_assert_cmpstr(evidence[i].field, ==, fields[i]);
            g_assert_cmpstr(evidence[i].level, ==, "not known");
            g_assert_cmpfloat(evidence[i].bits, ==, 0);
        }
        g_assert_cmpfloat(bits, ==, link_prior(set));
    }
    link_set_free(set);
}

/* ── Bits ── */

static void bits_are_the_prior_and_the_fields_together(void) {
    struct link_set *set = set_of_pairs();
    struct link_evidence evidence[LINK_MOST_FIELDS];
    g_assert_cmpfloat(link_prior(set), <, 0);
    for (guint32 a = 0; a < link_set_size(set); a += 17) {
        const guint32 b = (a * 31 + 5) % link_set_size(set);
        guint n = 0;
        const double bits = link_compare(set, a, b, evidence, &n);
        double sum = link_prior(set);
        for (guint i = 0; i < n; i++)
            sum += evidence[i].bits;
        g_assert_true(isfinite(bits));
        g_assert_cmpfloat_with_epsilon(bits, sum, 1e-9);
        g_assert_cmpfloat(link_compare(set, a, b, NULL, NULL), ==, bits);
    }
    link_set_free(set);
}

static double field_bits(const struct link_set *set, guint32 a, guint32 b, const char *field) {
    struct link_evidence evidence[LINK_MOST_FIELDS];
    guint n = 0;
    link_compare(set, a, b, evidence, &n);
    return find(evidence, n, field)->bits;
}

static void what_is_rarer_or_more_alike_weighs_more(void) {
    enum { PLAIN, AGAIN, SLIPPED, ELSE_ONE, COMMON, COMMON_AGAIN, N };
    const struct link_record records[N] = {
        [PLAIN] = {PERSON, .values = {"F", "111223333", "ZWOLINSKI ROAD"}},
        [AGAIN] = {PERSON, .values = {"F", "111223333", "ZWOLINSKI ROAD"}},
        [SLIPPED] = {.surname = "ZWOLIMSKI",
                     .given = "ELIZABETH",
                     .year = 1980,
                     .month = 3,
                     .day = 15,
                     .values = {"F", NULL, "ZWOLIMSKI ROAD"}},
        [ELSE_ONE] = {.surname = "OBRADOVIC",
                      .given = "TANYA",
                      .year = 1966,
                      .month = 11,
                      .day = 30,
                      .values = {"M", "911223339", "OBRADOVIC WAY"}},
        [COMMON] = {PERSON},
        [COMMON_AGAIN] = {PERSON}};
    struct link_record given_is_common[N];
    memcpy(given_is_common, records, sizeof records);
    given_is_common[COMMON].given = given_is_common[COMMON_AGAIN].given = "MARIA";
    struct link_set *set = set_of(given_is_common, N);
    static const char *const graded[] = {"surname", "birth date", "street"};
    for (guint i = 0; i < G_N_ELEMENTS(graded); i++) {
        g_assert_cmpfloat(field_bits(set, PLAIN, AGAIN, graded[i]), >,
                          field_bits(set, PLAIN, SLIPPED, graded[i]));
        g_assert_cmpfloat(field_bits(set, PLAIN, SLIPPED, graded[i]), >, 0);
        g_assert_cmpfloat(field_bits(set, PLAIN, ELSE_ONE, graded[i]), <, 0);
    }
    g_assert_cmpfloat(field_bits(set, PLAIN, AGAIN, "ssn"), >, 0);
    g_assert_cmpfloat(field_bits(set, PLAIN, ELSE_ONE, "ssn"), <, 0);
    g_assert_cmpfloat(field_bits(set, PLAIN, ELSE_ONE, "sex"), <, 0);
    g_assert_cmpfloat(field_bits(set, PLAIN, AGAIN, "sex"), <, 2); /* half of all have it */
    g_assert_cmpfloat(field_bits(set, PLAIN, AGAIN, "given name"), >,
                      field_bits(set, COMMON, COMMON_AGAIN, "given name"));
    g_assert_cmpfloat(link_compare(set, PLAIN, AGAIN, NULL, NULL), >, 20);
    g_assert_cmpfloat(link_compare(set, PLAIN, ELSE_ONE, NULL, NULL), <, -20);
    link_set_free(set);
}

/* Which sex somebody called MARIA is of tells nothing more. */
static void a_code_that_the_given_name_implies_says_nothing(void) {
    guint64 seed = 11;
    struct link_set *set = link_set_new(columns, G_N_ELEMENTS(columns));
    for (guint i = 0; i < 4000; i++) {
        char surname[40];
        word(&seed, 3, surname);
        const guint given = pick(&seed, 16);
        const struct link_record r = {.surname = surname,
                                      .given = given_names[given],
                                      .year = 1950 + pick(&seed, 50),
                                      .month = 1 + pick(&seed, 12),
                                      .day = 1 + pick(&seed, 28),
                                      .values = {given % 2 ? "F" : "M"}};
        link_set_add(set, &r);
        link_set_add(set, &r);
    }
    link_set_learn(set);
    g_assert_cmpfloat(fabs(field_bits(set, 0, 1, "sex")), <, 0.2);
    link_set_free(set);
}

/* ── Groups ── */

static void check_outcomes(const struct link_outcome *outcomes, guint32 n,
                           const struct link_options *options) {
    for (guint32 i = 0; i < n; i++) {
        const struct link_outcome *o = &outcomes[i];
        guint32 size = 0;
        for (guint32 k = 0; k < n; k++)
            size += outcomes[k].person == o->person;
        g_assert_cmpuint(o->person, <=, i);
        g_assert_cmpuint(outcomes[o->person].person, ==, o->person);
        g_assert_cmpint(o->band == LINK_NONE, ==, size == 1);
        if (o->band == LINK_NONE) {
            g_assert_true(isinf(o->bits) && o->bits < 0);
            continue;
        }
        g_assert_cmpfloat(o->bits, >=, options->possible);
        g_assert_cmpint(o->band == LINK_SURE, ==, o->bits >= options->sure);
    }
}

static void rows_of_one_person_are_grouped_and_others_not(void) {
    enum { FATHER, SON, FATHER_AGAIN, SON_AGAIN, NOBODY, NOBODY_TOO, SWAPPED, N };
    const struct link_record records[N] = {
        [FATHER] = {.surname = "ZWOLINSKI", .given = "OMAR", .year = 1950, .month = 3, .day = 4},
        [SON] = {.surname = "ZWOLINSKI", .given = "OMAR", .year = 1978, .month = 6, .day = 12},
        [FATHER_AGAIN] = {.surname = "Zwoliński", .given = "omar", .year = 1950, .month = 3, .day = 4},
        [SON_AGAIN] = {.surname = "ZWOLINSKI", .given = "OMAR", .year = 1978, .month = 6, .day = 12},
        [SWAPPED] = {.surname = "OMAR", .given = "ZWOLINSKI", .year = 1978, .month = 6, .day = 12}};
    struct link_set *set = set_of(records, N);
    const guint32 n = link_set_size(set);
    struct link_outcome *outcomes = g_new(struct link_outcome, n);
    link_set_group(set, &link_default_options, outcomes);
    check_outcomes(outcomes, n, &link_default_options);
    static const guint32 people[N] = {FATHER, SON, FATHER, SON, NOBODY, NOBODY_TOO, SON};
    for (guint i = 0; i < N; i++)
        g_assert_cmpuint(outcomes[i].person, ==, people[i]);
    guint n_linked = 0; /* of the crowd: 350 people are in it twice, one after the other */
    for (guint32 i = N; i < n; i++)
        n_linked += outcomes[i].band != LINK_NONE;
    g_assert_cmpuint(n_linked, ==, 700);
    g_free(outcomes);
    link_set_free(set);
}

static void a_higher_threshold_links_less(void) {
    struct link_set *set = set_of(NULL, 0);
    const guint32 n = link_set_size(set);
    struct link_outcome *outcomes = g_new(struct link_outcome, n);
    guint first = 0, before = G_MAXUINT;
    for (double possible = -10; possible <= 25; possible += 5) {
        const struct link_options options = {.sure = possible + 10, .possible = possible};
        link_set_group(set, &options, outcomes);
        check_outcomes(outcomes, n, &options);
        guint n_linked = 0;
        for (guint32 i = 0; i < n; i++)
            n_linked += outcomes[i].band != LINK_NONE;
        g_assert_cmpuint(n_linked, <=, before);
        before = n_linked;
        first = first ? first : n_linked;
    }
    g_assert_cmpuint(before, <, first);
    g_free(outcomes);
    link_set_free(set);
}

static void the_same_rows_give_the_same_groups(void) {
    struct link_outcome *outcomes[2];
    guint32 n = 0;
    for (guint i = 0; i < 2; i++) { /* the keys' hashes have another secret each time */
        struct link_set *set = set_of_pairs();
        n = link_set_size(set);
        outcomes[i] = g_new0(struct link_outcome, n);
        link_set_group(set, &link_default_options, outcomes[i]);
        link_set_free(set);
    }
    for (guint32 i = 0; i < n; i++) {
        g_assert_cmpuint(outcomes[0][i].person, ==, outcomes[1][i].person);
        g_assert_cmpfloat(outcomes[0][i].bits, ==, outcomes[1][i].bits);
    }
    g_free(outcomes[0]);
    g_free(outcomes[1]);
}

static void the_number_of_processors_does_not_matter(void) {
    enum { PEOPLE = 20000 }; /* more rows than a worker takes at a time */
    struct link_set *set = link_set_new(columns, G_N_ELEMENTS(columns));
    add_crowd(set, PEOPLE);
    link_set_learn(set);
    const guint32 n = link_set_size(set);
    struct link_outcome *first = g_new0(struct link_outcome, n),
                        *other = g_new0(struct link_outcome, n);
    n_processors = 1;
    link_set_group(set, &link_default_options, first);
    for (n_processors = 2; n_processors <= 128; n_processors *= 8) {
        link_set_group(set, &link_default_options, other);
        for (guint32 i = 0; i < n; i++) {
            g_assert_cmpuint(first[i].person, ==, other[i].person);
            g_assert_cmpfloat(first[i].bits, ==, other[i].bits);
        }
    }
    n_processors = 2;
    g_free(first);
    g_free(other);
    link_set_free(set);
}

static void small_sets_and_any_bytes_do_no_harm(void) {
    const char *const bytes[] = {"\xff\xfe", "\xc3", "\xf4\x90\x80\x80", "\x01\x02", "%s%n", "-", "'"};
    const struct link_record strange = {.surname = bytes[0],
                                        .given = bytes[1],
                                        .middle = bytes[2],
                                        .suffix = bytes[3],
                                        .year = 2199,
                                        .month = 12,
                                        .day = 31,
                                        .values = {bytes[4], bytes[5], bytes[6]}};
    for (guint size = 1; size < 5; size++) {
        struct link_set *set = link_set_new(columns, G_N_ELEMENTS(columns));
        struct link_outcome outcomes[5];
        /* The last two rows are alike: a set without any pair is a defect of its own. */
        for (guint i = 0; i < size; i++)
            link_set_add(set, i + 2 < size ? &strange : &(struct link_record){PERSON});
        g_assert_cmpuint(link_set_size(set), ==, size);
        link_set_learn(set);
        g_assert_true(isfinite(link_compare(set, 0, size - 1, NULL, NULL)));
        if (size > 1) {
            link_set_group(set, &link_default_options, outcomes);
            check_outcomes(outcomes, size, &link_default_options);
            g_assert_cmpuint(outcomes[size - 1].person, ==, size - 2);
        }
        link_set_free(set);
    }
    link_set_free(NULL);
}

static void bands_have_names(void) {
    g_assert_cmpstr(link_band_name(LINK_NONE), ==, "none");
    g_assert_cmpstr(link_band_name(LINK_POSSIBLE), ==, "possible");
    g_assert_cmpstr(link_band_name(LINK_SURE), ==, "sure");
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/link/levels", every_field_has_its_levels);
    g_test_add_func("/link/unknown", fields_come_in_order_and_unknown_ones_weigh_nothing);
    g_test_add_func("/link/sum", bits_are_the_prior_and_the_fields_together);
    g_test_add_func("/link/rarity", what_is_rarer_or_more_alike_weighs_more);
    g_test_add_func("/link/implied", a_code_that_the_given_name_implies_says_nothing);
    g_test_add_func("/link/groups", rows_of_one_person_are_grouped_and_others_not);
    g_test_add_func("/link/threshold", a_higher_threshold_links_less);
    g_test_add_func("/link/again", the_same_rows_give_the_same_groups);
    g_test_add_func("/link/processors", the_number_of_processors_does_not_matter);
    g_test_add_func("/link/small", small_sets_and_any_bytes_do_no_harm);
    g_test_add_func("/link/bands", bands_have_names);
    return g_test_run();
}
