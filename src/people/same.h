/* Whether a name that comes under a known number is another name of that person, or somebody else's.
 *
 * A number is strong evidence, so only what cannot well be one person counts: nothing in the names
 * agrees, or the years of birth differ and no more than half of the names does. Married, misspelled,
 * shortened and exchanged names are the same person's. */
#ifndef PEOPLE_SAME_H
#define PEOPLE_SAME_H

#include <glib.h>

struct people_named {
    const char *surname, *given; /* as written; "" unknown */
    gint32 born;                 /* 19800131; 0 unknown */
};

/* How much speaks for one person: nothing, and they are two; no name to compare; half of it; the name;
 * name and birth. */
enum { LIKENESS_NONE, LIKENESS_UNKNOWN, LIKENESS_HALF, LIKENESS_WHOLE, LIKENESS_SURE };
guint people_likeness(const struct people_named *a, const struct people_named *b);

#endif
