"""What happened to deals that is worth a look, each once: a look takes what nobody has looked at yet."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, Connection, ForeignKey, Index, Table, Text, true, update

from app.store.tables import Instant, Key, metadata
from app.store.upsert import insert_new

deal_events = Table(
    "deal_events",
    metadata,
    Column("connection_id", ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True),
    Column("deal_id", Key, primary_key=True),
    Column("event", Text, primary_key=True),  # one of the triggers that a rule may name
    Column("happened_at", Instant, primary_key=True),
    Column("by_hint", Boolean, nullable=False),  # somebody said so; the deal's own rows do not
    Column("observed_at", Instant, nullable=False),
    Column("looked_at", Instant),
    Index(None, "connection_id", "looked_at"),
)
ROWS_A_STATEMENT = 500


def keep(
    connection: Connection,
    connection_id: int,
    happened: Iterable[Mapping[str, Any]],
    now: datetime,
    *,
    by_hint: bool = False,
) -> None:
    """Keep what happened: rows of deal_id, event, happened_at. What is known already stays as it is."""
    rows = [{**row, "connection_id": connection_id, "by_hint": by_hint, "observed_at": now} for row in happened]
    for start in range(0, len(rows), ROWS_A_STATEMENT):
        insert_new(connection, deal_events, rows[start : start + ROWS_A_STATEMENT])


def look(
    connection: Connection, connection_id: int, deals: Collection[str] | None, at: datetime
) -> dict[str, frozenset[str]]:
    """What has happened to these deals, or to all, since somebody last looked, by deal; now it has been looked at."""
    table = deal_events.c
    asked = true() if deals is None else table.deal_id.in_(deals)
    new = connection.execute(
        update(deal_events)
        .where(table.connection_id == connection_id, table.looked_at.is_(None), asked)
        .values(looked_at=at)
        .returning(table.deal_id, table.event)
    )
    found: dict[str, frozenset[str]] = {}
    for deal_id, event in new:
        found[deal_id] = found.get(deal_id, frozenset()) | {event}
    return found
