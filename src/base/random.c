#include "base/random.h"

#include <openssl/rand.h>
#include <string.h>

static void system_fill(void *context, guint8 *bytes, gsize n) {
    (void)context;
    g_assert(n <= G_MAXINT);
    if (RAND_bytes(bytes, (int)n) != 1)
        g_error("the machine's random generator failed: refusing to go on without it");
}

const struct base_random base_system_random = {.fill = system_fill};

guint64 base_seeded_next(guint64 *state) {
    guint64 z = (*state += G_GUINT64_CONSTANT(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static void seeded_fill(void *context, guint8 *bytes, gsize n) {
    for (gsize i = 0; i < n; i++)
        bytes[i] = (guint8)base_seeded_next(context);
}

struct base_random base_seeded_random(guint64 *state) {
    return (struct base_random){.fill = seeded_fill, .context = state};
}

char *base_base32(const guint8 *bytes, gsize n) {
    static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
    GString *text = g_string_sized_new(n * 8 / 5 + 2);
    guint32 bits = 0;
    guint held = 0;

    for (gsize i = 0; i < n; i++) {
        bits = (bits << 8) | bytes[i];
        for (held += 8; held >= 5; held -= 5)
            g_string_append_c(text, alphabet[(bits >> (held - 5)) & 31]);
    }
    if (held)
        g_string_append_c(text, alphabet[(bits << (5 - held)) & 31]);
    return g_string_free(text, FALSE);
}

char *base_random_token(const struct base_random *random, gsize n_bytes) {
    g_autofree guint8 *bytes = g_malloc(n_bytes);
    random->fill(random->context, bytes, n_bytes);
    return base_base32(bytes, n_bytes);
}

guint64 base_hash64(const void *bytes, gsize n, guint64 seed) {
    const guint64 multiplier = G_GUINT64_CONSTANT(0x9FB21C651E98DF25);
    const guint8 *p = bytes;
    guint64 hash = seed ^ (n * multiplier);

    for (; n >= 8; n -= 8, p += 8) {
        guint64 word;
        memcpy(&word, p, 8);
        hash = (hash ^ word) * multiplier;
        hash ^= hash >> 35;
    }
    guint64 tail = 0;
    if (n)
        memcpy(&tail, p, n);
    hash = (hash ^ tail) * multiplier;
    hash ^= hash >> 28;
    hash *= multiplier;
    return hash ^ (hash >> 29);
}
