#include "base/time.h"

#include "base/error.h"

GQuark base_error_quark(void) {
    return g_quark_from_static_string("tocsin-error");
}

static gint64 system_now(void *context) {
    (void)context;
    return g_get_real_time();
}

const struct base_clock base_system_clock = {.now_at_us = system_now};

char *base_time_format(gint64 at_us) {
    if (at_us == TIME_UNKNOWN)
        return NULL;
    gint64 seconds = at_us / SECOND_US;
    gint64 fraction = at_us % SECOND_US;
    if (fraction < 0) {
        fraction += SECOND_US;
        seconds--;
    }
    g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(seconds);
    if (!when)
        return NULL;
    g_autofree char *whole = g_date_time_format(when, "%Y-%m-%dT%H:%M:%S");
    if (fraction)
        return g_strdup_printf("%s.%06" G_GINT64_FORMAT "Z", whole, fraction);
    return g_strconcat(whole, "Z", NULL);
}

gboolean base_time_parse(const char *text, gint64 *at_us) {
    if (strlen(text) > 40)
        return FALSE;
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autofree char *midnight = strlen(text) == 10 ? g_strconcat(text, "T00:00:00Z", NULL) : NULL;
    g_autoptr(GDateTime) when = g_date_time_new_from_iso8601(midnight ? midnight : text, utc);
    if (!when)
        return FALSE;
    *at_us = g_date_time_to_unix(when) * SECOND_US + g_date_time_get_microsecond(when);
    return TRUE;
}

gboolean base_duration_parse(const char *text, gint64 *length_us) {
    char *end;
    guint64 n = g_ascii_strtoull(text, &end, 10);
    gint64 unit;

    if (end == text || !g_ascii_isdigit(*text) || !*end || end[1])
        return FALSE;
    switch (*end) {
    case 's': unit = SECOND_US; break;
    case 'm': unit = MINUTE_US; break;
    case 'h': unit = HOUR_US; break;
    case 'd': unit = DAY_US; break;
    default: return FALSE;
    }
    if (n == 0 || n > (guint64)(3650 * DAY_US / unit))
        return FALSE;
    *length_us = (gint64)n * unit;
    return TRUE;
}

char *base_time_format_english(gint64 at_us, const char *zone) {
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(at_us / SECOND_US);
    if (!when)
        return NULL;
    return g_strdup_printf("%s, %02d %s %04d %02d:%02d:%02d %s",
                           days[g_date_time_get_day_of_week(when) - 1],
                           g_date_time_get_day_of_month(when), months[g_date_time_get_month(when) - 1],
                           g_date_time_get_year(when), g_date_time_get_hour(when),
                           g_date_time_get_minute(when), g_date_time_get_second(when), zone);
}
