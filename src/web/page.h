/* The frame of every page: works on an old phone, without JavaScript, in the person's language, with
 * a way out at the top. */
#ifndef WEB_PAGE_H
#define WEB_PAGE_H

#include "base/vocabulary.h"
#include "web/http.h"

/* Begins a page; `exit_label` NULL: no way out (the operator's pages). */
void page_begin(struct web_response *response, const char *language, const char *title,
                const char *exit_label);
void page_end(struct web_response *response);
void page_text(struct web_response *response, const char *element, const char *text);

#endif
