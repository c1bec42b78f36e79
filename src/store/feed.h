/* Feeds, their sources (files and pushed batches), problems and held rosters in the store. */
#ifndef STORE_FEED_H
#define STORE_FEED_H

#include "base/time.h"
#include "custody/breaker.h"
#include "custody/pace.h"

struct db; /* a transaction's, or a reader's: for this folder to use, for others to pass on */

struct store_feed {
    char *id, *mapping, *drop_folder, *secret;
    gboolean has_baseline;
    gint64 added_at_us, last_at_us, fresh_at_us, silent_since_us;
    gint64 listed_at_us, interval_us; /* the newest list that was taken; the usual time between them */
    gint64 silence_seq;               /* 0: none */
    gboolean silence_told;
    gboolean has_turnover; /* rosters only */
    struct custody_turnover turnover;
    struct custody_pace pace;
    gint64 held_since_us; /* the first held list, but for broken ones; TIME_UNKNOWN: there is none */
    guint n_agree;        /* how many in a row lack the same people */
    gboolean held_told;   /* those who follow them were told, doubtfully */
    GArray *held_missing; /* gint64 ids of the bookings that the newest of them lacks; NULL: none */
    gboolean has_last_digest;
    guint8 last_digest[32]; /* of the list that was taken last */
};

void store_feed_clear(struct store_feed *feed);

gboolean store_feed_add(struct db *db, const char *id, const char *mapping, const char *drop_folder,
                        const char *secret, gint64 now_at_us, GError **error);
/* Replaces the mapping and, when not NULL, the drop folder. */
gboolean store_feed_update(struct db *db, const char *id, const char *mapping, const char *drop_folder,
                           GError **error);
/* BASE_ERROR_NOT_FOUND when there is none. `feed` is cleared by the caller. */
gboolean store_feed_get(struct db *db, const char *id, struct store_feed *feed, GError **error);
/* Every feed's id, sorted. Transfer full. */
GPtrArray *store_feed_ids(struct db *db, GError **error);
/* Those last heard of after that time, which has not come. Transfer full. */
GPtrArray *store_feeds_ahead(struct db *db, gint64 at_us, GError **error);
/* Feed id → drop folder, of those that have one, put into the table (g_strdup on both sides). */
gboolean store_feed_folders(struct db *db, GHashTable *folders, GError **error);

struct store_feed_counts {
    guint n_listed, n_problems;
    gint64
        held_id; /* the newest list that waits for a person; below 0: reports in doubt do; 0: nothing */
    char *held_reason; /* of it; transfer full */
};
gboolean store_feed_count(struct db *db, const char *id, struct store_feed_counts *counts,
                          GError **error);
/* Saves the state that loading changes, not the mapping. */
gboolean store_feed_save(struct db *db, const struct store_feed *feed, GError **error);

enum store_source_state {
    SOURCE_LOADED,
    SOURCE_HELD,
    SOURCE_REJECTED,
    SOURCE_REPEATED,   /* nothing had changed */
    SOURCE_STALE,      /* older than what was loaded before: endings that it reports were taken */
    SOURCE_REFUSED,    /* cannot be what the mapping describes */
    SOURCE_SUPERSEDED, /* was held; a later list was accepted */
    SOURCE_UNDONE,     /* what it said was taken back by a person: it may come again */
    SOURCE_LOADING /* some of its rows are taken, the others are not yet; it comes again after a crash
                    */
};
const char *store_source_state_name(enum store_source_state state);

struct store_source {
    gint64 id;
    const char *feed, *name;
    const guint8 *digest; /* 32 bytes */
    gint64 snapshot_at_us, received_at_us;
    enum store_source_state state;
    gboolean is_broken; /* of a held list: none at all */
    guint n_rows, n_events;
    const char *reason;
    const char *answer;
};

/* Files of which some rows are taken and the others are not, since before then: "feed: name". */
gboolean store_sources_begun(struct db *db, gint64 before_us, GPtrArray *names, GError **error);
/* Whether this content was taken before for this time, and what became of it. */
gboolean store_source_known(struct db *db, const char *feed, const guint8 *digest,
                            gint64 snapshot_at_us, gboolean *is_known, enum store_source_state *state,
                            GError **error);
/* Records it; `source->id` is set. */
gboolean store_source_add(struct db *db, struct store_source *source, GError **error);
/* Whether a roster with the same bytes was taken at another time, and others since: an old file, sent
 * again. */
gboolean store_source_is_older_content(struct db *db, const struct store_feed *feed,
                                       const struct store_source *source, gboolean *is_older,
                                       GError **error);
gboolean store_source_finish(struct db *db, const struct store_source *source, GError **error);

/* The newest of the feed with that name that was taken and not undone: its id, 0 when there is none,
 * its time, and whether it is the feed's last list. */
gboolean store_source_by_name(struct db *db, const struct store_feed *feed, const char *name,
                              gint64 *id, gint64 *snapshot_at_us, gboolean *is_last, GError **error);
gboolean store_source_undo(struct db *db, gint64 id, GError **error);
/* When the list before that time was taken, of those that stand; TIME_UNKNOWN: there is none. */
gboolean store_source_before(struct db *db, const char *feed, gint64 snapshot_at_us,
                             gint64 *before_at_us, GError **error);
/* How much of a field could be read in a period: a file's, by its id, or a day's pushes. The field ""
 * is whole rows, of every period. */
struct store_legible {
    const char *feed, *field;
    gint64 period;
    gboolean adds; /* to what is known of the period; else in place of it */
    gint64 n, n_bad;
};
/* Gives the counts so far (with `adds`), and the worst share of the 30 latest periods but this; below
 * 0: there is none. */
gboolean store_legible_get(struct db *db, struct store_legible *legible, double *worst, GError **error);
/* What lies before the latest 31 periods. */
gboolean store_legible_forget(struct db *db, const char *feed, GError **error);
gboolean store_legible_add(struct db *db, const struct store_legible *legible, GError **error);

/* For a file that is read anew. */
gboolean store_problem_clear(struct db *db, gint64 source_id, GError **error);
gboolean store_problem_add(struct db *db, gint64 source_id, const struct feed_problem *problem,
                           GError **error);

struct store_problem {
    const char *feed, *file, *field, *reason, *value;
    gint64 row, received_at_us;
};
typedef void (*store_problem_fn)(const struct store_problem *problem, void *context);
/* The newest file's first. `feed` NULL: all. */
gboolean store_problems(struct db *db, const char *feed, guint limit, store_problem_fn each,
                        void *context, GError **error);

/* A batch that was pushed under this key's digest: the name it had and what was answered, transfer
 * full; both NULL when none was. */
gboolean store_push_find(struct db *db, const char *feed, const guint8 digest[32], char **name,
                         char **answer, GError **error);

/* Held rosters: their cells, and the newest one of a feed that is whole, else the newest (0 in `*id`:
 * none). */
gboolean store_held_add(struct db *db, gint64 source_id, const void *cells, gsize n, GError **error);
gboolean store_held_newest(struct db *db, const char *feed, gint64 *source_id, GError **error);
/* Transfer full; NULL with an error when there is none. Fills `snapshot_at_us`, `digest` and
 * `name` (transfer full). */
GBytes *store_held_cells(struct db *db, gint64 source_id, gint64 *snapshot_at_us, char **name,
                         guint8 digest[32], GError **error);
/* Ends every hold of the feed: the cells are dropped, the sources get `state`. */
gboolean store_held_end(struct db *db, const char *feed, enum store_source_state state, GError **error);

#endif
