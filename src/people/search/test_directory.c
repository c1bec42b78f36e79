/* Names that change while four threads search for them. */
#include <string.h>

#include "base/random.h"
#include "people/search/directory.h"

#define MOST 64
#define IN_BASE 400
#define NAMES 2200
#define READERS 4
#define MOST_AT_ONCE 700 /* more than `latest` holds */

static guint below(guint64 *seed, guint n) {
    return (guint)(base_seeded_next(seed) % n);
}

/* The n-th name: no two are alike to the letter. */
struct name {
    char given[16], surname[16];
};

static struct name name_of(guint n) {
    static const char others[] = "BCDFGHJKLMNPRSTVWZ", vowels[] = "AEIOU";
    guint64 seed = n + 1;
    struct name name = {.given = ""};
    guint rest = n;
    for (guint i = 0; i < 4 + n % 3; i++)
        name.given[i] = i % 2 ? vowels[below(&seed, 5)] : others[below(&seed, 18)];
    for (guint i = 0; i < 10; i++, rest /= i % 2 ? 5 : 18) /* the number itself, in syllables */
        name.surname[i] = i % 2 ? vowels[rest % 5] : others[rest % 18];
    return name;
}

static void add(struct people_directory *d, guint person, guint name) {
    const struct name n = name_of(name);
    people_directory_add(d, person, n.given, n.surname);
}

static struct people_index *index_of_first(guint n) {
    struct people_builder *builder = people_builder_new();
    for (guint i = 0; i < n; i++) {
        const struct name name = name_of(i);
        people_builder_add(builder, i, name.given, name.surname);
    }
    return people_builder_build(builder, NULL, NULL);
}

/* How often the person is found under just this name; nobody is twice in a hit, and no name is two
 * hits.
 */
static guint times_found(struct people_directory *d, guint person, guint number) {
    const struct name name = name_of(number);
    g_autofree char *query = g_strconcat(name.surname, ", ", name.given, NULL);
    g_autoptr(GArray) found = people_directory_search(d, query, FALSE, MOST);
    g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    guint times = 0;
    int price = G_MININT;
    g_assert_cmpuint(found->len, <=, MOST);
    for (guint i = 0; i < found->len; i++) {
        const struct people_found *f = &g_array_index(found, struct people_found, i);
        g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
        g_assert_cmpint(f->price, >=, price);
        price = f->price;
        g_assert_true(g_hash_table_add(names, g_strconcat(f->name.surname, ",", f->name.given, NULL)));
        g_assert_cmpuint(f->people->len, >, 0);
        for (guint k = 0; k < f->people->len; k++) {
            const guint32 id = g_array_index(f->people, guint32, k);
            g_assert_true(g_hash_table_add(seen, GUINT_TO_POINTER(id)));
            times += id == person && strcmp(f->name.surname, name.surname) == 0 &&
                     strcmp(f->name.given, name.given) == 0;
        }
    }
    return times;
}

/* ── One writer, four readers ──────────────────────────────────────────────────────────────────── */

struct shared {
    struct people_directory *directory;
    gint n_published, is_done; /* atomic */
    gint n_searches;
};

struct reader {
    struct shared *shared;
    guint64 seed;
};

static gpointer read_on(gpointer data) {
    struct reader *r = data;
    struct shared *s = r->shared;
    for (gboolean is_last = FALSE; !is_last;) {
        is_last = g_atomic_int_get(&s->is_done) != 0;
        const guint n = (guint)g_atomic_int_get(&s->n_published);
        /* what was published last, as often as any */
        const guint name =
            below(&r->seed, 2) ? n - 1 - below(&r->seed, MIN(n, 20)) : below(&r->seed, n);
        if (times_found(s->directory, name, name) != 1)
            g_error("of %u published, %u was not found once", n, name);
        g_atomic_int_inc(&s->n_searches);
        g_usleep(4000); /* the writer shall get a turn on few cores, too */
    }
    return NULL;
}

static void write_all(struct shared *s) {
    guint64 seed = 3;
    for (guint n = IN_BASE, until; n < NAMES; n = until) {
        const guint step = 1 + (below(&seed, 12) ? below(&seed, 240) : below(&seed, MOST_AT_ONCE));
        until = MIN(n + step, NAMES);
        for (guint i = n; i < until; i++)
            add(s->directory, i, i);
        people_directory_publish(s->directory);
        g_atomic_int_set(&s->n_published, (gint)until);
    }
}

static void four_search_while_one_writes(void) {
    struct shared s = {.directory = people_directory_new(index_of_first(IN_BASE)),
                       .n_published = IN_BASE};
    struct reader readers[READERS];
    GThread *threads[READERS];
    for (guint i = 0; i < READERS; i++) {
        readers[i] = (struct reader){&s, 100 + i};
        threads[i] = g_thread_new("reader", read_on, &readers[i]);
    }
    write_all(&s);
    g_atomic_int_set(&s.is_done, 1);
    for (guint i = 0; i < READERS; i++)
        g_thread_join(threads[i]);
    g_assert_cmpint(s.n_searches, >=, READERS);
    for (guint i = 0; i < NAMES; i += 7)
        g_assert_cmpuint(times_found(s.directory, i, i), ==, 1);
    people_directory_free(s.directory);
}

/* ── Alone ─────────────────────────────────────────────────────────────────────────────────────── */

static void what_was_not_published_is_not_found(void) {
    struct people_directory *d = people_directory_new(index_of_first(10));
    add(d, 10, 10);
    g_assert_cmpuint(times_found(d, 10, 10), ==, 0);
    people_directory_publish(d);
    g_assert_cmpuint(times_found(d, 10, 10), ==, 1);
    people_directory_free(d);
}

static void nobody_is_found_in_an_empty_directory(void) {
    struct people_directory *d = people_directory_new(NULL);
    g_assert_cmpuint(times_found(d, 0, 0), ==, 0);
    people_directory_publish(d); /* of nothing */
    g_assert_cmpuint(times_found(d, 0, 0), ==, 0);
    people_directory_free(d);
    d = people_directory_new(people_builder_build(people_builder_new(), NULL, NULL));
    people_directory_publish(d);
    g_assert_cmpuint(times_found(d, 0, 0), ==, 0);
    people_directory_free(d);
    people_directory_free(NULL);
}

/* From the first name on, past both limits, in batches of each length about the limit. */
static void a_directory_may_begin_with_nobody(void) {
    static const guint batches[] = {1, 255, 256, 257, 1, 1, 254, 256, 1, 600, 2, 0, 3};
    struct people_directory *d = people_directory_new(NULL);
    guint n = 0;
    for (guint i = 0; i < G_N_ELEMENTS(batches); i++) {
        for (guint k = 0; k < batches[i]; k++, n++)
            add(d, n, n);
        people_directory_publish(d);
        for (guint k = 0; k < n; k += 1 + n / 60)
            g_assert_cmpuint(times_found(d, k, k), ==, 1);
        g_assert_cmpuint(times_found(d, n - 1, n - 1), ==, 1);
    }
    people_directory_free(d);
}

/* The new name is found, and the old one is still: whoever shows it looks the person up. Renamed back,
 * the name is in two indexes, and the person in one hit, once. */
static void who_is_renamed_is_found_once_under_each_name(void) {
    struct people_directory *d = people_directory_new(index_of_first(50));
    for (guint round = 0; round < 3; round++) {
        for (guint i = 0; i < 50; i++)
            add(d, i, 1000 + i);
        people_directory_publish(d);
        for (guint i = 0; i < 50; i++) {
            g_assert_cmpuint(times_found(d, i, i), ==, 1);
            g_assert_cmpuint(times_found(d, i, 1000 + i), ==, 1);
            add(d, i, i); /* back, and twice */
            add(d, i, i);
        }
        people_directory_publish(d);
        for (guint i = 0; i < 50; i++) {
            g_assert_cmpuint(times_found(d, i, i), ==, 1);
            g_assert_cmpuint(times_found(d, i, 1000 + i), ==, 1);
        }
    }
    people_directory_free(d);
}

/* One name in all three indexes, of somebody else in each. */
static void namesakes_of_all_levels_are_one_hit(void) {
    struct people_directory *d = people_directory_new(index_of_first(1));
    add(d, 1, 0);
    for (guint i = 0; i < 300; i++)
        add(d, 1000 + i, 1000 + i);
    people_directory_publish(d); /* `newer` */
    add(d, 2, 0);
    add(d, 1, 0);
    people_directory_publish(d); /* `latest` */
    for (guint person = 0; person < 3; person++)
        g_assert_cmpuint(times_found(d, person, 0), ==, 1);
    g_assert_cmpuint(times_found(d, 3, 0), ==, 0);
    people_directory_free(d);
}

/* The best few of all levels, not of one. */
static void fewer_are_the_best_of_all_levels(void) {
    struct people_directory *d = people_directory_new(index_of_first(IN_BASE));
    for (guint i = IN_BASE; i < 2 * IN_BASE; i++)
        add(d, i, i);
    people_directory_publish(d);
    for (guint i = 0; i < 2 * IN_BASE; i += 97) {
        const struct name name = name_of(i);
        g_autofree char *query = g_strconcat(name.given, " ", name.surname, NULL);
        g_autoptr(GArray) one = people_directory_search(d, query, FALSE, 1),
                          none = people_directory_search(d, query, TRUE, 0);
        g_assert_cmpuint(one->len, ==, 1);
        g_assert_cmpuint(none->len, ==, 0);
        g_assert_cmpstr(g_array_index(one, struct people_found, 0).name.surname, ==, name.surname);
    }
    people_directory_free(d);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/directory/threads", four_search_while_one_writes);
    g_test_add_func("/directory/unpublished", what_was_not_published_is_not_found);
    g_test_add_func("/directory/empty", nobody_is_found_in_an_empty_directory);
    g_test_add_func("/directory/baseless", a_directory_may_begin_with_nobody);
    g_test_add_func("/directory/renamed", who_is_renamed_is_found_once_under_each_name);
    g_test_add_func("/directory/namesakes", namesakes_of_all_levels_are_one_hit);
    g_test_add_func("/directory/fewer", fewer_are_the_best_of_all_levels);
    return g_test_run();
}
