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
 * What it holds is given out as it is, borrowed: whoever includes this header alone can pass it on and
 * can read nothing of it. */
#ifndef SITE_SITE_H
#define SITE_SITE_H

#include "base/random.h"
#include "base/time.h"

struct site;

/* Makes a new site in `dir`, which must be missing or empty, and its store: "scheme:place", NULL for
 * the usual one. */
gboolean site_init(const char *dir, const char *store, GError **error);

/* Transfer full. Its ledger is not kept yet: operate/open.h opens a site with all that belongs to it.
 */
struct site *site_open(const char *dir, GError **error);
void site_close(struct site *site);

const char *site_dir(const struct site *site);
/* A path inside the site's folder; absolute ones stay. Transfer full. */
char *site_path(const struct site *site, const char *path);

const char *site_name(const struct site *site);
const char *site_base_url(const struct site *site); /* what links start with */
const char *site_listen_address(const struct site *site);
guint site_listen_port(const struct site *site);

const struct site_config *site_config(const struct site *site);
struct store *site_store(const struct site *site);
struct store_keys *site_keys(const struct site *site);
const struct seal_public *site_contact_public(const struct site *site);
const struct base_random *site_random(const struct site *site);
const guint8 *site_secret(const struct site *site); /* 32 bytes: keys/site.key */

/* A lease of this process from now on (store/outbox.h); its node is random, made when the site is
 * opened. */
struct store_lease site_lease(const struct site *site);

/* What takes long ends soon, and is gone on with the next time. From any thread. */
void site_stop(struct site *site);
gboolean site_is_stopping(const struct site *site);

gint64 site_now(const struct site *site);
void site_set_clock(struct site *site, const struct base_clock *clock); /* borrowed */

/* The mapping that a feed was added with: parsed once, read for every event. Give it back with
 * feed_mapping_free. */
struct feed_mapping *site_mapping(struct site *site, const char *feed_id, const char *yaml,
                                  GError **error);

/* The gate of the policy that site.yaml names, loaded and proved once. NULL with an error when it
 * cannot be read or breaks a guarantee. Transfer full. */
struct disclose_gate *site_gate(struct site *site, GError **error);
/* The same for what concerns agencies: NULL with an error also when the recipients cannot be read,
 * which stops nobody else. */
struct disclose_gate *site_gate_for_agencies(struct site *site, GError **error);
/* The policy that the configuration names, of the site in `dir`. Transfer full. */
struct policy *site_policy(const struct site_config *config, const char *dir, GError **error);
/* Reads the policy's files again. A broken policy is refused, and the one in force stays. `is_new`
 * tells whether anything changed. */
gboolean site_reload_policy(struct site *site, gboolean *is_new, GError **error);

/* HMAC over "purpose:id" under the site's secret: links, codes, contact hashes. */
void site_mac(const struct site *site, const char *purpose, const char *id, guint8 mac[32]);

/* "id.mac" for a link, and the id of such a token if its mac is right. Transfer full; NULL. */
char *site_token(const struct site *site, const char *purpose, const char *id);
char *site_token_id(const struct site *site, const char *purpose, const char *token);

/* The six digits that confirm the contact of a registration. Transfer full. */
char *site_code(const struct site *site, const char *registration_id);

/* The ledger's keeper (book/logbook.h), which closes before the store does. Takes it. */
struct logbook;
void site_set_logbook(struct site *site, struct logbook *logbook, void (*close)(struct logbook *));
struct logbook *site_logbook(const struct site *site); /* NULL: none is kept */

#endif
