/* Any bytes as a checkpoint, a proof and a submission to a witness: they parse, or it says why, and
 * what parses is written back the same. A witness cosigns only what a log's key signed.
 *
 * The first line's first word says nothing; every parser gets every input. */
#include <string.h>

#include "ledger/checkpoint.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t n);

static void read_checkpoint(const char *text, gsize n) {
    struct ledger_checkpoint checkpoint;
    g_autoptr(GError) error = NULL;
    gboolean ok = ledger_checkpoint_parse(text, n, &checkpoint, &error);
    g_assert(ok == (error == NULL) && ok == (checkpoint.origin != NULL));
    if (ok) { /* extension lines are not kept */
        g_autofree char *again =
            ledger_checkpoint_format(checkpoint.origin, checkpoint.size, &checkpoint.root);
        g_assert(strlen(again) <= n && memcmp(again, text, strlen(again)) == 0);
    }
    ledger_checkpoint_clear(&checkpoint);
}

static void read_proof(const char *text, gsize n) {
    struct ledger_proof proof;
    g_autoptr(GError) error = NULL;
    gboolean ok = ledger_proof_parse(text, n, &proof, &error);
    g_assert(ok == (error == NULL) && ok == (proof.checkpoint != NULL));
    if (ok) {
        g_autofree char *again = ledger_proof_format(&proof);
        g_assert(proof.hashes->len <= LEDGER_MAX_PROOF);
        g_assert(strlen(again) == n && memcmp(again, text, n) == 0);
    }
    ledger_proof_clear(&proof);
}

static const struct ledger_verifier *log_key(struct ledger_signer **signer) {
    static guint64 state = 1;
    const struct base_random random = base_seeded_random(&state);
    if (!*signer)
        *signer = ledger_signer_new("k", LEDGER_KEY_ED25519, &random);
    return ledger_signer_verifier(*signer);
}

/* Judges the submission as it is, and with its checkpoint's text signed by the log. */
static void ask_witness(const struct ledger_submission *submission) {
    static struct ledger_signer *signer;
    const struct ledger_verifier *log = log_key(&signer);
    const struct ledger_hash root = ledger_hash_empty();
    struct ledger_submission again = *submission;
    struct ledger_checkpoint checkpoint;
    enum ledger_witness_answer answer = ledger_witness_judge(submission, log, 0, &root, &checkpoint);
    ledger_checkpoint_clear(&checkpoint);
    gsize text_n;
    const char *signatures;
    if (!ledger_note_split(submission->checkpoint, submission->checkpoint_n, &text_n, &signatures,
                           NULL)) {
        g_assert(answer == WITNESS_BAD);
        return;
    }
    g_autofree char *text = g_strndup(submission->checkpoint, text_n);
    g_autofree char *line = ledger_note_sign(text, signer, 0);
    g_autofree char *note = g_strconcat(text, "\n", line, NULL);
    again.checkpoint = note;
    again.checkpoint_n = strlen(note);
    answer = ledger_witness_judge(&again, log, submission->old_size, &root, &checkpoint);
    g_assert(answer != WITNESS_UNSIGNED && answer != WITNESS_CONFLICT && answer != WITNESS_UNKNOWN);
    g_assert(answer != WITNESS_COSIGN ||
             (checkpoint.size >= submission->old_size && strcmp(checkpoint.origin, "k") == 0));
    g_assert(answer != WITNESS_COSIGN || submission->old_size > 0 || !submission->hashes->len);
    ledger_checkpoint_clear(&checkpoint);
}

static void read_submission(const char *text, gsize n) {
    struct ledger_submission submission;
    g_autoptr(GError) error = NULL;
    gboolean ok = ledger_submission_parse(text, n, &submission, &error);
    g_assert(ok == (error == NULL) && ok == (submission.hashes != NULL));
    if (!ok)
        return;
    g_autofree char *head = ledger_submission_format(submission.old_size, submission.hashes, "");
    g_assert(strlen(head) + submission.checkpoint_n == n && memcmp(head, text, strlen(head)) == 0);
    g_assert(submission.checkpoint == text + strlen(head));
    ask_witness(&submission);
    g_array_unref(submission.hashes);
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t n) {
    read_checkpoint((const char *)data, n);
    read_proof((const char *)data, n);
    read_submission((const char *)data, n);
    return 0;
}
