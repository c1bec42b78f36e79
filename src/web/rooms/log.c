/* The ledger for strangers: C2SP tlog-tiles under /log/, and the witness of others' logs. */
#include <string.h>

#include "base/error.h"
#include "book/log.h"
#include "embedded.h"
#include "web/rooms.h"

static void resource(const struct web_request *request, struct web_response *response) {
    const gboolean is_checkpoint = strcmp(request->argument, "checkpoint") == 0;
    GError *error = NULL;
    g_autoptr(GBytes) bytes = log_resource(request->site, request->argument, &error);
    if (!bytes) {
        web_problem_from(response, error);
        return;
    }
    gsize n;
    const char *data = g_bytes_get_data(bytes, &n);
    g_string_append_len(response->body, data, (gssize)n);
    response->content_type = is_checkpoint ? "text/plain; charset=utf-8" : "application/octet-stream";
    response->is_immutable = !is_checkpoint;
    response->is_public = TRUE;
}

static void add_checkpoint(const struct web_request *request, struct web_response *response) {
    g_autofree char *answer = NULL;
    response->status = log_witness(request->site, request->body, request->body_n, &answer);
    response->content_type = response->status == 409 ? "text/x.tlog.size" : "text/plain; charset=utf-8";
    g_string_assign(response->body, answer);
}

static const struct web_route routes[] = {
    {"GET", "/log/**", resource, FALSE},
    {"POST", "/witness/add-checkpoint", add_checkpoint, FALSE},
    {NULL},
};
static const struct web_asset assets[] = {
    /* The verifier that runs in the browser. */
    {"/audit.js", "text/javascript; charset=utf-8", embedded_audit_js, TRUE},
    {NULL},
};
const struct web_room web_room_log = {"log", routes, assets};
