/* A page as an example: what this place is, in the reader's language. */
#include "catalogue.h"
#include "web/page.h"
#include "web/rooms.h"

static void about(const struct web_request *request, struct web_response *response) {
    const char *accepted = web_header(request, "Accept-Language");
    const enum language language =
        accepted && g_ascii_strncasecmp(accepted, "es", 2) == 0 ? LANGUAGE_ES : LANGUAGE_EN;
    page_begin(response, language_name(language), catalogue[language][MESSAGE_ABOUT_TITLE], NULL);
    page_text(response, "p", catalogue[language][MESSAGE_ABOUT_TEXT]);
    page_end(response);
}

static const struct web_route routes[] = {{"GET", "/about", about, FALSE}, {NULL}};
const struct web_room web_room_about = {"about", routes, NULL};
