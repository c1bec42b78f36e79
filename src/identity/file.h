/* Groups the rows of any delimited file by person: for first loads, research and benchmarks.
 *
 * A mapping in YAML says which columns are what (docs/matching.md teaches it). It is not a feed's: it
 * may name a number such as the last digits of a social security number as a key to compare by, because
 * nothing of the file is kept; a feed's mapping refuses that. */
#ifndef IDENTITY_FILE_H
#define IDENTITY_FILE_H

#include "people/link/link.h"

struct identity_file_report {
    guint n_rows, n_people, n_linked,
        n_possible; /* rows in all; rows held by a sure, by a possible link */
    guint n_bad;    /* rows that could not be read; each is told through `problem` */
};

struct identity_file_options {
    const char *csv, *mapping, *out; /* `mapping` NULL: columns are known by their usual headers */
    struct link_options link;
    void (*problem)(guint line, const char *field, const char *what, void *context);
    void *problem_context;
};

/* Writes row,person,band,score for every row, in the file's order. FALSE when a file cannot be read or
 * written, or the mapping is wrong. */
gboolean identity_file(const struct identity_file_options *options, struct identity_file_report *report,
                       GError **error);

/* The evidence of two rows, by their numbers as written to `out`. */
gboolean identity_file_explain(const struct identity_file_options *options, guint row_a, guint row_b,
                               struct link_evidence *evidence, guint *n_evidence, double *prior,
                               double *bits, GError **error);

#endif
