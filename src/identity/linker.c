#include "identity/linker.h"

#include "base/error.h"
#include "base/log.h"
#include "identity/private.h"
#include "store/link.h"
#include "store/store.h"

#define LOOKS_EVERY_MS 200
#define AT_ONCE 64 /* changes that are looked at before they are written down */
#define RECOUNT 2  /* rarities are worked out again when there are so many times more people */

static gint64 people_seq(const struct linker *l) {
    return l->people.seq(l->people.context);
}

struct looking {
    struct writing *writing;
    GArray *changed; /* struct named */
};

static void keep_changed(const struct store_name *name, void *context) {
    struct looking *k = context;
    identity_keep_named(name, k->changed);
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
    const gboolean is_new = w->seq > w->linker->counted_seq; /* not what could not be written before */
    w->linker->counted_seq = MAX(w->linker->counted_seq, w->seq);
    for (guint i = 0; i < k->changed->len; i++) {
        const struct named *p = &g_array_index(k->changed, struct named, i);
        if (site_is_stopping(w->linker->site)) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_BUSY, "the program is stopping");
            return FALSE;
        }
        const struct link_record record = identity_record_of(p);
        if (is_new)
            identity_count_person(w->linker, p->id, p->born, &record);
        struct finding f = {p->id, identity_judge(w->linker, db, p, error)};
        if (!f.verdicts)
            return FALSE;
        g_array_append_val(w->findings, f);
    }
    return TRUE;
}

/* One step; `n` gets how many changes were looked at. */
static gboolean step(struct linker *l, guint *n, guint *n_sure, guint *n_possible, GError **error) {
    g_autoptr(GArray) findings = g_array_new(FALSE, FALSE, sizeof(struct finding));
    g_autoptr(GArray) changed = identity_named_list();
    struct writing w = {.linker = l, .findings = findings};
    struct looking k = {&w, changed};
    g_array_set_clear_func(findings, identity_finding_clear);
    gboolean ok = store_read(site_store(l->site), look, &k, error) &&
                  (!findings->len ||
                   store_write(site_store(l->site),
                               STORE_WORK(identity_write_findings, identity_write_again), &w, error));
    if (ok && l->n_counted > 300 && l->n_counted > l->n_weighed * RECOUNT)
        ok = identity_count_names(l, error);
    *n = findings->len;
    *n_sure += w.n_sure;
    *n_possible += w.n_possible;
    return ok;
}

struct linker *identity_linker_new(struct site *site, const struct people_source *people) {
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

void identity_linker_free(struct linker *l) {
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
            (l->set || identity_count_names(l, &error)))
            step(l, &n, &n_sure, &n_possible, &error);
        if (error && !site_is_stopping(l->site))
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
    struct linker *l = identity_linker_new(site, people);
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
    identity_linker_free(l);
}

gboolean linker_run(struct site *site, const struct people_source *people, guint *n_sure,
                    guint *n_possible, GError **error) {
    struct linker *l = identity_linker_new(site, people);
    guint n = 0;
    gboolean ok = identity_count_names(l, error);
    while (ok && (ok = step(l, &n, n_sure, n_possible, error)) && n)
        ;
    identity_linker_free(l);
    return ok;
}
