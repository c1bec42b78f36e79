/* What an adapter implements. */
#ifndef FEED_FORMATS_PRIVATE_H
#define FEED_FORMATS_PRIVATE_H

#include "feed/formats/format.h"

#define FEED_MARK "\xef\xbb\xbf" /* which says that what follows is UTF-8 */

struct feed_adapter {
    const struct feed_mapping *mapping;
    enum feed_next (*next)(struct feed_adapter *adapter, struct feed_cells *cells,
                           struct feed_problem *problem);
    double (*progress)(const struct feed_adapter *adapter);
    void (*free)(struct feed_adapter *adapter);
    gboolean is_cut;
    GString *unread; /* text of the row that could not be read */
};

/* Joins the parts of a person's or booking's number with "/", into `joined`; NULL when any part is
 * missing. One part is returned as it is. */
const char *feed_join_key(const char *const *parts, guint n, GString *joined);

/* The table of formats: the name in mappings, what it carries, and what opens it. */
#define FEED_FORMATS(X)                                                                                \
    X("csv-roster", FEED_ROSTER, feed_csv_open)                                                        \
    X("csv-events", FEED_EVENTS, feed_csv_open)                                                        \
    X("json-events", FEED_EVENTS, feed_json_open)

#define X(name, content, open)                                                                         \
    struct feed_adapter *open(const struct feed_mapping *mapping, char *text, gsize n, GError **error);
FEED_FORMATS(X)
#undef X

#endif
