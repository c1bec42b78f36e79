"""Endings that were easily lost, and what was said that had no way back: found by auditors who had not written the program."""
import pytest

from test_charges import MAPPING, Lists, OTHERS
from test_numbers import EVENTS, SCOPE, Jail

HEAD = "person,booking,last,out,why,charge"
RELEASED = "1,B1,ROWAN,2026-11-09 20:30,SERVED,C1"
HELD = "1,B1,ROWAN,,,C1"
KINDS = "released,escaped,died,transferred,left_roster"


@pytest.fixture
def lists(site, tmp_path):
    made = Lists(site, tmp_path, MAPPING, HEAD)
    made.load(*OTHERS, HELD)
    site.register(1, events=KINDS)
    return made


def told(site, since=0):
    return [" ".join(mail.replace("=\n", "").replace("=\r\n", "").split()) for mail in site.mail()[since:] if "To: ana@" in mail]


def undo(lists, day, feed="lists"):
    return lists.site.run("feed", "undo", feed, f"l_202611{day:02}.csv")


def test_what_was_undone_is_believed_again_when_the_next_list_says_it(site, lists):
    lists.load(*OTHERS, RELEASED)
    undo(lists, lists.day)
    assert "in custody" in told(site)[-1] and "That was a mistake" in told(site)[-1]
    lists.load(*OTHERS, RELEASED)
    assert "was released from" in told(site)[-1]


def test_lists_are_undone_in_any_order(site, lists):
    lists.load(*OTHERS)
    lists.load(*OTHERS)
    assert "no longer shows" in told(site)[-1]
    undo(lists, lists.day - 1)
    assert site.json("person", "show", "1")[0]["standing"] == "unlisted"  # a list still does not show them
    undo(lists, lists.day)
    assert site.json("person", "show", "1")[0]["standing"] == "held" and "in custody" in told(site)[-1]


def test_what_a_rejected_list_reported_can_be_undone(site, lists):
    lists.load(*OTHERS[:12], RELEASED)
    assert "was released from" in told(site)[-1]
    site.run("feed", "reject", "lists")
    undo(lists, lists.day)
    assert "in custody" in told(site)[-1] and site.json("person", "show", "1")[0]["standing"] == "held"


def test_what_was_unclear_is_put_right_by_undoing(site, lists):
    lists.load(*OTHERS, "1,B1,ROWAN,NaT,,C1")
    assert "may mean that they are out" in told(site)[-1]
    undo(lists, lists.day)
    assert "Please go by this notice" in told(site)[-1] and "in custody" in told(site)[-1]
    lists.load(*OTHERS, RELEASED)
    assert "was released from" in told(site)[-1]


def test_what_was_unclear_is_put_right_by_a_list_that_is_plain(site, lists):
    lists.load(*OTHERS, "1,B1,ROWAN,NaT,,C1")
    before = len(told(site))
    for _ in range(2):
        lists.load(*OTHERS, HELD)
    assert len(told(site)) == before + 1
    assert "Please go by this notice" in told(site)[-1] and "in custody" in told(site)[-1]


@pytest.mark.parametrize("out, why, words", [
    ("1900-01-01 00:00", "DIED", "has died"), ("", "DIED", "has died"), ("", "RAN", "escaped from"),
    ("1900-01-01 00:00", "SERVED", "was released from"), ("1900-01-01 00:00", "PRISON", "was moved away"),
    ("", "SERVED", None), ("0000-00-00", "SERVED", None)])
def test_a_reason_beside_a_date_that_cannot_be_ends_it(site, lists, out, why, words):
    before = len(told(site))
    lists.load(*OTHERS, f"1,B1,ROWAN,{out},{why},C1")
    lists.load(*OTHERS, f"1,B1,ROWAN,{out},{why},C1")
    assert [words in mail for mail in told(site)[before:]] == ([True] if words else [])


def test_the_booking_that_ended_last_is_told(site, lists):
    lists.load(*OTHERS, HELD, "1,B2,ROWAN,,,C1")
    lists.load(*OTHERS, "1,B1,ROWAN,2026-11-03 20:30,SERVED,C1", "1,B2,ROWAN,2026-11-09 21:30,SERVED,C1")
    assert "9:30 p.m." in told(site)[-1] and "November 9" in told(site)[-1]


def test_whose_booking_number_stands_in_a_row_without_a_person_is_not_gone(site, lists):
    before = len(told(site))
    lists.load(*OTHERS, ",B1,ROWAN,,,C1")
    assert len(told(site)) == before and site.json("person", "show", "1")[0]["standing"] == "held"


def test_a_newest_day_that_cannot_be_read_is_not_passed_over(site, tmp_path):
    made = Lists(site, tmp_path, MAPPING + "only_rows: {column: day, is: newest}\n", HEAD + ",day")
    rows = [f"{n},B{n},L{n},,,C1" for n in range(10, 40)]
    made.load(*(f"{row},2026-11-09 00:00" for row in rows))
    made.load(*(f"{row},2026-11-10 00:00" for row in rows), *(f"{row},11-Nov-26" for row in rows))
    problems = site.json("feed", "problems")
    assert len(problems) == 30 and "only_rows" in problems[0]["reason"] and problems[0]["value"] == "11-Nov-26"
    assert [a for a in site.json("alert", "list") if a["purpose"] == "page" and "could not be read" in a["answer"]]


def test_a_correction_of_what_was_unclear_is_told(site, tmp_path):
    jail = Jail(site, tmp_path, EVENTS + SCOPE)
    jail.happen(("7", "B7", "BKD", "ROWAN,ADA,1980-01-01"))
    site.register("7", events=KINDS)
    path = lambda n, row: jail.file(f"x{n}.csv", "id,person,booking,what,why,when,undo,last,first,dob", [row])
    site.load("events", path(1, "u1,7,B7,REL,NEWCODE,2026-11-20 10:00,,ROWAN,ADA,1980-01-01"))
    assert "may mean that they are out" in told(site)[-1]
    site.load("events", path(2, "u2,7,B7,OOPS,,,u1,ROWAN,ADA,1980-01-01"))
    assert "Please go by this notice" in told(site)[-1] and "we told you" not in told(site)[-1]
    assert not jail.pages("has not said")


def test_a_drop_folder_that_is_gone_is_paged_once_and_an_empty_file_is_refused(site, tmp_path, serve):
    folder = tmp_path / "drop"
    folder.mkdir()
    (tmp_path / "m.yaml").write_text(MAPPING)
    site.configure("operator_email: operator@example.org\ndrop_settle: 1s\n")
    site.run("feed", "add", tmp_path / "m.yaml", "--drop", folder)
    pages = lambda words: [a for a in site.json("alert", "list") if a["purpose"] == "page" and words in a["answer"]]
    server = serve()
    (folder / "l_20261110.csv").write_bytes(b"")
    site.later(minutes=2)
    server.wait_until(lambda: site.later(minutes=2) or pages("l_20261110.csv"))
    folder.rename(tmp_path / "moved")
    server.wait_until(lambda: pages("The drop folder of the feed lists"))
    assert [check for check in site.json("doctor", check=False) if not check["ok"] and "drop folder of lists" in check["check"]]
    (tmp_path / "moved").rename(folder)
    log = site.path / "serve.log"
    server.wait_until(lambda: "can be read again" in log.read_text())
    assert log.read_text().count("a drop folder cannot be read") == 1 and len(pages("The drop folder of the feed lists")) == 1


@pytest.mark.parametrize("first", [[], ["8,B1,ROWAN,,,C1"]])
def test_an_ending_under_another_person_s_number_is_told_as_unclear_to_who_follows_the_former(site, lists, first):
    before = len(told(site))
    if first:
        lists.load(*OTHERS, *first)
    assert len(told(site)) == before
    for _ in range(2):
        lists.load(*OTHERS, "8,B1,ROWAN,2026-11-09 20:30,SERVED,C1")
    assert ["may mean that they are out" in mail for mail in told(site)[before:]] == [True]
    assert site.json("person", "show", "1")[0]["standing"] == "held"
