#include "store/ledger.h"

#include <string.h>

#include "base/error.h"
#include "base/time.h"
#include "ledger/checkpoint.h"
#include "store/db.h"
#include "store/states.h"

/* ── The tree ──────────────────────────────────────────────────────────────────────────────────── */

static gboolean read_edge(struct db *db, struct ledger_edge *edge, GError **error) {
    gsize n = 0;
    struct db_rows *rows = db_query(db, "SELECT size, edge FROM ledger_head WHERE id = 1", NO_PARAMS);
    if (db_next(rows)) {
        edge->size = (guint64)db_int(rows, 0);
        const void *bytes = db_blob(rows, 1, &n);
        if (n <= sizeof edge->peaks && n)
            memcpy(edge->peaks, bytes, n);
    }
    if (!db_done(rows, error))
        return FALSE;
    if (n == (gsize)__builtin_popcountll(edge->size) * LEDGER_HASH_BYTES)
        return TRUE;
    g_set_error(error, BASE_ERROR, BASE_ERROR_STORE, "the ledger's edge is damaged; restore a backup");
    return FALSE;
}

/* Remembers the root of a full tile. */
struct keeping {
    struct db *db;
    gboolean ok;
    GError *error;
};

static void keep_tile_hash(guint level, guint64 index, const struct ledger_hash *hash, void *context) {
    struct keeping *keeping = context;
    keeping->ok = keeping->ok &&
                  db_run(keeping->db,
                         "INSERT INTO ledger_tile_hash (level, idx, hash) VALUES (:level, :idx, :hash)",
                         PARAMS(P_INT("level", level), P_INT("idx", index),
                                P_BLOB("hash", hash->bytes, LEDGER_HASH_BYTES)),
                         &keeping->error);
}

gboolean store_ledger_append(struct db *db, const void *entry, gsize n, guint64 *index,
                             GError **error) {
    struct ledger_edge edge = {0};
    struct keeping keeping = {.db = db, .ok = TRUE};
    if (!read_edge(db, &edge, error))
        return FALSE;
    const guint64 place = edge.size;
    const struct ledger_hash leaf = ledger_hash_leaf(entry, n);
    ledger_edge_add(&edge, &leaf, keep_tile_hash, &keeping);
    if (!keeping.ok) {
        g_propagate_error(error, keeping.error);
        return FALSE;
    }
    if (index)
        *index = place;
    return db_run(db, "INSERT INTO ledger_entry (idx, entry) VALUES (:idx, :entry)",
                  PARAMS(P_INT("idx", place), P_BLOB("entry", entry, n)), error) &&
           db_run(db, "UPDATE ledger_head SET size = :size, edge = :edge WHERE id = 1",
                  PARAMS(P_INT("size", edge.size),
                         P_BLOB("edge", edge.peaks,
                                (gsize)__builtin_popcountll(edge.size) * LEDGER_HASH_BYTES)),
                  error);
}

gboolean store_ledger_is_unsigned(struct db *db, gboolean *is_unsigned, GError **error) {
    gint64 n;
    const gboolean ok =
        db_number(db, "SELECT count(*) FROM ledger_head WHERE id = 1 AND size <> signed_size",
                  NO_PARAMS, 0, &n, error);
    *is_unsigned = ok && n > 0;
    return ok;
}

gboolean store_ledger_size(struct db *db, guint64 *size, GError **error) {
    return db_number(db, "SELECT signed_size FROM ledger_head WHERE id = 1", NO_PARAMS, 0,
                     (gint64 *)size, error);
}

gboolean store_ledger_sign(struct db *db, const struct ledger_signer *signer, gint64 now_at_us,
                           GError **error) {
    struct ledger_edge edge = {0};
    if (!read_edge(db, &edge, error))
        return FALSE;
    const struct ledger_hash root = ledger_edge_root(&edge);
    g_autofree char *text =
        ledger_checkpoint_format(ledger_signer_verifier(signer)->name, edge.size, &root);
    g_autofree char *line = ledger_note_sign(text, signer, now_at_us / SECOND_US);
    g_autofree char *note = g_strconcat(text, "\n", line, NULL);
    return db_run(
        db,
        "UPDATE ledger_head SET signed_size = :size, signed_at_us = :now, checkpoint = :note, "
        "cosignatures = '' WHERE id = 1",
        PARAMS(P_INT("size", edge.size), P_INT("now", now_at_us), P_TEXT("note", note)), error);
}

char *store_ledger_checkpoint(struct db *db, GError **error) {
    char *note = NULL;
    struct db_rows *rows =
        db_query(db, "SELECT checkpoint || cosignatures FROM ledger_head WHERE id = 1", NO_PARAMS);
    if (db_next(rows) && *db_text(rows, 0))
        note = g_strdup(db_text(rows, 0));
    if (!db_done(rows, error))
        g_clear_pointer(&note, g_free);
    else if (!note)
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "the ledger has no entry yet");
    return note;
}

gboolean store_ledger_cosign(struct db *db, guint64 size, const char *lines, GError **error) {
    return db_run(
        db,
        "UPDATE ledger_head SET cosignatures = cosignatures || :lines "
        "WHERE id = 1 AND signed_size = :size AND replace(cosignatures, :lines, '') = cosignatures",
        PARAMS(P_TEXT("lines", lines), P_INT("size", size)), error);
}

/* ── Resources ─────────────────────────────────────────────────────────────────────────────────── */

static void append_entry(GByteArray *out, const guint8 *entry, gsize n) {
    const guint8 length[2] = {(guint8)(n >> 8), (guint8)n};
    g_byte_array_append(out, length, sizeof length);
    g_byte_array_append(out, entry, (guint)n);
}

static gboolean read_tile(struct db *db, const struct ledger_tile *tile, GByteArray *out,
                          GError **error) {
    const guint64 first = tile->index * LEDGER_TILE_WIDTH, end = first + tile->width;
    const gboolean is_upper = tile->level != LEDGER_ENTRIES && tile->level > 0;
    struct db_rows *rows =
        is_upper
            ? db_query(db,
                       "SELECT hash FROM ledger_tile_hash "
                       "WHERE level = :level AND idx >= :first AND idx < :end ORDER BY idx",
                       PARAMS(P_INT("level", tile->level), P_INT("first", first), P_INT("end", end)))
            : db_query(db,
                       "SELECT entry FROM ledger_entry WHERE idx >= :first AND idx < :end "
                       "ORDER BY idx",
                       PARAMS(P_INT("first", first), P_INT("end", end)));
    while (db_next(rows)) {
        gsize n;
        const guint8 *bytes = db_blob(rows, 0, &n);
        if (tile->level == LEDGER_ENTRIES) {
            append_entry(out, bytes, n);
        } else if (is_upper) {
            g_byte_array_append(out, bytes, (guint)n);
        } else {
            const struct ledger_hash leaf = ledger_hash_leaf(bytes, n);
            g_byte_array_append(out, leaf.bytes, LEDGER_HASH_BYTES);
        }
    }
    return db_done(rows, error);
}

GBytes *store_ledger_resource(struct db *db, const char *path, GError **error) {
    struct ledger_tile tile;
    guint64 size;
    if (strcmp(path, "checkpoint") == 0) {
        char *note = store_ledger_checkpoint(db, error);
        return note ? g_bytes_new_take(note, strlen(note)) : NULL;
    }
    if (!store_ledger_size(db, &size, error))
        return NULL;
    if (!ledger_tile_parse(path, &tile) ||
        ledger_tile_width(size, tile.level, tile.index) < tile.width) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "the log has no \"%s\"", path);
        return NULL;
    }
    g_autoptr(GByteArray) out = g_byte_array_new();
    if (!read_tile(db, &tile, out, error))
        return NULL;
    return g_byte_array_free_to_bytes(g_steal_pointer(&out));
}

/* ── Counters and bodies ───────────────────────────────────────────────────────────────────────── */

gboolean store_ledger_count(struct db *db, const char *tag_key, guint64 *counter, GError **error) {
    struct db_rows *rows = db_query(
        db,
        "INSERT INTO ledger_tag_counter (tag_key, next) VALUES (:key, 1) "
        "ON CONFLICT (tag_key) DO UPDATE SET next = ledger_tag_counter.next + 1 RETURNING next - 1",
        PARAMS(P_TEXT("key", tag_key)));
    if (db_next(rows))
        *counter = (guint64)db_int(rows, 0);
    return db_done(rows, error);
}

gboolean store_ledger_body_add(struct db *db, const struct store_ledger_body *body, GError **error) {
    return db_run(db,
                  "INSERT INTO ledger_body (idx, at_us, person_id, year, counter, salts_id, body) "
                  "VALUES (:idx, :at, :person, :year, :counter, :salts, :body)",
                  PARAMS(P_INT("idx", body->index), P_INT("at", body->at_us),
                         P_INT("person", body->person_id), P_INT("year", body->year),
                         P_INT("counter", body->counter), P_TEXT("salts", body->salts_id),
                         P_TEXT("body", body->body)),
                  error);
}

gboolean store_ledger_bodies(struct db *db, gint64 person_id, gint64 from_at_us, gint64 until_at_us,
                             store_ledger_body_fn each, void *context, GError **error) {
    struct db_rows *rows = db_query(
        db,
        "SELECT idx, at_us, coalesce(person_id, 0), year, counter, salts_id, body "
        "FROM ledger_body WHERE (:person = 0 OR person_id = :person) AND at_us >= :from "
        "AND at_us < :until ORDER BY idx",
        PARAMS(P_INT("person", person_id), P_INT("from", from_at_us), P_INT("until", until_at_us)));
    while (db_next(rows)) {
        const struct store_ledger_body body = {.index = (guint64)db_int(rows, 0),
                                               .at_us = db_int(rows, 1),
                                               .person_id = db_int(rows, 2),
                                               .year = (guint)db_int(rows, 3),
                                               .counter = (guint64)db_int(rows, 4),
                                               .salts_id = db_text(rows, 5),
                                               .body = db_text(rows, 6)};
        each(&body, context);
    }
    return db_done(rows, error);
}

gboolean store_ledger_shred(struct db *db, gint64 person_id, guint *n, GError **error) {
    if (!db_run(db, "UPDATE ledger_body SET body = '' WHERE person_id = :person AND body <> ''",
                PARAMS(P_INT("person", person_id)), error))
        return FALSE;
    *n = (guint)db_changes(db);
    /* What was asked and is over keeps who asked on what kind of basis, for the yearly report. */
    return db_run(db,
                  "UPDATE agency_watch SET document = '', issuer = '', issued_on = '', asked_by = '', "
                  "document_key = '', officer_key = '', "
                  "decided_by = CASE WHEN decided_by IS NULL THEN NULL ELSE '' END, reason = '' "
                  "WHERE state IN (" SQL_WATCH_REFUSED ", " SQL_WATCH_ENDED ") AND registration_id IN "
                  "(SELECT id FROM registration WHERE person_id = :person)",
                  PARAMS(P_INT("person", person_id)), error);
}

gboolean store_ledger_entry(struct db *db, guint64 index, guint8 *bytes, gboolean *is_found,
                            GError **error) {
    gsize n = 0;
    struct db_rows *rows =
        db_query(db, "SELECT entry FROM ledger_entry WHERE idx = :idx", PARAMS(P_INT("idx", index)));
    const void *found = db_next(rows) ? db_blob(rows, 0, &n) : NULL;
    *is_found = found && n == LEDGER_ENTRY_BYTES;
    if (*is_found)
        memcpy(bytes, found, n);
    return db_done(rows, error);
}

gboolean store_ledger_entries(struct db *db, ledger_entry_fn each, void *context, GError **error) {
    struct db_rows *rows = db_query(db, "SELECT idx, entry FROM ledger_entry ORDER BY idx", NO_PARAMS);
    while (db_next(rows)) {
        gsize n;
        const void *bytes = db_blob(rows, 1, &n);
        each((guint64)db_int(rows, 0), bytes, n, context);
    }
    return db_done(rows, error);
}

gboolean store_ledger_counted(struct db *db, gint64 person_id, guint64 *n, GError **error) {
    g_autofree char *like = g_strdup_printf("tag:person:%" G_GINT64_FORMAT ":%%", person_id);
    struct db_rows *rows =
        db_query(db, "SELECT coalesce(sum(next), 0) FROM ledger_tag_counter WHERE tag_key LIKE :like",
                 PARAMS(P_TEXT("like", like)));
    *n = db_next(rows) ? (guint64)db_int(rows, 0) : 0;
    return db_done(rows, error);
}

gboolean store_ledger_body_get(struct db *db, guint64 index, char **body, char **salts_id,
                               GError **error) {
    struct db_rows *rows = db_query(db, "SELECT body, salts_id FROM ledger_body WHERE idx = :idx",
                                    PARAMS(P_INT("idx", index)));
    *body = *salts_id = NULL;
    if (db_next(rows)) {
        *body = g_strdup(db_text(rows, 0));
        *salts_id = g_strdup(db_text(rows, 1));
    }
    return db_done(rows, error);
}

gboolean store_ledger_told(struct db *db, const char *alert_id, guint reminder, guint64 *index,
                           gboolean *is_found, GError **error) {
    struct db_rows *rows =
        db_query(db, "SELECT idx FROM ledger_told WHERE alert_id = :alert AND reminder = :reminder",
                 PARAMS(P_TEXT("alert", alert_id), P_INT("reminder", reminder)));
    *is_found = db_next(rows);
    if (*is_found)
        *index = (guint64)db_int(rows, 0);
    return db_done(rows, error);
}

gboolean store_ledger_told_add(struct db *db, const char *alert_id, guint reminder, guint64 index,
                               GError **error) {
    return db_run(db,
                  "INSERT INTO ledger_told (alert_id, reminder, idx) VALUES (:alert, :reminder, :idx) "
                  "ON CONFLICT (alert_id, reminder) DO UPDATE SET idx = excluded.idx",
                  PARAMS(P_TEXT("alert", alert_id), P_INT("reminder", reminder), P_INT("idx", index)),
                  error);
}

/* ── Hours ─────────────────────────────────────────────────────────────────────────────────────── */

gboolean store_notice_add(struct db *db, const char *alert_id, guint reminder, guint64 hour,
                          const struct ledger_hash *commitment, GError **error) {
    return db_run(
        db,
        "INSERT INTO ledger_notice (alert_id, reminder, hour, commitment) "
        "VALUES (:alert, :reminder, :hour, :commitment) ON CONFLICT (alert_id, reminder) DO NOTHING",
        PARAMS(P_TEXT("alert", alert_id), P_INT("reminder", reminder), P_INT("hour", hour),
               P_BLOB("commitment", commitment->bytes, LEDGER_HASH_BYTES)),
        error);
}

gboolean store_notice_hour(struct db *db, const struct ledger_hash *commitment, guint64 *hour,
                           gboolean *is_found, GError **error) {
    const void *bytes = commitment->bytes;
    struct db_rows *rows = db_query(db, "SELECT hour FROM ledger_notice WHERE commitment = :commitment",
                                    PARAMS(P_BLOB("commitment", bytes, LEDGER_HASH_BYTES)));
    *is_found = db_next(rows);
    if (*is_found)
        *hour = (guint64)db_int(rows, 0);
    return db_done(rows, error);
}

gboolean store_notice_count(struct db *db, guint64 from_hour, guint64 until_hour, guint *n,
                            GError **error) {
    struct db_rows *rows =
        db_query(db,
                 "SELECT count(*) FROM ledger_notice WHERE hour >= :from AND hour < :until "
                 "AND reminder = 0",
                 PARAMS(P_INT("from", from_hour), P_INT("until", until_hour)));
    *n = db_next(rows) ? (guint)db_int(rows, 0) : 0;
    return db_done(rows, error);
}

GArray *store_notices_of_hour(struct db *db, guint64 hour, GError **error) {
    GArray *list = g_array_new(FALSE, FALSE, sizeof(struct ledger_hash));
    /* In the order of the commitments, which says nothing of when or in what order they left. */
    struct db_rows *rows =
        db_query(db, "SELECT commitment FROM ledger_notice WHERE hour = :hour ORDER BY commitment",
                 PARAMS(P_INT("hour", hour)));
    while (db_next(rows)) {
        struct ledger_hash hash;
        gsize n;
        const void *bytes = db_blob(rows, 0, &n);
        if (n == sizeof hash.bytes) {
            memcpy(hash.bytes, bytes, n);
            g_array_append_val(list, hash);
        }
    }
    if (db_done(rows, error))
        return list;
    g_array_unref(list);
    return NULL;
}

gboolean store_ledger_last_hour(struct db *db, guint64 *hour, GError **error) {
    return db_number(db, "SELECT max(hour) FROM ledger_hour", NO_PARAMS, 0, (gint64 *)hour, error);
}

gboolean store_ledger_hour_done(struct db *db, guint64 hour, guint64 index, GError **error) {
    return db_run(db, "INSERT INTO ledger_hour (hour, idx) VALUES (:hour, :idx)",
                  PARAMS(P_INT("hour", hour), P_INT("idx", index)), error);
}

gboolean store_ledger_hour_of(struct db *db, guint64 hour, guint64 *index, gboolean *is_found,
                              GError **error) {
    gint64 number;
    const gboolean ok = db_number(db, "SELECT idx FROM ledger_hour WHERE hour = :hour",
                                  PARAMS(P_INT("hour", hour)), -1, &number, error);
    *is_found = ok && number >= 0;
    *index = *is_found ? (guint64)number : 0;
    return ok;
}

/* ── Policies and witnesses ────────────────────────────────────────────────────────────────────── */

gboolean store_ledger_policy_is_last(struct db *db, const guint8 *policy, gsize n, gboolean *is_last,
                                     GError **error) {
    struct db_rows *rows =
        db_query(db, "SELECT policy FROM ledger_policy ORDER BY idx DESC LIMIT 1", NO_PARAMS);
    gsize length;
    const void *bytes = db_next(rows) ? db_blob(rows, 0, &length) : NULL;
    *is_last = bytes && length == n && memcmp(bytes, policy, n) == 0;
    return db_done(rows, error);
}

gboolean store_ledger_policy_add(struct db *db, guint64 index, const guint8 *policy, gsize n,
                                 const char *name, gint64 now_at_us, GError **error) {
    return db_run(db,
                  "INSERT INTO ledger_policy (idx, policy, name, at_us) "
                  "VALUES (:idx, :policy, :name, :now)",
                  PARAMS(P_INT("idx", index), P_BLOB("policy", policy, n), P_TEXT("name", name),
                         P_INT("now", now_at_us)),
                  error);
}

gboolean store_witness_get(struct db *db, const char *origin, guint64 *size, struct ledger_hash *root,
                           GError **error) {
    gsize n;
    *size = 0;
    struct db_rows *rows = db_query(db, "SELECT size, root FROM ledger_witness WHERE origin = :origin",
                                    PARAMS(P_TEXT("origin", origin)));
    if (db_next(rows)) {
        *size = (guint64)db_int(rows, 0);
        const void *bytes = db_blob(rows, 1, &n);
        if (n == sizeof root->bytes)
            memcpy(root->bytes, bytes, n);
    }
    return db_done(rows, error);
}

gboolean store_witness_set(struct db *db, const char *origin, guint64 size,
                           const struct ledger_hash *root, gint64 now_at_us, GError **error) {
    return db_run(db,
                  "INSERT INTO ledger_witness (origin, size, root, at_us) "
                  "VALUES (:origin, :size, :root, :now) ON CONFLICT (origin) DO UPDATE "
                  "SET size = excluded.size, root = excluded.root, at_us = excluded.at_us",
                  PARAMS(P_TEXT("origin", origin), P_INT("size", size),
                         P_BLOB("root", root->bytes, LEDGER_HASH_BYTES), P_INT("now", now_at_us)),
                  error);
}
