"""The shape of March 2020 with nobody at the console, on real lists: so many people are taken out of one day's list and of
all after it, truly, as far as the program can know; the ordinary coming and going goes on. Every one of them is followed,
and as many others. Nobody decides anything for a fortnight; then somebody accepts."""
import collections
import concurrent.futures
import csv
import datetime
import email
import email.policy
import json
import os
import random
import re
import shutil
import socket
import subprocess
import time

SHARE = 235 / 5500  # of New York's list, gone in a day of March 2020
DAYS, AFTER = 14, 3  # lists while nobody is there, and after somebody was
STARTS = ("20250513", "20250528", "20250612")
SITE = "schedule: {remind_every: 400d, give_up_after: 800d}\n"  # what comes twice is no reminder
SAYS = {"doubtful": "so the list may be wrong", "plain": "no longer shows", "back": "Our earlier notice was wrong"}


class Site:
    def __init__(self, program, path, clock):
        self.program, self.path, self.clock = program, path, clock

    def environment(self):
        return {**os.environ, "LD_PRELOAD": str(self.clock), "CLOCK_AHEAD": str(self.path / "ahead")}

    def run(self, *words):
        done = subprocess.run([self.program, "-C", self.path, *map(str, words)], env=self.environment(), capture_output=True,
                              text=True)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    def at(self, when):
        (self.path / "ahead.new").write_text(str(int(when.timestamp() - time.time())))
        (self.path / "ahead.new").rename(self.path / "ahead")

    def load(self, file):
        """Whether the list is held."""
        return json.loads(self.run("feed", "load", "nyc-doc", "--json", file).splitlines()[-1])["summary"]["held"]


class Watch:
    """What each follower was told, as (day, what), and whether the newest list says otherwise."""

    def __init__(self, site, followers, seen=()):
        self.site, self.followers, self.seen = site, followers, set(seen)
        self.told, self.false, self.repeats = collections.defaultdict(list), 0, 0

    def look(self, day, listed):
        folder = self.site.path / "mail/new"
        new = [file for file in folder.iterdir() if file.name not in self.seen]
        for file in sorted(new, key=lambda file: file.stat().st_mtime_ns):
            self.seen.add(file.name)
            message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            person = self.followers.get(message["To"])
            if person is None or message["Subject"] != "New notice":
                continue
            words = " ".join(message.get_body(("plain",)).get_content().split())
            what = next((what for what in SAYS if SAYS[what] in words), "booked")
            self.false += (what in ("doubtful", "plain")) == (person in listed)
            self.repeats += self.told[person][-1:] != [] and self.told[person][-1][1] == what
            self.told[person].append((day, what))

    def count(self, what, people, days):
        """How many of those people were told so on one of these days."""
        return sum(any(w == what and d in days for d, w in self.told[person]) for person in people)


def read(file):
    """{person: sealed}"""
    with file.open(encoding="utf-8-sig", newline="") as rows:
        return {row["inmateid"]: row["sealed"] for row in csv.DictReader(rows)}


def without(file, gone, folder):
    header, *lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    at = header.strip().split(",").index("inmateid")
    path = folder / file.name
    path.write_text(header + "".join(line for line in lines if line.split(",")[at] not in gone), encoding="utf-8")
    return path


def loaded_at(file):
    """An hour after the list was taken."""
    return datetime.datetime.strptime(file.stem[-8:], "%Y%m%d").replace(hour=17, tzinfo=datetime.timezone.utc)


def follow(site, people):
    """{address: person}"""
    followers = {f"of{person}@example.org": person for person in people}

    def add(address):
        out = site.run("watch", "add", f"--person={followers[address]}", f"--email={address}", "--pin=4711", "--json")
        return address, re.search(r'"registration": *"(\w+)"', out).group(1)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        made = dict(pool.map(add, followers))
        codes = {}
        for file in (site.path / "mail/new").iterdir():
            message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            code = re.search(r"^(\d{6})\s*$", message.get_body(("plain",)).get_content(), re.M)
            if code:
                codes[message["To"]] = code.group(1)
        list(pool.map(lambda address: site.run("watch", "confirm", made[address], codes[address]), followers))
    site.run("alert", "send")
    return followers


def serve_until(site, watch, whom, listed, when, wait_s):
    """`serve` alone, with the clock at that moment; how many of them were told by then."""
    site.at(when)
    with socket.socket() as any_port:
        any_port.bind(("127.0.0.1", 0))
        port = any_port.getsockname()[1]
    with (site.path / "serve.log").open("ab") as log:
        server = subprocess.Popen([site.program, "-C", site.path, "serve", "--port", str(port)], env=site.environment(),
                                  stderr=log)
    try:
        end = time.monotonic() + wait_s
        while time.monotonic() < end and watch.count("doubtful", whom, (0,)) < len(whom):
            time.sleep(0.2)
            watch.look(0, listed)
    finally:
        server.terminate()
        assert server.wait(60) == 0
    return watch.count("doubtful", whom, (0,))


def one(root, program, files, start, scratch, sums):
    at = next(i for i, file in enumerate(files) if file.stem.endswith(start))
    rng = random.Random(start)
    site = Site(program, scratch / start, scratch / "clock.so")
    site.run("init")
    (site.path / "site.yaml").write_text(SITE)
    site.at(loaded_at(files[0]))
    site.run("feed", "add", root / "share/feeds/nyc-doc.yaml")
    for file in files[:at]:
        site.at(loaded_at(file))
        assert not site.load(file)
    was, now = read(files[at - 1]), read(files[at])
    open_ones = sorted(person for person in was.keys() & now.keys() if was[person] == now[person] == "N")
    gone = set(rng.sample(open_ones, round(SHARE * len(now))))
    staying = rng.sample(sorted(person for person in was if was[person] == "N" and person not in gone), len(gone))
    followers = follow(site, [*sorted(gone), *staying])
    watch = Watch(site, followers)
    watch.look(None, was)  # what is told to who signs up
    watch = Watch(site, followers, watch.seen)

    lists = [now.keys() - gone]
    lists += [read(file).keys() - gone for file in files[at + 1:at + DAYS + AFTER]]
    everybody = {*followers.values()}
    for day in range(DAYS):
        site.at(loaded_at(files[at + day]))
        sums["held"] += site.load(without(files[at + day], gone, scratch))
        watch.look(day, lists[day])
        if not day:
            silent = Site(program, scratch / f"{start}-silent", scratch / "clock.so")
            shutil.copytree(site.path, silent.path)
            silence(silent, Watch(silent, followers, watch.seen), gone, lists[0], loaded_at(files[at]), sums)
    for days in range(3):
        sums["told", days] += watch.count("doubtful", gone, range(days + 1))
    others = {person for person in staying if person not in lists[DAYS - 1]}
    stayed = {person for person in staying if all(person in shown for shown in lists[:DAYS])}
    sums["others"] += len(others)
    sums["others told"] += watch.count("doubtful", others, range(DAYS))
    sums["lists"] += DAYS
    sums["followers"] += len(gone)
    sums["stayed"] += len(stayed)
    sums["stayed told"] += sum(bool(watch.told[person]) for person in stayed)
    missing = gone | others
    site.run("feed", "accept", "nyc-doc")
    watch.look("accepted", lists[DAYS - 1])
    sums["plain"] += watch.count("plain", missing, ("accepted",))
    sums["plain to others"] += watch.count("plain", everybody - missing, ("accepted",))
    n = {person: len(watch.told[person]) for person in gone}
    for day in range(DAYS, DAYS + AFTER):
        site.at(loaded_at(files[at + day]))
        sums["held after"] += site.load(without(files[at + day], gone, scratch))
        watch.look(day, lists[day])
    sums["told after"] += sum(len(watch.told[person]) - n[person] for person in gone)
    sums["statements"] += sum(map(len, watch.told.values()))
    sums["false"] += watch.false
    sums["repeats"] += watch.repeats
    shutil.rmtree(site.path)


def silence(site, watch, gone, listed, held_at, sums):
    """One list that is held, and then nothing but time."""
    sums["silent, 23 h"] += serve_until(site, watch, gone, listed, held_at + datetime.timedelta(hours=23), 5)
    sums["silent, 25 h"] += serve_until(site, watch, gone, listed, held_at + datetime.timedelta(hours=25), 120)
    site.run("feed", "accept", "nyc-doc")
    watch.look("accepted", listed)
    sums["silent, plain"] += watch.count("plain", gone, ("accepted",))
    sums["silent, false"] += watch.false
    sums["silent, repeats"] += watch.repeats
    sums["silent, statements"] += sum(map(len, watch.told.values()))
    shutil.rmtree(site.path)


def held(root, program, files, scratch):
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", scratch / "clock.so", root / "tests/clock.c"], check=True)
    sums = collections.Counter()
    for start in STARTS:
        one(root, program, files, start, scratch, sums)
    return table(sums)


def table(sums):
    gone = sums["followers"]

    def of(n, whole, words=""):
        return f"{sums[n]:,} of {whole:,}{words}"

    def at(days, words=""):
        return of(("told", days), gone, f" ({sums['told', days] / gone:.0%}){words}")

    yield ("| So many gone at once, and nobody at the console | a list every day for a fortnight | one list, then nothing; "
           "`serve` |\n|---|---|---|")
    yield f"| lists held | {of('held', sums['lists'])} | {len(STARTS)} of {len(STARTS)} |"
    yield f"| followers of those gone, told doubtfully with the first list | {at(0)} | {of('silent, 23 h', gone, ' after 23 hours')} |"
    yield f"| … within one day | {at(1, ', by the second list')} | {of('silent, 25 h', gone, ' after 25 hours')} |"
    yield f"| … within two days | {at(2)} | the same |"
    yield f"| followers of others who left in that time, told doubtfully | {of('others told', sums['others'])} | |"
    yield f"| followers of those who stayed, told anything | {of('stayed told', sums['stayed'])} | |"
    yield f"| then `feed accept`: told plainly | {of('plain', gone + sums['others'])} | {of('silent, plain', gone)} |"
    yield f"| … others, told plainly | {sums['plain to others']} | |"
    yield f"| three more lists: held; notices about those gone | {sums['held after']}; {sums['told after']} | |"
    yield (f"| false statements: on the newest list and told of as gone, or not and told of as back | "
           f"{of('false', sums['statements'])} | {of('silent, false', sums['silent, statements'])} |")
    yield f"| statements that repeat the last one | {sums['repeats']} | {sums['silent, repeats']} |"
