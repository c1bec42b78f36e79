/* An entry of the ledger: 176 bytes, big-endian, with nothing of anybody in it.
 *
 *   0 "CDL1" | 4 type u8 | 5 flags u8 | 6 jurisdiction u16 | 8 epoch u32, hours since 1970
 *  12 recipient u8 | 13 purpose u8 | 14 basis u8 | 15 data u8        words of the policy, by number
 *  16 policy 32 | 48 subject tag 32 | 80 recipient tag 32 | 112 body commitment 32 | 144 payload 32
 *
 * The flags hold the mode in the low four bits and 0x80 for a denial. A recipient is logged as its
 * class; which agency it was is in its tag. Tags are HMACs under a key of one subject and year, of a
 * counter that begins at 0: strangers cannot link two of them, and who has the key can see that none is
 * missing. A commitment is SHA-256 over the commitments of its fields, each salted by itself, so that
 * one can be opened without the others, and none once its salt is gone. */
#ifndef LEDGER_ENTRY_H
#define LEDGER_ENTRY_H

#include "ledger/tree.h"

#define LEDGER_ENTRY_BYTES 176
#define LEDGER_SALT_BYTES 16

enum ledger_entry_type {
    LEDGER_POLICY = 1,  /* a policy came into force */
    LEDGER_DISCLOSURE,  /* an agency was told, or was denied */
    LEDGER_HOUR,        /* what registered people were told in an hour, whether anything or nothing */
    LEDGER_WATCH_ASKED, /* an officer asked for a watch */
    LEDGER_WATCH_APPROVED,
    LEDGER_WATCH_REFUSED,
    LEDGER_WATCH_ENDED
};
const char *ledger_entry_type_name(enum ledger_entry_type type);

#define LEDGER_DENIED 0x80u

struct ledger_entry {
    enum ledger_entry_type type;
    guint8 flags;
    guint16 jurisdiction;
    guint32 epoch;
    guint8 recipient, purpose, basis, data;
    struct ledger_hash policy, subject_tag, recipient_tag, body, payload;
};
void ledger_entry_write(const struct ledger_entry *entry, guint8 bytes[LEDGER_ENTRY_BYTES]);
gboolean ledger_entry_read(const void *bytes, gsize n, struct ledger_entry *entry, GError **error);

/* Tag number `counter` under a key. */
struct ledger_hash ledger_tag(const guint8 key[32], guint64 counter);

/* SHA-256(03 ‖ salt ‖ name ‖ 00 ‖ value): one field. */
struct ledger_hash ledger_commit_field(const guint8 salt[LEDGER_SALT_BYTES], const char *name,
                                       const char *value);
/* SHA-256(02 ‖ field ‖ field …): the whole. */
struct ledger_hash ledger_commit(const struct ledger_hash *fields, guint n);

#endif
