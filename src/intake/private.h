/* One load under way, shared by load.c (files, records, the transaction), roster.c (lists), preview.c,
 * number.c, push.c, held.c, doubt.c, silence.c, slices.c (some rows at a time) and prepare.c (what a
 * list needs no transaction for). */
#ifndef INTAKE_PRIVATE_H
#define INTAKE_PRIVATE_H

#include "feed/formats/format.h"
#include "intake/load.h"
#include "owe/owe.h"

/* How much was read of each field, the last of whole rows, and how much of that could not be. */
struct load_legible {
    guint n_cells[FIELD_N + 1], n_bad[FIELD_N + 1], first_bad[FIELD_N + 1]; /* the first's row */
    guint n_bad_rows, last_bad_row;
    guint n_flags, first_flag; /* rows of which a flag was taken as set for want of a known value */
    guint n_followed, first_followed; /* rows that were lost and are about somebody who is followed */
    char last_reason[240], why[240];  /* of the last problem; of the first of those rows */
};

/* Some rows of many, taken in a transaction of their own. */
struct load_slice {
    GByteArray *cells; /* of those that could be read (feed_cells_keep) */
    GArray *problems;  /* struct feed_problem: those that could not */
    gboolean is_first, is_last;
};

struct load {
    struct site *site;
    const char *feed_id, *name;
    guint64 mapping_digest;
    guint64 read_digest; /* of the mapping by which its rows were read before the transaction; 0: none
                            were */
    gboolean is_first_file; /* nothing was ever heard of the feed */
    guint n_ahead[PACE_N];  /* endings and arrivals in the rows after this slice */
    guint n_paged_clashes, n_paged_other_people, n_paged_renamed, n_paged_history;
    GBytes *content;          /* the file's bytes; NULL: the roster that is held */
    struct load_slice *slice; /* NULL: all rows are taken at once */
    struct load_prepared
        *prepared; /* of a list, what was found before the transaction; NULL: nothing */
    guint8 digest[32];
    gint64 snapshot_at_us; /* of a roster; else 0 */
    gint64 observed_at_us;
    gboolean time_is_files;  /* nothing but the file's own date says when the list was taken */
    gboolean has_charges;    /* of a list: its bookings stand on several rows, which are put together */
    gboolean is_passed_over; /* it came before */
    gboolean is_accepted;    /* a person decided: the breaker is not asked */
    const char *baseline_by; /* what a person said who makes it the baseline; NULL: it is compared */
    const char *push_key;
    const struct load_options *options;
    struct load_summary *summary;
    struct owe_listing listing;
    char *answer;

    char *held_name;       /* of the list that a person accepted */
    char content_name[65]; /* the digest in hexadecimal */
    struct db *db;         /* from here on: of the transaction */
    struct store_feed feed;
    struct custody_pace pace_before;
    struct feed_mapping *mapping;
    struct store_source source;
    struct owing owing;
    struct custody_source custody;
    GStringChunk *scratch;
    GError *problem_error; /* the store failed while a problem was being kept */
    GPtrArray *untold; /* struct load_untold: what a list made of bookings, until all are known; NULL:
                          told at once */
    GHashTable *expunged;            /* what an order has erased (site/expunged.h); NULL: nothing */
    gboolean knows_zeros, has_zeros; /* some number that is known there begins with one; asked once */
    guint n_unreadable;              /* of the slices before */
    guint n_kept_problems, n_clashes, n_expunged, n_other_people, n_renamed;
    struct load_legible legible;
};

static inline gboolean load_is_roster(const struct load *load) {
    return load->mapping->content == FEED_ROSTER;
}

/* When what comes counts for the feed's pace. */
static inline gint64 load_pace_at(const struct load *load) {
    return load_is_roster(load) ? load->observed_at_us : load->owing.now_at_us;
}

/* What a pass over the rows finds. */
struct load_run {
    struct custody_roster *roster;
    guint n_new, n_changed, n_unreadable;
    guint n_torn;         /* rows of a booking that differ in more than what a charge may */
    gboolean has_charges; /* bookings stand on several rows: they must be put together */
    gboolean is_cut;
};

/* The mapping of a feed, and when it spoke last. Give it back with feed_mapping_free; NULL with an
 * error.
 */
struct feed_mapping *load_mapping(struct site *site, const char *feed_id, gint64 *last_at_us,
                                  guint64 *digest, GError **error);
guint64 load_mapping_digest(const char *yaml);
/* In the transaction: whether the rows were read by the mapping that the feed has. */
gboolean load_check_mapping(const struct load *load, GError **error);

/* Begins in a transaction: the feed, its mapping, who says it; load_end frees them. */
gboolean load_begin(struct load *load, struct db *db, GError **error);
void load_end(struct load *load);
gboolean load_record_source(struct load *load, enum store_source_state state, GError **error);
gboolean load_finish(struct load *load, GError **error);
gboolean load_in_transaction(struct db *db, void *context, GError **error);
void load_again(void *context); /* takes back what a transaction did to the load */

/* Something else than a file that changes what a feed said: fills `load` and runs `work` in a
 * transaction, which begins and ends the load. */
gboolean load_deed(struct site *site, const char *feed_id, struct load *load,
                   struct load_summary *summary,
                   gboolean (*work)(struct db *db, void *context, GError **error), void *context,
                   GError **error);

/* A mapping in place of the feed's, or a feed that is not taken up yet, in a transaction that is taken
 * back. */
gboolean take_up_mapping(struct db *db, const struct site *site, const char *feed, const char *yaml,
                         GError **error);
/* Every row to `options->on_row` as it is understood, in a pass of its own. */
gboolean load_preview(struct load *load, struct feed_mapping *mapping, GError **error);

/* The rows of the file, or of the list that was held. */
struct feed_adapter *load_open_content(struct load *load, GBytes *content, GError **error);
struct feed_adapter *load_open_rows(struct load *load, GError **error);
/* BASE_ERROR_INPUT when no row at all could be read, naming the first. */
gboolean load_check_readable(const struct load *load, const struct load_run *run, GError **error);
/* Every row of the adapter through `take`. */
gboolean load_each_row(struct load *load, struct feed_adapter *adapter, struct load_run *run,
                       gboolean (*take)(struct load *, struct load_run *, const struct feed_cells *,
                                        GError **),
                       GError **error);
/* A row or event that says something new: person, booking, event. */
gboolean load_apply_record(struct load *load, const struct feed_record *record, guint64 digest,
                           gboolean as_listing, GError **error);

/* A booking as it is now (`id` is set when it is new) and what happened to it, told; `event` NULL:
 * nothing did. `prior` NULL: it is new. `roster_feed` NULL leaves the booking's roster as it is. */
gboolean load_save_change(struct load *load, const char *roster_feed,
                          const struct custody_booking *prior, struct custody_booking *next,
                          const struct custody_event *event, GError **error);
/* Whether another booking of theirs holds the person. */
gboolean load_is_held_otherwise(struct load *load, const struct custody_booking *booking,
                                gboolean *is_held, GError **error);
GPtrArray *load_untold_list(void);
/* Tells what was put off: each is told with what is believed after all of it. */
gboolean load_tell_untold(struct load *load, GError **error);

/* A booking that a list says something about, by `change`. */
typedef gboolean (*load_change_fn)(const struct custody_source *source,
                                   const struct custody_booking *prior, struct custody_history *history,
                                   struct custody_booking *next, struct custody_event *event);
gboolean load_change_booking(struct load *load, gint64 booking_id, load_change_fn change,
                             GError **error);

/* Between two lots of rows: BASE_ERROR_BUSY when the site is stopping. */
gboolean load_may_go_on(const struct load *load, GError **error);

/* ── slices.c ── */

/* Takes the rows of events some at a time, each lot a transaction of its own, so that nobody waits for
 * all of them. `take` takes load->slice. What was taken stays when a later one fails: the file comes
 * again, and says nothing twice. */
gboolean load_in_slices(struct load *load, struct feed_mapping *mapping,
                        gboolean (*take)(struct db *db, void *context, GError **error), GError **error);
/* In a transaction that is not the first, after load_begin: goes on from what those before found. */
gboolean load_go_on(struct load *load, const struct owing *so_far, GError **error);
/* What is found in many rows is paged with the first, for nobody knows whether the program lives to the
 * last, and once more with the last if there was more. */
static inline gboolean load_is_to_page(const struct load *load, guint n, guint *n_paged) {
    const gboolean is_due = n > *n_paged && (!*n_paged || !load->slice || load->slice->is_last);
    *n_paged = is_due ? n : *n_paged;
    return is_due;
}
static inline gboolean load_is_first(const struct load *load) {
    return !load->slice || load->slice->is_first;
}
static inline gboolean load_is_last(const struct load *load) {
    return !load->slice || load->slice->is_last;
}

/* ── prepare.c ── */

struct load_prepared;
void load_prepared_free(struct load_prepared *prepared);
/* Reads the list, and compares it, before the transaction: sets load->prepared, or leaves it NULL where
 * all must be done in it. */
gboolean load_prepare(struct load *load, struct feed_mapping *mapping, GError **error);
/* In the transaction, the rows that differ; load->prepared is used up. BASE_ERROR_BUSY when it holds no
 * more. */
gboolean load_take_prepared(struct load *load, struct load_run *run, GError **error);
/* A feed's first list, which tells nobody of anything: its rows some at a time, and it counts with the
 * last. What was taken of one that was not ended is no news when it, or another, comes. */
gboolean load_is_first_list(const struct load *load);
gboolean load_first_list(struct load *load, GError **error);
gboolean load_take_slice(struct load *load, GError **error); /* in the transaction of some rows */

/* ── clock.c ── */

/* What the feed said while our clock was ahead is taken as said now, and paged. */
gboolean load_stamp_again(struct load *load, GError **error);

/* ── legible.c ── */

#define MOST_PROBLEMS_KEPT 10000
#define MOST_PROBLEMS_LISTED 1000

void load_keep_problem(const struct feed_problem *problem, void *context);
/* A row as it is to be taken; what is wrong with it is kept, and counted. */
gboolean load_read(struct load *load, const struct feed_cells *cells, struct feed_record *record,
                   gboolean *is_usable, GError **error);
/* Pages when more of a column could not be read than in any of the feed's last 30 files (of pushes:
 * days), with an example, and when a row was lost that is about somebody who is followed. */
gboolean load_page_unreadable(struct load *load, GError **error);

/* ── number.c ── */

/* Whether the number by which somebody is kept is what the source writes: that, one that stands for
 * others under it, or the same with other leading zeros. */
gboolean load_is_number_of(const char *kept_person, const char *number);
/* Of a booking that is not known: gives the record the numbers by which it and its person are, or are
 * to be, kept. */
gboolean load_settle_numbers(struct load *load, struct feed_record *record, GError **error);
/* Of a booking that is known, and the person's number with it: gives the record the number of whoever
 * it is about, who may be somebody else to whom both were given anew. */
gboolean load_settle_reused(struct load *load, const struct store_booking *known,
                            struct feed_record *record, GError **error);
gboolean load_page_other_people(struct load *load, GError **error);

/* Whether an order had the booking erased: what is said of it is passed over, and counted. */
gboolean load_is_expunged(struct load *load, const char *booking_key, const char *person_key);
gboolean load_page_expunged(struct load *load, GError **error);

/* A number that stands for somebody else than the one who has it and is held: nobody is told that as a
 * fact. Who had it is taken as still there, the new one is another booking, and a person must ask. */
void load_note_clash(struct load *load, guint row, const char *booking_key);
/* Whoever follows the one who had the number, and is held, is told that something is unclear. */
gboolean load_tell_former(struct load *load, const struct custody_booking *prior,
                          const struct feed_record *record, GError **error);
gboolean load_page_clashes(struct load *load, GError **error);

/* The list's rows, those of a booking put together where they must be. */
struct feed_adapter *load_open_list(struct load *load, feed_problem_fn on_problem, void *context,
                                    GError **error);
/* At most so many more rows of the adapter into the comparison. */
gboolean load_take_rows(struct load *load, struct load_run *run, struct feed_adapter *adapter,
                        guint most, GError **error);
/* BASE_ERROR_INPUT when the rows of a booking differ too often: the file is no list. */
gboolean load_check_torn(const struct load *load, const struct load_run *run, GError **error);
gboolean load_roster(struct load *load, struct custody_verdict *verdict, GError **error);
/* A list that is older than the last: what its rows report, as said when it was made; who is on it
 * counts no more. */
gboolean load_roster_late(struct load *load, GError **error);
gboolean load_events(struct load *load, GError **error);

/* Whether what came is far beyond the feed's usual: then it is doubtful, and a person is paged. */
gboolean load_judge_batch(struct load *load, GError **error);

/* A list is held that lacks `missing` (struct custody_vanished): counts what agrees, and tells whoever
 * follows them when it is time. */
gboolean load_note_held(struct load *load, const GArray *missing, const struct custody_verdict *verdict,
                        GError **error);
/* The same as time passes. */
gboolean load_tell_held(struct load *load, GError **error);
/* No list is held any more. */
void load_forget_held(struct load *load);
/* Whom a held list did not show, the newest list shows, or the held one was wrong. */
gboolean load_relist(struct load *load, GError **error);

struct custody_feed_state load_silence_state(const struct load *load);
gboolean load_raise_silence(struct load *load, const struct custody_event *event, GError **error);
/* Something new came: if the feed was silent, it speaks again. */
gboolean load_note_speech(struct load *load, GError **error);

#endif
