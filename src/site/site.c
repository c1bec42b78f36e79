#include "site/site.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/log.h"
#include "base/seal.h"
#include "base/text.h"
#include "disclose/disclose.h"
#include "embedded.h"
#include "feed/mapping.h"
#include "site/config.h"
#include "store/outbox.h"
#include "store/store.h"
#include "store/watch.h"

struct site {
    char *dir, *node;
    struct site_config *config;
    struct store *store;
    struct store_keys *keys;
    struct seal_public *contact_public;
    guint8 secret[32]; /* keys/site.key */
    const struct base_clock *clock;
    const struct base_random *random;
    gint is_stopping;
    GMutex mutex;               /* over what follows */
    struct disclose_gate *gate; /* NULL until somebody asks for it */
    GError *agencies;           /* why agencies are told nothing; NULL: they are */
    GHashTable *mappings;       /* YAML text → struct feed_mapping */
    struct logbook *logbook;
    void (*close_logbook)(struct logbook *);
};

static char *path_in(const char *dir, const char *path) {
    return g_path_is_absolute(path) ? g_strdup(path) : g_build_filename(dir, path, NULL);
}

char *site_path(const struct site *site, const char *path) {
    return path_in(site->dir, path);
}

static gboolean make_folder(const char *path, GError **error) {
    if (g_mkdir_with_parents(path, 0700) == 0)
        return TRUE;
    g_set_error(error, BASE_ERROR, BASE_ERROR_STORE, "%s: %s", path, g_strerror(errno));
    return FALSE;
}

static gboolean is_empty(const char *dir) {
    g_autoptr(GDir) open = g_dir_open(dir, 0, NULL);
    return !open || !g_dir_read_name(open);
}

static gboolean write_secret(const char *path, GError **error) {
    guint8 secret[32];
    char text[2 * sizeof secret + 2];
    base_system_random.fill(NULL, secret, sizeof secret);
    text_hex(secret, sizeof secret, text);
    g_strlcat(text, "\n", sizeof text);
    gboolean ok = g_file_set_contents_full(
        path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, error);
    seal_wipe(secret, sizeof secret);
    seal_wipe(text, sizeof text);
    return ok;
}

/* A new store, and site.yaml as it is embedded that says where it is. */
static gboolean make_store(const char *dir, const char *where, GError **error) {
    static const char usual[] = "# store: sqlite:tocsin.db\n";
    g_autofree char *path = g_build_filename(dir, "site.yaml", NULL);
    g_auto(GStrv) quotes = g_strsplit(where ? where : "", "'", -1); /* YAML doubles them */
    g_autofree char *quoted = g_strjoinv("''", quotes);
    g_autofree char *line = where ? g_strdup_printf("store: '%s'\n", quoted) : g_strdup(usual);
    g_auto(GStrv) around = g_strsplit(embedded_site_yaml, usual, 2);
    g_autofree char *text = g_strjoinv(line, around);
    struct store *store = store_open(where ? where : "sqlite:tocsin.db", dir, TRUE, error);
    store_close(store);
    return store &&
           g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0644, error);
}

static gboolean make_keys(const char *dir, GError **error) {
    g_autofree char *keys = g_build_filename(dir, "keys", NULL);
    g_autofree char *private = g_build_filename(keys, "contacts.key.pem", NULL);
    g_autofree char *public = g_build_filename(keys, "contacts.pub.pem", NULL);
    g_autofree char *secret = g_build_filename(keys, "site.key", NULL);
    g_autofree char *contacts = g_build_filename(keys, "contacts.db", NULL);
    if (!make_folder(keys, error) || !seal_generate(private, public, error) ||
        !write_secret(secret, error))
        return FALSE;
    struct store_keys *made = store_keys_open(contacts, TRUE, error);
    store_keys_close(made);
    return made && g_chmod(contacts, 0600) == 0;
}

/* The store first: where it is refused, the next try finds the folder empty. */
gboolean site_init(const char *dir, const char *store, GError **error) {
    if (store && !store_where_check(store, error))
        return FALSE;
    if (!is_empty(dir)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_CONFLICT,
                    "%s is not empty; name a new folder for the site", dir);
        return FALSE;
    }
    return make_folder(dir, error) && make_store(dir, store, error) && make_keys(dir, error);
}

static gboolean read_secret(struct site *site, GError **error) {
    g_autofree char *path = site_path(site, "keys/site.key");
    g_autofree char *text = NULL;
    gsize n;
    if (!g_file_get_contents(path, &text, &n, error))
        return FALSE;
    if (n < 2 * sizeof site->secret) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT, "%s: it should be 64 hexadecimal digits",
                    path);
        return FALSE;
    }
    seal_lock(site->secret, sizeof site->secret);
    for (gsize i = 0; i < sizeof site->secret; i++) {
        int high = g_ascii_xdigit_value(text[2 * i]), low = g_ascii_xdigit_value(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT, "%s: it should be 64 hexadecimal digits",
                        path);
            return FALSE;
        }
        site->secret[i] = (guint8)(high << 4 | low);
    }
    seal_wipe(text, n);
    return TRUE;
}

static gboolean read_config(struct site *site, GError **error) {
    g_autofree char *path = site_path(site, "site.yaml");
    g_autofree char *text = NULL;
    gsize n;
    if (!g_file_get_contents(path, &text, &n, error)) {
        g_prefix_error(error, "%s is not a site; `tocsin -C DIR init` makes one. ", site->dir);
        return FALSE;
    }
    site->config = site_config_parse(text, n, path, error);
    return site->config != NULL;
}

struct site *site_open(const char *dir, GError **error) {
    struct site *site = g_new0(struct site, 1);
    site->dir = g_strdup(dir);
    site->clock = &base_system_clock;
    site->random = &base_system_random;
    site->node = base_random_token(site->random, 20);
    g_mutex_init(&site->mutex);
    site->mappings =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)feed_mapping_free);
    g_autofree char *keys = site_path(site, "keys/contacts.db");
    g_autofree char *public = site_path(site, "keys/contacts.pub.pem");

    if (read_config(site, error) && read_secret(site, error) &&
        (site->contact_public = seal_public_load(public, error)) != NULL &&
        (site->keys = store_keys_open(keys, FALSE, error)) != NULL &&
        (site->store = store_open(site->config->store, dir, FALSE, error)) != NULL) {
        g_chmod(keys, 0600);
        return site;
    }
    site_close(site);
    return NULL;
}

void site_close(struct site *site) {
    if (!site)
        return;
    if (site->logbook)
        site->close_logbook(site->logbook);
    store_close(site->store);
    disclose_gate_unref(site->gate);
    g_clear_error(&site->agencies);
    store_keys_close(site->keys);
    seal_public_free(site->contact_public);
    site_config_free(site->config);
    g_hash_table_unref(site->mappings);
    g_mutex_clear(&site->mutex);
    seal_wipe(site->secret, sizeof site->secret);
    g_free(site->dir);
    g_free(site->node);
    g_free(site);
}

/* ── What it holds ─────────────────────────────────────────────────────────────────────────────── */

const char *site_dir(const struct site *site) {
    return site->dir;
}

const char *site_name(const struct site *site) {
    return site->config->name;
}

const char *site_base_url(const struct site *site) {
    return site->config->base_url;
}

void site_stop(struct site *site) {
    g_atomic_int_set(&site->is_stopping, TRUE);
}

gboolean site_is_stopping(const struct site *site) {
    return g_atomic_int_get(&site->is_stopping);
}

const char *site_listen_address(const struct site *site) {
    return site->config->listen_address;
}

guint site_listen_port(const struct site *site) {
    return site->config->listen_port;
}

const struct site_config *site_config(const struct site *site) {
    return site->config;
}

struct store *site_store(const struct site *site) {
    return site->store;
}

struct store_keys *site_keys(const struct site *site) {
    return site->keys;
}

const struct seal_public *site_contact_public(const struct site *site) {
    return site->contact_public;
}

const struct base_random *site_random(const struct site *site) {
    return site->random;
}

const guint8 *site_secret(const struct site *site) {
    return site->secret;
}

struct store_lease site_lease(const struct site *site) {
    struct store_lease lease = {.until_at_us = site_now(site) + STORE_LEASE_US};
    g_strlcpy(lease.node, site->node, sizeof lease.node);
    return lease;
}

gint64 site_now(const struct site *site) {
    return base_clock_now(site->clock);
}

void site_set_clock(struct site *site, const struct base_clock *clock) {
    site->clock = clock;
}

void site_set_logbook(struct site *site, struct logbook *logbook, void (*close)(struct logbook *)) {
    site->logbook = logbook;
    site->close_logbook = close;
}

struct logbook *site_logbook(const struct site *site) {
    return site->logbook;
}

/* ── Mappings and the policy ───────────────────────────────────────────────────────────────────── */

struct feed_mapping *site_mapping(struct site *site, const char *feed_id, const char *yaml,
                                  GError **error) {
    g_mutex_lock(&site->mutex);
    struct feed_mapping *mapping = g_hash_table_lookup(site->mappings, yaml);
    if (!mapping && (mapping = feed_mapping_parse(yaml, strlen(yaml), feed_id, error)))
        g_hash_table_insert(site->mappings, g_strdup(yaml), mapping);
    if (mapping)
        feed_mapping_ref(mapping);
    g_mutex_unlock(&site->mutex);
    return mapping;
}

struct policy *site_policy(const struct site_config *c, const char *dir, GError **error) {
    g_autofree char *folder = path_in(dir, c->policy);
    g_autofree char *recipients = c->recipients ? path_in(dir, c->recipients) : NULL;
    if (g_strv_contains(policy_profiles(), c->policy)) /* whatever lies in the site's folder */
        return policy_load_shipped(c->policy, recipients, error);
    return policy_load(folder, recipients, error);
}

static struct disclose_gate *load_gate(const struct site_config *config, const char *dir,
                                       GError **error) {
    struct policy *policy = site_policy(config, dir, error);
    return policy ? disclose_gate_new(policy, config->jurisdiction, error) : NULL;
}

/* A mistake in the file of agencies stops agencies, and nobody else. */
static struct disclose_gate *first_gate(struct site *site, GError **error) {
    g_autoptr(GError) problem = NULL;
    struct disclose_gate *gate = load_gate(site->config, site->dir, &problem);
    if (!gate && site->config->recipients) {
        struct site_config without = *site->config;
        without.recipients = NULL;
        gate = load_gate(&without, site->dir, NULL);
    }
    if (!gate)
        g_propagate_error(error, g_steal_pointer(&problem));
    else if (problem)
        log_line("error", "the recipients could not be read; agencies are told nothing", "problem",
                 problem->message, NULL);
    site->agencies = gate ? g_steal_pointer(&problem) : NULL;
    return gate;
}

static struct disclose_gate *get_gate(struct site *site, gboolean for_agencies, GError **error) {
    struct disclose_gate *gate = NULL;
    g_mutex_lock(&site->mutex);
    if (!site->gate)
        site->gate = first_gate(site, error);
    if (site->gate && for_agencies && site->agencies)
        g_propagate_error(error, g_error_copy(site->agencies));
    else if (site->gate)
        gate = disclose_gate_ref(site->gate);
    g_mutex_unlock(&site->mutex);
    return gate;
}

struct disclose_gate *site_gate(struct site *site, GError **error) {
    return get_gate(site, FALSE, error);
}

struct disclose_gate *site_gate_for_agencies(struct site *site, GError **error) {
    return get_gate(site, TRUE, error);
}

/* By site.yaml as it is now. */
static struct disclose_gate *load_gate_again(const struct site *site, GError **error) {
    struct site_config *config = site_config_load(site->dir, error);
    struct disclose_gate *gate = config ? load_gate(config, site->dir, error) : NULL;
    site_config_free(config);
    return gate;
}

gboolean site_reload_policy(struct site *site, gboolean *is_new, GError **error) {
    struct disclose_gate *gate = load_gate_again(site, error), *old;
    if (!gate)
        return FALSE;
    g_mutex_lock(&site->mutex);
    g_clear_error(&site->agencies);
    old = site->gate;
    *is_new = !old || memcmp(policy_id(disclose_gate_policy(old)),
                             policy_id(disclose_gate_policy(gate)), POLICY_ID_BYTES) != 0;
    site->gate = gate;
    g_mutex_unlock(&site->mutex);
    disclose_gate_unref(old);
    return TRUE;
}

void site_mac(const struct site *site, const char *purpose, const char *id, guint8 mac[32]) {
    g_autofree char *text = g_strconcat(purpose, ":", id, NULL);
    seal_hmac(site->secret, sizeof site->secret, text, strlen(text), mac);
}

char *site_token(const struct site *site, const char *purpose, const char *id) {
    guint8 mac[32];
    site_mac(site, purpose, id, mac);
    g_autofree char *text = base_base32(mac, 10);
    return g_strconcat(id, ".", text, NULL);
}

char *site_token_id(const struct site *site, const char *purpose, const char *token) {
    const char *dot = strchr(token, '.');
    if (!dot || dot == token || strlen(token) > 64)
        return NULL;
    g_autofree char *id = g_strndup(token, (gsize)(dot - token));
    g_autofree char *expected = site_token(site, purpose, id);
    if (strlen(expected) != strlen(token) || !seal_equal(expected, token, strlen(token)))
        return NULL;
    return g_steal_pointer(&id);
}

char *site_code(const struct site *site, const char *registration_id) {
    guint8 mac[32];
    guint64 number = 0;
    site_mac(site, "code", registration_id, mac);
    for (int i = 0; i < 8; i++)
        number = number << 8 | mac[i];
    return g_strdup_printf("%06u", (guint)(number % 1000000));
}
