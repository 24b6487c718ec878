"""Runs and cursors: what was done when, how far the reading came, and how many calls it took."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, insert, select, update

from app.store.ledger import cursors, runs
from app.store.upsert import upsert
from connectors.records import Kind

QUOTA = timedelta(hours=24)
"""The org's limit counts over the last so long."""
LONGEST_RUN = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of one rhythm, as recorded."""

    id: int
    rhythm: str
    as_of: datetime
    started_at: datetime
    finished_at: datetime | None
    counts: Mapping[str, Any]
    error: str | None


def start(connection: Connection, connection_id: int, rhythm: str, as_of: datetime, now: datetime) -> int:
    """Record that a run begins, and return its id."""
    values = {"connection_id": connection_id, "rhythm": rhythm, "as_of": as_of, "started_at": now, "counts": {}}
    return int(connection.execute(insert(runs).values(values).returning(runs.c.id)).scalar_one())


def finish(connection: Connection, run_id: int, now: datetime, counts: Mapping[str, Any], error: str | None) -> None:
    """Record how a run ended."""
    values = {"finished_at": now, "counts": dict(counts), "error": error}
    connection.execute(update(runs).where(runs.c.id == run_id).values(values))


def note_calls(connection: Connection, run_id: int, calls: int) -> None:
    """Record how many API calls a run has made that has not ended yet."""
    connection.execute(update(runs).where(runs.c.id == run_id).values(counts={"api_calls": calls}))


def last(connection: Connection, connection_id: int) -> Run | None:
    """The newest run of a connection."""
    columns = [runs.c[name] for name in Run.__dataclass_fields__]
    found = connection.execute(
        select(*columns).where(runs.c.connection_id == connection_id).order_by(runs.c.id.desc()).limit(1)
    ).one_or_none()
    return Run(**found._mapping) if found else None


def seen_since(connection_id: int, since: datetime) -> ColumnElement[bool]:
    """Of a connection the runs that ended since then, or began since then and did not end.

    A run that took longer than LONGEST_RUN may be missed: without that each look would go through all there ever were.
    """
    last_seen = func.coalesce(runs.c.finished_at, runs.c.started_at)
    return and_(runs.c.connection_id == connection_id, runs.c.started_at > since - LONGEST_RUN, last_seen > since)


def calls_lately(connection: Connection, connection_id: int, now: datetime) -> int:
    """API calls of the last 24 hours: of runs that have ended, and as far as noted of those that were killed."""
    counted = connection.scalars(select(runs.c.counts).where(seen_since(connection_id, now - QUOTA)))
    return sum(int(counts.get("api_calls", 0)) for counts in counted)


def cursor(connection: Connection, connection_id: int, kind: Kind) -> str | None:
    """How far the reading of a kind came."""
    return connection.scalar(
        select(cursors.c.cursor).where(cursors.c.connection_id == connection_id, cursors.c.kind == kind)
    )


def keep_cursor(connection: Connection, connection_id: int, kind: Kind, text: str, now: datetime) -> None:
    """Store a cursor; call it in the transaction that stores its records."""
    row = {"connection_id": connection_id, "kind": kind, "cursor": text, "stored_at": now}
    upsert(connection, cursors, [row])


def read_at(connection: Connection, connection_id: int) -> dict[str, datetime]:
    """When each kind was last read."""
    rows = connection.execute(
        select(cursors.c.kind, func.max(cursors.c.stored_at))
        .where(cursors.c.connection_id == connection_id)
        .group_by(cursors.c.kind)
    )
    return {row[0]: row[1] for row in rows}
