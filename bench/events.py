"""From an event in the CRM to the task in the CRM, through the service: `python -m bench events [SCALE [SECONDS]]`.

Once a second a rep writes `help:` into the next step of an open deal and a flow tells the hook of it. The service runs
as real processes: `coachsync serve` on SQLite, `serve` and one `worker` on PostgreSQL. *Seconds* run from before the
edit until the CRM has confirmed the task. What is due on a schedule goes on beside it.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from typing import Any

import requests as http
from sqlalchemy import func, select

from app import pipeline
from app.gate import named
from app.store import hooks, schema
from app.store.canonical import deals, users
from app.store.coaching import plan_items
from app.store.connections import Vault
from app.store.ledger import intents, receipts, runs
from app.store.session import Store, open_store
from bench import table
from bench.org import Facts, served
from bench.ours import connect, loop
from bench.peers import postgresql

DATABASES: dict[str, tuple[Callable[[Path], str], Sequence[Sequence[str]]]] = {
    "SQLite": (lambda folder: f"sqlite:///{folder}/coachsync.sqlite3", [()]),
    "PostgreSQL": (lambda folder: postgresql.fresh(), [(), ("worker",)]),
}
PLENTY = """
api_share = 1.0
[planning]
minutes_a_month = 1000000
prompts_a_week = 1000000
open_per_rep = 1000000
days_between_new_per_deal = 0
"""
PORT = "8765"
PATIENCE_SECONDS = 120


def main(scale: str = "12.5", seconds: str = "60") -> None:
    """Print a row a database."""
    table.head("database", "events", "tasks", "50th", "95th", "most")
    for name in DATABASES:
        with tempfile.TemporaryDirectory() as folder, served("story", scale, Path(folder)) as facts:
            _measure(name, Path(folder), facts, int(seconds))


def _measure(name: str, home: Path, facts: Facts, events: int) -> None:
    address, commands = DATABASES[name]
    url, vault = address(home), Vault(home, None)
    (home / "coaching.toml").write_text(PLENTY, "utf-8")
    with closing(open_store(url)) as store:
        schema.ready(store)
        connect(store, vault, facts)
        pipeline.morning(loop(store, vault, datetime.now(UTC)))
        secret, chosen = hooks.new_secret("flow"), _quiet_deals(store, events)
        with store.begin() as transaction:
            kept = hooks.kept(vault, "flow", secret)
            door = hooks.create(transaction, named(store, "bench").id, "flow", kept, datetime.now(UTC)).door
        environment = os.environ | {
            "COACHSYNC_LOG_LEVEL": "warning",
            "COACHSYNC_HOME": str(home),
            "COACHSYNC_DATABASE_URL": url,
        }
        with _serving(commands, environment):
            _settle(store)
            hook = {"url": f"http://127.0.0.1:{PORT}/hooks/flow/{door}", "headers": {"X-Coachsync-Secret": secret}}
            began = _happen(facts, hook, chosen)
            told = _told(store, began)
        took = [(at - began[deal]).total_seconds() for deal, at in told.items()]
        cuts = quantiles(took, n=20)
        table.row(name, len(chosen), len(took), f"{cuts[9]:.2f}", f"{cuts[18]:.2f}", f"{max(took):.2f}")


def _quiet_deals(store: Store, many: int) -> list[tuple[str, str]]:
    """Open deals that nobody has a task about, spread over all of them, each with its owner."""
    with store.read() as transaction:
        query = (
            select(deals.c.id, deals.c.owner_id)
            .join(users, users.c.id == deals.c.owner_id)
            .where(~deals.c.closed, deals.c.deleted_at.is_(None), users.c.active, users.c.manager_id.is_not(None))
            .where(deals.c.id.not_in(select(plan_items.c.subject_id)))
            .order_by(deals.c.id)
        )
        found = [(row.id, row.owner_id) for row in transaction.execute(query)]
    return found[:: len(found) // many][:many]


@contextmanager
def _serving(commands: Sequence[Sequence[str]], environment: Mapping[str, str]) -> Iterator[None]:
    line = [sys.executable, "-c", "from app.cli.commands import main; main()"]
    with ExitStack() as running:
        for words in commands:
            process = subprocess.Popen([*line, *(words or ("serve", "--port", PORT))], env=environment)
            running.callback(process.wait, 30)
            running.callback(process.terminate)
        yield


def _settle(store: Store) -> None:
    """Wait until what was due on a schedule was done."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    ended = select(func.count()).select_from(runs).where(runs.c.finished_at.is_not(None), runs.c.rhythm != "morning")
    quiet = 0
    while quiet < 20:
        assert time.monotonic() < deadline, "it does not come to rest"
        time.sleep(0.25)
        with store.read() as transaction:
            busy = transaction.scalar(select(func.count()).select_from(runs).where(runs.c.finished_at.is_(None)))
            quiet = quiet + 1 if transaction.scalar(ended) and not busy else 0


def _happen(facts: Facts, hook: Mapping[str, Any], chosen: Sequence[tuple[str, str]]) -> dict[str, datetime]:
    began = {}
    for deal, owner in chosen:
        began[deal] = datetime.now(UTC)
        body = {"user": owner, "object": "Opportunity", "id": deal, "fields": {"NextStep": "help: with the price"}}
        http.post(f"{facts['url']}/sandbox/edit", json=body, verify=facts["ca_file"], timeout=30).raise_for_status()
        http.post(**hook, json={"deal_id": deal, "event": "changed"}, timeout=30).raise_for_status()
        time.sleep(max(0.0, 1 - (datetime.now(UTC) - began[deal]).total_seconds()))
    return began


def _told(store: Store, began: Mapping[str, datetime]) -> dict[str, datetime]:
    """When the manager's task of each deal was confirmed; deals that are still without one in the end are missing."""
    first = (
        select(plan_items.c.subject_id, func.min(receipts.c.at).label("at"))
        .join(intents, intents.c.item_id == plan_items.c.id)
        .join(receipts, receipts.c.intent_id == intents.c.id)
        .where(plan_items.c.subject_id.in_(began), intents.c.role == "manager_task", receipts.c.status == "stored")
        .group_by(plan_items.c.subject_id)
    )
    deadline, told = time.monotonic() + PATIENCE_SECONDS / 4, dict[str, datetime]()
    while len(told) < len(began) and time.monotonic() < deadline:
        time.sleep(0.25)
        with store.read() as transaction:
            told = {row.subject_id: row.at for row in transaction.execute(first)}
    return told
