/* The ledger for strangers: C2SP tlog-tiles under /log/, and the witness of others' logs. */
#include <string.h>

#include "base/error.h"
#include "book/witness.h"
#include "embedded.h"
#include "ledger/tile.h"
#include "web/http.h"

static void resource(const struct web_request *request, struct web_response *response) {
    const struct ledger_source source = logbook_source(request->site);
    const gboolean is_checkpoint = strcmp(request->argument, "checkpoint") == 0;
    GError *error = NULL;
    g_autoptr(GBytes) bytes = source.fetch(source.context, request->argument, &error);
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
    response->status = witness_answer(request->site, request->body, request->body_n, &answer);
    response->content_type = response->status == 409 ? "text/x.tlog.size" : "text/plain; charset=utf-8";
    g_string_assign(response->body, answer);
}

/* The verifier that runs in the browser. */
static void script(const struct web_request *request, struct web_response *response) {
    (void)request;
    g_string_assign(response->body, embedded_audit_js);
    response->content_type = "text/javascript; charset=utf-8";
    response->is_public = TRUE;
}

const struct web_route web_log_routes[] = {
    {"GET", "/audit.js", script, FALSE},
    {"GET", "/log/**", resource, FALSE},
    {"POST", "/witness/add-checkpoint", add_checkpoint, FALSE},
    {NULL},
};
