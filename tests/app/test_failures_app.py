"""What went wrong for others, by the numbers of docs/failures.md: the ones that show in the store or in a whole run."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from small_org import QUIET, RITA, Company, open_company

from app.stages.pull import pull
from app.store import canonical, runs
from app.store.canonical import crm_tasks, deals, users
from app.store.ledger import intents, outcomes, receipts
from app.store.session import Store
from connectors.records import SCHEMAS
from connectors.sandbox import control
from connectors.sandbox.faults import Fault


@pytest.fixture
def company(sqlite: Store, tmp_path: Path) -> Iterator[Company]:
    found = open_company(sqlite, tmp_path)
    yield found
    found.close()


@pytest.fixture
def anywhere(store: Store, tmp_path: Path) -> Iterator[Company]:
    """The same on either database."""
    found = open_company(store, tmp_path)
    yield found
    found.close()


def written(company: Company) -> int:
    """How many calls the org has had that could have written something."""
    return len(company.rows(receipts))


def deal_name(company: Company) -> str:
    return next(str(row["name"]) for row in company.rows(deals) if row["id"] == QUIET[0])


def test_a_row_that_goes_back_in_time_is_right_after_its_next_change(company: Company) -> None:
    """Failure 3: stamped by a fast clock and then by a right one, it is at most that much behind."""
    control.skew(company.org, seconds=90)
    control.edit(company.org, user=RITA, object_name="Opportunity", key=QUIET[0], fields={"Name": "Fast clock"})
    control.skew(company.org, seconds=0)
    company.often()
    assert deal_name(company) == "Fast clock"
    company.later(minutes=3)
    control.edit(company.org, user=RITA, object_name="Opportunity", key=QUIET[0], fields={"Name": "Right clock"})
    company.often()
    assert deal_name(company) == "Right clock"


@pytest.mark.parametrize("fast", [timedelta(hours=1), timedelta(days=5 * 365)])
def test_a_clock_that_is_fast_for_one_tick_hides_nothing(company: Company, fast: timedelta) -> None:
    """Failure 9: the mark is the server's clock, as far as ours can believe it."""
    company.often()
    company.later(minutes=5)
    company.org.set_clock(company.now + fast)
    company.often()
    for n in range(3):
        company.later(minutes=7)
        fields = {"Name": f"Later {n}"}
        control.edit(company.org, user=RITA, object_name="Opportunity", key=QUIET[0], fields=fields)
        company.later(minutes=8)
        company.often()
        assert deal_name(company) == f"Later {n}"
    control.hard_delete(company.org, object_name="Opportunity", key=QUIET[1])
    company.later(hours=3)
    company.often()
    assert [row["gone"] for row in company.rows(deals) if row["id"] == QUIET[1]] == ["deleted"]


def test_a_mark_that_was_never_stored_is_read_again(company: Company) -> None:
    """Failure 9: rows and cursor are kept together, so a pull whose page was not stored has not moved."""
    loop = company.loop()

    def stop() -> datetime:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(company.store, loop.org.id, loop.connector, clock=stop, kinds=("deal",))
    with company.store.read() as transaction:
        assert runs.cursor(transaction, loop.org.id, "deal") is None
    pull(company.store, loop.org.id, company.loop().connector, clock=lambda: company.now, kinds=("deal",))
    assert len(company.rows(deals)) == 8


def test_a_row_that_cannot_be_read_is_counted(company: Company) -> None:
    """Failure 16: a value of the wrong type does not end the pull and is not silent either."""
    row = {"Id": QUIET[0], "Name": "x", "StageName": "y", "CreatedDate": None, "SystemModstamp": "2026-11-16T00:00:00Z"}
    answer = json.dumps({"totalSize": 1, "done": True, "records": [row]})
    company.org.faults.order(Fault(effect="answer", path="FROM.Opportunity.+ORDER", times=1, status=200, answer=answer))
    report = company.often()
    assert report.pulled
    assert report.pulled.skipped == 1


def test_a_nul_in_a_name_stops_no_database(anywhere: Company) -> None:
    """Failure 25: the row is stored without it, on SQLite and on PostgreSQL."""
    anywhere.org.update("Opportunity", QUIET[0], {"Name": "Quiet\x00 deal"})
    anywhere.often()
    assert deal_name(anywhere) == "Quiet deal"


def test_our_own_writes_come_home_and_cause_no_others(company: Company) -> None:
    """Failure 39: what a morning wrote is pulled by the next one, which finds nothing to say about it."""
    company.morning()
    before, said = written(company), company.tasks()
    for _ in range(3):
        company.later(minutes=5)
        company.often()
    company.later(hours=1)
    company.morning()
    assert {row["reference"] for row in company.rows(crm_tasks)} == {task["Coaching_Key__c"] for task in said}
    assert (written(company), company.tasks()) == (before, said)
    assert company.rows(outcomes) == []


def test_a_flow_that_rewrites_our_tasks_is_not_fought(company: Company) -> None:
    """Failure 39: an automation's edit is like a person's; later words of ours leave it alone, and nothing circles."""
    control.configure(company.org, flow={"object": "Task", "set": {"Subject": "By order of the flow"}})
    company.morning()
    before = written(company)
    assert {task["Subject"] for task in company.tasks()} == {"By order of the flow"}
    for _ in range(3):
        company.later(minutes=5)
        company.often()
    assert written(company) == before
    company.call_customer(QUIET[0])
    company.later(days=1)
    company.morning()
    closed = company.task()
    assert (closed["IsClosed"], closed["Subject"]) == (1, "By order of the flow")
    assert {row["state"] for row in company.rows(intents)} == {"stored"}


def test_ids_that_differ_by_case_alone_are_two_people(anywhere: Company) -> None:
    """Failure 40: stored, named, and marked as gone each for itself."""
    ids = ["0055g00000AAAAaAAA", "0055g00000aaaaAAAA"]
    rows = [{"id": i, "name": i, "active": True, "changed_at": anywhere.now, "deleted": False} for i in ids]
    records = pa.Table.from_pylist(rows, SCHEMAS["user"])
    with anywhere.store.begin() as transaction:
        canonical.store_page(transaction, 1, "user", records, anywhere.now)
        named = canonical.names(transaction, 1, ids)
        assert canonical.mark_gone(transaction, 1, "user", ids[:1], anywhere.now, "unseen") == 1
    assert named == {i: i for i in ids}
    assert [(row["id"], row["gone"]) for row in anywhere.rows(users)] == [(ids[0], "unseen"), (ids[1], None)]
