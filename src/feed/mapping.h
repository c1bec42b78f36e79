/* A feed's mapping: how one jail's export becomes records, declared in YAML.
 *
 * The fields a mapping can fill are the closed set below. There is none for nationality, birthplace,
 * immigration status or holds, social security number, address or charge: what cannot be mapped
 * cannot be kept, asked for or leaked. Mapping such a column to another field is refused by its name.
 * The language is taught in docs/operators.md; examples are under share/feeds/. */
#ifndef FEED_MAPPING_H
#define FEED_MAPPING_H

#include <glib.h>

#include "base/csv.h"
#include "base/vocabulary.h"

/* What a format carries: who is there, or what happened. */
enum feed_content { FEED_ROSTER, FEED_EVENTS };

struct feed_format; /* a row of the table of formats */

/* What a source can tell, in the order in which cells are kept. */
enum feed_field {
    FIELD_PERSON,  /* the jail's number for the person; may join several columns */
    FIELD_BOOKING, /* the number of this stay; may join several columns */
    FIELD_SURNAME,
    FIELD_GIVEN,
    FIELD_MIDDLE,
    FIELD_SUFFIX,
    FIELD_FULL_NAME, /* "SURNAME, GIVEN MIDDLE" or "GIVEN SURNAME" */
    FIELD_BORN,
    FIELD_FACILITY,
    FIELD_STATUS,
    FIELD_SEALED,
    FIELD_JUVENILE,
    FIELD_PROTECTED,
    FIELD_ADMITTED_AT,
    FIELD_RELEASED_AT, /* rosters: the release the jail reports */
    FIELD_REASON,      /* of a release or an event */
    FIELD_EVENT,       /* event feeds: what happened */
    FIELD_OCCURRED_AT,
    FIELD_EVENT_ID,
    FIELD_CORRECTS, /* the event_id that this event takes back */
    FIELD_KEPT, /* so many are kept of a list that is held; what follows is never kept in the clear */
    FIELD_STATE_ID = FIELD_KEPT, /* the state's number for the person: compared as a keyed hash */
    FIELD_N
};

const char *feed_field_name(enum feed_field field);

struct feed_facility {
    char *code; /* as the source writes it; NULL for the mapping's own facility */
    char *id, *name, *phone;
    GTimeZone *zone;
};

struct feed_code {
    char *code;
    enum custody_kind kind; /* of a status: CUSTODY_N_KINDS, it is words only */
    char *words;            /* for statuses */
};

struct feed_mapping {
    gint n_references;
    char *feed;         /* the feed's id: letters, digits, - and _ */
    char *title;        /* for people */
    char *jail;         /* namespace of booking numbers; several feeds may share one */
    char *person_scope; /* namespace of person numbers */
    const struct feed_format *format;
    enum feed_content content; /* the format's */
    struct csv_dialect dialect;
    gboolean has_header;
    gboolean is_utf16;
    guint skip_lines;            /* before the header */
    char *rule_column, *rule_is; /* only rows whose cell is that (a `*` ends a prefix), or, "newest" */
    char *skip_column, *skip_is; /* rows that are passed over */
    char **empty_values;         /* what means that a cell is empty */
    gboolean rows_are_charges;   /* of a roster: a booking may stand on several */
    gint64 interval_us;          /* how often the source promises to send */
    gint64 tell_after_us;        /* silence after which the people who rely on it are told */
    gint64
        tell_held_after_us;  /* after which whoever follows somebody missing from held lists is told */
    gint64 clock_slip_us;    /* how far a source's clocks may differ from each other */
    gint32 breaker_share;    /* 0: the breaker decides by what the feed's history makes plausible; else
                                hold above this share of people vanishing, in percent */
    char **columns[FIELD_N]; /* NULL or the columns (or JSON paths) that fill the field */
    const char **date_formats;          /* NULL-terminated */
    char **yes_values, **no_values;     /* what means yes and no in a flag's column */
    char *file_date;                    /* a date format to find in the file's name; NULL: none */
    guint snapshot_minutes;             /* past local midnight, when the list is taken */
    GArray *facilities;                 /* struct feed_facility; the first is the mapping's own */
    GArray *kinds, *reasons, *statuses; /* struct feed_code */
};

/* Reads a mapping from YAML text; `name` is for messages, which say `name:line: what is wrong and
 * what to do`. Transfer full. */
struct feed_mapping *feed_mapping_parse(const char *text, gsize n, const char *name, GError **error);
struct feed_mapping *feed_mapping_ref(struct feed_mapping *mapping);
/* Gives a reference back; the last one frees. NULL is allowed. */
void feed_mapping_free(struct feed_mapping *mapping);

static inline const struct feed_facility *feed_mapping_facility(const struct feed_mapping *mapping) {
    return &g_array_index(mapping->facilities, struct feed_facility, 0);
}
/* By id; the mapping's own when `id` is not found. */
const struct feed_facility *feed_mapping_facility_by_id(const struct feed_mapping *mapping,
                                                        const char *id);

/* Whether a column of this name carries what Tocsin never keeps; says which in words, static. */
const char *feed_forbidden_column(const char *column);

#endif
