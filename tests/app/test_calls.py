"""What a run cost counts in the org's 24 hours, however the run ended."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from small_org import Company, open_company

from app import pipeline
from app.errors import Interrupted
from app.run import CALLS_A_NOTE
from app.store import runs
from app.store.ledger import runs as ledger
from app.store.session import Store
from connectors.sandbox.faults import Fault
from connectors.sandbox.ids import make_id


@pytest.fixture
def company(store: Store, tmp_path: Path) -> Iterator[Company]:
    """With so many accounts that they are a hundred pages."""
    found = open_company(store, tmp_path, page_size=10)
    found.org.load("Account", [{"Id": make_id("001", 5000 + n), "Name": f"Yard {n}"} for n in range(1000)])
    yield found
    found.close()


def counted(company: Company) -> int:
    """What the next run will believe was spent."""
    with company.store.read() as transaction:
        return runs.calls_lately(transaction, 1, company.now)


def test_the_calls_of_a_run_that_is_killed_are_counted(company: Company) -> None:
    """Failure 24: as far as they were noted, which is every twenty calls, and for as long as they count."""
    pages = 0

    def killed() -> None:
        nonlocal pages
        pages += 1
        if pages > 80:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipeline.often(replace(company.loop(), between=killed))
    (run,) = company.rows(ledger)
    assert run["finished_at"] is None
    assert company.org.calls_today - CALLS_A_NOTE <= counted(company) <= company.org.calls_today
    company.later(hours=23)
    assert counted(company) > 0
    company.later(hours=2)
    assert counted(company) == 0


def test_a_run_that_crashes_is_over_and_its_calls_are_counted(company: Company) -> None:
    """What nobody foresaw is named in the ledger, and comes out as it is."""

    def broken() -> datetime:
        if company.org.calls_today > 30:
            raise ZeroDivisionError
        return company.now

    loop = company.loop()
    with pytest.raises(ZeroDivisionError):
        pipeline.often(replace(loop, between=broken))
    (run,) = company.rows(ledger)
    assert run["finished_at"]
    assert "ZeroDivisionError" in run["error"]
    assert counted(company) == company.org.calls_today
    assert company.status()["paused"] is None
    company.often()


def test_there_is_no_note_for_every_call(company: Company) -> None:
    """A note is a write: there is one for twenty calls at most."""
    notes: list[int] = []

    def look() -> None:
        notes.append(company.rows(ledger)[-1]["counts"].get("api_calls", 0))

    report = pipeline.often(replace(company.loop(), between=look))
    assert 3 <= len(set(notes)) - 1 <= report.api_calls / CALLS_A_NOTE


@pytest.mark.parametrize("answer", [json.dumps({"error": "x"}), "[]"])
def test_nonsense_ends_a_run_with_a_sentence(company: Company, answer: str) -> None:
    """And the next one goes on."""
    company.org.faults.order(Fault(effect="answer", path="/describe", times=1, status=200, answer=answer))
    with pytest.raises(Interrupted, match="not Salesforce as we know it"):
        company.often()
    (run,) = company.rows(ledger)
    assert run["finished_at"]
    company.often()
