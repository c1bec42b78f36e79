#!/usr/bin/env python3
"""Measures, against peers in the same alternating run, and writes the figures into docs/performance.md.

usage: bench/run.py [--quick] [--scratch DIR] [durable] [roster] [latency] [gate] [search] [link] [pressure]
       bench/run.py [--quick] [--scratch DIR] against --commit COMMIT

Ratios count, not rates: machines differ. Medians of several rounds. Needs the release build in
build-bench (./dev bench makes it) and the sqlite3 shell.
"""
import argparse
import asyncio
import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import os
import platform
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from against import against, built
from linking import link
from pressure import pressure
from search_peers import search

ROOT = Path(__file__).resolve().parent.parent
TOCSIN, TOOL, GATE = (ROOT / "build-bench" / name for name in ("tocsin", "bench_tool", "gate"))
MAPPING = ROOT / "share/feeds/nyc-doc.yaml"


def run(*words, **options):
    return subprocess.run([str(w) for w in words], check=True, capture_output=True, text=True, **options).stdout


def site(folder):
    run(TOCSIN, "-C", folder, "init")
    return folder


# ── Durable events ────────────────────────────────────────────────────────────────────────────────

def durable(scratch, quick):
    lines = run(TOOL, "durable", scratch, 3 if quick else 7).splitlines()
    rates = {}
    for line in map(json.loads, lines):
        rates.setdefault(line["kind"], []).append(line["per_second"])
    median = {kind: statistics.median(values) for kind, values in rates.items()}
    bare = median["bare"]
    rows = [("4 KB written and fdatasync", "fdatasync"), ("bare SQLite, FULL, one row a commit", "bare"),
            ("events pushed one by one, each durable", "single"), ("… 64 at once, one event each", "concurrent"),
            ("… 32 events a request", "batches")]
    yield "| Durable writes | a second | of the bare commit | of singly |\n|---|---|---|---|"
    for words, kind in rows:
        yield f"| {words} | {median[kind]:,.0f} | {median[kind] / bare:.2f} | {median[kind] / median['single']:.1f} |"


# ── One large roster ──────────────────────────────────────────────────────────────────────────────

HEADER = ("inmateid,admitted_dt,custody_level,bradh,race,gender,age,inmate_status_code,sealed,srg_flg,top_charge,"
          "infraction\n")


def roster_row(number, admitted):
    return f"{number},{admitted},MED,N,X,M,47.0,DE,N,N,125.25,N\n"


def write_rosters(folder, n, days):
    """A list a day; one in a hundred leaves, as many come."""
    rng = random.Random(1)
    admitted = [f"20{20 + rng.randrange(5)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}T"
                f"{rng.randrange(24):02d}:{rng.randrange(60):02d}:{rng.randrange(60):02d}.000" for _ in range(n)]
    rows = [roster_row(i, a) for i, a in enumerate(admitted)]
    files, next_number = [], n
    for day in range(days):
        files.append(folder / f"roster_202504{day + 1:02d}.csv")
        files[-1].write_text(HEADER + "".join(rows))
        gone = set(rng.sample(range(len(rows)), n // 100))
        rows = [row for i, row in enumerate(rows) if i not in gone]
        rows += [roster_row(next_number + i, f"2025-04-{day + 1:02d}T13:00:00.000") for i in range(n // 100)]
        next_number += n // 100
    return files


def peak_of(words):
    before = time.monotonic()
    process = subprocess.Popen([str(w) for w in words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    out = process.stdout.read()
    _, _, usage = os.wait4(process.pid, 0)
    return time.monotonic() - before, usage.ru_maxrss / 1024, out


def roster(scratch, quick):
    yield ("| People on the list | read, compared, committed | `sqlite3 .import` | ratio | first load (baseline) | "
           "peak memory |\n|---|---|---|---|---|---|")
    for n in (10_000, 100_000) if quick else (10_000, 100_000, 1_000_000):
        folder = scratch / f"roster{n}"
        folder.mkdir()
        files = write_rosters(folder, n, 4 if quick else 6)
        where = site(folder / "site")
        run(TOCSIN, "-C", where, "feed", "add", MAPPING)
        first, _, _ = peak_of([TOCSIN, "-C", where, "feed", "load", "nyc-doc", "--json", files[0]])
        ours, peers, peaks = [], [], []
        for file in files[1:]:
            seconds, peak, out = peak_of([TOCSIN, "-C", where, "feed", "load", "nyc-doc", "--json", file])
            summary = json.loads(out.splitlines()[-1])["summary"]
            assert summary["events"] == n // 100 * 2 and summary["held"] == 0, summary
            ours.append(seconds)
            peaks.append(peak)
            database = folder / "import.db"
            database.unlink(missing_ok=True)
            peers.append(peak_of(["sqlite3", database, ".mode csv", f".import {file} t"])[0])
        a, b = statistics.median(ours), statistics.median(peers)
        yield f"| {n:,} | {a:.2f} s | {b:.2f} s | {a / b:.2f} | {first:.1f} s | {max(peaks):,.0f} MB |"
        shutil.rmtree(folder)


# ── From an accepted event to the mail server's first byte ────────────────────────────────────────

class Sink:
    """A mail server that notes when each message's first byte came."""

    def __init__(self):
        self.first_byte = {}
        self.port = None
        ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self.serve(ready)), daemon=True).start()
        ready.wait()

    async def serve(self, ready):
        server = await asyncio.start_server(self.talk, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        async with server:
            await server.serve_forever()

    async def talk(self, reader, writer):
        writer.write(b"220 sink\r\n")
        began = 0
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                writer.write(b"250-sink\r\n250 SIZE\r\n")
            elif verb == b"DATA":
                writer.write(b"354 go on\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                writer.write(b"250 taken\r\n")
            elif verb == b"QUIT":
                break
            else:
                if verb == b"MAIL":
                    began = time.monotonic()
                elif verb == b"RCPT":
                    self.first_byte.setdefault(int(re.search(rb"<r(\d+)@", line).group(1)), began)
                writer.write(b"250 ok\r\n")
        writer.close()


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


class Pusher:
    """One connection that pushes signed events."""

    def __init__(self, port, secret):
        self.connection, self.secret = http.client.HTTPConnection("127.0.0.1", port), secret

    def push(self, key, *events):
        body = json.dumps(events).encode()
        stamp = str(int(time.time()))
        mac = hmac.new(self.secret, f"{key}.{stamp}.".encode() + body, hashlib.sha256).digest()
        self.connection.request("POST", "/v1/feeds/bench/events", body, {
            "Idempotency-Key": key, "webhook-timestamp": stamp,
            "webhook-signature": "v1," + base64.b64encode(mac).decode()})
        answer = self.connection.getresponse()
        text = answer.read()
        assert answer.status == 200, text


def in_threads(pushers, n, each):
    """Calls each(pusher, i) for every i below n, as fast as it goes."""
    numbers = iter(range(n))
    lock = threading.Lock()

    def worker(pusher):
        while True:
            with lock:
                i = next(numbers, None)
            if i is None:
                return
            each(pusher, i)

    workers = [threading.Thread(target=worker, args=(pusher,)) for pusher in pushers]
    for w in workers:
        w.start()
    for w in workers:
        w.join()


def event(i, name, what):
    return {"id": f"{name}{i}", "person": str(i), "booking": f"b{i}", "what": what, "when": "2025-05-06T10:00:00Z"}


def push_at_rate(port, secret, per_second, n):
    """Pushes event i at its moment, over a few connections; gives when each was accepted."""
    accepted, start = {}, time.monotonic()

    def each(pusher, i):
        time.sleep(max(0, start + i / per_second - time.monotonic()))
        pusher.push(f"k{i}", event(i, "e", "released"))
        accepted[i] = time.monotonic()

    in_threads([Pusher(port, secret) for _ in range(8)], n, each)
    return accepted


@contextlib.contextmanager
def serving(program, where):
    """Its process, port, and the feed's secret."""
    secret = base64.b64decode(run(program, "-C", where, "feed", "secret", "bench").strip().removeprefix("whsec_"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen([str(program), "-C", str(where), "serve", "--port", str(port)], stderr=subprocess.DEVNULL)
    time.sleep(2)
    yield server, port, secret
    server.terminate()
    server.wait()


@contextlib.contextmanager
def served(program, where):
    """A function that pushes, and says how many events a second."""
    with serving(program, where) as (_, port, secret):
        def push(name, threads, batch, n):
            before = time.monotonic()
            in_threads([Pusher(port, secret) for _ in range(threads)], n, lambda pusher, i: pusher.push(
                f"{name}{i}", *(event(i * batch + k, name, "status_changed") for k in range(batch))))
            return n * batch / (time.monotonic() - before)
        yield push


def latency_once(program, tool, scratch, registrations, per_second, seconds):
    n = per_second * seconds
    where = scratch / f"latency{registrations}"
    run(tool, "fill", where, registrations, n)
    sink = Sink()
    (where / "site.yaml").write_text(f"mail:\n  transport: smtp\n  server: smtp://127.0.0.1:{sink.port}\n"
                                     "  starttls: never\n  from: notices@x.test\n")
    with serving(program, where) as (server, port, secret):
        accepted = push_at_rate(port, secret, per_second, n)
        for _ in range(200):
            if len(sink.first_byte) >= n:
                break
            time.sleep(0.1)
        peak = int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{server.pid}/status").read_text()).group(1)) / 1024
    waits = [(sink.first_byte[i] - at) * 1000 for i, at in accepted.items() if i in sink.first_byte]
    shutil.rmtree(where)
    return n, len(waits), waits, peak


def latency(scratch, quick):
    yield ("| Registrations | events a second | alerts sent | p50 | p99 | worst | peak memory of `serve` |\n"
           "|---|---|---|---|---|---|---|")
    for registrations in (10_000, 100_000) if quick else (10_000, 100_000, 1_000_000):
        n, sent, waits, peak = latency_once(TOCSIN, TOOL, scratch, registrations, 200, 10 if quick else 30)
        yield (f"| {registrations:,} | 200 | {sent:,} of {n:,} | {percentile(waits, .5):.0f} ms | "
               f"{percentile(waits, .99):.0f} ms | {max(waits):.0f} ms | {peak:,.0f} MB |")


# ── Policy and ledger ─────────────────────────────────────────────────────────────────────────────

def gate_line(*words):
    return json.loads(run(GATE, *words).splitlines()[-1])


def cedar(scratch):
    """Cedar's WebAssembly build from npm; None where there is no node or no registry."""
    where = scratch / "cedar"
    where.mkdir(exist_ok=True)
    if not shutil.which("npm") or subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--prefix", where, "@cedar-policy/cedar-wasm"],
            capture_output=True).returncode:
        return None
    (where / "rules.yaml").write_text(run(GATE, "rules"))
    (where / "requests.jsonl").write_text(run(GATE, "requests", 2000))
    return lambda: json.loads(run("node", ROOT / "bench/cedar.js", where / "rules.yaml", where / "requests.jsonl", 1,
                                  env={**os.environ, "NODE_PATH": str(where / "node_modules")}))


def decisions(scratch, rounds, quick):
    peer, ours, theirs, answer = cedar(scratch), [], [], None
    for _ in range(rounds):
        ours.append(gate_line("decide", 2_000_000 if quick else 20_000_000)["per_second"])
        if peer:
            answer = peer()
            theirs.append(answer["per_second"])
    yield "| Decisions, 200 rules, one core | a second |\n|---|---|"
    yield f"| Tocsin | {statistics.median(ours):,.0f} |"
    if theirs:
        yield (f"| Cedar 4, WebAssembly, rules parsed before | {statistics.median(theirs):,.0f} "
               f"(it decides {answer['agreed']:,} of {answer['of']:,} requests alike) |")
    else:
        yield "| Cedar | not measured: no npm here |"
    seconds = statistics.median(gate_line("check")["seconds"] for _ in range(rounds))
    yield f"\nA check of 83,200,000 requests against 19 guarantees and 200 rules takes {seconds:.2f} s on one core."


def appends(scratch, rounds, quick):
    n = 20_000 if quick else 100_000
    yield ("\n| Ledger entries, durable with their signed checkpoint | a second | p50 | p99 | of the bare table |\n"
           "|---|---|---|---|---|")
    for batch, threads in ((1, 1), (1, 64), (32, 16), (256, 4)):
        lines, bare = [], []
        for i in range(rounds):
            where = site(scratch / f"ledger{batch}-{threads}-{i}")
            lines.append(gate_line("append", where, n // (8 if batch * threads == 1 else 1), batch, threads))
            bare.append(gate_line("bare", where, n // (8 if batch * threads == 1 else 1), batch * threads)["per_second"])
            shutil.rmtree(where)
        line = sorted(lines, key=lambda l: l["per_second"])[rounds // 2]
        words = f"{threads} client{'s' * (threads > 1)}, {batch} at once"
        yield (f"| {words} | {line['per_second']:,.0f} | {line['p50_ms']:.2f} ms | {line['p99_ms']:.2f} ms | "
               f"{line['per_second'] / statistics.median(bare):.2f} |")
    yield "\n| Entries in the tree | largest proof | time to verify it |\n|---|---|---|"
    for size in (10_000, 100_000) if quick else (10_000, 1_000_000, 10_000_000):
        line = gate_line("proof", size)
        yield f"| {size:,} | {line['bytes']:,} bytes | {line['verify_ms']:.3f} ms |"


def gate(scratch, quick):
    rounds = 3 if quick else 7
    yield from decisions(scratch, rounds, quick)
    yield from appends(scratch, rounds, quick)


# ── The page ──────────────────────────────────────────────────────────────────────────────────────

def machine():
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text()).group(1)) / 2**20
    return (f"{os.cpu_count()} cores ({model.group(1) if model else platform.machine()}), {memory:.0f} GiB, "
            f"Linux {platform.release().split('-')[0]}, SQLite {run('sqlite3', '--version').split()[0]}")


def write_into_page(name, text):
    page = ROOT / ("docs/reliability.md" if name == "pressure" else "docs/performance.md")
    old = page.read_text(encoding="utf-8")
    block = f"<!-- {name}: written by ./dev bench -->\n{text}\n<!-- end -->"
    new, n = re.subn(rf"<!-- {name}: written by ./dev bench -->.*?<!-- end -->", lambda _: block, old, flags=re.S)
    if n:
        page.write_text(new, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="smaller sizes, nothing is written")
    parser.add_argument("--scratch", type=Path, help="where to work: the disk to measure")
    parser.add_argument("what", nargs="*", default=["durable", "roster", "latency", "gate", "search", "link"])
    parser.add_argument("--commit", help="the older program's: against needs it, pressure may have it")
    options = parser.parse_args()
    if options.commit is None and "against" in options.what:
        parser.error("against needs --commit")
    scratch = Path(tempfile.mkdtemp(prefix="tocsin-bench-", dir=options.scratch or ROOT.parent))
    try:
        for name in options.what:
            lines = []
            for line in {"durable": durable, "roster": roster, "latency": latency, "gate": gate,
                         "search": search, "link": link, "pressure": lambda *_: pressure(
                             sys.modules[__name__], scratch, options.quick,
                             built(options.commit, scratch) if options.commit else None),
                         "against": lambda *_: against(sys.modules[__name__], scratch, options.commit,
                                                       1 if options.quick else 7)}[name](scratch, options.quick):
                print(line, flush=True)
                lines.append(line)
            if lines and not options.quick:
                write_into_page(name, f"Machine: {machine()}.\n\n" + "\n".join(lines))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
