#include "match/match.h"

enum match_reason match_registration(const struct custody_event *event,
                                     const struct watch_registration *registration,
                                     gboolean told_before, gint64 now_at_us) {
    const custody_kinds bit = KIND_BIT(event->kind);

    if (!watch_registration_is_active(registration, now_at_us) || event->is_late)
        return MATCH_NONE;
    if (registration->booking_key && event->booking_key &&
        g_strcmp0(registration->booking_key, event->booking_key) != 0)
        return MATCH_NONE;
    if (told_before)
        return MATCH_CORRECTION;
    if (bit & KIND_BIT(CUSTODY_FEED_RESTORED)) /* news only to whom the silence was told */
        return MATCH_NONE;
    if (bit & KINDS_FEED)
        return registration->kinds & bit ? MATCH_FEED : MATCH_NONE;
    if (event->is_unclear)
        return registration->kinds & (KINDS_OUT | KIND_BIT(CUSTODY_STATUS_CHANGED)) ? MATCH_UNCLEAR
                                                                                    : MATCH_NONE;
    return registration->kinds & bit ? MATCH_ASKED : MATCH_NONE;
}
