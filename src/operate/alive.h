/* A dead man's call: an address outside hears once a minute that news moves, so that somebody is told
 * when this process, the machine or the mail server is dead. */
#ifndef OPERATE_ALIVE_H
#define OPERATE_ALIVE_H

#include "site/site.h"

struct alive;
/* NULL where site.yaml has no `watchdog_url`. */
struct alive *alive_start(struct site *site);
void alive_stop(struct alive *alive);

/* Said by the main loop each time it goes round. */
void alive_beat(struct alive *alive);

#endif
