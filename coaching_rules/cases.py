"""A rule keeps its promises when each of its cases, judged by the real engine, comes out as the case says."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa

from coaching_rules.engine import Facts, evaluate
from coaching_rules.model import Case, Expectation, Rule, RuleSet, Value
from coaching_rules.vocabulary import SUBJECT, WORDS, Grain, Type

_ARROW: dict[Type, pa.DataType] = {
    "boolean": pa.bool_(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "text": pa.string(),
    "date": pa.date32(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFailure:
    """A case that came out otherwise than its rule says."""

    rule_id: str
    case: str
    expected: Expectation
    got: Expectation
    source: str

    def __str__(self) -> str:
        return f"{self.source}: case `{self.case}` of {self.rule_id}: expected {self.expected!r}, got {self.got!r}"


def check_cases(rules: RuleSet) -> tuple[CaseFailure, ...]:
    """Every case of every rule that does not come out as it says; empty when all promises are kept."""
    outcomes = [(rule, case, outcome(rule, case)) for rule in rules.rules for case in rule.cases]
    return tuple(
        CaseFailure(rule_id=rule.id, case=case.name, expected=case.expects, got=got, source=rule.source)
        for rule, case, got in outcomes
        if got != case.expects
    )


def outcome(rule: Rule, case: Case) -> Expectation:
    """What becomes of one case. Words it does not give are unknown, except that a deal is open."""
    facts = Facts(as_of=datetime(2027, 1, 1, tzinfo=UTC), tables={rule.grain: table(rule.grain, [dict(case.given)])})
    tally = evaluate([rule], facts).tallies[rule.id]
    if tally.matched:
        return "fires"
    return "not enough data" if tally.not_enough_data else "does not fire"


def table(grain: Grain, rows: list[dict[str, Value]]) -> pa.Table:
    """Facts from rows that give only some words: subjects are numbered, deals are open, the rest is NULL."""
    assumed: dict[str, Value] = {"is_open": True} if grain == "deal" else {}
    full = [{SUBJECT[grain]: str(number)} | assumed | row for number, row in enumerate(rows, start=1)]
    columns = {
        word.name: pa.array([row.get(word.name) for row in full], _ARROW[word.type]) for word in WORDS[grain].values()
    }
    return pa.table(columns)
