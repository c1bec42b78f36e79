/* What `serve` does as time passes: looks into drop folders and loads what has become whole, and
 * raises the silence of feeds.
 *
 * Used by: cli. Includes: site/site.h. */
#ifndef OPERATE_WATCHER_H
#define OPERATE_WATCHER_H

#include "site/site.h"

struct watcher;
struct watcher *watcher_new(struct site *site);
void watcher_free(struct watcher *watcher);

/* One look at everything; logs what it does. */
void watcher_look(struct watcher *watcher);

#endif
