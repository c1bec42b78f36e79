#include "base/log.h"

#include <jansson.h>
#include <stdio.h>

#include "base/text.h"
#include "base/time.h"

static gboolean is_plain;

void log_plainly(void) {
    is_plain = TRUE;
}

static void print_plainly(const char *message, va_list pairs) {
    g_autoptr(GString) line = g_string_new("tocsin: ");
    g_string_append(line, message);
    for (const char *name; (name = va_arg(pairs, const char *));) {
        const char *value = va_arg(pairs, const char *);
        g_autofree char *clean = text_clean(value ? value : "", 400);
        const gboolean is_words = g_str_equal(name, "problem") || g_str_equal(name, "page");
        g_string_append_printf(line, is_words ? ": %s%s" : " (%s %s)", is_words ? "" : name, clean);
    }
    fprintf(stderr, "%s\n", line->str);
}

void log_line(const char *level, const char *message, ...) {
    if (is_plain) {
        va_list plain;
        va_start(plain, message);
        print_plainly(message, plain);
        va_end(plain);
        return;
    }
    g_autofree char *now = base_time_format(base_clock_now(&base_system_clock));
    json_t *line = json_pack("{s:s, s:s, s:s}", "ts", now, "level", level, "msg", message);
    va_list pairs;

    va_start(pairs, message);
    for (const char *name; (name = va_arg(pairs, const char *));) {
        const char *value = va_arg(pairs, const char *);
        g_autofree char *clean = text_clean(value ? value : "", 400);
        json_object_set_new(line, name, json_string(clean));
    }
    va_end(pairs);
    char *text = json_dumps(line, JSON_COMPACT);
    fprintf(stderr, "%s\n", text);
    free(text);
    json_decref(line);
}
