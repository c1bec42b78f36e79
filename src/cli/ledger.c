#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "book/logbook.h"
#include "book/remote.h"
#include "book/report.h"
#include "cli/cli.h"
#include "ledger/checkpoint.h"

static char *base64_of(const struct ledger_hash *hash) {
    return g_base64_encode(hash->bytes, LEDGER_HASH_BYTES);
}

static char *fetch_text(const struct ledger_source *source, const char *path, GError **error) {
    g_autoptr(GBytes) bytes = source->fetch(source->context, path, error);
    gsize n;
    const char *data = bytes ? g_bytes_get_data(bytes, &n) : NULL;
    if (data && !memchr(data, 0, n))
        return g_strndup(data, n);
    if (bytes)
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT, "%s: it is empty or holds a zero byte", path);
    return NULL;
}

/* ── checkpoint ────────────────────────────────────────────────────────────────────────────────── */

static int checkpoint(struct cli *cli, int argc, char **argv) {
    gboolean vkey = FALSE;
    int status = EXIT_OK;
    GError *error = NULL;
    GOptionEntry entries[] = {
        {"vkey", 0, 0, G_OPTION_ARG_NONE, &vkey, "Print the key that verifies this log instead", NULL},
        {NULL}};
    if (!cli_parse(cli, "ledger checkpoint", "Prints the signed checkpoint of the ledger.", NULL,
                   entries, &argc, &argv, 0, 0, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    const struct ledger_source source = logbook_source(site);
    const struct ledger_signer *signer = logbook_signer(site, &error);
    g_autofree char *text = !signer || (!vkey && !logbook_begin(site, &error)) ? NULL
                            : vkey ? ledger_verifier_format(ledger_signer_verifier(signer))
                                   : fetch_text(&source, "checkpoint", &error);
    if (!text)
        status = cli_fail(error);
    else if (cli->json)
        cli_json_line(json_pack("{s:s}", vkey ? "vkey" : "checkpoint", text));
    else
        printf("%s%s", text, vkey ? "\n" : "");
    site_close(site);
    return status;
}

/* ── prove ─────────────────────────────────────────────────────────────────────────────────────── */

/* `entry` gets the entry's bytes; it may be NULL. */
static gboolean prove_from(const struct ledger_source *source, guint64 index, char **proof_text,
                           GBytes **entry, GError **error) {
    struct ledger_proof proof = {.index = index};
    struct ledger_checkpoint head = {NULL};
    gsize text_n;
    const char *signatures;
    if (!(proof.checkpoint = fetch_text(source, "checkpoint", error)))
        return FALSE;
    gboolean ok =
        ledger_note_split(proof.checkpoint, strlen(proof.checkpoint), &text_n, &signatures, error) &&
        ledger_checkpoint_parse(proof.checkpoint, text_n, &head, error);
    if (ok) {
        struct ledger_reader *reader = ledger_reader_new(source, head.size);
        proof.hashes = ledger_prove_inclusion(reader, index, head.size, error);
        ok = proof.hashes && (!entry || (*entry = ledger_reader_entry(reader, index, error)));
        ledger_reader_free(reader);
    }
    if (ok)
        *proof_text = ledger_proof_format(&proof);
    ledger_checkpoint_clear(&head);
    ledger_proof_clear(&proof);
    return ok;
}

static int prove(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    char *from = NULL, *entry_file = NULL;
    GError *error = NULL;
    guint64 index;
    g_autofree char *text = NULL;
    g_autoptr(GBytes) entry = NULL;
    GOptionEntry entries[] = {
        {"log", 0, 0, G_OPTION_ARG_STRING, &from, "Another log: a folder or an http(s) prefix",
         "WHERE"},
        {"entry", 0, 0, G_OPTION_ARG_FILENAME, &entry_file, "Write the entry itself here", "FILE"},
        {NULL}};
    if (!cli_parse(cli, "ledger prove INDEX",
                   "Prints a proof that an entry is in the log (c2sp.org/tlog-proof@v1).",
                   "It can be checked offline, with the entry that --entry wrote:\n"
                   "tocsin ledger verify PROOF --key KEY --entry FILE",
                   entries, &argc, &argv, 1, 1, &status))
        return status;
    if (!ledger_number_parse(argv[1], strlen(argv[1]), &index)) {
        fprintf(stderr, "tocsin: \"%s\" is no entry's number\n", argv[1]);
        g_free(from);
        return EXIT_USAGE;
    }
    struct remote *remote = from ? remote_open(from) : NULL;
    struct site *site = remote ? NULL : cli_site(cli, &status);
    if (site && !logbook_begin(site, &error)) {
        status = cli_fail(error);
    } else if (remote || site) {
        const struct ledger_source source = remote ? remote_source(remote) : logbook_source(site);
        if (!prove_from(&source, index, &text, entry_file ? &entry : NULL, &error) ||
            (entry && !g_file_set_contents(entry_file, g_bytes_get_data(entry, NULL),
                                           (gssize)g_bytes_get_size(entry), &error)))
            status = cli_fail(error);
        else if (cli->json)
            cli_json_line(json_pack("{s:s}", "proof", text));
        else
            printf("%s", text);
    }
    remote_close(remote);
    site_close(site);
    g_free(from);
    g_free(entry_file);
    return status;
}

/* ── verify and audit ──────────────────────────────────────────────────────────────────────────── */

struct audit {
    const struct cli *cli;
    const char *checkpoint; /* its path in the log */
    struct ledger_verifier *key;
    struct ledger_source source;
    struct ledger_checkpoint head;
    char *note;
};

static void show_progress(double part, void *context) {
    (void)context;
    cli_progress(part, (void *)(gsize) "entries verified");
}

/* The checkpoint, signed by the key; without a key, by whom it says it is (and that is said). */
static gboolean open_checkpoint(struct audit *a, GError **error) {
    gsize n, text_n;
    const char *signatures;
    if (!(a->note = fetch_text(&a->source, a->checkpoint, error)))
        return FALSE;
    n = strlen(a->note);
    if (a->key)
        return ledger_checkpoint_open(a->note, n, a->key, &a->head, error);
    return ledger_note_split(a->note, n, &text_n, &signatures, error) &&
           ledger_checkpoint_parse(a->note, text_n, &a->head, error);
}

static gboolean wrong(GError **error, const char *what) {
    g_set_error_literal(error, BASE_ERROR, BASE_ERROR_REFUSED, what);
    return FALSE;
}

/* Every entry and tile, and the root. */
static gboolean verify_all(struct audit *a, GError **error) {
    struct ledger_edge edge = {0};
    struct ledger_reader *reader = ledger_reader_new(&a->source, a->head.size);
    gboolean ok = ledger_reader_verify(reader, &edge, show_progress, NULL, error);
    cli_progress_done();
    ledger_reader_free(reader);
    const struct ledger_hash root = ledger_edge_root(&edge);
    return ok && (ledger_hash_equal(&root, &a->head.root) ||
                  wrong(error, "the entries do not hash to the checkpoint's root"));
}

/* A file remembers the last checkpoint that was verified; the new one must continue it. */
static gboolean check_memory(struct audit *a, const char *memory, GError **error) {
    g_autofree char *old_note = NULL;
    struct ledger_checkpoint old = {NULL};
    gsize n, text_n;
    const char *signatures;
    if (!g_file_get_contents(memory, &old_note, &n, NULL))
        return TRUE;
    gboolean ok = ledger_note_split(old_note, n, &text_n, &signatures, error) &&
                  ledger_checkpoint_parse(old_note, text_n, &old, error);
    if (ok && strcmp(old.origin, a->head.origin) != 0)
        ok = wrong(error, "the remembered checkpoint is of another log");
    if (ok && old.size > a->head.size)
        ok = wrong(error, "the log is shorter than it was: it was rolled back");
    if (ok) {
        struct ledger_reader *reader = ledger_reader_new(&a->source, a->head.size);
        g_autoptr(GArray) proof = ledger_prove_consistency(reader, old.size, a->head.size, error);
        ok = proof && (ledger_verify_consistency(&old.root, old.size, &a->head.root, a->head.size,
                                                 (const struct ledger_hash *)(gpointer)proof->data,
                                                 proof->len) ||
                       wrong(error, "the log does not continue what it was: history was changed"));
        ledger_reader_free(reader);
    }
    ledger_checkpoint_clear(&old);
    return ok;
}

static int report_verified(const struct audit *a, const char *what) {
    g_autofree char *root = base64_of(&a->head.root);
    if (a->cli->json)
        cli_json_line(json_pack("{s:b, s:s, s:I, s:s, s:b}", "ok", TRUE, "origin", a->head.origin,
                                "size", (json_int_t)a->head.size, "root", root, "signature_checked",
                                a->key != NULL));
    else
        printf("%s %s: %" G_GUINT64_FORMAT " entries, root %s.%s\n", what, a->head.origin, a->head.size,
               root,
               a->key ? ""
                      : "\nNO SIGNATURE WAS CHECKED: anybody may have signed this. Give the log's key "
                        "with --key.");
    return EXIT_OK;
}

/* 1 for what does not verify, and the error's own status for what cannot be read. */
static int report_wrong(const struct cli *cli, GError *error) {
    const gboolean is_unread = g_error_matches(error, BASE_ERROR, BASE_ERROR_NETWORK);
    if (cli->json)
        cli_json_line(json_pack("{s:b, s:s}", "ok", FALSE, "problem", error->message));
    const int status = cli_fail(error);
    return is_unread ? status : EXIT_FAILED;
}

static gboolean read_key(const char *text, struct ledger_verifier **key, int *status) {
    GError *error = NULL;
    *key = NULL;
    if (!text)
        return TRUE;
    *key = ledger_verifier_parse(text, &error);
    if (!*key)
        *status = cli_fail(error);
    return *key != NULL;
}

/* Checks one proof file against a key and the entry's bytes. */
static gboolean verify_proof(struct audit *a, const char *file, const char *entry_file,
                             GError **error) {
    g_autofree char *text = NULL, *entry = NULL;
    gsize n, entry_n;
    struct ledger_proof proof = {0};
    if (!a->key || !entry_file)
        return wrong(error, "a proof is checked with --key KEY and --entry FILE");
    if (!g_file_get_contents(file, &text, &n, error) ||
        !g_file_get_contents(entry_file, &entry, &entry_n, error) ||
        !ledger_proof_parse(text, n, &proof, error))
        return FALSE;
    const struct ledger_hash leaf = ledger_hash_leaf(entry, entry_n);
    gboolean ok =
        ledger_checkpoint_open(proof.checkpoint, strlen(proof.checkpoint), a->key, &a->head, error) &&
        (ledger_verify_inclusion(&a->head.root, a->head.size, proof.index, &leaf,
                                 (const struct ledger_hash *)(gpointer)proof.hashes->data,
                                 proof.hashes->len) ||
         wrong(error, "the proof does not show that the entry is in the log"));
    ledger_proof_clear(&proof);
    return ok;
}

#define KEY_ENTRIES(key)                                                                               \
    {"key", 0, 0, G_OPTION_ARG_STRING, &(key), "The log's key: name+id+base64", "KEY"}, {              \
        "vkey", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &(key), NULL, NULL                       \
    }

static gboolean is_proof_file(const char *path) {
    static const char head[] = "c2sp.org/tlog-proof@";
    char begin[sizeof head] = "";
    FILE *file = fopen(path, "r");
    const gboolean is_proof = file && fgets(begin, sizeof begin, file) && g_str_equal(begin, head);
    if (file)
        fclose(file);
    return is_proof;
}

/* Where a log is, however it was named: its folder, its prefix, or its checkpoint in either. Transfer
 * full; `checkpoint` gets the checkpoint's path in it. */
static char *log_at(const char *where, char **checkpoint) {
    if (g_str_has_prefix(where, "file://"))
        where += strlen("file://");
    const gboolean is_file = g_file_test(where, G_FILE_TEST_IS_REGULAR);
    *checkpoint = is_file ? g_path_get_basename(where) : g_strdup("checkpoint");
    if (is_file)
        return g_path_get_dirname(where);
    const gsize n =
        strlen(where) - (g_str_has_suffix(where, "/checkpoint") ? strlen("/checkpoint") : 0);
    return g_strndup(where, n);
}

static int verify(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    char *key = NULL, *entry = NULL;
    GError *error = NULL;
    struct audit a = {.cli = cli};
    GOptionEntry entries[] = {
        KEY_ENTRIES(key),
        {"entry", 0, 0, G_OPTION_ARG_FILENAME, &entry, "The entry of a proof", "FILE"},
        {NULL}};
    if (!cli_parse(cli, "ledger verify WHERE",
                   "Verifies a log, or a proof: every entry, every tile, the root, the signature.",
                   "WHERE is an http(s) prefix, a folder (checkpoint, tile/…), a checkpoint in one of "
                   "them, or a "
                   "proof file. Any C2SP log will do.\nExit status: 0 it verifies, 1 it does not.",
                   entries, &argc, &argv, 1, 1, &status))
        return status;
    if (read_key(key, &a.key, &status)) {
        const gboolean is_proof = is_proof_file(argv[1]);
        g_autofree char *checkpoint = NULL, *where = log_at(argv[1], &checkpoint);
        struct remote *remote = remote_open(where);
        a.checkpoint = checkpoint;
        a.source = remote_source(remote);
        gboolean ok = is_proof ? verify_proof(&a, argv[1], entry, &error)
                               : open_checkpoint(&a, &error) && verify_all(&a, &error);
        status = ok ? report_verified(&a, is_proof ? "The entry is in" : "Verified")
                    : report_wrong(cli, error);
        remote_close(remote);
    }
    ledger_verifier_free(a.key);
    ledger_checkpoint_clear(&a.head);
    g_free(a.note);
    g_free(key);
    g_free(entry);
    return status;
}

static gboolean make_folder(const char *folder, GError **error) {
    if (g_mkdir_with_parents(folder, 0755) == 0)
        return TRUE;
    g_set_error(error, BASE_ERROR, BASE_ERROR_STORE, "%s cannot be made: %s", folder,
                g_strerror(errno));
    return FALSE;
}

/* Writes one resource under a folder, unless it is there. */
static gboolean mirror_one(const char *dir, const struct ledger_source *source, const char *path,
                           gboolean overwrites, GError **error) {
    g_autofree char *file = g_build_filename(dir, path, NULL);
    g_autofree char *folder = g_path_get_dirname(file);
    if (!overwrites && g_file_test(file, G_FILE_TEST_EXISTS))
        return TRUE;
    g_autoptr(GBytes) bytes = source->fetch(source->context, path, error);
    if (!bytes)
        return FALSE;
    gsize n;
    const char *data = g_bytes_get_data(bytes, &n);
    return make_folder(folder, error) &&
           g_file_set_contents_full(file, data, (gssize)n, G_FILE_SET_CONTENTS_CONSISTENT, 0644, error);
}

/* All that a tree of `size` is made of, then the checkpoint, so that a reader never sees one without
 * the other. */
static gboolean mirror(const char *dir, const struct ledger_source *source, guint64 size,
                       const char *note, GError **error) {
    static const guint levels[] = {LEDGER_ENTRIES, 0, 1, 2, 3, 4, 5, 6, 7};
    for (guint l = 0; l < G_N_ELEMENTS(levels); l++)
        for (guint64 i = 0;; i++) {
            struct ledger_tile tile = {.level = levels[l], .index = i};
            tile.width = ledger_tile_width(size, levels[l], i);
            if (!tile.width)
                break;
            g_autofree char *path = ledger_tile_path(&tile);
            if (!mirror_one(dir, source, path, FALSE, error))
                return FALSE;
        }
    g_autofree char *file = g_build_filename(dir, "checkpoint", NULL);
    return g_file_set_contents_full(file, note, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0644, error);
}

static int export(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    GError *error = NULL;
    struct audit a = {.cli = cli, .checkpoint = "checkpoint"};
    if (!cli_parse(cli, "ledger export FOLDER",
                   "Writes the log as files: checkpoint, tile/…, tile/entries/… (C2SP tlog-tiles).",
                   "A later export into the same folder adds what is new.", NULL, &argc, &argv, 1, 1,
                   &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    a.source = logbook_source(site);
    if (!logbook_begin(site, &error) || !open_checkpoint(&a, &error) || !make_folder(argv[1], &error) ||
        !mirror(argv[1], &a.source, a.head.size, a.note, &error))
        status = cli_fail(error);
    else if (cli->json)
        cli_json_line(json_pack("{s:s, s:I}", "folder", argv[1], "size", (json_int_t)a.head.size));
    else
        printf("%" G_GUINT64_FORMAT " entries are in %s.\n", a.head.size, argv[1]);
    ledger_checkpoint_clear(&a.head);
    g_free(a.note);
    site_close(site);
    return status;
}

/* "~/.local/share/tocsin/audit/example.com_log", or a folder that was given. Transfer full. */
static char *mirror_folder(const char *given, const char *origin) {
    if (given)
        return g_strdup(given);
    g_autofree char *name = g_strdelimit(g_strdup(origin), "/\\:", '_');
    return g_build_filename(g_get_user_data_dir(), "tocsin", "audit", name, NULL);
}

/* A source that keeps what it fetches beside the mirror until all of it was verified, and reads what
 * the mirror has from there: what is kept is what was checked, byte for byte. */
struct staging {
    struct ledger_source from;
    const char *mirror;
    char *incoming;
    GPtrArray *paths; /* char *: fetched now */
};

static GBytes *read_bytes(const char *folder, const char *path) {
    g_autofree char *file = g_build_filename(folder, path, NULL);
    char *bytes;
    gsize n;
    return g_file_get_contents(file, &bytes, &n, NULL) ? g_bytes_new_take(bytes, n) : NULL;
}

static GBytes *fetch_staged(void *context, const char *path, GError **error) {
    struct staging *s = context;
    g_autoptr(GBytes) kept = read_bytes(s->mirror, path);
    GBytes *bytes = kept ? NULL : read_bytes(s->incoming, path);
    if (bytes)
        return bytes;
    if (!kept) {
        if (!mirror_one(s->incoming, &s->from, path, TRUE, error))
            return NULL;
        g_ptr_array_add(s->paths, g_strdup(path));
        return read_bytes(s->incoming, path);
    }
    bytes = s->from.fetch(s->from.context, path, error);
    if (bytes && !g_bytes_equal(bytes, kept)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_REFUSED,
                    "%s: the log has other bytes here than when it was audited", path);
        g_clear_pointer(&bytes, g_bytes_unref);
    }
    return bytes;
}

/* Moves what was fetched into the mirror when it `is_verified`, and away when not. */
static gboolean settle(struct staging *s, gboolean is_verified, GError **error) {
    gboolean ok = TRUE;
    for (guint i = 0; i < s->paths->len; i++) {
        g_autofree char *from = g_build_filename(s->incoming, s->paths->pdata[i], NULL);
        g_autofree char *to = g_build_filename(s->mirror, s->paths->pdata[i], NULL);
        g_autofree char *folder = g_path_get_dirname(to);
        if (!is_verified)
            g_unlink(from);
        else if (ok && (g_mkdir_with_parents(folder, 0755) != 0 || g_rename(from, to) != 0)) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_STORE, "%s: %s", to, g_strerror(errno));
            ok = FALSE;
        }
    }
    return ok;
}

static gboolean audit_log(struct audit *a, const char *given, char **folder, GError **error) {
    if (!open_checkpoint(a, error))
        return FALSE;
    *folder = mirror_folder(given, a->head.origin);
    g_autofree char *memory = g_build_filename(*folder, "checkpoint", NULL);
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    struct staging staging = {.from = a->source,
                              .mirror = *folder,
                              .incoming = g_build_filename(*folder, "incoming", NULL),
                              .paths = paths};
    a->source = (struct ledger_source){.fetch = fetch_staged, .context = &staging};
    gboolean ok = check_memory(a, memory, error) && verify_all(a, error);
    ok = settle(&staging, ok, error) && ok && make_folder(*folder, error) &&
         g_file_set_contents_full(memory, a->note, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0644, error);
    a->source = staging.from;
    g_free(staging.incoming);
    return ok;
}

static int audit(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    char *key = NULL, *to = NULL, *folder = NULL;
    GError *error = NULL;
    struct audit a = {.cli = cli};
    GOptionEntry entries[] = {
        KEY_ENTRIES(key),
        {"to", 0, 0, G_OPTION_ARG_FILENAME, &to, "Where the mirror is kept", "FOLDER"},
        {NULL}};
    if (!cli_parse(
            cli, "ledger audit WHERE",
            "Verifies a log whole, checks that it continues what it was at the last audit, and "
            "keeps a copy.",
            "Run it from cron. Exit status: 0 all is well, 1 the log was changed or does not verify.",
            entries, &argc, &argv, 1, 1, &status))
        return status;
    if (read_key(key, &a.key, &status)) {
        g_autofree char *checkpoint = NULL, *where = log_at(argv[1], &checkpoint);
        struct remote *remote = remote_open(where);
        a.checkpoint = checkpoint;
        a.source = remote_source(remote);
        status = audit_log(&a, to, &folder, &error) ? report_verified(&a, "Audited")
                                                    : report_wrong(cli, error);
        if (status == EXIT_OK && !cli->json)
            printf("The copy is in %s.\n", folder);
        remote_close(remote);
    }
    ledger_verifier_free(a.key);
    ledger_checkpoint_clear(&a.head);
    g_free(a.note);
    g_free(key);
    g_free(to);
    g_free(folder);
    return status;
}

/* ── subject, shred, report ────────────────────────────────────────────────────────────────────── */

static void print_disclosure(const struct report_disclosure *d, void *context) {
    struct cli *cli = context;
    g_autofree char *at = cli_time(d->at_us);
    if (cli->json) {
        cli_json_line(json_pack("{s:I, s:o, s:s, s:b, s:I, s:i, s:b, s:o?}", "entry",
                                (json_int_t)d->index, "at", cli_json_time(d->at_us), "type", d->type,
                                "denied", d->is_denied, "tag_number", (json_int_t)d->counter, "year",
                                (int)d->year, "opens", d->opens, "fields",
                                d->fields ? json_deep_copy(d->fields) : NULL));
        return;
    }
    printf("entry %" G_GUINT64_FORMAT "  %s UTC  %s%s%s\n", d->index, at, d->type,
           d->is_denied ? ", denied" : "", d->opens ? "" : "  (its contents were shredded)");
    const json_t *body = json_object_get(d->fields, "body");
    for (gsize i = 0; d->opens && i < json_array_size(body); i++) {
        const json_t *pair = json_array_get(body, i);
        printf("    %-10s %s\n", json_string_value(json_array_get(pair, 0)),
               json_string_value(json_array_get(pair, 1)));
    }
}

static int subject(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    GError *error = NULL;
    struct report_subject result;
    if (!cli_parse(
            cli, "ledger subject PERSON",
            "Everything the ledger holds about disclosures to agencies about one person, opened.",
            "PERSON is a number or scope:number. It shows agencies; it never shows that somebody\n"
            "registered. Each entry is checked against its commitments and its tag, and the tags "
            "of a year\nare checked to have no gap. Exit status 1 when something does not fit.",
            NULL, &argc, &argv, 1, 1, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    if (!report_subject(site, argv[1], print_disclosure, cli, &result, &error)) {
        status = cli_fail(error);
    } else {
        if (!cli->json)
            printf("%u entries%s.\n", result.n,
                   result.n_wrong ? "; SOME DO NOT FIT THE LOG"
                                  : ", each as the log has it, none missing");
        status = result.n_wrong ? EXIT_FAILED : EXIT_OK;
    }
    site_close(site);
    return status;
}

static int open_entry(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    char **fields = NULL;
    guint64 index;
    g_autofree char *json = NULL;
    GError *error = NULL;
    GOptionEntry entries[] = {
        {"field", 0, 0, G_OPTION_ARG_STRING_ARRAY, &fields, "Only this field; may be repeated", "NAME"},
        {NULL}};
    if (!cli_parse(
            cli, "ledger open INDEX",
            "Opens an entry about an agency, or some of its fields, for whoever is to check it.",
            "What is not opened is shown as its commitment; docs/ledger.md says how they add up to the "
            "entry's.",
            entries, &argc, &argv, 1, 1, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (site && !ledger_number_parse(argv[1], strlen(argv[1]), &index)) {
        fprintf(stderr, "tocsin: \"%s\" is no entry's number\n", argv[1]);
        status = EXIT_USAGE;
    } else if (site && !report_open(site, index, (const char *const *)fields, &json, &error)) {
        status = cli_fail(error);
    } else if (site) {
        puts(json);
    }
    site_close(site);
    g_strfreev(fields);
    return status;
}

static int notice(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK, reminder = 0;
    g_autofree char *json = NULL;
    GError *error = NULL;
    GOptionEntry entries[] = {
        {"reminder", 0, 0, G_OPTION_ARG_INT, &reminder, "Which reminder (0: the first message)", "N"},
        {NULL}};
    if (!cli_parse(cli, "ledger notice ALERT",
                   "Proves that a registered person's notice is under its hour's leaf.",
                   "Show it to that person only: it tells that they registered.", entries, &argc, &argv,
                   1, 1, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (site && report_notice(site, argv[1], (guint)MAX(reminder, 0), &json, &error))
        puts(json);
    else if (site)
        status = cli_fail(error);
    site_close(site);
    return status;
}

static int shred(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    guint n = 0;
    GError *error = NULL;
    if (!cli_parse(cli, "ledger shred PERSON",
                   "Deletes the salts and keys of a person's entries: nobody can open them any more.",
                   "The entries themselves stay, and say nothing. It cannot be undone.", NULL, &argc,
                   &argv, 1, 1, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    if (!report_shred(site, argv[1], &n, &error))
        status = cli_fail(error);
    else if (cli->json)
        cli_json_line(json_pack("{s:i}", "shredded", n));
    else
        printf("%u entries were shredded.\n", n);
    site_close(site);
    return status;
}

static void print_row(const struct store_agency_count *row, void *context) {
    struct cli_table *table = context;
    g_autofree char *asked = g_strdup_printf("%u", row->asked),
                    *approved = g_strdup_printf("%u", row->approved),
                    *refused = g_strdup_printf("%u", row->refused),
                    *told = g_strdup_printf("%u", row->told),
                    *denied = g_strdup_printf("%u", row->denied);
    cli_table_row(table, row->recipient, row->basis, asked, approved, refused, told, denied, NULL);
}

static void print_row_json(const struct store_agency_count *row, void *context) {
    (void)context;
    cli_json_line(json_pack("{s:s, s:s, s:i, s:i, s:i, s:i, s:i}", "recipient", row->recipient, "basis",
                            row->basis, "asked", row->asked, "approved", row->approved, "refused",
                            row->refused, "alerts", row->told, "alerts_denied", row->denied));
}

static int report(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK, year = 0;
    GError *error = NULL;
    GOptionEntry entries[] = {{"year", 0, 0, G_OPTION_ARG_INT, &year, "Which year (this one)", "YYYY"},
                              {NULL}};
    if (!cli_parse(cli, "ledger report",
                   "Requests of agencies in a year by recipient and basis: the statutory report.", NULL,
                   entries, &argc, &argv, 0, 0, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    struct cli_table *table = cli_table_new("RECIPIENT", "BASIS", "ASKED", "APPROVED", "REFUSED",
                                            "ALERTS", "ALERTS DENIED", NULL);
    if (!report_year(site, (guint)MAX(year, 0), cli->json ? print_row_json : print_row, table, &error))
        status = cli_fail(error);
    cli_table_end(cli, table, "No agency asked for anything in that year.");
    site_close(site);
    return status;
}

static int statistics(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK, year = 0;
    GError *error = NULL;
    struct report_statistics s;
    GOptionEntry entries[] = {{"year", 0, 0, G_OPTION_ARG_INT, &year, "Which year (this one)", "YYYY"},
                              {NULL}};
    if (!cli_parse(cli, "ledger statistics",
                   "Counts for the public: of agencies exact, of victims' alerts with noise.",
                   "The noise (two-sided geometric, epsilon 0.1 a month) is drawn once for a month and "
                   "kept,\nso that asking again tells no more.",
                   entries, &argc, &argv, 0, 0, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    if (!report_statistics(site, (guint)MAX(year, 0), &s, &error)) {
        status = cli_fail(error);
    } else if (cli->json) {
        json_t *months = json_array();
        for (guint m = 0; m < 12; m++)
            json_array_append_new(months, s.notices[m] == REPORT_NOT_YET ? json_null()
                                                                         : json_integer(s.notices[m]));
        cli_json_line(json_pack("{s:i, s:i, s:i, s:i, s:o}", "year", s.year, "agency_requests", s.asked,
                                "agency_alerts", s.told, "agency_denied", s.denied,
                                "notices_by_month_with_noise", months));
    } else {
        printf("%u: agencies asked %u times, were told %u times and denied %u times.\n"
               "Notices to registered people, by month, with noise:",
               s.year, s.asked, s.told, s.denied);
        for (guint m = 0; m < 12; m++)
            if (s.notices[m] == REPORT_NOT_YET)
                printf(" –");
            else
                printf(" %d", s.notices[m]);
        printf("\n");
    }
    site_close(site);
    return status;
}

static int run(struct cli *cli, int argc, char **argv) {
    static const struct cli_command commands[] = {
        {"checkpoint", "print the signed checkpoint, or the key", checkpoint},
        {"prove", "print a proof of one entry", prove},
        {"verify", "verify a log or a proof", verify},
        {"audit", "verify a log and that it continues, keep a copy", audit},
        {"export", "write the log as files", export},
        {"subject", "what the ledger holds about one person, opened", subject},
        {"open", "open an entry, or some of its fields", open_entry},
        {"notice", "prove that a notice is under its hour's leaf", notice},
        {"shred", "make a person's entries unopenable", shred},
        {"report", "the yearly report of agencies' requests", report},
        {"statistics", "counts for the public", statistics},
        {NULL}};
    return cli_dispatch(cli, "ledger", commands, argc, argv);
}

const struct cli_command cli_ledger = {"ledger", "the transparency log: prove, verify, audit, report …",
                                       run};
