#include "simulate/county.h"

#include <string.h>

#include "base/random.h"
#include "base/time.h"

#define BOOKED_A_DAY 0.012 /* of the people in custody */
#define LEAVING_A_DAY 0.012
#define LATE_ROWS 0.0015 /* a row that is missing for a day */

struct county_person {
    guint number, booking;
    const char *given, *surname;
    int born_year, born_day;
    gint64 booked_at_us;
    enum county_jail jail;
    gboolean is_annex, is_missing, is_late_today, is_kept, is_out;
};

struct county {
    guint64 random;
    gint64 day_at_us;
    GPtrArray *people;
    guint next_number, next_booking, next_event;
    GString *events; /* Central's, of today */
    GTimeZone *zone;
};

static const char *const surnames[] = {"ALDER",
                                       "ASH",
                                       "ASPEN",
                                       "BEECH",
                                       "BIRCH",
                                       "CEDAR",
                                       "CHERRY",
                                       "CYPRESS",
                                       "DOGWOOD",
                                       "ELDER",
                                       "ELM",
                                       "FIR",
                                       "HAZEL",
                                       "HICKORY",
                                       "HOLLY",
                                       "JUNIPER",
                                       "LARCH",
                                       "LAUREL",
                                       "LINDEN",
                                       "MAPLE",
                                       "MYRTLE",
                                       "OAK",
                                       "OLIVE",
                                       "PECAN",
                                       "PINE",
                                       "POPLAR",
                                       "ROWAN",
                                       "SPRUCE",
                                       "SUMAC",
                                       "WILLOW",
                                       "WALNUT",
                                       "YEW",
                                       "PI\xD1"
                                       "ON",
                                       "DE LA PALMA",
                                       "O'HAWTHORN",
                                       "ALDER-BIRCH"};
static const char *const givens[] = {
    "WREN",   "ROBIN", "MARTIN", "JAY",   "LARK",   "PHOEBE", "FINCH",  "HERON",   "SWIFT", "KESTREL",
    "MERLIN", "DOVE",  "RAVEN",  "CRANE", "PLOVER", "TEAL",   "LINNET", "SWALLOW", "EGRET", "QUAIL"};

static guint pick(struct county *county, guint n) {
    return (guint)(base_seeded_next(&county->random) % n);
}

static gboolean chance(struct county *county, double share) {
    return (double)(base_seeded_next(&county->random) >> 11) / 9007199254740992.0 < share;
}

const char *county_jail_id(enum county_jail jail) {
    static const char *const ids[JAIL_N] = {"north", "south", "central"};
    return ids[jail];
}

static struct county_person *book(struct county *county, enum county_jail jail, gint64 booked_at_us) {
    struct county_person *person = g_new0(struct county_person, 1);
    *person = (struct county_person){.number = county->next_number++,
                                     .booking = county->next_booking++,
                                     .given = givens[pick(county, G_N_ELEMENTS(givens))],
                                     .surname = surnames[pick(county, G_N_ELEMENTS(surnames))],
                                     .born_year = 1955 + (int)pick(county, 50),
                                     .born_day = (int)pick(county, 336),
                                     .booked_at_us = booked_at_us,
                                     .jail = jail,
                                     .is_annex = chance(county, 0.3)};
    g_ptr_array_add(county->people, person);
    return person;
}

static char *local(const struct county *county, gint64 at_us, const char *format) {
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(at_us / SECOND_US);
    g_autoptr(GDateTime) when = g_date_time_to_timezone(utc, county->zone);
    return g_date_time_format(when, format);
}

static void report(struct county *county, const struct county_person *person, const char *event,
                   const char *reason, gint64 at_us) {
    g_autofree char *when = local(county, at_us, "%m/%d/%Y %H:%M:%S");
    g_string_append_printf(county->events, "%u\t%u\tC%u\t%s\t%s\t%s\t%s\t%s\r\n", county->next_event++,
                           person->number, person->booking, person->surname, person->given, event,
                           reason, when);
}

static gint64 some_time_yesterday(struct county *county) {
    return county->day_at_us - (gint64)pick(county, 18 * 3600) * SECOND_US;
}

struct county *county_new(guint64 seed, guint n_people, gint64 day_at_us) {
    struct county *county = g_new0(struct county, 1);
    county->random = seed;
    county->day_at_us = day_at_us;
    county->people = g_ptr_array_new_with_free_func(g_free);
    county->next_number = 40001;
    county->next_booking = 700001;
    county->next_event = 1;
    county->events = g_string_new(NULL);
    county->zone = g_time_zone_new_identifier("America/Denver");
    for (guint i = 0; i < n_people; i++) {
        gint64 ago_days = (gint64)pick(county, 20) * (gint64)pick(county, 20) / 4;
        struct county_person *person = book(county, (enum county_jail)(i % JAIL_N),
                                            some_time_yesterday(county) - ago_days * DAY_US);
        if (person->jail == JAIL_CENTRAL)
            report(county, person, "BKD", "", person->booked_at_us);
    }
    return county;
}

void county_free(struct county *county) {
    g_ptr_array_unref(county->people);
    g_string_free(county->events, TRUE);
    g_time_zone_unref(county->zone);
    g_free(county);
}

gint64 county_day_at_us(const struct county *county) {
    return county->day_at_us;
}

static void leave(struct county *county, struct county_person *person) {
    static const char *const reasons[] = {"BOND", "TIME", "BOND", "COURT", "XFER", "BND?"};
    person->is_out = TRUE;
    if (person->jail == JAIL_CENTRAL)
        report(county, person, "REL", reasons[pick(county, G_N_ELEMENTS(reasons))],
               some_time_yesterday(county));
}

void county_step(struct county *county) {
    county->day_at_us += DAY_US;
    g_string_truncate(county->events, 0);
    for (guint i = 0; i < county->people->len; i++) {
        struct county_person *person = county->people->pdata[i];
        person->is_late_today = !person->is_kept && chance(county, LATE_ROWS);
        if (person->is_out || person->is_kept)
            continue;
        if (chance(county, LEAVING_A_DAY))
            leave(county, person);
        else if (chance(county, 0.004))
            person->is_annex = !person->is_annex;
    }
    guint n_new = (guint)((double)county->people->len * BOOKED_A_DAY);
    for (guint i = 0; i < n_new; i++) {
        struct county_person *person =
            book(county, (enum county_jail)pick(county, JAIL_N), some_time_yesterday(county));
        if (person->jail == JAIL_CENTRAL)
            report(county, person, "BKD", "", person->booked_at_us);
    }
}

char *county_file_name(const struct county *county, enum county_jail jail) {
    g_autofree char *day = local(county, county->day_at_us + 12 * HOUR_US, "%Y-%m-%d");
    return g_strdup_printf("%s_%s.%s", county_jail_id(jail), day, jail == JAIL_CENTRAL ? "tsv" : "csv");
}

static char *latin1_as_utf8(const char *text) {
    return g_convert(text, -1, "UTF-8", "ISO-8859-1", NULL, NULL, NULL);
}

static char *roster(struct county *county, enum county_jail jail) {
    GString *out = g_string_new("\xEF\xBB\xBFPerson No,Booking No,Last Name,First Name,DOB,Race,"
                                "Immigration Hold,Unit,Booked\r\n");
    for (guint i = 0; i < county->people->len; i++) {
        const struct county_person *p = county->people->pdata[i];
        if (p->jail != jail || p->is_out || p->is_missing || p->is_late_today)
            continue;
        g_autofree char *booked = local(county, p->booked_at_us, "%m/%d/%Y %H:%M");
        g_autofree char *surname = latin1_as_utf8(p->surname);
        g_string_append_printf(out, "%u,B%u,\"%s\",%s,%02d/%02d/%d,X,N,%s  ,%s\r\n", p->number,
                               p->booking, surname, p->given, p->born_day / 28 + 1,
                               p->born_day % 28 + 1, p->born_year, p->is_annex ? "ANNEX" : "MAIN",
                               booked);
    }
    return g_string_free(out, FALSE);
}

char *county_file(struct county *county, enum county_jail jail) {
    if (jail != JAIL_CENTRAL)
        return roster(county, jail);
    return g_strconcat("Seq\tPerson\tBooking\tLast\tFirst\tEvent\tReason\tWhen\r\n",
                       county->events->str, NULL);
}

struct county_person *county_pick(struct county *county, enum county_jail jail) {
    for (guint i = 0; i < county->people->len; i++) {
        struct county_person *person = county->people->pdata[i];
        if (person->jail == jail && !person->is_kept && !person->is_out &&
            g_str_is_ascii(person->surname)) {
            person->is_kept = TRUE;
            return person;
        }
    }
    return NULL;
}

const char *county_person_number(const struct county_person *person) {
    static char text[16]; /* a story is told by one thread */
    g_snprintf(text, sizeof text, "%u", person->number);
    return text;
}

const char *county_person_given(const struct county_person *person) {
    return person->given;
}

const char *county_person_surname(const struct county_person *person) {
    return person->surname;
}

void county_release(struct county *county, struct county_person *person) {
    person->is_out = TRUE;
    report(county, person, "REL", "BOND", county->day_at_us + 5 * HOUR_US);
}

void county_lose_row(struct county_person *person, gboolean is_missing) {
    person->is_missing = is_missing;
}

void county_move_unit(struct county_person *person) {
    person->is_annex = !person->is_annex;
}
