#include "people/nickname.h"

#include "embedded.h"
#include "people/search/index.h"

void people_each_nickname_line(people_nickname_fn each, void *context) {
    g_auto(GStrv) lines = g_strsplit(embedded_nicknames_txt, "\n", -1);
    for (char **line = lines; *line; line++) {
        if (**line == '#')
            continue;
        g_auto(GStrv) words = g_strsplit(*line, " ", -1);
        g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
        for (char **word = words; *word; word++) {
            char text[PEOPLE_TOKEN_MAX + 1];
            if (people_letters_of(*word, text))
                g_ptr_array_add(names, g_strdup(text));
        }
        if (names->len)
            each((char *const *)names->pdata, names->len, context);
    }
}
