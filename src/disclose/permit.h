/* A permit: leave to tell one registrant one thing, and the only custody facts that deliver and web
 * can read.
 *
 * It is opaque; `disclose` alone makes one. What the policy withheld reads as "". */
#ifndef DISCLOSE_PERMIT_H
#define DISCLOSE_PERMIT_H

#include "base/vocabulary.h"

struct permit;

void permit_free(struct permit *permit);

enum custody_kind permit_kind(const struct permit *permit);
enum custody_assertion permit_assertion(const struct permit *permit);
gboolean permit_is_unclear(const struct permit *permit);
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

#endif
