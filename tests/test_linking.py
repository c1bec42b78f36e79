"""One person across jails: linked while the site serves, or asked about; told to who follows either number."""
import datetime
import json
import os
import sqlite3
import time
from contextlib import closing

import pytest

FEED = """\
feed: {name}
format: json-events
interval: 1h
person_scope: {name}
facility: {{id: {name}, name: {title} Jail, timezone: America/Denver}}
columns: {{event_id: id, person: [person], booking: [booking], surname: last, given: first, middle: middle, suffix: suffix,
  born: dob, event: what, occurred_at: when, state_id: sid}}
"""


@pytest.fixture
def jails(site, tmp_path):
    for name in ("north", "south"):
        mapping = tmp_path / f"{name}.yaml"
        mapping.write_text(FEED.format(name=name, title=name.title()), encoding="utf-8")
        site.run("feed", "add", mapping)
    numbers = iter(range(1, 1000))
    site.said = {}  # by number, what was said of it last

    def happen(jail, person, last, first, dob="", what="booked", **more):
        n = next(numbers)
        when = datetime.datetime.fromtimestamp(site.now() - 30 * 60 + n, datetime.timezone.utc)
        event = {"id": f"e{n}", "person": person, "booking": f"{jail}-b{person}", "last": last, "first": first, "dob": dob,
                 "what": what, "when": when.isoformat(timespec="seconds"), **more}
        site.said[f"{jail}:{person}"] = event
        path = tmp_path / f"{jail}-{n}.json"
        path.write_text(json.dumps([event]), encoding="utf-8")
        os.utime(path, (site.now(), site.now()))  # when it was said
        site.run("feed", "load", jail, path, "--no-send")

    site.happen = happen
    return site


def follow(site, person, kinds="booked,released"):
    return site.register(person, events=kinds)


def link(site):
    return site.json("person", "link")[0]


def alerts(site):
    return [a for a in site.json("alert", "list") if a["purpose"] == "alert"]


def bodies(site):
    return [str(m) for m in site.mail()]


def test_who_comes_to_another_jail_is_followed_there(jails):
    jails.happen("north", "1", "POPLAR", "WREN", "1980-01-31")
    follow(jails, "north:1")
    jails.happen("south", "77", "POPLAR", "WREN", "1980-01-31")
    assert alerts(jails) == []
    assert link(jails) == {"sure": 1, "possible": 0}
    assert len(alerts(jails)) == 1  # what just happened
    jails.happen("south", "77", "POPLAR", "WREN", "1980-01-31", what="released")
    assert len(alerts(jails)) == 2  # and what happens from now on
    assert link(jails) == {"sure": 0, "possible": 0}  # looked at once
    assert len(alerts(jails)) == 2


@pytest.mark.parametrize("last, first, dob, more", [
    ("POPLAR", "WREN", "1958-03-02", {}),                        # father and son of one name
    ("POPLAR", "WREN", "1980-01-31", {"suffix": "SR"}),
    ("POPLAR", "WREX", "1980-01-31", {}),                        # a twin, or a slip of the pen
    ("POPLAR", "WREN", "1980-01-31", {"middle": "ZEBEDIAH"}),    # a brother who borrows the name
    ("POPLAR", "WREN", "", {}),                                  # nothing but a name
])
def test_what_is_not_sure_is_never_linked_without_asking(jails, last, first, dob, more):
    jails.happen("north", "1", "POPLAR", "WREN", "1980-01-31", suffix="JR", middle="ANSEL")
    jails.happen("south", "77", last, first, dob, **more)
    assert link(jails)["sure"] == 0
    follow(jails, "north:1")
    jails.happen("south", "77", last, first, dob, what="released", **more)
    assert alerts(jails) == []


def test_a_state_id_links_whom_nothing_else_does_and_keeps_apart_whom_all_else_links(jails):
    jails.happen("north", "1", "POPLAR", "WREN", "1980-01-31", sid="CO 123456")
    jails.happen("north", "2", "LARKSPUR", "ROBIN", "1970-05-05", sid="CO-777")
    jails.happen("south", "77", "POPPLAR", "WRENN", sid="co123456")  # misspelled, and no birth date
    jails.happen("south", "78", "LARKSPUR", "ROBIN", "1970-05-05", sid="CO 778")
    assert link(jails)["sure"] == 1
    follow(jails, "north:1")
    jails.happen("south", "77", "POPPLAR", "WRENN", sid="co123456", what="released")
    jails.happen("south", "78", "LARKSPUR", "ROBIN", "1970-05-05", sid="CO 778", what="released")
    assert len(alerts(jails)) == 1
    assert "their state ids differ" in jails.run("person", "explain", "north:2", "south:78").stdout


def test_a_state_id_is_nowhere_to_be_read(jails):
    jails.happen("north", "1", "POPLAR", "WREN", "1980-01-31", sid="CO 123456")
    link(jails)
    for file in jails.path.rglob("*"):
        if file.is_file():
            data = file.read_bytes().upper()
            assert b"CO 123456" not in data and b"CO123456" not in data, file


def test_a_possible_one_is_asked_about_and_told_as_such(jails):
    jails.happen("north", "1", "POPLAR", "WREN", "1980-01-31")
    follow(jails, "north:1")
    jails.happen("south", "77", "POPLAR", "WREN")
    assert link(jails) == {"sure": 0, "possible": 1}
    assert len(alerts(jails)) == 1
    jails.run("alert", "send", check=False)
    (waiting,) = jails.json("person", "possible")
    assert {waiting["a"], waiting["b"]} == {"north:1", "south:77"}
    jails.happen("south", "77", "POPLAR", "WREN", what="released")
    assert len(alerts(jails)) == 1  # nobody is told more before a clerk has looked
    jails.run("person", "join", "north:1", "south:77", "--by", "Clerk Ash")
    assert len(alerts(jails)) == 2
    assert jails.json("person", "possible") == []
    text = " ".join(bodies(jails))
    assert "may be the person you asked about" in " ".join(text.replace("=\n", "").split())


def test_a_notice_that_cannot_be_taken_back_is_no_success(jails):
    jails.happen("north", "1", "POPLAR", "WREN", "1980-01-31")
    follow(jails, "north:1")
    jails.configure("mail: {transport: smtp, server: 'smtp://127.0.0.1:1', from: a@x.test}\n")  # nothing leaves
    jails.happen("south", "77", "POPLAR", "WREN", "1980-01-31")
    link(jails)
    (queued,) = alerts(jails)
    assert queued["state"] == "queued"
    with closing(sqlite3.connect(jails.path / "tocsin.db")) as db:
        db.execute("CREATE TRIGGER full BEFORE UPDATE ON alert BEGIN SELECT raise(ABORT, 'the disk is full'); END")
        db.commit()
    done = jails.run("person", "part", "south:77", "north:1", "--by", "Clerk Ash", check=False)
    assert done.returncode == 8 and "the disk is full" in done.stderr and "two people" not in done.stdout
    with closing(sqlite3.connect(jails.path / "tocsin.db")) as db:
        db.execute("DROP TRIGGER full")
        db.commit()
    assert [a["state"] for a in alerts(jails)] == ["queued"]  # nothing was half done: they are one person still
    jails.run("person", "part", "south:77", "north:1", "--by", "Clerk Ash")
    assert {a["state"] for a in alerts(jails) if a["alert"] == queued["alert"]} == {"withdrawn"}


def test_a_clerk_parts_them_and_who_was_told_is_told_so(jails):
    jails.happen("north", "1", "POPLAR", "WREN", "1980-01-31")
    follow(jails, "north:1")
    jails.happen("south", "77", "POPLAR", "WREN", "1980-01-31")
    link(jails)
    before = len(jails.mail())
    done = jails.json("person", "part", "south:77", "north:1", "--by", "Clerk Ash")
    assert done[-1]["corrected"] == 1
    mail = bodies(jails)
    assert len(mail) == before + 1 and "It was not about the person you asked about" in " ".join(mail[-1].replace("=\n", "").split())
    assert "POPLAR" not in mail[-1].upper().split("\n\n", 1)[1]
    jails.happen("south", "77", "POPLAR", "WREN", "1980-01-31", what="released")
    assert len(alerts(jails)) == 2  # the booking and the correction: nothing of the other person's release
    jails.happen("south", "77", "POPLAR", "WRENN", "1980-01-31", what="returned")
    assert link(jails) == {"sure": 0, "possible": 0}  # the clerk's word stands


def test_an_unsent_notice_about_the_other_person_stays_unsent(jails):
    jails.happen("north", "1", "POPLAR", "WREN", "1980-01-31")
    follow(jails, "north:1")
    (jails.path / "mail").rename(jails.path / "mail.away")
    (jails.path / "mail").write_text("in the way")
    jails.happen("south", "77", "POPLAR", "WREN", "1980-01-31")
    done = jails.run("person", "link", check=False)  # it is linked, and said that nobody could be told
    assert done.returncode == 8 and "not everything could be sent" in done.stderr
    assert [a["state"] for a in alerts(jails)] == ["queued"]
    jails.json("person", "part", "south:77", "north:1", "--by", "Clerk Ash", check=False)
    states = sorted(a["state"] for a in alerts(jails))
    assert "sent" not in states


def test_three_numbers_of_one_person_and_one_of_them_leaves(jails):
    for jail, person in (("north", "1"), ("south", "77")):
        jails.happen(jail, person, "POPLAR", "WREN", "1980-01-31")
    assert link(jails)["sure"] == 1
    jails.happen("north", "2", "POPLAR", "WREN", "1980-01-31")
    # its own jail knows it by two numbers: asked, not linked
    assert link(jails) == {"sure": 1, "possible": 1} or jails.json("person", "possible")
    jails.run("person", "join", "north:2", "north:1", "--by", "Clerk Ash")
    follow(jails, "north:1")
    jails.happen("north", "2", "POPLAR", "WREN", "1980-01-31", what="released")
    assert len(alerts(jails)) == 1
    jails.run("person", "part", "north:2", "north:1", "--by", "Clerk Ash")
    n = len(alerts(jails))
    jails.happen("south", "77", "POPLAR", "WREN", "1980-01-31", what="released")
    assert len(alerts(jails)) == n + 1  # the other two are one still


def test_the_evidence_is_shown_in_words_and_bits(jails):
    jails.happen("north", "1", "POPLAR", "WREN", "1980-01-31", middle="ANSEL")
    jails.happen("south", "77", "POPLAR", "WREN", "1980-01-13", middle="A")
    table = jails.run("person", "explain", "north:1", "south:77").stdout
    assert "birth date" in table and "one digit" in table and "initial" in table and "in all" in table
    assert "Never linked without asking: their birth dates are not known to be the same" in table
    *fields, total, why = jails.json("person", "explain", "north:1", "south:77")
    assert abs(total["prior"] + sum(f["bits"] for f in fields) - total["bits"]) < 0.01 and why["why_not_sure"]


@pytest.mark.parametrize("words", [["person", "join", "north:1", "north:1", "--by", "x"], ["person", "join", "north:1", "nobody:9"],
                                   ["person", "part", "north:1", "south:77"], ["person", "explain", "north:1"]])
def test_a_decision_needs_two_people_and_a_name(jails, words):
    jails.happen("north", "1", "POPLAR", "WREN")
    jails.happen("south", "77", "POPLAR", "WREN")
    done = jails.run(*words, check=False)
    assert done.returncode in (2, 3, 4) and done.stderr


def test_serve_links_by_itself(jails, serve):
    jails.happen("north", "1", "POPLAR", "WREN", "1980-01-31")
    follow(jails, "north:1")
    server = serve()
    jails.happen("south", "77", "POPLAR", "WREN", "1980-01-31")
    server.wait_until(lambda: len(alerts(jails)) == 1)
    server.wait_until(lambda: any("South Jail" in body for body in bodies(jails)))


def as_known(jails):
    """What was told of it as what is known, on one line each, oldest first."""
    return [text for text in (" ".join(mail.replace("=\n", "").split()) for mail in jails.all_mail()) if "This is what we know now" in text]


def ago(jails, days):
    return datetime.datetime.fromtimestamp(jails.now() - days * 86400, datetime.timezone.utc).isoformat(timespec="seconds")


def test_who_follows_one_of_two_that_are_joined_hears_of_an_ending_that_is_said_late(jails):
    """It happened days ago, under the number of the jail where they went, and was said before a clerk joined the two."""
    for what, days in (("booked", 9), ("transferred", 8)):
        jails.happen("north", "1", "POPLAR", "WREN", "1980-01-31", what=what, when=ago(jails, days), booking="n1")
    follow(jails, "north:1", kinds="released")
    before = len(as_known(jails))
    for what, days in (("booked", 7), ("released", 3)):
        jails.happen("south", "77", "ALDER", "IDA", "1990-02-28", what=what, when=ago(jails, days), booking="s1")
    assert alerts(jails) == []
    jails.run("person", "join", "north:1", "south:77", "--by", "Clerk Ash")
    jails.run("alert", "send", check=False)
    assert len(as_known(jails)) == before + 1 and "was released" in as_known(jails)[-1]
    jails.run("person", "join", "north:1", "south:77", "--by", "Clerk Ash")
    jails.run("alert", "send", check=False)
    assert len(as_known(jails)) == before + 1 and jails.json("watch", "differences") == []


def test_who_was_misled_by_a_join_is_told_what_is_believed_when_they_are_parted(jails):
    jails.happen("north", "1", "POPLAR", "WREN", "1980-01-31")
    follow(jails, "north:1")
    jails.happen("south", "77", "POPLAR", "WREN", "1980-01-31")
    link(jails)
    jails.run("alert", "send", check=False)
    before = len(as_known(jails))
    jails.run("person", "part", "south:77", "north:1", "--by", "Clerk Ash")
    jails.run("alert", "send", check=False)
    assert len(as_known(jails)) == before + 1 and "in custody at North Jail" in as_known(jails)[-1]
    assert jails.json("watch", "differences") == []
