/* A second implementation of docs/truth.md, written from that page alone. It works on sets: a bit for
 * each report, list and source. Each function is a sentence of the page. */
#include <glib.h>
#include <string.h>

#include "custody/second.h"

typedef guint32 set;

#define BIT(i) ((set)1 << (i))
#define HAS(s, i) (((s) >> (i)) & 1)
#define EACH(i, s)                                                                                     \
    for (set i##_left = (s), i = 0; i##_left != 0 && (i = (set)__builtin_ctz(i##_left), 1);            \
         i##_left &= i##_left - 1)

/* All that was said of one booking, and the sets that the page speaks of. */
struct said {
    const struct belief_source *sources;
    guint n_sources;
    struct belief_report *reports;
    guint n_reports;
    const struct belief_list *lists;
    guint n_lists;
    set holdings, endings, absences, corrections; /* by kind, removed or not */
    set in_force, removed, waiting;
    set over, contradicted, stands;
};

static gboolean meet(gint64 a_from, gint64 a_to, gint64 b_from, gint64 b_to) {
    return a_from <= b_to && b_from <= a_to;
}

/* Reports */

static void sort_by_kind(struct said *said) {
    for (guint i = 0; i < said->n_reports; i++) {
        switch (said->reports[i].kind) {
        case CUSTODY_BOOKED:
        case CUSTODY_RECAPTURED:
        case CUSTODY_RETURNED: said->holdings |= BIT(i); break;
        case CUSTODY_RELEASED:
        case CUSTODY_ESCAPED:
        case CUSTODY_DIED: said->endings |= BIT(i); break;
        case CUSTODY_TRANSFERRED:
            if (said->reports[i].is_within)
                said->holdings |= BIT(i);
            else
                said->endings |= BIT(i);
            break;
        case CUSTODY_TEMPORARY_ABSENCE: said->absences |= BIT(i); break;
        case CUSTODY_CORRECTED: said->corrections |= BIT(i); break;
        default: break;
        }
    }
}

/* Before the fold, 1. */
static void settle_observed(struct said *said) {
    for (guint i = 0; i < said->n_reports; i++) {
        struct belief_report *a = &said->reports[i];
        for (guint j = 0; a->id != 0 && j < said->n_reports; j++) {
            const struct belief_report *b = &said->reports[j];
            if (b->source == a->source && b->id == a->id && b->observed_at_us < a->observed_at_us)
                a->observed_at_us = b->observed_at_us;
        }
    }
}

/* Before the fold, 2. */
static void settle_times(struct said *said) {
    for (guint i = 0; i < said->n_reports; i++) {
        struct belief_report *report = &said->reports[i];
        if (report->from_us > report->observed_at_us)
            report->from_us = G_MININT64;
        if (report->from_us == G_MININT64 || report->to_us > report->observed_at_us)
            report->to_us = report->observed_at_us;
    }
}

/* Before the fold, 3. */
static gboolean is_newer(const struct belief_report *a, const struct belief_report *b) {
    if (a->to_us != b->to_us)
        return a->to_us > b->to_us;
    if (a->from_us != b->from_us)
        return a->from_us > b->from_us;
    if (a->observed_at_us != b->observed_at_us)
        return a->observed_at_us > b->observed_at_us;
    if (a->source != b->source)
        return a->source > b->source;
    if (a->id != b->id)
        return a->id > b->id;
    return a->kind > b->kind;
}

static guint newest_of(const struct said *said, set endings) {
    guint newest = (guint)__builtin_ctz(endings);
    EACH(i, endings)
    if (is_newer(&said->reports[i], &said->reports[newest]))
        newest = i;
    return newest;
}

/* Before the fold, 4. Only a later correction decides about a correction, so the latest goes first. */
static void find_in_force(struct said *said) {
    set undecided = said->corrections;
    while (undecided != 0) {
        guint latest = (guint)__builtin_ctz(undecided);
        EACH(i, undecided)
        if (said->reports[i].observed_at_us > said->reports[latest].observed_at_us)
            latest = i;
        undecided &= ~BIT(latest);

        const struct belief_report *it = &said->reports[latest];
        gboolean is_in_force = TRUE;
        EACH(j, said->in_force) {
            const struct belief_report *other = &said->reports[j];
            if (it->id != 0 && other->source == it->source && other->names == it->id &&
                other->observed_at_us > it->observed_at_us)
                is_in_force = FALSE;
        }
        if (is_in_force)
            said->in_force |= BIT(latest);
    }
}

static void remove_named(struct said *said) {
    EACH(i, said->in_force) {
        const struct belief_report *correction = &said->reports[i];
        for (guint j = 0; correction->names != 0 && j < said->n_reports; j++)
            if (!HAS(said->corrections, j) && said->reports[j].source == correction->source &&
                said->reports[j].id == correction->names)
                said->removed |= BIT(j);
    }
}

/* Before the fold, 5. */
static gboolean goes_before(const struct belief_report *a, const struct belief_report *b) {
    if (a->observed_at_us != b->observed_at_us)
        return a->observed_at_us < b->observed_at_us;
    if (a->source != b->source)
        return a->source < b->source;
    return a->id < b->id;
}

static void take_back_newest(struct said *said, guint correction) {
    set candidates = 0;
    EACH(i, said->endings & ~said->removed)
    if (said->reports[i].observed_at_us <= said->reports[correction].observed_at_us)
        candidates |= BIT(i);
    if (candidates == 0) {
        said->waiting |= BIT(correction);
        return;
    }
    const set all = candidates;
    set current = 0, earlier = 0;
    gint64 held = G_MININT64;
    EACH(j, said->holdings & ~said->removed)
    held = MAX(held, said->reports[j].from_us);
    EACH(j, candidates)
    if (said->reports[j].to_us >= held)
        current |= BIT(j);
    candidates = current != 0 ? current : candidates;
    EACH(j, candidates)
    if (said->reports[j].observed_at_us < said->reports[correction].observed_at_us)
        earlier |= BIT(j);
    guint newest = newest_of(said, earlier != 0 ? earlier : candidates);
    candidates = all;
    const struct belief_report *it = &said->reports[newest];
    EACH(j, candidates) {
        const struct belief_report *other = &said->reports[j];
        gboolean same_time = (other->from_us == it->from_us && other->to_us == it->to_us) ||
                             (other->from_us == G_MININT64 && it->from_us == G_MININT64);
        if (other->id == it->id && other->source == it->source && other->kind == it->kind && same_time)
            said->removed |= BIT(j);
    }
}

static void remove_unnamed(struct said *said) {
    set left = 0;
    EACH(i, said->in_force)
    if (said->reports[i].names == 0)
        left |= BIT(i);
    while (left != 0) {
        guint first = (guint)__builtin_ctz(left);
        EACH(j, left)
        if (goes_before(&said->reports[j], &said->reports[first]))
            first = j;
        left &= ~BIT(first);
        take_back_newest(said, first);
        EACH(k, left) /* the same one again */
        if (said->reports[first].id != 0 && said->reports[k].id == said->reports[first].id &&
            said->reports[k].source == said->reports[first].source)
            left &= ~BIT(k);
    }
}

/* A booking, 1. */
static gboolean is_over(const struct said *said, const struct belief_report *ending) {
    EACH(i, said->holdings)
    if (said->reports[i].from_us > ending->to_us)
        return TRUE;
    return FALSE;
}

/* A booking, 2. */
static gboolean is_contradicted(const struct said *said, const struct belief_report *ending) {
    for (guint i = 0; i < said->n_lists; i++) {
        const struct belief_list *list = &said->lists[i];
        if (!list->is_doubtful && list->shows &&
            list->made_at_us >= ending->observed_at_us + said->sources[list->source].interval_us)
            return TRUE;
    }
    return FALSE;
}

static void judge_endings(struct said *said) {
    EACH(i, said->endings) {
        const struct belief_report *ending = &said->reports[i];
        if (is_over(said, ending)) {
            said->over |= BIT(i);
            continue;
        }
        if (is_contradicted(said, ending))
            said->contradicted |= BIT(i);
        if (!HAS(said->contradicted, i) || ending->kind == CUSTODY_DIED)
            said->stands |= BIT(i);
    }
}

/* A booking, 3. */
static set deaths_that_stand(const struct said *said) {
    set deaths = 0;
    EACH(i, said->stands)
    if (said->reports[i].kind == CUSTODY_DIED)
        deaths |= BIT(i);
    return deaths;
}

static gboolean carrier_is_doubtful(const struct said *said, guint carrier) {
    const struct belief_report *it = &said->reports[carrier];
    if (!it->is_doubtful)
        return FALSE;
    EACH(i, said->stands & ~BIT(carrier)) {
        const struct belief_report *other = &said->reports[i];
        if (other->kind == it->kind && !other->is_doubtful &&
            meet(other->from_us, other->to_us, it->from_us, it->to_us))
            return FALSE;
    }
    return TRUE;
}

/* The lists decide it when one that came late enough misses who was on an earlier one of its source. */
static gboolean is_decided_by_lists(const struct said *said, const struct belief_report *holding) {
    set have_shown = 0; /* sources */
    for (guint i = 0; i < said->n_lists; i++) {
        const struct belief_list *list = &said->lists[i];
        if (list->shows)
            have_shown |= BIT(list->source);
        else if (HAS(have_shown, list->source) && !list->is_doubtful &&
                 list->made_at_us - said->sources[list->source].interval_us >= holding->observed_at_us)
            return TRUE;
    }
    return FALSE;
}

static gboolean may_be_in_again(const struct said *said, const struct belief_report *carrier) {
    EACH(i, said->holdings)
    if (said->reports[i].observed_at_us > carrier->observed_at_us &&
        said->reports[i].to_us > carrier->from_us && !is_decided_by_lists(said, &said->reports[i]))
        return TRUE;
    return FALSE;
}

static gboolean ends(const struct said *said, struct belief_booking *booking) {
    if (said->stands == 0)
        return FALSE;
    set deaths = deaths_that_stand(said);
    guint carrier = newest_of(said, deaths != 0 ? deaths : said->stands);
    struct belief_report *it = &said->reports[carrier];
    it->fate = FATE_CARRIES;
    booking->standing = it->kind == CUSTODY_DIED          ? STANDING_DEAD
                        : it->kind == CUSTODY_TRANSFERRED ? STANDING_ELSEWHERE
                                                          : STANDING_OUT;
    booking->kind = it->kind;
    booking->from_us = it->from_us;
    booking->to_us = it->to_us;
    booking->observed_at_us = it->observed_at_us;
    booking->has_death = deaths != 0;
    booking->is_doubtful = carrier_is_doubtful(said, carrier);
    booking->is_unclear = may_be_in_again(said, it) || (deaths & said->contradicted) != 0;
    return TRUE;
}

/* A booking, 4. Lists come in the order of their times: of one source, the later place is the later
 * list. The doubtful ones count, too. */
static gint newest_list(const struct said *said, guint source) {
    for (guint i = said->n_lists; i-- > 0;)
        if (said->lists[i].source == source)
            return (gint)i;
    return -1;
}

/* Whether a holding was said so lately that the newest list of the source may not have it yet. */
static gboolean may_lag(const struct said *said, guint source, gint64 made_at_us, gint64 last_us) {
    EACH(i, said->holdings)
    if (said->reports[i].to_us > last_us &&
        made_at_us < said->reports[i].observed_at_us + said->sources[source].interval_us)
        return TRUE;
    return FALSE;
}

static gboolean is_gone(const struct said *said, struct belief_booking *booking) {
    set ever_listed = 0;
    gint64 last_us = G_MININT64;
    for (guint i = 0; i < said->n_lists; i++) {
        const struct belief_list *list = &said->lists[i];
        if (!list->shows)
            continue;
        ever_listed |= BIT(list->source);
        last_us = MAX(last_us, list->made_at_us);
    }

    set absences_that_count = 0;
    gint64 newest_that_counts_us = G_MININT64;
    EACH(source, ever_listed) {
        const struct belief_list *newest = &said->lists[newest_list(said, source)];
        if (newest->shows || may_lag(said, source, newest->made_at_us, last_us))
            continue;
        absences_that_count |= BIT(source);
        newest_that_counts_us = MAX(newest_that_counts_us, newest->made_at_us);
    }
    if (absences_that_count == 0)
        return FALSE;

    EACH(other, ever_listed & ~absences_that_count) {
        const struct belief_list *newest = &said->lists[newest_list(said, other)];
        if (newest->made_at_us + said->sources[other].interval_us > newest_that_counts_us)
            return FALSE;
    }

    gint64 since_us = last_us;
    EACH(h, said->holdings)
    since_us = MAX(since_us, said->reports[h].from_us);
    gint64 first_us = G_MAXINT64;
    gboolean is_doubtful = TRUE;
    for (guint j = 0; j < said->n_lists; j++) {
        const struct belief_list *list = &said->lists[j];
        if (!HAS(absences_that_count, list->source) || list->made_at_us <= since_us)
            continue;
        first_us = MIN(first_us, list->made_at_us);
        if (!list->is_doubtful)
            is_doubtful = FALSE;
    }
    if (first_us == G_MAXINT64)
        return FALSE;
    booking->standing = STANDING_GONE;
    booking->kind = CUSTODY_LEFT_ROSTER;
    booking->from_us = since_us;
    booking->to_us = first_us;
    booking->observed_at_us = first_us;
    booking->is_doubtful = is_doubtful;
    return TRUE;
}

/* A booking, 5. */
static gboolean is_listed_again(const struct said *said, gint64 since_us) {
    set missed = 0;
    for (guint i = 0; i < said->n_lists; i++) {
        const struct belief_list *list = &said->lists[i];
        if (list->is_doubtful)
            continue;
        if (list->shows && HAS(missed, list->source))
            return TRUE;
        if (!list->shows && list->made_at_us >= since_us)
            missed |= BIT(list->source);
    }
    return FALSE;
}

static gboolean absence_is_ended(const struct said *said, const struct belief_report *absence) {
    EACH(i, said->holdings) {
        const struct belief_report *holding = &said->reports[i];
        if (holding->from_us > absence->to_us)
            return TRUE;
        if (holding->kind == CUSTODY_RETURNED && holding->observed_at_us >= absence->observed_at_us &&
            holding->to_us >= absence->from_us)
            return TRUE;
    }
    return is_listed_again(said, absence->observed_at_us);
}

static gboolean is_away(const struct said *said) {
    EACH(i, said->absences)
    if (!absence_is_ended(said, &said->reports[i]))
        return TRUE;
    return FALSE;
}

/* A booking, 6. */
static gboolean is_held(const struct said *said) {
    set listed = 0;
    for (guint i = 0; i < said->n_lists; i++) {
        if (said->lists[i].shows)
            listed |= BIT(said->lists[i].source);
        else
            listed &= ~BIT(said->lists[i].source);
    }
    return listed != 0 || said->holdings != 0;
}

void second_of_booking(const struct belief_source *sources, guint n_sources,
                       struct belief_report *reports, guint n_reports, const struct belief_list *lists,
                       guint n_lists, struct belief_booking *booking) {
    g_assert(n_reports <= 32 && n_sources <= 32);
    struct said said = {.sources = sources,
                        .n_sources = n_sources,
                        .reports = reports,
                        .n_reports = n_reports,
                        .lists = lists,
                        .n_lists = n_lists};
    sort_by_kind(&said);
    settle_observed(&said);
    settle_times(&said);
    find_in_force(&said);
    remove_named(&said);
    remove_unnamed(&said);

    set all_endings = said.endings;
    said.holdings &= ~said.removed;
    said.endings &= ~said.removed;
    said.absences &= ~said.removed;
    judge_endings(&said);

    for (guint i = 0; i < n_reports; i++) {
        reports[i].fate = !HAS(all_endings, i)   ? FATE_NONE
                          : HAS(said.removed, i) ? FATE_TAKEN_BACK
                          : HAS(said.over, i)    ? FATE_OVER
                          : HAS(said.stands, i)  ? FATE_STANDS
                                                 : FATE_CONTRADICTED;
        reports[i].is_removed = HAS(said.removed | (said.corrections & ~said.in_force), i) != 0;
        reports[i].waits = HAS(said.waiting, i) != 0;
    }

    *booking = (struct belief_booking){.id = booking->id,
                                       .jail = booking->jail,
                                       .standing = STANDING_UNKNOWN,
                                       .kind = CUSTODY_N_KINDS,
                                       .from_us = G_MININT64,
                                       .to_us = G_MININT64,
                                       .observed_at_us = G_MININT64,
                                       .held_from_us = G_MININT64,
                                       .reports = reports,
                                       .n_reports = n_reports};
    EACH(j, said.holdings)
    booking->held_from_us = MAX(booking->held_from_us, reports[j].from_us);

    if (ends(&said, booking) || is_gone(&said, booking))
        return;
    if (is_away(&said))
        booking->standing = STANDING_AWAY;
    else if (is_held(&said))
        booking->standing = STANDING_HELD;
}

/* A person */

static gboolean is_of_leaving(enum custody_standing standing) {
    return standing == STANDING_GONE || standing == STANDING_ELSEWHERE || standing == STANDING_OUT ||
           standing == STANDING_DEAD;
}

static gboolean left_later(const struct belief_booking *a, const struct belief_booking *b) {
    if (a->to_us != b->to_us)
        return a->to_us > b->to_us;
    if (a->from_us != b->from_us)
        return a->from_us > b->from_us;
    if (a->observed_at_us != b->observed_at_us)
        return a->observed_at_us > b->observed_at_us;
    return a->id > b->id;
}

static gboolean gives_way_to(const struct belief_booking *it, const struct belief_booking *other) {
    if (!is_of_leaving(other->standing))
        return FALSE;
    if (it->standing == STANDING_GONE)
        return other->held_from_us > it->from_us;
    if (it->standing == STANDING_ELSEWHERE && it->from_us == G_MININT64)
        return other->jail != it->jail &&
               (other->held_from_us > it->held_from_us || other->from_us > it->held_from_us);
    return FALSE;
}

static gboolean gives_way(const struct belief_booking *it, const struct belief_booking *bookings,
                          guint n) {
    for (guint i = 0; i < n; i++)
        if (gives_way_to(it, &bookings[i]))
            return TRUE;
    return FALSE;
}

void second_of_person(const struct belief_booking *bookings, guint n,
                      struct belief_statement *statement) {
    memset(statement, 0, sizeof *statement);
    statement->standing = STANDING_UNKNOWN;
    statement->kind = CUSTODY_N_KINDS;
    statement->from_us = statement->to_us = G_MININT64;

    gboolean has_death = FALSE, all_away = TRUE;
    for (guint i = 0; i < n; i++) {
        has_death = has_death || bookings[i].has_death;
        if (bookings[i].standing != STANDING_HELD && bookings[i].standing != STANDING_AWAY)
            continue;
        all_away = all_away && bookings[i].standing == STANDING_AWAY;
        if (statement->n_holders < G_N_ELEMENTS(statement->holders))
            statement->holders[statement->n_holders++] = bookings[i].id;
    }
    if (statement->n_holders > 0) {
        statement->standing = all_away ? STANDING_AWAY : STANDING_HELD;
        statement->is_unclear = has_death;
        return;
    }

    const struct belief_booking *newest = NULL;
    for (guint i = 0; i < n; i++) {
        const struct belief_booking *it = &bookings[i];
        if (has_death ? !it->has_death : !is_of_leaving(it->standing))
            continue;
        if (!has_death && gives_way(it, bookings, n))
            continue;
        if (newest == NULL || left_later(it, newest))
            newest = it;
    }
    if (newest == NULL)
        return;
    statement->standing = newest->standing;
    statement->kind = newest->kind;
    statement->booking = newest->id;
    statement->from_us = newest->from_us;
    statement->to_us = newest->to_us;
    statement->is_doubtful = newest->is_doubtful;
    statement->is_unclear = newest->is_unclear;
}

/* What may be said, and what is owed */

static gboolean holders_are_equal(const struct belief_statement *a, const struct belief_statement *b) {
    if (a->n_holders != b->n_holders)
        return FALSE;
    for (guint i = 0; i < a->n_holders && i < G_N_ELEMENTS(a->holders); i++)
        if (a->holders[i] != b->holders[i])
            return FALSE;
    return TRUE;
}

gboolean second_is_same(const struct belief_statement *told, const struct belief_statement *now,
                        const struct belief_booking *bookings, guint n) {
    if (told->standing != now->standing || told->kind != now->kind ||
        !told->is_doubtful != !now->is_doubtful || !told->is_unclear != !now->is_unclear ||
        !holders_are_equal(told, now))
        return FALSE;
    if (!is_of_leaving(now->standing))
        return TRUE;
    if (told->booking != now->booking || !meet(told->from_us, told->to_us, now->from_us, now->to_us))
        return FALSE;
    for (guint i = 0; i < n; i++)
        if (bookings[i].id == now->booking && bookings[i].held_from_us > told->to_us)
            return FALSE;
    return TRUE;
}

static gboolean ending_was_told(const struct belief_booking *booking,
                                const struct belief_report *ending, const struct belief_statement *told,
                                guint n_told) {
    for (guint i = 0; i < n_told; i++)
        if (told[i].kind == ending->kind && told[i].booking == booking->id &&
            meet(told[i].from_us, told[i].to_us, ending->from_us, ending->to_us))
            return TRUE;
    return FALSE;
}

static gboolean some_over_was_never_told(const struct belief_statement *told, guint n_told,
                                         const struct belief_booking *bookings, guint n) {
    for (guint i = 0; i < n; i++)
        for (guint j = 0; j < bookings[i].n_reports; j++)
            if (bookings[i].reports[j].fate == FATE_OVER &&
                !ending_was_told(&bookings[i], &bookings[i].reports[j], told, n_told))
                return TRUE;
    return FALSE;
}

/* To begin with, told is unknown. */
gboolean second_is_owed(const struct belief_statement *told, guint n_told,
                        const struct belief_statement *now, const struct belief_booking *bookings,
                        guint n, gboolean asked_for_all) {
    static const struct belief_statement unknown = {.standing = STANDING_UNKNOWN,
                                                    .kind = CUSTODY_N_KINDS};
    const struct belief_statement *last = n_told > 0 ? &told[n_told - 1] : &unknown;
    if (some_over_was_never_told(told, n_told, bookings, n))
        return TRUE;
    gboolean is_same = second_is_same(last, now, bookings, n);
    if (asked_for_all)
        return !is_same;
    if (is_of_leaving(now->standing))
        return !is_same;
    return is_of_leaving(last->standing) || (last->is_unclear && !is_same);
}
