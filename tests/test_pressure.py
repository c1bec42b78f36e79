"""Much at once: whoever sends much holds up nobody else, and what was begun is ended, whenever the program ends."""
import datetime
import json
import random
import signal
import sqlite3
import subprocess
import time

import pytest

from conftest import PROGRAM, Roster, Site
from push import add_push_feed, event, push_events, signed
from test_cli import EVENTS_MAPPING

EVENTS = EVENTS_MAPPING.replace("corrects: undo}", "corrects: undo, surname: last, given: first}")
N = 12_000


def add_events_feed(site, tmp_path, *more, feed="events", history=()):
    mapping = tmp_path / f"{feed}.yaml"
    mapping.write_text(EVENTS.replace("feed: events", f"feed: {feed}"), encoding="utf-8")
    site.run("feed", "add", mapping, *more)
    site.load(feed, write(tmp_path / "history.csv", history))


def known(people):
    """Each was here before, on another booking."""
    return [f"h{i},p{i},h{i},{what},{why},2025-03-0{day} 10:00,,NAME{i % 500},GIVEN{i % 300}" for i in people
            for what, why, day in (("BKD", "", 1), ("REL", "BOND", 2))]


def write(path, rows):
    path.write_text("\n".join(["id,person,booking,what,why,when,undo,last,first", *rows]) + "\n", encoding="utf-8")
    return path


def rows(n):
    """Each is booked, and every third released, in the last weeks; now and then a row that cannot be read."""
    for i in range(n):
        day = datetime.date.today() - datetime.timedelta(days=24 - i * 20 // n)
        yield f"b{i},p{i},k{i},BKD,,{day} 10:00,,NAME{i % 500},GIVEN{i % 300}"
        if i % 3 == 0:
            yield f"r{i},p{i},k{i},REL,BOND,{day} 18:00,,NAME{i % 500},GIVEN{i % 300}"
        if i % 1000 == 999:
            yield f"x{i},,,BKD,,{day} 10:00,,NAME,GIVEN"


def states(site):
    """Each file's state, by its name."""
    with sqlite3.connect(f"file:{site.path / 'tocsin.db'}?mode=ro", uri=True) as db:
        return dict(db.execute("SELECT name, state FROM source"))


LOADED, LOADING = 0, 8


@pytest.fixture
def other_site(tmp_path):
    return Site(tmp_path / "other")


def wait_for(is_true):
    while not is_true():
        time.sleep(0.005)


def said(site):
    """What was said of whom, and who is owed what: all but what differs from run to run."""
    with sqlite3.connect(f"file:{site.path / 'tocsin.db'}?mode=ro", uri=True) as db:
        return (sorted(db.execute("SELECT id, kind, is_late, occurred_at_us FROM event "
                                  "WHERE booking_id IS NOT NULL AND kind <> 14")),  # what whoever signs up is told
                sorted(db.execute("SELECT key, standing FROM booking")),
                sorted(db.execute("SELECT hex(e.id) FROM alert a JOIN event e ON e.seq = a.event_seq "
                                  "WHERE e.kind <> 14")),
                db.execute("SELECT count(*) FROM problem").fetchone())


def test_a_file_whose_loading_is_killed_again_and_again_says_all_and_nothing_twice(site, other_site, tmp_path):
    file = write(tmp_path / "month.csv", list(rows(N)))
    people = (0, 3, 6000, N - 3)
    for one in (site, other_site):
        add_events_feed(one, tmp_path, history=known(people))
        for person in people:
            one.register(f"p{person}", email=f"a{person}@example.org")
    other_site.load("events", file, "--no-send")
    draw = random.Random(11)
    for _ in range(12):
        process = subprocess.Popen([PROGRAM, "-C", str(site.path), "feed", "load", "events", str(file), "--no-send"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=site.environment())
        end = time.monotonic() + draw.random() * 3
        wait_for(lambda: process.poll() is not None or time.monotonic() > end)
        process.kill()
        process.wait()
    site.load("events", file, "--no-send")
    assert states(site)["month.csv"] == LOADED
    for here, there in zip(said(site), said(other_site)):
        assert [x for x in here if x not in set(there)] == [x for x in there if x not in set(here)] == []
    assert site.load("events", file)[1]["events"] == 0


def test_a_first_file_is_history_also_when_its_loading_was_killed(site, tmp_path):
    """It is taken as a whole: who signs up in its middle could be told that somebody is held, and of their release nothing."""
    people = range(0, N, 600)
    add_events_feed(site, tmp_path, feed="other", history=known(people))
    (tmp_path / "events.yaml").write_text(EVENTS, encoding="utf-8")
    site.run("feed", "add", tmp_path / "events.yaml")
    for person in people:
        site.register(f"p{person}", email=f"a{person}@example.org")
    file = write(tmp_path / "first.csv", list(rows(N)))
    for n in range(5):
        load_and_kill(site, file, n * 0.2, feed="events")
        assert states(site).get("first.csv", LOADED) == LOADED
    site.load("events", file)
    assert [a for a in site.json("alert", "list") if a["purpose"] == "alert" and a["kind"]] == []
    assert states(site)["first.csv"] == LOADED


def test_a_push_does_not_wait_for_another_jails_file_and_sigterm_for_none(site, serve, tmp_path):
    drop = tmp_path / "drop"
    drop.mkdir()
    site.configure("drop_settle: 1s\n")
    add_events_feed(site, tmp_path, "--drop", drop)
    secret = add_push_feed(site, tmp_path)
    server = serve()
    write(tmp_path / "month.part", list(rows(2 * N))).rename(drop / "month.csv")
    wait_for(lambda: states(site).get("month.csv") == LOADING)
    assert push_events(server, secret, "k1", [event(1, "booked", person="other")])[0] == 200
    assert states(site)["month.csv"] == LOADING  # it was answered before the file was through
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(60) == 0
    assert states(site)["month.csv"] == LOADING
    again = serve()
    again.wait_until(lambda: states(site)["month.csv"] == LOADED)
    assert site.json("feed", "status")[0]["state"] == "alive"


def test_a_large_push_is_answered_with_all_of_it_and_the_same_again(site, serve, tmp_path):
    secret = add_push_feed(site, tmp_path)
    server = serve()
    events = [event(i, "booked", person=f"p{i}") for i in range(2000)] + [{"what": "booked"}]
    body = json.dumps(events).encode()
    assert len(body) > 128 << 10
    ask = lambda: server.request("POST", "/v1/feeds/push/events", body, signed(secret, "k", body))[:2]
    status, answer = ask()
    said = json.loads(answer)
    assert status == 200 and said["rows"] == 2001 and len(set(said["events"])) == 2000 and len(said["problems"]) == 1
    assert ask() == (status, answer)
    assert push_events(server, secret, "k", events[:3])[0] == 409


def load_and_kill(site, file, seconds, feed="sample"):
    process = subprocess.Popen([PROGRAM, "-C", str(site.path), "feed", "load", feed, str(file)],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=site.environment())
    end = time.monotonic() + seconds
    wait_for(lambda: process.poll() is not None or time.monotonic() > end)
    process.kill()
    process.wait()


def test_a_first_list_whose_loading_is_killed_is_whole_or_nothing(site, other_site, tmp_path):
    jail = Roster(tmp_path / "jail", n=N)
    first = jail.write("2025-04-01")
    for one in (site, other_site):
        one.run("feed", "add", jail.mapping)
    draw = random.Random(7)
    for n in range(10):
        load_and_kill(site, first, n * 0.05 + draw.random() * 0.05)
        loaded = LOADED in states(site).values()
        assert site.json("feed", "status")[0]["people"] == (N if loaded else 0)
    for one in (site, other_site):
        one.load("sample", first)
        assert one.json("feed", "status")[0]["people"] == N
    assert said(site) == said(other_site)
    jail.people.pop(1007)
    for one in (site, other_site):
        assert [event["kind"] for event in one.load("sample", jail.write("2025-04-02"))[0]] == ["left_roster"]


def test_another_first_list_after_one_that_was_killed_takes_nobody_as_gone(site, tmp_path):
    """Whoever stood in the part of the first that was taken, and not in the other, is missed by the next, with the breaker."""
    jail = Roster(tmp_path / "jail", n=6000)
    site.run("feed", "add", jail.mapping)
    process = subprocess.Popen([PROGRAM, "-C", str(site.path), "feed", "load", "sample", str(jail.write("2025-04-01"))],
                               stdout=subprocess.DEVNULL, env=site.environment())
    wait_for(lambda: LOADING in states(site).values())
    process.kill()
    process.wait()
    site.register(1000, email="ana@example.org")
    before = len(site.mail())
    others = list(jail.people)[1:]
    assert site.load("sample", jail.write("2025-04-02", others))[1]["alerts"] == 0
    assert len(site.mail()) == before
    events, summary = site.load("sample", jail.write("2025-04-03", others))
    assert [event["kind"] for event in events] == ["left_roster"] and summary["alerts"] == 1


def test_who_signs_up_while_a_long_file_is_taken_misses_nothing(site, serve, tmp_path):
    drop = tmp_path / "drop"
    drop.mkdir()
    site.configure("drop_settle: 1s\n")
    add_events_feed(site, tmp_path, "--drop", drop, history=known([5, 9]))
    server = serve()
    lines = list(rows(N)) + ["last,p9,k9,REL,BOND," + str(datetime.date.today()) + " 00:01,,NAME9,GIVEN9"]
    write(tmp_path / "month.part", lines).rename(drop / "month.csv")
    wait_for(lambda: states(site).get("month.csv") == LOADING)
    site.register("p9", email="ana@example.org")
    server.wait_until(lambda: states(site)["month.csv"] == LOADED)
    server.wait_until(lambda: any("released" in mail for mail in site.all_mail()))


def test_a_mass_error_in_a_long_file_is_in_doubt_from_its_first_row_on(site, tmp_path):
    """Three hundred endings among rows that were sent before, where ten a day are usual: each lot of rows would be believed."""
    date = lambda days: datetime.date.fromtimestamp(site.now()) - datetime.timedelta(days=days)
    history = [f"h{i},p{i},k{i},BKD,,{date(9)} 10:00,,NAME{i % 500},GIVEN{i % 300}" for i in range(3000)]
    add_events_feed(site, tmp_path, history=history)
    for day in range(3, 25):
        site.later(days=1)
        site.load("events", write(tmp_path / f"day{day}.csv", [
            f"d{day}-{i},p{2000 + day * 10 + i},k{2000 + day * 10 + i},REL,BOND,{date(1)} 09:00,,," for i in range(10)]))
    site.later(days=1)
    for person in (1, 2991):
        site.register(f"p{person}", email=f"a{person}@example.org")
    rows = [row for i, old in enumerate(history)
            for row in ([old, f"m{i},p{i},k{i},REL,BOND,{date(1)} 09:00,,,"] if i % 10 == 1 else [old])]
    site.load("events", write(tmp_path / "mass.csv", rows))
    told = [mail.replace("=\n", "") for mail in site.mail() if "/c/" in mail]
    assert len(told) == 2 and all("may be a mistake" in mail for mail in told)


def test_a_next_list_whose_loading_is_killed_is_whole_or_nothing(site, tmp_path):
    jail = Roster(tmp_path / "jail", n=4000)
    site.run("feed", "add", jail.mapping)
    site.load("sample", jail.write("2025-04-01"))
    for number in list(jail.people)[:40]:
        jail.people.pop(number)
    for i in range(40):
        jail.people[9000 + i] = dict(next(iter(jail.people.values())), booking=f"B{9000 + i}", last=f"NEW{i}")
    site.register(1000, email="ana@example.org")
    second, draw = jail.write("2025-04-02"), random.Random(5)
    for _ in range(12):
        load_and_kill(site, second, draw.random() * 0.6)
        with sqlite3.connect(f"file:{site.path / 'tocsin.db'}?mode=ro", uri=True) as db:
            assert db.execute("SELECT count(*) FROM event WHERE kind = 8").fetchone()[0] in (0, 40)
    site.load("sample", second)
    assert len([mail for mail in site.mail() if "/c/" in mail]) == 1


def test_doctor_names_a_file_that_was_begun_and_never_ended(site, tmp_path):
    add_events_feed(site, tmp_path)
    file = write(tmp_path / "month.csv", list(rows(N)))
    process = subprocess.Popen([PROGRAM, "-C", str(site.path), "feed", "load", "events", str(file)],
                               stdout=subprocess.DEVNULL, env=site.environment())
    wait_for(lambda: states(site).get("month.csv") == LOADING)
    process.kill()
    process.wait()
    begun = lambda: {row["check"]: row for row in site.json("doctor", check=False)}["every file that was begun is ended"]
    assert begun()["ok"]  # it may be under way
    site.later(hours=2)
    assert not begun()["ok"] and "events: month.csv" in json.dumps(begun())
    site.load("events", file, "--no-send")
    assert begun()["ok"]
