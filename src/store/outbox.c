#include "store/outbox.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "custody/event.h"
#include "store/db.h"
#include "store/states.h"

const char *store_alert_purpose_name(enum store_alert_purpose purpose) {
    static const char *const names[] = {"alert", "code", "ended", "page", "test", "expiring", "over"};
    return names[purpose];
}

const char *store_alert_state_name(enum store_alert_state state) {
    static const char *const names[] = {"queued",     "sending",      "sent",
                                        "confirmed",  "needs_person", "withdrawn",
                                        "superseded", "withheld",     "ended"};
    return names[state];
}

void store_alert_free(struct store_alert *alert) {
    if (!alert)
        return;
    g_free(alert->id);
    g_free(alert->registration_id);
    g_free(alert->note);
    g_free(alert);
}

/* Of what happened: what somebody's safety hangs on, then the rest. What is no news waits for both, but
 * for a last message and a page. */
#define RANKS 3
#define SQL_RANK_URGENT "0"
#define SQL_RANK_NEWS "1"
#define SQL_RANK_LATER "2"
#define RANK_OF_NEW                                                                                    \
    "CASE WHEN EXISTS (SELECT 1 FROM event e WHERE e.seq = CAST(:event_seq AS BIGINT) AND e.kind IN "  \
    "(" SQL_KINDS_URGENT ")) THEN " SQL_RANK_URGENT                                                    \
    " WHEN CAST(:event_seq AS BIGINT) <> 0 OR CAST(:purpose AS BIGINT) IN (" SQL_PURPOSE_PAGE          \
    ", " SQL_PURPOSE_ENDED ", " SQL_PURPOSE_OVER ") THEN " SQL_RANK_NEWS " ELSE " SQL_RANK_LATER       \
    " END"

gboolean store_alert_add(struct db *db, const struct store_alert *a, gboolean *is_new, GError **error) {
    gboolean ok = db_run(
        db,
        "INSERT INTO alert (seq, id, purpose, registration_id, event_seq, reason, state, "
        "created_at_us, "
        "next_at_us, planned_at_us, note, rank) VALUES (" NEXT_ALERT
        ", :id, :purpose, :registration, nullif(:event_seq, 0), :reason, " SQL_ALERT_QUEUED ", "
        ":created_at, :created_at, :created_at, :note, " RANK_OF_NEW ") ON CONFLICT (registration_id, "
        "event_seq) WHERE event_seq IS "
        "NOT NULL DO NOTHING",
        PARAMS(P_TEXT("id", a->id), P_INT("purpose", a->purpose),
               P_TEXT("registration", a->registration_id), P_INT("event_seq", a->event_seq),
               P_INT("reason", a->reason), P_INT("created_at", a->created_at_us),
               P_TEXT("note", a->note ? a->note : "")),
        error);
    if (is_new)
        *is_new = ok && db_changes(db) == 1;
    return ok;
}

#define ALERT_COLUMNS                                                                                  \
    "SELECT seq, id, purpose, registration_id, event_seq, reason, state, reminder, attempts, "         \
    "pin_tries, created_at_us, next_at_us, handed_at_us, confirmed_at_us, note, node, term, "          \
    "until_at_us, may_have_left FROM alert "

static struct store_alert *read_alert(struct db_rows *rows) {
    struct store_alert *alert = g_new0(struct store_alert, 1);
    *alert = (struct store_alert){
        .seq = db_int(rows, 0),
        .id = g_strdup(db_text(rows, 1)),
        .purpose = (enum store_alert_purpose)db_int(rows, 2),
        .registration_id = g_strdup(db_text(rows, 3)),
        .event_seq = db_int(rows, 4),
        .reason = (int)db_int(rows, 5),
        .state = (enum store_alert_state)db_int(rows, 6),
        .reminder = (guint)db_int(rows, 7),
        .attempts = (guint)db_int(rows, 8),
        .pin_tries = (guint)db_int(rows, 9),
        .created_at_us = db_int(rows, 10),
        .next_at_us = db_time(rows, 11),
        .handed_at_us = db_time(rows, 12),
        .confirmed_at_us = db_time(rows, 13),
        .note = g_strdup(db_text(rows, 14)),
        .may_have_left = db_int(rows, 18) != 0,
        .lease = {.term = (guint64)db_int(rows, 16), .until_at_us = db_time(rows, 17)}};
    if (db_text(rows, 15))
        g_strlcpy(alert->lease.node, db_text(rows, 15), sizeof alert->lease.node);
    return alert;
}

/* What may be claimed when it is due: it waits, or nobody says any more that they have it; nothing else
 * of its registration is being sent, and nothing older waits; a last message waits for all news. A
 * lease that ends later than any could was given under a clock that was ahead, and counts as run out.
 */
#define MAY_BE_CLAIMED                                                                                 \
    "(alert.state IN (" SQL_ALERT_QUEUED ", " SQL_ALERT_SENT ") OR (alert.state = " SQL_ALERT_SENDING  \
    " AND "                                                                                            \
    "(alert.until_at_us IS NULL OR alert.until_at_us <= :now OR alert.until_at_us > :latest))) "       \
    "AND NOT EXISTS (SELECT 1 FROM alert o WHERE o.state = " SQL_ALERT_SENDING                         \
    " AND o.registration_id = "                                                                        \
    "alert.registration_id AND o.seq <> alert.seq AND o.until_at_us > :now AND "                       \
    "o.until_at_us <= :latest) AND NOT EXISTS (SELECT 1 FROM alert o WHERE o.registration_id = "       \
    "alert.registration_id AND o.event_seq IS NOT NULL AND (o.event_seq < alert.event_seq OR "         \
    "alert.purpose IN (" SQL_PURPOSE_ENDED ", " SQL_PURPOSE_OVER ")) AND "                             \
    "o.state IN (" SQL_ALERT_QUEUED ", " SQL_ALERT_SENDING "))"
#define RUNS "until_at_us > :now AND until_at_us <= :latest"
/* A clock that is set back by less than a lease takes no lease away. */
#define P_NOW(now_at_us) P_INT("now", now_at_us), P_INT("latest", (now_at_us) + 2 * STORE_LEASE_US)

#define IS_DUE "alert.rank = :rank AND alert.next_at_us <= :now AND "
#define IS_AHEAD "alert.rank = :rank AND alert.next_at_us > :far AND alert.planned_at_us > :latest AND "
#define P_FAR(now_at_us, longest_us) P_INT("far", (now_at_us) + (longest_us))

/* Adds what a query for seq and registration gives, once a registration. */
static gboolean add_due(struct db_rows *rows, GHashTable *taken, GArray *seqs, guint most,
                        GError **error) {
    while (seqs->len < most && db_next(rows)) {
        const gint64 seq = db_int(rows, 0);
        const char *registration = db_text(rows, 1); /* NULL: a page, which waits for nothing */
        if (!registration || g_hash_table_add(taken, g_strdup(registration)))
            g_array_append_val(seqs, seq);
    }
    return db_done(rows, error);
}

/* Two queries a rank, for each reads its end of the index in order and no further than it must. */
GArray *outbox_due(struct db *db, gint64 now_at_us, gint64 longest_us, guint most, GError **error) {
    g_autoptr(GArray) seqs = g_array_new(FALSE, FALSE, sizeof(gint64));
    g_autoptr(GHashTable) taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    gboolean ok = TRUE;
    for (guint rank = 0; ok && rank < RANKS && seqs->len < most; rank++)
        ok = add_due(db_query(db,
                              "SELECT seq, registration_id FROM alert WHERE " IS_DUE MAY_BE_CLAIMED
                              " ORDER BY next_at_us, seq LIMIT 1000",
                              PARAMS(P_INT("rank", rank), P_NOW(now_at_us))),
                     taken, seqs, most, error) &&
             add_due(
                 db_query(db,
                          "SELECT seq, registration_id FROM alert WHERE " IS_AHEAD MAY_BE_CLAIMED
                          " ORDER BY next_at_us, seq LIMIT 1000",
                          PARAMS(P_INT("rank", rank), P_NOW(now_at_us), P_FAR(now_at_us, longest_us))),
                 taken, seqs, most, error);
    return ok ? g_steal_pointer(&seqs) : NULL;
}

gboolean outbox_claim(struct db *db, gint64 seq, const struct store_lease *lease, gint64 now_at_us,
                      gint64 longest_us, struct store_alert **alert, GError **error) {
    *alert = NULL;
    if (!db_run(db,
                "UPDATE alert SET state = " SQL_ALERT_SENDING
                ", attempts = attempts + 1, may_have_left = CASE WHEN state = " SQL_ALERT_SENDING
                " THEN 1 ELSE may_have_left END, node = :node, term = term + 1, "
                "until_at_us = :until WHERE seq = :seq AND (alert.next_at_us <= :now OR "
                "(alert.next_at_us > :far AND alert.planned_at_us > :latest)) AND " MAY_BE_CLAIMED,
                PARAMS(P_TEXT("node", lease->node), P_INT("until", lease->until_at_us),
                       P_INT("seq", seq), P_NOW(now_at_us), P_FAR(now_at_us, longest_us)),
                error))
        return FALSE;
    if (!db_changes(db))
        return TRUE;
    struct db_rows *rows = db_query(db, ALERT_COLUMNS "WHERE seq = :seq", PARAMS(P_INT("seq", seq)));
    if (db_next(rows))
        *alert = read_alert(rows);
    return db_done(rows, error);
}

gboolean outbox_renew(struct db *db, const struct store_lease *lease, gint64 now_at_us,
                      GError **error) {
    return db_run(
        db,
        "UPDATE alert SET until_at_us = :until WHERE state = " SQL_ALERT_SENDING
        " AND node = :node AND " RUNS,
        PARAMS(P_INT("until", lease->until_at_us), P_TEXT("node", lease->node), P_NOW(now_at_us)),
        error);
}

/* What left counts as handed over also when its reader was quicker, and has confirmed it: confirmed it
 * stays. */
gboolean outbox_settle(struct db *db, const struct store_alert *a, gint64 now_at_us,
                       enum outbox_settled *how, GError **error) {
    struct db_rows *rows = db_query(
        db,
        "UPDATE alert SET state = CASE WHEN state = " SQL_ALERT_SENDING
        " THEN :state ELSE state END, next_at_us = CASE WHEN state = " SQL_ALERT_SENDING
        " THEN CAST(:next_at AS BIGINT) END, planned_at_us = :now, reminder = :reminder, rank = CASE "
        "WHEN CAST(:reminder AS BIGINT) > 0 THEN " SQL_RANK_LATER " ELSE rank END, may_have_left "
        "= "
        ":may_have_left, "
        "handed_at_us = :handed_at, note = :note, node = NULL, until_at_us = NULL WHERE seq = "
        ":seq AND (state = " SQL_ALERT_SENDING " OR (state = " SQL_ALERT_CONFIRMED
        " AND :may_have_left = 1)) AND node = :node AND term = :term AND " RUNS " RETURNING state",
        PARAMS(P_INT("state", a->state), P_INT("reminder", a->reminder),
               P_INT("may_have_left", a->may_have_left), P_TIME("next_at", a->next_at_us),
               P_TIME("handed_at", a->handed_at_us), P_TEXT("note", a->note ? a->note : ""),
               P_INT("seq", a->seq), P_TEXT("node", a->lease.node), P_INT("term", a->lease.term),
               P_NOW(now_at_us)));
    *how = !db_next(rows)                       ? OUTBOX_LOST
           : db_int(rows, 0) == ALERT_CONFIRMED ? OUTBOX_CONFIRMED
                                                : OUTBOX_SETTLED;
    return db_done(rows, error);
}

gboolean store_alerts_supersede(struct db *db, const char *registration_id, gint64 before_seq,
                                gboolean about_feeds, GError **error) {
    return db_run(db,
                  "UPDATE alert SET state = " SQL_ALERT_SUPERSEDED
                  ", next_at_us = NULL WHERE registration_id = :id AND "
                  "event_seq IS NOT NULL AND seq < :seq AND state = " SQL_ALERT_SENT
                  " AND :about_feeds = "
                  "(SELECT CASE WHEN kind IN (" SQL_CUSTODY_FEED_SILENT ", " SQL_CUSTODY_FEED_RESTORED
                  ") THEN 1 ELSE 0 END FROM event e WHERE e.seq = "
                  "alert.event_seq)",
                  PARAMS(P_TEXT("id", registration_id), P_INT("seq", before_seq),
                         P_INT("about_feeds", about_feeds)),
                  error);
}

#define UNSENT                                                                                         \
    "event_seq IS NOT NULL AND handed_at_us IS NULL AND state IN (" SQL_ALERT_QUEUED                   \
    ", " SQL_ALERT_SENDING ")"

gboolean store_alerts_end(struct db *db, const char *registration_id, gboolean keeps_unsent,
                          guint *n_unsent, GError **error) {
    gint64 n = 0;
    const gboolean ok =
        db_number(db, "SELECT count(*) FROM alert WHERE registration_id = :id AND " UNSENT,
                  PARAMS(P_TEXT("id", registration_id)), 0, &n, error);
    *n_unsent = (guint)n;
    return ok && db_run(db,
                        "UPDATE alert SET state = " SQL_ALERT_ENDED
                        ", next_at_us = NULL WHERE registration_id = :id AND (event_seq IS NOT NULL OR "
                        "purpose IN (" SQL_PURPOSE_TEST ", " SQL_PURPOSE_EXPIRING
                        ")) AND state IN (" SQL_ALERT_QUEUED ", " SQL_ALERT_SENDING ", " SQL_ALERT_SENT
                        ", " SQL_ALERT_NEEDS_PERSON ", " SQL_ALERT_WITHHELD
                        ") AND (:keeps = 0 OR NOT (" UNSENT "))",
                        PARAMS(P_TEXT("id", registration_id), P_INT("keeps", keeps_unsent)), error);
}

gboolean outbox_drop_warnings(struct db *db, const char *registration_id, GError **error) {
    return db_run(db,
                  "UPDATE alert SET state = " SQL_ALERT_ENDED
                  ", next_at_us = NULL WHERE registration_id = :id AND purpose = " SQL_PURPOSE_EXPIRING
                  " AND state = " SQL_ALERT_QUEUED,
                  PARAMS(P_TEXT("id", registration_id)), error);
}

gboolean store_alerts_hurry(struct db *db, const char *registration_id, gint64 now_at_us,
                            GError **error) {
    return db_run(db,
                  "UPDATE alert SET next_at_us = CASE WHEN next_at_us > :now THEN CAST(:now AS BIGINT) "
                  "ELSE next_at_us END, rank = " SQL_RANK_URGENT
                  " WHERE registration_id = :id AND event_seq IS NOT NULL AND state = " SQL_ALERT_QUEUED
                  " AND (next_at_us > :now OR (rank > " SQL_RANK_URGENT
                  " AND EXISTS (SELECT 1 FROM alert u WHERE u.registration_id = :id AND u.rank "
                  "= " SQL_RANK_URGENT " AND u.state = " SQL_ALERT_QUEUED ")))",
                  PARAMS(P_INT("now", now_at_us), P_TEXT("id", registration_id)), error);
}

gboolean store_alerts_confirm(struct db *db, gint64 seq, gint64 now_at_us, GError **error) {
    return db_run(
        db,
        "UPDATE alert SET state = " SQL_ALERT_CONFIRMED
        ", next_at_us = NULL, confirmed_at_us = :now WHERE "
        "registration_id = (SELECT registration_id FROM alert WHERE seq = :seq) AND "
        "seq <= :seq AND confirmed_at_us IS NULL AND (seq = :seq OR (event_seq IS NOT NULL AND state "
        "= " SQL_ALERT_SENT
        " AND EXISTS (SELECT 1 FROM alert t WHERE t.seq = :seq AND t.event_seq IS NOT NULL)))",
        PARAMS(P_INT("now", now_at_us), P_INT("seq", seq)), error);
}

gboolean store_alert_wrong_pin(struct db *db, gint64 seq, guint most, gboolean *is_locked,
                               GError **error) {
    const gboolean ok =
        db_run(db, "UPDATE alert SET pin_tries = pin_tries + 1 WHERE seq = :seq AND pin_tries < :most",
               PARAMS(P_INT("seq", seq), P_INT("most", most)), error) &&
        db_run(
            db,
            "UPDATE alert SET state = :needs_person, next_at_us = NULL, note = 'too many wrong PINs' "
            "WHERE seq = :seq AND pin_tries >= :most AND confirmed_at_us IS NULL",
            PARAMS(P_INT("needs_person", ALERT_NEEDS_PERSON), P_INT("seq", seq), P_INT("most", most)),
            error);
    *is_locked = ok && db_changes(db) > 0;
    return ok;
}

gboolean store_alert_told(struct db *db, const char *registration_id, gint64 event_seq,
                          gboolean may_withdraw, gboolean *told, gboolean *withdrawn, GError **error) {
    struct db_rows *rows =
        db_query(db,
                 "SELECT seq, state, may_have_left FROM alert WHERE registration_id = "
                 ":registration AND event_seq = :event_seq",
                 PARAMS(P_TEXT("registration", registration_id), P_INT("event_seq", event_seq)));
    gint64 unsent = 0;
    *told = *withdrawn = FALSE;
    if (db_next(rows)) {
        enum store_alert_state state = (enum store_alert_state)db_int(rows, 1);
        if (may_withdraw && state == ALERT_QUEUED && db_int(rows, 2) == 0)
            unsent = db_int(rows, 0);
        else
            *told = state != ALERT_WITHDRAWN && (state != ALERT_WITHHELD || db_int(rows, 2));
    }
    if (!db_done(rows, error))
        return FALSE;
    *withdrawn = unsent != 0;
    return !unsent || db_run(db,
                             "UPDATE alert SET state = " SQL_ALERT_WITHDRAWN
                             ", next_at_us = NULL WHERE seq = :seq",
                             PARAMS(P_INT("seq", unsent)), error);
}

gboolean outbox_withdraw_corrected(struct db *db, const struct store_alert *a, GError **error) {
    gint64 correction;
    return db_number(db,
                     "SELECT c.seq FROM event e JOIN event k ON k.corrects = e.id JOIN alert c ON "
                     "c.event_seq = k.seq AND c.registration_id = :registration AND c.state "
                     "= " SQL_ALERT_QUEUED
                     " AND c.may_have_left = 0 WHERE e.seq = :event AND e.corrects IS "
                     "NULL",
                     PARAMS(P_TEXT("registration", a->registration_id), P_INT("event", a->event_seq)),
                     0, &correction, error) &&
           (!correction ||
            db_run(db,
                   "UPDATE alert SET state = " SQL_ALERT_WITHDRAWN
                   ", next_at_us = NULL WHERE seq IN (:seq, :correction) AND state = " SQL_ALERT_QUEUED
                   " AND may_have_left = 0",
                   PARAMS(P_INT("seq", a->seq), P_INT("correction", correction)), error));
}

struct store_alert *store_alert_get(struct db *db, const char *id, GError **error) {
    struct store_alert *alert = NULL;
    struct db_rows *rows = db_query(db, ALERT_COLUMNS "WHERE id = :id", PARAMS(P_TEXT("id", id)));
    if (db_next(rows))
        alert = read_alert(rows);
    if (db_done(rows, error) && !alert)
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no such alert");
    return alert;
}

void store_alert_facts_clear(struct store_alert_facts *facts) {
    g_free(facts->feed);
    g_free(facts->facility_id);
    g_free(facts->detail);
    g_free(facts->surname);
    g_free(facts->given);
    g_free(facts->now_feed);
    g_free(facts->now_facility_id);
}

/* The booking that what is believed rests on: which they left, or the first that holds them. */
static gboolean read_now(struct db *db, gint64 event_booking, gint64 booking, const char *holders,
                         struct store_alert_facts *facts, GError **error) {
    if (!booking && holders && *holders)
        booking = g_ascii_strtoll(holders, NULL, 10);
    facts->now_is_other_booking = booking && booking != event_booking;
    if (!booking)
        return TRUE;
    struct db_rows *rows = db_query(
        db,
        "SELECT facility, coalesce(roster_feed, (SELECT e.feed FROM event e WHERE e.booking_id "
        "= b.id ORDER BY e.seq DESC LIMIT 1)), flags FROM booking b WHERE id = :id",
        PARAMS(P_INT("id", booking)));
    if (db_next(rows)) {
        facts->now_facility_id = g_strdup(db_text(rows, 0));
        facts->now_feed = g_strdup(db_text(rows, 1));
        facts->subject_flags |= (guint)db_int(rows, 2);
    }
    return db_done(rows, error);
}

/* What that notice said of them, whichever event it was about: that they had left, that they were in,
 * or CUSTODY_CORRECTED for what was neither. Columns 0 and 3 to 5. */
static enum custody_kind told_as(struct db_rows *rows) {
    const enum custody_kind kind = (enum custody_kind)db_int(rows, 0);
    const enum custody_standing standing = (enum custody_standing)db_int(rows, 3);
    const gboolean is_in = standing == STANDING_HELD || standing == STANDING_AWAY;
    const gboolean is_ending = (KIND_BIT(kind) & (KINDS_OUT | KIND_BIT(CUSTODY_TRANSFERRED))) != 0;
    if (db_int(rows, 5))
        return CUSTODY_CORRECTED;
    if (standing >= STANDING_GONE && !db_is_null(rows, 4))
        return (enum custody_kind)db_int(rows, 4);
    if (is_in && (kind == CUSTODY_AS_KNOWN || kind == CUSTODY_CORRECTED))
        return CUSTODY_BACK_ON_ROSTER; /* "was in custody" */
    return is_in && is_ending ? CUSTODY_CORRECTED : kind;
}

/* What the registration was told before this: what the event takes back, else the last. */
gboolean store_alert_earlier_get(struct db *db, const struct store_alert *alert,
                                 struct store_alert_facts *facts, GError **error) {
    struct db_rows *rows = db_query(
        db,
        "SELECT e.kind, e.is_doubtful | (e.about_flags & 1) | e.is_unclear, coalesce(a.handed_at_us, "
        "a.created_at_us), "
        "coalesce(e.standing, 0), e.about_kind, e.is_unclear | (e.about_flags & 2) "
        "FROM alert a JOIN event e ON e.seq = a.event_seq WHERE a.registration_id = :registration AND "
        "a.seq < :seq AND e.booking_id IS NOT NULL AND (e.kind <> " SQL_CUSTODY_STATUS_CHANGED
        " OR (e.is_unclear = 1 AND e.id = (SELECT n.corrects FROM event n WHERE n.seq = :event))) AND "
        "(a.may_have_left = 1 OR a.state NOT IN (" SQL_ALERT_WITHDRAWN ", " SQL_ALERT_WITHHELD
        ", " SQL_ALERT_ENDED ")) ORDER BY e.id = (SELECT n.corrects FROM event n WHERE n.seq = :event) "
        "DESC, a.seq DESC LIMIT 1",
        PARAMS(P_TEXT("registration", alert->registration_id), P_INT("seq", alert->seq),
               P_INT("event", alert->event_seq)));
    if (db_next(rows)) {
        facts->has_earlier = TRUE;
        facts->earlier_kind = told_as(rows);
        facts->earlier_was_doubtful = db_int(rows, 1) != 0;
        facts->earlier_told_at_us = db_int(rows, 2);
    }
    return db_done(rows, error);
}

gboolean store_alert_facts_get(struct db *db, gint64 event_seq, struct store_alert_facts *facts,
                               GError **error) {
    gboolean found = FALSE;
    gint64 event_booking = 0, booking = 0;
    g_autofree char *holders = NULL;
    struct db_rows *rows = db_query(
        db,
        "SELECT e.kind, e.assertion, e.is_unclear, e.occurred_on_date, e.occurred_at_us, "
        "e.observed_at_us, e.recorded_at_us, e.feed, e.facility, e.detail, trim(coalesce(p.surname, "
        "'') || ' ' || coalesce(p.suffix, '')), "
        /* 4, protected, is the person's; sealed and juvenile are the booking's */
        "coalesce(p.given, ''), coalesce(b.flags, 0) | coalesce((SELECT MAX(o.flags & 4) FROM booking "
        "o "
        "WHERE o.person_id = b.person_id), 0), coalesce(e.occurred_to_us, e.occurred_at_us), "
        "e.is_doubtful, e.standing, e.about_flags, e.about_kind, e.about_from_us, e.about_to_us, "
        "coalesce(e.about_booking, 0), e.holders, coalesce(e.booking_id, 0), e.is_within FROM event e "
        "LEFT JOIN booking b ON b.id = e.booking_id LEFT JOIN person p ON p.id = b.person_id "
        "WHERE e.seq = :seq",
        PARAMS(P_INT("seq", event_seq)));
    *facts = (struct store_alert_facts){.feed = NULL};
    if ((found = db_next(rows))) {
        *facts = (struct store_alert_facts){.kind = (enum custody_kind)db_int(rows, 0),
                                            .assertion = (enum custody_assertion)db_int(rows, 1),
                                            .is_unclear = db_int(rows, 2) != 0,
                                            .occurred_on_date = db_int(rows, 3) != 0,
                                            .occurred_at_us = db_time(rows, 4),
                                            .observed_at_us = db_int(rows, 5),
                                            .recorded_at_us = db_int(rows, 6),
                                            .feed = g_strdup(db_text(rows, 7)),
                                            .facility_id = g_strdup(db_text(rows, 8)),
                                            .detail = g_strdup(db_text(rows, 9)),
                                            .surname = g_strdup(db_text(rows, 10)),
                                            .given = g_strdup(db_text(rows, 11)),
                                            .subject_flags = (guint)db_int(rows, 12),
                                            .occurred_to_us = db_time(rows, 13),
                                            .is_doubtful = db_int(rows, 14) != 0,
                                            .has_now = !db_is_null(rows, 15),
                                            .now = (enum custody_standing)db_int(rows, 15),
                                            .now_is_doubtful = (db_int(rows, 16) & 1) != 0,
                                            .now_is_unclear = (db_int(rows, 16) & 2) != 0,
                                            .now_kind = (enum custody_kind)db_int(rows, 17),
                                            .now_from_us = db_time(rows, 18),
                                            .now_to_us = db_time(rows, 19),
                                            .is_within = db_int(rows, 23) != 0};
        booking = db_int(rows, 20);
        holders = g_strdup(db_text(rows, 21));
        event_booking = db_int(rows, 22);
    }
    if (!db_done(rows, error))
        return FALSE;
    if (!found)
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no such event");
    return found && (!facts->has_now || read_now(db, event_booking, booking, holders, facts, error));
}

gboolean store_alert_is_unknown(const struct store_alert_row *row, gint64 now_at_us) {
    return row->state == ALERT_SENDING &&
           (row->until_at_us <= now_at_us || row->until_at_us > now_at_us + 2 * STORE_LEASE_US);
}

/* ── Listings and counts ───────────────────────────────────────────────────────────────────────── */

gboolean store_alerts_list(struct db *db, const char *id, gboolean only_waiting, guint limit,
                           store_alert_fn each, void *context, GError **error) {
    struct db_rows *rows = db_query(
        db,
        "SELECT a.id, a.registration_id, p.key, e.kind, e.id, a.note, a.purpose, a.state, "
        "a.created_at_us, a.handed_at_us, a.confirmed_at_us, a.next_at_us, a.attempts, a.reminder, "
        "a.until_at_us FROM alert a LEFT JOIN event e ON e.seq = a.event_seq LEFT JOIN registration r "
        "ON r.id = "
        "a.registration_id LEFT JOIN person p ON p.id = r.person_id WHERE a.id = coalesce(:id, a.id) "
        "AND (:waiting = 0 OR a.state = " SQL_ALERT_NEEDS_PERSON " OR (a.state = " SQL_ALERT_WITHHELD
        " AND NOT EXISTS (SELECT 1 FROM agency_watch w "
        "WHERE w.registration_id = a.registration_id))) ORDER BY a.seq DESC LIMIT :most",
        PARAMS(P_TEXT("id", id), P_INT("waiting", only_waiting), P_INT("most", limit)));
    while (db_next(rows)) {
        char event[33] = "";
        gsize n;
        const guint8 *event_id = db_blob(rows, 4, &n);
        if (event_id && n == CUSTODY_EVENT_ID_BYTES)
            custody_event_id_format(event_id, event);
        const struct store_alert_row row = {
            .id = db_text(rows, 0),
            .registration_id = db_text(rows, 1),
            .person = db_text(rows, 2),
            .kind = db_is_null(rows, 3) ? NULL : custody_kind_name((enum custody_kind)db_int(rows, 3)),
            .event = event,
            .note = db_text(rows, 5),
            .purpose = (enum store_alert_purpose)db_int(rows, 6),
            .state = (enum store_alert_state)db_int(rows, 7),
            .created_at_us = db_int(rows, 8),
            .handed_at_us = db_time(rows, 9),
            .confirmed_at_us = db_time(rows, 10),
            .next_at_us = db_time(rows, 11),
            .attempts = (guint)db_int(rows, 12),
            .reminder = (guint)db_int(rows, 13),
            .until_at_us = db_time(rows, 14)};
        each(&row, context);
    }
    return db_done(rows, error);
}

static int compare_numbers(gconstpointer a, gconstpointer b) {
    gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;
    return x < y ? -1 : x > y;
}

static gboolean count_latency(struct db *db, struct store_alert_counts *counts, GError **error) {
    g_autoptr(GArray) latencies = g_array_new(FALSE, FALSE, sizeof(gint64));
    struct db_rows *rows =
        db_query(db,
                 "SELECT handed_at_us - created_at_us FROM alert WHERE purpose = " SQL_PURPOSE_ALERT " "
                 "AND handed_at_us IS NOT NULL ORDER BY seq DESC LIMIT 1000",
                 NO_PARAMS);
    while (db_next(rows)) {
        gint64 latency = db_int(rows, 0);
        g_array_append_val(latencies, latency);
    }
    if (!db_done(rows, error))
        return FALSE;
    if (!latencies->len)
        return TRUE;
    g_array_sort(latencies, compare_numbers);
    counts->handed_latency_p50_us = g_array_index(latencies, gint64, latencies->len / 2);
    counts->handed_latency_p99_us = g_array_index(latencies, gint64, (latencies->len * 99 - 1) / 100);
    return TRUE;
}

static gboolean count_retrying(struct db *db, struct store_alert_counts *counts, GError **error) {
    struct db_rows *rows =
        db_query(db,
                 "SELECT count(*) OVER (), note FROM alert WHERE state = " SQL_ALERT_QUEUED
                 " AND attempts > 0 ORDER BY planned_at_us DESC LIMIT 1",
                 NO_PARAMS);
    if (db_next(rows)) {
        counts->retrying = (guint64)db_int(rows, 0);
        text_copy(counts->last_answer, sizeof counts->last_answer, db_text(rows, 1));
    }
    return db_done(rows, error);
}

gboolean store_alert_count(struct db *db, struct store_alert_counts *counts, GError **error) {
    *counts = (struct store_alert_counts){.oldest_queued_at_us = TIME_UNKNOWN};
    struct db_rows *rows = db_query(
        db,
        "SELECT state, count(*), min(created_at_us) FROM alert a WHERE state <> " SQL_ALERT_WITHHELD
        " OR NOT EXISTS "
        "(SELECT 1 FROM agency_watch w WHERE w.registration_id = a.registration_id) GROUP BY state",
        NO_PARAMS);
    while (db_next(rows)) {
        guint64 n = (guint64)db_int(rows, 1);
        switch ((enum store_alert_state)db_int(rows, 0)) {
        case ALERT_QUEUED:
        case ALERT_SENDING:
            counts->queued += n;
            if (counts->oldest_queued_at_us == TIME_UNKNOWN ||
                counts->oldest_queued_at_us > db_int(rows, 2))
                counts->oldest_queued_at_us = db_int(rows, 2);
            break;
        case ALERT_SENT:
        case ALERT_SUPERSEDED: counts->sent += n; break;
        case ALERT_CONFIRMED: counts->confirmed += n; break;
        case ALERT_NEEDS_PERSON: counts->needs_person += n; break;
        case ALERT_WITHHELD: counts->withheld += n; break;
        default: break;
        }
    }
    return db_done(rows, error) && count_retrying(db, counts, error) &&
           count_latency(db, counts, error);
}
