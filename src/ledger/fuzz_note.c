/* Any bytes as a note, as a key, as what a witness answered: nothing verifies that a key of ours did
 * not sign, the text is what was signed, and what is read is written back the same.
 *
 * A note whose text ends in an empty line is also signed, and must verify then. */
#include <string.h>

#include "ledger/note.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t n);

static struct ledger_signer *signers[2];

static void make_signers(void) {
    static const enum ledger_key_type types[] = {LEDGER_KEY_ED25519, LEDGER_KEY_COSIGNATURE};
    static guint64 state = 1;
    const struct base_random random = base_seeded_random(&state);
    for (guint i = 0; i < G_N_ELEMENTS(signers) && !signers[i]; i++)
        signers[i] = ledger_signer_new("k", types[i], &random);
}

/* Hexadecimal digits may be capital in a key that is read. */
static void read_key(const char *text) {
    g_autoptr(GError) error = NULL;
    struct ledger_verifier *verifier = ledger_verifier_parse(text, &error);
    g_assert((verifier != NULL) == (error == NULL));
    if (verifier) {
        g_autofree char *again = ledger_verifier_format(verifier);
        g_assert(g_ascii_strcasecmp(again, text) == 0 && ledger_name_is_valid(verifier->name));
    }
    ledger_verifier_free(verifier);
    struct ledger_signer *signer = ledger_signer_parse(text, NULL);
    if (signer) {
        g_autofree char *again = ledger_signer_format(signer);
        g_assert(g_ascii_strcasecmp(again, text) == 0);
    }
    ledger_signer_free(signer);
}

/* What verifies may be signed again: the seeds are signed by the first keys. */
static void read_note(const char *note, gsize n) {
    gsize text_n;
    const char *signatures;
    g_autoptr(GError) error = NULL;
    gboolean is_note = ledger_note_split(note, n, &text_n, &signatures, &error);
    g_assert(is_note == (error == NULL));
    for (guint i = 0; i < G_N_ELEMENTS(signers); i++) {
        g_autoptr(GError) problem = NULL;
        gint64 time_s = 0;
        gboolean is_signed =
            ledger_note_is_signed(note, n, ledger_signer_verifier(signers[i]), &time_s, &problem);
        g_assert(!is_signed || (is_note && !problem && time_s >= 0));
        g_assert(is_note || problem);
    }
    if (!is_note)
        return;
    g_assert(text_n > 0 && note[text_n - 1] == '\n' && note[text_n] == '\n');
    g_assert(signatures == note + text_n + 1 && signatures < note + n);
    g_assert(!g_strstr_len(signatures, (gssize)(n - text_n - 1), "\n\n"));
}

/* Behind any text: a line of each key, and nothing but those is kept of what a witness answers. */
static void sign(const char *text, const char *answer) {
    for (guint i = 0; i < G_N_ELEMENTS(signers); i++) {
        const struct ledger_verifier *verifier = ledger_signer_verifier(signers[i]);
        g_autofree char *line = ledger_note_sign(text, signers[i], 5);
        g_autofree char *note = g_strconcat(text, "\n", line, NULL);
        g_autofree char *answered = g_strconcat(answer, "\n", line, NULL);
        g_autofree char *before = ledger_note_valid_lines(text, strlen(text), answer, verifier);
        g_autofree char *kept = ledger_note_valid_lines(text, strlen(text), answered, verifier);
        gsize text_n;
        const char *signatures;
        g_assert(*kept && (!*before || strstr(kept, before)));
        if (!ledger_note_split(note, strlen(note), &text_n, &signatures, NULL))
            continue; /* the text has what a note may not have */
        g_autofree char *saved = g_strconcat(text, "\n", kept, NULL);
        g_assert(text_n == strlen(text) && strcmp(signatures, line) == 0);
        g_assert(ledger_note_is_signed(note, strlen(note), verifier, NULL, NULL));
        g_assert(ledger_note_is_signed(saved, strlen(saved), verifier, NULL, NULL));
    }
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t n) {
    make_signers();
    g_autofree char *copy = g_strndup((const char *)data, n);
    g_autofree char *text = g_strconcat(copy, "\n", NULL);
    read_key(copy);
    read_note((const char *)data, n);
    sign(text, copy);
    return 0;
}
