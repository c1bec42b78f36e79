"""Attacks on the linker and on the public search. What is marked shows a defect that is there; the rest failed as attacks."""
import datetime
import itertools
import json
import os
import re
import shutil
import signal
import sqlite3
import tempfile
import time
from pathlib import Path

import pytest

from conftest import ROOT, Site, defect, wrong_today
from smtp_peer import Peer
from test_linking import FEED, alerts, bodies, follow, jails, link  # noqa: F401 (a fixture)
from test_search import PEOPLE, named, searched  # noqa: F401 (fixtures)

pytestmark = pytest.mark.full
WREN = ("POPLAR", "WREN", "1980-01-31")


def third_jail(site, tmp_path, name="west", columns=FEED):
    mapping = tmp_path / f"{name}.yaml"
    mapping.write_text(columns.format(name=name, title=name.title()), encoding="utf-8")
    site.run("feed", "add", mapping)


def begin(site):
    """Makes every feed's history end: what comes now is news."""
    for n, jail in enumerate(("north", "south")):
        site.happen(jail, f"9{n}", f"HISTORY{'AB'[n]}", "IDA", "1931-05-06")
    link(site)


def at_once(site, tmp_path, jail, *events, options=()):
    """Several events in one file: (person, last, first, dob, what, minutes ago[, booking])."""
    at_once.n = getattr(at_once, "n", 0)
    rows = []
    for person, last, first, dob, what, minutes, *booking in events:
        at_once.n += 1
        when = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=minutes)
        rows.append({"id": f"m{at_once.n}", "person": person, "booking": booking[0] if booking else f"{jail}-b{person}", "last": last,
                     "first": first, "dob": dob, "what": what, "when": when.isoformat(timespec="seconds")})
    path = tmp_path / f"{jail}-m{at_once.n}.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    site.run("feed", "load", jail, path, "--no-send", *options)


def wrong_notices(site):
    return sum("It was not about the person you asked about" in " ".join(b.replace("=\n", "").split()) for b in bodies(site))


def states(site):
    return [a["state"] for a in alerts(site)]


def block_mail(site):
    """From here on commands do what they are asked, cannot begin to send, and end with the error of that."""
    (site.path / "mail").rename(site.path / "mail.away")
    (site.path / "mail").write_text("in the way")


def unblock_mail(site):
    """… and after it, so much later that what could not leave is tried again."""
    (site.path / "mail").unlink()
    (site.path / "mail.away").rename(site.path / "mail")
    site.later(minutes=5)


def heard(site, followed, booked):
    """Of whose bookings those hear who follow somebody: in a copy of the site, where the one are followed and the other
    booked anew. A list of numbers for each that is followed."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(site.path, Path(folder) / "site")
        twin, whose = Site(Path(folder) / "site"), {}
        twin.run("alert", "send", check=False)
        mine = [twin.register(label, email=f"{n}@hears.example", events="booked") for n, label in enumerate(followed)]
        for label in booked:
            now = datetime.datetime.fromtimestamp(twin.now(), datetime.timezone.utc)
            event = {**site.said[label], "id": f"anew {label}", "booking": f"anew {label}", "what": "booked",
                     "when": now.isoformat(timespec="seconds")}
            (twin.path / "anew.json").write_text(json.dumps([event]), encoding="utf-8")
            os.utime(twin.path / "anew.json", (twin.now(), twin.now()))
            (news,), _ = twin.load(label.partition(":")[0], twin.path / "anew.json", "--no-send")
            whose[news["event_id"]] = label
        return [[whose[a["event_id"]] for a in alerts(twin) if a["registration"] == id_] for id_ in mine]


def are_one(site, one, other):
    """Whether two numbers are one person's: who follows the one hears of the other."""
    return heard(site, [one], [other]) == [[other]]


def wait_for_linker(server, site, number=itertools.count(1)):
    """Until it has looked at everybody: at two as well who came last and may be one."""
    n = next(number)
    for jail in ("north", "south"):
        site.happen(jail, f"last{n}", f"{'BCDFGHJK'[n % 8]}ILVENDRE", "ISOLDE")
    server.wait_until(lambda: {f"north:last{n}", f"south:last{n}"} in
                      [{row["a"], row["b"]} for row in site.json("person", "possible")])


# ── Alerts that are lost ──


def test_a_release_is_told_though_something_else_happened_after_it(jails, tmp_path):
    begin(jails)
    jails.happen("north", "1", *WREN)
    follow(jails, "north:1", kinds="released")
    at_once(jails, tmp_path, "south", ("77", *WREN, "booked", 50, "X1"), ("77", *WREN, "released", 40, "X1"),
            ("77", *WREN, "booked", 30, "X2"))
    assert link(jails)["sure"] == 1
    assert len(alerts(jails)) == 1


def test_when_two_groups_become_one_the_news_of_all_members_is_told(jails, tmp_path):
    begin(jails)
    third_jail(jails, tmp_path)
    jails.happen("west", "90", "HISTORYC", "IDA", "1931-05-06")
    jails.happen("north", "1", *WREN)
    follow(jails, "north:1", kinds="released")
    jails.happen("south", "77", "POPLARD", "BRENNA", "1966-06-06")
    jails.happen("west", "5", "OAKES", "QUILL", "1977-07-07")
    link(jails)
    jails.run("person", "join", "south:77", "west:5", "--by", "Ash")
    jails.happen("west", "5", "OAKES", "QUILL", "1977-07-07", what="released")
    assert alerts(jails) == []
    jails.run("person", "join", "north:1", "south:77", "--by", "Ash")
    assert len(alerts(jails)) == 1


def test_parting_one_leaves_alone_what_the_others_were_rightly_told(jails, tmp_path):
    begin(jails)
    jails.happen("north", "1", *WREN)
    follow(jails, "north:1", kinds="released")
    jails.happen("south", "77", *WREN)
    link(jails)
    jails.happen("north", "2", *WREN)
    jails.run("person", "join", "north:1", "north:2", "--by", "Ash")
    jails.happen("south", "77", *WREN, what="released")  # queued: about one who stays
    assert states(jails) == ["queued"]
    done = jails.json("person", "part", "north:2", "north:1", "--by", "Ash")
    assert are_one(jails, "north:1", "south:77")
    assert "withdrawn" not in states(jails) and done[-1]["corrected"] == 0


def test_refusing_a_possible_pair_leaves_the_sure_one_alone(jails, tmp_path):
    begin(jails)
    third_jail(jails, tmp_path)
    jails.happen("west", "5", "POPLAR", "WREN")  # no birth date: possible
    jails.happen("north", "1", *WREN)
    follow(jails, "north:1", kinds="released")
    jails.happen("south", "77", *WREN)
    link(jails)
    assert are_one(jails, "north:1", "south:77") and not are_one(jails, "north:1", "west:5")
    jails.happen("south", "77", *WREN, what="released")
    assert states(jails) == ["queued"]
    done = jails.json("person", "part", "south:77", "west:5", "--by", "Ash")
    assert "withdrawn" not in states(jails) and done[-1]["corrected"] == 0


def test_what_was_withdrawn_by_mistake_is_told_when_they_are_joined_again(jails):
    begin(jails)
    jails.happen("north", "1", *WREN)
    follow(jails, "north:1", kinds="released")
    jails.happen("south", "77", *WREN)
    link(jails)
    jails.happen("south", "77", *WREN, what="released")
    jails.run("person", "part", "south:77", "north:1", "--by", "Ash")
    assert states(jails) == ["withdrawn"]
    jails.run("person", "join", "south:77", "north:1", "--by", "Ash")
    assert "withdrawn" not in states(jails)


def test_a_person_parted_from_the_wrong_one_brings_the_news_to_the_right_one(jails):
    begin(jails)
    jails.happen("north", "1", *WREN)
    jails.happen("north", "2", "POPLAR", "WRENNA", "1980-01-13")
    follow(jails, "north:1", kinds="released")
    jails.happen("south", "77", *WREN)
    link(jails)
    jails.happen("south", "77", *WREN, what="released")
    jails.run("alert", "send", check=False)
    right = jails.register("north:2", email="bea@example.org", events="released")
    jails.run("person", "part", "south:77", "north:1", "--by", "Ash")
    jails.run("person", "join", "south:77", "north:2", "--by", "Ash")
    assert [a for a in alerts(jails) if a["registration"] == right]


def test_a_correction_that_waits_survives_a_second_part(jails):
    begin(jails)
    jails.happen("north", "1", *WREN)
    follow(jails, "north:1")
    jails.happen("south", "77", *WREN)
    link(jails)
    assert states(jails) == ["sent"]
    block_mail(jails)
    jails.run("person", "part", "south:77", "north:1", "--by", "Ash", check=False)
    jails.run("person", "part", "south:77", "north:1", "--by", "Ash", check=False)
    unblock_mail(jails)
    jails.run("alert", "send", check=False)
    assert wrong_notices(jails) == 1


def test_parting_twice_tells_once(jails):
    begin(jails)
    jails.happen("north", "1", *WREN)
    follow(jails, "north:1")
    jails.happen("south", "77", *WREN)
    link(jails)
    for _ in range(2):
        jails.run("person", "part", "south:77", "north:1", "--by", "Ash")
    assert wrong_notices(jails) == 1


def test_the_order_of_the_two_numbers_does_not_matter(jails):
    begin(jails)
    jails.happen("north", "1", *WREN)
    follow(jails, "north:1")
    jails.happen("south", "77", "POPLAR", "WREN")
    assert link(jails) == {"sure": 0, "possible": 1}
    jails.run("alert", "send", check=False)
    jails.run("person", "part", "north:1", "south:77", "--by", "Ash")
    assert wrong_notices(jails) == 1


def test_people_from_before_the_upgrade_are_linked(jails):
    jails.happen("north", "1", *WREN)
    jails.happen("south", "77", *WREN)
    with sqlite3.connect(jails.path / "tocsin.db") as store:
        # Past the program, which makes no old store: what the steps after the second made is taken away, last first.
        for name in re.findall(r"CREATE INDEX (\w+)", (ROOT / "share/schema/keeping.sql").read_text()):
            store.execute(f"DROP INDEX {name}")
        store.execute("CREATE INDEX alert_due ON alert (next_at_us) WHERE next_at_us IS NOT NULL")
        store.executescript("""
            DROP INDEX event_doubtful;
            DROP INDEX booking_out;
            CREATE INDEX booking_out ON booking (roster_feed) WHERE listing = 1 AND standing = 2 AND row_says_out = 0;
            UPDATE booking SET standing = 0;
            ALTER TABLE booking ADD COLUMN said_at_us INTEGER;
            ALTER TABLE booking ADD COLUMN said_on_date INTEGER NOT NULL DEFAULT 0;
            ALTER TABLE booking ADD COLUMN out_seen_at_us INTEGER;
            DROP TABLE duty;
            DROP INDEX alert_sending;
            DROP INDEX agency_watch_asked;
            CREATE INDEX alert_waits ON alert (state) WHERE state IN (1, 4, 7);
            ALTER TABLE alert DROP COLUMN node;
            ALTER TABLE alert DROP COLUMN term;
            ALTER TABLE alert DROP COLUMN until_at_us;
            ALTER TABLE alert DROP COLUMN may_have_left;
            ALTER TABLE alert DROP COLUMN planned_at_us;
            DROP TABLE contact;
            ALTER TABLE registration ADD COLUMN contact_box BLOB NOT NULL DEFAULT x'';
            ALTER TABLE registration ADD COLUMN contact_hash BLOB NOT NULL DEFAULT x'';
            CREATE INDEX registration_by_contact ON registration (contact_hash);""")
        store.execute("DROP TABLE expunged")
        store.execute("DROP TABLE legible")
        store.execute("DROP TABLE clock")
        added = (ROOT / "share/schema/truth.sql").read_text() + (ROOT / "share/schema/keeping.sql").read_text()
        for table, column in re.findall(r"ALTER TABLE (\w+) ADD COLUMN (\w+)", added):
            store.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        for table in re.findall(r"CREATE TABLE (\w+)", (ROOT / "share/schema/people.sql").read_text()):
            store.execute(f"DROP TABLE {table}")
        store.execute("PRAGMA user_version = 2")
    assert link(jails)["sure"] == 1


def test_silence_of_the_jail_that_holds_the_other_number_is_told(jails, serve):
    begin(jails)
    jails.happen("north", "1", *WREN)
    jails.happen("north", "1", *WREN, what="released")
    mine = follow(jails, "north:1", kinds="released,feed_silent")
    jails.happen("south", "77", *WREN)
    link(jails)
    other = jails.register("south:77", email="bea@example.org", events="released,feed_silent")
    jails.later(hours=40)
    jails.happen("north", "95", "HISTORYA", "IDA", "1931-05-06")  # which is heard of still
    server = serve()
    server.wait_until(lambda: [a for a in alerts(jails) if a["registration"] == other])
    assert [a["kind"] for a in alerts(jails) if a["registration"] == mine] == ["feed_silent"]
    assert {row["feed"]: row["state"] for row in jails.json("feed", "status")} == {"north": "alive", "south": "silent"}


# ── Alerts that are false ──


def test_a_link_does_not_outlive_the_name_it_was_made_for(jails):
    begin(jails)
    jails.happen("north", "1", *WREN)
    follow(jails, "north:1", kinds="released")
    jails.happen("south", "77", *WREN)  # the clerk at the desk took the wrong card
    assert link(jails)["sure"] == 1
    jails.happen("south", "77", "QUACKENBUSH", "THADDEUS", "1949-11-02", what="status_changed")
    link(jails)
    jails.happen("south", "77", "QUACKENBUSH", "THADDEUS", "1949-11-02", what="released")
    assert alerts(jails) == []


def test_a_link_outlives_a_slip_in_the_name_it_was_made_for(jails):
    begin(jails)
    jails.happen("north", "1", *WREN)
    follow(jails, "north:1", kinds="released")
    jails.happen("south", "77", *WREN)
    assert link(jails)["sure"] == 1
    surname, *rest = WREN
    jails.happen("south", "77", surname[:-1] + "X", *rest, what="status_changed")  # less sure, and nothing against it
    link(jails)
    jails.happen("south", "77", surname[:-1] + "X", *rest, what="released")
    assert len(alerts(jails)) == 1


def test_twins_are_not_made_one_through_a_third_number(jails, tmp_path):
    begin(jails)
    third_jail(jails, tmp_path)
    jails.happen("north", "1", *WREN, middle="ANSEL")
    jails.happen("south", "77", *WREN, middle="ZEBEDIAH")
    assert link(jails)["sure"] == 0
    jails.happen("west", "5", *WREN)
    link(jails)
    assert not are_one(jails, "north:1", "south:77")


def test_two_numbers_of_one_jail_are_not_made_one_through_another_jail(jails):
    begin(jails)
    jails.happen("north", "1", *WREN)
    jails.happen("north", "2", *WREN)
    assert link(jails)["sure"] == 0
    jails.happen("south", "77", *WREN)
    link(jails)
    assert not are_one(jails, "north:1", "north:2")


def test_a_refused_pair_is_not_joined_through_a_third_without_asking(jails, tmp_path):
    begin(jails)
    third_jail(jails, tmp_path)
    jails.happen("north", "1", *WREN)
    jails.happen("south", "77", "POPLAR", "WREN")
    jails.happen("west", "5", "POPLAR", "WRENN", "1980-01-13")
    link(jails)
    jails.run("person", "part", "north:1", "south:77", "--by", "Ash")
    jails.run("person", "join", "north:1", "west:5", "--by", "Birch")
    jails.run("person", "join", "west:5", "south:77", "--by", "Cedar", check=False)
    assert not are_one(jails, "north:1", "south:77")


def test_a_notice_that_never_left_is_not_sent_after_they_were_parted(jails):
    begin(jails)
    jails.happen("north", "1", *WREN)
    follow(jails, "north:1")
    peer, config = Peer(lambda message: "451 4.3.0 later"), (jails.path / "site.yaml").read_text()
    jails.configure(f"mail: {{transport: smtp, server: 'smtp://127.0.0.1:{peer.port}', starttls: never, "
                    "from: n@x.test}\n")
    jails.happen("south", "77", *WREN)
    jails.run("person", "link", check=False)
    assert [(a["state"], a["attempts"]) for a in alerts(jails)] == [("queued", 1)] and len(peer.messages) == 1
    jails.run("person", "part", "south:77", "north:1", "--by", "Ash", check=False)
    jails.configure(config)
    for _ in range(3):
        jails.later(minutes=5)
        jails.run("alert", "send", check=False)
    assert len(peer.messages) == 1 and not any("South Jail" in body for body in bodies(jails))
    peer.stop()


def test_a_feeds_history_is_no_news_when_it_is_linked(jails, tmp_path):
    begin(jails)
    third_jail(jails, tmp_path)
    jails.happen("north", "1", *WREN)
    follow(jails, "north:1", kinds="booked,released")
    path = tmp_path / "west-history.json"
    path.write_text(json.dumps([{"id": "h1", "person": "5", "booking": "W5", "last": "POPLAR", "first": "WREN", "dob": "1980-01-31",
                                 "what": "released", "when": "2011-03-04T10:00:00Z"}]), encoding="utf-8")
    jails.run("feed", "load", "west", path, "--no-send")
    link(jails)
    assert alerts(jails) == []


@defect("the same for `feed load --history`")
def test_what_was_loaded_without_alerts_is_not_told_when_it_is_linked(jails, tmp_path):
    begin(jails)
    jails.happen("north", "1", *WREN)
    follow(jails, "north:1")
    at_once(jails, tmp_path, "south", ("77", *WREN, "booked", 30), options=("--history",))
    link(jails)
    wrong_today([(a["kind"], a["state"]) for a in alerts(jails)], [("booked", "sent")])
    assert alerts(jails) == []


def test_a_common_name_is_common_under_serve_too(jails, serve, tmp_path):
    third_jail(jails, tmp_path)
    jails.happen("north", "90", "HISTORYA", "IDA", "1931-05-06")
    server = serve()
    wait_for_linker(server, jails)  # and counted that there is hardly anybody
    third = [(str(n), "SMITHERS" if n % 2 else f"Q{chr(65 + n % 26)}{chr(65 + n // 26 % 26)}OLT", "TAD", f"19{n % 80 + 10}-{n % 12 + 1:02d}-{n % 28 + 1:02d}",
              "booked", 30) for n in range(3000)]
    at_once(jails, tmp_path, "west", *third)
    wait_for_linker(server, jails)
    jails.happen("north", "1", "SMITHERS", "TAD", "1999-09-09")
    jails.happen("south", "77", "SMITHERS", "TAD", "1999-09-09")
    wait_for_linker(server, jails)
    said, = (row["bits"] for row in jails.json("person", "possible") if {row["a"], row["b"]} == {"north:1", "south:77"})
    total = next(row for row in jails.json("person", "explain", "north:1", "south:77") if "bits" in row and "prior" in row)
    assert abs(said - total["bits"]) < 1


@pytest.mark.parametrize("brother, sister", [("DANIEL", "DANIELLE"), ("PATRICK", "PATRICIA"), ("JESSE", "JESSICA")])
def test_twins_whose_names_have_one_short_form_are_asked_about(jails, tmp_path, brother, sister):
    begin(jails)
    third_jail(jails, tmp_path)
    at_once(jails, tmp_path, "west", *((str(n), f"{'BCDFGHKLMN'[n % 10]}{'AEIOU'[n // 10 % 5]}{'BCDFGHKLMN'[n // 50 % 10]}{'AEIOU'[n // 500 % 5]}LT",
                                        ("JOHN", "MARY", brother, "SAM")[n % 4], f"19{n % 50 + 50}-03-{n % 28 + 1:02d}", "booked", 30)
                                       for n in range(2500)))
    jails.happen("north", "1", "QUACKENBUSH", brother, "1980-01-31")
    jails.happen("south", "77", "QUACKENBUSH", sister, "1980-01-31")
    link(jails)
    assert not are_one(jails, "north:1", "south:77")


@pytest.mark.parametrize("dob", ["1900-01-01", "1901-01-01"])
def test_a_birth_date_that_stands_for_none_makes_nobody_sure(jails, dob):
    begin(jails)
    jails.happen("north", "1", "POPLAR", "WREN", dob)
    jails.happen("south", "77", "POPLAR", "WREN", dob)
    assert link(jails)["sure"] == 0


@defect("link_find_near: at most 1000 namesakes are compared, the oldest first, and one without a birth date is never passed over")
def test_a_thousand_namesakes_without_birth_dates_hide_nobody(jails, tmp_path):
    third_jail(jails, tmp_path)
    at_once(jails, tmp_path, "west", *((str(n), "POPLAR", "WREN", "", "booked", 30) for n in range(1100)))
    jails.happen("north", "1", *WREN)
    jails.happen("south", "77", *WREN)
    link(jails)
    together = are_one(jails, "north:1", "south:77")
    wrong_today(together, False)
    assert together


def test_a_possible_pair_tells_no_more_when_a_name_changes(jails):
    begin(jails)
    jails.happen("north", "1", *WREN)
    follow(jails, "north:1")
    jails.happen("south", "77", "POPLAR", "WREN")
    assert link(jails)["possible"] == 1
    assert len(alerts(jails)) == 1
    jails.happen("south", "77", "POPLAR", "WREN", what="released", middle="ANSEL")
    link(jails)
    assert len(alerts(jails)) == 1


def test_a_decision_keeps_the_evidence(jails):
    jails.happen("north", "1", *WREN)
    jails.happen("south", "77", "POPLAR", "WREN")
    link(jails)
    jails.run("person", "part", "north:1", "south:77", "--by", "Ash")
    with sqlite3.connect(jails.path / "tocsin.db") as store:  # past the program, which lists no pair that was decided
        assert json.loads(store.execute("SELECT evidence FROM person_link").fetchone()[0] or "{}").get("fields")


def test_join_and_part_again_and_again_leave_no_trace_in_the_groups(jails):
    jails.happen("north", "1", *WREN)
    jails.happen("south", "77", "POPLAR", "WREN")
    link(jails)
    for _ in range(4):
        jails.run("person", "join", "north:1", "south:77", "--by", "Ash")
        jails.run("person", "join", "south:77", "north:1", "--by", "Ash")
        assert are_one(jails, "north:1", "south:77")
        jails.run("person", "part", "north:1", "south:77", "--by", "Ash")
        assert not are_one(jails, "north:1", "south:77")
    assert link(jails) == {"sure": 0, "possible": 0} and jails.json("person", "possible") == []


@pytest.mark.parametrize("leaves", range(3))
def test_whoever_leaves_a_group_the_rest_stay_one(jails, tmp_path, leaves):
    third_jail(jails, tmp_path)
    labels = ["north:1", "south:77", "west:5"]
    for label in labels:
        jails.happen(*label.split(":"), *WREN)
    assert link(jails)["sure"] >= 2
    gone = labels.pop(leaves)
    jails.run("person", "part", gone, labels[0], "--by", "Ash")
    assert are_one(jails, *labels) and not any(are_one(jails, label, gone) for label in labels)


@pytest.mark.soak("kills")
def test_a_kill_at_any_moment_neither_loses_a_link_nor_tells_twice(jails, serve):
    begin(jails)
    n = int(os.environ.get("TOCSIN_KILLS", "8")) // 4 + 4
    # A given name of each one's own, or it is as common as can be, and nobody is sure.
    names = [(f"{a}{b}LDERSHAW", f"{b}{a}RENNA") for a in "ABCDEFGHIJKLMNOP" for b in "AEIOUYQWZXKLMNPRST"][:n]
    for i, (surname, given) in enumerate(names):
        jails.happen("north", str(i + 1), surname, given, f"19{50 + i % 40}-03-04")
    registrations = {follow(jails, f"north:{i + 1}") for i in range(3)}
    for i, (surname, given) in enumerate(names):
        jails.happen("south", str(i + 501), surname, given, f"19{50 + i % 40}-03-04")
    for i in range(6):
        server = serve()
        time.sleep(0.04 * i)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        server.log.close()
    link(jails)
    jails.run("alert", "send", check=False)
    mine = [a["registration"] for a in alerts(jails)]
    assert sorted(mine) == sorted(registrations)
    assert heard(jails, [f"north:{i + 1}" for i in range(n)], [f"south:{i + 501}" for i in range(n)]) == \
        [[f"south:{i + 501}"] for i in range(n)]


def test_a_clerk_and_serve_decide_at_once(jails, serve):
    """Whatever comes first, a clerk's "no" holds in the end."""
    begin(jails)
    server = serve()
    for i, surname in enumerate(["ALDERSHAW", "BILLINGHAM", "CORRIGANE", "DUNSTABLE"]):
        jails.happen("north", str(i + 1), surname, "TESS", "1950-03-04")
        jails.happen("south", str(i + 501), surname, "TESS", "1950-03-04")
        jails.run("person", "part", f"south:{i + 501}", f"north:{i + 1}", "--by", "Ash")
    wait_for_linker(server, jails)
    assert server.stop() == 0
    assert not any(are_one(jails, f"north:{i + 1}", f"south:{i + 501}") for i in range(4))


def test_an_ended_registration_hears_nothing_of_a_link(jails):
    begin(jails)
    jails.happen("north", "1", *WREN)
    jails.run("watch", "end", follow(jails, "north:1"))
    jails.happen("south", "77", *WREN)
    assert link(jails)["sure"] == 1
    assert alerts(jails) == []


# ── The public search ──


def sealed(n):
    return {"sealed": "y,,", "juvenile": ",y,", "protected": ",,y"}[n]


def test_digits_beside_a_letter_do_not_list_the_jail(searched):
    for text in ("p 111", "po 1 2 3", "111 p"):
        status, answer = searched.search(text, peer="192.0.2.60")
        assert status == 422 or answer["people"] == [], text


def test_a_hidden_persons_number_answers_as_one_that_nobody_has(named, searched):
    more = PEOPLE + "30,POPLAR500,SEALWELL,SUE,,1980-01-31,,y,,\n"
    named.load_names(more, "2025-05-06T13:00:00Z.csv")
    searched.wait_until(lambda: found_staff(named, "POPLAR500") == ["30"])
    of_nobody = searched.search("POPLAR501", peer="192.0.2.61")
    of_hidden = searched.search("POPLAR500", peer="192.0.2.61")
    assert of_nobody == of_hidden


def found_staff(site, text):
    return [row["person"] for row in site.json("person", "search", text)]


def crowd(n, hidden=""):
    """People whose surnames are a letter from LARKINGTON, and perhaps a hidden one who has just that name."""
    rows = ""
    for i in range(n):
        surname = list("LARKINGTON")
        surname[2 + i // 10] = "BCDFHJMPVW"[i % 10]
        rows += f"{100 + i},K{100 + i},{''.join(surname)},HOLLY,,19{i % 80 + 10}-02-03,,,,\n"
    return PEOPLE + rows + hidden


@defect("the 32 names that a search goes through count those that nobody may see: a hidden person of just the name asked for pushes "
        "another out, and the number of people shown tells that they are there")
@pytest.mark.parametrize("flag", ["sealed", "juvenile", "protected"])
def test_a_hidden_namesake_changes_nothing_that_the_public_sees(named, serve, flag):
    def look(peer, text="holly larkington"):
        body = json.dumps({"text": text, "harder": True})
        status, answer, _ = server.request("POST", "/v1/people/search", body, {"X-Forwarded-For": peer})
        return {p["booking"] for p in json.loads(answer)["people"]}, json.loads(answer)["more"] if status == 200 else None

    named.load_names(crowd(40), "2025-05-07T13:00:00Z.csv")
    server = serve()
    server.wait_until(lambda: server.request("POST", "/v1/people/search", json.dumps({"text": "holly larkington"}),
                                             {"X-Forwarded-For": "192.0.2.70"})[0] == 200)
    before = look("192.0.2.71")
    hidden, beside = f"990,K990,LARKINGTON,HOLLY,,1980-01-31,,{sealed(flag)}\n", "991,K991,NIGHTJAR,IDA,,1970-01-01,,,,\n"
    named.load_names(crowd(40, hidden + beside), "2025-05-07T14:00:00Z.csv")
    peers = (f"192.0.2.{n}" for n in itertools.count(100))  # whoever waits may use up an address's searches
    server.wait_until(lambda: "K991" in look(next(peers), "ida nightjar")[0])
    assert before[1] == 22
    after = look("192.0.2.72")
    wrong_today(after, (before[0], 21))
    assert after == before


def test_a_handle_does_not_tell_the_number_in_the_store(searched):
    cards = searched.search("poplar", peer="192.0.2.62")[1]["people"]
    handles = [card["person"] for card in cards]
    assert len(handles) == len(set(handles)) > 2 and {len(handle) for handle in handles} == {32}
    assert len({handle[:4] for handle in handles}) == len({handle[-4:] for handle in handles}) == len(handles)  # none counts


@defect("POST /v1/registrations takes a person's number without a handle: 202 for who is there, 404 for who is not, hidden or not, "
        "and the numbers of several jails are listed back")
def test_registering_does_not_tell_which_hidden_numbers_there_are(searched):
    def ask(person):
        wanted = {"person": person, "relation": "survivor", "events": "released", "language": "en", "email": f"x{person}@example.org",
                  "pin": "4711"}
        return searched.request("POST", "/v1/registrations", json.dumps(wanted), {"X-Forwarded-For": "192.0.2.63"})[0]

    of_hidden, of_nobody = ask("5"), ask("55")
    wrong_today((of_hidden, of_nobody), (202, 404))
    assert of_hidden == of_nobody


@pytest.fixture
def tight(named):
    """A policy that shows the public names and nothing else."""
    policy = named.path / "own"
    shutil.copytree(ROOT / "share" / "policies" / "baseline", policy)
    rules = (policy / "rules.yaml").read_text()
    shown = "fields: [name, facility, birth_year, booking_number]"
    assert shown in rules
    (policy / "rules.yaml").write_text(rules.replace(shown, "fields: [name]"))
    named.configure((named.path / "site.yaml").read_text().replace("policy: baseline", f"policy: {policy}"))
    return named


@pytest.mark.parametrize("right, wrong", [({"facility": "south"}, {"facility": "north"}), ({"born": 1991}, {"born": 1990}),
                                          ({"text": "B200"}, {"text": "B201"})])
def test_a_field_that_the_policy_hides_cannot_be_learned_by_narrowing(tight, serve, right, wrong):
    server = serve()

    def look(peer="192.0.2.65", **more):
        body = json.dumps({"text": "wrenna poplar", **more})
        status, answer, _ = server.request("POST", "/v1/people/search", body, {"X-Forwarded-For": peer})
        return [(p["surname"], p["given"]) for p in json.loads(answer)["people"]] if status == 200 else None

    server.wait_until(lambda: look(peer="192.0.2.64"))  # whoever waits may use up an address's searches
    card = json.loads(server.request("POST", "/v1/people/search", json.dumps({"text": "wrenna poplar"}), {"X-Forwarded-For": "192.0.2.66"})[1])
    assert set(card["people"][0]) == {"person", "reason", "surname", "given"}
    assert look(**right) == look(**wrong)


def test_who_may_not_be_shown_is_in_no_narrowed_search_either(searched):
    for more in ({"born": 1980}, {"facility": "north"}, {"facility": "names"}, {"age": 46}, {"harder": True}):
        for text in ("sealwell", "youngman jill", "hideaway", "B500", "5", "B700"):
            status, answer = searched.search(text, peer=f"192.0.2.{80 + len(text)}", **more)
            assert status in (200, 422, 429) and (status != 200 or not answer["people"] and answer["more"] == 0)


def test_a_forged_handle_is_nobody(searched):
    card = searched.search("bob obrien", peer="192.0.2.64")[1]["people"][0]["person"]
    turned = "".join("0123456789abcdef"[15 - int(c, 16)] for c in card)
    for forged in (turned, card[1:], card + "0", "0" + card, card[::-1], card[:-1] + ("0" if card[-1] != "0" else "1"), f"{card}.", "0" * 32):
        wanted = {"person": forged, "relation": "survivor", "events": "released", "language": "en", "email": "y@example.org", "pin": "4711"}
        assert searched.request("POST", "/v1/registrations", json.dumps(wanted), {"X-Forwarded-For": "192.0.2.64"})[0] in (400, 404, 422)
