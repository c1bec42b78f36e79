#include "feed/record.h"

#include <string.h>

#include "base/random.h"
#include "base/text.h"
#include "base/time.h"
#include "feed/date.h"
#include "people/name.h"

struct reading {
    const struct feed_mapping *mapping;
    const struct feed_cells *cells;
    gint64 observed_at_us;
    GStringChunk *scratch;
    feed_problem_fn on_problem;
    void *context;
};

void feed_problem_set(struct feed_problem *problem, guint row, const char *field, const char *value,
                      const char *reason, ...) {
    va_list args;
    *problem = (struct feed_problem){.row = row};
    g_strlcpy(problem->field, field, sizeof problem->field);
    va_start(args, reason);
    g_vsnprintf(problem->reason, sizeof problem->reason, reason, args);
    va_end(args);
    if (value) {
        g_autofree char *clean = text_clean(value, 24);
        text_copy(problem->value, sizeof problem->value, clean);
    }
}

/* Fields that take codes, where a source may write anything instead. */
static gboolean is_code_field(enum feed_field field) {
    return field == FIELD_STATUS || field == FIELD_SEALED || field == FIELD_JUVENILE ||
           field == FIELD_PROTECTED || field == FIELD_REASON || field == FIELD_EVENT;
}

#define LONGEST_CODE 4 /* digits: more are a number of something */

/* A code as a problem may show it: no number that only a person has. */
static char *without_numbers(const char *cell) {
    char *text = g_strdup(cell);
    for (char *p = text; *p; p++) {
        const gsize n = strspn(p, "0123456789");
        if (n > LONGEST_CODE)
            memset(p, '#', n);
        p += n ? n - 1 : 0;
    }
    return text;
}

static void note(const struct reading *r, enum feed_field field, const char *reason) {
    struct feed_problem problem;
    const char *cell = r->cells->cell[field];
    g_autofree char *code = cell && is_code_field(field) ? without_numbers(cell) : NULL;
    feed_problem_set(&problem, r->cells->row, feed_field_name(field), code ? code : cell, "%s", reason);
    r->on_problem(&problem, r->context);
}

guint64 feed_cells_digest(const struct feed_cells *cells, guint64 seed) {
    guint64 digest = seed;
    for (int field = 0; field < FIELD_N; field++)
        if (cells->cell[field])
            digest = base_hash64(cells->cell[field], strlen(cells->cell[field]), digest + field + 1);
    digest += cells->is_unclear;
    return digest ? digest : 1;
}

static const char *text_of(const struct reading *r, enum feed_field field) {
    return r->cells->cell[field] ? r->cells->cell[field] : "";
}

/* What cannot be seen and moves what can: line ends and other controls, marks of direction. */
static gboolean is_unseen(gunichar c) {
    return g_unichar_iscntrl(c) || c == 0x200b || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x2069) || c == 0xfeff;
}

static gboolean has_unseen(const char *text) {
    gunichar c;
    for (const char *at = text; *at; at = g_utf8_next_char(at))
        if ((c = g_utf8_get_char_validated(at, -1)) < (gunichar)-2 && is_unseen(c))
            return TRUE;
    return FALSE;
}

/* A name that goes into messages: in one line, as it reads. */
static const char *name_of(const struct reading *r, enum feed_field field) {
    const char *text = text_of(r, field);
    if (!has_unseen(text) && strlen(text) <= FEED_MOST_NAME_BYTES)
        return text;
    g_autoptr(GString) plain = g_string_new(NULL);
    for (const char *at = text; *at; at = g_utf8_next_char(at)) {
        const gunichar c = g_utf8_get_char_validated(at, -1);
        if (c >= (gunichar)-2 || plain->len >= FEED_MOST_NAME_BYTES)
            break;
        if (!is_unseen(c))
            g_string_append_unichar(plain, c);
        else if (plain->len && plain->str[plain->len - 1] != ' ')
            g_string_append_c(plain, ' ');
    }
    return g_string_chunk_insert(r->scratch, g_strchomp(plain->str));
}

static enum feed_date_found find_date(const struct reading *r, enum feed_field field, GTimeZone *zone,
                                      struct feed_date *date) {
    return feed_date_read(r->cells->cell[field], r->mapping->date_formats, zone, date);
}

enum instant { INSTANT_ABSENT, INSTANT_READ, INSTANT_UNREADABLE, INSTANT_FUTURE };

/* `date` is set only when INSTANT_READ; a problem is noted for the other two. `ahead_us`: how far a
 * clock may run before ours. */
static enum instant read_instant(const struct reading *r, enum feed_field field, GTimeZone *zone,
                                 gint64 ahead_us, struct feed_date *read) {
    struct feed_date date;
    const enum feed_date_found found = find_date(r, field, zone, &date);
    if (found == FEED_DATE_NONE)
        return INSTANT_ABSENT;
    if (found == FEED_DATE_UNREADABLE) {
        note(r, field, "not a date in any format the mapping's `dates:` names; add its format there");
        return INSTANT_UNREADABLE;
    }
    if (date.at_us > r->observed_at_us + ahead_us) {
        note(r, field, "a date in the future is not believed; the row was taken without it");
        return INSTANT_FUTURE;
    }
    *read = date;
    return INSTANT_READ;
}

static void read_admitted(const struct reading *r, struct feed_record *record) {
    struct feed_date date;
    if (read_instant(r, FIELD_ADMITTED_AT, record->facility->zone, DAY_US, &date) == INSTANT_READ)
        record->admitted_at_us = date.at_us;
}

static void read_born(const struct reading *r, struct feed_record *record) {
    struct feed_date date;
    enum feed_date_found found = find_date(r, FIELD_BORN, record->facility->zone, &date);
    if (date.ymd == 19700101) /* no placeholder here: some are born on that day */
        found = FEED_DATE_READ;
    if (found == FEED_DATE_READ && date.at_us <= r->observed_at_us)
        record->born = date.ymd;
    else if (found != FEED_DATE_NONE)
        note(r, FIELD_BORN, "not a date of birth in any format the mapping's `dates:` names");
}

/* A code, or, where it ends in *, what begins with it. */
static gboolean is_code(const char *code, const char *text) {
    const gsize n = strlen(code);
    return n && code[n - 1] == '*' ? g_ascii_strncasecmp(code, text, n - 1) == 0
                                   : g_ascii_strcasecmp(code, text) == 0;
}

static void read_facility(const struct reading *r, struct feed_record *record) {
    const char *code = r->cells->cell[FIELD_FACILITY];
    record->facility = feed_mapping_facility(r->mapping);
    if (!code)
        return;
    for (guint i = 0; i < r->mapping->facilities->len; i++) {
        const struct feed_facility *f = &g_array_index(r->mapping->facilities, struct feed_facility, i);
        if (f->code && is_code(f->code, code)) {
            record->facility = f;
            record->has_facility = TRUE;
            return;
        }
    }
    note(r, FIELD_FACILITY,
         "no facility has this code; add it under `facilities:`. Taken as where it was before");
}

static gboolean is_among(char **values, const char *text) {
    for (; *values; values++)
        if (g_ascii_strcasecmp(*values, text) == 0)
            return TRUE;
    return FALSE;
}

gboolean feed_flag_is_set(const struct feed_mapping *mapping, const char *cell) {
    return cell && (is_among(mapping->yes_values, cell) || !is_among(mapping->no_values, cell));
}

/* Fails closed: what nobody explained counts as set. An empty cell of a list says no; an event that
 * lacks it says nothing. */
static void read_flag(const struct reading *r, enum feed_field field, guint flag,
                      struct feed_record *record) {
    const char *text = r->cells->cell[field];
    if (!r->mapping->columns[field] || (!text && r->mapping->content != FEED_ROSTER))
        return;
    record->known_flags |= flag;
    if (!feed_flag_is_set(r->mapping, text))
        return;
    record->flags |= flag;
    if (is_among(r->mapping->yes_values, text))
        return;
    note(r, field, "neither `yes:` nor `no:` has this value; it was taken as yes");
    record->has_unexplained_flag = TRUE;
}

static const struct feed_code *find_code(GArray *codes, const char *code) {
    for (guint i = 0; code && i < codes->len; i++) {
        const struct feed_code *c = &g_array_index(codes, struct feed_code, i);
        if (is_code(c->code, code))
            return c;
    }
    return NULL;
}

static void read_name(const struct reading *r, struct feed_record *record) {
    record->surname = name_of(r, FIELD_SURNAME);
    record->given = name_of(r, FIELD_GIVEN);
    record->middle = name_of(r, FIELD_MIDDLE);
    record->suffix = name_of(r, FIELD_SUFFIX);
    record->state_id = text_of(r, FIELD_STATE_ID);
    if (!r->cells->cell[FIELD_FULL_NAME])
        return;
    struct people_parts name;
    people_parts_of(name_of(r, FIELD_FULL_NAME), &name);
    record->surname = g_string_chunk_insert(r->scratch, name.surname);
    record->given = g_string_chunk_insert(r->scratch, name.given);
    record->middle = g_string_chunk_insert(r->scratch, name.middle);
    if (*name.suffix)
        record->suffix = g_string_chunk_insert(r->scratch, name.suffix);
    people_parts_clear(&name);
}

/* What a row of a list says of somebody whom it lists and who is in. */
#define KINDS_LISTED                                                                                   \
    (KIND_BIT(CUSTODY_BOOKED) | KIND_BIT(CUSTODY_RECAPTURED) | KIND_BIT(CUSTODY_RETURNED) |            \
     KIND_BIT(CUSTODY_STATUS_CHANGED) | KIND_BIT(CUSTODY_CORRECTED))

static void make_unclear(struct feed_record *record) {
    record->is_unclear = TRUE;
    record->action = CUSTODY_STATUS_CHANGED;
}

/* A status that says that they are out, or away. */
static const struct feed_code *status_that_ends(const struct feed_mapping *mapping,
                                                const struct feed_cells *cells) {
    const struct feed_code *status = find_code(mapping->statuses, cells->cell[FIELD_STATUS]);
    return status && status->kind != CUSTODY_N_KINDS ? status : NULL;
}

/* Of a list whose rows say by a date that they left: a reason that is one beside a date that cannot be,
 * or, of a death or an escape, beside none. */
static const struct feed_code *reason_that_ends(const struct feed_mapping *mapping,
                                                const struct feed_cells *cells) {
    const char *at = cells->cell[FIELD_RELEASED_AT];
    const struct feed_code *why = find_code(mapping->reasons, cells->cell[FIELD_REASON]);
    struct feed_date date;
    if (!why || mapping->content != FEED_ROSTER || mapping->columns[FIELD_EVENT] ||
        feed_date_read(at, mapping->date_formats, feed_mapping_facility(mapping)->zone, &date) !=
            FEED_DATE_NONE)
        return NULL;
    const gboolean is_written = at && strpbrk(at, "123456789");
    return is_written || why->kind == CUSTODY_DIED || why->kind == CUSTODY_ESCAPED ? why : NULL;
}

/* What the source reports, with the reason's table narrowing it: a release whose reason means a
 * transfer or a death is that. A code nobody explained is never dressed up as a release, and never
 * dropped: it goes on as unclear. */
static void read_action(const struct reading *r, struct feed_record *record) {
    const gboolean is_roster = r->mapping->content == FEED_ROSTER;
    const char *event = r->cells->cell[FIELD_EVENT], *reason = r->cells->cell[FIELD_REASON];
    const struct feed_code *kind = find_code(r->mapping->kinds, event);
    const struct feed_code *why = find_code(r->mapping->reasons, reason);

    struct feed_date date;
    const gboolean has_date =
        find_date(r, FIELD_RELEASED_AT, record->facility->zone, &date) != FEED_DATE_NONE;
    record->action = CUSTODY_RELEASED;
    const struct feed_code *status = status_that_ends(r->mapping, r->cells);
    if (is_roster && status) {
        record->action = status->kind;
    } else if (r->mapping->columns[FIELD_EVENT]) {
        if (kind) {
            record->action = kind->kind;
        } else if (is_roster && !event) { /* an empty cell says nothing */
            record->action = has_date ? CUSTODY_RELEASED : CUSTODY_BOOKED;
        } else if (!event || !custody_kind_parse(event, &record->action) ||
                   (KIND_BIT(record->action) & KINDS_FEED)) {
            note(r, FIELD_EVENT,
                 "nothing under `kinds:` says what this code means; sent on as unclear");
            record->is_unclear = TRUE;
        }
    } else if (!has_date && !reason_that_ends(r->mapping, r->cells)) {
        return; /* a roster's row is of somebody held unless it says otherwise */
    } else if (!has_date) {
        note(r, FIELD_RELEASED_AT,
             "no date beside a reason that says that they left; the time was taken as unknown");
    }
    if (is_roster && !record->is_unclear && (KIND_BIT(record->action) & KINDS_LISTED))
        return;
    record->has_action = TRUE;
    if (record->action == CUSTODY_RELEASED && r->mapping->reasons->len && !record->is_unclear) {
        if (why) {
            record->action = why->kind;
        } else {
            /* Why they left is told elsewhere than that they did: it may have been a death. */
            note(r, FIELD_REASON,
                 reason
                     ? "nothing under `reasons:` says what this code means; sent on as unclear"
                     : "a release without a reason, where the mapping has reasons; sent on as unclear");
            record->is_unclear = record->has_left = TRUE;
        }
    }
    if (record->is_unclear)
        make_unclear(record);
}

static void forget_occurred(struct feed_record *record) {
    record->occurred_at_us = record->occurred_to_us = TIME_UNKNOWN;
    record->occurred_on_date = FALSE;
}

/* What ended before it began. Where something else than the date says that it ended, only the time is
 * wrong; where the date alone says so, it is of an earlier stay, or, by no more than clocks may differ,
 * unclear. */
static void check_order(const struct reading *r, enum feed_field field, gboolean is_said,
                        struct feed_record *record) {
    const gint64 slip_us = r->mapping->clock_slip_us;
    if (record->occurred_at_us == TIME_UNKNOWN || record->admitted_at_us == TIME_UNKNOWN ||
        !(KIND_BIT(record->action) & KINDS_OUT) || record->occurred_to_us >= record->admitted_at_us)
        return;
    const gboolean is_slip = record->occurred_to_us >= record->admitted_at_us - slip_us;
    if (is_said && is_slip)
        return;
    note(r, field,
         is_said   ? "it is before the row's own admission; the time was taken as unknown"
         : is_slip ? "it is before the row's own admission; sent on as unclear"
                   : "it is long before the row's own admission, of an earlier stay; the row was taken "
                     "without it");
    forget_occurred(record);
    if (!is_said && is_slip)
        make_unclear(record);
    else if (!is_said)
        record->has_action = FALSE;
}

/* When it happened. A release planned for later is not a release, and where only a date says that there
 * was one, a date that cannot be read is sent on as unclear. What is said to have happened has
 * happened, whatever its date: the time is unknown, and is a problem. */
static void read_occurred(const struct reading *r, struct feed_record *record) {
    const gboolean is_roster = r->mapping->content == FEED_ROSTER;
    const gboolean is_said = !is_roster || r->mapping->columns[FIELD_EVENT] ||
                             status_that_ends(r->mapping, r->cells) ||
                             reason_that_ends(r->mapping, r->cells);
    const enum feed_field field = is_roster ? FIELD_RELEASED_AT : FIELD_OCCURRED_AT;
    struct feed_date date;
    if (!record->has_action)
        return;
    /* A list known by its day only was taken some time that day. */
    const gint64 ahead_us = is_roster && !r->mapping->snapshot_minutes ? DAY_US : HOUR_US;
    enum instant found = read_instant(r, field, record->facility->zone, ahead_us, &date);
    if (found != INSTANT_READ)
        record->has_left = FALSE;
    if (found == INSTANT_READ) {
        record->occurred_at_us = date.at_us;
        record->occurred_to_us = date.to_us;
        record->occurred_on_date = date.is_date_only;
        check_order(r, field, is_said, record);
    } else if (!is_said && found == INSTANT_FUTURE) {
        record->has_action = FALSE;
        record->is_deferred = TRUE;
    } else if (!is_said && found == INSTANT_UNREADABLE) {
        make_unclear(record);
    } else if (!is_roster && found == INSTANT_ABSENT && record->action != CUSTODY_CORRECTED &&
               r->mapping->columns[field]) {
        note(r, field, "it does not say when; the time was taken as unknown");
    }
}

static gboolean is_number(enum feed_field field) {
    return field == FIELD_PERSON || field == FIELD_BOOKING || field == FIELD_EVENT_ID ||
           field == FIELD_CORRECTS;
}

static gboolean is_name(enum feed_field field) {
    return field == FIELD_SURNAME || field == FIELD_GIVEN || field == FIELD_MIDDLE ||
           field == FIELD_SUFFIX || field == FIELD_FULL_NAME;
}

/* What is wrong with the characters of a cell; NULL: nothing. */
static const char *fault_of(const char *text, enum feed_field field) {
    const gboolean is_of_number = is_number(field);
    const gsize most = is_of_number     ? FEED_MOST_NUMBER_BYTES
                       : is_name(field) ? FEED_MOST_NAME_BYTES
                                        : FEED_MOST_CELL_BYTES;
    if (strlen(text) > most)
        return is_of_number     ? "it is longer than any number; the row was passed over"
               : is_name(field) ? "it is longer than any name; the rest was left out"
                                : "it is longer than 4,096 characters; the rest was left out";
    if (strstr(text, FEED_NO_TEXT))
        return is_of_number
                   ? "it holds a character that is no text; the row was passed over. Ask the jail to "
                     "send it again"
                   : "it holds a character that is no text";
    if ((is_of_number || is_name(field)) && has_unseen(text))
        return is_of_number
                   ? "it holds a line end, or another character that cannot be seen; the row was "
                     "passed over. Ask the jail to send it again"
                   : "it holds a line end, or another character that cannot be seen; it was taken as "
                     "a space";
    return NULL;
}

/* The numbers of a row whose cell holds what is no text are not known; else only that cell is bad. */
static gboolean check_text(const struct reading *r) {
    gboolean is_usable = TRUE;
    for (enum feed_field field = 0; field < FIELD_N; field++) {
        const char *text = r->cells->cell[field];
        const char *fault = text ? fault_of(text, field) : NULL;
        if (!fault)
            continue;
        note(r, field, fault);
        is_usable &= !is_number(field);
    }
    return is_usable;
}

/* Names the columns, so that it is seen which of them the source has renamed. */
static void note_nameless(const struct reading *r, enum feed_field field) {
    char **columns = r->mapping->columns[field];
    g_autofree char *names = columns ? g_strjoinv("`, `", columns) : g_strdup(feed_field_name(field));
    g_autofree char *reason = g_strdup_printf(
        "there is nothing in `%s`: the row does not say whom it is about. Ask the jail's "
        "records staff to fill it in, or mend `columns:` in the mapping",
        names);
    note(r, field, reason);
}

gboolean feed_record_read(const struct feed_mapping *mapping, const struct feed_cells *cells,
                          gint64 observed_at_us, GStringChunk *scratch, struct feed_record *record,
                          feed_problem_fn on_problem, void *context) {
    const struct reading r = {mapping, cells, observed_at_us, scratch, on_problem, context};

    if (!check_text(&r))
        return FALSE;
    *record = (struct feed_record){.row = cells->row,
                                   .person_key = cells->cell[FIELD_PERSON],
                                   .booking_key = cells->cell[FIELD_BOOKING],
                                   .admitted_at_us = TIME_UNKNOWN,
                                   .occurred_at_us = TIME_UNKNOWN,
                                   .occurred_to_us = TIME_UNKNOWN};
    if (!record->person_key || !record->booking_key) {
        note_nameless(&r, record->person_key ? FIELD_BOOKING : FIELD_PERSON);
        return FALSE;
    }
    read_facility(&r, record);
    read_name(&r, record);
    read_born(&r, record);
    const struct feed_code *status = find_code(mapping->statuses, cells->cell[FIELD_STATUS]);
    /* Nothing but the mapping's own words is kept: a cell may say what must not be. */
    record->status = status ? status->words : cells->cell[FIELD_STATUS] ? FEED_ANOTHER_STATUS : "";
    read_flag(&r, FIELD_SEALED, SUBJECT_SEALED, record);
    read_flag(&r, FIELD_JUVENILE, SUBJECT_JUVENILE, record);
    read_flag(&r, FIELD_PROTECTED, SUBJECT_PROTECTED, record);
    read_admitted(&r, record);
    read_action(&r, record);
    if (cells->is_unclear && record->has_action) {
        note(&r, FIELD_BOOKING, "its rows tell of different endings; sent on as unclear");
        make_unclear(record);
        record->has_left = TRUE;
    }
    read_occurred(&r, record);
    record->event_id = cells->cell[FIELD_EVENT_ID];
    record->corrects_event_id = cells->cell[FIELD_CORRECTS];
    return TRUE;
}

gboolean feed_record_says_in(const struct feed_mapping *mapping, const struct feed_cells *cells) {
    const struct feed_code *code = find_code(mapping->kinds, cells->cell[FIELD_EVENT]);
    return code && code->kind == CUSTODY_BOOKED;
}

gboolean feed_record_says_out(const struct feed_mapping *mapping, const struct feed_cells *cells) {
    const char *event = cells->cell[FIELD_EVENT], *released = cells->cell[FIELD_RELEASED_AT];
    const struct feed_code *code = event ? find_code(mapping->kinds, event) : NULL;
    struct feed_date date;
    const struct feed_code *status = status_that_ends(mapping, cells);
    if (status)
        return status->kind != CUSTODY_TEMPORARY_ABSENCE;
    if (code)
        return !(KIND_BIT(code->kind) & (KINDS_LISTED | KIND_BIT(CUSTODY_TEMPORARY_ABSENCE)));
    const struct feed_code *why = reason_that_ends(mapping, cells);
    if (why)
        return why->kind != CUSTODY_TEMPORARY_ABSENCE;
    return event ||
           (released && feed_date_read(released, mapping->date_formats,
                                       feed_mapping_facility(mapping)->zone, &date) != FEED_DATE_NONE);
}
