#include "people/name.h"

#include <string.h>

#define MOST_PARTS 8

static gboolean is_suffix(const char *word) {
    static const char *const suffixes[] = {"JR", "SR",  "II",  "III", "IV",  "V",
                                           "VI", "VII", "ESQ", "2ND", "3RD", "4TH"};
    gsize n = strlen(word);
    n -= n && word[n - 1] == '.';
    for (gsize i = 0; i < G_N_ELEMENTS(suffixes); i++)
        if (strlen(suffixes[i]) == n && g_ascii_strncasecmp(word, suffixes[i], n) == 0)
            return TRUE;
    return FALSE;
}

static gboolean is_particle(const char *word) {
    static const char *const particles[] = {"van", "von",   "der", "den", "ten", "ter", "de",
                                            "del", "della", "di",  "da",  "dos", "das", "do",
                                            "du",  "des",   "la",  "las", "los", "le",  "el",
                                            "al",  "bin",   "ibn", "zu",  "zur", "st",  "st."};
    for (gsize i = 0; i < G_N_ELEMENTS(particles); i++)
        if (g_ascii_strcasecmp(word, particles[i]) == 0)
            return TRUE;
    return FALSE;
}

/* ── Nicknames ─────────────────────────────────────────────────────────────────────────────────── */

static char *without_aka(char *alias) {
    static const char *const words[] = {"a.k.a.", "a/k/a", "aka"};
    g_strstrip(alias);
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        const gsize n = strlen(words[i]);
        if (g_ascii_strncasecmp(alias, words[i], n) == 0 && strchr(" :,", alias[n]))
            return g_strchug(alias + n + strspn(alias + n, " :,"));
    }
    return alias;
}

static void take_between(char *from, char *to, gsize mark_n, char *room) {
    if (!*room) {
        memcpy(room, from, (gsize)(to - from));
        room[to - from] = 0;
    }
    memset(from - mark_n, ' ', (gsize)(to - from) + 2 * mark_n);
}

/* 'JACK', standing alone: the mark is in names, too. */
static void take_apostrophes(char *text, char *room) {
    for (char *from = strchr(text, '\''), *to; from; from = strchr(from + 1, '\'')) {
        if ((from > text && from[-1] != ' ') || !(to = strchr(from + 1, '\'')) ||
            (to[1] && !strchr(" ,", to[1])))
            continue;
        take_between(from + 1, to, 1, room);
    }
}

/* "JOHN SMITH AKA BILL JONES": what follows is another name. */
static void take_other_name(char *text, char *room) {
    static const char *const words[] = {" a.k.a. ", " a/k/a ", " aka "};
    for (char *at = text; *at; at++)
        for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
            if (at > text && g_ascii_strncasecmp(at, words[i], strlen(words[i])) == 0) {
                char *other = at + strlen(words[i]);
                if (!*room)
                    memcpy(room, other, strlen(other) + 1);
                *at = 0;
                return;
            }
}

/* Blanks out what stands in brackets or quotes; the first of it is kept in `room`. */
static char *take_alias(char *text, char *room) {
    static const char *const marks[][2] = {{"(", ")"},
                                           {"[", "]"},
                                           {"\"", "\""},
                                           {"\xe2\x80\x9c", "\xe2\x80\x9d"},
                                           {"\xe2\x80\x98", "\xe2\x80\x99"}};
    *room = 0;
    for (gsize i = 0; i < G_N_ELEMENTS(marks); i++) {
        const gsize n = strlen(marks[i][0]);
        for (char *from, *to;
             (from = strstr(text, marks[i][0])) && (to = strstr(from + n, marks[i][1]));)
            take_between(from + n, to, n, room);
    }
    take_apostrophes(text, room);
    take_other_name(text, room);
    return without_aka(room);
}

/* ── Words ─────────────────────────────────────────────────────────────────────────────────────── */

/* One blank between words, none at the ends. */
static void tidy(char *text) {
    char *to = text;
    for (const char *from = text; *from; from++)
        if (!g_ascii_isspace(*from) || (to > text && to[-1] != ' '))
            *to++ = g_ascii_isspace(*from) ? ' ' : *from;
    while (to > text && to[-1] == ' ')
        to--;
    *to = 0;
}

/* Cuts a suffix off the end of several words; `suffix` is as it was when there is none. */
static void cut_suffix(char *words, const char **suffix) {
    char *space = strrchr(words, ' ');
    if (!space || !is_suffix(space + 1))
        return;
    *suffix = space + 1;
    *space = 0;
}

static void part_given(char *words, struct people_parts *name) {
    char *space = strchr(words, ' ');
    if (space)
        *space = 0;
    name->given = words;
    name->middle = space ? space + 1 : "";
}

/* "GIVEN MIDDLE SURNAME": the last word, and the particles before it, but never all. */
static void part_words(char *words, struct people_parts *name) {
    char *surname = strrchr(words, ' ');
    if (!surname) {
        name->surname = words;
        return;
    }
    for (;;) {
        *surname = 0;
        char *before = strrchr(words, ' ');
        const gboolean goes_on = before && is_particle(before + 1);
        *surname = ' ';
        if (!goes_on)
            break;
        surname = before;
    }
    *surname = 0;
    name->surname = surname + 1;
    part_given(words, name);
}

/* ── The whole ─────────────────────────────────────────────────────────────────────────────────── */

/* What stands between commas, but for suffixes alone and nothing: how many are left. */
static guint part_commas(char *text, char *parts[MOST_PARTS], struct people_parts *name) {
    guint n = 0;
    for (char *part = text, *comma; part && n < MOST_PARTS; part = comma) {
        if ((comma = strchr(part, ',')))
            *comma++ = 0;
        tidy(part);
        if (n && is_suffix(part) && !*name->suffix)
            name->suffix = part;
        else if (*part)
            parts[n++] = part;
    }
    return n;
}

void people_parts_of(const char *full, struct people_parts *name) {
    const gsize n = strlen(full);
    char *parts[MOST_PARTS];
    *name = (struct people_parts){.surname = "", .given = "", .middle = "", .suffix = "", .alias = ""};
    name->text = g_malloc(2 * (n + 1));
    memcpy(name->text, full, n + 1);
    name->alias = take_alias(name->text, name->text + n + 1);
    const gboolean has_comma = strchr(name->text, ',') != NULL;
    const guint n_parts = part_commas(name->text, parts, name);
    if (!n_parts)
        return;
    cut_suffix(parts[0], &name->suffix);
    if (n_parts > 1) {
        name->surname = parts[0];
        if (!*name->suffix) /* else it may be an initial */
            cut_suffix(parts[1], &name->suffix);
        part_given(parts[1], name);
    } else if (has_comma && !*name->suffix) { /* "IRIS,": what is before a comma is a surname */
        name->surname = parts[0];
    } else {
        part_words(parts[0], name);
    }
}

void people_parts_clear(struct people_parts *name) {
    g_free(name->text);
    *name = (struct people_parts){.surname = "", .given = "", .middle = "", .suffix = "", .alias = ""};
}
