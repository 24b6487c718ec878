"""What would these rules say now, to whom, and how much of it would fit into the managers' weeks?"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import combinations
from typing import Any

from app.config import Coaching
from app.gate import must_hold_rows
from app.stages.judge import CARRIED, keep
from app.stages.measure import measure
from app.stages.plan import Budget, LeftOut, PlanResult, plan
from app.store.connections import Org
from app.store.session import Store
from coaching_rules.engine import Tally, evaluate
from coaching_rules.model import Finding, Rule, RuleSet

ABOUT = ("deal_name", "rep_name", "manager_name")
WORTH_SAYING = 0.5
"""Rules are named together when they share so much of what one of them found: it may be all of a small one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Two rules of one grain and how many subjects both found; `shares` are those of what either of them found."""

    rules: tuple[str, str]
    both: int
    shares: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One manager's week: minutes that all conversations would take, and those that fit, open ones included."""

    budget: Budget
    wanted_minutes: int

    @property
    def manager_id(self) -> str:
        return self.budget.manager_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Everything that the rules find now, as if all of them were live, and the weeks that would come of it."""

    as_of: datetime
    findings: Mapping[str, Sequence[Finding]]
    tallies: Mapping[str, Tally]
    loads: tuple[Load, ...]
    planned: PlanResult
    overlaps: tuple[Overlap, ...]


def preview(store: Store, org: Org, coaching: Coaching, rules: RuleSet, *, as_of: datetime, now: datetime) -> Preview:
    """Judge what is stored, and plan in a transaction that is taken back. Raises NotReady before a first pull."""
    must_hold_rows(store, org)
    tried = RuleSet(rules=tuple(replace(rule, status="live") for rule in rules.rules if rule.status != "retired"))
    facts = measure(store, org.id, as_of=as_of, known_at=now, stated=coaching.stated(org.name))
    judgement = evaluate(tried.rules, facts, carried=(*CARRIED, "manager_name"))
    findings: dict[str, list[Finding]] = {rule.id: [] for rule in tried.rules}
    for finding in judgement.findings:
        findings[finding.rule_id].append(finding)
    with store.rehearse() as transaction:
        keep(transaction, org.id, None, judgement, tried.judged)
        by_id = {rule.id: rule for rule in tried.rules}
        planned = plan(transaction, org.id, as_of=as_of, coaching=coaching, rules=by_id, dry=True)
    return Preview(
        as_of=as_of,
        findings=findings,
        tallies=judgement.tallies,
        loads=_loads(planned),
        planned=planned,
        overlaps=tuple(_overlaps(tried.rules, findings)),
    )


def why_left_out(left: Sequence[LeftOut]) -> dict[str, int]:
    """How many conversations were left out for which reason, the commonest first."""
    return dict(Counter(one.why_not for one in left).most_common())


def about_whom(finding: Finding) -> str:
    """The name of the deal, rep or manager it is about, or the id where there is no name."""
    return next((str(finding.values[word]) for word in ABOUT if finding.values.get(word)), finding.subject_id)


def managers_of(found: Preview) -> list[str]:
    """The ids of the managers whom it concerns."""
    return sorted({str(finding.values.get("manager_id") or "") for each in found.findings.values() for finding in each})


def plain(found: Preview, called: Mapping[str, str]) -> dict[str, Any]:
    """Plain values, ready for JSON; `called` has the managers' names by id."""
    return {
        "as_of": found.as_of,
        "rules": [
            {
                "rule": rule_id,
                **asdict(found.tallies[rule_id]),
                "found": [
                    {
                        "subject_id": finding.subject_id,
                        "about": about_whom(finding),
                        "manager": called.get(str(finding.values.get("manager_id"))),
                    }
                    for finding in findings
                ],
            }
            for rule_id, findings in found.findings.items()
        ],
        "managers": [asdict(load.budget) | {"wanted_minutes": load.wanted_minutes} for load in found.loads],
        "left_out": why_left_out(found.planned.left_out),
        "overlaps": [asdict(overlap) for overlap in found.overlaps],
    }


def _loads(planned: PlanResult) -> tuple[Load, ...]:
    too_much: dict[str, int] = defaultdict(int)
    for left in planned.left_out:
        too_much[left.candidate.manager_id] += left.candidate.minutes if left.position else 0
    return tuple(
        Load(budget=budget, wanted_minutes=budget.used_minutes + too_much[budget.manager_id])
        for budget in planned.budgets
    )


def _overlaps(rules: Sequence[Rule], findings: Mapping[str, Sequence[Finding]]) -> list[Overlap]:
    found = {rule.id: {(finding.grain, finding.subject_id) for finding in findings[rule.id]} for rule in rules}
    shared = [
        Overlap(rules=pair, both=both, shares=(both / len(one), both / len(other)))
        for pair in combinations(found, 2)
        if (both := len((one := found[pair[0]]) & (other := found[pair[1]])))
    ]
    return sorted((o for o in shared if max(o.shares) >= WORTH_SAYING), key=lambda o: -max(o.shares))
