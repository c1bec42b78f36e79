#include "site/config.h"

#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "base/time.h"
#include "base/yaml.h"
#include "store/store.h"

struct yaml_schedule {
    char **retry;
    unsigned retry_count;
    char *remind, *give_up;
};
struct yaml_keep {
    char *bookings, *registrations, *problems;
};
struct yaml_witness {
    char *url, *key;
};
struct yaml_config {
    char *name, *store, *base_url, *listen, *operator_email, *watchdog_url, *drop_settle, *policy,
        *recipients, *jurisdiction;
    struct yaml_witness *witnesses;
    unsigned witnesses_count;
    char **witness_for;
    unsigned witness_for_count;
    void *channels[CHANNEL_MOST]; /* by their place in channel_kinds */
    struct yaml_schedule *schedule;
    struct yaml_keep *keep;
};

#define TEXT(key, type, member)                                                                        \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct type, member, 0, 300)

static const cyaml_schema_value_t text_entry = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, 20)};
static const cyaml_schema_field_t schedule_fields[] = {
    CYAML_FIELD_SEQUENCE("retry", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_schedule, retry,
                         &text_entry, 1, SCHEDULE_MOST_RETRIES),
    TEXT("remind_every", yaml_schedule, remind), TEXT("give_up_after", yaml_schedule, give_up),
    CYAML_FIELD_END};
static const cyaml_schema_field_t keep_fields[] = {
    TEXT("bookings", yaml_keep, bookings), TEXT("registrations", yaml_keep, registrations),
    TEXT("problems", yaml_keep, problems), CYAML_FIELD_END};
static const cyaml_schema_field_t witness_fields[] = {
    CYAML_FIELD_STRING_PTR("url", CYAML_FLAG_POINTER, struct yaml_witness, url, 1, 300),
    CYAML_FIELD_STRING_PTR("key", CYAML_FLAG_POINTER, struct yaml_witness, key, 1, 300),
    CYAML_FIELD_END};
static const cyaml_schema_value_t witness_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct yaml_witness, witness_fields)};
static const cyaml_schema_value_t vkey_entry = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, 300)};

#define N_FIELDS (G_N_ELEMENTS(fixed_fields) + CHANNEL_MOST)
static const cyaml_schema_field_t fixed_fields[] = {
    TEXT("name", yaml_config, name),
    TEXT("store", yaml_config, store),
    TEXT("base_url", yaml_config, base_url),
    TEXT("listen", yaml_config, listen),
    TEXT("operator_email", yaml_config, operator_email),
    TEXT("watchdog_url", yaml_config, watchdog_url),
    TEXT("drop_settle", yaml_config, drop_settle),
    TEXT("policy", yaml_config, policy),
    TEXT("recipients", yaml_config, recipients),
    TEXT("jurisdiction", yaml_config, jurisdiction),
    CYAML_FIELD_SEQUENCE("witnesses", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_config,
                         witnesses, &witness_entry, 0, 16),
    CYAML_FIELD_SEQUENCE("witness_for", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_config,
                         witness_for, &vkey_entry, 0, 256),
    CYAML_FIELD_MAPPING_PTR("schedule", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_config,
                            schedule, schedule_fields),
    CYAML_FIELD_MAPPING_PTR("keep", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_config, keep,
                            keep_fields),
    CYAML_FIELD_END};
/* The keys of site.yaml: those above, and a section for each channel. Filled once. */
static const cyaml_schema_value_t *config_schema(void) {
    static cyaml_schema_field_t fields[N_FIELDS];
    static cyaml_schema_value_t schema;
    static gsize is_made;
    if (g_once_init_enter(&is_made)) {
        const guint n = G_N_ELEMENTS(fixed_fields) - 1; /* without its end */
        memcpy(fields, fixed_fields, n * sizeof *fields);
        for (guint i = 0; channel_kinds[i]; i++)
            fields[n + i] = (cyaml_schema_field_t){
                .key = channel_kinds[i]->section,
                .data_offset = offsetof(struct yaml_config, channels) + i * sizeof(void *),
                .value = {.type = CYAML_MAPPING,
                          .flags = CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                          .data_size = (uint32_t)channel_kinds[i]->fields_size,
                          .mapping = {.fields = channel_kinds[i]->fields}}};
        schema =
            (cyaml_schema_value_t){CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct yaml_config, fields)};
        g_once_init_leave(&is_made, 1);
    }
    return &schema;
}

static char *or_default(const char *text, const char *usual) {
    return g_strdup(text && *text ? text : usual);
}

static char *given(const char *text) {
    return text && *text ? g_strdup(text) : NULL;
}

static gboolean take_store(const struct base_yaml_source *source, const char *text,
                           struct site_config *config, GError **error) {
    g_autoptr(GError) problem = NULL;
    config->store = or_default(text, "sqlite:tocsin.db");
    return store_where_check(config->store, &problem) ||
           base_yaml_wrong(source, "store", error, "`store`: %s", problem->message);
}

static gboolean take_listen(const struct base_yaml_source *source, const char *text,
                            struct site_config *config, GError **error) {
    g_autofree char *listen = or_default(text, "127.0.0.1:8700");
    char *colon = strrchr(listen, ':');
    guint64 port;
    if (!colon || !g_ascii_string_to_unsigned(colon + 1, 10, 0, 65535, &port, NULL))
        return base_yaml_wrong(source, "listen", error,
                               "`listen` is address:port, as in 127.0.0.1:8700");
    *colon = 0;
    config->listen_address = g_strdup(listen);
    config->listen_port = (guint)port;
    return TRUE;
}

static gboolean take_channels(const struct base_yaml_source *source, const struct yaml_config *yaml,
                              struct site_config *config, GError **error) {
    for (guint i = 0; channel_kinds[i]; i++)
        if (!(config->channels[i] = channel_kinds[i]->settings(source, yaml->channels[i], error)))
            return FALSE;
    return TRUE;
}

static gboolean take_time(const struct base_yaml_source *source, const char *key, const char *text,
                          gint64 *length_us, GError **error) {
    if (text && !base_duration_parse(text, length_us))
        return base_yaml_wrong(source, key, error, "`%s` is a time such as 30m or 48h", key);
    return TRUE;
}

static gboolean take_schedule(const struct base_yaml_source *source, const struct yaml_schedule *yaml,
                              struct site_config *config, GError **error) {
    config->schedule = deliver_default_schedule;
    if (!yaml)
        return TRUE;
    for (unsigned i = 0; i < yaml->retry_count; i++)
        if (!take_time(source, "retry", yaml->retry[i], &config->schedule.retry_us[i], error))
            return FALSE;
    if (yaml->retry_count)
        config->schedule.n_retries = yaml->retry_count;
    return take_time(source, "remind_every", yaml->remind, &config->schedule.remind_us, error) &&
           take_time(source, "give_up_after", yaml->give_up, &config->schedule.give_up_us, error);
}

static gboolean take_keep(const struct base_yaml_source *source, const struct yaml_keep *yaml,
                          struct site_config *config, GError **error) {
    config->keep = (struct site_keep){.bookings_us = 5 * 365 * (gint64)DAY_US,
                                      .registrations_us = 2 * 365 * (gint64)DAY_US,
                                      .problems_us = 365 * (gint64)DAY_US};
    return !yaml || (take_time(source, "bookings", yaml->bookings, &config->keep.bookings_us, error) &&
                     take_time(source, "registrations", yaml->registrations,
                               &config->keep.registrations_us, error) &&
                     take_time(source, "problems", yaml->problems, &config->keep.problems_us, error));
}

static void witness_free(gpointer data) {
    struct site_witness *witness = data;
    ledger_verifier_free(witness->verifier);
    g_free(witness->url);
    g_free(witness);
}

static struct ledger_verifier *take_key(const struct base_yaml_source *source, const char *vkey,
                                        GError **error) {
    g_autoptr(GError) problem = NULL;
    struct ledger_verifier *verifier = ledger_verifier_parse(vkey, &problem);
    if (!verifier)
        base_yaml_wrong(source, vkey, error, "%s", problem->message);
    return verifier;
}

static gboolean take_witnesses(const struct base_yaml_source *source, const struct yaml_config *yaml,
                               struct site_config *config, GError **error) {
    config->witnesses = g_ptr_array_new_with_free_func(witness_free);
    config->witnessed = g_ptr_array_new_with_free_func((GDestroyNotify)ledger_verifier_free);
    for (unsigned i = 0; i < yaml->witnesses_count; i++) {
        struct site_witness *witness = g_new0(struct site_witness, 1);
        g_ptr_array_add(config->witnesses, witness);
        witness->url = g_strdup(yaml->witnesses[i].url);
        witness->verifier = take_key(source, yaml->witnesses[i].key, error);
        if (!witness->verifier)
            return FALSE;
        if (witness->verifier->type != LEDGER_KEY_COSIGNATURE)
            return base_yaml_wrong(source, yaml->witnesses[i].key, error,
                                   "this is a log's key; a witness's is of type 4 (tocsin witness)");
    }
    for (unsigned i = 0; i < yaml->witness_for_count; i++) {
        struct ledger_verifier *log = take_key(source, yaml->witness_for[i], error);
        if (!log)
            return FALSE;
        g_ptr_array_add(config->witnessed, log);
    }
    return TRUE;
}

struct site_config *site_config_parse(const char *text, gsize n, const char *name, GError **error) {
    const struct base_yaml_source source = {.name = name, .text = text, .n = n};
    struct yaml_config *yaml = base_yaml_load(&source, config_schema(), error);
    if (!yaml)
        return NULL;
    struct site_config *config = g_new0(struct site_config, 1);
    config->name = or_default(yaml->name, "Tocsin");
    config->base_url = or_default(yaml->base_url, "http://127.0.0.1:8700");
    config->operator_email = given(yaml->operator_email);
    config->watchdog_url = given(yaml->watchdog_url);
    config->drop_settle_us = 5 * SECOND_US;
    config->policy = or_default(yaml->policy, "baseline");
    config->recipients = given(yaml->recipients);
    config->jurisdiction = or_default(yaml->jurisdiction, "local");
    gboolean ok = take_witnesses(&source, yaml, config, error) &&
                  take_store(&source, yaml->store, config, error) &&
                  take_listen(&source, yaml->listen, config, error) &&
                  take_channels(&source, yaml, config, error) &&
                  take_schedule(&source, yaml->schedule, config, error) &&
                  take_keep(&source, yaml->keep, config, error) &&
                  take_time(&source, "drop_settle", yaml->drop_settle, &config->drop_settle_us, error);
    if (ok && !g_str_has_prefix(config->base_url, "http://") &&
        !g_str_has_prefix(config->base_url, "https://"))
        ok = base_yaml_wrong(&source, "base_url", error, "`base_url` starts with https:// or http://");
    if (ok && config->watchdog_url && !g_str_has_prefix(config->watchdog_url, "http://") &&
        !g_str_has_prefix(config->watchdog_url, "https://"))
        ok = base_yaml_wrong(&source, "watchdog_url", error,
                             "`watchdog_url` starts with https:// or http://");
    if (ok && g_str_has_suffix(config->base_url, "/"))
        config->base_url[strlen(config->base_url) - 1] = 0;
    base_yaml_free(config_schema(), yaml);
    if (ok)
        return config;
    site_config_free(config);
    return NULL;
}

struct site_config *site_config_load(const char *dir, GError **error) {
    g_autofree char *path = g_build_filename(dir, "site.yaml", NULL);
    g_autofree char *text = NULL;
    gsize n;
    return g_file_get_contents(path, &text, &n, error) ? site_config_parse(text, n, path, error) : NULL;
}

void site_config_free(struct site_config *config) {
    if (!config)
        return;
    char *const owned[] = {config->name,           config->store,        config->base_url,
                           config->listen_address, config->policy,       config->recipients,
                           config->operator_email, config->watchdog_url, config->jurisdiction};
    for (guint i = 0; i < G_N_ELEMENTS(owned); i++)
        g_free(owned[i]);
    for (guint i = 0; channel_kinds[i]; i++)
        channel_kinds[i]->settings_free(config->channels[i]);
    g_ptr_array_unref(config->witnesses);
    g_ptr_array_unref(config->witnessed);
    g_free(config);
}
