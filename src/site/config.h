/* The site's configuration, site.yaml. Every key has a default; docs/operators.md explains them. */
#ifndef SITE_CONFIG_H
#define SITE_CONFIG_H

#include "deliver/channel.h"
#include "deliver/schedule.h"
#include "ledger/note.h"

/* One who is asked to cosign this site's log. */
struct site_witness {
    char *url; /* the submission prefix */
    struct ledger_verifier *verifier;
};

/* How long what is kept (desk/keep.h). */
struct site_keep {
    gint64 bookings_us;      /* after they are over, when nobody follows the person */
    gint64 registrations_us; /* after their end, and what they were told */
    gint64 problems_us;      /* what could not be read */
};

struct site_config {
    char *name;     /* of the site, for its own pages */
    char *store;    /* where the store is kept: "sqlite:tocsin.db" */
    char *base_url; /* what links in messages start with */
    char *listen_address;
    guint listen_port;
    char *watchdog_url;           /* called each minute while news moves; NULL: none */
    char *operator_email;         /* NULL: pages go to the console and the log only */
    void *channels[CHANNEL_MOST]; /* settings, by the channel's place in channel_kinds */
    struct deliver_schedule schedule;
    gint64 drop_settle_us;
    struct site_keep keep;
    char *policy;         /* a shipped profile, or a folder in the site's folder */
    char *recipients;     /* a recipients file in the site's folder; NULL: none */
    GPtrArray *witnesses; /* struct site_witness */
    GPtrArray *witnessed; /* struct ledger_verifier: other logs that this site cosigns */
    char *jurisdiction;   /* whose jails the site serves, a word of the policy */
};

struct site_config *site_config_parse(const char *text, gsize n, const char *name, GError **error);
/* site.yaml of the site in `dir`. Transfer full; NULL with an error. */
struct site_config *site_config_load(const char *dir, GError **error);
void site_config_free(struct site_config *config);

#endif
