#include "web/rooms.h"

const struct web_room *const web_rooms[] = {
#define X(word) &web_room_##word,
    WEB_ROOMS(X)
#undef X
        NULL,
};
