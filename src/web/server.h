/* The HTTP server: what comes in by the front (web/front.h) has its turn in a lane, and a room answers
 * it. docs/security.md says what it refuses. */
#ifndef WEB_SERVER_H
#define WEB_SERVER_H

#include "site/site.h"

struct web_server;

/* Listens on the configured address; `port` overrides the configured one when not 0. `finder` is what
 * people are looked up with. */
struct finder;
struct web_server *web_server_start(struct site *site, struct finder *finder, guint port,
                                    GError **error);
void web_server_stop(struct web_server *server);

/* The port it listens on. */
guint web_server_port(const struct web_server *server);

/* The console's address with its key. Transfer full. */
char *web_console_url(const struct site *site, guint port);

#endif
