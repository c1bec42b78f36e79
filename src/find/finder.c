#include "find/finder.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "store/store.h"

#define MOST_NAMES 32            /* names that a search goes through */
#define MOST_CHANGES 20000       /* taken in at once */
#define MOST_READ_NARROWED 50000 /* … when most of them will not fit */

struct finder {
    struct site *site;
    struct people_directory *directory;
    gint64 seq; /* of the last change that is in the directory */
    GThread *thread;
    GMutex mutex;
    GCond wakes;
    gboolean stops;
};

/* ── The directory ─────────────────────────────────────────────────────────────────────────────── */

struct reading {
    struct finder *finder;
    struct people_builder *builder;
    gint64 n, n_read;
    guint n_changed;
    gint64 seq;
    void (*progress)(double part, void *context);
    void *context;
};

static void read_name(const struct store_name *name, void *context) {
    struct reading *r = context;
    if (name->person_id <= G_MAXUINT32)
        people_builder_add(r->builder, (guint32)name->person_id, name->given, name->surname);
    if (r->progress && ++r->n_read % 10000 == 0)
        r->progress(0.5 * (double)r->n_read / (double)MAX(r->n, r->n_read), r->context);
}

static gboolean read_all(struct db *db, void *context, GError **error) {
    struct reading *r = context;
    return store_names_seq(db, &r->finder->seq, error) &&
           (!r->progress || store_person_count(db, &r->n, error)) &&
           store_names(db, read_name, r, error);
}

static void second_half(double part, void *context) {
    const struct reading *r = context;
    r->progress(0.5 + part / 2, r->context);
}

struct finder *finder_new(struct site *site) {
    struct finder *f = g_new0(struct finder, 1);
    f->site = site;
    g_mutex_init(&f->mutex);
    g_cond_init(&f->wakes);
    return f;
}

gboolean finder_build(struct finder *f, void (*progress)(double, void *), void *context,
                      GError **error) {
    struct reading r = {
        .finder = f, .builder = people_builder_new(), .progress = progress, .context = context};
    const gboolean ok = store_read(site_store(f->site), read_all, &r, error);
    struct people_index *index = people_builder_build(r.builder, progress ? second_half : NULL, &r);
    if (ok)
        g_atomic_pointer_set(&f->directory, people_directory_new(index));
    else
        people_index_free(index);
    return ok;
}

static void take_change(const struct store_name *name, void *context) {
    struct reading *r = context;
    if (name->person_id <= G_MAXUINT32)
        people_directory_add(r->finder->directory, (guint32)name->person_id, name->given,
                             name->surname);
    r->seq = name->seq;
    r->n_changed++;
}

static void catch_up(struct finder *f) {
    struct reading r = {.finder = f};
    g_autoptr(GError) error = NULL;
    struct db *db = store_read_begin(site_store(f->site), &error);
    if (!db || !store_names_changed(db, f->seq, MOST_CHANGES, take_change, &r, &error))
        log_line("error", "new names could not be read, and are not found yet", "problem",
                 error->message, NULL);
    store_read_end(site_store(f->site), db);
    if (r.n_changed) {
        people_directory_publish(f->directory);
        g_mutex_lock(&f->mutex);
        f->seq = r.seq;
        g_mutex_unlock(&f->mutex);
    }
}

static void build(struct finder *f) {
    g_autoptr(GError) error = NULL;
    const gint64 began = g_get_monotonic_time();
    if (!finder_build(f, NULL, NULL, &error)) {
        log_line("error", "names could not be read; trying again", "problem", error->message, NULL);
        return;
    }
    g_autofree char *ms = g_strdup_printf("%" G_GINT64_FORMAT, (g_get_monotonic_time() - began) / 1000);
    log_line("info", "people can be searched for", "ms", ms, NULL);
}

static gpointer follow(gpointer data) {
    struct finder *f = data;
    g_mutex_lock(&f->mutex);
    while (!f->stops) {
        g_mutex_unlock(&f->mutex);
        if (f->directory)
            catch_up(f);
        else
            build(f);
        const gint64 until = g_get_monotonic_time() + FINDER_LOOKS_EVERY_MS * 1000;
        g_mutex_lock(&f->mutex);
        while (!f->stops && g_cond_wait_until(&f->wakes, &f->mutex, until))
            ;
    }
    g_mutex_unlock(&f->mutex);
    return NULL;
}

void finder_start(struct finder *f) {
    f->thread = g_thread_new("finder", follow, f);
}

void finder_free(struct finder *f) {
    if (!f)
        return;
    if (f->thread) {
        g_mutex_lock(&f->mutex);
        f->stops = TRUE;
        g_cond_signal(&f->wakes);
        g_mutex_unlock(&f->mutex);
        g_thread_join(f->thread);
    }
    people_directory_free(f->directory);
    g_mutex_clear(&f->mutex);
    g_cond_clear(&f->wakes);
    g_free(f);
}

struct site *finder_site(const struct finder *f) {
    return f->site;
}

static gint64 source_seq(void *context) {
    struct finder *f = context;
    g_mutex_lock(&f->mutex);
    const gint64 seq = g_atomic_pointer_get(&f->directory) ? f->seq : -1;
    g_mutex_unlock(&f->mutex);
    return seq;
}

static struct people_directory *source_directory(void *context) {
    struct finder *f = context;
    return g_atomic_pointer_get(&f->directory);
}

struct people_source finder_source(struct finder *f) {
    return (struct people_source){source_directory, source_seq, f};
}

/* ── Searching ─────────────────────────────────────────────────────────────────────────────────── */

const char *finder_reason(enum people_reason reason) {
    static const char *const words[] = {"same", "like", "sound", "nickname", "part", "beginning"};
    return words[reason];
}

const char *finder_reason_words(enum people_reason reason) {
    static const char *const words[] = {"as written",          "written like it",     "sounds like it",
                                        "called so for short", "one of two surnames", "fits in part"};
    return words[reason];
}

struct searching {
    struct finder *finder;
    const struct finder_query *query;
    finder_fn each;
    void *context;
    const struct people_found *found; /* the name whose people are read; NULL: a number's */
    guint year_now, n_read, n_fit;
    GHashTable *shown; /* ids: nobody is found twice */
};

static guint year_of(gint64 at_us) {
    g_autoptr(GDateTime) at = g_date_time_new_from_unix_utc(at_us / SECOND_US);
    return at ? (guint)g_date_time_get_year(at) : 0;
}

/* A year that is not known does not speak against anybody. */
static gboolean is_of_year(const struct searching *s, guint year) {
    if (!year)
        return TRUE;
    if (s->query->born && year != s->query->born)
        return FALSE;
    const guint age = s->year_now - year; /* or one less, before the birthday */
    return !s->query->age || (age + 1 >= s->query->age && age <= s->query->age + 2);
}

static gboolean has_word(const char *of, const char *letters) {
    g_auto(GStrv) words = g_strsplit_set(of, " -", -1);
    char text[PEOPLE_TOKEN_MAX + 1];
    for (char **word = words; *word; word++)
        if (people_letters_of(*word, text) && strcmp(text, letters) == 0)
            return TRUE;
    return people_letters_of(of, text), strcmp(text, letters) == 0;
}

/* Whether the person has the name still by which the directory found it. */
static gboolean has_name(const struct people_found *found, const struct store_person_row *p) {
    char surname[PEOPLE_TOKEN_MAX + 1];
    people_letters_of(p->surname, surname);
    return strcmp(surname, found->name.surname) == 0 && has_word(p->given, found->name.given);
}

static void consider(const struct store_person_row *p, void *context) {
    struct searching *s = context;
    s->n_read++;
    if ((s->found && !has_name(s->found, p)) || !is_of_year(s, (guint)p->born / 10000) ||
        (s->query->facility && g_strcmp0(s->query->facility, p->facility) != 0) ||
        !g_hash_table_add(s->shown, GUINT_TO_POINTER((guint32)p->id)))
        return;
    if (s->n_fit >= s->query->offset && s->n_fit < s->query->offset + s->query->limit)
        s->each(p, s->found ? s->found->reason : PEOPLE_SAME, s->context);
    s->n_fit++;
}

gsize finder_n_letters(const char *text) {
    char letters[PEOPLE_TOKEN_MAX + 1];
    return people_letters_of(text, letters);
}

static gboolean read_found(struct db *db, void *context, GError **error) {
    struct searching *s = context;
    if (s->query->numbers != FINDER_NUMBER_NEVER &&
        s->query->text[strcspn(s->query->text, "0123456789")]) {
        if (!store_person_numbered(db, s->query->text, consider, s, error))
            return FALSE;
        if (s->query->numbers == FINDER_NUMBER_FIRST && s->n_fit)
            return TRUE;
    }
    if (s->query->numbers != FINDER_NUMBER_FIRST &&
        finder_n_letters(s->query->text) < FINDER_LEAST_LETTERS)
        return TRUE;
    /* Whom a narrowing leaves may have a rare one of many names. */
    const gboolean is_narrowed = s->query->facility || s->query->born || s->query->age;
    const guint most_read = is_narrowed ? MOST_READ_NARROWED : FINDER_MOST_READ;
    g_autoptr(GArray) names =
        people_directory_search(s->finder->directory, s->query->text, s->query->harder,
                                is_narrowed ? PEOPLE_MOST_HITS : MOST_NAMES);
    gboolean ok = TRUE;
    for (guint i = 0; ok && i < names->len && s->n_read < most_read; i++) {
        s->found = &g_array_index(names, struct people_found, i);
        ok = store_person_rows(db, s->found->people, consider, s, error);
    }
    return ok;
}

gboolean finder_search(struct finder *f, const struct finder_query *query, finder_fn each,
                       void *context, guint *n_more, GError **error) {
    struct searching s = {.finder = f, .query = query, .each = each, .context = context};
    if (!g_atomic_pointer_get(&f->directory)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_BUSY,
                    "names are still being read; try again in a moment");
        return FALSE;
    }
    g_autoptr(GHashTable) shown = g_hash_table_new(NULL, NULL);
    s.shown = shown;
    s.year_now = year_of(site_now(f->site));
    const gboolean ok = store_read(site_store(f->site), read_found, &s, error);
    if (n_more)
        *n_more = s.n_fit > query->offset + query->limit ? s.n_fit - query->offset - query->limit : 0;
    return ok;
}
