"""A second, naive implementation of what daily New York rosters mean: the oracle of test_nyc.py.

It holds whole lists in sets and shares nothing with the program. It knows no held lists, alerts or
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

# `corrects` is the Event that is corrected, or None; `row` is the line in the file, the header being 1.
Event = namedtuple("Event", "kind assertion person booking file row occurred_at observed_at detail corrects",
                   defaults=("", None))
# `rows` maps each (person, admission) to the line that it is first listed on; `sealed` to its flag.
Roster = namedtuple("Roster", "name taken_at rows sealed")


def utc(moment):
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def noon_of_name(name):
    """Noon in New York on the day that the file's name ends with."""
    day = datetime.strptime(re.search(r"(\d{8})\.csv$", name).group(1), "%Y%m%d")
    return day.replace(hour=12, tzinfo=NEW_YORK)


def admission_utc(text):
    """2025-04-01T17:10:29.000 or 2025-04-01 17:10:29, New York time, as UTC."""
    seconds = text.replace("T", " ").split(".")[0]
    return utc(datetime.strptime(seconds, "%Y-%m-%d %H:%M:%S").replace(tzinfo=NEW_YORK))


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
    return Roster(path.name, noon_of_name(path.name), rows, sealed)


class Oracle:
    """Takes rosters oldest first; gives the events of each."""

    def __init__(self):
        self.last = None
        self.silent = False
        self.left = {}      # pair -> the latest left_roster that was reported of it

    def take(self, roster):
        if self.last is None:
            events = []
        elif roster.sealed == self.last.sealed:
            events = self._silence(roster, "repeated")
        else:
            events = [*self._gap(roster), *self._restoration(roster),
                      *self._departures(roster), *self._arrivals(roster)]
        self.last = roster
        return events

    def _silence(self, roster, detail):
        """A feed falls silent once, however often it then repeats itself."""
        since = self.last.taken_at.astimezone(timezone.utc) + SILENT_AFTER
        began = utc(since) if detail == "stopped" else utc(roster.taken_at)
        events = [] if self.silent else [Event("feed_silent", "inferred", None, None, roster.name, None, began,
                                               utc(roster.taken_at), detail)]
        self.silent = True
        return events

    def _gap(self, roster):
        gap = roster.taken_at.astimezone(timezone.utc) - self.last.taken_at.astimezone(timezone.utc)
        return self._silence(roster, "stopped") if gap > SILENT_AFTER else []

    def _restoration(self, roster):
        now = utc(roster.taken_at)
        events = [Event("feed_restored", "reported", None, None, roster.name, None, now, now)] if self.silent else []
        self.silent = False
        return events

    def _departures(self, roster):
        """Only whoever is on no row at all has left; nobody knows when."""
        present = {person for person, _ in roster.rows}
        gone = [pair for pair in self.last.rows if pair[0] not in present]
        for pair in gone:
            self.left[pair] = Event("left_roster", "inferred", pair[0], "/".join(pair), roster.name, None, None,
                                    utc(roster.taken_at))
        return [self.left[pair] for pair in gone]

    def _arrivals(self, roster):
        return [self._arrival(roster, pair) for pair in roster.rows if pair not in self.last.rows]

    def _arrival(self, roster, pair):
        person, admitted = pair
        row, observed = roster.rows[pair], utc(roster.taken_at)
        if pair in self.left:
            return Event("back_on_roster", "corrected", person, "/".join(pair), roster.name, row, None, observed,
                         corrects=self.left[pair])
        return Event("booked", "reported", person, "/".join(pair), roster.name, row, admission_utc(admitted),
                     observed)


def events_by_file(rosters):
    """{file name: its events}, for rosters oldest first."""
    oracle = Oracle()
    return {roster.name: oracle.take(roster) for roster in rosters}


def events_of(rosters):
    return [event for events in events_by_file(rosters).values() for event in events]


if __name__ == "__main__":
    for event in events_of(map(read, sys.argv[1:])):
        corrects = event.corrects and event.corrects._asdict()
        print(json.dumps({**event._asdict(), "corrects": corrects}))
