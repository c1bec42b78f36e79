/* Events pushed by a source. docs/api.md describes it. */
#include "intake/push.h"
#include "web/rooms.h"

static void push_events(const struct web_request *request, struct web_response *response) {
    const struct push push = {.feed = request->argument,
                              .key = web_header(request, "Idempotency-Key"),
                              .timestamp = web_header(request, "webhook-timestamp"),
                              .signature = web_header(request, "webhook-signature"),
                              .body = request->body,
                              .n = request->body_n};
    g_autofree char *answer = NULL;
    const char *not_signed;
    GError *error = NULL;
    if (push_take(request->site, &push, &answer, &not_signed, &error)) {
        web_json(response, 200, answer);
    } else if (not_signed) {
        web_problem(response, 401, "Not signed", not_signed);
        g_error_free(error);
    } else {
        web_problem_from(response, error);
    }
}

static const struct web_route routes[] = {{"POST", "/v1/feeds/*/events", push_events, FALSE}, {NULL}};
const struct web_room web_room_push = {"push", routes, NULL};
