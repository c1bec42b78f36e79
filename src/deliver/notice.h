/* A notice: what is to be told, to whom it may be told (a permit), and the lines that say it in the
 * reader's language. Every channel says the same lines in its own way.
 *
 * The subject and the sender are neutral: whoever looks over a shoulder learns nothing. The lines say
 * what happened, when, how it is known, what to do now, how to confirm and how to stop. Their words are
 * in share/i18n. */
#ifndef DELIVER_NOTICE_H
#define DELIVER_NOTICE_H

#include "base/vocabulary.h"
#include "disclose/permit.h"

enum notice_what {
    NOTICE_ALERT,
    NOTICE_CODE,     /* confirms a contact */
    NOTICE_ENDED,    /* the registration was ended */
    NOTICE_PAGE,     /* to the operator, in English: never about a named person */
    NOTICE_TEST,     /* how a notice looks */
    NOTICE_EXPIRING, /* the registration ends soon */
    NOTICE_OVER      /* its time is over */
};

struct notice {
    enum notice_what what;
    const struct permit *permit; /* of an alert */
    enum language language;
    const char *words; /* the code's digits, the page's text */
    const char *to;
    const char *id; /* the stable key of every try */
    guint reminder; /* 0: the first. A reminder is a message of its own that refers to it */
    gint64 date_at_us;
    const char *confirm_url, *stop_url; /* stop_url NULL: it cannot be stopped by a link */
    const char *renew_url;              /* of one that ends soon */
    gint64 ends_at_us;                  /* the registration's time */
    const char *receipt;                /* where an agency's notice stands in the ledger; NULL: none */
    guint remind_minutes, give_up_hours;
};

struct notice_line {
    enum { LINE_TEXT, LINE_HEADING, LINE_STRONG, LINE_LINK } kind;
    char *text;
    const char *label, *url; /* of a link: what may stand for the address; borrowed from the notice */
};

/* Transfer full: GArray of struct notice_line. */
GArray *notice_lines(const struct notice *notice);
const char *notice_subject(const struct notice *notice); /* static */

#endif
