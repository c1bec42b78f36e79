#include "web/http.h"

#include <jansson.h>
#include <string.h>

#include "base/error.h"

const char *web_header(const struct web_request *request, const char *name) {
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

char *web_cookie(const struct web_request *request, const char *name) {
    return g_strdup(MHD_lookup_connection_value(request->connection, MHD_COOKIE_KIND, name));
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
