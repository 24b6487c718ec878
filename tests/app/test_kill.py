"""A run may be killed at any moment: the next one ends where an undisturbed one would have."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from small_org import LIVELY, MONDAY, NAME, QUIET, RULES, Company, open_company
from sqlalchemy import Table, delete, insert

from app import pipeline
from app.stages.judge import judge
from app.stages.measure import measure
from app.stages.plan import plan
from app.store import coaching, events, ledger, requests
from app.store.canonical import TABLES
from app.store.requests import Wish
from app.store.session import Busy, Store
from app.store.tables import metadata

KEPT = (*TABLES.values(), ledger.cursors, ledger.outcomes, ledger.intents, coaching.findings, coaching.plans,
        coaching.plan_items, coaching.rule_versions, events.deal_events)  # fmt: skip
PASSING = {"id", "plan_id", "item_id", "finding_id", "observed_at", "attempts", "crm_id"}
"""What says when, or under which number, we learnt a thing, and may differ after a kill."""
STAMPS = {"CreatedDate", "LastModifiedDate", "SystemModstamp", "changed_at"}
"""When a record was written: later, where a run was killed before it heard that it was."""


class Killer:
    """The other process, which does one run after the other and can be told to die in it."""

    def __init__(self) -> None:
        root = str(Path(__file__).parents[2])
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("killing.py")), str(RULES)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root, env={"PYTHONPATH": root},
        )  # fmt: skip

    def run(self, company: Company, rhythm: str, deadly: int = 0) -> Any:
        """The names of its steps, or what it died of."""
        job = {
            "database": company.store.engine.url.render_as_string(hide_password=False),
            "home": str(company.home),
            "now": company.now.isoformat(),
            "name": NAME,
            "rhythm": rhythm,
            "deadly": deadly,
        }
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture(scope="module")
def killer() -> Iterator[Killer]:
    found = Killer()
    yield found
    found.close()


@pytest.fixture
def company(store: Store, tmp_path: Path) -> Iterator[Company]:
    found = open_company(store, tmp_path, page_size=5)
    yield found
    found.close()


def laid_out(company: Company) -> list[tuple[Table, list[dict[str, Any]]]]:
    """The whole database, to be put back."""
    return [(table, company.rows(table)) for table in metadata.sorted_tables]


def put_back(company: Company, before: list[tuple[Table, list[dict[str, Any]]]], at: datetime) -> None:
    """The database, the org and the clock as they were before anybody wrote to them."""
    company.now = at
    company.org.set_clock(at)
    with company.store.begin() as transaction:
        for table, _ in reversed(before):
            transaction.execute(delete(table))
        for table, rows in before:
            if rows:
                transaction.execute(insert(table), rows)
    with company.org.transaction():
        company.org.execute("DELETE FROM Task WHERE Coaching_Key__c IS NOT NULL")
        for name in ("ContentDocument", "ContentVersion", "ContentDocumentLink"):
            company.org.execute(f"DELETE FROM {name}")


def again(company: Company, rhythm: str) -> None:
    """Run it to its end. PostgreSQL needs a moment to notice that the killed process has let go of its lock.

    What was being created when the process died may still be under way, so it is created eleven minutes later, and
    known to the run after that.
    """
    act = {"pull": lambda: pipeline.often(company.loop(), push_too=False), "push": company.send,
           "morning": company.morning, "review": lambda: pipeline.review(company.loop())}[rhythm]  # fmt: skip
    for _ in range(100):
        try:
            act()
            break
        except Busy:
            time.sleep(0.02)
    if rhythm != "pull":
        company.later(minutes=11)
        company.morning() if rhythm == "morning" else company.often()
        company.often()


def stands(company: Company) -> dict[str, Any]:
    """All that matters of the store and of what the org holds of ours."""
    found: dict[str, Any] = {table.name: _told(company, table) for table in KEPT}
    found["org tasks"] = [_without(row, {"Id"} | STAMPS) for row in company.tasks()]
    found["org notes"] = [
        {name: note[name] for name in ("Title", "Content", "IsDeleted", "deal")} for note in company.notes()
    ]
    return found


def _told(company: Company, table: Table) -> list[str]:
    ours = table.name in ("crm_tasks", "crm_notes")
    passing = PASSING | STAMPS if ours else PASSING - {"id"} if table in TABLES.values() else PASSING
    return sorted(str(_without(row, passing)) for row in company.rows(table))


def _without(value: Any, names: set[str]) -> Any:
    if isinstance(value, dict):
        return {name: _without(held, names) for name, held in sorted(value.items()) if name not in names}
    return [_without(held, names) for held in value] if isinstance(value, list) else value


def kill_at_every_step(killer: Killer, company: Company, rhythm: str, every: int = 1) -> None:
    """Kill at every step (or every so many, to keep the suite short: KILL_EVERY=1 runs them all), and compare."""
    every = int(os.environ.get("KILL_EVERY", every))
    before, began = laid_out(company), company.now
    steps = killer.run(company, rhythm)
    again(company, rhythm)
    undisturbed = stands(company)
    for deadly in range(1, len(steps) + 1, every):
        put_back(company, before, began)
        assert killer.run(company, rhythm, deadly) == "SIGKILL"
        again(company, rhythm)
        assert stands(company) == undisturbed, f"killed at step {deadly} of {len(steps)}: {steps[deadly - 1]}"


def on_sqlite(company: Company) -> bool:
    return company.store.engine.dialect.name == "sqlite"


def test_a_pull_killed_anywhere_loses_nothing(killer: Killer, company: Company) -> None:
    """Records and cursor are stored together, so the next pull goes on where the killed one stood."""
    kill_at_every_step(killer, company, "pull", every=11 if on_sqlite(company) else 23)


def test_a_push_killed_anywhere_writes_nothing_twice(killer: Killer, company: Company) -> None:
    """Failure 31: each reference is in the org exactly once, with one link, whatever was known of it at the kill."""
    pipeline.often(company.loop(), push_too=False)
    loop = company.loop()
    facts = measure(company.store, loop.org.id, as_of=MONDAY)
    with company.store.begin() as transaction:
        judge(transaction, loop.org.id, None, facts, company.rules)
        rules = {rule.id: rule for rule in company.rules.rules}
        plan(transaction, loop.org.id, as_of=MONDAY, coaching=company.coaching, rules=rules)
    kill_at_every_step(killer, company, "push", every=2 if on_sqlite(company) else 5)
    assert len(company.tasks()) == 2 * len(QUIET)
    assert len(company.notes()) == len(QUIET)


def test_a_morning_killed_between_its_stages_ends_the_same(killer: Killer, company: Company) -> None:
    """Judging and planning are each all or nothing."""
    kill_at_every_step(killer, company, "morning", every=41 if on_sqlite(company) else 97)


def test_a_review_killed_anywhere_is_made_again_without_doubles(killer: Killer, company: Company) -> None:
    """What is asked stays asked until its answer is kept with the plan; then only what is owed has to be sent."""
    for deal in QUIET:
        company.call_customer(deal)
    company.morning()
    assert company.tasks() == []
    long_ago = "2026-09-01T09:00:00.000+0000"
    company.org.execute("UPDATE Task SET CompletedDateTime = ? WHERE WhatId = ?", (long_ago, LIVELY[0]))
    wish = Wish(source="flow", key="1", job="review", arguments={"deal_id": LIVELY[0], "event": "changed"})
    with company.store.begin() as transaction:
        requests.ask(transaction, 1, [wish], company.now)
    kill_at_every_step(killer, company, "review", every=13 if on_sqlite(company) else 41)
    assert (len(company.tasks()), len(company.notes())) == (2, 1)
    assert [row["answer"]["became"] for row in company.rows(requests.requests)] == ["planned"]
