#include "cli/feed_check.h"

#include <stdio.h>

#include "base/time.h"

struct feed_rows {
    guint most, n, n_with_problems;
    GPtrArray *kept; /* json_t */
};

struct feed_rows *feed_check_new(guint most) {
    struct feed_rows *rows = g_new0(struct feed_rows, 1);
    rows->most = most;
    rows->kept = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
    return rows;
}

void feed_check_free(struct feed_rows *rows) {
    if (!rows)
        return;
    g_ptr_array_unref(rows->kept);
    g_free(rows);
}

/* ── A row as it was understood ────────────────────────────────────────────────────────────────── */

/* There, with the zone that it was read in. */
static json_t *local_time(gint64 at_us, gboolean is_day, GTimeZone *zone) {
    if (at_us == TIME_UNKNOWN)
        return json_null();
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(at_us / SECOND_US);
    g_autoptr(GDateTime) local = g_date_time_to_timezone(utc, zone);
    g_autofree char *text = g_date_time_format(local, is_day ? "%Y-%m-%d" : "%Y-%m-%d %H:%M %Z");
    return json_string(text);
}

static json_t *born_of(gint32 born) {
    g_autofree char *text =
        born ? g_strdup_printf("%04d-%02d-%02d", born / 10000, born / 100 % 100, born % 100) : NULL;
    return text ? json_string(text) : json_null();
}

static json_t *text_or_null(const char *text) {
    return text && *text ? json_string(text) : json_null();
}

static json_t *flags_of(const struct feed_record *r) {
    static const struct {
        enum subject_flag flag;
        const char *name;
    } flags[] = {
        {SUBJECT_SEALED, "sealed"}, {SUBJECT_JUVENILE, "juvenile"}, {SUBJECT_PROTECTED, "protected"}};
    json_t *object = json_object();
    for (guint i = 0; i < G_N_ELEMENTS(flags); i++)
        if (r->known_flags & flags[i].flag)
            json_object_set_new(object, flags[i].name, json_boolean(r->flags & flags[i].flag));
    return object;
}

static const char *said_by(const struct feed_record *r, const struct feed_mapping *mapping) {
    if (r->is_unclear)
        return "unclear";
    if (r->has_action)
        return custody_kind_name(r->action);
    return mapping->content == FEED_ROSTER ? "held" : "nothing";
}

static json_t *understood(const struct load_row *row) {
    const struct feed_record *r = row->record;
    GTimeZone *zone = r->facility->zone;
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:b, s:o, s:o, s:o, s:s, s:o, s:o, s:o}",
                     "person", r->person_key, "booking", r->booking_key, "surname",
                     text_or_null(r->surname), "given", text_or_null(r->given), "middle",
                     text_or_null(r->middle), "suffix", text_or_null(r->suffix), "born",
                     born_of(r->born), "facility", r->facility->name, "facility_said", r->has_facility,
                     "status", text_or_null(r->status), "flags", flags_of(r), "admitted",
                     local_time(r->admitted_at_us, FALSE, zone), "says", said_by(r, row->mapping),
                     "when", local_time(r->occurred_at_us, r->occurred_on_date, zone), "event_id",
                     text_or_null(r->event_id), "takes_back", text_or_null(r->corrects_event_id));
}

void feed_check_keep(const struct load_row *row, void *context) {
    struct feed_rows *rows = context;
    const gboolean is_first = rows->n++ < rows->most;
    if (!is_first && (!row->n_problems || rows->n_with_problems++ >= rows->most))
        return;
    json_t *problems = json_array();
    for (guint i = 0; i < row->n_problems; i++)
        json_array_append_new(problems,
                              json_pack("{s:s, s:s, s:s}", "field", row->problems[i].field, "value",
                                        row->problems[i].value, "reason", row->problems[i].reason));
    g_ptr_array_add(rows->kept,
                    json_pack("{s:i, s:o, s:o}", "row", (int)row->row, "understood",
                              row->record ? understood(row) : json_null(), "problems", problems));
}

/* ── Printing ──────────────────────────────────────────────────────────────────────────────────── */

static const char *string_at(const json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

/* "Surname GARCIA, given MARIA": what there is, each with its name. */
static void print_line(const char *title, const json_t *from, const char *const *keys) {
    const char *between = "";
    for (const char *const *key = keys; *key; key++) {
        if (!string_at(from, *key))
            continue;
        if (!*between)
            printf("    %-10s", title);
        printf("%s%s %s", between, *key, string_at(from, *key));
        between = ", ";
    }
    if (*between)
        printf("\n");
}

static void print_flags(const json_t *flags) {
    const char *name;
    json_t *is_set;
    const char *between = "    flags     ";
    json_object_foreach((json_t *)(gsize)flags, name, is_set) {
        printf("%s%s: %s", between, name, json_is_true(is_set) ? "yes" : "no");
        between = ", ";
    }
    if (json_object_size(flags))
        printf("\n");
}

static void print_understood(const json_t *u) {
    static const char *const numbers[] = {"person", "booking", "event_id", "takes_back", NULL},
                             *const name[] = {"surname", "given", "middle", "suffix", "born", NULL};
    print_line("numbers", u, numbers);
    print_line("name", u, name);
    printf("    place     %s%s\n", string_at(u, "facility"),
           json_is_true(json_object_get(u, "facility_said")) ? "" : " (the mapping's own)");
    if (string_at(u, "status"))
        printf("    status    %s\n", string_at(u, "status"));
    if (string_at(u, "admitted"))
        printf("    admitted  %s\n", string_at(u, "admitted"));
    print_flags(json_object_get(u, "flags"));
    printf("    says      %s%s%s\n", string_at(u, "says"), string_at(u, "when") ? ", " : "",
           string_at(u, "when") ? string_at(u, "when") : "");
}

static json_t *deeds_of(json_int_t row, const struct load_summary *summary) {
    json_t *deeds = json_array(), *event;
    size_t i;
    json_array_foreach(summary->list, i, event) {
        if (json_integer_value(json_object_get(event, "row")) == row)
            json_array_append(deeds, json_object_get(event, "kind"));
    }
    if (!json_array_size(deeds))
        json_array_append_new(deeds, json_string(summary->is_baseline ? "baseline" : "nothing new"));
    return deeds;
}

static void print_row(json_t *row, const struct load_summary *summary) {
    const json_t *u = json_object_get(row, "understood");
    json_t *each;
    size_t i;
    printf("  row %" JSON_INTEGER_FORMAT "\n", json_integer_value(json_object_get(row, "row")));
    if (!json_is_null(u))
        print_understood(u);
    json_array_foreach(json_object_get(row, "problems"), i, each)
        printf("    problem   %s%s%s\n", string_at(each, "field"),
               *string_at(each, "field") ? ": " : "", string_at(each, "reason"));
    json_array_foreach(json_object_get(row, "does"), i, each)
        printf("    %-10s%s%s\n", i ? "" : "does", json_string_value(each),
               summary->is_baseline ? " (told to nobody: the feed's first)" : "");
}

void feed_check_print(struct cli *cli, struct feed_rows *rows, const struct load_summary *summary) {
    for (guint i = 0; i < rows->kept->len; i++) {
        json_t *row = rows->kept->pdata[i];
        json_object_set_new(row, "does",
                            deeds_of(json_integer_value(json_object_get(row, "row")), summary));
        if (cli->json)
            cli_json_line(json_incref(row));
        else
            print_row(row, summary);
    }
    if (!cli->json && rows->n > rows->kept->len)
        printf("  … %u rows in all; --rows N shows more\n", rows->n);
    g_ptr_array_set_size(rows->kept, 0);
    rows->n = rows->n_with_problems = 0;
}
