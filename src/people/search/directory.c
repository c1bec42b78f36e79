#include "people/search/directory.h"

#include <string.h>

#define MOST_LATEST 256
#define MOST_SEARCHERS 8 /* kept for the next search; each is as long as the index has tokens */

enum { BASE, NEWER, LATEST, N_LEVELS };

/* An index, counted, with searchers that nobody uses now. */
struct level {
    gint refs;
    struct people_index *index;
    GAsyncQueue *searchers;
};

struct name_row {
    guint32 person;
    char *given, *surname;
};

struct people_directory {
    GMutex mutex;                   /* of `levels`, for the length of taking references */
    struct level *levels[N_LEVELS]; /* NULL: empty */
    GArray
        *rows[N_LEVELS]; /* struct name_row: what NEWER and LATEST are built of; the writer's alone */
};

static struct level *level_new(struct people_index *index) {
    struct level *level = g_new0(struct level, 1);
    level->refs = 1;
    level->index = index;
    level->searchers = g_async_queue_new_full((GDestroyNotify)people_searcher_free);
    return level;
}

static void level_unref(struct level *level) {
    if (!level || !g_atomic_int_dec_and_test(&level->refs))
        return;
    g_async_queue_unref(level->searchers);
    people_index_free(level->index);
    g_free(level);
}

static void row_clear(gpointer data) {
    struct name_row *row = data;
    g_free(row->given);
    g_free(row->surname);
}

struct people_directory *people_directory_new(struct people_index *base) {
    struct people_directory *d = g_new0(struct people_directory, 1);
    g_mutex_init(&d->mutex);
    d->levels[BASE] = base ? level_new(base) : NULL;
    for (guint i = NEWER; i < N_LEVELS; i++) {
        d->rows[i] = g_array_new(FALSE, FALSE, sizeof(struct name_row));
        g_array_set_clear_func(d->rows[i], row_clear);
    }
    return d;
}

void people_directory_free(struct people_directory *d) {
    if (!d)
        return;
    for (guint i = 0; i < N_LEVELS; i++)
        level_unref(d->levels[i]);
    for (guint i = NEWER; i < N_LEVELS; i++)
        g_array_unref(d->rows[i]);
    g_mutex_clear(&d->mutex);
    g_free(d);
}

void people_directory_add(struct people_directory *d, guint32 person, const char *given,
                          const char *surname) {
    const struct name_row row = {person, g_strdup(given), g_strdup(surname)};
    g_array_append_val(d->rows[LATEST], row);
}

static struct level *build(const GArray *rows) {
    if (!rows->len)
        return NULL;
    struct people_builder *builder = people_builder_new();
    for (guint i = 0; i < rows->len; i++) {
        const struct name_row *row = &g_array_index(rows, struct name_row, i);
        people_builder_add(builder, row->person, row->given, row->surname);
    }
    return level_new(people_builder_build(builder, NULL, NULL));
}

static void replace(struct people_directory *d, struct level *newer, gboolean with_newer,
                    struct level *latest) {
    g_mutex_lock(&d->mutex);
    struct level *old[] = {with_newer ? d->levels[NEWER] : NULL, d->levels[LATEST]};
    if (with_newer)
        d->levels[NEWER] = newer;
    d->levels[LATEST] = latest;
    g_mutex_unlock(&d->mutex);
    level_unref(old[0]);
    level_unref(old[1]);
}

void people_directory_publish(struct people_directory *d) {
    if (d->rows[LATEST]->len <= MOST_LATEST) {
        replace(d, NULL, FALSE, build(d->rows[LATEST]));
        return;
    }
    g_array_append_vals(d->rows[NEWER], d->rows[LATEST]->data, d->rows[LATEST]->len);
    g_array_set_clear_func(d->rows[LATEST], NULL); /* the texts moved */
    g_array_set_size(d->rows[LATEST], 0);
    g_array_set_clear_func(d->rows[LATEST], row_clear);
    replace(d, build(d->rows[NEWER]), TRUE, NULL);
}

/* ── Searching ─────────────────────────────────────────────────────────────────────────────────── */

static void found_clear(gpointer data) {
    g_array_unref(((struct people_found *)data)->people);
}

/* Of one index, a pair's people are in order, and each is there once; of two, one may be in both. */
static void add_people(const struct people_index *index, guint32 pair, GArray *out) {
    const guint32 *people;
    const guint n = people_hit_people(index, pair, &people), known = out->len;
    for (guint i = 0; i < n; i++) {
        guint k = 0;
        while (k < known && g_array_index(out, guint32, k) != people[i])
            k++;
        if (k == known && (i == 0 || people[i] != people[i - 1]))
            g_array_append_val(out, people[i]);
    }
}

/* One name of two levels is one hit: those of other levels are the first `n_known`. */
static void add_hit(GArray *found, guint n_known, const struct people_index *index,
                    const struct people_hit *hit) {
    struct people_name name;
    people_hit_name(index, hit->pair, &name);
    for (guint i = 0; i < n_known; i++) {
        struct people_found *other = &g_array_index(found, struct people_found, i);
        if (strcmp(other->name.surname, name.surname) == 0 &&
            strcmp(other->name.given, name.given) == 0) {
            other->price = MIN(other->price, hit->price);
            add_people(index, hit->pair, other->people);
            return;
        }
    }
    const struct people_found new = {.name = name,
                                     .price = hit->price,
                                     .reason = hit->reason,
                                     .people = g_array_new(FALSE, FALSE, sizeof(guint32))};
    add_people(index, hit->pair, new.people);
    g_array_append_val(found, new);
}

static gint by_price(gconstpointer a, gconstpointer b) {
    const struct people_found *x = a, *y = b;
    return x->price - y->price;
}

static void search_level(struct level *level, const char *query, gboolean harder, guint most,
                         GArray *found) {
    struct people_hit hits[PEOPLE_MOST_HITS];
    struct people_searcher *searcher = g_async_queue_try_pop(level->searchers);
    if (!searcher)
        searcher = people_searcher_new(level->index);
    const guint n = people_search(searcher, query, harder, MIN(most, G_N_ELEMENTS(hits)), hits);
    const guint n_known = found->len;
    for (guint i = 0; i < n; i++)
        add_hit(found, n_known, level->index, &hits[i]);
    if (g_async_queue_length(level->searchers) < MOST_SEARCHERS)
        g_async_queue_push(level->searchers, searcher);
    else
        people_searcher_free(searcher);
}

static void take(struct people_directory *d, struct level *levels[N_LEVELS]) {
    g_mutex_lock(&d->mutex);
    for (guint i = 0; i < N_LEVELS; i++)
        if ((levels[i] = d->levels[i]))
            g_atomic_int_inc(&levels[i]->refs);
    g_mutex_unlock(&d->mutex);
}

GArray *people_directory_search(struct people_directory *d, const char *query, gboolean harder,
                                guint most) {
    struct level *levels[N_LEVELS];
    GArray *found = g_array_new(FALSE, FALSE, sizeof(struct people_found));
    g_array_set_clear_func(found, found_clear);
    take(d, levels);
    for (guint i = 0; i < N_LEVELS; i++) {
        if (levels[i])
            search_level(levels[i], query, harder, most, found);
        level_unref(levels[i]);
    }
    g_array_sort(found, by_price);
    if (found->len > most)
        g_array_set_size(found, most);
    return found;
}
