/* What could not be read: whether it is more than usual, and whether it is about somebody who is
 * followed. */
#include <string.h>

#include "intake/private.h"
#include "store/store.h"
#include "store/watch.h"

#define FEW_BAD_ROWS 3
#define FIRST_BAD_SHARE 0.05 /* of what a feed sends first */

static void count_problem(struct load_legible *legible, const struct feed_problem *problem) {
    guint field = 0;
    while (field < FIELD_N && strcmp(feed_field_name(field), problem->field) != 0)
        field++;
    if (!legible->n_bad[field]++)
        legible->first_bad[field] = problem->row;
    legible->n_cells[field] += !*problem->value; /* there should have been one */
    legible->n_bad_rows += problem->row != legible->last_bad_row;
    legible->last_bad_row = problem->row;
    g_strlcpy(legible->last_reason, problem->reason, sizeof legible->last_reason);
}

void load_keep_problem(const struct feed_problem *problem, void *context) {
    struct load *load = context;
    struct load_summary *s = load->summary;
    if (load->is_accepted) /* kept when the list was held */
        return;
    count_problem(&load->legible, problem);
    if (load->n_kept_problems++ < MOST_PROBLEMS_KEPT && !load->problem_error)
        store_problem_add(load->db, load->source.id, problem, &load->problem_error);
    s->problems++;
    if (s->problem_list && json_array_size(s->problem_list) < MOST_PROBLEMS_LISTED)
        json_array_append_new(s->problem_list,
                              json_pack("{s:s, s:i, s:s, s:s, s:s}", "file", load->name, "row",
                                        problem->row, "field", problem->field, "reason",
                                        problem->reason, "value", problem->value));
}

static void add_person(const struct store_person_row *row, void *context) {
    g_array_append_val(context, row->id);
}

/* Whoever the row may be about: those kept under its number. */
static gboolean is_about_followed(struct load *load, const struct feed_cells *cells,
                                  gboolean *is_followed, GError **error) {
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    const char *person = cells->cell[FIELD_PERSON], *booking = cells->cell[FIELD_BOOKING];
    *is_followed = FALSE;
    if (person &&
        !store_person_kept_as(load->db, load->mapping->person_scope, person, add_person, ids, error))
        return FALSE;
    if (booking) {
        struct store_booking row;
        if (!store_booking_by_key(load->db, load->mapping->jail, booking, &row, error))
            return FALSE;
        if (row.booking.id)
            g_array_append_val(ids, row.booking.person_id);
        store_booking_clear(&row);
    }
    for (guint i = 0; i < ids->len && !*is_followed; i++) {
        g_autoptr(GPtrArray) rows =
            store_registrations_on_person(load->db, g_array_index(ids, gint64, i), error);
        if (!rows)
            return FALSE;
        for (guint k = 0; k < rows->len; k++) {
            const struct store_registration *r = rows->pdata[k];
            *is_followed |= watch_registration_is_active(&r->registration, load->owing.now_at_us);
        }
    }
    return TRUE;
}

gboolean load_read(struct load *load, const struct feed_cells *cells, struct feed_record *record,
                   gboolean *is_usable, GError **error) {
    struct load_legible *legible = &load->legible;
    gboolean is_followed = FALSE;
    for (guint field = 0; field < FIELD_N; field++)
        legible->n_cells[field] += cells->cell[field] != NULL;
    *is_usable = feed_record_read(load->mapping, cells, load->observed_at_us, load->scratch, record,
                                  load_keep_problem, load);
    if (*is_usable && record->has_unexplained_flag && !legible->n_flags++)
        legible->first_flag = cells->row;
    if (*is_usable || load->is_accepted)
        return TRUE;
    if (!is_about_followed(load, cells, &is_followed, error))
        return FALSE;
    if (is_followed && !legible->n_followed++) {
        legible->first_followed = cells->row;
        g_strlcpy(legible->why, legible->last_reason, sizeof legible->why);
    }
    return TRUE;
}

static gboolean page_followed(struct load *load, GError **error) {
    const struct load_legible *legible = &load->legible;
    if (!legible->n_followed)
        return TRUE;
    g_autofree char *page = g_strdup_printf("Of the feed %s, %u rows of %s, such as row %u, are about "
                                            "people whom somebody follows, and could not be "
                                            "taken: %s. Nobody was told of what they say.",
                                            load->feed.id, legible->n_followed, load->name,
                                            legible->first_followed, legible->why);
    return owe_page(load->db, load->site, page, error);
}

static gboolean page_flags(struct load *load, GError **error) {
    const struct load_legible *legible = &load->legible;
    if (!legible->n_flags)
        return TRUE;
    g_autofree char *page = g_strdup_printf(
        "Of the feed %s, %u rows of %s, such as row %u, have a value under `sealed:`, `juvenile:` or "
        "`protected:` that neither `yes:` nor `no:` of the mapping has. They were taken as yes: "
        "whoever "
        "follows these people is told nothing until a person decides. See `tocsin feed problems %s`, "
        "and "
        "explain the value.",
        load->feed.id, legible->n_flags, load->name, legible->first_flag, load->feed.id);
    return owe_page(load->db, load->site, page, error);
}

/* Of pushes, a day's are taken together. */
static gint64 period_of(const struct load *load) {
    return load->push_key ? load->owing.now_at_us / DAY_US : load->source.id;
}

static gboolean is_too_much(gint64 n, gint64 n_bad, double worst) {
    return n_bad >= FEW_BAD_ROWS &&
           (double)n_bad > MAX(worst < 0 ? FIRST_BAD_SHARE : worst, 0) * (double)n;
}

/* Adds to what is known of the field; gives the share that is bad where that is too much, and was not
 * before. */
static gboolean judge_field(struct load *load, const char *field, gint64 n, gint64 n_bad, double *share,
                            GError **error) {
    struct store_legible known = {.feed = load->feed.id,
                                  .field = field,
                                  .period = period_of(load),
                                  .adds = load->push_key != NULL};
    double worst;
    *share = 0;
    if (!store_legible_get(load->db, &known, &worst, error))
        return FALSE;
    const gint64 all = known.n + n, bad = known.n_bad + n_bad;
    if (is_too_much(all, bad, worst) && !is_too_much(known.n, known.n_bad, worst))
        *share = (double)bad / (double)MAX(all, 1);
    known.n = n;
    known.n_bad = n_bad;
    return store_legible_add(load->db, &known, error);
}

/* The worst of the columns of which too much is bad; FIELD_N: whole rows; above: none is. */
static gboolean find_worst(struct load *load, guint *field, GError **error) {
    const struct load_legible *legible = &load->legible;
    double worst = 0, share;
    guint most = 0;
    *field = FIELD_N + 1;
    for (guint i = 0; i <= FIELD_N; i++) {
        if (!legible->n_bad[i])
            continue;
        const gboolean is_of_rows = i == FIELD_N || load->push_key;
        if (!judge_field(load, i == FIELD_N ? "rows" : feed_field_name(i),
                         is_of_rows ? load->summary->rows : legible->n_cells[i], legible->n_bad[i],
                         &share, error))
            return FALSE;
        if (share > worst) {
            worst = share;
            *field = i;
        }
        most = legible->n_bad[i] > legible->n_bad[most] ? i : most;
    }
    /* The last, for it is what counts the files. */
    if (!judge_field(load, "", load->summary->rows, legible->n_bad_rows, &share, error))
        return FALSE;
    if (*field > FIELD_N && share > 0)
        *field = most;
    return TRUE;
}

gboolean load_page_unreadable(struct load *load, GError **error) {
    const struct load_legible *legible = &load->legible;
    const struct store_legible rows = {.feed = load->feed.id,
                                       .field = "",
                                       .period = period_of(load),
                                       .adds = load->push_key != NULL,
                                       .n = load->summary->rows};
    guint field;
    if (load->is_accepted || !load->summary->rows)
        return TRUE;
    if (!legible->n_bad_rows)
        return store_legible_add(load->db, &rows, error);
    if (!find_worst(load, &field, error) || !store_legible_forget(load->db, load->feed.id, error) ||
        !page_followed(load, error) || !page_flags(load, error))
        return FALSE;
    if (field > FIELD_N)
        return TRUE;
    g_autofree char *what =
        field == FIELD_N ? g_strdup("whole rows") : g_strdup_printf("`%s`", feed_field_name(field));
    g_autofree char *page = g_strdup_printf(
        "More of the feed %s than before could not be read: %s in %u of %u rows of %s, such as row "
        "%u%s. "
        "The rest was taken. See `tocsin feed problems %s`.",
        load->feed.id, what, legible->n_bad[field],
        field == FIELD_N ? load->summary->rows : MAX(legible->n_cells[field], legible->n_bad[field]),
        load->name, legible->first_bad[field], load->push_key ? "; and in others of today" : "",
        load->feed.id);
    return owe_page(load->db, load->site, page, error);
}
