/* Drop folders: looked into, and what has become whole is loaded. */
#ifndef INTAKE_FOLDERS_H
#define INTAKE_FOLDERS_H

#include "site/site.h"

struct folders;
struct folders *folders_new(struct site *site);
/* What is under way ends first. */
void folders_free(struct folders *folders);
gboolean folders_are_loading(const struct folders *folders);

/* One look into each; logs what it does. */
void folders_look(struct folders *folders);

#endif
