"""The gates themselves: that lint, the fuzz runs, the installation and the run of tests can fail, and say so."""
import os
import re
import shutil
import subprocess

import pytest

from conftest import ROOT


def stub(folder, name, text):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


def run(*words, **env):
    return subprocess.run([str(word) for word in words], cwd=ROOT, capture_output=True, text=True, timeout=900,
                          env={**os.environ, **{name: str(value) for name, value in env.items()}})


# ── Lint ──

NO_TOOL = {"missing": "exit 127", "crashes": "kill -SEGV $$", "finds nothing": "exit 0",
           "prints garbage": "echo '#!%'; exit 1"}


@pytest.fixture
def lint(tmp_path):
    """Runs tests/lint with stubs for tools, and a build whose commands are there unless said otherwise."""
    def lint_with(is_built=True, **stubs):
        for name in ("clang-tidy", "clang-format"):
            stub(tmp_path / "bin", name, stubs.get(name.replace("-", "_"), WORKING[name]))
        if is_built:
            (tmp_path / "compile_commands.json").write_text("[]", encoding="utf-8")
        return run("tests/lint", PATH=f"{tmp_path}/bin:{os.environ['PATH']}", TOCSIN_LINT_BUILD=tmp_path)
    return lint_with


# What finds what lint puts before it, and nothing else.
WORKING = {
    "clang-tidy": 'case "$*" in *null.c*) echo "error: x [clang-analyzer-core.NullDereference]"; exit 1;; esac',
    "clang-format": 'case "$*" in *assume-filename*) echo "x [-Wclang-format-violations]" >&2; exit 1;; esac'}


def test_lint_passes_where_its_tools_find_nothing(lint):
    done = lint()
    assert done.returncode == 0 and done.stdout.endswith("Nothing to mend.\n"), done.stdout
    assert re.search(r"\d+ functions: median \d+ lines, 99th percentile \d+, maximum \d+", done.stdout)


@pytest.mark.parametrize("tool", WORKING)
@pytest.mark.parametrize("text", NO_TOOL.values(), ids=NO_TOOL)
def test_lint_fails_where_a_tool_does_not_work(lint, tool, text):
    done = lint(**{tool.replace("-", "_"): text})
    assert done.returncode == 1 and f"{tool} is missing or does not work" in done.stdout, done.stdout
    assert "Nothing to mend" not in done.stdout


def test_lint_fails_where_clang_tidy_dies_of_a_file(lint):
    done = lint(clang_tidy=f'case "$*" in *ledger/tree.c*) kill -SEGV $$;; esac; {WORKING["clang-tidy"]}')
    assert done.returncode == 1 and re.search(r"clang-tidy ended with \d+ for .*ledger/tree.c", done.stdout), done.stdout


def test_lint_fails_without_a_build(lint):
    done = lint(is_built=False)
    assert done.returncode == 1 and "clang-tidy was not run" in done.stdout, done.stdout


@pytest.mark.parametrize("tool, words", [("clang_tidy", "src/x.c:1: error: y"), ("clang_format", "ill formatted")])
def test_lint_fails_on_what_a_tool_finds(lint, tool, words):
    done = lint(**{tool: f"{WORKING[tool.replace('_', '-')]}; echo '{words}'; echo '{words}' >&2; exit 1"})
    assert done.returncode == 1 and words in done.stdout, done.stdout


@pytest.mark.parametrize("lines, status", [(60, 0), (61, 1)])
def test_a_function_of_more_than_sixty_lines_is_found(tmp_path, lines, status):
    head = "struct a {\n    int b;\n};\n\nstatic int f(int a,\n             int b) {\n"
    file = tmp_path / "long.c"
    file.write_text(head + "    f(1);\n" * (lines - 3) + "}\n")
    done = run("tools/function_lengths.py", file)
    assert done.returncode == status and f"maximum {lines}" in done.stdout, done.stdout
    assert (f"long.c:5: a function of {lines} lines" in done.stdout) == (status == 1)


# ── Fuzzing ──

FUZZED = 'echo "stat::number_of_executed_units: 7"'
LEAVES = 'for word; do case $word in -artifact_prefix=*) touch "${word#*=}%s-abc";; esac; done; ' + FUZZED


@pytest.fixture
def fuzz(tmp_path):
    def fuzz_with(*texts):
        for n, text in enumerate(texts):
            stub(tmp_path / "src", f"fuzz_{n}", text)
        return run("tests/fuzz", "1", TOCSIN_FUZZ_BUILD=tmp_path)
    return fuzz_with


def test_targets_that_find_nothing_pass(fuzz):
    done = fuzz(FUZZED, FUZZED)
    assert done.returncode == 0 and "2 targets" in done.stdout, done.stdout


FOUND = {**{f"leaves {what}": LEAVES % what for what in ("crash", "timeout", "oom", "leak")},
         "ends badly": f"{FUZZED}; exit 77", "is killed": f"{FUZZED}; kill -SEGV $$",
         "does nothing": "exit 0", "does not start": "exec /nowhere/fuzz"}


@pytest.mark.parametrize("text", FOUND.values(), ids=FOUND)
def test_a_target_that_finds_something_or_does_not_run_fails(fuzz, text):
    done = fuzz(text, FUZZED)
    assert done.returncode == 1 and "fuzz_0 ended with" in done.stdout, done.stdout
    assert "== fuzz_1" in done.stdout, "the others run all the same"


def test_a_target_that_may_not_be_executed_fails(fuzz, tmp_path):
    stub(tmp_path / "src", "fuzz_none", FUZZED)
    (tmp_path / "src" / "fuzz_none").chmod(0o644)
    done = fuzz()
    assert done.returncode == 1 and "fuzz_none ended with 126" in done.stdout, done.stdout


def test_where_there_is_no_target_it_fails(fuzz):
    done = fuzz()
    assert done.returncode == 1 and "no fuzz target" in done.stdout, done.stdout


def test_a_slow_unit_is_told_and_fails_nothing(fuzz):
    done = fuzz(f"echo 'artifact_prefix; Test unit written to slow-unit-abc'; {LEAVES % 'slow-unit'}")
    assert done.returncode == 0 and "slow-unit-abc" in done.stdout, done.stdout
