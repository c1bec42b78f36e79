#include "ledger/note.h"

#include <string.h>

#include "base/error.h"
#include "base/seal.h"

#define MOST_SIGNATURES 64
#define DASH "\xE2\x80\x94 " /* an em dash and a blank begin a signature line */
#define ID_BYTES 4
#define COSIGNED_BYTES (8 + SIGN_BYTES) /* the time, big-endian, then the signature */

struct ledger_signer {
    struct ledger_verifier verifier;
    guint8 seed[SIGN_SEED_BYTES];
    struct sign_key *key;
};

static gboolean wrong(GError **error, const char *what) {
    g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT, "%s", what);
    return FALSE;
}

gboolean ledger_name_is_valid(const char *name) {
    if (!*name || !g_utf8_validate(name, -1, NULL))
        return FALSE;
    for (const char *p = name; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (c == '+' || g_unichar_isspace(c) || g_unichar_iscntrl(c))
            return FALSE;
    }
    return TRUE;
}

/* Strict base64: what it decodes to is written back as it was. NULL if not. Transfer full. */
static guint8 *decode(const char *text, gsize n, gsize *bytes_n) {
    g_autofree char *copy = g_strndup(text, n);
    g_autofree guint8 *bytes = g_base64_decode(copy, bytes_n);
    g_autofree char *again = g_base64_encode(bytes, *bytes_n);
    return strcmp(copy, again) == 0 ? g_steal_pointer(&bytes) : NULL;
}

/* ── Keys ──────────────────────────────────────────────────────────────────────────────────────── */

static void compute_id(struct ledger_verifier *v) {
    g_autoptr(GByteArray) text = g_byte_array_new();
    const guint8 between[2] = {'\n', (guint8)v->type};
    guint8 digest[32];
    g_byte_array_append(text, (const guint8 *)v->name, (guint)strlen(v->name));
    g_byte_array_append(text, between, sizeof between);
    g_byte_array_append(text, v->public, SIGN_PUBLIC_BYTES);
    seal_sha256(text->data, text->len, digest);
    memcpy(v->id, digest, ID_BYTES);
}

/* Reads `name+id+base64(type ‖ 32 bytes)`. The base64 may hold a plus, so only the first two part. */
static gboolean parse_key(const char *text, struct ledger_verifier *v, guint8 material[32],
                          guint8 id[ID_BYTES], GError **error) {
    const char *first = strchr(text, '+'), *second = first ? strchr(first + 1, '+') : NULL;
    gsize n;
    if (!second || second - first != 9)
        return wrong(error, "a key is name+8 hexadecimal digits+base64");
    v->name = g_strndup(text, (gsize)(first - text));
    g_autofree guint8 *bytes = decode(second + 1, strlen(second + 1), &n);
    if (!ledger_name_is_valid(v->name) || !bytes || n != 1 + 32)
        return wrong(error, "the key is damaged: it should hold a type and 32 bytes");
    for (guint i = 0; i < ID_BYTES; i++) {
        int high = g_ascii_xdigit_value(first[1 + 2 * i]), low = g_ascii_xdigit_value(first[2 + 2 * i]);
        if (high < 0 || low < 0)
            return wrong(error, "the key's id is 8 hexadecimal digits");
        id[i] = (guint8)(high << 4 | low);
    }
    if (bytes[0] != LEDGER_KEY_ED25519 && bytes[0] != LEDGER_KEY_COSIGNATURE)
        return wrong(error,
                     "the key is of a type this program does not know (it knows Ed25519, 1 and 4)");
    v->type = bytes[0];
    memcpy(material, bytes + 1, 32);
    seal_wipe(bytes, n);
    return TRUE;
}

struct ledger_verifier *ledger_verifier_parse(const char *vkey, GError **error) {
    struct ledger_verifier *v = g_new0(struct ledger_verifier, 1);
    guint8 id[ID_BYTES];
    gboolean ok = parse_key(vkey, v, v->public, id, error);
    if (ok) {
        compute_id(v);
        ok = memcmp(id, v->id, ID_BYTES) == 0 ||
             wrong(error, "the key's id does not belong to its name and bytes");
    }
    if (ok)
        return v;
    ledger_verifier_free(v);
    return NULL;
}

void ledger_verifier_free(struct ledger_verifier *verifier) {
    if (!verifier)
        return;
    g_free(verifier->name);
    g_free(verifier);
}

static char *format_key(const struct ledger_verifier *v, const char *prefix, const guint8 *material) {
    guint8 bytes[1 + 32] = {(guint8)v->type};
    memcpy(bytes + 1, material, 32);
    g_autofree char *base64 = g_base64_encode(bytes, sizeof bytes);
    char *text = g_strdup_printf("%s%s+%02x%02x%02x%02x+%s", prefix, v->name, v->id[0], v->id[1],
                                 v->id[2], v->id[3], base64);
    seal_wipe(bytes, sizeof bytes);
    seal_wipe(base64, strlen(base64));
    return text;
}

char *ledger_verifier_format(const struct ledger_verifier *verifier) {
    return format_key(verifier, "", verifier->public);
}

static const char private_prefix[] = "PRIVATE+KEY+";

static struct ledger_signer *finish_signer(struct ledger_signer *signer) {
    signer->key = sign_key_new(signer->seed);
    sign_key_public(signer->key, signer->verifier.public);
    compute_id(&signer->verifier);
    return signer;
}

struct ledger_signer *ledger_signer_new(const char *name, enum ledger_key_type type,
                                        const struct base_random *random) {
    struct ledger_signer *signer = g_new0(struct ledger_signer, 1);
    signer->verifier.name = g_strdup(name);
    signer->verifier.type = type;
    random->fill(random->context, signer->seed, sizeof signer->seed);
    return finish_signer(signer);
}

struct ledger_signer *ledger_signer_parse(const char *text, GError **error) {
    struct ledger_signer *signer = g_new0(struct ledger_signer, 1);
    guint8 id[ID_BYTES];
    gboolean ok = g_str_has_prefix(text, private_prefix) ||
                  wrong(error, "a private key begins with PRIVATE+KEY+");
    ok = ok && parse_key(text + strlen(private_prefix), &signer->verifier, signer->seed, id, error);
    if (ok) {
        finish_signer(signer);
        ok = memcmp(id, signer->verifier.id, ID_BYTES) == 0 ||
             wrong(error, "the private key's id does not belong to it");
    }
    if (ok)
        return signer;
    ledger_signer_free(signer);
    return NULL;
}

char *ledger_signer_format(const struct ledger_signer *signer) {
    return format_key(&signer->verifier, private_prefix, signer->seed);
}

void ledger_signer_free(struct ledger_signer *signer) {
    if (!signer)
        return;
    sign_key_free(signer->key);
    seal_wipe(signer->seed, sizeof signer->seed);
    g_free(signer->verifier.name);
    g_free(signer);
}

const struct ledger_verifier *ledger_signer_verifier(const struct ledger_signer *signer) {
    return &signer->verifier;
}

/* ── Signing and checking ──────────────────────────────────────────────────────────────────────── */

/* What a key signs: the text, or for a cosignature the text behind two lines. Transfer full. */
static char *signed_text(const char *text, gsize n, enum ledger_key_type type, guint64 time_s) {
    if (type == LEDGER_KEY_ED25519)
        return g_strndup(text, n);
    return g_strdup_printf("cosignature/v1\ntime %" G_GUINT64_FORMAT "\n%.*s", time_s, (int)n, text);
}

char *ledger_note_sign(const char *text, const struct ledger_signer *signer, gint64 time_s) {
    const struct ledger_verifier *v = &signer->verifier;
    guint8 bytes[ID_BYTES + COSIGNED_BYTES];
    gsize n = ID_BYTES;
    memcpy(bytes, v->id, ID_BYTES);
    for (guint i = 0; v->type == LEDGER_KEY_COSIGNATURE && i < 8; i++)
        bytes[n++] = (guint8)((guint64)time_s >> (56 - 8 * i));
    g_autofree char *message = signed_text(text, strlen(text), v->type, (guint64)time_s);
    sign_message(signer->key, message, strlen(message), bytes + n);
    g_autofree char *base64 = g_base64_encode(bytes, n + SIGN_BYTES);
    return g_strdup_printf(DASH "%s %s\n", v->name, base64);
}

gboolean ledger_note_split(const char *note, gsize n, gsize *text_n, const char **signatures,
                           GError **error) {
    if (n == 0 || !g_utf8_validate(note, (gssize)n, NULL) || note[n - 1] != '\n')
        return wrong(error, "a note is UTF-8 text that ends in a newline");
    for (gsize i = 0; i < n; i++)
        if ((guint8)note[i] < 0x20 && note[i] != '\n')
            return wrong(error, "a note has no control characters but newlines");
    g_autofree char *copy = g_strndup(note, n);
    const char *gap = g_strrstr(copy, "\n\n");
    if (!gap)
        return wrong(error, "a note has an empty line before its signatures");
    *text_n = (gsize)(gap - copy) + 1;
    *signatures = note + *text_n + 1;
    return *signatures < note + n || wrong(error, "the note is not signed");
}

/* One signature line, without its newline. */
struct line {
    const char *name;
    gsize name_n;
    guint8 *bytes;
    gsize n;
};

static gboolean parse_line(const char *text, gsize n, struct line *line) {
    const char *end = text + n, *space;
    if (n < strlen(DASH) || memcmp(text, DASH, strlen(DASH)) != 0)
        return FALSE;
    line->name = text + strlen(DASH);
    space = memchr(line->name, ' ', (gsize)(end - line->name));
    if (!space || space == line->name)
        return FALSE;
    line->name_n = (gsize)(space - line->name);
    line->bytes = decode(space + 1, (gsize)(end - space - 1), &line->n);
    return line->bytes && line->n > ID_BYTES;
}

static gboolean is_by(const struct line *line, const struct ledger_verifier *v) {
    return line->name_n == strlen(v->name) && memcmp(line->name, v->name, line->name_n) == 0 &&
           memcmp(line->bytes, v->id, ID_BYTES) == 0;
}

static gboolean line_verifies(const char *text, gsize text_n, const struct line *line,
                              const struct ledger_verifier *v, gint64 *time_s) {
    const gsize head = v->type == LEDGER_KEY_COSIGNATURE ? 8 : 0;
    const guint8 *bytes = line->bytes + ID_BYTES;
    guint64 time = 0;
    if (line->n != ID_BYTES + head + SIGN_BYTES)
        return FALSE;
    for (guint i = 0; i < head; i++)
        time = time << 8 | bytes[i];
    if (time > G_MAXINT64)
        return FALSE;
    g_autofree char *message = signed_text(text, text_n, v->type, time);
    if (!sign_verify(v->public, message, strlen(message), bytes + head))
        return FALSE;
    if (time_s)
        *time_s = (gint64)time;
    return TRUE;
}

gboolean ledger_note_is_signed(const char *note, gsize n, const struct ledger_verifier *verifier,
                               gint64 *time_s, GError **error) {
    gsize text_n;
    const char *at;
    gboolean is_signed = FALSE;
    guint count = 0;
    if (!ledger_note_split(note, n, &text_n, &at, error))
        return FALSE;
    while (at < note + n) {
        const char *end = memchr(at, '\n', (gsize)(note + n - at));
        struct line line = {NULL};
        gboolean ok = ++count <= MOST_SIGNATURES && parse_line(at, (gsize)(end - at), &line);
        if (!ok)
            wrong(error, count > MOST_SIGNATURES ? "the note has more than 64 signatures"
                                                 : "a signature line of the note is damaged");
        else if (is_by(&line, verifier)) {
            ok = line_verifies(note, text_n, &line, verifier, time_s);
            is_signed |= ok;
            if (!ok)
                g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT, "the signature of %s is wrong",
                            verifier->name);
        }
        g_free(line.bytes);
        if (!ok)
            return FALSE;
        at = end + 1;
    }
    return is_signed;
}

char *ledger_note_valid_lines(const char *text, gsize text_n, const char *lines,
                              const struct ledger_verifier *verifier) {
    GString *valid = g_string_new(NULL);
    for (const char *end; !valid->len && (end = strchr(lines, '\n')) != NULL; lines = end + 1) {
        struct line line = {NULL};
        if (parse_line(lines, (gsize)(end - lines), &line) && is_by(&line, verifier) &&
            line_verifies(text, text_n, &line, verifier, NULL))
            g_string_append_len(valid, lines, end + 1 - lines);
        g_free(line.bytes);
    }
    return g_string_free(valid, FALSE);
}
