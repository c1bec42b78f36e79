#include <jansson.h>
#include <math.h>
#include <string.h>

#include "identity/private.h"
#include "people/link/near.h"
#include "store/link.h"
#include "store/store.h"

#define MOST_READ 24 /* people who are compared in full */
#define MAY_GROW 8.0 /* bits that a middle name or suffix may add */

static const struct link_column columns[] = {{"state id", LINK_KEY}};

static void named_clear(gpointer data) {
    struct named *n = data;
    g_free(n->scope);
    g_free(n->surname);
    g_free(n->given);
    g_free(n->middle);
    g_free(n->suffix);
}

void identity_keep_named(const struct store_name *name, void *context) {
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

GArray *identity_named_list(void) {
    GArray *list = g_array_new(FALSE, FALSE, sizeof(struct named));
    g_array_set_clear_func(list, named_clear);
    return list;
}

struct link_record identity_record_of(const struct named *n) {
    return (struct link_record){.surname = n->surname,
                                .given = n->given,
                                .middle = n->middle,
                                .suffix = n->suffix,
                                .year = (guint)n->born / 10000,
                                .month = (guint)n->born / 100 % 100,
                                .day = (guint)n->born % 100,
                                .values = {n->key}};
}

/* ── Counting names ────────────────────────────────────────────────────────────────────────────── */

void identity_count_person(struct linker *l, gint64 id, gint32 born, const struct link_record *record) {
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
    identity_count_person(context, name->person_id, name->born, &record);
}

/* Whole or not at all: half of the names would weigh as if they were all. */
gboolean identity_count_names(struct linker *l, GError **error) {
    link_set_free(l->set);
    l->set = link_set_new(columns, G_N_ELEMENTS(columns));
    l->n_counted = 0;
    struct db *db = store_read_begin(site_store(l->site), error);
    const gboolean ok = db && store_names(db, count_name, l, error);
    store_read_end(site_store(l->site), db);
    if (!ok) {
        link_set_free(g_steal_pointer(&l->set));
        return FALSE;
    }
    link_set_fix(l->set);
    l->n_weighed = l->n_counted;
    return TRUE;
}

/* ── Comparing ─────────────────────────────────────────────────────────────────────────────────── */

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

double identity_compare(struct linker *l, const struct named *a, const struct named *b,
                        struct link_evidence *e, guint *n) {
    const struct link_record p = identity_record_of(a), q = identity_record_of(b);
    link_set_clear(l->set);
    link_set_add(l->set, &p);
    link_set_add(l->set, &q);
    return link_compare(l->set, 0, 1, e, n);
}

/* Transfer full: struct verdict, the likeliest first. */
GArray *identity_judge(struct linker *l, struct db *db, const struct named *p, GError **error) {
    GArray *verdicts = g_array_new(FALSE, FALSE, sizeof(struct verdict));
    g_array_set_clear_func(verdicts, verdict_clear);
    if (!*p->surname || !*p->given)
        return verdicts;
    const struct link_record record = identity_record_of(p);
    g_autoptr(GArray) near = link_find_near(l->people.directory(l->people.context), l->set, l->born,
                                            &record, LINKER_POSSIBLE - MAY_GROW);
    g_autoptr(GArray) read = identity_named_list();
    g_autoptr(GArray) others = store_person_key_others(db, p->id, error);
    g_autoptr(GArray) linked = others ? store_links_automatic(db, p->id, error) : NULL;
    gboolean ok = linked != NULL;
    if (ok) /* those it is linked to are judged again, however many are liker */
        g_array_append_vals(others, linked->data, linked->len);
    for (guint i = 0; ok && i < others->len; i++)
        ok = store_name_get(db, g_array_index(others, gint64, i), identity_keep_named, read, error);
    const guint n_keys = read->len;
    for (guint i = 0; ok && i < near->len && read->len < MOST_READ; i++) {
        const gint64 id = g_array_index(near, struct link_near, i).person;
        gboolean is_read = id == p->id;
        for (guint k = 0; k < n_keys; k++)
            is_read |= g_array_index(read, struct named, k).id == id;
        ok = is_read || store_name_get(db, id, identity_keep_named, read, error);
    }
    if (!ok) {
        g_array_unref(verdicts);
        return NULL;
    }
    for (guint i = 0; i < read->len; i++) {
        const struct named *other = &g_array_index(read, struct named, i);
        struct link_evidence evidence[LINK_MOST_FIELDS];
        guint n;
        const double bits = identity_compare(l, p, other, evidence, &n);
        const char *why_not = identity_why_not_sure(l, p, other, evidence);
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
