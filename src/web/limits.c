#include "web/limits.h"

#include <string.h>

#include "base/random.h"

#define BUCKET 20.0F
#define REFILL_US 3000000.0F
#define N_SETS 4096u /* a power of two */
#define WAYS 8u

struct bucket {
    guint64 peer; /* hash; 0: nobody's */
    gint64 at_us;
    float left; /* then */
};

struct web_limits {
    GMutex mutex;
    guint64 secret; /* so that nobody can choose addresses that fall together */
    struct bucket buckets[N_SETS][WAYS];
};

struct web_limits *web_limits_new(void) {
    struct web_limits *limits = g_new0(struct web_limits, 1);
    g_mutex_init(&limits->mutex);
    base_system_random.fill(NULL, (guint8 *)&limits->secret, sizeof limits->secret);
    return limits;
}

void web_limits_free(struct web_limits *limits) {
    g_mutex_clear(&limits->mutex);
    g_free(limits);
}

static float left_now(const struct bucket *bucket, gint64 now_us) {
    return MIN(BUCKET, bucket->left + (float)(now_us - bucket->at_us) / REFILL_US);
}

/* The peer's bucket; a full one in the place of the fullest when it has none. */
static struct bucket *find(struct bucket *set, guint64 peer, gint64 now_us) {
    struct bucket *fullest = set;
    for (struct bucket *b = set; b < set + WAYS; b++) {
        if (b->peer == peer)
            return b;
        if (!b->peer || (fullest->peer && left_now(b, now_us) > left_now(fullest, now_us)))
            fullest = b;
    }
    *fullest = (struct bucket){peer, now_us, BUCKET};
    return fullest;
}

gboolean web_limits_allow(struct web_limits *limits, const char *peer, gint64 now_us) {
    const guint64 hash = base_hash64(peer, strlen(peer), limits->secret) | 1;
    g_mutex_lock(&limits->mutex);
    struct bucket *bucket = find(limits->buckets[hash >> 52 & (N_SETS - 1)], hash, now_us);
    bucket->left = left_now(bucket, now_us);
    bucket->at_us = now_us;
    const gboolean is_allowed = bucket->left >= 1;
    if (is_allowed)
        bucket->left -= 1;
    g_mutex_unlock(&limits->mutex);
    return is_allowed;
}
