#include "ledger/checkpoint.h"

#include <string.h>

#include "base/error.h"

static gboolean wrong(GError **error, const char *what) {
    g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT, "%s", what);
    return FALSE;
}

/* ── Lines ─────────────────────────────────────────────────────────────────────────────────────── */

/* Text being read line by line; every line must end in a newline. */
struct lines {
    const char *at, *end;
};

static gboolean next_line(struct lines *lines, const char **line, gsize *n) {
    const char *newline =
        lines->at < lines->end ? memchr(lines->at, '\n', (gsize)(lines->end - lines->at)) : NULL;
    if (!newline)
        return FALSE;
    *line = lines->at;
    *n = (gsize)(newline - lines->at);
    lines->at = newline + 1;
    return TRUE;
}

gboolean ledger_number_parse(const char *text, gsize n, guint64 *number) {
    char digits[24];
    if (n == 0 || n >= sizeof digits || (text[0] == '0' && n > 1) || !g_ascii_isdigit(text[0]))
        return FALSE;
    memcpy(digits, text, n);
    digits[n] = 0;
    return strlen(digits) == n && g_ascii_string_to_unsigned(digits, 10, 0, G_MAXUINT64, number, NULL);
}

/* Text is kept as strings: what stands behind a zero byte would be lost without a word. */
static gboolean has_zero(const char *text, gsize n) {
    return n > 0 && memchr(text, 0, n) != NULL;
}

static gboolean parse_hash(const char *text, gsize n, struct ledger_hash *hash) {
    if (n != 44)
        return FALSE;
    g_autofree char *copy = g_strndup(text, n);
    gsize bytes_n;
    g_autofree guint8 *bytes = g_base64_decode(copy, &bytes_n);
    g_autofree char *again = g_base64_encode(bytes, bytes_n);
    if (bytes_n != LEDGER_HASH_BYTES || strcmp(again, copy) != 0)
        return FALSE;
    memcpy(hash->bytes, bytes, LEDGER_HASH_BYTES);
    return TRUE;
}

/* Hash lines up to an empty one. */
static gboolean parse_hashes(struct lines *lines, guint most, GArray **hashes) {
    const char *line;
    gsize n;
    *hashes = g_array_new(FALSE, FALSE, sizeof(struct ledger_hash));
    while (next_line(lines, &line, &n)) {
        struct ledger_hash hash;
        if (n == 0)
            return TRUE;
        if ((*hashes)->len == most || !parse_hash(line, n, &hash))
            return FALSE;
        g_array_append_val(*hashes, hash);
    }
    return FALSE;
}

static void append_hashes(GString *out, const GArray *hashes) {
    for (guint i = 0; hashes && i < hashes->len; i++) {
        g_autofree char *base64 =
            g_base64_encode(g_array_index(hashes, struct ledger_hash, i).bytes, LEDGER_HASH_BYTES);
        g_string_append_printf(out, "%s\n", base64);
    }
}

/* ── Checkpoints ───────────────────────────────────────────────────────────────────────────────── */

void ledger_checkpoint_clear(struct ledger_checkpoint *checkpoint) {
    g_clear_pointer(&checkpoint->origin, g_free);
}

char *ledger_checkpoint_format(const char *origin, guint64 size, const struct ledger_hash *root) {
    g_autofree char *base64 = g_base64_encode(root->bytes, LEDGER_HASH_BYTES);
    return g_strdup_printf("%s\n%" G_GUINT64_FORMAT "\n%s\n", origin, size, base64);
}

gboolean ledger_checkpoint_parse(const char *text, gsize n, struct ledger_checkpoint *checkpoint,
                                 GError **error) {
    struct lines lines = {text, text + n};
    const char *line, *origin;
    gsize line_n, origin_n;
    const struct ledger_hash empty = ledger_hash_empty();

    checkpoint->origin = NULL;
    if (has_zero(text, n))
        return wrong(error, "the checkpoint holds a zero byte");
    if (!next_line(&lines, &origin, &origin_n) || origin_n == 0)
        return wrong(error, "the checkpoint names no origin in its first line");
    if (!next_line(&lines, &line, &line_n) || !ledger_number_parse(line, line_n, &checkpoint->size))
        return wrong(error, "the checkpoint's second line is no tree size");
    if (!next_line(&lines, &line, &line_n) || !parse_hash(line, line_n, &checkpoint->root))
        return wrong(error, "the checkpoint's third line is no root hash");
    while (lines.at < lines.end)
        if (!next_line(&lines, &line, &line_n) || line_n == 0)
            return wrong(error, "the checkpoint has an empty extension line");
    if (checkpoint->size == 0 && !ledger_hash_equal(&checkpoint->root, &empty))
        return wrong(error, "the checkpoint says that the tree is empty and gives another's root");
    checkpoint->origin = g_strndup(origin, origin_n);
    return TRUE;
}

gboolean ledger_checkpoint_open(const char *note, gsize n, const struct ledger_verifier *verifier,
                                struct ledger_checkpoint *checkpoint, GError **error) {
    gsize text_n;
    const char *signatures;
    GError *problem = NULL;
    checkpoint->origin = NULL;
    if (!ledger_note_split(note, n, &text_n, &signatures, error))
        return FALSE;
    if (!ledger_note_is_signed(note, n, verifier, NULL, &problem)) {
        if (problem)
            g_propagate_error(error, problem);
        else
            g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT, "%s has not signed the checkpoint",
                        verifier->name);
        return FALSE;
    }
    if (!ledger_checkpoint_parse(note, text_n, checkpoint, error))
        return FALSE;
    if (strcmp(checkpoint->origin, verifier->name) == 0)
        return TRUE;
    g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT, "the checkpoint is of %s, not of %s",
                checkpoint->origin, verifier->name);
    ledger_checkpoint_clear(checkpoint);
    return FALSE;
}

/* ── Proofs ────────────────────────────────────────────────────────────────────────────────────── */

static const char proof_head[] = "c2sp.org/tlog-proof@v1";

void ledger_proof_clear(struct ledger_proof *proof) {
    g_clear_pointer(&proof->extra, g_bytes_unref);
    g_clear_pointer(&proof->hashes, g_array_unref);
    g_clear_pointer(&proof->checkpoint, g_free);
}

char *ledger_proof_format(const struct ledger_proof *proof) {
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "%s\n", proof_head);
    if (proof->extra && g_bytes_get_size(proof->extra) > 0) {
        gsize n;
        const guint8 *bytes = g_bytes_get_data(proof->extra, &n);
        g_autofree char *base64 = g_base64_encode(bytes, n);
        g_string_append_printf(out, "extra %s\n", base64);
    }
    g_string_append_printf(out, "index %" G_GUINT64_FORMAT "\n", proof->index);
    append_hashes(out, proof->hashes);
    g_string_append_printf(out, "\n%s", proof->checkpoint);
    return g_string_free(out, FALSE);
}

static gboolean starts(const char *line, gsize n, const char *word) {
    return n > strlen(word) && memcmp(line, word, strlen(word)) == 0;
}

static gboolean parse_extra(const char *line, gsize n, GBytes **extra) {
    g_autofree char *copy = g_strndup(line + strlen("extra "), n - strlen("extra "));
    gsize bytes_n;
    g_autofree guint8 *bytes = g_base64_decode(copy, &bytes_n);
    g_autofree char *again = g_base64_encode(bytes, bytes_n);
    if (strcmp(again, copy) != 0)
        return FALSE;
    *extra = g_bytes_new(bytes, bytes_n);
    return TRUE;
}

gboolean ledger_proof_parse(const char *text, gsize n, struct ledger_proof *proof, GError **error) {
    struct lines lines = {text, text + n};
    const char *line;
    gsize line_n;
    *proof = (struct ledger_proof){0};
    gboolean ok = next_line(&lines, &line, &line_n) && line_n == strlen(proof_head) &&
                  memcmp(line, proof_head, line_n) == 0;
    if (!ok)
        return wrong(error, "a proof begins with the line c2sp.org/tlog-proof@v1");
    ok = !has_zero(text, n) && next_line(&lines, &line, &line_n);
    if (ok && starts(line, line_n, "extra "))
        ok = parse_extra(line, line_n, &proof->extra) && next_line(&lines, &line, &line_n);
    ok = ok && starts(line, line_n, "index ") &&
         ledger_number_parse(line + strlen("index "), line_n - strlen("index "), &proof->index) &&
         parse_hashes(&lines, LEDGER_MAX_PROOF, &proof->hashes) && lines.at < lines.end;
    if (ok) {
        proof->checkpoint = g_strndup(lines.at, (gsize)(lines.end - lines.at));
        return TRUE;
    }
    ledger_proof_clear(proof);
    return wrong(error, "the proof is damaged: it should have an index, hashes and a checkpoint");
}

/* ── Witnesses ─────────────────────────────────────────────────────────────────────────────────── */

#define MOST_SUBMITTED 63

char *ledger_submission_format(guint64 old_size, const GArray *hashes, const char *checkpoint) {
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "old %" G_GUINT64_FORMAT "\n", old_size);
    append_hashes(out, hashes);
    g_string_append_printf(out, "\n%s", checkpoint);
    return g_string_free(out, FALSE);
}

gboolean ledger_submission_parse(const char *text, gsize n, struct ledger_submission *submission,
                                 GError **error) {
    struct lines lines = {text, text + n};
    const char *line;
    gsize line_n;
    *submission = (struct ledger_submission){0};
    if (next_line(&lines, &line, &line_n) && starts(line, line_n, "old ") &&
        ledger_number_parse(line + strlen("old "), line_n - strlen("old "), &submission->old_size) &&
        parse_hashes(&lines, MOST_SUBMITTED, &submission->hashes) && lines.at < lines.end) {
        submission->checkpoint = lines.at;
        submission->checkpoint_n = (gsize)(lines.end - lines.at);
        return TRUE;
    }
    g_clear_pointer(&submission->hashes, g_array_unref);
    return wrong(error, "the request should be `old SIZE`, hashes, an empty line and a checkpoint");
}

enum ledger_witness_answer ledger_witness_judge(const struct ledger_submission *submission,
                                                const struct ledger_verifier *log, guint64 last_size,
                                                const struct ledger_hash *last_root,
                                                struct ledger_checkpoint *checkpoint) {
    const struct ledger_hash empty = ledger_hash_empty();
    const char *note = submission->checkpoint, *signatures;
    gsize text_n;
    checkpoint->origin = NULL;
    if (!ledger_note_split(note, submission->checkpoint_n, &text_n, &signatures, NULL))
        return WITNESS_BAD;
    if (!ledger_note_is_signed(note, submission->checkpoint_n, log, NULL, NULL))
        return WITNESS_UNSIGNED;
    if (!ledger_checkpoint_open(note, submission->checkpoint_n, log, checkpoint, NULL))
        return WITNESS_INCONSISTENT; /* signed, and no checkpoint of this log */
    if (submission->old_size > checkpoint->size)
        return WITNESS_BAD;
    if (submission->old_size != last_size)
        return WITNESS_CONFLICT;
    return ledger_verify_consistency(
               last_size ? last_root : &empty, last_size, &checkpoint->root, checkpoint->size,
               (const struct ledger_hash *)(gpointer)submission->hashes->data, submission->hashes->len)
               ? WITNESS_COSIGN
               : WITNESS_INCONSISTENT;
}
