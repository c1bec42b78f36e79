#include "feed/formats/private.h"

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

struct feed_adapter *feed_adapter_open(const struct feed_mapping *mapping, char *text, gsize n,
                                       GError **error) {
    return mapping->format->open(mapping, text, n, error);
}

void feed_adapter_free(struct feed_adapter *adapter) {
    if (adapter)
        adapter->free(adapter);
}

enum feed_next feed_adapter_next(struct feed_adapter *adapter, struct feed_cells *cells,
                                 struct feed_problem *problem) {
    return adapter->next(adapter, cells, problem);
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

gint64 feed_snapshot_at(const struct feed_mapping *mapping, const char *file_name) {
    gint32 ymd;
    guint minutes = mapping->snapshot_minutes;
    g_autofree char *base = g_path_get_basename(file_name);
    if (!mapping->file_date || !feed_date_find(base, mapping->file_date, &ymd, &minutes))
        return TIME_UNKNOWN;
    return feed_date_local(ymd, minutes, feed_mapping_facility(mapping)->zone);
}
