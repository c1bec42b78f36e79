#include "store/agency.h"

#include "base/time.h"
#include "store/db.h"
#include "store/states.h"

static const char *const state_names[] = {"asked", "approved", "refused", "ended"};

const char *store_watch_state_name(enum store_watch_state state) {
    return state_names[state];
}

void store_agency_watch_free(struct store_agency_watch *watch) {
    if (!watch)
        return;
    char *const owned[] = {watch->registration_id, watch->recipient, watch->purpose,   watch->basis,
                           watch->document,        watch->issuer,    watch->issued_on, watch->asked_by,
                           watch->decided_by,      watch->reason};
    for (guint i = 0; i < G_N_ELEMENTS(owned); i++)
        g_free(owned[i]);
    g_free(watch);
}

#define COLUMNS                                                                                        \
    "SELECT w.registration_id, w.state, w.recipient, w.purpose, w.basis, w.document, w.issuer, "       \
    "w.issued_on, w.asked_by, w.asked_at_us, w.decided_by, w.decided_at_us, w.reason, r.person_id "    \
    "FROM agency_watch w JOIN registration r ON r.id = w.registration_id "

static struct store_agency_watch *read_row(struct db_rows *rows) {
    struct store_agency_watch *w = g_new0(struct store_agency_watch, 1);
    char **const texts[] = {&w->recipient, &w->purpose,   &w->basis,   &w->document,
                            &w->issuer,    &w->issued_on, &w->asked_by};
    w->registration_id = g_strdup(db_text(rows, 0));
    w->state = (enum store_watch_state)db_int(rows, 1);
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        *texts[i] = g_strdup(db_text(rows, 2 + (int)i));
    w->asked_at_us = db_int(rows, 9);
    w->decided_by = g_strdup(db_text(rows, 10));
    w->decided_at_us = db_time(rows, 11);
    w->reason = g_strdup(db_text(rows, 12));
    w->person_id = db_int(rows, 13);
    return w;
}

gboolean store_agency_watch_add(struct db *db, const struct store_agency_watch *w, GError **error) {
    return db_run(
        db,
        "INSERT INTO agency_watch (registration_id, state, recipient, purpose, basis, "
        "document, issuer, issued_on, asked_by, asked_at_us, decided_by, decided_at_us, reason, "
        "class, document_key, officer_key) "
        "VALUES (:id, :state, :recipient, :purpose, :basis, :document, :issuer, :issued_on, "
        ":asked_by, :asked_at, :decided_by, :decided_at, :reason, :class, :document_key, "
        ":officer_key)",
        PARAMS(P_TEXT("id", w->registration_id), P_INT("state", w->state),
               P_TEXT("recipient", w->recipient), P_TEXT("purpose", w->purpose),
               P_TEXT("basis", w->basis), P_TEXT("document", w->document), P_TEXT("issuer", w->issuer),
               P_TEXT("issued_on", w->issued_on), P_TEXT("asked_by", w->asked_by),
               P_INT("asked_at", w->asked_at_us), P_TEXT("decided_by", w->decided_by),
               P_TIME("decided_at", w->decided_at_us), P_TEXT("reason", w->reason ? w->reason : ""),
               P_TEXT("class", w->class), P_TEXT("document_key", w->document_key),
               P_TEXT("officer_key", w->officer_key)),
        error);
}

gboolean store_agency_watch_get(struct db *db, const char *registration_id,
                                struct store_agency_watch **watch, GError **error) {
    struct db_rows *rows =
        db_query(db, COLUMNS "WHERE w.registration_id = :id", PARAMS(P_TEXT("id", registration_id)));
    *watch = db_next(rows) ? read_row(rows) : NULL;
    if (db_done(rows, error))
        return TRUE;
    g_clear_pointer(watch, store_agency_watch_free);
    return FALSE;
}

GPtrArray *store_agency_watches_list(struct db *db, gboolean only_asked, guint limit, GError **error) {
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)store_agency_watch_free);
    struct db_rows *rows =
        db_query(db,
                 COLUMNS "WHERE :all = 1 OR w.state = " SQL_WATCH_ASKED " "
                         "ORDER BY w.asked_at_us DESC, w.registration_id LIMIT :limit",
                 PARAMS(P_INT("all", !only_asked), P_INT("limit", limit)));
    while (db_next(rows))
        g_ptr_array_add(list, read_row(rows));
    if (db_done(rows, error))
        return list;
    g_ptr_array_unref(list);
    return NULL;
}

GPtrArray *store_agency_watches_expired(struct db *db, gint64 now_at_us, GError **error) {
    struct db_rows *rows =
        db_query(db,
                 "SELECT r.id FROM agency_watch w JOIN registration r ON r.id = w.registration_id "
                 "WHERE w.state IN (" SQL_WATCH_ASKED ", " SQL_WATCH_APPROVED
                 ") AND r.expires_at_us <= :now ORDER BY r.id LIMIT 100",
                 PARAMS(P_INT("now", now_at_us)));
    return db_texts(rows, error);
}

gboolean store_agency_watch_decide(struct db *db, const struct store_agency_watch *w, GError **error) {
    return db_run(db,
                  "UPDATE agency_watch SET state = :state, decided_by = :by, decided_at_us = :at, "
                  "reason = :reason WHERE registration_id = :id",
                  PARAMS(P_TEXT("id", w->registration_id), P_INT("state", w->state),
                         P_TEXT("by", w->decided_by), P_TIME("at", w->decided_at_us),
                         P_TEXT("reason", w->reason ? w->reason : "")),
                  error);
}

gboolean store_agency_asked(struct db *db, const char *class, const char *officer_key,
                            gint64 since_at_us, guint *by_class, guint *by_officer, GError **error) {
    struct db_rows *rows = db_query(
        db,
        "SELECT count(CASE WHEN class = :class THEN 1 END), "
        "count(CASE WHEN officer_key = :officer THEN 1 END) "
        "FROM agency_watch WHERE asked_at_us > :since",
        PARAMS(P_TEXT("class", class), P_TEXT("officer", officer_key), P_INT("since", since_at_us)));
    if (db_next(rows)) {
        *by_class = (guint)db_int(rows, 0);
        *by_officer = (guint)db_int(rows, 1);
    }
    return db_done(rows, error);
}

gboolean store_agency_document_is_used(struct db *db, const char *document_key, gint64 person_id,
                                       gboolean *is_used, GError **error) {
    struct db_rows *rows = db_query(
        db,
        "SELECT count(*) FROM agency_watch w JOIN registration r ON r.id = w.registration_id "
        "WHERE w.document_key = :document AND r.person_id <> :person AND w.state <> " SQL_WATCH_REFUSED,
        PARAMS(P_TEXT("document", document_key), P_INT("person", person_id)));
    *is_used = db_next(rows) && db_int(rows, 0) > 0;
    return db_done(rows, error);
}

gboolean store_agency_counts(struct db *db, gint64 from_at_us, gint64 until_at_us,
                             store_agency_count_fn each, void *context, GError **error) {
    struct db_rows *rows = db_query(
        db,
        "SELECT w.recipient, w.basis, count(*), "
        "count(CASE WHEN w.state IN (" SQL_WATCH_APPROVED ", " SQL_WATCH_ENDED
        ") AND w.decided_by IS NOT NULL THEN 1 END), "
        "count(CASE WHEN w.state = " SQL_WATCH_REFUSED " THEN 1 END), "
        "coalesce(sum((SELECT count(*) FROM alert a WHERE a.registration_id = w.registration_id "
        "AND a.purpose = " SQL_PURPOSE_ALERT " AND a.handed_at_us IS NOT NULL)), 0), "
        "coalesce(sum((SELECT count(*) FROM alert a WHERE a.registration_id = w.registration_id "
        "AND a.state = " SQL_ALERT_WITHHELD ")), 0) "
        "FROM agency_watch w WHERE w.asked_at_us >= :from AND w.asked_at_us < :until "
        "GROUP BY w.recipient, w.basis ORDER BY w.recipient, w.basis",
        PARAMS(P_INT("from", from_at_us), P_INT("until", until_at_us)));
    while (db_next(rows)) {
        const struct store_agency_count count = {.recipient = db_text(rows, 0),
                                                 .basis = db_text(rows, 1),
                                                 .asked = (guint)db_int(rows, 2),
                                                 .approved = (guint)db_int(rows, 3),
                                                 .refused = (guint)db_int(rows, 4),
                                                 .told = (guint)db_int(rows, 5),
                                                 .denied = (guint)db_int(rows, 6)};
        each(&count, context);
    }
    return db_done(rows, error);
}
