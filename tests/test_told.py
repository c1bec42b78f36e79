"""What is told is what is believed, and nothing else: holds, doubts, corrections, sign-ups, files that are undone."""
import json

import pytest

from conftest import Roster
from test_cli import take_up_events, write_events
from push import add_push_feed, event, push_events


def take_up(site, roster):
    site.run("feed", "add", roster.mapping)
    site.load("sample", roster.write("2025-04-01"))


def pages(site):
    return [a["answer"] for a in site.json("alert", "list") if a["purpose"] == "page"]


def standing(site, person):
    return site.json("person", "show", person)[0]["standing"]


def without(roster, *gone):
    return [n for n in roster.people if n not in gone]


def assert_not_the_jails(notice):
    """What a person here decided is not said to come from the jail."""
    assert "somebody checked" in notice and "When the mistake was found" in notice
    assert "the jail's own records" not in notice and "jail told us" not in notice and "jail has taken" not in notice


# ── Sign-ups ──


def test_who_signs_up_is_told_at_once_what_is_believed(site, roster):
    take_up(site, roster)
    site.load("sample", roster.write("2025-04-02", without(roster, 1005)))
    site.register(1005)
    site.register(1006, email="bea@example.org", language="es")
    first, second = [mail for mail in site.all_mail() if mail not in site.mail()]
    assert "no longer shows" in first.replace("=\n", "") and "custodia" in second.replace("=\n", "")
    before = len(site.notices())
    site.load("sample", roster.write("2025-04-03", without(roster, 1006)))  # 1005 is back, and 1006 has gone
    assert len(site.notices()) == before + 2 and "shows" in site.notices()[-2] + site.notices()[-1]


# ── Holds ──


@pytest.mark.parametrize("decision", ["accept", "reject", "a later list"])
def test_a_hold_tells_doubtfully_after_a_second_list_that_agrees(site, roster, decision):
    take_up(site, roster)
    site.register(1005)
    gone = list(roster.people)[:60]
    assert 1005 in gone
    site.load("sample", roster.write("2025-04-02", without(roster, *gone)))
    assert site.notices() == [] and "Nobody was told" in pages(site)[0]
    _, summary = site.load("sample", roster.write("2025-04-03", without(roster, *gone, 1150)))
    assert summary["held"] == 1 and "list 2 in a row" in pages(site)[0]
    doubtful, = site.notices()
    assert "the list may be wrong" in doubtful and "released" not in doubtful and standing(site, 1005) == "unlisted"
    site.load("sample", roster.write("2025-04-04", without(roster, *gone, 1150)))
    assert len(site.notices()) == 1  # a held list announces nothing again
    if decision == "a later list":
        site.load("sample", roster.write("2025-04-05"))
    else:
        site.run("feed", decision, "sample")
    assert len(site.notices()) == 2 and standing(site, 1005) == ("unlisted" if decision == "accept" else "held")
    assert ("no longer shows" in site.notices()[1]) == (decision == "accept")
    assert ("Please go by this one" in site.notices()[1]) == (decision != "accept")
    if decision == "reject":
        assert_not_the_jails(site.notices()[1])


def test_a_hold_tells_after_a_day_though_no_other_list_comes(site, roster, serve):
    take_up(site, roster)
    site.register(1005)
    site.load("sample", roster.write("2025-04-02", without(roster, *list(roster.people)[:60])))
    site.later(hours=25)
    server = serve()
    server.wait_until(lambda: [text for text in site.notices() if "the list may be wrong" in text])


def test_a_cut_file_tells_of_nobody_however_often_it_comes(site, roster):
    take_up(site, roster)
    site.register(1005)
    for day in (2, 3, 4):
        path = roster.write(f"2025-04-{day:02d}", without(roster, *list(roster.people)[:60]))
        whole = path.read_bytes().rstrip()
        path.write_bytes(whole[:whole.rindex(b"\n") + 8])  # in the middle of its last row
        _, summary = site.load("sample", path)
        assert summary["held"] == 1
    assert site.notices() == []


# ── Corrections ──


@pytest.fixture
def push(site, serve, tmp_path):
    secret = add_push_feed(site, tmp_path)
    server = serve()
    count = iter(range(1000))

    def push(*events):
        status, body, _ = push_events(server, secret, f"k{next(count)}", list(events), site.now())
        assert status == 200, body
        return json.loads(body)
    push.server = server
    return push


def told(site, push, n):
    push.server.wait_until(lambda: len(site.notices()) >= n)
    assert len(site.notices()) == n
    return site.notices()[-1]


def test_a_correction_names_what_it_takes_back_and_says_what_is_believed(site, push):
    push(event(1, "booked"))
    site.register(7, events="released")
    push(event(2, "released", when="2025-05-07T10:00:00-06:00"))
    told(site, push, 1)
    push(event(3, "released", when="2025-05-07T15:00:00-06:00"))
    told(site, push, 2)
    push({**event(4, "corrected"), "takes_back": "2"})
    last = told(site, push, 3)
    assert "we told you that Wren Poplar was released. The jail has taken that back. Do not rely on it." in last and standing(site, 7) == "out"
    assert "Wren Poplar was released from Sample City Jail. When it happened: Wednesday, May 7, 2025, 3:00 p.m." in last


def test_a_correction_that_comes_before_its_event_takes_it_back_unheard(site, push):
    push(event(1, "booked"))
    site.register(7)
    push({**event(3, "corrected"), "takes_back": "2"})
    assert "has not said" in pages(site)[0]
    n = len(site.notices())
    push(event(2, "released", when="2025-05-07T10:00:00-06:00"))
    assert standing(site, 7) == "held" and not [text for text in site.notices()[n:] if "was released" in text]


def test_two_rows_of_one_correction_each_take_back_what_they_name(site, push):
    push(event(1, "booked"), event(2, "released", when="2025-05-07T10:00:00-06:00"),
         event(3, "escaped", when="2025-05-08T15:00:00-06:00"))
    both = [{**event(4, "corrected"), "takes_back": name} for name in ("2", "3")]
    push(*both)
    assert standing(site, 7) == "held" and not pages(site)
    shown = site.json("person", "show", 7)
    push(*both)  # the same again
    assert site.json("person", "show", 7) == shown and not pages(site)


def test_what_the_jail_took_back_itself_is_not_taken_back_again(site, tmp_path):
    """Of a batch in doubt one is corrected by its source, and then the batch is rejected."""
    take_up_events(site, tmp_path)
    site.load("events", write_events(tmp_path, "first", [f"a{n},{n},B{n},BKD,,2025-04-01 10:00," for n in range(40)]))
    for day in range(4):  # what is usual: nothing much
        site.later(days=1)
        site.load("events", write_events(tmp_path, f"day{day}", [f"d{day},{100 + day},C{day},BKD,,2025-04-01 12:00,"]))
    site.register(3, email="of3@example.org", events="released")
    site.register(4, email="of4@example.org", events="released")
    events, _ = site.load("events", write_events(tmp_path, "batch", [f"b{n},{n},B{n},REL,BOND,2025-04-02 10:00," for n in range(30)]))
    assert {e["assertion"] for e in events} == {"doubtful"} and len(site.notices()) == 2
    site.load("events", write_events(tmp_path, "own", ["c3,3,B3,OOPS,,2025-04-02 11:00,b3"]))
    assert len(site.notices()) == 3
    site.run("feed", "reject", "events")
    assert len(site.notices()) == 4 and standing(site, 3) == standing(site, 4) == "held"


def test_an_ending_of_long_ago_of_somebody_who_is_followed_is_with_a_person(site, push):
    push(event(1, "booked"))
    site.register(7)
    push({**event(2, "released", when="2024-05-07T10:00:00-06:00"), "booking": "old"})
    page, = pages(site)
    assert "1 of them are of long ago and of people whom somebody follows" in page and not site.notices()


def test_a_number_that_stands_for_two_is_paged_once(site, push):
    push({**event(1, "booked"), "booking": "B1"})
    other = {"person": "8", "last": "FERN", "first": "ADA", "booking": "B1"}
    for number, kind in ((2, "booked"), (3, "temporary_absence"), (4, "returned")):
        push({**event(number, kind), **other})
    assert len([page for page in pages(site) if "other people" in page]) == 1
    assert standing(site, 7) == standing(site, 8) == "held"


def test_what_was_said_while_our_clock_was_ahead_is_taken_as_said_now(site, push):
    """Else what is said after it would count as before it, and nobody would notice that the feed is silent."""
    push(event(1, "booked"))
    site.register(7, events="released")
    site.later(days=400)
    push(event(2, "released", when="2025-05-07T10:00:00-06:00"))
    site.later(days=-400)
    told(site, push, 1)
    push({**event(3, "corrected"), "takes_back": None})  # takes back the newest ending said before it
    assert "The jail has taken that back" in told(site, push, 2) and standing(site, 7) == "held"
    assert len([page for page in pages(site) if "clock of this machine was ahead" in page]) == 1
    site.later(days=2)
    push.server.wait_until(lambda: site.json("feed", "status")[0]["state"] == "silent")


def test_the_history_says_what_became_of_each_report(site, push):
    push(event(1, "booked"), event(2, "released", when="2025-05-07T10:00:00-06:00"),
         event(3, "released", when="2025-05-08T15:00:00-06:00"))
    push({**event(4, "corrected"), "takes_back": "2"}, {**event(5, "corrected"), "takes_back": "99"})
    shown = site.json("person", "show", 7)
    assert shown[0]["standing"] == "out"
    assert [(row["kind"], row["fate"]) for row in shown[1:]] == [
        ("booked", "taken"), ("released", "taken_back"), ("released", "believed"), ("corrected", "taken"), ("corrected", "waits")]
    push(event(6, "booked", when="2025-05-09T15:00:00-06:00"))
    shown = site.json("person", "show", 7)
    assert shown[0]["standing"] == "held" and [row["fate"] for row in shown[1:4]] == ["taken", "taken_back", "over"]
    words = site.run("person", "show", 7).stdout
    assert "was taken back" in words and "is over: held again later" in words


def test_where_a_person_stands_is_of_all_their_bookings(site, push):
    """Not of the newest, or somebody who is held looks free."""
    push({**event(1, "booked"), "booking": "B1"}, {**event(2, "booked"), "booking": "B2"},
         {**event(3, "released", when="2025-05-08T15:00:00-06:00"), "booking": "B2"})
    assert standing(site, 7) == "held"


def test_released_on_one_booking_and_held_on_another_is_not_released(site, push):
    push(event(1, "booked"), {**event(2, "booked"), "booking": "other"})
    site.register(7, events="released")
    push(event(3, "released", when="2025-05-07T10:00:00-06:00"))
    words = told(site, push, 1)
    assert "was released" not in words and "is still in custody" in words and standing(site, 7) == "held"
    push({**event(4, "released", when="2025-05-07T11:00:00-06:00"), "booking": "other"})
    assert "was released" in told(site, push, 2) and standing(site, 7) == "out"


def test_a_correction_quotes_what_the_notice_said_and_not_its_event(site, push):
    """They were told: still in custody, and one jail reports a release. That is not "we told you that they were released"."""
    push(event(1, "booked"), {**event(2, "booked"), "booking": "other"})
    site.register(7, events="released")
    push(event(3, "released", when="2025-05-07T10:00:00-06:00"))
    assert "is still in custody" in told(site, push, 1)
    push({**event(4, "corrected"), "takes_back": "3"})
    last = told(site, push, 2)
    assert "we sent you a notice about Wren Poplar" in last and "was released" not in last


def test_a_death_that_was_told_as_a_release_is_put_right_to_whoever_was_told(site, push):
    push(event(1, "booked"))
    site.register(7, events="released")
    push(event(2, "released", when="2025-05-07T10:00:00-06:00"))
    told(site, push, 1)
    push(event(3, "died", when="2025-05-07T10:00:00-06:00"))
    assert "has died" in told(site, push, 2) and "we told you that" in site.notices()[-1]


# ── Undone, and begun anew ──


def test_a_file_is_undone_and_whoever_was_told_is_told(site, roster, tmp_path):
    take_up(site, roster)
    site.register(1005)
    path = roster.write("2025-04-02", without(roster, 1005))
    site.load("sample", path)
    assert len(site.notices()) == 1
    assert "1 notices" in site.run("feed", "undo", "sample", path.name).stdout
    assert standing(site, 1005) == "held" and "As far as we know" in site.notices()[-1]
    assert_not_the_jails(site.notices()[-1])
    assert site.run("feed", "undo", "sample", "nothing.csv", check=False).returncode == 4
    site.load("sample", roster.write("2025-04-03"))
    assert len(site.notices()) == 2  # nothing new


def test_a_new_baseline_tells_nobody_and_says_who_was_told_otherwise(site, roster):
    take_up(site, roster)
    site.register(1005)
    site.load("sample", roster.write("2025-04-02", without(roster, *list(roster.people)[:60])))
    assert site.run("feed", "accept", "sample", "--as-baseline", check=False).returncode == 3
    site.run("feed", "accept", "sample", "--as-baseline", "--by", "Lt. Okafor")
    assert site.notices() == [] and standing(site, 1005) == "unlisted"
    row, = site.json("watch", "differences")
    assert (row["person"], row["told"], row["believed"]) == ("sample:1005", "held", "unlisted")
    before = len(site.all_mail())
    site.run("watch", "differences", "--tell")
    assert len(site.all_mail()) == before + 1 and site.json("watch", "differences") == []


def test_more_that_cannot_be_read_than_ever_is_paged_with_the_column(site, roster):
    take_up(site, roster)
    path = roster.write("2025-04-02")
    assert pages(site) == []
    lines = path.read_text().splitlines()
    column = lines[0].split(",").index("booked")
    for i in range(1, 40):
        cells = lines[i].split(",")
        cells[column] = "soon"
        lines[i] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n")
    site.load("sample", path)
    assert [text for text in pages(site) if "`admitted_at` in 39 of" in text]


def test_what_was_told_as_in_doubt_and_then_plainly_is_taken_back_once(site, roster):
    take_up(site, roster)
    site.register(1005)
    gone = list(roster.people)[:60]
    for day in (2, 3):
        site.load("sample", roster.write(f"2025-04-0{day}", without(roster, *gone)))
    site.run("feed", "accept", "sample")
    assert len(site.notices()) == 2
    site.run("feed", "undo", "sample", "roster_2025-04-03.csv")
    assert len(site.notices()) == 3 and standing(site, 1005) == "held" and "As far as we know" in site.notices()[-1]


@pytest.mark.parametrize("is_list", [True, False], ids=["list", "events"])
def test_a_file_that_was_undone_can_be_loaded_again_and_undone_again(site, roster, tmp_path, is_list):
    """Undone because the mapping was wrong, say: what it truly says is said then."""
    if is_list:
        take_up(site, roster)
        feed, person, path = "sample", 1005, roster.write("2025-04-02", without(roster, 1005))
    else:
        take_up_events(site, tmp_path)
        site.load("events", write_events(tmp_path, "first", ["1,77,B77,BKD,,2025-04-01 10:00,"]))
        feed, person, path = "events", 77, write_events(tmp_path, "second", ["2,77,B77,REL,BOND,2025-04-02 10:00,"])
    site.register(person)
    for again in range(3):
        site.load(feed, path)
        assert len(site.notices()) == 2 * again + 1 and standing(site, person) in ("unlisted", "out")
        site.run("feed", "undo", feed, path.name)
        assert len(site.notices()) == 2 * again + 2 and standing(site, person) == "held"
    assert site.run("feed", "undo", feed, path.name, check=False).returncode == 4


def test_files_of_one_name_are_undone_one_by_one(site, tmp_path):
    take_up_events(site, tmp_path)
    for n, folder in enumerate(("one", "two", "three")):
        (tmp_path / folder).mkdir()
        row = "1,77,B77,BKD,,2025-04-01 10:00," if not n else f"{n + 1},77,B77,{('REL', 'ESC')[n - 1]},BOND,2025-04-0{n + 1} 10:00,"
        site.load("events", write_events(tmp_path / folder, "same", [row]))
    assert site.json("person", "show", "77")[0]["standing"] == "out"
    for _ in range(2):
        site.run("feed", "undo", "events", "same.csv")
    assert standing(site, 77) == "held"
