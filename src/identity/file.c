#include "identity/file.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/csv.h"
#include "base/error.h"
#include "base/yaml.h"
#include "feed/date.h"
#include "people/name.h"

/* ── The mapping ───────────────────────────────────────────────────────────────────────────────── */

enum part { PART_SURNAME, PART_GIVEN, PART_MIDDLE, PART_SUFFIX, PART_FULL_NAME, PART_BORN, N_PARTS };

static const char *const part_names[N_PARTS] = {"surname", "given",     "middle",
                                                "suffix",  "full_name", "born"};

/* Headers that need no mapping. */
static const char *const usual[N_PARTS][8] = {
    {"surname", "last_name", "lastname", "last", "family_name"},
    {"given", "given_name", "first_name", "firstname", "first", "forename"},
    {"middle", "middle_name", "middlename"},
    {"suffix", "name_suffix"},
    {"full_name", "name", "inmate_name"},
    {"born", "dob", "birth_date", "birthdate", "date_of_birth"}};

struct yaml_parts {
    char *part[N_PARTS];
};
struct yaml_link {
    struct yaml_parts *columns;
    char **dates, **codes, **keys, **texts;
    unsigned dates_count, codes_count, keys_count, texts_count;
    char *delimiter, *encoding;
};

#define TEXT(key, type, member)                                                                        \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct type, member, 1, 300)
#define LIST(key, member)                                                                              \
    CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_link, member,      \
                         &text_entry, 0, LINK_MOST_COLUMNS)

static const cyaml_schema_value_t text_entry = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, 300)};
static const cyaml_schema_field_t part_fields[] = {TEXT("surname", yaml_parts, part[PART_SURNAME]),
                                                   TEXT("given", yaml_parts, part[PART_GIVEN]),
                                                   TEXT("middle", yaml_parts, part[PART_MIDDLE]),
                                                   TEXT("suffix", yaml_parts, part[PART_SUFFIX]),
                                                   TEXT("full_name", yaml_parts, part[PART_FULL_NAME]),
                                                   TEXT("born", yaml_parts, part[PART_BORN]),
                                                   CYAML_FIELD_END};
static const cyaml_schema_field_t link_fields[] = {
    CYAML_FIELD_MAPPING_PTR("columns", CYAML_FLAG_POINTER, struct yaml_link, columns, part_fields),
    LIST("dates", dates),
    LIST("same", codes),
    LIST("keys", keys),
    LIST("text", texts),
    TEXT("delimiter", yaml_link, delimiter),
    TEXT("encoding", yaml_link, encoding),
    CYAML_FIELD_END};
static const cyaml_schema_value_t link_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct yaml_link, link_fields)};

static const char *const usual_dates[] = {
    "%Y-%m-%d", "%Y%m%d", "%m/%d/%Y", "%Y/%m/%d", "%m-%d-%Y", "%Y-%m-%dT%H:%M:%S", NULL};

/* A file being read: which column is what. */
struct reading {
    const struct identity_file_options *options;
    struct yaml_link *yaml; /* NULL: none was given */
    struct base_yaml_source source;
    char *text;        /* of the mapping */
    int part[N_PARTS]; /* the column's number; -1: none */
    struct link_column columns[LINK_MOST_COLUMNS];
    int places[LINK_MOST_COLUMNS];
    guint n_columns;
    char **header;
    char **formats; /* of dates, or NULL */
    GTimeZone *utc;
    guint line;
    struct identity_file_report *report;
    struct link_set *set;
};

static int find_column(const struct reading *r, const char *name) {
    for (int i = 0; r->header[i]; i++)
        if (g_ascii_strcasecmp(r->header[i], name) == 0)
            return i;
    return -1;
}

static gboolean take_column(struct reading *r, const char *name, int *place, GError **error) {
    *place = find_column(r, name);
    if (*place >= 0)
        return TRUE;
    g_autofree char *there = g_strjoinv(", ", r->header);
    return base_yaml_wrong(&r->source, name, error, "%s has no column \"%s\"; it has: %s",
                           r->options->csv, name, there);
}

static gboolean take_list(struct reading *r, char **names, unsigned n, enum link_kind kind,
                          GError **error) {
    for (unsigned i = 0; i < n; i++) {
        if (r->n_columns == LINK_MOST_COLUMNS)
            return base_yaml_wrong(&r->source, names[i], error,
                                   "at most %d columns can be compared beside names",
                                   LINK_MOST_COLUMNS);
        if (!take_column(r, names[i], &r->places[r->n_columns], error))
            return FALSE;
        r->columns[r->n_columns++] = (struct link_column){names[i], kind};
    }
    return TRUE;
}

static gboolean check_dates(struct reading *r, GError **error) {
    for (unsigned i = 0; i < r->yaml->dates_count; i++) {
        GError *why = NULL;
        if (g_str_equal(r->yaml->dates[i], "%Y")) /* read_born takes a year alone anyway */
            continue;
        if (!feed_date_format_check(r->yaml->dates[i], &why)) {
            base_yaml_wrong(&r->source, r->yaml->dates[i], error, "%s", why->message);
            g_error_free(why);
            return FALSE;
        }
    }
    return TRUE;
}

static void take_usual(struct reading *r) {
    for (guint p = 0; p < N_PARTS; p++)
        for (guint i = 0; usual[p][i] && r->part[p] < 0; i++)
            r->part[p] = find_column(r, usual[p][i]);
}

static gboolean take_header(struct reading *r, const struct csv_row *row, GError **error) {
    r->header = g_new0(char *, row->n_fields + 1);
    for (guint i = 0; i < row->n_fields; i++)
        r->header[i] = g_strdup(row->fields[i]);
    memset(r->part, -1, sizeof r->part);
    if (!r->yaml) {
        take_usual(r);
    } else {
        for (guint p = 0; p < N_PARTS; p++)
            if (r->yaml->columns->part[p] &&
                !take_column(r, r->yaml->columns->part[p], &r->part[p], error))
                return FALSE;
        if (!take_list(r, r->yaml->codes, r->yaml->codes_count, LINK_CODE, error) ||
            !take_list(r, r->yaml->keys, r->yaml->keys_count, LINK_KEY, error) ||
            !take_list(r, r->yaml->texts, r->yaml->texts_count, LINK_TEXT, error) ||
            !check_dates(r, error))
            return FALSE;
    }
    if (r->part[PART_SURNAME] < 0 && r->part[PART_FULL_NAME] < 0) {
        g_autofree char *there = g_strjoinv(", ", r->header);
        g_set_error(
            error, BASE_ERROR, BASE_ERROR_INPUT,
            "%s: no column holds a surname or a full name; say which under `columns:` of a --mapping. "
            "It has: %s",
            r->options->csv, there);
        return FALSE;
    }
    r->set = link_set_new(r->columns, r->n_columns);
    return TRUE;
}

static gboolean read_mapping(struct reading *r, GError **error) {
    gsize n;
    if (!r->options->mapping)
        return TRUE;
    if (!g_file_get_contents(r->options->mapping, &r->text, &n, error))
        return FALSE;
    r->source = (struct base_yaml_source){
        .name = r->options->mapping, .text = r->text, .n = n, .manual = "docs/matching.md"};
    return (r->yaml = base_yaml_load(&r->source, &link_schema, error)) != NULL;
}

/* ── Rows ──────────────────────────────────────────────────────────────────────────────────────── */

static char *field(const struct csv_row *row, int place) {
    return place >= 0 && (guint)place < row->n_fields ? row->fields[place] : NULL;
}

static void read_born(struct reading *r, const char *text, struct link_record *record) {
    const char *const *formats =
        r->yaml && r->yaml->dates_count ? (const char *const *)r->formats : usual_dates;
    struct feed_date date;
    if (!text || !*text)
        return;
    if (strlen(text) == 4 && strspn(text, "0123456789") == 4) {
        record->year = (guint)g_ascii_strtoull(text, NULL, 10);
        return;
    }
    if (!feed_date_parse(text, formats, r->utc, &date)) {
        r->options->problem(r->line, part_names[PART_BORN],
                            "is no date of the formats under `dates:`; taken as not known",
                            r->options->problem_context);
        return;
    }
    record->year = (guint)date.ymd / 10000;
    record->month = (guint)date.ymd / 100 % 100;
    record->day = (guint)date.ymd % 100;
}

static void take_row(struct reading *r, const struct csv_row *row) {
    struct link_record record = {.surname = field(row, r->part[PART_SURNAME]),
                                 .given = field(row, r->part[PART_GIVEN]),
                                 .middle = field(row, r->part[PART_MIDDLE]),
                                 .suffix = field(row, r->part[PART_SUFFIX])};
    const char *full = field(row, r->part[PART_FULL_NAME]);
    struct people_parts name = {.text = NULL};
    r->line = row->line;
    if (full && !(record.surname && *record.surname)) {
        people_parts_of(full, &name);
        record.surname = name.surname;
        record.given = name.given;
        record.middle = name.middle;
        if (*name.suffix)
            record.suffix = name.suffix;
    }
    read_born(r, field(row, r->part[PART_BORN]), &record);
    for (guint c = 0; c < r->n_columns; c++)
        record.values[c] = field(row, r->places[c]);
    link_set_add(r->set, &record);
    people_parts_clear(&name);
}

/* What the header is parted by: tabs, else commas, semicolons or bars. */
static char usual_delimiter(const char *text) {
    static const char usual_ones[] = "\t,;|";
    for (const char *d = usual_ones; *d; d++)
        if (memchr(text, *d, strcspn(text, "\r\n")))
            return *d;
    return ',';
}

static gboolean take_delimiter(struct reading *r, const char *wanted, char *delimiter, GError **error) {
    static const struct {
        const char *word;
        char delimiter;
    } words[] = {{"tab", '\t'}, {"comma", ','}, {"semicolon", ';'}, {"bar", '|'}, {"pipe", '|'}};
    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        if (g_ascii_strcasecmp(wanted, words[i].word) == 0) {
            *delimiter = words[i].delimiter;
            return TRUE;
        }
    *delimiter = *wanted;
    return strlen(wanted) == 1 ||
           base_yaml_wrong(&r->source, wanted, error,
                           "`delimiter` is one character, or tab, comma, semicolon or bar");
}

static gboolean take_encoding(struct reading *r, const char *wanted, gboolean *is_latin1,
                              GError **error) {
    static const char *const utf8[] = {"utf-8", "utf8"}, *const latin1[] = {"latin-1", "latin1",
                                                                            "iso-8859-1"};
    gboolean is_utf8 = FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(utf8); i++)
        is_utf8 |= g_ascii_strcasecmp(wanted, utf8[i]) == 0;
    for (guint i = 0; i < G_N_ELEMENTS(latin1); i++)
        *is_latin1 |= g_ascii_strcasecmp(wanted, latin1[i]) == 0;
    return is_utf8 || *is_latin1 ||
           base_yaml_wrong(&r->source, wanted, error, "`encoding` is utf-8 or latin-1");
}

static gboolean take_dialect(struct reading *r, struct csv_dialect *dialect, const char *text,
                             GError **error) {
    const char *delimiter = r->yaml ? r->yaml->delimiter : NULL,
               *encoding = r->yaml ? r->yaml->encoding : NULL;
    gboolean is_latin1 = FALSE;
    *dialect = csv_default_dialect;
    dialect->delimiter = usual_delimiter(text);
    if ((delimiter && !take_delimiter(r, delimiter, &dialect->delimiter, error)) ||
        (encoding && !take_encoding(r, encoding, &is_latin1, error)))
        return FALSE;
    dialect->is_latin1 = is_latin1;
    return TRUE;
}

static gboolean read_rows(struct reading *r, GError **error) {
    struct csv_dialect dialect;
    struct csv_row row;
    char *text;
    gsize n;
    if (!g_file_get_contents(r->options->csv, &text, &n, error))
        return FALSE;
    if (!take_dialect(r, &dialect, text, error)) {
        g_free(text);
        return FALSE;
    }
    struct csv_reader *reader = csv_reader_new(&dialect, text, n);
    gboolean ok = TRUE;
    for (enum csv_result result; ok && (result = csv_reader_next(reader, &row)) != CSV_END;) {
        if (result == CSV_ROW && !r->set) {
            ok = take_header(r, &row, error);
            continue;
        }
        static const struct csv_row nothing;
        if (result == CSV_BAD_ROW) {
            r->report->n_bad++;
            r->options->problem(row.line, NULL, row.reason, r->options->problem_context);
        }
        if (r->set) /* a bad row is one that nothing is known of: numbers of rows stay as in the file */
            take_row(r, result == CSV_ROW ? &row : &nothing);
    }
    csv_reader_free(reader);
    if (ok && !r->set) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT,
                    "%s is empty: its first line names the columns", r->options->csv);
        return FALSE;
    }
    return ok;
}

static void end(struct reading *r) {
    if (r->yaml)
        base_yaml_free(&link_schema, r->yaml);
    g_free(r->text);
    g_free(r->formats);
    g_strfreev(r->header);
    g_time_zone_unref(r->utc);
    link_set_free(r->set);
}

static gboolean begin(struct reading *r, const struct identity_file_options *options,
                      struct identity_file_report *report, GError **error) {
    *r = (struct reading){.options = options, .report = report, .utc = g_time_zone_new_utc()};
    *report = (struct identity_file_report){0};
    if (!read_mapping(r, error))
        return FALSE;
    if (r->yaml && r->yaml->dates_count) { /* ended by NULL, as feed_date_parse wants them */
        r->formats = g_new0(char *, r->yaml->dates_count + 1);
        memcpy(r->formats, r->yaml->dates, r->yaml->dates_count * sizeof *r->formats);
    }
    return read_rows(r, error);
}

/* ── The whole ─────────────────────────────────────────────────────────────────────────────────── */

static FILE *open_out(const struct identity_file_options *options, GError **error) {
    GStatBuf in, out;
    if (g_stat(options->csv, &in) == 0 && g_stat(options->out, &out) == 0 && in.st_ino == out.st_ino &&
        in.st_dev == out.st_dev) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT,
                    "--out is the file that is read; name another");
        return NULL;
    }
    FILE *file = fopen(options->out, "w");
    if (!file)
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT, "%s cannot be written: %s", options->out,
                    g_strerror(errno));
    return file;
}

static gboolean write_groups(const struct identity_file_options *options, FILE *out,
                             const struct link_outcome *outcomes, guint n,
                             struct identity_file_report *report, GError **error) {
    fputs("row,person,band,score\n", out);
    for (guint i = 0; i < n; i++) {
        const struct link_outcome *o = &outcomes[i];
        report->n_people += o->person == i;
        report->n_linked += o->band == LINK_SURE;
        report->n_possible += o->band == LINK_POSSIBLE;
        fprintf(out, "%u,%u,%s,", i + 1, o->person + 1, link_band_name(o->band));
        if (isfinite(o->bits))
            fprintf(out, "%.2f", (double)o->bits);
        fputc('\n', out);
    }
    report->n_rows = n;
    if (fflush(out) == 0 && !ferror(out))
        return TRUE;
    g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT, "%s could not be written whole", options->out);
    return FALSE;
}

gboolean identity_file(const struct identity_file_options *options, struct identity_file_report *report,
                       GError **error) {
    struct reading r;
    gboolean ok = begin(&r, options, report, error);
    FILE *out = ok ? open_out(options, error) : NULL; /* before the long work */
    if ((ok = out != NULL)) {
        const guint n = link_set_size(r.set);
        struct link_outcome *outcomes = g_new(struct link_outcome, n + 1);
        link_set_learn(r.set);
        link_set_group(r.set, &options->link, outcomes);
        ok = write_groups(options, out, outcomes, n, report, error);
        g_free(outcomes);
        fclose(out);
    }
    end(&r);
    return ok;
}

gboolean identity_file_explain(const struct identity_file_options *options, guint row_a, guint row_b,
                               struct link_evidence *evidence, guint *n_evidence, double *prior,
                               double *bits, GError **error) {
    struct identity_file_report report;
    struct reading r;
    gboolean ok = begin(&r, options, &report, error);
    if (ok &&
        (row_a < 1 || row_b < 1 || row_a > link_set_size(r.set) || row_b > link_set_size(r.set))) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT, "%s has rows 1 to %u", options->csv,
                    link_set_size(r.set));
        ok = FALSE;
    }
    if (ok) {
        link_set_learn(r.set);
        *bits = link_compare(r.set, row_a - 1, row_b - 1, evidence, n_evidence);
        for (guint i = 0; i < *n_evidence; i++) /* columns' names end with the mapping */
            evidence[i].field = g_intern_string(evidence[i].field);
        *prior = link_prior(r.set);
    }
    end(&r);
    return ok;
}
