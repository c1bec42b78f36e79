"""Sending by lease: several senders on one site, one that stops in the middle, results that cannot be written."""
import fcntl
import http.server
import os
import re
import signal
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from conftest import Server
from smtp_peer import Peer


@pytest.fixture
def peer():
    made = Peer()
    yield made
    made.stop()


@pytest.fixture
def site(site, roster, peer):
    """A site with 20 people and a feed's baseline, whose mail goes to the peer from here on."""
    roster.mapping.write_text(roster.mapping.read_text().replace("interval: 24h", "interval: 1000d"))  # never silent
    site.run("feed", "add", roster.mapping)
    site.load("sample", roster.write("2025-04-01"))
    for number in range(1000, 1020):
        site.register(number, email=f"ana{number // 3}@x.test")
    site.configure(f"mail: {{transport: smtp, server: 'smtp://127.0.0.1:{peer.port}', starttls: never, from: n@x.test}}\n"
                   "schedule: {retry: [1s], remind_every: 24h}\n")
    return site


def alerts(site):
    return [a for a in site.json("alert", "list") if a["purpose"] == "alert"]


def states(site):
    return Counter(a["state"] for a in alerts(site))


def wait_until_unknown(site):
    end = time.monotonic() + 120
    while (seen := states(site)) != {"unknown": 1}:
        assert time.monotonic() < end and seen == {"sending": 1}


def releases(site, roster, numbers, day="2025-04-02", send=False):
    for number in numbers:
        roster.people.pop(number, None)
    site.run("feed", "load", "sample", roster.write(day), *([] if send else ["--no-send"]))


def freeze(server):
    """Stops the process, but not in the middle of a transaction: the store's lock would stay with it, and all would wait."""
    for _ in range(1000):
        server.process.send_signal(signal.SIGSTOP)
        while Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "T":
            pass
        with (server.site.path / "tocsin.db.lock").open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                server.process.send_signal(signal.SIGCONT)
                time.sleep(0.001)  # for it to end what it is in, however busy the machine is
    raise AssertionError("it is always in a transaction")


@pytest.fixture
def servers(site):
    made = []

    def start():
        made.append(Server(site))
        return made[-1]

    yield start
    for server in made:
        if server.process.poll() is None:
            server.process.send_signal(signal.SIGCONT)
            server.stop()


def test_two_senders_share_the_work_and_each_can_do_it_alone(site, roster, peer, servers):
    """Whatever each of them sends, nothing leaves twice and nothing is lost; and neither waits for the other. Each has one
    connection, and the first two messages are answered when both are under way."""
    site.configure((site.path / "site.yaml").read_text().replace("from: n@x.test", "from: n@x.test, connections: 1"))
    both, first, second = threading.Barrier(2), servers(), servers()

    def answer(message):
        if len(peer.messages) <= 2:
            both.wait(120)
        return "250 ok"

    peer.answer = answer
    releases(site, roster, range(1000, 1006))
    first.wait_until(lambda: states(site) == {"sent": 6})
    assert len(peer.messages) == 6 and set(Counter(peer.ids()).values()) == {1}
    peer.answer = lambda message: "250 ok"
    for stopped, going, numbers, day in ((first, second, range(1006, 1009), "2025-04-03"),
                                         (second, first, range(1009, 1012), "2025-04-04")):
        freeze(stopped)
        n = sum(states(site).values())
        releases(site, roster, numbers, day)
        going.wait_until(lambda: states(site) == {"sent": n + 3})
        stopped.process.send_signal(signal.SIGCONT)
    assert set(Counter(peer.ids()).values()) == {1}
    assert first.stop() == 0 and second.stop() == 0


def test_a_sender_that_was_stopped_past_its_lease_settles_nothing(site, roster, peer, servers):
    """It has handed the message over when it is stopped; another takes over and is told "taken"; then the first wakes,
    and its peer says that it will never take it. That must change nothing."""
    wakes = threading.Event()

    def answer(message):
        if len(peer.messages) == 1:
            wakes.wait(120)
            return "550 5.1.1 no such user"
        return "250 2.0.0 taken"

    peer.answer = answer
    first = servers()
    releases(site, roster, [1000])
    first.wait_until(lambda: len(peer.messages) == 1)
    freeze(first)
    second = servers()
    second.wait_until(lambda: states(site) == {"sent": 1})
    assert len(peer.messages) == 2 and len(set(peer.ids())) == 1  # tried again, under the same key
    first.process.send_signal(signal.SIGCONT)
    wakes.set()
    log = site.path / "serve.log"
    first.wait_until(lambda: "counts no more" in log.read_text())
    assert states(site) == {"sent": 1}  # not with a person, though the first was refused
    assert len(peer.messages) == 2


def test_whose_sender_was_killed_is_unknown_and_then_tried_again_under_the_same_key(site, roster, peer, servers):
    held = threading.Event()
    peer.answer = lambda message: "250 ok" if len(peer.messages) > 1 or held.wait(120) else "250 late"
    first = servers()
    releases(site, roster, [1000])
    first.wait_until(lambda: len(peer.messages) == 1)
    assert states(site) == {"sending": 1}
    first.process.kill()
    first.process.wait()
    wait_until_unknown(site)
    site.run("alert", "send")
    assert states(site) == {"sent": 1}
    assert len(peer.messages) == 2 and len(set(peer.ids())) == 1


@pytest.mark.full
def test_who_is_told_to_stop_keeps_what_is_under_way(site, roster, peer, servers):
    """A peer that takes longer than a lease to say yes: the message is not taken up by another meanwhile."""
    lease_s, held = 20, threading.Event()
    peer.answer = lambda message: "250 ok" if held.wait(120) else "250 late"
    first = servers()
    releases(site, roster, [1000])
    first.wait_until(lambda: len(peer.messages) == 1)
    began = time.monotonic()
    first.process.terminate()
    second = servers()
    while time.monotonic() < began + lease_s + 5:
        assert states(site) == {"sending": 1} and len(peer.messages) == 1
    held.set()
    assert first.process.wait(60) == 0 and states(site) == {"sent": 1}
    assert second.stop() == 0 and len(peer.messages) == 1


@pytest.mark.full
def test_a_locked_database_ends_the_command_within_bounds(site, roster, peer):
    """Somebody else holds the database when the result comes, and never lets go."""
    def answer(message):
        lock = sqlite3.connect(site.path / "tocsin.db", check_same_thread=False)
        lock.execute("BEGIN IMMEDIATE")
        locks.append(lock)
        return "250 ok"

    locks, peer.answer = [], answer
    roster.people.pop(1000)
    done = site.run("feed", "load", "sample", roster.write("2025-04-02"), check=False, timeout=120)
    locks.pop().close()
    assert done.returncode == 8 and "whether it left is unknown" in done.stderr
    wait_until_unknown(site)


@pytest.mark.parametrize("answer", ["451 4.3.0 not now", "251 2.1.5 taken, to be passed on", "150 what?", None])
def test_what_surely_did_not_leave_is_taken_back_and_what_may_have_is_corrected(site, roster, peer, answer):
    """Put off by the server: nobody read it. Taken, in whatever words, or all of it given and no answer: somebody may have."""
    def answer_or_hang_up(message):
        if not answer:
            raise OSError
        return answer

    peer.answer, person = answer_or_hang_up, roster.people[1000]
    releases(site, roster, [1000], send=True)
    peer.answer = lambda message: "250 ok"
    roster.people[1000] = person
    site.load("sample", roster.write("2025-04-03"))
    assert sorted((a["kind"], a["state"]) for a in alerts(site)) == (
        [("left_roster", "withdrawn")] if answer and answer.startswith("4") else [("back_on_roster", "sent"), ("left_roster", "superseded")])


def test_what_is_corrected_while_it_is_tried_and_does_not_leave_is_not_sent_at_all(site, roster, peer, servers):
    """Not the untrue news first and its correction after it."""
    held, person = threading.Event(), roster.people[1000]
    peer.answer = lambda message: "451 4.3.0 not now" if held.wait(60) else "250 late"
    server = servers()
    releases(site, roster, [1000])
    server.wait_until(lambda: len(peer.messages) == 1)
    roster.people[1000] = person
    site.run("feed", "load", "sample", roster.write("2025-04-03"), "--no-send")
    assert states(site) == {"sending": 1, "queued": 1}
    peer.answer = lambda message: "250 ok"
    held.set()
    server.wait_until(lambda: states(site) == {"withdrawn": 2})
    assert len(peer.messages) == 1


def test_what_was_owed_before_a_registration_expired_is_still_told(site, roster, peer):
    taken, peer.answer = peer.answer, lambda message: "451 4.3.0 not now"
    site.configure((site.path / "site.yaml").read_text().replace("remind_every: 24h", "remind_every: 24h, give_up_after: 240h"))
    site.later(days=729)  # they last for two years
    releases(site, roster, [1000], send=True)
    assert states(site) == {"queued": 1}
    site.later(days=2)
    releases(site, roster, [1001], "2025-04-03", send=True)  # nobody is registered any more
    peer.answer = taken
    site.later(hours=1)
    site.run("alert", "send")
    assert states(site) == {"sent": 1}


def test_a_result_that_cannot_be_written_ends_the_command_and_is_not_known(site, roster, peer):
    with closing(sqlite3.connect(site.path / "tocsin.db")) as db:  # claims can be written, results cannot
        db.execute("CREATE TRIGGER full BEFORE UPDATE ON alert WHEN NEW.state <> 1 "
                   "BEGIN SELECT raise(ABORT, 'the disk is full'); END")
        db.commit()
    roster.people.pop(1000)
    done = site.run("feed", "load", "sample", roster.write("2025-04-02"), check=False, timeout=90)
    assert done.returncode == 8 and "the disk is full" in done.stderr
    assert done.stderr.count("could not be written; trying again") == 4  # and once more, the last
    assert len(peer.messages) == 1  # it did leave
    wait_until_unknown(site)
    with closing(sqlite3.connect(site.path / "tocsin.db")) as db:
        db.execute("DROP TRIGGER full")
        db.commit()
    site.run("alert", "send")
    assert states(site) == {"sent": 1} and len(set(peer.ids())) == 1


def test_a_command_sends_what_it_made_whoever_serves(site, roster, peer, servers):
    """The server may be paused, or stopping with a message under way, or killed a moment ago: nothing waits for it."""
    server, held = servers(), threading.Event()
    freeze(server)
    releases(site, roster, [1000], send=True)
    assert states(site) == {"sent": 1}
    server.process.send_signal(signal.SIGCONT)
    peer.answer = lambda message: "250 ok" if len(peer.messages) != 2 or held.wait(120) else "250 late"
    releases(site, roster, [1001], "2025-04-03")
    server.wait_until(lambda: len(peer.messages) == 2)
    server.process.terminate()
    releases(site, roster, [1002], "2025-04-04", send=True)
    assert states(site) == {"sent": 2, "sending": 1}
    server.process.kill()
    server.process.wait()
    releases(site, roster, [1003], "2025-04-05", send=True)
    assert states(site)["sent"] == 3
    held.set()


def test_two_servers_load_a_folder_once(site, roster, servers, tmp_path):
    folder = tmp_path / "drop"
    folder.mkdir()
    site.run("feed", "add", roster.mapping, "--drop", folder)
    first, second = servers(), servers()
    roster.people.pop(1000)
    os.replace(roster.write("2025-04-02"), folder / "2025-04-02.csv")
    first.wait_until(lambda: states(site) == {"sent": 1})
    log = (site.path / "serve.log").read_text()
    assert log.count('"file loaded"') == 1 and "taken before" not in log
    for server in (first, second):
        assert server.stop() == 0


def subjects_of(peer):
    return [re.search(r"^To: <?(\w+)@", m, re.M).group(1) for m in peer.messages]


def test_a_release_waits_behind_no_reminder_and_no_other_news(site, roster, peer):
    site.configure((site.path / "site.yaml").read_text().replace("starttls: never", "starttls: never, connections: 1"))
    releases(site, roster, range(1000, 1003), send=True)
    assert states(site)["sent"] >= 3
    site.later(hours=25)  # reminders are due
    for number in range(1006, 1012):
        roster.people[number]["unit"] = "ANNEX"
    site.later(minutes=1)
    releases(site, roster, [1015], "2025-04-03")
    before = len(peer.messages)
    site.run("alert", "send", check=False)
    assert len(peer.messages) == before + 10
    assert subjects_of(peer)[before] == f"ana{1015 // 3}"


def test_a_mail_server_that_takes_nothing_is_logged_twice_and_seen(site, roster, peer, servers):
    peer.answer = lambda message: "451 4.3.0 not now"
    server = servers()
    releases(site, roster, range(1000, 1003))
    server.wait_until(lambda: [a for a in alerts(site) if a["attempts"] >= 2])
    metrics = server.request("GET", "/metrics")[1]
    assert re.search(r'tocsin_alerts{state="retrying"} [1-9]', metrics)
    said = [check for check in site.json("doctor", check=False) if not check["ok"]]
    assert [check for check in said if "tried in vain" in check["remedy"] and "451" in check["remedy"]]
    peer.answer = lambda message: "250 ok"
    site.later(minutes=30)
    server.wait_until(lambda: states(site)["queued"] == 0)
    log = (site.path / "serve.log").read_text()
    assert log.count("messages cannot be handed over") == 1 and log.count("messages are handed over again") == 1
    assert 'state="retrying"} 0' in server.request("GET", "/metrics")[1]


@pytest.fixture
def monitor():
    """A monitoring service: how often it was called."""
    class Called(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            calls.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    calls = []
    listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Called)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    yield listener.server_port, calls
    listener.shutdown()


def test_a_monitor_hears_once_a_minute_while_news_moves(site, roster, peer, servers, monitor):
    port, calls = monitor
    site.configure((site.path / "site.yaml").read_text() + f"watchdog_url: 'http://127.0.0.1:{port}/ping/1'\n")
    server = servers()
    server.wait_until(lambda: calls == ["/ping/1"])
    site.later(minutes=1)
    server.wait_until(lambda: len(calls) == 2)
    peer.answer = lambda message: "451 4.3.0 not now"
    releases(site, roster, range(1000, 1003))
    site.later(minutes=16)
    log = site.path / "serve.log"
    server.wait_until(lambda: "has not left for a quarter of an hour" in log.read_text())
    n = len(calls)
    assert n <= 3
    site.later(minutes=2)
    peer.answer = lambda message: "250 ok"
    server.wait_until(lambda: len(calls) == n + 1)
    assert "hears again" in log.read_text() and states(site)["queued"] == 0
