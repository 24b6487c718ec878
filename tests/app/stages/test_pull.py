"""The order of a pull: nothing waits for what it does not need."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from small_org import LIVELY, MONA, QUIET, RITA, Company, open_company

from app import pipeline
from app.errors import Interrupted, NotReady
from app.store.canonical import TABLES, activities, deals, users
from app.store.coaching import findings, plan_items
from app.store.ledger import outcomes
from app.store.session import Store
from connectors.records import Kind
from connectors.sandbox import control

BULK = {"bulk_from": 1, "bulk_seconds": 5}


@pytest.fixture
def company(store: Store, tmp_path: Path) -> Iterator[Company]:
    found = open_company(store, tmp_path, **BULK)
    yield found
    found.close()


def test_jobs_are_prepared_side_by_side(company: Company) -> None:
    """Every kind has ordered its job before the first one is waited for."""
    ordered: list[tuple[Kind, bool]] = []
    control.configure(company.org, bulk_delay_seconds=0.1)
    pipeline.often(company.loop(lambda kind, rows, expected: ordered.append((kind, rows > 0))))
    orders = [kind for kind, brought in ordered if not brought]
    first_rows = next(n for n, (_, brought) in enumerate(ordered) if brought)
    assert {"user", "account", "deal", "activity"} <= {kind for kind, _ in ordered[:first_rows]}
    assert set(orders) >= {"user", "account", "deal", "activity"}
    assert len(company.rows(deals)) == 8


def test_a_job_that_takes_long_keeps_only_its_own_kind_waiting(company: Company) -> None:
    """The run says that it is not whole, and the next one takes what has been prepared since."""
    company.connect(bulk_from=8, bulk_seconds=0)
    control.configure(company.org, bulk_stuck=True)
    with pytest.raises(Interrupted, match="still preparing"):
        company.often()
    brought = {kind for kind, table in TABLES.items() if company.rows(table)}
    assert "account" in brought
    assert not brought & {"user", "deal", "activity"}
    control.configure(company.org, bulk_stuck=False)
    company.often()
    assert (len(company.rows(deals)), len(company.rows(activities))) == (8, 8)
    assert company.rows(users)


def stuck_delta(company: Company) -> None:
    """So many new calls that they are a job, which does not end."""
    company.connect(bulk_from=100, bulk_seconds=0, page_size=50)
    company.morning()
    company.later(minutes=10)
    company.often()
    call = {"Subject": "Call", "Status": "Completed", "OwnerId": RITA, "WhatId": LIVELY[0], "IsClosed": True}
    company.org.load("Task", [call | {"ActivityDate": company.now.date()} for _ in range(400)])
    control.configure(company.org, bulk_stuck=True)
    company.later(minutes=1)


def test_a_delta_that_is_being_prepared_keeps_nobody_waiting(company: Company) -> None:
    """Failure 28: what people did comes home, and mornings are planned and written by what is held, which is older."""
    stuck_delta(company)
    company.edit(company.task(), MONA, Status="Completed")
    company.call_customer(QUIET[1])
    company.later(minutes=1)
    report = company.often()
    assert report.pulled
    assert report.pulled.waiting == ["activity"]
    assert ("manager_task", "done") in {(row["role"], row["kind"]) for row in company.rows(outcomes)}
    assert company.status()["last_run"]["error"] is None
    assert company.status()["last_run"]["counts"]["waiting"] == ["activity"]
    company.later(hours=1)
    morning = company.morning()
    assert morning.planned
    assert morning.pushed
    assert company.task(role="prep")["IsClosed"]
    control.configure(company.org, bulk_stuck=False)
    company.later(minutes=5)
    after = company.often()
    assert after.pulled
    assert after.pulled.waiting == []
    assert len(company.rows(activities)) >= 400


def test_nothing_is_judged_while_a_first_load_is_being_prepared(company: Company) -> None:
    """Half of what there is says nothing: no morning, no plan, no write, however often it is tried."""
    control.configure(company.org, bulk_stuck=True)
    company.connect(bulk_from=8, bulk_seconds=0)
    for _ in range(3):
        with pytest.raises(Interrupted, match="still preparing"):
            company.morning()
        company.later(minutes=5)
    assert company.tasks() == []
    assert company.rows(findings) == company.rows(plan_items) == []


def test_what_one_kind_cannot_do_holds_up_no_other(company: Company) -> None:
    """The run ends with what to do about it, after all the others have come home."""
    control.hide(company.org, fields={"Opportunity": ["StageName"]})
    with pytest.raises(NotReady, match="cannot see StageName of Opportunity"):
        company.often()
    brought = {kind for kind, table in TABLES.items() if company.rows(table)}
    assert {"user", "stage", "account", "activity"} <= brought
    assert "deal" not in brought
