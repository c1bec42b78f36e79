/* Delimited text, read in place from memory, one row at a time.
 *
 * Why our own and not libcsv: a stray quote in row 500 makes a library reader swallow the rest of
 * the file as one field. On a roster that is a mass disappearance. Here a quoted field that does
 * not end within its row's bounds, or runs over what looks like rows, spoils that row only: the reader
 * goes back, reports the row and goes on at the next line. Rows are cited by the line they start on,
 * the first line being 1. RFC 4180 with what real exports add: any delimiter, CR, LF, CRLF and CR CR LF
 * ends, doubled or backslash-escaped quotes, a byte order mark, Latin-1. */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include <glib.h>

struct csv_dialect {
    char delimiter;            /* ',' */
    char quote;                /* '"'; 0: no quoting */
    gboolean backslash_escape; /* \" inside quotes, instead of "" */
    gboolean is_latin1;        /* else UTF-8 */
    gboolean keeps_padding;    /* else spaces and tabs around a field are dropped */
};

extern const struct csv_dialect csv_default_dialect;

struct csv_reader;

enum csv_result {
    CSV_ROW,     /* fields and n_fields are set */
    CSV_BAD_ROW, /* the row at `line` cannot be read; `reason` says why; the reader went past it */
    CSV_END
};

struct csv_row {
    char **fields; /* NUL-terminated UTF-8, owned by the reader, valid until the next call */
    guint n_fields;
    guint line;         /* where the row starts, from 1 */
    const char *reason; /* static; CSV_BAD_ROW only */
    gboolean is_cut;    /* the row ends the text without a line end */
    const char *raw;    /* the row's bytes, raw_n of them, cut by NULs where fields were taken */
    gsize raw_n;
};

/* Reads `text` of `n` bytes. Transfer full: the reader takes `text` (from g_malloc) and writes in
 * it. */
struct csv_reader *csv_reader_new(const struct csv_dialect *dialect, char *text, gsize n);
void csv_reader_free(struct csv_reader *reader);

/* The next row that is not empty. */
enum csv_result csv_reader_next(struct csv_reader *reader, struct csv_row *row);

/* Bytes consumed so far, for a progress display. */
gsize csv_reader_position(const struct csv_reader *reader);

#endif
