/* Any text by any format: no crash; what is read lies in the years that are believed. */
#include <string.h>

#include "feed/date.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t n);

int LLVMFuzzerTestOneInput(const guint8 *data, size_t n) {
    static const char *const zones[] = {"America/New_York", "Etc/UTC", "Australia/Lord_Howe",
                                        "Asia/Kathmandu"};
    const guint8 *split = n ? memchr(data, '\n', n) : NULL;
    if (!split)
        return 0;
    g_autofree char *format = g_strndup((const char *)data, (gsize)(split - data));
    g_autofree char *text = g_strndup((const char *)split + 1, n - (gsize)(split - data) - 1);
    const char *const formats[] = {format, NULL};
    g_autoptr(GTimeZone) zone = g_time_zone_new_identifier(zones[*data % 4]);
    struct feed_date date;
    gint32 ymd;
    guint minutes;
    if (feed_date_parse(text, formats, zone, &date))
        g_assert(date.ymd >= 19000101 && date.ymd <= 21991231);
    feed_date_find(text, format, &ymd, &minutes);
    feed_date_format_check(format, NULL);
    return 0;
}
