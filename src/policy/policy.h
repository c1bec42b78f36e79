/* Attributes of a disclosure to a decision with its reasons. Pure; deny by default.
 *
 * The attributes are closed sets. What stands here today is the strict rule set built into the
 * program (builtin.c): it permits exactly a confirmed registrant's alert about one person, and
 * denies everything else. The interface is the one that rule files will stand behind.
 *
 * Used by: disclose. Includes: base. */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include <glib.h>

#include "base/vocabulary.h"

enum policy_recipient { RECIPIENT_UNKNOWN, RECIPIENT_REGISTRANT, RECIPIENT_AGENCY, RECIPIENT_BROKER };
enum policy_purpose { PURPOSE_UNKNOWN, PURPOSE_VICTIM_NOTICE, PURPOSE_IMMIGRATION_ENFORCEMENT };
enum policy_mode { MODE_UNKNOWN, MODE_LOOKUP, MODE_ALERT, MODE_LIST_MATCH, MODE_BULK_FEED };
enum policy_data { DATA_UNKNOWN, DATA_CUSTODY_STATUS, DATA_RELEASE, DATA_FEED_HEALTH };

struct policy_request {
    enum policy_recipient recipient;
    enum policy_purpose purpose;
    enum policy_mode mode;
    enum policy_data data;
    guint subject_flags; /* enum subject_flag */
};

/* What a permitted message may say. */
enum policy_field {
    POLICY_FIELD_NAME = 1 << 0,
    POLICY_FIELD_FACILITY = 1 << 1,
    POLICY_FIELD_TIMES = 1 << 2,
    POLICY_FIELD_DETAIL = 1 << 3
};

struct policy_decision {
    gboolean is_permitted;
    guint fields;         /* enum policy_field */
    const char *rule;     /* the deciding rule's id, static */
    const char *citation; /* static */
};

void policy_decide(const struct policy_request *request, struct policy_decision *decision);

#endif
