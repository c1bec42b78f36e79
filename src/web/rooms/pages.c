/* The pages that messages link to: confirm a notice, stop notices, go on with them. They name nobody,
 * and a link that is not good says nothing about who registered. */
#include "base/error.h"
#include "desk/confirm.h"
#include "desk/end.h"
#include "desk/term.h"
#include "embedded.h"
#include "web/page.h"
#include "web/rooms.h"

static void gone(const struct web_request *request, struct web_response *response, GError *error) {
    enum language language = page_asked_language(request);
    response->status = g_error_matches(error, BASE_ERROR, BASE_ERROR_NOT_FOUND) ? 404 : 503;
    g_error_free(error);
    page_open(response, language, MESSAGE_PAGE_CONFIRM_TITLE);
    page_text(response, "p", page_say(language, MESSAGE_PAGE_GONE));
    page_end(response);
}

#define PIN_ATTRIBUTES                                                                                 \
    "type=\"password\" inputmode=\"numeric\" autocomplete=\"off\" maxlength=\"8\" required"

static void pin_form(struct web_response *response, enum language language, const char *warning) {
    page_open(response, language, MESSAGE_PAGE_CONFIRM_TITLE);
    page_warning(response, warning);
    page_text(response, "p", page_say(language, MESSAGE_PAGE_CONFIRM_TEXT));
    g_string_append(response->body, "<form method=\"post\">\n");
    page_field(response, "pin", page_say(language, MESSAGE_PAGE_CONFIRM_PIN), PIN_ATTRIBUTES);
    page_button(response, page_say(language, MESSAGE_PAGE_CONFIRM_BUTTON));
    g_string_append(response->body, "</form>\n");
    page_end(response);
}

static void confirm_page(const struct web_request *request, struct web_response *response) {
    enum language language;
    g_autofree char *id = NULL;
    GError *error = NULL;
    if (confirm_open_link(request->site, "confirm", request->argument, &language, &id, &error))
        pin_form(response, language, NULL);
    else
        gone(request, response, error);
}

static void confirm_post(const struct web_request *request, struct web_response *response) {
    g_autofree char *pin = web_form_field(request, "pin");
    enum confirm_answer answer;
    enum language language;
    GError *error = NULL;

    if (!confirm_alert(request->site, request->argument, pin ? pin : "", &answer, &language, &error)) {
        gone(request, response, error);
    } else if (answer == CONFIRM_WRONG_PIN) {
        response->status = 422;
        pin_form(response, language, page_say(language, MESSAGE_PAGE_CONFIRM_WRONG));
    } else {
        gboolean done = answer == CONFIRM_DONE;
        response->status = done ? 200 : 403;
        page_open(response, language, MESSAGE_PAGE_CONFIRM_TITLE);
        page_text(response, "p",
                  page_say(language, done ? MESSAGE_PAGE_CONFIRM_DONE : MESSAGE_PAGE_CONFIRM_LOCKED));
        page_end(response);
    }
}

/* Asks before it is done: a link alone, which a mail program may open by itself, does nothing. */
static void ask_page(const struct web_request *request, struct web_response *response,
                     const char *purpose, const enum message words[3]) {
    enum language language;
    g_autofree char *id = NULL;
    GError *error = NULL;
    if (!confirm_open_link(request->site, purpose, request->argument, &language, &id, &error)) {
        gone(request, response, error);
        return;
    }
    page_open(response, language, words[0]);
    page_text(response, "p", page_say(language, words[1]));
    g_string_append(response->body, "<form method=\"post\">\n");
    page_button(response, page_say(language, words[2]));
    g_string_append(response->body, "</form>\n");
    page_end(response);
}

static void say_page(struct web_response *response, enum language language, enum message title,
                     enum message text) {
    page_open(response, language, title);
    page_text(response, "p", page_say(language, text));
    page_end(response);
}

static void stop_page(const struct web_request *request, struct web_response *response) {
    static const enum message words[] = {MESSAGE_PAGE_STOP_TITLE, MESSAGE_PAGE_STOP_TEXT,
                                         MESSAGE_PAGE_STOP_BUTTON};
    ask_page(request, response, "stop", words);
}

/* Also RFC 8058: a mail program's one-click unsubscription posts here. */
static void stop_post(const struct web_request *request, struct web_response *response) {
    enum language language;
    g_autofree char *id = NULL;
    GError *error = NULL;
    if (!confirm_open_link(request->site, "stop", request->argument, &language, &id, &error) ||
        !end_registration(request->site, id, END_BY_READER, &error)) {
        gone(request, response, error);
        return;
    }
    say_page(response, language, MESSAGE_PAGE_STOP_TITLE, MESSAGE_PAGE_STOP_DONE);
}

static void renew_page(const struct web_request *request, struct web_response *response) {
    static const enum message words[] = {MESSAGE_PAGE_RENEW_TITLE, MESSAGE_PAGE_RENEW_TEXT,
                                         MESSAGE_PAGE_RENEW_BUTTON};
    ask_page(request, response, "renew", words);
}

static void renew_post(const struct web_request *request, struct web_response *response) {
    enum language language;
    g_autofree char *id = NULL;
    gint64 until_at_us;
    GError *error = NULL;
    const gboolean is_open =
        confirm_open_link(request->site, "renew", request->argument, &language, &id, &error);
    if (is_open && !term_renew(request->site, id, NULL, &until_at_us, &error) &&
        g_error_matches(error, BASE_ERROR, BASE_ERROR_REFUSED)) {
        g_clear_error(&error);
        response->status = 410;
        say_page(response, language, MESSAGE_PAGE_RENEW_TITLE, MESSAGE_PAGE_RENEW_OVER);
    } else if (error) {
        gone(request, response, error);
    } else {
        say_page(response, language, MESSAGE_PAGE_RENEW_TITLE, MESSAGE_PAGE_RENEW_DONE);
    }
}

static void root(const struct web_request *request, struct web_response *response) {
    enum language language = page_asked_language(request);
    page_begin(response, language_name(language), site_name(request->site), NULL);
    page_end(response);
}

static const struct web_route routes[] = {
    {"GET", "/", root, FALSE},
    {"GET", "/c/*", confirm_page, FALSE},
    {"POST", "/c/*", confirm_post, TRUE},
    {"GET", "/u/*", stop_page, FALSE},
    {"POST", "/u/*", stop_post, TRUE},
    {"GET", "/r/*", renew_page, FALSE},
    {"POST", "/r/*", renew_post, TRUE},
    {NULL},
};
static const struct web_asset assets[] = {
    {"/style.css", "text/css; charset=utf-8", embedded_style_css, FALSE},
    /* With JavaScript, leaving also takes this page out of the way back. */
    {"/exit.js", "text/javascript; charset=utf-8",
     "document.getElementById('exit').onclick = function (event) {\n"
     "  event.preventDefault();\n  location.replace(this.href);\n};\n",
     FALSE},
    {NULL},
};
const struct web_room web_room_pages = {"pages", routes, assets};
