/* Measures the gate and the ledger, and appends to a site's ledger for tests.
 *
 *   gate append SITE N BATCH THREADS [acks]   N entries, BATCH a transaction, from THREADS threads;
 * with `acks`, "index hash" of each on standard output once it is durable gate decide N decisions a
 * second over 200 rules gate check                                a check of 8×10^7 points, 200 rules
 *   gate proof N                              proof size and verify time in a tree of N entries
 *
 * Prints one JSON object a figure. Not installed. */
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "book/logbook.h"
#include "ledger/checkpoint.h"
#include "operate/open.h"
#include "policy/policy.h"
#include "store/db.h"
#include "store/store.h"

static void fail(GError *error) {
    fprintf(stderr, "gate: %s\n", error ? error->message : "no");
    exit(1);
}

/* ── append ────────────────────────────────────────────────────────────────────────────────────── */

struct appending {
    struct site *site;
    guint n, batch, thread;
    gboolean acks;
    GMutex *mutex;
    GArray *waits_us; /* gint64, a transaction each */
};

struct batch {
    const struct appending *a;
    guint first, n;
    guint64 index[4096];
};

static void make_entry(const struct appending *a, guint i, guint8 *bytes) {
    struct ledger_entry entry = {.type = LEDGER_DISCLOSURE, .epoch = a->thread};
    g_snprintf((char *)entry.body.bytes, sizeof entry.body.bytes, "%u/%u", a->thread, i);
    ledger_entry_write(&entry, bytes);
}

static gboolean append_batch(struct db *db, void *context, GError **error) {
    struct batch *b = context;
    for (guint i = 0; i < b->n; i++) {
        guint8 bytes[LEDGER_ENTRY_BYTES];
        make_entry(b->a, b->first + i, bytes);
        if (!store_ledger_append(db, bytes, sizeof bytes, &b->index[i], error))
            return FALSE;
    }
    return TRUE;
}

static void acknowledge(const struct appending *a, const struct batch *b) {
    for (guint i = 0; i < b->n; i++) {
        guint8 bytes[LEDGER_ENTRY_BYTES];
        make_entry(a, b->first + i, bytes);
        const struct ledger_hash leaf = ledger_hash_leaf(bytes, sizeof bytes);
        g_autofree char *text = g_base64_encode(leaf.bytes, sizeof leaf.bytes);
        printf("%" G_GUINT64_FORMAT " %s\n", b->index[i], text);
    }
    fflush(stdout);
}

static gpointer append_share(gpointer data) {
    struct appending *a = data;
    struct batch *b = g_new(struct batch, 1);
    GError *error = NULL;
    b->a = a;
    for (guint first = 0; first < a->n; first += b->n) {
        b->first = first;
        b->n = MIN(a->batch, a->n - first);
        const gint64 began = g_get_monotonic_time();
        if (!store_write(site_store(a->site), STORE_WORK(append_batch, NULL), b, &error))
            fail(error);
        const gint64 wait = g_get_monotonic_time() - began;
        g_mutex_lock(a->mutex);
        g_array_append_val(a->waits_us, wait);
        if (a->acks)
            acknowledge(a, b);
        g_mutex_unlock(a->mutex);
    }
    g_free(b);
    return NULL;
}

static gint by_wait(gconstpointer a, gconstpointer b) {
    const gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;
    return x < y ? -1 : x > y;
}

static void append(const char *dir, guint n, guint batch, guint threads, gboolean acks) {
    GError *error = NULL;
    GMutex mutex;
    GThread *running[64];
    struct appending shares[64];
    struct site *site = operate_open(dir, &error);
    if (!site)
        fail(error);
    g_autoptr(GArray) waits = g_array_new(FALSE, FALSE, sizeof(gint64));
    g_mutex_init(&mutex);
    const gint64 began = g_get_monotonic_time();
    for (guint i = 0; i < threads; i++) {
        shares[i] = (struct appending){site, n / threads, batch, i, acks, &mutex, waits};
        running[i] = g_thread_new("append", append_share, &shares[i]);
    }
    for (guint i = 0; i < threads; i++)
        g_thread_join(running[i]);
    const double seconds = (double)(g_get_monotonic_time() - began) / 1e6;
    g_array_sort(waits, by_wait);
    if (!acks)
        printf("{\"kind\": \"append\", \"batch\": %u, \"threads\": %u, \"per_second\": %.0f, "
               "\"p50_ms\": %.2f, "
               "\"p99_ms\": %.2f}\n",
               batch, threads, (double)(n / threads * threads) / seconds,
               (double)g_array_index(waits, gint64, waits->len / 2) / 1e3,
               (double)g_array_index(waits, gint64, waits->len * 99 / 100) / 1e3);
    site_close(site);
}

/* ── decide and check ──────────────────────────────────────────────────────────────────────────── */

static const guint sizes[] = {20, 20, 20, 10, 5, 4, 13}; /* flags: 2^4 sets; 83,200,000 requests */

static char *make_vocabulary(void) {
    GString *text = g_string_new(NULL);
    for (guint k = 0; k < POLICY_N_WORD_KINDS; k++) {
        const guint n = k < POLICY_N_ATTRIBUTES ? sizes[k] : 4;
        g_string_append_printf(text, "%s:\n", policy_word_kind_name(k));
        for (guint i = 0; i < n; i++)
            g_string_append_printf(text, "  - {word: %s%.0u}\n",
                                   k == POLICY_OBLIGATION ? i ? "receipt" : "log"
                                   : i                    ? "w"
                                                          : "unknown",
                                   i);
    }
    return g_string_free(text, FALSE);
}

/* 200 rules over two to four attributes, of which one in five forbids. */
static char *make_rules(guint64 *seed) {
    GString *text = g_string_new("rules:\n");
    for (guint i = 0; i < 200; i++) {
        const gboolean forbids = i % 5 == 0;
        g_string_append_printf(text, "  - %s: r%u\n    cite: statute %u\n    when:\n",
                               forbids ? "forbid" : "permit", i, i);
        for (guint a = 0; a < POLICY_N_ATTRIBUTES; a++) {
            if (base_seeded_next(seed) % 2 && a > 1)
                continue;
            g_string_append_printf(text, "      %s: [", policy_word_kind_name(a));
            const guint n = 1 + (guint)(base_seeded_next(seed) % 3),
                        first = (guint)(base_seeded_next(seed) % sizes[a]);
            for (guint j = first; j < first + n && j < sizes[a]; j++) {
                g_string_append(text, j > first ? ", " : "");
                if (j)
                    g_string_append_printf(text, "w%u", j);
                else
                    g_string_append(text, "unknown");
            }
            g_string_append(text, "]\n");
        }
        if (!forbids)
            g_string_append(text, "    fields: [w1]\n    oblige: [log]\n");
    }
    return g_string_free(text, FALSE);
}

static char *make_guarantees(void) {
    GString *text = g_string_new("guarantees:\n");
    for (guint i = 1; i < 20; i++)
        g_string_append_printf(
            text,
            "  - always_oblige: g%u\n    promise: all is logged\n    when: {recipient: [w%u]}\n"
            "    oblige: [log]\n",
            i, i);
    return g_string_free(text, FALSE);
}

static struct policy *make_policy(void) {
    guint64 seed = 7;
    GError *error = NULL;
    g_autofree char *words = make_vocabulary(), *rules = make_rules(&seed),
                    *promises = make_guarantees();
    const struct policy_text texts[] = {{POLICY_VOCABULARY, "vocabulary", words, strlen(words)},
                                        {POLICY_RULES, "rules", rules, strlen(rules)},
                                        {POLICY_GUARANTEES, "guarantees", promises, strlen(promises)}};
    struct policy *policy = policy_parse(texts, G_N_ELEMENTS(texts), &error);
    if (!policy)
        fail(error);
    return policy;
}

/* The peer's part: the same rows without tree, hashes and checkpoints. */
static void bare(const char *dir, guint n, guint batch) {
    GError *error = NULL;
    g_autofree char *path = g_build_filename(dir, "bare.db", NULL);
    guint8 bytes[LEDGER_ENTRY_BYTES] = {1};
    const void *row = bytes;
    struct db *db = db_open(path, NULL, DB_WRITER, FALSE, &error);
    if (!db ||
        !db_script(db, "CREATE TABLE bare (idx INTEGER PRIMARY KEY, entry BLOB NOT NULL)", &error))
        fail(error);
    const gint64 began = g_get_monotonic_time();
    for (guint i = 0; i < n;) {
        db_script(db, "BEGIN IMMEDIATE", NULL);
        for (guint j = 0; j < batch && i < n; j++, i++)
            if (!db_run(db, "INSERT INTO bare (idx, entry) VALUES (:idx, :entry)",
                        PARAMS(P_INT("idx", i), P_BLOB("entry", row, sizeof bytes)), &error))
                fail(error);
        if (!db_script(db, "COMMIT", &error))
            fail(error);
    }
    printf("{\"kind\": \"bare\", \"batch\": %u, \"per_second\": %.0f}\n", batch,
           (double)n / ((double)(g_get_monotonic_time() - began) / 1e6));
    db_close(db);
}

static void print_rules(void) {
    guint64 seed = 7;
    g_autofree char *rules = make_rules(&seed);
    printf("%s", rules);
}

static void print_requests(guint n) {
    struct policy *policy = make_policy();
    guint64 seed = 11;
    for (guint i = 0; i < n; i++) {
        struct policy_request request = {.day = 740000};
        struct policy_decision decision;
        for (guint a = 0; a < POLICY_N_ATTRIBUTES; a++)
            request.value[a] = (guint8)(base_seeded_next(&seed) % (a == POLICY_FLAG ? 16 : sizes[a]));
        policy_decide(policy, &request, &decision);
        printf("{");
        for (guint a = 0; a < POLICY_N_ATTRIBUTES; a++)
            if (a != POLICY_FLAG)
                printf("\"%s\": \"%s\", ", policy_word_kind_name(a),
                       policy_word(policy, a, request.value[a]));
        printf("\"flag\": [");
        for (guint f = 0, some = 0; f < 4; f++)
            if (request.value[POLICY_FLAG] >> f & 1)
                printf("%s\"%s\"", some++ ? ", " : "", policy_word(policy, POLICY_FLAG, f));
        printf("], \"permitted\": %s}\n", decision.is_permitted ? "true" : "false");
    }
    policy_free(policy);
}

static void decide(guint n) {
    struct policy *policy = make_policy();
    guint64 seed = 11;
    struct policy_request *requests = g_new0(struct policy_request, 4096);
    guint permitted = 0;
    for (guint i = 0; i < 4096; i++) {
        requests[i].day = 740000;
        for (guint a = 0; a < POLICY_N_ATTRIBUTES; a++)
            requests[i].value[a] =
                (guint8)(base_seeded_next(&seed) % (a == POLICY_FLAG ? 16 : sizes[a]));
    }
    const gint64 began = g_get_monotonic_time();
    for (guint i = 0; i < n; i++) {
        struct policy_decision decision;
        policy_decide(policy, &requests[i % 4096], &decision);
        permitted += (guint)decision.is_permitted;
    }
    const double seconds = (double)(g_get_monotonic_time() - began) / 1e6;
    printf("{\"kind\": \"decide\", \"rules\": 200, \"per_second\": %.0f, \"permitted\": %.3f}\n",
           (double)n / seconds, (double)permitted / (double)n);
    g_free(requests);
    policy_free(policy);
}

static void check(void) {
    struct policy *policy = make_policy();
    struct policy_check result;
    const gint64 began = g_get_monotonic_time();
    const gboolean ok = policy_check(policy, &result);
    printf("{\"kind\": \"check\", \"points\": %" G_GUINT64_FORMAT
           ", \"seconds\": %.3f, \"holds\": %d}\n",
           result.n_points, (double)(g_get_monotonic_time() - began) / 1e6, ok);
    policy_check_clear(&result);
    policy_free(policy);
}

/* ── proof ─────────────────────────────────────────────────────────────────────────────────────── */

/* A log in memory: the hashes of every level's tiles. */
struct memory {
    GArray *level[8]; /* struct ledger_hash */
};

static void keep(guint level, guint64 index, const struct ledger_hash *hash, void *context) {
    struct memory *m = context;
    (void)index;
    g_array_append_val(m->level[level], *hash);
}

static GBytes *fetch(void *context, const char *path, GError **error) {
    struct memory *m = context;
    struct ledger_tile tile;
    (void)error;
    if (!ledger_tile_parse(path, &tile) || tile.level > 7)
        return NULL;
    return g_bytes_new_static((const guint8 *)m->level[tile.level]->data +
                                  tile.index * LEDGER_TILE_WIDTH * LEDGER_HASH_BYTES,
                              tile.width * LEDGER_HASH_BYTES);
}

static void proof(guint n) {
    struct memory m;
    struct ledger_edge edge = {0};
    const struct ledger_source source = {fetch, &m};
    guint64 seed = 3;
    gsize most = 0;
    for (guint l = 0; l < 8; l++)
        m.level[l] = g_array_new(FALSE, FALSE, sizeof(struct ledger_hash));
    for (guint i = 0; i < n; i++) {
        const struct ledger_hash leaf = ledger_hash_leaf(&i, sizeof i);
        g_array_append_val(m.level[0], leaf);
        ledger_edge_add(&edge, &leaf, keep, &m);
    }
    struct ledger_signer *signer =
        ledger_signer_new("jail.example.org/log", LEDGER_KEY_ED25519, &base_system_random);
    const struct ledger_hash root = ledger_edge_root(&edge);
    g_autofree char *head = ledger_checkpoint_format("jail.example.org/log", edge.size, &root);
    g_autofree char *line = ledger_note_sign(head, signer, 0);
    gint64 spent = 0;
    const guint rounds = 500;
    for (guint i = 0; i < rounds; i++) {
        const guint index = (guint)(base_seeded_next(&seed) % n);
        struct ledger_reader *reader = ledger_reader_new(&source, n);
        struct ledger_proof made = {.index = index,
                                    .hashes = ledger_prove_inclusion(reader, index, n, NULL),
                                    .checkpoint = g_strconcat(head, "\n", line, NULL)};
        g_autofree char *text = ledger_proof_format(&made);
        most = MAX(most, strlen(text));
        const gint64 began = g_get_monotonic_time();
        struct ledger_proof read;
        struct ledger_checkpoint opened;
        const struct ledger_hash leaf = ledger_hash_leaf(&index, sizeof index);
        if (!ledger_proof_parse(text, strlen(text), &read, NULL) ||
            !ledger_checkpoint_open(read.checkpoint, strlen(read.checkpoint),
                                    ledger_signer_verifier(signer), &opened, NULL) ||
            !ledger_verify_inclusion(&opened.root, opened.size, read.index, &leaf,
                                     (const struct ledger_hash *)(gpointer)read.hashes->data,
                                     read.hashes->len))
            fail(NULL);
        spent += g_get_monotonic_time() - began;
        ledger_checkpoint_clear(&opened);
        ledger_proof_clear(&read);
        ledger_proof_clear(&made);
        ledger_reader_free(reader);
    }
    printf("{\"kind\": \"proof\", \"entries\": %u, \"bytes\": %zu, \"verify_ms\": %.4f}\n", n, most,
           (double)spent / rounds / 1e3);
    for (guint l = 0; l < 8; l++)
        g_array_unref(m.level[l]);
    ledger_signer_free(signer);
}

static guint number(const char *text) {
    return (guint)g_ascii_strtoull(text, NULL, 10);
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    if (argc >= 6 && g_str_equal(what, "append"))
        append(argv[2], number(argv[3]), CLAMP(number(argv[4]), 1, 4096), CLAMP(number(argv[5]), 1, 64),
               argc > 6);
    else if (argc == 5 && g_str_equal(what, "bare"))
        bare(argv[2], number(argv[3]), number(argv[4]));
    else if (argc == 2 && g_str_equal(what, "rules"))
        print_rules();
    else if (argc == 3 && g_str_equal(what, "requests"))
        print_requests(number(argv[2]));
    else if (argc == 3 && g_str_equal(what, "decide"))
        decide(number(argv[2]));
    else if (argc == 2 && g_str_equal(what, "check"))
        check();
    else if (argc == 3 && g_str_equal(what, "proof"))
        proof(number(argv[2]));
    else
        return 2;
    return 0;
}
