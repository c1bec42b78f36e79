#include "base/text.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"

void text_append_html(GString *out, const char *text) {
    for (const char *p = text; *p; p++)
        switch (*p) {
        case '&': g_string_append(out, "&amp;"); break;
        case '<': g_string_append(out, "&lt;"); break;
        case '>': g_string_append(out, "&gt;"); break;
        case '"': g_string_append(out, "&quot;"); break;
        case '\'': g_string_append(out, "&#39;"); break;
        default: g_string_append_c(out, *p);
        }
}

char *text_clean(const char *text, gsize max_chars) {
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *out = g_string_new(NULL);
    for (const char *p = valid; *p && max_chars; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (g_unichar_iscntrl(c) || c == 0x2028 || c == 0x2029)
            continue;
        g_string_append_unichar(out, c);
        max_chars--;
    }
    return g_string_free(out, FALSE);
}

void text_hex(const guint8 *bytes, gsize n, char *out) {
    static const char digits[] = "0123456789abcdef";
    for (gsize i = 0; i < n; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    *out = 0;
}

void text_copy(char *out, gsize size, const char *text) {
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    g_strlcpy(out, valid, size);
    const char *end;
    g_utf8_validate(out, -1, &end);
    out[end - out] = 0;
}

void text_append_header(GString *out, const char *text) {
    g_autofree char *clean = text_clean(text, 256);
    if (g_str_is_ascii(clean)) {
        g_string_append(out, clean);
        return;
    }
    /* RFC 2047: an encoded word is at most 75 characters and holds whole characters. */
    for (const char *p = clean; *p;) {
        const char *stop = p;
        while (*stop && g_utf8_next_char(stop) - p <= 42)
            stop = g_utf8_next_char(stop);
        g_autofree char *word = g_base64_encode((const guchar *)p, (gsize)(stop - p));
        g_string_append_printf(out, "%s=?UTF-8?B?%s?=", p == clean ? "" : "\r\n ", word);
        p = stop;
    }
}

char *text_fill(const char *pattern, const char *const *pairs, gboolean as_html) {
    GString *out = g_string_new(NULL);
    for (const char *p = pattern; *p;) {
        const char *close = *p == '{' ? strchr(p, '}') : NULL;
        if (!close) {
            g_string_append_c(out, *p++);
            continue;
        }
        gsize n = (gsize)(close - p - 1);
        for (const char *const *pair = pairs; pair[0]; pair += 2)
            if (strlen(pair[0]) == n && strncmp(pair[0], p + 1, n) == 0) {
                const char *value = pair[1] ? pair[1] : "";
                if (as_html)
                    text_append_html(out, value);
                else
                    g_string_append(out, value);
                break;
            }
        p = close + 1;
    }
    return g_string_free(out, FALSE);
}
