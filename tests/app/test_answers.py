"""What people write into our tasks is heard: the next prompt opens with it, and a contested one leaves the lists."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from small_org import MONA, QUIET, RITA, Company, open_company

from app.store.coaching import plan_items
from app.store.ledger import outcomes
from app.store.session import Store
from connectors.sandbox import control


@pytest.fixture
def company(store: Store, tmp_path: Path) -> Iterator[Company]:
    found = open_company(store, tmp_path)
    yield found
    found.close()


def test_what_was_agreed_opens_the_next_conversation(company: Company) -> None:
    """A line a manager added when closing the task is the last commitment when the deal comes up again."""
    company.morning()
    task = company.task()
    company.later(days=1)
    company.edit(task, MONA, Description=f"{task['Description']}\nDana sends the site plan by Friday")
    company.edit(task, MONA, Status="Completed")
    company.often()
    (done,) = (o for o in company.rows(outcomes) if (o["role"], o["kind"]) == ("manager_task", "done"))
    assert done["detail"] == "Dana sends the site plan by Friday"
    again: list[dict[str, Any]] = []
    for _ in range(12):
        company.later(days=7)
        company.morning()
        again = [t for t in company.tasks("task") if t["WhatId"] == QUIET[0] and t["Id"] != task["Id"]]
        if again:
            break
    opening = again[0]["Description"].split("Why:")[0]
    assert "Dana sends the site plan by Friday" in opening


def test_a_rep_who_contests_takes_it_off_both_lists(company: Company) -> None:
    """Nobody is left with a task of a conversation that was contested; what the rep wrote stays as it is."""
    company.morning()
    prep = company.task(role="prep")
    theirs = f"{prep['Description']}\ncontest: the customer asked us to wait"
    company.later(hours=2)
    company.edit(prep, RITA, Description=theirs)
    company.later(hours=2)
    company.often()
    assert company.task()["IsClosed"]
    assert company.task(role="prep")["IsClosed"]
    assert company.task(role="prep")["Description"] == theirs
    company.later(hours=2)
    company.often()
    kinds = [(o["role"], o["kind"]) for o in company.rows(outcomes)]
    assert kinds == [("prep_task", "contested")]
    (item,) = (row for row in company.rows(plan_items) if row["subject_id"] == QUIET[0])
    assert item["state"] == "contested"


def test_a_deleted_task_takes_its_preparation_along(company: Company) -> None:
    """The rep does not prepare for a conversation the manager has dropped."""
    company.morning()
    company.later(hours=2)
    control.delete(company.org, user=MONA, object_name="Task", key=company.task()["Id"])
    company.later(hours=2)
    company.often()
    assert company.task(role="prep")["IsClosed"]


def test_a_preparation_somebody_reopened_stays_open(company: Company) -> None:
    """A newer conversation closes what nobody answered of the old one, and not what a person opened again."""
    company.morning()
    prep = company.task(role="prep")
    company.later(hours=1)
    company.edit(prep, RITA, Status="Completed")
    company.often()
    company.later(hours=1)
    company.edit(prep, RITA, Status="Not Started")
    newer: list[dict[str, Any]] = []
    for _ in range(12):
        company.later(days=7)
        company.morning()
        newer = [t for t in company.tasks("task") if t["WhatId"] == QUIET[0]]
        if len(newer) > 1:
            break
    assert len(newer) > 1
    assert not company.org.record("Task", prep["Id"])["IsClosed"]
