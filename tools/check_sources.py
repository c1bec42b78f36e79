#!/usr/bin/env python3
"""Checks what the compiler cannot: what each room reaches, who touches the database, names, and functions
that nobody may call.

Reach is the transitive closure of includes: a header two hops away is reached as one next door is. The
table below is the architecture; ARCHITECTURE.md shows it (`--table` prints it so). Prints every breach as
file:line and exits 1 when there is one. Run as a test, and by ./dev lint.

usage: check_sources.py [--table] [FOLDER]   (default: src beside this script's folder)
"""
import re
import sys
from pathlib import Path

LEAVES = {"base"}
PURE = LEAVES | {"people", "feed", "custody", "watch", "match", "policy", "ledger", "disclose"}
KEPT = PURE | {"store", "site", "deliver/channel.h", "deliver/schedule.h"}  # what a use case stands on

# Room → what it is for, and what it may reach: rooms, folders of them, or single headers. A folder deeper in a room
# has a row of its own where it may reach something else.
ROOMS = {
    "base": ("instants, randomness, sealing, typed writers, CSV, YAML with line numbers, the closed vocabularies", set()),
    "people": ("names folded and likened; search/ finds misspelled ones, link/ tells who is one person", LEAVES),
    "feed": ("source bytes to cited records; formats/ has one file a format; mapping by declaration",
             LEAVES | {"people/name.h"}),
    "custody": ("a record and the state before it to events; roster join; breaker; silence",
                LEAVES | {"feed/record.h", "feed/mapping.h"}),
    "watch": ("who asked to be told what about whom", LEAVES),
    "match": ("event × registration: does it concern them, and why",
              LEAVES | {"custody/belief.h", "custody/event.h", "watch/registration.h", "watch/request.h"}),
    "policy": ("attributes to a decision with its reasons; guarantees over every request", LEAVES),
    "ledger": ("Merkle tree, tiles, signed notes, proofs, the entry", LEAVES),
    "disclose": ("match or watch + policy to a permit and a leaf",
                 LEAVES | {"policy", "ledger", "match/match.h", "custody/belief.h", "custody/event.h", "watch/registration.h",
                           "watch/request.h"}),
    "deliver": ("permit to message; channels, one folder each; schedule", LEAVES | {"disclose/permit.h"}),
    "store": ("the only owner of SQL: one file a subject over a driver", LEAVES | {
        "custody", "feed/record.h", "feed/mapping.h", "watch/registration.h", "watch/request.h", "ledger"}),
    "site": ("the site's folder: configuration, keys, gate, tokens, whom a number means",
             PURE | {"store", "deliver/channel.h", "deliver/schedule.h"}),
    "owe": ("an event to everyone it concerns: nobody else puts anything into the outbox", KEPT),
    "book": ("what the ledger is told and tells: entries, hours, keys, reports, witnesses", KEPT),
    "intake": ("files, lists, pushes, held lists, silence: from bytes to what was said", KEPT | {"owe"}),
    "desk": ("what people and officers ask for, and what they answer", KEPT | {"owe", "book/logbook.h"}),
    "find": ("people found: by staff (finder.h), by anybody through the policy (look_up.h)", KEPT | {"book/logbook.h"}),
    "identity": ("one person across jails: sure, asked about, or decided by a clerk", KEPT | {"owe"}),
    "send": ("what is due, judged, composed, handed over, settled", KEPT | {"owe", "book/logbook.h", "deliver"}),
    "operate": ("what an operator sees and what time brings", KEPT | {"book", "desk", "find", "identity", "intake"}),
    "web": ("HTTP: the server, its limits, the frame of a page", LEAVES | {"site/site.h"}),
    "web/rooms": ("what anybody may ask for, one file a place",
                  LEAVES | {"site/site.h", "web", "watch/request.h", "desk/register.h", "desk/confirm.h", "desk/end.h", "desk/term.h",
                            "find/look_up.h", "book/log.h", "intake/push.h"}),
    "web/rooms/staff": ("the operator's places",
                        LEAVES | {"site/site.h", "web", "operate/status.h", "intake/held.h"}),
    "simulate": ("a made-up county", LEAVES),
    "cli": ("one subcommand a file", KEPT | {"book", "desk", "find", "identity", "intake", "operate", "send", "owe",
                                             "simulate", "web/server.h"}),
    "main.c": ("the program", {"cli"} | KEPT),
}
GENERATED = {"catalogue.h", "embedded.h"}
# Headers that speak to the database itself: nobody outside the store reaches them.
DRIVER = {"store/db.h", "store/driver.h"}
# What base/vocabulary.h has words of.
VOCABULARY = {"custody", "watch", "language"}
# "file header": reached although the table says no. It may only shrink.
EXCEPTIONS = set()

BANNED = {
    "strcpy": "text_copy or g_strlcpy", "strcat": "GString", "sprintf": "g_snprintf", "vsprintf": "g_vsnprintf",
    "gets": "nothing", "strtok": "g_strsplit", "atoi": "g_ascii_string_to_unsigned", "atol": "the same",
    "atof": "g_ascii_strtod", "gmtime": "GDateTime", "localtime": "GDateTime", "mktime": "feed/date.h",
    "strtol": "g_ascii_string_to_signed", "rand": "base/random.h", "srand": "base/random.h", "random": "base/random.h",
    "system": "nothing", "popen": "nothing", "tmpnam": "g_dir_make_tmp", "alloca": "g_malloc",
}
# Asks the machine what time it is: the clock is injected, and only base and what measures itself may.
CLOCKS = {"g_get_real_time", "time", "gettimeofday", "clock_gettime", "g_date_time_new_now_utc", "g_date_time_new_now",
          "g_date_time_new_now_local"}
CLOCKS_MAY = {"base", "cli"}


def without_comments_and_strings(text):
    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"'
    return re.sub(pattern, lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)


def room_of(relative):
    """The row of the table that a file stands in: the deepest folder that has one."""
    parts = str(relative).split("/")
    for n in range(len(parts), 0, -1):
        if "/".join(parts[:n]) in ROOMS:
            return "/".join(parts[:n])
    return None


def is_under(header, place):
    return header == place or header.startswith(place + "/")


def may_reach(room, header):
    own = is_under(header, room) or ("/" in room and header.startswith("web/") and room_of(header) == "web")
    return header in GENERATED or own or any(
        is_under(header, a) and (a != "web" or room_of(header) == "web") for a in ROOMS[room][1])


class Sources:
    def __init__(self, root):
        self.root = root
        self.files = {str(path.relative_to(root)): path for path in sorted(root.rglob("*.[ch]"))}
        self.text = {name: path.read_text(encoding="utf-8") for name, path in self.files.items()}
        self.includes = {name: [(m.group(1), text.count("\n", 0, m.start()) + 1) for m in
                                re.finditer(r'^[ \t]*#[ \t]*include[ \t]+"([^"]+)"', text, re.M)]
                         for name, text in self.text.items()}

    def reach(self, name):
        """Every header that the file reaches: {header: (line of the include that leads there, the way)}."""
        found, todo = {}, [(header, line, [header]) for header, line in self.includes[name]]
        while todo:
            header, line, way = todo.pop(0)
            if header in found:
                continue
            found[header] = (line, way)
            todo += [(further, line, way + [further]) for further, _ in self.includes.get(header, [])]
        return found


def is_test(name):
    return Path(name).name.startswith(("test_", "fuzz_"))


def reach_breaches(sources):
    for name in sources.files:
        room = room_of(name)
        if not room:
            yield f"{name}:1: stands in no room of the table"
            continue
        if is_test(name):
            continue
        for header, (line, way) in sources.reach(name).items():
            if f"{name} {header}" in EXCEPTIONS:
                continue
            through = f" (by way of {' → '.join(way[:-1])})" if len(way) > 1 else ""
            if header in DRIVER and room != "store":
                yield f"{name}:{line}: {header} is reached only inside store/{through}"
            elif not may_reach(room, header):
                yield f"{name}:{line}: {room} may not reach {header}{through}"
            elif re.search(r"private\.h$", header) and header.split("/")[0] != name.split("/")[0]:
                yield f"{name}:{line}: {header} is private to its room{through}"


def call_breaches(sources):
    for name, text in sources.text.items():
        code = without_comments_and_strings(text)
        room = name.split("/")[0]
        for call in re.finditer(r"\b(\w+)\s*\(", code):
            word, number = call.group(1), code.count("\n", 0, call.start()) + 1
            if code[:call.start()].rstrip()[-2:].endswith((".", "->")):
                continue
            if word in BANNED:
                yield f"{name}:{number}: {word} is banned; use {BANNED[word]}"
            if word in CLOCKS and room not in CLOCKS_MAY and not is_test(name):
                yield f"{name}:{number}: {word} asks the machine for the time; the clock is injected"
            if word.startswith("db_") and room != "store":
                yield f"{name}:{number}: {word} speaks to the database; only store/ does"


def name_breaches(sources):
    """A public function begins with its folder's or its header's name."""
    for name, text in sources.text.items():
        if not name.endswith(".h") or name.endswith("private.h"):
            continue
        words = {part for part in Path(name).with_suffix("").parts}
        words |= VOCABULARY if name == "base/vocabulary.h" else set()
        code = re.sub(r"^[ \t]*#(?:[^\n\\]|\\\n|\\.)*", lambda m: re.sub(r"[^\n]", " ", m.group()),
                      without_comments_and_strings(text), flags=re.M)
        flat = re.sub(r"\{[^{}]*\}", lambda m: re.sub(r"[^\n]", " ", m.group()), code)
        flat = re.sub(r"\{[^{}]*\}", lambda m: re.sub(r"[^\n]", " ", m.group()), flat)
        for found in re.finditer(r"^(?!typedef|static|extern|struct \w+ \{)[A-Za-z][\w \*]*?[ \*](\w+)\(", flat, re.M):
            function = found.group(1)
            if not any(function == word or function.startswith(word + "_") for word in words):
                yield (f"{name}:{flat.count(chr(10), 0, found.start(1)) + 1}: {function} begins with the name of neither "
                       "its folder nor its header")


def breaches(root):
    sources = Sources(root)
    yield from reach_breaches(sources)
    yield from call_breaches(sources)
    yield from name_breaches(sources)


def table():
    yield "| Room | Purpose | May reach |"
    yield "|---|---|---|"
    order = list(ROOMS)
    for room, (purpose, reach) in ROOMS.items():
        named, rest = [], set(reach)
        for words, group in (("what use cases stand on", KEPT), ("the pure rooms", PURE)):
            if group <= rest:
                named.append(words)
                rest -= group
        named += sorted(rest, key=lambda r: (order.index(r.split("/")[0]), r))
        yield f"| `{room}` | {purpose} | {', '.join(named) or 'GLib'} |"


def main():
    words = [word for word in sys.argv[1:] if word != "--table"]
    if "--table" in sys.argv:
        print("\n".join(table()))
        return 0
    root = Path(words[0]) if words else Path(__file__).resolve().parent.parent / "src"
    found = list(breaches(root))
    print("\n".join(found) if found else "Every room reaches what it may; nothing banned is called.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
