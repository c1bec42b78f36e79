#include "identity/linker.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "match/match.h"
#include "owe/owe.h"
#include "people/link/near.h"
#include "site/duty.h"
#include "store/store.h"
#include "store/watch.h"

#define LOOKS_EVERY_MS 200
#define AT_ONCE 64               /* changes that are looked at before they are written down */
#define MOST_READ 24             /* of them, who are compared in full */
#define MOST_ASKED 5             /* of them, about whom a clerk is asked */
#define MAY_GROW 8.0             /* bits that a middle name or suffix may add */
#define RECENT_US (24 * HOUR_US) /* what happened longer ago is no news */
#define RECOUNT 2 /* rarities are worked out again when there are so many times more people */

/* A person as it is compared, with strings of its own. */
struct named {
    gint64 id;
    char *scope, *surname, *given, *middle, *suffix;
    gint32 born;
    char key[65]; /* of the state id, in hexadecimal digits; "" not known */
};

static const struct link_column columns[] = {{"state id", LINK_KEY}};
#define LINK_FIELD_STATE_ID LINK_FIELD_COLUMNS

struct linker {
    struct site *site;
    struct people_source people;
    struct link_set *set;
    GArray *born; /* gint32 by person id */
    struct site_duty duty;
    guint64 n_counted, n_weighed; /* people counted; when rarities were last worked out */
    GThread *thread;
    GMutex mutex;
    GCond wakes;
    gboolean stops;
};

static void named_clear(gpointer data) {
    struct named *n = data;
    g_free(n->scope);
    g_free(n->surname);
    g_free(n->given);
    g_free(n->middle);
    g_free(n->suffix);
}

static void keep_named(const struct store_name *name, void *context) {
    struct named n = {.id = name->person_id,
                      .scope = g_strdup(name->scope),
                      .surname = g_strdup(name->surname),
                      .given = g_strdup(name->given),
                      .middle = g_strdup(name->middle),
                      .suffix = g_strdup(name->suffix),
                      .born = name->born};
    for (guint i = 0; name->key && i < 32; i++)
        g_snprintf(n.key + 2 * i, 3, "%02x", name->key[i]);
    g_array_append_val((GArray *)context, n);
}

static GArray *named_list(void) {
    GArray *list = g_array_new(FALSE, FALSE, sizeof(struct named));
    g_array_set_clear_func(list, named_clear);
    return list;
}

static struct link_record record_of(const struct named *n) {
    return (struct link_record){.surname = n->surname,
                                .given = n->given,
                                .middle = n->middle,
                                .suffix = n->suffix,
                                .year = (guint)n->born / 10000,
                                .month = (guint)n->born / 100 % 100,
                                .day = (guint)n->born % 100,
                                .values = {n->key}};
}

static gint64 people_seq(const struct linker *l) {
    return l->people.seq(l->people.context);
}

/* ── Counting names ────────────────────────────────────────────────────────────────────────────── */

static void count_person(struct linker *l, gint64 id, gint32 born, const struct link_record *record) {
    link_set_count(l->set, record);
    l->n_counted++;
    if (id < G_MAXINT32) {
        if ((gint64)l->born->len <= id)
            g_array_set_size(l->born, (guint)id + 1);
        g_array_index(l->born, gint32, id) = born;
    }
}

static void count_name(const struct store_name *name, void *context) {
    const struct link_record record = {
        .surname = name->surname, .given = name->given, .middle = name->middle, .suffix = name->suffix};
    count_person(context, name->person_id, name->born, &record);
}

static gboolean count_all(struct db *db, void *context, GError **error) {
    return store_names(db, count_name, context, error);
}

static gboolean count_names(struct linker *l, GError **error) {
    link_set_free(l->set);
    l->set = link_set_new(columns, G_N_ELEMENTS(columns));
    l->n_counted = 0;
    if (!store_read(site_store(l->site), count_all, l, error))
        return FALSE;
    link_set_fix(l->set);
    l->n_weighed = l->n_counted;
    return TRUE;
}

/* ── Comparing ─────────────────────────────────────────────────────────────────────────────────── */

/* What keeps two from being linked without asking, however alike: fathers and sons, twins, brothers who
 * borrow a name, two numbers of one jail. */
static const char *why_not_sure(const struct linker *l, const struct named *a, const struct named *b,
                                const struct link_evidence *e) {
    const enum link_agreement key = e[LINK_FIELD_STATE_ID].agreement,
                              given = e[LINK_FIELD_GIVEN].agreement;
    if (key == LINK_ANOTHER)
        return "their state ids differ";
    if (strcmp(a->scope, b->scope) == 0)
        return "their jail gave them two numbers, and should know them apart";
    if (e[LINK_FIELD_SUFFIX].agreement == LINK_ANOTHER)
        return "their suffixes differ: they may be father and son";
    if (e[LINK_FIELD_MIDDLE].agreement == LINK_ANOTHER)
        return "their middle names differ: they may be twins or kin";
    if (key != LINK_SAME && e[LINK_FIELD_BORN].agreement != LINK_SAME)
        return "their birth dates are not known to be the same";
    if (given == LINK_ANOTHER ||
        (key != LINK_SAME && given != LINK_SAME && !link_is_short_for(l->set, a->given, b->given)))
        return "their given names differ: they may be twins or kin";
    return NULL;
}

struct verdict {
    gint64 other;
    double bits;
    gboolean is_sure, is_guarded; /* something keeps it from being sure whatever the bits */
    char *evidence;
};

static void verdict_clear(gpointer data) {
    g_free(((struct verdict *)data)->evidence);
}

/* By field, for clerks who look later. */
static char *evidence_json(const struct link_evidence *e, guint n, const char *why_not) {
    json_t *fields = json_array();
    for (guint i = 0; i < n; i++)
        if (e[i].bits != 0)
            json_array_append_new(fields, json_pack("{s:s, s:s, s:f}", "field", e[i].field, "level",
                                                    e[i].level, "bits", round(e[i].bits * 10) / 10));
    json_t *object = json_pack("{s:o}", "fields", fields);
    if (why_not)
        json_object_set_new(object, "why_not_sure", json_string(why_not));
    char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(4)), *copy = g_strdup(text);
    free(text);
    json_decref(object);
    return copy;
}

static double compare(struct linker *l, const struct named *a, const struct named *b,
                      struct link_evidence *e, guint *n) {
    const struct link_record p = record_of(a), q = record_of(b);
    link_set_clear(l->set);
    link_set_add(l->set, &p);
    link_set_add(l->set, &q);
    return link_compare(l->set, 0, 1, e, n);
}

/* Transfer full: struct verdict, the likeliest first. */
static GArray *judge(struct linker *l, struct db *db, const struct named *p, GError **error) {
    GArray *verdicts = g_array_new(FALSE, FALSE, sizeof(struct verdict));
    g_array_set_clear_func(verdicts, verdict_clear);
    if (!*p->surname || !*p->given)
        return verdicts;
    const struct link_record record = record_of(p);
    g_autoptr(GArray) near = link_find_near(l->people.directory(l->people.context), l->set, l->born,
                                            &record, LINKER_POSSIBLE - MAY_GROW);
    g_autoptr(GArray) read = named_list();
    g_autoptr(GArray) others = store_person_key_others(db, p->id, error);
    g_autoptr(GArray) linked = others ? store_links_automatic(db, p->id, error) : NULL;
    gboolean ok = linked != NULL;
    if (ok) /* those it is linked to are judged again, however many are liker */
        g_array_append_vals(others, linked->data, linked->len);
    for (guint i = 0; ok && i < others->len; i++)
        ok = store_name_get(db, g_array_index(others, gint64, i), keep_named, read, error);
    const guint n_keys = read->len;
    for (guint i = 0; ok && i < near->len && read->len < MOST_READ; i++) {
        const gint64 id = g_array_index(near, struct link_near, i).person;
        gboolean is_read = id == p->id;
        for (guint k = 0; k < n_keys; k++)
            is_read |= g_array_index(read, struct named, k).id == id;
        ok = is_read || store_name_get(db, id, keep_named, read, error);
    }
    if (!ok) {
        g_array_unref(verdicts);
        return NULL;
    }
    for (guint i = 0; i < read->len; i++) {
        const struct named *other = &g_array_index(read, struct named, i);
        struct link_evidence evidence[LINK_MOST_FIELDS];
        guint n;
        const double bits = compare(l, p, other, evidence, &n);
        const char *why_not = why_not_sure(l, p, other, evidence);
        if (bits < LINKER_POSSIBLE)
            continue;
        const struct verdict v = {.other = other->id,
                                  .bits = bits,
                                  .is_sure = bits >= LINKER_SURE && !why_not,
                                  .is_guarded = why_not != NULL,
                                  .evidence = evidence_json(evidence, n, why_not)};
        g_array_append_val(verdicts, v);
    }
    return verdicts;
}

/* ── Writing it down ───────────────────────────────────────────────────────────────────────────── */

/* Tells those who follow another number of what happened to `person` in the last day: all of it once
 * the two are one, the newest while they may be. What they were told already they are not told again.
 */
static gboolean tell(struct db *db, struct site *site, gint64 person, gint64 other, gboolean is_sure,
                     GError **error) {
    const gint64 since = site_now(site) - RECENT_US;
    g_autoptr(GArray) events = store_events_since(db, person, since, error);
    g_autoptr(GPtrArray) registrations =
        events ? store_registrations_on_person(db, other, error) : NULL;
    if (!registrations)
        return FALSE;
    for (guint k = is_sure || !events->len ? 0 : events->len - 1; k < events->len; k++) {
        const struct store_recent_event *e = &g_array_index(events, struct store_recent_event, k);
        const struct custody_event event = {.kind = (enum custody_kind)e->kind,
                                            .is_late = e->is_late,
                                            .is_unclear = e->is_unclear,
                                            .booking_key = e->booking_key};
        if (e->occurred_at_us != TIME_UNKNOWN && e->occurred_at_us < since)
            continue; /* history that came late is no news */
        for (guint i = 0; i < registrations->len; i++) {
            const struct store_registration *row = registrations->pdata[i];
            const enum match_reason reason =
                match_registration(&event, &row->registration, FALSE, site_now(site));
            if (row->person_id == person || reason == MATCH_NONE)
                continue;
            if (!owe_alert(db, site, row->registration.id, e->seq, is_sure ? reason : MATCH_POSSIBLE,
                           NULL, error) ||
                (is_sure &&
                 !store_alert_revive(db, row->registration.id, e->seq, site_now(site), error)))
                return FALSE;
        }
    }
    return TRUE;
}

/* Everybody who follows any number of the two hears of all. */
static gboolean join(struct db *db, struct site *site, gint64 a, gint64 b, GError **error) {
    if (!store_identity_join(db, a, b, error))
        return FALSE;
    g_autoptr(GArray) members = store_identity_members(db, a, error);
    gboolean ok = members != NULL;
    for (guint i = 0; ok && i < members->len; i++)
        ok = tell(db, site, g_array_index(members, gint64, i), a, TRUE, error);
    return ok;
}

/* What was owed about `person` to those who follow one of `others`: unsent it stays so; who may have
 * read of them is told so, once each. */
static gboolean take_back(struct db *db, const struct site *site, gint64 person, const GArray *others,
                          guint *n_corrected, GError **error) {
    g_autoptr(GArray) alerts = store_alerts_across(db, person, MATCH_UNLINKED, error);
    g_autoptr(GHashTable) told = g_hash_table_new(g_str_hash, g_str_equal);
    gboolean ok = alerts != NULL;
    for (guint i = 0; ok && i < alerts->len; i++) {
        const struct store_wrong_alert *w = &g_array_index(alerts, struct store_wrong_alert, i);
        gboolean is_theirs = FALSE;
        gint64 seq;
        for (guint k = 0; k < others->len; k++)
            is_theirs |= g_array_index(others, gint64, k) == w->follows;
        if (!is_theirs)
            continue;
        if (w->is_queued && !store_alert_withdraw(db, w->seq, error))
            return FALSE;
        if (!w->may_have_left || !g_hash_table_add(told, (gpointer)(gsize)w->registration_id))
            continue;
        gboolean is_new = FALSE;
        ok = owe_mistake(db, site, w->event_seq, &seq, error) &&
             owe_alert(db, site, w->registration_id, seq, MATCH_UNLINKED, &is_new, error);
        *n_corrected += is_new;
    }
    return ok;
}

/* `person` leaves those it was one with. */
static gboolean leave(struct db *db, const struct site *site, gint64 person, guint *n_corrected,
                      GError **error) {
    g_autoptr(GArray) others = store_identity_members(db, person, error);
    g_autoptr(GArray) alone = g_array_new(FALSE, FALSE, sizeof(gint64));
    gboolean ok = others != NULL;
    g_array_append_val(alone, person);
    for (guint i = 0; ok && i < others->len; i++)
        if (g_array_index(others, gint64, i) == person)
            g_array_remove_index(others, i--);
    ok = ok && take_back(db, site, person, others, n_corrected, error);
    for (guint i = 0; ok && i < others->len; i++)
        ok = take_back(db, site, g_array_index(others, gint64, i), alone, n_corrected, error);
    return ok && store_identity_leave(db, person, error);
}

/* What a thread has found out about one person. */
struct finding {
    gint64 person;
    GArray *verdicts;
};

static void finding_clear(gpointer data) {
    g_array_unref(((struct finding *)data)->verdicts);
}

struct writing {
    struct linker *linker;
    GArray *findings;
    gint64 seq;
    guint n_sure, n_possible;
};

/* Whether anything speaks against any two across the groups of two people: a guard between two of them
 * holds for all, or a third number would carry the link past it. */
static gboolean is_guarded(struct db *db, struct linker *l, gint64 a, gint64 b, gboolean *is_guarded,
                           GError **error) {
    g_autoptr(GArray) of_a = store_identity_members(db, a, error);
    g_autoptr(GArray) of_b = of_a ? store_identity_members(db, b, error) : NULL;
    g_autoptr(GArray) named = named_list();
    gboolean ok = of_b != NULL;
    *is_guarded = FALSE;
    for (guint i = 0; ok && i < of_a->len; i++)
        ok = store_name_get(db, g_array_index(of_a, gint64, i), keep_named, named, error);
    const guint n_a = named->len;
    for (guint i = 0; ok && i < of_b->len; i++)
        ok = store_name_get(db, g_array_index(of_b, gint64, i), keep_named, named, error);
    for (guint i = 0; ok && i < n_a; i++)
        for (guint k = n_a; k < named->len; k++) {
            const struct named *p = &g_array_index(named, struct named, i),
                               *q = &g_array_index(named, struct named, k);
            struct link_evidence evidence[LINK_MOST_FIELDS];
            guint n;
            compare(l, p, q, evidence, &n);
            *is_guarded |= p->id != q->id && why_not_sure(l, p, q, evidence) != NULL;
        }
    return ok;
}

static gboolean write_verdict(struct db *db, struct writing *w, gint64 person, const struct verdict *v,
                              guint *n_asked, GError **error) {
    struct site *site = w->linker->site;
    struct store_link known;
    gboolean is_known, is_refused, guarded;
    g_autoptr(GArray) members = store_identity_members(db, person, error);
    if (!members || !store_link_get(db, person, v->other, &known, &is_known, error) ||
        !store_link_is_refused(db, person, v->other, &is_refused, error) ||
        !is_guarded(db, w->linker, person, v->other, &guarded, error))
        return FALSE;
    const gboolean is_sure = v->is_sure && !guarded;
    if (is_refused || (is_known && known.state != LINK_WAITS) || (!is_sure && *n_asked >= MOST_ASKED))
        return TRUE;
    for (guint i = 0; i < members->len; i++)
        if (g_array_index(members, gint64, i) == v->other)
            return TRUE; /* one already */
    const struct store_link link = {.a = person,
                                    .b = v->other,
                                    .state = is_sure ? LINK_AUTOMATIC : LINK_WAITS,
                                    .bits = v->bits,
                                    .evidence = v->evidence,
                                    .found_at_us = site_now(site)};
    w->n_sure += is_sure;
    *n_asked += !is_sure;
    if (!store_link_put(db, &link, error))
        return FALSE;
    if (is_sure)
        return join(db, site, person, v->other, error);
    /* Of a pair that waits, once, whoever follows either. */
    return is_known || (tell(db, site, person, v->other, FALSE, error) &&
                        tell(db, site, v->other, person, FALSE, error));
}

/* A link that was made for another name than the person has now, and that this one speaks against: they
 * part, who was told is told so, and a clerk is asked. A few bits less part nobody: names grow common
 * with a site. */
static gboolean undo_what_no_longer_holds(struct db *db, struct writing *w, const struct finding *f,
                                          GError **error) {
    g_autoptr(GArray) linked = store_links_automatic(db, f->person, error);
    gboolean holds = TRUE;
    guint n_corrected = 0;
    if (!linked)
        return FALSE;
    for (guint i = 0; i < linked->len; i++) {
        gboolean may_be = FALSE;
        for (guint k = 0; k < f->verdicts->len; k++) {
            const struct verdict *v = &g_array_index(f->verdicts, struct verdict, k);
            may_be |= v->other == g_array_index(linked, gint64, i) && !v->is_guarded;
        }
        holds &= may_be;
    }
    if (holds)
        return TRUE;
    for (guint i = 0; i < linked->len; i++) {
        const struct store_link link = {.a = f->person,
                                        .b = g_array_index(linked, gint64, i),
                                        .state = LINK_WAITS,
                                        .found_at_us = site_now(w->linker->site)};
        if (!store_link_put(db, &link, error))
            return FALSE;
    }
    return leave(db, w->linker->site, f->person, &n_corrected, error);
}

static gboolean write_finding(struct db *db, struct writing *w, const struct finding *f,
                              GError **error) {
    g_autoptr(GArray) keep = store_links_automatic(db, f->person, error);
    guint n_asked = 0;
    gboolean ok = keep && undo_what_no_longer_holds(db, w, f, error);
    for (guint k = 0; ok && k < f->verdicts->len; k++)
        g_array_append_val(keep, g_array_index(f->verdicts, struct verdict, k).other);
    ok = ok && store_links_forget(db, f->person, keep, error);
    for (guint k = 0; ok && k < f->verdicts->len; k++)
        ok = write_verdict(db, w, f->person, &g_array_index(f->verdicts, struct verdict, k), &n_asked,
                           error);
    return ok;
}

static gboolean write_findings(struct db *db, void *context, GError **error) {
    struct writing *w = context;
    gint64 before = 0, after = 0;
    gboolean ok = store_links_waiting(db, &before, error);
    for (guint i = 0; ok && i < w->findings->len; i++)
        ok = write_finding(db, w, &g_array_index(w->findings, struct finding, i), error);
    ok = ok && store_links_waiting(db, &after, error) && store_linked_set(db, w->seq, error);
    w->n_possible = (guint)MAX(after - before, 0);
    return ok;
}

static void write_again(void *context) {
    struct writing *w = context;
    w->n_sure = w->n_possible = 0;
}

/* ── Following ─────────────────────────────────────────────────────────────────────────────────── */

struct looking {
    struct writing *writing;
    GArray *changed; /* struct named */
};

static void keep_changed(const struct store_name *name, void *context) {
    struct looking *k = context;
    keep_named(name, k->changed);
    k->writing->seq = name->seq;
}

static gboolean look(struct db *db, void *context, GError **error) {
    struct looking *k = context;
    struct writing *w = k->writing;
    gint64 seq;
    if (!store_linked_seq(db, &seq, error))
        return FALSE;
    w->seq = seq;
    if (!store_names_changed(db, seq, AT_ONCE, keep_changed, k, error))
        return FALSE;
    if (w->seq > people_seq(w->linker)) { /* not to be found yet: wait */
        g_array_set_size(k->changed, 0);
        w->seq = seq;
    }
    for (guint i = 0; i < k->changed->len; i++) {
        const struct named *p = &g_array_index(k->changed, struct named, i);
        const struct link_record record = record_of(p);
        count_person(w->linker, p->id, p->born, &record);
        struct finding f = {p->id, judge(w->linker, db, p, error)};
        if (!f.verdicts)
            return FALSE;
        g_array_append_val(w->findings, f);
    }
    return TRUE;
}

/* One step; `n` gets how many changes were looked at. */
static gboolean step(struct linker *l, guint *n, guint *n_sure, guint *n_possible, GError **error) {
    g_autoptr(GArray) findings = g_array_new(FALSE, FALSE, sizeof(struct finding));
    g_autoptr(GArray) changed = named_list();
    struct writing w = {.linker = l, .findings = findings};
    struct looking k = {&w, changed};
    g_array_set_clear_func(findings, finding_clear);
    gboolean ok = store_read(site_store(l->site), look, &k, error) &&
                  (!findings->len || store_write(site_store(l->site),
                                                 STORE_WORK(write_findings, write_again), &w, error));
    if (ok && l->n_counted > 300 && l->n_counted > l->n_weighed * RECOUNT)
        ok = count_names(l, error);
    *n = findings->len;
    *n_sure += w.n_sure;
    *n_possible += w.n_possible;
    return ok;
}

static struct linker *linker_new(struct site *site, const struct people_source *people) {
    struct linker *l = g_new0(struct linker, 1);
    l->site = site;
    if (people)
        l->people = *people;
    l->born = g_array_new(FALSE, TRUE, sizeof(gint32));
    l->duty.name = g_strdup("linking");
    g_mutex_init(&l->mutex);
    g_cond_init(&l->wakes);
    return l;
}

static void linker_free(struct linker *l) {
    site_duty_clear(l->site, &l->duty);
    link_set_free(l->set);
    g_array_unref(l->born);
    g_mutex_clear(&l->mutex);
    g_cond_clear(&l->wakes);
    g_free(l);
}

static gpointer follow(gpointer data) {
    struct linker *l = data;
    g_mutex_lock(&l->mutex);
    while (!l->stops) {
        g_autoptr(GError) error = NULL;
        guint n = 0, n_sure = 0, n_possible = 0;
        g_mutex_unlock(&l->mutex);
        if (people_seq(l) >= 0 && site_duty_is_mine(l->site, &l->duty, &error) &&
            (l->set || count_names(l, &error)))
            step(l, &n, &n_sure, &n_possible, &error);
        if (error)
            log_line("error", "new people could not be linked; trying again", "problem", error->message,
                     NULL);
        g_mutex_lock(&l->mutex);
        const gint64 until = g_get_monotonic_time() + LOOKS_EVERY_MS * 1000;
        while (!n && !l->stops && g_cond_wait_until(&l->wakes, &l->mutex, until))
            ;
    }
    g_mutex_unlock(&l->mutex);
    return NULL;
}

struct linker *linker_start(struct site *site, const struct people_source *people) {
    struct linker *l = linker_new(site, people);
    l->thread = g_thread_new("linker", follow, l);
    return l;
}

void linker_stop(struct linker *l) {
    if (!l)
        return;
    g_mutex_lock(&l->mutex);
    l->stops = TRUE;
    g_cond_signal(&l->wakes);
    g_mutex_unlock(&l->mutex);
    g_thread_join(l->thread);
    linker_free(l);
}

gboolean linker_run(struct site *site, const struct people_source *people, guint *n_sure,
                    guint *n_possible, GError **error) {
    struct linker *l = linker_new(site, people);
    guint n = 0;
    gboolean ok = count_names(l, error);
    while (ok && (ok = step(l, &n, n_sure, n_possible, error)) && n)
        ;
    linker_free(l);
    return ok;
}

/* ── A clerk's word ────────────────────────────────────────────────────────────────────────────── */

struct two {
    struct linker *linker;
    gint64 a, b;
    GArray *named;
};

static gboolean read_two(struct db *db, void *context, GError **error) {
    struct two *t = context;
    return store_name_get(db, t->a, keep_named, t->named, error) &&
           store_name_get(db, t->b, keep_named, t->named, error);
}

gboolean linker_explain(struct site *site, gint64 a, gint64 b, struct link_evidence *evidence,
                        guint *n_evidence, double *prior, double *bits, const char **why_not,
                        GError **error) {
    g_autoptr(GArray) named = named_list();
    struct two two = {linker_new(site, NULL), a, b, named};
    gboolean ok = count_names(two.linker, error) && store_read(site_store(site), read_two, &two, error);
    if (ok && named->len == 2) {
        const struct named *p = &g_array_index(named, struct named, 0),
                           *q = &g_array_index(named, struct named, 1);
        *bits = compare(two.linker, p, q, evidence, n_evidence);
        *prior = link_prior(two.linker->set);
        *why_not = why_not_sure(two.linker, p, q, evidence);
    }
    linker_free(two.linker);
    return ok;
}

struct decision {
    struct site *site;
    gint64 a, b;
    const char *by;
    guint n_corrected;
};

static gboolean put_decision(struct db *db, const struct decision *d, enum store_link_state state,
                             GError **error) {
    struct store_link link;
    gboolean is_there;
    if (!store_link_get(db, d->a, d->b, &link, &is_there, error))
        return FALSE;
    const struct store_link next = {.a = d->a,
                                    .b = d->b,
                                    .state = state,
                                    .bits = is_there ? link.bits : 0,
                                    .found_at_us = is_there ? link.found_at_us : site_now(d->site),
                                    .decided_by = d->by,
                                    .decided_at_us = site_now(d->site)};
    return store_link_put(db, &next, error);
}

static gboolean join_in_transaction(struct db *db, void *context, GError **error) {
    const struct decision *d = context;
    gboolean is_refused;
    if (!put_decision(db, d, LINK_CONFIRMED, error) ||
        !store_link_is_refused(db, d->a, d->b, &is_refused, error))
        return FALSE;
    if (is_refused) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_CONFLICT,
                    "somebody decided that another number of theirs is another person: join those two "
                    "first, or part "
                    "what does not belong");
        return FALSE;
    }
    return join(db, d->site, d->a, d->b, error);
}

/* A clerk's word stands against `a` and each that it was one with; or against the two alone. */
static gboolean part_in_transaction(struct db *db, void *context, GError **error) {
    struct decision *d = context;
    g_autoptr(GArray) members = store_identity_members(db, d->a, error);
    g_autoptr(GArray) only_a = g_array_new(FALSE, FALSE, sizeof(gint64)),
                      only_b = g_array_new(FALSE, FALSE, sizeof(gint64));
    gboolean ok = members && put_decision(db, d, LINK_REFUSED, error), were_one = FALSE;
    g_array_append_val(only_a, d->a);
    g_array_append_val(only_b, d->b);
    for (guint i = 0; ok && i < members->len; i++)
        were_one |= g_array_index(members, gint64, i) == d->b;
    for (guint i = 0; ok && were_one && i < members->len; i++) {
        struct decision other = *d;
        other.b = g_array_index(members, gint64, i);
        ok = other.b == d->a || put_decision(db, &other, LINK_REFUSED, error);
    }
    if (ok && were_one)
        return leave(db, d->site, d->a, &d->n_corrected, error);
    return ok && take_back(db, d->site, d->a, only_b, &d->n_corrected, error) &&
           take_back(db, d->site, d->b, only_a, &d->n_corrected, error);
}

static void part_again(void *context) {
    struct decision *d = context;
    d->n_corrected = 0;
}

static gboolean check_decision(gint64 a, gint64 b, const char *by, GError **error) {
    if (a != b && by && *by)
        return TRUE;
    g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT,
                a == b ? "these are one number" : "say who decides: --by NAME");
    return FALSE;
}

gboolean linker_join(struct site *site, gint64 a, gint64 b, const char *by, GError **error) {
    struct decision d = {.site = site, .a = a, .b = b, .by = by};
    return check_decision(a, b, by, error) &&
           store_write(site_store(site), STORE_WORK(join_in_transaction, NULL), &d, error);
}

gboolean linker_part(struct site *site, gint64 a, gint64 b, const char *by, guint *n_corrected,
                     GError **error) {
    struct decision d = {.site = site, .a = a, .b = b, .by = by};
    if (!check_decision(a, b, by, error) ||
        !store_write(site_store(site), STORE_WORK(part_in_transaction, part_again), &d, error))
        return FALSE;
    *n_corrected = d.n_corrected;
    return TRUE;
}

struct waiting {
    guint limit;
    store_link_fn each;
    void *context;
};

static gboolean read_waiting(struct db *db, void *context, GError **error) {
    const struct waiting *w = context;
    return store_links(db, 0, w->limit, w->each, w->context, error);
}

gboolean linker_waiting(struct site *site, guint limit, store_link_fn each, void *context,
                        GError **error) {
    struct waiting w = {limit, each, context};
    return store_read(site_store(site), read_waiting, &w, error);
}

struct labelling {
    gint64 id;
    char *label;
};

static gboolean read_label(struct db *db, void *context, GError **error) {
    struct labelling *l = context;
    return (l->label = store_person_label(db, l->id, error)) != NULL;
}

char *linker_label(struct site *site, gint64 person_id) {
    struct labelling l = {.id = person_id};
    store_read(site_store(site), read_label, &l, NULL);
    return l.label;
}
