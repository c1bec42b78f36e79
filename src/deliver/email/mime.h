/* RFC 5322 and MIME: one multipart/alternative message. */
#ifndef DELIVER_EMAIL_MIME_H
#define DELIVER_EMAIL_MIME_H

#include "deliver/email/message.h"

GBytes *mime_message(const char *subject, const char *text, const char *html,
                     const struct deliver_envelope *envelope);

#endif
