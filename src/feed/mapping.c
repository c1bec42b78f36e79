#include "feed/mapping.h"

#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/time.h"
#include "base/yaml.h"
#include "feed/date.h"
#include "feed/formats/format.h"

static const char *const field_names[FIELD_N] = {
    "person",      "booking",  "surname", "given",       "middle",   "suffix",    "full_name",
    "born",        "facility", "status",  "sealed",      "juvenile", "protected", "admitted_at",
    "released_at", "reason",   "event",   "occurred_at", "event_id", "corrects",  "state_id"};

const char *feed_field_name(enum feed_field field) {
    return field_names[field];
}

/* ── The YAML document as libcyaml sees it ─────────────────────────────────────────────────────── */

struct yaml_code {
    char *code, *means;
};
struct yaml_facility {
    char *code, *id, *name, *timezone, *phone;
};
struct yaml_dialect {
    char *delimiter, *quote, *escape, *encoding;
    bool *header, *padding;
};
struct yaml_snapshot {
    char *file_date, *at;
};
struct yaml_rule {
    char *column, *is;
};
struct yaml_columns {
    char **list[FIELD_N]; /* person and booking only */
    unsigned list_count[FIELD_N];
    char *one[FIELD_N];
};
struct yaml_mapping {
    char *feed, *title, *jail, *person_scope, *format, *interval, *tell_after, *clock_slip, *tell_held,
        *rows;
    unsigned *breaker_share;
    struct yaml_facility *facility;
    struct yaml_dialect *dialect;
    struct yaml_snapshot *snapshot;
    struct yaml_rule *only_rows, *skip_rows;
    unsigned *skip_lines;
    struct yaml_columns *columns;
    char **dates, **yes, **no, **empty;
    unsigned dates_count, yes_count, no_count, empty_count;
    struct yaml_code *kinds, *reasons, *statuses;
    unsigned kinds_count, reasons_count, statuses_count;
    struct yaml_facility *facilities;
    unsigned facilities_count;
};

#define TEXT(key, type, member)                                                                        \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER, struct type, member, 1, 300)
#define OPTIONAL_TEXT(key, type, member)                                                               \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct type, member, 0, 300)

static const cyaml_schema_value_t text_entry = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, 300)};

static const cyaml_schema_field_t code_fields[] = {TEXT("code", yaml_code, code),
                                                   TEXT("means", yaml_code, means), CYAML_FIELD_END};
static const cyaml_schema_value_t code_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct yaml_code, code_fields)};

static const cyaml_schema_field_t facility_fields[] = {
    OPTIONAL_TEXT("code", yaml_facility, code),
    TEXT("id", yaml_facility, id),
    TEXT("name", yaml_facility, name),
    OPTIONAL_TEXT("timezone", yaml_facility, timezone),
    OPTIONAL_TEXT("phone", yaml_facility, phone),
    CYAML_FIELD_END};
static const cyaml_schema_value_t facility_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct yaml_facility, facility_fields)};

static const cyaml_schema_field_t dialect_fields[] = {
    OPTIONAL_TEXT("delimiter", yaml_dialect, delimiter),
    OPTIONAL_TEXT("quote", yaml_dialect, quote),
    OPTIONAL_TEXT("escape", yaml_dialect, escape),
    OPTIONAL_TEXT("encoding", yaml_dialect, encoding),
    CYAML_FIELD_BOOL_PTR("header", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_dialect,
                         header),
    CYAML_FIELD_BOOL_PTR("keep_padding", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_dialect,
                         padding),
    CYAML_FIELD_END};

static const cyaml_schema_field_t snapshot_fields[] = {
    OPTIONAL_TEXT("file_date", yaml_snapshot, file_date), OPTIONAL_TEXT("at", yaml_snapshot, at),
    CYAML_FIELD_END};

static const cyaml_schema_field_t rule_fields[] = {TEXT("column", yaml_rule, column),
                                                   TEXT("is", yaml_rule, is), CYAML_FIELD_END};

#define LIST_COLUMN(key_, field)                                                                       \
    {                                                                                                  \
        .key = key_,                                                                                   \
        .value = {.type = CYAML_SEQUENCE,                                                              \
                  .flags = CYAML_FLAG_POINTER,                                                         \
                  .data_size = sizeof(char *),                                                         \
                  .sequence = {.entry = &text_entry, .min = 1, .max = 8}},                             \
        .data_offset = offsetof(struct yaml_columns, list[field]),                                     \
        .count_offset = offsetof(struct yaml_columns, list_count[field]),                              \
        .count_size = sizeof(unsigned)                                                                 \
    }
#define ONE_COLUMN(key, field) OPTIONAL_TEXT(key, yaml_columns, one[field])

static const cyaml_schema_field_t column_fields[] = {LIST_COLUMN("person", FIELD_PERSON),
                                                     LIST_COLUMN("booking", FIELD_BOOKING),
                                                     ONE_COLUMN("surname", FIELD_SURNAME),
                                                     ONE_COLUMN("given", FIELD_GIVEN),
                                                     ONE_COLUMN("middle", FIELD_MIDDLE),
                                                     ONE_COLUMN("suffix", FIELD_SUFFIX),
                                                     ONE_COLUMN("full_name", FIELD_FULL_NAME),
                                                     ONE_COLUMN("born", FIELD_BORN),
                                                     ONE_COLUMN("facility", FIELD_FACILITY),
                                                     ONE_COLUMN("status", FIELD_STATUS),
                                                     ONE_COLUMN("sealed", FIELD_SEALED),
                                                     ONE_COLUMN("juvenile", FIELD_JUVENILE),
                                                     ONE_COLUMN("protected", FIELD_PROTECTED),
                                                     ONE_COLUMN("admitted_at", FIELD_ADMITTED_AT),
                                                     ONE_COLUMN("released_at", FIELD_RELEASED_AT),
                                                     ONE_COLUMN("reason", FIELD_REASON),
                                                     ONE_COLUMN("event", FIELD_EVENT),
                                                     ONE_COLUMN("occurred_at", FIELD_OCCURRED_AT),
                                                     ONE_COLUMN("event_id", FIELD_EVENT_ID),
                                                     ONE_COLUMN("corrects", FIELD_CORRECTS),
                                                     ONE_COLUMN("state_id", FIELD_STATE_ID),
                                                     CYAML_FIELD_END};

#define LIST(key, member, entry_schema, most)                                                          \
    CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_mapping, member,   \
                         entry_schema, 0, most)

static const cyaml_schema_field_t mapping_fields[] = {
    TEXT("feed", yaml_mapping, feed),
    OPTIONAL_TEXT("title", yaml_mapping, title),
    OPTIONAL_TEXT("jail", yaml_mapping, jail),
    OPTIONAL_TEXT("person_scope", yaml_mapping, person_scope),
    TEXT("format", yaml_mapping, format),
    TEXT("interval", yaml_mapping, interval),
    OPTIONAL_TEXT("tell_people_after", yaml_mapping, tell_after),
    OPTIONAL_TEXT("tell_people_after_hold", yaml_mapping, tell_held),
    OPTIONAL_TEXT("clock_slip", yaml_mapping, clock_slip),
    OPTIONAL_TEXT("rows", yaml_mapping, rows),
    CYAML_FIELD_UINT_PTR("hold_above_percent", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                         struct yaml_mapping, breaker_share),
    CYAML_FIELD_MAPPING_PTR("facility", CYAML_FLAG_POINTER, struct yaml_mapping, facility,
                            facility_fields),
    CYAML_FIELD_MAPPING_PTR("dialect", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_mapping,
                            dialect, dialect_fields),
    CYAML_FIELD_MAPPING_PTR("snapshot", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_mapping,
                            snapshot, snapshot_fields),
    CYAML_FIELD_MAPPING_PTR("columns", CYAML_FLAG_POINTER, struct yaml_mapping, columns, column_fields),
    LIST("dates", dates, &text_entry, 16),
    LIST("yes", yes, &text_entry, 16),
    LIST("no", no, &text_entry, 16),
    LIST("empty", empty, &text_entry, 32),
    CYAML_FIELD_MAPPING_PTR("only_rows", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_mapping,
                            only_rows, rule_fields),
    CYAML_FIELD_MAPPING_PTR("skip_rows", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_mapping,
                            skip_rows, rule_fields),
    CYAML_FIELD_UINT_PTR("skip_lines", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_mapping,
                         skip_lines),
    LIST("kinds", kinds, &code_entry, 500),
    LIST("reasons", reasons, &code_entry, 500),
    LIST("statuses", statuses, &code_entry, 500),
    LIST("facilities", facilities, &facility_entry, 500),
    CYAML_FIELD_END};
static const cyaml_schema_value_t mapping_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct yaml_mapping, mapping_fields)};

/* ── What may never be kept ────────────────────────────────────────────────────────────────────── */

/* In small letters without accents, wide ones as others; words by single blanks: "IceHold#2" is "ice
 * hold 2". */
static char *words_of(const char *column) {
    g_autofree char *wide = g_utf8_normalize(column, -1, G_NORMALIZE_ALL);
    const char *text = wide ? wide : column;
    GString *words = g_string_new(NULL);
    for (const char *p = text; *p; p++) {
        const gboolean is_new = g_ascii_isupper(*p) && p > text && g_ascii_islower(p[-1]);
        if (((guchar)*p < 0x80 && !g_ascii_isalnum(*p)) || is_new)
            if (words->len && words->str[words->len - 1] != ' ')
                g_string_append_c(words, ' ');
        if (g_ascii_isalnum(*p))
            g_string_append_c(words, g_ascii_tolower(*p));
    }
    return g_string_free(words, FALSE);
}

/* Short words that are harmless inside longer ones ("bracelet", "police hold") stand alone here. */
static gboolean has_word(const char *words, const char *word) {
    const gsize n = strlen(word);
    for (const char *at = words; (at = strstr(at, word)); at++)
        if ((at == words || at[-1] == ' ') && (!at[n] || at[n] == ' '))
            return TRUE;
    return FALSE;
}

#define SSN "social security or tax numbers"
#define IMMIGRATION "immigration status or holds"
#define BIRTH "country or place of birth"
#define RACE "race or ethnicity"
#define NATION "nationality or citizenship"

struct forbidden {
    const char *part, *what;
};

/* Anywhere in a name. */
static const struct forbidden forbidden_parts[] = {{"ssn", SSN},
                                                   {"socialsec", SSN},
                                                   {"socsec", SSN},
                                                   {"segurosocial", SSN},
                                                   {"taxpayer", SSN},
                                                   {"taxid", SSN},
                                                   {"taxnum", SSN},
                                                   {"taxno", SSN},
                                                   {"immig", IMMIGRATION},
                                                   {"inmigra", IMMIGRATION},
                                                   {"detainer", IMMIGRATION},
                                                   {"alien", IMMIGRATION},
                                                   {"visa", IMMIGRATION},
                                                   {"deport", IMMIGRATION},
                                                   {"undocumented", IMMIGRATION},
                                                   {"indocumentad", IMMIGRATION},
                                                   {"uscis", IMMIGRATION},
                                                   {"homelandsec", IMMIGRATION},
                                                   {"greencard", IMMIGRATION},
                                                   {"permanentres", IMMIGRATION},
                                                   {"residentcard", IMMIGRATION},
                                                   {"legalstatus", IMMIGRATION},
                                                   {"legalpresence", IMMIGRATION},
                                                   {"lawfulpresence", IMMIGRATION},
                                                   {"lawfulstatus", IMMIGRATION},
                                                   {"illegalentr", IMMIGRATION},
                                                   {"removalorder", IMMIGRATION},
                                                   {"orderofremoval", IMMIGRATION},
                                                   {"removableper", IMMIGRATION},
                                                   {"removability", IMMIGRATION},
                                                   {"removalproc", IMMIGRATION},
                                                   {"asylum", IMMIGRATION},
                                                   {"asilo", IMMIGRATION},
                                                   {"refugee", IMMIGRATION},
                                                   {"workpermit", IMMIGRATION},
                                                   {"287g", IMMIGRATION},
                                                   {"securecommun", IMMIGRATION},
                                                   {"i247", IMMIGRATION},
                                                   {"i200form", IMMIGRATION},
                                                   {"i205form", IMMIGRATION},
                                                   {"consular", NATION},
                                                   {"consulate", NATION},
                                                   {"passport", "passports"},
                                                   {"pasaporte", "passports"},
                                                   {"nationalit", NATION},
                                                   {"nacionalidad", NATION},
                                                   {"foreignnat", NATION},
                                                   {"foreignborn", NATION},
                                                   {"extranjer", NATION},
                                                   {"citizen", NATION},
                                                   {"ciudadan", NATION},
                                                   {"naturaliz", NATION},
                                                   {"countryof", BIRTH},
                                                   {"countryorigin", BIRTH},
                                                   {"origincountry", BIRTH},
                                                   {"homecountry", BIRTH},
                                                   {"nativecountry", BIRTH},
                                                   {"paisde", BIRTH},
                                                   {"paisnac", BIRTH},
                                                   {"lugarnac", BIRTH},
                                                   {"lugardenac", BIRTH},
                                                   {"birthcountry", BIRTH},
                                                   {"birthplace", BIRTH},
                                                   {"placeofbirth", BIRTH},
                                                   {"placebirth", BIRTH},
                                                   {"birthcity", BIRTH},
                                                   {"cityofbirth", BIRTH},
                                                   {"birthstate", BIRTH},
                                                   {"stateofbirth", BIRTH},
                                                   {"bornin", BIRTH},
                                                   {"holdingfor", "holds for other agencies"},
                                                   {"ethnic", RACE},
                                                   {"hispanic", RACE},
                                                   {"religio", "religion"},
                                                   {"sexualorient", "sexual orientation"}};

/* A word of a name, or several, or the whole. */
static const struct forbidden forbidden_words[] = {{"ice", IMMIGRATION},
                                                   {"icehold", IMMIGRATION},
                                                   {"iceflag", IMMIGRATION},
                                                   {"icestatus", IMMIGRATION},
                                                   {"icenumber", IMMIGRATION},
                                                   {"anumber", IMMIGRATION},
                                                   {"aliennumber", IMMIGRATION},
                                                   {"ins", IMMIGRATION},
                                                   {"dhs", IMMIGRATION},
                                                   {"ero", IMMIGRATION},
                                                   {"cbp", IMMIGRATION},
                                                   {"hsi", IMMIGRATION},
                                                   {"eoir", IMMIGRATION},
                                                   {"lesc", IMMIGRATION},
                                                   {"lpr", IMMIGRATION},
                                                   {"daca", IMMIGRATION},
                                                   {"tps", IMMIGRATION},
                                                   {"anum", IMMIGRATION},
                                                   {"a number", IMMIGRATION},
                                                   {"a num", IMMIGRATION},
                                                   {"a no", IMMIGRATION},
                                                   {"a nbr", IMMIGRATION},
                                                   {"i 247", IMMIGRATION},
                                                   {"i 200", IMMIGRATION},
                                                   {"i 205", IMMIGRATION},
                                                   {"i 862", IMMIGRATION},
                                                   {"i200", IMMIGRATION},
                                                   {"i205", IMMIGRATION},
                                                   {"i862", IMMIGRATION},
                                                   {"fed hold", IMMIGRATION},
                                                   {"federal hold", IMMIGRATION},
                                                   {"border patrol", IMMIGRATION},
                                                   {"itin", SSN},
                                                   {"tin", SSN},
                                                   {"ein", SSN},
                                                   {"ss", SSN},
                                                   {"ss no", SSN},
                                                   {"sss", SSN},
                                                   {"soc", SSN},
                                                   {"curp", SSN},
                                                   {"rfc", SSN},
                                                   {"pob", BIRTH},
                                                   {"cob", BIRTH},
                                                   {"coo", BIRTH},
                                                   {"race", RACE}};

const char *feed_forbidden_column(const char *column) {
    g_autofree char *spaced = words_of(column);
    g_auto(GStrv) all = g_strsplit(spaced, " ", -1);
    g_autofree char *plain = g_strjoinv("", all);
    for (guint i = 0; i < G_N_ELEMENTS(forbidden_parts); i++)
        if (strstr(plain, forbidden_parts[i].part))
            return forbidden_parts[i].what;
    for (guint i = 0; i < G_N_ELEMENTS(forbidden_words); i++)
        if (has_word(spaced, forbidden_words[i].part) || strcmp(plain, forbidden_words[i].part) == 0)
            return forbidden_words[i].what;
    return NULL;
}

/* ── From the document to the mapping, checked ─────────────────────────────────────────────────── */

static gboolean valid_id(const char *id) {
    gsize n = strlen(id);
    return n >= 1 && n <= 64 &&
           strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == n;
}

static gboolean take_facility(const struct base_yaml_source *source, const struct yaml_facility *yaml,
                              const char *zone_of_jail, GArray *facilities, GError **error) {
    const char *zone_name = yaml->timezone ? yaml->timezone : zone_of_jail;
    if (!zone_name)
        return base_yaml_wrong(source, yaml->id, error,
                               "the facility \"%s\" needs a `timezone:` such as America/Denver",
                               yaml->id);
    GTimeZone *zone = g_time_zone_new_identifier(zone_name);
    if (!zone)
        return base_yaml_wrong(source, zone_name, error,
                               "\"%s\" is not a time zone; use a name such as America/Denver",
                               zone_name);
    struct feed_facility facility = {.code = g_strdup(yaml->code),
                                     .id = g_strdup(yaml->id),
                                     .name = g_strdup(yaml->name),
                                     .phone = g_strdup(yaml->phone),
                                     .zone = zone};
    g_array_append_val(facilities, facility);
    return TRUE;
}

#define KINDS_OF_STATUSES                                                                              \
    (KIND_BIT(CUSTODY_RELEASED) | KIND_BIT(CUSTODY_ESCAPED) | KIND_BIT(CUSTODY_DIED) |                 \
     KIND_BIT(CUSTODY_TRANSFERRED) | KIND_BIT(CUSTODY_TEMPORARY_ABSENCE))

static gboolean take_codes(const struct base_yaml_source *source, const struct yaml_code *codes,
                           unsigned n, gboolean are_kinds, GArray *out, GError **error) {
    for (unsigned i = 0; i < n; i++) {
        struct feed_code code = {.code = NULL};
        if (are_kinds && (!custody_kind_parse(codes[i].means, &code.kind) ||
                          (KIND_BIT(code.kind) & (KINDS_FEED | KIND_BIT(CUSTODY_LEFT_ROSTER) |
                                                  KIND_BIT(CUSTODY_BACK_ON_ROSTER)))))
            return base_yaml_wrong(
                source, codes[i].means, error,
                "the code \"%s\" cannot mean \"%s\"; a source can report: booked released "
                "transferred escaped recaptured died temporary_absence returned "
                "status_changed corrected",
                codes[i].code, codes[i].means);
        /* A status may say more than words: that they are out, or away. */
        if (!are_kinds && (!custody_kind_parse(codes[i].means, &code.kind) ||
                           !(KIND_BIT(code.kind) & KINDS_OF_STATUSES)))
            code.kind = CUSTODY_N_KINDS;
        code.code = g_strdup(codes[i].code);
        code.words = g_strdup(codes[i].means);
        g_array_append_val(out, code);
    }
    return TRUE;
}

static gboolean take_dialect(const struct base_yaml_source *source, const struct yaml_dialect *yaml,
                             struct feed_mapping *mapping, GError **error) {
    struct csv_dialect *d = &mapping->dialect;
    if (!yaml)
        return TRUE;
    if (yaml->delimiter) {
        if (g_str_equal(yaml->delimiter, "tab"))
            d->delimiter = '\t';
        else if (strlen(yaml->delimiter) == 1 && !strchr("\r\n\"", *yaml->delimiter))
            d->delimiter = *yaml->delimiter;
        else
            return base_yaml_wrong(source, "delimiter", error,
                                   "`delimiter` is one character such as \",\" or the word tab");
    }
    if (yaml->quote) {
        if (g_str_equal(yaml->quote, "none"))
            d->quote = 0;
        else if (strlen(yaml->quote) == 1 && *yaml->quote != d->delimiter)
            d->quote = *yaml->quote;
        else
            return base_yaml_wrong(source, "quote", error, "`quote` is one character or the word none");
    }
    if (yaml->escape && !g_str_equal(yaml->escape, "doubled")) {
        if (!g_str_equal(yaml->escape, "backslash"))
            return base_yaml_wrong(source, "escape", error, "`escape` is doubled or backslash");
        d->backslash_escape = TRUE;
    }
    if (yaml->encoding && !g_str_equal(yaml->encoding, "utf-8")) {
        mapping->is_utf16 = g_str_equal(yaml->encoding, "utf-16");
        d->is_latin1 =
            g_str_equal(yaml->encoding, "latin-1") || g_str_equal(yaml->encoding, "windows-1252");
        if (!mapping->is_utf16 && !d->is_latin1)
            return base_yaml_wrong(
                source, "encoding", error,
                "`encoding` is utf-8, windows-1252 (latin-1 is read as that) or utf-16");
    }
    d->keeps_padding = yaml->padding && *yaml->padding;
    mapping->has_header = !yaml->header || *yaml->header;
    return TRUE;
}

static gboolean take_columns(const struct base_yaml_source *source, struct yaml_columns *yaml,
                             struct feed_mapping *mapping, GError **error) {
    for (int field = 0; field < FIELD_N; field++) {
        g_autoptr(GPtrArray) columns = g_ptr_array_new();
        for (unsigned i = 0; i < yaml->list_count[field]; i++)
            g_ptr_array_add(columns, yaml->list[field][i]);
        if (yaml->one[field] && *yaml->one[field])
            g_ptr_array_add(columns, yaml->one[field]);
        for (guint i = 0; i < columns->len; i++) {
            const char *forbidden = feed_forbidden_column(columns->pdata[i]);
            if (forbidden)
                return base_yaml_wrong(
                    source, columns->pdata[i], error,
                    "the column \"%s\" cannot be mapped to `%s`: Tocsin does not keep %s. "
                    "Take it out",
                    (char *)columns->pdata[i], field_names[field], forbidden);
        }
        if (!columns->len)
            continue;
        g_ptr_array_add(columns, NULL);
        mapping->columns[field] = g_strdupv((char **)columns->pdata);
    }
    if (mapping->content != FEED_ROSTER && !mapping->columns[FIELD_EVENT])
        return base_yaml_wrong(source, "columns", error,
                               "an event feed needs `event:` under `columns:`");
    if (mapping->content != FEED_ROSTER && !mapping->columns[FIELD_EVENT_ID] &&
        !mapping->columns[FIELD_OCCURRED_AT])
        return base_yaml_wrong(source, "columns", error,
                               "an event feed needs `event_id:` or `occurred_at:` under `columns:`, or "
                               "the same event could be told twice");
    if (mapping->content == FEED_ROSTER && mapping->columns[FIELD_OCCURRED_AT])
        return base_yaml_wrong(source, "occurred_at", error,
                               "a roster has no `occurred_at` column; its dates are `admitted_at` and "
                               "`released_at`");
    return TRUE;
}

static gboolean take_snapshot(const struct base_yaml_source *source, const struct yaml_snapshot *yaml,
                              struct feed_mapping *mapping, GError **error) {
    if (!yaml)
        return TRUE;
    if (yaml->file_date) {
        g_autoptr(GError) problem = NULL;
        if (!feed_date_format_check(yaml->file_date, &problem))
            return base_yaml_wrong(source, "file_date", error, "%s", problem->message);
        mapping->file_date = g_strdup(yaml->file_date);
    }
    if (yaml->at) {
        const char *p = yaml->at;
        guint hour, minute;
        if (strlen(p) != 5 || p[2] != ':' || strspn(p, "0123456789:") != 5 ||
            (hour = (guint)g_ascii_strtoull(p, NULL, 10)) > 23 ||
            (minute = (guint)g_ascii_strtoull(p + 3, NULL, 10)) > 59)
            return base_yaml_wrong(source, "at:", error, "`at` is a local time such as \"06:30\"");
        mapping->snapshot_minutes = hour * 60 + minute;
    }
    return TRUE;
}

static gboolean take_rule(const struct base_yaml_source *source, const struct yaml_rule *rule,
                          const struct feed_mapping *mapping, char **column, char **is,
                          GError **error) {
    if (!rule)
        return TRUE;
    const char *forbidden = feed_forbidden_column(rule->column);
    if (forbidden)
        return base_yaml_wrong(source, rule->column, error,
                               "rows cannot be picked by the column \"%s\": Tocsin does not keep %s",
                               rule->column, forbidden);
    if (mapping->format && g_str_equal(mapping->format->name, "json-events"))
        return base_yaml_wrong(source, rule->column, error, "rows are picked in CSV files only");
    *column = g_strdup(rule->column);
    *is = g_strdup(rule->is);
    return TRUE;
}

static char **texts_of(char **list, unsigned n) {
    g_autoptr(GPtrArray) texts = g_ptr_array_new();
    for (unsigned i = 0; i < n; i++)
        g_ptr_array_add(texts, list[i]);
    g_ptr_array_add(texts, NULL);
    return g_strdupv((char **)texts->pdata);
}

static gboolean take_rows(const struct base_yaml_source *source, const struct yaml_mapping *yaml,
                          struct feed_mapping *mapping, GError **error) {
    mapping->skip_lines = yaml->skip_lines ? MIN(*yaml->skip_lines, 1000) : 0;
    mapping->empty_values = texts_of(yaml->empty, yaml->empty_count);
    return take_rule(source, yaml->only_rows, mapping, &mapping->rule_column, &mapping->rule_is,
                     error) &&
           take_rule(source, yaml->skip_rows, mapping, &mapping->skip_column, &mapping->skip_is, error);
}

static gboolean take_dates(const struct base_yaml_source *source, const struct yaml_mapping *yaml,
                           struct feed_mapping *mapping, GError **error) {
    static const char *const usual[] = {"%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S",
                                        "%Y-%m-%d %H:%M",      "%Y-%m-%d",          "%m/%d/%Y %H:%M:%S",
                                        "%m/%d/%Y %H:%M",      "%m/%d/%Y",          NULL};
    if (!yaml->dates_count) {
        mapping->date_formats = (const char **)(gsize)g_strdupv((char **)(gsize)usual);
        return TRUE;
    }
    mapping->date_formats = g_new0(const char *, yaml->dates_count + 1);
    for (unsigned i = 0; i < yaml->dates_count; i++) {
        g_autoptr(GError) problem = NULL;
        if (!feed_date_format_check(yaml->dates[i], &problem))
            return base_yaml_wrong(source, yaml->dates[i], error, "%s", problem->message);
        mapping->date_formats[i] = g_strdup(yaml->dates[i]);
    }
    return TRUE;
}

static gboolean take_heads(const struct base_yaml_source *source, const struct yaml_mapping *yaml,
                           struct feed_mapping *mapping, GError **error) {
    mapping->feed = g_strdup(yaml->feed);
    mapping->title = g_strdup(yaml->title ? yaml->title : yaml->facility->name);
    mapping->jail = g_strdup(yaml->jail ? yaml->jail : yaml->feed);
    mapping->person_scope = g_strdup(yaml->person_scope ? yaml->person_scope : mapping->jail);
    if (!valid_id(mapping->feed) || !valid_id(mapping->jail) || !valid_id(mapping->person_scope))
        return base_yaml_wrong(source, "feed", error,
                               "`feed`, `jail` and `person_scope` are 1 to 64 letters, digits, - or _");
    mapping->format = feed_format_by_name(yaml->format);
    if (!mapping->format) {
        g_autofree char *names = feed_format_names();
        return base_yaml_wrong(source, yaml->format, error, "\"%s\" is not a format; there is: %s",
                               yaml->format, names);
    }
    mapping->content = mapping->format->content;
    if (!base_duration_parse(yaml->interval, &mapping->interval_us))
        return base_yaml_wrong(source, "interval", error, "`interval` is a time such as 15m or 24h");
    mapping->tell_after_us = MAX(3 * mapping->interval_us, DAY_US);
    if (yaml->tell_after && !base_duration_parse(yaml->tell_after, &mapping->tell_after_us))
        return base_yaml_wrong(source, "tell_people_after", error,
                               "`tell_people_after` is a time such as 48h or 3d");
    mapping->rows_are_charges = g_strcmp0(yaml->rows, "one a charge") == 0;
    if (yaml->rows && !mapping->rows_are_charges && !g_str_equal(yaml->rows, "one a booking"))
        return base_yaml_wrong(source, "rows", error,
                               "`rows` is \"one a booking\" or \"one a charge\"");
    mapping->tell_held_after_us = DAY_US;
    if (yaml->tell_held && !base_duration_parse(yaml->tell_held, &mapping->tell_held_after_us))
        return base_yaml_wrong(source, "tell_people_after_hold", error,
                               "`tell_people_after_hold` is a time such as 12h or 1d");
    mapping->clock_slip_us = 2 * DAY_US;
    if (yaml->clock_slip && !base_duration_parse(yaml->clock_slip, &mapping->clock_slip_us))
        return base_yaml_wrong(source, "clock_slip", error,
                               "`clock_slip` is a time such as 6h or 2d: how far the jail's clocks may "
                               "differ");
    if (yaml->breaker_share) {
        if (*yaml->breaker_share < 1 || *yaml->breaker_share > 100)
            return base_yaml_wrong(source, "hold_above_percent", error,
                                   "`hold_above_percent` is a whole number from 1 to 100");
        mapping->breaker_share = (gint32)*yaml->breaker_share;
    }
    return TRUE;
}

static gboolean take_all(const struct base_yaml_source *source, struct yaml_mapping *yaml,
                         struct feed_mapping *mapping, GError **error) {
    if (!take_heads(source, yaml, mapping, error) ||
        !take_facility(source, yaml->facility, NULL, mapping->facilities, error) ||
        !take_dialect(source, yaml->dialect, mapping, error) ||
        !take_snapshot(source, yaml->snapshot, mapping, error) ||
        !take_columns(source, yaml->columns, mapping, error) ||
        !take_rows(source, yaml, mapping, error) || !take_dates(source, yaml, mapping, error) ||
        !take_codes(source, yaml->kinds, yaml->kinds_count, TRUE, mapping->kinds, error) ||
        !take_codes(source, yaml->reasons, yaml->reasons_count, TRUE, mapping->reasons, error) ||
        !take_codes(source, yaml->statuses, yaml->statuses_count, FALSE, mapping->statuses, error))
        return FALSE;
    if (mapping->content == FEED_ROSTER && mapping->columns[FIELD_EVENT] && !mapping->kinds->len)
        return base_yaml_wrong(source, "event", error,
                               "`event` of a roster needs a table `kinds:` that says what each code "
                               "means: booked for who is in, released, escaped, temporary_absence");
    if (mapping->columns[FIELD_REASON] && !mapping->reasons->len)
        return base_yaml_wrong(source, "reason", error,
                               "`reason` needs a table `reasons:` that says what each code means: a "
                               "death must never be told as a release");
    for (unsigned i = 0; i < yaml->facilities_count; i++)
        if (!take_facility(source, &yaml->facilities[i], yaml->facility->timezone, mapping->facilities,
                           error))
            return FALSE;
    static const char *const yes[] = {"Y", "YES", "T", "TRUE", "1", "X", NULL};
    static const char *const no[] = {"N", "NO", "F", "FALSE", "0", NULL};
    mapping->yes_values =
        yaml->yes_count ? texts_of(yaml->yes, yaml->yes_count) : g_strdupv((char **)(gsize)yes);
    mapping->no_values =
        yaml->no_count ? texts_of(yaml->no, yaml->no_count) : g_strdupv((char **)(gsize)no);
    return TRUE;
}

struct feed_mapping *feed_mapping_parse(const char *text, gsize n, const char *name, GError **error) {
    const struct base_yaml_source source = {
        .name = name, .text = text, .n = n, .why_refused = feed_forbidden_column};
    struct yaml_mapping *yaml = base_yaml_load(&source, &mapping_schema, error);
    if (!yaml)
        return NULL;
    struct feed_mapping *mapping = g_new0(struct feed_mapping, 1);
    mapping->n_references = 1;
    mapping->dialect = csv_default_dialect;
    mapping->has_header = TRUE;
    mapping->facilities = g_array_new(FALSE, TRUE, sizeof(struct feed_facility));
    mapping->kinds = g_array_new(FALSE, TRUE, sizeof(struct feed_code));
    mapping->reasons = g_array_new(FALSE, TRUE, sizeof(struct feed_code));
    mapping->statuses = g_array_new(FALSE, TRUE, sizeof(struct feed_code));
    if (!take_all(&source, yaml, mapping, error)) {
        feed_mapping_free(mapping);
        mapping = NULL;
    }
    base_yaml_free(&mapping_schema, yaml);
    return mapping;
}

static void free_codes(GArray *codes) {
    for (guint i = 0; i < codes->len; i++) {
        struct feed_code *code = &g_array_index(codes, struct feed_code, i);
        g_free(code->code);
        g_free(code->words);
    }
    g_array_unref(codes);
}

struct feed_mapping *feed_mapping_ref(struct feed_mapping *mapping) {
    g_atomic_int_inc(&mapping->n_references);
    return mapping;
}

void feed_mapping_free(struct feed_mapping *mapping) {
    if (!mapping || !g_atomic_int_dec_and_test(&mapping->n_references))
        return;
    for (guint i = 0; i < mapping->facilities->len; i++) {
        struct feed_facility *f = &g_array_index(mapping->facilities, struct feed_facility, i);
        g_free(f->code);
        g_free(f->id);
        g_free(f->name);
        g_free(f->phone);
        g_time_zone_unref(f->zone);
    }
    g_array_unref(mapping->facilities);
    free_codes(mapping->kinds);
    free_codes(mapping->reasons);
    free_codes(mapping->statuses);
    for (int field = 0; field < FIELD_N; field++)
        g_strfreev(mapping->columns[field]);
    g_strfreev((char **)(gsize)mapping->date_formats);
    g_strfreev(mapping->yes_values);
    g_strfreev(mapping->no_values);
    g_free(mapping->feed);
    g_free(mapping->title);
    g_free(mapping->jail);
    g_free(mapping->person_scope);
    g_free(mapping->file_date);
    g_free(mapping->rule_column);
    g_free(mapping->rule_is);
    g_free(mapping->skip_column);
    g_free(mapping->skip_is);
    g_strfreev(mapping->empty_values);
    g_free(mapping);
}

const struct feed_facility *feed_mapping_facility_by_id(const struct feed_mapping *mapping,
                                                        const char *id) {
    for (guint i = 0; i < mapping->facilities->len; i++) {
        const struct feed_facility *f = &g_array_index(mapping->facilities, struct feed_facility, i);
        if (g_strcmp0(f->id, id) == 0)
            return f;
    }
    return feed_mapping_facility(mapping);
}
