/* Names folded for comparison: case, accents and punctuation gone, one space between words.
 *
 * "O’Brien-Núñez, María" → "obrien nunez maria". Works on any bytes; what is not UTF-8 is dropped. */
#ifndef PEOPLE_FOLD_H
#define PEOPLE_FOLD_H

#include <glib.h>

/* Transfer full; "" when nothing is left. */
char *people_fold(const char *text);

/* "surname given middle", folded; "" when there is no name. Transfer full. */
char *people_fold_name(const char *surname, const char *given, const char *middle);

#endif
