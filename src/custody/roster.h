/* A roster against the list before it: who is new, who changed, who is gone. Pure.
 *
 * A hash join over flat memory. First every booking that was listed is expected, then every row of
 * the new list is seen; what was expected and not seen has vanished. Rows whose cells are the same
 * as last time cost one probe and are read no further.
 *
 *   entries   [ id | person, booking → keys | digest | since | seen ]   one a listed booking
 *   slots     [ hash 32, entry + 1 32 | … ]                            open addressing, power of 2
 *   keys      [ "person\0booking\0…" ] */
#ifndef CUSTODY_ROSTER_H
#define CUSTODY_ROSTER_H

#include "custody/booking.h"

struct custody_roster;

struct custody_roster *custody_roster_new(void);
void custody_roster_free(struct custody_roster *roster);

/* A booking that the last list showed. Keys are copied; they need no NUL. `counts`: they were in as far
 * as anybody knows; else their row may come and go, and says nothing of how whole the list is. */
void custody_roster_expect(struct custody_roster *roster, gint64 booking_id, const char *booking_key,
                           gsize booking_key_n, const char *person_key, gsize person_key_n,
                           guint64 digest, gint64 tenure_from_us, gboolean is_out, gboolean counts);

enum custody_sight {
    SIGHT_SAME,    /* listed before, nothing differs */
    SIGHT_CHANGED, /* listed before, some mapped cell differs */
    SIGHT_NEW,     /* not on the last list */
    SIGHT_CLASH,   /* listed before as somebody else's, who is spared: this row is another booking's */
    SIGHT_DUPLICATE, /* this list already showed the booking, with the same cells */
    SIGHT_CONFLICT   /* … with other cells */
};

struct custody_row {
    const char *booking_key, *person_key;
    guint64 digest;    /* of all its cells */
    gboolean says_out; /* it tells that they left */
};
/* A row of the new list. Gives the expected booking's id, or 0. */
enum custody_sight custody_roster_see(struct custody_roster *roster, const struct custody_row *row,
                                      gint64 *booking_id);

/* Whether custody_roster_see would say SIGHT_SAME; only then the row is seen. */
gboolean custody_roster_see_same(struct custody_roster *roster, const struct custody_row *row);

/* People on the new list who count. */
guint custody_roster_n_now(const struct custody_roster *roster);

/* The person of an expected booking, as kept; NULL: it is not expected. Until the next row. */
const char *custody_roster_person(const struct custody_roster *roster, const char *booking_key);

/* What a booking is called whose number stands for somebody else, too. Transfer full. */
char *custody_roster_renumber(const char *booking_key, const char *person_key);
/* How much of a kept number the source wrote. */
gsize custody_roster_number_length(const char *booking_key, const char *person_key);
/* Whether any such number is expected at all. */
gboolean custody_roster_has_renumbered(const struct custody_roster *roster);
/* Whether that is expected: the clash is known. Who has the number itself is spared. */
gboolean custody_roster_is_renumbered(struct custody_roster *roster, const char *booking_key,
                                      const char *person_key);

/* A row that could not be read: whoever's number stands in `text` is not taken as gone. */
void custody_roster_spare(struct custody_roster *roster, const char *text);
/* After custody_roster_vanished: the person's number of each one spared. */
void custody_roster_each_spared(const struct custody_roster *roster,
                                void (*each)(const char *person_key, void *context), void *context);

struct custody_vanished {
    gint64 booking_id;
    gint64 tenure_from_us;
    gboolean is_rebooked; /* the person stands on the new list under another booking */
};

/* What has vanished, in the order expected. Transfer full (GArray of struct custody_vanished). */
GArray *custody_roster_vanished(struct custody_roster *roster);

guint custody_roster_n_spared(const struct custody_roster *roster);

/* Calls `each` for every expected booking: since when it is and whether it was seen. */
void custody_roster_each(const struct custody_roster *roster,
                         void (*each)(gint64 tenure_from_us, gboolean is_seen, void *context),
                         void *context);

#endif
