/* A site: one folder with its configuration, keys, store and mail.
 *
 *   site.yaml             configuration
 *   tocsin.db             the store
 *   keys/contacts.db      one wrapped key a registration; deleting one deletes a contact
 *   keys/contacts.key.pem the sender's private key; keys/contacts.pub.pem its public half
 *   keys/site.key         secrets for links, codes and contact hashes
 *   keys/ledger.key       signs the ledger's checkpoints; keys/ledger.size is how far it was seen
 *   mail/                 a Maildir, with the default transport
 *
 * Used by: pipeline, web, cli. Includes: base, disclose, store, site/config.h. */
#ifndef SITE_SITE_H
#define SITE_SITE_H

#include "base/random.h"
#include "base/seal.h"
#include "base/time.h"
#include "disclose/disclose.h"
#include "feed/mapping.h"
#include "site/config.h"
#include "store/store.h"
#include "store/watch.h"

struct site {
    char *dir;
    struct site_config *config;
    struct store *store;
    struct store_keys *keys;
    struct seal_public *contact_public;
    guint8 secret[32]; /* keys/site.key */
    const struct base_clock *clock;
    const struct base_random *random;
    GMutex mutex;
    struct ledger_signer *ledger_signer; /* NULL until the first entry */
    gboolean ledger_is_checked;          /* the store's is not older than the log that was seen */
    struct disclose_gate *gate;          /* NULL until somebody asks for it */
    struct finder *finder; /* of a process that serves; NULL: nobody can be searched for */
    GHashTable *mappings;  /* YAML text → struct feed_mapping: parsed once, read for every event */
};

/* Makes a new site in `dir`, which must be missing or empty. */
gboolean site_init(const char *dir, GError **error);

/* Transfer full. */
struct site *site_open(const char *dir, GError **error);
void site_close(struct site *site);

/* A path inside the site's folder; absolute ones stay. Transfer full. */
char *site_path(const struct site *site, const char *path);

/* The mapping that a feed was added with. Give it back with feed_mapping_free. */
struct feed_mapping *site_mapping(struct site *site, const char *feed_id, const char *yaml,
                                  GError **error);

/* The gate of the policy that site.yaml names, loaded and proved once. NULL with an error when it
 * cannot be read or breaks a guarantee. Transfer full. */
struct disclose_gate *site_gate(struct site *site, GError **error);
/* The policy that site.yaml names, of the site in `dir`. Transfer full. */
struct policy *site_policy(const struct site_config *config, const char *dir, GError **error);
/* Reads the policy's files again. A broken policy is refused, and the one in force stays. `is_new`
 * tells whether anything changed. */
gboolean site_reload_policy(struct site *site, gboolean *is_new, GError **error);

static inline gint64 site_now(const struct site *site) {
    return base_clock_now(site->clock);
}

/* HMAC over "purpose:id" under the site's secret: links, codes, contact hashes. */
void site_mac(const struct site *site, const char *purpose, const char *id, guint8 mac[32]);

/* "id.mac" for a link, and the id of such a token if its mac is right. Transfer full; NULL. */
char *site_token(const struct site *site, const char *purpose, const char *id);
char *site_token_id(const struct site *site, const char *purpose, const char *token);

/* Takes the site's lock of that name for as long as the process lives or the fd stays open: `serve`
 * is the one sender. -1 with BASE_ERROR_BUSY when another process has it. */
int site_lock(const struct site *site, const char *name, GError **error);

#endif
