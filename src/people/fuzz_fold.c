/* Any bytes as a name: what is folded is valid, bounded, of letters, digits and single blanks, and
 * folding it again changes nothing; the letters are A to Z, no more than a token holds. */
#include <string.h>

#include "people/fold.h"
#include "people/search/index.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t n);

/* The longest that one character becomes: U+FDFA, three bytes, is 18 characters. */
#define GROWS_AT_MOST 12

static void check_folded(const char *folded, gsize n) {
    const gsize length = strlen(folded);
    g_assert(length <= n * GROWS_AT_MOST && g_utf8_validate(folded, -1, NULL));
    g_assert(!length || (*folded != ' ' && folded[length - 1] != ' '));
    g_assert(!strstr(folded, "  "));
    for (const char *p = folded; *p; p++)
        g_assert((guint8)*p >= 0x80 || *p == ' ' || g_ascii_islower(*p) || g_ascii_isdigit(*p));
}

static void check_letters(const char *text, const char *folded) {
    char letters[PEOPLE_TOKEN_MAX + 2], again[PEOPLE_TOKEN_MAX + 2];
    letters[PEOPLE_TOKEN_MAX + 1] = again[PEOPLE_TOKEN_MAX + 1] = '?';
    const gsize n = people_letters_of(text, letters);
    g_assert(n <= PEOPLE_TOKEN_MAX && strlen(letters) == n);
    g_assert(strspn(letters, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == n);
    g_assert(people_letters_of(letters, again) == n && strcmp(letters, again) == 0);
    g_assert(people_letters_of(folded, again) == n && strcmp(letters, again) == 0);
    const gsize k = people_skeleton(letters, n, again);
    g_assert(k <= PEOPLE_TOKEN_MAX && strlen(again) == k);
    g_assert(strspn(again, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == k);
    g_assert(letters[PEOPLE_TOKEN_MAX + 1] == '?' && again[PEOPLE_TOKEN_MAX + 1] == '?');
    g_assert(people_letters(letters, n) >> 26 == n);
}

/* The parts folded each for itself, joined. */
static void check_name(char *const *parts, gsize n) {
    g_autofree char *whole = people_fold_name(parts[0], parts[1], parts[1] ? parts[2] : NULL);
    g_autoptr(GString) joined = g_string_new(NULL);
    for (; *parts; parts++) {
        g_autofree char *part = people_fold(*parts);
        g_string_append_printf(joined, "%s%s", *part && joined->len ? " " : "", part);
    }
    check_folded(whole, n);
    g_assert(strcmp(whole, joined->str) == 0);
}

/* Lines: surname, given, middle. */
int LLVMFuzzerTestOneInput(const guint8 *data, size_t n) {
    g_autofree char *text = g_strndup((const char *)data, n);
    g_autofree char *folded = people_fold(text), *again = people_fold(folded);
    check_folded(folded, n);
    g_assert(strcmp(folded, again) == 0);
    check_letters(text, folded);
    g_auto(GStrv) parts = g_strsplit(text, "\n", 3);
    if (*parts)
        check_name(parts, n);
    return 0;
}
