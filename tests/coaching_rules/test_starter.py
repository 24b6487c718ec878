"""The rules we ship keep every one of their cases, and can be said to a person without a gap."""

from collections import Counter
from pathlib import Path

import pytest

from coaching_rules.cases import check_cases, outcomes
from coaching_rules.loader import load, starter
from coaching_rules.model import Case, Rule, Value
from coaching_rules.sentences import render
from coaching_rules.vocabulary import WORDS

STARTER = starter()
OUTCOMES = outcomes(STARTER.rules)
CASES = [pytest.param(rule, case, id=f"{rule.id}: {case.name}") for rule in STARTER.rules for case in rule.cases]


@pytest.mark.parametrize(("rule", "case"), CASES)
def test_a_case_comes_out_as_it_says(rule: Rule, case: Case) -> None:
    """Each case of each shipped rule, judged by the real engine."""
    assert OUTCOMES[rule.id, case.name] == case.expects


@pytest.mark.parametrize("rule", STARTER.rules, ids=lambda rule: rule.id)
def test_a_rule_shows_all_three_outcomes(rule: Rule) -> None:
    """A shipped rule says when it fires, when it does not, and when it cannot tell."""
    assert {case.expects for case in rule.cases} == {"fires", "does not fire", "not enough data"}


@pytest.mark.parametrize("rule", STARTER.rules, ids=lambda rule: rule.id)
def test_a_sentence_says_a_number(rule: Rule) -> None:
    """A `why` names at least one number, or the very words, of its subject."""
    numbers = [word.name for word in WORDS[rule.grain].values() if word.unit or word.name == "next_step"]
    assert any(f"{{{name}}}" in rule.why for name in numbers)


def test_the_pack_is_whole() -> None:
    """Early deals, deals, reps and managers; all of it is judged."""
    kinds = Counter((rule.grain, rule.kind) for rule in STARTER.rules)
    assert kinds == {
        ("deal", "coaching"): 11,
        ("deal", "hygiene"): 1,
        ("rep", "coaching"): 3,
        ("manager", "scorecard"): 2,
    }
    assert STARTER.judged == STARTER.rules


def test_the_pack_raises_no_warning() -> None:
    """What we ship mixes no units."""
    assert [warning for rule in STARTER.rules for warning in rule.warnings] == []


def test_a_broken_promise_is_reported() -> None:
    """A case that comes out otherwise is named with what was expected and what came."""
    rule = STARTER.get("close_date_overdue")
    wrong = Case(name="two days past", expects="does not fire", given={"overdue_days": 2})
    broken = type(rule)(**{name: getattr(rule, name) for name in rule.__slots__ if name != "cases"}, cases=(wrong,))
    (failure,) = check_cases(type(STARTER)(rules=(broken,)))
    assert (failure.case, failure.expected, failure.got) == ("two days past", "does not fire", "fires")
    assert "two days past" in str(failure)


def test_a_broken_promise_is_reported_with_its_line(tmp_path: Path) -> None:
    """So that an editor finds the case."""
    text = STARTER.get("close_date_overdue").text
    wrong = text.replace("fires: true", "fires: false", 1) + "  - {name: x, fires: true, given: {overdue_days: 9}}\n"
    (tmp_path / "close_date_overdue.yml").write_text(wrong)
    (failure,) = check_cases(load(tmp_path))
    lines = wrong.splitlines()
    assert lines[failure.line - 1].strip().startswith("- {name: ")
    assert failure.case in lines[failure.line - 1]
    assert str(failure).startswith(f"{tmp_path}/close_date_overdue.yml:{failure.line}: case `")


def test_what_is_unknown_does_not_spoil_a_sentence() -> None:
    """Promises pile up also where none of them has a day."""
    values: dict[str, Value] = {"rep_name": "Ann", "open_commitments": 6, "commitment_late_days": None}
    assert render(STARTER.get("commitments_open").why, values).endswith("Days by which the latest is overdue: unknown.")
