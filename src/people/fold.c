#include "people/fold.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

static gboolean is_letter(gint32 c) {
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND: return TRUE;
    default: return FALSE;
    }
}

/* An apostrophe joins its word ("O'Brien"); anything else that is no letter parts words. */
static gboolean is_apostrophe(gint32 c) {
    return c == '\'' || c == 0x2019 || c == 0x2018 || c == 0x02BC || c == '`';
}

/* Letters that are no letter with a mark, and are typed without. NULL: any other. */
static const char *plain_letter(gint32 c) {
    switch (c) {
    case 0xF8: return "o";
    case 0xE6: return "ae";
    case 0x153: return "oe";
    case 0x142: return "l";
    case 0x111:
    case 0xF0: return "d";
    case 0xFE: return "th";
    case 0x131: return "i";
    default: return NULL;
    }
}

char *people_fold(const char *text) {
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    utf8proc_uint8_t *mapped = NULL;
    GString *out = g_string_new(NULL);

    utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)valid, 0, &mapped,
                                      UTF8PROC_NULLTERM | UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE |
                                          UTF8PROC_STRIPMARK | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
    for (utf8proc_ssize_t i = 0; i < n;) {
        utf8proc_int32_t c;
        utf8proc_ssize_t step = utf8proc_iterate(mapped + i, n - i, &c);
        if (step <= 0)
            break;
        const char *plain = plain_letter(c);
        if (plain)
            g_string_append(out, plain);
        else if (is_letter(c) && !is_apostrophe(c))
            g_string_append_unichar(out, (gunichar)c);
        else if (!is_apostrophe(c) && out->len && out->str[out->len - 1] != ' ')
            g_string_append_c(out, ' ');
        i += step;
    }
    free(mapped);
    if (out->len && out->str[out->len - 1] == ' ')
        g_string_truncate(out, out->len - 1);
    return g_string_free(out, FALSE);
}

char *people_fold_name(const char *surname, const char *given, const char *middle) {
    g_autofree char *whole = g_strjoin(" ", surname, given, middle, NULL);
    return people_fold(whole);
}
