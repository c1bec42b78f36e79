/* The main job, told as a story: a made-up county, three people who asked to be told, a week in a
 * minute. A site like any other; only its clock is the story's. */
#include <curl/curl.h>
#include <errno.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <utime.h>

#include "base/error.h"
#include "cli/cli.h"
#include "desk/register.h"
#include "disclose/disclose.h"
#include "embedded.h"
#include "find/finder.h"
#include "intake/load.h"
#include "intake/silence.h"
#include "intake/take_up.h"
#include "operate/open.h"
#include "operate/status.h"
#include "policy/policy.h"
#include "send/sender.h"
#include "simulate/county.h"
#include "web/server.h"

#define PIN "4711"
#define OPERATOR "on-call@county.example"

struct demo {
    struct cli *cli;
    struct site *site;
    struct county *county;
    struct sender *sender;
    struct finder *finder;
    struct web_server *server;
    gint64 clock_offset_us; /* the story's time less the machine's; under the mutex */
    gint64 deadline_us;     /* monotonic; 0: none */
    char *feeds;            /* folder of the county's files */
    GMutex mutex;
    guint delivered[CUSTODY_N_KINDS]; /* alerts handed over, by kind */
    gint64 last_latency_us;
    gboolean has_failed;
};

/* ── Telling ───────────────────────────────────────────────────────────────────────────────────── */

static void say(const struct demo *demo, const char *color, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static void say(const struct demo *demo, const char *color, const char *format, ...) {
    va_list args;
    va_start(args, format);
    if (demo->cli->has_color)
        fputs(color, stdout);
    vprintf(format, args);
    va_end(args);
    puts(demo->cli->has_color ? "\033[0m" : "");
    fflush(stdout);
}

#define PLAIN ""
#define BOLD "\033[1m"
#define GREEN "\033[32m"
#define AMBER "\033[33m"
#define DIM "\033[2m"

static void pause_story(const struct demo *demo) {
    gint64 left_us = demo->deadline_us ? demo->deadline_us - g_get_monotonic_time() : G_MAXINT64;
    if (demo->cli->is_terminal && left_us > 5 * SECOND_US)
        g_usleep(700000);
}

static void fail(struct demo *demo, const char *what) {
    demo->has_failed = TRUE;
    say(demo, AMBER, "  NOT AS EXPECTED: %s", what);
}

/* ── The story's clock ─────────────────────────────────────────────────────────────────────────── */

static gint64 story_now(void *context) {
    struct demo *demo = context;
    g_mutex_lock(&demo->mutex);
    gint64 offset_us = demo->clock_offset_us;
    g_mutex_unlock(&demo->mutex);
    return g_get_real_time() + offset_us;
}

static void say_day(struct demo *demo, const char *what) {
    g_autoptr(GTimeZone) zone = g_time_zone_new_identifier("America/Denver");
    g_autoptr(GDateTime) utc =
        g_date_time_new_from_unix_utc((county_day_at_us(demo->county) + 12 * HOUR_US) / SECOND_US);
    g_autoptr(GDateTime) day = g_date_time_to_timezone(utc, zone);
    g_autofree char *text = g_date_time_format(day, "%A, %B %-d");
    puts("");
    say(demo, BOLD, "%s: %s", text, what);
}

/* ── Mail ──────────────────────────────────────────────────────────────────────────────────────── */

static char *mail_folder(const struct demo *demo) {
    return g_build_filename(site_dir(demo->site), "mail", "new", NULL);
}

/* Whole when every alert that is due has been handed over. */
static gboolean outbox_is_empty(struct demo *demo) {
    struct status_counts counts;
    return status_count(demo->site, &counts, NULL) && counts.queued == 0;
}

static void wait_for_outbox(struct demo *demo) {
    for (int i = 0; i < 500 && !outbox_is_empty(demo); i++)
        g_usleep(10000);
    if (!outbox_is_empty(demo))
        fail(demo, "a message has waited for five seconds");
}

/* Not while a message is under way: whoever has it would have lost it hours ago. */
static void set_story_time(struct demo *demo, gint64 at_us) {
    wait_for_outbox(demo);
    g_mutex_lock(&demo->mutex);
    demo->clock_offset_us = at_us - g_get_real_time();
    g_mutex_unlock(&demo->mutex);
}

/* Undoes quoted-printable. Transfer full. */
static char *readable(const char *mail) {
    GString *out = g_string_new(NULL);
    for (const char *p = mail; *p; p++) {
        if (*p == '\r')
            continue;
        if (*p != '=') {
            g_string_append_c(out, *p);
        } else if (p[1] == '\r' && p[2] == '\n') {
            p += 2;
        } else if (g_ascii_isxdigit(p[1]) && g_ascii_isxdigit(p[2])) {
            g_string_append_c(out,
                              (char)(g_ascii_xdigit_value(p[1]) << 4 | g_ascii_xdigit_value(p[2])));
            p += 2;
        } else {
            g_string_append_c(out, *p); /* a header's own */
        }
    }
    return g_string_free(out, FALSE);
}

/* The newest message in the Maildir that is not the operator's, as readable text. Transfer full. */
static char *newest_mail(struct demo *demo) {
    g_autofree char *folder = mail_folder(demo);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    g_autofree char *newest = NULL;
    gint64 newest_ns = -1;
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        GStatBuf status;
        g_autofree char *text = NULL;
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (g_stat(path, &status) != 0 || !g_file_get_contents(path, &text, NULL, NULL) ||
            strstr(text, "To: " OPERATOR))
            continue;
        gint64 ns = (gint64)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
        if (ns > newest_ns) {
            newest_ns = ns;
            g_free(newest);
            newest = g_steal_pointer(&text);
        }
    }
    return readable(newest ? newest : "");
}

/* The text part, set in from the left. */
static void show_mail(struct demo *demo) {
    g_autofree char *mail = newest_mail(demo);
    const char *start = strstr(mail, "quoted-printable\n\n");
    const char *end = start ? strstr(start, "\n--=_") : NULL;
    if (!end)
        return;
    g_autofree char *body = g_strndup(start + 18, (gsize)(end - start - 18));
    g_auto(GStrv) lines = g_strsplit(g_strchomp(body), "\n", -1);
    for (char **line = lines; *line; line++)
        if (**line)
            say(demo, DIM, "    │ %s", *line);
}

static size_t discard(char *data, size_t size, size_t n, void *context) {
    (void)data;
    (void)context;
    return size * n;
}

/* Opens the link in the newest message as its reader would, with the PIN. */
static void confirm_by_link(struct demo *demo) {
    g_autofree char *mail = newest_mail(demo);
    const char *link = strstr(mail, "/c/");
    if (!link) {
        fail(demo, "the message has no link to confirm it");
        return;
    }
    g_autofree char *path = g_strndup(link, strcspn(link, " \n\""));
    g_autofree char *url =
        g_strdup_printf("http://127.0.0.1:%u%s", web_server_port(demo->server), path);
    CURL *curl = curl_easy_init();
    long status = 0;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "pin=" PIN);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 10L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, discard);
    curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    if (status == 200)
        say(demo, GREEN, "  She opens the link, types her PIN: confirmed. No reminder will follow.");
    else
        fail(demo, "the confirmation was not taken");
}

static void on_handed_over(const struct sender_note *note, void *context) {
    struct demo *demo = context;
    enum custody_kind kind;
    g_mutex_lock(&demo->mutex);
    if (custody_kind_parse(note->kind, &kind)) {
        demo->delivered[kind]++;
        demo->last_latency_us = note->latency_us;
    }
    g_mutex_unlock(&demo->mutex);
}

static guint n_delivered(struct demo *demo, enum custody_kind kind, gint64 *latency_us) {
    g_mutex_lock(&demo->mutex);
    const guint n = demo->delivered[kind];
    *latency_us = demo->last_latency_us;
    g_mutex_unlock(&demo->mutex);
    return n;
}

/* An alert of this kind should have come, once. */
static void expect_alert(struct demo *demo, enum custody_kind kind, guint n) {
    gint64 latency_us;
    wait_for_outbox(demo);
    /* Its result is in the store a moment before on_handed_over is told. */
    for (int i = 0; i < 500 && n_delivered(demo, kind, &latency_us) < n; i++)
        g_usleep(10000);
    const guint got = n_delivered(demo, kind, &latency_us);
    if (got != n) {
        fail(demo, custody_kind_name(kind));
        return;
    }
    say(demo, GREEN,
        "  An alert left %.0f ms after the event was recorded:", (double)latency_us / 1000);
    show_mail(demo);
    confirm_by_link(demo);
    pause_story(demo);
}

/* ── Feeds ─────────────────────────────────────────────────────────────────────────────────────── */

static gboolean add_feeds(struct demo *demo, GError **error) {
    const char *const mappings[JAIL_N] = {embedded_demo_north_yaml, embedded_demo_south_yaml,
                                          embedded_demo_central_yaml};
    for (int jail = 0; jail < JAIL_N; jail++) {
        g_autofree char *id = NULL;
        gboolean is_new;
        if (!take_up_feed(demo->site, mappings[jail], strlen(mappings[jail]), "demo", NULL, &id,
                          &is_new, error))
            return FALSE;
    }
    return TRUE;
}

/* Writes this morning's file, cut to `share` of its length, and loads it. */
static struct load_summary load(struct demo *demo, enum county_jail jail, double share) {
    g_autofree char *name = county_file_name(demo->county, jail);
    g_autofree char *path = g_build_filename(demo->feeds, name, NULL);
    g_autofree char *text = county_file(demo->county, jail);
    struct load_options options = {.taken_at_us = TIME_UNKNOWN};
    struct load_summary summary = {.list = NULL};
    GError *error = NULL;

    if (share < 1) {
        gsize n = (gsize)((double)strlen(text) * share);
        text[n] = 0;
        char *line_end = strrchr(text, '\n');
        line_end[1] = 0;
    }
    options.tells_nobody = jail == JAIL_CENTRAL && !demo->sender; /* the first file is its history */
    const struct utimbuf written = {.actime = (time_t)(story_now(demo) / SECOND_US),
                                    .modtime = (time_t)(story_now(demo) / SECOND_US)};
    if (!g_file_set_contents(path, text, -1, &error) ||
        g_utime(path, (struct utimbuf *)&written) != 0 ||
        !load_file(demo->site, county_jail_id(jail), path, &options, &summary, &error)) {
        fail(demo, error->message);
        g_clear_error(&error);
    }
    return summary;
}

static void load_and_say(struct demo *demo, enum county_jail jail, double share) {
    struct load_summary s = load(demo, jail, share);
    if (s.held)
        say(demo, AMBER, "  %-8s %3u rows: HELD. %s", county_jail_id(jail), s.rows, s.note);
    else
        say(demo, PLAIN, "  %-8s %3u rows%s, custody events: %u, alerts: %u%s", county_jail_id(jail),
            s.rows, s.is_baseline || !demo->sender ? " (the baseline: nobody is alerted)" : "",
            s.events, s.alerts, s.problems ? ". Some codes nobody explained: see feed problems" : "");
    load_summary_clear(&s);
}

static void next_day(struct demo *demo, const char *what) {
    wait_for_outbox(demo);
    county_step(demo->county);
    set_story_time(demo, county_day_at_us(demo->county) + 6 * HOUR_US + 5 * MINUTE_US);
    say_day(demo, what);
}

/* ── People who ask to be told ─────────────────────────────────────────────────────────────────── */

static void register_one(struct demo *demo, const struct county_person *person, const char *email,
                         const char *language) {
    struct watch_request request = {
        .contact = email, .pin = PIN, .language = language, .relation = "survivor"};
    g_autofree char *id = NULL;
    GError *error = NULL;
    if (!register_add(demo->site, county_person_number(person), NULL, &request, &id, &error)) {
        fail(demo, error->message);
        g_clear_error(&error);
        return;
    }
    wait_for_outbox(demo);
    g_autofree char *mail = newest_mail(demo);
    g_autoptr(GRegex) digits = g_regex_new("^([0-9]{6})$", G_REGEX_MULTILINE, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    g_autofree char *code =
        g_regex_match(digits, mail, 0, &match) ? g_match_info_fetch(match, 1) : NULL;
    if (!code || !register_confirm(demo->site, id, code, &error)) {
        fail(demo, error ? error->message : "no code came");
        g_clear_error(&error);
        return;
    }
    say(demo, PLAIN, "  %s asks to be told about %s %s. A code goes to her address (%s); she types it.",
        g_str_equal(language, "es") ? "Inés" : "Ana", county_person_given(person),
        county_person_surname(person), code);
}

/* ── The week ──────────────────────────────────────────────────────────────────────────────────── */

/* The other two jails send what they always send. */
static void load_others(struct demo *demo, enum county_jail but) {
    for (enum county_jail jail = JAIL_NORTH; jail < JAIL_N; jail++)
        if (jail != but)
            load_and_say(demo, jail, 1);
}

static void cut_list(struct demo *demo) {
    next_day(demo, "South's list breaks off in the middle.");
    load_others(demo, JAIL_SOUTH);
    load_and_say(demo, JAIL_SOUTH, 0.6);
    say(demo, PLAIN, "  The operator is paged. Nobody is told that a hundred people vanished.");
    pause_story(demo);
    say(demo, PLAIN, "  An hour later the whole list comes:");
    set_story_time(demo, story_now(demo) + HOUR_US);
    load_and_say(demo, JAIL_SOUTH, 1);
    pause_story(demo);
}

static void fall_silent(struct demo *demo) {
    guint n_events = 0;
    next_day(demo, "North's list does not come.");
    load_others(demo, JAIL_NORTH);
    next_day(demo, "nor does it today.");
    load_others(demo, JAIL_NORTH);
    silence_tick(demo->site, &n_events, NULL);
    if (n_events == 1)
        say(demo, AMBER,
            "  Silence is an event: the operator is paged. If it lasts, those who rely on "
            "North are told.");
    else
        fail(demo, "the silence of North");
}

static void tell_story(struct demo *demo) {
    struct county_person *released = county_pick(demo->county, JAIL_CENTRAL);
    struct county_person *missing = county_pick(demo->county, JAIL_NORTH);
    struct county_person *moved = county_pick(demo->county, JAIL_SOUTH);

    say(demo, BOLD, "Two people ask to be told.");
    register_one(demo, released, "ana@example.org", "en");
    register_one(demo, missing, "ana@example.org", "en");
    register_one(demo, moved, "ines@example.org", "es");
    pause_story(demo);

    next_day(demo, "somebody is released.");
    load_others(demo, JAIL_CENTRAL);
    county_release(demo->county, released);
    load_and_say(demo, JAIL_CENTRAL, 1);
    expect_alert(demo, CUSTODY_RELEASED, 1);

    next_day(demo, "North's list lacks a row that should be there.");
    load_others(demo, JAIL_NORTH);
    county_lose_row(missing, TRUE);
    load_and_say(demo, JAIL_NORTH, 1);
    say(demo, PLAIN,
        "  The jail did not say that anybody was released, so the alert does not, either.");
    expect_alert(demo, CUSTODY_LEFT_ROSTER, 1);

    next_day(demo, "the row is back. It was a mistake, and she is told so.");
    load_others(demo, JAIL_NORTH);
    county_lose_row(missing, FALSE);
    load_and_say(demo, JAIL_NORTH, 1);
    expect_alert(demo, CUSTODY_BACK_ON_ROSTER, 1);

    cut_list(demo);

    next_day(demo, "somebody is moved. This one is told in Spanish.");
    load_others(demo, JAIL_SOUTH);
    county_move_unit(moved);
    load_and_say(demo, JAIL_SOUTH, 1);
    expect_alert(demo, CUSTODY_TRANSFERRED, 1);

    fall_silent(demo);
}

/* The back door, tried: an agency asks through a broker, with a form that it signed itself. */
static void try_the_back_door(struct demo *demo) {
    static const enum policy_word_kind kinds[] = {
        POLICY_RECIPIENT, POLICY_PURPOSE, POLICY_BASIS, POLICY_DATA, POLICY_MODE, POLICY_JURISDICTION};
    static const char *const words[] = {"immigration_agency",
                                        "immigration_enforcement",
                                        "agency_warrant_form",
                                        "release",
                                        "alert",
                                        "local"};
    struct disclose_gate *gate = site_gate(demo->site, NULL);
    const struct policy *policy = disclose_gate_policy(gate);
    struct policy_request request = {.day = 740000};
    struct policy_decision decision;
    struct policy_check check;
    guint via = policy_find_word(policy, POLICY_RECIPIENT, "data_broker"), denied_via;
    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        request.value[kinds[i]] = (guint8)policy_find_word(policy, kinds[i], words[i]);
    policy_decide_via(policy, &request, &via, 1, &decision, &denied_via);
    puts("");
    say(demo, BOLD,
        "At the back door: through a broker, an agency asks to be alerted, with a form of its own.");
    say(demo, decision.is_permitted ? AMBER : GREEN, "  jail → data_broker → immigration_agency: %s",
        decision.is_permitted ? "PERMITTED" : "denied");
    say(demo, PLAIN, "  %s.", policy_decision_citation(policy, &decision));
    const gboolean holds = policy_check(policy, &check);
    say(demo, holds ? PLAIN : AMBER,
        "  %u promises were tried against all %" G_GUINT64_FORMAT " requests that can be made: %s.",
        check.n_guarantees, check.n_points, holds ? "none breaks one" : "SOME ARE BROKEN");
    policy_check_clear(&check);
    demo->has_failed |= decision.is_permitted || !holds;
    disclose_gate_unref(gate);
}

static void sum_up(struct demo *demo) {
    struct status_counts counts;
    wait_for_outbox(demo);
    try_the_back_door(demo);
    status_count(demo->site, &counts, NULL);
    g_autofree char *url = web_console_url(demo->site, web_server_port(demo->server));
    g_autofree char *mail = mail_folder(demo);
    puts("");
    if (!demo->has_failed)
        say(demo, GREEN, "Every alert that was owed was delivered and confirmed (%u).",
            (guint)counts.confirmed);
    else
        say(demo, AMBER, "Not everything went as it should: see above.");
    printf("\nTo look at:\n  %s    the operator's console\n  %s    the messages\n"
           "  tocsin -C %s feed status | feed problems | alert list | watch list\n"
           "  tocsin policy table us-co | policy check | ledger verify http://127.0.0.1:%u/log\n",
           url, mail, site_dir(demo->site), web_server_port(demo->server));
    fflush(stdout);
}

/* ── Setting it up ─────────────────────────────────────────────────────────────────────────────── */

static gboolean write_config(const char *dir, guint port, GError **error) {
    g_autofree char *path = g_build_filename(dir, "site.yaml", NULL);
    g_autofree char *text =
        g_strdup_printf("# The demo's site.\nname: Demo County\n"
                        "base_url: http://127.0.0.1:%u\nlisten: 127.0.0.1:%u\n"
                        "operator_email: " OPERATOR "\nmail:\n  transport: maildir\n  maildir: mail\n",
                        port, port);
    return g_file_set_contents(path, text, -1, error);
}

/* The first morning of a week that ends today. */
static gint64 first_day_at_us(void) {
    g_autoptr(GTimeZone) zone = g_time_zone_new_identifier("America/Denver");
    g_autoptr(GDateTime) now = g_date_time_new_now(zone);
    g_autoptr(GDateTime) midnight =
        g_date_time_new(zone, g_date_time_get_year(now), g_date_time_get_month(now),
                        g_date_time_get_day_of_month(now), 0, 0, 0);
    g_autoptr(GDateTime) first = g_date_time_add_days(midnight, -8);
    return g_date_time_to_unix(first) * SECOND_US;
}

static gboolean set_up(struct demo *demo, const char *dir, guint port, GError **error) {
    static struct base_clock clock;
    if (!g_file_test(dir, G_FILE_TEST_IS_DIR) && g_mkdir_with_parents(dir, 0700) != 0) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_STORE, "%s: %s", dir, g_strerror(errno));
        return FALSE;
    }
    if (!site_init(dir, NULL, error) || !write_config(dir, port, error) ||
        !(demo->site = operate_open(dir, error)))
        return FALSE;
    clock = (struct base_clock){.now_at_us = story_now, .context = demo};
    site_set_clock(demo->site, &clock);
    demo->feeds = g_build_filename(dir, "feeds", NULL);
    g_mkdir_with_parents(demo->feeds, 0700);
    demo->county = county_new(20251, 900, first_day_at_us());
    set_story_time(demo, county_day_at_us(demo->county) + 6 * HOUR_US + 5 * MINUTE_US);
    if (!add_feeds(demo, error))
        return FALSE;
    say_day(demo, "three jails of a made-up county send their first lists.");
    for (int jail = 0; jail < JAIL_N; jail++)
        load_and_say(demo, (enum county_jail)jail, 1);
    demo->sender = sender_start(demo->site, on_handed_over, demo, error);
    demo->finder = finder_new(demo->site);
    finder_start(demo->finder);
    demo->server = demo->sender ? web_server_start(demo->site, demo->finder, port, error) : NULL;
    puts("");
    return demo->server != NULL;
}

static gboolean quit(gpointer loop) {
    g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}

static void stay(void) {
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    puts("\nCtrl-C ends the demo.");
    fflush(stdout);
    g_unix_signal_add(SIGINT, quit, loop);
    g_unix_signal_add(SIGTERM, quit, loop);
    g_main_loop_run(loop);
}

static int run(struct cli *cli, int argc, char **argv) {
    char *dir = NULL;
    int port = 8700, seconds = 0, status = EXIT_OK;
    GError *error = NULL;
    GOptionEntry entries[] = {
        {"dir", 0, 0, G_OPTION_ARG_FILENAME, &dir, "The demo's site (a new folder)", "DIR"},
        {"port", 0, 0, G_OPTION_ARG_INT, &port, "Where its pages are (8700)", "PORT"},
        {"seconds", 0, 0, G_OPTION_ARG_INT, &seconds,
         "End by itself, within so long; status 0 if every alert was delivered", "N"},
        {NULL}};
    if (!cli_parse(cli, "demo",
                   "Shows the main job on a made-up county: a week of three jails in a minute.",
                   "Nothing leaves this machine: messages go into a folder.", entries, &argc, &argv, 0,
                   0, &status))
        return status;
    g_autofree char *made = dir ? NULL : g_dir_make_tmp("tocsin-demo-XXXXXX", NULL);
    struct demo demo = {.cli = cli};
    if (seconds > 0)
        demo.deadline_us = g_get_monotonic_time() + seconds * (gint64)SECOND_US;
    g_mutex_init(&demo.mutex);
    if (set_up(&demo, dir ? dir : made, (guint)port, &error)) {
        tell_story(&demo);
        sum_up(&demo);
        if (!seconds)
            stay();
    } else {
        status = cli_fail(error);
    }
    web_server_stop(demo.server);
    finder_free(demo.finder);
    sender_stop(demo.sender);
    site_close(demo.site);
    if (demo.county)
        county_free(demo.county);
    g_free(demo.feeds);
    g_free(dir);
    return status != EXIT_OK ? status : demo.has_failed ? EXIT_FAILED : EXIT_OK;
}

const struct cli_command cli_demo = {"demo", "show the main job on a made-up county", run};
