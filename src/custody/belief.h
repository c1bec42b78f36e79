/* What is believed of a booking and of a person, from the set of what was said. Pure: no clock, no
 * store, no order of arrival. docs/truth.md is the model; this is its fold.
 *
 *   reports, lists ──► a booking ──► a person's statement ──► what is owed to whom was told what */
#ifndef CUSTODY_BELIEF_H
#define CUSTODY_BELIEF_H

#include "base/vocabulary.h"

enum belief_fate {
    FATE_NONE,    /* no ending */
    FATE_CARRIES, /* what is believed */
    FATE_STANDS,  /* beside the one that carries */
    FATE_TAKEN_BACK,
    FATE_OVER,        /* they were held again later */
    FATE_CONTRADICTED /* the lists went on showing them */
};

/* What one source said about one booking. Times in µs since 1970, both ends included. */
struct belief_report {
    guint source;   /* its place among the sources */
    guint64 id;     /* stands for the source's own id; 0: none */
    guint64 names;  /* of a correction: the id that it takes back; 0: none */
    gint64 from_us; /* G_MININT64: unknown, anything up to `observed_at_us` */
    gint64 to_us;
    gint64 observed_at_us;
    enum custody_kind kind;
    gboolean is_within;   /* of CUSTODY_TRANSFERRED: between places of one source */
    gboolean is_doubtful; /* part of a batch that nobody has confirmed */
    /* Set by the fold. */
    enum belief_fate fate;
    gboolean is_removed, waits; /* a correction that takes back nothing waits for a person */
};

/* A list of a source as far as it is about the booking. */
struct belief_list {
    guint source;
    gint64 made_at_us;
    gboolean shows, is_doubtful;
};

struct belief_source {
    gint64 interval_us; /* the usual time between its lists */
};

struct belief_booking {
    gint64 id;  /* the caller's */
    guint jail; /* the caller's: alike for bookings of one jail */
    enum custody_standing standing;
    enum custody_kind kind; /* of the leaving; CUSTODY_N_KINDS: none */
    gint64 from_us, to_us;  /* of the leaving */
    gint64 observed_at_us;  /* of what carries it */
    gboolean is_doubtful, is_unclear;
    gboolean has_death;
    gint64 held_from_us; /* the greatest start of a holding; G_MININT64: none */
    const struct belief_report *reports;
    guint n_reports;
};

/* Folds all that was said of one booking. `reports` get their fates, and belong to the caller, who
 * keeps them as long as the booking. `lists` in order of `made_at_us`. */
void belief_of_booking(const struct belief_source *sources, guint n_sources,
                       struct belief_report *reports, guint n_reports, const struct belief_list *lists,
                       guint n_lists, struct belief_booking *booking);

struct belief_statement {
    enum custody_standing standing;
    enum custody_kind kind; /* of the leaving; CUSTODY_N_KINDS: none */
    gint64 booking;         /* of the leaving */
    gint64 from_us, to_us;
    gboolean is_doubtful, is_unclear;
    guint n_holders;
    gint64 holders[8]; /* the least ids of those that hold the person, in order */
};

/* `bookings` in order of their ids: all of one person. */
void belief_of_person(const struct belief_booking *bookings, guint n,
                      struct belief_statement *statement);

gboolean belief_is_leaving(const struct belief_statement *statement);

/* Whether what was told is what is believed. `bookings` as they are now. */
gboolean belief_is_same(const struct belief_statement *told, const struct belief_statement *now,
                        const struct belief_booking *bookings, guint n);

/* Whether an ending of that booking that is over was told. */
gboolean belief_was_told(const struct belief_booking *booking, const struct belief_report *ending,
                         const struct belief_statement *told, guint n_told);

/* Whether somebody who was told `told`, the last one last, is owed `now`. */
gboolean belief_is_owed(const struct belief_statement *told, guint n_told,
                        const struct belief_statement *now, const struct belief_booking *bookings,
                        guint n, gboolean asked_for_all);

#endif
