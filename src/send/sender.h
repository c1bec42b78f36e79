/* The sender: takes what is due from the outbox, asks disclose for a permit, hands the message to a
 * channel, and writes down what the peer said.
 *
 * Several threads, each with its own connection; several processes, too: what each has, it has by a
 * lease (store/outbox.h). It is the only reader of the private key that opens contacts. */
#ifndef SEND_SENDER_H
#define SEND_SENDER_H

#include "site/site.h"

struct sender;

/* Called after each alert that was handed over, in the thread that did. For the demo's display. */
struct sender_note {
    const char *alert_id, *kind, *purpose;
    gint64 latency_us; /* since the alert was made */
};
typedef void (*sender_note_fn)(const struct sender_note *note, void *context);

/* Starts the threads. */
struct sender *sender_start(struct site *site, sender_note_fn on_handed_over, void *context,
                            GError **error);

/* Lets what is under way finish, then stops. */
void sender_stop(struct sender *sender);

struct sender_counts {
    guint handed_over, failed; /* failed: they wait for another try */
    guint unknown;             /* what became of them could not be written down */
};

/* Sends what is due now and returns. FALSE with an error when it could not begin, when the outbox could
 * not be read, or when a result could not be written. The counts hold in any case. */
gboolean sender_run_once(struct site *site, struct sender_counts *counts, GError **error);

#endif
