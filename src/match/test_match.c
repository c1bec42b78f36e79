/* Every short history on the way it really takes: a record or a list through custody/booking.c, what is
 * believed since through match_news to six people who asked for different kinds. The store and owe/
 * stand here in memory, as they keep and read back. What was told is held against the fold of all that
 * was said (custody/belief.h), which neither the store nor the bookings had a hand in.
 *
 * A history is a sequence in the order of arrival; each beginning of one is judged, too.
 * TOCSIN_HISTORIES says how many letters of the alphabet are used: `quick` (usual), `all`, `most`. */
#include "match/match.h"

#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "base/time.h"
#include "custody/booking.h"

#define MOST 6         /* letters */
#define MOST_EVENTS 20 /* that they make */
#define N_BOOKINGS 2   /* of one person */
#define STEP_US (10 * HOUR_US)

static const gint64 start = G_GINT64_CONSTANT(1746446400000000); /* 2025-05-05T12:00Z */
static const char *const keys[N_BOOKINGS] = {"b1", "b2"};

/* Two intervals: shorter and longer than the time between two letters. */
static struct feed_mapping *mappings[2], *mapping;

/* ── The alphabet ──────────────────────────────────────────────────────────────────────────────── */

enum what { EVENT, LIST, HELD_LIST };
enum row { ROW_NONE, ROW_IN, ROW_RELEASED, ROW_AWAY, N_ROWS };

struct letter {
    enum what what;
    guint booking;
    const char *feed, *id, *names; /* of an event; `names`: what a correction takes back */
    enum custody_kind kind;
    gboolean is_within, is_unclear;
    guint time;                /* a place in `times` */
    enum row rows[N_BOOKINGS]; /* of a list */
};

/* In steps from the start; the n-th letter arrives at n. */
static const struct {
    const char *name;
    gint64 from_us, to_us;
} times[] = {{"before", STEP_US / 2, STEP_US / 2},
             {"unknown", TIME_UNKNOWN, TIME_UNKNOWN},
             {"between", 3 * STEP_US / 2, 3 * STEP_US / 2},
             {"by day", STEP_US, 2 * STEP_US - 1},
             {"after", 5 * STEP_US / 2, 5 * STEP_US / 2}};

static const struct {
    enum custody_kind kind;
    gboolean is_within;
} kinds[] = {
    {CUSTODY_RELEASED, FALSE},          {CUSTODY_BOOKED, FALSE},     {CUSTODY_DIED, FALSE},
    {CUSTODY_TRANSFERRED, FALSE},       {CUSTODY_TRANSFERRED, TRUE}, {CUSTODY_ESCAPED, FALSE},
    {CUSTODY_TEMPORARY_ABSENCE, FALSE}, {CUSTODY_RETURNED, FALSE},   {CUSTODY_RECAPTURED, FALSE}};

struct alphabet {
    struct letter letters[512];
    guint n;
};

static void add(struct alphabet *a, struct letter letter) {
    g_assert_cmpuint(a->n, <, G_N_ELEMENTS(a->letters));
    a->letters[a->n++] = letter;
}

static void add_events(struct alphabet *a, guint booking, const char *feed, const char *id,
                       guint n_kinds, guint n_times) {
    for (guint k = 0; k < n_kinds; k++)
        for (guint t = 0; t < n_times; t++)
            add(a, (struct letter){.booking = booking,
                                   .feed = feed,
                                   .id = id,
                                   .kind = kinds[k].kind,
                                   .is_within = kinds[k].is_within,
                                   .time = t});
}

static void add_correction(struct alphabet *a, guint booking, const char *feed, const char *id,
                           const char *names) {
    add(a, (struct letter){.booking = booking,
                           .feed = feed,
                           .id = id,
                           .names = names,
                           .kind = CUSTODY_CORRECTED,
                           .time = 1});
}

/* How much of the alphabet is used. */
struct size {
    guint length, n_kinds, n_times, n_ids, n_bookings, n_rows;
    gboolean has_second_feed, has_rare;
};

static void add_booking(struct alphabet *a, const struct size *s, guint booking) {
    static const char *const ids[N_BOOKINGS][2] = {{"x1", "x2"}, {"y1", "y2"}};
    for (guint i = 0; i < s->n_ids; i++) {
        add_events(a, booking, "a", ids[booking][i], s->n_kinds, s->n_times);
        add_correction(a, booking, "a", i ? "c2" : "c1", ids[booking][i]);
    }
    if (s->has_second_feed)
        add_events(a, booking, "b", NULL, MIN(s->n_kinds, 6), s->n_times);
    add_correction(a, booking, s->has_second_feed ? "b" : "a", NULL, NULL);
    if (!s->has_rare)
        return;
    add_correction(a, booking, "a", "c3", "c1");
    add_correction(a, booking, "a", "c4", ids[!booking][0]); /* of the other booking */
    add(a, (struct letter){.booking = booking,
                           .feed = "b",
                           .kind = CUSTODY_STATUS_CHANGED,
                           .is_unclear = TRUE,
                           .time = 1});
}

/* Those of the first booking stand first. */
static struct alphabet alphabet_of(const struct size *s) {
    struct alphabet a = {.n = 0};
    for (guint booking = 0; booking < s->n_bookings; booking++)
        add_booking(&a, s, booking);
    for (enum row first = ROW_NONE; first < s->n_rows; first++)
        for (enum row second = ROW_NONE; second < (s->n_bookings > 1 ? s->n_rows : 1); second++)
            add(&a, (struct letter){.what = LIST, .rows = {first, second}});
    if (s->has_rare && s->n_rows)
        for (guint shows = 0; shows < 4; shows++)
            add(&a, (struct letter){.what = HELD_LIST, .rows = {shows & 1, shows >> 1}});
    return a;
}

/* ── Who asked ─────────────────────────────────────────────────────────────────────────────────── */

#define KINDS_ALL ((KIND_BIT(CUSTODY_N_KINDS) - 1) & ~KIND_BIT(CUSTODY_AS_KNOWN))
#define KINDS_ENDING (KINDS_OUT | KIND_BIT(CUSTODY_TRANSFERRED))

enum who { ALL, ENDINGS, DEATHS, NO_RELEASES, ONE_BOOKING, ENDED, N_PEOPLE };

static const char *const people[] = {
    "all", "endings", "deaths", "all but releases", "the first booking", "ended"};

static struct watch_registration registration_of(enum who who) {
    static const custody_kinds asked[] = {
        KINDS_ALL, KINDS_ENDING, KIND_BIT(CUSTODY_DIED), KINDS_ALL & ~KIND_BIT(CUSTODY_RELEASED),
        KINDS_ALL, KINDS_ALL};
    return (struct watch_registration){.kinds = asked[who],
                                       .booking_key = who == ONE_BOOKING ? keys[0] : NULL,
                                       .confirmed_at_us = start,
                                       .expires_at_us = start + 100 * DAY_US,
                                       .ended_at_us = who == ENDED ? start : TIME_UNKNOWN};
}

/* ── What is kept ──────────────────────────────────────────────────────────────────────────────── */

struct kept { /* a row of the store's events */
    struct custody_event event;
    const char *feed, *source_key;
    gint64 booking_id;
    struct belief_statement state; /* of who was told */
};

struct said { /* of a booking: what the fold is made of */
    struct belief_report reports[MOST];
    gint events[MOST]; /* the event that each became; −1: none */
    struct belief_list lists[MOST + 1];
    guint n_reports, n_lists;
    gint row; /* the report that its row makes; −1: none */
};

struct world {
    struct custody_booking bookings[N_BOOKINGS]; /* id 0: not known */
    gboolean has_roster[N_BOOKINGS];
    gint64 newest_id, list_at_us;
    struct kept kept[MOST_EVENTS];
    guint n_kept;
    guint8 alerts[N_PEOPLE][MOST_EVENTS]; /* places in `kept` */
    guint n_alerts[N_PEOPLE];
    struct said said[N_BOOKINGS];
    const struct letter *letters[MOST];
    guint n_letters, beginning;
    gboolean has_hidden;  /* a vanishing, under another booking */
    gboolean has_id_anew; /* an id of its kind, after a correction without a name */
    gint64 now_us;
};

static guint64 n_histories;

/* What is not told, or not so, and why that is as it should be, or is known. */
enum excuse {
    TOLD_AS_UNCLEAR,
    BESIDE_A_DEATH,
    MOVED_AND_OUT,
    ONE_OF_ITS_KIND,
    HIDDEN,
    AWAY_AGAIN,
    ID_USED_ANEW,
    ID_OF_TWO,
    N_EXCUSES
};
static const char *const excuses[] = {"told as unclear by itself",
                                      "an ending of who is told dead",
                                      "moved, of who is told out",
                                      "an ending while one of its kind is told",
                                      "another booking holds, and one vanished without a word",
                                      "off the list, and its row says away as before",
                                      "an id came anew after a correction without a name: another "
                                      "kind, not walked, or told by the next report",
                                      "an id said two things, and both are taken back"};
static guint64 excused[N_EXCUSES];

/* ── Words ─────────────────────────────────────────────────────────────────────────────────────── */

static void print_letter(guint at, const struct letter *l) {
    static const char *const rows[] = {"not", "in", "released", "away"};
    if (l->what != EVENT)
        fprintf(stderr, "# %u: list%s: b1 %s, b2 %s\n", at, l->what == HELD_LIST ? " that is held" : "",
                rows[l->rows[0]], rows[l->rows[1]]);
    else
        fprintf(stderr, "# %u: %s %s: %s%s%s, %s, id %s%s%s\n", at, l->feed, keys[l->booking],
                custody_kind_name(l->kind), l->is_within ? " within" : "",
                l->is_unclear ? " unclear" : "", times[l->time].name, l->id ? l->id : "-",
                l->names ? ", names " : "", l->names ? l->names : "");
}

static double steps(gint64 at_us) {
    return at_us == TIME_UNKNOWN ? -99 : (double)(at_us - start) / STEP_US;
}

static void print_statement(const char *who, const struct belief_statement *s) {
    fprintf(stderr, "#     %s: %s %s booking %d [%g %g]%s%s, %u hold\n", who,
            custody_standing_name(s->standing),
            s->kind < CUSTODY_N_KINDS ? custody_kind_name(s->kind) : "-", (int)s->booking,
            steps(s->from_us), steps(s->to_us), s->is_doubtful ? " doubtful" : "",
            s->is_unclear ? " unclear" : "", s->n_holders);
}

static void print_booking(const char *how, const struct belief_booking *b) {
    fprintf(stderr, "#     %s: booking %d %s [%g %g] of %g, held from %g%s%s%s\n", how, (int)b->id,
            custody_standing_name(b->standing), steps(b->from_us), steps(b->to_us),
            steps(b->observed_at_us), steps(b->held_from_us), b->is_doubtful ? " doubtful" : "",
            b->is_unclear ? " unclear" : "", b->has_death ? " death" : "");
}

static guint told_to(const struct world *w, guint who, struct belief_statement *told);

static void print_world(const struct world *w, guint who) {
    struct belief_statement told[2 * MOST_EVENTS];
    fprintf(stderr, "# interval %g, beginning %u\n", (double)mapping->interval_us / STEP_US,
            w->beginning);
    for (guint i = 0; i < w->n_letters; i++)
        print_letter(i + 1, w->letters[i]);
    for (guint i = 0; i < w->n_kept; i++)
        fprintf(stderr, "#   event %u: %s of booking %d%s%s%s%s\n", i,
                custody_kind_name(w->kept[i].event.kind), (int)w->kept[i].booking_id,
                w->kept[i].event.is_late ? " late" : "", w->kept[i].event.waits ? " waits" : "",
                w->kept[i].event.is_taken_back ? " taken back" : "",
                w->kept[i].event.has_corrects ? " corrects" : "");
    if (who >= N_PEOPLE)
        return;
    for (guint i = 0; i < w->n_alerts[who]; i++)
        fprintf(stderr, "#   %s told of event %u\n", people[who], w->alerts[who][i]);
    const guint n = told_to(w, who, told);
    for (guint i = 0; i < n; i++)
        print_statement("told", &told[i]);
}

G_NORETURN static void fails(const struct world *w, guint who, const struct belief_statement *now,
                             const char *why) {
    print_world(w, who);
    print_statement("believed", now);
    g_error("%s", why);
}

/* ── The store ─────────────────────────────────────────────────────────────────────────────────── */

static guint place_of(const struct world *w, gint64 booking_id) {
    return w->bookings[0].id == booking_id ? 0 : 1;
}

/* store/custody.c keeps no kind of a leaving: it is of what was told last. */
static struct belief_booking belief_kept(const struct custody_booking *b) {
    struct belief_booking belief = b->belief;
    const enum custody_standing standing = belief.standing;
    belief.kind = standing == STANDING_GONE                         ? CUSTODY_LEFT_ROSTER
                  : standing == STANDING_ELSEWHERE                  ? CUSTODY_TRANSFERRED
                  : standing == STANDING_DEAD                       ? CUSTODY_DIED
                  : standing != STANDING_OUT                        ? CUSTODY_N_KINDS
                  : b->has_event && b->last_kind == CUSTODY_ESCAPED ? CUSTODY_ESCAPED
                                                                    : CUSTODY_RELEASED;
    belief.id = b->id;
    return belief;
}

static void save(struct world *w, guint at, const struct custody_booking *next, gboolean is_listing) {
    const gint64 id = w->bookings[at].id;
    w->bookings[at] = *next;
    w->bookings[at].id = id ? id : ++w->newest_id;
    w->has_roster[at] |= is_listing;
}

/* NULL: not known. */
static const struct custody_booking *read_booking(const struct world *w, guint at,
                                                  struct custody_booking *b) {
    *b = w->bookings[at];
    b->newest_list_at_us = w->has_roster[at] ? w->list_at_us : TIME_UNKNOWN;
    b->list_interval_us = w->has_roster[at] ? mapping->interval_us : DAY_US;
    b->belief = belief_kept(b);
    return b->id ? b : NULL;
}

static struct custody_history *read_history(const struct world *w, guint at) {
    struct custody_history *history = custody_history_new();
    for (guint i = 0; i < w->n_kept; i++)
        if (w->kept[i].booking_id == w->bookings[at].id && w->kept[i].event.said != SAID_BY_US)
            custody_history_add(history, &w->kept[i].event, w->kept[i].feed, w->kept[i].source_key);
    return history;
}

/* In order of their ids. */
static guint read_beliefs(const struct world *w, struct belief_booking *beliefs) {
    guint n = 0;
    for (gint64 id = 1; id <= w->newest_id; id++)
        beliefs[n++] = belief_kept(&w->bookings[place_of(w, id)]);
    return n;
}

static gint find_event(const struct world *w, const guint8 *id) {
    for (guint i = 0; i < w->n_kept; i++)
        if (memcmp(w->kept[i].event.id, id, CUSTODY_EVENT_ID_BYTES) == 0)
            return (gint)i;
    return -1;
}

static gint find_source_key(const struct world *w, const char *feed, const char *key, gint64 booking) {
    gint at = -1;
    for (guint i = 0; i < w->n_kept; i++)
        if (g_strcmp0(w->kept[i].source_key, key) == 0 && g_str_equal(w->kept[i].feed, feed) &&
            (at < 0 || w->kept[i].booking_id == booking || w->kept[at].booking_id != booking))
            at = (gint)i;
    return at;
}

static gboolean was_alerted(const struct world *w, guint who, gint event) {
    for (guint i = 0; event >= 0 && i < w->n_alerts[who]; i++)
        if (w->alerts[who][i] == event)
            return TRUE;
    return FALSE;
}

static struct belief_statement ending_of(const struct kept *k) {
    const struct custody_event *e = &k->event;
    const gboolean has_time = e->occurred_at_us != TIME_UNKNOWN;
    return (struct belief_statement){.standing = e->kind == CUSTODY_DIED          ? STANDING_DEAD
                                                 : e->kind == CUSTODY_LEFT_ROSTER ? STANDING_GONE
                                                 : e->kind == CUSTODY_TRANSFERRED ? STANDING_ELSEWHERE
                                                                                  : STANDING_OUT,
                                     .kind = e->kind,
                                     .booking = k->booking_id,
                                     .from_us = e->occurred_at_us,
                                     .to_us = has_time ? e->occurred_to_us : e->observed_at_us,
                                     .is_doubtful = e->is_doubtful};
}

/* As store_told gives it; everything is sent. */
static guint told_to(const struct world *w, guint who, struct belief_statement *told) {
    guint n = 0;
    for (guint i = 0; i < w->n_alerts[who]; i++) {
        const struct kept *k = &w->kept[w->alerts[who][i]];
        if (k->event.kind == CUSTODY_STATUS_CHANGED)
            continue;
        const struct belief_statement ending = ending_of(k);
        if (custody_event_is_ending(&k->event) &&
            (k->state.kind != ending.kind || k->state.booking != ending.booking))
            told[n++] = ending;
        told[n++] = k->state;
    }
    return n;
}

/* ── Who is told: owe/owe.c ────────────────────────────────────────────────────────────────────── */

struct news {
    struct match_news match;
    guint event;    /* its place in `kept` */
    gint corrected; /* the event that it takes back; −1: none */
};

static const struct belief_statement nothing = {.kind = CUSTODY_N_KINDS};

/* Under a holding, or beside an ending of another kind: not of the dead, and of who is out it says no
 * more that they were moved, or are gone. */
static gboolean is_told_beside(const struct custody_event *e, const struct belief_statement *now) {
    return custody_event_is_ending(e) && !e->is_taken_back &&
           (!belief_is_leaving(now) ||
            (now->standing != STANDING_DEAD && e->kind != now->kind && e->kind != CUSTODY_LEFT_ROSTER &&
             (e->kind != CUSTODY_TRANSFERRED || now->standing == STANDING_GONE)));
}

static gboolean is_ending_told_first(const struct news *n, const struct kept *k,
                                     const struct belief_statement *told, guint n_told) {
    const struct belief_statement s = ending_of(k);
    const struct belief_report ending = {.kind = s.kind, .from_us = s.from_us, .to_us = s.to_us};
    const struct belief_booking booking = {.id = n->match.booking};
    return is_told_beside(&k->event, n->match.now) && !belief_was_told(&booking, &ending, told, n_told);
}

/* Nobody hears the same again, nor of what they did not ask for, but for what they rely on. */
static void check_alert(const struct world *w, const struct news *n, guint who,
                        const struct belief_statement *told, guint n_told) {
    const struct kept *k = &w->kept[n->event];
    const struct custody_event *e = &k->event;
    const struct belief_statement *now = n->match.now, *last = n_told ? &told[n_told - 1] : &nothing;
    const custody_kinds asked = registration_of((enum who)who).kinds;
    const gboolean is_same = belief_is_same(last, now, n->match.beliefs, n->match.n_beliefs);
    const gboolean by_itself = e->is_unclear || e->kind == CUSTODY_STATUS_CHANGED ||
                               (e->kind == CUSTODY_TRANSFERRED && e->is_within);
    const gboolean relied = (belief_is_leaving(last) || last->is_unclear) && !is_same;
    if (who == ENDED)
        fails(w, who, now, "told who ended it");
    if (e->is_taken_back && belief_kept(&w->bookings[place_of(w, n->match.booking)]).kind != e->kind)
        fails(w, who, now, "told in words of what was taken back");
    if (who == ONE_BOOKING && g_strcmp0(e->booking_key, keys[0]) != 0)
        fails(w, who, now, "told of another booking");
    if (is_same && !by_itself && !n->match.told_before && !is_ending_told_first(n, k, told, n_told))
        fails(w, who, now, "told the same again");
    if (!(asked & KIND_BIT(e->kind)) && !(belief_is_leaving(now) && (asked & KIND_BIT(now->kind))) &&
        !relied && !n->match.told_before && !(e->is_unclear && (asked & KINDS_OUT)))
        fails(w, who, now, "told of what they did not ask for");
}

static gboolean tell_one(struct world *w, struct news *n, guint who) {
    struct belief_statement told[2 * MOST_EVENTS];
    const struct watch_registration registration = registration_of((enum who)who);
    n->match.told_before = was_alerted(w, who, n->corrected);
    const guint n_told = told_to(w, who, told);
    if (match_news(&n->match, &registration, told, n_told, w->now_us) == MATCH_NONE)
        return FALSE;
    check_alert(w, n, who, told, n_told);
    w->alerts[who][w->n_alerts[who]++] = (guint8)n->event;
    return TRUE;
}

/* FALSE: it was recorded before. */
static gboolean keep(struct world *w, guint at, const struct custody_event *event, const char *feed,
                     const char *key) {
    if (find_event(w, event->id) >= 0)
        return FALSE;
    g_assert_cmpuint(w->n_kept, <, MOST_EVENTS);
    w->kept[w->n_kept++] = (struct kept){
        .event = *event, .feed = feed, .source_key = key, .booking_id = w->bookings[at].id};
    return TRUE;
}

/* Of the event at `event`, everybody. */
static void tell(struct world *w, guint event) {
    struct belief_booking beliefs[N_BOOKINGS];
    struct belief_statement now;
    struct kept *k = &w->kept[event];
    const guint n_beliefs = read_beliefs(w, beliefs);
    belief_of_person(beliefs, n_beliefs, &now);
    struct news n = {{&k->event, k->booking_id, &now, beliefs, n_beliefs, FALSE},
                     event,
                     k->event.has_corrects ? find_event(w, k->event.corrects) : -1};
    k->state = now;
    for (guint who = 0; who < N_PEOPLE; who++)
        tell_one(w, &n, who);
}

/* Who signs up. */
static void owe_as_known(struct world *w) {
    struct belief_booking beliefs[N_BOOKINGS];
    struct belief_statement now;
    const guint n = read_beliefs(w, beliefs);
    belief_of_person(beliefs, n, &now);
    if (now.standing == STANDING_UNKNOWN)
        return;
    w->kept[w->n_kept] = (struct kept){
        .event = {.kind = CUSTODY_AS_KNOWN}, .feed = "r", .booking_id = now.holders[0], .state = now};
    for (guint who = 0; who < N_PEOPLE; who++)
        w->alerts[who][w->n_alerts[who]++] = (guint8)w->n_kept;
    w->n_kept++;
}

/* ── What arrives: intake/load.c, intake/roster.c ──────────────────────────────────────────────── */

/* What a list made of a booking, told after all of it. */
struct untold {
    guint at, event; /* its place in `kept` */
};

struct listing {
    struct world *w;
    struct custody_source source;
    struct untold untold[8];
    guint n_untold;
    gboolean puts_off, is_baseline;
};

static struct custody_source source_of(const struct world *w, const char *feed) {
    static const char *const files[] = {"f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7"};
    const gboolean is_roster = *feed == 'r';
    return (struct custody_source){.feed = feed,
                                   .mapping = mapping,
                                   .observed_at_us = w->now_us,
                                   .content = is_roster ? files[w->n_letters] : NULL,
                                   .list_before_at_us = is_roster ? w->list_at_us : TIME_UNKNOWN};
}

static struct feed_record record_of(guint booking) {
    return (struct feed_record){.person_key = "7",
                                .booking_key = keys[booking],
                                .surname = "",
                                .given = "",
                                .middle = "",
                                .suffix = "",
                                .status = "",
                                .facility = feed_mapping_facility(mapping),
                                .admitted_at_us = TIME_UNKNOWN,
                                .occurred_at_us = TIME_UNKNOWN,
                                .occurred_to_us = TIME_UNKNOWN};
}

static void save_change(struct listing *l, guint at, const struct custody_booking *next,
                        const struct custody_event *event, gboolean is_listing) {
    const enum custody_standing other = l->w->bookings[!at].belief.standing;
    const gboolean is_hidden = event && event->kind == CUSTODY_BACK_ON_ROSTER && !event->has_corrects &&
                               l->w->bookings[!at].id &&
                               (other == STANDING_HELD || other == STANDING_AWAY);
    save(l->w, at, next, is_listing);
    l->w->bookings[at].has_event &= !is_hidden;
    if (!event || is_hidden || !keep(l->w, at, event, "r", NULL) || l->is_baseline)
        return;
    if (!l->puts_off) {
        tell(l->w, l->w->n_kept - 1);
        return;
    }
    struct untold *u = &l->untold[l->n_untold++];
    *u = (struct untold){.at = at, .event = l->w->n_kept - 1};
}

static void tell_untold(struct listing *l) {
    for (guint concluded = 0; concluded < 2; concluded++)
        for (guint i = 0; i < l->n_untold; i++) {
            const struct untold *u = &l->untold[i];
            if ((l->w->kept[u->event].event.said == SAID_BY_US) == (concluded == 1))
                tell(l->w, u->event);
        }
}

static void take_row(struct listing *l, guint at, enum row row) {
    struct custody_booking kept, next;
    struct custody_event event;
    const struct custody_booking *prior = read_booking(l->w, at, &kept);
    struct feed_record record = record_of(at);
    record.row = 1;
    if (row == ROW_RELEASED || row == ROW_AWAY) {
        record.has_action = TRUE;
        record.action = row == ROW_RELEASED ? CUSTODY_RELEASED : CUSTODY_TEMPORARY_ABSENCE;
        if (row == ROW_RELEASED)
            record.occurred_at_us = record.occurred_to_us = start + times[2].from_us;
    }
    struct custody_history *history = read_history(l->w, at);
    const gboolean happened =
        custody_booking_listed(&l->source, prior, history, &record, row, &next, &event);
    custody_history_free(history);
    save_change(l, at, &next, happened ? &event : NULL, TRUE);
}

typedef gboolean (*change_fn)(const struct custody_source *source, const struct custody_booking *prior,
                              struct custody_history *history, struct custody_booking *next,
                              struct custody_event *event);

static void change(struct listing *l, guint at, change_fn by) {
    struct custody_booking prior, next;
    struct custody_event event;
    read_booking(l->w, at, &prior);
    struct custody_history *history = read_history(l->w, at);
    const gboolean happened = by(&l->source, &prior, history, &next, &event);
    custody_history_free(history);
    save_change(l, at, &next, happened ? &event : NULL, FALSE);
}

static gboolean no_longer_listed(const struct custody_source *source,
                                 const struct custody_booking *prior, struct custody_history *history,
                                 struct custody_booking *next, struct custody_event *event) {
    return custody_booking_unlisted(source, prior, history, FALSE, FALSE, next, event);
}

static gboolean listed_under_another(const struct custody_source *source,
                                     const struct custody_booking *prior,
                                     struct custody_history *history, struct custody_booking *next,
                                     struct custody_event *event) {
    return custody_booking_unlisted(source, prior, history, TRUE, FALSE, next, event);
}

static gboolean not_on_the_held_list(const struct custody_source *source,
                                     const struct custody_booking *prior,
                                     struct custody_history *history, struct custody_booking *next,
                                     struct custody_event *event) {
    return custody_booking_unlisted(source, prior, history, FALSE, TRUE, next, event);
}

static gboolean is_listed(const struct world *w, guint at) {
    return w->bookings[at].id && w->has_roster[at] && w->bookings[at].listing == LISTING_NOW;
}

static void relist(struct listing *l, const gboolean *is_missing) {
    for (guint at = 0; at < N_BOOKINGS; at++)
        if (is_listed(l->w, at) && l->w->bookings[at].is_off_doubtful && !is_missing[at])
            change(l, at, custody_booking_relisted);
}

static void take_still_as_it_was(struct listing *l) {
    static const gboolean none[N_BOOKINGS] = {FALSE};
    for (guint at = 0; at < N_BOOKINGS; at++) {
        const struct custody_booking *b = &l->w->bookings[at];
        if (is_listed(l->w, at) && b->belief.standing >= STANDING_ELSEWHERE &&
            (!b->row_says_out || b->belief.is_unclear))
            change(l, at, custody_booking_still_listed);
    }
    for (guint at = 0; at < N_BOOKINGS; at++) {
        const struct belief_booking *b = &l->w->bookings[at].belief;
        if (l->w->has_roster[at] && l->w->bookings[at].listing == LISTING_GONE &&
            (b->standing == STANDING_HELD || b->standing == STANDING_AWAY || b->is_unclear))
            change(l, at, no_longer_listed);
    }
    relist(l, none);
}

static void take_list(struct world *w, const enum row *rows) {
    struct listing l = {.w = w, .source = source_of(w, "r"), .puts_off = TRUE};
    gboolean was_listed[N_BOOKINGS], was_out[N_BOOKINGS], leaves[N_BOOKINGS] = {FALSE};
    for (guint at = 0; at < N_BOOKINGS; at++) {
        was_listed[at] = is_listed(w, at);
        was_out[at] = was_listed[at] && w->bookings[at].belief.standing >= STANDING_ELSEWHERE;
    }
    for (guint at = 0; at < N_BOOKINGS; at++) {
        const gboolean says_out = rows[at] == ROW_RELEASED;
        if (rows[at] == ROW_NONE ||
            (was_listed[at] && w->bookings[at].digest == rows[at] && (!says_out || was_out[at])))
            continue;
        leaves[at] = says_out;
        if (!says_out)
            take_row(&l, at, rows[at]);
    }
    for (guint at = 0; at < N_BOOKINGS; at++) {
        const enum custody_standing other = w->bookings[!at].belief.standing;
        const gboolean is_rebooked = rows[!at] != ROW_NONE && rows[!at] != ROW_RELEASED &&
                                     !was_out[!at] &&
                                     (other == STANDING_HELD || other == STANDING_AWAY);
        if (was_listed[at] && rows[at] == ROW_NONE)
            change(&l, at, is_rebooked ? listed_under_another : no_longer_listed);
        w->has_hidden |= was_listed[at] && rows[at] == ROW_NONE && is_rebooked;
    }
    for (guint at = 0; at < N_BOOKINGS; at++)
        if (leaves[at])
            take_row(&l, at, rows[at]);
    take_still_as_it_was(&l);
    tell_untold(&l);
    w->list_at_us = w->now_us;
}

static void hold_list(struct world *w, const enum row *rows) {
    struct listing l = {.w = w, .source = source_of(w, "r")};
    gboolean is_missing[N_BOOKINGS];
    for (guint at = 0; at < N_BOOKINGS; at++)
        is_missing[at] = is_listed(w, at) && rows[at] == ROW_NONE;
    relist(&l, is_missing);
    for (guint at = 0; at < N_BOOKINGS; at++)
        if (is_missing[at])
            change(&l, at, not_on_the_held_list);
}

static struct feed_record record_of_letter(const struct letter *l, guint booking) {
    struct feed_record record = record_of(booking);
    record.row = 1;
    record.has_action = TRUE;
    record.action = l->kind;
    record.is_unclear = l->is_unclear;
    record.has_facility = l->is_within;
    if (times[l->time].from_us != TIME_UNKNOWN) {
        record.occurred_at_us = start + times[l->time].from_us;
        record.occurred_to_us = start + times[l->time].to_us;
        record.occurred_on_date = record.occurred_to_us > record.occurred_at_us;
    }
    record.event_id = l->id;
    record.corrects_event_id = l->names;
    return record;
}

/* The booking of what a correction names, if that was said. */
static guint booking_meant(const struct world *w, const struct letter *l) {
    const gint at = l->names ? find_source_key(w, l->feed, l->names, w->bookings[l->booking].id) : -1;
    return at < 0 ? l->booking : place_of(w, w->kept[at].booking_id);
}

/* The place of the event; −1: there is none. */
static gint take_event(struct world *w, const struct letter *l, guint at) {
    const struct custody_source source = source_of(w, l->feed);
    const struct feed_record record = record_of_letter(l, at);
    struct custody_booking kept, next;
    struct custody_event event;
    const struct custody_booking *prior = read_booking(w, at, &kept);
    struct custody_history *history = read_history(w, at);
    const gboolean happened = custody_booking_reported(&source, prior, history, &record, &next, &event);
    custody_history_free(history);
    save(w, at, &next, FALSE);
    if (!happened)
        return -1;
    if (keep(w, at, &event, l->feed, l->id))
        tell(w, w->n_kept - 1);
    return find_event(w, event.id);
}

/* ── What was said ─────────────────────────────────────────────────────────────────────────────── */

static guint64 hash_of(const char *text) {
    return text ? base_hash64(text, strlen(text), 0) : 0;
}

/* Under its id, and without a time; or without an id, and said before as it is said now. A time that
 * could not be and now can be is another. */
static gboolean is_repeated(const struct world *w, const struct belief_report *r,
                            const struct letter *l, const struct feed_record *record, gint event) {
    if (r->source != (guint)hash_of(l->feed) || r->id != hash_of(l->id) || r->kind != l->kind ||
        r->is_within != l->is_within || l->kind == CUSTODY_CORRECTED)
        return FALSE;
    if (event >= 0)
        return FALSE;
    if (l->id)
        return record->occurred_at_us == TIME_UNKNOWN;
    return r->from_us == record->occurred_at_us &&
           (r->from_us <= r->observed_at_us || r->from_us > w->now_us);
}

static void say_event(struct world *w, const struct letter *l, guint at, gint event) {
    struct said *s = &w->said[at];
    if (l->is_unclear)
        return;
    const struct feed_record record = record_of_letter(l, at);
    for (guint i = 0; i < s->n_reports; i++)
        if (is_repeated(w, &s->reports[i], l, &record, event))
            return;
    s->events[s->n_reports] = event;
    s->reports[s->n_reports++] = (struct belief_report){.source = (guint)hash_of(l->feed),
                                                        .id = hash_of(l->id),
                                                        .names = hash_of(l->names),
                                                        .from_us = record.occurred_at_us,
                                                        .to_us = record.occurred_to_us,
                                                        .observed_at_us = w->now_us,
                                                        .kind = l->kind,
                                                        .is_within = l->is_within};
}

/* A row is one report, until it says something else. */
static void say_row(struct world *w, guint at, enum row row) {
    struct said *s = &w->said[at];
    const enum custody_kind before = s->row < 0 ? CUSTODY_N_KINDS : s->reports[s->row].kind;
    const enum custody_kind kind = row == ROW_RELEASED                   ? CUSTODY_RELEASED
                                   : row == ROW_AWAY                     ? CUSTODY_TEMPORARY_ABSENCE
                                   : before == CUSTODY_TEMPORARY_ABSENCE ? CUSTODY_RETURNED
                                   : before == CUSTODY_RETURNED          ? CUSTODY_RETURNED
                                                                         : CUSTODY_N_KINDS;
    if (row == ROW_NONE || kind == before)
        return;
    for (guint i = (guint)s->row; s->row >= 0 && i + 1 < s->n_reports; i++) {
        s->reports[i] = s->reports[i + 1];
        s->events[i] = s->events[i + 1];
    }
    s->n_reports -= s->row >= 0;
    s->row = kind == CUSTODY_N_KINDS ? -1 : (gint)s->n_reports;
    if (s->row < 0)
        return;
    const gint64 from_us = row == ROW_RELEASED ? start + times[2].from_us : TIME_UNKNOWN;
    gint event = -1;
    for (guint i = 0; i < w->n_kept; i++)
        if (w->kept[i].event.said == SAID_IN_ROW && w->kept[i].booking_id == w->bookings[at].id)
            event = (gint)i;
    s->events[s->n_reports] = event;
    s->reports[s->n_reports++] = (struct belief_report){.source = (guint)hash_of("r"),
                                                        .from_us = from_us,
                                                        .to_us = from_us,
                                                        .observed_at_us = w->now_us,
                                                        .kind = kind};
}

static void say_list(struct world *w, const struct letter *l) {
    for (guint at = 0; at < N_BOOKINGS; at++) {
        struct said *s = &w->said[at];
        while (l->what == HELD_LIST && l->rows[at] != ROW_NONE && s->n_lists &&
               s->lists[s->n_lists - 1].is_doubtful)
            s->n_lists--; /* the one before was wrong */
        const gboolean shows = l->rows[at] == ROW_IN || l->rows[at] == ROW_AWAY;
        if (!s->n_lists && !shows && l->rows[at] != ROW_RELEASED)
            continue; /* not one of its bookings */
        if (l->what == HELD_LIST && (shows || !s->lists[s->n_lists - 1].shows))
            continue; /* it tells of the missing only */
        s->lists[s->n_lists++] = (struct belief_list){
            .made_at_us = w->now_us, .shows = shows, .is_doubtful = l->what == HELD_LIST};
        if (l->what == LIST)
            say_row(w, at, l->rows[at]);
    }
}

/* What is believed by all that was said, and by nothing that was kept. */
struct view {
    struct said said[N_BOOKINGS];
    struct belief_booking bookings[N_BOOKINGS]; /* in order of their ids */
    guint n;
    struct belief_statement statement;
};

static void look(const struct world *w, struct view *v) {
    v->n = 0;
    for (gint64 id = 1; id <= w->newest_id; id++) {
        const guint at = place_of(w, id);
        const struct belief_source roster = {.interval_us =
                                                 w->has_roster[at] ? mapping->interval_us : DAY_US};
        struct said *s = &v->said[at];
        *s = w->said[at];
        v->bookings[v->n] = (struct belief_booking){.id = id};
        belief_of_booking(&roster, 1, s->reports, s->n_reports, s->lists,
                          w->has_roster[at] ? s->n_lists : 0, &v->bookings[v->n++]);
    }
    belief_of_person(v->bookings, v->n, &v->statement);
}

/* ── What must hold ────────────────────────────────────────────────────────────────────────────── */

/* Of a booking's lists the first that did not show it is kept, and the newest. */
static gboolean is_as_exact(const struct belief_booking *said, const struct belief_booking *kept) {
    return said->standing == STANDING_GONE
               ? said->to_us <= kept->to_us
               : said->to_us == kept->to_us && said->observed_at_us == kept->observed_at_us;
}

static void believed_as_said(const struct world *w, const struct view *v) {
    for (guint i = 0; i < v->n; i++) {
        const struct belief_booking *a = &v->bookings[i];
        const struct belief_booking b = belief_kept(&w->bookings[place_of(w, a->id)]);
        if (a->standing == b.standing && a->kind == b.kind && a->from_us == b.from_us &&
            is_as_exact(a, &b) && a->is_doubtful == b.is_doubtful && a->is_unclear == b.is_unclear &&
            a->has_death == b.has_death && a->held_from_us == b.held_from_us)
            continue;
        print_booking("said", a);
        print_booking("kept", &b);
        fails(w, N_PEOPLE, &v->statement, "believed otherwise than said");
    }
}

/* N_EXCUSES: there is none. */
static enum excuse excuse_of(const struct world *w, const struct belief_statement *last,
                             const struct belief_statement *now) {
    const struct letter *l = w->letters[w->n_letters - 1];
    for (guint i = 0; w->has_id_anew && i < w->n_kept; i++)
        if (w->kept[i].event.is_taken_back &&
            belief_kept(&w->bookings[place_of(w, w->kept[i].booking_id)]).kind != w->kept[i].event.kind)
            return ID_USED_ANEW;
    if (!last->n_holders || !now->n_holders || last->is_unclear != now->is_unclear)
        return N_EXCUSES;
    if (w->has_hidden)
        return HIDDEN;
    return l->what == LIST && (l->rows[0] == ROW_AWAY || l->rows[1] == ROW_AWAY) ? AWAY_AGAIN
                                                                                 : N_EXCUSES;
}

/* The last thing told is what is believed: to who relies on it, and to who asked for all, or endings.
 */
static void who_relies_is_told(const struct world *w, const struct view *v, guint who) {
    struct belief_statement told[2 * MOST_EVENTS];
    const guint n = told_to(w, who, told);
    const struct belief_statement *now = &v->statement, *last = n ? &told[n - 1] : &nothing;
    const guint n_alerts = w->n_alerts[who];
    if (belief_is_same(last, now, v->bookings, v->n))
        return;
    const gboolean relies = belief_is_leaving(last) || last->is_unclear;
    if (!relies && who != ALL && (who != ENDINGS || !belief_is_leaving(now)))
        return;
    const enum excuse excuse = n_alerts && w->kept[w->alerts[who][n_alerts - 1]].event.is_unclear
                                   ? TOLD_AS_UNCLEAR
                                   : excuse_of(w, last, now);
    if (excuse == N_EXCUSES)
        fails(w, who, now,
              relies ? "they rely on what holds no longer"
                     : "the last thing told is not what is believed");
    excused[excuse]++;
}

static gboolean is_ending(const struct belief_report *r) {
    return r->kind == CUSTODY_RELEASED || r->kind == CUSTODY_ESCAPED || r->kind == CUSTODY_DIED ||
           (r->kind == CUSTODY_TRANSFERRED && !r->is_within);
}

/* Its own time, which may be impossible, is what the alert told. */
static gboolean is_ending_told(const struct world *w, guint who, guint at, guint report,
                               const struct belief_booking *booking) {
    struct belief_statement told[2 * MOST_EVENTS];
    const guint n = told_to(w, who, told);
    struct belief_report as_said = w->said[at].reports[report];
    if (as_said.from_us == TIME_UNKNOWN)
        as_said.to_us = as_said.observed_at_us;
    return was_alerted(w, who, w->said[at].events[report]) ||
           belief_was_told(booking, &as_said, told, n);
}

/* Whoever asked for its kind, when it comes; later than that it is told with what is believed. */
static void every_ending_is_told(const struct world *w, const struct view *v, guint who) {
    const custody_kinds asked = registration_of((enum who)who).kinds;
    for (guint i = 0; i < v->n; i++) {
        const guint at = place_of(w, v->bookings[i].id);
        const struct said *s = &v->said[at];
        for (guint k = 0; k < s->n_reports; k++) {
            const struct belief_report *r = &s->reports[k];
            if (!is_ending(r) || r->is_removed || !(asked & KIND_BIT(r->kind)) ||
                r->observed_at_us != w->now_us || /* it comes now, and not again */
                is_ending_told(w, who, at, k, &v->bookings[i]))
                continue;
            if (v->statement.standing == STANDING_DEAD)
                excused[BESIDE_A_DEATH]++;
            else if (r->kind == CUSTODY_TRANSFERRED && v->statement.standing == STANDING_OUT)
                excused[MOVED_AND_OUT]++;
            else if (v->statement.kind == r->kind)
                excused[ONE_OF_ITS_KIND]++;
            else
                fails(w, who, &v->statement, "never told of an ending");
        }
    }
}

static void what_is_unclear_or_moved_is_told(const struct world *before, const struct world *w,
                                             const struct view *v, guint who) {
    const custody_kinds asked = registration_of((enum who)who).kinds;
    for (guint i = before->n_kept; i < w->n_kept; i++) {
        const struct custody_event *e = &w->kept[i].event;
        const gboolean is_move = e->kind == CUSTODY_TRANSFERRED && e->is_within && !e->is_late &&
                                 v->statement.standing == STANDING_HELD;
        if (((e->is_unclear && (asked & KINDS_OUT)) || (is_move && (asked & KIND_BIT(e->kind)))) &&
            !was_alerted(w, who, (gint)i))
            fails(w, who, &v->statement, "not told of what is unclear, or of a move");
    }
}

/* Told of an ending that its source took back now, they hear of it now, or did already. */
static void who_was_told_hears_it_was_wrong(const struct world *before, const struct world *w,
                                            guint who) {
    struct view was, is;
    look(before, &was);
    look(w, &is);
    for (guint at = 0; at < N_BOOKINGS; at++)
        for (guint i = 0; i < was.said[at].n_reports && before->bookings[at].id; i++) {
            const struct belief_report *r = &was.said[at].reports[i];
            if (!is_ending(r) || r->is_removed || i >= is.said[at].n_reports ||
                !is.said[at].reports[i].is_removed || !was_alerted(before, who, was.said[at].events[i]))
                continue;
            if (before->n_alerts[who] != w->n_alerts[who])
                continue;
            gboolean is_of_two = FALSE;
            for (guint k = 0; r->id && k < was.said[at].n_reports; k++)
                is_of_two |= k != i && was.said[at].reports[k].id == r->id;
            if (is_of_two)
                excused[ID_OF_TWO]++;
            else
                fails(w, who, &is.statement, "told of an ending that was taken back");
        }
}

static void what_waits_is_paged(const struct world *w, const struct view *v) {
    const struct letter *l = w->letters[w->n_letters - 1];
    if (l->kind != CUSTODY_CORRECTED || l->what != EVENT)
        return;
    const struct kept *k = &w->kept[w->n_kept - 1];
    if (k->event.waits && k->event.has_corrects)
        fails(w, N_PEOPLE, &v->statement, "paged for what took something back");
    for (guint at = 0; at < N_BOOKINGS; at++) {
        const struct said *s = &v->said[at];
        if (!w->bookings[at].id || !s->n_reports ||
            s->reports[s->n_reports - 1].observed_at_us != w->now_us)
            continue;
        const struct belief_report *c = &s->reports[s->n_reports - 1];
        if (!c->names && c->waits && s->events[s->n_reports - 1] >= 0 && !k->event.waits)
            fails(w, N_PEOPLE, &v->statement, "waits, and is not paged");
    }
}

/* ── The walk ──────────────────────────────────────────────────────────────────────────────────── */

static void arrive(struct world *w, const struct letter *l) {
    w->letters[w->n_letters++] = l;
    w->now_us = start + w->n_letters * STEP_US;
    if (l->what == LIST)
        take_list(w, l->rows);
    else if (l->what == HELD_LIST)
        hold_list(w, l->rows);
    if (l->what != EVENT) {
        say_list(w, l);
        return;
    }
    const guint at = booking_meant(w, l);
    say_event(w, l, at, take_event(w, l, at));
}

static void judge(const struct world *before, const struct world *w) {
    struct view v;
    look(w, &v);
    believed_as_said(w, &v);
    what_waits_is_paged(w, &v);
    for (guint who = 0; who < ONE_BOOKING; who++) {
        who_relies_is_told(w, &v, who);
        every_ending_is_told(w, &v, who);
        what_is_unclear_or_moved_is_told(before, w, &v, who);
        who_was_told_hears_it_was_wrong(before, w, who);
    }
    n_histories++;
}

static gboolean is_of_second_alone(const struct letter *l) {
    return l->what == EVENT && l->booking != 0;
}

/* An id that comes anew after a correction without a name, which the fold takes as of the first time:
 * so it may be what was meant, and another stand again. Its words cannot say that. */
static gboolean comes_anew(const struct world *w, const struct letter *l, gboolean of_its_kind) {
    gboolean is_used = FALSE, is_corrected = FALSE;
    if (l->what != EVENT || l->kind == CUSTODY_CORRECTED || !l->id)
        return FALSE;
    for (guint i = 0; i < w->n_letters; i++) {
        const struct letter *o = w->letters[i];
        is_used |= o->what == EVENT && o != l && (o->kind == l->kind) == of_its_kind &&
                   g_strcmp0(o->id, l->id) == 0;
        is_corrected |=
            o->what == EVENT && o->kind == CUSTODY_CORRECTED && !o->names && o->booking == l->booking;
    }
    return is_used && is_corrected;
}

static void walk(const struct world *w, const struct alphabet *a, guint length) {
    for (guint i = 0; i < a->n; i++) {
        if (!w->n_letters && w->beginning != 1 && is_of_second_alone(&a->letters[i]))
            continue; /* the two bookings are alike */
        struct world next = *w;
        if (comes_anew(w, &a->letters[i], FALSE)) {
            excused[ID_USED_ANEW]++;
            continue;
        }
        next.has_id_anew |= comes_anew(w, &a->letters[i], TRUE);
        arrive(&next, &a->letters[i]);
        judge(w, &next);
        if (next.n_letters < length)
            walk(&next, a, length);
    }
}

/* A list was taken before that showed nobody, the first booking, or both. */
static struct world begin(guint beginning) {
    struct world w = {.now_us = start, .beginning = beginning, .list_at_us = TIME_UNKNOWN};
    const enum row rows[N_BOOKINGS] = {beginning >= 1 ? ROW_IN : ROW_NONE,
                                       beginning >= 2 ? ROW_IN : ROW_NONE};
    struct listing l = {.w = &w, .source = source_of(&w, "r")};
    const struct letter list = {.what = LIST, .rows = {rows[0], rows[1]}};
    l.source.is_baseline = l.is_baseline = TRUE;
    w.said[0].row = w.said[1].row = -1;
    for (guint at = 0; at < N_BOOKINGS; at++)
        if (rows[at] != ROW_NONE)
            take_row(&l, at, rows[at]);
    w.list_at_us = start;
    say_list(&w, &list);
    owe_as_known(&w);
    return w;
}

static void every_short_history(gconstpointer data) {
    static const struct size tiers[3][5] = {
        {{2, 9, 5, 2, 2, 4, TRUE, TRUE},
         {3, 9, 5, 1, 1, 2, FALSE, FALSE},
         {3, 4, 2, 1, 2, 2, TRUE, FALSE},
         {4, 2, 2, 1, 1, 4, FALSE, TRUE}},
        {{2, 9, 5, 2, 2, 4, TRUE, TRUE},
         {3, 9, 5, 1, 2, 2, FALSE, FALSE},
         {3, 5, 4, 1, 2, 3, TRUE, FALSE},
         {3, 3, 3, 2, 1, 4, TRUE, TRUE},
         {4, 3, 3, 1, 1, 4, FALSE, TRUE}},
        {{3, 9, 5, 1, 2, 4, TRUE, TRUE},
         {4, 4, 4, 1, 1, 4, FALSE, TRUE},
         {5, 3, 3, 1, 1, 3, FALSE, FALSE}},
    };
    const guint tier = GPOINTER_TO_UINT(data);
    const gint64 began = g_get_monotonic_time();
    n_histories = 0;
    for (guint i = 0; i < G_N_ELEMENTS(tiers[tier]) && tiers[tier][i].length; i++) {
        const struct alphabet a = alphabet_of(&tiers[tier][i]);
        const guint64 before = n_histories;
        for (guint m = 0; m < 2; m++)
            for (guint beginning = 0; beginning < 3; beginning++) {
                mapping = mappings[m];
                const struct world w = begin(beginning);
                walk(&w, &a, tiers[tier][i].length);
            }
        g_test_message("%u letters, up to %u at a time: %" G_GUINT64_FORMAT " histories", a.n,
                       tiers[tier][i].length, n_histories - before);
    }
    const double seconds = (double)(g_get_monotonic_time() - began) / G_USEC_PER_SEC;
    g_test_message("%" G_GUINT64_FORMAT " histories, %.1f s, %.0f a second", n_histories, seconds,
                   (double)n_histories / seconds);
    for (guint i = 0; i < N_EXCUSES; i++)
        g_test_message("excused, %s: %" G_GUINT64_FORMAT, excuses[i], excused[i]);
    g_assert_cmpuint(n_histories, >, 1000000);
}

int main(int argc, char **argv) {
    static const char text[] = "feed: r\nformat: csv-roster\ninterval: %s\n"
                               "facility: {id: main, name: Main, timezone: America/Denver}\n"
                               "facilities:\n  - {code: X, id: annex, name: Annex}\n"
                               "columns: {person: [p], booking: [b], facility: f}\n";
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < 2; i++) {
        g_autofree char *yaml = g_strdup_printf(text, i ? "15h" : "8h");
        mappings[i] = feed_mapping_parse(yaml, strlen(yaml), "m", NULL);
        g_assert_nonnull(mappings[i]);
    }
    const char *wanted = g_getenv("TOCSIN_HISTORIES");
    const guint tier = !wanted                       ? 0
                       : g_str_equal(wanted, "all")  ? 1
                       : g_str_equal(wanted, "most") ? 2
                                                     : 0;
    g_test_add_data_func("/match/histories", GUINT_TO_POINTER(tier), every_short_history);
    const int status = g_test_run();
    for (guint i = 0; i < 2; i++)
        feed_mapping_free(mappings[i]);
    return status;
}
