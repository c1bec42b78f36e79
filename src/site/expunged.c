#include "site/expunged.h"

#include <string.h>

#include "custody/roster.h"

void site_expunged_mac(const struct site *site, const char *jail, const char *booking_key,
                       const char *person_key, guint8 mac[32]) {
    const gsize n = custody_roster_number_length(booking_key, person_key);
    g_autofree char *text = g_strdup_printf("%s\x1f%.*s\x1f%s", jail, (int)n, booking_key, person_key);
    site_mac(site, "expunged", text, mac);
}
