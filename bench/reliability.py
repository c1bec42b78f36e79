#!/usr/bin/env python3
"""Loads real rosters and kills the program, and writes the figures into docs/reliability.md.

usage: bench/reliability.py [nyc] [kills] [held]     Rosters: $TOCSIN_DATA or ../shared/data, in nyc_doc/.
"""
import collections
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import held as lists_held

ROOT = Path(__file__).resolve().parent.parent
TOCSIN = ROOT / "build/tocsin"
DATA = Path(os.environ.get("TOCSIN_DATA", ROOT.parent / "shared/data")) / "nyc_doc"


def load(site, *files):
    out = subprocess.run([TOCSIN, "-C", site, "feed", "load", "nyc-doc", "--json", "--no-send", *files], check=True,
                         capture_output=True, text=True).stdout
    *events, last = map(json.loads, out.splitlines())
    return events, last["summary"]


def cut(file, share, folder):
    header, *rows = file.read_text().splitlines(keepends=True)
    out = folder / file.name
    out.write_text(header + "".join(rows[:int(len(rows) * share)]))
    return out


def nyc(scratch):
    files = sorted(DATA.glob("*.csv"))
    site, cuts = scratch / "site", scratch / "cuts"
    cuts.mkdir()
    subprocess.run([TOCSIN, "-C", site, "init"], check=True, capture_output=True)
    subprocess.run([TOCSIN, "-C", site, "feed", "add", ROOT / "share/feeds/nyc-doc.yaml"], check=True,
                   capture_output=True)
    kinds, ids, told, held, ms = collections.Counter(), set(), 0, 0, 0
    cut_held, cut_tried = collections.Counter(), collections.Counter()
    for number, file in enumerate(files):
        if number:
            for share in (0.95, 0.90, 0.70, 0.50, 0.10):
                trial = scratch / "trial"
                shutil.copytree(site, trial)
                events, summary = load(trial, cut(file, share, cuts))
                cut_tried[share] += 1
                cut_held[share] += summary["held"] == 1 and not any(e["kind"] == "left_roster" for e in events)
                shutil.rmtree(trial)
        events, summary = load(site, file)
        held += summary["held"]
        ms += summary["ms"]
        kinds.update(e["kind"] for e in events)
        ids.update(e["event_id"] for e in events)
        told += sum(e["kind"] == "back_on_roster" and e["corrects"] in ids for e in events)
    again, summary = load(site, *files)
    yield "| On 70 days of real lists | |\n|---|---|"
    yield f"| events of kind `released` | {kinds['released']} |"
    yield f"| disappearances, told as `left_roster` in their own file | {kinds['left_roster']:,} |"
    yield f"| returns with the same admission, each correcting its `left_roster` | {told} of {kinds['back_on_roster']} |"
    yield f"| bookings | {kinds['booked']:,} |"
    yield f"| `feed_silent` (6 repeated days, 1 gap) and `feed_restored` | {kinds['feed_silent']} and {kinds['feed_restored']} |"
    yield f"| untouched lists held | {held} |"
    for share in cut_tried:
        yield f"| lists cut to {share:.0%} of their rows, held | {cut_held[share]} of {cut_tried[share]} |"
    yield f"| events when everything is loaded a second time | {len(again)} |"
    yield f"| time for all 70 | {ms / 1000:.1f} s |"


def kills(scratch):
    report = scratch / "kills"
    subprocess.run(["/usr/bin/python3", "-m", "pytest", "-q", "tests/test_delivery.py", "-k", "killed"], cwd=ROOT,
                   check=True, env={**os.environ, "TOCSIN_REPORT": str(report)}, stdout=subprocess.DEVNULL)
    yield "| kills | alerts owed | lost | repeated |\n|---|---|---|---|"
    yield report.read_text().strip()


def held(scratch):
    return lists_held.held(ROOT, TOCSIN, sorted(DATA.glob("*.csv")), scratch)


def main():
    page = ROOT / "docs/reliability.md"
    scratch = Path(tempfile.mkdtemp(prefix="tocsin-reliability-"))
    for name in sys.argv[1:] or ["nyc", "kills", "held"]:
        if name != "kills" and not any(DATA.glob("*.csv")):
            print(f"{name}: skipped, there are no lists in {DATA}", file=sys.stderr)
            continue
        text = "\n".join({"nyc": nyc, "kills": kills, "held": held}[name](scratch))
        print(text, flush=True)
        block = f"<!-- {name}: written by bench/reliability.py -->\n{text}\n<!-- end -->"
        page.write_text(re.sub(rf"<!-- {name}: written by bench/reliability.py -->.*?<!-- end -->", lambda _: block,
                               page.read_text(encoding="utf-8"), flags=re.S), encoding="utf-8")
    shutil.rmtree(scratch, ignore_errors=True)


main()
