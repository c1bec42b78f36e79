#include "web/head.h"

#include <string.h>

#define MOST_LENGTH_DIGITS 15u

static const char ambiguous[] = "The request's head can be read in more than one way.";

/* Where reading is: what is left of the lines, and what was wrong. */
struct reader {
    struct web_head *head;
    gboolean is_old; /* HTTP/1.0 */
    guint status;
    const char *why;
};

static gboolean refuse(struct reader *r, guint status, const char *why) {
    r->status = status;
    r->why = why;
    return FALSE;
}

/* ── Characters ────────────────────────────────────────────────────────────────────────────────── */

static gboolean is_token_char(char c) {
    return g_ascii_isalnum(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static gboolean is_token(const char *text) {
    const char *c = text;
    while (is_token_char(*c))
        c++;
    return *text && !*c;
}

/* What a field's value is made of: whatever prints, spaces, tabs, and bytes of other alphabets. */
static gboolean is_value_char(char c) {
    return (guchar)c >= 0x20 ? c != 0x7f : c == '\t';
}

static gboolean is_target_char(char c) {
    return g_ascii_isalnum(c) || (c && strchr("-._~:/?@!$&'()*+,;=%", c));
}

static gboolean is_host_char(char c) {
    return g_ascii_isalnum(c) || (c && strchr("-._~[]:", c));
}

static gboolean is_digit(char c) {
    return g_ascii_isdigit(c);
}

static gboolean consists_of(const char *text, gboolean (*is_in)(char)) {
    while (*text && is_in(*text))
        text++;
    return !*text;
}

/* ── The first line ────────────────────────────────────────────────────────────────────────────── */

static gboolean read_version(struct reader *r, const char *version) {
    if (g_str_equal(version, "HTTP/1.1") || g_str_equal(version, "HTTP/1.0")) {
        r->is_old = version[7] == '0';
        r->head->keeps = !r->is_old;
        return TRUE;
    }
    if (g_str_has_prefix(version, "HTTP/") && strlen(version) == 8 && g_ascii_isdigit(version[5]) &&
        version[6] == '.' && g_ascii_isdigit(version[7]))
        return refuse(r, 505, "Speak HTTP/1.1 or HTTP/1.0.");
    return refuse(r, 400, ambiguous);
}

/* What needs no escape has none, or "/%6Detrics" would pass whoever shuts "/metrics". */
static gboolean is_written_plainly(const char *target) {
    for (const char *at = target; (at = strchr(at, '%')); at++) {
        const gint high = g_ascii_xdigit_value(at[1]),
                   low = high < 0 ? -1 : g_ascii_xdigit_value(at[2]);
        const char c = low < 0 ? 0 : (char)(high * 16 + low);
        if (c && (g_ascii_isalnum(c) || strchr("-._~/", c)))
            return FALSE;
    }
    return TRUE;
}

static gboolean read_target(struct reader *r, char *target) {
    if (*target != '/' || !consists_of(target, is_target_char))
        return refuse(r, 400, "The address must be a path that begins with a stroke, as in RFC 3986.");
    target[strcspn(target, "?")] = 0;
    if (!is_written_plainly(target))
        return refuse(r, 400, "The address has an escape where none is needed.");
    g_autofree char *path = g_uri_unescape_string(target, NULL); /* NULL: a broken one, or a NUL */
    if (!path || !g_utf8_validate(path, -1, NULL))
        return refuse(r, 400, "A \"%\" in the address stands for no character.");
    r->head->path = g_steal_pointer(&path);
    return TRUE;
}

static gboolean read_first_line(struct reader *r, char *line) {
    char *target = strchr(line, ' '), *version = target ? strchr(target + 1, ' ') : NULL;
    if (!version)
        return refuse(r, 400, ambiguous);
    *target++ = *version++ = 0;
    if (!is_token(line))
        return refuse(r, 400, ambiguous);
    r->head->method = line;
    return read_version(r, version) && read_target(r, target);
}

/* ── Fields ────────────────────────────────────────────────────────────────────────────────────── */

static gboolean read_field(struct reader *r, char *line) {
    char *colon = strchr(line, ':');
    if (colon)
        *colon = 0;
    if (!colon || !is_token(line) || !consists_of(colon + 1, is_value_char))
        return refuse(r, 400, ambiguous);
    char *value = colon + 1 + strspn(colon + 1, " \t"), *end = value + strlen(value);
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        *--end = 0;
    if (r->head->n_fields == WEB_HEAD_MOST_FIELDS)
        return refuse(r, 431, "The request has too many header fields.");
    r->head->fields[r->head->n_fields++] = (struct web_field){line, value};
    return TRUE;
}

/* Those of which two would be two requests. */
static gboolean come_once(struct reader *r) {
    static const char *const once[] = {
        "Host",   "Content-Length",  "Transfer-Encoding", "Expect",           "Content-Type",
        "Cookie", "Idempotency-Key", "webhook-timestamp", "webhook-signature"};
    for (guint i = 0; i < G_N_ELEMENTS(once); i++) {
        guint n = 0;
        for (guint k = 0; k < r->head->n_fields; k++)
            n += g_ascii_strcasecmp(r->head->fields[k].name, once[i]) == 0;
        if (n > 1)
            return refuse(r, 400, ambiguous);
    }
    return TRUE;
}

static gboolean read_length(struct reader *r) {
    const char *length = web_head_field(r->head, "Content-Length");
    const char *encoding = web_head_field(r->head, "Transfer-Encoding");
    if (length && encoding)
        return refuse(r, 400, ambiguous);
    if (encoding) {
        r->head->is_chunked = TRUE;
        return (!r->is_old && g_ascii_strcasecmp(encoding, "chunked") == 0) ||
               refuse(r, r->is_old ? 400 : 501, "The only transfer encoding here is \"chunked\".");
    }
    if (!length)
        return TRUE;
    if (!*length || !consists_of(length, is_digit))
        return refuse(r, 400, ambiguous);
    if (strlen(length) > MOST_LENGTH_DIGITS)
        return refuse(r, 413, "The body is too large.");
    r->head->body_n = g_ascii_strtoull(length, NULL, 10);
    return TRUE;
}

static gboolean read_host(struct reader *r) {
    const char *host = web_head_field(r->head, "Host");
    if (!host)
        return r->is_old || refuse(r, 400, "HTTP/1.1 needs a Host.");
    return consists_of(host, is_host_char) || refuse(r, 400, ambiguous);
}

static void read_connection(struct reader *r) {
    for (guint i = 0; i < r->head->n_fields; i++) {
        if (g_ascii_strcasecmp(r->head->fields[i].name, "Connection") != 0)
            continue;
        g_auto(GStrv) words = g_strsplit(r->head->fields[i].value, ",", -1);
        for (char **word = words; *word; word++)
            if (g_ascii_strcasecmp(g_strstrip(*word), "keep-alive") == 0)
                r->head->keeps = TRUE;
        for (char **word = words; *word; word++)
            if (g_ascii_strcasecmp(*word, "close") == 0) {
                r->head->keeps = FALSE;
                return;
            }
    }
}

static gboolean read_expect(struct reader *r) {
    const char *expect = web_head_field(r->head, "Expect");
    if (!expect)
        return TRUE;
    r->head->is_awaiting = !r->is_old;
    return g_ascii_strcasecmp(expect, "100-continue") == 0 ||
           refuse(r, 417, "The only expectation here is \"100-continue\".");
}

/* ── The whole ─────────────────────────────────────────────────────────────────────────────────── */

static gboolean read_lines(struct reader *r, char *bytes, gsize n) {
    gboolean is_first = TRUE;
    for (char *line = bytes, *end; line < bytes + n; line = end + 2) {
        end = memchr(line, '\r', (gsize)(bytes + n - line));
        *end = 0;
        if (!(is_first ? read_first_line(r, line) : read_field(r, line)))
            return FALSE;
        is_first = FALSE;
    }
    if (!come_once(r) || !read_host(r) || !read_length(r) || !read_expect(r))
        return FALSE;
    read_connection(r);
    return TRUE;
}

/* Whether a CR and a LF stand together wherever one of them does, and no NUL anywhere. */
static gboolean has_whole_lines(const char *bytes, gsize n) {
    for (gsize i = 0; i < n; i++)
        if (!bytes[i] || (bytes[i] == '\n' && (!i || bytes[i - 1] != '\r')) ||
            (bytes[i] == '\r' && i + 1 < n && bytes[i + 1] != '\n'))
            return FALSE;
    return TRUE;
}

enum web_reading web_head_read(char *bytes, gsize n, struct web_head *head, gsize *head_n,
                               guint *status, const char **why) {
    struct reader r = {.head = head, .status = 400, .why = ambiguous};
    const gsize most = MIN(n, WEB_HEAD_MOST_BYTES);
    const char *end = g_strstr_len(bytes, (gssize)most, "\r\n\r\n");
    const gsize lines_n = end ? (gsize)(end - bytes) + 2 : most;
    *head = (struct web_head){0};
    gboolean ok = has_whole_lines(bytes, lines_n) && (most < 2 || memcmp(bytes, "\r\n", 2) != 0);
    if (ok && !end && n < WEB_HEAD_MOST_BYTES)
        return WEB_READING_MORE;
    ok = ok && (end || refuse(&r, 431, "The request's head is too long.")) &&
         read_lines(&r, bytes, lines_n);
    if (ok) {
        *head_n = lines_n + 2;
        return WEB_READING_DONE;
    }
    *status = r.status;
    *why = r.why;
    web_head_clear(head);
    return WEB_READING_REFUSED;
}

void web_head_clear(struct web_head *head) {
    g_free(head->path);
    *head = (struct web_head){0};
}

const char *web_head_field(const struct web_head *head, const char *name) {
    for (guint i = head->n_fields; i-- > 0;)
        if (g_ascii_strcasecmp(head->fields[i].name, name) == 0)
            return head->fields[i].value;
    return NULL;
}

/* ── Chunks ────────────────────────────────────────────────────────────────────────────────────── */

enum { SIZE, SIZE_LF, DATA, DATA_CR, DATA_LF, LAST_CR, LAST_LF };

/* A byte that is none of the body's. FALSE when it may not stand here. */
static gboolean read_between(struct web_chunks *chunks, char c) {
    switch (chunks->state) {
    case SIZE:
        if (g_ascii_isxdigit(c) && chunks->n_digits < 8) {
            chunks->left = chunks->left * 16 + (guint64)g_ascii_xdigit_value(c);
            chunks->n_digits++;
            return TRUE;
        }
        chunks->state = SIZE_LF;
        return c == '\r' && chunks->n_digits;
    case SIZE_LF:
        chunks->state = chunks->left ? DATA : LAST_CR;
        chunks->n_digits = 0;
        return c == '\n';
    case DATA_CR: chunks->state = DATA_LF; return c == '\r';
    case DATA_LF: chunks->state = SIZE; return c == '\n';
    case LAST_CR: chunks->state = LAST_LF; return c == '\r';
    default: return c == '\n';
    }
}

enum web_reading web_chunks_read(struct web_chunks *chunks, char *bytes, gsize n, gsize *body_n,
                                 gsize *read_n) {
    *body_n = *read_n = 0;
    while (*read_n < n) {
        if (chunks->state == DATA) {
            const gsize some = MIN(chunks->left, n - *read_n);
            memmove(bytes + *body_n, bytes + *read_n, some);
            *body_n += some;
            *read_n += some;
            if (!(chunks->left -= some))
                chunks->state = DATA_CR;
            continue;
        }
        const gboolean is_end = chunks->state == LAST_LF;
        if (!read_between(chunks, bytes[(*read_n)++]))
            return WEB_READING_REFUSED;
        if (is_end)
            return WEB_READING_DONE;
    }
    return WEB_READING_MORE;
}
