#include "web/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/seal.h"

#define FIRST_SIZE 1024u

static void free_memory(struct spool *spool, struct spool_body *body) {
    if (body->memory)
        seal_wipe(body->memory, body->memory_size);
    g_clear_pointer(&body->memory, g_free);
    spool->memory_left += body->memory_size;
    body->memory_size = 0;
}

/* Room for n bytes and a NUL. What was there is wiped where it stood. */
static gboolean grow(struct spool *spool, struct spool_body *body, gsize n) {
    gsize size = MAX(body->memory_size, FIRST_SIZE);
    while (size <= n)
        size *= 2;
    if (size == body->memory_size)
        return TRUE;
    if (size - body->memory_size > spool->memory_left)
        return FALSE;
    char *larger = g_malloc0(size);
    if (body->n)
        memcpy(larger, body->memory, body->n);
    free_memory(spool, body);
    body->memory = larger;
    body->memory_size = size;
    spool->memory_left -= size;
    return TRUE;
}

static gboolean write_all(int file, const char *bytes, gsize n) {
    while (n) {
        const gssize written = write(file, bytes, n);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return FALSE;
        bytes += written;
        n -= (gsize)written;
    }
    return TRUE;
}

/* A file that has no name; -1. */
static int open_file(const struct spool *spool) {
    int file = g_open(spool->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file >= 0)
        return file;
    g_autofree char *path = g_build_filename(spool->dir, "spool.XXXXXX", NULL);
    file = g_mkstemp_full(path, O_RDWR | O_CLOEXEC, 0600); /* a file system that knows only names */
    if (file >= 0)
        g_unlink(path);
    return file;
}

static gboolean move_to_file(struct spool *spool, struct spool_body *body) {
    const int file = spool->files_left && body->n <= spool->file_left ? open_file(spool) : -1;
    if (file < 0)
        return FALSE;
    if (!write_all(file, body->memory, body->n)) {
        close(file);
        return FALSE;
    }
    body->file = file;
    body->is_in_file = TRUE;
    spool->file_left -= body->n;
    spool->files_left--;
    free_memory(spool, body);
    return TRUE;
}

gboolean spool_add(struct spool *spool, struct spool_body *body, const char *bytes, gsize n) {
    if (!body->is_in_file && body->n + n < SPOOL_MEMORY_BYTES) {
        if (!grow(spool, body, body->n + n))
            return FALSE;
        memcpy(body->memory + body->n, bytes, n);
    } else {
        if ((!body->is_in_file && !move_to_file(spool, body)) || n > spool->file_left ||
            !write_all(body->file, bytes, n))
            return FALSE;
        spool->file_left -= n;
    }
    body->n += n;
    return TRUE;
}

const char *spool_read(struct spool_body *body) {
    if (!body->is_in_file)
        return body->n ? body->memory : "";
    if (!body->mapped) {
        if (!write_all(body->file, "", 1))
            return NULL;
        char *mapped = mmap(NULL, body->n + 1, PROT_READ, MAP_PRIVATE, body->file, 0);
        body->mapped = mapped == MAP_FAILED ? NULL : mapped;
    }
    return body->mapped;
}

void spool_clear(struct spool *spool, struct spool_body *body) {
    free_memory(spool, body);
    if (body->mapped)
        munmap(body->mapped, body->n + 1);
    if (body->is_in_file) {
        close(body->file);
        spool->file_left += body->n;
        spool->files_left++;
    }
    *body = (struct spool_body){0};
}
