#include <glib/gstdio.h>
#include <string.h>

#include "base/time.h"
#include "feed/date.h"
#include "feed/folder.h"
#include "feed/formats/format.h"
#include "feed/signature.h"

/* ── Dates ── */

static void expect_date(const char *text, const char *format, const char *zone, const char *expected) {
    const char *const formats[] = {format, NULL};
    g_autoptr(GTimeZone) tz = g_time_zone_new_identifier(zone);
    struct feed_date date;
    gboolean ok = feed_date_parse(text, formats, tz, &date);
    g_autofree char *got = ok ? base_time_format(date.at_us) : NULL;
    if (g_strcmp0(got, expected) != 0)
        g_error("%s by %s: got %s, not %s", text, format, got ? got : "nothing",
                expected ? expected : "nothing");
}

static void dates_are_local_to_the_facility(void) {
    expect_date("2025-04-01T11:47:00.000", "%Y-%m-%dT%H:%M:%S", "America/New_York",
                "2025-04-01T15:47:00Z");
    expect_date("01/15/2025 2:05 PM", "%m/%d/%Y %I:%M %p", "America/Denver", "2025-01-15T21:05:00Z");
    expect_date("15-Jan-25", "%d-%b-%y", "America/Denver", "2025-01-15T07:00:00Z");
    expect_date("2025-01-15T12:00:00-05:00", "%Y-%m-%dT%H:%M:%S%z", "America/Denver",
                "2025-01-15T17:00:00Z");
    expect_date("12:30 AM 1/2/2025", "%I:%M %p %m/%d/%Y", "Etc/UTC", "2025-01-02T00:30:00Z");
}

static void dates_stand_clock_changes(void) {
    /* New York, 2025-11-02: 01:30 happens twice; the first is meant. 2025-03-09: 02:30 never does. */
    expect_date("2025-11-02 01:30", "%Y-%m-%d %H:%M", "America/New_York", "2025-11-02T05:30:00Z");
    expect_date("2025-11-02 02:30", "%Y-%m-%d %H:%M", "America/New_York", "2025-11-02T07:30:00Z");
    expect_date("2025-03-09 02:30", "%Y-%m-%d %H:%M", "America/New_York", "2025-03-09T07:00:00Z");
    expect_date("2025-03-09 03:30", "%Y-%m-%d %H:%M", "America/New_York", "2025-03-09T07:30:00Z");
}

static void impossible_dates_are_refused(void) {
    const char *const wrong[] = {"2025-02-30", "2025-13-01",  "0000-00-00", "9007-01-02",
                                 "2025-1",     "2025-01-01x", "",           "25-01-01"};
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++)
        expect_date(wrong[i], "%Y-%m-%d", "Etc/UTC", NULL);
}

static void a_files_name_tells_its_day(void) {
    gint32 ymd;
    guint minutes = 7;
    g_assert_true(feed_date_find("DOC_Inmates_Daily_20250401.csv", "%Y%m%d", &ymd, &minutes));
    g_assert_cmpint(ymd, ==, 20250401);
    g_assert_true(feed_date_find("v2_2025-04-01_final.csv", "%Y-%m-%d", &ymd, &minutes));
    g_assert_false(feed_date_find("id_120250401.csv", "%Y%m%d", &ymd, &minutes));
    g_assert_cmpuint(minutes, ==, 7);
    g_assert_true(feed_date_find("r_20250401_1830.csv", "%Y%m%d_%H%M", &ymd, &minutes));
    g_assert_cmpuint(minutes, ==, 18 * 60 + 30);
    g_assert_false(feed_date_find("cut95.csv", "%Y%m%d", &ymd, &minutes));
}

/* ── Mappings ── */

#define HEAD                                                                                           \
    "feed: t\nformat: csv-roster\ninterval: 24h\n"                                                     \
    "facility: {id: t, name: Test Jail, timezone: America/Denver}\n"
#define COLUMNS "columns:\n  person: [No]\n  booking: [Book]\n"

static void expect_refusal(const char *yaml, const char *where, const char *what) {
    g_autoptr(GError) error = NULL;
    struct feed_mapping *mapping = feed_mapping_parse(yaml, strlen(yaml), "m.yaml", &error);
    g_assert_null(mapping);
    if (!g_str_has_prefix(error->message, where) || !strstr(error->message, what))
        g_error("got \"%s\", not %s … %s", error->message, where, what);
}

static void dates_that_mean_none_are_none(void) {
    static const char *const formats[] = {"%Y-%m-%d %H:%M:%S", "%m/%d/%Y", "%Y-%m-%d", NULL};
    static const char *const none[] = {"NULL",       "null",       "N/A",
                                       "  /  /  ",   "0000-00-00", "0001-01-01T00:00:00",
                                       "12/31/9999", "9999-12-31", "1900-01-01 00:00:00",
                                       "1/1/1900",   "01/01/1753", "1899-12-30",
                                       "1970-01-01", "00:00",      "-"};
    static const char *const some[] = {
        "1900-03-01", "1970-01-02",      "2026-01-01",       "soon",
        "10001",      "2026-11-25 0000", "25 Nov 2026 0001", "2026-11-25T0000"};
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    struct feed_date date;
    for (guint i = 0; i < G_N_ELEMENTS(none); i++)
        if (feed_date_read(none[i], formats, utc, &date) != FEED_DATE_NONE)
            g_error("%s is taken for a date", none[i]);
    for (guint i = 0; i < G_N_ELEMENTS(some); i++)
        if (feed_date_read(some[i], formats, utc, &date) == FEED_DATE_NONE)
            g_error("%s is taken for none", some[i]);
}

static void mappings_name_file_line_and_remedy(void) {
    expect_refusal(HEAD "columns:\n  person: [No]\n  booking: [Book]\n  colour: Eyes\n",
                   "m.yaml:8:", "\"colour\" is not a key");
    expect_refusal(HEAD COLUMNS "dates: [\"%Q\"]\n", "m.yaml:8:", "is not known");
    expect_refusal("feed: t\nformat: xls\ninterval: 24h\nfacility: {id: t, name: T, timezone: America/"
                   "Denver}\n" COLUMNS,
                   "m.yaml:2:", "\"xls\" is not a format; there is: csv-roster, ");
    expect_refusal("feed: t\nformat: csv-roster\ninterval: 24h\nfacility: {id: t, name: T, timezone: "
                   "Mars/Base}\n" COLUMNS,
                   "m.yaml:4:", "is not a time zone");
    expect_refusal(HEAD, "m.yaml:", "columns");
    expect_refusal(": : :\n  - [", "m.yaml:", "");
    expect_refusal("", "m.yaml:", "YAML");
    expect_refusal(HEAD COLUMNS "kinds:\n  - {code: X, means: deported}\n", "m.yaml:9:", "cannot mean");
    expect_refusal(HEAD COLUMNS "reasons:\n  - {code: X, means: left_roster}\n",
                   "m.yaml:9:", "cannot mean");
}

static void what_may_not_be_kept_cannot_be_mapped(void) {
    static const char *const columns[] = {"SSN",
                                          "Immigration Hold",
                                          "NATIONALITY",
                                          "Country of Birth",
                                          "citizenship",
                                          "social_security_no",
                                          "Place of Birth",
                                          "RACE",
                                          "Ethnicity",
                                          "Holding for Agency",
                                          "Alien Number",
                                          "ICE_DETAINER",
                                          "IceHold",
                                          "ICE#",
                                          "A-Number",
                                          "A_NBR",
                                          "a no.",
                                          "ANumber",
                                          "I-247",
                                          "I247A",
                                          "form_i200",
                                          "DHS Hold",
                                          "InmigraciÓn",
                                          "deportable",
                                          "Removal Order",
                                          "asylum_case",
                                          "DACA",
                                          "LPR",
                                          "GreenCard",
                                          "USCIS No",
                                          "LegalStatus",
                                          "Undocumented",
                                          "Federal Hold",
                                          "ero_flag",
                                          "ITIN",
                                          "Taxpayer ID",
                                          "tax_id",
                                          "TIN",
                                          "SS#",
                                          "Soc Sec",
                                          "SSN4",
                                          "Seguro Social",
                                          "CURP",
                                          "COB",
                                          "Pais de Nacimiento",
                                          "nativeCountry",
                                          "Consular Notice",
                                          "Foreign Born",
                                          "Pasaporte",
                                          "Ciudadanía",
                                          "\357\274\251\357\274\243\357\274\245", /* wide: ICE */
                                          "\357\274\263\357\274\263\357\274\256" /* wide: SSN */};
    for (guint i = 0; i < G_N_ELEMENTS(columns); i++) {
        g_autofree char *as_target = g_strdup_printf(
            HEAD "columns:\n  person: [No]\n  booking: [Book]\n  \"%s\": x\n", columns[i]);
        expect_refusal(as_target, "m.yaml:8:", "does not keep");
        g_autofree char *as_source = g_strdup_printf(
            HEAD "columns:\n  person: [No]\n  booking: [Book]\n  status: \"%s\"\n", columns[i]);
        expect_refusal(as_source, "m.yaml:8:", "does not keep");
        g_autofree char *as_key =
            g_strdup_printf(HEAD "columns:\n  person: [\"%s\"]\n  booking: [Book]\n", columns[i]);
        expect_refusal(as_key, "m.yaml:6:", "does not keep");
    }
}

static void what_sounds_alike_can_be_mapped(void) {
    static const char *const columns[] = {
        "Police Hold", "Area Number", "POLICESTATUS", "Bracelet",   "Ano",      "Notice", "Instance",
        "Issue",       "Class",       "Person No",    "Booking No", "Facility", "Status", "Juvenile",
        "Office",      "Since",       "Discipline",   "Attorney",   "Housing",  "Unit",   "Martin"};
    for (guint i = 0; i < G_N_ELEMENTS(columns); i++)
        g_assert_null(feed_forbidden_column(columns[i]));
}

static struct feed_mapping *mapping_of(const char *yaml) {
    GError *error = NULL;
    struct feed_mapping *mapping = feed_mapping_parse(yaml, strlen(yaml), "m.yaml", &error);
    g_assert_no_error(error);
    return mapping;
}

/* ── Records ── */

static void count_problem(const struct feed_problem *problem, void *context) {
    GString *fields = context;
    g_string_append_printf(fields, "%s ", problem->field);
}

struct read {
    struct feed_record record;
    char *problems;
    GStringChunk *scratch;
    gboolean usable;
};

static struct read read_cells(const struct feed_mapping *mapping, const struct feed_cells *cells) {
    struct read read = {.scratch = g_string_chunk_new(256)};
    GString *problems = g_string_new(NULL);
    gint64 now;
    base_time_parse("2025-06-01T12:00:00Z", &now);
    read.usable =
        feed_record_read(mapping, cells, now, read.scratch, &read.record, count_problem, problems);
    read.problems = g_string_free(problems, FALSE);
    return read;
}

static void read_clear(struct read *read) {
    g_string_chunk_free(read->scratch);
    g_free(read->problems);
}

#define EVENTS                                                                                         \
    "feed: e\nformat: csv-events\ninterval: 1h\n"                                                      \
    "facility: {id: e, name: E, timezone: America/Denver}\n"                                           \
    "columns: {person: [P], booking: [B], event: E, reason: R, occurred_at: W}\n"                      \
    "kinds:\n  - {code: REL, means: released}\n  - {code: BKD, means: booked}\n"                       \
    "reasons:\n  - {code: BOND, means: released}\n  - {code: DEC, means: died}\n"                      \
    "  - {code: CRT, means: temporary_absence}\n  - {code: XFR, means: transferred}\n"

static void a_release_whose_reason_is_death_is_a_death(void) {
    struct feed_mapping *mapping = mapping_of(EVENTS);
    static const struct {
        const char *reason;
        enum custody_kind kind;
    } cases[] = {{"BOND", CUSTODY_RELEASED},
                 {"dec", CUSTODY_DIED},
                 {"CRT", CUSTODY_TEMPORARY_ABSENCE},
                 {"XFR", CUSTODY_TRANSFERRED},
                 {NULL, CUSTODY_STATUS_CHANGED}}; /* nobody knows why: it may have been a death */
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct feed_cells cells = {.row = 2,
                                   .cell = {[FIELD_PERSON] = "1",
                                            [FIELD_BOOKING] = "b",
                                            [FIELD_EVENT] = "REL",
                                            [FIELD_REASON] = cases[i].reason}};
        struct read read = read_cells(mapping, &cells);
        g_assert_cmpint(read.record.action, ==, cases[i].kind);
        g_assert_cmpint(read.record.is_unclear, ==, cases[i].reason == NULL);
        read_clear(&read);
    }
    feed_mapping_free(mapping);
}

static void a_code_nobody_explained_is_unclear_never_a_release(void) {
    struct feed_mapping *mapping = mapping_of(EVENTS);
    struct feed_cells cells = {.row = 2,
                               .cell = {[FIELD_PERSON] = "1",
                                        [FIELD_BOOKING] = "b",
                                        [FIELD_EVENT] = "REL",
                                        [FIELD_REASON] = "ZZZ"}};
    struct read read = read_cells(mapping, &cells);
    g_assert_true(read.usable);
    g_assert_true(read.record.is_unclear);
    g_assert_cmpint(read.record.action, !=, CUSTODY_RELEASED);
    g_assert_cmpstr(read.problems, ==, "reason occurred_at "); /* which has no cell */
    read_clear(&read);
    feed_mapping_free(mapping);
}

static void a_planned_release_is_not_a_release(void) {
    struct feed_mapping *mapping = mapping_of(
        HEAD
        "columns: {person: [No], booking: [Book], released_at: Rel, born: DOB, full_name: Name}\n");
    struct feed_cells cells = {.row = 2,
                               .cell = {[FIELD_PERSON] = "1",
                                        [FIELD_BOOKING] = "b",
                                        [FIELD_BORN] = "not known",
                                        [FIELD_FULL_NAME] = "DE LA PALMA, WREN LEE",
                                        [FIELD_RELEASED_AT] = "2025-06-05"}};
    struct read planned = read_cells(mapping, &cells);
    g_assert_true(planned.usable); /* an unreadable birth date loses no one */
    g_assert_false(planned.record.has_action);
    g_assert_cmpstr(planned.record.surname, ==, "DE LA PALMA");
    g_assert_cmpstr(planned.record.given, ==, "WREN");
    g_assert_cmpstr(planned.record.middle, ==, "LEE");
    read_clear(&planned);
    cells.cell[FIELD_RELEASED_AT] = "2025-05-31 10:00";
    struct read past = read_cells(mapping, &cells);
    g_assert_true(past.record.has_action);
    g_assert_cmpint(past.record.action, ==, CUSTODY_RELEASED);
    read_clear(&past);
    cells.cell[FIELD_RELEASED_AT] = "soon";
    struct read garbled = read_cells(mapping, &cells);
    g_assert_true(garbled.record.is_unclear);
    read_clear(&garbled);
    feed_mapping_free(mapping);
}

static void a_flag_that_nobody_explained_is_set(void) {
    static const struct {
        const char *cell;
        gboolean of_list, of_event, is_known_to_list, is_known_to_event, is_problem;
    } cases[] = {
        {"Y", TRUE, TRUE, TRUE, TRUE, FALSE},     {"true", TRUE, TRUE, TRUE, TRUE, FALSE},
        {"N", FALSE, FALSE, TRUE, TRUE, FALSE},   {"0", FALSE, FALSE, TRUE, TRUE, FALSE},
        {"SEALED", TRUE, TRUE, TRUE, TRUE, TRUE}, {"S\303\255", TRUE, TRUE, TRUE, TRUE, TRUE},
        {"2", TRUE, TRUE, TRUE, TRUE, TRUE},      {"Yes - 24CR1", TRUE, TRUE, TRUE, TRUE, TRUE},
        {NULL, FALSE, FALSE, TRUE, FALSE, FALSE}};
    struct feed_mapping
        *const list = mapping_of(HEAD "columns: {person: [No], booking: [Book], sealed: S}\n"),
               *const events = mapping_of(
                   "feed: e\nformat: json-events\ninterval: 1h\nfacility: {id: e, name: E, timezone: "
                   "America/Denver}\ncolumns: {person: [P], booking: [B], event: E, occurred_at: W, "
                   "sealed: S}\n");
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct feed_cells cells = {.row = 2,
                                   .cell = {[FIELD_PERSON] = "1",
                                            [FIELD_BOOKING] = "b",
                                            [FIELD_EVENT] = "booked",
                                            [FIELD_OCCURRED_AT] = "2025-05-01T10:00:00Z",
                                            [FIELD_SEALED] = cases[i].cell}};
        struct read read = read_cells(events, &cells);
        g_assert_cmpuint(read.record.flags, ==, cases[i].of_event ? SUBJECT_SEALED : 0);
        g_assert_cmpuint(read.record.known_flags, ==, cases[i].is_known_to_event ? SUBJECT_SEALED : 0);
        read_clear(&read);
        cells.cell[FIELD_EVENT] = NULL;
        read = read_cells(list, &cells);
        g_assert_cmpuint(read.record.flags, ==, cases[i].of_list ? SUBJECT_SEALED : 0);
        g_assert_cmpuint(read.record.known_flags, ==, cases[i].is_known_to_list ? SUBJECT_SEALED : 0);
        g_assert_cmpstr(read.problems, ==, cases[i].is_problem ? "sealed " : "");
        read_clear(&read);
    }
    feed_mapping_free(list);
    feed_mapping_free(events);
}

static void a_status_is_kept_in_the_mapping_s_words_only(void) {
    struct feed_mapping *mapping =
        mapping_of(HEAD "columns: {person: [No], booking: [Book], status: S}\nstatuses:\n  - {code: "
                        "SENT, means: sentenced}\n");
    static const char *const cases[][2] = {
        {"sent", "sentenced"}, {"ICE DETAINER A123456789", FEED_ANOTHER_STATUS}, {NULL, ""}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const struct feed_cells cells = {
            .row = 2,
            .cell = {[FIELD_PERSON] = "1", [FIELD_BOOKING] = "b", [FIELD_STATUS] = cases[i][0]}};
        struct read read = read_cells(mapping, &cells);
        g_assert_cmpstr(read.record.status, ==, cases[i][1]);
        read_clear(&read);
    }
    feed_mapping_free(mapping);
}

/* ── Adapters ── */

static void columns_are_found_in_any_order_and_case(void) {
    struct feed_mapping *mapping = mapping_of(HEAD COLUMNS);
    static const char text[] = "x,BOOK ,\" no\",SSN\n1,b7,42,999-99-9999\n2,b8\n,,43,\n";
    struct feed_adapter *adapter = feed_adapter_open(mapping, g_strdup(text), sizeof text - 1, NULL);
    struct feed_cells cells;
    struct feed_problem problem;
    g_assert_cmpint(feed_adapter_next(adapter, &cells, &problem), ==, FEED_CELLS);
    g_assert_cmpstr(cells.cell[FIELD_PERSON], ==, "42");
    g_assert_cmpstr(cells.cell[FIELD_BOOKING], ==, "b7");
    for (int field = FIELD_BOOKING + 1; field < FIELD_N; field++)
        g_assert_null(cells.cell[field]);
    g_assert_cmpint(feed_adapter_next(adapter, &cells, &problem), ==, FEED_PROBLEM);
    g_assert_cmpuint(problem.row, ==, 3);
    g_assert_cmpint(feed_adapter_next(adapter, &cells, &problem), ==, FEED_CELLS);
    g_assert_null(cells.cell[FIELD_BOOKING]);
    g_assert_cmpint(feed_adapter_next(adapter, &cells, &problem), ==, FEED_END);
    feed_adapter_free(adapter);
    feed_mapping_free(mapping);
}

static void a_file_without_the_mapped_columns_is_refused(void) {
    struct feed_mapping *mapping = mapping_of(HEAD COLUMNS);
    g_autoptr(GError) error = NULL;
    g_assert_null(feed_adapter_open(mapping, g_strdup("Name,Age\n"), 9, &error));
    g_assert_nonnull(strstr(error->message, "No, Book"));
    feed_mapping_free(mapping);
}

static void json_events_come_in_three_shapes(void) {
    struct feed_mapping *mapping =
        mapping_of("feed: j\nformat: json-events\ninterval: 1h\n"
                   "facility: {id: j, name: J, timezone: America/Denver}\n"
                   "columns: {person: [person.id], booking: [booking], event: what, event_id: id}\n");
    static const char *const shapes[] = {
        "[{\"person\":{\"id\":7},\"booking\":\"b\",\"what\":\"booked\"}]",
        "{\n\"person\":{\"id\":7},\n\"booking\":\"b\",\"what\":\"booked\"}",
        "\n{\"person\":{\"id\":7},\"booking\":\"b\",\"what\":\"booked\"}\n"};
    for (guint i = 0; i < G_N_ELEMENTS(shapes); i++) {
        struct feed_adapter *adapter =
            feed_adapter_open(mapping, g_strdup(shapes[i]), strlen(shapes[i]), NULL);
        struct feed_cells cells;
        struct feed_problem problem;
        g_assert_cmpint(feed_adapter_next(adapter, &cells, &problem), ==, FEED_CELLS);
        g_assert_cmpstr(cells.cell[FIELD_PERSON], ==, "7");
        g_assert_cmpstr(cells.cell[FIELD_EVENT], ==, "booked");
        g_assert_cmpint(feed_adapter_next(adapter, &cells, &problem), ==, FEED_END);
        feed_adapter_free(adapter);
    }
    feed_mapping_free(mapping);
}

static void kept_cells_read_back_the_same(void) {
    struct feed_mapping *mapping = mapping_of(HEAD COLUMNS);
    g_autoptr(GByteArray) kept = g_byte_array_new();
    const struct feed_cells first = {.row = 9, .cell = {[FIELD_PERSON] = "1", [FIELD_STATUS] = ""}};
    feed_cells_keep(kept, &first, FALSE);
    g_autoptr(GBytes) bytes = g_bytes_new(kept->data, kept->len);
    struct feed_adapter *adapter = feed_held_open(mapping, bytes, FALSE);
    struct feed_cells cells;
    struct feed_problem problem;
    g_assert_cmpint(feed_adapter_next(adapter, &cells, &problem), ==, FEED_CELLS);
    g_assert_cmpuint(cells.row, ==, 9);
    g_assert_cmpuint(feed_cells_digest(&cells, 1), ==, feed_cells_digest(&first, 1));
    g_assert_cmpint(feed_adapter_next(adapter, &cells, &problem), ==, FEED_END);
    feed_adapter_free(adapter);
    feed_mapping_free(mapping);
}

/* ── Signatures ── */

static void signatures_bind_key_time_and_body(void) {
    const char *secret = "c2VjcmV0", *reason = NULL;
    g_autofree char *good = feed_signature_make(secret, "k1", 1000, "{}", 2);
    g_autofree char *rotating = g_strconcat("v1,AAAA ", good, NULL);
    g_assert_true(feed_signature_check(secret, "k1", "1000", good, "{}", 2, 1200, &reason));
    g_assert_true(feed_signature_check(secret, "k1", "1000", rotating, "{}", 2, 1200, &reason));
    g_assert_false(feed_signature_check(secret, "k2", "1000", good, "{}", 2, 1200, &reason));
    g_assert_false(feed_signature_check(secret, "k1", "1001", good, "{}", 2, 1200, &reason));
    g_assert_false(feed_signature_check(secret, "k1", "1000", good, "[]", 2, 1200, &reason));
    g_assert_false(feed_signature_check("b3RoZXI=", "k1", "1000", good, "{}", 2, 1200, &reason));
    g_assert_false(
        feed_signature_check(secret, "k1", "1000", good, "{}", 2, 1301, &reason)); /* replay */
    g_assert_false(feed_signature_check(secret, "k1", "1000", NULL, "{}", 2, 1200, &reason));
    g_assert_false(feed_signature_check(secret, "", "1000", good, "{}", 2, 1200, &reason));
}

/* ── The drop folder ── */

static guint ready(struct feed_folder *folder, gint64 now_s) {
    g_autoptr(GPtrArray) paths = feed_folder_look(folder, now_s * SECOND_US, NULL);
    return paths->len;
}

static void half_written_files_are_waited_for(void) {
    g_autofree char *dir = g_dir_make_tmp("tocsin-drop-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "a.csv", NULL);
    g_autofree char *unfinished = g_build_filename(dir, "b.csv.part", NULL);
    g_autofree char *final = g_build_filename(dir, "b.csv", NULL);
    struct feed_folder *folder = feed_folder_new(dir, 5 * SECOND_US);

    g_file_set_contents(path, "a,b\n1,", -1, NULL);
    g_file_set_contents(unfinished, "a,b\n1,2\n", -1, NULL);
    g_assert_cmpuint(ready(folder, 0), ==, 0);
    g_assert_cmpuint(ready(folder, 10), ==, 0); /* no line end: wait longer */
    g_file_set_contents(path, "a,b\n1,2\n", -1, NULL);
    g_assert_cmpuint(ready(folder, 11), ==, 0);
    g_assert_cmpuint(ready(folder, 16), ==, 1);
    g_assert_cmpuint(ready(folder, 30), ==, 0); /* once */
    g_rename(unfinished, final);
    g_assert_cmpuint(ready(folder, 31), ==, 0);
    g_assert_cmpuint(ready(folder, 36), ==, 1);
    feed_folder_free(folder);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/date/local", dates_are_local_to_the_facility);
    g_test_add_func("/date/clock_changes", dates_stand_clock_changes);
    g_test_add_func("/date/impossible", impossible_dates_are_refused);
    g_test_add_func("/date/file_name", a_files_name_tells_its_day);
    g_test_add_func("/date/none", dates_that_mean_none_are_none);
    g_test_add_func("/mapping/errors", mappings_name_file_line_and_remedy);
    g_test_add_func("/mapping/forbidden", what_may_not_be_kept_cannot_be_mapped);
    g_test_add_func("/mapping/harmless", what_sounds_alike_can_be_mapped);
    g_test_add_func("/record/flags", a_flag_that_nobody_explained_is_set);
    g_test_add_func("/record/status", a_status_is_kept_in_the_mapping_s_words_only);
    g_test_add_func("/record/death", a_release_whose_reason_is_death_is_a_death);
    g_test_add_func("/record/unclear", a_code_nobody_explained_is_unclear_never_a_release);
    g_test_add_func("/record/planned", a_planned_release_is_not_a_release);
    g_test_add_func("/adapter/columns", columns_are_found_in_any_order_and_case);
    g_test_add_func("/adapter/refused", a_file_without_the_mapped_columns_is_refused);
    g_test_add_func("/adapter/json", json_events_come_in_three_shapes);
    g_test_add_func("/adapter/held", kept_cells_read_back_the_same);
    g_test_add_func("/signature", signatures_bind_key_time_and_body);
    g_test_add_func("/dropfolder", half_written_files_are_waited_for);
    return g_test_run();
}
