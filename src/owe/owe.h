/* An event into the store, to everyone it concerns: recorded once, matched, put in the outbox. One
 * transaction with the custody change that caused it (rule 3). */
#ifndef OWE_OWE_H
#define OWE_OWE_H

#include <jansson.h>

#include "match/match.h"
#include "site/site.h"
#include "store/custody.h"
#include "store/feed.h"
#include "store/outbox.h"

/* What was new of what came. */
struct owe_listing {
    guint n, n_of[CUSTODY_N_KINDS];
    json_t *events;  /* each as docs/api.md describes it; NULL: they are counted only */
    GByteArray *ids; /* of each; NULL: they are not kept */
};
/* What came since it was `mark` is listed no more. */
void owe_listing_cut(struct owe_listing *listing, const struct owe_listing *mark);

struct owing {
    const struct site *site;
    struct db *db;
    struct store_feed *feed; /* its pace is counted */
    const struct feed_mapping *mapping;
    gint64 source_id;
    const char *source_key; /* the source's own id of the event at hand; NULL: none */
    const char *file;       /* its name, for the listing; NULL: none */
    gint64 now_at_us;
    gboolean is_first;           /* a feed's first: history, but for bookings that were known */
    gint64 newest_booking_id;    /* … before it */
    gboolean tells_nobody;       /* a baseline, on request */
    struct owe_listing *listing; /* NULL: nothing is listed */
    guint n_alerts;
    guint n_history, n_history_followed; /* of long ago, when first heard of: told to nobody; of people
                                            whom somebody follows */
    guint n_late, n_waits; /* endings that were set aside; corrections of what was not said */
};

/* Records an event of the feed. Does nothing more when it was recorded before. `seq` may be NULL. */
gboolean owe_feed_event(struct owing *owing, const struct custody_event *event, gint64 *seq,
                        GError **error);

/* What an event made of its booking. */
struct owe_change {
    const struct custody_event *event;
    gint64 booking_id, person_id;
    const struct belief_booking *before; /* what was believed of it; NULL: it was not known */
};
/* Records the event of a booking that is saved as it is now, and owes what is believed since to
 * everyone to whom it is news. Does nothing more when it was recorded before. */
gboolean owe_news(struct owing *owing, const struct owe_change *change, GError **error);
/* The same in two steps, where more must be known before anybody is told. `seq` 0: nobody is. */
gboolean owe_record(struct owing *owing, const struct owe_change *change, gint64 *seq, GError **error);
gboolean owe_recorded(struct owing *owing, const struct owe_change *change, gint64 seq, GError **error);

/* Tells those who rely on the jail of a silence recorded as event `seq`. */
gboolean owe_silence(struct owing *owing, const struct custody_event *event, gint64 seq,
                     GError **error);

/* Owes a registration an alert of event `event_seq`; `is_new` (may be NULL) tells whether it was not
 * owed it already. */
gboolean owe_alert(struct db *db, const struct site *site, const char *registration_id,
                   gint64 event_seq, enum match_reason reason, gboolean *is_new, GError **error);

/* Records that an alert of event `event_seq` went to people who had not asked about that person: the
 * event `seq`, of which only they are told. */
gboolean owe_mistake(struct db *db, const struct site *site, gint64 event_seq, gint64 *seq,
                     GError **error);

/* Owes a registration what is believed of its person now, once for each `why`; nothing, where nothing
 * was ever said of any booking (`is_known`, which may be NULL, is FALSE). */
gboolean owe_as_known(struct db *db, const struct site *site, const char *registration_id,
                      gint64 person_id, const char *why, gboolean *is_known, GError **error);

/* Puts a page to the operator in the outbox. */
gboolean owe_page(struct db *db, const struct site *site, const char *words, GError **error);

/* Puts a message that is not an alert in the outbox. */
gboolean owe_message(struct db *db, const struct site *site, enum store_alert_purpose purpose,
                     const char *registration_id, const char *note, GError **error);

#endif
