/* The policies that are shipped inside the program, and folders of one's own. */
#include <string.h>

#include "base/error.h"
#include "base/yaml.h"
#include "embedded.h"
#include "policy/policy_private.h"

#define DEEPEST 8 /* one policy extends another */

static const char *const file_names[] = {[POLICY_VOCABULARY] = "vocabulary.yaml",
                                         [POLICY_RULES] = "rules.yaml",
                                         [POLICY_GUARANTEES] = "guarantees.yaml",
                                         [POLICY_RECIPIENTS] = "recipients.yaml"};

/* The shipped profiles; NULL where one has no file of that kind. */
static const struct shipped {
    const char *name, *files[G_N_ELEMENTS(file_names)];
} shipped[] = {{"baseline",
                {embedded_policy_baseline_vocabulary, embedded_policy_baseline_rules,
                 embedded_policy_baseline_guarantees, NULL}},
               {"us-co", {NULL, embedded_policy_us_co_rules, embedded_policy_us_co_guarantees, NULL}},
               {"us-ca", {NULL, embedded_policy_us_ca_rules, embedded_policy_us_ca_guarantees, NULL}},
               {"us-il", {NULL, embedded_policy_us_il_rules, embedded_policy_us_il_guarantees, NULL}},
               {"us-nj", {NULL, embedded_policy_us_nj_rules, embedded_policy_us_nj_guarantees, NULL}},
               {"us-wa", {NULL, embedded_policy_us_wa_rules, embedded_policy_us_wa_guarantees, NULL}}};

const char *const *policy_profiles(void) {
    static const char *names[G_N_ELEMENTS(shipped) + 1];
    for (guint i = 0; i < G_N_ELEMENTS(shipped); i++)
        names[i] = shipped[i].name;
    return names;
}

/* The texts of a policy and what it extends, gathered base first. */
struct gathering {
    GArray *texts;   /* struct policy_text */
    GPtrArray *kept; /* char *: what the texts borrow */
};

static const struct shipped *find_shipped(const char *name) {
    for (guint i = 0; i < G_N_ELEMENTS(shipped); i++)
        if (g_str_equal(shipped[i].name, name))
            return &shipped[i];
    return NULL;
}

static gboolean has_rules(const char *folder) {
    g_autofree char *rules = g_build_filename(folder, file_names[POLICY_RULES], NULL);
    return g_file_test(rules, G_FILE_TEST_EXISTS);
}

static void add_text(struct gathering *g, int kind, char *name, char *text, gsize n) {
    const struct policy_text added = {.kind = kind, .name = name, .text = text, .n = n};
    g_ptr_array_add(g->kept, name);
    g_ptr_array_add(g->kept, text);
    g_array_append_val(g->texts, added);
}

static gboolean add_file(struct gathering *g, int kind, const char *path, gboolean must_exist,
                         GError **error) {
    char *text;
    gsize n;
    g_autoptr(GError) problem = NULL;
    if (g_file_get_contents(path, &text, &n, &problem)) {
        add_text(g, kind, g_strdup(path), text, n);
        return TRUE;
    }
    if (!must_exist && g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return TRUE;
    g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT, "%s", problem->message);
    return FALSE;
}

static gboolean gather_named(struct gathering *g, const struct base_yaml_source *by, const char *name,
                             const char *beside, guint depth, GError **error);

static gboolean gather_base(struct gathering *g, const char *name, const char *text, gsize n,
                            const char *beside, guint depth, GError **error) {
    const struct base_yaml_source source = {.name = name, .text = text, .n = n};
    g_autofree char *base = policy_text_extends(name, text, n, error);
    if (!base)
        return FALSE;
    if (*base && depth == DEEPEST)
        return base_yaml_wrong(&source, base, error,
                               "policies extend each other more than %d deep, or in a circle", DEEPEST);
    return !*base || gather_named(g, &source, base, beside, depth + 1, error);
}

static gboolean gather_shipped(struct gathering *g, const struct shipped *s, guint depth,
                               GError **error) {
    const char *rules = s->files[POLICY_RULES];
    if (!gather_base(g, s->name, rules, strlen(rules), NULL, depth, error))
        return FALSE;
    for (guint kind = 0; kind < G_N_ELEMENTS(file_names); kind++)
        if (s->files[kind])
            add_text(g, (int)kind, g_strdup_printf("%s/%s", s->name, file_names[kind]),
                     g_strdup(s->files[kind]), strlen(s->files[kind]));
    return TRUE;
}

/* A promise in a file of another name would be no promise. */
static gboolean check_names(const char *folder, GError **error) {
    GDir *dir = g_dir_open(folder, 0, error);
    gboolean ok = dir != NULL;
    for (const char *name; ok && (name = g_dir_read_name(dir));) {
        ok = !g_str_has_suffix(name, ".yaml") && !g_str_has_suffix(name, ".yml");
        for (guint kind = 0; kind < G_N_ELEMENTS(file_names) && !ok; kind++)
            ok = g_str_equal(name, file_names[kind]);
        if (!ok)
            g_set_error(
                error, BASE_ERROR, BASE_ERROR_INPUT,
                "%s/%s: nothing would be read from it: a policy's files are rules.yaml, "
                "guarantees.yaml, recipients.yaml and vocabulary.yaml. Rename it or take it out",
                folder, name);
    }
    if (dir)
        g_dir_close(dir);
    return ok;
}

static gboolean gather_folder(struct gathering *g, const char *folder, guint depth, GError **error) {
    g_autofree char *rules = g_build_filename(folder, file_names[POLICY_RULES], NULL);
    g_autofree char *canonical = g_canonicalize_filename(folder, NULL);
    g_autofree char *beside = g_path_get_dirname(canonical);
    g_autofree char *text = NULL;
    g_autoptr(GError) problem = NULL;
    gsize n;
    if (!g_file_get_contents(rules, &text, &n, &problem)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT,
                    "%s: a policy is a folder with rules.yaml, or the name of a shipped profile",
                    problem->message);
        return FALSE;
    }
    if (!check_names(folder, error) || !gather_base(g, rules, text, n, beside, depth, error))
        return FALSE;
    for (guint kind = 0; kind < G_N_ELEMENTS(file_names); kind++) {
        g_autofree char *path = g_build_filename(folder, file_names[kind], NULL);
        if (!add_file(g, (int)kind, path, kind == POLICY_RULES, error))
            return FALSE;
    }
    return TRUE;
}

/* What is extended stands beside the policy that extends it, or is shipped; never in whatever folder
 * the program was started from. `beside` NULL: shipped ones only. */
static gboolean gather_named(struct gathering *g, const struct base_yaml_source *by, const char *name,
                             const char *beside, guint depth, GError **error) {
    g_autofree char *folder = beside ? g_build_filename(beside, name, NULL) : NULL;
    if (folder && has_rules(folder))
        return gather_folder(g, folder, depth, error);
    const struct shipped *s = find_shipped(name);
    if (s)
        return gather_shipped(g, s, depth, error);
    return base_yaml_wrong(
        by, name, error,
        "`extends: %s`: there is no such folder beside the policy, and no such shipped profile", name);
}

static struct policy *load(const struct shipped *s, const char *folder, const char *recipients_path,
                           GError **error) {
    struct gathering g = {.texts = g_array_new(FALSE, FALSE, sizeof(struct policy_text)),
                          .kept = g_ptr_array_new_with_free_func(g_free)};
    struct policy *policy = NULL;
    if ((s ? gather_shipped(&g, s, 0, error) : gather_folder(&g, folder, 0, error)) &&
        (!recipients_path || add_file(&g, POLICY_RECIPIENTS, recipients_path, TRUE, error)))
        policy = policy_parse((const struct policy_text *)(gpointer)g.texts->data, g.texts->len, error);
    g_array_unref(g.texts);
    g_ptr_array_unref(g.kept);
    return policy;
}

struct policy *policy_load_shipped(const char *profile, const char *recipients_path, GError **error) {
    return load(find_shipped(profile), profile, recipients_path, error);
}

struct policy *policy_load(const char *profile_or_folder, const char *recipients_path, GError **error) {
    const struct shipped *s = has_rules(profile_or_folder) ? NULL : find_shipped(profile_or_folder);
    return load(s, profile_or_folder, recipients_path, error);
}
