"""The disclosure policy against a second implementation, written from docs/policy-language.md alone.

TOCSIN_MUTATIONS (mutated policies per profile) and TOCSIN_REQUESTS (random requests per profile) make it
thorough; a request is a process, so those are what takes the time.
"""
import copy
import datetime
import functools
import itertools
import json
import os
import random
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from conftest import PROGRAM

pytest.importorskip("numpy", reason="python3-numpy is missing")
pytest.importorskip("yaml", reason="python3-yaml is missing")
import yaml  # noqa: E402

import policy_oracle as oracle  # noqa: E402

try:
    import z3
except ImportError:
    z3 = None

PROFILES = ("baseline", "us-co", "us-ca", "us-il", "us-nj", "us-wa")
MUTATIONS = int(os.environ.get("TOCSIN_MUTATIONS", "12"))
REQUESTS = int(os.environ.get("TOCSIN_REQUESTS", "60"))
PROVED = min(MUTATIONS, 10)  # that many of them go to Z3 too
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
DAY = datetime.timedelta(days=1)
TODAY = datetime.date(2026, 1, 15)

# A sheriff gives what it gets to its association, and at the far end is who may not have it.
BACK_DOOR = """\
recipients:
  - id: north-sheriff
    class: local_law_enforcement
    uses: [criminal_investigation]
    may_pass_to:
      - {to: sheriffs-association, basis: contract, document: Data sharing agreement 2019-14}
  - id: sheriffs-association
    class: association
    uses: [commercial]
    may_pass_to:
      - {to: alert-vendor-inc, basis: contract, document: Master services agreement}
  - id: alert-vendor-inc
    class: alert_vendor
    uses: [commercial]
    may_pass_to:
      - {to: parent-broker, basis: ownership, document: Annual report 2023}
  - id: parent-broker
    class: data_broker
    uses: [commercial]
    may_pass_to:
      - {to: federal-office, basis: contract, document: Order 70-1}
  - id: federal-office
    class: immigration_agency
    uses: [immigration_enforcement]
"""
CHAIN = {party["id"]: party["uses"][0] for party in yaml.safe_load(BACK_DOOR)["recipients"]}

# Hands that everything promised to victims goes through; what they use it for matters.
NIGHT_DESK = """\
  - id: victims-line
    class: registrant
    uses: [victim_notice]
    may_pass_to:
      - {to: night-desk, basis: verified_victim, document: Rota, data: [release, feed_health, custody_status]}
  - id: night-desk
    class: registrant
    uses: [victim_notice]
  - id: duty-judge
    class: court
    uses: [court_proceeding]
"""


def run(*words, cwd=None):
    done = subprocess.run([PROGRAM, "policy", *map(str, words)], capture_output=True, text=True, timeout=300, cwd=cwd)
    assert done.returncode in (0, 1, 2), f"{words}: {done.returncode}\n{done.stderr}"
    assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
    return done


def explain(request, profile, day=TODAY, recipients=None, via=()):
    words = [f"--{name}={value}" for name, value in request.items() if name != "flag"]
    words += [f"--flag={flag}" for flag in request.get("flag", ())] + [f"--via={hand}" for hand in via]
    words += [f"--recipients={recipients}"] if recipients else []
    done = run("explain", "--json", f"--profile={profile}", f"--date={day.isoformat()}", *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def check(folder, status=None):
    done = run("check", folder, "--json")
    assert status is None or done.returncode == status, done.stdout + done.stderr
    assert done.returncode in (0, 1), done.stderr
    report = json.loads(done.stdout)
    assert report["ok"] == (not report["broken"]) == (done.returncode == 0)
    return report


def in_parallel(work, items):
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        return list(pool.map(work, items))


def request(recipient="public", purpose="research", basis="none", data="release", mode="lookup", flag=(),
            jurisdiction="local"):
    return {"recipient": recipient, "purpose": purpose, "basis": basis, "data": data, "mode": mode,
            "flag": frozenset(flag), "jurisdiction": jurisdiction}


@pytest.fixture
def chain(tmp_path):
    path = tmp_path / "back-door.yaml"
    path.write_text(BACK_DOOR, encoding="utf-8")
    return path


def dump(value):
    return yaml.dump(value, Dumper=DUMPER, sort_keys=False)


def write(texts, folder):
    """Writes a policy's texts as a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("rules", "guarantees", "recipients"):
        kept = {name: texts[name]}
        if name == "rules" and "extends" in texts:
            kept["extends"] = texts["extends"]
        if texts[name] or name == "rules":
            (folder / f"{name}.yaml").write_text(dump(kept), encoding="utf-8")
    if texts.get("vocabulary"):
        (folder / "vocabulary.yaml").write_text(dump(texts["vocabulary"]), encoding="utf-8")
    return folder


@pytest.fixture
def county(tmp_path):
    """Writes a small policy of its own, as text, with the baseline's words."""
    made = []

    def write_texts(rules, guarantees="", recipients="", words=""):
        folder = tmp_path / f"county{len(made)}"
        folder.mkdir()
        made.append(folder)
        (folder / "rules.yaml").write_text("rules:\n" + rules, encoding="utf-8")
        (folder / "vocabulary.yaml").write_text(
            (oracle.SHIPPED / "baseline" / "vocabulary.yaml").read_text("utf-8") + words, encoding="utf-8")
        if guarantees:
            (folder / "guarantees.yaml").write_text("guarantees:\n" + guarantees, encoding="utf-8")
        if recipients:
            (folder / "recipients.yaml").write_text("recipients:\n" + recipients, encoding="utf-8")
        return folder
    return write_texts


# ── Random requests ──


def random_day(rng, policy):
    days = policy.days()
    if rng.random() < 0.6 and len(days) > 1:
        return rng.choice(days[1:]) + rng.choice((-1, 0, 1)) * DAY
    return datetime.date(2015, 1, 1) + rng.randrange(5000) * DAY


def random_request(rng, policy):
    """Mostly near what some permit permits: words drawn anywhere are nearly always denied."""
    made = {name: rng.choice(policy.values(name)) for name in oracle.WORDY}
    made["flag"] = frozenset(flag for flag in policy.words["flag"] if rng.random() < 0.25)
    if rng.random() < 0.8:
        permit = rng.choice([rule for rule in policy.rules if rule.kind == "permit"])
        for name, words in permit.when.items():
            if name == "flag":
                made[name] = frozenset(rng.sample(words, 1))
            else:
                inside = [party.id for party in policy.parties.values() if party.of_class in words]
                made[name] = rng.choice(inside if name == "recipient" and inside and rng.random() < 0.4 else words)
        for name in set(oracle.WORDY) - set(permit.when):
            made[name] = rng.choice(policy.values(name)[1:])
        if "flag" not in permit.when and rng.random() < 0.6:
            made["flag"] = frozenset()
        if rng.random() < 0.3:
            name = rng.choice(oracle.WORDY)
            made[name] = rng.choice(policy.values(name))
    return made


def agree(policy, made, day, via, answer):
    expected = oracle.decide(policy, made, day, via)
    told = f"{made} via {via} on {day}: {answer}\nexpected {expected} {expected.denied}"
    assert (answer["decision"] == "permit") == expected.permit, told
    assert sorted(answer["fields"]) == sorted(expected.fields), told
    assert sorted(answer["obligations"]) == sorted(expected.oblige), told
    assert answer["fields"] == [word for word in policy.words["field"] if word in expected.fields], told
    assert answer["citation"] and answer["path"].startswith("jail → "), told
    # Of a denial at one of several hands of `via`, the document does not say which comes first.
    named = {one.rule for one in expected.denied} if via and expected.denied else {expected.rule}
    if not any(one.emptied for one in [expected] + expected.denied):
        assert answer["rule"] in named, told
    if not via and len(expected.hand) > 1:
        assert " → ".join(expected.hand) in answer["path"], told


@pytest.mark.soak("policies")
@pytest.mark.parametrize("profile", PROFILES)
def test_random_requests_are_decided_as_the_document_says(profile, tmp_path):
    rng = random.Random(f"requests {profile}")
    path = tmp_path / "recipients.yaml"
    path.write_text(BACK_DOOR + NIGHT_DESK, encoding="utf-8")
    policy = oracle.load(profile, path)
    asked = [(random_request(rng, policy), random_day(rng, policy),
              rng.sample(policy.recipients(), rng.choice((1, 2))) if rng.random() < 0.15 else [])
             for _ in range(REQUESTS)]
    answers = in_parallel(lambda one: explain(one[0], profile, one[1], path, one[2]), asked)
    for (made, day, via), answer in zip(asked, answers):
        agree(policy, made, day, via, answer)
    permitted = sum(answer["decision"] == "permit" for answer in answers)
    assert REQUESTS // 10 < permitted < REQUESTS * 9 // 10


@pytest.mark.parametrize("profile", PROFILES)
def test_the_oracle_agrees_with_itself(profile, tmp_path):
    """One request at a time, and all of them at once."""
    rng = random.Random(f"oracle {profile}")
    path = tmp_path / "recipients.yaml"
    path.write_text(BACK_DOOR + NIGHT_DESK, encoding="utf-8")
    texts = oracle.flatten(profile, path)
    for kind in ("careless permit", "rule dropped", "edge added"):
        MUTATION[kind](rng, texts)
    policy = oracle.policy_of(texts)
    grid = oracle.Grid(policy)
    judged = {day: grid.judged(day) for day in policy.days()}
    for _ in range(300):
        made, day = random_request(rng, policy), random_day(rng, policy)
        fields, oblige = judged[max(start for start in judged if start <= day)]
        place = tuple(grid.place[name][made[name]] for name in oracle.ATTRIBUTES)
        expected = oracle.decide(policy, made, day)
        assert fields[place] == grid.bits(expected.fields), (made, day)
        assert not expected.permit or oblige[place] == grid.bits(expected.oblige), (made, day)


# ── Mutations ──

# Each changes a policy's texts in place, and gives False where there is nothing to change.


def pick(rng, entries):
    entries = list(entries)
    return rng.choice(entries) if entries else None


def permits(texts):
    return [rule for rule in texts["rules"] if "permit" in rule]


def words_of(texts, attribute):
    parties = [party["id"] for party in texts["recipients"]] if attribute == "recipient" else []
    return [word["word"] for word in texts["vocabulary"][attribute]] + parties


def drop_rule(rng, texts):
    texts["rules"].remove(rng.choice(texts["rules"]))


def widen(rng, texts):
    rule = rng.choice(texts["rules"])
    when, but_not = rule.get("when") or {}, rule.get("not") or {}
    how = rng.choice(("word", "line", "not"))
    if how == "not" and but_not:
        del rule["not"]
        return True
    name = pick(rng, when)
    if name is None:
        return False
    if how == "line":
        del when[name]
        return True
    missing = [word for word in words_of(texts, name) if word not in when[name]]
    if not missing:
        return False
    when[name].append(rng.choice(missing))
    return True


def narrow(rng, texts):
    rule = rng.choice(texts["rules"])
    when = rule.setdefault("when", {})
    how = rng.choice(("word", "line", "not"))
    if how == "word":
        name = pick(rng, (name for name, words in when.items() if len(words) > 1))
        if name is None:
            return False
        when[name].remove(rng.choice(when[name]))
        return True
    name = pick(rng, (name for name in oracle.ATTRIBUTES if name not in when))
    if how == "line" and name:
        when[name] = rng.sample(words_of(texts, name), 2)
        return True
    name = rng.choice(oracle.ATTRIBUTES)
    line = rule.setdefault("not", {}).setdefault(name, [])
    line += rng.sample([word for word in words_of(texts, name) if word not in line], 1)
    return True


def move_date(rng, texts):
    rule = rng.choice(texts["rules"] + [edge for party in texts["recipients"] for edge in party.get("may_pass_to", [])])
    known = [entry[key] for entry in texts["rules"] + texts["guarantees"] for key in ("from", "until") if key in entry]
    day = rng.choice(known + [datetime.date(2022, 3, 1)]) + rng.choice((-1, 0, 1, 400)) * DAY
    key = rng.choice(("from", "until")) if "permit" in rule or "forbid" in rule else "until"
    rule[key] = day
    if rule.get("from", datetime.date.min) >= rule.get("until", datetime.date.max):
        del rule["until" if key == "from" else "from"]


def reclassify(rng, texts):
    party = rng.choice(texts["recipients"])
    party["class"] = rng.choice([word["word"] for word in texts["vocabulary"]["recipient"][1:] if word["word"] != party["class"]])


def change_uses(rng, texts):
    party = rng.choice(texts["recipients"])
    uses = party.setdefault("uses", ["unknown"])
    new = rng.choice([word for word in words_of(texts, "purpose") if word not in uses])
    how = rng.choice(("replace", "add", "drop"))
    if how == "drop":
        del party["uses"]
    elif how == "replace":
        party["uses"] = [new]
    else:
        uses.append(new)


def add_edge(rng, texts):
    party, other = rng.sample(texts["recipients"], 2)
    edge = {"to": other["id"], "basis": rng.choice(words_of(texts, "basis")), "document": "A handshake"}
    if rng.random() < 0.4:
        edge["data"] = rng.sample(words_of(texts, "data")[1:], 3)
    if rng.random() < 0.3:
        edge["until"] = datetime.date(2022, 3, 1) + rng.randrange(1500) * DAY
    party.setdefault("may_pass_to", []).append(edge)


def flip(rng, texts):
    rule = rng.choice(texts["rules"])
    if "permit" in rule:
        rule["forbid"] = rule.pop("permit")
        rule.pop("oblige", None)
        if rng.random() < 0.7:
            rule.pop("fields", None)
    else:
        rule["permit"] = rule.pop("forbid")
        rule.setdefault("fields", rng.sample(words_of(texts, "field"), 3))
        rule["oblige"] = rng.sample(words_of(texts, "obligation"), rng.randrange(1, 5))


def change_fields(rng, texts):
    rule = pick(rng, (rule for rule in texts["rules"] if rule.get("fields")))
    if rule is None:
        return False
    field = rng.choice(words_of(texts, "field"))
    if field not in rule["fields"]:
        rule["fields"].append(field)
    elif len(rule["fields"]) > 1:
        rule["fields"].remove(field)
    else:
        return False
    return True


def drop_obligation(rng, texts):
    rule = pick(rng, (rule for rule in permits(texts) if rule.get("oblige")))
    if rule is None:
        return False
    rule["oblige"].remove(rng.choice(rule["oblige"]))
    if not rule["oblige"]:
        del rule["oblige"]
    return True


def careless_permit(rng, texts):
    """Somebody in a hurry permits much, and only what is forbidden holds it back."""
    some = lambda name, low, high: rng.sample(words_of(texts, name)[1:], rng.randint(low, high))
    when = {"recipient": some("recipient", 2, 8), "purpose": some("purpose", 2, 6), "basis": some("basis", 3, 8),
            "data": some("data", 2, 5), "mode": some("mode", 1, 3), "jurisdiction": some("jurisdiction", 1, 3)}
    if rng.random() < 0.5:
        when["recipient"] += [word for word in ("registrant", "association", "immigration_agency")
                              if word not in when["recipient"]]
        when["purpose"] += [word for word in ("immigration_enforcement",) if word not in when["purpose"]]
    if rng.random() < 0.2:
        when[rng.choice(list(when))].append("unknown")
    if rng.random() < 0.2:
        when["flag"] = rng.sample(words_of(texts, "flag"), 2)
    texts["rules"].append({"permit": f"careless-{rng.randrange(10**9)}", "cite": "In a hurry", "when": when,
                           "fields": rng.sample(words_of(texts, "field"), rng.randint(1, 5)),
                           "oblige": words_of(texts, "obligation")})


def change_guarantee(rng, texts):
    """Not a weaker rule but a bigger promise; or one that promises nothing."""
    guarantee = rng.choice(texts["guarantees"])
    how = rng.choice(("unless", "when", "not", "fields", "excuse"))
    if how in ("unless", "when", "not") and guarantee.get(how):
        lines = guarantee[how]
        lines.pop(rng.choice(list(lines)) if isinstance(lines, dict) else 0)
        if not lines:
            del guarantee[how]
        return True
    if how == "fields" and "always_oblige" not in guarantee:
        guarantee["fields"] = rng.sample(words_of(texts, "field"), 2)
        return True
    if how == "excuse":
        name = rng.choice(oracle.ATTRIBUTES)
        guarantee.setdefault("unless", []).append({name: rng.sample(words_of(texts, name), 3)})
        return True
    return False


MUTATION = {"rule dropped": drop_rule, "condition widened": widen, "condition narrowed": narrow,
            "date moved": move_date, "recipient reclassified": reclassify, "uses changed": change_uses,
            "edge added": add_edge, "effect flipped": flip, "fields changed": change_fields,
            "obligation dropped": drop_obligation, "careless permit": careless_permit,
            "guarantee changed": change_guarantee}


def mutate(rng, kind, texts):
    for _ in range(50):
        changed = copy.deepcopy(texts)
        if MUTATION[kind](rng, changed) is not False:
            return changed
    raise AssertionError(f"nothing to do for {kind}")


def mutant_kind(profile, number):
    return list(MUTATION)[(number + PROFILES.index(profile)) % len(MUTATION)]


def mutant(profile, number):
    """(kind, texts before, texts after): half of them over what somebody careless did before."""
    rng = random.Random(f"mutation {profile} {number}")
    texts = oracle.flatten(profile)
    texts["recipients"] = yaml.safe_load(BACK_DOOR + NIGHT_DESK)["recipients"]
    kind = mutant_kind(profile, number)
    for _ in range(rng.choice((0, 0, 1, 1, 2))):
        texts = mutate(rng, rng.choice(("careless permit", "rule dropped", "condition widened", "edge added")), texts)
    if kind in ("rule dropped", "condition narrowed", "effect flipped", "date moved") and rng.random() < 0.5:
        texts = mutate(rng, "careless permit", texts)
    return kind, texts, mutate(rng, kind, texts)


def as_extended(rng, texts, folder):
    """The same policy in two folders, one extending the other."""
    cut = {name: rng.randrange(len(texts[name]) + 1) for name in ("rules", "guarantees")}
    cut["recipients"] = rng.choice((0, len(texts["recipients"])))
    base = {"vocabulary": texts["vocabulary"], **{name: texts[name][:at] for name, at in cut.items()}}
    write(base, folder / "base")
    return write({"extends": "base", **{name: texts[name][at:] for name, at in cut.items()}},
                 folder / "own")


def checked_mutant(profile, number):
    """(kind, texts, what `check` said of them)."""
    kind, _, after = mutant(profile, number)
    rng = random.Random(f"folder {profile} {number}")
    with tempfile.TemporaryDirectory() as scratch:
        folder = (write(after, Path(scratch)) if rng.random() < 0.5 else as_extended(rng, after, Path(scratch)))
        done = run("check", folder, "--json")
    return kind, after, done


@functools.lru_cache(None)
def checked_mutants(profile):
    return in_parallel(lambda number: checked_mutant(profile, number), range(MUTATIONS))


def confirm(rng, policy, broken, smallest, day):
    """The counterexample breaks the guarantee, is the smallest of all days, and any word does where it says so."""
    guarantee = next(one for one in policy.guarantees if one.id == broken["guarantee"])
    made = {**broken["counterexample"], "flag": frozenset(broken["counterexample"]["flag"])}
    mended = next((one for one in policy.days() if one > day and not oracle.breaks(policy, guarantee, made, one)), None)
    assert broken["from"] == (None if day == oracle.FIRST_DAY else day.isoformat()), broken
    assert broken["until"] == (mended.isoformat() if mended else None), broken
    assert oracle.breaks(policy, guarantee, made, day), (broken, day)
    assert made == smallest, (broken, smallest)
    for name in set(broken["any"]) - {"flag"}:
        other = {**made, name: rng.choice(policy.values(name))}
        assert oracle.breaks(policy, guarantee, other, day), (broken, other)
    expected = oracle.decide(policy, made, day)
    assert (broken["decision"] == "permit") == expected.permit, broken


@pytest.mark.soak("policies")
@pytest.mark.full
@pytest.mark.parametrize("profile", PROFILES)
def test_mutated_policies_break_exactly_what_the_oracle_says(profile):
    rng = random.Random(f"confirm {profile}")
    for number, (kind, after, done) in enumerate(checked_mutants(profile)):
        told = f"{profile} {number} {kind}"
        try:
            policy = oracle.policy_of(after)
        except oracle.Refused:
            assert done.returncode == 2, f"{told}: {done}"
            assert "promises nothing" in done.stderr or "no request can meet" in done.stderr, f"{told}: {done}"
            continue
        expected = oracle.Grid(policy).broken()
        assert done.returncode == (1 if expected else 0), f"{told}: {done.stderr} {done.stdout} {expected}"
        report = json.loads(done.stdout)
        assert {one["guarantee"] for one in report["broken"]} == set(expected), told
        assert report["dates"] == len(policy.days()), told
        for broken in report["broken"]:
            confirm(rng, policy, broken, *expected[broken["guarantee"]])


@pytest.mark.parametrize("kind", MUTATION)
def test_every_kind_of_mutation_breaks_something_that_held(kind, tmp_path):
    """Else the mutations would try nothing. The first that does is found by the oracle, for whom it is cheap."""
    numbers = (number for number in itertools.count() if mutant_kind("baseline", number) == kind)
    for number in itertools.islice(numbers, 200):
        _, before, after = mutant("baseline", number)
        try:
            broken = oracle.check(oracle.policy_of(after))
            if broken - oracle.check(oracle.policy_of(before)):
                break
        except oracle.Refused:
            continue
    else:
        raise AssertionError(f"of 200 mutations none broke anything: {kind}")
    held = {one["guarantee"] for one in json.loads(run("check", write(before, tmp_path / "a"), "--json").stdout)["broken"]}
    now = {one["guarantee"] for one in json.loads(run("check", write(after, tmp_path / "b"), "--json").stdout)["broken"]}
    assert now == broken and now - held


@pytest.mark.full
@pytest.mark.skipif(z3 is None, reason="python3-z3 is missing")
@pytest.mark.parametrize("profile", PROFILES)
def test_z3_proves_and_breaks_the_same_guarantees(profile, chain):
    assert oracle.Model(oracle.load(profile, chain), z3).broken() == set()
    assert json.loads(run("check", profile, "--json", f"--recipients={chain}").stdout)["broken"] == []
    for number, (kind, after, done) in enumerate(checked_mutants(profile)[:PROVED]):
        if done.returncode == 2:
            continue
        broken = oracle.Model(oracle.policy_of(after), z3).broken()
        assert broken == {one["guarantee"] for one in json.loads(done.stdout)["broken"]}, (profile, number, kind)


# ── The back door ──


@pytest.mark.parametrize("profile", PROFILES)
def test_the_guarantees_hold_with_the_back_door_declared(profile, chain):
    done = run("check", profile, "--json", f"--recipients={chain}")
    assert done.returncode == 0 and json.loads(done.stdout)["ok"] is True
    assert run("check", profile).returncode == 0


NO_PROCESS = {"basis": ["contract", "administrative_subpoena", "agency_warrant_form"],
              "data": ["release", "custody_status"], "mode": ["lookup", "alert", "list_match", "bulk"]}


@pytest.mark.soak("policies")
@pytest.mark.full
@pytest.mark.parametrize("profile", PROFILES)
def test_nobody_on_the_way_to_the_federal_office_gets_anything(profile, chain):
    """Asked one by one; REQUESTS of the 216 unless this is the soak. The next test proves them all."""
    asked = [request(party, purpose, basis, data, mode)
             for party, own in CHAIN.items()
             for purpose in sorted({own, "immigration_enforcement"})
             for basis, data, mode in itertools.product(*NO_PROCESS.values())]
    assert len(asked) == 216
    random.Random(f"chain {profile}").shuffle(asked)
    asked = asked[:REQUESTS]
    for made, answer in zip(asked, in_parallel(lambda made: explain(made, profile, recipients=chain), asked)):
        assert answer["decision"] == "deny" and answer["fields"] == [] and answer["citation"], (made, answer)
        assert f"jail → {made['recipient']}" in answer["path"], answer


@pytest.mark.parametrize("profile", PROFILES)
def test_it_is_proved_that_nobody_on_the_way_gets_anything(profile, tmp_path):
    """As guarantees of a county's own, for every request of the last test and on every day."""
    purposes = sorted({*CHAIN.values(), "immigration_enforcement"})
    texts = {"extends": profile, "rules": [], "recipients": yaml.safe_load(BACK_DOOR)["recipients"], "guarantees": [
        {"never": "no-back-door", "promise": "x", "when": {"recipient": list(CHAIN), "purpose": purposes, **NO_PROCESS}},
        {"never": "not-even-with-a-warrant", "promise": "x", "when": {"recipient": list(CHAIN)[:4]}},
        {"never": "nor-is-its-class-told", "promise": "x", "when": {"recipient": ["local_law_enforcement"]}}]}
    assert check(write(texts, tmp_path / "county"), 0)["guarantees"] == check(profile)["guarantees"] + 3


@pytest.mark.parametrize("profile", PROFILES)
def test_a_sheriff_with_a_warrant_is_denied_for_whom_it_passes_on_to(profile, chain):
    made = request("north-sheriff", "criminal_investigation", "judicial_warrant", "custody_status", "lookup")
    alone = explain({**made, "recipient": "local_law_enforcement"}, profile)
    assert alone["decision"] == "permit" and alone["rule"] == "judges-process-in-a-criminal-matter"
    answer = explain(made, profile, recipients=chain)
    assert answer["decision"] == "deny" and answer["rule"] == "no-brokers" and answer["citation"]
    assert "jail → north-sheriff" in answer["path"]
    assert "north-sheriff → sheriffs-association (Data sharing agreement 2019-14)" in answer["path"]
    of_class = explain({**made, "recipient": "local_law_enforcement"}, profile, recipients=chain)
    assert of_class["decision"] == "deny" and "north-sheriff → sheriffs-association" in of_class["path"]


def test_the_path_names_every_hand_up_to_the_first_that_may_not(tmp_path):
    """Were brokers permitted, the federal office at the end would still be why the sheriff is denied."""
    texts = oracle.flatten("baseline")
    texts["recipients"] = yaml.safe_load(BACK_DOOR)["recipients"]
    texts["rules"] = [rule for rule in texts["rules"] if rule.get("forbid") != "no-brokers"]
    texts["rules"].append({"permit": "trade", "cite": "None", "fields": ["name", "facility"], "oblige": ["log"],
                           "when": {"recipient": ["association", "alert_vendor", "data_broker"],
                                    "purpose": ["commercial"], "basis": ["contract", "ownership"],
                                    "data": ["custody_status"], "mode": ["lookup"], "jurisdiction": ["local"]}})
    folder = write(texts, tmp_path / "county")
    made = request("north-sheriff", "criminal_investigation", "judicial_warrant", "custody_status", "lookup")
    answer = explain(made, folder)
    assert answer["decision"] == "deny" and answer["rule"] == "immigration-purpose-without-a-judge"
    assert answer["path"].split("; ")[0] == "jail → north-sheriff"
    for hand in ("north-sheriff → sheriffs-association", "→ alert-vendor-inc", "→ parent-broker", "→ federal-office"):
        assert hand in answer["path"], answer["path"]
    texts["recipients"][3]["may_pass_to"][0]["until"] = TODAY
    folder = write(texts, tmp_path / "ended")
    answer = explain(made, folder)
    assert answer["decision"] == "permit" and answer["fields"] == ["name", "facility"]
    assert set(answer["obligations"]) == {"log", "receipt", "second_approver", "one_person"}
    assert explain(made, folder, TODAY - DAY)["decision"] == "deny"


@pytest.mark.parametrize("hand", sorted(CHAIN))
def test_what_goes_through_a_hand_of_the_chain_is_denied(hand, chain):
    made = request("registrant", "victim_notice", "registration", "release", "alert")
    assert explain(made, "baseline", recipients=chain)["decision"] == "permit"
    assert explain(made, "baseline", recipients=chain, via=[hand])["decision"] == "deny"


@pytest.mark.parametrize("profile", PROFILES)
def test_a_registrants_notice_stays_permitted(profile, chain):
    for basis in ("registration", "verified_victim"):
        for jurisdiction in ("unknown", "local", "state", "elsewhere"):
            made = request("registrant", "victim_notice", basis, "release", "alert", jurisdiction=jurisdiction)
            answer = explain(made, profile, recipients=chain)
            assert answer["decision"] == "permit" and answer["rule"] == "registrant-alert"
            assert {"facility", "times"} <= set(answer["fields"]) and answer["obligations"] == ["log"]


@pytest.mark.parametrize("profile", PROFILES)
def test_what_a_judges_warrant_opens_to_an_immigration_agency(profile, chain):
    made = request("immigration_agency", "immigration_enforcement", "judicial_warrant", "custody_status", "lookup")
    expected = "permit" if profile in ("us-co", "us-nj", "us-wa") else "deny"
    for recipients in (None, chain):
        answer = explain(made, profile, recipients=recipients)
        assert answer["decision"] == expected and answer["citation"]
        if expected == "permit":
            assert set(answer["obligations"]) == {"log", "receipt", "second_approver", "one_person"}
    release = explain({**made, "data": "release"}, profile)["decision"]
    assert release == ("permit" if profile in ("us-co", "us-wa") else "deny")
    for mode in ("alert", "list_match", "bulk"):
        assert explain({**made, "mode": mode}, profile)["decision"] == "deny"
    assert explain({**made, "flag": ["sealed"]}, profile)["decision"] == "deny"
    assert explain({**made, "basis": "agency_warrant_form"}, profile)["decision"] == "deny"


# ── Files, statuses and the fine print ──

EVERYBODY = "  - {permit: open, cite: x, fields: [name, times], oblige: [log]}\n"
NO_ALERTS = "  - never: no-alerts\n    promise: Nobody is alerted\n    when: {mode: [alert]}\n"


def test_the_status_says_what_check_found(county):
    folder = county("  - {permit: ask, cite: x, when: {mode: [lookup]}, fields: [name]}\n", NO_ALERTS)
    assert check(folder, 0)["broken"] == []
    report = check(county(EVERYBODY, NO_ALERTS), 1)
    assert [one["guarantee"] for one in report["broken"]] == ["no-alerts"]
    assert report["broken"][0]["counterexample"]["mode"] == "alert" and report["broken"][0]["rule"] == "open"
    assert run("check", folder.parent / "nowhere").returncode == 2
    done = run("check", county(EVERYBODY, NO_ALERTS))
    assert done.returncode == 1 and "BROKEN no-alerts: Nobody is alerted" in done.stdout


@pytest.mark.parametrize("rules, line, why", [
    ("  - permit: p\n    cite: [x\n    fields: [name]\n", None, ""),
    ("  - permit: p\n    cite: x\n    fields: [nome]\n", 4, "nome"),
    ("  - permit: p\n    cite: x\n    fields: [name]\n    when:\n      mode: [lookup]\n      basis: [warrant]\n", 7, "warrant"),
    ("  - permit: p\n    cite: x\n    fields: [name]\n    when: {reciepient: [court]}\n", 5, "reciepient"),
    ("  - permit: p\n    cite: x\n    fields: [name]\n    colour: red\n", 5, "colour"),
    ("  - permit: p\n    cite: x\n    fields: [name]\n    from: 2025-02-30\n", 5, "2025-02-30"),
    ("  - permit: p\n    cite: x\n    fields: [name]\n    oblige: [notarize]\n", 5, "notarize"),
    ("  - permit: p\n    cite: x\n    fields: [name]\n  - forbid: p\n    cite: x\n", None, '"p"'),
    ("  - permit: p\n    cite: x\n    fields: [name]\n    when: {recipient: [nobody-known]}\n", 5, "nobody-known"),
])
def test_a_file_that_cannot_be_read_names_the_line(county, rules, line, why):
    folder = county(rules)
    for done in (run("check", folder), run("explain", f"--profile={folder}", "--recipient=court", "--purpose=research",
                                           "--basis=none", "--data=release", "--mode=lookup")):
        assert done.returncode == 2 and done.stdout == ""
        assert f"{folder}/rules.yaml:{line if line else ''}" in done.stderr and why in done.stderr, done.stderr


@pytest.mark.parametrize("wrong", ["--recipient=nobody-known", "--mode=shout", "--flag=red", "--via=nobody-known",
                                   "--date=2025-02-30", "--jurisdiction=moon", "--profile=nowhere"])
def test_a_word_that_is_none_is_refused(wrong):
    done = run("explain", "--recipient=court", "--purpose=research", "--basis=none", "--data=release", "--mode=lookup",
               wrong)
    assert done.returncode == 2 and wrong.split("=")[1] in done.stderr and done.stdout == ""


@pytest.mark.parametrize("guarantee", [
    "    when: {mode: [lookup]}\n    not: {mode: [lookup, alert]}\n",
    "    when: {mode: [lookup]}\n    unless: [{mode: [lookup]}]\n",
    "    unless: [{mode: [lookup, alert]}, {mode: [unknown, list_match, bulk]}]\n",
    "    when: {flag: [sealed, juvenile]}\n    unless: [{flag: [sealed]}, {flag: [juvenile]}]\n",
    "    when: {recipient: [a]}\n    not: {recipient: [court]}\n",
])
def test_a_guarantee_that_promises_nothing_is_refused(county, guarantee):
    folder = county(EVERYBODY, NO_ALERTS + "  - never: empty\n    promise: x\n" + guarantee, "  - {id: a, class: court}\n")
    with pytest.raises(oracle.Refused):
        oracle.load(folder)
    done = run("check", folder)
    assert done.returncode == 2 and "empty" in done.stderr and "guarantees.yaml:5" in done.stderr, done.stderr


def test_policies_that_extend_each_other_in_a_circle_are_refused(tmp_path):
    for name, other in (("one", "two"), ("two", "one"), ("self", "self")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rules.yaml").write_text(f"extends: {other}\nrules: []\n", encoding="utf-8")
    for name in ("one", "self"):
        done = run("check", tmp_path / name)
        assert done.returncode == 2 and "circle" in done.stderr and "rules.yaml:1" in done.stderr


def test_extending_takes_nothing_away(tmp_path):
    folder = tmp_path / "county"
    folder.mkdir()
    (folder / "rules.yaml").write_text("extends: us-co\nrules:\n  - permit: trade\n    cite: x\n"
                                       "    when: {recipient: [data_broker], mode: [alert]}\n    fields: [name]\n",
                                       encoding="utf-8")
    assert check(folder, 0)["guarantees"] == check("us-co")["guarantees"]
    answer = explain(request("data_broker", mode="alert"), folder)
    assert answer["decision"] == "deny" and answer["rule"] == "no-brokers"
    assert [one["rule"] for one in answer["matched"]] == ["no-brokers", "trade"]


def test_an_obligation_that_nobody_can_meet_denies_and_is_noted(county):
    folder = county("  - {permit: p, cite: x, fields: [name], oblige: [log]}\n"
                    "  - {permit: q, cite: x, fields: [times], oblige: [notarize], when: {mode: [lookup]}}\n",
                    words="  - {word: notarize, means: a notary signs}\n")
    answer = explain(request(), folder)
    assert answer["decision"] == "deny" and answer["unmet_obligation"] == "notarize" and answer["fields"] == []
    assert explain(request(mode="alert"), folder)["decision"] == "permit"
    assert any("notarize" in note for note in check(folder)["notes"])


def test_fields_and_obligations_add_up_and_what_is_forbidden_comes_out(county):
    folder = county("  - {permit: p, cite: px, fields: [times, name], oblige: [log]}\n"
                    "  - {permit: q, cite: qx, fields: [detail, name], oblige: [receipt], when: {mode: [lookup]}}\n"
                    "  - {forbid: f, cite: fx, fields: [name], when: {flag: [protected]}}\n"
                    "  - {forbid: g, cite: gx, fields: [times, detail], when: {flag: [juvenile]}}\n"
                    "  - {forbid: h, cite: hx, when: {flag: [sealed]}}\n")
    answer = explain(request("court"), folder)
    assert answer["rule"] == "p" and answer["citation"] == "px"
    assert answer["fields"] == ["name", "times", "detail"] and answer["obligations"] == ["log", "receipt"]
    assert explain(request("court", mode="alert"), folder)["fields"] == ["name", "times"]
    assert explain(request("court", flag=["protected"]), folder)["fields"] == ["times", "detail"]
    assert explain(request("court", flag=["protected", "juvenile"]), folder)["decision"] == "deny"
    answer = explain(request("court", flag=["protected", "juvenile", "sealed"]), folder)
    assert answer["decision"] == "deny" and answer["rule"] == "h"


def test_what_is_left_out_is_unknown_and_only_who_names_it_permits_it(county):
    folder = county("  - {permit: p, cite: x, fields: [name], when: {recipient: [unknown, court]}}\n"
                    "  - {permit: q, cite: x, fields: [name], when: {flag: [unknown]}}\n"
                    "  - {forbid: f, cite: x, when: {data: [release]}, not: {purpose: [unknown]}}\n")
    assert explain(request("court", data="disclosures"), folder)["decision"] == "permit"
    assert explain(request("unknown", data="disclosures"), folder)["decision"] == "permit"
    assert explain(request("public", data="disclosures"), folder)["rule"] == "default-deny"
    for name in ("purpose", "basis", "data", "mode", "jurisdiction"):
        made = request("court", data="disclosures")
        # Unknown data may be a release: the forbid applies.
        assert explain({**made, name: "unknown"}, folder)["rule"] == ("f" if name == "data" else "default-deny")
        if name != "jurisdiction":
            del made[name]
            assert explain(made, folder)["rule"] == ("f" if name == "data" else "default-deny")
    assert explain(request("public", data="disclosures", flag=["unknown"]), folder)["rule"] == "q"
    assert explain(request("court"), folder)["rule"] == "f"
    assert explain(request("court", "unknown"), folder)["rule"] == "default-deny"
    assert explain(request("court", basis="unknown"), folder)["rule"] == "f"


def test_flags_hold_if_any_is_set(county):
    folder = county("  - {permit: p, cite: x, fields: [name], when: {flag: [sealed, juvenile]}}\n"
                    "  - {permit: q, cite: x, fields: [name], when: {mode: [alert]}, not: {flag: [sealed, juvenile]}}\n")
    for mode, flags, rule in (("lookup", [], "default-deny"), ("lookup", ["protected"], "default-deny"),
                              ("lookup", ["sealed"], "p"), ("lookup", ["juvenile", "protected"], "p"),
                              ("lookup", ["sealed", "unknown"], "default-deny"), ("alert", [], "q"),
                              ("alert", ["protected"], "q"), ("alert", ["protected", "juvenile"], "p"),
                              ("alert", ["unknown"], "default-deny")):
        assert explain(request(mode=mode, flag=flags), folder)["rule"] == rule, (mode, flags)


def test_a_rule_holds_from_its_first_day_until_the_day_before_its_last(county):
    folder = county("  - {permit: p, cite: x, fields: [name], from: 2025-01-01, until: 2026-01-01}\n",
                    "  - {never: late, promise: x, from: 2026-01-01}\n  - {never: early, promise: x, until: 2025-01-01}\n"
                    "  - {never: on-its-last-day, promise: x, from: 2025-12-31}\n"
                    "  - {never: on-its-first-day, promise: x, until: 2025-01-02}\n")
    for day, decision in (("2024-12-31", "deny"), ("2025-01-01", "permit"), ("2025-12-31", "permit"),
                          ("2026-01-01", "deny")):
        assert explain(request(), folder, datetime.date.fromisoformat(day))["decision"] == decision, day
    report = check(folder, 1)
    assert {one["guarantee"]: one["from"] for one in report["broken"]} == {
        "on-its-first-day": "2025-01-01", "on-its-last-day": "2025-12-31"}
    assert oracle.check(oracle.load(folder)) == {"on-its-first-day", "on-its-last-day"}


def test_what_is_in_force_in_colorado_on_the_day(chain):
    """Before the law's own day, its permit is not there either."""
    made = request("immigration_agency", "immigration_enforcement", "court_order", "release", "lookup")
    law = datetime.date(2021, 6, 25)
    assert explain(made, "us-co", law - DAY)["decision"] == "deny"
    assert explain(made, "us-co", law)["decision"] == "permit"


PROBATION = ("  - id: a\n    class: court\n    uses: [court_proceeding]\n    may_pass_to:\n      - {to: b, basis: contract, document: D}\n"
             "  - id: b\n    class: probation\n    uses: [supervision, oversight]\n")
COURTS = "  - {permit: p, cite: x, when: {recipient: [court, probation]}, fields: [name, times], oblige: [log]}\n"


def test_who_gets_it_in_the_end_is_judged_by_own_uses_and_the_agreements_basis(county):
    last = "  - {permit: q, cite: x, fields: [name, detail], oblige: [receipt], when: {recipient: [probation]%s}}\n"
    courts = COURTS.replace(", probation", "")
    expected = {"": True, ", basis: [contract]": True, ", basis: [none]": False, ", purpose: [supervision]": False,
                ", purpose: [supervision, oversight]": True, ", mode: [alert]": False, ", data: [release]": True}
    for line, permitted in expected.items():
        answer = explain(request("a"), county(courts + last % line, recipients=PROBATION))
        assert (answer["decision"] == "permit") == permitted, line
        assert answer["fields"] == (["name"] if permitted else [])
        assert answer["obligations"] == (["log", "receipt"] if permitted else [])


def test_two_ways_to_the_same_hand_are_both_judged(county):
    recipients = PROBATION.replace("document: D}\n", "document: D}\n      - {to: c, basis: statute, document: E}\n", 1)
    recipients += ("  - id: c\n    class: court\n    uses: [court_proceeding]\n    may_pass_to:\n"
                   "      - {to: b, basis: agency_request, document: F}\n      - {to: a, basis: unknown, document: G}\n")
    rule = "  - {forbid: f, cite: x, when: {basis: [agency_request]}}\n"
    assert explain(request("a"), county(COURTS, recipients=recipients))["decision"] == "permit"
    answer = explain(request("a"), county(COURTS + rule, recipients=recipients))
    assert answer["decision"] == "deny" and answer["rule"] == "f" and "a → c → b" in answer["path"]


def test_an_agreement_is_for_its_data_and_until_its_day(county):
    recipients = PROBATION.replace("document: D", "document: D, data: [release], until: 2025-01-01")
    folder = county(COURTS.replace(", probation", ""), recipients=recipients)
    first = datetime.date(2025, 1, 1)
    assert explain(request("a"), folder, first - DAY)["decision"] == "deny"
    assert explain(request("a"), folder, first)["decision"] == "permit"
    assert explain(request("a", data="booking_detail"), folder, first - DAY)["decision"] == "permit"


def test_a_class_is_judged_as_the_worst_of_its_parties(county):
    recipients = "  - {id: c, class: probation}\n"
    folder = county(COURTS + "  - {forbid: f, cite: x, when: {recipient: [c]}}\n", recipients=recipients)
    assert explain(request("c"), folder)["decision"] == "deny"
    assert explain(request("probation"), folder)["decision"] == "deny"


def test_of_the_forbids_that_leave_nothing_the_first_is_named(county):
    folder = county(EVERYBODY + "  - {forbid: f, cite: x, fields: [name, times]}\n"
                                "  - {forbid: g, cite: x, fields: [name]}\n")
    assert explain(request(), folder)["rule"] == "f"


def test_a_forbid_applies_to_unknown_too(county):
    folder = county("  - {permit: p, cite: x, fields: [name], when: {flag: [unknown]}}\n"
                    "  - {forbid: f, cite: x, when: {flag: [sealed]}}\n")
    assert explain(request(flag=["unknown"]), folder)["decision"] == "deny"
