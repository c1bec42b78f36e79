/* The head of an HTTP/1.x request, read in the only way or refused.
 *
 * RFC 9112 without what it lets a reader forgive: no bare LF or CR, no folded lines, no space before a
 * colon, no second length, no length beside chunks, one way to write a target. Whatever a proxy before
 * us could have read otherwise is refused, so that nobody's request can hide in another's. Pure. */
#ifndef WEB_HEAD_H
#define WEB_HEAD_H

#include <glib.h>

#define WEB_HEAD_MOST_BYTES (16u << 10)
#define WEB_HEAD_MOST_FIELDS 64u

struct web_field {
    const char *name, *value; /* the value without the space around it */
};

struct web_head {
    const char *method;
    char *path; /* what stands before a "?", with its "%" sequences read; owned */
    struct web_field fields[WEB_HEAD_MOST_FIELDS];
    guint n_fields;
    gboolean keeps;       /* the connection, once this is answered */
    gboolean is_chunked;  /* else the body has `body_n` bytes */
    gboolean is_awaiting; /* "100 Continue" before it sends a body */
    guint64 body_n;
};

enum web_reading {
    WEB_READING_MORE, /* it has not come whole */
    WEB_READING_DONE,
    WEB_READING_REFUSED
};

/* Reads the head that begins at `bytes` into `head`, which points into `bytes` (NULs are written
 * there) for as long as they stand. DONE sets `head_n`, the bytes up to the body; REFUSED sets the
 * `status` and `why`, static. web_head_clear after DONE. */
enum web_reading web_head_read(char *bytes, gsize n, struct web_head *head, gsize *head_n,
                               guint *status, const char **why);
void web_head_clear(struct web_head *head);

/* A field's value, whatever case its name is written in; NULL: none. The last, where several may be. */
const char *web_head_field(const struct web_head *head, const char *name);

/* A body in chunks, as its bytes come. Begin with zeros. */
struct web_chunks {
    guint state;
    guint64 left;
    guint n_digits;
};
/* Reads the bytes that have come. What belongs to the body is moved to the front of `bytes`; `body_n`
 * is how much, `read_n` how many bytes were read for it: all of them but after DONE. Extensions and
 * trailers are refused. */
enum web_reading web_chunks_read(struct web_chunks *chunks, char *bytes, gsize n, gsize *body_n,
                                 gsize *read_n);

#endif
