#include "custody/booking.h"

#include <string.h>

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

/* Rule 3: the id is made of what the source said, never of when we read it. A roster's event is its
 * booking, its kind and the roster's time; a reported one has the source's own id or what it says. */
static void identify(const struct custody_source *source, struct custody_event *event,
                     const char *source_event_id) {
    g_autofree char *when =
        base_time_format(event->occurred_at_us != TIME_UNKNOWN && !source_event_id &&
                                 event->assertion == ASSERTION_REPORTED
                             ? event->occurred_at_us
                             : event->observed_at_us);
    if (source_event_id) {
        const char *const parts[] = {source->feed, "id", source_event_id, event->booking_key, NULL};
        custody_event_id(event->id, parts);
    } else {
        const char *const parts[] = {source->mapping->jail, custody_kind_name(event->kind),
                                     event->booking_key,    when,
                                     event->detail,         NULL};
        custody_event_id(event->id, parts);
    }
}

/* Makes `event` the newest thing known of the booking. */
static void remember(struct custody_booking *booking, const struct custody_event *event) {
    booking->has_event = TRUE;
    booking->last_kind = event->kind;
    booking->last_occurred_at_us =
        event->occurred_at_us != TIME_UNKNOWN ? event->occurred_at_us : event->observed_at_us;
    booking->last_on_date = event->occurred_at_us != TIME_UNKNOWN && event->occurred_on_date;
    memcpy(booking->last_event_id, event->id, sizeof booking->last_event_id);
}

static void take_back(struct custody_event *event, const struct custody_booking *prior) {
    event->has_corrects = prior->has_event;
    memcpy(event->corrects, prior->last_event_id, sizeof event->corrects);
}

/* The booking after a record, before what happened is taken into account. */
static void carry_over(const struct custody_source *source, const struct custody_booking *prior,
                       const struct feed_record *record, struct custody_booking *next) {
    *next = prior ? *prior
                  : (struct custody_booking){.admitted_at_us = TIME_UNKNOWN,
                                             .tenure_from_us = TIME_UNKNOWN,
                                             .last_occurred_at_us = TIME_UNKNOWN,
                                             .status = ""};
    next->key = record->booking_key;
    next->person_key = record->person_key;
    next->facility_id = record->facility->id;
    next->flags = record->flags;
    if (record->admitted_at_us != TIME_UNKNOWN)
        next->admitted_at_us = next->tenure_from_us = record->admitted_at_us;
    else if (next->tenure_from_us == TIME_UNKNOWN)
        next->tenure_from_us = source->observed_at_us - (source->is_baseline ? UNKNOWN_TENURE_US : 0);
    if (*record->status)
        next->status = record->status;
}

/* Rule 4: whether what the source reports is older than what it already told of this booking. A
 * roster's snapshot does not count as telling, for rosters lag; a status is no custody; a death is
 * never too late. When only days are known, the later to arrive is the newer. */
static gboolean is_late(const struct custody_booking *prior, const struct custody_event *event) {
    if (!prior || !prior->has_event || event->occurred_at_us == TIME_UNKNOWN ||
        event->kind == CUSTODY_DIED || event->kind == CUSTODY_CORRECTED)
        return FALSE;
    gint64 tolerance_us = event->occurred_on_date || prior->last_on_date ? DAY_US : 0;
    return event->occurred_at_us + tolerance_us < prior->last_occurred_at_us;
}

/* The same ending told again, by another file or feed. */
static gboolean is_repeated(const struct custody_booking *prior, const struct custody_event *event) {
    return prior && prior->has_event && prior->last_kind == event->kind &&
           (event->kind == CUSTODY_BOOKED || prior->standing == STANDING_OUT) &&
           (event->occurred_at_us == TIME_UNKNOWN ||
            ABS(event->occurred_at_us - prior->last_occurred_at_us) < DAY_US);
}

static enum custody_standing standing_after(enum custody_kind kind, enum custody_standing before) {
    switch (kind) {
    case CUSTODY_BOOKED:
    case CUSTODY_RECAPTURED:
    case CUSTODY_RETURNED:
    case CUSTODY_BACK_ON_ROSTER:
    case CUSTODY_CORRECTED: return STANDING_HELD;
    case CUSTODY_TEMPORARY_ABSENCE: return STANDING_AWAY;
    case CUSTODY_RELEASED:
    case CUSTODY_TRANSFERRED:
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
        g_strlcpy(event->detail, record->status, sizeof event->detail);
    if (record->action == CUSTODY_CORRECTED) {
        event->assertion = ASSERTION_CORRECTED;
        if (record->corrects_event_id) {
            const char *const parts[] = {source->feed, "id", record->corrects_event_id,
                                         record->booking_key, NULL};
            custody_event_id(event->corrects, parts);
            event->has_corrects = TRUE;
        } else if (prior) {
            take_back(event, prior);
        }
    }
    identify(source, event, record->event_id);
    event->is_late = is_late(prior, event);
    if (event->is_late) {
        *next = *prior;
        return !source->is_baseline;
    }
    if (is_repeated(prior, event))
        return FALSE;
    if (event->kind == CUSTODY_CORRECTED &&
        !(prior && event->has_corrects && prior->has_event &&
          memcmp(prior->last_event_id, event->corrects, sizeof event->corrects) == 0))
        return !source->is_baseline; /* it corrects something older: the standing stays */
    next->standing = standing_after(event->kind, next->standing);
    if (event->kind != CUSTODY_STATUS_CHANGED)
        remember(next, event);
    return !source->is_baseline;
}

/* What a listing alone says about a booking that was known before. */
static gboolean compare_listing(const struct custody_source *source,
                                const struct custody_booking *prior, const struct feed_record *record,
                                struct custody_booking *next, struct custody_event *event) {
    const gboolean is_back = prior->listing == LISTING_GONE &&
                             (prior->standing == STANDING_UNLISTED || prior->standing == STANDING_OUT);
    if (is_back)
        next->standing = STANDING_HELD;
    if (is_back && prior->has_event) { /* without an event nobody was told of a leaving */
        *event = event_about(source, next, CUSTODY_BACK_ON_ROSTER, ASSERTION_CORRECTED);
        take_back(event, prior);
    } else if (g_strcmp0(prior->facility_id, next->facility_id) != 0) {
        *event = event_about(source, next, CUSTODY_TRANSFERRED, ASSERTION_REPORTED);
        const struct feed_facility *from =
            feed_mapping_facility_by_id(source->mapping, prior->facility_id);
        g_strlcpy(event->detail, from->name, sizeof event->detail);
    } else if (*record->status && g_strcmp0(prior->status, record->status) != 0 && *prior->status) {
        *event = event_about(source, next, CUSTODY_STATUS_CHANGED, ASSERTION_REPORTED);
        g_strlcpy(event->detail, record->status, sizeof event->detail);
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

    if (record->has_action && (!prior || prior->standing != STANDING_OUT)) {
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
    next->digest = digest;
    next->listing = LISTING_NOW;
    if (source->is_baseline && !prior)
        next->has_event = FALSE;
    return happened && !source->is_baseline;
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
