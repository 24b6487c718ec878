"""What writing costs: 1,000 new tasks, and the tick that learns that people have done 10,000 of them."""

import tempfile
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from time import perf_counter

import requests
from sqlalchemy import select

from app import pipeline
from app.gate import named
from app.run import Loop, Report
from app.store import plans
from app.store.canonical import crm_tasks
from app.store.plans import Item, Owed, Plan
from app.store.session import Store
from bench import table
from bench.org import Facts, served
from bench.ours import cpu_seconds, loop, opened
from bench.plain_company import DEALS
from connectors.records import TaskContent
from connectors.sandbox.ids import make_id

FIRST = 1000
WEEK, DUE = date(2030, 1, 7), date(2030, 1, 8)


def main(tasks: str = "10000") -> None:
    """Print a row for each thing that was done."""
    size = str(int(tasks) / DEALS)
    with (
        tempfile.TemporaryDirectory() as folder,
        served("plain", size, Path(folder)) as facts,
        opened(Path(folder), facts) as (store, vault),
    ):

        def run(what: str, rhythm: Callable[[Loop], Report]) -> None:
            _say(what, facts, lambda: rhythm(loop(store, vault, datetime.now(UTC))))

        table.head("what", "sent", "rows pulled", "outcomes", "seconds", "CPU s", "calls", "of them writing")
        run("first load", pipeline.often)
        for numbers in (range(FIRST), range(FIRST, int(tasks))):
            _owe(store, numbers)
            run("new tasks", pipeline.send)
        run("they come home", pipeline.often)
        _be_done(store, facts)
        run("people did them", pipeline.often)


def _say(what: str, facts: Facts, run: Callable[[], Report]) -> None:
    with requests.Session() as session:
        session.trust_env, session.verify = False, facts["ca_file"]
        session.delete(f"{facts['url']}/sandbox/calls")
        cpu, began = cpu_seconds(), perf_counter()
        report = run()
        seconds, cpu = perf_counter() - began, cpu_seconds() - cpu
        calls = session.get(f"{facts['url']}/sandbox/calls").json()["calls"]
    writing = sum(call["count"] for call in calls if "composite" in call["path"])
    sent = report.pushed.sent if report.pushed else 0
    pulled = sum(report.pulled.rows.values()) if report.pulled else 0
    outcomes = sum(report.outcomes.values())
    table.row(what, sent, pulled, outcomes, f"{seconds:.2f}", f"{cpu:.2f}", sum(c["count"] for c in calls), writing)


def _owe(store: Store, numbers: Iterable[int]) -> None:
    """Plan conversations with as many tasks, all in one manager's week."""
    now, connection_id, manager = datetime.now(UTC), named(store, "bench").id, make_id("005", 1)
    with store.begin() as transaction:
        week = Plan(manager_id=manager, week=WEEK, budget_minutes=10**6, left_out=[], made_at=now)
        plan_id = plans.save_plan(transaction, connection_id, week)
        for n in numbers:
            deal, reference = make_id("006", n), f"coach:task:{n:06d}"
            item = Item(
                week=WEEK, thread=f"deal:{deal}", revision=1, grain="deal", subject_id=deal, manager_id=manager,
                rep_id=make_id("005", 2), early=True, minutes=10, meeting="pipeline_review", place="pipeline_review",
                due=DUE, prep_due=WEEK, score=1.0, position=n, why_here="", reasons=[], state="open", opened_at=now,
            )  # fmt: skip
            content = TaskContent(owner_id=manager, deal_id=deal, due=DUE, subject=f"Talk about {n}", body="Ask first.")
            item_id = plans.add_item(transaction, connection_id, plan_id, item)
            owed = Owed(reference=reference, item_id=item_id, role="manager_task", content=plans.as_json(content))
            plans.owe(transaction, connection_id, owed, now)


def _be_done(store: Store, facts: Facts) -> None:
    """The manager ticks off every task."""
    with store.read() as transaction:
        done = [row.id for row in transaction.execute(select(crm_tasks.c.id))]
    with requests.Session() as session:
        session.trust_env, session.verify = False, facts["ca_file"]
        for task in done:
            body = {"user": make_id("005", 1), "object": "Task", "id": task, "fields": {"Status": "Completed"}}
            session.post(f"{facts['url']}/sandbox/edit", json=body).raise_for_status()
