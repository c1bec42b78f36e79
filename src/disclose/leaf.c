#include "disclose/leaf.h"

#include <jansson.h>
#include <string.h>

#include "base/seal.h"
#include "base/time.h"

#define HOUR_PLACES 65536u

static guint n_fields(const struct leaf_field *fields) {
    guint n = 0;
    while (n < LEAF_MAX_FIELDS && fields[n].name)
        n++;
    return n;
}

/* One list of fields: its JSON, its salts, its commitment. A value that is NULL is left out. */
static json_t *commit_list(const struct leaf_field *fields, const struct base_random *random,
                           GByteArray *salts, struct ledger_hash *commitment) {
    json_t *list = json_array();
    struct ledger_hash hashes[LEAF_MAX_FIELDS];
    guint n = 0;
    for (guint i = 0; i < n_fields(fields); i++) {
        guint8 salt[LEDGER_SALT_BYTES];
        if (!fields[i].value)
            continue;
        g_autofree char *value = g_utf8_make_valid(fields[i].value, -1); /* JSON takes no other */
        random->fill(random->context, salt, sizeof salt);
        g_byte_array_append(salts, salt, sizeof salt);
        hashes[n++] = ledger_commit_field(salt, fields[i].name, value);
        json_array_append_new(list, json_pack("[ss]", fields[i].name, value));
        seal_wipe(salt, sizeof salt);
    }
    /* A list without fields still gets a commitment that says nothing, and a salt that opens it. */
    if (!n) {
        guint8 salt[LEDGER_SALT_BYTES];
        random->fill(random->context, salt, sizeof salt);
        g_byte_array_append(salts, salt, sizeof salt);
        hashes[n++] = ledger_commit_field(salt, "", "");
        seal_wipe(salt, sizeof salt);
    }
    *commitment = ledger_commit(hashes, n);
    return list;
}

static void fill_codes(const struct leaf_parts *parts, struct ledger_entry *entry) {
    const guint8 *value = parts->request ? parts->request->value : NULL;
    if (parts->decision && !parts->decision->is_permitted)
        entry->flags |= LEDGER_DENIED;
    if (!value)
        return;
    entry->flags |= value[POLICY_MODE] & 0x0F;
    entry->jurisdiction = value[POLICY_JURISDICTION];
    entry->recipient = value[POLICY_RECIPIENT];
    entry->purpose = value[POLICY_PURPOSE];
    entry->basis = value[POLICY_BASIS];
    entry->data = value[POLICY_DATA];
}

static struct ledger_hash tag_of(const struct leaf_tag *tag, const struct base_random *random) {
    struct ledger_hash hash;
    if (tag->key)
        return ledger_tag(tag->key, tag->counter);
    random->fill(random->context, hash.bytes, sizeof hash.bytes);
    return hash;
}

void disclose_leaf(const struct disclose_gate *gate, const struct leaf_parts *parts,
                   const struct base_random *random, struct ledger_entry *entry, char **fields,
                   GBytes **salts) {
    const struct policy *policy = disclose_gate_policy(gate);
    GByteArray *all_salts = g_byte_array_new();
    *entry = (struct ledger_entry){.type = parts->type,
                                   .epoch = (guint32)(parts->now_at_us / HOUR_US),
                                   .subject_tag = tag_of(&parts->subject, random),
                                   .recipient_tag = tag_of(&parts->recipient, random)};
    memcpy(entry->policy.bytes, policy_id(policy), POLICY_ID_BYTES);
    fill_codes(parts, entry);
    entry->recipient = (guint8)policy_class_of(policy, entry->recipient); /* which one is in its tag */
    json_t *body = commit_list(parts->body, random, all_salts, &entry->body);
    json_t *payload = commit_list(parts->payload, random, all_salts, &entry->payload);
    json_t *both = json_pack("{s:o, s:o}", "body", body, "payload", payload);
    char *dumped = json_dumps(both, JSON_COMPACT);
    *fields = g_strdup(dumped);
    free(dumped);
    json_decref(both);
    *salts = g_byte_array_free_to_bytes(all_salts);
}

/* ── Opening ───────────────────────────────────────────────────────────────────────────────────── */

static gboolean list_opens(const json_t *list, const guint8 **salts, const guint8 *end,
                           const struct ledger_hash *commitment) {
    struct ledger_hash hashes[LEAF_MAX_FIELDS];
    const guint n = (guint)json_array_size(list);
    if (!json_is_array(list) || n > LEAF_MAX_FIELDS)
        return FALSE;
    if (n == 0 && end - *salts >= LEDGER_SALT_BYTES) {
        hashes[0] = ledger_commit_field(*salts, "", "");
        *salts += LEDGER_SALT_BYTES;
        const struct ledger_hash nothing = ledger_commit(hashes, 1);
        return ledger_hash_equal(&nothing, commitment);
    }
    for (guint i = 0; i < n; i++, *salts += LEDGER_SALT_BYTES) {
        const json_t *pair = json_array_get(list, i);
        const char *name = json_string_value(json_array_get(pair, 0)),
                   *value = json_string_value(json_array_get(pair, 1));
        if (!name || !value || end - *salts < LEDGER_SALT_BYTES)
            return FALSE;
        hashes[i] = ledger_commit_field(*salts, name, value);
    }
    const struct ledger_hash whole = ledger_commit(hashes, n);
    return n > 0 && ledger_hash_equal(&whole, commitment);
}

gboolean disclose_leaf_opens(const struct ledger_entry *entry, const char *fields, GBytes *salts) {
    gsize n;
    const guint8 *at = g_bytes_get_data(salts, &n), *end = at + n;
    json_t *both = json_loads(fields, 0, NULL);
    gboolean ok = both && list_opens(json_object_get(both, "body"), &at, end, &entry->body) &&
                  list_opens(json_object_get(both, "payload"), &at, end, &entry->payload) && at == end;
    json_decref(both);
    return ok;
}

static json_t *base64_json(const void *bytes, gsize n) {
    g_autofree char *text = g_base64_encode(bytes, n);
    return json_string(text);
}

static json_t *show_list(const json_t *list, const guint8 **salts,
                         gboolean (*is_shown)(const char *name, void *context), void *context) {
    json_t *shown = json_array();
    if (json_array_size(list) == 0) /* its one salt says nothing */
        *salts += LEDGER_SALT_BYTES;
    for (gsize i = 0; i < json_array_size(list); i++, *salts += LEDGER_SALT_BYTES) {
        const json_t *pair = json_array_get(list, i);
        const char *name = json_string_value(json_array_get(pair, 0)),
                   *value = json_string_value(json_array_get(pair, 1));
        const struct ledger_hash field = ledger_commit_field(*salts, name, value);
        json_array_append_new(shown, is_shown(name, context)
                                         ? json_pack("{s:s, s:s, s:o}", "name", name, "value", value,
                                                     "salt", base64_json(*salts, LEDGER_SALT_BYTES))
                                         : json_pack("{s:o}", "commitment",
                                                     base64_json(field.bytes, sizeof field.bytes)));
    }
    return shown;
}

char *disclose_leaf_show(const struct ledger_entry *entry, const char *fields, GBytes *salts,
                         gboolean (*is_shown)(const char *name, void *context), void *context) {
    const guint8 *at = g_bytes_get_data(salts, NULL);
    if (!disclose_leaf_opens(entry, fields, salts))
        return NULL;
    json_t *both = json_loads(fields, 0, NULL);
    json_t *body = show_list(json_object_get(both, "body"), &at, is_shown, context);
    json_t *payload = show_list(json_object_get(both, "payload"), &at, is_shown, context);
    json_t *shown = json_pack("{s:o, s:o}", "body", body, "payload", payload);
    char *dumped = json_dumps(shown, JSON_COMPACT), *text = g_strdup(dumped);
    free(dumped);
    json_decref(shown);
    json_decref(both);
    return text;
}

/* ── The hour ──────────────────────────────────────────────────────────────────────────────────── */

static void keyed(const guint8 key[32], const char *purpose, guint64 a, guint64 b,
                  struct ledger_hash *out) {
    g_autofree char *text =
        g_strdup_printf("%s:%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT, purpose, a, b);
    seal_hmac(key, 32, text, strlen(text), out->bytes);
}

struct ledger_hash disclose_notice_salt(const guint8 key[32], const char *alert_id, guint reminder) {
    struct ledger_hash salt;
    g_autofree char *name = g_strdup_printf("notice:%s:%u", alert_id, reminder);
    seal_hmac(key, 32, name, strlen(name), salt.bytes);
    return salt;
}

struct ledger_hash disclose_notice(const guint8 key[32], const char *alert_id, guint reminder) {
    const struct ledger_hash salt = disclose_notice_salt(key, alert_id, reminder);
    g_autofree char *value = g_strdup_printf("%s.%u", alert_id, reminder);
    return ledger_commit_field(salt.bytes, "alert", value);
}

/* The places of the hour's tree: the commitments, then padding that looks like them. Transfer full. */
static GArray *places_of(const guint8 key[32], guint64 hour, const GArray *commitments) {
    guint n = HOUR_PLACES;
    while (n < commitments->len)
        n *= 2;
    GArray *places = g_array_sized_new(FALSE, FALSE, sizeof(struct ledger_hash), n);
    for (guint i = 0; i < n; i++) {
        struct ledger_hash place;
        if (i < commitments->len)
            place = g_array_index(commitments, struct ledger_hash, i);
        else
            keyed(key, "padding", hour, i, &place);
        place = ledger_hash_leaf(place.bytes, sizeof place.bytes);
        g_array_append_val(places, place);
    }
    return places;
}

/* Hashes a row to the one above it. */
static void climb(GArray *row) {
    for (guint i = 0; i < row->len / 2; i++)
        g_array_index(row, struct ledger_hash, i) =
            ledger_hash_node(&g_array_index(row, struct ledger_hash, 2 * i),
                             &g_array_index(row, struct ledger_hash, 2 * i + 1));
    g_array_set_size(row, row->len / 2);
}

void disclose_hour(const struct disclose_gate *gate, const guint8 key[32], guint64 hour,
                   const GArray *commitments, struct ledger_entry *entry) {
    *entry = (struct ledger_entry){.type = LEDGER_HOUR, .epoch = (guint32)hour};
    memcpy(entry->policy.bytes, policy_id(disclose_gate_policy(gate)), POLICY_ID_BYTES);
    keyed(key, "hour subject", hour, 0, &entry->subject_tag);
    keyed(key, "hour recipient", hour, 0, &entry->recipient_tag);
    keyed(key, "hour payload", hour, 0, &entry->payload);
    /* An empty hour is hashed like any other: how long its leaf takes must not tell that it was empty.
     */
    g_autoptr(GArray) row = places_of(key, hour, commitments);
    while (row->len > 1)
        climb(row);
    entry->body = g_array_index(row, struct ledger_hash, 0);
}

GArray *disclose_hour_proof(const guint8 key[32], guint64 hour, const GArray *commitments,
                            guint place) {
    GArray *proof = g_array_new(FALSE, FALSE, sizeof(struct ledger_hash));
    g_autoptr(GArray) row = places_of(key, hour, commitments);
    for (; row->len > 1; place /= 2) {
        g_array_append_val(proof, g_array_index(row, struct ledger_hash, place ^ 1));
        climb(row);
    }
    return proof;
}
