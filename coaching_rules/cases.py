"""A rule keeps its promises when each of its cases, judged by the real engine, comes out as the case says."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pyarrow as pa

from coaching_rules.engine import Facts, evaluate
from coaching_rules.errors import ConditionErrors
from coaching_rules.model import Case, Expectation, Rule, RuleSet, Value
from coaching_rules.vocabulary import SUBJECT, WORDS, Grain, Type

_ARROW: dict[Type, pa.DataType] = {
    "boolean": pa.bool_(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "text": pa.string(),
    "date": pa.date32(),
}
_ANY_DAY = datetime(2027, 1, 1, tzinfo=UTC)
_AT_ONCE = 20
"""Rules judged in one go; each also judges the cases of the others, so more would cost more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFailure:
    """A case that came out otherwise than its rule says."""

    rule_id: str
    case: str
    expected: Expectation
    got: Expectation
    source: str
    line: int

    def __str__(self) -> str:
        said = f"case `{self.case}` of {self.rule_id}: expected {self.expected!r}, got {self.got!r}"
        return f"{self.source}:{self.line}: {said}"


def check_cases(rules: RuleSet) -> tuple[CaseFailure, ...]:
    """Every case of every rule that does not come out as it says; empty when all promises are kept."""
    got = outcomes(rules.rules)
    return tuple(
        CaseFailure(
            rule_id=rule.id, case=case.name, expected=case.expects, got=came, source=rule.source, line=case.line
        )
        for rule in rules.rules
        for case in rule.cases
        if (came := got[rule.id, case.name]) != case.expects
    )


def outcomes(rules: Sequence[Rule]) -> dict[tuple[str, str], Expectation]:
    """What becomes of each case, by rule id and the case's name.

    Words that a case does not give are unknown, except that a deal is open.
    """
    found: dict[tuple[str, str], Expectation] = {}
    for grain in WORDS:
        alike = [rule for rule in rules if rule.grain == grain and rule.cases]
        # a case that says who its subject is cannot be numbered among the others
        named = [rule for rule in alike if any(SUBJECT[grain] in case.given for case in rule.cases)]
        found |= _one_by_one(named)
        others = [rule for rule in alike if rule not in named]
        for start in range(0, len(others), _AT_ONCE):
            some = others[start : start + _AT_ONCE]
            try:
                found |= _outcomes(grain, some)
            except ConditionErrors:  # asking whether a long condition is NULL can make it too long
                found |= _one_by_one(some)
    return found


def _one_by_one(rules: Sequence[Rule]) -> dict[tuple[str, str], Expectation]:
    return {(rule.id, case.name): outcome(rule, case) for rule in rules for case in rule.cases}


def outcome(rule: Rule, case: Case) -> Expectation:
    """What becomes of one case."""
    facts = Facts(as_of=_ANY_DAY, tables={rule.grain: table(rule.grain, [dict(case.given)])})
    tally = evaluate([rule], facts).tallies[rule.id]
    if tally.matched:
        return "fires"
    return "not enough data" if tally.not_enough_data else "does not fire"


def _outcomes(grain: Grain, rules: Sequence[Rule]) -> dict[tuple[str, str], Expectation]:
    cases = [(rule, case) for rule in rules for case in rule.cases]
    facts = Facts(as_of=_ANY_DAY, tables={grain: table(grain, [dict(case.given) for _, case in cases])})
    held = {(f.rule_id, f.subject_id) for f in evaluate([*rules, *map(_unknown, rules)], facts).findings}
    found: dict[tuple[str, str], Expectation] = {}
    for number, (rule, case) in enumerate(cases, start=1):
        silent: Expectation = "not enough data" if (_unknown(rule).id, str(number)) in held else "does not fire"
        found[rule.id, case.name] = "fires" if (rule.id, str(number)) in held else silent
    return found


def _unknown(rule: Rule) -> Rule:
    """A rule that holds where this one cannot tell."""
    return replace(rule, id=f"{rule.id}?", when=f"({rule.when}) is null")


def table(grain: Grain, rows: list[dict[str, Value]]) -> pa.Table:
    """Facts from rows that give only some words: subjects are numbered, deals are open, the rest is NULL."""
    assumed: dict[str, Value] = {"is_open": True} if grain == "deal" else {}
    full = [{SUBJECT[grain]: str(number)} | assumed | row for number, row in enumerate(rows, start=1)]
    columns = {
        word.name: pa.array([row.get(word.name) for row in full], _ARROW[word.type]) for word in WORDS[grain].values()
    }
    return pa.table(columns)
