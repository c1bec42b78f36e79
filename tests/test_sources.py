"""The rules about the source itself, and that the checks can fail."""
import subprocess
import sys

from conftest import ROOT

CHECK = ROOT / "tools" / "check_sources.py"


def check(folder):
    return subprocess.run([sys.executable, CHECK, folder], capture_output=True, text=True)


def test_includes_run_in_the_allowed_direction_and_nothing_banned_is_called():
    done = check(ROOT / "src")
    assert done.returncode == 0, done.stdout


def test_an_ungated_disclosure_would_be_noticed(tmp_path):
    (tmp_path / "deliver").mkdir()
    file = tmp_path / "deliver" / "x.c"
    for line, what in (('#include "store/db.h"', "may not include"), ('#include "custody/event.h"', "may not include"),
                       ("void f(char *a) { strcpy(a, a); }", "banned"), ("long f(void) { return time(0); }", "clock")):
        file.write_text(line + "\n")
        done = check(tmp_path)
        assert done.returncode == 1 and what in done.stdout, line
    file.write_text('#include "disclose/permit.h"\n/* strcpy(a, b) */ const char *s = "strcpy(";\n')
    assert check(tmp_path).returncode == 0


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
