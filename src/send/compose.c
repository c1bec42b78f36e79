#include <string.h>

#include "base/error.h"
#include "deliver/notice.h"
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

static enum notice_what what_of(const struct send_job *job) {
    static const enum notice_what whats[] = {
        [PURPOSE_ALERT] = NOTICE_ALERT, [PURPOSE_CODE] = NOTICE_CODE,
        [PURPOSE_ENDED] = NOTICE_ENDED, [PURPOSE_PAGE] = NOTICE_PAGE,
        [PURPOSE_TEST] = NOTICE_TEST,   [PURPOSE_EXPIRING] = NOTICE_EXPIRING,
        [PURPOSE_OVER] = NOTICE_OVER};
    return whats[job->alert->purpose];
}

GBytes *send_compose(const struct send_job *job, const char *to, GError **error) {
    const struct site *site = job->site;
    const struct site_config *config = site_config(site);
    const struct store_alert *alert = job->alert;
    const enum notice_what what = what_of(job);
    g_autofree char *confirm = site_token(site, "confirm", alert->id);
    g_autofree char *stop = job->row ? site_token(site, "stop", job->row->id) : NULL;
    g_autofree char *confirm_url = g_strconcat(config->base_url, "/c/", confirm, NULL);
    g_autofree char *stop_url = stop ? g_strconcat(config->base_url, "/u/", stop, NULL) : NULL;
    g_autofree char *renew = job->row ? site_token(site, "renew", job->row->id) : NULL;
    g_autofree char *renew_url = renew ? g_strconcat(config->base_url, "/r/", renew, NULL) : NULL;
    const gboolean is_last = what == NOTICE_ENDED || what == NOTICE_OVER;
    g_autofree char *code = what == NOTICE_CODE && job->row ? site_code(site, job->row->id) : NULL;
    const struct notice notice = {.what = what,
                                  .permit = job->permit,
                                  .language = job->row ? job->row->registration.language : LANGUAGE_EN,
                                  .words = code ? code : alert->note,
                                  .to = to,
                                  .id = alert->id,
                                  .reminder = alert->reminder,
                                  .date_at_us = alert->reminder ? site_now(site) : alert->created_at_us,
                                  .confirm_url = confirm_url,
                                  .stop_url = is_last || job->watch ? NULL : stop_url,
                                  .renew_url = renew_url,
                                  .ends_at_us =
                                      job->row ? job->row->registration.expires_at_us : TIME_UNKNOWN,
                                  .receipt = job->receipt,
                                  .remind_minutes = (guint)(config->schedule.remind_us / MINUTE_US),
                                  .give_up_hours = (guint)(config->schedule.give_up_us / HOUR_US)};
    return job->kind->render(&notice, config->channels[channel_number(job->kind)], error);
}
