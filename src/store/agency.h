/* Agencies' watches: the legal basis that stands behind a registration. */
#ifndef STORE_AGENCY_H
#define STORE_AGENCY_H

#include <glib.h>

struct db; /* a transaction's, or a reader's: for this folder to use, for others to pass on */

enum store_watch_state { WATCH_ASKED, WATCH_APPROVED, WATCH_REFUSED, WATCH_ENDED };
const char *store_watch_state_name(enum store_watch_state state);

struct store_agency_watch {
    char *registration_id, *recipient, *purpose, *basis;
    char *document, *issuer, *issued_on;      /* its number, who issued it, its date */
    char *asked_by, *decided_by, *reason;     /* decided_by NULL: nobody yet */
    char *class, *document_key, *officer_key; /* what limits go by; written only */
    enum store_watch_state state;
    gint64 asked_at_us, decided_at_us;
    gint64 person_id; /* of the registration; when read */
};
void store_agency_watch_free(struct store_agency_watch *watch);

gboolean store_agency_watch_add(struct db *db, const struct store_agency_watch *watch, GError **error);
/* `watch` is NULL when the registration is no agency's. Transfer full. */
gboolean store_agency_watch_get(struct db *db, const char *registration_id,
                                struct store_agency_watch **watch, GError **error);
/* Newest first. Transfer full. */
GPtrArray *store_agency_watches_list(struct db *db, gboolean only_asked, guint limit, GError **error);
/* The registrations of watches in force whose time is over. Transfer full. */
GPtrArray *store_agency_watches_expired(struct db *db, gint64 now_at_us, GError **error);
gboolean store_agency_watch_decide(struct db *db, const struct store_agency_watch *watch,
                                   GError **error);

/* Requests of a span of time, by recipient and basis. */
struct store_agency_count {
    const char *recipient, *basis;
    guint asked, approved, refused, told, denied; /* told, denied: alerts */
};
typedef void (*store_agency_count_fn)(const struct store_agency_count *count, void *context);
gboolean store_agency_counts(struct db *db, gint64 from_at_us, gint64 until_at_us,
                             store_agency_count_fn each, void *context, GError **error);

/* What a class of recipients and an officer of it have asked since then. */
gboolean store_agency_asked(struct db *db, const char *class, const char *officer_key,
                            gint64 since_at_us, guint *by_class, guint *by_officer, GError **error);
/* Whether that document already stands behind a watch of another person. */
gboolean store_agency_document_is_used(struct db *db, const char *document_key, gint64 person_id,
                                       gboolean *is_used, GError **error);

#endif
