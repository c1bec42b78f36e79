#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "deliver/channel.h"
#include "desk/differ.h"
#include "desk/end.h"
#include "desk/list.h"
#include "desk/register.h"
#include "desk/term.h"
#include "store/watch.h"

static void say_made(const struct cli *cli, const char *id) {
    if (cli->json)
        cli_json_line(json_pack("{s:s, s:s}", "registration", id, "state", "unconfirmed"));
    else
        printf("Registration %s is made. A code goes to the address now; nothing else is sent\n"
               "before it is confirmed: tocsin -C %s watch confirm %s CODE\n",
               id, cli->dir, id);
}

static int add(struct cli *cli, int argc, char **argv) {
    char *person = NULL, *booking = NULL;
    struct watch_request request = {.contact = NULL};
    g_autofree char *channels = channel_names();
    g_autofree char *channel_help = g_strdup_printf("Where notices go, instead: %s", channels);
    int status = EXIT_OK;
    GError *error = NULL;
    g_autofree char *id = NULL;
    GOptionEntry entries[] = {
        {"person", 0, 0, G_OPTION_ARG_STRING, &person, "The person's number; follows across bookings",
         "ID"},
        {"booking", 0, 0, G_OPTION_ARG_STRING, &booking, "Only this booking", "ID"},
        {"email", 0, 0, G_OPTION_ARG_STRING, &request.email, "Where notices go", "ADDRESS"},
        {"channel", 0, 0, G_OPTION_ARG_STRING, &request.channel, channel_help, "NAME"},
        {"contact", 0, 0, G_OPTION_ARG_STRING, &request.contact, "The address of that channel", "TEXT"},
        {"pin", 0, 0, G_OPTION_ARG_STRING, &request.pin, "4 to 8 digits, to confirm a notice",
         "DIGITS"},
        {"language", 0, 0, G_OPTION_ARG_STRING, &request.language, "en or es (en)", "LANG"},
        {"relation", 0, 0, G_OPTION_ARG_STRING, &request.relation,
         "survivor, family, friend, counsel, witness, other", "WHO"},
        {"events", 0, 0, G_OPTION_ARG_STRING, &request.kinds,
         "Kinds, with commas; usual ones if left out", "KINDS"},
        {"expires", 0, 0, G_OPTION_ARG_STRING, &request.expires,
         "A date, or a time such as 180d (2 years)", "WHEN"},
        {"role-verified", 0, 0, G_OPTION_ARG_STRING, &request.role_verified,
         "Who checked which role: lifts the limit of three people", "WORDS"},
        {NULL}};
    if (!cli_parse(cli, "watch add --person ID --email ADDRESS --pin DIGITS",
                   "Registers somebody to be told. Nothing about anyone is sent before the address "
                   "was confirmed by the code it gets.",
                   "Next: tocsin watch confirm REGISTRATION CODE", entries, &argc, &argv, 0, 0,
                   &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    if (!register_add(site, person, booking, &request, &id, &error)) {
        status = cli_fail(error);
    } else {
        say_made(cli, id);
        status = cli_send(cli, site);
    }
    site_close(site);
    const char *const words[] = {person,        booking,         request.channel,      request.contact,
                                 request.email, request.pin,     request.language,     request.relation,
                                 request.kinds, request.expires, request.role_verified};
    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        g_free((char *)(gsize)words[i]);
    return status;
}

static int confirm(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    GError *error = NULL;
    if (!cli_parse(cli, "watch confirm REGISTRATION CODE",
                   "Confirms a contact by the code it was sent.", NULL, NULL, &argc, &argv, 2, 2,
                   &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    if (!register_confirm(site, argv[1], argv[2], &error))
        status = cli_fail(error);
    else if (cli->json)
        cli_json_line(json_pack("{s:s, s:s}", "registration", argv[1], "state", "active"));
    else
        printf("Confirmed. Notices will be sent from now on.\n");
    site_close(site);
    return status;
}

static const char *state_of(const struct watch_registration *r, gint64 now_at_us) {
    if (r->ended_at_us != TIME_UNKNOWN)
        return "ended";
    if (r->expires_at_us <= now_at_us)
        return "expired";
    return r->confirmed_at_us == TIME_UNKNOWN ? "unconfirmed" : "active";
}

static void list_one(struct cli *cli, struct cli_table *table, const struct store_registration *row,
                     gint64 now_at_us) {
    const struct watch_registration *r = &row->registration;
    g_autofree char *kinds = custody_kinds_format(r->kinds);
    if (cli->json) {
        cli_json_line(json_pack(
            "{s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:s, s:o, s:o}", "registration", row->id, "state",
            state_of(r, now_at_us), "person", row->person_key, "scope", row->person_scope, "booking",
            cli_json_text(row->booking_key), "relation", watch_relation_name(r->relation), "events",
            kinds, "language", language_name(r->language), "created_at",
            cli_json_time(row->created_at_us), "expires_at", cli_json_time(r->expires_at_us)));
        return;
    }
    g_autofree char *expires = cli_time(r->expires_at_us);
    expires[strcspn(expires, " ")] = 0;
    cli_table_row(table, row->id, state_of(r, now_at_us), row->person_key,
                  row->booking_key ? row->booking_key : "any", watch_relation_name(r->relation),
                  language_name(r->language), expires, NULL);
}

static int list(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    GError *error = NULL;
    if (!cli_parse(cli, "watch list",
                   "Lists registrations, newest first. Contacts are sealed: not even "
                   "this command can show one.",
                   NULL, NULL, &argc, &argv, 0, 0, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    struct cli_table *table = cli_table_new("REGISTRATION", "STATE", "PERSON", "BOOKING", "RELATION",
                                            "LANGUAGE", "EXPIRES", NULL);
    g_autoptr(GPtrArray) rows = list_registrations(site, 10000, &error);
    if (!rows)
        status = cli_fail(error);
    for (guint i = 0; rows && i < rows->len; i++)
        list_one(cli, table, rows->pdata[i], site_now(site));
    cli_table_end(cli, table, "No registrations yet.");
    site_close(site);
    return status;
}

static int end(struct cli *cli, int argc, char **argv) {
    gboolean silently = FALSE;
    int status = EXIT_OK;
    GError *error = NULL;
    GOptionEntry entries[] = {
        {"silently", 0, 0, G_OPTION_ARG_NONE, &silently, "Do not tell the address", NULL}, {NULL}};
    if (!cli_parse(cli, "watch end REGISTRATION",
                   "Ends a registration and deletes the key of its contact, which deletes the contact "
                   "from every backup of the store.",
                   NULL, entries, &argc, &argv, 1, 1, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    if (!end_registration(site, argv[1], silently ? END_UNSAID : END_BY_STAFF, &error)) {
        status = cli_fail(error);
    } else {
        if (cli->json)
            cli_json_line(json_pack("{s:s, s:s}", "registration", argv[1], "state", "ended"));
        else
            printf("Ended. No more notices are sent.\n");
        status = cli_send(cli, site);
    }
    site_close(site);
    return status;
}

static int renew(struct cli *cli, int argc, char **argv) {
    g_autofree char *expires = NULL;
    gint64 until_at_us;
    int status = EXIT_OK;
    GError *error = NULL;
    GOptionEntry entries[] = {{"expires", 0, 0, G_OPTION_ARG_STRING, &expires,
                               "A date, or a time from now such as 180d (2 years)", "WHEN"},
                              {NULL}};
    if (!cli_parse(
            cli, "watch renew REGISTRATION",
            "Lets a registration in force go on, from now for the usual time.",
            "Whoever it is for is written to 30 and 7 days before its end, with a link that does "
            "the same.",
            entries, &argc, &argv, 1, 1, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    if (!term_renew(site, argv[1], expires, &until_at_us, &error)) {
        status = cli_fail(error);
    } else if (cli->json) {
        cli_json_line(
            json_pack("{s:s, s:o}", "registration", argv[1], "expires_at", cli_json_time(until_at_us)));
    } else {
        g_autofree char *until = cli_time(until_at_us);
        printf("It goes on until %s (UTC).\n", until);
    }
    site_close(site);
    return status;
}

static int test(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    GError *error = NULL;
    if (!cli_parse(cli, "watch test REGISTRATION",
                   "Sends a notice about nothing: it shows how one looks, and whether it comes.", NULL,
                   NULL, &argc, &argv, 1, 1, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    if (!term_test(site, argv[1], &error)) {
        status = cli_fail(error);
    } else {
        if (cli->json)
            cli_json_line(json_pack("{s:s}", "registration", argv[1]));
        else
            printf("A test goes out.\n");
        status = cli_send(cli, site);
    }
    site_close(site);
    return status;
}

struct differences {
    struct cli *cli;
    struct cli_table *table;
};

static void list_difference(const struct differ_row *row, void *context) {
    const struct differences *d = context;
    if (d->cli->json)
        cli_json_line(json_pack("{s:s, s:s, s:s, s:s}", "registration", row->registration, "person",
                                row->person, "told", custody_standing_name(row->told), "believed",
                                custody_standing_name(row->now)));
    else
        cli_table_row(d->table, row->registration, row->person, custody_standing_name(row->told),
                      custody_standing_name(row->now), NULL);
}

static int differences(struct cli *cli, int argc, char **argv) {
    gboolean tells = FALSE;
    int status = EXIT_OK;
    GError *error = NULL;
    GOptionEntry entries[] = {
        {"tell", 0, 0, G_OPTION_ARG_NONE, &tells, "Tell each of them what is believed now", NULL},
        {NULL}};
    if (!cli_parse(cli, "watch differences", "Lists who was told something else than is believed now.",
                   "Whoever is told of changes as they come is not among them: this is for after a new "
                   "baseline, "
                   "an upgrade, or a seal that was lifted.",
                   entries, &argc, &argv, 0, 0, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    struct differences d = {cli, cli_table_new("REGISTRATION", "PERSON", "TOLD", "BELIEVED", NULL)};
    if (!differ_each(site, tells, list_difference, &d, &error))
        status = cli_fail(error);
    cli_table_end(cli, d.table, "Everybody was told what is believed.");
    if (status == EXIT_OK && tells)
        status = cli_send(cli, site);
    site_close(site);
    return status;
}

static int run(struct cli *cli, int argc, char **argv) {
    static const struct cli_command commands[] = {
        {"add", "register somebody to be told", add},
        {"confirm", "confirm a contact by its code", confirm},
        {"list", "list registrations", list},
        {"test", "send a notice about nothing", test},
        {"renew", "let a registration go on", renew},
        {"end", "end a registration", end},
        {"differences", "who was told what no longer holds", differences},
        {NULL}};
    return cli_dispatch(cli, "watch", commands, argc, argv);
}

const struct cli_command cli_watch = {"watch", "registrations: add, confirm, list, test, renew, end …",
                                      run};
