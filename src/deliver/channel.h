/* One way to hand a message over, one a file: maildir.c, smtp.c.
 *
 * Handed over is not confirmed: a channel only says what its peer said. */
#ifndef DELIVER_CHANNEL_H
#define DELIVER_CHANNEL_H

#include <glib.h>

enum deliver_result {
    DELIVER_HANDED_OVER,
    DELIVER_TRY_LATER, /* the peer is away or asks for patience (4xx) */
    DELIVER_REFUSED,   /* the peer will never take it (5xx) */
    DELIVER_AMBIGUOUS  /* the peer had all of it and did not answer: it may have arrived */
};

struct deliver_channel;

/* Sends one message. `key` is stable over tries. `answer` gets the peer's words without addresses,
 * transfer full. Called by one thread at a time. */
enum deliver_result deliver_channel_send(struct deliver_channel *channel, const char *from,
                                         const char *to, const char *key, GBytes *message,
                                         char **answer);
void deliver_channel_free(struct deliver_channel *channel);

/* Into a Maildir, made when missing. Transfer full. */
struct deliver_channel *deliver_maildir_new(const char *path, GError **error);

struct deliver_smtp_options {
    const char *url; /* smtp://host:port or smtps://host:port */
    enum { SMTP_TLS_NEVER, SMTP_TLS_TRY, SMTP_TLS_REQUIRED } starttls;
    const char *ca_file;         /* NULL: the system's */
    const char *user, *password; /* NULL: none */
    const char *hello;           /* the name to greet with */
    guint timeout_s;
};
struct deliver_channel *deliver_smtp_new(const struct deliver_smtp_options *options);

/* What a channel implements. */
struct deliver_channel {
    enum deliver_result (*send)(struct deliver_channel *channel, const char *from, const char *to,
                                const char *key, GBytes *message, char **answer);
    void (*free)(struct deliver_channel *channel);
};

#endif
