/* A notice's lines as text and as HTML, in one message. */
#include "base/text.h"
#include "deliver/email/email.h"
#include "deliver/email/mime.h"
#include "deliver/notice.h"

static void as_text(GString *out, const struct notice_line *line) {
    g_string_append(out, line->text);
    if (line->kind == LINE_LINK)
        g_string_append_printf(out, "\n%s", line->url);
    g_string_append(out, line->kind == LINE_HEADING ? "\n" : "\n\n");
}

static void as_html(GString *out, const struct notice_line *line) {
    static const char *const tags[][2] = {
        [LINE_TEXT] = {"<p>", "</p>\n"},
        [LINE_HEADING] = {"<h2 style=\"font-size:1.1em\">", "</h2>\n"},
        [LINE_STRONG] = {"<p style=\"font-size:1.25em\"><strong>", "</strong></p>\n"},
        [LINE_LINK] = {"<p>", "</a></p>\n"}};
    g_string_append(out, tags[line->kind][0]);
    text_append_html(out, line->text);
    if (line->kind == LINE_LINK) {
        g_string_append(out, " <a href=\"");
        text_append_html(out, line->url);
        g_string_append(out, "\">");
        text_append_html(out, line->label);
    }
    g_string_append(out, tags[line->kind][1]);
}

char *email_message_id(const struct notice *notice, const char *host, guint reminder) {
    return g_strdup_printf("<%s.%u@%s>", notice->id, reminder, host);
}

GBytes *email_render(const struct notice *notice, const void *settings, GError **error) {
    g_autoptr(GArray) lines = notice_lines(notice);
    g_autoptr(GString) text = g_string_new(NULL), html = g_string_new(NULL);
    (void)error;
    g_string_append_printf(html,
                           "<!doctype html><html lang=\"%s\"><body style=\"font-family:sans-serif;"
                           "font-size:16px;line-height:1.5;max-width:36em\">\n",
                           language_name(notice->language));
    for (guint i = 0; i < lines->len; i++) {
        as_text(text, &g_array_index(lines, struct notice_line, i));
        as_html(html, &g_array_index(lines, struct notice_line, i));
    }
    g_string_append(html, "</body></html>\n");
    return mime_message(notice, settings, text->str, html->str);
}
