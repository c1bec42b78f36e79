#include "custody/pace.h"

#include <math.h>

#include "base/time.h"

#define FADING_A_DAY 0.98
#define LEAST 8
#define LEAST_DAYS 1.0   /* of history: before it, nothing is known of what is usual */
#define FIRST_DAYS 150.0 /* of the least mean of a list: half of its people */
#define CHANCE 1e-6
#define SHAPE 4.0 /* how much days differ: the spread of a day's mean is half of it */
/* Before any history: a mean that may be anything up to some hundred a day. */
#define PRIOR_DAYS 0.01
#define PRIOR_COUNT 0.5

static double length_days(const struct custody_pace *p, gint64 now_at_us) {
    return MAX(1.0, (double)(now_at_us - p->since_us) / (double)DAY_US);
}

void custody_pace_begin(struct custody_pace *p, gint64 now_at_us) {
    if (p->since_us == TIME_UNKNOWN) {
        p->since_us = p->last_us = now_at_us;
    } else if (now_at_us - p->since_us >= DAY_US && p->last_us > p->since_us) {
        const double days = (double)(p->last_us - p->since_us) / (double)DAY_US;
        const double fading = pow(FADING_A_DAY, days);
        p->days = p->days * fading + days;
        for (guint i = 0; i < PACE_N; i++) {
            /* What nobody can believe is hardly history; but what goes on is usual in the end. */
            const double most = 3 * custody_pace_expected(p, i, p->last_us) + LEAST;
            const double n = p->is_doubtful[i] ? MIN(p->n[i], most) : p->n[i];
            p->counted[i] = p->counted[i] * fading + n;
            p->n[i] = 0;
            p->is_doubtful[i] = FALSE;
        }
        p->first_seq = 0;
        p->since_us = p->last_us;
    }
    p->last_us = MAX(p->last_us, now_at_us);
}

double custody_pace_expected(const struct custody_pace *p, enum custody_pace_of of, gint64 now_at_us) {
    const double a_day = (p->counted[of] + PRIOR_COUNT) / (p->days + PRIOR_DAYS);
    return MAX(a_day, p->least_a_day) * length_days(p, now_at_us);
}

double custody_pace_chance(const struct custody_pace *p, enum custody_pace_of of, gint64 now_at_us) {
    const double mean = custody_pace_expected(p, of, now_at_us);
    const double shape = MIN(SHAPE, p->counted[of] + PRIOR_COUNT + p->least_a_day),
                 q = mean / (mean + shape);
    const guint n = p->n[of];
    double sum = 0, term = exp(lgamma(n + shape) - lgamma(shape) - lgamma(n + 1.0) +
                               shape * log(1 - q) + n * log(q));
    for (guint k = n; k < n + 100000 && (term > 1e-15 || k < n * 2); k++) {
        sum += term;
        term *= q * (k + shape) / (k + 1);
    }
    return MIN(sum, 1);
}

gboolean custody_pace_is_beyond(const struct custody_pace *p, enum custody_pace_of of,
                                gint64 now_at_us) {
    if (p->n[of] < LEAST)
        return FALSE;
    if (p->days < LEAST_DAYS)
        return of == PACE_ENDINGS && p->least_a_day > 0 && p->n[of] > FIRST_DAYS * p->least_a_day;
    return custody_pace_chance(p, of, now_at_us) < CHANCE;
}
