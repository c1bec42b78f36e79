#include "base/sign.h"

#include <openssl/err.h>
#include <openssl/evp.h>

struct sign_key {
    EVP_PKEY *key;
};

/* OpenSSL without Ed25519, or out of memory: nothing signed can be trusted after that. */
static void must(int ok) {
    if (ok != 1)
        g_error("OpenSSL cannot sign: %s", ERR_error_string(ERR_get_error(), NULL));
}

struct sign_key *sign_key_new(const guint8 seed[SIGN_SEED_BYTES]) {
    struct sign_key *key = g_new(struct sign_key, 1);
    key->key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, SIGN_SEED_BYTES);
    must(key->key != NULL);
    return key;
}

void sign_key_free(struct sign_key *key) {
    if (!key)
        return;
    EVP_PKEY_free(key->key);
    g_free(key);
}

void sign_key_public(const struct sign_key *key, guint8 public[SIGN_PUBLIC_BYTES]) {
    gsize n = SIGN_PUBLIC_BYTES;
    must(EVP_PKEY_get_raw_public_key(key->key, public, &n));
}

void sign_message(const struct sign_key *key, const void *message, gsize n,
                  guint8 signature[SIGN_BYTES]) {
    gsize length = SIGN_BYTES;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(EVP_DigestSignInit(context, NULL, NULL, NULL, key->key));
    must(EVP_DigestSign(context, signature, &length, message, n));
    EVP_MD_CTX_free(context);
}

gboolean sign_verify(const guint8 public[SIGN_PUBLIC_BYTES], const void *message, gsize n,
                     const guint8 signature[SIGN_BYTES]) {
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public, SIGN_PUBLIC_BYTES);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    gboolean ok = key && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
                  EVP_DigestVerify(context, signature, SIGN_BYTES, message, n) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return ok;
}
