/* What `serve` does as time passes. */
#ifndef OPERATE_TICKS_H
#define OPERATE_TICKS_H

#include "site/site.h"

struct ticks;
/* In a thread of its own, every second: looks into the drop folders, and does what is due: the silence
 * of feeds, watches whose time is over, the ledger's hours. Logs what it does. */
struct ticks *ticks_start(struct site *site);
void ticks_stop(struct ticks *ticks);

/* Whether work moves: the thread goes round, or what it waits for writes. To be asked every second or
 * so, by one thread. */
gboolean ticks_move(struct ticks *ticks);

#endif
