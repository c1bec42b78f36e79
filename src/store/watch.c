#include "store/watch.h"

#include <string.h>

#include "base/error.h"
#include "store/driver.h"
#include "store/states.h"

#define REGISTRATION_COLUMNS                                                                           \
    "SELECT r.id, p.scope, p.key, b.jail, b.key, r.person_id, r.booking_id, r.relation, r.kinds, "     \
    "r.language, r.pin_hash, r.code_tries, r.created_at_us, "                                          \
    "r.confirmed_at_us, r.expires_at_us, r.ended_at_us, r.role_verified FROM registration r "          \
    "JOIN person p ON p.id = r.person_id LEFT JOIN booking b ON b.id = r.booking_id "

static struct store_registration *read_row(struct db_rows *rows) {
    struct store_registration *row = g_new0(struct store_registration, 1);
    row->id = g_strdup(db_text(rows, 0));
    row->person_scope = g_strdup(db_text(rows, 1));
    row->person_key = g_strdup(db_text(rows, 2));
    row->booking_jail = g_strdup(db_text(rows, 3));
    row->booking_key = g_strdup(db_text(rows, 4));
    row->person_id = db_int(rows, 5);
    row->booking_id = db_int(rows, 6);
    row->pin_hash = g_strdup(db_text(rows, 10));
    row->code_tries = (guint)db_int(rows, 11);
    row->created_at_us = db_int(rows, 12);
    row->role_verified = g_strdup(db_text(rows, 16));
    row->registration = (struct watch_registration){.id = row->id,
                                                    .person_scope = row->person_scope,
                                                    .person_key = row->person_key,
                                                    .booking_jail = row->booking_jail,
                                                    .booking_key = row->booking_key,
                                                    .relation = (enum watch_relation)db_int(rows, 7),
                                                    .kinds = (custody_kinds)db_int(rows, 8),
                                                    .language = (enum language)db_int(rows, 9),
                                                    .confirmed_at_us = db_time(rows, 13),
                                                    .expires_at_us = db_int(rows, 14),
                                                    .ended_at_us = db_time(rows, 15),
                                                    .is_role_verified = row->role_verified != NULL};
    return row;
}

void store_registration_free(struct store_registration *row) {
    if (!row)
        return;
    g_free(row->id);
    g_free(row->person_scope);
    g_free(row->person_key);
    g_free(row->booking_jail);
    g_free(row->booking_key);
    g_free(row->pin_hash);
    g_free(row->role_verified);
    g_free(row);
}

static GPtrArray *read_rows(struct db_rows *rows, GError **error) {
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)store_registration_free);
    while (db_next(rows))
        g_ptr_array_add(list, read_row(rows));
    if (db_done(rows, error))
        return list;
    g_ptr_array_unref(list);
    return NULL;
}

gboolean store_registration_add(struct db *db, const struct store_registration *row, GError **error) {
    const struct watch_registration *r = &row->registration;
    return db_run(
        db,
        "INSERT INTO registration (id, person_id, booking_id, relation, kinds, language, pin_hash, "
        "created_at_us, confirmed_at_us, expires_at_us, role_verified) VALUES "
        "(:id, :person_id, nullif(:booking_id, 0), :relation, :kinds, :language, :pin_hash, "
        ":created_at, :confirmed_at, :expires_at, :role_verified)",
        PARAMS(P_TEXT("id", r->id), P_INT("person_id", row->person_id),
               P_INT("booking_id", row->booking_id), P_INT("relation", r->relation),
               P_INT("kinds", r->kinds), P_INT("language", r->language),
               P_TEXT("pin_hash", row->pin_hash), P_INT("created_at", row->created_at_us),
               P_TIME("confirmed_at", r->confirmed_at_us), P_INT("expires_at", r->expires_at_us),
               P_TEXT("role_verified", row->role_verified)),
        error);
}

struct store_registration *store_registration_get(struct db *db, const char *id, GError **error) {
    struct store_registration *row = NULL;
    struct db_rows *rows =
        db_query(db, REGISTRATION_COLUMNS "WHERE r.id = :id", PARAMS(P_TEXT("id", id)));
    if (db_next(rows))
        row = read_row(rows);
    if (!db_done(rows, error))
        return row;
    if (!row)
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no such registration");
    return row;
}

GPtrArray *store_registrations_on_person(struct db *db, gint64 person_id, GError **error) {
    return read_rows(
        db_query(db,
                 REGISTRATION_COLUMNS
                 "WHERE r.ended_at_us IS NULL AND r.person_id IN (SELECT CAST(:id AS BIGINT) UNION "
                 "SELECT o.person_id FROM person_identity i JOIN person_identity o ON o.identity = "
                 "i.identity WHERE i.person_id = :id) AND (r.person_id = :id OR NOT EXISTS (SELECT 1 "
                 "FROM agency_watch w WHERE w.registration_id = r.id)) ORDER BY r.id",
                 PARAMS(P_INT("id", person_id))),
        error);
}

GPtrArray *store_registrations_on_jail(struct db *db, const char *jail, GError **error) {
    return read_rows(
        db_query(
            db,
            REGISTRATION_COLUMNS
            "WHERE r.ended_at_us IS NULL AND r.confirmed_at_us IS NOT NULL AND NOT EXISTS "
            "(SELECT 1 FROM agency_watch w WHERE w.registration_id = r.id) AND EXISTS (SELECT 1 "
            "FROM booking h WHERE (h.person_id = r.person_id OR h.person_id IN (SELECT o.person_id "
            "FROM "
            "person_identity i JOIN person_identity o ON o.identity = i.identity WHERE i.person_id = "
            "r.person_id)) AND h.jail = :jail "
            "AND h.standing IN (" SQL_STANDING_HELD ", " SQL_STANDING_AWAY ")) ORDER BY r.id",
            PARAMS(P_TEXT("jail", jail))),
        error);
}

GPtrArray *store_registrations_list(struct db *db, guint limit, GError **error) {
    return read_rows(db_query(db,
                              REGISTRATION_COLUMNS "ORDER BY r.created_at_us DESC, r.id LIMIT :most",
                              PARAMS(P_INT("most", limit))),
                     error);
}

gboolean store_registration_count(struct db *db, const guint8 contact_hash[32], gint64 person_id,
                                  guint *n_others, GError **error) {
    struct db_rows *rows =
        db_query(db,
                 "SELECT count(DISTINCT r.person_id) FROM contact c JOIN registration r ON r.id = "
                 "c.registration_id WHERE c.hash = :hash AND c.state = " SQL_CONTACT_IN_USE
                 " AND r.ended_at_us IS NULL AND "
                 "r.confirmed_at_us IS NOT NULL AND r.person_id <> :person",
                 PARAMS(P_BLOB("hash", contact_hash, 32), P_INT("person", person_id)));
    *n_others = db_next(rows) ? (guint)db_int(rows, 0) : 0;
    return db_done(rows, error);
}

gboolean store_registration_unconfirmed(struct db *db, const guint8 contact_hash[32],
                                        gint64 since_at_us, guint *n, GError **error) {
    gint64 number;
    const gboolean ok = db_number(
        db,
        "SELECT count(*) FROM contact c JOIN registration r ON r.id = c.registration_id WHERE c.hash = "
        ":hash AND c.state = " SQL_CONTACT_IN_USE " AND r.confirmed_at_us IS NULL AND "
        "r.created_at_us > :since",
        PARAMS(P_BLOB("hash", contact_hash, 32), P_INT("since", since_at_us)), 0, &number, error);
    *n = (guint)number;
    return ok;
}

gboolean store_registration_rebook(struct db *db, gint64 booking_id, GError **error) {
    return db_run(
        db,
        "UPDATE registration SET booking_id = (SELECT max(n.id) FROM booking n JOIN booking o "
        "ON o.person_id = n.person_id WHERE o.id = :id AND n.listing = 1) WHERE person_id = "
        "(SELECT person_id FROM booking WHERE id = :id) AND booking_id = :id AND "
        "ended_at_us IS NULL",
        PARAMS(P_INT("id", booking_id)), error);
}

gboolean store_registration_confirm(struct db *db, const char *id, gint64 now_at_us, GError **error) {
    return db_run(db,
                  "UPDATE registration SET confirmed_at_us = :now, booking_id = NULL WHERE id = :id "
                  "AND confirmed_at_us IS NULL",
                  PARAMS(P_INT("now", now_at_us), P_TEXT("id", id)), error);
}

gboolean store_registration_try_code(struct db *db, const char *id, GError **error) {
    return db_run(db, "UPDATE registration SET code_tries = code_tries + 1 WHERE id = :id",
                  PARAMS(P_TEXT("id", id)), error);
}

gboolean store_registration_wipe(struct db *db, const char *id, GError **error) {
    return db_run(db,
                  "UPDATE contact SET box = :nothing, hash = :nothing, state = :wiped WHERE "
                  "registration_id = :id",
                  PARAMS(P_TEXT("id", id), P_BLOB("nothing", "", 0), P_INT("wiped", CONTACT_WIPED)),
                  error);
}

gboolean store_registration_close(struct db *db, const char *id, gint64 now_at_us, GError **error) {
    return db_run(db,
                  "UPDATE registration SET ended_at_us = :now WHERE id = :id AND ended_at_us IS NULL",
                  PARAMS(P_INT("now", now_at_us), P_TEXT("id", id)), error);
}

gboolean store_registration_end(struct db *db, const char *id, gint64 now_at_us, GError **error) {
    return store_registration_close(db, id, now_at_us, error) && store_registration_wipe(db, id, error);
}

/* ── Their time ────────────────────────────────────────────────────────────────────────────────── */

#define NO_AGENCY "NOT EXISTS (SELECT 1 FROM agency_watch w WHERE w.registration_id = r.id)"
/* The last 30 and the last 7 days, and of a short one the last half and the last quarter. */
#define ENDS_WITHIN(days, part)                                                                        \
    "r.expires_at_us > :now AND r.expires_at_us <= :now + " days                                       \
    " * 86400000000 AND (r.expires_at_us "                                                             \
    "- :now) * " part " <= r.expires_at_us - r.created_at_us"
#define WARN_FIRST "r.warned = 0 AND " ENDS_WITHIN("30", "2")
#define WARN_LAST "r.warned <= 1 AND " ENDS_WITHIN("7", "4")
#define IN_FORCE "r.ended_at_us IS NULL AND r.confirmed_at_us IS NOT NULL"

GPtrArray *store_registrations_due(struct db *db, enum store_term which, gint64 now_at_us, guint limit,
                                   GError **error) {
    static const char *const asked[] = {
        [TERM_ENDS_SOON] = "SELECT r.id FROM registration r WHERE " IN_FORCE " AND r.warned IN (0, 1) "
                           "AND (" WARN_FIRST " OR " WARN_LAST ") AND " NO_AGENCY
                           " ORDER BY r.expires_at_us, r.id LIMIT :most",
        [TERM_OVER] =
            "SELECT r.id FROM registration r WHERE " IN_FORCE " AND r.warned IN (0, 1, 2) "
            "AND r.expires_at_us <= :now AND " NO_AGENCY " ORDER BY r.expires_at_us, r.id LIMIT :most",
        [TERM_UNCONFIRMED] = "SELECT r.id FROM registration r WHERE r.ended_at_us IS NULL AND "
                             "r.confirmed_at_us IS NULL AND r.created_at_us <= :now - 2 * 86400000000 "
                             "AND " NO_AGENCY " ORDER BY r.created_at_us, r.id LIMIT :most"};
    return db_texts(db_query(db, asked[which], PARAMS(P_INT("now", now_at_us), P_INT("most", limit))),
                    error);
}

gboolean store_registration_warn(struct db *db, const char *id, gint64 now_at_us, gboolean *is_due,
                                 GError **error) {
    gint64 n = 0;
    return db_number(db,
                     "SELECT CASE WHEN " WARN_LAST " THEN 2 WHEN " WARN_FIRST
                     " THEN 1 ELSE 0 END FROM registration r WHERE r.id = :id AND " IN_FORCE,
                     PARAMS(P_INT("now", now_at_us), P_TEXT("id", id)), 0, &n, error) &&
           ((*is_due = n > 0) == FALSE ||
            db_run(db, "UPDATE registration SET warned = :n WHERE id = :id",
                   PARAMS(P_INT("n", n), P_TEXT("id", id)), error));
}

gboolean store_registration_renew(struct db *db, const char *id, gint64 until_at_us, GError **error) {
    return db_run(db, "UPDATE registration SET expires_at_us = :until, warned = 0 WHERE id = :id",
                  PARAMS(P_INT("until", until_at_us), P_TEXT("id", id)), error);
}

/* ── Contacts ──────────────────────────────────────────────────────────────────────────────────── */

void store_contact_clear(struct store_contact *contact) {
    g_free(contact->channel);
    g_clear_pointer(&contact->box, g_bytes_unref);
    *contact = (struct store_contact){.place = 0};
}

gboolean store_contact_add(struct db *db, const char *registration_id,
                           const struct store_contact *contact, GError **error) {
    gsize n;
    const void *box = g_bytes_get_data(contact->box, &n);
    return db_run(
        db,
        "INSERT INTO contact (registration_id, place, channel, state, box, hash) VALUES (:id, "
        ":place, :channel, :state, :box, :hash)",
        PARAMS(P_TEXT("id", registration_id), P_INT("place", contact->place),
               P_TEXT("channel", contact->channel), P_INT("state", CONTACT_IN_USE),
               P_BLOB("box", box, n), P_BLOB("hash", contact->hash, sizeof contact->hash)),
        error);
}

GArray *store_contacts(struct db *db, const char *registration_id, GError **error) {
    GArray *list = g_array_new(FALSE, FALSE, sizeof(struct store_contact));
    g_array_set_clear_func(list, (GDestroyNotify)store_contact_clear);
    /* The state is written out: a bound one would be held against contact_by_hash's condition, and the
     * statement prepared anew each time. */
    struct db_rows *rows =
        db_query(db,
                 "SELECT place, channel, box, hash FROM contact WHERE "
                 "registration_id = :id AND state = " SQL_CONTACT_IN_USE " ORDER BY place",
                 PARAMS(P_TEXT("id", registration_id)));
    while (db_next(rows)) {
        struct store_contact contact = {.place = (guint)db_int(rows, 0),
                                        .channel = g_strdup(db_text(rows, 1))};
        gsize n;
        const void *bytes = db_blob(rows, 2, &n);
        contact.box = g_bytes_new(bytes, n);
        bytes = db_blob(rows, 3, &n);
        if (n == sizeof contact.hash)
            memcpy(contact.hash, bytes, n);
        g_array_append_val(list, contact);
    }
    if (db_done(rows, error))
        return list;
    g_array_unref(list);
    return NULL;
}

/* ── keys.db ───────────────────────────────────────────────────────────────────────────────────── */

struct store_keys {
    struct db *db;
    GMutex mutex;
};

struct store_keys *store_keys_open(const char *path, gboolean is_new, GError **error) {
    struct db *db = db_open(path, NULL, DB_PLAIN, is_new, error);
    if (!db)
        return NULL;
    /* No log and no spare pages in which a deleted key could live on. */
    gboolean ok = db_script(
        db, "PRAGMA journal_mode=TRUNCATE; PRAGMA secure_delete=ON; PRAGMA synchronous=EXTRA", error);
    ok = ok && db_script(db,
                         is_new ? "CREATE TABLE contact_key (registration_id TEXT PRIMARY KEY, box "
                                  "BLOB NOT NULL) WITHOUT ROWID"
                                : "SELECT 1 FROM contact_key LIMIT 1",
                         error);
    if (!ok) {
        g_prefix_error(error, "%s: ", path);
        db_close(db);
        return NULL;
    }
    struct store_keys *keys = g_new0(struct store_keys, 1);
    keys->db = db;
    g_mutex_init(&keys->mutex);
    return keys;
}

void store_keys_close(struct store_keys *keys) {
    if (!keys)
        return;
    db_close(keys->db);
    g_mutex_clear(&keys->mutex);
    g_free(keys);
}

gboolean store_keys_put(struct store_keys *keys, const char *registration_id, GBytes *box,
                        GError **error) {
    gsize n;
    const void *bytes = g_bytes_get_data(box, &n);
    g_mutex_lock(&keys->mutex);
    gboolean ok = db_run(keys->db, "INSERT INTO contact_key VALUES (:id, :box)",
                         PARAMS(P_TEXT("id", registration_id), P_BLOB("box", bytes, n)), error);
    g_mutex_unlock(&keys->mutex);
    return ok;
}

GBytes *store_keys_get(struct store_keys *keys, const char *registration_id, GError **error) {
    GBytes *box = NULL;
    g_mutex_lock(&keys->mutex);
    struct db_rows *rows = db_query(keys->db, "SELECT box FROM contact_key WHERE registration_id = :id",
                                    PARAMS(P_TEXT("id", registration_id)));
    if (db_next(rows)) {
        gsize n;
        const void *bytes = db_blob(rows, 0, &n);
        box = g_bytes_new(bytes, n);
    }
    gboolean ok = db_done(rows, error);
    g_mutex_unlock(&keys->mutex);
    if (ok && !box)
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "the contact's key was deleted");
    return box;
}

gboolean store_keys_delete(struct store_keys *keys, const char *registration_id, GError **error) {
    g_mutex_lock(&keys->mutex);
    gboolean ok = db_run(keys->db, "DELETE FROM contact_key WHERE registration_id = :id",
                         PARAMS(P_TEXT("id", registration_id)), error);
    g_mutex_unlock(&keys->mutex);
    return ok;
}

gboolean store_keys_backup(struct store_keys *keys, const char *path, GError **error) {
    g_mutex_lock(&keys->mutex);
    gboolean ok = db_driver_of(keys->db)->backup(db_link_of(keys->db), path, error);
    g_mutex_unlock(&keys->mutex);
    return ok;
}
