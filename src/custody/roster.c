#include "custody/roster.h"

#include <string.h>

#include "base/random.h"

struct entry {
    gint64 booking_id;
    gint64 tenure_from_us;
    guint64 digest;
    gsize person, booking; /* offsets in keys */
    guint is_expected : 1;
    guint is_seen : 1;
    guint is_spared : 1;
    guint is_uncounted : 1;
    guint is_out : 1;
    guint says_in : 1; /* some row does */
};

/* The hash stands beside the entry's number, so that a probe seldom leaves the slots. */
struct slot {
    guint32 hash, entry; /* entry + 1; 0: free */
};

struct custody_roster {
    GArray *entries;
    GByteArray *keys;
    struct slot *slots;
    guint n_slots; /* a power of two, at least twice the entries */
    guint n_spared;
    guint n_renumbered; /* expected under a number that was another's: their keys end in the person's */
    GString *unread;    /* text of rows that could not be read */
};

struct custody_roster *custody_roster_new(void) {
    struct custody_roster *roster = g_new0(struct custody_roster, 1);
    roster->entries = g_array_new(FALSE, FALSE, sizeof(struct entry));
    roster->keys = g_byte_array_new();
    roster->n_slots = 1024;
    roster->slots = g_new0(struct slot, roster->n_slots);
    roster->unread = g_string_new(NULL);
    return roster;
}

void custody_roster_free(struct custody_roster *roster) {
    if (!roster)
        return;
    g_array_unref(roster->entries);
    g_byte_array_unref(roster->keys);
    g_string_free(roster->unread, TRUE);
    g_free(roster->slots);
    g_free(roster);
}

static struct entry *entry_at(const struct custody_roster *roster, guint i) {
    return &g_array_index(roster->entries, struct entry, i);
}

static const char *person_of(const struct custody_roster *roster, const struct entry *entry) {
    return (const char *)roster->keys->data + entry->person;
}

static const char *booking_of(const struct custody_roster *roster, const struct entry *entry) {
    return (const char *)roster->keys->data + entry->booking;
}

static guint32 hash_key(const char *key, gsize n) {
    return (guint32)base_hash64(key, n, 0x7065726c);
}

/* The slot that holds `booking_key`, or the free one where it belongs. */
static struct slot *find_slot(const struct custody_roster *roster, const char *booking_key,
                              guint32 hash) {
    for (guint i = hash;; i++) {
        struct slot *slot = &roster->slots[i & (roster->n_slots - 1)];
        if (!slot->entry ||
            (slot->hash == hash &&
             strcmp(booking_of(roster, entry_at(roster, slot->entry - 1)), booking_key) == 0))
            return slot;
    }
}

static void grow(struct custody_roster *roster) {
    struct slot *old = roster->slots;
    guint n_old = roster->n_slots;
    roster->n_slots *= 2;
    roster->slots = g_new0(struct slot, roster->n_slots);
    for (guint i = 0; i < n_old; i++) {
        guint at = old[i].hash;
        if (!old[i].entry)
            continue;
        while (roster->slots[at & (roster->n_slots - 1)].entry)
            at++;
        roster->slots[at & (roster->n_slots - 1)] = old[i];
    }
    g_free(old);
}

static gsize keep_key(struct custody_roster *roster, const char *key, gsize n) {
    gsize at = roster->keys->len;
    g_byte_array_append(roster->keys, (const guint8 *)key, (guint)n);
    g_byte_array_append(roster->keys, (const guint8 *)"", 1);
    return at;
}

static void add(struct custody_roster *roster, const struct entry *entry, const char *booking_key,
                gsize booking_key_n, const char *person_key, gsize person_key_n, guint32 hash) {
    struct entry with_keys = *entry;
    with_keys.person = keep_key(roster, person_key, person_key_n);
    with_keys.booking = keep_key(roster, booking_key, booking_key_n);
    if (2 * (roster->entries->len + 1) > roster->n_slots)
        grow(roster);
    struct slot *slot = find_slot(roster, booking_of(roster, &with_keys), hash);
    g_array_append_val(roster->entries, with_keys);
    *slot = (struct slot){hash, roster->entries->len};
}

/* Whether it is a number that was another's (custody_roster_renumber). */
static gboolean ends_in_person(const char *booking_key, gsize booking_key_n, const char *person_key,
                               gsize person_key_n) {
    return booking_key_n > person_key_n + 1 && booking_key[booking_key_n - person_key_n - 1] == '/' &&
           memcmp(booking_key + booking_key_n - person_key_n, person_key, person_key_n) == 0;
}

void custody_roster_expect(struct custody_roster *roster, gint64 booking_id, const char *booking_key,
                           gsize booking_key_n, const char *person_key, gsize person_key_n,
                           guint64 digest, gint64 tenure_from_us, gboolean is_out, gboolean counts) {
    const struct entry entry = {.booking_id = booking_id,
                                .digest = digest,
                                .tenure_from_us = tenure_from_us,
                                .is_expected = TRUE,
                                .is_out = is_out,
                                .is_uncounted = is_out || !counts};
    roster->n_renumbered += ends_in_person(booking_key, booking_key_n, person_key, person_key_n);
    add(roster, &entry, booking_key, booking_key_n, person_key, person_key_n,
        hash_key(booking_key, booking_key_n));
}

/* Whether the number is expected as somebody else's. */
static gboolean is_of_another(const struct custody_roster *roster, const struct entry *entry,
                              const char *person_key) {
    return entry->is_expected && strcmp(person_of(roster, entry), person_key) != 0;
}

static void spare_holder(struct entry *entry) {
    entry->is_seen = entry->says_in = TRUE;
}

enum custody_sight custody_roster_see(struct custody_roster *roster, const struct custody_row *row,
                                      gint64 *booking_id) {
    const gsize booking_key_n = strlen(row->booking_key);
    guint32 hash = hash_key(row->booking_key, booking_key_n);
    guint32 slot = find_slot(roster, row->booking_key, hash)->entry;
    if (!slot) {
        const struct entry entry = {.digest = row->digest,
                                    .is_seen = TRUE,
                                    .is_uncounted = row->says_out,
                                    .says_in = !row->says_out};
        add(roster, &entry, row->booking_key, booking_key_n, row->person_key, strlen(row->person_key),
            hash);
        *booking_id = 0;
        return SIGHT_NEW;
    }
    struct entry *entry = entry_at(roster, slot - 1);
    gboolean is_same = entry->digest == row->digest;
    *booking_id = entry->booking_id;
    if (is_of_another(roster, entry, row->person_key)) {
        spare_holder(entry);
        return SIGHT_CLASH;
    }
    entry->says_in |= !row->says_out;
    if (entry->is_seen)
        return is_same ? SIGHT_DUPLICATE : SIGHT_CONFLICT;
    entry->is_seen = TRUE;
    entry->digest = row->digest;
    return is_same ? SIGHT_SAME : SIGHT_CHANGED;
}

static struct entry *find_entry(const struct custody_roster *roster, const char *booking_key) {
    const guint32 at =
        find_slot(roster, booking_key, hash_key(booking_key, strlen(booking_key)))->entry;
    return at ? entry_at(roster, at - 1) : NULL;
}

gboolean custody_roster_see_same(struct custody_roster *roster, const struct custody_row *row) {
    struct entry *entry = find_entry(roster, row->booking_key);
    if (!entry || !entry->is_expected || entry->is_seen || entry->digest != row->digest ||
        is_of_another(roster, entry, row->person_key))
        return FALSE;
    entry->says_in |= !row->says_out;
    entry->is_seen = TRUE;
    return TRUE;
}

const char *custody_roster_person(const struct custody_roster *roster, const char *booking_key) {
    const struct entry *entry = find_entry(roster, booking_key);
    return entry && entry->is_expected ? person_of(roster, entry) : NULL;
}

char *custody_roster_renumber(const char *booking_key, const char *person_key) {
    return g_strdup_printf("%s/%s", booking_key, person_key);
}

gsize custody_roster_number_length(const char *booking_key, const char *person_key) {
    const gsize n = strlen(booking_key), person_n = strlen(person_key);
    return ends_in_person(booking_key, n, person_key, person_n) ? n - person_n - 1 : n;
}

gboolean custody_roster_has_renumbered(const struct custody_roster *roster) {
    return roster->n_renumbered != 0;
}

gboolean custody_roster_is_renumbered(struct custody_roster *roster, const char *booking_key,
                                      const char *person_key) {
    if (!roster->n_renumbered)
        return FALSE;
    g_autofree char *key = custody_roster_renumber(booking_key, person_key);
    struct entry *holder = find_entry(roster, booking_key);
    if (!find_entry(roster, key))
        return FALSE;
    if (holder && is_of_another(roster, holder, person_key))
        spare_holder(holder);
    return TRUE;
}

guint custody_roster_n_now(const struct custody_roster *roster) {
    guint n = 0;
    for (guint i = 0; i < roster->entries->len; i++)
        n += entry_at(roster, i)->is_seen && !entry_at(roster, i)->is_uncounted;
    return n;
}

void custody_roster_spare(struct custody_roster *roster, const char *text) {
    g_string_append_c(roster->unread, '\n');
    g_string_append(roster->unread, text);
}

/* Whether two neighbouring characters belong to one number or one word. */
static gboolean runs_on(char a, char b) {
    return (g_ascii_isdigit(a) && g_ascii_isdigit(b)) || (g_ascii_isalpha(a) && g_ascii_isalpha(b));
}

/* Whether `number` stands in the unread text, not as part of a longer one. */
static gboolean is_mentioned(const GString *unread, const char *number) {
    gsize n = strlen(number);
    for (const char *at = unread->str; n && (at = strstr(at, number)); at++)
        if (!runs_on(at[n - 1], at[n]) && (at == unread->str || !runs_on(at[-1], *at)))
            return TRUE;
    return FALSE;
}

/* A number joined of parts is mentioned when each of them is. */
static gboolean is_person_mentioned(const GString *unread, const char *person_key) {
    g_auto(GStrv) parts = g_strsplit(person_key, "/", -1);
    for (char **part = parts; *part; part++)
        if (!is_mentioned(unread, *part))
            return FALSE;
    return TRUE;
}

void custody_roster_each_spared(const struct custody_roster *roster,
                                void (*each)(const char *person_key, void *context), void *context) {
    for (guint i = 0; i < roster->entries->len; i++)
        if (entry_at(roster, i)->is_spared)
            each(person_of(roster, entry_at(roster, i)), context);
}

GArray *custody_roster_vanished(struct custody_roster *roster) {
    GArray *vanished = g_array_new(FALSE, FALSE, sizeof(struct custody_vanished));
    g_autoptr(GHashTable) missing = g_hash_table_new(g_str_hash, g_str_equal);

    roster->n_spared = 0;
    for (guint i = 0; i < roster->entries->len; i++) {
        struct entry *entry = entry_at(roster, i);
        if (entry->is_seen)
            continue;
        entry->is_spared =
            roster->unread->len && is_person_mentioned(roster->unread, person_of(roster, entry));
        roster->n_spared += entry->is_spared;
        if (!entry->is_spared)
            g_hash_table_insert(missing, (gpointer)(gsize)person_of(roster, entry),
                                GINT_TO_POINTER(FALSE));
    }
    for (guint i = 0; g_hash_table_size(missing) && i < roster->entries->len; i++) {
        const struct entry *entry = entry_at(roster, i);
        const char *person = person_of(roster, entry);
        /* They stand on the list under another booking that holds them. */
        if (entry->is_seen && entry->says_in && !entry->is_out &&
            g_hash_table_contains(missing, person))
            g_hash_table_insert(missing, (gpointer)(gsize)person, GINT_TO_POINTER(TRUE));
    }
    for (guint i = 0; i < roster->entries->len; i++) {
        const struct entry *entry = entry_at(roster, i);
        if (entry->is_seen || entry->is_spared)
            continue;
        const struct custody_vanished one = {
            .booking_id = entry->booking_id,
            .tenure_from_us = entry->tenure_from_us,
            .is_rebooked = GPOINTER_TO_INT(g_hash_table_lookup(missing, person_of(roster, entry)))};
        g_array_append_val(vanished, one);
    }
    return vanished;
}

guint custody_roster_n_spared(const struct custody_roster *roster) {
    return roster->n_spared;
}

void custody_roster_each(const struct custody_roster *roster,
                         void (*each)(gint64 tenure_from_us, gboolean is_seen, void *context),
                         void *context) {
    for (guint i = 0; i < roster->entries->len; i++) {
        const struct entry *entry = entry_at(roster, i);
        if (entry->is_expected && !entry->is_uncounted)
            each(entry->tenure_from_us, entry->is_seen || entry->is_spared, context);
    }
}
