/* A custody event: one thing that happened to one booking or one feed, append-only.
 *
 * Its id comes from its source, so that reading the same file again makes the same events and the
 * store keeps each once (rule 3, nothing twice). `assertion` says how it is known (rule 1). */
#ifndef CUSTODY_EVENT_H
#define CUSTODY_EVENT_H

#include "base/vocabulary.h"

#define CUSTODY_EVENT_ID_BYTES 16

struct custody_event {
    guint8 id[CUSTODY_EVENT_ID_BYTES];
    enum custody_kind kind;
    enum custody_assertion assertion;
    gboolean is_late;    /* older than what is known of the booking: recorded, and told to nobody */
    gboolean is_unclear; /* the source used a code nobody explained */
    const char *booking_key, *person_key; /* NULL: the event is the feed's */
    const char *facility_id;
    gint64 occurred_at_us; /* TIME_UNKNOWN when the source does not say */
    gboolean occurred_on_date;
    gint64 observed_at_us; /* when the source's file was taken or its message came */
    guint row;             /* in the source; 0 when the event is that there is no row */
    gboolean has_corrects;
    guint8 corrects[CUSTODY_EVENT_ID_BYTES]; /* the event this takes back */
    gboolean has_follows;
    guint8 follows[CUSTODY_EVENT_ID_BYTES]; /* the ending that this one ends: whoever was told of that
                                               one hears of this one */
    char detail[96]; /* the new status, the facility moved from, or why a feed counts as silent */
};

/* The id of an event: the first 16 bytes of SHA-256 over its parts (NULL-terminated), each with its
 * length. */
void custody_event_id(guint8 id[CUSTODY_EVENT_ID_BYTES], const char *const *parts);

/* 32 hexadecimal digits. `text` has room for 33. */
void custody_event_id_format(const guint8 id[CUSTODY_EVENT_ID_BYTES], char text[33]);

#endif
