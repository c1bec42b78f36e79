#include "operate/ticks.h"

#include "base/log.h"
#include "book/logbook.h"
#include "desk/clock.h"
#include "desk/end.h"
#include "desk/keep.h"
#include "desk/term.h"
#include "intake/folders.h"
#include "intake/silence.h"
#include "site/duty.h"
#include "store/store.h"

#define ROUND_US ((gint64)SECOND_US)
#define TICK_US (10 * (gint64)SECOND_US)
#define CUT_US (2 * (gint64)SECOND_US) /* of a transaction, when the site is stopping */
#define LOOK_US 5000
#define LATEST_US (20 * (gint64)SECOND_US) /* without anything that moves: then something hangs */

static gboolean tick_feeds(struct site *site, GError **error) {
    guint n_events;
    return silence_tick(site, &n_events, error);
}

/* An hour that a clock reached which was far ahead for a moment would be closed for good. */
static gboolean tick_hours(struct site *site, GError **error) {
    gboolean is_steady;
    guint n;
    return clock_is_steady(site, &is_steady, error) && (!is_steady || logbook_hours(site, &n, error));
}

/* What is due as time passes, each a duty of one process at a time; what goes wrong with one keeps no
 * other from its turn. */
static const struct {
    const char *name;
    gboolean (*tick)(struct site *site, GError **error);
    const char *problem;
    gint64 every_us; /* 0: each time */
} duties[] = {{"silence", tick_feeds, "feeds could not be looked over"},
              {"expiry", end_expired, "watches that are over could not be ended"},
              {"terms", term_tick, "registrations could not be looked over for their end"},
              {"keep", keep_tick, "what was kept for long enough could not be deleted", MINUTE_US},
              {"hours", tick_hours, "an hour could not be written into the ledger"}};

struct ticks {
    struct site *site;
    struct folders *folders;
    struct site_duty held[G_N_ELEMENTS(duties)];
    gint64 ticked_at_us, done_at_us[G_N_ELEMENTS(duties)];
    GThread *thread;
    GMutex mutex;
    GCond wake;
    gboolean is_stopping;
    gint is_over;
    guint64 n_rounds;
    guint64 seen, seen_rounds; /* by ticks_move */
    gint64 moved_us;           /* monotonic */
};

static void look(struct ticks *ticks) {
    const gint64 now = site_now(ticks->site);
    folders_look(ticks->folders);
    if (now - ticks->ticked_at_us < TICK_US && now >= ticks->ticked_at_us)
        return;
    ticks->ticked_at_us = now;
    for (guint i = 0; i < G_N_ELEMENTS(duties); i++) {
        g_autoptr(GError) error = NULL;
        gint64 *done_at_us = &ticks->done_at_us[i];
        const gboolean is_due = now - *done_at_us >= duties[i].every_us || now < *done_at_us;
        if (site_duty_is_mine(ticks->site, &ticks->held[i], &error) && is_due) {
            *done_at_us = now;
            duties[i].tick(ticks->site, &error);
        }
        if (error)
            log_line("error", duties[i].problem, "problem", error->message, NULL);
    }
}

static gpointer run(gpointer data) {
    struct ticks *ticks = data;
    g_mutex_lock(&ticks->mutex);
    while (!ticks->is_stopping) {
        g_mutex_unlock(&ticks->mutex);
        look(ticks);
        g_mutex_lock(&ticks->mutex);
        ticks->n_rounds++;
        if (!ticks->is_stopping)
            g_cond_wait_until(&ticks->wake, &ticks->mutex, g_get_monotonic_time() + ROUND_US);
    }
    g_mutex_unlock(&ticks->mutex);
    g_atomic_int_set(&ticks->is_over, TRUE);
    return NULL;
}

struct ticks *ticks_start(struct site *site) {
    struct ticks *ticks = g_new0(struct ticks, 1);
    ticks->site = site;
    ticks->folders = folders_new(site);
    ticks->moved_us = g_get_monotonic_time();
    for (guint i = 0; i < G_N_ELEMENTS(duties); i++)
        ticks->held[i].name = g_strdup(duties[i].name);
    g_mutex_init(&ticks->mutex);
    g_cond_init(&ticks->wake);
    ticks->thread = g_thread_new("ticks", run, ticks);
    return ticks;
}

void ticks_stop(struct ticks *ticks) {
    g_mutex_lock(&ticks->mutex);
    ticks->is_stopping = TRUE;
    g_cond_signal(&ticks->wake);
    g_mutex_unlock(&ticks->mutex);
    /* Of a site that is stopping, what is long under way is not waited for. */
    while (site_is_stopping(ticks->site) &&
           (!g_atomic_int_get(&ticks->is_over) || folders_are_loading(ticks->folders))) {
        store_cut(site_store(ticks->site), CUT_US);
        g_usleep(LOOK_US);
    }
    g_thread_join(ticks->thread);
    folders_free(ticks->folders);
    for (guint i = 0; i < G_N_ELEMENTS(duties); i++)
        site_duty_clear(ticks->site, &ticks->held[i]);
    g_mutex_clear(&ticks->mutex);
    g_cond_clear(&ticks->wake);
    g_free(ticks);
}

gboolean ticks_move(struct ticks *ticks) {
    const guint64 written = store_progress(site_store(ticks->site));
    const gint64 now = g_get_monotonic_time();
    g_mutex_lock(&ticks->mutex);
    const guint64 rounds = ticks->n_rounds;
    g_mutex_unlock(&ticks->mutex);
    if (written != ticks->seen || rounds != ticks->seen_rounds)
        ticks->moved_us = now;
    ticks->seen = written;
    ticks->seen_rounds = rounds;
    return now - ticks->moved_us < LATEST_US;
}
