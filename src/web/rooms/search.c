/* Finding people, for anybody. docs/api.md describes it. */
#include "find/look_up.h"
#include "web/rooms.h"

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
    web_json_value(response, 200, json_pack("{s:o, s:i}", "people", people, "more", (int)n_more));
}

/* A name is never in an address: addresses are logged on the way. */
static void search_people(const struct web_request *request, struct web_response *response) {
    json_t *object = web_read_object(request, response);
    guint page = 0;
    if (!object)
        return;
    struct look_up_query query = {.text = web_text_of(object, "text"),
                                  .facility = web_text_of(object, "facility"),
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

static const struct web_route routes[] = {{"POST", "/v1/people/search", search_people, TRUE}, {NULL}};
const struct web_room web_room_search = {"search", routes, NULL};
