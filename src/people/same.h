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

gboolean people_are_two(const struct people_named *a, const struct people_named *b);

#endif
