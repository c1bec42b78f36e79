/* How often ordinary days are taken as doubtful, and mass errors are not: over made-up jails of 30 to
 * 8,000 people, whose counts differ from day to day as real ones do (custody/pace.h judges them).
 *
 * usage: doubt [JAILS]      prints the table of docs/reliability.md */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "custody/pace.h"

#define DAYS 365
#define ERRORS 40 /* tried in each jail, on days after the first month */

static const guint sizes[] = {30, 100, 300, 1000, 3000, 8000};

struct tally {
    guint jails, days, doubtful, tried[3], found[3];
};

/* Weekends are quiet, Mondays busy, and courts sit on some days: a gamma of shape 3 on top of a
 * weekday's mean, and a Poisson count of it. */
static guint count_of(GRand *rand, double mean, guint day) {
    static const double weekday[] = {1.5, 1.2, 1.1, 1.1, 1.3, 0.5, 0.3};
    double gamma = 0;
    for (guint i = 0; i < 3; i++)
        gamma -= log(1 - g_rand_double(rand)) / 3;
    const double lambda = mean * weekday[day % 7] * gamma;
    guint n = 0;
    for (double at = -log(1 - g_rand_double(rand)); at < lambda; at -= log(1 - g_rand_double(rand)))
        n++;
    return n;
}

/* A day's list, as load takes it; whether it was doubtful. */
static gboolean take(struct custody_pace *pace, guint day, guint n, guint people) {
    const gint64 at = (gint64)day * DAY_US;
    custody_pace_begin(pace, at);
    pace->least_a_day = people / 300.0;
    pace->n[PACE_ENDINGS] += n;
    return pace->is_doubtful[PACE_ENDINGS] = custody_pace_is_beyond(pace, PACE_ENDINGS, at);
}

static void live(GRand *rand, guint people, struct tally *t) {
    static const double errors[] = {0.1, 0.3,
                                    1.0}; /* the share of all people who get an ending at once */
    struct custody_pace pace = {.since_us = TIME_UNKNOWN, .last_us = TIME_UNKNOWN};
    const double mean = people / (20 + 60 * g_rand_double(rand)); /* a day: stays of 20 to 80 days */
    t->jails++;
    for (guint day = 1; day <= DAYS; day++) {
        const guint n = count_of(rand, mean, day);
        const struct custody_pace before = pace;
        if (day > 30 && day % (DAYS / ERRORS) == 0)
            for (guint i = 0; i < G_N_ELEMENTS(errors); i++) {
                struct custody_pace with_error = before;
                t->tried[i]++;
                t->found[i] += take(&with_error, day, n + (guint)(errors[i] * people), people);
            }
        t->days++;
        t->doubtful += take(&pace, day, n, people);
    }
}

int main(int argc, char **argv) {
    const guint n_jails = argc > 1 ? (guint)atoi(argv[1]) : 1000;
    g_autoptr(GRand) rand = g_rand_new_with_seed(7);
    puts("| People | Jails | Days | Ordinary days in doubt | A tenth of all at once, found | Three "
         "tenths | All |\n"
         "|---|---|---|---|---|---|---|");
    for (guint s = 0; s < G_N_ELEMENTS(sizes); s++) {
        struct tally t = {.jails = 0};
        for (guint i = 0; i < n_jails / G_N_ELEMENTS(sizes) + 1; i++)
            live(rand, sizes[s], &t);
        printf("| %u | %u | %u | %u (%.4f %%) | %.1f %% | %.1f %% | %.1f %% |\n", sizes[s], t.jails,
               t.days, t.doubtful, 100.0 * t.doubtful / t.days, 100.0 * t.found[0] / t.tried[0],
               100.0 * t.found[1] / t.tried[1], 100.0 * t.found[2] / t.tried[2]);
    }
    return 0;
}
