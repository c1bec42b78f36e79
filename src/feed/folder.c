#include "feed/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

struct sighting {
    off_t size;
    struct timespec modified;
    gint64 since_us;
    gboolean is_given;
};

struct feed_folder {
    char *path;
    gint64 settle_us;
    GHashTable *sightings; /* name → struct sighting */
};

struct feed_folder *feed_folder_new(const char *path, gint64 settle_us) {
    struct feed_folder *folder = g_new0(struct feed_folder, 1);
    folder->path = g_strdup(path);
    folder->settle_us = settle_us;
    folder->sightings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return folder;
}

void feed_folder_free(struct feed_folder *folder) {
    if (!folder)
        return;
    g_hash_table_unref(folder->sightings);
    g_free(folder->path);
    g_free(folder);
}

static gboolean is_unfinished_name(const char *name) {
    static const char *const endings[] = {".part",       ".filepart", ".tmp", ".partial",
                                          ".crdownload", ".swp",      "~"};
    if (*name == '.')
        return TRUE;
    for (guint i = 0; i < G_N_ELEMENTS(endings); i++)
        if (g_str_has_suffix(name, endings[i]))
            return TRUE;
    return FALSE;
}

static gboolean ends_with_line_end(const char *path, off_t size) {
    char last = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return FALSE;
    gboolean ok = size > 0 && pread(fd, &last, 1, size - 1) == 1;
    close(fd);
    return ok && (last == '\n' || last == '\r');
}

/* Whether this look is the one at which the file counts as whole. */
static gboolean settles(struct feed_folder *folder, const char *name, const char *path,
                        const struct stat *status, gint64 now_at_us) {
    struct sighting *seen = g_hash_table_lookup(folder->sightings, name);
    if (!seen || seen->size != status->st_size ||
        memcmp(&seen->modified, &status->st_mtim, sizeof seen->modified) != 0) {
        seen = g_new0(struct sighting, 1);
        *seen = (struct sighting){
            .size = status->st_size, .modified = status->st_mtim, .since_us = now_at_us};
        g_hash_table_replace(folder->sightings, g_strdup(name), seen);
    }
    if (seen->is_given)
        return FALSE;
    const gint64 wait_us = folder->settle_us * (!status->st_size                            ? 60
                                                : ends_with_line_end(path, status->st_size) ? 1
                                                                                            : 6);
    seen->is_given = now_at_us - seen->since_us >= wait_us;
    return seen->is_given;
}

static int compare_paths(gconstpointer a, gconstpointer b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *feed_folder_look(struct feed_folder *folder, gint64 now_at_us, GError **error) {
    g_autoptr(GDir) dir = g_dir_open(folder->path, 0, error);
    if (!dir)
        return NULL;
    GPtrArray *ready = g_ptr_array_new_with_free_func(g_free);
    for (const char *name; (name = g_dir_read_name(dir));) {
        struct stat status;
        g_autofree char *path = g_build_filename(folder->path, name, NULL);
        if (is_unfinished_name(name) || lstat(path, &status) != 0 || !S_ISREG(status.st_mode))
            continue;
        if (settles(folder, name, path, &status, now_at_us))
            g_ptr_array_add(ready, g_steal_pointer(&path));
    }
    g_ptr_array_sort(ready, compare_paths);
    return ready;
}

void feed_folder_retry(struct feed_folder *folder, const char *path) {
    g_autofree char *name = g_path_get_basename(path);
    struct sighting *seen = g_hash_table_lookup(folder->sightings, name);
    if (seen)
        seen->is_given = FALSE;
}
