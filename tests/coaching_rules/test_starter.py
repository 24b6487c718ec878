"""The rules we ship keep every one of their cases, and can be said to a person without a gap."""

import pytest

from coaching_rules.cases import check_cases, outcome
from coaching_rules.loader import starter
from coaching_rules.model import Case, Rule
from coaching_rules.vocabulary import WORDS

STARTER = starter()
CASES = [pytest.param(rule, case, id=f"{rule.id}: {case.name}") for rule in STARTER.rules for case in rule.cases]


@pytest.mark.parametrize(("rule", "case"), CASES)
def test_a_case_comes_out_as_it_says(rule: Rule, case: Case) -> None:
    """Each case of each shipped rule, judged by the real engine."""
    assert outcome(rule, case) == case.expects


@pytest.mark.parametrize("rule", STARTER.rules, ids=lambda rule: rule.id)
def test_a_rule_shows_all_three_outcomes(rule: Rule) -> None:
    """A shipped rule says when it fires, when it does not, and when it cannot tell."""
    assert {case.expects for case in rule.cases} == {"fires", "does not fire", "not enough data"}


@pytest.mark.parametrize("rule", STARTER.rules, ids=lambda rule: rule.id)
def test_a_sentence_says_a_number(rule: Rule) -> None:
    """A `why` names at least one number of this very deal."""
    numbers = [word.name for word in WORDS[rule.grain].values() if word.type in ("integer", "number")]
    assert any(f"{{{name}}}" in rule.why for name in numbers)


def test_the_pack_is_whole() -> None:
    """Nine rules of coaching and one of hygiene, all of them judged."""
    assert sorted(rule.kind for rule in STARTER.rules) == ["coaching"] * 9 + ["hygiene"]
    assert STARTER.judged == STARTER.rules


def test_a_broken_promise_is_reported() -> None:
    """A case that comes out otherwise is named with what was expected and what came."""
    rule = STARTER.get("close_date_overdue")
    wrong = Case(name="two days past", expects="does not fire", given={"overdue_days": 2})
    broken = type(rule)(**{name: getattr(rule, name) for name in rule.__slots__ if name != "cases"}, cases=(wrong,))
    (failure,) = check_cases(type(STARTER)(rules=(broken,)))
    assert (failure.case, failure.expected, failure.got) == ("two days past", "does not fire", "fires")
    assert "two days past" in str(failure)
