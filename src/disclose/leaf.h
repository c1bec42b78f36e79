/* What was decided, as an entry of the ledger: written before anything leaves.
 *
 * An entry commits to a body (who asked, on what, what was decided) and a payload (what was told), each
 * a list of named fields, each field under a salt of its own. The fields and salts stay with the
 * operator; a field is opened by showing its salt, and shredded by deleting it. */
#ifndef DISCLOSE_LEAF_H
#define DISCLOSE_LEAF_H

#include "base/random.h"
#include "disclose/disclose.h"
#include "ledger/entry.h"

#define LEAF_MAX_FIELDS 16

struct leaf_field {
    const char *name, *value; /* NULL: left out */
};

/* A key of a subject's or a recipient's tags in one year, and the number this tag gets. */
struct leaf_tag {
    const guint8 *key; /* 32 bytes */
    guint64 counter;
};

struct leaf_parts {
    enum ledger_entry_type type;
    const struct policy_request *request;   /* NULL: an entry about no request */
    const struct policy_decision *decision; /* NULL: none was made */
    struct leaf_tag subject, recipient;
    struct leaf_field body[LEAF_MAX_FIELDS], payload[LEAF_MAX_FIELDS]; /* the first without name ends */
    gint64 now_at_us;
};

/* Fills the entry, and what may open it: fields as JSON, {"body": [[name, value] …], "payload": …}, and
 * their salts one after another in that order (wipe them). Transfer full. */
void disclose_leaf(const struct disclose_gate *gate, const struct leaf_parts *parts,
                   const struct base_random *random, struct ledger_entry *entry, char **fields,
                   GBytes **salts);

/* Whether fields and salts are what the entry commits to. */
gboolean disclose_leaf_opens(const struct ledger_entry *entry, const char *fields, GBytes *salts);

/* Opens some fields of an entry and no others: {"body": [{"name", "value", "salt"} or {"commitment"}
 * …], "payload": …}, in the order in which the commitments were made. `is_shown` says which. NULL when
 * the fields or salts are not the entry's. Transfer full. */
char *disclose_leaf_show(const struct ledger_entry *entry, const char *fields, GBytes *salts,
                         gboolean (*is_shown)(const char *name, void *context), void *context);

/* What one registered person was told, as a commitment for the hour's tree. `key` is the site's secret.
 */
struct ledger_hash disclose_notice(const guint8 key[32], const char *alert_id, guint reminder);
/* Its salt, in the first LEDGER_SALT_BYTES; the field is named "alert", its value ALERT.REMINDER. */
struct ledger_hash disclose_notice_salt(const guint8 key[32], const char *alert_id, guint reminder);

/* The hour's leaf: the root over the commitments in a tree padded to at least 65,536 places, so that
 * nobody can tell how many there were, or whether there was any. */
void disclose_hour(const struct disclose_gate *gate, const guint8 key[32], guint64 hour,
                   const GArray *commitments, struct ledger_entry *entry);
/* The proof that commitment `place` is in the hour's tree, leaf first. Transfer full. */
GArray *disclose_hour_proof(const guint8 key[32], guint64 hour, const GArray *commitments, guint place);

#endif
