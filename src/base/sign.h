/* Ed25519 signatures (RFC 8032), through OpenSSL. */
#ifndef BASE_SIGN_H
#define BASE_SIGN_H

#include <glib.h>

#define SIGN_PUBLIC_BYTES 32
#define SIGN_SEED_BYTES 32
#define SIGN_BYTES 64

struct sign_key;

/* A key of the seed: the private half from which the public one follows. Transfer full. */
struct sign_key *sign_key_new(const guint8 seed[SIGN_SEED_BYTES]);
void sign_key_free(struct sign_key *key);
void sign_key_public(const struct sign_key *key, guint8 public[SIGN_PUBLIC_BYTES]);

void sign_message(const struct sign_key *key, const void *message, gsize n,
                  guint8 signature[SIGN_BYTES]);
gboolean sign_verify(const guint8 public[SIGN_PUBLIC_BYTES], const void *message, gsize n,
                     const guint8 signature[SIGN_BYTES]);

#endif
