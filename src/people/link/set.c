/* Records as the linker keeps them, and the levels of comparing two. */
#include <string.h>

#include "base/random.h"
#include "people/fold.h"
#include "people/link/private.h"

/* ── Keeping ───────────────────────────────────────────────────────────────────────────────────── */

struct link_set *link_set_new(const struct link_column *columns, guint n_columns) {
    struct link_set *set = g_new0(struct link_set, 1);
    names_init(&set->names);
    set->rows = g_array_new(FALSE, FALSE, sizeof(struct row));
    set->born_counts = g_new0(guint32, BORN_DAYS);
    set->n_columns = MIN(n_columns, LINK_MOST_COLUMNS);
    set->n_fields = LINK_FIELD_COLUMNS + set->n_columns;
    base_system_random.fill(base_system_random.context, (guint8 *)&set->secret, sizeof set->secret);
    for (guint c = 0; c < set->n_columns; c++) {
        set->columns[c] = columns[c];
        set->values[c] = g_array_new(FALSE, TRUE, sizeof(guint32));
        set->numbers[c] = g_hash_table_new(NULL, NULL);
        set->counts[c] = g_array_new(FALSE, TRUE, sizeof(guint32));
        g_array_set_size(set->counts[c], 1);
    }
    return set;
}

void link_set_free(struct link_set *set) {
    if (!set)
        return;
    for (guint c = 0; c < set->n_columns; c++) {
        g_array_unref(set->values[c]);
        g_hash_table_unref(set->numbers[c]);
        g_array_unref(set->counts[c]);
        g_free(set->value_rarity[c]);
        g_free(set->code_rarity[c]);
    }
    names_clear(&set->names);
    g_array_unref(set->rows);
    g_free(set->born_counts);
    g_free(set->born_rarity);
    g_free(set);
}

guint32 link_set_size(const struct link_set *set) {
    return set->rows->len;
}

static guint32 count_name(struct link_set *set, const char *text, enum name_role role) {
    char letters[PEOPLE_TOKEN_MAX + 1];
    const guint32 number =
        names_number(&set->names, letters, text ? people_letters_of(text, letters) : 0);
    if (number && !set->is_fixed) {
        g_array_index(set->names.names, struct name, number).count[role]++;
        set->names.total[role]++;
    }
    return number;
}

/* The parts of a double surname count as surnames too: "GARCIA" is as common as all who have it. */
static void count_parts(struct link_set *set, const char *surname, struct row *row) {
    guint n = 0;
    if (!surname || !surname[strcspn(surname, " -")])
        return;
    g_auto(GStrv) words = g_strsplit_set(surname, " -", 8);
    for (char **word = words; *word && n < N_PARTS; word++) {
        char letters[PEOPLE_TOKEN_MAX + 1];
        const gsize length = people_letters_of(*word, letters);
        const guint32 number = length > 2 ? names_number(&set->names, letters, length) : 0;
        if (number && number != row->surname) {
            g_array_index(set->names.names, struct name, number).count[AS_SURNAME] += !set->is_fixed;
            row->parts[n++] = number;
        }
    }
}

/* JR, SR and numbers, from 1; 0: anything else. */
static guint8 suffix_of(const char *text) {
    static const char *const suffixes[] = {"JR", "SR", "II", "III", "IV", "V"};
    char letters[PEOPLE_TOKEN_MAX + 1];
    if (!text || !people_letters_of(text, letters))
        return 0;
    for (guint i = 0; i < G_N_ELEMENTS(suffixes); i++)
        if (strcmp(letters, suffixes[i]) == 0)
            return (guint8)(i + 1);
    return 0;
}

/* A text's letters and digits, the digits as letters too: what matters is that like stays like. */
static gsize text_letters(const char *text, char out[PEOPLE_TOKEN_MAX + 1]) {
    gsize n = 0;
    const char *p = text;
    for (; *p && (guint8)*p < 0x80; p++)
        if (g_ascii_isalnum(*p) && n < PEOPLE_TOKEN_MAX)
            n += people_letter((guint8)*p, out + n, 1);
    out[n] = 0;
    if (!*p)
        return n;
    g_autofree char *folded = people_fold(text); /* accents and other scripts: the slow way */
    n = 0;
    for (const char *f = folded; *f; f = g_utf8_next_char(f))
        n += people_letter(g_utf8_get_char(f), out + n, PEOPLE_TOKEN_MAX - n);
    out[n] = 0;
    return n;
}

/* Of a code or a key, a keyed hash of what is no blank, and nothing else. */
static guint32 code_number(struct link_set *set, guint column, const char *text) {
    g_autoptr(GString) plain = g_string_new(NULL);
    for (const char *p = text; *p; p++)
        if (!g_ascii_isspace(*p))
            g_string_append_c(plain, g_ascii_toupper(*p));
    if (!plain->len)
        return 0;
    const gpointer hash = (gpointer)(gsize)base_hash64(plain->str, plain->len, set->secret);
    guint32 number = GPOINTER_TO_UINT(g_hash_table_lookup(set->numbers[column], hash));
    if (!number) {
        number = set->counts[column]->len;
        g_hash_table_insert(set->numbers[column], hash, GUINT_TO_POINTER(number));
    }
    return number;
}

static guint32 value_number(struct link_set *set, guint column, const char *text) {
    char letters[PEOPLE_TOKEN_MAX + 1];
    if (!text || !*text)
        return 0;
    const guint32 number = set->columns[column].kind == LINK_TEXT
                               ? names_number(&set->names, letters, text_letters(text, letters))
                               : code_number(set, column, text);
    if (!number)
        return 0;
    if (number >= set->counts[column]->len)
        g_array_set_size(set->counts[column], number + 1);
    g_array_index(set->counts[column], guint32, number)++;
    set->n_values[column]++;
    return number;
}

static struct row make_row(struct link_set *set, const struct link_record *record) {
    struct row row = {.suffix = suffix_of(record->suffix)};
    const char *surname = record->surname, *last = surname ? strrchr(surname, ' ') : NULL;
    g_autofree char *without = NULL;
    if (last && suffix_of(last)) { /* "POPLAR JR" in one column */
        without = g_strndup(surname, (gsize)(last - surname));
        surname = without;
        row.suffix = suffix_of(last);
    }
    const char *given = record->given, *middle = record->middle;
    const char *space = given && !(middle && *middle) ? strchr(given, ' ') : NULL;
    g_autofree char *first = space ? g_strndup(given, (gsize)(space - given)) : NULL;
    if (space && *first) { /* "WREN ALOUETTE" in one column: a given name and a middle one */
        given = first;
        middle = space + 1;
    }
    row.surname = count_name(set, surname, AS_SURNAME);
    row.given = count_name(set, given, AS_GIVEN);
    row.middle = count_name(set, middle, AS_MIDDLE);
    count_parts(set, surname, &row);
    if (record->year >= FIRST_YEAR && record->year <= LAST_YEAR) {
        row.year = (guint16)record->year;
        if (record->month && record->month <= 12 && record->day && record->day <= 31) {
            row.month = (guint8)record->month;
            row.day = (guint8)record->day;
            set->born_counts[row_born(&row)]++;
            set->n_born++;
        }
    }
    return row;
}

void link_set_add(struct link_set *set, const struct link_record *record) {
    const struct row row = make_row(set, record);
    for (guint c = 0; c < set->n_columns; c++) {
        const guint32 number = value_number(set, c, record->values[c]);
        g_array_append_val(set->values[c], number);
    }
    g_array_append_val(set->rows, row);
}

void link_set_count(struct link_set *set, const struct link_record *record) {
    const gboolean was_fixed = set->is_fixed;
    set->is_fixed = FALSE;
    make_row(set, record);
    set->is_fixed = was_fixed;
}

void link_set_clear(struct link_set *set) {
    g_array_set_size(set->rows, 0);
    for (guint c = 0; c < set->n_columns; c++)
        g_array_set_size(set->values[c], 0);
}

/* ── Comparing ─────────────────────────────────────────────────────────────────────────────────── */

void set_weigh(struct link_set *set, double partners, guint32 least_total) {
    names_weigh(&set->names, partners, least_total);
    g_free(set->born_rarity);
    set->born_rarity = g_new(float, BORN_DAYS);
    for (guint i = 0; i < BORN_DAYS; i++)
        set->born_rarity[i] = rarity_of_count(set->born_counts[i], set->n_born, partners);
    for (guint c = 0; c < set->n_columns; c++) {
        const GArray *counts = set->counts[c];
        const gboolean is_code =
            set->columns[c].kind == LINK_CODE; /* shared by many: as common as it is */
        g_free(set->value_rarity[c]);
        if (set->code_rarity[c]) {
            set->value_rarity[c] = g_memdup2(set->code_rarity[c], counts->len * sizeof(float));
            set->n_weighed[c] = counts->len;
            continue;
        }
        set->value_rarity[c] = g_new(float, counts->len);
        set->n_weighed[c] = counts->len;
        for (guint i = 0; i < counts->len; i++)
            set->value_rarity[c][i] = rarity_of_count(g_array_index(counts, guint32, i),
                                                      set->n_values[c], is_code ? 0 : partners);
    }
}

static float rarer(const struct names *names, guint32 a, guint32 b, enum name_role role) {
    return MAX(names_rarity(names, a, role), names_rarity(names, b, role));
}

static guint given_level(const struct link_set *set, const struct row *x, const struct row *y,
                         float *rarity) {
    const struct names *names = &set->names;
    if (!x->given || !y->given)
        return LEVEL_UNKNOWN;
    *rarity = rarer(names, x->given, y->given, AS_GIVEN);
    if (x->given == y->given)
        return LEVEL_SAME;
    const struct name *p = name_at(names, x->given), *q = name_at(names, y->given);
    if (name_length(p) == 1 || name_length(q) == 1)
        return names->texts->str[p->text_at] == names->texts->str[q->text_at] ? GIVEN_INITIAL
                                                                              : GIVEN_OTHER;
    const enum likeness like = names_compare(names, x->given, y->given);
    if (names_are_nicknames(names, x->given, y->given))
        return GIVEN_NICKNAME;
    if (like == NAMES_SLIP)
        return GIVEN_SLIP;
    if (x->given == y->middle || x->middle == y->given) {
        *rarity = MAX(x->given == y->middle ? names_rarity(names, x->given, AS_GIVEN) : 0,
                      x->middle == y->given ? names_rarity(names, y->given, AS_GIVEN) : 0);
        return GIVEN_ELSEWHERE;
    }
    return like == NAMES_SLIPS || names_begin_alike(names, x->given, y->given) ? GIVEN_SLIPS
                                                                               : GIVEN_OTHER;
}

/* The rarest part that both have; 0: none. */
static guint32 common_part(const struct names *names, const struct row *x, const struct row *y) {
    const guint32 a[] = {x->surname, x->parts[0], x->parts[1]},
                  b[] = {y->surname, y->parts[0], y->parts[1]};
    guint32 rarest = 0;
    for (guint i = 0; i < G_N_ELEMENTS(a); i++)
        for (guint j = 0; j < G_N_ELEMENTS(b); j++)
            if (a[i] && a[i] == b[j] &&
                (!rarest ||
                 names_rarity(names, a[i], AS_SURNAME) > names_rarity(names, rarest, AS_SURNAME)))
                rarest = a[i];
    return rarest;
}

static guint surname_level(const struct link_set *set, const struct row *x, const struct row *y,
                           float *rarity) {
    const struct names *names = &set->names;
    if (!x->surname || !y->surname)
        return LEVEL_UNKNOWN;
    *rarity = rarer(names, x->surname, y->surname, AS_SURNAME);
    if (x->surname == y->surname)
        return LEVEL_SAME;
    const guint32 part = x->parts[0] || y->parts[0] ? common_part(names, x, y) : 0;
    if (part) {
        *rarity = names_rarity(names, part, AS_SURNAME);
        return SURNAME_PART;
    }
    const enum likeness like = names_compare(names, x->surname, y->surname);
    return like == NAMES_SLIP ? SURNAME_SLIP : like == NAMES_SLIPS ? SURNAME_SLIPS : SURNAME_OTHER;
}

/* "JOHN PAUL" and "PAUL JOHN": one field tells it, the other is silent. */
static gboolean are_swapped(const struct link_set *set, const struct row *x, const struct row *y,
                            float *rarity) {
    if (!x->given || !y->given || x->given == y->given ||
        !(x->given == y->surname || x->surname == y->given) ||
        names_compare(&set->names, x->given, y->surname) >= NAMES_SLIPS ||
        names_compare(&set->names, x->surname, y->given) >= NAMES_SLIPS)
        return FALSE;
    const struct names *names = &set->names;
    *rarity =
        MIN(names_rarity(names, x->surname, AS_SURNAME) + names_rarity(names, x->given, AS_GIVEN),
            names_rarity(names, y->surname, AS_SURNAME) + names_rarity(names, y->given, AS_GIVEN));
    return TRUE;
}

static guint middle_level(const struct link_set *set, const struct row *x, const struct row *y,
                          float *rarity) {
    const struct names *names = &set->names;
    if (!x->middle || !y->middle)
        return LEVEL_UNKNOWN;
    const struct name *p = name_at(names, x->middle), *q = name_at(names, y->middle);
    *rarity = rarer(names, x->middle, y->middle, AS_MIDDLE);
    if (name_length(p) == 1 || name_length(q) == 1)
        return names->texts->str[p->text_at] == names->texts->str[q->text_at] ? MIDDLE_INITIAL
                                                                              : MIDDLE_OTHER;
    if (x->middle == y->middle)
        return LEVEL_SAME;
    return names_compare(names, x->middle, y->middle) <= NAMES_SLIPS ? MIDDLE_SLIP : MIDDLE_OTHER;
}

/* Two numbers of two digits that one slip of a finger makes of each other. */
static gboolean is_one_digit(guint a, guint b) {
    const guint a1 = a / 10, a0 = a % 10, b1 = b / 10, b0 = b % 10;
    return a1 == b1 || a0 == b0 || (a1 == b0 && a0 == b1);
}

static guint born_level(const struct link_set *set, const struct row *x, const struct row *y,
                        float *rarity) {
    if (!x->year || !y->year)
        return LEVEL_UNKNOWN;
    const guint years = x->year > y->year ? x->year - y->year : y->year - x->year;
    if (!x->day || !y->day)
        return years <= 1 ? BORN_YEAR : years >= 15 && years <= 45 ? BORN_GENERATION : BORN_OTHER;
    const guint32 born = row_born(x);
    const gboolean year = years == 0, month = x->month == y->month, day = x->day == y->day;
    if (born == row_born(y)) {
        *rarity = set->born_rarity[born];
        return LEVEL_SAME;
    }
    if (year && x->month == y->day && x->day == y->month)
        return BORN_SWAPPED;
    if ((year && month && is_one_digit(x->day, y->day)) ||
        (year && day && is_one_digit(x->month, y->month)) ||
        (month && day &&
         (years == 1 || years == 10 ||
          (x->year / 100 == y->year / 100 && is_one_digit(x->year % 100, y->year % 100)))))
        return BORN_DIGIT;
    if (year + month + day == 2)
        return BORN_TWO_PARTS;
    if (year && ((x->month == 1 && x->day == 1) || (y->month == 1 && y->day == 1)))
        return BORN_YEAR; /* the first of January stands for "some day" */
    return years >= 15 && years <= 45 ? BORN_GENERATION : BORN_OTHER;
}

static float value_rarity(const struct link_set *set, guint column, guint32 number) {
    return number < set->n_weighed[column] ? set->value_rarity[column][number]
                                           : rarity_of_count(1, set->n_values[column], 0);
}

static guint value_level(const struct link_set *set, guint column, guint32 a, guint32 b,
                         float *rarity) {
    if (!a || !b)
        return LEVEL_UNKNOWN;
    *rarity = MAX(value_rarity(set, column, a), value_rarity(set, column, b));
    if (a == b)
        return LEVEL_SAME;
    return set->columns[column].kind == LINK_TEXT && names_compare(&set->names, a, b) <= NAMES_SLIPS
               ? VALUE_LIKE
               : VALUE_OTHER;
}

void set_levels_first(const struct link_set *set, guint32 a, guint32 b, struct levels *l) {
    const struct row *x = set_row(set, a), *y = set_row(set, b);
    l->level[LINK_FIELD_BORN] = (guint8)born_level(set, x, y, &l->rarity[LINK_FIELD_BORN]);
    l->level[LINK_FIELD_SUFFIX] =
        x->suffix && y->suffix ? x->suffix == y->suffix ? LEVEL_SAME : VALUE_OTHER : LEVEL_UNKNOWN;
    for (guint c = 0; c < set->n_columns; c++)
        l->level[LINK_FIELD_COLUMNS + c] = (guint8)value_level(
            set, c, set_value(set, c, a), set_value(set, c, b), &l->rarity[LINK_FIELD_COLUMNS + c]);
    l->level[LINK_FIELD_SURNAME] = (guint8)surname_level(set, x, y, &l->rarity[LINK_FIELD_SURNAME]);
    if (l->level[LINK_FIELD_SURNAME] == SURNAME_OTHER &&
        are_swapped(set, x, y, &l->rarity[LINK_FIELD_SURNAME]))
        l->level[LINK_FIELD_SURNAME] = SURNAME_SWAPPED;
}

void set_levels_rest(const struct link_set *set, guint32 a, guint32 b, struct levels *l) {
    const struct row *x = set_row(set, a), *y = set_row(set, b);
    l->level[LINK_FIELD_GIVEN] = l->level[LINK_FIELD_SURNAME] == SURNAME_SWAPPED
                                     ? LEVEL_UNKNOWN
                                     : (guint8)given_level(set, x, y, &l->rarity[LINK_FIELD_GIVEN]);
    l->level[LINK_FIELD_MIDDLE] = (guint8)middle_level(set, x, y, &l->rarity[LINK_FIELD_MIDDLE]);
}

void set_levels(const struct link_set *set, guint32 a, guint32 b, struct levels *l) {
    set_levels_first(set, a, b, l);
    set_levels_rest(set, a, b, l);
}

float set_most_of_rest(const struct link_set *set, guint32 a, guint32 b) {
    const struct row *x = set_row(set, a), *y = set_row(set, b);
    float most = 0;
    if (x->given && y->given)
        most += set->most_given + rarer(&set->names, x->given, y->given, AS_GIVEN);
    if (x->middle && y->middle)
        most += set->most_middle + rarer(&set->names, x->middle, y->middle, AS_MIDDLE);
    return most;
}

gboolean link_is_short_for(const struct link_set *set, const char *given, const char *other) {
    char a[PEOPLE_TOKEN_MAX + 1], b[PEOPLE_TOKEN_MAX + 1];
    people_letters_of(given, a);
    people_letters_of(other, b);
    const struct family *p = g_hash_table_lookup(set->names.families, a),
                        *q = g_hash_table_lookup(set->names.families, b);
    if (!p || !q || p->is_formal == q->is_formal)
        return FALSE;
    const struct family *form = p->is_formal ? q : p;
    const char *name = p->is_formal ? a : b;
    for (guint i = 0; i < form->lines->len; i++) /* a line that begins with the full name */
        if (strcmp(set->names.formal->pdata[g_array_index(form->lines, guint16, i)], name) == 0)
            return TRUE;
    return FALSE;
}

/* ── In words ──────────────────────────────────────────────────────────────────────────────────── */

enum rarity level_rarity(guint field, enum link_kind kind, guint level) {
    static const guint8 of_given[LEVELS] = {[LEVEL_SAME] = RARITY_SHARE,
                                            [GIVEN_NICKNAME] = RARITY_RATIO,
                                            [GIVEN_SLIP] = RARITY_RATIO,
                                            [GIVEN_SLIPS] = RARITY_RATIO,
                                            [GIVEN_ELSEWHERE] = RARITY_SHARE},
                        of_surname[LEVELS] = {[LEVEL_SAME] = RARITY_SHARE,
                                              [SURNAME_PART] = RARITY_SHARE,
                                              [SURNAME_SLIP] = RARITY_RATIO,
                                              [SURNAME_SLIPS] = RARITY_RATIO,
                                              [SURNAME_SWAPPED] = RARITY_SHARE},
                        of_middle[LEVELS] = {[LEVEL_SAME] = RARITY_SHARE, [MIDDLE_SLIP] = RARITY_RATIO};
    switch (field) {
    case LINK_FIELD_GIVEN: return of_given[level];
    case LINK_FIELD_SURNAME: return of_surname[level];
    case LINK_FIELD_MIDDLE: return of_middle[level];
    case LINK_FIELD_SUFFIX: return RARITY_NONE;
    case LINK_FIELD_BORN: return level == LEVEL_SAME ? RARITY_SHARE : RARITY_NONE;
    default: break;
    }
    if (level == LEVEL_SAME)
        return RARITY_SHARE;
    return kind == LINK_TEXT && level == VALUE_LIKE ? RARITY_RATIO : RARITY_NONE;
}

const char *level_name(guint field, guint level) {
    static const char *const
        of_given[LEVELS] = {"not known", "same",    "nickname",           "one slip",
                            "like it",   "initial", "the other's middle", "another"},
        *const of_surname[LEVELS] = {"not known", "same",    "a part of it",
                                     "one slip",  "like it", "given name and surname swapped",
                                     "another"},
        *const of_middle[LEVELS] = {"not known", "same", "initial", "like it", "another"},
        *const of_born[LEVELS] = {"not known",    "same",      "day and month swapped", "one digit",
                                  "two of three", "year only", "a generation apart",    "another"},
        *const of_value[LEVELS] = {"not known", "same", "like it", "another"};
    switch (field) {
    case LINK_FIELD_GIVEN: return of_given[level];
    case LINK_FIELD_SURNAME: return of_surname[level];
    case LINK_FIELD_MIDDLE: return of_middle[level];
    case LINK_FIELD_BORN: return of_born[level];
    default: return level == VALUE_OTHER && field == LINK_FIELD_SUFFIX ? "another" : of_value[level];
    }
}

guint level_of_another(guint field) {
    static const guint8 levels[] = {
        [LINK_FIELD_GIVEN] = GIVEN_OTHER,     [LINK_FIELD_MIDDLE] = MIDDLE_OTHER,
        [LINK_FIELD_SURNAME] = SURNAME_OTHER, [LINK_FIELD_SUFFIX] = VALUE_OTHER,
        [LINK_FIELD_BORN] = BORN_OTHER,       [LINK_FIELD_COLUMNS] = VALUE_OTHER};
    return levels[MIN(field, LINK_FIELD_COLUMNS)];
}

enum link_agreement level_agreement(guint field, guint level) {
    return level == LEVEL_UNKNOWN             ? LINK_UNKNOWN
           : level == LEVEL_SAME              ? LINK_SAME
           : level == level_of_another(field) ? LINK_ANOTHER
                                              : LINK_LIKE;
}

const char *set_field_name(const struct link_set *set, guint field) {
    static const char *const names[] = {"given name", "middle name", "surname", "suffix", "birth date"};
    return field < LINK_FIELD_COLUMNS ? names[field] : set->columns[field - LINK_FIELD_COLUMNS].name;
}
