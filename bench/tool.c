/* What the benchmarks need inside the program: durable events a second against a bare commit, and a
 * site filled with registrations. Driven by bench/run.py.
 *
 *   tool durable DIR ROUNDS      prints rates, one JSON object a line: kind, per_second
 *   tool fill SITE N N_LIVE      N people with a booking and a registration each; N_LIVE can be told */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/seal.h"
#include "feed/signature.h"
#include "intake/push.h"
#include "intake/take_up.h"
#include "operate/open.h"
#include "store/custody.h"
#include "store/store.h"
#include "store/watch.h"

static const char mapping[] =
    "feed: bench\nformat: json-events\ninterval: 1h\n"
    "facility: {id: bench, name: Bench County Jail, timezone: America/Denver}\n"
    "columns: {event_id: id, person: [person], booking: [booking], event: what, occurred_at: when}\n";

#define SINGLES 1000
#define GROUPED 20000
#define THREADS 64
#define BATCH 32

static void fail(GError *error) {
    fprintf(stderr, "%s\n", error->message);
    exit(1);
}

static struct site *open_site(const char *dir) {
    GError *error = NULL;
    struct site *site;
    g_autofree char *id = NULL;
    gboolean is_new;
    if ((!g_file_test(dir, G_FILE_TEST_IS_DIR) && !site_init(dir, NULL, &error)) ||
        !(site = operate_open(dir, &error)) ||
        !take_up_feed(site, mapping, sizeof mapping - 1, "bench", NULL, &id, &is_new, &error))
        fail(error);
    return site;
}

static void report(const char *kind, guint n, gint64 start_us) {
    printf("{\"kind\": \"%s\", \"per_second\": %.0f}\n", kind,
           n / ((double)(g_get_monotonic_time() - start_us) / 1e6));
    fflush(stdout);
}

/* `n` events about some of 100,000 bookings, unlike any before, in one request. */
static void push(struct site *site, guint number, guint n) {
    GError *error = NULL;
    g_autofree char *answer = NULL;
    g_autofree char *key = g_strdup_printf("k%u", number);
    GString *events = g_string_new(NULL);
    for (guint i = number; i < number + n; i++)
        g_string_append_printf(events,
                               "{\"id\":%u,\"person\":\"%u\",\"booking\":\"b%u\",\"what\":"
                               "\"status_changed\",\"when\":\"2025-05-06T%02u:%02u:00Z\"}\n",
                               i, i % 100000, i % 100000, i / 60 % 24, i % 60);
    g_autofree char *body = g_string_free(events, FALSE);
    g_autofree char *secret = take_up_secret(site, "bench", &error);
    const gint64 now_s = site_now(site) / SECOND_US;
    g_autofree char *timestamp = g_strdup_printf("%" G_GINT64_FORMAT, now_s);
    g_autofree char *signature = feed_signature_make(secret, key, now_s, body, strlen(body));
    const struct push push = {"bench", key, timestamp, signature, body, strlen(body)};
    const char *not_signed;
    if (!push_take(site, &push, &answer, &not_signed, &error))
        fail(error);
}

static void bare_commits(const char *dir) {
    g_autofree char *path = g_build_filename(dir, "bare.db", NULL);
    sqlite3 *db;
    sqlite3_stmt *insert;
    sqlite3_open(path, &db);
    sqlite3_exec(
        db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE IF NOT EXISTS t (a, b)",
        NULL, NULL, NULL);
    sqlite3_prepare_v2(db, "INSERT INTO t VALUES (?, 'one row of some forty bytes in a commit')", -1,
                       &insert, NULL);
    gint64 start_us = g_get_monotonic_time();
    for (int i = 0; i < SINGLES; i++) {
        sqlite3_bind_int(insert, 1, i);
        sqlite3_step(insert);
        sqlite3_reset(insert);
    }
    report("bare", SINGLES, start_us);
    sqlite3_finalize(insert);
    sqlite3_close(db);
}

static void bare_syncs(const char *dir) {
    g_autofree char *path = g_build_filename(dir, "sync", NULL);
    static const char page[4096];
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    gint64 start_us = g_get_monotonic_time();
    for (int i = 0; i < SINGLES; i++)
        if (pwrite(fd, page, sizeof page, i * 4096L) < 0 || fdatasync(fd) != 0)
            exit(1);
    report("fdatasync", SINGLES, start_us);
    close(fd);
}

struct share {
    struct site *site;
    guint from, n;
};

static gpointer push_share(gpointer data) {
    const struct share *share = data;
    for (guint i = 0; i < share->n; i++)
        push(share->site, share->from + i, 1);
    return NULL;
}

static void durable(const char *dir, int rounds) {
    g_autofree char *where = g_build_filename(dir, "site", NULL);
    struct site *site = open_site(where);
    guint number = 1;
    for (int round = 0; round < rounds; round++) {
        bare_syncs(dir);
        bare_commits(dir);
        gint64 start_us = g_get_monotonic_time();
        for (int i = 0; i < SINGLES; i++)
            push(site, number++, 1);
        report("single", SINGLES, start_us);
        start_us = g_get_monotonic_time();
        for (int i = 0; i < GROUPED / BATCH; i++, number += BATCH)
            push(site, number, BATCH);
        report("batches", GROUPED / BATCH * BATCH, start_us);
        struct share shares[THREADS];
        GThread *threads[THREADS];
        start_us = g_get_monotonic_time();
        for (int i = 0; i < THREADS; i++) {
            shares[i] = (struct share){site, number, GROUPED / THREADS};
            number += GROUPED / THREADS;
            threads[i] = g_thread_new("push", push_share, &shares[i]);
        }
        for (int i = 0; i < THREADS; i++)
            g_thread_join(threads[i]);
        report("concurrent", GROUPED / THREADS * THREADS, start_us);
    }
    site_close(site);
}

struct filling {
    struct site *site;
    guint n, n_live;
    const char *pin_hash;
};

static gboolean fill_one(struct db *db, const struct filling *f, guint i, GError **error) {
    guint8 key[SEAL_KEY_BYTES];
    g_autofree char *number = g_strdup_printf("%u", i);
    g_autofree char *booking_key = g_strdup_printf("b%u", i);
    g_autofree char *id = g_strdup_printf("r%015u", i);
    g_autofree char *email = g_strdup_printf("r%u@x.test", i);
    struct store_person person = {.scope = "bench",
                                  .key = number,
                                  .surname = "POPLAR",
                                  .given = "WREN",
                                  .middle = "",
                                  .suffix = ""};
    struct custody_booking booking = {.key = booking_key,
                                      .person_key = number,
                                      .facility_id = "bench",
                                      .status = "",
                                      .admitted_at_us = TIME_UNKNOWN,
                                      .tenure_from_us = TIME_UNKNOWN,
                                      .listed_at_us = TIME_UNKNOWN,
                                      .off_at_us = TIME_UNKNOWN,
                                      .was_off_at_us = TIME_UNKNOWN};
    if (!store_person_save(db, &person, "poplar wren", error))
        return FALSE;
    booking.person_id = person.id;
    if (!store_booking_save(db, "bench", NULL, &booking, error))
        return FALSE;
    site_random(f->site)->fill(NULL, key, sizeof key);
    g_autoptr(GBytes) box = seal_with_key(key, site_random(f->site), email, strlen(email), id, error);
    struct store_registration row = {.person_id = person.id,
                                     .created_at_us = site_now(f->site),
                                     .pin_hash = (char *)(gsize)f->pin_hash};
    row.registration = (struct watch_registration){.id = id,
                                                   .kinds = KINDS_DEFAULT,
                                                   .confirmed_at_us = site_now(f->site),
                                                   .expires_at_us = site_now(f->site) + 30 * DAY_US,
                                                   .ended_at_us = TIME_UNKNOWN};
    struct store_contact contact = {.place = 1, .channel = (char *)(gsize) "email", .box = box};
    site_mac(f->site, "contact", email, contact.hash);
    if (i < f->n_live) {
        g_autoptr(GBytes) wrapped =
            seal_to_public(site_contact_public(f->site), key, sizeof key, id, error);
        if (!store_keys_put(site_keys(f->site), id, wrapped, error))
            return FALSE;
    }
    return store_registration_add(db, &row, error) && store_contact_add(db, id, &contact, error);
}

static gboolean fill_all(struct db *db, void *context, GError **error) {
    const struct filling *f = context;
    for (guint i = 0; i < f->n; i++)
        if (!fill_one(db, f, i, error))
            return FALSE;
    return TRUE;
}

int main(int argc, char **argv) {
    GError *error = NULL;
    if (argc == 4 && g_str_equal(argv[1], "durable")) {
        durable(argv[2], (int)g_ascii_strtoll(argv[3], NULL, 10));
        return 0;
    }
    if (argc != 5 || !g_str_equal(argv[1], "fill"))
        return 2;
    struct site *site = open_site(argv[2]);
    g_autofree char *pin_hash = seal_pin_hash(site_random(site), "4711");
    struct filling f = {site, (guint)g_ascii_strtoull(argv[3], NULL, 10),
                        (guint)g_ascii_strtoull(argv[4], NULL, 10), pin_hash};
    if (!store_write(site_store(site), STORE_WORK(fill_all, NULL), &f, &error))
        fail(error);
    site_close(site);
    return 0;
}
