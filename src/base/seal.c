#include "base/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/pem.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"

#define NONCE_BYTES 12
#define TAG_BYTES 16
#define POINT_BYTES 65
#define KEY_HEAP_BYTES (64u << 10)
#define KEY_HEAP_LEAST 32u

/* Both keys are one OpenSSL object; the types keep a caller from mixing them up. */
struct seal_public {
    EVP_PKEY *key;
};
struct seal_private {
    EVP_PKEY *key;
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_CIPHER_CTX, EVP_CIPHER_CTX_free)

static gboolean fail(GError **error, const char *what) {
    char text[160];
    ERR_error_string_n(ERR_get_error(), text, sizeof text);
    ERR_clear_error();
    g_set_error(error, BASE_ERROR, BASE_ERROR_REFUSED, "%s (%s)", what, text);
    return FALSE;
}

void seal_wipe(void *bytes, gsize n) {
    OPENSSL_cleanse(bytes, n);
}

void seal_bytes_unref(GBytes *bytes) {
    gsize n;
    if (!bytes)
        return;
    gconstpointer data = g_bytes_get_data(bytes, &n);
    if (data)
        OPENSSL_cleanse((void *)(gsize)data, n);
    g_bytes_unref(bytes);
}

static gboolean write_pem(const char *path, int mode, EVP_PKEY *key, gboolean is_private,
                          GError **error) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (!file) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_CONFLICT, "%s: %s", path, g_strerror(errno));
        return FALSE;
    }
    int ok = is_private ? PEM_write_PKCS8PrivateKey(file, key, NULL, NULL, 0, NULL, NULL)
                        : PEM_write_PUBKEY(file, key);
    ok = ok && fflush(file) == 0 && fsync(fd) == 0;
    return (fclose(file) == 0 && ok) || fail(error, "a key file could not be written");
}

gboolean seal_generate(const char *private_path, const char *public_path, GError **error) {
    g_autoptr(EVP_PKEY) key = EVP_EC_gen("P-256");
    if (!key)
        return fail(error, "no key pair could be made");
    return write_pem(private_path, 0600, key, TRUE, error) &&
           write_pem(public_path, 0644, key, FALSE, error);
}

static EVP_PKEY *load(const char *path, gboolean is_private, GError **error) {
    g_autofree char *pem = NULL;
    gsize n;
    if (!g_file_get_contents(path, &pem, &n, error))
        return NULL;
    BIO *bio = BIO_new_mem_buf(pem, (int)n);
    EVP_PKEY *key = is_private ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL)
                               : PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    BIO_free(bio);
    OPENSSL_cleanse(pem, n);
    char group[32] = "";
    if (!key ||
        !EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, NULL) ||
        strcmp(group, "prime256v1") != 0) {
        EVP_PKEY_free(key);
        fail(error, "not a P-256 key");
        g_prefix_error(error, "%s: ", path);
        return NULL;
    }
    return key;
}

struct seal_public *seal_public_load(const char *path, GError **error) {
    EVP_PKEY *key = load(path, FALSE, error);
    if (!key)
        return NULL;
    struct seal_public *public = g_new(struct seal_public, 1);
    public->key = key;
    return public;
}

struct seal_private *seal_private_load(const char *path, GError **error) {
    EVP_PKEY *key = load(path, TRUE, error);
    if (!key)
        return NULL;
    struct seal_private *private = g_new(struct seal_private, 1);
    private->key = key;
    return private;
}

void seal_public_free(struct seal_public *key) {
    if (key)
        EVP_PKEY_free(key->key);
    g_free(key);
}

void seal_private_free(struct seal_private *key) {
    if (key)
        EVP_PKEY_free(key->key);
    g_free(key);
}

/* AES-256-GCM either way. `nonce` is 12 bytes; the tag follows the ciphertext. */
static gboolean gcm_seal(const guint8 *key, const guint8 *nonce, const char *bound_to,
                         const void *plain, gsize n, guint8 *out) {
    g_autoptr(EVP_CIPHER_CTX) context = EVP_CIPHER_CTX_new();
    int length;
    return EVP_EncryptInit_ex2(context, EVP_aes_256_gcm(), key, nonce, NULL) &&
           EVP_EncryptUpdate(context, NULL, &length, (const guint8 *)bound_to, (int)strlen(bound_to)) &&
           EVP_EncryptUpdate(context, out, &length, plain, (int)n) &&
           EVP_EncryptFinal_ex(context, out + n, &length) &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, out + n);
}

static gboolean gcm_open(const guint8 *key, const guint8 *nonce, const char *bound_to,
                         const guint8 *box, gsize n, guint8 *out) {
    g_autoptr(EVP_CIPHER_CTX) context = EVP_CIPHER_CTX_new();
    int length;
    return EVP_DecryptInit_ex2(context, EVP_aes_256_gcm(), key, nonce, NULL) &&
           EVP_DecryptUpdate(context, NULL, &length, (const guint8 *)bound_to, (int)strlen(bound_to)) &&
           EVP_DecryptUpdate(context, out, &length, box, (int)n) &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, (void *)(gsize)(box + n)) &&
           EVP_DecryptFinal_ex(context, out + length, &length) > 0;
}

/* ECDH, then HKDF over the shared x coordinate with the ephemeral point as salt. */
static gboolean agree(EVP_PKEY *mine, EVP_PKEY *theirs, const guint8 *point, guint8 *key) {
    guint8 shared[32];
    size_t n = sizeof shared, key_n = SEAL_KEY_BYTES;
    static const char info[] = "tocsin contact key 1";
    g_autoptr(EVP_PKEY_CTX) ecdh = EVP_PKEY_CTX_new(mine, NULL);
    g_autoptr(EVP_PKEY_CTX) hkdf = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);

    gboolean ok = EVP_PKEY_derive_init(ecdh) > 0 && EVP_PKEY_derive_set_peer(ecdh, theirs) > 0 &&
                  EVP_PKEY_derive(ecdh, shared, &n) > 0 && EVP_PKEY_derive_init(hkdf) > 0 &&
                  EVP_PKEY_CTX_set_hkdf_md(hkdf, EVP_sha256()) > 0 &&
                  EVP_PKEY_CTX_set1_hkdf_salt(hkdf, point, POINT_BYTES) > 0 &&
                  EVP_PKEY_CTX_set1_hkdf_key(hkdf, shared, (int)n) > 0 &&
                  EVP_PKEY_CTX_add1_hkdf_info(hkdf, (const guint8 *)info, sizeof info - 1) > 0 &&
                  EVP_PKEY_derive(hkdf, key, &key_n) > 0;
    OPENSSL_cleanse(shared, sizeof shared);
    return ok;
}

GBytes *seal_to_public(const struct seal_public *public, const void *plain, gsize n,
                       const char *bound_to, GError **error) {
    g_autoptr(EVP_PKEY) ephemeral = EVP_EC_gen("P-256");
    gsize box_n = 1 + POINT_BYTES + NONCE_BYTES + n + TAG_BYTES;
    g_autofree guint8 *box = g_malloc(box_n);
    guint8 *point = box + 1, *nonce = point + POINT_BYTES, key[SEAL_KEY_BYTES];
    size_t point_n = 0;

    box[0] = 'P';
    gboolean ok = ephemeral &&
                  EVP_PKEY_get_octet_string_param(ephemeral, OSSL_PKEY_PARAM_PUB_KEY, point,
                                                  POINT_BYTES, &point_n) &&
                  point_n == POINT_BYTES && agree(ephemeral, public->key, point, key);
    base_system_random.fill(NULL, nonce, NONCE_BYTES);
    ok = ok && gcm_seal(key, nonce, bound_to, plain, n, nonce + NONCE_BYTES);
    OPENSSL_cleanse(key, sizeof key);
    if (!ok) {
        fail(error, "a secret could not be sealed");
        return NULL;
    }
    return g_bytes_new_take(g_steal_pointer(&box), box_n);
}

static EVP_PKEY *point_to_key(const guint8 *point) {
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)(gsize) "prime256v1", 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(gsize)point, POINT_BYTES),
        OSSL_PARAM_construct_end()};
    g_autoptr(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
    EVP_PKEY *key = NULL;
    if (EVP_PKEY_fromdata_init(context) <= 0 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0)
        return NULL;
    return key;
}

static GBytes *take_plain(guint8 *plain, gsize n, gboolean ok, GError **error) {
    if (ok)
        return g_bytes_new_take(plain, n);
    OPENSSL_cleanse(plain, n);
    g_free(plain);
    fail(error, "a sealed secret does not open: wrong key, or it was altered");
    return NULL;
}

GBytes *seal_open_private(const struct seal_private *private, GBytes *box, const char *bound_to,
                          GError **error) {
    gsize n;
    const guint8 *data = g_bytes_get_data(box, &n);
    const gsize overhead = 1 + POINT_BYTES + NONCE_BYTES + TAG_BYTES;
    guint8 key[SEAL_KEY_BYTES];

    if (n < overhead || data[0] != 'P') {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT, "not a sealed secret");
        return NULL;
    }
    const guint8 *point = data + 1, *nonce = point + POINT_BYTES;
    g_autoptr(EVP_PKEY) theirs = point_to_key(point);
    guint8 *plain = g_malloc(n - overhead + 1);
    gboolean ok = theirs && agree(private->key, theirs, point, key) &&
                  gcm_open(key, nonce, bound_to, nonce + NONCE_BYTES, n - overhead, plain);
    OPENSSL_cleanse(key, sizeof key);
    return take_plain(plain, n - overhead, ok, error);
}

GBytes *seal_with_key(const guint8 *key, const struct base_random *random, const void *plain, gsize n,
                      const char *bound_to, GError **error) {
    gsize box_n = 1 + NONCE_BYTES + n + TAG_BYTES;
    g_autofree guint8 *box = g_malloc(box_n);

    box[0] = 'K';
    random->fill(random->context, box + 1, NONCE_BYTES);
    if (!gcm_seal(key, box + 1, bound_to, plain, n, box + 1 + NONCE_BYTES)) {
        fail(error, "a secret could not be sealed");
        return NULL;
    }
    return g_bytes_new_take(g_steal_pointer(&box), box_n);
}

GBytes *seal_open_key(const guint8 *key, GBytes *box, const char *bound_to, GError **error) {
    gsize n;
    const guint8 *data = g_bytes_get_data(box, &n);
    const gsize overhead = 1 + NONCE_BYTES + TAG_BYTES;

    if (n < overhead || data[0] != 'K') {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT, "not a sealed secret");
        return NULL;
    }
    guint8 *plain = g_malloc(n - overhead + 1);
    gboolean ok = gcm_open(key, data + 1, bound_to, data + 1 + NONCE_BYTES, n - overhead, plain);
    return take_plain(plain, n - overhead, ok, error);
}

/* What hashing needs of OpenSSL, kept a thread: to look it up anew takes ten times as long as a hash.
 */
struct hashing {
    EVP_MD_CTX *digest;
    EVP_MAC_CTX *mac;
};

static void hashing_free(gpointer data) {
    struct hashing *h = data;
    EVP_MD_CTX_free(h->digest);
    EVP_MAC_CTX_free(h->mac);
    g_free(h);
}

static GPrivate kept_hashing = G_PRIVATE_INIT(hashing_free);

static struct hashing *hashing(void) {
    static char sha256[] = "SHA256";
    static EVP_MD *md;
    static EVP_MAC *hmac;
    static gsize is_fetched;
    struct hashing *h = g_private_get(&kept_hashing);
    if (g_once_init_enter(&is_fetched)) {
        md = EVP_MD_fetch(NULL, sha256, NULL);
        hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
        g_once_init_leave(&is_fetched, 1);
    }
    if (h)
        return h;
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256, 0),
                                 OSSL_PARAM_construct_end()};
    h = g_new0(struct hashing, 1);
    h->digest = EVP_MD_CTX_new();
    h->mac = EVP_MAC_CTX_new(hmac);
    if (!EVP_DigestInit_ex(h->digest, md, NULL) || !EVP_MAC_CTX_set_params(h->mac, params))
        g_error("OpenSSL has no SHA-256");
    g_private_set(&kept_hashing, h);
    return h;
}

void seal_forget_thread(void) {
    g_private_replace(&kept_hashing, NULL);
    OPENSSL_thread_stop();
}

void seal_sha256(const void *bytes, gsize n, guint8 digest[32]) {
    EVP_MD_CTX *context = hashing()->digest;
    if (!EVP_DigestInit_ex(context, NULL, NULL) || !EVP_DigestUpdate(context, bytes, n) ||
        !EVP_DigestFinal_ex(context, digest, NULL))
        g_error("OpenSSL cannot compute SHA-256");
}

void seal_hmac(const void *key, gsize key_n, const void *text, gsize n, guint8 mac[32]) {
    EVP_MAC_CTX *context = hashing()->mac;
    gsize mac_n = 32;
    if (!EVP_MAC_init(context, key, key_n, NULL) || !EVP_MAC_update(context, text, n) ||
        !EVP_MAC_final(context, mac, &mac_n, 32))
        g_error("OpenSSL cannot compute HMAC-SHA256");
}

gboolean seal_equal(const void *a, const void *b, gsize n) {
    return CRYPTO_memcmp(a, b, n) == 0;
}

#define SALT_BYTES 16
#define PIN_BYTES 32

static gboolean stretch(const char *pin, const guint8 *salt, guint8 *out) {
    return EVP_PBE_scrypt(pin, strlen(pin), salt, SALT_BYTES, 1 << 14, 8, 1, 64 << 20, out, PIN_BYTES) >
           0;
}

char *seal_pin_hash(const struct base_random *random, const char *pin) {
    guint8 bytes[SALT_BYTES + PIN_BYTES];
    random->fill(random->context, bytes, SALT_BYTES);
    if (!stretch(pin, bytes, bytes + SALT_BYTES))
        return NULL;
    g_autofree char *text = g_base64_encode(bytes, sizeof bytes);
    return g_strconcat("scrypt14$", text, NULL);
}

gboolean seal_pin_matches(const char *pin_hash, const char *pin) {
    guint8 out[PIN_BYTES];
    gsize n;
    if (!g_str_has_prefix(pin_hash, "scrypt14$"))
        return FALSE;
    g_autofree guint8 *bytes = g_base64_decode(pin_hash + strlen("scrypt14$"), &n);
    return n == SALT_BYTES + PIN_BYTES && stretch(pin, bytes, out) &&
           seal_equal(out, bytes + SALT_BYTES, PIN_BYTES);
}

/* ── Numbers ───────────────────────────────────────────────────────────────────────────────────── */

#define BLOCK_BYTES 16
#define NUMBER_BYTES 8

/* One block of AES-128: a keyed permutation of what is a number and as many zeros. */
static void permute(const guint8 *key, const guint8 in[BLOCK_BYTES], guint8 out[BLOCK_BYTES],
                    gboolean is_hiding) {
    g_autoptr(EVP_CIPHER_CTX) cipher = EVP_CIPHER_CTX_new();
    int n;
    if (EVP_CipherInit_ex2(cipher, EVP_aes_128_ecb(), key, NULL, is_hiding, NULL) != 1 ||
        EVP_CIPHER_CTX_set_padding(cipher, 0) != 1 ||
        EVP_CipherUpdate(cipher, out, &n, in, BLOCK_BYTES) != 1 || n != BLOCK_BYTES)
        g_error("AES is not to be had");
}

char *seal_number_hide(const guint8 *key, guint64 number) {
    guint8 plain[BLOCK_BYTES] = {0}, hidden[BLOCK_BYTES];
    char text[2 * BLOCK_BYTES + 1];
    for (guint i = 0; i < NUMBER_BYTES; i++)
        plain[i] = (guint8)(number >> (8 * i));
    permute(key, plain, hidden, TRUE);
    text_hex(hidden, sizeof hidden, text);
    return g_strdup(text);
}

gboolean seal_number_show(const guint8 *key, const char *text, guint64 *number) {
    guint8 hidden[BLOCK_BYTES], plain[BLOCK_BYTES];
    if (strlen(text) != 2 * BLOCK_BYTES)
        return FALSE;
    for (guint i = 0; i < BLOCK_BYTES; i++) {
        const gint high = g_ascii_xdigit_value(text[2 * i]),
                   low = g_ascii_xdigit_value(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return FALSE;
        hidden[i] = (guint8)(high << 4 | low);
    }
    permute(key, hidden, plain, FALSE);
    *number = 0;
    for (guint i = 0; i < NUMBER_BYTES; i++)
        *number |= (guint64)plain[i] << (8 * i);
    for (guint i = NUMBER_BYTES; i < BLOCK_BYTES; i++)
        if (plain[i])
            return FALSE;
    return TRUE;
}

/* ── The process ───────────────────────────────────────────────────────────────────────────────── */

void seal_guard_process(void) {
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
    CRYPTO_secure_malloc_init(KEY_HEAP_BYTES, KEY_HEAP_LEAST);
}

void seal_lock(const void *bytes, gsize n) {
    (void)!mlock(bytes, n); /* where it may not, it still leaves no core */
}
