/* What one process of a site does at a time, by lease (store/duty.h), as a process sees it. */
#ifndef SITE_DUTY_H
#define SITE_DUTY_H

#include "site/site.h"

struct site_duty {
    char *name;
    gint64 until_at_us; /* 0: somebody else's, or nobody's yet */
    gint64 asked_at_us;
};

/* Takes the duty or keeps it: TRUE while it is this process's. Writes only when it must: a lease is
 * renewed in its last half, and another's is asked for again after a quarter. FALSE without an error
 * when it is another's. What is done under it must be harmless when another does it too: a process that
 * was stopped may wake after its lease. */
gboolean site_duty_is_mine(struct site *site, struct site_duty *duty, GError **error);

/* Gives it back at once, so that nobody waits for its end. Frees the name. */
void site_duty_clear(struct site *site, struct site_duty *duty);

#endif
