/* Any bytes as a mapping: it parses, or it says why with a line; what parses loads a file. */
#include <string.h>

#include "feed/formats/format.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t n);

int LLVMFuzzerTestOneInput(const guint8 *data, size_t n) {
    g_autoptr(GError) error = NULL;
    struct feed_mapping *mapping = feed_mapping_parse((const char *)data, n, "m.yaml", &error);
    g_assert((mapping != NULL) == (error == NULL));
    if (!mapping) {
        g_assert(g_str_has_prefix(error->message, "m.yaml:"));
        return 0;
    }
    feed_adapter_free(feed_adapter_open(mapping, g_strdup("a,b\n1,2\n"), 8, NULL));
    feed_mapping_free(mapping);
    return 0;
}
