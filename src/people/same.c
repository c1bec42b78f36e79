#include "people/same.h"

#include <string.h>

#include "people/fold.h"
#include "people/nickname.h"
#include "people/similar.h"

/* What is written where the name is not known. */
static gboolean is_no_name(const char *word) {
    static const char *const words[] = {"doe", "unknown", "unk", "unidentified", "noname", "na"};
    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        if (strcmp(word, words[i]) == 0)
            return TRUE;
    return FALSE;
}

static char **words_of(const char *name) {
    g_autofree char *folded = people_fold(name);
    return g_strsplit(folded, " ", -1);
}

static gboolean has_name(char **words) {
    return words[0] && *words[0] && !is_no_name(words[0]);
}

/* One word for the other: the same, an initial, a slip of the hand or of the ear. */
static gboolean is_like(const char *a, const char *b) {
    char sound_a[PEOPLE_TOKEN_MAX + 1], sound_b[PEOPLE_TOKEN_MAX + 1];
    const gsize a_n = strlen(a), b_n = strlen(b);
    if (!a_n || !b_n || a_n > PEOPLE_TOKEN_MAX || b_n > PEOPLE_TOKEN_MAX)
        return a_n && a_n == b_n && strcmp(a, b) == 0;
    if (a_n == 1 || b_n == 1 || strcmp(a, b) == 0)
        return a[0] == b[0];
    g_autofree char *upper_a = g_ascii_strup(a, -1), *upper_b = g_ascii_strup(b, -1);
    if (strspn(upper_a, G_CSET_A_2_Z) != a_n || strspn(upper_b, G_CSET_A_2_Z) != b_n)
        return FALSE;
    if (MIN(a_n, b_n) >= 4 && people_is_one_edit(upper_a, a_n, upper_b, b_n))
        return TRUE;
    people_skeleton(upper_a, a_n, sound_a);
    people_skeleton(upper_b, b_n, sound_b);
    return strlen(sound_a) > 1 && strcmp(sound_a, sound_b) == 0;
}

static gboolean any_like(char **a, char **b) {
    for (char **x = a; *x; x++)
        for (char **y = b; *y; y++)
            if (is_like(*x, *y))
                return TRUE;
    return FALSE;
}

static gboolean are_short_forms(char **a, char **b) {
    for (char **x = a; *x; x++)
        for (char **y = b; *y; y++)
            if (people_are_nicknames(*x, *y))
                return TRUE;
    return FALSE;
}

guint people_likeness(const struct people_named *a, const struct people_named *b) {
    g_auto(GStrv) a_surname = words_of(a->surname), b_surname = words_of(b->surname);
    g_auto(GStrv) a_given = words_of(a->given), b_given = words_of(b->given);
    const gboolean same_birth = a->born && a->born == b->born;
    if (!has_name(a_surname) || !has_name(b_surname))
        return same_birth ? LIKENESS_HALF : LIKENESS_UNKNOWN;
    const gboolean years_differ = a->born && b->born && a->born / 10000 != b->born / 10000;
    const gboolean surname = any_like(a_surname, b_surname);
    const gboolean given = any_like(a_given, b_given) || are_short_forms(a_given, b_given);
    const gboolean exchanged = any_like(a_surname, b_given) && any_like(a_given, b_surname);
    const gboolean is_whole = exchanged || (surname && given), is_half = surname || given;
    if (is_whole)
        return same_birth ? LIKENESS_SURE : years_differ ? LIKENESS_HALF : LIKENESS_WHOLE;
    if (same_birth)
        return is_half ? LIKENESS_WHOLE : LIKENESS_HALF;
    return is_half && !years_differ ? LIKENESS_HALF : LIKENESS_NONE;
}
