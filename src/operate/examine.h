/* The site looked over: what is well, what is not, what to do. */
#ifndef OPERATE_EXAMINE_H
#define OPERATE_EXAMINE_H

#include "site/site.h"

/* One thing that was looked at; `remedy` is for what is not well. */
typedef void (*examine_fn)(const char *what, gboolean is_well, const char *remedy, void *context);
void examine(struct site *site, examine_fn each, void *context);

#endif
