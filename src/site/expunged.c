#include "site/expunged.h"

#include <string.h>

#include "custody/roster.h"

/* However many noughts stand before it. */
static const char *without_zeros(const char *number) {
    const gsize n = strspn(number, "0");
    return number[strspn(number, "0123456789")] || !number[n] ? number : number + n;
}

void site_expunged_mac(const struct site *site, const char *jail, const char *booking_key,
                       const char *person_key, guint8 mac[32]) {
    const gsize n = custody_roster_number_length(booking_key, person_key);
    g_autofree char *number = g_strndup(booking_key, n);
    g_autofree char *text =
        g_strdup_printf("%s\x1f%s\x1f%s", jail, without_zeros(number), without_zeros(person_key));
    site_mac(site, "expunged", text, mac);
}
