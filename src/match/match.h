/* An event, or what is believed since, and a registration: does it concern them, and why. Pure. */
#ifndef MATCH_MATCH_H
#define MATCH_MATCH_H

#include "custody/belief.h"
#include "custody/event.h"
#include "watch/registration.h"

enum match_reason {
    MATCH_NONE,
    MATCH_ASKED,      /* the registration asked for this kind of event */
    MATCH_UNCLEAR,    /* the source's code is unknown; it may be a release they asked for */
    MATCH_CORRECTION, /* they were told what this takes back, so they are told again */
    MATCH_FEED,       /* they rely on a feed that fell silent or speaks again */
    MATCH_POSSIBLE,   /* it may be the person they asked about, under another number */
    MATCH_UNLINKED    /* they were told of somebody who turned out to be another */
};

/* An event by itself. `told_before`: for a feed that speaks again, the registration was told of its
 * silence. The caller found the registration by the event's person. */
enum match_reason match_registration(const struct custody_event *event,
                                     const struct watch_registration *registration,
                                     gboolean told_before, gint64 now_at_us);

/* What is believed of a person since an event. */
struct match_news {
    const struct custody_event *event;
    gint64 booking;                       /* the event's */
    const struct belief_statement *now;   /* of the person */
    const struct belief_booking *beliefs; /* of all their bookings */
    guint n_beliefs;
    gboolean told_before; /* the registration was told of the event that this one takes back */
};

/* Whether a registration that was told `told`, the last one last, is owed what is believed now
 * (docs/truth.md, "What may be said"). */
enum match_reason match_news(const struct match_news *news,
                             const struct watch_registration *registration,
                             const struct belief_statement *told, guint n_told, gint64 now_at_us);

#endif
