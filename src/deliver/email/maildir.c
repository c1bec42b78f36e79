/* A Maildir: the file is written under tmp/, made durable, and moved into new/ in one step. Its name
 * comes from the message's key, so that a message tried again replaces itself. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "deliver/email/email.h"

#define NS G_GINT64_CONSTANT(1000000000)

struct maildir {
    struct channel base;
    char *path;
    gint64 last_ns; /* the time of the last file */
};

static gboolean write_all(int fd, GBytes *message) {
    gsize n;
    const char *p = g_bytes_get_data(message, &n);
    while (n) {
        ssize_t written = write(fd, p, n);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return FALSE;
        p += written;
        n -= (gsize)written;
    }
    return TRUE;
}

/* The kernel's times are some milliseconds coarse: who reads the folder by time would take two messages
 * in either order. Each is given one after the last. */
static void set_time_after_last(struct maildir *maildir, int fd) {
    struct stat status;
    if (fstat(fd, &status) != 0)
        return;
    const gint64 at_ns = (gint64)status.st_mtim.tv_sec * NS + status.st_mtim.tv_nsec;
    maildir->last_ns = MAX(at_ns, maildir->last_ns + 1);
    const struct timespec at = {.tv_sec = maildir->last_ns / NS, .tv_nsec = maildir->last_ns % NS};
    (void)!futimens(fd, (const struct timespec[]){at, at});
}

static gboolean sync_folder(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    gboolean ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

static enum deliver_result maildir_send(struct channel *channel, const char *to, const char *key,
                                        GBytes *message, char **answer) {
    struct maildir *maildir = (struct maildir *)channel;
    g_autofree char *name = g_strconcat(key, ".tocsin", NULL);
    g_autofree char *tmp = g_build_filename(maildir->path, "tmp", name, NULL);
    g_autofree char *folder = g_build_filename(maildir->path, "new", NULL);
    g_autofree char *final = g_build_filename(folder, name, NULL);
    (void)to;

    int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    gboolean ok = fd >= 0 && write_all(fd, message);
    if (ok)
        set_time_after_last(maildir, fd);
    ok = ok && fsync(fd) == 0;
    int problem = errno;
    if (fd >= 0 && close(fd) != 0)
        ok = FALSE;
    const gboolean is_there = ok && g_rename(tmp, final) == 0;
    if (is_there && sync_folder(folder)) {
        *answer = g_strdup("stored");
        return DELIVER_HANDED_OVER;
    }
    if (ok)
        problem = errno;
    *answer = g_strdup_printf("the mail folder says: %s", g_strerror(problem));
    return is_there ? DELIVER_AMBIGUOUS : DELIVER_TRY_LATER;
}

static void maildir_free(struct channel *channel) {
    struct maildir *maildir = (struct maildir *)channel;
    g_free(maildir->path);
    g_free(maildir);
}

struct channel *email_open_maildir(const char *path, GError **error) {
    static const char *const folders[] = {"tmp", "new", "cur"};
    for (guint i = 0; i < G_N_ELEMENTS(folders); i++) {
        g_autofree char *folder = g_build_filename(path, folders[i], NULL);
        if (g_mkdir_with_parents(folder, 0700) != 0) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_STORE, "%s: %s", folder, g_strerror(errno));
            return NULL;
        }
    }
    struct maildir *maildir = g_new0(struct maildir, 1);
    maildir->base = (struct channel){.send = maildir_send, .free = maildir_free};
    maildir->path = g_strdup(path);
    return &maildir->base;
}
