#include "people/similar.h"

#include <string.h>

/* Prices, in hundredths of a nat: roughly -ln of how often it happens, given that something does. */
enum {
    PRICE_SUBSTITUTE = 420,
    PRICE_NEAR_KEY = 300,
    PRICE_LIKE_SOUND = 250,
    PRICE_INSERT = 350,
    PRICE_DELETE = 380,
    PRICE_DOUBLED = 230, /* a letter written twice, or once for twice */
    PRICE_SWAP = 260,
    PRICE_FIRST = 150, /* on top, in the first letter */
    PRICE_MUTE = 280   /* H and E come and go */
};

/* Keys that touch on an American keyboard. */
static const char *const near_keys[26] = {
    "QWSZ",   "VGHN",  "XDFV", "SERFCX", "WSDR", "DRTGVC", "FTYHBV", "GYUJNB", "UJKO",
    "HUIKMN", "JIOLM", "KOP",  "NJK",    "BHJM", "IKLP",   "OL",     "WA",     "EDFT",
    "AWEDXZ", "RFGY",  "YHJI", "CFGB",   "QASE", "ZSDC",   "TGHU",   "ASX"};

/* Letters that one hears for another. */
static const char *const like_sounds[26] = {
    ['A' - 'A'] = "EO", ['B' - 'A'] = "VP",  ['C' - 'A'] = "KSQ", ['D' - 'A'] = "T",
    ['E' - 'A'] = "AI", ['F' - 'A'] = "V",   ['G' - 'A'] = "JK",  ['I' - 'A'] = "YE",
    ['J' - 'A'] = "GY", ['K' - 'A'] = "CQG", ['M' - 'A'] = "N",   ['N' - 'A'] = "M",
    ['O' - 'A'] = "AU", ['P' - 'A'] = "B",   ['Q' - 'A'] = "KC",  ['S' - 'A'] = "ZC",
    ['T' - 'A'] = "D",  ['U' - 'A'] = "OW",  ['V' - 'A'] = "BFW", ['W' - 'A'] = "VU",
    ['Y' - 'A'] = "IJ", ['Z' - 'A'] = "S"};

/* The two as one table, filled before main: threads only read it. */
static guint16 substitution[26][26];

__attribute__((constructor)) static void fill_substitutions(void) {
    for (int a = 0; a < 26; a++)
        for (int b = 0; b < 26; b++) {
            const char letter = (char)('A' + b);
            int price = PRICE_SUBSTITUTE;
            if (strchr(near_keys[a], letter))
                price = PRICE_NEAR_KEY;
            if (like_sounds[a] && strchr(like_sounds[a], letter))
                price = PRICE_LIKE_SOUND;
            substitution[a][b] = (guint16)(a == b ? 0 : price);
        }
}

static inline int price_of_letter(const char *token, gsize i, int price) {
    const char c = token[i];
    if (i > 0 && token[i - 1] == c)
        return PRICE_DOUBLED;
    if (i > 0 && (c == 'H' || c == 'E'))
        return PRICE_MUTE;
    return price + (i == 0 ? PRICE_FIRST : 0);
}

/* Leaves what differs: returns how many letters both begin with, and takes off what both end with. Most
 * of two like names is that. */
static inline gsize trim(const char *a, gsize *a_n, const char *b, gsize *b_n) {
    gsize same = 0;
    while (same < *a_n && same < *b_n && a[same] == b[same])
        same++;
    while (*a_n > same && *b_n > same && a[*a_n - 1] == b[*b_n - 1]) {
        --*a_n;
        --*b_n;
    }
    return same;
}

int people_price(const char *a, gsize a_n, const char *b, gsize b_n, int most) {
    int rows[3][PEOPLE_TOKEN_MAX + 1], *before = rows[0], *above = rows[1], *row = rows[2];
    const gsize same = trim(a, &a_n, b, &b_n);
    const gsize n = a_n - same, m = b_n - same;
    int least_above = 0; /* a swap looks back two rows */
    above[0] = 0;
    int inserts[PEOPLE_TOKEN_MAX + 1];
    for (gsize j = 1; j <= m; j++) {
        inserts[j] = price_of_letter(b, same + j - 1, PRICE_INSERT);
        above[j] = above[j - 1] + inserts[j];
    }
    for (gsize i = 1; i <= n; i++) {
        const gsize at = same + i - 1;
        const int drop = price_of_letter(a, at, PRICE_DELETE);
        int least = row[0] = above[0] + drop;
        for (gsize j = 1; j <= m; j++) {
            const gsize to = same + j - 1;
            int price = above[j - 1] + substitution[a[at] - 'A'][b[to] - 'A'];
            if (at == 0 && to == 0)
                price += PRICE_FIRST;
            price = MIN(price, above[j] + drop);
            price = MIN(price, row[j - 1] + inserts[j]);
            if (i > 1 && j > 1 && a[at] == b[to - 1] && a[at - 1] == b[to])
                price = MIN(price, before[j - 2] + PRICE_SWAP + (at == 1 ? PRICE_FIRST : 0));
            row[j] = price;
            least = MIN(least, price);
        }
        if (least > most && least_above + PRICE_SWAP > most)
            return PEOPLE_FAR;
        least_above = least;
        int *spare = before;
        before = above;
        above = row;
        row = spare;
    }
    return above[m] <= most ? above[m] : PEOPLE_FAR;
}

/* ── Counting edits ────────────────────────────────────────────────────────────────────────────── */

void people_pattern_make(struct people_pattern *pattern, const char *token, gsize n) {
    memset(pattern, 0, sizeof *pattern);
    pattern->n = n;
    for (gsize i = 0; i < n; i++)
        pattern->at[token[i] - 'A'] |= (guint64)1 << i;
}

guint people_edits(const struct people_pattern *pattern, const char *token, gsize n) {
    guint64 up = ~(guint64)0, down = 0, diagonal = 0, match_before = 0;
    if (!pattern->n)
        return (guint)n;
    const guint64 last = (guint64)1 << (pattern->n - 1);
    guint edits = (guint)pattern->n;
    for (gsize i = 0; i < n; i++) {
        const guint64 match = pattern->at[token[i] - 'A'];
        const guint64 swapped = ((~diagonal & match) << 1) & match_before;
        diagonal = (((match & up) + up) ^ up) | match | down | swapped;
        guint64 right = down | ~(diagonal | up), left = diagonal & up;
        edits += (right & last) != 0;
        edits -= (left & last) != 0;
        right = right << 1 | 1;
        left <<= 1;
        up = left | ~(diagonal | right);
        down = right & diagonal;
        match_before = match;
    }
    return edits;
}

gboolean people_is_one_edit(const char *a, gsize a_n, const char *b, gsize b_n) {
    const gsize same = trim(a, &a_n, b, &b_n);
    const gsize n = a_n - same, m = b_n - same;
    return (n <= 1 && m <= 1) || (n == 2 && m == 2 && a[same] == b[same + 1] && a[same + 1] == b[same]);
}

/* ── Skeletons ─────────────────────────────────────────────────────────────────────────────────── */

/* Spellings of one sound, longest first; what is on the right is written into the skeleton. */
static const struct {
    const char *spelling, *sound;
} sounds[] = {{"SCH", "X"}, {"IGH", "A"}, {"TCH", "X"}, {"CKS", "KS"}, {"PH", "F"}, {"CK", "K"},
              {"SH", "X"},  {"CH", "X"},  {"TH", "T"},  {"WH", "W"},   {"WR", "R"}, {"KN", "N"},
              {"QU", "KW"}, {"DG", "J"},  {"GH", "K"},  {"MB", "M"},   {"TZ", "S"}, {"TS", "S"},
              {"GE", "JA"}, {"GI", "JA"}, {"CE", "SA"}, {"CI", "SA"},  {"CY", "SA"}};

static char sound_of(char c) {
    switch (c) {
    case 'A':
    case 'E':
    case 'I':
    case 'O':
    case 'U':
    case 'Y': return 'A';
    case 'C':
    case 'Q': return 'K';
    case 'Z': return 'S';
    case 'V': return 'B';
    case 'G': return 'J';
    case 'D': return 'T';
    default: return c;
    }
}

gsize people_skeleton(const char *token, gsize n, char *out) {
    gsize out_n = 0;
    for (gsize i = 0; i < n && out_n + 2 < PEOPLE_TOKEN_MAX;) {
        char heard[3] = {sound_of(token[i]), 0, 0};
        gsize taken = 1;
        if (token[i] == 'X') {
            memcpy(heard, "KS", 2);
        } else if (token[i] == 'H') {
            heard[0] = 0; /* comes and goes */
        }
        for (gsize s = 0; s < G_N_ELEMENTS(sounds); s++) {
            const gsize length = strlen(sounds[s].spelling);
            if (n - i >= length && memcmp(token + i, sounds[s].spelling, length) == 0) {
                g_strlcpy(heard, sounds[s].sound, sizeof heard);
                taken = length;
                break;
            }
        }
        for (const char *h = heard; *h; h++)
            if ((*h != 'A' || out_n == 0) && (out_n == 0 || out[out_n - 1] != *h))
                out[out_n++] = *h; /* vowels count at the start only; nothing counts twice */
        i += taken;
    }
    out[out_n] = 0;
    return out_n;
}

guint32 people_letters(const char *token, gsize n) {
    guint32 mask = 0;
    for (gsize i = 0; i < n; i++)
        mask |= (guint32)1 << (token[i] - 'A');
    return mask | (guint32)MIN(n, 63) << 26;
}
