/* What the sender's files share: one alert under way, from its claim to what became of it. */
#ifndef SEND_PRIVATE_H
#define SEND_PRIVATE_H

#include "base/seal.h"
#include "deliver/channel.h"
#include "disclose/disclose.h"
#include "feed/mapping.h"
#include "send/sender.h"
#include "store/agency.h"
#include "store/outbox.h"
#include "store/watch.h"

/* What is known of an alert when its turn comes, and what was decided: read, judged and written down in
 * the transaction that claims it. */
struct send_job {
    struct site *site;
    struct store_alert *alert;
    struct store_registration *row;   /* NULL: a page */
    GArray *contacts;                 /* struct store_contact; NULL: a page */
    const struct channel_kind *kind;  /* of the contact that it goes to */
    struct store_agency_watch *watch; /* NULL: a registered person's */
    struct store_alert_facts facts;
    struct feed_mapping *mapping;
    struct feed_mapping *now_mapping; /* of the booking that what is believed rests on; NULL: none */
    struct permit *permit;            /* NULL: not an alert, or denied */
    char *denial;                     /* why, if it was */
    char *receipt;                    /* of an agency's alert: where it stands in the ledger */
    GError *problem;                  /* it could not be read */
};
void send_job_free(struct send_job *job);

/* ── claim.c ── */

/* Claims what is due, judges it, and writes down what was said, all in one transaction: what is about
 * to leave is known before it does. `most` jobs at the most. Transfer full: struct send_job; NULL with
 * an error. */
GPtrArray *send_claim(struct site *site, guint most, GError **error);

/* ── judge.c ── */

/* Asks the policy, and writes down what it said before anything leaves. */
gboolean send_judge(struct db *db, struct send_job *job, const struct disclose_gate *gate,
                    GError **error);

/* ── compose.c ── */

/* The contact's own words, opened: NULL with an error. Wiped by seal_bytes_unref. */
GBytes *send_open_contact(const struct send_job *job, const struct seal_private *key, GError **error);
/* The message, to that contact, as its channel renders it. Transfer full; NULL with an error. */
GBytes *send_compose(const struct send_job *job, const char *to, GError **error);

/* ── settle.c ── */

enum send_end { SEND_HANDED_OVER, SEND_FAILED, SEND_NOTHING /* was to be sent */ };

/* Writes down what the peer said. FALSE with BASE_ERROR_STORE when that could not be written, in five
 * tries; then nobody knows what became of the alert (store/outbox.h). `is_stopping` ends the tries. */
gboolean send_settle(struct send_job *job, enum deliver_result result, const char *answer,
                     gboolean (*is_stopping)(void *context), void *context, enum send_end *end,
                     GError **error);
/* The same where nothing was sent: the policy denied it, its registration has ended, nobody is paged.
 */
gboolean send_close(struct send_job *job, gboolean (*is_stopping)(void *context), void *context,
                    enum send_end *end, GError **error);
/* Whether nothing is to be sent of it. */
gboolean send_is_closed(const struct send_job *job);

#endif
