/* Finding people: the directory of all names in the store, kept up to date while it is searched.
 *
 * Built at the start; a thread then reads what the store's writers (this process or another) have
 * committed and publishes it, within FINDER_LOOKS_EVERY_MS. A search reads who was found from the store
 * at that moment: whoever has another name by now is left out. */
#ifndef FIND_FINDER_H
#define FIND_FINDER_H

#include "people/search/directory.h"
#include "site/site.h"
#include "store/custody.h"

#define FINDER_LOOKS_EVERY_MS 200
#define FINDER_LEAST_LETTERS 3 /* of a name for the public: one or two would list the jail */
#define FINDER_MOST_READ 3000  /* people of the names that fit, read from the store */

struct finder;

/* Finds nobody yet: searches fail with BASE_ERROR_BUSY. */
struct finder *finder_new(struct site *site);
void finder_free(struct finder *finder);

/* Reads every name. `progress` (may be NULL) gets parts of 1. */
gboolean finder_build(struct finder *finder, void (*progress)(double part, void *context),
                      void *context, GError **error);
/* Does so in a thread of its own, so that alerts need not wait for it, and then follows the store. */
void finder_start(struct finder *finder);

struct site *finder_site(const struct finder *finder);

/* What it keeps up to date, for the linker. Borrowed: the finder outlives its use. */
struct people_source finder_source(struct finder *finder);

/* What a text with digits is. */
enum finder_numbers {
    FINDER_NUMBER_FIRST, /* a number; a name where nobody has it */
    FINDER_NUMBER_TOO,   /* both: whether somebody has the number changes nothing else of the answer */
    FINDER_NUMBER_NEVER  /* a name */
};

struct finder_query {
    const char *text;     /* a name in any order, or a number of a person or booking */
    const char *facility; /* NULL: any */
    guint born;           /* a year; 0: any */
    guint age;            /* years, give or take one; 0: any */
    gboolean harder;      /* look for two edits in any case */
    enum finder_numbers numbers;
    guint limit, offset; /* people shown, people passed over first */
};

/* How many letters a text has that a search can go by. */
gsize finder_n_letters(const char *text);

/* Why somebody was found, as a word for JSON and one for people. */
const char *finder_reason(enum people_reason reason);
const char *finder_reason_words(enum people_reason reason);

typedef void (*finder_fn)(const struct store_person_row *person, enum people_reason reason,
                          void *context);
/* For the jail's own staff: everything. `n_more` (may be NULL) is how many more there are. */
gboolean finder_search(struct finder *finder, const struct finder_query *query, finder_fn each,
                       void *context, guint *n_more, GError **error);

#endif
