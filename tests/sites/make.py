#!/usr/bin/python3
"""Makes a small but whole site with an old program, for newer ones to open.

usage: make.py PROGRAM OUTPUT.tar.xz

v3.tar.xz was made with the program of commit fe6d048 (version 3 of the schema). tests/test_upgrade.py opens it with
the newest program, and says in tables what must still be there. Everybody in it is made up, and named like a tree;
numbers of people are their names, so that tables read themselves. The site holds

  feeds           north (a roster with a drop folder), north-events (CSV events of the same jail), south (JSON events
                  from files), city (JSON events pushed), east (a baseline only), hills (silent), west (a list that is
                  held; before it one that was rejected, one overtaken, one stale, one repeated, one refused; rows that
                  cannot be read)
  registrations   unconfirmed, with wrong codes, active, on a booking, expired, ended in three ways, role-verified,
                  in both languages; one that ends, whose last message has not left
  agencies        a watch asked, approved, refused by the policy, by an officer, ended by hand, ended by its time
  alerts          in every state, of every purpose; four of them were on their way when the program was killed
  ledger          policy, requests, decisions, disclosures, an hour that is closed over its notices, and notices of one
                  that is not; another county's log that is witnessed
  people          linked surely (by name, by state id), possibly, by a clerk, kept apart by a clerk; renamed

All of it came about through the command line and HTTP; nothing was written into the database. What is not in it: an
agency's notice that waits, for its registration would be over 90 days later. For a closed hour that has notices the
script waits until the hour is over. Intervals of ten years keep alive what is alive, however late it is opened.
Ids, keys and instants are new each time the script runs; all else is the same.
"""
import base64
import hashlib
import hmac
import json
import os
import re
import socketserver
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

PROGRAM, OUTPUT = sys.argv[1:]
os.environ["TOCSIN"] = PROGRAM
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from conftest import Server, Site  # noqa: E402

CONFIG = """\
name: Orchard County
base_url: https://alerts.x.test
operator_email: operator@x.test
drop_settle: 1s
recipients: recipients.yaml
witness_for: ["{log}"]
mail:
  {{transport: {transport}, server: "smtp://127.0.0.1:{port}", starttls: never, from: notices@x.test, connections: 8}}
schedule: {{retry: [1s], remind_every: {remind}, give_up_after: 3650d}}
"""
RECIPIENTS = "recipients:\n  - {id: north-sheriff, class: local_law_enforcement, uses: [criminal_investigation]}\n"
ROSTER = """\
feed: {feed}
format: csv-roster
interval: {interval}
hold_above_percent: 40
facility: {{id: {feed}, name: {title} County Jail, timezone: America/Denver, phone: 555-0101}}
facilities: [{{code: ANNEX, id: {feed}-annex, name: {title} Annex, phone: 555-0102}}]
snapshot: {{file_date: "%Y-%m-%d", at: "06:00"}}
columns: {{person: [person], booking: [booking], surname: last, given: first, born: dob, facility: unit, sealed: sealed,
  juvenile: juvenile, admitted_at: booked}}
dates: ["%Y-%m-%d %H:%M", "%Y-%m-%d"]
"""
EVENTS = """\
feed: north-events
format: csv-events
interval: 3650d
jail: north
person_scope: north
facility: {id: north, name: North County Jail, timezone: America/Denver, phone: 555-0101}
columns: {event_id: id, person: [person], booking: [booking], event: what, reason: why, occurred_at: when,
  corrects: undo}
kinds: [{code: REL, means: released}, {code: BKD, means: booked}, {code: OOPS, means: corrected}]
reasons: [{code: BOND, means: released}, {code: DEC, means: died}, {code: CRT, means: temporary_absence}]
"""
JSON = """\
feed: {feed}
format: json-events
interval: 3650d
facility: {{id: {feed}, name: {title} Jail, timezone: America/Denver, phone: 555-0103}}
columns: {{event_id: id, person: [person], booking: [booking], surname: last, given: first, born: dob, event: what,
  occurred_at: when, state_id: sid}}
"""
NORTH = ("alder ash aspen beech birch cedar cherry cypress elm fir hazel holly juniper larch laurel linden magnolia "
         "maple mulberry myrtle oak olive pine plum poplar rowan spruce walnut").split()
BIRDS = "Wren Robin Martin Jay Merlin Phoebe Lark Teal Finch Dove".upper().split()


def bird(name, i=0):
    """The given name of somebody in north, or of the one in that place of another list."""
    return BIRDS[(NORTH.index(name) if name in NORTH else i) % 10]


def born(name, i=0):
    n = NORTH.index(name) if name in NORTH else i
    return f"{1950 + n}-0{1 + n % 9}-{10 + n % 18}"


class Orchard:
    """The site while it grows: its files, its registrations by name, its configuration."""

    def __init__(self, folder):
        self.folder, self.site, self.n, self.registrations = folder, Site(folder / "site"), 0, {}
        self.neighbour = Site(folder / "neighbour")
        self.neighbour.configure("base_url: https://neighbour.x.test\n")
        self.log = self.neighbour.run("ledger", "checkpoint", "--vkey").stdout.strip()
        (self.site.path / "recipients.yaml").write_text(RECIPIENTS)
        self.configure()

    def configure(self, transport="maildir", port=1, remind="1800d"):
        self.site.configure(CONFIG.format(log=self.log, transport=transport, port=port, remind=remind))

    def add_feed(self, mapping, *words, **values):
        path = self.folder / "mapping.yaml"
        path.write_text(mapping.format(**values) if values else mapping)
        self.site.run("feed", "add", path, *words)

    def roster(self, feed, day, people, **columns):
        """Writes a list of that day; columns are {name: value}, and empty for everybody else."""
        lines = ["person,booking,last,first,dob,unit,sealed,juvenile,booked,race"]
        for i, name in enumerate(people):
            own = ",".join(columns.get(column, {}).get(name, "") for column in ("unit", "sealed", "juvenile"))
            lines.append(f"{name},b-{name},{name.upper()},{bird(name, i)},{born(name, i)},{own},"
                         f"2026-02-{10 + i % 18} 10:00,X")
        path = self.folder / f"{feed}_{day}.csv"
        path.write_text("\n".join(lines) + "\n")
        return path

    def north(self, day, people=NORTH, **columns):
        return self.roster("north", day, people, sealed={"cedar": "Y"}, juvenile={"olive": "Y"}, **columns)

    def load(self, feed, path, *words, check=True):
        return self.site.run("feed", "load", feed, path, *words, check=check)

    def news(self, *rows, send=True):
        """Rows of north's events: "alder REL BOND 2026-03-02"."""
        self.n += 1
        path = self.folder / f"news_{self.n:02}.csv"
        lines = ["id,person,booking,what,why,when,undo"]
        for i, row in enumerate(rows):
            person, what, why, day = row.split()
            lines.append(f"{self.n}-{i},{person},b-{person},{what},{why},{day} 10:00:00,")
        path.write_text("\n".join(lines) + "\n")
        self.load("north-events", path, *([] if send else ["--no-send"]))

    def register(self, name, person=None, **options):
        options = {"expires": "2099-12-31", **options}
        self.registrations[name] = self.site.register(person or f"north:{name}", email=f"{name}@x.test", **options)

    def alerts(self, **fields):
        return [a for a in self.site.json("alert", "list") if all(a[key] == value for key, value in fields.items())]


def json_event(number, person, last, first, dob="", what="booked", **more):
    """One of half an hour ago: what is older is no news when people are linked."""
    when = datetime.now(timezone.utc) - timedelta(minutes=30) + timedelta(seconds=number)
    return {"id": f"e{number}", "person": person, "booking": f"b-{person}", "last": last, "first": first, "dob": dob,
            "what": what, "when": when.isoformat(timespec="seconds"), **more}


def take_up_feeds(o):
    """The baselines; and a list that nobody may rely on, in each of the ways there are."""
    for feed, interval in (("north", "3650d"), ("east", "3650d"), ("west", "3650d"), ("hills", "24h")):
        o.add_feed(ROSTER, feed=feed, title=feed.title(), interval=interval)
    o.add_feed(EVENTS)
    for feed in ("south", "city"):
        o.add_feed(JSON, feed=feed, title=feed.title())
    o.load("north", o.north("2026-03-01"))
    o.load("east", o.roster("east", "2026-03-01", ["chestnut", "catalpa", "buckeye"]))
    o.load("hills", o.roster("hills", "2026-03-01", ["hornbeam", "hawthorn"]))
    o.news()  # an empty history
    west = [f"hickory-{i:02}" for i in range(20)]
    first = o.roster("west", "2026-03-01", west)
    first.write_text(first.read_text() + '"broken,row\nnobody,,NOBODY,,,,,,,\n')
    o.load("west", first)
    o.load("west", o.roster("west", "2026-02-01", west))                # stale
    o.load("west", o.roster("west", "2026-03-02", west[:4]))            # held,
    o.load("west", o.roster("west", "2026-03-03", west[:19]))           # and overtaken
    o.load("west", o.roster("west", "2026-03-04", west[:5]))
    o.site.run("feed", "reject", "west")                                # rejected
    o.load("west", o.roster("west", "2026-03-05", west[:19]))           # repeated
    refused = o.folder / "west_2026-03-06.csv"
    refused.write_text("these,are,other,columns\n1,2,3,4\n")
    assert o.load("west", refused, check=False).returncode == 3         # refused


def register_people(o):
    for name in ("alder", "ash", "cedar", "cypress", "elm", "oak", "plum", "maple"):
        o.register(name)
    for name in ("beech", "laurel-es", "poplar"):
        o.register(name, f"north:{name.removesuffix('-es')}", language="es")
    o.register("birch", events="temporary_absence,released")
    o.register("cherry", events="left_roster,back_on_roster", relation="family")
    o.register("laurel", relation="counsel")
    o.register("linden-temp", "north:linden")
    o.register("aspen-perm", "north:aspen")
    o.register("myrtle", events="booked,released")
    o.register("hornbeam", "hills:hornbeam")
    o.register("olive", relation="family")
    o.register("olive-verified", "north:olive", relation="survivor", role_verified="victim services, badge 12")
    made, = o.site.json("watch", "add", "--booking=north:b-larch", "--email=larch@x.test", "--pin=4711",
                       "--expires=2099-12-31")
    o.site.run("watch", "confirm", made["registration"], code_in(o.site.mail()[-1]))
    for name, wrong in (("fir", 0), ("hazel", 2), ("holly", 5)):  # five are the last
        made, = o.site.json("watch", "add", f"--person=north:{name}", f"--email={name}@x.test", "--pin=4711",
                           "--expires=2099-12-31")
        code = f"{(int(code_in(o.site.mail()[-1])) + 1) % 1000000:06}"
        for _ in range(wrong):
            assert o.site.run("watch", "confirm", made["registration"], code, check=False).returncode == 5


def code_in(mail):
    return re.search(r"^(\d{6})\s*$", mail.replace("\r", ""), re.M).group(1)


def ask_for_watches(o):
    """One an agency each; `magnolia` has seconds to live, and ends when the site serves."""
    def ask(person, officer="Det. Reed", basis="judicial_warrant", expires="90d", status=0):
        done = o.site.run("agency", "ask", f"--person=north:{person}", "--recipient=north-sheriff", "--pin=1234",
                          "--purpose=criminal_investigation", f"--basis={basis}", f"--document=26CR-{person}",
                          "--issuer=District Court 4", "--issued-on=2026-02-20", f"--expires={expires}", "--json",
                          f"--officer={officer}", f"--email={person}@police.example", check=False)
        assert done.returncode == status, done.stderr
        return json.loads(done.stdout)["watch"] if not status else None

    ask("pine")
    ask("spruce", basis="agency_warrant_form", status=5)
    o.site.run("agency", "refuse", ask("rowan"), "--officer=Lt. Okafor", "--reason=another Rowan is meant")
    for person, officer, expires in (("walnut", "Det. Reed", "90d"), ("cedar", "Det. Reed", "90d"),
                                     ("mulberry", "Det. Hale", "90d"), ("magnolia", "Det. Hale", "3s")):
        watch = ask(person, officer, expires=expires)
        o.site.run("agency", "approve", watch, "--officer=Lt. Okafor")
        if person == "mulberry":
            o.site.run("agency", "end", watch)


def tell_the_first_news(o):
    released = ("alder", "ash", "cedar", "cypress", "elm", "walnut")
    o.news("birch REL CRT 2026-03-02", *(f"{name} REL BOND 2026-03-02" for name in released))
    o.news("birch REL BOND 2026-03-03")
    o.site.run("watch", "end", o.registrations["cypress"])
    o.site.run("watch", "end", "--silently", o.registrations["elm"])


def meet_the_people_of_other_jails(o):
    """South's files, the first of them history; `tamarack` is renamed by the second."""
    history = [json_event(1, "tamarack", "TAMARAK", "LARK", "1961-06-06"),
               json_event(2, "willow", "WILLOW", "ROBIN", "1971-07-07"),
               json_event(3, "sycamore", "SYCAMORE", "JAY", "1962-02-02"),
               json_event(4, "sassafras", "SASSAFRAS", "TEAL", "1963-03-03", sid="CO 123456")]
    news = [json_event(5, "tamarack", "TAMARACK", "LARK", "1961-06-06", "returned"),
            json_event(6, "myrtle-2", "MYRTLE", bird("myrtle")),
            json_event(7, "poplar-2", "POPLAR", bird("poplar"), born("poplar"))]
    for name, events in (("south_1.json", history), ("south_2.json", news)):
        (o.folder / name).write_text(json.dumps(events))
        o.load("south", o.folder / name)
    for name in ("willow", "sycamore", "sassafras"):
        o.register(name, f"south:{name}")


def push_events(o, server):
    """Of city: one of each of south's people, and one that cannot be read."""
    body = json.dumps([json_event(1, "willow-2", "WILLOW", "ROBIN"), json_event(2, "sycamore-2", "SYCAMORE", "JAY"),
                       json_event(3, "sassafras-2", "SASAFRAS", "TEEL", sid="co123456"), {"what": "booked"}]).encode()
    secret = o.site.run("feed", "secret", "city").stdout.strip().removeprefix("whsec_")
    stamp = str(int(time.time()))
    mac = hmac.new(base64.b64decode(secret), f"push-1.{stamp}.".encode() + body, hashlib.sha256).digest()
    headers = {"Idempotency-Key": "push-1", "webhook-timestamp": stamp, "Content-Type": "application/json",
               "webhook-signature": "v1," + base64.b64encode(mac).decode()}
    assert server.request("POST", "/v1/feeds/city/events", body, headers)[0] == 200


def confirm_with_pins(o, server):
    """`alder` with the right one; `ash` five times with a wrong one."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for name, pin, statuses in (("alder", "4711", [200]), ("ash", "9999", [422] * 4 + [403])):
        mail, = [m for m in o.site.mail() if re.search(rf"^To: <?{name}@x.test", m, re.M) and "/c/" in m]
        text = mail.replace("=\r\n", "").replace("=\n", "").replace("=3D", "=")
        page = re.search(r"https://[^/\s]+(/c/[\w.]+)", text).group(1)
        assert [server.request("POST", page, f"pin={pin}", form)[0] for _ in statuses] == statuses


def witness_a_neighbour(o, server):
    key = o.site.run("witness", "key").stdout.strip()
    o.neighbour.configure(f"base_url: https://neighbour.x.test\nwitnesses:\n"
                          f"  - {{url: \"http://127.0.0.1:{server.port}/witness\", key: \"{key}\"}}\n")
    o.neighbour.run("ledger", "checkpoint")
    assert o.neighbour.json("witness", "ask") == [{"cosigned": 1}]


def wait_for_the_hour():
    """So that `serve` closes the one in which the first notices left."""
    time.sleep(3600 - time.time() % 3600 + 1)


def serve_a_while(o):
    """What only `serve` does: the drop folder, pushed events, pages, silence, ends, an hour's leaf, witnessing."""
    drop, site, north = o.folder / "drop", o.site, {"feed": "north", "title": "North", "interval": "3650d"}
    drop.mkdir()
    o.add_feed(ROSTER, "--drop", drop, **north)
    server = Server(site)
    try:
        list_ = o.north("2026-03-05", NORTH + ["hemlock"], unit={"larch": "ANNEX"})
        list_.rename(drop / list_.name)
        push_events(o, server)
        confirm_with_pins(o, server)
        witness_a_neighbour(o, server)
        for person, kind in (("larch", "transferred"), ("hornbeam", "feed_silent"), ("sassafras", "booked")):
            server.wait_until(lambda: o.alerts(person=person, kind=kind, state="sent"))
        server.wait_until(lambda: len(site.json("person", "possible")) == 3)
        server.wait_until(lambda: "watch_ended" in site.run("ledger", "subject", "north:magnolia", "--json").stdout)
    finally:
        assert server.stop() == 0
    o.add_feed(ROSTER, "--drop", "/srv/orchard/drop", **north)  # where there is none


def decide_who_is_who(o):
    o.site.run("person", "join", "south:willow", "city:willow-2", "--by", "Clerk Ash")
    o.site.run("person", "part", "south:sycamore", "city:sycamore-2", "--by", "Clerk Ash")


class MailServer(socketserver.ThreadingTCPServer):
    """Answers temp@ with 451 and perm@ with 550, and never answers once it has a whole message."""
    daemon_threads = True

    class RequestHandlerClass(socketserver.StreamRequestHandler):
        def handle(self):
            self.say("220 x.test")
            while line := self.rfile.readline().decode().strip():
                if line == "QUIT":
                    return self.say("221 x.test")
                if line == "DATA":
                    self.say("354 go on")
                    message = b"".join(iter(self.rfile.readline, b".\r\n")).decode()
                    self.server.taken.append(re.search(r"^Message-ID: <([^@]+)", message, re.M | re.I).group(1))
                    self.rfile.readline()  # until the other end is no more
                    return None
                temp, perm = "-temp@" in line and "RCPT" in line, "-perm@" in line and "RCPT" in line
                self.say("451 4.7.1 try later" if temp else "550 5.1.1 no such user" if perm else "250 x.test")

        def say(self, text):
            self.wfile.write(f"{text}\r\n".encode())

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.RequestHandlerClass)
        self.taken = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


def be_killed_while_sending(o):
    """Reminds `beech`; leaves `linden` and the last message to `plum` to a server that is down; and is killed with a
    code, a last message, a first notice and a reminder on their way, each of which may have left."""
    o.configure(remind="1s")
    o.news("beech REL BOND 2026-03-06")
    time.sleep(1.1)
    o.configure()
    o.site.run("alert", "send")
    o.configure(remind="4s")
    o.news("oak REL BOND 2026-03-06")
    o.configure("smtp")
    o.news("linden REL BOND 2026-03-06")
    o.site.run("watch", "end", o.registrations["plum"])
    time.sleep(4.1)
    o.news("maple REL BOND 2026-03-06", "aspen REL BOND 2026-03-06", send=False)
    server = MailServer()
    o.configure("smtp", server.server_address[1])
    process = subprocess.Popen([PROGRAM, "-C", str(o.site.path), "watch", "add", "--person=north:plum", "--pin=4711",
                                "--email=plum-2@x.test", "--language=es", "--expires=2099-12-31"],
                               stdout=subprocess.DEVNULL)
    end = time.monotonic() + 20
    while len(server.taken) < 4 or not o.alerts(person="aspen", state="needs_person") or \
            not [a for a in o.alerts(person="linden", state="queued") if a["answer"].startswith("451")]:
        assert time.monotonic() < end and process.poll() is None, o.alerts()
        time.sleep(0.05)
    process.kill()
    process.wait()
    server.shutdown()
    o.configure("smtp", remind="30m")
    sending = o.alerts(state="sending")
    assert sorted(server.taken) == sorted(f"{a['alert']}.{int(a['person'] == 'oak')}" for a in sending)


def leave_things_undone(o, expires_at):
    """What waits in the outbox. Nothing is sent from here on: whoever sends first takes up what was on its way."""
    o.news("laurel REL BOND 2026-03-07", "olive REL BOND 2026-03-07", "juniper REL BOND 2026-03-07", send=False)
    without = [name for name in NORTH + ["hemlock"] if name != "cherry"]
    o.load("north", o.north("2026-03-10", without, unit={"larch": "ANNEX"}), "--no-send")
    o.load("north", o.north("2026-03-11", NORTH + ["hemlock"], unit={"larch": "ANNEX"}), "--no-send")
    o.load("west", o.roster("west", "2026-03-12", [f"hickory-{i:02}" for i in range(3)]), "--no-send")
    time.sleep(max(0, expires_at - time.monotonic()))


def pack(o, output):
    """What a site needs: configuration, keys, and a backup of its databases, which folds their logs in. And west's
    lists, to be shown again."""
    def add(path, name):
        entry = archive.gettarinfo(path, name)
        entry.mtime = entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        with path.open("rb") as file:
            archive.addfile(entry, file)

    o.site.run("backup", o.folder / "backup")
    with tarfile.open(output, "w:xz", preset=9) as archive:
        add(o.folder / "backup" / "tocsin.db", "site/tocsin.db")
        add(o.folder / "backup" / "contacts.db", "site/keys/contacts.db")
        for path in sorted([*o.site.path.glob("*.yaml"), *o.site.path.glob("keys/*")]):
            if not path.name.startswith("contacts.db"):
                add(path, str(Path("site") / path.relative_to(o.site.path)))
        for path in sorted(o.folder.glob("west_*.csv")):
            add(path, f"files/{path.name}")


def main():
    with tempfile.TemporaryDirectory() as folder:
        o = Orchard(Path(folder))
        take_up_feeds(o)
        register_people(o)
        ask_for_watches(o)
        tell_the_first_news(o)
        meet_the_people_of_other_jails(o)
        wait_for_the_hour()
        serve_a_while(o)
        decide_who_is_who(o)
        o.register("juniper", expires="25s")
        expires_at = time.monotonic() + 25
        be_killed_while_sending(o)
        leave_things_undone(o, expires_at)
        pack(o, OUTPUT)


if __name__ == "__main__":
    main()
