/* JSON events, from a file or pushed over HTTP: one object, an array of objects, or one object a
 * line. A column's name is a path of keys with dots, such as `person.id`. Numbers and booleans are
 * taken as they are written. A line that is not JSON is a problem of its own; the rest goes on. */
#include <jansson.h>
#include <string.h>

#include "base/error.h"
#include "feed/formats/private.h"

/* A NUL in one field must not lose the rest. */
#define JSON_FLAGS (JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL)

struct json_adapter {
    struct feed_adapter base;
    char *text;
    gsize n, at;      /* one object a line: the next line */
    json_t *array;    /* or the whole array */
    json_t *current;  /* owns the strings of the row handed out last */
    GPtrArray *texts; /* numbers and booleans of the row, as text */
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

static const char *text_at(struct json_adapter *adapter, const json_t *object, const char *path) {
    g_auto(GStrv) keys = g_strsplit(path, ".", 8);
    const json_t *value = object;
    for (char **key = keys; *key && value; key++)
        value = json_object_get(value, *key);
    if (json_is_string(value) && json_string_length(value) > 4096)
        return NULL;
    char *text = NULL;
    if (json_is_string(value) && strlen(json_string_value(value)) == json_string_length(value))
        return json_string_value(value);
    if (json_is_string(value))
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

static json_t *next_value(struct json_adapter *adapter, gboolean *at_end, json_error_t *problem) {
    if (!adapter->array)
        return next_line(adapter, at_end, problem);
    *at_end = adapter->row >= json_array_size(adapter->array);
    return *at_end ? NULL : json_incref(json_array_get(adapter->array, adapter->row++));
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
    if (adapter->array)
        return (double)adapter->row / (double)MAX(1, json_array_size(adapter->array));
    return adapter->n ? (double)adapter->at / (double)adapter->n : 1;
}

static void json_free(struct feed_adapter *base) {
    struct json_adapter *adapter = (struct json_adapter *)base;
    json_decref(adapter->current);
    json_decref(adapter->array);
    g_ptr_array_unref(adapter->texts);
    g_string_free(adapter->person, TRUE);
    g_string_free(adapter->booking, TRUE);
    g_free(adapter->text);
    g_free(adapter);
}

struct feed_adapter *feed_json_open(const struct feed_mapping *mapping, char *text, gsize n,
                                    GError **error) {
    struct json_adapter *adapter = g_new0(struct json_adapter, 1);
    json_error_t problem;

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
    /* A whole document (array or one object over several lines); else one object a line. */
    json_t *whole = json_loadb(adapter->text, n, JSON_FLAGS, &problem);
    if (json_is_array(whole) ? !json_array_size(whole)
                             : !adapter->text[strspn(adapter->text, " \t\r\n")]) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT, "there is no event in it");
        json_decref(whole);
        json_free(&adapter->base);
        return NULL;
    }
    if (json_is_array(whole)) {
        adapter->array = whole;
    } else if (json_is_object(whole)) {
        adapter->array = json_array();
        json_array_append_new(adapter->array, whole);
    } else {
        json_decref(whole);
        gsize start = strspn(adapter->text, " \t\r\n");
        if (start < n && adapter->text[start] == '[') {
            /* jansson's own words quote the text, which may be what must not be kept. */
            g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT, "row %d, column %d: this is not JSON",
                        problem.line, problem.column);
            json_free(&adapter->base);
            return NULL;
        }
    }
    return &adapter->base;
}
