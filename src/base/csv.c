#include "base/csv.h"

#include <string.h>

#define MAX_FIELDS 512
#define MAX_LINES_IN_A_FIELD 16
#define MAX_FIELD_BYTES 65536
#define FEW_DELIMITERS 3 /* a line of text seldom has as many */

const struct csv_dialect csv_default_dialect = {.delimiter = ',', .quote = '"'};

struct csv_reader {
    struct csv_dialect dialect;
    char *text;
    char *at, *end;
    guint line;
    guint n_delimiters; /* of the first row */
    char *fields[MAX_FIELDS];
    GPtrArray *converted; /* Latin-1 fields of the row, as UTF-8 */
};

struct csv_reader *csv_reader_new(const struct csv_dialect *dialect, char *text, gsize n) {
    struct csv_reader *reader = g_new0(struct csv_reader, 1);
    reader->dialect = *dialect;
    reader->text = g_realloc(text, n + 1); /* room for the last field's NUL */
    reader->text[n] = 0;
    reader->at = reader->text;
    reader->end = reader->text + n;
    reader->line = 1;
    reader->converted = g_ptr_array_new_with_free_func(g_free);
    if (n >= 3 && memcmp(reader->text, "\xEF\xBB\xBF", 3) == 0)
        reader->at += 3;
    return reader;
}

void csv_reader_free(struct csv_reader *reader) {
    if (!reader)
        return;
    g_ptr_array_unref(reader->converted);
    g_free(reader->text);
    g_free(reader);
}

gsize csv_reader_position(const struct csv_reader *reader) {
    return (gsize)(reader->at - reader->text);
}

static gboolean ends_line(char c) {
    return c == '\n' || c == '\r';
}

/* Past CR*LF or CR*, counting one line. */
static char *skip_line_end(struct csv_reader *reader, char *p) {
    if (p >= reader->end)
        return p;
    while (p < reader->end && *p == '\r')
        p++;
    if (p < reader->end && *p == '\n')
        p++;
    reader->line++;
    return p;
}

static void trim(char **start, char **stop) {
    while (*start < *stop && (**start == ' ' || **start == '\t'))
        (*start)++;
    while (*stop > *start && ((*stop)[-1] == ' ' || (*stop)[-1] == '\t'))
        (*stop)--;
}

/* Where a quoted field's text ends, unescaping it in a first, dry pass. `p` is past the opening
 * quote. Returns the position after the closing quote, or NULL with the reason. */
static char *find_closing_quote(struct csv_reader *reader, char *p, const char **reason) {
    const struct csv_dialect *d = &reader->dialect;
    guint lines = 0, n_delimiters = 0; /* on the line that it runs over */
    char *start = p;

    for (; p < reader->end; p++) {
        if (d->backslash_escape && *p == '\\' && p + 1 < reader->end) {
            p++;
            continue;
        }
        if (*p == d->quote) {
            if (!d->backslash_escape && p + 1 < reader->end && p[1] == d->quote) {
                p++;
                continue;
            }
            break;
        }
        n_delimiters = *p == '\n' ? 0 : n_delimiters + (*p == d->delimiter);
        if (*p == '\n' && ++lines > MAX_LINES_IN_A_FIELD)
            break;
        if (lines && reader->n_delimiters >= FEW_DELIMITERS && n_delimiters >= reader->n_delimiters) {
            *reason = "a quote stands open, and what follows looks like rows";
            return NULL;
        }
        if (p - start > MAX_FIELD_BYTES)
            break;
    }
    if (p < reader->end && *p == d->quote)
        return p + 1;
    *reason = "a quoted field has no closing quote";
    return NULL;
}

static char *unescape(const struct csv_dialect *d, char *start, char *stop) {
    char *out = start;
    for (char *p = start; p < stop; p++) {
        if ((d->backslash_escape && *p == '\\' && p + 1 < stop) ||
            (!d->backslash_escape && *p == d->quote))
            p++;
        *out++ = *p;
    }
    return out;
}

/* One pass over a row without changing the text: where it ends, or why it cannot be read. */
static char *find_row_end(struct csv_reader *reader, char *p, const char **reason) {
    const struct csv_dialect *d = &reader->dialect;
    gboolean at_field_start = TRUE;

    char *line_end = memchr(p, '\n', (gsize)(reader->end - p));
    if (line_end && (!d->quote || !memchr(p, d->quote, (gsize)(line_end - p)))) {
        char *carriage = memchr(p, '\r', (gsize)(line_end - p));
        return carriage ? carriage : line_end;
    }
    while (p < reader->end && !ends_line(*p)) {
        if (at_field_start && !d->keeps_padding)
            while (p < reader->end && *p == ' ' && *p != d->delimiter)
                p++;
        if (p < reader->end && at_field_start && d->quote && *p == d->quote) {
            p = find_closing_quote(reader, p + 1, reason);
            if (!p)
                return NULL;
            while (p < reader->end && *p != d->delimiter && (*p == ' ' || *p == '\t'))
                p++;
            if (p < reader->end && *p != d->delimiter && !ends_line(*p)) {
                *reason = "text follows a closing quote";
                return NULL;
            }
        }
        at_field_start = FALSE;
        if (p < reader->end && *p == d->delimiter) {
            at_field_start = TRUE;
            p++;
        } else if (p < reader->end && !ends_line(*p)) {
            p++;
        }
    }
    return p;
}

/* What a whole row is made of, found once so that its fields need no look of their own. */
struct texture {
    gboolean has_high, has_nul;
};

static struct texture look_at(const char *start, const char *stop) {
    guint64 high = 0, nul = 0, word;
    const guint64 ones = G_GUINT64_CONSTANT(0x0101010101010101), tops = ones << 7;
    for (; stop - start >= 8; start += 8) {
        memcpy(&word, start, 8);
        high |= word;
        nul |= (word - ones) & ~word;
    }
    for (; start < stop; start++) {
        high |= (guint64)(guchar)*start;
        nul |= *start ? 0 : tops;
    }
    return (struct texture){(high & tops) != 0, (nul & tops) != 0};
}

static gboolean take_field(struct csv_reader *reader, char *start, char *stop, struct texture texture,
                           char **field, const char **reason) {
    const struct csv_dialect *d = &reader->dialect;

    if (!d->keeps_padding || (d->quote && start < stop && *start == d->quote))
        trim(&start, &stop);
    if (d->quote && stop - start >= 2 && *start == d->quote) {
        stop = unescape(d, start + 1, stop - 1);
        start++;
        if (!d->keeps_padding)
            trim(&start, &stop);
    }
    if (texture.has_nul && memchr(start, 0, (gsize)(stop - start))) {
        *reason =
            "a field holds a NUL byte; if the jail's system writes UTF-16, say `encoding: utf-16` "
            "in the mapping";
        return FALSE;
    }
    *stop = 0;
    *field = start;
    if (!texture.has_high || g_str_is_ascii(start))
        return TRUE;
    const gboolean is_utf8 = g_utf8_validate(start, -1, NULL);
    if (d->is_latin1 && !is_utf8) { /* what is UTF-8 by chance is none in any other */
        /* What is called Latin-1 is Windows' code page: the control characters that Latin-1 has in the
         * place of its quotes and letters are in no name. Five bytes have no meaning in it. */
        char *utf8 = g_convert_with_fallback(start, -1, "UTF-8", "CP1252", "?", NULL, NULL, NULL);
        if (!utf8)
            utf8 = g_convert(start, -1, "UTF-8", "ISO-8859-1", NULL, NULL, NULL);
        g_ptr_array_add(reader->converted, utf8);
        *field = utf8;
    } else if (!is_utf8) {
        *reason =
            "a field is not UTF-8; if the jail's system writes Windows' code page, say `encoding: "
            "windows-1252` in the mapping";
        return FALSE;
    }
    return TRUE;
}

/* Cuts the row [start, stop) into fields in place. */
static gboolean split_row(struct csv_reader *reader, char *start, char *stop, struct csv_row *row) {
    const struct csv_dialect *d = &reader->dialect;
    const struct texture texture = look_at(start, stop);
    guint n = 0;
    gboolean more = TRUE;

    while (more) {
        char *p = start;
        if (d->quote) {
            char *q = start;
            while (q < stop && *q == ' ')
                q++;
            if (q < stop && *q == d->quote && (!d->keeps_padding || q == start))
                p = find_closing_quote(reader, q + 1, &row->reason);
        }
        p = memchr(p, d->delimiter, (gsize)(stop - p));
        more = p != NULL;
        if (!p)
            p = stop;
        if (n == MAX_FIELDS) {
            row->reason = "the row has more than 512 fields";
            return FALSE;
        }
        if (!take_field(reader, start, p, texture, &reader->fields[n++], &row->reason))
            return FALSE;
        start = p + 1;
    }
    row->fields = reader->fields;
    row->n_fields = n;
    return TRUE;
}

enum csv_result csv_reader_next(struct csv_reader *reader, struct csv_row *row) {
    g_ptr_array_set_size(reader->converted, 0);
    while (reader->at < reader->end && ends_line(*reader->at))
        reader->at = skip_line_end(reader, reader->at);
    if (reader->at >= reader->end)
        return CSV_END;

    *row = (struct csv_row){.line = reader->line};
    char *start = reader->at;
    char *stop = find_row_end(reader, start, &row->reason);
    if (!stop) { /* give up this physical line only */
        for (stop = start; stop < reader->end && !ends_line(*stop); stop++)
            ;
        row->is_cut = stop == reader->end;
        row->raw = start;
        row->raw_n = (gsize)(stop - start);
        reader->at = skip_line_end(reader, stop);
        return CSV_BAD_ROW;
    }
    for (char *p = start; p < stop; p++) /* line ends inside quotes */
        if (*p == '\n')
            reader->line++;
    row->is_cut = stop == reader->end;
    row->raw = start;
    row->raw_n = (gsize)(stop - start);
    reader->at = skip_line_end(reader, stop);
    if (!split_row(reader, start, stop, row))
        return CSV_BAD_ROW;
    reader->n_delimiters = reader->n_delimiters ? reader->n_delimiters : row->n_fields - 1;
    return CSV_ROW;
}
