"""How far what we hold is what the CRM shows: what differs, and what the last comparison of each kind found."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection, and_, func, insert, or_, select, update

from app.store.arrivals import arrived, one_each
from app.store.canonical import TABLES
from app.store.ledger import coverage
from app.store.upsert import upsert
from connectors.records import Kind

NOWHERE: dict[str, Any] = {"place": None, "so_far": None}


@dataclass(slots=True, kw_only=True)
class Coverage:
    """One comparison of one kind: live records here and there once it was mended, and what had to be mended."""

    ours: int = 0
    theirs: int = 0
    missing: int = 0
    """Shown there and unknown here."""
    stale: int = 0
    """Here as they no longer are there."""
    gone: int = 0
    """Here and no longer shown there."""

    def __add__(self, more: "Coverage") -> "Coverage":
        """Both as one comparison."""
        return Coverage(**{name: getattr(self, name) + getattr(more, name) for name in self.__dataclass_fields__})


def unlike(
    connection: Connection, connection_id: int, kind: Kind, records: pa.Table
) -> tuple[frozenset[str], frozenset[str]]:
    """Ids of these live records that we do not hold at all, and of those that we hold otherwise."""
    if not records.num_rows:
        return frozenset(), frozenset()
    table, staged = TABLES[kind], arrived(connection, TABLES[kind], one_each(records))
    told = {column.name for column in staged.columns} - {"id", "changed_at", "deleted"}
    # the name of a role or a formula changes without moving the stamp of the row that shows it
    otherwise = or_(table.c.gone.is_not(None), *(table.c[name].is_distinct_from(staged.c[name]) for name in told))
    found = connection.execute(
        select(staged.c.id, table.c.id.is_(None))
        .outerjoin_from(staged, table, and_(table.c.id == staged.c.id, table.c.connection_id == connection_id))
        .where(
            or_(
                table.c.id.is_(None),
                table.c.changed_at < staged.c.changed_at,
                and_(table.c.changed_at == staged.c.changed_at, otherwise),
            )
        )
    ).all()
    return frozenset(i for i, missing in found if missing), frozenset(i for i, missing in found if not missing)


def held_between(connection: Connection, connection_id: int, kind: Kind, after: str, upto: str) -> list[str]:
    """Ids of the live records behind `after`, as far as `upto`; "" is the end."""
    table = TABLES[kind]
    held = select(table.c.id).where(*_live(connection_id, kind), table.c.id > after)
    return list(connection.scalars((held.where(table.c.id <= upto) if upto else held).order_by(table.c.id)))


def _live(connection_id: int, kind: Kind) -> tuple[Any, ...]:
    table = TABLES[kind]
    # what we noted of a deal ourselves is not in the CRM
    return table.c.connection_id == connection_id, table.c.deleted_at.is_(None), table.c.id.not_like("seen:%")


def begun(connection: Connection, connection_id: int, kind: Kind) -> tuple[str, Coverage]:
    """The id behind which a comparison goes on that was cut off, and what it had found; "" where none was."""
    row = connection.execute(
        select(coverage.c.place, coverage.c.so_far).where(*_of(connection_id, kind), coverage.c.place.is_not(None))
    ).one_or_none()
    return (row.place, Coverage(**row.so_far)) if row else ("", Coverage())


def keep_place(connection: Connection, connection_id: int, kind: Kind, place: str, found: Coverage) -> None:
    """Record how far a comparison has come; call it in the transaction that mends what it found."""
    values = {"place": place, "so_far": asdict(found)}
    done = connection.execute(update(coverage).where(*_of(connection_id, kind)).values(values))
    if not done.rowcount:
        row = {"connection_id": connection_id, "kind": kind, "due": False}
        connection.execute(insert(coverage).values(row | values))


def keep(connection: Connection, connection_id: int, kind: Kind, found: Coverage, now: datetime) -> None:
    """Record a comparison that reached the end, with how many live records we hold after it."""
    found.ours = connection.scalar(select(func.count()).where(*_live(connection_id, kind))) or 0
    ended = {"connection_id": connection_id, "kind": kind, "due": False, "compared_at": now, **NOWHERE}
    upsert(connection, coverage, [ended | asdict(found)])


def fall_due(connection: Connection, connection_id: int, kind: Kind) -> None:
    """Say that this kind must be compared from its beginning, because changes to it may have been missed."""
    upsert(connection, coverage, [{"connection_id": connection_id, "kind": kind, "due": True, **NOWHERE}])


def _of(connection_id: int, kind: Kind) -> tuple[Any, ...]:
    return coverage.c.connection_id == connection_id, coverage.c.kind == kind


def in_turn(connection: Connection, connection_id: int, kinds: Collection[Kind], *, due_only: bool) -> list[Kind]:
    """The kinds to compare, those first that have waited longest; or only those that fell due."""
    rows = connection.execute(select(coverage).where(coverage.c.connection_id == connection_id)).mappings()
    known = {row["kind"]: row for row in rows}
    wanted = [kind for kind in kinds if not due_only or (kind in known and known[kind]["due"])]
    never = datetime.min.replace(tzinfo=UTC)
    return sorted(wanted, key=lambda kind: (kind in known and known[kind]["compared_at"]) or never)


def last_compared(connection: Connection, connection_id: int) -> dict[str, dict[str, Any]]:
    """What the last comparison of each kind found; `difference` is how many more are there than here."""
    rows = connection.execute(
        select(coverage).where(coverage.c.connection_id == connection_id, coverage.c.compared_at.is_not(None))
    ).mappings()
    names = (*Coverage.__dataclass_fields__, "compared_at", "due")
    return {
        row["kind"]: {name: row[name] for name in names} | {"difference": row["theirs"] - row["ours"]} for row in rows
    }
