/* Whether the clock is to be believed where what it says cannot be undone. */
#ifndef DESK_CLOCK_H
#define DESK_CLOCK_H

#include "site/site.h"

/* FALSE for a day after it leapt ahead, which is paged. */
gboolean clock_is_steady(struct site *site, gboolean *is_steady, GError **error);

#endif
