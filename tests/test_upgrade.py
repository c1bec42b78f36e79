"""A site made by an old program, opened by this one: nothing is lost, and what waited is sent.

tests/sites/make.py made each archive, and says what it holds and why. The tables below are what it means to leave
behind, by the names of people. Archives may be opened years after they were made.
"""
import base64
import hashlib
import hmac
import json
import re
import sqlite3
import tarfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from conftest import Server, Site

ARCHIVES = sorted((Path(__file__).resolve().parent / "sites").glob("v*.tar.xz"))
CONFLICT = 6

FEEDS = {  # state, people on the list, problems
    "city": ("alive", 0, 1), "east": ("alive", 3, 0), "hills": ("silent", 2, 0), "north": ("alive", 29, 0),
    "north-events": ("alive", 0, 0), "south": ("alive", 0, 0), "west": ("held", 19, 3)}
LISTS = {  # west's, by day: what became of each
    "02-01": "stale", "03-01": "loaded", "03-02": "superseded", "03-03": "loaded", "03-04": "rejected",
    "03-05": "repeated", "03-12": "held"}
PROBLEMS = {("city", 4, "person"), ("west", 0, ""), ("west", 22, ""), ("west", 23, "booking")}

USUAL = ("other", "en", "active")
REGISTRATIONS = Counter([  # relation, language, state; agencies' watches are in a table of their own
    *(("north:" + person, None, *USUAL) for person in "alder ash aspen birch cedar linden maple myrtle oak".split()),
    *((person, None, *USUAL) for person in ("hills:hornbeam", "south:willow", "south:sycamore", "south:sassafras")),
    ("north:larch", "b-larch", *USUAL),
    ("north:beech", None, "other", "es", "active"), ("north:poplar", None, "other", "es", "active"),
    ("north:laurel", None, "other", "es", "active"), ("north:laurel", None, "counsel", "en", "active"),
    ("north:cherry", None, "family", "en", "active"),
    ("north:olive", None, "family", "en", "active"), ("north:olive", None, "survivor", "en", "active"),
    ("north:fir", None, "other", "en", "unconfirmed"), ("north:hazel", None, "other", "en", "unconfirmed"),
    ("north:plum", None, "other", "es", "unconfirmed"),
    ("north:juniper", None, "other", "en", "expired"),
    ("north:holly", None, "other", "en", "ended"),    # five wrong codes
    ("north:cypress", None, "other", "en", "ended"),  # with a last message
    ("north:plum", None, "other", "en", "ended"),     # … that has not left
    ("north:elm", None, "other", "en", "ended")])     # without

WATCHES = {"pine": "asked", "walnut": "approved", "cedar": "approved", "spruce": "refused", "rowan": "refused",
           "mulberry": "ended", "magnolia": "ended"}
ENTRIES = {  # of the ledger, by person: type, denied
    "pine": [("watch_asked", False)],
    "spruce": [("watch_refused", True)],
    "rowan": [("watch_asked", False), ("watch_refused", False)],
    "walnut": [("watch_asked", False), ("watch_approved", False), ("disclosure", False)],
    "cedar": [("watch_asked", False), ("watch_approved", False), ("disclosure", True)],
    "mulberry": [("watch_asked", False), ("watch_approved", False), ("watch_ended", False)],
    "magnolia": [("watch_asked", False), ("watch_approved", False), ("watch_ended", False)]}
N_ENTRIES = 2 + sum(map(len, ENTRIES.values()))  # and the policy, and an hour

ALERTS = Counter({  # person, kind, state
    ("alder", "released", "confirmed"): 1,
    ("ash", "released", "needs_person"): 1,           # five wrong PINs
    ("aspen", "released", "needs_person"): 1,         # the server refused the address
    ("beech", "released", "sent"): 1,                 # and once again, as a reminder
    ("birch", "temporary_absence", "superseded"): 1, ("birch", "released", "sent"): 1,
    ("cedar", "released", "withheld"): 2,             # sealed: a registered person's, and an agency's
    ("cherry", "left_roster", "withdrawn"): 1,
    ("cypress", "released", "ended"): 1, ("elm", "released", "ended"): 1,
    ("hornbeam", "feed_silent", "sent"): 1,
    ("juniper", "released", "queued"): 1,             # whose registration has expired since: it was owed in time
    ("larch", "transferred", "sent"): 1,
    ("laurel", "released", "queued"): 2,
    ("linden", "released", "queued"): 1,              # twice tried
    # What the old program was sending when it was killed: nobody has it any more.
    ("maple", "released", "unknown"): 1,
    ("myrtle", "booked", "sent"): 1,                  # of who is possibly the same
    ("oak", "released", "unknown"): 1,                # a reminder
    ("olive", "released", "queued"): 2,               # a juvenile's
    ("poplar", "booked", "sent"): 1, ("sassafras", "booked", "sent"): 1, ("willow", "booked", "sent"): 1,
    ("sycamore", "booked", "superseded"): 1, ("sycamore", "corrected", "sent"): 1,
    ("walnut", "released", "sent"): 1})               # an agency's
OTHERS = Counter({  # purpose, state
    ("code", "sent"): REGISTRATIONS.total() - 1, ("code", "unknown"): 1,
    ("ended", "sent"): 1, ("ended", "unknown"): 1,
    # stale, twice held, refused, withheld, silent, locked; an address refused, and a list held
    ("page", "sent"): 7, ("page", "queued"): 3})

SENT_AFTER = {  # who: what they get once mail goes out again: which message, the first one or a reminder
    "juniper": [0], "laurel": [0, 0], "linden": [0], "maple": [0], "oak": [1], "olive": [0]}


def unpack(archive, folder):
    with tarfile.open(archive) as file:
        file.extractall(folder)
    return Site(folder / "site")


@pytest.fixture(params=ARCHIVES, ids=[path.name.split(".")[0] for path in ARCHIVES])
def old(request, tmp_path):
    return unpack(request.param, tmp_path)


def alerts(site):
    return Counter((a["person"], a["kind"], a["state"]) for a in site.json("alert", "list") if a["purpose"] == "alert")


def others(site):
    return Counter((a["purpose"], a["state"]) for a in site.json("alert", "list") if a["purpose"] != "alert")


def watches(site):
    return {row["document"].removeprefix("26CR-"): row for row in site.json("agency", "list")}


def mend_the_mail(site):
    """Mail goes into the Maildir from now on, and nobody is given up for the years that the archive lay about."""
    text = (site.path / "site.yaml").read_text()
    text = text.replace("transport: smtp", "transport: maildir")
    site.configure(text.replace("remind_every: 30m", "remind_every: 1800d"))


# ── Everything is there ───────────────────────────────────────────────────────────────────────────

def test_feeds_are_as_they_were(old, tmp_path):
    rows = {row["feed"]: row for row in old.json("feed", "status")}
    assert {feed: (row["state"], row["people"], row["problems"]) for feed, row in rows.items()} == FEEDS
    assert rows["west"]["held"] == 1 and "lacks 16 of them" in rows["west"]["held_reason"]
    assert rows["hills"]["silent_since"] == "2026-03-03T01:00:00Z"
    assert {(p["feed"], p["row"], p["field"]) for p in old.json("feed", "problems")} == PROBLEMS
    for day, state in LISTS.items():
        said = old.run("feed", "check", "west", tmp_path / "files" / f"west_2026-{day}.csv").stdout
        assert f"this file was taken before ({state})" in said, day
    assert old.run("feed", "secret", "city").stdout.startswith("whsec_")


def test_a_held_list_can_still_be_accepted(old):
    *events, _ = old.json("feed", "accept", "west")
    assert Counter(event["kind"] for event in events) == {"left_roster": 16}
    assert {row["feed"]: row["state"] for row in old.json("feed", "status")}["west"] == "alive"


def test_registrations_are_as_they_were(old):
    agencies = {row["watch"] for row in watches(old).values()}
    rows = [row for row in old.json("watch", "list") if row["registration"] not in agencies]
    assert Counter((f"{row['scope']}:{row['person']}", row["booking"], row["relation"], row["language"], row["state"])
                   for row in rows) == REGISTRATIONS
    kinds = {row["person"]: row["events"] for row in rows}
    assert kinds["myrtle"] == "booked,released" and kinds["cherry"] == "left_roster,back_on_roster"


def test_agencies_watches_are_as_they_were(old):
    rows = watches(old)
    assert {person: row["state"] for person, row in rows.items()} == WATCHES
    assert rows["rowan"]["reason"] == "another Rowan is meant" and rows["rowan"]["decided_by"] == "Lt. Okafor"
    assert rows["spruce"]["decided_by"] is None and rows["spruce"]["basis"] == "agency_warrant_form"
    assert {row["recipient"] for row in rows.values()} == {"north-sheriff"}
    assert [row["document"] for row in old.json("agency", "list", "--waiting")] == ["26CR-pine"]


def test_alerts_are_as_they_were(old):
    assert alerts(old) == ALERTS and others(old) == OTHERS
    states = {state for *_, state in ALERTS} | {state for _, state in OTHERS}
    assert states == {"queued", "unknown", "sent", "confirmed", "needs_person", "withdrawn", "superseded", "withheld",
                      "ended"}
    waiting = Counter((a["person"], a["state"]) for a in old.json("alert", "list", "--waiting"))
    assert waiting == {("ash", "needs_person"): 1, ("aspen", "needs_person"): 1, ("cedar", "withheld"): 1}
    tries = {a["person"]: a["attempts"] for a in old.json("alert", "list") if a["purpose"] == "alert"}
    assert (tries["linden"], tries["laurel"], tries["oak"], tries["beech"]) == (2, 0, 2, 2)
    assert all(a["confirmed_at"] for a in old.json("alert", "list") if a["state"] == "confirmed")


def test_the_ledger_is_whole_and_opens(old, tmp_path):
    for person, types in ENTRIES.items():
        rows = old.json("ledger", "subject", f"north:{person}")
        assert [(row["type"], row["denied"]) for row in rows] == types and all(row["opens"] for row in rows)
    old.run("ledger", "export", tmp_path / "log")
    key = old.run("ledger", "checkpoint", "--vkey").stdout.strip()
    verified, = old.json("ledger", "verify", tmp_path / "log", "--key", key)
    assert verified["ok"] and verified["origin"] == "alerts.x.test/log" and verified["size"] >= N_ENTRIES
    counts = {row["basis"]: tuple(row[k] for k in ("asked", "approved", "refused", "alerts", "alerts_denied"))
              for row in old.json("ledger", "report", "--year=2026")}
    assert counts == {"judicial_warrant": (6, 4, 1, 1, 1), "agency_warrant_form": (1, 0, 1, 0, 0)}
    notices = {a["person"]: a["alert"] for a in old.json("alert", "list") if a["purpose"] == "alert"}
    for person in ("alder", "ash"):  # the hour in which they were told is closed
        assert old.json("ledger", "notice", notices[person])[0]["index"] < N_ENTRIES
    witnessed, = old.json("witness", "list")
    assert (witnessed["origin"], witnessed["size"]) == ("neighbour.x.test/log", 1)


def test_people_and_their_events_are_as_they_were(old):
    shown = {person: old.json("person", "show", f"north:{person}") for person in ("larch", "cherry", "hemlock")}
    assert {person: [event["kind"] for event in events] for person, (_, *events) in shown.items()} == {
        "larch": ["transferred"], "cherry": ["left_roster", "back_on_roster"], "hemlock": ["booked"]}
    assert shown["larch"][0]["facility"] == "north-annex"
    assert [p["person"] for p in old.json("person", "search", "tamarack")] == ["tamarack"]  # renamed
    assert {p["person"] for p in old.json("person", "search", "poplar")} == {"poplar", "poplar-2"}


def test_doctor_finds_what_is_wrong_with_the_jails_and_nothing_with_the_site(old):
    checks = {row["check"]: row["ok"] for row in old.json("doctor", check=False)}
    for check in ("the store is whole", "the policy keeps its guarantees", "the feed north is alive",
                  "keys/site.key is readable by its owner only", "keys/contacts.db is readable by its owner only"):
        assert checks[check], check
    assert not checks["the feed hills is silent"] and not checks["the feed west is held"]
    assert not checks["no alert waits for a person"]


def test_what_no_command_shows_is_there(old):
    """Read from the database: a schema that moves it takes this test along."""
    old.run("feed", "status")
    with closing(sqlite3.connect(old.path / "tocsin.db")) as db:
        def one(sql):
            return db.execute(sql).fetchone()[0]

        of = "FROM registration r JOIN person p ON p.id = r.person_id WHERE p.key"
        assert one(f"SELECT r.code_tries {of} = 'hazel'") == 2
        assert one(f"SELECT max(r.role_verified) {of} = 'olive'") == "victim services, badge 12"
        handed_over = dict(db.execute(
            "SELECT p.key, a.reminder FROM alert a JOIN registration r ON r.id = a.registration_id JOIN person p ON "
            "p.id = r.person_id WHERE a.purpose = 0 AND p.key IN ('beech', 'oak', 'maple', 'larch')"))
        assert handed_over == {"beech": 2, "oak": 1, "maple": 0, "larch": 1}
        assert one("SELECT drop_folder FROM feed WHERE id = 'north'") == "/srv/orchard/drop"
        links = {tuple(sorted(pair)): state for *pair, state in db.execute(
            "SELECT p.key, q.key, state FROM person_link l JOIN person p ON p.id = l.a JOIN person q ON q.id = l.b")}
        assert links == {("myrtle", "myrtle-2"): 0, ("poplar", "poplar-2"): 1, ("sassafras", "sassafras-2"): 1,
                         ("willow", "willow-2"): 2, ("sycamore", "sycamore-2"): 3}
        assert one("SELECT count(*) FROM person_key") == 2
        renamed = "SELECT count(*) FROM person_change c JOIN person p ON p.id = c.person_id WHERE p.key = 'tamarack'"
        assert one(renamed) == 2
        # Registered people's notices; those that were tried before the end have their place in the hour too.
        assert one("SELECT count(*) FROM ledger_notice") >= 15 and one("SELECT count(*) FROM ledger_hour") >= 1


# ── What waits is sent, and nothing is lost ───────────────────────────────────────────────────────

def test_what_was_queued_or_may_have_left_is_sent_once(old):
    before = {a["alert"]: a for a in old.json("alert", "list")}
    plum, = [a["registration"] for a in before.values() if a["purpose"] == "ended" and a["state"] == "unknown"]
    assert plum.encode() in (old.path / "keys" / "contacts.db").read_bytes()
    mend_the_mail(old)
    old.run("alert", "send", check=False)
    after = {a["alert"]: a for a in old.json("alert", "list")}
    assert before.keys() <= after.keys()

    sent = Counter({("page", "sent"): 11, ("code", "sent"): REGISTRATIONS.total(), ("ended", "sent"): 2})
    assert others(old) == sent  # a page more: an alert was withheld
    expected = Counter({row: n for row, n in ALERTS.items() if row[2] not in ("queued", "unknown")})
    expected.update({("olive", "released", "withheld"): 1})
    expected.update({(person, "released", "sent"): len(numbers) for person, numbers in SENT_AFTER.items()})
    assert alerts(old) == expected

    ids = [re.search(r"^Message-ID: <(\w+)\.(\d+)@", mail, re.M | re.I).groups() for mail in old.mail()]
    assert len(ids) == len(set(ids))
    got = {}
    for id_, number in ids:
        if after[id_]["purpose"] == "alert":
            got.setdefault(after[id_]["person"], []).append(int(number))
        else:
            assert number == "0"
    assert {person: sorted(got[person]) for person in SENT_AFTER} == SENT_AFTER
    # What may have left is tried again under the Message-ID that it left with.
    left = {(id_, "1" if a["person"] == "oak" else "0") for id_, a in before.items() if a["state"] == "unknown"}
    assert len(left) == 4 and left <= set(ids)
    assert not {id_ for id_, _ in ids} & {id_ for id_, a in before.items() if a["state"] in (
        "confirmed", "needs_person", "withdrawn", "superseded", "withheld", "ended")}
    mails = {to: mail for mail in old.mail() for to in re.findall(r"^To: <?([\w.@-]+)", mail, re.M)}
    assert "OLIVE" not in mails["olive-verified@x.test"].upper().split("\n\n", 1)[1].replace("OLIVE-VERIFIED", "")
    assert "olive@x.test" not in mails and 'Laurel' in mails["laurel-es@x.test"] and "operator@x.test" in mails
    # The last message has left: the contact is no more.
    assert plum.encode() not in (old.path / "keys" / "contacts.db").read_bytes()
    assert old.run("alert", "send").stdout.startswith("0 handed over")


def push(server, secret, key, events):
    body, stamp = json.dumps(events).encode(), str(int(time.time()))
    mac = hmac.new(base64.b64decode(secret), f"{key}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return server.request("POST", "/v1/feeds/city/events", body, {
        "Idempotency-Key": key, "webhook-timestamp": stamp, "Content-Type": "application/json",
        "webhook-signature": "v1," + base64.b64encode(mac).decode()})


def test_who_is_who_stays_decided_and_the_source_can_go_on(old):
    """Pushed under the old secret; who follows one number is told of the other, unless a clerk parted them."""
    pair, = old.json("person", "possible")
    assert (pair["a"], pair["b"]) == ("north:myrtle", "south:myrtle-2")
    mend_the_mail(old)
    old.run("alert", "send", check=False)
    before = alerts(old)
    secret = old.run("feed", "secret", "city").stdout.strip().removeprefix("whsec_")
    releases = [{"id": f"r{i}", "person": person, "booking": f"b-{person}", "what": "released",
                 "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))}
                for i, person in enumerate(("willow-2", "sassafras-2", "sycamore-2"))]
    server = Server(old)
    try:
        assert push(server, secret, "push-1", releases)[0] == 409  # that key came with other content
        assert push(server, secret, "push-2", releases)[0] == 200
        server.wait_until(lambda: (alerts(old) - before)[("willow", "released", "sent")] == 1)
        server.wait_until(lambda: (alerts(old) - before)[("sassafras", "released", "sent")] == 1)
    finally:
        assert server.stop() == 0
    assert not [row for row in alerts(old) if row[:2] == ("sycamore", "released")]
    old.run("person", "join", "city:sycamore-2", "east:chestnut", "--by", "Clerk Ash")
    done = old.run("person", "join", "east:chestnut", "south:sycamore", "--by", "Clerk Ash", check=False)
    assert done.returncode == CONFLICT


# ── The schema ────────────────────────────────────────────────────────────────────────────────────

def schema(path):
    """Every table and index as it was made, without comments, and white space only where it tells words apart."""
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat%'").fetchall()
        version, = db.execute("PRAGMA user_version").fetchone()
    plain = [re.sub(r"--[^\n]*", "", sql or "") for *_, sql in rows]
    plain = [re.sub(r"\s*([(),=])\s*", r"\1", re.sub(r"\s+", " ", sql).strip()) for sql in plain]
    return version, {row[:2]: sql for row, sql in zip(rows, plain)}


def test_an_upgraded_schema_is_that_of_a_new_site(old, tmp_path):
    old.run("feed", "status")
    new = Site(tmp_path / "new")
    for file in ("tocsin.db", "keys/contacts.db"):
        (old_version, old_rows), (new_version, new_rows) = schema(old.path / file), schema(new.path / file)
        assert old_version == new_version
        assert old_rows.keys() == new_rows.keys()
        for key, sql in new_rows.items():
            assert old_rows[key] == sql, key


def test_what_an_upgrade_believes_otherwise_is_paged_once(old):
    pages = lambda: [a for a in old.json("alert", "list") if a["purpose"] == "page" and "watch differences" in a["answer"]]
    assert len(pages()) == 1
    old.run("feed", "status")
    assert len(pages()) == 1
