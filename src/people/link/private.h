/* What the linker's files share; link.h tells how they work together. */
#ifndef PEOPLE_LINK_PRIVATE_H
#define PEOPLE_LINK_PRIVATE_H

#include "people/link/link.h"
#include "people/search/index.h"

/* ── Names (names.c) ── */

enum name_role { AS_SURNAME, AS_GIVEN, AS_MIDDLE, N_ROLES };

/* The lines of nicknames.txt that have a name. */
#define MOST_SEARCHED 2
struct family {
    GArray *lines;                   /* guint16, ascending */
    gboolean is_formal;              /* the first of a line */
    guint64 bits[4];                 /* of their numbers: two without a common one share no line */
    guint16 searched[MOST_SEARCHED]; /* those of the commonest names; 0: none; after names_weigh */
};

struct name {
    guint32 text_at, letters;    /* letters and length, as in similar.h */
    guint32 sound;               /* hash of the skeleton */
    const struct family *family; /* of nicknames; NULL: none */
    char first_sound;
    guint32 count[N_ROLES];
};

struct names {
    GHashTable *numbers; /* hash of the text → number */
    GString *texts;
    GArray *names;        /* struct name; the first is nobody's */
    GHashTable *families; /* text → struct family */
    GPtrArray *formal;    /* text of the first name of each line */
    guint32 total[N_ROLES];
    float *rarity[N_ROLES]; /* by number; see names_rarity */
    guint32 n_weighed;      /* names that have a rarity; others came later: they are the rarest */
    float rarest[N_ROLES];
};

void names_init(struct names *names);
void names_clear(struct names *names);
/* The number of a token of letters; 0 for an empty one. */
guint32 names_number(struct names *names, const char *text, gsize n);

static inline const struct name *name_at(const struct names *names, guint32 number) {
    return &g_array_index(names->names, struct name, number);
}
static inline gsize name_length(const struct name *name) {
    return name->letters >> 26;
}
/* Works out the rarities, counting `partners` records less for each name: those that are the same
 * person's once more tell nothing of how many people share it. Among fewer than `least_total` records a
 * name counts as rare as it would be among so many. */
void names_weigh(struct names *names, double partners, guint32 least_total);
/* Bits: -log2 of the part of records that have the name. After names_weigh. */
static inline float names_rarity(const struct names *names, guint32 number, enum name_role role) {
    return number < names->n_weighed ? names->rarity[role][number] : names->rarest[role];
}
/* Bits for the part that `count` is of `total`. */
float rarity_of_count(guint32 count, guint32 total, double partners);

enum likeness { NAMES_SAME, NAMES_SLIP, NAMES_SLIPS, NAMES_OTHER };
enum likeness names_compare(const struct names *names, guint32 a, guint32 b);
gboolean names_begin_alike(const struct names *names, guint32 a, guint32 b);
gboolean names_are_nicknames(const struct names *names, guint32 a, guint32 b);

/* ── Rows (set.c) ── */

#define N_PARTS 2
#define FIRST_YEAR 1850
#define LAST_YEAR 2199
#define BORN_DAYS ((LAST_YEAR - FIRST_YEAR + 1) << 9)
struct row {
    guint32 surname, given, middle, parts[N_PARTS]; /* parts of a double surname */
    guint16 year;
    guint8 month, day, suffix;
};

static inline guint32 row_born(const struct row *r) {
    return r->day ? (guint32)(r->year - FIRST_YEAR) << 9 | (guint32)r->month << 5 | r->day : 0;
}

/* ── Levels (set.c) ── */

/* 0 is always "not known"; the rest of each field's own. At most 8 a field. */
#define LEVEL_UNKNOWN 0
#define LEVEL_SAME 1
#define LEVELS 8
enum given_level {
    GIVEN_NICKNAME = 2,
    GIVEN_SLIP,
    GIVEN_SLIPS,
    GIVEN_INITIAL,
    GIVEN_ELSEWHERE,
    GIVEN_OTHER
};
enum surname_level { SURNAME_PART = 2, SURNAME_SLIP, SURNAME_SLIPS, SURNAME_SWAPPED, SURNAME_OTHER };
enum middle_level { MIDDLE_INITIAL = 2, MIDDLE_SLIP, MIDDLE_OTHER };
enum born_level {
    BORN_SWAPPED = 2,
    BORN_DIGIT,
    BORN_TWO_PARTS,
    BORN_YEAR,
    BORN_GENERATION,
    BORN_OTHER
};
enum value_level { VALUE_LIKE = 2, VALUE_OTHER };

/* How a level's bits depend on how common the values are. */
enum rarity {
    RARITY_NONE,
    RARITY_SHARE, /* by chance it occurs as often as the value does: u is the value's share */
    RARITY_RATIO  /* u is for values as common as they are on the average; a rarer one is worth more */
};

struct levels {
    guint8 level[LINK_MOST_FIELDS];
    float rarity[LINK_MOST_FIELDS]; /* of the rarer value, in bits, where it counts */
};

enum rarity level_rarity(guint field, enum link_kind kind, guint level);
const char *level_name(guint field, guint level);
guint level_of_another(guint field); /* the level of two values that are not one */
enum link_agreement level_agreement(guint field, guint level);

/* ── The set and its model (set.c, model.c) ── */

struct link_set {
    struct names names;
    GArray *rows; /* struct row */
    guint n_columns, n_fields;
    struct link_column columns[LINK_MOST_COLUMNS];
    GArray *values[LINK_MOST_COLUMNS];      /* guint32 by row; 0: none */
    GHashTable *numbers[LINK_MOST_COLUMNS]; /* hash → number; a text's number is its name's */
    GArray *counts[LINK_MOST_COLUMNS];      /* guint32 by number: how many rows have it */
    guint32 n_values[LINK_MOST_COLUMNS];    /* how many rows have any */
    guint64 secret;                         /* the keys' hashes are keyed by it, and it is never kept */
    float *value_rarity[LINK_MOST_COLUMNS]; /* by number; after set_weigh */
    float *
        code_rarity[LINK_MOST_COLUMNS]; /* of codes, among those of one given name; NULL: not learned */
    guint32
        n_weighed[LINK_MOST_COLUMNS]; /* values that have one; others came later: they are the rarest */
    guint32 *born_counts, n_born;     /* by row_born */
    float *born_rarity;
    gboolean is_fixed; /* rows that are added are not counted any more */
    double m[LINK_MOST_FIELDS][LEVELS], u[LINK_MOST_FIELDS][LEVELS];
    float bits[LINK_MOST_FIELDS][LEVELS];       /* what a level is worth, the value's rarity aside */
    gboolean is_rare[LINK_MOST_FIELDS][LEVELS]; /* … to which the rarity adds */
    float most_given, most_middle;              /* what they can add at most, the rarity aside */
    double prior;
};

static inline const struct row *set_row(const struct link_set *set, guint32 i) {
    return &g_array_index(set->rows, struct row, i);
}
static inline guint32 set_value(const struct link_set *set, guint column, guint32 i) {
    return g_array_index(set->values[column], guint32, i);
}
const char *set_field_name(const struct link_set *set, guint field);

void set_weigh(struct link_set *set, double partners, guint32 least_total);
void set_levels(const struct link_set *set, guint32 a, guint32 b, struct levels *levels);
/* The same in two steps: all but the given and middle names, and those. */
void set_levels_first(const struct link_set *set, guint32 a, guint32 b, struct levels *levels);
void set_levels_rest(const struct link_set *set, guint32 a, guint32 b, struct levels *levels);
/* What the second step can add at most: bits. */
float set_most_of_rest(const struct link_set *set, guint32 a, guint32 b);
/* The bits for "one person", the prior counted; -INFINITY, early, where they are less than `least`. */
double set_pair_bits(const struct link_set *set, guint32 a, guint32 b, double least);

/* ── Candidates (pairs.c) ── */

struct link_pair {
    guint32 a, b;
    float bits;
};

/* What rows may share. A column's pass is PASS_COLUMN + its number. */
enum link_pass {
    PASS_BORN,         /* the whole birth date */
    PASS_BORN_SURNAME, /* … and the surname's first sound */
    PASS_BORN_GIVEN,
    PASS_NAME,      /* both names' skeletons */
    PASS_ANY_ORDER, /* both names, whichever is the surname */
    PASS_YEAR,      /* birth year, surname's skeleton, given name's first sound */
    PASS_SURNAME,   /* surname and given name's first sound, where a birth date is missing */
    PASS_NICKNAME,  /* surname's skeleton and a line of nicknames, where a birth date is missing */
    PASS_COLUMN
};

/* Rows under what they share: the upper half a hash, the lower the row; sorted. Transfer full. */
GArray *link_pass_entries(const struct link_set *set, guint pass); /* guint64 */
static inline guint32 entry_row(guint64 entry) {
    return (guint32)entry;
}
/* Where the run of one hash that begins at `i` ends. */
static inline guint entry_run(const GArray *entries, guint i) {
    const guint64 first = g_array_index(entries, guint64, i) >> 32;
    guint end = i + 1;
    while (end < entries->len && g_array_index(entries, guint64, end) >> 32 == first)
        end++;
    return end;
}
/* Sorts by the upper half; equal ones stay in order. */
void link_sort(GArray *entries);

/* All candidates of at least `least` bits. Transfer full: GArray of struct link_pair. */
GArray *link_candidates(const struct link_set *set, double least, void (*progress)(double, void *),
                        void *context);

#endif
