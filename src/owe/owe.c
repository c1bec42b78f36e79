#include "owe/owe.h"
#include "store/watch.h"

static json_t *time_json(gint64 at_us) {
    g_autofree char *text = base_time_format(at_us);
    return text ? json_string(text) : json_null();
}

static json_t *text_json(const char *text) {
    return text ? json_string(text) : json_null();
}

/* One event as docs/api.md describes it. */
static json_t *event_json(const struct owing *p, const struct custody_event *event) {
    char id[33], corrects[33];
    custody_event_id_format(event->id, id);
    custody_event_id_format(event->corrects, corrects);
    json_t *occurred = time_json(event->occurred_at_us);
    if (event->occurred_at_us != TIME_UNKNOWN && event->occurred_on_date) {
        json_decref(occurred);
        g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(event->occurred_at_us / SECOND_US);
        g_autoptr(GDateTime) local = g_date_time_to_timezone(
            utc, feed_mapping_facility_by_id(p->mapping, event->facility_id)->zone);
        g_autofree char *day = g_date_time_format(local, "%Y-%m-%d");
        occurred = json_string(day);
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:{s:s, s:o, s:o}, s:o, s:s, s:b, s:b}",
                     "event_id", id, "kind", custody_kind_name(event->kind), "assertion",
                     custody_assertion_name(event->assertion), "facility", event->facility_id,
                     "booking", text_json(event->booking_key), "person", text_json(event->person_key),
                     "occurred_at", occurred, "observed_at", time_json(event->observed_at_us), "source",
                     "feed", p->feed->id, "file", text_json(p->file), "row",
                     event->row ? json_integer(event->row) : json_null(), "corrects",
                     event->has_corrects ? json_string(corrects) : json_null(), "detail", event->detail,
                     "late", event->is_late, "unclear", event->is_unclear);
}

gboolean owe_message(struct db *db, const struct site *site, enum store_alert_purpose purpose,
                     const char *registration_id, const char *note, GError **error) {
    g_autofree char *id = base_random_token(site_random(site), 10);
    const struct store_alert alert = {.id = id,
                                      .purpose = purpose,
                                      .registration_id = (char *)(gsize)registration_id,
                                      .note = (char *)(gsize)note,
                                      .created_at_us = site_now(site)};
    return store_alert_add(db, &alert, NULL, error);
}

gboolean owe_page(struct db *db, const struct site *site, const char *words, GError **error) {
    return owe_message(db, site, PURPOSE_PAGE, NULL, words, error);
}

gboolean owe_alert(struct db *db, const struct site *site, const char *registration_id,
                   gint64 event_seq, enum match_reason reason, gboolean *is_new, GError **error) {
    g_autofree char *id = base_random_token(site_random(site), 10);
    gboolean is_owed_now;
    const struct store_alert alert = {.id = id,
                                      .purpose = PURPOSE_ALERT,
                                      .registration_id = (char *)(gsize)registration_id,
                                      .event_seq = event_seq,
                                      .reason = (int)reason,
                                      .created_at_us = site_now(site)};
    if (!store_alert_add(db, &alert, &is_owed_now, error))
        return FALSE;
    if (is_new)
        *is_new = is_owed_now;
    /* Older news of theirs that waits for another try goes first, and now. */
    return !is_owed_now || store_alerts_hurry(db, registration_id, site_now(site), error);
}

gboolean owe_mistake(struct db *db, const struct site *site, gint64 event_seq, gint64 *seq,
                     GError **error) {
    g_autofree char *number = g_strdup_printf("%" G_GINT64_FORMAT, event_seq);
    const char *const parts[] = {"another person", number, NULL};
    guint8 id[CUSTODY_EVENT_ID_BYTES];
    custody_event_id(id, parts);
    return store_event_repeat(db, event_seq, id, CUSTODY_CORRECTED, "another person", site_now(site),
                              seq, error);
}

static gboolean owe(struct owing *p, const char *registration_id, gint64 event_seq,
                    enum match_reason reason, GError **error) {
    gboolean is_new;
    if (!owe_alert(p->db, p->site, registration_id, event_seq, reason, &is_new, error))
        return FALSE;
    p->n_alerts += is_new;
    return TRUE;
}

/* What an event takes back or ends. */
struct earlier {
    gint64 seq;            /* 0: nothing */
    gboolean may_withdraw; /* an alert of it that has not left may stay unsent, and this one too */
};

/* Matches each registration. Whoever was told of the earlier event is told of this one; who was not
 * told of it yet, and will not be, hears of neither. */
static gboolean tell(struct owing *p, GPtrArray *registrations, const struct custody_event *event,
                     gint64 seq, struct earlier earlier, GError **error) {
    for (guint i = 0; i < registrations->len; i++) {
        const struct store_registration *row = registrations->pdata[i];
        gboolean told = FALSE, withdrawn = FALSE;
        if (earlier.seq && !store_alert_told(p->db, row->id, earlier.seq, earlier.may_withdraw, &told,
                                             &withdrawn, error))
            return FALSE;
        enum match_reason reason = match_registration(event, &row->registration, told, p->now_at_us);
        if (reason != MATCH_NONE && !withdrawn && !owe(p, row->id, seq, reason, error))
            return FALSE;
    }
    return TRUE;
}

gboolean owe_silence(struct owing *p, const struct custody_event *event, gint64 seq, GError **error) {
    g_autoptr(GPtrArray) registrations = store_registrations_on_jail(p->db, p->mapping->jail, error);
    const struct earlier silence = {.seq = p->feed->silence_seq};
    return registrations && tell(p, registrations, event, seq, silence, error);
}

/* An ending that counts as older than what is known is told to nobody, and may be the one that counts:
 * a person looks. Whoever is followed or not: a page must not tell. One page a file. */
static gboolean page_late(struct owing *p, const struct custody_event *event, GError **error) {
    if (!event->is_late || !(KIND_BIT(event->kind) & KINDS_OUT) || p->n_late++)
        return TRUE;
    g_autofree char *page = g_strdup_printf(
        "The feed %s reports in row %u of %s, and perhaps in others, an ending (\"%s\") of a time "
        "before "
        "what is known of that person. Nobody was told. If they are out, somebody may be waiting to "
        "hear of it: look at the row, and at `tocsin person show`.",
        p->feed->id, event->row, p->file, custody_kind_name(event->kind));
    return owe_page(p->db, p->site, page, error);
}

static gboolean tell_person(struct owing *p, const struct custody_event *event, gint64 seq,
                            gint64 person_id, GError **error) {
    struct store_event_place place = {.seq = 0};
    const guint8 *earlier_id = event->has_corrects  ? event->corrects
                               : event->has_follows ? event->follows
                                                    : NULL;
    if (earlier_id && !store_event_place(p->db, earlier_id, &place, error))
        return FALSE;
    const struct earlier earlier = {.seq = place.seq,
                                    .may_withdraw = event->has_corrects && !place.corrects};
    g_autoptr(GPtrArray) registrations = store_registrations_on_person(p->db, person_id, error);
    return registrations && page_late(p, event, error) &&
           tell(p, registrations, event, seq, earlier, error);
}

gboolean owe_event(struct owing *p, const struct custody_event *event, gint64 booking_id,
                   gint64 person_id, gint64 *seq, GError **error) {
    struct store_event row = {.event = event,
                              .feed = p->feed->id,
                              .source_id = p->source_id,
                              .booking_id = booking_id,
                              .source_key = p->source_key,
                              .recorded_at_us = p->now_at_us};
    if (!store_event_add(p->db, &row, error))
        return FALSE;
    if (seq)
        *seq = row.seq;
    if (!row.is_new)
        return TRUE;
    if (p->events)
        json_array_append_new(p->events, event_json(p, event));
    if (p->tells_nobody || !person_id)
        return TRUE;
    return tell_person(p, event, row.seq, person_id, error);
}

gboolean owe_is_known(const struct owing *p, const struct custody_event *event, gboolean *is_known,
                      GError **error) {
    gint64 seq = 0;
    const gboolean ok = store_event_seq(p->db, event->id, &seq, error);
    *is_known = seq != 0;
    return ok;
}
