"""serve: pushed events, registrations, the pages that messages link to, the console, its manners."""
import json
import re
import socket
import sqlite3
import time

import pytest

from conftest import Roster
from push import add_push_feed, event, push_events

@pytest.fixture
def pushed(site, serve, tmp_path):
    secret = add_push_feed(site, tmp_path)
    server = serve()

    def push(key, events, now=None, sign_with=secret):
        return push_events(server, sign_with, key, events, now)

    return server, push


def test_a_pushed_event_is_taken_once_and_answered_alike(pushed, site):
    _, push = pushed
    first = push("k1", [event(1, "booked")])
    assert first[0] == 200 and len(json.loads(first[1])["events"]) == 1
    assert push("k1", [event(1, "booked")])[:2] == first[:2]
    assert push("k1", [event(2, "released")])[0] == 409
    again = push("k2", [event(1, "booked")])
    assert again[0] == 200 and json.loads(again[1])["events"] == []
    assert [e["kind"] for e in site.json("person", "show", "7")[1:]] == ["booked"]


def test_only_the_source_can_push(pushed, site):
    server, push = pushed
    assert push("k1", [event(1, "booked")], sign_with="AAAA")[0] == 401
    assert push("k1", [event(1, "booked")], now=time.time() - 301)[0] == 401
    assert server.request("POST", "/v1/feeds/push/events", "[]")[0] == 401
    assert server.request("POST", "/v1/feeds/nothing/events", "[]")[0] == 401
    assert site.json("person", "search", "poplar") == []


def test_the_stores_log_does_not_grow_while_the_server_runs(pushed, site):
    """From 16 MB on it is copied into the database and begun again; and not only when the program ends."""
    _, push = pushed
    for i in range(150):
        assert push(f"k{i}", [event(f"{i}-{k}", "booked", person=str(i * 40 + k)) for k in range(40)])[0] == 200
    assert (site.path / "tocsin.db").stat().st_size > 2**20
    assert (site.path / "tocsin.db-wal").stat().st_size < 20 * 2**20


def test_bad_events_are_named_and_stop_nothing(pushed):
    _, push = pushed
    status, body, _ = push("k1", [event(1, "booked"), {"what": "booked"}, 7, event(2, "flew away", person="8")])
    answer = json.loads(body)
    assert status == 200 and answer["rows"] == 4 and len(answer["events"]) == 2
    assert [p["row"] for p in answer["problems"]] == [2, 3, 4]


def test_pushes_of_which_nothing_can_be_read_are_refused_and_paged(pushed, site):
    """As when the jail's program calls the person's number otherwise from one day to the next."""
    _, push = pushed
    push("k1", [event(1, "booked")])
    renamed = [{name.replace("person", "inmate"): value for name, value in event(2, "released").items()}]
    status, answer, _ = push("k2", renamed)
    assert status == 422 and "none of its 1 rows" in answer
    assert [a["answer"] for a in site.json("alert", "list") if a["purpose"] == "page"][0].startswith("What the feed push pushed")
    assert push("k2", [event(2, "released", when="2025-05-07T10:00:00-06:00")])[0] == 200  # the key was not used up
    assert [e["kind"] for e in site.json("person", "show", "7")[1:]] == ["booked", "released"]


def test_a_feeds_first_file_after_pushes_is_news(pushed, site, tmp_path):
    _, push = pushed
    push("k1", [event(1, "booked")])
    site.register(7)
    (tmp_path / "events.json").write_text(json.dumps([event(2, "released", when="2025-05-07T10:00:00-06:00")]))
    _, summary = site.load("push", tmp_path / "events.json")
    assert summary["alerts"] == 1


@pytest.mark.parametrize("when", ["1900-01-01T00:00:00Z", "9999-12-31T00:00:00Z", "2099-01-01T00:00:00Z", "yesterday", "NULL"])
def test_a_release_whose_date_cannot_be_is_a_release_at_an_unknown_time(pushed, site, when):
    """What is said to have happened has happened; a system's default date makes it no older than what is known."""
    server, push = pushed
    push("k1", [event(1, "booked")])
    register(server, site)
    assert push("k2", [event(2, "released", when=when)])[0] == 200
    told = site.json("person", "show", "7")[-1]
    assert told["kind"] == "released" and told["occurred_at"] is None and not told["late"]
    server.wait_until(lambda: [a["kind"] for a in site.json("alert", "list") if a["purpose"] == "alert"] == ["released"])
    assert [problem["field"] for problem in site.json("feed", "problems")] == ["occurred_at"]


def test_an_ending_that_was_overtaken_is_told_as_such_and_goes_to_a_person(pushed, site):
    """Keyed before the last move, say: it may be the one that counts. The page does not tell whether anybody follows them."""
    server, push = pushed
    push("k1", [event(1, "booked")])
    register(server, site)
    push("k2", [event(3, "recaptured", when="2025-05-07T10:00:00-06:00")])
    push("k3", [event(4, "status_changed"), event(5, "released", when="2025-05-07T09:00:00-06:00"),
                event(6, "escaped", when="2025-05-07T08:00:00-06:00")])
    page, = [a["answer"] for a in site.json("alert", "list") if a["purpose"] == "page"]
    assert "row 2 of push:" in page and '"released"' in page and "sample:7" not in page
    server.wait_until(lambda: len(site.notices()) == 2)
    for notice in site.notices():
        assert notice.startswith("As far as we know, Wren Poplar is in custody at") and "Before that," in notice
        assert "was released" not in notice and "escaped from" not in notice


def register(server, site, source="127.0.0.1", **more):
    body = json.dumps({"person": "sample:7", "email": "ana@example.org", "pin": "4711", "relation": "survivor", **more})
    before = len(site.mail())
    status, answer, _ = server.request("POST", "/v1/registrations", body, source=source)
    assert status == 202, answer
    server.wait_until(lambda: len(site.mail()) > before)
    code = re.search(r"^(\d{6})\s*$", site.mail()[-1].replace("\r", ""), re.M).group(1)
    registration = json.loads(answer)["registration"]
    path = f"/v1/registrations/{registration}/confirm"
    assert server.request("POST", path, json.dumps({"code": "x"}), source=source)[0] == 403
    assert server.request("POST", path, json.dumps({"code": code}), source=source)[0] == 200
    return registration


def test_a_contact_is_said_in_one_way_at_every_door(pushed, site):
    server, push = pushed
    push("k1", [event(1, "booked")])
    both = {"person": "sample:7", "email": "ana@example.org", "channel": "email", "contact": "ana@example.org", "pin": "4711"}
    status, answer, _ = server.request("POST", "/v1/registrations", json.dumps(both))
    said = site.run("watch", "add", *(f"--{name}={value}" for name, value in both.items()), check=False)
    assert status == 422 and said.returncode == 3 and "one of the two" in answer and "one of the two" in said.stderr
    del both["email"]
    assert server.request("POST", "/v1/registrations", json.dumps(both))[0] == 202


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_somebody_signs_up_by_hand(pushed, site):
    server, push = pushed
    push("k1", [event(1, "booked")])
    answers = []
    found = lambda: server.request("POST", "/v1/people/search", json.dumps({"text": "poplar"}),
                                   source=f"127.0.5.{len(answers) % 250}")[:2]
    server.wait_until(lambda: answers.append(found()) or '"person"' in answers[-1][1])
    people = json.loads(answers[-1][1])["people"]
    page = "/sign-up/" + people[0]["person"]
    status, form, headers = server.request("GET", page)
    assert status == 200 and "<form" in form and "POPLAR" not in form.upper() and headers["Cache-Control"] == "no-store"
    assert "<select" not in form  # there is one channel
    assert "Elija un PIN" in server.request("GET", page, headers={"Accept-Language": "es-MX"})[1]
    status, again, _ = server.request("POST", page, "contact=ana&pin=12", FORM)
    assert status == 422 and 'role="alert"' in again and "<form" in again
    assert server.request("POST", "/sign-up/nobody", "contact=ana%40x.test&pin=4711", FORM)[0] == 404
    status, asks, _ = server.request("POST", page, "contact=ana%40x.test&pin=4711", FORM)
    assert status == 200 and "code of six digits" in asks
    server.wait_until(lambda: len(site.mail()) == 1)
    code = re.search(r"^(\d{6})\s*$", site.mail()[0].replace("\r", ""), re.M).group(1)
    path = re.search(r'action="(/code/\w+)"', asks).group(1)
    status, again, _ = server.request("POST", path, "code=1", FORM)
    assert status == 403 and path in again
    status, again, _ = server.request("POST", "/code/%22%3E%3Cscript%3E", "code=1", FORM)
    assert status == 403 and "<script>" not in again  # no such registration, and no telling
    status, done, _ = server.request("POST", path, f"code={code}+", FORM)
    assert status == 200 and "<form" not in done
    assert [w["state"] for w in site.json("watch", "list")] == ["active"]
    push("k2", [event(2, "released", when="2025-05-07T10:00:00-06:00")])
    server.wait_until(lambda: len(site.mail()) == 2)


def test_nobody_learns_who_registered(pushed, site):
    """Whoever knows an address hears the same, whether or not it registered, follows the most it may, or was asked too often."""
    server, push = pushed
    push("k1", [event(i, "booked", str(i)) for i in range(5)])
    for person in "012":
        register(server, site, person=f"sample:{person}", source=f"127.0.2.{person}")
    ask = lambda n, who, **more: server.request("POST", "/v1/registrations", json.dumps(
        {"person": f"sample:{who}", "email": "ana@example.org", "pin": "4711", **more}), source=f"127.0.1.{n}")
    all_sent = lambda: {a["state"] for a in site.json("alert", "list")} == {"sent"}
    assert ask(1, 0)[0] == ask(2, 3)[0] == 202  # one that it follows, and a fourth
    server.wait_until(all_sent)  # a code that waits two days ends unsent
    site.later(days=2)
    made = [json.loads(ask(10 + n, 3, email="bea@example.org")[1])["registration"] for n in range(7)]
    server.wait_until(all_sent)
    assert len([mail for mail in site.mail() if "bea@" in mail]) == 5  # and no more a day
    wrong = [server.request("POST", f"/v1/registrations/{id}/confirm", '{"code": "x"}', source=f"127.0.3.{n}")[:2]
             for n, id in enumerate([*made, "nobody"])]
    assert len(set(wrong)) == 1 and wrong[0][0] == 403


def test_wrong_codes_do_not_make_room_for_more_codes(pushed, site):
    server, push = pushed
    push("k1", [event(1, "booked")])
    for n in range(7):
        status, answer, _ = server.request("POST", "/v1/registrations", json.dumps(
            {"person": "sample:7", "email": "ana@example.org", "pin": "4711"}), source=f"127.0.4.{n}")
        assert status == 202
        for _ in range(5):
            path = f"/v1/registrations/{json.loads(answer)['registration']}/confirm"
            assert server.request("POST", path, '{"code": "x"}', source=f"127.0.4.{n}")[0] == 403
    server.wait_until(lambda: {a["state"] for a in site.json("alert", "list")} <= {"sent", "ended"})
    assert len(site.mail()) <= 5


def links(mail):
    text = mail.replace("=\r\n", "").replace("=\n", "").replace("=3D", "=")
    return [re.search(rf"https?://[^/\s]+(/{page}/[\w.]+)", text).group(1) for page in "cu"]


def test_from_a_pushed_release_to_a_confirmed_alert(pushed, site):
    server, push = pushed
    push("k1", [event(1, "booked")])
    register(server, site)
    push("k2", [event(2, "released", when="2025-05-07T10:00:00-06:00")])
    server.wait_until(lambda: len(site.mail()) == 2)
    confirm, stop = links(site.mail()[-1])
    status, page, headers = server.request("GET", confirm)
    assert status == 200 and "POPLAR" not in page.upper() and headers["Cache-Control"] == "no-store"
    assert len(page) < 60_000 and "<form" in page
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert server.request("POST", confirm, "pin=0000", form)[0] == 422
    assert server.request("POST", confirm, "pin=4711", form)[0] == 200
    assert [a["state"] for a in site.json("alert", "list") if a["purpose"] == "alert"] == ["confirmed"]
    assert server.request("GET", confirm[:-1] + ("y" if confirm.endswith("x") else "x"))[0] == 404
    assert server.request("POST", stop, "List-Unsubscribe=One-Click", form)[0] == 200
    server.wait_until(lambda: site.json("watch", "list")[0]["state"] == "ended")
    server.wait_until(lambda: len(site.mail()) == 3)


def test_five_wrong_pins_go_to_a_person(pushed, site):
    server, push = pushed
    push("k1", [event(1, "booked")])
    register(server, site)
    push("k2", [event(2, "escaped", when="2025-05-07T10:00:00-06:00")])
    server.wait_until(lambda: len(site.mail()) == 2)
    confirm, _ = links(site.mail()[-1])
    statuses = [server.request("POST", confirm, "pin=9999")[0] for _ in range(5)]
    assert statuses == [422] * 4 + [403]
    assert server.request("POST", confirm, "pin=4711")[0] == 403
    assert [a["state"] for a in site.json("alert", "list", "--waiting")] == ["needs_person"]


def test_pages_speak_the_registrants_language(pushed, site):
    server, push = pushed
    push("k1", [event(1, "booked")])
    register(server, site, language="es")
    push("k2", [event(2, "died", when="2025-05-07T10:00:00-06:00")])
    server.wait_until(lambda: len(site.mail()) == 2)
    confirm, stop = links(site.mail()[-1])
    assert 'lang="es"' in server.request("GET", confirm)[1] and "Dejar de recibir avisos" in server.request("GET", stop)[1]


def test_a_dropped_file_is_taken_when_it_is_whole(site, serve, roster, tmp_path):
    """A file that ends within a row is waited for six times as long as a whole one, which came later here."""
    drops = {feed: tmp_path / f"drop-{feed}" for feed in ("sample", "whole")}
    site.configure("drop_settle: 3s\n")
    for feed, drop in drops.items():
        drop.mkdir()
        site.run("feed", "add", Roster(tmp_path / feed, feed=feed).mapping, "--drop", drop)
    server = serve()
    content = roster.write("2025-04-01").read_bytes()

    def people():
        return {status["feed"]: status["people"] for status in site.json("feed", "status")}

    (drops["sample"] / "roster_2025-03-31.csv.part").write_bytes(content)
    (drops["sample"] / "roster_2025-04-01.csv").write_bytes(content[:2000])
    (drops["whole"] / "roster_2025-04-01.csv").write_bytes(content)
    server.wait_until(lambda: people()["whole"] == 200)
    assert people()["sample"] == 0
    (drops["sample"] / "roster_2025-04-01.csv").write_bytes(content)
    server.wait_until(lambda: people()["sample"] == 200)


def test_a_folder_that_is_gone_is_said_and_holds_up_no_other(site, serve, roster, tmp_path):
    site.configure("drop_settle: 1s\n")
    for feed in ("gone", "other"):
        (tmp_path / f"drop-{feed}").mkdir()
        site.run("feed", "add", Roster(tmp_path / feed, feed=feed).mapping, "--drop", tmp_path / f"drop-{feed}")
    (tmp_path / "drop-gone").rmdir()
    server = serve()
    (tmp_path / "drop-other" / "roster_2025-04-01.csv").write_bytes(roster.write("2025-04-01").read_bytes())
    server.wait_until(lambda: {s["feed"]: s["people"] for s in site.json("feed", "status")}["other"] == 200)
    said = [line for line in (site.path / "serve.log").read_text().splitlines() if "drop-gone" in line]
    assert said and all('"error"' in line or "operator page" in line for line in said)


def test_the_console_needs_its_key_and_decides(site, serve, roster):
    site.run("feed", "add", roster.mapping)
    site.load("sample", roster.write("2025-04-01"))
    site.load("sample", roster.write("2025-04-02", list(roster.people)[:50]))
    server = serve()
    log = site.path / "serve.log"
    server.wait_until(lambda: "/console/" in log.read_text())
    path = re.search(r"http://[^/]+(/console/\S+)", log.read_text()).group(1)
    assert server.request("GET", "/console")[0] == 403
    assert server.request("GET", "/console/key.wrong")[0] == 404
    status, _, headers = server.request("GET", path)
    cookie = {"Cookie": headers["Set-Cookie"].split(";")[0]}
    status, page, _ = server.request("GET", "/console", headers=cookie)
    assert status == 200 and "The list is wrong" in page
    token = re.search(r'name="token" value="([^"]+)"', page).group(1)
    assert server.request("POST", "/console/decide", f"token={token}&decision=reject")[0] == 403  # no cookie
    assert server.request("POST", "/console/decide", "token=x&decision=reject", cookie)[0] == 403
    assert server.request("POST", "/console/decide", f"token={token}&decision=reject", cookie)[0] == 303
    assert site.json("feed", "status")[0]["state"] in ("alive", "silent")


def raw(port, text):
    with socket.create_connection(("127.0.0.1", port), timeout=60) as sock:
        sock.sendall(text.encode())
        sock.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
    return answer.decode(errors="replace")


@pytest.mark.parametrize("request_text", [
    "POST /v1/registrations HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST /v1/registrations HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "GET /healthz HTTP/1.1\r\n\r\n",
])
def test_requests_that_two_parsers_read_differently_are_refused(serve, request_text):
    assert raw(serve().port, request_text).split(" ")[1] == "400"


def test_health_metrics_and_unknown_addresses(pushed, site):
    server, push = pushed
    push("k1", [event(1, "booked")])
    assert server.request("GET", "/readyz")[0] == 200
    metrics = server.request("GET", "/metrics")[1]
    assert 'tocsin_feed_silent{feed="push"} 0' in metrics and "POPLAR" not in metrics
    assert server.request("GET", "/nothing")[0] == 404
    assert server.request("PUT", "/healthz")[0] == 405
    problem = json.loads(server.request("POST", "/v1/registrations", "{")[1])
    assert problem["status"] == 400


def test_a_server_that_refuses_pushes_is_not_ready(pushed, site):
    server, push = pushed
    push("k1", [event(1, "booked")])
    with sqlite3.connect(site.path / "tocsin.db") as db:  # what the disk would do
        for table in ("event", "duty"):  # the leases, too, or what is written next would go through
            for what in ("INSERT", "UPDATE"):
                db.execute(f"CREATE TRIGGER full_{table}_{what} BEFORE {what} ON {table} "
                           "BEGIN SELECT raise(ROLLBACK, 'the disk is full'); END")
    assert push("k2", [event(2, "booked", "2")])[0] >= 500
    status, words, _ = server.request("GET", "/readyz")
    assert status == 503 and "refused" in words and server.request("GET", "/healthz")[0] == 200
    with sqlite3.connect(site.path / "tocsin.db") as db:
        for table in ("event", "duty"):
            for what in ("INSERT", "UPDATE"):
                db.execute(f"DROP TRIGGER full_{table}_{what}")
    assert push("k3", [event(3, "booked", "3")])[0] < 300
    assert server.request("GET", "/readyz")[0] == 200


def test_logs_carry_no_name_and_no_contact(pushed, site):
    server, push = pushed
    push("k1", [event(1, "booked")])
    register(server, site)
    push("k2", [event(2, "released", when="2025-05-07T10:00:00-06:00")])
    server.wait_until(lambda: len(site.mail()) == 2)
    server.stop()
    log = (site.path / "serve.log").read_text()
    assert "example.org" not in log and "poplar" not in log.lower()


def test_guessing_is_slowed_down(serve):
    server, statuses, began = serve(), [], time.monotonic()
    while 429 not in statuses:
        statuses.append(server.request("POST", "/v1/registrations", "{")[0])
        assert len(statuses) <= 21 + (time.monotonic() - began) / 3  # one more every three seconds
    assert statuses[:20] == [400] * 20 and set(statuses[:-1]) == {400}
