"""The fold of what was said (docs/truth.md): each of its rules, dropped or turned, is missed by some short history."""
import os
import re
import subprocess
from pathlib import Path

import pytest

from conftest import PROGRAM, ROOT

FOLD = (ROOT / "src" / "custody" / "belief.c").read_text(encoding="utf-8")

# A rule: what stands in the fold, and what stands there instead.
MUTANTS = {
    "an escape is an ending": ("r->kind == CUSTODY_ESCAPED || ", ""),
    "a death is an ending": ("r->kind == CUSTODY_ESCAPED || r->kind == CUSTODY_DIED ||", "r->kind == CUSTODY_ESCAPED ||"),
    "moved within is no ending": ("(r->kind == CUSTODY_TRANSFERRED && !r->is_within)", "r->kind == CUSTODY_TRANSFERRED"),
    "moved within is a holding": ("r->kind == CUSTODY_RETURNED ||\n            (r->kind == CUSTODY_TRANSFERRED && r->is_within)",
                                  "r->kind == CUSTODY_RETURNED"),
    "a recapture is a holding": ("r->kind == CUSTODY_RECAPTURED || ", ""),
    "what was taken back holds nobody": ("return !r->is_removed &&\n           (r->kind == CUSTODY_BOOKED",
                                         "return TRUE &&\n           (r->kind == CUSTODY_BOOKED"),
    "the newest by its end": ("    BY(to_us);\n", ""),
    "then by its beginning": ("    BY(from_us);\n", ""),
    "then by when it was said": ("    BY(observed_at_us);\n", ""),
    "said as of the first time": ("r->observed_at_us = MIN(r->observed_at_us, reports[k].observed_at_us)",
                                  "r->observed_at_us = MAX(r->observed_at_us, reports[k].observed_at_us)"),
    "the impossible is unknown": ("if (r->from_us > r->observed_at_us)", "if (FALSE)"),
    "no time is later than its report": ("r->to_us = MIN(r->to_us, r->observed_at_us);", ""),
    "the unknown ends when it was said": ("    if (r->from_us == NEVER)\n            r->to_us = r->observed_at_us", "    if (FALSE)\n            r->to_us = r->observed_at_us"),
    "a correction names": ("correction->names == r->id && correction->source == r->source", "FALSE"),
    "of its own source": ("correction->names == r->id && correction->source == r->source", "correction->names == r->id"),
    "takes back another correction": ("reports[i].observed_at_us > next->observed_at_us;", "FALSE;"),
    "if observed later": ("(!next || compare_corrections(&reports[i], next) > 0))\n                next = &reports[i];\n        if (!next)\n            return;\n        next->waits = FALSE;",
                          "(!next || compare_corrections(&reports[i], next) < 0))\n                next = &reports[i];\n        if (!next)\n            return;\n        next->waits = FALSE;"),
    "if in force": ("is_correction(&reports[i]) && !reports[i].waits &&\n                                !reports[i].is_removed &&",
                    "is_correction(&reports[i]) && !reports[i].waits &&"),
    "one in force only takes back": ("k = 0; is_correction(&reports[i]) && !reports[i].is_removed && k < n", "k = 0; is_correction(&reports[i]) && k < n"),
    "without a name, the newest": ("a_before != b_before ? a_before : compare(a, b) > 0", "a_before != b_before ? a_before : compare(a, b) < 0"),
    "rather what was said before": ("a_before != b_before ? a_before : compare(a, b) > 0", "compare(a, b) > 0"),
    "said no later than the correction": ("            reports[i].observed_at_us <= correction->observed_at_us &&\n            (!meant", "            (!meant"),
    "a move gives way to where they went": ("(b->standing != STANDING_ELSEWHERE || b->from_us != NEVER)", "(TRUE)"),
    "at an unknown time only": ("b->standing != STANDING_ELSEWHERE || b->from_us != NEVER", "b->standing != STANDING_ELSEWHERE"),
    "a move only": ("b->standing != STANDING_ELSEWHERE || b->from_us != NEVER", "b->from_us != NEVER"),
    "to a later booking only": ("in_at_us > (is_gone ? b->from_us : b->held_from_us)", "other != b"),
    "to another jail only": ("(is_gone || other->jail != b->jail) &&", ""),
    "not what is over anyway": ("if (a_over != b_over)", "if (FALSE)"),
    "or one left later": ("is_gone ? other->held_from_us : MAX(other->held_from_us, other->from_us)", "other->held_from_us"),
    "gone before another held them": ("const gboolean is_gone = b->standing == STANDING_GONE;", "const gboolean is_gone = FALSE;"),
    "since they were last listed": ("(is_gone ? b->from_us : b->held_from_us)", "b->held_from_us"),
    "of what is left": ("is_ending(&reports[i]) && !reports[i].is_removed &&\n            reports[i].observed", "is_ending(&reports[i]) &&\n            reports[i].observed"),
    "and what says the same": ("says_the_same(&reports[i], &meant)", "(const void *)&reports[i] == (const void *)newest"),
    "not what says another thing": ("a->id == b->id && a->kind == b->kind &&", "a->id == b->id &&"),
    "or waits": ("correction->waits = !newest;", ""),
    "a holding ends an ending": ("if (b->held_from_us > r->to_us) {", "if (FALSE) {"),
    "only a definitely later one": ("if (b->held_from_us > r->to_us) {", "if (b->held_from_us >= r->to_us) {"),
    "lists contradict": ("lists[i].shows && !lists[i].is_doubtful &&\n            lists[i].made", "FALSE && !lists[i].is_doubtful &&\n            lists[i].made"),
    "after the interval": ("lists[i].made_at_us >= after(r->observed_at_us, sources[lists[i].source].interval_us)",
                           "lists[i].made_at_us >= r->observed_at_us"),
    "not a doubtful one": ("lists[i].shows && !lists[i].is_doubtful &&\n            lists[i].made", "lists[i].shows &&\n            lists[i].made"),
    "nor a death": ("contradicted && r->kind != CUSTODY_DIED", "contradicted"),
    "which is unclear then": ("b->is_unclear |= contradicted && r->kind == CUSTODY_DIED;", ""),
    "death carries first": ("return a_died != b_died ? a_died : compare(a, b) > 0;", "return compare(a, b) > 0;"),
    "then the newest": ("a_died : compare(a, b) > 0;", "a_died : compare(a, b) < 0;"),
    "doubtful as its carrier": ("b->is_doubtful = carrier->is_doubtful && ", "b->is_doubtful = FALSE && "),
    "unless plainly said, too": ("carrier->is_doubtful && !is_plainly_said_too(carrier, reports, n)", "carrier->is_doubtful"),
    "they may be in again": ("b->is_unclear |= may_be_in_again(sources, carrier, reports, n, lists, n_lists);", ""),
    "only if said later": ("is_holding(&reports[i]) && reports[i].observed_at_us > carrier->observed_at_us &&", "is_holding(&reports[i]) &&"),
    "only after having been listed": ("if (!s->was || s->is)", "if (s->is)"),
    "an absence may lag behind a holding": ("s->newest_us < after(reports[i].observed_at_us, source->interval_us))", "FALSE)"),
    "of after the last listing": ("is_holding(&reports[i]) && reports[i].to_us > last_us &&", "is_holding(&reports[i]) &&"),
    "every source, or an interval older": ("after(s.newest_us, sources[i].interval_us) > newest_us)", "FALSE)"),
    "gone after the last holding": ("from_us = MAX(last_us, b->held_from_us)", "from_us = last_us"),
    "gone plainly by a plain list": ("is_plain |= !lists[i].is_doubtful;", "is_plain |= first == &lists[i] && !lists[i].is_doubtful;"),
    "off and on again ends an absence": ("if (was_off && lists[i].shows)", "if (FALSE)"),
    "off since it was said": (" && lists[i].made_at_us >= absence->observed_at_us", ""),
    "a later holding ends it": ("return r->from_us > absence->to_us ||\n           (r->kind", "return (r->kind"),
    "a return ends it": ("(r->kind == CUSTODY_RETURNED && r->observed_at_us >=", "(FALSE && r->observed_at_us >="),
    "said no earlier": ("r->kind == CUSTODY_RETURNED && r->observed_at_us >= absence->observed_at_us &&", "r->kind == CUSTODY_RETURNED &&"),
    "away is seen": ("is_away(n_sources, reports, n, lists, n_lists)   ? STANDING_AWAY", "FALSE   ? STANDING_AWAY"),
    "listed is held": ("if (shown_by(i, lists, n_lists).is)", "if (FALSE)"),
    "held anywhere is held": ("is_held |= holds(&bookings[i]);", "is_held = holds(&bookings[i]);"),
    "held, and not away": ("if (bookings[i].standing == STANDING_HELD)\n            s->standing", "if (FALSE)\n            s->standing"),
    "a death beside a holding is unclear": ("s->is_unclear |= bookings[i].has_death;", ""),
    "a person's death before all": ("    if (a_died != b_died)\n        return a_died;\n    if (a->to_us", "    if (a->to_us"),
    "a person's newest leaving": ("return a->to_us > b->to_us;\n    if (a->from_us", "return a->to_us < b->to_us;\n    if (a->from_us"),
    "the same when the times meet": ("meet(told->from_us, told->to_us, now->from_us, now->to_us) &&", ""),
    "and no holding lies between": ("(!b || b->held_from_us <= told->to_us)", "TRUE"),
    "and the holders are alike": ("if (told->holders[i] != now->holders[i])", "if (FALSE)"),
    "what is over rides along": ("if (rides_along(bookings, n, told, n_told))", "if (FALSE)"),
    "once": ("told[i].booking == booking->id &&", ""),
    "whoever asked for endings is told of endings": ("if (!asked_for_all && !belief_is_leaving(now) && !belief_is_leaving(last) && !last->is_unclear)", "if (!asked_for_all)"),
    "what was unclear is told again when it is not": (" && !last->is_unclear)", ")"),
    "a list can tell that they are out": (" && !lists_say_out(sources, &reports[i], lists, n_lists))", ")"),
    "a list that had time to": ("!lists[i].is_doubtful && lists[i].made_at_us >= due_us", "!lists[i].is_doubtful"),
    "a list beyond doubt": ("!lists[i].is_doubtful && lists[i].made_at_us >= due_us", "lists[i].made_at_us >= due_us"),
    "a list that showed them before": ("if (was && !lists[i].shows", "if (!lists[i].shows"),
    "and of nothing else": ("if (!asked_for_all && !belief_is_leaving(now) && !belief_is_leaving(last) && !last->is_unclear)", "if (FALSE)"),
}


def build(folder, fold):
    """The test of every short history, with that fold."""
    (folder / "belief.c").write_text(fold, encoding="utf-8")
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "glib-2.0"], capture_output=True, text=True, check=True)
    custody = ROOT / "src" / "custody"
    subprocess.run(["cc", "-std=gnu11", "-O2", f"-I{ROOT / 'src'}", folder / "belief.c", custody / "test_belief.c",
                    custody / "test_belief_second.c", ROOT / "src" / "base" / "vocabulary.c", ROOT / "src" / "base" / "time.c", "-o", folder / "test",
                    *flags.stdout.split()], check=True)
    return folder / "test"


@pytest.mark.full
@pytest.mark.soak("histories")
def test_the_fold_believes_what_the_page_says(tmp_path):
    """Over more histories than the unit test has time for under sanitizers."""
    histories = {"TOCSIN_HISTORIES": os.environ.get("TOCSIN_HISTORIES", "all")}
    done = subprocess.run([build(tmp_path, FOLD)], capture_output=True, text=True, env={**os.environ, **histories})
    assert done.returncode == 0, done.stdout
    print(*re.findall(r"# (\d+ histories, .*)", done.stdout))


@pytest.mark.full
@pytest.mark.soak("histories")
def test_what_is_told_is_what_is_believed():
    """On the way that records really take, over more histories than the unit test has time for."""
    histories = {"TOCSIN_HISTORIES": os.environ.get("TOCSIN_HISTORIES", "all")}
    done = subprocess.run([Path(PROGRAM).parent / "src" / "test_match"], capture_output=True, text=True,
                          env={**os.environ, **histories})
    assert done.returncode == 0, done.stdout
    print(*re.findall(r"# (\d+ histories, .*|excused, .*)", done.stdout), sep="\n")


@pytest.mark.full
@pytest.mark.parametrize("rule", MUTANTS)
def test_no_rule_of_the_fold_can_be_dropped(tmp_path, rule):
    stands, instead = MUTANTS[rule]
    assert FOLD.count(stands) == 1, "the fold has changed: say anew what to break"
    done = subprocess.run([build(tmp_path, FOLD.replace(stands, instead))], capture_output=True, text=True, timeout=600,
                          env={**os.environ, "TOCSIN_HISTORIES": "all"})
    assert done.returncode != 0 and "FATAL-ERROR" in done.stdout, rule
