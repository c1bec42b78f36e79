/* Whose turn it is: what waits is taken key by key, so that who brings much waits behind himself. */
#ifndef WEB_TURNS_H
#define WEB_TURNS_H

#include <glib.h>

struct turns_bounds {
    guint most_waiting, most_waiting_of_one; /* keys have a share each */
    guint most_under_way_of_one;
};

struct turns;
struct turns *turns_new(const struct turns_bounds *bounds);
void turns_free(struct turns *turns); /* nothing may wait in it */

/* FALSE when too many wait. */
gboolean turns_put(struct turns *turns, const char *key, gpointer item);
/* The next, waiting for one; it is under way until turns_done with its key. NULL once they ended. `key`
 * is transfer full. */
gpointer turns_take(struct turns *turns, char **key);
void turns_done(struct turns *turns, const char *key);
/* Nobody waits in turns_take from now on. What is left comes from turns_take_rest, until NULL. */
void turns_end(struct turns *turns);
gpointer turns_take_rest(struct turns *turns);

#endif
