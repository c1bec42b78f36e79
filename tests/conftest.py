"""What the end-to-end tests share: the program, sites in scratch folders, and real data if present.

The program is $TOCSIN (./dev test gives the one built with sanitizers), else build/tocsin. Real
rosters are read from $TOCSIN_DATA, else ../shared/data beside the checkout; tests that need them skip,
saying so, where they are absent.
"""
import ctypes
import datetime
import email
import email.policy
import fcntl
import http.client
import json
import os
import random
import re
import socket
import struct
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = os.environ.get("TOCSIN", str(ROOT / "build" / "tocsin"))
DATA = Path(os.environ.get("TOCSIN_DATA", ROOT.parent / "shared" / "data"))


AT_SIGN_UP = re.compile("This is what we know now|Esto es lo que sabemos ahora|This is a test|Este es un mensaje de prueba")


# ── What runs when, and where ─────────────────────────────────────────────────────────────────────

CLONE_NEWNET, SIOCSIFFLAGS, IFF_UP = 0x40000000, 0x8914, 1


def pytest_addoption(parser):
    parser.addoption("--tier", default="all", help="quick, all, or the name of a part of the soak")


def pytest_configure(config):
    config.addinivalue_line("markers", "full: not in ./dev test, only with --all")
    config.addinivalue_line("markers", "soak(part): again, with many more rounds, in that part of ./dev soak")
    if hasattr(config, "workerinput"):
        take_a_network()


def take_a_network():
    """A network namespace of this process's own where that is allowed: nothing leaks out, and ports never clash."""
    if os.getuid() != 0 or ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        return
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


def is_of_tier(item, tier):
    if tier in ("quick", "all"):
        return tier == "all" or not item.get_closest_marker("full")
    return any(mark.args == (tier,) for mark in item.iter_markers("soak"))


def shared_by(item):
    """The fixtures that an item shares with others of its file."""
    of = item._fixtureinfo.name2fixturedefs
    return sorted(name for name in of if of[name][-1].scope == "module")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Leaves what is of the tier. Those that share a fixture stay in one process; the long ones come first."""
    tier = config.getoption("tier")
    config.hook.pytest_deselected(items=[item for item in items if not is_of_tier(item, tier)])
    items[:] = [item for item in items if is_of_tier(item, tier)]
    for item in items:
        if shared_by(item) and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(f"{item.path.stem}:{'+'.join(shared_by(item))}"))
    items.sort(key=lambda item: not (item.get_closest_marker("full") or item.get_closest_marker("soak")))


# ── Defects that are there ────────────────────────────────────────────────────────────────────────

class WrongToday(Exception):
    """A test that is marked with `defect` saw just what is wrong today."""


def defect(reason):
    """Marks a test that shows a defect. It fails as expected in one way only, by `wrong_today`; if it fails in any other
    way, or passes, it has failed: then the defect was mended, and the mark must go, or it became another."""
    return pytest.mark.xfail(strict=True, raises=WrongToday, reason=reason)


def wrong_today(seen, wrong):
    if seen == wrong:
        raise WrongToday(f"still {seen!r}")


# ── Sites, rosters, servers ───────────────────────────────────────────────────────────────────────

@pytest.fixture(scope="session", autouse=True)
def clock(tmp_path_factory):
    """The library that lets each site have a clock of its own (clock.c)."""
    Site.clock = tmp_path_factory.mktemp("clock") / "clock.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", Site.clock, ROOT / "tests" / "clock.c"], check=True)


@pytest.fixture(scope="session")
def shim(tmp_path_factory):
    """The library of SQLite's faults (faults.c)."""
    library = tmp_path_factory.mktemp("faults") / "faults.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, ROOT / "tests" / "faults.c", "-ldl"], check=True)
    return library


class Site:
    """A site in a folder of its own, driven through the command line, under a clock of its own, which `later` moves."""

    def __init__(self, path, *options):
        self.path = Path(path)
        if not (self.path / "site.yaml").exists():
            self.run("init", *options)

    def run(self, *words, check=True, timeout=600, env=None):
        done = subprocess.run([PROGRAM, "-C", str(self.path), *map(str, words)], capture_output=True,
                              text=True, timeout=timeout, env=self.environment(env))
        if check:
            assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "ERROR: AddressSanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
        return done

    def environment(self, more=None):
        return {**os.environ, "LD_PRELOAD": str(Site.clock), "CLOCK_AHEAD": str(self.path / "ahead"),
                "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0", **(more or {})}

    def ahead(self):
        """By how many seconds its clock is ahead of the machine's."""
        return int((self.path / "ahead").read_text()) if (self.path / "ahead").exists() else 0

    def now(self):
        return time.time() + self.ahead()

    def later(self, **length):
        """It is so much later now, also for a server that runs: later(hours=2). Nobody waits for it."""
        seconds = int(datetime.timedelta(**length).total_seconds())
        (self.path / "ahead.new").write_text(str(self.ahead() + seconds))
        (self.path / "ahead.new").rename(self.path / "ahead")

    def json(self, *words, **options):
        """The objects that a command prints, one a line; but for what is told to who signs up."""
        done = self.run(*words, "--json", **options)
        return [row for row in map(json.loads, done.stdout.splitlines()) if row.get("kind") != "as_known"
                and row.get("purpose") != "test"]

    def load(self, feed, *files, **options):
        """Loads files; gives (events, summary)."""
        *events, last = self.json("feed", "load", feed, *files, **options)
        return events, last["summary"]

    def configure(self, text):
        (self.path / "site.yaml").write_text(text, encoding="utf-8")

    def mail(self):
        """The messages in the site's Maildir, oldest first, as text; but for what is told to who signs up."""
        return [text for text in self.all_mail() if not AT_SIGN_UP.search(text.replace("=\n", ""))]

    def all_mail(self):
        folder = self.path / "mail" / "new"
        files = sorted(folder.glob("*"), key=lambda file: file.stat().st_mtime_ns) if folder.exists() else []
        return [file.read_text(encoding="utf-8") for file in files]

    def notices(self):
        """What registered people were told, oldest first: the words of each notice on one line."""
        parsed = [email.message_from_string(text, policy=email.policy.default) for text in self.mail()]
        return [" ".join(message.get_body(("plain",)).get_content().split()) for message in parsed
                if message["Subject"] in ("New notice", "Aviso nuevo")]

    def register(self, person, email="ana@example.org", pin="4711", **options):
        """Registers and confirms by the code in the mail; gives the registration's id."""
        words = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        before = len(self.mail())
        made = self.json("watch", "add", f"--person={person}", f"--email={email}", f"--pin={pin}", *words)
        new = "\n".join(self.mail()[before:]).replace("\r", "")  # and what else was due
        self.run("watch", "confirm", made[0]["registration"], re.search(r"^(\d{6})\s*$", new, re.M).group(1))
        self.run("alert", "send", check=False)  # what is told to who signs up
        return made[0]["registration"]


@pytest.fixture
def same_hour():
    """For tests that compare what two moments of one hour show: none begins when the next hour is near. `serve` closes
    every hour (UTC) with an entry, and months and years begin with one."""
    left = 3600 - time.time() % 3600
    if left < 150:
        time.sleep(left + 1)


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path / "site")


@pytest.fixture(scope="session")
def data():
    if not DATA.exists():
        pytest.skip(f"no real data at {DATA}")
    return DATA


ROSTER_MAPPING = """\
feed: {feed}
format: csv-roster
interval: 24h
facility: {{id: {feed}, name: Sample County Jail, timezone: America/Denver, phone: 555-0100}}
snapshot: {{file_date: "%Y-%m-%d", at: "06:00"}}
columns:
  person: [person_no]
  booking: [booking_no]
  surname: last
  given: first
  born: dob
  facility: unit
  status: status
  sealed: sealed
  admitted_at: booked
facilities:
  - {{code: MAIN, id: main, name: Main Jail}}
  - {{code: ANNEX, id: annex, name: Annex}}
dates: ["%Y-%m-%d %H:%M", "%Y-%m-%d"]
statuses:
  - {{code: held, means: held}}
  - {{code: court, means: at court}}
"""


class Roster:
    """Writes made-up rosters: `people` is {number: row} and stays editable between days."""

    HEADER = "person_no,booking_no,last,first,dob,unit,status,sealed,booked,race,immigration_hold"

    def __init__(self, folder, n=200, feed="sample"):
        self.folder = Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.mapping = self.folder / "mapping.yaml"
        self.mapping.write_text(ROSTER_MAPPING.format(feed=feed), encoding="utf-8")
        self.people = {1000 + i: {"booking": f"B{1000 + i}", "last": f"SAMPLE{i}", "first": "PAT",
                                  "dob": "1980-01-31", "unit": "MAIN", "status": "held", "sealed": "N",
                                  "booked": f"2025-0{1 + i % 3}-{1 + i % 28:02d} 10:00"}
                       for i in range(n)}

    def row(self, number):
        p = self.people[number]
        return (f"{number},{p['booking']},{p['last']},{p['first']},{p['dob']},{p['unit']},{p['status']},"
                f"{p['sealed']},{p['booked']},X,SECRETHOLD")

    def write(self, day, numbers=None, name=None):
        path = self.folder / (name or f"roster_{day}.csv")
        lines = [self.HEADER] + [self.row(n) for n in (numbers if numbers is not None else self.people)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path


@pytest.fixture
def roster(tmp_path):
    return Roster(tmp_path / "feed")


def free_port():
    """Of those that no connection is given by itself, so that none takes it before it is used."""
    while True:
        port = random.SystemRandom().randrange(10_000, 32_000)
        with socket.socket() as sock:
            try:
                sock.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Server:
    """`tocsin serve` on a port of its own."""

    def __init__(self, site, env=None):
        self.site, self.port = site, free_port()
        self.log = (site.path / "serve.log").open("ab")
        self.process = subprocess.Popen([PROGRAM, "-C", str(site.path), "serve", "--port", str(self.port)],
                                        stderr=self.log, env=site.environment(env))
        self.wait_until(lambda: self.request("GET", "/healthz")[0] == 200)

    def request(self, method, path, body=None, headers=None, source="127.0.0.1"):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60, source_address=(source, 0))
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), dict(answer.getheaders())
        except (ConnectionError, TimeoutError):
            return 0, "", {}
        finally:
            connection.close()

    def wait_until(self, is_true, seconds=300):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if is_true():
                return
            assert self.process.poll() is None, "serve ended: " + (self.site.path / "serve.log").read_text()
            time.sleep(0.02)
        raise AssertionError("it did not come to pass in time")

    def stop(self):
        self.process.terminate()
        status = self.process.wait(300)
        self.log.close()
        log = (self.site.path / "serve.log").read_text()
        assert "AddressSanitizer" not in log and "runtime error" not in log, log
        return status


@pytest.fixture
def serve(site):
    servers = []

    def start(of=site):
        servers.append(Server(of))
        return servers[-1]

    yield start
    for server in servers:
        if server.process.poll() is None:
            assert server.stop() == 0
