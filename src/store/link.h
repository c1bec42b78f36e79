/* People under several numbers: identities, what was found about pairs of people, and who decided it.
 *
 * An identity is the least id of all that are one person, and stays when others join it. */
#ifndef STORE_LINK_H
#define STORE_LINK_H

#include "base/time.h"

struct db; /* a transaction's, or a reader's: for this folder to use, for others to pass on */

enum store_link_state {
    LINK_WAITS,     /* possible: a clerk is asked */
    LINK_AUTOMATIC, /* sure */
    LINK_CONFIRMED, /* by a clerk */
    LINK_REFUSED    /* by a clerk: these are two people, whatever is found later */
};
const char *store_link_state_name(enum store_link_state state);

struct store_link {
    gint64 a, b; /* in any order when written; a < b when read */
    enum store_link_state state;
    double bits;
    const char *evidence, *decided_by; /* NULL: nobody */
    gint64 found_at_us, decided_at_us;
};

/* Adds or replaces. */
gboolean store_link_put(struct db *db, const struct store_link *link, GError **error);
/* FALSE in `is_there` when nothing was found about them. Strings are not read. */
gboolean store_link_get(struct db *db, gint64 a, gint64 b, struct store_link *link, gboolean *is_there,
                        GError **error);
typedef void (*store_link_fn)(const struct store_link *link, void *context);
/* Those that wait for a clerk, the likeliest first; or, `person_id` not 0, all about one person. */
gboolean store_links(struct db *db, gint64 person_id, guint limit, store_link_fn each, void *context,
                     GError **error);
gboolean store_links_waiting(struct db *db, gint64 *n, GError **error);
/* Takes back what waits about a person, but for those in `keep` (gint64). */
gboolean store_links_forget(struct db *db, gint64 person_id, const GArray *keep, GError **error);
/* Numbers that were linked to a person's automatically. Transfer full: gint64. */
GArray *store_links_automatic(struct db *db, gint64 person_id, GError **error);
/* Whether a clerk said of any two of the two people's numbers that they are not one. */
gboolean store_link_is_refused(struct db *db, gint64 a, gint64 b, gboolean *is_refused, GError **error);

/* All numbers of one person, `person_id` among them. Transfer full: gint64. */
GArray *store_identity_members(struct db *db, gint64 person_id, GError **error);
/* Makes the two one person. */
gboolean store_identity_join(struct db *db, gint64 a, gint64 b, GError **error);
/* Takes a number out: it stands alone. */
gboolean store_identity_leave(struct db *db, gint64 person_id, GError **error);

/* A key that tells people apart (a keyed hash), one a person; what it changes is looked at anew. */
gboolean store_person_key_put(struct db *db, gint64 person_id, const guint8 key[32], GError **error);
/* Everybody else who has it too. Transfer full: gint64. */
GArray *store_person_key_others(struct db *db, gint64 person_id, GError **error);

/* How far changes of names were looked at. */
gboolean store_linked_seq(struct db *db, gint64 *seq, GError **error);
gboolean store_linked_set(struct db *db, gint64 seq, GError **error);

/* What happened to a person since, oldest first; what only told of a mistake is left out. Transfer
 * full: struct store_recent_event. */
struct store_recent_event {
    gint64 seq;
    int kind;
    gboolean is_late, is_unclear;
    gint64 occurred_at_us, observed_at_us;
    char booking_key[256];
};
GArray *store_events_since(struct db *db, gint64 person_id, gint64 since_us, GError **error);

/* An alert about one of `person_id`'s events that somebody who follows another of its numbers was owed.
 */
struct store_wrong_alert {
    gint64 seq, event_seq, follows; /* the number that the registration is about */
    char registration_id[65];
    gboolean is_queued, may_have_left;
};
/* Newest first. Transfer full. */
GArray *store_alerts_across(struct db *db, gint64 person_id, int reason_of_mistakes, GError **error);
/* An alert that was withdrawn unsent is owed again. */
gboolean store_alert_revive(struct db *db, const char *registration_id, gint64 event_seq,
                            gint64 now_at_us, GError **error);
gboolean store_alert_withdraw(struct db *db, gint64 seq, GError **error);

#endif
