/* The ledger's rows: entries, the hashes of full tiles, the tree's edge and the last checkpoint.
 *
 * Entries are appended in the transaction of what they record. At the end of a group of works, before
 * it commits, store_ledger_sign signs a checkpoint over whatever was added: nobody sees an entry
 * without the checkpoint that covers it, nor a checkpoint whose entries could still be lost. */
#ifndef STORE_LEDGER_H
#define STORE_LEDGER_H

#include "ledger/entry.h"
#include "ledger/note.h"
#include "ledger/tile.h"

struct db; /* a transaction's, or a reader's: for this folder to use, for others to pass on */

/* Appends; `index` (may be NULL) gets its place. */
gboolean store_ledger_append(struct db *db, const void *entry, gsize n, guint64 *index, GError **error);
/* Signs a checkpoint if entries were added since the last one. */
gboolean store_ledger_sign(struct db *db, const struct ledger_signer *signer, gint64 now_at_us,
                           GError **error);
/* Whether entries wait for their checkpoint. */
gboolean store_ledger_is_unsigned(struct db *db, gboolean *is_unsigned, GError **error);
gboolean store_ledger_size(struct db *db, guint64 *size, GError **error);

/* The signed note with the cosignatures that came; NULL when there is none yet. Transfer full. */
char *store_ledger_checkpoint(struct db *db, GError **error);
/* Adds witnesses' lines to the checkpoint, if it is still that of `size`. */
gboolean store_ledger_cosign(struct db *db, guint64 size, const char *lines, GError **error);

/* A resource of the log by its path (ledger/tile.h), as of now. NULL with BASE_ERROR_NOT_FOUND.
 * Transfer full. */
GBytes *store_ledger_resource(struct db *db, const char *path, GError **error);

/* ── Counters of tags, and what commitments hide ── */

/* Takes the next number of a tag key's counter. */
gboolean store_ledger_count(struct db *db, const char *tag_key, guint64 *counter, GError **error);

/* What an entry commits to, for whoever may open it: JSON without its salts (those are with the keys).
 */
struct store_ledger_body {
    guint64 index;
    gint64 at_us, person_id;
    guint year;                  /* of the subject's tag … */
    guint64 counter;             /* … and its number in that year */
    const char *salts_id, *body; /* body "": shredded */
};
gboolean store_ledger_body_add(struct db *db, const struct store_ledger_body *body, GError **error);
typedef void (*store_ledger_body_fn)(const struct store_ledger_body *body, void *context);
/* Of one person, or of all (0), in a span of time, in order. */
gboolean store_ledger_bodies(struct db *db, gint64 person_id, gint64 from_at_us, gint64 until_at_us,
                             store_ledger_body_fn each, void *context, GError **error);
/* Entry `index` as the log has it, LEDGER_ENTRY_BYTES long; `is_found` tells whether there is one. */
gboolean store_ledger_entry(struct db *db, guint64 index, guint8 *bytes, gboolean *is_found,
                            GError **error);
/* Every entry in order. */
gboolean store_ledger_entries(struct db *db, ledger_entry_fn each, void *context, GError **error);
/* How many numbers the counters of a person's tags have given out. */
gboolean store_ledger_counted(struct db *db, gint64 person_id, guint64 *n, GError **error);
/* The body of one entry: strings transfer full; NULL where there is none. */
gboolean store_ledger_body_get(struct db *db, guint64 index, char **body, char **salts_id,
                               GError **error);

/* Empties the bodies about a person; the entries stay. */
gboolean store_ledger_shred(struct db *db, gint64 person_id, guint *n, GError **error);

/* ── The hours of what registered people were told ── */

/* Notes that an alert is about to leave, in the hour of `now_at_us`. Once for one alert and reminder.
 */
gboolean store_notice_add(struct db *db, const char *alert_id, guint reminder, guint64 hour,
                          const struct ledger_hash *commitment, GError **error);
/* The hour of a notice; how many notices there are in [from, until). */
gboolean store_notice_hour(struct db *db, const struct ledger_hash *commitment, guint64 *hour,
                           gboolean *is_found, GError **error);
gboolean store_notice_count(struct db *db, guint64 from_hour, guint64 until_hour, guint *n,
                            GError **error);
/* The commitments of an hour, in order. Transfer full. */
GArray *store_notices_of_hour(struct db *db, guint64 hour, GError **error);
/* The last hour that has its leaf; 0: none. */
gboolean store_ledger_last_hour(struct db *db, guint64 *hour, GError **error);
gboolean store_ledger_hour_done(struct db *db, guint64 hour, guint64 index, GError **error);
gboolean store_ledger_hour_of(struct db *db, guint64 hour, guint64 *index, gboolean *is_found,
                              GError **error);

/* The entry of an agency's alert, so that trying again is no second disclosure. */
gboolean store_ledger_told(struct db *db, const char *alert_id, guint reminder, guint64 *index,
                           gboolean *is_found, GError **error);
gboolean store_ledger_told_add(struct db *db, const char *alert_id, guint reminder, guint64 index,
                               GError **error);

/* ── Policies in force ── */

gboolean store_ledger_policy_is_last(struct db *db, const guint8 *policy, gsize n, gboolean *is_last,
                                     GError **error);
gboolean store_ledger_policy_add(struct db *db, guint64 index, const guint8 *policy, gsize n,
                                 const char *name, gint64 now_at_us, GError **error);

/* ── A witness's memory ── */

gboolean store_witness_get(struct db *db, const char *origin, guint64 *size, struct ledger_hash *root,
                           GError **error);
gboolean store_witness_set(struct db *db, const char *origin, guint64 size,
                           const struct ledger_hash *root, gint64 now_at_us, GError **error);

#endif
