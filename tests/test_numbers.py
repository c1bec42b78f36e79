"""Numbers of people and bookings that are not what they seem."""
import os

import pytest

from test_cli import EVENTS_MAPPING, kinds

EVENTS = EVENTS_MAPPING.replace("corrects: undo}", "corrects: undo, surname: last, given: first, born: dob}") + "dates: ['%Y-%m-%d %H:%M', '%Y-%m-%d']\n"
LISTS = """\
feed: lists
format: csv-roster
interval: 24h
facility: {id: lists, name: Sample County Jail, timezone: America/Denver}
snapshot: {file_date: "%Y%m%d", at: "06:00"}
columns: {person: [person], booking: [booking], surname: last, given: first, born: dob}
dates: ["%Y-%m-%d"]
"""
SCOPE = "person_scope: sample\n"
ROWAN, FERN, ALDER = "ROWAN,ADA,1980-01-01", "FERN,LOUIS,1999-02-02", "ALDER,IDA,1970-03-03"


class Jail:
    def __init__(self, site, folder, mapping):
        self.site, self.folder, self.is_list = site, folder, "csv-roster" in mapping
        (folder / "mapping.yaml").write_text(mapping, encoding="utf-8")
        site.configure("operator_email: operator@example.org\n")
        site.run("feed", "add", folder / "mapping.yaml")
        self.n = 0
        site.later(seconds=1795500000 - site.now())  # the 24th of November 2026
        if not self.is_list:
            self.happen()

    def file(self, name, head, rows):
        path = self.folder / name
        path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
        os.utime(path, (self.site.now(),) * 2)
        return path

    def happen(self, *rows):
        """rows: (person, booking, what, name)"""
        self.n += 1
        return self.site.load("events", self.file(f"{self.n}.csv", "id,person,booking,what,why,when,undo,last,first,dob", [
            f"{self.n}.{i},{person},{booking},{what},{'BOND' if what == 'REL' else ''},2026-11-{10 + self.n} 10:00,,{name}"
            for i, (person, booking, what, name) in enumerate(rows)]))[0]

    def list(self, *rows):
        """rows: (person, booking, name)"""
        self.n += 1
        return self.site.load("lists", self.file(f"l_202611{self.n:02}.csv", "person,booking,last,first,dob",
                                                 [",".join(row) for row in rows]))[0]

    def pages(self, words):
        return [a["answer"] for a in self.site.json("alert", "list") if a["purpose"] == "page" and words in a["answer"]]

    def people(self, name):
        return {(row["person"], row["standing"]) for row in self.site.json("person", "search", name)}


@pytest.fixture
def events(site, tmp_path):
    return Jail(site, tmp_path, EVENTS)


@pytest.fixture
def lists(site, tmp_path):
    return Jail(site, tmp_path, LISTS)


CROWD = [(str(n), f"C{n}", f"MAPLE{chr(65 + n % 26)}{chr(65 + n // 26)},SAM,19{50 + n % 40}-05-05") for n in range(100, 160)]


def test_a_person_s_number_used_again_is_somebody_else_of_whom_nobody_hears(events):
    events.happen(("5", "B1", "BKD", ROWAN))
    events.site.register("5", events="booked,released")
    events.happen(("5", "B1", "REL", ROWAN))
    assert len(events.site.notices()) == 1
    events.happen(("5", "B2", "BKD", FERN))
    assert len(events.pages("somebody of another name")) == 1
    events.happen(("5", "B2", "REL", FERN), ("5", "B3", "BKD", FERN))
    assert len(events.site.notices()) == 1 and len(events.pages("somebody of another name")) == 1
    assert events.people("fern") == {("5/B2", "held")} and events.people("rowan") == {("5", "out")}
    events.happen(("5", "B4", "BKD", ROWAN))  # and the one who had it comes again
    assert len(events.site.notices()) == 2 and "Ada Rowan was booked" in events.site.notices()[-1]


def test_a_misspelled_or_married_name_is_the_same_person_s(events):
    events.happen(("5", "B1", "BKD", ROWAN), ("5", "B1", "REL", ROWAN))
    events.happen(("5", "B2", "BKD", "ROWEN,ADDA,1980-01-01"), ("5", "B3", "BKD", "FERN,ADA,1980-01-01"), ("5", "B4", "BKD", ",,"))
    assert events.pages("somebody of another name") == [] and {who for who, _ in events.people("fern")} == {"5"}


def test_a_name_that_is_corrected_under_its_booking_stays_that_person_s(events):
    """Booked as unknown, or under a false name, and identified later."""
    events.happen(("5", "B1", "BKD", ROWAN))
    events.site.register("5", events="released")
    events.happen(("5", "B1", "REL", FERN))
    assert len(events.site.notices()) == 1 and events.pages("somebody of another name") == []


def test_people_under_one_placeholder_are_each_a_person(lists):
    """All three are there, and who leaves is told of, and no other."""
    three = [("0", "B1", ROWAN), ("0", "B2", FERN), ("0", "B3", ALDER)]
    lists.list(*CROWD, *three)
    assert {name: len(lists.people(name)) for name in ("rowan", "fern", "alder")} == {"rowan": 1, "fern": 1, "alder": 1}
    assert len(lists.pages("somebody of another name")) == 1
    for who in ("rowan", "fern"):
        (number, standing), = lists.people(who)
        assert standing == "held"
        lists.site.register(number, email=f"{who}@example.org", events="left_roster,booked")
    events = lists.list(*CROWD[1:], ("900", "C900", "PINE,BO,1960-01-01"), *three)
    assert {e["booking"] for e in events} == {CROWD[0][1], "C900"} and len(lists.pages("somebody of another name")) == 1
    lists.list(*CROWD[1:], ("900", "C900", "PINE,BO,1960-01-01"), three[0], three[2])
    notice, = lists.site.notices()
    assert "Louis Fern" in notice
    assert lists.people("rowan").pop()[1] == "held"


def test_who_left_is_told_though_another_stands_under_the_number(lists):
    """The same number on the list is no sign that they are still there."""
    lists.list(*CROWD, ("5", "B1", ROWAN))
    lists.site.register("5", events="left_roster")
    lists.list(*CROWD, ("5", "B2", FERN))
    notice, = lists.site.notices()
    assert "no longer shows Ada Rowan" in notice and lists.people("fern") == {("5/B2", "held")}


@pytest.mark.parametrize("before, after", [("0007123", "7123"), ("7123", "0007123"), ("0007123", "07123")])
def test_numbers_that_lose_or_gain_zeros_are_the_same(lists, before, after):
    lists.list(*CROWD, (before, "0077" + before, ROWAN))
    lists.site.register(before, events="left_roster,booked")
    events = lists.list(*CROWD[1:], (after, ("0077" + before).lstrip("0"), ROWAN))
    assert [e["booking"] for e in events] == [CROWD[0][1]] and lists.site.notices() == []
    assert {p["field"] for p in lists.site.json("feed", "problems")} == {"booking"}
    lists.list(*CROWD[1:])
    assert len(lists.site.notices()) == 1


def test_a_new_booking_of_a_person_without_their_zeros_is_theirs(events):
    events.happen(("000123", "B1", "BKD", ROWAN), ("000123", "B1", "REL", ROWAN))
    events.site.register("000123", events="booked")
    events.happen(("123", "B2", "BKD", ROWAN))
    assert len(events.site.notices()) == 1 and events.people("rowan") == {("000123", "held")}


def test_two_people_whose_numbers_differ_by_zeros_stay_two(events):
    events.happen(("0123", "B1", "BKD", ROWAN), ("123", "B2", "BKD", FERN), ("00123", "B3", "BKD", ALDER))
    assert {name: events.people(name) for name in ("rowan", "fern", "alder")} == {
        "rowan": {("0123", "held")}, "fern": {("123", "held")}, "alder": {("00123", "held")}}
    assert kinds(events.happen(("123", "B2", "REL", FERN))) == ["released"] and events.people("rowan") == {("0123", "held")}


@pytest.mark.parametrize("kind", ["events", "lists"])
def test_both_numbers_used_again_are_somebody_else(request, kind):
    """A system that begins to count anew."""
    jail = request.getfixturevalue(kind)
    if kind == "events":
        jail.happen(("5", "B1", "BKD", ROWAN))
        jail.site.register("5")
        jail.happen(("5", "B1", "REL", ROWAN))
        for what in ("BKD", "REL", "BKD"):
            jail.happen(("5", "B1", what, FERN))
    else:
        jail.list(*CROWD, ("5", "B1", ROWAN))
        jail.site.register("5")
        jail.list(*CROWD)
        jail.list(*CROWD, ("5", "B1", FERN))
        jail.list(*CROWD)
        for n in range(3):
            jail.list(*CROWD[n:], ("5", "B1", FERN))
    assert len(jail.site.notices()) == 1 and "Ada Rowan" in jail.site.notices()[0]
    assert jail.people("rowan") == {("5", "out" if kind == "events" else "unlisted")} and jail.people("fern") == {("5/B1", "held")}
    assert len(jail.pages("somebody of another name")) == 1


def test_of_two_who_share_a_number_each_row_is_the_likeliest_one_s(events):
    events.happen(("5", "B1", "BKD", ROWAN), ("5", "B2", "BKD", "ROWE,FAY,1999-02-02"))
    assert events.people("rowe") == {("5/B2", "held")}
    events.site.register("5/B2", email="fay@example.org")
    events.site.register("5", email="ada@example.org")
    events.happen(("5", "B1", "REL", ROWAN), ("5", "B2", "REL", "ROWE,FAY,1999-02-02"))
    events.happen(("5", "B3", "BKD", "ROWE,FAY,1999-02-02"), ("5", "B4", "BKD", ",,"))
    assert events.people("rowe") == {("5/B2", "held")} and events.people("rowan") == {("5", "out")}
    assert "Fay Rowe was booked" in events.site.notices()[-1] and len(events.site.notices()) == 3


def test_a_wholly_other_name_under_a_booking_that_goes_on_is_paged(events):
    events.happen(("5", "B1", "BKD", ROWAN))
    events.happen(("5", "B1", "RET", FERN))
    assert len(events.pages("wholly other name")) == 1 and len(events.people("fern")) == 1


# ── Our own clock ──


@pytest.fixture
def undated(site, tmp_path):
    """Lists of which nothing but the file's time says when they were taken."""
    return Jail(site, tmp_path, LISTS.replace('snapshot: {file_date: "%Y%m%d", at: "06:00"}\n', ""))


def test_a_list_taken_under_a_clock_that_was_ahead_is_no_later_than_the_next(undated):
    undated.list(*CROWD, ("5", "B1", ROWAN))
    undated.site.register("5", events="left_roster")
    undated.site.later(days=400)
    undated.list(*CROWD)
    undated.site.later(days=-399)
    undated.list(*CROWD[1:], ("5", "B1", ROWAN))
    gone, back = undated.site.notices()
    assert "no longer shows" in gone and "again" in back and undated.people("rowan") == {("5", "held")}
    assert len(undated.pages("clock of this machine was ahead")) == 1


def test_what_one_feed_said_under_such_a_clock_another_may_contradict(site, tmp_path):
    """The feed that spoke is silent since; lists that go on showing them must count as later."""
    jail, lists = Jail(site, tmp_path, EVENTS), Jail(site, tmp_path, LISTS + "jail: sample\n" + SCOPE)
    site.later(seconds=1795500000 - site.now())
    lists.n = 20
    lists.list(*CROWD, ("5", "B1", ROWAN))
    site.register("5")
    site.later(days=400)
    jail.n = 12
    jail.happen(("5", "B1", "REL", ROWAN))
    site.later(days=-400)
    assert lists.people("rowan") == {("5", "out")}
    for day in range(5):
        site.later(days=1)
        lists.list(*CROWD[day:], ("5", "B1", ROWAN))
    released, *_, back = dict.fromkeys(notice.partition(" How we know")[0] for notice in site.notices())
    assert "was released" in released and "again" in back and lists.people("rowan") == {("5", "held")}
