"""Agencies' watches, and the policy in service: two officers, one person, one document; and no way round."""
import json
import quopri
import shutil
import signal
import sqlite3
from contextlib import closing

import pytest

REQUEST = {"recipient": "local_law_enforcement", "purpose": "criminal_investigation", "basis": "judicial_warrant",
           "document": "26CR101", "issuer": "District Court 4", "issued_on": "2025-03-01", "expires": "30d",
           "officer": "Det. Reed", "email": "reed@police.example", "pin": "1234"}
REFUSED, CONFLICT, INPUT = 5, 6, 3

CHAIN = """\
recipients:
  - id: north-sheriff
    class: local_law_enforcement
    uses: [criminal_investigation]
    {edge}
  - id: sheriffs-association
    class: association
    uses: [commercial]
    may_pass_to: [{{to: alert-vendor-inc, basis: contract, document: Service agreement 7}}]
  - id: alert-vendor-inc
    class: alert_vendor
    uses: [commercial]
    may_pass_to: [{{to: parent-broker, basis: ownership, document: Annual report}}]
  - id: parent-broker
    class: data_broker
    uses: [commercial]
    may_pass_to: [{{to: field-office, basis: contract, document: Contract 70CMSD}}]
  - id: field-office
    class: immigration_agency
    uses: [immigration_enforcement]
"""
EDGE = "may_pass_to: [{to: sheriffs-association, basis: contract, document: Data sharing agreement 2019-14}]"


@pytest.fixture
def taken(site, roster):
    """A site that has taken up a jail of 200 people."""
    site.run("feed", "add", roster.mapping)
    site.load("sample", roster.write("2025-04-01"))
    return site


def ask(site, person=1005, **more):
    words = [f"--{name.replace('_', '-')}={value}" for name, value in {**REQUEST, **more}.items() if value is not None]
    return site.run("agency", "ask", *([f"--person={person}"] if person else []), *words, "--json", check=False)


def asked(site, person=1005, **more):
    done = ask(site, person, **more)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["watch"]


def decide(site, watch, officer="Lt. Okafor", what="approve"):
    return site.run("agency", what, watch, f"--officer={officer}", check=False)


def watches(site):
    return {row["watch"]: row for row in site.json("agency", "list")}


def types(site, person=1005):
    """What the ledger holds about a person: (type, denied)."""
    return [(row["type"], row["denied"]) for row in site.json("ledger", "subject", str(person), check=False)]


def notices(site, address):
    mail = [quopri.decodestring(text.encode()).decode() for text in site.mail()]
    return [text for text in mail if f"To: <{address}>" in text or f"To: {address}" in text]


def leave(site, roster, day, *numbers, send=True):
    for number in numbers:
        del roster.people[number]
    return site.load("sample", *([] if send else ["--no-send"]), roster.write(day))


# ── Asking and deciding ───────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize("field", ["person", *REQUEST])
def test_everything_must_be_said(taken, field):
    done = ask(taken, None if field == "person" else 1005, **({} if field == "person" else {field: None}))
    assert done.returncode == INPUT and field.replace("_", "-") in done.stderr
    assert taken.json("agency", "list") == []


def test_a_second_officer_decides_and_the_first_may_not(taken):
    watch = asked(taken)
    for same in ("Det. Reed", "det. reed", "  DET. REED "):
        assert decide(taken, watch, same).returncode == REFUSED
    assert watches(taken)[watch]["state"] == "asked"
    assert decide(taken, watch, "").returncode == INPUT
    assert decide(taken, watch).returncode == 0
    assert decide(taken, watch).returncode == CONFLICT and decide(taken, watch, what="refuse").returncode == CONFLICT
    assert types(taken) == [("watch_asked", False), ("watch_approved", False)]
    taken.run("agency", "end", watch)
    assert watches(taken)[watch]["state"] == "ended"
    assert types(taken)[-1] == ("watch_ended", False)


def test_a_refused_watch_is_told_nothing(taken, roster):
    watch = asked(taken)
    assert decide(taken, watch, what="refuse").returncode == 0
    leave(taken, roster, "2025-04-02", 1005)
    assert notices(taken, "reed@police.example") == []
    assert types(taken) == [("watch_asked", False), ("watch_refused", False)]


def test_what_nobody_approved_is_told_nothing_and_no_code_approves_it(taken, roster):
    watch = asked(taken)
    for code in ("000000", "123456"):
        assert taken.run("watch", "confirm", watch, code, check=False).returncode == REFUSED
    leave(taken, roster, "2025-04-02", 1005)
    assert notices(taken, "reed@police.example") == []


@pytest.mark.parametrize("field, value, status", [
    ("expires", "91d", INPUT), ("expires", "2020-01-01", INPUT), ("issued_on", "2099-01-01", INPUT),
    ("issued_on", "soon", INPUT), ("recipient", "nobody-known", INPUT), ("basis", "a_nice_letter", INPUT),
    ("email", "x", INPUT), ("basis", "administrative_subpoena", REFUSED), ("basis", "agency_warrant_form", REFUSED),
    ("purpose", "immigration_enforcement", REFUSED), ("recipient", "immigration_agency", REFUSED),
    ("recipient", "data_broker", REFUSED)])
def test_what_is_wrong_or_denied_is_refused_with_its_reason(taken, field, value, status):
    done = ask(taken, **{field: value})
    assert done.returncode == status, done.stderr
    if status == REFUSED:  # the request is on record
        assert types(taken) == [("watch_refused", True)]
        assert [row["state"] for row in taken.json("agency", "list")] == ["refused"]


def test_an_agency_is_told_of_its_kinds_with_a_receipt_and_registered_people_as_ever(taken, roster):
    decide(taken, asked(taken))
    taken.register(1005)
    leave(taken, roster, "2025-04-02", 1005, 1006)
    told, = notices(taken, "reed@police.example")
    index = types(taken).index(("disclosure", False)) + 1  # entry 0 is the policy
    assert f"entry {index}." in told.replace("=\n", "") and "/u/" not in told
    registered = [text for text in notices(taken, "ana@example.org") if "/c/" in text]
    assert len(registered) == 1 and "entry" not in registered[0]


# ── No lists ──────────────────────────────────────────────────────────────────────────────────────

def test_one_document_names_one_person(taken):
    asked(taken)
    assert ask(taken, 1006).returncode == REFUSED
    for disguised in ({"document": " 26cr101 "}, {"document": "26CR101", "issuer": "district court 4"},
                      {"document": "26 CR-101"}):
        assert ask(taken, 1007, **disguised).returncode == REFUSED, disguised
    assert ask(taken, 1005).returncode == 0  # the same person again


def test_ten_thousand_single_requests_do_not_make_a_list(taken, tmp_path):
    """An officer asks for five people a day and an agency for twenty; names and classes are not ways round."""
    got = sum(ask(taken, 1000 + i, document=f"D{i}").returncode == 0 for i in range(7))
    assert got == 5
    for i, officer in enumerate(("DET. REED", " det.  reed", "Det. Reed\u00a0", "Det.Reed")):
        assert ask(taken, 1020 + i, document=f"E{i}", officer=officer).returncode == REFUSED, officer
    got += sum(ask(taken, 1040 + i, document=f"F{i}", officer=f"Officer {i // 5}").returncode == 0 for i in range(25))
    assert got == 20
    # The parties of a class are counted with it, so an agency does not multiply by having many names.
    (taken.path / "recipients.yaml").write_text("recipients:\n" + "".join(
        f"  - {{id: unit-{i}, class: local_law_enforcement, uses: [criminal_investigation]}}\n" for i in range(3)))
    with (taken.path / "site.yaml").open("a") as config:
        config.write("recipients: recipients.yaml\n")
    for i in range(3):
        assert ask(taken, 1080 + i, document=f"G{i}", officer=f"Sgt. {i}", recipient=f"unit-{i}").returncode == REFUSED


# ── The policy in service ─────────────────────────────────────────────────────────────────────────

def with_chain(site, edge):
    (site.path / "recipients.yaml").write_text(CHAIN.format(edge=edge))
    text = (site.path / "site.yaml").read_text()
    if "\nrecipients:" not in text:
        (site.path / "site.yaml").write_text(text + "\nrecipients: recipients.yaml\n")


def test_whom_an_agency_may_pass_data_to_decides(taken):
    with_chain(taken, EDGE)
    done = ask(taken, recipient="north-sheriff")
    assert done.returncode == REFUSED
    assert "north-sheriff → sheriffs-association" in done.stderr and "2019-14" in done.stderr
    with_chain(taken, "")
    assert ask(taken, recipient="north-sheriff", document="other").returncode == 0


def test_an_agreement_that_comes_later_stops_the_next_notice_and_nobody_elses(taken, roster, serve):
    with_chain(taken, "")
    decide(taken, asked(taken, recipient="north-sheriff"))
    taken.register(1005)
    server = serve()
    with_chain(taken, EDGE)
    server.process.send_signal(signal.SIGHUP)
    log = taken.path / "serve.log"
    server.wait_until(lambda: "policy reloaded" in log.read_text())
    leave(taken, roster, "2025-04-02", 1005, send=False)
    server.wait_until(lambda: ("disclosure", True) in types(taken))
    server.wait_until(lambda: [text for text in notices(taken, "ana@example.org") if "/c/" in text])
    assert notices(taken, "reed@police.example") == []


def test_a_broken_policy_is_not_loaded_and_the_one_in_force_stays(taken, roster, serve):
    taken.register(1005)
    folder = taken.path / "own"
    folder.mkdir()
    (folder / "rules.yaml").write_text("extends: baseline\n")
    text = (taken.path / "site.yaml").read_text().replace("policy: baseline", "policy: own")
    taken.configure(text)
    server = serve()
    log = taken.path / "serve.log"
    (folder / "rules.yaml").write_text("extends: baseline\nrules:\n"
                                       "  - {forbid: nobody, cite: x, when: {recipient: [registrant]}}\n")
    server.process.send_signal(signal.SIGHUP)
    server.wait_until(lambda: "breaks the guarantee" in log.read_text() and "one in force stays" in log.read_text())
    (folder / "rules.yaml").write_text("rules: [")
    server.process.send_signal(signal.SIGHUP)
    server.wait_until(lambda: log.read_text().count("one in force stays") == 2)
    leave(taken, roster, "2025-04-02", 1005, send=False)
    server.wait_until(lambda: [text for text in notices(taken, "ana@example.org") if "/c/" in text])


def test_serve_does_not_start_with_a_broken_guarantee(taken):
    folder = taken.path / "own"
    folder.mkdir()
    (folder / "rules.yaml").write_text(
        "extends: baseline\nrules:\n  - permit: open-door\n    cite: none\n    when: {recipient: [data_broker]}\n"
        "    fields: [name]\n")
    # The baseline's forbid stands above it; a guarantee of one's own is what breaks.
    (folder / "guarantees.yaml").write_text(
        "guarantees:\n  - always: brokers-too\n    promise: brokers get all\n    when: {recipient: [data_broker]}\n")
    taken.configure((taken.path / "site.yaml").read_text().replace("policy: baseline", "policy: own"))
    done = taken.run("serve", "--port=0", check=False, timeout=30)
    assert done.returncode == INPUT
    assert "brokers-too" in done.stderr and "recipient=data_broker" in done.stderr


# ── Flags, as they are when the message leaves ────────────────────────────────────────────────────

@pytest.mark.parametrize("sealed", [False, True])
def test_a_record_sealed_between_match_and_send_is_not_told(taken, roster, sealed):
    decide(taken, asked(taken))
    taken.register(1005)
    roster.people[1005]["unit"] = "ANNEX"  # moved
    taken.load("sample", "--no-send", roster.write("2025-04-02"))
    if sealed:
        roster.people[1005]["sealed"] = "Y"
        taken.load("sample", "--no-send", roster.write("2025-04-03"))
    taken.run("alert", "send", check=False)
    alerts = [a for a in taken.json("alert", "list") if a["purpose"] == "alert" and a["kind"] == "transferred"]
    assert {a["state"] for a in alerts} == ({"withheld"} if sealed else {"sent"}) and len(alerts) == 2
    assert types(taken)[-1] == ("disclosure", sealed)


# ── Reports ───────────────────────────────────────────────────────────────────────────────────────

def test_the_yearly_report_counts_requests_and_notices(taken, roster):
    decide(taken, asked(taken))
    decide(taken, asked(taken, 1006, document="2"), what="refuse")
    ask(taken, 1007, document="3", basis="agency_warrant_form")
    leave(taken, roster, "2025-04-02", 1005)
    rows = {row["basis"]: row for row in taken.json("ledger", "report")}
    assert rows["judicial_warrant"] == {"recipient": "local_law_enforcement", "basis": "judicial_warrant", "asked": 2,
                                        "approved": 1, "refused": 1, "alerts": 1, "alerts_denied": 0}
    assert rows["agency_warrant_form"]["refused"] == 1
    first, = taken.json("ledger", "statistics", "--year=2024")
    again, = taken.json("ledger", "statistics", "--year=2024")
    assert first == again and any(first["notices_by_month_with_noise"])
    now, = taken.json("ledger", "statistics")
    assert (now["agency_requests"], now["agency_alerts"]) == (3, 1)


# ── Promises of the documents ─────────────────────────────────────────────────────────────────────

def test_a_watch_ends_with_its_time_and_the_ledger_says_so(taken, serve):
    watch = asked(taken, expires="1d")
    decide(taken, watch)
    with closing(sqlite3.connect(taken.path / "tocsin.db")) as db, db:
        db.execute("UPDATE registration SET expires_at_us = 1 WHERE id = ?", (watch,))
    server = serve()
    server.wait_until(lambda: watches(taken)[watch]["state"] == "ended")
    assert types(taken)[-1] == ("watch_ended", False)


def test_a_watch_of_a_party_that_is_no_more_can_be_ended(taken):
    with_chain(taken, "")
    watch = asked(taken, recipient="north-sheriff")
    (taken.path / "recipients.yaml").write_text("recipients:\n  - {id: other, class: court}\n")
    taken.run("agency", "end", watch)
    assert watches(taken)[watch]["state"] == "ended"


def test_an_old_store_signs_no_second_history_and_still_tells_registered_people(taken, roster, serve, tmp_path):
    taken.register(1005)
    backup = tmp_path / "backup"
    taken.run("backup", backup)
    decide(taken, asked(taken, 1006))
    seen = int((taken.path / "keys/ledger.size").read_text())
    for file in taken.path.glob("tocsin.db*"):
        file.unlink()
    shutil.copy(backup / "tocsin.db", taken.path / "tocsin.db")
    done = ask(taken, 1007, document="later")
    assert done.returncode == REFUSED and "old one" in done.stderr
    server = serve()
    leave(taken, roster, "2025-04-02", 1005, send=False)
    server.wait_until(lambda: [text for text in notices(taken, "ana@example.org") if "/c/" in text])
    assert int((taken.path / "keys/ledger.size").read_text()) == seen
    note = taken.run("ledger", "checkpoint", check=False).stdout
    assert not note or int(note.splitlines()[1]) < seen


def test_a_registered_persons_permit_obliges_to_what_is_done_for_them_only(taken, tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "rules.yaml").write_text(
        "extends: baseline\nrules:\n  - permit: more\n    cite: x\n    when: {recipient: [registrant]}\n"
        "    fields: [name]\n    oblige: [log, receipt]\n")
    done = taken.run("policy", "check", folder, check=False)
    assert done.returncode == 1 and "victims-release-notice" in done.stdout


def test_a_word_in_other_letters_is_the_same_word(taken, tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "rules.yaml").write_text("extends: us-ca\n")
    (folder / "vocabulary.yaml").write_text("recipient:\n  - {word: Immigration-Agency}\n")
    done = taken.run("policy", "check", folder, check=False)
    assert done.returncode == 2 and "declared twice" in done.stderr
