#include "web/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/error.h"
#include "base/seal.h"
#include "web/http.h"
#include "web/limits.h"
#include "web/rooms.h"

#define MOST_EVENT_BYTES (16u << 20) /* of pushed events */
#define MOST_BODY_BYTES (64u << 10)  /* of anything else */

struct web_server {
    struct site *site;
    struct finder *finder;
    struct MHD_Daemon *daemon;
    struct web_limits *limits;
};

/* A request while its body comes in. */
struct incoming {
    GString *body;
    gboolean is_refused, is_too_large;
};

/* ── The guard: what two parsers could read differently is refused before anything is done ─────── */

struct headers_seen {
    guint n_length, n_encoding, n_host;
    gboolean is_odd;
};

static enum MHD_Result see_header(void *context, enum MHD_ValueKind kind, const char *name,
                                  const char *value) {
    struct headers_seen *seen = context;
    (void)kind;
    if (g_ascii_strcasecmp(name, "Content-Length") == 0)
        seen->n_length++;
    if (g_ascii_strcasecmp(name, "Transfer-Encoding") == 0)
        seen->n_encoding++;
    if (g_ascii_strcasecmp(name, "Host") == 0)
        seen->n_host++;
    seen->is_odd |= strpbrk(name, " \t\r\n") != NULL || (value && strpbrk(value, "\r\n") != NULL);
    return MHD_YES;
}

static gboolean is_suspicious(struct MHD_Connection *connection) {
    struct headers_seen seen = {0};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, see_header, &seen);
    return seen.n_length > 1 || seen.n_encoding > 1 || (seen.n_length && seen.n_encoding) ||
           seen.n_host > 1 || seen.is_odd;
}

/* ── Routes ────────────────────────────────────────────────────────────────────────────────────── */

/* Whether `path` fits the route; `argument` gets what stands for its "*", transfer full. */
static gboolean fits(const char *pattern, const char *path, char **argument) {
    const char *star = strchr(pattern, '*');
    if (!star)
        return g_str_equal(pattern, path);
    const gboolean takes_all = star[1] == '*';
    gsize before = (gsize)(star - pattern), n = strlen(path), after = strlen(star + 1 + takes_all);
    if (n <= before + after || strncmp(path, pattern, before) != 0 ||
        strcmp(path + n - after, star + 1 + takes_all) != 0)
        return FALSE;
    g_autofree char *middle = g_strndup(path + before, n - before - after);
    if (!takes_all && strchr(middle, '/'))
        return FALSE;
    *argument = g_steal_pointer(&middle);
    return TRUE;
}

static void answer_asset(const struct web_asset *asset, struct web_response *response) {
    response->content_type = asset->content_type;
    response->is_public = asset->is_public;
    g_string_assign(response->body, asset->text);
}

static void answer_route(struct web_server *server, const struct web_route *route, const char *argument,
                         struct web_request *request, struct web_response *response) {
    if (route->is_limited && !web_limits_allow(server->limits, request->peer, g_get_monotonic_time())) {
        response->retry_after_s = 60;
        web_problem(response, 429, "Too many requests", "Wait a minute and try again.");
        return;
    }
    request->argument = argument;
    route->handle(request, response);
}

/* FALSE when the room has nothing there for this method; `is_there` is set when it has for another. */
static gboolean answer_in(struct web_server *server, const struct web_room *room,
                          struct web_request *request, struct web_response *response,
                          gboolean *is_there) {
    for (const struct web_asset *asset = room->assets; asset && asset->path; asset++)
        if (g_str_equal(asset->path, request->path)) {
            *is_there = TRUE;
            if (!g_str_equal(request->method, "GET"))
                continue;
            answer_asset(asset, response);
            return TRUE;
        }
    for (const struct web_route *route = room->routes; route && route->path; route++) {
        g_autofree char *argument = NULL;
        if (!fits(route->path, request->path, &argument))
            continue;
        *is_there = TRUE;
        if (!g_str_equal(route->method, request->method))
            continue;
        answer_route(server, route, argument, request, response);
        return TRUE;
    }
    return FALSE;
}

static void answer(struct web_server *server, struct web_request *request,
                   struct web_response *response) {
    gboolean is_there = FALSE;
    for (const struct web_room *const *room = web_rooms; *room; room++)
        if (answer_in(server, *room, request, response, &is_there))
            return;
    if (is_there)
        web_problem(response, 405, "Method not allowed", "This address does not take that method.");
    else
        web_problem(response, 404, "Not found", "There is nothing at this address.");
}

/* ── libmicrohttpd's side ──────────────────────────────────────────────────────────────────────── */

static char *peer_of(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    char text[INET6_ADDRSTRLEN] = "unknown";
    gboolean is_loopback = FALSE;
    if (info && info->client_addr->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)info->client_addr;
        inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
        is_loopback = g_str_has_prefix(text, "127.");
    } else if (info && info->client_addr->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)info->client_addr;
        inet_ntop(AF_INET6, &in->sin6_addr, text, sizeof text);
        is_loopback = g_str_equal(text, "::1");
    }
    /* Behind the web server with TLS on this machine, it says for whom it asks, last. */
    const char *forwarded =
        is_loopback ? MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "X-Forwarded-For")
                    : NULL;
    if (!forwarded)
        return g_strdup(text);
    const char *last = strrchr(forwarded, ',');
    return g_strndup(last ? last + 1 + strspn(last + 1, " ") : forwarded, 64);
}

static void add_headers(struct MHD_Response *out, const struct web_response *response) {
    static const char *const always[][2] = {
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"Content-Security-Policy",
         "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; "
         "base-uri 'none'; frame-ancestors 'none'"}};
    for (guint i = 0; i < G_N_ELEMENTS(always); i++)
        MHD_add_response_header(out, always[i][0], always[i][1]);
    MHD_add_response_header(out, "Cache-Control",
                            response->is_immutable ? "public, max-age=31536000, immutable"
                                                   : "no-store");
    MHD_add_response_header(out, "Cross-Origin-Resource-Policy",
                            response->is_public ? "cross-origin" : "same-origin");
    if (response->is_public)
        MHD_add_response_header(out, "Access-Control-Allow-Origin", "*");
    MHD_add_response_header(out, "Content-Type", response->content_type);
    if (response->location)
        MHD_add_response_header(out, "Location", response->location);
    if (response->cookie)
        MHD_add_response_header(out, "Set-Cookie", response->cookie);
    if (response->closes)
        MHD_add_response_header(out, "Connection", "close");
    if (response->retry_after_s) {
        char seconds[16];
        g_snprintf(seconds, sizeof seconds, "%u", response->retry_after_s);
        MHD_add_response_header(out, "Retry-After", seconds);
    }
}

static enum MHD_Result queue(struct MHD_Connection *connection, struct web_response *response) {
    struct MHD_Response *out = MHD_create_response_from_buffer(response->body->len, response->body->str,
                                                               MHD_RESPMEM_MUST_COPY);
    add_headers(out, response);
    enum MHD_Result result = MHD_queue_response(connection, response->status, out);
    MHD_destroy_response(out);
    g_string_free(response->body, TRUE);
    g_free(response->location);
    g_free(response->cookie);
    return result;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_n, void **state) {
    struct web_server *server = context;
    struct incoming *incoming = *state;
    (void)version;

    if (!incoming) { /* the headers have come */
        *state = incoming = g_new0(struct incoming, 1);
        incoming->body = g_string_new(NULL);
        incoming->is_refused = is_suspicious(connection);
        return MHD_YES;
    }
    if (*upload_n) {
        const gsize most = g_str_has_prefix(url, "/v1/feeds/") ? MOST_EVENT_BYTES : MOST_BODY_BYTES;
        if (incoming->body->len + *upload_n > most)
            incoming->is_too_large = TRUE;
        else
            g_string_append_len(incoming->body, upload, (gssize)*upload_n);
        *upload_n = 0;
        return MHD_YES;
    }
    struct web_response response = {.closes = incoming->is_refused || incoming->is_too_large,
                                    .status = 200,
                                    .content_type = "text/plain; charset=utf-8",
                                    .body = g_string_new(NULL)};
    g_autofree char *peer = peer_of(connection);
    struct web_request request = {.site = server->site,
                                  .finder = server->finder,
                                  .connection = connection,
                                  .method = g_str_equal(method, "HEAD") ? "GET" : method,
                                  .path = url,
                                  .body = incoming->body->str,
                                  .body_n = incoming->body->len,
                                  .peer = peer};
    if (incoming->is_refused)
        web_problem(&response, 400, "Ambiguous request",
                    "The request's headers can be read in more than one way.");
    else if (incoming->is_too_large)
        web_problem(&response, 413, "Too large",
                    "Send at most 16 MiB of events at once, or 64 KiB of anything else.");
    else
        answer(server, &request, &response);
    return queue(connection, &response);
}

static void forget(void *context, struct MHD_Connection *connection, void **state,
                   enum MHD_RequestTerminationCode how) {
    struct incoming *incoming = *state;
    (void)context;
    (void)connection;
    (void)how;
    if (incoming) {
        seal_wipe(incoming->body->str, incoming->body->len); /* PINs, codes, addresses */
        g_string_free(incoming->body, TRUE);
        g_free(incoming);
    }
}

struct web_server *web_server_start(struct site *site, struct finder *finder, guint port,
                                    GError **error) {
    struct web_server *server = g_new0(struct web_server, 1);
    const guint wanted = port ? port : site_listen_port(site);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((guint16)wanted)};

    server->site = site;
    server->finder = finder;
    server->limits = web_limits_new();
    if (inet_pton(AF_INET, site_listen_address(site), &address.sin_addr) == 1)
        server->daemon = MHD_start_daemon(
            MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL, (guint16)wanted, NULL, NULL, handle,
            server, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address, MHD_OPTION_THREAD_POOL_SIZE, 8u,
            MHD_OPTION_CONNECTION_TIMEOUT, 20u, MHD_OPTION_CONNECTION_LIMIT, 512u,
            MHD_OPTION_NOTIFY_COMPLETED, forget, NULL, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (!server->daemon) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_NETWORK,
                    "nothing can listen on %s:%u: is another program there, or is it no IPv4 address?",
                    site_listen_address(site), wanted);
        web_limits_free(server->limits);
        g_free(server);
        return NULL;
    }
    return server;
}

void web_server_stop(struct web_server *server) {
    if (!server)
        return;
    MHD_stop_daemon(server->daemon);
    web_limits_free(server->limits);
    g_free(server);
}

guint web_server_port(const struct web_server *server) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info ? info->port : 0;
}
