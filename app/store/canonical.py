"""What the CRM said: one table a kind, the newest version of each record, and the deal history beside it.

Two times are kept apart: when a thing became true in the CRM (`valid_from`, `changed_at`) and when we learnt it
(`observed_at`). `deleted_at` is when it left, `gone` whether it was deleted or is out of our sight (unseen).
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Date,
    Float,
    Index,
    Integer,
    RowMapping,
    Table,
    Text,
    and_,
    case,
    delete,
    func,
    inspect,
    literal,
    or_,
    select,
    text,
    update,
)

from app.store.arrivals import arrived, one_each, put
from app.store.tables import Instant, Key, metadata
from app.store.upsert import upsert, upsert_from
from connectors.records import Kind


def _table(name: str, *columns: Any, index: tuple[str, ...] = ()) -> Table:
    return Table(
        name,
        metadata,
        # no foreign key: to check it, PostgreSQL would look at the connection for each of millions of rows
        Column("connection_id", Integer, primary_key=True, autoincrement=False),
        Column("id", Key, primary_key=True),
        *columns,
        Column("changed_at", Instant, nullable=False),
        Column("observed_at", Instant, nullable=False),
        Column("deleted_at", Instant),
        Column("gone", Text),
        *(Index(None, "connection_id", column) for column in index),
    )


users = _table(
    "users",
    Column("name", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("manager_id", Key),
    Column("role", Text),
    Column("time_zone", Text),
    Column("country", Text),
    Column("created_at", Instant),
)
stages = _table(
    "stages",
    Column("name", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("sort_order", Integer, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("closed", Boolean, nullable=False),
    Column("won", Boolean, nullable=False),
    Column("forecast_category", Text),
    Column("probability", Float),
)
currency_rates = _table(
    "currency_rates",
    Column("currency", Text, nullable=False),
    Column("valid_from", Date),
    Column("rate", Float, nullable=False),
)
accounts = _table(
    "accounts",
    Column("name", Text, nullable=False),
    Column("owner_id", Key),
    Column("segment", Text),
    Column("merged_into", Key),
)
deals = _table(
    "deals",
    Column("name", Text, nullable=False),
    Column("account_id", Key),
    Column("owner_id", Key),
    Column("pipeline", Text),
    Column("stage", Text, nullable=False),
    Column("amount", Float),
    Column("currency", Text),
    Column("close_date", Date),
    Column("closed", Boolean, nullable=False),
    Column("won", Boolean, nullable=False),
    Column("forecast_category", Text),
    Column("probability", Float),
    Column("deal_type", Text),
    Column("next_step", Text),
    Column("created_at", Instant, nullable=False),
)
deal_changes = _table(
    "deal_changes",
    Column("deal_id", Key, nullable=False),
    Column("valid_from", Instant, nullable=False),
    Column("stage", Text),
    Column("amount", Float),
    Column("close_date", Date),
    Column("forecast_category", Text),
    Column("probability", Float),
)
field_changes = _table(
    "field_changes",
    Column("deal_id", Key, nullable=False),
    Column("field", Text, nullable=False),
    Column("old", Text),
    Column("new", Text),
    Column("valid_from", Instant, nullable=False),
)
deal_contacts = _table(
    "deal_contacts",
    Column("deal_id", Key, nullable=False),
    Column("contact_id", Key),
    Column("role", Text),
    Column("primary", Boolean, nullable=False),
    Column("created_at", Instant),
)
activities = _table(
    "activities",
    Column("type", Text, nullable=False),
    Column("owner_id", Key),
    Column("deal_id", Key),
    Column("account_id", Key),
    Column("contact_id", Key),
    Column("starts_at", Instant),
    Column("ends_at", Instant),
    Column("done", Boolean, nullable=False),
    Column("two_way", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
)
crm_tasks = _table(
    "crm_tasks",
    Column("reference", Text, nullable=False),
    Column("owner_id", Key, nullable=False),
    Column("deal_id", Key),
    Column("due", Date),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("closed", Boolean, nullable=False),
    Column("closed_at", Instant),
    Column("modified_by", Key),
    index=("reference",),
)
crm_notes = _table(
    "crm_notes",
    Column("reference", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("modified_by", Key),
    Column("edited", Boolean, nullable=False),
    index=("reference",),
)

TABLES: dict[Kind, Table] = {
    "user": users,
    "stage": stages,
    "currency_rate": currency_rates,
    "account": accounts,
    "deal": deals,
    "deal_change": deal_changes,
    "field_change": field_changes,
    "deal_contact": deal_contacts,
    "activity": activities,
    "task": crm_tasks,
    "note": crm_notes,
}
SEEN_FIELDS = ("next_step", "owner_id")
"""Fields of a deal whose changes we note ourselves, since the CRM may not track them."""


def store_page(connection: Connection, connection_id: int, kind: Kind, records: pa.Table, now: datetime) -> int:
    """Store these records, newest version wins, and return how many rows that touched. Safe to repeat."""
    if not records.num_rows:
        return 0
    table, records = TABLES[kind], one_each(records)
    if _none_held_among(connection, connection_id, table, records.column("id")):
        put(connection, table, _whole(connection_id, table, records, now))
        return int(records.num_rows)
    staged = arrived(connection, table, records)
    if kind == "deal":
        _note_seen_changes(connection, connection_id, staged, now)
    told = [column for column in staged.columns if column.name != "deleted"]
    rows = select(
        *told,
        literal(connection_id).label("connection_id"),
        literal(now, Instant).label("observed_at"),
        case((staged.c.deleted, staged.c.changed_at)).label("deleted_at"),
        case((staged.c.deleted, "deleted")).label("gone"),
    )
    return upsert_from(connection, table, rows, unless_older="changed_at")


def _none_held_among(connection: Connection, connection_id: int, table: Table, ids: pa.ChunkedArray) -> bool:
    """Whether these ids lie where we hold none, as on each page of a first load: there is nothing to compare then."""
    ends = pc.min_max(ids).as_py()
    among = (table.c.connection_id == connection_id, table.c.id >= ends["min"], table.c.id <= ends["max"])
    return connection.scalar(select(table.c.id).where(*among).limit(1)) is None


def _whole(connection_id: int, table: Table, records: pa.Table, now: datetime) -> pa.Table:
    """These records with what the CRM does not tell, as `table` keeps them."""
    deleted = records.column("deleted")
    added = {
        "connection_id": pa.repeat(connection_id, records.num_rows),
        "observed_at": pa.repeat(pa.scalar(now, pa.timestamp("us", "UTC")), records.num_rows),
        "deleted_at": pc.if_else(deleted, records.column("changed_at"), None),
        "gone": pc.if_else(deleted, "deleted", None),
    }
    for name, column in added.items():
        records = records.append_column(name, column)
    return records.select(table.columns.keys())


def _note_seen_changes(connection: Connection, connection_id: int, staged: Table, now: datetime) -> None:
    """Keep what a deal's next step and owner were before this change, where we saw it before ourselves."""
    known = and_(deals.c.id == staged.c.id, deals.c.connection_id == connection_id)
    for field in SEEN_FIELDS:
        old, new = deals.c[field], staged.c[field]
        changed = connection.execute(
            select(staged.c.id, staged.c.changed_at, old.label("old"), new.label("new"))
            .join_from(staged, deals, known)
            .where(deals.c.changed_at < staged.c.changed_at, old.is_distinct_from(new))
        )
        rows = [_seen(connection_id, field, row, now) for row in changed.mappings()]
        if rows:
            upsert(connection, field_changes, rows)


def _seen(connection_id: int, field: str, change: RowMapping, now: datetime) -> dict[str, Any]:
    return {
        "connection_id": connection_id,
        "id": f"seen:{change['id']}:{field}:{change['changed_at'].isoformat()}",
        "deal_id": change["id"],
        "field": field,
        "old": change["old"],
        "new": change["new"],
        "valid_from": change["changed_at"],
        "changed_at": change["changed_at"],
        "observed_at": now,
        "deleted_at": None,
        "gone": None,
    }


def mark_gone(
    connection: Connection, connection_id: int, kind: Kind, ids: Sequence[str], at: datetime, gone: str
) -> int:
    """Say that these records are deleted or no longer visible to us, unless a newer version came back since."""
    table = TABLES[kind]
    result = connection.execute(
        update(table)
        .where(
            table.c.connection_id == connection_id,
            table.c.id.in_(ids),
            table.c.deleted_at.is_(None),
            or_(table.c.changed_at <= at, table.c.observed_at <= at),
        )
        .values(deleted_at=at, gone=gone)
    )
    return result.rowcount


def forget(connection: Connection, connection_id: int, kind: Kind, ids: Collection[str]) -> int:
    """Let these be as if they had never been of this kind, and return how many were held as such."""
    table = TABLES[kind]
    if not ids:
        return 0
    return connection.execute(delete(table).where(table.c.connection_id == connection_id, table.c.id.in_(ids))).rowcount


def index_by_deal(connection: Connection) -> None:
    """Let the rows of a deal be found without a look at all others.

    Done when deals are first looked at one by one: an org without events would only pay for it, with a fifth of a first
    load on PostgreSQL.
    """
    for table in (field_changes, deal_contacts, deal_changes, activities):
        name = f"ix_{table.name}_connection_id_deal_id"
        # asked first, since even to find that the index is there PostgreSQL would wait for whoever writes
        if not inspect(connection).has_index(table.name, name):
            connection.execute(text(f"CREATE INDEX IF NOT EXISTS {name} ON {table.name} (connection_id, deal_id)"))


def hanging(connection: Connection, connection_id: int, kind: Kind, deal_ids: Collection[str]) -> set[str]:
    """Ids of the live records of a kind that hang on these deals, or are these deals."""
    table = TABLES[kind]
    deal = table.c.id if kind == "deal" else table.c.deal_id
    live = (table.c.connection_id == connection_id, table.c.deleted_at.is_(None))
    return set(connection.scalars(select(table.c.id).where(*live, deal.in_(deal_ids))))


def counts(connection: Connection, connection_id: int) -> dict[Kind, int]:
    """How many live records we hold of each kind."""
    return {
        kind: connection.scalar(
            select(func.count()).where(and_(table.c.connection_id == connection_id, table.c.deleted_at.is_(None)))
        )
        or 0
        for kind, table in TABLES.items()
    }


def newest(connection: Connection, connection_id: int) -> datetime | None:
    """When that was changed which was changed last, of all that we hold; None where we hold nothing."""
    asked = (
        select(func.max(table.c.changed_at)).where(table.c.connection_id == connection_id) for table in TABLES.values()
    )
    return max(filter(None, map(connection.scalar, asked)), default=None)


def names(connection: Connection, connection_id: int, ids: Sequence[str]) -> dict[str, str]:
    """What these users, accounts and deals are called, by id."""
    found: dict[str, str] = {}
    for table in (users, accounts, deals):
        wanted = select(table.c.id, table.c.name).where(table.c.connection_id == connection_id, table.c.id.in_(ids))
        found |= {row.id: row.name for row in connection.execute(wanted)}
    return found
