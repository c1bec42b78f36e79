/* What agreement is worth: learned from the records, without anybody telling which are one person's.
 *
 * u, how often a level occurs by chance, comes from random pairs. m, how often it occurs when two
 * records are one person's, comes from expectation and maximization over the patterns of pairs that
 * share a birth date, a name or a key: each such session learns the fields that it does not pick by.
 * Matches that the sessions count give the prior. */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "people/link/private.h"

#define RANDOM_PAIRS 400000
#define SESSION_PAIRS 600000
#define ROUNDS 30
#define KIN (-1.0F)       /* bits, at most */
#define USUAL_PAIRS 1.0   /* so many pairs is the usual u worth … */
#define USUAL_CODES 20.0  /* … the usual chance of a code, among those of one given name … */
#define USUAL_MATCHES 5.0 /* … and so many matches the usual m */

/* What is taken until the records say otherwise: of one person's records, and of two people's. */
static double usual_m(guint field, guint level) {
    static const float m[LINK_FIELD_COLUMNS][LEVELS] = {
        [LINK_FIELD_GIVEN] = {0, 0.80F, 0.06F, 0.06F, 0.01F, 0.02F, 0.01F, 0.04F},
        [LINK_FIELD_MIDDLE] = {0, 0.50F, 0.40F, 0.03F, 0.07F, 0.001F, 0.001F, 0.001F},
        [LINK_FIELD_SURNAME] = {0, 0.84F, 0.02F, 0.07F, 0.01F, 0.01F, 0.05F, 0.001F},
        [LINK_FIELD_SUFFIX] = {0, 0.98F, 0.001F, 0.02F, 0.001F, 0.001F, 0.001F, 0.001F},
        [LINK_FIELD_BORN] = {0, 0.80F, 0.02F, 0.06F, 0.03F, 0.02F, 0.02F, 0.05F}};
    static const float column[LEVELS] = {0, 0.90F, 0.04F, 0.06F, 0.001F, 0.001F, 0.001F, 0.001F};
    return (double)(field < LINK_FIELD_COLUMNS ? m[field][level] : column[level]);
}

static double usual_u(guint field, guint level) {
    return level == level_of_another(field) ? 0.6 : 0.05;
}

/* ── Random pairs ──────────────────────────────────────────────────────────────────────────────── */

/* Two records that agree on this much are no chance: they would make chance look likely. */
static gboolean looks_like_one(const struct link_set *set, const struct levels *l) {
    guint same = l->level[LINK_FIELD_BORN] == LEVEL_SAME;
    same += l->level[LINK_FIELD_GIVEN] == LEVEL_SAME && l->level[LINK_FIELD_SURNAME] == LEVEL_SAME;
    for (guint c = 0; c < set->n_columns; c++)
        same += set->columns[c].kind != LINK_CODE && l->level[LINK_FIELD_COLUMNS + c] == LEVEL_SAME &&
                l->rarity[LINK_FIELD_COLUMNS + c] > 6;
    return same >= 2;
}

static enum rarity rarity_of(const struct link_set *set, guint field, guint level) {
    return level_rarity(
        field, field < LINK_FIELD_COLUMNS ? LINK_CODE : set->columns[field - LINK_FIELD_COLUMNS].kind,
        level);
}

/* `typical`: how rare a value is on the average, where a level's worth depends on that: bits. */
static void learn_chance(struct link_set *set, double typical[][LEVELS]) {
    guint64 state = 20010911;
    double n_known[LINK_MOST_FIELDS] = {0}, n[LINK_MOST_FIELDS][LEVELS] = {{0}},
           inverse[LINK_MOST_FIELDS][LEVELS] = {{0}};
    for (guint k = 0; k < RANDOM_PAIRS; k++) {
        const guint32 a = (guint32)(base_seeded_next(&state) % set->rows->len),
                      b = (guint32)(base_seeded_next(&state) % set->rows->len);
        struct levels l;
        if (a == b)
            continue;
        set_levels(set, a, b, &l);
        if (looks_like_one(set, &l))
            continue;
        for (guint f = 0; f < set->n_fields; f++) {
            const guint level = l.level[f];
            if (level == LEVEL_UNKNOWN)
                continue;
            n_known[f]++;
            n[f][level]++;
            if (rarity_of(set, f, level) == RARITY_RATIO)
                inverse[f][level] += exp2((double)l.rarity[f]);
        }
    }
    for (guint f = 0; f < set->n_fields; f++)
        for (guint level = 1; level < LEVELS; level++) {
            set->u[f][level] =
                (n[f][level] + USUAL_PAIRS * usual_u(f, level)) / (n_known[f] + USUAL_PAIRS);
            typical[f][level] = inverse[f][level] > 0 ? log2(inverse[f][level] / n[f][level]) : -1;
        }
}

/* A code says no more than the given name does not say already: who is called MARIA shares her sex with
 * every other MARIA. So its chance is that among neighbours of one given name who are two people. */
static void learn_code(struct link_set *set, guint column) {
    const GArray *counts = set->counts[column];
    const guint f = LINK_FIELD_COLUMNS + column;
    g_autofree guint32 *last = g_new0(guint32, set->names.names->len); /* row + 1, by given name */
    g_autofree guint32 *n = g_new0(guint32, counts->len), *n_same = g_new0(guint32, counts->len);
    double pairs = 0, same = 0;
    for (guint32 i = 0; i < set->rows->len; i++) {
        const struct row *x = set_row(set, i);
        const guint32 value = set_value(set, column, i), other = last[x->given];
        if (!x->given || !value)
            continue;
        last[x->given] = i + 1;
        const struct row *y = other ? set_row(set, other - 1) : NULL;
        if (!y || x->surname == y->surname || (x->year && row_born(x) == row_born(y)))
            continue;
        const guint32 value_of_other = set_value(set, column, other - 1);
        n[value]++;
        n_same[value] += value == value_of_other;
        pairs++;
        same += value == value_of_other;
    }
    set->code_rarity[column] = g_new(float, counts->len);
    for (guint value = 0; value < counts->len; value++) {
        const double share =
            (double)g_array_index(counts, guint32, value) / MAX(set->n_values[column], 1);
        set->code_rarity[column][value] =
            (float)-log2(MAX((n_same[value] + USUAL_CODES * share) / (n[value] + USUAL_CODES), 1e-6));
    }
    set->u[f][LEVEL_SAME] = (same + USUAL_CODES * set->u[f][LEVEL_SAME]) / (pairs + USUAL_CODES);
    set->u[f][VALUE_OTHER] =
        (pairs - same + USUAL_CODES * set->u[f][VALUE_OTHER]) / (pairs + USUAL_CODES);
}

/* ── Sessions ──────────────────────────────────────────────────────────────────────────────────── */

struct pattern {
    guint64 levels; /* three bits a field */
    guint32 n;
};

static guint level_in(guint64 pattern, guint field) {
    return (guint)(pattern >> (3 * field) & 7);
}

/* How often each pattern occurs among pairs that share what the pass is about. */
static GArray *count_patterns(const struct link_set *set, const GArray *entries) {
    g_autoptr(GHashTable) places = g_hash_table_new(g_int64_hash, g_int64_equal);
    GArray *patterns = g_array_sized_new(FALSE, FALSE, sizeof(struct pattern), 1 << 16);
    guint n = 0;
    /* Hashes are in no order that means anything: the first groups are a sample. */
    for (guint i = 0, end; i < entries->len && n < SESSION_PAIRS; i = end) {
        end = entry_run(entries, i);
        for (guint j = i; j < MIN(end, i + 300); j++)
            for (guint k = j + 1; k < MIN(end, i + 300); k++, n++) {
                struct levels l;
                gint64 key = 0;
                set_levels(set, entry_row(g_array_index(entries, guint64, j)),
                           entry_row(g_array_index(entries, guint64, k)), &l);
                for (guint f = 0; f < set->n_fields; f++)
                    key |= (gint64)l.level[f] << (3 * f);
                gpointer place = g_hash_table_lookup(places, &key);
                if (!place) {
                    const struct pattern new = {(guint64)key, 0};
                    g_array_append_val(patterns, new);
                    place = GUINT_TO_POINTER(patterns->len);
                    g_hash_table_insert(places, g_memdup2(&key, sizeof key), place);
                }
                g_array_index(patterns, struct pattern, GPOINTER_TO_UINT(place) - 1).n++;
            }
    }
    GHashTableIter iter;
    gpointer key;
    g_hash_table_iter_init(&iter, places);
    while (g_hash_table_iter_next(&iter, &key, NULL))
        g_free(key);
    return patterns;
}

struct session {
    const struct link_set *set;
    guint pass;
    double m[LINK_MOST_FIELDS][LEVELS], part; /* of the session's pairs that are matches */
    double n_pairs, weight;                   /* in all the set; how many matches it learned from */
};

/* Which fields the pass picks by, and so cannot learn. */
static gboolean picks_by(guint pass, guint field) {
    switch (pass) {
    case PASS_BORN: return field == LINK_FIELD_BORN;
    case PASS_ANY_ORDER:
        return field == LINK_FIELD_GIVEN || field == LINK_FIELD_SURNAME || field == LINK_FIELD_MIDDLE;
    default: return field == LINK_FIELD_COLUMNS + pass - PASS_COLUMN;
    }
}

static gpointer run_session(gpointer data) {
    struct session *s = data;
    const struct link_set *set = s->set;
    g_autoptr(GArray) entries = link_pass_entries(set, s->pass);
    g_autoptr(GArray) patterns = count_patterns(set, entries);
    s->part = 0.05;
    for (guint f = 0; f < set->n_fields; f++)
        for (guint level = 1; level < LEVELS; level++)
            s->m[f][level] = usual_m(f, level);
    double total = 0;
    for (guint round = 0; round < ROUNDS; round++) {
        double sum[LINK_MOST_FIELDS][LEVELS] = {{0}}, known[LINK_MOST_FIELDS] = {0}, matches = 0;
        total = 0;
        for (guint i = 0; i < patterns->len; i++) {
            const struct pattern *p = &g_array_index(patterns, struct pattern, i);
            double odds = s->part / (1 - s->part);
            for (guint f = 0; f < set->n_fields; f++) {
                const guint level = level_in(p->levels, f);
                if (level != LEVEL_UNKNOWN && !picks_by(s->pass, f))
                    odds *= s->m[f][level] / set->u[f][level];
            }
            const double match = p->n * (odds / (1 + odds));
            matches += match;
            total += p->n;
            for (guint f = 0; f < set->n_fields; f++) {
                const guint level = level_in(p->levels, f);
                if (level != LEVEL_UNKNOWN) {
                    sum[f][level] += match;
                    known[f] += match;
                }
            }
        }
        if (total == 0)
            break;
        s->part = CLAMP(matches / total, 1e-6, 0.95);
        s->weight = matches;
        for (guint f = 0; f < set->n_fields; f++)
            for (guint level = 1; level < LEVELS; level++)
                s->m[f][level] =
                    (sum[f][level] + USUAL_MATCHES * usual_m(f, level)) / (known[f] + USUAL_MATCHES);
    }
    for (guint i = 0, end; i < entries->len; i = end) {
        end = entry_run(entries, i);
        s->n_pairs += (double)(end - i) * (end - i - 1) / 2;
    }
    return NULL;
}

/* ── The whole ─────────────────────────────────────────────────────────────────────────────────── */

/* Matches in all: those of a session, divided by the part of matches that the session sees. */
static double count_matches(const struct session *s) {
    const struct link_set *set = s->set;
    const double n = set->rows->len;
    double seen = 1;
    for (guint f = 0; f < set->n_fields; f++) {
        const double known = f == LINK_FIELD_BORN      ? set->n_born / n
                             : f >= LINK_FIELD_COLUMNS ? set->n_values[f - LINK_FIELD_COLUMNS] / n
                                                       : 1;
        if (picks_by(s->pass, f) && f != LINK_FIELD_MIDDLE)
            seen *= known * known * set->m[f][LEVEL_SAME];
    }
    return s->part * s->n_pairs / MAX(seen, 1e-3);
}

static void set_most(struct link_set *set) {
    set->most_given = set->most_middle = 0;
    for (guint level = 1; level < LEVELS; level++) {
        set->most_given = MAX(set->most_given, set->bits[LINK_FIELD_GIVEN][level]);
        set->most_middle = MAX(set->most_middle, set->bits[LINK_FIELD_MIDDLE][level]);
    }
}

static void set_weights(struct link_set *set, double typical[][LEVELS]) {
    for (guint f = 0; f < set->n_fields; f++)
        for (guint level = 1; level < LEVELS; level++) {
            const enum rarity rarity = rarity_of(set, f, level);
            const double m = set->m[f][level], ratio = log2(m / set->u[f][level]);
            set->is_rare[f][level] =
                rarity == RARITY_SHARE || (rarity == RARITY_RATIO && typical[f][level] >= 0);
            set->bits[f][level] = (float)(rarity == RARITY_SHARE   ? log2(m)
                                          : set->is_rare[f][level] ? ratio - typical[f][level]
                                                                   : ratio);
        }
}

/* The mean over sessions that can learn it, by how many matches each saw. */
static void learn_m(struct link_set *set, const struct session *sessions, guint n) {
    for (guint f = 0; f < set->n_fields; f++)
        for (guint level = 1; level < LEVELS; level++) {
            double sum = 0, weight = 0;
            for (guint i = 0; i < n; i++)
                if (!picks_by(sessions[i].pass, f)) {
                    sum += (sessions[i].weight + 1e-3) * sessions[i].m[f][level];
                    weight += sessions[i].weight + 1e-3;
                }
            set->m[f][level] = weight > 0 ? sum / weight : usual_m(f, level);
        }
}

void link_set_learn(struct link_set *set) {
    struct session sessions[2 + LINK_MOST_COLUMNS] = {{.set = set}};
    GThread *threads[G_N_ELEMENTS(sessions)];
    double typical[LINK_MOST_FIELDS][LEVELS];
    guint n = 0;
    set_weigh(set, 0, 0);
    if (set->rows->len < 2)
        return;
    learn_chance(set, typical);
    for (guint c = 0; c < set->n_columns; c++)
        if (set->columns[c].kind == LINK_CODE && set->n_values[c])
            learn_code(set, c);
    if (set->n_born)
        sessions[n++].pass = PASS_BORN;
    sessions[n++].pass = PASS_ANY_ORDER;
    for (guint c = 0; c < set->n_columns; c++)
        if (set->columns[c].kind == LINK_KEY && set->n_values[c])
            sessions[n++].pass = PASS_COLUMN + c;
    for (guint i = 0; i < n; i++) {
        sessions[i].set = set;
        threads[i] = g_thread_new("session", run_session, &sessions[i]);
    }
    double matches = 0;
    for (guint i = 0; i < n; i++)
        g_thread_join(threads[i]);
    learn_m(set, sessions, n);
    for (guint i = 0; i < n; i++)
        matches = MAX(matches, count_matches(&sessions[i]));
    const double rows = set->rows->len;
    matches = CLAMP(matches, rows / 100, rows * 5);
    const double part = MIN(matches / (rows * (rows - 1) / 2), 0.5);
    set->prior = log2(part / (1 - part));
    set_weights(set, typical);
    set_most(set);
    set_weigh(set, 2 * matches / rows, 0);
}

/* ── The fixed model ───────────────────────────────────────────────────────────────────────────── */

/* Learned once from a million made-up bookings (docs/matching.md), rounded, and made more careful where
 * those were kinder than life. */
#define PEOPLE_LEAST 300      /* the prior of a small site is that of one with so many people */
#define SEEN_ELSEWHERE 0.3    /* of a site's people have a record under another number */
#define BORN_RARITY 13.5F     /* a birth date, where it is known to the day */
#define NEW_YEARS_RARITY 6.0F /* the first of January often stands for a date that nobody knows */

static const float fixed[LINK_FIELD_COLUMNS][LEVELS] = {
    [LINK_FIELD_GIVEN] = {[LEVEL_SAME] = -0.4F,
                          [GIVEN_NICKNAME] = -8.2F,
                          [GIVEN_SLIP] = -10.9F,
                          [GIVEN_SLIPS] = -14.9F,
                          [GIVEN_INITIAL] = 3.0F,
                          [GIVEN_ELSEWHERE] = -7.9F,
                          [GIVEN_OTHER] = -5.2F},
    [LINK_FIELD_MIDDLE] =
        {[LEVEL_SAME] = -1.2F, [MIDDLE_INITIAL] = 3.5F, [MIDDLE_SLIP] = -12, [MIDDLE_OTHER] = -5},
    [LINK_FIELD_SURNAME] = {[LEVEL_SAME] = -0.4F,
                            [SURNAME_PART] = -6.7F,
                            [SURNAME_SLIP] = -9.6F,
                            [SURNAME_SLIPS] = -15,
                            [SURNAME_SWAPPED] = -5.9F,
                            [SURNAME_OTHER] = -4.2F},
    [LINK_FIELD_SUFFIX] = {[LEVEL_SAME] = 1.1F, [VALUE_OTHER] = -8},
    [LINK_FIELD_BORN] = {[LEVEL_SAME] = -0.4F,
                         [BORN_SWAPPED] = 9,
                         [BORN_DIGIT] = 4.7F,
                         [BORN_TWO_PARTS] = 3.5F,
                         [BORN_YEAR] = 4,
                         [BORN_GENERATION] = -4,
                         [BORN_OTHER] = -4}};

/* A number of one's own: the same is nearly proof, another may be a slip of the pen. */
static const float fixed_key[LEVELS] = {[LEVEL_SAME] = 28, [VALUE_OTHER] = -6};

void link_set_fix(struct link_set *set) {
    set_weigh(set, 0, PEOPLE_LEAST);
    set->is_fixed = TRUE;
    memset(set->bits, 0, sizeof set->bits);
    memcpy(set->bits, fixed, sizeof fixed);
    memset(set->is_rare, 0, sizeof set->is_rare);
    for (guint c = 0; c < set->n_columns; c++)
        if (set->columns[c].kind == LINK_KEY)
            memcpy(set->bits[LINK_FIELD_COLUMNS + c], fixed_key, sizeof fixed_key);
    for (guint f = 0; f < LINK_FIELD_COLUMNS; f++)
        for (guint level = 1; level < LEVELS; level++)
            set->is_rare[f][level] = rarity_of(set, f, level) != RARITY_NONE;
    for (guint i = 0; i < BORN_DAYS; i++)
        set->born_rarity[i] = (i & 0x1FF) == (1 << 5 | 1) ? NEW_YEARS_RARITY : BORN_RARITY;
    set_most(set);
    set->prior = log2(SEEN_ELSEWHERE / MAX(set->names.total[AS_SURNAME], PEOPLE_LEAST));
}

/* ── Using it ──────────────────────────────────────────────────────────────────────────────────── */

static float field_bits(const struct link_set *set, guint f, const struct levels *l) {
    const guint level = l->level[f];
    return level == LEVEL_UNKNOWN ? 0
                                  : set->bits[f][level] + (set->is_rare[f][level] ? l->rarity[f] : 0);
}

/* One surname, another given name: twins and households share a surname, a birth date, an address, and
 * none of them tells of the others' chance. Only a key says that they are one. */
static gboolean may_be_kin(const struct link_set *set, const struct levels *l) {
    if (l->level[LINK_FIELD_GIVEN] != GIVEN_OTHER ||
        (l->level[LINK_FIELD_SURNAME] != LEVEL_SAME && l->level[LINK_FIELD_SURNAME] != SURNAME_PART))
        return FALSE;
    for (guint c = 0; c < set->n_columns; c++)
        if (set->columns[c].kind == LINK_KEY && l->level[LINK_FIELD_COLUMNS + c] == LEVEL_SAME)
            return FALSE;
    return TRUE;
}

double set_pair_bits(const struct link_set *set, guint32 a, guint32 b, double least) {
    struct levels l;
    float bits = (float)set->prior;
    set_levels_first(set, a, b, &l);
    for (guint f = LINK_FIELD_SURNAME; f < set->n_fields; f++)
        bits += field_bits(set, f, &l);
    if ((double)(bits + set_most_of_rest(set, a, b)) < least)
        return -INFINITY;
    set_levels_rest(set, a, b, &l);
    bits += field_bits(set, LINK_FIELD_GIVEN, &l) + field_bits(set, LINK_FIELD_MIDDLE, &l);
    return (double)(may_be_kin(set, &l) ? MIN(bits, KIN) : bits);
}

double link_prior(const struct link_set *set) {
    return set->prior;
}

double link_compare(const struct link_set *set, guint32 a, guint32 b, struct link_evidence *evidence,
                    guint *n_evidence) {
    struct levels l;
    set_levels(set, a, b, &l);
    double bits = set->prior;
    for (guint f = 0; f < set->n_fields; f++) {
        const double field = (double)field_bits(set, f, &l);
        bits += field;
        if (evidence)
            evidence[f] = (struct link_evidence){.field = set_field_name(set, f),
                                                 .level = level_name(f, l.level[f]),
                                                 .agreement = level_agreement(f, l.level[f]),
                                                 .bits = field};
    }
    if (n_evidence)
        *n_evidence = set->n_fields;
    return may_be_kin(set, &l) ? MIN(bits, (double)KIN) : bits;
}
