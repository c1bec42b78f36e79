/* One thing a source said: a roster's row or an event, in our terms, with where it stood.
 *
 * Adapters find the mapped cells; `feed_record_read` gives them meaning. A cell that cannot be read
 * never loses the row: the field stays unknown and a problem is noted. Only a row that does not say
 * whom it is about is unusable. */
#ifndef FEED_RECORD_H
#define FEED_RECORD_H

#include "base/vocabulary.h"
#include "feed/mapping.h"

/* Mapped cells as the source wrote them, by field; NULL where there is none or it is empty. Strings
 * belong to the adapter and live until its next row. */
struct feed_cells {
    guint row; /* in the file: the line it starts on, or the n-th object, from 1 */
    const char *cell[FIELD_N];
    gboolean is_unclear; /* rows of a booking, put together, that tell of different endings */
    guint n_more;        /* rows that were put together with it */
    guint n_torn;        /* … which differ in more than what a charge may */
};

struct feed_record {
    guint row;
    const char *person_key, *booking_key;
    const char *surname, *given, *middle, *suffix; /* "" when unknown */
    const char *state_id;                          /* "" when unknown; never kept as it is */
    gint32 born;                                   /* 19800131; 0 unknown */
    const struct feed_facility *facility;          /* the jail's own when the source does not say */
    gboolean has_facility;                         /* the source says which */
    const char *status;            /* the mapping's words, FEED_ANOTHER_STATUS, or "" unknown */
    guint flags;                   /* enum subject_flag */
    guint known_flags;             /* those that the source tells of */
    gboolean has_unexplained_flag; /* one is taken as set, for want of a value that is known */
    gboolean is_deferred; /* a date lies ahead: the row must be read again, though it stays the same */
    gint64 admitted_at_us;
    gboolean has_action; /* the source reports something that happened */
    enum custody_kind action;
    gboolean is_unclear; /* a code nobody has explained: something ended or changed, not known what */
    gboolean has_left;   /* … but they are no longer there */
    gint64 occurred_at_us, occurred_to_us; /* alike, or the first and last instant of what is known */
    gboolean occurred_on_date;             /* only the day is known */
    const char *event_id, *corrects_event_id;
};

/* Stands in a cell for a character that is none: U+FFFD. */
#define FEED_NO_TEXT "\xef\xbf\xbd"
/* … at the end of one of which the source wrote more. */
#define FEED_CUT FEED_NO_TEXT FEED_NO_TEXT
#define FEED_MOST_CELL_BYTES 4096u
#define FEED_MOST_NUMBER_BYTES 256u
#define FEED_MOST_NAME_BYTES 300u

/* Something wrong with a row. `row` 0: the whole file. */
struct feed_problem {
    guint row;
    char field[20]; /* "" for the row as a whole */
    char reason[240];
    char value[80]; /* the mapped cell's text, cut; never a column that is not mapped */
};

/* Collects problems: called for each. */
typedef void (*feed_problem_fn)(const struct feed_problem *problem, void *context);

void feed_problem_set(struct feed_problem *problem, guint row, const char *field, const char *value,
                      const char *reason, ...) G_GNUC_PRINTF(5, 6);

/* A status that the mapping has no words for. */
#define FEED_ANOTHER_STATUS "another status"

/* Whether the cell of a flag counts as yes: whatever does not surely say no. */
gboolean feed_flag_is_set(const struct feed_mapping *mapping, const char *cell);

/* Gives cells their meaning. Strings in `record` live as long as `cells` and until the next call
 * with the same `scratch`. Dates after `observed_at_us` by more than a day are not believed. FALSE
 * when the row does not say whom it is about. */
gboolean feed_record_read(const struct feed_mapping *mapping, const struct feed_cells *cells,
                          gint64 observed_at_us, GStringChunk *scratch, struct feed_record *record,
                          feed_problem_fn on_problem, void *context);

/* Whether a roster's row says that they left, or might: what it means is read with the rest. */
gboolean feed_record_says_out(const struct feed_mapping *mapping, const struct feed_cells *cells);

/* Whether an event's row says that somebody was booked. */
gboolean feed_record_says_in(const struct feed_mapping *mapping, const struct feed_cells *cells);

/* A digest of every mapped cell under `seed`, the mapping's own: equal digests, nothing to read.
 * Never 0, which stands for a row that must be read again. */
guint64 feed_cells_digest(const struct feed_cells *cells, guint64 seed);

#endif
