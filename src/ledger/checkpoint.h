/* Checkpoints (C2SP tlog-checkpoint), offline proofs (C2SP tlog-proof) and what a log and a witness say
 * to each other (C2SP tlog-witness), as text. */
#ifndef LEDGER_CHECKPOINT_H
#define LEDGER_CHECKPOINT_H

#include "ledger/note.h"
#include "ledger/tree.h"

struct ledger_checkpoint {
    char *origin;
    guint64 size;
    struct ledger_hash root;
};
void ledger_checkpoint_clear(struct ledger_checkpoint *checkpoint);

/* "origin\nsize\nroot\n". Transfer full. */
char *ledger_checkpoint_format(const char *origin, guint64 size, const struct ledger_hash *root);

/* Reads the text of a note; whether it is signed is another question. */
gboolean ledger_checkpoint_parse(const char *text, gsize n, struct ledger_checkpoint *checkpoint,
                                 GError **error);

/* Reads a signed checkpoint and checks that `verifier` signed it and is its origin. */
gboolean ledger_checkpoint_open(const char *note, gsize n, const struct ledger_verifier *verifier,
                                struct ledger_checkpoint *checkpoint, GError **error);

struct ledger_proof {
    guint64 index;
    GBytes *extra;    /* NULL: none; not authenticated */
    GArray *hashes;   /* struct ledger_hash */
    char *checkpoint; /* the signed note */
};
void ledger_proof_clear(struct ledger_proof *proof);
char *ledger_proof_format(const struct ledger_proof *proof); /* transfer full */
gboolean ledger_proof_parse(const char *text, gsize n, struct ledger_proof *proof, GError **error);

/* The body of add-checkpoint: the old size, the consistency proof, the signed checkpoint. */
struct ledger_submission {
    guint64 old_size;
    GArray *hashes;
    const char *checkpoint; /* into the text that was parsed */
    gsize checkpoint_n;
};
char *ledger_submission_format(guint64 old_size, const GArray *hashes, const char *checkpoint);
gboolean ledger_submission_parse(const char *text, gsize n, struct ledger_submission *submission,
                                 GError **error);

/* What a witness answers to a submission of a log it knows. `last_size` and `last_root` are what it
 * cosigned last (0 and anything: nothing). 200 means: save the checkpoint, then cosign. */
enum ledger_witness_answer {
    WITNESS_COSIGN = 200,
    WITNESS_BAD = 400,
    WITNESS_UNSIGNED = 403,
    WITNESS_UNKNOWN = 404,
    WITNESS_CONFLICT = 409,
    WITNESS_INCONSISTENT = 422
};
enum ledger_witness_answer ledger_witness_judge(const struct ledger_submission *submission,
                                                const struct ledger_verifier *log, guint64 last_size,
                                                const struct ledger_hash *last_root,
                                                struct ledger_checkpoint *checkpoint);

/* A decimal without sign, leading zeros or anything after it. */
gboolean ledger_number_parse(const char *text, gsize n, guint64 *number);

#endif
