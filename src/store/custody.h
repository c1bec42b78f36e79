/* People, bookings and custody events in the store. */
#ifndef STORE_CUSTODY_H
#define STORE_CUSTODY_H

#include "base/time.h"
#include "custody/roster.h"

struct db; /* a transaction's, or a reader's: for this folder to use, for others to pass on */

struct store_person {
    gint64 id;
    const char *scope, *key;
    const char *surname, *given, *middle, *suffix;
    gint32 born;
};

/* Finds or makes the person and brings the name up to date; what the source leaves out stays. Sets
 * `person->id`. */
gboolean store_person_save(struct db *db, struct store_person *person, const char *folded,
                           GError **error);

/* A booking with strings of its own. Cleared by the caller. `booking.id` is 0 when there is none. */
struct store_booking {
    struct custody_booking booking;
    char *key, *person_key, *facility_id, *status;
};
void store_booking_clear(struct store_booking *row);
gboolean store_booking_by_key(struct db *db, const char *jail, const char *key,
                              struct store_booking *row, GError **error);
gboolean store_booking_by_id(struct db *db, gint64 id, struct store_booking *row, GError **error);

/* The bookings numbered `whole`, or `rest` in `jail` (both NULL: no such): `n` of them, at most 2, and
 * the ids of one. */
gboolean store_booking_find(struct db *db, const char *whole, const char *jail, const char *rest,
                            gint64 *booking_id, gint64 *person_id, guint *n, GError **error);

/* Transfer full; NULL with an error. */
char *store_booking_jail(struct db *db, gint64 booking_id, GError **error);

/* Sets flags of a booking, if it is known, until its row is read again. */
gboolean store_booking_seal(struct db *db, const char *jail, const char *key, guint flags,
                            GError **error);

/* Inserts (id 0: set) or updates. `roster_feed` NULL leaves the booking's roster as it is. */
gboolean store_booking_save(struct db *db, const char *jail, const char *roster_feed,
                            struct custody_booking *booking, GError **error);

/* Every booking that the feed's roster lists, given to `roster` to expect. */
gboolean store_booking_expect(struct db *db, const char *feed, struct custody_roster *roster,
                              GError **error);
/* Bookings that are believed out and still stand on the list, whose rows do not say so, or unclearly
 * out. Transfer full: GArray of gint64. */
GArray *store_booking_still_listed(struct db *db, const char *feed, GError **error);
/* Bookings that stand on the list no more and are believed in, or unclearly: the next that does not
 * show them may tell. Transfer full: GArray of gint64. */
GArray *store_booking_still_off(struct db *db, const char *feed, GError **error);
/* Those that a held list did not show. Transfer full: GArray of gint64. */
GArray *store_booking_doubtfully_gone(struct db *db, const char *feed, GError **error);
/* The newest booking's id; 0: there is none. */
gboolean store_booking_newest(struct db *db, gint64 *id, GError **error);
/* What is believed of each booking of the person, under whatever number, by booking. Transfer full:
 * GArray of struct belief_booking. */
GArray *store_beliefs(struct db *db, gint64 person_id, GError **error);
/* All that was said of the booking. Transfer full. */
struct custody_history *store_history(struct db *db, gint64 booking_id, GError **error);

struct store_event {
    const struct custody_event *event;
    const char *feed;
    gint64 source_id;  /* 0: none */
    gint64 booking_id; /* 0: the feed's */
    gint64 recorded_at_us;
    const char *source_key; /* the source's own id; NULL: none */
    gint64 seq;             /* set by store_event_add */
    gboolean is_new;        /* set: FALSE when the same event was recorded before */
};
gboolean store_event_add(struct db *db, struct store_event *event, GError **error);

/* What the feed said under a clock that was ahead of now is stamped with now, in its order. Transfer
 * full: GArray of gint64, the bookings. */
GArray *store_events_stamp_again(struct db *db, const char *feed, gint64 now_at_us, GError **error);

/* Records that what is believed is told, resting on that booking, under `id`: seq; the same when it was
 * recorded before. */
gboolean store_event_as_known(struct db *db, gint64 booking_id, const guint8 id[CUSTODY_EVENT_ID_BYTES],
                              gint64 now_at_us, gint64 *seq, GError **error);

/* What was believed of the person when the event was told. */
gboolean store_event_state(struct db *db, gint64 seq, const struct belief_statement *statement,
                           GError **error);
/* What a registration was told, or may have been or will be, in order: statements. Transfer full:
 * GArray of struct belief_statement. */
GArray *store_told(struct db *db, const char *registration_id, GError **error);

/* Events of a feed that are part of a batch. */
struct store_batch_event {
    gint64 seq, booking_id;
    guint8 id[CUSTODY_EVENT_ID_BYTES];
    enum custody_kind kind;
    enum custody_said said;
};
/* From `first_seq` on, endings or (`are_arrivals`) bookings that are not doubtful yet. Transfer full:
 * GArray of struct store_batch_event; NULL with an error. */
GArray *store_batch(struct db *db, const char *feed, gint64 first_seq, gboolean are_arrivals,
                    GError **error);
/* Those of the feed that are doubtful. Transfer full. */
GArray *store_batch_doubtful(struct db *db, const char *feed, GError **error);
/* Those of one source. Transfer full. */
GArray *store_batch_of(struct db *db, gint64 source_id, GError **error);
/* That bookings left the feed's list, by lists that were undone, which were all that was made after
 * `listed_at_us`. Transfer full. */
GArray *store_batch_vanished(struct db *db, const char *feed, gint64 listed_at_us, GError **error);
/* Doubtful: what has not left says so at once. Not doubtful: confirmed. */
gboolean store_event_doubt(struct db *db, gint64 seq, gboolean is_doubtful, GError **error);
/* It is no report any more. */
gboolean store_event_undo(struct db *db, gint64 seq, GError **error);

/* Records another event about the booking and place of event `of`, known as corrected; the same when it
 * was recorded before. */
gboolean store_event_repeat(struct db *db, gint64 of, const guint8 id[CUSTODY_EVENT_ID_BYTES],
                            enum custody_kind kind, const char *detail, gint64 now_at_us, gint64 *seq,
                            GError **error);

/* The seq of the event with this id; 0 when there is none. */
gboolean store_event_seq(struct db *db, const guint8 id[CUSTODY_EVENT_ID_BYTES], gint64 *seq,
                         GError **error);

/* The newest event that the source gave this id, of that booking before others. */
gboolean store_event_by_source_key(struct db *db, const char *feed, const char *source_key,
                                   gint64 booking_id, guint8 id[CUSTODY_EVENT_ID_BYTES],
                                   gboolean *is_found, GError **error);

struct store_event_place {
    gint64 seq, booking_id, person_id; /* all 0: there is no such event */
    gboolean corrects;                 /* it takes an event back itself */
};
gboolean store_event_place(struct db *db, const guint8 id[CUSTODY_EVENT_ID_BYTES],
                           struct store_event_place *place, GError **error);
/* What was said last of the booking, if it was unclear and of that feed. */
gboolean store_event_unclear_last(struct db *db, const char *feed, gint64 booking_id,
                                  guint8 id[CUSTODY_EVENT_ID_BYTES], gboolean *is_found,
                                  GError **error);

/* ── For listings ── */

struct store_person_row {
    gint64 id;
    const char *scope, *key, *surname, *given, *middle, *suffix;
    gint32 born;
    const char *booking, *facility, *jail; /* of the newest booking */
    enum custody_standing standing;
    guint flags;     /* of the newest booking */
    guint any_flags; /* of any booking */
    gint64 admitted_at_us;
};
typedef void (*store_person_fn)(const struct store_person_row *row, void *context);

/* People with this number, or with a booking of this number, whatever the jail. */
gboolean store_person_numbered(struct db *db, const char *number, store_person_fn each, void *context,
                               GError **error);
/* Those of the list (guint32 ids) that are there, in no order. */
gboolean store_person_rows(struct db *db, const GArray *ids, store_person_fn each, void *context,
                           GError **error);

/* Names for an index, and what linking them needs. */
struct store_name {
    gint64 person_id, seq; /* of the change; 0: not read as one */
    const char *scope, *surname, *given, *middle, *suffix;
    gint32 born;
    const guint8 *key; /* the state id's keyed hash, 32 bytes; NULL: not known */
};
typedef void (*store_name_fn)(const struct store_name *name, void *context);
/* Everybody's, by id. */
gboolean store_names(struct db *db, store_name_fn each, void *context, GError **error);
gboolean store_name_get(struct db *db, gint64 person_id, store_name_fn each, void *context,
                        GError **error);
/* Those that changed after `seq`, at most `limit`, in order. Who changed twice comes twice. */
gboolean store_names_changed(struct db *db, gint64 seq, guint limit, store_name_fn each, void *context,
                             GError **error);
gboolean store_names_seq(struct db *db, gint64 *seq, GError **error);
gboolean store_person_count(struct db *db, gint64 *n, GError **error);

/* "scope:number" of a person. Transfer full; NULL with BASE_ERROR_NOT_FOUND. */
char *store_person_label(struct db *db, gint64 person_id, GError **error);
/* By number, in one scope or (NULL) all. */
gboolean store_person_find(struct db *db, const char *scope, const char *key, store_person_fn each,
                           void *context, GError **error);

/* Those kept under the number, or under it and a stroke and more. */
gboolean store_person_kept_as(struct db *db, const char *scope, const char *number,
                              store_person_fn each, void *context, GError **error);
/* Whether the jail has a booking of another feed than this one's lists. */
gboolean store_jail_is_known(struct db *db, const char *jail, const char *feed, gboolean *is_known,
                             GError **error);
/* Whether the booking is one of those that the feed's last list showed. */
gboolean store_booking_is_listed(struct db *db, gint64 id, const char *feed, gboolean *is_listed,
                                 GError **error);

/* Whether a person's or booking's number there begins with a zero. */
gboolean store_has_zeros(struct db *db, const char *scope, const char *jail, gboolean *has_zeros,
                         GError **error);

struct store_event_row {
    char id[33], corrects[33]; /* corrects "" when none */
    guint8 event_id[CUSTODY_EVENT_ID_BYTES];
    gint64 booking_id;
    enum custody_said said;
    enum custody_kind kind;
    enum custody_assertion assertion;
    const char *facility, *booking, *feed, *file, *detail;
    gint64 row, occurred_at_us, observed_at_us;
    gboolean is_late, is_unclear, is_doubtful, occurred_on_date;
};
typedef void (*store_event_fn)(const struct store_event_row *row, void *context);
gboolean store_person_events(struct db *db, gint64 person_id, store_event_fn each, void *context,
                             GError **error);

#endif
