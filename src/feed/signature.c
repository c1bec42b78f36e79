#include "feed/signature.h"

#include <string.h>

#include "base/seal.h"

const char feed_signature_mismatch[] =
    "webhook-signature does not match; sign key.timestamp.body with the feed's secret";

char *feed_signature_make(const char *secret, const char *key, gint64 timestamp_s, const char *body,
                          gsize n) {
    gsize secret_n;
    guint8 mac[32];
    g_autofree guint8 *secret_bytes = g_base64_decode(secret, &secret_n);
    g_autoptr(GString) signed_text = g_string_new(NULL);

    g_string_printf(signed_text, "%s.%" G_GINT64_FORMAT ".", key, timestamp_s);
    g_string_append_len(signed_text, body, (gssize)n);
    seal_hmac(secret_bytes, secret_n, signed_text->str, signed_text->len, mac);
    g_autofree char *encoded = g_base64_encode(mac, sizeof mac);
    return g_strconcat("v1,", encoded, NULL);
}

gboolean feed_signature_may_be(const char *key, const char *timestamp, const char *header, gint64 now_s,
                               gint64 *sent_s, const char **reason) {
    if (!key || !*key || strlen(key) > 128 || !g_str_is_ascii(key) || strpbrk(key, ".\r\n ")) {
        *reason = "send an Idempotency-Key of 1 to 128 visible characters without dots";
        return FALSE;
    }
    guint64 seconds;
    if (!timestamp || !g_ascii_string_to_unsigned(timestamp, 10, 0, G_MAXINT64, &seconds, NULL)) {
        *reason = "send webhook-timestamp, in whole seconds since 1970";
        return FALSE;
    }
    *sent_s = (gint64)seconds;
    if (ABS(now_s - *sent_s) > FEED_SIGNATURE_WINDOW_S) {
        *reason = "webhook-timestamp is more than five minutes from this machine's clock";
        return FALSE;
    }
    if (header && strstr(header, "v1,"))
        return TRUE;
    *reason = feed_signature_mismatch;
    return FALSE;
}

gboolean feed_signature_check(const char *secret, const char *key, const char *timestamp,
                              const char *header, const char *body, gsize n, gint64 now_s,
                              const char **reason) {
    gint64 sent_s;
    if (!feed_signature_may_be(key, timestamp, header, now_s, &sent_s, reason))
        return FALSE;
    g_autofree char *expected = feed_signature_make(secret, key, sent_s, body, n);
    g_auto(GStrv) given = g_strsplit(header, " ", 8);
    for (char **one = given; *one; one++)
        if (strlen(*one) == strlen(expected) && seal_equal(*one, expected, strlen(expected)))
            return TRUE;
    *reason = feed_signature_mismatch;
    return FALSE;
}
