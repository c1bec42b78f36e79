#include "custody/belief.h"

#define NEVER G_MININT64
#define ALWAYS G_MAXINT64

/* ── What a report is ──────────────────────────────────────────────────────────────────────────── */

static gboolean is_ending(const struct belief_report *r) {
    return r->kind == CUSTODY_RELEASED || r->kind == CUSTODY_ESCAPED || r->kind == CUSTODY_DIED ||
           (r->kind == CUSTODY_TRANSFERRED && !r->is_within);
}

static gboolean is_holding(const struct belief_report *r) {
    return !r->is_removed &&
           (r->kind == CUSTODY_BOOKED || r->kind == CUSTODY_RECAPTURED || r->kind == CUSTODY_RETURNED ||
            (r->kind == CUSTODY_TRANSFERRED && r->is_within));
}

static gboolean is_correction(const struct belief_report *r) {
    return r->kind == CUSTODY_CORRECTED;
}

/* The sum of a time and an interval, of which either may be without end. */
static gint64 after(gint64 at_us, gint64 interval_us) {
    return at_us > ALWAYS - interval_us ? ALWAYS : at_us + interval_us;
}

static gboolean meet(gint64 from_us, gint64 to_us, gint64 other_from_us, gint64 other_to_us) {
    return from_us <= other_to_us && other_from_us <= to_us;
}

/* A total order: what differs in nothing that counts may stand in any. */
static gint compare(const struct belief_report *a, const struct belief_report *b) {
#define BY(field)                                                                                      \
    if (a->field != b->field)                                                                          \
    return a->field < b->field ? -1 : 1
    BY(to_us);
    BY(from_us);
    BY(observed_at_us);
    BY(source);
    BY(id);
    BY(kind);
#undef BY
    return 0;
}

static gint compare_corrections(const struct belief_report *a, const struct belief_report *b) {
    if (a->observed_at_us != b->observed_at_us)
        return a->observed_at_us < b->observed_at_us ? -1 : 1;
    if (a->source != b->source)
        return a->source < b->source ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

/* ── Before the fold ───────────────────────────────────────────────────────────────────────────── */

/* A source that repeats itself says it as of the first time; and what begins later than it was said is
 * of an unknown time. */
static void settle_times(struct belief_report *reports, guint n) {
    for (guint i = 0; i < n; i++) {
        struct belief_report *r = &reports[i];
        for (guint k = 0; r->id && k < n; k++)
            if (reports[k].id == r->id && reports[k].source == r->source)
                r->observed_at_us = MIN(r->observed_at_us, reports[k].observed_at_us);
        if (r->from_us > r->observed_at_us)
            r->from_us = NEVER;
        r->to_us = MIN(r->to_us, r->observed_at_us);
        if (r->from_us == NEVER)
            r->to_us = r->observed_at_us;
        r->fate = FATE_NONE;
        r->is_removed = r->waits = FALSE;
    }
}

static gboolean names(const struct belief_report *correction, const struct belief_report *r) {
    return correction->names && correction->names == r->id && correction->source == r->source;
}

/* The latest first, for only a later one that is in force takes one back. */
static void judge_corrections(struct belief_report *reports, guint n) {
    for (guint i = 0; i < n; i++)
        reports[i].waits = is_correction(&reports[i]); /* to be judged */
    for (;;) {
        struct belief_report *next = NULL;
        for (guint i = 0; i < n; i++)
            if (reports[i].waits && (!next || compare_corrections(&reports[i], next) > 0))
                next = &reports[i];
        if (!next)
            return;
        next->waits = FALSE;
        for (guint i = 0; i < n; i++)
            next->is_removed |= is_correction(&reports[i]) && !reports[i].waits &&
                                !reports[i].is_removed && names(&reports[i], next) &&
                                reports[i].observed_at_us > next->observed_at_us;
    }
}

static void remove_report(struct belief_report *r) {
    r->is_removed = TRUE;
    r->fate = is_ending(r) ? FATE_TAKEN_BACK : FATE_NONE;
}

static void take_back_named(struct belief_report *reports, guint n) {
    for (guint i = 0; i < n; i++)
        for (guint k = 0; is_correction(&reports[i]) && !reports[i].is_removed && k < n; k++)
            if (!is_correction(&reports[k]) && names(&reports[i], &reports[k]))
                remove_report(&reports[k]);
}

static gint64 held_from(const struct belief_report *reports, guint n) {
    gint64 greatest = NEVER;
    for (guint i = 0; i < n; i++)
        if (is_holding(&reports[i]))
            greatest = MAX(greatest, reports[i].from_us);
    return greatest;
}

/* Of two endings the one that a correction rather takes back: not what is over anyway, and not what was
 * said with it, which stands in place of what was said before. */
static gboolean is_rather_meant(const struct belief_report *a, const struct belief_report *b,
                                gint64 corrected_at_us, gint64 held_from_us) {
    const gboolean a_over = held_from_us > a->to_us, b_over = held_from_us > b->to_us;
    const gboolean a_before = a->observed_at_us < corrected_at_us,
                   b_before = b->observed_at_us < corrected_at_us;
    if (a_over != b_over)
        return b_over;
    return a_before != b_before ? a_before : compare(a, b) > 0;
}

static struct belief_report *meant_by(const struct belief_report *correction,
                                      struct belief_report *reports, guint n) {
    const gint64 held_from_us = held_from(reports, n);
    struct belief_report *meant = NULL;
    for (guint i = 0; i < n; i++)
        if (is_ending(&reports[i]) && !reports[i].is_removed &&
            reports[i].observed_at_us <= correction->observed_at_us &&
            (!meant || is_rather_meant(&reports[i], meant, correction->observed_at_us, held_from_us)))
            meant = &reports[i];
    return meant;
}

static gboolean says_the_same(const struct belief_report *a, const struct belief_report *b) {
    return a->source == b->source && a->id == b->id && a->kind == b->kind && a->from_us == b->from_us &&
           (a->to_us == b->to_us || a->from_us == NEVER);
}

static void take_back_newest(struct belief_report *correction, struct belief_report *reports, guint n) {
    const struct belief_report *newest = meant_by(correction, reports, n);
    correction->waits = !newest;
    if (!newest)
        return;
    const struct belief_report meant = *newest;
    for (guint i = 0; i < n; i++)
        if (is_ending(&reports[i]) && !reports[i].is_removed && says_the_same(&reports[i], &meant) &&
            reports[i].observed_at_us <= correction->observed_at_us)
            remove_report(&reports[i]);
}

static void take_back_unnamed(struct belief_report *reports, guint n) {
    const struct belief_report *last = NULL;
    for (;;) {
        struct belief_report *next = NULL;
        for (guint i = 0; i < n; i++) {
            struct belief_report *r = &reports[i];
            if (!is_correction(r) || r->names || r->is_removed)
                continue;
            /* Of those alike, one that has an id is the same again. */
            const gint order = last ? compare_corrections(r, last) : 1;
            if ((order > 0 || (order == 0 && !r->id && r > last)) &&
                (!next || compare_corrections(r, next) < 0))
                next = r;
        }
        if (!next)
            return;
        take_back_newest(next, reports, n);
        last = next;
    }
}

/* ── A booking's endings ───────────────────────────────────────────────────────────────────────── */

static gboolean is_contradicted(const struct belief_source *sources, const struct belief_report *r,
                                const struct belief_list *lists, guint n) {
    for (guint i = 0; i < n; i++)
        if (lists[i].shows && !lists[i].is_doubtful &&
            lists[i].made_at_us >= after(r->observed_at_us, sources[lists[i].source].interval_us))
            return TRUE;
    return FALSE;
}

static gboolean carries_before(const struct belief_report *a, const struct belief_report *b) {
    const gboolean a_died = a->kind == CUSTODY_DIED, b_died = b->kind == CUSTODY_DIED;
    return a_died != b_died ? a_died : compare(a, b) > 0;
}

/* Gives each ending its fate, and the one that carries, if any stands. */
static struct belief_report *judge_endings(const struct belief_source *sources,
                                           struct belief_report *reports, guint n,
                                           const struct belief_list *lists, guint n_lists,
                                           struct belief_booking *b) {
    struct belief_report *carrier = NULL;
    for (guint i = 0; i < n; i++) {
        struct belief_report *r = &reports[i];
        if (!is_ending(r) || r->is_removed)
            continue;
        if (b->held_from_us > r->to_us) {
            r->fate = FATE_OVER;
            continue;
        }
        const gboolean contradicted = is_contradicted(sources, r, lists, n_lists);
        r->fate = contradicted && r->kind != CUSTODY_DIED ? FATE_CONTRADICTED : FATE_STANDS;
        b->is_unclear |= contradicted && r->kind == CUSTODY_DIED;
        b->has_death |= r->kind == CUSTODY_DIED;
        if (r->fate == FATE_STANDS && (!carrier || carries_before(r, carrier)))
            carrier = r;
    }
    return carrier;
}

static gboolean is_plainly_said_too(const struct belief_report *carrier,
                                    const struct belief_report *reports, guint n) {
    for (guint i = 0; i < n; i++)
        if (reports[i].fate == FATE_STANDS && !reports[i].is_doubtful &&
            reports[i].kind == carrier->kind &&
            meet(reports[i].from_us, reports[i].to_us, carrier->from_us, carrier->to_us))
            return TRUE;
    return FALSE;
}

/* A list that had time to show them held, and shows them no more. */
static gboolean lists_say_out(const struct belief_source *sources, const struct belief_report *holding,
                              const struct belief_list *lists, guint n) {
    for (guint i = 0; i < n; i++) {
        const gint64 due_us = after(holding->observed_at_us, sources[lists[i].source].interval_us);
        gboolean was = FALSE;
        for (guint k = 0; k < i; k++)
            was |= lists[k].source == lists[i].source && lists[k].shows;
        if (was && !lists[i].shows && !lists[i].is_doubtful && lists[i].made_at_us >= due_us)
            return TRUE;
    }
    return FALSE;
}

/* Booked anew by day or without a time: nobody can say which came first, but a list. */
static gboolean may_be_in_again(const struct belief_source *sources,
                                const struct belief_report *carrier,
                                const struct belief_report *reports, guint n,
                                const struct belief_list *lists, guint n_lists) {
    for (guint i = 0; i < n; i++)
        if (is_holding(&reports[i]) && reports[i].observed_at_us > carrier->observed_at_us &&
            reports[i].to_us > carrier->from_us && !lists_say_out(sources, &reports[i], lists, n_lists))
            return TRUE;
    return FALSE;
}

static void carry(struct belief_report *carrier, const struct belief_report *reports, guint n,
                  struct belief_booking *b) {
    carrier->fate = FATE_CARRIES;
    b->standing = carrier->kind == CUSTODY_DIED          ? STANDING_DEAD
                  : carrier->kind == CUSTODY_TRANSFERRED ? STANDING_ELSEWHERE
                                                         : STANDING_OUT;
    b->kind = carrier->kind;
    b->from_us = carrier->from_us;
    b->to_us = carrier->to_us;
    b->observed_at_us = carrier->observed_at_us;
    b->is_doubtful = carrier->is_doubtful && !is_plainly_said_too(carrier, reports, n);
}

/* ── Its lists ─────────────────────────────────────────────────────────────────────────────────── */

/* A source's lists about the booking. */
struct shown {
    gboolean was, is; /* ever; on the newest */
    gint64 newest_us; /* list */
};

static struct shown shown_by(guint source, const struct belief_list *lists, guint n) {
    struct shown s = {.newest_us = NEVER};
    for (guint i = 0; i < n; i++) {
        if (lists[i].source != source)
            continue;
        s.was |= lists[i].shows;
        s.is = lists[i].shows;
        s.newest_us = lists[i].made_at_us;
    }
    return s;
}

static gint64 last_shown(const struct belief_list *lists, guint n) {
    for (guint i = n; i > 0; i--)
        if (lists[i - 1].shows)
            return lists[i - 1].made_at_us;
    return NEVER;
}

static gboolean absence_counts(const struct belief_source *source, const struct shown *s,
                               gint64 last_us, const struct belief_report *reports, guint n) {
    if (!s->was || s->is)
        return FALSE;
    for (guint i = 0; i < n; i++)
        if (is_holding(&reports[i]) && reports[i].to_us > last_us &&
            s->newest_us < after(reports[i].observed_at_us, source->interval_us))
            return FALSE;
    return TRUE;
}

static gboolean is_gone(const struct belief_source *sources, guint n_sources, gint64 last_us,
                        const struct belief_list *lists, guint n_lists,
                        const struct belief_report *reports, guint n) {
    gint64 newest_us = NEVER;
    for (guint i = 0; i < n_sources; i++) {
        const struct shown s = shown_by(i, lists, n_lists);
        if (absence_counts(&sources[i], &s, last_us, reports, n))
            newest_us = MAX(newest_us, s.newest_us);
    }
    for (guint i = 0; newest_us != NEVER && i < n_sources; i++) {
        const struct shown s = shown_by(i, lists, n_lists);
        if (s.was && !absence_counts(&sources[i], &s, last_us, reports, n) &&
            after(s.newest_us, sources[i].interval_us) > newest_us)
            return FALSE;
    }
    return newest_us != NEVER;
}

/* Since when: the first list that shows it no more; plainly, if any such list is beyond doubt. */
static gboolean find_gone(const struct belief_source *sources, guint n_sources,
                          const struct belief_report *reports, guint n, const struct belief_list *lists,
                          guint n_lists, struct belief_booking *b) {
    const gint64 last_us = last_shown(lists, n_lists), from_us = MAX(last_us, b->held_from_us);
    const struct belief_list *first = NULL;
    gboolean is_plain = FALSE;
    if (last_us == NEVER || !is_gone(sources, n_sources, last_us, lists, n_lists, reports, n))
        return FALSE;
    for (guint i = 0; i < n_lists; i++) {
        const struct shown s = shown_by(lists[i].source, lists, n_lists);
        if (lists[i].made_at_us <= from_us ||
            !absence_counts(&sources[lists[i].source], &s, last_us, reports, n))
            continue;
        first = first ? first : &lists[i];
        is_plain |= !lists[i].is_doubtful;
    }
    if (!first)
        return FALSE;
    b->standing = STANDING_GONE;
    b->kind = CUSTODY_LEFT_ROSTER;
    b->from_us = from_us;
    b->to_us = b->observed_at_us = first->made_at_us;
    b->is_doubtful = !is_plain;
    return TRUE;
}

/* ── Absences ──────────────────────────────────────────────────────────────────────────────────── */

/* Off the list and on it again, after the absence was said. */
static gboolean is_listed_again(const struct belief_report *absence, guint n_sources,
                                const struct belief_list *lists, guint n) {
    for (guint source = 0; source < n_sources; source++) {
        gboolean was_off = FALSE;
        for (guint i = 0; i < n; i++) {
            if (lists[i].source != source || lists[i].is_doubtful)
                continue;
            if (was_off && lists[i].shows)
                return TRUE;
            was_off |= !lists[i].shows && lists[i].made_at_us >= absence->observed_at_us;
        }
    }
    return FALSE;
}

static gboolean ends(const struct belief_report *r, const struct belief_report *absence) {
    if (!is_holding(r))
        return FALSE;
    return r->from_us > absence->to_us ||
           (r->kind == CUSTODY_RETURNED && r->observed_at_us >= absence->observed_at_us &&
            r->to_us >= absence->from_us);
}

static gboolean is_away(guint n_sources, const struct belief_report *reports, guint n,
                        const struct belief_list *lists, guint n_lists) {
    for (guint i = 0; i < n; i++) {
        const struct belief_report *absence = &reports[i];
        if (absence->kind != CUSTODY_TEMPORARY_ABSENCE || absence->is_removed)
            continue;
        gboolean is_ended = is_listed_again(absence, n_sources, lists, n_lists);
        for (guint k = 0; !is_ended && k < n; k++)
            is_ended = ends(&reports[k], absence);
        if (!is_ended)
            return TRUE;
    }
    return FALSE;
}

static gboolean is_held(guint n_sources, const struct belief_report *reports, guint n,
                        const struct belief_list *lists, guint n_lists) {
    for (guint i = 0; i < n_sources; i++)
        if (shown_by(i, lists, n_lists).is)
            return TRUE;
    for (guint i = 0; i < n; i++)
        if (is_holding(&reports[i]))
            return TRUE;
    return FALSE;
}

/* ── The fold ──────────────────────────────────────────────────────────────────────────────────── */

void belief_of_booking(const struct belief_source *sources, guint n_sources,
                       struct belief_report *reports, guint n, const struct belief_list *lists,
                       guint n_lists, struct belief_booking *b) {
    settle_times(reports, n);
    judge_corrections(reports, n);
    take_back_named(reports, n);
    take_back_unnamed(reports, n);
    *b = (struct belief_booking){.id = b->id,
                                 .jail = b->jail,
                                 .kind = CUSTODY_N_KINDS,
                                 .from_us = NEVER,
                                 .to_us = NEVER,
                                 .observed_at_us = NEVER,
                                 .held_from_us = held_from(reports, n),
                                 .reports = reports,
                                 .n_reports = n};
    struct belief_report *carrier = judge_endings(sources, reports, n, lists, n_lists, b);
    if (carrier) {
        carry(carrier, reports, n, b);
        b->is_unclear |= may_be_in_again(sources, carrier, reports, n, lists, n_lists);
    } else if (!find_gone(sources, n_sources, reports, n, lists, n_lists, b)) {
        b->standing = is_away(n_sources, reports, n, lists, n_lists)   ? STANDING_AWAY
                      : is_held(n_sources, reports, n, lists, n_lists) ? STANDING_HELD
                                                                       : STANDING_UNKNOWN;
    }
}

/* ── A person ──────────────────────────────────────────────────────────────────────────────────── */

static gboolean holds(const struct belief_booking *b) {
    return b->standing == STANDING_HELD || b->standing == STANDING_AWAY;
}

static gboolean leaves(enum custody_standing standing) {
    return standing >= STANDING_GONE;
}

/* A death before all, then the newest. */
static gboolean leaves_before(const struct belief_booking *a, const struct belief_booking *b) {
    const gboolean a_died = a->standing == STANDING_DEAD, b_died = b->standing == STANDING_DEAD;
    if (a_died != b_died)
        return a_died;
    if (a->to_us != b->to_us)
        return a->to_us > b->to_us;
    if (a->from_us != b->from_us)
        return a->from_us > b->from_us;
    return a->observed_at_us != b->observed_at_us ? a->observed_at_us > b->observed_at_us
                                                  : a->id > b->id;
}

/* Gone before another booking held them; or moved away at a time nobody said, and another jail held
 * them later: that is where they went, and it has ended since. */
static gboolean is_before_another(const struct belief_booking *b, const struct belief_booking *bookings,
                                  guint n) {
    const gboolean is_gone = b->standing == STANDING_GONE;
    if (!is_gone && (b->standing != STANDING_ELSEWHERE || b->from_us != NEVER))
        return FALSE;
    for (guint i = 0; i < n; i++) {
        const struct belief_booking *other = &bookings[i];
        const gint64 in_at_us =
            is_gone ? other->held_from_us : MAX(other->held_from_us, other->from_us);
        if (leaves(other->standing) && (is_gone || other->jail != b->jail) &&
            in_at_us > (is_gone ? b->from_us : b->held_from_us))
            return TRUE;
    }
    return FALSE;
}

static void say_held(const struct belief_booking *bookings, guint n, struct belief_statement *s) {
    s->standing = STANDING_AWAY;
    for (guint i = 0; i < n; i++) {
        s->is_unclear |= bookings[i].has_death;
        if (!holds(&bookings[i]))
            continue;
        if (bookings[i].standing == STANDING_HELD)
            s->standing = STANDING_HELD;
        if (s->n_holders < G_N_ELEMENTS(s->holders))
            s->holders[s->n_holders] = bookings[i].id;
        s->n_holders++;
    }
}

void belief_of_person(const struct belief_booking *bookings, guint n, struct belief_statement *s) {
    const struct belief_booking *leaving = NULL;
    gboolean is_held = FALSE;
    *s = (struct belief_statement){.kind = CUSTODY_N_KINDS, .from_us = NEVER, .to_us = NEVER};
    for (guint i = 0; i < n; i++) {
        is_held |= holds(&bookings[i]);
        if (leaves(bookings[i].standing) && !is_before_another(&bookings[i], bookings, n) &&
            (!leaving || leaves_before(&bookings[i], leaving)))
            leaving = &bookings[i];
    }
    if (is_held) {
        say_held(bookings, n, s);
    } else if (leaving) {
        s->standing = leaving->standing;
        s->kind = leaving->kind;
        s->booking = leaving->id;
        s->from_us = leaving->from_us;
        s->to_us = leaving->to_us;
        s->is_doubtful = leaving->is_doubtful;
        s->is_unclear = leaving->is_unclear;
    }
}

gboolean belief_is_leaving(const struct belief_statement *s) {
    return leaves(s->standing);
}

/* ── What is owed ──────────────────────────────────────────────────────────────────────────────── */

static const struct belief_booking *booking_of(gint64 id, const struct belief_booking *bookings,
                                               guint n) {
    for (guint i = 0; i < n; i++)
        if (bookings[i].id == id)
            return &bookings[i];
    return NULL;
}

gboolean belief_is_same(const struct belief_statement *told, const struct belief_statement *now,
                        const struct belief_booking *bookings, guint n) {
    if (told->standing != now->standing || told->kind != now->kind ||
        told->is_doubtful != now->is_doubtful || told->is_unclear != now->is_unclear ||
        told->n_holders != now->n_holders)
        return FALSE;
    for (guint i = 0; i < MIN(now->n_holders, G_N_ELEMENTS(now->holders)); i++)
        if (told->holders[i] != now->holders[i])
            return FALSE;
    if (!belief_is_leaving(now))
        return TRUE;
    const struct belief_booking *b = booking_of(told->booking, bookings, n);
    return told->booking == now->booking &&
           meet(told->from_us, told->to_us, now->from_us, now->to_us) &&
           (!b || b->held_from_us <= told->to_us);
}

gboolean belief_was_told(const struct belief_booking *booking, const struct belief_report *ending,
                         const struct belief_statement *told, guint n_told) {
    for (guint i = 0; i < n_told; i++)
        if (told[i].kind == ending->kind && told[i].booking == booking->id &&
            meet(told[i].from_us, told[i].to_us, ending->from_us, ending->to_us))
            return TRUE;
    return FALSE;
}

static gboolean rides_along(const struct belief_booking *bookings, guint n,
                            const struct belief_statement *told, guint n_told) {
    for (guint i = 0; i < n; i++)
        for (guint k = 0; k < bookings[i].n_reports; k++)
            if (bookings[i].reports[k].fate == FATE_OVER &&
                !belief_was_told(&bookings[i], &bookings[i].reports[k], told, n_told))
                return TRUE;
    return FALSE;
}

gboolean belief_is_owed(const struct belief_statement *told, guint n_told,
                        const struct belief_statement *now, const struct belief_booking *bookings,
                        guint n, gboolean asked_for_all) {
    static const struct belief_statement nothing = {.kind = CUSTODY_N_KINDS};
    const struct belief_statement *last = n_told ? &told[n_told - 1] : &nothing;
    if (rides_along(bookings, n, told, n_told))
        return TRUE;
    if (!asked_for_all && !belief_is_leaving(now) && !belief_is_leaving(last) && !last->is_unclear)
        return FALSE;
    return !belief_is_same(last, now, bookings, n);
}
