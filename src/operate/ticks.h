/* What `serve` does as time passes. */
#ifndef OPERATE_TICKS_H
#define OPERATE_TICKS_H

#include "site/site.h"

struct ticks;
struct ticks *ticks_new(struct site *site);
void ticks_free(struct ticks *ticks);

/* Looks into the drop folders, and does what is due: the silence of feeds, watches whose time is over,
 * the ledger's hours. Logs what it does. */
void ticks_look(struct ticks *ticks);

#endif
