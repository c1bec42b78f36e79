#include "custody/booking.h"

#include <string.h>

#include "base/random.h"
#include "base/text.h"
#include "base/time.h"

/* How long somebody on a first list without dates of admission has been in, for want of better. */
#define UNKNOWN_TENURE_US (45 * DAY_US)

#define KINDS_SAID                                                                                     \
    (KIND_BIT(CUSTODY_BOOKED) | KIND_BIT(CUSTODY_RELEASED) | KIND_BIT(CUSTODY_TRANSFERRED) |           \
     KIND_BIT(CUSTODY_ESCAPED) | KIND_BIT(CUSTODY_RECAPTURED) | KIND_BIT(CUSTODY_DIED) |               \
     KIND_BIT(CUSTODY_TEMPORARY_ABSENCE) | KIND_BIT(CUSTODY_RETURNED) | KIND_BIT(CUSTODY_CORRECTED))

/* ── What was said ─────────────────────────────────────────────────────────────────────────────── */

struct mark { /* of the report at the same place */
    guint8 event_id[CUSTODY_EVENT_ID_BYTES];
    gboolean is_row;
};

struct custody_history {
    GArray *reports; /* struct belief_report */
    GArray *marks;   /* struct mark */
    GArray *undone;  /* struct mark: of what is no report any more */
};

struct custody_history *custody_history_new(void) {
    struct custody_history *h = g_new(struct custody_history, 1);
    h->reports = g_array_new(FALSE, FALSE, sizeof(struct belief_report));
    h->marks = g_array_new(FALSE, FALSE, sizeof(struct mark));
    h->undone = g_array_new(FALSE, FALSE, sizeof(struct mark));
    return h;
}

void custody_history_free(struct custody_history *h) {
    if (!h)
        return;
    g_array_unref(h->reports);
    g_array_unref(h->marks);
    g_array_unref(h->undone);
    g_free(h);
}

static struct belief_report *report_at(const struct custody_history *h, guint i) {
    return &g_array_index(h->reports, struct belief_report, i);
}

static const struct mark *mark_at(const struct custody_history *h, guint i) {
    return &g_array_index(h->marks, struct mark, i);
}

/* A row says one thing at a time: what it said before it says no more. */
static void replace_row(struct custody_history *h, guint source) {
    for (guint i = h->reports->len; i > 0; i--)
        if (mark_at(h, i - 1)->is_row && report_at(h, i - 1)->source == source) {
            g_array_remove_index(h->reports, i - 1);
            g_array_remove_index(h->marks, i - 1);
        }
}

static guint64 hash_of(const char *text) {
    const guint64 hash = text ? base_hash64(text, strlen(text), 0) : 0;
    return text && !hash ? 1 : hash;
}

void custody_history_add(struct custody_history *h, const struct custody_event *e, const char *feed,
                         const char *event_id) {
    const guint source = (guint)hash_of(feed);
    struct mark mark = {.is_row = e->said == SAID_IN_ROW};
    memcpy(mark.event_id, e->id, sizeof mark.event_id);
    if (e->said == SAID_UNDONE)
        g_array_append_val(h->undone, mark);
    if (e->said != SAID_AS_EVENT && e->said != SAID_IN_ROW)
        return;
    if (mark.is_row)
        replace_row(h, source);
    if (!(KIND_BIT(e->kind) & KINDS_SAID) || e->is_unclear)
        return;
    const struct belief_report report = {.source = source,
                                         .id = hash_of(event_id),
                                         .names = hash_of(e->names),
                                         .from_us = e->occurred_at_us,
                                         .to_us = e->occurred_to_us,
                                         .observed_at_us = e->observed_at_us,
                                         .kind = e->kind,
                                         .is_within = e->is_within,
                                         .is_doubtful = e->is_doubtful};
    g_array_append_val(h->reports, report);
    g_array_append_val(h->marks, mark);
}

static gint find_event(const struct custody_history *h, const guint8 id[CUSTODY_EVENT_ID_BYTES]) {
    for (guint i = 0; i < h->marks->len; i++)
        if (memcmp(mark_at(h, i)->event_id, id, CUSTODY_EVENT_ID_BYTES) == 0)
            return (gint)i;
    return -1;
}

const char *custody_fate_name(enum custody_fate fate) {
    static const char *const names[CUSTODY_FATE_N] = {"none",       "taken", "believed",     "beside",
                                                      "taken_back", "over",  "contradicted", "waits",
                                                      "replaced",   "undone"};
    return names[fate];
}

const char *custody_fate_words(enum custody_fate fate) {
    static const char *const words[CUSTODY_FATE_N] = {
        [CUSTODY_FATE_NONE] = "",
        [CUSTODY_FATE_TAKEN] = "",
        [CUSTODY_FATE_BELIEVED] = "is believed",
        [CUSTODY_FATE_BESIDE] = "stands beside it",
        [CUSTODY_FATE_TAKEN_BACK] = "was taken back",
        [CUSTODY_FATE_OVER] = "is over: held again later",
        [CUSTODY_FATE_CONTRADICTED] = "set aside: lists still show them",
        [CUSTODY_FATE_WAITS] = "waits: takes back nothing known",
        [CUSTODY_FATE_REPLACED] = "the row says otherwise since",
        [CUSTODY_FATE_UNDONE] = "was undone here"};
    return words[fate];
}

/* Of a correction with a name: what it names has not come, or not under this booking. */
static gboolean names_nothing(const struct custody_history *h, const struct belief_report *report) {
    if (report->kind != CUSTODY_CORRECTED || !report->names)
        return FALSE;
    for (guint i = 0; i < h->reports->len; i++)
        if (report_at(h, i)->source == report->source && report_at(h, i)->id == report->names)
            return FALSE;
    return TRUE;
}

static enum custody_fate fate_of(const struct custody_history *h, const struct belief_report *report) {
    static const enum custody_fate fates[] = {
        [FATE_NONE] = CUSTODY_FATE_TAKEN,    [FATE_CARRIES] = CUSTODY_FATE_BELIEVED,
        [FATE_STANDS] = CUSTODY_FATE_BESIDE, [FATE_TAKEN_BACK] = CUSTODY_FATE_TAKEN_BACK,
        [FATE_OVER] = CUSTODY_FATE_OVER,     [FATE_CONTRADICTED] = CUSTODY_FATE_CONTRADICTED};
    return report->is_removed                          ? CUSTODY_FATE_TAKEN_BACK
           : report->waits || names_nothing(h, report) ? CUSTODY_FATE_WAITS
                                                       : fates[report->fate];
}

enum custody_fate custody_history_fate(const struct custody_history *h,
                                       const guint8 event_id[CUSTODY_EVENT_ID_BYTES],
                                       enum custody_said said) {
    const gint place = find_event(h, event_id);
    if (place >= 0)
        return fate_of(h, report_at(h, (guint)place));
    for (guint i = 0; i < h->undone->len; i++)
        if (memcmp(g_array_index(h->undone, struct mark, i).event_id, event_id,
                   CUSTODY_EVENT_ID_BYTES) == 0)
            return CUSTODY_FATE_UNDONE;
    return said == SAID_IN_ROW ? CUSTODY_FATE_REPLACED : CUSTODY_FATE_NONE;
}

/* ── Its lists ─────────────────────────────────────────────────────────────────────────────────── */

static gboolean is_shown(const struct custody_booking *b) {
    return b->listing == LISTING_NOW && !b->row_says_out && b->off_at_us == TIME_UNKNOWN;
}

/* A new list of its roster. `next` is still as the list before left it. */
static void note_list(const struct custody_source *source, struct custody_booking *next,
                      gboolean shows) {
    const gboolean was_shown = is_shown(next);
    const gint64 before_us = source->list_before_at_us;
    if (was_shown && !shows) {
        next->listed_at_us = before_us != TIME_UNKNOWN ? before_us : next->tenure_from_us;
        next->off_at_us = source->observed_at_us;
        next->is_off_doubtful = FALSE;
    } else if (!was_shown && shows) {
        if (next->row_says_out || (next->off_at_us != TIME_UNKNOWN &&
                                   (!next->is_off_doubtful || next->listing == LISTING_GONE)))
            next->was_off_at_us = MAX(next->off_at_us, before_us);
        next->listed_at_us = next->off_at_us = TIME_UNKNOWN;
        next->is_off_doubtful = FALSE;
    }
    next->newest_list_at_us = source->observed_at_us;
    next->list_interval_us = source->mapping->interval_us;
}

/* ── What is believed ──────────────────────────────────────────────────────────────────────────── */

static void believe(struct custody_booking *b, const struct custody_history *h) {
    const struct belief_source roster = {.interval_us = b->list_interval_us};
    struct belief_list lists[4];
    guint n = 0;
    if (b->was_off_at_us != TIME_UNKNOWN)
        lists[n++] = (struct belief_list){.made_at_us = b->was_off_at_us};
    if (is_shown(b)) {
        lists[n++] = (struct belief_list){.made_at_us = b->newest_list_at_us, .shows = TRUE};
    } else if (b->off_at_us != TIME_UNKNOWN) {
        lists[n++] = (struct belief_list){.made_at_us = b->listed_at_us, .shows = TRUE};
        lists[n++] =
            (struct belief_list){.made_at_us = b->off_at_us, .is_doubtful = b->is_off_doubtful};
        if ((b->listing == LISTING_GONE || b->row_says_out) && b->newest_list_at_us > b->off_at_us)
            lists[n++] = (struct belief_list){.made_at_us = b->newest_list_at_us};
    }
    b->belief.id = b->id;
    belief_of_booking(&roster, 1, (struct belief_report *)(gpointer)h->reports->data, h->reports->len,
                      lists, n, &b->belief);
    b->belief.reports = NULL; /* the history's: it may go before the booking */
    b->belief.n_reports = 0;
}

static gboolean is_out(const struct custody_booking *b) {
    return b->belief.standing >= STANDING_GONE;
}

static gboolean is_in(const struct custody_booking *b) {
    return b->belief.standing == STANDING_HELD || b->belief.standing == STANDING_AWAY;
}

/* ── Events ────────────────────────────────────────────────────────────────────────────────────── */

static struct custody_event event_about(const struct custody_source *source,
                                        const struct custody_booking *booking, enum custody_kind kind,
                                        enum custody_assertion assertion) {
    return (struct custody_event){.kind = kind,
                                  .assertion = assertion,
                                  .booking_key = booking->key,
                                  .person_key = booking->person_key,
                                  .facility_id = booking->facility_id,
                                  .occurred_at_us = TIME_UNKNOWN,
                                  .occurred_to_us = TIME_UNKNOWN,
                                  .observed_at_us = source->observed_at_us};
}

/* Rule 3: the id is made of what the source said, never of when we read it: the source's own id for
 * the event, or the booking, the kind, the time and, for a roster, the file. `again`: how often the
 * same was said and taken back before. */
static void identify(const struct custody_source *source, struct custody_event *event,
                     const char *source_event_id, guint again) {
    const gboolean by_file = source->content && !event->is_unclear;
    const gboolean has_time = event->occurred_at_us != TIME_UNKNOWN && !source->content;
    g_autofree char *when =
        event->is_unclear && source->content
            ? g_strdup("") /* a code that stays is told once */
            : base_time_format(has_time ? event->occurred_at_us : event->observed_at_us);
    char count[16] = "";
    if (again)
        g_snprintf(count, sizeof count, "%u", again);
    const char *const by_id[] = {
        source->feed, "id", source_event_id, event->booking_key, custody_kind_name(event->kind), NULL};
    const char *const by_content[] = {
        source->mapping->jail, custody_kind_name(event->kind), event->booking_key,   when,
        event->detail,         by_file ? source->content : "", again ? count : NULL, NULL};
    custody_event_id(event->id, source_event_id ? by_id : by_content);
}

/* Makes `event` what was told of the booking last. */
static void remember(struct custody_booking *booking, const guint8 id[CUSTODY_EVENT_ID_BYTES],
                     enum custody_kind kind) {
    booking->has_event = TRUE;
    booking->last_kind = kind;
    memcpy(booking->last_event_id, id, CUSTODY_EVENT_ID_BYTES);
}

static void take_back(struct custody_event *event, const struct custody_booking *prior) {
    event->has_corrects = prior->has_event;
    memcpy(event->corrects, prior->last_event_id, sizeof event->corrects);
}

/* The booking after a record, before what happened is taken into account. What the source does not
 * tell stays: an event feed without a `sealed` column does not unseal anybody. */
static void carry_over(const struct custody_source *source, const struct custody_booking *prior,
                       const struct feed_record *record, struct custody_booking *next) {
    *next = prior ? *prior
                  : (struct custody_booking){.admitted_at_us = TIME_UNKNOWN,
                                             .tenure_from_us = TIME_UNKNOWN,
                                             .listed_at_us = TIME_UNKNOWN,
                                             .off_at_us = TIME_UNKNOWN,
                                             .was_off_at_us = TIME_UNKNOWN,
                                             .newest_list_at_us = TIME_UNKNOWN,
                                             .status = ""};
    next->key = record->booking_key;
    next->person_key = record->person_key;
    if (!prior || record->has_facility)
        next->facility_id = record->facility->id;
    next->flags = (next->flags & ~record->known_flags) | record->flags;
    if (record->admitted_at_us != TIME_UNKNOWN)
        next->admitted_at_us = next->tenure_from_us = record->admitted_at_us;
    else if (next->tenure_from_us == TIME_UNKNOWN)
        next->tenure_from_us = source->observed_at_us - (source->is_baseline ? UNKNOWN_TENURE_US : 0);
    if (*record->status)
        next->status = record->status;
}

/* In the mapping's words; where it has none, only that it changed. */
static void say_status(struct custody_event *event, const char *status) {
    if (strcmp(status, FEED_ANOTHER_STATUS) != 0)
        text_copy(event->detail, sizeof event->detail, status);
}

/* ── A source's event ──────────────────────────────────────────────────────────────────────────── */

static struct custody_event event_of(const struct custody_source *source,
                                     const struct custody_booking *prior,
                                     const struct custody_booking *next,
                                     const struct feed_record *record) {
    struct custody_event event = event_about(source, next, record->action, ASSERTION_REPORTED);
    event.is_unclear = record->is_unclear;
    event.said = record->is_unclear || !(KIND_BIT(record->action) & KINDS_SAID) ? SAID_BY_US
                 : source->content                                              ? SAID_IN_ROW
                                                                                : SAID_AS_EVENT;
    event.occurred_at_us = record->occurred_at_us;
    event.occurred_to_us = record->occurred_to_us;
    event.occurred_on_date = record->occurred_on_date;
    event.row = record->row;
    if (record->action == CUSTODY_BOOKED && event.occurred_at_us == TIME_UNKNOWN)
        event.occurred_at_us = event.occurred_to_us = record->admitted_at_us;
    if (record->action == CUSTODY_STATUS_CHANGED)
        say_status(&event, record->status);
    if (record->action == CUSTODY_CORRECTED) {
        event.assertion = ASSERTION_CORRECTED;
        event.names = record->corrects_event_id;
    }
    /* To a place of this source they were moved within it, whatever was known before; else away. */
    event.is_within = record->action == CUSTODY_TRANSFERRED && !source->content &&
                      record->has_facility && source->mapping->facilities->len > 1;
    if (event.is_within && prior && g_strcmp0(prior->facility_id, next->facility_id) != 0)
        text_copy(event.detail, sizeof event.detail,
                  feed_mapping_facility_by_id(source->mapping, prior->facility_id)->name);
    return event;
}

static gboolean is_undone(const struct custody_history *h, const guint8 id[CUSTODY_EVENT_ID_BYTES]) {
    for (guint i = 0; i < h->undone->len; i++)
        if (memcmp(g_array_index(h->undone, struct mark, i).event_id, id, CUSTODY_EVENT_ID_BYTES) == 0)
            return TRUE;
    return FALSE;
}

/* Whether the event says no more than that report did: the same source id with the same time, or
 * without an id the same, that was neither taken back since nor, where its time is not exact,
 * overtaken. */
static gboolean is_said_again(const struct custody_history *h, const struct belief_report *r,
                              const struct custody_event *event, gboolean has_id) {
    const gboolean was_possible = r->from_us == event->occurred_at_us;
    const gboolean is_exact =
        event->occurred_at_us != TIME_UNKNOWN && !event->occurred_on_date && was_possible;
    if (r->is_within != event->is_within)
        return FALSE;
    if (event->observed_at_us <= r->observed_at_us)
        return TRUE;
    if (has_id && r->kind == CUSTODY_CORRECTED)
        return r->names == hash_of(event->names);
    if (has_id)
        return event->occurred_at_us == TIME_UNKNOWN || r->from_us == event->occurred_at_us;
    if (r->is_removed || (!was_possible && event->occurred_at_us <= event->observed_at_us))
        return FALSE;
    for (guint i = 0; !is_exact && i < h->reports->len; i++)
        if ((KIND_BIT(report_at(h, i)->kind) & KINDS_HELD) &&
            report_at(h, i)->kind != CUSTODY_CORRECTED && !report_at(h, i)->is_removed &&
            report_at(h, i)->observed_at_us > r->observed_at_us && report_at(h, i) != r)
            return FALSE;
    return TRUE;
}

/* Of corrections with one id: each takes back what it names. */
static const struct belief_report *same_correction(const struct custody_source *source,
                                                   const struct custody_history *h,
                                                   const struct custody_event *event,
                                                   const char *event_id) {
    for (guint i = 0; event_id && event->kind == CUSTODY_CORRECTED && i < h->reports->len; i++) {
        const struct belief_report *r = report_at(h, i);
        if (r->kind == CUSTODY_CORRECTED && r->source == (guint)hash_of(source->feed) &&
            r->id == hash_of(event_id) && r->names == hash_of(event->names))
            return r;
    }
    return NULL;
}

/* Gives the event its id. FALSE: it was said before, and stands or was taken back by its name. What was
 * taken back and is said again, without an id of the source's own, is said anew. */
static gboolean identify_new(const struct custody_source *source, const struct custody_history *h,
                             struct custody_event *event, const char *event_id) {
    if (same_correction(source, h, event, event_id))
        return FALSE;
    for (guint again = 0;; again++) {
        identify(source, event, event_id, again);
        if (is_undone(h, event->id)) {
            identify(source, event, NULL, 1000 + again); /* the source's own id has been used up */
            if (is_undone(h, event->id) || find_event(h, event->id) >= 0)
                continue;
            return TRUE;
        }
        const gint at = find_event(h, event->id);
        if (at < 0)
            return TRUE;
        const struct belief_report *r = report_at(h, (guint)at);
        const gboolean takes_back_another =
            event_id && r->kind == CUSTODY_CORRECTED && event->kind == CUSTODY_CORRECTED;
        if (!takes_back_another && is_said_again(h, r, event, event_id != NULL))
            return FALSE;
        event_id = NULL; /* it has been used up */
    }
}

/* What the correction, the newest report, takes back: what was carried, if that is among it. */
static void find_corrected(const struct custody_history *h, const GArray *before,
                           struct custody_event *event) {
    const struct belief_report *last = report_at(h, h->reports->len - 1);
    enum custody_kind kind = CUSTODY_N_KINDS;
    event->waits = last->names ? !last->is_removed : last->waits;
    for (guint i = 0; i < before->len; i++) {
        const struct belief_report *was = &g_array_index(before, struct belief_report, i);
        if (was->is_removed || !report_at(h, i)->is_removed)
            continue;
        event->waits = FALSE;
        /* Of those alike the first: of the others nobody was told. */
        if (!event->has_corrects || (was->fate == FATE_CARRIES && was->kind != kind)) {
            memcpy(event->corrects, mark_at(h, i)->event_id, sizeof event->corrects);
            kind = was->kind;
        }
        event->has_corrects = TRUE;
    }
}

/* Rule 4: an ending that is set aside, or anything before what began after it. `r`: the event's report;
 * NULL: it is none. */
static gboolean is_late(const struct custody_history *h, const struct custody_event *event,
                        const struct belief_report *r) {
    if (r && r->fate != FATE_NONE)
        return r->fate != FATE_CARRIES && r->fate != FATE_STANDS;
    if (r ? r->is_removed : event->occurred_at_us == TIME_UNKNOWN)
        return r != NULL;
    const gint64 to_us = r ? r->to_us : event->occurred_to_us;
    for (guint i = 0; event->kind != CUSTODY_CORRECTED && i < h->reports->len; i++)
        if (!report_at(h, i)->is_removed && (!r || report_at(h, i)->kind != CUSTODY_CORRECTED) &&
            report_at(h, i)->from_us > to_us)
            return TRUE;
    return FALSE;
}

/* What carries the belief is what was told last. FALSE: nothing does. */
static gboolean remember_carrier(const struct custody_history *h, struct custody_booking *next) {
    for (guint i = 0; i < h->reports->len; i++)
        if (report_at(h, i)->fate == FATE_CARRIES) {
            remember(next, mark_at(h, i)->event_id, report_at(h, i)->kind);
            return TRUE;
        }
    return FALSE;
}

/* Where nothing carries it, the newest. */
static void remember_newest(const struct custody_history *h, const struct custody_booking *prior,
                            const struct custody_event *event, struct custody_booking *next) {
    if (!remember_carrier(h, next) && event->kind != CUSTODY_STATUS_CHANGED &&
        (!event->is_late || !prior || prior->belief.standing != next->belief.standing))
        remember(next, event->id, event->kind);
}

/* What the row said on the list before; NULL: only that they are in. */
static const struct belief_report *row_before(const struct custody_source *source,
                                              const struct custody_history *h) {
    const guint feed = (guint)hash_of(source->feed);
    for (guint i = 0; i < h->reports->len; i++)
        if (mark_at(h, i)->is_row && report_at(h, i)->source == feed)
            return report_at(h, i);
    return NULL;
}

static gboolean is_row_repeated(const struct custody_source *source, const struct custody_history *h,
                                const struct feed_record *record) {
    const struct belief_report *before = row_before(source, h);
    return before && before->kind == record->action &&
           (before->from_us == record->occurred_at_us || record->occurred_at_us == TIME_UNKNOWN);
}

gboolean custody_booking_reported(const struct custody_source *source,
                                  const struct custody_booking *prior, struct custody_history *h,
                                  const struct feed_record *record, struct custody_booking *next,
                                  struct custody_event *event) {
    carry_over(source, prior, record, next);
    *event = event_of(source, prior, next, record);
    believe(next, h); /* for the fates before */
    if ((event->said == SAID_IN_ROW && is_row_repeated(source, h, record)) ||
        !identify_new(source, h, event, record->event_id)) {
        const guint flags = next->flags;
        if (prior)
            *next = *prior;
        next->flags = flags; /* sealing is never said twice */
        return FALSE;
    }
    g_autoptr(GArray) fates =
        event->kind == CUSTODY_CORRECTED ? g_array_copy(h->reports) : NULL; /* before it */
    custody_history_add(h, event, source->feed, record->event_id);
    /* Not of a list that came late: the newest one's row says what it says. */
    if (event->said == SAID_IN_ROW && event->kind != CUSTODY_TEMPORARY_ABSENCE &&
        event->observed_at_us >= next->newest_list_at_us) {
        next->row_says_out = TRUE;
        next->digest = 0; /* of a row that no list was taken with */
    }
    believe(next, h);
    if (fates)
        find_corrected(h, fates, event);
    const gint at = find_event(h, event->id);
    const struct belief_report *report = at < 0 ? NULL : report_at(h, (guint)at);
    event->is_late = is_late(h, event, report);
    event->is_taken_back = report && !fates && report->is_removed;
    if (event->is_late && prior) {
        next->facility_id = prior->facility_id;
        next->status = prior->status;
        next->admitted_at_us = prior->admitted_at_us;
        next->tenure_from_us = prior->tenure_from_us;
    }
    remember_newest(h, prior, event, next);
    return TRUE;
}

/* ── Lists ─────────────────────────────────────────────────────────────────────────────────────── */

/* Whether a list contradicts what carried, and another ending stands. */
static gboolean is_carried_otherwise(const struct belief_booking *before,
                                     const struct belief_booking *now) {
    return before->standing >= STANDING_ELSEWHERE && now->standing >= STANDING_ELSEWHERE &&
           (before->kind != now->kind || before->from_us != now->from_us ||
            before->to_us != now->to_us);
}

/* What a list made of the booking. */
static gboolean tell_of_list(const struct custody_source *source, const struct custody_booking *prior,
                             const struct custody_history *h, struct custody_booking *next,
                             struct custody_event *event) {
    if (is_out(prior) && is_in(next)) {
        *event = event_about(source, next, CUSTODY_BACK_ON_ROSTER, ASSERTION_CORRECTED);
        take_back(event, prior);
        if (source->is_decision)
            text_copy(event->detail, sizeof event->detail, CUSTODY_UNDONE);
    } else if (next->belief.standing == STANDING_GONE &&
               (!is_out(prior) || prior->belief.is_doubtful != next->belief.is_doubtful)) {
        *event = event_about(source, next, CUSTODY_LEFT_ROSTER, ASSERTION_INFERRED);
        event->is_doubtful = next->belief.is_doubtful;
        if (event->is_doubtful)
            text_copy(event->detail, sizeof event->detail, "held");
    } else if (is_carried_otherwise(&prior->belief, &next->belief)) {
        *event = event_about(source, next, CUSTODY_CORRECTED, ASSERTION_CORRECTED);
        take_back(event, prior);
    } else if (is_out(next) && prior->belief.is_unclear && !next->belief.is_unclear) {
        /* Whether they were in again nobody could say, and this list can. */
        *event = event_about(source, next, CUSTODY_LEFT_ROSTER, ASSERTION_INFERRED);
    } else if (next->belief.standing == STANDING_DEAD && next->belief.is_unclear &&
               !prior->belief.is_unclear) {
        /* A list that shows the dead: a person must find out. */
        *event = event_about(source, next, CUSTODY_STATUS_CHANGED, ASSERTION_INFERRED);
        event->is_unclear = TRUE;
    } else {
        return FALSE;
    }
    guint again = 0;
    do /* what was undone with its list may come with it once more */
        identify(source, event, NULL, again);
    while (is_undone(h, event->id) && ++again);
    if (!remember_carrier(h, next) && event->kind != CUSTODY_STATUS_CHANGED)
        remember(next, event->id, event->kind);
    return TRUE;
}

/* What else a row says of who is held as before. */
static gboolean compare_listing(const struct custody_source *source,
                                const struct custody_booking *prior, const struct feed_record *record,
                                struct custody_booking *next, struct custody_event *event) {
    if (is_in(next) && g_strcmp0(prior->facility_id, next->facility_id) != 0) {
        *event = event_about(source, next, CUSTODY_TRANSFERRED, ASSERTION_REPORTED);
        event->is_within = TRUE;
        text_copy(event->detail, sizeof event->detail,
                  feed_mapping_facility_by_id(source->mapping, prior->facility_id)->name);
    } else if (*record->status && g_strcmp0(prior->status, record->status) != 0 && *prior->status) {
        *event = event_about(source, next, CUSTODY_STATUS_CHANGED, ASSERTION_REPORTED);
        say_status(event, record->status);
    } else {
        return FALSE;
    }
    identify(source, event, NULL, 0);
    return TRUE;
}

/* The row tells of an ending. */
static gboolean listed_as_out(const struct custody_source *source, const struct custody_booking *prior,
                              struct custody_history *h, const struct feed_record *record,
                              struct custody_booking *next, struct custody_event *event) {
    if (prior && prior->row_says_out && is_row_repeated(source, h, record)) {
        carry_over(source, prior, record, next);
        next->listing = LISTING_NOW;
        next->newest_list_at_us = source->observed_at_us;
        believe(next, h);
        return tell_of_list(source, prior, h, next, event);
    }
    struct custody_booking listed = {.id = 0};
    if (prior) {
        listed = *prior;
        note_list(source, &listed, FALSE);
        listed.is_off_doubtful = FALSE; /* the list is not, and does not show them */
        listed.listing = LISTING_NOW;
    }
    return custody_booking_reported(source, prior ? &listed : NULL, h, record, next, event);
}

/* The row says no more what it said: that is said, too. */
static gboolean listed_as_in_again(const struct custody_source *source,
                                   const struct custody_booking *prior, struct custody_history *h,
                                   struct custody_booking *next, struct custody_event *event) {
    *event = prior->row_says_out
                 ? event_about(source, next, CUSTODY_BACK_ON_ROSTER, ASSERTION_CORRECTED)
                 : event_about(source, next, CUSTODY_RETURNED, ASSERTION_REPORTED);
    event->said = SAID_IN_ROW;
    if (prior->row_says_out)
        take_back(event, prior);
    identify(source, event, NULL, 0);
    custody_history_add(h, event, source->feed, NULL);
    believe(next, h);
    remember(next, event->id, event->kind);
    return !prior->row_says_out || prior->has_event;
}

static gboolean listed_as_in(const struct custody_source *source, const struct custody_booking *prior,
                             struct custody_history *h, const struct feed_record *record,
                             struct custody_booking *next, struct custody_event *event) {
    carry_over(source, prior, record, next);
    note_list(source, next, TRUE);
    next->listing = LISTING_NOW;
    next->row_says_out = FALSE;
    const struct belief_report *before = row_before(source, h);
    if (prior && (prior->row_says_out ||
                  (before && before->kind == CUSTODY_TEMPORARY_ABSENCE && !record->has_action)))
        return listed_as_in_again(source, prior, h, next, event);
    believe(next, h);
    if (prior && (prior->listing != LISTING_NEVER || prior->belief.standing != STANDING_UNKNOWN))
        return tell_of_list(source, prior, h, next, event) ||
               compare_listing(source, prior, record, next, event);
    next->is_uncounted |=
        !source->is_baseline && record->admitted_at_us != TIME_UNKNOWN &&
        record->admitted_at_us < source->observed_at_us - CUSTODY_HISTORY_OF_BOOKINGS_US;
    *event = event_about(source, next, CUSTODY_BOOKED, ASSERTION_REPORTED);
    event->occurred_at_us = event->occurred_to_us = record->admitted_at_us;
    identify(source, event, NULL, 0);
    remember(next, event->id, event->kind);
    return TRUE;
}

gboolean custody_booking_listed(const struct custody_source *source,
                                const struct custody_booking *prior, struct custody_history *h,
                                const struct feed_record *record, guint64 digest,
                                struct custody_booking *next, struct custody_event *event) {
    /* What said that they are out does not take it back by being unreadable. */
    const gboolean says_out =
        record->has_action && (record->is_unclear ? record->has_left || (prior && prior->row_says_out)
                                                  : record->action != CUSTODY_TEMPORARY_ABSENCE);
    gboolean happened;
    if (record->has_action && (record->is_unclear || !says_out)) {
        struct custody_booking as_listed = {.id = 0};
        struct custody_event of_list;
        gboolean is_news = FALSE;
        if (!says_out)
            is_news = listed_as_in(source, prior, h, record, &as_listed, &of_list);
        else if (prior)
            as_listed = *prior;
        if (says_out && prior) {
            note_list(source, &as_listed, FALSE);
            as_listed.is_off_doubtful = FALSE;
        }
        const struct custody_booking *before = prior || !says_out ? &as_listed : NULL;
        happened = !is_row_repeated(source, h, record) &&
                   custody_booking_reported(source, before, h, record, next, event);
        if (!happened && before)
            *next = as_listed;
        if (!happened && is_news)
            *event = of_list;
        happened |= is_news;
    } else {
        happened = (says_out ? listed_as_out : listed_as_in)(source, prior, h, record, next, event);
    }
    event->row = record->row;
    next->digest = record->is_deferred ? 0 : digest;
    next->row_says_out = says_out;
    next->listing = LISTING_NOW;
    next->newest_list_at_us = source->observed_at_us;
    next->list_interval_us = source->mapping->interval_us;
    if (source->is_baseline && !says_out) {
        next->has_event = prior && prior->has_event;
        return FALSE;
    }
    return happened;
}

gboolean custody_booking_still_listed(const struct custody_source *source,
                                      const struct custody_booking *prior, struct custody_history *h,
                                      struct custody_booking *next, struct custody_event *event) {
    *next = *prior;
    if (prior->row_says_out)
        next->newest_list_at_us = source->observed_at_us;
    else
        note_list(source, next, TRUE);
    believe(next, h);
    return tell_of_list(source, prior, h, next, event);
}

void custody_booking_reconsidered(const struct custody_booking *prior, struct custody_history *h,
                                  struct custody_booking *next) {
    *next = *prior;
    believe(next, h);
    remember_carrier(h, next);
}

gboolean custody_booking_relisted(const struct custody_source *source,
                                  const struct custody_booking *prior, struct custody_history *h,
                                  struct custody_booking *next, struct custody_event *event) {
    *next = *prior; /* as the newest list that was taken left it: no list was made now */
    next->listed_at_us = next->off_at_us = TIME_UNKNOWN;
    next->is_off_doubtful = FALSE;
    believe(next, h);
    return tell_of_list(source, prior, h, next, event);
}

gboolean custody_booking_unlisted(const struct custody_source *source,
                                  const struct custody_booking *prior, struct custody_history *h,
                                  gboolean is_rebooked, gboolean is_doubtful,
                                  struct custody_booking *next, struct custody_event *event) {
    *next = *prior;
    note_list(source, next, FALSE);
    if (is_doubtful) { /* and not taken */
        next->is_off_doubtful |= next->off_at_us == source->observed_at_us;
        next->newest_list_at_us = prior->newest_list_at_us;
    } else {
        next->listing = LISTING_GONE;
    }
    if (next->off_at_us == source->observed_at_us && !is_doubtful)
        next->is_off_doubtful = FALSE;
    believe(next, h);
    if (is_rebooked) { /* the new booking tells the story; a return of the old one would be news */
        next->has_event &= next->belief.standing >= STANDING_ELSEWHERE;
        return FALSE;
    }
    return tell_of_list(source, prior, h, next, event);
}
