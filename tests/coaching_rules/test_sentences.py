"""Values read as a person would say them, whatever they are."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coaching_rules.model import Evidence
from coaching_rules.sentences import evidence_line, human, render
from coaching_rules.vocabulary import WORDS

SAID = [
    ("age_days", 14, "14"),
    ("age_days", 14.0, "14"),
    ("won_median_touch_gap_days", 4.46, "4.5"),
    ("won_median_touch_gap_days", 12.6, "13"),
    ("amount", 60000.0, "60,000"),
    ("amount", 4.6, "5"),
    ("amount", Decimal("1234567.5"), "1,234,568"),
    ("capture_coverage", 0.25, "25%"),
    ("amount_change_share", -0.25, "-25%"),
    ("is_early", True, "yes"),
    ("is_early", False, "no"),
    ("close_date", date(2027, 3, 31), "2027-03-31"),
    ("next_step", None, "unknown"),
    ("amount", float("nan"), "unknown"),
    ("amount", float("inf"), "unknown"),
    ("deal_name", " Two\nlines\t", "Two lines"),
    ("no_such_word", 3, "3"),
]


@pytest.mark.parametrize(("word", "value", "said"), SAID)
def test_values_are_said_by_unit(word: str, value: object, said: str) -> None:
    """Days, money, shares, flags and the unknown, each in its way."""
    assert human(word, value) == said


def test_a_sentence_is_filled_in() -> None:
    """Every brace gets its value; one without a value is unknown."""
    values = {"deal_name": "Harbour lamps", "amount": 60000.0}
    assert render("{deal_name}: {amount}, {stage}.", values) == "Harbour lamps: 60,000, unknown."


def test_a_learnt_number_says_what_it_rests_on() -> None:
    """Behind the number and its unit; where nothing is known of that, the number stands alone."""
    values = {"won_median_days_in_stage": 13.07, "age_days": 3}
    basis = {"won_median_days_in_stage_basis": "default 14; your 9 won deals suggest 11"}
    text = "{age_days} days old, usual: {won_median_days_in_stage} days."
    assert render(text, values) == "3 days old, usual: 13 days."
    assert render(text, values | basis) == "3 days old, usual: 13 days (default 14; your 9 won deals suggest 11)."


def test_braces_in_a_value_stay() -> None:
    """A deal named like a word does not become that word."""
    assert render("{deal_name} is {amount}", {"deal_name": "{amount}", "amount": 3}) == "{amount} is 3"


@given(st.text(), st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.dates(), st.binary()))
def test_no_value_breaks_a_sentence(text: str, value: object) -> None:
    """Odd texts and odd values still make a sentence."""
    assert isinstance(render(text + "{amount}", {"amount": value}), str)  # type: ignore[dict-item]
    assert human("amount", 10**400)


def test_a_line_of_evidence_names_its_threshold() -> None:
    """Value, threshold and where it came from; a flag needs no threshold."""
    line = evidence_line(
        Evidence(word="days_in_stage", value=31, op=">", threshold=21.0, threshold_source="your won deals, n=9")
    )
    assert line == "days in stage: 31 (more than 21; your won deals, n=9)"
    assert evidence_line(Evidence(word="is_early", value=True, op="is", threshold=True)) == "is early: yes"


def test_a_word_means_the_same_at_both_grains() -> None:
    """A sentence is filled in without knowing its grain, so shared words must agree."""
    for name in WORDS["deal"].keys() & WORDS["rep"].keys():
        deal, rep = WORDS["deal"][name], WORDS["rep"][name]
        assert (deal.type, deal.unit) == (rep.type, rep.unit)
