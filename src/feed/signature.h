/* Signatures of pushed events: the Standard Webhooks scheme, with the Idempotency-Key as its id.
 *
 * The source signs `key.timestamp.body` with HMAC-SHA256 under the feed's secret and sends
 * `webhook-signature: v1,<base64>` (several, space-separated, while a secret is being changed). A
 * timestamp more than five minutes off is refused, so that a recorded request cannot be played
 * again later; within five minutes the Idempotency-Key makes it harmless. */
#ifndef FEED_SIGNATURE_H
#define FEED_SIGNATURE_H

#include <glib.h>

#define FEED_SIGNATURE_WINDOW_S 300

/* `secret` is the text after `whsec_`, in base64. Transfer full: "v1,…". */
char *feed_signature_make(const char *secret, const char *key, gint64 timestamp_s, const char *body,
                          gsize n);

/* What is said of a signature that does not match. */
extern const char feed_signature_mismatch[];

/* Whether the headers are there and `timestamp` (decimal seconds, `sent_s`) is within the window around
 * `now_s`, before the body is; else `reason` says what is wrong, static. */
gboolean feed_signature_may_be(const char *key, const char *timestamp, const char *header, gint64 now_s,
                               gint64 *sent_s, const char **reason);

/* Whether any of the signatures in `header` is right and `timestamp` (decimal seconds) is within
 * the window around `now_s`; else `reason` says what is wrong, static. */
gboolean feed_signature_check(const char *secret, const char *key, const char *timestamp,
                              const char *header, const char *body, gsize n, gint64 now_s,
                              const char **reason);

#endif
