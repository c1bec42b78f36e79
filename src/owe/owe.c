#include "owe/owe.h"

#include <string.h>

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
                     event->is_doubtful ? "doubtful" : custody_assertion_name(event->assertion),
                     "facility", event->facility_id, "booking", text_json(event->booking_key), "person",
                     text_json(event->person_key), "occurred_at", occurred, "observed_at",
                     time_json(event->observed_at_us), "source", "feed", p->feed->id, "file",
                     text_json(p->file), "row", event->row ? json_integer(event->row) : json_null(),
                     "corrects", event->has_corrects ? json_string(corrects) : json_null(), "detail",
                     event->detail, "late", event->is_late, "unclear", event->is_unclear);
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

gboolean owe_silence(struct owing *p, const struct custody_event *event, gint64 seq, GError **error) {
    g_autoptr(GPtrArray) registrations = store_registrations_on_jail(p->db, p->mapping->jail, error);
    for (guint i = 0; registrations && i < registrations->len; i++) {
        const struct store_registration *row = registrations->pdata[i];
        gboolean told = FALSE, withdrawn;
        if (p->feed->silence_seq &&
            !store_alert_told(p->db, row->id, p->feed->silence_seq, FALSE, &told, &withdrawn, error))
            return FALSE;
        enum match_reason reason = match_registration(event, &row->registration, told, p->now_at_us);
        if (reason != MATCH_NONE && !owe(p, row->id, seq, reason, error))
            return FALSE;
    }
    return registrations != NULL;
}

/* ── News of a person ──────────────────────────────────────────────────────────────────────────── */

struct news {
    struct match_news match;
    const struct owe_change *change;
    gint64 seq;
    struct store_event_place corrected; /* seq 0: it takes nothing back */
    gboolean is_told;                   /* by anybody */
};

/* Whoever was to be told of what this takes back, and was not yet, hears of neither, unless they rely
 * on something older. */
static gboolean tell_one(struct owing *p, struct news *n, const struct store_registration *row,
                         GError **error) {
    gboolean withdrawn = FALSE;
    n->match.told_before = FALSE;
    if (n->corrected.seq && !store_alert_told(p->db, row->id, n->corrected.seq, !n->corrected.corrects,
                                              &n->match.told_before, &withdrawn, error))
        return FALSE;
    g_autoptr(GArray) told = store_told(p->db, row->id, error);
    if (!told)
        return FALSE;
    const struct belief_statement *last =
        told->len ? &g_array_index(told, struct belief_statement, told->len - 1) : NULL;
    if (withdrawn && !belief_is_leaving(n->match.now) && !(last && belief_is_leaving(last)))
        return TRUE;
    const enum match_reason reason =
        match_news(&n->match, &row->registration, (const struct belief_statement *)(gpointer)told->data,
                   told->len, p->now_at_us);
    n->is_told |= reason != MATCH_NONE;
    return reason == MATCH_NONE || owe(p, row->id, n->seq, reason, error);
}

static gboolean tell_person(struct owing *p, const struct owe_change *change, gint64 seq,
                            GError **error) {
    struct belief_statement now;
    struct news n = {.change = change, .seq = seq};
    g_autoptr(GPtrArray) registrations = store_registrations_on_person(p->db, change->person_id, error);
    if (!registrations || !registrations->len)
        return registrations != NULL;
    g_autoptr(GArray) beliefs = store_beliefs(p->db, change->person_id, error);
    if (!beliefs || (change->event->has_corrects &&
                     !store_event_place(p->db, change->event->corrects, &n.corrected, error)))
        return FALSE;
    belief_of_person((const struct belief_booking *)(gpointer)beliefs->data, beliefs->len, &now);
    n.match = (struct match_news){.event = change->event,
                                  .booking = change->booking_id,
                                  .now = &now,
                                  .beliefs = (const struct belief_booking *)(gpointer)beliefs->data,
                                  .n_beliefs = beliefs->len};
    for (guint i = 0; i < registrations->len; i++)
        if (!tell_one(p, &n, registrations->pdata[i], error))
            return FALSE;
    return !n.is_told || store_event_state(p->db, seq, &now, error);
}

gboolean owe_as_known(struct db *db, const struct site *site, const char *registration_id,
                      gint64 person_id, const char *why, gboolean *is_known, GError **error) {
    struct belief_statement now;
    const char *const parts[] = {"as known", registration_id, why, NULL};
    guint8 id[CUSTODY_EVENT_ID_BYTES];
    gint64 seq;
    g_autoptr(GArray) beliefs = store_beliefs(db, person_id, error);
    if (!beliefs)
        return FALSE;
    belief_of_person((const struct belief_booking *)(gpointer)beliefs->data, beliefs->len, &now);
    if (is_known)
        *is_known = now.standing != STANDING_UNKNOWN;
    if (now.standing == STANDING_UNKNOWN)
        return TRUE;
    custody_event_id(id, parts);
    return store_event_as_known(db, belief_is_leaving(&now) ? now.booking : now.holders[0], id,
                                site_now(site), &seq, error) &&
           store_event_state(db, seq, &now, error) &&
           owe_alert(db, site, registration_id, seq, MATCH_ASKED, NULL, error);
}

/* What a person must look at, whoever is followed or not: a page must not tell. One page a file. */
static gboolean page_set_aside(struct owing *p, const struct custody_event *event, GError **error) {
    g_autofree char *page = NULL;
    if (event->is_late && !event->is_taken_back && (KIND_BIT(event->kind) & KINDS_OUT) && !p->n_late++)
        page = g_strdup_printf(
            "The feed %s reports in row %u of %s, and perhaps in others, an ending (\"%s\") of a time "
            "before what is known of that person. We go on taking them as held, and tell whoever asked "
            "of both. If they are out, somebody relies on that: look at the row, and at `tocsin person "
            "show`.",
            p->feed->id, event->row, p->file, custody_kind_name(event->kind));
    else if (event->waits && !p->n_waits++)
        page = g_strdup_printf(
            "The feed %s takes back in row %u of %s, and perhaps in others, what it has not said, or "
            "not yet. Nobody was told. Ask the jail's records staff what was meant, and see `tocsin "
            "person show`.",
            p->feed->id, event->row, p->file);
    return !page || owe_page(p->db, p->site, page, error);
}

/* ── Listing ───────────────────────────────────────────────────────────────────────────────────── */

static void list(struct owing *p, const struct custody_event *event) {
    struct owe_listing *listing = p->listing;
    listing->n++;
    listing->n_of[event->kind]++;
    if (listing->events)
        json_array_append_new(listing->events, event_json(p, event));
    if (listing->ids)
        g_byte_array_append(listing->ids, event->id, sizeof event->id);
}

void owe_listing_cut(struct owe_listing *listing, const struct owe_listing *mark) {
    listing->n = mark->n;
    memcpy(listing->n_of, mark->n_of, sizeof listing->n_of);
    while (listing->events && json_array_size(listing->events) > mark->n)
        json_array_remove(listing->events, json_array_size(listing->events) - 1);
    if (listing->ids)
        g_byte_array_set_size(listing->ids, mark->n * CUSTODY_EVENT_ID_BYTES);
}

/* ── Recording ─────────────────────────────────────────────────────────────────────────────────── */

static gboolean record(struct owing *p, const struct custody_event *event, gint64 booking_id,
                       struct store_event *row, GError **error) {
    *row = (struct store_event){.event = event,
                                .feed = p->feed->id,
                                .source_id = p->source_id,
                                .booking_id = booking_id,
                                .source_key = p->source_key,
                                .recorded_at_us = p->now_at_us};
    if (!store_event_add(p->db, row, error))
        return FALSE;
    if (row->is_new && p->listing)
        list(p, event);
    return TRUE;
}

gboolean owe_feed_event(struct owing *p, const struct custody_event *event, gint64 *seq,
                        GError **error) {
    struct store_event row;
    const gboolean ok = record(p, event, 0, &row, error);
    if (ok && seq)
        *seq = row.seq;
    return ok;
}

/* Of long ago, and of a booking that nobody had heard of. */
static gboolean is_history(const struct owe_change *change) {
    const struct custody_event *e = change->event;
    if (change->before || e->occurred_at_us == TIME_UNKNOWN)
        return FALSE;
    return e->occurred_to_us < e->observed_at_us - (e->kind == CUSTODY_BOOKED
                                                        ? CUSTODY_HISTORY_OF_BOOKINGS_US
                                                        : CUSTODY_HISTORY_OF_ENDINGS_US);
}

/* Told to nobody, it is with a person where somebody follows them. */
static gboolean count_followed(struct owing *p, const struct owe_change *change, GError **error) {
    g_autoptr(GPtrArray) followers = store_registrations_on_person(p->db, change->person_id, error);
    p->n_history_followed += followers && followers->len;
    return followers != NULL;
}

static void count_pace(struct owing *p, const struct custody_event *e, gint64 seq) {
    struct custody_pace *pace = &p->feed->pace;
    const gboolean is_ending = e->said != SAID_BY_US && custody_event_is_ending(e);
    if (!is_ending && e->kind != CUSTODY_BOOKED)
        return;
    pace->n[is_ending ? PACE_ENDINGS : PACE_ARRIVALS]++;
    if (!pace->first_seq)
        pace->first_seq = seq;
}

gboolean owe_record(struct owing *p, const struct owe_change *change, gint64 *seq, GError **error) {
    struct store_event row;
    struct custody_event event = *change->event;
    const gboolean history = is_history(change);
    event.is_late |= history;
    *seq = 0;
    if (!record(p, &event, change->booking_id, &row, error))
        return FALSE;
    if (!row.is_new || p->tells_nobody || (p->is_first && change->booking_id > p->newest_booking_id))
        return TRUE;
    if (history) {
        p->n_history++;
        return count_followed(p, change, error);
    }
    count_pace(p, change->event, row.seq);
    *seq = row.seq;
    return TRUE;
}

gboolean owe_recorded(struct owing *p, const struct owe_change *change, gint64 seq, GError **error) {
    return page_set_aside(p, change->event, error) && tell_person(p, change, seq, error);
}

gboolean owe_news(struct owing *p, const struct owe_change *change, GError **error) {
    gint64 seq;
    return owe_record(p, change, &seq, error) && (!seq || owe_recorded(p, change, seq, error));
}
