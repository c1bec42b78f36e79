"""The main job through the command line, on made-up rosters."""
import json
import re
import subprocess

import pytest

from conftest import PROGRAM, Site, free_port

EVENTS_MAPPING = """\
feed: events
format: csv-events
interval: 24h
jail: sample
facility: {id: sample, name: Sample County Jail, timezone: America/Denver}
columns: {event_id: id, person: [person], booking: [booking], event: what, reason: why, occurred_at: when, corrects: undo}
kinds:
  - {code: REL, means: released}
  - {code: BKD, means: booked}
  - {code: OOPS, means: corrected}
reasons:
  - {code: BOND, means: released}
  - {code: DEC, means: died}
  - {code: CRT, means: temporary_absence}
"""


def kinds(events):
    return [event["kind"] for event in events]


def take_up(site, roster, day="2025-04-01"):
    site.run("feed", "add", roster.mapping)
    events, _ = site.load("sample", roster.write(day))
    assert events == []


def take_up_events(site, tmp_path):
    mapping = tmp_path / "events.yaml"
    mapping.write_text(EVENTS_MAPPING, encoding="utf-8")
    site.run("feed", "add", mapping)
    write_events(tmp_path, "history", [])
    site.load("events", tmp_path / "history.csv")


def write_events(tmp_path, name, rows):
    path = tmp_path / f"{name}.csv"
    path.write_text("\n".join(["id,person,booking,what,why,when,undo", *rows]) + "\n", encoding="utf-8")
    return path


def alerts(site):
    return [mail for mail in site.mail() if "/c/" in mail]


def test_a_vanished_row_is_told_and_its_return_corrected(site, roster):
    take_up(site, roster)
    site.register(1005)
    others = [n for n in roster.people if n != 1005]
    left, _ = site.load("sample", roster.write("2025-04-02", others))
    assert kinds(left) == ["left_roster"] and left[0]["assertion"] == "inferred"
    back, _ = site.load("sample", roster.write("2025-04-03"))
    assert kinds(back) == ["back_on_roster"] and back[0]["corrects"] == left[0]["event_id"]
    first, second = alerts(site)
    assert "no longer shows Pat Sample5" in first.replace("=\n", "") and "was released" not in first
    assert "shows Pat Sample5 again" in second.replace("=\n", "")
    assert first.split("Message-ID: ")[1].split()[0] != second.split("Message-ID: ")[1].split()[0]


def test_only_mapped_columns_are_kept_anywhere(site, roster):
    take_up(site, roster)
    bad = roster.write("2025-04-02")
    bad.write_text(bad.read_text() + "9,SECRETHOLD,SECRETHOLD\n")
    site.load("sample", bad)
    for file in site.path.rglob("*"):
        if file.is_file():
            assert b"SECRETHOLD" not in file.read_bytes(), file


def test_a_contact_stands_nowhere_in_the_clear(site, roster, tmp_path):
    take_up(site, roster)
    address = "ana.very.unique@example.org"
    site.register(1005, email=address)
    site.load("sample", roster.write("2025-04-02", [n for n in roster.people if n != 1005]))
    done = site.run("watch", "list")
    done.stdout += site.run("alert", "list").stdout + done.stderr
    site.run("backup", tmp_path / "backup")
    places = [f for f in site.path.rglob("*") if f.is_file() and "mail" not in f.relative_to(site.path).parts]
    places += [f for f in (tmp_path / "backup").rglob("*") if f.is_file()]
    assert len(places) > 5
    for file in places:
        assert b"ana.very" not in file.read_bytes(), file
    assert "ana.very" not in done.stdout
    assert len(alerts(site)) == 1 and address in alerts(site)[0]


def test_deleting_the_key_deletes_the_contact(site, roster, tmp_path):
    take_up(site, roster)
    registration = site.register(1005)
    before = (site.path / "keys" / "contacts.db").read_bytes()
    assert registration.encode() in before
    site.run("watch", "end", registration)
    assert "notices have been stopped" in site.mail()[-1]
    assert registration.encode() not in (site.path / "keys" / "contacts.db").read_bytes()
    site.load("sample", roster.write("2025-04-02", [n for n in roster.people if n != 1005]))
    assert alerts(site) == []


def test_nothing_is_sent_before_the_contact_is_confirmed(site, roster):
    take_up(site, roster)
    site.run("watch", "add", "--person=1005", "--email=ana@example.org", "--pin=4711")
    site.load("sample", roster.write("2025-04-02", [n for n in roster.people if n != 1005]))
    assert len(site.mail()) == 1 and "SAMPLE5" not in site.mail()[0].upper()


def test_wrong_codes_end_the_registration(site, roster):
    take_up(site, roster)
    made = site.json("watch", "add", "--person=1005", "--email=ana@example.org", "--pin=4711")[0]
    code = re.search(r"^(\d{6})\s*$", site.mail()[0].replace("\r", ""), re.M).group(1)
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(5):
        assert site.run("watch", "confirm", made["registration"], wrong, check=False).returncode == 5
    assert site.run("watch", "confirm", made["registration"], code, check=False).returncode == 4


def test_one_contact_follows_three_people_unless_its_role_was_verified(site, roster):
    take_up(site, roster)
    for person in (1001, 1002, 1003):
        site.register(person)
    fourth = ("watch", "add", "--person=1004", "--email= ANA@example.org", "--pin=4711")
    refused = site.run(*fourth, check=False)
    assert refused.returncode == 5 and "role-verified" in refused.stderr
    site.register(1004, role_verified="victim services, badge 12")


def test_a_spanish_registration_is_told_in_spanish(site, roster):
    take_up(site, roster)
    site.register(1005, language="es")
    roster.people[1005]["unit"] = "ANNEX"
    site.load("sample", roster.write("2025-04-02"))
    mail = alerts(site)[0].replace("=\n", "").replace("=\r\n", "")
    assert "Trasladaron a Pat Sample5. El traslado fue de Main Jail a Annex." in " ".join(mail.split())


def test_a_death_is_never_a_release(site, roster, tmp_path):
    take_up(site, roster)
    take_up_events(site, tmp_path)
    site.register(1005)
    file = write_events(tmp_path, "day", ["7,1005,B1005,REL,DEC,2025-04-02 10:00:00,"])
    events, _ = site.load("events", file)
    assert kinds(events) == ["died"]
    mail = alerts(site)[0].replace("=\n", "")
    assert "has died" in mail and "released" not in mail


def test_a_wrong_release_is_taken_back_to_whom_it_was_told(site, roster, tmp_path):
    take_up(site, roster)
    take_up_events(site, tmp_path)
    site.register(1005, events="released")
    site.load("events", write_events(tmp_path, "a", ["7,1005,B1005,REL,BOND,2025-04-02 10:00:00,"]))
    events, _ = site.load("events", write_events(tmp_path, "b", ["8,1005,B1005,OOPS,,2025-04-02 11:00:00,7"]))
    assert kinds(events) == ["corrected"] and len(alerts(site)) == 2
    assert "was released. The jail has taken that back." in site.notices()[-1]


def test_an_explicit_release_is_told_while_its_list_is_held(site, roster):
    mapping = roster.mapping.read_text().replace("  admitted_at: booked", "  admitted_at: booked\n  released_at: race")
    roster.mapping.write_text(mapping.replace("race", "out").replace("immigration_hold", "x"))
    roster.HEADER = roster.HEADER.replace("race", "out")
    rows = {n: roster.row(n).replace(",X,SECRETHOLD", ",,x") for n in roster.people}
    roster.row = lambda n: rows[n]
    take_up(site, roster)
    site.register(1005)
    rows[1005] = rows[1005].replace(",,x", ",2025-04-01 20:00,x")
    events, summary = site.load("sample", roster.write("2025-04-02", list(roster.people)[:20]))
    assert summary["held"] == 1 and kinds(events) == ["released"] and len(alerts(site)) == 1


def test_a_held_list_can_be_accepted_or_rejected(site, roster):
    take_up(site, roster)
    site.register(1150)
    cut = list(roster.people)[:100]
    _, summary = site.load("sample", roster.write("2025-04-02", cut))
    assert summary["held"] == 1 and alerts(site) == []
    assert site.json("feed", "status")[0]["state"] == "held"
    site.run("feed", "reject", "sample")
    assert site.run("feed", "accept", "sample", check=False).returncode == 4
    _, summary = site.load("sample", roster.write("2025-04-03", cut))
    assert summary["held"] == 1
    *events, summary = site.json("feed", "accept", "sample")
    assert len(events) == 100 and set(kinds(events)) == {"left_roster"} and len(alerts(site)) == 1


def test_check_says_and_does_not_do(site, roster):
    take_up(site, roster)
    file = roster.write("2025-04-02", list(roster.people)[1:])
    *events, summary = site.json("feed", "check", "sample", file)
    assert kinds(events) == ["left_roster"]
    events, _ = site.load("sample", file)
    assert kinds(events) == ["left_roster"]


def test_a_mapping_is_tried_before_the_feed_is_taken_up(site, tmp_path):
    """How each row was understood and what it would do, and nothing of it is kept."""
    (tmp_path / "m.yaml").write_text("""
feed: ivy
format: csv-roster
interval: 24h
facility: {id: us-test-ivy, name: Ivy County Jail, timezone: America/Denver}
snapshot: {file_date: "%Y%m%d", at: "06:00"}
columns: {person: [Inmate], booking: [Book], full_name: Name, born: DOB, admitted_at: In, released_at: Out, sealed: Seal}
dates: ["%m/%d/%Y %H:%M", "%m/%d/%Y"]
yes: [Y]
""", encoding="utf-8")
    (tmp_path / "ivy_20261123.csv").write_text(
        "Inmate,Book,Name,DOB,In,Out,Seal\n"
        '7,B7,"GARCIA LOPEZ, MARIA ELENA JR",03/02/1990,11/20/2026 14:05,,Y\n'
        '8,B8,"MAPLE, ROWAN",13/45/1990,07/01/2026 09:30,07/20/2026 10:00,N\n', encoding="utf-8")
    site.later(seconds=1795500000 - site.now())  # the 24th of November 2026
    words = ("feed", "check", tmp_path / "ivy_20261123.csv", "--mapping", tmp_path / "m.yaml")
    first, second, last = site.json(*words)
    assert first["row"] == 2 and first["does"] == ["baseline"] and first["problems"] == []
    wanted = {"person": "7", "booking": "B7", "surname": "GARCIA LOPEZ", "given": "MARIA", "middle": "ELENA", "suffix": "JR",
              "born": "1990-03-02", "facility": "Ivy County Jail", "facility_said": False, "flags": {"sealed": True},
              "admitted": "2026-11-20 14:05 MST", "says": "held", "when": None}
    assert {key: first["understood"][key] for key in wanted} == wanted
    assert second["understood"]["says"] == "released" and second["understood"]["when"] == "2026-07-20 10:00 MDT"
    assert [problem["field"] for problem in second["problems"]] == ["born"]
    assert last["summary"]["rows"] == 2 and site.json("feed", "status") == []
    said = site.run(*words, "--rows", "1").stdout
    assert "surname GARCIA LOPEZ, given MARIA, middle ELENA, suffix JR, born 1990-03-02" in said and "sealed: yes" in said
    assert "told to nobody" in said and "row 3" in said  # it has a problem, so it is shown, too


def test_a_new_mapping_is_tried_against_what_is_known(site, roster):
    """What each row would do is asked of the feed that there is."""
    take_up(site, roster)
    trial = roster.write("2025-04-02", list(roster.people)[1:])
    answer = site.json("feed", "check", trial, "--mapping", roster.mapping, "--rows", "1")
    assert [row["does"] for row in answer if "does" in row] == [["nothing new"]]
    assert kinds(row for row in answer if "kind" in row) == ["left_roster"]
    assert site.run("feed", "check", trial, "--mapping", trial, check=False).returncode == 3
    assert site.run("feed", "check", trial, check=False).returncode == 2


def test_unreadable_rows_are_listed_and_stop_nothing(site, roster):
    take_up(site, roster)
    file = roster.write("2025-04-02")
    lines = file.read_text().splitlines()
    lines[10] = '"broken,' + lines[10]
    lines[20] += ",extra,fields"
    lines[30] = lines[30].replace("1980-01-31", "31st of May")
    file.write_text("\n".join(lines) + "\n")
    events, summary = site.load("sample", file)
    assert events == [] and summary["problems"] == 3 and summary["rows"] == 200
    problems = site.json("feed", "problems")
    assert [(p["row"], p["field"]) for p in sorted(problems, key=lambda p: p["row"])] == [(11, ""), (21, ""), (31, "born")]


def test_a_number_that_stands_for_somebody_else_is_two_bookings_and_unclear(site, roster):
    """Who had it is not told to have left, the new person exists, and a clerk is paged; when neither is listed, both have gone."""
    take_up(site, roster)
    site.register(1005)
    roster.people[9999] = dict(roster.people[1005])
    del roster.people[1005]
    events, summary = site.load("sample", roster.write("2025-04-02"))
    assert summary["problems"] == 1 and [(e["kind"], e["person"]) for e in events] == [("booked", "9999")]
    assert alerts(site) == [] and "other people" in [a["answer"] for a in site.json("alert", "list") if a["purpose"] == "page"][0]
    assert {site.json("person", "show", person)[0]["standing"] for person in ("1005", "9999")} == {"held"}
    again, _ = site.load("sample", roster.write("2025-04-03", list(roster.people)[1:]))
    assert "9999" not in [e["person"] for e in again]
    events, _ = site.load("sample", roster.write("2025-04-04", [n for n in list(roster.people)[1:] if n != 9999]))
    assert {e["person"]: e["kind"] for e in events} == {"1005": "left_roster", "9999": "left_roster"} and len(alerts(site)) == 1


def test_sealed_people_are_told_of_by_a_person_only(site, roster):
    take_up(site, roster)
    site.register(1005)
    roster.people[1005]["sealed"] = "Y"
    site.load("sample", roster.write("2025-04-02"))
    site.load("sample", roster.write("2025-04-03", [n for n in roster.people if n != 1005]))
    assert alerts(site) == []
    assert [a["state"] for a in site.json("alert", "list", "--waiting")] == ["withheld"]


def test_silence_and_repetition_are_events(site, roster):
    take_up(site, roster)
    again, _ = site.load("sample", roster.write("2025-04-09"))
    assert ("feed_silent", "stopped") in [(e["kind"], e["detail"]) for e in again]


def test_a_list_from_the_future_is_refused(site, roster):
    take_up(site, roster)
    done = site.run("feed", "load", "sample", roster.write("2052-04-02"), check=False)
    assert done.returncode == 3 and "future" in done.stderr
    events, _ = site.load("sample", roster.write("2025-04-02", list(roster.people)[1:]))
    assert kinds(events) == ["left_roster"]


def test_people_are_found_by_number_and_name(site, roster):
    take_up(site, roster)
    # digits are no part of a name: all of the roster's are one name
    assert "1005" in [p["person"] for p in site.json("person", "search", "sample, pat", "--limit=1000")]
    assert "1005" in [p["person"] for p in site.json("person", "search", "Pat Sampel", "--limit=1000")]
    assert [p["person"] for p in site.json("person", "search", "1005")] == ["1005"]
    assert {p["person"] for p in site.json("person", "search", "pat", "--limit=1000")} == {
        str(number) for number in roster.people}  # a given name alone
    assert site.json("person", "search", "sample", "--facility=annex") == []
    assert site.json("person", "search", "xyzzy quux") == []
    assert site.json("person", "show", "sample:1005")[0]["standing"] == "held"


@pytest.mark.parametrize("words, status", [
    (["feed", "load", "nothing"], 2), (["feed", "load", "nothing", "x.csv"], 4), (["nonsense"], 2),
    (["watch", "add", "--person=1", "--email=x", "--pin=1234"], 3), (["feed", "accept", "nothing"], 4),
    (["alert", "show", "nothing"], 4), (["feed", "add", "/nowhere.yaml"], 4), (["init"], 6),
])
def test_exit_statuses_are_as_documented(site, words, status):
    done = site.run(*words, check=False)
    assert done.returncode == status and done.stderr


def test_every_command_has_help():
    for words in (["feed", "load"], ["feed", "add"], ["watch", "add"], ["serve"], ["demo"], ["doctor"], ["backup"]):
        done = subprocess.run([PROGRAM, *words, "--help"], capture_output=True, text=True)
        assert done.returncode == 0 and "Usage:" in done.stdout


def test_a_database_that_there_is_none_of_is_refused(site):
    site.configure("store: postgres:other\n")
    done = site.run("config", "check", check=False)
    assert done.returncode == 3 and "site.yaml:1" in done.stderr and "postgres" in done.stderr
    assert site.run("alert", "list", check=False).returncode == 3
    assert not list(site.path.glob("postgres*"))


@pytest.mark.parametrize("file", ["tocsin.db", "keys/contacts.db"])
@pytest.mark.parametrize("is_there", [True, False])
def test_a_database_that_is_lost_or_empty_is_not_taken_for_a_new_one(site, file, is_there):
    """Nobody would be registered there, and every check would be well."""
    path = site.path / file
    path.unlink()
    if is_there:
        path.touch()
    for words in (["alert", "list"], ["doctor"]):
        done = site.run(*words, check=False)
        assert done.returncode == 8 and file in done.stderr and not done.stdout
    assert path.exists() == is_there


@pytest.mark.parametrize("store, why", [("postgres:other", 'no database "postgres"'), ("sqlite:no/such/folder.db", "no/such/folder.db")])
def test_a_site_whose_store_cannot_be_made_is_not_made(tmp_path, store, why):
    make = [PROGRAM, "-C", tmp_path / "site", "init"]
    done = subprocess.run([*make, f"--store={store}"], capture_output=True, text=True)
    assert done.returncode in (3, 8) and why in done.stderr and not done.stdout
    assert subprocess.run(make, capture_output=True).returncode == 0  # nothing is in the way of the next try


def test_doctor_looks_at_the_store_that_the_site_has(tmp_path):
    site = Site(tmp_path / "site", "--store=sqlite:other.db")
    said = site.run("doctor", check=False).stdout
    assert "other.db is readable by its owner only" in said and "tocsin.db" not in said and "BAD" not in said


HEADER = "person_no,booking_no,last,first,dob,unit,status,sealed,booked\n"


@pytest.mark.parametrize("text, why", [
    ("", "the file is empty"), ("<html><body>Not found</body></html>\n", "lacks the mapped column"),
    (HEADER.replace("person_no", "inmate"), "person_no"), (HEADER + ",,A,B,,,,,\n,,C,D,,,,,\n", "none of its 2 rows could be read")])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_file_of_which_nothing_can_be_read_changes_nothing_and_is_paged(site, roster, text, why, is_first):
    site.run("feed", "add", roster.mapping)
    if not is_first:
        site.load("sample", roster.write("2025-04-01"))
        site.register(1005)
    (file := roster.folder / "roster_2025-04-02.csv").write_text(text)
    refused = site.run("feed", "load", "sample", file, check=False)
    assert refused.returncode == 3 and why in refused.stderr
    assert why in " ".join(a["answer"] for a in site.json("alert", "list") if a["purpose"] == "page")
    events, summary = site.load("sample", roster.write("2025-04-03"))
    assert summary["held"] == 0 and not [e for e in events if e["person"]]
    roster.people.pop(1005)
    events, _ = site.load("sample", roster.write("2025-04-04"))
    assert [e["kind"] for e in events if e["person"]] == ["left_roster"]


def test_a_line_or_a_header_within_a_list_is_nobody(site, roster):
    site.run("feed", "add", roster.mapping)
    lines = roster.write("2025-04-01").read_text().splitlines()
    rule = ",".join("-" * 6 for _ in lines[0].split(","))
    (file := roster.folder / "roster_2025-04-01.csv").write_text("\n".join([lines[0], rule, *lines[1:90], lines[0].upper(), *lines[90:]]))
    _, summary = site.load("sample", file)
    assert summary["rows"] == 202 and summary["problems"] == 2 and site.json("feed", "status")[0]["people"] == 200
    assert {p["reason"].split(";")[0] for p in site.json("feed", "problems")} == {
        "this is a line drawn in the file", "this is the header again"}


@pytest.mark.parametrize("is_first", [True, False])
def test_an_empty_list_is_held_and_never_the_baseline(site, roster, is_first):
    """A small jail may be empty; and a jail's program may have nothing to say."""
    site.run("feed", "add", roster.mapping)
    if not is_first:
        site.load("sample", roster.write("2025-04-01"))
    empty = site.run("feed", "load", "sample", roster.write("2025-04-02", []))
    assert "HELD" in empty.stdout and "empty" in empty.stdout
    status, = site.json("feed", "status")
    assert status["state"] == "held" and status["people"] == (0 if is_first else 200)
    assert [a["purpose"] for a in site.json("alert", "list")] == ["page"]
    _, summary = site.load("sample", roster.write("2025-04-03"))
    assert summary["rows"] == 200 and summary["events"] == 0


def test_a_feed_that_never_spoke_is_missed(site, roster, serve):
    site.run("feed", "add", roster.mapping)
    server = serve()
    site.later(hours=35)
    assert site.json("feed", "status")[0]["state"] == "new"
    site.later(hours=2)
    server.wait_until(lambda: site.json("feed", "status")[0]["state"] == "silent")


def test_a_drop_folder_that_is_not_there_is_no_drop_folder(site, roster, tmp_path):
    done = site.run("feed", "add", roster.mapping, "--drop", tmp_path / "nowhere", check=False)
    assert done.returncode == 3 and "drop folder" in done.stderr and site.json("feed", "status") == []


def test_doctor_says_what_is_bad(site, roster):
    take_up(site, roster)
    report = {x["check"]: x["ok"] for x in site.json("doctor", check=False)}
    assert report["the store is whole"] and report["keys/contacts.key.pem is readable by its owner only"]
    (site.path / "keys" / "site.key").chmod(0o644)
    assert site.run("doctor", check=False).returncode == 1


def test_the_demo_tells_its_story_to_the_end(tmp_path):
    done = subprocess.run([PROGRAM, "demo", "--dir", str(tmp_path / "demo"), "--port", str(free_port()), "--seconds",
                           "60"], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Every alert that was owed was delivered and confirmed (4)" in done.stdout
    listed = subprocess.run([PROGRAM, "-C", str(tmp_path / "demo"), "alert", "list", "--json"],
                            capture_output=True, text=True)
    states = [row["state"] for row in map(json.loads, listed.stdout.splitlines())
              if row["purpose"] == "alert" and row["kind"] != "as_known"]
    assert states == ["confirmed"] * 4


def test_a_release_after_a_correction_is_told(site, roster, tmp_path):
    """What was taken back makes nothing late, whatever its time was."""
    take_up(site, roster)
    take_up_events(site, tmp_path)
    site.register(1005)
    site.load("events", write_events(tmp_path, "a", ["7,1005,B1005,REL,BOND,2025-04-02 09:00:00,"]))
    site.load("events", write_events(tmp_path, "b", ["8,1005,B1005,OOPS,,2025-04-02 11:00:00,7"]))
    events, _ = site.load("events", write_events(tmp_path, "c", ["9,1005,B1005,REL,BOND,2025-04-02 10:30:00,"]))
    assert kinds(events) == ["released"] and not events[0]["late"] and len(alerts(site)) == 3


def test_a_correction_goes_to_the_booking_it_takes_back(site, roster, tmp_path):
    take_up(site, roster)
    take_up_events(site, tmp_path)
    site.register(1005)
    site.load("events", write_events(tmp_path, "a", ["7,1005,B1005,REL,BOND,2025-04-02 09:00:00,"]))
    events, summary = site.load("events", write_events(tmp_path, "b", ["8,1006,B1006,OOPS,,2025-04-02 10:00:00,7"]))
    assert [(e["kind"], e["person"]) for e in events] == [("corrected", "1005")] and summary["problems"] == 1
    assert "Sample6" not in alerts(site)[1] and "Sample5" in alerts(site)[1]
    events, _ = site.load("events", write_events(tmp_path, "c", ["9,1005,B1005,REL,BOND,2025-04-02 13:00:00,"]))
    assert kinds(events) == ["released"] and len(alerts(site)) == 3


def test_an_ending_that_is_amended_is_told_again(site, roster, tmp_path):
    take_up(site, roster)
    take_up_events(site, tmp_path)
    site.register(1005)
    site.load("events", write_events(tmp_path, "a", ["7,1005,B1005,REL,BOND,2025-04-02 09:00:00,"]))
    events, _ = site.load("events", write_events(tmp_path, "b", ["8,1005,B1005,REL,DEC,2025-04-02 09:00:00,"]))
    assert kinds(events) == ["died"] and "has died" in alerts(site)[1].replace("=\n", "")
