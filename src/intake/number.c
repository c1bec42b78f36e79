/* Numbers that are not what they seem: a person's that stands for somebody else now, or for many, and
 * ones that have lost or gained their leading zeros.
 *
 * Whoever has a number of a person that is another's is kept as a person of their own,
 * "number/booking", and known by that again. Nothing is concluded where names are not known. */
#include <string.h>

#include "intake/private.h"
#include "people/same.h"

#define MOST_DIGITS 14

/* Whether the kept number is the source's, or one of those that stand for others under it. */
static gboolean is_kept_as(const char *kept, const char *number) {
    const gsize n = strlen(number);
    return strncmp(kept, number, n) == 0 && (kept[n] == 0 || kept[n] == '/');
}

static const char *without_zeros(const char *number) {
    const gsize n = strspn(number, "0");
    return number[n] ? number + n : number;
}

static gboolean is_of_digits(const char *number) {
    return *number && !number[strspn(number, "0123456789")];
}

static gboolean is_same_but_for_zeros(const char *a, const char *b) {
    return is_of_digits(a) && is_of_digits(b) && strcmp(without_zeros(a), without_zeros(b)) == 0;
}

gboolean load_is_number_of(const char *kept_person, const char *number) {
    return is_kept_as(kept_person, number) || is_same_but_for_zeros(kept_person, number);
}

static gboolean may_have_zeros(struct load *load, const char *number, gboolean *may, GError **error) {
    if (!load->knows_zeros && !store_has_zeros(load->db, load->mapping->person_scope,
                                               load->mapping->jail, &load->has_zeros, error))
        return FALSE;
    load->knows_zeros = TRUE;
    *may = is_of_digits(number) && (load->has_zeros || *number == '0');
    return TRUE;
}

static void note(struct load *load, guint row, const char *field, const char *number,
                 const char *reason) {
    struct feed_problem problem;
    feed_problem_set(&problem, row, field, number, "%s", reason);
    load_keep_problem(&problem, load);
}

static void note_zeros(struct load *load, guint row, const char *field, const char *number) {
    note(load, row, field, number,
         "it was taken for the number that is known with other leading zeros. Ask the jail to send "
         "numbers as text");
}

/* ── Who has a number ──────────────────────────────────────────────────────────────────────────── */

struct holders {
    struct people_named named; /* of the row */
    char *key;                 /* of whoever the row is likeliest about; NULL: of none of them */
    guint likeness, n;
};

static void look_at_holder(const struct store_person_row *row, void *context) {
    struct holders *h = context;
    const struct people_named holder = {row->surname, row->given, row->born};
    const guint likeness = people_likeness(&holder, &h->named);
    h->n++;
    if (likeness <= h->likeness)
        return;
    h->likeness = likeness;
    g_free(h->key);
    h->key = g_strdup(row->key);
}

static gboolean find_holder(struct load *load, const char *number, struct holders *h, GError **error) {
    if (!store_person_kept_as(load->db, load->mapping->person_scope, number, look_at_holder, h, error))
        return FALSE;
    /* Of several, a row without a name is about none that we know. */
    if (h->n > 1 && h->likeness == LIKENESS_UNKNOWN)
        g_clear_pointer(&h->key, g_free);
    return TRUE;
}

/* The same digits with other zeros before them: `each` until it says that it has found something. */
static gboolean each_variant(const char *number,
                             gboolean (*each)(struct load *, const char *, void *, GError **),
                             struct load *load, void *context, const gboolean *is_found,
                             GError **error) {
    const char *bare = without_zeros(number);
    char padded[MOST_DIGITS + 1];
    gboolean may;
    if (!may_have_zeros(load, number, &may, error))
        return FALSE;
    if (!may)
        return TRUE;
    for (gsize n = strlen(bare); n <= MOST_DIGITS && !*is_found; n++) {
        g_snprintf(padded, sizeof padded, "%0*d%s", (int)MAX(n - strlen(bare), 1), 0, bare);
        const char *variant = n == strlen(bare) ? bare : padded;
        if (strcmp(variant, number) != 0 && !each(load, variant, context, error))
            return FALSE;
    }
    return TRUE;
}

struct variant {
    struct feed_record *record;
    gboolean is_found;
};

/* Somebody of that number whose name agrees: names must be known. */
static gboolean try_person(struct load *load, const char *number, void *context, GError **error) {
    struct variant *v = context;
    struct holders h = {.named = {v->record->surname, v->record->given, v->record->born}};
    const gboolean ok = find_holder(load, number, &h, error);
    if (h.key && h.likeness >= LIKENESS_WHOLE) {
        note_zeros(load, v->record->row, "person", v->record->person_key);
        v->record->person_key = g_string_chunk_insert(load->scratch, h.key);
        v->is_found = TRUE;
    }
    g_free(h.key);
    return ok;
}

static void take_for_another(struct load *load, struct feed_record *record) {
    g_autofree char *key = g_strdup_printf("%s/%s", record->person_key, record->booking_key);
    note(load, record->row, "person", record->person_key,
         "this number is known as another person's; the row was taken for somebody else, whom "
         "nobody who follows the first is told of");
    load->n_other_people++;
    record->person_key = g_string_chunk_insert(load->scratch, key);
}

static gboolean settle_person(struct load *load, struct feed_record *record, GError **error) {
    struct holders h = {.named = {record->surname, record->given, record->born}};
    struct variant v = {.record = record};
    gboolean ok = find_holder(load, record->person_key, &h, error);
    if (ok && !h.n && *record->surname)
        ok = each_variant(record->person_key, try_person, load, &v, &v.is_found, error);
    if (ok && h.n && !h.key) {
        take_for_another(load, record);
    } else if (ok && h.key) {
        record->person_key = g_string_chunk_insert(load->scratch, h.key);
    }
    g_free(h.key);
    return ok;
}

/* ── Bookings ──────────────────────────────────────────────────────────────────────────────────── */

static gboolean try_booking(struct load *load, const char *number, void *context, GError **error) {
    struct variant *v = context;
    struct store_booking known;
    if (!store_booking_by_key(load->db, load->mapping->jail, number, &known, error))
        return FALSE;
    if (known.booking.id && load_is_number_of(known.person_key, v->record->person_key)) {
        struct holders h = {.named = {v->record->surname, v->record->given, v->record->born}};
        const gboolean ok = find_holder(load, known.person_key, &h, error);
        if (h.key) {
            note_zeros(load, v->record->row, "booking", v->record->booking_key);
            v->record->booking_key = g_string_chunk_insert(load->scratch, known.key);
            v->record->person_key = g_string_chunk_insert(load->scratch, known.person_key);
            v->is_found = TRUE;
        }
        g_free(h.key);
        store_booking_clear(&known);
        return ok;
    }
    store_booking_clear(&known);
    return TRUE;
}

gboolean load_settle_numbers(struct load *load, struct feed_record *record, GError **error) {
    struct variant v = {.record = record};
    if (*record->surname &&
        !each_variant(record->booking_key, try_booking, load, &v, &v.is_found, error))
        return FALSE;
    return v.is_found || settle_person(load, record, error);
}

/* Whether the row begins a stay that cannot be the one known under the number. */
static gboolean is_another_stay(const struct load *load, const struct custody_booking *known,
                                const struct feed_record *record) {
    const gboolean holds = !record->has_action || (KIND_BIT(record->action) & KINDS_HELD);
    const gint64 at_us = record->admitted_at_us != TIME_UNKNOWN ? record->admitted_at_us
                         : record->has_action && record->action == CUSTODY_BOOKED
                             ? record->occurred_at_us
                             : TIME_UNKNOWN;
    if (known->belief.standing >= STANDING_GONE)
        return holds;
    return at_us != TIME_UNKNOWN && known->admitted_at_us != TIME_UNKNOWN &&
           ABS(at_us - known->admitted_at_us) > load->mapping->clock_slip_us;
}

gboolean load_settle_reused(struct load *load, const struct store_booking *known,
                            struct feed_record *record, GError **error) {
    struct holders h = {.named = {record->surname, record->given, record->born}};
    if (!*record->surname)
        return TRUE;
    if (!find_holder(load, known->person_key, &h, error))
        return FALSE;
    if (h.key)
        record->person_key = g_string_chunk_insert(load->scratch, h.key);
    else if (h.n && is_another_stay(load, &known->booking, record))
        take_for_another(load, record);
    else if (h.n)
        load->n_renamed++;
    g_free(h.key);
    return TRUE;
}

static gboolean page_renamed(struct load *load, GError **error) {
    if (!load_is_to_page(load, load->n_renamed, &load->n_paged_renamed))
        return TRUE;
    g_autofree char *page =
        g_strdup_printf("The feed %s gives %u bookings a wholly other name than they had (%s). They "
                        "are taken as the same people, whose "
                        "names were corrected, and whoever follows them is told under the new name. If "
                        "the number is used again for "
                        "somebody else: tocsin feed undo %s %s, and ask the jail's records staff.",
                        load->feed.id, load->n_renamed, load->name, load->feed.id, load->name);
    return owe_page(load->db, load->site, page, error);
}

gboolean load_page_other_people(struct load *load, GError **error) {
    if (!page_renamed(load, error))
        return FALSE;
    if (!load_is_to_page(load, load->n_other_people, &load->n_paged_other_people))
        return TRUE;
    g_autofree char *page = g_strdup_printf(
        "The feed %s gives numbers of people to somebody of another name (%u rows of %s). Each is "
        "taken "
        "as a person of their own: nobody who follows the one who had the number is told of the other. "
        "Ask the jail's records staff; see `tocsin feed problems`. If they are one, join them: `tocsin "
        "person join`.",
        load->feed.id, load->n_other_people, load->name);
    return owe_page(load->db, load->site, page, error);
}
