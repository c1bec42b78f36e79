/* Witnesses: asking others to cosign this site's log, and cosigning others' (C2SP tlog-witness).
 *
 * A witness remembers the largest tree it saw of a log and cosigns only what continues it, so a county
 * cannot show two histories while another watches. Nobody waits for a witness: cosignatures come to the
 * checkpoint when they come. */
#ifndef BOOK_WITNESS_H
#define BOOK_WITNESS_H

#include "book/logbook.h"

/* The key that this site cosigns with, keys/witness.key; made if there is none. Transfer full. */
struct ledger_signer *witness_signer(struct site *site, GError **error);

/* Asks every configured witness for what it has not cosigned yet, once. `n` gets how many cosigned. */
gboolean witness_ask_all(struct site *site, guint *n, GError **error);

/* Does so whenever the log has grown, in a thread of its own, until stopped. */
struct witness_client;
struct witness_client *witness_client_start(struct site *site);
void witness_client_stop(struct witness_client *client);

#endif
