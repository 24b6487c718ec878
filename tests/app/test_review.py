"""From a hint to a deal review in the CRM, on both databases: one look at the deals asked about, and at no others."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from small_org import LIVELY, QUIET, RALF, RITA, Company, furnish, open_company
from sqlalchemy import delete

from app import pipeline
from app.config import Coaching
from app.errors import Interrupted
from app.gate import named
from app.run import Report
from app.stages.answer import NO_MORNING
from app.store import benchmarks, requests
from app.store.coaching import findings, plan_items, plans
from app.store.requests import Request, Wish
from app.store.session import Store
from coaching_rules.loader import starter
from coaching_rules.model import RuleSet
from connectors.sandbox import control
from connectors.sandbox.faults import Fault
from connectors.sandbox.ids import make_id
from connectors.sandbox.org import Org
from connectors.sandbox.values import instant


def with_a_past(org: Org, now: datetime) -> None:
    """The team, whose deals the CRM has kept a history of for a quarter."""
    furnish(org, now)
    began = now - timedelta(days=90)
    org.execute("UPDATE Opportunity SET CreatedDate = ?", (instant(began),))
    names = ("StageName", "Amount", "CloseDate", "Probability", "ForecastCategory")
    rows = [
        {"Id": make_id("008", n), "OpportunityId": deal["Id"], "CreatedDate": began, "SystemModstamp": began}
        | {name: deal[name] for name in names}
        for n, deal in enumerate(org.rows("SELECT * FROM Opportunity"), 1)
    ]
    org.load("OpportunityHistory", rows)


def of_events() -> RuleSet:
    """The rules we ship that an event alone can bring up, and one about deals that were handed over."""
    shipped = [rule for rule in starter().rules if rule.on or rule.id == "close_date_pushed"]
    handed_over = replace(shipped[0], id="handed_over", on=("owner_changed",), when="is_open")
    return RuleSet(rules=(*shipped, handed_over))


PLENTY = Coaching.model_validate(
    {"api_share": 1, "planning": {"minutes_a_month": 10**4, "prompts_a_week": 50, "open_per_rep": 50}}
)


@pytest.fixture
def company(store: Store, tmp_path: Path) -> Iterator[Company]:
    """The team after a morning on which no event was news, with time for every talk."""
    yield from after_a_morning(store, tmp_path)


@pytest.fixture
def small(sqlite: Store, tmp_path: Path) -> Iterator[Company]:
    """The same on one database only, for what happens outside of it."""
    yield from after_a_morning(sqlite, tmp_path)


def after_a_morning(store: Store, home: Path) -> Iterator[Company]:
    found = open_company(store, home, furnish=with_a_past)
    found.rules, found.coaching = of_events(), PLENTY
    found.morning()
    assert found.tasks() == []
    found.later(hours=1)
    yield found
    found.close()


def hint(company: Company, deal: str, event: str = "changed") -> None:
    """The CRM says that something happened to a deal."""
    key = str(len(answered(company)))
    wish = Wish(source="flow", key=key, job="review", arguments={"deal_id": deal, "event": event})
    with company.store.begin() as transaction:
        requests.ask(transaction, named(company.store, "amber").id, [wish], company.now)


def review(company: Company) -> Report:
    return pipeline.review(company.loop())


def answered(company: Company) -> list[Request]:
    return [Request(**row) for row in company.rows(requests.requests)]


def told(company: Company) -> list[tuple[str, str]]:
    """Which deals were answered for, and what came of it."""
    return [(one.answer["deal_id"], one.answer["became"]) for one in answered(company) if one.answer]


def change(company: Company, deal: str, **fields: object) -> None:
    """The owner changes a deal, a minute after the last thing that happened."""
    company.later(minutes=1)
    owner = company.org.record("Opportunity", deal)["OwnerId"]
    control.edit(company.org, user=owner, object_name="Opportunity", key=deal, fields=fields)


def found(company: Company) -> dict[str, set[str]]:
    """The rules that hold, by deal."""
    holds: dict[str, set[str]] = {}
    for row in company.rows(findings):
        if row["state"] == "open":
            holds.setdefault(row["subject_id"], set()).add(row["rule_id"])
    return holds


def test_each_event_brings_its_prompt_into_the_crm(company: Company) -> None:
    """Task, preparation and note for every deal, whatever the hints say and in whichever order they come."""
    back, on, cut, pushed, handed, asked, called, renamed = (*QUIET, *LIVELY)
    change(company, back, StageName="Prospecting")
    change(company, on, StageName="Needs Analysis")
    change(company, cut, Amount=25_000)
    for month in ("2027-02-01", "2027-03-01", "2027-04-01"):
        change(company, pushed, CloseDate=month)
    change(company, handed, OwnerId=RALF)
    change(company, asked, NextStep="help: who signs at Zinc Yard?")
    change(company, renamed, Name="A deal by another name")
    hint(company, called, event="help_requested")
    for deal in (renamed, asked, handed[:15], pushed, cut, on, back):
        hint(company, deal)
    report = review(company)
    assert found(company) == {
        back: {"stage_moved_back_or_skipped"},
        on: {"early_deal_without_fit"},
        cut: {"amount_cut"},
        pushed: {"close_date_pushed"},
        handed: {"handed_over"},
        asked: {"help_requested"},
        called: {"help_requested"},
    }
    assert dict(told(company)) == dict.fromkeys(found(company), "planned") | {renamed: "nothing to do"}
    assert {task["WhatId"] for task in company.tasks("task")} == set(found(company))
    assert {note["deal"] for note in company.notes()} == set(found(company))
    assert len(company.tasks()) == 2 * len(found(company))
    assert {company.task(deal)["ActivityDate"] for deal in (asked, called)} == {"2026-11-18"}
    assert company.status()["last_run"]["rhythm"] == "review"
    assert {one.run_id for one in answered(company)} == {company.status()["last_run"]["id"]}
    assert report.api_calls < 20


def test_a_burst_is_one_review_and_its_echo_is_none(company: Company) -> None:
    """Every hint is answered; those that our own task and note set off find nothing to do, and so does a morning."""
    change(company, LIVELY[0], StageName="Prospecting")
    for _ in range(5):
        hint(company, LIVELY[0])
        hint(company, LIVELY[0][:15])
    review(company)
    assert told(company) == [(LIVELY[0], "planned")] * 10
    said = (company.tasks(), company.notes())
    hint(company, LIVELY[0])
    company.later(minutes=1)
    echo = review(company)
    assert told(company)[10:] == [(LIVELY[0], "nothing to do")]
    assert echo.api_calls == 2
    company.later(days=1)
    company.morning()
    assert [len(rows) for rows in (company.tasks(), company.notes())] == [len(rows) for rows in said]
    assert {row["episode"] for row in company.rows(findings)} == {1}


def test_a_change_that_a_pull_or_a_morning_saw_first_is_news_once(company: Company) -> None:
    """The hint may come late: what was pulled is still looked at, and what a morning looked at is done with."""
    change(company, LIVELY[0], StageName="Prospecting")
    company.often()
    hint(company, LIVELY[0])
    review(company)
    change(company, LIVELY[1], StageName="Prospecting")
    company.later(days=1)
    company.morning()
    hint(company, LIVELY[1])
    review(company)
    assert told(company) == [(LIVELY[0], "planned"), (LIVELY[1], "nothing to do")]
    assert set(found(company)) == {LIVELY[0], LIVELY[1]}


def test_what_the_caps_hold_back_is_listed(small: Company) -> None:
    """No task, and the plan of the week says why."""
    small.coaching = Coaching.model_validate({"api_share": 1, "planning": {"prompts_a_week": 0}})
    change(small, LIVELY[0], StageName="Prospecting")
    hint(small, LIVELY[0])
    review(small)
    assert small.tasks() == []
    ((deal, became),) = told(small)
    assert became.startswith("held back: The manager has as many prompts")
    (left,) = (left for plan in small.rows(plans) for left in plan["left_out"])
    assert (deal, left["subject_id"], left["why_not"]) == (LIVELY[0], LIVELY[0], became.removeprefix("held back: "))


def test_other_deals_are_left_to_the_morning(company: Company) -> None:
    """Their findings stay open though they no longer hold, until they are asked about themselves."""
    for deal in (LIVELY[0], LIVELY[1]):
        change(company, deal, NextStep="help: what now?")
        hint(company, deal)
    review(company)
    for deal in (LIVELY[0], LIVELY[1]):
        change(company, deal, NextStep="Meet")
    hint(company, LIVELY[1])
    company.often()
    review(company)
    assert set(found(company)) == {LIVELY[0]}
    assert told(company)[-1] == (LIVELY[1], "closed")
    assert (company.task(LIVELY[0])["IsClosed"], company.task(LIVELY[1])["IsClosed"]) == (0, 1)


def test_a_deal_that_is_gone_or_unknown_is_no_error(small: Company) -> None:
    """Whoever asks is told; a deal that was deleted took its tasks with it, and nothing holds of it any more."""
    change(small, LIVELY[0], NextStep="help: what now?")
    hint(small, LIVELY[0])
    review(small)
    control.hard_delete(small.org, object_name="Opportunity", key=LIVELY[1])
    control.delete(small.org, user=RITA, object_name="Opportunity", key=LIVELY[0])
    for text in (LIVELY[0], LIVELY[1], make_id("006", 999), "00T000000000001AAA", "nonsense"):
        hint(small, text)
    review(small)
    assert told(small)[1:] == [
        (LIVELY[0], "nothing to do"),
        (LIVELY[1], "nothing to do"),
        (make_id("006", 999), "unknown deal"),
        (None, "unknown deal"),
        (None, "unknown deal"),
    ]
    assert found(small) == {}
    assert [row["state"] for row in small.rows(plan_items)] == ["cleared"]


def test_before_the_first_morning_it_is_said_so(small: Company) -> None:
    """Nothing is known yet that a deal could be held against."""
    with small.store.begin() as transaction:
        transaction.execute(delete(benchmarks.benchmarks))
    hint(small, LIVELY[0])
    assert review(small).api_calls == 0
    assert [one.error for one in answered(small)] == [NO_MORNING]


def test_a_crm_that_cannot_be_reached_keeps_the_question_open(small: Company) -> None:
    """The next review answers it."""
    change(small, LIVELY[0], NextStep="help: what now?")
    hint(small, LIVELY[0])
    small.org.faults.order(Fault(effect="drop_before", path="composite", times=2))
    with pytest.raises(Interrupted):
        review(small)
    assert [one.answered_at for one in answered(small)] == [None]
    review(small)
    assert told(small) == [(LIVELY[0], "planned")]
