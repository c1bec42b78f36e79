/* A list in which a booking stands on several rows, put together: one row a booking, whatever their
 * order.
 *
 * While any row says that they are in, they are; which is taken is decided by what stands in it, not by
 * where it stands. When all say out, a death is what happened, else what the latest row says; rows that
 * say different things of the same time make it unclear how they left. */
#include <string.h>

#include "base/time.h"
#include "feed/formats/private.h"

struct row {
    guint row;
    guint next;          /* of the same booking: its number + 1; 0: the last */
    gsize cell[FIELD_N]; /* offsets in texts + 1; 0: none */
};

struct group {
    guint first, last, n;
};

struct problem_of {
    guint nth;
    struct feed_problem problem;
};

struct charges_adapter {
    struct feed_adapter base;
    struct feed_adapter *rows; /* NULL: all read */
    gint64 observed_at_us;
    feed_problem_fn on_problem;
    void *context;
    GArray *all;          /* struct row */
    GArray *groups;       /* struct group, as they first came */
    GHashTable *group_of; /* booking and person to the number + 1 */
    GByteArray *texts;
    GStringChunk *scratch;
    GArray *problems; /* struct problem_of, of the group that is read */
    guint reading, given;
};

/* What one row says. */
struct said {
    guint nth;
    guint64 digest;
    gboolean is_out, is_unclear;
    enum custody_kind kind;
    gint64 from_us, to_us;
};

static struct row *row_at(const struct charges_adapter *adapter, guint i) {
    return &g_array_index(adapter->all, struct row, i);
}

static void cells_of(const struct charges_adapter *adapter, guint i, struct feed_cells *cells) {
    const struct row *row = row_at(adapter, i);
    *cells = (struct feed_cells){.row = row->row};
    for (int field = 0; field < FIELD_N; field++)
        cells->cell[field] =
            row->cell[field] ? (const char *)adapter->texts->data + row->cell[field] - 1 : NULL;
}

static gsize keep_text(struct charges_adapter *adapter, const char *text) {
    const gsize at = adapter->texts->len;
    g_byte_array_append(adapter->texts, (const guint8 *)text, (guint)strlen(text) + 1);
    return at + 1;
}

static void keep_row(struct charges_adapter *adapter, const struct feed_cells *cells) {
    struct row row = {.row = cells->row};
    for (int field = 0; field < FIELD_N; field++)
        row.cell[field] = cells->cell[field] ? keep_text(adapter, cells->cell[field]) : 0;
    const guint i = adapter->all->len;
    g_array_append_val(adapter->all, row);
    g_autofree char *key =
        g_strconcat(cells->cell[FIELD_BOOKING], "\n", cells->cell[FIELD_PERSON], NULL);
    const guint known = GPOINTER_TO_UINT(g_hash_table_lookup(adapter->group_of, key));
    if (!known) {
        const struct group group = {i, i, 1};
        g_array_append_val(adapter->groups, group);
        g_hash_table_insert(adapter->group_of, g_steal_pointer(&key),
                            GUINT_TO_POINTER(adapter->groups->len));
        return;
    }
    struct group *group = &g_array_index(adapter->groups, struct group, known - 1);
    row_at(adapter, group->last)->next = i + 1;
    group->last = i;
    group->n++;
}

static void collect_problem(const struct feed_problem *problem, void *context) {
    struct charges_adapter *adapter = context;
    const struct problem_of one = {adapter->reading, *problem};
    g_array_append_val(adapter->problems, one);
}

static struct said read_row(struct charges_adapter *adapter, guint i) {
    struct feed_cells cells;
    struct feed_record record;
    cells_of(adapter, i, &cells);
    struct said said = {.nth = i,
                        .digest = feed_cells_digest(&cells, 0),
                        .from_us = TIME_UNKNOWN,
                        .to_us = TIME_UNKNOWN};
    adapter->reading = i;
    if (!feed_record_read(adapter->base.mapping, &cells, adapter->observed_at_us, adapter->scratch,
                          &record, collect_problem, adapter))
        return said;
    said.is_out = feed_record_says_out(adapter->base.mapping, &cells) && record.has_action;
    said.is_unclear = record.is_unclear;
    said.kind = record.action;
    said.from_us = record.occurred_at_us;
    said.to_us = record.occurred_to_us;
    return said;
}

static gboolean is_death(const struct said *said) {
    return said->is_out && !said->is_unclear && said->kind == CUSTODY_DIED;
}

/* Which of two rows tells more of what is believed of the booking. */
static gboolean carries_more(const struct said *a, const struct said *b) {
    if (a->is_out != b->is_out)
        return !a->is_out;
    if (is_death(a) != is_death(b))
        return is_death(a);
    if (a->is_out && a->from_us != b->from_us)
        return a->from_us > b->from_us;
    if (a->is_out && a->to_us != b->to_us)
        return a->to_us < b->to_us; /* the more exact */
    return a->digest < b->digest;
}

/* Whether the row says that they left otherwise, at a time that may be as late. */
static gboolean is_rival(const struct said *best, const struct said *said) {
    return best->is_out && !is_death(best) && (said->is_unclear || said->kind != best->kind) &&
           (said->is_unclear || said->to_us == TIME_UNKNOWN || said->to_us >= best->from_us);
}

static guint32 place_of(const struct feed_cells *cells) {
    const struct feed_cells place = {.cell = {[FIELD_FACILITY] = cells->cell[FIELD_FACILITY],
                                              [FIELD_ADMITTED_AT] = cells->cell[FIELD_ADMITTED_AT]}};
    return (guint32)feed_cells_digest(&place, 0);
}

/* One sealed row of a booking seals it. */
static void seal_as(const struct feed_mapping *mapping, const struct feed_cells *other,
                    struct feed_cells *cells) {
    static const enum feed_field flags[] = {FIELD_SEALED, FIELD_JUVENILE, FIELD_PROTECTED};
    for (guint i = 0; i < G_N_ELEMENTS(flags); i++)
        if (feed_flag_is_set(mapping, other->cell[flags[i]]) &&
            !feed_flag_is_set(mapping, cells->cell[flags[i]]))
            cells->cell[flags[i]] = other->cell[flags[i]];
}

static void tell_other_row(const struct charges_adapter *adapter, guint i) {
    struct feed_problem problem;
    for (guint p = 0; p < adapter->problems->len; p++) {
        const struct problem_of *of = &g_array_index(adapter->problems, struct problem_of, p);
        if (of->nth == i)
            adapter->on_problem(&of->problem, adapter->context);
    }
    if (adapter->base.mapping->rows_are_charges)
        return;
    struct feed_cells cells;
    cells_of(adapter, i, &cells);
    feed_problem_set(
        &problem, cells.row, "booking", cells.cell[FIELD_BOOKING],
        "the file lists this booking twice with different values; they were put together. If rows are "
        "charges, say `rows: one a charge`");
    adapter->on_problem(&problem, adapter->context);
}

static void put_together(struct charges_adapter *adapter, const struct group *group,
                         struct feed_cells *cells) {
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(struct said));
    guint best = 0, n_torn = 0;
    gboolean is_unclear = FALSE;
    g_array_set_size(adapter->problems, 0);
    for (guint i = group->first + 1; i; i = row_at(adapter, i - 1)->next) {
        const struct said said = read_row(adapter, i - 1);
        g_array_append_val(all, said);
        if (carries_more(&said, &g_array_index(all, struct said, best)))
            best = all->len - 1;
    }
    const struct said *carrying = &g_array_index(all, struct said, best);
    cells_of(adapter, carrying->nth, cells);
    for (guint i = 0; i < all->len; i++) {
        const struct said *said = &g_array_index(all, struct said, i);
        struct feed_cells other;
        cells_of(adapter, said->nth, &other);
        if (said->digest == carrying->digest)
            continue;
        seal_as(adapter->base.mapping, &other, cells);
        is_unclear |= is_rival(carrying, said);
        n_torn += place_of(&other) != place_of(cells);
        tell_other_row(adapter, said->nth);
    }
    cells->is_unclear = is_unclear;
    cells->n_more = group->n - 1;
    cells->n_torn = n_torn;
}

static enum feed_next charges_next(struct feed_adapter *base, struct feed_cells *cells,
                                   struct feed_problem *problem) {
    struct charges_adapter *adapter = (struct charges_adapter *)base;
    enum feed_next next;
    while (adapter->rows && (next = feed_adapter_next(adapter->rows, cells, problem)) != FEED_END) {
        if (next == FEED_PROBLEM) {
            g_string_assign(base->unread, feed_adapter_unread(adapter->rows));
            return next;
        }
        if (!cells->cell[FIELD_PERSON] || !cells->cell[FIELD_BOOKING])
            return next; /* of no booking */
        keep_row(adapter, cells);
    }
    if (adapter->rows)
        base->is_cut = feed_adapter_is_cut(adapter->rows);
    g_clear_pointer(&adapter->rows, feed_adapter_free);
    g_string_chunk_clear(adapter->scratch);
    if (adapter->given == adapter->groups->len)
        return FEED_END;
    const struct group *group = &g_array_index(adapter->groups, struct group, adapter->given++);
    if (group->n == 1)
        cells_of(adapter, group->first, cells);
    else
        put_together(adapter, group, cells);
    return FEED_CELLS;
}

static double charges_progress(const struct feed_adapter *base) {
    const struct charges_adapter *adapter = (const struct charges_adapter *)base;
    return adapter->rows ? feed_adapter_progress(adapter->rows) / 2
                         : 0.5 + 0.5 * adapter->given / MAX(adapter->groups->len, 1);
}

static void charges_free(struct feed_adapter *base) {
    struct charges_adapter *adapter = (struct charges_adapter *)base;
    feed_adapter_free(adapter->rows);
    g_array_unref(adapter->all);
    g_array_unref(adapter->groups);
    g_array_unref(adapter->problems);
    g_hash_table_unref(adapter->group_of);
    g_byte_array_unref(adapter->texts);
    g_string_chunk_free(adapter->scratch);
    g_string_free(base->unread, TRUE);
    g_free(adapter);
}

struct feed_adapter *feed_charges_open(struct feed_adapter *rows, gint64 observed_at_us,
                                       feed_problem_fn on_problem, void *context) {
    struct charges_adapter *adapter = g_new0(struct charges_adapter, 1);
    adapter->base = (struct feed_adapter){.mapping = rows->mapping,
                                          .next = charges_next,
                                          .progress = charges_progress,
                                          .free = charges_free,
                                          .unread = g_string_new(NULL)};
    adapter->rows = rows;
    adapter->observed_at_us = observed_at_us;
    adapter->on_problem = on_problem;
    adapter->context = context;
    adapter->all = g_array_new(FALSE, FALSE, sizeof(struct row));
    adapter->groups = g_array_new(FALSE, FALSE, sizeof(struct group));
    adapter->problems = g_array_new(FALSE, FALSE, sizeof(struct problem_of));
    adapter->group_of = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    adapter->texts = g_byte_array_new();
    adapter->scratch = g_string_chunk_new(1024);
    return &adapter->base;
}
