/* The rooms behind the door: a place of the site each, one file under rooms/, one word in the table
 * below. */
#ifndef WEB_ROOMS_H
#define WEB_ROOMS_H

#include "web/http.h"

typedef void (*web_handler)(const struct web_request *request, struct web_response *response);
struct web_route {
    const char *method, *path; /* a "*" takes the rest of one segment, a last "**" all that follows */
    web_handler handle;
    gboolean is_limited; /* by address: guesses and floods */
};

/* What never changes while the program runs. */
struct web_asset {
    const char *path, *content_type, *text;
    gboolean is_public; /* may be read by scripts of other sites */
};

struct web_room {
    const char *name;
    const struct web_route *routes; /* the last has no method; NULL: none */
    const struct web_asset *assets; /* likewise, no path */
};

/* The table: a word a room, and each defines its web_room_WORD. */
#define WEB_ROOMS(X) X(push) X(register) X(sign_up) X(search) X(pages) X(log) X(console) X(health)

#define X(word) extern const struct web_room web_room_##word;
WEB_ROOMS(X)
#undef X
extern const struct web_room *const web_rooms[]; /* the last is NULL */

#endif
