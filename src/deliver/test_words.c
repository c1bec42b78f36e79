/* Every sentence that a person can be sent, in every state, in every language.
 *
 *   test_words             holds what must be true of all of them
 *   test_words --table     each distinct sentence: language, in how many states, in which, the sentence
 *   test_words --notices   each distinct notice, as it is read, and a state in which it is sent
 *
 * A state is what a notice can depend on: the event, how it and its time are known, what is believed,
 * what was told before. Who the reader is to the person (enum watch_relation) changes no word, nor does
 * which reminder it is. A page to the operator is written where it is owed, and not here. */
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "catalogue.h"
#include "deliver/notice.h"
#include "disclose/disclose.h"

#define AT (G_GINT64_CONSTANT(1746547200000000)) /* Tuesday, May 6, 2025, 10:00 a.m. */
#define TWICE_AT                                                                                       \
    (G_GINT64_CONSTANT(1762068600000000)) /* Sunday, November 2, 2025, 1:30 a.m., summer time */
#define TOLD_AT (AT - 31 * DAY_US)        /* April 5 */

static struct disclose_gate *gate;

/* ── States ────────────────────────────────────────────────────────────────────────────────────── */

enum when { WHEN_INSTANT, WHEN_DAY, WHEN_TWICE, WHEN_UNKNOWN, WHEN_N };
static const char *const when_names[WHEN_N] = {"instant", "day", "twice", "unknown"};

/* What is left out, or is another's. */
enum reader { READER_USUAL, READER_UNNAMED, READER_POSSIBLE, READER_UNLINKED, READER_AGENCY, READER_N };
static const char *const reader_names[READER_N] = {"usual", "unnamed", "possible", "unlinked",
                                                   "agency"};

struct state {
    enum custody_kind kind;
    enum custody_assertion assertion;
    gboolean is_unclear, is_within, is_from_list, is_found_out;
    enum when when;
    gboolean has_now, has_earlier;
    struct permit_now now;
    struct permit_earlier earlier;
    enum reader reader;
};

#define LEAVING_N 5
static const struct {
    enum custody_standing standing;
    enum custody_kind kind;
} leavings[LEAVING_N] = {{STANDING_OUT, CUSTODY_RELEASED},
                         {STANDING_OUT, CUSTODY_ESCAPED},
                         {STANDING_DEAD, CUSTODY_DIED},
                         {STANDING_ELSEWHERE, CUSTODY_TRANSFERRED},
                         {STANDING_GONE, CUSTODY_LEFT_ROSTER}};

static gboolean is_of(enum custody_kind kind, custody_kinds kinds) {
    return (KIND_BIT(kind) & kinds) != 0;
}

static gboolean is_held(const struct state *s) {
    return s->has_now && (s->now.standing == STANDING_HELD || s->now.standing == STANDING_AWAY);
}

static gboolean is_left(const struct state *s) {
    return s->has_now && s->now.standing >= STANDING_GONE;
}

static gboolean is_ending(const struct state *s) {
    return is_of(s->kind, KINDS_OUT) || (s->kind == CUSTODY_TRANSFERRED && !s->is_within);
}

/* How each kind is known (custody/booking.c, intake/silence.c, intake/doubt.c). */
static enum custody_assertion assertion_of(const struct state *s) {
    if (s->kind == CUSTODY_BACK_ON_ROSTER || s->kind == CUSTODY_CORRECTED)
        return ASSERTION_CORRECTED;
    return s->kind == CUSTODY_LEFT_ROSTER || s->kind == CUSTODY_FEED_SILENT ||
                   (s->is_unclear && is_left(s))
               ? ASSERTION_INFERRED
               : ASSERTION_REPORTED;
}

/* docs/truth.md: of whom nothing is known no more is said than that; a list knows no more; a death
 * beside a holder is unclear; who is held is in doubt only by what the event says. */
static gboolean now_can_be(const struct state *s) {
    const struct permit_now *now = &s->now;
    if (!s->has_now)
        return s->kind != CUSTODY_AS_KNOWN;
    if (is_of(s->kind, KINDS_FEED) ||
        (s->kind == CUSTODY_DIED && is_left(s) && now->kind != CUSTODY_DIED))
        return FALSE;
    if (now->standing == STANDING_UNKNOWN)
        return s->kind == CUSTODY_CORRECTED && !now->is_doubtful && !now->is_unclear &&
               !now->is_other_booking;
    if (now->standing == STANDING_GONE && now->is_unclear)
        return FALSE;
    if (s->kind == CUSTODY_AS_KNOWN && now->is_other_booking)
        return FALSE;
    return !is_held(s) || !now->is_doubtful || s->kind == CUSTODY_BOOKED || is_ending(s);
}

/* Told as a correction of what was told (send/judge.c). Its line depends on neither time nor list. */
static gboolean earlier_can_be(const struct state *s) {
    if (!s->has_earlier)
        return TRUE;
    if (!s->has_now || s->when != WHEN_INSTANT || s->is_from_list || s->reader > READER_UNNAMED)
        return FALSE;
    return assertion_of(s) == ASSERTION_CORRECTED || is_of(s->kind, KINDS_OUT) ||
           s->kind == CUSTODY_TRANSFERRED;
}

static gboolean can_be(const struct state *s) {
    if (s->is_unclear && s->kind != CUSTODY_STATUS_CHANGED)
        return FALSE;
    if (s->is_within && s->kind != CUSTODY_TRANSFERRED)
        return FALSE;
    if (s->is_found_out && s->kind != CUSTODY_CORRECTED && s->kind != CUSTODY_BACK_ON_ROSTER)
        return FALSE;
    if (s->when != WHEN_UNKNOWN &&
        is_of(s->kind, KINDS_FEED | KIND_BIT(CUSTODY_LEFT_ROSTER) | KIND_BIT(CUSTODY_BACK_ON_ROSTER)))
        return FALSE;
    if (s->reader == READER_UNLINKED && s->kind != CUSTODY_CORRECTED)
        return FALSE;
    if (is_of(s->kind, KINDS_FEED) && s->reader != READER_USUAL && s->reader != READER_AGENCY)
        return FALSE;
    return now_can_be(s) && earlier_can_be(s);
}

typedef void (*state_fn)(const struct state *state, void *context);

static void each_reader(struct state *s, state_fn each, void *context) {
    for (int reader = 0; reader < READER_N; reader++)
        for (int flags = 0; flags < 16; flags++) {
            s->reader = (enum reader)reader;
            s->is_unclear = flags & 1;
            s->is_within = (flags & 2) != 0;
            s->is_from_list = (flags & 4) != 0;
            s->is_found_out = (flags & 8) != 0;
            s->assertion = assertion_of(s);
            if (can_be(s))
                each(s, context);
        }
}

static void each_earlier(struct state *s, state_fn each, void *context) {
    s->has_earlier = FALSE;
    each_reader(s, each, context);
    s->has_earlier = TRUE;
    for (int kind = 0; kind < CUSTODY_N_KINDS; kind++)
        for (int doubtful = 0; doubtful < 2; doubtful++) {
            s->earlier = (struct permit_earlier){(enum custody_kind)kind, doubtful, TOLD_AT};
            if (!is_of(s->earlier.kind, KINDS_FEED | KIND_BIT(CUSTODY_STATUS_CHANGED)))
                each_reader(s, each, context);
        }
}

static void each_now(struct state *s, state_fn each, void *context) {
    const gint64 from_us = s->when == WHEN_UNKNOWN ? TIME_UNKNOWN
                           : s->when == WHEN_TWICE ? TWICE_AT
                                                   : AT;
    const gint64 length_us = s->when == WHEN_DAY ? DAY_US - 1 : s->when == WHEN_TWICE ? HOUR_US : 0;
    s->has_now = FALSE;
    each_earlier(s, each, context);
    s->has_now = TRUE;
    for (int flags = 0; flags < 8; flags++) {
        s->now = (struct permit_now){.is_other_booking = flags & 1,
                                     .is_doubtful = (flags & 2) != 0,
                                     .is_unclear = (flags & 4) != 0,
                                     .facility_name = flags & 1 ? "West Jail" : "East Jail",
                                     .kind = CUSTODY_N_KINDS,
                                     .from_us = TIME_UNKNOWN,
                                     .to_us = TIME_UNKNOWN};
        for (int standing = STANDING_UNKNOWN; standing <= STANDING_AWAY; standing++) {
            s->now.standing = (enum custody_standing)standing;
            each_earlier(s, each, context);
        }
        const gint64 later_us = flags & 1 ? DAY_US : 0; /* the other booking's is the later leaving */
        s->now.from_us = from_us == TIME_UNKNOWN ? TIME_UNKNOWN : from_us + later_us;
        s->now.to_us = from_us == TIME_UNKNOWN ? AT : from_us + later_us + length_us;
        for (guint i = 0; i < LEAVING_N; i++) {
            s->now.standing = leavings[i].standing;
            s->now.kind = leavings[i].kind;
            each_earlier(s, each, context);
        }
    }
}

static void each_state(state_fn each, void *context) {
    for (int kind = 0; kind < CUSTODY_N_KINDS; kind++)
        for (int when = 0; when < WHEN_N; when++) {
            struct state s = {.kind = (enum custody_kind)kind, .when = (enum when)when};
            each_now(&s, each, context);
        }
}

/* ── Notices ───────────────────────────────────────────────────────────────────────────────────── */

static GTimeZone *denver;

static struct disclose_facts facts_of(const struct state *s) {
    const gboolean is_agency = s->reader == READER_AGENCY;
    struct disclose_facts facts = {.kind = s->kind,
                                   .assertion = s->assertion,
                                   .is_unclear = s->is_unclear,
                                   .is_within = s->is_within,
                                   .person_name = "Sam Lee",
                                   .subject_flags = s->reader == READER_UNNAMED ? SUBJECT_PROTECTED : 0,
                                   .facility_name = "East Jail",
                                   .facility_phone = is_agency ? "" : "555-0100",
                                   .detail = is_agency                           ? ""
                                             : s->is_within                      ? "North Jail"
                                             : s->kind == CUSTODY_STATUS_CHANGED ? "sentenced"
                                                                                 : "",
                                   .zone = denver,
                                   .occurred_at_us = TIME_UNKNOWN,
                                   .occurred_to_us = TIME_UNKNOWN,
                                   .observed_at_us = AT + HOUR_US,
                                   .occurred_on_date = s->when == WHEN_DAY,
                                   .is_from_list = s->is_from_list,
                                   .is_found_out = s->is_found_out,
                                   .list_on_date = s->is_from_list && s->when == WHEN_DAY,
                                   .now = s->has_now ? &s->now : NULL,
                                   .earlier = s->has_earlier ? &s->earlier : NULL};
    if (s->when != WHEN_UNKNOWN && s->kind != CUSTODY_CORRECTED && s->kind != CUSTODY_AS_KNOWN) {
        facts.occurred_at_us = s->when == WHEN_TWICE ? TWICE_AT : AT;
        facts.occurred_to_us = facts.occurred_at_us + (s->when == WHEN_TWICE ? HOUR_US : 0);
    }
    return facts;
}

/* Transfer full: GPtrArray of strings, one a line, the words of links behind theirs. */
static GPtrArray *lines_of(const struct notice *notice) {
    GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GArray) lines = notice_lines(notice);
    for (guint i = 0; i < lines->len; i++) {
        const struct notice_line *line = &g_array_index(lines, struct notice_line, i);
        g_ptr_array_add(texts, g_strdup(line->text));
        if (line->kind == LINE_LINK)
            g_ptr_array_add(texts, g_strdup(line->label));
    }
    return texts;
}

static GPtrArray *compose(const struct state *s, enum language language, guint reminder) {
    const struct disclose_facts facts = facts_of(s);
    const struct disclose_recipient recipient = {.reason = s->reader == READER_POSSIBLE ? MATCH_POSSIBLE
                                                           : s->reader == READER_UNLINKED
                                                               ? MATCH_UNLINKED
                                                           : s->has_earlier ? MATCH_CORRECTION
                                                                            : MATCH_ASKED};
    struct policy_request request;
    struct policy_decision decision;
    struct permit *permit = disclose_alert(gate, &facts, &recipient, AT, &request, &decision);
    g_assert_nonnull(permit);
    const gboolean is_agency = s->reader == READER_AGENCY;
    const struct notice notice = {.what = NOTICE_ALERT,
                                  .permit = permit,
                                  .language = language,
                                  .to = "ana@example.org",
                                  .id = "a1",
                                  .reminder = reminder,
                                  .date_at_us = AT,
                                  .confirm_url = "https://x.test/c/t",
                                  .stop_url = is_agency ? NULL : "https://x.test/u/t",
                                  .receipt = is_agency ? "jail.test/log, entry 7" : NULL,
                                  .remind_minutes = 30,
                                  .give_up_hours = 48};
    GPtrArray *texts = lines_of(&notice);
    permit_free(permit);
    return texts;
}

static char *text_of(GPtrArray *lines) {
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < lines->len; i++)
        g_string_append_printf(text, "%s%s", i ? " | " : "", (const char *)lines->pdata[i]);
    return g_strdup(text->str);
}

/* "released, reported, instant; now: out (released) elsewhere; told before: died". Transfer full. */
static char *name_of(const struct state *s) {
    GString *out = g_string_new(custody_kind_name(s->kind));
    g_string_append_printf(out, ", %s%s%s%s, time %s, %s", custody_assertion_name(s->assertion),
                           s->is_unclear ? ", unclear" : "", s->is_within ? ", within" : "",
                           s->is_from_list ? ", of a list" : "", when_names[s->when],
                           reader_names[s->reader]);
    if (s->has_now)
        g_string_append_printf(
            out, "; now %s%s%s%s%s%s", custody_standing_name(s->now.standing), is_left(s) ? " by " : "",
            is_left(s) ? custody_kind_name(s->now.kind) : "",
            s->now.is_other_booking ? ", another booking" : "", s->now.is_doubtful ? ", doubtful" : "",
            s->now.is_unclear ? ", unclear" : "");
    if (s->has_earlier)
        g_string_append_printf(out, "; told before %s%s", custody_kind_name(s->earlier.kind),
                               s->earlier.was_doubtful ? ", doubtful" : "");
    return g_string_free(out, FALSE);
}

/* ── What must be true of each ─────────────────────────────────────────────────────────────────── */

/* The words that the rules go by, in order of enum language. */
static const char *const released[LANGUAGE_N] = {"was released", "salió en libertad"},
                         *const in_custody[LANGUAGE_N] = {"in custody", "bajo custodia"},
                         *const mistaken[LANGUAGE_N][2] = {{"may be a mistake", "may be wrong"},
                                                           {"puede ser un error",
                                                            "puede tener un error"}},
                         *const told_us[LANGUAGE_N] = {"on saturday, april 5, 2025",
                                                       "el sábado 5 de abril de 2025"},
                         *const cannot_tell[LANGUAGE_N] = {"we cannot tell", "no podemos saber"};
static const char *const out_words[LANGUAGE_N][7] = {
    {"was released", "were released", "is out", "be out", "that they left", "of jail", NULL},
    {"salió", "está fuera", "esté fuera", "haya salido", "dejó en libertad", NULL}};

/* Texts and words are folded to small letters. */
static gboolean has(const char *text, const char *words) {
    return strstr(text, words) != NULL;
}

static gboolean has_any(const char *text, const char *const *words) {
    for (; *words; words++)
        if (has(text, *words))
            return TRUE;
    return FALSE;
}

/* The notice without what it says was told before, and without what the reader can do. */
static char *body_of(const char *text, enum language language) {
    static const char *const end[LANGUAGE_N] = {" | what you can do now", " | qué puede hacer ahora"};
    const char *from = text;
    const char *told = strstr(text, told_us[language]);
    if (told && (from = strstr(told, " | ")))
        from += strlen(" | ");
    const char *to = from ? strstr(from, end[language]) : NULL;
    return from && to ? g_strndup(from, (gsize)(to - from)) : g_strdup(text);
}

struct said {
    const struct state *state;
    enum language language;
    const char *as_read, *text,
        *body; /* the notice; in small letters; that without what was told before */
};

static struct said said_of(const struct state *state, enum language language, const char *text) {
    char *folded = g_utf8_strdown(text, -1);
    return (struct said){state, language, text, folded, body_of(folded, language)};
}

static void said_clear(struct said *n) {
    g_free((char *)(gsize)n->text);
    g_free((char *)(gsize)n->body);
}

static gboolean no_field_is_left(const struct said *n) {
    return !strchr(n->text, '{') && !strchr(n->text, '}');
}

static gboolean nothing_is_empty(const struct said *n) {
    return !has(n->text, "|  |") && !g_str_has_prefix(n->text, " |") &&
           !g_str_has_suffix(n->text, "| ");
}

static gboolean marks_are_in_order(const struct said *n) {
    static const char *const wrong[] = {"  ", "..", " .", " ,", ",,", ": .", ".,", NULL};
    return !has_any(n->text, wrong);
}

static gboolean sentences_begin_large(const struct said *n) {
    for (const char *p = n->as_read; p; p = strstr(p, " | ") ? strstr(p, " | ") + 3 : NULL) {
        const gunichar c = g_utf8_get_char(p);
        if (!g_unichar_isupper(c) && !g_unichar_isdigit(c))
            return FALSE;
    }
    return TRUE;
}

static gboolean no_code_is_shown(const struct said *n) {
    return !strchr(n->text, '_') && !has(n->text, "roster") && !has(n->text, "null");
}

/* A lost or a false release can cost a life. */
static gboolean a_release_is_one(const struct said *n) {
    const struct state *s = n->state;
    const gboolean is_plain = !is_held(s) && s->reader != READER_UNLINKED && !s->is_unclear &&
                              !(s->has_now && (s->now.is_doubtful || s->now.is_unclear));
    const gboolean is_believed = is_left(s) && s->now.kind == CUSTODY_RELEASED;
    const gboolean is_dead = s->has_now && s->now.standing == STANDING_DEAD;
    const gboolean is_beside = is_left(s) && !is_believed; /* another ending carries */
    const gboolean must =
        is_plain && ((is_believed && !is_ending(s)) || (s->kind == CUSTODY_RELEASED && !is_dead)) &&
        s->kind != CUSTODY_STATUS_CHANGED;
    const gboolean may = is_plain && !is_dead &&
                         (is_believed || (s->kind == CUSTODY_RELEASED && (!s->has_now || is_beside)));
    const gboolean says = has(n->body, released[n->language]);
    return (says || !must) && (!says || may);
}

static gboolean who_is_held_is_said_to_be(const struct said *n) {
    static const char *const held[LANGUAGE_N][6] = {
        {"in custody", "booked into", "is back at", "moved from", "moved to", NULL},
        {"bajo custodia", "ingresó en", "está otra vez en", "a east jail", NULL}};
    static const char *const shown[LANGUAGE_N] = {"again, with the same jail record",
                                                  "con el mismo registro"};
    const struct state *s = n->state;
    if (!is_held(s) || s->now.is_unclear || s->is_unclear || s->reader == READER_UNLINKED ||
        s->kind == CUSTODY_STATUS_CHANGED || s->kind == CUSTODY_DIED)
        return TRUE;
    return is_ending(s) ? has(n->body, in_custody[n->language])
                        : has_any(n->body, held[n->language]) || has(n->body, shown[n->language]);
}

static gboolean doubt_is_said(const struct said *n) {
    const struct state *s = n->state;
    if (!s->has_now || !s->now.is_doubtful || s->is_unclear || s->reader == READER_UNLINKED)
        return TRUE;
    return has(n->body, mistaken[n->language][0]) || has(n->body, mistaken[n->language][1]);
}

static gboolean what_is_unclear_is_said_to_be(const struct said *n) {
    const struct state *s = n->state;
    return !s->has_now || !s->now.is_unclear || s->reader == READER_UNLINKED ||
           has(n->body, cannot_tell[n->language]);
}

static gboolean a_death_is_no_release(const struct said *n) {
    static const char *const died[LANGUAGE_N][4] = {
        {"has died", "that sam lee died", "asked about died", NULL}, {"ha muerto", "murió", NULL}};
    const struct state *s = n->state;
    const gboolean is_dead = s->has_now ? s->now.standing == STANDING_DEAD : s->kind == CUSTODY_DIED;
    if (!is_dead || s->reader == READER_UNLINKED || s->is_unclear || s->kind == CUSTODY_STATUS_CHANGED)
        return TRUE;
    return has_any(n->body, died[n->language]) && !has_any(n->body, out_words[n->language]);
}

static gboolean a_move_is_no_release(const struct said *n) {
    static const char *const moved[LANGUAGE_N] = {"was moved", "trasladaron"};
    const struct state *s = n->state;
    const gboolean is_now = s->has_now && s->now.standing == STANDING_ELSEWHERE;
    const gboolean is_move = is_now ? !is_ending(s) || s->kind == CUSTODY_TRANSFERRED
                                    : !s->has_now && s->kind == CUSTODY_TRANSFERRED;
    if (!is_move || s->reader == READER_UNLINKED || s->is_unclear ||
        s->kind == CUSTODY_STATUS_CHANGED ||
        (s->has_now && s->now.is_doubtful && s->now.is_other_booking && is_ending(s)))
        return TRUE;
    return has(n->body, moved[n->language]) && !has_any(n->body, out_words[n->language]);
}

/* That a name left a list says nothing of where they are. */
static gboolean a_list_releases_nobody(const struct said *n) {
    static const char *const list[LANGUAGE_N] = {"list", "lista"};
    const struct state *s = n->state;
    if (!s->has_now || s->now.standing != STANDING_GONE || is_ending(s) || s->is_unclear ||
        s->reader == READER_UNLINKED || s->kind == CUSTODY_STATUS_CHANGED)
        return TRUE;
    return has(n->body, list[n->language]) && !has(n->body, released[n->language]);
}

/* Of all that a correction can take back. */
static const char *const told_words[CUSTODY_N_KINDS][LANGUAGE_N] = {
    [CUSTODY_BOOKED] = {"was booked", "había ingresado"},
    [CUSTODY_RELEASED] = {"was released", "salido en libertad"},
    [CUSTODY_TRANSFERRED] = {"was moved", "habían trasladado"},
    [CUSTODY_ESCAPED] = {"escaped", "se había escapado"},
    [CUSTODY_RECAPTURED] = {"in custody", "bajo custodia"},
    [CUSTODY_DIED] = {"died", "había muerto"},
    [CUSTODY_RETURNED] = {"in custody", "bajo custodia"},
    [CUSTODY_LEFT_ROSTER] = {"no longer showed", "ya no estaba en la lista"},
    [CUSTODY_BACK_ON_ROSTER] = {"in custody", "bajo custodia"}};

static gboolean a_correction_names_what_it_takes_back(const struct said *n) {
    static const char *const since[LANGUAGE_N][5] = {
        {"has taken that back", "now says something else", "go by this notice", "was a mistake", NULL},
        {"dice ahora que esa información no es válida", "dice ahora otra cosa", "guíese por este aviso",
         "fue un error", NULL}};
    const struct state *s = n->state;
    const char *told = strstr(n->text, told_us[n->language]);
    if (!s->has_earlier)
        return !told;
    if (!told)
        return FALSE;
    g_autofree char *line = g_strndup(told, strcspn(told, "|"));
    const char *words = s->earlier.was_doubtful ? NULL : told_words[s->earlier.kind][n->language];
    return has_any(line, since[n->language]) && (!words || has(line, words));
}

/* What a person here found is not put on the jail. */
static gboolean only_the_jail_speaks_for_it(const struct said *n) {
    static const char *const jail_said[LANGUAGE_N][6] = {
        {"the jail has taken", "the jail now says", "the jail told us", "the jail's own",
         "the jail reported", NULL},
        {"la cárcel dice ahora", "nos lo dijo la cárcel", "cambió sus propios datos",
         "la cárcel lo informó", "nos había dado", NULL}};
    return !n->state->is_found_out || !has_any(n->text, jail_said[n->language]);
}

/* Nothing is only taken back: what is believed is said after it. */
static gboolean a_correction_says_what_is_believed(const struct said *n) {
    static const char *const escaped[LANGUAGE_N] = {"escaped", "se escapó"};
    static const char *const believed[STANDING_N][LANGUAGE_N] = {
        [STANDING_UNKNOWN] = {"do not know where", "no sabemos dónde"},
        [STANDING_HELD] = {"is in custody at", "está bajo custodia en"},
        [STANDING_AWAY] = {"they are away from", "sigue bajo custodia, pero no está"},
        [STANDING_GONE] = {"no longer shows", "ya no está en la lista"},
        [STANDING_ELSEWHERE] = {"was moved away from", "trasladaron a otro lugar"},
        [STANDING_DEAD] = {"has died", "ha muerto"}};
    const struct state *s = n->state;
    if (!s->has_now || s->now.is_doubtful || s->now.is_unclear || s->reader == READER_UNLINKED ||
        (s->kind != CUSTODY_CORRECTED && s->kind != CUSTODY_AS_KNOWN))
        return TRUE;
    const char *words = believed[s->now.standing][n->language];
    if (s->now.standing == STANDING_OUT)
        words = s->now.kind == CUSTODY_RELEASED ? released[n->language] : escaped[n->language];
    return has(n->body, words);
}

/* What another booking says is not put down to the event's jail. */
static gboolean the_place_is_where_it_was(const struct said *n) {
    const struct state *s = n->state;
    if (!s->has_now || !s->now.is_other_booking || s->is_unclear || s->reader == READER_UNLINKED ||
        s->now.is_unclear)
        return TRUE;
    if (s->kind == CUSTODY_CORRECTED)
        return s->now.standing == STANDING_UNKNOWN || has(n->body, "west jail");
    return !is_ending(s) || !is_held(s) || s->kind == CUSTODY_DIED ||
           (has(n->body, "west jail") && has(n->body, "east jail"));
}

static const struct rule {
    const char *name;
    gboolean (*holds)(const struct said *);
} rules[] = {{"no field is left", no_field_is_left},
             {"nothing is empty", nothing_is_empty},
             {"marks are in order", marks_are_in_order},
             {"sentences begin large", sentences_begin_large},
             {"no code is shown", no_code_is_shown},
             {"a release is one", a_release_is_one},
             {"who is held is said to be", who_is_held_is_said_to_be},
             {"doubt is said", doubt_is_said},
             {"what is unclear is said to be", what_is_unclear_is_said_to_be},
             {"a death is no release", a_death_is_no_release},
             {"a move is no release", a_move_is_no_release},
             {"a list releases nobody", a_list_releases_nobody},
             {"a correction names what it takes back", a_correction_names_what_it_takes_back},
             {"only the jail speaks for it", only_the_jail_speaks_for_it},
             {"a correction says what is believed", a_correction_says_what_is_believed},
             {"the place is where it was", the_place_is_where_it_was}};

/* ── All of them ───────────────────────────────────────────────────────────────────────────────── */

struct run {
    guint n_states, n_faults, broken[G_N_ELEMENTS(rules)];
    GHashTable *other[LANGUAGE_N]; /* a line → the same in the other language */
};

static void complain(struct run *run, const struct said *n, const char *rule) {
    g_autofree char *name = name_of(n->state);
    if (run->n_faults++ < 20)
        g_test_message("%s: %s: %s: %s", rule, name, language_name(n->language), n->as_read);
}

static void check_rules(struct run *run, const struct state *s, enum language language,
                        GPtrArray *lines) {
    g_autofree char *text = text_of(lines);
    struct said n = said_of(s, language, text);
    for (guint i = 0; i < G_N_ELEMENTS(rules); i++)
        if (!rules[i].holds(&n) && run->broken[i]++ < 4)
            complain(run, &n, rules[i].name);
    said_clear(&n);
}

/* Each line is one line of the other language, always the same, and another. */
static void check_pairs(struct run *run, const struct state *s, GPtrArray **lines) {
    const struct said n = {s, LANGUAGE_EN, "", "", ""};
    if (lines[LANGUAGE_EN]->len != lines[LANGUAGE_ES]->len) {
        complain(run, &n, "as many lines in both languages");
        return;
    }
    for (guint i = 0; i < lines[LANGUAGE_EN]->len; i++)
        for (int language = 0; language < LANGUAGE_N; language++) {
            const char *one = lines[language]->pdata[i], *two = lines[!language]->pdata[i];
            const char *before = g_hash_table_lookup(run->other[language], one);
            if (!before)
                g_hash_table_insert(run->other[language], g_strdup(one), g_strdup(two));
            const struct said what = {s, (enum language)language, before ? before : one, "", ""};
            if (strcmp(one, two) == 0 || (before && strcmp(before, two) != 0))
                complain(run, &what, "the same in both languages, and not alike");
        }
}

static void check_state(const struct state *s, void *context) {
    struct run *run = context;
    GPtrArray *lines[LANGUAGE_N];
    run->n_states++;
    for (int language = 0; language < LANGUAGE_N; language++) {
        lines[language] = compose(s, (enum language)language, 0);
        check_rules(run, s, (enum language)language, lines[language]);
    }
    check_pairs(run, s, lines);
    for (int language = 0; language < LANGUAGE_N; language++)
        g_ptr_array_unref(lines[language]);
}

static void every_sentence_is_true_of_its_state(void) {
    struct run run = {.n_states = 0};
    for (int language = 0; language < LANGUAGE_N; language++)
        run.other[language] = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    each_state(check_state, &run);
    for (guint i = 0; i < G_N_ELEMENTS(rules); i++)
        if (run.broken[i])
            g_test_message("%s: broken %u times", rules[i].name, run.broken[i]);
    g_test_message("%u states, %u distinct lines in English, %u in Spanish", run.n_states,
                   g_hash_table_size(run.other[0]), g_hash_table_size(run.other[1]));
    g_assert_cmpuint(run.n_faults, ==, 0);
    g_assert_cmpuint(run.n_states, >, 10000);
    for (int language = 0; language < LANGUAGE_N; language++)
        g_hash_table_unref(run.other[language]);
}

/* ── That each rule can fail ───────────────────────────────────────────────────────────────────── */

static const struct state plainly_released = {
    .kind = CUSTODY_RELEASED,
    .when = WHEN_UNKNOWN,
    .has_now = TRUE,
    .now = {.standing = STANDING_OUT, .kind = CUSTODY_RELEASED, .facility_name = "East Jail"}};

static struct state with(enum custody_kind kind, enum custody_standing standing,
                         enum custody_kind now) {
    struct state s = plainly_released;
    s.kind = kind;
    s.now.standing = standing;
    s.now.kind = now;
    return s;
}

static gboolean breaks(const struct state *s, const char *text, const char *rule) {
    struct said n = said_of(s, LANGUAGE_EN, text);
    gboolean found = FALSE, broken = FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(rules); i++)
        if (strcmp(rules[i].name, rule) == 0) {
            found = TRUE;
            broken = !rules[i].holds(&n);
        }
    g_assert_true(found);
    said_clear(&n);
    return broken;
}

static void each_rule_can_fail(void) {
    struct state held = with(CUSTODY_RELEASED, STANDING_HELD, CUSTODY_N_KINDS), dead, moved, gone;
    struct state doubtful = plainly_released, unclear = plainly_released, corrected = plainly_released;
    dead = with(CUSTODY_DIED, STANDING_DEAD, CUSTODY_DIED);
    moved = with(CUSTODY_TRANSFERRED, STANDING_ELSEWHERE, CUSTODY_TRANSFERRED);
    gone = with(CUSTODY_AS_KNOWN, STANDING_GONE, CUSTODY_LEFT_ROSTER);
    doubtful.now.is_doubtful = unclear.now.is_unclear = corrected.now.is_other_booking = TRUE;
    corrected.kind = CUSTODY_CORRECTED;
    struct state taken_back = corrected;
    taken_back.has_earlier = TRUE;
    taken_back.earlier = (struct permit_earlier){CUSTODY_ESCAPED, FALSE, TOLD_AT};
    const struct {
        const struct state *state;
        const char *text, *rule;
    } wrong[] = {
        {&plainly_released, "{Person} was released.", "no field is left"},
        {&plainly_released, "Sam was released. |  | Call.", "nothing is empty"},
        {&plainly_released, "Sam was released from .", "marks are in order"},
        {&plainly_released, "Sam was released. | the jail said so.", "sentences begin large"},
        {&plainly_released, "Sam is on temporary_absence.", "no code is shown"},
        {&plainly_released, "Sam escaped.", "a release is one"},
        {&held, "Sam was released.", "a release is one"},
        {&doubtful, "Sam was released.", "a release is one"},
        {&held, "The jail reports a release.", "who is held is said to be"},
        {&doubtful, "The computer says that Sam is out.", "doubt is said"},
        {&unclear, "Sam left, and came in.", "what is unclear is said to be"},
        {&dead, "Sam has died. Sam is out of jail.", "a death is no release"},
        {&dead, "Sam left.", "a death is no release"},
        {&moved, "Sam was moved. Sam may be out.", "a move is no release"},
        {&gone, "Sam was released.", "a list releases nobody"},
        {&taken_back, "The jail has taken that back. | Sam was released.",
         "a correction names what it takes back"},
        {&taken_back,
         "On Saturday, April 5, 2025, we told you that Sam died. The jail has taken that back.",
         "a correction names what it takes back"},
        {&corrected, "The jail has taken that back.", "a correction says what is believed"},
        {&corrected, "Sam was released from East Jail.", "the place is where it was"}};
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++)
        if (!breaks(wrong[i].state, wrong[i].text, wrong[i].rule))
            g_error("\"%s\" passes where %s", wrong[i].text, wrong[i].rule);
}

static void a_reminder_says_the_same(void) {
    struct state s = plainly_released;
    for (int language = 0; language < LANGUAGE_N; language++) {
        g_autoptr(GPtrArray) first = compose(&s, (enum language)language, 0),
                             again = compose(&s, (enum language)language, 2);
        g_autofree char *one = text_of(first), *two = text_of(again);
        g_assert_cmpstr(one, ==, two);
    }
}

/* Nobody withholds a jail's name now; a policy may. */
static void what_is_withheld_leaves_no_hole(void) {
    static const char *const after[] = {"from", "at", "of", "into", "in", "to", "de", "en", "a"};
    for (int language = 0; language < LANGUAGE_N; language++)
        for (int kind = 0; kind < CUSTODY_N_KINDS; kind++) {
            struct state s = with((enum custody_kind)kind, STANDING_HELD, CUSTODY_N_KINDS);
            struct disclose_facts facts = facts_of(&s);
            struct policy_request request;
            struct policy_decision decision;
            const struct disclose_recipient recipient = {.reason = MATCH_ASKED};
            s.now.facility_name = facts.facility_name = facts.facility_phone = facts.detail = "";
            struct permit *permit = disclose_alert(gate, &facts, &recipient, AT, &request, &decision);
            const struct notice notice = {
                .what = NOTICE_ALERT, .permit = permit, .language = (enum language)language};
            g_autoptr(GPtrArray) lines = lines_of(&notice);
            g_autofree char *text = text_of(lines);
            struct said n = said_of(&s, (enum language)language, text);
            for (guint i = 0; i < G_N_ELEMENTS(after); i++) {
                g_autofree char *hole = g_strdup_printf(" %s .", after[i]);
                g_assert_false(has(n.text, hole));
            }
            if (!marks_are_in_order(&n) || !sentences_begin_large(&n))
                g_error("%s: %s", custody_kind_name(s.kind), text);
            said_clear(&n);
            permit_free(permit);
        }
}

/* ── Tables ────────────────────────────────────────────────────────────────────────────────────── */

struct entry {
    guint n, order;
    char *first; /* a state */
    custody_kinds kinds;
    guint now; /* bits of standings; 0x100 none */
    guint whens, readers;
};

struct table {
    GHashTable *entries[LANGUAGE_N];
    gboolean is_of_notices;
};

static void entry_free(gpointer data) {
    g_free(((struct entry *)data)->first);
    g_free(data);
}

static void count(struct table *table, enum language language, const struct state *s,
                  const char *text) {
    GHashTable *entries = table->entries[language];
    struct entry *e = g_hash_table_lookup(entries, text);
    if (!e) {
        e = g_new0(struct entry, 1);
        e->order = g_hash_table_size(entries);
        e->first = s ? name_of(s) : g_strdup("no news");
        g_hash_table_insert(entries, g_strdup(text), e);
    }
    e->n++;
    if (s) {
        e->kinds |= KIND_BIT(s->kind);
        e->now |= s->has_now ? 1u << s->now.standing : 0x100;
        e->whens |= 1u << s->when;
        e->readers |= 1u << s->reader;
    }
}

static void tabulate(const struct state *s, void *context) {
    struct table *table = context;
    for (int language = 0; language < LANGUAGE_N; language++) {
        g_autoptr(GPtrArray) lines = compose(s, (enum language)language, 0);
        g_autofree char *text = text_of(lines);
        if (table->is_of_notices)
            count(table, (enum language)language, s, text);
        for (guint i = 0; !table->is_of_notices && i < lines->len; i++)
            count(table, (enum language)language, s, lines->pdata[i]);
    }
}

/* Purposes without a permit, and the subjects of all. */
static void tabulate_purposes(struct table *table) {
    static const enum notice_what whats[] = {NOTICE_ALERT,    NOTICE_CODE, NOTICE_ENDED,
                                             NOTICE_EXPIRING, NOTICE_OVER, NOTICE_TEST};
    for (int language = 0; language < LANGUAGE_N; language++)
        for (guint k = 0; k < G_N_ELEMENTS(whats); k++) {
            const struct notice notice = {.what = whats[k],
                                          .language = (enum language)language,
                                          .words = "271828",
                                          .confirm_url = "https://x.test/c/t",
                                          .renew_url = "https://x.test/r/t",
                                          .ends_at_us = AT};
            if (!table->is_of_notices)
                count(table, (enum language)language, NULL, notice_subject(&notice));
            if (whats[k] == NOTICE_ALERT)
                continue;
            g_autoptr(GPtrArray) lines = lines_of(&notice);
            g_autofree char *text = text_of(lines);
            for (guint i = 0; !table->is_of_notices && i < lines->len; i++)
                count(table, (enum language)language, NULL, lines->pdata[i]);
            if (table->is_of_notices)
                count(table, (enum language)language, NULL, text);
        }
}

static void list_bits(GString *out, guint bits, guint n, const char *(*name)(guint)) {
    guint found = 0;
    for (guint i = 0; i < n; i++)
        if (bits >> i & 1)
            g_string_append_printf(out, "%s%s", found++ ? " " : "", name(i));
}

static const char *name_kind(guint i) {
    return custody_kind_name((enum custody_kind)i);
}

static const char *name_standing(guint i) {
    return i == 8 ? "-" : custody_standing_name((enum custody_standing)i);
}

static const char *name_when(guint i) {
    return when_names[i];
}

static const char *name_reader(guint i) {
    return reader_names[i];
}

/* Unlike "all of them", nothing is said of what it does not depend on. */
static char *states_of(const struct entry *e) {
    GString *out = g_string_new("kind: ");
    list_bits(out, e->kinds, CUSTODY_N_KINDS, name_kind);
    g_string_append(out, "; now: ");
    list_bits(out, e->now & ~(1u << STANDING_N), 9, name_standing);
    g_string_append(out, "; time: ");
    list_bits(out, e->whens, WHEN_N, name_when);
    g_string_append(out, "; reader: ");
    list_bits(out, e->readers, READER_N, name_reader);
    return g_string_free(out, FALSE);
}

static int by_order(gconstpointer a, gconstpointer b, gpointer entries) {
    const struct entry *one = g_hash_table_lookup(entries, *(const char *const *)a),
                       *two = g_hash_table_lookup(entries, *(const char *const *)b);
    return one->order < two->order ? -1 : one->order > two->order;
}

static int print_table(gboolean is_of_notices) {
    struct table table = {.is_of_notices = is_of_notices};
    for (int language = 0; language < LANGUAGE_N; language++)
        table.entries[language] = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, entry_free);
    each_state(tabulate, &table);
    tabulate_purposes(&table);
    for (int language = 0; language < LANGUAGE_N; language++) {
        GHashTable *entries = table.entries[language];
        guint n;
        g_autofree gpointer *texts = g_hash_table_get_keys_as_array(entries, &n);
        g_qsort_with_data(texts, (gint)n, sizeof *texts, by_order, entries);
        for (guint i = 0; i < n; i++) {
            const struct entry *e = g_hash_table_lookup(entries, texts[i]);
            g_autofree char *states = states_of(e);
            printf("%s\t%u\t%s\t%s\n", language_name((enum language)language), e->n,
                   is_of_notices ? e->first : states, (const char *)texts[i]);
        }
        g_hash_table_unref(entries);
    }
    return 0;
}

int main(int argc, char **argv) {
    int status;
    denver = g_time_zone_new_identifier("America/Denver");
    gate = disclose_gate_new(policy_load("baseline", NULL, NULL), "local", NULL);
    g_assert_nonnull(gate);
    if (argc == 2 && (g_str_equal(argv[1], "--table") || g_str_equal(argv[1], "--notices"))) {
        status = print_table(g_str_equal(argv[1], "--notices"));
    } else {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/words/rules", each_rule_can_fail);
        g_test_add_func("/words/all", every_sentence_is_true_of_its_state);
        g_test_add_func("/words/reminder", a_reminder_says_the_same);
        g_test_add_func("/words/withheld", what_is_withheld_leaves_no_hole);
        status = g_test_run();
    }
    disclose_gate_unref(gate);
    g_time_zone_unref(denver);
    return status;
}
