"""Flags fail closed, and no free text of a source is kept or told."""
import pytest

from test_charges import Lists, OTHERS

MAPPING = """\
feed: lists
format: csv-roster
interval: 24h
facility: {id: lists, name: Sample County Jail, timezone: America/Denver}
snapshot: {file_date: "%Y%m%d", at: "06:00"}
columns: {person: [person], booking: [booking], surname: last, sealed: sealed, status: now}
statuses:
  - {code: SENT, means: sentenced}
"""
HEAD = "person,booking,last,sealed,now"


@pytest.fixture
def lists(site, tmp_path):
    lists = Lists(site, tmp_path, MAPPING, HEAD)
    lists.others = [row.rsplit(",", 3)[0] + ",N,SENT" for row in OTHERS]
    lists.load(*lists.others, "1,B1,ROWAN,N,SENT")
    return lists


def pages(site, words):
    return [a["answer"] for a in site.json("alert", "list") if a["purpose"] == "page" and words in a["answer"]]


def to_ana(site):
    return len([mail for mail in site.mail() if "To: ana@" in mail])


@pytest.mark.parametrize("value", ["SEALED", "S", "Sí", "2", "Yes - 24CR1"])
def test_a_flag_that_nobody_explained_seals_and_is_paged_once(site, lists, value):
    site.register(1, events="released,left_roster")
    lists.load(*lists.others, f"1,B1,ROWAN,{value},SENT")
    assert len(pages(site, "neither `yes:` nor `no:`")) == 1
    mails = to_ana(site)
    lists.load(*lists.others, f"1,B1,ROWAN,{value},SENT")
    assert len(pages(site, "neither `yes:` nor `no:`")) == 1
    lists.load(*lists.others)
    assert [a["state"] for a in site.json("alert", "list") if a.get("kind") == "left_roster"] == ["withheld"]
    assert to_ana(site) == mails
    (problem,) = site.json("feed", "problems")
    assert problem["field"] == "sealed" and problem["row"] == 32


def test_one_sealed_row_of_a_booking_seals_it(site, lists):
    site.register(1, events="released,left_roster")
    mails = to_ana(site)
    for rows in ("Y,N", "N,Y"):
        first, second = rows.split(",")
        lists.load(*lists.others, f"1,B1,ROWAN,{first},SENT", f"1,B1,ROWAN,{second},SENT")
    lists.load(*lists.others)
    assert [a["state"] for a in site.json("alert", "list") if a.get("kind") == "left_roster"] == ["withheld"]
    assert to_ana(site) == mails


def test_what_a_source_writes_into_a_status_is_neither_kept_nor_told(site, lists):
    site.register(1, events="status_changed")
    lists.load(*lists.others, "1,B1,ROWAN,N,ICE DETAINER A123456789")
    mail = site.mail()[-1]
    assert "changed what it says about" in mail and "DETAINER" not in mail
    lists.load(*lists.others, "1,B1,ROWAN,ICE 123456789,OTHER")
    site.run("alert", "send", check=False)
    assert not [path for path in site.path.rglob("*") if path.is_file()
                and (b"DETAINER" in path.read_bytes() or b"123456789" in path.read_bytes())]
    lists.load(*lists.others, "1,B1,ROWAN,N,SENT")
    assert "sentenced" in site.run("person", "show", "1", "--json").stdout
