"""The rules about the source itself, and that the checks can fail."""
import importlib.util
import shutil
import subprocess
import sys

import pytest

from conftest import ROOT

CHECK = ROOT / "tools" / "check_sources.py"


def check(folder):
    return subprocess.run([sys.executable, CHECK, folder], capture_output=True, text=True)


def rooms():
    spec = importlib.util.spec_from_file_location("check_sources", CHECK)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_every_room_reaches_what_it_may_and_nothing_banned_is_called():
    done = check(ROOT / "src")
    assert done.returncode == 0, done.stdout
    assert rooms().EXCEPTIONS == set()


@pytest.mark.parametrize("room", [name for name in rooms().ROOMS if "." not in name])
def test_what_a_room_may_not_reach_is_noticed_next_door_and_two_hops_away(tmp_path, room):
    """From every room to a header of every other: by itself, and behind two of the room's own."""
    table = rooms()
    others = {f"{other}/secret.h" for other in table.ROOMS if "." not in other} | table.DRIVER
    write(tmp_path / room / "file.c", f'#include "{room}/first.h"\n')
    write(tmp_path / room / "first.h", f'#include "{room}/second.h"\n')
    for other in sorted(others):
        may = table.may_reach(room, other) and (other not in table.DRIVER or room == "store")
        for place in (f"{room}/file.c", f"{room}/second.h"):
            write(tmp_path / room / "second.h", "")
            before = (tmp_path / place).read_text()
            write(tmp_path / place, before + f'#include "{other}"\n')
            found = list(table.breaches(tmp_path))
            assert may == (not found), (other, place, found)
            assert may or other in found[0]
            (tmp_path / place).write_text(before)


@pytest.mark.parametrize("where, hop, include", [
    ("web/rooms/register.c", "web/http.h", "find/finder.h"),      # staff's search: every surname
    ("web/rooms/search.c", "find/look_up.h", "store/custody.h"),
    ("web/rooms/staff/console.c", "web/http.h", "find/person.h"),  # staff, too, get names from a permit only
    ("deliver/email/message.c", "base/vocabulary.h", "custody/event.h"),
])
def test_a_handler_that_reaches_a_name_without_a_permit_is_noticed(tmp_path, where, hop, include):
    """In the sources as they are: included outright, and by way of a header that the file may include."""
    for hop in (where, hop):
        tree = tmp_path / hop.replace("/", "-")
        shutil.copytree(ROOT / "src", tree)
        write(tree / hop, (tree / hop).read_text().replace("#include", f'#include "{include}"\n#include', 1))
        done = check(tree)
        assert done.returncode == 1 and f"may not reach {include}" in done.stdout
        assert any(line.startswith(f"{where}:") and include in line for line in done.stdout.splitlines())


@pytest.mark.parametrize("name, line, what", [
    ("deliver/x.c", "void f(char *a) { strcpy(a, a); }", "strcpy is banned"),
    ("deliver/x.c", "long f(void) { return time(0); }", "the clock is injected"),
    ("desk/x.c", "void f(void *a) { db_run(a); }", "only store/ does"),
    ("desk/x.h", "gboolean other_thing(int a);", "begins with the name of neither"),
    ("nowhere/x.c", "int a;", "stands in no room"),
])
def test_what_is_banned_misnamed_or_homeless_is_noticed(tmp_path, name, line, what):
    write(tmp_path / name, line + "\n")
    done = check(tmp_path)
    assert done.returncode == 1 and what in done.stdout


def test_words_in_comments_and_strings_are_no_calls(tmp_path):
    write(tmp_path / "deliver" / "x.c",
          '#include "disclose/permit.h"\n/* strcpy(a, b) */ const char *s = "strcpy(";\n')
    assert check(tmp_path).returncode == 0


def test_the_architecture_shows_the_table_that_is_checked():
    printed = subprocess.run([sys.executable, CHECK, "--table"], capture_output=True, text=True).stdout.strip()
    assert printed in (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def test_every_language_says_everything(tmp_path):
    compile_it = [sys.executable, ROOT / "tools" / "catalogue.py", tmp_path / "c.h", tmp_path / "c.c"]
    english = (ROOT / "share/i18n/en.po").read_text()
    spanish = (ROOT / "share/i18n/es.po").read_text()
    lacking = tmp_path / "es.po"
    lacking.write_text(spanish.replace('msgid "stop"', 'msgid "stopp"'))
    assert subprocess.run([*compile_it, ROOT / "share/i18n/en.po", lacking], capture_output=True).returncode != 0
    lacking.write_text(spanish.replace("{detail}", "{detal}"))
    assert subprocess.run([*compile_it, ROOT / "share/i18n/en.po", lacking], capture_output=True).returncode != 0
    assert english.count("msgid") == spanish.count("msgid")
