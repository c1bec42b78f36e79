#!/usr/bin/env python3
"""Embeds text files in the program as C strings.

usage: embed.py OUT.h OUT.c name=path …   → extern const char embedded_NAME[];
"""
import sys
from pathlib import Path


def literal(text):
    lines = text.replace("\\", "\\\\").replace('"', '\\"').split("\n")
    return "\n".join(f'    "{line}\\n"' for line in lines)


pairs = [argument.split("=", 1) for argument in sys.argv[3:]]
Path(sys.argv[1]).write_text(
    "/* Made by tools/embed.py. */\n" + "".join(f"extern const char embedded_{n}[];\n" for n, _ in pairs))
Path(sys.argv[2]).write_text(
    '#include "embedded.h"\n'
    + "".join(f"const char embedded_{n}[] =\n{literal(Path(p).read_text(encoding='utf-8'))};\n"
              for n, p in pairs), encoding="utf-8")
