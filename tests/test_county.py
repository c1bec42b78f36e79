"""A made-up county's month through the program, held against what was true (county.py).

TOCSIN_COUNTIES sets how many counties the soak tries.
"""
import os
from collections import Counter

import pytest

from county import FINDINGS, County, Judge, Mail, history, run_county
from county_said import HOUR, endings

QUICK = (1, 2, 3)
DAYS = 30


def assert_true(seeds, days, folder):
    found, totals, prepared = [], Counter(), {}
    for seed in seeds:
        county, judge = run_county(seed, days, folder, prepared)
        totals += judge.counts
        found += [f"seed {seed}: {what}: {person.number} {words}\n" + "\n".join(history(county, person))
                  for what, person, words in judge.findings]
    print(dict(totals))
    assert not found, f"{len(found)} findings ({dict(totals)}), such as\n" + "\n".join(found[:3])


def test_what_is_told_in_a_county_is_true(tmp_path):
    assert_true(QUICK, 20, tmp_path)


@pytest.mark.full
@pytest.mark.soak("counties")
def test_what_is_told_in_many_counties_is_true(tmp_path):
    assert_true(range(1, 1 + int(os.environ.get("TOCSIN_COUNTIES", "10"))), DAYS, tmp_path)


# ── The judge itself ──────────────────────────────────────────────────────────────────────────────

def told_by_heart(county):
    """Everybody is told everything as it was, at once: nothing to find but what nobody can know."""
    for person in county.people:
        standing, _ = person.truth(county.said.end)
        county.believed[person] = {"held": "in", "away": "in", "dead": "out", None: None}.get(standing, standing)
    for person in county.followed:
        facts = sorted((fact for stay in person.stays for fact in stay.facts), key=lambda fact: fact.at)
        for asked in ("all", "endings"):
            for fact in facts:
                if fact.at < county.said.start:
                    continue
                standing, kind = person.truth(fact.at)
                word = {"moved_away": "moved", "handed_over": "moved"}.get(kind, kind)
                own = {"moved_away": "moved"}.get(fact.kind, fact.kind)
                words = {word} if standing in ("out", "dead", "elsewhere") else {"held"}
                county.mails[person.number, asked].append(Mail(fact.at, words | ({own} - {"booked"}), own))
    return county


def findings(county):
    return Counter(what for what, _, _ in Judge(county).findings)


@pytest.mark.parametrize("seed", range(1, 41))
def test_the_judge_finds_nothing_where_all_is_told(seed):
    assert not findings(told_by_heart(County(seed, DAYS)))


def test_the_judge_finds_what_is_wrong():
    found = Counter()
    for seed in range(1, 11):
        county = told_by_heart(County(seed, DAYS))
        county.mails.clear()
        county.believed = {person: "elsewhere" for person in county.people}
        found += findings(county)
        county = told_by_heart(County(seed, DAYS))
        for person in county.followed:
            at = max((at for at, *_ in endings(person)), default=county.said.start)
            county.mails[person.number, "all"].append(Mail(max(at, county.said.end - HOUR), {"died"}, "died"))
        found += findings(county)
    assert set(found) >= set(FINDINGS)
