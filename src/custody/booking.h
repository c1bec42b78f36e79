/* What is known of one booking, and how one record changes it. Pure: no clock, no store.
 *
 *   record + booking before  ──►  booking after + at most one event
 *
 * Rule 1 (assertion) and rule 2 (kinds) live in booking.c; rule 4 (order) in its `is_late`. */
#ifndef CUSTODY_BOOKING_H
#define CUSTODY_BOOKING_H

#include "custody/event.h"
#include "feed/record.h"

/* Where the person stands as far as this booking says. */
enum custody_standing {
    STANDING_HELD,
    STANDING_AWAY,     /* a temporary absence was reported */
    STANDING_OUT,      /* a release, transfer out, escape or death was reported */
    STANDING_UNLISTED, /* inferred: the roster no longer shows the booking */
    STANDING_N
};
const char *custody_standing_name(enum custody_standing standing);

enum custody_listing {
    LISTING_NEVER, /* known from events only */
    LISTING_NOW,
    LISTING_GONE /* was on the roster, is no more */
};

struct custody_booking {
    gint64 id, person_id; /* the store's; 0 when new */
    const char *key, *person_key;
    const char *facility_id, *status;
    guint flags; /* enum subject_flag */
    gint64 admitted_at_us;
    gint64 tenure_from_us; /* admitted, or first seen where the source tells no dates */
    guint64 digest;        /* of the roster row that was read last */
    enum custody_standing standing;
    enum custody_listing listing;
    gint64 said_at_us; /* the newest time that a source itself gave; what is older is late */
    gboolean said_on_date;
    gint64 out_seen_at_us; /* when the report of OUT came; TIME_UNKNOWN: not out */
    gboolean row_says_out; /* the roster's own row tells of the release */
    gboolean has_event;
    enum custody_kind last_kind; /* of the newest event that says something of custody */
    guint8 last_event_id[CUSTODY_EVENT_ID_BYTES];
};

/* Who says it and when. */
struct custody_source {
    const char *feed;
    const struct feed_mapping *mapping;
    gint64 observed_at_us;
    gboolean is_baseline; /* rule 8: the first load makes no events */
    const char
        *content; /* digest of the file, so that another file of the same time is another source */
    gint64 held_since_us;    /* the newest time told of the person's other bookings that hold them */
    const guint8 *corrected; /* id of the event that the record takes back; NULL: not known */
};

/* A roster lists the booking. `prior` NULL: not known before. Fills `next` (strings borrowed from
 * prior, record and mapping) and, when TRUE is returned, `event`. */
gboolean custody_booking_listed(const struct custody_source *source,
                                const struct custody_booking *prior, const struct feed_record *record,
                                guint64 digest, struct custody_booking *next,
                                struct custody_event *event);

/* The roster still lists a booking whose release was reported, on a list made an interval or more
 * after the report, without saying so itself: the report was wrong. */
gboolean custody_booking_still_listed(const struct custody_source *source,
                                      const struct custody_booking *prior, struct custody_booking *next,
                                      struct custody_event *event);

/* The source reports that something happened. */
gboolean custody_booking_reported(const struct custody_source *source,
                                  const struct custody_booking *prior, const struct feed_record *record,
                                  struct custody_booking *next, struct custody_event *event);

/* A roster no longer lists the booking. `is_rebooked`: the same person stands on it under another
 * booking, so nobody left. */
gboolean custody_booking_unlisted(const struct custody_source *source,
                                  const struct custody_booking *prior, gboolean is_rebooked,
                                  struct custody_booking *next, struct custody_event *event);

#endif
