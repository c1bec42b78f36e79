/* A site with all that belongs to it, for whoever works on one. */
#ifndef OPERATE_OPEN_H
#define OPERATE_OPEN_H

#include "site/site.h"

/* Opens a site and keeps its ledger. Given back with site_close. Transfer full. */
struct site *operate_open(const char *dir, GError **error);

#endif
