#include "web/limits.h"

#define BUCKET 20.0
#define REFILL_US 3000000.0
#define MOST_BUCKETS 20000

struct bucket {
    double left;
    gint64 at_us;
};

struct web_limits {
    GMutex mutex;
    GHashTable *buckets;
};

struct web_limits *web_limits_new(void) {
    struct web_limits *limits = g_new0(struct web_limits, 1);
    g_mutex_init(&limits->mutex);
    limits->buckets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return limits;
}

void web_limits_free(struct web_limits *limits) {
    g_hash_table_unref(limits->buckets);
    g_mutex_clear(&limits->mutex);
    g_free(limits);
}

static gboolean is_full(gpointer peer, gpointer value, gpointer now) {
    const struct bucket *bucket = value;
    (void)peer;
    return bucket->left + (double)(*(gint64 *)now - bucket->at_us) / REFILL_US >= BUCKET;
}

gboolean web_limits_allow(struct web_limits *limits, const char *peer) {
    gint64 now_us = g_get_monotonic_time();
    g_mutex_lock(&limits->mutex);
    if (g_hash_table_size(limits->buckets) >= MOST_BUCKETS)
        g_hash_table_foreach_remove(limits->buckets, is_full, &now_us);
    struct bucket *bucket = g_hash_table_lookup(limits->buckets, peer);
    if (!bucket) {
        bucket = g_new(struct bucket, 1);
        *bucket = (struct bucket){BUCKET, now_us};
        g_hash_table_insert(limits->buckets, g_strdup(peer), bucket);
    }
    bucket->left = MIN(BUCKET, bucket->left + (double)(now_us - bucket->at_us) / REFILL_US);
    bucket->at_us = now_us;
    gboolean allowed = bucket->left >= 1;
    if (allowed)
        bucket->left -= 1;
    g_mutex_unlock(&limits->mutex);
    return allowed;
}
