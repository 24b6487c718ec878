"""Numbers for whoever watches, counted in the store, since several processes share it and each may be new."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, case, func, select

from app.store.ledger import runs
from app.store.requests import requests

LATELY = timedelta(hours=1)
MOST = 10_000
"""Requests that are looked at for how long they took: the newest of the last hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How many runs of a rhythm ended so: `done`, `stopped` by an error, or `unfinished`, at work or killed."""

    connection_id: int
    rhythm: str
    how: str
    runs: int


def ended(connection: Connection) -> list[Ended]:
    """All runs there were, by how they ended."""
    how = case((runs.c.finished_at.is_(None), "unfinished"), (runs.c.error.is_not(None), "stopped"), else_="done")
    columns = (runs.c.connection_id, runs.c.rhythm, how.label("how"))
    query = select(*columns, func.count().label("runs")).group_by(*columns).order_by(*columns)
    return [Ended(**row._mapping) for row in connection.execute(query)]


def pulled(connection: Connection, connection_id: int, since: datetime) -> dict[str, int]:
    """Rows of each kind that were pulled by runs that ended since then."""
    found: dict[str, int] = defaultdict(int)
    where = (runs.c.connection_id == connection_id, runs.c.finished_at > since)
    for counts in connection.scalars(select(runs.c.counts).where(*where)):
        for kind, rows in counts.get("pulled", {}).items():
            found[kind] += rows
    return dict(found)


def waiting(connection: Connection) -> dict[str, int]:
    """How many requests wait for each job."""
    job = requests.c.job
    query = select(job, func.count().label("n")).where(requests.c.answered_at.is_(None)).group_by(job)
    return {row.job: row.n for row in connection.execute(query)}


def waits(connection: Connection, now: datetime) -> dict[str, list[float]]:
    """Seconds from asking to the answer, of requests answered in the last hour, by who asked; the shortest first."""
    table = requests.c
    query = select(table.source, table.asked_at, table.answered_at).where(table.answered_at > now - LATELY)
    found = defaultdict(list)
    for source, asked_at, answered_at in connection.execute(query.order_by(table.id.desc()).limit(MOST)):
        found[source].append((answered_at - asked_at).total_seconds())
    return {source: sorted(seconds) for source, seconds in sorted(found.items())}
