/* What the ledger tells: a person of the disclosures about them, the public in counts. */
#ifndef BOOK_REPORT_H
#define BOOK_REPORT_H

#include <jansson.h>

#include "book/logbook.h"

/* One entry about a person, opened. */
struct report_disclosure {
    guint64 index;
    gint64 at_us;
    const char *type;
    gboolean is_denied;
    guint year;
    guint64 counter;
    gboolean opens;       /* fields and salts are what the entry commits to; FALSE: shredded */
    const json_t *fields; /* {"body": [[name, value] …], "payload": …}; NULL when shredded */
};
typedef void (*report_disclosure_fn)(const struct report_disclosure *disclosure, void *context);

struct report_subject {
    guint n,
        n_wrong; /* entries, and those that do not fit the log: changed, moved, or missing a number */
};
/* `person` is "number" or "scope:number". */
gboolean report_subject(struct site *site, const char *person, report_disclosure_fn each, void *context,
                        struct report_subject *result, GError **error);
gboolean report_shred(struct site *site, const char *person, guint *n, GError **error);

/* Opens some fields of entry `index` (all if `names` is NULL) as disclose_leaf_show writes them, with
 * the entry's bytes as base64. Transfer full. */
gboolean report_open(struct site *site, guint64 index, const char *const *names, char **json,
                     GError **error);

/* Proof that an alert's notice is under its hour's leaf: {"index", "alert", "salt", "place", "proof"}.
 * Transfer full. BASE_ERROR_NOT_FOUND when it was not sent, or its hour is not over. */
gboolean report_notice(struct site *site, const char *alert_id, guint reminder, char **json,
                       GError **error);

/* Requests of agencies in a year (0: this one), by recipient and basis. */
gboolean report_year(struct site *site, guint year, store_agency_count_fn each, void *context,
                     GError **error);

struct report_statistics {
    guint year, asked, told, denied;
    gint notices[12]; /* to registered people, by month (UTC), with noise, never negative; or: */
};
#define REPORT_NOT_YET (-1) /* the month is not over */
gboolean report_statistics(struct site *site, guint year, struct report_statistics *statistics,
                           GError **error);

#endif
