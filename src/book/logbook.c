#include "book/logbook.h"

#include "book/log.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/seal.h"
#include "ledger/checkpoint.h"
#include "site/config.h"
#include "store/store.h"
#include "store/watch.h"

#define MOST_HOURS_AT_ONCE 48 /* a tenth of a second each, and feeds wait meanwhile */

struct logbook {
    struct site *site;
    GMutex mutex;
    struct ledger_signer *signer; /* NULL until the first entry */
    gboolean is_checked;          /* the store's log is not older than the one that was seen */
};

static const char key_file[] = "keys/ledger.key", size_file[] = "keys/ledger.size";

/* ── The key and the checkpoints ───────────────────────────────────────────────────────────────── */

/* "jail.example.org/log" from base_url. Transfer full. */
static char *origin_of(const struct site *site) {
    const char *url = site_base_url(site), *host = strstr(url, "://");
    return g_strconcat(host ? host + 3 : url, "/log", NULL);
}

/* Writes a new key's text, unless another process was faster: then its key is the one. */
static gboolean write_key_once(const char *path, const char *text, GError **error) {
    g_autofree char *made = g_strdup_printf("%s.%d.new", path, (int)getpid());
    if (!g_file_set_contents_full(
            made, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, error))
        return FALSE;
    const gboolean ok = link(made, path) == 0 || errno == EEXIST;
    if (!ok)
        g_set_error(error, BASE_ERROR, BASE_ERROR_STORE, "%s: %s", path, g_strerror(errno));
    unlink(made);
    return ok;
}

static struct ledger_signer *read_signer(const char *path, gboolean *is_missing, GError **error) {
    g_autofree char *text = NULL;
    g_autoptr(GError) problem = NULL;
    *is_missing = FALSE;
    if (!g_file_get_contents(path, &text, NULL, &problem)) {
        *is_missing = g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOENT);
        g_propagate_error(error, g_steal_pointer(&problem));
        return NULL;
    }
    struct ledger_signer *signer = ledger_signer_parse(g_strstrip(text), error);
    seal_wipe(text, strlen(text));
    if (!signer)
        g_prefix_error(error, "%s: ", path);
    return signer;
}

struct ledger_signer *logbook_key(const struct site *site, const char *file, const char *name,
                                  enum ledger_key_type type, GError **error) {
    g_autofree char *path = site_path(site, file);
    gboolean is_missing;
    g_autoptr(GError) problem = NULL;
    struct ledger_signer *signer = read_signer(path, &is_missing, &problem);
    if (!signer && is_missing) {
        struct ledger_signer *made = ledger_signer_new(name, type, site_random(site));
        g_autofree char *text = ledger_signer_format(made);
        ledger_signer_free(made);
        g_clear_error(&problem);
        if (write_key_once(path, text, &problem))
            signer = read_signer(path, &is_missing, &problem);
        seal_wipe(text, strlen(text));
    }
    if (problem)
        g_propagate_error(error, g_steal_pointer(&problem));
    return signer;
}

static struct logbook *logbook_of(const struct site *site, GError **error) {
    struct logbook *logbook = site_logbook(site);
    if (!logbook)
        g_set_error(error, BASE_ERROR, BASE_ERROR_STORE, "no ledger is kept here");
    return logbook;
}

const struct ledger_signer *logbook_signer(struct site *site, GError **error) {
    struct logbook *logbook = logbook_of(site, error);
    if (!logbook)
        return NULL;
    g_mutex_lock(&logbook->mutex);
    if (!logbook->signer) {
        g_autofree char *origin = origin_of(site);
        logbook->signer = logbook_key(site, key_file, origin, LEDGER_KEY_ED25519, error);
    }
    const struct ledger_signer *signer = logbook->signer;
    g_mutex_unlock(&logbook->mutex);
    return signer;
}

/* How far the log was seen; 0: never. A file that says nothing is no leave to go on. */
static gboolean read_seen(const struct site *site, guint64 *seen, GError **error) {
    g_autofree char *path = site_path(site, size_file);
    g_autofree char *text = NULL;
    g_autoptr(GError) problem = NULL;
    *seen = 0;
    if (!g_file_get_contents(path, &text, NULL, &problem)) {
        if (g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            return TRUE;
        g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
    }
    g_strchomp(text);
    if (ledger_number_parse(text, strlen(text), seen))
        return TRUE;
    g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT,
                "%s should hold one number, how many entries the ledger had; write it, or move the "
                "file and keys/ledger.key away to begin a new log",
                path);
    return FALSE;
}

/* A store from a backup has an older log than the world has seen; to go on from there would be to sign
 * a second history. How far the log was seen stands beside the key, outside the store. */
static gboolean check_not_rolled_back(struct db *db, struct site *site, GError **error) {
    struct logbook *logbook = logbook_of(site, error);
    guint64 seen, size;
    if (!logbook)
        return FALSE;
    if (logbook->is_checked)
        return TRUE;
    if (!read_seen(site, &seen, error) || !store_ledger_size(db, &size, error))
        return FALSE;
    if (seen > size) {
        g_set_error(
            error, BASE_ERROR, BASE_ERROR_REFUSED,
            "the ledger in the store has %" G_GUINT64_FORMAT " entries and had %" G_GUINT64_FORMAT
            ": this store is an old one. Nothing is disclosed, so that no second history is "
            "signed. Restore a newer store, or move keys/ledger.key and keys/ledger.size away to "
            "begin a new log",
            size, seen);
        return FALSE;
    }
    return logbook->is_checked = TRUE;
}

/* Appends, if what is appended can be signed: asked here, so that only this work fails and not the
 * group that it is in. */
static gboolean append(struct db *db, struct site *site, const struct ledger_entry *entry,
                       guint64 *index, GError **error) {
    guint8 bytes[LEDGER_ENTRY_BYTES];
    ledger_entry_write(entry, bytes);
    return logbook_signer(site, error) && check_not_rolled_back(db, site, error) &&
           store_ledger_append(db, bytes, sizeof bytes, index, error);
}

static gboolean sign_group(struct db *db, void *context, GError **error) {
    struct site *site = context;
    gboolean is_unsigned;
    if (!store_ledger_is_unsigned(db, &is_unsigned, error))
        return FALSE;
    if (!is_unsigned)
        return TRUE;
    const struct ledger_signer *signer = logbook_signer(site, error);
    return signer && store_ledger_sign(db, signer, site_now(site), error);
}

/* Writes down how far the log is, after it was. Never less than before: that is how an old store shows.
 */
static gboolean remember_size(const struct site *site, guint64 size, GError **error) {
    guint64 seen;
    if (!read_seen(site, &seen, error))
        return FALSE;
    if (size <= seen)
        return TRUE;
    g_autofree char *path = site_path(site, size_file);
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT "\n", size);
    return g_file_set_contents_full(
        path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, error);
}

/* Writes down how far the log is, beside the key. */
static void finish(struct logbook *logbook) {
    const struct site *site = logbook->site;
    g_autoptr(GError) problem = NULL;
    guint64 size = 0;
    struct db *db = store_read_begin(site_store(site), &problem);
    const gboolean is_read = db && store_ledger_size(db, &size, &problem);
    store_read_end(site_store(site), db);
    if (!is_read || !remember_size(site, size, &problem))
        log_line("error", "how far the ledger is could not be written down", "problem",
                 problem->message, NULL);
    ledger_signer_free(logbook->signer);
    g_mutex_clear(&logbook->mutex);
    g_free(logbook);
}

void logbook_open(struct site *site) {
    struct logbook *logbook = g_new0(struct logbook, 1);
    logbook->site = site;
    g_mutex_init(&logbook->mutex);
    site_set_logbook(site, logbook, finish);
    store_before_commit(site_store(site), sign_group, site);
}

/* ── Keys of tags, salts ───────────────────────────────────────────────────────────────────────── */

static GBytes *keys_get(const struct site *site, const char *id, GError **error) {
    g_autoptr(GError) problem = NULL;
    GBytes *bytes = store_keys_get(site_keys(site), id, &problem);
    if (!bytes && !g_error_matches(problem, BASE_ERROR, BASE_ERROR_NOT_FOUND))
        g_propagate_error(error, g_steal_pointer(&problem));
    return bytes;
}

/* The 32 bytes under an id, made if there are none. */
static GBytes *tag_key(const struct site *site, const char *id, GError **error) {
    g_autoptr(GError) problem = NULL;
    GBytes *key = keys_get(site, id, &problem);
    if (key || problem) {
        if (problem)
            g_propagate_error(error, g_steal_pointer(&problem));
        return key;
    }
    guint8 bytes[32];
    base_random_fill(site_random(site), bytes, sizeof bytes);
    key = g_bytes_new(bytes, sizeof bytes);
    seal_wipe(bytes, sizeof bytes);
    if (store_keys_put(site_keys(site), id, key, error))
        return key;
    seal_bytes_unref(key);
    return NULL;
}

static guint year_of(gint64 at_us) {
    g_autoptr(GDateTime) at = g_date_time_new_from_unix_utc(at_us / SECOND_US);
    return (guint)g_date_time_get_year(at);
}

static char *subject_key_id(gint64 person_id, guint year) {
    return g_strdup_printf("tag:person:%" G_GINT64_FORMAT ":%u", person_id, year);
}

static char *salts_key_id(const char *salts_id) {
    return g_strconcat("salts:", salts_id, NULL);
}

GBytes *logbook_subject_key(const struct site *site, gint64 person_id, guint year, GError **error) {
    g_autofree char *id = subject_key_id(person_id, year);
    return keys_get(site, id, error);
}

GBytes *logbook_salts(const struct site *site, const char *salts_id, GError **error) {
    g_autofree char *id = salts_key_id(salts_id);
    return store_keys_get(site_keys(site), id, error);
}

/* ── Policies ──────────────────────────────────────────────────────────────────────────────────── */

struct recording {
    struct site *site;
    const struct disclose_gate *gate;
};

static gboolean record_policy(struct db *db, void *context, GError **error) {
    const struct recording *r = context;
    const guint8 *id = policy_id(disclose_gate_policy(r->gate));
    const gint64 now = site_now(r->site);
    struct leaf_parts parts = {.type = LEDGER_POLICY,
                               .now_at_us = now,
                               .body = {{"policy", site_config(r->site)->policy},
                                        {"jurisdiction", site_config(r->site)->jurisdiction}}};
    struct ledger_entry entry;
    g_autofree char *fields = NULL;
    guint64 index;
    GBytes *salts;
    gboolean is_last;
    if (!store_ledger_policy_is_last(db, id, POLICY_ID_BYTES, &is_last, error))
        return FALSE;
    if (is_last)
        return TRUE;
    disclose_leaf(r->gate, &parts, site_random(r->site), &entry, &fields, &salts);
    seal_bytes_unref(salts); /* the policy's hash is in the open; its name is for us */
    return append(db, r->site, &entry, &index, error) &&
           store_ledger_policy_add(db, index, id, POLICY_ID_BYTES, site_config(r->site)->policy, now,
                                   error);
}

gboolean logbook_policy(struct site *site, GError **error) {
    struct disclose_gate *gate = site_gate(site, error);
    struct recording r = {.site = site, .gate = gate};
    gboolean ok = gate && store_write(site_store(site), STORE_WORK(record_policy, NULL), &r, error);
    disclose_gate_unref(gate);
    return ok;
}

gboolean logbook_begin(struct site *site, GError **error) {
    GError *why = NULL;
    struct db *db = store_read_begin(site_store(site), &why);
    g_autofree char *note = db ? store_ledger_checkpoint(db, &why) : NULL;
    store_read_end(site_store(site), db);
    if (note)
        return TRUE;
    if (g_error_matches(why, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
        g_error_free(why);
        return logbook_policy(site, error);
    }
    g_propagate_error(error, why);
    return FALSE;
}

/* ── Agencies ──────────────────────────────────────────────────────────────────────────────────── */

struct tag_use {
    char *id;
    GBytes *key;
    guint64 counter;
};

static gboolean take_tag(struct db *db, const struct site *site, struct tag_use *use, GError **error) {
    return (use->key = tag_key(site, use->id, error)) != NULL &&
           store_ledger_count(db, use->id, &use->counter, error);
}

static void tag_use_clear(struct tag_use *use) {
    seal_bytes_unref(use->key);
    g_free(use->id);
}

static struct leaf_tag leaf_tag_of(const struct tag_use *use) {
    return (struct leaf_tag){g_bytes_get_data(use->key, NULL), use->counter};
}

static gboolean write_agency(struct db *db, struct site *site, const struct logbook_decision *d,
                             const struct tag_use *subject, const struct tag_use *recipient,
                             guint64 *index, GError **error) {
    const struct policy *policy = disclose_gate_policy(d->gate);
    const gint64 now = site_now(site);
    g_autofree char *person = store_person_label(db, d->person_id, error);
    if (!person)
        return FALSE;
    struct leaf_parts parts = {.type = d->type,
                               .request = d->request,
                               .decision = d->decision,
                               .subject = leaf_tag_of(subject),
                               .recipient = leaf_tag_of(recipient),
                               .now_at_us = now,
                               .body = {{"recipient", d->watch->recipient},
                                        {"purpose", d->watch->purpose},
                                        {"basis", d->watch->basis},
                                        {"document", d->watch->document},
                                        {"issuer", d->watch->issuer},
                                        {"issued_on", d->watch->issued_on},
                                        {"asked_by", d->watch->asked_by},
                                        {"officer", d->officer ? d->officer : d->watch->decided_by},
                                        {"person", person},
                                        {"watch", d->watch->registration_id},
                                        {"decision", d->decision->is_permitted ? "permit" : "deny"},
                                        {"rule", policy_decision_rule(policy, d->decision)},
                                        {"citation", policy_decision_citation(policy, d->decision)}}};
    for (guint i = 0; d->payload && i < LEAF_MAX_FIELDS && d->payload[i].name; i++)
        parts.payload[i] = d->payload[i];

    struct ledger_entry entry;
    g_autofree char *fields = NULL, *salts_id = base_random_token(site_random(site), 10);
    g_autofree char *key_id = salts_key_id(salts_id);
    GBytes *salts;
    disclose_leaf(d->gate, &parts, site_random(site), &entry, &fields, &salts);
    struct store_ledger_body body = {.at_us = now,
                                     .person_id = d->person_id,
                                     .year = year_of(now),
                                     .counter = subject->counter,
                                     .salts_id = salts_id,
                                     .body = fields};
    gboolean ok = store_keys_put(site_keys(site), key_id, salts, error) &&
                  append(db, site, &entry, &body.index, error) &&
                  store_ledger_body_add(db, &body, error);
    seal_bytes_unref(salts);
    if (ok && index)
        *index = body.index;
    return ok;
}

gboolean logbook_agency(struct db *db, struct site *site, const struct logbook_decision *decision,
                        guint64 *index, GError **error) {
    const guint year = year_of(site_now(site));
    struct tag_use subject = {.id = subject_key_id(decision->person_id, year)};
    const struct policy *words = disclose_gate_policy(decision->gate);
    const guint word = policy_find_word(words, POLICY_RECIPIENT, decision->watch->recipient);
    struct tag_use recipient = {
        .id = g_strdup_printf("tag:recipient:%s:%u", /* one spelling, one series */
                              word == POLICY_NONE ? decision->watch->recipient
                                                  : policy_word(words, POLICY_RECIPIENT, word),
                              year)};
    struct recording policy = {.site = site, .gate = decision->gate}; /* no entry before its policy's */
    gboolean ok = record_policy(db, &policy, error) && take_tag(db, site, &subject, error) &&
                  take_tag(db, site, &recipient, error) &&
                  write_agency(db, site, decision, &subject, &recipient, index, error);
    tag_use_clear(&subject);
    tag_use_clear(&recipient);
    return ok;
}

gboolean logbook_told_same(struct db *db, guint64 index, const struct leaf_field *payload,
                           gboolean *is_same, GError **error) {
    g_autofree char *body = NULL, *salts_id = NULL;
    if (!store_ledger_body_get(db, index, &body, &salts_id, error))
        return FALSE;
    json_t *then = json_loads(body ? body : "", 0, NULL), *now = json_array();
    for (guint i = 0; i < LEAF_MAX_FIELDS && payload[i].name; i++)
        if (payload[i].value) {
            g_autofree char *value = g_utf8_make_valid(payload[i].value, -1);
            json_array_append_new(now, json_pack("[ss]", payload[i].name, value));
        }
    *is_same = json_equal(json_object_get(then, "payload"), now);
    json_decref(then);
    json_decref(now);
    return TRUE;
}

/* ── Hours ─────────────────────────────────────────────────────────────────────────────────────── */

gboolean logbook_notice(struct db *db, const struct site *site, const char *alert_id, guint reminder,
                        GError **error) {
    const struct ledger_hash commitment = disclose_notice(site_secret(site), alert_id, reminder);
    guint64 last_hour;
    if (!store_ledger_last_hour(db, &last_hour, error))
        return FALSE;
    /* Never in an hour whose leaf is written: the clock may have gone back. */
    const guint64 hour = MAX((guint64)(site_now(site) / HOUR_US), last_hour + 1);
    return store_notice_add(db, alert_id, reminder, hour, &commitment, error);
}

/* One hour's leaf on its way: read, hashed outside any transaction (it takes a tenth of a second),
 * written. */
struct closing {
    struct site *site;
    guint64 hour;
    GArray *commitments;
    struct ledger_entry entry;
    gboolean is_done;
};

/* Unless another process wrote it, or a notice came to the hour meanwhile: then it is hashed again. */
static gboolean write_hour(struct db *db, void *context, GError **error) {
    struct closing *c = context;
    guint64 index, last_hour;
    g_autoptr(GArray) now = store_notices_of_hour(db, c->hour, error);
    if (!now || !store_ledger_last_hour(db, &last_hour, error))
        return FALSE;
    c->is_done = last_hour >= c->hour;
    if (c->is_done || now->len != c->commitments->len)
        return TRUE;
    c->is_done = TRUE;
    return append(db, c->site, &c->entry, &index, error) &&
           store_ledger_hour_done(db, c->hour, index, error);
}

static gboolean close_hour(struct site *site, const struct disclose_gate *gate, guint64 hour,
                           GError **error) {
    struct closing c = {.site = site, .hour = hour};
    gboolean ok = TRUE;
    while (ok && !c.is_done) {
        struct db *db = store_read_begin(site_store(site), error);
        c.commitments = db ? store_notices_of_hour(db, hour, error) : NULL;
        store_read_end(site_store(site), db);
        if (!c.commitments)
            return FALSE;
        disclose_hour(gate, site_secret(site), hour, c.commitments, &c.entry);
        ok = store_write(site_store(site), STORE_WORK(write_hour, NULL), &c, error);
        g_clear_pointer(&c.commitments, g_array_unref);
    }
    return ok;
}

gboolean logbook_hours(struct site *site, guint *n, GError **error) {
    const guint64 now = (guint64)(site_now(site) / HOUR_US);
    guint64 size, last_hour;
    *n = 0;
    struct db *db = store_read_begin(site_store(site), error);
    const gboolean is_read =
        db && store_ledger_size(db, &size, error) && store_ledger_last_hour(db, &last_hour, error);
    store_read_end(site_store(site), db);
    if (!is_read || !remember_size(site, size, error))
        return FALSE;
    const guint64 first = last_hour ? last_hour + 1 : now - 1,
                  end = MIN(now, first + MOST_HOURS_AT_ONCE);
    if (first >= now)
        return TRUE;
    struct disclose_gate *gate = site_gate(site, error);
    gboolean ok = gate != NULL;
    for (guint64 hour = first; ok && hour < end; hour++, *n += ok)
        ok = close_hour(site, gate, hour, error);
    disclose_gate_unref(gate);
    return ok;
}

/* ── Shredding and reading ─────────────────────────────────────────────────────────────────────── */

struct shredding {
    struct site *site;
    gint64 person_id;
    guint n;
    GPtrArray *ids; /* of keys */
};

static void note_keys(const struct store_ledger_body *body, void *context) {
    struct shredding *s = context;
    g_ptr_array_add(s->ids, salts_key_id(body->salts_id));
    g_ptr_array_add(s->ids, subject_key_id(s->person_id, body->year));
}

static void shred_again(void *context) {
    struct shredding *s = context;
    g_ptr_array_set_size(s->ids, 0);
}

static gboolean shred_in_transaction(struct db *db, void *context, GError **error) {
    struct shredding *s = context;
    return store_ledger_bodies(db, s->person_id, G_MININT64, G_MAXINT64, note_keys, s, error) &&
           store_ledger_shred(db, s->person_id, &s->n, error);
}

gboolean logbook_shred(struct site *site, gint64 person_id, guint *n, GError **error) {
    struct shredding s = {
        .site = site, .person_id = person_id, .ids = g_ptr_array_new_with_free_func(g_free)};
    gboolean ok =
        store_write(site_store(site), STORE_WORK(shred_in_transaction, shred_again), &s, error);
    for (guint i = 0; ok && i < s.ids->len; i++)
        ok = store_keys_delete(site_keys(site), s.ids->pdata[i], error);
    ok = ok && store_flush(site_store(site), error);
    g_ptr_array_unref(s.ids);
    *n = s.n;
    return ok;
}

static GBytes *fetch(void *context, const char *path, GError **error) {
    return log_resource(context, path, error);
}

struct ledger_source logbook_source(struct site *site) {
    return (struct ledger_source){.fetch = fetch, .context = site};
}
