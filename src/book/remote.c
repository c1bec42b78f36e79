#include "book/remote.h"

#include <curl/curl.h>
#include <string.h>

#include "base/error.h"

#define MOST_BYTES (24u << 20) /* a bundle of 256 entries of 64 KiB is 16 MiB */
#define MOST_ANSWER 65536u
#define TIMEOUT_S 30L

struct remote {
    char *location;
    CURL *curl; /* NULL: a folder */
};

struct remote *remote_open(const char *location) {
    struct remote *remote = g_new0(struct remote, 1);
    gsize n = strlen(location);
    while (n > 1 && location[n - 1] == '/')
        n--;
    remote->location = g_strndup(location, n);
    if (g_str_has_prefix(location, "http://") || g_str_has_prefix(location, "https://"))
        remote->curl = curl_easy_init();
    return remote;
}

void remote_close(struct remote *remote) {
    if (!remote)
        return;
    if (remote->curl)
        curl_easy_cleanup(remote->curl);
    g_free(remote->location);
    g_free(remote);
}

struct receiving {
    GByteArray *bytes;
    guint most;
};

static size_t receive(char *data, size_t size, size_t n, void *context) {
    struct receiving *r = context;
    if (size * n > r->most - r->bytes->len)
        return 0;
    g_byte_array_append(r->bytes, (const guint8 *)data, (guint)(size * n));
    return size * n;
}

static void set_common(CURL *curl, const char *url, struct receiving *r, long timeout_s) {
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, timeout_s);
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, r);
}

static GBytes *fetch_http(struct remote *remote, const char *path, GError **error) {
    g_autofree char *url = g_strconcat(remote->location, "/", path, NULL);
    struct receiving r = {g_byte_array_new(), MOST_BYTES};
    long status = 0;
    set_common(remote->curl, url, &r, TIMEOUT_S);
    CURLcode code = curl_easy_perform(remote->curl);
    curl_easy_getinfo(remote->curl, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK && status == 200)
        return g_byte_array_free_to_bytes(r.bytes);
    g_byte_array_unref(r.bytes);
    if (code != CURLE_OK)
        g_set_error(error, BASE_ERROR, BASE_ERROR_NETWORK, "%s: %s", url, curl_easy_strerror(code));
    else
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "%s: HTTP %ld", url, status);
    return NULL;
}

static GBytes *fetch_file(struct remote *remote, const char *path, GError **error) {
    g_autofree char *file = g_build_filename(remote->location, path, NULL);
    g_autoptr(GError) problem = NULL;
    char *bytes;
    gsize n;
    if (g_file_get_contents(file, &bytes, &n, &problem))
        return g_bytes_new_take(bytes, n);
    g_set_error_literal(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, problem->message);
    return NULL;
}

static GBytes *fetch(void *context, const char *path, GError **error) {
    struct remote *remote = context;
    return remote->curl ? fetch_http(remote, path, error) : fetch_file(remote, path, error);
}

struct ledger_source remote_source(struct remote *remote) {
    return (struct ledger_source){.fetch = fetch, .context = remote};
}

gboolean remote_post(const char *url, const char *body, guint timeout_s, long *status, char **answer,
                     GError **error) {
    struct receiving r = {g_byte_array_new(), MOST_ANSWER};
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: text/plain; charset=utf-8");
    set_common(curl, url, &r, (long)timeout_s);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    if (code != CURLE_OK)
        g_set_error(error, BASE_ERROR, BASE_ERROR_NETWORK, "%s: %s", url, curl_easy_strerror(code));
    g_byte_array_append(r.bytes, (const guint8 *)"", 1);
    *answer = code == CURLE_OK ? g_strdup((const char *)r.bytes->data) : NULL;
    g_byte_array_unref(r.bytes);
    return code == CURLE_OK;
}

gboolean remote_get(const char *url, guint timeout_s, GError **error) {
    struct receiving r = {g_byte_array_new(), MOST_ANSWER};
    CURL *curl = curl_easy_init();
    long status = 0;
    set_common(curl, url, &r, (long)timeout_s);
    const CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    g_byte_array_unref(r.bytes);
    if (code != CURLE_OK)
        g_set_error(error, BASE_ERROR, BASE_ERROR_NETWORK, "%s: %s", url, curl_easy_strerror(code));
    else if (status / 100 != 2)
        g_set_error(error, BASE_ERROR, BASE_ERROR_NETWORK, "%s: HTTP %ld", url, status);
    return code == CURLE_OK && status / 100 == 2;
}
