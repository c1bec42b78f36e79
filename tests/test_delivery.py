"""Delivery to a real Postfix: what it takes, refuses, never answers; and kill -9 at any moment."""
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import pytest

from conftest import PROGRAM, Site, free_port
from postfix import Postfix

KILLS = int(os.environ.get("TOCSIN_KILLS", "200"))

pytestmark = pytest.mark.skipif(os.getuid() != 0 or not shutil.which("postfix"),
                                reason="a private Postfix needs root and the package postfix")


@pytest.fixture(scope="module")
def postfix():
    # Not in pytest's own folder: another pytest that starts meanwhile closes that to other users.
    folder = tempfile.mkdtemp(prefix="tocsin-postfix-")
    server = Postfix(folder, free_port(), tls=True)
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


def smtp_config(port, **more):
    return (f"mail:\n  transport: smtp\n  server: smtp://127.0.0.1:{port}\n  starttls: {more.pop('starttls', 'never')}\n"
            "  from: notices@x.test\n" + "".join(f"  {key}: {value}\n" for key, value in more.items())
            + "schedule: {retry: [1s], remind_every: 30m, give_up_after: 48h}\n")


def empty(postfix):
    for file in (postfix.boxes / "all" / "new").glob("*"):
        file.unlink()


def take_up(site, roster):
    """A baseline, loaded while mail still goes into the Maildir, so that codes can be read."""
    site.run("feed", "add", roster.mapping)
    site.load("sample", roster.write("2025-04-01"))


def states(site):
    return [a["state"] for a in site.json("alert", "list") if a["purpose"] == "alert"]


def wait_until(is_true, seconds=300):
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end, "it did not come to pass in time"
        time.sleep(0.1)


def is_listening(port):
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def send_all(site):
    """Sends, again and again as the schedule wants, until nothing waits."""
    def is_all_sent():
        site.run("alert", "send", check=False)
        return not {"queued", "sending"} & set(states(site))
    wait_until(is_all_sent)


def test_an_alert_reaches_a_mailbox_over_starttls(site, roster, postfix):
    empty(postfix)
    take_up(site, roster)
    site.register(1005, email="ana@x.test")
    site.configure(smtp_config(postfix.port, starttls="required", ca_file=postfix.folder / "cert.pem"))
    site.load("sample", roster.write("2025-04-02", [n for n in roster.people if n != 1005]))
    mail, = postfix.messages()
    assert "Delivered-To: ana@x.test" in mail and "no longer shows" in mail.replace("=\n", "")
    assert "TLS" in mail.split("\n\n")[0]
    assert states(site) == ["sent"]


def test_without_a_trusted_certificate_nothing_leaves(site, roster, postfix):
    empty(postfix)
    take_up(site, roster)
    site.register(1005, email="ana@x.test")
    site.configure(smtp_config(postfix.port, starttls="required"))
    site.load("sample", roster.write("2025-04-02", [n for n in roster.people if n != 1005]))
    assert postfix.messages() == [] and states(site) == ["queued"]


def test_4xx_is_tried_again_and_5xx_goes_to_the_operator(site, roster, postfix):
    empty(postfix)
    take_up(site, roster)
    for person, name in ((1001, "temp"), (1002, "perm"), (1003, "ana")):
        site.register(person, email=f"{name}@x.test")
    site.configure("operator_email: operator@x.test\n" + smtp_config(postfix.port).replace("retry: [1s]", "retry: [30m]"))
    site.load("sample", roster.write("2025-04-02", [n for n in roster.people if n > 1003]))
    assert sorted(states(site)) == ["needs_person", "queued", "sent"]
    delivered = postfix.messages()
    assert sorted(re.search(r"^To: (\S+)", mail, re.M).group(1) for mail in delivered) == ["ana@x.test", "operator@x.test"]
    waiting, = site.json("alert", "list", "--waiting")
    assert waiting["answer"].startswith("550") and "perm" not in waiting["answer"]
    site.later(minutes=30)
    site.run("alert", "send", check=False)
    assert max(a["attempts"] for a in site.json("alert", "list") if a["state"] == "queued") == 2


@pytest.mark.parametrize("option", ["-q .", "-f MAIL", "-f CONNECT"])
def test_a_server_that_misbehaves_loses_nothing(site, roster, postfix, option):
    """Drops after the whole message without an answer; refuses the sender; refuses to talk."""
    empty(postfix)
    take_up(site, roster)
    site.register(1005, email="ana@x.test")
    port = free_port()
    sink = subprocess.Popen(["smtp-sink", "-u", "nobody", "-c", *option.split(), f"127.0.0.1:{port}", "100"],
                            stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: is_listening(port))
        site.configure(smtp_config(port))
        site.load("sample", roster.write("2025-04-02", [n for n in roster.people if n != 1005]))
        assert states(site) == ["queued"]
    finally:
        sink.kill()
    site.configure(smtp_config(postfix.port))
    send_all(site)
    assert len(postfix.messages()) == 1 and states(site) == ["sent"]


def kill_often(site, files, kills, rng, n_beside):
    """Loads the files and sends, over and over, killed at random moments; on a slow machine, later. With one beside it
    that sends too, either of the two is killed, and the other goes on."""
    began = time.monotonic()
    site.run("alert", "list")
    longest, done = max(0.6, 6 * (time.monotonic() - began)), 0
    while done < kills:
        words = ["feed", "load", "sample", *map(str, files)] if done % 2 else ["alert", "send"]
        processes = [subprocess.Popen([PROGRAM, "-C", str(site.path), *each], stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL) for each in [words] + [["alert", "send"]] * n_beside]
        process = rng.choice(processes)
        time.sleep(rng.random() ** 2 * longest)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            done += 1
        for process in processes:
            process.wait()


def message_ids(mails):
    return [re.search(r"^Message-ID: (\S+)", mail, re.M | re.I).group(1) for mail in mails]


@pytest.mark.soak("kills")
@pytest.mark.full
@pytest.mark.parametrize("kills, n_beside", [(KILLS, 0), (KILLS // 4, 1)], ids=["alone", "two senders"])
def test_killed_at_any_moment_it_loses_no_alert(site, roster, postfix, kills, n_beside):
    """Load and delivery are killed again and again; in the end everyone was told everything, and what
    came twice came under one Message-ID."""
    empty(postfix)
    take_up(site, roster)
    watched = list(roster.people)[:60]
    for i, person in enumerate(watched):
        site.register(person, email=f"r{i}@x.test")
    site.configure("mail:\n  connections: 4\n" + smtp_config(postfix.port).removeprefix("mail:\n"))
    days = []
    for day in range(2, 12):  # every person leaves once and comes back, a few each day
        gone = watched[(day - 2) * 6:(day - 1) * 6]
        days.append(roster.write(f"2025-04-{day:02d}", [n for n in roster.people if n not in gone]))
    days.append(roster.write("2025-04-12"))
    rng = random.Random(4)
    for n in range(1, len(days) + 1):
        kill_often(site, days[:n], kills * n // len(days) - kills * (n - 1) // len(days), rng, n_beside)
        if n % 2:  # every other day ends well before the next comes: however slow the machine, much is owed
            site.run("feed", "load", "sample", *days[:n], "--no-send")
            send_all(site)

    alerts = [a for a in site.json("alert", "list") if a["purpose"] == "alert"]
    kinds = {}
    for alert in reversed(alerts):
        kinds.setdefault(alert["registration"], []).append((alert["kind"], alert["state"]))
    # Everyone was told of both, or, when the second came before the first had left, of neither.
    for told in kinds.values():
        assert told in ([("left_roster", "superseded"), ("back_on_roster", "sent")], [("left_roster", "withdrawn")]), told
    assert len(kinds) == len(watched)
    owed = {a["alert"] for a in alerts if a["state"] != "withdrawn"}
    assert len(owed) >= len(watched)

    ids = message_ids(postfix.messages())
    assert {i.strip("<>").split(".")[0] for i in ids} == owed
    assert all(".0@" in i for i in ids)
    repeated = len(ids) - len(set(ids))
    # A repeat needs a try that was under way at a kill: the alert counts it.
    assert repeated <= sum(a["attempts"] - 1 for a in alerts if a["attempts"])
    report = f"| {kills}{', with two senders' * n_beside} | {len(owed)} | {len(owed - {i.strip('<>').split('.')[0] for i in ids})} | {repeated} |"
    if "TOCSIN_REPORT" in os.environ:
        with open(os.environ["TOCSIN_REPORT"], "a", encoding="utf-8") as file:
            file.write(report + "\n")
