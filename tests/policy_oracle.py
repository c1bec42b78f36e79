"""A second, naive implementation of docs/policy-language.md, for tests/test_policy.py to compare with.

Written from that document alone, not from src/policy. `decide` reads the rules as a person would, one
request at a time. `check` tries every request on every span of dates: words that no line of the policy
tells apart count as one (this loses nothing), and numpy holds the answers for what is left. `Model` says
the same to Z3, with the date as one more variable.
"""
import datetime
import itertools
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import yaml

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ROOT / "share" / "policies"
ATTRIBUTES = ("recipient", "purpose", "basis", "data", "mode", "flag", "jurisdiction")
WORDY = tuple(name for name in ATTRIBUTES if name != "flag")
CAN_OBLIGE = {"log", "receipt", "second_approver", "one_person"}
PEOPLE = {"registrant", "subject", "public"}  # classes for whom only `log` is done
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEFAULT_DENY = "default-deny"
FIRST_DAY, LAST_DAY = datetime.date.min, datetime.date.max

# Where the document can be read in two ways; both hold for the shipped profiles.
REACHES_UNKNOWN = ("forbid", "never", "always_oblige")  # in every line, unless `not` names it
CLASS_IS_ITS_WORST_PARTY = True  # rules about a party count when its class is asked for


class Refused(Exception):
    """The policy cannot be read."""


# ── Reading ──


@dataclass
class Clause:
    """What a rule or a guarantee is about."""
    id: str
    kind: str
    when: dict = field(default_factory=dict)
    but_not: dict = field(default_factory=dict)
    unless: list = field(default_factory=list)
    fields: list = None
    oblige: list = field(default_factory=list)
    start: datetime.date = FIRST_DAY
    end: datetime.date = LAST_DAY

    def in_force(self, day):
        return self.start <= day < self.end


@dataclass
class Party:
    id: str
    of_class: str
    uses: list
    passes: list  # (to, data or None, basis, start, end)


@dataclass
class Policy:
    words: dict
    rules: list
    guarantees: list
    parties: dict

    def recipients(self):
        return self.words["recipient"] + list(self.parties)

    def values(self, attribute):
        return self.recipients() if attribute == "recipient" else self.words[attribute]

    def days(self):
        """The first day of every span of dates between which nothing begins or ends."""
        edges = {FIRST_DAY}
        for clause in self.rules + self.guarantees:
            edges |= {clause.start, clause.end}
        for party in self.parties.values():
            for _, _, _, start, end in party.passes:
                edges |= {start, end}
        return sorted(edges - {LAST_DAY})


def clause_of(entry, kinds):
    kind = next(kind for kind in kinds if kind in entry)
    return Clause(id=entry[kind], kind=kind, when=entry.get("when") or {}, but_not=entry.get("not") or {},
                  unless=entry.get("unless") or [], fields=entry.get("fields"), oblige=entry.get("oblige") or [],
                  start=entry.get("from", FIRST_DAY), end=entry.get("until", LAST_DAY))


def beside(folder, name):
    """`extends` names a folder beside the policy's own, or a shipped profile."""
    return folder.parent / name if (folder.parent / name).is_dir() else name


def flatten(folder, extra=None):
    """The texts of a policy and all that it extends, in one: {vocabulary, rules, guarantees, recipients}."""
    folder = SHIPPED / folder if (SHIPPED / str(folder)).is_dir() else Path(folder)
    read = lambda name: yaml.load((folder / name).read_text("utf-8"), LOADER) if (folder / name).exists() else {}
    rules = read("rules.yaml")
    whole = (flatten(beside(folder, rules["extends"])) if "extends" in rules
             else {"vocabulary": {}, "rules": [], "guarantees": [], "recipients": []})
    for kind, words in read("vocabulary.yaml").items():
        whole["vocabulary"].setdefault(kind, []).extend(words)
    whole["rules"] += rules.get("rules") or []
    whole["guarantees"] += read("guarantees.yaml").get("guarantees") or []
    whole["recipients"] += read("recipients.yaml").get("recipients") or []
    if extra:
        whole["recipients"] += yaml.safe_load(Path(extra).read_text("utf-8"))["recipients"]
    return whole


def policy_of(texts):
    parties = {}
    one_case = {word["word"] for word in texts["vocabulary"]["basis"] if word.get("one_case")}
    for entry in texts["recipients"]:
        passes = [(edge["to"], edge.get("data"), "unknown" if edge["basis"] in one_case else edge["basis"],
                   edge.get("from", FIRST_DAY),
                   edge.get("until", LAST_DAY)) for edge in entry.get("may_pass_to") or []]
        parties[entry["id"]] = Party(entry["id"], entry["class"], entry.get("uses") or ["unknown"], passes)
    policy = Policy(words={kind: [word["word"] for word in words] for kind, words in texts["vocabulary"].items()},
                    rules=[clause_of(entry, ("permit", "forbid")) for entry in texts["rules"]],
                    guarantees=[clause_of(entry, ("never", "always", "always_oblige"))
                                for entry in texts["guarantees"]],
                    parties=parties)
    grid = Grid(policy)
    for rule in policy.rules:
        if not all(grid.box(rule, as_written=True)):
            raise Refused(f"no request can meet the conditions of {rule.id}")
    for guarantee in policy.guarantees:
        if not grid.leaves_any(guarantee):
            raise Refused(f"the guarantee {guarantee.id} promises nothing")
    return policy


def load(folder, extra=None):
    return policy_of(flatten(folder, extra))


# ── One request ──


def line_holds(policy, attribute, words, value):
    """Does a line of `when`, `not` or `unless` hold for a value? A flag's value is a set."""
    if attribute == "flag":
        return bool(set(words) & set(value))
    if attribute == "recipient" and value in policy.parties:
        return value in words or policy.parties[value].of_class in words
    return value in words


def is_unknown(attribute, value):
    return "unknown" in value if attribute == "flag" else value == "unknown"


def allows(policy, clause, attribute, value, as_written=False):
    """Do the clause's two lines about an attribute, in `when` and in `not`, let a value in?"""
    if attribute in clause.but_not and line_holds(policy, attribute, clause.but_not[attribute], value):
        return False
    words = clause.when.get(attribute)
    if clause.kind == "permit" and is_unknown(attribute, value) and "unknown" not in (words or []):
        return False
    if clause.kind in REACHES_UNKNOWN and not as_written and is_unknown(attribute, value):
        return True
    return words is None or line_holds(policy, attribute, words, value)


def covers(policy, clause, request):
    if not all(allows(policy, clause, name, request[name]) for name in ATTRIBUTES):
        return False
    return not any(all(line_holds(policy, name, words, request[name]) for name, words in excuse.items())
                   for excuse in clause.unless)


@dataclass
class Decision:
    permit: bool
    rule: str
    fields: set
    oblige: set
    unmet: set = field(default_factory=set)
    hand: tuple = ()  # the parties it goes through to whoever may not have it
    emptied: bool = False  # denied because no field is left


def can_oblige(policy, recipient):
    """What the program can do for this recipient."""
    of_class = policy.parties[recipient].of_class if recipient in policy.parties else recipient
    return {"log"} if of_class in PEOPLE else CAN_OBLIGE


def judge(policy, request, day):
    """As if the jail told this recipient and it told nobody."""
    matching = [rule for rule in policy.rules if rule.in_force(day) and covers(policy, rule, request)]
    permits = [rule for rule in matching if rule.kind == "permit"]
    denying = [rule for rule in matching if rule.kind == "forbid" and not rule.fields]
    narrowing = [rule for rule in matching if rule.kind == "forbid" and rule.fields]
    if denying:
        return Decision(False, denying[0].id, set(), set())
    if not permits:
        return Decision(False, DEFAULT_DENY, set(), set())
    oblige = {word for rule in permits for word in rule.oblige}
    unmet = oblige - can_oblige(policy, request["recipient"])
    if unmet:
        return Decision(False, permits[0].id, set(), set(), unmet=unmet)
    fields = {word for rule in permits for word in rule.fields} - {word for rule in narrowing for word in rule.fields}
    if not fields:
        return Decision(False, narrowing[0].id, set(), set(), emptied=True)
    return Decision(True, permits[0].id, fields, oblige)


def reached(policy, first, data, day):
    """Every (party, basis, hands on the way) that `first` may pass a class of data to, nearest first."""
    found, queue, seen = [], [(first, (first,))], {first}
    while queue:
        holder, way = queue.pop(0)
        for to, only, basis, start, end in policy.parties[holder].passes:
            if to == first or not start <= day < end or (only is not None and data != "unknown" and data not in only):
                continue
            if (to, basis) not in [(party, known) for party, known, _ in found]:
                found.append((to, basis, way + (to,)))
            if to not in seen:
                seen.add(to)
                queue.append((to, way + (to,)))
    return found


def hands(policy, request, day):
    """Each decision that must be a permit, for one recipient."""
    who = request["recipient"]
    yield replace(judge(policy, request, day), hand=(who,))
    if who not in policy.parties:
        for party in policy.parties.values():
            if party.of_class == who:
                inner = list(hands(policy, {**request, "recipient": party.id}, day))
                yield from inner if CLASS_IS_ITS_WORST_PARTY else inner[1:]
        return
    for party, basis, way in reached(policy, who, request["data"], day):
        for purpose in policy.parties[party].uses:
            passed = {**request, "recipient": party, "purpose": purpose, "basis": basis}
            yield replace(judge(policy, passed, day), hand=way)


def decide(policy, request, day, via=()):
    """The decision; of a denial, also every hand that is denied is in `denied`."""
    judged = list(hands(policy, request, day))
    for hand in via:
        judged += hands(policy, {**request, "recipient": hand}, day)
    denied = [one for one in judged if not one.permit]
    if denied:
        result = replace(denied[0])
    else:
        result = Decision(True, judged[0].rule, set.intersection(*(one.fields for one in judged)),
                          set.union(*(one.oblige for one in judged)), hand=judged[0].hand)
        if not result.fields:
            result = Decision(False, judged[0].rule, set(), set(), emptied=True)
    result.denied = denied
    return result


def breaks(policy, guarantee, request, day):
    """Does this request, on this day, break the guarantee?"""
    if not guarantee.in_force(day) or not covers(policy, guarantee, request):
        return False
    made = decide(policy, request, day)
    if guarantee.kind == "never":
        return made.permit and (not guarantee.fields or bool(made.fields & set(guarantee.fields)))
    if guarantee.kind == "always":
        return not made.permit or not set(guarantee.fields or []) <= made.fields
    return made.permit and not set(guarantee.oblige) <= made.oblige


# ── Every request ──


class Grid:
    """Every request there is, with words that no line tells apart merged."""

    def __init__(self, policy):
        self.policy = policy
        clauses = policy.rules + policy.guarantees
        self.values, self.place = {}, {}
        for name in ATTRIBUTES:
            if name == "flag":
                flags = policy.words["flag"]
                every = [frozenset(some) for n in range(len(flags) + 1) for some in itertools.combinations(flags, n)]
            else:
                every = policy.values(name)
            kinds, self.place[name] = {}, {}
            for value in every:
                mark = kinds.setdefault(self.mark(clauses, name, value), len(kinds))
                self.place[name][value] = mark
            self.values[name] = [next(value for value in every if self.place[name][value] == mark)
                                 for mark in range(len(kinds))]
        self.shape = tuple(len(self.values[name]) for name in ATTRIBUTES)
        self.bit = {word: 1 << i for kind in ("field", "obligation") for i, word in enumerate(policy.words[kind])}

    def mark(self, clauses, name, value):
        """Equal for two values only if nothing tells them apart."""
        lines = [tuple(allows(self.policy, clause, name, value, as_written) for clause in clauses)
                 for as_written in (False, True)]
        lines += [line_holds(self.policy, name, excuse[name], value) if name in excuse else None
                  for clause in clauses for excuse in clause.unless]
        if name == "recipient" and any(value in (party.id, party.of_class) for party in self.policy.parties.values()):
            lines.append(value)
        if name == "recipient":
            lines.append(frozenset(can_oblige(self.policy, value)))
        if name == "data":
            lines += [only is None or value in only for party in self.policy.parties.values()
                      for _, only, _, _, _ in party.passes]
        return tuple(lines)

    def box(self, clause, as_written=False):
        """The places, per attribute, that a clause covers, its `unless` aside."""
        return [[i for i, value in enumerate(self.values[name]) if allows(self.policy, clause, name, value, as_written)]
                for name in ATTRIBUTES]

    def excused(self, clause, where):
        """Which of the box's requests an `unless` excuses."""
        result = np.zeros([len(places) for places in where], bool)
        for excuse in clause.unless:
            result[np.ix_(*([k for k, i in enumerate(places) if name not in excuse or line_holds(
                self.policy, name, excuse[name], self.values[name][i])]
                for name, places in zip(ATTRIBUTES, where)))] = True
        return result

    def leaves_any(self, guarantee):
        where = self.box(guarantee, as_written=True)
        return all(where) and not self.excused(guarantee, where).all() and guarantee.start < guarantee.end

    def bits(self, words):
        return sum(self.bit[word] for word in set(words))

    def among(self, clause, places, unless=True):
        """Which of the requests at these places, given as one index per attribute each, a clause covers."""
        result = np.ones(len(places[0]), bool)
        for name, place, chosen in zip(ATTRIBUTES, places, self.box(clause)):
            if len(chosen) < len(self.values[name]):
                result &= np.isin(np.arange(len(self.values[name])), chosen)[place]
        for excuse in clause.unless:
            excused = np.ones(len(places[0]), bool)
            for name, words in excuse.items():
                holds = [line_holds(self.policy, name, words, value) for value in self.values[name]]
                excused &= np.array(holds)[places[ATTRIBUTES.index(name)]]
            result &= ~excused
        return result

    def permitted(self, fields):
        return np.unravel_index(np.flatnonzero(fields != 0), self.shape)

    def direct(self, day):
        """(fields, obligations) of every request, as if nobody passed anything on; no fields is a denial."""
        fields, oblige = np.zeros(self.shape, np.uint16), np.zeros(self.shape, np.uint16)
        rules = [rule for rule in self.policy.rules if rule.in_force(day)]
        for rule in rules:
            if rule.kind == "permit":
                where = np.ix_(*self.box(rule))
                fields[where] |= self.bits(rule.fields)
                oblige[where] |= self.bits(rule.oblige)
        some = self.permitted(fields)
        left = fields[some]
        for rule in rules:
            if rule.kind == "forbid":
                left[self.among(rule, some)] &= ~np.uint16(self.bits(rule.fields)) if rule.fields else np.uint16(0)
        cannot = np.array([sum(self.bit[word] for word in self.policy.words["obligation"]
                               if word not in can_oblige(self.policy, value)) for value in self.values["recipient"]],
                          np.uint16)
        left[(oblige[some] & cannot[some[ATTRIBUTES.index("recipient")]]) != 0] = 0
        fields[some] = left
        return fields, oblige

    def judged(self, day):
        """(fields, obligations) of every request with all who may get it in the end; no fields is a denial."""
        alone, alone_oblige = self.direct(day)
        fields, oblige = alone.copy(), alone_oblige.copy()
        at = self.place
        for party in self.policy.parties:
            who = at["recipient"][party]
            for data, word in enumerate(self.values["data"]):
                for to, basis, _ in reached(self.policy, party, word, day):
                    for purpose in self.policy.parties[to].uses:
                        there = at["recipient"][to], at["purpose"][purpose], at["basis"][basis], data
                        fields[who, :, :, data] &= alone[there]
                        # An obligation of a hand that is denied does not matter: the whole is denied.
                        oblige[who, :, :, data] |= alone_oblige[there]
        for party in self.policy.parties.values():
            who, of_class = at["recipient"][party.id], at["recipient"][party.of_class]
            if CLASS_IS_ITS_WORST_PARTY:
                fields[of_class] &= fields[who]
                oblige[of_class] |= oblige[who]
        if not CLASS_IS_ITS_WORST_PARTY:
            raise NotImplementedError("only decide() knows this reading")
        return fields, oblige

    def broken(self):
        """{guarantee id: (the smallest request that breaks it on any day, the first day it does so)}."""
        result, ranks = {}, {}
        flags = np.array([len(value) for value in self.values["flag"]])
        for day in self.policy.days():
            fields, oblige = self.judged(day)
            permitted = self.permitted(fields)
            for guarantee in self.policy.guarantees:
                if not guarantee.in_force(day):
                    continue
                if guarantee.kind == "always":
                    where = self.box(guarantee)
                    said, need = fields[np.ix_(*where)], self.bits(guarantee.fields or [])
                    bad = ((said == 0) | ((said & need) != need)) & ~self.excused(guarantee, where)
                    places = [np.array(all_of)[some] for all_of, some in zip(where, np.nonzero(bad))]
                else:
                    bad = self.among(guarantee, permitted)
                    if guarantee.kind == "never" and guarantee.fields:
                        bad &= (fields[permitted] & self.bits(guarantee.fields)) != 0
                    if guarantee.kind == "always_oblige":
                        need = self.bits(guarantee.oblige)
                        bad &= (oblige[permitted] & need) != need
                    places = [some[bad] for some in permitted]
                if not len(places[0]):
                    continue
                by_words = [places[ATTRIBUTES.index(name)] for name in ("flag",) + WORDY[::-1]]
                first = np.lexsort((*by_words, flags[places[5]]))[0]
                rank = (flags[places[5]][first], *(some[first] for some in by_words[::-1]))
                if guarantee.id not in ranks or rank < ranks[guarantee.id]:
                    ranks[guarantee.id] = rank
                    smallest = {name: self.values[name][some[first]] for name, some in zip(ATTRIBUTES, places)}
                    result[guarantee.id] = smallest, day
        return result


def check(policy):
    return set(Grid(policy).broken())


# ── The same, said to Z3 ──


class Model:
    """Rules, parties and guarantees as formulas over a number per attribute, a bit per flag and a day."""

    def __init__(self, policy, z3):
        self.policy, self.z3 = policy, z3
        self.values = {name: policy.values(name) for name in ATTRIBUTES}
        self.at = {name: {word: i for i, word in enumerate(words)} for name, words in self.values.items()}
        self.var = {name: z3.Int(name) for name in WORDY}
        self.var["flag"] = z3.BitVec("flag", len(policy.words["flag"]))
        self.day = z3.Int("day")
        self.bit = {word: 1 << i for kind in ("field", "obligation", "flag")
                    for i, word in enumerate(policy.words[kind])}
        self.solver, self.made = z3.Solver(), {}
        for name in WORDY:
            self.solver.add(self.var[name] >= 0, self.var[name] < len(self.values[name]))
        self.solver.add(self.day >= FIRST_DAY.toordinal(), self.day < LAST_DAY.toordinal())
        fields, oblige = self.alone({})
        parts_f, parts_o = [fields], [oblige]
        for who in policy.recipients():
            for to, basis, reach in self.ways(who):
                this = z3.And(self.var["recipient"] == self.at["recipient"][who], reach)
                own = basis is None
                for purpose in [None] if own else policy.parties[to].uses:
                    fixed = {"recipient": to} if own else {"recipient": to, "purpose": purpose, "basis": basis}
                    more_f, more_o = self.alone(fixed)
                    parts_f.append(z3.If(this, more_f, z3.BitVecVal(-1, 16)))
                    parts_o.append(z3.If(this, more_o, z3.BitVecVal(0, 16)))
        self.fields, self.oblige = z3.BitVec("fields", 16), z3.BitVec("oblige", 16)
        total_f, total_o = parts_f[0], parts_o[0]
        for more_f, more_o in zip(parts_f[1:], parts_o[1:]):
            total_f, total_o = total_f & more_f, total_o | more_o
        self.solver.add(self.fields == total_f, self.oblige == total_o)

    def bits(self, words):
        return self.z3.BitVecVal(sum(self.bit[word] for word in set(words)), 16)

    def during(self, start, end):
        return self.z3.And(self.day >= start.toordinal(), self.day < end.toordinal())

    def line(self, name, words, fixed):
        """A formula, or True or False where that is known."""
        words = frozenset(words)
        if name == "recipient":
            words |= {party.id for party in self.policy.parties.values() if party.of_class in words}
        if name in fixed:
            return fixed[name] in words
        if (name, words) not in self.made:
            self.made[name, words] = (
                (self.var["flag"] & sum(self.bit[word] for word in words)) != 0 if name == "flag"
                else self.z3.Or([self.var[name] == self.at[name][word] for word in sorted(words)]))
        return self.made[name, words]

    def both(self, parts):
        """All of them hold."""
        if any(part is False for part in parts):
            return False
        left = [part for part in parts if part is not True]
        return self.z3.And(left) if left else True

    def either(self, one, other):
        if isinstance(one, bool) or isinstance(other, bool):
            return True if one is True or other is True else other if one is False else one
        return self.z3.Or(one, other)

    def none_of(self, part):
        return not part if isinstance(part, bool) else self.z3.Not(part)

    def covered(self, clause, fixed):
        parts = []
        for name in ATTRIBUTES:
            when = clause.when.get(name)
            if when is not None:
                line = self.line(name, when, fixed)
                if clause.kind in REACHES_UNKNOWN:
                    line = self.either(line, self.line(name, ["unknown"], fixed))
                parts.append(line)
            if name in clause.but_not:
                parts.append(self.none_of(self.line(name, clause.but_not[name], fixed)))
            if clause.kind == "permit" and "unknown" not in (when or []):
                if name == "recipient":  # a party of the class `unknown` is not unknown
                    parts.append(fixed[name] != "unknown" if name in fixed else self.var[name] != 0)
                else:
                    parts.append(self.none_of(self.line(name, ["unknown"], fixed)))
        for excuse in clause.unless:
            parts.append(self.none_of(self.both([self.line(name, words, fixed) for name, words in excuse.items()])))
        if (clause.start, clause.end) != (FIRST_DAY, LAST_DAY):
            parts.append(self.during(clause.start, clause.end))
        return self.both(parts)

    def alone(self, fixed):
        key = tuple(fixed.items())
        if key not in self.made:
            self.made[key] = self.work_out(fixed)
        return self.made[key]

    def work_out(self, fixed):
        """(fields, obligations) as if nobody passed anything on; no fields is a denial."""
        z3, zero = self.z3, self.bits([])
        fields, oblige, gone = zero, zero, zero
        for rule in self.policy.rules:
            matches = self.covered(rule, fixed)
            if matches is False:
                continue
            if rule.kind == "permit":
                fields = fields | z3.If(matches, self.bits(rule.fields), zero)
                oblige = oblige | z3.If(matches, self.bits(rule.oblige), zero)
            else:
                gone = gone | z3.If(matches, self.bits(rule.fields) if rule.fields else z3.BitVecVal(-1, 16), zero)
        def met_for(able):
            return (oblige & self.bits([word for word in self.policy.words["obligation"] if word not in able])) == 0

        people = sorted(value for value in self.policy.values("recipient")
                        if can_oblige(self.policy, value) != CAN_OBLIGE)
        if "recipient" in fixed:
            met = met_for(can_oblige(self.policy, fixed["recipient"]))
        else:
            is_people = z3.Or([self.var["recipient"] == self.at["recipient"][value] for value in people])
            met = z3.If(is_people, met_for({"log"}), met_for(CAN_OBLIGE))
        return z3.If(met, fields & ~gone, zero), oblige

    def ways(self, who):
        """(party, basis, formula of day and data) of each who must be judged too; no basis: the request's."""
        z3 = self.z3
        if who not in self.policy.parties:
            for party in self.policy.parties.values():
                if party.of_class == who:
                    yield party.id, None, z3.BoolVal(True)
                    yield from self.ways(party.id)
            return
        # Every way along the agreements that ends when it comes upon somebody twice; each holds while all of
        # its agreements do.
        queue = [(who, (who,), [])]
        while queue:
            holder, way, conditions = queue.pop()
            for to, only, basis, start, end in self.policy.parties[holder].passes:
                if to == who:
                    continue
                these = conditions + [self.during(start, end)]
                if only is not None:
                    these.append(self.line("data", [*only, "unknown"], {}))
                yield to, basis, z3.And(these)
                if to not in way:
                    queue.append((to, way + (to,), these))

    def violation(self, guarantee):
        z3, permitted = self.z3, self.fields != 0
        if guarantee.kind == "never":
            bad = (self.fields & self.bits(guarantee.fields)) != 0 if guarantee.fields else permitted
        elif guarantee.kind == "always":
            need = self.bits(guarantee.fields or [])
            bad = z3.Or(z3.Not(permitted), (self.fields & need) != need)
        else:
            need = self.bits(guarantee.oblige)
            bad = z3.And(permitted, (self.oblige & need) != need)
        return self.both([self.covered(guarantee, {}), bad])

    def broken(self):
        result = set()
        for guarantee in self.policy.guarantees:
            self.solver.push()
            self.solver.add(self.violation(guarantee))
            answer = self.solver.check()
            self.solver.pop()
            assert answer != self.z3.unknown
            if answer == self.z3.sat:
                result.add(guarantee.id)
        return result
