/* The one error domain, by what the caller can do about it. Messages name the file, row or field
 * and the remedy; codes decide exit statuses (docs/operators.md) and HTTP answers (docs/api.md). */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <glib.h>

#define BASE_ERROR (base_error_quark())
GQuark base_error_quark(void);

enum base_error {
    BASE_ERROR_USAGE,     /* the command line is wrong */
    BASE_ERROR_INPUT,     /* a file, row, field or request is wrong: mend it and try again */
    BASE_ERROR_NOT_FOUND, /* no such feed, person, registration, alert */
    BASE_ERROR_REFUSED,   /* understood, and not allowed */
    BASE_ERROR_CONFLICT,  /* it clashes with what is there */
    BASE_ERROR_BUSY,      /* another process holds it: try again later */
    BASE_ERROR_STORE,     /* the database or the disk failed */
    BASE_ERROR_NETWORK    /* a peer could not be reached or answered wrongly */
};

#endif
