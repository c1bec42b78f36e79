"""The gates themselves: that lint, the fuzz runs, the installation and the run of tests can fail, and say so."""
import importlib.machinery
import importlib.util
import os
import re
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


# ── Installing ──

DPKG = 'case "$*" in *already*) echo "install ok installed";; *) exit 1;; esac'
APT = """case "$*" in *install*)
  echo "$*" >$LOG/apt; $TOCSIN_INSTALL_ROOT/usr/sbin/policy-rc.d x start; echo $? >$LOG/policy
  touch $LOG/installed; [ -z "$FAILS" ] || exit 100;; esac"""
SYSTEMCTL = """case "$*" in
  list-unit-files*) echo "old.service enabled enabled"; [ ! -f $LOG/installed ] || echo "new.service enabled enabled";;
  *) echo "$*" >>$LOG/systemctl;; esac"""


@pytest.fixture
def install(tmp_path):
    """Runs tools/install with stubs; gives what it did: files by name."""
    log, root = tmp_path / "log", tmp_path / "root"
    log.mkdir()
    for name, text in {"dpkg-query": DPKG, "apt-get": APT, "systemctl": SYSTEMCTL, "sudo": 'exec "$@"'}.items():
        stub(tmp_path / "bin", name, text)

    def install_with(*packages, **env):
        done = run("tools/install", *packages, PATH=f"{tmp_path}/bin:{os.environ['PATH']}", LOG=log,
                   TOCSIN_INSTALL_ROOT=root, **env)
        return done, {file.name: file.read_text() for folder in (log, root) for file in folder.rglob("*") if file.is_file()}
    install_with.root = root
    return install_with


def test_what_is_there_is_not_installed(install):
    done, left = install("already-there", "already-this")
    assert done.returncode == 0 and left == {} and done.stdout == ""


@pytest.mark.parametrize("fails", ["", "yes"])
def test_nothing_is_started_while_installing_and_no_policy_stays(install, fails):
    done, left = install("already-there", "postfix", FAILS=fails)
    assert (done.returncode == 0) == (not fails)
    assert left["policy"] == "101\n" and left["apt"].endswith(" postfix\n") and "policy-rc.d" not in left


def test_a_policy_that_was_there_is_asked_and_stays(install):
    stub(install.root / "usr" / "sbin", "policy-rc.d", "exit 7")
    _, left = install("postfix")
    assert left["policy"] == "7\n" and left["policy-rc.d"] == "#!/bin/sh\nexit 7\n"


def test_units_that_came_are_disabled_and_others_are_not(install):
    _, left = install("postfix")
    assert left["systemctl"] == "disable new.service\n"


def test_no_cluster_is_made_where_postgresql_is_installed(install):
    assert "createcluster.conf" not in install("postfix")[1]
    for _ in range(2):
        assert install("postgresql-15")[1]["createcluster.conf"] == "create_main_cluster = false\n"


# ── The run of tests ──

@pytest.fixture
def runner(tmp_path):
    """tests/run as a module, with its state in a folder of its own."""
    loader = importlib.machinery.SourceFileLoader("tests_run", str(ROOT / "tests" / "run"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("tests_run", loader))
    loader.exec_module(module)
    module.STATE = tmp_path / "soak.json"
    return module


def found_with(runner, outcome="passed", n=1):
    found = runner.Found()
    for _ in range(n):
        found.count("part", outcome, 0.5)
    return found


def test_the_last_line_counts_and_what_is_marked_stands_before_it(runner, capsys):
    found = found_with(runner, n=7)
    found.add(found_with(runner, "skipped", 2))
    found.marked.append("test_x")
    assert found.close() == 0
    assert capsys.readouterr().out.endswith("     4.5  part\n1 marked as failing: test_x\n7 passed, 0 failed, 2 skipped\n")
    found.count("lint", "failed")
    assert found.close() == 1
    assert capsys.readouterr().out.endswith("\n7 passed, 1 failed, 2 skipped\n")
    assert runner.Found().close() == 1, "where nothing ran, nothing has passed"


@pytest.mark.parametrize("text, ended_well, counts", [
    ("ok 1 /a\nok 2 /b # SKIP no data\n1..2\n", True, {"passed": 1, "skipped": 1}),
    ("ok 1 /a\nnot ok 2 /b\n", False, {"passed": 1, "failed": 1}),
    ("1..2\nok 1 /a\nBail out!\n", False, {"passed": 1, "failed": 1}),
    ("", True, {"failed": 1})])
def test_a_unit_test_that_breaks_off_has_failed(runner, text, ended_well, counts):
    found = runner.Found()
    runner.count_tap(found, "x", text, ended_well, 1.0)
    assert found.counts == counts and found.seconds["x"] == 1.0


def test_the_soak_goes_on_where_it_stopped_until_something_changes(runner, monkeypatch):
    ran, tree, outcome = [], ["a"], {"one": "passed", "two": "failed"}

    def part(name):
        def run_part():
            ran.append(name)
            return found_with(runner, outcome[name])
        return run_part
    monkeypatch.setattr(runner, "parts_of_soak", lambda: {name: part(name) for name in outcome})
    monkeypatch.setattr(runner, "state_of_tree", lambda: tree[0])

    def soak(*names, again=False):
        ran.clear()
        found = runner.soak(names, again)
        return list(ran), found.counts["passed"], found.counts["failed"]

    assert soak() == (["one", "two"], 1, 1)
    outcome["two"] = "passed"
    assert soak() == (["two"], 2, 0)
    assert soak() == ([], 2, 0)
    assert soak("two", again=True) == (["two"], 1, 0)
    tree[0] = "b"
    assert soak("one") == (["one"], 1, 0) and soak() == (["two"], 2, 0)
    with pytest.raises(SystemExit, match="no part \"three\""):
        soak("three")


def test_parts_of_the_soak_stand_beside_their_tests(runner):
    assert {"kills", "policies", "threads", "fuzz"} <= set(runner.parts_of_soak())
