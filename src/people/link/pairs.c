/* Candidates: rows that share something, found by sorting hashes of it, compared on all cores. */
#include <string.h>

#include "base/random.h"
#include "people/link/private.h"

#define MOST_ALIKE 400 /* a larger group is parted by birth year, and compared in part */
#define AHEAD 16
#define NEIGHBOURS 8
#define MOST_TEXT 40     /* a text that more rows share tells little */
#define CHUNK (1u << 15) /* entries a worker takes at a time */

/* ── Entries ───────────────────────────────────────────────────────────────────────────────────── */

void link_sort(GArray *entries) {
    guint64 *from = (guint64 *)(gpointer)entries->data;
    g_autofree guint64 *spare = g_new(guint64, entries->len + 1);
    guint64 *to = spare;
    for (guint shift = 32; shift < 64; shift += 8) {
        gsize at[257] = {0};
        for (guint i = 0; i < entries->len; i++)
            at[(from[i] >> shift & 0xFF) + 1]++;
        for (guint b = 0; b < 256; b++)
            at[b + 1] += at[b];
        for (guint i = 0; i < entries->len; i++)
            to[at[from[i] >> shift & 0xFF]++] = from[i];
        guint64 *other = from;
        from = to;
        to = other;
    }
}

struct emitting {
    GArray *entries;
    guint32 row, pass;
};

static void emit(struct emitting *e, guint64 a, guint64 b, guint64 c) {
    const guint64 words[] = {a, b, c};
    const guint64 entry = base_hash64(words, sizeof words, 20 + e->pass) >> 32 << 32 | e->row;
    g_array_append_val(e->entries, entry);
}

/* The surname, and the parts of a double one. */
static guint surnames_of(const struct row *r, guint32 out[1 + N_PARTS]) {
    guint n = 0;
    if (r->surname)
        out[n++] = r->surname;
    for (guint i = 0; i < N_PARTS; i++)
        if (r->parts[i])
            out[n++] = r->parts[i];
    return n;
}

static void emit_row(const struct link_set *set, struct emitting *e, const struct row *r) {
    const struct names *names = &set->names;
    const struct name *given = name_at(names, r->given);
    const guint32 born = row_born(r);
    guint32 surnames[1 + N_PARTS];
    const guint n = surnames_of(r, surnames);
    if (e->pass == PASS_BORN && born)
        emit(e, born, 0, 0);
    if (e->pass == PASS_BORN_GIVEN && born && r->given)
        emit(e, born, (guint8)given->first_sound, 0);
    if (e->pass == PASS_ANY_ORDER && r->given && r->surname)
        emit(e, MIN(r->given, r->surname), MAX(r->given, r->surname), 0);
    for (guint i = 0; i < n; i++) {
        const struct name *surname = name_at(names, surnames[i]);
        if (e->pass == PASS_BORN_SURNAME && born)
            emit(e, born, (guint8)surname->first_sound, 0);
        if (e->pass == PASS_YEAR && r->year)
            emit(e, r->year, surname->sound, (guint8)given->first_sound);
        if (e->pass == PASS_SURNAME && r->given)
            emit(e, surnames[i], (guint8)given->first_sound, 0);
        if (e->pass == PASS_NAME && r->given)
            emit(e, surname->sound, given->sound, 0);
        for (guint k = 0; e->pass == PASS_NICKNAME && given->family && k < MOST_SEARCHED; k++)
            if (given->family->searched[k])
                emit(e, surname->sound, given->family->searched[k], 0);
    }
}

GArray *link_pass_entries(const struct link_set *set, guint pass) {
    struct emitting e = {.entries = g_array_new(FALSE, FALSE, sizeof(guint64)), .pass = pass};
    const guint32 n = set->rows->len;
    for (e.row = 0; e.row < n; e.row++) {
        if (pass < PASS_COLUMN)
            emit_row(set, &e, set_row(set, e.row));
        else if (set_value(set, pass - PASS_COLUMN, e.row))
            emit(&e, set_value(set, pass - PASS_COLUMN, e.row), 0, 0);
    }
    link_sort(e.entries);
    return e.entries;
}

/* Groups too large to compare whole are parted: by birth year where a name is shared, not at all where
 * a text is. */
static GArray *part_by_year(const struct link_set *set, const GArray *entries, guint pass) {
    struct emitting e = {.entries = g_array_new(FALSE, FALSE, sizeof(guint64)), .pass = pass + 100};
    for (guint i = 0, end; i < entries->len; i = end) {
        end = entry_run(entries, i);
        if (end - i <= MOST_ALIKE)
            continue;
        for (guint k = i; k < end; k++) {
            const guint64 entry = g_array_index(entries, guint64, k);
            const struct row *r = set_row(set, e.row = entry_row(entry));
            if (r->year)
                emit(&e, entry >> 32, r->year, 0);
        }
    }
    link_sort(e.entries);
    return e.entries;
}

/* ── Comparing ─────────────────────────────────────────────────────────────────────────────────── */

struct work {
    const struct link_set *set;
    const GArray *entries;
    guint pass, most;
    double least;
    gint next; /* the chunk that nobody has taken */
    guint n_chunks;
    GArray **found; /* of struct link_pair, by chunk: the same whoever does it */
};

static gboolean starts_alike(const struct link_set *set, guint32 a, guint32 b) {
    return a && b && name_at(&set->names, a)->first_sound == name_at(&set->names, b)->first_sound;
}

static gboolean sounds_alike(const struct link_set *set, guint32 a, guint32 b) {
    return a && b && name_at(&set->names, a)->sound == name_at(&set->names, b)->sound;
}

/* Whether an earlier pass has the pair too. */
static gboolean is_found_before(const struct link_set *set, guint pass, const struct row *x,
                                const struct row *y) {
    const guint32 born = row_born(x);
    if (born && born == row_born(y) && set->born_counts[born] <= MOST_ALIKE)
        return (pass > PASS_BORN_SURNAME && starts_alike(set, x->surname, y->surname)) ||
               (pass > PASS_BORN_GIVEN && starts_alike(set, x->given, y->given));
    if (pass == PASS_NICKNAME)
        return starts_alike(set, x->given, y->given) &&
               (x->surname == y->surname || (x->year && x->year == y->year));
    return (pass == PASS_ANY_ORDER || pass == PASS_YEAR || pass == PASS_SURNAME) &&
           sounds_alike(set, x->surname, y->surname) && sounds_alike(set, x->given, y->given);
}

/* Without a key or a birth date to share, rows of common names are too many: one of the dates must be
 * missing, or be half the other. */
static gboolean is_pair_of(guint pass, const struct row *x, const struct row *y) {
    if (pass == PASS_SURNAME)
        return !x->day || !y->day;
    return pass != PASS_NICKNAME || !x->day || !y->day || x->year == y->year ||
           (x->month == y->month && x->day == y->day);
}

/* A run that is too long to compare whole: each row with the next few. Equal rows hang together by
 * that. */
static void compare_run(const struct work *w, guint from, guint end, GArray *found) {
    const guint reach = end - from <= w->most ? end - from : NEIGHBOURS;
    for (guint i = from; i < end; i++) {
        const guint32 a = entry_row(g_array_index(w->entries, guint64, i));
        const struct row *x = set_row(w->set, a);
        for (guint j = i + 1; j < MIN(end, i + 1 + reach); j++) {
            const guint32 b = entry_row(g_array_index(w->entries, guint64, j));
            const struct row *y = set_row(w->set, b);
            if (a == b || !is_pair_of(w->pass, x, y) ||
                (reach != NEIGHBOURS && is_found_before(w->set, w->pass, x, y)))
                continue;
            const double bits = set_pair_bits(w->set, a, b, w->least);
            if (bits >= w->least) {
                const struct link_pair pair = {MIN(a, b), MAX(a, b), (float)bits};
                g_array_append_val(found, pair);
            }
        }
    }
}

static gpointer compare_chunks(gpointer data) {
    struct work *w = data;
    for (guint chunk; (chunk = (guint)g_atomic_int_add(&w->next, 1)) < w->n_chunks;) {
        GArray *found = g_array_new(FALSE, FALSE, sizeof(struct link_pair));
        const guint until = MIN((chunk + 1) * CHUNK, w->entries->len);
        guint i = chunk * CHUNK;
        while (i > 0 && i < until &&
               g_array_index(w->entries, guint64, i) >> 32 ==
                   g_array_index(w->entries, guint64, i - 1) >> 32)
            i++; /* a run belongs to the chunk it begins in */
        while (i < until) {
            const guint end = entry_run(w->entries, i);
            for (guint k = end; k < MIN(end + AHEAD, w->entries->len); k++) /* rows lie anywhere */
                __builtin_prefetch(set_row(w->set, entry_row(g_array_index(w->entries, guint64, k))));
            compare_run(w, i, end, found);
            i = end;
        }
        w->found[chunk] = found;
    }
    return NULL;
}

static void compare_all(const struct link_set *set, const GArray *entries, guint pass, double least,
                        GArray *pairs) {
    struct work w = {.set = set, .entries = entries, .pass = pass, .least = least, .most = MOST_ALIKE};
    if (pass >= PASS_COLUMN && set->columns[pass - PASS_COLUMN].kind == LINK_TEXT)
        w.most = MOST_TEXT;
    w.n_chunks = (entries->len + CHUNK - 1) / CHUNK;
    w.found = g_new0(GArray *, w.n_chunks + 1);
    GThread *threads[16];
    const guint n_threads = CLAMP(g_get_num_processors(), 1, G_N_ELEMENTS(threads));
    for (guint t = 1; t < n_threads; t++)
        threads[t] = g_thread_new("pairs", compare_chunks, &w);
    compare_chunks(&w);
    for (guint t = 1; t < n_threads; t++)
        g_thread_join(threads[t]);
    for (guint c = 0; c < w.n_chunks; c++) {
        g_array_append_vals(pairs, w.found[c]->data, w.found[c]->len);
        g_array_unref(w.found[c]);
    }
    g_free(w.found);
}

GArray *link_candidates(const struct link_set *set, double least, void (*progress)(double, void *),
                        void *context) {
    GArray *pairs = g_array_new(FALSE, FALSE, sizeof(struct link_pair));
    const guint n_passes = PASS_COLUMN + set->n_columns;
    for (guint pass = PASS_BORN_SURNAME; pass < n_passes; pass++) {
        if (progress)
            progress((double)pass / n_passes, context);
        if (pass >= PASS_COLUMN && set->columns[pass - PASS_COLUMN].kind == LINK_CODE)
            continue;
        GArray *entries = link_pass_entries(set, pass);
        compare_all(set, entries, pass, least, pairs);
        if (pass < PASS_COLUMN) {
            GArray *parted = part_by_year(set, entries, pass);
            compare_all(set, parted, pass, least, pairs);
            g_array_unref(parted);
        }
        g_array_unref(entries);
    }
    return pairs;
}
