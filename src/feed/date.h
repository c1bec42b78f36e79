/* Dates as jails write them, to instants.
 *
 * A format is strptime's, as far as exports need it: %Y %y %m %d %e %b %B %a %A %H %I %M %S %p %z %Z %s
 * and literal text, or the word excel for a spreadsheet's day numbers; a space matches any run of
 * spaces; seconds may carry a fraction. Reading is strict: the whole text must match, days must exist,
 * years lie in 1900 to 2199 (a two-digit year is 1930 to 2029), 24:00 is the next day's first instant.
 * %Z is UTC, GMT, Z or a zone of the United States. Times are the facility's local time unless %z says
 * otherwise. When clocks go back, an ambiguous time is its first occurrence; one that clocks skip is
 * moved past the gap. */
#ifndef FEED_DATE_H
#define FEED_DATE_H

#include <glib.h>

struct feed_date {
    gint64 at_us;          /* an instant; for a date alone, its local midnight */
    gint64 to_us;          /* the day's last; of an hour that comes twice, the second; else the same */
    gint32 ymd;            /* 20250401, as written */
    gboolean is_date_only; /* the format has no hour */
};

/* Reads `text` by the first of `formats` (NULL-terminated) that matches it whole. */
gboolean feed_date_parse(const char *text, const char *const *formats, GTimeZone *zone,
                         struct feed_date *date);

enum feed_date_found { FEED_DATE_NONE, FEED_DATE_READ, FEED_DATE_UNREADABLE };
/* The same, for a cell (NULL: empty). None is also what programs write where there is no date: NULL,
 * blanks between strokes, noughts, and the first or last day that some database knows (0001, 1753,
 * 1899, 1900, 1970, 2079, 9999); what it says is in `date` all the same where a format reads it, else
 * `ymd` is 0. */
enum feed_date_found feed_date_read(const char *text, const char *const *formats, GTimeZone *zone,
                                    struct feed_date *date);

/* Whether `format` has only conversions that are known here; else names the bad one. */
gboolean feed_date_format_check(const char *format, GError **error);

/* Finds a date in a file's name by `format` (such as "%Y%m%d" or "%Y-%m-%d_%H%M"), at any place in it
 * that is not inside a longer number. The last one wins. `minutes` past midnight is set when the
 * format has an hour. */
gboolean feed_date_find(const char *file_name, const char *format, gint32 *ymd, guint *minutes);

/* The instant of `minutes` past local midnight on `ymd`; where it comes twice, `second_at_us` is the
 * other one, else the same. */
gint64 feed_date_local(gint32 ymd, guint minutes, GTimeZone *zone, gint64 *second_at_us);

#endif
