/* A channel as an example: a pager of digits, whose messages go into a folder as plain lines. */
#include "base/error.h"
#include "deliver/channel.h"
#include "deliver/notice.h"

struct settings {
    char *folder; /* NULL: it is not set up */
};

static const cyaml_schema_field_t fields[] = {
    CYAML_FIELD_STRING_PTR("folder", CYAML_FLAG_POINTER, struct settings, folder, 1, 300), CYAML_FIELD_END};

static void *settings(const struct base_yaml_source *source, const void *yaml, GError **error) {
    const struct settings *given = yaml;
    struct settings *s = g_new0(struct settings, 1);
    (void)source, (void)error;
    s->folder = given ? g_strdup(given->folder) : NULL;
    return s;
}

static void settings_free(void *data) {
    struct settings *s = data;
    if (s)
        g_free(s->folder);
    g_free(s);
}

static guint connections(const void *data) {
    return ((const struct settings *)data)->folder ? 1 : 0;
}

static char *describe(const void *data) {
    return g_strconcat("pages go into ", ((const struct settings *)data)->folder, NULL);
}

static char *normal(const char *contact, GError **error) {
    GString *digits = g_string_new(NULL);
    for (const char *p = contact ? contact : ""; *p; p++)
        if (g_ascii_isdigit(*p))
            g_string_append_c(digits, *p);
    if (digits->len >= 7)
        return g_string_free(digits, FALSE);
    g_string_free(digits, TRUE);
    g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT, "a pager has at least seven digits");
    return NULL;
}

static GBytes *render(const struct notice *notice, const void *data, GError **error) {
    g_autoptr(GArray) lines = notice_lines(notice);
    GString *text = g_string_new(NULL);
    (void)data, (void)error;
    for (guint i = 0; i < lines->len; i++) {
        const struct notice_line *line = &g_array_index(lines, struct notice_line, i);
        g_string_append_printf(text, "%s%s%s\n", line->text, line->url ? " " : "", line->url ? line->url : "");
    }
    return g_string_free_to_bytes(text);
}

struct pager {
    struct channel base;
    char *folder;
};

static enum deliver_result pager_send(struct channel *channel, const char *to, const char *key, GBytes *message,
                                      char **answer) {
    gsize n;
    const char *text = g_bytes_get_data(message, &n);
    g_autofree char *name = g_strconcat(to, ".", key, NULL);
    g_autofree char *path = g_build_filename(((struct pager *)channel)->folder, name, NULL);
    const gboolean ok = g_file_set_contents(path, text, (gssize)n, NULL);
    *answer = g_strdup(ok ? "paged" : "the folder cannot be written");
    return ok ? DELIVER_HANDED_OVER : DELIVER_TRY_LATER;
}

static void pager_free(struct channel *channel) {
    g_free(((struct pager *)channel)->folder);
    g_free(channel);
}

static struct channel *open_pager(const void *data, const char *dir, GError **error) {
    struct pager *pager = g_new0(struct pager, 1);
    (void)error;
    pager->base = (struct channel){.send = pager_send, .free = pager_free};
    pager->folder = g_build_filename(dir, ((const struct settings *)data)->folder, NULL);
    return &pager->base;
}

const struct channel_kind channel_pager = {.name = "pager",
                                           .section = "pager",
                                           .fields = fields,
                                           .fields_size = sizeof(struct settings),
                                           .settings = settings,
                                           .settings_free = settings_free,
                                           .connections = connections,
                                           .describe = describe,
                                           .normal = normal,
                                           .render = render,
                                           .open = open_pager};
