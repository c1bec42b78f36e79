/* YAML text to words, rules, guarantees and parties, every word resolved. docs/policy-language.md
 * describes the four kinds of file. */
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/seal.h"
#include "base/yaml.h"
#include "policy/policy_private.h"

/* ── The documents as libcyaml sees them ───────────────────────────────────────────────────────── */

struct yaml_word {
    char *word, *means;
    bool one_case;
};
struct yaml_vocabulary {
    struct yaml_word *list[POLICY_N_WORD_KINDS];
    unsigned count[POLICY_N_WORD_KINDS];
};
struct yaml_condition {
    char **list[POLICY_N_ATTRIBUTES];
    unsigned count[POLICY_N_ATTRIBUTES];
};
struct yaml_rule {
    char *permit, *forbid, *cite, *note, *from, *until;
    struct yaml_condition *when, *except;
    char **fields, **oblige;
    unsigned fields_count, oblige_count;
};
struct yaml_rules {
    char *title, *extends;
    struct yaml_rule *rules;
    unsigned rules_count;
};
struct yaml_guarantee {
    char *never, *always, *always_oblige, *promise, *cite, *from, *until;
    struct yaml_condition *when, *except, *unless;
    unsigned unless_count;
    char **fields, **oblige;
    unsigned fields_count, oblige_count;
};
struct yaml_guarantees {
    struct yaml_guarantee *guarantees;
    unsigned guarantees_count;
};
struct yaml_edge {
    char *to, *basis, *document, *from, *until;
    char **data;
    unsigned data_count;
};
struct yaml_party {
    char *id, *class, *contract;
    char **uses;
    unsigned uses_count;
    struct yaml_edge *edges;
    unsigned edges_count;
};
struct yaml_recipients {
    struct yaml_party *recipients;
    unsigned recipients_count;
};

#define TEXT(key, type, member)                                                                        \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER, struct type, member, 1, 2000)
#define OPTIONAL_TEXT(key, type, member)                                                               \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct type, member, 0, 2000)
#define OPTIONAL_ID(key, type, member)                                                                 \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct type, member, 1, 2000)
#define LIST(key, type, member, entry)                                                                 \
    CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct type, member, entry, 0, \
                         512)
#define MAP(key, type, member, fields)                                                                 \
    CYAML_FIELD_MAPPING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct type, member, fields)
#define LIST_OF(key_, struct_, i, entry_)                                                              \
    {                                                                                                  \
        .key = key_,                                                                                   \
        .value = {.type = CYAML_SEQUENCE,                                                              \
                  .flags = CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,                                   \
                  .data_size = sizeof(*((struct struct_ *)NULL)->list[0]),                             \
                  .sequence = {.entry = entry_, .min = 1, .max = 512}},                                \
        .data_offset = offsetof(struct struct_, list[i]),                                              \
        .count_offset = offsetof(struct struct_, count[i]), .count_size = sizeof(unsigned)             \
    }

static const cyaml_schema_value_t text_entry = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, 100)};

static const cyaml_schema_field_t word_fields[] = {
    TEXT("word", yaml_word, word), OPTIONAL_TEXT("means", yaml_word, means),
    CYAML_FIELD_BOOL("one_case", CYAML_FLAG_OPTIONAL, struct yaml_word, one_case), CYAML_FIELD_END};
static const cyaml_schema_value_t word_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct yaml_word, word_fields)};

static const cyaml_schema_field_t vocabulary_fields[] = {
#define X(name, word, table, most, help) LIST_OF(word, yaml_vocabulary, POLICY_##name, &word_entry),
    POLICY_ATTRIBUTES(X)
#undef X
        LIST_OF("field", yaml_vocabulary, POLICY_FIELD, &word_entry),
    LIST_OF("obligation", yaml_vocabulary, POLICY_OBLIGATION, &word_entry), CYAML_FIELD_END};

static const cyaml_schema_field_t condition_fields[] = {
#define X(name, word, table, most, help) LIST_OF(word, yaml_condition, POLICY_##name, &text_entry),
    POLICY_ATTRIBUTES(X)
#undef X
        CYAML_FIELD_END};
static const cyaml_schema_value_t condition_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct yaml_condition, condition_fields)};

static const cyaml_schema_field_t rule_fields[] = {OPTIONAL_ID("permit", yaml_rule, permit),
                                                   OPTIONAL_ID("forbid", yaml_rule, forbid),
                                                   TEXT("cite", yaml_rule, cite),
                                                   OPTIONAL_TEXT("note", yaml_rule, note),
                                                   OPTIONAL_TEXT("from", yaml_rule, from),
                                                   OPTIONAL_TEXT("until", yaml_rule, until),
                                                   MAP("when", yaml_rule, when, condition_fields),
                                                   MAP("not", yaml_rule, except, condition_fields),
                                                   LIST("fields", yaml_rule, fields, &text_entry),
                                                   LIST("oblige", yaml_rule, oblige, &text_entry),
                                                   CYAML_FIELD_END};
static const cyaml_schema_value_t rule_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct yaml_rule, rule_fields)};
static const cyaml_schema_field_t rules_fields[] = {
    OPTIONAL_TEXT("title", yaml_rules, title), OPTIONAL_TEXT("extends", yaml_rules, extends),
    LIST("rules", yaml_rules, rules, &rule_entry), CYAML_FIELD_END};

static const cyaml_schema_field_t guarantee_fields[] = {
    OPTIONAL_ID("never", yaml_guarantee, never),
    OPTIONAL_ID("always", yaml_guarantee, always),
    OPTIONAL_ID("always_oblige", yaml_guarantee, always_oblige),
    TEXT("promise", yaml_guarantee, promise),
    OPTIONAL_TEXT("cite", yaml_guarantee, cite),
    OPTIONAL_TEXT("from", yaml_guarantee, from),
    OPTIONAL_TEXT("until", yaml_guarantee, until),
    MAP("when", yaml_guarantee, when, condition_fields),
    MAP("not", yaml_guarantee, except, condition_fields),
    LIST("unless", yaml_guarantee, unless, &condition_entry),
    LIST("fields", yaml_guarantee, fields, &text_entry),
    LIST("oblige", yaml_guarantee, oblige, &text_entry),
    CYAML_FIELD_END};
static const cyaml_schema_value_t guarantee_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct yaml_guarantee, guarantee_fields)};
static const cyaml_schema_field_t guarantees_fields[] = {
    LIST("guarantees", yaml_guarantees, guarantees, &guarantee_entry), CYAML_FIELD_END};

static const cyaml_schema_field_t edge_fields[] = {TEXT("to", yaml_edge, to),
                                                   TEXT("basis", yaml_edge, basis),
                                                   TEXT("document", yaml_edge, document),
                                                   OPTIONAL_TEXT("from", yaml_edge, from),
                                                   OPTIONAL_TEXT("until", yaml_edge, until),
                                                   LIST("data", yaml_edge, data, &text_entry),
                                                   CYAML_FIELD_END};
static const cyaml_schema_value_t edge_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct yaml_edge, edge_fields)};
static const cyaml_schema_field_t party_fields[] = {TEXT("id", yaml_party, id),
                                                    TEXT("class", yaml_party, class),
                                                    OPTIONAL_TEXT("contract", yaml_party, contract),
                                                    LIST("uses", yaml_party, uses, &text_entry),
                                                    LIST("may_pass_to", yaml_party, edges, &edge_entry),
                                                    CYAML_FIELD_END};
static const cyaml_schema_value_t party_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct yaml_party, party_fields)};
static const cyaml_schema_field_t recipients_fields[] = {
    LIST("recipients", yaml_recipients, recipients, &party_entry), CYAML_FIELD_END};

#define SCHEMA(type, fields) CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct type, fields)
static const cyaml_schema_value_t schemas[] = {
    [POLICY_VOCABULARY] = {SCHEMA(yaml_vocabulary, vocabulary_fields)},
    [POLICY_RULES] = {SCHEMA(yaml_rules, rules_fields)},
    [POLICY_GUARANTEES] = {SCHEMA(yaml_guarantees, guarantees_fields)},
    [POLICY_RECIPIENTS] = {SCHEMA(yaml_recipients, recipients_fields)}};

/* ── Words ─────────────────────────────────────────────────────────────────────────────────────── */

static const char *const kind_names[POLICY_N_WORD_KINDS] = {
#define X(name, word, table, most, help) word,
    POLICY_ATTRIBUTES(X)
#undef X
        "field",
    "obligation"};
static const guint most_words[POLICY_N_WORD_KINDS] = {
#define X(name, word, table, most, help) most,
    POLICY_ATTRIBUTES(X)
#undef X
        32,
    32};
#define X(name, word, table, most, help)                                                               \
    G_STATIC_ASSERT((most) <= (POLICY_##name == POLICY_FLAG ? POLICY_MAX_FLAGS : POLICY_MAX_WORDS));
POLICY_ATTRIBUTES(X)
#undef X

const char *policy_word_kind_name(enum policy_word_kind kind) {
    return kind_names[kind];
}

static const struct word *word_at(const struct policy *policy, enum policy_word_kind kind, guint i) {
    return &g_array_index(policy->words[kind], struct word, i);
}

guint policy_n_words(const struct policy *policy, enum policy_word_kind kind) {
    return policy->words[kind]->len;
}

const char *policy_word(const struct policy *policy, enum policy_word_kind kind, guint index) {
    return word_at(policy, kind, index)->word;
}

const char *policy_word_means(const struct policy *policy, enum policy_word_kind kind, guint index) {
    return word_at(policy, kind, index)->means;
}

/* Neither case nor hyphens make another word: nobody gets past a promise by a look-alike. */
static gboolean same_word(const char *a, const char *b) {
    for (; *a && *b; a++, b++)
        if ((*a == '-' ? '_' : g_ascii_tolower(*a)) != (*b == '-' ? '_' : g_ascii_tolower(*b)))
            return FALSE;
    return *a == *b;
}

guint policy_find_word(const struct policy *policy, enum policy_word_kind kind, const char *word) {
    for (guint i = 0; i < policy->words[kind]->len; i++)
        if (same_word(word_at(policy, kind, i)->word, word))
            return i;
    return POLICY_NONE;
}

guint policy_class_of(const struct policy *policy, guint recipient) {
    return recipient < policy->n_classes
               ? recipient
               : g_array_index(policy->parties, struct party, recipient - policy->n_classes).class;
}

/* The source, about one entry of a list: an error there gives the entry's line. */
static struct base_yaml_source entry(const struct base_yaml_source *source, const char *list,
                                     unsigned i) {
    struct base_yaml_source here = *source;
    here.section = list;
    here.item = i + 1;
    return here;
}

static gboolean add_word(struct policy *policy, const struct base_yaml_source *source,
                         enum policy_word_kind kind, const char *word, const char *means,
                         GError **error) {
    if (policy_find_word(policy, kind, word) != POLICY_NONE)
        return base_yaml_wrong(source, word, error, "the %s \"%s\" is declared twice", kind_names[kind],
                               word);
    if (policy->words[kind]->len == most_words[kind])
        return base_yaml_wrong(source, word, error, "there are more than %u words for %s",
                               most_words[kind], kind_names[kind]);
    for (const char *p = word; *p; p++)
        if (!g_ascii_isalnum(*p) && *p != '_' && *p != '-' && *p != '.')
            return base_yaml_wrong(source, word, error,
                                   "\"%s\": a word is letters, digits, _, - and . only", word);
    const struct word added = {.word = g_strdup(word), .means = g_strdup(means ? means : "")};
    g_array_append_val(policy->words[kind], added);
    return TRUE;
}

static gboolean take_vocabulary(struct policy *policy, const struct base_yaml_source *source,
                                const void *document, GError **error) {
    const struct yaml_vocabulary *yaml = document;
    for (guint kind = 0; kind < POLICY_N_WORD_KINDS; kind++)
        for (unsigned i = 0; i < yaml->count[kind]; i++) {
            const struct base_yaml_source here = entry(source, kind_names[kind], i);
            const struct yaml_word *word = &yaml->list[kind][i];
            if (!add_word(policy, &here, kind, word->word, word->means, error))
                return FALSE;
            g_array_index(policy->words[kind], struct word, policy->words[kind]->len - 1).is_one_case =
                word->one_case;
        }
    return TRUE;
}

static gboolean check_vocabulary(const struct policy *policy, const struct base_yaml_source *source,
                                 GError **error) {
    for (guint kind = 0; kind < POLICY_N_WORD_KINDS; kind++) {
        if (policy->words[kind]->len == 0)
            return base_yaml_wrong(source, NULL, error,
                                   "no vocabulary gives words for `%s`; write them in vocabulary.yaml, "
                                   "or extend a profile that has them",
                                   kind_names[kind]);
        if (kind < POLICY_N_ATTRIBUTES && !g_str_equal(word_at(policy, kind, 0)->word, "unknown"))
            return base_yaml_wrong(source, kind_names[kind], error,
                                   "the first word of `%s` must be `unknown`", kind_names[kind]);
    }
    return TRUE;
}

/* The words a file may use where it wrote one that is none. Transfer full. */
static char *list_words(const struct policy *policy, enum policy_word_kind kind) {
    GString *list = g_string_new(NULL);
    for (guint i = 0; i < policy->words[kind]->len; i++)
        g_string_append_printf(list, "%s%s", i ? ", " : "", word_at(policy, kind, i)->word);
    return g_string_free(list, FALSE);
}

static gboolean find(const struct policy *policy, const struct base_yaml_source *source,
                     enum policy_word_kind kind, const char *word, guint *index, GError **error) {
    *index = policy_find_word(policy, kind, word);
    if (*index != POLICY_NONE)
        return TRUE;
    g_autofree char *words = list_words(policy, kind);
    return base_yaml_wrong(source, word, error, "\"%s\" is no %s; there are %s", word, kind_names[kind],
                           words);
}

static gboolean find_set(const struct policy *policy, const struct base_yaml_source *source,
                         enum policy_word_kind kind, char *const *words, unsigned n, guint32 *set,
                         GError **error) {
    *set = 0;
    for (unsigned i = 0; i < n; i++) {
        guint index;
        if (!find(policy, source, kind, words[i], &index, error))
            return FALSE;
        *set |= (guint32)1 << index;
    }
    return TRUE;
}

/* ── Conditions ────────────────────────────────────────────────────────────────────────────────── */

/* A list names these; `named` gets them. A class names its parties too. */
static gboolean name_values(const struct policy *policy, const struct base_yaml_source *source,
                            enum policy_word_kind a, char *const *list, unsigned n, gboolean *named,
                            GError **error) {
    memset(named, 0, POLICY_MAX_WORDS * sizeof *named);
    for (unsigned i = 0; list && i < n; i++) {
        guint index;
        if (!find(policy, source, a, list[i], &index, error))
            return FALSE;
        named[index] = TRUE;
        for (guint r = policy->n_classes; a == POLICY_RECIPIENT && r < policy_n_words(policy, a); r++)
            named[r] |= policy_class_of(policy, r) == index;
    }
    return TRUE;
}

/* How far a condition reaches to `unknown`, which may stand for any word. */
enum reach {
    REACH_NAMED,    /* a permit: only where it names it */
    REACH_UNLISTED, /* an `always`, an `unless`: also where it lists nothing */
    REACH_ALL       /* a forbid, a `never`, an `always_oblige`: everywhere, unless it leaves it out */
};

/* Whether a value satisfies an attribute's lists. Value 0 is `unknown`. */
static gboolean value_holds(const gboolean *in, gboolean has_in, const gboolean *out, gboolean has_out,
                            enum reach reach, guint value) {
    if (has_out && out[value])
        return FALSE;
    if (value == 0 && reach == REACH_ALL)
        return TRUE;
    if (has_in)
        return in[value];
    return value != 0 || reach != REACH_NAMED;
}

/* The same for a set of flags: one of `in` must be set, none of `out`. Flag 0 is `unknown`. */
static gboolean flags_hold(const gboolean *in, gboolean has_in, const gboolean *out, gboolean has_out,
                           enum reach reach, guint set) {
    gboolean is_in = !has_in;
    for (guint i = 0; i < POLICY_MAX_FLAGS; i++) {
        if (!(set >> i & 1))
            continue;
        if (has_out && out[i])
            return FALSE;
        is_in |= has_in && in[i];
    }
    if (set & 1 && reach == REACH_ALL)
        return TRUE;
    return is_in && (!(set & 1) || reach != REACH_NAMED || (has_in && in[0]));
}

static gboolean resolve(const struct policy *policy, const struct base_yaml_source *source,
                        const struct yaml_condition *when, const struct yaml_condition *except,
                        enum reach reach, struct condition *condition, GError **error) {
    static const struct yaml_condition none = {{NULL}, {0}};
    const struct yaml_condition *w = when ? when : &none, *x = except ? except : &none;
    gboolean in[POLICY_MAX_WORDS], out[POLICY_MAX_WORDS];

    memset(condition, 0, sizeof *condition);
    for (guint a = 0; a < POLICY_N_ATTRIBUTES; a++) {
        const gboolean has_in = w->list[a] != NULL, has_out = x->list[a] != NULL;
        if (!name_values(policy, source, a, w->list[a], w->count[a], in, error) ||
            !name_values(policy, source, a, x->list[a], x->count[a], out, error))
            return FALSE;
        const guint n = a == POLICY_FLAG ? 1u << policy_n_words(policy, a) : policy_n_words(policy, a);
        for (guint v = 0; v < n; v++) {
            gboolean holds = a == POLICY_FLAG ? flags_hold(in, has_in, out, has_out, reach, v)
                                              : value_holds(in, has_in, out, has_out, reach, v);
            if (holds)
                condition->holds[a][v / 64] |= (guint64)1 << (v % 64);
        }
    }
    return TRUE;
}

static gboolean condition_is_empty(const struct condition *c) {
    for (guint a = 0; a < POLICY_N_ATTRIBUTES; a++) {
        guint64 any = 0;
        for (guint w = 0; w < POLICY_MAX_WORDS / 64; w++)
            any |= c->holds[a][w];
        if (!any)
            return TRUE;
    }
    return FALSE;
}

static gboolean take_day(const struct base_yaml_source *source, const char *text, gint32 usual,
                         gint32 *day, GError **error) {
    *day = usual;
    if (!text)
        return TRUE;
    guint64 y, m, d;
    g_auto(GStrv) parts = g_strsplit(text, "-", 4);
    if (g_strv_length(parts) != 3 || strlen(parts[0]) != 4 || strlen(parts[1]) != 2 ||
        strlen(parts[2]) != 2 || !g_ascii_string_to_unsigned(parts[0], 10, 1, 9999, &y, NULL) ||
        !g_ascii_string_to_unsigned(parts[1], 10, 1, 12, &m, NULL) ||
        !g_ascii_string_to_unsigned(parts[2], 10, 1, 31, &d, NULL) ||
        !g_date_valid_dmy((GDateDay)d, (GDateMonth)m, (GDateYear)y))
        return base_yaml_wrong(source, text, error, "\"%s\" is no date; write it as 2025-05-23", text);
    GDate date;
    g_date_clear(&date, 1);
    g_date_set_dmy(&date, (GDateDay)d, (GDateMonth)m, (GDateYear)y);
    *day = (gint32)g_date_get_julian(&date);
    return TRUE;
}

static gboolean take_span(const struct base_yaml_source *source, const char *from, const char *until,
                          gint32 *first, gint32 *end, GError **error) {
    if (!take_day(source, from, DAY_FIRST, first, error) ||
        !take_day(source, until, DAY_NEVER, end, error))
        return FALSE;
    return *first < *end ||
           base_yaml_wrong(source, until, error, "it ends (`until: %s`) before it begins (`from: %s`)",
                           until, from ? from : "always");
}

/* ── Rules ─────────────────────────────────────────────────────────────────────────────────────── */

static gboolean has_rule(const struct policy *policy, const char *id) {
    for (guint i = 0; i < policy->rules->len; i++)
        if (g_str_equal(rule_at(policy, i)->id, id))
            return TRUE;
    return FALSE;
}

static gboolean read_rule(struct policy *policy, const struct base_yaml_source *source,
                          const struct yaml_rule *yaml, struct rule *rule, GError **error) {
    const char *id = rule->id;
    struct condition known; /* as written: what only `unknown` can meet is met by nothing */
    if (g_str_equal(id, policy_default_deny) || g_str_equal(id, policy_nothing_left))
        return base_yaml_wrong(source, id, error, "\"%s\" is what the program itself calls a denial",
                               id);
    if (has_rule(policy, id))
        return base_yaml_wrong(source, id, error, "there are two rules \"%s\"", id);
    if (policy->rules->len == POLICY_MAX_RULES)
        return base_yaml_wrong(source, id, error, "there are more than %d rules", POLICY_MAX_RULES);
    if (!find_set(policy, source, POLICY_FIELD, yaml->fields, yaml->fields_count, &rule->fields,
                  error) ||
        !find_set(policy, source, POLICY_OBLIGATION, yaml->oblige, yaml->oblige_count,
                  &rule->obligations, error) ||
        !take_span(source, yaml->from, yaml->until, &rule->from, &rule->until, error) ||
        !resolve(policy, source, yaml->when, yaml->except, rule->is_permit ? REACH_NAMED : REACH_ALL,
                 &rule->when, error))
        return FALSE;
    if (rule->is_permit && !rule->fields)
        return base_yaml_wrong(source, id, error, "the permit \"%s\" discloses no fields; list some",
                               id);
    if (!rule->is_permit && rule->obligations)
        return base_yaml_wrong(source, id, error, "the forbid \"%s\" cannot oblige to anything", id);
    if (!resolve(policy, source, yaml->when, yaml->except, REACH_UNLISTED, &known, error))
        return FALSE;
    if (condition_is_empty(&known))
        return base_yaml_wrong(source, id, error, "no request can meet the conditions of \"%s\"", id);
    return TRUE;
}

static void rule_free(gpointer data) {
    struct rule *rule = data;
    g_free(rule->id);
    g_free(rule->citation);
    g_free(rule->file);
    g_free(rule);
}

static gboolean take_rules(struct policy *policy, const struct base_yaml_source *source,
                           const void *document, GError **error) {
    const struct yaml_rules *yaml = document;
    for (unsigned i = 0; i < yaml->rules_count; i++) {
        const struct yaml_rule *y = &yaml->rules[i];
        const struct base_yaml_source here = entry(source, "rules", i);
        if (!y->permit == !y->forbid)
            return base_yaml_wrong(&here, NULL, error,
                                   "a rule has either `permit: ID` or `forbid: ID`");
        struct rule *rule = g_new0(struct rule, 1);
        rule->is_permit = y->permit != NULL;
        rule->id = g_strdup(y->permit ? y->permit : y->forbid);
        rule->citation = g_strdup(y->cite);
        rule->file = g_strdup(source->name);
        if (!read_rule(policy, &here, y, rule, error)) {
            rule_free(rule);
            return FALSE;
        }
        g_ptr_array_add(policy->rules, rule);
    }
    return TRUE;
}

/* Forbids of everything, forbids of fields, permits; each in the order of the files. */
static guint rank(const struct rule *rule) {
    return rule->is_permit ? 2 : rule->fields ? 1 : 0;
}

static void order_rules(struct policy *policy) {
    GPtrArray *ordered = g_ptr_array_new_with_free_func(rule_free);
    for (guint r = 0; r < 3; r++) {
        for (guint i = 0; i < policy->rules->len; i++)
            if (rank(rule_at(policy, i)) == r)
                g_ptr_array_add(ordered, rule_at(policy, i));
        if (r == 0)
            policy->n_forbids = ordered->len;
        if (r == 1)
            policy->n_limits = ordered->len - policy->n_forbids;
    }
    g_ptr_array_set_free_func(policy->rules, NULL);
    g_ptr_array_unref(policy->rules);
    policy->rules = ordered;
}

/* ── Guarantees ────────────────────────────────────────────────────────────────────────────────── */

static guint n_exceptions(const struct policy *policy) {
    guint n = 0;
    for (guint i = 0; i < policy->guarantees->len; i++)
        n += ((struct guarantee *)policy->guarantees->pdata[i])->unless->len;
    return n;
}

static gboolean covers(const struct condition *wide, const struct condition *narrow) {
    for (guint a = 0; a < POLICY_N_ATTRIBUTES; a++)
        for (guint w = 0; w < POLICY_MAX_WORDS / 64; w++)
            if (narrow->holds[a][w] & ~wide->holds[a][w])
                return FALSE;
    return TRUE;
}

/* Takes the exceptions one after another away from a box of requests; what is left of it are smaller
 * boxes. TRUE when nothing is. */
static gboolean is_swallowed(const struct condition *box, const GArray *unless, guint next) {
    if (condition_is_empty(box))
        return TRUE;
    if (next == unless->len)
        return FALSE;
    const struct condition *x = &g_array_index(unless, struct condition, next);
    if (covers(x, box))
        return TRUE;
    struct condition rest = *box;
    for (guint a = 0; a < POLICY_N_ATTRIBUTES; a++) {
        struct condition outside = rest;
        for (guint w = 0; w < POLICY_MAX_WORDS / 64; w++) {
            outside.holds[a][w] &= ~x->holds[a][w];
            rest.holds[a][w] &= x->holds[a][w];
        }
        if (!is_swallowed(&outside, unless, next + 1))
            return FALSE;
    }
    return TRUE;
}

static gboolean read_guarantee(struct policy *policy, const struct base_yaml_source *source,
                               const struct yaml_guarantee *yaml, struct guarantee *g, GError **error) {
    const char *id = g->id;
    struct condition known; /* as written: a promise about `unknown` alone is none */
    for (guint i = 0; i < policy->guarantees->len; i++)
        if (g_str_equal(((struct guarantee *)policy->guarantees->pdata[i])->id, id))
            return base_yaml_wrong(source, id, error, "there are two guarantees \"%s\"", id);
    if (policy->guarantees->len == POLICY_MAX_GUARANTEES ||
        n_exceptions(policy) + yaml->unless_count > POLICY_MAX_GUARANTEES)
        return base_yaml_wrong(source, id, error, "there are more than %d guarantees or exceptions",
                               POLICY_MAX_GUARANTEES);
    if (!find_set(policy, source, POLICY_FIELD, yaml->fields, yaml->fields_count, &g->fields, error) ||
        !find_set(policy, source, POLICY_OBLIGATION, yaml->oblige, yaml->oblige_count, &g->obligations,
                  error) ||
        !take_span(source, yaml->from, yaml->until, &g->from, &g->until, error) ||
        !resolve(policy, source, yaml->when, yaml->except,
                 g->promise == PROMISE_ALWAYS ? REACH_UNLISTED : REACH_ALL, &g->when, error))
        return FALSE;
    if (g->fields && g->promise == PROMISE_OBLIGE)
        return base_yaml_wrong(source, id, error, "`always_oblige` has no `fields`");
    if (!g->obligations != (g->promise != PROMISE_OBLIGE))
        return base_yaml_wrong(source, id, error,
                               "`oblige` lists what an `always_oblige` guarantee obliges to, and "
                               "belongs to no other");
    for (unsigned i = 0; i < yaml->unless_count; i++) {
        struct condition x;
        if (!resolve(policy, source, &yaml->unless[i], NULL, REACH_UNLISTED, &x, error))
            return FALSE;
        g_array_append_val(g->unless, x);
    }
    if (!resolve(policy, source, yaml->when, yaml->except, REACH_UNLISTED, &known, error))
        return FALSE;
    if (is_swallowed(&known, g->unless, 0))
        return base_yaml_wrong(source, id, error,
                               "the guarantee \"%s\" promises nothing: no request is left for it", id);
    return TRUE;
}

static void guarantee_free(gpointer data) {
    struct guarantee *g = data;
    g_free(g->id);
    g_free(g->words);
    g_free(g->file);
    g_array_unref(g->unless);
    g_free(g);
}

static gboolean take_guarantees(struct policy *policy, const struct base_yaml_source *source,
                                const void *document, GError **error) {
    const struct yaml_guarantees *yaml = document;
    for (unsigned i = 0; i < yaml->guarantees_count; i++) {
        const struct yaml_guarantee *y = &yaml->guarantees[i];
        const struct base_yaml_source here = entry(source, "guarantees", i);
        const char *ids[] = {y->never, y->always, y->always_oblige};
        struct guarantee *g = g_new0(struct guarantee, 1);
        guint n = 0;
        for (guint p = 0; p < G_N_ELEMENTS(ids); p++)
            if (ids[p]) {
                g->promise = p;
                n++;
            }
        g->id = g_strdup(ids[g->promise]);
        g->words = g_strdup(y->promise);
        g->file = g_strdup(source->name);
        g->unless = g_array_new(FALSE, FALSE, sizeof(struct condition));
        if (n != 1)
            base_yaml_wrong(&here, NULL, error,
                            "a guarantee has one of `never: ID`, `always: ID` and `always_oblige: ID`");
        if (n != 1 || !read_guarantee(policy, &here, y, g, error)) {
            guarantee_free(g);
            return FALSE;
        }
        g_ptr_array_add(policy->guarantees, g);
    }
    return TRUE;
}

/* ── Recipients ────────────────────────────────────────────────────────────────────────────────── */

static gboolean take_parties(struct policy *policy, const struct base_yaml_source *source,
                             const void *document, GError **error) {
    const struct yaml_recipients *yaml = document;
    for (unsigned i = 0; i < yaml->recipients_count; i++) {
        const struct yaml_party *y = &yaml->recipients[i];
        const struct base_yaml_source here = entry(source, "recipients", i);
        struct party party;
        guint class;
        if (!find(policy, &here, POLICY_RECIPIENT, y->class, &class, error) ||
            !find_set(policy, &here, POLICY_PURPOSE, y->uses, y->uses_count, &party.uses, error))
            return FALSE;
        if (class == 0)
            return base_yaml_wrong(&here, y->id, error,
                                   "the party \"%s\" is of class `unknown`; say what it is", y->id);
        if (class >= policy->n_classes)
            return base_yaml_wrong(&here, y->class, error,
                                   "\"%s\" is itself a party; a class is one of the vocabulary's "
                                   "recipients",
                                   y->class);
        if (!add_word(policy, &here, POLICY_RECIPIENT, y->id, y->contract, error))
            return FALSE;
        party.class = (guint8) class;
        if (!party.uses)
            party.uses = 1; /* unknown */
        party.contract = g_strdup(y->contract ? y->contract : "");
        g_array_append_val(policy->parties, party);
    }
    return TRUE;
}

/* After all files' parties are known: they may name each other. */
static gboolean take_edges(struct policy *policy, const struct base_yaml_source *source,
                           const void *document, GError **error) {
    const struct yaml_recipients *yaml = document;
    for (unsigned i = 0; i < yaml->recipients_count; i++) {
        const struct yaml_party *p = &yaml->recipients[i];
        const struct base_yaml_source here = entry(source, "recipients", i);
        for (unsigned j = 0; j < p->edges_count; j++) {
            const struct yaml_edge *y = &p->edges[j];
            struct edge edge = {.from_party = policy_find_word(policy, POLICY_RECIPIENT, p->id)};
            guint basis;
            if (!find(policy, &here, POLICY_RECIPIENT, y->to, &edge.to_party, error) ||
                !find(policy, &here, POLICY_BASIS, y->basis, &basis, error) ||
                !find_set(policy, &here, POLICY_DATA, y->data, y->data_count, &edge.data, error) ||
                !take_span(&here, y->from, y->until, &edge.from, &edge.until, error))
                return FALSE;
            if (edge.to_party < policy->n_classes)
                return base_yaml_wrong(&here, y->to, error,
                                       "`to` names a party of a recipients file, not the class \"%s\"",
                                       y->to);
            edge.is_one_case = word_at(policy, POLICY_BASIS, basis)->is_one_case;
            edge.basis = (guint8)(edge.is_one_case ? 0 : basis);
            if (!y->data)
                edge.data = G_MAXUINT32; /* it does not say: everything */
            edge.document = g_strdup(y->document);
            g_array_append_val(policy->edges, edge);
        }
    }
    return TRUE;
}

/* ── The whole ─────────────────────────────────────────────────────────────────────────────────── */

/* What the program does when a rule obliges it to. Another obligation is met by nobody, and denies. */
static const char *const met[] = {"log", "receipt", "second_approver", "one_person"};

/* Classes of people and not of agencies: what is done for an agency's watch is not done for them. */
static const char *const people[] = {"registrant", "subject", "public"};

static void fill_can_meet(struct policy *policy) {
    guint32 all = 0, log = 0;
    for (guint i = 0; i < G_N_ELEMENTS(met); i++) {
        const guint word = policy_find_word(policy, POLICY_OBLIGATION, met[i]);
        const guint32 bit = word == POLICY_NONE ? 0 : (guint32)1 << word;
        all |= bit;
        if (i == 0)
            log = bit;
    }
    for (guint r = 0; r < policy_n_words(policy, POLICY_RECIPIENT); r++)
        policy->can_meet[r] = all;
    for (guint i = 0; i < G_N_ELEMENTS(people); i++) {
        const guint class = policy_find_word(policy, POLICY_RECIPIENT, people[i]);
        for (guint r = 0; class != POLICY_NONE && r < policy_n_words(policy, POLICY_RECIPIENT); r++)
            if (policy_class_of(policy, r) == class)
                policy->can_meet[r] = log;
    }
}

static struct policy *policy_new(void) {
    struct policy *policy = g_new0(struct policy, 1);
    for (guint kind = 0; kind < POLICY_N_WORD_KINDS; kind++)
        policy->words[kind] = g_array_new(FALSE, FALSE, sizeof(struct word));
    policy->rules = g_ptr_array_new_with_free_func(rule_free);
    policy->guarantees = g_ptr_array_new_with_free_func(guarantee_free);
    policy->parties = g_array_new(FALSE, FALSE, sizeof(struct party));
    policy->edges = g_array_new(FALSE, FALSE, sizeof(struct edge));
    policy->slices = g_array_new(FALSE, FALSE, sizeof(struct slice));
    return policy;
}

static void hash_texts(struct policy *policy, const struct policy_text *texts, guint n) {
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    gsize size = POLICY_ID_BYTES;
    for (guint i = 0; i < n; i++) {
        g_autofree char *head =
            g_strdup_printf("%d %" G_GSIZE_FORMAT "\n", (int)texts[i].kind, texts[i].n);
        g_checksum_update(sum, (const guchar *)head, -1);
        g_checksum_update(sum, (const guchar *)texts[i].text, (gssize)texts[i].n);
    }
    g_checksum_get_digest(sum, policy->id, &size);
}

typedef gboolean (*take_fn)(struct policy *, const struct base_yaml_source *, const void *, GError **);

/* One walk over the documents of a kind. */
static gboolean take_all(struct policy *policy, const struct policy_text *texts, void *const *documents,
                         guint n, int kind, take_fn take, GError **error) {
    for (guint i = 0; i < n; i++) {
        const struct base_yaml_source source = {
            .name = texts[i].name, .text = texts[i].text, .n = texts[i].n};
        if ((int)texts[i].kind == kind && !take(policy, &source, documents[i], error))
            return FALSE;
    }
    return TRUE;
}

static gboolean take_documents(struct policy *policy, const struct policy_text *texts,
                               void *const *documents, guint n, GError **error) {
    const struct base_yaml_source first = {
        .name = texts[0].name, .text = texts[0].text, .n = texts[0].n};
    if (!take_all(policy, texts, documents, n, POLICY_VOCABULARY, take_vocabulary, error) ||
        !check_vocabulary(policy, &first, error))
        return FALSE;
    policy->n_classes = policy_n_words(policy, POLICY_RECIPIENT);
    if (!take_all(policy, texts, documents, n, POLICY_RECIPIENTS, take_parties, error) ||
        !take_all(policy, texts, documents, n, POLICY_RECIPIENTS, take_edges, error) ||
        !take_all(policy, texts, documents, n, POLICY_RULES, take_rules, error) ||
        !take_all(policy, texts, documents, n, POLICY_GUARANTEES, take_guarantees, error))
        return FALSE;
    order_rules(policy);
    fill_can_meet(policy);
    return TRUE;
}

struct policy *policy_parse(const struct policy_text *texts, guint n, GError **error) {
    struct policy *policy = policy_new();
    g_autofree void **documents = g_new0(void *, n + 1);
    gboolean ok = n > 0;

    if (!n)
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT, "a policy has at least a file of rules");
    for (guint i = 0; ok && i < n; i++) {
        const struct base_yaml_source source = {.name = texts[i].name,
                                                .text = texts[i].text,
                                                .n = texts[i].n,
                                                .manual = "docs/policy-language.md"};
        documents[i] = base_yaml_load(&source, &schemas[texts[i].kind], error);
        ok = documents[i] != NULL;
    }
    ok = ok && take_documents(policy, texts, documents, n, error) && policy_compile(policy, error);
    for (guint i = 0; i < n; i++)
        base_yaml_free(&schemas[texts[i].kind], documents[i]);
    if (!ok) {
        policy_free(policy);
        return NULL;
    }
    hash_texts(policy, texts, n);
    return policy;
}

char *policy_text_extends(const char *name, const char *text, gsize n, GError **error) {
    const struct base_yaml_source source = {
        .name = name, .text = text, .n = n, .manual = "docs/policy-language.md"};
    struct yaml_rules *yaml = base_yaml_load(&source, &schemas[POLICY_RULES], error);
    if (!yaml)
        return NULL;
    char *extends = g_strdup(yaml->extends ? yaml->extends : "");
    base_yaml_free(&schemas[POLICY_RULES], yaml);
    return extends;
}

const guint8 *policy_id(const struct policy *policy) {
    return policy->id;
}

void policy_free(struct policy *policy) {
    if (!policy)
        return;
    for (guint kind = 0; kind < POLICY_N_WORD_KINDS; kind++) {
        for (guint i = 0; i < policy->words[kind]->len; i++) {
            g_free(word_at(policy, kind, i)->word);
            g_free(word_at(policy, kind, i)->means);
        }
        g_array_unref(policy->words[kind]);
    }
    for (guint i = 0; i < policy->parties->len; i++)
        g_free(g_array_index(policy->parties, struct party, i).contract);
    for (guint i = 0; i < policy->edges->len; i++)
        g_free(g_array_index(policy->edges, struct edge, i).document);
    g_ptr_array_unref(policy->rules);
    g_ptr_array_unref(policy->guarantees);
    g_array_unref(policy->parties);
    g_array_unref(policy->edges);
    policy_slices_free(policy);
    g_free(policy);
}
