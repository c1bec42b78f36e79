/* Every short history: all sequences of things that can be said of two bookings of one person by two
 * sources, each in every order of arrival. The believed must agree with the second implementation, and
 * what is told with what is believed.
 *
 * TOCSIN_HISTORIES says how many letters of the alphabet are used: `quick` (usual), `all`, `most`. */
#include "custody/second.h"

#include <stdio.h>
#include <string.h>

#define MOST 4       /* things said */
#define N_BOOKINGS 2 /* of one person */
#define STEP_US 100  /* between two things said */
#define MOST_TOLD 24

static const struct belief_source sources[] = {{80}, {150}};
#define N_SOURCES G_N_ELEMENTS(sources)

/* ── The alphabet ──────────────────────────────────────────────────────────────────────────────── */

enum what { EVENT, CORRECTION, REPEAT, LIST };

struct letter {
    enum what what;
    guint booking, source;
    enum custody_kind kind;
    gboolean is_within, is_doubtful, is_at_once; /* said together with what stands before it */
    guint time;                                  /* a place in `times` */
    guint names;                                 /* position + 1; 0: none */
    gboolean shows[2];                           /* of a list: each booking */
};

static const struct {
    const char *name;
    gint64 from_us, to_us;
} times[] = {{"before", 50, 50},     {"between", 150, 150},
             {"after", 250, 250},    {"unknown", G_MININT64, G_MININT64},
             {"by day", 100, 199},   {"just then", 100, 100},
             {"until then", 50, 100}};

static const struct {
    enum custody_kind kind;
    gboolean is_within;
} kinds[] = {{CUSTODY_RELEASED, FALSE},    {CUSTODY_BOOKED, FALSE},  {CUSTODY_TRANSFERRED, TRUE},
             {CUSTODY_TRANSFERRED, FALSE}, {CUSTODY_DIED, FALSE},    {CUSTODY_TEMPORARY_ABSENCE, FALSE},
             {CUSTODY_RETURNED, FALSE},    {CUSTODY_ESCAPED, FALSE}, {CUSTODY_RECAPTURED, FALSE}};

struct alphabet {
    struct letter letters[256];
    guint n;
};

static void add(struct alphabet *a, struct letter letter) {
    g_assert_cmpuint(a->n, <, G_N_ELEMENTS(a->letters));
    a->letters[a->n++] = letter;
}

static void add_events(struct alphabet *a, guint booking, guint source, guint n_kinds, guint n_times) {
    for (guint k = 0; k < n_kinds; k++)
        for (guint t = 0; t < n_times; t++)
            add(a, (struct letter){.what = EVENT,
                                   .booking = booking,
                                   .source = source,
                                   .kind = kinds[k].kind,
                                   .is_within = kinds[k].is_within,
                                   .time = t});
}

static void add_correction(struct alphabet *a, guint booking, guint source, guint names) {
    add(a, (struct letter){.what = CORRECTION,
                           .booking = booking,
                           .source = source,
                           .kind = CUSTODY_CORRECTED,
                           .names = names});
}

static void add_others(struct alphabet *a, guint booking) {
    add(a, (struct letter){.what = EVENT,
                           .booking = booking,
                           .kind = CUSTODY_RELEASED,
                           .is_doubtful = TRUE,
                           .time = 1});
    for (guint names = 0; names <= 3; names++)
        add_correction(a, booking, 0, names);
    add(a, (struct letter){
               .what = CORRECTION, .booking = booking, .kind = CUSTODY_CORRECTED, .is_at_once = TRUE});
    add_correction(a, booking, 1, 0);
    add_correction(a, booking, 1, 1);
    for (guint doubtful = 0; doubtful < 2; doubtful++)
        add(a, (struct letter){.what = REPEAT, .booking = booking, .is_doubtful = doubtful});
}

/* Those of the first booking stand first, so that one of the two can be fixed. */
static struct alphabet alphabet_of(guint n_kinds, guint n_times) {
    struct alphabet a = {.n = 0};
    for (guint booking = 0; booking < N_BOOKINGS; booking++) {
        add_events(&a, booking, 0, n_kinds, n_times);
        add_events(&a, booking, 1, MIN(n_kinds, 4), n_times);
        add_others(&a, booking);
    }
    for (guint source = 0; source < N_SOURCES; source++)
        for (guint shows = 0; shows < 4; shows++)
            for (guint doubtful = 0; doubtful <= (shows == 0 || shows == 3); doubtful++)
                add(&a, (struct letter){.what = LIST,
                                        .source = source,
                                        .is_doubtful = doubtful,
                                        .shows = {shows & 1, shows >> 1}});
    return a;
}

/* ── A history ─────────────────────────────────────────────────────────────────────────────────── */

/* What was said of one booking, by some of a history's letters. */
struct said {
    struct belief_report reports[MOST];
    struct belief_list lists[MOST];
    guint n_reports, n_lists;
};

struct view {
    struct said said[N_BOOKINGS];
    struct belief_booking bookings[N_BOOKINGS];
    struct belief_statement statement;
};

struct history {
    const struct letter *letters[MOST];
    guint n;
    struct view views[1 << MOST]; /* by the set of what has arrived */
};

static void print_history(const struct history *h) {
    for (guint i = 0; i < h->n; i++) {
        const struct letter *l = h->letters[i];
        if (l->what == LIST)
            fprintf(stderr, "# %u: list of source %u%s shows %s%s\n", (i + 1) * STEP_US, l->source,
                    l->is_doubtful ? ", doubtful," : "", l->shows[0] ? "0" : "",
                    l->shows[1] ? "1" : "");
        else if (l->what == REPEAT)
            fprintf(stderr, "# %u: the first thing said, again, of booking %u\n", (i + 1) * STEP_US,
                    l->booking);
        else
            fprintf(stderr, "# %u: %s%s%s, %s, of booking %u by source %u, names %u\n",
                    (i + !l->is_at_once) * STEP_US, custody_kind_name(l->kind),
                    l->is_within ? " within" : "", l->is_doubtful ? " doubtful" : "",
                    times[l->time].name, l->booking, l->source, l->names);
    }
}

static void print_statement(const char *who, const struct belief_statement *s) {
    fprintf(stderr, "# %s: %s %s booking %d [%" G_GINT64_FORMAT " %" G_GINT64_FORMAT "]%s%s, %u hold\n",
            who, custody_standing_name(s->standing),
            s->kind < CUSTODY_N_KINDS ? custody_kind_name(s->kind) : "-", (int)s->booking, s->from_us,
            s->to_us, s->is_doubtful ? " doubtful" : "", s->is_unclear ? " unclear" : "", s->n_holders);
}

G_NORETURN static void fails(const struct history *h, const char *why) {
    print_history(h);
    print_statement("believed", &h->views[(1 << h->n) - 1].statement);
    g_error("%s", why);
}

static void say(struct said *said, const struct history *h, guint position, guint booking) {
    const struct letter *l = h->letters[position];
    const gint64 at_us = (position + !l->is_at_once) * STEP_US;
    if (l->what == LIST) {
        said->lists[said->n_lists++] =
            (struct belief_list){l->source, at_us, l->shows[booking], l->is_doubtful};
        return;
    }
    if (l->booking != booking)
        return;
    guint64 id = l->source == 0 ? position + 1 : 0; /* the second source gives no ids */
    gboolean is_doubtful = l->is_doubtful;
    if (l->what == REPEAT) {
        l = h->letters[0];
        is_doubtful |= l->is_doubtful;
        if (l->what != EVENT)
            return;
        id = l->source == 0 ? 1 : 0;
    }
    said->reports[said->n_reports++] = (struct belief_report){.source = l->source,
                                                              .id = id,
                                                              .names = l->names,
                                                              .from_us = times[l->time].from_us,
                                                              .to_us = times[l->time].to_us,
                                                              .observed_at_us = at_us,
                                                              .kind = l->kind,
                                                              .is_within = l->is_within,
                                                              .is_doubtful = is_doubtful};
}

static void hear(struct said *said, const struct history *h, guint arrived, guint booking) {
    said->n_reports = said->n_lists = 0;
    for (guint i = 0; i < h->n; i++)
        if (arrived >> i & 1)
            say(said, h, i, booking);
}

static void look(struct history *h, guint arrived) {
    struct view *v = &h->views[arrived];
    for (guint b = 0; b < N_BOOKINGS; b++) {
        hear(&v->said[b], h, arrived, b);
        v->bookings[b].id = b + 1;
        v->bookings[b].jail = b;
        belief_of_booking(sources, N_SOURCES, v->said[b].reports, v->said[b].n_reports,
                          v->said[b].lists, v->said[b].n_lists, &v->bookings[b]);
    }
    belief_of_person(v->bookings, N_BOOKINGS, &v->statement);
}

/* ── Two implementations, and any order of the set ─────────────────────────────────────────────── */

static gboolean is_alike(const struct belief_booking *a, const struct belief_booking *b) {
    return a->standing == b->standing && a->kind == b->kind && a->from_us == b->from_us &&
           a->to_us == b->to_us && a->observed_at_us == b->observed_at_us &&
           a->is_doubtful == b->is_doubtful && a->is_unclear == b->is_unclear &&
           a->has_death == b->has_death && a->held_from_us == b->held_from_us;
}

static gboolean is_alike_statement(const struct belief_statement *a, const struct belief_statement *b) {
    return a->standing == b->standing && a->kind == b->kind && a->booking == b->booking &&
           a->from_us == b->from_us && a->to_us == b->to_us && a->is_doubtful == b->is_doubtful &&
           a->is_unclear == b->is_unclear && a->n_holders == b->n_holders &&
           memcmp(a->holders, b->holders, sizeof a->holders) == 0;
}

static void compare_persons(const struct history *h, const struct belief_booking *bookings,
                            const struct belief_booking *second) {
    struct belief_statement believed, other;
    belief_of_person(bookings, N_BOOKINGS, &believed);
    second_of_person(second, N_BOOKINGS, &other);
    if (is_alike_statement(&believed, &other))
        return;
    print_statement("first", &believed);
    print_statement("second", &other);
    fails(h, "the two implementations do not believe the same of the person");
}

static void compare_with_second(const struct history *h) {
    const struct view *v = &h->views[(1 << h->n) - 1];
    struct view w;
    for (guint b = 0; b < N_BOOKINGS; b++) {
        hear(&w.said[b], h, (1 << h->n) - 1, b);
        w.bookings[b] = (struct belief_booking){.id = b + 1, .jail = b};
        second_of_booking(sources, N_SOURCES, w.said[b].reports, w.said[b].n_reports, w.said[b].lists,
                          w.said[b].n_lists, &w.bookings[b]);
        if (!is_alike(&v->bookings[b], &w.bookings[b])) {
            fprintf(stderr, "# booking %u: %s and %s\n", b,
                    custody_standing_name(v->bookings[b].standing),
                    custody_standing_name(w.bookings[b].standing));
            fails(h, "the two implementations do not believe the same of a booking");
        }
        for (guint i = 0; i < w.said[b].n_reports; i++) {
            const gboolean carries =
                v->said[b].reports[i].fate == FATE_CARRIES || v->said[b].reports[i].fate == FATE_STANDS;
            const gboolean too =
                w.said[b].reports[i].fate == FATE_CARRIES || w.said[b].reports[i].fate == FATE_STANDS;
            if (carries != too ||
                (!carries && v->said[b].reports[i].fate != w.said[b].reports[i].fate) ||
                v->said[b].reports[i].waits != w.said[b].reports[i].waits)
                fails(h, "the two implementations set other things aside");
        }
    }
    compare_persons(h, v->bookings, w.bookings);
    struct belief_booking bookings[N_BOOKINGS]; /* and were they of one jail */
    memcpy(bookings, v->bookings, sizeof bookings);
    for (guint b = 0; b < N_BOOKINGS; b++)
        bookings[b].jail = w.bookings[b].jail = 0;
    compare_persons(h, bookings, w.bookings);
}

static void compare_turned(const struct history *h) {
    for (guint b = 0; b < N_BOOKINGS; b++) {
        const struct view *v = &h->views[(1 << h->n) - 1];
        struct said said = v->said[b];
        struct belief_booking booking = {.id = b + 1};
        for (guint i = 0; i < said.n_reports; i++)
            said.reports[i] = v->said[b].reports[said.n_reports - 1 - i];
        belief_of_booking(sources, N_SOURCES, said.reports, said.n_reports, said.lists, said.n_lists,
                          &booking);
        if (!is_alike(&booking, &v->bookings[b]))
            fails(h, "the order of the set matters");
    }
}

/* ── What is told ──────────────────────────────────────────────────────────────────────────────── */

struct told {
    struct belief_statement said[MOST_TOLD];
    guint n;
};

static void tell(struct told *told, const struct belief_statement *statement) {
    g_assert_cmpuint(told->n, <, MOST_TOLD);
    told->said[told->n++] = *statement;
}

/* Endings that are over ride along, each once. */
static void tell_what_is_over(struct told *told, const struct view *v) {
    for (guint b = 0; b < N_BOOKINGS; b++)
        for (guint i = 0; i < v->said[b].n_reports; i++) {
            const struct belief_report *r = &v->said[b].reports[i];
            const struct belief_statement over = {.standing = STANDING_OUT,
                                                  .kind = r->kind,
                                                  .booking = b + 1,
                                                  .from_us = r->from_us,
                                                  .to_us = r->to_us};
            if (r->fate == FATE_OVER && !belief_was_told(&v->bookings[b], r, told->said, told->n))
                tell(told, &over);
        }
}

static gboolean is_owed(const struct told *told, const struct view *v, gboolean all) {
    return belief_is_owed(told->said, told->n, &v->statement, v->bookings, N_BOOKINGS, all);
}

static void arrive(const struct history *h, struct told *told, const struct view *v, gboolean all) {
    const gboolean owed = is_owed(told, v, all);
    if (owed != second_is_owed(told->said, told->n, &v->statement, v->bookings, N_BOOKINGS, all))
        fails(h, "the two implementations do not owe the same");
    if (!owed)
        return;
    tell_what_is_over(told, v);
    tell(told, &v->statement);
    if (is_owed(told, v, all))
        fails(h, "what was told is owed again");
}

static void check_told(const struct history *h, const struct told *told, gboolean all) {
    static const struct belief_statement nothing = {.kind = CUSTODY_N_KINDS};
    const struct view *v = &h->views[(1 << h->n) - 1];
    const struct belief_statement *last = told->n ? &told->said[told->n - 1] : &nothing;
    if ((all || belief_is_leaving(&v->statement)) &&
        !belief_is_same(last, &v->statement, v->bookings, N_BOOKINGS))
        fails(h, "the last thing told is not what is believed");
    if (!belief_is_leaving(&v->statement) && belief_is_leaving(last))
        fails(h, "told that they are out, and they are believed in");
    for (guint b = 0; b < N_BOOKINGS; b++)
        for (guint i = 0; i < v->said[b].n_reports; i++)
            if (v->said[b].reports[i].fate == FATE_OVER &&
                !belief_was_told(&v->bookings[b], &v->said[b].reports[i], told->said, told->n))
                fails(h, "an ending that is over was told to nobody");
}

static void arrive_in_order(const struct history *h, const guint *order) {
    for (guint all = 0; all < 2; all++) {
        struct told told;
        guint arrived = 0;
        told.n = 0;
        for (guint i = 0; i < h->n; i++) {
            arrived |= 1u << order[i];
            arrive(h, &told, &h->views[arrived], all);
        }
        check_told(h, &told, all);
    }
}

/* Every order, each made of the last by one exchange (Heap). */
static guint64 arrive_in_every_order(const struct history *h, guint *order, guint n) {
    if (n <= 1) {
        arrive_in_order(h, order);
        return 1;
    }
    guint64 histories = 0;
    for (guint i = 0; i < n; i++) {
        histories += arrive_in_every_order(h, order, n - 1);
        guint *other = n % 2 ? &order[0] : &order[i];
        const guint last = order[n - 1];
        order[n - 1] = *other;
        *other = last;
    }
    return histories;
}

/* ── Laws: that we are right, not only consistent ──────────────────────────────────────────────── */

static gboolean is_leaving_kind(const struct belief_report *r) {
    return r->kind == CUSTODY_RELEASED || r->kind == CUSTODY_ESCAPED || r->kind == CUSTODY_DIED ||
           (r->kind == CUSTODY_TRANSFERRED && !r->is_within);
}

static gboolean is_holding_kind(const struct belief_report *r) {
    return r->kind == CUSTODY_BOOKED || r->kind == CUSTODY_RECAPTURED || r->kind == CUSTODY_RETURNED ||
           (r->kind == CUSTODY_TRANSFERRED && r->is_within);
}

/* The report of a history's last letter, if it is the only thing said of its booking that could stand
 * against it. */
static const struct belief_report *last_said(const struct history *h, const struct view *v) {
    const struct letter *l = h->letters[h->n - 1];
    if (l->what != EVENT || l->is_doubtful)
        return NULL;
    const struct said *said = &v->said[l->booking];
    return &said->reports[said->n_reports - 1];
}

/* Nothing said names the last letter, or takes back without a name. */
static gboolean is_taken_back(const struct history *h) {
    for (guint i = 0; i < h->n; i++)
        if (h->letters[i]->what == CORRECTION &&
            (!h->letters[i]->names || h->letters[i]->names == h->n))
            return TRUE;
    return FALSE;
}

/* 1: the newest ending in both clocks ends; also when its time is unknown or cannot be. */
static void newest_ending_ends(const struct history *h, const struct view *v) {
    const struct belief_report *e = last_said(h, v);
    if (!e || !is_leaving_kind(e) || is_taken_back(h))
        return;
    const struct letter *l = h->letters[h->n - 1];
    const struct said *said = &v->said[l->booking];
    for (guint i = 0; i + 1 < said->n_reports; i++)
        if (said->reports[i].from_us > e->from_us && times[l->time].from_us != G_MININT64 &&
            times[l->time].from_us <= (gint64)h->n * STEP_US)
            return; /* not the newest in time */
    const enum custody_standing standing = v->bookings[l->booking].standing;
    if (standing != STANDING_OUT && standing != STANDING_DEAD && standing != STANDING_ELSEWHERE)
        fails(h, "the newest ending does not end");
    if (e->kind == CUSTODY_DIED && standing != STANDING_DEAD)
        fails(h, "a death is worded otherwise");
}

/* 2: the newest holding in both clocks holds. */
static void newest_holding_holds(const struct history *h, const struct view *v) {
    const struct belief_report *r = last_said(h, v);
    if (!r || !is_holding_kind(r) || is_taken_back(h) || r->from_us == G_MININT64)
        return;
    const struct said *said = &v->said[h->letters[h->n - 1]->booking];
    for (guint i = 0; i + 1 < said->n_reports; i++)
        if (said->reports[i].to_us >= r->from_us)
            return;
    for (guint i = 0; i < said->n_lists; i++)
        if (said->lists[i].shows && said->lists[i].made_at_us >= r->from_us)
            return; /* off the list since: not the newest in time */
    if (v->bookings[h->letters[h->n - 1]->booking].standing != STANDING_HELD)
        fails(h, "the newest holding does not hold");
}

/* 3: a report and its correction, said last, change nothing. */
static void taken_back_is_as_never_said(const struct history *h, const struct view *v) {
    const struct letter *l = h->letters[h->n - 1];
    if (l->what != CORRECTION || l->source != 0 || !l->names || l->names >= h->n)
        return;
    const struct letter *named = h->letters[l->names - 1];
    if (named->what != EVENT || named->source != 0 || named->booking != l->booking)
        return;
    for (guint i = 0; i + 1 < h->n; i++)
        if (h->letters[i]->what == CORRECTION || h->letters[i]->what == REPEAT)
            return;
    const guint without = ((1u << h->n) - 1) & ~(1u << (l->names - 1)) & ~(1u << (h->n - 1));
    if (!is_alike(&v->bookings[l->booking], &h->views[without].bookings[l->booking]))
        fails(h, "a report and its correction change something");
}

/* 3, and 8: an unnamed correction takes back at most one; every ending has one fate. */
static void every_ending_has_a_fate(const struct history *h, const struct view *v) {
    guint n_corrections = 0, n_gone = 0;
    gboolean is_named = FALSE, is_repeated = FALSE;
    for (guint i = 0; i < h->n; i++) {
        n_corrections += h->letters[i]->what == CORRECTION;
        is_named |= h->letters[i]->names != 0;
        is_repeated |= h->letters[i]->what == REPEAT || h->letters[i]->source != 0;
    }
    for (guint b = 0; b < N_BOOKINGS; b++) {
        guint n_carry = 0;
        for (guint i = 0; i < v->said[b].n_reports; i++) {
            const struct belief_report *r = &v->said[b].reports[i];
            if ((r->fate != FATE_NONE) != is_leaving_kind(r))
                fails(h, "an ending without a fate");
            n_carry += r->fate == FATE_CARRIES;
            n_gone += r->fate == FATE_TAKEN_BACK;
            if (r->fate == FATE_CARRIES && r->kind != v->bookings[b].kind)
                fails(h, "another ending carries what is believed");
        }
        const enum custody_standing standing = v->bookings[b].standing;
        if ((n_carry == 1) != (standing >= STANDING_ELSEWHERE) || n_carry > 1)
            fails(h, "what is believed is carried by nothing, or by two");
    }
    if (!is_named && !is_repeated && n_gone > n_corrections)
        fails(h, "an unnamed correction takes back more than one");
}

/* 6: held anywhere is held; out is never said of somebody who is moved, or on another's strength. */
static void held_anywhere_is_held(const struct history *h, const struct view *v) {
    const struct belief_statement *s = &v->statement;
    gboolean held = FALSE, died = FALSE, same = FALSE;
    for (guint b = 0; b < N_BOOKINGS; b++) {
        held |= v->bookings[b].standing == STANDING_HELD || v->bookings[b].standing == STANDING_AWAY;
        died |= v->bookings[b].has_death;
        same |= v->bookings[b].standing == s->standing && v->bookings[b].kind == s->kind &&
                v->bookings[b].from_us == s->from_us && v->bookings[b].to_us == s->to_us;
    }
    if (held != (s->standing == STANDING_HELD || s->standing == STANDING_AWAY))
        fails(h, "held on a booking, and not said to be held");
    if (died && !held && s->standing != STANDING_DEAD)
        fails(h, "a death is worded otherwise");
    if (died && held && !s->is_unclear)
        fails(h, "a death is worded as if it were none");
    if (belief_is_leaving(s) && !same)
        fails(h, "said on the strength of another booking");
}

/* 10, and support: a release is said only by who said it; gone only where a list has them no more. */
static void only_what_was_said_is_said(const struct history *h, const struct view *v) {
    for (guint b = 0; b < N_BOOKINGS; b++) {
        const struct belief_booking *booking = &v->bookings[b];
        gboolean is_said = FALSE, was_listed = FALSE, is_off = FALSE;
        for (guint i = 0; i < v->said[b].n_reports; i++)
            is_said |= v->said[b].reports[i].kind == booking->kind && !v->said[b].reports[i].is_removed;
        for (guint i = 0; i < v->said[b].n_lists; i++) {
            was_listed |= v->said[b].lists[i].shows;
            is_off |= was_listed && !v->said[b].lists[i].shows;
        }
        if (booking->standing >= STANDING_ELSEWHERE && !is_said)
            fails(h, "nobody said what is believed");
        if (booking->standing == STANDING_GONE && !is_off)
            fails(h, "gone, and no list has them no more");
    }
}

/* 7: away is seen: an absence said last, of somebody who is in, is believed. */
static void away_is_seen(const struct history *h, const struct view *v) {
    const struct belief_report *r = last_said(h, v);
    const guint before = (1u << (h->n - 1)) - 1;
    const struct letter *l = h->letters[h->n - 1];
    if (!r || r->kind != CUSTODY_TEMPORARY_ABSENCE || is_taken_back(h) ||
        h->views[before].bookings[l->booking].standing != STANDING_HELD)
        return;
    const struct said *said = &v->said[l->booking];
    for (guint i = 0; i + 1 < said->n_reports; i++)
        if (is_holding_kind(&said->reports[i]) && said->reports[i].from_us > r->to_us)
            return;
    if (v->bookings[l->booking].standing != STANDING_AWAY)
        fails(h, "an absence is not seen");
}

/* ── All histories ─────────────────────────────────────────────────────────────────────────────── */

static guint64 judge(struct history *h) {
    guint order[MOST];
    for (guint arrived = 0; arrived < 1u << h->n; arrived++)
        look(h, arrived);
    const struct view *v = &h->views[(1 << h->n) - 1];
    compare_with_second(h);
    compare_turned(h);
    newest_ending_ends(h, v);
    newest_holding_holds(h, v);
    taken_back_is_as_never_said(h, v);
    every_ending_has_a_fate(h, v);
    held_anywhere_is_held(h, v);
    only_what_was_said_is_said(h, v);
    away_is_seen(h, v);
    for (guint i = 0; i < h->n; i++)
        order[i] = i;
    return arrive_in_every_order(h, order, h->n);
}

/* The first letter that is of one booking only is of the first: the two bookings are alike. */
static guint64 judge_all(const struct alphabet *a, guint length) {
    static struct history h;
    guint at[MOST] = {0};
    guint64 n = 0;
    h.n = length;
    for (;;) {
        for (guint i = 0; i < length; i++)
            h.letters[i] = &a->letters[at[i]];
        if (h.letters[0]->what == LIST || h.letters[0]->booking == 0)
            n += judge(&h);
        guint i = length;
        while (i > 0 && ++at[i - 1] == a->n)
            at[--i] = 0;
        if (i == 0)
            return n;
    }
}

static void every_short_history(gconstpointer data) {
    static const struct {
        guint length, n_kinds, n_times;
    } tiers[3][3] = {
        {{1, 9, 7}, {2, 9, 7}, {3, 4, 4}},
        {{2, 9, 7}, {3, 9, 7}, {4, 3, 2}},
        {{2, 9, 7}, {3, 9, 7}, {4, 4, 5}},
    };
    const guint tier = GPOINTER_TO_UINT(data);
    const gint64 began = g_get_monotonic_time();
    guint64 n = 0;
    for (guint i = 0; i < G_N_ELEMENTS(tiers[tier]); i++) {
        const struct alphabet a = alphabet_of(tiers[tier][i].n_kinds, tiers[tier][i].n_times);
        const guint64 some = judge_all(&a, tiers[tier][i].length);
        g_test_message("%u letters, %u at a time: %" G_GUINT64_FORMAT " histories", a.n,
                       tiers[tier][i].length, some);
        n += some;
    }
    const double seconds = (double)(g_get_monotonic_time() - began) / G_USEC_PER_SEC;
    g_test_message("%" G_GUINT64_FORMAT " histories, %.1f s, %.0f a second", n, seconds,
                   (double)n / seconds);
    g_assert_cmpuint(n, >, 1000000);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    const char *wanted = g_getenv("TOCSIN_HISTORIES");
    const guint tier = !wanted                       ? 0
                       : g_str_equal(wanted, "all")  ? 1
                       : g_str_equal(wanted, "most") ? 2
                                                     : 0;
    g_test_add_data_func("/belief/histories", GUINT_TO_POINTER(tier), every_short_history);
    return g_test_run();
}
