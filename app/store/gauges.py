"""Numbers for whoever watches, counted in the store, since several processes share it and each may be new."""

from collections import defaultdict
from datetime import datetime, timedelta

from sqlalchemy import Connection, case, func, select

from app.store.ledger import runs
from app.store.requests import requests
from app.store.runs import seen_since

LATELY = timedelta(hours=1)
MOST = 10_000
"""Requests that are looked at for how long they took: the newest of the last hour."""


def ended(connection: Connection, connection_id: int, since: datetime) -> dict[tuple[str, str], int]:
    """Runs since then by rhythm and how they ended: `done`, `stopped` by an error, `unfinished` (at work or killed)."""
    how = case((runs.c.finished_at.is_(None), "unfinished"), (runs.c.error.is_not(None), "stopped"), else_="done")
    query = select(runs.c.rhythm, how.label("how"), func.count().label("n")).where(seen_since(connection_id, since))
    return {(row.rhythm, row.how): row.n for row in connection.execute(query.group_by(runs.c.rhythm, how))}


def pulled(connection: Connection, connection_id: int, since: datetime) -> dict[str, int]:
    """Rows of each kind that were pulled by runs that ended since then."""
    found: dict[str, int] = defaultdict(int)
    for counts in connection.scalars(select(runs.c.counts).where(seen_since(connection_id, since))):
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
