/* What a site writes into its ledger, in the transaction of what it records.
 *
 * The signing key, keys/ledger.key, is made with the first entry; its name, the log's origin, is then
 * the host and path of base_url with /log, and stays. Every group of works that added entries ends with
 * a checkpoint over them. Keys of tags and salts of commitments are in keys/contacts.db, which is in no
 * backup of the store: deleting one shreds what it opened. */
#ifndef BOOK_LOGBOOK_H
#define BOOK_LOGBOOK_H

#include "disclose/leaf.h"
#include "ledger/note.h"
#include "site/site.h"
#include "store/agency.h"
#include "store/custody.h"
#include "store/ledger.h"

/* Keeps the site's ledger from now on: the store signs at the end of every group, and how far the log
 * is is written down beside the key when the site is closed. Once, before the first work. */
void logbook_open(struct site *site);

/* The log's key; made if there is none. Borrowed. */
const struct ledger_signer *logbook_signer(struct site *site, GError **error);

/* A key of the site in `file`, made under `name` if there is none; of two processes that make it at
 * once, one does. Transfer full. */
struct ledger_signer *logbook_key(const struct site *site, const char *file, const char *name,
                                  enum ledger_key_type type, GError **error);

/* Records the policy in force, unless the last record is of it. */
gboolean logbook_policy(struct site *site, GError **error);
/* Where nothing is recorded yet, begins with the policy: so that there is a checkpoint. */
gboolean logbook_begin(struct site *site, GError **error);

/* Records what was decided about an agency. */
struct logbook_decision {
    enum ledger_entry_type type;
    const struct disclose_gate *gate;
    const struct policy_request *request;
    const struct policy_decision *decision;
    const struct store_agency_watch *watch;
    gint64 person_id;
    const char *officer;              /* who acted; NULL: nobody in particular */
    const struct leaf_field *payload; /* ended by a NULL name; NULL: nothing was told */
};
gboolean logbook_agency(struct db *db, struct site *site, const struct logbook_decision *decision,
                        guint64 *index, GError **error);

/* Whether entry `index` commits to just this payload. */
gboolean logbook_told_same(struct db *db, guint64 index, const struct leaf_field *payload,
                           gboolean *is_same, GError **error);

/* Notes that a registered person is about to be told; the hour's leaf covers it. */
gboolean logbook_notice(struct db *db, const struct site *site, const char *alert_id, guint reminder,
                        GError **error);

/* Writes the leaf of every hour that has passed since the last one, whether or not anything was told in
 * it. The first call begins with the hour before. */
gboolean logbook_hours(struct site *site, guint *n, GError **error);

/* The salts under an id of a body. Wipe them (seal_bytes_unref). Transfer full; NULL with an error. */
GBytes *logbook_salts(const struct site *site, const char *salts_id, GError **error);
/* The key of a person's tags in a year, 32 bytes; NULL without an error when there is none. As above.
 */
GBytes *logbook_subject_key(const struct site *site, gint64 person_id, guint year, GError **error);
/* Deletes the keys, salts and bodies about a person. What is in the ledger can then be opened by
 * nobody. */
gboolean logbook_shred(struct site *site, gint64 person_id, guint *n, GError **error);

/* Reads the log as anybody sees it. Valid as long as the site is open. */
struct ledger_source logbook_source(struct site *site);

#endif
