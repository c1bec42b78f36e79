#include "base/yaml.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* The first line on which `word` stands, from 1; 1 when it stands nowhere. */
static guint line_of(const struct base_yaml_source *source, const char *word) {
    const char *at = word && *word ? g_strstr_len(source->text, (gssize)source->n, word) : NULL;
    guint line = 1;
    for (const char *p = source->text; at && p < at; p++)
        line += *p == '\n';
    return line;
}

gboolean base_yaml_wrong(const struct base_yaml_source *source, const char *near, GError **error,
                         const char *format, ...) {
    va_list args;
    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT, "%s:%u: %s", source->name, line_of(source, near),
                what);
    return FALSE;
}

/* libcyaml says what is wrong in log lines: the first is the error, later ones carry the line. */
G_GNUC_PRINTF(3, 0)
static void collect(cyaml_log_t level, void *context, const char *format, va_list args) {
    (void)level;
    GString *messages = context;
    g_autofree char *line = g_strdup_vprintf(format, args);
    if (messages->len < 4096)
        g_string_append(messages, line);
}

static void explain(const struct base_yaml_source *source, const char *messages, cyaml_err_t code,
                    GError **error) {
    g_autofree char *first = g_strdup(messages);
    first[strcspn(first, "\n")] = 0;
    const char *what = g_str_has_prefix(first, "Load: ") ? first + 6 : first;
    const char *at = strstr(messages, "line: ");
    guint line = at ? (guint)g_ascii_strtoull(at + 6, NULL, 10) : 1;
    const char *key = g_str_has_prefix(what, "Unexpected key: ") ? what + 16 : NULL;
    const char *refused = key && source->why_refused ? source->why_refused(key) : NULL;

    if (key)
        line = line_of(source, key);
    if (refused)
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT,
                    "%s:%u: \"%s\" cannot be mapped: Tocsin does not keep %s. Take the line out",
                    source->name, line, key, refused);
    else if (key)
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT,
                    "%s:%u: \"%s\" is not a key here; %s lists the keys", source->name, line, key,
                    source->manual ? source->manual : "docs/operators.md");
    else
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT, "%s:%u: %s", source->name, line,
                    *what ? what : cyaml_strerror(code));
}

static cyaml_config_t config_with(GString *messages) {
    return (cyaml_config_t){.log_fn = messages ? collect : NULL,
                            .log_ctx = messages,
                            .log_level = CYAML_LOG_ERROR,
                            .mem_fn = cyaml_mem,
                            .flags = CYAML_CFG_NO_ALIAS};
}

void *base_yaml_load(const struct base_yaml_source *source, const cyaml_schema_value_t *schema,
                     GError **error) {
    g_autoptr(GString) messages = g_string_new(NULL);
    const cyaml_config_t config = config_with(messages);
    cyaml_data_t *data = NULL;

    if (source->n == 0 || memchr(source->text, 0, source->n) ||
        !g_utf8_validate(source->text, (gssize)source->n, NULL)) {
        base_yaml_wrong(source, NULL, error, "this should be YAML in UTF-8, and is not");
        return NULL;
    }
    cyaml_err_t code =
        cyaml_load_data((const guint8 *)source->text, source->n, &config, schema, &data, NULL);
    if (code != CYAML_OK || !data) {
        explain(source, messages->str, code, error);
        return NULL;
    }
    return data;
}

void base_yaml_free(const cyaml_schema_value_t *schema, void *data) {
    const cyaml_config_t config = config_with(NULL);
    if (data)
        cyaml_free(&config, schema, data, 0);
}
