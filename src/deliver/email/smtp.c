/* SMTP by libcurl: one connection, kept open between messages, with STARTTLS and a login.
 *
 * The dangerous case is a peer that got the whole message and never answered: it may have arrived.
 * That is told apart here (the last reply is DATA's 354), and tried again under the same Message-ID. */
#include <curl/curl.h>
#include <string.h>

#include "deliver/email/email.h"

#define TIMEOUT_S 60L

struct smtp {
    struct channel base;
    CURL *curl;
    char *from_path;
    char last_command[5]; /* RCPT, DATA …: what the peer's answer is about */
};

struct upload {
    const char *data;
    gsize left;
    gboolean is_done;
};

/* libcurl shows what it sends; only the verb is looked at. */
static int see_command(CURL *curl, curl_infotype type, char *data, size_t n, void *context) {
    struct smtp *smtp = context;
    (void)curl;
    if (type == CURLINFO_HEADER_OUT && n >= 4 && strncmp(data, "QUIT", 4) != 0) {
        memcpy(smtp->last_command, data, 4);
        smtp->last_command[4] = 0;
    }
    return 0;
}

static size_t read_upload(char *out, size_t size, size_t n, void *context) {
    struct upload *upload = context;
    gsize most = MIN(size * n, upload->left);
    memcpy(out, upload->data, most);
    upload->data += most;
    upload->left -= most;
    upload->is_done = upload->left == 0;
    return most;
}

/* A refusal is final only when it is about the recipient or the message. A server that refuses the
 * connection, the login or the sender is set up wrongly, and will be mended. */
static enum deliver_result judge(const struct smtp *smtp, CURLcode code, long reply, gboolean had_all) {
    if (code == CURLE_OK)
        return DELIVER_HANDED_OVER;
    if (reply >= 500 &&
        (had_all || g_str_equal(smtp->last_command, "RCPT") || g_str_equal(smtp->last_command, "DATA")))
        return DELIVER_REFUSED;
    if (!had_all || (reply >= 400 && reply < 500))
        return DELIVER_TRY_LATER;
    return reply >= 200 && reply < 300 ? DELIVER_HANDED_OVER : DELIVER_AMBIGUOUS;
}

static enum deliver_result smtp_send(struct channel *channel, const char *to, const char *key,
                                     GBytes *message, char **answer) {
    struct smtp *smtp = (struct smtp *)channel;
    struct upload upload = {.is_done = FALSE};
    char problem[CURL_ERROR_SIZE] = "";
    long reply = 0;
    (void)key;

    upload.data = g_bytes_get_data(message, &upload.left);
    g_autofree char *to_path = g_strdup_printf("<%s>", to);
    struct curl_slist *recipients = curl_slist_append(NULL, to_path);
    curl_easy_setopt(smtp->curl, CURLOPT_MAIL_FROM, smtp->from_path);
    curl_easy_setopt(smtp->curl, CURLOPT_MAIL_RCPT, recipients);
    curl_easy_setopt(smtp->curl, CURLOPT_READDATA, &upload);
    curl_easy_setopt(smtp->curl, CURLOPT_ERRORBUFFER, problem);
    smtp->last_command[0] = 0;
    CURLcode code = curl_easy_perform(smtp->curl);
    curl_easy_getinfo(smtp->curl, CURLINFO_RESPONSE_CODE, &reply);
    curl_easy_setopt(smtp->curl, CURLOPT_MAIL_RCPT, NULL);
    curl_easy_setopt(smtp->curl, CURLOPT_ERRORBUFFER, NULL);
    curl_slist_free_all(recipients);

    enum deliver_result result = judge(smtp, code, reply, upload.is_done);
    /* Peers repeat the address in what they say; only the number and curl's own words are kept. */
    *answer = code == CURLE_OK ? g_strdup_printf("%ld", reply)
                               : g_strdup_printf("%ld %s", reply, curl_easy_strerror(code));
    return result;
}

static void smtp_free(struct channel *channel) {
    struct smtp *smtp = (struct smtp *)channel;
    curl_easy_cleanup(smtp->curl);
    g_free(smtp->from_path);
    g_free(smtp);
}

struct channel *email_open_smtp(const struct email_settings *s, const char *ca_file,
                                const char *password) {
    static const long tls[] = {CURLUSESSL_NONE, CURLUSESSL_TRY, CURLUSESSL_ALL};
    struct smtp *smtp = g_new0(struct smtp, 1);
    g_autofree char *url = g_strdup_printf("%s/%s", s->url, email_host(s));

    smtp->base = (struct channel){.send = smtp_send, .free = smtp_free};
    smtp->from_path = g_strdup_printf("<%s>", s->from_address);
    smtp->curl = curl_easy_init();
    curl_easy_setopt(smtp->curl, CURLOPT_URL, url);
    curl_easy_setopt(smtp->curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(smtp->curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(smtp->curl, CURLOPT_READFUNCTION, read_upload);
    curl_easy_setopt(smtp->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(smtp->curl, CURLOPT_VERBOSE,
                     1L); /* needed for the function below; prints nothing */
    curl_easy_setopt(smtp->curl, CURLOPT_DEBUGFUNCTION, see_command);
    curl_easy_setopt(smtp->curl, CURLOPT_DEBUGDATA, smtp);
    curl_easy_setopt(smtp->curl, CURLOPT_CONNECTTIMEOUT, 10L);
    curl_easy_setopt(smtp->curl, CURLOPT_TIMEOUT, TIMEOUT_S);
    curl_easy_setopt(smtp->curl, CURLOPT_USE_SSL, tls[s->starttls]);
    if (ca_file)
        curl_easy_setopt(smtp->curl, CURLOPT_CAINFO, ca_file);
    if (s->user) {
        curl_easy_setopt(smtp->curl, CURLOPT_USERNAME, s->user);
        curl_easy_setopt(smtp->curl, CURLOPT_PASSWORD, password);
    }
    return &smtp->base;
}
