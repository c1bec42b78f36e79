/* The second implementation of docs/truth.md, written from that page alone. */
#ifndef CUSTODY_SECOND_H
#define CUSTODY_SECOND_H

#include "custody/belief.h"

void second_of_booking(const struct belief_source *sources, guint n_sources,
                       struct belief_report *reports, guint n_reports, const struct belief_list *lists,
                       guint n_lists, struct belief_booking *booking);
void second_of_person(const struct belief_booking *bookings, guint n,
                      struct belief_statement *statement);
gboolean second_is_same(const struct belief_statement *told, const struct belief_statement *now,
                        const struct belief_booking *bookings, guint n);
gboolean second_is_owed(const struct belief_statement *told, guint n_told,
                        const struct belief_statement *now, const struct belief_booking *bookings,
                        guint n, gboolean asked_for_all);

#endif
