#include "web/server.h"

#include <string.h>

#include "base/error.h"
#include "web/front.h"
#include "web/limits.h"
#include "web/rooms.h"
#include "web/turns.h"

#define MOST_EVENT_BYTES (16u << 20) /* of pushed events */
#define MOST_BODY_BYTES (64u << 10)  /* of anything else */
#define MOST_THREADS 16u

/* Who waits for what: whatever holds up one lane holds up no other. */
static const struct {
    guint n_threads;
    struct turns_bounds bounds;
} lanes[WEB_N_LANES] = {[WEB_LANE_PEOPLE] = {8, {1024, 256, 6}},
                        [WEB_LANE_PUSH] = {16, {1024, 256, 8}},
                        [WEB_LANE_HEALTH] = {2, {256, 256, 2}}};

struct lane {
    struct web_server *server;
    struct turns *turns;
    GThread *threads[MOST_THREADS];
};

struct web_server {
    struct site *site;
    struct finder *finder;
    struct front *front;
    struct web_limits *limits;
    struct lane lanes[WEB_N_LANES];
};

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

/* What there is at an address: one of the two, or neither. */
struct place {
    const struct web_room *room;
    const struct web_asset *asset;
    const struct web_route *route;
    char *argument;    /* of the route */
    gboolean is_there; /* for another method */
};

static void place_clear(struct place *place) {
    g_free(place->argument);
}

static void find_in(const struct web_room *room, const char *method, const char *path,
                    struct place *place) {
    for (const struct web_asset *asset = room->assets; asset && asset->path; asset++)
        if (g_str_equal(asset->path, path)) {
            place->is_there = TRUE;
            place->asset = g_str_equal(method, "GET") ? asset : NULL;
        }
    for (const struct web_route *route = room->routes; route && route->path; route++) {
        g_autofree char *argument = NULL;
        if (place->route || !fits(route->path, path, &argument))
            continue;
        place->is_there = TRUE;
        if (g_str_equal(route->method, method)) {
            place->route = route;
            place->argument = g_steal_pointer(&argument);
        }
    }
}

/* Whether there is something for this method. */
static gboolean find(const struct web_request *request, struct place *place) {
    const char *method = g_str_equal(request->method, "HEAD") ? "GET" : request->method;
    for (const struct web_room *const *room = web_rooms; *room; room++) {
        find_in(*room, method, request->path, place);
        place->room = *room;
        if (place->asset || place->route)
            return TRUE;
    }
    return FALSE;
}

static void begin(struct web_response *response) {
    *response = (struct web_response){
        .status = 200, .content_type = "text/plain; charset=utf-8", .body = g_string_new(NULL)};
}

/* ── Before its body: on the front's thread, so without waiting ────────────────────────────────── */

static gboolean admit(void *context, const struct web_request *request, gsize *most_bytes,
                      struct web_response *response) {
    struct web_server *server = context;
    struct place place = {0};
    begin(response);
    const gboolean is_found = find(request, &place);
    gboolean is_admitted = is_found;
    *most_bytes = MOST_BODY_BYTES;
    if (!is_found && place.is_there) {
        web_problem(response, 405, "Method not allowed", "This address does not take that method.");
    } else if (!is_found) {
        web_problem(response, 404, "Not found", "There is nothing at this address.");
    } else if (place.route && place.route->admit) {
        struct web_request asked = *request;
        asked.site = server->site;
        *most_bytes = MOST_EVENT_BYTES;
        is_admitted = place.route->admit(&asked, response);
    }
    place_clear(&place);
    return is_admitted;
}

/* Pushed events have their turns by the feed and by who brings them, all else by who asks. */
static gboolean arrive(void *context, struct visit *visit) {
    struct web_server *server = context;
    const struct web_request *request = front_request(visit);
    struct place place = {0};
    const enum web_lane lane = find(request, &place) ? place.room->lane : WEB_LANE_PEOPLE;
    g_autofree char *key =
        g_strconcat(request->peer, lane == WEB_LANE_PUSH ? request->path : NULL, NULL);
    place_clear(&place);
    return turns_put(server->lanes[lane].turns, key, visit);
}

static gint64 now(void *context) {
    return site_now(((struct web_server *)context)->site);
}

/* ── When it has come ──────────────────────────────────────────────────────────────────────────── */

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

static void serve(struct web_server *server, struct visit *visit) {
    const gboolean is_whole = front_read_body(visit);
    struct web_request request = *front_request(visit);
    struct web_response response;
    struct place place = {0};
    request.site = server->site;
    request.finder = server->finder;
    begin(&response);
    find(&request, &place);
    if (!is_whole)
        web_problem(&response, 503, "Busy", "It could not be kept. Nothing was taken; try again.");
    else if (place.asset)
        answer_asset(place.asset, &response);
    else if (place.route) /* or it was not let in */
        answer_route(server, place.route, place.argument, &request, &response);
    place_clear(&place);
    front_answer(visit, &response);
}

static gpointer work(gpointer data) {
    struct lane *lane = data;
    char *key;
    for (struct visit *visit; (visit = turns_take(lane->turns, &key));) {
        serve(lane->server, visit);
        turns_done(lane->turns, key);
        g_free(key);
    }
    return NULL;
}

/* ── It opens and closes ───────────────────────────────────────────────────────────────────────── */

static void lane_start(struct web_server *server, enum web_lane which) {
    struct lane *lane = &server->lanes[which];
    *lane = (struct lane){.server = server, .turns = turns_new(&lanes[which].bounds)};
    for (guint i = 0; i < lanes[which].n_threads; i++)
        lane->threads[i] = g_thread_new("web", work, lane);
}

/* What waits for its turn is not begun any more. */
static void lane_stop(struct lane *lane, guint n_threads) {
    for (guint i = 0; i < n_threads; i++)
        g_thread_join(lane->threads[i]);
    for (struct visit *visit; (visit = turns_take_rest(lane->turns));) {
        struct web_response response;
        begin(&response);
        web_problem(&response, 503, "Stopping", "Nothing was taken. Try again.");
        front_answer(visit, &response);
    }
    turns_free(lane->turns);
}

struct web_server *web_server_start(struct site *site, struct finder *finder, guint port,
                                    GError **error) {
    struct web_server *server = g_new0(struct web_server, 1);
    const struct front_place place = {site_listen_address(site), port ? port : site_listen_port(site),
                                      site_dir(site)};
    const struct front_calls calls = {admit, arrive, now, server};
    server->site = site;
    server->finder = finder;
    server->limits = web_limits_new();
    for (guint i = 0; i < WEB_N_LANES; i++)
        lane_start(server, i);
    server->front = front_start(&place, &calls, error);
    if (server->front)
        return server;
    web_server_stop(server);
    return NULL;
}

void web_server_stop(struct web_server *server) {
    if (!server)
        return;
    if (server->front)
        front_stop(server->front);
    for (guint i = 0; i < WEB_N_LANES; i++)
        turns_end(server->lanes[i].turns);
    for (guint i = 0; i < WEB_N_LANES; i++)
        lane_stop(&server->lanes[i], lanes[i].n_threads);
    if (server->front)
        front_free(server->front);
    web_limits_free(server->limits);
    g_free(server);
}

guint web_server_port(const struct web_server *server) {
    return front_port(server->front);
}
