#include "operate/open.h"

#include "book/logbook.h"

struct site *operate_open(const char *dir, GError **error) {
    struct site *site = site_open(dir, error);
    if (site)
        logbook_open(site);
    return site;
}
