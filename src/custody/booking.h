/* What is known of one booking, and how one record or list changes it. Pure: no clock, no store.
 *
 *   record + what was said before ──► belief (belief.h) ──► booking after + at most one event
 *
 * Rule 1 (assertion) and rule 2 (kinds) live in booking.c; rule 4 (order) in the fold. */
#ifndef CUSTODY_BOOKING_H
#define CUSTODY_BOOKING_H

#include "custody/belief.h"
#include "custody/event.h"
#include "feed/record.h"

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

    guint64 digest; /* of the roster row that was read last */
    enum custody_listing listing;
    gboolean row_says_out; /* it is listed, with its release: no list that shows them held */
    gint64 listed_at_us;   /* the last list that showed them held, when the newest does not */
    gint64 off_at_us;      /* the first after it */
    gboolean is_off_doubtful;
    gint64 was_off_at_us;     /* the last that did not show them, before one that did */
    gint64 newest_list_at_us; /* of its roster's feed; TIME_UNKNOWN: it has none */
    gint64 list_interval_us;

    gboolean is_uncounted; /* came in with a batch in doubt, or long ago: no measure of a whole list */

    struct belief_booking belief; /* as of what was said so far */
    gboolean has_event;
    enum custody_kind last_kind; /* of the event that told what is believed */
    guint8 last_event_id[CUSTODY_EVENT_ID_BYTES];
};

/* All that sources said of one booking, each with its event. */
struct custody_history;
struct custody_history *custody_history_new(void);
void custody_history_free(struct custody_history *history);
/* Of events that are no reports it takes none. `event_id`: the source's own; NULL: none. */
void custody_history_add(struct custody_history *history, const struct custody_event *event,
                         const char *feed, const char *event_id);

/* What became of what was said, once belief was made of it (custody_booking_reconsidered). */
enum custody_fate {
    CUSTODY_FATE_NONE,  /* no report: what we concluded, or a change of status */
    CUSTODY_FATE_TAKEN, /* a holding, an absence or a correction that counts */
    CUSTODY_FATE_BELIEVED,
    CUSTODY_FATE_BESIDE, /* an ending that stands beside the one that is believed */
    CUSTODY_FATE_TAKEN_BACK,
    CUSTODY_FATE_OVER,
    CUSTODY_FATE_CONTRADICTED,
    CUSTODY_FATE_WAITS,    /* a correction that takes back nothing that we know */
    CUSTODY_FATE_REPLACED, /* by what the same row said later */
    CUSTODY_FATE_UNDONE,   /* by an operator */
    CUSTODY_FATE_N
};
/* "taken_back", for programs, and the same in words, "" for the first two. Static. */
const char *custody_fate_name(enum custody_fate fate);
const char *custody_fate_words(enum custody_fate fate);
enum custody_fate custody_history_fate(const struct custody_history *history,
                                       const guint8 event_id[CUSTODY_EVENT_ID_BYTES],
                                       enum custody_said said);

/* A booking that long ago is history when it is first heard of. */
#define CUSTODY_HISTORY_OF_BOOKINGS_US (365 * (gint64)DAY_US)
#define CUSTODY_HISTORY_OF_ENDINGS_US (30 * (gint64)DAY_US)

/* Who says it and when. */
struct custody_source {
    const char *feed;
    const struct feed_mapping *mapping;
    gint64 observed_at_us;
    gboolean is_baseline; /* rule 8: the first load makes no events */
    const char
        *content; /* digest of the file, so that another file of the same time is another source */
    gint64 list_before_at_us; /* of a roster: the list taken before; TIME_UNKNOWN: none */
    gboolean is_decision;     /* a person here rejects a list: nothing came of the jail */
};

/* A roster lists the booking. `prior` NULL: not known before. Fills `next` (strings borrowed from
 * prior, record and mapping) and, when TRUE is returned, `event`. `history` gets what is said. */
gboolean custody_booking_listed(const struct custody_source *source,
                                const struct custody_booking *prior, struct custody_history *history,
                                const struct feed_record *record, guint64 digest,
                                struct custody_booking *next, struct custody_event *event);

/* A roster went on listing a booking of which something else was reported: what is believed now that
 * the newest list shows it. */
gboolean custody_booking_still_listed(const struct custody_source *source,
                                      const struct custody_booking *prior,
                                      struct custody_history *history, struct custody_booking *next,
                                      struct custody_event *event);

/* The source reports that something happened. FALSE: exactly this was said before, and `next` is the
 * prior. */
gboolean custody_booking_reported(const struct custody_source *source,
                                  const struct custody_booking *prior, struct custody_history *history,
                                  const struct feed_record *record, struct custody_booking *next,
                                  struct custody_event *event);

/* What is believed since something that was said of it is doubtful, confirmed or undone. The caller
 * says what that is called. */
void custody_booking_reconsidered(const struct custody_booking *prior, struct custody_history *history,
                                  struct custody_booking *next);

/* A held list that did not show the booking was wrong. */
gboolean custody_booking_relisted(const struct custody_source *source,
                                  const struct custody_booking *prior, struct custody_history *history,
                                  struct custody_booking *next, struct custody_event *event);

/* A roster no longer lists the booking. `is_rebooked`: the same person stands on it under another
 * booking, so nobody left. `is_doubtful`: the list is held. */
gboolean custody_booking_unlisted(const struct custody_source *source,
                                  const struct custody_booking *prior, struct custody_history *history,
                                  gboolean is_rebooked, gboolean is_doubtful,
                                  struct custody_booking *next, struct custody_event *event);

#endif
