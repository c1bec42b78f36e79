#include "watch/registration.h"

#include <string.h>

#include "base/error.h"
#include "base/time.h"

static gboolean wrong(GError **error, const char *message) {
    g_set_error_literal(error, BASE_ERROR, BASE_ERROR_INPUT, message);
    return FALSE;
}

gboolean watch_expiry_parse(const char *text, gint64 now_at_us, gint64 *expires_at_us, GError **error) {
    gint64 length_us;
    if (!text)
        *expires_at_us = now_at_us + WATCH_TERM_DAYS * DAY_US;
    else if (base_duration_parse(text, &length_us))
        *expires_at_us = now_at_us + length_us;
    else if (!base_time_parse(text, expires_at_us))
        return wrong(error, "`expires` is a date (2027-12-31) or a length of time (180d)");
    if (*expires_at_us <= now_at_us)
        return wrong(error, "`expires` has passed already");
    return TRUE;
}

static gboolean check_pin(const char *pin, GError **error) {
    gsize n = pin ? strlen(pin) : 0;
    if (n < 4 || n > 8 || strspn(pin, "0123456789") != n)
        return wrong(error, "`pin` is 4 to 8 digits; it is asked for when an alert is confirmed");
    return TRUE;
}

gboolean watch_request_check(const struct watch_request *request, gint64 now_at_us,
                             struct watch_registration *registration, GError **error) {
    *registration = (struct watch_registration){.person_scope = request->person_scope,
                                                .person_key = request->person_key,
                                                .booking_jail = request->booking_jail,
                                                .booking_key = request->booking_key,
                                                .relation = RELATION_OTHER,
                                                .kinds = KINDS_DEFAULT,
                                                .language = LANGUAGE_EN,
                                                .confirmed_at_us = TIME_UNKNOWN,
                                                .ended_at_us = TIME_UNKNOWN,
                                                .is_role_verified = request->role_verified != NULL};
    if (!request->person_key || !*request->person_key)
        return wrong(error, "say who it is about: a person or a booking");
    if (request->relation && !watch_relation_parse(request->relation, &registration->relation))
        return wrong(error, "`relation` is survivor, family, friend, counsel, witness or other");
    if (request->kinds && !custody_kinds_parse(request->kinds, &registration->kinds, error))
        return FALSE;
    if (request->language && !language_parse(request->language, &registration->language))
        return wrong(error, "`language` is en or es");
    return check_pin(request->pin, error) &&
           watch_expiry_parse(request->expires, now_at_us, &registration->expires_at_us, error);
}

gboolean watch_registration_is_active(const struct watch_registration *registration, gint64 now_at_us) {
    return registration->confirmed_at_us != TIME_UNKNOWN &&
           (registration->ended_at_us == TIME_UNKNOWN || registration->ended_at_us > now_at_us) &&
           registration->expires_at_us > now_at_us;
}
