/* Attributes of a disclosure to a decision with its reasons. Pure; deny by default.
 *
 * A policy is four kinds of YAML file (docs/policy-language.md): the vocabulary (closed sets of
 * words), the rules, the guarantees that hold whatever the rules say, and the recipients with whom
 * they may pass data to. Loading resolves every word; what cannot be read is refused with file and
 * line. A loaded policy is immutable and may be used by any number of threads.
 *
 *   document.c   YAML text to resolved rules, guarantees and parties
 *   compile.c    those to bit sets a slice of dates, and the closure over who passes data on
 *   decide.c     one request to a decision
 *   guarantee.c  every point of the domain against every guarantee
 *   profile.c    the policies that are shipped inside the program, and folders of one's own */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include <glib.h>

#define POLICY_ID_BYTES 32
#define POLICY_NONE G_MAXUINT

/* The attributes of a request, a row each: name, word in files and options, the table that rules are
 * looked up in by it (compile.c), how many words there may be, help. Of recipients, classes come first,
 * then the parties of the recipients files; of flags a request carries a set, one bit each. Word 0 of
 * every attribute is `unknown`. */
#define POLICY_ATTRIBUTES(X)                                                                           \
    X(RECIPIENT, "recipient", WHO, 256, "Who asks: a class or a party")                                \
    X(PURPOSE, "purpose", WHO, 32, "What for")                                                         \
    X(BASIS, "basis", WHAT, 64, "On what it rests")                                                    \
    X(DATA, "data", WHAT, 32, "Which class of data")                                                   \
    X(MODE, "mode", WHERE, 16, "lookup, alert, list_match or bulk")                                    \
    X(FLAG, "flag", WHERE, 6, "sealed, juvenile or protected; may be repeated")                        \
    X(JURISDICTION, "jurisdiction", WHERE, 64, "Whose jail (local)")

/* Then the other two kinds of word. */
enum policy_word_kind {
#define X(name, word, table, most, help) POLICY_##name,
    POLICY_ATTRIBUTES(X)
#undef X
        POLICY_N_ATTRIBUTES,
    POLICY_FIELD = POLICY_N_ATTRIBUTES,
    POLICY_OBLIGATION,
    POLICY_N_WORD_KINDS
};

struct policy;

/* ── Loading ── */

/* One file's text. Borrowed during loading only. */
struct policy_text {
    enum { POLICY_VOCABULARY, POLICY_RULES, POLICY_GUARANTEES, POLICY_RECIPIENTS } kind;
    const char *name; /* for messages */
    const char *text;
    gsize n;
};

/* Loads texts in order, those of a base policy before those that extend it. NULL with an error that
 * names file and line. Transfer full. Guarantees are not checked here: see policy_check. */
struct policy *policy_parse(const struct policy_text *texts, guint n, GError **error);

/* A folder with rules.yaml and, as needed, vocabulary.yaml, guarantees.yaml and recipients.yaml, and no
 * other YAML; or, where there is none, a shipped profile by that name. `extends: NAME` in its rules
 * takes a shipped profile or a folder beside it as a base. `recipients_path` (may be NULL) is one more
 * recipients file. */
struct policy *policy_load(const char *profile_or_folder, const char *recipients_path, GError **error);
/* The shipped profile, whatever folders there are. */
struct policy *policy_load_shipped(const char *profile, const char *recipients_path, GError **error);

void policy_free(struct policy *policy);

/* The names of the shipped profiles, NULL-terminated. Static. */
const char *const *policy_profiles(void);

/* SHA-256 over every text with its kind and length: what a ledger entry names the policy by. */
const guint8 *policy_id(const struct policy *policy);

/* ── Words ── */

guint policy_n_words(const struct policy *policy, enum policy_word_kind kind);
const char *policy_word(const struct policy *policy, enum policy_word_kind kind, guint index);
const char *policy_word_means(const struct policy *policy, enum policy_word_kind kind, guint index);
const char *policy_word_kind_name(enum policy_word_kind kind);
/* POLICY_NONE when there is no such word. A hyphen is as good as an underscore. */
guint policy_find_word(const struct policy *policy, enum policy_word_kind kind, const char *word);
/* The class of a recipient, itself a recipient; of a class, the class. */
guint policy_class_of(const struct policy *policy, guint recipient);

/* ── Deciding ── */

struct policy_request {
    guint8 value[POLICY_N_ATTRIBUTES]; /* indexes of words; POLICY_FLAG: a set of bits */
    gint32 day;                        /* GDate's Julian day, at the jail */
};

struct policy_decision {
    gboolean is_permitted;
    guint32 fields;      /* bit i: word i of POLICY_FIELD; 0 when denied */
    guint32 obligations; /* bit i: word i of POLICY_OBLIGATION */
    guint rule;  /* the deciding rule, of a denied hop the hop's; POLICY_NONE: none permits, or all do
                    and nothing is left */
    guint hop;   /* who it may be passed to that was judged and denied; POLICY_NONE */
    guint unmet; /* the obligation that nobody can meet; POLICY_NONE */
    guint party; /* the party for whom a whole class is denied; POLICY_NONE */
    gboolean is_nothing_left; /* each is permitted something, and no field all of them */
};

/* Decides, against the recipient and everyone it may pass the data to. Takes about 20 ns. */
void policy_decide(const struct policy *policy, const struct policy_request *request,
                   struct policy_decision *decision);

/* The same for a disclosure that reaches the recipient through other hands: each hand is judged too,
 * with all it may pass to. `*denied_via` is the hand that is denied, or POLICY_NONE. */
void policy_decide_via(const struct policy *policy, const struct policy_request *request,
                       const guint *via, guint n_via, struct policy_decision *decision,
                       guint *denied_via);

const char *policy_decision_rule(const struct policy *policy, const struct policy_decision *decision);
const char *policy_decision_citation(const struct policy *policy,
                                     const struct policy_decision *decision);
/* "sheriff → association → broker", and the agreement behind the last step; the party for whom a class
 * is denied; "" when the recipient itself is. Transfer full. */
char *policy_decision_path(const struct policy *policy, const struct policy_request *request,
                           const struct policy_decision *decision);

/* ── Rules, for explaining ── */

struct policy_rule_view {
    const char *id, *citation, *file;
    gboolean is_permit;
    guint32 fields, obligations; /* of a forbid with fields: those it withholds */
};
guint policy_n_rules(const struct policy *policy);
void policy_rule_view(const struct policy *policy, guint rule, struct policy_rule_view *view);
/* Whether the rule's conditions and dates hold for the request itself. */
gboolean policy_rule_matches(const struct policy *policy, guint rule,
                             const struct policy_request *request);

/* ── Guarantees ── */

/* A guarantee that is broken, and the smallest request that breaks it. */
struct policy_breach {
    const char *guarantee, *promise, *file;
    struct policy_request request;
    struct policy_decision decision;
    gint32 from, until; /* the span of dates that the request is of, [from, until); 1: since ever,
                           G_MAXINT32: for ever */
    gboolean any[POLICY_N_ATTRIBUTES]; /* every value of it breaks the guarantee alike */
};

struct policy_check {
    guint64 n_points; /* points of the domain × slices of dates, all judged */
    guint n_slices, n_guarantees;
    GArray *breaches; /* struct policy_breach */
    GPtrArray *notes; /* char *: obligations that nobody can meet; agreements on process of one case; no
                         guarantees at all */
};
/* Judges every point of the domain in every slice of dates against every guarantee. TRUE when all
 * hold. Clear `check` afterwards. */
gboolean policy_check(const struct policy *policy, struct policy_check *check);
void policy_check_clear(struct policy_check *check);

/* policy_check as an error that prints the first counterexample, for programs that must not start; a
 * policy without a guarantee is one, too. */
gboolean policy_require(const struct policy *policy, GError **error);

/* The first day of each slice: between two of them no rule, guarantee or agreement begins or ends. */
guint policy_n_slices(const struct policy *policy);
gint32 policy_slice_day(const struct policy *policy, guint slice);

/* "recipient=data_broker purpose=unknown …"; flags joined with +. Transfer full. */
char *policy_request_format(const struct policy *policy, const struct policy_request *request);

#endif
