/* Instants and clocks.
 *
 * An instant is a signed count of microseconds since 1970-01-01T00:00:00Z, in a variable whose name
 * ends in `_at_us`; a length of time ends in `_us`, `_ms` or `_s`. The clock is injected, so that a
 * run can be replayed: no module but this one asks the machine what time it is. */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include <glib.h>

#define TIME_UNKNOWN G_MININT64
#define SECOND_US G_USEC_PER_SEC
#define MINUTE_US (60 * (gint64)SECOND_US)
#define HOUR_US (60 * MINUTE_US)
#define DAY_US (24 * HOUR_US)

struct base_clock {
    gint64 (*now_at_us)(void *context);
    void *context;
};

/* The machine's wall clock. */
extern const struct base_clock base_system_clock;

static inline gint64 base_clock_now(const struct base_clock *clock) {
    return clock->now_at_us(clock->context);
}

/* "2025-05-06T16:00:00Z" (RFC 3339, UTC, fractions only when there are any); NULL for
 * TIME_UNKNOWN. Transfer full. */
char *base_time_format(gint64 at_us);
/* "Fri, 27 Nov 2026 16:54:26 GMT": English whatever the locale, as mail (RFC 5322, zone "+0000") and
 * HTTP (RFC 9110, zone "GMT") write it. Transfer full; NULL for a time that no calendar has. */
char *base_time_format_english(gint64 at_us, const char *zone);

/* Reads RFC 3339, or `YYYY-MM-DD` as midnight UTC. */
gboolean base_time_parse(const char *text, gint64 *at_us);

/* Reads a length of time: "90s", "30m", "24h", "7d". At least one second, at most 10 years. */
gboolean base_duration_parse(const char *text, gint64 *length_us);

#endif
