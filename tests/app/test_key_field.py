"""The field that marks our tasks is hidden for a while: none is taken for an activity, and all heals by itself."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from small_org import LIVELY, MONA, QUIET, RITA, Company, open_company

from app import pipeline
from app.errors import NotReady
from app.jobs.rota import Rota
from app.store import canonical
from app.store.canonical import activities, deals
from app.store.ledger import outcomes
from app.store.session import Store
from connectors.records import SCHEMAS
from connectors.sandbox import control

HIDDEN = {"Task": ["Coaching_Key__c"], "Event": ["Coaching_Key__c"]}


@pytest.fixture
def company(store: Store, tmp_path: Path) -> Iterator[Company]:
    """The team on the day after its first morning, its tasks come home."""
    found = open_company(store, tmp_path)
    found.morning()
    found.later(minutes=10)
    found.often()
    yield found
    found.close()


def held(company: Company) -> set[str]:
    """Ids of what counts as an activity, or did."""
    return {row["id"] for row in company.rows(activities)}


def ours(company: Company) -> set[str]:
    return {task["Id"] for task in company.tasks()}


def rota(company: Company) -> Rota:
    return Rota(
        store=company.store,
        coaching=lambda: company.coaching,
        opened=lambda name: company.loop(),
        clock=lambda: company.now,
    )


def test_while_the_mark_is_hidden_no_task_is_read_and_everything_else_is(company: Company) -> None:
    """Failure 39: a sentence says what to grant; deals come home, and no task of ours becomes somebody's activity."""
    control.hide(company.org, fields=HIDDEN)
    company.edit(company.task(), MONA, Status="Completed")
    control.edit(company.org, user=RITA, object_name="Opportunity", key=LIVELY[0], fields={"Amount": 77_000})
    for hours in (1, 25):
        company.later(hours=hours)
        with pytest.raises(NotReady, match="cannot see Coaching_Key__c of Task, by which we know our own tasks"):
            company.often()
    assert "Coaching_Key__c" in company.status()["paused"]
    assert {row["amount"] for row in company.rows(deals) if row["id"] == LIVELY[0]} == {77_000}
    assert len(held(company)) == len(QUIET) + len(LIVELY)
    assert not held(company) & ours(company)


def test_when_the_mark_is_shown_again_the_service_goes_on_by_itself(company: Company) -> None:
    """What people did meanwhile comes home with the next try of the hour, and nobody has to know of us."""
    rota(company).work("amber")
    control.hide(company.org, fields=HIDDEN)
    company.edit(company.task(), MONA, Status="Completed")
    company.later(minutes=10)
    rota(company).work("amber")
    assert company.status()["paused"]
    control.hide(company.org)
    company.call_customer(QUIET[1])
    company.later(hours=1)
    rota(company).work("amber")
    assert company.status()["paused"] is None
    assert ("manager_task", "done") in {(row["role"], row["kind"]) for row in company.rows(outcomes)}
    assert len(held(company)) == len(QUIET) + len(LIVELY) + 1
    assert not held(company) & ours(company)


def taken(company: Company) -> dict[str, Any]:
    """A task of ours as it was once taken for a rep's: a call with the customer, done."""
    task = company.task()
    facts = {"type": "call", "deal_id": QUIET[0], "owner_id": RITA, "done": True, "two_way": True}
    times = dict.fromkeys(("starts_at", "created_at", "changed_at"), company.now)
    row: dict[str, Any] = dict.fromkeys(SCHEMAS["activity"].names)
    return row | facts | times | {"id": task["Id"], "deleted": False}


def test_a_task_of_ours_that_was_taken_for_an_activity_is_none_after_a_night(company: Company) -> None:
    """Failure 39: it is told not to be one, whatever its stamp says; and as of no day does it count."""
    wrong = taken(company) | {"changed_at": company.now - timedelta(days=300)}
    with company.store.begin() as transaction:  # as if it had never come home as ours
        transaction.execute(activities.delete().where(activities.c.id == wrong["id"]))
        told = pa.Table.from_pylist([wrong], SCHEMAS["activity"])
        canonical.store_page(transaction, 1, "activity", told, company.now)
    assert wrong["id"] in held(company)
    company.later(days=1)
    done = pipeline.nightly(company.loop()).recounted
    assert done
    assert (done.missing, done.stale, done.gone) == (0, 0, 1)
    assert wrong["id"] not in held(company)
    covered = company.status()["coverage"]["activity"]
    assert (covered["difference"], covered["gone"]) == (0, 1)


def test_a_task_of_ours_that_was_taken_for_an_activity_is_none_after_its_next_change(company: Company) -> None:
    """The delta that shows it again says so as well."""
    company.connect(key_field=None)
    company.later(hours=1)
    company.edit(company.task(), MONA, Status="In Progress")
    with company.store.begin() as transaction:
        transaction.execute(activities.delete().where(activities.c.id.in_(ours(company))))
    company.later(minutes=1)
    pipeline.often(company.loop(), push_too=False)
    assert company.task()["Id"] in held(company)
    company.connect()
    company.later(minutes=10)
    company.often()
    assert not held(company) & ours(company)
