/* A folder that a jail's system drops files into, watched by looking.
 *
 * SFTP servers write files in place or rename them when whole; a look cannot tell a slow file from a
 * finished one. So a file is ready when its size and time have not changed for `settle_us`, longer
 * when it does not end with a line end. Names that upload programs use for unfinished files are
 * passed over. The folder is only ever read: loading is remembered in the store. */
#ifndef FEED_FOLDER_H
#define FEED_FOLDER_H

#include <glib.h>

struct feed_folder;

struct feed_folder *feed_folder_new(const char *path, gint64 settle_us);
void feed_folder_free(struct feed_folder *folder);

/* Looks once. Gives the paths that have become ready since the last look, in name order, each only
 * once for one size and time. Transfer full. NULL when the folder cannot be read. */
GPtrArray *feed_folder_look(struct feed_folder *folder, gint64 now_at_us, GError **error);

/* A file that was given could not be taken for now: the next look gives it again. */
void feed_folder_retry(struct feed_folder *folder, const char *path);

#endif
