"""What an export costs: a first pull, the same again, and a comparison with all of it.

`python -m bench export 33` is a company of that scale, 1.1 million rows of CSV. The peak is that of the process so far;
the row "none" is what it had before, with the company made in it.
"""

import csv
import tempfile
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

from app import pipeline
from app.store import connections, schema
from app.store.connections import Vault
from app.store.session import open_store
from bench import table
from bench.org import SEED, TODAY
from bench.ours import NOON, loop, peak_mb
from connectors.sandbox.company import company


def main(*scales: str) -> None:
    """Print a row a pull, for each scale."""
    table.head("scale", "MB of CSV", "pull", "rows", "compared", "pull s", "compare s", "peak MB")
    for scale in scales or ("3",):
        with tempfile.TemporaryDirectory() as folder:
            _pulls(scale, _export(Path(folder) / "export", float(scale)), Path(folder))


def _pulls(scale: str, megabytes: int, folder: Path) -> None:
    store, vault = open_store(f"sqlite:///{folder}/coachsync.sqlite3"), Vault(folder, None)
    schema.ready(store)
    with store.begin() as transaction:
        settings = {"dir": str(folder / "export")}
        connections.save(transaction, vault, "bench", "salesforce_export", settings, {}, NOON)
    table.row(scale, megabytes, "none", "", "", "", "", peak_mb())
    for name, sweep in (("first", False), ("again", False), ("nightly", True)):
        report = pipeline.often(loop(store, vault, NOON), sweep=sweep)
        assert report.pulled
        assert report.recounted
        rows, kinds = sum(report.pulled.rows.values()), len(report.recounted.compared)
        seconds = report.seconds["pull"], report.seconds["recount"]
        table.row(scale, megabytes, name, f"{rows:,}", kinds, *seconds, peak_mb())
    store.close()


def _export(folder: Path, scale: float) -> int:
    """The sandbox's company as CSV, and how many megabytes it is."""
    folder.mkdir()
    writers: dict[str, Any] = {}
    with ExitStack() as files:
        for name, rows in company(SEED, today=TODAY, scale=scale):
            if name not in writers and rows:
                file = files.enter_context((folder / f"{name}.csv").open("w", newline="", encoding="utf-8"))
                writers[name] = csv.DictWriter(file, rows[0], quoting=csv.QUOTE_ALL)
                writers[name].writeheader()
            for row in rows:
                writers[name].writerow({key: _text(value) for key, value in row.items()})
    return sum(file.stat().st_size for file in folder.iterdir()) // 1_000_000


def _text(value: object) -> object:
    return (
        int(value)
        if isinstance(value, bool)
        else f"{value:%Y-%m-%d %H:%M:%S}"
        if isinstance(value, datetime)
        else value
    )
