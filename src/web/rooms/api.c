/* The HTTP API: pushed events, registrations, health, metrics. docs/api.md describes it. */
#include <jansson.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "desk/register.h"
#include "feed/signature.h"
#include "find/look_up.h"
#include "intake/load.h"
#include "operate/status.h"
#include "store/store.h"
#include "web/http.h"

/* ── Pushed events ─────────────────────────────────────────────────────────────────────────────── */

static void push_events(const struct web_request *request, struct web_response *response) {
    const char *key = web_header(request, "Idempotency-Key"), *reason = NULL;
    g_autofree char *secret = NULL, *answer = NULL;
    GError *error = NULL;

    if (!status_feed_secret(request->site, request->argument, &secret, &error)) {
        /* Whoever cannot sign does not learn which feeds there are. */
        g_clear_error(&error);
        secret = g_strdup("");
    }
    gboolean signed_well = feed_signature_check(
        secret, key, web_header(request, "webhook-timestamp"), web_header(request, "webhook-signature"),
        request->body, request->body_n, site_now(request->site) / SECOND_US, &reason);
    if (!*secret || !signed_well) {
        web_problem(response, 401, "Not signed",
                    reason ? reason
                           : "webhook-signature does not match; sign key.timestamp.body with the "
                             "feed's secret");
        return;
    }
    if (feed_push(request->site, request->argument, key, request->body, request->body_n, &answer,
                  &error))
        web_json(response, 200, answer);
    else
        web_problem_from(response, error);
}

/* ── Registrations ─────────────────────────────────────────────────────────────────────────────── */

static const char *text_of(const json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

static json_t *read_object(const struct web_request *request, struct web_response *response) {
    json_error_t problem;
    json_t *object = json_loadb(request->body, request->body_n, JSON_REJECT_DUPLICATES, &problem);
    if (!json_is_object(object)) {
        json_decref(object);
        web_problem(response, 400, "Bad request", "Send a JSON object.");
        return NULL;
    }
    return object;
}

static void add_registration(const struct web_request *request, struct web_response *response) {
    json_t *object = read_object(request, response);
    g_autofree char *id = NULL;
    GError *error = NULL;
    if (!object)
        return;
    struct watch_request wanted = {.relation = text_of(object, "relation"),
                                   .kinds = text_of(object, "events"),
                                   .language = text_of(object, "language"),
                                   .email = text_of(object, "email"),
                                   .pin = text_of(object, "pin"),
                                   .expires = text_of(object, "expires")};
    if (register_add(request->site, text_of(object, "person"), text_of(object, "booking"), &wanted, &id,
                     &error)) {
        json_t *answer = json_pack("{s:s, s:s}", "registration", id, "state", "unconfirmed");
        char *text = json_dumps(answer, JSON_COMPACT);
        web_json(response, 202, text);
        free(text);
        json_decref(answer);
    } else {
        web_problem_from(response, error);
    }
    json_decref(object);
}

static void confirm_registration(const struct web_request *request, struct web_response *response) {
    json_t *object = read_object(request, response);
    GError *error = NULL;
    if (!object)
        return;
    const char *code = text_of(object, "code");
    if (register_confirm(request->site, request->argument, code ? code : "", &error))
        web_json(response, 200, "{\"state\":\"active\"}");
    else
        web_problem_from(response, error);
    json_decref(object);
}

/* ── Finding people ────────────────────────────────────────────────────────────────────────────── */

#define PAGE 10

/* A whole number from 0 to `most`, or 0 when it is not there; FALSE when it is something else. */
static gboolean number_of(const json_t *object, const char *key, guint most, guint *number) {
    const json_t *value = json_object_get(object, key);
    *number = 0;
    if (!value || json_is_null(value))
        return TRUE;
    const json_int_t n = json_integer_value(value);
    *number = (guint)n;
    return json_is_integer(value) && n >= 0 && n <= most;
}

static json_t *card_json(const struct look_up_card *card) {
    json_t *object = json_pack("{s:s, s:s}", "person", card->handle, "reason", card->reason);
    const struct {
        const char *key, *text;
    } fields[] = {{"surname", card->surname},
                  {"given", card->given},
                  {"facility", card->facility},
                  {"booking", card->booking}};
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
        if (fields[i].text)
            json_object_set_new(object, fields[i].key, json_string(fields[i].text));
    if (card->born)
        json_object_set_new(object, "born", json_integer((json_int_t)card->born));
    return object;
}

static void answer_search(const struct look_up_query *query, const struct web_request *request,
                          struct web_response *response) {
    GError *error = NULL;
    guint n_more = 0;
    g_autoptr(GPtrArray) cards = look_up(request->finder, query, &n_more, &error);
    if (!cards) {
        web_problem_from(response, error);
        return;
    }
    json_t *people = json_array();
    for (guint i = 0; i < cards->len; i++)
        json_array_append_new(people, card_json(cards->pdata[i]));
    json_t *answer = json_pack("{s:o, s:i}", "people", people, "more", (int)n_more);
    char *text = json_dumps(answer, JSON_COMPACT);
    web_json(response, 200, text);
    free(text);
    json_decref(answer);
}

/* A name is never in an address: addresses are logged on the way. */
static void search_people(const struct web_request *request, struct web_response *response) {
    json_t *object = read_object(request, response);
    guint page = 0;
    if (!object)
        return;
    struct look_up_query query = {.text = text_of(object, "text"),
                                  .facility = text_of(object, "facility"),
                                  .harder = json_is_true(json_object_get(object, "harder")),
                                  .limit = PAGE};
    if (!query.text)
        web_problem(response, 400, "Bad request", "Send `text`: a name, or a booking number.");
    else if (!number_of(object, "born", 2200, &query.born) ||
             !number_of(object, "age", 130, &query.age) || !number_of(object, "page", 1000, &page))
        web_problem(response, 400, "Bad request", "`born`, `age` and `page` are whole numbers.");
    else {
        query.offset = page * PAGE;
        answer_search(&query, request, response);
    }
    json_decref(object);
}

/* ── Health and metrics ────────────────────────────────────────────────────────────────────────── */

static void healthz(const struct web_request *request, struct web_response *response) {
    (void)request;
    g_string_assign(response->body, "ok\n");
}

static void readyz(const struct web_request *request, struct web_response *response) {
    struct store_alert_counts counts;
    GError *error = NULL;
    if (status_alert_counts(request->site, &counts, &error))
        g_string_assign(response->body, "ready\n");
    else
        web_problem_from(response, error);
}

static void metric_feed(const struct status_feed *feed, void *context) {
    GString *out = context;
    g_string_append_printf(out, "tocsin_feed_silent{feed=\"%s\"} %d\n", feed->id,
                           feed->silent_since_us != TIME_UNKNOWN);
    g_string_append_printf(out, "tocsin_feed_held{feed=\"%s\"} %u\n", feed->id, feed->n_held);
    g_string_append_printf(out, "tocsin_feed_people{feed=\"%s\"} %u\n", feed->id, feed->n_listed);
    if (feed->last_at_us != TIME_UNKNOWN)
        g_string_append_printf(out,
                               "tocsin_feed_last_heard_seconds{feed=\"%s\"} %" G_GINT64_FORMAT "\n",
                               feed->id, feed->last_at_us / SECOND_US);
}

/* Prometheus text. Feeds are labels; a person never is. */
static void metrics(const struct web_request *request, struct web_response *response) {
    struct store_alert_counts c;
    guint64 groups, works;
    GString *out = response->body;
    GError *error = NULL;

    if (!status_alert_counts(request->site, &c, &error)) {
        web_problem_from(response, error);
        return;
    }
    store_counts(site_store(request->site), &groups, &works);
    response->content_type = "text/plain; version=0.0.4; charset=utf-8";
    g_string_append_printf(out,
                           "# TYPE tocsin_alerts gauge\n"
                           "tocsin_alerts{state=\"queued\"} %" G_GUINT64_FORMAT "\n"
                           "tocsin_alerts{state=\"sent\"} %" G_GUINT64_FORMAT "\n"
                           "tocsin_alerts{state=\"confirmed\"} %" G_GUINT64_FORMAT "\n"
                           "tocsin_alerts{state=\"needs_person\"} %" G_GUINT64_FORMAT "\n"
                           "tocsin_alerts{state=\"withheld\"} %" G_GUINT64_FORMAT "\n"
                           "tocsin_alert_latency_seconds{quantile=\"0.5\"} %.6f\n"
                           "tocsin_alert_latency_seconds{quantile=\"0.99\"} %.6f\n"
                           "tocsin_store_commits_total %" G_GUINT64_FORMAT "\n"
                           "tocsin_store_works_total %" G_GUINT64_FORMAT "\n",
                           c.queued, c.sent, c.confirmed, c.needs_person, c.withheld,
                           (double)c.handed_latency_p50_us / SECOND_US,
                           (double)c.handed_latency_p99_us / SECOND_US, groups, works);
    if (!status_feeds(request->site, metric_feed, out, &error))
        web_problem_from(response, error);
}

const struct web_route web_api_routes[] = {
    {"POST", "/v1/feeds/*/events", push_events, FALSE},
    {"POST", "/v1/registrations", add_registration, TRUE},
    {"POST", "/v1/registrations/*/confirm", confirm_registration, TRUE},
    {"POST", "/v1/people/search", search_people, TRUE},
    {"GET", "/healthz", healthz, FALSE},
    {"GET", "/readyz", readyz, FALSE},
    {"GET", "/metrics", metrics, FALSE},
    {NULL},
};
