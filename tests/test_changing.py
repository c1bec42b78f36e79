"""The five kinds of change that docs/changing.md tells of, made in a copy of the sources, built and used."""
import json
import re
import shutil
import subprocess

import pytest

import conftest
from conftest import ROOT, Server, Site

CHANGES = ROOT / "tests" / "changes"


def build_list(*files):
    added = "".join(f"sources += files('{file}')\n" for file in files)
    return ("src/meson.build", "includes = include_directories('.')", f"{added}includes = include_directories('.')")


# Kind: (the folder of new files, what is edited: file, what stands there, what stands there then)
KINDS = {
    "A channel": ("channel", [
        ("src/deliver/channel.h", "X(email)", "X(email) X(pager)"),
        build_list("deliver/pager/pager.c")]),
    "A feed format": ("format", [
        ("src/feed/formats/private.h", "#define FEED_FORMATS(X) ",
         '#define FEED_FORMATS(X) X("pairs-events", FEED_EVENTS, feed_pairs_open) '),
        build_list("feed/formats/pairs.c")]),
    "A page": ("page", [
        ("src/web/rooms.h", "X(push)", "X(about) X(push)"),
        build_list("web/rooms/about.c"),
        ("share/i18n/en.po", 'msgid "months"', 'msgid "about_title"\nmsgstr "This place"\n\n'
         'msgid "about_text"\nmsgstr "We tell you when somebody is let out."\n\nmsgid "months"'),
        ("share/i18n/es.po", 'msgid "months"', 'msgid "about_title"\nmsgstr "Este lugar"\n\n'
         'msgid "about_text"\nmsgstr "Le avisamos cuando alguien sale."\n\nmsgid "months"')]),
    "A policy attribute": ("attribute", [
        ("src/policy/policy.h", '    X(JURISDICTION, "jurisdiction"', '    X(HOUR, "hour", WHERE, 8, "Day or night") \\\n'
         '    X(JURISDICTION, "jurisdiction"'),
        ("share/policies/baseline/vocabulary.yaml", "# Whose jail the data comes from.", 'hour:\n  - {word: unknown, means: "nobody '
         'looked at the clock"}\n  - {word: day, means: "from six to ten"}\n  - {word: night, means: "the rest"}\n\n'
         "# Whose jail the data comes from."),
        ("share/policies/baseline/rules.yaml", "  # ── What nobody gets ──\n", "  # ── What nobody gets ──\n"
         "  - forbid: no-look-ups-at-night\n    cite: An example\n    when: {hour: [night], recipient: [public]}\n"
         "    not: {hour: [unknown]}\n\n")]),
    "A database": ("database", [
        ("src/store/driver.h", "X(sqlite)", "X(sqlite) X(noisy)"),
        build_list("store/noisy/driver.c")]),
}


def permits_hold_at_any_hour(text):
    """A permit holds for `unknown` only where it says so."""
    hours = "hour: [unknown, day, night]"
    text, n = re.subn(r"^(  - permit: .*\n(?:    (?!when).*\n)*    when:)\n", rf"\1\n      {hours}\n", text, flags=re.M)
    text, m = re.subn(r"^(  - permit: .*\n(?:    (?!when).*\n)*    when: \{)", rf"\1{hours}, ", text, flags=re.M)
    assert n + m == len(re.findall(r"^  - permit: ", text, re.M))
    return text


def told():
    """Kind: the files that docs/changing.md says a change of it touches."""
    text = (ROOT / "docs" / "changing.md").read_text(encoding="utf-8")
    return {title: set(re.findall(r"^- `([^`]+)`", body, re.M))
            for title, body in re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", text, re.M | re.S)}


def make(kind, tree):
    """Makes the change in the tree; gives the files that it touched."""
    folder, edits = KINDS[kind]
    touched = set()
    for file in sorted((CHANGES / folder).rglob("*")):
        if file.is_file():
            name = str(file.relative_to(CHANGES / folder))
            assert not (tree / name).exists()
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, tree / name)
            touched.add(name)
    for name, before, after in edits:
        text = (tree / name).read_text(encoding="utf-8")
        assert text.count(before) == 1, (name, before)
        text = text.replace(before, after)
        (tree / name).write_text(permits_hold_at_any_hour(text) if name.endswith("/rules.yaml") else text, encoding="utf-8")
        touched.add(name)
    return touched


def copy_of_the_sources(folder):
    files = subprocess.run(["git", "ls-files", "-z", "src", "share", "tools", "bench", "tests/seeds", "tests/replay_seeds.c",
                            "meson.build", "meson_options.txt"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in files.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_touches_what_the_page_says_and_no_more(tmp_path, kind):
    assert set(told()) == set(KINDS)
    assert make(kind, copy_of_the_sources(tmp_path)) == told()[kind]


@pytest.fixture(scope="module")
def changed(tmp_path_factory):
    """The program with all five changes in it; the rooms still reach what they may."""
    tree = copy_of_the_sources(tmp_path_factory.mktemp("changed"))
    for kind in KINDS:
        make(kind, tree)
    checked = subprocess.run(["python3", tree / "tools" / "check_sources.py"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout
    subprocess.run(["meson", "setup", tree / "build", tree], check=True, capture_output=True)
    built = subprocess.run(["ninja", "-C", tree / "build", "src/tocsin"], capture_output=True, text=True)
    assert built.returncode == 0 and "warning:" not in built.stdout, built.stdout[-3000:]
    return tree / "build" / "src" / "tocsin"


@pytest.fixture
def site(changed, tmp_path, monkeypatch):
    monkeypatch.setattr(conftest, "PROGRAM", str(changed))
    return Site(tmp_path / "site")


MAPPING = """\
feed: lines
format: pairs-events
interval: 1000d
facility: {id: lines, name: Lines Jail, timezone: America/Denver}
columns: {event_id: id, person: [who], booking: [stay], surname: last, given: first, event: what, occurred_at: when}
"""


def load(site, tmp_path, text):
    mapping, file = tmp_path / "lines.yaml", tmp_path / f"{abs(hash(text))}.txt"
    mapping.write_text(MAPPING)
    file.write_text(text)
    site.run("feed", "add", mapping)
    return site.load("lines", file, "--no-send")


@pytest.mark.full
def test_a_format_is_read_and_a_channel_is_offered_everywhere_and_reached(site, tmp_path):
    load(site, tmp_path, "id=1 who=7 stay=b7 last=MYRTLE first=ANA what=booked when=2025-04-01T10:00:00Z\n")
    (site.path / "out").mkdir()
    site.configure("pager: {folder: out}\n")
    assert "email, pager" in site.run("watch", "add", "--help").stdout
    assert "pages go into out" in site.run("config", "check").stdout
    words = ["watch", "add", "--person=7", "--channel=pager", "--pin=4711"]
    refused = site.run(*words, "--contact=ana@x.test", check=False)
    assert refused.returncode == 3 and "seven digits" in refused.stderr
    made = site.json(*words, "--contact=555-0100 7")[0]["registration"]
    code, = (site.path / "out").glob("55501007.*")
    site.run("watch", "confirm", made, re.search(r"^(\d{6})$", code.read_text(), re.M).group(1))
    load(site, tmp_path, "id=2 who=7 stay=b7 last=MYRTLE first=ANA what=released when=2025-04-02T10:00:00Z\nnonsense\n")
    site.run("alert", "send")
    assert any("Ana Myrtle was released" in file.read_text() for file in (site.path / "out").iterdir())
    assert [p["reason"] for p in site.json("feed", "problems")] == ["no key=value in this line; it was passed over"]


@pytest.mark.full
def test_a_page_is_served_in_both_languages_and_the_form_and_the_api_take_the_channel(site, tmp_path):
    load(site, tmp_path, "id=1 who=7 stay=b7 last=MYRTLE first=ANA what=booked when=2025-04-01T10:00:00Z\n")
    (site.path / "out").mkdir()
    site.configure("pager: {folder: out}\n")
    server = Server(site)
    try:
        assert "let out" in server.request("GET", "/about")[1]
        assert "Le avisamos" in server.request("GET", "/about", headers={"Accept-Language": "es"})[1]
        asks = '<option>email</option>\n<option>pager</option>'
        found = lambda: server.request("POST", "/v1/people/search", json.dumps({"text": "myrtle"}))[:2]
        answers = []
        server.wait_until(lambda: answers.append(found()) or answers[-1][0] == 200)
        people = json.loads(answers[-1][1])["people"]
        form = "/sign-up/" + people[0]["person"]
        assert asks in server.request("GET", form)[1]
        fields = "channel=pager&contact=5550109&pin=4711"
        assert server.request("POST", form, fields, {"Content-Type": "application/x-www-form-urlencoded"})[0] == 200
        server.wait_until(lambda: list((site.path / "out").glob("5550109.*")))
        wanted = {"person": "7", "channel": "pager", "contact": "5550100", "pin": "4711"}
        status, text, _ = server.request("POST", "/v1/registrations", json.dumps(wanted))
        assert status == 202, text
        server.wait_until(lambda: list((site.path / "out").glob("5550100.*")))
        status, text, _ = server.request("POST", "/v1/registrations", json.dumps({**wanted, "channel": "owl"}))
        assert status == 400 or status == 422 and "email, pager" in text
    finally:
        assert server.stop() == 0


@pytest.mark.full
def test_an_attribute_is_an_option_and_rules_speak_of_it(site):
    request = ["policy", "explain", "--profile=baseline", "--recipient=public", "--purpose=public_information", "--basis=none",
               "--data=custody_status", "--mode=lookup"]
    assert site.run(*request, "--hour=day").stdout.startswith("PERMIT")
    night = site.run(*request, "--hour=night").stdout
    assert night.startswith("DENY") and "no-look-ups-at-night" in night and "hour=night" in night
    assert site.run("policy", "check", "baseline").stdout.startswith("All ")


@pytest.mark.full
def test_a_database_is_named_when_a_site_is_made(site, tmp_path):
    site = Site(tmp_path / "other", "--store=noisy:other.db")
    done = site.run("feed", "status")
    assert "noisy: SELECT id FROM feed" in done.stderr and (site.path / "other.db").exists()
