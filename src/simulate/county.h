/* A made-up county of three jails, day by day, with the dirt of real feeds.
 *
 * North and South send a roster every morning, Central a file of events. People come, go and move at
 * random from a seed; every name is a word for a tree or a bird. Rows come late, codes are wrong, a
 * column is there that must not be kept. The same seed gives the same files. */
#ifndef SIMULATE_COUNTY_H
#define SIMULATE_COUNTY_H

#include <glib.h>

enum county_jail { JAIL_NORTH, JAIL_SOUTH, JAIL_CENTRAL, JAIL_N };

struct county;

/* `n_people` in custody on the first day, which starts at `day_at_us` (local midnight, Denver). */
struct county *county_new(guint64 seed, guint n_people, gint64 day_at_us);
void county_free(struct county *county);

/* A day passes. */
void county_step(struct county *county);
gint64 county_day_at_us(const struct county *county);

const char *county_jail_id(enum county_jail jail);

/* The name and content of the file that the jail sends this morning. Transfer full. */
char *county_file_name(const struct county *county, enum county_jail jail);
char *county_file(struct county *county, enum county_jail jail);

/* ── For a story: one person of a jail whom chance leaves alone ── */

struct county_person;
struct county_person *county_pick(struct county *county, enum county_jail jail);
const char *county_person_number(const struct county_person *person);
const char *county_person_given(const struct county_person *person);
const char *county_person_surname(const struct county_person *person);
/* Central only: released this morning. */
void county_release(struct county *county, struct county_person *person);
/* Rosters: the row is missing until `is_missing` is taken back. */
void county_lose_row(struct county_person *person, gboolean is_missing);
void county_move_unit(struct county_person *person);

#endif
