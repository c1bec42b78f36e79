/* Who asked to be told what about whom, until when.
 *
 * A registration holds no contact: where its notices go is sealed and stands apart (store/watch.h),
 * with a keyed hash for limits only. Nothing about anyone is sent before the contact was confirmed by a
 * code. The PIN confirms an alert; it never logs anyone in. */
#ifndef WATCH_REGISTRATION_H
#define WATCH_REGISTRATION_H

#include "base/vocabulary.h"
#include "watch/request.h"

#define WATCH_MAX_PEOPLE_PER_CONTACT 3
#define WATCH_CODE_DIGITS 6
#define WATCH_CODE_TRIES 5
#define WATCH_TERM_DAYS 730 /* a registration's length when it does not say */

struct watch_registration {
    const char *id; /* random, 16 characters */
    const char *person_scope, *person_key;
    const char *booking_jail, *booking_key; /* NULL: bound to the person, follows across bookings */
    enum watch_relation relation;
    custody_kinds kinds;
    enum language language;
    gint64 confirmed_at_us; /* TIME_UNKNOWN: not yet */
    gint64 expires_at_us;
    gint64 ended_at_us; /* TIME_UNKNOWN: in force */
    gboolean is_role_verified;
};

/* Checks a request and fills what it says; the message names the field and the remedy. */
gboolean watch_request_check(const struct watch_request *request, gint64 now_at_us,
                             struct watch_registration *registration, GError **error);

/* "2027-12-31", "180d"; NULL: the usual length from now on. */
gboolean watch_expiry_parse(const char *text, gint64 now_at_us, gint64 *expires_at_us, GError **error);

/* Confirmed, not over and not ended, at that time. */
gboolean watch_registration_is_active(const struct watch_registration *registration, gint64 now_at_us);

#endif
