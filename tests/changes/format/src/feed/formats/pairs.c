/* A format as an example: events as lines of key=value pairs. */
#include <string.h>

#include "feed/formats/private.h"

struct pairs_adapter {
    struct feed_adapter base;
    char *text, *next;
    GHashTable *pairs; /* of the line at hand; borrowed from the text */
    GString *person, *booking;
    guint row;
};

static const char *join(struct pairs_adapter *a, enum feed_field field, GString *joined) {
    const char *parts[8];
    guint n = 0;
    for (char **column = a->base.mapping->columns[field]; column && *column && n < 8; column++)
        parts[n++] = g_hash_table_lookup(a->pairs, *column);
    return n ? feed_join_key(parts, n, joined) : NULL;
}

static void read_line(struct pairs_adapter *a) {
    char *line = a->next, *end = strchr(line, '\n');
    a->next = end ? end + 1 : line + strlen(line);
    if (end)
        *end = 0;
    g_hash_table_remove_all(a->pairs);
    for (char *pair = strtok_r(line, " \t\r", &line); pair; pair = strtok_r(NULL, " \t\r", &line)) {
        char *equals = strchr(pair, '=');
        if (!equals)
            continue;
        *equals = 0;
        g_hash_table_insert(a->pairs, pair, equals + 1);
    }
}

static enum feed_next pairs_next(struct feed_adapter *base, struct feed_cells *cells, struct feed_problem *problem) {
    struct pairs_adapter *a = (struct pairs_adapter *)base;
    if (!*a->next)
        return FEED_END;
    read_line(a);
    a->row++;
    if (!g_hash_table_size(a->pairs)) {
        feed_problem_set(problem, a->row, "", NULL, "no key=value in this line; it was passed over");
        return FEED_PROBLEM;
    }
    memset(cells, 0, sizeof *cells);
    cells->row = a->row;
    cells->cell[FIELD_PERSON] = join(a, FIELD_PERSON, a->person);
    cells->cell[FIELD_BOOKING] = join(a, FIELD_BOOKING, a->booking);
    for (int field = FIELD_BOOKING + 1; field < FIELD_N; field++)
        if (base->mapping->columns[field])
            cells->cell[field] = g_hash_table_lookup(a->pairs, base->mapping->columns[field][0]);
    return FEED_CELLS;
}

static double pairs_progress(const struct feed_adapter *base) {
    (void)base;
    return 1;
}

static void pairs_free(struct feed_adapter *base) {
    struct pairs_adapter *a = (struct pairs_adapter *)base;
    g_hash_table_unref(a->pairs);
    g_string_free(a->person, TRUE);
    g_string_free(a->booking, TRUE);
    g_free(a->text);
    g_free(a);
}

struct feed_adapter *feed_pairs_open(const struct feed_mapping *mapping, char *text, gsize n, GError **error) {
    struct pairs_adapter *a = g_new0(struct pairs_adapter, 1);
    (void)error;
    a->base =
        (struct feed_adapter){.mapping = mapping, .next = pairs_next, .progress = pairs_progress, .free = pairs_free};
    a->text = a->next = g_realloc(text, n + 1);
    a->text[n] = 0;
    a->pairs = g_hash_table_new(g_str_hash, g_str_equal);
    a->person = g_string_new(NULL);
    a->booking = g_string_new(NULL);
    return &a->base;
}
