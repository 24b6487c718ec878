"""What a second worker is worth: `python -m bench workers 20` has 20 orgs that answer after 100 ms, as an org does.

Each is loaded, compared and planned for the first time. Timed from the first run's beginning to the last one's end.
"""

import signal
import tempfile
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select

from app.jobs.catalog import CATALOG
from app.store import ledger, turns
from bench import table
from bench.crew import Crew
from bench.peers import postgresql
from bench.serving import PATIENCE_SECONDS, Estate, estate

ANSWER_SECONDS = 0.1


def main(number: str = "20", concurrency: str = "4") -> None:
    """Print a row for one worker and one for two."""
    table.head("workers", "connections", "runs", "seconds", "times one worker")
    alone = None
    for workers in (1, 2):
        runs, took = _measured(int(number), workers, concurrency)
        alone = alone or took
        table.row(workers, number, runs, f"{took.total_seconds():.1f}", f"{alone / took:.2f}")


def _measured(number: int, workers: int, concurrency: str) -> tuple[int, timedelta]:
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Crew(Path(folder))) as crew,
        estate(crew, postgresql.fresh(), Path(folder), number, slow_seconds=ANSWER_SECONDS) as place,
    ):
        members = [place.start("worker", "--concurrency", concurrency) for _ in range(workers)]
        _wait(place, number)
        for member in members:
            crew.kill(member, signal.SIGTERM)
            crew.wait(member)
        return _took(place)


def _wait(place: Estate, number: int) -> None:
    began, turns_each = time.monotonic(), sum(job.schedule is not None for job in CATALOG)
    while not (place.is_done() and _turns(place) == number * turns_each):
        assert time.monotonic() - began < PATIENCE_SECONDS, "it does not come to an end"
        time.sleep(0.2)


def _turns(place: Estate) -> int:
    with place.store.read() as transaction:
        return transaction.scalar(select(func.count()).select_from(turns.turns)) or 0


def _took(place: Estate) -> tuple[int, timedelta]:
    runs = ledger.runs.c
    with place.store.read() as transaction:
        query = select(func.count(), func.min(runs.started_at), func.max(runs.finished_at)).where(
            runs.as_of.is_not(None)
        )
        found, first, last = transaction.execute(query).one()
    return found, last - first
