#include "web/http.h"

#include <jansson.h>
#include <string.h>

#include "base/error.h"

const char *web_header(const struct web_request *request, const char *name) {
    return web_head_field(request->head, name);
}

char *web_cookie(const struct web_request *request, const char *name) {
    const char *sent = web_header(request, "Cookie");
    g_auto(GStrv) cookies = g_strsplit(sent ? sent : "", ";", -1);
    const gsize n = strlen(name);
    for (char **cookie = cookies; *cookie; cookie++)
        if (g_str_has_prefix(g_strstrip(*cookie), name) && (*cookie)[n] == '=')
            return g_strdup(*cookie + n + 1);
    return NULL;
}

char *web_form_field(const struct web_request *request, const char *name) {
    g_autoptr(GHashTable) fields =
        g_uri_parse_params(request->body, (gssize)request->body_n, "&", G_URI_PARAMS_WWW_FORM, NULL);
    return fields ? g_strdup(g_hash_table_lookup(fields, name)) : NULL;
}

void web_problem(struct web_response *response, guint status, const char *title, const char *detail) {
    json_t *object = json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title", title, "status",
                               status, "detail", detail);
    char *text = json_dumps(object, JSON_COMPACT);
    web_json(response, status, text);
    response->content_type = "application/problem+json";
    free(text);
    json_decref(object);
}

void web_problem_from(struct web_response *response, GError *error) {
    static const struct {
        guint status;
        const char *title;
    } answers[] = {[BASE_ERROR_USAGE] = {400, "Bad request"},
                   [BASE_ERROR_INPUT] = {422, "Something in the request is wrong"},
                   [BASE_ERROR_NOT_FOUND] = {404, "Not found"},
                   [BASE_ERROR_REFUSED] = {403, "Refused"},
                   [BASE_ERROR_CONFLICT] = {409, "Conflict"},
                   [BASE_ERROR_BUSY] = {503, "Busy"},
                   [BASE_ERROR_STORE] = {503, "The store failed"},
                   [BASE_ERROR_NETWORK] = {503, "A peer failed"}};
    guint i = error->domain == BASE_ERROR ? (guint)error->code : BASE_ERROR_STORE;
    gboolean is_ours = answers[i].status >= 500;
    web_problem(response, answers[i].status, answers[i].title,
                is_ours ? "Nothing was taken. Try again with the same key." : error->message);
    g_error_free(error);
}

void web_json(struct web_response *response, guint status, const char *json) {
    response->status = status;
    response->content_type = "application/json";
    g_string_assign(response->body, json);
}

const char *web_text_of(const json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

json_t *web_read_object(const struct web_request *request, struct web_response *response) {
    json_error_t problem;
    json_t *object = json_loadb(request->body, request->body_n, JSON_REJECT_DUPLICATES, &problem);
    if (!json_is_object(object)) {
        json_decref(object);
        web_problem(response, 400, "Bad request", "Send a JSON object.");
        return NULL;
    }
    return object;
}

void web_json_value(struct web_response *response, guint status, json_t *value) {
    char *text = json_dumps(value, JSON_COMPACT);
    web_json(response, status, text);
    free(text);
    json_decref(value);
}

/* ── As it is sent ─────────────────────────────────────────────────────────────────────────────── */

static const char *reason_of(guint status) {
    static const struct {
        guint status;
        const char *words;
    } reasons[] = {{200, "OK"},
                   {202, "Accepted"},
                   {303, "See Other"},
                   {400, "Bad Request"},
                   {401, "Unauthorized"},
                   {403, "Forbidden"},
                   {404, "Not Found"},
                   {405, "Method Not Allowed"},
                   {408, "Request Timeout"},
                   {409, "Conflict"},
                   {413, "Content Too Large"},
                   {417, "Expectation Failed"},
                   {422, "Unprocessable Content"},
                   {429, "Too Many Requests"},
                   {431, "Request Header Fields Too Large"},
                   {501, "Not Implemented"},
                   {503, "Service Unavailable"},
                   {505, "HTTP Version Not Supported"}};
    for (guint i = 0; i < G_N_ELEMENTS(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].words;
    return "";
}

static void add_date(GString *out, gint64 now_at_us) {
    g_autofree char *date = base_time_format_english(now_at_us, "GMT");
    if (date)
        g_string_append_printf(out, "Date: %s\r\n", date);
}

static void add_fields(GString *out, const struct web_response *response) {
    g_string_append(
        out,
        "X-Content-Type-Options: nosniff\r\n"
        "Referrer-Policy: no-referrer\r\n"
        "Content-Security-Policy: default-src 'none'; style-src 'self'; script-src 'self'; img-src "
        "'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'\r\n");
    g_string_append_printf(out, "Cache-Control: %s\r\n",
                           response->is_immutable ? "public, max-age=31536000, immutable" : "no-store");
    g_string_append_printf(out, "Cross-Origin-Resource-Policy: %s\r\n",
                           response->is_public ? "cross-origin" : "same-origin");
    if (response->is_public)
        g_string_append(out, "Access-Control-Allow-Origin: *\r\n");
    g_string_append_printf(out, "Content-Type: %s\r\n", response->content_type);
    if (response->location)
        g_string_append_printf(out, "Location: %s\r\n", response->location);
    if (response->cookie)
        g_string_append_printf(out, "Set-Cookie: %s\r\n", response->cookie);
    if (response->retry_after_s)
        g_string_append_printf(out, "Retry-After: %u\r\n", response->retry_after_s);
    g_string_append_printf(out, "Content-Length: %" G_GSIZE_FORMAT "\r\n", response->body->len);
    g_string_append_printf(out, "Connection: %s\r\n\r\n", response->closes ? "close" : "keep-alive");
}

GString *web_response_format(struct web_response *response, gint64 now_at_us, gboolean is_head_only) {
    GString *out = g_string_sized_new(1024 + response->body->len);
    g_string_append_printf(out, "HTTP/1.1 %u %s\r\n", response->status, reason_of(response->status));
    add_date(out, now_at_us);
    add_fields(out, response);
    if (!is_head_only)
        g_string_append_len(out, response->body->str, (gssize)response->body->len);
    g_string_free(response->body, TRUE);
    g_free(response->location);
    g_free(response->cookie);
    *response = (struct web_response){0};
    return out;
}
