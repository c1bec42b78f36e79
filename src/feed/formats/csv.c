/* Rosters and event files in CSV: finds the mapped columns by the header's names, in any order and
 * case, and hands over their cells. Columns that are not mapped are read past and never stored. */
#include <string.h>

#include "base/csv.h"
#include "base/error.h"
#include "feed/date.h"
#include "feed/formats/private.h"

#define MAX_PARTS 8

struct csv_adapter {
    struct feed_adapter base;
    struct csv_reader *reader;
    gsize total;
    guint n_columns;                  /* of the header; 0: no header */
    guint column[FIELD_N][MAX_PARTS]; /* indexes of the mapped columns */
    guint n_parts[FIELD_N];
    guint rule_column, skip_column; /* that pick rows; G_MAXUINT: none */
    char *newest;                   /* only rows with this text; NULL: as the mapping says */
    guint needed;                   /* a row must have at least so many fields */
    GString *person, *booking;      /* joined keys of the current row */
    gboolean last_was_bad, last_was_cut;
};

/* Header names are compared without case, spaces, dots and underscores. */
static gboolean same_name(const char *a, const char *b) {
    for (;; a++, b++) {
        while (*a && strchr(" _.-", *a))
            a++;
        while (*b && strchr(" _.-", *b))
            b++;
        if (!*a || g_ascii_tolower(*a) != g_ascii_tolower(*b))
            return *a == *b;
    }
}

static gboolean find_column(const struct csv_row *header, gboolean has_header, const char *name,
                            guint *index) {
    if (!has_header) {
        guint64 n = *name == '#' ? g_ascii_strtoull(name + 1, NULL, 10) : 0;
        *index = (guint)n - 1;
        return n >= 1 && n <= 512;
    }
    for (guint i = 0; i < header->n_fields; i++)
        if (same_name(header->fields[i], name)) {
            *index = i;
            return TRUE;
        }
    return FALSE;
}

/* The column that rows are picked by. */
static void find_rule(struct csv_adapter *adapter, const struct csv_row *header, const char *name,
                      guint *index, GString *missing) {
    *index = G_MAXUINT;
    if (!name)
        return;
    if (find_column(header, adapter->base.mapping->has_header, name, index))
        adapter->needed = MAX(adapter->needed, *index + 1);
    else
        g_string_append_printf(missing, "%s%s", missing->len ? ", " : "", name);
}

static gboolean cell_is(const char *cell, const char *wanted) {
    const gsize n = strlen(wanted);
    return n && wanted[n - 1] == '*' ? g_ascii_strncasecmp(cell, wanted, n - 1) == 0
                                     : g_ascii_strcasecmp(cell, wanted) == 0;
}

static gboolean is_picked(const struct csv_adapter *adapter, const struct csv_row *row) {
    const struct feed_mapping *m = adapter->base.mapping;
    if (adapter->skip_column != G_MAXUINT && cell_is(row->fields[adapter->skip_column], m->skip_is))
        return FALSE;
    return adapter->rule_column == G_MAXUINT ||
           cell_is(row->fields[adapter->rule_column], adapter->newest ? adapter->newest : m->rule_is);
}

static gboolean bind_columns(struct csv_adapter *adapter, const struct csv_row *header,
                             GError **error) {
    const struct feed_mapping *mapping = adapter->base.mapping;
    g_autoptr(GString) missing = g_string_new(NULL);

    for (int field = 0; field < FIELD_N; field++)
        for (char **name = mapping->columns[field]; name && *name; name++) {
            guint *part = &adapter->column[field][adapter->n_parts[field]];
            if (find_column(header, mapping->has_header, *name, part)) {
                adapter->n_parts[field]++;
                adapter->needed = MAX(adapter->needed, *part + 1);
            } else {
                g_string_append_printf(missing, "%s%s", missing->len ? ", " : "", *name);
            }
        }
    find_rule(adapter, header, mapping->rule_column, &adapter->rule_column, missing);
    find_rule(adapter, header, mapping->skip_column, &adapter->skip_column, missing);
    if (missing->len && mapping->has_header)
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT,
                    "row %u: the header lacks the mapped column(s) %s. If the jail renamed them, "
                    "mend `columns:` in the mapping; if this is another file, load it as its own feed",
                    header->line, missing->str);
    else if (missing->len)
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT,
                    "a file without a header names its columns by place, #1 to #512; not %s",
                    missing->str);
    return missing->len == 0;
}

static const char *join(struct csv_adapter *adapter, enum feed_field field, const struct csv_row *row,
                        GString *joined) {
    const char *parts[MAX_PARTS];
    for (guint i = 0; i < adapter->n_parts[field]; i++)
        parts[i] = row->fields[adapter->column[field][i]];
    return feed_join_key(parts, adapter->n_parts[field], joined);
}

/* A row has the header's number of fields; one more that is empty is a trailing delimiter. */
static gboolean has_right_shape(const struct csv_adapter *adapter, const struct csv_row *row) {
    if (!adapter->n_columns)
        return row->n_fields >= adapter->needed;
    return row->n_fields == adapter->n_columns ||
           (row->n_fields == adapter->n_columns + 1 && !*row->fields[row->n_fields - 1]);
}

/* A line drawn under the header. */
static gboolean is_rule(const struct csv_row *row) {
    gboolean has_any = FALSE;
    for (guint i = 0; i < row->n_fields; i++) {
        if (row->fields[i][strspn(row->fields[i], "-=_+* ")])
            return FALSE;
        has_any |= *row->fields[i] != 0;
    }
    return has_any;
}

/* The header once more, as where pages were put together. */
static gboolean is_header(const struct csv_adapter *adapter, const struct csv_row *row) {
    for (int field = 0; field < FIELD_N; field++)
        for (guint i = 0; i < adapter->n_parts[field]; i++)
            if (!same_name(row->fields[adapter->column[field][i]],
                           adapter->base.mapping->columns[field][i]))
                return FALSE;
    return adapter->n_columns != 0;
}

/* A quote that was left open has taken in what follows: it may be another's row. */
static gboolean runs_over(const struct csv_adapter *adapter, const struct csv_row *row) {
    static const enum feed_field texts[] = {FIELD_PERSON, FIELD_BOOKING, FIELD_SURNAME, FIELD_GIVEN,
                                            FIELD_FULL_NAME};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        for (guint part = 0; part < adapter->n_parts[texts[i]]; part++)
            if (strpbrk(row->fields[adapter->column[texts[i]][part]], "\r\n"))
                return TRUE;
    return FALSE;
}

/* "TOTAL|3||||": a word for a sum where a number should stand, and no name. */
static gboolean is_total(const struct csv_adapter *adapter, const struct csv_row *row) {
    static const char *const words[] = {"total", "grand total", "totals", "sum",
                                        "count", "rows",        "records"};
    static const enum feed_field names[] = {FIELD_SURNAME, FIELD_GIVEN, FIELD_FULL_NAME};
    g_autofree char *plain = g_ascii_strdown(row->fields[adapter->column[FIELD_PERSON][0]], -1);
    g_strdelimit(plain, ":.=#", ' ');
    g_strstrip(plain);
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (adapter->n_parts[names[i]] && *row->fields[adapter->column[names[i]][0]])
            return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        if (g_str_equal(plain, words[i]))
            return TRUE;
    return FALSE;
}

/* Keeps a bad row's text at hand; fields already cut out of it are set apart by line ends. */
static void remember_unread(struct csv_adapter *adapter, const struct csv_row *row) {
    GString *unread = adapter->base.unread;
    g_string_truncate(unread, 0);
    g_string_append_len(unread, row->raw, (gssize)MIN(row->raw_n, 4096));
    for (gsize i = 0; i < unread->len; i++)
        if (!unread->str[i])
            unread->str[i] = '\n';
}

/* Of a file from which the newest day is picked: a row whose day cannot be read may be of it. */
static gboolean has_lost_day(const struct csv_adapter *adapter, const struct csv_row *row) {
    const struct feed_mapping *m = adapter->base.mapping;
    struct feed_date date;
    return adapter->newest && row->n_fields > adapter->rule_column && !is_header(adapter, row) &&
           !feed_date_parse(row->fields[adapter->rule_column], m->date_formats,
                            feed_mapping_facility(m)->zone, &date);
}

static enum feed_next csv_next(struct feed_adapter *base, struct feed_cells *cells,
                               struct feed_problem *problem) {
    struct csv_adapter *adapter = (struct csv_adapter *)base;
    struct csv_row row;
    enum csv_result result = csv_reader_next(adapter->reader, &row);
    while (result == CSV_ROW && has_right_shape(adapter, &row) && !is_picked(adapter, &row) &&
           !has_lost_day(adapter, &row))
        result = csv_reader_next(adapter->reader, &row);

    if (result == CSV_END) {
        base->is_cut = adapter->last_was_bad && adapter->last_was_cut;
        return FEED_END;
    }
    adapter->last_was_cut = row.is_cut;
    adapter->last_was_bad = result == CSV_BAD_ROW || !has_right_shape(adapter, &row);
    if (adapter->last_was_bad)
        remember_unread(adapter, &row);
    if (result == CSV_BAD_ROW) {
        feed_problem_set(problem, row.line, "", NULL, "%s; the row was passed over", row.reason);
        return FEED_PROBLEM;
    }
    if (adapter->last_was_bad) {
        feed_problem_set(problem, row.line, "", NULL,
                         "the row has %u fields where the header has %u; the row was passed over",
                         row.n_fields, adapter->n_columns ? adapter->n_columns : adapter->needed);
        return FEED_PROBLEM;
    }
    if (has_lost_day(adapter, &row) && !is_rule(&row)) {
        remember_unread(adapter, &row);
        feed_problem_set(problem, row.line, "", row.fields[adapter->rule_column],
                         "the column \"%s\" of `only_rows:` has no date in any format of `dates:`; the "
                         "row was passed over",
                         base->mapping->rule_column);
        return FEED_PROBLEM;
    }
    const char *what = is_rule(&row)              ? "this is a line drawn in the file"
                       : is_header(adapter, &row) ? "this is the header again"
                       : is_total(adapter, &row)  ? "this is a total"
                                                  : NULL;
    if (what || runs_over(adapter, &row)) {
        remember_unread(adapter, &row);
        feed_problem_set(problem, row.line, "", NULL, "%s; %s, and the row was passed over",
                         what ? what : "a name or number runs over the end of a line",
                         what ? "it is nobody" : "a quote may be missing");
        return FEED_PROBLEM;
    }
    memset(cells, 0, sizeof *cells);
    cells->row = row.line;
    cells->cell[FIELD_PERSON] = join(adapter, FIELD_PERSON, &row, adapter->person);
    cells->cell[FIELD_BOOKING] = join(adapter, FIELD_BOOKING, &row, adapter->booking);
    for (int field = FIELD_BOOKING + 1; field < FIELD_N; field++)
        if (adapter->n_parts[field]) {
            const char *text = row.fields[adapter->column[field][0]];
            cells->cell[field] = *text ? text : NULL;
        }
    return FEED_CELLS;
}

static double csv_progress(const struct feed_adapter *base) {
    const struct csv_adapter *adapter = (const struct csv_adapter *)base;
    return adapter->total ? (double)csv_reader_position(adapter->reader) / (double)adapter->total : 1;
}

static void csv_free(struct feed_adapter *base) {
    struct csv_adapter *adapter = (struct csv_adapter *)base;
    csv_reader_free(adapter->reader);
    g_string_free(base->unread, TRUE);
    g_string_free(adapter->person, TRUE);
    g_string_free(adapter->booking, TRUE);
    g_free(adapter->newest);
    g_free(adapter);
}

/* How much of the text is not read: so many lines before the header. */
static gsize skip_lines(const char *text, gsize n, guint lines) {
    const char *at = text, *end = text + n;
    for (; lines && at < end; lines--) {
        const char *next = memchr(at, '\n', (gsize)(end - at));
        at = next ? next + 1 : end;
    }
    return (gsize)(at - text);
}

/* A file that holds earlier days, too: the newest date in the column, as it is written there. Takes
 * `text`. */
static gboolean find_newest(struct csv_adapter *adapter, const struct csv_dialect *dialect, char *text,
                            gsize n, GError **error) {
    const struct feed_mapping *m = adapter->base.mapping;
    gint64 newest_us = G_MININT64;
    struct csv_reader *reader = csv_reader_new(dialect, text, n);
    struct csv_row row;
    struct feed_date date;
    for (enum csv_result result; (result = csv_reader_next(reader, &row)) != CSV_END;) {
        if (result != CSV_ROW || row.n_fields <= adapter->rule_column ||
            !feed_date_parse(row.fields[adapter->rule_column], m->date_formats,
                             feed_mapping_facility(m)->zone, &date) ||
            date.at_us <= newest_us)
            continue;
        newest_us = date.at_us;
        g_free(adapter->newest);
        adapter->newest = g_strdup(row.fields[adapter->rule_column]);
    }
    csv_reader_free(reader);
    if (!adapter->newest)
        g_set_error(
            error, BASE_ERROR, BASE_ERROR_INPUT,
            "no row has a date in the column \"%s\" of `only_rows:`; see `dates:` in the mapping",
            m->rule_column);
    return adapter->newest != NULL;
}

struct feed_adapter *feed_csv_open(const struct feed_mapping *mapping, char *text, gsize n,
                                   GError **error) {
    struct csv_adapter *adapter = g_new0(struct csv_adapter, 1);
    struct csv_row header = {.line = 0};
    gboolean ok = TRUE;

    adapter->base = (struct feed_adapter){
        .mapping = mapping, .next = csv_next, .progress = csv_progress, .free = csv_free};
    adapter->base.unread = g_string_new(NULL);
    struct csv_dialect dialect = mapping->dialect;
    dialect.is_latin1 &= n < 3 || memcmp(text, FEED_MARK, 3) != 0;
    const gsize skipped = skip_lines(text, n, mapping->skip_lines);
    if (skipped) { /* the reader frees what it is given: it must begin there */
        memmove(text, text + skipped, n - skipped);
        n -= skipped;
    }
    g_autofree char *whole = g_strcmp0(mapping->rule_is, "newest") == 0 ? g_memdup2(text, n) : NULL;
    adapter->reader = csv_reader_new(&dialect, text, n);
    adapter->total = n;
    adapter->person = g_string_new(NULL);
    adapter->booking = g_string_new(NULL);
    if (mapping->has_header) {
        enum csv_result result = csv_reader_next(adapter->reader, &header);
        ok = result == CSV_ROW;
        if (!ok)
            g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT, "row 1: %s",
                        result == CSV_END ? "the file is empty; it should start with a header"
                                          : header.reason);
        adapter->n_columns = header.n_fields;
    }
    if (ok && bind_columns(adapter, &header, error) &&
        (!whole || find_newest(adapter, &dialect, g_steal_pointer(&whole), n, error)))
        return &adapter->base;
    csv_free(&adapter->base);
    return NULL;
}
