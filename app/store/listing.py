"""What the API reads: rows a page at a time, the newest first, and only those the asker may see."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, Table, select, true

from app.store.ledger import runs
from app.store.requests import requests

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Whose things may be seen: a manager's and those of their people, or a rep's; without either, everybody's."""

    manager_id: str | None = None
    rep_id: str | None = None


def runs_of(connection: Connection, connection_id: int, before: int | None, most: int) -> list[Row]:
    """The runs of a connection."""
    return _newest(connection, select(runs).where(runs.c.connection_id == connection_id), runs, before, most)


def run(connection: Connection, connection_id: int, run_id: int) -> Row | None:
    """One run."""
    return _one(connection, select(runs).where(runs.c.connection_id == connection_id, runs.c.id == run_id))


def request(connection: Connection, connection_id: int, request_id: int) -> Row | None:
    """Something that was asked for."""
    where = (requests.c.connection_id == connection_id, requests.c.id == request_id)
    return _one(connection, select(requests).where(*where))


def _newest(connection: Connection, query: Select[Any], table: Table, before: int | None, most: int) -> list[Row]:
    earlier = table.c.id < before if before is not None else true()
    rows = connection.execute(query.where(earlier).order_by(table.c.id.desc()).limit(most))
    return [dict(row._mapping) for row in rows]


def _one(connection: Connection, query: Select[Any]) -> Row | None:
    row = connection.execute(query).one_or_none()
    return dict(row._mapping) if row else None
