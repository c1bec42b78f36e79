"""Very many people leave at once, truly, and nobody is at the console: their list is held, and so are those after it."""
import collections
import datetime
import email
import email.policy
import random
import re
import shutil

import pytest

from conftest import Roster, Server, Site

PEOPLE, GONE, A_DAY = 3000, 120, 10  # on the list; who leave at once; who come and go on an ordinary day
MISSED, STAYING = range(1000, 1040), range(3900, 3908)  # who are followed: of those who will be gone, and of others
FIRST = datetime.datetime(2025, 4, 1, 12, tzinfo=datetime.timezone.utc)  # the hour at which a day's list (of six) is loaded
DOUBTFUL, PLAIN, TAKEN_BACK = "so the list may be wrong", "no longer shows", "Please go by this one"


class Jail:
    """A site whose clock goes with its lists, and what each follower was told since it was asked last."""

    def __init__(self, path, folder):
        self.site, self.roster, self.rng = Site(path), Roster(folder, PEOPLE), random.Random(2020)
        self.day, self.seen, self.who, self.number = 0, set(), {}, 9000
        if not self.site.ahead():
            self.clock(FIRST)

    def copy(self, folder):
        made = Jail(shutil.copytree(self.site.path, folder / "site"), folder / "lists")
        made.day, made.seen, made.who = self.day, set(self.seen), dict(self.who)
        return made

    def clock(self, when):
        self.site.later(seconds=when.timestamp() - self.site.now())

    def write(self, without=()):
        return self.roster.write(self.now().date(), [n for n in self.roster.people if n not in set(without)])

    def load(self, without=(), cut=False):
        """The next day's list, after the ordinary coming and going of others than those who are followed."""
        self.day += 1
        self.clock(self.now())
        for number in self.rng.sample(range(1200, 3900), A_DAY):
            self.roster.people.pop(number, None)
            self.number += 1
            self.roster.people[self.number] = {**self.roster.people[3999], "booking": f"B{self.number}",
                                               "booked": f"{self.now().date()} 03:00"}
        path = self.write(without)
        if cut:
            whole = path.read_bytes().rstrip()
            path.write_bytes(whole[:whole.rindex(b"\n") + 8])  # in the middle of its last row
        return self.site.load("sample", path)[1]

    def now(self):
        return FIRST + datetime.timedelta(days=self.day)

    def leave(self):
        for number in range(1000, 1000 + GONE):
            self.roster.people.pop(number, None)

    def follow(self, *people):
        """All at once: each registration costs, and so does reading the mail after each."""
        made = {}
        for person in people:
            address = f"of{person}@example.org"
            made[address] = self.site.json("watch", "add", f"--person={person}", f"--email={address}", "--pin=4711")[0]
            self.who[address] = person
        for message in self.messages():
            code = re.search(r"^(\d{6})\s*$", message.get_body(("plain",)).get_content(), re.M)
            if message["To"] in made and code:
                self.site.run("watch", "confirm", made[message["To"]]["registration"], code.group(1))
        self.site.run("alert", "send")
        return self.told()

    def messages(self):
        folder = self.site.path / "mail" / "new"
        new = [file for file in folder.glob("*") if file.name not in self.seen]
        for file in sorted(new, key=lambda file: file.stat().st_mtime_ns):
            self.seen.add(file.name)
            yield email.message_from_bytes(file.read_bytes(), policy=email.policy.default)

    def told(self):
        """{person: the words of each new notice}"""
        told = collections.defaultdict(list)
        for message in self.messages():
            if message["Subject"] == "New notice" and message["To"] in self.who:
                told[self.who[message["To"]]].append(" ".join(message.get_body(("plain",)).get_content().split()))
        return told

    def assert_told(self, words, people):
        """Each of those people was told once, so; nobody else was told anything."""
        told = self.told()
        assert {person: len(texts) for person, texts in told.items()} == {person: 1 for person in people}
        assert all(words in text and "released from" not in text for text, in told.values()), told

    def standing(self, person):
        return self.site.json("person", "show", person)[0]["standing"]


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """The days before: copied by each test."""
    folder = tmp_path_factory.mktemp("before")
    jail = Jail(folder / "site", folder / "lists")
    jail.site.configure("schedule: {remind_every: 400d, give_up_after: 800d}\n")  # what comes twice is no reminder
    jail.site.run("feed", "add", jail.roster.mapping)
    jail.site.load("sample", jail.write())
    jail.follow(*MISSED, *STAYING)
    return jail


@pytest.fixture
def jail(before, tmp_path):
    made = before.copy(tmp_path)
    for _ in range(2):
        assert made.load()["held"] == 0
    assert not made.told()
    return made


def differing(jail, day):
    """Some others whom that day's list lacks besides, and who are on the next one; one of them is followed."""
    return [*range(3000 + 4 * day, 3004 + 4 * day), STAYING[day]]


@pytest.mark.parametrize("lists", ["agree", "differ a little"])
@pytest.mark.parametrize("decision", ["accept", "reject"])
def test_all_who_follow_the_missing_are_told_by_the_second_list_and_once_more_when_it_is_decided(jail, lists, decision):
    lacks = (lambda day: differing(jail, day)) if lists != "agree" else lambda day: []
    jail.leave()
    assert jail.load(lacks(0))["held"] == 1 and not jail.told()
    assert jail.load(lacks(1))["held"] == 1
    others = {STAYING[1]} if lists != "agree" else set()
    jail.assert_told(DOUBTFUL, {*MISSED} | others)
    for day in (2, 3):
        assert jail.load(lacks(day))["held"] == 1
        told = jail.told()
        if lists == "agree":
            assert not told
        else:  # who is missing now, and who is there again; of those who are gone, nothing
            assert told.keys() == {STAYING[day - 1], STAYING[day]}
            assert DOUBTFUL in told[STAYING[day]][0] and TAKEN_BACK in told[STAYING[day - 1]][0]
            others = {STAYING[day]}
    jail.site.run("feed", decision, "sample")
    jail.assert_told(PLAIN if decision == "accept" else TAKEN_BACK, {*MISSED} | others)
    assert {jail.standing(person) for person in MISSED[:3]} == {"unlisted" if decision == "accept" else "held"}
    if decision == "reject":
        return
    assert jail.load()["held"] == 0  # and whom only the accepted list lacked is there again
    jail.assert_told(TAKEN_BACK, others)
    assert jail.load()["held"] == 0 and not jail.told()


def test_a_list_that_shows_them_again_takes_it_back_and_nothing_is_repeated(jail):
    gone = list(range(1000, 1000 + GONE))
    for _ in range(3):
        assert jail.load(gone)["held"] == 1
    jail.assert_told(DOUBTFUL, MISSED)
    assert jail.load()["held"] == 0
    jail.assert_told(TAKEN_BACK, MISSED)
    assert jail.load()["held"] == 0 and not jail.told()


def tick(jail, n_told):
    server = Server(jail.site)
    try:
        server.wait_until(lambda: len(jail.site.notices()) >= n_told, 60)
    finally:
        assert server.stop() == 0


def test_one_list_and_then_silence_tells_after_a_day(jail):
    jail.leave()
    assert jail.load()["held"] == 1
    jail.site.later(hours=25)
    tick(jail, len(MISSED))
    jail.assert_told(DOUBTFUL, MISSED)


def test_who_is_on_the_held_lists_under_another_booking_is_not_told_that_they_may_be_out(jail):
    jail.leave()
    jail.roster.people[STAYING[0]]["booking"] = "ANEW"
    for _ in range(2):
        assert jail.load()["held"] == 1
    jail.assert_told(DOUBTFUL, MISSED)


@pytest.mark.parametrize("then", ["the day is over", "another list agrees"])
def test_a_broken_list_after_a_held_one_keeps_nobody_from_being_told(jail, then):
    jail.leave()
    assert jail.load()["held"] == 1
    assert jail.load(cut=True)["held"] == 1 and not jail.told()
    if then == "another list agrees":
        assert jail.load()["held"] == 1
    else:
        jail.site.later(hours=12)
        tick(jail, len(MISSED))
    jail.assert_told(DOUBTFUL, MISSED)


def test_a_broken_list_after_a_held_one_is_not_what_is_accepted(jail):
    """Or whoever stands in the part that was cut off would be told of as gone."""
    jail.leave()
    assert jail.load()["held"] == 1
    assert jail.load(range(2000, 4000), cut=True)["held"] == 1 and not jail.told()
    jail.site.run("feed", "accept", "sample")
    jail.assert_told(PLAIN, MISSED)
    assert {jail.standing(person) for person in STAYING} == {"held"}


def test_who_signs_up_while_lists_are_held_is_told_what_the_others_were_told(jail):
    jail.leave()
    for _ in range(2):
        assert jail.load()["held"] == 1
    jail.told()
    late = MISSED[-1] + 1
    text, = jail.follow(late)[late]
    assert DOUBTFUL in text and jail.standing(late) == "unlisted"
    assert jail.load()["held"] == 1 and not jail.told()
    jail.site.run("feed", "accept", "sample")
    jail.assert_told(PLAIN, [*MISSED, late])
