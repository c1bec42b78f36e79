/* What a process says of itself while it runs. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <glib.h>

/* One structured log line to standard error: JSON with `ts`, `level`, `msg` and the pairs given
 * (name, value, …, NULL). Never give it a name or a contact. Only edges log: commands and
 * loops. */
void log_line(const char *level, const char *message, ...) G_GNUC_NULL_TERMINATED;
/* From now on people read it, and not as JSON: "tocsin: message: what it is about". */
void log_plainly(void);

#endif
