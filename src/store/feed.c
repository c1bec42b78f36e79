#include "store/feed.h"

#include <jansson.h>
#include <string.h>

#include "base/error.h"
#include "store/db.h"
#include "store/states.h"

void store_feed_clear(struct store_feed *feed) {
    g_clear_pointer(&feed->held_missing, g_array_unref);
    g_free(feed->id);
    g_free(feed->mapping);
    g_free(feed->drop_folder);
    g_free(feed->secret);
    *feed = (struct store_feed){.id = NULL};
}

gboolean store_feed_add(struct db *db, const char *id, const char *mapping, const char *drop_folder,
                        const char *secret, gint64 now_at_us, GError **error) {
    return db_run(db,
                  "INSERT INTO feed (id, mapping, drop_folder, secret, added_at_us) "
                  "VALUES (:id, :mapping, :drop_folder, :secret, :now)",
                  PARAMS(P_TEXT("id", id), P_TEXT("mapping", mapping),
                         P_TEXT("drop_folder", drop_folder), P_TEXT("secret", secret),
                         P_INT("now", now_at_us)),
                  error);
}

gboolean store_feed_update(struct db *db, const char *id, const char *mapping, const char *drop_folder,
                           GError **error) {
    return db_run(
        db,
        "UPDATE feed SET mapping = :mapping, "
        "drop_folder = coalesce(:drop_folder, drop_folder) WHERE id = :id",
        PARAMS(P_TEXT("id", id), P_TEXT("mapping", mapping), P_TEXT("drop_folder", drop_folder)),
        error);
}

/* ── What the breaker has learned, as JSON ─────────────────────────────────────────────────────── */

static json_t *numbers(const double *values) {
    json_t *array = json_array();
    for (int i = 0; i < BREAKER_BANDS; i++)
        json_array_append_new(array, json_real(values[i]));
    return array;
}

static char *turnover_format(const struct custody_turnover *t) {
    json_t *object = json_pack("{s:o, s:o, s:o, s:f, s:f, s:b}", "exposure_days",
                               numbers(t->exposure_days), "departures", numbers(t->departures),
                               "prior_days", numbers(t->prior_days), "prior_scale", t->prior_scale,
                               "history_days", t->history_days, "has_dates", t->has_dates);
    char *text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    return text;
}

static void read_numbers(const json_t *object, const char *key, double *values) {
    for (int i = 0; i < BREAKER_BANDS; i++)
        values[i] = json_number_value(json_array_get(json_object_get(object, key), (size_t)i));
}

static void turnover_parse(const char *text, struct custody_turnover *t) {
    json_t *object = text ? json_loads(text, 0, NULL) : NULL;
    *t = (struct custody_turnover){.prior_scale = 1};
    if (object) {
        read_numbers(object, "exposure_days", t->exposure_days);
        read_numbers(object, "departures", t->departures);
        read_numbers(object, "prior_days", t->prior_days);
        t->prior_scale = json_number_value(json_object_get(object, "prior_scale"));
        t->history_days = json_number_value(json_object_get(object, "history_days"));
        t->has_dates = json_is_true(json_object_get(object, "has_dates"));
    }
    json_decref(object);
}

static char *pace_format(const struct custody_pace *p) {
    json_t *object = json_pack(
        "{s:f, s:[f, f], s:I, s:I, s:[i, i], s:[b, b], s:I}", "days", p->days, "counted",
        p->counted[PACE_ENDINGS], p->counted[PACE_ARRIVALS], "since", (json_int_t)p->since_us, "last",
        (json_int_t)p->last_us, "n", (int)p->n[PACE_ENDINGS], (int)p->n[PACE_ARRIVALS], "doubtful",
        p->is_doubtful[PACE_ENDINGS], p->is_doubtful[PACE_ARRIVALS], "first", (json_int_t)p->first_seq);
    char *text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    return text;
}

static void pace_parse(const char *text, struct custody_pace *p) {
    json_t *object = text ? json_loads(text, 0, NULL) : NULL;
    *p = (struct custody_pace){.since_us = TIME_UNKNOWN, .last_us = TIME_UNKNOWN};
    if (!object)
        return;
    p->days = json_number_value(json_object_get(object, "days"));
    p->since_us = json_integer_value(json_object_get(object, "since"));
    p->last_us = json_integer_value(json_object_get(object, "last"));
    p->first_seq = json_integer_value(json_object_get(object, "first"));
    for (guint i = 0; i < PACE_N; i++) {
        p->counted[i] = json_number_value(json_array_get(json_object_get(object, "counted"), i));
        p->n[i] = (guint)json_integer_value(json_array_get(json_object_get(object, "n"), i));
        p->is_doubtful[i] = json_is_true(json_array_get(json_object_get(object, "doubtful"), i));
    }
    json_decref(object);
}

gboolean store_feed_get(struct db *db, const char *id, struct store_feed *feed, GError **error) {
    struct db_rows *rows = db_query(
        db,
        "SELECT mapping, drop_folder, secret, has_baseline, last_at_us, fresh_at_us, "
        "silent_since_us, silence_seq, silence_told, turnover, last_digest, added_at_us, "
        "listed_at_us, interval_us, held_since_us, held_agree, held_told, held_missing, pace FROM feed "
        "WHERE id = :id",
        PARAMS(P_TEXT("id", id)));
    *feed = (struct store_feed){.id = NULL};
    if (db_next(rows)) {
        *feed = (struct store_feed){.id = g_strdup(id),
                                    .mapping = g_strdup(db_text(rows, 0)),
                                    .drop_folder = g_strdup(db_text(rows, 1)),
                                    .secret = g_strdup(db_text(rows, 2)),
                                    .has_baseline = db_int(rows, 3) != 0,
                                    .last_at_us = db_time(rows, 4),
                                    .fresh_at_us = db_time(rows, 5),
                                    .silent_since_us = db_time(rows, 6),
                                    .silence_seq = db_int(rows, 7),
                                    .silence_told = db_int(rows, 8) != 0,
                                    .added_at_us = db_int(rows, 11),
                                    .listed_at_us = db_time(rows, 12),
                                    .interval_us = db_int(rows, 13),
                                    .held_since_us = db_time(rows, 14),
                                    .n_agree = (guint)db_int(rows, 15),
                                    .held_told = db_int(rows, 16) != 0};
        feed->has_turnover = !db_is_null(rows, 9);
        if (feed->has_turnover)
            turnover_parse(db_text(rows, 9), &feed->turnover);
        pace_parse(db_text(rows, 18), &feed->pace);
        gsize n;
        const void *missing = db_blob(rows, 17, &n);
        if (missing && n) {
            feed->held_missing = g_array_new(FALSE, FALSE, sizeof(gint64));
            g_array_append_vals(feed->held_missing, missing, (guint)(n / sizeof(gint64)));
        }
        const void *digest = db_blob(rows, 10, &n);
        feed->has_last_digest = digest && n == sizeof feed->last_digest;
        if (feed->has_last_digest)
            memcpy(feed->last_digest, digest, n);
    }
    if (!db_done(rows, error))
        return FALSE;
    if (!feed->id)
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                    "there is no feed \"%s\"; `tocsin feed status` lists the feeds", id);
    return feed->id != NULL;
}

GPtrArray *store_feed_ids(struct db *db, GError **error) {
    GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);
    struct db_rows *rows = db_query(db, "SELECT id FROM feed ORDER BY id", NO_PARAMS);
    while (db_next(rows))
        g_ptr_array_add(ids, g_strdup(db_text(rows, 0)));
    if (db_done(rows, error))
        return ids;
    g_ptr_array_unref(ids);
    return NULL;
}

GPtrArray *store_feeds_ahead(struct db *db, gint64 at_us, GError **error) {
    return db_texts(db_query(db, "SELECT id FROM feed WHERE last_at_us > :at ORDER BY id",
                             PARAMS(P_INT("at", at_us))),
                    error);
}

gboolean store_feed_folders(struct db *db, GHashTable *folders, GError **error) {
    struct db_rows *rows =
        db_query(db, "SELECT id, drop_folder FROM feed WHERE drop_folder IS NOT NULL", NO_PARAMS);
    while (db_next(rows))
        g_hash_table_insert(folders, g_strdup(db_text(rows, 0)), g_strdup(db_text(rows, 1)));
    return db_done(rows, error);
}

/* Reports in doubt wait for a person as a held list does. */
static gboolean read_doubtful(struct db *db, const char *id, struct store_feed_counts *counts,
                              GError **error) {
    struct db_rows *rows = db_query(db,
                                    "SELECT count(*), max(seq), min(observed_at_us) FROM event WHERE "
                                    "feed = :feed AND is_doubtful = 1 "
                                    "AND (said IN (1, 2) OR kind = 0)",
                                    PARAMS(P_TEXT("feed", id)));
    if (db_next(rows) && db_int(rows, 0)) {
        g_autofree char *since = base_time_format(db_int(rows, 2));
        counts->held_id = -db_int(rows, 1);
        counts->held_reason = g_strdup_printf(
            "%" G_GINT64_FORMAT
            " reports since %s are in doubt: so many at once are far beyond what this "
            "feed usually says. Whoever follows one of them was told that it may be a mistake.",
            db_int(rows, 0), since);
    }
    return db_done(rows, error);
}

static gboolean read_held(struct db *db, const char *id, struct store_feed_counts *counts,
                          GError **error) {
    struct db_rows *rows =
        db_query(db,
                 "SELECT reason, id FROM source WHERE feed = :feed AND state = " SQL_SOURCE_HELD " "
                 "ORDER BY is_broken, snapshot_at_us DESC, id DESC LIMIT 1",
                 PARAMS(P_TEXT("feed", id)));
    if (db_next(rows)) {
        counts->held_reason = g_strdup(db_text(rows, 0));
        counts->held_id = db_int(rows, 1);
    }
    if (!db_done(rows, error)) {
        g_clear_pointer(&counts->held_reason, g_free);
        return FALSE;
    }
    return counts->held_id || read_doubtful(db, id, counts, error);
}

gboolean store_feed_count(struct db *db, const char *id, struct store_feed_counts *counts,
                          GError **error) {
    gint64 n_listed, n_problems;
    *counts = (struct store_feed_counts){.held_id = 0};
    /* A first list counts when it is whole. */
    if (!db_number(
            db,
            "SELECT count(*) FROM booking WHERE roster_feed = :feed AND listing = 1 AND EXISTS (SELECT "
            "1 FROM feed WHERE id = :feed AND has_baseline = 1)",
            PARAMS(P_TEXT("feed", id)), 0, &n_listed, error) ||
        !db_number(db,
                   "SELECT count(*) FROM problem p JOIN source s ON s.id = p.source_id WHERE s.feed = "
                   ":feed",
                   PARAMS(P_TEXT("feed", id)), 0, &n_problems, error))
        return FALSE;
    counts->n_listed = (guint)n_listed;
    counts->n_problems = (guint)n_problems;
    return read_held(db, id, counts, error);
}

gboolean store_feed_save(struct db *db, const struct store_feed *feed, GError **error) {
    char *turnover = feed->has_turnover ? turnover_format(&feed->turnover) : NULL;
    char *pace = pace_format(&feed->pace);
    const GArray *missing = feed->held_missing;
    gboolean ok = db_run(
        db,
        "UPDATE feed SET has_baseline = :has_baseline, last_at_us = :last_at, "
        "fresh_at_us = :fresh_at, silent_since_us = :silent_since, silence_seq = :silence_seq, "
        "silence_told = :silence_told, turnover = :turnover, last_digest = :last_digest, "
        "listed_at_us = :listed_at, interval_us = :interval, held_since_us = :held_since, "
        "held_agree = :agree, held_told = :held_told, held_missing = :missing, pace = :pace "
        "WHERE id = :id",
        PARAMS(P_INT("has_baseline", feed->has_baseline), P_TIME("last_at", feed->last_at_us),
               P_TIME("fresh_at", feed->fresh_at_us), P_TIME("silent_since", feed->silent_since_us),
               P_INT("silence_seq", feed->silence_seq), P_INT("silence_told", feed->silence_told),
               P_TEXT("turnover", turnover), P_TIME("listed_at", feed->listed_at_us),
               P_INT("interval", feed->interval_us), P_TIME("held_since", feed->held_since_us),
               P_TEXT("pace", pace), P_INT("agree", feed->n_agree), P_INT("held_told", feed->held_told),
               P_BLOB("missing", missing ? missing->data : NULL,
                      missing ? missing->len * sizeof(gint64) : 0),
               P_BLOB("last_digest", feed->has_last_digest ? feed->last_digest : NULL, 32),
               P_TEXT("id", feed->id)),
        error);
    free(turnover);
    free(pace);
    return ok;
}

/* ── Sources ───────────────────────────────────────────────────────────────────────────────────── */

const char *store_source_state_name(enum store_source_state state) {
    static const char *const names[] = {"loaded",  "held",       "rejected", "repeated", "stale",
                                        "refused", "superseded", "undone",   "loading"};
    return names[state];
}

gboolean store_source_known(struct db *db, const char *feed, const guint8 *digest,
                            gint64 snapshot_at_us, gboolean *is_known, enum store_source_state *state,
                            GError **error) {
    gint64 number;
    const gboolean ok = db_number(
        db, "SELECT state FROM source WHERE feed = :feed AND digest = :digest AND snapshot_at_us = :at",
        PARAMS(P_TEXT("feed", feed), P_BLOB("digest", digest, 32), P_INT("at", snapshot_at_us)), -1,
        &number, error);
    *is_known = ok && number >= 0;
    *state = *is_known ? (enum store_source_state)number : SOURCE_LOADED;
    return ok;
}

gboolean store_source_is_older_content(struct db *db, const struct store_feed *feed,
                                       const struct store_source *source, gboolean *is_older,
                                       GError **error) {
    gint64 n;
    *is_older = FALSE;
    if (feed->has_last_digest && memcmp(feed->last_digest, source->digest, 32) == 0)
        return TRUE;
    if (!db_number(db,
                   "SELECT count(*) FROM source WHERE feed = :feed AND digest = :digest AND state IN "
                   "(0, 3) AND id <> :own",
                   PARAMS(P_TEXT("feed", feed->id), P_BLOB("digest", source->digest, 32),
                          P_INT("own", source->id)),
                   0, &n, error))
        return FALSE;
    *is_older = n > 0;
    return TRUE;
}

gboolean store_source_add(struct db *db, struct store_source *source, GError **error) {
    /* A file may come again: after the mapping was mended, or because it is the newest once more. */
    struct db_rows *rows = db_query(
        db,
        "INSERT INTO source (feed, name, digest, snapshot_at_us, received_at_us, state, answer) "
        "VALUES (:feed, :name, :digest, :snapshot_at, :received_at, :state, :answer) "
        "ON CONFLICT (feed, digest, snapshot_at_us) DO UPDATE SET received_at_us = "
        "excluded.received_at_us, state = CASE WHEN excluded.state = " SQL_SOURCE_LOADING
        " THEN excluded.state ELSE source.state END RETURNING id",
        PARAMS(P_TEXT("feed", source->feed), P_TEXT("name", source->name),
               P_BLOB("digest", source->digest, 32), P_INT("snapshot_at", source->snapshot_at_us),
               P_INT("received_at", source->received_at_us), P_INT("state", source->state),
               P_TEXT("answer", source->answer)));
    source->id = db_next(rows) ? db_int(rows, 0) : 0;
    db_next(rows);
    return db_done(rows, error);
}

gboolean store_sources_begun(struct db *db, gint64 before_us, GPtrArray *names, GError **error) {
    struct db_rows *rows = db_query(db,
                                    "SELECT feed, name FROM source WHERE state = " SQL_SOURCE_LOADING
                                    " AND received_at_us < :before ORDER BY id",
                                    PARAMS(P_INT("before", before_us)));
    while (db_next(rows))
        g_ptr_array_add(names, g_strconcat(db_text(rows, 0), ": ", db_text(rows, 1), NULL));
    return db_done(rows, error);
}

gboolean store_source_by_name(struct db *db, const struct store_feed *feed, const char *name,
                              gint64 *id, gint64 *snapshot_at_us, gboolean *is_last, GError **error) {
    struct db_rows *rows =
        db_query(db,
                 "SELECT id, snapshot_at_us, digest, EXISTS (SELECT 1 FROM source n WHERE n.feed = "
                 ":feed AND n.state IN (0, 3) AND n.snapshot_at_us > s.snapshot_at_us) FROM source s "
                 "WHERE feed = :feed AND name = "
                 ":name AND state IN (0, 2, 3, 4, 6, 8) ORDER BY id DESC LIMIT 1",
                 PARAMS(P_TEXT("feed", feed->id), P_TEXT("name", name)));
    *id = 0;
    *is_last = FALSE;
    if (db_next(rows)) {
        gsize n;
        const void *digest = db_blob(rows, 2, &n);
        *id = db_int(rows, 0);
        *snapshot_at_us = db_int(rows, 1);
        *is_last = !db_int(rows, 3) && feed->has_last_digest && n == sizeof feed->last_digest &&
                   memcmp(digest, feed->last_digest, n) == 0;
    }
    return db_done(rows, error);
}

gboolean store_source_before(struct db *db, const char *feed, gint64 snapshot_at_us,
                             gint64 *before_at_us, GError **error) {
    return db_number(db,
                     "SELECT max(snapshot_at_us) FROM source WHERE feed = :feed AND state IN (0, 3) "
                     "AND snapshot_at_us < "
                     ":at",
                     PARAMS(P_TEXT("feed", feed), P_INT("at", snapshot_at_us)), TIME_UNKNOWN,
                     before_at_us, error);
}

gboolean store_source_undo(struct db *db, gint64 id, GError **error) {
    return db_run(db, "UPDATE source SET state = :state WHERE id = :id",
                  PARAMS(P_INT("state", SOURCE_UNDONE), P_INT("id", id)), error);
}

#define LATEST_PERIODS                                                                                 \
    "(SELECT min(period) FROM (SELECT period FROM legible WHERE feed = :feed AND field = '' AND "      \
    "period <> :period ORDER "                                                                         \
    "BY period DESC LIMIT 30) AS latest)"

gboolean store_legible_get(struct db *db, struct store_legible *legible, double *worst,
                           GError **error) {
    const gint64 period =
        legible->adds ? legible->period : -1; /* a file that comes again is counted anew */
    gint64 n_periods;
    struct db_rows *rows = db_query(
        db, "SELECT n, n_bad FROM legible WHERE feed = :feed AND period = :period AND field = :field",
        PARAMS(P_TEXT("feed", legible->feed), P_INT("period", period),
               P_TEXT("field", legible->field)));
    const gboolean is_known = db_next(rows);
    legible->n = is_known ? db_int(rows, 0) : 0;
    legible->n_bad = is_known ? db_int(rows, 1) : 0;
    if (!db_done(rows, error) ||
        !db_number(
            db, "SELECT count(*) FROM legible WHERE feed = :feed AND field = '' AND period <> :period",
            PARAMS(P_TEXT("feed", legible->feed), P_INT("period", legible->period)), 0, &n_periods,
            error))
        return FALSE;
    *worst = n_periods ? 0 : -1;
    rows = db_query(
        db,
        "SELECT n, n_bad FROM legible WHERE feed = :feed AND period <> :period AND field = :field AND "
        "period >= " LATEST_PERIODS,
        PARAMS(P_TEXT("feed", legible->feed), P_INT("period", legible->period),
               P_TEXT("field", legible->field)));
    while (db_next(rows))
        *worst = MAX(*worst, (double)db_int(rows, 1) / (double)MAX(db_int(rows, 0), 1));
    return db_done(rows, error);
}

gboolean store_legible_forget(struct db *db, const char *feed, GError **error) {
    return db_run(db,
                  "DELETE FROM legible WHERE feed = :feed AND period < (SELECT min(period) FROM "
                  "(SELECT period FROM "
                  "legible WHERE feed = :feed AND field = '' ORDER BY period DESC LIMIT 31) AS latest)",
                  PARAMS(P_TEXT("feed", feed)), error);
}

gboolean store_legible_add(struct db *db, const struct store_legible *legible, GError **error) {
    return db_run(db,
                  "INSERT INTO legible (feed, period, field, n, n_bad) VALUES (:feed, :period, :field, "
                  ":n, :n_bad) ON "
                  "CONFLICT (feed, period, field) DO UPDATE SET n = excluded.n + CASE WHEN :adds = 1 "
                  "THEN legible.n ELSE "
                  "0 END, n_bad = excluded.n_bad + CASE WHEN :adds = 1 THEN legible.n_bad ELSE 0 END",
                  PARAMS(P_TEXT("feed", legible->feed), P_INT("period", legible->period),
                         P_TEXT("field", legible->field), P_INT("n", legible->n),
                         P_INT("n_bad", legible->n_bad), P_INT("adds", legible->adds)),
                  error);
}

gboolean store_problem_clear(struct db *db, gint64 source_id, GError **error) {
    return db_run(db, "DELETE FROM problem WHERE source_id = :id", PARAMS(P_INT("id", source_id)),
                  error);
}

gboolean store_source_finish(struct db *db, const struct store_source *source, GError **error) {
    return db_run(db,
                  "UPDATE source SET state = :state, n_rows = :n_rows, n_events = :n_events, "
                  "reason = :reason, answer = :answer, is_broken = :is_broken WHERE id = :id",
                  PARAMS(P_INT("state", source->state), P_INT("is_broken", source->is_broken),
                         P_INT("n_rows", source->n_rows), P_INT("n_events", source->n_events),
                         P_TEXT("reason", source->reason ? source->reason : ""),
                         P_TEXT("answer", source->answer), P_INT("id", source->id)),
                  error);
}

gboolean store_problem_add(struct db *db, gint64 source_id, const struct feed_problem *problem,
                           GError **error) {
    return db_run(db,
                  "INSERT INTO problem (source_id, row, field, reason, value) "
                  "VALUES (:source_id, :row, :field, :reason, :value)",
                  PARAMS(P_INT("source_id", source_id), P_INT("row", problem->row),
                         P_TEXT("field", problem->field), P_TEXT("reason", problem->reason),
                         P_TEXT("value", problem->value)),
                  error);
}

gboolean store_problems(struct db *db, const char *feed, guint limit, store_problem_fn each,
                        void *context, GError **error) {
    struct db_rows *rows = db_query(
        db,
        "SELECT s.feed, s.name, p.field, p.reason, p.value, p.row, s.received_at_us FROM problem p "
        "JOIN source s ON s.id = p.source_id WHERE s.feed = coalesce(:feed, s.feed) "
        "ORDER BY s.id DESC, p.id LIMIT :most",
        PARAMS(P_TEXT("feed", feed), P_INT("most", limit)));
    while (db_next(rows)) {
        const struct store_problem row = {.feed = db_text(rows, 0),
                                          .file = db_text(rows, 1),
                                          .field = db_text(rows, 2),
                                          .reason = db_text(rows, 3),
                                          .value = db_text(rows, 4),
                                          .row = db_int(rows, 5),
                                          .received_at_us = db_int(rows, 6)};
        each(&row, context);
    }
    return db_done(rows, error);
}

gboolean store_push_find(struct db *db, const char *feed, const guint8 digest[32], char **name,
                         char **answer, GError **error) {
    struct db_rows *rows = db_query(db,
                                    "SELECT name, answer FROM source WHERE feed = :feed AND "
                                    "digest = :digest AND snapshot_at_us = -1",
                                    PARAMS(P_TEXT("feed", feed), P_BLOB("digest", digest, 32)));
    *name = *answer = NULL;
    if (db_next(rows)) {
        *name = g_strdup(db_text(rows, 0));
        *answer = g_strdup(db_text(rows, 1));
    }
    return db_done(rows, error);
}

/* ── Held rosters ──────────────────────────────────────────────────────────────────────────────── */

gboolean store_held_add(struct db *db, gint64 source_id, const void *cells, gsize n, GError **error) {
    return db_run(db,
                  "INSERT INTO held_roster (source_id, cells) VALUES (:id, :cells) ON CONFLICT "
                  "(source_id) DO UPDATE SET cells = excluded.cells",
                  PARAMS(P_INT("id", source_id), P_BLOB("cells", cells, n)), error);
}

gboolean store_held_newest(struct db *db, const char *feed, gint64 *source_id, GError **error) {
    struct db_rows *rows =
        db_query(db,
                 "SELECT id FROM source WHERE feed = :feed AND state = " SQL_SOURCE_HELD " "
                 "ORDER BY is_broken, snapshot_at_us DESC, id DESC LIMIT 1",
                 PARAMS(P_TEXT("feed", feed)));
    *source_id = db_next(rows) ? db_int(rows, 0) : 0;
    return db_done(rows, error);
}

GBytes *store_held_cells(struct db *db, gint64 source_id, gint64 *snapshot_at_us, char **name,
                         guint8 digest[32], GError **error) {
    GBytes *cells = NULL;
    struct db_rows *rows =
        db_query(db,
                 "SELECT h.cells, s.snapshot_at_us, s.name, s.digest FROM held_roster h "
                 "JOIN source s ON s.id = h.source_id WHERE h.source_id = :id",
                 PARAMS(P_INT("id", source_id)));
    if (db_next(rows)) {
        gsize n;
        const void *bytes = db_blob(rows, 0, &n);
        cells = g_bytes_new(bytes, n);
        *snapshot_at_us = db_int(rows, 1);
        *name = g_strdup(db_text(rows, 2));
        const void *stored = db_blob(rows, 3, &n);
        memcpy(digest, stored, MIN(n, 32));
    }
    if (!db_done(rows, error)) {
        g_clear_pointer(&cells, g_bytes_unref);
    } else if (!cells) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "no roster is held");
    }
    return cells;
}

gboolean store_held_end(struct db *db, const char *feed, enum store_source_state state,
                        GError **error) {
    return db_run(db,
                  "DELETE FROM held_roster WHERE source_id IN "
                  "(SELECT id FROM source WHERE feed = :feed AND state = " SQL_SOURCE_HELD ")",
                  PARAMS(P_TEXT("feed", feed)), error) &&
           db_run(db,
                  "UPDATE source SET state = :state WHERE feed = :feed AND state = " SQL_SOURCE_HELD "",
                  PARAMS(P_TEXT("feed", feed), P_INT("state", state)), error);
}
