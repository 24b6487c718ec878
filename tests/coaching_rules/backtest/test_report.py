"""What a backtest counts of each rule, and what it says about it."""

from looking import told

from coaching_rules.backtest import words


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
