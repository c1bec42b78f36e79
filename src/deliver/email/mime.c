#include "deliver/email/mime.h"

#include <string.h>

#include "base/text.h"
#include "base/time.h"

/* Quoted-printable (RFC 2045, 6.7): lines of at most 76, CRLF. */
static void append_quoted(GString *out, const char *text) {
    guint column = 0;
    for (const char *p = text; *p; p++) {
        guchar c = (guchar)*p;
        if (c == '\n') {
            g_string_append(out, "\r\n");
            column = 0;
            continue;
        }
        gboolean ends_line = p[1] == '\n' || !p[1];
        gboolean plain = (c >= 33 && c <= 126 && c != '=') || ((c == ' ' || c == '\t') && !ends_line);
        guint width = plain ? 1 : 3;
        if (column + width > 75) {
            g_string_append(out, "=\r\n");
            column = 0;
        }
        if (plain)
            g_string_append_c(out, (char)c);
        else
            g_string_append_printf(out, "=%02X", c);
        column += width;
    }
}

static void header(GString *out, const char *name, const char *value) {
    g_string_append_printf(out, "%s: ", name);
    text_append_header(out, value);
    g_string_append(out, "\r\n");
}

static void date_header(GString *out, gint64 at_us) {
    g_autofree char *date = base_time_format_english(at_us, "+0000");
    if (date)
        g_string_append_printf(out, "Date: %s\r\n", date);
}

static void part(GString *out, const char *boundary, const char *type, const char *content) {
    g_string_append_printf(out,
                           "--%s\r\nContent-Type: %s; charset=utf-8\r\n"
                           "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
                           boundary, type);
    append_quoted(out, content);
    g_string_append(out, "\r\n");
}

static void stop_headers(GString *out, const char *stop_url) {
    if (!stop_url)
        return;
    g_string_append(out, "List-Unsubscribe: <");
    text_append_header(out, stop_url);
    g_string_append(out, ">\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n");
}

GBytes *mime_message(const struct notice *notice, const struct email_settings *settings,
                     const char *text, const char *html) {
    GString *out = g_string_sized_new(8192);
    g_autofree char *boundary = g_strdup_printf("=_%s.%u", notice->id, notice->reminder);
    g_autofree char *id = email_message_id(notice, email_host(settings), notice->reminder);
    g_autofree char *first_id = email_message_id(notice, email_host(settings), 0);

    date_header(out, notice->date_at_us);
    g_string_append(out, "From: ");
    text_append_header(out, settings->from_name);
    g_string_append(out, " <");
    text_append_header(out, settings->from_address);
    g_string_append(out, ">\r\n");
    header(out, "To", notice->to);
    header(out, "Subject", notice_subject(notice));
    header(out, "Message-ID", id);
    if (notice->reminder) {
        header(out, "In-Reply-To", first_id);
        header(out, "References", first_id);
    }
    header(out, "Auto-Submitted", "auto-generated");
    stop_headers(out, notice->stop_url);
    g_string_append_printf(out,
                           "MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n"
                           " boundary=\"%s\"\r\n\r\n",
                           boundary);
    part(out, boundary, "text/plain", text);
    part(out, boundary, "text/html", html);
    g_string_append_printf(out, "--%s--\r\n", boundary);
    return g_string_free_to_bytes(out);
}
