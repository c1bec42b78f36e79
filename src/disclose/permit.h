/* A permit: leave to tell one registrant one thing, and the only custody facts that deliver and web
 * can read.
 *
 * It is opaque; `disclose` alone makes one. What the policy withheld reads as "". */
#ifndef DISCLOSE_PERMIT_H
#define DISCLOSE_PERMIT_H

#include "base/vocabulary.h"

struct permit;

/* What is believed of the person, where the event alone would say too much or too little. */
struct permit_now {
    enum custody_standing standing;
    enum custody_kind kind;    /* of a leaving */
    gboolean is_other_booking; /* they are held, or have left, on another booking than the event's */
    gboolean is_doubtful;      /* part of what nobody can believe at once, and nobody has confirmed */
    gboolean is_unclear;       /* what was said does not decide it */
    const char *facility_name; /* of that booking; "" unknown or withheld */
    gint64 from_us, to_us;     /* of a leaving: between when and when */
};

/* What they were told before and what holds no more. */
struct permit_earlier {
    enum custody_kind kind;
    gboolean was_doubtful;
    gint64 told_at_us;
};

void permit_free(struct permit *permit);

enum custody_kind permit_kind(const struct permit *permit);
enum custody_assertion permit_assertion(const struct permit *permit);
gboolean permit_is_unclear(const struct permit *permit);
gboolean
permit_is_within(const struct permit *permit); /* a move between places of one source: no leaving */
gboolean permit_is_possible(const struct permit *permit);       /* it may be about another person */
gboolean permit_is_another_person(const struct permit *permit); /* what they were told before was */

/* Strings live as long as the permit; "" when unknown or withheld. */
const char *permit_person_name(const struct permit *permit);
const char *permit_facility_name(const struct permit *permit);
const char *permit_facility_phone(const struct permit *permit);
const char *permit_detail(const struct permit *permit);
GTimeZone *permit_zone(const struct permit *permit); /* borrowed */

/* TIME_UNKNOWN when unknown or withheld. */
gint64 permit_occurred_at_us(const struct permit *permit);
gboolean permit_occurred_on_date(const struct permit *permit);
gint64 permit_observed_at_us(const struct permit *permit);

gint64
permit_occurred_to_us(const struct permit *permit); /* the second instant of an hour that came twice */
gboolean
permit_is_found_out(const struct permit *permit); /* by a person here; the jail has said nothing */
gboolean permit_is_from_list(const struct permit *permit); /* observed is when a list was made, */
gboolean permit_list_on_date(const struct permit *permit); /* of which only the day is known */

/* NULL: nothing but what the event says. */
const struct permit_now *permit_now(const struct permit *permit);
const struct permit_earlier *permit_earlier(const struct permit *permit);

#endif
