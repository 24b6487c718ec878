"""How long a morning takes, and where the time goes: a first load, a quiet morning, and one after a working day.

The CRM is the sandbox in another process over TLS on loopback, without the latency of a real org.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from app import pipeline
from app.config import Coaching
from app.gate import named, open_gate
from app.pipeline import Loop, Report
from app.store import connections, schema
from app.store.connections import Vault
from app.store.session import Store, open_store
from bench.org import TODAY
from coaching_rules.loader import starter

LOAD_SECONDS = 900
CHANGED_DEALS = 200  # what people touch between two mornings, whatever the size of the org
NOON = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC)


def main(*scales: str) -> None:
    """Print a table row a run for each scale (12.5 is 10,000 open deals, 125 is 100,000)."""
    for scale in scales or ("1.25", "12.5"):
        with tempfile.TemporaryDirectory() as folder, _org(scale, Path(folder)) as facts:
            _measure(scale, Path(folder), facts)


def _measure(scale: str, folder: Path, facts: dict[str, Any]) -> None:
    store = open_store(f"sqlite:///{folder}/coachsync.sqlite3")
    schema.ready(store)
    vault = Vault(folder, None)
    _connect(store, vault, facts)
    _row("run", "open deals", "rows pulled", *STAGES, "total s", "API calls", "peak MB")
    first = _morning(store, vault, NOON)
    _say(store, "first", first)
    _say(store, "quiet", _morning(store, vault, NOON + timedelta(minutes=30)))
    changed = _edit(store, facts)
    _say(store, f"{changed} changed", _morning(store, vault, NOON + timedelta(hours=1)))
    store.close()


STAGES = ("pull", "reconcile", "measure", "judge", "plan", "push")


def _say(store: Store, name: str, report: Report) -> None:
    assert report.pulled
    assert report.judged
    tallies = report.judged.tallies.values()
    seconds = [f"{report.seconds.get(stage, 0):.2f}" for stage in STAGES]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    rows = sum(report.pulled.rows.values())
    total = f"{sum(report.seconds.values()):.2f}"
    _row(name, max(t.evaluated for t in tallies), rows, *seconds, total, report.api_calls, peak)


def _row(*cells: object) -> None:
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def _morning(store: Store, vault: Vault, now: datetime) -> Report:
    org, coaching = (
        named(store, "bench"),
        Coaching.model_validate({"api_share": 1, "planning": {"most_new_tasks": 10**6}}),
    )
    connector = open_gate(store, vault, org, coaching, now)
    loop = Loop(store=store, org=org, connector=connector, coaching=coaching, rules=starter(), clock=lambda: now)
    return pipeline.morning(loop)


def _connect(store: Store, vault: Vault, facts: dict[str, Any]) -> None:
    settings = {
        "login_url": facts["url"],
        "client_id": facts["client_id"],
        "ca_file": facts["ca_file"],
        "username": facts["username"],
        "key_field": "Coaching_Key__c",
    }
    secrets = {"private_key": Path(facts["private_key_file"]).read_text("ascii")}
    with store.begin() as transaction:
        connections.save(transaction, vault, "bench", "salesforce", settings, secrets, NOON)


def _edit(store: Store, facts: dict[str, Any]) -> int:
    """A working day: people write a next step into some deals."""
    with store.read() as transaction:
        found = transaction.exec_driver_sql(f"SELECT id, owner_id FROM deals WHERE NOT closed LIMIT {CHANGED_DEALS}")
        deals = [(row[0], row[1]) for row in found]
    for deal, owner in deals:
        body = {"user": owner, "object": "Opportunity", "id": deal, "fields": {"NextStep": "Agree on the date"}}
        requests.post(f"{facts['url']}/sandbox/edit", json=body, verify=facts["ca_file"], timeout=30)
    return len(deals)


@contextmanager
def _org(scale: str, folder: Path) -> Iterator[dict[str, Any]]:
    process = subprocess.Popen([sys.executable, "-m", "bench.org", scale, str(folder)])
    try:
        yield _facts(process, folder / "keys" / "connection.json")
    finally:
        process.terminate()
        process.wait(30)


def _facts(process: subprocess.Popen[bytes], file: Path) -> dict[str, Any]:
    deadline = time.monotonic() + LOAD_SECONDS
    while not file.exists() or not file.read_text("utf-8").endswith("}"):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("the sandbox did not start")
        time.sleep(0.2)
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found
