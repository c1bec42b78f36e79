/* Any bytes as a query against a small index: no crash; what is found is in order, each name once, with
 * people; asked again it is the same, and whoever asks for fewer gets the best of them. */
#include <string.h>

#include "people/search/index.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t n);

#define MOST 64

static const char *const some_people[][2] = {{"Robert", "Sunderman"},
                                             {"María José", "García López"},
                                             {"Rick", "Price-Tucker"},
                                             {"Seán", "O'Brien"},
                                             {"Ana", "de la Cruz"},
                                             {"Ana", "Cruz"},
                                             {"", "Nobody"},
                                             {"J", "Smith"},
                                             {"John", "Smith"},
                                             {"Jane", "Smith"},
                                             {"John", "Smith"},
                                             {"Smith", "John"},
                                             {"Иван", "Smyth"},
                                             {"AA", "AAA"},
                                             {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAA"},
                                             {"Hh", "H"}};

static const struct people_index *an_index(void) {
    static struct people_index *index;
    if (!index) {
        struct people_builder *builder = people_builder_new();
        for (guint32 i = 0; i < G_N_ELEMENTS(some_people); i++)
            people_builder_add(builder, i, some_people[i][0], some_people[i][1]);
        index = people_builder_build(builder, NULL, NULL);
    }
    return index;
}

static void check_hit(const struct people_index *index, const struct people_hit *hits, guint i) {
    struct people_name name;
    const guint32 *people;
    g_assert(hits[i].pair < people_index_n_names(index) && hits[i].reason <= PEOPLE_INITIAL);
    g_assert(i == 0 || hits[i - 1].price <= hits[i].price);
    for (guint k = 0; k < i; k++)
        g_assert(hits[k].pair != hits[i].pair);
    const guint n_people = people_hit_people(index, hits[i].pair, &people);
    g_assert(n_people >= 1);
    for (guint k = 0; k < n_people; k++)
        g_assert(people[k] < G_N_ELEMENTS(some_people));
    people_hit_name(index, hits[i].pair, &name);
    g_assert(*name.surname && strlen(name.surname) <= PEOPLE_TOKEN_MAX &&
             strlen(name.given) <= PEOPLE_TOKEN_MAX);
}

/* The first byte says how to search, the rest is the query. */
int LLVMFuzzerTestOneInput(const guint8 *data, size_t n) {
    static struct people_searcher *searcher;
    const struct people_index *index = an_index();
    struct people_hit hits[MOST], again[MOST];
    if (!searcher)
        searcher = people_searcher_new(index);
    if (!n)
        return 0;
    g_autofree char *query = g_strndup((const char *)data + 1, n - 1);
    const gboolean harder = *data & 1;
    const guint fewer = 1 + (*data >> 1) % MOST,
                found = people_search(searcher, query, harder, MOST, hits);
    g_assert(found <= MOST);
    for (guint i = 0; i < found; i++)
        check_hit(index, hits, i);
    const guint n_fewer = people_search(searcher, query, harder, fewer, again);
    g_assert(n_fewer == MIN(fewer, found));
    for (guint i = 0; i < n_fewer; i++)
        g_assert(again[i].price == hits[i].price);
    g_assert(people_search(searcher, query, harder, MOST, again) == found);
    for (guint i = 0; i < found; i++)
        g_assert(again[i].pair == hits[i].pair && again[i].price == hits[i].price &&
                 again[i].reason == hits[i].reason);
    return 0;
}
