#include "operate/alive.h"

#include "base/log.h"
#include "book/remote.h"
#include "operate/status.h"
#include "site/config.h"

#define LOOK_EVERY_US ((gint64)SECOND_US)
#define LATEST_BEAT_US (30 * (gint64)SECOND_US)
#define TIMEOUT_S 10u
#define MOST_WAITING_US (15 * MINUTE_US) /* of what could have left */

struct alive {
    struct site *site;
    GThread *thread;
    GMutex mutex;
    GCond wake;
    gboolean is_stopping;
    gint64 beat_at_us; /* monotonic */
    gint64 called_at_us;
    char *trouble; /* why it was not called, or not heard, last */
};

/* Why nobody should hear that all is well; NULL: all is. Transfer full. */
static char *find_trouble(struct alive *alive) {
    struct status_counts counts;
    g_autoptr(GError) error = NULL;
    g_mutex_lock(&alive->mutex);
    const gboolean is_stuck = g_get_monotonic_time() - alive->beat_at_us > LATEST_BEAT_US;
    g_mutex_unlock(&alive->mutex);
    if (is_stuck)
        return g_strdup("the main loop does not go round");
    if (!status_count(alive->site, &counts, &error))
        return g_strdup(error->message);
    if (counts.is_refusing)
        return g_strdup("the store takes nothing");
    return counts.oldest_queued_at_us != TIME_UNKNOWN &&
                   site_now(alive->site) - counts.oldest_queued_at_us > MOST_WAITING_US
               ? g_strdup("news has not left for a quarter of an hour")
               : NULL;
}

/* Trouble is logged when it begins and when it ends. */
static void note(struct alive *alive, char *trouble) {
    if (trouble && !alive->trouble)
        log_line("warning", "the watchdog address does not hear that all is well", "problem", trouble,
                 NULL);
    else if (!trouble && alive->trouble)
        log_line("info", "the watchdog address hears again that all is well", NULL);
    g_free(alive->trouble);
    alive->trouble = trouble;
}

static void call_if_due(struct alive *alive) {
    const gint64 since = site_now(alive->site) - alive->called_at_us;
    g_autoptr(GError) error = NULL;
    if (since >= 0 && since < MINUTE_US)
        return;
    char *trouble = find_trouble(alive);
    if (!trouble && !remote_get(site_config(alive->site)->watchdog_url, TIMEOUT_S, &error))
        trouble = g_strdup(error->message);
    alive->called_at_us = site_now(alive->site);
    note(alive, trouble);
}

static gpointer run(gpointer data) {
    struct alive *alive = data;
    g_mutex_lock(&alive->mutex);
    while (!alive->is_stopping) {
        g_mutex_unlock(&alive->mutex);
        call_if_due(alive);
        g_mutex_lock(&alive->mutex);
        if (!alive->is_stopping)
            g_cond_wait_until(&alive->wake, &alive->mutex, g_get_monotonic_time() + LOOK_EVERY_US);
    }
    g_mutex_unlock(&alive->mutex);
    return NULL;
}

struct alive *alive_start(struct site *site) {
    if (!site_config(site)->watchdog_url)
        return NULL;
    struct alive *alive = g_new0(struct alive, 1);
    alive->site = site;
    alive->beat_at_us = g_get_monotonic_time();
    g_mutex_init(&alive->mutex);
    g_cond_init(&alive->wake);
    alive->thread = g_thread_new("alive", run, alive);
    return alive;
}

void alive_stop(struct alive *alive) {
    if (!alive)
        return;
    g_mutex_lock(&alive->mutex);
    alive->is_stopping = TRUE;
    g_cond_signal(&alive->wake);
    g_mutex_unlock(&alive->mutex);
    g_thread_join(alive->thread);
    g_mutex_clear(&alive->mutex);
    g_cond_clear(&alive->wake);
    g_free(alive->trouble);
    g_free(alive);
}

void alive_beat(struct alive *alive) {
    if (!alive)
        return;
    g_mutex_lock(&alive->mutex);
    alive->beat_at_us = g_get_monotonic_time();
    g_mutex_unlock(&alive->mutex);
}
