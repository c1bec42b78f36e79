/* YAML through libcyaml, with errors that say file and line. */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include <cyaml/cyaml.h>
#include <glib.h>

/* A text being read, for messages. */
struct base_yaml_source {
    const char *name, *text;
    gsize n;
    const char *(*why_refused)(const char *key); /* says what a refused key would carry, or NULL */
    const char *manual;  /* the page that lists the keys; NULL: docs/operators.md */
    const char *section; /* what an error is about: this list at the top … */
    guint item;          /* … and which of its entries, from 1; NULL and 0: the whole file */
};

/* Loads `source` into a new structure of `schema`; free it with base_yaml_free. NULL with an error such
 * as `name:12: "colour" is not a key here`. */
void *base_yaml_load(const struct base_yaml_source *source, const cyaml_schema_value_t *schema,
                     GError **error);
void base_yaml_free(const cyaml_schema_value_t *schema, void *data);

/* Sets an error at the line of the first key or value `near`, or NULL, in what the source is about;
 * always FALSE. */
gboolean base_yaml_wrong(const struct base_yaml_source *source, const char *near, GError **error,
                         const char *format, ...) G_GNUC_PRINTF(4, 5);

#endif
