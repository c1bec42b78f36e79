/* Signed notes (C2SP signed-note) and cosignatures (C2SP tlog-cosignature), with Ed25519.
 *
 * A note is text that ends in a newline, an empty line, and signature lines
 * `— name base64(id4 ‖ signature)`. A key is known by its name and its id,
 * SHA-256(name ‖ \n ‖ type ‖ public key)[:4]. Signatures of unknown keys are ignored; a wrong one of a
 * known key spoils the note. */
#ifndef LEDGER_NOTE_H
#define LEDGER_NOTE_H

#include <glib.h>

#include "base/random.h"
#include "base/sign.h"

enum ledger_key_type { LEDGER_KEY_ED25519 = 1, LEDGER_KEY_COSIGNATURE = 4 };

/* A public key, as `name+id+base64(type ‖ key)` writes it. */
struct ledger_verifier {
    char *name;
    guint8 id[4];
    enum ledger_key_type type;
    guint8 public[SIGN_PUBLIC_BYTES];
};
struct ledger_verifier *ledger_verifier_parse(const char *vkey, GError **error); /* transfer full */
void ledger_verifier_free(struct ledger_verifier *verifier);
char *ledger_verifier_format(const struct ledger_verifier *verifier); /* transfer full */

/* A private key, `PRIVATE+KEY+name+id+base64(type ‖ seed)`. */
struct ledger_signer;
struct ledger_signer *ledger_signer_new(const char *name, enum ledger_key_type type,
                                        const struct base_random *random);
struct ledger_signer *ledger_signer_parse(const char *text, GError **error);
char *ledger_signer_format(const struct ledger_signer *signer); /* wipe it; transfer full */
void ledger_signer_free(struct ledger_signer *signer);
const struct ledger_verifier *ledger_signer_verifier(const struct ledger_signer *signer);

/* Whether a name may be a key's: not empty, no white space, no `+`, no control characters. */
gboolean ledger_name_is_valid(const char *name);

/* One signature line over `text`, which ends in a newline. A cosignature key signs with `time_s`
 * (seconds since 1970); another ignores it. Transfer full. */
char *ledger_note_sign(const char *text, const struct ledger_signer *signer, gint64 time_s);

/* Splits a note: its text, and where the signature lines begin. FALSE with an error if it is none. */
gboolean ledger_note_split(const char *note, gsize n, gsize *text_n, const char **signatures,
                           GError **error);
/* Whether `verifier` has signed: TRUE and FALSE without an error; FALSE with one if a line of that key
 * does not verify. `time_s` (may be NULL) gets a cosignature's time. */
gboolean ledger_note_is_signed(const char *note, gsize n, const struct ledger_verifier *verifier,
                               gint64 *time_s, GError **error);
/* The first of `lines` that is a valid signature of `verifier` over `text`; "" for none. No more than
 * one, so that a witness cannot fill a note with signatures until nobody reads it. Transfer full. */
char *ledger_note_valid_lines(const char *text, gsize text_n, const char *lines,
                              const struct ledger_verifier *verifier);

#endif
