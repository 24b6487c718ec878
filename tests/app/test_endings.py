"""A conversation ends while its writes are unknown or refused: what is there is closed, and the rest is let go."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from office import DEALS, FORBIDDEN, OWNERS, Office
from small_org import MONA, QUIET, RITA, Company, open_company
from sqlalchemy import update

from app import pipeline
from app.store.ledger import intents, outcomes
from app.store.session import Store
from connectors.sandbox import control

FIRST_ANSWER = 5
"""A push looks at the clock for the fifth time when it has an answer and stores it."""
HIDDEN = {"Task": ["Coaching_Key__c"]}
CAUSES: dict[str, Callable[[Any], None]] = {
    "a validation rule": lambda org: control.configure(org, validation_rule=FORBIDDEN),
    "inactive owners": lambda org: control.configure(org, user_active=dict.fromkeys(OWNERS, False)),
    "a hidden key field": lambda org: control.hide(org, fields=HIDDEN),
}


@pytest.fixture
def company(sqlite: Store, tmp_path: Path) -> Iterator[Company]:
    found = open_company(sqlite, tmp_path)
    yield found
    found.close()


def mended(company: Company) -> None:
    control.configure(company.org, validation_rule={}, user_active=dict.fromkeys(OWNERS, True))
    control.hide(company.org)
    company.later(hours=21)


@pytest.mark.parametrize("cause", CAUSES)
def test_a_task_that_is_there_is_closed_although_its_change_was_refused(company: Company, cause: str) -> None:
    """Its create had no answer, and what it should say by now was refused: it is there, and is not called withdrawn."""
    office = Office(company, company.loop())
    office.owe_conversation(DEALS[0])
    office.send(killed_at=FIRST_ANSWER)
    assert len(company.tasks()) == 2
    office.reword(0)
    CAUSES[cause](company.org)
    office.send()
    office.close(0)
    assert "withdrawn" not in {row["state"] for row in office.ledger()}
    mended(company)
    office.send()
    assert [task["IsClosed"] for task in company.tasks()] == [1, 1]


def prep(company: Company) -> tuple[str, list[Any]]:
    """The state of the first deal's preparation, and what there is of it in the org."""
    rows = [row for row in company.rows(intents) if row["role"] == "prep_task"]
    (state,) = (row["state"] for row in rows if row["content"]["deal_id"] == QUIET[0])
    return state, [task for task in company.tasks("prep") if task["WhatId"] == QUIET[0]]


def test_what_was_never_there_is_let_go_when_its_conversation_is_over(company: Company) -> None:
    """No task is made for what is done, and its refusal does not stay on the list for ever."""
    rule = {"object": "Task", "field": "Subject", "forbid": "^Prepare", "message": "Use our words."}
    control.configure(company.org, validation_rule=rule)
    company.morning()
    assert prep(company) == ("refused", [])
    company.later(minutes=10)
    company.often()
    company.edit(company.task(), MONA, Status="Completed")
    company.later(minutes=10)
    assert company.often().outcomes == {"done": 1}
    assert "Prepare Quiet deal 1" not in {one["subject"][:20] for one in company.status()["not_taken"]}
    control.configure(company.org, validation_rule={})
    company.later(days=1)
    company.often()
    assert prep(company) == ("withdrawn", [])


def stopped_before_the_receipt(company: Company) -> None:
    """A morning that somebody stops when the CRM holds the tasks and nothing is known of them here."""

    def clock() -> Any:
        if company.tasks():
            raise KeyboardInterrupt
        return company.now

    with pytest.raises(KeyboardInterrupt):
        pipeline.morning(replace(company.loop(), clock=clock))


def test_an_answer_is_heard_although_the_task_was_not_known_to_be_there(company: Company) -> None:
    """The manager was faster than our next run: the task came home with its reference, and its answer with it."""
    stopped_before_the_receipt(company)
    company.later(minutes=4)
    company.edit(company.task(), MONA, Status="Completed", Description="We talked.")
    assert company.often().outcomes == {"done": 1}
    (kept,) = company.rows(outcomes)
    assert (kept["role"], kept["kind"], kept["detail"]) == ("manager_task", "done", "We talked.")
    company.later(minutes=5)
    company.often()
    assert company.task(role="prep")["IsClosed"]


def test_a_copy_of_a_task_is_not_taken_for_it(sqlite: Store, tmp_path: Path) -> None:
    """Without a key field a follow-up carries our mark as well; the first of them is ours."""
    company = open_company(sqlite, tmp_path, key_field=False)
    stopped_before_the_receipt(company)
    ours = company.task()
    copy = {"Subject": ours["Subject"], "WhatId": QUIET[0], "OwnerId": MONA, "ActivityDate": "2026-12-01"}
    control.create(company.org, user=MONA, object_name="Task", fields=copy)
    company.later(minutes=4)
    company.edit(ours, MONA, Status="Completed")
    assert company.often().outcomes == {"done": 1}
    assert ours["Id"] in {row["crm_id"] for row in company.rows(intents)}
    company.close()


@pytest.mark.parametrize("end", ["done", "deleted"])
def test_a_task_that_lost_our_mark_is_still_heard_of(sqlite: Store, tmp_path: Path, end: str) -> None:
    """Without a key field the mark is all we know it by, and a person may give it other words."""
    company = open_company(sqlite, tmp_path, key_field=False)
    company.morning()
    company.later(minutes=10)
    company.often()
    task = company.task()
    company.edit(task, MONA, Subject="Talk with Rita")
    company.later(minutes=10)
    assert company.often().outcomes == {}
    company.later(days=1)
    assert pipeline.nightly(company.loop()).outcomes == {}
    if end == "done":
        company.edit(task, MONA, Status="Completed")
    else:
        control.delete(company.org, user=MONA, object_name="Task", key=task["Id"])
    company.later(minutes=10)
    assert company.often().outcomes == {end: 1}
    company.later(minutes=10)
    assert company.often().outcomes == {}
    company.close()


def lost_and_found(company: Company) -> None:
    """The first deal is deleted with its tasks, the loop hears of it, and somebody brings all of it back."""
    company.morning()
    company.later(minutes=10)
    company.often()
    control.delete(company.org, user=RITA, object_name="Opportunity", key=QUIET[0])
    company.later(minutes=10)
    assert company.often().outcomes == {"cleared": 2}
    control.undelete(company.org, user=RITA, object_name="Opportunity", key=QUIET[0])
    company.later(minutes=10)


def test_a_task_that_comes_back_with_its_deal_does_not_stay_open(company: Company) -> None:
    """Its conversation was cleared when the deal went, so nobody is asked for it any more; that is heard once."""
    lost_and_found(company)
    company.often()
    assert [company.task(role=role)["IsClosed"] for role in ("task", "prep")] == [1, 1]
    for _ in range(3):
        company.later(minutes=10)
        company.often()
    assert [row["kind"] for row in company.rows(outcomes)] == ["cleared"] * 4
    assert {row["state"] for row in company.rows(intents)} == {"stored"}


def test_what_a_manager_does_with_a_task_that_came_back_is_heard(company: Company) -> None:
    """It was completed before we could close it."""
    lost_and_found(company)
    company.edit(company.task(), MONA, Status="Completed")
    assert company.often().outcomes == {"done": 1}


def test_a_task_that_was_called_withdrawn_and_is_there_is_closed(company: Company) -> None:
    """As an earlier version left some; it came home with its reference."""
    company.morning()
    company.later(minutes=10)
    company.often()
    task = company.task()
    with company.store.begin() as transaction:
        forgotten = update(intents).where(intents.c.crm_id == task["Id"])
        transaction.execute(forgotten.values(state="withdrawn", crm_id=None))
    company.edit(
        company.task(role="prep"), RITA, Description=f"contest: no\n{company.task(role='prep')['Description']}"
    )
    for _ in range(2):
        company.later(minutes=10)
        company.often()
    assert company.task()["IsClosed"]
