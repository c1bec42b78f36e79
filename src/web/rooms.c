#include "web/rooms.h"

const struct web_room *const web_rooms[] = {
    &web_room_push, &web_room_register, &web_room_search, &web_room_pages,
    &web_room_log,  &web_room_console,  &web_room_health, NULL,
};
