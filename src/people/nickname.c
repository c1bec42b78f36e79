#include "people/nickname.h"

#include "embedded.h"
#include "people/search/index.h"

void people_each_nickname_line(people_nickname_fn each, void *context) {
    g_auto(GStrv) lines = g_strsplit(embedded_nicknames_txt, "\n", -1);
    for (char **line = lines; *line; line++) {
        if (**line == '#')
            continue;
        g_auto(GStrv) words = g_strsplit(*line, " ", -1);
        g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
        for (char **word = words; *word; word++) {
            char text[PEOPLE_TOKEN_MAX + 1];
            if (people_letters_of(*word, text))
                g_ptr_array_add(names, g_strdup(text));
        }
        if (names->len)
            each((char *const *)names->pdata, names->len, context);
    }
}

/* ── The lines that a name stands in ───────────────────────────────────────────────────────────── */

struct lines {
    GHashTable *of; /* name in small letters → GArray of its lines' numbers, the least first */
    guint n;
};

static void free_numbers(gpointer numbers) {
    g_array_unref(numbers);
}

static void note_line(char *const *names, guint n, void *context) {
    struct lines *lines = context;
    for (guint i = 0; i < n; i++) {
        g_autofree char *name = g_ascii_strdown(names[i], -1);
        GArray *numbers = g_hash_table_lookup(lines->of, name);
        if (!numbers) {
            numbers = g_array_new(FALSE, FALSE, sizeof(guint));
            g_hash_table_insert(lines->of, g_steal_pointer(&name), numbers);
        }
        g_array_append_val(numbers, lines->n);
    }
    lines->n++;
}

static const GArray *lines_of(const char *name) {
    static struct lines lines;
    static gsize is_made;
    if (g_once_init_enter(&is_made)) {
        lines.of = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_numbers);
        people_each_nickname_line(note_line, &lines);
        g_once_init_leave(&is_made, 1);
    }
    g_autofree char *small = g_ascii_strdown(name, -1);
    return g_hash_table_lookup(lines.of, small);
}

gboolean people_are_nicknames(const char *a, const char *b) {
    const GArray *of_a = lines_of(a), *of_b = of_a ? lines_of(b) : NULL;
    for (guint i = 0, k = 0; of_b && i < of_a->len && k < of_b->len;) {
        const guint x = g_array_index(of_a, guint, i), y = g_array_index(of_b, guint, k);
        if (x == y)
            return TRUE;
        i += x < y;
        k += y < x;
    }
    return FALSE;
}
