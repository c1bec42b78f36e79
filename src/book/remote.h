/* A log's resources from a folder or over HTTP, and posting to a witness. */
#ifndef BOOK_REMOTE_H
#define BOOK_REMOTE_H

#include "ledger/tile.h"

struct remote;
/* `location` is a folder laid out as C2SP tlog-tiles says, or an http:// or https:// prefix. */
struct remote *remote_open(const char *location);
void remote_close(struct remote *remote);
struct ledger_source remote_source(struct remote *remote); /* valid until remote_close */

/* Posts `body`; `answer` (transfer full) gets at most 64 KiB. FALSE with BASE_ERROR_NETWORK when no
 * answer came within `timeout_s`. */
gboolean remote_post(const char *url, const char *body, guint timeout_s, long *status, char **answer,
                     GError **error);

/* Asks for an address and wants nothing but that it is answered well (2xx). */
gboolean remote_get(const char *url, guint timeout_s, GError **error);

#endif
