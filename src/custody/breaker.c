#include "custody/breaker.h"

#include <math.h>

#include "base/time.h"

#define WIDEST_SHARE 0.03
#define SIGMAS 4.0
#define DAYS_OF_LEAVERS 3.0
#define WEEK_DAYS 7.5
#define FADING_A_DAY 0.98
#define PRIOR_WEEK 7.0
#define OLDEST_BIN (366 * 24) /* tenure in hours; longer stays share the last bin */

static const double band_ends[BREAKER_BANDS] = {1, 3, 7, 30, 90, 365, INFINITY};
static const double prior_rates[BREAKER_BANDS] = {.08, .05, .06, .016, .006, .004, .002};

/* People by hours of tenure at the last list: all of them, and those missing now. */
struct tenures {
    guint n[OLDEST_BIN + 1], gone[OLDEST_BIN + 1];
    guint n_all, n_gone;
    gint64 at_us;
};

static void count_one(gint64 tenure_from_us, gboolean is_seen, void *context) {
    struct tenures *tenures = context;
    gint64 hours =
        tenure_from_us == TIME_UNKNOWN ? OLDEST_BIN : (tenures->at_us - tenure_from_us) / HOUR_US;
    gint64 bin = CLAMP(hours, 0, OLDEST_BIN);
    tenures->n[bin]++;
    tenures->n_all++;
    if (!is_seen) {
        tenures->gone[bin]++;
        tenures->n_gone++;
    }
}

static struct tenures *count_tenures(const struct custody_roster *roster, gint64 at_us) {
    struct tenures *tenures = g_new0(struct tenures, 1);
    tenures->at_us = at_us;
    custody_roster_each(roster, count_one, tenures);
    return tenures;
}

static int band_of(double days) {
    int band = 0;
    while (days >= band_ends[band])
        band++;
    return band;
}

static double rate(const struct custody_turnover *turnover, int band) {
    double prior = prior_rates[band] * turnover->prior_scale;
    double weight = turnover->prior_days[band] + turnover->exposure_days[band];
    if (weight <= 0)
        return prior;
    return (turnover->departures[band] + turnover->prior_days[band] * prior) / weight;
}

#define SMALL_JAIL 10 /* so many may all leave */

/* The chance that a stay of `days` ends within the next `length` days; adds exposure and expected
 * departures by band where asked. */
static double leaving_chance(const struct custody_turnover *turnover, double days, double length,
                             double n, double *exposure, double *expected) {
    double alive = 1;
    while (length > 0) {
        int band = band_of(days);
        double step = MIN(length, band_ends[band] - days);
        double leave = alive * (1 - exp(-rate(turnover, band) * step));
        if (exposure) {
            exposure[band] += n * (alive - leave / 2) * step;
            expected[band] += n * leave;
        }
        alive -= leave;
        days += step;
        length -= step;
    }
    return 1 - alive;
}

static double expected_leavers(const struct custody_turnover *turnover, const struct tenures *tenures,
                               double length) {
    double sum = 0;
    for (int bin = 0; bin <= OLDEST_BIN; bin++)
        if (tenures->n[bin])
            sum += tenures->n[bin] * leaving_chance(turnover, bin / 24.0, length, 0, NULL, NULL);
    return sum;
}

static double recent(const struct tenures *tenures, double days) {
    guint n = 0;
    for (int bin = 0; bin <= OLDEST_BIN && bin < days * 24; bin++)
        n += tenures->n[bin];
    return n;
}

void custody_turnover_start(struct custody_turnover *turnover, const struct custody_roster *first,
                            gboolean has_dates, gint64 snapshot_at_us) {
    g_autofree struct tenures *tenures = count_tenures(first, snapshot_at_us);
    double in_band[BREAKER_BANDS] = {0}, leaving = 0;

    *turnover = (struct custody_turnover){.prior_scale = 1, .has_dates = has_dates};
    for (int bin = 0; bin <= OLDEST_BIN; bin++)
        in_band[band_of(bin / 24.0)] += tenures->n[bin];
    for (int band = 0; band < BREAKER_BANDS; band++) {
        turnover->prior_days[band] = PRIOR_WEEK * in_band[band];
        leaving += prior_rates[band] * in_band[band];
    }
    if (has_dates && leaving > 0) /* in a steady state as many leave as come */
        turnover->prior_scale = CLAMP(recent(tenures, 7) / 7 / leaving, 0.1, 10);
}

static double elapsed_days(const struct custody_breaker_input *input) {
    return MAX(0.01, (double)(input->now_at_us - input->before_at_us) / (double)DAY_US);
}

static void explain(const struct custody_breaker_input *input, double days, struct custody_verdict *v) {
    double expected_now = v->n_before - v->expected_missing + v->expected_arrivals;
    g_autofree char *share =
        input->hold_above_percent
            ? g_strdup_printf(" (the mapping holds above %d %%)", input->hold_above_percent)
            : g_strdup("");
    g_snprintf(
        v->reason, sizeof v->reason,
        "%s%s%sThe last list showed %u people. After %.1f days about %.0f of them should be gone "
        "and about %.0f new ones in, some %.0f in all. This list lacks %u of them and shows "
        "%u%s.",
        input->is_cut ? "The file ends in the middle of a row. " : "",
        v->n_now == 0 ? "The list is empty. " : "",
        input->n_unreadable > MAX(5, 0.02 * v->n_before) ? "Many rows cannot be read. " : "",
        v->n_before, days, v->expected_missing, v->expected_arrivals, expected_now, v->n_missing,
        v->n_now, share);
}

void custody_breaker_judge(const struct custody_turnover *turnover,
                           const struct custody_breaker_input *input, struct custody_verdict *verdict) {
    g_autofree struct tenures *tenures = count_tenures(input->roster, input->before_at_us);
    const double days = elapsed_days(input), n = tenures->n_all;
    const double leavers = expected_leavers(turnover, tenures, days);
    const gboolean long_known = turnover->has_dates || turnover->history_days >= days;
    const double arrivals =
        days <= WEEK_DAYS || !long_known ? leavers : MIN(recent(tenures, days), 2 * leavers);
    const double limit =
        MAX(WIDEST_SHARE * n, MAX(SIGMAS * sqrt(leavers + arrivals + 1),
                                  DAYS_OF_LEAVERS * expected_leavers(turnover, tenures, 1)));

    *verdict = (struct custody_verdict){.n_before = tenures->n_all,
                                        .n_now = input->n_now,
                                        .n_missing = tenures->n_gone,
                                        .expected_missing = leavers,
                                        .expected_arrivals = arrivals,
                                        .limit = limit};
    const gboolean too_broken = input->n_unreadable > MAX(5, 0.02 * n);
    const gboolean is_empty = input->n_now == 0 && n > 0;
    verdict->is_held = too_broken || input->is_cut || is_empty;
    verdict->is_broken = too_broken || input->is_cut || (is_empty && n > SMALL_JAIL);
    if (tenures->n_gone == 0) {
        explain(input, days, verdict);
        return;
    }
    gboolean too_many = tenures->n_gone > leavers + limit;
    gboolean too_short = n - leavers + arrivals - input->n_now > limit;
    if (input->hold_above_percent)
        too_many = too_short = tenures->n_gone * 100.0 > input->hold_above_percent * n;
    verdict->is_held |= too_many || too_short;
    explain(input, days, verdict);
}

void custody_turnover_learn(struct custody_turnover *turnover,
                            const struct custody_breaker_input *input) {
    g_autofree struct tenures *tenures = count_tenures(input->roster, input->before_at_us);
    const double days = elapsed_days(input), fading = pow(FADING_A_DAY, days);
    double exposure[BREAKER_BANDS] = {0}, expected[BREAKER_BANDS] = {0}, sum = 0;

    for (int bin = 0; bin <= OLDEST_BIN; bin++)
        if (tenures->n[bin])
            leaving_chance(turnover, bin / 24.0, days, tenures->n[bin], exposure, expected);
    for (int band = 0; band < BREAKER_BANDS; band++) {
        turnover->exposure_days[band] *= fading;
        turnover->departures[band] *= fading;
        sum += expected[band];
    }
    /* A short gap shows who left from which band; a long one only how many in all. */
    const gboolean is_short = days <= 2.5;
    for (int bin = 0; is_short && bin <= OLDEST_BIN; bin++)
        turnover->departures[band_of(bin / 24.0)] += tenures->gone[bin];
    for (int band = 0; band < BREAKER_BANDS; band++) {
        turnover->exposure_days[band] += exposure[band];
        if (!is_short && sum > 0)
            turnover->departures[band] += expected[band] * tenures->n_gone / sum;
    }
    turnover->history_days += days;
}

double custody_turnover_changes_per_day(const struct custody_turnover *turnover,
                                        const struct custody_roster *roster, gint64 now_at_us) {
    g_autofree struct tenures *tenures = count_tenures(roster, now_at_us);
    return 2 * expected_leavers(turnover, tenures, 1);
}
