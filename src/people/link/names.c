/* The linker's name tokens, once each, with what comparing them needs. */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "people/link/private.h"
#include "people/nickname.h"

#define NAME_SEED 11

static void family_free(gpointer data) {
    struct family *family = data;
    g_array_unref(family->lines);
    g_free(family);
}

static void add_line(char *const *forms, guint n, void *context) {
    struct names *names = context;
    const guint16 line = (guint16)names->formal->len;
    g_ptr_array_add(names->formal, g_strdup(forms[0]));
    for (guint i = 0; i < n; i++) {
        struct family *family = g_hash_table_lookup(names->families, forms[i]);
        if (!family) {
            family = g_new0(struct family, 1);
            family->lines = g_array_new(FALSE, FALSE, sizeof(guint16));
            g_hash_table_insert(names->families, g_strdup(forms[i]), family);
        }
        g_array_append_val(family->lines, line);
        family->is_formal |= i == 0;
        family->bits[line >> 6 & 3] |= (guint64)1 << (line & 63);
    }
}

void names_init(struct names *names) {
    *names =
        (struct names){.numbers = g_hash_table_new(NULL, NULL),
                       .texts = g_string_new(NULL),
                       .names = g_array_new(FALSE, TRUE, sizeof(struct name)),
                       .families = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, family_free),
                       .formal = g_ptr_array_new_with_free_func(g_free)};
    g_array_set_size(names->names, 1);
    g_ptr_array_add(names->formal, NULL); /* lines count from 1 */
    people_each_nickname_line(add_line, names);
}

void names_clear(struct names *names) {
    g_hash_table_unref(names->numbers);
    g_string_free(names->texts, TRUE);
    g_array_unref(names->names);
    g_hash_table_unref(names->families);
    g_ptr_array_unref(names->formal);
    for (guint role = 0; role < N_ROLES; role++)
        g_free(names->rarity[role]);
}

/* By a hash of 64 bits: that two of ten million tokens share one is one in 300,000. */
guint32 names_number(struct names *names, const char *text, gsize n) {
    if (!n)
        return 0;
    const gpointer hash = (gpointer)(gsize)base_hash64(text, n, NAME_SEED);
    guint32 number = GPOINTER_TO_UINT(g_hash_table_lookup(names->numbers, hash));
    if (number)
        return number;
    char skeleton[PEOPLE_TOKEN_MAX + 1];
    const gsize sounds = people_skeleton(text, n, skeleton);
    const struct name name = {.text_at = (guint32)names->texts->len,
                              .letters = people_letters(text, n),
                              .sound = (guint32)base_hash64(skeleton, sounds, 12),
                              .family = g_hash_table_lookup(names->families, text),
                              .first_sound = sounds ? skeleton[0] : 0};
    g_string_append_len(names->texts, text, (gssize)n);
    number = names->names->len;
    g_array_append_val(names->names, name);
    g_hash_table_insert(names->numbers, hash, GUINT_TO_POINTER(number));
    return number;
}

float rarity_of_count(guint32 count, guint32 total, double partners) {
    return -log2f((float)(MAX((double)count - partners, 1) / MAX((double)total, 1)));
}

/* Which lines rows are looked for under: of the names that most rows have. "AL" stands in dozens. */
static void choose_lines(const struct names *names) {
    g_autofree guint32 *counts = g_new0(guint32, names->formal->len);
    GHashTableIter iter;
    gpointer family_of;
    for (guint line = 1; line < names->formal->len; line++) {
        const char *text = names->formal->pdata[line];
        const gpointer hash = (gpointer)(gsize)base_hash64(text, strlen(text), NAME_SEED);
        counts[line] = name_at(names, GPOINTER_TO_UINT(g_hash_table_lookup(names->numbers, hash)))
                           ->count[AS_GIVEN];
    }
    g_hash_table_iter_init(&iter, names->families);
    while (g_hash_table_iter_next(&iter, NULL, &family_of)) {
        struct family *family = family_of;
        memset(family->searched, 0, sizeof family->searched);
        for (guint i = 0; i < family->lines->len; i++) {
            guint16 line = g_array_index(family->lines, guint16, i);
            for (guint k = 0; k < MOST_SEARCHED; k++)
                if (!family->searched[k] || counts[line] > counts[family->searched[k]]) {
                    const guint16 other = family->searched[k];
                    family->searched[k] = line;
                    if (!(line = other))
                        break;
                }
        }
    }
}

void names_weigh(struct names *names, double partners, guint32 least_total) {
    for (guint role = 0; role < N_ROLES; role++) {
        const guint32 total = MAX(names->total[role], least_total);
        g_free(names->rarity[role]);
        names->rarity[role] = g_new(float, names->names->len);
        for (guint32 i = 0; i < names->names->len; i++)
            names->rarity[role][i] = rarity_of_count(name_at(names, i)->count[role], total, partners);
        names->rarest[role] = rarity_of_count(1, total, 0);
    }
    names->n_weighed = names->names->len;
    choose_lines(names);
}

/* One letter apart or heard alike is a slip; two letters of a long name are slips. */
enum likeness names_compare(const struct names *names, guint32 a, guint32 b) {
    if (a == b)
        return NAMES_SAME;
    const struct name *x = name_at(names, a), *y = name_at(names, b);
    const gboolean sound = x->sound == y->sound;
    const int longer = (int)name_length(x) - (int)name_length(y);
    const int letters = __builtin_popcount((x->letters ^ y->letters) & 0x3FFFFFF);
    if (name_length(x) < 2 || name_length(y) < 2 || (!sound && (ABS(longer) > 2 || letters > 4)))
        return NAMES_OTHER;
    struct people_pattern pattern;
    people_pattern_make(&pattern, names->texts->str + x->text_at, name_length(x));
    const guint edits = people_edits(&pattern, names->texts->str + y->text_at, name_length(y));
    if (edits == 1 || (sound && edits <= 3))
        return NAMES_SLIP;
    return edits == 2 && MIN(name_length(x), name_length(y)) >= 5 ? NAMES_SLIPS : NAMES_OTHER;
}

gboolean names_are_nicknames(const struct names *names, guint32 a, guint32 b) {
    const struct family *p = name_at(names, a)->family, *q = name_at(names, b)->family;
    if (!p || !q ||
        !((p->bits[0] & q->bits[0]) | (p->bits[1] & q->bits[1]) | (p->bits[2] & q->bits[2]) |
          (p->bits[3] & q->bits[3])))
        return FALSE;
    const GArray *x = p->lines, *y = q->lines;
    for (guint i = 0, j = 0; i < x->len && j < y->len;) {
        const guint16 line = g_array_index(x, guint16, i), other = g_array_index(y, guint16, j);
        if (line == other)
            return TRUE;
        i += line < other;
        j += other < line;
    }
    return FALSE;
}

/* Whether the longer goes on where the shorter, of three letters or more, ends. */
gboolean names_begin_alike(const struct names *names, guint32 a, guint32 b) {
    const struct name *x = name_at(names, a), *y = name_at(names, b);
    const gsize n = MIN(name_length(x), name_length(y));
    return n >= 3 && memcmp(names->texts->str + x->text_at, names->texts->str + y->text_at, n) == 0;
}
