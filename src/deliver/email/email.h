/* Mail: its settings (the section `mail` of site.yaml), and its row of the table of channels. */
#ifndef DELIVER_EMAIL_EMAIL_H
#define DELIVER_EMAIL_EMAIL_H

#include "deliver/channel.h"

struct email_settings {
    gboolean is_smtp;
    char *maildir; /* relative to the site's folder */
    char *url;     /* smtp://host:port or smtps://host:port */
    enum { SMTP_TLS_NEVER, SMTP_TLS_TRY, SMTP_TLS_REQUIRED } starttls;
    char *ca_file, *user, *password_file; /* NULL: the system's; none */
    char *from_address, *from_name;       /* neutral */
    guint connections;                    /* to the mail server */
};

/* The right side of addresses and ids of ours. Borrowed from the settings. */
const char *email_host(const struct email_settings *settings);

/* A notice as an RFC 5322 message. Transfer full, in CRLF lines. */
GBytes *email_render(const struct notice *notice, const void *settings, GError **error);
/* "<id.0@host>". Transfer full. */
char *email_message_id(const struct notice *notice, const char *host, guint reminder);

/* Into a Maildir, made when missing. Transfer full. */
struct channel *email_open_maildir(const char *path, GError **error);
/* `password` NULL: none. Transfer full. */
struct channel *email_open_smtp(const struct email_settings *settings, const char *ca_file,
                                const char *password);

#endif
