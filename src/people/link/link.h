/* Which records tell of one person: a statistical judgement with its reasons.
 *
 * Records are compared field by field; each comparison has a level ("same", "nickname", "one slip" …).
 * A level is worth log2(m / u) bits: how much more often it occurs when two records are one person's
 * than when they are not (I. Fellegi and A. Sunter, "A theory for record linkage", JASA 64, 1969). A
 * value that few people share is worth more than a common one. A field that either record lacks is
 * worth nothing. The bits of all fields and of the prior add up; 0 bits is one to one.
 *
 *   names    every name token once: letters, skeleton, nickname lines, how often as what
 *   rows     a record: name tokens, birth date, suffix, and values by column (codes, keys, texts)
 *   model    bits a field and level, learned from the records themselves: u from random pairs, m by EM
 *            over the patterns of pairs that agree on something
 *   pairs    candidates: rows that share a birth date and a sound, a name, a key, a rare text
 *   groups   best pair first; two groups join while the mean over all their pairs says so */
#ifndef PEOPLE_LINK_LINK_H
#define PEOPLE_LINK_LINK_H

#include <glib.h>

#define LINK_MOST_COLUMNS 16

/* How a column beside the names and the birth date is compared. */
enum link_kind {
    LINK_CODE, /* same or not: sex, facility */
    LINK_KEY,  /* a number of one's own: state id. Kept as a keyed hash only */
    LINK_TEXT  /* words that may be misspelled: a street, a suburb */
};

struct link_column {
    const char *name;
    enum link_kind kind;
};

/* A record as it comes; NULL or "" and 0 are what is not known. Borrowed for the call. */
struct link_record {
    const char *surname, *given, *middle, *suffix;
    guint year, month, day; /* month and day 0: the year alone is known */
    const char *values[LINK_MOST_COLUMNS];
};

struct link_set;
/* The columns' names are borrowed for the set's life. */
struct link_set *link_set_new(const struct link_column *columns, guint n_columns);
void link_set_free(struct link_set *set);
/* Rows count from 0 in the order in which they are added. */
void link_set_add(struct link_set *set, const struct link_record *record);
guint32 link_set_size(const struct link_set *set);

/* Whether one of two given names is short for the other, and no full name itself: BOB and ROBERT, not
 * DANIEL and DANIELLE. */
gboolean link_is_short_for(const struct link_set *set, const char *given, const char *other);

/* Learns what agreement is worth from the set's own records. Call once, before anything below. */
void link_set_learn(struct link_set *set);

/* For judging one at a time, always alike: a fixed model for names and birth dates, and rarities from
 * the names counted so far. Of columns, keys alone count. Call again when many more were counted. */
void link_set_count(struct link_set *set, const struct link_record *record); /* adds no row */
void link_set_fix(struct link_set *set);
/* Forgets the rows; what was counted and learned stays. */
void link_set_clear(struct link_set *set);

/* The fields of a comparison; a column's is LINK_FIELD_COLUMNS + its number. The first two are compared
 * last: they cost most. */
enum link_field {
    LINK_FIELD_GIVEN,
    LINK_FIELD_MIDDLE,
    LINK_FIELD_SURNAME,
    LINK_FIELD_SUFFIX,
    LINK_FIELD_BORN,
    LINK_FIELD_COLUMNS
};
#define LINK_MOST_FIELDS (LINK_FIELD_COLUMNS + LINK_MOST_COLUMNS)

/* What a field's level comes to, for whoever decides by it. */
enum link_agreement { LINK_UNKNOWN, LINK_SAME, LINK_LIKE, LINK_ANOTHER };

struct link_evidence {
    const char *field, *level; /* in words, static, for people to read: "given name", "nickname" */
    enum link_agreement agreement;
    double bits;
};

/* The bits for "one person", the prior counted. `evidence` (may be NULL) has a place for each field, by
 * its number, and gets them all. */
double link_compare(const struct link_set *set, guint32 a, guint32 b, struct link_evidence *evidence,
                    guint *n_evidence);
double link_prior(const struct link_set *set);

enum link_band { LINK_NONE, LINK_POSSIBLE, LINK_SURE };
const char *link_band_name(enum link_band band);

struct link_options {
    double sure, possible; /* bits: from where on a link is automatic; from where on it is one at all */
    void (*progress)(double part, void *context);
    void *context;
};
extern const struct link_options link_default_options;

/* What became of a row. */
struct link_outcome {
    guint32 person; /* the least row of its group */
    guint8 band;    /* enum link_band */
    float bits;     /* of the link that holds it in its group; of its best one where it stands alone, or
                       -INFINITY where nothing is like it */
};

/* Groups all rows; `outcomes` has a place for each. */
void link_set_group(const struct link_set *set, const struct link_options *options,
                    struct link_outcome *outcomes);

#endif
