#include <string.h>

#include "base/csv.h"
#include "base/error.h"
#include "base/random.h"
#include "base/seal.h"
#include "base/text.h"
#include "base/time.h"
#include "base/vocabulary.h"

/* Reads all of `text`; rows as "line:a|b|c", bad ones as "line!reason", joined by "; ". */
static char *read_csv(const struct csv_dialect *dialect, const char *text) {
    struct csv_reader *reader = csv_reader_new(dialect, g_strdup(text), strlen(text));
    GString *out = g_string_new(NULL);
    struct csv_row row;
    for (enum csv_result result; (result = csv_reader_next(reader, &row)) != CSV_END;) {
        g_string_append_printf(out, "%s%u", out->len ? "; " : "", row.line);
        if (result == CSV_BAD_ROW) {
            g_string_append_printf(out, "!%s", row.reason);
            continue;
        }
        for (guint i = 0; i < row.n_fields; i++)
            g_string_append_printf(out, "%s%s", i ? "|" : ":", row.fields[i]);
    }
    csv_reader_free(reader);
    return g_string_free(out, FALSE);
}

static void expect_csv(const struct csv_dialect *dialect, const char *text, const char *expected) {
    g_autofree char *got = read_csv(dialect, text);
    g_assert_cmpstr(got, ==, expected);
}

static void csv_reads_what_rfc_4180_writes(void) {
    expect_csv(&csv_default_dialect, "a,b\r\n\"x, y\",\"say \"\"hi\"\"\"\r\n",
               "1:a|b; 2:x, y|say \"hi\"");
    expect_csv(&csv_default_dialect, "a,,\n,\n", "1:a||; 2:|");
    expect_csv(&csv_default_dialect,
               "\xEF\xBB\xBF"
               "a\n\n\nb",
               "1:a; 4:b");
    expect_csv(&csv_default_dialect, " a ,\" b \" \n", "1:a|b");
    expect_csv(&csv_default_dialect, "", "");
}

static void csv_counts_lines_inside_quotes(void) {
    expect_csv(&csv_default_dialect, "\"one\ntwo\",x\nnext,y\n", "1:one\ntwo|x; 3:next|y");
}

static void csv_stray_quote_spoils_its_own_row_only(void) {
    expect_csv(&csv_default_dialect, "a,b\n\"broken,c\nd,e\nf,g\n",
               "1:a|b; 2!a quoted field has no closing quote; 3:d|e; 4:f|g");
    expect_csv(&csv_default_dialect, "\"a\"b,c\nd,e\n", "1!text follows a closing quote; 2:d|e");
    expect_csv(&csv_default_dialect, "5\" tall,b\n", "1:5\" tall|b");
    expect_csv(
        &csv_default_dialect, "a,b,c,d\n1,\"x\n2,y,u,v\n3,y\",u,v\n4,y,u,v\n",
        "1:a|b|c|d; 2!a quote stands open, and what follows looks like rows; 3:2|y|u|v; 4:3|y\"|u|v; "
        "5:4|y|u|v");
    expect_csv(&csv_default_dialect, "a,b,c,d\n1,\"x\n2,y,u,\",u,v\n",
               "1:a|b|c|d; 2!a quote stands open, and what follows looks like rows; 3!a quoted field "
               "has no closing quote");
    expect_csv(&csv_default_dialect, "a,b,c,d\n1,\"one, two\nand three, four\",u,v\n",
               "1:a|b|c|d; 2:1|one, two\nand three, four|u|v"); /* text, not rows */
}

static void csv_knows_the_dirt_of_exports(void) {
    struct csv_dialect tab = csv_default_dialect;
    tab.delimiter = '\t';
    tab.backslash_escape = TRUE;
    expect_csv(&tab, "\"A \\\"TWO\\\"\"\tb\r\r\nc\td\r\r\n", "1:A \"TWO\"|b; 2:c|d");
    struct csv_dialect latin = csv_default_dialect;
    expect_csv(&latin,
               "PI\xD1"
               "ON,x\nok,y\n",
               "1!a field is not UTF-8; if the jail's system writes Windows' code page, say `encoding: "
               "windows-1252` in "
               "the mapping; 2:ok|y");
    latin.is_latin1 = TRUE;
    expect_csv(&latin,
               "PI\xD1"
               "ON,x\n",
               "1:PIÑON|x");
}

static void csv_nul_bytes_spoil_their_row(void) {
    char text[] = "a,b\nc\0c,d\ne,f\n";
    struct csv_reader *reader =
        csv_reader_new(&csv_default_dialect, g_memdup2(text, sizeof text - 1), sizeof text - 1);
    struct csv_row row;
    g_assert_cmpint(csv_reader_next(reader, &row), ==, CSV_ROW);
    g_assert_cmpint(csv_reader_next(reader, &row), ==, CSV_BAD_ROW);
    g_assert_cmpint(csv_reader_next(reader, &row), ==, CSV_ROW);
    g_assert_cmpstr(row.fields[0], ==, "e");
    csv_reader_free(reader);
}

static void csv_tells_a_row_without_an_end(void) {
    struct csv_reader *reader = csv_reader_new(&csv_default_dialect, g_strdup("a,b\nc,"), 6);
    struct csv_row row;
    csv_reader_next(reader, &row);
    g_assert_false(row.is_cut);
    csv_reader_next(reader, &row);
    g_assert_true(row.is_cut);
    csv_reader_free(reader);
}

static void times_round_trip(void) {
    gint64 at_us;
    g_assert_true(base_time_parse("2025-05-06T16:00:00Z", &at_us));
    g_assert_cmpint(at_us, ==, G_GINT64_CONSTANT(1746547200000000));
    g_autofree char *text = base_time_format(at_us);
    g_assert_cmpstr(text, ==, "2025-05-06T16:00:00Z");
    g_autofree char *with_fraction = base_time_format(at_us - 1);
    g_assert_cmpstr(with_fraction, ==, "2025-05-06T15:59:59.999999Z");
    g_assert_null(base_time_format(TIME_UNKNOWN));
    g_assert_false(base_time_parse("yesterday", &at_us));
}

static void durations_have_one_unit(void) {
    gint64 length_us;
    g_assert_true(base_duration_parse("24h", &length_us));
    g_assert_cmpint(length_us, ==, DAY_US);
    const char *const wrong[] = {"", "h", "0h", "-1h", "1", "1y", "1h30m", "99999999999d"};
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++)
        g_assert_false(base_duration_parse(wrong[i], &length_us));
}

static void kinds_are_a_closed_set(void) {
    custody_kinds kinds;
    g_autoptr(GError) error = NULL;
    g_assert_true(custody_kinds_parse("released, died", &kinds, NULL));
    g_autofree char *text = custody_kinds_format(kinds);
    g_assert_cmpstr(text, ==, "released,died");
    g_assert_false(custody_kinds_parse("released,deported", &kinds, &error));
    g_assert_nonnull(strstr(error->message, "\"deported\""));
}

static void headers_take_no_line_breaks(void) {
    g_autoptr(GString) out = g_string_new(NULL);
    text_append_header(out, "a\r\nBcc: everyone@example.org");
    g_assert_null(strpbrk(out->str, "\r\n"));
    g_string_truncate(out, 0);
    text_append_header(out, "señor");
    g_assert_cmpstr(out->str, ==, "=?UTF-8?B?c2XDsW9y?=");
}

static void html_is_escaped_once(void) {
    const char *const pairs[] = {"name", "<script>&", NULL};
    g_autofree char *html = text_fill("Hi {name}{nothing}!", pairs, TRUE);
    g_assert_cmpstr(html, ==, "Hi &lt;script&gt;&amp;!");
}

/* ── Sealing ── */

struct keys {
    char *dir;
    struct seal_public *public;
    struct seal_private *private;
};

static struct keys make_keys(void) {
    struct keys keys = {.dir = g_dir_make_tmp("tocsin-seal-XXXXXX", NULL)};
    g_autofree char *private = g_build_filename(keys.dir, "k", NULL);
    g_autofree char *public = g_build_filename(keys.dir, "p", NULL);
    g_assert_true(seal_generate(private, public, NULL));
    keys.public = seal_public_load(public, NULL);
    keys.private = seal_private_load(private, NULL);
    g_assert_nonnull(keys.public);
    g_assert_nonnull(keys.private);
    return keys;
}

static void free_keys(struct keys *keys) {
    seal_public_free(keys->public);
    seal_private_free(keys->private);
    g_free(keys->dir);
}

static void only_the_private_key_opens(void) {
    struct keys keys = make_keys(), other = make_keys();
    g_autoptr(GBytes) box = seal_to_public(keys.public, "secret", 6, "r1", NULL);
    GBytes *plain = seal_open_private(keys.private, box, "r1", NULL);
    g_assert_cmpmem(g_bytes_get_data(plain, NULL), g_bytes_get_size(plain), "secret", 6);
    seal_bytes_unref(plain);
    g_assert_null(seal_open_private(other.private, box, "r1", NULL));
    g_assert_null(seal_open_private(keys.private, box, "r2", NULL)); /* bound to r1 */
    free_keys(&keys);
    free_keys(&other);
}

static void every_altered_byte_is_noticed(void) {
    struct keys keys = make_keys();
    g_autoptr(GBytes) box = seal_to_public(keys.public, "secret", 6, "r1", NULL);
    gsize n;
    const guint8 *bytes = g_bytes_get_data(box, &n);
    for (gsize i = 0; i < n; i++) {
        guint8 *altered = g_memdup2(bytes, n);
        altered[i] ^= 1;
        g_autoptr(GBytes) bad = g_bytes_new_take(altered, n);
        g_assert_null(seal_open_private(keys.private, bad, "r1", NULL));
        g_autoptr(GBytes) cut = g_bytes_new(bytes, i);
        g_assert_null(seal_open_private(keys.private, cut, "r1", NULL));
    }
    free_keys(&keys);
}

static void two_seals_of_one_secret_differ(void) {
    guint8 key[SEAL_KEY_BYTES] = {7};
    g_autoptr(GBytes) a = seal_with_key(key, &base_system_random, "x", 1, "r", NULL);
    g_autoptr(GBytes) b = seal_with_key(key, &base_system_random, "x", 1, "r", NULL);
    g_assert_false(g_bytes_equal(a, b));
    GBytes *plain = seal_open_key(key, a, "r", NULL);
    g_assert_cmpmem(g_bytes_get_data(plain, NULL), g_bytes_get_size(plain), "x", 1);
    seal_bytes_unref(plain);
    key[0] = 8;
    g_assert_null(seal_open_key(key, a, "r", NULL));
}

static void pins_are_stretched(void) {
    guint64 state = 5; /* by chance the salt could spell the PIN */
    struct base_random random = base_seeded_random(&state);
    g_autofree char *hash = seal_pin_hash(&random, "4711");
    g_assert_null(strstr(hash, "4711"));
    g_assert_true(seal_pin_matches(hash, "4711"));
    g_assert_false(seal_pin_matches(hash, "4712"));
    g_assert_false(seal_pin_matches("nonsense", "4711"));
}

static void seeded_randomness_repeats(void) {
    guint64 a = 5, b = 5;
    struct base_random first = base_seeded_random(&a), second = base_seeded_random(&b);
    g_autofree char *x = base_random_token(&first, 10), *y = base_random_token(&second, 10);
    g_assert_cmpstr(x, ==, y);
    g_assert_cmpuint(strlen(x), ==, 16);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/csv/rfc4180", csv_reads_what_rfc_4180_writes);
    g_test_add_func("/csv/lines", csv_counts_lines_inside_quotes);
    g_test_add_func("/csv/stray_quote", csv_stray_quote_spoils_its_own_row_only);
    g_test_add_func("/csv/dirt", csv_knows_the_dirt_of_exports);
    g_test_add_func("/csv/nul", csv_nul_bytes_spoil_their_row);
    g_test_add_func("/csv/cut", csv_tells_a_row_without_an_end);
    g_test_add_func("/time/round_trip", times_round_trip);
    g_test_add_func("/time/durations", durations_have_one_unit);
    g_test_add_func("/vocabulary/kinds", kinds_are_a_closed_set);
    g_test_add_func("/text/headers", headers_take_no_line_breaks);
    g_test_add_func("/text/html", html_is_escaped_once);
    g_test_add_func("/seal/opens", only_the_private_key_opens);
    g_test_add_func("/seal/altered", every_altered_byte_is_noticed);
    g_test_add_func("/seal/differs", two_seals_of_one_secret_differ);
    g_test_add_func("/seal/pin", pins_are_stretched);
    g_test_add_func("/random/seeded", seeded_randomness_repeats);
    return g_test_run();
}
