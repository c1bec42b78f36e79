/* The operator's page: is every feed alive, how late are alerts, what waits for a person.
 *
 * It opens with a key that `serve` prints, kept in a cookie from then on; decisions are posted with
 * that cookie and a token of their own, so that no other site's page can press a button here. */
#include <string.h>

#include "base/text.h"
#include "intake/held.h"
#include "operate/status.h"
#include "web/page.h"
#include "web/rooms.h"
#include "web/server.h"

static char *console_key(const struct site *site) {
    return site_token(site, "console", "key");
}

char *web_console_url(const struct site *site, guint port) {
    g_autofree char *key = console_key(site);
    return g_strdup_printf("http://%s:%u/console/%s", site_listen_address(site), port, key);
}

static gboolean is_operator(const struct web_request *request) {
    g_autofree char *given = web_cookie(request, "console");
    g_autofree char *id = given ? site_token_id(request->site, "console", given) : NULL;
    return id != NULL;
}

static void enter(const struct web_request *request, struct web_response *response) {
    g_autofree char *id = site_token_id(request->site, "console", request->argument);
    if (!id) {
        web_problem(response, 404, "Not found", "There is nothing at this address.");
        return;
    }
    response->status = 303;
    response->location = g_strdup("/console");
    response->cookie =
        g_strdup_printf("console=%s; Path=/; HttpOnly; SameSite=Strict", request->argument);
}

/* ── The page ──────────────────────────────────────────────────────────────────────────────────── */

struct rows {
    const struct web_request *request;
    struct web_response *response;
};

static void cell(GString *out, const char *text) {
    g_string_append(out, "<td>");
    text_append_html(out, text);
    g_string_append(out, "</td>");
}

/* What a button decides on: this list of this feed, or these reports, and no other that came since. */
static char *decision_purpose(gint64 held_id) {
    return g_strdup_printf("decide-%" G_GINT64_FORMAT, held_id);
}

static void decision(const struct rows *rows, const struct status_feed *feed) {
    GString *out = rows->response->body;
    g_autofree char *purpose = decision_purpose(feed->held_id);
    g_autofree char *token = site_token(rows->request->site, purpose, feed->id);
    g_string_append(out, "<tr class=\"held\"><td colspan=\"5\"><p>");
    text_append_html(out, feed->held_reason);
    g_string_append(out, "</p><form method=\"post\" action=\"/console/decide\"><input type=\"hidden\" "
                         "name=\"token\" value=\"");
    text_append_html(out, token);
    const char *what = feed->held_id < 0 ? "What is reported" : "The list";
    g_string_append_printf(out,
                           "\"><button name=\"decision\" value=\"accept\">%s is right: tell people"
                           "</button> <button name=\"decision\" value=\"reject\">%s is wrong: throw it "
                           "away</button></form></td></tr>\n",
                           what, what);
}

static void feed_row(const struct status_feed *feed, void *context) {
    const struct rows *rows = context;
    GString *out = rows->response->body;
    g_autofree char *last =
        feed->last_at_us == TIME_UNKNOWN ? g_strdup("never") : base_time_format(feed->last_at_us);
    g_autofree char *people = g_strdup_printf("%u", feed->n_listed);
    g_autofree char *problems = g_strdup_printf("%u", feed->n_problems);
    g_string_append_printf(out, "<tr class=\"%s\">", feed->state);
    cell(out, feed->title);
    cell(out, feed->state);
    cell(out, last);
    cell(out, people);
    cell(out, problems);
    g_string_append(out, "</tr>\n");
    if (feed->held_reason)
        decision(rows, feed);
}

/* What cannot be read is said: an empty table would look as if all were well. */
static void unread(GString *out, GError *error) {
    if (!error)
        return;
    g_string_append(out, "<p class=\"warning\" role=\"alert\">This could not be read: ");
    text_append_html(out, error->message);
    g_string_append(out, "</p>\n");
    g_error_free(error);
}

static void count_row(GString *out, const char *what, guint64 n, gboolean is_bad) {
    g_string_append_printf(out, "<tr class=\"%s\">", is_bad && n ? "held" : "alive");
    cell(out, what);
    g_autofree char *number = g_strdup_printf("%" G_GUINT64_FORMAT, n);
    cell(out, number);
    g_string_append(out, "</tr>\n");
}

static void waiting_row(const struct status_alert *alert, void *context) {
    GString *out = context;
    g_autofree char *made = base_time_format(alert->created_at_us);
    g_string_append(out, "<tr>");
    cell(out, alert->id);
    cell(out, alert->state);
    cell(out, alert->kind ? alert->kind : alert->purpose);
    cell(out, made);
    cell(out, alert->note);
    g_string_append(out, "</tr>\n");
}

static void feeds_table(const struct web_request *request, struct web_response *response) {
    struct rows rows = {request, response};
    GError *error = NULL;
    g_string_append(response->body,
                    "<h2>Feeds</h2>\n<table><thead><tr><th>Feed</th><th>State</th><th>Last heard "
                    "(UTC)</th><th>People</th><th>Problems</th></tr></thead><tbody>\n");
    status_feeds(request->site, feed_row, &rows, &error);
    g_string_append(response->body, "</tbody></table>\n");
    unread(response->body, error);
}

static void alerts_table(const struct web_request *request, GString *out) {
    struct status_counts c;
    GError *error = NULL;
    g_string_append(out, "<h2>Alerts</h2>\n");
    if (!status_count(request->site, &c, &error)) {
        unread(out, error);
        return;
    }
    g_string_append(out, "<table><tbody>\n");
    count_row(out, "Waiting to leave", c.queued, FALSE);
    count_row(out, "Handed over, not confirmed yet", c.sent, FALSE);
    count_row(out, "Confirmed", c.confirmed, FALSE);
    count_row(out, "Waiting for a person", c.needs_person + c.withheld, TRUE);
    g_string_append_printf(out,
                           "<tr><td>From event to mail server</td><td>half within %.0f ms, 99 of 100 "
                           "within %.0f ms</td></tr></tbody></table>\n",
                           (double)c.handed_latency_p50_us / 1000,
                           (double)c.handed_latency_p99_us / 1000);
    if (!(c.needs_person + c.withheld))
        return;
    g_string_append(out, "<h2>Waiting for a person</h2>\n<table><thead><tr><th>Alert</th><th>State</th>"
                         "<th>What</th><th>Made (UTC)</th><th>Why</th></tr></thead><tbody>\n");
    status_alerts(request->site, NULL, TRUE, 100, waiting_row, out, &error);
    g_string_append(out, "</tbody></table>\n");
    unread(out, error);
}

static void console(const struct web_request *request, struct web_response *response) {
    if (!is_operator(request)) {
        response->status = 403;
        page_begin(response, "en", "Console", NULL);
        page_text(response, "p", "Open the console with the address that `tocsin serve` prints.");
        page_end(response);
        return;
    }
    page_begin(response, "en", site_name(request->site), NULL);
    feeds_table(request, response);
    alerts_table(request, response->body);
    page_end(response);
}

struct held {
    const char *feed;
    gint64 id;
};

static void find_held(const struct status_feed *feed, void *context) {
    struct held *held = context;
    if (g_str_equal(feed->id, held->feed))
        held->id = feed->held_id;
}

/* The feed whose held list, the one that was shown, the token decides on. Transfer full; NULL, with an
 * error when that could not be read. */
static char *decided_feed(struct site *site, const char *token, GError **error) {
    g_autofree char *feed = g_strndup(token, strcspn(token, "."));
    struct held held = {.feed = feed};
    if (!status_feeds(site, find_held, &held, error))
        return NULL;
    g_autofree char *purpose = decision_purpose(held.id);
    return held.id ? site_token_id(site, purpose, token) : NULL;
}

static void decide(const struct web_request *request, struct web_response *response) {
    g_autofree char *token = web_form_field(request, "token");
    g_autofree char *choice = web_form_field(request, "decision");
    GError *error = NULL;
    g_autofree char *feed =
        token && is_operator(request) ? decided_feed(request->site, token, &error) : NULL;

    if (error) {
        web_problem_from(response, error);
        return;
    }
    if (!feed) {
        web_problem(response, 403, "Refused",
                    "The list has changed, or this is not the console. Look again and decide there.");
        return;
    }
    if (g_strcmp0(choice, "accept") != 0 && g_strcmp0(choice, "reject") != 0) {
        web_problem(response, 400, "Bad request", "The decision is accept or reject.");
        return;
    }
    guint n_alerts;
    gboolean ok = g_str_equal(choice, "accept") ? held_accept(request->site, feed, NULL, &error)
                                                : held_reject(request->site, feed, &n_alerts, &error);
    if (!ok) {
        web_problem_from(response, error);
        return;
    }
    response->status = 303;
    response->location = g_strdup("/console");
}

static const struct web_route routes[] = {
    {"GET", "/console", console, FALSE},
    {"GET", "/console/*", enter, TRUE},
    {"POST", "/console/decide", decide, FALSE},
    {NULL},
};
const struct web_room web_room_console = {"console", routes, NULL};
