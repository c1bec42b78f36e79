#include "web/page.h"

#include "base/text.h"

const char *page_say(enum language language, enum message key) {
    return catalogue[language][key];
}

enum language page_asked_language(const struct web_request *request) {
    const char *accepted = web_header(request, "Accept-Language");
    return accepted && g_ascii_strncasecmp(accepted, "es", 2) == 0 ? LANGUAGE_ES : LANGUAGE_EN;
}

void page_begin(struct web_response *response, const char *language, const char *title,
                const char *exit_label) {
    GString *out = response->body;
    response->content_type = "text/html; charset=utf-8";
    g_string_append_printf(out,
                           "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
                           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                           "<meta name=\"robots\" content=\"noindex\">\n<title>",
                           language);
    text_append_html(out, title);
    g_string_append(out, "</title>\n<link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n<body>\n");
    if (exit_label) {
        g_string_append(out, "<a id=\"exit\" class=\"exit\" rel=\"noreferrer\" "
                             "href=\"https://www.weather.gov/\">");
        text_append_html(out, exit_label);
        g_string_append(out, "</a>\n<script src=\"/exit.js\"></script>\n");
    }
    g_string_append(out, "<main>\n");
    page_text(response, "h1", title);
}

void page_open(struct web_response *response, enum language language, enum message title) {
    page_begin(response, language_name(language), page_say(language, title),
               page_say(language, MESSAGE_PAGE_EXIT));
}

void page_end(struct web_response *response) {
    g_string_append(response->body, "</main>\n</body>\n</html>\n");
}

void page_text(struct web_response *response, const char *element, const char *text) {
    g_string_append_printf(response->body, "<%s>", element);
    text_append_html(response->body, text);
    g_string_append_printf(response->body, "</%s>\n", element);
}

void page_warning(struct web_response *response, const char *text) {
    if (!text)
        return;
    g_string_append(response->body, "<p class=\"warning\" role=\"alert\">");
    text_append_html(response->body, text);
    g_string_append(response->body, "</p>\n");
}

void page_field(struct web_response *response, const char *name, const char *label,
                const char *attributes) {
    g_string_append_printf(response->body, "<label for=\"%s\">", name);
    text_append_html(response->body, label);
    g_string_append_printf(response->body, "</label>\n<input id=\"%s\" name=\"%s\" %s>\n", name, name,
                           attributes);
}

void page_button(struct web_response *response, const char *label) {
    g_string_append(response->body, "<button>");
    text_append_html(response->body, label);
    g_string_append(response->body, "</button>\n");
}
