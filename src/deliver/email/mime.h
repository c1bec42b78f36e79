/* RFC 5322 and MIME: one multipart/alternative message. */
#ifndef DELIVER_EMAIL_MIME_H
#define DELIVER_EMAIL_MIME_H

#include "deliver/email/email.h"
#include "deliver/notice.h"

GBytes *mime_message(const struct notice *notice, const struct email_settings *settings,
                     const char *text, const char *html);

#endif
