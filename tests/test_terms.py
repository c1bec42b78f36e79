"""A registration's time: a test notice, warnings before the end, renewal, and what is owed when it ends."""
import email
import email.policy
import json
import re
import sqlite3
import urllib.parse

import pytest

from test_cli import take_up, take_up_events, write_events

OPERATOR = "operator@example.org"


def texts(site, to):
    """What came to that address: (subject, words on one line), oldest first."""
    parsed = [email.message_from_string(text, policy=email.policy.default) for text in site.all_mail()]
    return [(message["Subject"], " ".join(message.get_body(("plain",)).get_content().split())) for message in parsed
            if message["To"] == to]


def keys(site):
    with sqlite3.connect(site.path / "keys" / "contacts.db") as db:
        return {row[0] for row in db.execute("SELECT registration_id FROM contact_key")}


def link(words, place):
    return urllib.parse.urlparse(re.search(rf"http\S+/{place}/\S+", words)[0]).path


def days_pass(server, days):
    """Until what the clock asks of registrations, and of what is kept, has been done and has left."""
    leap = max(days - 1.2, 0)  # after which the clock is not believed for a day
    for length in ({"days": leap}, {"days": days - leap}, {"seconds": 70}):
        for then in (length, {"seconds": 21}):  # the clock may leap in the middle of a round, but not of the next
            server.site.later(**then)
            server.wait_until(lambda: ticked(server.site))


def ticked(site):
    with sqlite3.connect(f"file:{site.path / 'tocsin.db'}?mode=ro", uri=True) as db:
        waits = db.execute("SELECT count(*) FROM alert WHERE next_at_us IS NOT NULL AND next_at_us <= ?",
                           (int(site.now() * 1e6),)).fetchone()[0]
        late = db.execute("SELECT count(*) FROM duty WHERE duty = 'hours' AND until_at_us BETWEEN ?1 AND ?1 + 60000000",
                          (int(site.now() * 1e6),)).fetchone()[0]
    return not waits and late


def test_a_test_notice_shows_how_one_looks_and_can_be_confirmed(site, roster, serve):
    take_up(site, roster)
    mine = site.register(1005, email="ana@example.org")
    before = len(texts(site, "ana@example.org"))
    site.run("watch", "test", mine)
    (subject, words), = texts(site, "ana@example.org")[before:]
    assert "This is a test message. It says nothing new about the person." in words and subject == "New notice"
    assert "SAMPLE" not in words  # nobody's name is told in it
    server = serve()
    status, _, _ = server.request("POST", link(words, "c"), "pin=4711",
                                  {"Content-Type": "application/x-www-form-urlencoded"})
    assert status == 200
    (state,) = {alert["state"] for alert in map(dict, site_alerts(site)) if alert["purpose"] == "test"}
    assert state == "confirmed"
    assert site.run("watch", "test", "nobody", check=False).returncode == 4


def site_alerts(site):
    return [json.loads(line) for line in site.run("alert", "list", "--json").stdout.splitlines()]


def test_confirming_a_test_confirms_no_news(site, roster, serve):
    take_up(site, roster)
    mine = site.register(1005, events="status_changed", email="ana@example.org")
    roster.people[1005]["status"] = "court"
    site.load("sample", roster.write("2025-04-02"))
    site.run("watch", "test", mine)
    words = texts(site, "ana@example.org")[-1][1]
    assert "This is a test" in words
    server = serve()
    server.request("POST", link(words, "c"), "pin=4711", {"Content-Type": "application/x-www-form-urlencoded"})
    states = {alert["kind"]: alert["state"] for alert in site_alerts(site) if alert["purpose"] == "alert"}
    assert states["status_changed"] == "sent"


def test_who_signs_up_on_somebody_of_whom_nothing_is_known_sees_how_a_notice_looks(site, tmp_path):
    take_up_events(site, tmp_path)
    site.load("events", write_events(tmp_path, "first", ["1,77,B77,OOPS,,2025-04-01 10:00,9"]))
    site.register(77, email="ana@example.org")
    assert "This is a test message. It says nothing new about the person." in texts(site, "ana@example.org")[-1][1]


def test_who_signs_up_sees_with_what_is_known_how_a_notice_looks(site, roster):
    take_up(site, roster)
    site.register(1005, email="ana@example.org")
    words = texts(site, "ana@example.org")[-1][1]
    assert "That notice will look like this one." in words and "This is a test" not in words


@pytest.mark.parametrize("language,ends,over", [("en", "Your notices end on ", "Your notices have ended"),
                                                ("es", "Sus avisos terminan el ", "Sus avisos han terminado")])
def test_the_end_is_written_of_twice_and_then_the_contact_is_deleted(site, roster, serve, language, ends, over):
    take_up(site, roster)
    mine = site.register(1005, email="ana@example.org", expires="60d", language=language, events="released")
    before = len(texts(site, "ana@example.org"))
    server = serve()
    days_pass(server, 28)
    assert len(texts(site, "ana@example.org")) == before
    days_pass(server, 8)
    (_, first), = texts(site, "ana@example.org")[before:]
    assert ends in first and "/r/" in first
    days_pass(server, 20)
    _, (_, second) = texts(site, "ana@example.org")[before:]
    assert ends in second and mine in keys(site)
    days_pass(server, 8)
    *_, (_, last) = texts(site, "ana@example.org")
    assert len(texts(site, "ana@example.org")) == before + 3 and over in last and "/r/" not in last
    assert mine not in keys(site)
    assert [row["state"] for row in site.json("watch", "list")] == ["ended"]
    # The link of the warning renews nothing any more, and says so.
    assert server.request("POST", link(second, "r"), "", {"Content-Type": "application/x-www-form-urlencoded"})[0] == 410


def test_the_link_of_a_warning_renews(site, roster, serve):
    take_up(site, roster)
    mine = site.register(1005, email="ana@example.org", expires="60d", events="released")
    server = serve()
    days_pass(server, 56)
    words = texts(site, "ana@example.org")[-1][1]
    assert server.request("GET", link(words, "r"))[0] == 200
    assert [row["expires_at"] for row in site.json("watch", "list")][0] < "2099"
    before = site.json("watch", "list")[0]["expires_at"]
    status, page, _ = server.request("POST", link(words, "r"), "", {"Content-Type": "application/x-www-form-urlencoded"})
    assert status == 200 and "two more years" in page
    assert site.json("watch", "list")[0]["expires_at"] > before
    n = len(texts(site, "ana@example.org"))
    days_pass(server, 10)
    assert len(texts(site, "ana@example.org")) == n and mine in keys(site)
    assert server.request("GET", "/r/nothing")[0] == 404


def test_staff_renews_and_not_what_has_ended(site, roster):
    take_up(site, roster)
    mine = site.register(1005, email="ana@example.org", expires="60d")
    until, = site.json("watch", "renew", mine, "--expires", "90d")
    assert site.json("watch", "list")[0]["expires_at"] == until["expires_at"]
    assert site.run("watch", "renew", mine, "--expires", "soon", check=False).returncode == 3
    site.run("watch", "end", mine)
    assert site.run("watch", "renew", mine, check=False).returncode == 5


def test_what_was_never_confirmed_is_deleted_after_two_days(site, roster, serve):
    take_up(site, roster)
    made, = site.json("watch", "add", "--person=1005", "--email=ana@example.org", "--pin=4711")
    assert made["registration"] in keys(site)
    server = serve()
    n = len(site.all_mail())
    days_pass(server, 4)
    assert made["registration"] not in keys(site) and len(site.all_mail()) == n


def release_unsent(site, tmp_path):
    """A release that is owed and has not left."""
    site.configure(f"operator_email: {OPERATOR}\n")
    take_up_events(site, tmp_path)
    site.load("events", write_events(tmp_path, "first", ["1,77,B77,BKD,,2025-04-01 10:00,"]))
    mine = site.register(77, email="ana@example.org")
    site.json("feed", "load", "events", write_events(tmp_path, "second", ["2,77,B77,REL,BOND,2025-04-02 10:00,"]), "--no-send")
    return mine, len(texts(site, "ana@example.org"))


def test_what_is_owed_when_a_clerk_ends_it_is_sent_first(site, tmp_path):
    mine, before = release_unsent(site, tmp_path)
    site.run("watch", "end", mine)
    (_, news), (_, last) = texts(site, "ana@example.org")[before:]
    assert "was released" in news and "Your notices have been stopped" in last
    assert mine not in keys(site)


def test_what_is_owed_when_it_is_ended_in_silence_goes_to_a_person(site, tmp_path):
    mine, before = release_unsent(site, tmp_path)
    site.run("watch", "end", mine, "--silently")
    assert texts(site, "ana@example.org")[before:] == []
    assert [words for _, words in texts(site, OPERATOR) if mine in words and "had not reached" in words]


def test_what_is_owed_to_who_stops_by_the_link_goes_to_a_person(site, tmp_path, serve):
    """Whoever stops may have reason not to want one more message."""
    mine, before = release_unsent(site, tmp_path)
    stop = link(texts(site, "ana@example.org")[-1][1], "u")
    site.configure(f"operator_email: {OPERATOR}\nmail: {{transport: smtp, server: 'smtp://127.0.0.1:1', starttls: never}}\n")
    server = serve()
    assert server.request("POST", stop, "", {"Content-Type": "application/x-www-form-urlencoded"})[0] == 200
    server.stop()
    site.configure(f"operator_email: {OPERATOR}\n")
    site.later(hours=1)
    site.run("alert", "send")
    (_, last), = texts(site, "ana@example.org")[before:]
    assert "Your notices have been stopped" in last
    assert [words for _, words in texts(site, OPERATOR) if mine in words and "had not reached" in words]


DEAD = f"operator_email: {OPERATOR}\nmail: {{transport: smtp, server: 'smtp://127.0.0.1:1', starttls: never}}\n"


def test_what_is_owed_leaves_before_the_last_message_also_where_its_next_try_is_far_off(site, tmp_path):
    mine, before = release_unsent(site, tmp_path)
    site.configure(DEAD)
    for _ in range(7):
        site.run("alert", "send", check=False)
        site.later(hours=1)
    site.run("alert", "send", check=False)
    site.configure(f"operator_email: {OPERATOR}\n")
    site.run("watch", "end", mine)
    site.run("alert", "send")
    (_, news), (_, last) = texts(site, "ana@example.org")[before:]
    assert "was released" in news and "Your notices have been stopped" in last and mine not in keys(site)


def test_a_link_makes_no_registration_shorter_and_no_old_warning_follows_a_renewal(site, roster, serve):
    take_up(site, roster)
    mine = site.register(1005, email="ana@example.org", expires="60d", events="released")
    server = serve()
    days_pass(server, 36)
    old = link(texts(site, "ana@example.org")[-1][1], "r")
    server.stop()
    site.configure(DEAD)
    server = serve()
    site.later(days=20)
    server.wait_until(lambda: [a for a in site_alerts(site) if a["purpose"] == "expiring" and a["state"] == "queued"])
    site.run("watch", "renew", mine, "--expires", "3000d")
    until = site.json("watch", "list")[0]["expires_at"]
    server.stop()
    site.configure("name: Tocsin\n")
    n = len(texts(site, "ana@example.org"))
    server = serve()
    days_pass(server, 2)
    assert len(texts(site, "ana@example.org")) == n
    assert server.request("POST", old, "", {"Content-Type": "application/x-www-form-urlencoded"})[0] == 200
    assert site.json("watch", "list")[0]["expires_at"] == until


def test_a_clock_that_leaps_for_a_moment_ends_nothing(site, roster, serve):
    take_up(site, roster)
    site.configure(f"operator_email: {OPERATOR}\nkeep: {{bookings: 3000d}}\n")
    mine = site.register(1005, email="ana@example.org", expires="60d")
    roster.people.pop(1000)
    site.run("feed", "load", "sample", roster.write("2025-04-02"))
    known = site.json("person", "show", "sample:1000")
    server = serve()
    days_pass(server, 1)
    site.later(days=4000)
    server.wait_until(lambda: [words for _, words in texts(site, OPERATOR) if "clock of this machine" in words])
    site.later(seconds=60)
    server.wait_until(lambda: ticked(site))
    assert mine in keys(site) and [row["state"] for row in site.json("watch", "list")] == ["expired"]
    site.later(days=-4000)
    server.wait_until(lambda: ticked(site))
    assert [row["state"] for row in site.json("watch", "list")] == ["active"]
    assert site.json("person", "show", "sample:1000") == known
    days_pass(server, 70)
    server.wait_until(lambda: mine not in keys(site))  # it does end
