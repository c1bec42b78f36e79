/* Registrations over the API. docs/api.md describes it. */
#include "desk/register.h"
#include "web/rooms.h"

static void add_registration(const struct web_request *request, struct web_response *response) {
    json_t *object = web_read_object(request, response);
    g_autofree char *id = NULL;
    GError *error = NULL;
    if (!object)
        return;
    struct watch_request wanted = {.relation = web_text_of(object, "relation"),
                                   .kinds = web_text_of(object, "events"),
                                   .language = web_text_of(object, "language"),
                                   .channel = web_text_of(object, "channel"),
                                   .contact = web_text_of(object, "contact"),
                                   .email = web_text_of(object, "email"),
                                   .pin = web_text_of(object, "pin"),
                                   .expires = web_text_of(object, "expires"),
                                   .is_public = TRUE};
    if (register_add(request->site, web_text_of(object, "person"), web_text_of(object, "booking"),
                     &wanted, &id, &error)) {
        web_json_value(response, 202,
                       json_pack("{s:s, s:s}", "registration", id, "state", "unconfirmed"));
    } else {
        web_problem_from(response, error);
    }
    json_decref(object);
}

static void confirm_registration(const struct web_request *request, struct web_response *response) {
    json_t *object = web_read_object(request, response);
    GError *error = NULL;
    if (!object)
        return;
    const char *code = web_text_of(object, "code");
    if (register_confirm_public(request->site, request->argument, code ? code : "", &error))
        web_json(response, 200, "{\"state\":\"active\"}");
    else
        web_problem_from(response, error);
    json_decref(object);
}

static const struct web_route routes[] = {
    {"POST", "/v1/registrations", add_registration, TRUE},
    {"POST", "/v1/registrations/*/confirm", confirm_registration, TRUE},
    {NULL},
};
const struct web_room web_room_register = {"register", routes, NULL};
