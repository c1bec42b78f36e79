"""A jail that sends two lists: of each place one, or of everybody and of some."""
import os

import pytest

LIST = """\
feed: {feed}
format: csv-roster
interval: {interval}
jail: county
person_scope: county
facility: {{id: {feed}, name: {name}, timezone: America/Denver}}
snapshot: {{file_date: "%Y%m%d_%H%M"}}
columns: {{person: [person], booking: [booking], surname: last}}
"""
OTHERS = range(10, 40)


class TwoLists:
    def __init__(self, site, folder, intervals):
        self.site, self.folder = site, folder
        site.configure("operator_email: operator@example.org\n")
        site.later(seconds=1795500000 - site.now())  # the 24th of November 2026
        for feed, name in ("main", "Main Jail"), ("annex", "North Annex"):
            (folder / f"{feed}.yaml").write_text(LIST.format(feed=feed, name=name, interval=intervals[feed]))
            site.run("feed", "add", folder / f"{feed}.yaml")

    def load(self, feed, when, *people):
        """`when`: day and hour of November."""
        path = self.folder / f"{feed}_202611{when.replace(' ', '_')}00.csv"
        path.write_text("\n".join(["person,booking,last", *(f"{n},B{n},L{n}" for n in [*people, *OTHERS])]) + "\n")
        os.utime(path, (self.site.now(),) * 2)
        return [(e["kind"], e["person"]) for e in self.site.load(feed, path)[0]]


@pytest.mark.parametrize("main, annex", [("24h", "24h"), ("24h", "168h")])
def test_who_is_on_two_lists_is_gone_once_neither_shows_them(site, tmp_path, main, annex):
    lists = TwoLists(site, tmp_path, {"main": main, "annex": annex})
    lists.load("main", "10 06", 1)
    lists.load("annex", "10 07", 1)
    for day in range(11, 14):  # one list or the other showed them last: they were not moved each time
        assert not lists.load("main", f"{day} 06", 1) and not lists.load("annex", f"{day} 07", 1)
    assert not lists.load("main", "14 06") and not lists.load("annex", "14 07", 1)  # the annex shows them still
    assert not lists.load("main", "15 06")
    assert lists.load("annex", "15 07") == [("left_roster", "1")]


def test_who_goes_from_one_list_to_the_other_was_not_let_out(site, tmp_path):
    lists = TwoLists(site, tmp_path, {"main": "24h", "annex": "24h"})
    lists.load("main", "10 06", 1)
    lists.load("annex", "10 07")
    assert not lists.load("annex", "11 05", 1) and not lists.load("main", "11 06")
    assert not lists.load("main", "12 06") and lists.load("annex", "12 07") == [("left_roster", "1")]
