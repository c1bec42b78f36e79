"""A database that fails at the n-th read, at the n-th statement, or asks to begin a transaction again.

Each command is run on a copy of one site, once without a fault and once with each. What it says and what it did must
agree: either it succeeds and all is done, or it fails, says why, and nothing is.
"""
import json
import os
import re
import shutil
import sqlite3
import subprocess
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from conftest import PROGRAM, ROOT, Roster, Server, Site
from push import add_push_feed, event, push_events

ARCHIVE = Path(__file__).resolve().parent / "sites" / "v3.tar.xz"
BUSY, STORE = 7, 8

# What each run makes anew: random ids, instants, what is signed over them, and leases.
VOLATILE = re.compile(r"_at_us$|^(at_us|id|salts_id|checkpoint|edge|entry|hash|box|commitment|cosignatures|secret|pin_hash|node|"
                      r"until_at_us|registration_id|alert_id|tag_key|policy|body|answer|root|term|digest|last_event_id|corrects)$")
# Who keeps what for how long, and how far the readers of names are.
UNCOUNTED = {"duty", "sqlite_sequence"}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """The old site of every state, opened once by this program; nothing leaves it but into its Maildir."""
    folder = tmp_path_factory.mktemp("base")
    with tarfile.open(ARCHIVE) as file:
        file.extractall(folder)
    site = Site(folder / "site")
    text = (site.path / "site.yaml").read_text().replace("transport: smtp", "transport: maildir")
    site.configure(text.replace("remind_every: 30m", "remind_every: 1800d"))
    site.run("alert", "send", check=False)
    (folder / "events.csv").write_text("id,person,booking,what,why,when,undo\n"
                                       "new-1,aspen,b-aspen,REL,BOND,2026-03-12 12:00,\n")
    return site


def state(path):
    """Everything in the store, row by row, but for what no two runs have alike."""
    with closing(sqlite3.connect(path / "tocsin.db")) as db:
        tables = [name for name, in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        rows = {}
        for table in set(tables) - UNCOUNTED:
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})") if not VOLATILE.search(row[1])]
            rows[table] = sorted(map(repr, db.execute(f"SELECT {', '.join(columns) or '1'} FROM {table}")))
        size, signed = db.execute("SELECT size, signed_size FROM ledger_head").fetchone()
        assert size == signed, "an entry without its checkpoint"
    with closing(sqlite3.connect(path / "keys" / "contacts.db")) as db:
        db.execute("SELECT count(*) FROM contact_key")
    return rows


def registration(site, person, want):
    return next(r["registration"] for r in site.json("watch", "list") if r["person"] == person and r["state"] == want)


def agency_watch(site, want):
    return next(w["watch"] for w in site.json("agency", "list") if w["state"] == want)


COMMANDS = {
    "part": lambda site: ["person", "part", "north:myrtle", "south:myrtle-2", "--by", "Clerk Ash"],
    "join": lambda site: ["person", "join", "north:myrtle", "south:myrtle-2", "--by", "Clerk Ash"],
    "add": lambda site: ["watch", "add", "--person=north:aspen", "--email=new@x.test", "--pin=4711"],
    "end": lambda site: ["watch", "end", registration(site, "aspen", "active")],
    "approve": lambda site: ["agency", "approve", agency_watch(site, "asked"), "--officer", "Lt. Okafor"],
    "refuse": lambda site: ["agency", "refuse", agency_watch(site, "asked"), "--officer", "Lt. Okafor", "--reason", "no"],
    "agency end": lambda site: ["agency", "end", agency_watch(site, "approved")],
    "reject": lambda site: ["feed", "reject", "west"],
    "load": lambda site: ["feed", "load", "west", site.path.parent / "files" / "west_2026-03-06.csv", "--no-send"],
    "doctor": lambda site: ["doctor"],
    "alerts": lambda site: ["alert", "list"],
    "feeds": lambda site: ["feed", "status"],
    "problems": lambda site: ["feed", "problems"],
    "watches": lambda site: ["watch", "list"],
    "subject": lambda site: ["ledger", "subject", "north:cedar"],
    "search": lambda site: ["person", "search", "aspen"],
    "person": lambda site: ["person", "show", "north:cedar"],
    "possible": lambda site: ["person", "possible"],
    "agencies": lambda site: ["agency", "list"],
    "report": lambda site: ["ledger", "report", "--year=2026"],
    "statistics": lambda site: ["ledger", "statistics", "--year=2026"],
    "checkpoint": lambda site: ["ledger", "checkpoint"],
    "witnesses": lambda site: ["witness", "list"],
    "accept": lambda site: ["feed", "accept", "west"],
}
READS = {"alerts", "feeds", "problems", "watches", "subject", "search", "person", "possible", "agencies", "report", "statistics",
         "checkpoint", "witnesses"}
WRITERS = sorted(set(COMMANDS) - READS - {"doctor"})
# After the store has it, a contact's key is deleted from a file of its own: when that fails the command says so, and
# does it when it is run again.
DELETES = {"end", "agency end", "refuse"}
SENDS = {"part", "join", "add", "end", "accept", "reject"}  # … and then sends what is owed, which is no longer the command's one deed


class Rig:
    def __init__(self, base, shim, folder, name):
        self.base, self.shim, self.folder, self.name = base, shim, folder, name

    def run(self, **faults):
        """A fresh copy of the site, the command, and what became of both."""
        path = self.folder / "site"
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(self.base.path, path)
        if self.name in SENDS:  # nothing leaves: the Maildir cannot be made
            shutil.rmtree(path / "mail", ignore_errors=True)
            (path / "mail").write_text("in the way")
        words = COMMANDS[self.name](self.base)
        before = state(path)
        environment = {**os.environ, "LD_PRELOAD": str(self.shim), "FAULT_COUNT": str(self.folder / "count"),
                       "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0:detect_leaks=0",
                       **{name: str(value) for name, value in faults.items()}}
        done = subprocess.run([PROGRAM, "-C", path, *map(str, words)], capture_output=True, text=True, timeout=120,
                              env=environment)
        assert "AddressSanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
        assert done.returncode >= 0 and "GLib-ERROR" not in done.stderr, (done.returncode, done.stderr)
        return done, before, state(path)

    def counts(self):
        return [int(n) for n in (self.folder / "count").read_text().split()]


@pytest.fixture
def rig(base, shim, tmp_path):
    return lambda name: Rig(base, shim, tmp_path, name)


def agree(name, done, well, before, after, wanted):
    """What is said and what was done are one."""
    ends = [(run.returncode, "not everything could be sent" in run.stderr) for run in (done, well)]
    if ends[0] == ends[1]:  # of those that send: the deed is done, and what is owed waits
        assert after == wanted, "it says that it is done, and it is not"
        assert name not in READS or done.stdout == well.stdout, "another answer was given as if all were well"
    else:
        assert after == before or (name in DELETES and after == wanted), "it says that it failed, and did some of it"
        assert done.returncode in (BUSY, STORE) and done.stderr or name == "doctor" and "BAD" in done.stdout


def fails_at_each(rig, fault, place, least):
    """The fault at each of as many calls as a run without faults counts, in that place of the counts."""
    well, _, wanted = rig.run()
    n_calls = rig.counts()[place]
    assert n_calls >= least
    for n in range(1, n_calls + 1):
        done, before, after = rig.run(**{fault: n})
        agree(rig.name, done, well, before, after, wanted)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_read_that_fails_is_never_passed_over(rig, name):
    fails_at_each(rig(name), "FAULT_READ", 0, 3)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_statement_that_cannot_be_prepared_ends_in_an_error(rig, name):
    fails_at_each(rig(name), "FAULT_PREPARE", 1, 1)


@pytest.mark.parametrize("name", WRITERS)
def test_a_write_that_fails_is_never_passed_over(rig, name):
    fails_at_each(rig(name), "FAULT_WRITE", 2, 2)


@pytest.mark.parametrize("name", COMMANDS)
def test_work_that_runs_again_does_the_same(rig, name):
    rig = rig(name)
    well, _, wanted = rig.run()
    done, _, after = rig.run(FAULT_AGAIN=1)
    assert after == wanted and (done.returncode, len(done.stdout)) == (well.returncode, len(well.stdout))


@pytest.mark.parametrize("name", WRITERS)
def test_a_savepoint_that_cannot_be_released_spoils_its_group(rig, name):
    rig = rig(name)
    well, _, wanted = rig.run()
    for n in range(1, 5):
        done, before, after = rig.run(FAULT_RELEASE=n)
        agree(name, done, well, before, after, wanted)
        assert n > 1 or done.returncode == STORE


# ── A server whose disk fails now and then ────────────────────────────────────────────────────────

class Troubled:
    """`serve`, of whose reads and writes one in so many fails; who asks it asks again, as a feed or a person would."""

    def __init__(self, site, shim):
        self.chance = site.path.parent / "chance"
        self.trouble(0)
        self.server = Server(site, {"LD_PRELOAD": str(shim), "FAULT_CHANCE": str(self.chance), "ASAN_OPTIONS":
                                    os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0:detect_leaks=0"})
        self.n_asked = self.n_failed = 0

    def trouble(self, one_in):
        new = self.chance.with_suffix(".new")
        new.write_text(str(one_in))
        new.rename(self.chance)

    def ask(self, *words):
        """From another address each time, for one alone may not ask so often."""
        self.n_asked += 1
        status, body, _ = self.server.request(*words, source=f"127.0.{1 + self.n_asked // 250}.{1 + self.n_asked % 250}")
        assert status < 500 or status in (500, 503), (status, body)
        self.n_failed += status >= 500
        return status, body

    def request(self, *words):
        for _ in range(500):
            status, body = self.ask(*words)
            if status < 500:
                return status, body
        raise AssertionError("it never answered well")


@pytest.fixture
def troubled(shim):
    made = []
    yield lambda site: made.append(Troubled(site, shim)) or made[-1]
    for one in made:
        one.server.process.kill()
        one.server.process.wait()


@pytest.mark.parametrize("one_in", [23, 41, 83])
def test_a_server_whose_disk_fails_now_and_then_loses_nothing_and_says_nothing_untrue(site, troubled, tmp_path, one_in):
    roster = Roster(tmp_path / "feed", n=20)  # so short that a try can go well
    secret, drop = add_push_feed(site, tmp_path), tmp_path / "drop"
    drop.mkdir()
    site.configure("drop_settle: 1s\nschedule: {retry: [1s], remind_every: 24h}\n")
    roster.mapping.write_text(roster.mapping.read_text().replace("interval: 24h", "interval: 1000d"))  # never silent
    site.run("feed", "add", roster.mapping, "--drop", drop)
    site.load("sample", roster.write("2025-04-01"))
    (tmp_path / "booked.json").write_text(json.dumps([event(i, "booked", str(i)) for i in range(5)]))
    site.load("push", tmp_path / "booked.json")
    for i in range(5):
        site.register(str(i), email=f"ana{i}@example.org")
    site.register(1005, email="bo@example.org")
    troubled = troubled(site)
    server = troubled.server
    troubled.trouble(one_in)
    search = ("POST", "/v1/people/search", json.dumps({"text": "poplar"}))
    server.wait_until(lambda: troubled.ask(*search)[0] == 200)  # names that could not be read are read again a while later
    shutil.copy(roster.write("2025-04-02", [n for n in roster.people if n != 1005]), drop)
    for i in range(5):
        status, answer = push_events(troubled, secret, f"k{i}", [event(100 + i, "released", str(i))])
        assert status == 200 and json.loads(answer)["rows"] == 1
        words = json.dumps({"person": f"sample:{1010 + i}", "email": f"new{i}@example.org", "pin": "4711"})
        assert troubled.request("POST", "/v1/registrations", words)[0] == 202
        status, answer = troubled.request(*search)
        assert status == 200 and json.loads(answer)["people"]
    alerts = lambda: sorted((a["person"], a["kind"]) for a in site.json("alert", "list") if a["purpose"] == "alert")
    owed = sorted([(str(i), "released") for i in range(5)] + [("1005", "left_roster")])
    server.wait_until(lambda: alerts() == owed)
    news = lambda: [path for mail in site.mail() for path in re.findall(r"^http://[^/]+(/c/[\w.]+)", mail, re.M)]
    server.wait_until(news)
    for method, path, body in (("GET", news()[0], None), ("POST", news()[0], "pin=4711"), ("GET", "/log/checkpoint", None),
                               ("GET", "/readyz", None)):
        assert troubled.request(method, path, body)[0] == 200, path
    troubled.trouble(0)
    server.wait_until(lambda: {a["state"] for a in site.json("alert", "list")} <= {"sent", "confirmed"})
    assert alerts() == owed and troubled.n_failed > 0 and server.stop() == 0


# ── What grows must be asked by an index ──────────────────────────────────────────────────────────

GROWS = {"alert", "booking", "event", "hour", "person", "person_change", "person_key", "registration", "contact", "push"}


def scanned(report):
    """The tables that statements went through from end to end."""
    statements = [line.split("\t", 1)[1] for line in report.read_text().splitlines() if "\t" in line] if report.exists() else []
    return {(table, sql) for sql in statements for table in re.findall(r"\b(?:FROM|UPDATE|INTO) (\w+)", sql) if table in GROWS}


@pytest.mark.parametrize("name", ["release", "send"])
def test_no_event_and_no_notice_goes_through_a_whole_table(base, shim, tmp_path, name):
    shutil.copytree(base.path, tmp_path / "site")
    report = tmp_path / "scans"
    words = {"release": ["feed", "load", "north-events", base.path.parent / "events.csv", "--no-send"], "send": ["alert", "send"]}
    site = Site(tmp_path / "site")
    if name == "send":
        site.run(*words["release"])
    before = state(site.path)
    done = subprocess.run([PROGRAM, "-C", site.path, *map(str, words[name])], capture_output=True, text=True, timeout=120,
                          env={**os.environ, "LD_PRELOAD": str(shim), "FAULT_SCANS": str(report),
                               "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0:detect_leaks=0"})
    assert done.returncode == 0 and state(site.path) != before, done.stderr
    assert scanned(report) == set()
