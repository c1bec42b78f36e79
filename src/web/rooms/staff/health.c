/* Is it alive, is it ready, and how does it fare: for load balancers and Prometheus. */
#include "base/time.h"
#include "operate/status.h"
#include "web/rooms.h"

static void healthz(const struct web_request *request, struct web_response *response) {
    (void)request;
    g_string_assign(response->body, "ok\n");
}

static void readyz(const struct web_request *request, struct web_response *response) {
    struct status_counts counts;
    GError *error = NULL;
    if (!status_count(request->site, &counts, &error))
        web_problem_from(response, error);
    else if (counts.is_refusing)
        web_problem(response, 503, "not ready",
                    "The store cannot be written to: what is sent here is refused.");
    else
        g_string_assign(response->body, "ready\n");
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
    struct status_counts c;
    GString *out = response->body;
    GError *error = NULL;

    if (!status_count(request->site, &c, &error)) {
        web_problem_from(response, error);
        return;
    }
    response->content_type = "text/plain; version=0.0.4; charset=utf-8";
    g_string_append_printf(out,
                           "# TYPE tocsin_alerts gauge\n"
                           "tocsin_alerts{state=\"queued\"} %" G_GUINT64_FORMAT "\n"
                           "tocsin_alerts{state=\"sent\"} %" G_GUINT64_FORMAT "\n"
                           "tocsin_alerts{state=\"confirmed\"} %" G_GUINT64_FORMAT "\n"
                           "tocsin_alerts{state=\"needs_person\"} %" G_GUINT64_FORMAT "\n"
                           "tocsin_alerts{state=\"withheld\"} %" G_GUINT64_FORMAT "\n"
                           "tocsin_alerts{state=\"retrying\"} %" G_GUINT64_FORMAT "\n"
                           "tocsin_alert_latency_seconds{quantile=\"0.5\"} %.6f\n"
                           "tocsin_alert_latency_seconds{quantile=\"0.99\"} %.6f\n"
                           "tocsin_store_commits_total %" G_GUINT64_FORMAT "\n"
                           "tocsin_store_works_total %" G_GUINT64_FORMAT "\n",
                           c.queued, c.sent, c.confirmed, c.needs_person, c.withheld, c.retrying,
                           (double)c.handed_latency_p50_us / SECOND_US,
                           (double)c.handed_latency_p99_us / SECOND_US, c.commits, c.works);
    if (!status_feeds(request->site, metric_feed, out, &error))
        web_problem_from(response, error);
}

static const struct web_route routes[] = {
    {"GET", "/healthz", healthz, FALSE},
    {"GET", "/readyz", readyz, FALSE},
    {"GET", "/metrics", metrics, FALSE},
    {NULL},
};
const struct web_room web_room_health = {"health", routes, NULL, WEB_LANE_HEALTH};
