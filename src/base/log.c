#include "base/log.h"

#include <jansson.h>
#include <stdio.h>

#include "base/text.h"
#include "base/time.h"

void log_line(const char *level, const char *message, ...) {
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
