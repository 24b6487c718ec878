"""What each job has done and when it may try again: from this, and from nothing a scheduler remembers, it is due."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Column, Connection, Date, ForeignKey, Integer, Table, Text, and_, func, insert, select

from app.store.canonical import users
from app.store.ledger import connections
from app.store.tables import Instant, Key, metadata
from app.store.upsert import upsert

turns = Table(
    "turns",
    metadata,
    Column("connection_id", ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True),
    Column("job", Text, primary_key=True),
    Column("slot", Instant),  # the newest slot that was done
    Column("attempts", Integer, nullable=False),  # in vain, since it was last done
    Column("not_before", Instant),
    Column("reason", Text),  # why the last attempt was in vain
)
mornings = Table(
    "mornings",
    metadata,
    Column("connection_id", ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True),
    Column("day", Date, primary_key=True),  # where the manager is
    Column("manager_id", Key, primary_key=True),
    Column("run_id", ForeignKey("runs.id", ondelete="SET NULL")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """How far a job of a connection has come."""

    slot: datetime | None = None
    attempts: int = 0
    not_before: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manager:
    """Somebody with reports; where and by which holidays they work is what the CRM says."""

    id: str
    name: str
    time_zone: str | None
    country: str | None


def of(connection: Connection, connection_id: int) -> dict[str, Turn]:
    """The turns of a connection, by job."""
    columns = [turns.c[name] for name in ("job", *Turn.__dataclass_fields__)]
    rows = connection.execute(select(*columns).where(turns.c.connection_id == connection_id))
    return {job: Turn(**dict(zip(Turn.__dataclass_fields__, turn))) for job, *turn in rows}


def keep(connection: Connection, connection_id: int, job: str, turn: Turn) -> None:
    """Store how far a job has come."""
    row = {name: getattr(turn, name) for name in Turn.__dataclass_fields__}
    upsert(connection, turns, [{"connection_id": connection_id, "job": job, **row}])


def made_at(connection: Connection, connection_id: int) -> datetime:
    """When the connection was made; nothing was due before."""
    since: datetime = connection.execute(
        select(connections.c.created_at).where(connections.c.id == connection_id)
    ).scalar_one()
    return since


def managers(connection: Connection, connection_id: int) -> list[Manager]:
    """Everybody who can sign in and has somebody who can as a report."""
    works = and_(users.c.connection_id == connection_id, users.c.active, users.c.deleted_at.is_(None))
    bosses = select(users.c.manager_id).where(works)
    columns = [users.c[name] for name in Manager.__dataclass_fields__]
    rows = connection.execute(select(*columns).where(works, users.c.id.in_(bosses)).order_by(users.c.id))
    return [Manager(**row._mapping) for row in rows]


def planned(connection: Connection, connection_id: int, since: date) -> dict[str, date]:
    """The newest morning of each manager who had one on or after `since`."""
    own = (mornings.c.connection_id == connection_id, mornings.c.day >= since)
    newest = select(mornings.c.manager_id, func.max(mornings.c.day)).where(*own).group_by(mornings.c.manager_id)
    return {row.manager_id: row[1] for row in connection.execute(newest)}


def claim(connection: Connection, connection_id: int, days: Mapping[str, date], run_id: int) -> set[str]:
    """Whose morning of this day was not had yet; from now on it was. Call it in the transaction that keeps the plan.

    A morning before one that was had is had as well: so who moves to another time zone does not get two in one.
    """
    had = planned(connection, connection_id, min(days.values())) if days else {}
    free = {manager: day for manager, day in days.items() if had.get(manager, date.min) < day}
    row = {"connection_id": connection_id, "run_id": run_id}
    if free:
        connection.execute(insert(mornings), [row | {"manager_id": m, "day": day} for m, day in free.items()])
    return set(free)
