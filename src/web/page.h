/* The frame of every page: works on an old phone, without JavaScript, in the person's language, with
 * a way out at the top. */
#ifndef WEB_PAGE_H
#define WEB_PAGE_H

#include "catalogue.h"
#include "web/http.h"

const char *page_say(enum language language, enum message key);
/* In the language the browser asks for. */
enum language page_asked_language(const struct web_request *request);

/* Begins a page; `exit_label` NULL: no way out (the operator's pages). */
void page_begin(struct web_response *response, const char *language, const char *title,
                const char *exit_label);
/* A page of the public's, with the way out. */
void page_open(struct web_response *response, enum language language, enum message title);
void page_end(struct web_response *response);

void page_text(struct web_response *response, const char *element, const char *text);
void page_warning(struct web_response *response, const char *text); /* NULL: none */
/* A labelled field of a form; `attributes` is HTML. */
void page_field(struct web_response *response, const char *name, const char *label,
                const char *attributes);
void page_button(struct web_response *response, const char *label);

#endif
