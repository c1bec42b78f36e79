/* What given names are called for short, from share/names/nicknames.txt.
 *
 * A line is a family: a name, then its short forms. The search takes each short form for the name and
 * the name for each; the linker, which has more to go by, any name of a line for any other. */
#ifndef PEOPLE_NICKNAME_H
#define PEOPLE_NICKNAME_H

#include <glib.h>

/* Calls `each` for every line with its names' letters, the formal one first. */
typedef void (*people_nickname_fn)(char *const *names, guint n, void *context);
void people_each_nickname_line(people_nickname_fn each, void *context);

/* Whether some line has both, in whatever case. */
gboolean people_are_nicknames(const char *a, const char *b);

#endif
