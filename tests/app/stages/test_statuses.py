"""What becomes of a rule's findings as its status moves: draft, shadow, live, retired."""

from dataclasses import replace
from typing import Any

import pytest

from app.config import Coaching
from app.stages.judge import judge
from app.stages.plan.candidates import past, situations
from app.store.plans import open_findings
from coaching_rules.cases import table
from coaching_rules.engine import Facts
from coaching_rules.loader import starter
from coaching_rules.model import RuleSet, Status

RULE = starter().get("help_requested")


def judged(org: Any, status: Status) -> tuple[int, int, int]:
    facts = Facts(as_of=org.now, tables={"deal": table("deal", [{"help_requested": True}])})
    with org.store.begin() as transaction:
        found = judge(transaction, 1, None, facts, RuleSet(rules=(replace(RULE, status=status),)))
    return found.opened, found.persisting, found.cleared


def test_findings_follow_the_status(org: Any) -> None:
    """A draft finds nothing, shadow finds, live goes on from there, and what a retired rule found clears."""
    statuses: tuple[Status, ...] = ("draft", "shadow", "live", "retired", "retired")
    assert [judged(org, status) for status in statuses] == [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, 0)]


@pytest.mark.parametrize(("status", "spoken_of"), [("shadow", 0), ("live", 1)])
def test_only_a_live_rule_makes_prompts(org: Any, status: Status, spoken_of: int) -> None:
    """What shadow found is kept, and planning does not see it."""
    judged(org, status)
    with org.store.read() as connection:
        findings = open_findings(connection, 1)
    rules = {RULE.id: replace(RULE, status=status)}
    found = situations(findings, rules, {}, past([], []), Coaching(), org.now)
    assert (len(findings), len(found)) == (1, spoken_of)


def test_what_is_found_about_a_manager_makes_no_prompt(org: Any) -> None:
    """It is kept for the leader's scorecard."""
    facts = Facts(as_of=org.now, tables={"manager": table("manager", [{"early_coaching_share": 0.1}])})
    with org.store.begin() as transaction:
        rules = RuleSet(rules=(starter().get("early_coaching_low"),))
        assert judge(transaction, 1, None, facts, rules).opened == 1
        assert open_findings(transaction, 1) == []
