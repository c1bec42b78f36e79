/* Agencies' watches: one person, one legal basis, asked by one officer, approved by a second on the
 * jail's side.
 *
 * Every step is judged by the policy and written into the ledger: the asking (also when it is refused),
 * the decision, every alert, the end. There is no list anywhere here, on purpose: one request is one
 * person under one document, an agency asks so many a day and an officer fewer, and each is approved by
 * hand. */
#ifndef DESK_AGENCY_H
#define DESK_AGENCY_H

#include "book/logbook.h"

#define AGENCY_MOST_A_DAY 20
#define AGENCY_OFFICER_MOST_A_DAY 5
#define AGENCY_LONGEST_DAYS 90 /* a watch ends then, and is asked for again */

/* What an officer asks; all of it is required but `kinds`. */
struct agency_request {
    const char *person;                      /* "number" or "scope:number" */
    const char *recipient, *purpose, *basis; /* words of the policy */
    const char *document, *issuer, *issued_on;
    const char *expires; /* a date or a length of time, at most 90 days ahead */
    const char *officer, *email, *pin;
    const char *kinds; /* NULL: releases, escapes, deaths, transfers */
};

/* Asks. When the policy denies it, that is recorded and BASE_ERROR_REFUSED says why. `id` transfer
 * full. */
gboolean agency_ask(struct site *site, const struct agency_request *request, char **id, GError **error);

/* Approves or refuses what was asked; the approver is not the officer who asked. */
gboolean agency_decide(struct site *site, const char *id, const char *approver, gboolean approves,
                       const char *reason, GError **error);

#endif
