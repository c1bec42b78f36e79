#include <string.h>

#include "base/error.h"
#include "base/time.h"
#include "store/db.h"
#include "store/outbox.h"
#include "store/store.h"

static struct store *open_new(char **dir) {
    *dir = g_dir_make_tmp("tocsin-store-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(*dir, "t.db", NULL);
    GError *error = NULL;
    struct store *store = store_open(path, &error);
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
    g_assert_true(store_write(store, add_alert, (char *)(gsize) "a", NULL));
    g_assert_false(store_write(store, add_and_fail, (char *)(gsize) "b", &error));
    g_assert_cmpstr(error->message, ==, "no");
    g_assert_true(store_try(store, add_alert, (char *)(gsize) "c", NULL));
    g_assert_cmpint(n_alerts(store), ==, 1);
    store_close(store);
}

static gpointer write_many(gpointer data) {
    for (int i = 0; i < 200; i++) {
        g_autofree char *id = g_strdup_printf("%p-%d", (void *)g_thread_self(), i);
        if (i % 10 == 0)
            store_write(data, add_and_fail, id, NULL);
        else
            g_assert_true(store_write(data, add_alert, id, NULL));
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

static gboolean outbox_walk(struct db *db, void *context, GError **error) {
    struct store_alert first = {.id = (char *)(gsize) "one",
                                .registration_id = (char *)(gsize) "r",
                                .event_seq = 1,
                                .created_at_us = 10};
    struct store_alert second = {.id = (char *)(gsize) "two",
                                 .registration_id = (char *)(gsize) "r",
                                 .event_seq = 2,
                                 .created_at_us = 20};
    gboolean is_new, claimed, told, withdrawn;
    guint n;
    (void)context;
    g_assert_true(store_alert_add(db, &first, &is_new, error) && is_new);
    g_assert_true(store_alert_add(db, &first, &is_new, error) && !is_new); /* owed once */
    g_assert_true(store_alert_add(db, &second, NULL, error));

    g_autoptr(GPtrArray) due = store_alerts_due(db, 100, 10, error);
    g_assert_cmpuint(due->len, ==, 1); /* the newer one waits for the older */
    struct store_alert *alert = due->pdata[0];
    g_assert_cmpstr(alert->id, ==, "one");
    g_assert_true(store_alert_claim(db, alert->seq, &claimed, error) && claimed);
    g_assert_true(store_alert_claim(db, alert->seq, &claimed, error) && !claimed);

    /* A crash while it is being sent: it is due again, and counts as told. */
    g_assert_true(store_alerts_recover(db, 50, &n, error));
    g_assert_cmpuint(n, ==, 1);
    g_assert_true(store_alert_told(db, "r", 1, TRUE, &told, &withdrawn, error));
    g_assert_true(told && !withdrawn);

    /* The second never left: taken back before anybody knew. */
    g_assert_true(store_alert_told(db, "r", 2, TRUE, &told, &withdrawn, error));
    g_assert_true(!told && withdrawn);
    return TRUE;
}

static void the_outbox_keeps_order_and_remembers_what_may_have_left(void) {
    g_autofree char *dir = NULL;
    struct store *store = open_new(&dir);
    GError *error = NULL;
    /* Alerts stand on their own here: the rows they refer to are not made. */
    g_assert_true(store_write(store, outbox_walk, NULL, &error));
    g_assert_no_error(error);
    store_close(store);
}

static void a_newer_schema_is_refused(void) {
    g_autofree char *dir = NULL;
    struct store *store = open_new(&dir);
    store_close(store);
    g_autofree char *path = g_build_filename(dir, "t.db", NULL);
    struct db *db = db_open(path, DB_WRITER, NULL);
    g_assert_true(db_script(db, "PRAGMA user_version = 99", NULL));
    db_close(db);
    g_autoptr(GError) error = NULL;
    g_assert_null(store_open(path, &error));
    g_assert_nonnull(strstr(error->message, "schema 99"));
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/takes_back", what_fails_takes_back_only_itself);
    g_test_add_func("/store/groups", many_writers_share_commits);
    g_test_add_func("/store/outbox", the_outbox_keeps_order_and_remembers_what_may_have_left);
    g_test_add_func("/store/schema", a_newer_schema_is_refused);
    return g_test_run();
}
