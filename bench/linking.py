#!/usr/bin/env python3
"""Linking rows into people: how well, how fast, how large; prints tables for docs/performance.md.

usage: bench/linking.py [--quick] [--figures FILE] [--scratch DIR]

Measured:

  Groups   `tocsin person link FILE --mapping M --out O`, three times: median seconds of the whole command, and the
           largest peak of resident memory. The groups are scored by pairs of rows against the truth: precision (of the
           pairs put together, how many are of one person), recall (of one person's pairs, how many were put together),
           F1. The last figure is the recall at the lowest score that gives a precision of 0.99 or more: rows of a
           lower score, or of none, count as people of their own. Only links made at the default (0 bits) have scores,
           so where its precision is that high it is the default's recall.
  Growth   the same command on ever more bookings.
  One      `tocsin bench link`, once a size: how long it takes to find whose record one is, among all.

The bookings are made by people_generator.c, which is not part of this project, where that is found beside the data
($TOCSIN_DATA or ../shared/data); so are the people of the last. FEBRL's three sets and Splink's fake_1000 are read
from its linkage/. What is absent is left out.
"""
import argparse
import csv
import json
import shutil
import statistics
import sys
import tempfile
from collections import Counter, namedtuple
from pathlib import Path

from search_peers import DATA, GENERATOR, SEED, TOCSIN, generated, made_files, run, say

BOOKED = (40_000, 120_000, 400_000)  # people: about 2.5 bookings each
DIRECTORIES = (1_000_000, 10_000_000)
ROUNDS, PER_CLASS, PRECISION = 3, 50, .99

BOOKING = {"columns": {"surname": "surname", "given": "given", "middle": "middle", "suffix": "suffix", "born": "dob"},
           "dates": ["%Y-%m-%d"], "same": ["sex", "facility"], "keys": ["ssn4"]}
FEBRL = {"columns": {"surname": "surname", "given": "given_name", "born": "date_of_birth"}, "dates": ["%Y%m%d"],
         "same": ["state"], "keys": ["soc_sec_id"],
         "text": ["address_1", "address_2", "suburb", "street_number", "postcode"]}
FAKE = {"columns": {"surname": "surname", "given": "first_name", "born": "dob"}, "dates": ["%Y-%m-%d"],
        "text": ["email", "city"]}

Case = namedtuple("Case", "data variant file mapping truth")  # truth: whose each row is, in the file's order


# ── What is linked ────────────────────────────────────────────────────────────────────────────────

def without(mapping, *columns):
    return {key: [c for c in value if c not in columns] if isinstance(value, list) else value
            for key, value in mapping.items()}


def whose(file, column, person=str):
    with open(file, encoding="utf-8", newline="") as rows:
        delimiter = "\t" if file.suffix == ".tsv" else ","
        return [person(row[column]) for row in csv.DictReader(rows, delimiter=delimiter, skipinitialspace=True)]


def bookings(scratch, sizes):
    """All columns at every size; at the largest also without some."""
    if not GENERATOR.exists():
        return say(f"link: there is no {GENERATOR}: bookings are left out")
    for n in sizes:
        file = generated(scratch / f"bookings{n}.tsv", "bookings", n, SEED)
        truth = whose(file, "person_id")
        yield Case("bookings", "all columns", file, BOOKING, truth)
        for columns in [["ssn4"], ["facility"], ["ssn4", "facility"]] if n == sizes[-1] else ():
            yield Case("bookings", f"no {' nor '.join(columns)}", file, without(BOOKING, *columns), truth)
        file.unlink()


def published():
    for name in ("dataset1", "dataset2", "dataset3", "fake_1000"):
        file = DATA / f"linkage/{name}.csv"
        if not file.exists():
            say(f"link: there is no {file}: left out")
        elif name == "fake_1000":
            yield Case("Splink fake_1000", "all columns", file, FAKE, whose(file, "cluster"))
        else:
            truth = whose(file, "rec_id", lambda text: text.split("-")[1])
            yield Case(f"FEBRL {name}", "all columns", file, FEBRL, truth)
            yield Case(f"FEBRL {name}", "no soc_sec_id", file, without(FEBRL, "soc_sec_id"), truth)


# ── Groups ────────────────────────────────────────────────────────────────────────────────────────

# In a small process of its own: a child's peak begins at what its parent holds.
METER = """
import os, subprocess, sys, time
began = time.monotonic()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(time.monotonic() - began, usage.ru_maxrss * 1024 / 1e6)
sys.exit(status != 0)
"""


def metered(*words):
    """Seconds, and the peak of resident memory in MB."""
    return map(float, run(sys.executable, "-c", METER, *words).split())


def groups(file):
    """(person, score or None) of each row."""
    with open(file) as rows:
        next(rows)
        for line in rows:
            _, person, _, score = line.rstrip("\n").split(",")
            yield person, float(score) if score else None


def scores(truth, found):
    """Rows join their groups by falling score; the pairs they make are counted as they come."""
    pairs = sum(n * (n - 1) // 2 for n in Counter(truth).values())
    rows = sorted(zip(found, truth, strict=True), key=lambda row: (row[0][1] is None, -(row[0][1] or 0)))
    in_group, in_both, made, right, precise, bits = Counter(), Counter(), 0, 0, 0, None
    for ((person, score), who), (next_row, _) in zip(rows, [*rows[1:], ((None, None), None)]):
        made += in_group[person]
        right += in_both[person, who]
        in_group[person] += 1
        in_both[person, who] += 1
        if score is not None and score != next_row[1] and right >= PRECISION * made:
            precise, bits = right, score
    precision, recall = right / made if made else 1, right / pairs
    return {"precision": precision, "recall": recall, "f1": 2 * right / (made + pairs),
            "recall_when_precise": precise / pairs, "precise_from_bits": bits}


def linked(case, scratch):
    mapping, out = scratch / "mapping.yaml", scratch / "linked.csv"
    mapping.write_text(json.dumps(case.mapping))  # JSON is YAML
    rounds = [metered(TOCSIN, "person", "link", case.file, "--mapping", mapping, "--out", out) for _ in range(ROUNDS)]
    seconds, peaks = zip(*rounds)
    return {"data": case.data, "variant": case.variant, "rows": len(case.truth), "people": len(set(case.truth)),
            "seconds": statistics.median(seconds), "peak_mb": max(peaks), **scores(case.truth, groups(out))}


# ── One among all ─────────────────────────────────────────────────────────────────────────────────

def ones(scratch, sizes):
    if not GENERATOR.exists():
        return say(f"link: there is no {GENERATOR}: linking one record is left out")
    for people, queries in made_files(scratch, sizes, PER_CLASS):
        yield json.loads(run(TOCSIN, "bench", "link", "--people", people, "--records", queries, "--json"))


# ── The tables ────────────────────────────────────────────────────────────────────────────────────

def grouping(lines):
    yield ("| Rows, of people | | linked in | peak memory | precision | recall | F1 | recall at precision 0.99 |\n"
           "|---|---|---|---|---|---|---|---|")
    last = None
    for line in lines:
        first = f"{line['rows']:,} {line['data']}, {line['people']:,}"
        precise, bits = line["recall_when_precise"], line["precise_from_bits"]
        where = "" if precise == line["recall"] else " (none)" if bits is None else f" (from {bits:.1f} bits)"
        yield (f"| {first if first != last else ''} | {line['variant']} | {line['seconds']:.2f} s | "
               f"{line['peak_mb']:,.0f} MB | {line['precision']:.4f} | {line['recall']:.4f} | {line['f1']:.4f} | "
               f"{precise:.4f}{where} |")
        last = first


def growth(lines):
    yield "\n| Bookings | people | linked in | a row | peak memory |\n|---|---|---|---|---|"
    for line in lines:
        yield (f"| {line['rows']:,} | {line['people']:,} | {line['seconds']:.2f} s | "
               f"{line['seconds'] / line['rows'] * 1e6:.1f} µs | {line['peak_mb']:,.0f} MB |")


def one_by_one(lines):
    yield "\n| People | records | may be one of them | p50 | p99 |\n|---|---|---|---|---|"
    for line in lines:
        yield (f"| {line['people']:,} | {line['records']:,} | {line['found']:,} | {line['p50_us']:,.0f} µs | "
               f"{line['p99_us']:,.0f} µs |")


def kept(lines, figures):
    lines = list(lines)
    for line in lines if figures else ():
        print(json.dumps(line), file=figures, flush=True)
    return lines


def link(scratch, quick, figures=None):
    """The tables' lines; nothing where there are no data. As a section of bench/run.py: link(scratch, quick)."""
    cut = 1 if quick else None
    booked = kept((linked(case, scratch) for case in bookings(scratch, BOOKED[:cut])), figures)
    others = kept((linked(case, scratch) for case in published()), figures)
    if booked or others:
        most = max((line["rows"] for line in booked), default=0)
        yield from grouping([line for line in booked if line["rows"] == most] + others)
    if booked:
        yield from growth(line for line in booked if line["variant"] == "all columns")
    if found := kept(ones(scratch, (100_000,) if quick else DIRECTORIES), figures):
        yield from one_by_one(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="smaller sizes")
    parser.add_argument("--figures", type=argparse.FileType("w"), help="where to write every figure: lines of JSON")
    parser.add_argument("--scratch", type=Path, help="where to work")
    options = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="tocsin-link-", dir=options.scratch))
    try:
        for line in link(scratch, options.quick, options.figures):
            print(line, flush=True)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
