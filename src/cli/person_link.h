/* `tocsin person link` and its kin, and evidence as a table. */
#ifndef CLI_PERSON_LINK_H
#define CLI_PERSON_LINK_H

#include "cli/cli.h"
#include "people/link/link.h"

int cli_person_link(struct cli *cli, int argc, char **argv);
int cli_person_link_new(struct cli *cli); /* what the site's store has not been looked at */
int cli_person_possible(struct cli *cli, int argc, char **argv);
int cli_person_explain(struct cli *cli, int argc, char **argv);
int cli_person_join(struct cli *cli, int argc, char **argv);
int cli_person_part(struct cli *cli, int argc, char **argv);
void cli_print_evidence(struct cli *cli, const struct link_evidence *evidence, guint n, double prior,
                        double bits);

#endif
