#!/usr/bin/env python3
"""Name search side by side with two peers: how often, how fast, how large; prints tables for docs/performance.md.

usage: bench/search_peers.py [--people P.tsv … --queries Q.tsv …] [--sizes N …] [--limit SECONDS] [--figures FILE]
                             [--drawing FILE]

Measured for each pair of files, with everything in memory and one thread that asks:

  Tocsin      `tocsin bench search`, run before, halfway through and after the peers: medians of the three
  PostgreSQL  pg_trgm's GIN index, WHERE name % query ORDER BY similarity(name, query) DESC LIMIT 10, as psql's
              \\timing has it. (Of its forms the best: KNN over GiST, ORDER BY name <-> query, finds hardly more and
              takes several times as long at 1,000,000 people; word similarity finds fewer.)
  SQLite      FTS5's trigram tokenizer, MATCH of all the query's trigrams with OR, ORDER BY rank LIMIT 10, called
              from Python

All get the same queries, an even sample by class; the peers one by one and in turn. They hold every distinct name
once, as "GIVEN SURNAME", and never wait for the disk. Built means: from the names to an index that answers (the peers
from a file of distinct names and on one thread, Tocsin from everybody's name in memory and on two); its bytes are
those of the names, too. A query is a hit when its target's given name and surname, by their letters, are among the
first ten distinct names. The peers are first asked one query of each class, unmeasured. Tocsin knows how many people
have a name and prefers common ones; the peers do not. At 300,000 and 3,000,000 people Tocsin is measured alone.

How often Tocsin finds the right name is also measured with a thousand queries a class, too many to ask the peers; and
with the names of FEBRL's three sets among a million people, asked for as their duplicates have them, where both names
are there and each is no more than two edits off.

The files are the caller's, by option or in $TOCSIN_PEOPLE and $TOCSIN_QUERIES: tab-separated with a header, columns
given, surname; class, query, given, surname. Without them people of --sizes are made by people_generator.c where that
is found beside the data ($TOCSIN_DATA or ../shared/data): it is not part of this project.
"""
import argparse
import csv
import json
import math
import os
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOCSIN = ROOT / "build-bench/tocsin"
DATA = Path(os.environ.get("TOCSIN_DATA", ROOT.parent / "shared/data"))
GENERATOR = DATA.parent / "tools/people_generator.c"
POSTGRES = Path("/usr/lib/postgresql/15/bin")
SIZES = (100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
ALONE = (300_000, 3_000_000)
DRAWING = ROOT / "docs/figures/search-growth.svg"
THOROUGH = (1_000_000, 10_000_000)  # where all queries are asked, of Tocsin alone
SEED, PER_CLASS, MOST_QUERIES, LIMIT = 7, 1000, 300, 600
CLASSES = {"edit1": "one slip", "edit2": "two slips", "swap": "surname first",
           "swap_edit1": "surname first, one slip", "nick": "nickname", "nick_edit1": "nickname, one slip",
           "phon1": "one mishearing", "phon2": "two mishearings",
           "joined": "double surname joined or split otherwise", "partial2": "half of a double surname"}


class TooSlow(Exception):
    pass


def run(*words, **options):
    return subprocess.run([str(w) for w in words], check=True, capture_output=True, text=True, **options).stdout


def say(text):
    print(text, file=sys.stderr, flush=True)


# ── The files ─────────────────────────────────────────────────────────────────────────────────────

def rows_of(path, *columns):
    with open(path, encoding="utf-8", errors="replace") as file:
        header = next(file).rstrip("\n").lower().split("\t")
        places = [header.index(column) for column in columns]
        for line in file:
            cells = line.rstrip("\n").split("\t")
            yield [cells[i] if i < len(cells) else "" for i in places]


def letters(given, surname, others=re.compile("[^A-Za-z]+")):
    """Names are the same when these are."""
    return f"{others.sub('', given)} {others.sub('', surname)}".upper()


def distinct_names(people, file):
    """Writes every name once, with a number; gives the numbers by the names' letters, and how many people there are."""
    numbers, n = {}, 0
    with open(file, "w", encoding="utf-8") as out:
        for n, (given, surname) in enumerate(rows_of(people, "given", "surname"), 1):
            key = letters(given, surname)
            if key not in numbers:
                numbers[key] = len(numbers)
                name = f"{given} {surname}".replace("\\", " ")
                out.write(f"{numbers[key]}\t{name}\n")
    return numbers, n


def even_sample(queries):
    """As many of each class, taken by turns, so that every beginning of the sample is even as well."""
    by_class = {}
    for row in rows_of(queries, "class", "query", "given", "surname"):
        by_class.setdefault(row[0], []).append(row)
    each = min(MOST_QUERIES // len(by_class), *map(len, by_class.values()))
    return [rows[i * len(rows) // each] for i in range(each) for rows in by_class.values()]


def generated(file, *words):
    """Writes what people_generator.c makes of the words; gives the file."""
    generator = file.parent / "people_generator"
    if not generator.exists():
        run("cc", "-O2", "-o", generator, GENERATOR, "-lm")
    with open(file, "w") as out:
        subprocess.run([generator, *map(str, words)], stdout=out, check=True,
                       env={**os.environ, "DATA": str(DATA / "names")})
    return file


def made_files(scratch, sizes, per_class=PER_CLASS):
    for n in sizes:
        files = (generated(scratch / f"people{n}.tsv", "people", n, SEED),
                 generated(scratch / f"queries{n}.tsv", "queries", n, SEED, per_class))
        yield files
        for file in files:
            file.unlink()


# ── Tocsin and its peers ──────────────────────────────────────────────────────────────────────────

class Tocsin:
    name = "Tocsin"

    def __init__(self, people, sample, folder):
        self.people, self.queries, self.runs = people, folder / "sample.tsv", []
        header = ["class", "query", "given", "surname"]
        self.queries.write_text("".join("\t".join(row) + "\n" for row in [header, *sample]), encoding="utf-8")

    def measure(self):
        lines = run(TOCSIN, "bench", "search", "--people", self.people, "--queries", self.queries, "--json")
        self.runs.append([json.loads(line) for line in lines.splitlines()])

    def figures(self):
        """The lines of one run, each time in them the median of all runs."""
        for alike in zip(*self.runs):
            yield {key: statistics.median(line[key] for line in alike) if key.endswith(("_us", "_seconds")) else value
                   for key, value in alike[0].items()}


class Postgres:
    """A server of its own, reached by a socket in its folder and by no network."""

    SETTINGS = """
        listen_addresses = ''
        shared_buffers = 1GB
        work_mem = 256MB
        maintenance_work_mem = 1GB
        fsync = off
        jit = off
        max_parallel_workers_per_gather = 0
        """

    def __init__(self, folder):
        self.folder, self.data, self.psql = folder / "postgres", folder / "postgres/data", None
        self.folder.mkdir()
        self.nobody = {}
        if os.geteuid() == 0:  # it refuses to run as root
            self.nobody = {"user": "postgres", "group": "postgres", "extra_groups": []}
            shutil.chown(self.folder, "postgres", "postgres")
        self.control("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C")
        with open(self.data / "postgresql.conf", "a") as file:
            file.write(f"{self.SETTINGS}\nunix_socket_directories = '{self.folder}'\n")
        self.control("pg_ctl", "-w", "-l", self.folder / "log", "start")
        self.name = f"PostgreSQL {self.sql('SHOW server_version').split()[0]}, pg_trgm"

    def control(self, program, *words):
        run(POSTGRES / program, "-D", self.data, *words, cwd=self.folder, **self.nobody)

    def words(self, *words):
        return [POSTGRES / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-U", "postgres", *words]

    def sql(self, *statements):
        return run(*self.words(), *(word for statement in statements for word in ("-c", statement)))

    def build(self, names, limit):
        try:
            self.sql(f"SET statement_timeout = '{limit}s'",
                     "CREATE EXTENSION pg_trgm",
                     "CREATE UNLOGGED TABLE names (number int, name text)",
                     f"\\copy names FROM '{names}'",
                     "CREATE INDEX names_trigrams ON names USING gin (name gin_trgm_ops)",
                     "VACUUM ANALYZE names")
        except subprocess.CalledProcessError as error:
            raise TooSlow if "statement timeout" in error.stderr else RuntimeError(error.stderr)
        self.psql = subprocess.Popen(self.words(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.psql.stdin.write("\\timing on\n")

    def bytes(self):
        return int(self.sql("SELECT pg_total_relation_size('names')"))

    def ask(self, text):
        text = "'" + text.replace("'", "''") + "'"
        self.psql.stdin.write(f"SELECT number FROM names WHERE name % {text} "
                              f"ORDER BY similarity(name, {text}) DESC LIMIT 10;\n")
        numbers = []
        for line in self.psql.stdout:
            if line.startswith("Time: "):
                return numbers, float(line.split()[1]) * 1000
            numbers.append(int(line))
        raise RuntimeError("psql ended")

    def close(self):
        if self.psql:
            self.psql.communicate()
        self.control("pg_ctl", "-m", "immediate", "stop")


class Sqlite:
    name = f"SQLite {sqlite3.sqlite_version}, FTS5 trigram"

    def __init__(self, folder):
        self.file = folder / "names.db"
        self.db = sqlite3.connect(self.file, isolation_level=None)

    def build(self, names, limit):
        for statement in ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "PRAGMA cache_size = -1000000",
                          "CREATE VIRTUAL TABLE names USING fts5(name, tokenize = 'trigram')", "BEGIN"):
            self.db.execute(statement)
        with open(names, encoding="utf-8") as file:
            self.db.executemany("INSERT INTO names (rowid, name) VALUES (?, ?)",
                                self.until(time.monotonic() + limit, file))
        self.db.execute("INSERT INTO names (names) VALUES ('optimize')")
        self.db.execute("COMMIT")

    @staticmethod
    def until(deadline, lines):
        for line in lines:
            if time.monotonic() > deadline:
                raise TooSlow
            yield line.rstrip("\n").split("\t")

    def bytes(self):
        return self.file.stat().st_size

    def ask(self, text):
        trigrams = dict.fromkeys(text[i:i + 3].replace('"', '""') for i in range(len(text) - 2))
        match = " OR ".join(f'"{trigram}"' for trigram in trigrams) or '""'
        began = time.perf_counter_ns()
        rows = self.db.execute("SELECT rowid FROM names WHERE names MATCH ? ORDER BY rank LIMIT 10", [match])
        return [number for number, in rows], (time.perf_counter_ns() - began) / 1000

    def close(self):
        self.db.close()


# ── One size ──────────────────────────────────────────────────────────────────────────────────────

class Asked:
    """A peer that was built, and what it answered: (class, the target's rank or None, µs) a query."""

    def __init__(self, peer, names, limit):
        self.peer, self.name, self.answers = peer, peer.name, []
        began = time.monotonic()
        peer.build(names, limit)
        self.seconds = time.monotonic() - began

    def ask(self, kind, text, target):
        numbers, us = self.peer.ask(text)
        return kind, numbers.index(target) if target in numbers else None, us

    def figures(self):
        """As `tocsin bench search --json` has them."""
        for kind in dict.fromkeys(["all", *(kind for kind, _, _ in self.answers)]):
            ranks, times = zip(*((rank, us) for k, rank, us in self.answers if kind in ("all", k)))
            n, times = len(times), sorted(times)
            yield {"class": kind, "queries": n, "recall_at_1": ranks.count(0) / n,
                   "recall_at_10": 1 - ranks.count(None) / n,
                   "p50_us": times[int((n - 1) * .5)], "p99_us": times[int((n - 1) * .99)]}
        yield {"build_seconds": self.seconds, "index_bytes": self.peer.bytes()}


def kinds_of_peers():
    if POSTGRES.is_dir():
        return Postgres, Sqlite
    say("search: there is no PostgreSQL 15 here: left out")
    return Sqlite,


def build_peers(peers, names, limit):
    for peer in peers:
        try:
            yield Asked(peer, names, limit)
        except TooSlow:
            say(f"search: {peer.name} was not built within {limit} s: left out")


def ask_in_turn(asked, questions, limit):
    deadline = time.monotonic() + limit
    for i, question in enumerate(questions):
        if time.monotonic() > deadline:
            say(f"search: {i} of {len(questions)} queries were asked within {limit:.0f} s")
            break
        for peer in asked[::-1] if i % 2 else asked:
            peer.answers.append(peer.ask(*question))


def side_by_side(people, queries, folder, limit):
    """The figures of everybody at one size: lines of JSON, Tocsin's first."""
    folder.mkdir()
    sample, names = even_sample(queries), folder / "names.tsv"
    numbers, n_people = distinct_names(people, names)
    questions = [(kind, text, numbers.get(letters(given, surname))) for kind, text, given, surname in sample]
    common = {"people": n_people, "names": len(numbers)}
    del numbers
    tocsin, peers = Tocsin(people, sample, folder), []
    try:
        for kind in () if n_people in ALONE else kinds_of_peers():
            peers.append(kind(folder))
        asked = list(build_peers(peers, names, limit))
        n_classes = len({kind for kind, _, _ in questions})
        for peer in asked:
            for question in questions[:n_classes]:
                peer.ask(*question)
        tocsin.measure()
        for half in (questions[:len(questions) // 2], questions[len(questions) // 2:]):
            ask_in_turn(asked, half, limit / 2)
            tocsin.measure()
        return [{**common, "index": side.name, **line} for side in [tocsin, *asked] for line in side.figures()]
    finally:
        for peer in peers:
            peer.close()
        shutil.rmtree(folder)


# ── How often, with many queries ──────────────────────────────────────────────────────────────────

def asked_all(people, queries):
    """{class: its line} of Tocsin asked every query."""
    lines = run(TOCSIN, "bench", "search", "--people", people, "--queries", queries, "--json").splitlines()
    return {line["class"]: line for line in map(json.loads, lines) if "class" in line}


def edits(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, row = row, [i]
        for j, y in enumerate(b, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (x != y)))
    return row[-1]


def febrl_files(scratch):
    """A million people and FEBRL's originals among them; and their duplicates' names as queries."""
    people, queries = generated(scratch / "febrl.tsv", "people", 1_000_000, SEED), scratch / "febrl-queries.tsv"
    with open(people, "a", encoding="utf-8") as more, open(queries, "w", encoding="utf-8") as asks:
        asks.write("class\tquery\tgiven\tsurname\n")
        for number in (1, 2, 3):
            with open(DATA / f"linkage/dataset{number}.csv", encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file, skipinitialspace=True))
            names = {row["rec_id"]: (row["given_name"], row["surname"]) for row in rows}
            for record, (given, surname) in names.items():
                if record.endswith("-org"):
                    more.write(f"0\t{given}\t\t{surname}\t\t\t\n")
                    continue
                right = names[record.split("-dup")[0] + "-org"]
                if given and surname and all(right) and edits(given, right[0]) <= 2 and edits(surname, right[1]) <= 2:
                    asks.write(f"dataset{number}\t{given} {surname}\t{right[0]}\t{right[1]}\n")
    return people, queries


def recall(asked):
    """`asked`: {number of people: {class: line}}."""
    yield (f"\n| Recall at 1, at 10, of Tocsin | queries | {' | '.join(f'{n:,} people' for n in asked)} |\n"
           f"|---|---|{'---|' * len(asked)}")
    for kind, line in next(iter(asked.values())).items():
        cells = (side.get(kind) for side in asked.values())
        yield f"| {CLASSES.get(kind, kind)} | {line['queries']:,} | " + " | ".join(
            f"{cell['recall_at_1']:.3f}, {cell['recall_at_10']:.3f}" if cell else "" for cell in cells) + " |"


# ── The tables ────────────────────────────────────────────────────────────────────────────────────

def by_index(lines):
    """{index: {class: its line, None: the line about the index}}"""
    sides = {}
    for line in lines:
        sides.setdefault(line["index"], {})[line.get("class")] = line
    return sides


def with_ratios(lines):
    """How many times Tocsin's each time is."""
    ours = next(iter(by_index(lines).values()))
    for line in lines:
        times = [key for key in line if key.endswith("_us")]
        yield {**line, **{f"{key[:3]}_ratio": line[key] / ours[line["class"]][key] for key in times}}


def overall(sizes):
    yield ("| People (distinct names) | | queries | built in | takes | recall at 1 | at 10 | p50 | p99 | p50 and p99 "
           "of Tocsin's |\n|---|---|---|---|---|---|---|---|---|---|")
    for lines in sizes:
        first = f"{lines[0]['people']:,} ({lines[0]['names']:,})"
        for name, side in by_index(lines).items():
            a, index = side["all"], side[None]
            yield (f"| {first} | {name} | {a['queries']} | {index['build_seconds']:.1f} s | "
                   f"{index['index_bytes'] / 1e6:,.0f} MB | {a['recall_at_1']:.3f} | {a['recall_at_10']:.3f} | "
                   f"{a['p50_us']:,.0f} µs | {a['p99_us']:,.0f} µs | {a['p50_ratio']:,.0f} and {a['p99_ratio']:,.0f} |")
            first = ""


def by_class(lines):
    sides = by_index(lines)
    yield (f"\n| Recall at 1, at 10; {lines[0]['people']:,} people | {' | '.join(sides)} |\n"
           f"|---|{'---|' * len(sides)}")
    for kind in filter(None, sides["Tocsin"]):
        cells = (side.get(kind) for side in sides.values())
        yield f"| {CLASSES.get(kind, kind)} | " + " | ".join(
            f"{cell['recall_at_1']:.2f}, {cell['recall_at_10']:.2f}" if cell else "" for cell in cells) + " |"


# ── The drawing ───────────────────────────────────────────────────────────────────────────────────

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 380, 70, 160, 40, 50
STYLE = """
  svg { color: #1f2328; --page: #fff; --grid: #d8dee4 }
  .side0 { color: #0550ae } .side1 { color: #a33d00 } .side2 { color: #116329 }
  @media (prefers-color-scheme: dark) {
    svg { color: #e6edf3; --page: #0d1117; --grid: #30363d }
    .side0 { color: #79c0ff } .side1 { color: #ffa657 } .side2 { color: #7ee787 }
  }
  text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; fill: currentColor }
  rect { fill: var(--page) } line { stroke: var(--grid) } circle { fill: currentColor }
  polyline { fill: none; stroke: currentColor; stroke-width: 2.5; stroke-linejoin: round }
  .label { paint-order: stroke; stroke: var(--page); stroke-width: 4; font-weight: 600 }
"""


def scale(values, first, last):
    """A logarithmic axis from decade to decade: where a value is, and the decades."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    high = max(high, low + 1)
    return (lambda value: first + (math.log10(value) - low) / (high - low) * (last - first),
            [10 ** k for k in range(low, high + 1)])


def duration(us):
    return f"{us:,.0f} µs" if us < 1e3 else f"{us / 1e3:,.0f} ms" if us < 1e6 else f"{us / 1e6:,.0f} s"


def axes(x, peoples, y, times):
    for n in peoples:
        yield f'<line x1="{x(n):.1f}" y1="{TOP}" x2="{x(n):.1f}" y2="{HEIGHT - BOTTOM}"/>'
        yield f'<text x="{x(n):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{n:,}</text>'
    for us in times:
        yield f'<line x1="{LEFT}" y1="{y(us):.1f}" x2="{WIDTH - RIGHT}" y2="{y(us):.1f}"/>'
        yield f'<text x="{LEFT - 8}" y="{y(us) + 4:.1f}" text-anchor="end">{duration(us)}</text>'
    yield f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 10}" text-anchor="middle">people</text>'
    yield '<text x="10" y="22">Half of the searches by name take at most</text>'


def curve(i, points):
    places = [f"{px:.1f},{py:.1f}" for px, py in points]
    yield f'<polyline class="side{i}" points="{" ".join(places)}"/>'
    for px, py in points:
        yield f'<circle class="side{i}" cx="{px:.1f}" cy="{py:.1f}" r="3.5"/>'


def draw(sizes, file):
    """p50 by number of people, a line for each side, its name at its end."""
    sides = {}
    for lines in sizes:
        for name, side in by_index(lines).items():
            sides.setdefault(name, []).append((lines[0]["people"], side["all"]["p50_us"]))
    points = sorted(point for side in sides.values() for point in side)
    x, peoples = scale([n for n, _ in points], LEFT, WIDTH - RIGHT)
    y, times = scale([us for _, us in points], HEIGHT - BOTTOM, TOP)
    curves = [(i, name, [(x(n), y(us)) for n, us in sorted(side)]) for i, (name, side) in enumerate(sides.items())]
    parts, lowest = list(axes(x, peoples, y, times)), 0
    for i, _, side in curves:
        parts += curve(i, side)
    for i, name, side in sorted(curves, key=lambda each: each[2][-1][1]):
        lowest = max(side[-1][1] + 4, lowest + 17)
        parts.append(f'<text class="label side{i}" x="{side[-1][0] + 9:.1f}" y="{lowest:.1f}">'
                     f'{name.split(",")[0]}</text>')
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
                    f'height="{HEIGHT}" role="img">\n<title>Median time of a search by number of people</title>\n'
                    f'<style>{STYLE}</style>\n<rect width="{WIDTH}" height="{HEIGHT}" rx="6"/>\n'
                    + "\n".join(parts) + "\n</svg>\n", encoding="utf-8")


def search(scratch, quick, sizes=SIZES, pairs=(), limit=LIMIT, figures=None, drawing=DRAWING):
    """The tables' lines; nothing where there are no people. As a section of bench/run.py: search(scratch, quick)."""
    scratch.chmod(0o711)  # PostgreSQL has its folder below
    given = [os.environ.get(name, "").split() for name in ("TOCSIN_PEOPLE", "TOCSIN_QUERIES")]
    pairs = pairs or list(zip(*given))
    if not pairs and not GENERATOR.exists():
        say("search: skipped, for there are no people: set TOCSIN_PEOPLE and TOCSIN_QUERIES to files")
        return
    results, asked = [], {}
    for people, queries in pairs or made_files(scratch, sizes[:1] if quick else sizes):
        results.append(list(with_ratios(side_by_side(people, queries, scratch / "search", limit))))
        for line in results[-1] if figures else ():
            print(json.dumps(line), file=figures, flush=True)
        if quick or results[-1][0]["people"] in THOROUGH:
            asked[results[-1][0]["people"]] = asked_all(people, queries)
    yield from overall(results)
    if drawing and not quick:
        draw(results, drawing)
        yield "\n![Median time of a search by number of people](figures/search-growth.svg)"
    if asked:
        yield from recall(asked)
    if not pairs and not quick and (DATA / "linkage").exists():
        files = febrl_files(scratch)
        line = asked_all(*files)["all"]
        yield (f"| FEBRL's own errors, among 1,000,000 people | {line['queries']:,} | {line['recall_at_1']:.4f}, "
               f"{line['recall_at_10']:.4f} | |")
        for file in files:
            file.unlink()
    for lines in results:
        if lines[0]["people"] not in ALONE:
            yield from by_class(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", nargs="+", type=Path, default=[], help="files of people")
    parser.add_argument("--queries", nargs="+", type=Path, default=[], help="a file of queries for each of people")
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES, help="how many people to make, without files")
    parser.add_argument("--limit", type=int, default=LIMIT, help="seconds for a peer's build, and for all the asking")
    parser.add_argument("--figures", type=argparse.FileType("w"), help="where to write every figure: lines of JSON")
    parser.add_argument("--drawing", type=Path, help="where to draw how the times grow: an SVG")
    parser.add_argument("--scratch", type=Path, help="where to work")
    options = parser.parse_args()
    if len(options.people) != len(options.queries):
        parser.error("as many files of queries as of people, please")
    scratch = Path(tempfile.mkdtemp(prefix="tocsin-search-", dir=options.scratch))
    try:
        for line in search(scratch, False, options.sizes, list(zip(options.people, options.queries)), options.limit,
                           options.figures, options.drawing):
            print(line, flush=True)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
