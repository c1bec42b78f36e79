/* A batch of reports far beyond a feed's usual, told as doubtful until a person decides; and files that
 * are undone. */
#ifndef INTAKE_DOUBT_H
#define INTAKE_DOUBT_H

#include "site/site.h"

/* Whoever was told that it is in doubt is told that it is so, or that it was wrong. `n`: so many
 * reports were decided on, 0 when none was doubtful. */
gboolean doubt_decide(struct site *site, const char *feed_id, gboolean is_right, guint *n,
                      guint *n_alerts, GError **error);

/* Takes back what a file said: belief follows, and whoever was told is told so. What a list showed is
 * undone only while it is the newest. */
gboolean doubt_undo(struct site *site, const char *feed_id, const char *file, guint *n, guint *n_alerts,
                    GError **error);

#endif
