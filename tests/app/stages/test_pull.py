"""The order of a pull: nothing waits for what it does not need."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from small_org import Company, open_company

from app import pipeline
from app.errors import Interrupted
from app.store.canonical import TABLES, activities, deals, users
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
