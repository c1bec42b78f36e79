#!/usr/bin/env python3
"""What one jail's, or a stranger's, flood does to another jail's push, and writes docs/reliability.md's table.

usage: ./dev bench pressure [--quick] [--commit COMMIT]

While each input comes, another jail pushes an event every 50 ms and /healthz is asked: the table has the slowest, the
peak memory of `serve`, the longest time that systemd's watchdog was not fed, and how long SIGTERM took in the middle of
it. With --commit, the same of that commit's program, before. Nothing is asserted; tests/test_raw_http.py and
tests/test_pressure.py hold what must.
"""
import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import os
import random
import re
import resource
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

MAPPING = """\
feed: {feed}
format: {format}
interval: 1h
person_scope: {feed}
facility: {{id: {feed}, name: Sample City Jail, timezone: America/Denver}}
columns: {{event_id: id, person: [person], booking: [booking], surname: last, given: first, event: what, occurred_at: when}}
"""
ROSTER = """\
feed: list
format: csv-roster
interval: 24h
person_scope: list
facility: {id: list, name: Sample County Jail, timezone: America/Denver}
columns: {person: [person], booking: [booking], surname: last, given: first, admitted_at: when}
"""


def signed(secret, key, body):
    stamp = str(int(time.time()))
    mac = hmac.new(secret, f"{key}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {"Idempotency-Key": key, "webhook-timestamp": stamp, "webhook-signature": "v1," + base64.b64encode(mac).decode()}


def event(i, what="booked"):
    return {"id": f"e{i}", "person": f"p{i}", "booking": f"b{i}", "what": what, "last": "POPLAR", "first": "WREN",
            "when": "2026-03-05T10:00:00-07:00"}


class Site:
    """A site with feeds `quiet` (pushes), `loud` (pushes), `file` (events in a folder), `list` (lists in a folder)."""

    def __init__(self, program, where):
        self.program, self.where = program, where
        self.run("init")
        with (where / "site.yaml").open("a") as config:
            config.write("\ndrop_settle: 1s\n")
        for feed, format, drops in (("quiet", "json-events", False), ("loud", "json-events", False),
                                    ("file", "csv-events", True), ("list", None, True)):
            mapping = where / f"{feed}.mapping.yaml"
            mapping.write_text(MAPPING.format(feed=feed, format=format) if format else ROSTER)
            (where / f"drop-{feed}").mkdir()
            self.run("feed", "add", mapping, *(("--drop", where / f"drop-{feed}") if drops else ()))
        self.secret = {feed: base64.b64decode(self.run("feed", "secret", feed).strip().removeprefix("whsec_"))
                       for feed in ("quiet", "loud")}
        empty = where / "history.csv"
        empty.write_text("id,person,booking,what,when,last,first\n")
        self.run("feed", "load", "file", empty)

    def run(self, *words):
        return subprocess.run([str(w) for w in (self.program, "-C", self.where, *words)], check=True, capture_output=True,
                              text=True).stdout


class Watchdog(threading.Thread):
    """systemd's end of NOTIFY_SOCKET: the longest gap between two beats."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.longest, self.last = 0, None

    def run(self):
        with contextlib.suppress(OSError):
            while words := self.socket.recv(4096):
                if b"WATCHDOG=1" in words:
                    self.longest = max(self.longest, time.monotonic() - self.last) if self.last else 0
                    self.last = time.monotonic()

    def gap(self):
        return max(self.longest, time.monotonic() - self.last)


class Prober(threading.Thread):
    """Asks again and again, and keeps how long each answer took; one that does not come in a minute counts as that."""

    def __init__(self, port, ask):
        super().__init__(daemon=True)
        self.port, self.ask, self.took, self.failed, self.is_over = port, ask, [], 0, False

    def run(self):
        i = 0
        while not self.is_over:
            i += 1
            began = time.monotonic()
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
                self.ask(connection, i)
                self.failed += connection.getresponse().status != 200
            except OSError:
                self.failed += 1
            finally:
                connection.close()
            self.took.append(time.monotonic() - began)
            time.sleep(0.05)


class Served:
    def __init__(self, site):
        self.site = site
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        notify = site.where / "notify"
        notify.unlink(missing_ok=True)
        self.watchdog = Watchdog(notify)
        self.watchdog.start()
        self.process = subprocess.Popen([str(site.program), "-C", str(site.where), "serve", "--port", str(self.port)],
                                        stderr=subprocess.DEVNULL, env={**os.environ, "NOTIFY_SOCKET": str(notify)})
        while not self.watchdog.last:
            time.sleep(0.05)
        self.pushes, self.health = (Prober(self.port, ask) for ask in (self.push_one, self.ask_health))

    def push_one(self, connection, i):
        body = json.dumps([event(f"q{time.monotonic_ns()}")]).encode()
        connection.request("POST", "/v1/feeds/quiet/events", body, signed(self.site.secret["quiet"], f"q{time.monotonic_ns()}", body))

    @staticmethod
    def ask_health(connection, _):
        connection.request("GET", "/healthz")

    def memory(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) / 1024

    def stop(self):
        """How long SIGTERM took; a minute is the most."""
        began = time.monotonic()
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        return time.monotonic() - began


# ── What comes ────────────────────────────────────────────────────────────────────────────────────

def rows(n):
    for i in range(n):
        yield f"e{i},p{i},b{i},{'booked' if i % 2 else 'released'},2026-03-0{i * 5 // n + 1} 10:{i % 60:02d},NAME{i % 5000},GIVEN{i % 3000}\n"


def drop(site, feed, name, header, lines):
    part = site.where / f"drop-{feed}" / (name + ".part")
    with part.open("w") as out:
        out.write(header)
        out.writelines(lines)
    part.rename(part.with_suffix(""))


def event_file(n):
    def begin(site, _):
        drop(site, "file", "events.csv", "id,person,booking,what,when,last,first\n", rows(n))
        return lambda: bool(site.state("file", "events.csv"))
    return begin


def listed(n, shift=0):
    for i in range(shift, n + shift):
        yield f"p{i},b{i},2026-0{i % 3 + 1}-05 10:00,NAME{i % 5000},GIVEN{i % 3000}\n"


def first_list(n):
    def begin(site, _):
        drop(site, "list", "list_2026-11-20.csv", "person,booking,when,last,first\n", listed(n))
        return lambda: bool(site.state("list", "list_2026-11-20.csv"))
    return begin


def next_list(n, of_others=False):
    """A hundredth left and as many came; or the names stand in other rows, as when a column was sorted alone."""
    def begin(site, _):
        rows = listed(n) if of_others else listed(n, n // 100)
        if of_others:
            rows = (f"{row[:row.index('NAME')]}NAME{i % 4999},GIVEN{i % 2999}\n" for i, row in enumerate(rows))
        drop(site, "list", "list_2026-11-21.csv", "person,booking,when,last,first\n", rows)
        return lambda: bool(site.state("list", "list_2026-11-21.csv"))
    return begin


def in_thread(work):
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return lambda: not thread.is_alive()


def array(body):
    def begin(site, served):
        def push():
            with contextlib.suppress(OSError):
                connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=300)
                connection.request("POST", "/v1/feeds/loud/events", body, signed(site.secret["loud"], "loud", body))
                connection.getresponse().read()
        return in_thread(push)
    return begin


def unsigned(n):
    def begin(_, served):
        def one():
            with contextlib.suppress(OSError):
                sock = socket.create_connection(("127.0.0.1", served.port), timeout=20)
                sock.sendall(b"POST /v1/feeds/loud/events HTTP/1.1\r\nHost: x\r\nContent-Length: 16777215\r\n\r\n")
                for _ in range(255):
                    sock.sendall(bytes(65536))
                time.sleep(3)
        overs = [in_thread(one) for _ in range(n)]
        return lambda: all(over() for over in overs)
    return begin


def sockets(n, begun):
    def begin(_, served):
        def hold():
            held = []
            for i in range(n):
                sock = socket.socket()
                sock.settimeout(5)
                with contextlib.suppress(OSError):
                    sock.bind((f"127.1.{i // 250}.{i % 250 + 1}", 0))
                    sock.connect(("127.0.0.1", served.port))
                    sock.sendall(begun)
                held.append(sock)
            end = time.monotonic() + 5
            while begun and time.monotonic() < end:  # a byte now and then
                for sock in random.sample(held, 100):
                    with contextlib.suppress(OSError):
                        sock.sendall(b"x")
                time.sleep(0.05)
            time.sleep(max(0, end - time.monotonic()))
            for sock in held:
                sock.close()
        return in_thread(hold)
    return begin


# ── The table ─────────────────────────────────────────────────────────────────────────────────────

def seconds(took):
    took = sorted(took) or [0]
    return f"{took[min(len(took) - 1, int(len(took) * .99))]:.2f} s"


def measure(program, scratch, before, begin, stops, most_s=240):
    where = scratch / "pressure"
    site = Site(program, where)
    site.state = lambda feed, name: subprocess.run(
        ["sqlite3", f"file:{where}/tocsin.db?mode=ro", f"SELECT state FROM source WHERE feed='{feed}' AND name='{name}' AND state <> 8"],
        capture_output=True, text=True).stdout.strip()
    if before:
        served = Served(site)
        is_over = before(site, served)
        while not is_over():
            time.sleep(0.2)
        served.stop()
    served = Served(site)
    served.pushes.start()
    served.health.start()
    time.sleep(1)
    began = time.monotonic()
    is_over = begin(site, served)
    if stops:
        time.sleep(3)
        took = served.stop()
        shutil.rmtree(where)
        return f"{took:.1f} s"
    while not is_over() and time.monotonic() - began < most_s:
        time.sleep(0.1)
    work = time.monotonic() - began
    is_late = work >= most_s
    time.sleep(0.5)
    served.pushes.is_over = served.health.is_over = True
    served.pushes.join(90)
    served.health.join(90)
    figures = (f"over {most_s} s" if is_late else f"{work:.0f} s", seconds(served.pushes.took), f"{max(served.pushes.took, default=0):.2f} s",
               f"{max(served.health.took, default=0):.2f} s", str(served.pushes.failed + served.health.failed),
               f"{served.memory():,.0f} MB", f"{served.watchdog.gap():.1f} s")
    served.stop()
    shutil.rmtree(where)
    return figures


def inputs(quick):
    million = 100_000 if quick else 1_000_000
    small = b"[" + b",".join([b"{}"] * (16 * 2**20 // 3 - 2)) + b"]"
    whole = json.dumps([event(i) for i in range(108_000)]).encode()
    yield f"a file of events, {26 if not quick else 6} MB", None, event_file(400_000 if not quick else 100_000)
    if not quick:
        yield "a file of events, 130 MB", None, event_file(2_000_000)
    yield f"a first list of {million:,}", None, first_list(million)
    yield f"a next list of {million:,}, 2 % changed", first_list(million), next_list(million)
    yield f"a list of {50_000:,} with its names in other rows", first_list(50_000), next_list(50_000, True)
    yield "one signed array of 5.6 million {}, 16 MiB", None, array(small)
    yield f"one signed array of {108_000:,} events, {len(whole) / 2**20:.0f} MiB", None, array(whole)
    yield "120 unsigned bodies of 16 MiB", None, unsigned(120)
    yield "3,000 slow sockets", None, sockets(3000, b"GET /healthz HTTP/1.1\r\nX: ")
    yield "10,000 idle sockets", None, sockets(10_000, b"")


def pressure(bench, scratch, quick, older=None):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 65536), most))
    programs = ([("before", older / "tocsin")] if older else []) + [("now", bench.TOCSIN)]
    yield ("| What comes | | it took | another jail's push, p99 | slowest | `/healthz`, slowest | failed | peak memory | "
           "watchdog not fed | SIGTERM |\n|---|---|---|---|---|---|---|---|---|---|")
    for name, before, begin in inputs(quick):
        for which, program in programs:
            figures = measure(program, scratch, before, begin, False)
            stopped = measure(program, scratch, before, begin, True)
            yield f"| {name} | {which} | {' | '.join(figures)} | {stopped} |"
