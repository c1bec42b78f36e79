/* Who, of everybody in a directory, may be the person of one new record: by name and birth date alone,
 * from memory, in some hundred microseconds among ten million. */
#ifndef PEOPLE_LINK_NEAR_H
#define PEOPLE_LINK_NEAR_H

#include "people/link/link.h"
#include "people/search/directory.h"

struct link_near {
    guint32 person;
    double bits;
};

/* `set` has a fixed model (link_set_fix) and is used for the comparisons; `born` has a birth date by
 * person (gint32: 19800131; 0 or beyond the end: not known). Those of at least `least` bits, the
 * likeliest first, each once. Transfer full: struct link_near. */
GArray *link_find_near(struct people_directory *directory, struct link_set *set, const GArray *born,
                       const struct link_record *record, double least);

#endif
