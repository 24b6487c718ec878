"""What a tick costs: nothing changed, and one record in a hundred, beside a small store and a large one.

`python -m bench tick 0.011 1.1` is some 10,000 and 1,000,000 stored records.
"""

import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import requests

from app import pipeline
from app.store.connections import Vault
from app.store.session import Store
from bench import table
from bench.org import served
from bench.ours import cpu_seconds, loop, opened
from bench.plain_company import DEALS
from connectors.sandbox.ids import make_id

CHANGED = {"Opportunity": ("006", 1), "Task": ("00T", 4), "Event": ("00U", 1)}
"""Of which objects records are changed: the prefix of their ids, and how many there are for each deal."""
RECORDS_A_DEAL = 9.1


def main(*sizes: str) -> None:
    """Print a row a tick, for each size."""
    table.head("records", "tick", "rows", "seconds", "CPU s", "calls")
    for size in sizes or ("0.011", "0.11"):
        with (
            tempfile.TemporaryDirectory() as folder,
            served("plain", size, Path(folder)) as facts,
            opened(Path(folder), facts) as (store, vault),
        ):
            held = _tick(store, vault, "first load", "")
            _tick(store, vault, "nothing changed", held)
            _tick(store, vault, "nothing changed", held)
            _change(facts, float(size))
            _tick(store, vault, "1 % changed", held)


def _tick(store: Store, vault: Vault, what: str, held: str) -> str:
    now = datetime.now(UTC)
    cpu, began = cpu_seconds(), perf_counter()
    report = pipeline.often(loop(store, vault, now))
    seconds, cpu = perf_counter() - began, cpu_seconds() - cpu
    assert report.pulled
    rows = f"{sum(report.pulled.rows.values()):,}"
    table.row(held or rows, what, rows, f"{seconds:.2f}", f"{cpu:.2f}", report.api_calls)
    return held or rows


def _change(facts: Mapping[str, Any], size: float) -> None:
    """Move the stamp of one record in a hundred."""
    deals = round(DEALS * size * RECORDS_A_DEAL / 100 / sum(many for _, many in CHANGED.values()))
    with requests.Session() as session:
        session.trust_env, session.verify = False, facts["ca_file"]
        for name, (prefix, many) in CHANGED.items():
            ids = [make_id(prefix, n) for n in range(deals * many)]
            body = {"object": name, "stamp": datetime.now(UTC).isoformat(), "ids": ids}
            session.post(f"{facts['url']}/sandbox/restamp", json=body).raise_for_status()
