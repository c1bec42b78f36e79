/* A channel: one way to reach people. Each is a folder here, and a row of the table below; what
 * site.yaml, the command line, the API and the store know of channels comes from that table.
 *
 * Handed over is not confirmed: a channel only says what its peer said. */
#ifndef DELIVER_CHANNEL_H
#define DELIVER_CHANNEL_H

#include "base/yaml.h"

enum deliver_result {
    DELIVER_HANDED_OVER,
    DELIVER_TRY_LATER, /* the peer is away or asks for patience (4xx) */
    DELIVER_REFUSED,   /* the peer will never take it (5xx) */
    DELIVER_AMBIGUOUS  /* the peer had all of it and said neither yes nor no: it may have arrived */
};

/* One connection to a peer. */
struct channel {
    /* Sends one message. `key` is stable over tries. `answer` gets the peer's words without addresses,
     * transfer full. Called by one thread at a time. */
    enum deliver_result (*send)(struct channel *channel, const char *to, const char *key,
                                GBytes *message, char **answer);
    void (*free)(struct channel *channel);
};

struct notice; /* deliver/notice.h */

struct channel_kind {
    const char *name;    /* in --channel, JSON and the store */
    const char *section; /* of site.yaml, where it is set up */
    const cyaml_schema_field_t *fields;
    gsize fields_size;
    /* What the section says, checked; `yaml` (of the fields' structure) is NULL where there is none.
     * Transfer full; NULL with an error. */
    void *(*settings)(const struct base_yaml_source *source, const void *yaml, GError **error);
    void (*settings_free)(void *settings);
    guint (*connections)(const void *settings); /* how many at once; 0: it is not set up */
    char *(*describe)(const void *settings);    /* where messages go, for people. Transfer full */
    /* A contact as it is sealed and hashed. Transfer full; NULL with an error for what is none. */
    char *(*normal)(const char *contact, GError **error);
    GBytes *(*render)(const struct notice *notice, const void *settings, GError **error);
    /* Transfer full. `dir` is the site's folder, for relative paths. */
    struct channel *(*open)(const void *settings, const char *dir, GError **error);
};

/* The table: a word a channel, and each defines its channel_WORD. The first is the usual one. */
#define CHANNELS(X) X(email)

#define X(word) extern const struct channel_kind channel_##word;
CHANNELS(X)
#undef X
#define CHANNEL_MOST 8
extern const struct channel_kind *const channel_kinds[]; /* the last is NULL */

/* By its name, or NULL with an error that lists them; NULL asks for the usual one. */
const struct channel_kind *channel_by_name(const char *name, GError **error);
/* Its place in the table. */
guint channel_number(const struct channel_kind *kind);
/* "email, …". Transfer full. */
char *channel_names(void);

#endif
