/* How often one address may try what can be guessed or flooded: a bucket of 20, one more every 3 s.
 *
 * In memory, by a keyed hash of the address, never logged. The table has its size from the start, and
 * a try looks at one set of it, whoever else tries: where a set has no room, the fullest bucket is
 * forgotten, which is whoever has tried least. */
#ifndef WEB_LIMITS_H
#define WEB_LIMITS_H

#include <glib.h>

struct web_limits;
struct web_limits *web_limits_new(void);
void web_limits_free(struct web_limits *limits);
gboolean web_limits_allow(struct web_limits *limits, const char *peer, gint64 now_us);

#endif
