#!/usr/bin/env python3
"""Lengths of the functions in C files, in lines: median, 99th percentile and maximum. Fails if one is over 60.

usage: tools/function_lengths.py FILE …

As clang-format lays this code out, a function begins at the last line that is not indented before ") {" ends a line,
and ends at the next line that is a brace alone.
"""
import sys

MOST = 60


def functions(path):
    """(length, place of the first line) of each."""
    first, is_inside = 0, False
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip()
            if is_inside:
                if line == "}":
                    yield number - first + 1, f"{path}:{first}"
                    is_inside = False
                continue
            if line and not line[0].isspace() and line[0] not in "#/}":
                first = number
            is_inside = line.endswith(") {")


def main(paths):
    lengths = sorted(one for path in paths for one in functions(path))
    if not lengths:
        print("There is no function in these files.")
        return 1
    of = [length for length, _ in lengths]
    median, high = of[(len(of) - 1) // 2], of[(len(of) - 1) * 99 // 100]
    print(f"{len(of)} functions: median {median} lines, 99th percentile {high}, maximum {of[-1]}")
    too_long = [(length, place) for length, place in lengths if length > MOST]
    for length, place in too_long:
        print(f"{place}: a function of {length} lines; {MOST} are the most")
    return 1 if too_long else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
