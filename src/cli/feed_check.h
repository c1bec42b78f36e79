/* `tocsin feed check`: how rows were understood, and what each would do. */
#ifndef CLI_FEED_CHECK_H
#define CLI_FEED_CHECK_H

#include "cli/cli.h"
#include "intake/load.h"

struct feed_rows;
/* Keeps the first `most` rows, and as many again of those with problems. */
struct feed_rows *feed_check_new(guint most);
void feed_check_free(struct feed_rows *rows);
void feed_check_keep(const struct load_row *row, void *rows); /* load_options.on_row */
/* Prints them, each with its events of the summary, and forgets them. */
void feed_check_print(struct cli *cli, struct feed_rows *rows, const struct load_summary *summary);

#endif
