"""A second, naive implementation of what daily New York rosters mean: the oracle of test_nyc.py.

It holds whole lists in memory and shares nothing with the program. It knows no held lists, alerts or
sealing: only which custody events a run of good files makes. Also usable by hand:

    python3 nyc_oracle.py FILE...     prints the events, one JSON object a line
"""
import csv
import json
import re
import sys
from collections import namedtuple
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
SILENT_AFTER = timedelta(days=1.5)

# `row` is the line in the file, the header being 1; `corrects` is the Event that is corrected, or None.
Event = namedtuple("Event", "kind assertion person booking file row occurred_at observed_at detail corrects",
                   defaults=("", None))
# `rows` maps each (person, admission) to the line that first lists it, `sealed` to its flag.
Roster = namedtuple("Roster", "name taken_at rows sealed")


def utc(moment):
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def noon_in_new_york(name):
    """Noon on the day that a file's name ends with, as UTC: safe to subtract."""
    day = datetime.strptime(re.search(r"(\d{8})\.csv$", name).group(1), "%Y%m%d")
    return day.replace(hour=12, tzinfo=NEW_YORK).astimezone(timezone.utc)


def admission(text):
    """2025-04-01T17:10:29.000 or 2025-04-01 17:10:29, New York time."""
    seconds = text.replace("T", " ").split(".")[0]
    return datetime.strptime(seconds, "%Y-%m-%d %H:%M:%S").replace(tzinfo=NEW_YORK)


def read(path):
    """One file as a Roster; the first of duplicate rows counts."""
    path = Path(path)
    rows, sealed = {}, {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file)
        names = [name.strip().lower() for name in next(lines)]
        person, admitted, seal = map(names.index, ("inmateid", "admitted_dt", "sealed"))
        for number, cells in enumerate(lines, start=2):
            pair = cells[person].strip(), cells[admitted].strip()
            rows.setdefault(pair, number)
            sealed.setdefault(pair, cells[seal].strip())
    return Roster(path.name, noon_in_new_york(path.name), rows, sealed)


class Oracle:
    """Takes rosters, oldest first, and gives the events of each; copy.copy makes a fork."""

    def __init__(self):
        self.last = None
        self.silent = False
        self.seen = frozenset()     # every pair that was ever listed
        self.left = {}              # pair -> its left_roster that nothing has corrected yet

    def take(self, roster):
        self.left = dict(self.left)
        events = self._compare(roster) if self.last else []
        self.last = roster
        self.seen = self.seen | roster.rows.keys()
        return events

    def _compare(self, roster):
        stopped = self._stop(roster)
        if roster.sealed == self.last.sealed:
            return stopped + self._fall_silent(roster, roster.taken_at, "repeated")
        return stopped + self._restore(roster) + self._departures(roster) + self._arrivals(roster)

    def _stop(self, roster):
        late = self.last.taken_at + SILENT_AFTER
        return self._fall_silent(roster, late, "stopped") if roster.taken_at > late else []

    def _fall_silent(self, roster, since, detail):
        """A feed falls silent once, for the first reason, however long it stays so."""
        if self.silent:
            return []
        self.silent = True
        return [Event("feed_silent", "inferred", None, None, roster.name, None, utc(since),
                      utc(roster.taken_at), detail)]

    def _restore(self, roster):
        if not self.silent:
            return []
        self.silent = False
        now = utc(roster.taken_at)
        return [Event("feed_restored", "reported", None, None, roster.name, None, now, now)]

    def _departures(self, roster):
        """Only whoever is on no row at all has left, and nobody knows when."""
        present = {person for person, _ in roster.rows}
        left = {pair: Event("left_roster", "inferred", pair[0], "/".join(pair), roster.name, None, None,
                            utc(roster.taken_at))
                for pair in self.last.rows if pair[0] not in present}
        self.left.update(left)
        return list(left.values())

    def _arrivals(self, roster):
        new = [pair for pair in roster.rows if pair not in self.last.rows]
        return [event for pair in new for event in self._arrival(roster, pair)]

    def _arrival(self, roster, pair):
        """A pair that gave way to another of the same person, and is back, had never left: no event."""
        facts = pair[0], "/".join(pair), roster.name, roster.rows[pair]
        now = utc(roster.taken_at)
        if pair in self.left:
            return [Event("back_on_roster", "corrected", *facts, None, now, corrects=self.left.pop(pair))]
        if pair in self.seen:
            return []
        return [Event("booked", "reported", *facts, utc(admission(pair[1])), now)]


def events_by_file(rosters):
    """{file name: its events}, of rosters oldest first."""
    oracle = Oracle()
    return {roster.name: oracle.take(roster) for roster in rosters}


if __name__ == "__main__":
    for found in events_by_file(map(read, sys.argv[1:])).values():
        for event in found:
            corrected = event.corrects and event.corrects._asdict()
            print(json.dumps({**event._asdict(), "corrects": corrected}))
