/* How often one address may try what can be guessed or flooded: a bucket of 20, one more every 3 s.
 *
 * In memory, by address, never logged; the fullest buckets are forgotten first. Used by: web only. */
#ifndef WEB_LIMITS_H
#define WEB_LIMITS_H

#include <glib.h>

struct web_limits;
struct web_limits *web_limits_new(void);
void web_limits_free(struct web_limits *limits);
gboolean web_limits_allow(struct web_limits *limits, const char *peer);

#endif
