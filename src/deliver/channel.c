#include "deliver/channel.h"

#include <string.h>

#include "base/error.h"

const struct channel_kind *const channel_kinds[] = {
#define X(word) &channel_##word,
    CHANNELS(X)
#undef X
        NULL,
};
G_STATIC_ASSERT(G_N_ELEMENTS(channel_kinds) <= CHANNEL_MOST + 1);

char *channel_names(void) {
    const char *names[CHANNEL_MOST + 1] = {NULL};
    for (guint i = 0; channel_kinds[i]; i++)
        names[i] = channel_kinds[i]->name;
    return g_strjoinv(", ", (char **)(gsize)names);
}

guint channel_number(const struct channel_kind *kind) {
    guint i = 0;
    while (channel_kinds[i] && channel_kinds[i] != kind)
        i++;
    return i;
}

const struct channel_kind *channel_by_name(const char *name, GError **error) {
    if (!name)
        return channel_kinds[0];
    for (guint i = 0; channel_kinds[i]; i++)
        if (strcmp(channel_kinds[i]->name, name) == 0)
            return channel_kinds[i];
    g_autofree char *names = channel_names();
    g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT, "there is no channel \"%s\"; there is: %s", name,
                names);
    return NULL;
}
