#include "pipeline/report.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "pipeline/register_private.h"

#define EPSILON 0.1 /* of a month's count of notices */

/* ── One person ────────────────────────────────────────────────────────────────────────────────── */

struct opening {
    struct site *site;
    const char *person;
    gint64 person_id;
    report_disclosure_fn each;
    void *context;
    struct report_subject *result;
    struct db *db;
    guint year;       /* of the last body … */
    guint64 expected; /* … and the number that comes next in it */
    GError *error;
};

/* The entry as the log has it. */
static gboolean read_entry(struct opening *o, guint64 index, struct ledger_entry *entry) {
    struct db_rows *rows =
        db_query(o->db, "SELECT entry FROM ledger_entry WHERE idx = :idx", PARAMS(P_INT("idx", index)));
    gsize n = 0;
    const void *bytes = db_next(rows) ? db_blob(rows, 0, &n) : NULL;
    gboolean ok = bytes && ledger_entry_read(bytes, n, entry, NULL);
    return db_done(rows, &o->error) && ok;
}

static gboolean tag_fits(struct opening *o, const struct store_ledger_body *body,
                         const struct ledger_entry *entry) {
    GBytes *key = logbook_subject_key(o->site, o->person_id, body->year, NULL);
    if (!key)
        return FALSE;
    const struct ledger_hash tag = ledger_tag(g_bytes_get_data(key, NULL), body->counter);
    seal_bytes_unref(key);
    return ledger_hash_equal(&tag, &entry->subject_tag);
}

static void open_one(const struct store_ledger_body *body, void *context) {
    struct opening *o = context;
    struct ledger_entry entry;
    const gboolean is_shredded = *body->body == 0;
    GBytes *salts = is_shredded ? NULL : logbook_salts(o->site, body->salts_id, NULL);
    if (body->year != o->year) {
        o->year = body->year;
        o->expected = 0;
    }
    const gboolean is_there = read_entry(o, body->index, &entry);
    const gboolean opens = is_there && salts && disclose_leaf_opens(&entry, body->body, salts);
    const gboolean fits = is_there && body->counter == o->expected &&
                          (is_shredded || (opens && tag_fits(o, body, &entry)));
    json_t *fields = opens ? json_loads(body->body, 0, NULL) : NULL;
    const struct report_disclosure disclosure = {.index = body->index,
                                                 .at_us = body->at_us,
                                                 .type = is_there ? ledger_entry_type_name(entry.type)
                                                                  : "missing",
                                                 .is_denied = is_there && entry.flags & LEDGER_DENIED,
                                                 .year = body->year,
                                                 .counter = body->counter,
                                                 .opens = opens,
                                                 .fields = fields};
    o->expected = body->counter + 1;
    o->result->n++;
    o->result->n_wrong += !fits;
    o->each(&disclosure, o->context);
    json_decref(fields);
    seal_bytes_unref(salts);
}

/* The counter says how many there must be: a body taken away at the end is missed too. */
static gboolean check_ends(struct opening *o, GError **error) {
    g_autofree char *like = g_strdup_printf("tag:person:%" G_GINT64_FORMAT ":%%", o->person_id);
    struct db_rows *rows = db_query(
        o->db, "SELECT coalesce(sum(next), 0) FROM ledger_tag_counter WHERE tag_key LIKE :like",
        PARAMS(P_TEXT("like", like)));
    const guint n = db_next(rows) ? (guint)db_int(rows, 0) : 0;
    if (!db_done(rows, error))
        return FALSE;
    o->result->n_wrong += n > o->result->n ? n - o->result->n : 0;
    return TRUE;
}

static gboolean open_in_transaction(struct db *db, void *context, GError **error) {
    struct opening *o = context;
    o->db = db;
    if (!register_find_person(db, o->person, &o->person_id, error) ||
        !store_ledger_bodies(db, o->person_id, G_MININT64, G_MAXINT64, open_one, o, error))
        return FALSE;
    if (o->error) {
        g_propagate_error(error, o->error);
        return FALSE;
    }
    return check_ends(o, error);
}

gboolean report_subject(struct site *site, const char *person, report_disclosure_fn each, void *context,
                        struct report_subject *result, GError **error) {
    struct opening o = {
        .site = site, .person = person, .each = each, .context = context, .result = result};
    *result = (struct report_subject){0};
    return store_read(site->store, open_in_transaction, &o, error);
}

static gboolean find_in_transaction(struct db *db, void *context, GError **error) {
    struct opening *o = context;
    return register_find_person(db, o->person, &o->person_id, error);
}

gboolean report_shred(struct site *site, const char *person, guint *n, GError **error) {
    struct opening o = {.site = site, .person = person};
    return store_read(site->store, find_in_transaction, &o, error) &&
           logbook_shred(site, o.person_id, n, error);
}

/* ── Openings ──────────────────────────────────────────────────────────────────────────────────── */

struct showing {
    struct site *site;
    guint64 index;
    const char *const *names;
    char *fields, *salts_id;
    guint8 bytes[LEDGER_ENTRY_BYTES];
    gboolean is_found;
};

static gboolean read_body(struct db *db, void *context, GError **error) {
    struct showing *s = context;
    gsize n = 0;
    struct db_rows *rows = db_query(
        db,
        "SELECT b.body, b.salts_id, e.entry FROM ledger_body b JOIN ledger_entry e ON e.idx = b.idx "
        "WHERE b.idx = :idx",
        PARAMS(P_INT("idx", s->index)));
    if (db_next(rows)) {
        const void *bytes = db_blob(rows, 2, &n);
        s->fields = g_strdup(db_text(rows, 0));
        s->salts_id = g_strdup(db_text(rows, 1));
        s->is_found = n == sizeof s->bytes && *s->fields;
        if (s->is_found)
            memcpy(s->bytes, bytes, n);
    }
    return db_done(rows, error);
}

static gboolean is_named(const char *name, void *context) {
    const struct showing *s = context;
    return !s->names || g_strv_contains(s->names, name);
}

gboolean report_open(struct site *site, guint64 index, const char *const *names, char **json,
                     GError **error) {
    struct showing s = {.site = site, .index = index, .names = names};
    struct ledger_entry entry;
    GBytes *salts = NULL;
    g_autofree char *shown = NULL;
    gboolean ok = store_read(site->store, read_body, &s, error);
    if (ok && s.is_found && ledger_entry_read(s.bytes, sizeof s.bytes, &entry, error) &&
        (salts = logbook_salts(site, s.salts_id, NULL)) != NULL)
        shown = disclose_leaf_show(&entry, s.fields, salts, is_named, &s);
    if (ok && !shown)
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                    "entry %" G_GUINT64_FORMAT
                    " cannot be opened: it is none about an agency, or was shredded",
                    index);
    if (shown) {
        g_autofree char *base64 = g_base64_encode(s.bytes, sizeof s.bytes);
        *json = g_strdup_printf("{\"index\":%" G_GUINT64_FORMAT ",\"entry\":\"%s\",\"opened\":%s}",
                                index, base64, shown);
    }
    seal_bytes_unref(salts);
    g_free(s.fields);
    g_free(s.salts_id);
    return shown != NULL;
}

struct noticing {
    struct site *site;
    struct ledger_hash commitment;
    guint64 hour, index;
    GArray *commitments;
    gboolean is_found;
};

static gboolean read_notice(struct db *db, void *context, GError **error) {
    struct noticing *n = context;
    struct db_rows *rows = db_query(
        db, "SELECT hour FROM ledger_notice WHERE commitment = :commitment",
        PARAMS(P_BLOB("commitment", (const void *)n->commitment.bytes, sizeof n->commitment.bytes)));
    n->is_found = db_next(rows);
    if (n->is_found)
        n->hour = (guint64)db_int(rows, 0);
    return db_done(rows, error) &&
           (!n->is_found || (!(n->is_found = store_ledger_hour_of(db, n->hour, &n->index)) ||
                             (n->commitments = store_notices_of_hour(db, n->hour, error)) != NULL));
}

static char *notice_json(const struct noticing *n, const char *alert_id, guint reminder) {
    json_t *proof = json_array();
    guint place = 0;
    while (
        !ledger_hash_equal(&g_array_index(n->commitments, struct ledger_hash, place), &n->commitment))
        place++;
    g_autoptr(GArray) hashes = disclose_hour_proof(n->site->secret, n->hour, n->commitments, place);
    for (guint i = 0; i < hashes->len; i++) {
        g_autofree char *text =
            g_base64_encode(g_array_index(hashes, struct ledger_hash, i).bytes, LEDGER_HASH_BYTES);
        json_array_append_new(proof, json_string(text));
    }
    const struct ledger_hash salt = disclose_notice_salt(n->site->secret, alert_id, reminder);
    g_autofree char *salt_text = g_base64_encode(salt.bytes, LEDGER_SALT_BYTES);
    json_t *object =
        json_pack("{s:I, s:s, s:i, s:s, s:i, s:o}", "index", (json_int_t)n->index, "alert", alert_id,
                  "reminder", reminder, "salt", salt_text, "place", place, "proof", proof);
    char *dumped = json_dumps(object, JSON_COMPACT), *json = g_strdup(dumped);
    free(dumped);
    json_decref(object);
    return json;
}

gboolean report_notice(struct site *site, const char *alert_id, guint reminder, char **json,
                       GError **error) {
    struct noticing n = {.site = site, .commitment = disclose_notice(site->secret, alert_id, reminder)};
    if (!store_read(site->store, read_notice, &n, error))
        return FALSE;
    if (!n.is_found) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                    "the alert \"%s\" (reminder %u) is under no leaf: it was not sent, it is an "
                    "agency's, or its "
                    "hour is not over",
                    alert_id, reminder);
        return FALSE;
    }
    *json = notice_json(&n, alert_id, reminder);
    g_array_unref(n.commitments);
    return TRUE;
}

/* ── Counts ────────────────────────────────────────────────────────────────────────────────────── */

struct counting {
    struct site *site;
    guint year;
    gint64 from_at_us, until_at_us;
    report_row_fn each;
    void *context;
    struct report_statistics *statistics;
};

static gint64 month_begins(guint year, guint month) {
    g_autoptr(GDateTime) at =
        g_date_time_new_utc((gint)(year + month / 12), (gint)(month % 12) + 1, 1, 0, 0, 0);
    return g_date_time_to_unix(at) * SECOND_US;
}

static gboolean take_year(struct counting *c, guint year, GError **error) {
    g_autoptr(GDateTime) now = g_date_time_new_from_unix_utc(site_now(c->site) / SECOND_US);
    c->year = year ? year : (guint)g_date_time_get_year(now);
    if (c->year < 1970 || c->year > 9998) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT, "%u is no year of ours", c->year);
        return FALSE;
    }
    c->from_at_us = month_begins(c->year, 0);
    c->until_at_us = month_begins(c->year, 12);
    return TRUE;
}

static gboolean count_year(struct db *db, void *context, GError **error) {
    const struct counting *c = context;
    struct db_rows *rows = db_query(
        db,
        "SELECT w.recipient, w.basis, count(*), sum(w.state IN (1, 3) AND w.decided_by IS NOT NULL), "
        "sum(w.state = 2), "
        "coalesce(sum((SELECT count(*) FROM alert a WHERE a.registration_id = w.registration_id "
        "AND a.handed_at_us IS NOT NULL)), 0), "
        "coalesce(sum((SELECT count(*) FROM alert a WHERE a.registration_id = w.registration_id "
        "AND a.state = 7)), 0) "
        "FROM agency_watch w WHERE w.asked_at_us >= :from AND w.asked_at_us < :until "
        "GROUP BY w.recipient, w.basis ORDER BY w.recipient, w.basis",
        PARAMS(P_INT("from", c->from_at_us), P_INT("until", c->until_at_us)));
    while (db_next(rows)) {
        const struct report_row row = {.recipient = db_text(rows, 0),
                                       .basis = db_text(rows, 1),
                                       .asked = (guint)db_int(rows, 2),
                                       .approved = (guint)db_int(rows, 3),
                                       .refused = (guint)db_int(rows, 4),
                                       .told = (guint)db_int(rows, 5),
                                       .denied = (guint)db_int(rows, 6)};
        c->each(&row, c->context);
    }
    return db_done(rows, error);
}

gboolean report_year(struct site *site, guint year, report_row_fn each, void *context, GError **error) {
    struct counting c = {.site = site, .each = each, .context = context};
    return take_year(&c, year, error) && store_read(site->store, count_year, &c, error);
}

/* Noise of a month: two-sided geometric with parameter e^-epsilon, from the site's secret, so that it
 * is the same however often it is asked for. */
static gint noise_of(const struct site *site, guint year, guint month) {
    g_autofree char *id = g_strdup_printf("%u-%u", year, month);
    guint8 mac[32];
    gint sides[2];
    site_mac(site, "noise", id, mac);
    for (guint i = 0; i < 2; i++) {
        guint64 bits = 0;
        for (guint b = 0; b < 7; b++)
            bits = bits << 8 | mac[i * 8 + b];
        const double uniform = ((double)bits + 0.5) / (double)(G_GUINT64_CONSTANT(1) << 56);
        sides[i] = (gint)floor(log(uniform) / -EPSILON);
    }
    return sides[0] - sides[1];
}

static void add_up(const struct report_row *row, void *context) {
    struct report_statistics *s = context;
    s->asked += row->asked;
    s->told += row->told;
    s->denied += row->refused + row->denied;
}

static gboolean count_notices(struct db *db, void *context, GError **error) {
    const struct counting *c = context;
    for (guint month = 0; month < 12; month++) {
        const gint64 from = month_begins(c->year, month), until = month_begins(c->year, month + 1);
        struct db_rows *rows =
            db_query(db, "SELECT count(*) FROM ledger_notice WHERE hour >= :from AND hour < :until",
                     PARAMS(P_INT("from", from / HOUR_US), P_INT("until", until / HOUR_US)));
        const gint n = db_next(rows) ? (gint)db_int(rows, 0) : 0;
        if (!db_done(rows, error))
            return FALSE;
        /* A month that is not over has no count yet: two looks at it would tell what happened between.
         */
        c->statistics->notices[month] =
            until > site_now(c->site) ? 0 : MAX(0, n + noise_of(c->site, c->year, month));
    }
    return TRUE;
}

gboolean report_statistics(struct site *site, guint year, struct report_statistics *statistics,
                           GError **error) {
    struct counting c = {.site = site, .each = add_up, .context = statistics, .statistics = statistics};
    *statistics = (struct report_statistics){0};
    if (!take_year(&c, year, error) || !store_read(site->store, count_year, &c, error) ||
        !store_read(site->store, count_notices, &c, error))
        return FALSE;
    statistics->year = c.year;
    return TRUE;
}
