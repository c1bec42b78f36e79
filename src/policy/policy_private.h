/* What the files of this folder share: a policy as read, and as compiled. See policy.h. */
#ifndef POLICY_POLICY_PRIVATE_H
#define POLICY_POLICY_PRIVATE_H

#include "policy/policy.h"

#define POLICY_MAX_WORDS 256 /* of a kind; a request carries them in a byte */
#define POLICY_MAX_FLAGS 6   /* with `unknown` */
#define POLICY_MAX_RULES 512
#define POLICY_MAX_GUARANTEES 64 /* and as many exceptions: one bit each */
#define RULE_WORDS (POLICY_MAX_RULES / 64)
#define DAY_FIRST 1 /* Julian days; a rule without `from` is as old as that */
#define DAY_NEVER G_MAXINT32

/* How decisions that no rule makes are named. */
extern const char policy_default_deny[], policy_nothing_left[];

struct word {
    char *word, *means;
    gboolean is_one_case; /* a basis: process about one case, on which no standing agreement rests */
};

/* A condition: for each attribute the set of values for which it holds. */
struct condition {
    guint64 holds[POLICY_N_ATTRIBUTES][POLICY_MAX_WORDS / 64];
};

struct rule {
    char *id, *citation, *file;
    gboolean is_permit;
    gint32 from, until; /* Julian days, [from, until) */
    struct condition when;
    guint32 fields, obligations;
};

enum promise { PROMISE_NEVER, PROMISE_ALWAYS, PROMISE_OBLIGE };

struct guarantee {
    char *id, *words, *file;
    enum promise promise;
    gint32 from, until;
    struct condition when;
    GArray *unless;              /* struct condition */
    guint32 fields, obligations; /* never: these fields; oblige: these obligations */
};

/* Leave to pass data on. */
struct edge {
    guint from_party, to_party; /* recipients */
    guint8 basis;
    guint32 data; /* bit i: word i of POLICY_DATA */
    gint32 from, until;
    char *document;
    gboolean is_one_case; /* it rested on process of one case; `basis` is unknown for it */
};

struct party {
    guint8 class;
    guint32 uses; /* bit i: purposes for which it uses what it gets */
    char *contract;
};

/* One who may get the data in the end, as a chain of agreements allows. */
struct hop {
    guint edge;    /* the last step */
    guint earlier; /* the hop before it; POLICY_NONE: the asked recipient's own edge */
};

/* What the hops after a recipient leave of a disclosure. */
struct downstream {
    guint32 hop;   /* the first that is denied; POLICY_NONE */
    guint32 rule;  /* that denies it … */
    guint32 unmet; /* … or the obligation of it that nobody can meet; POLICY_NONE */
    guint32 fields, obligations;
    gboolean is_nothing_left;
};

/* Attributes are taken together in tables, a row for each combination of their values. */
enum table { TABLE_WHO, TABLE_WHAT, TABLE_WHERE, N_TABLES };
static const guint8 table_of[POLICY_N_ATTRIBUTES] = {
#define X(name, word, table, most, help) TABLE_##table,
    POLICY_ATTRIBUTES(X)
#undef X
};

/* One span of dates in which nothing begins or ends. Rules are bits, in the order of policy->rules:
 * forbids, then forbids of single fields, then permits. A decision is a row of each table and their
 * conjunction. */
struct slice {
    gint32 day;
    guint64 *rules[N_TABLES];      /* [row][words] */
    GArray *hops;                  /* struct hop */
    struct downstream *downstream; /* [recipient][data][row of TABLE_WHERE] */
};

struct policy {
    guint8 id[POLICY_ID_BYTES];
    GArray *words[POLICY_N_WORD_KINDS]; /* struct word */
    guint n_classes;
    GPtrArray *rules;                    /* struct rule, ordered as above */
    GPtrArray *guarantees;               /* struct guarantee */
    GArray *parties;                     /* struct party; recipient n_classes + i */
    GArray *edges;                       /* struct edge */
    guint n_forbids, n_limits;           /* the first forbid everything, the next forbid fields */
    guint n_words;                       /* 64-bit words that hold all rules */
    guint n_values[POLICY_N_ATTRIBUTES]; /* of the flags: sets */
    guint n_rows[N_TABLES];
    guint32 can_meet[POLICY_MAX_WORDS]; /* obligations, by recipient */
    GArray *slices;                     /* struct slice */
};

static inline struct rule *rule_at(const struct policy *policy, guint i) {
    return policy->rules->pdata[i];
}

static inline struct slice *slice_at(const struct policy *policy, guint i) {
    return &g_array_index(policy->slices, struct slice, i);
}

static inline gboolean condition_holds(const struct condition *c, enum policy_word_kind attribute,
                                       guint value) {
    return (c->holds[attribute][value / 64] >> (value % 64)) & 1;
}

/* Where a request's values stand in a table … */
static inline guint row_of(const struct policy *policy, enum table table, const guint8 *value) {
    guint row = 0;
#define X(name, word, its_table, most, help)                                                           \
    if (TABLE_##its_table == table)                                                                    \
        row = row * policy->n_values[POLICY_##name] + value[POLICY_##name];
    POLICY_ATTRIBUTES(X)
#undef X
    return row;
}

/* … and the values at a row. */
static inline void values_at(const struct policy *policy, enum table table, guint row, guint8 *value) {
    for (guint a = POLICY_N_ATTRIBUTES; a-- > 0;)
        if (table_of[a] == table) {
            value[a] = (guint8)(row % policy->n_values[a]);
            row /= policy->n_values[a];
        }
}

/* Whether a condition holds for a row of a table, as far as that table's attributes go. */
static inline gboolean condition_holds_in(const struct condition *c, enum table table,
                                          const guint8 *value) {
    for (guint a = 0; a < POLICY_N_ATTRIBUTES; a++)
        if (table_of[a] == table && !condition_holds(c, a, value[a]))
            return FALSE;
    return TRUE;
}

/* What the hops after a recipient leave of its data, at a row of TABLE_WHERE. */
static inline guint downstream_of(const struct policy *policy, guint recipient, guint data, guint row) {
    return (recipient * policy->n_values[POLICY_DATA] + data) * policy->n_rows[TABLE_WHERE] + row;
}

static inline gboolean condition_holds_at(const struct condition *c, const guint8 *value) {
    for (guint a = 0; a < POLICY_N_ATTRIBUTES; a++)
        if (!condition_holds(c, a, value[a]))
            return FALSE;
    return TRUE;
}

/* document.c: what a rules file extends, "" for nothing; NULL with an error. Transfer full. */
char *policy_text_extends(const char *name, const char *text, gsize n, GError **error);

/* compile.c: fills slices, tables and downstream from the rest. FALSE with an error when there would be
 * too much of them. */
gboolean policy_compile(struct policy *policy, GError **error);
void policy_slices_free(struct policy *policy);

/* decide.c: the slice of a day; and a decision on the request alone, without the hops. */
guint policy_slice_of(const struct policy *policy, gint32 day);
void policy_decide_directly(const struct policy *policy, const struct slice *slice, const guint8 *value,
                            struct policy_decision *decision);
void policy_decide_in(const struct policy *policy, const struct slice *slice, const guint8 *value,
                      struct policy_decision *decision);

#endif
