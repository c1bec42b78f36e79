"""Finding people: `person search`, and POST /v1/people/search through the policy."""
import calendar
import itertools
import json
import time

import pytest

from conftest import Server, Site

MAPPING = """\
feed: names
format: csv-roster
interval: 1h
facility: {id: north, name: North County Jail, timezone: America/Denver}
facilities:
  - {code: S, id: south, name: South Annex, timezone: America/Denver}
columns: {person: [id], booking: [book], surname: last, given: first, middle: middle, born: dob, facility: where,
  sealed: sealed, juvenile: juvenile, protected: protected}
"""
HEADER = "id,book,last,first,middle,dob,where,sealed,juvenile,protected\n"
PEOPLE = HEADER + """\
1,B100,POPLAR,WREN,,1980-01-31,,,,
2,B200,POPLAR,WRENNA,,1991-05-06,S,,,
3,B300,GARCÍA LÓPEZ,MARÍA JOSÉ,,1975-03-04,,,,
4,B400,O'BRIEN,ROBERT,LEE,1960-12-24,,,,
5,B500,SEALWELL,SAM,,1980-01-31,,y,,
6,B600,YOUNGMAN,JILL,,2010-01-31,,,y,
7,B700,HIDEAWAY,HOLLY,,1980-01-31,,,,y
8,B800,POPLAR,WREN,,,,,,
"""


def with_people(site, folder):
    mapping = folder / "names.yaml"
    mapping.write_text(MAPPING, encoding="utf-8")
    site.run("feed", "add", mapping)

    def load(text, name):
        path = folder / name
        path.write_text(text, encoding="utf-8")
        site.run("feed", "load", "names", path, "--taken-at", name.removesuffix(".csv"))

    load(PEOPLE, "2025-05-06T10:00:00Z.csv")
    site.load_names = load
    return site


@pytest.fixture
def named(site, tmp_path):
    return with_people(site, tmp_path)


@pytest.fixture(scope="module")
def jail(tmp_path_factory):
    """A site with these people, which tests only look at."""
    folder = tmp_path_factory.mktemp("jail")
    return with_people(Site(folder / "site"), folder)


def found(site, *arguments):
    return [row["person"] for row in site.json("person", "search", *arguments)]


@pytest.mark.parametrize("text, person", [
    ("wren poplar", "1"), ("Poplar, Wren", "1"), ("POPLAR WREN", "1"), ("wren popler", "1"), ("ren poplar", "1"),
    ("maria garcia", "3"), ("José García", "3"), ("garcia-lopez maria", "3"), ("lopes, maria", "3"),
    ("bob obrien", "4"), ("O Brien, Rob", "4"), ("o’brien robert", "4"), ("r obrien", "4"), ("bobby obrian", "4"),
])
def test_a_name_is_found_however_it_is_written(jail, text, person):
    assert person in found(jail, text)[:3]


def test_numbers_find_people_and_bookings(jail):
    assert found(jail, "4") == ["4"]
    assert found(jail, "B300") == ["3"]
    assert found(jail, "B999") == []


def test_a_search_can_be_narrowed_and_what_is_not_known_does_not_narrow(jail):
    assert set(found(jail, "wren poplar")) == {"1", "2", "8"}
    assert set(found(jail, "wren poplar", "--born", "1980")) == {"1", "8"}
    assert set(found(jail, "wren poplar", "--facility", "south")) == {"2"}
    age = time.gmtime().tm_year - 1991
    assert set(found(jail, "wren poplar", "--age", str(age))) == {"2", "8"}
    assert len(found(jail, "wren poplar", "--limit", "1")) == 1


def test_each_row_says_why_it_was_found(jail):
    reasons = {row["person"]: row["reason"] for row in jail.json("person", "search", "bob obrien")}
    assert reasons["4"] == "nickname"
    rows = jail.json("person", "search", "wren poplar")
    assert rows[0]["reason"] == "same" and rows[0]["born"] == 1980
    table = jail.run("person", "search", "wren poplar").stdout
    assert "as written" in table and "POPLAR, WREN" in table


@pytest.mark.parametrize("text", ["", " ", ",", "'", "%", "\"; DROP TABLE person; --", "x" * 500, "Ж", "王", "\N{SKULL}", "a b c d e f g h"])
def test_any_text_is_a_search(jail, text):
    assert isinstance(found(jail, text), list)


# ── Over HTTP ──


def with_search(server):
    def search(text=None, peer="192.0.2.1", **more):
        body = json.dumps({"text": text, **more} if text is not None else more)
        status, answer, headers = server.request("POST", "/v1/people/search", body, {"X-Forwarded-For": peer})
        assert headers["Cache-Control"] == "no-store"
        return status, json.loads(answer)

    server.wait_until(lambda: search("wren poplar")[0] == 200)
    server.search = search
    return server


@pytest.fixture
def searched(named, serve):
    return with_search(serve())


@pytest.fixture(scope="module")
def public(jail):
    """The same, served. An address has some twenty searches, so each test has one of its own."""
    server = with_search(Server(jail))
    yield server
    assert server.stop() == 0


def test_the_public_sees_the_fields_that_the_policy_permits_and_no_others(public):
    status, answer = public.search("maria garcia", peer="192.0.2.2")
    assert status == 200 and answer["more"] == 0
    (card,) = answer["people"]
    assert set(card) == {"person", "reason", "surname", "given", "facility", "booking", "born"}
    assert card["surname"] == "GARCÍA LÓPEZ" and card["facility"] == "North County Jail"
    assert card["booking"] == "B300" and card["born"] == 1975
    assert ":3" not in card["person"] and "names" not in card["person"]


@pytest.mark.parametrize("text", ["sam sealwell", "jill youngman", "holly hideaway", "B500", "B600", "B700"])
def test_who_may_not_be_shown_is_not_there(public, jail, text):
    assert public.search(text, peer="192.0.2.3") == (200, {"people": [], "more": 0})
    assert len(found(jail, text)) == 1  # the jail's own staff find them


def test_a_found_person_can_be_registered_for(searched, named):
    card = searched.search("bob obrien", peer="192.0.2.4")[1]["people"][0]
    wanted = {"person": card["person"], "relation": "survivor", "events": "released", "language": "en",
              "email": "someone@example.org", "pin": "4711"}
    headers = {"X-Forwarded-For": "192.0.2.4"}
    status, answer, _ = searched.request("POST", "/v1/registrations", json.dumps(wanted), headers)
    assert status == 202, answer
    assert [row["person"] for row in named.json("watch", "list")] == ["4"]
    forged = dict(wanted, person=card["person"][:-1] + ("y" if card["person"].endswith("x") else "x"))
    assert searched.request("POST", "/v1/registrations", json.dumps(forged), headers)[0] == 404


def test_names_that_change_are_followed_while_it_serves(searched, named):
    more = PEOPLE.replace("8,B800,POPLAR,WREN", "8,B800,LARKSPUR,ROBIN") + "9,B900,NIGHTJAR,IDA,,1970-01-01,,,,\n"
    named.load_names(more, "2025-05-06T11:00:00Z.csv")
    peers = (f"192.0.2.{n}" for n in itertools.count(100))  # whoever waits may use up an address's searches
    searched.wait_until(lambda: len(searched.search("ida nightjar", peer=next(peers))[1].get("people", [])) == 1)
    assert [p["booking"] for p in searched.search("robin larkspur", peer="192.0.2.6")[1]["people"]] == ["B800"]
    # under the old name, the person is not there any more
    assert {p["booking"] for p in searched.search("wren poplar", peer="192.0.2.6")[1]["people"]} == {"B100", "B200"}


def test_nobody_can_list_the_jail(public):
    for text in ("", "p", "po", "  , ", "12"):
        assert public.search(text, peer="192.0.2.7")[0] == 422
    assert public.search("poplar", peer="192.0.2.7", page=5)[0] == 403
    statuses, began = [], time.monotonic()
    while 429 not in statuses:
        statuses.append(public.search("poplar", peer="192.0.2.8")[0])
        assert len(statuses) <= 21 + (time.monotonic() - began) / 3  # one more every three seconds
    assert set(statuses[:-1]) == {200}


@pytest.mark.parametrize("body", [{"text": 7}, {}, {"text": "poplar", "born": "1980"}, {"text": "poplar", "page": -1},
                                  {"text": "poplar", "age": 1e9}, {"text": "poplar", "age": 3.5}])
def test_what_is_no_search_is_refused_in_words(public, body):
    status, answer = public.search(peer="192.0.2.9", **body)
    assert status == 400 and answer["detail"]


def test_pages_are_of_ten_and_leave_nobody_out(named, serve):
    rows = "".join(f"{n},C{n},MILLWARD,TESS,,19{n % 90 + 10:02d}-01-01,,{'y' if n % 3 == 0 else ''},,\n"
                   for n in range(100, 136))
    named.load_names(PEOPLE + rows, "2025-05-06T12:00:00Z.csv")
    server = serve()

    def page(n, peer):
        body = json.dumps({"text": "tess millward", "page": n})
        status, answer, _ = server.request("POST", "/v1/people/search", body, {"X-Forwarded-For": peer})
        return json.loads(answer) if status == 200 else {}

    server.wait_until(lambda: page(0, "192.0.2.20"))
    pages = [page(n, "192.0.2.21") for n in range(3)]
    assert [len(p["people"]) for p in pages] == [10, 10, 4] and [p["more"] for p in pages] == [14, 4, 0]
    assert len({p["booking"] for answer in pages for p in answer["people"]}) == 24


def test_a_search_that_showed_somebody_is_recorded_and_one_that_did_not_is_not(named, serve):
    """A count is shown with its month's noise, when the month is over, and never below nought. So this is in a month
    whose noise is above that; it is what is shown for the month before anybody searches."""
    def shown(year, month):
        return named.json("ledger", "statistics", f"--year={year}")[0]["notices_by_month_with_noise"][month - 1]

    first = time.gmtime().tm_year + 1
    named.later(days=4 * 366)
    year, month = next((y, m) for y in range(first, first + 3) for m in range(1, 13) if shown(y, m) > 0)
    noise = shown(year, month)
    named.later(seconds=calendar.timegm((year, month, 10, 12, 0, 0)) - named.now())
    server = with_search(serve())  # which found somebody as soon as it could
    for _ in range(3):
        assert server.search("nobody whatever", peer="192.0.2.10")[1]["people"] == []
        assert server.search("sam sealwell", peer="192.0.2.10")[1]["people"] == []
    assert server.search("wren poplar", peer="192.0.2.10")[1]["people"]
    assert server.stop() == 0
    named.later(days=31)
    assert shown(year, month) == noise + 2
