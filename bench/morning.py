"""How long a morning takes, and where the time goes: a first load, a quiet morning, and one after a working day.

The CRM is the sandbox in another process over TLS on loopback, without the latency of a real org.
"""

import resource
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from app import pipeline
from app.run import Report
from app.store.connections import Vault
from app.store.session import Store
from bench import table
from bench.org import served
from bench.ours import NOON, loop, opened

CHANGED_DEALS = 200  # what people touch between two mornings, whatever the size of the org


def main(*scales: str) -> None:
    """Print a table row a run for each scale (12.5 is 10,000 open deals, 125 is 100,000)."""
    for scale in scales or ("1.25", "12.5"):
        with tempfile.TemporaryDirectory() as folder, served("story", scale, Path(folder)) as facts:
            _measure(scale, Path(folder), facts)


def _measure(scale: str, folder: Path, facts: dict[str, Any]) -> None:
    with opened(folder, facts) as (store, vault):
        table.head("run", "open deals", "rows pulled", *STAGES, "total s", "API calls", "peak MB")
        first = _morning(store, vault, NOON)
        _say(store, "first", first)
        _say(store, "quiet", _morning(store, vault, NOON + timedelta(minutes=30)))
        changed = _edit(store, facts)
        _say(store, f"{changed} changed", _morning(store, vault, NOON + timedelta(hours=1)))


STAGES = ("pull", "reconcile", "measure", "watch", "judge", "plan", "push")


def _say(store: Store, name: str, report: Report) -> None:
    assert report.pulled
    assert report.judged
    tallies = report.judged.tallies.values()
    seconds = [f"{report.seconds.get(stage, 0):.2f}" for stage in STAGES]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    rows = sum(report.pulled.rows.values())
    total = f"{sum(report.seconds.values()):.2f}"
    table.row(name, max(t.evaluated for t in tallies), rows, *seconds, total, report.api_calls, peak)


def _morning(store: Store, vault: Vault, now: datetime) -> Report:
    return pipeline.morning(loop(store, vault, now))


def _edit(store: Store, facts: dict[str, Any]) -> int:
    """A working day: people write a next step into some deals."""
    with store.read() as transaction:
        found = transaction.exec_driver_sql(f"SELECT id, owner_id FROM deals WHERE NOT closed LIMIT {CHANGED_DEALS}")
        deals = [(row[0], row[1]) for row in found]
    for deal, owner in deals:
        body = {"user": owner, "object": "Opportunity", "id": deal, "fields": {"NextStep": "Agree on the date"}}
        requests.post(f"{facts['url']}/sandbox/edit", json=body, verify=facts["ca_file"], timeout=30)
    return len(deals)
