#include "site/config.h"

#include <string.h>

#include "base/error.h"
#include "base/time.h"
#include "base/yaml.h"
#include "site/site.h"

struct yaml_mail {
    char *transport, *maildir, *server, *starttls, *ca_file, *user, *password_file, *from, *from_name;
    unsigned *connections;
};
struct yaml_schedule {
    char **retry;
    unsigned retry_count;
    char *remind, *give_up;
};
struct yaml_witness {
    char *url, *key;
};
struct yaml_config {
    char *name, *base_url, *listen, *operator_email, *drop_settle, *policy, *recipients, *jurisdiction;
    struct yaml_witness *witnesses;
    unsigned witnesses_count;
    char **witness_for;
    unsigned witness_for_count;
    struct yaml_mail *mail;
    struct yaml_schedule *schedule;
};

#define TEXT(key, type, member)                                                                        \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct type, member, 0, 300)

static const cyaml_schema_value_t text_entry = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, 20)};
static const cyaml_schema_field_t mail_fields[] = {
    TEXT("transport", yaml_mail, transport),
    TEXT("maildir", yaml_mail, maildir),
    TEXT("server", yaml_mail, server),
    TEXT("starttls", yaml_mail, starttls),
    TEXT("ca_file", yaml_mail, ca_file),
    TEXT("user", yaml_mail, user),
    TEXT("password_file", yaml_mail, password_file),
    TEXT("from", yaml_mail, from),
    TEXT("from_name", yaml_mail, from_name),
    CYAML_FIELD_UINT_PTR("connections", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_mail,
                         connections),
    CYAML_FIELD_END};
static const cyaml_schema_field_t schedule_fields[] = {
    CYAML_FIELD_SEQUENCE("retry", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_schedule, retry,
                         &text_entry, 1, SCHEDULE_MOST_RETRIES),
    TEXT("remind_every", yaml_schedule, remind), TEXT("give_up_after", yaml_schedule, give_up),
    CYAML_FIELD_END};
static const cyaml_schema_field_t witness_fields[] = {
    CYAML_FIELD_STRING_PTR("url", CYAML_FLAG_POINTER, struct yaml_witness, url, 1, 300),
    CYAML_FIELD_STRING_PTR("key", CYAML_FLAG_POINTER, struct yaml_witness, key, 1, 300),
    CYAML_FIELD_END};
static const cyaml_schema_value_t witness_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct yaml_witness, witness_fields)};
static const cyaml_schema_value_t vkey_entry = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, 300)};

static const cyaml_schema_field_t config_fields[] = {
    TEXT("name", yaml_config, name),
    TEXT("base_url", yaml_config, base_url),
    TEXT("listen", yaml_config, listen),
    TEXT("operator_email", yaml_config, operator_email),
    TEXT("drop_settle", yaml_config, drop_settle),
    TEXT("policy", yaml_config, policy),
    TEXT("recipients", yaml_config, recipients),
    TEXT("jurisdiction", yaml_config, jurisdiction),
    CYAML_FIELD_SEQUENCE("witnesses", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_config,
                         witnesses, &witness_entry, 0, 16),
    CYAML_FIELD_SEQUENCE("witness_for", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_config,
                         witness_for, &vkey_entry, 0, 256),
    CYAML_FIELD_MAPPING_PTR("mail", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_config, mail,
                            mail_fields),
    CYAML_FIELD_MAPPING_PTR("schedule", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_config,
                            schedule, schedule_fields),
    CYAML_FIELD_END};
static const cyaml_schema_value_t config_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct yaml_config, config_fields)};

static char *or_default(const char *text, const char *usual) {
    return g_strdup(text && *text ? text : usual);
}

static char *given(const char *text) {
    return text && *text ? g_strdup(text) : NULL;
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

static gboolean take_mail(const struct base_yaml_source *source, const struct yaml_mail *yaml,
                          struct site_config *config, GError **error) {
    static const struct yaml_mail none = {.transport = NULL};
    static const char *const starttls[] = {"never", "try", "required"};
    const struct yaml_mail *mail = yaml ? yaml : &none;

    config->maildir = or_default(mail->maildir, "mail");
    config->smtp_url = or_default(mail->server, "smtp://127.0.0.1:25");
    config->smtp_ca_file = given(mail->ca_file);
    config->smtp_user = given(mail->user);
    config->smtp_password_file = given(mail->password_file);
    config->from_address = or_default(mail->from, "notices@localhost");
    config->from_name = or_default(mail->from_name, "Notices");
    config->senders = mail->connections ? *mail->connections : 4;
    config->mail_is_smtp = g_strcmp0(mail->transport, "smtp") == 0;
    if (mail->transport && !config->mail_is_smtp && !g_str_equal(mail->transport, "maildir"))
        return base_yaml_wrong(source, "transport", error, "`transport` is maildir or smtp");
    if (!g_str_has_prefix(config->smtp_url, "smtp://") &&
        !g_str_has_prefix(config->smtp_url, "smtps://"))
        return base_yaml_wrong(source, "server", error,
                               "`server` is smtp://host:port or smtps://host:port");
    if (config->senders < 1 || config->senders > 64)
        return base_yaml_wrong(source, "connections", error, "`connections` is 1 to 64");
    if (!strchr(config->from_address, '@') || strpbrk(config->from_address, " <>\r\n"))
        return base_yaml_wrong(source, "from", error,
                               "`from` is a mail address such as notices@example.org");
    config->smtp_starttls = 2; /* required, unless it says otherwise */
    for (guint i = 0; mail->starttls && i < G_N_ELEMENTS(starttls); i++)
        if (g_str_equal(mail->starttls, starttls[i]))
            config->smtp_starttls = (int)i;
    if (mail->starttls && !g_str_equal(mail->starttls, starttls[config->smtp_starttls]))
        return base_yaml_wrong(source, "starttls", error, "`starttls` is required, try or never");
    if (config->smtp_user && config->smtp_starttls != 2 &&
        !g_str_has_prefix(config->smtp_url, "smtps://"))
        return base_yaml_wrong(source, "user", error,
                               "a login needs `starttls: required` or smtps://, or the password would "
                               "travel in the clear");
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
    struct yaml_config *yaml = base_yaml_load(&source, &config_schema, error);
    if (!yaml)
        return NULL;
    struct site_config *config = g_new0(struct site_config, 1);
    config->name = or_default(yaml->name, "Tocsin");
    config->base_url = or_default(yaml->base_url, "http://127.0.0.1:8700");
    config->operator_email = given(yaml->operator_email);
    config->drop_settle_us = 5 * SECOND_US;
    config->policy = or_default(yaml->policy, "baseline");
    config->recipients = given(yaml->recipients);
    config->jurisdiction = or_default(yaml->jurisdiction, "local");
    gboolean ok = take_witnesses(&source, yaml, config, error) &&
                  take_listen(&source, yaml->listen, config, error) &&
                  take_mail(&source, yaml->mail, config, error) &&
                  take_schedule(&source, yaml->schedule, config, error) &&
                  take_time(&source, "drop_settle", yaml->drop_settle, &config->drop_settle_us, error);
    if (ok && !g_str_has_prefix(config->base_url, "http://") &&
        !g_str_has_prefix(config->base_url, "https://"))
        ok = base_yaml_wrong(&source, "base_url", error, "`base_url` starts with https:// or http://");
    if (ok && g_str_has_suffix(config->base_url, "/"))
        config->base_url[strlen(config->base_url) - 1] = 0;
    base_yaml_free(&config_schema, yaml);
    if (ok)
        return config;
    site_config_free(config);
    return NULL;
}

void site_config_free(struct site_config *config) {
    if (!config)
        return;
    char *const owned[] = {config->name,           config->base_url,    config->listen_address,
                           config->operator_email, config->maildir,     config->smtp_url,
                           config->smtp_ca_file,   config->smtp_user,   config->smtp_password_file,
                           config->from_address,   config->from_name,   config->policy,
                           config->recipients,     config->jurisdiction};
    for (guint i = 0; i < G_N_ELEMENTS(owned); i++)
        g_free(owned[i]);
    g_ptr_array_unref(config->witnesses);
    g_ptr_array_unref(config->witnessed);
    g_free(config);
}
