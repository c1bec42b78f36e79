#include "base/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/error.h"

/* Where a walk over a file's events is: which entry of which list at the top, and how deep. */
struct walk {
    const struct base_yaml_source *source;
    guint depth, item; /* 1 inside the mapping at the top; entries of its list so far */
    gboolean is_value, is_section;
};

static gboolean is_inside(const struct walk *w) {
    return !w->source->section || (w->is_section && w->item == w->source->item);
}

/* Keeps count; returns whether the event belongs to the entry that the source is about. */
static gboolean step(struct walk *w, const yaml_event_t *e) {
    const gboolean opens = e->type == YAML_MAPPING_START_EVENT || e->type == YAML_SEQUENCE_START_EVENT,
                   closes = e->type == YAML_MAPPING_END_EVENT || e->type == YAML_SEQUENCE_END_EVENT;
    w->depth -= closes;
    const gboolean is_scalar = e->type == YAML_SCALAR_EVENT;
    if (w->depth == 1 && is_scalar && !w->is_value) {
        w->is_section =
            w->source->section && strcmp((const char *)e->data.scalar.value, w->source->section) == 0;
        w->item = 0;
    }
    if (w->depth == 1 && (is_scalar || closes))
        w->is_value = !w->is_value;
    if (w->depth == 2 && (is_scalar || opens))
        w->item++;
    w->depth += opens;
    return is_inside(w);
}

static gboolean next_event(yaml_parser_t *parser, yaml_event_t *event) {
    return yaml_parser_parse(parser, event) && event->type != YAML_STREAM_END_EVENT;
}

static void parser_start(yaml_parser_t *parser, const struct base_yaml_source *source) {
    if (!yaml_parser_initialize(parser))
        g_error("out of memory"); /* as GLib has it */
    yaml_parser_set_input_string(parser, (const unsigned char *)source->text, source->n);
}

/* The line, from 1, of the first key or value `word` in the source's entry; else of the entry. */
static guint line_of(const struct base_yaml_source *source, const char *word) {
    struct walk w = {.source = source};
    guint line = 0, first = 0;
    yaml_parser_t parser;
    yaml_event_t event;
    parser_start(&parser, source);
    while (!line && next_event(&parser, &event)) {
        const guint here = (guint)event.start_mark.line + 1;
        if (step(&w, &event) && w.depth > 0) {
            first = first ? first : here;
            if (word && event.type == YAML_SCALAR_EVENT &&
                strcmp((const char *)event.data.scalar.value, word) == 0)
                line = here;
        }
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return line ? line : MAX(first, 1);
}

/* One document, well-formed, without aliases: what libcyaml passes over, or says in its own words. */
static gboolean check(const struct base_yaml_source *source, GError **error) {
    const char *what = NULL;
    guint line = 1, n_documents = 0;
    gboolean is_empty = TRUE;
    yaml_parser_t parser;
    yaml_event_t event;
    parser_start(&parser, source);
    while (!what && next_event(&parser, &event)) {
        line = (guint)event.start_mark.line + 1;
        if (event.type == YAML_DOCUMENT_START_EVENT && ++n_documents == 2)
            what = "a second document begins here: what is after `---` would not be read. Take the "
                   "line out";
        if (event.type == YAML_ALIAS_EVENT)
            what = "`*` stands for what is written elsewhere; write it out here";
        is_empty &= event.type != YAML_MAPPING_START_EVENT && event.type != YAML_SEQUENCE_START_EVENT;
        yaml_event_delete(&event);
    }
    g_autofree char *problem = NULL;
    if (!what && parser.error != YAML_NO_ERROR) {
        line = (guint)parser.problem_mark.line + 1;
        problem = g_strdup_printf("this is no YAML: %s", parser.problem ? parser.problem : "?");
        what = problem;
    } else if (!what && is_empty) {
        line = 1;
        what = "nothing is written here but comments";
    }
    yaml_parser_delete(&parser);
    if (what)
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT, "%s:%u: %s", source->name, line, what);
    return what == NULL;
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

/* libcyaml's words in ours. Transfer full. */
static char *in_words(const char *what) {
    static const struct {
        const char *theirs, *ours;
    } words[] = {{"Expecting SEQUENCE, got event: SCALAR", "a list belongs here: [a, b]"},
                 {"Expecting SEQUENCE", "a list belongs here: lines that begin with a dash"},
                 {"Expecting MAPPING", "keys and values belong here: lines such as `key: value`"},
                 {"Expecting", "a single value belongs here, no list and no keys"},
                 {"STRING length <", "this is empty; write something, or take the line out"},
                 {"Insufficient entries", "this list is empty; name something, or take the line out"},
                 {"STRING length >", "this is too long"}};
    guint most;
    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        if (g_str_has_prefix(what, words[i].theirs))
            return g_strdup(words[i].ours);
    if (sscanf(what, "Excessive entries (%u max)", &most) == 1)
        return g_strdup_printf("this list has more than %u entries", most);
    if (g_str_has_prefix(what, "Missing required mapping field: "))
        return g_strdup_printf("`%s` is missing", strchr(what, ':') + 2);
    if (g_str_has_prefix(what, "Mapping field already seen: "))
        return g_strdup_printf("`%s` stands here twice", strchr(what, ':') + 2);
    return g_strdup(what);
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
    else {
        g_autofree char *words = in_words(*what ? what : cyaml_strerror(code));
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT, "%s:%u: %s", source->name, line, words);
    }
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
    if (!check(source, error))
        return NULL;
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
