#include <stdio.h>

#include "cli/cli.h"
#include "cli/person_link.h"
#include "desk/keep.h"
#include "find/finder.h"
#include "find/person.h"

struct listing {
    struct cli *cli;
    struct cli_table *table;
    gint64 person_id; /* the last one listed */
    guint n;
    gboolean has_reasons; /* … was found by a name */
    enum people_reason reason;
};

static void list_as(struct listing *listing, const struct store_person_row *p,
                    const struct belief_statement *now) {
    g_autofree char *name = g_strdup_printf("%s%s%s%s%s", p->surname, *p->given ? ", " : "", p->given,
                                            *p->middle ? " " : "", p->middle);
    listing->person_id = p->id;
    listing->n++;
    if (listing->cli->json) {
        json_t *object =
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:b}", "person", p->key, "scope",
                      p->scope, "surname", p->surname, "given", p->given, "middle", p->middle,
                      "booking", cli_json_text(p->booking), "facility", cli_json_text(p->facility),
                      "admitted_at", cli_json_time(p->admitted_at_us), "standing",
                      custody_standing_name(now->standing), "sealed", (p->flags & SUBJECT_SEALED) != 0);
        if (now->is_doubtful || now->is_unclear)
            json_object_set_new(object, now->is_unclear ? "unclear" : "doubtful", json_true());
        if (listing->has_reasons)
            json_object_set_new(object, "reason", json_string(finder_reason(listing->reason)));
        if (p->born)
            json_object_set_new(object, "born", json_integer(p->born / 10000));
        cli_json_line(object);
        return;
    }
    g_autofree char *admitted = cli_time(p->admitted_at_us);
    g_autofree char *stands = g_strconcat(custody_standing_name(now->standing),
                                          now->is_unclear    ? ", unclear"
                                          : now->is_doubtful ? ", doubtful"
                                                             : "",
                                          NULL);
    g_autofree char *number = g_strdup_printf("%s:%s", p->scope, p->key);
    g_autofree char *born = p->born ? g_strdup_printf("%d", p->born / 10000) : g_strdup("");
    cli_table_row(listing->table, number, name, born, p->facility ? p->facility : "", stands, admitted,
                  listing->has_reasons ? finder_reason_words(listing->reason) : NULL, NULL);
}

static void list_person(const struct store_person_row *p, const struct belief_statement *now,
                        void *context) {
    list_as(context, p, now);
}

static struct listing begin(struct cli *cli, gboolean has_reasons) {
    return (struct listing){.cli = cli,
                            .table =
                                cli_table_new("PERSON", "NAME", "BORN", "FACILITY", "STANDS",
                                              "ADMITTED (UTC)", has_reasons ? "FOUND" : NULL, NULL),
                            .has_reasons = has_reasons};
}

static void list_found(const struct store_person_row *p, enum people_reason reason, void *context) {
    struct listing *listing = context;
    const struct belief_statement of_newest = {.standing = p->booking ? p->standing : STANDING_UNKNOWN};
    listing->reason = reason;
    list_as(listing, p, &of_newest);
}

static int search(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK, limit = 20, born = 0, age = 0;
    guint n_more = 0;
    struct finder_query query = {.offset = 0};
    char *facility = NULL;
    GError *error = NULL;
    GOptionEntry entries[] = {
        {"born", 0, 0, G_OPTION_ARG_INT, &born, "Only who was born in this year", "YYYY"},
        {"age", 0, 0, G_OPTION_ARG_INT, &age, "Only who is of this age, give or take a year", "N"},
        {"facility", 0, 0, G_OPTION_ARG_STRING, &facility, "Only who is, or was last, in this facility",
         "ID"},
        {"harder", 0, 0, G_OPTION_ARG_NONE, &query.harder, "Look for names further off", NULL},
        {"limit", 0, 0, G_OPTION_ARG_INT, &limit, "At most so many (20)", "N"},
        {NULL}};
    if (!cli_parse(cli, "person search TEXT",
                   "Finds people by a name, however it is spelled, or by number.",
                   "Examples: \"garcia\", \"Garcia, Maria\", \"bob smyth\", \"maria garcia lopez\", "
                   "20215227.\n"
                   "Somebody whose birth date is not known is shown whatever --born and --age say.",
                   entries, &argc, &argv, 1, 1, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    struct listing listing = begin(cli, TRUE);
    query.text = argv[1];
    query.facility = facility;
    query.born = (guint)MAX(born, 0);
    query.age = (guint)MAX(age, 0);
    query.limit = (guint)CLAMP(limit, 1, 1000);
    struct finder *finder = finder_new(site);
    const gboolean ok = finder_build(finder, cli_progress, (void *)(gsize) "names read", &error);
    cli_progress_done();
    if (!ok || !finder_search(finder, &query, list_found, &listing, &n_more, &error))
        status = cli_fail(error);
    cli_table_end(cli, listing.table, "Nobody found.");
    if (n_more && !cli->json)
        printf("… and %u more: add a name, --born or --facility, or ask for more with --limit.\n",
               n_more);
    finder_free(finder);
    site_close(site);
    g_free(facility);
    return status;
}

/* A day as it is written there: noon of it has the same date everywhere within half a day of UTC. */
static json_t *occurred_json(const struct store_event_row *e) {
    if (!e->occurred_on_date || e->occurred_at_us == TIME_UNKNOWN)
        return cli_json_time(e->occurred_at_us);
    g_autoptr(GDateTime) noon =
        g_date_time_new_from_unix_utc((e->occurred_at_us + 12 * (gint64)HOUR_US) / SECOND_US);
    g_autofree char *day = g_date_time_format(noon, "%Y-%m-%d");
    return json_string(day);
}

static void list_event(const struct find_event *event, void *context) {
    const struct store_event_row *e = event->row;
    struct listing *listing = context;
    g_autofree char *observed = cli_time(e->observed_at_us);
    if (listing->cli->json) {
        cli_json_line(json_pack(
            "{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:{s:s, s:o, s:o}, s:o, s:s, s:b, s:s}", "event_id",
            e->id, "kind", custody_kind_name(e->kind), "assertion",
            e->is_doubtful ? "doubtful" : custody_assertion_name(e->assertion), "facility", e->facility,
            "booking", cli_json_text(e->booking), "occurred_at", occurred_json(e), "observed_at",
            cli_json_time(e->observed_at_us), "source", "feed", e->feed, "file", cli_json_text(e->file),
            "row", e->row ? json_integer(e->row) : json_null(), "corrects",
            *e->corrects ? json_string(e->corrects) : json_null(), "detail", e->detail, "late",
            e->is_late, "fate", custody_fate_name(event->fate)));
        return;
    }
    cli_table_row(listing->table, observed, custody_kind_name(e->kind),
                  e->is_doubtful ? "doubtful" : custody_assertion_name(e->assertion),
                  custody_fate_words(event->fate), e->booking ? e->booking : "", e->file ? e->file : "",
                  e->detail, NULL);
}

static int show_events(struct site *site, struct listing *listing) {
    int status = EXIT_OK;
    GError *error = NULL;
    listing->table = cli_table_new("OBSERVED (UTC)", "EVENT", "KNOWN AS", "WHICH", "BOOKING", "FILE",
                                   "DETAIL", NULL);
    if (!listing->cli->json)
        puts("");
    if (!find_person_events(site, listing->person_id, list_event, listing, &error))
        status = cli_fail(error);
    cli_table_end(listing->cli, listing->table, "Nothing has happened since the baseline.");
    return status;
}

static int show(struct cli *cli, int argc, char **argv) {
    int status = EXIT_OK;
    GError *error = NULL;
    if (!cli_parse(cli, "person show PERSON", "Shows one person: where they stand, and every event.",
                   "PERSON is a number, or scope:number where several jails use the same numbers.",
                   NULL, &argc, &argv, 1, 1, &status))
        return status;
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    struct listing listing = begin(cli, FALSE);
    if (!find_person(site, argv[1], list_person, &listing, &error)) {
        status = cli_fail(error);
    } else {
        cli_table_end(cli, listing.table, "Nobody found.");
        if (listing.n == 1)
            status = show_events(site, &listing);
        else if (!cli->json)
            puts("Several people have this number; say scope:number.");
    }
    site_close(site);
    return status;
}

static int expunge(struct cli *cli, int argc, char **argv) {
    g_autofree char *by = NULL;
    gboolean were_told = FALSE;
    int status = EXIT_OK;
    GError *error = NULL;
    GOptionEntry entries[] = {{"by", 0, 0, G_OPTION_ARG_STRING, &by, "Who has seen the order", "NAME"},
                              {"told", 0, 0, G_OPTION_ARG_NONE, &were_told,
                               "Whoever waits for a person's word on news of it was told", NULL},
                              {NULL}};
    if (!cli_parse(
            cli, "person expunge BOOKING --by NAME",
            "Erases a booking, all that was said of it and what was told of that, on an order.",
            "BOOKING is a number, or jail:number. A person without another booking is erased with "
            "it.\nThe public log holds no name and verifies as before. What comes of the booking "
            "again is passed over and paged.\nBackups, and the jail's own files where you keep "
            "them, hold it until you delete them.",
            entries, &argc, &argv, 1, 1, &status))
        return status;
    if (!by || !*by) {
        fprintf(stderr, "tocsin: say who has seen the order: --by NAME\n");
        return EXIT_USAGE;
    }
    struct site *site = cli_site(cli, &status);
    if (!site)
        return status;
    if (!keep_expunge(site, argv[1], by, were_told, &error))
        status = cli_fail(error);
    else if (cli->json)
        cli_json_line(json_pack("{s:b}", "expunged", TRUE));
    else
        printf("Erased. Backups made before now, and files of the jail where you keep them, still hold "
               "it.\n");
    site_close(site);
    return status;
}

static int run(struct cli *cli, int argc, char **argv) {
    static const struct cli_command commands[] = {
        {"search", "find people by number or name", search},
        {"show", "show one person and every event", show},
        {"expunge", "erase a booking, on an order", expunge},
        {"link", "group the rows of a file, or the site's people, by person", cli_person_link},
        {"possible", "who may be one person under two numbers", cli_person_possible},
        {"explain", "why two numbers may be one person", cli_person_explain},
        {"join", "say that two numbers are one person", cli_person_join},
        {"part", "say that they are two", cli_person_part},
        {NULL}};
    return cli_dispatch(cli, "person", commands, argc, argv);
}

const struct cli_command cli_person = {
    "person", "people in custody: search, show, link, explain, join, part", run};
