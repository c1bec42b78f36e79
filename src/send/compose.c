#include <string.h>

#include "base/error.h"
#include "deliver/email/message.h"
#include "send/private.h"
#include "site/config.h"

/* The wrapped key from its own file, then the box. */
GBytes *send_open_contact(const struct send_job *job, const struct seal_private *private,
                          GError **error) {
    struct site *site = job->site;
    g_autoptr(GBytes) wrapped = store_keys_get(site_keys(site), job->row->id, error);
    if (!wrapped)
        return NULL;
    if (!job->contacts->len) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "the contact was deleted");
        return NULL;
    }
    const struct store_contact *first = &g_array_index(job->contacts, struct store_contact, 0);
    GBytes *key = seal_open_private(private, wrapped, job->row->id, error);
    if (!key)
        return NULL;
    GBytes *contact = NULL;
    if (g_bytes_get_size(key) == SEAL_KEY_BYTES)
        contact = seal_open_key(g_bytes_get_data(key, NULL), first->box, job->row->id, error);
    seal_bytes_unref(key);
    return contact;
}

GBytes *send_compose(const struct send_job *job, const char *to) {
    const struct site *site = job->site;
    const struct site_config *config = site_config(site);
    const char *at = strrchr(config->from_address, '@');
    g_autofree char *confirm = site_token(site, "confirm", job->alert->id);
    g_autofree char *stop = job->row ? site_token(site, "stop", job->row->id) : NULL;
    g_autofree char *confirm_url = g_strconcat(config->base_url, "/c/", confirm, NULL);
    g_autofree char *stop_url = stop ? g_strconcat(config->base_url, "/u/", stop, NULL) : NULL;
    const gboolean ends = job->alert->purpose == PURPOSE_ENDED;
    const struct deliver_envelope envelope = {
        .from_address = config->from_address,
        .from_name = config->from_name,
        .to = to,
        .host = at ? at + 1 : "localhost",
        .alert_id = job->alert->id,
        .reminder = job->alert->reminder,
        .date_at_us = job->alert->reminder ? site_now(site) : job->alert->created_at_us,
        .confirm_url = confirm_url,
        .stop_url = ends || job->watch ? NULL : stop_url,
        .receipt = job->receipt,
        .remind_minutes = (guint)(config->schedule.remind_us / MINUTE_US),
        .give_up_hours = (guint)(config->schedule.give_up_us / HOUR_US)};

    if (!job->row)
        return deliver_page_message(job->alert->note, &envelope);
    switch (job->alert->purpose) {
    case PURPOSE_ALERT: return deliver_alert_message(job->permit, &envelope);
    case PURPOSE_CODE: {
        g_autofree char *code = site_code(site, job->row->id);
        return deliver_code_message(job->row->registration.language, code, &envelope);
    }
    case PURPOSE_ENDED:
    default: return deliver_ended_message(job->row->registration.language, &envelope);
    }
}
