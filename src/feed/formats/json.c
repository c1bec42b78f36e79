/* JSON events, from a file or pushed over HTTP: one object, an array of objects, or one object a
 * line. A column's name is a path of keys with dots, such as `person.id`. Numbers and booleans are
 * taken as they are written. A line that is not JSON is a problem of its own; the rest goes on.
 *
 * An array is read one value at a time, for small objects take fifty times their text once they are
 * read; first each is read and let go, so that what is no JSON is refused as a whole. */
#include <jansson.h>
#include <string.h>

#include "base/error.h"
#include "feed/formats/private.h"

/* A NUL in one field must not lose the rest. */
#define JSON_FLAGS (JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL)

struct json_adapter {
    struct feed_adapter base;
    char *text;
    gsize n, at;       /* the next line, or value of the array */
    gboolean is_array; /* or one object */
    json_t *current;   /* owns the strings of the row handed out last */
    GPtrArray *texts;  /* numbers and booleans of the row, as text */
    GString *person, *booking;
    guint row;
};

/* What cannot be text stands as FEED_NO_TEXT, and is a problem of its field. Transfer full. */
static char *without_nul(const char *text, gsize n) {
    GString *whole = g_string_new(NULL);
    for (gsize i = 0; i < n; i++)
        if (text[i])
            g_string_append_c(whole, text[i]);
        else
            g_string_append(whole, FEED_NO_TEXT);
    return g_string_free(whole, FALSE);
}

static gboolean read_unit(const char *at, gsize n, guint *unit) {
    *unit = 0;
    if (n < 6 || at[0] != '\\' || at[1] != 'u')
        return FALSE;
    for (guint i = 2; i < 6; i++) {
        const gint digit = g_ascii_xdigit_value(at[i]);
        if (digit < 0)
            return FALSE;
        *unit = *unit << 4 | (guint)digit;
    }
    return TRUE;
}

/* Half a character of UTF-16 is no text, and must not lose what stands beside it. */
static void replace_halves(char *text, gsize n) {
    guint unit, next;
    for (gsize i = 0; i < n; i++) {
        if (text[i] != '\\')
            continue;
        if (!read_unit(text + i, n - i, &unit)) {
            i++; /* an escaped character, a backslash perhaps */
            continue;
        }
        const gboolean is_first = unit >= 0xd800 && unit <= 0xdbff;
        const gboolean is_whole =
            is_first && read_unit(text + i + 6, n - i - 6, &next) && next >= 0xdc00 && next <= 0xdfff;
        if (!is_whole && unit >= 0xd800 && unit <= 0xdfff)
            for (guint k = 0; k < 4; k++)
                text[i + 2 + k] = "fffd"[k];
        i += is_whole ? 11 : 5;
    }
}

/* What is longer than any cell should be. Transfer full. */
static char *cut(const char *text, gsize n) {
    const char *end = text + MIN(n, FEED_MOST_CELL_BYTES);
    while (end > text && (*end & 0xc0) == 0x80) /* not in the middle of a character */
        end--;
    g_autofree char *start = without_nul(text, (gsize)(end - text));
    return g_strconcat(start, FEED_CUT, NULL);
}

static const char *text_at(struct json_adapter *adapter, const json_t *object, const char *path) {
    g_auto(GStrv) keys = g_strsplit(path, ".", 8);
    const json_t *value = object;
    for (char **key = keys; *key && value; key++)
        value = json_object_get(value, *key);
    char *text = NULL;
    if (json_is_string(value) && json_string_length(value) > FEED_MOST_CELL_BYTES)
        text = cut(json_string_value(value), json_string_length(value));
    else if (json_is_string(value) && strlen(json_string_value(value)) == json_string_length(value))
        return json_string_value(value);
    else if (json_is_string(value))
        text = without_nul(json_string_value(value), json_string_length(value));
    if (json_is_integer(value))
        text = g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        text = g_strdup_printf("%.17g", json_real_value(value));
    else if (json_is_boolean(value))
        text = g_strdup(json_is_true(value) ? "true" : "false");
    if (text)
        g_ptr_array_add(adapter->texts, text);
    return text;
}

static const char *join(struct json_adapter *adapter, enum feed_field field, GString *joined) {
    const char *parts[8];
    guint n = 0;
    for (char **path = adapter->base.mapping->columns[field]; path && *path && n < 8; path++)
        parts[n++] = text_at(adapter, adapter->current, *path);
    return n ? feed_join_key(parts, n, joined) : NULL;
}

/* The next line that is not blank, as a JSON value; NULL at the end or when it is not JSON. */
static json_t *next_line(struct json_adapter *adapter, gboolean *at_end, json_error_t *problem) {
    while (adapter->at < adapter->n) {
        const char *line = adapter->text + adapter->at;
        const char *stop = memchr(line, '\n', adapter->n - adapter->at);
        gsize n = stop ? (gsize)(stop - line) : adapter->n - adapter->at;
        adapter->at += n + (stop ? 1 : 0);
        adapter->row++;
        if (strspn(line, " \t\r") >= n)
            continue;
        json_t *value = json_loadb(line, n, JSON_FLAGS, problem);
        adapter->base.is_cut = !value && !stop;
        *at_end = FALSE;
        return value;
    }
    *at_end = TRUE;
    return NULL;
}

/* ── A whole document ──────────────────────────────────────────────────────────────────────────── */

static gsize skip_blanks(const struct json_adapter *adapter, gsize at) {
    while (at < adapter->n && strchr(" \t\r\n", adapter->text[at]) && adapter->text[at])
        at++;
    return at;
}

/* Behind the text that begins at `at`: the closing quote, or the end. */
static gsize skip_text(const struct json_adapter *adapter, gsize at) {
    for (at++; at < adapter->n && adapter->text[at] != '"'; at++)
        at += adapter->text[at] == '\\';
    return MIN(at + 1, adapter->n);
}

/* Behind the value that begins at `at`, as far as brackets and quotes tell: whether it is one, jansson
 * says. */
static gsize skip_value(const struct json_adapter *adapter, gsize at) {
    for (gsize depth = 0; at < adapter->n;) {
        const char c = adapter->text[at];
        if (c == '"') {
            at = skip_text(adapter, at);
            continue;
        }
        if (depth == 0 && (c == ',' || c == ']' || c == '}'))
            return at;
        depth += c == '[' || c == '{';
        depth -= c == ']' || c == '}';
        at++;
    }
    return at;
}

/* The value that begins at `at`, and where it ends. */
static json_t *value_at(const struct json_adapter *adapter, gsize *at, json_error_t *problem) {
    const gsize start = *at;
    *at = skip_value(adapter, start);
    return json_loadb(adapter->text + start, *at - start, JSON_FLAGS | JSON_DECODE_ANY, problem);
}

static json_t *next_value(struct json_adapter *adapter, gboolean *at_end, json_error_t *problem) {
    if (!adapter->is_array)
        return next_line(adapter, at_end, problem);
    adapter->at = skip_blanks(adapter, adapter->at);
    *at_end = adapter->at >= adapter->n || adapter->text[adapter->at] == ']';
    if (*at_end)
        return NULL;
    adapter->row++;
    json_t *value = value_at(adapter, &adapter->at, problem);
    adapter->at = skip_blanks(adapter, adapter->at);
    adapter->at += adapter->at < adapter->n && adapter->text[adapter->at] == ',';
    return value;
}

/* jansson's own words quote the text, which may be what must not be kept. */
static gboolean refuse(const struct json_adapter *adapter, gsize at, const json_error_t *problem,
                       GError **error) {
    guint line = 1, column = 1;
    for (gsize i = 0; i < MIN(at, adapter->n); i++) {
        const gboolean is_new_line = adapter->text[i] == '\n';
        line += is_new_line;
        column = is_new_line ? 1 : column + 1;
    }
    if (problem) {
        column =
            problem->line > 1 ? (guint)problem->column : column + (guint)MAX(problem->column - 1, 0);
        line += (guint)problem->line - 1;
    }
    g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT, "row %u, column %u: this is not JSON", line,
                column);
    return FALSE;
}

/* Whether the text is an array as a whole; `n` is how many values it has. */
static gboolean check_array(const struct json_adapter *adapter, guint *n, GError **error) {
    gsize at = skip_blanks(adapter, skip_blanks(adapter, 0) + 1);
    *n = 0;
    if (at < adapter->n && adapter->text[at] == ']')
        at++;
    else
        for (gboolean is_more = TRUE; is_more; (*n)++) {
            json_error_t problem;
            const gsize start = at = skip_blanks(adapter, at);
            json_t *value = value_at(adapter, &at, &problem);
            if (!value)
                return refuse(adapter, start, &problem, error);
            json_decref(value);
            is_more = at < adapter->n && adapter->text[at] == ',';
            if (!is_more && (at >= adapter->n || adapter->text[at] != ']'))
                return refuse(adapter, at, NULL, error);
            at++;
        }
    at = skip_blanks(adapter, at);
    return at >= adapter->n || refuse(adapter, at, NULL, error);
}

static enum feed_next json_next(struct feed_adapter *base, struct feed_cells *cells,
                                struct feed_problem *problem) {
    struct json_adapter *adapter = (struct json_adapter *)base;
    json_error_t json_problem = {.text = ""};
    gboolean at_end = FALSE;

    json_decref(adapter->current);
    g_ptr_array_set_size(adapter->texts, 0);
    adapter->current = next_value(adapter, &at_end, &json_problem);
    if (at_end)
        return FEED_END;
    if (!json_is_object(adapter->current)) {
        feed_problem_set(problem, adapter->row, "", NULL,
                         "not a JSON object (column %d), so it has no `%s`; it was passed over",
                         json_problem.column, base->mapping->columns[FIELD_PERSON][0]);
        return FEED_PROBLEM;
    }
    memset(cells, 0, sizeof *cells);
    cells->row = adapter->row;
    cells->cell[FIELD_PERSON] = join(adapter, FIELD_PERSON, adapter->person);
    cells->cell[FIELD_BOOKING] = join(adapter, FIELD_BOOKING, adapter->booking);
    for (int field = FIELD_BOOKING + 1; field < FIELD_N; field++)
        if (base->mapping->columns[field]) {
            const char *text = text_at(adapter, adapter->current, base->mapping->columns[field][0]);
            cells->cell[field] = text && *text ? text : NULL;
        }
    return FEED_CELLS;
}

static double json_progress(const struct feed_adapter *base) {
    const struct json_adapter *adapter = (const struct json_adapter *)base;
    return adapter->n ? (double)adapter->at / (double)adapter->n : 1;
}

static void json_free(struct feed_adapter *base) {
    struct json_adapter *adapter = (struct json_adapter *)base;
    json_decref(adapter->current);
    g_ptr_array_unref(adapter->texts);
    g_string_free(adapter->person, TRUE);
    g_string_free(adapter->booking, TRUE);
    g_free(adapter->text);
    g_free(adapter);
}

/* An array, or one object over several lines; else one object a line. */
static gboolean open_document(struct json_adapter *adapter, GError **error) {
    const gsize start = skip_blanks(adapter, 0);
    guint n_values = 1;
    if (start < adapter->n && adapter->text[start] == '[') {
        if (!check_array(adapter, &n_values, error))
            return FALSE;
        adapter->is_array = TRUE;
        adapter->at = start + 1;
    } else if (start < adapter->n) {
        json_error_t problem;
        json_t *whole = json_loadb(adapter->text, adapter->n, JSON_FLAGS, &problem);
        adapter->is_array = json_is_object(whole);
        json_decref(whole);
    }
    if (start < adapter->n && n_values)
        return TRUE;
    g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT, "there is no event in it");
    return FALSE;
}

struct feed_adapter *feed_json_open(const struct feed_mapping *mapping, char *text, gsize n,
                                    GError **error) {
    struct json_adapter *adapter = g_new0(struct json_adapter, 1);

    adapter->base = (struct feed_adapter){
        .mapping = mapping, .next = json_next, .progress = json_progress, .free = json_free};
    adapter->text = g_realloc(text, n + 1);
    adapter->text[n] = 0;
    adapter->n = n;
    if (g_str_has_prefix(adapter->text, FEED_MARK)) /* blanks, which JSON passes over */
        memset(adapter->text, ' ', strlen(FEED_MARK));
    adapter->texts = g_ptr_array_new_with_free_func(g_free);
    adapter->person = g_string_new(NULL);
    adapter->booking = g_string_new(NULL);
    replace_halves(adapter->text, n);
    if (open_document(adapter, error))
        return &adapter->base;
    json_free(&adapter->base);
    return NULL;
}
