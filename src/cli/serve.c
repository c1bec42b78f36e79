#include <glib-unix.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>

#include "base/log.h"
#include "book/witness.h"
#include "cli/cli.h"
#include "find/finder.h"
#include "identity/linker.h"
#include "operate/alive.h"
#include "operate/ticks.h"
#include "send/sender.h"
#include "web/server.h"

#define LOOK_EVERY_MS 1000

struct stopping {
    struct site *site;
    GMainLoop *loop;
};

static gboolean stop(gpointer data) {
    const struct stopping *stopping = data;
    site_stop(stopping->site);
    g_main_loop_quit(stopping->loop);
    return G_SOURCE_CONTINUE; /* a second one does no more than the first */
}

struct looking {
    struct ticks *ticks;
    struct alive *alive;
};

static gboolean look(gpointer data) {
    const struct looking *looking = data;
    if (ticks_move(looking->ticks)) {
        alive_beat(looking->alive);
        sd_notify(0, "WATCHDOG=1");
    }
    return G_SOURCE_CONTINUE;
}

/* A policy that breaks a guarantee is refused, and the one in force stays. */
static gboolean reload(gpointer data) {
    struct site *site = data;
    gboolean is_new = FALSE;
    g_autoptr(GError) error = NULL;
    if (site_reload_policy(site, &is_new, &error) && is_new && !logbook_policy(site, &error))
        log_line("error", "the policy is in force and could not be recorded; agencies are told nothing",
                 "problem", error->message, NULL);
    else if (error)
        log_line("error", "the policy was not reloaded; the one in force stays", "problem",
                 error->message, NULL);
    else
        log_line("info", is_new ? "policy reloaded" : "policy unchanged", NULL);
    return G_SOURCE_CONTINUE;
}

static void run_until_stopped(struct site *site, guint port, GMainLoop *loop) {
    struct looking looking = {ticks_start(site), alive_start(site)};
    struct witness_client *witnesses = witness_client_start(site);
    g_autofree char *url = web_console_url(site, port);
    g_autofree char *address = g_strdup_printf("%s:%u", site_listen_address(site), port);

    g_timeout_add(LOOK_EVERY_MS, look, &looking);
    log_line("info", "serving", "address", address, NULL);
    fprintf(stderr, "The console is at %s\n", url);
    sd_notify(0, "READY=1");
    g_main_loop_run(loop);
    sd_notify(0, "STOPPING=1");
    log_line("info", "stopping", NULL);
    witness_client_stop(witnesses);
    alive_stop(looking.alive);
    ticks_stop(looking.ticks);
}

static int run(struct cli *cli, int argc, char **argv) {
    int port = 0, status = EXIT_OK;
    GError *error = NULL;
    GOptionEntry entries[] = {
        {"port", 0, 0, G_OPTION_ARG_INT, &port, "Listen here instead of where site.yaml says", "PORT"},
        {NULL}};
    if (!cli_parse(
            cli, "serve", "Takes feeds, sends alerts and answers on HTTP until it is stopped.",
            "Logs go to standard error, one JSON object a line, never with a name or a contact.\n"
            "Reads the policy again on SIGHUP. Ends cleanly on SIGTERM and SIGINT; whatever was under "
            "way is finished or tried again.",
            entries, &argc, &argv, 0, 0, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    /* Before anything answers: whoever sees it answer may stop it. */
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    struct stopping stopping = {site, loop};
    g_unix_signal_add(SIGTERM, stop, &stopping);
    g_unix_signal_add(SIGINT, stop, &stopping);
    g_unix_signal_add(SIGHUP, reload, site);
    struct sender *sender = sender_start(site, NULL, NULL, &error);
    struct finder *finder = finder_new(site);
    finder_start(finder);
    const struct people_source people = finder_source(finder);
    struct linker *linker = linker_start(site, &people);
    struct web_server *server =
        sender ? web_server_start(site, finder, (guint)MAX(port, 0), &error) : NULL;
    if (server)
        run_until_stopped(site, web_server_port(server), loop);
    else
        status = cli_fail(error);
    web_server_stop(server);
    linker_stop(linker);
    finder_free(finder);
    sender_stop(sender);
    site_close(site);
    return status;
}

const struct cli_command cli_serve = {"serve", "take feeds, send alerts, answer on HTTP", run};
