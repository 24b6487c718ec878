"""What a backtest counts of each rule, and what it says about it."""

from looking import told

from coaching_rules.backtest import words
from coaching_rules.backtest.panel import Outcomes


def test_a_prompt_without_a_manager_is_nobodys_week() -> None:
    """Who has no manager is in no average of the managers, and how many prompts that were is said."""
    first = {"A": False, "B": False, "C": False}
    later = {"A": True, "B": True, "C": True}
    (found,) = told([first, later], {"A": "M"}).rules
    assert found.prompts
    assert (found.prompts.at_once, found.prompts.after, found.prompts.to_nobody) == (0, 3, 2)
    assert (found.prompts.a_manager_and_week, found.prompts.capped, found.prompts.busiest) == (1.0, 1.0, 1)
    assert words.rate(found).endswith("; 2 had nobody to go to")


def test_where_nobody_has_a_manager_there_is_no_average() -> None:
    """And so no rate is told."""
    (found,) = told([{"A": False}, {"A": True}], {}).rules
    assert found.prompts
    assert found.prompts.a_manager_and_week is None
    assert found.prompts.to_nobody == 1


def test_how_early_a_rule_speaks_is_told_of_wins_too() -> None:
    """From the first flag to the end, whichever it was; who is still open has none."""
    held = [{"A": True, "B": False, "C": True}, {"A": True, "B": True, "C": True}]
    ends = Outcomes(lost={"A": True, "B": False}, days_before_end={"A": 2.0, "B": 3.0})
    (found,) = told(held, {"A": "M", "B": "M", "C": "M"}, ends).rules
    assert found.fate
    assert (found.fate.lead_days, found.fate.lead_deals) == (12.0, 1)
    assert (found.fate.won_lead_days, found.fate.won_lead_deals) == (4.0, 1)
