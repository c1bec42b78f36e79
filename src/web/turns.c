#include "web/turns.h"

struct line {
    char *key;
    GQueue waiting;
    guint n_under_way;
    gboolean is_in_round;
};

struct turns {
    GMutex mutex;
    GCond cond;
    struct turns_bounds bounds;
    GHashTable *lines; /* by key; only of those that have something */
    GQueue round;      /* lines that have something waiting and may have more under way */
    guint n_waiting;
    gboolean is_over;
};

static void line_free(gpointer data) {
    struct line *line = data;
    g_free(line->key);
    g_free(line);
}

struct turns *turns_new(const struct turns_bounds *bounds) {
    struct turns *turns = g_new0(struct turns, 1);
    g_mutex_init(&turns->mutex);
    g_cond_init(&turns->cond);
    turns->bounds = *bounds;
    turns->lines = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, line_free);
    return turns;
}

void turns_free(struct turns *turns) {
    g_queue_clear(&turns->round);
    g_hash_table_unref(turns->lines);
    g_mutex_clear(&turns->mutex);
    g_cond_clear(&turns->cond);
    g_free(turns);
}

static struct line *line_of(struct turns *turns, const char *key) {
    struct line *line = g_hash_table_lookup(turns->lines, key);
    if (!line) {
        line = g_new0(struct line, 1);
        line->key = g_strdup(key);
        g_hash_table_insert(turns->lines, line->key, line);
    }
    return line;
}

/* Into the round again, at its end, or forgotten when it has nothing more. */
static void settle(struct turns *turns, struct line *line) {
    if (line->is_in_round)
        return;
    if (line->waiting.length && line->n_under_way < turns->bounds.most_under_way_of_one) {
        g_queue_push_tail(&turns->round, line);
        line->is_in_round = TRUE;
        g_cond_signal(&turns->cond);
    } else if (!line->waiting.length && !line->n_under_way) {
        g_hash_table_remove(turns->lines, line->key);
    }
}

gboolean turns_put(struct turns *turns, const char *key, gpointer item) {
    g_mutex_lock(&turns->mutex);
    struct line *line = line_of(turns, key);
    const gboolean has_room = !turns->is_over && turns->n_waiting < turns->bounds.most_waiting &&
                              line->waiting.length < turns->bounds.most_waiting_of_one;
    if (has_room) {
        g_queue_push_tail(&line->waiting, item);
        turns->n_waiting++;
    }
    settle(turns, line);
    g_mutex_unlock(&turns->mutex);
    return has_room;
}

gpointer turns_take(struct turns *turns, char **key) {
    gpointer item = NULL;
    g_mutex_lock(&turns->mutex);
    while (!turns->is_over && !turns->round.length)
        g_cond_wait(&turns->cond, &turns->mutex);
    if (!turns->is_over) {
        struct line *line = g_queue_pop_head(&turns->round);
        line->is_in_round = FALSE;
        line->n_under_way++;
        item = g_queue_pop_head(&line->waiting);
        turns->n_waiting--;
        *key = g_strdup(line->key);
        settle(turns, line);
    }
    g_mutex_unlock(&turns->mutex);
    return item;
}

void turns_done(struct turns *turns, const char *key) {
    g_mutex_lock(&turns->mutex);
    struct line *line = line_of(turns, key);
    line->n_under_way--;
    settle(turns, line);
    g_mutex_unlock(&turns->mutex);
}

void turns_end(struct turns *turns) {
    g_mutex_lock(&turns->mutex);
    turns->is_over = TRUE;
    g_cond_broadcast(&turns->cond);
    g_mutex_unlock(&turns->mutex);
}

gpointer turns_take_rest(struct turns *turns) {
    GHashTableIter lines;
    gpointer line, item = NULL;
    g_mutex_lock(&turns->mutex);
    g_hash_table_iter_init(&lines, turns->lines);
    while (!item && g_hash_table_iter_next(&lines, NULL, &line))
        item = g_queue_pop_head(&((struct line *)line)->waiting);
    g_mutex_unlock(&turns->mutex);
    return item;
}
