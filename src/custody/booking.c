#include "custody/booking.h"

#include <string.h>

#include "base/text.h"
#include "base/time.h"

/* How long somebody on a first list without dates of admission has been in, for want of better. */
#define UNKNOWN_TENURE_US (45 * DAY_US)

const char *custody_standing_name(enum custody_standing standing) {
    static const char *const names[STANDING_N] = {"held", "away", "out", "unlisted"};
    return names[standing];
}

static struct custody_event event_about(const struct custody_source *source,
                                        const struct custody_booking *booking, enum custody_kind kind,
                                        enum custody_assertion assertion) {
    return (struct custody_event){.kind = kind,
                                  .assertion = assertion,
                                  .booking_key = booking->key,
                                  .person_key = booking->person_key,
                                  .facility_id = booking->facility_id,
                                  .occurred_at_us = TIME_UNKNOWN,
                                  .observed_at_us = source->observed_at_us};
}

/* Rule 3: the id is made of what the source said, never of when we read it: the source's own id for
 * the event, or the booking, the kind, the time and, for a roster, the file. */
static void identify(const struct custody_source *source, struct custody_event *event,
                     const char *source_event_id) {
    const gboolean has_time = event->occurred_at_us != TIME_UNKNOWN && !source->content;
    g_autofree char *when = base_time_format(has_time ? event->occurred_at_us : event->observed_at_us);
    const char *const by_id[] = {
        source->feed, "id", source_event_id, event->booking_key, custody_kind_name(event->kind), NULL};
    const char *const by_content[] = {source->mapping->jail,
                                      custody_kind_name(event->kind),
                                      event->booking_key,
                                      when,
                                      event->detail,
                                      source->content ? source->content : "",
                                      NULL};
    custody_event_id(event->id, source_event_id ? by_id : by_content);
}

/* Makes `event` the newest thing known of the booking. Only a time that the source gave counts for
 * what is late: a roster's own time does not, for rosters lag. */
static void remember(struct custody_booking *booking, const struct custody_event *event) {
    booking->has_event = TRUE;
    booking->last_kind = event->kind;
    memcpy(booking->last_event_id, event->id, sizeof booking->last_event_id);
    booking->out_seen_at_us = booking->standing == STANDING_OUT ? event->observed_at_us : TIME_UNKNOWN;
    if (event->assertion == ASSERTION_CORRECTED) { /* what was taken back makes nothing late */
        booking->said_at_us = TIME_UNKNOWN;
    } else if (event->occurred_at_us != TIME_UNKNOWN) {
        booking->said_at_us = event->occurred_at_us;
        booking->said_on_date = event->occurred_on_date;
    }
}

static void take_back(struct custody_event *event, const struct custody_booking *prior) {
    event->has_corrects = prior->has_event;
    memcpy(event->corrects, prior->last_event_id, sizeof event->corrects);
}

/* Whoever was told that somebody got out hears of what ends it, asked for or not. */
static void follow(struct custody_event *event, const struct custody_booking *prior) {
    event->has_follows = prior && prior->has_event && !event->has_corrects &&
                         (KIND_BIT(prior->last_kind) & KINDS_OUT) &&
                         (KIND_BIT(event->kind) & KINDS_HELD);
    if (event->has_follows)
        memcpy(event->follows, prior->last_event_id, sizeof event->follows);
}

/* The booking after a record, before what happened is taken into account. What the source does not
 * tell stays: an event feed without a `sealed` column does not unseal anybody. */
static void carry_over(const struct custody_source *source, const struct custody_booking *prior,
                       const struct feed_record *record, struct custody_booking *next) {
    *next = prior ? *prior
                  : (struct custody_booking){.admitted_at_us = TIME_UNKNOWN,
                                             .tenure_from_us = TIME_UNKNOWN,
                                             .said_at_us = TIME_UNKNOWN,
                                             .out_seen_at_us = TIME_UNKNOWN,
                                             .status = ""};
    next->key = record->booking_key;
    next->person_key = record->person_key;
    if (!prior || record->has_facility)
        next->facility_id = record->facility->id;
    next->flags = (next->flags & ~record->known_flags) | record->flags;
    if (record->admitted_at_us != TIME_UNKNOWN)
        next->admitted_at_us = next->tenure_from_us = record->admitted_at_us;
    else if (next->tenure_from_us == TIME_UNKNOWN)
        next->tenure_from_us = source->observed_at_us - (source->is_baseline ? UNKNOWN_TENURE_US : 0);
    if (*record->status)
        next->status = record->status;
}

/* Rule 4: whether what the source reports is older than what was told already, of this booking or,
 * for an ending, of another booking that holds the person now. A status is no custody; a death is
 * never too late. When only days are known, the later to arrive is the newer. */
static gboolean is_late(const struct custody_source *source, const struct custody_booking *prior,
                        const struct custody_event *event) {
    if (event->occurred_at_us == TIME_UNKNOWN || event->kind == CUSTODY_DIED ||
        event->kind == CUSTODY_CORRECTED)
        return FALSE;
    const gboolean by_day = event->occurred_on_date || (prior && prior->said_on_date);
    const gint64 newest_us = event->occurred_at_us + (by_day ? DAY_US : 0);
    if ((KIND_BIT(event->kind) & KINDS_OUT) && source->held_since_us != TIME_UNKNOWN &&
        newest_us < source->held_since_us)
        return TRUE;
    return prior && prior->said_at_us != TIME_UNKNOWN && newest_us < prior->said_at_us;
}

/* The same ending told again, by another file or feed. */
static gboolean is_repeated(const struct custody_booking *prior, const struct custody_event *event) {
    return prior && prior->has_event && prior->last_kind == event->kind &&
           (event->kind == CUSTODY_BOOKED || prior->standing == STANDING_OUT) &&
           (event->occurred_at_us == TIME_UNKNOWN || prior->said_at_us == TIME_UNKNOWN ||
            ABS(event->occurred_at_us - prior->said_at_us) < DAY_US);
}

static enum custody_standing standing_after(enum custody_kind kind, enum custody_standing before) {
    switch (kind) {
    case CUSTODY_BOOKED:
    case CUSTODY_RECAPTURED:
    case CUSTODY_RETURNED:
    case CUSTODY_BACK_ON_ROSTER:
    case CUSTODY_TRANSFERRED: /* whether inside the jail or away, nobody said they are free */
    case CUSTODY_CORRECTED: return STANDING_HELD;
    case CUSTODY_TEMPORARY_ABSENCE: return STANDING_AWAY;
    case CUSTODY_RELEASED:
    case CUSTODY_ESCAPED:
    case CUSTODY_DIED: return STANDING_OUT;
    case CUSTODY_LEFT_ROSTER: return STANDING_UNLISTED;
    default: return before;
    }
}

gboolean custody_booking_reported(const struct custody_source *source,
                                  const struct custody_booking *prior, const struct feed_record *record,
                                  struct custody_booking *next, struct custody_event *event) {
    carry_over(source, prior, record, next);
    *event = event_about(source, next, record->action, ASSERTION_REPORTED);
    event->is_unclear = record->is_unclear;
    event->occurred_at_us = record->occurred_at_us;
    event->occurred_on_date = record->occurred_on_date;
    event->row = record->row;
    if (record->action == CUSTODY_BOOKED && event->occurred_at_us == TIME_UNKNOWN)
        event->occurred_at_us = record->admitted_at_us;
    if (record->action == CUSTODY_STATUS_CHANGED)
        text_copy(event->detail, sizeof event->detail, record->status);
    if (record->action == CUSTODY_CORRECTED) {
        event->assertion = ASSERTION_CORRECTED;
        if (source->corrected) {
            memcpy(event->corrects, source->corrected, sizeof event->corrects);
            event->has_corrects = TRUE;
        } else if (prior && !record->corrects_event_id) {
            take_back(event, prior);
        }
    }
    identify(source, event, record->event_id);
    event->is_late = is_late(source, prior, event);
    if (event->is_late && prior) {
        const guint flags = next->flags; /* sealing is never too late */
        *next = *prior;
        next->flags = flags;
    }
    if (event->is_late) {
        next->standing = prior ? next->standing : STANDING_OUT;
        return !source->is_baseline;
    }
    if (is_repeated(prior, event))
        return FALSE;
    follow(event, prior);
    next->standing = standing_after(event->kind, next->standing);
    if (event->kind != CUSTODY_STATUS_CHANGED)
        remember(next, event);
    return !source->is_baseline;
}

/* What a listing alone says about a booking that was known before. */
static gboolean compare_listing(const struct custody_source *source,
                                const struct custody_booking *prior, const struct feed_record *record,
                                struct custody_booking *next, struct custody_event *event) {
    /* Off the list and on it again; or its row told of a release and does so no more. */
    const gboolean is_back =
        !record->has_action &&
        ((prior->listing == LISTING_GONE &&
          (prior->standing == STANDING_UNLISTED || prior->standing == STANDING_OUT)) ||
         (prior->standing == STANDING_OUT && prior->row_says_out));
    if (is_back)
        next->standing = STANDING_HELD;
    if (is_back && prior->has_event) { /* without an event nobody was told of a leaving */
        *event = event_about(source, next, CUSTODY_BACK_ON_ROSTER, ASSERTION_CORRECTED);
        take_back(event, prior);
    } else if (prior->standing != STANDING_OUT &&
               g_strcmp0(prior->facility_id, next->facility_id) != 0) {
        *event = event_about(source, next, CUSTODY_TRANSFERRED, ASSERTION_REPORTED);
        const struct feed_facility *from =
            feed_mapping_facility_by_id(source->mapping, prior->facility_id);
        text_copy(event->detail, sizeof event->detail, from->name);
    } else if (*record->status && g_strcmp0(prior->status, record->status) != 0 && *prior->status) {
        *event = event_about(source, next, CUSTODY_STATUS_CHANGED, ASSERTION_REPORTED);
        text_copy(event->detail, sizeof event->detail, record->status);
    } else {
        return FALSE;
    }
    return TRUE;
}

gboolean custody_booking_listed(const struct custody_source *source,
                                const struct custody_booking *prior, const struct feed_record *record,
                                guint64 digest, struct custody_booking *next,
                                struct custody_event *event) {
    gboolean happened;

    const gboolean is_amended = prior && (KIND_BIT(record->action) & KINDS_OUT) && prior->has_event &&
                                record->action != prior->last_kind; /* a release that was a death */
    if (record->has_action && (!prior || prior->standing != STANDING_OUT || is_amended)) {
        happened = custody_booking_reported(source, prior, record, next, event);
    } else if (!prior) {
        carry_over(source, NULL, record, next);
        *event = event_about(source, next, CUSTODY_BOOKED, ASSERTION_REPORTED);
        event->occurred_at_us = record->admitted_at_us;
        identify(source, event, NULL);
        remember(next, event);
        happened = TRUE;
    } else {
        carry_over(source, prior, record, next);
        happened = compare_listing(source, prior, record, next, event);
        if (happened) {
            identify(source, event, NULL);
            if (event->kind != CUSTODY_STATUS_CHANGED)
                remember(next, event);
        }
    }
    event->row = record->row;
    next->digest = record->is_deferred ? 0 : digest;
    next->row_says_out = record->has_action;
    next->listing = LISTING_NOW;
    if (source->is_baseline && !prior)
        next->has_event = FALSE;
    return happened && !source->is_baseline;
}

gboolean custody_booking_still_listed(const struct custody_source *source,
                                      const struct custody_booking *prior, struct custody_booking *next,
                                      struct custody_event *event) {
    if (prior->standing != STANDING_OUT || prior->row_says_out || prior->listing != LISTING_NOW ||
        prior->out_seen_at_us == TIME_UNKNOWN ||
        source->observed_at_us < prior->out_seen_at_us + source->mapping->interval_us)
        return FALSE;
    *next = *prior;
    *event = event_about(source, next, CUSTODY_BACK_ON_ROSTER, ASSERTION_CORRECTED);
    take_back(event, prior);
    identify(source, event, NULL);
    next->standing = STANDING_HELD;
    remember(next, event);
    return TRUE;
}

gboolean custody_booking_unlisted(const struct custody_source *source,
                                  const struct custody_booking *prior, gboolean is_rebooked,
                                  struct custody_booking *next, struct custody_event *event) {
    *next = *prior;
    next->listing = LISTING_GONE;
    if (is_rebooked) { /* the new booking tells the story; a return of the old one would be news */
        next->standing = prior->standing == STANDING_OUT ? STANDING_OUT : STANDING_UNLISTED;
        next->has_event = FALSE;
        return FALSE;
    }
    if (prior->standing == STANDING_OUT) /* the roster confirms what was reported */
        return FALSE;
    *event = event_about(source, next, CUSTODY_LEFT_ROSTER, ASSERTION_INFERRED);
    identify(source, event, NULL);
    next->standing = STANDING_UNLISTED;
    remember(next, event);
    return TRUE;
}
