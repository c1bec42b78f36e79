/* The log as strangers see it, and this site as others' witness. */
#ifndef BOOK_LOG_H
#define BOOK_LOG_H

#include "site/site.h"

/* A resource of C2SP tlog-tiles: "checkpoint", "tile/0/000", … BASE_ERROR_NOT_FOUND for what is not
 * there. Transfer full. */
GBytes *log_resource(struct site *site, const char *path, GError **error);

/* Answers add-checkpoint (C2SP tlog-witness): an HTTP status, and the body that goes with it (transfer
 * full). */
guint log_witness(struct site *site, const char *body, gsize n, char **answer);

#endif
