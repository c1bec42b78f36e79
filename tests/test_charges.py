"""Lists that say who left in ways that are easily overlooked: on several rows of a booking, by a code, while it is held."""
import itertools

import pytest

MAPPING = """\
feed: lists
format: csv-roster
interval: 24h
facility: {id: lists, name: Sample County Jail, timezone: America/Denver}
snapshot: {file_date: "%Y%m%d", at: "06:00"}
columns: {person: [person], booking: [booking], surname: last, released_at: out, reason: why}
dates: ["%Y-%m-%d %H:%M"]
reasons:
  - {code: SERVED, means: released}
  - {code: DISMISSED, means: released}
  - {code: PRISON, means: transferred}
  - {code: DIED, means: died}
  - {code: RAN, means: escaped}
"""
CODES = """\
feed: lists
format: csv-roster
interval: 24h
facility: {id: lists, name: Sample County Jail, timezone: America/Denver}
snapshot: {file_date: "%Y%m%d", at: "06:00"}
columns: {person: [person], booking: [booking], surname: last, status: now}
statuses:
  - {code: "OUT*", means: released}
  - {code: DEC, means: died}
  - {code: ESC, means: escaped}
"""
IN = ",,"


class Lists:
    def __init__(self, site, folder, mapping, head):
        self.site, self.folder, self.head = site, folder, head
        (folder / "mapping.yaml").write_text(mapping, encoding="utf-8")
        site.configure("operator_email: operator@example.org\n")
        site.run("feed", "add", folder / "mapping.yaml")
        site.later(seconds=1795500000 - site.now())  # the 24th of November 2026
        self.day = 9

    def load(self, *rows):
        self.day += 1
        path = self.folder / f"l_202611{self.day:02}.csv"
        path.write_text("\n".join([self.head, *rows]) + "\n", encoding="utf-8")
        return self.site.load("lists", path)


@pytest.fixture
def charges(site, tmp_path):
    """Somebody with two charges, both open, followed; and others."""
    def make(more="rows: one a charge\n", *first):
        lists = Lists(site, tmp_path, MAPPING + more, "person,booking,last,out,why,charge")
        lists.load(*OTHERS, *(first or ("1,B1,ROWAN," + IN + "C1", "1,B1,ROWAN," + IN + "C2")))
        site.register(1, events="released,escaped,died,transferred,left_roster")
        return lists
    return make


OTHERS = [f"{n},B{n},L{n},{IN}C1" for n in range(10, 40)]
EARLY, LATE, AHEAD = "2026-11-02 08:00", "2026-11-02 20:30", "2027-03-01 08:00"
CASES = {
    "a death on any": ([f"{EARLY},SERVED", f"{LATE},DIED"], "has died"),
    "a death that is the earlier": ([f"{EARLY},DIED", f"{LATE},SERVED"], "has died"),
    "the last one ends it": ([f"{EARLY},DISMISSED", f"{LATE},SERVED"], "8:30 p.m."),
    "how the last one ended": ([f"{EARLY},DISMISSED", f"{LATE},PRISON"], "was moved away"),
    "different, at one time": ([f"{LATE},DISMISSED", f"{LATE},PRISON"], "may mean that they are out"),
    "one that is planned": ([f"{EARLY},SERVED", f"{AHEAD},SERVED"], None),
    "one that is open": ([f"{EARLY},SERVED", ","], None),
    "three": ([f"{EARLY},SERVED", f"{LATE},RAN", f"{EARLY},DISMISSED"], "escaped"),
}


@pytest.mark.parametrize("more", ["rows: one a charge\n", ""], ids=["said", "not said"])
@pytest.mark.parametrize("case", CASES)
def test_a_booking_ends_as_its_rows_say_together_in_any_order(charges, site, case, more):
    ends, words = CASES[case]
    lists = charges(more)
    rows = [f"1,B1,ROWAN,{end},C{i}" for i, end in enumerate(ends)]
    told = []
    for order in itertools.permutations(rows):  # the first is told, and no other order is news
        lists.load(*OTHERS[:15], *order, *OTHERS[15:])
        told.append(site.notices())
    assert [len(so_far) for so_far in told] == [len(told[0])] * len(told), told
    if words is None:
        assert told[0] == [] and site.json("person", "show", "1")[0]["standing"] == "held"
    else:
        assert len(told[0]) == 1 and words in told[0][0], told[0]


def test_a_death_on_another_row_puts_right_what_was_told_as_a_release(charges, site):
    lists = charges()
    lists.load(*OTHERS, f"1,B1,ROWAN,{EARLY},SERVED,C1", f"1,B1,ROWAN,{LATE},SERVED,C2")
    lists.load(*OTHERS, f"1,B1,ROWAN,{EARLY},SERVED,C1", f"1,B1,ROWAN,{LATE},DIED,C2")
    first, second = site.notices()
    assert "was released" in first and "has died" in second


@pytest.mark.parametrize("code, words", [("OUT BOND", "was released"), ("DEC", "has died"), ("ESC", "escaped")])
def test_an_ending_by_a_code_is_told_while_the_list_is_held(site, tmp_path, code, words):
    lists = Lists(site, tmp_path, CODES, "person,booking,last,now")
    everybody = [f"{n},B{n},L{n},IN" for n in range(100, 300)]
    lists.load(*everybody)
    site.register(290)
    _, summary = lists.load(*[row.replace(",IN", "," + code) if row.startswith("290,") else row for row in everybody[70:]])
    assert summary["held"] == 1
    assert [words in notice for notice in site.notices()] == [True]


def test_a_list_that_comes_late_is_read_for_the_endings_that_it_reports(charges, site):
    """The row that says how they left stood on yesterday's list only, which comes after today's."""
    lists = charges()
    lists.day = 12
    lists.load(*OTHERS)
    lists.day = 10
    late = [*OTHERS[:20], f"1,B1,ROWAN,{EARLY},SERVED,C1", f"1,B1,ROWAN,2026-11-10 20:00,DIED,C2"]
    events, summary = lists.load(*late)
    assert [event["kind"] for event in events] == ["died"] and summary["held"] == 0
    gone, died = site.notices()
    assert "no longer shows" in gone and "has died" in died and site.json("person", "show", "1")[0]["standing"] == "dead"
    assert site.json("feed", "status")[0]["people"] == 30  # who is on it counts no more
    assert lists.site.json("feed", "load", "lists", lists.folder / "l_20261111.csv")[-1]["summary"]["events"] == 0
    site.run("feed", "undo", "lists", "l_20261111.csv")
    assert site.json("person", "show", "1")[0]["standing"] == "unlisted"


def test_what_a_late_list_reports_and_a_later_one_denies_is_not_believed(charges, site):
    lists = charges()
    lists.day = 12
    lists.load(*OTHERS, "1,B1,ROWAN," + IN + "C1")
    lists.day = 10
    lists.load(*OTHERS, f"1,B1,ROWAN,{EARLY},SERVED,C1")
    assert site.json("person", "show", "1")[0]["standing"] == "held" and not any("was released" in n.split(".")[0] for n in site.notices())


@pytest.mark.parametrize("n, doubtful", [(120, True), (40, False)])
def test_half_a_jail_released_on_the_second_list_ever_is_in_doubt(site, tmp_path, n, doubtful):
    lists = Lists(site, tmp_path, CODES, "person,booking,last,now")
    everybody = [f"{n},B{n},L{n},IN" for n in range(100, 300)]
    lists.load(*everybody)
    site.register(100)
    lists.load(*[row.replace(",IN", ",OUT") if i < n else row for i, row in enumerate(everybody)])
    notice, = site.notices()
    assert ("very many people at once" in notice) == doubtful and ("was released" in notice.split(".")[0]) != doubtful
