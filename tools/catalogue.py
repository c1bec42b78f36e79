#!/usr/bin/env python3
"""Compiles share/i18n/*.po into C tables: catalogue.h (one enum of keys) and catalogue.c.

Refuses a language that lacks a key, has one that English has not, or uses other {fields}.
usage: catalogue.py OUT.h OUT.c en.po es.po …   (English first; the order is that of enum language)
"""
import re
import sys
from pathlib import Path

ENTRY = re.compile(r'^msgid "((?:[^"\\]|\\.)*)"\nmsgstr "((?:[^"\\]|\\.)*)"', re.M)


def read(path):
    entries = dict(ENTRY.findall(Path(path).read_text(encoding="utf-8")))
    entries.pop("", None)
    return entries


def fields(text):
    return {field.lower() for field in re.findall(r"\{(\w+)\}", text)}


def check(path, english, other):
    for key in english.keys() ^ other.keys():
        sys.exit(f"{path}: the key {key!r} stands in one language only")
    for key, text in english.items():
        if fields(text) != fields(other[key]):
            sys.exit(f"{path}: {key!r} has the fields {fields(other[key])}, English {fields(text)}")


def main(header, source, paths):
    languages = [read(path) for path in paths]
    for path, entries in zip(paths, languages):
        check(path, languages[0], entries)
    keys = list(languages[0])
    Path(header).write_text(
        "/* Made by tools/catalogue.py from share/i18n. */\n#ifndef CATALOGUE_H\n#define CATALOGUE_H\n\n"
        '#include "base/vocabulary.h"\n\nenum message {\n'
        + "".join(f"    MESSAGE_{key.upper()},\n" for key in keys)
        + "    MESSAGE_N\n};\n\nextern const char *const catalogue[LANGUAGE_N][MESSAGE_N];\n\n#endif\n")
    Path(source).write_text(
        '#include "catalogue.h"\n\nconst char *const catalogue[LANGUAGE_N][MESSAGE_N] = {\n'
        + "".join("    {\n" + "".join(f'        "{entries[key]}",\n' for key in keys) + "    },\n"
                  for entries in languages)
        + "};\n", encoding="utf-8")


main(sys.argv[1], sys.argv[2], sys.argv[3:])
