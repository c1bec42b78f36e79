#include "intake/push.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/seal.h"
#include "feed/signature.h"
#include "intake/private.h"
#include "intake/take_up.h"
#include "store/store.h"

#define SMALL_BYTES (64u << 10)

/* What was answered to this key before, if it came before. FALSE when it came with other content; what
 * was never answered counts for nothing. */
static gboolean find_push(struct load *load, GError **error) {
    g_autofree char *name = NULL;
    if (!store_push_find(load->db, load->feed_id, load->digest, &name, &load->answer, error))
        return FALSE;
    if (name && load->answer && !g_str_equal(name, load->name)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_CONFLICT,
                    "this Idempotency-Key came before with other content; use a new key");
        return FALSE;
    }
    return TRUE;
}

/* Transfer full. */
static char *answer_of(const struct load *load) {
    GString *answer = g_string_new(NULL);
    g_string_printf(answer, "{\"rows\":%u,\"events\":[", load->summary->rows);
    for (guint i = 0; i < load->listing.n; i++) {
        char id[33];
        custody_event_id_format(load->listing.ids->data + (gsize)i * CUSTODY_EVENT_ID_BYTES, id);
        g_string_append_printf(answer, "%s\"%s\"", i ? "," : "", id);
    }
    char *problems = json_dumps(load->summary->problem_list, JSON_COMPACT);
    g_string_append_printf(answer, "],\"problems\":%s}", problems);
    free(problems);
    return g_string_free(answer, FALSE);
}

static gboolean take_push(struct load *load, GError **error) {
    if (load_is_roster(load)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INPUT, "the feed %s takes rosters, not events",
                    load->feed_id);
        return FALSE;
    }
    if (load_is_first(load) &&
        !load_record_source(load, load_is_last(load) ? SOURCE_LOADED : SOURCE_LOADING, error))
        return FALSE;
    if (!load_events(load, error))
        return FALSE;
    if (!load_is_last(load))
        return store_feed_save(load->db, &load->feed, error);
    if (!load_page_unreadable(load, error) || !load_page_expunged(load, error))
        return FALSE;
    load->answer = answer_of(load);
    return load_finish(load, error);
}

static gboolean push_in_transaction(struct db *db, void *context, GError **error) {
    struct load *load = context;
    const struct owing so_far = load->owing;
    gboolean ok = load_begin(load, db, error) &&
                  (load_is_first(load) || load_go_on(load, &so_far, error)) &&
                  load_check_mapping(load, error) &&
                  find_push(load, error); /* also when it comes twice at once */
    load->is_passed_over = ok && load->answer != NULL;
    ok = ok && (load->answer || take_push(load, error));
    load_end(load);
    return ok;
}

struct unreadable {
    const struct site *site;
    const char *feed, *why;
};

static gboolean page_in_transaction(struct db *db, void *context, GError **error) {
    const struct unreadable *u = context;
    g_autofree char *page = g_strdup_printf(
        "What the feed %s pushed was refused, and nobody was told of it: %s. Did the jail change its "
        "events? See `columns:` in the mapping.",
        u->feed, u->why);
    return owe_page(db, u->site, page, error);
}

/* What is small in one transaction, without a look at the mapping before it. */
static gboolean take(struct load *load, GError **error) {
    gint64 last_at_us;
    if (g_bytes_get_size(load->content) < SMALL_BYTES)
        return store_write(site_store(load->site), STORE_WORK(push_in_transaction, load_again), load,
                           error);
    struct feed_mapping *mapping =
        load_mapping(load->site, load->feed_id, &last_at_us, &load->read_digest, error);
    const gboolean ok = mapping && load_in_slices(load, mapping, push_in_transaction, error);
    feed_mapping_free(mapping);
    return ok;
}

static gboolean take_in(struct site *site, const struct push *push, char **answer, GError **error) {
    const struct load_options options = {.taken_at_us = TIME_UNKNOWN};
    struct load_summary summary = {.problem_list = json_array()};
    g_autoptr(GByteArray) ids = g_byte_array_new();
    g_autofree char *digest =
        g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)push->body, push->n);
    g_autofree char *name = g_strconcat("push:", digest, NULL);
    g_autoptr(GBytes) content = g_bytes_new_static(push->body, push->n);
    struct load load = {.site = site,
                        .feed_id = push->feed,
                        .name = name,
                        .content = content,
                        .push_key = push->key,
                        .snapshot_at_us = -1,
                        .observed_at_us = site_now(site),
                        .options = &options,
                        .summary = &summary,
                        .listing.ids = ids};

    seal_sha256(push->key, strlen(push->key), load.digest);
    GError *problem = NULL;
    gboolean ok = take(&load, &problem);
    if (ok)
        *answer = g_steal_pointer(&load.answer);
    else if (g_error_matches(problem, BASE_ERROR, BASE_ERROR_INPUT)) {
        struct unreadable u = {site, push->feed, problem->message};
        g_autoptr(GError) lost = NULL;
        if (!store_write(site_store(site), STORE_WORK(page_in_transaction, NULL), &u, &lost))
            log_line("error", "the operator could not be told of a push that was refused", "problem",
                     lost->message, NULL);
    }
    if (problem)
        g_propagate_error(error, problem);
    g_free(load.answer);
    load_summary_clear(&summary);
    return ok;
}

/* The feed's secret; "", which signs nothing, when there is no such feed: whoever cannot sign does not
 * learn which feeds there are. Transfer full; NULL with an error. */
static char *secret_of(struct site *site, const char *feed, GError **error) {
    g_autoptr(GError) why = NULL;
    char *secret = take_up_secret(site, feed, &why);
    if (secret)
        return secret;
    if (g_error_matches(why, BASE_ERROR, BASE_ERROR_NOT_FOUND))
        return g_strdup("");
    g_propagate_error(error, g_steal_pointer(&why));
    return NULL;
}

gboolean push_may_come(struct site *site, const struct push *push, const char **not_signed) {
    gint64 sent_s;
    return feed_signature_may_be(push->key, push->timestamp, push->signature,
                                 site_now(site) / SECOND_US, &sent_s, not_signed);
}

gboolean push_take(struct site *site, const struct push *push, char **answer, const char **not_signed,
                   GError **error) {
    g_autofree char *secret = secret_of(site, push->feed, error);
    *not_signed = NULL;
    if (!secret)
        return FALSE;
    if (feed_signature_check(secret, push->key, push->timestamp, push->signature, push->body, push->n,
                             site_now(site) / SECOND_US, not_signed) &&
        *secret)
        return take_in(site, push, answer, error);
    if (!*not_signed)
        *not_signed = feed_signature_mismatch;
    g_set_error_literal(error, BASE_ERROR, BASE_ERROR_REFUSED, *not_signed);
    return FALSE;
}
