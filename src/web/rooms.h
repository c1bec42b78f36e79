/* The rooms behind the door: a place of the site each, one file under rooms/, one row in rooms.c. */
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

extern const struct web_room web_room_push, web_room_register, web_room_search, web_room_pages,
    web_room_log, web_room_console, web_room_health;
extern const struct web_room *const web_rooms[]; /* the last is NULL */

#endif
