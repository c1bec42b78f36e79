/* Every decision that differs between two policies, summarised by what decided it in each. */
#include <stdio.h>
#include <string.h>

#include "cli/policy.h"

/* Decisions that changed alike: from one rule's to another's. */
struct change {
    char *key;
    gboolean was_permitted, is_permitted;
    const char *was_rule, *is_rule;
    char *was_fields, *is_fields;
    guint64 n;
    GHashTable *words[POLICY_N_ATTRIBUTES]; /* char * of the policies: what the requests have */
    GPtrArray *days;
    gint32 last_day;
};

/* Both policies, and for each attribute the words of either: their indexes in both. */
struct pair {
    struct policy *old, *new;
    GArray *words[POLICY_N_ATTRIBUTES]; /* struct both */
    GHashTable *changes;
    guint64 n_points, n_changed;
};
struct both {
    const char *word;
    guint8 old, new; /* 0, unknown, where a policy lacks the word */
};

static void change_free(gpointer data) {
    struct change *c = data;
    for (guint a = 0; a < POLICY_N_ATTRIBUTES; a++)
        g_hash_table_unref(c->words[a]);
    g_ptr_array_unref(c->days);
    g_free(c->was_fields);
    g_free(c->is_fields);
    g_free(c->key);
    g_free(c);
}

static const char *flags_word(const struct policy *policy, guint set) {
    GString *text = g_string_new(set ? NULL : "none");
    for (guint i = 0; set >> i; i++)
        if (set >> i & 1)
            g_string_append_printf(text, "%s%s", text->len ? "+" : "",
                                   policy_word(policy, POLICY_FLAG, i));
    const char *kept = g_intern_string(text->str);
    g_string_free(text, TRUE);
    return kept;
}

/* A set of the old policy's flags, in the new one's. */
static guint8 flags_in(const struct policy *from, const struct policy *to, guint set) {
    guint found = 0;
    for (guint i = 0; set >> i; i++) {
        guint index = policy_find_word(to, POLICY_FLAG, policy_word(from, POLICY_FLAG, i));
        if (set >> i & 1)
            found |= 1u << (index == POLICY_NONE ? 0 : index);
    }
    return (guint8)found;
}

static void gather_words(struct pair *p, guint a) {
    p->words[a] = g_array_new(FALSE, FALSE, sizeof(struct both));
    if (a == POLICY_FLAG) {
        for (guint set = 0; set < 1u << policy_n_words(p->new, a); set++) {
            const struct both both = {flags_word(p->new, set), flags_in(p->new, p->old, set),
                                      (guint8)set};
            g_array_append_val(p->words[a], both);
        }
        return;
    }
    for (guint i = 0; i < policy_n_words(p->new, a); i++) {
        guint old = policy_find_word(p->old, a, policy_word(p->new, a, i));
        const struct both both = {policy_word(p->new, a, i), (guint8)(old == POLICY_NONE ? 0 : old),
                                  (guint8)i};
        g_array_append_val(p->words[a], both);
    }
    for (guint i = 0; i < policy_n_words(p->old, a); i++) {
        const struct both both = {policy_word(p->old, a, i), (guint8)i, 0};
        if (policy_find_word(p->new, a, both.word) == POLICY_NONE)
            g_array_append_val(p->words[a], both);
    }
}

static gboolean is_same(const struct pair *p, const struct policy_decision *x,
                        const struct policy_decision *y) {
    if (x->is_permitted != y->is_permitted)
        return FALSE;
    if (!x->is_permitted)
        return TRUE; /* denied is denied, by whatever rule */
    g_autofree char *xf = policy_words_text(p->old, POLICY_FIELD, x->fields);
    g_autofree char *yf = policy_words_text(p->new, POLICY_FIELD, y->fields);
    g_autofree char *xo = policy_words_text(p->old, POLICY_OBLIGATION, x->obligations);
    g_autofree char *yo = policy_words_text(p->new, POLICY_OBLIGATION, y->obligations);
    return strcmp(xf, yf) == 0 && strcmp(xo, yo) == 0;
}

static char *fields_of(const struct policy *policy, const struct policy_decision *d) {
    g_autofree char *fields = policy_words_text(policy, POLICY_FIELD, d->fields);
    g_autofree char *obligations = policy_words_text(policy, POLICY_OBLIGATION, d->obligations);
    return d->is_permitted ? g_strdup_printf("%s; oblige %s", fields, obligations) : g_strdup("");
}

static void note(struct pair *p, const guint *at, gint32 day, const struct policy_decision *x,
                 const struct policy_decision *y) {
    const char *was = policy_decision_rule(p->old, x), *is = policy_decision_rule(p->new, y);
    g_autofree char *was_fields = fields_of(p->old, x), *is_fields = fields_of(p->new, y);
    g_autofree char *key = g_strjoin("\n", was, is, was_fields, is_fields, NULL);
    struct change *c = g_hash_table_lookup(p->changes, key);
    if (!c) {
        c = g_new0(struct change, 1);
        c->key = g_steal_pointer(&key);
        c->was_permitted = x->is_permitted;
        c->is_permitted = y->is_permitted;
        c->was_rule = was;
        c->is_rule = is;
        c->was_fields = g_steal_pointer(&was_fields);
        c->is_fields = g_steal_pointer(&is_fields);
        c->days = g_ptr_array_new_with_free_func(g_free);
        for (guint a = 0; a < POLICY_N_ATTRIBUTES; a++)
            c->words[a] = g_hash_table_new(g_str_hash, g_str_equal);
        g_hash_table_insert(p->changes, c->key, c);
    }
    c->n++;
    p->n_changed++;
    for (guint a = 0; a < POLICY_N_ATTRIBUTES; a++)
        g_hash_table_add(c->words[a],
                         (gpointer)(gsize)g_array_index(p->words[a], struct both, at[a]).word);
    if (c->last_day != day)
        g_ptr_array_add(c->days, policy_day_text(day));
    c->last_day = day;
}

static void compare_on(struct pair *p, gint32 day, guint a, guint *at, struct policy_request *old,
                       struct policy_request *new) {
    if (a < POLICY_N_ATTRIBUTES) {
        for (guint i = 0; i < p->words[a]->len; i++) {
            const struct both *both = &g_array_index(p->words[a], struct both, i);
            at[a] = i;
            old->value[a] = both->old;
            new->value[a] = both->new;
            compare_on(p, day, a + 1, at, old, new);
        }
        return;
    }
    struct policy_decision x, y;
    policy_decide(p->old, old, &x);
    policy_decide(p->new, new, &y);
    p->n_points++;
    if (!is_same(p, &x, &y))
        note(p, at, day, &x, &y);
}

static gint by_day(gconstpointer a, gconstpointer b) {
    const gint32 x = *(const gint32 *)a, y = *(const gint32 *)b;
    return x < y ? -1 : x > y;
}

/* Every span of dates in which neither policy changes. */
static void compare(struct pair *p) {
    g_autoptr(GArray) days = g_array_new(FALSE, FALSE, sizeof(gint32));
    for (guint i = 0; i < policy_n_slices(p->old); i++) {
        const gint32 day = policy_slice_day(p->old, i);
        g_array_append_val(days, day);
    }
    for (guint i = 0; i < policy_n_slices(p->new); i++) {
        const gint32 day = policy_slice_day(p->new, i);
        g_array_append_val(days, day);
    }
    g_array_sort(days, by_day);
    for (guint i = 0; i < days->len; i++) {
        const gint32 day = g_array_index(days, gint32, i);
        guint at[POLICY_N_ATTRIBUTES];
        struct policy_request old = {.day = day}, new = {.day = day};
        if (i == 0 || day != g_array_index(days, gint32, i - 1))
            compare_on(p, day, 0, at, &old, &new);
    }
}

static char *list_words(const struct pair *p, const struct change *c, guint a) {
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < p->words[a]->len; i++) {
        const char *word = g_array_index(p->words[a], struct both, i).word;
        if (g_hash_table_contains(c->words[a], word))
            g_string_append_printf(text, "%s%s", text->len ? ", " : "", word);
    }
    return g_string_free(text, FALSE);
}

static void print_change(const struct pair *p, const struct change *c, const struct cli *cli) {
    g_ptr_array_add(c->days, NULL);
    g_autofree char *days = g_strjoinv(", ", (char **)c->days->pdata);
    const char *was = c->was_permitted ? "permit" : "deny", *is = c->is_permitted ? "permit" : "deny";
    if (cli->json) {
        json_t *words = json_object();
        for (guint a = 0; a < POLICY_N_ATTRIBUTES; a++) {
            g_autofree char *list = list_words(p, c, a);
            json_object_set_new(words, policy_word_kind_name(a), json_string(list));
        }
        cli_json_line(json_pack("{s:s, s:s, s:s, s:s, s:I, s:o, s:s}", "was", was, "is", is, "was_rule",
                                c->was_rule, "is_rule", c->is_rule, "requests", (json_int_t)c->n,
                                "words", words, "from", days));
        return;
    }
    printf("%s → %s   %" G_GUINT64_FORMAT " requests: was decided by %s, is by %s\n", was, is, c->n,
           c->was_rule, c->is_rule);
    if (c->was_permitted)
        printf("    fields were    %s\n", c->was_fields);
    if (c->is_permitted)
        printf("    fields are     %s\n", c->is_fields);
    for (guint a = 0; a < POLICY_N_ATTRIBUTES; a++) {
        g_autofree char *list = list_words(p, c, a);
        if (g_hash_table_size(c->words[a]) == p->words[a]->len)
            printf("    %-14s any\n", policy_word_kind_name(a));
        else
            printf("    %-14s %s\n", policy_word_kind_name(a), list);
    }
    printf("    in spans from  %s\n\n", days);
}

static gint by_gravity(gconstpointer a, gconstpointer b) {
    const struct change *x = a, *y = b;
    if (x->is_permitted != y->is_permitted)
        return y->is_permitted - x->is_permitted; /* what is now told comes first */
    return strcmp(x->key, y->key);
}

int policy_diff(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    gint32 day;
    struct policy_choice c = {NULL};
    if (!cli_parse(cli, "policy diff A B",
                   "Every decision that differs between two policies, summarised.",
                   "A and B are shipped profiles or folders. What B permits and A denied comes first. "
                   "Words of one\npolicy only are `unknown` to the other. Exit status 1 when anything "
                   "differs, 0 when nothing does.",
                   NULL, &argc, &argv, 2, 2, &status))
        return status;
    struct pair p = {.changes = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, change_free)};
    if ((p.old = policy_choose(cli, &c, argv[1], &day, &status)) != NULL &&
        (p.new = policy_choose(cli, &c, argv[2], &day, &status)) != NULL) {
        for (guint a = 0; a < POLICY_N_ATTRIBUTES; a++)
            gather_words(&p, a);
        compare(&p);
        GList *changes = g_list_sort(g_hash_table_get_values(p.changes), by_gravity);
        for (GList *l = changes; l; l = l->next)
            print_change(&p, l->data, cli);
        g_list_free(changes);
        if (!cli->json)
            printf("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " decisions differ.\n", p.n_changed,
                   p.n_points);
        for (guint a = 0; a < POLICY_N_ATTRIBUTES; a++)
            g_array_unref(p.words[a]);
        status = p.n_changed ? EXIT_FAILED : EXIT_OK;
    }
    g_hash_table_unref(p.changes);
    policy_free(p.old);
    policy_free(p.new);
    return status;
}
