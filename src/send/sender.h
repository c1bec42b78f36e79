/* The sender: takes what is due from the outbox, asks disclose for a permit, hands the message to a
 * channel, and writes down what the peer said.
 *
 * One process sends (a lock in the site's folder); several threads, each with its own connection. It
 * is the only holder of the private key that opens contacts. */
#ifndef SEND_SENDER_H
#define SEND_SENDER_H

#include "site/site.h"

struct sender;

/* Called after each alert that was handed over: when its event was recorded, in this thread's own
 * time. For the demo's display. */
struct sender_note {
    const char *alert_id, *kind, *purpose;
    gint64 latency_us; /* since the alert was made */
};
typedef void (*sender_note_fn)(const struct sender_note *note, void *context);

/* Starts the threads. Fails when another process sends for this site. */
struct sender *sender_start(struct site *site, sender_note_fn on_handed_over, void *context,
                            GError **error);

/* Lets what is under way finish, then stops. */
void sender_stop(struct sender *sender);

/* For a command that runs without `serve`: sends what is due now and returns. FALSE only when it
 * could not begin; BASE_ERROR_BUSY when `serve` runs and sends by itself. */
gboolean sender_run_once(struct site *site, guint *n_handed_over, guint *n_failed, GError **error);

#endif
