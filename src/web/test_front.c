#include "web/peer.h"
#include "web/turns.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

/* ── Turns ─────────────────────────────────────────────────────────────────────────────────────── */

static void put(struct turns *turns, const char *key, const char *item) {
    g_assert_true(turns_put(turns, key, (char *)item));
}

static void take(struct turns *turns, const char *key, const char *item) {
    g_autofree char *of = NULL;
    g_assert_cmpstr(turns_take(turns, &of), ==, item);
    g_assert_cmpstr(of, ==, key);
}

static void who_brings_much_waits_behind_himself(void) {
    const struct turns_bounds bounds = {10, 10, 10};
    struct turns *turns = turns_new(&bounds);
    put(turns, "a", "a1");
    put(turns, "a", "a2");
    put(turns, "a", "a3");
    put(turns, "b", "b1");
    take(turns, "a", "a1");
    take(turns, "b", "b1");
    take(turns, "a", "a2");
    put(turns, "b", "b2");
    take(turns, "a", "a3"); /* it was in the round before */
    take(turns, "b", "b2");
    for (guint i = 0; i < 3; i++)
        turns_done(turns, "a");
    turns_done(turns, "b");
    turns_done(turns, "b");
    turns_end(turns);
    turns_free(turns);
}

static void nobody_has_more_under_way_than_his_share(void) {
    const struct turns_bounds bounds = {10, 10, 1};
    struct turns *turns = turns_new(&bounds);
    put(turns, "a", "a1");
    put(turns, "a", "a2");
    put(turns, "b", "b1");
    take(turns, "a", "a1");
    take(turns, "b", "b1");
    turns_done(turns, "b");
    put(turns, "b", "b2");
    take(turns, "b", "b2"); /* a's second waits for a's first */
    turns_done(turns, "a");
    take(turns, "a", "a2");
    turns_done(turns, "a");
    turns_done(turns, "b");
    turns_end(turns);
    turns_free(turns);
}

static void no_more_waits_than_may(void) {
    const struct turns_bounds bounds = {3, 2, 1};
    struct turns *turns = turns_new(&bounds);
    put(turns, "a", "a1");
    put(turns, "a", "a2");
    g_assert_false(turns_put(turns, "a", (char *)"a3")); /* of one */
    put(turns, "b", "b1");
    g_assert_false(turns_put(turns, "c", (char *)"c1")); /* of all */
    take(turns, "a", "a1");
    put(turns, "c", "c1");
    turns_done(turns, "a");
    turns_end(turns);
    char *key;
    g_assert_null(turns_take(turns, &key));
    g_assert_false(turns_put(turns, "d", (char *)"d1"));
    guint n = 0;
    while (turns_take_rest(turns))
        n++;
    g_assert_cmpuint(n, ==, 3);
    turns_free(turns);
}

/* ── Who asks ──────────────────────────────────────────────────────────────────────────────────── */

static void is(const char *text, const char *address, gboolean is_proxy) {
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    const struct sockaddr *any = (const struct sockaddr *)&v4;
    if (inet_pton(AF_INET, text, &v4.sin_addr) != 1) {
        g_assert_cmpint(inet_pton(AF_INET6, text, &v6.sin6_addr), ==, 1);
        any = (const struct sockaddr *)&v6;
    }
    g_autofree char *found = peer_address(any);
    g_assert_cmpstr(found, ==, address);
    g_assert_true(peer_is_proxy(any) == is_proxy);
}

static void an_address_is_a_subscriber_and_loopback_a_proxy(void) {
    is("192.0.2.1", "192.0.2.1", FALSE);
    is("127.0.0.1", "127.0.0.1", TRUE);
    is("127.9.9.9", "127.9.9.9", TRUE);
    is("::1", "::/64", TRUE);
    is("::ffff:192.0.2.1", "192.0.2.1", FALSE);
    is("::ffff:127.0.0.1", "127.0.0.1", TRUE);
    is("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", FALSE);
    is("10.127.0.1", "10.127.0.1", FALSE);
}

static void of_those_forwarded_for_the_last_counts(void) {
    static const char *const cases[][2] = {{"192.0.2.1", "192.0.2.1"},
                                           {"198.51.100.1,192.0.2.1", "192.0.2.1"},
                                           {"x, 192.0.2.1 ", "192.0.2.1"},
                                           {"192.0.2.1, 2001:db8::9", "2001:db8::/64"},
                                           {"192.0.2.1, unknown", NULL},
                                           {"192.0.2.1,", NULL},
                                           {"", NULL}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *found = peer_forwarded(cases[i][0]);
        g_assert_cmpstr(found, ==, cases[i][1]);
    }
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/front/turns/who brings much waits behind himself",
                    who_brings_much_waits_behind_himself);
    g_test_add_func("/front/turns/nobody has more under way than his share",
                    nobody_has_more_under_way_than_his_share);
    g_test_add_func("/front/turns/no more waits than may", no_more_waits_than_may);
    g_test_add_func("/front/peer/an address is a subscriber and loopback a proxy",
                    an_address_is_a_subscriber_and_loopback_a_proxy);
    g_test_add_func("/front/peer/of those forwarded for the last counts",
                    of_those_forwarded_for_the_last_counts);
    return g_test_run();
}
