/* Typed writers: text is escaped once, at output, by the writer of its place.
 *
 * HTML, mail headers and log lines each have one function that takes any bytes and leaves what is
 * safe there. Nothing else may put outside text into them. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <glib.h>

/* Appends `text` for an element's content or a double-quoted attribute. */
void text_append_html(GString *out, const char *text);

/* Appends `text` as a header's unstructured value: controls dropped, and RFC 2047 encoded words
 * where it is not printable ASCII. Never emits CR or LF but the folding between encoded words. */
void text_append_header(GString *out, const char *text);

/* Replaces {name} by the value that `pairs` (name, value, …, NULL) gives, escaping it for HTML when
 * `as_html`. An unknown {name} is left out. Transfer full. */
char *text_fill(const char *pattern, const char *const *pairs, gboolean as_html);

/* UTF-8 with control characters dropped and at most `max_chars` characters. Transfer full. */
char *text_clean(const char *text, gsize max_chars);

/* Lower-case hexadecimal; `out` has room for 2 n + 1. */
void text_hex(const guint8 *bytes, gsize n, char *out);

/* Copies as many whole characters as fit, with a NUL; what is not UTF-8 is replaced. */
void text_copy(char *out, gsize size, const char *text);

#endif
