#include "web/limits.h"

static void twenty_tries_and_one_more_every_three_seconds(void) {
    struct web_limits *limits = web_limits_new();
    for (guint i = 0; i < 20; i++)
        g_assert_true(web_limits_allow(limits, "192.0.2.1", 1000));
    g_assert_false(web_limits_allow(limits, "192.0.2.1", 1000));
    g_assert_true(web_limits_allow(limits, "192.0.2.2", 1000)); /* another's are another's */
    g_assert_false(web_limits_allow(limits, "192.0.2.1", 2000000));
    g_assert_true(web_limits_allow(limits, "192.0.2.1", 3100000));
    g_assert_false(web_limits_allow(limits, "192.0.2.1", 3100000));
    for (guint i = 0; i < 20; i++) /* a day later there are twenty again, and no more */
        g_assert_true(web_limits_allow(limits, "192.0.2.1", 86400000000));
    g_assert_false(web_limits_allow(limits, "192.0.2.1", 86400000000));
    web_limits_free(limits);
}

/* A flood of addresses, each trying once, neither grows the table nor frees who has used up theirs. */
static void a_flood_of_addresses_frees_nobody(void) {
    struct web_limits *limits = web_limits_new();
    for (guint i = 0; i < 20; i++)
        g_assert_true(web_limits_allow(limits, "192.0.2.1", 1000));
    for (guint i = 0; i < 500000; i++) {
        char peer[32];
        g_snprintf(peer, sizeof peer, "2001:db8::%x:%x", i >> 16, i & 0xFFFF);
        g_assert_true(web_limits_allow(limits, peer, 1000));
    }
    g_assert_false(web_limits_allow(limits, "192.0.2.1", 1000));
    web_limits_free(limits);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/limits/bucket", twenty_tries_and_one_more_every_three_seconds);
    g_test_add_func("/limits/flood", a_flood_of_addresses_frees_nobody);
    return g_test_run();
}
