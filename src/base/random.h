/* Randomness, injected: OpenSSL's generator in service, a seeded one where a run must repeat.
 *
 * The seeded source is for simulations and tests only; nothing secret may come from it. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <glib.h>

struct base_random {
    void (*fill)(void *context, guint8 *bytes, gsize n);
    void *context;
};

/* Cryptographic randomness; aborts the program when the machine has none. */
extern const struct base_random base_system_random;

static inline void base_random_fill(const struct base_random *random, guint8 *bytes, gsize n) {
    random->fill(random->context, bytes, n);
}

/* SplitMix64 over `state` (Steele, Lea, Flood 2014). Not secret. */
struct base_random base_seeded_random(guint64 *state);
guint64 base_seeded_next(guint64 *state);

/* `n_bytes` of randomness in lower-case Crockford base 32 without I, L, O, U. Transfer full. */
char *base_random_token(const struct base_random *random, gsize n_bytes);

/* The same writing for given bytes. Transfer full. */
char *base_base32(const guint8 *bytes, gsize n);

/* A 64-bit hash for tables and change detection; not for anything an attacker may choose. */
guint64 base_hash64(const void *bytes, gsize n, guint64 seed);

#endif
