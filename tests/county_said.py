"""What truly happens to the people of a made-up county, and what its two jails' systems say of it.

Ash sends records of events, as files of CSV or JSON, in some counties with a daily list beside them; Birch sends a
daily list. Both make mistakes: late, doubled, out of order, taken back, by a clock that runs ahead, without times, in
the hour that comes twice in autumn. `Said` also knows what can be known from it. county.py gives it to the program.
"""
import json
from collections import defaultdict, namedtuple
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

# ── Time and chance ───────────────────────────────────────────────────────────────────────────────

ZONE = ZoneInfo("America/New_York")
MINUTE, HOUR, DAY = 60, 3600, 86400
AUTUMN = datetime(2026, 11, 1)  # this night has an hour twice
QUIET = 5  # days at the end on which nothing happens, so that everything has been said


def instant(day, moment=0, fold=0):
    """Of a local day at so many seconds after midnight by its clocks; `fold`: which of two hours."""
    return int((day + timedelta(seconds=moment)).replace(tzinfo=ZONE, fold=fold).timestamp())


def local(at):
    return datetime.fromtimestamp(at, ZONE)


def utc(at):
    return datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


# ── What truly happens ────────────────────────────────────────────────────────────────────────────

ENDINGS = ("released", "escaped", "died", "moved_away", "handed_over")  # handed over: to the county's other jail
WORD_OF = {kind: {"moved_away": "moved", "handed_over": "moved"}.get(kind, kind) for kind in ENDINGS}
HOLDINGS = ("booked", "recaptured", "returned", "moved")
STATES = {"released": "out", "escaped": "out", "died": "dead", "moved_away": "elsewhere", "handed_over": "elsewhere",
          "absent": "away", **dict.fromkeys(HOLDINGS, "held")}

Fact = namedtuple("Fact", "at kind unit")


@dataclass(eq=False)
class Stay:
    """One booking."""
    person: "Person"
    jail: str
    number: str
    facts: list = field(default_factory=list)

    def last(self, at):
        return max((fact for fact in self.facts if fact.at <= at), key=lambda fact: fact.at, default=None)

    def state(self, at):
        last = self.last(at)
        return STATES[last.kind] if last else None

    def is_open(self, at):
        return self.state(at) in ("held", "away")

    def unit(self, at):
        return next((fact.unit for fact in reversed(self.facts) if fact.at <= at and fact.unit), "MAIN")


@dataclass(eq=False)
class Person:
    number: int
    surname: str
    given: str
    stays: list = field(default_factory=list)

    def truth(self, at):
        """The standing and, of a leaving, its kind."""
        states = {stay.state(at) for stay in self.stays}
        for standing in ("held", "away", "dead"):
            if standing in states:
                return standing, "died" if standing == "dead" else None
        last = max((stay.last(at) for stay in self.stays if stay.last(at)), key=lambda fact: fact.at, default=None)
        return (STATES[last.kind], last.kind) if last else (None, None)

    def is_in(self, at):
        return self.truth(at)[0] in ("held", "away")


class Life:
    """Lets things happen to people, day by day."""

    def __init__(self, rng, first_day, days):
        self.rng, self.first_day, self.days, self.n_stays = rng, first_day, days, 0

    def book(self, person, jail, at):
        self.n_stays += 1
        stay = Stay(person, jail, f"{jail[0].upper()}{5000 + self.n_stays}")
        stay.facts.append(Fact(at, "booked", self.rng.choice(["MAIN", "ANNEX"])))
        person.stays.append(stay)
        return stay

    def live(self, person, pace):
        free_at = 0
        for day in range(1, self.days - QUIET):
            date = self.first_day + timedelta(days=day)
            at = instant(date, self.rng.randrange(10, 23 * 60) * MINUTE)
            if date == AUTUMN and self.rng.random() < 0.6:  # the hour that comes twice
                at = instant(date, HOUR + self.rng.randrange(60) * MINUTE, self.rng.randrange(2))
            if at > free_at:
                free_at = self.happen(person, at, pace) + 20 * MINUTE

    def happen(self, person, at, pace):
        """What one day brings; gives when that is over."""
        stays = [stay for stay in person.stays if stay.is_open(at)]
        standing, kind = person.truth(at)
        if not stays:
            return self.come_in(person, at, kind, pace) if standing not in ("dead", "elsewhere") else at
        chances = {"released": .06, "escaped": .012, "died": .005, "moved_away": .006, "handed_over": .03,
                   "moved": .05, "absent": .05, "second": .03, "nothing": .5}
        chances["nothing"] /= pace
        what = self.rng.choices(list(chances), list(chances.values()))[0]
        if what == "nothing" or (what == "second" and len(stays) > 1):
            return at
        if what == "second":
            self.book(person, self.rng.choice([stays[0].jail, "ash", "birch"]), at)
        elif what == "released" and len(stays) > 1:  # of one booking only
            self.rng.choice(stays).facts.append(Fact(at, what, None))
        else:
            unit = {"MAIN": "ANNEX", "ANNEX": "MAIN"}[stays[0].unit(at)] if what == "moved" else None
            for stay in stays:
                stay.facts.append(Fact(at, what, unit))
        return self.go_on(person, stays, what, at)

    def go_on(self, person, stays, what, at):
        later = at + self.rng.randrange(30, 300) * MINUTE
        if what == "absent":
            for stay in stays:
                stay.facts.append(Fact(later, "returned", None))
        elif what == "handed_over":
            self.book(person, "birch" if stays[0].jail == "ash" else "ash", later)
        elif what == "released" and not person.is_in(at) and self.rng.random() < 0.12:
            self.book_again(person, stays[-1], later)
        else:
            return at
        return later

    def book_again(self, person, stay, at):
        if self.rng.random() < 0.4:
            stay.facts.append(Fact(at, "booked", stay.unit(at)))
        else:
            self.book(person, self.rng.choice([stay.jail, "ash", "birch"]), at)

    def come_in(self, person, at, kind, pace):
        if self.rng.random() > (0.35 if kind == "escaped" else 0.08 * pace):
            return at
        last = max(person.stays, key=lambda stay: stay.facts[-1].at, default=None)
        if last and kind == "escaped":
            last.facts.append(Fact(at, "recaptured", None))
        elif last:
            self.book_again(person, last, at)
        else:
            self.book(person, self.rng.choice(["ash", "birch"]), at)
        return at


def endings(person):
    """[(when, kind, bookings that it ended, whether it left nothing that holds them)]"""
    at_once = defaultdict(list)
    for stay in person.stays:
        for fact in stay.facts:
            if fact.kind in ENDINGS and fact.kind != "handed_over":
                at_once[fact.at, fact.kind].append(stay)
    return [(at, kind, at_once[at, kind], not person.is_in(at)) for at, kind in sorted(at_once)]


# ── What the jails' systems say ───────────────────────────────────────────────────────────────────

CODES = {"booked": "BKD", "released": "REL", "escaped": "ESC", "died": "DTH", "moved_away": "XFR", "handed_over": "XFR",
         "moved": "MOV", "absent": "CRT", "returned": "RTN", "recaptured": "CAP", "correction": "OOPS"}


@dataclass(frozen=True)
class Shape:
    """How a county's systems are. Each has its own prepared site, so there are few."""
    has_ids: bool          # ash's records have ids of their own
    is_json: bool          # … and come as JSON
    has_list: bool         # … and a daily list beside them
    has_release_row: bool  # birch's list keeps whoever left for two days, with when and why


@dataclass(eq=False)
class Record:
    """What ash's event feed says. Time: an interval of what may be meant; `low` None: it says nothing usable."""
    stay: Stay
    kind: str
    text: str
    low: int
    high: int
    keyed: int
    fact: Fact = None      # None: nothing like it has happened
    corrects: "Record" = None
    is_named: bool = False
    unit: str = ""
    id: str = ""
    arrives: list = field(default_factory=list)

    @property
    def observed(self):
        return self.arrives[0]

    def said_last(self):
        """Said again without an id it is as good as new."""
        return self.observed if self.id else self.arrives[-1]

    def settle(self):
        """What cannot be (it is later than the record itself) is not known; nothing is later than when it was said."""
        self.low0, self.high0 = self.low, self.high
        if self.low is None or self.low > self.observed:
            self.low, self.high = None, self.observed
        self.high = min(self.high, self.observed)
        return self

    def says(self):
        return self.kind, self.id, self.low, self.low and self.high

    def begins(self):
        return -1 if self.low is None else self.low


@dataclass(eq=False)
class Listing:
    """A daily list: when it was made and came, and of each booking in it whether as held."""
    jail: str
    made: int
    arrives: int
    rows: dict = field(default_factory=dict)  # Stay → None, or the Fact of leaving that its row tells


class Said:
    """Everything that both jails say of a county's true month."""

    def __init__(self, rng, shape, people, first_day, days):
        self.rng, self.shape, self.people, self.first_day, self.days = rng, shape, people, first_day, days
        self.start, self.end = instant(first_day, 8 * HOUR), instant(first_day + timedelta(days=days))
        self.silent_from = self.end - 2 * DAY  # no record is keyed later
        self.every = rng.choice([12, 24, 24]) * HOUR
        self.is_by_day = rng.random() < 0.12
        ahead_from = self.start + rng.randrange(days - QUIET) * DAY
        self.ahead = (ahead_from, ahead_from + rng.randrange(1, 5) * DAY, rng.randrange(30, 400) * MINUTE)
        if rng.random() < 0.7:
            self.ahead = (0, 0, 0)
        self.blank = rng.choice(["", "NULL", "1900-01-01 00:00"])
        self.records = [record for stay in self.stays("ash") for record in self.records_of(stay)]
        self.records.sort(key=lambda record: record.keyed)
        for number, record in enumerate(self.records, start=1):
            self.send(record, number)
        self.listings = self.lists_of("birch", 5) + (self.lists_of("ash", 6) if shape.has_list else [])

    def stays(self, jail):
        return [stay for person in self.people for stay in person.stays if stay.jail == jail]

    # Records

    def time_of(self, at):
        """How the system writes a time, and what may be meant by it."""
        chance = self.rng.random()
        if self.ahead[0] <= at < self.ahead[1]:
            at += self.ahead[2]
        day = local(at).replace(tzinfo=None, hour=0, minute=0)
        if chance < 0.03:
            return "", None, None
        if chance < 0.06:
            return self.rng.choice(["1900-01-01 00:00", "1970-01-01 00:00"]), None, None
        if chance < 0.12 or self.is_by_day:
            return day.strftime("%Y-%m-%d"), instant(day), instant(day, DAY) - 1
        moment = local(at).replace(tzinfo=None)
        return moment.strftime("%Y-%m-%d %H:%M"), instant(moment), instant(moment, fold=1)

    def record(self, stay, kind, at, keyed, **more):
        return Record(stay, kind, *self.time_of(at), min(keyed, self.silent_from), **more)

    def delay(self):
        return self.rng.randrange(3 * HOUR, 60 * HOUR) if self.rng.random() < 0.08 else self.rng.randrange(90 * MINUTE)

    def records_of(self, stay):
        for fact in stay.facts:
            if fact.at < self.start:
                yield Record(stay, "booked", local(fact.at).strftime("%Y-%m-%d %H:%M"), fact.at, fact.at, 0, fact,
                             unit=fact.unit)
                continue
            keyed = fact.at + self.delay()
            if fact.kind in ENDINGS and self.rng.random() < 0.06:  # as another kind, first
                wrong = self.rng.choice([kind for kind in ("released", "escaped", "died") if kind != fact.kind])
                yield from self.mistake(stay, wrong, fact.at, keyed)
                keyed += self.rng.randrange(2 * HOUR, 40 * HOUR)
            yield self.record(stay, fact.kind, fact.at, keyed, fact=fact, unit=fact.unit or "")
        for day in range(1, self.days - QUIET):
            at = instant(self.first_day + timedelta(days=day), self.rng.randrange(24 * 60) * MINUTE)
            if stay.state(at) == "held" and self.rng.random() < 0.02:
                yield from self.mistake(stay, self.rng.choices(["released", "escaped", "died"], [8, 1, 1])[0], at,
                                        at + self.delay())

    def mistake(self, stay, kind, at, keyed):
        wrong = self.record(stay, kind, at, keyed)
        corrected = keyed + self.rng.randrange(HOUR, 50 * HOUR)
        if self.rng.random() < 0.1:  # the correction comes first
            wrong.keyed, corrected = min(corrected, self.silent_from), keyed
        yield wrong
        yield self.record(stay, "correction", corrected, corrected, corrects=wrong,
                          is_named=self.shape.has_ids and self.rng.random() < 0.7)

    def send(self, record, number):
        """In the next file; some again in a later one."""
        record.id = str(7000 + number) if self.shape.has_ids else ""
        first = self.start + max(0, -(-(record.keyed - self.start) // self.every)) * self.every
        record.arrives = [first if record.keyed else self.start - 2 * HOUR]
        is_twice = self.rng.random() < 0.05 and record.keyed and (record.fact or record.id)
        if is_twice and first + 2 * self.every < self.silent_from:
            record.arrives.append(first + self.rng.randrange(1, 3) * self.every)
        record.settle()

    # Lists

    def lists_of(self, jail, hour):
        lists = []
        for day in range(self.days):
            made = instant(self.first_day + timedelta(days=day), hour * HOUR)
            is_rough = 0 < day < self.days - QUIET
            if is_rough and self.rng.random() < 0.02:
                continue  # never sent
            late = self.rng.choices([0, self.rng.randrange(2, 22), 26], [.92, .06, .02])[0] if is_rough else 0
            listing = Listing(jail, made, made + 10 * MINUTE + late * HOUR)
            for stay in self.stays(jail):
                self.list_stay(listing, stay, is_rough)
            lists.append(listing)
        return lists

    def list_stay(self, listing, stay, is_rough):
        """A list may lag by hours, and lose a row for a day."""
        made, last = listing.made, stay.last(listing.made)
        if not last or (is_rough and self.rng.random() < 0.004):
            return
        lags = is_rough and self.rng.random() < 0.3
        if stay.is_open(made):
            if not (lags and last.kind == "booked" and made - last.at < 2 * HOUR):
                listing.rows[stay] = None
        elif lags and made - last.at < 3 * HOUR:
            listing.rows[stay] = None
        elif self.shape.has_release_row and stay.jail == "birch" and made - last.at < 2 * DAY:
            listing.rows[stay] = last

    # As files

    def loads(self):
        """[(when, feed, when it was made, file name, content)], in order of coming."""
        files = [(listing.arrives, f"{listing.jail}-list", listing.made,
                  f"{listing.jail}_{local(listing.made):%Y%m%d}.csv", self.list_text(listing))
                 for listing in self.listings]
        batches = defaultdict(list)
        for record in self.records:
            for at in record.arrives:
                batches[at].append(record)
        for at, records in batches.items():
            if self.rng.random() < 0.3:
                self.rng.shuffle(records)
            files.append((at + 5 * MINUTE, "ash", at + 5 * MINUTE, f"ash_{local(at):%Y%m%d_%H%M}_{at}.txt",
                          self.events_text(records)))
        for at, feed, made, name, text in files[:]:
            if self.rng.random() < 0.05 and self.start < at < self.silent_from:
                name = self.rng.choice([name, f"again_{name}"])
                files.append((at + self.rng.randrange(1, 9) * HOUR, feed, made if feed != "ash" else at, name, text))
        return sorted(files, key=lambda file: file[0])

    def events_text(self, records):
        columns = ["id", "person", "booking", "last", "first", "what", "when", "unit", "undo"]
        rows = [[record.id, record.stay.person.number, record.stay.number, record.stay.person.surname,
                 record.stay.person.given, CODES[record.kind], record.text, record.unit,
                 record.corrects.id if record.is_named else ""] for record in records]
        if self.shape.is_json:
            return "".join(json.dumps({key: str(cell) for key, cell in zip(columns, row) if cell}) + "\n"
                           for row in rows)
        return csv_text(columns, rows)

    def list_text(self, listing):
        columns = ["person", "booking", "last", "first", "unit", "admitted", "released", "why"]
        rows = []
        for stay, left in listing.rows.items():
            admitted = [fact for fact in stay.facts if fact.kind == "booked" and fact.at <= listing.made][-1]
            form = "%Y-%m-%d" if left and left.at % 7 == 0 else "%Y-%m-%d %H:%M"
            rows.append([stay.person.number, stay.number, stay.person.surname, stay.person.given,
                         stay.unit(listing.made), local(admitted.at).strftime("%Y-%m-%d %H:%M"),
                         local(left.at).strftime(form) if left else self.blank, CODES[left.kind] if left else ""])
        return csv_text(columns, rows)

    # What can be known of it

    def of(self, stay):
        return [record for record in self.records if record.stay is stay]

    def left_standing(self, stay):
        """The records that no correction takes back: by its name, or the newest ending said before it and what says the
        same."""
        left = [record for record in self.of(stay) if record.kind != "correction"]
        corrections = sorted((record for record in self.of(stay) if record.kind == "correction"),
                             key=lambda record: (not record.is_named, record.observed))
        for correction in corrections:
            meant = correction.corrects if correction.is_named else max(
                (record for record in left if record.kind in ENDINGS and record.observed <= correction.observed),
                key=lambda record: (record.high, record.begins(), record.observed, record.id, bool(record.fact)),
                default=None)  # of two that cannot be told apart, the one that was not meant
            left = [record for record in left if record is not meant and not (
                meant and not correction.is_named and record.says() == meant.says() and
                record.observed <= correction.observed)]
        return left

    def is_muddled(self, stay):
        """Whether a correction took back what it did not mean, or nothing."""
        left = self.left_standing(stay)
        return any((record in left) != bool(record.fact) for record in self.of(stay) if record.kind != "correction")

    def is_decided(self, stay):
        """Whether what was said tells where that booking stands: always where a list does. Else corrections must have
        met what they mean, and the last true thing must be told apart from what speaks against it by time."""
        if stay.jail == "birch" or self.shape.has_list:
            return True
        if self.is_muddled(stay):
            return False
        left = self.left_standing(stay)
        ended = [record for record in left if record.kind in ENDINGS]
        held = [record for record in left if record.kind in HOLDINGS]
        newest = max((record.begins() for record in held), default=-1)
        if stay.is_open(self.end):
            return all(newest > record.high for record in ended)
        return all(newest <= record.high and not any(other.said_last() > record.observed and
                                                     other.high > record.begins() for other in held)
                   for record in ended if record.fact is stay.last(self.end))

    def is_person_decided(self, person):
        """A death that was said and not taken back is for a clerk, whatever lists show."""
        if any(record.kind == "died" and not record.fact
               for stay in person.stays for record in self.left_standing(stay)):
            return False
        if person.is_in(self.end):
            return any(stay.is_open(self.end) and self.is_decided(stay) for stay in person.stays)
        last = max((stay for stay in person.stays), key=lambda stay: stay.facts[-1].at, default=None)
        return all(self.is_decided(stay) for stay in person.stays) and (
            last is None or self.ended_by_report(last, self.end) is not None)

    def reports_of(self, stays, at, kind):
        """When that true ending was reported, by whatever source, each time."""
        records = [arrival for stay in stays for record in self.of(stay) for arrival in record.arrives
                   if record.fact and (record.fact.at, record.kind) == (at, kind)]
        return records + [listing.arrives for listing in self.in_order("birch") for stay, left in listing.rows.items()
                          if stay in stays and left and left.at == at]

    def ended_by_report(self, stay, at):
        """When it was first said that this booking had ended, of its last ending until then. None: never, or it has
        not ended."""
        last = stay.last(at)
        if not last or last.kind not in ENDINGS:
            return None
        reports = self.reports_of([stay], last.at, last.kind)
        vanished = self.vanishing(stay, last.at)
        return min(reports + ([vanished] if vanished else []), default=None)

    def reported(self, person):
        """(when, kind, when it was reported, words of which one must be told, whether nothing else held them) of each
        true ending. While another booking that has ended is not reported as ended, they are held as far as anybody
        can know, so that of the whole person the last report counts."""
        for at, kind, stays, is_whole in endings(person):
            word, reports = WORD_OF[kind], self.reports_of(stays, at, kind)
            others = [self.ended_by_report(stay, at) for stay in person.stays] if is_whole else []
            known = max(filter(None, others), default=0)
            if reports:
                yield at, kind, max(min(reports), known), {word}, is_whole
            elif known and not self.is_in_between(person, at, known) and any(
                    self.ended_by_report(stay, at) for stay in stays):
                yield at, "gone", known, {"gone", *WORD_OF.values()}, True

    @staticmethod
    def is_in_between(person, after, until):
        return any(after < fact.at <= until and fact.kind in HOLDINGS for stay in person.stays for fact in stay.facts)

    def is_reported_still(self, person, at, kind):
        """Whether no correction, meant for another, took that ending back."""
        return not any(record.fact and (record.fact.at, record.kind) == (at, kind) and
                       record not in self.left_standing(stay)
                       for stay in person.stays for record in self.of(stay))

    def is_fresh(self, stay, made):
        """Whether a list that was made then may lag behind what the feed said of that booking."""
        return any(record.kind in HOLDINGS and made - 25 * HOUR < record.observed for record in self.of(stay))

    def vanishing(self, stay, at):
        """When the first list without that booking came, if it was listed before and is over still."""
        was = False
        for listing in self.in_order(stay.jail):
            if listing.made < at or stay in listing.rows:
                was |= stay in listing.rows
            elif not was or stay.last(listing.made).at > at:
                break
            elif not self.is_fresh(stay, listing.made):
                return listing.arrives
        return None

    def is_known_in(self, person, at):
        """Whether it was said by then that they are held, as they are."""
        for stay in person.stays:
            last = stay.last(at)
            if stay.is_open(at) and (
                    any(record.fact is last and record.observed <= at for record in self.of(stay)) or
                    any(last.at <= listing.made and listing.arrives <= at and stay in listing.rows
                        for listing in self.listings)):
                return True
        return False

    def in_order(self, jail):
        """The lists of that jail that did not come after a newer one."""
        newest = 0
        for listing in sorted((x for x in self.listings if x.jail == jail), key=lambda x: x.arrives):
            if listing.made > newest:
                newest = listing.made
                yield listing


def csv_text(columns, rows):
    return "\n".join(",".join(map(str, row)) for row in [columns, *rows]) + "\n"
