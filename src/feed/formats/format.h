/* Source bytes to mapped cells, one format a file behind one interface.
 *
 * A format is a file here and a row of the table in private.h. An adapter knows delimiters or braces
 * and which column fills which field, and nothing of what a value means. Rosters kept while they are
 * held are read by held.c, which no mapping names. */
#ifndef FEED_FORMATS_FORMAT_H
#define FEED_FORMATS_FORMAT_H

#include "feed/record.h"

struct feed_adapter;

struct feed_format {
    const char *name; /* in mappings */
    enum feed_content content;
    /* Transfer full of `text`, which is written in. */
    struct feed_adapter *(*open)(const struct feed_mapping *mapping, char *text, gsize n,
                                 GError **error);
};
extern const struct feed_format feed_formats[]; /* the last has no name */
/* By its name; NULL for none. */
const struct feed_format *feed_format_by_name(const char *name);
/* "csv-roster, …". Transfer full. */
char *feed_format_names(void);

/* Opens a whole file in memory. Transfer full of `text` (from g_malloc), which is written in. Fails
 * when the file as a whole cannot be what the mapping describes; the message says which columns are
 * missing. */
struct feed_adapter *feed_adapter_open(const struct feed_mapping *mapping, char *text, gsize n,
                                       GError **error);
void feed_adapter_free(struct feed_adapter *adapter);

enum feed_next { FEED_CELLS, FEED_PROBLEM, FEED_END };

/* The next row's cells, or what is wrong with it. */
enum feed_next feed_adapter_next(struct feed_adapter *adapter, struct feed_cells *cells,
                                 struct feed_problem *problem);

/* After FEED_PROBLEM: the text of the row that could not be read, for finding out whom it may be
 * about. In memory only, until the next row; "" when there is none. */
const char *feed_adapter_unread(const struct feed_adapter *adapter);

/* After FEED_END: whether the file stops in the middle of a row, as a half-written one does. */
gboolean feed_adapter_is_cut(const struct feed_adapter *adapter);

/* The part of the file that has been read, 0 to 1, for a progress display. */
double feed_adapter_progress(const struct feed_adapter *adapter);

/* Of a list in which bookings stand on several rows: one row a booking. Takes `rows`. `on_problem`
 * hears what is wrong with the rows that are not given themselves. */
struct feed_adapter *feed_charges_open(struct feed_adapter *rows, gint64 observed_at_us,
                                       feed_problem_fn on_problem, void *context);

/* Rows again, from the cells kept of them: `feed_cells_keep` adds a row to what is kept. `is_whole`:
 * with what never lies in the store in the clear, for a moment in memory. */
void feed_cells_keep(GByteArray *kept, const struct feed_cells *cells, gboolean is_whole);
struct feed_adapter *feed_held_open(const struct feed_mapping *mapping, GBytes *kept,
                                    gboolean is_whole);

/* When a roster was taken, from its name as the mapping's `snapshot:` says; TIME_UNKNOWN when the
 * name holds no such date. `second_at_us`: the later instant, in the hour that comes twice in autumn;
 * else the same. */
gint64 feed_snapshot_at(const struct feed_mapping *mapping, const char *file_name,
                        gint64 *second_at_us);

#endif
