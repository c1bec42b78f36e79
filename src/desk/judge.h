/* The policy's word on an agency's watch, written into the ledger. */
#ifndef DESK_JUDGE_H
#define DESK_JUDGE_H

#include "book/logbook.h"

/* Judges a watch and writes down what was said: an entry of type `permitted` or `denied`. `denial`
 * (transfer full) stays NULL when it is permitted. `officer` NULL: nobody in particular. */
gboolean judge_watch(struct db *db, struct site *site, struct disclose_gate *gate,
                     const struct store_agency_watch *watch, custody_kinds kinds, gint64 person_id,
                     enum ledger_entry_type permitted, enum ledger_entry_type denied,
                     const char *officer, char **denial, GError **error);

#endif
