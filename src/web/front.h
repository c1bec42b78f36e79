/* The front: sockets on one side, whole requests on the other.
 *
 * One thread reads and looks after time; nobody's slowness is another's. A connection costs nothing but
 * itself until bytes come, a head at most WEB_HEAD_MOST_BYTES, a body what its route allows, from the
 * spool's budget, and only once its head was let in. Where there are as many connections as there may
 * be, the oldest that asks nothing goes for the newcomer; strangers before those of whom something was
 * let in, and who sends a body last. An address, but the proxies', has FRONT_MOST_OF_ONE of them. */
#ifndef WEB_FRONT_H
#define WEB_FRONT_H

#include "web/http.h"

#define FRONT_MOST 4096u
#define FRONT_MOST_OF_ONE 128u

struct front;
struct visit; /* a request on its way through */

struct front_calls {
    /* From the head alone, on the front's thread: the most bytes its body may have. FALSE when it is
     * not let in, with the answer made. Must not wait. */
    gboolean (*admit)(void *context, const struct web_request *request, gsize *most_bytes,
                      struct web_response *response);
    /* It has come whole. Must not wait; front_answer answers it, sooner or later, from any thread.
     * FALSE when there is no room for it. */
    gboolean (*arrive)(void *context, struct visit *visit);
    gint64 (*now)(void *context); /* for the Date */
    void *context;
};

struct front_place {
    const char *address; /* numeric; IPv6 may stand in brackets */
    guint port;          /* 0: any */
    const char *spool;   /* folder for bodies */
};

/* Everything is borrowed until front_free. */
struct front *front_start(const struct front_place *place, const struct front_calls *calls,
                          GError **error);
/* Takes nothing more; what arrived may still be answered. */
void front_stop(struct front *front);
void front_free(struct front *front); /* everything that arrived must have been answered */
guint front_port(const struct front *front);

/* What was asked, but for its body; borrowed until it is answered. */
const struct web_request *front_request(struct visit *visit);
/* Its body; FALSE when it cannot be read back. */
gboolean front_read_body(struct visit *visit);
/* Sends the answer, and clears it. The visit is over. */
void front_answer(struct visit *visit, struct web_response *response);

#endif
