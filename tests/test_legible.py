"""What cannot be read is seen by somebody: more of it than usual, and any that is about somebody who is followed."""
import json

import pytest

from push import add_push_feed, event, push_events
from test_charges import Lists
from test_cli import take_up_events, write_events

LISTS = """\
feed: lists
format: csv-roster
interval: 24h
facility: {id: lists, name: Sample County Jail, timezone: America/Denver}
snapshot: {file_date: "%Y%m%d", at: "06:00"}
columns: {person: [person], booking: [booking], surname: last, admitted_at: in, released_at: out}
dates: ["%Y-%m-%d %H:%M"]
"""
IN = "2026-10-01 10:00"


def pages(site, words="could not be"):
    return [a["answer"] for a in site.json("alert", "list") if a["purpose"] == "page" and words in a["answer"]]


@pytest.fixture
def pushed(site, serve, tmp_path):
    """Forty people, booked one push each; gives a function that pushes events in one body, and its answer's status."""
    site.configure("operator_email: operator@example.org\n")
    secret, server = add_push_feed(site, tmp_path), serve()
    keys = iter(range(1000))

    def push(*events):
        return push_events(server, secret, f"k{next(keys)}", list(events), site.now())[0]
    for n in range(40):
        assert push(event(n, "booked", person=str(100 + n))) == 200
    return push


def renamed(key, of):
    return {("new_" + name if name == key else name): value for name, value in of.items()}


@pytest.mark.parametrize("key, column", [("what", "event"), ("when", "occurred_at")])
def test_a_key_that_a_jail_renames_is_paged_once_a_day(site, pushed, key, column):
    assert pages(site) == []
    for n in range(30):
        assert pushed(renamed(key, event(1000 + n, "released", person=str(100 + n)))) == 200
    page, = pages(site)
    assert f"`{column}`" in page and "feed push" in page
    site.later(days=1)
    for n in range(30, 40):
        pushed(renamed(key, event(1000 + n, "released", person=str(100 + n))))
    assert len(pages(site)) in (1, 2)  # as bad as the day before, or a little worse


def test_one_body_of_which_much_cannot_be_read_is_paged(site, pushed):
    events = [event(1000 + n, "booked", person=str(500 + n)) for n in range(40)]
    assert pushed(*[renamed("person", of) if n < 31 else of for n, of in enumerate(events)]) == 200
    page, = pages(site)
    assert "`person` in 31 of 40 rows" in page and "such as row 1" in page


def test_a_lost_row_about_somebody_who_is_followed_is_paged_alone(site, pushed):
    good = event(999, "booked", person="999")
    pushed(good, renamed("booking", event(1000, "released", person="139")))
    assert pages(site) == []  # nobody follows them
    site.register(107)
    pushed(good, renamed("booking", event(1001, "released", person="107")))
    page, = pages(site, "somebody follows")
    assert "row 2" in page and "booking" in page
    pushed(good, renamed("person", {**event(1002, "released"), "booking": "b107"}))
    assert len(pages(site, "somebody follows")) == 2


@pytest.mark.parametrize("body", [b"", b" \n", b"[]", b"\xef\xbb\xbf"])
def test_what_holds_no_event_is_refused_and_paged(site, tmp_path, body):
    add_push_feed(site, tmp_path)
    (tmp_path / "events.json").write_bytes(body)
    done = site.run("feed", "load", "push", tmp_path / "events.json", check=False)
    assert done.returncode == 3 and "no event" in done.stderr
    assert len(pages(site, "no event")) == 1


def test_a_column_that_goes_bad_is_seen_beside_another_that_always_was(site, tmp_path):
    lists = Lists(site, tmp_path, LISTS, "person,booking,last,in,out")
    rows = [[str(n), f"B{n}", f"L{n}", IN, ""] for n in range(100, 300)]
    lists.load(*[",".join(row[:3] + ["?" if i < 9 else row[3], ""]) for i, row in enumerate(rows)])
    assert pages(site) == []
    lists.load(*[",".join(row[:3] + ["?" if i < 9 else row[3], "soon" if 20 <= i < 29 else ""]) for i, row in enumerate(rows)])
    page, = pages(site)
    assert "`released_at` in 9 of 9 rows" in page and "such as row 22" in page


def test_a_release_without_its_reason_is_no_release_where_reasons_are_mapped(site, tmp_path):
    take_up_events(site, tmp_path)
    site.load("events", write_events(tmp_path, "first", ["1,77,B77,BKD,,2025-04-01 10:00,"]))
    site.register(77)
    site.load("events", write_events(tmp_path, "second", ["2,77,B77,REL,,2025-04-02 10:00,"]))
    notice, = site.notices()
    assert "was released" not in notice and "that they are out" in notice


@pytest.mark.parametrize("row", ['200,B200,"L200\n201,B201,L201",IN,', '200,B200,"L200\n201,B201,L201,"'])
def test_a_quote_that_stands_open_takes_nobody_else_along(site, tmp_path, row):
    lists = Lists(site, tmp_path, LISTS, "person,booking,last,in,out")
    rows = [f"{n},B{n},L{n},{IN}," for n in range(100, 300)]
    lists.load(*rows)
    site.register(200)
    site.register(201, email="bea@example.org")
    lists.load(*rows[:100], row.replace("IN", IN), *rows[102:])
    assert site.notices() == [] and site.json("feed", "problems")[0]["row"] == 102
    for person in (200, 201):
        assert site.json("person", "show", person)[0]["standing"] == "held"
    assert "L200" in site.run("person", "show", "200").stdout and "L201," not in site.run("person", "show", "200").stdout


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_utf_8_is_read_as_such_whatever_the_mapping_says(site, tmp_path, encoding):
    (tmp_path / "mapping.yaml").write_text(LISTS + "dialect: {encoding: windows-1252}\n")
    site.run("feed", "add", tmp_path / "mapping.yaml")
    (tmp_path / "l_20261101.csv").write_text(f"person,booking,last,in,out\n1,B1,MUÑOZ,{IN},\n", encoding=encoding)
    site.load("lists", tmp_path / "l_20261101.csv")
    assert "MUÑOZ" in site.run("person", "show", "1").stdout


ODD_CELLS = {"a line end in a name": ({"last": "POPLAR\r\nBcc: eve@example.org"}, "surname", "POPLAR Bcc: eve@example.org"),
             "a mark that turns the line around": ({"last": "\u202eRALPOP"}, "surname", "RALPOP"),
             "a name of a book's length": ({"last": "POPLAR " * 20_000}, "surname", ("POPLAR " * 50)[:300].strip()),
             "a booking number of 3 MB": ({"booking": "9" * 3_000_000}, "booking", None),
             "a line end in a number": ({"person": "7\n8"}, "person", None),
             "an event's number of 5,000": ({"id": "9" * 5_000}, "event_id", None)}


@pytest.mark.parametrize("name", ODD_CELLS)
def test_what_no_cell_should_hold_is_folded_in_a_name_and_passes_over_a_number(pushed, site, name):
    odd, field, surname = ODD_CELLS[name]
    assert pushed({**event(900, "booked", person="p900"), **odd}, event(901, "booked", person="p901")) == 200
    problem, = [p for p in site.json("feed", "problems") if p["field"] == field]
    assert "longer than any" in problem["reason"] or "cannot be seen" in problem["reason"]
    people = site.run("person", "show", "p900", "--json", check=False)
    assert (json.loads(people.stdout.splitlines()[0])["surname"] if people.returncode == 0 else None) == surname
    assert site.json("person", "show", "p901")[0]["surname"] == "POPLAR"
