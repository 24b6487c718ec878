"""From an event to the task in the CRM: `python -m bench review [SCALE …]`, with an event a second for a minute.

A rep writes `help:` into the next step of an open deal, which is asked about at once; *seconds* are those until the
review has ended that wrote the task. CPU is ours alone, the sandbox has a process of its own.
"""

import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean, quantiles
from typing import Any

import requests as http
from sqlalchemy import select

from app import pipeline
from app.config import Coaching
from app.gate import named
from app.run import Loop, Report
from app.store import requests
from app.store.canonical import deals, users
from app.store.coaching import plan_items
from app.store.connections import Vault
from app.store.requests import Wish
from app.store.session import Store
from bench import table
from bench.org import served
from bench.ours import cpu_seconds, loop, opened

EVENTS, APART = 60, 1.0
STAGES = ("refresh", "reconcile", "measure", "judge", "plan", "push")
PLENTY = {"minutes_a_month": 10**6, "prompts_a_week": 10**6, "open_per_rep": 10**6, "days_between_new_per_deal": 0}


def main(*scales: str) -> None:
    """Print a table row for each scale (12.5 is 10,000 open deals)."""
    table.head("open deals", "reviews", "tasks", "50th", "95th", "most", "CPU s a review", "calls a review", *STAGES)
    for scale in scales or ("1.25", "12.5"):
        with (
            tempfile.TemporaryDirectory() as folder,
            served("story", scale, Path(folder)) as facts,
            opened(Path(folder), facts) as (store, vault),
        ):
            pipeline.morning(loop(store, vault, datetime.now(UTC)))
            _measure(store, vault, facts)


def _measure(store: Store, vault: Vault, facts: dict[str, Any]) -> None:
    with store.read() as transaction:
        talked_about = select(plan_items.c.subject_id)
        query = (
            select(deals.c.id, deals.c.owner_id)
            .join(users, users.c.id == deals.c.owner_id)
            .where(~deals.c.closed, deals.c.deleted_at.is_(None), deals.c.id.not_in(talked_about))
            .where(users.c.active, users.c.manager_id.is_not(None))
        )
        open_deals = [(row.id, row.owner_id) for row in transaction.execute(query)]
    chosen = open_deals[:: len(open_deals) // EVENTS][:EVENTS]
    began: dict[str, float] = {}
    done: dict[str, float] = {}
    events = threading.Thread(target=_happen, args=(store, facts, chosen, began))
    cpu, reports = cpu_seconds(), list[Report]()
    events.start()
    while len(done) < EVENTS:
        if not _asked(store):
            time.sleep(0.02)
            continue
        reports.append(pipeline.review(_loop(store, vault)))
        ended = time.perf_counter()
        found = reports[-1].refreshed
        done |= dict.fromkeys(found.deals if found else (), ended)
    events.join()
    _say(len(open_deals), reports, [done[deal] - began[deal] for deal, _ in chosen], cpu_seconds() - cpu)


def _happen(store: Store, facts: dict[str, Any], chosen: Sequence[tuple[str, str]], began: dict[str, float]) -> None:
    org = named(store, "bench")
    for n, (deal, owner) in enumerate(chosen):
        began[deal] = time.perf_counter()
        body = {"user": owner, "object": "Opportunity", "id": deal, "fields": {"NextStep": "help: with the price"}}
        http.post(f"{facts['url']}/sandbox/edit", json=body, verify=facts["ca_file"], timeout=30).raise_for_status()
        wish = Wish(source="bench", key=str(n), job="review", arguments={"deal_id": deal, "event": "changed"})
        with store.begin() as transaction:
            requests.ask(transaction, org.id, [wish], datetime.now(UTC))
        time.sleep(max(0.0, began[deal] + APART - time.perf_counter()))


def _asked(store: Store) -> bool:
    with store.read() as transaction:
        return bool(requests.asked(transaction))


def _loop(store: Store, vault: Vault) -> Loop:
    found = loop(store, vault, datetime.now(UTC))
    coaching = Coaching.model_validate({"api_share": 1, "planning": PLENTY})
    return replace(found, coaching=coaching, clock=lambda: datetime.now(UTC))


def _say(open_deals: int, reports: Sequence[Report], seconds: Sequence[float], cpu: float) -> None:
    cuts = quantiles(seconds, n=20)
    stages = [f"{mean(report.seconds.get(stage, 0) for report in reports):.2f}" for stage in STAGES]
    calls = mean(report.api_calls for report in reports)
    latency = [f"{value:.2f}" for value in (cuts[9], cuts[18], max(seconds))]
    tasks = sum(report.pushed.tasks_created for report in reports if report.pushed)
    table.row(open_deals, len(reports), tasks, *latency, f"{cpu / len(reports):.2f}", f"{calls:.1f}", *stages)
