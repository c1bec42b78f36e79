#include "book/report.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/seal.h"
#include "site/person.h"
#include "store/store.h"

#define EPSILON 0.1     /* of a month's count of notices */
#define LOG_BEGAN 2020u /* no log is older */
#define MOST_YEARS 100u
#define TAGS_AHEAD 8u /* numbers that are looked for after the last */

/* ── One person ────────────────────────────────────────────────────────────────────────────────── */

struct opening {
    struct site *site;
    const char *person;
    gint64 person_id;
    report_disclosure_fn each;
    void *context;
    struct report_subject *result;
    struct db *db;
    guint year;               /* of the last body … */
    guint64 expected;         /* … and the number that comes next in it */
    guint64 next[MOST_YEARS]; /* and of every year */
    GError *error;
};

/* The entry as the log has it. */
static gboolean read_entry(struct opening *o, guint64 index, struct ledger_entry *entry) {
    guint8 bytes[LEDGER_ENTRY_BYTES];
    gboolean is_found;
    return !o->error && store_ledger_entry(o->db, index, bytes, &is_found, &o->error) && is_found &&
           ledger_entry_read(bytes, sizeof bytes, entry, NULL);
}

/* The key of the person's tags in a year; NULL when there is none, or it could not be read. */
static GBytes *read_key(struct opening *o, guint year) {
    return o->error ? NULL : logbook_subject_key(o->site, o->person_id, year, &o->error);
}

/* The salts under an id; NULL when they were shredded, or (with an error) could not be read. */
static GBytes *read_salts(const struct site *site, const char *salts_id, GError **error) {
    g_autoptr(GError) why = NULL;
    GBytes *salts = logbook_salts(site, salts_id, &why);
    if (why && !g_error_matches(why, BASE_ERROR, BASE_ERROR_NOT_FOUND))
        g_propagate_error(error, g_steal_pointer(&why));
    return salts;
}

static gboolean tag_fits(struct opening *o, const struct store_ledger_body *body,
                         const struct ledger_entry *entry) {
    GBytes *key = read_key(o, body->year);
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
    GBytes *salts = is_shredded || o->error ? NULL : read_salts(o->site, body->salts_id, &o->error);
    if (body->year != o->year) {
        o->year = body->year;
        o->expected = 0;
    }
    const gboolean is_there = read_entry(o, body->index, &entry);
    const gboolean opens = is_there && salts && disclose_leaf_opens(&entry, body->body, salts);
    const gboolean fits = is_there && body->counter == o->expected &&
                          (is_shredded || (opens && tag_fits(o, body, &entry)));
    if (o->error) { /* nothing is said of what could not be read */
        seal_bytes_unref(salts);
        return;
    }
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
    if (body->year >= LOG_BEGAN && body->year < LOG_BEGAN + MOST_YEARS)
        o->next[body->year - LOG_BEGAN] = o->expected;
    o->result->n++;
    o->result->n_wrong += !fits;
    o->each(&disclosure, o->context);
    json_decref(fields);
    seal_bytes_unref(salts);
}

/* Tags that would come next in each year: if the log has one, a body was taken away with its number. */
struct looking {
    GArray *tags; /* struct ledger_hash */
    guint n_found;
};

static void look_for_tags(guint64 index, const void *entry, gsize n, void *context) {
    struct looking *l = context;
    struct ledger_entry read;
    (void)index;
    if (!ledger_entry_read(entry, n, &read, NULL))
        return;
    for (guint i = 0; i < l->tags->len; i++)
        l->n_found +=
            ledger_hash_equal(&read.subject_tag, &g_array_index(l->tags, struct ledger_hash, i));
}

static void add_next_tags(struct opening *o, guint year, guint64 next, GArray *tags) {
    GBytes *key = read_key(o, year);
    for (guint64 i = next; key && i < next + TAGS_AHEAD; i++) {
        const struct ledger_hash tag = ledger_tag(g_bytes_get_data(key, NULL), i);
        g_array_append_val(tags, tag);
    }
    seal_bytes_unref(key);
}

/* The counter says how many there must be, and the log what else there is. */
static gboolean check_ends(struct opening *o, GError **error) {
    g_autoptr(GArray) tags = g_array_new(FALSE, FALSE, sizeof(struct ledger_hash));
    struct looking looking = {.tags = tags};
    guint64 counted;
    if (!store_ledger_counted(o->db, o->person_id, &counted, error))
        return FALSE;
    o->result->n_wrong += counted > o->result->n ? (guint)(counted - o->result->n) : 0;
    for (guint year = LOG_BEGAN; year < LOG_BEGAN + MOST_YEARS; year++)
        add_next_tags(o, year, o->next[year - LOG_BEGAN], tags);
    if (o->error) {
        g_propagate_error(error, g_steal_pointer(&o->error));
        return FALSE;
    }
    if (!tags->len)
        return TRUE;
    if (!store_ledger_entries(o->db, look_for_tags, &looking, error))
        return FALSE;
    o->result->n_wrong += looking.n_found;
    return TRUE;
}

static gboolean open_in_transaction(struct db *db, void *context, GError **error) {
    struct opening *o = context;
    o->db = db;
    if (!site_person_find(db, o->site, o->person, &o->person_id, error) ||
        !store_ledger_bodies(db, o->person_id, G_MININT64, G_MAXINT64, open_one, o, error))
        return FALSE;
    if (o->error) {
        g_propagate_error(error, g_steal_pointer(&o->error));
        return FALSE;
    }
    return check_ends(o, error);
}

gboolean report_subject(struct site *site, const char *person, report_disclosure_fn each, void *context,
                        struct report_subject *result, GError **error) {
    struct opening o = {
        .site = site, .person = person, .each = each, .context = context, .result = result};
    *result = (struct report_subject){0};
    return store_read(site_store(site), open_in_transaction, &o, error);
}

gboolean report_shred(struct site *site, const char *person, guint *n, GError **error) {
    gint64 person_id;
    return site_person_read(site, person, &person_id, error) &&
           logbook_shred(site, person_id, n, error);
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
    return store_ledger_body_get(db, s->index, &s->fields, &s->salts_id, error) &&
           store_ledger_entry(db, s->index, s->bytes, &s->is_found, error);
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
    GError *problem = NULL;
    gboolean ok = store_read(site_store(site), read_body, &s, &problem);
    if (ok && s.is_found && s.fields && *s.fields &&
        ledger_entry_read(s.bytes, sizeof s.bytes, &entry, &problem) &&
        (salts = read_salts(site, s.salts_id, &problem)) != NULL)
        shown = disclose_leaf_show(&entry, s.fields, salts, is_named, &s);
    if (problem)
        g_propagate_error(error, problem);
    else if (!shown)
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
    if (!store_notice_hour(db, &n->commitment, &n->hour, &n->is_found, error))
        return FALSE;
    if (n->is_found && !store_ledger_hour_of(db, n->hour, &n->index, &n->is_found, error))
        return FALSE;
    return !n->is_found || (n->commitments = store_notices_of_hour(db, n->hour, error)) != NULL;
}

static char *notice_json(const struct noticing *n, const char *alert_id, guint reminder) {
    json_t *proof = json_array();
    guint place = 0;
    while (
        !ledger_hash_equal(&g_array_index(n->commitments, struct ledger_hash, place), &n->commitment))
        place++;
    g_autoptr(GArray) hashes =
        disclose_hour_proof(site_secret(n->site), n->hour, n->commitments, place);
    for (guint i = 0; i < hashes->len; i++) {
        g_autofree char *text =
            g_base64_encode(g_array_index(hashes, struct ledger_hash, i).bytes, LEDGER_HASH_BYTES);
        json_array_append_new(proof, json_string(text));
    }
    const struct ledger_hash salt = disclose_notice_salt(site_secret(n->site), alert_id, reminder);
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
    struct noticing n = {.site = site,
                         .commitment = disclose_notice(site_secret(site), alert_id, reminder)};
    if (!store_read(site_store(site), read_notice, &n, error))
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
    store_agency_count_fn each;
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
    return store_agency_counts(db, c->from_at_us, c->until_at_us, c->each, c->context, error);
}

gboolean report_year(struct site *site, guint year, store_agency_count_fn each, void *context,
                     GError **error) {
    struct counting c = {.site = site, .each = each, .context = context};
    return take_year(&c, year, error) && store_read(site_store(site), count_year, &c, error);
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

static void add_up(const struct store_agency_count *row, void *context) {
    struct report_statistics *s = context;
    s->asked += row->asked;
    s->told += row->told;
    s->denied += row->refused + row->denied;
}

static gboolean count_notices(struct db *db, void *context, GError **error) {
    const struct counting *c = context;
    for (guint month = 0; month < 12; month++) {
        const gint64 from = month_begins(c->year, month), until = month_begins(c->year, month + 1);
        guint n;
        if (!store_notice_count(db, (guint64)(from / HOUR_US), (guint64)(until / HOUR_US), &n, error))
            return FALSE;
        /* A month that is not over has no count yet: two looks at it would tell what happened between.
         */
        c->statistics->notices[month] = until > site_now(c->site)
                                            ? REPORT_NOT_YET
                                            : MAX(0, (gint)n + noise_of(c->site, c->year, month));
    }
    return TRUE;
}

gboolean report_statistics(struct site *site, guint year, struct report_statistics *statistics,
                           GError **error) {
    struct counting c = {.site = site, .each = add_up, .context = statistics, .statistics = statistics};
    *statistics = (struct report_statistics){0};
    if (!take_year(&c, year, error) || !store_read(site_store(site), count_year, &c, error) ||
        !store_read(site_store(site), count_notices, &c, error))
        return FALSE;
    statistics->year = c.year;
    return TRUE;
}
