/* Names that change while they are searched: an index of all, and small ones of what came since.
 *
 *   base     everybody at the start                           built once
 *   newer    names that came since, up to a few thousand       built again when `latest` is full
 *   latest   the last few hundred of them                      built again at every publish
 *
 * One writer adds names and publishes; any number of readers search what was published last, each to
 * the end of its search, and none waits for another or for the writer. A name that a person no longer
 * has is still found: whoever shows a hit looks the person up, and leaves out who has another name now.
 */
#ifndef PEOPLE_SEARCH_DIRECTORY_H
#define PEOPLE_SEARCH_DIRECTORY_H

#include "people/search/index.h"

struct people_directory;

/* Takes the index (NULL: nobody yet). */
struct people_directory *people_directory_new(struct people_index *base);
/* Nobody may be searching. */
void people_directory_free(struct people_directory *directory);

/* The writer's: a name that is new or another. It is found after the next publish. */
void people_directory_add(struct people_directory *directory, guint32 person, const char *given,
                          const char *surname);
void people_directory_publish(struct people_directory *directory);

struct people_found {
    struct people_name name;
    int price;
    enum people_reason reason;
    GArray *people; /* guint32, each once */
};

/* The likeliest names, best first, at most `most` (≤ PEOPLE_MOST_HITS). Transfer full: struct
 * people_found. */
GArray *people_directory_search(struct people_directory *directory, const char *query, gboolean harder,
                                guint most);

/* A directory that somebody keeps up to date while it is searched. */
struct people_source {
    struct people_directory *(*directory)(void *context); /* borrowed */
    gint64 (*seq)(
        void *context); /* the last change of a name that it knows; -1: nothing was read yet */
    void *context;
};

#endif
