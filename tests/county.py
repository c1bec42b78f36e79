"""A made-up county of two jails, and whether the program tells the truth about it.

From a seed: what truly happens to some people in a month, what the jails' systems say of it (late, doubled, out of
order, mistaken, taken back, by clocks that are wrong), all of it given to the program through its command line, and a
judgement that knows the truth and what was said, and nothing of how the program decides. It asks three things:

  endings     every true ending that was reported was told to whoever follows the person within an hour of the report:
              plainly, doubtfully, or riding on a later statement; or it stands in a person's queue
  belief      after quiet days at the end, what is believed and what was last told agree with what can be known
  mistakes    whoever was told an ending that was none was told so later

What cannot be known from what was said is counted apart, as undecided: `Said.is_decided` says when.

usage: county.py [--seeds N] [--first SEED] [--days DAYS] [--show]

One line of totals at the end; --show prints each finding with what was said about the person. Exit status 1 when
there is one. A folder in memory (TMPDIR) makes it faster.
"""
import argparse
import email
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict, namedtuple
from datetime import timedelta
from pathlib import Path

from conftest import ROOT, Site
from county_said import (AUTUMN, ENDINGS, HOUR, WORD_OF, Life, Person, Said, Shape, endings, instant, local, seconds,
                         utc)

FOLLOWED = 5  # people, by two each: one asked for everything, one for endings

# ── Words of the program, read loosely: adapt them here ───────────────────────────────────────────

SAID_BESIDE = (r"When it happened: we do not know\.|What you can do now.*|How we know:[^.]*\.|[^.]*\bwe (told|sent) you[^.]*\.|"
               r"[^.]*do not know why[^.]*\.|They may[^.]*\.|Or the list may[^.]*\.|If the list shows[^.]*\.|"
               r"The jail has not told us[^.]*\.|We were not sure[^.]*\.|Please go by this notice[^.]*\.")
WORDS = {  # of a notice without what is said beside: what it says
    "unsure": r"cannot read|may be out|may mean|may be a mistake|may be wrong|not sure|not clear|"
              r"cannot tell|do not know",
    "held": r"was booked|(is|was|are|still) held|(is|are) in custody|is back|back in custody|still in custody|is still|"
            r"shows .{1,99} again|was moved (from|to)|for a short time",
    "died": r"\bdied\b|\ba death\b",
    "escaped": r"\bescaped\b|\ban escape\b",
    "released": r"\breleased\b|\ba release\b|\blet out\b",
    "moved": r"\bmoved away\b|\ba move\b",
    "gone": r"does not show|no longer (shows|lists|has)|not on the list|left its list",
    "taken back": r"took back|taken .{0,30}back|was wrong|do not rely",
}
QUEUED = r"ending|is held|correction|doubt|unclear|released|escaped|died"  # of a page that is about endings
BELIEVED = {  # what `person show --json` calls a standing: what that is here
    "held": "in", "away": "in", "out": "out", "dead": "out", "gone": "out", "unlisted": "out", "elsewhere": "elsewhere",
}

# ── The program, under a clock that is set ────────────────────────────────────────────────────────

MAPPING = """\
feed: {feed}
format: {format}
interval: 24h
jail: {jail}
person_scope: county
facility: {{id: {jail}, name: {name} Jail, timezone: America/New_York, phone: 555-0100}}
facilities:
  - {{code: MAIN, id: {jail}-main, name: {name} Main Jail}}
  - {{code: ANNEX, id: {jail}-annex, name: {name} Annex}}
columns: {{person: [person], booking: [booking], surname: last, given: first, facility: unit, {columns}}}
dates: ["%Y-%m-%d %H:%M", "%Y-%m-%d"]
"""
KINDS = """\
{table}:
  - {{code: BKD, means: booked}}
  - {{code: REL, means: released}}
  - {{code: ESC, means: escaped}}
  - {{code: DTH, means: died}}
  - {{code: XFR, means: transferred}}
  - {{code: MOV, means: transferred}}
  - {{code: CRT, means: temporary_absence}}
  - {{code: RTN, means: returned}}
  - {{code: CAP, means: recaptured}}
  - {{code: OOPS, means: corrected}}
"""
SITE = """\
mail: {transport: maildir, maildir: mail, from: notices@localhost}
schedule: {remind_every: 365d, give_up_after: 730d}
"""
EVERYTHING = ("booked,released,transferred,escaped,recaptured,died,temporary_absence,returned,left_roster,"
              "back_on_roster,corrected")
ASKED = {"all": EVERYTHING, "endings": "released,escaped,died,left_roster"}
TREES = ("Alder Aspen Beech Cedar Cherry Chestnut Cypress Elder Elm Fir Hawthorn Hazel Hickory Holly Juniper Larch "
         "Laurel Linden Locust Maple Medlar Mulberry Myrtle Oak Olive Pear Pine Plum Poplar Quince Rowan Spruce Sumac "
         "Sycamore Tamarack Walnut Willow Yew Acacia Banyan").split()
BIRDS = "Avocet Bittern Curlew Dunlin Egret Finch Grebe Heron Ibis Jay Kestrel Lark Martin Nuthatch Oriole".split()


def mappings(shape):
    """{feed: its mapping}"""
    ids = "event_id: id, corrects: undo, " if shape.has_ids else ""
    left = ", released_at: released, reason: why" if shape.has_release_row else ""

    def mapping(feed, form, columns, table=None):
        jail = feed.split("-")[0]
        text = MAPPING.format(feed=feed, format=form, jail=jail, name=jail.title(), columns=columns)
        return text + (KINDS.format(table=table) if table else "")

    made = {"ash": mapping("ash", "json-events" if shape.is_json else "csv-events",
                           f"{ids}event: what, occurred_at: when", "kinds"),
            "birch-list": mapping("birch-list", "csv-roster", f"admitted_at: admitted{left}",
                                  "reasons" if left else None)}
    if shape.has_list:
        made["ash-list"] = mapping("ash-list", "csv-roster", "admitted_at: admitted")
    return made


Mail = namedtuple("Mail", "at words text alert of_before", defaults=("", frozenset()))  # of_before: what is not the last


class County:
    """One seed: its people, what was said of them, and a site that was told it."""

    def __init__(self, seed, days):
        self.rng = random.Random(f"county {seed}")
        self.seed, self.days = seed, days
        self.shape = Shape(*(self.rng.random() < share for share in (0.6, 0.3, 0.5, 0.5)))
        first_day = AUTUMN - timedelta(days=days // 2)
        life = Life(random.Random("those who are in at first"), first_day, days)
        names = [(tree, bird) for tree in TREES for bird in BIRDS]
        life.rng.shuffle(names)
        self.people = [Person(1001 + i, *name) for i, name in enumerate(names[:self.rng.randrange(24, 41)])]
        for i, person in enumerate(self.people[:20]):
            at = instant(first_day) - life.rng.randrange(1, 60 * 24) * HOUR
            life.book(person, "birch" if i % 5 in (1, 3) else "ash", at)
        life.rng = self.rng
        for person in self.people:
            life.live(person, 2 if person.number < 1001 + FOLLOWED else 1)
        self.said = Said(self.rng, self.shape, self.people, first_day, days)
        self.followed = self.people[:FOLLOWED]
        self.mails, self.queue, self.believed = defaultdict(list), [], {}

    def run(self, folder, prepared):
        """Loads every file when it comes. Who sits at the console accepts a held list an hour later."""
        loads = self.said.loads()
        begun = [load for load in loads if load[0] < self.said.start]
        if self.shape not in prepared:
            prepared[self.shape] = self.prepare(folder / f"prepared-{len(prepared)}", begun)
        path = folder / f"county-{self.seed}"
        self.site = Site(shutil.copytree(prepared[self.shape], path))
        self.files, self.seen, held = path / "files", set(self.site.path.glob("mail/new/*")), {}
        for at, feed, made, name, text in loads[len(begun):]:
            for feed_held, since in list(held.items()):
                if since + HOUR <= at:
                    self.set_clock(since + HOUR)
                    self.site.run("feed", "accept", feed_held, check=False)
                    self.collect(since + HOUR, must_send=True)
                    del held[feed_held]
            self.set_clock(at)
            concerns = feed == "ash" and any(f"{person.number}" in text for person in self.followed)
            summary = self.load(self.site, feed, made, name, text, *[] if concerns else ["--no-send"])
            if summary["held"]:
                held[feed] = at
            self.collect(at, must_send=not concerns and (summary["alerts"] or summary["held"]))
        self.set_clock(self.said.end)
        self.collect(self.said.end, must_send=True)
        self.look()
        shutil.rmtree(path)
        return len(loads) - len(begun)

    def set_clock(self, at, site=None):
        (site or self.site).later(seconds=at - (site or self.site).now() + 1)

    @staticmethod
    def load(site, feed, made, name, text, *options):
        path = site.path / "files" / name
        path.write_text(text, encoding="utf-8")
        return site.load(feed, path, f"--taken-at={utc(made)}", *options)[1]

    def prepare(self, path, loads):
        """A site with its feeds, what was said before the month, and who follows whom."""
        ahead = path.parent / "ahead"  # the clock under which the site is made
        ahead.write_text(str(int(instant(self.said.first_day) - time.time())))
        site = Site.__new__(Site)
        site.path = path
        site.run("init", env={"CLOCK_AHEAD": str(ahead)})
        ahead.rename(path / "ahead")
        site.configure(SITE)
        (path / "files").mkdir()
        for feed, text in mappings(self.shape).items():
            (path / "files" / "mapping.yaml").write_text(text, encoding="utf-8")
            site.run("feed", "add", path / "files" / "mapping.yaml")
        for at, feed, made, name, text in loads:
            self.set_clock(at, site)
            self.load(site, feed, made, name, text)
        for person in self.followed:
            for asked, kinds in ASKED.items():
                site.register(f"county:{person.number}", f"{asked}.{person.number}@example.org", events=kinds)
        return path

    def collect(self, at, must_send):
        """What came into the Maildir. Loading sends by itself, but takes longer where nothing is to be sent."""
        if must_send:
            self.site.run("alert", "send", check=False)
        new = set(self.site.path.glob("mail/new/*")) - self.seen
        self.seen |= new
        for file in new:
            mail = email.message_from_bytes(file.read_bytes())
            asked, number = mail["To"].split("@")[0].split(".")
            body = next(part for part in mail.walk() if part.get_content_type() == "text/plain")
            text = " ".join(body.get_payload(decode=True).decode().split())
            *_, of_before, said = "", *(re.sub(SAID_BESIDE, "", part) for part in text.split("That is not the last that we know."))
            self.mails[int(number), asked].append(Mail(at, words_of(said), said, file.name.split(".")[0],
                                                      words_of(of_before)))

    def look(self):
        """What is in a person's queue, and what is believed."""
        address = {item["registration"]: item for item in self.site.json("watch", "list")}
        alerts = self.site.json("alert", "list")
        handed = {item["alert"]: item["handed_over_at"] for item in alerts}
        for mails in self.mails.values():  # files' times are too coarse to tell which came first
            mails.sort(key=lambda mail: (mail.at, handed.get(mail.alert) or ""))
        for item in alerts:
            waits = item["state"] in ("needs_person", "withheld")
            if item["purpose"] == "page" and re.search(QUEUED, item["answer"] or "", re.I):
                self.queue.append((seconds(item["created_at"]), None))
            elif waits and item["registration"] in address:
                self.queue.append((seconds(item["created_at"]), int(address[item["registration"]]["person"])))
        for person in self.people:
            shown = self.site.run("person", "show", f"county:{person.number}", "--json", check=False).stdout
            if shown:
                first = json.loads(shown.splitlines()[0])
                first.update(first.get("belief") or {})
                is_unsure = first.get("unclear") is True or first.get("doubtful") is True
                self.believed[person] = "unsure" if is_unsure else BELIEVED.get(first["standing"], first["standing"])


def words_of(text):
    return {word for word, pattern in WORDS.items() if re.search(pattern, text, re.I)}


# ── The judgement ─────────────────────────────────────────────────────────────────────────────────

def standing(words):
    """What whoever reads that believes."""
    if "unsure" in words:
        return "unsure"
    if "held" in words:
        return "in"
    order = ("died", "escaped", "released", "moved", "gone", "taken back")
    return next((word for word in order if word in words), None)


class Judge:
    """Holds what was told and believed in one county against what was true and said."""

    def __init__(self, county):
        self.county, self.said = county, county.said
        self.counts, self.findings = Counter(), []
        for person in county.people:
            self.judge_belief(person)
            if person in county.followed:
                for asked in ASKED:
                    mails = county.mails[person.number, asked]
                    self.counts["notices"] += len(mails)
                    self.judge_endings(person, asked, mails)
                    self.judge_last(person, asked, mails)
                    self.judge_statements(person, asked, mails)

    def find(self, what, person, words, is_decided=None):
        """Counts a finding, or that it could not be known."""
        if not (self.said.is_person_decided(person) if is_decided is None else is_decided):
            self.counts["undecided"] += 1
            return
        self.counts[what] += 1
        self.findings.append((what, person, words))

    # Endings

    def judge_endings(self, person, asked, mails):
        for at, kind, reported, wanted, is_whole in self.said.reported(person):
            if asked == "endings" and (not is_whole or kind == "moved_away"):
                continue
            self.counts["endings"] += 1
            until = reported + HOUR
            told = [mail for mail in mails if at <= mail.at <= until and (
                (mail.words | mail.of_before) & (wanted | {"unsure"}) or not is_whole)]
            before = [standing(mail.words) for mail in mails if mail.at <= until and standing(mail.words)]
            if told:
                self.counts["rode" if "held" in told[-1].words else "told"] += 1
            elif before and before[-1] in wanted:
                self.counts["told"] += 1
            elif before and before[-1] == "died":  # a death was said: it comes before all until it is taken back
                self.counts["undecided"] += 1
            elif any(reported <= queued <= until and who in (None, person.number) for queued, who in self.county.queue):
                self.counts["queued"] += 1
            else:
                self.find("untold" if is_whole else "booking untold", person,
                          f"{asked}: {kind} of {utc(at)}, reported {utc(reported)}",
                          self.said.is_reported_still(person, at, kind))

    # Belief

    def judge_belief(self, person):
        true, kind = person.truth(self.said.end)
        believed = self.county.believed.get(person)
        if true is None or (believed is None and not self.is_ever_said(person)):
            return
        self.counts["people"] += 1
        right = {"held": {"in"}, "away": {"in"}, "out": {"out"}, "dead": {"out"}, "elsewhere": {"elsewhere"}}[true]
        if true == "elsewhere" and self.by_list_only(person):
            right = {"elsewhere", "out"}
        if believed not in right:
            self.find("wrong belief", person, f"believed {believed}, truly {true} ({kind or 'in'})")

    def is_ever_said(self, person):
        return any(self.said.of(stay) or any(stay in listing.rows for listing in self.said.listings)
                   for stay in person.stays)

    def by_list_only(self, person):
        """Whether the last leaving was not reported in so many words, or another of a list may pass for the last."""
        at = max((fact.at for stay in person.stays for fact in stay.facts), default=0)
        stays = [stay for stay in person.stays if stay.facts[-1].at == at]
        return (not self.said.reports_of(stays, at, stays[0].facts[-1].kind) or
                any(stay.jail == "birch" and stay.facts[-1].kind in ENDINGS for stay in person.stays) or
                any(self.said.is_muddled(stay) for stay in stays))

    def judge_last(self, person, asked, mails):
        true, kind = person.truth(self.said.end)
        told = [(standing(mail.words), mail) for mail in mails if standing(mail.words)]
        last = told[-1][0] if told else None
        if true in ("held", "away"):
            right = {None, "in", "taken back"}
        else:
            right = {WORD_OF[kind]} | ({"gone", "released", "escaped"} if self.by_list_only(person) else set())
            right |= {None, "in"} if kind == "moved_away" and asked == "endings" else set()
        self.counts["last told"] += 1
        if last not in right:
            self.find("wrong last told", person, f"{asked}: told {last}, truly {true} ({kind or 'in'})")

    # Statements

    def is_true(self, person, mail):
        word = standing(mail.words)
        if self.said.is_known_in(person, mail.at):
            return False
        true, kind = person.truth(mail.at)
        return (kind is not None and WORD_OF.get(kind) == word) or any(
            WORD_OF[of] == word and any(mail.at - HOUR <= arrival <= mail.at for arrival in
                                        self.said.reports_of(stays, at, of))
            for at, of, stays, _ in endings(person) if at <= mail.at)

    def is_put_right(self, person, mail, later):
        if any(standing(other.words) in ("in", "taken back") or self.is_true(person, other) or
               (standing(other.words) == "gone" and not person.is_in(other.at)) for other in later):
            return True
        corrected = [correction.observed for stay in person.stays for correction in self.said.of(stay)
                     if correction.corrects and mail.at - HOUR <= correction.corrects.observed <= mail.at]
        return any(mail.at <= at <= max(corrected, default=0) for at, _, _, is_whole in endings(person) if is_whole)

    def judge_statements(self, person, asked, mails):
        for i, mail in enumerate(mails):
            if standing(mail.words) not in ("died", "escaped", "released") or self.is_true(person, mail):
                continue
            self.counts["false"] += 1
            if not self.is_put_right(person, mail, mails[i + 1:]):
                # They were out; as what, a correction without a name may have left open.
                is_open = not person.is_in(mail.at) and any(map(self.said.is_muddled, person.stays))
                self.find("not taken back", person, f"{asked}: {utc(mail.at)} {mail.text[:90]}",
                          False if is_open else None)


def history(county, person):
    """What was true, said and told of somebody, in order."""
    lines = []
    for stay in person.stays:
        lines += [(fact.at, f"true   {stay.number} {fact.kind}") for fact in stay.facts]
        for record in county.said.of(stay):
            corrected = record.corrects and f" of {record.corrects.kind} {record.corrects.text}"
            note = "" if record.fact or corrected else " (mistaken)"
            named = f" by its id {record.corrects.id}" if record.is_named else ""
            words = f"{stay.number} {record.id} {record.kind} \"{record.text}\"{corrected or note}{named}"
            lines += [(at, f"said   {words}") for at in record.arrives]
        was = None
        for listing in sorted((x for x in county.said.listings if x.jail == stay.jail), key=lambda x: x.arrives):
            now = "as held" if stay in listing.rows else "no more"
            if listing.rows.get(stay):
                now = f"as {listing.rows[stay].kind}"
            if now != was and (was or stay in listing.rows):
                lines.append((listing.arrives, f"listed {stay.number} {now} (made {utc(listing.made)})"))
            was = now if was or stay in listing.rows else None
    for asked in ASKED:
        lines += [(mail.at, f"told   {asked}: {mail.text[:100]}") for mail in county.mails[person.number, asked]]
    return [f"    {local(at):%m-%d %H:%M %Z} {line}" for at, line in
            sorted(lines, key=lambda line: line[0])]


# ── Many counties ─────────────────────────────────────────────────────────────────────────────────

FINDINGS = ("untold", "booking untold", "wrong belief", "wrong last told", "not taken back")


def run_county(seed, days, folder, prepared):
    county = County(seed, days)
    n_loads = county.run(folder, prepared)
    judge = Judge(county)
    judge.counts["loads"] += n_loads
    return county, judge


def build_clock(folder):
    Site.clock = folder / "clock.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", Site.clock, ROOT / "tests" / "clock.c"], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    totals, begun = Counter(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tocsin-county-") as name:
        folder, prepared = Path(name), {}
        build_clock(folder)
        for seed in range(options.first, options.first + options.seeds):
            county, judge = run_county(seed, options.days, folder, prepared)
            totals += judge.counts
            for what, person, words in judge.findings if options.show else []:
                print(f"seed {seed}, {county.shape}: {what}: {person.number} {words}")
                print(*history(county, person), sep="\n")
    parts = ("loads", "notices", "endings", "told", "rode", "queued", "people", "last told", "false", "undecided")
    figures = ", ".join(f"{totals[part]} {part}" for part in parts + FINDINGS)
    seconds_each = (time.monotonic() - begun) / options.seeds
    print(f"{options.seeds} seeds × {options.days} days: {figures}, {seconds_each:.1f} s a seed")
    return 1 if any(totals[what] for what in FINDINGS) else 0


if __name__ == "__main__":
    sys.exit(main())
