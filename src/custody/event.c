#include "custody/event.h"

#include <string.h>

#include "base/text.h"

gboolean custody_event_is_ending(const struct custody_event *event) {
    return (KIND_BIT(event->kind) & KINDS_OUT) ||
           (event->kind == CUSTODY_TRANSFERRED && !event->is_within);
}

void custody_event_id(guint8 id[CUSTODY_EVENT_ID_BYTES], const char *const *parts) {
    guint8 digest[32];
    gsize n = sizeof digest;
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

    for (; *parts; parts++) {
        guint32 length = GUINT32_TO_BE((guint32)strlen(*parts));
        g_checksum_update(sum, (const guchar *)&length, sizeof length);
        g_checksum_update(sum, (const guchar *)*parts, (gssize)strlen(*parts));
    }
    g_checksum_get_digest(sum, digest, &n);
    memcpy(id, digest, CUSTODY_EVENT_ID_BYTES);
}

void custody_event_id_format(const guint8 id[CUSTODY_EVENT_ID_BYTES], char text[33]) {
    text_hex(id, CUSTODY_EVENT_ID_BYTES, text);
}
