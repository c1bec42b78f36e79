/* Groups: pairs from the likeliest down, each of which may join the groups of its two rows. Two groups
 * join while the mean over pairs of them says that they are one person; one strong pair alone does not
 * pull in what the rest speaks against. */
#include <math.h>
#include <string.h>

#include "people/link/private.h"

#define MOST_ASKED 4 /* rows of a group that are compared with the other's; its first and last */

const struct link_options link_default_options = {.sure = 10, .possible = 0};

const char *link_band_name(enum link_band band) {
    static const char *const names[] = {"none", "possible", "sure"};
    return names[band];
}

struct grouping {
    const struct link_set *set;
    guint32 *head, *next, *tail, *size; /* rows of a group as a list; head by row, the rest by head */
    struct link_outcome *outcomes;
};

/* The mean over pairs across two groups. */
static double mean_bits(const struct grouping *g, guint32 p, guint32 q) {
    double sum = 0;
    guint n = 0, i = 0;
    for (guint32 a = p; i < MOST_ASKED && a != G_MAXUINT32; a = g->next[a], i++) {
        guint j = 0;
        for (guint32 b = q; j < MOST_ASKED && b != G_MAXUINT32; b = g->next[b], j++, n++)
            sum += set_pair_bits(g->set, a, b, -INFINITY);
    }
    return sum / n;
}

static void lower(struct grouping *g, guint32 head, float bits) {
    for (guint32 a = head; a != G_MAXUINT32; a = g->next[a])
        g->outcomes[a].bits = MIN(g->outcomes[a].bits, bits);
}

/* The smaller joins the larger: what holds it there is this link, however strong it is within. */
static void join(struct grouping *g, guint32 p, guint32 q, float bits) {
    if (g->size[p] < g->size[q] || (g->size[p] == g->size[q] && q < p)) {
        const guint32 other = p;
        p = q;
        q = other;
    }
    lower(g, q, bits);
    if (g->size[p] == 1)
        lower(g, p, bits);
    for (guint32 a = q; a != G_MAXUINT32; a = g->next[a])
        g->head[a] = p;
    g->next[g->tail[p]] = q;
    g->tail[p] = g->tail[q];
    g->size[p] += g->size[q];
}

/* By bits, the most first. */
static void sort_pairs(GArray *pairs) {
    if (!pairs->len)
        return;
    g_autoptr(GArray) order = g_array_sized_new(FALSE, FALSE, sizeof(guint64), pairs->len);
    for (guint i = 0; i < pairs->len; i++) {
        guint32 key;
        memcpy(&key, &g_array_index(pairs, struct link_pair, i).bits, sizeof key);
        key = key & 0x80000000u ? key : ~key & 0x7FFFFFFFu; /* descending as unsigned */
        const guint64 entry = (guint64)key << 32 | i;
        g_array_append_val(order, entry);
    }
    link_sort(order);
    struct link_pair *sorted = g_new(struct link_pair, pairs->len + 1);
    for (guint i = 0; i < pairs->len; i++)
        sorted[i] = g_array_index(pairs, struct link_pair, entry_row(g_array_index(order, guint64, i)));
    memcpy(pairs->data, sorted, pairs->len * sizeof *sorted);
    g_free(sorted);
}

static void join_all(struct grouping *g, const GArray *pairs, const struct link_options *options) {
    for (guint i = 0; i < pairs->len; i++) {
        const struct link_pair *pair = &g_array_index(pairs, struct link_pair, i);
        const guint32 p = g->head[pair->a], q = g->head[pair->b];
        if (p == q)
            continue;
        double bits = (double)pair->bits;
        if (g->size[p] > 1 || g->size[q] > 1)
            bits = MIN(bits, mean_bits(g, p, q));
        if (bits >= options->possible)
            join(g, p, q, (float)bits);
    }
}

void link_set_group(const struct link_set *set, const struct link_options *options,
                    struct link_outcome *outcomes) {
    const guint32 n = set->rows->len;
    struct grouping g = {.set = set, .outcomes = outcomes};
    g.head = g_new0(guint32, n + 1);
    g.next = g_new0(guint32, n + 1);
    g.tail = g_new0(guint32, n + 1);
    g.size = g_new0(guint32, n + 1);
    for (guint32 i = 0; i < n; i++) {
        g.head[i] = g.tail[i] = i;
        g.next[i] = G_MAXUINT32;
        g.size[i] = 1;
        outcomes[i] = (struct link_outcome){.bits = INFINITY};
    }
    GArray *pairs = link_candidates(set, options->possible, options->progress, options->context);
    sort_pairs(pairs);
    join_all(&g, pairs, options);
    guint32 *least = g.tail; /* of each group: its first row */
    for (guint32 i = n; i-- > 0;)
        least[g.head[i]] = i;
    for (guint32 i = 0; i < n; i++) {
        outcomes[i].person = least[g.head[i]];
        if (g.size[g.head[i]] == 1)
            outcomes[i].bits = -INFINITY;
        outcomes[i].band = g.size[g.head[i]] == 1                      ? LINK_NONE
                           : (double)outcomes[i].bits >= options->sure ? LINK_SURE
                                                                       : LINK_POSSIBLE;
    }
    g_array_unref(pairs);
    g_free(g.head);
    g_free(g.next);
    g_free(g.tail);
    g_free(g.size);
}
