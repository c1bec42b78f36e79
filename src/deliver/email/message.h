/* A permit to a message: multipart text and HTML in the registrant's language.
 *
 * The subject and the sender are neutral: whoever looks over a shoulder learns nothing. The body says
 * what happened, when, how it is known, what to do now, how to confirm and how to stop. Its words are
 * in share/i18n. */
#ifndef DELIVER_EMAIL_MESSAGE_H
#define DELIVER_EMAIL_MESSAGE_H

#include "base/vocabulary.h"
#include "disclose/permit.h"

struct deliver_envelope {
    const char *from_address, *from_name; /* neutral */
    const char *to;
    const char *host;     /* right side of the Message-ID */
    const char *alert_id; /* its stable left side */
    guint reminder;       /* 0: the first. A reminder is a message of its own that refers to it: mail
                             programs drop a second one with the same Message-ID */
    gint64 date_at_us;
    const char *confirm_url, *stop_url; /* stop_url NULL: it cannot be stopped by a link */
    const char *receipt;                /* where an agency's notice stands in the ledger; NULL: none */
    guint remind_minutes, give_up_hours;
};

/* All transfer full, in CRLF lines. */
GBytes *deliver_alert_message(const struct permit *permit, const struct deliver_envelope *envelope);
GBytes *deliver_code_message(enum language language, const char *code,
                             const struct deliver_envelope *envelope);
GBytes *deliver_ended_message(enum language language, const struct deliver_envelope *envelope);
/* To the operator, in English: never about a named person. */
GBytes *deliver_page_message(const char *text, const struct deliver_envelope *envelope);

/* "<id.0@host>". Transfer full. */
char *deliver_message_id(const struct deliver_envelope *envelope, guint reminder);

#endif
