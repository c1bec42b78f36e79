#include "feed/formats/private.h"

#include <string.h>

#include "base/error.h"
#include "base/time.h"
#include "feed/date.h"

const struct feed_format feed_formats[] = {
#define X(name, content, open) {name, content, open},
    FEED_FORMATS(X)
#undef X
        {NULL},
};

const struct feed_format *feed_format_by_name(const char *name) {
    for (const struct feed_format *format = feed_formats; format->name; format++)
        if (g_str_equal(format->name, name))
            return format;
    return NULL;
}

char *feed_format_names(void) {
    const char *names[G_N_ELEMENTS(feed_formats)] = {NULL};
    for (guint i = 0; feed_formats[i].name; i++)
        names[i] = feed_formats[i].name;
    return g_strjoinv(", ", (char **)(gsize)names);
}

/* UTF-16 by its mark, or where the mapping says so, becomes UTF-8 with a mark of its own, so that
 * nobody takes it for another. Takes `text`. */
static char *decode(const struct feed_mapping *mapping, char *text, gsize *n, GError **error) {
    const guint8 *b = (const guint8 *)text;
    const gboolean is_little = *n >= 2 && b[0] == 0xff && b[1] == 0xfe;
    const gboolean is_big = *n >= 2 && b[0] == 0xfe && b[1] == 0xff;
    if (!is_little && !is_big && !mapping->is_utf16)
        return text;
    const gsize mark = is_little || is_big ? 2 : 0;
    gsize n_utf8;
    g_autoptr(GError) problem = NULL;
    /* Some pairs of plain bytes are characters, too: a text without one NUL is none in UTF-16. */
    char *utf8 = !mark && *n && !memchr(text, 0, *n)
                     ? NULL
                     : g_convert(text + mark, (gssize)(*n - mark), "UTF-8",
                                 is_big ? "UTF-16BE" : "UTF-16LE", NULL, &n_utf8, &problem);
    g_free(text);
    if (!utf8)
        g_set_error(
            error, BASE_ERROR, BASE_ERROR_INPUT,
            "the file is not UTF-16 (%s); say `encoding: windows-1252`, or take `encoding:` out "
            "of the mapping for UTF-8",
            problem ? problem->message : "it has no two-byte characters");
    if (!utf8)
        return NULL;
    char *marked = g_strconcat(FEED_MARK, utf8, NULL);
    g_free(utf8);
    *n = strlen(FEED_MARK) + n_utf8;
    return marked;
}

struct feed_adapter *feed_adapter_open(const struct feed_mapping *mapping, char *text, gsize n,
                                       GError **error) {
    char *decoded = decode(mapping, text ? text : g_strdup(""), &n, error);
    return decoded ? mapping->format->open(mapping, decoded, n, error) : NULL;
}

void feed_adapter_free(struct feed_adapter *adapter) {
    if (adapter)
        adapter->free(adapter);
}

enum feed_next feed_adapter_next(struct feed_adapter *adapter, struct feed_cells *cells,
                                 struct feed_problem *problem) {
    const enum feed_next next = adapter->next(adapter, cells, problem);
    for (char **empty = adapter->mapping->empty_values; next == FEED_CELLS && *empty; empty++)
        for (int field = 0; field < FIELD_N; field++)
            if (cells->cell[field] && g_ascii_strcasecmp(cells->cell[field], *empty) == 0)
                cells->cell[field] = NULL;
    return next;
}

gboolean feed_adapter_is_cut(const struct feed_adapter *adapter) {
    return adapter->is_cut;
}

const char *feed_adapter_unread(const struct feed_adapter *adapter) {
    return adapter->unread ? adapter->unread->str : "";
}

double feed_adapter_progress(const struct feed_adapter *adapter) {
    return adapter->progress(adapter);
}

const char *feed_join_key(const char *const *parts, guint n, GString *joined) {
    if (n == 1)
        return parts[0] && *parts[0] ? parts[0] : NULL;
    g_string_truncate(joined, 0);
    for (guint i = 0; i < n; i++) {
        if (!parts[i] || !*parts[i])
            return NULL;
        if (i)
            g_string_append_c(joined, '/');
        g_string_append(joined, parts[i]);
    }
    return joined->str;
}

gint64 feed_snapshot_at(const struct feed_mapping *mapping, const char *file_name,
                        gint64 *second_at_us) {
    gint32 ymd;
    guint minutes = mapping->snapshot_minutes;
    g_autofree char *base = g_path_get_basename(file_name);
    *second_at_us = TIME_UNKNOWN;
    if (!mapping->file_date || !feed_date_find(base, mapping->file_date, &ymd, &minutes))
        return TIME_UNKNOWN;
    return feed_date_local(ymd, minutes, feed_mapping_facility(mapping)->zone, second_at_us);
}
