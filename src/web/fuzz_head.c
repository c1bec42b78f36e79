/* Any bytes as a request: the head is read the same whole or byte by byte, what is refused leaves
 * nothing, and what is let in another reader (libhttp-parser) reads as we do: the method, the address,
 * each field, where the head ends, how long the body is, whether the connection stays. So with chunks.
 */
#include <http_parser.h>
#include <string.h>

#include "web/head.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t n);

struct second {
    GString *url, *body;
    GPtrArray *names, *values; /* GString */
    gboolean is_value, is_read, is_whole;
};

static GString *last(GPtrArray *list) {
    return list->pdata[list->len - 1];
}

static int on_url(http_parser *parser, const char *at, size_t n) {
    g_string_append_len(((struct second *)parser->data)->url, at, (gssize)n);
    return 0;
}

static int on_name(http_parser *parser, const char *at, size_t n) {
    struct second *s = parser->data;
    if (s->is_value || !s->names->len) {
        g_ptr_array_add(s->names, g_string_new(NULL));
        g_ptr_array_add(s->values, g_string_new(NULL));
    }
    s->is_value = FALSE;
    g_string_append_len(last(s->names), at, (gssize)n);
    return 0;
}

static int on_value(http_parser *parser, const char *at, size_t n) {
    struct second *s = parser->data;
    s->is_value = TRUE;
    g_string_append_len(last(s->values), at, (gssize)n);
    return 0;
}

static int on_head(http_parser *parser) {
    ((struct second *)parser->data)->is_read = TRUE;
    http_parser_pause(parser, 1);
    return 0;
}

static int on_body(http_parser *parser, const char *at, size_t n) {
    g_string_append_len(((struct second *)parser->data)->body, at, (gssize)n);
    return 0;
}

static int on_whole(http_parser *parser) {
    ((struct second *)parser->data)->is_whole = TRUE;
    http_parser_pause(parser, 1);
    return 0;
}

static void string_free(gpointer string) {
    g_string_free(string, TRUE);
}

static void second_clear(struct second *s) {
    g_string_free(s->url, TRUE);
    g_string_free(s->body, TRUE);
    g_ptr_array_unref(s->names);
    g_ptr_array_unref(s->values);
}

static void compare_head(const struct web_head *head, const http_parser *parser,
                         const struct second *s) {
    g_autofree char *path = g_strndup(s->url->str, strcspn(s->url->str, "?"));
    g_autofree char *unescaped = g_uri_unescape_string(path, NULL);
    g_assert_cmpstr(head->method, ==, http_method_str(parser->method));
    g_assert_cmpstr(head->path, ==, unescaped);
    g_assert_cmpuint(head->n_fields, ==, s->names->len);
    for (guint i = 0; i < head->n_fields; i++) {
        const GString *value = s->values->pdata[i];
        g_autofree char *stripped = g_strndup(value->str, value->len);
        for (gsize end = value->len; end && strchr(" \t", stripped[end - 1]); end--)
            stripped[end - 1] = 0;
        g_assert_cmpstr(head->fields[i].name, ==, ((const GString *)s->names->pdata[i])->str);
        g_assert_cmpstr(head->fields[i].value, ==, stripped);
    }
    g_assert_true(head->is_chunked == ((parser->flags & F_CHUNKED) != 0));
    if (!head->is_chunked && parser->flags & F_CONTENTLENGTH)
        g_assert_cmpuint(head->body_n, ==, parser->content_length);
    else
        g_assert_cmpuint(head->body_n, ==, 0);
    g_assert_true(head->keeps == (http_should_keep_alive(parser) != 0));
}

/* The body that came with it, in chunks: the second reader is kinder, never of another opinion. */
static void compare_chunks(http_parser *parser, const http_parser_settings *settings, struct second *s,
                           const guint8 *data, size_t n, gsize head_n, size_t parsed) {
    struct web_chunks chunks = {0};
    g_autofree char *bytes = g_memdup2(data, n);
    gsize body_n, read_n, slow_n = 0, slow_body_n = 0;
    const enum web_reading reading =
        web_chunks_read(&chunks, bytes + head_n, n - head_n, &body_n, &read_n);
    struct web_chunks slow = {0};
    enum web_reading slowly = WEB_READING_MORE;
    while (slowly == WEB_READING_MORE && head_n + slow_n < n) {
        char byte = (char)data[head_n + slow_n];
        gsize some, one;
        slowly = web_chunks_read(&slow, &byte, 1, &some, &one);
        slow_n += one;
        slow_body_n += some;
    }
    g_assert_cmpint(slowly, ==, reading);
    if (reading == WEB_READING_REFUSED)
        return;
    g_assert_true(slow_n == read_n && slow_body_n == body_n);
    http_parser_pause(parser, 0);
    parsed += http_parser_execute(parser, settings, (const char *)data + parsed, n - parsed);
    g_assert_true(s->is_whole == (reading == WEB_READING_DONE));
    g_assert_true(s->body->len == body_n && memcmp(s->body->str, bytes + head_n, body_n) == 0);
    if (reading == WEB_READING_DONE)
        g_assert_cmpuint(parsed + 1, >=,
                         head_n + read_n); /* it stops before the last LF or behind it */
}

static void compare(const struct web_head *head, const guint8 *data, size_t n, gsize head_n) {
    struct second s = {.url = g_string_new(NULL),
                       .body = g_string_new(NULL),
                       .names = g_ptr_array_new_with_free_func(string_free),
                       .values = g_ptr_array_new_with_free_func(string_free)};
    const http_parser_settings settings = {.on_url = on_url,
                                           .on_header_field = on_name,
                                           .on_header_value = on_value,
                                           .on_headers_complete = on_head,
                                           .on_body = on_body,
                                           .on_message_complete = on_whole};
    http_parser parser = {.data = &s};
    http_parser_init(&parser, HTTP_REQUEST);
    parser.data = &s;
    const size_t parsed = http_parser_execute(&parser, &settings, (const char *)data, n);
    const enum http_errno problem = HTTP_PARSER_ERRNO(&parser);
    if (problem != HPE_INVALID_METHOD) { /* it knows only some */
        g_assert_true(s.is_read);
        g_assert_cmpuint(parsed + 1, >=, head_n);
        g_assert_cmpuint(parsed, <=, head_n);
        compare_head(head, &parser, &s);
        if (head->is_chunked)
            compare_chunks(&parser, &settings, &s, data, n, head_n, parsed);
    }
    second_clear(&s);
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t n) {
    struct web_head head = {0}, slow = {0};
    gsize head_n = 0, slow_n = 0;
    guint status = 0, slow_status = 0;
    const char *why = NULL;
    g_autofree char *bytes = g_memdup2(data, n ? n : 1);
    const enum web_reading reading = web_head_read(bytes, n, &head, &head_n, &status, &why);
    enum web_reading slowly = WEB_READING_MORE;
    for (size_t some = 1; some <= n && slowly == WEB_READING_MORE; some++) {
        g_autofree char *part = g_memdup2(data, some);
        slowly = web_head_read(part, some, &slow, &slow_n, &slow_status, &why);
        g_assert_true(slowly != WEB_READING_DONE || slow_n == some);
        web_head_clear(&slow);
    }
    g_assert_cmpint(slowly, ==, reading);
    if (reading == WEB_READING_DONE) {
        g_assert_true(slow_n == head_n && head_n <= n && head.path && *head.path == '/');
        g_assert_true(g_utf8_validate(head.path, -1, NULL));
        compare(&head, data, n, head_n);
    } else {
        g_assert_true(!head.path && (reading == WEB_READING_MORE || (why && status >= 400)));
    }
    web_head_clear(&head);
    return 0;
}
