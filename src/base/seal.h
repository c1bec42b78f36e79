/* Sealing: anyone with the public key can write a secret, only the holder of the private key reads.
 *
 * A sealed contact is two boxes. The contact is closed under a fresh key of its registration
 * (AES-256-GCM); that key is closed to the site's P-256 public key (ephemeral ECDH, HKDF-SHA256,
 * AES-256-GCM). The second box lives in a file of its own, so that deleting it makes the first
 * unreadable wherever it was copied. Both are bound to the registration's id as associated data:
 * a box moved to another registration does not open.
 *
 * Layout, public-key box: 'P' 1 | ephemeral point 65 (uncompressed) | nonce 12 | ciphertext | tag 16
 * Layout, key box:        'K' 1 | nonce 12 | ciphertext | tag 16 */
#ifndef BASE_SEAL_H
#define BASE_SEAL_H

#include <glib.h>

#include "base/random.h"

#define SEAL_KEY_BYTES 32

struct seal_public;
struct seal_private;

/* Makes a P-256 key pair as two PEM files; the private one readable by its owner only. Refuses to
 * overwrite. */
gboolean seal_generate(const char *private_path, const char *public_path, GError **error);

struct seal_public *seal_public_load(const char *path, GError **error);
struct seal_private *seal_private_load(const char *path, GError **error);
void seal_public_free(struct seal_public *key);
void seal_private_free(struct seal_private *key);

/* Closes `plain` to the holder of the private key. Transfer full; NULL only if OpenSSL fails. */
GBytes *seal_to_public(const struct seal_public *key, const void *plain, gsize n, const char *bound_to,
                       GError **error);
/* Opens it: transfer full, freed with seal_bytes_unref so that it is wiped. */
GBytes *seal_open_private(const struct seal_private *key, GBytes *box, const char *bound_to,
                          GError **error);

/* The same under a symmetric key of SEAL_KEY_BYTES. */
GBytes *seal_with_key(const guint8 *key, const struct base_random *random, const void *plain, gsize n,
                      const char *bound_to, GError **error);
GBytes *seal_open_key(const guint8 *key, GBytes *box, const char *bound_to, GError **error);

/* Before any key is read: keys that OpenSSL holds lie in memory that is never written out, where the
 * system lets it (RLIMIT_MEMLOCK), this process leaves no core, and others of its user cannot look into
 * it. */
void seal_guard_process(void);
/* The same for what a key is kept in besides. */
void seal_lock(const void *bytes, gsize n);

/* Wipes what GLib cannot: overwrites the bytes, then unrefs. For bytes made by this module. */
void seal_bytes_unref(GBytes *bytes);
void seal_wipe(void *bytes, gsize n);

/* A number as 32 hexadecimal digits that tell nothing of it, nor of how two numbers differ, to whoever
 * has not the key of 16 bytes; the same each time. Transfer full. */
char *seal_number_hide(const guint8 *key, guint64 number);
/* FALSE when the text is none of those under this key. */
gboolean seal_number_show(const guint8 *key, const char *text, guint64 *number);

/* Frees what OpenSSL keeps for this thread. For work in threads that nobody joins: they may end after
 * OpenSSL has, and what it kept for them would be a leak. */
void seal_forget_thread(void);

/* SHA-256, at the machine's own speed. */
void seal_sha256(const void *bytes, gsize n, guint8 digest[32]);

/* HMAC-SHA256 of `text` under `key`, 32 bytes into `mac`. */
void seal_hmac(const void *key, gsize key_n, const void *text, gsize n, guint8 mac[32]);
gboolean seal_equal(const void *a, const void *b, gsize n); /* in constant time */

/* A PIN's verifier: scrypt (RFC 7914; N=2^14, r=8, p=1) over a random salt, as text. Transfer full.
 * NULL if the machine is out of memory for it. */
char *seal_pin_hash(const struct base_random *random, const char *pin);
gboolean seal_pin_matches(const char *pin_hash, const char *pin);

#endif
