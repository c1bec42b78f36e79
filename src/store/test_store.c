#include <string.h>

#include "base/error.h"
#include "base/time.h"
#include "store/db.h"
#include "store/duty.h"
#include "store/outbox.h"
#include "store/store.h"

static struct store *open_new(char **dir) {
    *dir = g_dir_make_tmp("tocsin-store-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(*dir, "t.db", NULL);
    GError *error = NULL;
    struct store *store = store_open(path, NULL, TRUE, &error);
    g_assert_no_error(error);
    return store;
}

static gboolean add_alert(struct db *db, void *context, GError **error) {
    const struct store_alert alert = {.id = context, .purpose = PURPOSE_PAGE, .created_at_us = 1};
    return store_alert_add(db, &alert, NULL, error);
}

static gboolean add_and_fail(struct db *db, void *context, GError **error) {
    add_alert(db, context, NULL);
    g_set_error(error, BASE_ERROR, BASE_ERROR_REFUSED, "no");
    return FALSE;
}

static gboolean count_alerts(struct db *db, void *context, GError **error) {
    struct db_rows *rows = db_query(db, "SELECT count(*) FROM alert", NO_PARAMS);
    *(gint64 *)context = db_next(rows) ? db_int(rows, 0) : -1;
    return db_done(rows, error);
}

static gint64 n_alerts(struct store *store) {
    gint64 n;
    g_assert_true(store_read(store, count_alerts, &n, NULL));
    return n;
}

static void what_fails_takes_back_only_itself(void) {
    g_autofree char *dir = NULL;
    struct store *store = open_new(&dir);
    g_autoptr(GError) error = NULL;
    g_assert_true(store_write(store, STORE_WORK(add_alert, NULL), (char *)(gsize) "a", NULL));
    g_assert_false(store_write(store, STORE_WORK(add_and_fail, NULL), (char *)(gsize) "b", &error));
    g_assert_cmpstr(error->message, ==, "no");
    g_assert_true(store_try(store, STORE_WORK(add_alert, NULL), (char *)(gsize) "c", NULL));
    g_assert_cmpint(n_alerts(store), ==, 1);
    store_close(store);
}

static gpointer write_many(gpointer data) {
    for (int i = 0; i < 200; i++) {
        g_autofree char *id = g_strdup_printf("%p-%d", (void *)g_thread_self(), i);
        if (i % 10 == 0)
            store_write(data, STORE_WORK(add_and_fail, NULL), id, NULL);
        else
            g_assert_true(store_write(data, STORE_WORK(add_alert, NULL), id, NULL));
    }
    return NULL;
}

static void many_writers_share_commits(void) {
    g_autofree char *dir = NULL;
    struct store *store = open_new(&dir);
    GThread *threads[16];
    guint64 groups, works;
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("w", write_many, store);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    g_assert_cmpint(n_alerts(store), ==, 16 * 180);
    store_counts(store, &groups, &works);
    g_assert_cmpuint(works, ==, 16 * 200);
    g_assert_cmpuint(groups, <, works);
    store_close(store);
}

/* ── The outbox ────────────────────────────────────────────────────────────────────────────────── */

#define LEASE STORE_LEASE_US
#define LONGEST (30 * (gint64)MINUTE_US)

static struct store_lease lease_of(const char *node, gint64 now) {
    struct store_lease lease = {.until_at_us = now + LEASE};
    g_strlcpy(lease.node, node, sizeof lease.node);
    return lease;
}

static void owe_at(struct db *db, const char *id, gint64 event_seq, gint64 at_us, GError **error) {
    const struct store_alert alert = {.id = (char *)(gsize)id,
                                      .registration_id = (char *)(gsize) "r",
                                      .event_seq = event_seq,
                                      .created_at_us = at_us};
    gboolean is_new;
    g_assert_true(store_alert_add(db, &alert, &is_new, error) && is_new);
    g_assert_true(store_alert_add(db, &alert, &is_new, error) && !is_new); /* owed once */
}

static void owe(struct db *db, const char *id, gint64 event_seq, GError **error) {
    owe_at(db, id, event_seq, 10, error);
}

/* The one alert that is due, claimed by the node; NULL when none is, or it may not. */
static struct store_alert *claim(struct db *db, const char *node, gint64 now, GError **error) {
    const struct store_lease lease = lease_of(node, now);
    struct store_alert *alert = NULL;
    g_autoptr(GArray) due = outbox_due(db, now, LONGEST, 10, error);
    g_assert_nonnull(due);
    g_assert_cmpuint(due->len, <=, 1); /* one a registration */
    if (due->len)
        g_assert_true(
            outbox_claim(db, g_array_index(due, gint64, 0), &lease, now, LONGEST, &alert, error));
    return alert;
}

static gboolean settle(struct db *db, struct store_alert *alert, gint64 now, GError **error) {
    enum outbox_settled how;
    alert->state = ALERT_SENT;
    alert->may_have_left = TRUE;
    alert->handed_at_us = now;
    alert->next_at_us = TIME_UNKNOWN;
    g_assert_true(outbox_settle(db, alert, now, &how, error));
    return how != OUTBOX_LOST;
}

static gboolean outbox_walk(struct db *db, void *context, GError **error) {
    gboolean told, withdrawn;
    (void)context;
    owe(db, "one", 1, error);
    owe(db, "two", 2, error);
    struct store_alert *first = claim(db, "a", 100, error);
    g_assert_cmpstr(first->id, ==, "one"); /* the newer one waits for the older */
    g_assert_cmpuint(first->attempts, ==, 1);
    g_assert_null(claim(db, "b", 101, error)); /* it is in hand, and so is its registration */

    /* Whoever has it may have sent it, and it counts as told. */
    g_assert_true(store_alert_told(db, "r", 1, TRUE, &told, &withdrawn, error));
    g_assert_true(told && !withdrawn);

    /* It says that it still has it: nobody else gets it for another lease. */
    struct store_lease longer = lease_of("a", LEASE);
    g_assert_true(outbox_renew(db, &longer, LEASE, error));
    g_assert_null(claim(db, "b", 2 * LEASE - 1, error));

    /* It says so no more: another has it, for a new term, and tries under the same key. */
    struct store_alert *again = claim(db, "b", 2 * LEASE, error);
    g_assert_cmpstr(again->id, ==, "one");
    g_assert_cmpuint(again->lease.term, ==, first->lease.term + 1);
    g_assert_cmpuint(again->attempts, ==, 2);
    g_assert_true(!first->may_have_left && again->may_have_left);
    g_assert_false(settle(db, first, 2 * LEASE + 1, error)); /* the first wakes: it settles nothing */
    longer = lease_of("a", 3 * LEASE);
    g_assert_true(outbox_renew(db, &longer, 2 * LEASE + 1, error)); /* … and keeps nothing */
    g_assert_true(settle(db, again, 3 * LEASE - 1, error));
    g_assert_false(settle(db, again, 3 * LEASE - 1, error)); /* once */

    /* The second never left: taken back before anybody knew. */
    g_assert_true(store_alert_told(db, "r", 2, TRUE, &told, &withdrawn, error));
    g_assert_true(!told && withdrawn);
    store_alert_free(first);
    store_alert_free(again);
    return TRUE;
}

/* After its lease a node can settle nothing, whoever has it now: also if nobody does. */
static gboolean lapse_walk(struct db *db, void *context, GError **error) {
    (void)context;
    owe(db, "one", 1, error);
    struct store_alert *alert = claim(db, "a", 100, error);
    g_assert_false(settle(db, alert, 100 + LEASE, error));
    struct store_alert *again = claim(db, "a", 100 + LEASE, error);
    g_assert_true(settle(db, again, 101 + LEASE, error));
    store_alert_free(alert);
    store_alert_free(again);
    return TRUE;
}

/* What is told of the event when the alert has been tried and waits again. */
static void told_after(struct db *db, gboolean may_have_left, gint64 event_seq, gboolean *told,
                       gboolean *withdrawn, GError **error) {
    enum outbox_settled how;
    owe(db, "tried", event_seq, error);
    struct store_alert *alert = claim(db, "a", 100, error);
    alert->state = ALERT_QUEUED;
    alert->may_have_left = may_have_left;
    g_assert_true(outbox_settle(db, alert, 101, &how, error) && how == OUTBOX_SETTLED);
    g_assert_true(store_alert_told(db, "r", event_seq, TRUE, told, withdrawn, error));
    store_alert_free(alert);
}

/* A try that surely failed can be taken back; one that may have arrived is told, and stays so. */
static gboolean failed_walk(struct db *db, void *context, GError **error) {
    gboolean told, withdrawn;
    (void)context;
    told_after(db, FALSE, 1, &told, &withdrawn, error);
    g_assert_true(!told && withdrawn);
    return TRUE;
}

/* What the policy withheld was told if an earlier try of it left. */
static gboolean withheld_walk(struct db *db, void *context, GError **error) {
    gboolean told, withdrawn;
    (void)context;
    for (gint64 left = 0; left < 2; left++) {
        enum outbox_settled how;
        owe(db, left ? "left" : "not", 1 + left, error);
        struct store_alert *alert = claim(db, "a", 100, error);
        alert->state = ALERT_WITHHELD;
        alert->may_have_left = left != 0;
        g_assert_true(outbox_settle(db, alert, 101, &how, error) && how == OUTBOX_SETTLED);
        store_alert_free(alert);
        g_assert_true(store_alert_told(db, "r", 1 + left, TRUE, &told, &withdrawn, error));
        g_assert_true(told == (left != 0) && !withdrawn);
    }
    return TRUE;
}

static gboolean ambiguous_walk(struct db *db, void *context, GError **error) {
    gboolean told, withdrawn;
    (void)context;
    told_after(db, TRUE, 1, &told, &withdrawn, error);
    g_assert_true(told && !withdrawn);
    struct store_alert *again = claim(db, "a", 102, error);
    g_assert_true(again->may_have_left);
    store_alert_free(again);
    return TRUE;
}

/* Its reader was quicker than the one who sent it. */
static gboolean quick_walk(struct db *db, void *context, GError **error) {
    enum outbox_settled how;
    (void)context;
    owe(db, "one", 1, error);
    struct store_alert *alert = claim(db, "a", 100, error);
    g_assert_true(store_alerts_confirm(db, alert->seq, 101, error));
    alert->state = ALERT_QUEUED; /* it surely failed: whoever confirmed, it was not this one's reader */
    g_assert_true(outbox_settle(db, alert, 102, &how, error) && how == OUTBOX_LOST);
    alert->state = ALERT_SENT;
    alert->may_have_left = TRUE;
    alert->handed_at_us = 102;
    alert->next_at_us = 200;
    g_assert_true(outbox_settle(db, alert, 102, &how, error) && how == OUTBOX_CONFIRMED);
    struct store_alert *kept = store_alert_get(db, "one", error);
    g_assert_true(kept->state == ALERT_CONFIRMED && kept->handed_at_us == 102 &&
                  kept->next_at_us == TIME_UNKNOWN && kept->confirmed_at_us == 101);
    store_alert_free(kept);
    store_alert_free(alert);
    return TRUE;
}

/* A lease that was given under a clock that was a year ahead does not last a year. */
static gboolean clock_walk(struct db *db, void *context, GError **error) {
    const gint64 ahead = 365 * DAY_US;
    struct store_lease lease = lease_of("a", ahead);
    gboolean is_mine;
    (void)context;
    owe(db, "one", 1, error);
    struct store_alert *alert = claim(db, "a", ahead, error);
    struct store_alert *again = claim(db, "b", 1000, error);
    g_assert_cmpstr(again->lease.node, ==, "b");
    g_assert_true(duty_take(db, "hours", &lease, ahead, &is_mine, error) && is_mine);
    lease = lease_of("b", 1000);
    g_assert_true(duty_take(db, "hours", &lease, 1000, &is_mine, error) && is_mine);
    store_alert_free(alert);
    store_alert_free(again);
    return TRUE;
}

/* Made while the clock was days ahead, and the clock is right again: it does not wait for that day. */
static gboolean ahead_walk(struct db *db, void *context, GError **error) {
    (void)context;
    owe_at(db, "soon", 1, 100 + LONGEST, error);
    g_assert_null(claim(db, "a", 100, error));
    struct store_alert *alert = claim(db, "a", 100 + LONGEST, error);
    g_assert_true(settle(db, alert, 101 + LONGEST, error));
    store_alert_free(alert);
    owe_at(db, "ahead", 2, 10 * DAY_US, error);
    alert = claim(db, "a", 200, error);
    g_assert_cmpstr(alert->id, ==, "ahead");
    alert->state = ALERT_SENT; /* by a process that plans further ahead, under the right clock */
    alert->next_at_us = 200 + 5 * LONGEST;
    enum outbox_settled how;
    g_assert_true(outbox_settle(db, alert, 201, &how, error) && how == OUTBOX_SETTLED);
    store_alert_free(alert);
    g_assert_null(claim(db, "b", 202, error));
    return TRUE;
}

static gboolean duty_walk(struct db *db, void *context, GError **error) {
    struct store_lease a = lease_of("a", 0), b = lease_of("b", 1);
    gboolean is_mine;
    (void)context;
    g_assert_true(duty_take(db, "hours", &a, 0, &is_mine, error) && is_mine);
    g_assert_cmpuint(a.term, ==, 1);
    g_assert_true(duty_take(db, "hours", &b, 1, &is_mine, error) && !is_mine);
    g_assert_true(duty_take(db, "linking", &b, 1, &is_mine, error) && is_mine); /* another */
    a = lease_of("a", LEASE - 1);
    g_assert_true(duty_take(db, "hours", &a, LEASE - 1, &is_mine, error) && is_mine); /* kept */
    g_assert_cmpuint(a.term, ==, 1);
    b = lease_of("b", 2 * LEASE);
    g_assert_true(duty_take(db, "hours", &b, 2 * LEASE, &is_mine, error) && is_mine); /* run out */
    g_assert_cmpuint(b.term, ==, 2);
    g_assert_true(duty_leave(db, "hours", &a, error)); /* not a's any more */
    g_assert_true(duty_take(db, "hours", &a, 2 * LEASE, &is_mine, error) && !is_mine);
    g_assert_true(duty_leave(db, "hours", &b, error));
    g_assert_true(duty_take(db, "hours", &a, 2 * LEASE, &is_mine, error) && is_mine);
    return TRUE;
}

/* Alerts stand on their own here: the rows they refer to are not made. */
static const struct {
    const char *name;
    store_fn run;
} walks[] = {
    {"/store/outbox", outbox_walk}, {"/store/lapsed", lapse_walk},
    {"/store/failed", failed_walk}, {"/store/ambiguous", ambiguous_walk},
    {"/store/quick", quick_walk},   {"/store/withheld", withheld_walk},
    {"/store/clock", clock_walk},   {"/store/duties", duty_walk},
    {"/store/ahead", ahead_walk},
};

static void walk(gconstpointer number) {
    g_autofree char *dir = NULL;
    struct store *store = open_new(&dir);
    GError *error = NULL;
    g_assert_true(
        store_write(store, STORE_WORK(walks[GPOINTER_TO_UINT(number)].run, NULL), NULL, &error));
    g_assert_no_error(error);
    store_close(store);
}

static void a_newer_schema_is_refused(void) {
    g_autofree char *dir = NULL;
    struct store *store = open_new(&dir);
    store_close(store);
    g_autofree char *path = g_build_filename(dir, "t.db", NULL);
    struct db *db = db_open(path, NULL, DB_WRITER, FALSE, NULL);
    g_assert_true(db_script(db, "PRAGMA user_version = 99", NULL));
    db_close(db);
    g_autoptr(GError) error = NULL;
    g_assert_null(store_open(path, NULL, FALSE, &error));
    g_assert_nonnull(strstr(error->message, "schema 99"));
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/takes_back", what_fails_takes_back_only_itself);
    g_test_add_func("/store/groups", many_writers_share_commits);
    for (guint i = 0; i < G_N_ELEMENTS(walks); i++)
        g_test_add_data_func(walks[i].name, GUINT_TO_POINTER(i), walk);
    g_test_add_func("/store/schema", a_newer_schema_is_refused);
    return g_test_run();
}
