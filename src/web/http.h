/* One HTTP request and its answer, as handlers see them. */
#ifndef WEB_HTTP_H
#define WEB_HTTP_H

#include <glib.h>
#include <jansson.h>

#include "site/site.h"
#include "web/head.h"

struct web_request {
    struct site *site;
    struct finder *finder;
    const struct web_head *head;
    const char *method, *path;
    const char *argument; /* what stands for * in the route's path */
    const char *body;     /* NUL-terminated; body_n bytes */
    gsize body_n;
    const char *peer; /* address, for limits; never logged */
};

struct web_response {
    guint status;
    const char *content_type;
    GString *body;
    char *location, *cookie; /* headers, NULL: none; freed with the response */
    guint retry_after_s;
    gboolean is_immutable; /* may be kept for ever; otherwise nothing may be */
    gboolean is_public;    /* may be read by scripts of other sites */
    gboolean closes;       /* the connection is not to be trusted with another request */
};

const char *web_header(const struct web_request *request, const char *name); /* NULL: none */
char *web_cookie(const struct web_request *request, const char *name);       /* transfer full */
/* A field of a form that was sent; transfer full, NULL when there is none. */
char *web_form_field(const struct web_request *request, const char *name);

/* RFC 9457 problem+json. `detail` says what is wrong and what to do. */
void web_problem(struct web_response *response, guint status, const char *title, const char *detail);
/* The same from an error. Takes it. */
void web_problem_from(struct web_response *response, GError *error);
/* The JSON object that was sent; transfer full. NULL, with the answer made, when it is none. */
json_t *web_read_object(const struct web_request *request, struct web_response *response);
const char *web_text_of(const json_t *object, const char *key); /* NULL: none, or no text */
/* Answers with a JSON value. Takes it. */
void web_json_value(struct web_response *response, guint status, json_t *value);
/* 200 or `status` with JSON text. */
void web_json(struct web_response *response, guint status, const char *json);

/* The answer as it is sent, without a body when only its head was asked for. Transfer full; `response`
 * is cleared. */
GString *web_response_format(struct web_response *response, gint64 now_at_us, gboolean is_head_only);

#endif
