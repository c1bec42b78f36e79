/* What the subcommands of `tocsin policy` share. */
#ifndef CLI_POLICY_H
#define CLI_POLICY_H

#include "cli/cli.h"
#include "policy/policy.h"

/* What options chose. */
struct policy_choice {
    char *profile, *recipients, *date;
};
/* The options. */
#define CHOSEN_ENTRIES(c)                                                                              \
    {"profile",                                                                                        \
     0,                                                                                                \
     0,                                                                                                \
     G_OPTION_ARG_STRING,                                                                              \
     &(c).profile,                                                                                     \
     "A folder or a shipped profile (the site's, or baseline)",                                        \
     "NAME"},                                                                                          \
        {"recipients", 0, 0, G_OPTION_ARG_FILENAME, &(c).recipients, "One more recipients file",       \
         "FILE"},                                                                                      \
    {                                                                                                  \
        "date", 0, 0, G_OPTION_ARG_STRING, &(c).date, "Decide as on this day (today)", "YYYY-MM-DD"    \
    }

void policy_choice_clear(struct policy_choice *choice);

/* Loads `profile`, or what was chosen, or the policy of the site of -C, or the baseline; says why not.
 * `*day` is the chosen date's. A policy that cannot be read is EXIT_USAGE here (2): `policy check`
 * promises 0, 1 and 2. */
struct policy *policy_choose(const struct cli *cli, const struct policy_choice *choice,
                             const char *profile, gint32 *day, int *status);

/* "name, facility" and the same as a JSON array. Transfer full. */
char *policy_words_text(const struct policy *policy, enum policy_word_kind kind, guint32 set);
json_t *policy_words_json(const struct policy *policy, enum policy_word_kind kind, guint32 set);

/* "2025-05-23", or "always" for the first day of all. Transfer full. */
char *policy_day_text(gint32 day);

int policy_diff(struct cli *cli, int argc, char **argv);
int policy_table(struct cli *cli, int argc, char **argv);

#endif
