#include <string.h>

#include "identity/private.h"
#include "store/link.h"

/* What keeps two from being linked without asking, however alike: fathers and sons, twins, brothers who
 * borrow a name, two numbers of one jail. */
const char *identity_why_not_sure(const struct linker *l, const struct named *a, const struct named *b,
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

gboolean identity_is_guarded(struct db *db, struct linker *l, gint64 a, gint64 b, gboolean *is_guarded,
                             GError **error) {
    g_autoptr(GArray) of_a = store_identity_members(db, a, error);
    g_autoptr(GArray) of_b = of_a ? store_identity_members(db, b, error) : NULL;
    g_autoptr(GArray) named = identity_named_list();
    gboolean ok = of_b != NULL;
    *is_guarded = FALSE;
    for (guint i = 0; ok && i < of_a->len; i++)
        ok = store_name_get(db, g_array_index(of_a, gint64, i), identity_keep_named, named, error);
    const guint n_a = named->len;
    for (guint i = 0; ok && i < of_b->len; i++)
        ok = store_name_get(db, g_array_index(of_b, gint64, i), identity_keep_named, named, error);
    for (guint i = 0; ok && i < n_a; i++)
        for (guint k = n_a; k < named->len; k++) {
            const struct named *p = &g_array_index(named, struct named, i),
                               *q = &g_array_index(named, struct named, k);
            struct link_evidence evidence[LINK_MOST_FIELDS];
            guint n;
            identity_compare(l, p, q, evidence, &n);
            *is_guarded |= p->id != q->id && identity_why_not_sure(l, p, q, evidence) != NULL;
        }
    return ok;
}
