#include "ledger/entry.h"

#include <string.h>

#include "base/error.h"
#include "base/seal.h"

static const guint8 magic[4] = {'C', 'D', 'L', '1'};
static const char *const type_names[] = {
    NULL,          "policy",         "disclosure",    "hour",
    "watch_asked", "watch_approved", "watch_refused", "watch_ended"};

const char *ledger_entry_type_name(enum ledger_entry_type type) {
    return (guint)type < G_N_ELEMENTS(type_names) && type_names[type] ? type_names[type] : "unknown";
}

void ledger_entry_write(const struct ledger_entry *entry, guint8 bytes[LEDGER_ENTRY_BYTES]) {
    const guint8 head[] = {(guint8)entry->type,
                           entry->flags,
                           (guint8)(entry->jurisdiction >> 8),
                           (guint8)entry->jurisdiction,
                           (guint8)(entry->epoch >> 24),
                           (guint8)(entry->epoch >> 16),
                           (guint8)(entry->epoch >> 8),
                           (guint8)entry->epoch,
                           entry->recipient,
                           entry->purpose,
                           entry->basis,
                           entry->data};
    const struct ledger_hash *const hashes[] = {&entry->policy, &entry->subject_tag,
                                                &entry->recipient_tag, &entry->body, &entry->payload};
    memcpy(bytes, magic, sizeof magic);
    memcpy(bytes + 4, head, sizeof head);
    for (guint i = 0; i < G_N_ELEMENTS(hashes); i++)
        memcpy(bytes + 16 + i * LEDGER_HASH_BYTES, hashes[i]->bytes, LEDGER_HASH_BYTES);
}

gboolean ledger_entry_read(const void *bytes, gsize n, struct ledger_entry *entry, GError **error) {
    const guint8 *b = bytes;
    struct ledger_hash *const hashes[] = {&entry->policy, &entry->subject_tag, &entry->recipient_tag,
                                          &entry->body, &entry->payload};
    if (n != LEDGER_ENTRY_BYTES || memcmp(b, magic, sizeof magic) != 0) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT,
                    "this is no entry of a custody disclosure log: it should be %d bytes that begin "
                    "with CDL1",
                    LEDGER_ENTRY_BYTES);
        return FALSE;
    }
    entry->type = b[4];
    entry->flags = b[5];
    entry->jurisdiction = (guint16)(b[6] << 8 | b[7]);
    entry->epoch = (guint32)b[8] << 24 | (guint32)b[9] << 16 | (guint32)b[10] << 8 | b[11];
    entry->recipient = b[12];
    entry->purpose = b[13];
    entry->basis = b[14];
    entry->data = b[15];
    for (guint i = 0; i < G_N_ELEMENTS(hashes); i++)
        memcpy(hashes[i]->bytes, b + 16 + i * LEDGER_HASH_BYTES, LEDGER_HASH_BYTES);
    return TRUE;
}

struct ledger_hash ledger_tag(const guint8 key[32], guint64 counter) {
    struct ledger_hash tag;
    guint8 text[8];
    for (guint i = 0; i < sizeof text; i++)
        text[i] = (guint8)(counter >> (56 - 8 * i));
    seal_hmac(key, 32, text, sizeof text, tag.bytes);
    return tag;
}

struct ledger_hash ledger_commit_field(const guint8 salt[LEDGER_SALT_BYTES], const char *name,
                                       const char *value) {
    struct ledger_hash hash;
    g_autoptr(GByteArray) text = g_byte_array_new();
    g_byte_array_append(text, (const guint8 *)"\x03", 1);
    g_byte_array_append(text, salt, LEDGER_SALT_BYTES);
    g_byte_array_append(text, (const guint8 *)name, (guint)strlen(name) + 1);
    g_byte_array_append(text, (const guint8 *)value, (guint)strlen(value));
    seal_sha256(text->data, text->len, hash.bytes);
    seal_wipe(text->data, text->len);
    return hash;
}

struct ledger_hash ledger_commit(const struct ledger_hash *fields, guint n) {
    struct ledger_hash hash;
    g_autoptr(GByteArray) text = g_byte_array_new();
    g_byte_array_append(text, (const guint8 *)"\x02", 1);
    for (guint i = 0; i < n; i++)
        g_byte_array_append(text, fields[i].bytes, LEDGER_HASH_BYTES);
    seal_sha256(text->data, text->len, hash.bytes);
    return hash;
}
