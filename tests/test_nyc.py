"""New York's rosters, real and made up, through the program and through an independent oracle.

What is expected comes from nyc_oracle.py or from what a test did to a file, never from the program.
"""
import copy
import csv
import random
import shutil
import tempfile
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

import nyc_oracle
from conftest import ROOT, Site

FEED = "nyc-doc"
CUT_SHARES = (0.95, 0.9, 0.7, 0.5, 0.1)
CUT_DAYS = ("20250402", "20250403", "20250406", "20250407", "20250412", "20250414", "20250506", "20250507",
            "20250512", "20250525", "20250602", "20250609", "20250614", "20250620", "20250630")
DAY_AFTER_LONG_GAP = "20250506"
REPEATED_DAY = "20250406"
ORDINARY_DAY = "20250521"


# Sites and files

def new_site(path, *files):
    site = Site(path)
    site.run("feed", "add", ROOT / "share" / "feeds" / "nyc-doc.yaml")
    if files:
        site.load(FEED, *files)
    return site


def copy_of(site, path):
    shutil.rmtree(path, ignore_errors=True)
    return Site(shutil.copytree(site.path, path))


def index_of(rosters, day):
    return next(i for i, file in enumerate(rosters.files) if file.stem.endswith(day))


def write(folder, name, content):
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    return path


def first_rows(content, share):
    header, *rows = content.splitlines(keepends=True)
    return b"".join([header, *rows[:int(len(rows) * share)]])


# Events, told and expected, as facts that can be compared

def told(event):
    source = event["source"]
    return (event["kind"], event["assertion"], event["person"], event["booking"], source["file"], source["row"],
            event["occurred_at"], event["observed_at"], event["detail"])


def expected(event):
    return tuple(event[:9])


def told_without_format(event):
    """What a change of columns, order and date format must not change."""
    return (event["kind"], event["assertion"], event["person"], event["source"]["file"], event["occurred_at"],
            event["observed_at"])


def expected_without_format(event):
    return event.kind, event.assertion, event.person, event.file, event.occurred_at, event.observed_at


def assert_same(told_facts, expected_facts):
    told_facts, expected_facts = Counter(told_facts), Counter(expected_facts)
    surplus, missing = told_facts - expected_facts, expected_facts - told_facts
    assert not surplus and not missing, (
        f"{surplus.total()} too many, such as {list(surplus)[:3]}; "
        f"{missing.total()} missing, such as {list(missing)[:3]}")


def assert_clean(summary):
    assert (summary["held"], summary["problems"]) == (0, 0), summary


def of_custody(facts):
    return [fact for fact in facts if not fact[0].startswith("feed_")]


def assert_held(events, summary):
    assert summary["held"] == 1, summary
    assert not of_custody(map(told, events))


# Fixtures

@pytest.fixture(scope="module")
def rosters(data):
    """The real files, each as the oracle reads it, and the oracle's events by file name."""
    files = sorted((data / "nyc_doc").glob("*.csv"))
    if not files:
        pytest.skip(f"no New York rosters in {data / 'nyc_doc'}")
    read = [nyc_oracle.read(file) for file in files]
    return SimpleNamespace(files=files, read=read, events=nyc_oracle.events_by_file(read))


@pytest.fixture(scope="module")
def all_expected(rosters):
    return [event for events in rosters.events.values() for event in events]


@pytest.fixture(scope="module")
def loaded(rosters):
    """A site with every file loaded at once, and what it told. Tests only look at it or copy it."""
    with tempfile.TemporaryDirectory(prefix="tocsin-nyc-") as folder:
        site = new_site(Path(folder) / "site")
        events, summary = site.load(FEED, *rosters.files)
        yield SimpleNamespace(site=site, events=events, summary=summary)


@pytest.fixture
def scratch():
    """A folder that goes at once: many copies of a site would fill a disk if pytest kept them."""
    with tempfile.TemporaryDirectory(prefix="tocsin-nyc-") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def site_before(rosters):
    """Gives a site with the first files loaded, so many. Tests only copy it: they share it, and each goes on from the
    last one before it."""
    with tempfile.TemporaryDirectory(prefix="tocsin-nyc-") as folder:
        made = {0: new_site(Path(folder) / "0")}

        def site_with(n):
            if n not in made:
                last = max(k for k in made if k < n)
                made[n] = copy_of(made[last], Path(folder) / str(n))
                made[n].load(FEED, *rosters.files[last:n])
            return made[n]

        yield site_with


# All days at once

def test_all_days_give_exactly_the_oracles_events(loaded, all_expected):
    assert len(all_expected) > 10_000
    assert_same(map(told, loaded.events), map(expected, all_expected))


def test_all_days_load_without_a_hold_or_a_problem(loaded, rosters, all_expected):
    assert_clean(loaded.summary)
    assert loaded.summary["events"] == len(all_expected)
    assert loaded.summary["rows"] == sum(len(file.read_bytes().splitlines()) - 1 for file in rosters.files)


def test_nobody_is_ever_released(loaded):
    assert {event["kind"] for event in loaded.events} == {"booked", "left_roster", "back_on_roster",
                                                          "feed_silent", "feed_restored"}


def test_event_ids_are_unique(loaded):
    assert len({event["event_id"] for event in loaded.events}) == len(loaded.events)


def test_a_return_corrects_the_latest_departure_of_that_booking(loaded, all_expected):
    by_id = {event["event_id"]: told(event) for event in loaded.events}
    made = [(told(event), by_id[event["corrects"]]) for event in loaded.events if event["corrects"]]
    wanted = [(expected(event), expected(event.corrects)) for event in all_expected if event.corrects]
    assert wanted
    assert_same(made, wanted)


# The same again, and elsewhere

def person_of_each_history(rosters, all_expected):
    """Somebody booked only, somebody left, somebody back, and somebody listed all along."""
    of = {kind: {event.person for event in all_expected if event.kind == kind}
          for kind in ("booked", "left_roster", "back_on_roster")}
    listed = {person for person, _ in rosters.read[0].rows}
    groups = (of["booked"] - of["left_roster"], of["left_roster"] - of["back_on_roster"], of["back_on_roster"],
              listed - of["booked"] - of["left_roster"])
    return [min(group) for group in groups]


def test_loading_everything_again_changes_nothing(loaded, rosters, all_expected, scratch):
    site = copy_of(loaded.site, scratch / "site")
    people = person_of_each_history(rosters, all_expected)
    before = [site.run("person", "show", person, "--json").stdout for person in people]
    events, summary = site.load(FEED, *rosters.files)
    assert (events, summary["events"]) == ([], 0)
    assert_clean(summary)
    assert [site.run("person", "show", person, "--json").stdout for person in people] == before


def test_person_show_tells_the_oracles_events_of_a_person(loaded, rosters, all_expected):
    for person in person_of_each_history(rosters, all_expected):
        stands, *events = loaded.site.json("person", "show", person)
        wanted = [event for event in all_expected if event.person == person]
        assert_same([told({**event, "person": person}) for event in events], map(expected, wanted))
        assert (stands["standing"] == "held") == (person in {pair[0] for pair in rosters.read[-1].rows})


@pytest.mark.full
def test_two_sites_give_the_same_event_ids_however_the_files_are_split(loaded, rosters, scratch):
    other = new_site(scratch / "site")
    events = [event for file in rosters.files for event in other.load(FEED, file)[0]]
    assert {event["event_id"]: told(event) for event in events} == \
           {event["event_id"]: told(event) for event in loaded.events}


# Lists that break off

@pytest.fixture
def on_day(rosters, site_before, scratch):
    """Gives copies of a site with every day before one loaded, and that day's file."""
    def prepare(day):
        at = index_of(rosters, day)
        site = site_before(at)
        file = rosters.files[at]
        return SimpleNamespace(file=file, content=file.read_bytes(), before=rosters.read[at - 1],
                               events=rosters.events[file.name], cut=scratch / "cut",
                               site=lambda: copy_of(site, scratch / "copy"))
    return prepare


@pytest.mark.full
@pytest.mark.parametrize("day", CUT_DAYS)
def test_a_list_cut_between_rows_is_held_and_the_whole_file_then_loads(on_day, day):
    that = on_day(day)
    for share in CUT_SHARES:
        site = that.site()
        assert_held(*site.load(FEED, write(that.cut, that.file.name, first_rows(that.content, share))))
        events, summary = site.load(FEED, that.file)
        assert_clean(summary)
        assert_same(of_custody(map(told, events)), of_custody(map(expected, that.events)))


@pytest.mark.parametrize("day", (DAY_AFTER_LONG_GAP, REPEATED_DAY, "20250407"))
def test_a_hold_does_not_hide_that_the_feed_fell_silent_or_came_back(on_day, day):
    """Either load may tell it, but it is told once."""
    that = on_day(day)
    site = that.site()
    events, _ = site.load(FEED, write(that.cut, that.file.name, first_rows(that.content, 0.5)))
    events += site.load(FEED, that.file)[0]
    assert_same(map(told, events), map(expected, that.events))


def ends_inside_rows(content):
    """Lengths that break a row off: some early in the list, and one at each comma of the last row."""
    lines = content.splitlines(keepends=True)
    early = [content.index(b"\n", int(len(content) * share)) + 12 for share in (0.3, 0.9, 0.99, 0.999)]
    last_row = len(content) - len(lines[-1])
    commas = [at for at, byte in enumerate(lines[-1]) if byte == ord(",")]
    return early, [last_row + 3, *(last_row + at for at in commas)]


@pytest.mark.full
@pytest.mark.parametrize("day", ("20250402", REPEATED_DAY, DAY_AFTER_LONG_GAP, ORDINARY_DAY))
def test_a_list_cut_inside_a_row_is_held(on_day, day):
    that = on_day(day)
    for end in ends_inside_rows(that.content)[0]:
        assert_held(*that.site().load(FEED, write(that.cut, that.file.name, that.content[:end])))


@pytest.mark.full
@pytest.mark.parametrize("day", ("20250402", REPEATED_DAY, DAY_AFTER_LONG_GAP, ORDINARY_DAY))
def test_a_list_cut_inside_its_last_row_is_held(on_day, day):
    that = on_day(day)
    for end in ends_inside_rows(that.content)[1]:
        assert_held(*that.site().load(FEED, write(that.cut, that.file.name, that.content[:end])))


# Garbage

GARBAGE = {
    "id among junk": "@@ {id} ##",
    "id alone": "{id}",
    "id and a comma": "{id},",
    "markup": "<td>{id}</td>",
    "letters around the id": "abc{id}def",
    "a message": "Error: row {id} unreadable, timeout, retry",
    "a row shifted": ",{row}",
    "a row too long": "{row},x,y",
    "a quote left open": '"{row}',
    "a row torn in two": "{id},20\n25-01-01",
    "two rows run together": "{row},{row}",
    "a NUL": "{id}\0,{row}",
}


def garble_a_staying_person(that, text):
    """The day's file with the row of one person, who was listed before and is again, turned into `text`."""
    before = {person for person, _ in that.before.rows}
    rows = that.content.decode().splitlines()
    at = next(i for i in range(len(rows) // 2, len(rows)) if rows[i].split(",")[0] in before)
    person, row = rows[at].split(",")[0], rows[at]
    rows[at] = text.format(id=person, row=row)
    return person, write(that.cut, that.file.name, ("\n".join(rows) + "\n").encode())


@pytest.mark.parametrize("text", GARBAGE.values(), ids=GARBAGE.keys())
def test_a_garbage_line_that_still_has_an_id_moves_nobody(on_day, text):
    that = on_day(ORDINARY_DAY)
    person, file = garble_a_staying_person(that, text)
    events, summary = that.site().load(FEED, file)
    assert not [event for event in events if event["person"] == person]
    assert summary["problems"] >= 1
    assert summary["held"] == 0
    wanted = Counter((event.kind, event.person) for event in that.events)
    assert Counter((event["kind"], event["person"]) for event in events) == wanted


def test_a_line_that_is_gone_without_garbage_does_move_its_person(on_day):
    """So that the test above can fail."""
    that = on_day(ORDINARY_DAY)
    person, file = garble_a_staying_person(that, "nobody,1999-01-01T00:00:00.000,,,,,,,N,,,")
    events, _ = that.site().load(FEED, file)
    assert [event["kind"] for event in events if event["person"] == person] == ["left_roster"]


# Gaps

@pytest.mark.full
@pytest.mark.parametrize("start", ("20250401", "20250406", "20250414", "20250602"))
def test_a_gap_of_1_to_25_files_never_holds_the_next(rosters, site_before, scratch, start):
    at = index_of(rosters, start)
    prepared = site_before(at + 1)
    oracle = nyc_oracle.Oracle()
    for roster in rosters.read[:at + 1]:
        oracle.take(roster)
    for skipped in range(1, 26):
        following = at + skipped + 1
        events, summary = copy_of(prepared, scratch / "copy").load(FEED, rosters.files[following])
        assert_clean(summary)
        assert_same(map(told, events), map(expected, copy.copy(oracle).take(rosters.read[following])))


# The older dialect

def rewrite_as_2016(file, folder, rng):
    """The same list with other columns, padding, dates and order, every row twice."""
    with file.open(encoding="utf-8", newline="") as old:
        header, *rows = csv.reader(old)
    admitted = header.index("admitted_dt")
    order = rng.sample(range(len(header)), len(header))
    with (folder / file.name).open("w", encoding="utf-8-sig", newline="") as new:
        lines = csv.writer(new, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        lines.writerow([*(header[i].upper() for i in order), "DISCHARGED_DT"])
        for row in rng.sample(rows * 2, len(rows) * 2):
            row = [*row[:admitted], row[admitted].replace("T", " ").split(".")[0], *row[admitted + 1:]]
            lines.writerow([*(row[i] + " " * (1 + i % 3) for i in order), "  "])
    return Path(new.name)


@pytest.mark.full
def test_the_2016_dialect_tells_the_same(rosters, all_expected, scratch):
    rng = random.Random(2016)
    folder = scratch / "dialect"
    folder.mkdir()
    files = [rewrite_as_2016(file, folder, rng) for file in rosters.files]
    events, summary = new_site(scratch / "site").load(FEED, *files)
    assert_clean(summary)
    assert_same(map(told_without_format, events), map(expected_without_format, all_expected))
    assert {event["booking"] for event in events if event["booking"] and "T" in event["booking"]} == set()


# Made-up rosters: what the real ones hardly show

class MadeUpJail:
    """A jail whose people leave, return, are booked anew and have two bookings at once, by chance."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.day = datetime(2023, 5, 1)
        self.listed = {number: {self.admission(self.rng.expovariate(0.01))} for number in range(1000, 2500)}
        self.away, self.former, self.sealed, self.next_number = {}, {}, set(), 50_000

    def admission(self, days_ago):
        return (self.day - timedelta(seconds=int(86_400 * days_ago))).strftime("%Y-%m-%dT%H:%M:%S.000")

    def some(self, group, upto=12):
        return self.rng.sample(sorted(group), min(len(group), self.rng.randrange(4, upto)))

    def pass_day(self):
        self.day += timedelta(days=self.rng.choice((1, 1, 1, 1, 2, 4)))
        chance = self.rng.random()
        if chance > 0.2:
            self.move_people()
        if chance > 0.1:
            self.sealed ^= set(self.some(self.listed))

    def move_people(self):
        for person in self.some(self.listed, 20):
            self.away[person] = self.listed.pop(person)
        for person in self.some(self.away):
            self.listed[person] = self.away.pop(person)
        for _ in range(self.rng.randrange(8, 20)):
            self.next_number += 1
            self.listed[self.next_number] = {self.admission(self.rng.random())}
        for person in self.some(self.listed):
            self.change_bookings(person)

    def change_bookings(self, person):
        held, new = self.listed[person], self.admission(self.rng.random())
        former = self.former.get(person, held)
        self.listed[person] = self.rng.choice(({new}, held | {new}, {max(held)}, former))
        self.former[person] = held

    def write(self, folder):
        rows = [f"{person},{admitted},MIN,{'Y' if person in self.sealed else 'N'}\n"
                for person, bookings in self.listed.items() for admitted in sorted(bookings)]
        rows = self.rng.sample(rows + rows[:30], len(rows) + 30)
        content = "inmateid,admitted_dt,custody_level,sealed\n" + "".join(rows)
        return write(folder, f"made_up_{self.day:%Y%m%d}.csv", content.encode())


@pytest.mark.parametrize("seed", (0, 1, 2, 107, 122, 151))
def test_made_up_rosters_give_the_oracles_events(scratch, seed):
    jail = MadeUpJail(seed)
    files = [jail.write(scratch / "feed")]
    for _ in range(40):
        jail.pass_day()
        files.append(jail.write(scratch / "feed"))
    events, summary = new_site(scratch / "site").load(FEED, *files)
    assert_clean(summary)
    by_file = nyc_oracle.events_by_file(map(nyc_oracle.read, files))
    assert_same(map(told, events), [expected(event) for found in by_file.values() for event in found])
