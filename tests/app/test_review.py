"""From a hint to a deal review in the CRM, on both databases: one look at the deals asked about, and at no others."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from small_org import LIVELY, MONA, QUIET, RITA, Company, open_company

from app import pipeline
from app.gate import named
from app.pipeline import Report
from app.store import requests
from app.store.coaching import findings
from app.store.requests import Request, Wish
from app.store.session import Store
from connectors.sandbox import control
from connectors.sandbox.values import instant


@pytest.fixture
def company(store: Store, tmp_path: Path) -> Iterator[Company]:
    """The team after a morning."""
    found = open_company(store, tmp_path)
    found.call_customer(QUIET[0])
    found.morning()
    found.later(hours=1)
    yield found
    found.close()


def hint(company: Company, deal: str, key: str = "1", event: str = "changed") -> None:
    """The CRM says that something happened to a deal."""
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


def goes_quiet(company: Company, deal: str) -> None:
    """The one call of this deal turns out to be a slip, so that nobody has ever touched it."""
    (call,) = company.org.rows("SELECT Id FROM Task WHERE WhatId = ? AND Subject = 'Call'", (deal,))
    at = company.now - timedelta(days=30)
    control.edit(company.org, user=RITA, object_name="Task", key=call["Id"], fields={"ActivityDate": str(at.date())})
    company.org.execute("UPDATE Task SET CompletedDateTime = ? WHERE Id = ?", (instant(at), call["Id"]))


def test_a_hint_becomes_a_task_and_a_note_within_one_run(company: Company) -> None:
    """The deal is read, judged and planned for, and who asked is told; a 15-character id is the same deal."""
    before = len(company.tasks())
    goes_quiet(company, LIVELY[0])
    hint(company, LIVELY[0][:15])
    report = review(company)
    assert report.api_calls <= 9
    assert {company.task(LIVELY[0], role)["OwnerId"] for role in ("task", "prep")} == {MONA, RITA}
    assert [note["deal"] for note in company.notes()].count(LIVELY[0]) == 1
    assert len(company.tasks()) == before + 2
    assert told(company) == [(LIVELY[0], "planned")]
    (one,) = answered(company)
    assert (one.run_id, one.answered_at, one.error) == (company.status()["last_run"]["id"], company.now, None)


def test_findings_of_other_deals_stay_as_they_are(company: Company) -> None:
    """What only a morning may see stays until then, though it no longer holds."""
    open_before = [row for row in company.rows(findings) if row["state"] == "open"]
    assert len(open_before) == 3
    company.call_customer(QUIET[1])
    hint(company, LIVELY[0])
    review(company)
    assert [row for row in company.rows(findings) if row["state"] == "open"] == open_before
    hint(company, QUIET[1], "2")
    review(company)
    assert [row["subject_id"] for row in company.rows(findings) if row["state"] == "open"] == [*QUIET[2:]]
    assert told(company)[1] == (QUIET[1], "closed")
    assert company.task(QUIET[1])["IsClosed"]
