/* A whole name in one text, parted as people would: "SURNAME, GIVEN MIDDLE" or "GIVEN MIDDLE SURNAME",
 * with a suffix wherever it may stand, a nickname in quotes or brackets, and particles that belong to
 * the surname. One for feeds and for files. */
#ifndef PEOPLE_NAME_H
#define PEOPLE_NAME_H

#include <glib.h>

struct people_parts {
    const char *surname, *given, *middle, *suffix; /* "" where there is none */
    const char *alias;                             /* a nickname, without "AKA" */
    char *text;                                    /* what the others are pieces of */
};

/* Cleared by the caller. */
void people_parts_of(const char *full, struct people_parts *name);
void people_parts_clear(struct people_parts *name);

#endif
