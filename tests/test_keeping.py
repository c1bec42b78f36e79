"""What is kept and for how long: an order that erases a booking, and age."""
from test_cli import EVENTS_MAPPING, kinds, take_up
from test_terms import days_pass, link, texts

OPERATOR = "operator@example.org"
EVENTS = EVENTS_MAPPING.replace("corrects: undo}", "corrects: undo, surname: last, given: first}")
NAME = "QUILLFEATHER"


def known(site, tmp_path):
    """A feed of events, and somebody of a name of their own who was booked and released."""
    site.configure(f"operator_email: {OPERATOR}\n")
    (tmp_path / "events.yaml").write_text(EVENTS, encoding="utf-8")
    site.run("feed", "add", tmp_path / "events.yaml")
    said(site, tmp_path, "history", [])
    said(site, tmp_path, "in", ["1,771177,BK-660066,BKD,,2025-04-01 10:00,," + NAME + ",WREN", "2,5,B5,BKD,,2025-04-01 10:00,,MAPLE,ROWAN"])


def said(site, tmp_path, name, rows):
    path = tmp_path / f"{name}.csv"
    path.write_text("\n".join(["id,person,booking,what,why,when,undo,last,first", *rows]) + "\n", encoding="utf-8")
    return site.load("events", path)


def released(site, tmp_path):
    return said(site, tmp_path, "out", ["3,771177,BK-660066,REL,BOND,2025-04-02 10:00,," + NAME + ",WREN"])


def traces(site, *words):
    """Where in the site's folder any of the words stands, in whatever file; but for what has left by mail."""
    return [(file.name, word) for file in site.path.rglob("*") if file.is_file() and "mail" not in file.parts
            for word in words if word.encode() in file.read_bytes()]


def test_an_order_erases_a_booking_everywhere(site, tmp_path):
    known(site, tmp_path)
    site.register("771177", email="ana@example.org")
    released(site, tmp_path)
    # A row of it could not be read in part, and that is kept, too.
    said(site, tmp_path, "odd", [f"4,771177,BK-660066,QQQ,{NAME} says so,2025-04-03 10:00,,{NAME},WREN"])
    assert traces(site, NAME)
    site.run("watch", "end", site.json("watch", "list")[0]["registration"])
    site.run("person", "expunge", "sample:BK-660066", "--by", "Clerk 7")
    assert traces(site, NAME, "771177", "BK-660066") == []
    assert site.json("person", "search", NAME) == []
    assert site.run("person", "show", "771177", check=False).stdout.find("released") < 0
    assert [row["person"] for row in site.json("watch", "list")] != ["771177"]
    for listing in (("alert", "list"), ("feed", "problems"), ("feed", "status"), ("doctor",)):
        assert NAME not in site.run(*listing, check=False).stdout
    # Another one stays as he is.
    assert [row["kind"] for row in site.json("person", "show", "5")[1:]] == ["booked"]


def test_the_log_verifies_after_an_order(site, tmp_path, serve):
    known(site, tmp_path)
    site.register("771177", email="ana@example.org")
    released(site, tmp_path)
    site.later(hours=2)
    server = serve()  # which closes the hour
    server.wait_until(lambda: "\n0\n" not in site.run("ledger", "checkpoint").stdout)
    server.stop()
    vkey = site.run("ledger", "checkpoint", "--vkey").stdout.strip()
    for name in ("before", "after"):
        site.run("ledger", "export", site.path / name)
        site.run("ledger", "verify", site.path / name, "--key", vkey)
        if name == "before":
            site.run("person", "expunge", "BK-660066", "--by", "Clerk 7")
    size = (site.path / "before" / "checkpoint").read_text().splitlines()[1]
    assert int(size) > 0 and (site.path / "after" / "checkpoint").read_text().splitlines()[1] == size
    assert (site.path / "after" / "checkpoint").read_text().splitlines()[2] == \
        (site.path / "before" / "checkpoint").read_text().splitlines()[2]  # the same root


def test_nobody_s_news_is_lost_by_an_order(site, tmp_path):
    known(site, tmp_path)
    site.register("771177", email="ana@example.org")
    done = site.run("person", "expunge", "BK-660066", "--by", "Clerk 7", check=False)
    assert done.returncode == 6 and "still held" in done.stderr
    path = tmp_path / "out.csv"
    path.write_text("id,person,booking,what,why,when,undo,last,first\n"
                    f"3,771177,BK-660066,REL,BOND,2025-04-02 10:00,,{NAME},WREN\n", encoding="utf-8")
    site.json("feed", "load", "events", path, "--no-send")
    done = site.run("person", "expunge", "BK-660066", "--by", "Clerk 7", check=False)
    assert done.returncode == 6 and "has not left" in done.stderr
    site.run("alert", "send")
    site.run("person", "expunge", "BK-660066", "--by", "Clerk 7")
    assert site.run("person", "expunge", "BK-660066", "--by", "Clerk 7", check=False).returncode == 4
    assert site.run("person", "expunge", "B5", check=False).returncode == 2


def test_what_an_order_erased_does_not_come_back(site, tmp_path):
    known(site, tmp_path)
    mine = site.register("771177", email="ana@example.org")
    released(site, tmp_path)
    site.run("person", "expunge", "BK-660066", "--by", "Clerk 7")
    events, _ = said(site, tmp_path, "again", ["9,771177,BK-660066,BKD,,2025-04-04 10:00,," + NAME + ",WREN"])
    assert events == [] and traces(site, NAME) == []
    assert [words for _, words in texts(site, OPERATOR) if "an order has erased (1 rows)" in words]
    # Whoever followed them is told of another booking all the same.
    before = len(texts(site, "ana@example.org"))
    events, _ = said(site, tmp_path, "new", ["10,771177,BK-77,BKD,,2025-05-04 10:00,," + NAME + ",WREN"])
    assert kinds(events) == ["booked"] and len(texts(site, "ana@example.org")) == before  # a booking is not asked for
    said(site, tmp_path, "newer", ["11,771177,BK-77,REL,BOND,2025-05-05 10:00,," + NAME + ",WREN"])
    assert "was released" in texts(site, "ana@example.org")[-1][1] and mine


def test_a_list_that_shows_what_an_order_erased_is_taken_without_it(site, roster):
    take_up(site, roster)
    others = [n for n in roster.people if n != 1005]
    site.load("sample", roster.write("2025-04-02", others))
    site.run("person", "expunge", "sample:B1005", "--by", "Clerk 7")
    for day, status in (("2025-04-03", "court"), ("2025-04-04", "held")):
        roster.people[1007]["status"] = status  # or it would be the same list again
        events, summary = site.load("sample", roster.write(day))
        assert kinds(events) == ["status_changed"] and summary["rows"] == 200 and traces(site, "SAMPLE5\0", "B1005") == []
    roster.people[1007]["status"] = "court"
    events, _ = site.load("sample", roster.write("2025-04-05", others))
    assert kinds(events) == ["status_changed"]


def test_an_order_waits_for_a_held_list(site, roster):
    take_up(site, roster)
    others = [n for n in roster.people if n != 1005]
    site.load("sample", roster.write("2025-04-02", others))
    _, summary = site.load("sample", roster.write("2025-04-03", others[:100]))
    assert summary["held"] == 1
    done = site.run("person", "expunge", "sample:B1005", "--by", "Clerk 7", check=False)
    assert done.returncode == 6 and "held" in done.stderr
    site.run("feed", "reject", "sample")
    site.run("person", "expunge", "sample:B1005", "--by", "Clerk 7")


def test_an_erased_number_may_be_somebody_else_s(site, tmp_path):
    known(site, tmp_path)
    released(site, tmp_path)
    site.run("person", "expunge", "BK-660066", "--by", "Clerk 7")
    events, _ = said(site, tmp_path, "other", ["12,6,BK-660066,BKD,,2025-06-01 10:00,,FERN,ADA"])
    assert kinds(events) == ["booked"] and [row["surname"] for row in site.json("person", "search", "fern")] == ["FERN"]


def test_what_is_over_for_long_is_deleted_where_nobody_follows_it(site, tmp_path, serve):
    known(site, tmp_path)
    site.configure(f"operator_email: {OPERATOR}\nkeep: {{bookings: 100d, registrations: 50d, problems: 20d}}\n")
    released(site, tmp_path)
    said(site, tmp_path, "both", ["21,8,B8,BKD,,2025-04-01 10:00,,ALDER,IDA", "22,8,B8,REL,BOND,2025-04-02 10:00,,ALDER,IDA",
                                  "23,9,B9,BKD,,2025-13-01,,BIRCH,ADA"])
    site.register("8", email="ana@example.org", expires="300d")
    assert site.json("feed", "problems")
    server = serve()
    days_pass(server, 30)
    assert site.json("feed", "problems") == [] and traces(site, NAME)
    days_pass(server, 100)
    assert site.json("person", "search", NAME) == []
    assert [row["surname"] for row in site.json("person", "search", "alder")] == ["ALDER"]  # somebody follows
    assert [row["surname"] for row in site.json("person", "search", "maple")] == ["MAPLE"]  # is held
    days_pass(server, 200)  # the registration ends
    days_pass(server, 60)   # and is forgotten
    assert site.json("watch", "list") == [] and site.json("person", "search", "alder") == []


def test_the_time_that_things_are_kept_can_be_said(site):
    site.configure("keep: {bookings: soon}\n")
    done = site.run("config", "check", check=False)
    assert done.returncode == 3 and "`bookings`" in done.stderr


def test_an_order_waits_for_news_that_waits_for_a_person(site, tmp_path, serve):
    known(site, tmp_path)
    site.register("771177", email="ana@example.org")
    released(site, tmp_path)
    server = serve()
    place = link(texts(site, "ana@example.org")[-1][1], "c")
    for _ in range(5):
        server.request("POST", place, "pin=0000", {"Content-Type": "application/x-www-form-urlencoded"})
    assert "needs_person" in site.run("alert", "list", "--waiting").stdout
    done = site.run("person", "expunge", "BK-660066", "--by", "Clerk 7", check=False)
    assert done.returncode == 6 and "waits for a person" in done.stderr
    site.run("person", "expunge", "BK-660066", "--by", "Clerk 7", "--told")


def test_what_an_order_erased_does_not_come_back_without_its_zeros(site, tmp_path):
    known(site, tmp_path)
    said(site, tmp_path, "zeros", [f"31,0042,00777,BKD,,2025-04-01 10:00,,{NAME},ADA", f"32,0042,00777,REL,BOND,2025-04-02 10:00,,{NAME},ADA"])
    site.run("person", "expunge", "00777", "--by", "Clerk 7")
    for n, (person, booking) in enumerate((("42", "777"), ("42", "00777"), ("00042", "0777"))):
        events, _ = said(site, tmp_path, f"again{n}", [f"{40 + n},{person},{booking},BKD,,2025-04-04 10:00,,{NAME},ADA"])
        assert events == []
