/* Looking people up, for anybody: only who, and what of them, the policy permits.
 *
 * Each search that shows anybody is recorded for the hour's leaf of the ledger before it is shown. What
 * may not be told cannot be asked by, either. */
#ifndef FIND_LOOK_UP_H
#define FIND_LOOK_UP_H

#include <glib.h>

struct finder;

struct look_up_query {
    const char *text;     /* a name in any order, or a number of a booking */
    const char *facility; /* NULL: any */
    guint born;           /* a year; 0: any */
    guint age;            /* years, give or take one; 0: any */
    gboolean harder;      /* look for two edits in any case */
    guint limit, offset;  /* people shown, people passed over first */
};

struct look_up_card {
    char *handle;                               /* names the person in a registration; tells nothing */
    char *surname, *given, *facility, *booking; /* NULL: not to be told, or not known */
    guint born;                                 /* the year; 0 likewise */
    const char *reason;                         /* why they were found, a word; static */
};

/* Transfer full: struct look_up_card; NULL with an error, BASE_ERROR_REFUSED for a query too wide.
 * `n_more` is how many more could be shown. */
GPtrArray *look_up(struct finder *finder, const struct look_up_query *query, guint *n_more,
                   GError **error);

#endif
