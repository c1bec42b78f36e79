/* The closed sets that every module speaks, and their names on the wire.
 *
 * Kinds of custody event, how an event is known, who asks, in which language: each is one enum with
 * one table of names, so that a word is spelled in one place. Names are stable: they stand in the
 * database, in JSON and in ledgers. A value outside its set is never guessed at: `*_parse` says no. */
#ifndef BASE_VOCABULARY_H
#define BASE_VOCABULARY_H

#include <glib.h>

/* What happened to a person's custody, or to the feed that tells of it. */
enum custody_kind {
    CUSTODY_BOOKED,
    CUSTODY_RELEASED,
    CUSTODY_TRANSFERRED,
    CUSTODY_ESCAPED,
    CUSTODY_RECAPTURED,
    CUSTODY_DIED,
    CUSTODY_TEMPORARY_ABSENCE, /* court, hospital: still in custody, not in the building */
    CUSTODY_RETURNED,          /* from a temporary absence */
    CUSTODY_LEFT_ROSTER,       /* the list no longer shows the person; why is not known */
    CUSTODY_BACK_ON_ROSTER,    /* the list shows the same booking again: the leaving was not one */
    CUSTODY_STATUS_CHANGED,
    CUSTODY_CORRECTED, /* the source took an earlier statement back */
    CUSTODY_FEED_SILENT,
    CUSTODY_FEED_RESTORED,
    CUSTODY_AS_KNOWN, /* nothing happened: what is believed is told, as to who signs up */
    CUSTODY_N_KINDS
};

/* Where a person is believed to be. Kept as these numbers. */
enum custody_standing {
    STANDING_UNKNOWN,
    STANDING_HELD,
    STANDING_AWAY,      /* a temporary absence */
    STANDING_GONE,      /* no list shows them any more, and nobody said why */
    STANDING_ELSEWHERE, /* moved away */
    STANDING_OUT,       /* released, escaped */
    STANDING_DEAD,
    STANDING_N
};

/* How an event is known. Never shown as a code: every message puts it in words. */
enum custody_assertion {
    ASSERTION_REPORTED, /* the source said so */
    ASSERTION_INFERRED, /* we conclude it from what the source no longer says */
    ASSERTION_CORRECTED /* it takes an earlier event back */,
    ASSERTION_N
};

/* Who the registered person is to the person in custody. */
enum watch_relation {
    RELATION_SURVIVOR,
    RELATION_FAMILY,
    RELATION_FRIEND,
    RELATION_COUNSEL,
    RELATION_WITNESS,
    RELATION_OTHER,
    RELATION_N
};

enum language { LANGUAGE_EN, LANGUAGE_ES, LANGUAGE_N };

/* Attributes of a person in custody that limit every disclosure. */
enum subject_flag { SUBJECT_SEALED = 1 << 0, SUBJECT_JUVENILE = 1 << 1, SUBJECT_PROTECTED = 1 << 2 };

const char *custody_kind_name(enum custody_kind kind);
gboolean custody_kind_parse(const char *name, enum custody_kind *kind);

const char *custody_standing_name(enum custody_standing standing);

const char *custody_assertion_name(enum custody_assertion assertion);
gboolean custody_assertion_parse(const char *name, enum custody_assertion *assertion);

const char *watch_relation_name(enum watch_relation relation);
gboolean watch_relation_parse(const char *name, enum watch_relation *relation);

const char *language_name(enum language language);
gboolean language_parse(const char *name, enum language *language);

/* Sets of kinds, one bit each: `released,died` and back. `custody_kinds_parse` refuses an unknown
 * word, naming it. */
typedef guint32 custody_kinds;
#define KIND_BIT(kind) ((custody_kinds)1 << (kind))
char *custody_kinds_format(custody_kinds kinds); /* transfer full */
gboolean custody_kinds_parse(const char *text, custody_kinds *kinds, GError **error);

/* The kinds after which the person is no longer held. */
#define KINDS_OUT                                                                                      \
    (KIND_BIT(CUSTODY_RELEASED) | KIND_BIT(CUSTODY_ESCAPED) | KIND_BIT(CUSTODY_DIED) |                 \
     KIND_BIT(CUSTODY_LEFT_ROSTER))
/* The kinds that say the person is held. */
#define KINDS_HELD                                                                                     \
    (KIND_BIT(CUSTODY_BOOKED) | KIND_BIT(CUSTODY_RECAPTURED) | KIND_BIT(CUSTODY_RETURNED) |            \
     KIND_BIT(CUSTODY_BACK_ON_ROSTER) | KIND_BIT(CUSTODY_TRANSFERRED) |                                \
     KIND_BIT(CUSTODY_TEMPORARY_ABSENCE) | KIND_BIT(CUSTODY_CORRECTED))
#define KINDS_FEED (KIND_BIT(CUSTODY_FEED_SILENT) | KIND_BIT(CUSTODY_FEED_RESTORED))
/* What a registration asks for when it does not say. */
#define KINDS_DEFAULT                                                                                  \
    ((KIND_BIT(CUSTODY_N_KINDS) - 1) & ~KIND_BIT(CUSTODY_STATUS_CHANGED) &                             \
     ~KIND_BIT(CUSTODY_TEMPORARY_ABSENCE) & ~KIND_BIT(CUSTODY_RETURNED) & ~KIND_BIT(CUSTODY_AS_KNOWN))

#endif
