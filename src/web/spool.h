/* Bodies while they come in: what is small in memory, the rest in a file without a name in a folder,
 * both from a budget for all of them. Not for several threads at once. */
#ifndef WEB_SPOOL_H
#define WEB_SPOOL_H

#include <glib.h>

#define SPOOL_MEMORY_BYTES (64u << 10) /* of a body, before it goes to a file */

struct spool {
    const char *dir;              /* borrowed */
    gsize memory_left, file_left; /* of the budget */
    guint files_left;
};

/* A body; begin with zeros, and give it back with spool_clear. */
struct spool_body {
    char *memory; /* NULL: none came, or it is in the file */
    gsize n, memory_size;
    int file; /* once `is_in_file` */
    gboolean is_in_file;
    char *mapped;
};

/* FALSE when there is no room for more, or the folder takes none. */
gboolean spool_add(struct spool *spool, struct spool_body *body, const char *bytes, gsize n);
/* The whole, with a NUL behind it; borrowed until spool_clear. NULL: it could not be read back. */
const char *spool_read(struct spool_body *body);
/* Wipes what was in memory: PINs, codes, addresses. */
void spool_clear(struct spool *spool, struct spool_body *body);

#endif
