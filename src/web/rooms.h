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
    /* Whether it may send a body of events, from its head alone; NULL: a small body is let in. FALSE
     * with the answer made. Must not wait. */
    gboolean (*admit)(const struct web_request *request, struct web_response *response);
};

/* What never changes while the program runs. */
struct web_asset {
    const char *path, *content_type, *text;
    gboolean is_public; /* may be read by scripts of other sites */
};

/* What waits for what. */
enum web_lane { WEB_LANE_PEOPLE, WEB_LANE_PUSH, WEB_LANE_HEALTH, WEB_N_LANES };

struct web_room {
    const char *name;
    const struct web_route *routes; /* the last has no method; NULL: none */
    const struct web_asset *assets; /* likewise, no path */
    enum web_lane lane;
};

/* The table: a word a room, and each defines its web_room_WORD. */
#define WEB_ROOMS(X) X(push) X(register) X(sign_up) X(search) X(pages) X(log) X(console) X(health)

#define X(word) extern const struct web_room web_room_##word;
WEB_ROOMS(X)
#undef X
extern const struct web_room *const web_rooms[]; /* the last is NULL */

#endif
