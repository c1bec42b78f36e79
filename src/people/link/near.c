#include "people/link/near.h"

#include <math.h>

#define MOST_NAMES 64
#define MOST_COMPARED 1000
#define MOST_UNLIKE 3 /* so few have a name that another birth date does not rule them out */

static gint likeliest_first(gconstpointer a, gconstpointer b) {
    const struct link_near *x = a, *y = b;
    if (x->bits != y->bits)
        return x->bits < y->bits ? 1 : -1;
    return (x->person > y->person) - (x->person < y->person);
}

/* Whether year, month and day speak all against it: of a common name, such are too many to compare. */
static gboolean is_far(const struct link_record *r, gint32 born) {
    return born && r->day && r->year != (guint)born / 10000 &&
           (guint)born % 10000 != r->month * 100 + r->day;
}

static void set_born(struct link_record *r, gint32 born) {
    r->year = (guint)born / 10000;
    r->month = (guint)born / 100 % 100;
    r->day = (guint)born % 100;
}

struct comparing {
    struct link_set *set;
    const GArray *born;
    const struct link_record *record;
    GHashTable *seen;
    GArray *near;
    double least;
};

/* Who was born the same day first: a common name must not use up the room before them. */
static void compare_all(struct comparing *c, const struct people_found *found, gboolean same_day) {
    struct link_record other = {.surname = found->name.surname, .given = found->name.given};
    const gint32 day = (gint32)(c->record->year * 10000 + c->record->month * 100 + c->record->day);
    for (guint i = 0; i < found->people->len && g_hash_table_size(c->seen) < MOST_COMPARED; i++) {
        const guint32 person = g_array_index(found->people, guint32, i);
        const gint32 born = person < c->born->len ? g_array_index(c->born, gint32, person) : 0;
        if ((born == day && born) != same_day ||
            (found->people->len > MOST_UNLIKE && is_far(c->record, born)) ||
            !g_hash_table_add(c->seen, GUINT_TO_POINTER(person)))
            continue;
        set_born(&other, born);
        link_set_add(c->set, &other);
        const struct link_near one = {person,
                                      link_compare(c->set, 0, link_set_size(c->set) - 1, NULL, NULL)};
        if (one.bits >= c->least)
            g_array_append_val(c->near, one);
    }
}

GArray *link_find_near(struct people_directory *directory, struct link_set *set, const GArray *born,
                       const struct link_record *record, double least) {
    GArray *near = g_array_new(FALSE, FALSE, sizeof(struct link_near));
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    g_autofree char *query = g_strconcat(record->surname, ", ", record->given, NULL);
    g_autoptr(GArray) found = people_directory_search(directory, query, FALSE, MOST_NAMES);
    struct comparing c = {set, born, record, seen, near, least};
    link_set_clear(set);
    link_set_add(set, record);
    for (guint pass = 0; pass < 2; pass++)
        for (guint i = 0; i < found->len; i++)
            compare_all(&c, &g_array_index(found, struct people_found, i), pass == 0);
    g_array_sort(near, likeliest_first);
    return near;
}
