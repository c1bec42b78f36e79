#!/usr/bin/env python3
"""Measures an older commit's program against this one, in turns, and writes docs/performance.md's table.

usage: ./dev bench against --commit COMMIT [--quick] [--scratch DIR]

Both are release builds and get the same work, each in folders of its own. A round runs every row with one, then with
the other; the next round begins with the other. A row's figure is the median of its rounds, and its ratio says how many
times as fast the newer one is: 1.00 is as fast, 0.95 a twentieth slower. The spread is that of the rounds' own ratios.
"""
import json
import shutil
import statistics
import subprocess
from pathlib import Path

import search_peers

ROOT = Path(__file__).resolve().parent.parent
ROSTER, SECONDS, REGISTRATIONS, PEOPLE, SEARCHES, APPENDS = 100_000, 15, 10_000, 100_000, 50, 20_000


def run(*words, **options):
    return subprocess.run([str(w) for w in words], check=True, capture_output=True, text=True, **options).stdout


def built(commit, scratch):
    """The folder with that commit's release build."""
    tree = scratch / "older"
    tree.mkdir()
    archive = subprocess.run(["git", "-C", ROOT, "archive", commit], check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", tree], input=archive, check=True)
    run("meson", "setup", tree / "build-bench", tree, "--buildtype=release")
    run("ninja", "-C", tree / "build-bench", "tocsin", "bench_tool", "gate")
    return tree / "build-bench"


class Rows:
    """One program's figures of one round, by row: a name, a unit, and whether more is better."""

    def __init__(self, bench, folder, scratch):
        self.bench, self.folder, self.scratch, self.figures = bench, folder, scratch, {}
        self.tocsin, self.tool, self.gate = (folder / name for name in ("tocsin", "bench_tool", "gate"))

    def add(self, name, value, unit, is_rate=False):
        self.figures[name, unit, is_rate] = value

    def pushes(self, _):
        """Over HTTP, signed: one after another, several at once, and many a request."""
        where = self.scratch / "pushes"
        run(self.tool, "fill", where, 1000, 1)
        with self.bench.served(self.tocsin, where) as push:
            for name, threads, batch, n in (("events pushed one by one", 1, 1, 1500), ("events pushed, 16 at once", 16, 1, 4000),
                                            ("events pushed, 32 a request", 4, 32, 600)):
                self.add(name, push(name.encode().hex(), threads, batch, n), "a second", True)
        shutil.rmtree(where)

    def roster(self, given):
        where = self.scratch / "roster"
        run(self.tocsin, "-C", where, "init")
        run(self.tocsin, "-C", where, "feed", "add", self.bench.MAPPING)
        load = [self.tocsin, "-C", where, "feed", "load", "nyc-doc", "--json"]
        self.add(f"first list of {ROSTER:,}", self.bench.peak_of([*load, given["lists"][0]])[0], "s")
        took, peak = zip(*(self.bench.peak_of([*load, file])[:2] for file in given["lists"][1:]))
        self.add(f"next list of {ROSTER:,}", statistics.median(took), "s")
        self.add("… its peak memory", max(peak), "MB")
        self.add("a command that reads: `alert list`", min(
            self.bench.peak_of([self.tocsin, "-C", where, "alert", "list"])[0] for _ in range(5)) * 1000, "ms")
        shutil.rmtree(where)

    def latency(self, _):
        n, sent, waits, peak = self.bench.latency_once(self.tocsin, self.tool, self.scratch, REGISTRATIONS, 200, SECONDS)
        assert sent == n, (sent, n)
        self.add("accepted event to the mail server, p50", self.bench.percentile(waits, .5), "ms")
        self.add("… p99", self.bench.percentile(waits, .99), "ms")
        self.add("… peak memory of `serve`", peak, "MB")

    def decisions(self, _):
        self.add("decisions of the policy", json.loads(run(self.gate, "decide", 10_000_000).splitlines()[-1])["per_second"],
                 "a second", True)
        self.add("check of 83,200,000 requests", json.loads(run(self.gate, "check").splitlines()[-1])["seconds"], "s")

    def ledger(self, _):
        for batch, threads, name in ((1, 1, "ledger entries, one by one"), (32, 16, "ledger entries, 16 × 32")):
            where = self.scratch / "ledger"
            run(self.tocsin, "-C", where, "init")
            n = APPENDS // (8 if batch * threads == 1 else 1)
            line = json.loads(run(self.gate, "append", where, n, batch, threads).splitlines()[-1])
            self.add(name, line["per_second"], "a second", True)
            shutil.rmtree(where)

    def people(self, given):
        if not given["people"]:
            return
        words = ["--people", given["people"], "--queries", given["queries"], "--json"]
        lines = [json.loads(line) for line in run(self.tocsin, "bench", "search", *words).splitlines()]
        self.add(f"index of {PEOPLE:,} people", next(l["build_seconds"] for l in lines if "build_seconds" in l), "s")
        self.add("search by name, median of the classes' p50",
                 statistics.median(l["p50_us"] for l in lines if "p50_us" in l), "µs")
        words[2] = "--records"
        self.add("one record among all, p50", json.loads(run(self.tocsin, "bench", "link", *words))["p50_us"], "µs")

    def measure(self, given):
        for work in (self.pushes, self.roster, self.latency, self.decisions, self.ledger, self.people):
            work(given)
        return self.figures


def inputs(bench, scratch):
    given = {"lists": bench.write_rosters(scratch, ROSTER, 4), "people": None, "queries": None}
    if search_peers.GENERATOR.exists():
        given["people"], given["queries"] = next(search_peers.made_files(scratch, [PEOPLE], SEARCHES))
    return given


def against(bench, scratch, commit, rounds):
    folders = [built(commit, scratch), ROOT / "build-bench"]
    given = inputs(bench, scratch)
    figures = [[], []]
    for i in range(rounds):
        for side in (0, 1) if i % 2 == 0 else (1, 0):
            work = scratch / f"work{side}"
            work.mkdir()
            figures[side].append(Rows(bench, folders[side], work).measure(given))
            shutil.rmtree(work)
    commit = run("git", "-C", ROOT, "rev-parse", "--short", commit).strip()
    now = run("git", "-C", ROOT, "rev-parse", "--short", "HEAD").strip()
    yield f"{rounds} rounds; {commit} is the older, {now} the newer.\n"
    yield f"| | {commit} | {now} | times as fast | from | to |\n|---|---|---|---|---|---|"
    for name, unit, is_rate in figures[1][0]:
        older, newer = ([one[name, unit, is_rate] for one in side] for side in figures)
        ratios = sorted(b / a if is_rate else a / b for a, b in zip(older, newer))
        a, b = statistics.median(older), statistics.median(newer)
        digits = ",.0f" if b >= 100 else ",.2f"
        yield (f"| {name} | {a:{digits}} {unit} | {b:{digits}} {unit} | {b / a if is_rate else a / b:.2f} | "
               f"{ratios[0]:.2f} | {ratios[-1]:.2f} |")
