/* Any bytes as CSV, in every dialect: no crash, and every row is within the text. */
#include <string.h>

#include "base/csv.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t n);

int LLVMFuzzerTestOneInput(const guint8 *data, size_t n) {
    if (n < 1)
        return 0;
    const struct csv_dialect dialect = {.delimiter = data[0] & 1 ? '\t' : ',',
                                        .quote = data[0] & 2 ? 0 : '"',
                                        .backslash_escape = (data[0] & 4) != 0,
                                        .is_latin1 = (data[0] & 8) != 0,
                                        .keeps_padding = (data[0] & 16) != 0};
    struct csv_reader *reader = csv_reader_new(&dialect, g_memdup2(data + 1, n - 1), n - 1);
    struct csv_row row;
    guint last_line = 0;
    for (enum csv_result result; (result = csv_reader_next(reader, &row)) != CSV_END;) {
        g_assert(row.line > last_line);
        last_line = row.line;
        for (guint i = 0; result == CSV_ROW && i < row.n_fields; i++)
            g_assert(g_utf8_validate(row.fields[i], -1, NULL));
    }
    g_assert(csv_reader_position(reader) <= n);
    csv_reader_free(reader);
    return 0;
}
