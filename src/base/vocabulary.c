#include "base/vocabulary.h"

#include "base/error.h"

static const char *const kind_names[CUSTODY_N_KINDS] = {
    [CUSTODY_BOOKED] = "booked",
    [CUSTODY_RELEASED] = "released",
    [CUSTODY_TRANSFERRED] = "transferred",
    [CUSTODY_ESCAPED] = "escaped",
    [CUSTODY_RECAPTURED] = "recaptured",
    [CUSTODY_DIED] = "died",
    [CUSTODY_TEMPORARY_ABSENCE] = "temporary_absence",
    [CUSTODY_RETURNED] = "returned",
    [CUSTODY_LEFT_ROSTER] = "left_roster",
    [CUSTODY_BACK_ON_ROSTER] = "back_on_roster",
    [CUSTODY_STATUS_CHANGED] = "status_changed",
    [CUSTODY_CORRECTED] = "corrected",
    [CUSTODY_FEED_SILENT] = "feed_silent",
    [CUSTODY_FEED_RESTORED] = "feed_restored",
    [CUSTODY_AS_KNOWN] = "as_known",
};

static const char *const standing_names[STANDING_N] = {"unknown",   "held", "away", "unlisted",
                                                       "elsewhere", "out",  "dead"};

static const char *const assertion_names[ASSERTION_N] = {"reported", "inferred", "corrected"};

static const char *const relation_names[RELATION_N] = {"survivor", "family",  "friend",
                                                       "counsel",  "witness", "other"};

static const char *const language_names[LANGUAGE_N] = {"en", "es"};

static gboolean find(const char *const *names, int n, const char *name, int *index) {
    for (int i = 0; i < n; i++)
        if (g_strcmp0(names[i], name) == 0) {
            *index = i;
            return TRUE;
        }
    return FALSE;
}

#define DEFINE_NAMES(prefix, type, table, n)                                                           \
    const char *prefix##_name(type value) {                                                            \
        g_return_val_if_fail((int)value >= 0 && (int)value < (n), "?");                                \
        return (table)[value];                                                                         \
    }                                                                                                  \
    gboolean prefix##_parse(const char *name, type *value) {                                           \
        int index;                                                                                     \
        if (!find((table), (n), name, &index))                                                         \
            return FALSE;                                                                              \
        *value = (type)index;                                                                          \
        return TRUE;                                                                                   \
    }

DEFINE_NAMES(custody_kind, enum custody_kind, kind_names, CUSTODY_N_KINDS)
DEFINE_NAMES(custody_assertion, enum custody_assertion, assertion_names, ASSERTION_N)
DEFINE_NAMES(watch_relation, enum watch_relation, relation_names, RELATION_N)
DEFINE_NAMES(language, enum language, language_names, LANGUAGE_N)

const char *custody_standing_name(enum custody_standing standing) {
    return standing_names[standing];
}

char *custody_kinds_format(custody_kinds kinds) {
    GString *text = g_string_new(NULL);
    for (int kind = 0; kind < CUSTODY_N_KINDS; kind++)
        if (kinds & KIND_BIT(kind))
            g_string_append_printf(text, "%s%s", text->len ? "," : "", kind_names[kind]);
    return g_string_free(text, FALSE);
}

gboolean custody_kinds_parse(const char *text, custody_kinds *kinds, GError **error) {
    g_auto(GStrv) words = g_strsplit_set(text, ", ", -1);
    custody_kinds set = 0;

    for (char **word = words; *word; word++) {
        enum custody_kind kind;
        if (!**word)
            continue;
        if (!custody_kind_parse(*word, &kind)) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT,
                        "\"%s\" is not a kind of event; the kinds are: %s", *word,
                        "booked released transferred escaped recaptured died temporary_absence "
                        "returned left_roster back_on_roster status_changed corrected feed_silent "
                        "feed_restored");
            return FALSE;
        }
        set |= KIND_BIT(kind);
    }
    if (!set) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT, "name at least one kind of event");
        return FALSE;
    }
    *kinds = set;
    return TRUE;
}
