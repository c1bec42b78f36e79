/* Any bytes as a whole name: the parts are pieces of it, in valid places, and no longer than it is. */
#include <string.h>

#include "people/name.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t n);

int LLVMFuzzerTestOneInput(const guint8 *data, size_t n) {
    g_autofree char *full = g_strndup((const char *)data, n);
    struct people_parts parts;
    people_parts_of(full, &parts);
    const gsize length = strlen(full);
    const char *const pieces[] = {parts.surname, parts.given, parts.middle, parts.suffix, parts.alias};
    gsize total = 0;
    for (gsize i = 0; i < G_N_ELEMENTS(pieces); i++) {
        g_assert(!strchr(pieces[i], ',') || i == 4);
        total += strlen(pieces[i]);
    }
    g_assert(total <= 2 * length);
    g_assert(!*parts.given || *parts.surname);
    people_parts_clear(&parts);
    return 0;
}
