"""What somebody asked for between the rhythms, from a CRM's event to a run started by hand: kept first, then worked on.

Whoever takes a request may die over it, so one stays open until it is answered, and may be worked on twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    func,
    select,
    update,
)

from app.store.tables import Instant, Json, metadata
from app.store.upsert import insert_new

requests = Table(
    "requests",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("connection_id", ForeignKey("connections.id", ondelete="CASCADE"), nullable=False),
    Column("source", Text, nullable=False),  # who asked: outbound_message | flow | signed | api
    Column("key", Text, nullable=False),  # what the asker calls it, so that asking twice is asking once
    Column("job", Text, nullable=False),  # a name of the catalogue
    Column("arguments", Json, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("answered_at", Instant),
    Column("run_id", ForeignKey("runs.id", ondelete="SET NULL")),
    Column("answer", Json),
    Column("error", Text),
    UniqueConstraint("connection_id", "source", "key"),
    Index(None, "answered_at", "connection_id", "job"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Something asked for: a job of the catalogue with its arguments, and the asker's own name for it."""

    source: str
    key: str
    job: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A wish that was kept, and what became of it."""

    id: int
    connection_id: int
    source: str
    key: str
    job: str
    arguments: Mapping[str, Any]
    asked_at: datetime
    answered_at: datetime | None
    run_id: int | None
    answer: Any
    error: str | None


def ask(connection: Connection, connection_id: int, wishes: Iterable[Wish], at: datetime) -> int:
    """Keep what is asked for, and return how much of it is new."""
    rows = [
        {"connection_id": connection_id, "asked_at": at, "arguments": dict(wish.arguments)}
        | {name: getattr(wish, name) for name in ("source", "key", "job")}
        for wish in wishes
    ]
    return insert_new(connection, requests, rows) if rows else 0


def find(connection: Connection, connection_id: int, source: str, key: str) -> Request | None:
    """What was asked for under this key."""
    where = (requests.c.connection_id == connection_id, requests.c.source == source, requests.c.key == key)
    row = connection.execute(select(requests).where(*where)).one_or_none()
    return Request(**row._mapping) if row else None


def waiting(connection: Connection, connection_id: int, job: str) -> list[Request]:
    """What is asked of this job and not answered, the oldest first."""
    where = (requests.c.answered_at.is_(None), requests.c.connection_id == connection_id, requests.c.job == job)
    return [
        Request(**row._mapping) for row in connection.execute(select(requests).where(*where).order_by(requests.c.id))
    ]


def asked(connection: Connection) -> set[tuple[int, str]]:
    """Every connection and job of which something is asked and not answered."""
    pairs = select(requests.c.connection_id, requests.c.job).where(requests.c.answered_at.is_(None)).distinct()
    return {(row.connection_id, row.job) for row in connection.execute(pairs)}


def oldest(connection: Connection) -> datetime | None:
    """Since when the longest waiting request waits."""
    first = select(func.min(requests.c.asked_at)).where(requests.c.answered_at.is_(None))
    since: datetime | None = connection.scalar(first)
    return since


def answer(
    connection: Connection,
    ids: Sequence[int],
    at: datetime,
    *,
    run_id: int | None = None,
    answer: Any = None,
    error: str | None = None,
) -> None:
    """Close these requests; call it in the transaction that keeps what was done for them."""
    values = {"answered_at": at, "run_id": run_id, "answer": answer, "error": error}
    connection.execute(update(requests).where(requests.c.id.in_(ids)).values(values))
