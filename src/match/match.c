#include "match/match.h"

#include "base/time.h"

/* Whether the event is nothing to them whatever it says. */
static gboolean is_elsewhere(const struct custody_event *event,
                             const struct watch_registration *registration) {
    return registration->booking_key && event->booking_key &&
           g_strcmp0(registration->booking_key, event->booking_key) != 0;
}

enum match_reason match_registration(const struct custody_event *event,
                                     const struct watch_registration *registration,
                                     gboolean told_before, gint64 now_at_us) {
    const custody_kinds bit = KIND_BIT(event->kind);

    if (!watch_registration_is_active(registration, now_at_us) || event->is_late ||
        is_elsewhere(event, registration))
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

/* Whether the ending says more than what is believed: then it is told beside it. Not of the dead; and
 * that they were moved is more only than that they are gone. */
static gboolean is_more(const struct custody_event *event, const struct belief_statement *now) {
    return !belief_is_leaving(now) ||
           (now->standing != STANDING_DEAD && event->kind != now->kind &&
            event->kind != CUSTODY_LEFT_ROSTER &&
            (event->kind != CUSTODY_TRANSFERRED || now->standing == STANDING_GONE));
}

/* Whether some statement told of this very ending. */
static gboolean was_told(const struct match_news *news, const struct belief_statement *told, guint n) {
    const gint64 from_us = news->event->occurred_at_us;
    const gint64 to_us =
        from_us == TIME_UNKNOWN ? news->event->observed_at_us : news->event->occurred_to_us;
    const struct belief_booking booking = {.id = news->booking};
    const struct belief_report ending = {.kind = news->event->kind, .from_us = from_us, .to_us = to_us};
    return belief_was_told(&booking, &ending, told, n);
}

/* What was taken back is told to nobody; but an id may come twice, and another of its kind stand. */
static gboolean stands_otherwise(const struct match_news *news) {
    for (guint i = 0; i < news->n_beliefs; i++)
        if (news->beliefs[i].id == news->booking && news->beliefs[i].kind == news->event->kind)
            return TRUE;
    return FALSE;
}

enum match_reason match_news(const struct match_news *news, const struct watch_registration *r,
                             const struct belief_statement *told, guint n_told, gint64 now_at_us) {
    static const struct belief_statement nothing = {.kind = CUSTODY_N_KINDS};
    const struct custody_event *event = news->event;
    const struct belief_statement *now = news->now, *last = n_told ? &told[n_told - 1] : &nothing;
    const gboolean asked = (r->kinds & KIND_BIT(event->kind)) != 0;
    const gboolean is_same = belief_is_same(last, now, news->beliefs, news->n_beliefs);

    if (event->is_unclear || event->kind == CUSTODY_STATUS_CHANGED ||
        (event->kind == CUSTODY_TRANSFERRED && event->is_within && is_same && !belief_is_leaving(last)))
        return match_registration(event, r, FALSE, now_at_us);
    if (!watch_registration_is_active(r, now_at_us) || is_elsewhere(event, r))
        return MATCH_NONE;
    if (event->is_taken_back && !stands_otherwise(news))
        return MATCH_NONE;
    if (custody_event_is_ending(event) && asked && !event->is_taken_back && is_more(event, now) &&
        !was_told(news, told, n_told))
        return MATCH_ASKED;
    if (news->told_before)
        return MATCH_CORRECTION;
    if (is_same)
        return MATCH_NONE;
    /* They rely on what holds no longer, whatever they asked for. */
    if (belief_is_leaving(last) || last->is_unclear)
        return MATCH_CORRECTION;
    if (belief_is_leaving(now))
        return r->kinds & KIND_BIT(now->kind) ? MATCH_ASKED : MATCH_NONE;
    return asked ? MATCH_ASKED : MATCH_NONE;
}
