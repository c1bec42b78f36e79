#include "deliver/email/email.h"

#include <string.h>

#include "base/error.h"

/* ── The section `mail` of site.yaml ───────────────────────────────────────────────────────────── */

struct yaml_mail {
    char *transport, *maildir, *server, *starttls, *ca_file, *user, *password_file, *from, *from_name;
    unsigned *connections;
};

#define TEXT(key, member)                                                                              \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_mail, member, 0, \
                           300)

static const cyaml_schema_field_t mail_fields[] = {
    TEXT("transport", transport),
    TEXT("maildir", maildir),
    TEXT("server", server),
    TEXT("starttls", starttls),
    TEXT("ca_file", ca_file),
    TEXT("user", user),
    TEXT("password_file", password_file),
    TEXT("from", from),
    TEXT("from_name", from_name),
    CYAML_FIELD_UINT_PTR("connections", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_mail,
                         connections),
    CYAML_FIELD_END};

static char *or_default(const char *text, const char *usual) {
    return g_strdup(text && *text ? text : usual);
}

static char *given(const char *text) {
    return text && *text ? g_strdup(text) : NULL;
}

static gboolean take(const struct base_yaml_source *source, const struct yaml_mail *mail,
                     struct email_settings *s, GError **error) {
    static const char *const starttls[] = {"never", "try", "required"};

    s->maildir = or_default(mail->maildir, "mail");
    s->url = or_default(mail->server, "smtp://127.0.0.1:25");
    s->ca_file = given(mail->ca_file);
    s->user = given(mail->user);
    s->password_file = given(mail->password_file);
    s->from_address = or_default(mail->from, "notices@localhost");
    s->from_name = or_default(mail->from_name, "Notices");
    s->connections = mail->connections ? *mail->connections : 4;
    s->is_smtp = g_strcmp0(mail->transport, "smtp") == 0;
    if (mail->transport && !s->is_smtp && !g_str_equal(mail->transport, "maildir"))
        return base_yaml_wrong(source, "transport", error, "`transport` is maildir or smtp");
    if (!g_str_has_prefix(s->url, "smtp://") && !g_str_has_prefix(s->url, "smtps://"))
        return base_yaml_wrong(source, "server", error,
                               "`server` is smtp://host:port or smtps://host:port");
    if (s->connections < 1 || s->connections > 64)
        return base_yaml_wrong(source, "connections", error, "`connections` is 1 to 64");
    if (!strchr(s->from_address, '@') || strpbrk(s->from_address, " <>\r\n"))
        return base_yaml_wrong(source, "from", error,
                               "`from` is a mail address such as notices@example.org");
    s->starttls = SMTP_TLS_REQUIRED; /* required, unless it says otherwise */
    for (guint i = 0; mail->starttls && i < G_N_ELEMENTS(starttls); i++)
        if (g_str_equal(mail->starttls, starttls[i]))
            s->starttls = i;
    if (mail->starttls && !g_str_equal(mail->starttls, starttls[s->starttls]))
        return base_yaml_wrong(source, "starttls", error, "`starttls` is required, try or never");
    if (s->user && s->starttls != SMTP_TLS_REQUIRED && !g_str_has_prefix(s->url, "smtps://"))
        return base_yaml_wrong(source, "user", error,
                               "a login needs `starttls: required` or smtps://, or the password would "
                               "travel in the clear");
    return TRUE;
}

static void settings_free(void *data) {
    struct email_settings *s = data;
    if (!s)
        return;
    char *const owned[] = {s->maildir,       s->url,          s->ca_file,  s->user,
                           s->password_file, s->from_address, s->from_name};
    for (guint i = 0; i < G_N_ELEMENTS(owned); i++)
        g_free(owned[i]);
    g_free(s);
}

static void *settings(const struct base_yaml_source *source, const void *yaml, GError **error) {
    static const struct yaml_mail none = {.transport = NULL};
    struct email_settings *s = g_new0(struct email_settings, 1);
    if (take(source, yaml ? yaml : &none, s, error))
        return s;
    settings_free(s);
    return NULL;
}

static guint connections(const void *data) {
    const struct email_settings *s = data;
    return s->is_smtp ? s->connections : 2;
}

static char *describe(const void *data) {
    const struct email_settings *s = data;
    return g_strconcat("mail goes ", s->is_smtp ? "to " : "into the folder ",
                       s->is_smtp ? s->url : s->maildir, NULL);
}

const char *email_host(const struct email_settings *s) {
    const char *at = strrchr(s->from_address, '@');
    return at ? at + 1 : "localhost";
}

/* ── Contacts and connections ──────────────────────────────────────────────────────────────────── */

/* Surrounding blanks dropped, the domain in lower case; NULL for what no mail can be sent to. */
static char *address_normal(const char *email) {
    g_autofree char *trimmed = g_strstrip(g_strdup(email));
    char *at = strrchr(trimmed, '@');
    static const char local_extra[] = "!#$%&'*+-/=?^_`{|}~.";

    if (!at || at == trimmed || strlen(trimmed) > 254 || at - trimmed > 64 || at[-1] == '.' ||
        *trimmed == '.' || *trimmed == '-' || strstr(trimmed, ".."))
        return NULL;
    for (const char *p = trimmed; p < at; p++)
        if (!g_ascii_isalnum(*p) && !strchr(local_extra, *p))
            return NULL;
    const char *domain = at + 1;
    if (!*domain || *domain == '-' || *domain == '.' || g_str_has_suffix(domain, "."))
        return NULL;
    for (char *p = at + 1; *p; p++) {
        if (!g_ascii_isalnum(*p) && *p != '-' && *p != '.')
            return NULL;
        *p = g_ascii_tolower(*p);
    }
    return g_steal_pointer(&trimmed);
}

static char *normal(const char *contact, GError **error) {
    char *address = contact ? address_normal(contact) : NULL;
    if (!address)
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT,
                    "`email` is not an address that mail can be sent to");
    return address;
}

static char *path_in(const char *dir, const char *path) {
    return g_path_is_absolute(path) ? g_strdup(path) : g_build_filename(dir, path, NULL);
}

static struct channel *open_channel(const void *data, const char *dir, GError **error) {
    const struct email_settings *s = data;
    if (!s->is_smtp) {
        g_autofree char *path = path_in(dir, s->maildir);
        return email_open_maildir(path, error);
    }
    g_autofree char *password = NULL;
    if (s->password_file) {
        g_autofree char *path = path_in(dir, s->password_file);
        if (!g_file_get_contents(path, &password, NULL, error))
            return NULL;
        g_strchomp(password);
    }
    g_autofree char *ca_file = s->ca_file ? path_in(dir, s->ca_file) : NULL;
    return email_open_smtp(s, ca_file, password);
}

const struct channel_kind channel_email = {
    .name = "email",
    .section = "mail",
    .fields = mail_fields,
    .fields_size = sizeof(struct yaml_mail),
    .settings = settings,
    .settings_free = settings_free,
    .connections = connections,
    .describe = describe,
    .normal = normal,
    .render = email_render,
    .open = open_channel,
};
