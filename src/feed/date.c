#include "feed/date.h"

#include <string.h>

#include "base/error.h"
#include "base/time.h"

struct civil {
    int year, month, day, hour, minute, second, microsecond;
    gboolean has_hour, is_pm, has_ampm, has_zone;
    int offset_s;
    gboolean has_epoch;
    gint64 epoch_us; /* the instant itself */
};

#define EXCEL "excel" /* the format of a spreadsheet's day numbers: local days since 1899-12-30 */

static const char *const months[] = {"january",   "february", "march",    "april",
                                     "may",       "june",     "july",     "august",
                                     "september", "october",  "november", "december"};

/* At most `max` digits; at least one, or exactly `max` when `exactly`. */
static gboolean digits(const char **p, int max, gboolean exactly, int *value) {
    int n = 0;
    *value = 0;
    for (; n < max && g_ascii_isdigit(**p); n++)
        *value = *value * 10 + (*(*p)++ - '0');
    return exactly ? n == max : n > 0;
}

/* "Mar" or "March". */
static gboolean month_name(const char **p, int *month) {
    for (gsize i = 0; i < G_N_ELEMENTS(months); i++) {
        const gsize n = strlen(months[i]);
        if (g_ascii_strncasecmp(*p, months[i], 3) == 0) {
            *month = (int)i + 1;
            *p += g_ascii_strncasecmp(*p, months[i], n) == 0 ? n
                  : g_ascii_strncasecmp(*p, "sept", 4) == 0  ? 4
                                                             : 3;
            return TRUE;
        }
    }
    return FALSE;
}

static void fraction(const char **p, int *microsecond) {
    if (**p != '.' || !g_ascii_isdigit((*p)[1]))
        return;
    int unit = 100000;
    for ((*p)++; g_ascii_isdigit(**p); (*p)++, unit /= 10)
        *microsecond += (**p - '0') * unit;
}

static gboolean zone_offset(const char **p, int *offset_s) {
    int hours, minutes = 0;
    if (**p == 'Z') {
        (*p)++;
        *offset_s = 0;
        return TRUE;
    }
    int sign = **p == '-' ? -1 : **p == '+' ? 1 : 0;
    if (!sign)
        return FALSE;
    (*p)++;
    if (!digits(p, 2, TRUE, &hours))
        return FALSE;
    if (**p == ':')
        (*p)++;
    if (g_ascii_isdigit(**p) && !digits(p, 2, TRUE, &minutes))
        return FALSE;
    *offset_s = sign * (hours * 3600 + minutes * 60);
    return hours <= 14 && minutes < 60;
}

/* Any weekday, whole or cut: the date says which it is. */
static gboolean weekday_name(const char **p) {
    static const char *const days[] = {"monday", "tuesday",  "wednesday", "thursday",
                                       "friday", "saturday", "sunday"};
    for (gsize i = 0; i < G_N_ELEMENTS(days); i++)
        if (g_ascii_strncasecmp(*p, days[i], 3) == 0) {
            const gsize n = strlen(days[i]);
            *p += g_ascii_strncasecmp(*p, days[i], n) == 0 ? n : 3;
            return TRUE;
        }
    return FALSE;
}

static gboolean zone_name(const char **p, int *offset_s) {
    static const struct {
        const char *name;
        int hours;
    } zones[] = {{"UTC", 0},   {"GMT", 0},   {"EST", -5},  {"EDT", -4}, {"CST", -6},
                 {"CDT", -5},  {"MST", -7},  {"MDT", -6},  {"PST", -8}, {"PDT", -7},
                 {"AKST", -9}, {"AKDT", -8}, {"HST", -10}, {"Z", 0}};
    for (gsize i = 0; i < G_N_ELEMENTS(zones); i++) {
        const gsize n = strlen(zones[i].name);
        if (g_ascii_strncasecmp(*p, zones[i].name, n) == 0 && !g_ascii_isalpha((*p)[n])) {
            *p += n;
            *offset_s = zones[i].hours * 3600;
            return TRUE;
        }
    }
    return FALSE;
}

/* "pm", "p.m." */
static gboolean half_of_day(const char **p, struct civil *c) {
    const char half = g_ascii_tolower(**p);
    const char *at = *p + 1;
    if (half != 'a' && half != 'p')
        return FALSE;
    const gboolean has_dots = *at == '.';
    at += has_dots;
    if (g_ascii_tolower(*at++) != 'm')
        return FALSE;
    if (has_dots && *at == '.')
        at++;
    c->has_ampm = TRUE;
    c->is_pm = half == 'p';
    *p = at;
    return TRUE;
}

/* Seconds since 1970. */
static gboolean epoch(const char **p, struct civil *c) {
    char *end;
    const gint64 seconds = g_ascii_strtoll(*p, &end, 10);
    if (!g_ascii_isdigit(**p) || end - *p > 11)
        return FALSE;
    *p = end;
    fraction(p, &c->microsecond);
    c->has_epoch = c->has_hour = TRUE;
    c->epoch_us = seconds * SECOND_US + c->microsecond;
    return TRUE;
}

static gboolean read_one(char conversion, const char **p, struct civil *c) {
    switch (conversion) {
    case 'Y': return digits(p, 4, TRUE, &c->year);
    case 'y':
        if (!digits(p, 2, TRUE, &c->year))
            return FALSE;
        c->year += c->year < 30 ? 2000 : 1900;
        return TRUE;
    case 'm': return digits(p, 2, FALSE, &c->month);
    case 'e':
    case 'd': return digits(p, 2, FALSE, &c->day);
    case 'b':
    case 'B': return month_name(p, &c->month);
    case 'H':
    case 'I': c->has_hour = TRUE; return digits(p, 2, FALSE, &c->hour);
    case 'M': return digits(p, 2, TRUE, &c->minute);
    case 'S':
        if (!digits(p, 2, TRUE, &c->second))
            return FALSE;
        fraction(p, &c->microsecond);
        return TRUE;
    case 'p': return half_of_day(p, c);
    case 'a':
    case 'A': return weekday_name(p);
    case 's': return epoch(p, c);
    case 'Z': c->has_zone = TRUE; return zone_name(p, &c->offset_s);
    case 'z': c->has_zone = TRUE; return zone_offset(p, &c->offset_s);
    default: return FALSE;
    }
}

/* Matches a prefix of `*p`; moves past it. */
static gboolean match(const char **p, const char *format, struct civil *c) {
    for (const char *f = format; *f; f++) {
        if (*f == '%' && f[1]) {
            if (!read_one(*++f, p, c))
                return FALSE;
        } else if (*f == ' ') {
            if (**p != ' ')
                return FALSE;
            while (**p == ' ')
                (*p)++;
        } else if (*(*p)++ != *f) {
            return FALSE;
        }
    }
    return TRUE;
}

static void settle_epoch(struct civil *c) {
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(c->epoch_us / SECOND_US);
    if (!utc)
        return;
    g_date_time_get_ymd(utc, &c->year, &c->month, &c->day);
    c->hour = g_date_time_get_hour(utc);
    c->minute = g_date_time_get_minute(utc);
    c->second = g_date_time_get_second(utc);
    c->has_zone = TRUE;
}

static gboolean settle(struct civil *c) {
    if (c->has_epoch)
        settle_epoch(c);
    if (c->has_ampm) {
        if (c->hour < 1 || c->hour > 12)
            return FALSE;
        c->hour = c->hour % 12 + (c->is_pm ? 12 : 0);
    }
    return c->year >= 1900 && c->year <= 2199 && c->month >= 1 && c->month <= 12 &&
           g_date_valid_dmy((GDateDay)c->day, (GDateMonth)c->month, (GDateYear)c->year) &&
           (c->hour < 24 || (c->hour == 24 && !c->minute && !c->second)) && c->minute < 60 &&
           c->second <= 60;
}

/* The instants at which local clocks showed it: the first and the last, mostly the same. */
static void instants(const struct civil *c, guint days_later, GTimeZone *zone, gint64 *first_us,
                     gint64 *last_us) {
    GDate date;
    g_date_clear(&date, 1);
    g_date_set_dmy(&date, (GDateDay)c->day, (GDateMonth)c->month, (GDateYear)c->year);
    gint64 days = (gint64)g_date_get_julian(&date) - 719163 + days_later; /* since 1970-01-01 */
    gint64 local = days * 86400 + c->hour * 3600 + c->minute * 60 + c->second;
    gint64 first = local - c->offset_s, last = first;

    if (!c->has_zone) {
        gint64 adjusted = local;
        int interval = g_time_zone_adjust_time(zone, G_TIME_TYPE_STANDARD, &adjusted);
        int daylight = g_time_zone_find_interval(zone, G_TIME_TYPE_DAYLIGHT, local);
        first = last = adjusted - g_time_zone_get_offset(zone, interval);
        if (daylight >= 0 && daylight < interval && adjusted == local &&
            g_time_zone_is_dst(zone, daylight))
            first = local - g_time_zone_get_offset(zone, daylight);
    }
    *first_us = first * SECOND_US + c->microsecond;
    *last_us = last * SECOND_US + c->microsecond;
}

static struct feed_date date_of(const struct civil *c, GTimeZone *zone) {
    struct feed_date date = {.ymd = c->year * 10000 + c->month * 100 + c->day,
                             .is_date_only = !c->has_hour};
    gint64 tomorrow_us, unused_us;
    instants(c, 0, zone, &date.at_us, &date.to_us);
    if (date.is_date_only) {
        instants(c, 1, zone, &tomorrow_us, &unused_us);
        date.to_us = tomorrow_us - 1;
    }
    return date;
}

/* 46346.4375: noon is a half. From 1927 on, so that no other number is taken for a day. */
static gboolean match_excel(const char **p, struct civil *c) {
    char *end;
    if (strspn(*p, "0123456789.eE+") != strlen(*p))
        return FALSE;
    const double serial = g_ascii_strtod(*p, &end);
    if (end == *p || serial < 10000 || serial >= 80000)
        return FALSE;
    const gint64 seconds = (gint64)(serial * 86400 + 0.5);
    GDate date;
    g_date_clear(&date, 1);
    g_date_set_julian(&date, (guint32)(seconds / 86400 + 693594)); /* of 1899-12-30 */
    c->year = g_date_get_year(&date);
    c->month = (int)g_date_get_month(&date);
    c->day = g_date_get_day(&date);
    c->hour = (int)(seconds % 86400 / 3600);
    c->minute = (int)(seconds % 3600 / 60);
    c->second = (int)(seconds % 60);
    c->has_hour = seconds % 86400 != 0;
    *p = end;
    return TRUE;
}

gboolean feed_date_parse(const char *text, const char *const *formats, GTimeZone *zone,
                         struct feed_date *date) {
    for (const char *const *format = formats; *format; format++) {
        struct civil c = {.day = 1};
        const char *p = text;
        const gboolean matches =
            g_str_equal(*format, EXCEL) ? match_excel(&p, &c) : match(&p, *format, &c);
        if (!matches || *p || !settle(&c))
            continue;
        *date = date_of(&c, zone);
        return TRUE;
    }
    return FALSE;
}

/* "0001-01-01T00:00:00", "12/31/9999": years that no format reads, where a year may stand and no time.
 */
static gboolean has_year_of_none(const char *text) {
    static const char *const years[] = {"0001", "1753", "1899", "9999"};
    for (gsize i = 0; i < G_N_ELEMENTS(years); i++) {
        const char *at = strstr(text, years[i]);
        if (at && (at == text || strchr("/-", at[-1])) && strchr("/- t", at[4]))
            return TRUE;
    }
    return FALSE;
}

static gboolean is_word_for_none(const char *text) {
    static const char *const words[] = {"null", "none", "n/a", "na", "nil", "(null)", "\\n"};
    g_autofree char *plain = g_strstrip(g_ascii_strdown(text, -1));
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        if (g_str_equal(plain, words[i]))
            return TRUE;
    return !plain[strspn(plain, " /-:.0_")] || has_year_of_none(plain);
}

enum feed_date_found feed_date_read(const char *text, const char *const *formats, GTimeZone *zone,
                                    struct feed_date *date) {
    static const gint32 days[] = {19000101, 19000102, 19010101, 19700101, 20790606, 21991231};
    *date = (struct feed_date){.ymd = 0};
    if (!text)
        return FEED_DATE_NONE;
    if (!feed_date_parse(text, formats, zone, date)) {
        date->ymd = 0;
        return is_word_for_none(text) ? FEED_DATE_NONE : FEED_DATE_UNREADABLE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(days); i++)
        if (date->ymd == days[i])
            return FEED_DATE_NONE;
    return FEED_DATE_READ;
}

gboolean feed_date_format_check(const char *format, GError **error) {
    gboolean has_year = FALSE, has_month = FALSE, has_day = FALSE;
    if (g_str_equal(format, EXCEL) || strstr(format, "%s"))
        return TRUE;
    for (const char *p = format; *p; p++) {
        if (*p != '%')
            continue;
        p++;
        if (!*p || !strchr("YymdebBaAHIMSpzZs", *p)) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT,
                        "\"%%%c\" in the date format \"%s\" is not known; use %%Y %%y %%m %%d %%b %%B "
                        "%%A %%H %%I %%M %%S %%p %%z %%Z %%s, or the word excel",
                        *p ? *p : ' ', format);
            return FALSE;
        }
        has_year |= *p == 'Y' || *p == 'y';
        has_month |= *p == 'm' || *p == 'b' || *p == 'B';
        has_day |= *p == 'd' || *p == 'e';
    }
    if (!has_year || !has_month || !has_day) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT,
                    "the date format \"%s\" needs a year, a month and a day", format);
        return FALSE;
    }
    return TRUE;
}

gboolean feed_date_find(const char *file_name, const char *format, gint32 *ymd, guint *minutes) {
    gboolean found = FALSE;
    for (const char *start = file_name; *start; start++) {
        struct civil c = {.day = 1};
        const char *p = start;
        if (start > file_name && g_ascii_isdigit(start[-1]) && g_ascii_isdigit(*start))
            continue;
        if (match(&p, format, &c) && !g_ascii_isdigit(*p) && settle(&c)) {
            *ymd = c.year * 10000 + c.month * 100 + c.day;
            if (c.has_hour)
                *minutes = (guint)(c.hour * 60 + c.minute);
            found = TRUE;
        }
    }
    return found;
}

gint64 feed_date_local(gint32 ymd, guint minutes, GTimeZone *zone, gint64 *second_at_us) {
    struct civil c = {.year = ymd / 10000,
                      .month = ymd / 100 % 100,
                      .day = ymd % 100,
                      .hour = (int)minutes / 60,
                      .minute = (int)minutes % 60};
    gint64 first_us;
    instants(&c, 0, zone, &first_us, second_at_us);
    return first_us;
}
