#!/usr/bin/env python3
"""Checks what the compiler cannot: the direction of includes, and functions that nobody may call.

Prints every breach as file:line and exits 1 when there is one. Run as a test, and by ./dev lint.
usage: check_sources.py [FOLDER]   (default: src beside this script's folder)
"""
import re
import sys
from pathlib import Path

# Module → what it may include: whole modules, or single headers. ARCHITECTURE.md draws this table.
ALLOWED = {
    "base": [],
    "people": ["base"],
    "feed": ["base"],
    "custody": ["base", "feed/record.h", "feed/mapping.h"],
    "watch": ["base"],
    "match": ["base", "custody/event.h", "watch/registration.h"],
    "policy": ["base"],
    "ledger": ["base"],
    "disclose": ["base", "policy", "ledger", "match/match.h"],
    "deliver": ["base", "disclose/permit.h"],
    "store": ["base", "ledger", "feed/record.h", "custody", "watch/registration.h"],
    "pipeline": ["base", "people", "feed", "custody", "watch", "match", "policy", "ledger", "disclose", "deliver", "store"],
    "web": ["base", "pipeline", "ledger/tile.h", "disclose/permit.h", "feed/signature.h"],
    "simulate": ["base"],
    "cli": ["base", "people/search/index.h", "people/link/link.h", "people/link/near.h", "policy", "ledger", "pipeline", "web/server.h", "simulate"],
    "main.c": ["cli"],
}
GENERATED = {"catalogue.h", "embedded.h"}

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


def may_include(module, header):
    if header in GENERATED:
        return True
    owner = header.split("/")[0]
    return owner == module or any(header == a or (owner == a and "." not in a) for a in ALLOWED[module])


def without_comments_and_strings(text):
    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"'
    return re.sub(pattern, lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)


def is_private(header):
    return header.endswith("_private.h")


def breaches(root):
    for path in sorted(root.rglob("*.[ch]")):
        relative = path.relative_to(root)
        module = relative.parts[0]
        text = path.read_text(encoding="utf-8")
        is_test = path.name.startswith(("test_", "fuzz_"))
        for number, line in enumerate(text.splitlines(), 1):
            found = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if not found or is_test:
                continue
            header = found.group(1)
            if not may_include(module, header):
                yield f"{relative}:{number}: {module} may not include {header}"
            if is_private(header) and header.split("/")[0] != module:
                yield f"{relative}:{number}: {header} is private to its module"
        code = without_comments_and_strings(text)
        for call in re.finditer(r"\b(\w+)\s*\(", code):
            name, number = call.group(1), code.count("\n", 0, call.start()) + 1
            before = code[:call.start()].rstrip()[-2:]
            if before.endswith((".", "->")):
                continue
            if name in BANNED:
                yield f"{relative}:{number}: {name} is banned; use {BANNED[name]}"
            if name in CLOCKS and module not in CLOCKS_MAY and not is_test:
                yield f"{relative}:{number}: {name} asks the machine for the time; the clock is injected"


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent / "src"
    found = list(breaches(root))
    print("\n".join(found) if found else "Includes run in the allowed direction; nothing banned is called.")
    return 1 if found else 0


sys.exit(main())
