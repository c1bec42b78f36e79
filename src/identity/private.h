/* What the linker's files share: compare.c (who is like whom), guards.c (what keeps two apart however
 * alike), write.c (what is found out, written down and told), linker.c (following the store), clerk.c
 * (a clerk's word). */
#ifndef IDENTITY_PRIVATE_H
#define IDENTITY_PRIVATE_H

#include "identity/linker.h"
#include "site/duty.h"
#include "store/custody.h"

/* A person as it is compared, with strings of its own. */
struct named {
    gint64 id;
    char *scope, *surname, *given, *middle, *suffix;
    gint32 born;
    char key[65]; /* of the state id, in hexadecimal digits; "" not known */
};

#define LINK_FIELD_STATE_ID LINK_FIELD_COLUMNS

struct linker {
    struct site *site;
    struct people_source people;
    struct link_set *set;
    GArray *born; /* gint32 by person id */
    struct site_duty duty;
    guint64 n_counted, n_weighed; /* people counted; when rarities were last worked out */
    gint64 counted_seq;           /* the last change that was counted */
    GThread *thread;
    GMutex mutex;
    GCond wakes;
    gboolean stops;
};

/* ── linker.c ── */

/* Transfer full; `people` NULL: two are compared by what is given of them, and nobody is looked for. */
struct linker *identity_linker_new(struct site *site, const struct people_source *people);
void identity_linker_free(struct linker *linker);

/* ── compare.c ── */

void identity_keep_named(const struct store_name *name, void *context);
GArray *identity_named_list(void);
struct link_record identity_record_of(const struct named *n);
void identity_count_person(struct linker *l, gint64 id, gint32 born, const struct link_record *record);
gboolean identity_count_names(struct linker *l, GError **error);
double identity_compare(struct linker *l, const struct named *a, const struct named *b,
                        struct link_evidence *e, guint *n);

struct verdict {
    gint64 other;
    double bits;
    gboolean is_sure, is_guarded; /* something keeps it from being sure whatever the bits */
    char *evidence;
};

/* Transfer full: struct verdict, the likeliest first; NULL with an error. */
GArray *identity_judge(struct linker *l, struct db *db, const struct named *p, GError **error);

/* ── guards.c ── */

/* What keeps two from being linked without asking (static); NULL: nothing. */
const char *identity_why_not_sure(const struct linker *l, const struct named *a, const struct named *b,
                                  const struct link_evidence *e);
/* Whether anything speaks against any two across the groups of two people: a guard between two of them
 * holds for all, or a third number would carry the link past it. */
gboolean identity_is_guarded(struct db *db, struct linker *l, gint64 a, gint64 b, gboolean *is_guarded,
                             GError **error);

/* ── write.c ── */

/* Everybody who follows any number of the two hears of all. */
gboolean identity_join(struct db *db, struct site *site, gint64 a, gint64 b, GError **error);
/* What was owed about `person` to those who follow one of `others`: unsent it stays so; who may have
 * read of them is told so, once each, and added to `misled` (struct store_wrong_alert), which may be
 * NULL. */
gboolean identity_take_back(struct db *db, const struct site *site, gint64 person, const GArray *others,
                            GArray *misled, guint *n_corrected, GError **error);
/* `person` leaves those it was one with. */
gboolean identity_leave(struct db *db, const struct site *site, gint64 person, guint *n_corrected,
                        GError **error);

/* What a thread has found out about one person. */
struct finding {
    gint64 person;
    GArray *verdicts;
};

struct writing {
    struct linker *linker;
    GArray *findings;
    gint64 seq;
    guint n_sure, n_possible;
};

void identity_finding_clear(gpointer finding);
gboolean identity_write_findings(struct db *db, void *context, GError **error);
void identity_write_again(void *context);

#endif
