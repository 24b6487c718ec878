"""A drop becomes one conversation, a holiday none, and what we cannot see a question; on both databases."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from calling_org import AWAY, CALLS, CHANGE, COACHING, MANAGER, SLOWER, UNSEEN, furnish
from small_org import Company, open_company

from app import pipeline
from app.config import Planning
from app.run import Report
from app.store.coaching import findings, plan_items, rule_versions
from app.store.session import Store
from coaching_rules.model import RuleSet


@pytest.fixture
def company(store: Store, tmp_path: Path) -> Iterator[Company]:
    found = open_company(store, tmp_path, now=CHANGE + timedelta(days=51), furnish=furnish)
    found.coaching, found.indicators, found.rules = COACHING, (CALLS,), RuleSet(rules=())
    yield found
    found.close()


def morning(company: Company, days: float) -> Report:
    """The morning so many days after the change."""
    return pipeline.morning(company.loop(), as_of=CHANGE + timedelta(days=days))


def told(company: Company) -> list[tuple[str, str, str]]:
    return [(row["subject_id"], row["kind"], row["state"]) for row in company.rows(findings)]


def test_a_drop_is_talked_about_once_and_a_holiday_is_none(company: Company) -> None:
    """Within three weeks, in one conversation with the numbers; and the next mornings say nothing more."""
    for days in (0, 14, 21):
        morning(company, days)
    assert sorted(told(company)) == sorted([(SLOWER, "coaching", "open"), (UNSEEN, "hygiene", "open")])
    (item,) = company.rows(plan_items)
    assert (item["subject_id"], item["manager_id"], item["minutes"]) == (SLOWER, MANAGER, 20)
    (task,) = company.tasks()
    assert "What has taken the place of calls?" in task["Description"]
    assert "working days. Going by" in task["Description"]
    assert f"Rule: calls, version {CALLS.version}" in task["Description"]
    assert [row["rule_id"] for row in company.rows(rule_versions)] == ["calls"]
    (line,) = company.status()["hygiene"]
    assert (line["rule"], line["owner"], "in the CRM?" in line["why"]) == ("calls", "Caller 14 Lanternby", True)
    again = morning(company, 21)
    assert again.pushed
    assert again.pushed.sent == 0
    assert AWAY not in {row["subject_id"] for row in company.rows(findings)}


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_an_alarm_stands_four_weeks_and_then_comes_anew(company: Company) -> None:
    """What is still so after four weeks is another episode, on days of its own."""
    for days in (21, 48, 50, 51):
        morning(company, days)
    episodes = [(row["episode"], row["state"]) for row in company.rows(findings) if row["subject_id"] == SLOWER]
    assert episodes == [(1, "cleared"), (2, "open")]


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_task_says_how_it_is_on_the_day_it_is_made(company: Company) -> None:
    """A conversation that found no minutes for a week is asked for with the numbers of the day on which it does."""
    company.coaching = COACHING.model_copy(update={"planning": Planning(minutes_a_month=0)})
    morning(company, 21)
    (first,) = [row for row in company.rows(findings) if row["subject_id"] == SLOWER]
    company.coaching = COACHING
    morning(company, 29)
    (later,) = [row for row in company.rows(findings) if row["subject_id"] == SLOWER]
    assert (later["episode"], later["facts"]["expected"] != first["facts"]["expected"]) == (1, True)
    (task,) = company.tasks()
    assert f"{later['facts']['expected']:.0f} were likely" in task["Description"]
