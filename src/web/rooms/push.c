/* Events pushed by a source. docs/api.md describes it. */
#include "intake/push.h"
#include "web/rooms.h"

static struct push push_of(const struct web_request *request) {
    return (struct push){.feed = request->argument,
                         .key = web_header(request, "Idempotency-Key"),
                         .timestamp = web_header(request, "webhook-timestamp"),
                         .signature = web_header(request, "webhook-signature"),
                         .body = request->body,
                         .n = request->body_n};
}

/* Nothing is kept for who does not even say that it is signed. */
static gboolean admit(const struct web_request *request, struct web_response *response) {
    const struct push push = push_of(request);
    const char *not_signed;
    if (push_may_come(request->site, &push, &not_signed))
        return TRUE;
    web_problem(response, 401, "Not signed", not_signed);
    return FALSE;
}

static void push_events(const struct web_request *request, struct web_response *response) {
    const struct push push = push_of(request);
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

static const struct web_route routes[] = {{"POST", "/v1/feeds/*/events", push_events, FALSE, admit},
                                          {NULL}};
const struct web_room web_room_push = {"push", routes, NULL, WEB_LANE_PUSH};
