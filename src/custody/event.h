/* A custody event: one thing that happened to one booking or one feed, append-only.
 *
 * Its id comes from its source, so that reading the same file again makes the same events and the
 * store keeps each once (rule 3, nothing twice). `assertion` says how it is known (rule 1). What a
 * source said of a booking is a report too, from which belief is made (custody/belief.h). */
#ifndef CUSTODY_EVENT_H
#define CUSTODY_EVENT_H

#include "base/vocabulary.h"

#define CUSTODY_EVENT_ID_BYTES 16

/* The detail of what takes back because a person here decided so, not the jail. */
#define CUSTODY_UNDONE "undone"

/* Who says it. Kept as these numbers. */
enum custody_said {
    SAID_BY_US, /* concluded: no report */
    SAID_AS_EVENT /* by a source */,
    SAID_IN_ROW, /* of a source's list, as long as no later one says otherwise */
    SAID_UNDONE  /* was a report: taken back with its file */
};

struct custody_event {
    guint8 id[CUSTODY_EVENT_ID_BYTES];
    enum custody_kind kind;
    enum custody_assertion assertion;
    enum custody_said said;
    gboolean is_late;     /* said of a time before what is known: it changes nothing by itself */
    gboolean is_unclear;  /* the source used a code nobody explained */
    gboolean is_doubtful; /* part of a batch that nobody has confirmed */
    gboolean is_within;   /* of a move: between places of one source */
    const char *booking_key, *person_key; /* NULL: the event is the feed's */
    const char *facility_id;
    gint64 occurred_at_us; /* TIME_UNKNOWN when the source does not say */
    gint64 occurred_to_us; /* the end of the day, or the second of two instants; else the same */
    gboolean occurred_on_date;
    gint64 observed_at_us; /* when the source's file was taken or its message came */
    guint row;             /* in the source; 0 when the event is that there is no row */
    gboolean has_corrects;
    guint8 corrects[CUSTODY_EVENT_ID_BYTES]; /* the event this takes back */
    gboolean is_taken_back;                  /* a correction came before it */
    gboolean waits;                          /* a correction of what was not said yet */
    const char *names; /* of a correction: the source's own id of what it takes back; NULL: none */
    char detail[96];   /* the new status, the facility moved from, or why a feed counts as silent */
};

/* Whether it says that they are there no more: out, gone, or moved away. */
gboolean custody_event_is_ending(const struct custody_event *event);

/* The id of an event: the first 16 bytes of SHA-256 over its parts (NULL-terminated), each with its
 * length. */
void custody_event_id(guint8 id[CUSTODY_EVENT_ID_BYTES], const char *const *parts);

/* 32 hexadecimal digits. `text` has room for 33. */
void custody_event_id_format(const guint8 id[CUSTODY_EVENT_ID_BYTES], char text[33]);

#endif
