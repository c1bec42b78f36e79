/* Signing up by hand: who was found is followed, and the contact confirmed by the code it was sent. The
 * pages name nobody, and say the same whether or not somebody registered before. */
#include "base/error.h"
#include "base/text.h"
#include "desk/register.h"
#include "web/page.h"
#include "web/rooms.h"

#define DIGITS "inputmode=\"numeric\" autocomplete=\"off\" maxlength=\"8\" required"

static void select_channel(const struct web_request *request, struct web_response *response,
                           enum language language) {
    g_autoptr(GPtrArray) names = register_channels(request->site);
    if (names->len < 2)
        return; /* the usual one */
    g_string_append(response->body, "<label for=\"channel\">");
    text_append_html(response->body, page_say(language, MESSAGE_PAGE_SIGN_UP_CHANNEL));
    g_string_append(response->body, "</label>\n<select id=\"channel\" name=\"channel\">\n");
    for (guint i = 0; i < names->len; i++)
        page_text(response, "option", names->pdata[i]);
    g_string_append(response->body, "</select>\n");
}

static void ask(const struct web_request *request, struct web_response *response,
                enum language language, const char *warning) {
    page_open(response, language, MESSAGE_PAGE_SIGN_UP_TITLE);
    page_warning(response, warning);
    page_text(response, "p", page_say(language, MESSAGE_PAGE_SIGN_UP_TEXT));
    g_string_append(response->body, "<form method=\"post\">\n");
    select_channel(request, response, language);
    page_field(response, "contact", page_say(language, MESSAGE_PAGE_SIGN_UP_CONTACT),
               "class=\"wide\" autocomplete=\"off\" autocapitalize=\"none\" required");
    page_field(response, "pin", page_say(language, MESSAGE_PAGE_SIGN_UP_PIN),
               "type=\"password\" minlength=\"4\" " DIGITS);
    page_button(response, page_say(language, MESSAGE_PAGE_SIGN_UP_BUTTON));
    g_string_append(response->body, "</form>\n");
    page_end(response);
}

static void sign_up_page(const struct web_request *request, struct web_response *response) {
    ask(request, response, page_asked_language(request), NULL);
}

/* Nobody by that handle: nothing can be asked again. */
static gboolean is_gone(const GError *error, struct web_response *response, enum language language) {
    if (!g_error_matches(error, BASE_ERROR, BASE_ERROR_NOT_FOUND))
        return FALSE;
    response->status = 404;
    page_open(response, language, MESSAGE_PAGE_SIGN_UP_TITLE);
    page_text(response, "p", page_say(language, MESSAGE_PAGE_GONE));
    page_end(response);
    return TRUE;
}

static enum message why_not(const GError *error, struct web_response *response) {
    static const struct {
        enum base_error code;
        guint status;
        enum message words;
    } reasons[] = {{BASE_ERROR_INPUT, 422, MESSAGE_PAGE_SIGN_UP_WRONG},
                   {BASE_ERROR_REFUSED, 403, MESSAGE_PAGE_CODE_WRONG},
                   {BASE_ERROR_CONFLICT, 409, MESSAGE_PAGE_SIGN_UP_THREE}};
    for (guint i = 0; i < G_N_ELEMENTS(reasons); i++)
        if (g_error_matches(error, BASE_ERROR, (gint)reasons[i].code)) {
            response->status = reasons[i].status;
            return reasons[i].words;
        }
    response->status = 503;
    return MESSAGE_PAGE_LATER;
}

static void ask_code(struct web_response *response, enum language language, const char *id,
                     const char *warning) {
    page_open(response, language, MESSAGE_PAGE_SIGN_UP_TITLE);
    page_warning(response, warning);
    page_text(response, "p", page_say(language, MESSAGE_PAGE_CODE_TEXT));
    g_string_append(response->body, "<form method=\"post\" action=\"/code/");
    text_append_html(response->body, id);
    g_string_append(response->body, "\">\n");
    page_field(response, "code", page_say(language, MESSAGE_PAGE_CODE_LABEL), DIGITS);
    page_button(response, page_say(language, MESSAGE_PAGE_CODE_BUTTON));
    g_string_append(response->body, "</form>\n");
    page_end(response);
}

static void sign_up(const struct web_request *request, struct web_response *response) {
    g_autofree char *channel = web_form_field(request, "channel");
    g_autofree char *contact = web_form_field(request, "contact");
    g_autofree char *pin = web_form_field(request, "pin");
    g_autofree char *id = NULL;
    g_autoptr(GError) error = NULL;
    const enum language language = page_asked_language(request);
    struct watch_request wanted = {.channel = channel,
                                   .contact = contact,
                                   .pin = pin,
                                   .language = language_name(language),
                                   .is_public = TRUE};
    if (register_add(request->site, request->argument, NULL, &wanted, &id, &error)) {
        ask_code(response, language, id, NULL);
        return;
    }
    if (!is_gone(error, response, language)) {
        const enum message why = why_not(error, response);
        ask(request, response, language, page_say(language, why));
    }
}

static void confirm_code(const struct web_request *request, struct web_response *response) {
    g_autofree char *code = web_form_field(request, "code");
    g_autoptr(GError) error = NULL;
    const enum language language = page_asked_language(request);
    if (!register_confirm_public(request->site, request->argument, code ? g_strstrip(code) : "",
                                 &error)) {
        const enum message why = why_not(error, response);
        ask_code(response, language, request->argument, page_say(language, why));
        return;
    }
    page_open(response, language, MESSAGE_PAGE_SIGN_UP_TITLE);
    page_text(response, "p", page_say(language, MESSAGE_PAGE_CODE_DONE));
    page_end(response);
}

static const struct web_route routes[] = {
    {"GET", "/sign-up/*", sign_up_page, FALSE},
    {"POST", "/sign-up/*", sign_up, TRUE},
    {"POST", "/code/*", confirm_code, TRUE},
    {NULL},
};
const struct web_room web_room_sign_up = {"sign_up", routes, NULL};
