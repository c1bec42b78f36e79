/* The outbox: every message that somebody is owed, until it is confirmed or with a person.
 *
 *   queued ─► sending ─► sent ─► confirmed
 *      ▲         │         └──► superseded (newer news of the same person was told)
 *      └─────────┘ try again      └──► needs_person (nobody confirmed, or refused by the peer)
 *
 * Whoever sends has it by a lease: `sending` is written, with a node, a term and an end, before a try.
 * A node says from time to time that it still has what it has. When it says so no more, nobody knows
 * whether the message left: it is `unknown`, and the next that looks may claim it, for a new term, and
 * try it again under the same key; from then on it may have left. What a node says after its lease, or
 * of another term, changes nothing. Several may send for one site. */
#ifndef STORE_OUTBOX_H
#define STORE_OUTBOX_H

#include "base/time.h"
#include "base/vocabulary.h"

struct db; /* a transaction's, or a reader's: for this folder to use, for others to pass on */

enum store_alert_purpose {
    PURPOSE_ALERT,
    PURPOSE_CODE,     /* confirms a contact */
    PURPOSE_ENDED,    /* tells that a registration was ended */
    PURPOSE_PAGE,     /* to the operator */
    PURPOSE_TEST,     /* about nothing: how a notice looks */
    PURPOSE_EXPIRING, /* that the registration's time ends soon */
    PURPOSE_OVER      /* … is over: it was ended */
};
const char *store_alert_purpose_name(enum store_alert_purpose purpose);

enum store_alert_state {
    ALERT_QUEUED,
    ALERT_SENDING,
    ALERT_SENT,
    ALERT_CONFIRMED,
    ALERT_NEEDS_PERSON,
    ALERT_WITHDRAWN, /* what it would say was corrected before it left */
    ALERT_SUPERSEDED,
    ALERT_WITHHELD, /* the policy denied it: a person must look */
    ALERT_ENDED     /* the registration ended first */
};
const char *store_alert_state_name(enum store_alert_state state);

/* Something had by one node until a moment, unless the node says that it still has it. */
struct store_lease {
    char node[33];
    guint64 term; /* counts who had it before */
    gint64 until_at_us;
};
#define STORE_LEASE_US (20 * (gint64)SECOND_US)

struct store_alert {
    struct store_lease lease; /* of a claimed one */
    gint64 seq;
    char *id, *registration_id, *note;
    enum store_alert_purpose purpose;
    enum store_alert_state state;
    gint64 event_seq;
    int reason;
    guint reminder, attempts, pin_tries;
    gboolean may_have_left; /* FALSE: surely not; it may still be taken back */
    gint64 created_at_us, next_at_us, handed_at_us, confirmed_at_us;
};
void store_alert_free(struct store_alert *alert);

/* Puts a message in the outbox, due now. `is_new` (may be NULL) tells whether this registration was
 * not owed this event already. */
gboolean store_alert_add(struct db *db, const struct store_alert *alert, gboolean *is_new,
                         GError **error);

/* What may be claimed now, in order, at most `most` (≤ 1,000): seqs. One a registration: an alert waits
 * while another of its registration is being sent, and for an older one that has not left. What
 * was planned under a clock that was ahead of this one is due, where it is further off than
 * `longest_us`, the longest that this process plans ahead. Transfer full: GArray of gint64. */
GArray *outbox_due(struct db *db, gint64 now_at_us, gint64 longest_us, guint most, GError **error);

/* Claims for sending, by the node of the lease until its end, if it still may be: `alert` is as it is
 * now, transfer full; NULL when it is no longer due or another had it first. */
gboolean outbox_claim(struct db *db, gint64 seq, const struct store_lease *lease, gint64 now_at_us,
                      gint64 longest_us, struct store_alert **alert, GError **error);
/* The node still has all it has: until the lease's end. What has run out stays so. */
gboolean outbox_renew(struct db *db, const struct store_lease *lease, gint64 now_at_us, GError **error);
enum outbox_settled {
    OUTBOX_LOST, /* the lease has run out or is another's, or the alert was locked or ended: nothing was
                    saved */
    OUTBOX_SETTLED,
    OUTBOX_CONFIRMED /* by its reader, meanwhile, and stays so; what became of the try was saved */
};
/* Saves state, reminder, may_have_left, next_at_us, handed_at_us and note, and gives the lease back. */
gboolean outbox_settle(struct db *db, const struct store_alert *alert, gint64 now_at_us,
                       enum outbox_settled *how, GError **error);

/* Stops the reminders of the registration's older alerts, about feeds or about custody. */
gboolean store_alerts_supersede(struct db *db, const char *registration_id, gint64 before_seq,
                                gboolean about_feeds, GError **error);
/* Ends what a registration is owed. `keeps_unsent`: but for what has never left, which is sent still.
 * `n_unsent` gets how many of these there are. */
gboolean store_alerts_end(struct db *db, const char *registration_id, gboolean keeps_unsent,
                          guint *n_unsent, GError **error);
/* Warnings of an end that does not come any more. */
gboolean outbox_drop_warnings(struct db *db, const char *registration_id, GError **error);
/* Confirms it and, if it is about something, the older ones of its registration that were sent. */
gboolean store_alerts_confirm(struct db *db, gint64 seq, gint64 now_at_us, GError **error);

/* Counts a wrong PIN; at `most`, the alert goes to a person and `is_locked` is set. */
gboolean store_alert_wrong_pin(struct db *db, gint64 seq, guint most, gboolean *is_locked,
                               GError **error);

/* Whether the registration was told of the event, or may have been, or will be. When its alert waits,
 * has surely not left and `may_withdraw`, it is withdrawn and `withdrawn` set. */
gboolean store_alert_told(struct db *db, const char *registration_id, gint64 event_seq,
                          gboolean may_withdraw, gboolean *told, gboolean *withdrawn, GError **error);
/* Withdraws an alert that waits and has surely not left, and the correction of its event that waits,
 * too, if there is one: what neither told nobody needs. */
gboolean outbox_withdraw_corrected(struct db *db, const struct store_alert *alert, GError **error);
/* Tries the registration's queued alerts again at once, before what is not urgent if one of them is:
 * it waits for those before it. */
gboolean store_alerts_hurry(struct db *db, const char *registration_id, gint64 now_at_us,
                            GError **error);

/* NULL with BASE_ERROR_NOT_FOUND. Transfer full. */
struct store_alert *store_alert_get(struct db *db, const char *id, GError **error);

/* What sending an alert needs to know of its event, now. */
struct store_alert_facts {
    enum custody_kind kind;
    enum custody_assertion assertion;
    gboolean is_unclear, is_within, occurred_on_date;
    gint64 occurred_at_us, observed_at_us, recorded_at_us;
    char *feed, *facility_id, *detail;
    char *surname, *given; /* "" for a feed's event */
    guint subject_flags;   /* as they are now, of every booking that is spoken of */
    gint64 occurred_to_us;
    gboolean is_doubtful;
    /* What was believed of the person then; `has_now` FALSE: told by itself. */
    gboolean has_now, now_is_doubtful, now_is_unclear, now_is_other_booking;
    enum custody_standing now;
    enum custody_kind now_kind;
    gint64 now_from_us, now_to_us;
    char *now_feed, *now_facility_id; /* of the booking that holds them, or that they left */
    /* What the registration was told before: set by store_alert_earlier_get. */
    gboolean has_earlier, earlier_was_doubtful;
    enum custody_kind earlier_kind;
    gint64 earlier_told_at_us;
};
void store_alert_facts_clear(struct store_alert_facts *facts);
gboolean store_alert_facts_get(struct db *db, gint64 event_seq, struct store_alert_facts *facts,
                               GError **error);
/* Adds what the registration was told before the alert. */
gboolean store_alert_earlier_get(struct db *db, const struct store_alert *alert,
                                 struct store_alert_facts *facts, GError **error);

/* ── Listings and counts ── */

struct store_alert_row {
    const char *id, *registration_id, *person, *kind, *event, *note;
    enum store_alert_purpose purpose;
    enum store_alert_state state;
    gint64 created_at_us, handed_at_us, confirmed_at_us, next_at_us;
    gint64 until_at_us; /* of a lease */
    guint attempts, reminder;
};
/* Whether it is being sent and nobody says so any more. */
gboolean store_alert_is_unknown(const struct store_alert_row *row, gint64 now_at_us);
typedef void (*store_alert_fn)(const struct store_alert_row *row, void *context);
/* Newest first; `only_waiting`: those a person must look at. `id` NULL: all. */
gboolean store_alerts_list(struct db *db, const char *id, gboolean only_waiting, guint limit,
                           store_alert_fn each, void *context, GError **error);

struct store_alert_counts {
    guint64 queued, sent, confirmed, needs_person, withheld;
    guint64 retrying;                                    /* of those queued: tried in vain */
    char last_answer[240];                               /* to the last of these tries; "" */
    gint64 oldest_queued_at_us;                          /* TIME_UNKNOWN: none waits */
    gint64 handed_latency_p50_us, handed_latency_p99_us; /* of the newest 1,000; 0: none */
};
gboolean store_alert_count(struct db *db, struct store_alert_counts *counts, GError **error);

#endif
